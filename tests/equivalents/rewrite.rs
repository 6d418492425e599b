//! What a rewrite is: another text of the same meaning, for each script that it applies to.

use std::collections::BTreeMap;

use crate::package::Package;
use crate::text::{Kind, Token, statements, tokens};

/// The texts that a rewrite of one file changes or adds.
pub(crate) type Changed = BTreeMap<String, String>;

/// A way to say the same otherwise.
pub(crate) struct Rewrite {
    pub(crate) name: String,
    /// Applies to fewer files than this: it no longer finds its sites.
    pub(crate) least: usize,
    apply: Box<dyn Fn(&Package, &str) -> Option<Changed> + Send + Sync>,
}

impl Rewrite {
    /// One that may add files.
    pub(crate) fn new(
        name: &str,
        least: usize,
        apply: impl Fn(&Package, &str) -> Option<Changed> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), least, apply: Box::new(apply) }
    }

    /// One that only changes the text of a script.
    pub(crate) fn texts(
        name: &str,
        least: usize,
        change: impl Fn(&Package, &str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, least, move |package, path| {
            let text = change(package, path, package.text(path))?;
            Some(Changed::from([(path.to_owned(), text)]))
        })
    }

    /// What it makes of one file; nothing where it does not apply.
    pub(crate) fn of(&self, package: &Package, path: &str) -> Option<Changed> {
        let changed = (self.apply)(package, path)?;
        let is_other = changed.iter().any(|(path, text)| package.files.get(path) != Some(text));
        is_other.then_some(changed)
    }

    /// The package with every file rewritten.
    pub(crate) fn of_all(&self, package: &Package) -> Package {
        let mut all = package.clone();
        all.files.extend(scripts(package).iter().filter_map(|path| self.of(package, path)).flatten());
        all
    }
}

/// The scripts of the packages. Those that only make the clone are no part of a release.
pub(crate) fn scripts(package: &Package) -> Vec<String> {
    let own = |path: &&String| !path.contains("clone_revalidation");
    package.scripts().map(|(path, _)| path).filter(own).cloned().collect()
}

/// The tokens of a script, those within DO blocks in the place of the blocks' bodies.
pub(crate) fn flat(text: &str) -> Vec<Token> {
    let bodies: Vec<_> =
        statements(text).into_iter().filter_map(|one| one.block(text)).map(|block| block.body).collect();
    let mut all = Vec::new();
    for token in tokens(text, 0..text.len()) {
        match bodies
            .iter()
            .find(|body| token.kind == Kind::Dollar && token.span.start < body.start && body.end < token.span.end)
        {
            Some(body) => {
                all.push(Token { kind: Kind::Symbol, span: token.span.start..body.start });
                all.extend(tokens(text, body.clone()));
                all.push(Token { kind: Kind::Symbol, span: body.end..token.span.end });
            }
            None => all.push(token),
        }
    }
    all
}

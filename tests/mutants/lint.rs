//! The linter, asked in its own process about a package in memory.

use std::collections::BTreeSet;

use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};

use crate::package::{Mutant, Package};

/// A finding, as far as the tests look at it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) rule: &'static str,
    pub(crate) package: String,
    /// The files that it points into, the guilty one first, and those that it points out by
    /// a line of `lint.toml`.
    pub(crate) files: Vec<String>,
    pub(crate) message: String,
}

/// What the linter finds in these packages, or why it could not run.
pub(crate) fn findings(package: &Package, stale: bool, names: &[&str]) -> Result<Vec<Found>, String> {
    let directory = tempfile::tempdir().expect("a directory");
    package.write(directory.path(), stale);
    let config = Config::parse("lint.toml", package.text("lint.toml")).map_err(|fault| fault.to_string())?;
    let packages = names.iter().map(|name| (*name).to_owned()).collect();
    let job = Job { directory: directory.path().to_owned(), config, packages };
    let outcome = lint(job).map_err(|fault| fault.to_string())?;
    let mut found = Vec::new();
    for linted in outcome.packages {
        for finding in linted.findings {
            let labels: Vec<_> =
                std::iter::once(&finding.primary).chain(&finding.related).map(|label| label.at).collect();
            let texts = || labels.iter().filter_map(|at| Some((at, outcome.texts.get(at.file().index())?)));
            let mut files: Vec<String> = texts().map(|(_, text)| text.name.clone()).collect();
            for (at, text) in texts().filter(|(_, text)| text.name == "lint.toml") {
                let pointed = text.bytes.get(at.span().start..at.span().end).unwrap_or_default();
                let pointed = String::from_utf8_lossy(pointed);
                files.extend(package.files.keys().filter(|path| path.ends_with(pointed.trim_matches('"'))).cloned());
            }
            found.push(Found {
                rule: finding.rule,
                package: linted.name.clone(),
                files,
                message: format!("{} {}", finding.message, finding.consequence),
            });
        }
    }
    Ok(found)
}

/// The packages whose findings tell about a mutant: those that run its files, or list them.
pub(crate) fn packages_of(mutant: &Mutant) -> Vec<&'static str> {
    let of = |path: &String| if path.starts_with("sql/phase1") && !mutant.stale { "phase-1" } else { "one-roof" };
    mutant.files.keys().map(of).collect::<BTreeSet<_>>().into_iter().collect()
}

//! Family 7: the manifest lists every file of the package with its hash, and nothing else.

use crate::operator::{Family, Operator};
use crate::package::{MANIFEST, Mutant, Package};

/// An operator that edits the lines of the manifest, one mutant per line.
fn lines(name: &str, change: impl Fn(&str, &str) -> Vec<String> + Send + Sync + 'static) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Manifest, name, 30, move |package| {
        let manifest = package.text(MANIFEST);
        let mutate = |line: &str| {
            let (hash, path) = line.split_once("  ").expect("a line of a manifest");
            let edited = manifest
                .lines()
                .flat_map(|other| if other == line { change(hash, path) } else { vec![other.to_owned()] });
            let text = edited.map(|line| line + "\n").collect();
            Mutant { stale: true, ..Mutant::new(MANIFEST, format!("{what}: {path}"), text) }
        };
        manifest.lines().map(mutate).collect()
    })
}

fn file(name: &str, change: fn(&Package, &str) -> Mutant) -> Operator {
    Operator::new(Family::Manifest, name, 30, move |package| {
        package.scripts().map(|(path, _)| Mutant { stale: true, ..change(package, path) }).collect()
    })
}

pub(crate) fn operators() -> Vec<Operator> {
    vec![
        file("a byte more", |package, path| {
            Mutant::new(path, format!("{path}: a byte more"), format!("{}\n", package.text(path)))
        }),
        file("a byte less", |package, path| {
            let text = package.text(path);
            Mutant::new(path, format!("{path}: a byte less"), text[..text.len() - 1].to_owned())
        }),
        file("another byte in a comment", |package, path| {
            Mutant::new(path, format!("{path}: another byte"), package.text(path).replacen("--", "-- ", 1))
        }),
        file("a file that is not listed", |package, path| {
            let (directory, name) = path.rsplit_once('/').expect("a path");
            let extra = format!("{directory}/extra_{name}");
            Mutant::new(&extra, format!("{extra} is not listed"), package.text(path).to_owned())
        }),
        lines("a line is missing", |_, _| vec![]),
        lines("a line twice", |hash, path| vec![format!("{hash}  {path}"), format!("{hash}  {path}")]),
        lines("another hash", |hash, path| {
            let flipped: String = hash.chars().rev().collect();
            vec![format!("{flipped}  {path}")]
        }),
        lines("the hash of nothing", |_, path| {
            vec![format!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  {path}")]
        }),
        lines("a hash too short", |hash, path| vec![format!("{}  {path}", &hash[..40])]),
        lines("one blank in the place of two", |hash, path| vec![format!("{hash} {path}")]),
        lines("a file that is not there", |hash, path| vec![format!("{hash}  {path}"), format!("{hash}  gone/{path}")]),
        lines("a path that leads out", |hash, path| vec![format!("{hash}  ../sql/{path}")]),
        lines("a path with a dot in it", |hash, path| vec![format!("{hash}  ./{path}")]),
        lines("an absolute path", |hash, path| vec![format!("{hash}  /{path}")]),
        lines("a line that is none", |hash, path| vec![format!("{hash}  {path}"), "# reviewed".to_owned()]),
        lines("an empty line", |hash, path| vec![format!("{hash}  {path}"), String::new()]),
    ]
}

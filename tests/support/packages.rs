//! Packages that are written for one question.

use roof_lint::config::Config;
use roof_lint::finding::Finding;
use roof_lint::lint::{Job, lint};

/// What is found in a package of these files, named `p`, of which `lint.toml` says that besides.
pub(crate) fn findings(toml: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("a file");
    }
    let toml = format!("[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"*\"\n{toml}");
    let config = Config::parse("lint.toml", &toml).expect("a configuration");
    let job = Job { directory: directory.path().to_owned(), config, packages: Vec::new() };
    let outcome = lint(job).expect("it can be linted");
    outcome.packages.into_iter().flat_map(|package| package.findings).collect()
}

/// The lines of `lint.toml` for a tier, with its rollback if it has one.
pub(crate) fn tier(number: usize, file: &str, rollback: Option<&str>) -> String {
    let rollback = rollback.map(|rollback| format!("rollback = \"{rollback}\"\n")).unwrap_or_default();
    format!("[[package.tier]]\nnumber = {number}\nname = \"t{number}\"\nfile = \"{file}\"\n{rollback}")
}

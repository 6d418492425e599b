//! What means the same is judged the same: every rewrite of the packages of `sql/` is as clean
//! as they are. PostgreSQL itself says that it means the same.

#![allow(clippy::string_slice, reason = "the places are those of tokens")]
#![allow(dead_code, reason = "tests/mutants uses the other part")]

mod formatting;
#[path = "../mutants/lint.rs"]
mod lint;
#[path = "../mutants/live.rs"]
mod live;
#[path = "../mutants/package.rs"]
mod package;
mod rewrite;
mod synonyms;
#[path = "../mutants/text.rs"]
mod text;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use live::Stage;
use package::Package;
use rewrite::{Changed, Rewrite, scripts};

fn rewrites() -> Vec<Rewrite> {
    formatting::rewrites().into_iter().chain(synonyms::rewrites()).collect()
}

/// Each rewrite of each file: the number of the rewrite, the file, and what changes.
fn rewritten(package: &Package, rewrites: &[Rewrite]) -> Vec<(usize, String, Changed)> {
    let paths = scripts(package);
    let of = |(number, rewrite): (usize, &Rewrite)| {
        let files = paths.iter().filter_map(|path| Some((number, path.clone(), rewrite.of(package, path)?)));
        files.collect::<Vec<_>>()
    };
    rewrites.iter().enumerate().flat_map(of).collect()
}

#[test]
fn every_rewrite_finds_its_sites() {
    let package = Package::load();
    let rewrites = rewrites();
    let all = rewritten(&package, &rewrites);
    let (mut names, mut few) = (BTreeSet::new(), Vec::new());
    for (number, rewrite) in rewrites.iter().enumerate() {
        let count = all.iter().filter(|(other, _, _)| *other == number).count();
        if count < rewrite.least {
            few.push(format!("{:?}: {count}, not {}", rewrite.name, rewrite.least));
        }
        assert!(names.insert(&rewrite.name), "two rewrites are called {:?}", rewrite.name);
    }
    assert!(few.is_empty(), "too few files:\n{}", few.join("\n"));
    println!("{} rewrites, {} rewritten files", names.len(), all.len());
    assert!(names.len() >= 120, "{} rewrites", names.len());
}

#[test]
fn every_rewrite_is_as_clean_as_the_package() {
    let package = Package::load();
    let rewrites = rewrites();
    let next = AtomicUsize::new(0);
    let alarms = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(rewrite) = rewrites.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = lint::findings(&rewrite.of_all(&package), false, &[]);
                    let lines: BTreeSet<String> = match found {
                        Ok(found) => found
                            .into_iter()
                            .map(|one| {
                                format!("{}: {}: {} {}", rewrite.name, one.rule, one.files.join(", "), one.message)
                            })
                            .collect(),
                        Err(fault) => BTreeSet::from([format!("{}: could not run: {fault}", rewrite.name)]),
                    };
                    alarms.lock().expect("a list").extend(lines);
                }
            });
        }
    });
    let mut alarms = alarms.into_inner().expect("a list");
    alarms.sort();
    assert!(alarms.is_empty(), "{} false alarms:\n{alarms:#?}", alarms.len());
}

/// Packages in which every file bears another rewrite, each with the names of its rewrites;
/// every rewrite is in them on at least so many files, or on all that it applies to.
fn mixed(package: &Package, rewrites: &[Rewrite], times: usize) -> Vec<(Package, Vec<String>)> {
    let mut left = rewritten(package, rewrites);
    let mut missing: Vec<usize> =
        (0..rewrites.len()).map(|number| left.iter().filter(|one| one.0 == number).count().min(times)).collect();
    let mut packages = Vec::new();
    while missing.iter().any(|count| *count > 0) {
        let (mut mixture, mut names) = (package.clone(), Vec::new());
        for path in scripts(package) {
            let fitting = left.iter().enumerate().filter(|(_, one)| one.1 == path && missing[one.0] > 0);
            if let Some(at) = fitting.max_by_key(|(_, one)| missing[one.0]).map(|(at, _)| at) {
                let (number, path, changed) = left.swap_remove(at);
                missing[number] -= 1;
                mixture.files.extend(changed);
                names.push(format!("{path}: {}", rewrites[number].name));
            }
        }
        packages.push((mixture, names));
    }
    packages
}

/// How PostgreSQL takes a rewritten package, when not as the package itself.
fn difference(stage: &Stage, expected: &[(&str, String)], rewritten: &Package) -> Option<String> {
    match stage.round_trip(rewritten) {
        Err(stderr) => Some(stderr),
        Ok(found) => {
            expected.iter().zip(&found).find(|(expected, found)| expected.1 != found.1).map(|(expected, found)| {
                format!(
                    "{}\n{}",
                    expected.0,
                    roof_lint::rehearse::difference(expected.1.as_bytes(), found.1.as_bytes())
                )
            })
        }
    }
}

#[test]
fn postgresql_says_that_they_mean_the_same() {
    let package = Package::load();
    let packages = mixed(&package, &rewrites(), 2);
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let stage = Stage::new(&package);
                let expected = stage.round_trip(&package).expect("the package runs");
                while let Some((rewritten, names)) = packages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(difference) = difference(&stage, &expected, rewritten) {
                        wrong.lock().expect("a list").push(format!("{}\n{difference}", names.join("\n")));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("a list");
    assert!(wrong.is_empty(), "{} of {} mean something else:\n{}", wrong.len(), packages.len(), wrong.join("\n\n"));
}

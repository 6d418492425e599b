//! Fixes: every mechanical mutant becomes a clean package again that does on PostgreSQL what the
//! unchanged one does; what must not be fixed is not.

#![allow(clippy::string_slice, reason = "the places are those of tokens")]
#![allow(dead_code, reason = "tests/mutants uses the other part")]

mod command;
#[path = "../mutants/deletes.rs"]
mod deletes;
#[path = "../mutants/idempotency.rs"]
mod idempotency;
#[path = "../mutants/lint.rs"]
mod lint;
#[path = "../mutants/live.rs"]
mod live;
#[path = "../mutants/manifest.rs"]
mod manifest;
#[path = "../mutants/operator.rs"]
mod operator;
#[path = "../mutants/order.rs"]
mod order;
#[path = "../mutants/package.rs"]
mod package;
#[path = "../support/sound.rs"]
mod sound;
#[path = "../mutants/text.rs"]
mod text;
#[path = "../mutants/timeouts.rs"]
mod timeouts;
#[path = "../mutants/transaction.rs"]
mod transaction;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use roof_lint::config::Config;
use roof_lint::fix::{self, Mended, Task};
use roof_lint::verdict::{Judged, Outcome, Verdict};

use live::Stage;
use operator::{Operator, spread};
use package::{Mutant, Package};

/// The operators that are undone without a thought, each with how many of its mutants are
/// fixed here; those without a number are all.
const MECHANICAL: &[(&str, usize)] = &[
    ("CREATE TABLE without IF NOT EXISTS", usize::MAX),
    ("CREATE INDEX without IF NOT EXISTS", usize::MAX),
    ("CREATE VIEW without OR REPLACE", 4),
    ("CREATE FUNCTION without OR REPLACE", usize::MAX),
    ("DROP VIEW without IF EXISTS", 4),
    ("DROP TABLE without IF EXISTS", 4),
    ("DROP FUNCTION without IF EXISTS", usize::MAX),
    ("no ON CONFLICT", usize::MAX),
    ("the parent before its first child", 4),
    ("the last child after its parent", 4),
    ("DROP CASCADE", 4),
    ("rows of the parent before those of the child", usize::MAX),
    ("LIKE that escapes no underscore", usize::MAX),
    ("no timeout", 4),
    ("a timeout of 0", 2),
    ("a timeout of '0'", 2),
    ("a timeout of '0min'", 2),
    ("the default of the server", 2),
    ("a setting of another name", 2),
    ("another setting of that kind", 2),
    ("set and switched off", 2),
    ("set in an arm that is never taken", 2),
    ("commented out", 2),
    ("SET LOCAL before BEGIN", 2),
    ("set after the changes", 2),
    ("switched off before the first change", 2),
    ("a byte more", 1),
    ("another byte in a comment", 1),
    ("a file that is not listed", 1),
    ("a line is missing", 1),
    ("a line twice", 1),
    ("another hash", 1),
    ("the hash of nothing", 1),
    ("a hash too short", 1),
    ("one blank in the place of two", 1),
    ("a file that is not there", 1),
    ("a path that leads out", 1),
    ("a path with a dot in it", 1),
    ("an absolute path", 1),
    ("a line that is none", 1),
    ("an empty line", 1),
];

fn operators() -> Vec<(Operator, usize)> {
    let all = [
        idempotency::operators(),
        order::operators(),
        timeouts::operators(),
        deletes::operators(),
        manifest::operators(),
    ];
    let number = |operator: &Operator| MECHANICAL.iter().find(|(name, _)| *name == operator.name);
    let with_number = |operator: Operator| number(&operator).map(|(_, count)| *count).map(|count| (operator, count));
    all.into_iter().flatten().filter_map(with_number).collect()
}

/// The mutants that are fixed, each with the name of its operator.
fn mutants(package: &Package) -> Vec<(String, Mutant)> {
    let of = |(number, (operator, count)): (usize, (Operator, usize))| {
        let mut mutants = (operator.mutate)(package);
        // Not every operator looks at the same sites.
        let turn = number * 7 % mutants.len().max(1);
        mutants.rotate_left(turn);
        spread(mutants, count).into_iter().map(move |mutant| (operator.name.clone(), mutant))
    };
    operators().into_iter().enumerate().flat_map(of).collect()
}

/// Fixes the packages that `lint.toml` of a directory describes.
fn mend(directory: &Path, packages: &[&str]) -> Mended {
    let text = std::fs::read_to_string(directory.join("lint.toml")).expect("lint.toml");
    let config = Config::parse("lint.toml", &text).expect("lint.toml is sound");
    let judge = |outcome: Outcome| Verdict::new(outcome, &config);
    let packages = packages.iter().map(|name| (*name).to_owned()).collect();
    fix::mend(&Task { directory, config: &config, packages, judge: &judge }).expect("it can be fixed")
}

/// The package with the fixes, or why it is not clean.
fn fixed(package: &Package, mutant: &Mutant) -> Result<Package, String> {
    let directory = tempfile::tempdir().expect("a directory");
    package.with(mutant).write(directory.path(), mutant.stale);
    let packages = lint::packages_of(mutant);
    let mended = mend(directory.path(), &packages);
    let left: Vec<String> = mended
        .verdict
        .packages()
        .iter()
        .flat_map(Judged::shown)
        .map(|opinion| format!("{}: {}", opinion.finding.rule, opinion.finding.message))
        .collect();
    if !left.is_empty() {
        return Err(format!("{left:?} left; refused: {:?}", mended.refused));
    }
    fix::write(&mended.changes).expect("it is written");
    let mut result = package.with(mutant);
    for change in &mended.changes {
        let text = std::fs::read_to_string(directory.path().join(&change.name)).expect("text");
        result.files.insert(change.name.clone(), text);
    }
    Ok(result)
}

/// Does work on two threads and returns the complaints.
fn complaints<T: Sync>(work: &[T], complain: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(one) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(line) = complain(one) {
                        found.lock().expect("a list").push(line);
                    }
                }
            });
        }
    });
    found.into_inner().expect("a list")
}

#[test]
fn every_mechanical_operator_is_there() {
    let known: BTreeSet<String> = operators().into_iter().map(|(operator, _)| operator.name).collect();
    let missing: Vec<&str> = MECHANICAL.iter().map(|(name, _)| *name).filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "no operator is called {missing:?}");
}

#[test]
fn every_mechanical_mutant_becomes_a_clean_package() {
    let package = Package::load();
    let work = mutants(&package);
    let wrong = complaints(&work, |(name, mutant)| {
        let result = fixed(&package, mutant).err();
        result.map(|why| format!("{name}: {}: {why}", mutant.what))
    });
    println!("{} mutants", work.len());
    assert!(work.len() >= 100, "{} mutants", work.len());
    assert!(wrong.is_empty(), "{} of {} are not clean:\n{}", wrong.len(), work.len(), wrong.join("\n"));
}

/// The operators of which one mutant, fixed, is run by PostgreSQL.
const SHOWN: &[&str] = &[
    "CREATE TABLE without IF NOT EXISTS",
    "CREATE INDEX without IF NOT EXISTS",
    "CREATE VIEW without OR REPLACE",
    "CREATE FUNCTION without OR REPLACE",
    "DROP VIEW without IF EXISTS",
    "DROP TABLE without IF EXISTS",
    "no ON CONFLICT",
    "the parent before its first child",
    "the last child after its parent",
    "rows of the parent before those of the child",
    "LIKE that escapes no underscore",
    "no timeout",
    "switched off before the first change",
    "a line twice",
];

#[test]
fn what_is_fixed_does_on_postgresql_what_the_unchanged_package_does() {
    let package = Package::load();
    let all = mutants(&package);
    let work: Vec<&(String, Mutant)> =
        SHOWN.iter().map(|shown| all.iter().find(|(name, _)| name == shown).expect("a mutant")).collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let stage = Stage::new(&package);
                let expected = stage.twice(&package).expect("the unchanged package runs");
                while let Some((name, mutant)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = fixed(&package, mutant).and_then(|fixed| stage.twice(&fixed));
                    let why = match found {
                        Ok(found) if found == expected => continue,
                        Ok(found) => {
                            let pairs = found.iter().zip(&expected);
                            let other = pairs.filter(|(one, other)| one != other).map(|(one, _)| one.0);
                            format!("otherwise: {:?}", other.collect::<Vec<_>>())
                        }
                        Err(why) => why,
                    };
                    wrong.lock().expect("a list").push(format!("{name}: {}: {why}", mutant.what));
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("a list");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Every way in which the packages of `sql/` could be made wrong is denied by the rule that
//! owns it; PostgreSQL itself shows for a sample that each of them does harm.

#![allow(clippy::string_slice, reason = "the places are those of tokens")]
#![allow(dead_code, reason = "tests/equivalents uses the other part")]

mod deletes;
mod deltas;
mod guards;
mod idempotency;
mod ledger;
mod lint;
mod live;
mod manifest;
mod operator;
mod order;
mod package;
mod protected;
mod read_only;
mod text;
mod timeouts;
mod transaction;
mod unanalysed;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use live::{Harm, Stage};
use operator::{Family, Operator, spread};
use package::{Demand, Mutant, Package, Role};

/// How many operators of each family are shown to PostgreSQL, by one mutant each.
const SHOWN: usize = 12;

fn operators() -> Vec<Operator> {
    [
        transaction::operators(),
        guards::operators(),
        deletes::operators(),
        idempotency::operators(),
        order::operators(),
        protected::operators(),
        manifest::operators(),
        ledger::operators(),
        read_only::operators(),
        deltas::operators(),
        timeouts::operators(),
        variables::operators(),
        unanalysed::operators(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn the_package_is_understood() {
    let package = Package::load();
    let works = package.works();
    let tiers = works.iter().filter(|work| matches!(work.role, Role::Tier(_))).count();
    assert_eq!((works.len(), tiers), (24, 12), "transactions, and those of tiers");
    for work in &works {
        assert!(!work.guards.is_empty(), "{} has a guard", work.name());
        assert!(work.check.is_some(), "{} has a check", work.name());
        assert!(!work.changes.is_empty(), "{} changes something", work.name());
    }
    let count = |demand| package.guards_of(demand).len();
    assert_eq!(
        [count(Demand::Database), count(Demand::Gate), count(Demand::Entry), count(Demand::Outcome)],
        [24, 11, 5, 15],
        "guards of the database, of the gate, on entry, of the outcome"
    );
    assert_eq!(package.deletes().len(), 18);
}

#[test]
fn every_operator_finds_its_sites_and_changes_something() {
    let package = Package::load();
    let mut names = BTreeSet::new();
    let mut families: BTreeMap<Family, (usize, usize)> = BTreeMap::new();
    let mut few = Vec::new();
    for operator in operators() {
        assert!(names.insert((operator.family, operator.name.clone())), "two operators are called {:?}", operator.name);
        let mutants = (operator.mutate)(&package);
        if mutants.len() < operator.least {
            few.push(format!("{:?}: {}, not {}", operator.name, mutants.len(), operator.least));
        }
        for mutant in &mutants {
            assert_ne!(package.with(mutant), package, "{:?}: {} changes nothing", operator.name, mutant.what);
        }
        let entry = families.entry(operator.family).or_default();
        *entry = (entry.0 + 1, entry.1 + mutants.len());
    }
    assert!(few.is_empty(), "too few mutants:\n{}", few.join("\n"));
    let (operators, mutants) = families.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{families:?}: {operators} operators, {mutants} mutants");
    assert_eq!(families.len(), 13);
    assert!(operators >= 40 && mutants >= 600, "{operators} operators, {mutants} mutants");
}

/// How many mutants of each operator are linted.
const LINTED: usize = 2;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// By a rule of the family that owns it, in the mutated file or naming it.
    Denied,
    /// By other rules only.
    DeniedByOthers,
    Missed,
}

fn fate(package: &Package, family: Family, mutant: &Mutant) -> (Fate, String) {
    let packages = lint::packages_of(mutant);
    let found = match lint::findings(&package.with(mutant), mutant.stale, &packages) {
        Ok(found) => found,
        Err(fault) => return (Fate::Missed, format!("could not run: {fault}")),
    };
    // What a script includes is a part of it.
    let included: Vec<String> = mutant.files.keys().flat_map(|path| package.included(path)).collect();
    let lies_in = |finding: &lint::Found| {
        let is_part = finding.files.iter().any(|file| included.contains(file));
        is_part
            || mutant.files.keys().any(|path| {
                let name = path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name);
                // A manifest that is wrong is wrong about some other file.
                mutant.stale || finding.files.contains(path) || finding.message.contains(name)
            })
    };
    let owners = |finding: &&lint::Found| family.rules().contains(&finding.rule);
    let fate = if found.iter().filter(owners).any(lies_in) {
        Fate::Denied
    } else if found.is_empty() {
        Fate::Missed
    } else {
        Fate::DeniedByOthers
    };
    let rules: BTreeSet<&str> = found.iter().map(|finding| finding.rule).collect();
    (fate, rules.into_iter().collect::<Vec<_>>().join(", "))
}

#[test]
fn every_mutant_is_denied_by_the_rule_that_owns_it() {
    let package = Package::load();
    let all = lint::findings(&package, false, &[]).expect("the linter runs");
    assert!(all.is_empty(), "the unchanged packages are clean: {all:#?}");
    let operators = operators();
    let work: Vec<(usize, Mutant)> = operators
        .iter()
        .enumerate()
        .flat_map(|(number, operator)| {
            // Not every operator looks at the same sites.
            let mut mutants = (operator.mutate)(&package);
            let turn = number * 7 % mutants.len().max(1);
            mutants.rotate_left(turn);
            spread(mutants, LINTED).into_iter().map(move |mutant| (number, mutant))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let fates = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((number, mutant)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (fate, rules) = fate(&package, operators[*number].family, mutant);
                    fates.lock().expect("a list").push((*number, fate, format!("{} [{rules}]", mutant.what)));
                }
            });
        }
    });
    let fates = fates.into_inner().expect("a list");
    let mut escaped = Vec::new();
    for (number, operator) in operators.iter().enumerate() {
        let count = |wanted: Fate| fates.iter().filter(|(other, fate, _)| *other == number && *fate == wanted).count();
        let (denied, others, missed) = (count(Fate::Denied), count(Fate::DeniedByOthers), count(Fate::Missed));
        println!(
            "{:?} | {} | {} | {denied} | {others} | {missed}",
            operator.family,
            operator.name,
            denied + others + missed
        );
        let wrong = fates.iter().filter(|(other, fate, _)| *other == number && *fate != Fate::Denied);
        escaped
            .extend(wrong.map(|(_, fate, what)| format!("{:?}: {}: {fate:?}: {what}", operator.family, operator.name)));
    }
    assert!(work.len() >= 600, "{} mutants", work.len());
    assert!(escaped.is_empty(), "{} of {} are not denied:\n{escaped:#?}", escaped.len(), work.len());
}

/// The mutants of an operator on which its harm can be seen.
fn showable(operator: &Operator, harm: Harm, package: &Package) -> Vec<Mutant> {
    let mutants = (operator.mutate)(package).into_iter();
    mutants
        .filter(|mutant| match harm {
            // What is not about the gate cannot open it; tier 3 asks for its own request too.
            Harm::GateShut => {
                let is_tier = package.tiers().iter().any(|work| work.path == mutant.script && work.number() != Some(3));
                let demand = ["Database", "Entry", "Outcome"].iter().any(|demand| mutant.what.ends_with(demand));
                // Temporary tables in the way of its own would stop tier 1.
                is_tier && !demand && !mutant.script.ends_with("10_structure.sql")
            }
            // On the topic axis the guard refuses at the sight of a stranger.
            Harm::StrangerDies => {
                let tables = ["axis_assignment", "axis_object_ownership", "coverage_rule", "as well"];
                mutant.undo.as_deref() == Some("tier=4") && tables.iter().any(|table| mutant.what.ends_with(table))
                    || mutant.what.ends_with("axis_assignment as well")
            }
            Harm::Leftover => {
                package.tiers().iter().any(|work| work.path == mutant.script && work.package == "one-roof")
            }
            Harm::FailsAgain | Harm::Residue | Harm::ProtectedRowDies => !mutant.script.contains("phase1"),
            _ => true,
        })
        .collect()
}

#[test]
fn postgresql_shows_the_harm() {
    let package = Package::load();
    let mut work: Vec<(String, Harm, Mutant)> = Vec::new();
    let mut families: BTreeMap<Family, Vec<Operator>> = BTreeMap::new();
    for operator in operators().into_iter().filter(|operator| operator.harm.is_some()) {
        families.entry(operator.family).or_default().push(operator);
    }
    for operator in families.into_values().flat_map(|operators| spread(operators, SHOWN)) {
        let harm = operator.harm.expect("one that is shown");
        let mutant = showable(&operator, harm, &package).into_iter().next();
        let mutant = mutant.unwrap_or_else(|| panic!("{:?} has nothing to show", operator.name));
        work.push((operator.name, harm, mutant));
    }
    let next = AtomicUsize::new(0);
    let harmless = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let stage = Stage::new(&package);
                while let Some((name, harm, mutant)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = stage.shows(*harm, mutant) {
                        let line = format!("{name} ({harm:?}): {}: {why}", mutant.what);
                        harmless.lock().expect("a list").push(line);
                    }
                }
            });
        }
    });
    let harmless = harmless.into_inner().expect("a list");
    assert!(harmless.is_empty(), "{} of {} do no harm:\n{}", harmless.len(), work.len(), harmless.join("\n"));
}

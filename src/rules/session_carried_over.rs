//! Scripts that mean something else behind those that run before them in one session.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, Pass};
use crate::catalog::Kind;
use crate::effect::{At, Name};
use crate::finding::Finding;
use crate::flow::{Event, Origin, What};
use crate::package::Role;

const ID: &str = "session-carried-over";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_chain = |pass: &&Pass<'_>| matches!(pass.role, Role::Executor | Role::FullRollback) && !pass.repeat;
    let chains: Vec<&Pass<'_>> = case.passes.iter().filter(is_chain).collect();
    if chains.is_empty() {
        return;
    }
    // What is meant where a script has a session of its own.
    let mut meant: BTreeMap<Place, BTreeSet<Name>> = BTreeMap::new();
    for pass in case.passes.iter().filter(|pass| matches!(pass.role, Role::Tier(_) | Role::Rollback(_))) {
        for (event, names) in reached(pass) {
            meant.entry(place(event.at)).or_default().extend(names);
        }
    }
    for pass in chains {
        for (event, names) in reached(pass) {
            let Some(own) = meant.get(&place(event.at)) else { continue };
            let (Some(other), Some(first)) = (names.iter().next(), own.iter().next()) else { continue };
            if !names.is_disjoint(own) {
                continue;
            }
            let who = match pass.role {
                Role::Executor => "the executor",
                _ => "the full rollback",
            };
            let message = format!("when {who} comes here, this is about {other}, not about {first}");
            let mut finding = Finding::new(ID, event.at, message, "here");
            if let Some(at) = left_by(pass, event, other) {
                finding = finding.related(at, "this is still in the session");
            }
            let finding = finding
                .consequence("what was proved of this script by itself is not what is run")
                .way_out("SET LOCAL, ON COMMIT DROP, or the schema before the name");
            findings.push(super::with_trail(finding, event));
        }
    }
}

type Place = (usize, usize, usize);

fn place(at: At) -> Place {
    (at.file().index(), at.span().start, at.span().end)
}

/// The relations that the statements of a run, and not what they set off, change or define.
fn reached<'p>(pass: &'p Pass<'_>) -> impl Iterator<Item = (&'p Event<'p>, BTreeSet<Name>)> {
    let is_own = |event: &&Event<'_>| {
        let is_written = |origin: &Origin| matches!(origin, Origin::Do | Origin::Dynamic);
        event.reachable && event.via.iter().all(|via| is_written(&via.origin))
    };
    pass.run.events.iter().filter(is_own).filter_map(|event| match &event.what {
        What::Change(change) => Some((event, BTreeSet::from([Name::clone(&change.relation)]))),
        What::Define { outcome, .. } => {
            let dropped = outcome.dropped.iter().filter(|dropped| !dropped.automatic).map(|dropped| &dropped.key);
            let keys = outcome.made.iter().chain(dropped).chain(outcome.altered.iter().map(|(key, _)| key));
            let keys = keys.filter(|key| key.kind != Kind::Schema);
            Some((event, keys.map(crate::catalog::Key::relation).collect()))
        }
        _ => None,
    })
}

/// What makes a name mean that relation: the temporary table, or the search path.
fn left_by(pass: &Pass<'_>, event: &Event<'_>, relation: &Name) -> Option<At> {
    let before = pass.run.events.iter().take_while(|other| !std::ptr::eq(*other, event));
    let leaves = |other: &&Event<'_>| match &other.what {
        What::Set { name, .. } => name == "search_path" && !relation.is_temporary(),
        What::Define { outcome, .. } => {
            relation.is_temporary() && outcome.made.iter().any(|key| key.relation() == *relation)
        }
        _ => false,
    };
    before.filter(leaves).last().map(|other| other.at)
}

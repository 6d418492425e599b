//! Scripts that mean something else behind those that run before them in one session.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Spot, spot};
use crate::case::{Case, Pass};
use crate::catalog::{Catalog, Key, Kind};
use crate::effect::{At, Ident, Name};
use crate::finding::Finding;
use crate::flow::{Event, Origin, What};
use crate::package::Role;
use crate::source::FileId;

const ID: &str = "session-carried-over";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_chain = |pass: &&Pass<'_>| matches!(pass.role, Role::Executor | Role::FullRollback) && !pass.repeat;
    let chains: Vec<&Pass<'_>> = case.passes.iter().filter(is_chain).collect();
    if chains.is_empty() {
        return;
    }
    // What is meant where a script has a session of its own.
    let mut alone: BTreeMap<Spot, Meant<'_>> = BTreeMap::new();
    for pass in case.passes.iter().filter(|pass| matches!(pass.role, Role::Tier(_) | Role::Rollback(_))) {
        for event in written(pass) {
            let meant = alone.entry(spot(event.at)).or_default();
            meant.names.extend(reached(event));
            meant.paths.insert(path_of(event));
        }
    }
    for chain in &chains {
        let mut told: BTreeSet<FileId> = BTreeSet::new();
        for event in written(chain) {
            let Some(meant) = alone.get(&spot(event.at)) else { continue };
            let names = reached(event);
            let is_other = !meant.names.is_empty() && !names.is_empty() && names.is_disjoint(&meant.names);
            let what = match (names.first(), meant.names.first()) {
                (Some(other), Some(own)) if is_other => format!("this is about {other}, not about {own}"),
                _ if !meant.paths.contains(&path_of(event)) && reads_names(event) => {
                    "names are looked up in another search path".to_owned()
                }
                _ => continue,
            };
            if told.insert(event.at.file()) {
                findings.push(carried(chain, event, names.first().filter(|_| is_other), &what));
            }
        }
    }
    hidden(case, findings);
}

fn carried(chain: &Pass<'_>, event: &Event<'_>, other: Option<&Name>, what: &str) -> Finding {
    let who = if chain.role == Role::Executor { "the executor" } else { "the full rollback" };
    let mut finding = Finding::new(ID, event.at, format!("when {who} comes here, {what}"), "here");
    if let Some(at) = left_by(chain, event, other.is_some_and(Name::is_temporary)) {
        finding = finding.related(at, "this is still in the session");
    }
    let finding = finding
        .consequence("what was proved of this script by itself is not what is run")
        .way_out("SET LOCAL, ON COMMIT DROP, or the schema before the name");
    super::with_trail(finding, event)
}

/// Temporary tables that outlast their script and hide others of their name from those that follow.
fn hidden(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let last = case.tiers.last();
    let permanent = LazyCell::new(|| -> BTreeSet<Ident> {
        let ends = std::iter::once(&case.baseline).chain(last.map(|tier| &tier.run.end.catalog));
        let keys = ends.flat_map(Catalog::keys_of_all);
        keys.filter(|key| has_rows(key) && !key.relation().is_temporary()).map(|key| key.name).collect()
    });
    // Nothing follows the last.
    let before = case.tiers.split_last().map_or(&[][..], |(_, before)| before);
    for tier in before {
        let catalog = &tier.run.end.catalog;
        let left = catalog.temporary_relations().into_iter().filter(has_rows);
        for key in left.filter(|key| permanent.contains(&key.name)) {
            let Some(at) = catalog.made_at(&key) else { continue };
            let name = super::called(tier, case);
            findings.push(
                Finding::new(
                    ID,
                    at,
                    format!("{name} leaves a temporary table {} in the session", key.name),
                    "made here",
                )
                .consequence("scripts that follow find it in the place of the one of that name")
                .way_out("ON COMMIT DROP, or another name"),
            );
        }
    }
}

fn has_rows(key: &Key) -> bool {
    matches!(key.kind, Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView | Kind::Sequence)
}

/// What a statement is about.
#[derive(Default)]
struct Meant<'a> {
    names: BTreeSet<Name>,
    paths: BTreeSet<Option<&'a str>>,
}

/// What a run does by its own statements, and not by what they set off.
fn written<'p>(pass: &'p Pass<'_>) -> impl Iterator<Item = &'p Event<'p>> {
    let is_written = |origin: &Origin| matches!(origin, Origin::Do | Origin::Dynamic);
    pass.run.events.iter().filter(move |event| event.reachable && event.via.iter().all(|via| is_written(&via.origin)))
}

/// Where names are looked up; none where that is what it is without being set.
fn path_of<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    let path = event.settings.get("search_path").and_then(|setting| setting.value.as_deref())?;
    // Where nothing is looked up, nothing else is found.
    Some(path).filter(|path| !matches!(path.trim(), "" | "public" | "$user, public" | "\"$user\", public"))
}

fn reads_names(event: &Event<'_>) -> bool {
    matches!(event.what, What::Query(_) | What::Check { .. } | What::Change(_) | What::Define { .. } | What::Lock(_))
}

/// The relations that a statement changes or defines.
fn reached(event: &Event<'_>) -> BTreeSet<Name> {
    match &event.what {
        What::Change(change) => BTreeSet::from([Name::clone(&change.relation)]),
        What::Define { outcome, .. } => {
            let dropped = outcome.dropped.iter().filter(|dropped| !dropped.automatic).map(|dropped| &dropped.key);
            let keys = outcome.made.iter().chain(dropped).chain(outcome.altered.iter().map(|(key, _)| key));
            keys.filter(|key| key.kind != Kind::Schema).map(Key::relation).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// What makes names mean something else: a temporary table, or the search path.
fn left_by(chain: &Pass<'_>, event: &Event<'_>, is_temporary: bool) -> Option<At> {
    let before = chain.run.events.iter().take_while(|other| !std::ptr::eq(*other, event));
    let leaves = |other: &&Event<'_>| match &other.what {
        What::Set { name, .. } => name == "search_path" && !is_temporary,
        What::Define { outcome, .. } => is_temporary && outcome.made.iter().any(|key| key.relation().is_temporary()),
        _ => false,
    };
    before.filter(leaves).last().map(|other| other.at)
}

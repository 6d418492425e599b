//! What a rollback leaves behind.

use std::collections::BTreeSet;

use crate::case::{Case, Pass};
use crate::catalog::{Catalog, Key};
use crate::effect::{At, Expr, ExprKind};
use crate::finding::Finding;
use crate::flow::{ChangeKind, Event, Sight, What};
use crate::ledger::Insertion;
use crate::logic::Facts;
use crate::package::Role;

const ID: &str = "leftover-after-rollback";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        match pass.role {
            Role::FullRollback => objects(case, pass, &case.baseline, findings),
            // A tier with a rollback of its own takes its objects with it.
            Role::Rollback(tier) if case.package.tier.get(tier).is_some_and(|tier| tier.rollback.is_some()) => {
                let before = case.passes.iter().find(|pass| pass.role == Role::Tier(tier) && !pass.repeat);
                if let Some(before) = before {
                    objects(case, pass, &before.start, findings);
                }
            }
            Role::Rollback(_) => {}
            _ => continue,
        }
        rows(case, pass, findings);
    }
}

fn objects(case: &Case<'_>, pass: &Pass<'_>, wanted: &Catalog, findings: &mut Vec<Finding>) {
    // A script that fails is told of by another rule; of course it leaves things behind.
    let fails = |event: &Event<'_>| event.what.problem().is_some();
    if pass.run.events.iter().any(fails) {
        return;
    }
    // What the tiers made that are undone here; what others have left is told of there.
    let tiers = case.passes.iter().filter(|tier| !tier.repeat);
    let made: BTreeSet<Key> = tiers
        .filter(|tier| match (tier.role, pass.role) {
            (Role::Tier(tier), Role::Rollback(only)) => tier == only,
            (Role::Tier(_), _) => true,
            _ => false,
        })
        .flat_map(|tier| tier.run.end.catalog.left_over(&tier.start))
        .collect();
    for key in pass.run.end.catalog.left_over(wanted) {
        if !made.contains(&key) || super::is_kept(&key, case) {
            continue;
        }
        let name = super::called(pass, case);
        let at = pass.run.end.catalog.made_at(&key).unwrap_or_else(|| place(pass, case));
        findings.push(
            Finding::new(ID, at, format!("{name} leaves {key} behind"), "made here")
                .related(place(pass, case), "and not undone here")
                .consequence("the database is not what it was before the release")
                .way_out("drop it in the rollback, children before parents"),
        );
    }
}

fn rows(case: &Case<'_>, pass: &Pass<'_>, findings: &mut Vec<Finding>) {
    for (tier, added) in case.added.iter().enumerate() {
        if let Role::Rollback(only) = pass.role
            && only != tier
        {
            continue;
        }
        for insertion in added.iter().filter(|insertion| !super::is_temporary(&insertion.table)) {
            // Rows go with their table.
            if pass.run.end.catalog.relation(&insertion.table).is_none() {
                continue;
            }
            if retired(case, pass, insertion) || pass.run.events.iter().any(|event| removes(pass, event, insertion)) {
                continue;
            }
            let name = super::called(pass, case);
            findings.push(
                Finding::new(ID, insertion.at, format!("{name} leaves rows of {} behind", insertion.table), "added here")
                    .related(place(pass, case), "and not removed here")
                    .consequence("the database is not what it was before the release")
                    .way_out("DELETE them in the rollback by the tag that the release gives them"),
            );
        }
    }
}

/// Rows of a protected table are retired, never removed; so are rows that only a trigger of
/// the house writes along with them.
fn retired(case: &Case<'_>, pass: &Pass<'_>, insertion: &Insertion) -> bool {
    let protected = case.package.protected.iter().any(|name| name.get_ref() == insertion.table.name.as_str());
    let updated = pass.run.events.iter().any(|event| match &event.what {
        What::Change(change) => change.kind == ChangeKind::Update && change.relation == insertion.table,
        _ => false,
    });
    (protected && updated) || (!insertion.direct && insertion.by_trigger)
}

/// Whether the event removes all rows of the insertion.
fn removes(pass: &Pass<'_>, event: &Event<'_>, insertion: &Insertion) -> bool {
    let What::Change(change) = &event.what else { return false };
    if !event.reachable || change.relation != insertion.table {
        return false;
    }
    match (change.kind, &change.filter) {
        (ChangeKind::Truncate, _) | (ChangeKind::Delete, None) => true,
        (ChangeKind::Delete, Some(_)) => {
            let world = Sight(&pass.start);
            let given = insertion.values.iter().map(|(column, values)| crate::logic::among(column, values)).collect();
            let written = Expr { at: At::default(), kind: ExprKind::And(given) };
            Facts::default().covers(&super::reach(change), super::common(change), &written, &world)
        }
        _ => false,
    }
}

fn place(pass: &Pass<'_>, case: &Case<'_>) -> At {
    case.script(pass).map(|script| script.at).unwrap_or_default()
}

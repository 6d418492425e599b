//! Objects that the release did not make and takes away or alters for good.

use crate::case::{Case, Pass};
use crate::catalog::{Key, Kind};
use crate::effect::{Act, Ident, ObjectKind};
use crate::finding::Finding;
use crate::flow::{Event, What};
use crate::package::Role;

/// Roles are in no baseline: those that no script of the package makes were there before.
fn roles<'a>(
    case: &'a Case<'_>,
    pass: &'a Pass<'_>,
    event: &'a Event<'_>,
    act: &'a Act,
) -> impl Iterator<Item = Finding> {
    let objects = match act {
        Act::Drop { objects, .. } => objects.as_slice(),
        _ => &[],
    };
    let is_made = |name: &Ident| {
        let key = Key::new(Kind::Role, "", name.clone());
        let makes =
            |event: &Event<'_>| matches!(&event.what, What::Define { outcome, .. } if outcome.made.contains(&key));
        case.passes.iter().any(|pass| pass.run.events.iter().any(makes))
    };
    let dropped = objects.iter().filter(|object| object.kind == ObjectKind::Role).map(|object| &object.name.name);
    dropped.filter(move |name| !is_made(name)).map(move |name| {
        let message = format!("{} drops role {name}, which the release did not make", super::called(pass, case));
        let finding = Finding::new(ID, event.at, message, "dropped here");
        let finding = finding.consequence("a role belongs to all databases of the server, and others may log in by it");
        super::with_trail(finding.way_out("drop only what a tier of this release makes"), event)
    })
}

/// Whether what it holds is gone with it.
fn holds_rows(key: &Key) -> bool {
    matches!(key.kind, Kind::Table | Kind::ForeignTable | Kind::Column | Kind::Sequence)
}

/// Whether a tier that a rollback undoes takes the object away, too, or puts another in its place: also a view
/// in that of a table that gets another name.
fn is_taken_by_tier(case: &Case<'_>, pass: &Pass<'_>, key: &Key) -> bool {
    let is_it = |taken: &Key| {
        let are_relations = [taken, key].iter().all(|key| key.kind.is_relation() && key.part.is_none());
        taken == key || are_relations && taken.relation() == key.relation()
    };
    let takes = |event: &Event<'_>| match &event.what {
        What::Define { outcome, .. } => {
            super::taken(outcome).any(|(taken, _)| is_it(taken))
                || outcome.altered.iter().any(|(altered, how)| altered == key && how == "replaced")
        }
        _ => false,
    };
    super::undone_by(case, pass).any(|tier| tier.run.events.iter().any(takes))
}

const ID: &str = "foreign-object-dropped";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.changing().filter(|pass| !pass.repeat) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Define { statement, outcome } = &event.what else { continue };
            findings.extend(roles(case, pass, event, &statement.act));
            for (key, is_renamed) in super::taken(outcome) {
                if !case.baseline.contains(key) {
                    continue;
                }
                // A tier may replace what it drops, and its rollback that again; but rows are no
                // longer there.
                let is_replaced = pass.run.end.catalog.contains(key) && (is_renamed || !holds_rows(key));
                if is_replaced && (!pass.role.undoes() || is_taken_by_tier(case, pass, key)) {
                    continue;
                }
                let name = super::called(pass, case);
                let (verb, label) = if is_renamed { ("renames", "renamed here") } else { ("drops", "dropped here") };
                let message = format!("{name} {verb} {key}, which the release did not make");
                let mut finding = Finding::new(ID, event.at, message, label);
                if let Some(at) = case.baseline.made_at(key) {
                    finding = finding.related(at, "it was there before");
                }
                let finding = finding
                    .consequence("a part of the database that others rely on is gone")
                    .way_out("drop only what a tier of this release makes");
                findings.push(super::with_trail(finding, event));
            }
        }
        if pass.role == Role::FullRollback {
            // What is there and other than it was is told of as left behind.
            let left = pass.run.end.catalog.left_over(&case.baseline);
            for key in case.baseline.left_over(&pass.run.end.catalog) {
                let dropped = pass.run.events.iter().any(|event| match &event.what {
                    What::Define { outcome, .. } => super::taken(outcome).any(|(taken, _)| *taken == key),
                    _ => false,
                });
                if dropped || left.contains(&key) || super::is_kept(&key, case) {
                    continue;
                }
                let at = case.script(pass).map(|script| script.at).unwrap_or_default();
                let mut finding =
                    Finding::new(ID, at, format!("after the full rollback {key} is not what it was"), "this script");
                if let Some(at) = case.baseline.made_at(&key) {
                    finding = finding.related(at, "as it was before");
                }
                findings.push(
                    finding
                        .consequence("the database is not what it was before the release")
                        .way_out("let the rollback restore it, or let the release leave it alone"),
                );
            }
        }
    }
}

//! Parents that are dropped before their children.

use std::collections::BTreeSet;

use crate::case::{Case, Pass};
use crate::catalog::Key;
use crate::effect::{Act, At, Name, Query, ReferentialAction, Visit};
use crate::finding::{Finding, Fix};
use crate::flow::{Change, ChangeKind, Event, Origin, What};
use crate::mend;

const ID: &str = "drop-parent-first";

/// Rows of a parent that are deleted before the rows that refer to them.
fn rows(pass: &Pass<'_>, case: &Case<'_>, findings: &mut Vec<Finding>) {
    let deletions: Vec<_> = pass
        .run
        .events
        .iter()
        .filter(|event| {
            event.reachable && event.via.iter().all(|via| matches!(via.origin, Origin::Dynamic | Origin::Do))
        })
        .filter_map(|event| match &event.what {
            What::Change(change) if change.kind == ChangeKind::Delete => Some((event, change)),
            _ => None,
        })
        .collect();
    for (index, (event, parent)) in deletions.iter().enumerate() {
        for child in pass.start.children(&parent.relation) {
            let table = child.child.relation();
            if !matches!(child.on_delete, ReferentialAction::NoAction | ReferentialAction::Restrict)
                || table == *parent.relation
                || super::may_be_deferred(pass, &child)
            {
                continue;
            }
            let later = deletions
                .iter()
                .skip(index + 1)
                .find(|(other, change)| *change.relation == table && other.block == event.block);
            let earlier = deletions.iter().take(index).any(|(_, change)| *change.relation == table);
            if let Some((later, _)) = later.filter(|_| !earlier) {
                let name = super::called(pass, case);
                let message = format!("{name} deletes rows of {} before those of {}", parent.written, table.name);
                findings.push(
                    Finding::new(ID, event.at, message, "the parent")
                        .related(later.at, "the child comes later")
                        .consequence(format!(
                            "the foreign key {} refuses, and the script stops here",
                            child.constraint.part.unwrap_or_default()
                        ))
                        .way_out("delete from the child first")
                        .fix(delete_later(case, (event, parent), later)),
                );
            }
        }
    }
}

/// Moves the deletion from the parent behind that from the child, if it asks no other table.
fn delete_later(case: &Case<'_>, (event, parent): (&Event<'_>, &Change<'_>), child: &Event<'_>) -> Option<Fix> {
    struct Asks(bool);
    impl<'a> Visit<'a> for Asks {
        fn query(&mut self, _: &'a Query) {
            self.0 = true;
        }
    }
    let Some(act @ Act::Delete { with, using, .. }) = parent.act else { return None };
    let mut asks = Asks(!with.is_empty() || !using.is_empty());
    asks.act(act);
    let is_free = !asks.0 && event.via.is_empty() && child.via.is_empty();
    let (parent, child) = (super::enclosing(case, event.at)?, super::enclosing(case, child.at)?);
    is_free.then(|| exchanged(case, &[parent], child, true)).flatten()
}

/// Moves a `DROP` behind those of what depends on it; where it has to stay before one of what
/// it depends on itself, moves them before it.
fn drop_later(case: &Case<'_>, pass: &Pass<'_>, event: &Event<'_>, keys: &[Key]) -> Option<Fix> {
    let dropped = |event: &Event<'_>| match &event.what {
        What::Define { statement, .. } => match &statement.act {
            Act::Drop { objects, .. } => objects.iter().map(|object| pass.start.canonical(&object.name)).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let later: Vec<(&Event<'_>, Vec<Name>)> = pass
        .run
        .events
        .iter()
        .skip_while(|other| !std::ptr::eq(*other, event))
        .skip(1)
        .filter(|other| other.reachable && other.via.is_empty() && other.block == event.block)
        .map(|other| (other, dropped(other)))
        .filter(|(_, names)| !names.is_empty())
        .collect();
    let wanted: BTreeSet<Name> = keys.iter().map(Key::relation).collect();
    let children: Vec<usize> = (0..later.len())
        .filter(|index| later.get(*index).is_some_and(|(_, names)| names.iter().any(|name| wanted.contains(name))))
        .collect();
    let is_all = wanted.iter().all(|name| later.iter().any(|(_, names)| names.contains(name)));
    let (last, _) = children.last().and_then(|index| later.get(*index))?;
    if !is_all || !event.via.is_empty() {
        return None;
    }
    // What it depends on itself, if that goes in between.
    let needed: BTreeSet<Name> = dropped(event)
        .iter()
        .filter_map(|name| pass.start.relation_key(name))
        .flat_map(|key| {
            let parents = pass.start.foreign_keys(&key).into_iter().map(|key| key.parent);
            pass.start.needs(&key).into_iter().chain(parents).collect::<Vec<_>>()
        })
        .map(|key| key.relation())
        .collect();
    let end = children.last().copied().unwrap_or_default();
    let is_needed = later.iter().take(end).any(|(_, names)| names.iter().any(|name| needed.contains(name)));
    if is_needed {
        let all: Vec<At> = children.iter().filter_map(|index| later.get(*index)).map(|(event, _)| event.at).collect();
        return exchanged(case, &all, event.at, false);
    }
    exchanged(case, &[event.at], last.at, true)
}

/// Moves statements behind or before another, if all stand in one file and no command to psql
/// between them.
fn exchanged(case: &Case<'_>, statements: &[At], to: At, is_behind: bool) -> Option<Fix> {
    let bytes = super::bytes(case, to);
    let is_apart = |at: &At| at.file() != to.file() || mend::has_command(bytes, at.span().start, to.span().start);
    if statements.iter().any(is_apart) {
        return None;
    }
    mend::moved(bytes, statements, to, is_behind)
}

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in &case.passes {
        rows(pass, case, findings);
        // What only the second run meets is a matter of running twice.
        let failed = pass.repeat.then(|| super::failed_before(case, pass));
        let is_told = |event: &Event<'_>| failed.as_ref().is_none_or(|failed| failed.contains(&event.at.span()));
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Define { outcome, .. } = &event.what else { continue };
            if let Some(problem) =
                outcome.problem.as_ref().filter(|problem| problem.sqlstate == "2BP01" && is_told(event))
            {
                let mut finding = Finding::new(ID, event.at, problem.message.clone(), "dropped too early");
                for key in &problem.keys {
                    if let Some(at) = pass.start.made_at(key).or_else(|| pass.run.end.catalog.made_at(key)) {
                        finding = finding.related(at, format!("{key} depends on it"));
                    }
                }
                let finding = finding
                    .consequence("PostgreSQL refuses, and the script stops here")
                    .way_out("drop what depends on it first: triggers and views, then children, then parents")
                    .fix(drop_later(case, pass, event, &problem.keys));
                findings.push(super::with_trail(finding, event));
            }
            // CASCADE does not excuse the order.
            for dropped in outcome.dropped.iter().filter(|dropped| dropped.cascade_from.is_some() && !dropped.automatic)
            {
                if case.baseline.contains(&dropped.key) {
                    continue;
                }
                let message = format!("CASCADE drops {} unasked", dropped.key);
                let finding = Finding::new(ID, event.at, message, "more goes than is named")
                    .consequence(
                        "the order of the script is not the order of the dependencies, and nobody sees what goes",
                    )
                    .way_out("drop it by name before this statement, and leave CASCADE out");
                findings.push(super::with_trail(finding, event));
            }
        }
    }
}

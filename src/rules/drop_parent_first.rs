//! Parents that are dropped before their children.

use crate::case::{Case, Pass};
use crate::effect::ReferentialAction;
use crate::finding::Finding;
use crate::flow::{ChangeKind, Origin, What};

const ID: &str = "drop-parent-first";

/// Rows of a parent that are deleted before the rows that refer to them.
fn rows(pass: &Pass<'_>, case: &Case<'_>, findings: &mut Vec<Finding>) {
    let deletions: Vec<_> = pass
        .run
        .events
        .iter()
        .filter(|event| event.reachable && event.via.iter().all(|via| matches!(via.origin, Origin::Dynamic | Origin::Do)))
        .filter_map(|event| match &event.what {
            What::Change(change) if change.kind == ChangeKind::Delete => Some((event, change)),
            _ => None,
        })
        .collect();
    for (index, (event, parent)) in deletions.iter().enumerate() {
        for child in pass.start.children(&parent.relation) {
            let table = child.child.relation();
            if !matches!(child.on_delete, ReferentialAction::NoAction | ReferentialAction::Restrict)
                || table == parent.relation
            {
                continue;
            }
            let later = deletions.iter().skip(index + 1).find(|(other, change)| {
                change.relation == table && other.block == event.block
            });
            let earlier = deletions.iter().take(index).any(|(_, change)| change.relation == table);
            if let Some((later, _)) = later.filter(|_| !earlier) {
                let name = super::called(pass, case);
                let message = format!("{name} deletes rows of {} before those of {}", parent.written, table.name);
                findings.push(
                    Finding::new(ID, event.at, message, "the parent")
                        .related(later.at, "the child comes later")
                        .consequence(format!("the foreign key {} refuses, and the script stops here", child.constraint.part.unwrap_or_default()))
                        .way_out("delete from the child first"),
                );
            }
        }
    }
}

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in &case.passes {
        rows(pass, case, findings);
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Define { outcome, .. } = &event.what else { continue };
            if let Some(problem) = outcome.problem.as_ref().filter(|problem| problem.sqlstate == "2BP01") {
                let mut finding = Finding::new(ID, event.at, problem.message.clone(), "dropped too early");
                for key in &problem.keys {
                    if let Some(at) = pass.start.made_at(key).or_else(|| pass.run.end.catalog.made_at(key)) {
                        finding = finding.related(at, format!("{key} depends on it"));
                    }
                }
                let finding = finding
                    .consequence("PostgreSQL refuses, and the script stops here")
                    .way_out("drop what depends on it first: triggers and views, then children, then parents");
                findings.push(super::with_trail(finding, event));
            }
            // CASCADE does not excuse the order.
            for dropped in outcome.dropped.iter().filter(|dropped| dropped.cascade_from.is_some() && !dropped.automatic) {
                if case.baseline.contains(&dropped.key) {
                    continue;
                }
                let message = format!("CASCADE drops {} unasked", dropped.key);
                let finding = Finding::new(ID, event.at, message, "more goes than is named")
                    .consequence("the order of the script is not the order of the dependencies, and nobody sees what goes")
                    .way_out("drop it by name before this statement, and leave CASCADE out");
                findings.push(super::with_trail(finding, event));
            }
        }
    }
}

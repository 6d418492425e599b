//! CASCADE, which takes whatever depends by then.

use std::collections::BTreeSet;

use crate::case::Case;
use crate::effect::{Act, AlterAction};
use crate::finding::Finding;
use crate::flow::{Event, What};
use crate::mend;
use crate::source::{FileId, Span};

const ID: &str = "cascade-into-baseline";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let place = |event: &Event<'_>| (event.at.file(), event.at.span());
    // Where it takes something with it in some run, somebody has to say what is to become of that.
    let busy: BTreeSet<(FileId, Span)> = case
        .changing()
        .flat_map(|pass| pass.run.events.iter())
        .filter(|event| match &event.what {
            What::Define { outcome, .. } => {
                outcome.dropped.iter().any(|dropped| dropped.cascade_from.is_some() && !dropped.automatic)
            }
            _ => false,
        })
        .map(place)
        .collect();
    for pass in case.changing() {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Define { statement, outcome } = &event.what else { continue };
            let cascades = match &statement.act {
                Act::Drop { cascade, .. } => *cascade,
                Act::AlterTable { actions, .. } => actions.iter().any(|action| {
                    matches!(
                        action,
                        AlterAction::DropColumn { cascade: true, .. }
                            | AlterAction::DropConstraint { cascade: true, .. }
                    )
                }),
                _ => false,
            };
            if !cascades {
                continue;
            }
            let taken: Vec<String> = outcome
                .dropped
                .iter()
                .filter(|dropped| {
                    dropped.cascade_from.is_some() && !dropped.automatic && case.baseline.contains(&dropped.key)
                })
                .map(|dropped| dropped.key.to_string())
                .collect();
            let message = if taken.is_empty() {
                "CASCADE drops whatever depends on this by then".to_owned()
            } else {
                format!("CASCADE drops {}, which the release did not make", taken.join(", "))
            };
            let finding = Finding::new(ID, event.at, message, "CASCADE")
                .consequence("what others have built on it since goes without a word")
                .way_out("leave CASCADE out: PostgreSQL then refuses, and names what is in the way");
            let is_idle = super::is_own(event) && !busy.contains(&place(event));
            let fix = || mend::without_cascade(super::bytes(case, event.at), event.at);
            let finding = finding.fix(is_idle.then(fix).flatten());
            findings.push(super::with_trail(finding, event));
        }
    }
}

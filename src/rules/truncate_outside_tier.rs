//! TRUNCATE of a table that is not the tier's alone.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::{ChangeKind, What};
use crate::package::Role;

const ID: &str = "truncate-outside-tier";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.changing().filter(|pass| !pass.repeat) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Change(change) = &event.what else { continue };
            if change.kind != ChangeKind::Truncate || change.relation.is_temporary() {
                continue;
            }
            let is_own = match pass.role {
                // Nobody else has written into what is there only since.
                Role::Tier(_) => {
                    super::is_made_by_release(&change.relation, case) && pass.start.relation(&change.relation).is_none()
                }
                role => role.undoes() && super::delete_outside_tag::owns_all(case, pass, &change.relation),
            };
            if is_own {
                continue;
            }
            let name = super::called(pass, case);
            let finding = Finding::new(ID, event.at, format!("{name} empties {}", change.relation), "all rows go")
                .consequence("rows that this script's tier did not write are lost")
                .way_out("DELETE … WHERE the tag column is the tier's tag");
            findings.push(super::with_trail(finding, event));
        }
    }
}

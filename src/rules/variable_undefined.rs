//! Variables of psql that nothing sets.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::{PsqlValue, What};
use crate::package::Role;

const ID: &str = "variable-undefined";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat && pass.role != Role::Baseline) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Variables(uses) = &event.what else { continue };
            for (used, value) in uses {
                let (text, consequence) = match value {
                    None | Some(PsqlValue::Unset) => (
                        format!("nothing sets the variable {}", used.name),
                        "psql sends the reference as it is written, and PostgreSQL refuses it",
                    ),
                    Some(PsqlValue::Maybe) if !used.tests => (
                        format!("the variable {} may not be set", used.name),
                        "an operator who forgets it is stopped by a syntax error in the middle of the release",
                    ),
                    Some(_) => continue,
                };
                if used.tests {
                    continue;
                }
                findings.push(Finding::new(ID, used.at, text, "used here").consequence(consequence).way_out(format!(
                    "before it: \\if :{{?{0}}} \\else \\set {0} '' \\endif, and a check that refuses the empty value",
                    used.name
                )));
            }
        }
    }
}

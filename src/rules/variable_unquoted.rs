//! Variables of psql whose text becomes SQL as it is.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::What;
use crate::package::Role;
use crate::psql::Form;

const ID: &str = "variable-unquoted";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat && pass.role != Role::Baseline) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Variables(uses) = &event.what else { continue };
            for (used, _) in uses.iter().filter(|(used, _)| used.form == Form::Plain) {
                findings.push(
                    Finding::new(ID, used.at, format!("the text of {} becomes SQL as it is", used.name), "not quoted")
                        .consequence("whoever sets the variable writes the statement; what was reviewed is not what runs")
                        .way_out(format!(":'{0}' for a value, :\"{0}\" for a name", used.name)),
                );
            }
        }
    }
}

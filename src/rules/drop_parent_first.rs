//! Parents that are dropped before their children.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::What;

const ID: &str = "drop-parent-first";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in &case.passes {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Define { outcome, .. } = &event.what else { continue };
            if let Some(problem) = outcome.certain_problem().filter(|problem| problem.sqlstate == "2BP01") {
                let mut finding = Finding::new(ID, event.at, problem.message.clone(), "dropped too early");
                for key in &problem.related {
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
            for dropped in outcome.dropped.iter().filter(|dropped| dropped.cascade_from.is_some()) {
                if case.baseline.contains(&dropped.key) || !dropped.key.is_standalone() {
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

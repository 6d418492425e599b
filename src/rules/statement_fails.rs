//! Statements that PostgreSQL will refuse.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::What;

const ID: &str = "statement-fails";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        for event in pass.run.events.iter().filter(|event| event.reachable && event.certain) {
            let Some(problem) = event.what.problem() else { continue };
            // The order of DROP has a rule of its own, and so has what no transaction takes.
            if matches!(problem.sqlstate, "2BP01" | "25001") {
                continue;
            }
            let finding =
                Finding::new(ID, event.at, problem.message.clone(), format!("PostgreSQL says {}", problem.sqlstate))
                    .consequence("the script stops here")
                    .way_out("correct the statement, or the baseline that lint.toml names");
            findings.push(super::with_trail(finding, event));
        }
        // Where a statement is refused, what follows it is none of the script's doing.
        let refused = pass.run.events.iter().any(|event| event.what.problem().is_some());
        let first = pass.run.events.iter().find(|event| matches!(event.what, What::Unreachable(_)));
        if let Some(first) = first
            && !pass.run.end.reachable
            && !refused
        {
            let message = format!("{} never comes to its end", super::called(pass, case));
            let finding = Finding::new(ID, first.at, message, "every path stops before this")
                .consequence("nothing of it stays, and what follows here was not analysed")
                .way_out("look at the checks before it: one of them contradicts what is certainly true there");
            findings.push(super::with_trail(finding, first));
        }
    }
}

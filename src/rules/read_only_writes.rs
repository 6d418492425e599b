//! Checks that change something.

use crate::case::Case;
use crate::effect::Act;
use crate::finding::Finding;
use crate::flow::What;

const ID: &str = "read-only-writes";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat && pass.role.reads_only()) {
        let name = super::called(pass, case);
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let message = match &event.what {
                What::Change(change) if !change.relation.is_temporary() => {
                    format!("{name} {} {}", super::verb(change), change.relation)
                }
                What::Define { outcome, .. } if outcome.outlasts_session() => format!("{name} changes the schema"),
                What::Sequence { function, .. } | What::Acts(function) => {
                    format!("{name} calls {function}, which changes something")
                }
                What::Lock(_) => format!("{name} locks a table"),
                What::LocksRows => format!("{name} locks rows"),
                What::Utility(statement) => match &statement.act {
                    Act::Refresh { name: view, .. } => format!("{name} refreshes {view}"),
                    Act::Utility { command, outside_transaction: true, .. } => {
                        format!("{name} runs {}", command.to_ascii_uppercase())
                    }
                    Act::Copy { end, .. } if *end != crate::effect::CopyEnd::Client => {
                        format!("{name} copies to the server's disk")
                    }
                    _ => match super::maintains(statement, pass) {
                        Some(command) => format!("{name} runs {command}"),
                        None => continue,
                    },
                },
                _ => continue,
            };
            let finding = Finding::new(ID, event.at, message, "here")
                .consequence("a check that writes is no check: running it changes what it looks at")
                .way_out("only read; or make a tier of it");
            findings.push(super::with_trail(finding, event));
        }
    }
}

//! Changes outside the one transaction of a script.

use crate::case::Case;
use crate::effect::Transaction;
use crate::finding::Finding;
use crate::flow::{Block, What};
use crate::package::Role;

const ID: &str = "outside-transaction";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let of_tiers = case.files_of(&|role| matches!(role, Role::Rollback(_)));
    for pass in case.changing().filter(|pass| !pass.repeat) {
        let name = super::called(pass, case);
        let mut first = None;
        let mut blocks = 0_usize;
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let text = match &event.what {
                What::Change(change) if !change.relation.is_temporary() => {
                    format!("{name} {} {} ", super::verb(change), change.written)
                }
                What::Define { outcome, .. } if outcome.outlasts_session() => {
                    format!("{name} changes the schema ")
                }
                What::Lock(_) => format!("{name} locks a table "),
                What::Utility(statement) => match super::rebuilds(statement, pass) {
                    Some(command) => format!("{name} runs {command} "),
                    None => continue,
                },
                What::Sequence { function, .. } | What::Acts(function) => format!("{name} calls {function} "),
                What::Transaction(Transaction::Begin { .. }) if event.block == Block::None => {
                    // A rollback of several tiers runs the rollback of each, whole.
                    let of_tier = pass.role == Role::FullRollback && of_tiers.contains(&event.at.file());
                    blocks += usize::from(!of_tier);
                    // A script that undoes one of several tiers at choice has a block for each.
                    if blocks == 2 && pass.role != Role::TierRollback {
                        let finding =
                            Finding::new(ID, event.at, format!("{name} is more than one transaction"), "the second");
                        let finding = first.map_or(finding.clone(), |at| finding.clone().related(at, "the first"));
                        findings.push(
                            finding
                                .consequence("a failure between the two leaves half of the script behind")
                                .way_out("keep everything in one BEGIN … COMMIT, or make two scripts of it"),
                        );
                    }
                    first.get_or_insert(event.at);
                    continue;
                }
                What::Transaction(Transaction::Rollback { .. }) if event.block != Block::None => {
                    findings.push(
                        Finding::new(ID, event.at, format!("{name} ends in ROLLBACK"), "everything is thrown away")
                            .consequence("the script runs without an error and leaves nothing behind")
                            .way_out("end it with COMMIT"),
                    );
                    continue;
                }
                What::End => {
                    let at = match event.block {
                        Block::Open { begin, .. } => begin,
                        Block::Mixed => first.unwrap_or(event.at),
                        Block::None => continue,
                    };
                    findings.push(
                        Finding::new(ID, at, format!("{name} does not commit on every path"), "this block stays open")
                            .consequence("psql ends, the server rolls everything back, and the exit code is 0")
                            .way_out("end the script with COMMIT, on every path"),
                    );
                    continue;
                }
                _ => continue,
            };
            let wrong = match event.block {
                Block::Open { .. } => continue,
                Block::None => "outside of a transaction",
                Block::Mixed => "on some path outside of a transaction",
            };
            let finding = Finding::new(ID, event.at, format!("{text}{wrong}"), "committed by itself")
                .consequence("what follows may fail, and this stays")
                .way_out("move it between BEGIN and COMMIT");
            findings.push(super::with_trail(finding, event));
        }
    }
}

//! Statements that PostgreSQL refuses in a transaction block.

use crate::case::Case;
use crate::effect::{Act, AlterAction, Statement};
use crate::finding::Finding;
use crate::flow::What;

const ID: &str = "not-transactional";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.changing().filter(|pass| !pass.repeat) {
        for event in pass.run.events.iter() {
            let (What::Utility(statement) | What::Define { statement, .. } | What::Unreachable(statement)) =
                &event.what
            else {
                continue;
            };
            if let Some(what) = refused(statement) {
                findings.push(
                    Finding::new(ID, event.at, format!("{what} cannot run in a transaction block"), "here")
                        .consequence("within BEGIN … COMMIT it fails; outside it cannot be undone with the rest")
                        .way_out("use the form that can, or take it out of the release"),
                );
            }
        }
    }
}

fn refused(statement: &Statement) -> Option<String> {
    match &statement.act {
        Act::Utility { command, outside_transaction: true, .. } => Some(command.to_ascii_uppercase()),
        Act::CreateIndex { concurrently: true, .. } => Some("CREATE INDEX CONCURRENTLY".to_owned()),
        Act::Drop { concurrently: true, .. } => Some("DROP INDEX CONCURRENTLY".to_owned()),
        Act::AlterTable { actions, .. } => actions
            .iter()
            .any(|action| matches!(action, AlterAction::Detach { concurrently: true, .. }))
            .then(|| "DETACH PARTITION CONCURRENTLY".to_owned()),
        _ => None,
    }
}

//! Transaction control that is not the one BEGIN and the one COMMIT.

use crate::case::Case;
use crate::effect::Transaction;
use crate::finding::Finding;
use crate::flow::{Block, What};

const ID: &str = "stray-transaction-control";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat && pass.role != crate::package::Role::Baseline) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let open = event.block != Block::None;
            let (message, consequence) = match &event.what {
                What::BodyTransaction => (
                    "a body ends the transaction",
                    "PostgreSQL refuses it in a transaction block, and outside of one half of the work is committed",
                ),
                What::Transaction(transaction) => match transaction {
                    Transaction::Begin { .. } if open => (
                        "BEGIN within a transaction",
                        "PostgreSQL only warns; the next COMMIT ends the outer transaction",
                    ),
                    Transaction::Commit { .. } if !open => {
                        ("COMMIT without a transaction", "PostgreSQL only warns; what came before is committed already")
                    }
                    Transaction::Rollback { .. } if !open => {
                        ("ROLLBACK without a transaction", "PostgreSQL only warns; what came before stays")
                    }
                    Transaction::Commit { chain: true } | Transaction::Rollback { chain: true } => (
                        "AND CHAIN opens another transaction",
                        "what follows is a transaction of its own, or never committed",
                    ),
                    Transaction::Savepoint(_) | Transaction::Release(_) | Transaction::RollbackTo(_) => {
                        ("a savepoint", "a part of the script may be undone and the rest committed")
                    }
                    Transaction::Prepare => (
                        "PREPARE TRANSACTION",
                        "the transaction stays open on the server, with its locks, until somebody ends it",
                    ),
                    Transaction::CommitPrepared | Transaction::RollbackPrepared => {
                        ("a prepared transaction is ended", "it is not one of this script")
                    }
                    _ => continue,
                },
                _ => continue,
            };
            findings.push(
                Finding::new(ID, event.at, message, "here")
                    .consequence(consequence)
                    .way_out("a script is one BEGIN … COMMIT and nothing else"),
            );
        }
    }
}

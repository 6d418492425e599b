//! Tiers that commit without having looked at what they did.

use crate::case::Case;
use crate::effect::Transaction;
use crate::finding::Finding;
use crate::flow::What;
use crate::logic::Known;
use crate::package::Role;

const ID: &str = "unchecked-outcome";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        let Role::Tier(index) = pass.role else { continue };
        let commits = |event: &&crate::flow::Event<'_>| {
            event.reachable && matches!(event.what, What::Transaction(Transaction::Commit { .. }))
        };
        let Some(commit) = pass.run.events.iter().rev().find(commits) else { continue };
        for goal in case.goals.leave.get(index).into_iter().flatten() {
            if pass.holds(commit, &goal.expr) != Known::Yes {
                let message = format!("{} commits before it is sure: {}", super::called(pass, case), goal.what);
                findings.push(
                    Finding::new(ID, commit.at, message, "committed here")
                        .related(goal.at, "what the tier must leave")
                        .consequence("a tier that went wrong stays, and the next one builds on it")
                        .way_out("before COMMIT, after the last change: IF (the value) <> (what it must be) THEN RAISE EXCEPTION …"),
                );
            }
        }
    }
}

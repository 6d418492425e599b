//! Tiers and rollbacks that do not pair up.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::What;
use crate::package::Role;

const ID: &str = "tier-without-rollback";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let package = case.package;
    for (index, tier) in package.tier.iter().enumerate() {
        let at = case.configured(&tier.number.span());
        if tier.undo.is_none() && tier.rollback.is_none() && package.full_rollback.is_none() {
            findings.push(
                Finding::new(
                    ID,
                    at,
                    format!("tier {} has no rollback", tier.number.get_ref()),
                    "neither `rollback` nor `undo`",
                )
                .consequence("what it does cannot be taken back")
                .way_out("name its script with `rollback`, or the setting of `tier-rollback` with `undo`"),
            );
            continue;
        }
        let Some(undo) = &tier.undo else { continue };
        let span = case.configured(&undo.span());
        if package.tier_rollback.is_none() {
            findings.push(
                Finding::new(
                    ID,
                    span,
                    format!("tier {} names `undo`, and there is no `tier-rollback`", tier.number.get_ref()),
                    "here",
                )
                .consequence("nothing undoes this tier")
                .way_out("name the script with `tier-rollback`"),
            );
            continue;
        }
        let does = |pass: &&crate::case::Pass<'_>| pass.role == Role::Rollback(index) && !pass.repeat;
        let changes = case
            .passes
            .iter()
            .filter(does)
            .flat_map(|pass| pass.run.events.iter())
            .any(|event| event.reachable && matches!(event.what, What::Change(_) | What::Define { .. }));
        if !changes {
            findings.push(
                Finding::new(
                    ID,
                    span,
                    format!("with {} the tier rollback changes nothing", undo.get_ref()),
                    "no block answers to it",
                )
                .consequence("an operator who undoes this tier is told that all went well, and nothing happened")
                .way_out("give the tier a block, or correct the setting"),
            );
        }
    }
}

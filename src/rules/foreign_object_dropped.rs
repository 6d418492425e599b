//! Objects that the release did not make and takes away or alters for good.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::What;
use crate::package::Role;

const ID: &str = "foreign-object-dropped";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.changing().filter(|pass| !pass.repeat) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Define { outcome, .. } = &event.what else { continue };
            for (key, is_renamed) in super::taken(outcome) {
                if !case.baseline.contains(key) {
                    continue;
                }
                // A forward tier may replace what it drops.
                if !pass.role.undoes() && pass.run.end.catalog.contains(key) {
                    continue;
                }
                let name = super::called(pass, case);
                let (verb, label) = if is_renamed { ("renames", "renamed here") } else { ("drops", "dropped here") };
                let message = format!("{name} {verb} {key}, which the release did not make");
                let mut finding = Finding::new(ID, event.at, message, label);
                if let Some(at) = case.baseline.made_at(key) {
                    finding = finding.related(at, "it was there before");
                }
                let finding = finding
                    .consequence("a part of the database that others rely on is gone")
                    .way_out("drop only what a tier of this release makes");
                findings.push(super::with_trail(finding, event));
            }
        }
        if pass.role == Role::FullRollback {
            for key in case.baseline.left_over(&pass.run.end.catalog) {
                let dropped = pass.run.events.iter().any(|event| match &event.what {
                    What::Define { outcome, .. } => super::taken(outcome).any(|(taken, _)| *taken == key),
                    _ => false,
                });
                if dropped || super::is_kept(&key, case) {
                    continue;
                }
                let at = case.script(pass).map(|script| script.at).unwrap_or_default();
                let mut finding =
                    Finding::new(ID, at, format!("after the full rollback {key} is not what it was"), "this script");
                if let Some(at) = case.baseline.made_at(&key) {
                    finding = finding.related(at, "as it was before");
                }
                findings.push(
                    finding
                        .consequence("the database is not what it was before the release")
                        .way_out("let the rollback restore it, or let the release leave it alone"),
                );
            }
        }
    }
}

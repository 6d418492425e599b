//! Checks that are there and let through what they should stop.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::What;

const ID: &str = "guard-fails-open";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for open in super::unguarded_change::open_gates(case) {
        if open.near.is_empty() {
            continue;
        }
        let mut finding = open.finding(ID, case);
        for event in &open.near {
            let text = match &event.what {
                What::Check { stops: false, .. } => "this only reports, and goes on",
                What::Assert(_) => "plpgsql.check_asserts = off switches this off",
                _ => "this does not stop all that it should, or not on every path, or too late",
            };
            finding = finding.related(event.at, text);
        }
        findings.push(finding);
    }
}

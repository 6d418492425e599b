//! Files that are not those of the manifest.

use crate::case::Case;
use crate::finding::Finding;

const ID: &str = "manifest-mismatch";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for problem in &case.manifest {
        findings.push(
            Finding::new(ID, problem.at, problem.message.clone(), "in the manifest")
                .consequence("what was reviewed and ratified is not what would run")
                .way_out(
                    "look at the difference; if it is meant: roof-lint manifest --write, and have it ratified again",
                )
                .fix(problem.fix.clone()),
        );
    }
}

//! Statements that PostgreSQL does not parse.

use crate::case::Case;
use crate::finding::Finding;
use crate::package::{Arm, Line};

const ID: &str = "syntax-error";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (file, _) in case.library.sources.iter() {
        lines(&case.library.program(file).lines, findings);
    }
}

fn lines(all: &[Line], findings: &mut Vec<Finding>) {
    for line in all {
        match line {
            Line::Unread { at, error, .. } => findings.push(
                Finding::new(ID, error.at, error.message.clone(), "here")
                    .related(*at, "this statement was not analysed")
                    .consequence("PostgreSQL refuses it, and whatever it was meant to do is in no proof of this report")
                    .way_out("correct the statement"),
            ),
            Line::Choice { arms, .. } => arms.iter().for_each(|Arm { lines: inner, .. }| lines(inner, findings)),
            _ => {}
        }
    }
}

//! Statements that another parser reads otherwise.

use crate::case::Case;
use crate::finding::Finding;
use crate::package::{Arm, Line};

const ID: &str = "parsers-disagree";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let baseline = case.of_baseline();
    for (file, _) in case.library.sources.iter().filter(|(file, _)| !baseline.contains(file)) {
        lines(&case.library.program(file).lines, findings);
    }
}

fn lines(all: &[Line], findings: &mut Vec<Finding>) {
    for line in all {
        match line {
            Line::Sent { at, disagreement: Some(told), .. } => findings.push(
                Finding::new(ID, *at, format!("another parser reads this otherwise: {told}"), "this statement")
                    .consequence("what was proved of it is proved of one reading only")
                    .way_out("write it in a simpler way, or look at it by hand and silence this"),
            ),
            Line::Choice { arms, .. } => arms.iter().for_each(|Arm { lines: inner, .. }| lines(inner, findings)),
            _ => {}
        }
    }
}

//! Statements that PostgreSQL does not parse.

use crate::case::Case;
use crate::finding::Finding;
use crate::package::{Arm, Line};
use crate::psql::Form;

const ID: &str = "syntax-error";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (file, _) in case.library.sources.iter() {
        lines(&case.library.program(file).lines, findings);
    }
}

fn lines(all: &[Line], findings: &mut Vec<Finding>) {
    for line in all {
        match line {
            Line::Unread { at, error, uses } => {
                // The text of a variable may be any part of a statement, and is not known.
                let bare = uses.iter().find(|used| used.form == Form::Plain && !used.in_command);
                let (finding, consequence, way_out) = match bare {
                    Some(used) => (
                        Finding::new(
                            ID,
                            used.at,
                            format!("what PostgreSQL reads here depends on {}", used.name),
                            "here",
                        ),
                        "whatever it does is in no proof of this report",
                        "write the statement itself; :'name' for a value, :\"name\" for a name",
                    ),
                    None => (
                        Finding::new(ID, error.at, error.message.clone(), "here"),
                        "PostgreSQL refuses it, and whatever it was meant to do is in no proof of this report",
                        "correct the statement",
                    ),
                };
                findings.push(
                    finding.related(*at, "this statement was not analysed").consequence(consequence).way_out(way_out),
                );
            }
            Line::Choice { arms, .. } => arms.iter().for_each(|Arm { lines: inner, .. }| lines(inner, findings)),
            _ => {}
        }
    }
}

//! Scripts, or parts of them, that psql reads otherwise than people do, or not at all.

use crate::case::Case;
use crate::effect::At;
use crate::finding::Finding;
use crate::package::{Arm, Line};
use crate::psql::{Ending, IrregularityKind, Item, Open};
use crate::sources::Trouble;

const ID: &str = "unreadable-script";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for script in case.scripts.iter() {
        if let Err(trouble) = &script.file {
            findings.push(
                Finding::new(ID, script.at, format!("{} cannot be read: {}", script.path, why(trouble)), "named here")
                    .consequence("a part of the package was not looked at")
                    .way_out("correct the name in lint.toml, or put the file there"),
            );
        }
    }
    for (file, source) in case.library.sources.iter() {
        for irregularity in &source.script.irregularities {
            let (message, consequence) = irregular(irregularity.kind);
            findings.push(
                Finding::new(ID, At::new(file, irregularity.span), message, "here")
                    .consequence(consequence)
                    .way_out("take it out"),
            );
        }
        for item in &source.script.items {
            let Item::Statement(statement) = item else { continue };
            let at = At::new(file, statement.span);
            let message = match &statement.ending {
                Ending::EndOfFile(Some(open)) => format!("the file ends within {}", opened(open)),
                Ending::EndOfFile(None) if !statement.pieces.is_empty() => continue,
                Ending::Reset => "\\r throws this statement away".to_owned(),
                _ => continue,
            };
            findings.push(
                Finding::new(ID, at, message, "this statement")
                    .consequence("what psql sends, if anything, is not what stands here")
                    .way_out("end the statement"),
            );
        }
        lines(&case.library.program(file).lines, findings);
    }
}

fn lines(all: &[Line], findings: &mut Vec<Finding>) {
    for line in all {
        match line {
            Line::Include { at, target: Err(trouble) } => findings.push(
                Finding::new(ID, *at, format!("the file cannot be included: {}", why(trouble)), "here")
                    .consequence("what it would do was not looked at")
                    .way_out("include a file of this package by its relative name"),
            ),
            Line::Sent { statements, at, expected, .. } if !statements.is_empty() && statements.len() != *expected => {
                let message =
                    format!("psql sends this as {expected} statement(s), and PostgreSQL reads {}", statements.len());
                findings.push(
                    Finding::new(ID, *at, message, "here")
                        .consequence("a statement hides within another")
                        .way_out("end each statement with its own semicolon"),
                );
            }
            Line::Choice { arms, .. } => arms.iter().for_each(|Arm { lines: inner, .. }| lines(inner, findings)),
            _ => {}
        }
    }
}

fn why(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NoName => "no file is named".to_owned(),
        Trouble::Computed => "its name is only known when it runs".to_owned(),
        Trouble::Absolute => "its path is absolute".to_owned(),
        Trouble::Home => "its path starts in somebody's home directory".to_owned(),
        Trouble::StandardInput => "`-` is standard input".to_owned(),
        Trouble::Outside => "it lies outside of the package".to_owned(),
        Trouble::Cycle => "it includes itself".to_owned(),
        Trouble::TooDeep => "files include one another too deeply".to_owned(),
        Trouble::TooLarge => "it is larger than 1 GiB".to_owned(),
        Trouble::Missing => "there is no such file".to_owned(),
        Trouble::NotAFile => "it is not a file".to_owned(),
        Trouble::Unreadable(words) => words.clone(),
    }
}

fn opened(open: &Open) -> &'static str {
    match open {
        Open::Parenthesis(_) => "a parenthesis",
        Open::Comment(_) => "a comment",
        Open::RoutineBody(_) => "the body of a routine",
        Open::Quote | Open::Identifier | Open::DollarQuote(_) => "a quote",
    }
}

fn irregular(kind: IrregularityKind) -> (&'static str, &'static str) {
    match kind {
        IrregularityKind::Nul => ("a NUL byte", "psql cuts the line there and glues the next one to it"),
        IrregularityKind::InvalidUtf8 => ("a byte that is not UTF-8", "PostgreSQL refuses the statement"),
        IrregularityKind::BareCarriageReturn => {
            ("a carriage return within a line", "it ends a comment for psql, and not for who reads it")
        }
        IrregularityKind::BidirectionalControl => {
            ("a character that turns the direction of text around", "what a reviewer sees is not what is sent")
        }
        IrregularityKind::Archive => ("an archive of pg_dump, not a script", "psql refuses it"),
        IrregularityKind::StrayConditional => ("a conditional command without its \\if", "psql stops here"),
        IrregularityKind::UnclosedConditional => ("\\if without \\endif", "psql stops at the end of the file"),
        IrregularityKind::ConditionalInStatement => {
            ("a conditional command in the middle of a statement", "the statement depends on the arm that is taken")
        }
        IrregularityKind::UnclosedCopyData => ("COPY data without `\\.`", "all the rest of the file is data"),
        IrregularityKind::CopyDataInConditional => {
            ("COPY data in an arm of \\if", "where the arm is not taken its lines are script")
        }
    }
}

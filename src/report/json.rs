//! The verdict for a program: one JSON object, described in README.md.

use std::fmt::Write;

use serde::Serialize;

use crate::effect::At;
use crate::finding::{Label, Level};
use crate::manifest;
use crate::source::is_hidden;
use crate::verdict::{Counts, Excuse, Judged, Opinion, Verdict};

/// The version of the format. It changes when something in it is removed or means
/// something else, not when something is added.
pub(super) const SCHEMA: &str = "roof-lint/1";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    verdict: &'static str,
    fail_on: &'static str,
    counts: Numbers,
    only: Option<Vec<&'a str>>,
    packages: Vec<Package<'a>>,
}

#[derive(Serialize)]
struct Numbers {
    files: usize,
    statements: usize,
    denied: usize,
    warned: usize,
    allowed: usize,
    silenced: usize,
    known: usize,
    unchanged: usize,
    not_analysed: usize,
}

#[derive(Serialize)]
struct Package<'a> {
    #[serde(rename = "package")]
    name: &'a str,
    verdict: &'static str,
    digest: Option<String>,
    counts: Numbers,
    findings: Vec<Finding<'a>>,
    not_analysed: Vec<Unread<'a>>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    level: &'static str,
    message: &'a str,
    consequence: &'a str,
    way_out: &'a str,
    silenced: Option<&'a str>,
    suppression: Option<Suppression<'a>>,
    excused: Option<&'static str>,
    fingerprint: &'a str,
    place: Place<'a>,
    related: Vec<Place<'a>>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Fix<'a> {
    what: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Suppression<'a> {
    place: Place<'a>,
    ticket: Option<&'a str>,
    expires: Option<String>,
}

#[derive(Serialize)]
struct Unread<'a> {
    message: &'a str,
    place: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    sha256: String,
    statements: usize,
}

/// The report, with a line break at its end.
#[must_use]
pub fn write(verdict: &Verdict) -> Vec<u8> {
    let report = Report {
        schema: SCHEMA,
        verdict: word(verdict.is_pass()),
        fail_on: verdict.gate().fail_on.word(),
        counts: numbers(verdict.counts()),
        only: verdict.only().map(|only| only.iter().map(|file| verdict.name(*file)).collect()),
        packages: verdict.packages().iter().map(|judged| package(verdict, judged)).collect(),
    };
    text(&report)
}

/// An object as JSON, indented, with a line break at its end and without a character that a
/// terminal obeys.
#[must_use]
pub fn text(object: &impl Serialize) -> Vec<u8> {
    // Strings and numbers alone can always be written.
    let text = serde_json::to_string_pretty(object).unwrap_or_default();
    let mut written = String::with_capacity(text.len() + 1);
    // Outside strings JSON is ASCII, so what stands here is in one.
    for character in text.chars() {
        // Line breaks are between strings; in one JSON escapes them.
        if character != '\n' && is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(written, "\\u{unit:04x}");
            }
        } else {
            written.push(character);
        }
    }
    written.push('\n');
    written.into_bytes()
}

fn package<'a>(verdict: &'a Verdict, judged: &'a Judged) -> Package<'a> {
    let shown = judged.findings.iter().filter(|opinion| opinion.level != Level::Allow);
    let blind = judged.findings.iter().filter(|opinion| opinion.is_blind());
    let unread = |opinion: &'a Opinion| Unread {
        message: &opinion.finding.message,
        place: place(verdict, &opinion.finding.primary),
    };
    let file = |index: &usize| {
        let (text, _) = verdict.text(*index)?;
        let sha256 = manifest::digest(&text.bytes);
        Some(File { name: &text.name, sha256, statements: text.statements.unwrap_or(0) })
    };
    Package {
        name: &judged.name,
        verdict: word(judged.is_pass()),
        digest: verdict.approve(&judged.name).map(|approved| approved.digest().to_owned()),
        counts: numbers(judged.counts),
        findings: shown.map(|opinion| finding(verdict, opinion)).collect(),
        not_analysed: blind.map(unread).collect(),
        files: judged.files.iter().filter_map(file).collect(),
    }
}

fn finding<'a>(verdict: &'a Verdict, opinion: &'a Opinion) -> Finding<'a> {
    let finding = &opinion.finding;
    Finding {
        rule: finding.rule,
        level: opinion.level.word(),
        message: &finding.message,
        consequence: &finding.consequence,
        way_out: &finding.way_out,
        silenced: opinion.silenced.as_ref().map(|silenced| silenced.reason.as_str()),
        suppression: opinion.silenced.as_ref().map(|silenced| Suppression {
            place: at(verdict, silenced.at, finding.rule),
            ticket: silenced.ticket.as_deref(),
            expires: silenced.expires.map(|date| date.to_string()),
        }),
        excused: opinion.excused.map(Excuse::word),
        fingerprint: &opinion.fingerprint,
        place: place(verdict, &finding.primary),
        related: finding.related.iter().map(|label| place(verdict, label)).collect(),
        fix: finding.fix.as_ref().map(|fix| Fix {
            what: &fix.what,
            edits: fix.edits.iter().map(|edit| Edit { place: at(verdict, edit.at, ""), text: &edit.text }).collect(),
        }),
    }
}

fn place<'a>(verdict: &'a Verdict, label: &'a Label) -> Place<'a> {
    at(verdict, label.at, &label.text)
}

fn at<'a>(verdict: &'a Verdict, at: At, text: &'a str) -> Place<'a> {
    let span = at.span();
    let (start, end) = (verdict.place(at, span.start), verdict.place(at, span.end));
    Place {
        file: verdict.name(at.file().index()),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start: span.start,
        end: span.end,
        text,
    }
}

/// The word for a verdict.
pub(super) const fn word(is_pass: bool) -> &'static str {
    if is_pass { "pass" } else { "fail" }
}

fn numbers(counts: Counts) -> Numbers {
    let Counts { files, statements, denied, warned, allowed, silenced, known, unchanged, not_analysed } = counts;
    Numbers { files, statements, denied, warned, allowed, silenced, known, unchanged, not_analysed }
}

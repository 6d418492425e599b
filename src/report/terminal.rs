//! The verdict for a reader: each finding with its places, then the numbers.

use std::fmt::Write;

use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity};
use codespan_reporting::term::{self, termcolor};

use super::excerpt::{Excerpt, Excerpts};
use crate::effect::At;
use crate::finding::Level;
use crate::source::{Span, visible};
use crate::verdict::{Judged, Opinion, Verdict};

/// So many places of one finding are shown beside the guilty one.
const PLACES: usize = 12;

/// The report, with or without colours.
#[must_use]
pub fn write(verdict: &Verdict, is_coloured: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for opinion in verdict.packages().iter().flat_map(Judged::shown) {
        finding(verdict, opinion, is_coloured, &mut out);
    }
    out.extend(summary(verdict).into_bytes());
    out
}

fn finding(verdict: &Verdict, opinion: &Opinion, is_coloured: bool, out: &mut Vec<u8>) {
    let finding = &opinion.finding;
    let primary = std::iter::once((&finding.primary, LabelStyle::Primary));
    let related = finding.related.iter().take(PLACES).map(|label| (label, LabelStyle::Secondary));
    // Places in texts that there are, their ends without the line break.
    let mut labels: Vec<(usize, Span, &str, LabelStyle)> = Vec::new();
    for (label, style) in primary.chain(related) {
        if let Some(span) = span(verdict, label.at) {
            labels.push((label.at.file().index(), span, label.text.as_str(), style));
        }
    }
    let mut files: Vec<usize> = Vec::new();
    for (file, ..) in &labels {
        if !files.contains(file) {
            files.push(*file);
        }
    }
    let mut excerpts: Vec<Excerpt<'_>> = Vec::new();
    for file in &files {
        let spans: Vec<Span> = labels.iter().filter(|label| label.0 == *file).map(|label| label.1).collect();
        let Some((text, lines)) = verdict.text(*file) else { continue };
        excerpts.push(Excerpt::new(&text.name, &text.bytes, lines, &spans));
    }
    let mut shown = Vec::new();
    for (file, span, text, style) in labels {
        let Some(id) = files.iter().position(|known| *known == file) else { continue };
        let Some(excerpt) = excerpts.get_mut(id) else { continue };
        shown.push(Label::new(style, id, excerpt.label(span)).with_message(visible(text)));
    }
    let severity = if opinion.level == Level::Deny { Severity::Error } else { Severity::Warning };
    let diagnostic = Diagnostic::new(severity)
        .with_code(finding.rule)
        .with_message(visible(&finding.message))
        .with_labels(shown)
        .with_notes(notes(verdict, opinion));
    let config = term::Config::default();
    let files = Excerpts(excerpts);
    let written = if is_coloured {
        let mut writer = termcolor::Ansi::new(&mut *out);
        term::emit_to_write_style(&mut writer, &config, &files, &diagnostic)
    } else {
        term::emit_to_io_write(out, &config, &files, &diagnostic)
    };
    if written.is_err() {
        // Rather without its places than not at all.
        out.extend(format!("{}: {}\n\n", finding.rule, visible(&finding.message)).into_bytes());
    }
}

/// The span of a place, within the text that it stands in and without a line break at its end.
fn span(verdict: &Verdict, at: At) -> Option<Span> {
    let (text, _) = verdict.text(at.file().index())?;
    let start = at.span().start.min(text.bytes.len());
    let span = Span::new(start, at.span().end.clamp(start, text.bytes.len()));
    Some(Span::new(start, start + span.of(&text.bytes).trim_ascii_end().len()))
}

fn notes(verdict: &Verdict, opinion: &Opinion) -> Vec<String> {
    let finding = &opinion.finding;
    let mut notes = Vec::new();
    if finding.related.len() > PLACES {
        notes.push(format!("{} more places are not shown", finding.related.len() - PLACES));
    }
    if !finding.consequence.is_empty() {
        notes.push(visible(&finding.consequence));
    }
    if !finding.way_out.is_empty() {
        notes.push(format!("way out: {}", visible(&finding.way_out)));
    }
    if let Some(fix) = &finding.fix {
        notes.push(format!("--fix: {}", visible(&fix.what)));
    }
    if let Some(at) = opinion.set_at {
        let place = verdict.place(at, at.span().start);
        let name = visible(verdict.name(at.file().index()));
        notes.push(format!("{}: {name}:{}:{} says so", opinion.level.word(), place.line, place.column));
    }
    notes
}

/// The numbers, and a line for each package.
fn summary(verdict: &Verdict) -> String {
    let counts = verdict.counts();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut text = format!(
        "{}, {}: {} denied, {} warned, {} silenced; not analysed: {}\n",
        plural(counts.files, "file"),
        plural(counts.statements, "statement"),
        counts.denied,
        counts.warned,
        counts.silenced,
        counts.not_analysed
    );
    // Writing to a string cannot fail.
    if verdict.gate().known.is_some() {
        let _ = writeln!(text, "known from before: {}", counts.known);
    }
    if let Some(changed) = &verdict.gate().changed {
        let _ = writeln!(text, "{} changed; in others: {}", plural(changed.len(), "file"), counts.unchanged);
    }
    if let Some(only) = verdict.only() {
        let names: Vec<String> = only.iter().map(|file| visible(verdict.name(*file))).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "shown is only what touches {}", names.join(", "));
    }
    for package in verdict.packages() {
        let word = if package.is_pass() { "pass" } else { "fail" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {word}", visible(&package.name));
    }
    text
}

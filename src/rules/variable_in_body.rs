//! References to variables of psql where psql does not look.

use std::collections::BTreeSet;

use crate::case::Case;
use crate::effect::At;
use crate::finding::Finding;
use crate::psql::{Argument, Item, Part, PieceKind, Statement};
use crate::source::Span;
use crate::syntax::token::{self, TokenKind};

const ID: &str = "variable-in-body";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let baseline = case.of_baseline();
    let known = known(case);
    for (file, source) in case.library.sources.iter() {
        if baseline.contains(&file) {
            continue;
        }
        for item in &source.script.items {
            let Item::Statement(statement) = item else { continue };
            for (span, name) in quoted_references(statement, &source.bytes, &known) {
                findings.push(
                    Finding::new(ID, At::new(file, span), format!("psql puts no value here for {name}"), "within a quote")
                        .consequence("PostgreSQL gets the colon and the name, and refuses them or takes them for the value")
                        .way_out(format!("before the block: SELECT set_config('release.{name}', :'{name}', true); within it: current_setting('release.{name}')")),
                );
            }
        }
    }
}

/// The variables that the package speaks of.
fn known(case: &Case<'_>) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = case.package.variables.keys().cloned().collect();
    let undo = case.package.tier.iter().filter_map(|tier| tier.undo.as_ref()?.get_ref().split_once('='));
    known.extend(undo.map(|(name, _)| name.to_owned()));
    for (_, source) in case.library.sources.iter() {
        let text = |span: Span| String::from_utf8_lossy(span.of(&source.bytes)).into_owned();
        let mut before: Option<&Statement> = None;
        for item in &source.script.items {
            match item {
                Item::Statement(statement) => {
                    known.extend(statement.pieces.iter().filter_map(|piece| match &piece.kind {
                        PieceKind::Variable { name, .. } => Some(text(*name)),
                        _ => None,
                    }));
                    before = Some(statement);
                }
                Item::Metacommand { command, .. } => {
                    let parts = command.arguments.iter().flat_map(|argument| &argument.parts);
                    known.extend(parts.filter_map(|part| match part {
                        Part::Variable { name, .. } => Some(text(*name)),
                        _ => None,
                    }));
                    let words = command.arguments.iter().filter_map(Argument::literal);
                    let mut words = words.map(|word| String::from_utf8_lossy(&word).into_owned());
                    match command.name.as_str() {
                        "set" => known.extend(words.next()),
                        "prompt" | "getenv" => known.extend(words),
                        "gset" => {
                            let prefix = words.next().unwrap_or_default();
                            let message = before.map(|before| text(before.span)).unwrap_or_default();
                            // Any word of the query may be the name of a column of it.
                            let names = message.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
                            known.extend(names.flat_map(|name| {
                                [format!("{prefix}{name}"), format!("{prefix}{}", name.to_lowercase())]
                            }));
                        }
                        _ => {}
                    }
                }
                Item::CopyData { .. } => {}
            }
        }
    }
    known
}

/// The references within the literals of a statement, and in the code of its bodies; what a
/// comment says is nobody's.
fn quoted_references(statement: &Statement, bytes: &[u8], known: &BTreeSet<String>) -> Vec<(Span, String)> {
    let span = statement.span;
    let mut found = Vec::new();
    // Every reference has a quote beside its colon.
    if !span.of(bytes).windows(2).any(|pair| matches!(pair, b":'" | b":\"" | b"':")) {
        return found;
    }
    let Some(tokens) = std::str::from_utf8(span.of(bytes)).ok().and_then(|text| token::tokens(text).ok()) else {
        let texts = statement.pieces.iter().filter(|piece| piece.kind == PieceKind::Text);
        texts.for_each(|piece| found.extend(references(piece.span, bytes, known)));
        return found;
    };
    for literal in tokens.iter().filter(|token| token.kind == TokenKind::Text) {
        let within = Span::new(span.start + literal.span.start, span.start + literal.span.end);
        let body = within.of(bytes);
        if !body.starts_with(b"$") {
            found.extend(references(within, bytes, known));
            continue;
        }
        let tag = 1 + body.iter().skip(1).position(|byte| *byte == b'$').map_or(0, |at| at + 1);
        let inner = Span::new(within.start + tag, within.end.saturating_sub(tag).max(within.start + tag));
        let code = std::str::from_utf8(inner.of(bytes)).ok().and_then(|code| token::tokens(code).ok());
        let Some(code) = code else {
            found.extend(references(within, bytes, known));
            continue;
        };
        // From one end of a comment to the next all is code.
        let mut stretch: Option<Span> = None;
        let mut close = |stretch: &mut Option<Span>| {
            if let Some(stretch) = stretch.take() {
                found.extend(references(stretch, bytes, known));
            }
        };
        for token in code {
            let here = Span::new(inner.start + token.span.start, inner.start + token.span.end);
            match &mut stretch {
                Some(stretch) if stretch.end == here.start => *stretch = stretch.to(here),
                _ => {
                    close(&mut stretch);
                    stretch = Some(here);
                }
            }
        }
        close(&mut stretch);
    }
    found
}

/// `:'name'` and `:"name"` in bytes that psql sends as they are: within a quote or a body.
fn references(span: Span, bytes: &[u8], known: &BTreeSet<String>) -> Vec<(Span, String)> {
    let text = span.of(bytes);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(colon) = text.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b':')) {
        let start = at + colon;
        at = start + 1;
        let before = start.checked_sub(1).and_then(|index| text.get(index));
        if before == Some(&b':') {
            continue;
        }
        let Some(quote) = text.get(start + 1).filter(|byte| matches!(byte, b'\'' | b'"')) else {
            // A quote that holds nothing but the reference: ':name'.
            let rest = text.get(start + 1..).unwrap_or_default();
            let length =
                rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).unwrap_or(rest.len());
            let name = String::from_utf8_lossy(rest.get(..length).unwrap_or_default()).into_owned();
            if before == Some(&b'\'') && rest.get(length) == Some(&b'\'') && known.contains(&name) {
                found.push((Span::new(span.start + start, span.start + start + 1 + length), name));
            }
            continue;
        };
        let name_start = start + 2;
        let Some(length) = text.get(name_start..).and_then(|rest| rest.iter().position(|byte| byte == quote)) else {
            continue;
        };
        let name = text.get(name_start..name_start + length).unwrap_or_default();
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            continue;
        }
        let name = String::from_utf8_lossy(name).into_owned();
        if *quote == b'"' && follows_key(text.get(..start).unwrap_or_default()) && !known.contains(&name) {
            continue;
        }
        let whole = Span::new(span.start + start, span.start + name_start + length + 1);
        found.push((whole, name));
    }
    found
}

/// Whether a colon after these bytes is that between a key and its value, as in JSON.
fn follows_key(before: &[u8]) -> bool {
    let key = before.trim_ascii_end();
    key.ends_with(b"\"") || before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

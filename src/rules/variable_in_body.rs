//! References to variables of psql where psql does not look.

use crate::case::Case;
use crate::effect::At;
use crate::finding::Finding;
use crate::psql::{Item, PieceKind};
use crate::source::Span;

const ID: &str = "variable-in-body";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let baseline = case.of_baseline();
    for (file, source) in case.library.sources.iter() {
        if baseline.contains(&file) {
            continue;
        }
        for item in &source.script.items {
            let Item::Statement(statement) = item else { continue };
            for piece in statement.pieces.iter().filter(|piece| piece.kind == PieceKind::Text) {
                for (span, name) in references(piece.span, &source.bytes) {
                    findings.push(
                        Finding::new(ID, At::new(file, span), format!("psql puts no value here for {name}"), "within a quote")
                            .consequence("PostgreSQL gets the colon and the name, and refuses them or takes them for the value")
                            .way_out(format!("before the block: SELECT set_config('release.{name}', :'{name}', true); within it: current_setting('release.{name}')")),
                    );
                }
            }
        }
    }
}

/// `:'name'` and `:"name"` in bytes that psql sends as they are: within a quote or a body.
fn references(span: Span, bytes: &[u8]) -> Vec<(Span, String)> {
    let text = span.of(bytes);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(colon) = text.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b':')) {
        let start = at + colon;
        at = start + 1;
        let before = start.checked_sub(1).and_then(|index| text.get(index));
        let Some(quote) = text.get(start + 1).filter(|byte| matches!(byte, b'\'' | b'"')) else { continue };
        if before == Some(&b':') {
            continue;
        }
        let name_start = start + 2;
        let Some(length) = text.get(name_start..).and_then(|rest| rest.iter().position(|byte| byte == quote)) else { continue };
        let name = text.get(name_start..name_start + length).unwrap_or_default();
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            continue;
        }
        let whole = Span::new(span.start + start, span.start + name_start + length + 1);
        found.push((whole, String::from_utf8_lossy(name).into_owned()));
    }
    found
}

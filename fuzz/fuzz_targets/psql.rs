//! Any bytes are a script: psql's reader comes to an end, and every place that it names lies in
//! the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roof_lint::psql::{Item, PieceKind, read};
use roof_lint::source::Span;

fuzz_target!(|file: &[u8]| {
    let script = read(file);
    let inside = |span: Span| assert!(span.start <= span.end && span.end <= file.len(), "{span:?} of {}", file.len());
    for irregularity in &script.irregularities {
        inside(irregularity.span);
    }
    for (number, arm) in script.arms.iter().enumerate() {
        assert!(arm.parent.is_none_or(|parent| parent < number));
        assert!(arm.opened_by.is_none_or(|item| item < script.items.len()));
    }
    for item in &script.items {
        match item {
            Item::Statement(statement) => {
                inside(statement.span);
                let mut end = 0;
                for piece in &statement.pieces {
                    inside(piece.span);
                    // A piece never begins before its forerunner ends.
                    assert!(piece.span.start >= end, "{piece:?}");
                    end = piece.span.end;
                    if let PieceKind::Variable { name, .. } = &piece.kind {
                        inside(*name);
                    }
                    assert!(piece.arm < script.arms.len());
                }
                let rendered = statement.render(file, &mut |_, name| Some(name.repeat(2)));
                for offset in 0..=rendered.text.len() {
                    assert!(rendered.origin(offset) <= file.len());
                }
            }
            Item::CopyData { lines, end, .. } => {
                inside(*lines);
                end.iter().for_each(|end| inside(*end));
            }
            Item::Metacommand { arm, .. } => assert!(*arm < script.arms.len()),
        }
    }
});

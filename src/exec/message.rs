//! What the server says of errors and notices, as libpq 15 writes it.

use super::variables::{ShowContext, Verbosity};
use super::width::{self, Character, Encoding};
use crate::wire::Report;

/// How a message is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// How much of it.
    pub(super) verbosity: Verbosity,
    /// Whether with its context.
    pub(super) show_context: ShowContext,
    /// The encoding of the session.
    pub(super) encoding: Encoding,
    /// Whether it is an error, not a notice.
    pub(super) is_error: bool,
}

/// The text of a message about `query`, with the newline after its last line.
pub(super) fn write(report: &Report, query: Option<&[u8]>, manner: Manner) -> Vec<u8> {
    let mut text = Vec::new();
    let mut verbosity = manner.verbosity;
    let field = |letter: u8| report.field(letter);
    if let Some(severity) = field(b'S') {
        text.extend_from_slice(severity);
        text.extend_from_slice(b":  ");
    }
    if verbosity == Verbosity::Sqlstate {
        if let Some(code) = field(b'C') {
            text.extend_from_slice(code);
            text.push(b'\n');
            return text;
        }
        verbosity = Verbosity::Terse;
    }
    if let Some(code) = field(b'C').filter(|_| verbosity == Verbosity::Verbose) {
        text.extend_from_slice(code);
        text.extend_from_slice(b": ");
    }
    text.extend_from_slice(field(b'M').unwrap_or_default());
    let place = match (field(b'P'), field(b'p')) {
        (Some(position), _) => Some((position, report.position(), query)),
        (None, Some(position)) => Some((position, report.internal_position(), field(b'q'))),
        (None, None) => None,
    };
    let mut shown = None;
    if let Some((position, number, query)) = place {
        match query.filter(|_| verbosity != Verbosity::Terse) {
            Some(query) => shown = number.map(|number| (query, number)),
            None => {
                text.extend_from_slice(b" at character ");
                text.extend_from_slice(position);
            }
        }
    }
    text.push(b'\n');
    if verbosity != Verbosity::Terse {
        if let Some((query, position)) = shown {
            line_and_caret(&mut text, query, position, manner.encoding);
        }
        let mut line = |name: &str, value: Option<&[u8]>| {
            if let Some(value) = value {
                text.extend_from_slice(name.as_bytes());
                text.extend_from_slice(b":  ");
                text.extend_from_slice(value);
                text.push(b'\n');
            }
        };
        line("DETAIL", field(b'D'));
        line("HINT", field(b'H'));
        line("QUERY", field(b'q'));
        let has_context = match manner.show_context {
            ShowContext::Always => true,
            ShowContext::Errors => manner.is_error,
            ShowContext::Never => false,
        };
        line("CONTEXT", field(b'W').filter(|_| has_context));
        if verbosity == Verbosity::Verbose {
            line("SCHEMA NAME", field(b's'));
            line("TABLE NAME", field(b't'));
            line("COLUMN NAME", field(b'c'));
            line("DATATYPE NAME", field(b'd'));
            line("CONSTRAINT NAME", field(b'n'));
            let location = match (field(b'R'), field(b'F').zip(field(b'L'))) {
                (Some(routine), Some((file, number))) => Some([routine, b", ", file, b":", number].concat()),
                (Some(routine), None) => Some([routine, b", "].concat()),
                (None, Some((file, number))) => Some([file, b":", number].concat()),
                (None, None) => None,
            };
            line("LOCATION", location.as_deref());
        }
    }
    text
}

/// The widest excerpt of a line.
const SHOWN: usize = 60;
/// How much of it is kept to the right of the place.
const KEPT: usize = 10;

/// `LINE n: …` and a caret under the character of that number.
fn line_and_caret(text: &mut Vec<u8>, query: &[u8], position: usize, encoding: Encoding) {
    let Some(place) = position.checked_sub(1) else { return };
    // Where each character starts: offset and column.
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let (mut rest, mut column, mut number) = (query, 0, 1);
    let (mut first, mut end) = (0, None);
    let mut previous = 0;
    while let Some(byte) = rest.first() {
        let count = starts.len();
        starts.push((query.len() - rest.len(), column));
        if matches!(byte, b'\r' | b'\n') {
            if count >= place {
                end = Some(count);
                break;
            }
            if *byte == b'\r' || previous != b'\r' {
                number += 1;
            }
            first = count + 1;
        }
        previous = *byte;
        let Some((character, after)) = width::next(rest, encoding) else { break };
        column += match character {
            Character::Code(code) => width::width(code).filter(|width| *width > 0).unwrap_or(1),
            Character::Other(width) => width.max(1),
            Character::Invalid => 1,
        };
        rest = after;
    }
    let count = starts.len();
    let mut end = end.unwrap_or_else(|| {
        starts.push((query.len() - rest.len(), column));
        count
    });
    let start = |at: usize| starts.get(at).copied().unwrap_or_default();
    if place > count || place >= starts.len() {
        return;
    }
    let (mut cut_left, mut cut_right) = (false, false);
    if start(end).1 - start(first).1 > SHOWN {
        if start(first).1 + SHOWN >= start(place).1 + KEPT {
            while start(end).1 - start(first).1 > SHOWN {
                end -= 1;
            }
            cut_right = true;
        } else {
            while start(place).1 + KEPT < start(end).1 {
                end -= 1;
                cut_right = true;
            }
            while start(end).1 - start(first).1 > SHOWN {
                first += 1;
                cut_left = true;
            }
        }
    }
    let head = format!("LINE {number}: {}", if cut_left { "..." } else { "" });
    text.extend_from_slice(head.as_bytes());
    let line = query.get(start(first).0..start(end).0).unwrap_or_default();
    text.extend(line.iter().map(|byte| if *byte == b'\t' { b' ' } else { *byte }));
    if cut_right {
        text.extend_from_slice(b"...");
    }
    text.push(b'\n');
    let caret = head.len() + start(place).1.saturating_sub(start(first).1);
    text.resize(text.len() + caret, b' ');
    text.extend_from_slice(b"^\n");
}

//! Places as an editor counts them: lines from zero, and columns in the units that both sides
//! agreed on. A line ends with `\n`, `\r\n` or `\r`, as the protocol has it.

use lsp_types::{Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent};

use crate::source::Span;

/// What columns count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Half characters of UTF-16: what everybody understands.
    Utf16,
}

impl Encoding {
    /// The best of what the other side understands.
    pub(super) fn choose(known: Option<&[PositionEncodingKind]>) -> Self {
        let is_utf8 = known.is_some_and(|known| known.contains(&PositionEncodingKind::UTF8));
        if is_utf8 { Self::Utf8 } else { Self::Utf16 }
    }

    pub(super) fn word(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
        }
    }
}

/// The lines of a text.
#[derive(Debug, Clone)]
pub(super) struct Lines<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t [u8], encoding: Encoding) -> Self {
        let mut starts = vec![0];
        for (offset, byte) in text.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => text.get(offset + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(offset + 1);
            }
        }
        Self { text, starts, encoding }
    }

    /// Where a byte stands.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = Span::new(start, offset).of(self.text);
        let column: usize = before
            .utf8_chunks()
            .map(|chunk| {
                // An editor shows a mark for what is no character.
                let invalid = if chunk.invalid().is_empty() { 0 } else { self.encoding.width('\u{fffd}') };
                chunk.valid().chars().map(|character| self.encoding.width(character)).sum::<usize>() + invalid
            })
            .sum();
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: narrow(line), character: narrow(column) }
    }

    pub(super) fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end) }
    }

    /// The byte at a place; a place behind the end of its line is the end of the line, one
    /// behind the last line is the end of the text.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let end = self.starts.get(line.saturating_add(1)).copied().unwrap_or(self.text.len());
        let body = Span::new(start, end).of(self.text);
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        let (mut offset, mut column) = (start, 0);
        for chunk in body.utf8_chunks() {
            for character in chunk.valid().chars() {
                let next = column + self.encoding.width(character);
                // The middle of a character is its start.
                if next > wanted {
                    return offset;
                }
                (offset, column) = (offset + character.len_utf8(), next);
            }
            if !chunk.invalid().is_empty() {
                let next = column + self.encoding.width('\u{fffd}');
                if next > wanted {
                    return offset;
                }
                (offset, column) = (offset + chunk.invalid().len(), next);
            }
        }
        offset
    }

    pub(super) fn span(&self, range: Range) -> Span {
        let start = self.offset(range.start);
        Span::new(start, self.offset(range.end).max(start))
    }
}

/// The text after a change that an editor tells.
pub(super) fn change(text: &str, change: &TextDocumentContentChangeEvent, encoding: Encoding) -> String {
    let Some(range) = change.range else { return change.text.clone() };
    let span = Lines::of(text.as_bytes(), encoding).span(range);
    // Both are offsets of characters.
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).unwrap_or_default();
    [before, &change.text, after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_bytes_lead_to_one_another() {
        let text = "\u{feff}a\u{1ed9}\u{1F600}z\r\nb\rc\n\n\u{e9}";
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::of(text.as_bytes(), encoding);
            for (offset, character) in text.char_indices() {
                let is_break = matches!(character, '\n') && text.as_bytes().get(offset.wrapping_sub(1)) == Some(&b'\r');
                let position = lines.position(offset);
                if !is_break {
                    assert_eq!(lines.offset(position), offset, "{encoding:?} {position:?}");
                }
            }
            assert_eq!(lines.position(text.len()).line, 4);
        }
        let lines = Lines::of(text.as_bytes(), Encoding::Utf16);
        let at = |needle: char| {
            let position = lines.position(text.find(needle).unwrap_or(0));
            (position.line, position.character)
        };
        assert_eq!((at('z'), at('b'), at('c'), at('\u{e9}')), ((0, 5), (1, 0), (2, 0), (4, 0)));
        // Behind the end of a line, in the middle of a character, behind the last line.
        let offset = |line, character| lines.offset(Position { line, character });
        assert_eq!(offset(0, 99), text.find('\r').unwrap_or(0));
        assert_eq!(offset(0, 4), text.find('\u{1F600}').unwrap_or(0));
        assert_eq!((offset(9, 0), offset(4, 9), offset(u32::MAX, u32::MAX)), (text.len(), text.len(), text.len()));
    }

    #[test]
    fn bytes_that_are_no_characters_have_places() {
        let text = b"a\xff\xc3b\n";
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::of(text, encoding);
            for offset in [0, 1, 2, 3] {
                assert_eq!(lines.offset(lines.position(offset)), offset);
            }
        }
    }

    #[test]
    fn changes_are_applied_one_after_the_other() {
        let place = |line, character| Position { line, character };
        let event = |start, end, text: &str| TextDocumentContentChangeEvent {
            range: Some(Range { start, end }),
            range_length: None,
            text: text.to_owned(),
        };
        let text = "SELECT '\u{1F600}';\r\nSELECT 2;\n";
        let text = change(text, &event(place(0, 8), place(0, 10), "x"), Encoding::Utf16);
        assert_eq!(text, "SELECT 'x';\r\nSELECT 2;\n");
        let text = change(&text, &event(place(0, 11), place(1, 0), " "), Encoding::Utf16);
        assert_eq!(text, "SELECT 'x'; SELECT 2;\n");
        // The wrong way round, and out of all bounds.
        let text = change(&text, &event(place(7, 0), place(0, 0), "!"), Encoding::Utf16);
        assert_eq!(text, "SELECT 'x'; SELECT 2;\n!");
        let whole = TextDocumentContentChangeEvent { range: None, range_length: None, text: "new".to_owned() };
        assert_eq!(change(&text, &whole, Encoding::Utf16), "new");
    }
}

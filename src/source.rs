//! Text, byte spans and one-based places. The only file that counts lines.

/// A half-open range of bytes within one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The bytes of `text` that the span covers; none where it lies outside.
    #[must_use]
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// Where a byte stands for a reader: both numbers count from one, the column in
/// characters (invalid UTF-8 counts a character for each byte).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, as every editor counts it: a line ends with `\n`.
    pub line: usize,
    /// Character within the line.
    pub column: usize,
}

/// The place of the byte at `offset` of `text`; past the end, the place after the last.
#[must_use]
pub fn place(text: &[u8], offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = 1 + before[line_start..]
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum::<usize>();
    Place { line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        let text = "a\nđộ x\r\n\u{1F600}!".as_bytes();
        let at = |needle: &str| {
            let offset = text.windows(needle.len()).position(|w| w == needle.as_bytes()).unwrap_or(text.len());
            let Place { line, column } = place(text, offset);
            (line, column)
        };
        assert_eq!(at("a"), (1, 1));
        assert_eq!(at("x"), (2, 4));
        assert_eq!(at("!"), (3, 2));
        assert_eq!(at("nowhere"), (3, 3));
        assert_eq!(place(b"\xff\xfe!", 2), Place { line: 1, column: 3 });
    }
}

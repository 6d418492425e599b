//! Text, byte spans and one-based places. The only file that counts lines.

use std::fmt::Write;
use std::sync::OnceLock;

/// One of the texts of a run, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(usize);

impl FileId {
    /// The text with that number, counted from 0.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its number.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

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

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// The text on one line, with everything in it shown that a terminal would obey or a reader
/// not see: control characters, and those that turn the direction of text or have no width.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| show(character, &mut shown));
    shown
}

/// The same, but lines stay lines and tabs stay tabs.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\n' | '\t') {
            shown.push(character);
        } else {
            show(character, &mut shown);
        }
    }
    shown
}

/// Adds the character, or what stands for it if it [`is_hidden`].
pub fn show(character: char, shown: &mut String) {
    match character {
        '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(character))),
        '\x7f' => shown.push('\u{2421}'),
        _ if is_hidden(character) => {
            // Writing to a string cannot fail.
            let _ = write!(shown, "<U+{:04X}>", u32::from(character));
        }
        _ => shown.push(character),
    }
}

/// Whether the character does something to a terminal or to a reader, and shows nothing.
#[must_use]
pub const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Which byte of a file each byte of a derived text came from: of a message whose variables
/// have values, or of a function's body whose quotes are undoubled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    file: FileId,
    /// Offset in the text and offset in the file, ascending; between two of them both run
    /// in step.
    steps: Vec<(usize, usize)>,
}

impl Map {
    /// A text that stands in the file from `offset` on, byte by byte.
    #[must_use]
    pub fn at(file: FileId, offset: usize) -> Self {
        Self { file, steps: vec![(0, offset)] }
    }

    /// A text whose parts stand in the file: pairs of offset in the text and in the file,
    /// ascending in the first, the first of them 0.
    #[must_use]
    pub fn from_steps(file: FileId, steps: Vec<(usize, usize)>) -> Self {
        Self { file, steps }
    }

    /// The file.
    #[must_use]
    pub const fn file(&self) -> FileId {
        self.file
    }

    /// The offset in the file of an offset in the text.
    #[must_use]
    pub fn offset(&self, offset: usize) -> usize {
        let index = self.steps.partition_point(|step| step.0 <= offset);
        let (text, file) = index.checked_sub(1).and_then(|index| self.steps.get(index)).copied().unwrap_or((0, 0));
        // What a step stands for may be shorter in the file than in the text: a variable.
        let next = self.steps.get(index).map_or(usize::MAX, |step| step.1);
        (file + (offset - text)).min(next.max(file))
    }

    /// The span in the file of a span in the text.
    #[must_use]
    pub fn span(&self, span: Span) -> Span {
        let start = self.offset(span.start);
        // The last byte rather than the one after it: that may stand far away.
        let end = if span.end > span.start { self.offset(span.end - 1) + 1 } else { start };
        Span::new(start, end.max(start))
    }

    /// The map of the part of this text that `span` covers.
    #[must_use]
    pub fn part(&self, span: Span) -> Self {
        let from = self.steps.partition_point(|step| step.0 <= span.start);
        // The step after the part says where its last bytes may stand at most.
        let to = (self.steps.partition_point(|step| step.0 < span.end) + 1).min(self.steps.len()).max(from);
        let mut steps = vec![(0, self.offset(span.start))];
        let within = self.steps.get(from..to).unwrap_or_default();
        steps.extend(within.iter().map(|(text, file)| (text - span.start, *file)));
        Self { file: self.file, steps }
    }

    /// The map of a text derived from this text: `steps` as in [`Map::from_steps`], their
    /// second offset one of this text.
    #[must_use]
    pub fn then(&self, steps: &[(usize, usize)]) -> Self {
        // A step of this map that falls between two of the others is a step of both.
        let mut merged = Vec::with_capacity(steps.len());
        for (index, (inner, outer)) in steps.iter().enumerate() {
            let end = steps.get(index + 1).map_or(usize::MAX, |next| outer + (next.0 - inner));
            merged.push((*inner, self.offset(*outer)));
            let from = self.steps.partition_point(|step| step.0 <= *outer);
            for (text, file) in self.steps.get(from..).unwrap_or_default().iter().take_while(|step| step.0 < end) {
                merged.push((inner + (text - outer), *file));
            }
        }
        Self { file: self.file, steps: merged }
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
    Place { line, column: 1 + characters(&before[line_start..]) }
}

/// How many bytes lie between two places at which [`Lines`] has counted.
const STRIDE: usize = 4096;

/// Where the lines of a text start, so that many places in it are found without reading it
/// from its start each time.
#[derive(Debug, Clone)]
pub struct Lines {
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
    /// Offsets at which a character begins, about [`STRIDE`] bytes apart, with the number of
    /// characters before each; only where a line is so long.
    counts: OnceLock<Vec<(usize, usize)>>,
    length: usize,
}

impl Lines {
    /// Reads the text once.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let newlines = memchr::memchr_iter(b'\n', text);
        let starts = std::iter::once(0).chain(newlines.map(|offset| offset + 1)).collect();
        Self { starts, counts: OnceLock::new(), length: text.len() }
    }

    fn count(text: &[u8]) -> Vec<(usize, usize)> {
        let mut counts = vec![(0, 0)];
        let (mut offset, mut characters, mut next) = (0, 0, STRIDE);
        for chunk in text.utf8_chunks() {
            let valid = chunk.valid().chars().map(char::len_utf8);
            for length in valid.chain(chunk.invalid().iter().map(|_| 1)) {
                if offset >= next {
                    counts.push((offset, characters));
                    next = offset + STRIDE;
                }
                offset += length;
                characters += 1;
            }
        }
        counts
    }

    /// The same as [`place`] of the text that was read; `text` has to be that text.
    #[must_use]
    pub fn place(&self, text: &[u8], offset: usize) -> Place {
        let offset = offset.min(self.length);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Place { line, column: 1 + self.characters(text, start, offset) }
    }

    /// The bytes of a line, counted from one, without its `\n`; none past the last line.
    #[must_use]
    pub fn span(&self, line: usize) -> Option<Span> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).map_or(self.length, |next| next - 1);
        Some(Span::new(start, end))
    }

    /// How many characters there are from one offset to a later one.
    #[must_use]
    pub fn characters(&self, text: &[u8], start: usize, end: usize) -> usize {
        if end.saturating_sub(start) < STRIDE {
            return characters(Span::new(start, end).of(text));
        }
        self.before(text, end).saturating_sub(self.before(text, start))
    }

    fn before(&self, text: &[u8], offset: usize) -> usize {
        let counts = self.counts.get_or_init(|| Self::count(text));
        let index = counts.partition_point(|(at, _)| *at <= offset).saturating_sub(1);
        let (at, count) = counts.get(index).copied().unwrap_or((0, 0));
        count + characters(Span::new(at, offset).of(text))
    }
}

/// How many characters these bytes are; each that is not UTF-8 counts as one.
fn characters(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_leads_through_several_texts_to_the_file() {
        let file = FileId::new(0);
        // The text is `ab` from 10 on, a variable of one byte at 20 that stands for `xyz`, `c` from 25 on.
        let map = Map::from_steps(file, vec![(0, 10), (2, 20), (5, 25)]);
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|offset| map.offset(offset)), [10, 11, 20, 21, 22, 25, 26]);
        assert_eq!(map.span(Span::new(0, 2)), Span::new(10, 12));
        let inner = map.then(&[(0, 1), (3, 5)]);
        assert_eq!([0, 1, 2, 3, 4].map(|offset| inner.offset(offset)), [11, 20, 21, 25, 26]);
        let part = map.part(Span::new(1, 4));
        assert_eq!([0, 1, 2, 3, 4].map(|offset| part.offset(offset)), [11, 20, 21, 22, 25]);
        assert_eq!(map.part(Span::new(5, 6)).offset(0), 25);
        assert_eq!(Map::at(file, 7).then(&[(0, 1), (2, 4)]).span(Span::new(1, 3)), Span::new(9, 12));
    }

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

    #[test]
    fn an_index_of_lines_finds_the_places_that_counting_finds() {
        let mut long = b"a\r\n\n\xff\xc3".to_vec();
        for round in 0..900_usize {
            long.extend("x\u{1ed9}\u{1F600}".as_bytes());
            long.extend((round % 7 == 0).then_some(b'\xfe'));
        }
        long.extend(b"\nlast");
        for text in [&b""[..], b"\n", b"a", b"a\n\nb\n", &long] {
            let lines = Lines::of(text);
            for offset in 0..=text.len() + 2 {
                assert_eq!(lines.place(text, offset), place(text, offset), "at {offset} of {}", text.len());
            }
        }
        let lines = Lines::of(b"one\ntwo\n");
        let spans = [0, 1, 2, 3, 4].map(|line| lines.span(line));
        assert_eq!(spans, [None, Some(Span::new(0, 3)), Some(Span::new(4, 7)), Some(Span::new(8, 8)), None]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a\x1b[31m\tb\r\n\0\x7f"), "a␛[31m␉b␍␊␀␡");
        assert_eq!(visible_lines("a\x1b[31m\tb\r\n\0\x7f"), "a␛[31m\tb␍\n␀␡");
        assert_eq!(visible("\u{9b}x\u{202e}y\u{200b}"), "<U+009B>x<U+202E>y<U+200B>");
        assert_eq!(visible("độ \u{1F600}"), "độ \u{1F600}");
    }
}

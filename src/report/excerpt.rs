//! The few lines of a file that a finding needs, as codespan-reporting wants them: any bytes
//! are shown, and long lines are cut around what matters.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

use codespan_reporting::files::{Error, Files};

use crate::source::{Lines, Place, Span, show, visible};

/// Lines of more columns than this are cut.
const LONG: usize = 400;
/// How many columns of a long line are shown, and how many of them before the label.
const SHOWN: usize = 200;
const BEFORE: usize = 60;
/// No character has more bytes.
const CHARACTER: usize = 4;
/// Labels over more lines than this lose those in the middle.
const WHOLE: usize = 6;

/// Lines of one file.
pub(super) struct Excerpt<'a> {
    name: String,
    bytes: &'a [u8],
    lines: &'a Lines,
    /// What is shown, line by line, each ending in `\n`.
    text: String,
    shown: Vec<Line>,
    /// Where labels start in `text` and in which column of the file that is.
    columns: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Line {
    number: usize,
    /// Where it stands in [`Excerpt::text`].
    start: usize,
    /// The part of the file that is shown.
    window: Span,
    is_cut_before: bool,
}

impl<'a> Excerpt<'a> {
    /// The lines of a file on which these labels start and end, and some between.
    pub(super) fn new(name: &str, bytes: &'a [u8], lines: &'a Lines, labels: &[Span]) -> Self {
        let mut excerpt =
            Self { name: visible(name), bytes, lines, text: String::new(), shown: Vec::new(), columns: Vec::new() };
        let mut numbers = BTreeSet::new();
        for label in labels {
            let (first, last) = (lines.place(bytes, label.start).line, lines.place(bytes, label.end).line);
            if last - first <= WHOLE {
                numbers.extend(first..=last);
            } else {
                numbers.extend([first, first + 1, first + 2, first + 3, last - 1, last]);
            }
        }
        let mut last: Option<usize> = None;
        for number in numbers {
            match last.map(|last| number - last) {
                None | Some(1) => {}
                // A mark for one line that is left out is no shorter than the line.
                Some(2) => excerpt.add(number - 1, labels),
                // Two, because codespan-reporting would show a single one.
                Some(_) => (0..2).for_each(|_| excerpt.add_gap(number - 1)),
            }
            excerpt.add(number, labels);
            last = Some(number);
        }
        excerpt
    }

    fn add_gap(&mut self, number: usize) {
        let start = self.text.len();
        self.text.push('\n');
        self.shown.push(Line { number, start, window: Span::default(), is_cut_before: false });
    }

    fn add(&mut self, number: usize, labels: &[Span]) {
        let line = self.lines.span(number).unwrap_or_default();
        let is_here = |label: &&Span| line.start <= label.start && label.start <= line.end;
        let window = self.window(line, labels.iter().find(is_here).map_or(line.start, |label| label.start));
        let start = self.text.len();
        let is_cut_before = window.start > line.start;
        if is_cut_before {
            self.text.push('…');
        }
        let shown = shown(window.of(self.bytes).trim_ascii_end());
        self.text.push_str(&shown);
        if window.end < line.end {
            self.text.push('…');
        }
        self.text.push('\n');
        self.shown.push(Line { number, start, window, is_cut_before });
    }

    /// The part of a line that is shown: all of it, if it is not too long.
    fn window(&self, line: Span, label: usize) -> Span {
        let length = line.end - line.start;
        if length <= LONG
            || length <= LONG * CHARACTER && self.lines.characters(self.bytes, line.start, line.end) <= LONG
        {
            return line;
        }
        let before = Span::new(label.saturating_sub(BEFORE * CHARACTER).max(line.start), label).of(self.bytes);
        let begins: Vec<usize> = beginnings(before).collect();
        let start = begins.len().checked_sub(BEFORE).and_then(|index| begins.get(index)).copied();
        let start =
            start.map_or(line.start.max(label.saturating_sub(before.len())), |start| label - before.len() + start);
        let rest = Span::new(start, (start + SHOWN * CHARACTER).min(line.end)).of(self.bytes);
        let end = beginnings(rest).nth(SHOWN).map_or(start + rest.len(), |length| start + length);
        Span::new(start, end)
    }

    /// Where in the excerpt a span of the file stands.
    pub(super) fn label(&mut self, span: Span) -> Range<usize> {
        let start = self.find(span.start);
        let end = self.find(span.end).max(start);
        let Place { column, .. } = self.lines.place(self.bytes, span.start);
        self.columns.push((start, column));
        start..end
    }

    fn find(&self, offset: usize) -> usize {
        let number = self.lines.place(self.bytes, offset).line;
        let Some(line) = self.shown.iter().rfind(|line| line.number == number) else { return 0 };
        let length = offset.clamp(line.window.start, line.window.end) - line.window.start;
        let before = line.window.of(self.bytes).get(..length).unwrap_or_default();
        let mark = if line.is_cut_before { '…'.len_utf8() } else { 0 };
        let shown = line.start + mark + shown(before).len();
        // White space at the end of a line is not shown.
        let index = self.shown.iter().position(|other| other.start == line.start).unwrap_or(0);
        shown.min(self.end(index))
    }

    /// Where a line of the excerpt ends, without its `\n`.
    fn end(&self, index: usize) -> usize {
        self.shown.get(index + 1).map_or(self.text.len(), |next| next.start).saturating_sub(1)
    }
}

/// Offsets at which characters begin; bytes that are not UTF-8 are each one.
fn beginnings(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    bytes
        .utf8_chunks()
        .flat_map(|chunk| chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1)))
        .map(move |length| {
            let start = at;
            at += length;
            start
        })
}

fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\t' {
                text.push(character);
            } else {
                show(character, &mut text);
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "<{byte:02X}>");
        }
    }
    text
}

/// The excerpts of one finding.
pub(super) struct Excerpts<'a>(pub(super) Vec<Excerpt<'a>>);

impl<'a> Excerpts<'a> {
    fn get(&self, id: usize) -> Result<&Excerpt<'a>, Error> {
        self.0.get(id).ok_or(Error::FileMissing)
    }

    fn line(&self, id: usize, index: usize) -> Result<&Line, Error> {
        let shown = &self.get(id)?.shown;
        shown.get(index).ok_or(Error::LineTooLarge { given: index, max: shown.len() })
    }
}

impl<'f> Files<'f> for Excerpts<'_> {
    type FileId = usize;
    type Name = &'f str;
    type Source = &'f str;

    fn name(&'f self, id: usize) -> Result<&'f str, Error> {
        Ok(&self.get(id)?.name)
    }

    fn source(&'f self, id: usize) -> Result<&'f str, Error> {
        Ok(&self.get(id)?.text)
    }

    fn line_index(&'f self, id: usize, byte: usize) -> Result<usize, Error> {
        Ok(self.get(id)?.shown.partition_point(|line| line.start <= byte).saturating_sub(1))
    }

    fn line_number(&'f self, id: usize, index: usize) -> Result<usize, Error> {
        Ok(self.line(id, index)?.number)
    }

    fn column_number(&'f self, id: usize, _: usize, byte: usize) -> Result<usize, Error> {
        let columns = &self.get(id)?.columns;
        Ok(columns.iter().find(|(start, _)| *start == byte).map_or(1, |(_, column)| *column))
    }

    fn line_range(&'f self, id: usize, index: usize) -> Result<Range<usize>, Error> {
        let start = self.line(id, index)?.start;
        Ok(start..self.get(id)?.end(index) + 1)
    }
}

//! Where the parts of a file stand while it is edited. Blanks between its statements take up
//! what is written into one of them, so that the others keep their places, and whatever was
//! found out about them stays true to the byte. Knows psql's reading and nothing of SQL.

use std::sync::Arc;

use crate::psql::{self, Ending, Item, Script};
use crate::source::Span;

/// How many blanks follow a part to begin with.
const ROOM: usize = 128;
/// How many follow a part that has needed more.
const WIDE_ROOM: usize = 4096;

/// A file as it is written, and the same with blanks between its parts.
#[derive(Debug)]
pub struct Layout {
    /// The file as it is written.
    pub written: Arc<[u8]>,
    /// The same with blanks between its parts.
    pub bytes: Arc<[u8]>,
    /// The latter taken apart.
    pub script: Arc<Script>,
    parts: Vec<Part>,
}

/// Bytes that stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// In the file as it is written.
    written: Span,
    /// Where it starts among the blanks.
    start: usize,
}

impl Part {
    fn length(self) -> usize {
        self.written.end - self.written.start
    }

    fn end(self) -> usize {
        self.start + self.length()
    }
}

impl Layout {
    /// The file without any blanks of ours.
    #[must_use]
    pub fn plain(written: Arc<[u8]>) -> Self {
        let script = Arc::new(psql::read(&written));
        Self { bytes: Arc::clone(&written), written, script, parts: Vec::new() }
    }

    /// The file with what it has in common with one of these where it stood in that.
    #[must_use]
    pub fn after(known: &[Arc<Self>], written: Arc<[u8]>) -> Self {
        let plain = Self::plain(Arc::clone(&written));
        let (parts, bytes) = laid_out(known, &written, &cuts(&plain.script, written.len()));
        let script = psql::read(&bytes);
        let layout = Self { written, bytes: Arc::from(bytes), script: Arc::new(script), parts };
        // Blanks that psql does not take for blanks are none.
        if layout.reads_as(&plain.script) { layout } else { plain }
    }

    /// The same of a TOML file, in which blanks may stand before the head of a table; what it
    /// says has to stay the same.
    #[must_use]
    pub fn of_toml(known: &[Arc<Self>], text: &str) -> Self {
        let heads = text.match_indices("\n[").map(|(offset, _)| offset + 1);
        // There may be something before the first head later.
        let first = text.starts_with('[').then_some(0);
        let cuts: Vec<usize> = std::iter::once(0).chain(first).chain(heads).chain([text.len()]).collect();
        let written: Arc<[u8]> = Arc::from(text.as_bytes());
        let (parts, bytes) = laid_out(known, &written, &cuts);
        let says =
            |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|text| toml::from_str::<toml::Table>(text).ok());
        let is_same = says(&bytes).is_some_and(|table| Some(table) == says(&written));
        let (parts, bytes) = if is_same { (parts, Arc::from(bytes)) } else { (Vec::new(), Arc::clone(&written)) };
        Self { written, bytes, script: Arc::default(), parts }
    }

    /// How many parts at the start and at the end are those of this; first their sum.
    fn shared(&self, written: &[u8], spans: &[Span]) -> (usize, usize, usize) {
        let is_same = |(part, span): &(&Part, &Span)| part.written.of(&self.written) == span.of(written);
        let before = self.parts.iter().zip(spans).take_while(is_same).count();
        let rest = self.parts.len().min(spans.len()) - before;
        let after = self.parts.iter().rev().zip(spans.iter().rev()).take(rest).take_while(is_same).count();
        (before + after, before, after)
    }

    /// The parts of a text of which the first and the last are those of this.
    fn with(&self, spans: &[Span], before: usize, after: usize) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::with_capacity(spans.len());
        let place = |part: &Part, span: &Span| Part { written: *span, start: part.start };
        parts.extend(self.parts.iter().zip(spans).take(before).map(|(part, span)| place(part, span)));
        let changed = spans.get(before..spans.len() - after).unwrap_or_default();
        let were = self.parts.get(before..self.parts.len() - after).unwrap_or_default();
        let follows = self.parts.get(self.parts.len() - after).filter(|_| after > 0).map(|part| part.start);
        let mut cursor = parts.last().map_or(0, |part| part.end());
        let needed: usize = changed.iter().map(|span| span.end - span.start).sum();
        let free = follows.map(|follows| follows.saturating_sub(cursor).saturating_sub(needed));
        let room = free.map_or(ROOM, |free| (free / (changed.len() + 1)).min(ROOM));
        for (index, span) in changed.iter().enumerate() {
            // A part that was changed stays where it stood.
            let stood = were.get(index).filter(|_| were.len() == changed.len()).map(|part| part.start);
            let start = match stood {
                Some(stood) if stood >= cursor => stood,
                _ if parts.is_empty() => 0,
                _ => cursor + room,
            };
            let part = Part { written: *span, start };
            cursor = part.end();
            parts.push(part);
        }
        let rest = spans.get(spans.len() - after..).unwrap_or_default();
        if follows.is_none_or(|follows| cursor <= follows) {
            let stood = self.parts.get(self.parts.len() - after..).unwrap_or_default();
            parts.extend(stood.iter().zip(rest).map(|(part, span)| place(part, span)));
        } else {
            // It does not fit: from here on everything moves, and there is room for more.
            parts.truncate(before);
            let cursor = parts.last().map_or(0, |part| part.end() + ROOM);
            parts.extend(fresh(changed, cursor, WIDE_ROOM));
            let cursor = parts.last().map_or(0, |part| part.end() + WIDE_ROOM);
            parts.extend(fresh(rest, cursor, ROOM));
        }
        parts
    }

    /// Whether its script is the other, but for the places.
    fn reads_as(&self, plain: &Script) -> bool {
        let ours = &self.script;
        let spans = |script: &Script, is_laid_out: bool| {
            let mut found: Vec<Span> = Vec::new();
            for item in &script.items {
                match item {
                    Item::Statement(statement) => {
                        found.push(statement.span);
                        found.extend(statement.pieces.iter().map(|piece| piece.span));
                    }
                    Item::Metacommand { command, .. } => found.push(command.span),
                    Item::CopyData { lines, end, .. } => {
                        found.push(*lines);
                        found.extend(end.iter());
                    }
                }
            }
            found.extend(script.irregularities.iter().map(|irregularity| irregularity.span));
            if is_laid_out {
                found.iter_mut().for_each(|span| *span = self.written(*span));
            }
            found
        };
        let shape = |script: &Script| {
            let items = script.items.iter().map(|item| match item {
                Item::Statement(statement) => (0, statement.pieces.len(), statement.separators, statement.arm),
                Item::Metacommand { command, arm } => (1, command.arguments.len(), 0, *arm),
                Item::CopyData { arm, .. } => (2, 0, 0, *arm),
            });
            items.collect::<Vec<_>>()
        };
        shape(ours) == shape(plain) && ours.arms == plain.arms && spans(ours, true) == spans(plain, false)
    }

    /// The bytes of the file as it is written that a span among the blanks stands for.
    #[must_use]
    pub fn written(&self, span: Span) -> Span {
        let start = self.offset(span.start);
        // The last byte rather than the one after it: that may stand behind blanks.
        let end = if span.end > span.start { self.offset(span.end - 1) + 1 } else { start };
        Span::new(start, end.clamp(start, self.written.len().max(start)))
    }

    /// The place among the blanks of an offset in the file as it is written.
    #[must_use]
    pub fn laid_out(&self, offset: usize) -> usize {
        let index = self.parts.partition_point(|part| part.written.start <= offset);
        let part = index.checked_sub(1).and_then(|index| self.parts.get(index));
        part.map_or(offset, |part| part.start + (offset - part.written.start))
    }

    fn offset(&self, offset: usize) -> usize {
        let index = self.parts.partition_point(|part| part.start <= offset);
        let part = index.checked_sub(1).and_then(|index| self.parts.get(index));
        part.map_or(offset, |part| (part.written.start + (offset - part.start)).min(part.written.end))
    }
}

/// A text in parts, and with blanks between them: where one of these is known, what the two
/// have in common stands where it stood.
fn laid_out(known: &[Arc<Layout>], written: &[u8], cuts: &[usize]) -> (Vec<Part>, Vec<u8>) {
    let spans: Vec<Span> = cuts.iter().zip(cuts.iter().skip(1)).map(|(from, to)| Span::new(*from, *to)).collect();
    let shared = known.iter().rev().map(|layout| (layout, layout.shared(written, &spans)));
    let parts = match shared.max_by_key(|(_, (count, ..))| *count) {
        Some((layout, (count, before, after))) if count > 0 => layout.with(&spans, before, after),
        _ => fresh(&spans, 0, ROOM),
    };
    let mut bytes = Vec::with_capacity(parts.last().map_or(0, |part| part.end()));
    for part in &parts {
        bytes.resize(part.start, b' ');
        bytes.extend_from_slice(part.written.of(written));
    }
    (parts, bytes)
}

/// Parts one after the other from an offset on.
fn fresh(spans: &[Span], offset: usize, room: usize) -> Vec<Part> {
    let mut next = offset;
    let place = |span: &Span| {
        let part = Part { written: *span, start: next };
        next = part.end() + room;
        part
    };
    spans.iter().map(place).collect()
}

/// The offsets before which blanks change nothing, with the first and the last of the file.
fn cuts(script: &Script, length: usize) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut busy = 0;
    let mut held = false;
    let mut ended = 0;
    for item in &script.items {
        match item {
            Item::Statement(statement) => {
                if statement.span.start >= busy && !held {
                    cuts.push(statement.span.start);
                }
                held = statement.ending == Ending::Metacommand || statement.ending == Ending::Reset;
                busy = busy.max(statement.span.end);
                if statement.ending == Ending::Semicolon && statement.span.end >= busy {
                    ended = statement.span.end;
                    cuts.push(ended);
                }
            }
            Item::Metacommand { command, .. } => {
                if command.span.start >= busy && !held {
                    cuts.push(command.span.start);
                }
                held = false;
                busy = busy.max(command.span.end);
            }
            Item::CopyData { lines, end, .. } => {
                // The line break before the data belongs to the statement.
                if cuts.last() == Some(&ended) {
                    cuts.pop();
                }
                busy = busy.max(end.map_or(lines.end, |end| end.end));
            }
        }
    }
    cuts.push(length);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn after(known: &[Arc<Layout>], text: &str) -> Arc<Layout> {
        Arc::new(Layout::after(known, Arc::from(text.as_bytes())))
    }

    fn place(layout: &Layout, words: &str) -> usize {
        let text = String::from_utf8_lossy(&layout.bytes).into_owned();
        text.find(words).expect("it is there")
    }

    const TEXT: &str =
        "BEGIN;\n-- one\nCREATE TABLE a (b int);\n\\echo x\nSELECT 1 \\gset\nCOPY a FROM stdin;\n1\n2\n\\.\nCOMMIT;\n";

    #[test]
    fn what_does_not_change_keeps_its_place() {
        let first = after(&[], TEXT);
        for (old, new) in
            [("-- one", "-- one and more"), ("a (b int)", "a (b int, c int)"), ("BEGIN;\n", "BEGIN;\nSELECT 7;\n")]
        {
            let second = after(&[Arc::clone(&first)], &TEXT.replace(old, new));
            for words in ["BEGIN", "\\echo", "SELECT 1", "COPY", "COMMIT"] {
                assert_eq!(place(&first, words), place(&second, words), "{new}: {words}");
            }
            let back = after(&[second], TEXT);
            assert_eq!(place(&first, "COMMIT"), place(&back, "COMMIT"));
        }
        let long = after(&[Arc::clone(&first)], &TEXT.replace("-- one", &format!("-- {}", "x".repeat(500))));
        assert!(place(&first, "COMMIT") < place(&long, "COMMIT"));
        let longer = after(&[Arc::clone(&long)], &TEXT.replace("-- one", &format!("-- {}", "x".repeat(600))));
        assert_eq!(place(&long, "COMMIT"), place(&longer, "COMMIT"));
    }

    #[test]
    fn every_place_leads_back_to_what_is_written() {
        for text in [
            TEXT,
            "",
            "\n",
            "SELECT 1",
            "'",
            "\u{feff}SELECT '\u{1F600}';\r\nSELECT 2;",
            "\\if x\nSELECT 1;\n\\else\n;\n\\endif\n",
        ] {
            let layout = after(&[], text);
            for (offset, byte) in text.bytes().enumerate() {
                let place = layout.laid_out(offset);
                assert_eq!(layout.bytes.get(place), Some(&byte), "{offset} of {text:?}");
                assert_eq!(layout.written(Span::new(place, place + 1)), Span::new(offset, offset + 1));
            }
        }
    }

    #[test]
    fn blanks_in_a_toml_file_say_nothing() {
        let text = "a = 1\n[[b]]\nc = \"x\"\n[[b]]\nc = 2\n";
        let first = Arc::new(Layout::of_toml(&[], text));
        let second = Layout::of_toml(&[Arc::clone(&first)], &text.replace("a = 1", "a = 1 # one"));
        assert_eq!(place(&first, "c = 2"), place(&second, "c = 2"));
        // Within a text a line may look like the head of a table.
        let text = "a = \"\"\"\n[b]\n\"\"\"\n";
        assert_eq!(&*Layout::of_toml(&[], text).bytes, text.as_bytes());
    }
}

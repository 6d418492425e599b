//! Where the `--` comments of a script stand. Never within a string, the data of a COPY or
//! a metacommand; within the body of a function or of a DO they count.

use crate::psql::{self, Item};
use crate::source::Span;

/// How deeply bodies within bodies are looked into.
const DEPTH_LIMIT: usize = 4;

/// A `--` comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comment {
    /// Up to the end of its line.
    pub(super) span: Span,
    /// The statement or the metacommand after it, with what stands before that since the one
    /// before; nothing if it stands within a statement, and after the last one.
    pub(super) next: Option<Span>,
}

/// The `--` comments.
pub(super) fn comments(text: &[u8]) -> Vec<Comment> {
    let items = psql::read(text).items;
    let skipped = items.iter().filter_map(|item| match item {
        Item::Metacommand { command, .. } => Some(command.span),
        Item::CopyData { lines, end, .. } => Some(end.map_or(*lines, |end| lines.to(end))),
        Item::Statement(_) => None,
    });
    let mut skipped: Vec<Span> = skipped.collect();
    skipped.sort_unstable();
    let mut ends: Vec<usize> = skipped.iter().map(|span| span.end).collect();
    ends.extend(items.iter().filter_map(|item| match item {
        Item::Statement(statement) => Some(statement.span.end),
        _ => None,
    }));
    ends.sort_unstable();
    let mut scanner = Scanner { text, ends, comments: Vec::new() };
    scanner.scan(Span::new(0, text.len()), &skipped, 0);
    scanner.comments
}

struct Scanner<'a> {
    text: &'a [u8],
    /// Where statements and metacommands end, outside of bodies.
    ends: Vec<usize>,
    comments: Vec<Comment>,
}

/// Where the scanner is between the statements of a script or of a body.
struct Frontier {
    is_body: bool,
    /// Where the last statement ended.
    start: usize,
    /// Whether a word of the next one has been met.
    is_begun: bool,
    /// How many CASE are open.
    cases: usize,
    /// The comments since the last statement, as indices.
    waiting: Vec<usize>,
}

impl Scanner<'_> {
    fn scan(&mut self, within: Span, skipped: &[Span], depth: usize) {
        let text = self.text.get(..within.end).unwrap_or(self.text);
        let mut skipped = skipped.iter().copied().peekable();
        // The last two words, if nothing else came after them.
        let mut words: [&[u8]; 2] = [b"", b""];
        let mut frontier =
            Frontier { is_body: depth > 0, start: within.start, is_begun: false, cases: 0, waiting: Vec::new() };
        let mut at = within.start;
        while let Some(byte) = text.get(at).copied() {
            while skipped.next_if(|span| span.end <= at).is_some() {}
            if !frontier.is_body {
                self.pass_ends(&mut frontier, at);
            }
            if let Some(span) = skipped.next_if(|span| span.start <= at) {
                frontier.is_begun = true;
                at = span.end;
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            if rest.starts_with(b"--") {
                let end = at + position(rest, |byte| matches!(byte, b'\n' | b'\r'));
                if !frontier.is_begun {
                    frontier.waiting.push(self.comments.len());
                }
                self.comments.push(Comment { span: Span::new(at, end), next: None });
                at = end;
                continue;
            }
            if rest.starts_with(b"/*") {
                at += block(rest);
                continue;
            }
            if byte.is_ascii_whitespace() {
                at += 1;
                continue;
            }
            frontier.is_begun = true;
            let length = match byte {
                b'\'' => string(rest, b'\'', words[1].eq_ignore_ascii_case(b"e") && touches(text, at)),
                b'"' => string(rest, b'"', false),
                b'$' => match tag(rest) {
                    Some(length) => {
                        let (body, length) = dollar(rest, length);
                        if is_body(words) && depth < DEPTH_LIMIT {
                            self.scan(Span::new(at + body.start, at + body.end), &[], depth + 1);
                        }
                        length
                    }
                    None => 1,
                },
                _ if is_word(byte) => {
                    let length = position(rest, |byte| !is_word(byte) && byte != b'$');
                    words = [words[1], rest.get(..length).unwrap_or_default()];
                    at += length;
                    if frontier.is_body && frontier.opens(words[1]) {
                        self.settle(&mut frontier, at);
                    }
                    continue;
                }
                _ => 1,
            };
            words = [b"", b""];
            at += length;
            if frontier.is_body && byte == b';' {
                frontier.cases = 0;
                self.settle(&mut frontier, at);
            }
        }
        self.pass_ends(&mut frontier, within.end);
        if frontier.is_begun {
            self.settle(&mut frontier, within.end);
        }
    }

    /// Settles at the end of the last statement before an offset, if there is one.
    fn pass_ends(&mut self, frontier: &mut Frontier, at: usize) {
        let passed = self.ends.partition_point(|end| *end <= at);
        let last = passed.checked_sub(1).and_then(|index| self.ends.get(index)).copied();
        if let Some(end) = last.filter(|end| *end > frontier.start && !frontier.is_body) {
            self.settle(frontier, end);
        }
    }

    /// A statement has ended: it is what the comments since the one before have waited for.
    fn settle(&mut self, frontier: &mut Frontier, end: usize) {
        for index in frontier.waiting.drain(..) {
            if let Some(comment) = self.comments.get_mut(index) {
                comment.next = Some(Span::new(frontier.start, end));
            }
        }
        frontier.start = end;
        frontier.is_begun = false;
    }
}

impl Frontier {
    /// Whether a statement of PL/pgSQL may begin after the word.
    fn opens(&mut self, word: &[u8]) -> bool {
        let is = |wanted: &[u8]| word.eq_ignore_ascii_case(wanted);
        if is(b"case") {
            self.cases += 1;
        } else if is(b"end") {
            self.cases = self.cases.saturating_sub(1);
        }
        let opens: [&[u8]; 5] = [b"begin", b"declare", b"then", b"else", b"loop"];
        self.cases == 0 && opens.into_iter().any(is)
    }
}

/// Whether what follows these words in dollar quotes is code: `DO`, `DO LANGUAGE x` is not
/// told from `LANGUAGE x AS`, and neither needs to be.
fn is_body([before, last]: [&[u8]; 2]) -> bool {
    let is = |word: &[u8], wanted: &[u8]| word.eq_ignore_ascii_case(wanted);
    is(last, b"do") || is(last, b"as") || is(before, b"language")
}

/// Whether the byte before stands right before this one and is the end of a word.
fn touches(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|byte| is_word(*byte))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn position(bytes: &[u8], test: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| test(*byte)).unwrap_or(bytes.len())
}

/// The length of a `/* … */`, which may hold others.
fn block(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// The length of a string; a doubled quote reads as two strings, which comes to the same.
fn string(bytes: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at).copied() {
        at += if escapes && byte == b'\\' { 2 } else { 1 };
        if byte == quote {
            // With escapes it does not: the second half would be without them.
            if escapes && bytes.get(at) == Some(&quote) {
                at += 1;
                continue;
            }
            return at;
        }
    }
    bytes.len()
}

/// The length of `$tag$`, if that is what stands here.
fn tag(bytes: &[u8]) -> Option<usize> {
    let name = bytes.get(1..)?;
    let length = position(name, |byte| !is_word(byte));
    let starts_well = !name.first().is_some_and(u8::is_ascii_digit);
    (starts_well && name.get(length) == Some(&b'$')).then_some(length + 2)
}

/// What stands between a tag of that length and its like, and the length of it all.
fn dollar(bytes: &[u8], length: usize) -> (Span, usize) {
    let (opening, rest) = bytes.split_at_checked(length).unwrap_or((bytes, b""));
    // Only a `$` can start the tag.
    let mut at = 0;
    while let Some(found) = rest.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'$')) {
        at += found;
        if rest.get(at..).is_some_and(|rest| rest.starts_with(opening)) {
            return (Span::new(length, length + at), length + at + length);
        }
        at += 1;
    }
    (Span::new(length, bytes.len()), bytes.len())
}

#[cfg(test)]
mod tests {
    use super::comments;

    fn found(text: &str) -> Vec<&str> {
        let spans = comments(text.as_bytes()).into_iter().map(|comment| comment.span);
        spans.filter_map(|span| text.get(span.start..span.end)).collect()
    }

    #[test]
    fn comments_are_told_from_what_looks_like_them() {
        assert_eq!(
            found("SELECT '-- no', \"-- no\", 1 -- yes\n, $$-- no$$, $a$ $$ -- no $a$; --yes\r\n"),
            ["-- yes", "--yes"]
        );
        assert_eq!(found("/* -- no /* */ -- no\n */ SELECT E'\\' -- no', 'it''s -- no', e'''-- no' --yes"), ["--yes"]);
        assert_eq!(found("SELECT 'a\\' -- yes\n, a$b$ -- yes\n, $1 -- yes"), ["-- yes", "-- yes", "-- yes"]);
        assert_eq!(found("SELECT name'\\' -- yes"), ["-- yes"]);
        assert_eq!(found("-- \u{1ed9}\n--"), ["-- \u{1ed9}", "--"]);
        assert_eq!(found("SELECT $$ -- open"), Vec::<&str>::new());
        assert_eq!(found("SELECT '-- open"), Vec::<&str>::new());
    }

    #[test]
    fn bodies_are_code() {
        let function = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$\nBEGIN -- yes\n EXECUTE $q$ -- no $q$; END $f$; -- yes";
        assert_eq!(found(function), ["-- yes", "-- yes"]);
        assert_eq!(found("DO $$ -- yes\n$$"), ["-- yes"]);
        assert_eq!(found("DO /* x */ LANGUAGE plpgsql $$ -- yes\n$$"), ["-- yes"]);
        assert_eq!(found("COMMENT ON TABLE t IS $$ -- no\n$$"), Vec::<&str>::new());
    }

    #[test]
    fn data_and_commands_are_no_comments() {
        let script = "COPY t FROM STDIN; -- yes\n-- no\n'\n\\.\n\\echo -- no '\nSELECT 1; -- yes\n";
        assert_eq!(found(script), ["-- yes", "-- yes"]);
    }
}

//! Metacommands: their names and arguments as psql reads them (psqlscanslash.l of
//! PostgreSQL 15), up to the end of the line. What a command means is not known here.

use super::lexer::{Form, is_variable_character};
use crate::source::Span;

/// `\name argument…`, without the `\\` that may end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metacommand {
    /// From the backslash to the end of the last argument.
    pub span: Span,
    /// The name without its backslash; psql compares it byte by byte, but for `copy`, which is in
    /// lower case here.
    pub name: String,
    /// The arguments; of commands that take a whole line, one.
    pub arguments: Vec<Argument>,
    /// Whether the query buffer held something when the command came.
    pub inside_statement: bool,
}

/// One argument, put together from its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The argument as written.
    pub span: Span,
    /// What it consists of, in order.
    pub parts: Vec<Part>,
    /// The quote that the line ends in the middle of.
    pub unterminated: Option<u8>,
}

/// A stretch of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text after quotes and escapes were resolved.
    Text(Vec<u8>),
    /// A variable's value goes here.
    Variable {
        /// How it is written.
        form: Form,
        /// Its name without the punctuation.
        name: Span,
    },
    /// The output of a shell command goes here.
    Backquote(Span),
}

impl Metacommand {
    /// The value that `\set` gives its variable: the arguments after the first, glued together;
    /// none where it depends on more than the text.
    #[must_use]
    pub fn set_value(&self) -> Option<Vec<u8>> {
        let values: Option<Vec<Vec<u8>>> = self.arguments.iter().skip(1).map(Argument::literal).collect();
        values.map(|values| values.concat())
    }
}

impl Argument {
    /// The argument's value where it depends on nothing but the text.
    #[must_use]
    pub fn literal(&self) -> Option<Vec<u8>> {
        if self.unterminated.is_some() {
            return None;
        }
        let mut value = Vec::new();
        for part in &self.parts {
            let Part::Text(text) = part else { return None };
            value.extend_from_slice(text);
        }
        Some(value)
    }
}

/// Commands whose one argument is the rest of the line, as it stands.
const WHOLE_LINE: [&str; 8] = ["!", "copy", "ef", "ev", "h", "help", "sf", "sv"];

/// Commands whose first argument, if it starts with `|`, is the rest of the line.
const FILE_OR_PIPE: [&str; 7] = ["g", "gx", "o", "out", "w", "write", "s"];

/// Reads the command whose backslash stands at `at` of `line`; `base` is the line's
/// offset in its file. Returns it with the offset in `line` where SQL goes on.
#[must_use]
pub fn read(line: &[u8], at: usize, base: usize, inside_statement: bool) -> (Metacommand, usize) {
    let name_end = at
        + 1
        + line[at + 1..].iter().position(|byte| is_space(*byte) || *byte == b'\\').unwrap_or(line.len() - at - 1);
    let mut name = String::from_utf8_lossy(&line[at + 1..name_end]).into_owned();
    // The one name that psql does not compare byte by byte.
    if name.eq_ignore_ascii_case("copy") {
        name.make_ascii_lowercase();
    }
    let mut scanner = Scanner { line, base, at: name_end };
    let mut arguments = Vec::new();
    let mut end = name_end;
    if WHOLE_LINE.contains(&name.trim_end_matches('+')) {
        arguments.extend(scanner.whole_line());
    } else {
        while let Some(argument) = scanner.argument(FILE_OR_PIPE.contains(&name.as_str()) && arguments.is_empty()) {
            arguments.push(argument);
        }
    }
    if let Some(last) = arguments.last() {
        end = last.span.end - base;
    }
    let next = scanner.after();
    (Metacommand { span: Span::new(base + at, base + end), name, arguments, inside_statement }, next)
}

struct Scanner<'a> {
    line: &'a [u8],
    base: usize,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.line.get(self.at + ahead).copied()
    }

    fn skip_space(&mut self) {
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn whole_line(&mut self) -> Option<Argument> {
        self.skip_space();
        let start = self.at;
        self.at = self.line.len();
        (start < self.at).then(|| Argument {
            span: Span::new(self.base + start, self.base + self.at),
            parts: vec![Part::Text(self.line[start..].to_vec())],
            unterminated: None,
        })
    }

    fn argument(&mut self, may_be_pipe: bool) -> Option<Argument> {
        self.skip_space();
        let start = self.at;
        if may_be_pipe && self.peek(0) == Some(b'|') {
            return self.whole_line();
        }
        let mut parts = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        let mut unterminated = None;
        while let Some(byte) = self.peek(0) {
            match byte {
                _ if is_space(byte) => break,
                b'\\' => break,
                b'\'' => {
                    self.at += 1;
                    if !self.single_quoted(&mut text) {
                        unterminated = Some(byte);
                    }
                }
                b'"' => {
                    // The quotes stay: the command decides what they mean.
                    let length = 1 + self.line[self.at + 1..].iter().position(|b| *b == b'"').map_or_else(
                        || {
                            unterminated = Some(byte);
                            self.line.len() - self.at - 1
                        },
                        |position| position + 1,
                    );
                    text.extend_from_slice(&self.line[self.at..self.at + length]);
                    self.at += length;
                }
                b'`' => {
                    let from = self.at + 1;
                    let length = self.line[from..].iter().position(|b| *b == b'`');
                    if length.is_none() {
                        unterminated = Some(byte);
                    }
                    let to = length.map_or(self.line.len(), |length| from + length);
                    push_text(&mut parts, &mut text);
                    parts.push(Part::Backquote(Span::new(self.base + from, self.base + to)));
                    self.at = (to + 1).min(self.line.len());
                }
                b':' => {
                    if let Some((form, name, length)) = self.variable() {
                        push_text(&mut parts, &mut text);
                        parts.push(Part::Variable { form, name });
                        self.at += length;
                    } else {
                        text.push(byte);
                        self.at += 1;
                    }
                }
                _ => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        if parts.is_empty() || !text.is_empty() {
            parts.push(Part::Text(text));
        }
        (self.at > start).then(|| Argument {
            span: Span::new(self.base + start, self.base + self.at),
            parts,
            unterminated,
        })
    }

    /// Appends the value of a single-quoted text; whether its end was there.
    fn single_quoted(&mut self, text: &mut Vec<u8>) -> bool {
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\'' if self.peek(0) == Some(b'\'') => {
                    text.push(b'\'');
                    self.at += 1;
                }
                b'\'' => return true,
                b'\\' => self.escape(text),
                _ => text.push(byte),
            }
        }
        false
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let digits = |from: usize, most: usize, radix: u32| {
            let digits = self.line.get(from..).unwrap_or_default();
            let length = digits.iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
            let value = digits[..length]
                .iter()
                .fold(0_u32, |value, b| value * radix + char::from(*b).to_digit(radix).unwrap_or(0));
            // psql keeps the low byte of what overflows.
            (length, value.to_le_bytes()[0])
        };
        let Some(byte) = self.peek(0) else { return };
        let (value, length) = match byte {
            b'n' => (b'\n', 1),
            b't' => (b'\t', 1),
            b'b' => (0x08, 1),
            b'r' => (b'\r', 1),
            b'f' => (0x0c, 1),
            b'0'..=b'7' => {
                let (length, value) = digits(self.at, 3, 8);
                (value, length)
            }
            b'x' if self.peek(1).is_some_and(|b| b.is_ascii_hexdigit()) => {
                let (length, value) = digits(self.at + 1, 2, 16);
                (value, length + 1)
            }
            other => (other, 1),
        };
        text.push(value);
        self.at += length;
    }

    /// The variable at a colon: its form, the span of its name, its length.
    fn variable(&self) -> Option<(Form, Span, usize)> {
        let name = |from: usize| {
            self.line
                .get(self.at + from..)
                .unwrap_or_default()
                .iter()
                .take_while(|b| is_variable_character(**b))
                .count()
        };
        let span =
            |from: usize, length: usize| Span::new(self.base + self.at + from, self.base + self.at + from + length);
        let closed = |from: usize, form: Form, close: u8| {
            let length = name(from);
            (length > 0 && self.peek(from + length) == Some(close))
                .then(|| (form, span(from, length), from + length + 1))
        };
        match self.peek(1)? {
            b'\'' => closed(2, Form::Literal, b'\''),
            b'"' => closed(2, Form::Identifier, b'"'),
            b'{' if self.peek(2) == Some(b'?') => closed(3, Form::Test, b'}'),
            _ => {
                let length = name(1);
                (length > 0).then(|| (Form::Plain, span(1, length), 1 + length))
            }
        }
    }

    /// After the arguments: `\\` ends the command and is swallowed, one backslash starts
    /// the next command.
    fn after(&self) -> usize {
        if self.line.get(self.at..self.at + 2) == Some(b"\\\\") { self.at + 2 } else { self.at }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &mut Vec<u8>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

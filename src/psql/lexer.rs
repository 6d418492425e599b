//! psql's own scanner as a state machine over one line at a time (psqlscan.l of
//! PostgreSQL 15). It knows nothing of files, and it substitutes no variable: it says
//! where one stands. The linter and the executor split scripts by this code alone.

use memchr::{memchr_iter, memchr2};

use crate::character::{continues_identifier, is_operator, starts_identifier};

/// What the scanner is in the middle of when a line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// `'…'`, `E'…'`, `B'…'`, `X'…'` or `U&'…'`.
    Quote,
    /// `"…"` or `U&"…"`.
    Identifier,
    /// `$tag$ … $tag$`, with the tag including both dollar signs.
    DollarQuote(Vec<u8>),
    /// `/* … */`, with how deeply comments are nested.
    Comment(usize),
    /// `(` without its `)`; how many.
    Parenthesis(usize),
    /// `BEGIN ATOMIC … END` of a routine's body; how many ENDs are missing.
    RoutineBody(usize),
}

/// How a variable is written, which decides how its value is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `:name` — the value itself, read again as script text.
    Plain,
    /// `:'name'` — a quoted literal.
    Literal,
    /// `:"name"` — a quoted identifier.
    Identifier,
    /// `:{?name}` — TRUE or FALSE.
    Test,
}

impl Form {
    /// How many bytes stand before the name, and how many after it.
    #[must_use]
    pub fn punctuation(self) -> (usize, usize) {
        match self {
            Self::Plain => (1, 0),
            Self::Literal | Self::Identifier => (2, 1),
            Self::Test => (3, 1),
        }
    }
}

/// One step through a line. Every token but [`Token::Blank`] goes into the query
/// buffer, or ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Goes into the buffer as it stands.
    Text,
    /// White space or a `--` comment: dropped while the buffer is empty.
    Blank,
    /// `\;` or `\:`: the second character goes into the buffer, and nothing is sent.
    Escaped(u8),
    /// A variable that the reader may substitute.
    Variable(Form),
    /// `;` outside everything: goes into the buffer, and the buffer is sent.
    Semicolon,
    /// `\`: a metacommand starts after it.
    Backslash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    Initial,
    /// In a string; `true` where a backslash takes the next character with it.
    Quote {
        escapes: bool,
    },
    Identifier,
    DollarQuote(Vec<u8>),
    Comment(usize),
}

/// The words by which psql tells that a statement may have a routine body.
const ROUTINE_WORDS: [&[u8]; 5] = [b"create", b"or", b"replace", b"function", b"procedure"];

/// The scanner's state, which outlives a line.
#[derive(Debug, Clone)]
pub struct Lexer {
    mode: Mode,
    standard_conforming_strings: bool,
    parentheses: usize,
    /// Identifiers seen since the statement began, and the first letters of the first
    /// four of them where they are [`ROUTINE_WORDS`].
    identifier_count: usize,
    first_letters: [u8; 4],
    begin_depth: usize,
    copy: Copy,
    /// Statements before a `\;` of the same message that read their data from the script.
    copies: usize,
}

/// How far the words of `COPY … FROM STDIN` have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copy {
    Start,
    No,
    Copying,
    From,
    Stdin,
}

impl Default for Lexer {
    fn default() -> Self {
        Self {
            mode: Mode::Initial,
            standard_conforming_strings: true,
            parentheses: 0,
            identifier_count: 0,
            first_letters: [0; 4],
            begin_depth: 0,
            copy: Copy::Start,
            copies: 0,
        }
    }
}

impl Lexer {
    /// Starts the next statement: after a `;`, or after a metacommand that sent or
    /// cleared the buffer.
    pub fn start_statement(&mut self) {
        *self = Self { standard_conforming_strings: self.standard_conforming_strings, ..Self::default() };
    }

    /// The server's `standard_conforming_strings`, which psql samples at each line.
    pub fn set_standard_conforming_strings(&mut self, on: bool) {
        self.standard_conforming_strings = on;
    }

    /// How many statements of the message read their data from the script:
    /// `COPY … FROM STDIN`.
    #[must_use]
    pub fn copies_from_script(&self) -> usize {
        self.copies + usize::from(self.copy == Copy::Stdin)
    }

    /// What is unfinished where the scanner stands; innermost only.
    #[must_use]
    pub fn open(&self) -> Option<Open> {
        match &self.mode {
            Mode::Quote { .. } => Some(Open::Quote),
            Mode::Identifier => Some(Open::Identifier),
            Mode::DollarQuote(tag) => Some(Open::DollarQuote(tag.clone())),
            Mode::Comment(depth) => Some(Open::Comment(*depth)),
            Mode::Initial if self.parentheses > 0 => Some(Open::Parenthesis(self.parentheses)),
            Mode::Initial if self.begin_depth > 0 => Some(Open::RoutineBody(self.begin_depth)),
            Mode::Initial => None,
        }
    }

    /// Whether the scanner stands within `/* … */`.
    pub(super) fn in_comment(&self) -> bool {
        matches!(self.mode, Mode::Comment(_))
    }

    /// Takes the token that starts at `at` in `line` (a line without its `\n`) and
    /// returns it with the offset of its end; `None` at the end of the line. `at` never
    /// stands still.
    pub fn next(&mut self, line: &[u8], at: usize) -> Option<(Token, usize)> {
        let rest = line.get(at..).filter(|rest| !rest.is_empty())?;
        let (token, length) = match &self.mode {
            Mode::Initial => self.initial(rest),
            Mode::Quote { escapes } => {
                let (length, closed) = quoted(rest, b'\'', *escapes);
                let resumed = if closed { continuation(&rest[length..]) } else { None };
                if closed && resumed.is_none() {
                    self.mode = Mode::Initial;
                }
                (Token::Text, length + resumed.unwrap_or(0))
            }
            Mode::Identifier => {
                let (length, closed) = quoted(rest, b'"', false);
                if closed {
                    self.mode = Mode::Initial;
                }
                (Token::Text, length)
            }
            Mode::DollarQuote(tag) => match find(rest, tag) {
                Some(start) => {
                    let length = start + tag.len();
                    self.mode = Mode::Initial;
                    (Token::Text, length)
                }
                None => (Token::Text, rest.len()),
            },
            Mode::Comment(depth) => {
                let (length, depth) = comment(rest, *depth);
                self.mode = if depth == 0 { Mode::Initial } else { Mode::Comment(depth) };
                (Token::Text, length)
            }
        };
        Some((token, at + length))
    }

    fn initial(&mut self, rest: &[u8]) -> (Token, usize) {
        let byte = rest[0];
        let second = rest.get(1).copied();
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => (Token::Blank, 1),
            b'-' if second == Some(b'-') => {
                (Token::Blank, rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len()))
            }
            b'/' if second == Some(b'*') => {
                self.mode = Mode::Comment(1);
                (Token::Text, 2)
            }
            b'\'' => self.enter(Mode::Quote { escapes: !self.standard_conforming_strings }, 1),
            b'e' | b'E' if second == Some(b'\'') => self.enter(Mode::Quote { escapes: true }, 2),
            b'b' | b'B' | b'x' | b'X' if second == Some(b'\'') => self.enter(Mode::Quote { escapes: false }, 2),
            // N'…' is an N and then an ordinary string.
            b'n' | b'N' if second == Some(b'\'') => self.word_break(Token::Text, 1),
            b'u' | b'U' if rest.get(1..3) == Some(b"&'") => self.enter(Mode::Quote { escapes: false }, 3),
            b'u' | b'U' if rest.get(1..3) == Some(b"&\"") => self.enter(Mode::Identifier, 3),
            b'"' => self.enter(Mode::Identifier, 1),
            b'$' => {
                if let Some(tag) = dollar_quote(rest) {
                    let length = tag.len();
                    return self.enter(Mode::DollarQuote(tag), length);
                }
                let digits = count(&rest[1..], |b| b.is_ascii_digit());
                let junk = if digits == 0 { 0 } else { identifier(&rest[1 + digits..]) };
                self.word_break(Token::Text, 1 + digits + junk)
            }
            b'(' => {
                self.parentheses += 1;
                self.word_break(Token::Text, 1)
            }
            b')' => {
                self.parentheses = self.parentheses.saturating_sub(1);
                self.word_break(Token::Text, 1)
            }
            b';' if self.parentheses == 0 && self.begin_depth == 0 => (Token::Semicolon, 1),
            b'\\' => match second {
                Some(escaped @ (b';' | b':')) => {
                    if escaped == b';' {
                        self.identifier_count = 0;
                        self.copies = self.copies_from_script();
                        self.copy = Copy::Start;
                    }
                    (Token::Escaped(escaped), 2)
                }
                _ => (Token::Backslash, 1),
            },
            b':' => self.colon(rest),
            b'0'..=b'9' => self.word_break(Token::Text, number(rest)),
            b'.' if second.is_some_and(|b| b.is_ascii_digit()) => self.word_break(Token::Text, number(rest)),
            _ if starts_identifier(byte) => {
                let length = identifier(rest);
                self.identifier(&rest[..length]);
                (Token::Text, length)
            }
            _ if is_operator(byte) => self.word_break(Token::Text, operator(rest)),
            _ => self.word_break(Token::Text, 1),
        }
    }

    fn enter(&mut self, mode: Mode, length: usize) -> (Token, usize) {
        self.mode = mode;
        self.word_break(Token::Text, length)
    }

    /// A token that is no bare word: FROM has to be followed by STDIN at once.
    fn word_break(&mut self, token: Token, length: usize) -> (Token, usize) {
        self.copy = match self.copy {
            Copy::Start => Copy::No,
            Copy::From => Copy::Copying,
            other => other,
        };
        (token, length)
    }

    fn colon(&mut self, rest: &[u8]) -> (Token, usize) {
        let name = |from: usize| count(rest.get(from..).unwrap_or_default(), is_variable_character);
        match rest.get(1) {
            Some(b':' | b'=') => self.word_break(Token::Text, 2),
            Some(quote @ (b'\'' | b'"')) => {
                let length = name(2);
                if length > 0 && rest.get(2 + length) == Some(quote) {
                    let form = if *quote == b'\'' { Form::Literal } else { Form::Identifier };
                    self.word_break(Token::Variable(form), length + 3)
                } else {
                    self.word_break(Token::Text, 1)
                }
            }
            Some(b'{') => {
                let length = name(3);
                if rest.get(2) == Some(&b'?') && length > 0 && rest.get(3 + length) == Some(&b'}') {
                    self.word_break(Token::Variable(Form::Test), length + 4)
                } else {
                    self.word_break(Token::Text, 1)
                }
            }
            Some(&byte) if is_variable_character(byte) => self.word_break(Token::Variable(Form::Plain), 1 + name(1)),
            _ => self.word_break(Token::Text, 1),
        }
    }

    /// psql's heuristic for routine bodies, and the words of COPY.
    fn identifier(&mut self, word: &[u8]) {
        let is = |expected: &[u8]| word.eq_ignore_ascii_case(expected);
        if self.identifier_count == 0 {
            self.first_letters = [0; 4];
        }
        if let Some(slot) = self.first_letters.get_mut(self.identifier_count)
            && ROUTINE_WORDS.iter().any(|expected| is(expected))
        {
            *slot = word[0].to_ascii_lowercase();
        }
        self.identifier_count += 1;
        let may_have_body = matches!(self.first_letters, [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p']);
        if may_have_body && self.parentheses == 0 {
            if is(b"begin") || (is(b"case") && self.begin_depth > 0) {
                self.begin_depth += 1;
            } else if is(b"end") {
                self.begin_depth = self.begin_depth.saturating_sub(1);
            }
        }
        self.copy = match self.copy {
            Copy::Start if is(b"copy") => Copy::Copying,
            Copy::Start => Copy::No,
            Copy::Copying if is(b"from") && self.parentheses == 0 => Copy::From,
            // The grammar takes STDOUT for STDIN here.
            Copy::From if is(b"stdin") || is(b"stdout") => Copy::Stdin,
            Copy::From => Copy::Copying,
            other => other,
        };
    }
}

/// Length of the rest of a quoted text including its closing quote, and whether that
/// quote was there. A doubled quote closes and opens again, which comes to the same.
fn quoted(rest: &[u8], quote: u8, escapes: bool) -> (usize, bool) {
    let escape = if escapes { b'\\' } else { quote };
    let mut at = 0;
    while let Some(length) = rest.get(at..).and_then(|rest| memchr2(quote, escape, rest)) {
        at += length;
        if rest[at] == quote && rest.get(at + 1) != Some(&quote) {
            return (at + 1, true);
        }
        at += 2;
    }
    (rest.len(), false)
}

/// After a closing quote: white space with a line break and another quote continue the
/// same literal. Lines come without their break, so this happens only in texts that hold
/// one: a variable's value, or `-c`.
fn continuation(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut broken = false;
    loop {
        match rest.get(at)? {
            b'\n' | b'\r' => {
                broken = true;
                at += 1;
            }
            b' ' | b'\t' | 0x0c => at += 1,
            b'-' if rest.get(at + 1) == Some(&b'-') => {
                at += rest[at..].iter().position(|b| matches!(b, b'\n' | b'\r'))?;
            }
            b'\'' if broken => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Length of the rest of a comment and how deep it still is.
fn comment(rest: &[u8], mut depth: usize) -> (usize, usize) {
    let mut at = 0;
    while at < rest.len() {
        match (rest[at], rest.get(at + 1)) {
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return (at, 0);
                }
            }
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    (at, depth)
}

/// The opening `$tag$` at the start of `rest`.
fn dollar_quote(rest: &[u8]) -> Option<Vec<u8>> {
    let tag = count(&rest[1..], |b| starts_identifier(b) || b.is_ascii_digit());
    let starts_well = tag == 0 || starts_identifier(rest[1]);
    (starts_well && rest.get(1 + tag) == Some(&b'$')).then(|| rest[..tag + 2].to_vec())
}

/// A number, and the identifier that may wrongly follow it, whichever reading is longest:
/// no dollar quote starts in `1a$b$` or in `1e5$b$`.
fn number(rest: &[u8]) -> usize {
    let from = |at: usize| rest.get(at..).unwrap_or_default();
    let digits = |at: usize| count(from(at), |b| b.is_ascii_digit());
    let mut at = digits(0);
    if rest.get(at) == Some(&b'.') && rest.get(at + 1) != Some(&b'.') {
        at += 1;
        at += digits(at);
    }
    let decimal = at + identifier(from(at));
    if !matches!(rest.get(at), Some(b'e' | b'E')) {
        return decimal;
    }
    let sign = usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
    match digits(at + 1 + sign) {
        // The sign of a missing exponent belongs to it: no comment starts at the first
        // dash of `1e--`.
        0 => decimal.max(at + 1 + sign),
        exponent => {
            let real = at + 1 + sign + exponent;
            decimal.max(real + identifier(from(real)))
        }
    }
}

/// Length of the identifier at the start, 0 where there is none.
fn identifier(rest: &[u8]) -> usize {
    match rest.first() {
        Some(first) if starts_identifier(*first) => count(rest, continues_identifier),
        _ => 0,
    }
}

/// An operator stops before a comment.
fn operator(rest: &[u8]) -> usize {
    let length = count(rest, is_operator);
    let stops = (1..length).find(|at| matches!(&rest[*at..], [b'-', b'-', ..] | [b'/', b'*', ..]));
    stops.unwrap_or(length)
}

/// A character of a variable's name.
#[must_use]
pub fn is_variable_character(byte: u8) -> bool {
    starts_identifier(byte) || byte.is_ascii_digit()
}

fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is(*byte)).unwrap_or(bytes.len())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    memchr_iter(*first, haystack).find(|at| haystack[*at..].starts_with(needle))
}

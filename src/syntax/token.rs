//! PostgreSQL's core scanner (scan.l of 15 to 18, `standard_conforming_strings` on): where
//! its tokens stand and what a literal or a name means. Knows no keyword and no grammar.

use crate::character::{continues_identifier, is_operator, starts_identifier};
use crate::effect::Ident;
use crate::source::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TokenKind {
    /// A keyword or an identifier without quotes.
    Word,
    /// `"a"` and `U&"a"`, the `UESCAPE` of which belongs to it.
    QuotedWord,
    /// `'a'`, `E'a'`, `N'a'`, `U&'a'` and `$tag$a$tag$`, with all parts that are continued on
    /// other lines and the `UESCAPE`.
    Text,
    /// `b''` and `x''`
    BitText,
    /// A number.
    Number,
    /// `$1`
    Parameter,
    /// An operator, `:=`, `=>`, `::` and `..` among them.
    Operator,
    /// One of `( ) [ ] , ; : .`
    Punctuation,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub span: Span,
}

/// Why a text has no tokens from some place on, or a literal no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LexError {
    /// Where the trouble starts.
    pub offset: usize,
    /// PostgreSQL's words.
    pub message: String,
}

impl LexError {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into() }
    }
}

/// What a literal stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Its value.
    pub text: String,
    /// Offset in the value and offset in the text that holds the literal, as
    /// [`crate::source::Map::then`] wants them.
    pub steps: Vec<(usize, usize)>,
}

/// PostgreSQL cuts names to this many bytes (`NAMEDATALEN - 1`).
const NAME_LENGTH: usize = 63;

/// The tokens of a text; white space and comments are left out.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, LexError> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(token) = scan(text, offset)? {
        offset = token.span.end;
        tokens.push(token);
    }
    Ok(tokens)
}

/// The first token at or after the offset; none also where there is no token but an error.
pub(crate) fn next(text: &str, offset: usize) -> Option<Token> {
    scan(text, offset).ok().flatten()
}

/// The value of a [`TokenKind::Text`] that stands at the span.
pub(crate) fn decode_text(text: &str, token: Span) -> Result<Decoded, LexError> {
    let bytes = text.as_bytes();
    let at = |offset: usize| bytes.get(offset).map(u8::to_ascii_lowercase);
    match (at(token.start), at(token.start + 1), at(token.start + 2)) {
        (Some(b'\''), ..) => quoted(bytes, token.start),
        (Some(b'n'), Some(b'\''), _) => quoted(bytes, token.start + 1),
        (Some(b'e'), Some(b'\''), _) => escaped(bytes, token.start + 1),
        (Some(b'u'), Some(b'&'), Some(b'\'')) => {
            let units = undoubled(bytes, token.start + 2, b'\'')?;
            let (escape, _) = uescape(text, units.end)?;
            unicode(&units, escape)
        }
        (Some(b'$'), ..) => {
            let tag = dollar_tag(bytes, token.start).ok_or_else(|| near(text, token.start))?;
            let start = token.start + tag;
            let end = dollar_end(bytes, token.start, tag)?;
            let value = text.get(start..end - tag).unwrap_or_default().to_owned();
            Ok(Decoded { text: value, steps: vec![(0, start)] })
        }
        _ => Err(near(text, token.start)),
    }
}

/// The name that a [`TokenKind::Word`] or a [`TokenKind::QuotedWord`] stands for.
pub(crate) fn decode_word(text: &str, token: Span) -> Ident {
    let bytes = text.as_bytes();
    let raw = text.get(token.start..token.end).unwrap_or_default();
    let start = match bytes.get(token.start) {
        Some(b'"') => token.start,
        Some(b'u' | b'U') if bytes.get(token.start + 1) == Some(&b'&') => token.start + 2,
        // Only ASCII: a server whose encoding is UTF-8 folds nothing else.
        _ => return cut(&raw.to_ascii_lowercase()),
    };
    let Ok(units) = undoubled(bytes, start, b'"') else { return cut(raw) };
    let plain = || units.decoded().map(|decoded| decoded.text);
    let name = if start == token.start {
        plain()
    } else {
        uescape(text, units.end)
            .and_then(|(escape, _)| unicode(&units, escape))
            .map(|decoded| decoded.text)
            .or_else(|_| plain())
    };
    cut(name.as_deref().unwrap_or(raw))
}

fn cut(name: &str) -> Ident {
    let mut end = name.len().min(NAME_LENGTH);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Ident::new(name.get(..end).unwrap_or(name))
}

fn near(text: &str, offset: usize) -> LexError {
    let met: String = text.get(offset..).unwrap_or_default().chars().take(1).collect();
    LexError::new(offset, format!("syntax error at or near \"{met}\""))
}

/// What PostgreSQL calls space; `\v` since 16.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

const fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The offset of the first byte from `offset` on for which the test fails.
fn skip(bytes: &[u8], offset: usize, test: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(offset).position(|byte| !test(*byte)).map_or(bytes.len(), |length| offset + length)
}

fn starts(bytes: &[u8], offset: usize, with: &[u8]) -> bool {
    bytes.get(offset..).is_some_and(|rest| rest.starts_with(with))
}

/// Past white space and comments.
fn blank(bytes: &[u8], mut offset: usize) -> Result<usize, LexError> {
    loop {
        offset = skip(bytes, offset, is_space);
        if starts(bytes, offset, b"--") {
            offset = skip(bytes, offset, |byte| !is_newline(byte));
        } else if starts(bytes, offset, b"/*") {
            offset = comment(bytes, offset)?;
        } else {
            return Ok(offset);
        }
    }
}

/// Past a `/* … */`, which may hold others.
fn comment(bytes: &[u8], start: usize) -> Result<usize, LexError> {
    let mut depth = 0_usize;
    let mut offset = start;
    while offset < bytes.len() {
        if starts(bytes, offset, b"/*") {
            depth += 1;
            offset += 2;
        } else if starts(bytes, offset, b"*/") {
            depth -= 1;
            offset += 2;
            if depth == 0 {
                return Ok(offset);
            }
        } else {
            offset += 1;
        }
    }
    Err(LexError::new(start, "unterminated /* comment"))
}

fn scan(text: &str, offset: usize) -> Result<Option<Token>, LexError> {
    use TokenKind::{BitText, Number, Operator, Parameter, Punctuation, QuotedWord, Text, Word};
    let bytes = text.as_bytes();
    let start = blank(bytes, offset)?;
    let Some(first) = bytes.get(start).copied() else { return Ok(None) };
    let after = |ahead: usize| bytes.get(start + ahead).copied();
    let (kind, end) = match (first, after(1)) {
        (b'\'', _) => (Text, quote_end(bytes, start, false, "unterminated quoted string")?),
        (b'n' | b'N', Some(b'\'')) => (Text, quote_end(bytes, start + 1, false, "unterminated quoted string")?),
        (b'e' | b'E', Some(b'\'')) => (Text, quote_end(bytes, start + 1, true, "unterminated quoted string")?),
        (b'b' | b'B', Some(b'\'')) => (BitText, quote_end(bytes, start + 1, false, "unterminated bit string literal")?),
        (b'x' | b'X', Some(b'\'')) => {
            (BitText, quote_end(bytes, start + 1, false, "unterminated hexadecimal string literal")?)
        }
        (b'u' | b'U', Some(b'&')) if after(2) == Some(b'\'') => {
            let end = quote_end(bytes, start + 2, false, "unterminated quoted string")?;
            (Text, uescape(text, end)?.1)
        }
        (b'u' | b'U', Some(b'&')) if after(2) == Some(b'"') => {
            (QuotedWord, uescape(text, name_end(bytes, start + 2)?)?.1)
        }
        (b'"', _) => (QuotedWord, name_end(bytes, start)?),
        (b'$', Some(digit)) if digit.is_ascii_digit() => {
            let end = skip(bytes, start + 1, |byte| byte.is_ascii_digit());
            if bytes.get(end).is_some_and(|byte| starts_identifier(*byte)) {
                return Err(LexError::new(start, "trailing junk after parameter"));
            }
            (Parameter, end)
        }
        (b'$', _) => {
            let tag = dollar_tag(bytes, start).ok_or_else(|| near(text, start))?;
            (Text, dollar_end(bytes, start, tag)?)
        }
        (digit, _) if digit.is_ascii_digit() => (Number, number_end(bytes, start)?),
        (b'.', Some(digit)) if digit.is_ascii_digit() => (Number, number_end(bytes, start)?),
        (b'.', Some(b'.')) | (b':', Some(b':' | b'=')) => (Operator, start + 2),
        (b'(' | b')' | b'[' | b']' | b',' | b';' | b':' | b'.', _) => (Punctuation, start + 1),
        (byte, _) if starts_identifier(byte) => (Word, skip(bytes, start, continues_identifier)),
        (byte, _) if is_operator(byte) => (Operator, operator_end(bytes, start)),
        _ => return Err(near(text, start)),
    };
    Ok(Some(Token { kind, span: Span::new(start, end) }))
}

/// An operator ends before a comment, and with `+` or `-` only if it holds a character that
/// no operator of the SQL standard has.
fn operator_end(bytes: &[u8], start: usize) -> usize {
    let mut end = skip(bytes, start, is_operator);
    if let Some(comment) = (start + 1..end).find(|at| starts(bytes, *at, b"--") || starts(bytes, *at, b"/*")) {
        end = comment;
    }
    let unusual = |byte: &u8| matches!(byte, b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`' | b'?');
    while end - start > 1 && matches!(bytes.get(end - 1), Some(b'+' | b'-')) {
        if bytes.get(start..end - 1).is_some_and(|before| before.iter().any(unusual)) {
            break;
        }
        end -= 1;
    }
    end
}

/// Past digits, which may have single underscores between them; the offset itself if none.
fn digits_end(bytes: &[u8], offset: usize, is_digit: impl Fn(u8) -> bool) -> usize {
    let mut end = skip(bytes, offset, &is_digit);
    while end > offset && bytes.get(end) == Some(&b'_') && bytes.get(end + 1).is_some_and(|byte| is_digit(*byte)) {
        end = skip(bytes, end + 1, &is_digit);
    }
    end
}

fn number_end(bytes: &[u8], start: usize) -> Result<usize, LexError> {
    let junk = || LexError::new(start, "trailing junk after numeric literal");
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let radix: Option<fn(u8) -> bool> = match (bytes.get(start), bytes.get(start + 1)) {
        (Some(b'0'), Some(b'x' | b'X')) => Some(|byte| byte.is_ascii_hexdigit()),
        (Some(b'0'), Some(b'o' | b'O')) => Some(|byte| matches!(byte, b'0'..=b'7')),
        (Some(b'0'), Some(b'b' | b'B')) => Some(|byte| matches!(byte, b'0' | b'1')),
        _ => None,
    };
    let end = if let Some(is_digit) = radix {
        let from = start + 2 + usize::from(bytes.get(start + 2) == Some(&b'_'));
        let end = digits_end(bytes, from, is_digit);
        if end == from {
            return Err(junk());
        }
        end
    } else {
        let mut end = digits_end(bytes, start, is_digit);
        // `1..2` is a range.
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
            end = digits_end(bytes, end + 1, is_digit);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let from = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits_end(bytes, from, is_digit);
            if exponent == from {
                return Err(junk());
            }
            end = exponent;
        }
        end
    };
    if bytes.get(end).is_some_and(|byte| starts_identifier(*byte)) { Err(junk()) } else { Ok(end) }
}

/// Past the closing quote of the one part of a literal that opens at `open`.
fn part_end(bytes: &[u8], open: usize, escapes: bool) -> Option<usize> {
    let mut offset = open + 1;
    loop {
        match bytes.get(offset)? {
            b'\'' if bytes.get(offset + 1) == Some(&b'\'') => offset += 2,
            b'\'' => return Some(offset + 1),
            b'\\' if escapes => offset += 2,
            _ => offset += 1,
        }
    }
}

/// Where the literal that ended before `end` goes on: the quote after white space with a
/// line break. Comments with `--` are white space here, those with `/*` are not.
fn continuation(bytes: &[u8], end: usize) -> Option<usize> {
    let mut offset = end;
    let mut lines = false;
    loop {
        let space = skip(bytes, offset, is_space);
        lines = lines || bytes.get(offset..space).is_some_and(|space| space.iter().any(|byte| is_newline(*byte)));
        if starts(bytes, space, b"--") {
            offset = skip(bytes, space, |byte| !is_newline(byte));
        } else {
            return (lines && bytes.get(space) == Some(&b'\'')).then_some(space);
        }
    }
}

/// Past a literal whose first part opens at `open`, with all the parts that follow.
fn quote_end(bytes: &[u8], open: usize, escapes: bool, unterminated: &str) -> Result<usize, LexError> {
    let mut end = open;
    let mut part = Some(open);
    while let Some(open) = part {
        end = part_end(bytes, open, escapes).ok_or_else(|| LexError::new(open, unterminated))?;
        part = continuation(bytes, end);
    }
    Ok(end)
}

fn name_end(bytes: &[u8], open: usize) -> Result<usize, LexError> {
    let mut offset = open + 1;
    loop {
        match bytes.get(offset) {
            None => return Err(LexError::new(open, "unterminated quoted identifier")),
            Some(b'"') if bytes.get(offset + 1) == Some(&b'"') => offset += 2,
            Some(b'"') if offset == open + 1 => {
                return Err(LexError::new(open, "zero-length delimited identifier"));
            }
            Some(b'"') => return Ok(offset + 1),
            Some(_) => offset += 1,
        }
    }
}

/// The length of the `$tag$` that stands at `start`.
fn dollar_tag(bytes: &[u8], start: usize) -> Option<usize> {
    let mut end = start + 1;
    if bytes.get(end).is_some_and(|byte| starts_identifier(*byte)) {
        end = skip(bytes, end, |byte| continues_identifier(byte) && byte != b'$');
    }
    (bytes.get(end) == Some(&b'$')).then_some(end + 1 - start)
}

/// Past the second `$tag$` of a literal whose first, of `tag` bytes, stands at `start`.
fn dollar_end(bytes: &[u8], start: usize, tag: usize) -> Result<usize, LexError> {
    let delimiter = bytes.get(start..start + tag).unwrap_or_default();
    let mut offset = start + tag;
    while let Some(dollar) = bytes.get(offset..).and_then(|rest| rest.iter().position(|byte| *byte == b'$')) {
        offset += dollar;
        if starts(bytes, offset, delimiter) {
            return Ok(offset + tag);
        }
        offset += 1;
    }
    Err(LexError::new(start, "unterminated dollar-quoted string"))
}

/// The escape character of a `U&` literal that ends at `end`, and the end of its `UESCAPE`.
fn uescape(text: &str, end: usize) -> Result<(char, usize), LexError> {
    let bytes = text.as_bytes();
    let start = blank(bytes, end)?;
    let word = skip(bytes, start, continues_identifier);
    if !bytes.get(start..word).is_some_and(|word| word.eq_ignore_ascii_case(b"uescape")) {
        return Ok(('\\', end));
    }
    let open = blank(bytes, word)?;
    let simple = || LexError::new(open, "UESCAPE must be followed by a simple string literal");
    let value = match (bytes.get(open), bytes.get(open + 1)) {
        (Some(b'\''), _) => quoted(bytes, open),
        (Some(b'e' | b'E'), Some(b'\'')) => escaped(bytes, open + 1),
        (Some(b'$'), _) => decode_text(text, Span::new(open, open)),
        _ => return Err(simple()),
    }?;
    let past = scan(text, open)?.ok_or_else(simple)?.span.end;
    let mut letters = value.text.chars();
    match (letters.next(), letters.next()) {
        (Some(escape), None)
            if !escape.is_ascii_hexdigit()
                && !matches!(escape, '+' | '\'' | '"')
                && !u8::try_from(escape).is_ok_and(is_space) =>
        {
            Ok((escape, past))
        }
        _ => Err(LexError::new(open, "invalid Unicode escape character")),
    }
}

/// A value while it is put together.
#[derive(Default)]
struct Value {
    bytes: Vec<u8>,
    steps: Vec<(usize, usize)>,
}

impl Value {
    /// What `bytes` is stands in the text from `offset` on.
    fn push(&mut self, bytes: &[u8], offset: usize) {
        let here = self.bytes.len();
        let in_step = self.steps.last().is_some_and(|(value, text)| value + offset == text + here);
        if !in_step {
            self.steps.push((here, offset));
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn push_char(&mut self, letter: char, offset: usize) {
        self.push(letter.encode_utf8(&mut [0; 4]).as_bytes(), offset);
    }

    /// The value of a literal whose first byte would stand at `start`.
    fn decoded(mut self, start: usize) -> Result<Decoded, LexError> {
        if self.steps.is_empty() {
            self.steps.push((0, start));
        }
        match String::from_utf8(self.bytes) {
            Ok(text) if !text.contains('\0') => Ok(Decoded { text, steps: self.steps }),
            _ => Err(LexError::new(start, "invalid byte sequence for encoding \"UTF8\"")),
        }
    }
}

/// The parts of a literal or a name with their quotes undoubled, each byte with its offset.
struct Units {
    start: usize,
    bytes: Vec<(u8, usize)>,
    end: usize,
}

impl Units {
    fn decoded(&self) -> Result<Decoded, LexError> {
        let mut value = Value::default();
        self.bytes.iter().for_each(|(byte, offset)| value.push(&[*byte], *offset));
        value.decoded(self.start)
    }
}

fn undoubled(bytes: &[u8], open: usize, quote: u8) -> Result<Units, LexError> {
    let mut units = Units { start: open + 1, bytes: Vec::new(), end: open };
    let mut offset = open + 1;
    loop {
        match bytes.get(offset) {
            None => return Err(LexError::new(open, "unterminated quoted string")),
            Some(byte) if *byte == quote && bytes.get(offset + 1) == Some(&quote) => {
                units.bytes.push((quote, offset));
                offset += 2;
            }
            Some(byte) if *byte == quote => {
                units.end = offset + 1;
                match continuation(bytes, offset + 1) {
                    Some(part) if quote == b'\'' => offset = part + 1,
                    _ => return Ok(units),
                }
            }
            Some(byte) => {
                units.bytes.push((*byte, offset));
                offset += 1;
            }
        }
    }
}

fn quoted(bytes: &[u8], open: usize) -> Result<Decoded, LexError> {
    undoubled(bytes, open, b'\'')?.decoded()
}

/// The value of up to `most` digits, and past them.
fn digits(bytes: &[u8], start: usize, most: usize, radix: u32) -> (u32, usize) {
    let mut end = start;
    let mut value = 0_u32;
    while end - start < most
        && let Some(digit) = bytes.get(end).and_then(|byte| char::from(*byte).to_digit(radix))
    {
        value = value.wrapping_mul(radix).wrapping_add(digit);
        end += 1;
    }
    (value, end)
}

/// The first half of a character of two, as it waits for its second.
#[derive(Default)]
struct Surrogate(Option<(u32, usize)>);

impl Surrogate {
    /// Takes what an escape names; gives the character once it is whole.
    fn join(&mut self, unit: u32, offset: usize) -> Result<Option<(char, usize)>, LexError> {
        let pair = || LexError::new(offset, "invalid Unicode surrogate pair");
        let whole = match (self.0.take(), unit) {
            (None, 0xd800..=0xdbff) => {
                self.0 = Some((unit, offset));
                return Ok(None);
            }
            (Some((high, start)), 0xdc00..=0xdfff) => (0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00), start),
            (Some(_), _) | (None, 0xdc00..=0xdfff) => return Err(pair()),
            (None, _) => (unit, offset),
        };
        match char::from_u32(whole.0) {
            Some(letter) if letter != '\0' => Ok(Some((letter, whole.1))),
            _ => Err(LexError::new(offset, "invalid Unicode escape value")),
        }
    }

    /// Something else than an escape comes.
    fn end(&self) -> Result<(), LexError> {
        self.0.map_or(Ok(()), |(_, offset)| Err(LexError::new(offset, "invalid Unicode surrogate pair")))
    }
}

/// The value of `E'…'`.
fn escaped(bytes: &[u8], open: usize) -> Result<Decoded, LexError> {
    let mut value = Value::default();
    let mut surrogate = Surrogate::default();
    let mut offset = open + 1;
    loop {
        let Some(byte) = bytes.get(offset).copied() else {
            return Err(LexError::new(open, "unterminated quoted string"));
        };
        let next = bytes.get(offset + 1).copied();
        if !(byte == b'\\' && matches!(next, Some(b'u' | b'U'))) {
            surrogate.end()?;
        }
        match (byte, next) {
            (b'\'', Some(b'\'')) => {
                value.push(b"'", offset);
                offset += 2;
            }
            (b'\'', _) => match continuation(bytes, offset + 1) {
                Some(part) => offset = part + 1,
                None => return value.decoded(open + 1),
            },
            (b'\\', Some(kind @ (b'u' | b'U'))) => {
                let length = if kind == b'u' { 4 } else { 8 };
                let (unit, end) = digits(bytes, offset + 2, length, 16);
                if end != offset + 2 + length {
                    return Err(LexError::new(offset, "invalid Unicode escape"));
                }
                if let Some((letter, start)) = surrogate.join(unit, offset)? {
                    value.push_char(letter, start);
                }
                offset = end;
            }
            (b'\\', Some(b'0'..=b'7')) => {
                let (code, end) = digits(bytes, offset + 1, 3, 8);
                // `\777` is more than a byte; PostgreSQL keeps the low eight bits.
                value.push(&[code.to_le_bytes()[0]], offset);
                offset = end;
            }
            (b'\\', Some(b'x')) if bytes.get(offset + 2).is_some_and(u8::is_ascii_hexdigit) => {
                let (code, end) = digits(bytes, offset + 2, 2, 16);
                value.push(&[code.to_le_bytes()[0]], offset);
                offset = end;
            }
            (b'\\', Some(letter)) => {
                let meant = match letter {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    other => other,
                };
                value.push(&[meant], offset);
                offset += 2;
            }
            (other, _) => {
                value.push(&[other], offset);
                offset += 1;
            }
        }
    }
}

/// The value of `U&'…'` or `U&"…"`.
fn unicode(units: &Units, escape: char) -> Result<Decoded, LexError> {
    let plain: Vec<u8> = units.bytes.iter().map(|(byte, _)| *byte).collect();
    let place = |index: usize| units.bytes.get(index).map_or(units.end, |(_, offset)| *offset);
    let mut buffer = [0; 4];
    let escape = escape.encode_utf8(&mut buffer).as_bytes();
    let mut value = Value::default();
    let mut surrogate = Surrogate::default();
    let mut index = 0;
    while let Some(byte) = plain.get(index).copied() {
        let offset = place(index);
        if !starts(&plain, index, escape) {
            surrogate.end()?;
            value.push(&[byte], offset);
            index += 1;
            continue;
        }
        let after = index + escape.len();
        if starts(&plain, after, escape) {
            surrogate.end()?;
            value.push(escape, offset);
            index = after + escape.len();
            continue;
        }
        let (start, length) = if plain.get(after) == Some(&b'+') { (after + 1, 6) } else { (after, 4) };
        let (unit, end) = digits(&plain, start, length, 16);
        if end != start + length {
            return Err(LexError::new(offset, "invalid Unicode escape"));
        }
        if let Some((letter, start)) = surrogate.join(unit, offset)? {
            value.push_char(letter, start);
        }
        index = end;
    }
    surrogate.end()?;
    value.decoded(units.start)
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test stops where its text is not what it should be")]
mod tests {
    use super::*;

    /// The tokens, each with the first letter of its kind, between bars.
    fn shown(text: &str) -> String {
        let tokens = match tokens(text) {
            Ok(tokens) => tokens,
            Err(error) => return format!("{}: {}", error.offset, error.message),
        };
        let show = |token: &Token| {
            let kind = format!("{:?}", token.kind).chars().next().unwrap_or(' ');
            format!("{kind}{}", text.get(token.span.start..token.span.end).expect("a token ends between characters"))
        };
        tokens.iter().map(show).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn tokens_are_those_of_postgresql() {
        let table = [
            ("SELECT a.b, \"C\"\"d\" FROM é$1", "WSELECT|Wa|P.|Wb|P,|Q\"C\"\"d\"|WFROM|Wé$1"),
            ("a:=1;b=>c::d", "Wa|O:=|N1|P;|Wb|O=>|Wc|O::|Wd"),
            ("1..10 1.5 .5 1. 1e-3 1.e5 a..b", "N1|O..|N10|N1.5|N.5|N1.|N1e-3|N1.e5|Wa|O..|Wb"),
            ("0xFF 1_000 0b_1", "N0xFF|N1_000|N0b_1"),
            ("1a", "0: trailing junk after numeric literal"),
            ("1_000_", "0: trailing junk after numeric literal"),
            ("1e", "0: trailing junk after numeric literal"),
            ("0x", "0: trailing junk after numeric literal"),
            ("$1+$2", "P$1|O+|P$2"),
            ("$1a", "0: trailing junk after parameter"),
            ("a=-1 b@-1 c<=-1 d||-e *-- f", "Wa|O=|O-|N1|Wb|O@-|N1|Wc|O<=|O-|N1|Wd|O||-|We|O*"),
            ("+-+ ~-+", "O+|O-|O+|O~-+"),
            ("a*/**/b a-/* /* */ */b", "Wa|O*|Wb|Wa|O-|Wb"),
            ("a -- b\nc", "Wa|Wc"),
            ("'a''b' E'a\\'b' n'c' b'1' X'f'", "T'a''b'|TE'a\\'b'|Tn'c'|Bb'1'|BX'f'"),
            ("'a' 'b'", "T'a'|T'b'"),
            ("'a'\n 'b'", "T'a'\n 'b'"),
            ("'a' -- c\n -- d\n'b' c", "T'a' -- c\n -- d\n'b'|Wc"),
            ("'a' /* c */\n'b'", "T'a'|T'b'"),
            ("'a'\n/* c */'b'", "T'a'|T'b'"),
            ("e'a'\n'\\''", "Te'a'\n'\\''"),
            ("$$a$b$c$$ $b$ $$ $a$ $b$", "T$$a$b$c$$|T$b$ $$ $a$ $b$"),
            ("$é$a$é$", "T$é$a$é$"),
            ("$a", "0: syntax error at or near \"$\""),
            ("a $b$ c $b", "2: unterminated dollar-quoted string"),
            ("U&'a' UESCAPE '!' x", "TU&'a' UESCAPE '!'|Wx"),
            ("U&\"a\" uescape\n'!' u&'b' v", "QU&\"a\" uescape\n'!'|Tu&'b'|Wv"),
            ("U&'a' UESCAPE x", "14: UESCAPE must be followed by a simple string literal"),
            ("U&'a' UESCAPE '+'", "14: invalid Unicode escape character"),
            ("u & 'a'", "Wu|O&|T'a'"),
            ("a 'b", "2: unterminated quoted string"),
            ("a E'b\\'", "3: unterminated quoted string"),
            ("\"", "0: unterminated quoted identifier"),
            ("\"\"", "0: zero-length delimited identifier"),
            ("a /* /* */", "2: unterminated /* comment"),
            ("a { b", "2: syntax error at or near \"{\""),
            ("a[1:2]", "Wa|P[|N1|P:|N2|P]"),
            (" \t\r\n\u{b}\u{c}", ""),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn tokens_tile_the_text() {
        let text = include_str!("../../sql/prod/10_structure/views.sql");
        let tokens = tokens(text).expect("it has tokens");
        let mut end = 0;
        for token in tokens {
            let between = text.get(end..token.span.start).expect("tokens follow one another");
            assert_eq!(blank(between.as_bytes(), 0), Ok(between.len()), "{between}");
            assert_eq!(next(text, end), Some(token));
            assert!(token.span.end > token.span.start);
            end = token.span.end;
        }
        assert_eq!(next(text, end), None);
    }

    #[test]
    fn literals_mean_what_they_mean_to_postgresql() {
        let table = [
            ("'a''b'", "a'b"),
            ("''", ""),
            ("N'a\\n'", "a\\n"),
            ("'a'\n'b''' -- \n 'c'", "ab'c"),
            (r"E'\b\f\n\r\t\v\\\'\q'", "\u{8}\u{c}\n\r\t\u{b}\\'q"),
            (r"E'\101\x41\x4g\xg\60\1012'", "AA\u{4}gxg0A2"),
            (r"E'\xc3\xa9\303\251'", "éé"),
            (r"E'\u00e9\U0001F600\ud83d\uDE00'", "é\u{1F600}\u{1F600}"),
            (r"U&'\00e9\+01F600\d83d\+00de00\\'", "é\u{1F600}\u{1F600}\\"),
            ("U&'!00e9\\' UESCAPE '!'", "é\\"),
            ("U&'\\00'\n'e9'", "é"),
            ("$$a''\\n$$", "a''\\n"),
            ("$b$$$ $a$$b$", "$$ $a$"),
        ];
        for (text, expected) in table {
            let span = next(text, 0).expect(text).span;
            assert_eq!(span, Span::new(0, text.len()), "{text}");
            assert_eq!(decode_text(text, span).expect(text).text, expected, "{text}");
        }
        let errors = [
            (r"E'\u12'", 2, "invalid Unicode escape"),
            (r"E'a\ud83d'", 3, "invalid Unicode surrogate pair"),
            (r"E'\ude00'", 2, "invalid Unicode surrogate pair"),
            (r"E'\u0000'", 2, "invalid Unicode escape value"),
            (r"E'\0'", 2, "invalid byte sequence for encoding \"UTF8\""),
            (r"E'\xff'", 2, "invalid byte sequence for encoding \"UTF8\""),
            (r"U&'\12'", 3, "invalid Unicode escape"),
            (r"U&'\d83d a'", 3, "invalid Unicode surrogate pair"),
        ];
        for (text, offset, message) in errors {
            assert_eq!(decode_text(text, Span::new(0, text.len())), Err(LexError::new(offset, message)), "{text}");
        }
    }

    #[test]
    fn values_know_where_they_stand() {
        let steps = |text: &str, start: usize| decode_text(text, Span::new(start, text.len())).expect(text).steps;
        assert_eq!(steps("x 'ab''cd'", 2), [(0, 3), (3, 7)]);
        assert_eq!(steps("''", 0), [(0, 1)]);
        assert_eq!(steps(r"E'a\nb\x41c'", 0), [(0, 2), (2, 5), (4, 10)]);
        assert_eq!(steps("'a'\n'b'", 0), [(0, 1), (1, 5)]);
        assert_eq!(steps("$a$b$a$", 0), [(0, 3)]);
        assert_eq!(steps(r"U&'a\00e9b'", 0), [(0, 3), (3, 9)]);
    }

    #[test]
    fn names_are_folded_and_cut() {
        let name = |text: &str| decode_word(text, next(text, 0).expect(text).span);
        assert_eq!(name("FooÉ$1"), "fooÉ$1");
        assert_eq!(name("\"Foo\"\"\""), "Foo\"");
        assert_eq!(name(r#"U&"d\0061t\+000061""#), "data");
        assert_eq!(name(r#"u&"d!0061""!!" UESCAPE '!'"#), "da\"!");
        assert_eq!(name(&"A".repeat(70)), "a".repeat(63));
        assert_eq!(name(&format!("\"{}é\"", "a".repeat(62))), "a".repeat(62));
    }
}

//! A reader of SQL of its own, so that operators find their sites by structure and the linter
//! is not judged with its own eyes. Knows tokens, statements and the IFs of a DO block.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    /// `"…"`
    Quoted,
    /// `'…'`
    Text,
    /// `$tag$…$tag$`
    Dollar,
    Number,
    Symbol,
    Comment,
    /// A line of psql's own.
    Meta,
}

/// A token and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// A statement with its semicolon, or a metacommand.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub span: Range<usize>,
    pub tokens: Vec<Token>,
}

/// An IF of a DO block.
#[derive(Clone, Debug)]
pub(crate) struct If {
    /// From IF to the semicolon after END IF.
    pub span: Range<usize>,
    /// Between IF and THEN.
    pub condition: Range<usize>,
    /// Between THEN and what ends the branch.
    pub then: Range<usize>,
    /// How many IFs and LOOPs it lies in.
    pub depth: usize,
    /// Whether it has another branch.
    pub branches: bool,
}

/// A DO block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The whole statement.
    pub span: Range<usize>,
    /// Between the dollar quotes.
    pub body: Range<usize>,
    /// The word with which the block proper begins.
    pub begin: Range<usize>,
    /// The word with which it ends.
    pub end: Range<usize>,
    pub ifs: Vec<If>,
}

const PAIRS: [&str; 12] = ["::", ":=", "<>", "<=", ">=", "||", "=>", "->>", "->", "!=", "<<", ">>"];

/// The tokens of a part of a text; spans are those of the whole.
pub(crate) fn tokens(text: &str, part: Range<usize>) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = part.start;
    while at < part.end {
        let rest = &text[at..part.end];
        let first = rest.chars().next().expect("not at the end");
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = if rest.starts_with("--") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Kind::Comment, comment(rest))
        } else if first == '\\' {
            (Kind::Meta, rest.find('\n').unwrap_or(rest.len()))
        } else if first == '\'' {
            (Kind::Text, quoted(rest, '\''))
        } else if first == '"' {
            (Kind::Quoted, quoted(rest, '"'))
        } else if let Some(length) = dollar(rest) {
            (Kind::Dollar, length)
        } else if first.is_ascii_digit() {
            (Kind::Number, rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len()))
        } else if first.is_alphabetic() || first == '_' {
            (Kind::Word, rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len()))
        } else {
            let pair = PAIRS.iter().find(|pair| rest.starts_with(**pair));
            (Kind::Symbol, pair.map_or(first.len_utf8(), |pair| pair.len()))
        };
        found.push(Token { kind, span: at..at + length });
        at += length;
    }
    found
}

/// The tokens without the comments.
pub(crate) fn significant(text: &str, part: Range<usize>) -> Vec<Token> {
    tokens(text, part).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut inner = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = inner.next() {
        if c == quote && inner.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

fn dollar(rest: &str) -> Option<usize> {
    let tag = rest.strip_prefix('$')?;
    let length = tag.find('$')?;
    let name = &tag[..length];
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let delimiter = &rest[..length + 2];
    let inner = &rest[delimiter.len()..];
    Some(delimiter.len() + inner.find(delimiter)? + delimiter.len())
}

/// The statements and metacommands of a script.
pub(crate) fn statements(text: &str) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    let mut depth = 0_i32;
    let mut close = |current: &mut Vec<Token>| {
        if let (Some(first), Some(last)) = (current.first(), current.last()) {
            found.push(Statement { span: first.span.start..last.span.end, tokens: std::mem::take(current) });
        }
    };
    for token in significant(text, 0..text.len()) {
        let word = &text[token.span.clone()];
        if token.kind == Kind::Meta {
            close(&mut current);
            current.push(token);
            close(&mut current);
            continue;
        }
        match word {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        current.push(token);
        if word == ";" && depth == 0 {
            close(&mut current);
        }
    }
    close(&mut current);
    found
}

impl Statement {
    /// Whether its first words are these, in any case.
    pub(crate) fn starts(&self, text: &str, words: &str) -> bool {
        let mut tokens = self.tokens.iter();
        words
            .split(' ')
            .all(|word| tokens.next().is_some_and(|token| text[token.span.clone()].eq_ignore_ascii_case(word)))
    }

    /// Its text.
    pub(crate) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.span.clone()]
    }

    /// The n-th token.
    pub(crate) fn nth<'a>(&self, text: &'a str, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &text[token.span.clone()])
    }

    /// Where a word stands outside of parentheses.
    pub(crate) fn find(&self, text: &str, word: &str) -> Option<usize> {
        let mut depth = 0;
        self.tokens.iter().position(|token| {
            match &text[token.span.clone()] {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth == 0 && text[token.span.clone()].eq_ignore_ascii_case(word)
        })
    }

    /// The DO block that it is.
    pub(crate) fn block(&self, text: &str) -> Option<Block> {
        if !self.starts(text, "DO") {
            return None;
        }
        let quoted = self.tokens.iter().find(|token| token.kind == Kind::Dollar)?;
        let delimiter = text[quoted.span.clone()][1..].find('$')? + 2;
        let body = quoted.span.start + delimiter..quoted.span.end - delimiter;
        let tokens = significant(text, body.clone());
        let is = |index: usize, word: &str| {
            tokens.get(index).is_some_and(|token| text[token.span.clone()].eq_ignore_ascii_case(word))
        };
        let begin = (0..tokens.len()).find(|index| is(*index, "BEGIN"))?;
        let end = (0..tokens.len()).rev().find(|index| is(*index, "END"))?;
        let mut ifs = Vec::new();
        let mut open: Vec<If> = Vec::new();
        let mut loops = 0;
        let mut index = begin;
        while index < end {
            let opens = index > 0
                && (is(index - 1, ";") || ["BEGIN", "THEN", "ELSE", "LOOP"].iter().any(|word| is(index - 1, word)));
            if is(index, "IF") && opens {
                let mut case = 0;
                let then = (index..end).find(|at| {
                    if is(*at, "CASE") {
                        case += 1;
                    } else if is(*at, "END") {
                        case -= 1;
                    }
                    case == 0 && is(*at, "THEN")
                })?;
                open.push(If {
                    span: tokens[index].span.start..0,
                    condition: tokens[index + 1].span.start..tokens[then - 1].span.end,
                    then: tokens[then].span.end..0,
                    depth: open.len() + loops,
                    branches: false,
                });
                index = then;
            } else if is(index, "ELSE") || is(index, "ELSIF") {
                // The ELSE of a CASE belongs to no IF; none stands at the start of a statement.
                if let Some(last) = open.last_mut().filter(|_| is(index - 1, ";"))
                    && last.then.end == 0
                {
                    (last.then.end, last.branches) = (tokens[index].span.start, true);
                }
            } else if is(index, "END") && is(index + 1, "IF") {
                if let Some(mut last) = open.pop() {
                    last.span.end = tokens[index + 2].span.end;
                    if last.then.end == 0 {
                        last.then.end = tokens[index].span.start;
                    }
                    ifs.push(last);
                }
                index += 1;
            } else if is(index, "LOOP") {
                loops = if is(index - 1, "END") { loops - 1 } else { loops + 1 };
            }
            index += 1;
        }
        ifs.sort_by_key(|found| found.span.start);
        Some(Block {
            span: self.span.clone(),
            body,
            begin: tokens[begin].span.clone(),
            end: tokens[end].span.clone(),
            ifs,
        })
    }
}

/// The words of a part, in lower case.
pub(crate) fn words(text: &str, part: Range<usize>) -> Vec<String> {
    significant(text, part)
        .into_iter()
        .filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))
        .map(|token| text[token.span].trim_matches('"').to_ascii_lowercase())
        .collect()
}

/// The text with some parts replaced.
pub(crate) fn edit(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut edits: Vec<_> = edits.iter().collect();
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let (mut result, mut at) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        assert!(range.start >= at, "two edits overlap at {}", range.start);
        result.push_str(&text[at..range.start]);
        result.push_str(new);
        at = range.end;
    }
    result.push_str(&text[at..]);
    result
}

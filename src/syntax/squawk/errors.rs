//! What squawk finds wrong with a text.

use squawk_syntax::{Parse, SourceFile, SyntaxKind as K};

use crate::source::Span;
use crate::syntax::token;

/// The first error and where it stands. Errors in a body that is a string are left to the
/// body's own reader: PostgreSQL takes the statement all the same.
pub(super) fn first(text: &str, parse: &Parse<SourceFile>) -> Option<(String, Span)> {
    let errors = parse.errors();
    if errors.is_empty() {
        return None;
    }
    let error = errors.iter().find(|error| {
        let start = usize::from(error.range().start());
        !names(text, start, error.message()) && !lies_in_body(parse, start)
    })?;
    let start = usize::from(error.range().start()).min(text.len());
    let end = usize::from(error.range().end()).clamp(start, text.len());
    let span = if start == end { token_at(text, start) } else { Span::new(start, end) };
    Some((lower_first(error.message()), span))
}

/// `SET NAMES 'x'`: squawk misses the sign that PostgreSQL does not want there.
fn names(text: &str, offset: usize, message: &str) -> bool {
    let before = text.get(..offset).unwrap_or_default().trim_end();
    let word = before.rsplit(|letter: char| letter.is_ascii_whitespace()).next().unwrap_or_default();
    message == "expected EQ" && word.eq_ignore_ascii_case("names")
}

/// The token that stands there, or else the last.
fn token_at(text: &str, offset: usize) -> Span {
    let last = || token::tokens(text).ok().and_then(|tokens| tokens.last().map(|token| token.span));
    token::next(text, offset).map(|token| token.span).or_else(last).unwrap_or(Span::new(offset, offset))
}

/// Whether something lies within the text of `AS 'text'`.
fn lies_in_body(parse: &Parse<SourceFile>, offset: usize) -> bool {
    let root = parse.syntax_node();
    root.descendants().filter(|node| node.kind() == K::AS_DEFINITION).any(|node| {
        let range = node.text_range();
        usize::from(range.start()) < offset && offset < usize::from(range.end())
    })
}

/// The message without what its writer puts around it; `SQL …` keeps its letters.
fn lower_first(message: &str) -> String {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    let first = letters.next();
    if letters.next().is_some_and(|second| second.is_ascii_uppercase()) {
        return message.to_owned();
    }
    first.map(|first| first.to_ascii_lowercase()).into_iter().chain(message.chars().skip(1)).collect()
}

//! The shape of a statement: its tokens without what its user may choose freely. Readers
//! that agree about one text agree about every text of its shape.

use std::collections::HashSet;
use std::sync::OnceLock;

use squawk_syntax::SyntaxKind;

use super::token::{self, Token, TokenKind};
use crate::builtin::{Builtin, builtin, is_type};

/// Statements with a grammar of their own begin with these.
const SPECIAL: &[&str] = &["do", "set", "reset", "show", "copy", "explain"];

/// Statements with a body hold one of these.
const WITH_BODY: &[&str] = &["function", "procedure", "language"];

/// Names that some reader takes for more than a name.
const TAKEN: &[&str] =
    &["names", "plpgsql", "public", "serial2", "serial4", "serial8", "serial", "bigserial", "smallserial"];

/// The shape of a text; none of a text that is like no other.
#[must_use]
pub fn of(text: &str) -> Option<Vec<u8>> {
    let tokens = token::tokens(text).ok()?;
    let mut shape = Vec::with_capacity(text.len());
    let mut end = 0;
    for Token { kind, span } in tokens {
        // A comment may hide what another reader takes for a token.
        if !text.get(end..span.start)?.bytes().all(|byte| byte.is_ascii_whitespace()) {
            return None;
        }
        end = span.end;
        let written = text.get(span.start..span.end)?;
        shape.push(b' ');
        match kind {
            TokenKind::Text if is_plain_text(written) => shape.push(b'\''),
            TokenKind::Number if is_plain_number(written) => shape.push(b'0'),
            TokenKind::Text if written.starts_with('$') => return None,
            TokenKind::QuotedWord if is_free(written.trim_matches('"')) => shape.push(b'"'),
            TokenKind::Word => {
                let word = written.to_ascii_lowercase();
                let is_first = shape.len() == 1;
                if WITH_BODY.contains(&word.as_str()) || (is_first && SPECIAL.contains(&word.as_str())) {
                    return None;
                }
                if is_free(&word) { shape.push(b'a') } else { shape.extend_from_slice(word.as_bytes()) }
            }
            _ => shape.extend_from_slice(written.as_bytes()),
        }
    }
    text.get(end..)?.bytes().all(|byte| byte.is_ascii_whitespace()).then_some(shape)
}

/// `'a'`: one part, without anything that could be an escape.
fn is_plain_text(written: &str) -> bool {
    let inner = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.is_some_and(|inner| {
        !inner.is_empty() && inner.bytes().all(|byte| !matches!(byte, b'\'' | b'\\') && byte >= b' ')
    })
}

/// `12`: small enough for any integer, and written in one way only.
fn is_plain_number(written: &str) -> bool {
    written.len() < 10 && !written.starts_with('0') && written.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a name, in small letters, means nothing but what its user named so.
fn is_free(word: &str) -> bool {
    let is_name = word.len() < 64
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !word.starts_with(|first: char| first.is_ascii_digit());
    is_name
        && !word.is_empty()
        && !word.starts_with("pg_")
        && !TAKEN.contains(&word)
        && !keywords().contains(word)
        && !is_type(word)
        && builtin(word) == Builtin::Unknown
}

/// Every word that some reader's grammar knows.
fn keywords() -> &'static HashSet<String> {
    static KEYWORDS: OnceLock<HashSet<String>> = OnceLock::new();
    KEYWORDS.get_or_init(|| {
        let theirs = (0..SyntaxKind::__LAST as u16).map(|kind| format!("{:?}", SyntaxKind::from(kind)));
        let theirs = theirs.filter_map(|kind| Some(kind.strip_suffix("_KW")?.to_ascii_lowercase()));
        let others = sqlparser::keywords::ALL_KEYWORDS.iter().map(|word| word.to_ascii_lowercase());
        theirs.chain(others).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_chooses_makes_no_difference() {
        let same = |one: &str, other: &str| of(one).is_some() && of(one) == of(other);
        assert!(same("DELETE FROM t WHERE a = 'x'", "delete from Other_1\n where b='y z' "));
        assert!(same("INSERT INTO \"T\" VALUES (1, 'a')", "INSERT INTO \"u_2\" VALUES (23, 'b')"));
    }

    #[test]
    fn what_readers_may_take_otherwise_does() {
        let base = "SELECT a, 'x', 1 FROM t";
        for other in [
            "SELECT a, 'x', 1 FROM t;",
            "SELECT a, '', 1 FROM t",
            "SELECT a, 'it''s', 1 FROM t",
            "SELECT a, 'a\\b', 1 FROM t",
            "SELECT a, E'x', 1 FROM t",
            "SELECT a, 'x', 01 FROM t",
            "SELECT a, 'x', 1.5 FROM t",
            "SELECT a, 'x', 12345678901 FROM t",
            "SELECT user, 'x', 1 FROM t",
            "SELECT \"a\", 'x', 1 FROM t",
            "SELECT now, 'x', 1 FROM t",
            "SELECT int4, 'x', 1 FROM t",
            "SELECT pg_a, 'x', 1 FROM t",
            "SELECT ä, 'x', 1 FROM t",
            "SELECT +a, 'x', 1 FROM t",
        ] {
            assert_ne!(of(other), of(base), "{other}");
        }
        for unique in [
            "DO 'x'",
            "SELECT $$x$$",
            "SELECT 1 -- x",
            "SELECT /* x */ 1",
            "SET a = 1",
            "SELECT 'a",
            "CREATE FUNCTION f() AS 'x'",
        ] {
            assert_eq!(of(unique), None, "{unique}");
        }
    }
}

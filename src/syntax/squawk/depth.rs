//! How deep a text nests, told from its tokens: squawk goes down one frame of the stack for
//! each level, and a stack that ends ends the program.

use crate::source::Span;
use crate::syntax::token::{self, Token, TokenKind};

/// The deepest that is read.
pub(super) const LIMIT: usize = 1_000;

/// What joins its sides into a tree that leans to the left, a level for each.
const JOINS: [&str; 7] = ["and", "or", "not", "union", "except", "intersect", "join"];

/// A bracket or a `CASE` that is open.
#[derive(Default)]
struct Level {
    case: bool,
    /// Operators since the last comma.
    operators: usize,
}

/// Where a text goes deeper than [`LIMIT`].
pub(super) fn excess(text: &str) -> Option<Span> {
    // A level takes at least a byte.
    if text.len() <= LIMIT {
        return None;
    }
    let mut levels = vec![Level::default()];
    let mut depth = 1_usize;
    let mut offset = 0;
    while let Some(Token { kind, span }) = token::next(text, offset) {
        offset = span.end;
        let word = text.get(span.start..span.end).unwrap_or_default();
        let (opens, closes, joins, ends) = match kind {
            TokenKind::Punctuation => (
                matches!(word, "(" | "["),
                matches!(word, ")" | "]"),
                matches!(word, "[" | "."),
                matches!(word, "," | ";"),
            ),
            TokenKind::Operator => (false, false, true, false),
            TokenKind::Word => {
                let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
                let case = levels.last().is_some_and(|level| level.case);
                (is("case"), case && is("end"), JOINS.iter().any(|join| is(join)), false)
            }
            _ => continue,
        };
        if let Some(level) = levels.last_mut() {
            if ends {
                depth -= level.operators;
                level.operators = 0;
            }
            if joins {
                depth += 1;
                level.operators += 1;
            }
        }
        if opens {
            depth += 1;
            levels.push(Level { case: kind == TokenKind::Word, operators: 0 });
        }
        if closes && levels.len() > 1 {
            depth -= 1 + levels.pop().map_or(0, |level| level.operators);
        }
        if depth > LIMIT {
            return Some(span);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_and_length_is_not() {
        let deep = |open: &str, close: &str, times: usize| {
            excess(&format!("SELECT {}1{}", open.repeat(times), close.repeat(times))).is_some()
        };
        for (open, close) in [("(", ")"), ("CASE WHEN true THEN ", " END"), ("1 + ", ""), ("NOT ", ""), ("a.", "")] {
            assert!(deep(open, close, 1_100), "{open}");
            assert!(!deep(open, close, 900), "{open}");
        }
        assert!(excess(&format!("SELECT {}", vec!["1 + 2"; 5_000].join(", "))).is_none());
        assert!(excess(&"SELECT (1);\n".repeat(5_000)).is_none());
        assert!(excess(&format!("SELECT '{}'", "(".repeat(5_000))).is_none());
    }
}

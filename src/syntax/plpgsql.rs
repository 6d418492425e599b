//! Bodies of PL/pgSQL.

use super::{Parser, SyntaxError};
use crate::effect::{At, Block};
use crate::source::{Map, Span};

/// The block of a body.
pub(super) fn block(text: &str, map: &Map, _: Parser) -> Result<Block, SyntaxError> {
    let at = At::new(map.file(), map.span(Span::new(0, text.len())));
    Err(SyntaxError { message: "PL/pgSQL is not read".to_owned(), at })
}

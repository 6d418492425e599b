//! psql's own reading of a script. Shared by the linter and the executor: there is one
//! splitter, so what was judged is what is sent.

pub mod lexer;
pub mod metacommand;
pub mod script;

pub use lexer::{Form, Lexer, Open};
pub use metacommand::{Argument, Metacommand, Part};
pub use script::{Ending, Irregularity, IrregularityKind, Item, Piece, PieceKind, Rendered, Script, Statement, read};

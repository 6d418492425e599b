//! The only room that sees a parser: text in, effects out. PostgreSQL's own grammar where it
//! is built in (feature `pg_query`), squawk's otherwise. Judges nothing.

#[cfg(feature = "pg_query")]
mod pg;
mod plpgsql;
pub mod shape;
mod squawk;
pub(crate) mod token;
pub mod witness;

use crate::effect::{At, Expr, Ident, Statement};
use crate::source::Map;

/// Why an `INSERT` is not followed that calls functions to find an element of a column.
const CALLED_FOR_ELEMENT: &str = "an element that is inserted is found by a call";

/// Why a statement is not followed that neither reader reads, by PostgreSQL's name for its node.
fn unread_statement(node: &str) -> Ident {
    let words = match node {
        "AlterCollationStmt" => "ALTER COLLATION … REFRESH VERSION",
        "AlterDatabaseRefreshCollStmt" => "ALTER DATABASE … REFRESH COLLATION VERSION",
        "AlterExtensionContentsStmt" => "ALTER EXTENSION … ADD or DROP",
        "AlterFdwStmt" => "ALTER FOREIGN DATA WRAPPER",
        "AlterForeignServerStmt" => "ALTER SERVER",
        "AlterObjectDependsStmt" => "ALTER … DEPENDS ON EXTENSION",
        "AlterOpFamilyStmt" => "ALTER OPERATOR FAMILY",
        "AlterOperatorStmt" => "ALTER OPERATOR",
        "AlterTableMoveAllStmt" => "ALTER … ALL IN TABLESPACE",
        "AlterTableSpaceOptionsStmt" => "ALTER TABLESPACE",
        "AlterTsconfigurationStmt" => "ALTER TEXT SEARCH CONFIGURATION",
        "AlterTsdictionaryStmt" => "ALTER TEXT SEARCH DICTIONARY",
        "AlterUserMappingStmt" => "ALTER USER MAPPING",
        "CreateAmStmt" => "CREATE ACCESS METHOD",
        "CreateConversionStmt" => "CREATE CONVERSION",
        "CreateOpClassStmt" => "CREATE OPERATOR CLASS",
        "CreateOpFamilyStmt" => "CREATE OPERATOR FAMILY",
        "CreateTransformStmt" => "CREATE TRANSFORM",
        "CreateUserMappingStmt" => "CREATE USER MAPPING",
        "DropUserMappingStmt" => "DROP USER MAPPING",
        "ImportForeignSchemaStmt" => "IMPORT FOREIGN SCHEMA",
        other => return Ident::from(format!("unread {other}")),
    };
    Ident::from(format!("{words} is not followed"))
}

/// Why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The parser's words: lower case, no full stop.
    pub message: String,
    /// Where the parser stopped.
    pub at: At,
}

/// A parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parser {
    /// PostgreSQL's own grammar.
    #[cfg(feature = "pg_query")]
    PostgreSql,
    /// squawk-syntax: pure Rust.
    Squawk,
}

impl Default for Parser {
    /// PostgreSQL's own grammar, where it is built in.
    fn default() -> Self {
        #[cfg(feature = "pg_query")]
        return Self::PostgreSql;
        #[cfg(not(feature = "pg_query"))]
        return Self::Squawk;
    }
}

impl Parser {
    /// The statements of a text, which may hold several. Bodies are read too: what cannot be
    /// read of them is opaque there, not an error here.
    pub fn statements(self, text: &str, map: &Map) -> Result<Vec<Statement>, SyntaxError> {
        match self {
            #[cfg(feature = "pg_query")]
            Self::PostgreSql => pg::statements(text, map),
            Self::Squawk => squawk::statements(text, map),
        }
    }

    /// An expression on its own.
    pub fn expression(self, text: &str, map: &Map) -> Result<Expr, SyntaxError> {
        match self {
            #[cfg(feature = "pg_query")]
            Self::PostgreSql => pg::expression(text, map),
            Self::Squawk => squawk::expression(text, map),
        }
    }
}

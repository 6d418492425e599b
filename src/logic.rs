//! Three-valued reasoning over SQL expressions: what certainly follows from conditions that
//! are known to hold. Proves or says that it cannot; never guesses, and judges nothing.

mod demand;
mod facts;
mod held;
mod known;
mod pattern;
mod query;
mod reach;
mod read;
mod solve;
mod term;
mod theory;
mod value;

pub use demand::{Demands, Exact};
pub use facts::Facts;
pub(crate) use query::gathers;
pub use reach::{Reach, among, among_numbers};

use crate::effect::{Ident, Name, Type};

/// An answer. Unknown is not no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    /// Certainly.
    Yes,
    /// Certainly not.
    No,
    /// It cannot be told.
    Unsaid,
}

/// What is known of the value of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// TRUE: what holds after `IF c THEN`.
    True,
    /// FALSE.
    False,
    /// FALSE or NULL: what holds after `IF c THEN RAISE …; END IF`.
    NotTrue,
    /// TRUE or NULL: what a CHECK constraint guarantees.
    NotFalse,
    /// NULL.
    Null,
}

/// What the catalog can tell. Every answer that is not given means that nothing is known.
pub trait World {
    /// The one name of the relation, the search path applied: `t`, `"t"` and `public.t` may
    /// be one.
    fn relation(&self, name: &Name) -> Name {
        name.clone()
    }

    /// Whether the column, of a relation by its one name, is NOT NULL.
    fn never_null(&self, relation: &Name, column: &str) -> bool {
        let _ = (relation, column);
        false
    }

    /// Whether no two rows agree on these columns and have no NULL among them: they contain
    /// the columns of a primary key or of a unique index without predicate.
    fn unique(&self, relation: &Name, columns: &[Ident]) -> bool {
        let _ = (relation, columns);
        false
    }

    /// Whether the relation has such a column, if that is known: decides what a bare name refers to.
    fn has_column(&self, relation: &Name, column: &str) -> Option<bool> {
        let _ = (relation, column);
        None
    }

    /// Whether no other table inherits from the relation: `ONLY` makes no difference.
    fn stands_alone(&self, relation: &Name) -> bool {
        let _ = relation;
        false
    }

    /// The type of a column. Not given for a column whose collation is nondeterministic.
    fn column_type(&self, relation: &Name, column: &str) -> Option<Type> {
        let _ = (relation, column);
        None
    }

    /// The type of a variable of PL/pgSQL or of a parameter (`$1`). What is not known to be
    /// composite is taken for a scalar.
    fn variable_type(&self, path: &[Ident]) -> Option<Type> {
        let _ = path;
        None
    }

    /// Whether a function that is not PostgreSQL's own yields one value, never a set and not
    /// as an aggregate, and the same for the same arguments as long as no rows change.
    fn stable_call(&self, function: &Name) -> bool {
        let _ = function;
        false
    }
}

/// The world of which nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl World for Nothing {}

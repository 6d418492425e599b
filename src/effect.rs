//! What a statement does, in our own words, whichever parser read it. Names and literals are
//! decoded and folded as PostgreSQL does it. Knows no parser and judges nothing; what was not
//! understood is [`Act::Opaque`] or [`ExprKind::Other`], never absent.
//!
//! Everything here compares by meaning: two trees are equal when they say the same, wherever
//! they stand ([`At`] is equal to every other [`At`]).

mod expression;
mod plpgsql;
mod property;
mod statement;
mod walk;

pub use expression::{
    Assignment, Cte, CteBody, Expr, ExprKind, From, IsTest, JoinKind, LikeKind, Query, QueryBody, Select, SetOperator,
    SubqueryKind, Target, Type,
};
pub use plpgsql::{Block, Body, Declaration, Handler, IfArm, Iteration, RaiseLevel, Step, StepKind, VariableConflict};
pub use property::Properties;
pub use statement::{
    Act, AlterAction, Argument, Column, Conflict, ConflictAction, Constraint, ConstraintKind, CopyEnd, Deferral,
    Function, Identity, IndexOf, Like, MergeAction, MergeWhen, Object, ObjectKind, ReferentialAction, RowSource, Scope,
    Statement, Transaction, TriggerState, TriggerTiming,
};
pub use walk::{
    Visit, any, any_in_from, has_call, rewrite_expr, rewrite_query, walk_act, walk_block, walk_expr, walk_from,
    walk_query, walk_statement, walk_step,
};

/// An identifier or a short text, as PostgreSQL stores it: folded, unquoted, unescaped.
///
/// An identifier that a psql variable supplies (`:"name"`) is spelt `:"name"`, quotes
/// included, so that it equals only itself; see [`is_variable`].
pub use smol_str::SmolStr as Ident;

use crate::source::FileId;
use crate::source::Span;

/// Whether the identifier is whatever the psql variable holds.
#[must_use]
pub fn is_variable(ident: &str) -> bool {
    ident.starts_with(":\"") && ident.ends_with('"')
}

/// Where something stands: bytes of one file. Equal to every other place, so that trees
/// compare by meaning; use [`At::span`] to compare places.
#[derive(Debug, Clone, Copy, Default)]
pub struct At {
    file: u32,
    start: u32,
    end: u32,
}

impl At {
    /// The bytes `span` of `file`.
    #[must_use]
    pub fn new(file: FileId, span: Span) -> Self {
        // Files are at most 1 GiB (`sources::SIZE_LIMIT`), so offsets fit.
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { file: narrow(file.index()), start: narrow(span.start), end: narrow(span.end) }
    }

    /// The file.
    #[must_use]
    pub fn file(self) -> FileId {
        FileId::new(self.file as usize)
    }

    /// The bytes within it.
    #[must_use]
    pub fn span(self) -> Span {
        Span::new(self.start as usize, self.end as usize)
    }

    /// Whether the other is the same place.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        (self.file, self.start, self.end) == (other.file, other.start, other.end)
    }

    /// From the start of this to the end of the other, if both are of one file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}

impl std::hash::Hash for At {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for At {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// The name of an object, qualified or not. `pg_catalog.` is kept where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The schema, if it was written.
    pub schema: Option<Ident>,
    /// The name itself.
    pub name: Ident,
    /// Where it stands.
    pub at: At,
}

impl Name {
    /// A name without a schema.
    #[must_use]
    pub fn plain(name: impl Into<Ident>, at: At) -> Self {
        Self { schema: None, name: name.into(), at }
    }

    /// Whether it is the canonical name of what ends with the session.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.schema.as_deref() == Some("pg_temp")
    }

    /// Whether some part of it is whatever a psql variable holds.
    #[must_use]
    pub fn is_variable(&self) -> bool {
        is_variable(&self.name) || self.schema.as_deref().is_some_and(is_variable)
    }
}

/// `schema.name`, as a reader knows it.
impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{schema}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

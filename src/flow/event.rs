//! What a script does at one point, and what is known there.

use std::ops::Deref;
use std::sync::Arc;

use super::asked::Asked;
use super::state::{Block, PsqlValue, Settings, State};
use crate::catalog::{Outcome, Problem};
use crate::effect::{
    Act, Assignment, At, Block as Steps, ConflictAction, Cte, Expr, Function, Ident, MergeAction, Name, Statement,
    Transaction,
};
use crate::logic::{Facts, Reach};
use crate::package::Use;
use crate::psql::Metacommand;
use crate::source::FileId;
use crate::sources::Trouble;
use crate::syntax::SyntaxError;

pub use crate::logic::Known;

/// A script from its first line to its last.
#[derive(Clone)]
pub struct Run<'a> {
    /// In the order in which they happen; of arms that exclude one another, in the order of
    /// the file.
    pub events: Arc<Vec<Event<'a>>>,
    /// What is known at the end.
    pub end: State,
}

/// Something that a script does. What is so where it happens reads as its own: it is that of
/// its scene.
#[derive(Clone)]
pub struct Event<'a> {
    /// The statement, the innermost one.
    pub at: At,
    /// Whether it happens on every path that is not stopped before.
    pub certain: bool,
    /// Whether any path comes here.
    pub reachable: bool,
    /// What it is.
    pub what: What<'a>,
    /// Where it happens.
    pub scene: Arc<Scene>,
}

/// What is so where something happens. Events between which nothing of it changes share it.
pub struct Scene {
    /// What led there, from the script inwards: calls, triggers, cascades.
    pub via: Vec<Via>,
    /// What is certainly true before it.
    pub facts: Facts,
    /// What the script has asked of PostgreSQL's catalogs before it.
    pub asked: Arc<Asked>,
    /// The settings in effect.
    pub settings: Arc<Settings>,
    /// The transaction block that it is in.
    pub block: Block,
}

/// A step from a statement to what it sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The call, the trigger, the foreign key, the view.
    pub at: At,
    /// What it is.
    pub origin: Origin,
}

/// Why something happens that the statement itself does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The statement calls a function or a procedure.
    Call(Name),
    /// A trigger fires.
    Trigger {
        /// Its name.
        name: Ident,
        /// Its table; none of an event trigger.
        relation: Option<Name>,
        /// What it calls, if that is known.
        function: Option<Arc<Function>>,
    },
    /// A foreign key carries a deletion or a change to the child.
    ForeignKey {
        /// Its name.
        name: Ident,
        /// The child.
        of: Name,
    },
    /// `TRUNCATE … CASCADE`
    Cascade,
    /// The rows of the relation are rows of another, too: what inherits from it, or its parent.
    Inheritance(Name),
    /// A view hands the change on to what it reads.
    View(Name),
    /// A rule rewrites the statement.
    Rule {
        /// Its name.
        name: Ident,
        /// Its relation.
        of: Name,
    },
    /// The definition of a relation has it worked out: a default, a constraint, an index.
    Definition {
        /// Whose.
        relation: Name,
        /// What it is: `the default of a`.
        what: Ident,
    },
    /// The statement is dynamic SQL.
    Dynamic,
    /// It stands in a block of `DO`.
    Do,
}

/// What happens.
#[derive(Clone)]
pub enum What<'a> {
    /// The script ends.
    End,
    /// `BEGIN`, `COMMIT` and their relatives. The facts are those before it.
    Transaction(&'a Transaction),
    /// A setting changes.
    Set {
        /// Which.
        name: Ident,
        /// The statement.
        statement: &'a Statement,
    },
    /// A block of `DO` begins.
    Do(&'a Statement),
    /// A query runs, as a statement of its own.
    Query(&'a Statement),
    /// Rows change.
    Change(Change<'a>),
    /// The schema changes, or would.
    Define {
        /// The statement.
        statement: &'a Statement,
        /// What PostgreSQL does.
        outcome: Arc<Outcome>,
    },
    /// Tables are locked.
    Lock(&'a Statement),
    /// A query locks rows: `FOR UPDATE`, `FOR SHARE`.
    LocksRows,
    /// A function of PostgreSQL waits for an advisory lock.
    Waits(Ident),
    /// Any other statement that changes neither rows nor schema.
    Utility(&'a Statement),
    /// A condition decides whether the script goes on.
    Check {
        /// With the values of variables in their place; it stops the script where it is true.
        condition: Box<Expr>,
        /// Whether it stops: `RAISE EXCEPTION`, not `RAISE NOTICE`.
        stops: bool,
        /// Where the `RAISE` stands.
        raise: At,
    },
    /// `ASSERT`
    Assert(Box<Expr>),
    /// `COMMIT` or `ROLLBACK` in a body.
    BodyTransaction,
    /// A block of PL/pgSQL with handlers begins.
    Handlers(&'a Steps),
    /// A sequence moves: `nextval`, `setval`.
    Sequence {
        /// By which function.
        function: Ident,
        /// Which sequence, if it can be told.
        sequence: Option<Name>,
    },
    /// A function of PostgreSQL does something outside this database's rows: it ends a
    /// session, reads a file, writes a large object.
    Acts(Ident),
    /// A function that nothing is known of.
    UnknownFunction(Box<Name>),
    /// A statement about rows that PostgreSQL refuses as the schema is.
    Refused(Box<Problem>),
    /// What could not be told: one clause.
    Opaque(String),
    /// What PostgreSQL does from here on where no statement says so, and that is not followed:
    /// one clause.
    Hidden(String),
    /// A message did not parse.
    Unread {
        /// Why.
        error: &'a SyntaxError,
    },
    /// References to variables of psql, and what each holds; none of those never heard of.
    Variables(Vec<(&'a Use, Option<PsqlValue>)>),
    /// A file is included: what it does comes next.
    Included(FileId),
    /// A file is not included.
    NotIncluded(&'a Trouble),
    /// A command to psql.
    Command(&'a Metacommand),
    /// Data lines of a COPY.
    Data {
        /// How many.
        rows: usize,
    },
    /// `\r` throws a statement away.
    Discarded,
    /// psql and PostgreSQL do not agree how many statements there are.
    Miscounted {
        /// As psql counts.
        expected: usize,
        /// As PostgreSQL counts.
        found: usize,
    },
    /// No path comes to the statement.
    Unreachable(&'a Statement),
}

/// Rows of one relation change.
#[derive(Clone)]
pub struct Change<'a> {
    /// The relation, by its canonical name.
    pub relation: Arc<Name>,
    /// How it is written.
    pub written: Arc<Name>,
    /// How they change.
    pub kind: ChangeKind,
    /// What says which rows, and what becomes of them: none where the change is not a
    /// statement's own.
    pub act: Option<&'a Act>,
    /// Of a `MERGE` the number of its branch, from 0.
    pub branch: Option<u16>,
    /// The rows that it reaches, variables resolved. None: all.
    pub filter: Option<&'a Expr>,
    /// The same as an `UPDATE` with the queries in the place of variables that they were read by, where there
    /// are such: what those read may have changed since.
    pub drawn: Option<&'a Act>,
    /// The columns that the relation has as an `INSERT` runs that does not name those it fills, if
    /// they are known.
    pub known: Option<Arc<[Ident]>>,
}

/// How rows change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Rows are added.
    Insert,
    /// Rows are changed.
    Update,
    /// Rows are removed.
    Delete,
    /// All rows are removed.
    Truncate,
}

impl<'a> Change<'a> {
    /// The rows that it reaches, with what its statement joins them to.
    #[must_use]
    pub fn reach(&self) -> Reach<'_> {
        let (alias, from) = match self.act {
            Some(Act::Delete { alias, using, .. }) => (alias, &**using),
            Some(Act::Update { alias, from, .. }) => (alias, &**from),
            Some(Act::Merge { alias, source, .. }) => (alias, std::slice::from_ref(&**source)),
            Some(Act::Insert { alias, .. }) => (alias, [].as_slice()),
            _ => (&None, [].as_slice()),
        };
        Reach { relation: &self.relation, alias: alias.as_deref(), from, filter: self.filter }
    }

    /// Of a `MERGE` what its branch does.
    #[must_use]
    pub fn merge_action(&self) -> Option<&'a MergeAction> {
        let Some(Act::Merge { branches, .. }) = self.act else { return None };
        branches.get(usize::from(self.branch?)).map(|branch| &branch.action)
    }

    /// What it writes into rows that are there.
    #[must_use]
    pub fn assignments(&self) -> &'a [Assignment] {
        match self.act {
            Some(Act::Update { set, .. }) => set,
            Some(Act::Insert { conflict: Some(conflict), .. }) => match &conflict.action {
                ConflictAction::Update { set, .. } => set,
                ConflictAction::Nothing => &[],
            },
            _ => match self.merge_action() {
                Some(MergeAction::Update(set)) => set,
                _ => &[],
            },
        }
    }

    /// The common table expressions of its statement.
    #[must_use]
    pub fn with(&self) -> &'a [Cte] {
        match self.act {
            Some(Act::Insert { with, .. } | Act::Update { with, .. } | Act::Delete { with, .. }) => with,
            _ => &[],
        }
    }

    /// The columns that an `INSERT` fills, in the order of its values; none that are not known.
    #[must_use]
    pub fn columns(&self) -> &[Ident] {
        match self.act {
            Some(Act::Insert { columns, .. }) if !columns.is_empty() => columns,
            _ => self.known.as_deref().unwrap_or_default(),
        }
    }
}

impl What<'_> {
    /// Why PostgreSQL refuses the statement, if it does.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Define { outcome, .. } => outcome.problem.as_ref(),
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}

impl Scene {
    /// Whether this is where something happens that comes about by `via`.
    pub(super) fn is_that_of(&self, via: &[Via], state: &State) -> bool {
        let is_same = |(ours, theirs): (&Via, &Via)| ours.at.is(theirs.at) && ours.origin == theirs.origin;
        self.block == state.block
            && Arc::ptr_eq(&self.settings, &state.settings)
            && self.facts.is_same(&state.facts)
            && Arc::ptr_eq(&self.asked, &state.asked)
            && self.via.len() == via.len()
            && self.via.iter().zip(via).all(is_same)
    }
}

impl Deref for Event<'_> {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Event<'_> {
    /// The place in the script itself that led here.
    #[must_use]
    pub fn outermost(&self) -> At {
        self.via.first().map_or(self.at, |via| via.at)
    }
}

/// What triggers and rules call a change.
pub(super) const fn event_of(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Insert => "insert",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
        ChangeKind::Truncate => "truncate",
    }
}

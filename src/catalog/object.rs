//! The objects of a schema, and what a statement does to them.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{Catalog, Path};
use crate::effect::{
    At, Constraint, ConstraintKind, Expr, Function, Ident, IndexOf, Name, ObjectKind, Query, ReferentialAction,
    Statement, TriggerState, Type,
};

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be told.
    Maybe,
}

/// The kinds of objects that the catalog tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A table.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A function or a procedure.
    Function,
    /// A type or a domain.
    Type,
    /// A schema.
    Schema,
    /// An extension.
    Extension,
    /// A role.
    Role,
    /// A column.
    Column,
    /// A constraint of a table.
    Constraint,
    /// A trigger.
    Trigger,
    /// A policy.
    Policy,
    /// A rule.
    Rule,
    /// A comment.
    Comment,
    /// Anything else.
    Other,
}

impl Kind {
    pub(super) fn is_relation(self) -> bool {
        matches!(
            self,
            Self::Table | Self::View | Self::MaterializedView | Self::ForeignTable | Self::Index | Self::Sequence
        )
    }

    pub(super) fn of(kind: &ObjectKind) -> Self {
        match kind {
            ObjectKind::Table => Self::Table,
            ObjectKind::View => Self::View,
            ObjectKind::MaterializedView => Self::MaterializedView,
            ObjectKind::ForeignTable => Self::ForeignTable,
            ObjectKind::Index => Self::Index,
            ObjectKind::Sequence => Self::Sequence,
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate => {
                Self::Function
            }
            ObjectKind::Type | ObjectKind::Domain => Self::Type,
            ObjectKind::Schema => Self::Schema,
            ObjectKind::Extension => Self::Extension,
            ObjectKind::Role => Self::Role,
            ObjectKind::Column => Self::Column,
            ObjectKind::Constraint => Self::Constraint,
            ObjectKind::Trigger => Self::Trigger,
            ObjectKind::Policy => Self::Policy,
            ObjectKind::Rule => Self::Rule,
            ObjectKind::EventTrigger | ObjectKind::Database | ObjectKind::Language | ObjectKind::Other(_) => {
                Self::Other
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::Index => "index",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Type => "type",
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Role => "role",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Comment => "comment",
            Self::Other => "object",
        })
    }
}

/// What identifies an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Schema and name; of a part of a table, the table's.
    pub path: (Ident, Ident),
    /// The name of the part.
    pub part: Option<Ident>,
    /// The types of a function's arguments.
    pub arguments: Option<Vec<Ident>>,
}

impl Key {
    pub(super) fn new(kind: Kind, path: Path) -> Self {
        Self { kind, path, part: None, arguments: None }
    }

    /// The name of the object; of a part of a table, the table's.
    #[must_use]
    pub fn name(&self) -> Name {
        super::resolve::name_of(&self.path)
    }

    pub(super) fn kind_and_part(&self) -> (Kind, Ident) {
        (self.kind, self.part.clone().unwrap_or_default())
    }

    /// Whether it is an object of its own, and not something that comes and goes with a table
    /// by itself.
    #[must_use]
    pub fn is_standalone(&self) -> bool {
        !matches!(self.kind, Kind::Comment)
    }

    /// Whether rows of the table are lost with it: the table itself, or a column.
    #[must_use]
    pub fn is_within(&self, table: &Name) -> bool {
        self.name() == *table && matches!(self.kind, Kind::Table | Kind::Column | Kind::ForeignTable)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (schema, name) = &self.path;
        let qualified =
            if schema.is_empty() || schema == "public" { name.to_string() } else { format!("{schema}.{name}") };
        match (&self.part, &self.arguments) {
            (Some(part), _) => write!(formatter, "{} {part} of {qualified}", self.kind),
            (None, Some(arguments)) => write!(formatter, "{} {qualified}({})", self.kind, arguments.join(", ")),
            (None, None) => write!(formatter, "{} {qualified}", self.kind),
        }
    }
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What it is.
    pub kind: Kind,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// Its constraints but `NOT NULL`.
    pub constraints: Vec<Constraint>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// What a view shows.
    pub query: Option<Arc<Query>>,
    /// The table of an index; the table that a sequence belongs to.
    pub table: Option<(Ident, Ident)>,
    /// The columns of a unique index.
    pub unique: Option<Vec<Ident>>,
    /// Whether a unique index has a condition or an expression.
    pub partial: bool,
    /// Its flags of row security, in order.
    pub security: Vec<Ident>,
    /// Whether it lives for the session only.
    pub temporary: bool,
    /// Whether it may be there or not.
    pub maybe: bool,
    /// The relations that it reads.
    pub(super) reads: Vec<Path>,
    /// The functions that it calls.
    pub(super) calls: Vec<Path>,
    /// Who made it.
    pub origin: u32,
    /// Where it was made.
    pub at: At,
}

impl Relation {
    pub(super) fn new(kind: Kind, origin: u32, at: At) -> Self {
        Self {
            kind,
            columns: Vec::new(),
            constraints: Vec::new(),
            triggers: Vec::new(),
            rules: Vec::new(),
            query: None,
            table: None,
            unique: None,
            partial: false,
            security: Vec::new(),
            temporary: false,
            maybe: false,
            reads: Vec::new(),
            calls: Vec::new(),
            origin,
            at,
        }
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names of its columns.
    #[must_use]
    pub fn column_names(&self) -> Vec<Ident> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &[Ident]> {
        let constraints = self.constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                Some(columns.as_slice())
            }
            _ => None,
        });
        constraints.chain(self.columns.iter().filter_map(|column| column.key.as_deref()))
    }

    /// Whether a key lies within these columns: no two rows agree in all of them.
    #[must_use]
    pub fn has_key_within(&self, columns: &[Ident]) -> bool {
        self.keys().any(|key| !key.is_empty() && key.iter().all(|column| columns.contains(column)))
    }

    /// Whether there is a key of just these columns.
    #[must_use]
    pub fn has_key_of(&self, columns: &[Ident]) -> bool {
        self.keys().any(|key| key.len() == columns.len() && key.iter().all(|column| columns.contains(column)))
    }

    pub(super) fn foreign_keys(&self, path: &Path, parent: &Path, catalog: &Catalog) -> Vec<Child> {
        let keys = self.constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey { references, referenced, on_delete, on_update, .. }
                if catalog.located(references) == *parent =>
            {
                Some(Child {
                    table: super::resolve::name_of(path),
                    name: constraint.name.clone().unwrap_or_default(),
                    on_delete: *on_delete,
                    on_update: *on_update,
                    referenced: referenced.clone(),
                })
            }
            _ => None,
        });
        keys.collect()
    }

    /// The parts of the relation, each with a number that changes when it does.
    pub(super) fn parts(&self) -> Vec<((Kind, Ident), u64)> {
        fn print(value: &impl Hash) -> u64 {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            hasher.finish()
        }
        let mut parts: Vec<((Kind, Ident), u64)> = Vec::new();
        if self.kind == Kind::Table || self.kind == Kind::ForeignTable {
            for column in &self.columns {
                let value = (&column.kind, column.not_null, &column.default, &column.generated, column.identity);
                parts.push(((Kind::Column, column.name.clone()), print(&value)));
            }
        }
        for constraint in &self.constraints {
            let name = constraint.name.clone().unwrap_or_default();
            parts.push(((Kind::Constraint, name), print(&(&constraint.kind, constraint.not_valid))));
        }
        for trigger in &self.triggers {
            let value =
                (&trigger.function, &trigger.events, trigger.state, trigger.instead, &trigger.arguments, trigger.print);
            parts.push(((Kind::Trigger, trigger.name.clone()), print(&value)));
        }
        for rule in &self.rules {
            parts.push(((Kind::Rule, rule.name.clone()), print(&(&rule.event, &rule.actions))));
        }
        for flag in &self.security {
            parts.push(((Kind::Other, flag.clone()), 0));
        }
        parts
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type, if known.
    pub kind: Option<Type>,
    /// Whether it is never NULL.
    pub not_null: bool,
    /// Its default.
    pub default: Option<Expr>,
    /// What it is generated from.
    pub generated: Option<Expr>,
    /// Whether it is an identity column.
    pub identity: bool,
    /// The columns of a unique index that starts with this one.
    pub(super) key: Option<Vec<Ident>>,
    /// Where it was made.
    pub at: At,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: Ident,
    /// What it calls.
    pub function: Name,
    /// `insert`, `update`, `delete`, `truncate`
    pub events: Vec<Ident>,
    /// Whether it fires.
    pub state: TriggerState,
    /// `INSTEAD OF`
    pub instead: bool,
    /// Its arguments.
    pub arguments: Vec<Ident>,
    /// A number that changes with its timing and condition.
    pub(super) print: u64,
    /// Where it was made.
    pub at: At,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: Ident,
    /// `select`, `insert`, `update`, `delete`
    pub event: Ident,
    /// What is done.
    pub actions: Vec<Statement>,
}

/// A foreign key, seen from the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The table that refers.
    pub table: Name,
    /// The name of the constraint.
    pub name: Ident,
    /// `ON DELETE`
    pub on_delete: ReferentialAction,
    /// `ON UPDATE`
    pub on_update: ReferentialAction,
    /// The columns that are referred to; none if it is the primary key.
    pub referenced: Vec<Ident>,
}

/// A function or a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Routine {
    pub(super) function: Arc<Function>,
    pub(super) arguments: Option<Vec<Ident>>,
    pub(super) at: At,
}

/// An object that has no words of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) print: u64,
    pub(super) at: At,
}

/// What a statement does to the schema.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Why PostgreSQL refuses it.
    pub problem: Option<Problem>,
    /// Whether it may refuse it: something is not known.
    pub unsure: bool,
    /// Whether `IF EXISTS` or `IF NOT EXISTS` made it do nothing, at least in part.
    pub skipped: bool,
    /// What it makes.
    pub made: Vec<Key>,
    /// What it drops.
    pub dropped: Vec<Dropped>,
    /// What it alters, and how.
    pub altered: Vec<(Key, &'static str)>,
    /// Whether the schema changes.
    pub changed: bool,
}

impl Outcome {
    /// Why PostgreSQL certainly refuses it.
    #[must_use]
    pub fn certain_problem(&self) -> Option<&Problem> {
        self.problem.as_ref().filter(|_| !self.unsure)
    }

    /// Whether it may do something though it is not told what.
    #[must_use]
    pub fn may_fail(&self) -> bool {
        self.unsure
    }
}

/// Why PostgreSQL refuses a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `42P07`
    pub sqlstate: &'static str,
    /// PostgreSQL's words.
    pub message: String,
    /// The objects that are in the way.
    pub related: Vec<Key>,
}

/// An object that a statement drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Which.
    pub key: Key,
    /// The object that it goes with, where it is not named itself.
    pub cascade_from: Option<Key>,
}

/// What an index is made of, if only of columns.
pub(super) fn plain_columns(parts: &[IndexOf]) -> Option<Vec<Ident>> {
    parts
        .iter()
        .map(|part| match part {
            IndexOf::Column(name) => Some(name.clone()),
            IndexOf::Expression(_) => None,
        })
        .collect()
}

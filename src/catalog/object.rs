//! What the catalog holds. Objects refer to one another by number, so that a new name
//! reaches everything that uses the old one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::effect::{
    At, Deferral, Expr, ExprKind, Function, Ident, Identity, Name, Properties, Query, ReferentialAction, Statement,
    TriggerState, TriggerTiming,
};

/// The number of an object within one catalog and its clones; 0 is none.
pub type Id = u32;

/// What kind of object a [`Key`] names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A schema.
    Schema,
    /// A table, partitioned or not.
    Table,
    /// A foreign table.
    ForeignTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A composite type of `CREATE TYPE … AS`.
    CompositeType,
    /// A sequence.
    Sequence,
    /// An index.
    Index,
    /// An enum, a range or a base type.
    Type,
    /// A domain.
    Domain,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A column.
    Column,
    /// The default of a column.
    Default,
    /// A constraint of a table or of a domain.
    Constraint,
    /// A trigger.
    Trigger,
    /// A rule.
    Rule,
    /// A policy.
    Policy,
    /// An extension.
    Extension,
    /// A role.
    Role,
    /// Any other, by PostgreSQL's name for it.
    Other(Ident),
}

impl Kind {
    /// Whether it shares the names of relations.
    #[must_use]
    pub const fn is_relation(&self) -> bool {
        matches!(
            self,
            Self::Table
                | Self::ForeignTable
                | Self::View
                | Self::MaterializedView
                | Self::CompositeType
                | Self::Sequence
                | Self::Index
        )
    }

    /// Whether it is a function, a procedure or an aggregate.
    #[must_use]
    pub const fn is_routine(&self) -> bool {
        matches!(self, Self::Function | Self::Procedure | Self::Aggregate)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Schema => "schema",
            Self::Table => "table",
            Self::ForeignTable => "foreign table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::CompositeType | Self::Type | Self::Domain => "type",
            Self::Sequence => "sequence",
            Self::Index => "index",
            Self::Function | Self::Aggregate => "function",
            Self::Procedure => "procedure",
            Self::Column => "column",
            Self::Default => "default value",
            Self::Constraint => "constraint",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::Extension => "extension",
            Self::Role => "role",
            Self::Other(name) => name,
        })
    }
}

/// Names an object as a reader would.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Its schema; of a part, the schema of its relation; empty where there is none.
    pub schema: Ident,
    /// Its name; of a part, the name of its relation.
    pub name: Ident,
    /// The name of the column, constraint, trigger, rule or policy. Of a default, its column.
    pub part: Option<Ident>,
    /// The types of a function's input arguments as PostgreSQL prints them.
    pub arguments: Vec<Ident>,
}

impl Key {
    /// The key of a relation, type, sequence or index.
    #[must_use]
    pub fn new(kind: Kind, schema: impl Into<Ident>, name: impl Into<Ident>) -> Self {
        Self { kind, schema: schema.into(), name: name.into(), part: None, arguments: Vec::new() }
    }

    /// The same for a part of it.
    #[must_use]
    pub fn part(&self, kind: Kind, part: impl Into<Ident>) -> Self {
        Self {
            kind,
            schema: self.schema.clone(),
            name: self.name.clone(),
            part: Some(part.into()),
            arguments: Vec::new(),
        }
    }

    /// The key of something that is said of it: its comment, its privileges.
    #[must_use]
    pub fn aspect(&self, what: Ident) -> Self {
        let on = self.part.as_ref().map_or(String::new(), |part| format!(" {part}"));
        self.part(Kind::Other(what), format!("on {}{on}", self.kind))
    }

    /// The name of the object; of a part, the name of its relation.
    #[must_use]
    pub fn relation(&self) -> Name {
        Name { schema: Some(self.schema.clone()), name: self.name.clone(), at: At::default() }
    }

    /// Whether rows of the table, or what they say, are lost with it: the table itself, or a
    /// column.
    #[must_use]
    pub fn holds_rows_of(&self, table: &Name) -> bool {
        matches!(self.kind, Kind::Table | Kind::Column | Kind::ForeignTable) && self.relation() == *table
    }
}

/// `column a of t`; the schema only where it is not `public`.
impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ", self.kind)?;
        if let Some(part) = &self.part {
            write!(formatter, "{part} of ")?;
        }
        if !self.schema.is_empty() && self.schema != "public" {
            write!(formatter, "{}.", self.schema)?;
        }
        formatter.write_str(&self.name)?;
        if self.kind.is_routine() {
            write!(formatter, "({})", self.arguments.join(", "))?;
        }
        Ok(())
    }
}

/// Whether an object is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// It is there.
    Yes,
    /// It is there on some of the ways that lead here, or that cannot be told.
    Maybe,
    /// It is not there; no object is so.
    No,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its own name; of a default, the number of its column.
    pub name: Ident,
    /// Its schema or, of a part, its relation; 0 where there is none.
    pub(super) parent: Id,
    /// The statement that made it.
    pub at: At,
    /// Who made it, in the caller's numbers.
    pub origin: u32,
    /// Whether it is there.
    pub presence: Presence,
    /// Whether it differs between the ways that lead here.
    pub varies: bool,
    /// Its owner, as far as a statement says; none is who connects.
    pub owner: Option<Ident>,
    /// Its comment.
    pub comment: Option<Ident>,
    /// Per grantee the privileges that were granted; `all` among them.
    pub grants: BTreeMap<Ident, BTreeSet<Ident>>,
    /// Settings that have no word here, each with how often it was changed.
    pub options: BTreeMap<Ident, u32>,
    /// What its definition says besides, by PostgreSQL's names; of an index, see there.
    pub properties: BTreeMap<Ident, Ident>,
    /// What else it has.
    pub detail: Detail,
}

/// What an object has besides its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    None,
    /// A relation of any kind but an index.
    Relation(Relation),
    /// An index.
    Index(Index),
    /// A constraint.
    Constraint(Constraint),
    /// The default of a column.
    Default(Default),
    /// An enum, a range, a base type or a domain.
    Type(UserType),
    /// A function, a procedure or an aggregate.
    Routine(Routine),
    /// A trigger.
    Trigger(Trigger),
    /// A rule.
    Rule(Rule),
    /// A policy.
    Policy(Policy),
    /// An event trigger.
    EventTrigger(EventTrigger),
}

/// A table, a view, a sequence or a composite type.
#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct Relation {
    /// Its columns in their order, without those that were dropped.
    pub columns: Vec<Column>,
    /// The number that the next column gets.
    pub(super) next_column: u16,
    /// Whether all columns are known.
    pub is_known: bool,
    /// Whether it is temporary.
    pub temporary: bool,
    /// `ON COMMIT DROP`
    pub drop_on_commit: bool,
    /// Whether it is partitioned.
    pub partitioned: bool,
    /// Whether it is a partition.
    pub partition: bool,
    /// Whether row security is enabled.
    pub row_security: bool,
    /// Whether row security also holds for the owner.
    pub force_row_security: bool,
    /// What a view shows, as it was written.
    pub query: Option<Arc<Query>>,
    /// Relations that a query of it names and that are not in the catalog.
    pub unresolved: Vec<Ident>,
    /// Whether a sequence belongs to an identity column.
    pub identity: bool,
    /// The relations that it inherits from.
    pub(super) parents: Vec<Id>,
    /// The column that a sequence belongs to.
    pub(super) owned_by: Option<(Id, u16)>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// The number that it keeps.
    pub(super) number: u16,
    /// Its type.
    pub kind: ColumnType,
    /// The type that its values fit still, where the column had another before.
    pub(super) held: Option<ColumnType>,
    /// `NOT NULL`, also by a primary key.
    pub not_null: bool,
    /// Its default or what it is generated from.
    pub default: Option<Arc<Expr>>,
    /// The default as an object; 0 where there is none.
    pub(super) default_id: Id,
    /// Whether it is generated.
    pub generated: bool,
    /// Whether it is an identity column, and of which kind.
    pub identity: Option<Identity>,
    /// Its comment.
    pub comment: Option<Ident>,
    /// Whether it is there.
    pub presence: Presence,
    /// Where it was added.
    pub at: At,
    /// Who added it, in the caller's numbers.
    pub origin: u32,
    /// Whether the relation itself declares it.
    pub is_local: bool,
    /// From how many parents it comes.
    pub inherited: u16,
    /// What its definition says besides, by PostgreSQL's names.
    pub properties: BTreeMap<Ident, Ident>,
}

/// A type of a column or an expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnType {
    /// A type of PostgreSQL by its internal name.
    BuiltIn {
        /// `int4`
        name: Ident,
        /// `64`, `10,2`; empty where there are none.
        modifiers: Ident,
        /// Whether it is an array.
        array: bool,
    },
    /// A type of the catalog; of a relation, that of its rows.
    User {
        /// Its number.
        id: Id,
        /// Whether it is an array.
        array: bool,
    },
    /// A string constant or NULL whose type is still open.
    Literal,
    /// It cannot be told.
    Unsaid,
}

impl ColumnType {
    /// A type of PostgreSQL without modifiers.
    #[must_use]
    pub fn built_in(name: &str) -> Self {
        Self::BuiltIn { name: Ident::new(name), modifiers: Ident::default(), array: false }
    }

    /// The array of it.
    #[must_use]
    pub fn array_of(self) -> Self {
        match self {
            Self::BuiltIn { name, modifiers, .. } => Self::BuiltIn { name, modifiers, array: true },
            Self::User { id, .. } => Self::User { id, array: true },
            Self::Literal | Self::Unsaid => Self::Unsaid,
        }
    }

    /// What the array holds; nothing for what is no array.
    #[must_use]
    pub fn element(self) -> Self {
        match self {
            Self::BuiltIn { name, modifiers, array: true } => Self::BuiltIn { name, modifiers, array: false },
            Self::User { id, array: true } => Self::User { id, array: false },
            _ => Self::Unsaid,
        }
    }

    /// The internal name of a type of PostgreSQL that is no array.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::BuiltIn { name, array: false, .. } => Some(name),
            _ => None,
        }
    }

    pub(super) const fn user(&self) -> Option<Id> {
        match self {
            Self::User { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its table.
    pub(super) table: Id,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether it is the one of the primary key.
    pub primary: bool,
    /// The columns by number; 0 for an expression.
    pub(super) columns: Vec<u16>,
    /// Its expressions.
    pub expressions: Vec<Arc<Expr>>,
    /// The columns of `INCLUDE` by number.
    pub(super) include: Vec<u16>,
    /// `WHERE`
    pub filter: Option<Arc<Expr>>,
    /// `NULLS NOT DISTINCT`
    pub nulls_equal: bool,
    /// When its constraint is checked.
    pub deferral: Deferral,
    /// What its definition says besides, by PostgreSQL's names; partitions get the same.
    pub properties: BTreeMap<Ident, Ident>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// What it demands.
    pub rule: ConstraintRule,
    /// Whether existing rows are known to meet it.
    pub validated: bool,
    /// Its columns by number.
    pub(super) columns: Vec<u16>,
    /// `NO INHERIT`
    pub no_inherit: bool,
    /// Whether the relation itself declares it.
    pub is_local: bool,
    /// From how many parents it comes.
    pub inherited: u16,
    /// When it is checked.
    pub deferral: Deferral,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintRule {
    /// `PRIMARY KEY`
    PrimaryKey,
    /// `UNIQUE`
    Unique,
    /// `FOREIGN KEY`
    ForeignKey {
        /// The parent; 0 where it is not known.
        parent: Id,
        /// The parent's name as it was written.
        written: Ident,
        /// The parent's columns by number.
        columns: Vec<u16>,
        /// `ON DELETE`
        on_delete: ReferentialAction,
        /// `ON UPDATE`
        on_update: ReferentialAction,
    },
    /// `CHECK`
    Check(Arc<Expr>),
    /// `NOT NULL` of a domain.
    NotNull,
    /// `EXCLUDE`
    Exclude,
    /// A constraint trigger.
    Trigger,
}

/// A default or what a column is generated from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Default {
    pub(super) column: u16,
    /// The expression.
    pub value: Arc<Expr>,
}

/// An enum, a range, a base type or a domain.
#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct UserType {
    /// The labels of an enum in their order.
    pub labels: Vec<Ident>,
    /// How many of the labels `CREATE TYPE` has told; those that `ADD VALUE` adds come after them.
    pub told: usize,
    /// The base of a domain; the subtype of a range whose constructors call nothing but
    /// what the subtype is compared by.
    pub base: Option<ColumnType>,
    /// `NOT NULL` of a domain.
    pub not_null: bool,
}

/// A function, a procedure or an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// The types of its input arguments.
    pub inputs: Vec<ColumnType>,
    /// The names of its input arguments.
    pub input_names: Vec<Option<Ident>>,
    /// How many of the inputs have a default.
    pub defaults: usize,
    /// Whether the last input is variadic, as far as can be told.
    pub variadic: bool,
    /// The output arguments: name and type.
    pub outputs: Vec<(Option<Ident>, ColumnType)>,
    /// What it returns; none for a procedure.
    pub returns: Option<ColumnType>,
    /// `SETOF`
    pub returns_set: bool,
    /// Its language in lower case.
    pub language: Ident,
    /// As it was written last.
    pub function: Arc<Function>,
    /// `SECURITY DEFINER`
    pub definer: bool,
    /// `IMMUTABLE` or `STABLE`
    pub reads_only: bool,
    /// `STRICT`
    pub strict: bool,
    /// `SET name = values`
    pub settings: Vec<(Ident, Vec<Expr>)>,
    /// What its body names.
    pub touches: Touches,
}

/// What a body or a statement names; not what its dynamic SQL does.
#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct Touches {
    /// The relations that it reads.
    pub reads: BTreeSet<Name>,
    /// The relations that it writes.
    pub writes: BTreeSet<Name>,
    /// The functions that it calls.
    pub calls: BTreeSet<Name>,
    /// Whether some of it could not be read, or is dynamic SQL.
    pub is_opaque: bool,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// When.
    pub timing: TriggerTiming,
    /// `insert`, `update`, `delete`, `truncate`, in this order.
    pub events: Vec<Ident>,
    /// `UPDATE OF`, by number.
    pub(super) columns: Vec<u16>,
    /// `FOR EACH ROW`
    pub row: bool,
    /// `WHEN`
    pub condition: Option<Arc<Expr>>,
    /// What it calls; 0 where it is not known.
    pub(super) function: Id,
    /// The function's name as it was written.
    pub written: Name,
    /// With which arguments.
    pub arguments: Vec<Ident>,
    /// Whether it fires.
    pub state: TriggerState,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct Policy {
    /// `USING`
    pub using: Option<Arc<Expr>>,
    /// `WITH CHECK`
    pub check: Option<Arc<Expr>>,
}

/// An event trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTrigger {
    /// `ddl_command_end`
    pub event: Ident,
    /// The command tags that it waits for, in lower case; none for all.
    pub tags: Vec<Ident>,
    /// What it calls; 0 where it is not known.
    pub(super) function: Id,
    /// The function's name as it was written.
    pub written: Name,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `select`, `insert`, `update`, `delete`.
    pub event: Ident,
    /// `INSTEAD`
    pub instead: bool,
    /// `WHERE`
    pub condition: Option<Arc<Expr>>,
    /// What it does.
    pub actions: Arc<[Statement]>,
    /// What its actions and its condition name.
    pub touches: Touches,
    /// Whether it fires.
    pub state: TriggerState,
}

impl Object {
    /// The relation, if it is one.
    #[must_use]
    pub fn relation(&self) -> Option<&Relation> {
        match &self.detail {
            Detail::Relation(relation) => Some(relation),
            _ => None,
        }
    }

    /// The routine, if it is one.
    #[must_use]
    pub fn routine(&self) -> Option<&Routine> {
        match &self.detail {
            Detail::Routine(routine) => Some(routine),
            _ => None,
        }
    }

    /// The trigger, if it is one.
    #[must_use]
    pub fn trigger(&self) -> Option<&Trigger> {
        match &self.detail {
            Detail::Trigger(trigger) => Some(trigger),
            _ => None,
        }
    }

    /// The constraint, if it is one.
    #[must_use]
    pub fn constraint(&self) -> Option<&Constraint> {
        match &self.detail {
            Detail::Constraint(constraint) => Some(constraint),
            _ => None,
        }
    }

    /// The index, if it is one.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        match &self.detail {
            Detail::Index(index) => Some(index),
            _ => None,
        }
    }
}

impl Relation {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names of its columns, in their order.
    #[must_use]
    pub fn column_names(&self) -> Vec<Ident> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    pub(super) fn numbered(&self, number: u16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }
}

impl Policy {
    /// The conditions that are given take the place of those that were.
    pub(super) fn set(&mut self, conditions: &[Expr]) {
        for condition in conditions {
            let ExprKind::Other { what, parts } = &condition.kind else { continue };
            let of = if what == "using" { &mut self.using } else { &mut self.check };
            *of = parts.first().cloned().map(Arc::new);
        }
    }
}

impl Routine {
    /// What `ALTER FUNCTION` says takes the place of what was said.
    pub(super) fn set(&mut self, said: &Properties, properties: &mut BTreeMap<Ident, Ident>) {
        said.set(properties);
        for (name, value) in said.iter() {
            match name.as_str() {
                "volatility" => self.reads_only = value.is_some(),
                "strict" => self.strict = value.is_some(),
                "security" => self.definer = value.is_some(),
                _ => {}
            }
        }
        // They have fields of their own.
        ["strict", "security"].iter().for_each(|name| drop(properties.remove(*name)));
    }
}

//! Statements.

use super::{Assignment, At, Body, Cte, Expr, From, Ident, Name, Properties, Query, Target, Type};

/// One statement of SQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Statement {
    /// From its first token to its last.
    pub at: At,
    /// What it does.
    pub act: Act,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Act {
    /// `BEGIN`, `COMMIT`, savepoints.
    Transaction(Transaction),
    /// `SET`, also `SET TRANSACTION`; `RESET` is a setting without values.
    Set {
        /// The setting in lower case; `transaction`, `session characteristics`, `time zone` is
        /// `timezone`, `RESET ALL` is `all`, `SET SESSION AUTHORIZATION` is
        /// `session_authorization`.
        name: Ident,
        /// Its values; none for `DEFAULT` and `RESET`.
        values: Vec<Expr>,
        /// How long it lasts.
        scope: Scope,
    },
    /// `SELECT`, `VALUES`, `TABLE`.
    Select(Box<Query>),
    /// `INSERT`
    Insert {
        /// `WITH`
        with: Box<[Cte]>,
        /// The table.
        table: Name,
        /// Its alias.
        alias: Option<Ident>,
        /// The columns, if written.
        columns: Box<[Ident]>,
        /// Whether it says `OVERRIDING SYSTEM VALUE` or `OVERRIDING USER VALUE`.
        overriding: bool,
        /// The rows.
        rows: RowSource,
        /// `ON CONFLICT`
        conflict: Option<Box<Conflict>>,
        /// `RETURNING`
        returning: Box<[Target]>,
    },
    /// `UPDATE`
    Update {
        /// `WITH`
        with: Box<[Cte]>,
        /// The table.
        table: Name,
        /// Its alias.
        alias: Option<Ident>,
        /// `SET`
        set: Box<[Assignment]>,
        /// `FROM`
        from: Box<[From]>,
        /// `WHERE`
        filter: Option<Box<Expr>>,
        /// `RETURNING`
        returning: Box<[Target]>,
    },
    /// `DELETE`
    Delete {
        /// `WITH`
        with: Box<[Cte]>,
        /// The table.
        table: Name,
        /// `ONLY`
        only: bool,
        /// Its alias.
        alias: Option<Ident>,
        /// `USING`
        using: Box<[From]>,
        /// `WHERE`
        filter: Option<Box<Expr>>,
        /// `RETURNING`
        returning: Box<[Target]>,
    },
    /// `MERGE`
    Merge {
        /// `WITH`
        with: Box<[Cte]>,
        /// The table.
        table: Name,
        /// Its alias.
        alias: Option<Ident>,
        /// `USING`
        source: Box<From>,
        /// `ON`
        on: Box<Expr>,
        /// `WHEN`
        branches: Box<[MergeWhen]>,
        /// `RETURNING`
        returning: Box<[Target]>,
    },
    /// `TRUNCATE`
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// `CASCADE`
        cascade: bool,
        /// `RESTART IDENTITY`
        restart: bool,
    },
    /// `COPY`
    Copy {
        /// The table; none for `COPY (query)`.
        table: Option<Name>,
        /// The columns, if written.
        columns: Vec<Ident>,
        /// `COPY (query) TO`
        query: Option<Box<Statement>>,
        /// `FROM`: it writes rows.
        from: bool,
        /// `WHERE`
        filter: Option<Box<Expr>>,
        /// The other end.
        end: CopyEnd,
    },
    /// `LOCK TABLE`
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// The mode in lower case: `access exclusive`.
        mode: Ident,
        /// `NOWAIT`
        nowait: bool,
    },
    /// `DO`
    Do(Body),
    /// `CALL`: the call.
    Call(Expr),
    /// `CREATE TABLE`
    CreateTable {
        /// Its name.
        name: Name,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// `TEMPORARY`
        temporary: bool,
        /// Its columns.
        columns: Box<[Column]>,
        /// The constraints of the table; those of the columns are in the columns.
        constraints: Box<[Constraint]>,
        /// `INHERITS`, and `PARTITION OF` as its only parent.
        inherits: Box<[Name]>,
        /// Whether it is a partition.
        partition: bool,
        /// Whether it is itself partitioned.
        partitioned: bool,
        /// `LIKE`
        like: Box<[Like]>,
        /// `OF type`
        of: Option<Box<Name>>,
        /// `ON COMMIT DROP`
        drop_on_commit: bool,
        /// Of `FOR VALUES`, the values that call something.
        bounds: Box<[Expr]>,
        /// What else it says.
        properties: Properties,
    },
    /// `CREATE TABLE AS`, `SELECT INTO`, `CREATE MATERIALIZED VIEW`.
    CreateTableAs {
        /// Its name.
        name: Name,
        /// `MATERIALIZED VIEW`
        materialized: bool,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// `TEMPORARY`
        temporary: bool,
        /// The names of its columns, if written.
        columns: Vec<Ident>,
        /// What fills it: a query, or `EXECUTE`.
        source: Box<Statement>,
        /// `WITH NO DATA`
        empty: bool,
        /// `ON COMMIT DROP`
        drop_on_commit: bool,
        /// What else it says.
        properties: Properties,
    },
    /// `CREATE VIEW`
    CreateView {
        /// Its name.
        name: Name,
        /// `OR REPLACE`
        or_replace: bool,
        /// `TEMPORARY`
        temporary: bool,
        /// The names of its columns, if written.
        columns: Vec<Ident>,
        /// What it shows.
        query: Box<Query>,
        /// What else it says.
        properties: Properties,
    },
    /// `CREATE INDEX`
    CreateIndex {
        /// Its name, if written. It lies in the schema of its table.
        name: Option<Ident>,
        /// The table.
        table: Name,
        /// `ON ONLY`: not of its partitions.
        only: bool,
        /// `UNIQUE`
        unique: bool,
        /// `CONCURRENTLY`
        concurrently: bool,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// What it indexes.
        parts: Vec<IndexOf>,
        /// `INCLUDE`
        include: Vec<Ident>,
        /// `WHERE`
        filter: Option<Box<Expr>>,
        /// `NULLS NOT DISTINCT`
        nulls_equal: bool,
        /// What else it says.
        properties: Properties,
    },
    /// `CREATE FUNCTION`, `CREATE PROCEDURE`
    CreateFunction(Box<Function>),
    /// `CREATE TRIGGER`
    CreateTrigger {
        /// Its name.
        name: Ident,
        /// `OR REPLACE`
        or_replace: bool,
        /// The table.
        table: Name,
        /// When.
        timing: TriggerTiming,
        /// `insert`, `update`, `delete`, `truncate`, in this order.
        events: Box<[Ident]>,
        /// `UPDATE OF`
        columns: Box<[Ident]>,
        /// `FOR EACH ROW`
        row: bool,
        /// `WHEN`
        condition: Option<Box<Expr>>,
        /// What it calls.
        function: Box<Name>,
        /// With which arguments.
        arguments: Box<[Ident]>,
        /// `CONSTRAINT`
        constraint: bool,
        /// What else it says.
        properties: Properties,
    },
    /// `CREATE RULE`
    CreateRule {
        /// Its name.
        name: Ident,
        /// `OR REPLACE`
        or_replace: bool,
        /// The table or view.
        table: Name,
        /// `select`, `insert`, `update`, `delete`.
        event: Ident,
        /// `INSTEAD`
        instead: bool,
        /// `WHERE`
        condition: Option<Box<Expr>>,
        /// What is done.
        actions: Vec<Statement>,
    },
    /// `CREATE TYPE`, `CREATE DOMAIN`
    CreateType {
        /// [`ObjectKind::Type`] or [`ObjectKind::Domain`].
        kind: ObjectKind,
        /// Its name.
        name: Name,
        /// The labels of an enum.
        labels: Box<[Ident]>,
        /// The attributes of a composite type.
        attributes: Box<[Column]>,
        /// The base type of a domain; the subtype of a range that has no functions of its own
        /// to compare or to rewrite its bounds.
        base: Option<Box<Type>>,
        /// The constraints of a domain.
        constraints: Box<[Constraint]>,
    },
    /// `CREATE` of anything else.
    Create {
        /// What.
        object: Box<Object>,
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// `OR REPLACE`
        or_replace: bool,
        /// `TEMPORARY` (sequences).
        temporary: bool,
        /// What `CREATE SCHEMA` holds.
        members: Vec<Statement>,
        /// `OWNED BY table.column` of a sequence; the conditions of a policy, each as
        /// [`ExprKind::Other`](super::ExprKind::Other) `using` or `with check`; of an operator, a
        /// cast and an event trigger the call of the function, of the last also its event and
        /// the tags that it waits for; the server of a foreign table and the foreign data
        /// wrapper of a server.
        parts: Vec<Expr>,
        /// What else it says.
        properties: Properties,
    },
    /// `ALTER TABLE`, and whatever else takes its actions (views, indexes, sequences, types).
    AlterTable {
        /// What it is called in the statement.
        kind: ObjectKind,
        /// Its name.
        name: Name,
        /// `ONLY`: not what inherits from it.
        only: bool,
        /// `IF EXISTS`
        if_exists: bool,
        /// What is changed, in order.
        actions: Vec<AlterAction>,
    },
    /// `ALTER … RENAME`, of the object or of a part of it.
    Rename {
        /// What is renamed. Of a column: kind [`ObjectKind::Column`], the table as its name.
        object: Box<Object>,
        /// The old name of a column, constraint or attribute.
        part: Option<Ident>,
        /// The new name.
        to: Ident,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `ALTER … SET SCHEMA`
    SetSchema {
        /// What moves.
        object: Box<Object>,
        /// Where to.
        to: Ident,
        /// `IF EXISTS`
        if_exists: bool,
    },
    /// `ALTER` of anything else, `OWNER TO` among it.
    Alter {
        /// What is altered.
        object: Box<Object>,
        /// What about it, in lower case: `owner`, `options`, `add value`, `owned by`.
        what: Ident,
        /// `IF EXISTS`; of `ADD VALUE` `IF NOT EXISTS`.
        if_exists: bool,
        /// The new label of an enum, the new owner; of `owned by` the path of the column, every
        /// part of it in quotes.
        value: Option<Ident>,
        /// What else it becomes.
        properties: Properties,
        /// The conditions of a policy as they are created; of a function the values of the
        /// settings under their names, none for `RESET`.
        parts: Vec<Expr>,
    },
    /// `DROP`
    Drop {
        /// What.
        objects: Vec<Object>,
        /// `IF EXISTS`
        if_exists: bool,
        /// `CASCADE`
        cascade: bool,
        /// `CONCURRENTLY`
        concurrently: bool,
    },
    /// `COMMENT ON`, `SECURITY LABEL`
    Comment {
        /// On what.
        object: Box<Object>,
        /// The comment; none removes it.
        text: Option<Ident>,
    },
    /// `GRANT` and `REVOKE`, of privileges and of roles.
    Grant {
        /// `GRANT`
        grant: bool,
        /// On what; of roles, the roles that are granted.
        objects: Vec<Object>,
        /// `ON ALL TABLES IN SCHEMA s` is the schema `s`, and of what kind is what it means in it.
        each: Option<ObjectKind>,
        /// `ALTER DEFAULT PRIVILEGES`: on what these roles make later, none for whoever runs it. The objects are
        /// the schemas.
        later: Option<Box<[Ident]>>,
        /// The privileges in lower case; none for `ALL`, and for roles.
        privileges: Vec<Ident>,
        /// To or from whom.
        grantees: Vec<Ident>,
        /// `WITH GRANT OPTION`; of `REVOKE`, that only the option goes: `GRANT OPTION FOR`.
        option: bool,
        /// `CASCADE`
        cascade: bool,
    },
    /// `REFRESH MATERIALIZED VIEW`
    Refresh {
        /// Its name.
        name: Name,
        /// `CONCURRENTLY`
        concurrently: bool,
    },
    /// `EXPLAIN`
    Explain {
        /// What is explained.
        statement: Box<Statement>,
        /// `ANALYZE`: it is executed.
        analyze: bool,
    },
    /// `PREPARE name AS statement`
    Prepare {
        /// Its name.
        name: Ident,
        /// The types of its parameters, as far as they are written.
        kinds: Vec<Type>,
        /// The statement.
        statement: Box<Statement>,
    },
    /// `DEALLOCATE name`, `DEALLOCATE ALL`
    Deallocate {
        /// Its name; none for all.
        name: Option<Ident>,
    },
    /// `EXECUTE name (…)`
    ExecutePrepared {
        /// Its name.
        name: Ident,
        /// The arguments.
        arguments: Vec<Expr>,
    },
    /// `DECLARE c CURSOR FOR query`
    DeclareCursor {
        /// Its name.
        name: Ident,
        /// The query.
        query: Box<Statement>,
    },
    /// Commands that change neither schema nor rows: `SHOW`, `FETCH`, `CLOSE`, `MOVE`,
    /// `LISTEN`, `NOTIFY`, `DISCARD`, `CHECKPOINT`, `LOAD`, `SET CONSTRAINTS`,
    /// and those that a transaction block refuses: `VACUUM`, `CREATE DATABASE`, …
    Utility {
        /// The command tag in lower case: `vacuum`, `create database`.
        command: Ident,
        /// Whether PostgreSQL refuses it in a transaction block.
        outside_transaction: bool,
        /// The objects that it names.
        objects: Vec<Name>,
    },
    /// What could not be told.
    Opaque {
        /// Why: one clause, lower case, no full stop.
        why: Ident,
    },
}

impl Act {
    /// Whether rows come back: of a query, or by `RETURNING`.
    #[must_use]
    pub fn yields_rows(&self) -> bool {
        match self {
            Self::Select(_) => true,
            Self::Insert { returning, .. }
            | Self::Update { returning, .. }
            | Self::Delete { returning, .. }
            | Self::Merge { returning, .. } => !returning.is_empty(),
            _ => false,
        }
    }
}

/// Control of transactions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Transaction {
    /// `BEGIN`, `START TRANSACTION`
    Begin {
        /// `READ ONLY`
        read_only: bool,
    },
    /// `COMMIT`, `END`
    Commit {
        /// `AND CHAIN`
        chain: bool,
    },
    /// `ROLLBACK`, `ABORT`
    Rollback {
        /// `AND CHAIN`
        chain: bool,
    },
    /// `SAVEPOINT`
    Savepoint(Ident),
    /// `RELEASE`
    Release(Ident),
    /// `ROLLBACK TO`
    RollbackTo(Ident),
    /// `PREPARE TRANSACTION`
    Prepare,
    /// `COMMIT PREPARED`
    CommitPrepared,
    /// `ROLLBACK PREPARED`
    RollbackPrepared,
}

/// How long a setting lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `SET`, `SET SESSION`, `RESET`
    Session,
    /// `SET LOCAL`, `SET TRANSACTION`
    Transaction,
}

/// The rows of an `INSERT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowSource {
    /// `DEFAULT VALUES`
    Defaults,
    /// `VALUES …` or a query.
    Query(Box<Query>),
}

/// `ON CONFLICT`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// `(a, b)`: columns and expressions.
    pub columns: Vec<Expr>,
    /// `WHERE` of a partial index.
    pub filter: Option<Expr>,
    /// `ON CONSTRAINT`
    pub constraint: Option<Ident>,
    /// What is done.
    pub action: ConflictAction,
}

/// What `ON CONFLICT` does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConflictAction {
    /// `DO NOTHING`
    Nothing,
    /// `DO UPDATE`
    Update {
        /// `SET`
        set: Vec<Assignment>,
        /// `WHERE`
        filter: Option<Expr>,
    },
}

/// `WHEN [NOT] MATCHED … THEN`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MergeWhen {
    /// `MATCHED`, also `NOT MATCHED BY SOURCE`: the branch acts on rows of the table.
    pub matched: bool,
    /// `AND`
    pub condition: Option<Expr>,
    /// What is done.
    pub action: MergeAction,
}

/// What a branch of `MERGE` does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MergeAction {
    /// `DO NOTHING`
    Nothing,
    /// `INSERT`
    Insert {
        /// The columns, if written.
        columns: Vec<Ident>,
        /// The values; none for `DEFAULT VALUES`.
        values: Vec<Expr>,
    },
    /// `UPDATE SET`
    Update(Vec<Assignment>),
    /// `DELETE`
    Delete,
}

/// The other end of a `COPY`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CopyEnd {
    /// `STDIN` or `STDOUT`
    Client,
    /// A file of the server.
    File(Ident),
    /// A program of the server.
    Program(Ident),
}

/// Whether an identity column may be given values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// `GENERATED ALWAYS`: only by `OVERRIDING SYSTEM VALUE`.
    Always,
    /// `GENERATED BY DEFAULT`
    ByDefault,
}

impl Identity {
    /// What follows `GENERATED`, in lower case.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::ByDefault => "by default",
        }
    }
}

/// A column of a table, or an attribute of a type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type; none in `CREATE TABLE … OF` and `PARTITION OF`.
    pub kind: Option<Type>,
    /// `NOT NULL`; a primary key says so too, but not here.
    pub not_null: bool,
    /// `DEFAULT`
    pub default: Option<Expr>,
    /// `GENERATED ALWAYS AS (…) STORED`
    pub generated: Option<Expr>,
    /// `GENERATED … AS IDENTITY`
    pub identity: Option<Identity>,
    /// Its other constraints, with the column as theirs.
    pub constraints: Vec<Constraint>,
    /// What else it says.
    pub properties: Properties,
    /// From its name on.
    pub at: At,
}

/// `LIKE table INCLUDING …` of `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Like {
    /// The table whose columns are copied.
    pub name: Name,
    /// What else is, in lower case: `comments`, `constraints`, `defaults`, `generated`,
    /// `identity`, `indexes`, `statistics`, `storage`; `ALL` is all of them.
    pub including: Vec<Ident>,
    /// How many of the columns that are written out stand before it.
    pub after: usize,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Constraint {
    /// Its name, if written.
    pub name: Option<Ident>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// `NOT VALID`
    pub not_valid: bool,
    /// `NO INHERIT`
    pub no_inherit: bool,
    /// `DEFERRABLE`
    pub deferral: Deferral,
    /// `INCLUDE`
    pub include: Box<[Ident]>,
    /// What else it says.
    pub properties: Properties,
    /// Where it stands.
    pub at: At,
}

/// When a constraint is checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Deferral {
    /// With each statement: `NOT DEFERRABLE`.
    #[default]
    NotDeferrable,
    /// With each statement, unless `SET CONSTRAINTS` says otherwise: `DEFERRABLE`.
    Immediate,
    /// Before COMMIT, unless `SET CONSTRAINTS` says otherwise: `INITIALLY DEFERRED`.
    Deferred,
}

impl Deferral {
    /// Whether it may be checked later than with each statement.
    #[must_use]
    pub const fn is_deferrable(self) -> bool {
        !matches!(self, Self::NotDeferrable)
    }

    /// The same where that is written, too: `INITIALLY DEFERRED` alone means both.
    #[must_use]
    pub const fn with(self, is_deferrable: bool, is_deferred: bool) -> Self {
        match self {
            _ if is_deferred => Self::Deferred,
            Self::NotDeferrable if is_deferrable => Self::Immediate,
            written => written,
        }
    }
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`
    PrimaryKey {
        /// The columns.
        columns: Vec<Ident>,
        /// `USING INDEX`
        index: Option<Ident>,
    },
    /// `UNIQUE`
    Unique {
        /// The columns.
        columns: Vec<Ident>,
        /// `USING INDEX`
        index: Option<Ident>,
        /// `NULLS NOT DISTINCT`
        nulls_equal: bool,
    },
    /// `FOREIGN KEY`, `REFERENCES`
    ForeignKey {
        /// The columns.
        columns: Vec<Ident>,
        /// The parent.
        references: Name,
        /// Its columns, if written.
        referenced: Vec<Ident>,
        /// `ON DELETE`
        on_delete: ReferentialAction,
        /// `ON UPDATE`
        on_update: ReferentialAction,
    },
    /// `CHECK`
    Check(Expr),
    /// `NOT NULL` as a constraint of a domain or a table.
    NotNull(Vec<Ident>),
    /// `EXCLUDE`: the columns or expressions.
    Exclude(Vec<Expr>),
}

/// What happens to a child when its parent changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferentialAction {
    /// `NO ACTION`
    NoAction,
    /// `RESTRICT`
    Restrict,
    /// `CASCADE`
    Cascade,
    /// `SET NULL`
    SetNull,
    /// `SET DEFAULT`
    SetDefault,
}

/// A column or an expression of an index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IndexOf {
    /// A column.
    Column(Ident),
    /// An expression.
    Expression(Expr),
}

/// A function or a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// `PROCEDURE`
    pub procedure: bool,
    /// `OR REPLACE`
    pub or_replace: bool,
    /// All arguments, `OUT` among them; the columns of `RETURNS TABLE` are `OUT`.
    pub arguments: Vec<Argument>,
    /// `RETURNS`; `RETURNS TABLE` is `SETOF record`.
    pub returns: Option<Type>,
    /// In lower case.
    pub language: Ident,
    /// What it does.
    pub body: Body,
    /// `RETURN …` or `BEGIN ATOMIC`: what the body names is looked up when it is created.
    pub atomic: bool,
    /// `IMMUTABLE` or `STABLE`: PostgreSQL itself keeps such a function from writing, unless
    /// it calls another.
    pub reads_only: bool,
    /// `SECURITY DEFINER`
    pub definer: bool,
    /// `STRICT`: with a NULL argument nothing of it runs.
    pub strict: bool,
    /// `SET name = values`
    pub settings: Vec<(Ident, Vec<Expr>)>,
    /// What else it says.
    pub properties: Properties,
}

/// An argument of a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Argument {
    /// Its name, if written.
    pub name: Option<Ident>,
    /// Its type.
    pub kind: Type,
    /// `IN`, `INOUT`, `VARIADIC`: it is given by the caller.
    pub input: bool,
    /// `OUT`, `INOUT`
    pub output: bool,
    /// `DEFAULT`
    pub default: Option<Expr>,
}

/// When a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerTiming {
    /// `BEFORE`
    Before,
    /// `AFTER`
    After,
    /// `INSTEAD OF`
    InsteadOf,
}

/// Whether a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerState {
    /// `ENABLE`
    Enabled,
    /// `DISABLE`
    Disabled,
    /// `ENABLE REPLICA`
    Replica,
    /// `ENABLE ALWAYS`
    Always,
}

impl TriggerState {
    /// Whether it fires in a session that is no replica's.
    #[must_use]
    pub const fn fires(self) -> bool {
        matches!(self, Self::Enabled | Self::Always)
    }
}

/// What `ALTER TABLE` changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AlterAction {
    /// `ADD COLUMN`
    AddColumn {
        /// `IF NOT EXISTS`
        if_not_exists: bool,
        /// The column.
        column: Box<Column>,
    },
    /// `DROP COLUMN`
    DropColumn {
        /// `IF EXISTS`
        if_exists: bool,
        /// Its name.
        name: Ident,
        /// `CASCADE`
        cascade: bool,
    },
    /// `ALTER COLUMN … TYPE`
    ColumnType {
        /// The column.
        column: Ident,
        /// Its new type.
        to: Type,
        /// `USING`
        using: Option<Expr>,
        /// `COLLATE`
        properties: Properties,
    },
    /// `ALTER COLUMN … SET DEFAULT`, or `DROP DEFAULT` without a value.
    ColumnDefault {
        /// The column.
        column: Ident,
        /// Its new default.
        value: Option<Expr>,
    },
    /// `ALTER COLUMN … SET NOT NULL` or `DROP NOT NULL`.
    ColumnNotNull {
        /// The column.
        column: Ident,
        /// `SET`
        set: bool,
    },
    /// `ADD CONSTRAINT`
    AddConstraint(Constraint),
    /// `DROP CONSTRAINT`
    DropConstraint {
        /// `IF EXISTS`
        if_exists: bool,
        /// Its name.
        name: Ident,
        /// `CASCADE`
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`
    ValidateConstraint(Ident),
    /// `ALTER CONSTRAINT`
    AlterConstraint {
        /// Its name.
        name: Ident,
        /// What it becomes, if that is said.
        deferral: Option<Deferral>,
    },
    /// `ENABLE TRIGGER` and its relatives.
    Trigger {
        /// Its name; none for `ALL` and `USER`.
        name: Option<Ident>,
        /// What it becomes.
        state: TriggerState,
    },
    /// `OWNER TO`
    Owner(Ident),
    /// `ENABLE` / `DISABLE` / `FORCE` / `NO FORCE ROW LEVEL SECURITY`: the words in lower case.
    RowSecurity(Ident),
    /// `ATTACH PARTITION`
    Attach(Name),
    /// `DETACH PARTITION`
    Detach {
        /// The partition.
        name: Name,
        /// `CONCURRENTLY`
        concurrently: bool,
    },
    /// `INHERIT`, or `NO INHERIT`.
    Inherit {
        /// The parent.
        parent: Name,
        /// `INHERIT`
        add: bool,
    },
    /// Whatever else, by PostgreSQL's name for it in lower case (`set statistics`).
    Other {
        /// What.
        what: Ident,
        /// The column or the other part that it names.
        part: Option<Ident>,
        /// What becomes of it.
        properties: Properties,
    },
}

/// An object that a statement names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name; of a column, trigger, policy, rule or constraint, the table's.
    pub name: Name,
    /// The name of the column, trigger, policy, rule or constraint; the label of an enum that gets
    /// another.
    pub part: Option<Ident>,
    /// The types of the arguments of a function, if written; the two types of a cast.
    pub arguments: Option<Vec<Type>>,
}

/// The kinds of objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// `TABLE`
    Table,
    /// `VIEW`
    View,
    /// `MATERIALIZED VIEW`
    MaterializedView,
    /// `FOREIGN TABLE`
    ForeignTable,
    /// `INDEX`
    Index,
    /// `SEQUENCE`
    Sequence,
    /// `FUNCTION`
    Function,
    /// `PROCEDURE`
    Procedure,
    /// `ROUTINE`
    Routine,
    /// `AGGREGATE`
    Aggregate,
    /// `TYPE`
    Type,
    /// `DOMAIN`
    Domain,
    /// `SCHEMA`
    Schema,
    /// `EXTENSION`
    Extension,
    /// `TRIGGER`
    Trigger,
    /// `EVENT TRIGGER`
    EventTrigger,
    /// `POLICY`
    Policy,
    /// `RULE`
    Rule,
    /// A constraint of a table.
    Constraint,
    /// A column.
    Column,
    /// `ROLE`, `USER`, `GROUP`
    Role,
    /// `DATABASE`
    Database,
    /// `LANGUAGE`
    Language,
    /// Any other, by PostgreSQL's name for it in lower case (`publication`).
    Other(Ident),
}

impl ObjectKind {
    /// Whether its names are those of relations.
    #[must_use]
    pub const fn is_relation(&self) -> bool {
        matches!(
            self,
            Self::Table | Self::View | Self::MaterializedView | Self::ForeignTable | Self::Index | Self::Sequence
        )
    }

    /// Whether the catalog holds no more of it than its name, if that: what the whole server
    /// has, and what brings languages.
    #[must_use]
    pub const fn is_beyond(&self) -> bool {
        matches!(self, Self::Role | Self::Database | Self::Language)
    }
}

impl std::fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::Index => "index",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Routine => "routine",
            Self::Aggregate => "aggregate",
            Self::Type => "type",
            Self::Domain => "domain",
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Trigger => "trigger",
            Self::EventTrigger => "event trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Constraint => "constraint",
            Self::Column => "column",
            Self::Role => "role",
            Self::Database => "database",
            Self::Language => "language",
            Self::Other(name) => name,
        })
    }
}

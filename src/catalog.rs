//! The symbolic database: what PostgreSQL 15 would hold after the statements that were
//! stepped through, without a server. Pure and total: what PostgreSQL would refuse is a
//! [`Problem`], what cannot be told is [`Outcome::may_fail`] or a [`Blur`]. Follows no body.

mod alter;
mod answer;
mod body;
mod change;
mod create;
mod difference;
mod listed;
mod object;
mod query;
mod reads;
mod remove;
mod routine;
mod row;
mod store;
mod types;
mod volatility;

use std::sync::Arc;

use crate::effect::{Act, At, Expr, ExprKind, Ident, Name, Query, Statement, Transaction};

pub use answer::{UniqueIndex, When, WorkedOut};
pub use difference::{Aspect, Difference};
pub use listed::Listed;
pub use object::{
    Column, ColumnType, Constraint, ConstraintRule, Default, Detail, EventTrigger, Id, Index, Key, Kind, Object,
    Presence, Relation, Routine, Rule, Touches, Trigger, UserType,
};
pub use reads::{Reads, noting};
pub use store::Delta;
use store::{Class, Found, PG_TEMP, State};

/// The objects of a database. A clone shares everything with its original.
#[derive(Debug, Clone)]
pub struct Catalog {
    state: State,
    /// What a transaction or a savepoint goes back to, the innermost first.
    saved: Option<Arc<Frame>>,
    origin: u32,
    complete: bool,
    /// Whether something that could not be told may have changed anything.
    untold: bool,
}

#[derive(Debug)]
struct Frame {
    /// The savepoint; none for the transaction.
    savepoint: Option<Ident>,
    state: State,
    below: Option<Arc<Frame>>,
}

impl Drop for Frame {
    fn drop(&mut self) {
        // Thousands of savepoints are let go of one by one, not one within the other.
        let mut below = self.below.take();
        while let Some(frame) = below {
            below = Arc::into_inner(frame).and_then(|mut frame| frame.below.take());
        }
    }
}

/// What PostgreSQL would raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `42P01`
    pub sqlstate: &'static str,
    /// PostgreSQL's message.
    pub message: String,
    /// PostgreSQL's detail, line by line.
    pub detail: Vec<String>,
    /// Where the cause stands.
    pub at: At,
    /// The objects in the way.
    pub keys: Vec<Key>,
}

/// What `IF EXISTS`, `IF NOT EXISTS` or the state of the session made of a statement that
/// would have failed or done something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The name as it was written.
    pub name: Ident,
    /// The object that is there already.
    pub key: Option<Key>,
    /// PostgreSQL's notice.
    pub notice: String,
}

/// An object that a statement dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The object.
    pub key: Key,
    /// What it needed, if the statement does not name it.
    pub cascade_from: Option<Key>,
    /// Whether it went with what it belonged to; otherwise only CASCADE took it.
    pub automatic: bool,
    /// Who had made it, in the caller's numbers.
    pub origin: u32,
    /// The statement that had made it.
    pub made_at: At,
}

/// What a statement did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// What PostgreSQL raises; then the statement changed nothing.
    pub problem: Option<Problem>,
    /// What PostgreSQL raises on some of the ways that lead here, or if what is not known is
    /// otherwise than assumed.
    pub may_fail: Option<Problem>,
    /// What it skipped.
    pub skipped: Vec<Skipped>,
    /// What it made.
    pub made: Vec<Key>,
    /// What it dropped, dependents first.
    pub dropped: Vec<Dropped>,
    /// What it altered, and what about it.
    pub altered: Vec<(Key, Ident)>,
    /// Whether the catalog differs from before.
    pub changed: bool,
    /// Whether it may have changed what is not followed, or what is not known.
    pub blurred: bool,
    /// What of it is not followed: one clause, lower case, no full stop.
    pub unfollowed: Option<Ident>,
}

impl Outcome {
    /// Whether it changes the schema, or may, for longer than the session.
    #[must_use]
    pub fn outlasts_session(&self) -> bool {
        let keys = self.made.iter().chain(self.dropped.iter().map(|dropped| &dropped.key));
        let mut keys = keys.chain(self.altered.iter().map(|(key, _)| key)).peekable();
        let is_temporary = keys.peek().is_some() && keys.all(|key| key.schema == "pg_temp");
        (self.changed || self.blurred || self.may_fail.is_some()) && !is_temporary
    }
}

/// Something that may have changed the catalog and that could not be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blur {
    /// The statement.
    pub at: At,
    /// Why: one clause, lower case, no full stop.
    pub why: Ident,
    /// Who did it, in the caller's numbers.
    pub origin: u32,
}

/// Which names may be those of variables of PL/pgSQL, or of arguments.
#[derive(Clone, Copy)]
pub enum Variables<'a> {
    /// None.
    None,
    /// Any that is no column's.
    Any,
    /// Those of which this is so; all others are certainly none.
    These(&'a dyn Fn(&[Ident]) -> bool),
}

impl Variables<'_> {
    fn may_have(self, path: &[Ident]) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::These(are) => are(path),
        }
    }

    fn have(self, path: &[Ident]) -> bool {
        matches!(self, Self::These(_)) && self.may_have(path)
    }
}

/// What may name columns.
#[derive(Debug, Clone, Copy)]
pub enum Read<'a> {
    /// A statement.
    Act(&'a Act),
    /// A query.
    Query(&'a Query),
    /// An expression of PL/pgSQL.
    Expr(&'a Expr),
}

/// What a statement has done so far.
struct Work<'a> {
    state: &'a mut State,
    /// What was there as the transaction began, if one is open.
    begun: Option<&'a State>,
    origin: u32,
    complete: bool,
    at: At,
    outcome: Outcome,
    in_block: bool,
    /// `ONLY`: the partitions of the table get none of what it gets.
    only: bool,
    /// Which names that are no columns may be variables of PL/pgSQL.
    variables: Variables<'a>,
}

type Done = Result<(), Problem>;

impl Problem {
    pub(crate) fn new(sqlstate: &'static str, message: String, at: At) -> Self {
        Self { sqlstate, message, detail: Vec::new(), at, keys: Vec::new() }
    }

    fn detail(mut self, line: String) -> Self {
        self.detail.push(line);
        self
    }

    fn on(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// A name that is that of a column and of something else.
    #[must_use]
    pub fn ambiguous(name: &str, at: At) -> Self {
        Self::new("42702", format!("column reference \"{name}\" is ambiguous"), at)
    }

    fn missing_relation(name: &Name) -> Self {
        Self::new("42P01", format!("relation \"{name}\" does not exist"), name.at)
    }

    fn missing_schema(name: &str, at: At) -> Self {
        Self::new("3F000", format!("schema \"{name}\" does not exist"), at)
    }

    /// Whether what is missing may be there in a database that is not wholly known.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self.sqlstate, "42P01" | "42704" | "42703" | "42883" | "3F000")
    }
}

impl std::default::Default for Catalog {
    fn default() -> Self {
        Self::empty()
    }
}

impl Catalog {
    /// A database as `CREATE DATABASE` makes it.
    #[must_use]
    pub fn empty() -> Self {
        Self { state: State::new(), saved: None, origin: 0, complete: true, untold: false }
    }

    /// Who makes what the next statements make.
    pub fn set_origin(&mut self, origin: u32) {
        self.origin = origin;
    }

    /// Whether everything that the database holds was stepped through. If not, what is
    /// missing here makes a statement fail only perhaps.
    pub fn assume_complete(&mut self, complete: bool) {
        self.complete = complete;
    }

    /// Something that cannot be told may have changed anything: whatever stands in the way of a
    /// statement from here on does so only perhaps.
    pub fn lose_track(&mut self) {
        self.untold = true;
    }

    /// Whether a transaction block is open.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.saved.is_some()
    }

    /// What could not be followed.
    pub fn blurred(&self) -> impl Iterator<Item = &Blur> {
        self.state.blurred.values()
    }

    /// Does what the statement does. Bodies of DO and of functions are the caller's: it feeds
    /// their statements here. A statement with a problem leaves no trace, not even an aborted
    /// transaction.
    pub fn step(&mut self, statement: &Statement) -> Outcome {
        if let Act::Transaction(transaction) = &statement.act {
            return self.control(transaction, statement.at);
        }
        self.state.begin();
        let mut work = self.work(statement.at);
        let done = work.act(&statement.act);
        let mut outcome = work.outcome;
        let Err(problem) = done else {
            self.state.keep();
            outcome.changed = !outcome.made.is_empty() || !outcome.dropped.is_empty() || !outcome.altered.is_empty();
            return outcome;
        };
        self.state.take_back();
        if self.untold {
            return Outcome { may_fail: Some(problem), ..Outcome::default() };
        }
        if !self.complete && problem.is_absence() {
            let why = Ident::from(format!("it may name what is not known: {}", problem.message));
            let blurred = !matches!(statement.act, Act::Select(_));
            if blurred {
                self.state.blur(Blur { at: statement.at, why, origin: self.origin });
            }
            return Outcome { may_fail: Some(problem), blurred, ..Outcome::default() };
        }
        if self.state.is_doubtful(&problem.keys) {
            let why = Ident::from(format!("what is in the way may not be there: {}", problem.message));
            self.state.blur(Blur { at: statement.at, why, origin: self.origin });
            return Outcome { may_fail: Some(problem), blurred: true, ..Outcome::default() };
        }
        Outcome { problem: Some(problem), may_fail: outcome.may_fail, ..Outcome::default() }
    }

    /// What PostgreSQL raises at what is read, as far as it is certain; nothing is changed.
    #[must_use]
    pub fn refusal(&self, read: Read<'_>, at: At, variables: Variables<'_>) -> Option<Problem> {
        let problem = match read {
            Read::Act(act) => {
                let mut copy = self.clone();
                let mut work = Work { variables, ..copy.work(at) };
                work.act(act).err()?
            }
            Read::Query(query) => {
                let mut reader = query::Reader::new(&self.state).with(variables);
                reader.query(query);
                reader.findings.problem?
            }
            Read::Expr(expr) => {
                let mut reader = query::Reader::new(&self.state).with(variables);
                reader.expr(expr);
                reader.findings.problem?
            }
        };
        let is_certain =
            !self.untold && (self.complete || !problem.is_absence()) && !self.state.is_doubtful(&problem.keys);
        is_certain.then_some(problem)
    }

    /// The names of variables that mean columns, or rows of FROM, where something is read, and
    /// where they stand.
    #[must_use]
    pub fn clashes(&self, read: Read<'_>, is_variable: &dyn Fn(&[Ident]) -> bool) -> Vec<(Vec<Ident>, At)> {
        let mut reader = query::Reader::new(&self.state).with(Variables::These(is_variable));
        match read {
            Read::Act(Act::Select(query)) => drop(reader.query(query)),
            Read::Query(query) => drop(reader.query(query)),
            Read::Act(
                Act::CreateTableAs { source: inner, .. }
                | Act::DeclareCursor { query: inner, .. }
                | Act::Explain { statement: inner, .. }
                | Act::Copy { query: Some(inner), .. },
            ) => return self.clashes(Read::Act(&inner.act), is_variable),
            Read::Act(act) => drop(reader.change(act)),
            Read::Expr(expr) => drop(reader.expr(expr)),
        }
        reader.clashes
    }

    fn work(&mut self, at: At) -> Work<'_> {
        let mut begun = self.saved.as_deref();
        while let Some(below) = begun.and_then(|frame| frame.below.as_deref()) {
            begun = Some(below);
        }
        Work {
            state: &mut self.state,
            begun: begun.map(|frame| &frame.state),
            origin: self.origin,
            complete: self.complete,
            at,
            outcome: Outcome::default(),
            in_block: self.saved.is_some(),
            only: false,
            variables: Variables::Any,
        }
    }

    /// Another session: what was temporary is gone, and no setting is made. A transaction
    /// that was left open counts as committed.
    pub fn reconnect(&mut self) {
        self.saved = None;
        self.state.begin_session();
        self.state.session = None;
        self.state.settings = store::Settings::default();
        let temporary = [Class::Relation, Class::Type, Class::Routine].map(|class| self.state.parts(class, PG_TEMP));
        let temporary: Vec<store::Ref> = temporary.into_iter().flatten().map(|id| (id, 0)).collect();
        if !temporary.is_empty() {
            drop(remove::delete(&mut self.state, &temporary, true, At::default()));
        }
    }

    /// `set_config(name, value, local)`
    pub fn configure(&mut self, name: &str, value: &Expr, local: bool) {
        let mut work = self.work(value.at);
        work.set_config(name, value, &Expr { at: value.at, kind: ExprKind::Boolean(local) });
    }

    /// What a function sets for itself.
    pub fn configure_all(&mut self, settings: &[(Ident, Vec<Expr>)]) {
        for (name, values) in settings {
            self.work(At::default()).set(name, values, false);
        }
    }

    /// Takes over the settings that were made, not what they led to.
    pub fn configure_as(&mut self, other: &Self) {
        self.state.session.clone_from(&other.state.session);
        self.state.settings = other.state.settings.clone();
    }

    /// `BEGIN`, `COMMIT` and their relatives.
    pub fn control(&mut self, transaction: &Transaction, at: At) -> Outcome {
        use Transaction as T;
        let mut outcome = Outcome::default();
        let none = |what: &str| Problem::new("25P01", format!("{what} can only be used in transaction blocks"), at);
        match transaction {
            T::Begin { .. } => {
                if self.saved.is_none() {
                    self.push(None);
                }
            }
            T::Commit { chain } => {
                if self.saved.take().is_some() {
                    let ids: Vec<Id> = self.state.drop_on_commit.iter().copied().collect();
                    for id in ids {
                        if let Ok(dropped) = remove::delete(&mut self.state, &[(id, 0)], true, at) {
                            outcome.dropped.extend(dropped);
                        }
                    }
                    outcome.changed = !outcome.dropped.is_empty();
                }
                self.end_local();
                if *chain {
                    self.push(None);
                }
            }
            T::Rollback { chain } => {
                self.roll_back();
                if *chain {
                    self.push(None);
                }
            }
            T::Savepoint(name) => {
                if self.saved.is_none() {
                    outcome.problem = Some(none("SAVEPOINT"));
                } else {
                    self.push(Some(name.clone()));
                }
            }
            T::Release(name) => match self.savepoint(name) {
                Some(frame) => self.saved.clone_from(&frame.below),
                None => outcome.problem = Some(self.no_savepoint("RELEASE SAVEPOINT", name, at)),
            },
            T::RollbackTo(name) => match self.savepoint(name) {
                Some(frame) => {
                    self.state = frame.state.clone();
                    self.saved = Some(frame);
                }
                None => outcome.problem = Some(self.no_savepoint("ROLLBACK TO SAVEPOINT", name, at)),
            },
            T::Prepare => {
                // Nobody sees what it made until it is committed by its name.
                self.roll_back();
                self.blur(at, "a transaction was prepared");
            }
            T::CommitPrepared => self.blur(at, "a prepared transaction was committed"),
            T::RollbackPrepared => {}
        }
        outcome
    }

    fn blur(&mut self, at: At, why: &'static str) {
        self.state.blur(Blur { at, why: Ident::new_static(why), origin: self.origin });
    }

    fn push(&mut self, savepoint: Option<Ident>) {
        let below = self.saved.take();
        self.saved = Some(Arc::new(Frame { savepoint, state: self.state.clone(), below }));
    }

    fn savepoint(&self, name: &str) -> Option<Arc<Frame>> {
        let mut frame = self.saved.as_ref();
        while let Some(current) = frame {
            if current.savepoint.as_deref() == Some(name) {
                return Some(Arc::clone(current));
            }
            frame = current.below.as_ref();
        }
        None
    }

    fn no_savepoint(&self, command: &str, name: &str, at: At) -> Problem {
        if self.saved.is_none() {
            return Problem::new("25P01", format!("{command} can only be used in transaction blocks"), at);
        }
        Problem::new("3B001", format!("savepoint \"{name}\" does not exist"), at)
    }

    fn roll_back(&mut self) {
        let saved = self.saved.take();
        let mut frame = saved.as_ref();
        while let Some(current) = frame {
            if current.below.is_none() {
                self.state = current.state.clone();
            }
            frame = current.below.as_ref();
        }
    }

    /// `SET LOCAL` ends with the transaction.
    fn end_local(&mut self) {
        self.state.end_local();
    }

    /// Whether the other is the same to the byte, places included. What is not quickly told
    /// is not the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.delta(other).is_some_and(|delta| delta.is_empty())
    }

    /// What the other holds otherwise than this, places included; none where they differ in
    /// more than what they hold, or while a transaction block is open.
    #[must_use]
    pub fn delta(&self, other: &Self) -> Option<Delta> {
        let settled = self.saved.is_none() && other.saved.is_none();
        let is_alike =
            settled && self.origin == other.origin && self.complete == other.complete && self.untold == other.untold;
        is_alike.then(|| self.state.delta(&other.state, self.origin)).flatten()
    }

    /// With the same difference to what it is as another one has to what that was; none while
    /// a transaction block is open.
    #[must_use]
    pub fn with(&self, delta: &Delta) -> Option<Self> {
        self.saved.is_none().then(|| Self { state: self.state.with(delta), ..self.clone() })
    }

    // What is asked of it.

    /// The key of the relation that a name leads to.
    #[must_use]
    pub fn relation_key(&self, name: &Name) -> Option<Key> {
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => Some(self.state.key((id, 0))),
            _ => None,
        }
    }

    /// The relation that a name leads to.
    #[must_use]
    pub fn relation(&self, name: &Name) -> Option<&Relation> {
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => self.state.relation(id),
            _ => None,
        }
    }

    /// The object of that key; of a column, its relation.
    #[must_use]
    pub fn object(&self, key: &Key) -> Option<&Object> {
        self.state.get(self.id(key)?)
    }

    /// Every object and every column, in the order of their keys.
    #[must_use]
    pub fn keys_of_all(&self) -> Vec<Key> {
        let mut keys = self.keys(self.state.ids().filter(|id| *id > PG_TEMP));
        keys.sort();
        keys
    }

    /// The temporary relations, by name.
    #[must_use]
    pub fn temporary_relations(&self) -> Vec<Key> {
        self.keys(self.state.parts(Class::Relation, PG_TEMP))
    }

    /// The function that a trigger calls, if it is known.
    #[must_use]
    pub fn trigger_function(&self, trigger: &Trigger) -> Option<Key> {
        self.state.get(trigger.function).map(|_| self.state.key((trigger.function, 0)))
    }

    /// The constraints of a relation, with the names of their columns.
    #[must_use]
    pub fn constraints(&self, relation: &Key) -> Vec<(Key, &Constraint, Vec<Ident>)> {
        let Some(table) = self.id(relation) else { return Vec::new() };
        self.state
            .constraints(table)
            .map(|(id, constraint)| {
                (self.state.key((id, 0)), constraint, self.column_names(table, &constraint.columns))
            })
            .collect()
    }

    /// The indexes of a table, with the names of their columns; empty for an expression.
    #[must_use]
    pub fn indexes(&self, relation: &Key) -> Vec<(Key, &Index, Vec<Ident>)> {
        let Some(table) = self.id(relation) else { return Vec::new() };
        self.state
            .indexes(table)
            .into_iter()
            .filter_map(|id| {
                let index = self.state.get(id)?.index()?;
                Some((self.state.key((id, 0)), index, self.column_names(table, &index.columns)))
            })
            .collect()
    }

    /// The foreign keys of a table.
    #[must_use]
    pub fn foreign_keys(&self, table: &Key) -> Vec<ForeignKey> {
        let Some(child) = self.id(table) else { return Vec::new() };
        self.state.parts(Class::Constraint, child).into_iter().filter_map(|id| self.foreign_key(id)).collect()
    }

    fn foreign_key(&self, id: Id) -> Option<ForeignKey> {
        let object = self.state.get(id)?;
        let constraint = object.constraint()?;
        let ConstraintRule::ForeignKey { parent, columns, on_delete, on_update, .. } = &constraint.rule else {
            return None;
        };
        Some(ForeignKey {
            constraint: self.state.key((id, 0)),
            child: self.state.key((object.parent, 0)),
            columns: self.column_names(object.parent, &constraint.columns),
            parent: self.state.key((*parent, 0)),
            referenced: self.column_names(*parent, columns),
            on_delete: *on_delete,
            on_update: *on_update,
            deferral: constraint.deferral,
        })
    }

    /// Whether no table can inherit from the relation: all tables are known, and none does.
    #[must_use]
    pub fn stands_alone(&self, relation: &Name) -> bool {
        let key = self.relation_key(relation);
        self.complete && key.and_then(|key| self.id(&key)).is_some_and(|id| !self.state.has_inheritor(id))
    }

    /// The tables that inherit from a table, and its partitions.
    #[must_use]
    pub fn inheritors(&self, table: &Key) -> Vec<Key> {
        let Some(parent) = self.id(table) else { return Vec::new() };
        self.keys(self.state.inheritors(parent))
    }

    /// The relations and columns that a view, a function with a body in the grammar, a
    /// default or a constraint needs.
    #[must_use]
    pub fn needs(&self, key: &Key) -> Vec<Key> {
        let Some(of) = self.reference(key) else { return Vec::new() };
        let mut found: Vec<Key> = self
            .state
            .needs(of)
            .into_iter()
            .filter(|(to, _)| self.state.get(to.0).is_some_and(|object| object.kind != Kind::Schema))
            .map(|(to, _)| self.state.key(to))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// A type as `format_type` prints it, with its schema where it is not PostgreSQL's own;
    /// `?` where it cannot be told.
    #[must_use]
    pub fn type_text(&self, kind: &ColumnType) -> String {
        self.state.type_text(kind)
    }

    /// The schemas in which a name without one is looked for, in order.
    #[must_use]
    pub fn search_path(&self) -> Vec<Ident> {
        self.state.search_path(true).map(|id| self.state.schema_name(id)).collect()
    }

    fn keys(&self, ids: impl IntoIterator<Item = Id>) -> Vec<Key> {
        ids.into_iter().map(|id| self.state.key((id, 0))).collect()
    }

    fn column_names(&self, table: Id, numbers: &[u16]) -> Vec<Ident> {
        let relation = self.state.relation(table);
        let name = |number: &u16| {
            relation
                .and_then(|relation| relation.numbered(*number))
                .map(|column| column.name.clone())
                .unwrap_or_default()
        };
        numbers.iter().map(name).collect()
    }

    fn id(&self, key: &Key) -> Option<Id> {
        self.state.id(key)
    }

    fn reference(&self, key: &Key) -> Option<store::Ref> {
        let id = self.id(key)?;
        if key.kind != Kind::Column {
            return Some((id, 0));
        }
        let column = self.state.relation(id)?.column(key.part.as_deref()?)?;
        Some((id, column.number))
    }
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint.
    pub constraint: Key,
    /// The table that it belongs to.
    pub child: Key,
    /// Its columns.
    pub columns: Vec<Ident>,
    /// The table that it refers to.
    pub parent: Key,
    /// Its columns.
    pub referenced: Vec<Ident>,
    /// `ON DELETE`
    pub on_delete: crate::effect::ReferentialAction,
    /// `ON UPDATE`
    pub on_update: crate::effect::ReferentialAction,
    /// When it is checked.
    pub deferral: crate::effect::Deferral,
}

/// A name as text, as `regclass` reads it.
fn parse_name(text: &str, at: At) -> Option<Name> {
    let mut parts = parse_path(text);
    let name = parts.pop().filter(|name| !name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(Name { schema: parts.pop(), name, at })
}

/// The parts of a name as text; none where it is no name.
fn parse_path(text: &str) -> Vec<Ident> {
    let mut parts: Vec<Ident> = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let Some((part, after)) = quoted.split_once('"') else { return Vec::new() };
            (Ident::new(part), after)
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            let Some((part, after)) = rest.split_at_checked(end) else { return Vec::new() };
            (Ident::from(part.trim().to_lowercase()), after)
        };
        parts.push(part);
        match after.trim_start().strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None if after.trim().is_empty() => return parts,
            None => return Vec::new(),
        }
    }
}

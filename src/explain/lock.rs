//! Which locks a statement takes on tables and views, and what each keeps others from: the
//! table of PostgreSQL 15, "Explicit Locking". Of what it does not know it says nothing.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Key, Kind, Outcome};
use crate::effect::{
    Act, AlterAction, Column, Constraint, ConstraintKind, Expr, From, Ident, Name, ObjectKind, Query, Statement, Visit,
    walk_from, walk_query,
};
use crate::flow::{Change, ChangeKind, What};

/// The mode of a lock on a table, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `SELECT`
    AccessShare,
    /// `SELECT … FOR UPDATE`, and the checks of foreign keys.
    RowShare,
    /// `INSERT`, `UPDATE`, `DELETE`
    RowExclusive,
    /// `VACUUM`, `CREATE INDEX CONCURRENTLY`, `COMMENT`
    ShareUpdateExclusive,
    /// `CREATE INDEX`
    Share,
    /// `CREATE TRIGGER`, `REFERENCES`
    ShareRowExclusive,
    /// `REFRESH MATERIALIZED VIEW CONCURRENTLY`
    Exclusive,
    /// `DROP`, `TRUNCATE`, most of `ALTER TABLE`
    AccessExclusive,
}

impl Mode {
    /// All of them, the weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// As PostgreSQL's manual writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// What others have to wait with while it is held.
    #[must_use]
    pub const fn blocks(self) -> &'static str {
        match self {
            Self::AccessShare => "only DROP, TRUNCATE and most of ALTER TABLE",
            Self::RowShare => "only DROP, TRUNCATE, most of ALTER TABLE and REFRESH … CONCURRENTLY",
            Self::RowExclusive => "CREATE INDEX, CREATE TRIGGER, ALTER TABLE and DROP; others read and write on",
            Self::ShareUpdateExclusive => "VACUUM and changes of the schema; others read and write on",
            Self::Share => "every INSERT, UPDATE and DELETE, and changes of the schema; others read on",
            Self::ShareRowExclusive => "every INSERT, UPDATE and DELETE, and changes of the schema; others read on",
            Self::Exclusive => "everything but plain reading",
            Self::AccessExclusive => "everything, reading included",
        }
    }

    fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word().eq_ignore_ascii_case(text))
    }
}

/// A lock on a relation.
pub type Taken = (Key, Mode);

/// What an event locks. Relations are looked up in the first catalog, else in the second.
#[must_use]
pub fn of(what: &What<'_>, before: &Catalog, after: &Catalog) -> Vec<Taken> {
    let mut locks = Locks { before, after, found: Vec::new(), seen: BTreeSet::new() };
    match what {
        What::Query(statement) => locks.statement_reads(statement),
        What::Change(change) => locks.change(change),
        What::Check { condition, .. } | What::Assert(condition) => locks.expr(condition),
        What::Lock(statement) | What::Utility(statement) => locks.plain(&statement.act),
        What::Define { statement, outcome } if outcome.problem.is_none() => {
            locks.plain(&statement.act);
            locks.outcome(outcome);
        }
        _ => {}
    }
    locks.found
}

struct Locks<'c> {
    before: &'c Catalog,
    after: &'c Catalog,
    found: Vec<Taken>,
    seen: BTreeSet<Key>,
}

impl Locks<'_> {
    fn key(&self, name: &Name) -> Option<Key> {
        self.before.relation_key(name).or_else(|| self.after.relation_key(name))
    }

    fn take(&mut self, name: &Name, mode: Mode) {
        if let Some(key) = self.key(name) {
            self.found.push((key, mode));
        }
    }

    fn statement_reads(&mut self, statement: &Statement) {
        if let Act::Select(query) = &statement.act {
            self.query(query);
        } else {
            self.act(&statement.act);
        }
    }

    fn change(&mut self, change: &Change<'_>) {
        let mode = if change.kind == ChangeKind::Truncate { Mode::AccessExclusive } else { Mode::RowExclusive };
        self.take(&change.relation, mode);
        if let Some(key) = self.key(&change.relation) {
            let parents = |catalog: &Catalog| {
                let checked = catalog.foreign_keys(&key).into_iter();
                checked
                    .filter(|one| !stays_null(change, catalog, &one.columns))
                    .map(|one| one.parent)
                    .collect::<Vec<_>>()
            };
            let children = |catalog: &Catalog| catalog.children(&change.relation).into_iter().map(|one| one.child);
            let near: BTreeSet<Key> = match change.kind {
                ChangeKind::Insert => parents(self.before).into_iter().chain(parents(self.after)).collect(),
                ChangeKind::Delete => children(self.before).chain(children(self.after)).collect(),
                ChangeKind::Update | ChangeKind::Truncate => BTreeSet::new(),
            };
            self.found.extend(near.into_iter().map(|key| (key, Mode::RowShare)));
        }
        if let Some(act) = change.act {
            self.act(act);
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        for dropped in &outcome.dropped {
            let key = &dropped.key;
            if matches!(key.kind, Kind::Schema | Kind::Extension | Kind::Sequence | Kind::Index)
                || key.kind.is_routine()
            {
                continue;
            }
            self.take(&key.relation(), Mode::AccessExclusive);
            if key.kind == Kind::Table {
                let parents = self.before.foreign_keys(key).into_iter().chain(self.after.foreign_keys(key));
                let parents: BTreeSet<Key> = parents.map(|one| one.parent).collect();
                self.found.extend(parents.into_iter().map(|key| (key, Mode::AccessExclusive)));
            }
        }
    }

    fn constraint(&mut self, constraint: &Constraint) {
        if let ConstraintKind::ForeignKey { references, .. } = &constraint.kind {
            self.take(references, Mode::ShareRowExclusive);
        }
    }

    fn columns(&mut self, columns: &[Column]) {
        for column in columns {
            column.constraints.iter().for_each(|constraint| self.constraint(constraint));
        }
    }

    /// What the statement itself says.
    fn plain(&mut self, act: &Act) {
        match act {
            Act::Lock { tables, mode, .. } => {
                if let Some(mode) = Mode::read(mode) {
                    tables.iter().for_each(|table| self.take(table, mode));
                }
            }
            Act::CreateTable { columns, constraints, inherits, partition, .. } => {
                self.columns(columns);
                constraints.iter().for_each(|constraint| self.constraint(constraint));
                let mode = if *partition { Mode::AccessExclusive } else { Mode::ShareUpdateExclusive };
                inherits.iter().for_each(|parent| self.take(parent, mode));
            }
            Act::CreateTableAs { source, .. } => self.statement_reads(source),
            Act::CreateView { name, query, .. } => {
                // Replaced, it is locked; new, it is nobody's yet.
                self.take(name, Mode::AccessExclusive);
                self.direct(query);
            }
            Act::CreateIndex { table, concurrently, .. } => {
                self.take(table, if *concurrently { Mode::ShareUpdateExclusive } else { Mode::Share });
            }
            Act::CreateTrigger { table, .. } => self.take(table, Mode::ShareRowExclusive),
            Act::CreateRule { table, .. } => self.take(table, Mode::AccessExclusive),
            Act::Create { object, .. } if object.kind == ObjectKind::Policy => {
                self.take(&object.name, Mode::AccessExclusive);
            }
            Act::AlterTable { name, actions, .. } => {
                for action in actions {
                    self.take(name, alters(action));
                    match action {
                        AlterAction::AddColumn { column, .. } => self.columns(std::slice::from_ref(&**column)),
                        AlterAction::AddConstraint(constraint) => self.constraint(constraint),
                        AlterAction::Attach(part) => self.take(part, Mode::AccessExclusive),
                        AlterAction::Inherit { parent, .. } => self.take(parent, Mode::ShareUpdateExclusive),
                        _ => {}
                    }
                }
            }
            Act::Rename { object, .. } | Act::SetSchema { object, .. } | Act::Alter { object, .. }
                if !matches!(object.kind, ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Type) =>
            {
                self.take(&object.name, Mode::AccessExclusive);
            }
            Act::Comment { object, .. }
                if matches!(
                    object.kind,
                    ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Column
                ) =>
            {
                self.take(&object.name, Mode::ShareUpdateExclusive);
            }
            Act::Refresh { name, concurrently } => {
                self.take(name, if *concurrently { Mode::Exclusive } else { Mode::AccessExclusive });
            }
            Act::Utility { command, objects, .. } => {
                let mode = match command.as_str() {
                    "vacuum" | "analyze" => Mode::ShareUpdateExclusive,
                    "reindex" | "cluster" | "vacuum full" => Mode::AccessExclusive,
                    _ => return,
                };
                objects.iter().for_each(|name| self.take(name, mode));
            }
            _ => {}
        }
    }

    /// The relations that a definition names: views in it are not looked into.
    fn direct(&mut self, query: &Query) {
        struct Named(Vec<Name>);
        impl<'a> Visit<'a> for Named {
            fn from(&mut self, from: &'a From) {
                if let From::Relation { name, .. } = from {
                    self.0.push(name.clone());
                }
                walk_from(self, from);
            }
        }
        let mut named = Named(Vec::new());
        named.query(query);
        named.0.iter().for_each(|name| self.take(name, Mode::AccessShare));
    }

    fn reads(&mut self, name: &Name) {
        let Some(key) = self.key(name) else { return };
        self.found.push((key.clone(), Mode::AccessShare));
        // What a view shows is read through it.
        if !matches!(key.kind, Kind::View) || !self.seen.insert(key.clone()) {
            return;
        }
        let name = key.relation();
        if let Some(query) = self.before.view_query(&name).or_else(|| self.after.view_query(&name)) {
            let mut inner = Locks { found: Vec::new(), seen: self.seen.clone(), ..*self };
            inner.query(&query);
            self.found.append(&mut inner.found);
            self.seen.append(&mut inner.seen);
        }
    }
}

impl<'a> Visit<'a> for Locks<'_> {
    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from {
            self.reads(name);
        }
        walk_from(self, from);
    }

    fn query(&mut self, query: &'a Query) {
        let start = self.found.len();
        walk_query(self, query);
        if query.locks {
            for (_, mode) in self.found.iter_mut().skip(start) {
                *mode = (*mode).max(Mode::RowShare);
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        crate::effect::walk_expr(self, expr);
    }
}

/// Whether the rows that are inserted have NULL in some of these columns, because they are not
/// given and have no default: then no foreign key on them looks at its parent.
fn stays_null(change: &Change<'_>, catalog: &Catalog, columns: &[Ident]) -> bool {
    let Some(Act::Insert { columns: given, .. }) = change.act else { return false };
    let Some(relation) = catalog.relation(&change.relation) else { return false };
    let is_null = |name: &Ident| {
        let column = relation.column(name);
        !given.contains(name) && column.is_some_and(|column| column.default.is_none() && column.identity.is_none())
    };
    // A trigger may fill it in.
    !given.is_empty() && catalog.triggers(&change.relation).is_empty() && columns.iter().any(is_null)
}

/// The lock of one action of `ALTER TABLE`.
fn alters(action: &AlterAction) -> Mode {
    match action {
        AlterAction::AddConstraint(Constraint { kind: ConstraintKind::ForeignKey { .. }, .. })
        | AlterAction::Trigger { .. } => Mode::ShareRowExclusive,
        AlterAction::ValidateConstraint(_) | AlterAction::Attach(_) => Mode::ShareUpdateExclusive,
        AlterAction::Detach { concurrently: true, .. } => Mode::ShareUpdateExclusive,
        AlterAction::Other { what, .. } if matches!(what.as_str(), "set statistics" | "cluster on") => {
            Mode::ShareUpdateExclusive
        }
        _ => Mode::AccessExclusive,
    }
}

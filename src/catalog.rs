//! The symbolic database: what the schema is after each statement, as PostgreSQL 15 would
//! have it. Total: a statement that PostgreSQL would refuse changes nothing and says why.

mod drop;
mod object;
mod resolve;
mod step;

pub use object::{Child, Column, Dropped, Key, Kind, Outcome, Presence, Problem, Relation, Rule, Trigger};

use std::sync::Arc;

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};

use crate::effect::{At, Function, Ident, Name, Query};

/// Schema and name of a relation, a function, a type.
pub(super) type Path = (Ident, Ident);

/// The schema of a database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalog {
    relations: OrdMap<Path, Arc<Relation>>,
    functions: OrdMap<Path, Arc<Vec<object::Routine>>>,
    /// Schemas, types, extensions, comments and whatever else has no words of its own.
    others: OrdMap<Key, Arc<object::Other>>,
    /// Which relations a view or a rule reads, seen from what is read.
    readers: OrdMap<Path, OrdSet<Path>>,
    /// Which tables refer to a table.
    children: OrdMap<Path, OrdSet<Path>>,
    /// The indexes and sequences that belong to a table.
    parts: OrdMap<Path, OrdSet<Path>>,
    /// Which relations call a function, by trigger, view or default.
    callers: OrdMap<Path, OrdSet<Path>>,
    /// The names of triggers, with how many bear them.
    triggers: OrdSet<Ident>,
    search_path: Vec<Ident>,
    local_search_path: Option<Vec<Ident>>,
    /// The state before the transaction block.
    before: Option<Arc<Catalog>>,
    origin: u32,
    complete: bool,
}

impl Default for Catalog {
    fn default() -> Self {
        let mut catalog = Self {
            relations: OrdMap::new(),
            functions: OrdMap::new(),
            others: OrdMap::new(),
            readers: OrdMap::new(),
            children: OrdMap::new(),
            parts: OrdMap::new(),
            callers: OrdMap::new(),
            triggers: OrdSet::new(),
            search_path: vec![Ident::new_static("public")],
            local_search_path: None,
            before: None,
            origin: 0,
            complete: true,
        };
        for schema in ["public", "pg_catalog", "information_schema"] {
            let key = Key::new(Kind::Schema, (Ident::default(), Ident::new_static(schema)));
            catalog.others.insert(key, Arc::new(object::Other::default()));
        }
        catalog
    }
}

impl Catalog {
    /// Whoever makes an object from here on bears this number.
    pub fn set_origin(&mut self, origin: u32) {
        self.origin = origin;
    }

    /// Whether everything that the database holds is known. Where it is not, a relation that
    /// is not known may be there.
    pub fn assume_complete(&mut self, complete: bool) {
        self.complete = complete;
    }

    /// `BEGIN`
    pub fn begin(&mut self) {
        let mut before = self.clone();
        before.before = None;
        self.before = Some(Arc::new(before));
    }

    /// `COMMIT`
    pub fn commit(&mut self) {
        self.before = None;
        self.local_search_path = None;
    }

    /// `ROLLBACK`
    pub fn rollback(&mut self) {
        if let Some(before) = self.before.take() {
            *self = Self::clone(&before);
        }
        self.local_search_path = None;
    }

    /// The relation, if it is known.
    #[must_use]
    pub fn relation(&self, name: &Name) -> Option<&Relation> {
        self.relations.get(&self.locate(name)?).map(Arc::as_ref)
    }

    /// Whether there is a relation of that name.
    #[must_use]
    pub fn presence(&self, name: &Name) -> Presence {
        match self.locate(name).and_then(|path| self.relations.get(&path)) {
            Some(relation) if relation.maybe => Presence::Maybe,
            Some(_) => Presence::Yes,
            None if self.complete && !name.is_variable() => Presence::No,
            None => Presence::Maybe,
        }
    }

    /// The functions of that name.
    #[must_use]
    pub fn functions(&self, name: &Name) -> Vec<Arc<Function>> {
        let found = |schema: &Ident| self.functions.get(&(schema.clone(), name.name.clone()));
        let routines = match &name.schema {
            Some(schema) => found(schema),
            None => self.path().iter().find_map(found),
        };
        routines
            .map(|routines| routines.iter().map(|routine| Arc::clone(&routine.function)).collect())
            .unwrap_or_default()
    }

    /// The tables that refer to a table.
    #[must_use]
    pub fn children(&self, name: &Name) -> Vec<Child> {
        let Some(parent) = self.locate(name) else { return Vec::new() };
        let tables = self.children.get(&parent).into_iter().flatten();
        tables
            .filter_map(|path| Some((path, self.relations.get(path)?)))
            .flat_map(|(path, table)| table.foreign_keys(path, &parent, self))
            .collect()
    }

    /// The views that read a relation, themselves and not through others.
    #[must_use]
    pub fn readers(&self, name: &Name) -> Vec<Name> {
        let Some(path) = self.locate(name) else { return Vec::new() };
        self.readers.get(&path).into_iter().flatten().map(resolve::name_of).collect()
    }

    /// The rules of a relation for an event; for all where the event is empty.
    #[must_use]
    pub fn rules(&self, name: &Name, event: &str) -> Vec<Rule> {
        let rules = self.relation(name).map(|relation| relation.rules.as_slice()).unwrap_or_default();
        rules.iter().filter(|rule| event.is_empty() || rule.event == event).cloned().collect()
    }

    /// The triggers of a relation.
    #[must_use]
    pub fn triggers(&self, name: &Name) -> Vec<Trigger> {
        self.relation(name).map(|relation| relation.triggers.clone()).unwrap_or_default()
    }

    /// Whether some relation has a trigger of that name.
    #[must_use]
    pub fn has_trigger(&self, name: &Ident) -> bool {
        self.triggers.contains(name)
    }

    /// What a view shows.
    #[must_use]
    pub fn view_query(&self, name: &Name) -> Option<Arc<Query>> {
        self.relation(name).and_then(|relation| relation.query.clone())
    }

    /// Where an object was made.
    #[must_use]
    pub fn made_at(&self, key: &Key) -> Option<At> {
        let at = match key.kind {
            Kind::Function => {
                let routines = self.functions.get(&key.path)?;
                routines.iter().find(|routine| routine.arguments == key.arguments).map(|routine| routine.at)
            }
            _ if key.kind.is_relation() => self.relations.get(&key.path).map(|relation| relation.at),
            Kind::Column => {
                let relation = self.relations.get(&key.path)?;
                let column = relation.columns.iter().find(|column| Some(&column.name) == key.part.as_ref());
                column.map(|column| column.at)
            }
            Kind::Trigger => {
                let triggers = &self.relations.get(&key.path)?.triggers;
                triggers.iter().find(|trigger| Some(&trigger.name) == key.part.as_ref()).map(|trigger| trigger.at)
            }
            Kind::Constraint => {
                let constraints = &self.relations.get(&key.path)?.constraints;
                constraints.iter().find(|constraint| constraint.name == key.part).map(|constraint| constraint.at)
            }
            Kind::Rule => self.relations.get(&key.path).map(|relation| relation.at),
            _ => self.others.get(key).map(|other| other.at),
        };
        at.filter(|at| at.span().end > 0)
    }

    /// Whether there is such an object.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        match key.kind {
            Kind::Function => self
                .functions
                .get(&key.path)
                .is_some_and(|routines| routines.iter().any(|routine| routine.arguments == key.arguments)),
            _ if key.kind.is_relation() => self.relations.contains_key(&key.path),
            Kind::Column | Kind::Trigger | Kind::Constraint | Kind::Rule => self
                .relations
                .get(&key.path)
                .is_some_and(|relation| relation.parts().iter().any(|(part, _)| *part == key.kind_and_part())),
            _ => self.others.contains_key(key),
        }
    }

    /// Every object here that is not there, or is another there.
    #[must_use]
    pub fn left_over(&self, other: &Self) -> Vec<Key> {
        let mut found = Vec::new();
        for item in other.relations.diff(&self.relations) {
            let (path, relation, theirs) = match item {
                DiffItem::Add(path, relation) => (path, relation, None),
                DiffItem::Update { old, new } => (new.0, new.1, Some(old.1)),
                DiffItem::Remove(..) => continue,
            };
            // What belongs to a table comes and goes with it.
            let with_table = relation.table.as_ref().is_some_and(|table| !other.relations.contains_key(table));
            if relation.temporary || with_table {
                continue;
            }
            let Some(theirs) = theirs else {
                found.push(Key::new(relation.kind, path.clone()));
                continue;
            };
            if relation.kind != theirs.kind || relation.query != theirs.query {
                found.push(Key::new(relation.kind, path.clone()));
            }
            let theirs = theirs.parts();
            for (part, print) in relation.parts() {
                if !theirs.iter().any(|(other, known)| *other == part && *known == print) {
                    found.push(Key { part: Some(part.1), ..Key::new(part.0, path.clone()) });
                }
            }
        }
        for item in other.functions.diff(&self.functions) {
            let (path, routines, theirs) = match item {
                DiffItem::Add(path, routines) => (path, routines, None),
                DiffItem::Update { old, new } => (new.0, new.1, Some(old.1)),
                DiffItem::Remove(..) => continue,
            };
            for routine in routines.iter() {
                let same = theirs.is_some_and(|theirs| {
                    theirs
                        .iter()
                        .any(|other| other.arguments == routine.arguments && other.function == routine.function)
                });
                if !same {
                    found.push(Key { arguments: routine.arguments.clone(), ..Key::new(Kind::Function, path.clone()) });
                }
            }
        }
        for item in other.others.diff(&self.others) {
            match item {
                DiffItem::Add(key, _) => found.push(key.clone()),
                DiffItem::Update { old, new } if old.1.print != new.1.print => found.push(new.0.clone()),
                DiffItem::Update { .. } | DiffItem::Remove(..) => {}
            }
        }
        found
    }

    /// The permanent objects of a kind (`table`, `view`, `function`) that are here and not
    /// there, and how many are there and not here.
    #[must_use]
    pub fn count_change(&self, before: &Self, kind: &str) -> (Vec<Key>, usize) {
        let own = |keys: Vec<Key>| keys.into_iter().filter(|key| key.kind.to_string() == kind && key.part.is_none());
        let more = own(self.left_over(before)).filter(|key| !before.contains(key)).collect();
        let fewer = own(before.left_over(self)).filter(|key| !self.contains(key)).count();
        (more, fewer)
    }

    /// What holds whichever of the two is the case: an object that only one has may be there.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        if self.relations.ptr_eq(&other.relations)
            && self.functions.ptr_eq(&other.functions)
            && self.others.ptr_eq(&other.others)
        {
            return self.clone();
        }
        let mut joined = self.clone();
        for (path, relation) in &self.relations {
            let theirs = other.relations.get(path);
            if theirs.is_none() {
                joined.relations.insert(path.clone(), Arc::new(Relation { maybe: true, ..Relation::clone(relation) }));
            }
        }
        for (path, relation) in &other.relations {
            if !self.relations.contains_key(path) {
                let maybe = Relation { maybe: true, ..Relation::clone(relation) };
                joined.index(path, &maybe);
                joined.relations.insert(path.clone(), Arc::new(maybe));
            }
        }
        for (path, routines) in &other.functions {
            if !joined.functions.contains_key(path) {
                joined.functions.insert(path.clone(), Arc::clone(routines));
            }
        }
        for (key, object) in &other.others {
            if !joined.others.contains_key(key) {
                joined.others.insert(key.clone(), Arc::clone(object));
            }
        }
        joined
    }
}

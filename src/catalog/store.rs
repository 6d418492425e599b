//! The maps of the catalog: objects by number, numbers by name, and who needs whom, indexed
//! both ways. They share their structure with their clones. Knows no statement.

mod delta;
mod journal;
mod name;

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};
use sha2::{Digest, Sha256};

use super::object::{ColumnType, Constraint, Detail, Id, Kind, Object, Relation};
use super::reads::{Row, note};
use super::{Blur, Key, types};
use crate::effect::{Ident, Name};
use crate::source::FileId;

pub use delta::Delta;
use journal::Journal;
use name::{NameKey, Names};

/// An object, or a column of a relation by its number; 0 is the whole.
pub(super) type Ref = (Id, u16);

/// How an object needs another: PostgreSQL's `deptype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Link {
    /// Without the other it cannot be; only CASCADE drops it.
    Normal,
    /// It goes with the other.
    Auto,
    /// It is a part of the other and cannot be dropped alone.
    Internal,
    /// It cannot be told which of several objects is needed.
    Perhaps,
}

/// Which names may not be given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    Schema,
    Relation,
    Type,
    Routine,
    Constraint,
    /// Constraints once more, by their schema: automatic names avoid those.
    ConstraintOfSchema,
    /// Indexes by their table.
    IndexOf,
    /// Tables by what they inherit from.
    Inheritor,
    Trigger,
    /// Triggers once more, by their name alone.
    TriggerNamed,
    Rule,
    Policy,
    Extension,
    Role,
    Other,
}

/// Who needs, which column of it, what, which column of that, and how.
type Need = (Id, u16, Id, u16, Link);

/// Where it stands, and why.
type BlurKey = (FileId, usize, usize, Ident);

/// The numbers that a session begins to give are a multiple of this.
const NUMBERS: Id = 1 << 12;

pub(super) const PG_CATALOG: Id = 1;
pub(super) const INFORMATION_SCHEMA: Id = 2;
pub(super) const PG_TEMP: Id = 4;

/// Everything that a transaction may take back.
#[derive(Debug, Clone)]
pub(super) struct State {
    next: Id,
    /// What is being done, if it can be taken back.
    journal: Option<Box<Journal>>,
    objects: OrdMap<Id, Stored>,
    names: Names,
    /// Schemas once more: there are few of them, and every name begins with one.
    schemas: OrdMap<Ident, Id>,
    /// How many names lie in `pg_catalog` and in `pg_temp`: mostly none, and both are looked
    /// into for every name.
    rarely: [u32; 2],
    /// What is needed, and by whom: `needs` the other way round.
    dependents: OrdSet<(Id, u16, Id, u16, Link)>,
    /// Who needs, and what.
    needs: OrdSet<Need>,
    /// What was set and counts here.
    pub(super) settings: Settings,
    /// What counts again when the transaction ends, where it differs.
    pub(super) session: Option<Settings>,
    /// Whether an extension may have brought types and functions.
    pub(super) has_extension: bool,
    /// Temporary relations that vanish at COMMIT.
    pub(super) drop_on_commit: OrdSet<Id>,
    pub(super) blurred: OrdMap<BlurKey, Blur>,
}

/// An object that is equal only to one that is the same to the byte: what is compared by
/// meaning elsewhere is compared with its places here.
#[derive(Debug, Clone)]
struct Stored(Arc<Kept>);

#[derive(Debug, Clone)]
struct Kept {
    object: Object,
    /// Of everything about the object, once somebody has asked: the same two are compared again
    /// and again.
    digest: OnceLock<[u8; 32]>,
}

impl Stored {
    fn new(object: Object) -> Self {
        Self(Arc::new(Kept { object, digest: OnceLock::new() }))
    }

    fn edit(&mut self) -> &mut Object {
        let kept = Arc::make_mut(&mut self.0);
        kept.digest = OnceLock::new();
        &mut kept.object
    }

    fn digest(&self) -> &[u8; 32] {
        self.0.digest.get_or_init(|| digest(&self.0.object))
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.digest() == other.digest()
    }
}

/// The settings that decide what a statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// `search_path` as it was set.
    pub(super) path: Arc<[Ident]>,
    /// `check_function_bodies`
    pub(super) check_bodies: bool,
    /// `SET ROLE`, `SET SESSION AUTHORIZATION`.
    pub(super) role: Option<Ident>,
}

impl Default for Settings {
    fn default() -> Self {
        let path = Arc::from([Ident::new_static("$user"), Ident::new_static("public")]);
        Self { path, check_bodies: true, role: None }
    }
}

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// This.
    Object(Id),
    /// A relation of PostgreSQL itself.
    System,
    /// Its schema is not there.
    NoSchema,
    /// Nothing.
    Missing,
}

impl State {
    pub(super) fn new() -> Self {
        let mut state = Self {
            next: 1,
            journal: None,
            objects: OrdMap::new(),
            names: Names::default(),
            schemas: OrdMap::new(),
            rarely: [0; 2],
            dependents: OrdSet::new(),
            needs: OrdSet::new(),
            settings: Settings::default(),
            session: None,
            has_extension: false,
            drop_on_commit: OrdSet::new(),
            blurred: OrdMap::new(),
        };
        for name in ["pg_catalog", "information_schema", "public", "pg_temp"] {
            let comment = (name == "public").then(|| Ident::new_static("standard public schema"));
            let schema = Object::new(Kind::Schema, name, 0, crate::effect::At::default(), 0);
            state.insert(Object { comment, ..schema });
        }
        state
    }

    pub(super) fn get(&self, id: Id) -> Option<&Object> {
        note(Row::Object(id));
        self.objects.get(&id).map(|Stored(kept)| &kept.object)
    }

    pub(super) fn relation(&self, id: Id) -> Option<&Relation> {
        self.get(id).and_then(Object::relation)
    }

    pub(super) fn edit_relation(&mut self, id: Id) -> Option<&mut Relation> {
        match self.edit(id).map(|object| &mut object.detail) {
            Some(Detail::Relation(relation)) => Some(relation),
            _ => None,
        }
    }

    pub(super) fn insert(&mut self, object: Object) -> Id {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        self.put_object(id, object);
        for name in self.names_of(id) {
            self.put_name(name, id);
        }
        id
    }

    fn put_name(&mut self, name: NameKey, id: Id) {
        if name.class == Class::Schema {
            self.schemas.insert(name.name.clone(), id);
        }
        let parent = name.parent;
        if self.set_name(name, id).is_none()
            && let Some(count) = self.inhabitants(parent)
        {
            *count += 1;
        }
    }

    fn take_name(&mut self, name: &NameKey) {
        if name.class == Class::Schema {
            self.schemas.remove(&name.name);
        }
        if self.unset_name(name).is_some()
            && let Some(count) = self.inhabitants(name.parent)
        {
            *count = count.saturating_sub(1);
        }
    }

    fn inhabitants(&mut self, schema: Id) -> Option<&mut u32> {
        match schema {
            PG_CATALOG => self.rarely.first_mut(),
            PG_TEMP => self.rarely.last_mut(),
            _ => None,
        }
    }

    fn is_empty_schema(&self, schema: Id) -> bool {
        let [catalog, temporary] = self.rarely;
        (schema == PG_CATALOG && catalog == 0) || (schema == PG_TEMP && temporary == 0)
    }

    /// Takes an object away, its names and what it needs with it. Whoever needs it is for
    /// the caller to see to.
    pub(super) fn remove(&mut self, id: Id) {
        for name in self.names_of(id) {
            if self.names.get(name.class, name.parent, &name.name, &name.other) == Some(id) {
                self.take_name(&name);
            }
        }
        self.unlink_range((id, 0), (id, u16::MAX));
        self.take_object(id);
        self.drop_on_commit.remove(&id);
    }

    /// Every name under which it can be looked up.
    fn names_of(&self, id: Id) -> Vec<NameKey> {
        let Some(object) = self.get(id) else { return Vec::new() };
        let plain = |class, parent| NameKey::plain(class, parent, object.name.clone());
        let further = |class, parent, other| NameKey::new(class, parent, object.name.clone(), other);
        let one = |class| vec![plain(class, object.parent)];
        match &object.kind {
            Kind::Schema => one(Class::Schema),
            Kind::Sequence => one(Class::Relation),
            Kind::Index => {
                let table = object.index().map_or(0, |index| index.table);
                vec![plain(Class::Relation, object.parent), NameKey::plain(Class::IndexOf, table, numeral(id))]
            }
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView | Kind::CompositeType => {
                vec![plain(Class::Relation, object.parent), plain(Class::Type, object.parent)]
            }
            Kind::Type | Kind::Domain => one(Class::Type),
            Kind::Function | Kind::Procedure | Kind::Aggregate => {
                let inputs = object.routine().map(|routine| signature(&routine.inputs)).unwrap_or_default();
                vec![further(Class::Routine, object.parent, inputs)]
            }
            Kind::Constraint => {
                let schema = self.get(object.parent).map_or(0, |relation| relation.parent);
                vec![plain(Class::Constraint, object.parent), further(Class::ConstraintOfSchema, schema, numeral(id))]
            }
            Kind::Trigger => {
                vec![plain(Class::Trigger, object.parent), further(Class::TriggerNamed, 0, numeral(id))]
            }
            Kind::Rule => one(Class::Rule),
            Kind::Policy => one(Class::Policy),
            // It is found by its column.
            Kind::Default => Vec::new(),
            Kind::Extension => one(Class::Extension),
            Kind::Role => one(Class::Role),
            Kind::Other(kind) => vec![further(Class::Other, object.parent, kind.clone())],
            Kind::Column => Vec::new(),
        }
    }

    /// Gives an object another name or another parent.
    pub(super) fn rename(&mut self, id: Id, change: impl FnOnce(&mut Object)) {
        // The constraints of a relation are also known by its schema.
        let inner: Vec<Id> = self.parts(Class::Constraint, id);
        let mut ids = vec![id];
        ids.extend(inner);
        let old: Vec<NameKey> = ids.iter().flat_map(|id| self.names_of(*id)).collect();
        for name in old {
            self.take_name(&name);
        }
        if let Some(object) = self.edit(id) {
            change(object);
        }
        for id in ids {
            for name in self.names_of(id) {
                self.put_name(name, id);
            }
        }
    }

    pub(super) fn lookup(&self, class: Class, parent: Id, name: &str) -> Option<Id> {
        note(Row::Name(class, parent, name));
        if self.is_empty_schema(parent) {
            return None;
        }
        self.names.get(class, parent, name, "")
    }

    pub(super) fn lookup_other(&self, kind: &str, parent: Id, name: &str) -> Option<Id> {
        note(Row::Name(Class::Other, parent, name));
        self.names.get(Class::Other, parent, name, kind)
    }

    /// The objects of that class that lie in that parent, by name.
    pub(super) fn parts(&self, class: Class, parent: Id) -> Vec<Id> {
        note(Row::Parts(class, parent));
        let mut found: Vec<((&Ident, &Ident), Id)> = self.names.inside(class, parent).collect();
        found.sort_unstable_by_key(|(name, _)| *name);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// The routines of that name in that schema.
    pub(super) fn routines(&self, schema: Id, name: &str) -> Vec<Id> {
        note(Row::Name(Class::Routine, schema, name));
        if self.is_empty_schema(schema) {
            return Vec::new();
        }
        self.names.called(Class::Routine, schema, name)
    }

    pub(super) fn routine(&self, schema: Id, name: &str, inputs: &[ColumnType]) -> Option<Id> {
        note(Row::Name(Class::Routine, schema, name));
        self.names.get(Class::Routine, schema, name, &signature(inputs))
    }

    /// Whether some relation of the schema has a constraint of that name.
    pub(super) fn has_constraint_named(&self, schema: Id, name: &str) -> bool {
        note(Row::Name(Class::ConstraintOfSchema, schema, name));
        self.names.has_called(Class::ConstraintOfSchema, schema, name)
    }

    /// The constraints of that name of the relations of a schema.
    pub(super) fn constraints_named(&self, schema: Id, name: &str) -> Vec<Id> {
        note(Row::Name(Class::ConstraintOfSchema, schema, name));
        self.names.called(Class::ConstraintOfSchema, schema, name)
    }

    pub(super) fn link(&mut self, from: Ref, to: Ref, link: Link) {
        // What PostgreSQL itself brings can be relied on.
        if to.0 == 0 || from == to || matches!(to.0, PG_CATALOG | INFORMATION_SCHEMA) {
            return;
        }
        self.add_need((from.0, from.1, to.0, to.1, link));
    }

    pub(super) fn unlink(&mut self, from: Ref, to: Ref, link: Link) {
        self.remove_need((from.0, from.1, to.0, to.1, link));
    }

    /// Forgets what the objects from one to the other need.
    pub(super) fn unlink_range(&mut self, from: Ref, to: Ref) {
        note(Row::Needs(from.0));
        let found: Vec<_> = self
            .needs
            .range((from.0, from.1, 0, 0, Link::Normal)..)
            .take_while(|need| (need.0, need.1) <= to)
            .copied()
            .collect();
        for need in found {
            self.remove_need(need);
        }
    }

    /// Who needs it: of a whole, also who needs a column of it.
    pub(super) fn dependents(&self, of: Ref) -> Vec<(Ref, Link, u16)> {
        note(Row::Dependents(of.0));
        let last = if of.1 == 0 { (of.0, u16::MAX) } else { of };
        self.dependents
            .range((of.0, of.1, 0, 0, Link::Normal)..)
            .take_while(|row| (row.0, row.1) <= last)
            .map(|row| ((row.2, row.3), row.4, row.1))
            .collect()
    }

    /// What it needs: of a whole, without what its columns need.
    pub(super) fn needs(&self, of: Ref) -> Vec<(Ref, Link)> {
        note(Row::Needs(of.0));
        self.needs
            .range((of.0, of.1, 0, 0, Link::Normal)..)
            .take_while(|row| (row.0, row.1) == of)
            .map(|row| ((row.2, row.3), row.4))
            .collect()
    }

    /// Whether some relation has a trigger of that name.
    pub(super) fn has_trigger_named(&self, name: &Ident) -> bool {
        note(Row::Name(Class::TriggerNamed, 0, name));
        self.names.has_called(Class::TriggerNamed, 0, name)
    }

    /// Whether an object, or a column, or the relation that it belongs to may not be there.
    pub(super) fn is_maybe(&self, of: Ref) -> bool {
        let maybe = |object: &Object| object.presence == super::Presence::Maybe;
        let Some(object) = self.get(of.0) else { return false };
        let column = object.relation().filter(|_| of.1 != 0).and_then(|relation| relation.numbered(of.1));
        maybe(object)
            || self.get(object.parent).is_some_and(maybe)
            || column.is_some_and(|column| column.presence == super::Presence::Maybe)
    }

    /// Whether none of the objects is certainly there, and there are some.
    pub(super) fn is_doubtful(&self, keys: &[Key]) -> bool {
        let is_maybe = |key: &Key| {
            let Some(id) = self.id(key) else { return false };
            let column = key.part.as_deref().filter(|_| key.kind == Kind::Column);
            let number = column.and_then(|name| self.relation(id)?.column(name)).map_or(0, |column| column.number);
            self.is_maybe((id, number))
        };
        !keys.is_empty() && keys.iter().all(is_maybe)
    }

    /// What is made from here on has numbers that do not depend on how much exactly was made
    /// before.
    pub(super) fn begin_session(&mut self) {
        self.next = self.next.checked_next_multiple_of(NUMBERS).unwrap_or(self.next);
    }

    /// Remembers what could not be followed.
    pub(super) fn blur(&mut self, blur: Blur) {
        let span = blur.at.span();
        self.blurred.insert((blur.at.file(), span.start, span.end, blur.why.clone()), blur);
    }

    /// `SET LOCAL` ends.
    pub(super) fn end_local(&mut self) {
        if let Some(session) = self.session.take() {
            self.settings = session;
        }
    }

    fn inherits(&self, id: Id, parent: Id) -> bool {
        self.relation(id).is_some_and(|relation| relation.parents.contains(&parent))
    }

    /// Whether a table inherits from it, or is its partition.
    pub(super) fn has_inheritor(&self, parent: Id) -> bool {
        note(Row::Parts(Class::Inheritor, parent));
        self.names.inside(Class::Inheritor, parent).any(|(_, id)| self.inherits(id, parent))
    }

    /// The tables that inherit from a table, and its partitions.
    pub(super) fn inheritors(&self, parent: Id) -> Vec<Id> {
        let mut found: Vec<Id> =
            self.parts(Class::Inheritor, parent).into_iter().filter(|id| self.inherits(*id, parent)).collect();
        found.dedup();
        found
    }

    pub(super) fn add_inheritor(&mut self, parent: Id, child: Id) {
        self.set_name(NameKey::plain(Class::Inheritor, parent, numeral(child)), child);
    }

    pub(super) fn remove_inheritor(&mut self, parent: Id, child: Id) {
        self.unset_name(&NameKey::plain(Class::Inheritor, parent, numeral(child)));
    }

    /// The object of that key; of a column, its relation.
    pub(super) fn id(&self, key: &Key) -> Option<Id> {
        let schema = if key.schema.is_empty() { 0 } else { self.schema(&key.schema)? };
        match &key.kind {
            Kind::Schema => self.schema(&key.name),
            Kind::Column => self.lookup(Class::Relation, schema, &key.name),
            Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy | Kind::Default => {
                let part = key.part.as_deref()?;
                let owners = [Class::Relation, Class::Type].map(|class| self.lookup(class, schema, &key.name));
                owners.into_iter().flatten().find_map(|owner| match key.kind {
                    Kind::Constraint => self.lookup(Class::Constraint, owner, part),
                    Kind::Trigger => self.lookup(Class::Trigger, owner, part),
                    Kind::Rule => self.lookup(Class::Rule, owner, part),
                    Kind::Policy => self.lookup(Class::Policy, owner, part),
                    _ => self.relation(owner)?.column(part).map(|column| column.default_id).filter(|id| *id != 0),
                })
            }
            kind if kind.is_relation() => self.lookup(Class::Relation, schema, &key.name),
            Kind::Type | Kind::Domain => self.lookup(Class::Type, schema, &key.name),
            kind if kind.is_routine() => {
                let candidates = self.routines(schema, &key.name);
                candidates.into_iter().find(|id| self.key((*id, 0)).arguments == key.arguments)
            }
            Kind::Extension => self.lookup(Class::Extension, 0, &key.name),
            Kind::Role => self.lookup(Class::Role, 0, &key.name),
            Kind::Other(kind) => self.lookup_other(kind, schema, &key.name),
            _ => None,
        }
    }

    /// The numbers of all objects, in the order in which they were made.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        note(Row::Everything);
        self.objects.keys().copied()
    }

    /// The objects that are not the same in both, by number, as they are here and there.
    pub(super) fn changed<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = (Option<Id>, Option<Id>)> {
        self.objects.diff(&other.objects).map(|item| match item {
            DiffItem::Add(id, _) => (None, Some(*id)),
            DiffItem::Remove(id, _) => (Some(*id), None),
            DiffItem::Update { old: (id, _), new: (other, _) } => (Some(*id), Some(*other)),
        })
    }

    // Names.

    /// The schemas in which a relation, a type or a function is looked for, in order.
    pub(super) fn search_path(&self, with_temporary: bool) -> impl Iterator<Item = Id> {
        let is_listed = |name: &str| self.settings.path.iter().any(|schema| schema == name);
        let temporary = (with_temporary && !is_listed("pg_temp")).then_some(PG_TEMP);
        let catalog = (!is_listed("pg_catalog")).then_some(PG_CATALOG);
        let listed = self.settings.path.iter().filter(move |name| with_temporary || *name != "pg_temp");
        temporary.into_iter().chain(catalog).chain(listed.filter_map(|name| self.schema(name)))
    }

    pub(super) fn schema(&self, name: &str) -> Option<Id> {
        note(Row::Name(Class::Schema, 0, name));
        self.schemas.get(name).copied()
    }

    /// The schema in which something without one is created.
    pub(super) fn creation_schema(&self) -> Option<Id> {
        self.settings.path.iter().find_map(|name| self.schema(name))
    }

    pub(super) fn find(&self, class: Class, name: &Name) -> Found {
        if let Some(schema) = &name.schema {
            return match self.schema(schema) {
                None if schema.starts_with("pg_toast") => Found::System,
                None => Found::NoSchema,
                Some(PG_CATALOG | INFORMATION_SCHEMA) if class == Class::Relation => self
                    .schema(schema)
                    .and_then(|id| self.lookup(class, id, &name.name))
                    .map_or(Found::System, Found::Object),
                Some(id) => self.lookup(class, id, &name.name).map_or(Found::Missing, Found::Object),
            };
        }
        for schema in self.search_path(true) {
            if let Some(id) = self.lookup(class, schema, &name.name) {
                return Found::Object(id);
            }
            if schema == PG_CATALOG && class == Class::Relation && crate::builtin::is_relation(&name.name) {
                return Found::System;
            }
        }
        // A later PostgreSQL may bring it.
        if class == Class::Relation && name.name.starts_with("pg_") {
            return Found::System;
        }
        Found::Missing
    }

    /// The routines that a name may mean, those of the first schemas first.
    pub(super) fn find_routines(&self, name: &Name) -> Vec<Id> {
        if let Some(schema) = &name.schema {
            return self.schema(schema).map(|schema| self.routines(schema, &name.name)).unwrap_or_default();
        }
        let mut found: Vec<Id> = Vec::new();
        let inputs = |id: Id| self.get(id).and_then(Object::routine).map(|routine| &routine.inputs);
        for schema in self.search_path(false) {
            for id in self.routines(schema, &name.name) {
                // One of an earlier schema hides one of the same arguments.
                if !found.iter().any(|other| inputs(*other) == inputs(id)) {
                    found.push(id);
                }
            }
        }
        found
    }

    /// Whether a call of so many arguments makes a value of a range, or of a multirange, of the
    /// catalog, where nothing is called for that but what PostgreSQL itself compares by.
    pub(super) fn makes_range(&self, function: &Name, given: usize) -> bool {
        let is_plain = |name: &Name| {
            let Found::Object(id) = self.find(Class::Type, name) else { return false };
            let Some(object) = self.get(id).filter(|object| object.kind == Kind::Type) else { return false };
            let Detail::Type(detail) = &object.detail else { return false };
            detail.base.as_ref().and_then(ColumnType::scalar).is_some_and(types::is_compared)
        };
        if (1..=3).contains(&given) && is_plain(function) {
            return true;
        }
        let written = function.name.as_str();
        let ranges =
            [written.strip_suffix("_multirange").map(str::to_owned), Some(written.replacen("multirange", "range", 1))];
        ranges.into_iter().flatten().any(|range| {
            let range = Name { name: Ident::from(range), ..function.clone() };
            types::multirange(&range.name) == written && is_plain(&range)
        })
    }

    // Text.

    /// The schema of an object, of a part that of its relation; 0 where there is none.
    pub(super) fn schema_of(&self, id: Id) -> Id {
        match self.get(id) {
            Some(object) if matches!(object.kind, Kind::Schema | Kind::Extension | Kind::Role) => 0,
            Some(object) => match self.get(object.parent) {
                Some(parent) if parent.kind != Kind::Schema => parent.parent,
                _ => object.parent,
            },
            None => 0,
        }
    }

    pub(super) fn schema_name(&self, id: Id) -> Ident {
        self.get(id).map(|schema| schema.name.clone()).unwrap_or_default()
    }

    /// The key of an object or of a column.
    pub(super) fn key(&self, of: Ref) -> Key {
        let Some(object) = self.get(of.0) else { return Key::new(Kind::Other(Ident::new_static("object")), "", "") };
        let schema = self.schema_name(self.schema_of(of.0));
        if of.1 != 0 {
            let column = object.relation().and_then(|relation| relation.numbered(of.1));
            let name = column.map(|column| column.name.clone()).unwrap_or_default();
            return Key::new(object.kind.clone(), schema, object.name.clone()).part(Kind::Column, name);
        }
        if matches!(object.kind, Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy | Kind::Default) {
            let owner = self.get(object.parent);
            let owner_name = owner.map(|owner| owner.name.clone()).unwrap_or_default();
            let part = match &object.detail {
                Detail::Default(default) => owner
                    .and_then(Object::relation)
                    .and_then(|relation| relation.numbered(default.column))
                    .map(|column| column.name.clone())
                    .unwrap_or_default(),
                _ => object.name.clone(),
            };
            return Key::new(Kind::Table, schema, owner_name).part(object.kind.clone(), part);
        }
        let arguments = match &object.detail {
            Detail::Routine(routine) => routine.inputs.iter().map(|input| Ident::from(self.type_text(input))).collect(),
            _ => Vec::new(),
        };
        Key { kind: object.kind.clone(), schema, name: object.name.clone(), part: None, arguments }
    }

    /// A name as PostgreSQL's messages have it: with its schema where it is not found without.
    pub(super) fn visible_name(&self, id: Id) -> String {
        let Some(object) = self.get(id) else { return String::new() };
        let name = Name::plain(object.name.clone(), object.at);
        let found = match &object.kind {
            kind if kind.is_relation() => self.find(Class::Relation, &name) == Found::Object(id),
            Kind::Type | Kind::Domain => self.find(Class::Type, &name) == Found::Object(id),
            kind if kind.is_routine() => self.search_path(false).any(|schema| schema == object.parent),
            _ => true,
        };
        if found { object.name.to_string() } else { format!("{}.{}", self.schema_name(object.parent), object.name) }
    }

    /// An object as PostgreSQL's messages describe it.
    pub(super) fn describe(&self, of: Ref) -> String {
        let Some(object) = self.get(of.0) else { return "object".to_owned() };
        let on = || {
            let kind = self.get(object.parent).map_or(Kind::Table, |parent| parent.kind.clone());
            format!("{kind} {}", self.visible_name(object.parent))
        };
        if of.1 != 0 {
            let column = object.relation().and_then(|relation| relation.numbered(of.1));
            let name = column.map(|column| column.name.as_str()).unwrap_or_default();
            return format!("column {name} of {} {}", object.kind, self.visible_name(of.0));
        }
        match &object.kind {
            Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
                format!("{} {} on {}", object.kind, object.name, on())
            }
            Kind::Default => format!("default value for column {} of {}", self.key(of).part.unwrap_or_default(), on()),
            kind if kind.is_routine() => format!("{kind} {}", self.routine_text(of.0)),
            Kind::Other(kind) if kind == "foreign data wrapper" => format!("foreign-data wrapper {}", object.name),
            kind => format!("{kind} {}", self.visible_name(of.0)),
        }
    }

    /// `f(integer, text)`
    pub(super) fn routine_text(&self, id: Id) -> String {
        let inputs =
            self.get(id).and_then(Object::routine).map(|routine| routine.inputs.as_slice()).unwrap_or_default();
        let inputs: Vec<String> = inputs.iter().map(|input| self.short_type_text(input)).collect();
        format!("{}({})", self.visible_name(id), inputs.join(","))
    }

    /// A type as `format_type` prints it, one of the catalog always with its schema.
    pub(super) fn type_text(&self, kind: &ColumnType) -> String {
        match kind {
            ColumnType::BuiltIn { .. } => types::built_in_text(kind),
            ColumnType::User { id, array } => {
                let name = self.get(*id).map(|object| object.name.clone()).unwrap_or_default();
                let schema = self.schema_name(self.schema_of(*id));
                format!("{schema}.{name}{}", if *array { "[]" } else { "" })
            }
            ColumnType::Literal => "unknown".to_owned(),
            ColumnType::Unsaid => "?".to_owned(),
        }
    }

    /// The same with the schema only where it is needed.
    pub(super) fn short_type_text(&self, kind: &ColumnType) -> String {
        match kind {
            ColumnType::User { id, array } => format!("{}{}", self.visible_name(*id), if *array { "[]" } else { "" }),
            _ => self.type_text(kind),
        }
    }

    /// The constraints of a relation.
    pub(super) fn constraints(&self, relation: Id) -> impl Iterator<Item = (Id, &Constraint)> {
        self.parts(Class::Constraint, relation)
            .into_iter()
            .filter_map(|id| Some((id, self.get(id).and_then(Object::constraint)?)))
    }

    /// The indexes of a table.
    pub(super) fn indexes(&self, table: Id) -> Vec<Id> {
        self.parts(Class::IndexOf, table)
    }
}

/// A number as a name, in the order of the numbers.
fn numeral(id: Id) -> Ident {
    Ident::from(format!("{id:010}"))
}

/// The input types of a routine as a part of its name.
fn signature(inputs: &[ColumnType]) -> Ident {
    let parts: Vec<String> = inputs
        .iter()
        .map(|input| match input {
            ColumnType::BuiltIn { name, array, .. } => format!("{name}{}", if *array { "[]" } else { "" }),
            ColumnType::User { id, array } => format!("#{id}{}", if *array { "[]" } else { "" }),
            ColumnType::Literal | ColumnType::Unsaid => "?".to_owned(),
        })
        .collect();
    Ident::from(format!("({})", parts.join(",")))
}

impl Object {
    pub(super) fn new(kind: Kind, name: impl Into<Ident>, parent: Id, at: crate::effect::At, origin: u32) -> Self {
        Self {
            kind,
            name: name.into(),
            parent,
            at,
            origin,
            presence: super::Presence::Yes,
            varies: false,
            owner: None,
            comment: None,
            grants: std::collections::BTreeMap::new(),
            options: std::collections::BTreeMap::new(),
            properties: std::collections::BTreeMap::new(),
            detail: Detail::None,
        }
    }

    pub(super) fn with(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }
}

/// Of everything about a value, places included.
fn digest(value: &impl std::fmt::Debug) -> [u8; 32] {
    struct Hasher(Sha256);
    impl Write for Hasher {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.update(text);
            Ok(())
        }
    }
    let mut hasher = Hasher(Sha256::new());
    // A hash takes whatever it is given.
    let _ = write!(hasher, "{value:?}");
    hasher.0.finalize().into()
}

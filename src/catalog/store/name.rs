//! The names under which objects are looked up.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use rustc_hash::FxHasher;

use super::{Class, Id};
use crate::effect::Ident;

/// A class, a parent, a name, and whatever else tells names apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameKey {
    pub(super) class: Class,
    pub(super) parent: Id,
    pub(super) name: Ident,
    pub(super) other: Ident,
}

impl NameKey {
    pub(super) const fn new(class: Class, parent: Id, name: Ident, other: Ident) -> Self {
        Self { class, parent, name, other }
    }

    /// The only one of its name.
    pub(super) fn plain(class: Class, parent: Id, name: Ident) -> Self {
        Self::new(class, parent, name, Ident::default())
    }

    fn slot(&self) -> Slot {
        Slot::of(self.class, self.parent, &self.name, &self.other)
    }
}

/// The numbers of objects, by their names. It shares its structure with its clones.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(OrdMap<Slot, Arc<[Entry]>>);

/// Where a name is kept. In their order those of a class and a parent stand together, and among
/// them those of one name, beside names that begin like it: what is made together is mostly
/// called alike, and copies share what lies elsewhere. Else which name stands before which says
/// nothing. There is less to compare and to copy in numbers than in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    class: Class,
    parent: Id,
    /// How the name begins.
    start: u128,
    /// A digest of the name.
    name: u64,
    /// Of what else tells it from others.
    other: u64,
}

/// A name of a slot: the only one, but by chance; of routines, whose names are asked for by every
/// call and which few share, all that are called so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: Ident,
    other: Ident,
    id: Id,
}

impl Slot {
    fn of(class: Class, parent: Id, name: &str, other: &str) -> Self {
        let digest = |text: &str| BuildHasherDefault::<FxHasher>::default().hash_one(text);
        let mut start = [0; 16];
        start.iter_mut().zip(name.as_bytes()).for_each(|(byte, of_name)| *byte = *of_name);
        let start = u128::from_be_bytes(start);
        // Most have nothing else.
        let other = if other.is_empty() || class == Class::Routine { 0 } else { digest(other) };
        Self { class, parent, start, name: digest(name), other }
    }

    /// Stands before all of a class and a parent.
    const fn first(class: Class, parent: Id) -> Self {
        Self { class, parent, start: 0, name: 0, other: 0 }
    }

    fn lies_in(self, class: Class, parent: Id) -> bool {
        self.class == class && self.parent == parent
    }
}

impl Entry {
    fn key(&self, slot: Slot) -> NameKey {
        NameKey::new(slot.class, slot.parent, self.name.clone(), self.other.clone())
    }
}

impl Names {
    /// The object of that name, and of that else.
    pub(super) fn get(&self, class: Class, parent: Id, name: &str, other: &str) -> Option<Id> {
        let entries = self.0.get(&Slot::of(class, parent, name, other))?;
        entries.iter().find(|entry| entry.name == name && entry.other == other).map(|entry| entry.id)
    }

    /// What has that name there, whatever else tells it from others of the name, in the order of
    /// that.
    pub(super) fn called(&self, class: Class, parent: Id, name: &str) -> Vec<Id> {
        let mut found: Vec<&Entry> = self.entries_called(class, parent, name).collect();
        found.sort_unstable_by_key(|entry| &entry.other);
        found.into_iter().map(|entry| entry.id).collect()
    }

    /// Whether something has that name there.
    pub(super) fn has_called(&self, class: Class, parent: Id, name: &str) -> bool {
        self.entries_called(class, parent, name).next().is_some()
    }

    fn entries_called<'s>(&'s self, class: Class, parent: Id, name: &'s str) -> impl Iterator<Item = &'s Entry> {
        let first = Slot::of(class, parent, name, "");
        // Mostly there is none, or one: asking for each is less than to be ready for many.
        let next = move |from: Slot| self.0.get_next(&from).filter(|(slot, _)| Slot { other: 0, ..**slot } == first);
        let after = move |(slot, _): &(&Slot, _)| next(Slot { other: slot.other.checked_add(1)?, ..first });
        let start = if class == Class::Routine { self.0.get_key_value(&first) } else { next(first) };
        let slots = std::iter::successors(start, after);
        slots.flat_map(|(_, entries)| entries.iter()).filter(move |entry| entry.name == name)
    }

    /// What lies in that parent, with its name and with what else it is told by, in no order that
    /// says anything.
    pub(super) fn inside(&self, class: Class, parent: Id) -> impl Iterator<Item = ((&Ident, &Ident), Id)> {
        let from = self.0.range(Slot::first(class, parent)..);
        let slots = from.take_while(move |(slot, _)| slot.lies_in(class, parent));
        slots.flat_map(|(_, entries)| entries.iter().map(|entry| ((&entry.name, &entry.other), entry.id)))
    }

    /// The object that had the name before.
    pub(super) fn insert(&mut self, key: &NameKey, id: Id) -> Option<Id> {
        let slot = key.slot();
        let entry = || Entry { name: key.name.clone(), other: key.other.clone(), id };
        let Some(entries) = self.0.get_mut(&slot) else {
            self.0.insert(slot, Arc::from([entry()]));
            return None;
        };
        let mut all = entries.to_vec();
        let before = match all.iter_mut().find(|entry| entry.name == key.name && entry.other == key.other) {
            Some(entry) => Some(std::mem::replace(&mut entry.id, id)),
            None => {
                all.push(entry());
                all.sort_unstable();
                None
            }
        };
        *entries = all.into();
        before
    }

    /// The object that had the name.
    pub(super) fn remove(&mut self, key: &NameKey) -> Option<Id> {
        let slot = key.slot();
        let entries = self.0.get(&slot)?;
        let at = entries.iter().position(|entry| entry.name == key.name && entry.other == key.other)?;
        if entries.len() == 1 {
            let entries = self.0.remove(&slot)?;
            return entries.first().map(|entry| entry.id);
        }
        let mut left = entries.to_vec();
        let entry = left.remove(at);
        self.0.insert(slot, left.into());
        Some(entry.id)
    }

    /// What the other holds otherwise: the object of each such name there, if there is one.
    pub(super) fn diff(&self, other: &Self) -> Vec<(NameKey, Option<Id>)> {
        let mut found = Vec::new();
        for item in self.0.diff(&other.0) {
            let (slot, own, theirs): (Slot, &[Entry], &[Entry]) = match item {
                DiffItem::Add(slot, theirs) => (*slot, &[], theirs),
                DiffItem::Remove(slot, own) => (*slot, own, &[]),
                DiffItem::Update { old: (slot, own), new: (_, theirs) } => (*slot, own, theirs),
            };
            let is_name = |entry: &Entry, of: &Entry| entry.name == of.name && entry.other == of.other;
            let gone = own.iter().filter(|entry| !theirs.iter().any(|other| is_name(other, entry)));
            found.extend(gone.map(|entry| (entry.key(slot), None)));
            let new = theirs.iter().filter(|entry| !own.contains(entry));
            found.extend(new.map(|entry| (entry.key(slot), Some(entry.id))));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Id = 7;

    fn key(parent: Id, name: &str, other: &str) -> NameKey {
        NameKey::new(Class::Routine, parent, Ident::from(name), Ident::from(other))
    }

    #[test]
    fn names_are_told_apart_by_all_that_they_have() {
        let mut names = Names::default();
        let begin_alike = ["directus_collections_of_one", "directus_collections_of_two"];
        for (id, name) in (10..).zip(begin_alike) {
            assert_eq!(names.insert(&key(TABLE, name, ""), id), None);
        }
        assert_eq!(names.insert(&key(TABLE, "f", "(text)"), 21), None);
        assert_eq!(names.insert(&key(TABLE, "f", "(int4)"), 20), None);
        assert_eq!(names.insert(&key(TABLE + 1, "f", "(int4)"), 30), None);
        assert_eq!(names.insert(&key(TABLE, "f", "(int4)"), 22), Some(20));
        assert_eq!(names.get(Class::Routine, TABLE, begin_alike[1], ""), Some(11));
        assert_eq!(names.get(Class::Routine, TABLE, "f", ""), None);
        assert_eq!(names.get(Class::Type, TABLE, "f", "(int4)"), None);
        assert_eq!(names.called(Class::Routine, TABLE, "f"), [22, 21]);
        assert!(!names.has_called(Class::Routine, TABLE, "directus_collections_of"));
        let mut inside: Vec<Id> = names.inside(Class::Routine, TABLE).map(|(_, id)| id).collect();
        inside.sort_unstable();
        assert_eq!(inside, [10, 11, 21, 22]);
        assert_eq!(names.remove(&key(TABLE, "f", "(int4)")), Some(22));
        assert_eq!(names.remove(&key(TABLE, "f", "(int4)")), None);
        assert_eq!(names.called(Class::Routine, TABLE, "f"), [21]);
    }

    #[test]
    fn what_differs_is_told_by_name() {
        let mut before = Names::default();
        for (id, name) in (1..).zip(["a", "b", "c"]) {
            before.insert(&key(TABLE, name, ""), id);
        }
        let mut after = before.clone();
        after.remove(&key(TABLE, "a", ""));
        after.insert(&key(TABLE, "b", ""), 9);
        after.insert(&key(TABLE, "d", ""), 4);
        let mut found = before.diff(&after);
        found.sort_unstable_by(|(left, _), (right, _)| left.name.cmp(&right.name));
        let expected = [("a", None), ("b", Some(9)), ("d", Some(4))].map(|(name, id)| (key(TABLE, name, ""), id));
        assert_eq!(found, expected);
        assert_eq!(before.diff(&before.clone()), []);
    }
}

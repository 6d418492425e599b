//! What a statement has changed so far, so that it can be taken back when PostgreSQL would
//! refuse it. Cheaper than going on with a copy, which would share nothing for long.

use std::collections::HashSet;

use imbl::{OrdMap, OrdSet};

use super::{Blur, BlurKey, Id, Ident, Link, NameKey, Need, Object, Row, Settings, State, Stored, note};

/// How to take back what was done since it was begun.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    /// In the order in which it was done.
    changes: Vec<Change>,
    /// The objects that are among the changes: they need not be kept twice.
    kept: HashSet<Id>,
    next: Id,
    rarely: [u32; 2],
    schemas: OrdMap<Ident, Id>,
    settings: Settings,
    session: Option<Settings>,
    has_extension: bool,
    drop_on_commit: OrdSet<Id>,
    blurred: OrdMap<BlurKey, Blur>,
}

/// What was there before.
#[derive(Debug, Clone)]
enum Change {
    Object(Id, Option<Stored>),
    Name(NameKey, Option<Id>),
    Linked(Need),
    Unlinked(Need),
}

impl Journal {
    /// What an object was before its first change; none where it was not.
    fn note(&mut self, id: Id, before: Option<&Stored>) {
        if self.kept.insert(id) {
            self.changes.push(Change::Object(id, before.cloned()));
        }
    }
}

impl State {
    /// From here on it can be taken back what is done.
    pub(in crate::catalog) fn begin(&mut self) {
        self.journal = Some(Box::new(Journal {
            changes: Vec::new(),
            kept: HashSet::new(),
            next: self.next,
            rarely: self.rarely,
            schemas: self.schemas.clone(),
            settings: self.settings.clone(),
            session: self.session.clone(),
            has_extension: self.has_extension,
            drop_on_commit: self.drop_on_commit.clone(),
            blurred: self.blurred.clone(),
        }));
    }

    /// What was done since is there to stay.
    pub(in crate::catalog) fn keep(&mut self) {
        self.journal = None;
    }

    /// Takes back what was done since.
    pub(in crate::catalog) fn take_back(&mut self) {
        let Some(journal) = self.journal.take() else { return };
        for change in journal.changes.into_iter().rev() {
            match change {
                Change::Object(id, Some(object)) => drop(self.objects.insert(id, object)),
                Change::Object(id, None) => drop(self.objects.remove(&id)),
                Change::Name(name, Some(id)) => drop(self.names.insert(&name, id)),
                Change::Name(name, None) => drop(self.names.remove(&name)),
                Change::Linked(need) => drop(self.take_need(need)),
                Change::Unlinked(need) => drop(self.put_need(need)),
            }
        }
        self.next = journal.next;
        self.rarely = journal.rarely;
        self.schemas = journal.schemas;
        self.settings = journal.settings;
        self.session = journal.session;
        self.has_extension = journal.has_extension;
        self.drop_on_commit = journal.drop_on_commit;
        self.blurred = journal.blurred;
    }

    pub(super) fn put_object(&mut self, id: Id, object: Object) {
        note(Row::Object(id));
        let before = self.objects.insert(id, Stored::new(object));
        if let Some(journal) = &mut self.journal {
            journal.note(id, before.as_ref());
        }
    }

    pub(super) fn take_object(&mut self, id: Id) {
        note(Row::Object(id));
        let before = self.objects.remove(&id);
        if let Some(journal) = &mut self.journal {
            journal.note(id, before.as_ref());
        }
    }

    pub(in crate::catalog) fn edit(&mut self, id: Id) -> Option<&mut Object> {
        note(Row::Object(id));
        let object = self.objects.get_mut(&id)?;
        if let Some(journal) = &mut self.journal {
            journal.note(id, Some(object));
        }
        Some(object.edit())
    }

    /// The object that had the name before.
    pub(super) fn set_name(&mut self, name: NameKey, id: Id) -> Option<Id> {
        note(Row::Name(name.class, name.parent, &name.name));
        let before = self.names.insert(&name, id);
        if let Some(journal) = &mut self.journal {
            journal.changes.push(Change::Name(name, before));
        }
        before
    }

    /// The object that had the name.
    pub(super) fn unset_name(&mut self, name: &NameKey) -> Option<Id> {
        note(Row::Name(name.class, name.parent, &name.name));
        let before = self.names.remove(name);
        if let Some(journal) = &mut self.journal
            && before.is_some()
        {
            journal.changes.push(Change::Name(name.clone(), before));
        }
        before
    }

    pub(super) fn add_need(&mut self, need: Need) {
        note(Row::Needs(need.0));
        let is_new = self.put_need(need);
        if let Some(journal) = &mut self.journal
            && is_new
        {
            journal.changes.push(Change::Linked(need));
        }
    }

    pub(super) fn remove_need(&mut self, need: Need) {
        note(Row::Needs(need.0));
        let was_there = self.take_need(need);
        if let Some(journal) = &mut self.journal
            && was_there
        {
            journal.changes.push(Change::Unlinked(need));
        }
    }

    /// Whether it is new.
    fn put_need(&mut self, need: Need) -> bool {
        self.dependents.insert(turned(need));
        self.needs.insert(need).is_none()
    }

    /// Whether it was there.
    fn take_need(&mut self, need: Need) -> bool {
        self.dependents.remove(&turned(need));
        self.needs.remove(&need).is_some()
    }
}

/// The same, looked up by what is needed.
const fn turned((by, by_part, of, of_part, link): Need) -> (Id, u16, Id, u16, Link) {
    (of, of_part, by, by_part, link)
}

//! What one state holds otherwise than another, row by row.

use imbl::{ordmap, ordset};

use super::{Id, NameKey, Need, Row, State, Stored, digest};
use crate::catalog::reads::Reads;

/// What one catalog holds otherwise than another.
#[derive(Debug)]
pub struct Delta {
    /// Who makes what both make from here on.
    origin: u32,
    objects: Vec<(Id, Option<Stored>)>,
    names: Vec<(NameKey, Option<Id>)>,
    /// Whether the other has it.
    needs: Vec<(Need, bool)>,
}

impl Delta {
    pub(in crate::catalog) const fn origin(&self) -> u32 {
        self.origin
    }

    /// Whether another one holds the same otherwise.
    pub(in crate::catalog) fn is_like(&self, other: &Self) -> bool {
        self.objects == other.objects && self.names == other.names && self.needs == other.needs
    }

    /// Whether they hold the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.names.is_empty() && self.needs.is_empty()
    }

    /// Whether something that was read is among it.
    pub(in crate::catalog) fn touches(&self, reads: &Reads) -> bool {
        let is_read = |row: Row<'_>| reads.has(row);
        let of_name = |key: &NameKey| {
            is_read(Row::Name(key.class, key.parent, &key.name)) || is_read(Row::Parts(key.class, key.parent))
        };
        let of_need = |need: &Need| is_read(Row::Needs(need.0)) || is_read(Row::Dependents(need.2));
        !self.is_empty()
            && (is_read(Row::Everything)
                || self.objects.iter().any(|(id, _)| is_read(Row::Object(*id)))
                || self.names.iter().any(|(name, _)| of_name(name))
                || self.needs.iter().any(|(need, _)| of_need(need)))
    }
}

impl State {
    /// What the other holds otherwise; none where they differ in more than that.
    pub(in crate::catalog) fn delta(&self, other: &Self, origin: u32) -> Option<Delta> {
        let is_alike = self.next == other.next
            && self.rarely == other.rarely
            && self.has_extension == other.has_extension
            && self.settings == other.settings
            && self.session == other.session
            && self.drop_on_commit == other.drop_on_commit
            && (self.blurred.ptr_eq(&other.blurred) || digest(&self.blurred) == digest(&other.blurred));
        is_alike.then(|| Delta {
            origin,
            objects: self.objects.diff(&other.objects).map(|item| row(&item)).collect(),
            names: self.names.diff(&other.names),
            needs: self.needs.diff(&other.needs).map(|item| need(&item)).collect(),
        })
    }

    /// With what is otherwise elsewhere.
    pub(in crate::catalog) fn with(&self, delta: &Delta) -> Self {
        let mut state = self.clone();
        for (id, object) in &delta.objects {
            match object {
                Some(object) => drop(state.objects.insert(*id, object.clone())),
                None => drop(state.objects.remove(id)),
            }
        }
        for (name, id) in &delta.names {
            match id {
                Some(id) => state.put_name(name.clone(), *id),
                None => state.take_name(name),
            }
        }
        for (need, is_there) in &delta.needs {
            if *is_there {
                state.add_need(*need);
            } else {
                state.remove_need(*need);
            }
        }
        state
    }
}

fn row<K: Clone, V: Clone>(item: &ordmap::DiffItem<'_, '_, K, V>) -> (K, Option<V>) {
    match item {
        ordmap::DiffItem::Add(key, value) | ordmap::DiffItem::Update { new: (key, value), .. } => {
            ((*key).clone(), Some((*value).clone()))
        }
        ordmap::DiffItem::Remove(key, _) => ((*key).clone(), None),
    }
}

const fn need(item: &ordset::DiffItem<'_, '_, Need>) -> (Need, bool) {
    match item {
        ordset::DiffItem::Add(need) => (**need, true),
        ordset::DiffItem::Remove(need) => (**need, false),
    }
}

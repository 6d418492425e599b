//! The names under which objects are looked up.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

use super::{Class, Id};
use crate::effect::Ident;

/// A class, a parent, a name, and whatever else tells names apart. In their order those of a
/// class and a parent stand together, and among them those of one name; which name stands
/// before which says nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameKey {
    pub(super) class: Class,
    pub(super) parent: Id,
    /// Of the name: comparing numbers is faster than comparing texts that begin alike.
    digest: u64,
    pub(super) name: Ident,
    pub(super) other: Ident,
}

impl NameKey {
    pub(super) fn new(class: Class, parent: Id, name: Ident, other: Ident) -> Self {
        let digest = BuildHasherDefault::<FxHasher>::default().hash_one(name.as_str());
        Self { class, parent, digest, name, other }
    }

    /// The only one of its name.
    pub(super) fn plain(class: Class, parent: Id, name: Ident) -> Self {
        Self::new(class, parent, name, Ident::default())
    }

    /// Stands before all of a class and a parent.
    pub(super) fn first(class: Class, parent: Id) -> Self {
        Self { class, parent, digest: 0, name: Ident::default(), other: Ident::default() }
    }

    pub(super) fn lies_in(&self, class: Class, parent: Id) -> bool {
        self.class == class && self.parent == parent
    }

    pub(super) fn is(&self, class: Class, parent: Id, name: &str) -> bool {
        self.lies_in(class, parent) && self.name == name
    }
}

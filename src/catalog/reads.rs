//! What is asked of catalogs while something is worked out. Where no answer has changed since,
//! it need not be worked out again. Knows no statement.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

use rustc_hash::FxBuildHasher;

use super::object::Id;
use super::store::{Class, Delta};

/// What was asked of catalogs.
#[derive(Debug, Default)]
pub struct Reads {
    /// Of each row, or range of rows, a number. That two have the same one is unlikely, and
    /// makes nothing worse than that something is worked out once more.
    rows: HashSet<u64, BuildHasherDefault<Itself>>,
}

/// A row that is asked for by its key, or all rows of the same beginning.
#[derive(Clone, Copy, Hash)]
pub(super) enum Row<'r> {
    /// The object of that number.
    Object(Id),
    /// What has that name, whatever else tells it from others of the name.
    Name(Class, Id, &'r str),
    /// Everything of a class that lies in an object.
    Parts(Class, Id),
    /// What an object needs.
    Needs(Id),
    /// Who needs an object.
    Dependents(Id),
    /// Whatever there is.
    Everything,
    /// What is not the same in a database that was last made by that one and in another one.
    Compared(u32),
}

thread_local! {
    static IS_NOTING: Cell<bool> = const { Cell::new(false) };
    static NOTED: RefCell<Reads> = RefCell::default();
}

/// Works something out on this thread, and notes what it asks of any catalog.
pub fn noting<T>(work: impl FnOnce() -> T) -> (T, Reads) {
    /// What was noted before. It goes on being noted, also where the work panics.
    struct Before {
        was_noting: bool,
        noted: Reads,
    }
    impl Drop for Before {
        fn drop(&mut self) {
            IS_NOTING.set(self.was_noting);
            NOTED.set(std::mem::take(&mut self.noted));
        }
    }
    let mut before = Before { was_noting: IS_NOTING.replace(true), noted: NOTED.take() };
    let outcome = work();
    let reads = NOTED.take();
    if before.was_noting {
        before.noted.rows.extend(&reads.rows);
    }
    (outcome, reads)
}

/// Notes that a row is asked for, or changed.
pub(super) fn note(row: Row<'_>) {
    if IS_NOTING.get() {
        NOTED.with_borrow_mut(|noted| noted.rows.insert(number(row)));
    }
}

impl Reads {
    /// Whether everything has the same answer in databases that hold so much otherwise. All
    /// that were asked are to be among them, those that do not differ, too.
    #[must_use]
    pub fn hold_with(&self, deltas: &[Delta]) -> bool {
        let mut compared = deltas.iter().filter(|delta| self.has(Row::Compared(delta.origin())));
        // What is otherwise in both makes no difference between them.
        let are_alike = compared.next().is_none_or(|first| compared.all(|other| other.is_like(first)));
        are_alike && !deltas.iter().any(|delta| delta.touches(self))
    }

    /// Whether the row, or what it is a part of, was asked for.
    pub(super) fn has(&self, row: Row<'_>) -> bool {
        self.rows.contains(&number(row))
    }
}

fn number(row: Row<'_>) -> u64 {
    FxBuildHasher.hash_one(row)
}

/// The hash of a number that is a hash.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

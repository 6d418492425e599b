//! A case in parts that can be looked at one by one: a tier with its rollback, and the scripts
//! of every other role. What a part shows of the rest is little, and all of it is its key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Case;
use super::reached::Row;
use crate::catalog::Catalog;
use crate::effect::Name;
use crate::ledger::Insertion;
use crate::package::Role;
use crate::source::FileId;
use crate::sources::{Include, Trouble};

/// Which part of a case it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A tier and what undoes it alone.
    Tier(usize),
    /// The scripts of one role.
    Role(Role),
}

/// The runs that a part shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The runs in which the same happened first: all that can be found out about two parts of
    /// the same ones differs by their databases alone.
    pub originals: Vec<u64>,
    /// The rows of earlier tiers that it may reach.
    pub rows: Vec<Row>,
    /// The runs themselves: nothing differs.
    pub runs: Vec<u64>,
}

/// What every part of a case shows of the whole. Others are equal only if nothing in it differs,
/// places included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What `lint.toml` says of the package, with its places.
    package: String,
    /// The number of `lint.toml` among the files.
    config: FileId,
    scripts: Vec<(Role, String, Result<FileId, Trouble>)>,
    /// By file.
    includes: Vec<Vec<Include>>,
    baseline: u64,
    /// Which tiers write a table.
    written: BTreeMap<Name, BTreeSet<usize>>,
}

impl Part {
    const fn of(role: Role) -> Self {
        match role {
            Role::Tier(index) | Role::Rollback(index) => Self::Tier(index),
            role => Self::Role(role),
        }
    }

    /// Whether it undoes more than one tier, and so looks at all of them.
    const fn looks_at_all(self) -> bool {
        matches!(self, Self::Role(Role::TierRollback | Role::FullRollback))
    }
}

impl Case<'_> {
    /// What every part shows of the whole.
    #[must_use]
    pub fn frame(&self) -> Frame {
        let mut written: BTreeMap<Name, BTreeSet<usize>> = BTreeMap::new();
        for (tier, added) in self.added.iter().enumerate() {
            for insertion in added.iter() {
                match written.get_mut(&insertion.table) {
                    Some(tiers) => drop(tiers.insert(tier)),
                    None => drop(written.insert(insertion.table.clone(), BTreeSet::from([tier]))),
                }
            }
        }
        Frame {
            package: format!("{:?}", self.package),
            config: self.library.config,
            scripts: self.scripts.iter().map(|it| (it.role, it.path.clone(), it.file.clone())).collect(),
            includes: self.library.sources.iter().map(|(_, source)| source.includes.clone()).collect(),
            baseline: self.frame,
            written,
        }
    }

    /// The parts, in the order in which their scripts run first, with the runs that each shows.
    #[must_use]
    pub fn parts(&self) -> Vec<(Part, Shown)> {
        let mut order: Vec<Part> = Vec::new();
        let mut runs: BTreeMap<Part, Shown> = BTreeMap::new();
        for pass in &self.passes {
            let part = Part::of(pass.role);
            let shown = runs.entry(part).or_insert_with(|| {
                order.push(part);
                Shown::default()
            });
            shown.originals.push(pass.original);
            shown.runs.push(pass.number);
        }
        for (part, shown) in &mut runs {
            match part {
                Part::Tier(index) => {
                    let tiers = self.shown_of(*index);
                    shown.originals.extend(tiers.filter_map(|tier| self.added_by.get(tier)).flatten());
                    shown.rows = self.reached.get(*index).cloned().unwrap_or_default();
                }
                part if part.looks_at_all() => {
                    shown.originals.extend(self.added_by.iter().flatten());
                    shown.runs.extend(self.tiers.iter().map(|pass| pass.number));
                }
                Part::Role(_) => {}
            }
        }
        order.into_iter().map(|part| (part, runs.remove(&part).unwrap_or_default())).collect()
    }

    /// The tiers whose rows a part shows: its own, and those of whose rows it may reach some.
    fn shown_of(&self, tier: usize) -> impl Iterator<Item = usize> {
        let mut earlier: Vec<usize> = self.reached.get(tier).into_iter().flatten().map(|row| row.tier).collect();
        earlier.dedup();
        earlier.into_iter().chain([tier])
    }

    /// The databases that the runs start from, and the one before the release. Where the same
    /// happens, the ends differ by as much as the starts.
    pub fn starts(&self) -> impl Iterator<Item = &Catalog> {
        let starts = self.passes.iter().chain(&self.tiers).map(|pass| &pass.start);
        std::iter::once(&self.baseline).chain(starts)
    }

    /// The case as that part shows it.
    #[must_use]
    pub fn part(&self, part: Part) -> Self {
        let passes = self.passes.iter().filter(|pass| Part::of(pass.role) == part).cloned().collect();
        if part.looks_at_all() {
            return Self { passes, ..self.clone() };
        }
        let tiers = self.tiers.iter().filter(|pass| Part::of(pass.role) == part).cloned().collect();
        let mut added = self.tables.to_vec();
        if let Part::Tier(index) = part {
            for tier in self.shown_of(index) {
                if let (Some(shown), Some(own)) = (added.get_mut(tier), self.added.get(tier)) {
                    *shown = Arc::clone(own);
                }
            }
        }
        Self {
            config: self.config,
            package: self.package,
            library: self.library,
            scripts: Arc::clone(&self.scripts),
            baseline: self.baseline.clone(),
            passes,
            tiers,
            all: Arc::clone(&self.all),
            goals: Arc::clone(&self.goals),
            added,
            manifest: self.manifest.clone(),
            frame: self.frame,
            added_by: Arc::clone(&self.added_by),
            tables: Arc::clone(&self.tables),
            reached: Arc::clone(&self.reached),
        }
    }
}

/// The tables that are written, and nothing else about it.
pub(super) fn tables(added: &[Insertion]) -> Vec<Insertion> {
    let tables: BTreeSet<&Name> = added.iter().map(|insertion| &insertion.table).collect();
    let bare = |table: &Name| Insertion {
        table: table.clone(),
        at: crate::effect::At::default(),
        rows: None,
        values: BTreeMap::new(),
        each: Vec::new(),
        certain: false,
        direct: false,
        by_trigger: false,
    };
    tables.into_iter().map(bare).collect()
}

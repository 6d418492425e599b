//! The rows of earlier tiers that a later one, or its rollback, may delete or change.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Pass;
use crate::catalog::Kind;
use crate::effect::{Act, Ident, Name};
use crate::flow::{Change, ChangeKind, What};
use crate::ledger::{Insertion, exact};
use crate::logic::{Demands, Exact};
use crate::package::Role;

/// One insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// The tier that adds it.
    pub tier: usize,
    /// Its number among what that tier adds.
    pub number: usize,
}

/// The rows that tiers add.
#[derive(Default)]
struct Rows<'a> {
    of: FxHashMap<&'a Name, Vec<Row>>,
    /// Those that have this constant in this column.
    with: FxHashMap<(&'a Name, &'a Ident, &'a Ident), Vec<Row>>,
    /// Those with a constant in this column that may be written otherwise, if it is a number.
    odd: FxHashMap<(&'a Name, &'a Ident), Vec<Row>>,
}

/// By tier, what it, or its rollback, may reach of earlier ones, in order.
pub(super) fn reached(passes: &[Pass<'_>], added: &[Arc<[Insertion]>]) -> Vec<Vec<Row>> {
    let rows = Rows::of(added);
    let mut reached: Vec<BTreeSet<Row>> = vec![BTreeSet::new(); added.len()];
    for pass in passes.iter().filter(|pass| !pass.repeat) {
        let (Role::Tier(tier) | Role::Rollback(tier)) = pass.role else { continue };
        if let Some(reached) = reached.get_mut(tier) {
            rows.reach(pass, reached);
        }
    }
    let earlier = |(tier, reached): (usize, BTreeSet<Row>)| reached.range(..Row { tier, number: 0 }).copied().collect();
    reached.into_iter().enumerate().map(earlier).collect()
}

impl<'a> Rows<'a> {
    fn of(added: &'a [Arc<[Insertion]>]) -> Self {
        let mut rows = Self::default();
        for (tier, added) in added.iter().enumerate() {
            for (number, insertion) in added.iter().enumerate() {
                rows.add(Row { tier, number }, insertion);
            }
        }
        rows
    }

    fn add(&mut self, row: Row, insertion: &'a Insertion) {
        let table = &insertion.table;
        self.of.entry(table).or_default().push(row);
        for (column, values) in std::iter::once(&insertion.values).chain(&insertion.each).flatten() {
            for value in values {
                self.with.entry((table, column, value)).or_default().push(row);
                if !Exact::Integer.tells(value) {
                    self.odd.entry((table, column)).or_default().push(row);
                }
            }
        }
    }

    /// Adds what a run may reach.
    fn reach(&self, pass: &Pass<'_>, reached: &mut BTreeSet<Row>) {
        let mut whole: BTreeSet<&Name> = BTreeSet::new();
        let mut kinds: HashMap<(&Name, &Ident), Option<Exact>> = HashMap::new();
        for event in pass.run.events.iter() {
            match &event.what {
                What::Change(change) => {
                    let Some((table, all)) = self.of.get_key_value(&*change.relation) else { continue };
                    if !takes(change) || whole.contains(table) {
                        continue;
                    }
                    let demands = Demands::of(&change.reach());
                    let pins = demands.among().filter_map(|(column, values)| {
                        let kind = *kinds.entry((*table, column)).or_insert_with(|| exact(&pass.start, table, column));
                        self.with_one_of(table, column, values, kind?)
                    });
                    match pins.min_by_key(|rows| rows.iter().map(|rows| rows.len()).sum::<usize>()) {
                        Some(rows) => reached.extend(rows.into_iter().flatten()),
                        None => {
                            whole.insert(table);
                            reached.extend(all);
                        }
                    }
                }
                What::Define { outcome, .. } => {
                    let keys = outcome.dropped.iter().map(|dropped| &dropped.key);
                    for key in keys.filter(|key| matches!(key.kind, Kind::Table | Kind::Column)) {
                        reached.extend(self.of.get(&key.relation()).into_iter().flatten());
                    }
                }
                _ => {}
            }
        }
    }

    /// What has one of these constants in the column, perhaps written otherwise; none if that
    /// cannot be told.
    fn with_one_of<'s>(
        &'s self,
        table: &'s Name,
        column: &'s Ident,
        values: &BTreeSet<&'s Ident>,
        kind: Exact,
    ) -> Option<Vec<&'s Vec<Row>>> {
        if !values.iter().all(|value| kind.tells(value)) {
            return None;
        }
        let with = values.iter().filter_map(|value| self.with.get(&(table, column, *value)));
        let odd = self.odd.get(&(table, column)).filter(|_| kind == Exact::Integer);
        Some(with.chain(odd).collect())
    }
}

/// Whether rows go, or are written over, by what is no INSERT.
fn takes(change: &Change<'_>) -> bool {
    match change.kind {
        ChangeKind::Insert => false,
        ChangeKind::Update => matches!(change.act, Some(Act::Update { .. })),
        ChangeKind::Delete | ChangeKind::Truncate => true,
    }
}

//! What a run reaches of the rows that a release adds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::common;
use crate::case::{Case, Pass};
use crate::catalog::Catalog;
use crate::effect::{
    Act, At, Expr, ExprKind, From, Ident, Name, Query, Select, SubqueryKind, Type, Visit, rewrite_expr, walk_from,
};
use crate::flow::{Change, ChangeKind, Event, Sight, What};
use crate::ledger::{Constants, Insertion, exact, insertion, join, may_stay};
use crate::logic::{Demands, Exact, Facts, Known, Reach, Truth, among, among_numbers};
use crate::package::Role;

/// What becomes of the rows of each table in a run.
#[derive(Default)]
pub(super) struct Changes<'a> {
    /// What rows are added, by the columns that all of them fill with constants.
    pub(super) inserted: BTreeMap<&'a Name, Option<Constants>>,
    pub(super) updated: BTreeSet<&'a Name>,
    removed: BTreeMap<&'a Name, Grasps<'a>>,
    rewritten: BTreeMap<&'a Name, Grasps<'a>>,
}

/// Whether a run has altered a table before an event, perhaps so that its triggers and rules do nothing
/// meanwhile.
fn is_altered(pass: &Pass<'_>, number: usize, table: &Name) -> bool {
    pass.run.events.iter().take(number).any(|event| match &event.what {
        What::Define { outcome, .. } => {
            let dropped = outcome.dropped.iter().map(|dropped| &dropped.key);
            dropped.chain(outcome.altered.iter().map(|(key, _)| key)).any(|key| key.relation() == *table)
        }
        _ => false,
    })
}

/// What reaches rows of one table.
#[derive(Default)]
struct Grasps<'a> {
    /// What reaches all of them, and where.
    everything: Option<(At, &'a Change<'a>)>,
    each: Vec<Grasp<'a>>,
    /// Those that may reach any row.
    any: Vec<usize>,
    /// Those that reach only rows that have this constant in this column.
    pinned: HashMap<(&'a Ident, &'a Ident), Vec<usize>>,
}

/// A DELETE or UPDATE that may reach rows, by their number in [`Grasps::each`].
struct Grasp<'a> {
    at: At,
    change: &'a Change<'a>,
    demands: Demands<'a>,
    /// Rows of other tables that are certainly there, each as a condition.
    rows: Vec<Expr>,
}

impl<'a> Changes<'a> {
    /// Of what takes rows away, only what counts.
    pub(super) fn of(case: &Case<'_>, pass: &'a Pass<'a>, counts: &dyn Fn(usize, &Event<'_>) -> bool) -> Self {
        let mut changes = Self::default();
        for (number, event) in pass.run.events.iter().enumerate() {
            let What::Change(change) = &event.what else { continue };
            let table = &*change.relation;
            let grasps = match (change.kind, change.act) {
                (ChangeKind::Insert, _) => {
                    let row = insertion(event).map(|row| row.values).unwrap_or_default();
                    join(changes.inserted.entry(table).or_default(), row);
                    continue;
                }
                (ChangeKind::Update, act) => {
                    changes.updated.insert(table);
                    match act {
                        Some(Act::Update { .. }) => &mut changes.rewritten,
                        _ => continue,
                    }
                }
                // The rows of a partitioned table are those of its partitions.
                (ChangeKind::Delete, Some(Act::Delete { only: true, .. }))
                    if pass.start.relation(table).is_some_and(|relation| relation.partitioned) =>
                {
                    continue;
                }
                (ChangeKind::Delete | ChangeKind::Truncate, _) if !counts(number, event) => continue,
                (ChangeKind::Delete, _) if may_stay(table, &pass.start) && !is_altered(pass, number, table) => continue,
                (ChangeKind::Delete | ChangeKind::Truncate, _) => &mut changes.removed,
            };
            if !event.reachable {
                continue;
            }
            let grasps = grasps.entry(table).or_default();
            if change.kind != ChangeKind::Truncate && change.filter.is_some() {
                let rows = found(case, pass, number, change);
                grasps.each.push(Grasp { at: event.at, change, demands: Demands::of(&change.reach()), rows });
            } else {
                grasps.everything = Some((event.at, change));
            }
        }
        for (table, grasps) in changes.removed.iter_mut().chain(&mut changes.rewritten) {
            grasps.pin(|column| exact(&pass.start, table, column));
        }
        changes
    }

    /// Whether rows are added that may be those of the insertion.
    pub(super) fn add_again(&self, catalog: &Catalog, insertion: &Insertion) -> bool {
        let is_there = |(column, values): (&Ident, &BTreeSet<Ident>), again: &Constants| {
            let (Some(again), Some(kind)) = (again.get(column), exact(catalog, &insertion.table, column)) else {
                return true;
            };
            values.is_subset(again) || !values.iter().chain(again).all(|value| kind.tells(value))
        };
        let again = self.inserted.get(&insertion.table).and_then(Option::as_ref);
        again.is_some_and(|again| insertion.values.iter().all(|row| is_there(row, again)))
    }

    /// Whether all rows of the insertion are removed by one of them, or each by one.
    pub(super) fn remove(&self, pass: &Pass<'_>, insertion: &Insertion) -> bool {
        let goes = |row: &Constants| self.remover(pass, &insertion.of(row)).is_some();
        self.remover(pass, insertion).is_some() || !insertion.each.is_empty() && insertion.each.iter().all(goes)
    }

    /// What removes all rows of the insertion, and where.
    pub(super) fn remover(&self, pass: &Pass<'_>, insertion: &Insertion) -> Option<(At, &'a Change<'a>)> {
        self.removed.get(&insertion.table)?.holder(pass, insertion)
    }

    /// What changes all rows of the insertion, and where.
    pub(super) fn rewriter(&self, pass: &Pass<'_>, insertion: &Insertion) -> Option<(At, &'a Change<'a>)> {
        self.rewritten.get(&insertion.table)?.holder(pass, insertion)
    }
}

impl<'a> Grasps<'a> {
    /// What reaches all rows of the insertion, and where.
    fn holder(&self, pass: &Pass<'_>, insertion: &Insertion) -> Option<(At, &'a Change<'a>)> {
        let one = || self.of(pass, insertion).find(|grasp| grasp.holds(pass, insertion));
        self.everything.or_else(|| one().map(|grasp| (grasp.at, grasp.change)))
    }

    /// Notes of each what its rows are sure to have, of several such things the one that the
    /// fewest others ask for.
    fn pin(&mut self, exact: impl Fn(&Ident) -> Option<Exact>) {
        let Self { each, any, pinned, .. } = self;
        let tells = |(column, list): &(&'a Ident, &BTreeSet<&'a Ident>)| {
            exact(column).is_some_and(|kind| list.iter().all(|value| kind.tells(value)))
        };
        let all: Vec<Vec<_>> = each.iter().map(|grasp| grasp.demands.among().filter(tells).collect()).collect();
        let mut often: HashMap<(&Ident, &Ident), usize> = HashMap::new();
        for (column, list) in all.iter().flatten() {
            list.iter().for_each(|value| *often.entry((*column, *value)).or_default() += 1);
        }
        let times = |(column, list): &(&'a Ident, &BTreeSet<&'a Ident>)| -> usize {
            list.iter().filter_map(|value| often.get(&(*column, *value))).sum()
        };
        for (number, pins) in all.into_iter().enumerate() {
            match pins.into_iter().min_by_key(times) {
                None => any.push(number),
                Some((column, list)) => {
                    for value in list {
                        pinned.entry((column, *value)).or_default().push(number);
                    }
                }
            }
        }
    }

    /// Those that may reach all rows of the insertion.
    fn of<'s>(&'s self, pass: &Pass<'_>, insertion: &'s Insertion) -> impl Iterator<Item = &'s Grasp<'a>> {
        let mut numbers = self.any.clone();
        for (column, values) in &insertion.values {
            if exact(&pass.start, &insertion.table, column)
                .is_some_and(|kind| !values.iter().all(|value| kind.tells(value)))
            {
                numbers = (0..self.each.len()).collect();
                break;
            }
            // What reaches all rows reaches those with the first value.
            let pinned = values.first().and_then(|value| self.pinned.get(&(column, value)));
            numbers.extend(pinned.into_iter().flatten());
        }
        numbers.into_iter().filter_map(|number| self.each.get(number))
    }
}

impl Grasp<'_> {
    /// Whether it reaches all rows of the insertion.
    fn holds(&self, pass: &Pass<'_>, insertion: &Insertion) -> bool {
        match self.demands.meet(&insertion.values, |column| exact(&pass.start, &insertion.table, column)) {
            Known::Yes => return true,
            Known::No => return false,
            Known::Unsaid => {}
        }
        let covers = |given: Vec<Expr>| {
            let written = Expr { at: At::default(), kind: ExprKind::And(given) };
            let (reach, with) = (self.change.reach(), common(self.change));
            Facts::default().covers(&reach, with, &written, &Sight(&pass.start))
        };
        let texts: Vec<Expr> = insertion.values.iter().map(|(column, values)| among(column, values)).collect();
        let numbers: Vec<Option<Expr>> =
            insertion.values.iter().map(|(column, values)| among_numbers(column, values)).collect();
        covers(texts.clone())
            || numbers.iter().any(Option::is_some)
                && covers(numbers.into_iter().zip(texts).map(|(number, text)| number.unwrap_or(text)).collect())
            || self.settles(pass, insertion)
            || self.finds(pass, insertion)
    }

    /// Whether it reaches the row by what functions and operators make of the values of its columns:
    /// `lower(name) = 'x'`, `d ->> 'k' = 'v'`.
    fn settles(&self, pass: &Pass<'_>, insertion: &Insertion) -> bool {
        let reach = self.change.reach();
        let (Some(filter), true) = (reach.filter, reach.from.is_empty()) else { return false };
        let world = Sight(&pass.start);
        let own = |node: &mut Expr| {
            let value = |(column, _): (&Ident, _)| {
                node.is_column(reach.called(), column).then(|| written(pass, insertion, column)).flatten()
            };
            if let Some(kind) = insertion.values.iter().find_map(value) {
                node.kind = kind;
            }
        };
        // In a query the same name may be that of another column.
        let holds = |part: &&Expr| {
            let mut settled = Expr::clone(part);
            rewrite_expr(&mut settled, &mut |node| own(node));
            !looks(part) && Facts::default().entails(&settled, &world) == Known::Yes
        };
        let (settled, rest): (Vec<&Expr>, Vec<&Expr>) = filter.conjuncts().into_iter().partition(holds);
        if settled.is_empty() {
            return false;
        }
        let at = filter.at;
        let rest = Expr { at, kind: ExprKind::And(rest.into_iter().cloned().collect()) };
        let row = insertion.values.iter().map(|(column, values)| {
            let number = matches!(written(pass, insertion, column), Some(ExprKind::Number(_)));
            among_numbers(column, values).filter(|_| number).unwrap_or_else(|| among(column, values))
        });
        let row = Expr { at, kind: ExprKind::And(row.collect()) };
        let rest = Reach { filter: Some(&rest), ..reach };
        Facts::default().covers(&rest, common(self.change), &row, &world)
    }

    /// Whether it reaches a row because of what is certainly there in other tables: `parent IN (SELECT id FROM
    /// parents WHERE …)`, EXISTS, USING.
    fn finds(&self, pass: &Pass<'_>, insertion: &Insertion) -> bool {
        let reach = self.change.reach();
        let (Some(filter), false) = (reach.filter, self.rows.is_empty()) else { return false };
        let world = Sight(&pass.start);
        let mut facts = Facts::default();
        self.rows.iter().for_each(|row| facts.assume(row, Truth::True, &world));
        let constant = |column: &Ident| written(pass, insertion, column);
        // What bears the name of the statement's own relation is of the row.
        let own = |node: &mut Expr| {
            let ExprKind::Column(path) = &node.kind else { return };
            if let [relation, column] = path.as_slice()
                && relation == reach.called()
                && let Some(value) = constant(column)
            {
                node.kind = value;
            }
        };
        let holds = |mut condition: Expr| {
            rewrite_expr(&mut condition, &mut |node| own(node));
            facts.entails(&condition, &world) == Known::Yes
        };
        let at = filter.at;
        if !reach.from.is_empty() {
            let select = Select { from: reach.from.to_vec(), filter: Some(filter.clone()), ..Select::default() };
            let query = Box::new(Query::of(at, select.into()));
            return holds(Expr { at, kind: ExprKind::Subquery { kind: SubqueryKind::Exists, query } });
        }
        let (looking, plain): (Vec<&Expr>, Vec<&Expr>) = filter.conjuncts().into_iter().partition(|part| looks(part));
        let plain = Expr { at, kind: ExprKind::And(plain.into_iter().cloned().collect()) };
        let rest = Reach { filter: Some(&plain), ..reach };
        let given = |number: bool| {
            insertion.values.iter().map(move |(column, values)| {
                among_numbers(column, values).filter(|_| number).unwrap_or_else(|| among(column, values))
            })
        };
        let covered = |number: bool| {
            let written = Expr { at, kind: ExprKind::And(given(number).collect()) };
            Facts::default().covers(&rest, &[], &written, &world)
        };
        looking.into_iter().all(|part| match &part.kind {
            ExprKind::Subquery { kind: SubqueryKind::Any { operand, operator }, query } => {
                let column = insertion.values.keys().find(|column| operand.is_column(reach.called(), column));
                let Some(value) = column.and_then(constant) else { return false };
                let operand = Box::new(Expr { at, kind: value });
                let kind = SubqueryKind::Any { operand, operator: operator.clone() };
                holds(Expr { at, kind: ExprKind::Subquery { kind, query: query.clone() } })
            }
            _ => holds(part.clone()),
        }) && (covered(false) || covered(true))
    }
}

/// The only value that the rows of an insertion have in a column, as a constant of its type.
fn written(pass: &Pass<'_>, insertion: &Insertion, column: &Ident) -> Option<ExprKind> {
    let values = insertion.values.get(column).filter(|values| values.len() == 1)?;
    let value = values.first()?.clone();
    if let Some(kind) = exact(&pass.start, &insertion.table, column) {
        return Some(match kind {
            Exact::Integer => ExprKind::Number(value),
            Exact::Text => ExprKind::Text(value),
        });
    }
    let kind = pass.start.relation(&insertion.table)?.column(column)?.kind.scalar()?.to_owned();
    let at = At::default();
    matches!(kind.as_str(), "json" | "jsonb").then(|| ExprKind::Cast {
        operand: Box::new(Expr { at, kind: ExprKind::Text(value) }),
        to: Box::new(Type {
            name: Name::plain(Ident::from(kind), at),
            modifiers: Vec::new(),
            array: false,
            set: false,
        }),
    })
}

/// Whether a condition looks into a table.
fn looks(condition: &Expr) -> bool {
    crate::effect::any(condition, |part| matches!(part.kind, ExprKind::Subquery { .. }))
}

/// Of how many rows it is told that they are there.
const THERE_LIMIT: usize = 64;

/// The tables that a condition reads.
pub(super) struct Tables<'c> {
    catalog: &'c Catalog,
    /// What the statement calls its own relation.
    own: Option<&'c str>,
    /// Whether something else is called so within.
    is_hidden: bool,
    pub(super) read: BTreeSet<Name>,
}

impl<'c> Tables<'c> {
    pub(super) fn of(catalog: &'c Catalog, own: Option<&'c str>) -> Self {
        Self { catalog, own, is_hidden: false, read: BTreeSet::new() }
    }
}

impl<'a> Visit<'a> for Tables<'_> {
    fn from(&mut self, from: &'a From) {
        match from {
            From::Relation { name, alias, .. } => {
                self.is_hidden |= self.own.is_some_and(|own| alias.as_ref().unwrap_or(&name.name) == own);
                self.read.insert(self.catalog.canonical(name));
            }
            From::Subquery { alias, .. } | From::Function { alias, .. } => {
                self.is_hidden |= alias.as_ref().is_some_and(|alias| self.own == Some(alias));
            }
            _ => {}
        }
        walk_from(self, from);
    }
}

/// The rows of the release that a change finds where it looks into other tables.
fn found(case: &Case<'_>, pass: &Pass<'_>, number: usize, change: &Change<'_>) -> Vec<Expr> {
    let reach = change.reach();
    let mut tables = Tables::of(&pass.start, Some(reach.called()));
    reach.filter.iter().for_each(|filter| tables.expr(filter));
    reach.from.iter().for_each(|from| tables.from(from));
    tables.read.remove(&*change.relation);
    if tables.is_hidden {
        return Vec::new();
    }
    there(case, pass, number, &tables.read)
}

/// The rows of the release that are in some tables before an event, each as a condition. What may have been
/// changed before is not among them.
pub(super) fn there(case: &Case<'_>, pass: &Pass<'_>, number: usize, tables: &BTreeSet<Name>) -> Vec<Expr> {
    if tables.is_empty() {
        return Vec::new();
    }
    let added = match pass.role {
        Role::FullRollback => case.added.as_slice(),
        Role::Rollback(tier) => case.added.get(tier..=tier).unwrap_or_default(),
        _ => return Vec::new(),
    };
    let is_read = |row: &&Insertion| row.certain && !row.by_trigger && tables.contains(&row.table);
    let rows = added.iter().flat_map(|rows| rows.iter()).filter(is_read).flat_map(|insertion| match &*insertion.each {
        [] => vec![(&insertion.table, &insertion.values)],
        each => each.iter().map(|row| (&insertion.table, row)).collect(),
    });
    let is_one = |(_, values): &(&Name, &Constants)| !values.is_empty() && values.values().all(|list| list.len() == 1);
    let may_be_changed = |(table, values): &(&Name, &Constants)| {
        pass.run.events.iter().take(number).any(|event| match &event.what {
            What::Change(earlier) if earlier.kind != ChangeKind::Insert && *earlier.relation == **table => {
                let demands = Demands::of(&earlier.reach());
                demands.meet(values, |column| exact(&pass.start, table, column)) != Known::No
            }
            _ => false,
        })
    };
    rows.filter(|row| is_one(row) && !may_be_changed(row))
        .take(THERE_LIMIT)
        .map(|(table, values)| {
            let given = |(column, values): (&Ident, &BTreeSet<Ident>)| match exact(&pass.start, table, column) {
                Some(Exact::Integer) => among_numbers(column, values).unwrap_or_else(|| among(column, values)),
                _ => among(column, values),
            };
            let filter = Some(Expr { at: At::default(), kind: ExprKind::And(values.iter().map(given).collect()) });
            let from = vec![From::Relation { name: table.clone(), alias: None, columns: Vec::new(), only: false }];
            let query = Box::new(Query::of(At::default(), Select { from, filter, ..Select::default() }.into()));
            Expr { at: At::default(), kind: ExprKind::Subquery { kind: SubqueryKind::Exists, query } }
        })
        .collect()
}

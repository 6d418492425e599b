//! What a tier makes and what its rollback undoes: objects, and rows by what tells them
//! apart. Judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, EventTrigger, Trigger};
use crate::effect::{
    Act, Assignment, At, Expr, ExprKind, From, Ident, MergeAction, Name, Query, QueryBody, RowSource, SetOperator,
    Target,
};
use crate::flow::{Change, ChangeKind, Event, Fate, Origin, Row, Run, Sight, Way, What, before_row, constant};
use crate::logic::{Demands, Exact, Facts, Known, Reach, Truth, among, among_numbers};

/// Constants by the column that has no others.
pub type Constants = BTreeMap<Ident, BTreeSet<Ident>>;

/// Adds rows to others: what all of them fill with constants stays.
pub fn join(rows: &mut Option<Constants>, mut more: Constants) {
    match rows {
        None => *rows = Some(more),
        Some(rows) => rows.retain(|column, values| more.remove(column).map(|more| values.extend(more)).is_some()),
    }
}

/// Rows that a script adds to one table by one statement.
#[derive(Debug, Clone)]
pub struct Insertion {
    /// The table, by its canonical name.
    pub table: Name,
    /// The statement.
    pub at: At,
    /// How many, where the text says so.
    pub rows: Option<usize>,
    /// Columns whose values are all constants, with those values.
    pub values: Constants,
    /// The same row by row, of a few rows that the text gives one by one.
    pub each: Vec<Constants>,
    /// Whether it runs on every path.
    pub certain: bool,
    /// Whether the script says so itself, or calls what does.
    pub direct: bool,
    /// Whether a trigger of the database before the release adds them, because of other rows.
    pub by_trigger: bool,
}

impl Insertion {
    /// One row of it alone.
    #[must_use]
    pub fn of(&self, row: &Constants) -> Self {
        Self { values: row.clone(), each: Vec::new(), table: self.table.clone(), ..*self }
    }
}

/// The rows that a run adds, in order, with what it writes into them later. Of triggers those count
/// that are there before the release.
#[must_use]
pub fn insertions(run: &Run<'_>, baseline: &Catalog) -> Vec<Insertion> {
    let mut found: Vec<Insertion> = Vec::new();
    for event in run.events.iter().filter(|event| event.reachable) {
        if let What::Change(change) = &event.what
            && let Some(Act::Update { set, .. }) = change.act
        {
            let reach = change.reach();
            let demands = Demands::of(&reach);
            for added in found.iter_mut().filter(|added| added.table == *change.relation) {
                write(added, event, set, (&reach, &demands), &run.end.catalog);
            }
        }
        let Some(mut added) = insertion(event) else { continue };
        added.by_trigger = is_house_rule(event, baseline);
        if fired(&mut added, &run.end.catalog) {
            found.push(added);
        }
    }
    found
}

/// Whether an event is what a trigger, or a definition, of the database before the release
/// does by itself.
#[must_use]
pub fn is_house_rule(event: &Event<'_>, baseline: &Catalog) -> bool {
    event.via.iter().any(|via| match &via.origin {
        Origin::Trigger { name, relation: Some(relation), function } => {
            let is_it = |(known, trigger): &(Ident, Trigger)| known == name && baseline.called_by(trigger) == *function;
            baseline.triggers(relation).iter().any(is_it)
        }
        Origin::Trigger { name, relation: None, function } => {
            let is_it = |(known, trigger): &(Ident, EventTrigger)| {
                known == name && baseline.called_on_event(trigger) == *function
            };
            baseline.event_triggers().iter().any(is_it)
        }
        Origin::Definition { relation, what } => {
            baseline.worked_out(relation).iter().any(|worked| worked.what == *what)
        }
        _ => false,
    })
}

/// Lets the triggers before the rows have their way with what is known of them. Whether a row is
/// left that may be added.
fn fired(added: &mut Insertion, catalog: &Catalog) -> bool {
    if catalog.triggers(&added.table).is_empty() {
        return true;
    }
    if added.each.is_empty() {
        let Some(values) = passed(&added.table, &added.values, catalog) else { return false };
        added.values = values;
        return true;
    }
    let before = added.each.len();
    added.each = added.each.iter().filter_map(|row| passed(&added.table, row, catalog)).collect();
    added.rows = added.rows.and_then(|rows| rows.checked_sub(before - added.each.len()));
    let mut all = None;
    added.each.iter().for_each(|row| join(&mut all, row.clone()));
    added.values = all.unwrap_or_default();
    !added.each.is_empty()
}

/// What is known of a row once the triggers before it have fired; none if they pass it over.
fn passed(table: &Name, row: &Constants, catalog: &Catalog) -> Option<Constants> {
    let constant_of = |(column, values): (&Ident, &BTreeSet<Ident>)| {
        let [value] = values.iter().collect::<Vec<_>>()[..] else { return None };
        let kind = match exact(catalog, table, column)? {
            Exact::Text => ExprKind::Text(value.clone()),
            Exact::Integer => ExprKind::Number(value.parse::<u32>().ok().map(|_| value.clone())?),
        };
        Some((column.clone(), Expr { at: At::default(), kind }))
    };
    let given: Row = row.iter().filter_map(constant_of).collect();
    let mut ways = before_row(table, ChangeKind::Insert, given, catalog);
    ways.retain(|way| way.fate != Fate::Skipped);
    if ways.is_empty() {
        return None;
    }
    // What is refused is told of as such.
    ways.retain(|way| !matches!(way.fate, Fate::Refused(_)));
    let mut values = row.clone();
    for column in ways.iter().flat_map(|way| &way.written) {
        let kind = exact(catalog, table, column);
        let value = |way: &Way| way.row.get(column).filter(|_| kind.is_some()).and_then(constant);
        match ways.iter().map(value).collect::<Option<BTreeSet<Ident>>>() {
            Some(known) => values.insert(column.clone(), known),
            None => values.remove(column),
        };
    }
    Some(values)
}

/// Whether rows may stay although they are deleted: a rule does something instead, or a trigger
/// passes them over, or refuses whatever it is.
#[must_use]
pub fn may_stay(table: &Name, catalog: &Catalog) -> bool {
    let is_replaced = || catalog.view_query(table).is_none() && catalog.is_replaced(table, "delete");
    let ways = before_row(table, ChangeKind::Delete, Row::new(), catalog);
    ways.iter().any(|way| way.fate == Fate::Skipped)
        || ways.iter().all(|way| matches!(way.fate, Fate::Refused(_)))
        || is_replaced()
}

/// Notes what an `UPDATE` writes into rows that were added before it.
fn write(
    added: &mut Insertion,
    event: &Event<'_>,
    set: &[Assignment],
    (reach, demands): (&Reach<'_>, &Demands<'_>),
    catalog: &Catalog,
) {
    if !set.iter().any(|set| added.values.contains_key(&set.column)) {
        return;
    }
    let met = demands.meet(&added.values, |column| exact(catalog, &added.table, column));
    if met == Known::No || met == Known::Unsaid && is_elsewhere(added, reach, catalog) {
        return;
    }
    let is_sure = met == Known::Yes && event.certain;
    added.each.clear();
    for Assignment { column, value, .. } in set {
        match (constant(value), added.values.get_mut(column)) {
            (Some(value), Some(values)) => {
                if is_sure {
                    values.clear();
                }
                values.insert(value);
            }
            (None, Some(_)) if !value.is_column(reach.called(), column) => {
                added.values.remove(column);
            }
            _ => {}
        }
    }
}

/// Whether a condition certainly reaches none of the rows that were added.
fn is_elsewhere(added: &Insertion, reach: &Reach<'_>, catalog: &Catalog) -> bool {
    let (Some(filter), true) = (reach.filter, reach.from.is_empty()) else { return false };
    let world = Sight(catalog);
    let bare = filter.unqualified(reach.called());
    let excludes = |rows: &[Expr]| {
        let mut facts = Facts::default();
        rows.iter().for_each(|row| facts.assume(row, Truth::True, &world));
        facts.entails(&bare, &world) == Known::No
    };
    let texts: Vec<Expr> = added.values.iter().map(|(column, values)| among(column, values)).collect();
    let numbers = added.values.iter().map(|(column, values)| among_numbers(column, values));
    let numbers: Vec<Expr> = numbers.zip(&texts).map(|(number, text)| number.unwrap_or_else(|| text.clone())).collect();
    excludes(&texts) || excludes(&numbers)
}

/// How values of a column can be told apart.
#[must_use]
pub fn exact(catalog: &Catalog, table: &Name, column: &Ident) -> Option<Exact> {
    match catalog.relation(table)?.column(column)?.kind.scalar()? {
        "text" | "varchar" => Some(Exact::Text),
        "int2" | "int4" | "int8" => Some(Exact::Integer),
        _ => None,
    }
}

/// The rows that an event adds; none where it adds none.
#[must_use]
pub fn insertion(event: &Event<'_>) -> Option<Insertion> {
    let What::Change(change) = &event.what else { return None };
    let Change { relation, kind: ChangeKind::Insert, act, .. } = change else { return None };
    let mut found = Insertion {
        table: Name::clone(relation),
        at: event.at,
        rows: None,
        values: BTreeMap::new(),
        each: Vec::new(),
        certain: event.certain,
        direct: event.via.is_empty(),
        by_trigger: false,
    };
    match act {
        Some(Act::Insert { rows: RowSource::Query(query), .. }) => {
            found.rows = row_count(query);
            found.values = constant_columns(change.columns(), query);
            found.each = row_by_row(change.columns(), query);
        }
        Some(Act::Insert { rows: RowSource::Defaults, .. }) => found.rows = Some(1),
        _ => merged(change, &mut found),
    }
    Some(found)
}

/// What is known of the rows that a branch of a `MERGE` adds: what it takes from a list of `VALUES` is among that.
fn merged(change: &Change<'_>, found: &mut Insertion) {
    let (Some(Act::Merge { source, branches, .. }), Some(number)) = (change.act, change.branch) else { return };
    let Some(MergeAction::Insert { columns, values }) = change.merge_action() else { return };
    let list = match &**source {
        From::Subquery { query, alias, columns, lateral: false } => Some((query, alias.as_ref(), columns)),
        _ => None,
    };
    let place = |value: &Expr| {
        let (ExprKind::Column(path), Some((query, alias, names))) = (&value.kind, list) else { return None };
        let name = match path.as_slice() {
            [name] => name,
            [table, name] if alias == Some(table) => name,
            _ => return None,
        };
        Some((query, names.iter().position(|own| own == name)?))
    };
    let all = |value: &Expr| match constant(value) {
        Some(value) => Some(BTreeSet::from([value])),
        None => place(value).and_then(|(query, place)| constants(query, place)),
    };
    let row = columns.iter().zip(values);
    found.values = row.clone().filter_map(|(column, value)| Some((column.clone(), all(value)?))).collect();
    // Another branch before it, or a condition, may keep rows of the list from it.
    let mut before = branches.iter().take(usize::from(number) + 1).filter(|branch| !branch.matched);
    let is_first = before.next().is_some_and(|branch| branch.condition.is_none()) && before.next().is_none();
    let Some((QueryBody::Values(rows), true)) = list.map(|(query, ..)| (&query.body, is_first)) else { return };
    found.rows = list.and_then(|(query, ..)| row_count(query));
    if found.rows != Some(rows.len()) || !(2..=EACH_LIMIT).contains(&rows.len()) {
        return;
    }
    let one = |given: &Vec<Expr>| {
        let value = |value: &Expr| match place(value) {
            Some((_, place)) => constant(given.get(place)?),
            None => constant(value),
        };
        let told = |(column, own): (&Ident, &Expr)| Some((column.clone(), BTreeSet::from([value(own)?])));
        row.clone().filter_map(told).collect()
    };
    found.each = rows.iter().map(one).collect();
}

/// The columns that a query fills with constants only, with those constants.
#[must_use]
pub fn constant_columns(columns: &[Ident], query: &Query) -> Constants {
    let filled = columns.iter().enumerate();
    filled.filter_map(|(index, column)| Some((column.clone(), constants(query, index)?))).collect()
}

/// Of how many rows each is looked at by itself.
const EACH_LIMIT: usize = 64;

/// The constants of each row of a `VALUES` of several.
fn row_by_row(columns: &[Ident], query: &Query) -> Vec<Constants> {
    let QueryBody::Values(rows) = &query.body else { return Vec::new() };
    if !(2..=EACH_LIMIT).contains(&rows.len()) {
        return Vec::new();
    }
    let told = |(column, value): (&Ident, &Expr)| Some((column.clone(), BTreeSet::from([constant(value)?])));
    rows.iter().map(|row| columns.iter().zip(row).filter_map(told).collect()).collect()
}

/// How many rows a query yields, where its text says so.
#[must_use]
pub fn row_count(query: &Query) -> Option<usize> {
    if let Some(limit) = &query.limit {
        let most = constant(limit)?.parse::<usize>().ok()?;
        let all = Query { limit: None, ..query.clone() };
        return row_count(&all).map(|rows| rows.min(most));
    }
    if query.offset.is_some() {
        return None;
    }
    match &query.body {
        QueryBody::Values(rows) => Some(rows.len()),
        QueryBody::Select(select) if select.distinct || !select.group_by.is_empty() || select.filter.is_some() => None,
        QueryBody::Select(select) => {
            let values = select.targets.iter().map(|target| &target.value);
            let sets: Vec<&Expr> = values.filter(|value| value.yields_set()).collect();
            match (select.from.as_slice(), sets.as_slice()) {
                ([], []) => Some(1),
                ([], [only]) => set_count(only),
                ([From::Subquery { query, .. }], []) => row_count(query),
                ([From::Function { calls, .. }], []) => match calls.as_slice() {
                    [call] => set_count(call),
                    _ => None,
                },
                _ => None,
            }
        }
        QueryBody::Set { operator: SetOperator::Union, all: true, left, right } => {
            Some(row_count(left)? + row_count(right)?)
        }
        QueryBody::Set { .. } => None,
    }
}

/// How many values a function yields, where the text says so.
fn set_count(call: &Expr) -> Option<usize> {
    let ExprKind::Call { function, arguments, .. } = &call.kind else { return None };
    let whole = |value: &Expr| constant(value).and_then(|text| text.parse::<i64>().ok());
    match (function.name.as_str(), &**arguments) {
        ("unnest", [Expr { kind: ExprKind::Array(elements), .. }]) => Some(elements.len()),
        ("generate_series", [from, to]) => {
            usize::try_from(whole(to)?.checked_sub(whole(from)?)?.checked_add(1)?.max(0)).ok()
        }
        ("generate_series", [from, to, step]) => {
            let (way, step) = (whole(to)?.checked_sub(whole(from)?)?, whole(step)?);
            // The other way there are none; PostgreSQL refuses a step of 0.
            let is_away = way != 0 && (way < 0) != (step < 0);
            let steps = way.checked_div(step)?;
            if is_away { Some(0) } else { usize::try_from(steps.checked_add(1)?).ok() }
        }
        _ => None,
    }
}

/// The values of a column of a query, if all are constants.
fn constants(query: &Query, index: usize) -> Option<BTreeSet<Ident>> {
    match &query.body {
        QueryBody::Values(rows) => rows.iter().map(|row| constant(row.get(index)?)).collect(),
        QueryBody::Select(select) => {
            if let [Target { value: Expr { kind: ExprKind::Star(_), .. }, .. }] = select.targets.as_slice()
                && let [From::Subquery { query, .. }] = select.from.as_slice()
            {
                return constants(query, index);
            }
            // A star stands for as many columns as there are.
            let is_star = |target: &Target| matches!(target.value.kind, ExprKind::Star(_));
            if select.targets.iter().take(index).any(is_star) {
                return None;
            }
            let value = &select.targets.get(index)?.value;
            if let Some(text) = constant(value) {
                return Some(BTreeSet::from([text]));
            }
            let ExprKind::Column(path) = &value.kind else { return None };
            let [From::Subquery { query, alias, columns, .. }] = select.from.as_slice() else { return None };
            let name = match path.as_slice() {
                [name] => name,
                [table, name] if alias.as_ref() == Some(table) => name,
                _ => return None,
            };
            constants(query, columns.iter().position(|column| column == name)?)
        }
        // The rows of the other side only say which are left.
        QueryBody::Set { operator: SetOperator::Except | SetOperator::Intersect, left, .. } => constants(left, index),
        QueryBody::Set { left, right, .. } => {
            let mut values = constants(left, index)?;
            values.extend(constants(right, index)?);
            Some(values)
        }
    }
}

/// What tells the rows of a tier in one table from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The table.
    pub table: Name,
    /// The column.
    pub column: Ident,
    /// Its values in those rows.
    pub values: BTreeSet<Ident>,
    /// Where they are inserted.
    pub at: At,
}

/// The marks of the rows that were inserted into one table: every column of constants that all
/// of the insertions give.
#[must_use]
pub fn marks(insertions: &[&Insertion]) -> Vec<Mark> {
    let Some((first, rest)) = insertions.split_first() else { return Vec::new() };
    let told = |(column, values): (&Ident, &BTreeSet<Ident>)| {
        let mut all = values.clone();
        for insertion in rest {
            all.extend(insertion.values.get(column)?.iter().cloned());
        }
        Some(Mark { table: first.table.clone(), column: column.clone(), values: all, at: first.at })
    };
    first.values.iter().filter_map(told).collect()
}

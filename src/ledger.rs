//! What a tier makes and what its rollback undoes: objects, and rows by what tells them
//! apart. Judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{Catalog, EventTrigger, Trigger};
use crate::effect::{
    Act, Assignment, At, Body, Expr, ExprKind, From, Function, Ident, MergeAction, Name, Query, QueryBody, RowSource,
    SetOperator, Step, StepKind, Target, TriggerTiming, Visit, walk_step,
};
use crate::flow::{Change, ChangeKind, Event, Origin, Run, Sight, What, constant};
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
        for column in overwritten(&added.table, &run.end.catalog) {
            added.values.remove(&column);
            added.each.clear();
        }
        found.push(added);
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

/// The columns into which a trigger of a table writes something else before a row is added.
fn overwritten(table: &Name, catalog: &Catalog) -> BTreeSet<Ident> {
    let mut found = BTreeSet::new();
    for function in before_rows(table, "insert", catalog) {
        let Body::PlPgSql(block) = &function.body else { continue };
        for step in &block.steps {
            let StepKind::Assign { target, value } = &step.kind else { continue };
            let is_target = |expr: &Expr| matches!(&expr.kind, ExprKind::Column(path) if path == target);
            if let [new, column] = target.as_slice()
                && new == "new"
                && !crate::effect::any(value, is_target)
            {
                found.insert(column.clone());
            }
        }
    }
    found
}

/// The functions of the triggers that are fired before each row, whatever is in it.
fn before_rows(table: &Name, event: &str, catalog: &Catalog) -> Vec<Arc<Function>> {
    let fires = |trigger: &Trigger| {
        trigger.timing == TriggerTiming::Before
            && trigger.row
            && trigger.condition.is_none()
            && trigger.events.iter().any(|known| known == event)
            && trigger.state.fires()
    };
    let triggers = catalog.triggers(table).into_iter().map(|(_, trigger)| trigger).filter(fires);
    triggers.filter_map(|trigger| catalog.called_by(&trigger)).collect()
}

/// Whether rows may stay although they are deleted: a rule does something instead, or a trigger
/// passes them over.
#[must_use]
pub fn may_stay(table: &Name, catalog: &Catalog) -> bool {
    struct Passes(bool);
    impl<'a> Visit<'a> for Passes {
        fn step(&mut self, step: &'a Step) {
            self.0 |= matches!(&step.kind, StepKind::Return(Some(Expr { kind: ExprKind::Null, .. })));
            walk_step(self, step);
        }
    }
    let passes = |function: Arc<Function>| {
        let mut passes = Passes(false);
        if let Body::PlPgSql(block) = &function.body {
            passes.block(block);
        }
        passes.0
    };
    catalog.view_query(table).is_none() && catalog.is_replaced(table, "delete")
        || before_rows(table, "delete", catalog).into_iter().any(passes)
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
        _ => {
            if let Some(MergeAction::Insert { columns, values }) = change.merge_action() {
                let row = columns.iter().zip(values);
                let row = row.filter_map(|(column, value)| Some((column.clone(), BTreeSet::from([constant(value)?]))));
                found.values = row.collect();
            }
        }
    }
    Some(found)
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

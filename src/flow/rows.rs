//! Rows of a query that reads no table: `VALUES`, `unnest(ARRAY[…])`, `generate_series(1, 3)`.

use std::collections::BTreeSet;
use std::mem::{Discriminant, discriminant};

use super::day::{Day, Interval};
use super::symbol::is_symbol;
use super::value::{elements, folded, integer, json_elements, number};
use crate::effect::{
    At, Cte, CteBody, Expr, ExprKind, From, Ident, IsTest, JoinKind, Query, QueryBody, Select, SetOperator, any,
    rewrite_expr,
};
use crate::logic::{Facts, Known, World};

/// What stands before the names of its fields in what a record says of itself.
const RECORD: &str = "record ";

/// What stands between them.
const BETWEEN: char = '\u{0}';

/// The most rows that are told one by one.
const ROWS_LIMIT: usize = 4096;

/// Rows of values, each as many as there are columns.
pub(super) struct Rows {
    pub(super) columns: Vec<Ident>,
    pub(super) rows: Vec<Vec<Expr>>,
}

/// What a query takes rows from.
struct Source {
    alias: Option<Ident>,
    rows: Rows,
}

impl Rows {
    /// The rows of a query, of constants and of what variables hold; none where they cannot be told.
    pub(super) fn of(query: &Query) -> Option<Self> {
        Self::told(query, &[], &is_given)
    }

    /// The rows of a query that may read these common table expressions, where everything that
    /// is worked out for a row is as it may be.
    pub(super) fn told(query: &Query, with: &[Cte], may_be: &dyn Fn(&Expr) -> bool) -> Option<Self> {
        if query.limit.is_some() || query.offset.is_some() || query.recursive {
            return None;
        }
        let with: Vec<Cte> = with.iter().chain(&query.with).cloned().collect();
        let side = |side: &Query| Self::told(side, &with, &Expr::is_constant);
        match &query.body {
            QueryBody::Values(rows) => {
                let length = rows.first().map_or(0, Vec::len);
                let columns = (1..=length).map(|number| Ident::from(format!("column{number}"))).collect();
                let are_given = rows.iter().flatten().all(may_be);
                are_given.then(|| Self { columns, rows: rows.clone() }).filter(Self::is_even)
            }
            QueryBody::Select(select) if select.having.is_none() && select.distinct_on.is_empty() => {
                Self::selected(select, &with, may_be)
            }
            QueryBody::Set { operator: SetOperator::Union, all, left, right } => {
                let (left, right) = (side(left)?, side(right)?);
                let rows = left.rows.into_iter().chain(right.rows).collect();
                Self { rows, ..left }.once(!all).filter(Self::is_even)
            }
            QueryBody::Set { operator, all: false, left, right } => {
                let (left, right) = (side(left)?.once(true)?, side(right)?);
                let all: Vec<&Vec<Expr>> = left.rows.iter().chain(&right.rows).collect();
                let told = told_apart(&all)?;
                let (ours, theirs) = told.split_at(left.rows.len());
                let is_wanted = |row: &Vec<Literal>| theirs.contains(row) == (*operator == SetOperator::Intersect);
                let wanted: Vec<bool> = ours.iter().map(is_wanted).collect();
                let rows =
                    left.rows.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(row, _)| row).collect();
                Some(Self { rows, columns: left.columns })
            }
            _ => None,
        }
    }

    /// Each row once, if that is asked for; none where it cannot be told which are the same.
    fn once(self, distinct: bool) -> Option<Self> {
        if !distinct {
            return Some(self);
        }
        let told = told_apart(&self.rows.iter().collect::<Vec<_>>())?;
        let mut seen = BTreeSet::new();
        let rows = self.rows.into_iter().zip(told).filter(|(_, told)| seen.insert(told.clone())).map(|(row, _)| row);
        Some(Self { rows: rows.collect(), columns: self.columns })
    }

    fn is_even(&self) -> bool {
        self.rows.iter().all(|row| row.len() == self.columns.len()) && self.rows.len() <= ROWS_LIMIT
    }

    fn selected(select: &Select, with: &[Cte], may_be: &dyn Fn(&Expr) -> bool) -> Option<Self> {
        let (mut sources, mut conditions) = (Vec::new(), Vec::new());
        for item in &select.from {
            sources_of(item, with, &mut sources, &mut conditions)?;
        }
        conditions.extend(&select.filter);
        let mut found = Self { columns: Vec::new(), rows: Vec::new() };
        let mut chosen: Vec<Vec<Expr>> = vec![Vec::new()];
        // Each with each, as PostgreSQL joins what has no condition.
        for source in &sources {
            chosen = each_with(&chosen, &source.rows.rows)?;
        }
        let all = || sources.iter().flat_map(|source| source.rows.columns.iter().map(move |column| (source, column)));
        let place = |path: &[Ident]| {
            let is_it = |(source, column): &(&Source, &Ident)| match path {
                [name] => *column == name,
                [table, name] => source.alias.as_ref() == Some(table) && *column == name,
                _ => false,
            };
            let mut places = all().enumerate().filter(|(_, pair)| is_it(pair)).map(|(place, _)| place);
            let first = places.next()?;
            places.next().is_none().then_some(first)
        };
        let in_row = |expr: &Expr, row: &[Expr]| with_values(expr, &|path| row.get(place(path)?).cloned());
        for condition in conditions {
            let holds = |row: &Vec<Expr>| holds(&in_row(condition, row)?);
            let held: Vec<bool> = chosen.iter().map(holds).collect::<Option<_>>()?;
            chosen = chosen.into_iter().zip(held).filter(|(_, held)| *held).map(|(row, _)| row).collect();
        }
        if !select.group_by.is_empty() {
            // What is grouped by is a column here; what is selected is one of these, or the same for all rows.
            let keys: Vec<usize> = select
                .group_by
                .iter()
                .map(|key| if let ExprKind::Column(path) = &key.kind { place(path) } else { None })
                .collect::<Option<_>>()?;
            let key = |row: &Vec<Expr>| keys.iter().filter_map(|place| row.get(*place).cloned()).collect::<Vec<_>>();
            let told: Vec<Vec<Expr>> = chosen.iter().map(key).collect();
            let told = told_apart(&told.iter().collect::<Vec<_>>())?;
            let mut seen = BTreeSet::new();
            chosen = chosen
                .into_iter()
                .zip(told)
                .filter(|(_, told)| seen.insert(told.clone()))
                .map(|(row, _)| row)
                .collect();
        }
        let mut sets = 0;
        let mut targets: Vec<Vec<Vec<Expr>>> = chosen.iter().map(|_| vec![Vec::new()]).collect();
        for target in &select.targets {
            sets += usize::from(any(&target.value, Expr::yields_set));
            if let ExprKind::Star(of) = &target.value.kind {
                let is_of =
                    |source: &Source| of.is_empty() || source.alias.as_ref().is_some_and(|own| of.iter().eq([own]));
                let places: Vec<usize> =
                    all().enumerate().filter(|(_, (source, _))| is_of(source)).map(|(place, _)| place).collect();
                found.columns.extend(all().filter(|(source, _)| is_of(source)).map(|(_, column)| column.clone()));
                for (row, rows) in chosen.iter().zip(&mut targets) {
                    let values: Vec<Expr> = places.iter().filter_map(|place| row.get(*place).cloned()).collect();
                    rows.iter_mut().for_each(|out| out.extend(values.iter().cloned()));
                }
                continue;
            }
            let name = target.alias.clone().or_else(|| super::column_name(&target.value));
            found.columns.push(name.unwrap_or(Ident::new_static("?column?")));
            for (row, rows) in chosen.iter().zip(&mut targets) {
                let value = folded(in_row(&target.value, row)?);
                if value.yields_set() {
                    let values = listed(&value)?.into_iter().map(|value| vec![value]).collect::<Vec<_>>();
                    *rows = each_with(rows, &values)?;
                } else if matches!(target.value.kind, ExprKind::Column(_)) || may_be(&value) {
                    rows.iter_mut().for_each(|out| out.push(value.clone()));
                } else {
                    return None;
                }
            }
        }
        // Of several PostgreSQL goes through all at once.
        if sets > 1 {
            return None;
        }
        found.rows = targets.into_iter().flatten().collect();
        found.once(select.distinct).filter(Self::is_even)
    }

    /// Each row as the value of a record.
    pub(super) fn records(self, at: At) -> impl Iterator<Item = Expr> {
        let Self { columns, rows } = self;
        rows.into_iter().map(move |row| record(&columns, row, at))
    }
}

/// Each row with each of the others behind it.
fn each_with(rows: &[Vec<Expr>], others: &[Vec<Expr>]) -> Option<Vec<Vec<Expr>>> {
    let one_with = |row: &Vec<Expr>| {
        let row = row.clone();
        others.iter().map(move |other| row.iter().chain(other).cloned().collect())
    };
    (rows.len().saturating_mul(others.len()) <= ROWS_LIMIT).then(|| rows.iter().flat_map(one_with).collect())
}

/// A constant that is another one only if it is written otherwise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(Ident),
}

impl Literal {
    fn of(value: &Expr) -> Option<Self> {
        match &value.kind {
            ExprKind::Null => Some(Self::Null),
            ExprKind::Boolean(truth) => Some(Self::Boolean(*truth)),
            ExprKind::Text(text) => Some(Self::Text(text.clone())),
            _ => integer(value).map(Self::Integer),
        }
    }
}

/// The values of rows, such that those are the same that PostgreSQL takes for the same; none where that cannot
/// be told: a date may be written in many ways, and beside a number a text is one.
fn told_apart(rows: &[&Vec<Expr>]) -> Option<Vec<Vec<Literal>>> {
    let told: Vec<Vec<Literal>> =
        rows.iter().map(|row| row.iter().map(Literal::of).collect()).collect::<Option<_>>()?;
    let mut kinds: Vec<Option<Discriminant<Literal>>> = Vec::new();
    for row in &told {
        kinds.resize(row.len(), None);
        for (value, kind) in row.iter().zip(&mut kinds).filter(|(value, _)| **value != Literal::Null) {
            if *kind.get_or_insert_with(|| discriminant(value)) != discriminant(value) {
                return None;
            }
        }
    }
    Some(told)
}

/// Whether a row with these values in its place is let through by a condition, if that is certain.
fn holds(condition: &Expr) -> Option<bool> {
    /// Nothing of what is asked here is in a database.
    struct Nowhere;
    impl World for Nowhere {}
    let mut operand = Box::new(condition.clone());
    rewrite_expr(&mut operand, &mut |node| *node = folded(node.clone()));
    let holds = Expr { at: condition.at, kind: ExprKind::Is { operand, test: IsTest::True, negated: false } };
    match Facts::default().entails(&holds, &Nowhere) {
        Known::Yes => Some(true),
        Known::No => Some(false),
        Known::Unsaid => None,
    }
}

/// An expression with the values of columns in their place; none where a column has none, or
/// names may mean something else within.
fn with_values(expr: &Expr, value: &dyn Fn(&[Ident]) -> Option<Expr>) -> Option<Expr> {
    if any(expr, |part| {
        matches!(part.kind, ExprKind::Subquery { .. } | ExprKind::Star(_) | ExprKind::Call { over: true, .. })
    }) {
        return None;
    }
    let mut whole = expr.clone();
    let mut is_told = true;
    rewrite_expr(&mut whole, &mut |node| {
        if let ExprKind::Column(path) = &node.kind
            && !is_symbol(path)
        {
            match value(path) {
                Some(value) => node.kind = value.kind,
                None => is_told = false,
            }
        }
    });
    is_told.then_some(whole)
}

/// Whether a value is what it is, whenever it is asked for.
fn is_given(value: &Expr) -> bool {
    value.is_constant() || matches!(&value.kind, ExprKind::Column(path) if is_symbol(path))
}

/// The values that a function yields: `unnest` of one array, a series of whole numbers.
fn listed(call: &Expr) -> Option<Vec<Expr>> {
    let ExprKind::Call { function, arguments, filter: None, .. } = &call.kind else { return None };
    if function.schema.as_deref().is_some_and(|schema| schema != "pg_catalog") {
        return None;
    }
    match (function.name.as_str(), &**arguments) {
        ("unnest", [array]) => elements(array),
        ("string_to_table", [_, _]) => {
            elements(&Expr { at: call.at, kind: ExprKind::call("string_to_array", arguments.to_vec(), call.at) })
        }
        ("json_array_elements" | "jsonb_array_elements", [array]) => json_elements(array),
        ("generate_series", [from, to, step]) if Day::of(from).is_some() => {
            let (from, to, step) = (Day::of(from)?, Day::of(to)?, Interval::of(step).filter(|step| step.goes_on())?);
            let mut values = Vec::new();
            let mut day = from.plus(Interval::NONE)?;
            while !day.is_after(to) {
                values.push(day.constant(call.at));
                if values.len() > ROWS_LIMIT {
                    return None;
                }
                day = day.plus(step)?;
            }
            Some(values)
        }
        ("generate_series", [from, to, step @ ..]) if step.len() <= 1 => {
            let (from, to) = (integer(from)?, integer(to)?);
            let step = step.first().map_or(Some(1), integer).filter(|step| *step != 0)?;
            let mut values = Vec::new();
            let mut at = from;
            while if step > 0 { at <= to } else { at >= to } {
                values.push(number(at));
                if values.len() > ROWS_LIMIT {
                    return None;
                }
                at = at.checked_add(step)?;
            }
            Some(values)
        }
        _ => None,
    }
}

/// What a part of FROM brings.
fn sources_of<'f>(
    item: &'f From,
    with: &[Cte],
    sources: &mut Vec<Source>,
    conditions: &mut Vec<&'f Expr>,
) -> Option<()> {
    let renamed = |rows: Rows, alias: Option<&Ident>, columns: &[Ident]| {
        let Rows { columns: mut names, rows } = rows;
        for (name, given) in names.iter_mut().zip(columns) {
            name.clone_from(given);
        }
        Source { alias: alias.cloned(), rows: Rows { columns: names, rows } }
    };
    match item {
        From::Function { calls, alias, columns } => {
            let [call] = calls.as_slice() else { return None };
            let name = columns.first().or(alias.as_ref()).cloned().or_else(|| super::column_name(call))?;
            let values = listed(call)?.into_iter();
            let rows = match columns.get(1) {
                None => Rows { columns: vec![name], rows: values.map(|value| vec![value]).collect() },
                // WITH ORDINALITY
                Some(counted) if columns.len() == 2 => Rows {
                    columns: vec![name, counted.clone()],
                    rows: values.zip(1..).map(|(value, count)| vec![value, number(count)]).collect(),
                },
                Some(_) => return None,
            };
            sources.push(Source { alias: alias.clone(), rows });
        }
        From::Subquery { query, alias, columns, lateral: false } => {
            let rows = Rows::told(query, with, &is_given)?;
            sources.push(renamed(rows, alias.as_ref(), columns));
        }
        From::Relation { name, alias, columns, .. } if name.schema.is_none() => {
            let place = with.iter().rposition(|cte| cte.name == name.name)?;
            let (before, cte) = (with.get(..place)?, with.get(place)?);
            let Rows { columns: names, rows } = match &cte.body {
                CteBody::Query(query) if cte.added.is_empty() => Rows::told(query, before, &is_given)?,
                _ => return None,
            };
            let own = renamed(Rows { columns: names, rows }, None, &cte.columns);
            sources.push(renamed(own.rows, Some(alias.as_ref().unwrap_or(&name.name)), columns));
        }
        From::Join { kind: JoinKind::Inner, left, right, on, using, natural: false } if using.is_empty() => {
            sources_of(left, with, sources, conditions)?;
            sources_of(right, with, sources, conditions)?;
            conditions.extend(on);
        }
        _ => return None,
    }
    Some(())
}

/// A record that is made of values.
pub(super) fn record(columns: &[Ident], values: Vec<Expr>, at: At) -> Expr {
    let names = columns.join(BETWEEN.encode_utf8(&mut [0; 4]));
    let what = Ident::from(format!("{RECORD}{names}"));
    Expr { at, kind: ExprKind::Other { what, parts: values.into_iter().collect() } }
}

/// The field of a record that is made of values.
pub(super) fn field_of(record: &Expr, field: &str) -> Option<Expr> {
    let ExprKind::Other { what, parts } = &record.kind else { return None };
    let place = what.strip_prefix(RECORD)?.split(BETWEEN).position(|name| name == field)?;
    parts.get(place).cloned()
}

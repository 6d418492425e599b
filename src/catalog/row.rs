//! Rows that a table certainly does not take: of another length than its columns, with values that
//! their types do not know, without what has to be there.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::object::{Column, ColumnType, Constraint, ConstraintRule, Detail, Id, Kind, Presence, Relation};
use super::query::resolve_type;
use super::store::{Class, Ref, State};
use super::{Catalog, Done, ForeignKey, Key, Problem, Work, types};
use crate::date::Date;
use crate::effect::{
    Act, Assignment, Conflict, ConflictAction, Expr, ExprKind, Ident, Identity, Name, QueryBody, RowSource,
    TriggerTiming, Type,
};

impl Catalog {
    /// The `CHECK` constraints that every row has to meet as an `INSERT` gives it; none where a
    /// trigger may fill it before, or rows go elsewhere.
    #[must_use]
    pub fn checks(&self, table: &Name) -> Vec<(Ident, Arc<Expr>)> {
        let Some(id) = self.relation_id(table).filter(|id| !may_be_filled(&self.state, *id)) else { return Vec::new() };
        let check = |(of, constraint): (Id, &Constraint)| match &constraint.rule {
            ConstraintRule::Check(expr) => {
                let object = self.state.get(of).filter(|object| object.presence == Presence::Yes)?;
                Some((object.name.clone(), Arc::clone(expr)))
            }
            _ => None,
        };
        self.state.constraints(id).filter_map(check).collect()
    }

    /// The foreign keys that every row has to meet as an `INSERT` gives it; none where a trigger may
    /// fill it before, or rows go elsewhere.
    #[must_use]
    pub fn demanded_parents(&self, table: &Name) -> Vec<ForeignKey> {
        let id = self.relation_id(table).filter(|id| !may_be_filled(&self.state, *id));
        let of = |key: Key| self.foreign_keys(&key);
        id.and_then(|_| self.relation_key(table)).map(of).unwrap_or_default()
    }

    /// Whether all values of a column are still the same after `ALTER COLUMN … TYPE`, though perhaps of another
    /// type: nothing is cut off or rounded.
    #[must_use]
    pub fn keeps_values(&self, table: &Name, column: &Ident, to: &Type, using: Option<&Expr>) -> bool {
        let own = self.relation(table).and_then(|relation| relation.column(column).cloned());
        let held = own.map_or(ColumnType::Unsaid, |own| own.held.unwrap_or(own.kind));
        let kind = |to: &Type| resolve_type(&self.state, to).unwrap_or(ColumnType::Unsaid);
        // From the column outwards.
        let mut casts = Vec::new();
        let mut value = using;
        while let Some(Expr { kind: ExprKind::Cast { operand, to }, .. }) = value {
            casts.push(kind(to));
            value = Some(operand);
        }
        if value.is_some_and(|value| !value.is_column(&table.name, column)) {
            return false;
        }
        let steps = casts.into_iter().rev().map(|cast| (cast, true)).chain([(kind(to), false)]);
        let mut from = held;
        for (to, is_explicit) in steps {
            if !types::keeps(&from, &to, is_explicit) {
                return false;
            }
            from = to;
        }
        true
    }
}

impl Work<'_> {
    /// The rows of an `INSERT`.
    pub(super) fn rows(&mut self, act: &Act) -> Done {
        let Act::Insert { table, columns, overriding, rows, conflict, .. } = act else { return Ok(()) };
        let (Some(id), Some(written)) = (self.opened(table)?, written(rows)) else { return Ok(()) };
        let Some(object) = self.state.get(id).filter(|object| object.kind == Kind::Table) else { return Ok(()) };
        let Some(relation) = object.relation().filter(|relation| relation.is_known) else { return Ok(()) };
        let mut seen = BTreeSet::new();
        let is_whole = |name: &&Ident| is_whole(relation, name);
        if let Some(twice) = columns.iter().filter(is_whole).find(|column| !seen.insert(*column)) {
            let message = format!("column \"{twice}\" specified more than once");
            return Err(Problem::new("42701", message, table.at));
        }
        let targets: Vec<Option<&Column>> = match &**columns {
            [] => relation.columns.iter().map(Some).collect(),
            columns => columns.iter().map(|name| relation.column(name)).collect(),
        };
        let is_named = !columns.is_empty();
        let at = |row: &[&Expr]| row.first().map_or(table.at, |value| value.at);
        for row in &written.rows {
            let (more, fewer) = match row.len().cmp(&targets.len()) {
                Ordering::Greater => ("expressions", "target columns"),
                Ordering::Less if is_named && !row.is_empty() => ("target columns", "expressions"),
                _ => continue,
            };
            return Err(Problem::new("42601", format!("INSERT has more {more} than {fewer}"), at(row)));
        }
        let given = written.rows.iter().flat_map(|row| row.iter().zip(&targets));
        let given =
            given.filter_map(|(value, column)| Some((*value, column.filter(|it| it.presence == Presence::Yes)?)));
        let given: Vec<(&Expr, &Column)> = given.collect();
        let is_fixed = |(value, column): &&(&Expr, &Column)| {
            (column.generated || column.identity == Some(Identity::Always) && !overriding)
                && value.kind != ExprKind::Default
        };
        given.iter().try_for_each(|(value, column)| self.matched(value, column, "expression"))?;
        if let Some((value, column)) = given.iter().find(is_fixed) {
            let message = format!("cannot insert a non-DEFAULT value into column \"{}\"", column.name);
            return Err(Problem::new("428C9", message, value.at));
        }
        if let Some(ConflictAction::Update { set, .. }) = conflict.as_deref().map(|conflict| &conflict.action) {
            self.assigned(relation, set)?;
        }
        if !written.are_certain {
            // A text is read before the query runs.
            return if written.are_read {
                given.iter().try_for_each(|(value, column)| self.readable(value, column))
            } else {
                Ok(())
            };
        }
        for (value, column) in given {
            if let Some((sqlstate, message)) = self.mistyped(value, &column.kind) {
                return Err(Problem::new(sqlstate, message, value.at));
            }
        }
        // What stands before a row is added may fill it, or do something instead.
        if relation.partitioned || may_be_filled(self.state, id) {
            return Ok(());
        }
        if let Some((row, column)) = written.rows.iter().find_map(|row| Some((row, missing(relation, row, &targets)?)))
        {
            let of = format!("column \"{column}\" of relation \"{}\"", table.name);
            let message = format!("null value in {of} violates not-null constraint");
            return Err(Problem::new("23502", message, at(row)));
        }
        let Some(Conflict { columns, filter: None, action: ConflictAction::Update { filter: None, .. }, .. }) =
            conflict.as_deref()
        else {
            return Ok(());
        };
        match same_twice(&written.rows, &targets, columns) {
            Some(row) => {
                let message = "ON CONFLICT DO UPDATE command cannot affect row a second time".to_owned();
                Err(Problem::new("21000", message, at(row)))
            }
            None => Ok(()),
        }
    }

    /// A constant that is neither of the type of a column nor cast to it where it is assigned.
    pub(super) fn matched(&self, value: &Expr, column: &Column, what: &str) -> Done {
        let (Some(own), ColumnType::BuiltIn { name, array: false, .. }) = (literal(value), &column.kind) else {
            return Ok(());
        };
        let is_apart = match name.as_str() {
            "bool" => own != "boolean",
            "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => own == "boolean",
            "date" | "time" | "timetz" | "timestamp" | "timestamptz" | "interval" | "uuid" | "json" | "jsonb"
            | "bytea" => true,
            _ => false,
        };
        let is_cast = |id: Id| self.state.get(id).is_some_and(|object| object.kind == Kind::Other("cast".into()));
        if !is_apart
            || column.presence != Presence::Yes
            || self.state.has_extension
            || self.state.parts(Class::Other, 0).into_iter().any(is_cast)
        {
            return Ok(());
        }
        let kind = self.state.type_text(&column.kind);
        let message = format!("column \"{}\" is of type {kind} but {what} is of type {own}", column.name);
        Err(Problem::new("42804", message, value.at))
    }

    /// A default that the type of its column does not know.
    pub(super) fn default_known(&self, of: Ref, value: &Expr) -> Done {
        let Some(column) = self.state.relation(of.0).and_then(|relation| relation.numbered(of.1)) else {
            return Ok(());
        };
        self.matched(value, column, "default expression")?;
        // What is too long is so only when it is used.
        self.readable(value, column).or_else(|problem| {
            if problem.sqlstate == "22001" || problem.message == NUMERIC_OVERFLOW { Ok(()) } else { Err(problem) }
        })
    }

    /// A text that the type of a column does not know: PostgreSQL reads it as it plans, whatever rows there are.
    fn readable(&self, value: &Expr, column: &Column) -> Done {
        match self.mistyped(value, &column.kind) {
            Some((sqlstate, message)) if matches!(value.kind, ExprKind::Text(_)) => {
                Err(Problem::new(sqlstate, message, value.at))
            }
            _ => Ok(()),
        }
    }

    /// The columns that an `UPDATE` sets.
    pub(super) fn settable(&mut self, table: &Name, set: &[Assignment]) -> Done {
        let Some(id) = self.opened(table)? else { return Ok(()) };
        let relation = self.state.relation(id).filter(|relation| relation.is_known);
        let Some(relation) = relation else { return Ok(()) };
        let is_whole = |set: &&Assignment| is_whole(relation, &set.column);
        let mut seen = BTreeSet::new();
        if let Some(twice) = set.iter().filter(is_whole).find(|set| !seen.insert(&set.column)) {
            let message = format!("multiple assignments to same column \"{}\"", twice.column);
            return Err(Problem::new("42601", message, twice.at));
        }
        self.assigned(relation, set)
    }

    /// What is written into the columns of rows that are there.
    fn assigned(&self, relation: &Relation, set: &[Assignment]) -> Done {
        for set in set {
            if let Some(column) = relation.column(&set.column) {
                self.matched(&set.value, column, "expression")?;
                self.readable(&set.value, column)?;
            }
        }
        fixed(set, relation)
    }

    /// What PostgreSQL says of a constant that a type does not know.
    fn mistyped(&self, value: &Expr, kind: &ColumnType) -> Option<(&'static str, String)> {
        let (name, modifiers) = match kind {
            ColumnType::BuiltIn { name, modifiers, array: false } => (name, modifiers),
            ColumnType::User { id, array: false } => return self.mislabelled(value, *id, kind),
            ColumnType::BuiltIn { array: true, .. } | ColumnType::User { array: true, .. } => return malformed(value),
            ColumnType::Literal | ColumnType::Unsaid => return None,
        };
        let called = || self.state.type_text(kind);
        let unreadable =
            |text: &str| Some(("22P02", format!("invalid input syntax for type {}: \"{text}\"", called())));
        let limits = match name.as_str() {
            "int2" => Some((i128::from(i16::MIN), i128::from(i16::MAX))),
            "int4" => Some((i128::from(i32::MIN), i128::from(i32::MAX))),
            "int8" => Some((i128::from(i64::MIN), i128::from(i64::MAX))),
            _ => None,
        };
        match (&value.kind, name.as_str()) {
            (ExprKind::Text(text), "int2" | "int4" | "int8") => {
                let (least, most) = limits?;
                let digits = text.trim_matches(is_blank);
                let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
                if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
                    return unreadable(text);
                }
                let is_within = digits.parse::<i128>().is_ok_and(|number| (least..=most).contains(&number));
                (!is_within).then(|| ("22003", format!("value \"{text}\" is out of range for type {}", called())))
            }
            (_, "int2" | "int4") => {
                let (least, most) = limits?;
                let (sign, digits) = whole(value)?;
                let is_within = digits.parse::<i128>().is_ok_and(|number| (least..=most).contains(&(sign * number)));
                (!is_within).then(|| ("22003", format!("{} out of range", called())))
            }
            (ExprKind::Text(text), "bool") => {
                let word = text.trim_matches(is_blank).to_ascii_lowercase();
                let is_part = |whole: &&str| !word.is_empty() && whole.starts_with(&word);
                // `o` alone may be on or off.
                let is_known = word != "o" && ["true", "false", "yes", "no", "on", "off", "1", "0"].iter().any(is_part);
                if is_known { None } else { unreadable(text) }
            }
            (ExprKind::Text(text), "varchar" | "bpchar") => {
                let most: usize = modifiers.parse().ok()?;
                let rest = text.chars().skip(most);
                let is_long = rest.into_iter().any(|letter| letter != ' ');
                is_long.then(|| ("22001", format!("value too long for type {}", called())))
            }
            (ExprKind::Text(text), "uuid") => {
                let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
                let digits = inner.chars().filter(|letter| *letter != '-');
                let is_digit = |letter: char| letter.is_ascii_hexdigit();
                let is_known = digits.clone().count() == 32 && digits.into_iter().all(is_digit);
                if is_known { None } else { unreadable(text) }
            }
            (ExprKind::Text(text), "json" | "jsonb") => {
                let is_open = text.contains(['[', '{']) && text.matches(['[', '{']).count() > JSON_DEPTH;
                let is_known = is_open || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                (!is_known).then(|| ("22P02", "invalid input syntax for type json".to_owned()))
            }
            (ExprKind::Text(text), "date" | "timestamp" | "timestamptz" | "time") => {
                let is_known = if name == "time" { has_clock(text) } else { has_day(text) };
                (is_known == Some(false)).then(|| ("22008", format!("date/time field value out of range: \"{text}\"")))
            }
            (_, "numeric") => {
                let (precision, scale) = modifiers.split_once(',')?;
                let most = precision.parse::<usize>().ok()?.checked_sub(scale.parse::<usize>().ok()?)?;
                let before = digits_before_point(value)?.trim_start_matches('0').len();
                (before > most).then(|| ("22003", NUMERIC_OVERFLOW.to_owned()))
            }
            _ => None,
        }
    }

    /// What PostgreSQL says of a text that is no label of an enum, or one that this transaction has added.
    fn mislabelled(&self, value: &Expr, id: Id, kind: &ColumnType) -> Option<(&'static str, String)> {
        let ExprKind::Text(text) = &value.kind else { return None };
        let labels = |state: &State| match state.get(id) {
            Some(object) if object.presence == Presence::Yes && !object.varies => match &object.detail {
                Detail::Type(detail) if !detail.labels.is_empty() => Some(detail.labels.clone()),
                _ => None,
            },
            _ => None,
        };
        let own = labels(self.state)?;
        let called = self.state.short_type_text(kind);
        let Some(place) = own.iter().position(|label| label == text) else {
            return Some(("22P02", format!("invalid input value for enum {called}: \"{text}\"")));
        };
        // What CREATE TYPE of the same transaction has told may be used, and what has another name now.
        let told = match self.state.get(id).map(|object| &object.detail) {
            Some(Detail::Type(detail)) => detail.told,
            _ => own.len(),
        };
        let is_new = self.begun.is_some_and(|state| match (state.get(id), labels(state)) {
            (_, Some(before)) => place >= before.len() && !before.contains(text),
            (object, None) => place >= told && object.is_none_or(|object| object.presence == Presence::No),
        });
        is_new.then(|| ("55P04", format!("unsafe use of new value \"{text}\" of enum type {called}")))
    }
}

/// What PostgreSQL says of a number that has more digits than its column.
const NUMERIC_OVERFLOW: &str = "numeric field overflow";

/// How many brackets of JSON are counted through.
const JSON_DEPTH: usize = 100;

/// What PostgreSQL says of a text that is no array.
fn malformed(value: &Expr) -> Option<(&'static str, String)> {
    let ExprKind::Text(text) = &value.kind else { return None };
    let inner = text.trim_matches(is_blank);
    // `[1:2]={…}` says where it begins.
    let is_array = (inner.starts_with('{') || inner.starts_with('[') && inner.contains("]=")) && inner.ends_with('}');
    (!is_array).then(|| ("22P02", format!("malformed array literal: \"{text}\"")))
}

/// The digits of a constant number before its point.
fn digits_before_point(value: &Expr) -> Option<&str> {
    let number = match &value.kind {
        ExprKind::Number(number) => number.as_str(),
        ExprKind::Text(text) => text.trim_matches(is_blank).trim_start_matches(['-', '+']),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => return digits_before_point(right),
        _ => return None,
    };
    let (before, after) = number.split_once('.').unwrap_or((number, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!before.is_empty() && are_digits(before) && are_digits(after)).then_some(before)
}

/// Whether there is the day, and the time behind it, of a text in the form of ISO 8601; none of another form.
fn has_day(text: &str) -> Option<bool> {
    let text = text.trim_matches(is_blank);
    let (day, clock) = match text.split_once(['T', ' ']) {
        Some((day, clock)) => (day, Some(clock)),
        None => (text, None),
    };
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |text: &str, length: usize| {
        let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let is_day = Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?).is_some();
    Some(clock.map_or(Some(true), has_clock)? && is_day && year > 0)
}

/// Whether there is the time of a text of hours, minutes and perhaps seconds; none of another form.
fn has_clock(text: &str) -> Option<bool> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |text: &&str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u8>().ok()).flatten()
    };
    let numbers: Vec<u8> = parts.iter().map(number).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [hour, minute, rest @ ..] if rest.len() <= 1 => {
            let second = rest.first().copied().unwrap_or_default();
            Some(*hour < 24 && *minute < 60 && second <= 60 || *hour == 24 && *minute == 0 && second == 0)
        }
        _ => None,
    }
}

/// The sign and the digits of a whole number.
fn whole(value: &Expr) -> Option<(i128, &str)> {
    match &value.kind {
        ExprKind::Number(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some((1, digits)),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => {
            let (sign, digits) = whole(right)?;
            Some((-sign, digits))
        }
        _ => None,
    }
}

/// Whether a trigger sees each row before it is added, or a rule does something about it.
fn may_be_filled(state: &State, id: Id) -> bool {
    let triggers = state.parts(Class::Trigger, id).into_iter().filter_map(|id| state.get(id));
    let fires = |detail: &Detail| match detail {
        Detail::Trigger(trigger) => {
            trigger.timing != TriggerTiming::After
                && trigger.row
                && trigger.events.iter().any(|event| event == "insert")
                && trigger.state.fires()
        }
        _ => false,
    };
    triggers.into_iter().any(|object| fires(&object.detail)) || !state.parts(Class::Rule, id).is_empty()
}

/// The type that a constant has by itself; a text has that of what it is for.
fn literal(value: &Expr) -> Option<&'static str> {
    match &value.kind {
        ExprKind::Boolean(_) => Some("boolean"),
        ExprKind::Number(digits) => Some(match digits.parse::<i64>() {
            Ok(number) if i32::try_from(number).is_ok() => "integer",
            Ok(_) => "bigint",
            Err(_) => "numeric",
        }),
        _ => None,
    }
}

/// Whether what is written into a column is all of it: of arrays and records parts may be.
fn is_whole(relation: &Relation, column: &Ident) -> bool {
    relation.column(column).is_none_or(|column| column.kind.scalar().is_some())
}

/// Whether columns are set that PostgreSQL alone fills.
fn fixed(set: &[Assignment], relation: &Relation) -> Done {
    let is_fixed = |set: &&Assignment| {
        let column = relation.column(&set.column).filter(|column| column.presence == Presence::Yes);
        set.value.kind != ExprKind::Default
            && column.is_some_and(|column| column.generated || column.identity == Some(Identity::Always))
    };
    match set.iter().find(is_fixed) {
        Some(set) => {
            let message = format!("column \"{}\" can only be updated to DEFAULT", set.column);
            Err(Problem::new("428C9", message, set.at))
        }
        None => Ok(()),
    }
}

/// A row that has the same constants as one before it in all of the columns, as far as texts and whole
/// numbers are told apart by how they are written.
fn same_twice<'r, 'a>(rows: &'r [Vec<&'a Expr>], targets: &[Option<&Column>], key: &[Expr]) -> Option<&'r [&'a Expr]> {
    let place = |part: &Expr| {
        let ExprKind::Column(path) = &part.kind else { return None };
        let [name] = path.as_slice() else { return None };
        targets.iter().position(|target| target.is_some_and(|column| column.name == *name))
    };
    let places: Vec<usize> = key.iter().map(place).collect::<Option<_>>()?;
    if places.is_empty() {
        return None;
    }
    let constant = |value: &&Expr| match &value.kind {
        ExprKind::Text(text) => Some((true, text.clone())),
        ExprKind::Number(digits) => Some((false, digits.clone())),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    rows.iter().map(Vec::as_slice).find(|row| {
        let values: Option<Vec<_>> = places.iter().map(|place| row.get(*place).and_then(constant)).collect();
        values.is_some_and(|values| !seen.insert(values))
    })
}

/// A column that must have a value, and that neither the row nor a default gives one.
fn missing<'r>(relation: &'r Relation, row: &[&Expr], targets: &[Option<&Column>]) -> Option<&'r Ident> {
    let needs = |column: &&Column| {
        let is_there =
            column.not_null && column.presence == Presence::Yes && !column.generated && column.identity.is_none();
        let value = targets.iter().position(|target| target.is_some_and(|target| target.name == column.name));
        let value = value.and_then(|place| row.get(place)).map(|value| &value.kind);
        // A domain may have a default of its own.
        let by_itself =
            column.default.is_none() && !matches!(column.kind, ColumnType::User { .. } | ColumnType::Unsaid);
        is_there
            && match value {
                Some(ExprKind::Null) => true,
                Some(ExprKind::Default) | None => by_itself,
                Some(_) => false,
            }
    };
    relation.columns.iter().find(needs).map(|column| &column.name)
}

/// Rows as they are written.
struct Written<'a> {
    rows: Vec<Vec<&'a Expr>>,
    /// Whether they are added for certain, and not only as often as a query finds something.
    are_certain: bool,
    /// Whether texts in them become values of their columns at once.
    are_read: bool,
}

/// The rows of an `INSERT`; none where their columns cannot be counted.
fn written(rows: &RowSource) -> Option<Written<'_>> {
    let RowSource::Query(query) = rows else {
        return Some(Written { rows: vec![Vec::new()], are_certain: true, are_read: true });
    };
    let (rows, are_certain): (Vec<Vec<&Expr>>, bool) = match &query.body {
        QueryBody::Values(rows) => (rows.iter().map(|row| row.iter().collect()).collect(), true),
        QueryBody::Select(select) => (vec![select.targets.iter().map(|target| &target.value).collect()], false),
        QueryBody::Set { .. } => return None,
    };
    let is_open = |value: &&Expr| matches!(value.kind, ExprKind::Star(_));
    let are_read = match &query.body {
        QueryBody::Select(select) => !select.distinct && select.group_by.is_empty() && query.order_by.is_empty(),
        _ => true,
    };
    (!rows.iter().flatten().any(is_open)).then_some(Written { rows, are_certain, are_read })
}

/// Whether a cast to that type cuts what is too long.
const fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

//! Whether two spellings come to the same. PostgreSQL keeps what it understood, not what was
//! written: `status IN ('new')` comes back from `pg_dump` as `((status)::text = 'new'::text)`.
//! Where it cannot be told they are not the same.

use std::borrow::Cow;

use super::super::object::{ColumnType, Detail, Id, Key};
use super::super::store::{Class, Found, Ref, State};
use super::super::{parse_name, types};
use super::{Level, Reader};
use crate::effect::{
    At, Cte, CteBody, Expr, ExprKind, From, Ident, LikeKind, Name, Query, QueryBody, Select, SubqueryKind, Target, Type,
};

/// How deep two spellings may nest before they are no longer compared.
const DEPTH: usize = 200;

/// Two catalogs, and what each of two expressions sees in its own.
pub(in super::super) struct Pair<'a> {
    one: Reader<'a>,
    other: Reader<'a>,
    depth: usize,
}

/// A constant, whatever it is cast to.
#[derive(Clone, Copy)]
struct Constant<'e> {
    value: Value<'e>,
    is_negative: bool,
    /// The type that it is cast to last.
    kind: Option<&'e Type>,
}

#[derive(Clone, Copy, PartialEq)]
enum Value<'e> {
    Null,
    Boolean(bool),
    Number(&'e str),
    Text(&'e str),
}

impl<'a> Pair<'a> {
    pub(in super::super) fn new(one: &'a State, other: &'a State) -> Self {
        Self { one: Reader::new(one), other: Reader::new(other), depth: 0 }
    }

    /// Lets each see the columns of its relation, by that name if there is one.
    pub(in super::super) fn see(&mut self, one: Id, other: Id, alias: Option<&str>) {
        self.one.see(one, alias);
        self.other.see(other, alias);
    }

    /// Lets each see the value that a domain constrains.
    pub(in super::super) fn see_value(&mut self, one: &ColumnType, other: &ColumnType) {
        let value = |kind: &ColumnType| [(Ident::new_static("value"), kind.clone())];
        self.one.see_columns("", &value(one), true);
        self.other.see_columns("", &value(other), true);
    }

    /// Whether two defaults of a column are the same: what is assigned becomes its type by itself.
    pub(in super::super) fn defaults(&mut self, one: (&Expr, &ColumnType), other: (&Expr, &ColumnType)) -> bool {
        fn bare<'e>(reader: &mut Reader<'_>, value: &'e Expr, kind: &ColumnType) -> &'e Expr {
            match &value.kind {
                ExprKind::Cast { operand, to } if is_implied(reader.state, &reader.kind_of(to), kind) => operand,
                _ => value,
            }
        }
        let (first, second) = (bare(&mut self.one, one.0, one.1), bare(&mut self.other, other.0, other.1));
        self.exprs(one.0, other.0) || self.exprs(first, second)
    }

    /// Whether two expressions are the same.
    pub(in super::super) fn exprs(&mut self, one: &Expr, other: &Expr) -> bool {
        if self.depth >= DEPTH {
            return false;
        }
        self.depth += 1;
        let (first, second) = (plain(one), plain(other));
        let are_same = match (constant(&first), constant(&second)) {
            (Some(first), Some(second)) => self.constants(first, second),
            _ => self.kinds(&first, &second),
        };
        self.depth -= 1;
        are_same
    }

    /// The same of two queries.
    pub(in super::super) fn queries(&mut self, one: &Query, other: &Query) -> bool {
        if self.depth >= DEPTH {
            return false;
        }
        self.depth += 1;
        let ctes = (self.one.ctes.len(), self.other.ctes.len());
        let are_same = (one.recursive, one.locks, one.with.len()) == (other.recursive, other.locks, other.with.len())
            && one.with.iter().zip(&other.with).all(|(first, second)| self.ctes(first, second, one.recursive))
            && self.bodies(one, other);
        self.one.ctes.truncate(ctes.0);
        self.other.ctes.truncate(ctes.1);
        self.depth -= 1;
        are_same
    }

    fn ctes(&mut self, one: &Cte, other: &Cte, recursive: bool) -> bool {
        let shapes = (self.one.cte(one, recursive), self.other.cte(other, recursive));
        // One that reads itself is seen in its own body.
        let before = (!recursive).then(|| self.cte_bodies(one, other));
        self.one.ctes.push((one.name.clone(), shapes.0));
        self.other.ctes.push((other.name.clone(), shapes.1));
        let are_same = before.unwrap_or_else(|| self.cte_bodies(one, other));
        are_same && (&one.name, one.materialized) == (&other.name, other.materialized)
    }

    fn cte_bodies(&mut self, one: &Cte, other: &Cte) -> bool {
        match (&one.body, &other.body) {
            (CteBody::Query(one), CteBody::Query(other)) => self.queries(one, other),
            (one, other) => one == other,
        }
    }

    fn bodies(&mut self, one: &Query, other: &Query) -> bool {
        match (&one.body, &other.body) {
            (QueryBody::Select(first), QueryBody::Select(second)) => {
                let level = Level { is_known: true, ..Level::default() };
                self.one.levels.push(level.clone());
                self.other.levels.push(level);
                let are_same = self.selects(first, second)
                    && self.sorted((&one.order_by, &first.targets), (&other.order_by, &second.targets))
                    && self.limits(one, other);
                self.one.levels.pop();
                self.other.levels.pop();
                are_same
            }
            (QueryBody::Values(first), QueryBody::Values(second)) => {
                first.len() == second.len()
                    && first.iter().zip(second).all(|(first, second)| self.each(first, second))
                    && self.each(&one.order_by, &other.order_by)
                    && self.limits(one, other)
            }
            (
                QueryBody::Set { operator, all, left, right },
                QueryBody::Set { operator: second, all: second_all, left: second_left, right: second_right },
            ) => {
                (operator, all, &one.order_by) == (second, second_all, &other.order_by)
                    && self.queries(left, second_left)
                    && self.queries(right, second_right)
                    && self.limits(one, other)
            }
            _ => false,
        }
    }

    fn selects(&mut self, one: &Select, other: &Select) -> bool {
        one.from.len() == other.from.len()
            && one.from.iter().zip(&other.from).all(|(one, other)| {
                let are_same = self.froms(one, other);
                self.one.join(one);
                self.other.join(other);
                are_same && self.conditions(one, other)
            })
            && one.distinct == other.distinct
            && self.targets(&one.targets, &other.targets)
            && self.optional(one.filter.as_ref(), other.filter.as_ref())
            && self.optional(one.having.as_ref(), other.having.as_ref())
            && self.sorted((&one.distinct_on, &one.targets), (&other.distinct_on, &other.targets))
            && self.sorted((&one.group_by, &one.targets), (&other.group_by, &other.targets))
    }

    fn limits(&mut self, one: &Query, other: &Query) -> bool {
        self.optional(one.limit.as_deref(), other.limit.as_deref())
            && self.optional(one.offset.as_deref(), other.offset.as_deref())
    }

    /// What GROUP BY, ORDER BY and DISTINCT ON name by number or by the name of an output.
    fn sorted(&mut self, one: (&[Expr], &[Target]), other: (&[Expr], &[Target])) -> bool {
        fn meant<'e>(expr: &'e Expr, targets: &'e [Target]) -> &'e Expr {
            let target = match &expr.kind {
                ExprKind::Number(number) => {
                    number.parse::<usize>().ok().and_then(|number| targets.get(number.checked_sub(1)?))
                }
                ExprKind::Column(path) => match path.as_slice() {
                    [name] => targets.iter().find(|target| target.alias.as_ref() == Some(name)),
                    _ => None,
                },
                _ => None,
            };
            target.map_or(expr, |target| &target.value)
        }
        one.0.len() == other.0.len()
            && one.0.iter().zip(other.0).all(|(first, second)| self.exprs(meant(first, one.1), meant(second, other.1)))
    }

    fn targets(&mut self, one: &[Target], other: &[Target]) -> bool {
        match (written_out(&self.one, one), written_out(&self.other, other)) {
            (Some(one), Some(other)) => {
                one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| self.exprs(one, other))
            }
            _ => one == other,
        }
    }

    /// Items of FROM, but for the conditions of joins.
    fn froms(&mut self, one: &From, other: &From) -> bool {
        match (one, other) {
            (
                From::Relation { name, columns, only, .. },
                From::Relation { name: second, columns: second_columns, only: second_only, .. },
            ) => {
                let is_cte = |reader: &Reader<'_>, name: &Name| {
                    name.schema.is_none() && reader.ctes.iter().any(|(cte, _)| *cte == name.name)
                };
                let are_same = match (is_cte(&self.one, name), is_cte(&self.other, second)) {
                    (true, true) => name.name == second.name,
                    (false, false) => self.relations(name, second),
                    _ => false,
                };
                are_same && (only, columns) == (second_only, second_columns)
            }
            (
                From::Subquery { query, columns, lateral, .. },
                From::Subquery { query: second, columns: second_columns, lateral: second_lateral, .. },
            ) => (lateral, columns) == (second_lateral, second_columns) && self.queries(query, second),
            (From::Function { calls, columns, .. }, From::Function { calls: second, columns: second_columns, .. }) => {
                columns == second_columns && self.each(calls, second)
            }
            (
                From::Join { kind, left, right, using, natural, .. },
                From::Join {
                    kind: second_kind,
                    left: second_left,
                    right: second_right,
                    using: second_using,
                    natural: second_natural,
                    ..
                },
            ) => {
                (kind, using, natural) == (second_kind, second_using, second_natural)
                    && self.froms(left, second_left)
                    && self.froms(right, second_right)
            }
            (one, other) => one == other,
        }
    }

    /// The conditions of joins, where all that is joined is seen.
    fn conditions(&mut self, one: &From, other: &From) -> bool {
        match (one, other) {
            (
                From::Join { left, right, on, .. },
                From::Join { left: second_left, right: second_right, on: second_on, .. },
            ) => {
                self.conditions(left, second_left)
                    && self.conditions(right, second_right)
                    && self.optional(on.as_ref(), second_on.as_ref())
            }
            _ => true,
        }
    }

    fn relations(&self, one: &Name, other: &Name) -> bool {
        match (relation(self.one.state, one), relation(self.other.state, other)) {
            (None, None) => one == other,
            (one, other) => one == other,
        }
    }

    fn each(&mut self, one: &[Expr], other: &[Expr]) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| self.exprs(one, other))
    }

    fn optional(&mut self, one: Option<&Expr>, other: Option<&Expr>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => self.exprs(one, other),
            (one, other) => one == other,
        }
    }

    fn constants(&mut self, one: Constant<'_>, other: Constant<'_>) -> bool {
        let kinds = (
            one.kind.map_or(ColumnType::Literal, |kind| self.one.kind_of(kind)),
            other.kind.map_or(ColumnType::Literal, |kind| self.other.kind_of(kind)),
        );
        let is_of_one_kind = self.are_same_types(&kinds.0, &kinds.1)
            || is_implied(self.one.state, &kinds.0, &kinds.1)
            || is_implied(self.other.state, &kinds.1, &kinds.0);
        is_of_one_kind && self.values(one, other, kinds.0.scalar().or(kinds.1.scalar()))
    }

    fn values(&self, one: Constant<'_>, other: Constant<'_>, kind: Option<&str>) -> bool {
        if (one.value, one.is_negative) == (other.value, other.is_negative) {
            return true;
        }
        let is = |test: fn(Value<'_>) -> bool| test(one.value) || test(other.value);
        let is_truth = kind == Some("bool") || is(|value| matches!(value, Value::Boolean(_)));
        let is_number = kind.is_some_and(types::is_number) || is(|value| matches!(value, Value::Number(_)));
        let (Some(one), Some(other)) = (one.text(), other.text()) else { return false };
        match kind {
            Some("jsonb") => {
                let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
                same(read(&one).as_ref(), read(&other).as_ref())
            }
            _ if is_truth => same(truth(&one).as_ref(), truth(&other).as_ref()),
            Some("interval") => same(interval(&one).as_ref(), interval(&other).as_ref()),
            Some("regclass") => {
                let key = |state: &State, text: &str| relation(state, &parse_name(text, At::default())?);
                same(key(self.one.state, &one).as_ref(), key(self.other.state, &other).as_ref())
            }
            _ => is_number && same(number(&one).as_ref(), number(&other).as_ref()),
        }
    }

    fn are_same_types(&self, one: &ColumnType, other: &ColumnType) -> bool {
        *one != ColumnType::Unsaid && self.one.state.type_text(one) == self.other.state.type_text(other)
    }

    fn kinds(&mut self, one: &Expr, other: &Expr) -> bool {
        use ExprKind as K;
        match (&one.kind, &other.kind) {
            (K::Cast { operand, to }, K::Cast { operand: second, to: second_to }) => {
                let kinds = (self.one.kind_of(to), self.other.kind_of(second_to));
                let is_one = to == second_to || self.are_same_types(&kinds.0, &kinds.1);
                is_one && self.exprs(operand, second) || self.uncast(one, other)
            }
            (K::Cast { .. }, _) | (_, K::Cast { .. }) => self.uncast(one, other),
            (K::Column(path), K::Column(second)) => self.columns(path, second),
            (K::And(parts), K::And(second))
            | (K::Or(parts), K::Or(second))
            | (K::Coalesce(parts), K::Coalesce(second))
            | (K::Array(parts), K::Array(second))
            | (K::Row(parts), K::Row(second)) => self.each(parts, second),
            (K::Not(operand), K::Not(second)) => self.exprs(operand, second),
            (
                K::Is { operand, test, negated },
                K::Is { operand: second, test: second_test, negated: second_negated },
            ) => (test, negated) == (second_test, second_negated) && self.exprs(operand, second),
            (
                K::Distinct { left, right, negated },
                K::Distinct { left: second_left, right: second_right, negated: second_negated },
            ) => negated == second_negated && self.exprs(left, second_left) && self.exprs(right, second_right),
            (
                K::Operator { operator, left, right },
                K::Operator { operator: second, left: second_left, right: second_right },
            ) => {
                operator == second
                    && self.optional(left.as_deref(), second_left.as_deref())
                    && self.exprs(right, second_right)
                    && self.is_of_one_type(operator, one, other)
            }
            (
                K::Quantified { operand, operator, all, array },
                K::Quantified { operand: second, operator: second_operator, all: second_all, array: second_array },
            ) => {
                (operator, all) == (second_operator, second_all)
                    && self.exprs(operand, second)
                    && self.exprs(array, second_array)
            }
            (K::Subquery { kind, query }, K::Subquery { kind: second_kind, query: second }) => {
                self.uses(kind, second_kind) && self.queries(query, second)
            }
            (
                K::Case { operand, arms, otherwise },
                K::Case { operand: second, arms: second_arms, otherwise: second_otherwise },
            ) => {
                let null = Expr { at: At::default(), kind: K::Null };
                let ends = (otherwise.as_deref().unwrap_or(&null), second_otherwise.as_deref().unwrap_or(&null));
                self.optional(operand.as_deref(), second.as_deref())
                    && arms.len() == second_arms.len()
                    && arms.iter().zip(second_arms).all(|((when, then), (second_when, second_then))| {
                        self.exprs(when, second_when) && self.exprs(then, second_then)
                    })
                    && self.exprs(ends.0, ends.1)
            }
            (
                K::Call { function, arguments, star, distinct, filter, over },
                K::Call {
                    function: second,
                    arguments: second_arguments,
                    star: second_star,
                    distinct: second_distinct,
                    filter: second_filter,
                    over: second_over,
                },
            ) => {
                (star, distinct, over) == (second_star, second_distinct, second_over)
                    && self.functions((function, arguments), (second, second_arguments))
                    && self.arguments(function, arguments, second_arguments)
                    && self.optional(filter.as_deref(), second_filter.as_deref())
            }
            (K::Field { operand, field }, K::Field { operand: second, field: second_field }) => {
                field == second_field && self.exprs(operand, second)
            }
            (K::Index { operand, subscripts }, K::Index { operand: second, subscripts: second_subscripts }) => {
                self.exprs(operand, second) && self.each(subscripts, second_subscripts)
            }
            (K::Other { what, parts }, K::Other { what: second_what, parts: second }) => {
                what == second_what && self.each(parts, second)
            }
            (one, other) => one == other,
        }
    }

    /// Whether two operations yield one type: a whole number that is divided is another than one
    /// with a fraction.
    fn is_of_one_type(&mut self, operator: &str, one: &Expr, other: &Expr) -> bool {
        if !matches!(operator, "+" | "-" | "*" | "/" | "%") {
            return true;
        }
        let (one, other) = (self.one.expr(one), self.other.expr(other));
        match (one.scalar(), other.scalar()) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }

    /// Whether they are the same but for a cast that one of them has and that goes without saying.
    fn uncast(&mut self, one: &Expr, other: &Expr) -> bool {
        fn bare<'e>(reader: &mut Reader<'_>, expr: &'e Expr) -> Option<&'e Expr> {
            let ExprKind::Cast { operand, to } = &expr.kind else { return None };
            let kinds = (reader.expr(operand), reader.kind_of(to));
            is_implied(reader.state, &kinds.0, &kinds.1).then_some(operand)
        }
        let (first, second) = (bare(&mut self.one, one), bare(&mut self.other, other));
        first.is_some_and(|first| self.exprs(first, other)) || second.is_some_and(|second| self.exprs(one, second))
    }

    fn columns(&self, one: &[Ident], other: &[Ident]) -> bool {
        let (Some(first), Some(second)) = (self.one.lookup(one), self.other.lookup(other)) else { return one == other };
        let keys = |state: &State, sources: &[Ref]| -> Vec<Key> { sources.iter().map(|of| state.key(*of)).collect() };
        // Two items of FROM may be one relation.
        let are_of_one_item = match (one, other) {
            ([.., _, _], [.., _, _]) => place(&self.one, one) == place(&self.other, other),
            _ => true,
        };
        first.name == second.name
            && are_of_one_item
            && keys(self.one.state, &first.sources) == keys(self.other.state, &second.sources)
    }

    fn uses(&mut self, one: &SubqueryKind, other: &SubqueryKind) -> bool {
        use SubqueryKind as S;
        match (one, other) {
            (S::Any { operand, operator }, S::Any { operand: second, operator: second_operator })
            | (S::All { operand, operator }, S::All { operand: second, operator: second_operator }) => {
                operator == second_operator && self.exprs(operand, second)
            }
            (one, other) => one == other,
        }
    }

    fn functions(&mut self, one: (&Name, &[Expr]), other: (&Name, &[Expr])) -> bool {
        fn routine(reader: &mut Reader<'_>, (name, arguments): (&Name, &[Expr])) -> Option<Key> {
            let types = reader.each(arguments);
            reader.routine_of(name, types.len(), &types).map(|id| reader.state.key((id, 0)))
        }
        let schema = |name: &Name| name.schema.clone().filter(|schema| schema != "pg_catalog");
        match (routine(&mut self.one, one), routine(&mut self.other, other)) {
            (None, None) => one.0.name == other.0.name && schema(one.0) == schema(other.0),
            (one, other) => one == other,
        }
    }

    fn arguments(&mut self, function: &Name, one: &[Expr], other: &[Expr]) -> bool {
        let named = |expr: &Expr| parse_name(&constant(expr)?.text()?, At::default());
        match (one, other) {
            ([first, rest @ ..], [second, second_rest @ ..])
                if matches!(function.name.as_str(), "nextval" | "currval" | "setval") =>
            {
                let are_same = match (named(first), named(second)) {
                    (Some(first), Some(second)) => self.relations(&first, &second),
                    _ => self.exprs(first, second),
                };
                are_same && self.each(rest, second_rest)
            }
            _ => self.each(one, other),
        }
    }
}

impl Constant<'_> {
    /// As it is written; nothing for NULL.
    fn text(self) -> Option<String> {
        let sign = if self.is_negative { "-" } else { "" };
        match self.value {
            Value::Null => None,
            Value::Boolean(truth) => Some(truth.to_string()),
            Value::Number(text) | Value::Text(text) => Some(format!("{sign}{text}")),
        }
    }
}

fn constant(expr: &Expr) -> Option<Constant<'_>> {
    let bare = |value| Some(Constant { value, is_negative: false, kind: None });
    match &expr.kind {
        ExprKind::Null => bare(Value::Null),
        ExprKind::Boolean(truth) => bare(Value::Boolean(*truth)),
        ExprKind::Number(number) => bare(Value::Number(number)),
        ExprKind::Text(text) => bare(Value::Text(text)),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => {
            let number = constant(right).filter(|number| matches!(number.value, Value::Number(_)))?;
            Some(Constant { is_negative: !number.is_negative, ..number })
        }
        ExprKind::Cast { operand, to } => {
            let inner = constant(operand)?;
            let is_text = |kind: &Type| {
                matches!(kind.name.name.as_str(), "text" | "varchar") && kind.modifiers.is_empty() && !kind.array
            };
            let stays = match (inner.kind, inner.value) {
                (Some(kind), _) => is_text(kind) && is_text(to),
                (None, Value::Text(_) | Value::Null) => true,
                (None, Value::Number(_)) => types::is_number(&to.name.name),
                (None, Value::Boolean(_)) => false,
            };
            stays.then_some(Constant { kind: Some(to), ..inner })
        }
        _ => None,
    }
}

/// A relation of the catalog.
fn relation(state: &State, name: &Name) -> Option<Key> {
    match state.find(Class::Relation, name) {
        Found::Object(id) => Some(state.key((id, 0))),
        _ => None,
    }
}

/// Where the item of FROM stands that a column is taken from: how far out, and which one there.
fn place(reader: &Reader<'_>, path: &[Ident]) -> Option<(usize, usize)> {
    let [.., alias, _] = path else { return None };
    reader
        .levels
        .iter()
        .rev()
        .enumerate()
        .find_map(|(level, seen)| seen.items.iter().position(|item| item.alias == *alias).map(|item| (level, item)))
}

/// The values of a select list, with a column for each that a star stands for; nothing where they
/// are not known.
fn written_out<'e>(reader: &Reader<'_>, targets: &'e [Target]) -> Option<Vec<Cow<'e, Expr>>> {
    let level = reader.levels.last()?;
    let mut found = Vec::new();
    for Target { value, .. } in targets {
        let ExprKind::Star(path) = &value.kind else {
            found.push(Cow::Borrowed(value));
            continue;
        };
        let (columns, is_known) = match reader.item(path) {
            Some(item) => (&item.columns, item.is_known),
            None => (&level.visible, path.is_empty() && level.is_known),
        };
        if !is_known {
            return None;
        }
        let path = |name: &Ident| path.iter().chain([name]).cloned().collect();
        found
            .extend(columns.iter().map(|of| Cow::Owned(Expr { at: value.at, kind: ExprKind::Column(path(&of.name)) })));
    }
    Some(found)
}

/// Whether a value becomes the type by itself, as an operand or an argument.
fn is_implied(state: &State, from: &ColumnType, to: &ColumnType) -> bool {
    if *from == ColumnType::Literal {
        return true;
    }
    if let Some(Detail::Type(kind)) = from.user().and_then(|id| state.get(id)).map(|object| &object.detail)
        && let Some(base) = &kind.base
    {
        return is_implied(state, base, to);
    }
    let (
        ColumnType::BuiltIn { name, modifiers, array },
        ColumnType::BuiltIn { name: wanted, modifiers: wanted_modifiers, array: wanted_array },
    ) = (from, to)
    else {
        return *from != ColumnType::Unsaid && from == to;
    };
    if array != wanted_array || !wanted_modifiers.is_empty() && (name, modifiers) != (wanted, wanted_modifiers) {
        return false;
    }
    name == wanted
        || types::is_promoted(name, wanted)
        || matches!(
            (name.as_str(), wanted.as_str()),
            ("varchar" | "name" | "bpchar", "text")
                | ("text" | "name" | "bpchar", "varchar")
                | ("date", "timestamp" | "timestamptz")
                | ("timestamp", "timestamptz")
                | ("time", "timetz" | "interval")
                | ("int2" | "int4" | "int8" | "regclass" | "regproc" | "regtype" | "regrole", "oid")
        )
}

/// Without what the grammar only abbreviates.
fn plain(expr: &Expr) -> Cow<'_, Expr> {
    let at = expr.at;
    let of = |kind: ExprKind| Expr { at, kind };
    let operation = |operator: &'static str, left: &Expr, right: &Expr| {
        let (left, right) = (Some(Box::new(left.clone())), Box::new(right.clone()));
        of(ExprKind::Operator { operator: Ident::new_static(operator), left, right })
    };
    let call = |name: &'static str, arguments: Vec<Expr>| {
        let (function, arguments) = (Box::new(Name::plain(name, at)), arguments.into_boxed_slice());
        of(ExprKind::Call { function, arguments, star: false, distinct: false, filter: None, over: false })
    };
    match &expr.kind {
        ExprKind::In { operand, list, negated } => Cow::Owned(match (list.as_slice(), negated) {
            ([only], false) => operation("=", operand, only),
            ([only], true) => operation("<>", operand, only),
            _ => of(ExprKind::Quantified {
                operand: operand.clone(),
                operator: Box::new(Ident::new_static(if *negated { "<>" } else { "=" })),
                all: *negated,
                array: Box::new(of(ExprKind::Array(list.clone()))),
            }),
        }),
        ExprKind::Between { operand, low, high, negated, symmetric: false } => Cow::Owned(of(if *negated {
            ExprKind::Or(vec![operation("<", operand, low), operation(">", operand, high)])
        } else {
            ExprKind::And(vec![operation(">=", operand, low), operation("<=", operand, high)])
        })),
        ExprKind::Operator { operator, left: Some(left), right } if operator == "=" => {
            match (&left.kind, &right.kind) {
                (ExprKind::Row(one), ExprKind::Row(other)) if one.len() == other.len() && one.len() > 1 => {
                    let parts = one.iter().zip(other).map(|(one, other)| operation("=", one, other));
                    Cow::Owned(of(ExprKind::And(parts.collect())))
                }
                _ => Cow::Borrowed(expr),
            }
        }
        ExprKind::And(parts) if parts.iter().any(|part| matches!(plain(part), Cow::Owned(_))) => {
            let parts = parts.iter().flat_map(|part| match plain(part).into_owned() {
                Expr { kind: ExprKind::And(parts), .. } => parts,
                part => vec![part],
            });
            Cow::Owned(of(ExprKind::And(parts.collect())))
        }
        ExprKind::Distinct { left, right, negated: true } => {
            let distinct = ExprKind::Distinct { left: left.clone(), right: right.clone(), negated: false };
            Cow::Owned(of(ExprKind::Not(Box::new(of(distinct)))))
        }
        ExprKind::Like { kind, operand, pattern, escape, negated } => {
            let (operator, escaped) = match (kind, negated) {
                (LikeKind::Like, false) => ("~~", "like_escape"),
                (LikeKind::Like, true) => ("!~~", "like_escape"),
                (LikeKind::Ilike, false) => ("~~*", "like_escape"),
                (LikeKind::Ilike, true) => ("!~~*", "like_escape"),
                (LikeKind::Similar, false) => ("~", "similar_to_escape"),
                (LikeKind::Similar, true) => ("!~", "similar_to_escape"),
            };
            let is_call = escape.is_some() || *kind == LikeKind::Similar;
            let arguments = || [pattern].into_iter().chain(escape).map(|part| Expr::clone(part)).collect();
            let pattern = if is_call { &call(escaped, arguments()) } else { &**pattern };
            Cow::Owned(operation(operator, operand, pattern))
        }
        _ => Cow::Borrowed(expr),
    }
}

fn same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_some() && one == other
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Whether there is a sign, and the digits before and after the point without zeros that say
/// nothing.
fn number(text: &str) -> Option<(bool, &str, &str)> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        whole.len() + fraction.len() > 0 && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    is_number.then(|| (is_negative, whole.trim_start_matches('0'), fraction.trim_end_matches('0')))
}

/// Months, days and microseconds of an interval as people write it, or as PostgreSQL prints it;
/// nothing where it says it in another way.
fn interval(text: &str) -> Option<(i64, i64, i64)> {
    let (mut months, mut days, mut micros) = (0_i64, 0_i64, 0_i64);
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            micros = micros.checked_add(time(word)?)?;
            continue;
        }
        let (number, unit) =
            word.split_at(word.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(word.len()));
        let unit = if unit.is_empty() { words.next()? } else { unit };
        let (to, times) = match unit.strip_suffix('s').unwrap_or(unit) {
            "year" | "yr" | "y" => (&mut months, 12),
            "month" | "mon" => (&mut months, 1),
            "week" | "w" => (&mut days, 7),
            "day" | "d" => (&mut days, 1),
            "hour" | "hr" | "h" => (&mut micros, 3_600_000_000),
            "minute" | "min" | "m" => (&mut micros, 60_000_000),
            "second" | "sec" => (&mut micros, 1_000_000),
            _ => return None,
        };
        *to = to.checked_add(number.parse::<i64>().ok()?.checked_mul(times)?)?;
    }
    Some((months, days, micros))
}

/// Microseconds of `[-]hours:minutes[:seconds]`.
fn time(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let parts = digits.split(':').map(|part| part.parse::<i64>().ok()).collect::<Option<Vec<i64>>>()?;
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, *seconds),
        _ => return None,
    };
    hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?.checked_mul(sign * 1_000_000)
}

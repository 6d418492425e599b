//! One form for expressions that say the same: names resolved, aliases replaced, counts and
//! EXISTS of the same rows made one term.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::World;
use crate::effect::{
    At, Expr, ExprKind, From, Ident, IsTest, JoinKind, LikeKind, Name, Query, QueryBody, Select, SetOperator,
    SubqueryKind, Target, Visit, walk_from,
};

/// A relation in scope: its alias, the label that replaces it, and what it is.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) alias: Option<Ident>,
    pub(super) label: Ident,
    pub(super) relation: Option<Name>,
}

type Scopes = Vec<Vec<Entry>>;

pub(super) struct Canon<'w> {
    world: &'w dyn World,
}

/// Marks a column that is never NULL, as the last part of its path.
const NEVER_NULL: &str = "!";

/// A select of which only rows matter: where from, and which.
struct Plain {
    from: Vec<From>,
    filters: Vec<Expr>,
    targets: Vec<Expr>,
}

impl<'w> Canon<'w> {
    pub(super) fn new(world: &'w dyn World) -> Self {
        Self { world }
    }

    pub(super) fn expr(&self, expr: &Expr) -> Expr {
        self.walk(expr, &mut Vec::new())
    }

    /// An expression over the columns of these relations.
    pub(super) fn expr_within(&self, expr: &Expr, entries: Vec<Entry>) -> Expr {
        self.walk(expr, &mut vec![entries])
    }

    fn all(&self, exprs: &[Expr], scopes: &mut Scopes) -> Vec<Expr> {
        exprs.iter().map(|expr| self.walk(expr, scopes)).collect()
    }

    fn boxed(&self, expr: &Expr, scopes: &mut Scopes) -> Box<Expr> {
        Box::new(self.walk(expr, scopes))
    }

    fn walk(&self, expr: &Expr, scopes: &mut Scopes) -> Expr {
        let at = expr.at;
        let kind = match &expr.kind {
            ExprKind::Column(path) => return self.column(at, path, scopes),
            ExprKind::And(parts) => return joined(at, self.all(parts, scopes), true),
            ExprKind::Or(parts) => return joined(at, self.all(parts, scopes), false),
            ExprKind::Not(operand) => return negated(self.walk(operand, scopes)),
            ExprKind::Is { operand, test, negated: not } => {
                if *test == IsTest::Null
                    && let ExprKind::Subquery { kind: SubqueryKind::Scalar, query } = &operand.kind
                    && self.never_null_row(query, scopes)
                    && let Some(rows) = self.any_row(query, scopes)
                {
                    return if *not { rows } else { negated(rows) };
                }
                ExprKind::Is { operand: self.boxed(operand, scopes), test: *test, negated: *not }
            }
            ExprKind::Distinct { left, right, negated: not } => {
                let (left, right) = (self.walk(left, scopes), self.walk(right, scopes));
                let null = |operand| ExprKind::Is { operand: Box::new(operand), test: IsTest::Null, negated: !*not };
                match (&left.kind, &right.kind) {
                    (_, ExprKind::Null) => null(left),
                    (ExprKind::Null, _) => null(right),
                    _ => ExprKind::Distinct { left: Box::new(left), right: Box::new(right), negated: *not },
                }
            }
            ExprKind::Operator { operator, left: Some(left), right } => {
                let (left, right) = (self.walk(left, scopes), self.walk(right, scopes));
                return operation(at, operator, left, right);
            }
            ExprKind::Operator { operator, left: None, right } => {
                ExprKind::Operator { operator: operator.clone(), left: None, right: self.boxed(right, scopes) }
            }
            ExprKind::Like { kind, operand, pattern, escape, negated: not } => ExprKind::Like {
                kind: *kind,
                operand: self.boxed(operand, scopes),
                pattern: self.boxed(pattern, scopes),
                // The default escape is the backslash.
                escape: escape
                    .as_ref()
                    .filter(|escape| escape.kind != ExprKind::Text(Ident::new_static("\\")))
                    .map(|escape| self.boxed(escape, scopes)),
                negated: *not,
            },
            ExprKind::Between { operand, low, high, negated: not, symmetric: false } => {
                let operand = self.walk(operand, scopes);
                let low = operation(at, ">=", operand.clone(), self.walk(low, scopes));
                let high = operation(at, "<=", operand, self.walk(high, scopes));
                let within = joined(at, vec![low, high], true);
                return if *not { negated(within) } else { within };
            }
            ExprKind::Between { operand, low, high, negated: not, symmetric: true } => ExprKind::Between {
                operand: self.boxed(operand, scopes),
                low: self.boxed(low, scopes),
                high: self.boxed(high, scopes),
                negated: *not,
                symmetric: true,
            },
            ExprKind::In { operand, list, negated: not } => {
                let operand = self.walk(operand, scopes);
                return one_of(at, operand, self.all(list, scopes), *not);
            }
            ExprKind::Quantified { operand, operator, all, array } => {
                let operand = self.walk(operand, scopes);
                let array = self.walk(array, scopes);
                match (operator.as_str(), all, elements(&array)) {
                    ("=", false, Some(list)) => return one_of(at, operand, list, false),
                    ("<>", true, Some(list)) => return one_of(at, operand, list, true),
                    _ => ExprKind::Quantified {
                        operand: Box::new(operand),
                        operator: operator.clone(),
                        all: *all,
                        array: Box::new(array),
                    },
                }
            }
            ExprKind::Subquery { kind, query } => return self.subquery(at, kind, query, scopes),
            ExprKind::Case { operand, arms, otherwise } => {
                let operand = operand.as_ref().map(|operand| self.walk(operand, scopes));
                let arms = arms.iter().map(|(condition, value)| {
                    let condition = self.walk(condition, scopes);
                    let condition = match &operand {
                        Some(operand) => operation(at, "=", operand.clone(), condition),
                        None => condition,
                    };
                    (condition, self.walk(value, scopes))
                });
                let arms = arms.collect();
                let otherwise = otherwise.as_ref().map(|otherwise| self.boxed(otherwise, scopes));
                ExprKind::Case { operand: None, arms, otherwise }
            }
            ExprKind::Coalesce(parts) => {
                let mut kept = Vec::new();
                for part in parts {
                    let part = self.walk(part, scopes);
                    let last = never_null(&part);
                    kept.push(part);
                    if last {
                        break;
                    }
                }
                if kept.len() == 1
                    && let Some(only) = kept.pop()
                {
                    return only;
                }
                ExprKind::Coalesce(kept)
            }
            ExprKind::Call { function, arguments, star, distinct, filter, over } => {
                let mut function = function.clone();
                if function.schema.as_deref() == Some("pg_catalog") {
                    function.schema = None;
                }
                let arguments = self.all(arguments, scopes);
                if let ("nullif", [left, right]) = (function.name.as_str(), arguments.as_slice()) {
                    let same = operation(at, "=", left.clone(), right.clone());
                    let null = Expr { at, kind: ExprKind::Null };
                    let otherwise = Some(Box::new(left.clone()));
                    return Expr { at, kind: ExprKind::Case { operand: None, arms: vec![(same, null)], otherwise } };
                }
                ExprKind::Call {
                    function,
                    arguments,
                    star: *star,
                    distinct: *distinct,
                    filter: filter.as_ref().map(|filter| self.boxed(filter, scopes)),
                    over: *over,
                }
            }
            ExprKind::Cast { operand, to } => {
                let operand = self.walk(operand, scopes);
                return cast(at, operand, to);
            }
            ExprKind::Array(parts) => ExprKind::Array(self.all(parts, scopes)),
            ExprKind::Row(parts) => ExprKind::Row(self.all(parts, scopes)),
            ExprKind::Field { operand, field } => {
                ExprKind::Field { operand: self.boxed(operand, scopes), field: field.clone() }
            }
            ExprKind::Index { operand, subscripts } => {
                ExprKind::Index { operand: self.boxed(operand, scopes), subscripts: self.all(subscripts, scopes) }
            }
            ExprKind::Other { what, parts } => ExprKind::Other { what: what.clone(), parts: self.all(parts, scopes) },
            other => other.clone(),
        };
        Expr { at, kind }
    }

    fn column(&self, at: At, path: &[Ident], scopes: &Scopes) -> Expr {
        let found = |entry: &Entry, name: &Ident| {
            let mut path = vec![entry.label.clone(), name.clone()];
            if entry.relation.as_ref().is_some_and(|relation| self.world.never_null(relation, name)) {
                path.push(Ident::new_static(NEVER_NULL));
            }
            Expr { at, kind: ExprKind::Column(path) }
        };
        match path {
            [name] if !name.starts_with('\u{0}') => {
                for entries in scopes.iter().rev() {
                    let has = |entry: &&Entry| match &entry.relation {
                        Some(relation) => self.world.has_column(relation, name),
                        None => None,
                    };
                    let certain: Vec<&Entry> = entries.iter().filter(|entry| has(entry) == Some(true)).collect();
                    if let [only] = certain.as_slice() {
                        return found(only, name);
                    }
                    let possible: Vec<&Entry> = entries.iter().filter(|entry| has(entry) != Some(false)).collect();
                    match possible.as_slice() {
                        [] => {}
                        [only] => return found(only, name),
                        _ => break,
                    }
                }
            }
            [.., table, name] => {
                for entries in scopes.iter().rev() {
                    let named = |entry: &&Entry| match (&entry.alias, &entry.relation) {
                        (Some(alias), _) => alias == table,
                        (None, Some(relation)) => relation.name == *table,
                        (None, None) => false,
                    };
                    if let Some(entry) = entries.iter().find(named) {
                        return found(entry, name);
                    }
                }
            }
            _ => {}
        }
        Expr { at, kind: ExprKind::Column(path.to_vec()) }
    }

    fn subquery(&self, at: At, kind: &SubqueryKind, query: &Query, scopes: &mut Scopes) -> Expr {
        match kind {
            SubqueryKind::Exists => self.exists(at, query, scopes),
            SubqueryKind::Scalar => self.scalar(at, query, scopes),
            SubqueryKind::Array => self.kept(at, SubqueryKind::Array, query, scopes),
            SubqueryKind::Any { operand, operator } => {
                let operand = self.boxed(operand, scopes);
                // A single number on the right is compared as it is: `0 < ANY (SELECT count(*) …)`.
                if matches!(operator.as_str(), "=" | "<" | "<=" | ">" | ">=" | "<>") {
                    let value = self.scalar(at, query, scopes);
                    if counted(&value).is_some() {
                        return operation(at, operator, *operand, value);
                    }
                }
                self.kept(at, SubqueryKind::Any { operand, operator: operator.clone() }, query, scopes)
            }
            SubqueryKind::All { operand, operator } => {
                let kind = SubqueryKind::All { operand: self.boxed(operand, scopes), operator: operator.clone() };
                self.kept(at, kind, query, scopes)
            }
        }
    }

    fn kept(&self, at: At, kind: SubqueryKind, query: &Query, scopes: &mut Scopes) -> Expr {
        let query = Box::new(self.query(query, scopes));
        Expr { at, kind: ExprKind::Subquery { kind, query } }
    }

    fn exists(&self, at: At, query: &Query, scopes: &mut Scopes) -> Expr {
        if let QueryBody::Set { operator: SetOperator::Union, left, right, .. } = &query.body
            && query.with.is_empty()
            && query.limit.is_none()
            && query.offset.is_none()
        {
            let parts = vec![self.exists(at, left, scopes), self.exists(at, right, scopes)];
            return joined(at, parts, false);
        }
        self.any_row(query, scopes).unwrap_or_else(|| self.kept(at, SubqueryKind::Exists, query, scopes))
    }

    /// That the query has a row, where that can be said of its tables.
    fn any_row(&self, query: &Query, scopes: &mut Scopes) -> Option<Expr> {
        let at = query.at;
        let plain = self.plain(query, scopes, true)?;
        if let QueryBody::Select(select) = &query.body
            && select.targets.iter().any(|target| is_aggregate(&target.value))
        {
            return Some(boolean(at, true));
        }
        if plain.from.is_empty() {
            let condition = joined(at, plain.filters, true);
            let kind = ExprKind::Is { operand: Box::new(condition), test: IsTest::True, negated: false };
            return Some(Expr { at, kind });
        }
        let count = count_term(at, plain.from, plain.filters);
        Some(operation(at, ">=", count, number(at, 1)))
    }

    /// Whether a query of one column is NULL only where it has no row.
    fn never_null_row(&self, query: &Query, scopes: &mut Scopes) -> bool {
        let Some(plain) = self.plain(query, scopes, true) else { return false };
        matches!(plain.targets.as_slice(), [only] if never_null(only) || is_constant(only))
    }

    fn scalar(&self, at: At, query: &Query, scopes: &mut Scopes) -> Expr {
        let kept = |scopes: &mut Scopes| self.kept(at, SubqueryKind::Scalar, query, scopes);
        let QueryBody::Select(select) = &query.body else { return kept(scopes) };
        let [target] = select.targets.as_slice() else { return kept(scopes) };
        if select.from.is_empty()
            && select.filter.is_none()
            && select.having.is_none()
            && query.limit.is_none()
            && query.with.is_empty()
            && !is_aggregate(&target.value)
        {
            return self.walk(&target.value, scopes);
        }
        if !only_counts(&target.value) {
            return kept(scopes);
        }
        let Some(plain) = self.plain(query, scopes, false) else { return kept(scopes) };
        let Some(value) = plain.targets.first() else { return kept(scopes) };
        let mut value = value.clone();
        crate::effect::rewrite_expr(&mut value, &mut |node| {
            if let ExprKind::Call { function, arguments, star, filter, .. } = &node.kind
                && function.name == "count"
            {
                let mut filters = plain.filters.clone();
                filters.extend(filter.as_ref().map(|filter| (**filter).clone()));
                if let (false, Some(argument)) = (star, arguments.first())
                    && !is_constant(argument)
                    && !never_null(argument)
                {
                    let operand = Box::new(argument.clone());
                    filters.push(Expr { at, kind: ExprKind::Is { operand, test: IsTest::Null, negated: true } });
                }
                *node = count_term(at, plain.from.clone(), filters);
            }
        });
        // What was a comparison with a count can be said in order again.
        again(value)
    }

    /// The query as a plain select; nothing where grouping, sets or limits have a say.
    fn plain(&self, query: &Query, scopes: &mut Scopes, one_is_enough: bool) -> Option<Plain> {
        if !query.with.is_empty() || query.offset.is_some() {
            return None;
        }
        match &query.limit {
            None => {}
            Some(limit) if one_is_enough => match super::formula::constant(limit) {
                Some(super::formula::Value::Number(number)) if number >= 1 => {}
                _ => return None,
            },
            Some(_) => return None,
        }
        let QueryBody::Select(select) = &query.body else { return None };
        if !select.group_by.is_empty() || select.having.is_some() || (select.distinct && !one_is_enough) {
            return None;
        }
        let mut entries = Vec::new();
        let mut from = Vec::new();
        let mut conditions = Vec::new();
        let depth = scopes.len();
        for item in &select.from {
            self.flatten(item, depth, &mut entries, &mut from, &mut conditions, scopes)?;
        }
        scopes.push(entries);
        let mut filters: Vec<Expr> = conditions.iter().map(|condition| self.walk(condition, scopes)).collect();
        filters.extend(select.filter.iter().map(|filter| self.walk(filter, scopes)));
        let targets = select.targets.iter().map(|target| self.walk(&target.value, scopes)).collect();
        scopes.pop();
        Some(Plain { from, filters, targets })
    }

    fn flatten(
        &self,
        item: &From,
        depth: usize,
        entries: &mut Vec<Entry>,
        from: &mut Vec<From>,
        conditions: &mut Vec<Expr>,
        scopes: &mut Scopes,
    ) -> Option<()> {
        let label = Ident::from(format!("q{depth}_{}", entries.len()));
        match item {
            From::Relation { name, alias, columns, only } if columns.is_empty() => {
                let relation = self.world.relation(name);
                entries.push(Entry { alias: alias.clone(), label, relation: Some(relation.clone()) });
                from.push(From::Relation { name: relation, alias: None, columns: Vec::new(), only: *only });
            }
            From::Join { kind: JoinKind::Inner, left, right, on, using, natural: false } if using.is_empty() => {
                self.flatten(left, depth, entries, from, conditions, scopes)?;
                self.flatten(right, depth, entries, from, conditions, scopes)?;
                conditions.extend(on.clone());
            }
            From::Subquery { query, alias, columns, lateral: false } if columns.is_empty() => {
                // `SELECT * FROM t WHERE …` in FROM is t with a condition.
                let QueryBody::Select(select) = &query.body else { return None };
                let all = matches!(select.targets.as_slice(), [Target { value: Expr { kind: ExprKind::Star(path), .. }, .. }] if path.is_empty());
                let [From::Relation { name, alias: inner, .. }] = select.from.as_slice() else { return None };
                let bare = query.with.is_empty()
                    && query.limit.is_none()
                    && query.offset.is_none()
                    && !select.distinct
                    && select.group_by.is_empty()
                    && select.having.is_none();
                if !all || !bare {
                    return None;
                }
                let relation = self.world.relation(name);
                entries.push(Entry { alias: alias.clone(), label: label.clone(), relation: Some(relation.clone()) });
                from.push(From::Relation { name: relation, alias: None, columns: Vec::new(), only: false });
                if let Some(filter) = &select.filter {
                    // Its own names: the inner alias is the same rows.
                    let mut filter = filter.clone();
                    let own = inner.clone().unwrap_or_else(|| name.name.clone());
                    crate::effect::rewrite_expr(&mut filter, &mut |node| {
                        if let ExprKind::Column(path) = &mut node.kind {
                            match (path.as_slice(), alias) {
                                ([table, column], Some(alias)) if *table == own => {
                                    *path = vec![alias.clone(), column.clone()];
                                }
                                ([column], Some(alias)) => *path = vec![alias.clone(), column.clone()],
                                _ => {}
                            }
                        }
                    });
                    conditions.push(filter);
                }
            }
            _ => return None,
        }
        let _ = scopes;
        Some(())
    }

    /// A query with its names resolved, whatever its shape.
    fn query(&self, query: &Query, scopes: &mut Scopes) -> Query {
        let mut resolved = query.clone();
        let hidden: Vec<Ident> = query.with.iter().map(|cte| cte.name.clone()).collect();
        match &mut resolved.body {
            QueryBody::Select(select) => {
                let mut entries = Vec::new();
                for item in &mut select.from {
                    self.name(item, scopes.len(), &mut entries, &hidden, scopes);
                }
                scopes.push(entries);
                self.select(select, scopes);
                scopes.pop();
            }
            QueryBody::Values(rows) => rows.iter_mut().for_each(|row| *row = self.all(row, scopes)),
            QueryBody::Set { left, right, .. } => {
                **left = self.query(left, scopes);
                **right = self.query(right, scopes);
            }
        }
        resolved
    }

    fn select(&self, select: &mut Select, scopes: &mut Scopes) {
        for target in &mut select.targets {
            target.value = self.walk(&target.value, scopes);
        }
        select.filter = select.filter.take().map(|filter| self.walk(&filter, scopes));
        select.having = select.having.take().map(|having| self.walk(&having, scopes));
        select.group_by = self.all(&select.group_by, scopes);
        select.distinct_on = self.all(&select.distinct_on, scopes);
    }

    fn name(&self, item: &mut From, depth: usize, entries: &mut Vec<Entry>, hidden: &[Ident], scopes: &mut Scopes) {
        let label = Ident::from(format!("q{depth}_{}", entries.len()));
        match item {
            From::Relation { name, alias, columns, .. } => {
                let known = name.schema.is_some() || !hidden.contains(&name.name);
                let relation = known.then(|| self.world.relation(name));
                let called = alias.clone().or_else(|| Some(name.name.clone()));
                entries.push(Entry { alias: called, label, relation: relation.clone().filter(|_| columns.is_empty()) });
                if let Some(relation) = relation {
                    *name = relation;
                }
                *alias = None;
            }
            From::Subquery { query, alias, .. } => {
                entries.push(Entry { alias: alias.take(), label, relation: None });
                **query = self.query(query, scopes);
            }
            From::Function { calls, alias, .. } => {
                entries.push(Entry { alias: alias.take(), label, relation: None });
                *calls = self.all(calls, scopes);
            }
            From::Join { left, right, on, .. } => {
                self.name(left, depth, entries, hidden, scopes);
                self.name(right, depth, entries, hidden, scopes);
                if let Some(on) = on {
                    scopes.push(entries.clone());
                    *on = self.walk(on, scopes);
                    scopes.pop();
                }
            }
            From::Other { relation, alias, parts, .. } => {
                if let Some(relation) = relation {
                    self.name(relation, depth, entries, hidden, scopes);
                }
                entries.push(Entry { alias: alias.clone(), label, relation: None });
                *parts = self.all(parts, scopes);
            }
        }
    }
}

/// Puts an expression whose parts have changed into its form again.
fn again(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Operator { operator, left: Some(left), right } => {
            operation(expr.at, &operator, again(*left), again(*right))
        }
        ExprKind::Not(operand) => negated(again(*operand)),
        ExprKind::Cast { operand, to } => cast(expr.at, again(*operand), &to),
        ExprKind::And(parts) => joined(expr.at, parts.into_iter().map(again).collect(), true),
        ExprKind::Or(parts) => joined(expr.at, parts.into_iter().map(again).collect(), false),
        kind => Expr { at: expr.at, kind },
    }
}

fn hash(expr: &Expr) -> u64 {
    let mut hasher = DefaultHasher::new();
    expr.hash(&mut hasher);
    hasher.finish()
}

pub(super) fn number(at: At, value: i128) -> Expr {
    let digits = Expr { at, kind: ExprKind::Number(Ident::from(value.unsigned_abs().to_string())) };
    if value < 0 {
        let kind = ExprKind::Operator { operator: Ident::new_static("-"), left: None, right: Box::new(digits) };
        Expr { at, kind }
    } else {
        digits
    }
}

fn boolean(at: At, truth: bool) -> Expr {
    Expr { at, kind: ExprKind::Boolean(truth) }
}

/// A conjunction or disjunction, flat, without repetition, in one order.
pub(super) fn joined(at: At, parts: Vec<Expr>, and: bool) -> Expr {
    let mut flat: Vec<Expr> = Vec::new();
    for part in parts {
        match part.kind {
            ExprKind::And(inner) if and => flat.extend(inner),
            ExprKind::Or(inner) if !and => flat.extend(inner),
            ExprKind::Boolean(truth) if truth == and => {}
            kind => flat.push(Expr { at: part.at, kind }),
        }
    }
    flat.sort_by_key(hash);
    flat.dedup();
    match flat.len() {
        0 => boolean(at, and),
        1 => flat.pop().unwrap_or_else(|| boolean(at, and)),
        _ if and => Expr { at, kind: ExprKind::And(flat) },
        _ => Expr { at, kind: ExprKind::Or(flat) },
    }
}

fn negated(expr: Expr) -> Expr {
    let at = expr.at;
    let kind = match expr.kind {
        ExprKind::Boolean(truth) => ExprKind::Boolean(!truth),
        ExprKind::Not(operand) => return *operand,
        ExprKind::And(parts) => return joined(at, parts.into_iter().map(negated).collect(), false),
        ExprKind::Or(parts) => return joined(at, parts.into_iter().map(negated).collect(), true),
        ExprKind::Is { operand, test, negated } => ExprKind::Is { operand, test, negated: !negated },
        ExprKind::In { operand, list, negated } => ExprKind::In { operand, list, negated: !negated },
        ExprKind::Like { kind, operand, pattern, escape, negated } => {
            ExprKind::Like { kind, operand, pattern, escape, negated: !negated }
        }
        ExprKind::Distinct { left, right, negated } => ExprKind::Distinct { left, right, negated: !negated },
        ExprKind::Operator { operator, left: Some(left), right } => {
            let inverse = match operator.as_str() {
                "=" => "<>",
                "<>" => "=",
                "<" => ">=",
                "<=" => ">",
                ">" => "<=",
                ">=" => "<",
                _ => {
                    let kind = ExprKind::Operator { operator, left: Some(left), right };
                    return Expr { at, kind: ExprKind::Not(Box::new(Expr { at, kind })) };
                }
            };
            return operation(at, inverse, *left, *right);
        }
        kind => ExprKind::Not(Box::new(Expr { at, kind })),
    };
    Expr { at, kind }
}

/// An operator with its sides in one order, and numbers moved to the right.
fn operation(at: At, operator: &str, left: Expr, right: Expr) -> Expr {
    let like = |negated| ExprKind::Like {
        kind: LikeKind::Like,
        operand: Box::new(left.clone()),
        pattern: Box::new(right.clone()),
        escape: None,
        negated,
    };
    match operator {
        "~~" => return Expr { at, kind: like(false) },
        "!~~" => return Expr { at, kind: like(true) },
        "||" => {
            if let (ExprKind::Text(left), ExprKind::Text(right)) = (&left.kind, &right.kind) {
                return Expr { at, kind: ExprKind::Text(Ident::from(format!("{left}{right}"))) };
            }
        }
        "+" | "-" | "*" => {
            use super::formula::{Value, constant};
            if let (Some(Value::Number(left)), Some(Value::Number(right))) = (constant(&left), constant(&right)) {
                let folded = match operator {
                    "+" => left.checked_add(right),
                    "-" => left.checked_sub(right),
                    _ => left.checked_mul(right),
                };
                if let Some(folded) = folded {
                    return number(at, folded);
                }
            }
        }
        "=" | "<>" | "<" | "<=" | ">" | ">=" => {
            use super::formula::{Value, constant};
            let turned = match operator {
                "<" => ">",
                "<=" => ">=",
                ">" => "<",
                ">=" => "<=",
                same => same,
            };
            if constant(&left).is_some() && constant(&right).is_none() {
                return operation(at, turned, right, left);
            }
            // count(*) - 1 >= 0 is count(*) >= 1.
            if let (
                ExprKind::Operator { operator: inner, left: Some(term), right: by },
                Some(Value::Number(number_right)),
            ) = (&left.kind, constant(&right))
                && let Some(Value::Number(by)) = constant(by)
            {
                let moved = match inner.as_str() {
                    "+" => number_right.checked_sub(by),
                    "-" => number_right.checked_add(by),
                    _ => None,
                };
                if let Some(moved) = moved {
                    return operation(at, operator, (**term).clone(), number(at, moved));
                }
            }
            if constant(&right).is_none() {
                let swap = match operator {
                    ">" | ">=" => true,
                    "=" | "<>" => hash(&left) > hash(&right),
                    _ => false,
                };
                if swap {
                    let kind = ExprKind::Operator {
                        operator: Ident::from(turned),
                        left: Some(Box::new(right)),
                        right: Box::new(left),
                    };
                    return Expr { at, kind };
                }
            }
        }
        _ => {}
    }
    let kind =
        ExprKind::Operator { operator: Ident::from(operator), left: Some(Box::new(left)), right: Box::new(right) };
    Expr { at, kind }
}

fn one_of(at: At, operand: Expr, mut list: Vec<Expr>, negated: bool) -> Expr {
    list.sort_by_key(hash);
    list.dedup();
    if list.len() == 1
        && let Some(only) = list.pop()
    {
        return operation(at, if negated { "<>" } else { "=" }, operand, only);
    }
    Expr { at, kind: ExprKind::In { operand: Box::new(operand), list, negated } }
}

fn elements(array: &Expr) -> Option<Vec<Expr>> {
    match &array.kind {
        ExprKind::Array(parts) => Some(parts.clone()),
        ExprKind::Cast { operand, to } if to.array => match &operand.kind {
            ExprKind::Text(text) => {
                let inside = text.strip_prefix('{')?.strip_suffix('}')?;
                if inside.is_empty() || inside.contains(['"', '\\', '{']) {
                    return None;
                }
                let element = |text: &str| Expr { at: array.at, kind: ExprKind::Text(Ident::from(text.trim())) };
                Some(inside.split(',').map(element).collect())
            }
            _ => elements(operand),
        },
        _ => None,
    }
}

/// A cast that changes nothing of a constant or a count is left out.
fn cast(at: At, operand: Expr, to: &crate::effect::Type) -> Expr {
    let name = to.name.name.as_str();
    let number_type = matches!(name, "int2" | "int4" | "int8" | "numeric" | "float8" | "integer" | "bigint");
    let text_type = matches!(name, "text" | "varchar" | "bpchar" | "name" | "unknown");
    if !to.array {
        match &operand.kind {
            ExprKind::Text(text) if number_type => {
                if let Ok(value) = text.trim().parse::<i128>() {
                    return number(at, value);
                }
            }
            ExprKind::Text(text) if name == "bool" => match text.trim().to_ascii_lowercase().as_str() {
                "t" | "true" | "yes" | "on" | "1" => return boolean(at, true),
                "f" | "false" | "no" | "off" | "0" => return boolean(at, false),
                _ => {}
            },
            ExprKind::Text(_) if text_type && to.modifiers.is_empty() && name != "bpchar" => return operand,
            ExprKind::Column(_) | ExprKind::Call { .. } | ExprKind::Variable(_)
                if matches!(name, "text" | "varchar") && to.modifiers.is_empty() =>
            {
                return operand;
            }
            ExprKind::Number(_) if number_type => return operand,
            _ if number_type && counted(&operand).is_some() => return operand,
            ExprKind::Null => return operand,
            _ if name == "bool" && is_condition(&operand) => return operand,
            _ => {}
        }
    }
    Expr { at, kind: ExprKind::Cast { operand: Box::new(operand), to: to.clone() } }
}

fn is_condition(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Boolean(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_)
            | ExprKind::Is { .. }
            | ExprKind::In { .. }
            | ExprKind::Distinct { .. }
    )
}

/// How many rows of these tables meet the conditions.
fn count_term(at: At, from: Vec<From>, filters: Vec<Expr>) -> Expr {
    let call = ExprKind::Call {
        function: Name::plain("count", at),
        arguments: Vec::new(),
        star: true,
        distinct: false,
        filter: None,
        over: false,
    };
    let condition = joined(at, filters, true);
    let select = Select {
        distinct: false,
        distinct_on: Vec::new(),
        targets: vec![Target { value: Expr { at, kind: call }, alias: None }],
        from,
        filter: (condition.kind != ExprKind::Boolean(true)).then_some(condition),
        group_by: Vec::new(),
        having: None,
    };
    let query = Query {
        at,
        with: Vec::new(),
        recursive: false,
        body: QueryBody::Select(Box::new(select)),
        order_by: Vec::new(),
        limit: None,
        offset: None,
        locks: false,
    };
    Expr { at, kind: ExprKind::Subquery { kind: SubqueryKind::Scalar, query: Box::new(query) } }
}

/// The select whose rows a term counts, if it is a count.
pub(super) fn counted(expr: &Expr) -> Option<&Select> {
    let ExprKind::Subquery { kind: SubqueryKind::Scalar, query } = &expr.kind else { return None };
    let QueryBody::Select(select) = &query.body else { return None };
    let plain = query.with.is_empty()
        && query.limit.is_none()
        && query.offset.is_none()
        && select.group_by.is_empty()
        && select.having.is_none()
        && !select.distinct;
    match select.targets.as_slice() {
        [
            Target {
                value: Expr { kind: ExprKind::Call { function, star: true, filter: None, over: false, .. }, .. },
                ..
            },
        ] if plain && function.schema.is_none() && function.name == "count" => Some(select),
        _ => None,
    }
}

/// The conditions of a count, each on its own.
pub(super) fn conditions(select: &Select) -> Vec<&Expr> {
    match select.filter.as_ref() {
        None => Vec::new(),
        Some(Expr { kind: ExprKind::And(parts), .. }) => parts.iter().collect(),
        Some(filter) => vec![filter],
    }
}

const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "bool_or",
    "bool_and",
    "every",
    "string_agg",
    "array_agg",
    "json_agg",
    "jsonb_agg",
    "bit_and",
    "bit_or",
    "stddev",
    "variance",
    "mode",
    "percentile_cont",
    "percentile_disc",
];

fn is_aggregate(expr: &Expr) -> bool {
    struct Finds(bool);
    impl<'a> Visit<'a> for Finds {
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Call { function, over: false, .. } = &expr.kind {
                self.0 |= AGGREGATES.contains(&function.name.as_str());
            }
            crate::effect::walk_expr(self, expr);
        }
        fn query(&mut self, _: &'a Query) {}
    }
    let mut finds = Finds(false);
    finds.expr(expr);
    finds.0
}

/// Whether a target is made of counts of rows and constants alone.
fn only_counts(expr: &Expr) -> bool {
    struct Only {
        counts: usize,
        other: bool,
    }
    impl<'a> Visit<'a> for Only {
        fn expr(&mut self, expr: &'a Expr) {
            match &expr.kind {
                ExprKind::Call { function, distinct: false, over: false, arguments, .. }
                    if function.name == "count" && arguments.len() <= 1 =>
                {
                    self.counts += 1;
                }
                ExprKind::Column(_) | ExprKind::Star(_) | ExprKind::Subquery { .. } => self.other = true,
                ExprKind::Call { function, .. } if AGGREGATES.contains(&function.name.as_str()) => self.other = true,
                _ => crate::effect::walk_expr(self, expr),
            }
        }
    }
    let mut only = Only { counts: 0, other: false };
    only.expr(expr);
    only.counts > 0 && !only.other
}

fn is_constant(expr: &Expr) -> bool {
    super::formula::constant(expr).is_some()
}

/// Whether a term can never be NULL.
pub(super) fn never_null(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Boolean(_)
        | ExprKind::Number(_)
        | ExprKind::Text(_)
        | ExprKind::Array(_)
        | ExprKind::Variable(_)
        | ExprKind::VariableIsSet(_) => true,
        ExprKind::Column(path) => path.len() == 3 && path.last().is_some_and(|last| last == NEVER_NULL),
        ExprKind::Subquery { kind: SubqueryKind::Exists | SubqueryKind::Array, .. } => true,
        ExprKind::Subquery { .. } => counted(expr).is_some() || scalar_count(expr),
        ExprKind::Call { function, .. } => matches!(
            function.name.as_str(),
            "count"
                | "current_database"
                | "current_user"
                | "session_user"
                | "current_role"
                | "user"
                | "now"
                | "current_timestamp"
                | "current_date"
                | "version"
                | "current_catalog"
                | "cardinality"
        ),
        ExprKind::Operator { operator, left: Some(left), right } if matches!(operator.as_str(), "+" | "-" | "*") => {
            never_null(left) && never_null(right)
        }
        ExprKind::Cast { operand, .. } => never_null(operand),
        _ => false,
    }
}

/// `(SELECT count(DISTINCT a) FROM t)`: one row whatever happens.
fn scalar_count(expr: &Expr) -> bool {
    let ExprKind::Subquery { kind: SubqueryKind::Scalar, query } = &expr.kind else { return false };
    let QueryBody::Select(select) = &query.body else { return false };
    select.group_by.is_empty()
        && select.having.is_none()
        && query.limit.is_none()
        && query.offset.is_none()
        && matches!(
            select.targets.as_slice(),
            [Target { value: Expr { kind: ExprKind::Call { function, over: false, .. }, .. }, .. }] if function.name == "count"
        )
}

/// Whether a term is a whole number.
pub(super) fn is_whole(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Subquery { .. } => counted(expr).is_some() || scalar_count(expr),
        ExprKind::Cast { to, .. } => !to.array && matches!(to.name.name.as_str(), "int2" | "int4" | "int8"),
        ExprKind::Operator { operator, left: Some(left), right } if matches!(operator.as_str(), "+" | "-" | "*") => {
            is_whole(left) && is_whole(right)
        }
        ExprKind::Number(number) => number.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// The relations that an expression asks; a function of which nothing is known asks them all,
/// which an empty name stands for.
pub(super) fn relations(expr: &Expr) -> BTreeSet<Name> {
    struct Relations(BTreeSet<Name>);
    impl<'a> Visit<'a> for Relations {
        fn from(&mut self, from: &'a From) {
            if let From::Relation { name, .. } = from {
                self.0.insert(name.clone());
            }
            walk_from(self, from);
        }
    }
    let mut found = Relations(BTreeSet::new());
    found.expr(expr);
    found.0
}

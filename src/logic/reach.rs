//! Which rows a condition lets through.

use super::canon::{Canon, Entry};
use super::{Facts, Known, World, formula};
use crate::effect::{At, Expr, ExprKind, From, Ident, Name, QueryBody, SubqueryKind};

/// The rows of a relation that a statement reaches.
pub struct Reach<'a> {
    /// The relation, by its canonical name.
    pub relation: &'a Name,
    /// Its alias in the statement.
    pub alias: Option<&'a str>,
    /// `USING`, `FROM`
    pub from: &'a [From],
    /// `WHERE`
    pub filter: Option<&'a Expr>,
}

/// Whether in every row that is reached the column is certainly one of the values.
pub fn confined(reach: &Reach<'_>, column: &str, values: &[Ident], world: &dyn World) -> Known {
    let at = At::default();
    let operand = Box::new(Expr { at, kind: ExprKind::Column(vec![Ident::from(column)]) });
    let list = values.iter().map(|value| Expr { at, kind: ExprKind::Text(value.clone()) }).collect();
    confined_to(reach, &Expr { at, kind: ExprKind::In { operand, list, negated: false } }, world)
}

/// Whether a condition over the relation's own columns certainly holds in every row that is
/// reached.
pub fn confined_to(reach: &Reach<'_>, goal: &Expr, world: &dyn World) -> Known {
    let canon = Canon::new(world);
    let row = Entry {
        alias: Some(reach.alias.map_or_else(|| reach.relation.name.clone(), Ident::from)),
        label: Ident::new_static("row"),
        relation: Some(reach.relation.clone()),
    };
    let mut entries = vec![row.clone()];
    let mut more: Vec<Expr> = Vec::new();
    for (index, item) in reach.from.iter().enumerate() {
        others(item, index, &mut entries, &mut more, world);
    }
    let mut facts = Facts::default();
    let mut assume = |expr: &Expr| facts.add(formula::is_true(expr), &std::collections::BTreeSet::new());
    let mut conditions: Vec<&Expr> = reach.filter.into_iter().chain(&more).collect();
    while let Some(condition) = conditions.pop() {
        if let ExprKind::And(parts) = &condition.kind {
            conditions.extend(parts);
            continue;
        }
        assume(&canon.expr_within(condition, entries.clone()));
        for meant in by_key(condition, reach, &row, world) {
            assume(&canon.expr_within(&meant, vec![row.clone()]));
        }
    }
    let goal = canon.expr_within(goal, vec![row]);
    let holds = formula::is_true(&goal);
    if facts.refutes(&holds.clone().not()) {
        Known::Yes
    } else if facts.refutes(&holds) {
        Known::No
    } else {
        Known::Unsaid
    }
}

/// The other relations of the statement, and the conditions of their joins.
fn others(item: &From, index: usize, entries: &mut Vec<Entry>, conditions: &mut Vec<Expr>, world: &dyn World) {
    let label = Ident::from(format!("other{index}_{}", entries.len()));
    match item {
        From::Relation { name, alias, .. } => {
            let alias = alias.clone().unwrap_or_else(|| name.name.clone());
            entries.push(Entry { alias: Some(alias), label, relation: Some(world.relation(name)) });
        }
        From::Subquery { alias, .. } | From::Function { alias, .. } | From::Other { alias, .. } => {
            entries.push(Entry { alias: alias.clone(), label, relation: None });
        }
        From::Join { left, right, on, kind, .. } => {
            others(left, index, entries, conditions, world);
            others(right, index, entries, conditions, world);
            if *kind == crate::effect::JoinKind::Inner {
                conditions.extend(on.clone());
            }
        }
    }
}

/// `k IN (SELECT k FROM t WHERE p)` where k is a key of t: p holds for the row itself.
fn by_key(condition: &Expr, reach: &Reach<'_>, row: &Entry, world: &dyn World) -> Vec<Expr> {
    let ExprKind::Subquery { kind, query } = &condition.kind else { return Vec::new() };
    let QueryBody::Select(select) = &query.body else { return Vec::new() };
    let [From::Relation { name, alias, .. }] = select.from.as_slice() else { return Vec::new() };
    let simple =
        query.with.is_empty() && query.limit.is_none() && select.group_by.is_empty() && select.having.is_none();
    if !simple || world.relation(name) != *reach.relation {
        return Vec::new();
    }
    let Some(filter) = &select.filter else { return Vec::new() };
    let inner = alias.clone().unwrap_or_else(|| name.name.clone());
    let own = |path: &[Ident]| match path {
        [column] => Some(column.clone()),
        [table, column] if row.alias.as_ref() == Some(table) => Some(column.clone()),
        _ => None,
    };
    let theirs = |path: &[Ident]| match path {
        [column] => Some(column.clone()),
        [table, column] if *table == inner => Some(column.clone()),
        _ => None,
    };
    let meant = |filter: &Expr| {
        let mut filter = filter.clone();
        crate::effect::rewrite_expr(&mut filter, &mut |node| {
            if let ExprKind::Column(path) = &mut node.kind
                && let [table, _] = path.as_slice()
                && *table == inner
            {
                *path = path.split_off(1);
            }
        });
        filter
    };
    match kind {
        SubqueryKind::Any { operand, operator } if operator == "=" => {
            let ExprKind::Column(path) = &operand.kind else { return Vec::new() };
            let [target] = select.targets.as_slice() else { return Vec::new() };
            let ExprKind::Column(selected) = &target.value.kind else { return Vec::new() };
            match (own(path), theirs(selected)) {
                (Some(own), Some(theirs))
                    if own == theirs && world.unique(reach.relation, std::slice::from_ref(&own)) =>
                {
                    vec![meant(filter)]
                }
                _ => Vec::new(),
            }
        }
        SubqueryKind::Exists => {
            // One conjunct has to say that it is the same row.
            let parts: Vec<&Expr> = match &filter.kind {
                ExprKind::And(parts) => parts.iter().collect(),
                _ => vec![filter],
            };
            let same = |part: &&Expr| {
                let ExprKind::Operator { operator, left: Some(left), right } = &part.kind else { return false };
                let (ExprKind::Column(left), ExprKind::Column(right)) = (&left.kind, &right.kind) else { return false };
                let pair = |inside: &[Ident], outside: &[Ident]| {
                    inside.first() == Some(&inner)
                        && outside.len() == 2
                        && outside.first() == row.alias.as_ref()
                        && row.alias.as_ref() != Some(&inner)
                        && inside.last() == outside.last()
                        && inside
                            .last()
                            .is_some_and(|column| world.unique(reach.relation, std::slice::from_ref(column)))
                };
                operator == "=" && (pair(left, right) || pair(right, left))
            };
            if !parts.iter().any(same) {
                return Vec::new();
            }
            parts.into_iter().filter(|part| !same(part)).map(meant).collect()
        }
        _ => Vec::new(),
    }
}

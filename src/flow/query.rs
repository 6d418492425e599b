//! Queries that come to something simpler: what the catalog can answer, what aggregates make of
//! all rows.

use super::rows::Rows;
use crate::catalog::{Catalog, Listed};
use crate::effect::{
    Expr, ExprKind, Ident, Query, QueryBody, Select, SubqueryKind, Target, Visit, rewrite_expr, walk_expr,
};

/// How many values of a list a value is compared with.
const LIST_LIMIT: usize = 256;

/// A value as it is asked here and now, if it is a query that comes to something simpler.
pub(super) fn simpler(value: Expr, catalog: &Catalog) -> Expr {
    match &value.kind {
        ExprKind::Subquery { kind, query } => {
            listed(kind, query, catalog).or_else(|| distributed(kind, query)).unwrap_or(value)
        }
        _ => value,
    }
}

/// What a question to PostgreSQL's own catalogs comes to: whether something is there, or how much.
pub(super) fn listed(kind: &SubqueryKind, query: &Query, catalog: &Catalog) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    if !query.with.is_empty() || query.limit.is_some() || query.offset.is_some() {
        return None;
    }
    let of = |kind: ExprKind| Some(Expr { at: query.at, kind });
    let is_count = match select.targets.as_slice() {
        [
            Target {
                value:
                    Expr { kind: ExprKind::Call { function, filter: None, over: false, distinct: false, star, .. }, .. },
                ..
            },
        ] => *star && function.name == "count",
        _ => false,
    };
    match (kind, is_count) {
        // An aggregate yields a row whatever it finds.
        (SubqueryKind::Exists, false) => match catalog.listed(select) {
            Listed::Rows(rows) => of(ExprKind::Boolean(rows > 0)),
            Listed::Some => of(ExprKind::Boolean(true)),
            Listed::Unsaid => None,
        },
        (SubqueryKind::Scalar, true) => match catalog.listed(select) {
            Listed::Rows(rows) => of(ExprKind::Number(Ident::from(rows.to_string()))),
            Listed::Some | Listed::Unsaid => None,
        },
        _ => None,
    }
}

/// What is worked out of aggregates is worked out of a query each: `(SELECT count(*) > 0 FROM t)` is
/// `(SELECT count(*) FROM t) > 0`.
pub(super) fn distributed(kind: &SubqueryKind, query: &Query) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    let [Target { value, .. }] = select.targets.as_slice() else { return None };
    if *kind != SubqueryKind::Scalar || !is_ungrouped(query, select) || is_aggregate(value) {
        return None;
    }
    let mut parts = Aggregates { found: false, is_more: false };
    parts.expr(value);
    if !parts.found || parts.is_more {
        return None;
    }
    let mut whole = value.clone();
    rewrite_expr(&mut whole, &mut |node| {
        if is_aggregate(node) {
            let mut own = query.clone();
            if let QueryBody::Select(select) = &mut own.body {
                select.targets = vec![Target { value: node.clone(), alias: None }];
            }
            own.order_by = Vec::new();
            node.kind = ExprKind::Subquery { kind: SubqueryKind::Scalar, query: Box::new(own) };
        }
    });
    Some(whole)
}

/// Whether a value is among those of a query that reads no table: `id IN (SELECT unnest(ARRAY[1, 2]))`.
pub(super) fn in_list(kind: &SubqueryKind, query: &Query) -> Option<Expr> {
    let SubqueryKind::Any { operand, operator } = kind else { return None };
    let is_listed = operator == "=" && !matches!(query.body, QueryBody::Values(_));
    let rows = is_listed.then(|| Rows::of(query)).flatten()?;
    let list: Vec<Expr> = rows.rows.into_iter().flatten().collect();
    let is_list = rows.columns.len() == 1 && (1..=LIST_LIMIT).contains(&list.len());
    let kind = ExprKind::In { operand: operand.clone(), list, negated: false };
    is_list.then_some(Expr { at: query.at, kind })
}

/// What one output of a query comes to, where it is worked out of aggregates over all of its rows.
pub(super) fn of_aggregates(query: &Query, target: &Target) -> Option<Expr> {
    let mut own = Query { order_by: Vec::new(), ..query.clone() };
    let QueryBody::Select(select) = &mut own.body else { return None };
    select.targets = vec![Target { value: target.value.clone(), alias: None }];
    let is_whole = is_aggregate(&target.value) && is_ungrouped(query, select);
    let whole = ExprKind::Subquery { kind: SubqueryKind::Scalar, query: Box::new(own.clone()) };
    if is_whole { Some(Expr { at: query.at, kind: whole }) } else { distributed(&SubqueryKind::Scalar, &own) }
}

/// The only value of the only row of a query; none where it may have others.
pub(super) fn only_value(query: &Query) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    let [target] = select.targets.as_slice() else { return None };
    let is_one_row = select.from.is_empty() && select.filter.is_none() && is_ungrouped(query, select);
    let has_set = crate::effect::any(&target.value, Expr::yields_set);
    of_aggregates(query, target).or_else(|| (is_one_row && !has_set).then(|| target.value.clone()))
}

/// Whether aggregates of a query are over all of its rows.
pub(super) fn is_ungrouped(query: &Query, select: &Select) -> bool {
    let is_plain = query.with.is_empty() && query.limit.is_none() && query.offset.is_none() && !query.locks;
    is_plain && select.group_by.is_empty() && select.having.is_none() && !select.distinct
}

fn is_aggregate(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, over: false, .. } => {
            let is_own = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
            is_own
                && matches!(function.name.as_str(), "count" | "min" | "max" | "sum" | "bool_and" | "bool_or" | "every")
        }
        _ => false,
    }
}

/// What an expression is made of: aggregates, and what is not worked out of them and constants.
struct Aggregates {
    found: bool,
    is_more: bool,
}

impl<'a> Visit<'a> for Aggregates {
    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            _ if is_aggregate(expr) => self.found = true,
            ExprKind::Column(_)
            | ExprKind::Star(_)
            | ExprKind::Call { .. }
            | ExprKind::Subquery { .. }
            | ExprKind::Other { .. } => {
                self.is_more = true;
            }
            _ => walk_expr(self, expr),
        }
    }
}

//! Which rows a change can reach: what holds of every row that its WHERE lets through.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::read::Reader;
use super::solve::Question;
use super::term::Formula;
use super::{Known, World};
use crate::effect::{
    At, Cte, CteBody, Expr, ExprKind, From, Ident, Name, Query, QueryBody, Select, SubqueryKind, rewrite_expr,
};

/// How many rows of lists are looked at one by one.
const ROWS_LIMIT: usize = 64;

/// The rows of a relation that a DELETE, an UPDATE or a SELECT reaches.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// The relation.
    pub relation: &'a Name,
    /// Its alias.
    pub alias: Option<&'a str>,
    /// `USING`, or the `FROM` of an UPDATE.
    pub from: &'a [From],
    /// `WHERE`
    pub filter: Option<&'a Expr>,
}

impl<'a> Reach<'a> {
    /// What the statement calls the relation.
    #[must_use]
    pub fn called(&self) -> &'a str {
        self.alias.unwrap_or(self.relation.name.as_str())
    }
}

/// That a column is one of these texts.
#[must_use]
pub fn among<'v>(column: &str, values: impl IntoIterator<Item = &'v Ident>) -> Expr {
    listed(column, values.into_iter().map(|value| ExprKind::Text(value.clone())))
}

/// That a column is one of these numbers, where all of them are.
#[must_use]
pub fn among_numbers(column: &str, values: &BTreeSet<Ident>) -> Option<Expr> {
    let is_number = |value: &Ident| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let are_numbers = values.iter().all(is_number);
    are_numbers.then(|| listed(column, values.iter().map(|value| ExprKind::Number(value.clone()))))
}

fn listed(column: &str, kinds: impl Iterator<Item = ExprKind>) -> Expr {
    let at = At::default();
    let operand = Box::new(Expr { at, kind: ExprKind::Column(vec![Ident::from(column)]) });
    let list = kinds.map(|kind| Expr { at, kind }).collect();
    Expr { at, kind: ExprKind::In { operand, list, negated: false } }
}

impl Facts {
    /// Whether the goal, over bare columns of the relation, is TRUE in every row that is
    /// reached ([`Known::Yes`]), or in none ([`Known::No`]), where these facts hold beside it
    /// and the statement has these common table expressions.
    #[must_use]
    pub fn confines(&self, reach: &Reach<'_>, with: &[Cte], goal: &Expr, world: &dyn World) -> Known {
        let mut reader = Reader::new(world, u64::from(u32::MAX));
        let joined = reader.open(reach.relation, reach.alias, with, reach.from);
        let filter = reach.filter.map_or(Formula::Always, |filter| reader.condition(filter).yes);
        let premise = Formula::all([joined, filter]);
        let mut reader = Reader::new(world, 0);
        // Only the table itself: a bare column of the goal is one of its columns.
        reader.open(reach.relation, None, &[], &[]);
        let goal = reader.condition(goal).yes;
        let opposite = goal.negated();
        let canonical = world.relation(reach.relation);
        let mut formulas = self.about(&Formula::all([premise.clone(), goal.clone()]));
        formulas.push(premise);
        let impossible = |last: Formula| {
            let all = formulas.iter().cloned().chain([last]).collect();
            Question::new(world, all).about(canonical.clone()).is_impossible()
        };
        if impossible(opposite) {
            return Known::Yes;
        }
        if impossible(goal) {
            return Known::No;
        }
        Known::Unsaid
    }

    /// Whether every row of the relation of which the condition, over its bare columns, is
    /// TRUE is certainly reached.
    #[must_use]
    pub fn covers(&self, reach: &Reach<'_>, with: &[Cte], condition: &Expr, world: &dyn World) -> bool {
        let Some(filter) = reach.filter else { return reach.from.is_empty() };
        // A row is reached if any row of what it is joined to lets it.
        let joined = (!reach.from.is_empty()).then(|| {
            let at = filter.at;
            let exists = |from: Vec<From>| {
                let select = Select { from, filter: Some(filter.clone()), ..Select::default() };
                let query = Box::new(Query::of(at, select.into()));
                Expr { at, kind: ExprKind::Subquery { kind: SubqueryKind::Exists, query } }
            };
            Expr { at, kind: ExprKind::Or(row_by_row(reach.from, with).into_iter().map(exists).collect()) }
        });
        let apart = apart(filter, with);
        let mut reader = Reader::new(world, u64::from(u32::MAX));
        reader.open(reach.relation, reach.alias, with, &[]);
        let reached = reader.condition(joined.as_ref().unwrap_or(&apart)).yes;
        let mut reader = Reader::new(world, 0);
        reader.open(reach.relation, None, &[], &[]);
        let premise = reader.condition(condition).yes;
        let missed = reached.negated();
        let mut formulas = self.about(&Formula::all([premise.clone(), reached]));
        formulas.extend([premise, missed]);
        Question::new(world, formulas).about(world.relation(reach.relation)).is_impossible()
    }
}

/// The same condition with every `EXISTS` over lists of `VALUES` as one for each of their rows.
fn apart(condition: &Expr, with: &[Cte]) -> Expr {
    let mut apart = condition.clone();
    rewrite_expr(&mut apart, &mut |node| {
        let ExprKind::Subquery { kind: SubqueryKind::Exists, query } = &node.kind else { return };
        let QueryBody::Select(select) = &query.body else { return };
        let is_plain = query.with.is_empty() && query.limit.is_none() && query.offset.is_none();
        let is_each = select.group_by.is_empty() && select.having.is_none();
        let rows = row_by_row(&select.from, with);
        let gathers = select.targets.iter().any(|target| crate::effect::has_call(&target.value));
        if !is_plain || !is_each || gathers || rows.len() < 2 {
            return;
        }
        let one = |from: Vec<From>| {
            let select = Select { from, ..Select::clone(select) };
            let query = Box::new(Query::of(query.at, select.into()));
            Expr { at: node.at, kind: ExprKind::Subquery { kind: SubqueryKind::Exists, query } }
        };
        node.kind = ExprKind::Or(rows.into_iter().map(one).collect());
    });
    apart
}

/// A common table expression that is a list of `VALUES` as that list.
fn as_list(item: &From, with: &[Cte]) -> From {
    let From::Relation { name, alias, columns, .. } = item else { return item.clone() };
    let cte = with.iter().rfind(|cte| name.schema.is_none() && cte.name == name.name);
    match cte.map(|cte| (cte, &cte.body)) {
        Some((cte, CteBody::Query(query))) if matches!(query.body, QueryBody::Values(_)) => From::Subquery {
            query: query.clone(),
            alias: Some(alias.as_ref().unwrap_or(&name.name).clone()),
            columns: if columns.is_empty() { cte.columns.clone() } else { columns.clone() },
            lateral: false,
        },
        _ => item.clone(),
    }
}

/// The same `FROM` once for each row of the lists of `VALUES` in it.
fn row_by_row(from: &[From], with: &[Cte]) -> Vec<Vec<From>> {
    let mut all = vec![Vec::new()];
    for item in from.iter().map(|item| as_list(item, with)) {
        let single = |row: &Vec<Expr>| {
            let mut item = item.clone();
            if let From::Subquery { query, .. } = &mut item {
                query.body = QueryBody::Values(vec![row.clone()]);
            }
            item
        };
        let items: Vec<From> = match &item {
            From::Subquery { query, .. } => match &query.body {
                QueryBody::Values(rows)
                    if rows.len() * all.len() <= ROWS_LIMIT && query.limit.is_none() && query.offset.is_none() =>
                {
                    rows.iter().map(single).collect()
                }
                _ => vec![item.clone()],
            },
            _ => vec![item.clone()],
        };
        all = all
            .iter()
            .flat_map(|before| items.iter().map(|item| before.iter().chain([item]).cloned().collect::<Vec<From>>()))
            .collect();
    }
    all
}

//! Which rows a change can reach: what holds of every row that its WHERE lets through.

use super::facts::Facts;
use super::read::Reader;
use super::solve::Question;
use super::term::Formula;
use super::{Known, World};
use crate::effect::{At, Cte, Expr, ExprKind, From, Ident, Name};

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

/// Whether the column is certainly equal to one of the texts in every row that is reached
/// ([`Known::Yes`]), or certainly in none ([`Known::No`]).
#[must_use]
pub fn confined(reach: &Reach<'_>, column: &str, values: &[Ident], world: &dyn World) -> Known {
    let at = At::default();
    let list = values.iter().map(|value| Expr { at, kind: ExprKind::Text(value.clone()) }).collect();
    let operand = Box::new(Expr { at, kind: ExprKind::Column(vec![Ident::from(column)]) });
    let goal = Expr { at, kind: ExprKind::In { operand, list, negated: false } };
    confined_to(reach, &goal, world)
}

/// Whether the goal, over bare columns of the relation, is TRUE in every row that is reached
/// ([`Known::Yes`]), or in none ([`Known::No`]).
#[must_use]
pub fn confined_to(reach: &Reach<'_>, goal: &Expr, world: &dyn World) -> Known {
    Facts::default().confines(reach, &[], goal, world)
}

impl Facts {
    /// The same as [`confined_to`], where these facts hold beside it and the statement has
    /// these common table expressions.
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
        let mut formulas = self.formulas(&Formula::all([premise.clone(), goal.clone()]));
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
}

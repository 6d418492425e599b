//! Three-valued reasoning over expressions: what certainly follows from what is known.
//! Sound, not complete: where it cannot tell it says [`Known::Unsaid`].

mod canon;
mod formula;
mod reach;
mod theory;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use reach::{Reach, confined, confined_to};

use crate::effect::{Expr, Ident, Name};
use canon::Canon;
use formula::Formula;

/// What can be said of a claim. Unknown is not no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Known {
    /// It certainly holds.
    Yes,
    /// It certainly does not.
    No,
    /// It cannot be told.
    Unsaid,
}

/// What is known of the value of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// TRUE
    True,
    /// FALSE
    False,
    /// FALSE or NULL: what is known after `IF condition THEN RAISE` was passed.
    NotTrue,
    /// TRUE or NULL: what a CHECK demands.
    NotFalse,
    /// NULL
    Null,
}

/// What logic asks of the database.
pub trait World {
    /// The one name that a relation has, however it is written.
    fn relation(&self, name: &Name) -> Name {
        name.clone()
    }
    /// Whether a column is `NOT NULL`.
    fn never_null(&self, relation: &Name, column: &str) -> bool {
        let _ = (relation, column);
        false
    }
    /// Whether no two rows agree in these columns.
    fn unique(&self, relation: &Name, columns: &[Ident]) -> bool {
        let _ = (relation, columns);
        false
    }
    /// Whether a relation has a column, if that is known.
    fn has_column(&self, relation: &Name, column: &str) -> Option<bool> {
        let _ = (relation, column);
        None
    }
    /// Whether a function answers the same while nothing changes.
    fn stable_call(&self, function: &Name) -> bool {
        let _ = function;
        false
    }
}

/// A world of which nothing is known.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl World for Nothing {}

/// Conditions that are known to hold, all of them.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    known: Vec<Arc<Fact>>,
}

/// One of them, and what it asks.
#[derive(Debug, PartialEq, Eq)]
struct Fact {
    formula: Formula,
    relations: BTreeSet<Name>,
}

/// The most parts that are kept of what two paths know differently.
const JOIN_LIMIT: usize = 12;

impl Facts {
    /// Adds what is known of a condition.
    pub fn assume(&mut self, expr: &Expr, truth: Truth, world: &dyn World) {
        let canon = Canon::new(world);
        let expr = canon.expr(expr);
        let formula = match truth {
            Truth::True => formula::is_true(&expr),
            Truth::False => formula::is_false(&expr),
            Truth::NotTrue => formula::is_true(&expr).not(),
            Truth::NotFalse => formula::is_false(&expr).not(),
            Truth::Null => formula::is_null(&expr),
        };
        let relations = canon::relations(&expr);
        self.add(formula, &relations);
    }

    fn add(&mut self, formula: Formula, relations: &BTreeSet<Name>) {
        match formula {
            Formula::Constant(true) => {}
            Formula::And(parts) => parts.into_iter().for_each(|part| self.add(part, relations)),
            formula => {
                let fact = Fact { formula, relations: relations.clone() };
                if !self.known.iter().any(|known| **known == fact) {
                    self.known.push(Arc::new(fact));
                }
            }
        }
    }

    /// Whether a condition is certainly TRUE, certainly not TRUE, or neither.
    pub fn entails(&self, goal: &Expr, world: &dyn World) -> Known {
        let goal = Canon::new(world).expr(goal);
        let holds = formula::is_true(&goal);
        if self.refutes(&holds.clone().not()) {
            Known::Yes
        } else if self.refutes(&holds) {
            Known::No
        } else {
            Known::Unsaid
        }
    }

    /// Whether nothing satisfies what is known: no path comes here.
    pub fn contradictory(&self, world: &dyn World) -> bool {
        let _ = world;
        // The last fact is what made it so, if anything did.
        self.known.last().is_some_and(|last| self.refutes(&last.formula))
    }

    /// Whether the formula cannot hold together with what is known.
    fn refutes(&self, formula: &Formula) -> bool {
        let mut chosen: Vec<&Formula> = vec![formula];
        let mut terms = formula.terms();
        // Only what shares a term, directly or through others, can have a say.
        let mut rest: Vec<&Arc<Fact>> = self.known.iter().collect();
        loop {
            let before = rest.len();
            rest.retain(|fact| {
                let own = fact.formula.terms();
                let shares = own.is_empty() || own.iter().any(|term| terms.contains(term));
                if shares {
                    terms.extend(own);
                    chosen.push(&fact.formula);
                }
                !shares
            });
            if rest.len() == before {
                break;
            }
        }
        theory::unsatisfiable(&chosen)
    }

    /// What holds whichever of the two is the case.
    #[must_use]
    pub fn join(&self, other: &Self, world: &dyn World) -> Self {
        let _ = world;
        let same =
            |fact: &Arc<Fact>, facts: &Self| facts.known.iter().any(|known| Arc::ptr_eq(known, fact) || known == fact);
        let mut joined = Self { known: self.known.iter().filter(|fact| same(fact, other)).cloned().collect() };
        let left: Vec<&Arc<Fact>> = self.known.iter().filter(|fact| !same(fact, other)).collect();
        let right: Vec<&Arc<Fact>> = other.known.iter().filter(|fact| !same(fact, self)).collect();
        if left.is_empty() || right.is_empty() || left.len() > JOIN_LIMIT || right.len() > JOIN_LIMIT {
            return joined;
        }
        let relations = left.iter().chain(&right).flat_map(|fact| fact.relations.iter().cloned()).collect();
        let all = |facts: &[&Arc<Fact>]| Formula::And(facts.iter().map(|fact| fact.formula.clone()).collect());
        joined.add(Formula::Or(vec![all(&left), all(&right)]), &relations);
        joined
    }

    /// Rows of some relations have changed: what asks them is void.
    pub fn forget(&mut self, touched: &mut dyn FnMut(&Name) -> bool) {
        self.known.retain(|fact| !fact.relations.iter().any(&mut *touched));
    }

    /// Whether anything that is known asks one of these relations.
    pub fn asks(&self, wanted: &mut dyn FnMut(&Name) -> bool) -> bool {
        self.known.iter().any(|fact| fact.relations.iter().any(&mut *wanted))
    }
}

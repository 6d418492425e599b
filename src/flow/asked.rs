//! What checks have found out of PostgreSQL's own catalogs. The symbolic database answers such questions by
//! itself, but a gate has to be asked where the script runs.

use std::sync::Arc;

use super::Flow;
use super::state::{Sight, State};
use crate::effect::{Expr, ExprKind, From, Name, RaiseLevel, Step, StepKind, Visit, walk_expr, walk_from};
use crate::logic::{Facts, Known, Truth};

/// What is certainly true of the catalogs, as far as the script has asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Of those that the script found.
    start: Facts,
    /// Of those that are there now.
    now: Facts,
    /// Whether the script has changed them.
    is_changed: bool,
}

impl Asked {
    /// Whether it held when the script began, whatever it has changed since.
    #[must_use]
    pub fn held(&self, goal: &Expr, world: &Sight<'_>) -> bool {
        self.start.entails(goal, world) == Known::Yes
    }

    /// Whether it holds now.
    #[must_use]
    pub fn holds(&self, goal: &Expr, world: &Sight<'_>) -> bool {
        self.now.entails(goal, world) == Known::Yes
    }

    fn assume(&mut self, expr: &Expr, truth: Truth, world: &Sight<'_>) {
        if !self.is_changed {
            self.start.assume(expr, truth, world);
        }
        self.now.assume(expr, truth, world);
    }

    /// What both know.
    pub(super) fn join(self: &Arc<Self>, other: &Arc<Self>, world: &Sight<'_>) -> Arc<Self> {
        if Arc::ptr_eq(self, other) {
            return Arc::clone(self);
        }
        Arc::new(Self {
            start: self.start.join(&other.start, world),
            now: self.now.join(&other.now, world),
            is_changed: self.is_changed || other.is_changed,
        })
    }

    /// The script changes them.
    pub(super) fn change(self: &mut Arc<Self>) {
        if !self.is_changed || !self.now.is_empty() {
            let asked = Arc::make_mut(self);
            (asked.now, asked.is_changed) = (Facts::default(), true);
        }
    }
}

impl State {
    /// A condition that asks the catalogs is true, or is not.
    pub(super) fn ask(&mut self, asked: Option<&Expr>, truth: Truth) {
        if let Some(asked) = asked {
            Arc::make_mut(&mut self.asked).assume(asked, truth, &Sight(&self.catalog));
        }
    }
}

impl Flow<'_> {
    /// A condition with the values of variables in their place but with what it asks of the catalogs left as it
    /// is; none for one that asks nothing of them.
    pub(super) fn asked(&mut self, condition: &Expr, state: &State) -> Option<Expr> {
        if !asks_catalogs(condition) {
            return None;
        }
        let outer = std::mem::replace(&mut self.asks, true);
        let asked = self.resolve(condition, state);
        self.asks = outer;
        Some(asked)
    }
}

/// Whether steps certainly raise.
pub(super) fn raises(steps: &[Step]) -> bool {
    let is_plain = |kind: &StepKind| {
        let is_notice = matches!(kind, StepKind::Raise { .. });
        is_notice || matches!(kind, StepKind::Assign { .. } | StepKind::Sql { .. } | StepKind::Null)
    };
    let is_error = |step: &Step| matches!(&step.kind, StepKind::Raise { level: RaiseLevel::Exception, .. });
    steps.iter().position(is_error).is_some_and(|last| steps.iter().take(last).all(|step| is_plain(&step.kind)))
}

/// Whether an expression looks into PostgreSQL's own catalogs.
fn asks_catalogs(expr: &Expr) -> bool {
    struct Asks(bool);
    impl<'a> Visit<'a> for Asks {
        fn from(&mut self, from: &'a From) {
            if let From::Relation { name, .. } = from {
                self.0 |= is_of_catalogs(name);
            }
            walk_from(self, from);
        }
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Call { function, .. } = &expr.kind {
                self.0 |= function.name.starts_with("to_reg");
            }
            walk_expr(self, expr);
        }
    }
    let mut asks = Asks(false);
    asks.expr(expr);
    asks.0
}

fn is_of_catalogs(name: &Name) -> bool {
    match name.schema.as_deref() {
        Some(schema) => matches!(schema, "pg_catalog" | "information_schema"),
        None => name.name.starts_with("pg_"),
    }
}

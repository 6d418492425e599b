//! Changes that no check stands before.

use crate::case::{Case, Goal, Pass};
use crate::finding::Finding;
use crate::flow::{Event, What};
use crate::logic::Known;
use crate::package::Role;

const ID: &str = "unguarded-change";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for open in open_gates(case) {
        if open.near.is_empty() {
            findings.push(open.finding(ID, case));
        }
    }
}

/// A change that may happen although a goal does not hold.
pub(super) struct Open<'c, 'a> {
    pass: &'c Pass<'a>,
    event: &'c Event<'a>,
    goal: &'c Goal,
    /// Checks that ask the same and do not stop what they should.
    pub(super) near: Vec<&'c Event<'a>>,
}

impl Open<'_, '_> {
    pub(super) fn finding(&self, id: &'static str, case: &Case<'_>) -> Finding {
        let name = super::called(self.pass, case);
        let what = &self.goal.what;
        let finding = match &self.event.what {
            What::End => {
                let message = format!("{name} ends well although nothing makes sure that there is {what}");
                Finding::new(id, self.event.at, message, "this script")
            }
            What::Change(change) => {
                let message = format!("{name} {} {} before it is sure: {what}", super::verb(change), change.written);
                Finding::new(id, self.event.at, message, "the first change")
            }
            What::Utility(statement) if super::rebuilds(statement, self.pass).is_some() => {
                let command = super::rebuilds(statement, self.pass).unwrap_or_default();
                let message = format!("{name} runs {command} before it is sure: {what}");
                Finding::new(id, self.event.at, message, "the first change")
            }
            _ => {
                let message = format!("{name} changes the schema before it is sure: {what}");
                Finding::new(id, self.event.at, message, "the first change")
            }
        };
        let finding = finding.related(self.goal.at, "what must hold");
        super::with_trail(finding, self.event)
            .consequence("it runs where it must not")
            .way_out("after BEGIN, before any change: IF NOT (the condition) THEN RAISE EXCEPTION …; in a DO block without a handler")
    }
}

pub(super) fn open_gates<'c, 'a>(case: &'c Case<'a>) -> Vec<Open<'c, 'a>> {
    let mut open = Vec::new();
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        let mut goals: Vec<&Goal> = case.goals.database.iter().collect();
        match pass.role {
            Role::Tier(index) => {
                goals.extend(&case.goals.gates);
                goals.extend(case.goals.enter.get(index).into_iter().flatten());
            }
            Role::Preflight => goals.extend(&case.goals.gates),
            role if role.undoes() => {}
            _ => continue,
        }
        for goal in goals {
            let first = pass
                .run
                .events
                .iter()
                .find(|event| event.reachable && counts(event, pass) && pass.held(event, &goal.expr) != Known::Yes);
            if let Some(event) = first {
                let near = checks_of(pass, goal);
                open.push(Open { pass, event, goal, near });
            }
        }
    }
    open
}

/// Whether the goal has to hold at this event.
fn counts(event: &Event<'_>, pass: &Pass<'_>) -> bool {
    let role = pass.role;
    match &event.what {
        // A read-only gate changes nothing: it has to stop before its end.
        What::End => role == Role::Preflight,
        What::Change(change) => role != Role::Preflight && !change.relation.is_temporary(),
        What::Define { outcome, .. } => role != Role::Preflight && outcome.outlasts_session(),
        What::Sequence { .. } | What::Acts(_) => role != Role::Preflight,
        What::Utility(statement) => role != Role::Preflight && super::rebuilds(statement, pass).is_some(),
        _ => false,
    }
}

/// The checks of a run that ask what the goal asks.
fn checks_of<'c, 'a>(pass: &'c Pass<'a>, goal: &Goal) -> Vec<&'c Event<'a>> {
    let wanted = terms(&goal.expr);
    let asks = |event: &&Event<'a>| match &event.what {
        What::Check { condition, .. } | What::Assert(condition) => {
            let asked = terms(condition);
            wanted.iter().any(|term| asked.contains(term))
        }
        _ => false,
    };
    pass.run.events.iter().filter(asks).collect()
}

/// The relations and functions that an expression asks.
fn terms(expr: &crate::effect::Expr) -> Vec<crate::effect::Ident> {
    use crate::effect::{Expr, ExprKind, From, Visit, walk_expr, walk_from};
    struct Terms(Vec<crate::effect::Ident>);
    impl<'a> Visit<'a> for Terms {
        fn from(&mut self, from: &'a From) {
            if let From::Relation { name, .. } = from {
                self.0.push(name.name.clone());
            }
            walk_from(self, from);
        }
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Call { function, star: false, .. } = &expr.kind {
                self.0.push(function.name.clone());
            }
            walk_expr(self, expr);
        }
    }
    let mut found = Terms(Vec::new());
    found.expr(expr);
    found.0
}

//! The scripts that only read: the preflight, and those that verify. What they read, what
//! they ask for, and that they write nothing.

use std::collections::BTreeSet;

use super::course::{Course, Demand, Stop, changes};
use super::model::bytes;
use crate::case::{Case, Goal, Pass};
use crate::effect::At;
use crate::flow::{Block, What};
use crate::package::Role;

/// A script that only reads.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its script.
    pub script: String,
    /// Whether it comes before the first tier.
    pub is_preflight: bool,
    /// Whether it was run at all.
    pub is_run: bool,
    /// The conditions of `lint.toml` that it asks for: certain until its end, or while it asks.
    pub demands: Vec<Demand>,
    /// How many queries it prints, for people to read.
    pub printed: usize,
    /// Statements that change the database, which there should be none of.
    pub writes: Vec<At>,
    /// Whether each of its transactions is `READ ONLY`, and nothing stands outside of them.
    pub read_only: bool,
    /// Its way.
    pub course: Course,
}

/// A value that `lint.toml` names, and who asks for it.
#[derive(Debug, Clone)]
pub struct Measure {
    /// In words, with the value.
    pub what: String,
    /// Where `lint.toml` says so.
    pub at: At,
    /// The checks that ask for it before the first tier.
    pub before: Vec<At>,
    /// The checks that ask for it after the last one.
    pub after: Vec<At>,
}

/// The scripts of a package that only read.
pub(super) fn all(case: &Case<'_>) -> Vec<Probe> {
    let scripts = case.scripts.iter().enumerate().filter(|(_, script)| script.role.reads_only());
    let probes = scripts.map(|(index, script)| {
        let pass = case.passes.iter().find(|pass| pass.script == index && pass.role == script.role && !pass.repeat);
        let mut probe = Probe {
            script: script.path.clone(),
            is_preflight: script.role == Role::Preflight,
            is_run: pass.is_some(),
            demands: Vec::new(),
            printed: 0,
            writes: Vec::new(),
            read_only: false,
            course: Course::default(),
        };
        if let Some(pass) = pass {
            probe.look(case, pass);
        }
        probe
    });
    probes.collect()
}

impl Probe {
    fn look(&mut self, case: &Case<'_>, pass: &Pass<'_>) {
        let goals = &case.goals;
        let first: Vec<&Goal> = goals.database.iter().chain(&goals.gates).collect();
        let then: Vec<&Goal> = if self.is_preflight {
            goals.enter.iter().flatten().chain(&goals.invariants).collect()
        } else {
            goals.invariants.iter().chain(&goals.end_state).collect()
        };
        let mut seen = BTreeSet::new();
        let all = first.into_iter().chain(then).filter(|goal| seen.insert(bytes(goal.at)));
        let asked = all.map(|goal| Demand::to_ask(pass, goal)).filter(|demand| !demand.by.is_empty());
        self.demands = asked.collect();
        self.course = Course::of(pass, &self.demands.iter().collect::<Vec<_>>());
        self.printed = super::chain::printed(pass);
        let mut seen = BTreeSet::new();
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            if changes(event) && seen.insert(bytes(event.outermost())) {
                self.writes.push(event.outermost());
            }
        }
        let mut begins = self.course.path.iter().filter_map(|stop| match stop {
            Stop::Begin { read_only, .. } => Some(*read_only),
            _ => None,
        });
        let is_outside = pass.run.events.iter().filter(|event| event.reachable).any(|event| {
            let acts = !matches!(
                event.what,
                What::Transaction(_) | What::Command(_) | What::Variables(_) | What::Included(_) | What::End
            );
            acts && !matches!(event.block, Block::Open { .. })
        });
        self.read_only = !self.course.transactions.is_empty() && begins.all(|only| only) && !is_outside;
    }
}

/// The values, and the checks of the probes that ask for them.
pub(super) fn measures(goals: &[Goal], probes: &[Probe]) -> Vec<Measure> {
    let asks = |goal: &Goal, before: bool| -> Vec<At> {
        let probes = probes.iter().filter(|probe| probe.is_preflight == before);
        let demands = probes.flat_map(|probe| &probe.demands).filter(|demand| bytes(demand.at) == bytes(goal.at));
        demands.flat_map(|demand| demand.by.iter().copied()).collect()
    };
    let measure = |goal: &Goal| Measure {
        what: goal.what.clone(),
        at: goal.at,
        before: asks(goal, true),
        after: asks(goal, false),
    };
    goals.iter().map(measure).collect()
}

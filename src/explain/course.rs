//! What one run of a script does on its way: its transactions, the checks that can stop it
//! and what is certain after each, when it changes something, and what it locks.

use std::collections::{BTreeMap, BTreeSet};

use super::lock::{self, Mode};
use super::model::{bytes, called, distinct};
use super::sql;
use crate::case::{Goal, Pass};
use crate::catalog::Key;
use crate::effect::{self, At, Expr, ExprKind, Ident, Query, Visit, walk_expr, walk_query};
use crate::flow::{self, ChangeKind, Event, Known, What};

/// A condition stands at most so many bytes before its `RAISE`.
const NEAR: usize = 2000;

/// A run of a script, from its first statement to its last.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// How many statements it is, for the timeline.
    pub length: usize,
    /// Its transactions.
    pub transactions: Vec<Transaction>,
    /// What it locks of what was there before.
    pub locks: Vec<Locked>,
    /// Settings that it makes.
    pub settings: Vec<Setting>,
    /// The rows that it changes or removes: the table, what happens, where.
    pub changes: Vec<(String, &'static str, At)>,
    /// Where it begins, can be stopped, changes something and commits, in order.
    pub path: Vec<Stop>,
}

/// A station on the way of a script.
#[derive(Debug, Clone)]
pub enum Stop {
    /// `BEGIN`
    Begin {
        /// Where.
        at: At,
        /// `READ ONLY`
        read_only: bool,
    },
    /// A check that can stop it.
    Check(Check),
    /// Statements that change the database, with no check between them.
    Changes {
        /// The first of them.
        first: At,
        /// The last.
        last: At,
        /// How many they are.
        count: usize,
    },
    /// `COMMIT`
    Commit(At),
    /// `ROLLBACK`
    Rollback(At),
}

/// A condition that stops a script.
#[derive(Debug, Clone)]
pub struct Check {
    /// The condition.
    pub condition: At,
    /// The `RAISE`.
    pub raise: At,
    /// The condition as SQL, with the values of variables in their place, in lines where it is
    /// long; none where it has parts that have no word.
    pub sql: Option<Vec<String>>,
    /// What is certainly true from the next statement of the script on, as SQL, each in lines.
    pub certain: Vec<Vec<String>>,
    /// Whether the contrary of the condition is certain from there on.
    pub is_certain: bool,
    /// Whether it is asked on every path that comes so far.
    pub is_always: bool,
    /// Whether the condition asks for nothing that the package leaves open.
    pub is_settled: bool,
    /// The conditions of `lint.toml` that this makes certain.
    pub meets: Vec<(String, At)>,
}

/// A transaction.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its `BEGIN`.
    pub begin: At,
    /// Its `COMMIT`, if it comes.
    pub commit: Option<At>,
    /// From which statement to which.
    pub span: (usize, usize),
}

/// A lock on something that was there before.
#[derive(Debug, Clone)]
pub struct Locked {
    /// What is locked.
    pub key: Key,
    /// The strongest mode.
    pub mode: Mode,
    /// The statement that takes it.
    pub at: At,
    /// From which statement of the script to which.
    pub span: (usize, usize),
}

/// A setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Which.
    pub name: String,
    /// To what, if that can be told.
    pub value: Option<String>,
    /// Where.
    pub at: At,
}

/// A condition of `lint.toml`.
#[derive(Debug, Clone)]
pub struct Demand {
    /// In words.
    pub what: String,
    /// Where `lint.toml` says so.
    pub at: At,
    /// Whether the script makes sure of it.
    pub is_sure: bool,
    /// The checks after which it is certain.
    pub by: Vec<At>,
}

impl Demand {
    /// What must hold wherever the script changes something.
    pub(super) fn to_enter(pass: &Pass<'_>, goal: &Goal) -> Self {
        let events = reachable(pass);
        let mut changing = events.iter().enumerate().filter(|(_, event)| changes(event)).peekable();
        let until = changing.peek().map_or(events.len(), |(index, _)| *index);
        let is_sure = changing.all(|(_, event)| pass.held(event, &goal.expr) == Known::Yes);
        let by = if is_sure { distinct(turning(pass, &events, goal, until)) } else { Vec::new() };
        Self { what: goal.what.clone(), at: goal.at, is_sure, by }
    }

    /// What must hold where the script commits, or ends if it does not.
    pub(super) fn to_leave(pass: &Pass<'_>, goal: &Goal) -> Self {
        let events = reachable(pass);
        let end = end(&events);
        let is_sure = events.get(end).is_some_and(|event| holds(pass, event, goal));
        let by = if is_sure { distinct(turning(pass, &events, goal, end).pop()) } else { Vec::new() };
        Self { what: goal.what.clone(), at: goal.at, is_sure, by }
    }

    /// What a script that only reads asks for: certain until it ends, or only while it asks.
    pub(super) fn to_ask(pass: &Pass<'_>, goal: &Goal) -> Self {
        let events = reachable(pass);
        let end = end(&events);
        let is_sure = events.get(end).is_some_and(|event| holds(pass, event, goal));
        let by = distinct(turning(pass, &events, goal, events.len()));
        Self { what: goal.what.clone(), at: goal.at, is_sure, by }
    }
}

pub(super) fn reachable<'p, 'a>(pass: &'p Pass<'a>) -> Vec<&'p Event<'a>> {
    pass.run.events.iter().filter(|event| event.reachable).collect()
}

fn holds(pass: &Pass<'_>, event: &Event<'_>, goal: &Goal) -> bool {
    pass.holds(event, &goal.expr) == Known::Yes
}

/// The last COMMIT, or the end.
fn end(events: &[&Event<'_>]) -> usize {
    let is_commit = |event: &&Event<'_>| matches!(event.what, What::Transaction(effect::Transaction::Commit { .. }));
    events.iter().rposition(is_commit).unwrap_or(events.len().saturating_sub(1))
}

/// The checks after which the goal holds and before which it does not.
fn turning(pass: &Pass<'_>, events: &[&Event<'_>], goal: &Goal, until: usize) -> Vec<At> {
    let mut by = Vec::new();
    let mut before = events.first().is_some_and(|event| holds(pass, event, goal));
    let mut check = None;
    for event in events.iter().take(until.saturating_add(1)) {
        let after = holds(pass, event, goal);
        match check {
            Some(at) if after && !before => by.push(at),
            _ => {}
        }
        before = after;
        check = match &event.what {
            What::Check { raise, stops: true, .. } => Some(*raise),
            What::Assert(_) => Some(event.at),
            _ => None,
        };
    }
    by
}

/// From the first token of a condition to its last, as far as it stands near its `RAISE`: a
/// variable in it stands for what was assigned elsewhere.
fn whole(condition: &Expr, raise: At) -> At {
    struct Places(At, At);
    impl Places {
        fn add(&mut self, at: At) {
            let is_near = at.span().end <= self.1.span().start && at.span().start + NEAR > self.1.span().start;
            if at.file() == self.1.file() && at.span().end > 0 && is_near {
                self.0 = if self.0.span().end > 0 { self.0.to(at) } else { at };
            }
        }
    }
    impl<'a> Visit<'a> for Places {
        fn expr(&mut self, expr: &'a Expr) {
            self.add(expr.at);
            walk_expr(self, expr);
        }
        fn query(&mut self, query: &'a Query) {
            self.add(query.at);
            walk_query(self, query);
        }
    }
    let mut places = Places(At::default(), raise);
    places.expr(condition);
    if places.0.span().end > 0 { places.0 } else { condition.at }
}

/// Whether it changes the database for longer than this session.
pub(super) fn changes(event: &Event<'_>) -> bool {
    match &event.what {
        What::Change(change) => !change.relation.is_temporary(),
        What::Define { outcome, .. } => outcome.outlasts_session(),
        What::Sequence { .. } | What::Acts(_) => true,
        _ => false,
    }
}

impl Course {
    /// The way of a run; `demands` are what it makes sure of.
    pub(super) fn of(pass: &Pass<'_>, demands: &[&Demand]) -> Self {
        let events = reachable(pass);
        let mut course = Self { path: path(pass, &events, demands), ..Self::default() };
        let mut place = None;
        let mut open: Vec<(Transaction, u32)> = Vec::new();
        let mut locks: BTreeMap<Key, (Locked, Option<u32>)> = BTreeMap::new();
        let mut changed = BTreeSet::new();
        for event in events {
            if place != Some(bytes(event.outermost())) && !matches!(event.what, What::End | What::Included(_)) {
                place = Some(bytes(event.outermost()));
                course.length += 1;
            }
            let moment = course.length;
            let block = match event.block {
                flow::Block::Open { begin, number } => {
                    match open.iter_mut().find(|(_, known)| *known == number) {
                        Some((transaction, _)) => transaction.span.1 = moment,
                        // Its BEGIN came just before.
                        None => {
                            let span = (moment.saturating_sub(1).max(1), moment);
                            open.push((Transaction { begin, commit: None, span }, number));
                        }
                    }
                    Some(number)
                }
                _ => None,
            };
            match &event.what {
                What::Transaction(effect::Transaction::Commit { .. }) => {
                    if let Some((transaction, _)) = open.iter_mut().find(|(_, known)| Some(*known) == block) {
                        transaction.commit = Some(event.at);
                    }
                }
                What::Set { name, .. } => {
                    let value = event.settings.get(name).and_then(|setting| setting.value.as_ref());
                    let value = value.map(Ident::to_string);
                    course.settings.push(Setting { name: name.to_string(), value, at: event.at });
                }
                What::Change(change) if change.kind != ChangeKind::Insert && !change.relation.is_temporary() => {
                    let what = match change.kind {
                        ChangeKind::Update => "changes rows of",
                        ChangeKind::Delete => "deletes rows from",
                        _ => "empties",
                    };
                    if changed.insert((bytes(event.at), called(&change.relation))) {
                        course.changes.push((called(&change.relation), what, event.at));
                    }
                }
                _ => {}
            }
            for (key, mode) in lock::of(&event.what, &pass.start, &pass.run.end.catalog) {
                // What the script has made itself nobody else waits for.
                if !pass.start.contains(&key) || key.schema == "pg_temp" || key.schema == "pg_catalog" {
                    continue;
                }
                let new = || (Locked { key: key.clone(), mode, at: event.outermost(), span: (moment, moment) }, block);
                let (known, _) = locks.entry(key.clone()).or_insert_with(new);
                if mode > known.mode {
                    (known.mode, known.at) = (mode, event.outermost());
                }
            }
        }
        course.locks = locks
            .into_values()
            .map(|(mut locked, block)| {
                // It is held until the transaction ends.
                let until = open.iter().find(|(_, number)| Some(*number) == block);
                locked.span.1 = until.map_or(locked.span.0, |(transaction, _)| transaction.span.1);
                locked
            })
            .collect();
        course.locks.sort_by(|left, right| right.mode.cmp(&left.mode).then_with(|| left.key.cmp(&right.key)));
        course.transactions = open.into_iter().map(|(transaction, _)| transaction).collect();
        course
    }

    /// The checks on its way.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.path.iter().filter_map(|stop| match stop {
            Stop::Check(check) => Some(check),
            _ => None,
        })
    }
}

fn path(pass: &Pass<'_>, events: &[&Event<'_>], demands: &[&Demand]) -> Vec<Stop> {
    let mut path = Vec::new();
    let mut seen = BTreeSet::new();
    let mut last_change = None;
    for (index, event) in events.iter().enumerate() {
        let mut check = |condition: &Expr, raise: At| {
            if seen.insert(bytes(raise)) {
                let mut check = judge(pass, events, index, condition, raise);
                let met = demands.iter().filter(|demand| demand.by.iter().any(|by| bytes(*by) == bytes(raise)));
                check.meets = met.map(|demand| (demand.what.clone(), demand.at)).collect();
                path.push(Stop::Check(check));
            }
        };
        match &event.what {
            What::Transaction(effect::Transaction::Begin { read_only }) => {
                path.push(Stop::Begin { at: event.at, read_only: *read_only });
            }
            What::Transaction(effect::Transaction::Commit { .. }) => path.push(Stop::Commit(event.at)),
            What::Transaction(effect::Transaction::Rollback { .. }) => path.push(Stop::Rollback(event.at)),
            What::Check { condition, stops: true, raise } => check(condition, *raise),
            What::Assert(condition) => {
                // It stops where the condition is not true.
                let condition = sql::not_true(condition);
                check(&condition, event.at);
            }
            _ if changes(event) => {
                let at = event.outermost();
                // One statement may change much.
                let is_new = last_change.replace(bytes(at)) != Some(bytes(at));
                match path.last_mut() {
                    Some(Stop::Changes { last, count, .. }) => {
                        *last = at;
                        *count += usize::from(is_new);
                    }
                    _ => path.push(Stop::Changes { first: at, last: at, count: 1 }),
                }
            }
            _ => {}
        }
    }
    path
}

/// What is certain after a check, asked where the next statement of the script begins.
pub(super) fn judge(pass: &Pass<'_>, events: &[&Event<'_>], index: usize, condition: &Expr, raise: At) -> Check {
    let mut check = Check {
        condition: whole(condition, raise),
        raise,
        sql: sql::lines(condition),
        certain: Vec::new(),
        is_certain: false,
        is_always: events.get(index).is_some_and(|event| event.certain),
        is_settled: sql::is_settled(condition),
        meets: Vec::new(),
    };
    let Some(later) = after(events, index) else { return check };
    check.is_certain = true;
    for part in sql::alternatives(condition) {
        let parts = match &part.kind {
            ExprKind::Is { operand, test: effect::IsTest::True, negated: true } => vec![(**operand).clone()],
            _ => vec![sql::contrary(part), sql::not_true(part)],
        };
        match parts.iter().find(|claim| pass.holds(later, claim) == Known::Yes) {
            Some(claim) => check.certain.extend(sql::lines(claim)),
            None => check.is_certain = false,
        }
    }
    check
}

/// The first event behind the statement of the script that an event belongs to: the whole of a
/// `DO`, for what happens in it.
fn after<'e, 'a>(events: &[&'e Event<'a>], index: usize) -> Option<&'e Event<'a>> {
    let at = events.get(index)?.outermost();
    let is_in = |outer: At, inner: At| {
        outer.file() == inner.file()
            && outer.span().start <= inner.span().start
            && inner.span().start < outer.span().end.max(outer.span().start + 1)
    };
    let blocks = events.iter().take(index + 1).rev().filter(|event| matches!(event.what, What::Do(_)));
    let statement = blocks.map(|event| event.at).find(|block| is_in(*block, at)).unwrap_or(at);
    events.iter().skip(index + 1).find(|event| !is_in(statement, event.outermost())).copied()
}

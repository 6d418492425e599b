//! Bodies: DO, functions, procedures. Every path through their steps.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::event::{Origin, Via, What};
use super::handler::Taking;
use super::rows::Rows;
use super::state::{Bindings, State};
use super::value::subquery;
use super::{Departure, Flow};
use crate::catalog::{Presence, Problem, Read};
use crate::effect::{
    Act, At, Block, Body, Declaration, Expr, ExprKind, Function, Handler, Ident, IfArm, Iteration, Name, Query,
    QueryBody, RaiseLevel, Select, Statement, Step, StepKind, SubqueryKind, Target, Type, VariableConflict,
};
use crate::logic::{Facts, Truth};

/// The most elements of an array, or rows of constants, that a loop is unrolled for.
const UNROLL_LIMIT: usize = 4096;

/// The most rounds of loops within one another that are unrolled.
const NESTED_ROUNDS_LIMIT: usize = 1024;

/// The most rounds of all loops of a script that are unrolled.
const ALL_ROUNDS_LIMIT: usize = 65_536;

/// How often a loop is gone through to find what its rounds leave as it was.
const ROUNDS_LIMIT: usize = 8;

/// How many rounds of a loop are gone through one by one in which another loop is not.
const VAGUE_ROUNDS_LIMIT: usize = 32;

/// How many, where it stands in another loop that is not.
const INNER_ROUNDS_LIMIT: usize = 64;

/// How deep within one another loops are that this is done for.
const LOOPS_LIMIT: usize = 3;

/// How many calls are followed within one that no other is around.
const CALLS_LIMIT: usize = 2000;

/// How many statements of functions are gone through for one script.
const WALKED_LIMIT: usize = 100_000;

/// How many facts there may be for what a function finds out to be kept behind its call.
const LEARNED_LIMIT: usize = 256;

/// How much work calls within calls may be for one script, in alternatives that logic tries.
const NESTED_LIMIT: u64 = 100_000;

/// What PL/pgSQL gives the function of a trigger or of an event trigger.
const TRIGGER_VARIABLES: [&str; 13] = [
    "new",
    "old",
    "tg_op",
    "tg_table_name",
    "tg_table_schema",
    "tg_argv",
    "tg_name",
    "tg_when",
    "tg_level",
    "tg_relid",
    "tg_nargs",
    "tg_event",
    "tg_tag",
];

/// How a block of definitions ends, as far as the schema decides on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nothing in the schema stops it.
    Passes,
    /// It stops with this SQLSTATE.
    Stops(&'static str),
    /// That cannot be told.
    Unsaid,
}

impl<'a> Flow<'a> {
    /// The block of a `DO`.
    pub(super) fn anonymous(&mut self, body: &'a Body, state: &mut State) {
        state.scopes.push(Bindings { opaque: true, ..Bindings::default() });
        let frames = std::mem::take(&mut self.frames);
        self.body(body, state);
        self.frames = frames;
        state.scopes.pop();
    }

    /// A body to its end, by whichever `RETURN`.
    pub(super) fn body(&mut self, body: &'a Body, state: &mut State) {
        let mark = self.left.len();
        let certain = self.certain;
        let first = state.symbols.next();
        match body {
            Body::PlPgSql(block) => {
                Self::decide(block.conflict.unwrap_or_default(), state);
                self.block(block, state);
            }
            Body::Sql(statements) => {
                Self::decide(VariableConflict::UseColumn, state);
                for statement in statements {
                    self.with_columns(Read::Act(&statement.act), state, |flow, state| flow.statement(statement, state));
                }
            }
            Body::Opaque { why, at } => {
                self.emit(*at, What::Opaque(format!("this body was not read: {why}")), state);
                state.lose_track();
            }
        }
        self.certain = certain;
        state.forget_since(first);
        for (_, state) in self.left.iter_mut().skip(mark) {
            state.forget_since(first);
        }
        self.arrive(mark, state, |departure| *departure == Departure::Return);
    }

    /// The paths that left since `mark` for here come back.
    fn arrive(&mut self, mark: usize, state: &mut State, here: impl Fn(&Departure) -> bool) {
        let gone = self.left.split_off(mark.min(self.left.len()));
        let (arrived, further): (Vec<_>, Vec<_>) = gone.into_iter().partition(|(departure, _)| here(departure));
        self.left.extend(further);
        if arrived.is_empty() {
            return;
        }
        let depth = state.scopes.len();
        let mut states = vec![state.clone()];
        states.extend(arrived.into_iter().map(|(_, mut state)| {
            state.scopes.truncate(depth);
            state
        }));
        *state = super::join(states);
    }

    fn block(&mut self, block: &'a Block, state: &mut State) {
        state.scopes.push(Bindings { label: block.label.clone(), ..Bindings::default() });
        let cursors = self.cursors.len();
        for declaration in &block.declarations {
            self.declare(declaration, state);
        }
        let mark = self.left.len();
        if block.handlers.is_empty() {
            self.steps(&block.steps, state);
        } else {
            self.guarded(block, state);
        }
        let label = block.label.clone();
        let depth = state.scopes.len();
        self.arrive(
            mark,
            state,
            |departure| matches!(departure, Departure::Exit(Some(to)) if Some(to) == label.as_ref()),
        );
        state.scopes.truncate(depth.saturating_sub(1));
        self.cursors.truncate(cursors);
    }

    /// The query of a cursor that was declared with one.
    fn cursor(&self, name: &Ident) -> Option<&'a Query> {
        self.cursors.iter().rev().find(|(cursor, _)| cursor == name).and_then(|(_, query)| *query)
    }

    /// What the query of a cursor does when its rows are fetched: all, some or none.
    fn fetched_by(
        &mut self,
        cursor: &Ident,
        query: Option<&'a Query>,
        arguments: &'a [Expr],
        at: At,
        state: &mut State,
    ) {
        let Some(query) = query else {
            let why = format!("the query of the cursor {cursor} is not known here");
            self.emit(at, What::Opaque(why), state);
            state.forget_everything();
            return;
        };
        if !arguments.is_empty() {
            // Its arguments are variables of its own.
            state.forget_variables();
        }
        self.with_columns(Read::Query(query), state, |flow, state| flow.query_calls(query, false, state));
    }

    fn declare(&mut self, declaration: &'a Declaration, state: &mut State) {
        if declaration.kind.is_none() {
            let query = match &declaration.alias_for {
                Some(other) => self.cursor(&other.rsplit('.').next().map(Ident::from).unwrap_or_default()),
                None => declaration.cursor.as_deref(),
            };
            self.cursors.push((declaration.name.clone(), query));
        }
        if let Some(other) = &declaration.alias_for {
            let path: Vec<Ident> = other.split('.').map(Ident::from).collect();
            if state.alias(&declaration.name, &path) {
                return;
            }
        }
        let value = match (&declaration.value, &declaration.alias_for) {
            (Some(value), _) => {
                self.calls_in(value, true, state);
                self.resolve(value, state)
            }
            (None, Some(name)) => state.symbols.fresh(name),
            (None, None) => match &declaration.kind {
                Some(kind) if is_scalar(kind) => Expr { at: declaration.at, kind: ExprKind::Null },
                // The fields of a record are not told apart.
                _ => state.symbols.fresh(&declaration.name),
            },
        };
        let value = state.settled(&declaration.name, value);
        let kind = declaration.kind.as_ref().map(|kind| state.copied(kind));
        let value = state.stored(&declaration.name, value, kind.as_deref());
        let kind = kind.map(Cow::into_owned);
        if let Some(scope) = state.scopes.last_mut() {
            if let Some(kind) = kind {
                if has_no_fields(&kind) {
                    scope.scalars.insert(declaration.name.clone());
                }
                scope.kinds.insert(declaration.name.clone(), kind);
            }
            scope.values.insert(declaration.name.clone(), value);
        }
        if declaration.not_null
            && let Some(value) = state.variable(std::slice::from_ref(&declaration.name))
        {
            let kind = ExprKind::Is { operand: Box::new(value), test: crate::effect::IsTest::Null, negated: true };
            state.assume(&Expr { at: declaration.at, kind }, Truth::True);
        }
    }

    /// A block with handlers: whatever it did is undone when one of them takes over.
    fn guarded(&mut self, block: &'a Block, state: &mut State) {
        self.emit(block.at, What::Handlers(block), state);
        let before = state.clone();
        let certain = self.certain;
        let may_catch = |handler: &&Handler| super::handler::may_catch(block, handler);
        let stays = block.handlers.iter().filter(may_catch).all(super::handler::lets_stay);
        self.certain = certain && stays;
        let events = self.events.len();
        self.steps(&block.steps, state);
        let ending = self.ending(block, events);
        if let Ending::Stops(sqlstate) = ending {
            self.certain = certain;
            match super::handler::taking(block, sqlstate) {
                Taking::This(handler) => {
                    // What it did is undone.
                    self.events.truncate(events);
                    *state = self.handled(block, handler, &before, state);
                    return;
                }
                Taking::None => {
                    self.sure(events, certain);
                    return;
                }
                Taking::Unsaid => {}
            }
        }
        let mut left = block.handlers.iter().filter(may_catch);
        if ending == Ending::Passes && left.all(super::handler::is_of_schema) {
            self.sure(events, certain);
        }
        self.doubt(events, state);
        self.certain = false;
        let mut ends = vec![state.clone()];
        for handler in block.handlers.iter().filter(may_catch) {
            let end = self.handled(block, handler, &before, state);
            // Nothing is in the way of the block that this is for.
            if ending != Ending::Passes || !super::handler::is_of_schema(handler) {
                ends.push(end);
            }
        }
        self.certain = certain;
        *state = super::join(ends);
    }

    /// What is so after a handler took over.
    fn handled(&mut self, block: &'a Block, handler: &'a Handler, before: &State, state: &mut State) -> State {
        let mut inside = before.clone();
        // The rows are those of before; the variables keep what any step may have given them.
        for path in super::handler::given(&block.steps) {
            inside.renew(&path);
        }
        inside.prepare_as(state);
        inside.found = None;
        inside.counted = None;
        inside.scopes.push(Bindings::default());
        for name in ["sqlstate", "sqlerrm"] {
            let value = state.symbols.fresh(name);
            if let Some(scope) = inside.scopes.last_mut() {
                scope.values.insert(Ident::new_static(name), value);
            }
        }
        self.steps(&handler.steps, &mut inside);
        inside.scopes.pop();
        inside
    }

    /// How a block ends that only defines something, and whose events are those since.
    fn ending(&self, block: &Block, since: usize) -> Ending {
        let is_sql = |step: &Step| matches!(&step.kind, StepKind::Sql { into, perform: false, .. } if into.is_empty());
        let events = self.events.get(since..).unwrap_or_default();
        if events.len() != block.steps.len() || !block.steps.iter().all(is_sql) {
            return Ending::Unsaid;
        }
        for event in events {
            let What::Define { outcome, .. } = &event.what else { return Ending::Unsaid };
            match (&outcome.problem, &outcome.may_fail) {
                (Some(problem), _) => return Ending::Stops(problem.sqlstate),
                (None, Some(_)) => return Ending::Unsaid,
                (None, None) => {}
            }
        }
        Ending::Passes
    }

    /// The events since are as certain as what they stand in.
    fn sure(&mut self, since: usize, certain: bool) {
        let events = self.events.get_mut(since..).unwrap_or_default();
        events.iter_mut().for_each(|event| event.certain = certain);
    }

    /// The relations whose rows, or what shows them, have changed since.
    pub(super) fn changed_since(&self, events: usize) -> BTreeSet<Name> {
        let changed = self.events.get(events..).unwrap_or_default().iter().filter_map(|event| match &event.what {
            What::Change(change) => Some(Name::clone(&change.relation)),
            _ => None,
        });
        changed.collect()
    }

    /// None of the events since is certain if one of them names what may not be there.
    fn doubt(&mut self, since: usize, state: &State) {
        let is_there = |event: &super::Event<'_>| match &event.what {
            What::Change(change) => state.catalog.presence(&change.relation) == Presence::Yes,
            what => what.problem().is_none(),
        };
        let events = self.events.get_mut(since..).unwrap_or_default();
        if !events.iter().all(is_there) {
            events.iter_mut().for_each(|event| event.certain = false);
        }
    }

    pub(super) fn steps(&mut self, steps: &'a [Step], state: &mut State) {
        for step in steps {
            self.step(step, state);
        }
    }

    fn step(&mut self, step: &'a Step, state: &mut State) {
        if !state.reachable {
            return;
        }
        self.walked += usize::from(!self.frames.is_empty());
        match &step.kind {
            StepKind::Sql { statement, into, strict, perform } => {
                if into.is_empty() && !perform && statement.act.yields_rows() {
                    let message = "query has no destination for result data".to_owned();
                    let problem = Problem::new("42601", message, statement.at);
                    self.emit(statement.at, What::Refused(Box::new(problem)), state);
                }
                self.refuse_targets(into, statement.at, state);
                self.sql(statement, into, *strict, state);
            }
            StepKind::Execute { command, into, strict, using } => {
                self.refuse_targets(into, step.at, state);
                using.iter().for_each(|value| self.calls_in(value, true, state));
                let using = self.resolve_all(using, state);
                self.execute(step.at, command, into, *strict, &using, state);
            }
            StepKind::ReturnExecute { command, using } => {
                using.iter().for_each(|value| self.calls_in(value, true, state));
                let using = self.resolve_all(using, state);
                self.execute(step.at, command, &[], false, &using, state);
            }
            StepKind::Assign { target, value } => {
                self.refuse_targets(std::slice::from_ref(target), step.at, state);
                self.calls_in(value, true, state);
                let value = self.resolve(value, state);
                state.assume_divided(&value);
                let name = target.last().cloned().unwrap_or_default();
                let value = state.settled(&name, value);
                state.bind(target, value);
            }
            StepKind::If { arms, otherwise } => self.arms(arms, otherwise.as_deref(), state),
            StepKind::Case { arms, otherwise } => match otherwise {
                Some(otherwise) => self.arms(arms, Some(otherwise), state),
                None => self.case(arms, state),
            },
            StepKind::Loop { label, iteration, steps } => self.iterate(label.as_ref(), iteration, steps, step, state),
            StepKind::Block(block) => self.block(block, state),
            StepKind::Leave { next, label, condition } => {
                let mut going = state.clone();
                if let Some(condition) = condition {
                    self.calls_in(condition, true, state);
                    let condition = self.resolve(condition, state);
                    going.assume(&condition, Truth::True);
                    state.assume(&condition, Truth::NotTrue);
                } else {
                    state.reachable = false;
                }
                let departure = if *next { Departure::Continue(label.clone()) } else { Departure::Exit(label.clone()) };
                if going.reachable {
                    self.left.push((departure, going));
                }
                // What follows happens on some of the paths only.
                self.certain = false;
            }
            StepKind::Return(value) => {
                if let Some(value) = value {
                    self.calls_in(value, true, state);
                }
                self.left.push((Departure::Return, state.clone()));
                state.reachable = false;
                self.certain = false;
            }
            StepKind::ReturnNext(value) => {
                if let Some(value) = value {
                    self.calls_in(value, true, state);
                }
            }
            StepKind::ReturnQuery(query) => {
                self.refuse_read(Read::Query(query), query.at, state);
                self.with_columns(Read::Query(query), state, |flow, state| flow.query_calls(query, true, state));
            }
            StepKind::Raise { level, parameters, options, .. } => {
                for value in parameters.iter().chain(options.iter().map(|(_, value)| value)) {
                    self.calls_in(value, true, state);
                }
                if *level == RaiseLevel::Exception {
                    state.reachable = false;
                }
            }
            StepKind::Assert { condition, message } => {
                self.calls_in(condition, false, state);
                message.iter().for_each(|message| self.calls_in(message, false, state));
                let asked = self.asked(condition, state);
                let condition = self.resolve(condition, state);
                let setting = state.settings.get("plpgsql.check_asserts").and_then(|setting| setting.value.as_deref());
                if setting == Some("on") {
                    state.assume(&condition, Truth::True);
                    state.ask(asked.as_ref(), Truth::True);
                } else {
                    // It may be off: nothing follows.
                    self.emit(step.at, What::Assert(Box::new(condition)), state);
                }
            }
            StepKind::Diagnostics { items } => {
                for (target, item) in items {
                    let value = match (item.as_str(), &state.counted) {
                        ("row_count", Some(count)) => count.clone(),
                        _ => state.symbols.fresh(item),
                    };
                    state.bind(target, value);
                }
            }
            StepKind::Open { cursor, query, command, arguments } => {
                for argument in arguments {
                    self.calls_in(argument, true, state);
                }
                let events = self.events.len();
                match (query, command, self.cursor(cursor)) {
                    (Some(query), ..) => self.fetched_by(cursor, Some(query), &[], step.at, state),
                    // What it does is done when its rows are fetched, if they are.
                    (None, Some(command), _) => {
                        let outer = std::mem::replace(&mut self.certain, false);
                        let before = state.clone();
                        self.execute(step.at, command, &[], false, &[], state);
                        *state = super::join(vec![before, state.clone()]);
                        self.certain = outer;
                    }
                    (None, None, query) => self.fetched_by(cursor, query, arguments, step.at, state),
                }
                self.lazy |= self.events.len() > events;
                state.renew(std::slice::from_ref(cursor));
            }
            StepKind::Fetch { into, .. } => {
                if self.lazy {
                    state.forget_everything();
                }
                for target in into {
                    state.renew(target);
                }
                state.found = None;
            }
            StepKind::EndTransaction { .. } => {
                self.emit(step.at, What::BodyTransaction, state);
                state.forget_everything();
            }
            StepKind::Opaque { why } => {
                self.emit(step.at, What::Opaque(format!("this statement was not read: {why}")), state);
                state.lose_track();
            }
            StepKind::Close(_) | StepKind::Null => {}
        }
    }

    fn arms(&mut self, arms: &'a [IfArm], otherwise: Option<&'a [Step]>, state: &mut State) {
        let outer = self.certain;
        let mut ends = Vec::new();
        let mut decided = false;
        // What the symbolic database answers may be otherwise where the script runs: an arm that is not walked
        // has to raise before anything is sure behind it.
        let (before, mut goes_on) = (Arc::clone(&state.asked), false);
        for (index, arm) in arms.iter().enumerate() {
            if decided || !state.reachable {
                break;
            }
            let events = self.events.len();
            self.calls_in(&arm.condition, true, state);
            let asked = self.asked(&arm.condition, state);
            let condition = self.resolve(&arm.condition, state);
            let changed = super::readers(&state.catalog, self.changed_since(events));
            self.check(arm, &condition, state);
            let mut inside = state.clone();
            inside.assume(&condition, Truth::True);
            state.assume(&condition, Truth::NotTrue);
            inside.ask(asked.as_ref(), Truth::True);
            state.ask(asked.as_ref(), Truth::NotTrue);
            // What the condition changes it may have read before.
            if !changed.is_empty() {
                inside.forget(&changed);
                state.forget(&changed);
            }
            if !inside.reachable {
                goes_on |= asked.is_some() && !super::asked::raises(&arm.steps);
                continue;
            }
            decided = !state.reachable;
            if decided && asked.is_some() {
                let mut others =
                    arms.iter().skip(index + 1).map(|arm| arm.steps.as_slice()).chain([otherwise.unwrap_or_default()]);
                goes_on |= !others.all(super::asked::raises);
            }
            self.certain = outer && decided && ends.is_empty();
            self.steps(&arm.steps, &mut inside);
            ends.push(inside);
        }
        if !decided {
            let mut inside = state.clone();
            if let Some(steps) = otherwise {
                self.certain = outer && ends.iter().all(|end: &State| !end.reachable);
                self.steps(steps, &mut inside);
            }
            ends.push(inside);
        }
        // Paths that stop the script take nothing away from the others.
        self.certain = outer && self.left.is_empty();
        *state = super::meet(ends);
        if goes_on {
            state.asked = state.asked.join(&before, &super::Sight(&state.catalog));
        }
    }

    /// A `CASE` without `ELSE` raises where no arm holds.
    fn case(&mut self, arms: &'a [IfArm], state: &mut State) {
        let outer = self.certain;
        let mut ends = Vec::new();
        for arm in arms {
            self.calls_in(&arm.condition, ends.is_empty(), state);
            let condition = self.resolve(&arm.condition, state);
            let mut inside = state.clone();
            inside.assume(&condition, Truth::True);
            state.assume(&condition, Truth::NotTrue);
            self.certain = false;
            self.steps(&arm.steps, &mut inside);
            ends.push(inside);
        }
        self.certain = outer;
        if !ends.is_empty() {
            *state = super::meet(ends);
        }
    }

    /// Notes that a condition leads to `RAISE`.
    fn check(&mut self, arm: &'a IfArm, condition: &Expr, state: &State) {
        let raise = arm.steps.iter().find_map(|step| match &step.kind {
            StepKind::Raise { level, .. } => Some((step.at, *level == RaiseLevel::Exception)),
            _ => None,
        });
        if let Some((at, stops)) = raise {
            self.emit(arm.at, What::Check { condition: Box::new(condition.clone()), stops, raise: at }, state);
        }
    }

    fn sql(&mut self, statement: &'a Statement, into: &'a [Vec<Ident>], strict: bool, state: &mut State) {
        let (query, reached) = self.with_columns(Read::Act(&statement.act), state, |flow, state| {
            let query = match &statement.act {
                Act::Select(query) => Some(flow.resolve_query(query, state)),
                _ => None,
            };
            let reached = flow.reached(&statement.act, state);
            let events = flow.events.len();
            flow.statement(statement, state);
            let changed = flow.changed_since(events);
            // What it reads is what was there before it.
            let query = query.filter(|_| changed.is_empty());
            (query, reached.filter(|(relation, _)| changed == BTreeSet::from([relation.clone()])))
        });
        if let Act::Call(Expr { kind: ExprKind::Call { function, arguments, .. }, .. }) = &statement.act {
            Self::returned(function, arguments, state);
        }
        Self::assign_rows(query.as_ref(), into, strict, state);
        if let Some((_, rows)) = reached {
            state.counted = Some(count_of(&rows));
            state.found = Some(super::query::simpler(subquery(SubqueryKind::Exists, rows), &state.catalog));
        }
    }

    /// The table of an `UPDATE` and its rows that are reached, where they are the same before and after it: it
    /// leaves alone what it asks for, and neither a trigger nor a rule nor a policy has a say.
    fn reached(&mut self, act: &'a Act, state: &mut State) -> Option<(Name, Query)> {
        let Act::Update { with, table, alias, set, from, filter, .. } = act else { return None };
        if !with.is_empty() || !from.is_empty() {
            return None;
        }
        let name = state.catalog.canonical(table);
        let is_plain = state.catalog.triggers(&name).is_empty() && state.catalog.rules(&name, "update").is_empty();
        let filter = filter.as_deref().map(|filter| self.resolve(filter, state));
        let relation = state.catalog.relation(&name).filter(|relation| relation.query.is_none())?;
        let may_move = |expr: &Expr| match &expr.kind {
            ExprKind::Column(path) => path.last().is_none_or(|column| {
                let is_generated = relation.column(column).is_some_and(|column| column.generated);
                is_generated || set.iter().any(|set| set.column == *column)
            }),
            kind => matches!(kind, ExprKind::Call { .. } | ExprKind::Subquery { .. } | ExprKind::Star(_)),
        };
        // It may be for the rows of the table alone.
        let is_plain = is_plain && state.catalog.descendants(&name).is_empty();
        if !is_plain || relation.row_security || filter.iter().any(|filter| crate::effect::any(filter, may_move)) {
            return None;
        }
        let (name_of, alias) = (table.clone(), alias.clone());
        let rows = crate::effect::From::Relation { name: name_of, alias, columns: Vec::new(), only: false };
        let select = Select { from: vec![rows], filter, ..Select::default() };
        Some((name, Query::of(table.at, select.into())))
    }

    /// `CALL` gives the variables another value that stand for `INOUT` and `OUT` arguments.
    fn returned(procedure: &Name, arguments: &[Expr], state: &mut State) {
        let known = state.catalog.functions(procedure);
        for (index, argument) in arguments.iter().enumerate() {
            let (name, value) = argument.named().map_or((None, argument), |(name, value)| (Some(name), value));
            let ExprKind::Column(path) = &value.kind else { continue };
            let stays = |function: &Arc<Function>| match name {
                Some(name) => function
                    .arguments
                    .iter()
                    .all(|argument| !argument.output || argument.name.as_ref().is_some_and(|other| other != name)),
                None => function.arguments.get(index).is_none_or(|argument| !argument.output),
            };
            if known.is_empty() || !known.iter().all(stays) {
                state.renew(path);
            }
        }
    }

    /// `INTO`, `FOUND` and `ROW_COUNT` after a statement.
    pub(super) fn assign_rows(query: Option<&Query>, into: &[Vec<Ident>], strict: bool, state: &mut State) {
        let Some(query) = query else {
            for target in into {
                state.renew(target);
            }
            state.found = None;
            state.counted = None;
            return;
        };
        let found = super::query::simpler(subquery(SubqueryKind::Exists, query.clone()), &state.catalog);
        if strict && !into.is_empty() {
            state.assume(&found, Truth::True);
        }
        state.found = Some(found);
        state.counted = Some(count_of(query));
        if let [target] = into
            && let Some(record) = state.record_of(query, target, strict)
        {
            state.bind(target, record);
            return;
        }
        for (index, target) in into.iter().enumerate() {
            let name = target.last().cloned().unwrap_or_default();
            let value = match &query.body {
                QueryBody::Select(select) if into.len() == select.targets.len() => {
                    select.targets.get(index).and_then(|one| state.first_value(query, select, one, strict))
                }
                _ => None,
            };
            let value = value.unwrap_or_else(|| {
                let row = (into.len() == 1).then(|| subquery(SubqueryKind::Scalar, query.clone()));
                state.symbols.after(&name, &row)
            });
            let value = state.settled(&name, value);
            state.bind(target, value);
        }
    }

    fn iterate(
        &mut self,
        label: Option<&'a Ident>,
        iteration: &'a Iteration,
        steps: &'a [Step],
        step: &'a Step,
        state: &mut State,
    ) {
        let mark = self.left.len();
        let mine = |departure: &Departure, next: bool| match departure {
            Departure::Exit(to) => !next && (to.is_none() || to.as_ref() == label),
            Departure::Continue(to) => next && (to.is_none() || to.as_ref() == label),
            Departure::Return => false,
        };
        state.scopes.push(Bindings { label: label.cloned(), ..Bindings::default() });
        let depth = state.scopes.len();
        let events = self.events.len();
        let rounds = self.rounds(iteration, step, state);
        let is_as_before = self.changed_since(events).is_empty();
        let rounds = rounds.filter(|rounds| self.may_unroll(rounds.len(), steps));
        let are_many = rounds.as_ref().is_some_and(|rounds| rounds.len() > VAGUE_ROUNDS_LIMIT);
        let before = are_many.then(|| (state.clone(), self.events.len(), self.left.len()));
        let mut is_vague = rounds.is_none();
        if let Some(rounds) = rounds {
            let outer = self.unrolled.0;
            let (count, vague) = (rounds.len(), self.vague);
            self.unrolled = (outer.saturating_mul(count), self.unrolled.1 + count);
            for round in rounds {
                for (target, value) in round {
                    match (target.as_slice(), iteration, state.scopes.last_mut()) {
                        // The variable of an integer loop is its own; the others are declared outside.
                        ([name], Iteration::Range { .. }, Some(scope)) => {
                            scope.values.insert(name.clone(), value);
                        }
                        _ => state.bind(&target, value),
                    }
                }
                self.steps(steps, state);
                self.arrive(mark, state, |departure| mine(departure, true));
                is_vague = are_many && self.vague > vague;
                if is_vague {
                    break;
                }
            }
            self.unrolled.0 = outer;
        }
        if is_vague {
            // Nothing is gained by what a round of it does for each of many.
            if let Some((before, events, left)) = before {
                self.events.truncate(events);
                self.left.truncate(left);
                *state = before;
            }
            self.vague += 1;
            self.unknown_rounds((iteration, is_as_before), steps, state, mark, &mine);
        }
        self.arrive(mark, state, |departure| mine(departure, false));
        state.scopes.truncate(depth - 1);
        state.found = None;
    }

    /// Whether a loop of so many rounds is gone through round for round.
    fn may_unroll(&self, rounds: usize, steps: &[Step]) -> bool {
        let (around, all) = self.unrolled;
        let is_single = around <= 1 && !super::handler::has_loop(steps);
        (is_single || around.saturating_mul(rounds) <= NESTED_ROUNDS_LIMIT)
            && (self.loops == 0 || rounds <= INNER_ROUNDS_LIMIT)
            && all.saturating_add(rounds) <= ALL_ROUNDS_LIMIT
    }

    /// A loop whose rounds are not known: none, or any number; and whether what it goes through
    /// is still what it was when that was read.
    fn unknown_rounds(
        &mut self,
        (iteration, is_as_before): (&'a Iteration, bool),
        steps: &'a [Step],
        state: &mut State,
        mark: usize,
        mine: &dyn Fn(&Departure, bool) -> bool,
    ) {
        let outer = std::mem::replace(&mut self.certain, false);
        let mut before = state.clone();
        // What a round may change is not known at the start of the next.
        self.loops += 1;
        let mut stable = false;
        for _ in 0..ROUNDS_LIMIT {
            if self.loops > LOOPS_LIMIT {
                break;
            }
            let known = state.knowledge();
            let (events, first) = (self.events.len(), state.symbols.next());
            let mut after = state.clone();
            self.round(iteration, steps, &mut after, mark, mine);
            self.events.truncate(events);
            self.left.truncate(mark);
            *state = super::join(vec![state.clone(), after]);
            // What was known of a value of this round says nothing of the next.
            state.forget_unheld(first);
            stable = state.knowledge() == known;
            if stable {
                break;
            }
        }
        if !stable {
            state.forget_variables();
            state.forget_everything();
        }
        self.round(iteration, steps, state, mark, mine);
        self.loops -= 1;
        let mut ends = vec![state.clone()];
        match iteration {
            // Only EXIT ends it.
            Iteration::Forever => {
                for end in &mut ends {
                    end.reachable = false;
                }
            }
            Iteration::While(condition) => {
                ends.push(before);
                for end in &mut ends {
                    let condition = self.resolve(condition, end);
                    end.assume(&condition, Truth::NotTrue);
                }
            }
            Iteration::Query { query: Some(query), cursor: None, .. }
                if is_as_before && !state.reachable && self.left.len() == mark =>
            {
                // Who is past it has had no round.
                let rows =
                    self.with_columns(Read::Query(query), &mut before, |flow, state| flow.resolve_query(query, state));
                before.assume(&subquery(SubqueryKind::Exists, rows), Truth::NotTrue);
                ends.push(before);
            }
            _ => ends.push(before),
        }
        self.certain = outer;
        *state = super::join(ends);
    }

    fn round(
        &mut self,
        iteration: &'a Iteration,
        steps: &'a [Step],
        state: &mut State,
        mark: usize,
        mine: &dyn Fn(&Departure, bool) -> bool,
    ) {
        self.prepare_round(iteration, state);
        if let Iteration::While(condition) = iteration {
            let condition = self.resolve(condition, state);
            state.assume(&condition, Truth::True);
        }
        self.steps(steps, state);
        self.arrive(mark, state, |departure| mine(departure, true));
    }

    /// The variables of a loop hold whatever the round brings.
    fn prepare_round(&mut self, iteration: &'a Iteration, state: &mut State) {
        match iteration {
            Iteration::Range { variable, .. } => {
                let value = state.symbols.fresh(variable);
                if let Some(scope) = state.scopes.last_mut() {
                    scope.values.insert(variable.clone(), value);
                }
            }
            // A loop over a cursor has a record of its own.
            Iteration::Query { variables, cursor: Some(_), .. } => {
                for name in variables.iter().filter_map(|path| path.first()) {
                    let value = state.symbols.fresh(name);
                    if let Some(scope) = state.scopes.last_mut() {
                        scope.values.insert(name.clone(), value);
                    }
                }
            }
            Iteration::Query { variables, query: Some(query), .. } => {
                let resolved =
                    self.with_columns(Read::Query(query), state, |flow, state| flow.resolve_query(query, state));
                let row = subquery(SubqueryKind::Scalar, resolved);
                for target in variables {
                    let name = target.last().map_or("variable", Ident::as_str);
                    // Several variables take one column each: which one is not told apart.
                    let value = match variables.len() {
                        1 => state.symbols.after(name, [&row]),
                        _ => state.symbols.fresh(name),
                    };
                    state.bind(target, value);
                }
            }
            Iteration::Query { variables, .. }
            | Iteration::Execute { variables, .. }
            | Iteration::Elements { variables, .. } => {
                for target in variables {
                    state.renew(target);
                }
            }
            Iteration::Forever | Iteration::While(_) => {}
        }
    }

    /// The values that a loop goes through, where they are constants.
    fn rounds(&mut self, iteration: &'a Iteration, step: &'a Step, state: &mut State) -> Option<Vec<Round>> {
        match iteration {
            Iteration::Elements { variables, array, slice } => {
                self.calls_in(array, true, state);
                let array = self.resolve(array, state);
                let elements = super::value::elements(&array)?;
                let [variable] = variables.as_slice() else { return None };
                (!slice && elements.len() <= UNROLL_LIMIT).then(|| each(variable, elements))
            }
            Iteration::Range { variable, from, to, by, reverse } => {
                [from, to].into_iter().chain(by).for_each(|value| self.calls_in(value, true, state));
                let mut number = |expr: &Expr| super::value::integer(&self.resolve(expr, state));
                let (from, to) = (number(from)?, number(to)?);
                let by = by.as_ref().map_or(Some(1), number)?;
                if by <= 0 {
                    return None;
                }
                let mut values = Vec::new();
                let mut at = from;
                while if *reverse { at >= to } else { at <= to } {
                    values.push(super::value::number(at));
                    if values.len() > UNROLL_LIMIT {
                        return None;
                    }
                    at = if *reverse { at.checked_sub(by)? } else { at.checked_add(by)? };
                }
                Some(each(std::slice::from_ref(variable), values))
            }
            Iteration::Query { variables, query, change, arguments, cursor } => {
                if let Some(cursor) = cursor {
                    arguments.iter().for_each(|value| self.calls_in(value, true, state));
                    self.fetched_by(cursor, self.cursor(cursor), arguments, step.at, state);
                    return None;
                }
                arguments.iter().for_each(|value| self.calls_in(value, true, state));
                if let Some(query) = query {
                    self.refuse_read(Read::Query(query), query.at, state);
                    let resolved = self.with_columns(Read::Query(query), state, |flow, state| {
                        flow.query_calls(query, true, state);
                        flow.resolve_query(query, state)
                    });
                    let rows = Rows::of(&resolved).filter(|rows| rows.rows.len() <= UNROLL_LIMIT)?;
                    return match variables.as_slice() {
                        [only] if state.kind(only).is_some_and(|kind| kind.name.name == "record") => {
                            Some(each(only, rows.records(query.at)))
                        }
                        several if several.len() == rows.columns.len() => {
                            Some(rows.rows.into_iter().map(|row| several.iter().cloned().zip(row).collect()).collect())
                        }
                        _ => None,
                    };
                }
                if let Some(change) = change {
                    self.with_columns(Read::Act(&change.act), state, |flow, state| flow.statement(change, state));
                }
                None
            }
            Iteration::Execute { command, using, .. } => {
                using.iter().for_each(|value| self.calls_in(value, true, state));
                let using = self.resolve_all(using, state);
                self.execute(step.at, command, &[], false, &using, state);
                None
            }
            Iteration::While(condition) => {
                self.calls_in(condition, true, state);
                None
            }
            Iteration::Forever => None,
        }
    }

    /// Follows a call of a function that the catalog knows.
    pub(super) fn follow(
        &mut self,
        function: &'a Function,
        at: At,
        arguments: &[Expr],
        certain: bool,
        state: &mut State,
    ) {
        let signature = super::signature(function);
        if self.frames.contains(&signature) {
            // What it does is told where it was called first; what is true after it is not.
            state.forget_everything();
            return;
        }
        if self.frames.len() >= super::DEPTH_LIMIT {
            self.emit(at, What::Opaque(format!("calls go deeper than is followed, at {}", function.name)), state);
            state.forget_everything();
            return;
        }
        let within = if self.frames.len() > 1 { state.facts.effort().saturating_sub(self.nested.1) } else { 0 };
        self.followed = if self.frames.is_empty() { 0 } else { self.followed + 1 };
        if !self.frames.is_empty() && (self.nested.0 + within > NESTED_LIMIT || self.followed > CALLS_LIMIT) {
            let why = format!("there are too many calls within calls to follow that of {}", function.name);
            self.emit(at, What::Opaque(why), state);
            state.forget_everything();
            return;
        }
        if self.walked > WALKED_LIMIT {
            let why = format!("functions do too much in this script to follow one more call of {}", function.name);
            self.emit(at, What::Opaque(why), state);
            state.lose_track();
            return;
        }
        self.frames.push(signature);
        let (mut scope, is_given) = self.arguments(function, at, arguments, certain, state);
        let is_trigger = |returns: &Type| matches!(returns.name.name.as_str(), "trigger" | "event_trigger");
        if function.returns.as_ref().is_some_and(is_trigger) {
            for name in TRIGGER_VARIABLES {
                let value = state.symbols.fresh(name);
                scope.values.insert(Ident::new_static(name), value);
            }
        }
        // A strict function does nothing where an argument is NULL.
        let runs = !function.strict || is_given;
        state.scopes.push(scope);
        self.trail.push(Via { at, origin: Origin::Call(function.name.clone()) });
        let outer = self.certain;
        self.certain = outer && certain && runs;
        // A function has a FOUND of its own; one that changes rows may change what ours says.
        let told = (state.found.take(), state.counted.take());
        let events = self.events.len();
        let before = state.clone();
        let settings = Arc::clone(&state.settings);
        let outermost = self.frames.len() == 2;
        if outermost {
            self.nested.1 = state.facts.effort();
        }
        for (name, values) in &function.settings {
            self.strange(at, name, values.first(), state);
            state.set(name, super::state::setting_text(values), crate::effect::Scope::Transaction);
        }
        state.catalog.configure_all(&function.settings);
        self.body(&function.body, state);
        if state.facts.len() > LEARNED_LIMIT.max(before.facts.len()) {
            state.facts = self.remembered(&before, events);
        }
        if outermost {
            self.nested = (self.nested.0 + state.facts.effort() - self.nested.1, state.facts.effort());
        }
        // What the function sets for itself ends with it.
        if !function.settings.is_empty() {
            state.settings = settings;
            state.catalog.configure_as(&before.catalog);
        }
        (state.found, state.counted) = if self.events.len() == events { told } else { (None, None) };
        self.certain = outer;
        self.trail.pop();
        self.frames.pop();
        if !(certain && runs) {
            let states = vec![before, state.clone()];
            *state = super::join(states);
        }
        state.scopes.pop();
    }
}

impl<'a> Flow<'a> {
    /// What was known before, as far as nothing since says something else.
    fn remembered(&self, before: &State, since: usize) -> Facts {
        let mut state = before.clone();
        let is_opaque = |event: &super::Event<'_>| matches!(event.what, What::Opaque(_) | What::Define { .. });
        if self.events.get(since..).unwrap_or_default().iter().any(is_opaque) {
            state.forget_everything();
        } else {
            state.forget(&super::readers(&before.catalog, self.changed_since(since)));
        }
        state.facts
    }

    /// What the arguments of a function hold, and whether none of those that it is given is NULL.
    fn arguments(
        &mut self,
        function: &'a Function,
        at: At,
        arguments: &[Expr],
        certain: bool,
        state: &mut State,
    ) -> (Bindings, bool) {
        let mut scope = Bindings { label: Some(function.name.name.clone()), opaque: true, ..Bindings::default() };
        let mut given = arguments.iter().filter(|argument| argument.named().is_none());
        let mut is_given = true;
        for argument in &function.arguments {
            let is_named = |name: &str| argument.name.as_ref().is_some_and(|known| known == name);
            // CALL writes something for an OUT argument too.
            let placed = if argument.input || function.procedure { given.next() } else { None };
            let written = placed.cloned().or_else(|| {
                let mut named = arguments.iter().filter_map(Expr::named);
                named.find(|(name, _)| is_named(name)).map(|(_, value)| value.clone())
            });
            let value = match (written, &argument.default) {
                _ if !argument.input => Expr { at, kind: ExprKind::Null },
                (Some(value), _) => value,
                (None, Some(default)) => {
                    self.calls_in(default, certain, state);
                    self.resolve(default, state)
                }
                (None, None) => state.symbols.fresh("argument"),
            };
            is_given &= !argument.input || is_never_null(&value);
            // What a type is copied from is not looked up.
            let kind = Some(&argument.kind).filter(|kind| !kind.name.name.ends_with("%type"));
            let value = state.settled("argument", state.stored("argument", value, kind));
            if argument.input || matches!(function.body, Body::PlPgSql(_)) {
                scope.parameters.push(value.clone());
                scope.names.push(argument.name.clone());
            }
            if let Some(name) = &argument.name {
                if has_no_fields(&argument.kind) {
                    scope.scalars.insert(name.clone());
                }
                scope.kinds.insert(name.clone(), argument.kind.clone());
                scope.values.insert(name.clone(), value);
            }
        }
        (scope, is_given)
    }
}

/// What a round of a loop gives to variables.
type Round = Vec<(Vec<Ident>, Expr)>;

fn each(variable: &[Ident], values: impl IntoIterator<Item = Expr>) -> Vec<Round> {
    values.into_iter().map(|value| vec![(variable.to_vec(), value)]).collect()
}

fn is_never_null(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Array(_) | ExprKind::Variable(_)
    )
}

fn is_scalar(kind: &Type) -> bool {
    !kind.name.name.ends_with("%rowtype") && kind.name.name != "record" && kind.name.name != "refcursor"
}

/// Whether what is of this type has no fields: it is one of PostgreSQL's own.
fn has_no_fields(kind: &Type) -> bool {
    is_scalar(kind) && kind.name.schema.is_none() && crate::builtin::is_type(&kind.name.name)
}

/// How many rows a query yields: `(SELECT count(*) FROM (query) AS q)`.
fn count_of(query: &Query) -> Expr {
    let at = query.at;
    let from = match &query.body {
        // The rows of a plain query are those of its FROM.
        QueryBody::Select(select)
            if super::query::is_ungrouped(query, select)
                && !select.targets.iter().any(|target| crate::effect::has_call(&target.value)) =>
        {
            (select.from.clone(), select.filter.clone())
        }
        _ => {
            let alias = Some(Ident::new_static("rows"));
            let inner = crate::effect::From::Subquery {
                query: Box::new(query.clone()),
                alias,
                columns: Vec::new(),
                lateral: false,
            };
            (vec![inner], None)
        }
    };
    let select = Select {
        targets: vec![Target { value: Expr { at, kind: ExprKind::count(at) }, alias: None }],
        from: from.0,
        filter: from.1,
        ..Select::default()
    };
    subquery(SubqueryKind::Scalar, Query::of(at, select.into()))
}

//! What happens when a script runs: every path through its `\if`s, blocks, functions,
//! triggers and cascades, as events with what is certainly true before each. Judges nothing;
//! what cannot be told becomes an event of its own.

mod asked;
mod body;
mod call;
mod change;
mod day;
mod definition;
mod dynamic;
mod event;
mod expression;
mod fired;
mod handler;
mod names;
mod query;
mod read;
mod rows;
mod state;
mod symbol;
mod value;

pub use asked::Asked;
pub use change::readers;
pub use event::{Change, ChangeKind, Event, Known, Origin, Run, Scene, Via, What};
pub use expression::column_name;
pub use fired::{Fate, Row, Way, before_row};
use query::{is_ungrouped, of_aggregates};
pub use state::{Bindings, Block, PsqlValue, Setting, Settings, Sight, State};
pub use value::{constant, text_of};

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use elsa::sync::FrozenVec;
use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::effect::{
    Act, At, Expr, ExprKind, Function, Ident, Name, Query, QueryBody, Statement, SubqueryKind, Transaction, Type,
};
use crate::logic::{Facts, Truth};
use crate::package::{Arm, Condition, Library, Line, Use};
use crate::psql::{Form, Metacommand, Part};
use crate::source::FileId;
use crate::syntax::Parser;

/// How deeply calls, triggers and cascades are followed.
pub const DEPTH_LIMIT: usize = 16;

/// The variables that psql itself sets.
pub const PSQL_VARIABLES: &[&str] = &[
    "AUTOCOMMIT",
    "COMP_KEYWORD_CASE",
    "DBNAME",
    "ECHO",
    "ECHO_HIDDEN",
    "ENCODING",
    "ERROR",
    "FETCH_COUNT",
    "HIDE_TABLEAM",
    "HIDE_TOAST_COMPRESSION",
    "HISTSIZE",
    "HOST",
    "IGNOREEOF",
    "LAST_ERROR_MESSAGE",
    "LAST_ERROR_SQLSTATE",
    "ON_ERROR_ROLLBACK",
    "ON_ERROR_STOP",
    "PORT",
    "PROMPT1",
    "PROMPT2",
    "PROMPT3",
    "QUIET",
    "ROW_COUNT",
    "SERVER_VERSION_NAME",
    "SERVER_VERSION_NUM",
    "SHOW_ALL_RESULTS",
    "SHOW_CONTEXT",
    "SINGLELINE",
    "SINGLESTEP",
    "SQLSTATE",
    "USER",
    "VERBOSITY",
    "VERSION",
    "VERSION_NAME",
    "VERSION_NUM",
];

/// What PostgreSQL reads as true.
const ON: &[&str] = &["on", "true", "yes", "1", "t", "y"];

/// What PostgreSQL reads as false.
const OFF: &[&str] = &["off", "false", "no", "0", "f", "n"];

/// Settings that change what statements mean, with the values that are supposed here, and what
/// is so with any other.
const STRANGE: &[(&str, &[&str], &str)] = &[
    ("session_replication_role", &["origin"], "triggers do not fire and no foreign key is kept"),
    ("standard_conforming_strings", ON, "a backslash in a string is an escape, and statements may end elsewhere"),
    ("transform_null_equals", OFF, "a comparison with NULL is IS NULL"),
    ("plpgsql.variable_conflict", &["error"], "a name in a body that is also that of a column means another"),
    ("client_encoding", &["utf8", "utf-8", "unicode"], "the bytes of the script are other letters"),
];

/// What comes to be while scripts run: dynamic SQL, bodies out of the catalog, conditions with the
/// values of variables in them.
#[derive(Default)]
pub struct Memory {
    statements: FrozenVec<Box<Statement>>,
    functions: FrozenVec<Arc<Function>>,
    expressions: FrozenVec<Box<Expr>>,
    queries: FrozenVec<Arc<Query>>,
    names: FrozenVec<Box<Name>>,
}

/// Runs scripts on the symbolic database.
pub struct Flow<'a> {
    library: &'a Library,
    memory: &'a Memory,
    parser: Parser,
    events: Vec<Event<'a>>,
    /// The names that events share.
    names: HashSet<Arc<Name>>,
    /// From the outermost call to the innermost.
    trail: Vec<Via>,
    /// The functions that are being executed.
    frames: Vec<Signature>,
    /// Whether what is executed is executed on every path that is not stopped.
    certain: bool,
    /// The database where the run begins.
    origin: Catalog,
    transactions: u32,
    /// The paths that left the steps they were in, by `RETURN`, `EXIT` or `CONTINUE`.
    left: Vec<(Departure, State)>,
    /// The loops around, whose rounds are not known.
    loops: usize,
    /// The work that calls within calls were, and the [`Facts::effort`] where the last began.
    nested: (u64, u64),
    /// How many calls were followed within the outermost that is being followed.
    followed: usize,
    /// How many statements of functions were gone through in the script.
    walked: usize,
    /// `PREPARE`d statements, with the types of their parameters.
    prepared: Vec<(&'a Statement, &'a [Type])>,
    /// The cursors with a query of their own in scope, the innermost last.
    cursors: Vec<(Ident, Option<&'a Query>)>,
    /// Whether a cursor was opened that does something when its rows are fetched.
    lazy: bool,
    /// The rounds that the loops around are unrolled for, one in the other, and those of all
    /// loops of the script.
    unrolled: (usize, usize),
    /// How many loops were not gone through round for round.
    vague: usize,
    /// How many functions were put in the place of their calls in the expression at hand, and how
    /// deep within one another.
    inlined: (usize, usize),
    /// Whether questions to PostgreSQL's catalogs are left unanswered.
    asks: bool,
    /// What was found in the queries of views, each of which [`Memory`] holds.
    views: FxHashMap<*const Query, Rc<call::Viewed<'a>>>,
}

/// What tells functions of one name apart: the types of what they are given.
type Signature = (Name, Vec<Type>);

fn signature(function: &Function) -> Signature {
    let given = function.arguments.iter().filter(|argument| argument.input);
    (function.name.clone(), given.map(|argument| argument.kind.clone()).collect())
}

/// How a path leaves the steps that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Departure {
    Return,
    Exit(Option<Ident>),
    Continue(Option<Ident>),
}

/// Where a run starts.
#[derive(Clone, Default)]
pub struct Start {
    /// The database.
    pub catalog: Catalog,
    /// What is known of its rows.
    pub facts: Facts,
    /// The variables that psql is started with.
    pub variables: Arc<BTreeMap<Ident, PsqlValue>>,
    /// Whether nobody else is at work: what was true before `BEGIN` still is after it.
    pub alone: bool,
}

/// Runs the script in `file`.
pub fn run<'a>(library: &'a Library, memory: &'a Memory, parser: Parser, file: FileId, start: &Start) -> Run<'a> {
    let lines = &library.program(file).lines;
    let mut flow = Flow {
        library,
        memory,
        parser,
        // Most lines are one event, and there is one more for the end.
        events: Vec::with_capacity(lines.len() + 1),
        names: HashSet::new(),
        trail: Vec::new(),
        frames: Vec::new(),
        certain: true,
        origin: start.catalog.clone(),
        transactions: 0,
        left: Vec::new(),
        loops: 0,
        nested: (0, 0),
        followed: 0,
        walked: 0,
        prepared: Vec::new(),
        cursors: Vec::new(),
        lazy: false,
        unrolled: (1, 0),
        vague: 0,
        inlined: (0, 0),
        asks: false,
        views: FxHashMap::default(),
    };
    let mut state = State::new(start);
    flow.lines(lines, &mut state);
    let at = At::new(file, crate::source::Span::new(0, 0));
    flow.emit(at, What::End, &state);
    Run { events: Arc::new(flow.events), end: state }
}

impl<'a> Flow<'a> {
    fn emit(&mut self, at: At, what: What<'a>, state: &State) {
        let scene = self.scene(state);
        self.events.push(Event { at, certain: self.certain, reachable: state.reachable, what, scene });
    }

    /// That of the event before, if it still is the same.
    fn scene(&self, state: &State) -> Arc<Scene> {
        let before = self.events.last().map(|event| &event.scene);
        before.filter(|scene| scene.is_that_of(&self.trail, state)).cloned().unwrap_or_else(|| {
            Arc::new(Scene {
                via: self.trail.clone(),
                facts: state.facts.clone(),
                asked: Arc::clone(&state.asked),
                settings: Arc::clone(&state.settings),
                block: state.block,
            })
        })
    }

    /// The name, shared with the events before.
    fn shared(&mut self, name: &Name) -> Arc<Name> {
        self.names.get(name).cloned().unwrap_or_else(|| {
            let name = Arc::new(name.clone());
            self.names.insert(Arc::clone(&name));
            name
        })
    }

    fn lines(&mut self, lines: &'a [Line], state: &mut State) {
        let mut before: Option<&'a Statement> = None;
        for line in lines {
            match line {
                Line::Sent { reset: true, at, .. } => self.emit(*at, What::Discarded, state),
                Line::Sent { statements, at, expected, uses, .. } => {
                    self.variables(*at, uses, state);
                    if !statements.is_empty() && statements.len() != *expected {
                        self.emit(*at, What::Miscounted { expected: *expected, found: statements.len() }, state);
                    }
                    for statement in statements {
                        self.statement(statement, state);
                        before = Some(statement);
                    }
                }
                Line::Unread { at, error, uses } => {
                    self.variables(*at, uses, state);
                    self.emit(*at, What::Unread { error }, state);
                    state.lose_track();
                }
                Line::Include { at, target } => match target {
                    Ok(file) => {
                        self.emit(*at, What::Included(*file), state);
                        let library = self.library;
                        self.lines(&library.program(*file).lines, state);
                    }
                    Err(trouble) => self.emit(*at, What::NotIncluded(trouble), state),
                },
                Line::Command { at, command, uses } => {
                    self.variables(*at, uses, state);
                    self.command(command, uses, before, state);
                    self.emit(*at, What::Command(command), state);
                }
                Line::Choice { arms, .. } => self.choice(arms, state),
                Line::Data { at, rows } => self.emit(*at, What::Data { rows: *rows }, state),
            }
        }
    }

    fn variables(&mut self, at: At, uses: &'a [Use], state: &State) {
        if !uses.is_empty() {
            let known = uses.iter().map(|one| (one, state.psql.get(&one.name).cloned())).collect();
            self.emit(at, What::Variables(known), state);
        }
    }

    /// Both arms of an `\if`, but for one that is certainly not taken.
    fn choice(&mut self, arms: &'a [Arm], state: &mut State) {
        let mut ends: Vec<State> = Vec::new();
        let outer = self.certain;
        let mut decided = false;
        for arm in arms {
            if decided {
                break;
            }
            self.variables(arm.at, &arm.uses, state);
            let (condition, known) = condition_of(&arm.condition, state);
            if known == Known::No {
                continue;
            }
            decided = known == Known::Yes;
            let mut inside = state.clone();
            if let Some(condition) = &condition {
                inside.assume(condition, Truth::True);
                state.assume(condition, Truth::NotTrue);
            }
            if let Condition::IsSet(name) = &arm.condition {
                let slot = Arc::make_mut(&mut inside.psql).entry(name.clone()).or_insert(PsqlValue::Some);
                if matches!(slot, PsqlValue::Maybe | PsqlValue::Answer) {
                    *slot = PsqlValue::Some;
                }
            }
            self.certain = outer && decided && ends.is_empty();
            self.lines(&arm.lines, &mut inside);
            ends.push(inside);
            if let Condition::IsSet(name) = &arm.condition
                && matches!(
                    state.psql.get(name),
                    None | Some(PsqlValue::Maybe | PsqlValue::Answer | PsqlValue::Expr(_))
                )
            {
                Arc::make_mut(&mut state.psql).insert(name.clone(), PsqlValue::Unset);
            }
        }
        self.certain = outer;
        if !decided {
            ends.push(state.clone());
        }
        *state = join(ends);
    }

    fn command(&mut self, command: &Metacommand, uses: &[Use], before: Option<&'a Statement>, state: &mut State) {
        let word = |index: usize| {
            command
                .arguments
                .get(index)
                .and_then(crate::psql::Argument::literal)
                .map(|text| Ident::from(String::from_utf8_lossy(&text)))
        };
        match command.name.as_str() {
            "set" | "unset" | "getenv" | "prompt" => {
                let place = usize::from(command.name == "prompt" && command.arguments.len() > 1);
                let text = |value: Vec<u8>| PsqlValue::Text(Ident::from(String::from_utf8_lossy(&value)));
                match (word(place), command.name.as_str()) {
                    (None, _) if command.arguments.is_empty() => {}
                    // Whichever variable it is.
                    (None, _) => answered("", state),
                    (Some(name), "set") => {
                        let value = command.set_value().map(text).or_else(|| glued(command, uses, state));
                        let value = value.unwrap_or(PsqlValue::Some);
                        Arc::make_mut(&mut state.psql).insert(name, value);
                    }
                    (Some(name), "unset") => drop(Arc::make_mut(&mut state.psql).insert(name, PsqlValue::Unset)),
                    (Some(name), _) => drop(Arc::make_mut(&mut state.psql).insert(name, PsqlValue::Some)),
                }
            }
            "gset" => {
                let is_known = command.arguments.is_empty() || word(0).is_some();
                let prefix = word(0).unwrap_or_default();
                match before {
                    Some(Statement { act: Act::Select(query), .. }) if is_known => self.gset(&prefix, query, state),
                    _ => answered(&prefix, state),
                }
            }
            _ => {}
        }
    }

    /// The variables that `\gset` sets: those that the columns of the query are named like.
    fn gset(&mut self, prefix: &str, query: &'a Query, state: &mut State) {
        let mut first = query;
        while let QueryBody::Set { left, .. } = &first.body {
            first = left;
        }
        let mut set = Vec::new();
        match &first.body {
            QueryBody::Select(select) => {
                let is_whole = matches!(query.body, QueryBody::Select(_)) && is_ungrouped(query, select);
                let is_plain = is_whole && select.from.is_empty() && select.filter.is_none();
                for target in &select.targets {
                    let is_some = |name: &Ident| !crate::effect::is_variable(name);
                    let name = target.alias.clone().or_else(|| column_name(&target.value)).filter(is_some);
                    let is_star = matches!(&target.value.kind, ExprKind::Star(_))
                        || matches!(&target.value.kind, ExprKind::Field { field, .. } if field == "*");
                    let is_open = matches!(&target.value.kind, ExprKind::Other { .. } | ExprKind::Subquery { .. });
                    match name {
                        Some(name) if !is_star => {
                            let mut own = query.clone();
                            if let QueryBody::Select(select) = &mut own.body {
                                select.targets = vec![target.clone()];
                            }
                            let answer = value::subquery(SubqueryKind::Scalar, self.resolve_query(&own, state));
                            state.symbols.answers(Ident::from(format!("{prefix}{name}")), answer);
                            let value = match of_aggregates(query, target) {
                                Some(value) => PsqlValue::Expr(self.resolve(&value, state)),
                                None if is_plain => PsqlValue::Expr(self.resolve(&target.value, state)),
                                None => PsqlValue::Answer,
                            };
                            set.push((Ident::from(format!("{prefix}{name}")), value));
                        }
                        // A value without a name sets none.
                        None if target.alias.is_none() && !is_star && !is_open => {}
                        _ => answered(prefix, state),
                    }
                }
            }
            QueryBody::Values(rows) => {
                let columns = rows.first().map_or(0, Vec::len);
                let name = |column: usize| Ident::from(format!("{prefix}column{column}"));
                set.extend((1..=columns).map(|column| (name(column), PsqlValue::Answer)));
            }
            QueryBody::Set { .. } => {}
        }
        Arc::make_mut(&mut state.psql).extend(set);
    }

    /// One statement, with all that it sets off.
    fn statement(&mut self, statement: &'a Statement, state: &mut State) {
        if !state.reachable {
            self.emit(statement.at, What::Unreachable(statement), state);
            return;
        }
        match &statement.act {
            Act::Transaction(transaction) => self.transaction(statement.at, transaction, state),
            Act::Set { name, values, scope } => {
                let value_of = |value: &Expr| match &value.kind {
                    // A bare word is a text here, never a variable.
                    ExprKind::Column(path) if path.len() == 1 => {
                        Expr { at: value.at, kind: ExprKind::Text(path.first().cloned().unwrap_or_default()) }
                    }
                    _ => self.resolve(value, state),
                };
                let values: Vec<Expr> = values.iter().map(value_of).collect();
                let text = state::setting_text(&values);
                self.strange(statement.at, name, values.first(), state);
                state.set(name, text, *scope);
                state.catalog.step(statement);
                self.emit(statement.at, What::Set { name: name.clone(), statement }, state);
            }
            Act::Do(body) => {
                self.emit(statement.at, What::Do(statement), state);
                self.anonymous(body, state);
            }
            _ => self.act(&statement.act, statement, state),
        }
    }

    /// A setting with which statements mean something else than what is said of them here.
    fn strange(&mut self, at: At, name: &str, value: Option<&Expr>, state: &State) {
        let Some((_, usual, why)) = STRANGE.iter().find(|(strange, ..)| *strange == name) else { return };
        let is_usual = |value: &Expr| {
            text_of(value).is_some_and(|text| usual.iter().any(|usual| text.eq_ignore_ascii_case(usual)))
        };
        if value.is_some_and(|value| !is_usual(value)) {
            self.emit(at, What::Opaque(format!("from here on {why}, which is not followed")), state);
        }
    }

    fn transaction(&mut self, at: At, transaction: &'a Transaction, state: &mut State) {
        // The event comes before the state changes: at COMMIT it still holds what was proved.
        self.emit(at, What::Transaction(transaction), state);
        state.catalog.control(transaction, at);
        match transaction {
            Transaction::Begin { .. } => {
                self.transactions += 1;
                state.begin(at, self.transactions);
            }
            Transaction::Commit { chain } => {
                state.commit();
                if *chain {
                    self.transactions += 1;
                    state.begin(at, self.transactions);
                }
            }
            Transaction::Rollback { chain } => {
                state.rollback();
                if *chain {
                    self.transactions += 1;
                    state.begin(at, self.transactions);
                }
            }
            Transaction::Prepare => state.rollback(),
            Transaction::Savepoint(name) => state.savepoint(name),
            Transaction::RollbackTo(name) => state.roll_back_to(name),
            Transaction::Release(_) => {}
            Transaction::CommitPrepared | Transaction::RollbackPrepared => state.forget_everything(),
        }
    }
}

/// The value of `\set` that holds the values of other variables.
fn glued(command: &Metacommand, uses: &[Use], state: &State) -> Option<PsqlValue> {
    let mut uses = uses.iter();
    let mut whole = String::new();
    for (number, argument) in command.arguments.iter().enumerate() {
        if argument.unterminated.is_some() {
            return None;
        }
        for part in &argument.parts {
            let value = match part {
                Part::Text(text) => Ident::from(String::from_utf8_lossy(text)),
                Part::Variable { .. } => match uses.next() {
                    Some(Use { form: Form::Plain, name, .. }) => match state.psql.get(name) {
                        Some(PsqlValue::Text(text)) => text.clone(),
                        _ => return None,
                    },
                    _ => return None,
                },
                Part::Backquote(_) => return None,
            };
            if number > 0 {
                whole.push_str(&value);
            }
        }
    }
    (whole.len() <= crate::builtin::TEXT_LIMIT).then(|| PsqlValue::Text(Ident::from(whole)))
}

/// Any variable with that prefix may hold another value, but for those that psql keeps for itself.
fn answered(prefix: &str, state: &mut State) {
    for (name, value) in Arc::make_mut(&mut state.psql) {
        if name.starts_with(prefix) && !PSQL_VARIABLES.contains(&name.as_str()) {
            *value = PsqlValue::Maybe;
        }
    }
}

/// The condition of an arm, and whether it holds.
fn condition_of(condition: &Condition, state: &State) -> (Option<Expr>, Known) {
    match condition {
        Condition::Constant(truth) => (None, if *truth { Known::Yes } else { Known::No }),
        Condition::Otherwise => (None, Known::Yes),
        Condition::Unknown => (None, Known::Unsaid),
        Condition::IsSet(name) => (
            None,
            match state.psql.get(name) {
                Some(PsqlValue::Unset) => Known::No,
                Some(PsqlValue::Expr(value)) => state.known(&value::is_not_null(value)),
                Some(PsqlValue::Maybe | PsqlValue::Answer) | None => Known::Unsaid,
                Some(PsqlValue::Some | PsqlValue::Text(_)) => Known::Yes,
            },
        ),
        Condition::Variable(name) => match state.psql.get(name) {
            Some(PsqlValue::Expr(value)) => (Some(value.clone()), state.known(value)),
            Some(PsqlValue::Text(text)) => (
                None,
                crate::package::boolean(text.as_bytes())
                    .map_or(Known::No, |truth| if truth { Known::Yes } else { Known::No }),
            ),
            _ => (None, Known::Unsaid),
        },
    }
}

/// What holds whichever of the states it is.
fn join(states: Vec<State>) -> State {
    joined(states, |one, other| one.join(&other))
}

/// The same of branches: a variable has a value that one of them gives it.
fn meet(states: Vec<State>) -> State {
    joined(states, State::meet)
}

fn joined(mut states: Vec<State>, join: impl FnMut(State, State) -> State) -> State {
    if states.iter().any(|state| state.reachable) {
        states.retain(|state| state.reachable);
    } else {
        // None goes on; the first says why.
        states.truncate(1);
    }
    states.into_iter().reduce(join).unwrap_or_else(|| State::new(&Start::default()))
}

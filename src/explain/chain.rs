//! The executor: which scripts it runs, in which order and what happens when one of them fails,
//! what it does of its own, and how that compares with the order of `lint.toml`.

use std::collections::BTreeSet;

use super::course::{Check, Demand, changes, judge, reachable};
use super::model::bytes;
use crate::case::{Case, Pass};
use crate::effect::{self, At, Ident};
use crate::flow::{Block, Event, What};
use crate::package::{self, Role, Script};
use crate::psql::{Argument, Metacommand};
use crate::source::FileId;

/// The psql variable that says whether the first error is the last statement.
const STOP: &str = "ON_ERROR_STOP";

/// What runs the whole release.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Its script.
    pub script: String,
    /// Where `lint.toml` names it.
    pub at: At,
    /// Whether it was run at all.
    pub is_run: bool,
    /// What it does, in order; what the scripts do that it runs is told with them.
    pub deeds: Vec<Deed>,
    /// The scripts of the release that no path of it runs.
    pub missing: Vec<Missing>,
    /// What must hold wherever it, or what it runs, changes something.
    pub demands: Vec<Demand>,
    /// How many transactions the release is when it is run by this.
    pub transactions: usize,
}

/// A script of the release that is not run.
#[derive(Debug, Clone)]
pub struct Missing {
    /// The script.
    pub path: String,
    /// What it is in `lint.toml`.
    pub named: String,
    /// Where that says so.
    pub at: At,
    /// Whether the release is not the whole without it: it is no verification.
    pub changes: bool,
}

/// Something that the executor does of its own.
#[derive(Debug, Clone)]
pub struct Deed {
    /// The first statement or command.
    pub at: At,
    /// The last; of most it is the first.
    pub last: At,
    /// How many they are.
    pub count: usize,
    /// What it is.
    pub what: Doing,
    /// Whether it happens on every path that is not stopped before.
    pub certain: bool,
    /// What psql does after an error in it.
    pub on_error: OnError,
}

/// What the executor does.
#[derive(Debug, Clone)]
pub enum Doing {
    /// It runs a script.
    Runs(Link),
    /// A file is not included.
    RunsNot,
    /// It sets a variable of psql: to what, if that can be told; to nothing by `\unset`.
    Sets(String, Option<String>),
    /// Any other command to psql.
    Commands(String),
    /// `BEGIN`, `COMMIT`, `ROLLBACK` and their relatives.
    Transaction(&'static str),
    /// It makes a setting of the server.
    Setting(String),
    /// It prints what a query yields.
    Prints,
    /// A block of `DO` begins.
    Block,
    /// A check can stop it.
    Checks(Check),
    /// It changes the database.
    Changes,
    /// Any other statement.
    Other,
}

/// A script that it runs.
#[derive(Debug, Clone)]
pub struct Link {
    /// The script.
    pub path: String,
    /// What it is in `lint.toml`, and where that says so.
    pub named: Option<(String, At)>,
    /// Whether it was run before.
    pub is_again: bool,
    /// The script that `lint.toml` has after it and that is run before it.
    pub behind: Option<String>,
    /// Whether a transaction is open when it starts: the `BEGIN`.
    pub inside: Option<At>,
}

/// What psql does after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// What it was started with decides.
    AsStarted,
    /// It stops: where `ON_ERROR_STOP` is switched on.
    Stops(At),
    /// It goes on: where `ON_ERROR_STOP` is switched off.
    GoesOn(At),
    /// It depends: where `ON_ERROR_STOP` is set on some paths only, or to what is not known.
    Depends(At),
}

impl Executor {
    /// The executors of a package: one, or none.
    pub(super) fn all(case: &Case<'_>) -> Vec<Self> {
        let scripts = case.scripts.iter().enumerate().filter(|(_, script)| script.role == Role::Executor);
        scripts.map(|(index, script)| Self::of(case, index, script)).collect()
    }

    fn of(case: &Case<'_>, index: usize, script: &Script) -> Self {
        let mut executor = Self {
            script: script.path.clone(),
            at: script.at,
            is_run: false,
            deeds: Vec::new(),
            missing: Vec::new(),
            demands: Vec::new(),
            transactions: 0,
        };
        let pass = case.passes.iter().find(|pass| pass.script == index && pass.role == Role::Executor && !pass.repeat);
        let (Some(pass), Ok(file)) = (pass, script.file.as_ref()) else { return executor };
        executor.is_run = true;
        let mut chain = Chain { case, pass, stack: vec![*file], ran: Vec::new(), deeds: Vec::new() };
        chain.follow();
        let ran = chain.ran;
        executor.deeds = chain.deeds;
        let missing = release(case).filter(|(_, script)| script.file.as_ref().is_ok_and(|file| !ran.contains(file)));
        let missing = missing.map(|(_, script)| Missing {
            path: script.path.clone(),
            named: called(case, script.role),
            at: script.at,
            changes: script.role != Role::Verify,
        });
        executor.missing = missing.collect();
        let goals = case.goals.database.iter().chain(&case.goals.gates);
        executor.demands = goals.map(|goal| Demand::to_enter(pass, goal)).collect();
        let blocks = reachable(pass).into_iter().filter_map(|event| match event.block {
            Block::Open { number, .. } => Some(number),
            _ => None,
        });
        executor.transactions = blocks.collect::<BTreeSet<u32>>().len();
        executor
    }

    /// The scripts that it runs, in order.
    pub fn links(&self) -> impl Iterator<Item = (&Deed, &Link)> {
        self.deeds.iter().filter_map(|deed| match &deed.what {
            Doing::Runs(link) => Some((deed, link)),
            _ => None,
        })
    }

    /// Whether all that it runs is named by `lint.toml`, and is run once and on every path, in
    /// the order there.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        let mut links = self.links().peekable();
        let is_sound = |(deed, link): (&Deed, &Link)| {
            deed.certain && link.named.is_some() && !link.is_again && link.behind.is_none()
        };
        links.peek().is_some() && links.all(is_sound)
    }
}

/// The scripts of the release in the order of `lint.toml`, each with its number.
fn release<'c>(case: &'c Case<'_>) -> impl Iterator<Item = (usize, &'c Script)> {
    let is_it = |role| matches!(role, Role::Preflight | Role::Tier(_) | Role::Verify);
    case.scripts.iter().filter(move |script| is_it(script.role)).enumerate()
}

/// What a script is in `lint.toml`.
fn called(case: &Case<'_>, role: Role) -> String {
    let tier = |index: usize| {
        let tier = case.package.tier.get(index);
        tier.map_or_else(String::new, |tier| format!("tier {}, {}", tier.number.get_ref(), tier.name))
    };
    match role {
        Role::Baseline => "part of the baseline".to_owned(),
        Role::Preflight => "the preflight".to_owned(),
        Role::Tier(index) => tier(index),
        Role::Executor => "the executor".to_owned(),
        Role::Verify => "a verification".to_owned(),
        Role::Rollback(index) => format!("the rollback of {}", tier(index)),
        Role::TierRollback => "the rollback of single tiers".to_owned(),
        Role::FullRollback => "the full rollback".to_owned(),
        Role::Plain => "a script for clones".to_owned(),
    }
}

struct Chain<'c, 'a> {
    case: &'c Case<'a>,
    pass: &'c Pass<'a>,
    /// The files that are open, the innermost last.
    stack: Vec<FileId>,
    /// The scripts that were run so far.
    ran: Vec<FileId>,
    deeds: Vec<Deed>,
}

impl<'a> Chain<'_, 'a> {
    fn follow(&mut self) {
        let events = reachable(self.pass);
        let mut on_error = OnError::AsStarted;
        let mut seen = BTreeSet::new();
        let mut before: Option<(usize, usize, usize)> = None;
        for (index, event) in events.iter().enumerate() {
            let at = event.outermost();
            if let Some(depth) = self.stack.iter().position(|file| *file == at.file()) {
                self.stack.truncate(depth + 1);
            }
            // What is within a script that `lint.toml` names is that script's.
            let is_own = !self.stack.iter().skip(1).any(|file| self.named(*file).is_some());
            let what = match &event.what {
                What::End | What::Variables(_) | What::Handlers(_) => None,
                What::Included(file) => {
                    self.stack.push(*file);
                    let is_shown = is_own || self.named(*file).is_some();
                    is_shown.then(|| Doing::Runs(self.link(*file, event)))
                }
                What::Command(command) => {
                    on_error = after(on_error, command, event);
                    is_own.then(|| commands(command)).flatten()
                }
                _ if !is_own => None,
                What::NotIncluded(_) => Some(Doing::RunsNot),
                What::Do(_) => Some(Doing::Block),
                What::Transaction(transaction) => Some(Doing::Transaction(word(transaction))),
                What::Set { name, .. } => Some(Doing::Setting(name.to_string())),
                What::Check { condition, stops: true, raise } => {
                    let is_new = seen.insert(bytes(*raise));
                    is_new.then(|| Doing::Checks(judge(self.pass, &events, index, condition, *raise)))
                }
                What::Assert(condition) if seen.insert(bytes(event.at)) => {
                    let condition = super::sql::not_true(condition);
                    Some(Doing::Checks(judge(self.pass, &events, index, &condition, event.at)))
                }
                _ if changes(event) => Some(Doing::Changes),
                What::Query(_) if event.via.is_empty() => (!is_kept(&events, index)).then_some(Doing::Prints),
                _ => (event.via.is_empty() && before != Some(bytes(at))).then_some(Doing::Other),
            };
            if let Some(what) = what {
                before = Some(bytes(at));
                self.add(Deed { at, last: at, count: 1, what, certain: event.certain, on_error });
            }
        }
    }

    /// One after another of the same kind are one.
    fn add(&mut self, deed: Deed) {
        use Doing as D;
        if let Some(last) = self.deeds.last_mut() {
            let is_same = match (&last.what, &deed.what) {
                (D::Prints, D::Prints) | (D::Changes, D::Changes) | (D::Other, D::Other) => true,
                (D::Commands(one), D::Commands(other)) => one == other,
                _ => false,
            };
            if is_same && last.certain == deed.certain && last.on_error == deed.on_error {
                // One statement may change much.
                last.count += usize::from(bytes(last.last) != bytes(deed.at));
                last.last = deed.at;
                return;
            }
        }
        self.deeds.push(deed);
    }

    fn named(&self, file: FileId) -> Option<&Script> {
        let is_it = |script: &&Script| script.file.as_ref() == Ok(&file) && script.role != Role::Executor;
        self.case.scripts.iter().find(is_it)
    }

    fn link(&mut self, file: FileId, event: &Event<'a>) -> Link {
        let named = self.named(file);
        let path = named.map_or_else(
            || self.case.library.sources.get(file).map(|source| source.name.clone()).unwrap_or_default(),
            |script| script.path.clone(),
        );
        let number = |file: FileId| release(self.case).find(|(_, script)| script.file.as_ref() == Ok(&file));
        let own = number(file);
        let early = self.ran.iter().filter_map(|ran| number(*ran)).max_by_key(|(place, _)| *place);
        let behind = match (own, early) {
            (Some((own, _)), Some((early, script))) if early > own => Some(script.path.clone()),
            _ => None,
        };
        let link = Link {
            path,
            named: named.map(|script| (called(self.case, script.role), script.at)),
            is_again: self.ran.contains(&file),
            behind,
            inside: match event.block {
                Block::Open { begin, .. } => Some(begin),
                _ => None,
            },
        };
        self.ran.push(file);
        link
    }
}

/// Whether a query's result is kept in variables of psql by the command behind it.
fn is_kept(events: &[&Event<'_>], index: usize) -> bool {
    let Some(query) = events.get(index) else { return false };
    let behind = |event: &&&Event<'_>| !matches!(event.what, What::Variables(_)) && !event.outermost().is(query.at);
    let next = events.iter().skip(index + 1).find(behind);
    matches!(next.map(|event| &event.what), Some(What::Command(command)) if command.name == "gset")
}

/// The variable that a command sets, and the text if that can be told.
fn assigned(command: &Metacommand) -> Option<(Option<Ident>, Option<String>)> {
    let text = |argument: &Argument| argument.literal().map(|text| Ident::from(String::from_utf8_lossy(&text)));
    let (first, last) = (command.arguments.first()?, command.arguments.last()?);
    match command.name.as_str() {
        "set" | "unset" => {
            let value = command.set_value().map(|value| String::from_utf8_lossy(&value).into_owned());
            Some((text(first), value))
        }
        "getenv" => Some((text(first), None)),
        "prompt" => Some((text(last), None)),
        _ => None,
    }
}

/// What psql does after an error from that command on.
fn after(before: OnError, command: &Metacommand, event: &Event<'_>) -> OnError {
    let Some((name, value)) = assigned(command) else { return before };
    // A name that is not known may be this one.
    if name.as_ref().is_some_and(|name| name != STOP) {
        return before;
    }
    let (true, Some(_), Some(value)) = (event.certain, name, value) else { return OnError::Depends(event.at) };
    if command.name == "unset" {
        return OnError::GoesOn(event.at);
    }
    match package::boolean(value.as_bytes()) {
        Some(true) => OnError::Stops(event.at),
        Some(false) => OnError::GoesOn(event.at),
        None if value.is_empty() => OnError::Stops(event.at),
        // psql refuses it and keeps what it had.
        None => before,
    }
}

fn commands(command: &Metacommand) -> Option<Doing> {
    match (command.name.as_str(), assigned(command)) {
        // Which arm is taken is said of what it holds.
        ("if" | "elif" | "else" | "endif", _) => None,
        ("unset", Some((Some(name), _))) => Some(Doing::Sets(name.to_string(), None)),
        ("set", Some((Some(name), Some(value)))) => Some(Doing::Sets(name.to_string(), Some(value))),
        (name, _) => Some(Doing::Commands(format!("\\{name}"))),
    }
}

fn word(transaction: &effect::Transaction) -> &'static str {
    use effect::Transaction as T;
    match transaction {
        T::Begin { read_only: true } => "BEGIN READ ONLY",
        T::Begin { read_only: false } => "BEGIN",
        T::Commit { .. } => "COMMIT",
        T::Rollback { .. } => "ROLLBACK",
        T::Savepoint(_) => "SAVEPOINT",
        T::Release(_) => "RELEASE",
        T::RollbackTo(_) => "ROLLBACK TO",
        T::Prepare => "PREPARE TRANSACTION",
        T::CommitPrepared => "COMMIT PREPARED",
        T::RollbackPrepared => "ROLLBACK PREPARED",
    }
}

/// How many queries a script prints itself: what `\gset` keeps is not printed.
pub(super) fn printed(pass: &Pass<'_>) -> usize {
    let events = reachable(pass);
    let prints = |(index, event): &(usize, &&Event<'_>)| {
        let is_query = matches!(event.what, What::Query(_)) && event.via.is_empty();
        is_query && !is_kept(&events, *index)
    };
    events.iter().enumerate().filter(prints).count()
}

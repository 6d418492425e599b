//! What a plan would send, without a server. What variables decide is decided; of what only the
//! server can tell, every possibility is printed with its condition.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::command::is_bare;
use super::console::Console;
use super::interrupt::Interrupt;
use super::plan::{Action, Plan};
use super::session::{self, FAILURE, Library, SUCCESS, canonical};
use super::variables::{Variables, truth};
use super::{LOOK_LIMIT, included};
use crate::psql::{Argument, Form, Item, Metacommand, Part, Piece, Script, Statement, read};
use crate::source::Lines;

/// Variables that the server, or the run itself, gives a value.
const BY_SERVER: [&[u8]; 14] = [
    b"DBNAME",
    b"ENCODING",
    b"ERROR",
    b"HOST",
    b"LASTOID",
    b"LAST_ERROR_MESSAGE",
    b"LAST_ERROR_SQLSTATE",
    b"PORT",
    b"ROW_COUNT",
    b"SERVER_VERSION_NAME",
    b"SERVER_VERSION_NUM",
    b"SQLSTATE",
    b"USER",
    b"VERSION",
];

/// What PostgreSQL calls columns by, where the statement need not hold the word.
const UNNAMED: [&str; 20] = [
    "?column?",
    "bool",
    "bpchar",
    "case",
    "char",
    "column1",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "interval",
    "numeric",
    "row",
    "text",
    "timestamp",
    "timestamptz",
    "timetz",
    "varbit",
    "varchar",
];

/// How many files may lie within one another.
const DEPTH_LIMIT: usize = 100;

/// What is known of an arm of `\if`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Taken,
    NotTaken,
    /// The server decides.
    Open,
}

/// The variables as far as they are known.
struct Known {
    variables: Variables,
    /// Those of which only the server knows what they hold, or whether they are there.
    doubtful: BTreeSet<Vec<u8>>,
    /// Those that were set since any name became doubtful.
    settled: Option<BTreeSet<Vec<u8>>>,
}

impl Known {
    fn is_doubtful(&self, name: &[u8]) -> bool {
        self.doubtful.contains(name) || self.settled.as_ref().is_some_and(|settled| !settled.contains(name))
    }

    /// What stands for a variable: a value, nothing, or what only the server knows.
    fn value(&self, form: Form, name: &[u8]) -> Result<Option<Vec<u8>>, Doubt> {
        if self.is_doubtful(name) {
            return Err(Doubt);
        }
        let value = self.variables.get(name);
        Ok(match form {
            Form::Test => Some(if value.is_some() { b"TRUE".to_vec() } else { b"FALSE".to_vec() }),
            Form::Plain => value.map(<[u8]>::to_vec),
            Form::Literal => value.map(session::literal),
            Form::Identifier => value.map(session::identifier),
        })
    }

    fn argument(&self, argument: &Argument, text: &[u8]) -> Result<Vec<u8>, Doubt> {
        let mut whole = Vec::new();
        for part in &argument.parts {
            match part {
                Part::Text(text) => whole.extend_from_slice(text),
                Part::Variable { form, name } => match self.value(*form, name.of(text))? {
                    Some(value) => whole.extend(value),
                    None => {
                        let (before, after) = form.punctuation();
                        let written = text.get(name.start.saturating_sub(before)..name.end + after);
                        whole.extend_from_slice(written.unwrap_or_default());
                    }
                },
                Part::Backquote(_) => return Err(Doubt),
            }
        }
        Ok(whole)
    }

    fn arguments(&self, command: &Metacommand, text: &[u8]) -> Result<Vec<Vec<u8>>, Doubt> {
        command.arguments.iter().map(|argument| self.argument(argument, text)).collect()
    }

    fn set(&mut self, name: Vec<u8>, value: Result<Option<Vec<u8>>, Doubt>) {
        match value {
            Ok(value) if self.variables.set(&name, value.as_deref()).is_ok() => {
                self.doubtful.remove(&name);
                if let Some(settled) = &mut self.settled {
                    settled.insert(name);
                }
            }
            // psql refuses the value; what was there before stays.
            Ok(_) => {}
            Err(Doubt) => {
                if let Some(settled) = &mut self.settled {
                    settled.remove(&name);
                }
                self.doubtful.insert(name);
            }
        }
    }

    /// `\gset` gives values to names that begin so, by the columns of a statement.
    fn receive(&mut self, prefix: &[u8], statement: &[u8]) {
        let text = String::from_utf8_lossy(statement).replace("count(*)", "count()");
        let small = text.to_ascii_lowercase();
        // Otherwise its columns may be called anything.
        let is_listed = (small.starts_with("select") || small.starts_with("with"))
            && !["*", "table", "u&\""].iter().any(|part| small.contains(part));
        if !is_listed {
            self.settled = Some(BTreeSet::new());
            return;
        }
        let words = |text: &str| -> Vec<String> {
            let is_part =
                |character: char| character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii();
            text.split(|character| !is_part(character)).map(str::to_owned).collect()
        };
        let unnamed = UNNAMED.iter().map(|name| (*name).to_owned());
        for name in words(&text).into_iter().chain(words(&small)).chain(unnamed) {
            self.set([prefix, name.as_bytes()].concat(), Err(Doubt));
        }
    }
}

/// Only the server knows.
struct Doubt;

/// A file that is being gone through.
struct Reading {
    path: Vec<u8>,
    text: Rc<[u8]>,
    script: Script,
    /// Of each arm.
    verdicts: Vec<Verdict>,
    at: usize,
    /// Whether the file itself is read only if the server says so.
    is_open: bool,
}

struct Rehearsal<'a> {
    console: Console,
    library: &'a mut dyn Library,
    known: Known,
    waiting: Vec<Reading>,
    count: usize,
}

/// Prints what a plan would send, and connects to nothing.
pub fn rehearse(plan: &Plan, library: &mut dyn Library) -> u8 {
    let known = Known { variables: plan.variables.clone(), doubtful: BTreeSet::new(), settled: None };
    let console = Console::of_process(Arc::clone(&Interrupt::new(false)));
    let mut rehearsal = Rehearsal { console, library, known, waiting: Vec::new(), count: 0 };
    for name in BY_SERVER {
        rehearsal.known.doubtful.insert(name.to_vec());
    }
    let mut is_whole = true;
    for action in &plan.actions {
        match action {
            Action::Query(text) | Action::Command(text) => {
                rehearsal.console.line(&[b"-- -c\n", &text[..]].concat());
            }
            Action::File(Some(path)) if path != b"-" => {
                is_whole &= rehearsal.open(canonical(path), false) && rehearsal.go_through();
            }
            Action::File(_) => rehearsal.console.line(b"-- standard input"),
        }
    }
    rehearsal.console.flush();
    if is_whole { SUCCESS } else { FAILURE }
}

impl Rehearsal<'_> {
    /// Begins a file; whether there is one, and not too many.
    fn open(&mut self, path: Vec<u8>, is_open: bool) -> bool {
        self.count += 1;
        let Some(text) =
            self.library.read(&path).ok().filter(|_| self.waiting.len() < DEPTH_LIMIT && self.count < LOOK_LIMIT)
        else {
            self.console.line(&[b"-- cannot be read: ", &path[..]].concat());
            return false;
        };
        let script = read(&text);
        let verdicts = vec![Verdict::Open; script.arms.len()];
        self.waiting.push(Reading { path, text, script, verdicts, at: 0, is_open });
        true
    }

    /// Goes through the files that were begun; whether all that they include is there.
    fn go_through(&mut self) -> bool {
        let mut is_whole = true;
        while let Some(mut reading) = self.waiting.pop() {
            let mut inner = None;
            if let Some(first) = reading.verdicts.first_mut() {
                *first = Verdict::Taken;
            }
            while inner.is_none() && reading.at < reading.script.items.len() {
                inner = self.item(&mut reading);
                reading.at += 1;
            }
            if let Some((path, is_open)) = inner {
                self.waiting.push(reading);
                is_whole &= self.open(path, is_open);
            }
        }
        is_whole
    }

    /// Deals with the next item; the file that it includes, and whether only if the server says so.
    fn item(&mut self, reading: &mut Reading) -> Option<(Vec<u8>, bool)> {
        let (text, script) = (Rc::clone(&reading.text), &reading.script);
        match script.items.get(reading.at)? {
            Item::Statement(statement) => {
                if reading.verdict(statement.arm) != Verdict::NotTaken {
                    let sent = self.render(statement, reading);
                    self.head(reading, statement.span.start);
                    self.console.line(&sent);
                }
                None
            }
            Item::CopyData { lines, arm, .. } => {
                if reading.verdict(*arm) != Verdict::NotTaken {
                    let count = lines.of(&text).split_inclusive(|byte| *byte == b'\n').count();
                    self.console.line(format!("-- {count} lines of data").as_bytes());
                }
                None
            }
            Item::Metacommand { command, arm } => {
                let (command, arm) = (command.clone(), *arm);
                self.command(reading, &command, arm)
            }
        }
    }

    fn render(&self, statement: &Statement, reading: &Reading) -> Vec<u8> {
        let mut statement = statement.clone();
        let is_taken = |piece: &Piece| reading.verdict(piece.arm) != Verdict::NotTaken;
        statement.pieces = statement.pieces.into_iter().filter(is_taken).collect();
        statement.render(&reading.text, &mut |form, name| self.known.value(form, name).unwrap_or_default()).text
    }

    fn head(&mut self, reading: &Reading, start: usize) {
        let line = Lines::of(&reading.text).place(&reading.text, start).line;
        self.console.line(format!("-- {}:{line}", String::from_utf8_lossy(&reading.path)).as_bytes());
    }

    fn command(&mut self, reading: &mut Reading, command: &Metacommand, arm: usize) -> Option<(Vec<u8>, bool)> {
        let text = Rc::clone(&reading.text);
        let name = command.name.as_str();
        let is_conditional = matches!(name, "if" | "elif" | "else" | "endif");
        let outer = if is_conditional && name != "endif" && name != "if" {
            reading.script.arms.get(arm).and_then(|arm| arm.parent).unwrap_or(0)
        } else {
            arm
        };
        if reading.verdict(outer) == Verdict::NotTaken {
            return None;
        }
        self.head(reading, command.span.start);
        let mut line = [b"-- ", command.span.of(&text)].concat();
        if is_conditional && name != "endif" {
            let opened = reading.script.arms.iter().position(|arm| arm.opened_by == Some(reading.at));
            let verdict = self.decide(reading, command, opened.unwrap_or(0));
            line.extend_from_slice(match verdict {
                Verdict::Taken => b"  (taken)",
                Verdict::NotTaken => b"  (not taken)",
                Verdict::Open => b"  (the server decides)",
            });
            if let Some(own) = opened.and_then(|opened| reading.verdicts.get_mut(opened)) {
                *own = verdict;
            }
        }
        self.console.line(&line);
        if is_conditional {
            return None;
        }
        let is_open = reading.is_open || reading.verdict(arm) == Verdict::Open;
        let arguments = self.known.arguments(command, &text);
        let first = command.arguments.first().map(|argument| self.known.argument(argument, &text));
        match (name, first) {
            ("set" | "unset", Some(Ok(variable))) => {
                let value =
                    arguments.map(|arguments| (name == "set").then(|| arguments.get(1..).unwrap_or_default().concat()));
                self.known.set(variable, if is_open { Err(Doubt) } else { value });
            }
            // Any of them.
            ("set" | "unset", Some(Err(Doubt))) => self.known.settled = Some(BTreeSet::new()),
            ("gset", prefix) => {
                let sent = match reading.at.checked_sub(1).and_then(|before| reading.script.items.get(before)) {
                    Some(Item::Statement(statement)) => self.render(statement, reading),
                    _ => Vec::new(),
                };
                match prefix.unwrap_or(Ok(Vec::new())) {
                    Ok(prefix) => self.known.receive(&prefix, &sent),
                    Err(Doubt) => self.known.settled = Some(BTreeSet::new()),
                }
            }
            ("quit" | "q", _) if !is_open => reading.at = reading.script.items.len(),
            _ => {}
        }
        let path = included(command, &reading.path).or_else(|| {
            let name = self.known.argument(command.arguments.first()?, &text).ok()?;
            let bare = command.arguments.first().is_some_and(|argument| is_bare(argument, &text));
            super::included_as(command, &reading.path, name, bare)
        });
        path.map(|path| (path, is_open))
    }

    /// What becomes of the arm that a command opens.
    fn decide(&self, reading: &Reading, command: &Metacommand, opened: usize) -> Verdict {
        let own = reading.script.arms.get(opened).map(|arm| arm.conditional);
        let is_earlier = |(place, arm): &(usize, &crate::psql::script::Arm)| {
            *place < opened && Some(arm.conditional) == own && command.name != "if"
        };
        let earlier = reading.script.arms.iter().enumerate().filter(is_earlier);
        let earlier: Vec<Verdict> = earlier.filter_map(|(place, _)| reading.verdicts.get(place).copied()).collect();
        if earlier.contains(&Verdict::Taken) {
            return Verdict::NotTaken;
        }
        let here = match (command.name.as_str(), self.known.arguments(command, &reading.text)) {
            ("else", _) => Verdict::Taken,
            (_, Ok(arguments)) if truth(&arguments.join(&b" "[..])) == Some(true) => Verdict::Taken,
            // psql complains of what is no boolean, and takes it for false.
            (_, Ok(_)) => Verdict::NotTaken,
            (_, Err(Doubt)) => Verdict::Open,
        };
        if here == Verdict::Taken && earlier.contains(&Verdict::Open) { Verdict::Open } else { here }
    }
}

impl Reading {
    /// Of an arm within all that it lies in.
    fn verdict(&self, arm: usize) -> Verdict {
        let mut verdict = Verdict::Taken;
        let mut here = Some(arm);
        while let Some(arm) = here {
            match self.verdicts.get(arm) {
                Some(Verdict::NotTaken) => return Verdict::NotTaken,
                Some(Verdict::Open) | None => verdict = Verdict::Open,
                Some(Verdict::Taken) => {}
            }
            here = self.script.arms.get(arm).and_then(|arm| arm.parent);
        }
        verdict
    }
}

//! A script as a program: what is sent, in order, with both arms of every `\if`.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::effect::{At, Ident, Statement};
use crate::psql::{Form, IrregularityKind, Item, Metacommand, Part, PieceKind};
use crate::source::{FileId, Map, Span};
use crate::sources::{Source, Trouble};
use crate::syntax::{Parser, SyntaxError, shape, witness};

/// A script.
#[derive(Debug, Default)]
pub struct Program {
    /// In the order of the file.
    pub lines: Vec<Line>,
}

/// What psql deals with at one go.
#[derive(Debug)]
pub enum Line {
    /// A message to the server.
    Sent {
        /// What it holds: one statement, or more joined by `\;`; none of a comment.
        statements: Box<[Statement]>,
        /// The message.
        at: At,
        /// How many statements psql's own reading makes of it.
        expected: usize,
        /// Whether psql throws it away (`\r`).
        reset: bool,
        /// The variables of psql in it.
        uses: Box<[Use]>,
        /// What another parser reads otherwise.
        disagreement: Option<Box<str>>,
    },
    /// A message that did not parse.
    Unread {
        /// The message.
        at: At,
        /// What the parser said.
        error: SyntaxError,
        /// The variables of psql in it.
        uses: Box<[Use]>,
    },
    /// `\i` or `\ir`.
    Include {
        /// The command.
        at: At,
        /// The file.
        target: Result<FileId, Trouble>,
    },
    /// Any other command to psql.
    Command {
        /// Where.
        at: At,
        /// The command.
        command: Box<Metacommand>,
        /// The variables of psql in it.
        uses: Box<[Use]>,
    },
    /// `\if … \endif`
    Choice {
        /// In order; a missing `\else` is none of them.
        arms: Vec<Arm>,
        /// From `\if` on.
        at: At,
        /// Whether the last arm is `\else`.
        complete: bool,
    },
    /// The data lines of a COPY.
    Data {
        /// The lines.
        at: At,
        /// How many.
        rows: usize,
    },
}

/// A reference to a variable of psql.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The variable.
    pub name: Ident,
    /// How it is written.
    pub form: Form,
    /// Where.
    pub at: At,
    /// Whether it only asks if the variable is set.
    pub tests: bool,
    /// Whether it stands in a command to psql, where its text is a word and no SQL.
    pub in_command: bool,
}

/// One arm of an `\if`.
#[derive(Debug)]
pub struct Arm {
    /// When it is taken.
    pub condition: Condition,
    /// What it holds.
    pub lines: Vec<Line>,
    /// Its `\if`, `\elif` or `\else`.
    pub at: At,
    /// The variables of psql in its condition.
    pub uses: Box<[Use]>,
}

/// What `\if` asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A word that is a boolean, as psql reads them.
    Constant(bool),
    /// Whether a variable has a value: `:{?name}`.
    IsSet(Ident),
    /// The value of a variable.
    Variable(Ident),
    /// `\else`
    Otherwise,
    /// Anything else; psql takes what is no boolean for false.
    Unknown,
}

/// The statements about which the parsers agree, by their shapes; those that are like no other
/// by their digests.
#[derive(Debug, Default)]
pub(super) struct Agreed(Mutex<HashSet<Vec<u8>>>);

impl Agreed {
    fn has(&self, shape: &[u8]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(shape)
    }

    fn add(&self, shape: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(shape);
    }
}

/// Reads a file's script as a program, and notes what else the parsers agree about.
pub(super) fn read(file: FileId, source: &Source, parser: Parser, agreed: &Agreed) -> Program {
    let mut reader = Reader { file, source, parser, next: 0, agreed };
    Program { lines: reader.lines(false) }
}

struct Reader<'a> {
    file: FileId,
    source: &'a Source,
    parser: Parser,
    next: usize,
    agreed: &'a Agreed,
}

impl<'a> Reader<'a> {
    fn at(&self, span: Span) -> At {
        At::new(self.file, span)
    }

    fn item(&self, number: usize) -> Option<&'a Item> {
        self.source.script.items.get(number)
    }

    /// The lines from here on: to the end of the file, or of the arm.
    fn lines(&mut self, in_arm: bool) -> Vec<Line> {
        let mut lines = Vec::with_capacity(if in_arm { 0 } else { self.source.script.items.len() });
        while let Some(item) = self.item(self.next) {
            if let Item::Metacommand { command, .. } = item {
                match command.name.as_str() {
                    "if" => {
                        lines.push(self.choice());
                        continue;
                    }
                    "elif" | "else" | "endif" if in_arm && !self.is_stray(command) => return lines,
                    _ => {}
                }
            }
            lines.push(self.line(self.next, item));
            self.next += 1;
        }
        lines
    }

    /// A conditional command that belongs to no `\if` is a command like any other.
    fn is_stray(&self, command: &Metacommand) -> bool {
        self.source.script.irregularities.iter().any(|irregularity| {
            irregularity.kind == IrregularityKind::StrayConditional && irregularity.span == command.span
        })
    }

    fn choice(&mut self) -> Line {
        let mut arms = Vec::new();
        let mut complete = false;
        let mut whole: Option<At> = None;
        while let Some(Item::Metacommand { command, .. }) = self.item(self.next) {
            let at = self.at(command.span);
            whole = Some(whole.map_or(at, |whole| whole.to(at)));
            self.next += 1;
            if command.name == "endif" {
                break;
            }
            complete = command.name == "else";
            let condition = if complete { Condition::Otherwise } else { self.condition(command) };
            let uses = self.uses_of(command);
            let lines = self.lines(true);
            arms.push(Arm { condition, lines, at, uses });
        }
        Line::Choice { arms, at: whole.unwrap_or_default(), complete }
    }

    fn condition(&self, command: &Metacommand) -> Condition {
        let [argument] = command.arguments.as_slice() else { return Condition::Unknown };
        match argument.parts.as_slice() {
            [Part::Variable { form, name }] => {
                let name = Ident::from(String::from_utf8_lossy(name.of(&self.source.bytes)));
                match form {
                    Form::Test => Condition::IsSet(name),
                    _ => Condition::Variable(name),
                }
            }
            _ => argument.literal().and_then(|text| boolean(&text)).map_or(Condition::Unknown, Condition::Constant),
        }
    }

    fn line(&mut self, number: usize, item: &Item) -> Line {
        match item {
            Item::Statement(statement) => self.message(statement),
            Item::Metacommand { command, .. } => {
                let at = self.at(command.span);
                match self.source.includes.iter().find(|include| include.item == number) {
                    Some(include) => Line::Include { at, target: include.target.clone() },
                    None => Line::Command { at, command: command.clone(), uses: self.uses_of(command) },
                }
            }
            Item::CopyData { lines, .. } => {
                let rows = lines.of(&self.source.bytes).split_inclusive(|byte| *byte == b'\n').count();
                Line::Data { at: self.at(*lines), rows }
            }
        }
    }

    fn uses_of(&self, command: &Metacommand) -> Box<[Use]> {
        let parts = command.arguments.iter().flat_map(|argument| &argument.parts);
        let uses = parts.filter_map(|part| match part {
            Part::Variable { form, name } => Some(Use { in_command: true, ..self.a_use(*form, *name) }),
            _ => None,
        });
        uses.collect()
    }

    fn a_use(&self, form: Form, name: Span) -> Use {
        let text = Ident::from(String::from_utf8_lossy(name.of(&self.source.bytes)));
        Use { name: text, form, at: self.at(name), tests: form == Form::Test, in_command: false }
    }

    fn message(&mut self, statement: &crate::psql::Statement) -> Line {
        let uses = statement.pieces.iter().filter_map(|piece| match piece.kind {
            PieceKind::Variable { form, name } => Some(self.a_use(form, name)),
            _ => None,
        });
        let uses: Box<[Use]> = uses.collect();
        if uses.iter().all(|one| one.form != Form::Plain) {
            return self.read_as(statement, uses, false);
        }
        // psql leaves alone what is no variable: `a[1:n]`. What parses as it is written is none.
        let quoted = uses.iter().filter(|one| one.form != Form::Plain).cloned().collect();
        match self.read_as(statement, quoted, false) {
            line @ Line::Sent { .. } => line,
            _ => self.read_as(statement, uses, true),
        }
    }

    fn read_as(&mut self, statement: &crate::psql::Statement, uses: Box<[Use]>, plain: bool) -> Line {
        let rendered = statement.render(&self.source.bytes, &mut |form, name| {
            let name = String::from_utf8_lossy(name);
            (plain || form != Form::Plain).then(|| stand_in(form, &name))
        });
        let at = self.at(statement.span);
        let map = rendered.map(self.file);
        let Ok(text) = std::str::from_utf8(&rendered.text) else {
            let error = SyntaxError { message: "the statement is not UTF-8".to_owned(), at };
            return Line::Unread { at, error, uses };
        };
        let reset = matches!(statement.ending, crate::psql::Ending::Reset);
        match self.parser.statements(text, &map) {
            Ok(statements) => {
                let disagreement = self.disagreement(text, &map, &statements);
                Line::Sent {
                    statements: statements.into(),
                    at,
                    expected: statement.separators + 1,
                    reset,
                    uses,
                    disagreement,
                }
            }
            // What is thrown away is not sent.
            Err(_) if reset => {
                let (statements, expected) = (Box::default(), statement.separators + 1);
                Line::Sent { statements, at, expected, reset, uses, disagreement: None }
            }
            Err(error) => Line::Unread { at, error, uses },
        }
    }

    /// What another parser reads otherwise. One statement of a shape is enough.
    fn disagreement(&self, text: &str, map: &Map, statements: &[Statement]) -> Option<Box<str>> {
        // No shape begins like a digest.
        let shape = shape::of(text).unwrap_or_else(|| [b"=", Sha256::digest(text).as_slice()].concat());
        if self.agreed.has(&shape) {
            return None;
        }
        let is_witness = self.parser != Parser::Squawk;
        let second = || is_witness.then(|| witness::second_opinion(text, map, statements)).flatten();
        let told = witness::disagreement(text, statements).or_else(second);
        if told.is_none() {
            self.agreed.add(shape);
        }
        told.map(String::into_boxed_str)
    }
}

/// What stands for a variable while nothing is known of its value; [`crate::effect::Ident`]
/// and [`crate::effect::ExprKind::Variable`] say how it is told apart afterwards.
fn stand_in(form: Form, name: &str) -> Vec<u8> {
    match form {
        Form::Literal => format!("':''{name}'''"),
        Form::Test => format!("':{{?{name}}}'"),
        Form::Identifier | Form::Plain => format!("\":\"\"{name}\"\"\""),
    }
    .into_bytes()
}

/// psql's `ParseVariableBool` (PostgreSQL 15): a word, or a beginning of it that is no other's.
#[must_use]
pub fn boolean(text: &[u8]) -> Option<bool> {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

//! A session: psql's main loop over lines, files within files, and what it says of errors.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::rc::Rc;
use std::sync::Arc;

use memchr::memchr;

use super::command::Status;
use super::console::{Console, reason};
use super::interrupt::Interrupt;
use super::table;
use super::variables::{Echo, Variables};
use super::width::Encoding;
use crate::psql::lexer::{Form, Lexer, Token};
use crate::psql::{Open, metacommand};
use crate::wire::{self, Connection, Event, Report};

/// The exit codes.
pub const SUCCESS: u8 = 0;
/// The executor itself failed.
pub const FAILURE: u8 = 1;
/// The connection failed.
pub const BAD_CONNECTION: u8 = 2;
/// A script failed.
pub const USER: u8 = 3;
/// SIGINT came before anything was sent: psql dies of it.
pub const INTERRUPTED: u8 = 130;

/// Ends the session at once, with this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End(pub u8);

/// A script that has been opened.
pub enum Opened {
    /// All of it.
    Whole(Rc<[u8]>),
    /// To be read from its start as it is run.
    Stream(Box<dyn BufRead>),
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Whole(_) => "Whole",
            Self::Stream(_) => "Stream",
        })
    }
}

/// Where scripts come from.
pub trait Library {
    /// The bytes of a script by its path, as psql would open it.
    fn read(&mut self, path: &[u8]) -> io::Result<Rc<[u8]>>;

    /// The script, to be run.
    fn open(&mut self, path: &[u8]) -> io::Result<Opened> {
        self.read(path).map(Opened::Whole)
    }

    /// The bytes of a script, unless no line of it can hold a metacommand that matters before
    /// anything runs.
    fn look(&mut self, path: &[u8]) -> io::Result<Option<Rc<[u8]>>> {
        self.read(path).map(|text| super::matters(&text).then_some(text))
    }

    /// Whether the statement that stands at these offsets of a script is one that was judged.
    fn is_judged(&self, path: &[u8], start: usize, end: usize) -> bool;

    /// Whether scripts are only those that were judged, so that a variable's value is never
    /// read as script.
    fn is_bound(&self) -> bool;
}

/// What a session tells of what it does.
pub trait Witness {
    /// The server has been reached.
    fn connects(&mut self, _connection: &Connection) {}
    /// A script begins.
    fn opens(&mut self, _file: &[u8]) {}
    /// The script that began last ends, well or not.
    fn closes(&mut self, _is_good: bool) {}
    /// A statement is about to be sent, from that line of that file.
    fn begins(&mut self, _file: Option<&[u8]>, _line: usize, _text: &[u8]) {}
    /// It has been answered, with these tags, or with an error; how the session stands then.
    fn ends(&mut self, _tags: &[Vec<u8>], _error: Option<&Report>, _state: wire::Status) {}
    /// The connection is gone, and with it the answer to what was sent last.
    fn loses(&mut self) {}
    /// Something is about to be printed.
    fn clears(&mut self) {}
}

/// A session that tells nobody.
#[derive(Debug)]
pub struct Quiet;

impl Witness for Quiet {}

/// Where lines come from.
pub(super) enum Source {
    /// A script that has been read, and how far.
    Script(Rc<[u8]>, usize),
    /// A script that is read as it is run.
    Stream(Box<dyn BufRead>),
    /// Standard input.
    Stdin,
}

/// How a message on standard error is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Info,
    Warning,
    Error,
}

/// Of an arm of `\if`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    True,
    False,
    Ignored,
    ElseTrue,
    ElseFalse,
}

/// An `\if` that is open.
#[derive(Debug, Clone)]
pub(super) struct Conditional {
    pub(super) arm: Arm,
    /// How long the query buffer was, and the state of the scanner.
    pub(super) kept: Option<(usize, Lexer)>,
}

/// The state of one file, or of one `-c`.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) lexer: Lexer,
    pub(super) query: Vec<u8>,
    pub(super) previous: Vec<u8>,
    pub(super) conditionals: Vec<Conditional>,
    /// Where the line being read, and the values of variables within it, stand.
    frames: Vec<Frame>,
    /// The offsets in the file at which the query buffer begins and ends; none where a value of a
    /// variable was read as script.
    place: Option<(usize, usize)>,
    /// Whether the query buffer holds what was written by `\;` or `\:`.
    is_joined: bool,
}

impl Reading {
    pub(super) fn is_active(&self) -> bool {
        matches!(self.conditionals.last().map(|open| open.arm), None | Some(Arm::True | Arm::ElseTrue))
    }
}

/// A text that is being read: a line, or the value of a variable.
#[derive(Debug)]
struct Frame {
    text: Rc<[u8]>,
    at: usize,
    name: Option<Vec<u8>>,
    /// The offset of the text in its file.
    base: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scanned {
    /// What was sent ahead has failed.
    Failed,
    Semicolon,
    Backslash,
    /// The end of the line, with nothing open and something in the buffer.
    Line,
    Incomplete,
}

/// A statement that was sent before the answers to those before it were read.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) query: Vec<u8>,
    pub(super) line: usize,
}

/// psql, as far as a release needs it.
pub struct Session<'a> {
    pub(super) program: Vec<u8>,
    pub(super) console: Console,
    pub(super) variables: Variables,
    pub(super) options: table::Options,
    pub(super) timing: bool,
    pub(super) connection: Connection,
    pub(super) encoding: Encoding,
    pub(super) library: &'a mut dyn Library,
    pub(super) witness: &'a mut dyn Witness,
    pub(super) stdin: Box<dyn BufRead>,
    pub(super) interrupt: Arc<Interrupt>,
    pub(super) file: Option<Vec<u8>>,
    pub(super) source: Source,
    pub(super) line: usize,
    pub(super) is_terse: bool,
    /// What `\gset` prefixes names with, while it waits for its row.
    pub(super) gset: Option<Vec<u8>>,
    /// What `\g (…)` changes for one statement.
    pub(super) saved_options: Option<table::Options>,
    pub(super) last_error: Option<(Report, Vec<u8>)>,
    /// The encoding that the server last spoke of.
    pub(super) known_encoding: Vec<u8>,
    depth: usize,
    /// What was sent and is not answered yet, in its order.
    pub(super) ahead: VecDeque<Ahead>,
    /// How many bytes that is.
    pub(super) ahead_size: usize,
    /// A connection that does nothing but hold the lock of a release.
    guard: Option<Connection>,
}

/// The key of the lock that every release takes in its session: `rooflint`.
const LOCK: i64 = 0x726f_6f66_6c69_6e74;
/// The key of the lock that it holds by a connection of its own, which no script reaches.
const GUARD: i64 = LOCK + 1;

/// How many files may lie within one another; psql itself ends in a segmentation fault.
const DEPTH_LIMIT: usize = 100;

impl<'a> Session<'a> {
    /// A session on an open connection.
    #[expect(clippy::too_many_arguments, reason = "each comes from somewhere else")]
    pub(super) fn new(
        program: &[u8],
        console: Console,
        variables: Variables,
        options: table::Options,
        connection: Connection,
        library: &'a mut dyn Library,
        witness: &'a mut dyn Witness,
        stdin: Box<dyn BufRead>,
        interrupt: Arc<Interrupt>,
    ) -> Self {
        let mut session = Self {
            program: program.to_vec(),
            console,
            variables,
            options,
            timing: false,
            connection,
            encoding: Encoding::Utf8,
            library,
            witness,
            stdin,
            interrupt,
            file: None,
            source: Source::Stdin,
            line: 0,
            is_terse: false,
            gset: None,
            saved_options: None,
            last_error: None,
            known_encoding: Vec::new(),
            depth: 0,
            ahead: VecDeque::new(),
            ahead_size: 0,
            guard: None,
        };
        session.witness.connects(&session.connection);
        session.synchronize();
        session
    }

    /// Sets the variables that say where the session is.
    fn synchronize(&mut self) {
        let connection = &self.connection;
        let encoding = connection.parameter("client_encoding").unwrap_or_default().to_vec();
        let version = connection.parameter("server_version").unwrap_or_default().to_vec();
        let values = [
            ("DBNAME", connection.database().as_bytes().to_vec()),
            ("USER", connection.user().as_bytes().to_vec()),
            ("HOST", connection.host().as_bytes().to_vec()),
            ("PORT", connection.port().as_bytes().to_vec()),
            ("SERVER_VERSION_NUM", version_number(&version).to_string().into_bytes()),
            ("SERVER_VERSION_NAME", version),
            ("ENCODING", encoding.clone()),
        ];
        self.encoding = Encoding::of(&encoding);
        self.known_encoding = encoding;
        for (name, value) in values {
            self.variables.put(name, &value);
        }
    }

    /// Encodings in which a part of a character may look like a quote or a backslash are those of
    /// clients alone, and nothing here reads them.
    pub(super) fn check_encoding(&mut self) -> Result<(), End> {
        let name = self.known_encoding.clone();
        if !Encoding::is_treacherous(&name) {
            return Ok(());
        }
        self.fail(&format!("client_encoding {} is not supported", String::from_utf8_lossy(&name)));
        Err(End(FAILURE))
    }

    /// Prints a message as psql does, with what it is marked by.
    pub(super) fn say(&mut self, mark: Mark, text: &[u8]) {
        self.witness.clears();
        let mut line = Vec::new();
        if !self.is_terse {
            line.extend_from_slice(&self.program);
            line.push(b':');
        }
        if let Some(file) = &self.file {
            line.extend_from_slice(file);
            line.push(b':');
            if self.line > 0 {
                line.extend_from_slice(format!("{}:", self.line).as_bytes());
            }
        }
        if !line.is_empty() {
            line.push(b' ');
        }
        if !self.is_terse {
            line.extend_from_slice(match mark {
                Mark::Info => b"",
                Mark::Warning => b"warning: ",
                Mark::Error => b"error: ",
            });
        }
        line.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(text));
        line.push(b'\n');
        self.console.error(&line);
    }

    pub(super) fn fail(&mut self, text: &str) {
        self.say(Mark::Error, text.as_bytes());
    }

    /// Whether the strings of the server have no escapes, as it says.
    fn has_standard_strings(&self) -> bool {
        self.connection.parameter("standard_conforming_strings") == Some(b"on")
    }

    /// Whether the first failure ends the run.
    pub(super) fn is_strict(&self) -> bool {
        self.variables.control.on_error_stop
    }

    /// Makes sure that no other release is running on the database, and that none starts while
    /// this one runs. One lock is the session's: it lasts as long as the server works for it,
    /// even when the executor is gone. A script may drop that one, by DISCARD ALL for instance;
    /// so there is another, held by a connection of its own.
    pub fn lock(&mut self, settings: &wire::Settings) -> Result<(), End> {
        let taken = self.ask(format!("SELECT pg_catalog.pg_try_advisory_lock({LOCK})").as_bytes())?;
        if taken.first().map(Vec::as_slice) == Some(b"t") && self.take_guard(settings)? {
            return Ok(());
        }
        let holder = self.ask(
            format!(
                "SELECT pg_catalog.format('process %s of %s (%s) since %s', a.pid, a.usename, a.application_name, \
                 pg_catalog.date_trunc('second', a.backend_start)) FROM pg_catalog.pg_locks l \
                 JOIN pg_catalog.pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted \
                 AND l.classid::bigint * 4294967296 + l.objid::bigint IN ({LOCK}, {GUARD}) AND l.objsubid = 1 \
                 AND l.pid <> pg_catalog.pg_backend_pid() AND a.datname = pg_catalog.current_database() \
                 ORDER BY l.objid"
            )
            .as_bytes(),
        )?;
        let holder = holder.first().map_or_else(|| "it has just ended".into(), |text| String::from_utf8_lossy(text));
        let text = format!("another release is running on this database: {holder}");
        self.fail(&text);
        Err(End(FAILURE))
    }

    /// Takes the lock that no script can drop. Whether it is ours.
    fn take_guard(&mut self, settings: &wire::Settings) -> Result<bool, End> {
        let mut guard = match Connection::connect(settings) {
            Ok(guard) => guard,
            Err(failure) => {
                self.say(Mark::Error, failure.text());
                return Err(End(BAD_CONNECTION));
            }
        };
        // It may have nothing to do for hours. Servers before 14 do not know the parameter.
        let idle = format!(
            "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
             WHERE name = 'idle_session_timeout'; SELECT pg_catalog.pg_try_advisory_lock({GUARD})"
        );
        let answer = guard.query(idle.as_bytes()).and_then(|()| {
            let mut answer = Vec::new();
            loop {
                match guard.next()? {
                    Event::Row(row) => answer = row.cells().next().flatten().unwrap_or_default().to_vec(),
                    Event::Ready(_) => break Ok(answer),
                    _ => {}
                }
            }
        });
        match answer {
            Ok(answer) => {
                self.guard = Some(guard);
                Ok(answer == b"t")
            }
            Err(failure) => {
                self.say(Mark::Error, failure.text());
                Err(End(BAD_CONNECTION))
            }
        }
    }

    /// Whether something forbids that another statement is sent: a signal that has come, or the
    /// loss of the lock, after which another release may have begun.
    pub(super) fn is_over(&mut self) -> bool {
        if self.interrupt.is_over() {
            return true;
        }
        let is_free = self.connection.status() == wire::Status::Idle;
        if is_free && self.guard.as_mut().is_some_and(|guard| !guard.is_alive()) {
            self.guard = None;
            self.fail("the lock that keeps two releases apart is lost: its connection was closed");
            return true;
        }
        false
    }

    /// The end of a run of a release: a transaction that is open then was forgotten.
    pub fn settle(&mut self, code: u8) -> u8 {
        if code != SUCCESS || self.connection.status() == wire::Status::Idle {
            return code;
        }
        self.is_terse = false;
        self.fail("a transaction is still open at the end: what it did is undone by the server");
        USER
    }

    /// Whether scripts are only those that were judged.
    pub(super) fn is_bound(&self) -> bool {
        self.library.is_bound()
    }

    /// Says farewell.
    pub fn finish(mut self) {
        self.console.flush();
        // A file that cannot be written any more has been complained of.
        let _ = self.console.flush_result();
        self.connection.terminate();
        if let Some(guard) = self.guard.take() {
            guard.terminate();
        }
    }

    /// One `-c` that is no metacommand.
    pub fn run_query(&mut self, text: &[u8]) -> Result<u8, End> {
        self.is_terse = true;
        if self.variables.control.echo == Echo::All {
            self.console.line(text);
        }
        Ok(if self.send(text)? { SUCCESS } else { FAILURE })
    }

    /// One `-c` that is a metacommand.
    pub fn run_command(&mut self, text: &[u8]) -> Result<u8, End> {
        self.is_terse = true;
        let command = text.get(1..).unwrap_or_default();
        if self.variables.control.echo == Echo::All {
            self.console.line(command);
        }
        let mut reading = Reading::default();
        reading.frames.push(Frame { text: text.into(), at: 0, name: None, base: 0 });
        if let Some(frame) = reading.frames.last_mut() {
            frame.at = 1;
        }
        let status = self.metacommand(&mut reading)?;
        Ok(if status == Status::Error { FAILURE } else { SUCCESS })
    }

    /// Runs a script; `-` and none are standard input, the latter without a name.
    pub fn run_file(&mut self, path: Option<&[u8]>, is_relative: bool) -> Result<u8, End> {
        let (name, source) = match path {
            None => (None, Source::Stdin),
            Some(b"-") => (Some(b"<stdin>".to_vec()), Source::Stdin),
            Some(path) => {
                let mut path = canonical(path);
                if let Some(including) = self.file.as_ref().filter(|_| is_relative && !path.starts_with(b"/")) {
                    let directory = including.iter().rposition(|byte| *byte == b'/');
                    let directory = directory.and_then(|at| including.get(..=at)).unwrap_or_default();
                    path = canonical(&[directory, &path].concat());
                }
                if self.depth >= DEPTH_LIMIT {
                    self.fail(&format!(
                        "{}: more than {DEPTH_LIMIT} files within one another",
                        String::from_utf8_lossy(&path)
                    ));
                    return Ok(FAILURE);
                }
                match self.library.open(&path) {
                    Ok(Opened::Whole(bytes)) => (Some(path), Source::Script(bytes, 0)),
                    Ok(Opened::Stream(lines)) => (Some(path), Source::Stream(lines)),
                    // A directory can be opened, but not read.
                    Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                        let outside = self.file.replace(path);
                        let line = std::mem::take(&mut self.line);
                        self.is_terse = false;
                        self.fail(&format!("could not read from input file: {}", reason(&error)));
                        self.file = outside;
                        self.line = line;
                        self.is_terse = self.file.is_none();
                        return Ok(FAILURE);
                    }
                    Err(error) => {
                        let text = [&path[..], b": ", reason(&error).as_bytes()].concat();
                        self.say(Mark::Error, &text);
                        return Ok(FAILURE);
                    }
                }
            }
        };
        let outside = (std::mem::replace(&mut self.file, name), std::mem::replace(&mut self.source, source));
        let line = std::mem::take(&mut self.line);
        self.is_terse = self.file.is_none();
        self.depth += 1;
        if let Some(file) = &self.file {
            self.witness.opens(file);
        }
        let result = self.lines();
        if self.file.is_some() {
            self.witness.closes(result == Ok(SUCCESS));
        }
        self.depth -= 1;
        (self.file, self.source) = outside;
        self.line = line;
        self.is_terse = self.file.is_none();
        result
    }

    /// The next line without its end, and its offset in the file.
    fn next_line(&mut self) -> io::Result<Option<(Rc<[u8]>, usize)>> {
        let mut base = 0;
        if let Source::Script(bytes, at) = &mut self.source {
            base = *at;
            let rest = bytes.get(base..).unwrap_or_default();
            let length = memchr(b'\n', rest);
            let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            if memchr(0, line).is_none() {
                *at += line.len() + usize::from(length.is_some());
                return Ok(Some((line.into(), base)));
            }
        }
        let mut line = Vec::new();
        loop {
            let mut part = Vec::new();
            self.raw_line(&mut part)?;
            if part.is_empty() {
                return Ok((!line.is_empty()).then(|| (line.into(), base)));
            }
            // psql reads by C's strings, a buffer at a time: a NUL hides the rest of its buffer.
            if memchr(0, &part).is_some() {
                let parts = part.chunks(1023).filter_map(|part| part.split(|byte| *byte == 0).next());
                line.extend(parts.flatten());
            } else if line.is_empty() {
                line = part;
            } else {
                line.append(&mut part);
            }
            if line.last() == Some(&b'\n') {
                line.pop();
                return Ok(Some((line.into(), base)));
            }
        }
    }

    /// Appends the next line with its end.
    pub(super) fn raw_line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.source {
            Source::Script(bytes, at) => {
                let rest = bytes.get(*at..).unwrap_or_default();
                let length = memchr(b'\n', rest).map_or(rest.len(), |length| length + 1);
                line.extend_from_slice(rest.get(..length).unwrap_or_default());
                *at += length;
                Ok(())
            }
            Source::Stream(lines) => loop {
                let here = lines.fill_buf()?;
                let end = memchr(b'\n', here).map(|at| at + 1);
                let length = end.unwrap_or(here.len());
                line.extend_from_slice(here.get(..length).unwrap_or_default());
                lines.consume(length);
                if end.is_some() || length == 0 {
                    return Ok(());
                }
            },
            Source::Stdin => self.stdin.read_until(b'\n', line).map(drop),
        }
    }

    /// psql's main loop over the current source.
    fn lines(&mut self) -> Result<u8, End> {
        let mut reading = Reading::default();
        let mut result = SUCCESS;
        let mut is_strict = false;
        let mut is_quit = false;
        while result == SUCCESS {
            if self.interrupt.is_pressed() {
                result = USER;
                break;
            }
            self.console.flush();
            let (mut line, base) = match self.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    if !self.settle_ahead()? {
                        result = USER;
                        break;
                    }
                    self.fail(&format!("could not read from input file: {}", reason(&error)));
                    result = FAILURE;
                    break;
                }
            };
            let mut base = base;
            self.line += 1;
            if self.line == 1 {
                if self.encoding == Encoding::Utf8 && line.starts_with(b"\xef\xbb\xbf") {
                    line = line.get(3..).unwrap_or_default().into();
                    base += 3;
                }
                if line.starts_with(b"PGDMP") {
                    self.console.line(
                        b"The input is a PostgreSQL custom-format dump.\nUse the pg_restore command-line client to restore this dump to a database.\n",
                    );
                    self.console.flush();
                    result = FAILURE;
                    break;
                }
            }
            let is_quoted = !matches!(reading.lexer.open(), None | Some(Open::Parenthesis(_) | Open::RoutineBody(_)));
            if line.is_empty() && !is_quoted {
                continue;
            }
            if self.variables.control.echo == Echo::All {
                self.console.line(&line);
                self.console.flush();
            }
            // What an answer says of the server's strings matters to such a line alone.
            if memchr(b'\\', &line).is_some() && !self.settle_ahead()? {
                result = USER;
                break;
            }
            let mut fresh_break = None;
            if !reading.query.is_empty() {
                reading.query.push(b'\n');
                fresh_break = Some(reading.query.len());
            }
            is_strict = self.variables.control.on_error_stop;
            reading.lexer.set_standard_conforming_strings(self.has_standard_strings());
            reading.frames.clear();
            reading.frames.push(Frame { text: line, at: 0, name: None, base });
            let mut is_good = true;
            while is_good || !is_strict {
                let scanned = self.scan(&mut reading)?;
                let is_single = scanned == Scanned::Line && self.variables.control.singleline;
                if scanned == Scanned::Semicolon || is_single {
                    if reading.is_active() {
                        is_good = self.send_buffer(&mut reading, is_strict)?;
                        fresh_break = None;
                    } else {
                        is_good = true;
                    }
                } else if scanned == Scanned::Backslash {
                    if fresh_break == Some(reading.query.len()) {
                        reading.query.pop();
                    }
                    fresh_break = None;
                    if !self.settle_ahead()? {
                        is_good = false;
                        break;
                    }
                    let status = self.metacommand(&mut reading)?;
                    is_good = status != Status::Error;
                    match status {
                        Status::Send => {
                            is_good = self.send_buffer(&mut reading, false)?;
                            reading.lexer.start_statement();
                        }
                        Status::Terminate => {
                            is_quit = true;
                            break;
                        }
                        Status::Skip | Status::Error => {}
                    }
                } else if scanned == Scanned::Failed {
                    is_good = false;
                    break;
                }
                if matches!(scanned, Scanned::Line | Scanned::Incomplete) {
                    break;
                }
            }
            if is_quit {
                break;
            }
            if !is_good && is_strict {
                result = USER;
            }
        }
        // Something is ahead only where the first failure ends the run.
        if !self.settle_ahead()? {
            result = USER;
        }
        if result == SUCCESS && !reading.query.is_empty() && reading.is_active() {
            let is_good = self.send_buffer(&mut reading, false)?;
            if !is_good && is_strict {
                result = USER;
            }
        }
        if !is_quit && result != USER && !reading.conditionals.is_empty() {
            self.fail("reached EOF without finding closing \\endif(s)");
            if is_strict {
                result = USER;
            }
        }
        Ok(result)
    }

    /// Sends the query buffer, and keeps it as the previous one. Whether it went well, as far as
    /// that is known: its answer is not waited for if it `may_run_ahead`.
    fn send_buffer(&mut self, reading: &mut Reading, may_run_ahead: bool) -> Result<bool, End> {
        let query = std::mem::take(&mut reading.query);
        let place = reading.place.take();
        let is_joined = std::mem::take(&mut reading.is_joined);
        if let Some(file) = self.file.as_ref().filter(|_| self.library.is_bound())
            && !place.is_some_and(|(start, end)| self.library.is_judged(file, start, end))
        {
            if !self.settle_ahead()? {
                return Ok(false);
            }
            self.fail("this statement does not stand so in the script that was judged");
            return Err(End(USER));
        }
        if self.is_over() {
            self.settle_ahead()?;
            return Err(End(USER));
        }
        let is_good = if may_run_ahead && !is_joined && self.runs_ahead(&query) {
            self.send_ahead(&query)?
        } else {
            self.settle_ahead()? && self.send(&query)?
        };
        reading.previous = query;
        Ok(is_good)
    }

    /// Reads on, into the query buffer, up to what ends it or the line.
    fn scan(&mut self, reading: &mut Reading) -> Result<Scanned, End> {
        loop {
            let Some(frame) = reading.frames.last() else { return Ok(Scanned::Incomplete) };
            let (text, at) = (Rc::clone(&frame.text), frame.at);
            let Some((token, end)) = reading.lexer.next(&text, at) else {
                if reading.frames.len() > 1 {
                    reading.frames.pop();
                    continue;
                }
                let is_whole = reading.lexer.open().is_none() && !reading.query.is_empty();
                return Ok(if is_whole { Scanned::Line } else { Scanned::Incomplete });
            };
            let (base, is_line) = (frame.base, reading.frames.len() == 1);
            if let Some(frame) = reading.frames.last_mut() {
                frame.at = end;
            }
            let is_sent = !(token == Token::Backslash || (token == Token::Blank && reading.query.is_empty()));
            if is_sent {
                let start = if reading.query.is_empty() { Some(base + at) } else { reading.place.map(|place| place.0) };
                reading.place = start.filter(|_| is_line).map(|start| (start, base + end));
            }
            let here = text.get(at..end).unwrap_or_default();
            match token {
                Token::Blank if reading.query.is_empty() => {}
                Token::Blank | Token::Text => reading.query.extend_from_slice(here),
                Token::Escaped(byte) => {
                    reading.is_joined = true;
                    reading.query.push(byte);
                }
                Token::Semicolon => {
                    reading.query.push(b';');
                    reading.lexer.start_statement();
                    return Ok(Scanned::Semicolon);
                }
                Token::Backslash => return Ok(Scanned::Backslash),
                Token::Variable(form) => {
                    if !self.settle_ahead()? {
                        return Ok(Scanned::Failed);
                    }
                    self.substitute(reading, form, here)?;
                }
            }
        }
    }

    fn substitute(&mut self, reading: &mut Reading, form: Form, here: &[u8]) -> Result<(), End> {
        let name = name_of(form, here);
        let value = self.value(form, name, reading.is_active());
        match (form, value) {
            (_, None) => reading.query.extend_from_slice(here),
            (Form::Plain, Some(_)) if reading.frames.iter().any(|frame| frame.name.as_deref() == Some(name)) => {
                let text = [b"skipping recursive expansion of variable \"", name, b"\""].concat();
                self.say(Mark::Warning, &text);
                reading.query.extend_from_slice(here);
            }
            // What was judged is one value, not script.
            (Form::Plain, Some(value)) if self.library.is_bound() => {
                if value.is_empty()
                    || !value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
                {
                    let text = [b"the value of variable \"", name, b"\" is more than a name or a number"].concat();
                    self.say(Mark::Error, &text);
                    return Err(End(USER));
                }
                reading.query.extend_from_slice(&value);
            }
            (Form::Plain, Some(value)) => {
                reading.frames.push(Frame { text: value.into(), at: 0, name: Some(name.to_vec()), base: 0 });
            }
            (_, Some(value)) => reading.query.extend_from_slice(&value),
        }
        Ok(())
    }

    /// What stands for a variable, if it is to be replaced.
    pub(super) fn value(&mut self, form: Form, name: &[u8], is_active: bool) -> Option<Vec<u8>> {
        let value = self.variables.get(name).filter(|_| is_active).map(<[u8]>::to_vec);
        match form {
            Form::Test => Some(if value.is_some() { b"TRUE".to_vec() } else { b"FALSE".to_vec() }),
            Form::Plain => value,
            Form::Literal | Form::Identifier => {
                let value = value?;
                if self.encoding == Encoding::Utf8
                    && let Err(error) = std::str::from_utf8(&value)
                {
                    let what = if error.error_len().is_none() { "incomplete" } else { "invalid" };
                    self.say(Mark::Info, format!("{what} multibyte character").as_bytes());
                    return None;
                }
                Some(if form == Form::Literal { literal(&value) } else { identifier(&value) })
            }
        }
    }

    /// Reads the metacommand after the backslash that was just read, and does it.
    fn metacommand(&mut self, reading: &mut Reading) -> Result<Status, End> {
        // A command may begin in the value of a variable and go on in the line.
        let mut text: Vec<u8> = vec![b'\\'];
        let mut base = None;
        let mut offset = 0;
        if let [line] = reading.frames.as_slice() {
            text = line.text.to_vec();
            offset = line.at.saturating_sub(1);
            base = Some(line.base);
        } else {
            for frame in reading.frames.iter().rev() {
                text.extend_from_slice(frame.text.get(frame.at..).unwrap_or_default());
            }
        }
        let (command, next) = metacommand::read(&text, offset, 0, !reading.query.is_empty());
        let text: Rc<[u8]> = text.into();
        reading.frames.clear();
        reading.frames.push(Frame {
            text: Rc::clone(&text),
            at: next,
            name: None,
            base: base.unwrap_or(usize::MAX / 2),
        });
        let status = self.command(&command, &text, reading)?;
        if status == Status::Error
            && let Some(frame) = reading.frames.last_mut()
        {
            frame.at = text.len();
        }
        Ok(status)
    }
}

/// The name in `:name`, `:'name'`, `:"name"` or `:{?name}`.
fn name_of(form: Form, text: &[u8]) -> &[u8] {
    let (before, after) = form.punctuation();
    text.get(before..text.len().saturating_sub(after)).unwrap_or_default()
}

/// libpq's literal.
pub(super) fn literal(value: &[u8]) -> Vec<u8> {
    let has_backslash = value.contains(&b'\\');
    let mut text = if has_backslash { b" E'".to_vec() } else { b"'".to_vec() };
    for byte in value {
        if matches!(byte, b'\'' | b'\\') {
            text.push(*byte);
        }
        text.push(*byte);
    }
    text.push(b'\'');
    text
}

pub(super) fn identifier(value: &[u8]) -> Vec<u8> {
    let mut text = b"\"".to_vec();
    for byte in value {
        if *byte == b'"' {
            text.push(b'"');
        }
        text.push(*byte);
    }
    text.push(b'"');
    text
}

/// `15.18 (Debian …)` as 150018.
fn version_number(version: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(version);
    let mut parts = text.split(|character: char| !character.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    let (major, minor): (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if major >= 10 {
        major.saturating_mul(10_000).saturating_add(minor)
    } else {
        let patch = parts.next().unwrap_or(0);
        major.saturating_mul(10_000).saturating_add(minor.saturating_mul(100)).saturating_add(patch)
    }
}

/// The path as PostgreSQL writes it: `./a/../b` is `b`.
pub fn canonical(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return Vec::new();
    }
    let is_absolute = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b"/"[..]);
    match (is_absolute, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

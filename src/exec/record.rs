//! What a run tells of itself: a record in JSON, and a line of progress on a terminal.

#![allow(clippy::disallowed_methods, reason = "a record says when something happened")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Seek, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::session::{USER, Witness};
use crate::wire::{Report, Status};

/// What is known before anything runs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Subject {
    /// The package; none where nothing was linted.
    pub package: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// `pass` or `unlinted`: nothing else is run.
    pub verdict: &'static str,
    /// The hash of each file by its name.
    pub files: BTreeMap<String, String>,
    /// The command line, without what may be secret in it.
    pub scripts: Vec<String>,
    /// What the tier of a script is called.
    #[serde(skip)]
    pub tiers: BTreeMap<String, String>,
    /// Which script undoes what a script does.
    #[serde(skip)]
    pub rollbacks: BTreeMap<String, String>,
}

impl Subject {
    /// What undoes a script. Scripts are named from where `lint.toml` stands, and run from
    /// anywhere.
    fn rollback(&self, file: &str) -> Option<&String> {
        Self::of(&self.rollbacks, file)
    }

    fn of<'a>(scripts: &'a BTreeMap<String, String>, file: &str) -> Option<&'a String> {
        let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|start| start.ends_with('/'));
        let is_same = |name: &str| name == file || ends(name, file) || ends(file, name);
        scripts.iter().find(|(name, _)| is_same(name)).map(|(_, script)| script)
    }
}

#[derive(Debug, Default, Serialize)]
struct Place {
    host: String,
    port: String,
    database: String,
    user: String,
    process: i32,
    server_version: String,
}

#[derive(Debug, Serialize)]
struct Statement {
    file: Option<String>,
    line: usize,
    text: String,
    milliseconds: u128,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

#[derive(Debug, Serialize)]
struct Problem {
    sqlstate: String,
    message: String,
}

#[derive(Debug, Serialize)]
struct Failure {
    /// The first statement that failed, as an index of the statements; where a transaction was
    /// left open, the one that began it.
    statement: Option<usize>,
    state: &'static str,
    /// What undoes what was done and stays, in the order in which it is to be run.
    rollback: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    program: String,
    started: String,
    ended: Option<String>,
    place: &'a Place,
    statements: &'a [Statement],
    result: &'static str,
    exit_code: Option<u8>,
    failure: Option<Failure>,
}

/// Keeps the record and shows the progress.
#[derive(Debug)]
pub struct Chronicle {
    subject: Subject,
    file: Option<File>,
    started: SystemTime,
    clock: Instant,
    place: Place,
    statements: Vec<Statement>,
    begun: Option<Instant>,
    open: Vec<String>,
    done: Vec<String>,
    state: Status,
    /// The statement that began the transaction block, while one is open.
    block: Option<usize>,
    /// Whether the connection was lost, and the answer to a statement with it.
    is_lost: bool,
    is_shown: bool,
    has_line: bool,
}

/// How much of a statement is kept.
const KEPT: usize = 2000;

impl Chronicle {
    /// A chronicle that is written to that file, if to any; one of a linted run shows progress.
    pub fn new(subject: Subject, file: Option<File>) -> Self {
        let is_shown = subject.package.is_some() && io::stderr().is_terminal();
        let mut chronicle = Self {
            subject,
            file,
            started: SystemTime::now(),
            clock: Instant::now(),
            place: Place::default(),
            statements: Vec::new(),
            begun: None,
            open: Vec::new(),
            done: Vec::new(),
            state: Status::Idle,
            block: None,
            is_lost: false,
            is_shown,
            has_line: false,
        };
        chronicle.write("running", None);
        chronicle
    }

    /// Says how the run ended.
    pub fn close(&mut self, code: u8) {
        self.clears();
        let result = match code {
            0 => "done",
            1 => "refused",
            2 if self.is_lost => "connection lost",
            2 => "connection failed",
            3 => "failed",
            _ => "interrupted",
        };
        self.write(result, Some(code));
    }

    fn failure(&self, code: u8) -> Option<Failure> {
        let failed = self.statements.iter().position(|statement| statement.error.is_some());
        let statement = failed.or(self.block.filter(|_| code == USER));
        if code == 0 || (statement.is_none() && self.statements.is_empty()) {
            return None;
        }
        // What a block that has not ended did is gone with the session.
        let (state, is_lost) = match self.state {
            _ if self.is_unknown() => {
                ("the connection was lost: whether the last statement was done is not known", false)
            }
            Status::Idle => ("no transaction block was open: what went before stays", false),
            Status::Transaction => ("a transaction block was open: what it did is undone by the server", true),
            Status::Failed => ("a transaction block had failed: what it did is undone by the server", true),
        };
        let half_done = self.open.iter().filter(|_| !is_lost);
        let rollback = half_done.rev().chain(self.done.iter().rev());
        let mut scripts: Vec<String> = Vec::new();
        for script in rollback.filter_map(|file| self.subject.rollback(file)) {
            if !scripts.contains(script) {
                scripts.push(script.clone());
            }
        }
        Some(Failure { statement, state, rollback: scripts })
    }

    /// Whether a statement was sent whose effect nobody can tell: it has not been answered, and
    /// it ran outside of a transaction block or may have ended one.
    fn is_unknown(&self) -> bool {
        let Some(last) = self.statements.last().filter(|_| self.is_lost) else { return false };
        let ends = |word: &str| ["commit", "end", "prepare"].iter().any(|end| word.eq_ignore_ascii_case(end));
        self.state == Status::Idle || last.text.split(|character: char| !character.is_ascii_alphabetic()).any(ends)
    }

    fn write(&mut self, result: &'static str, code: Option<u8>) {
        let Some(file) = &self.file else { return };
        let record = Record {
            subject: &self.subject,
            program: format!("roof-lint {}", env!("CARGO_PKG_VERSION")),
            started: moment(self.started),
            ended: code.map(|_| moment(SystemTime::now())),
            place: &self.place,
            statements: &self.statements,
            result,
            exit_code: code,
            failure: code.and_then(|code| self.failure(code)),
        };
        let mut text = serde_json::to_vec_pretty(&record).unwrap_or_default();
        text.push(b'\n');
        let mut file = file;
        let written = file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(&text));
        if let Err(error) = written {
            let _ = writeln!(io::stderr(), "the record cannot be written: {error}");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Witness for Chronicle {
    fn connects(&mut self, connection: &crate::wire::Connection) {
        self.place = Place {
            host: connection.host().to_owned(),
            port: connection.port().to_owned(),
            database: connection.database().to_owned(),
            user: connection.user().to_owned(),
            process: connection.process(),
            server_version: text(connection.parameter("server_version").unwrap_or_default()),
        };
    }

    fn opens(&mut self, file: &[u8]) {
        self.open.push(text(file));
    }

    fn closes(&mut self, is_good: bool) {
        if let Some(file) = self.open.last().filter(|_| is_good) {
            self.done.push(file.clone());
            self.open.pop();
        }
    }

    fn begins(&mut self, file: Option<&[u8]>, line: usize, sent: &[u8]) {
        self.begun = Some(Instant::now());
        let sent = text(sent.get(..KEPT).unwrap_or(sent));
        if self.is_shown {
            let seconds = self.clock.elapsed().as_secs();
            let start: String = sent.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(40).collect();
            let outer = self.open.last().map(String::as_str).unwrap_or_default();
            let tier = self.open.iter().find_map(|file| Subject::of(&self.subject.tiers, file));
            let tier = tier.map(|tier| format!("tier {tier}  ")).unwrap_or_default();
            let shown = crate::source::visible(&format!("{seconds} s  {tier}{outer}:{line}  {start}"));
            let _ = write!(io::stderr(), "\r\x1b[K{shown}");
            self.has_line = true;
        }
        let file = file.map(text);
        self.statements.push(Statement { file, line, text: sent, milliseconds: 0, tags: Vec::new(), error: None });
    }

    fn ends(&mut self, tags: &[Vec<u8>], error: Option<&Report>, state: Status) {
        self.clears();
        if state == Status::Idle {
            self.block = None;
        } else if self.state == Status::Idle {
            self.block = self.statements.len().checked_sub(1);
        }
        self.state = state;
        let elapsed = self.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
        let Some(statement) = self.statements.last_mut() else { return };
        statement.milliseconds = elapsed.as_millis();
        statement.tags = tags.iter().map(|tag| text(tag)).collect();
        statement.error = error.map(|report| Problem {
            sqlstate: text(report.code().unwrap_or_default()),
            message: text(report.message().unwrap_or_default()),
        });
    }

    fn loses(&mut self) {
        self.clears();
        self.is_lost = self.begun.is_some();
        let elapsed = self.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
        let Some(statement) = self.statements.last_mut().filter(|_| self.is_lost) else { return };
        statement.milliseconds = elapsed.as_millis();
        let message = "connection to server was lost".to_owned();
        statement.error = Some(Problem { sqlstate: String::new(), message });
    }

    fn clears(&mut self) {
        if std::mem::take(&mut self.has_line) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

/// A moment as `2026-06-03T12:00:00Z`.
fn moment(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since March 1st of the year 0, in eras of 400 years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(told: &[(&str, Status)], is_lost: bool, code: u8) -> Failure {
        let subject = Subject {
            rollbacks: BTreeMap::from([("sql/tier.sql".to_owned(), "sql/undo.sql".to_owned())]),
            ..Subject::default()
        };
        let mut chronicle = Chronicle::new(subject, None);
        chronicle.opens(b"sql/tier.sql");
        for (place, (sent, state)) in told.iter().enumerate() {
            chronicle.begins(Some(b"sql/tier.sql"), place + 1, sent.as_bytes());
            if is_lost && place + 1 == told.len() {
                chronicle.loses();
            } else {
                chronicle.ends(&[], None, *state);
            }
        }
        chronicle.failure(code).unwrap_or(Failure { statement: None, state: "", rollback: Vec::new() })
    }

    #[test]
    fn a_transaction_left_open_is_told_by_what_began_it() {
        use Status::{Idle, Transaction};
        let told =
            [("SELECT 1", Idle), ("BEGIN", Transaction), ("COMMIT", Idle), ("BEGIN", Transaction), ("X", Transaction)];
        let failure = after(&told, false, 3);
        assert_eq!((failure.statement, failure.rollback.len()), (Some(3), 0));
    }

    #[test]
    fn what_a_lost_connection_leaves_is_not_made_up() {
        use Status::{Idle, Transaction};
        for (told, is_unknown) in [
            (&[("BEGIN", Transaction), ("INSERT", Transaction)][..], false),
            (&[("BEGIN", Transaction), ("commit;", Transaction)], true),
            (&[("BEGIN", Transaction), ("SELECT 1\\; END", Transaction)], true),
            (&[("INSERT", Idle)], true),
        ] {
            let failure = after(told, true, 2);
            assert_eq!(failure.statement, told.len().checked_sub(1), "{told:?}");
            assert_eq!(failure.state.ends_with("is not known"), is_unknown, "{told:?} {}", failure.state);
            assert_eq!(failure.rollback.len(), usize::from(is_unknown), "{told:?}");
        }
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        let at = |seconds| moment(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_780_488_000), "2026-06-03T12:00:00Z");
    }
}

//! One message to the server and all that it answers.

use std::io;
use std::time::Instant;

use super::console::reason;
use super::message::{self, Manner};
use super::session::{BAD_CONNECTION, End, Mark, Session, Source, USER};
use super::table::{Cells, Table};
use super::variables::{Echo, Variables};
use super::width::Encoding;
use crate::wire::{Event, Failure, Field, Notification, Report, Rows, Status};

impl Cells for Rows {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each(
        &self,
        row: &mut dyn FnMut(&mut dyn Iterator<Item = Option<&[u8]>>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.iter().try_for_each(|own| row(&mut own.cells()))
    }
}

/// Types whose values stand to the right: the numbers, identifiers of objects and
/// transactions, and money.
const RIGHT: [u32; 11] = [21, 23, 20, 700, 701, 1700, 26, 28, 5069, 29, 790];

/// A result that is complete but not printed: psql asks for the next one first.
enum Outcome {
    Rows {
        fields: Vec<Field>,
        rows: Rows,
        tag: Vec<u8>,
    },
    Command(Vec<u8>),
    Empty,
    /// COPY to where results go says nothing.
    Silent,
    Failed(Report),
}

/// A word of the server that outlives the connection's buffer.
enum Step {
    Go,
    Complete(Vec<u8>),
    Empty,
    Error(Report),
    Notice(Report),
    CopyIn,
    CopyOut,
    Notification(Notification),
    Ready,
}

/// What a message came to.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) is_good: bool,
    /// Whether the savepoint of `ON_ERROR_ROLLBACK` is gone.
    savepoint_gone: bool,
}

impl Session<'_> {
    /// Sends a message and prints what comes of it. Whether all of it went well.
    pub(super) fn send(&mut self, query: &[u8]) -> Result<bool, End> {
        let is_good = self.send_within(query);
        self.interrupt.run(None);
        if let Some(saved) = self.saved_options.take() {
            self.options = saved;
        }
        self.gset = None;
        is_good
    }

    fn send_within(&mut self, query: &[u8]) -> Result<bool, End> {
        let control = self.variables.control.clone();
        if control.echo == Echo::Queries {
            self.console.line(query);
            self.console.flush();
        }
        if self.console.log.is_some() {
            self.log_query(query);
        }
        self.interrupt.run(Some(self.connection.cancel_handle()));
        // A signal that came just before has found nothing to cancel.
        if self.interrupt.is_over() {
            return Err(End(USER));
        }
        let status = self.connection.status();
        if status == Status::Idle && !control.autocommit && !begins_nothing(query) && !self.quietly(b"BEGIN")? {
            return Ok(false);
        }
        let is_open = self.connection.status() == Status::Transaction;
        let has_savepoint = is_open && control.on_error_rollback;
        if has_savepoint && !self.quietly(b"SAVEPOINT pg_psql_temporary_savepoint")? {
            return Ok(false);
        }
        let start = now();
        let answer = if control.fetch_count > 0 && is_select(query) {
            self.in_parts(query, control.fetch_count)?
        } else {
            self.execute(query)?
        };
        let elapsed = start.elapsed();
        let mut is_good = answer.is_good;
        self.echo_error(query, is_good);
        if has_savepoint {
            let command: Option<&[u8]> = match self.connection.status() {
                Status::Failed => Some(b"ROLLBACK TO pg_psql_temporary_savepoint"),
                Status::Transaction if !answer.savepoint_gone => Some(b"RELEASE pg_psql_temporary_savepoint"),
                _ => None,
            };
            if let Some(command) = command
                && !self.quietly(command)?
            {
                is_good = false;
                return Ok(is_good);
            }
        }
        if self.timing {
            let text = time(elapsed.as_secs_f64() * 1000.0);
            self.console.out(text.as_bytes());
        }
        self.follow_encoding();
        self.check_encoding()?;
        Ok(is_good)
    }

    pub(super) fn echo_error(&mut self, query: &[u8], is_good: bool) {
        if !is_good && self.variables.control.echo == Echo::Errors {
            self.say(Mark::Info, &[b"STATEMENT:  ", query].concat());
        }
    }

    fn log_query(&mut self, query: &[u8]) {
        self.console.log(b"********* QUERY **********\n");
        self.console.log(query);
        self.console.log(b"\n**************************\n\n");
    }

    /// Follows what `SET client_encoding` did.
    pub(super) fn follow_encoding(&mut self) {
        let name = self.connection.parameter("client_encoding").unwrap_or_default();
        if self.known_encoding != name {
            self.known_encoding = name.to_vec();
            self.encoding = Encoding::of(name);
            self.variables.put("ENCODING", &self.known_encoding);
        }
    }

    /// Sends a command of psql's own, whose error nobody wants to see.
    pub(super) fn silently(&mut self, query: &[u8]) -> Result<bool, End> {
        if let Err(failure) = self.connection.query(query) {
            self.lost(&failure)?;
        }
        let mut is_good = true;
        loop {
            match self.step(None)? {
                Step::Error(_) => is_good = false,
                Step::Notice(report) => self.notice(&report, query),
                Step::Ready => return Ok(is_good),
                _ => {}
            }
        }
    }

    /// Sends a command of psql's own; what it returns is of no interest, its error is printed.
    pub(super) fn quietly(&mut self, query: &[u8]) -> Result<bool, End> {
        let mut error = None;
        if let Err(failure) = self.connection.query(query) {
            return self.lost(&failure).map(|()| false);
        }
        loop {
            match self.step(None)? {
                Step::Error(report) => error = Some(report),
                Step::Notice(report) => self.notice(&report, query),
                Step::CopyIn => {
                    let _ = self.connection.copy_fail(b"unexpected");
                }
                Step::Ready => break,
                _ => {}
            }
        }
        match error {
            Some(report) => {
                self.error(report, query);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// Sends a command that `ECHO_HIDDEN` shows.
    pub fn hidden(&mut self, query: &[u8]) -> Result<bool, End> {
        if self.variables.control.echo_hidden {
            self.console.out(b"********* QUERY **********\n");
            self.console.out(query);
            self.console.out(b"\n**************************\n\n");
            self.console.flush();
            if self.console.log.is_some() {
                self.log_query(query);
            }
            if self.variables.control.no_execution {
                return Ok(false);
            }
        }
        self.interrupt.run(Some(self.connection.cancel_handle()));
        let is_good = self.quietly(query);
        self.interrupt.run(None);
        is_good
    }

    /// Takes words of the server up to one that matters; rows go where they are collected.
    fn step(&mut self, mut rows: Option<(&mut Option<Vec<Field>>, &mut Rows)>) -> Result<Step, End> {
        loop {
            let step = match self.connection.next() {
                Ok(Event::Fields(fields)) => {
                    if let Some((known, rows)) = &mut rows {
                        **known = Some(fields);
                        **rows = Rows::default();
                    }
                    Step::Go
                }
                Ok(Event::Row(row)) => {
                    if let Some((_, rows)) = &mut rows {
                        rows.push(row);
                    }
                    Step::Go
                }
                Ok(Event::CopyData(data)) => {
                    self.console.result(data);
                    Step::Go
                }
                Ok(Event::Complete(tag)) => Step::Complete(tag.to_vec()),
                Ok(Event::EmptyQuery) => Step::Empty,
                Ok(Event::Error(report)) => Step::Error(report),
                Ok(Event::Notice(report)) => Step::Notice(report),
                Ok(Event::CopyIn(_)) => Step::CopyIn,
                Ok(Event::CopyOut(_)) => Step::CopyOut,
                Ok(Event::CopyDone | Event::Parameter { .. }) => Step::Go,
                Ok(Event::Notification(notification)) => Step::Notification(notification),
                Ok(Event::Ready(_)) => Step::Ready,
                Err(failure) => {
                    self.lost(&failure)?;
                    Step::Ready
                }
            };
            if !matches!(step, Step::Go) {
                return Ok(step);
            }
        }
    }

    /// The connection is gone, and with it the session.
    pub(super) fn lost(&mut self, failure: &Failure) -> Result<(), End> {
        self.interrupt.settle();
        self.say(Mark::Info, failure.text());
        self.fail("connection to server was lost");
        self.witness.loses();
        Err(End(BAD_CONNECTION))
    }

    fn manner(&self, is_error: bool) -> Manner {
        let control = &self.variables.control;
        Manner { verbosity: control.verbosity, show_context: control.show_context, encoding: self.encoding, is_error }
    }

    fn notice(&mut self, report: &Report, query: &[u8]) {
        let text = message::write(report, Some(query), self.manner(false));
        self.say(Mark::Info, &text);
    }

    /// Prints an error and keeps it for `\errverbose`.
    fn error(&mut self, report: Report, query: &[u8]) {
        self.interrupt.settle();
        let text = message::write(&report, Some(query), self.manner(true));
        self.say(Mark::Info, &text);
        self.last_error = Some((report, query.to_vec()));
    }

    fn execute(&mut self, query: &[u8]) -> Result<Answer, End> {
        self.witness.begins(self.file.as_deref(), self.line, query);
        if let Err(failure) = self.connection.query(query) {
            self.lost(&failure)?;
        }
        self.take_answer(query)
    }

    /// Prints what comes of a message that was sent.
    pub(super) fn take_answer(&mut self, query: &[u8]) -> Result<Answer, End> {
        let mut answer = Answer { is_good: true, savepoint_gone: false };
        let mut pending: Option<Outcome> = None;
        let mut fields: Option<Vec<Field>> = None;
        let mut rows = Rows::default();
        let mut notifications = Vec::new();
        let mut tags = Vec::new();
        let mut failed: Option<Report> = None;
        let mut is_copying_in = false;
        let mut is_copying_out = false;
        loop {
            match self.step(Some((&mut fields, &mut rows)))? {
                Step::Go => {}
                Step::Complete(tag) => {
                    answer.savepoint_gone |= matches!(&tag[..], b"COMMIT" | b"SAVEPOINT" | b"RELEASE" | b"ROLLBACK");
                    tags.push(tag.clone());
                    let outcome = match fields.take() {
                        Some(fields) => Outcome::Rows { fields, rows: std::mem::take(&mut rows), tag },
                        None if std::mem::take(&mut is_copying_out) => {
                            answer.is_good &= self.finish_copy_out();
                            Outcome::Silent
                        }
                        None => Outcome::Command(tag),
                    };
                    is_copying_in = false;
                    self.settle_result(&mut pending, Some(outcome), &mut answer, false);
                }
                Step::Empty => self.settle_result(&mut pending, Some(Outcome::Empty), &mut answer, false),
                Step::Error(report) => {
                    fields = None;
                    rows = Rows::default();
                    if std::mem::take(&mut is_copying_out) {
                        let _ = self.finish_copy_out();
                    }
                    self.settle_result(&mut pending, None, &mut answer, false);
                    failed = Some(report.clone());
                    self.error(report.clone(), query);
                    answer.is_good = false;
                    if !std::mem::take(&mut is_copying_in) {
                        self.set_failed(Some(&report));
                    }
                    pending = Some(Outcome::Failed(report));
                }
                Step::Notice(report) => self.notice(&report, query),
                Step::CopyIn => {
                    self.settle_result(&mut pending, None, &mut answer, false);
                    is_copying_in = true;
                    answer.is_good &= self.copy_in()?;
                }
                Step::CopyOut => {
                    self.settle_result(&mut pending, None, &mut answer, false);
                    is_copying_out = true;
                }
                Step::Notification(notification) => notifications.push(notification),
                Step::Ready => break,
            }
        }
        self.settle_result(&mut pending, None, &mut answer, true);
        let state = self.connection.status();
        self.witness.ends(&tags, failed.as_ref(), state);
        for notification in notifications {
            self.print_notification(&notification);
        }
        if self.interrupt.is_pressed() {
            answer.is_good = false;
        }
        Ok(answer)
    }

    /// Prints the result that was waiting, and lets the next one wait.
    fn settle_result(
        &mut self,
        pending: &mut Option<Outcome>,
        next: Option<Outcome>,
        answer: &mut Answer,
        is_last: bool,
    ) {
        let Some(outcome) = std::mem::replace(pending, next) else { return };
        if !matches!(outcome, Outcome::Failed(_)) {
            answer.is_good &= self.print(&outcome, is_last);
        }
        if !is_last {
            return;
        }
        match &outcome {
            Outcome::Failed(report) => self.set_failed(Some(report)),
            _ if !answer.is_good => self.set_failed(None),
            Outcome::Rows { tag, .. } | Outcome::Command(tag) => self.set_done(tag),
            Outcome::Empty | Outcome::Silent => self.set_done(b""),
        }
    }

    fn set_done(&mut self, tag: &[u8]) {
        let count = affected(tag).unwrap_or(b"0").to_vec();
        self.variables.put("ERROR", b"false");
        self.variables.put("SQLSTATE", b"00000");
        self.variables.put("ROW_COUNT", &count);
    }

    fn set_failed(&mut self, report: Option<&Report>) {
        let code = report.and_then(Report::code).unwrap_or_default().to_vec();
        let message = report.and_then(Report::message).unwrap_or_default().to_vec();
        self.variables.put("ERROR", b"true");
        self.variables.put("SQLSTATE", &code);
        self.variables.put("ROW_COUNT", b"0");
        self.variables.put("LAST_ERROR_SQLSTATE", &code);
        self.variables.put("LAST_ERROR_MESSAGE", &message);
    }

    /// The first column of what a query of the executor's own returns.
    pub(super) fn ask(&mut self, query: &[u8]) -> Result<Vec<Vec<u8>>, End> {
        match self.collect(query)? {
            Ok((_, rows)) => {
                let first = |row: crate::wire::Row<'_>| row.cells().next().flatten().map(<[u8]>::to_vec);
                Ok(rows.iter().map(|row| first(row).unwrap_or_default()).collect())
            }
            Err(_) => Err(End(super::session::FAILURE)),
        }
    }

    fn print(&mut self, outcome: &Outcome, is_last: bool) -> bool {
        self.witness.clears();
        let is_shown = is_last || self.variables.control.show_all_results;
        match outcome {
            Outcome::Rows { fields, rows, tag } => {
                let is_good = match self.gset.clone().filter(|_| is_last) {
                    Some(prefix) => self.store(&prefix, fields, rows),
                    None if is_shown => self.print_rows(fields, rows, 0, true, true),
                    None => true,
                };
                let changes = [&b"INSERT"[..], b"UPDATE", b"DELETE"].iter().any(|word| tag.starts_with(word));
                if is_shown && changes {
                    self.print_tag(tag);
                }
                is_good
            }
            Outcome::Command(tag) => {
                if is_shown {
                    self.print_tag(tag);
                }
                true
            }
            Outcome::Empty | Outcome::Silent | Outcome::Failed(_) => true,
        }
    }

    fn print_tag(&mut self, tag: &[u8]) {
        if !self.variables.control.quiet {
            self.console.result(tag);
            self.console.result(b"\n");
            let _ = self.console.flush_result();
        }
        if self.console.log.is_some() {
            self.console.log(&[tag, b"\n"].concat());
        }
        // Only INSERT names an object, and no table has had any since PostgreSQL 12.
        let identifier = match tag.split(|byte| *byte == b' ').collect::<Vec<_>>()[..] {
            [b"INSERT", identifier, _] => identifier.to_vec(),
            _ => b"0".to_vec(),
        };
        self.variables.put("LASTOID", &identifier);
    }

    fn print_rows(&mut self, fields: &[Field], rows: &Rows, prior: usize, starts: bool, stops: bool) -> bool {
        let table = Table {
            headers: fields.iter().map(|field| field.name.as_slice()).collect(),
            is_right: fields.iter().map(|field| RIGHT.contains(&field.type_oid)).collect(),
            cells: rows,
            encoding: self.encoding,
            prior,
            starts,
            stops,
        };
        // What is written to the console never fails here; what has failed is asked for below.
        let _ = table.print(&self.options, &mut Results(&mut self.console));
        if self.console.log.is_some() {
            let mut text = Vec::new();
            let _ = table.print(&self.options, &mut text);
            self.console.log(&text);
        }
        match self.console.flush_result() {
            Ok(()) => true,
            Err(error) => {
                self.fail(&format!("could not print result table: {}", reason(&error)));
                false
            }
        }
    }

    /// What `\gset` does with a row.
    fn store(&mut self, prefix: &[u8], fields: &[Field], rows: &Rows) -> bool {
        if rows.len() != 1 {
            let what = if rows.is_empty() { "no rows" } else { "more than one row" };
            self.fail(&format!("{what} returned for \\gset"));
            return false;
        }
        let Some(row) = rows.iter().next() else { return false };
        for (field, cell) in fields.iter().zip(row.cells()) {
            let name = [prefix, &field.name].concat();
            if Variables::is_special(&name) {
                let text =
                    [b"attempt to \\gset into specially treated variable \"", name.as_slice(), b"\" ignored"].concat();
                self.say(Mark::Warning, &text);
                continue;
            }
            if let Err(text) = self.variables.set(&name, cell) {
                self.say(Mark::Error, &text);
                return false;
            }
        }
        true
    }

    fn finish_copy_out(&mut self) -> bool {
        match self.console.flush_result() {
            Ok(()) => true,
            Err(error) => {
                self.fail(&format!("could not write COPY data: {}", reason(&error)));
                false
            }
        }
    }

    /// Feeds the lines of the script to the server, up to `\.` or the end of the file.
    fn copy_in(&mut self) -> Result<bool, End> {
        let mut data = Vec::new();
        let mut is_good = true;
        loop {
            let start = data.len();
            if let Err(error) = self.raw_line(&mut data) {
                let _ = error;
                is_good = false;
                break;
            }
            let line = data.get(start..).unwrap_or_default();
            let (is_end, is_whole) = (line.is_empty(), line.ends_with(b"\n"));
            let closes = matches!(line, b"\\.\n" | b"\\.\r\n");
            // The data of a -c comes from standard input, whose lines are not those of a file.
            if is_whole && (self.file.is_some() || !matches!(self.source, Source::Stdin) || self.line > 0) {
                self.line += 1;
            }
            if data.len() >= 1 << 16 {
                if let Err(failure) = self.connection.copy_data(&data) {
                    self.lost(&failure)?;
                }
                data.clear();
            }
            if is_end || closes {
                break;
            }
        }
        let sent = match (data.is_empty(), is_good) {
            (false, true) => self.connection.copy_data(&data).and_then(|()| self.connection.copy_done()),
            (true, true) => self.connection.copy_done(),
            (_, false) => self.connection.copy_fail(b"aborted because of read failure"),
        };
        if let Err(failure) = sent {
            self.lost(&failure)?;
        }
        Ok(is_good)
    }

    fn print_notification(&mut self, notification: &Notification) {
        let mut text = [b"Asynchronous notification \"", notification.channel.as_slice(), b"\" "].concat();
        if !notification.payload.is_empty() {
            text.extend_from_slice(b"with payload \"");
            text.extend_from_slice(&notification.payload);
            text.extend_from_slice(b"\" ");
        }
        text.extend_from_slice(format!("received from server process with PID {}.\n", notification.process).as_bytes());
        self.console.result(&text);
        let _ = self.console.flush_result();
    }

    /// A SELECT through a cursor, so many rows at a time.
    fn in_parts(&mut self, query: &[u8], count: i32) -> Result<Answer, End> {
        let mut answer = Answer { is_good: true, savepoint_gone: false };
        let begun = self.connection.status() == Status::Idle;
        if begun && !self.quietly(b"BEGIN")? {
            answer.is_good = false;
            return Ok(answer);
        }
        let declare = [b"DECLARE _psql_cursor NO SCROLL CURSOR FOR\n", query].concat();
        let file = self.file.clone();
        self.witness.begins(file.as_deref(), self.line, query);
        let mut total = 0;
        match self.collect(&declare)? {
            Err(report) => {
                self.set_failed(Some(&report));
                answer.is_good = false;
            }
            Ok(_) => {
                let count = if self.gset.is_some() { 2 } else { usize::try_from(count).unwrap_or(1) };
                let fetch = format!("FETCH FORWARD {count} FROM _psql_cursor");
                loop {
                    match self.collect(fetch.as_bytes())? {
                        Err(report) => {
                            self.set_failed(Some(&report));
                            answer.is_good = false;
                            break;
                        }
                        Ok((fields, rows)) => {
                            if let Some(prefix) = self.gset.clone() {
                                answer.is_good &= self.store(&prefix, &fields, &rows);
                                break;
                            }
                            let stops = rows.len() < count;
                            let is_good = self.print_rows(&fields, &rows, total, total == 0, stops);
                            total += rows.len();
                            answer.is_good &= is_good;
                            if stops || !is_good || self.interrupt.is_pressed() {
                                break;
                            }
                        }
                    }
                }
                if answer.is_good {
                    self.set_done(format!("SELECT {total}").as_bytes());
                }
            }
        }
        let state = self.connection.status();
        self.witness.ends(&[format!("SELECT {total}").into_bytes()], None, state);
        let is_open = self.connection.status() == Status::Transaction;
        if is_open && !self.quietly(b"CLOSE _psql_cursor")? {
            answer.is_good = false;
        }
        if begun {
            let end: &[u8] = if answer.is_good { b"COMMIT" } else { b"ROLLBACK" };
            answer.is_good &= self.quietly(end)?;
        }
        Ok(answer)
    }

    /// Sends a command and takes its rows; an error is printed.
    fn collect(&mut self, query: &[u8]) -> Result<Result<(Vec<Field>, Rows), Report>, End> {
        if let Err(failure) = self.connection.query(query) {
            self.lost(&failure)?;
        }
        let (mut fields, mut rows) = (None, Rows::default());
        let mut failed = None;
        loop {
            match self.step(Some((&mut fields, &mut rows)))? {
                Step::Error(report) => failed = Some(report),
                Step::Notice(report) => self.notice(&report, query),
                Step::Ready => break,
                _ => {}
            }
        }
        Ok(match failed {
            Some(report) => {
                self.error(report.clone(), query);
                Err(report)
            }
            None => Ok((fields.unwrap_or_default(), rows)),
        })
    }
}

/// Results as something to write to.
struct Results<'a>(&'a mut super::console::Console);

impl io::Write for Results<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.result(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "\\timing tells the time")]
fn now() -> Instant {
    Instant::now()
}

/// psql's way to tell a time in milliseconds.
fn time(milliseconds: f64) -> String {
    let short = format!("Time: {milliseconds:.3} ms");
    if milliseconds < 1000.0 {
        return short + "\n";
    }
    let (minutes, seconds) = ((milliseconds / 60_000.0).floor(), (milliseconds / 1000.0) % 60.0);
    if minutes < 60.0 {
        return format!("{short} ({minutes:02}:{seconds:06.3})\n");
    }
    let (hours, minutes) = ((minutes / 60.0).floor(), minutes % 60.0);
    if hours < 24.0 {
        return format!("{short} ({hours:02}:{minutes:02}:{seconds:06.3})\n");
    }
    let (days, hours) = ((hours / 24.0).floor(), hours % 24.0);
    format!("{short} ({days:.0} d {hours:02}:{minutes:02}:{seconds:06.3})\n")
}

/// The number of rows in a command tag, of the commands that have one.
fn affected(tag: &[u8]) -> Option<&[u8]> {
    let words = [&b"INSERT "[..], b"SELECT ", b"UPDATE ", b"DELETE ", b"FETCH ", b"MERGE ", b"MOVE ", b"COPY "];
    let word = words.iter().find(|word| tag.starts_with(word))?;
    let rest = tag.get(word.len()..)?;
    let count = rest.rsplit(|byte| *byte == b' ').next()?;
    (!count.is_empty() && count.iter().all(u8::is_ascii_digit)).then_some(count)
}

/// The words a statement begins with, comments left out, in small letters.
pub(super) fn words(query: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut rest = query;
    std::iter::from_fn(move || {
        rest = skip(rest);
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
        let (word, after) = rest.split_at_checked(length)?;
        rest = after;
        (length > 0).then(|| word.to_ascii_lowercase())
    })
}

/// Leaves out white space and comments.
fn skip(mut text: &[u8]) -> &[u8] {
    let mut depth = 0_usize;
    loop {
        text = match text {
            [b'/', b'*', rest @ ..] => {
                depth += 1;
                rest
            }
            [b'*', b'/', rest @ ..] if depth > 0 => {
                depth -= 1;
                rest
            }
            [_, rest @ ..] if depth > 0 => rest,
            [b'-', b'-', rest @ ..] => {
                let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                rest.get(length..).unwrap_or_default()
            }
            [byte, rest @ ..] if byte.is_ascii_whitespace() || *byte == 0x0b => rest,
            _ => return text,
        }
    }
}

/// Whether a statement gets no BEGIN before it where AUTOCOMMIT is off: transaction control,
/// and what cannot run in a transaction block.
fn begins_nothing(query: &[u8]) -> bool {
    let mut words = words(query);
    let mut next = || words.next().unwrap_or_default();
    let first = next();
    match &first[..] {
        b"abort" | b"begin" | b"start" | b"commit" | b"end" | b"rollback" | b"vacuum" | b"cluster" => {
            match &first[..] {
                // CLUSTER of one table may run in a block.
                b"cluster" => next().is_empty(),
                _ => true,
            }
        }
        b"prepare" => next() == b"transaction",
        b"create" => {
            let mut word = next();
            match &word[..] {
                b"database" | b"tablespace" => return true,
                b"unique" => word = next(),
                _ => {}
            }
            word == b"index" && next() == b"concurrently"
        }
        b"alter" => next() == b"system",
        b"drop" | b"reindex" => {
            let is_drop = first == b"drop";
            let word = next();
            match &word[..] {
                b"database" | b"system" => true,
                b"tablespace" => is_drop || next() == b"concurrently",
                b"schema" | b"table" if !is_drop => next() == b"concurrently",
                b"index" => next() == b"concurrently",
                _ => false,
            }
        }
        b"discard" => next() == b"all",
        _ => false,
    }
}

/// Whether a cursor can be declared for a statement.
fn is_select(query: &[u8]) -> bool {
    let mut rest = skip(query);
    while let [b'(', after @ ..] = rest {
        rest = skip(after);
    }
    let word = words(rest).next().unwrap_or_default();
    matches!(&word[..], b"select" | b"values")
}

//! Statements that are sent before those before them have been answered: within a transaction
//! block, where the first failure ends the run. The server refuses what comes after a failure in
//! a block, so that nothing is done that psql would not have done; what is printed is printed
//! when the answers are read, in their order.

use std::sync::mpsc::{RecvTimeoutError, channel};

use super::interrupt::PATIENCE;
use super::query::words;
use super::session::{Ahead, End, Session};
use super::variables::Echo;
use crate::wire::{Event, Status};

/// How many statements may wait for their answers.
const COUNT: usize = 64;
/// How many bytes they may have: less than a socket takes unread, so that the server is never
/// waited for while it waits for us.
const SIZE: usize = 32 * 1024;
/// After how many of them the server gets what there is.
const BATCH: usize = 8;

/// What a statement begins with that may be sent ahead and have others sent after it: it neither
/// begins nor ends a transaction, transfers no data and leaves the session as it is.
const PLAIN: [&[u8]; 19] = [
    b"alter",
    b"analyze",
    b"comment",
    b"create",
    b"delete",
    b"do",
    b"drop",
    b"grant",
    b"insert",
    b"lock",
    b"merge",
    b"refresh",
    b"revoke",
    b"security",
    b"select",
    b"truncate",
    b"update",
    b"values",
    b"with",
];

/// Whether a message is one statement of those.
fn is_plain(query: &[u8]) -> bool {
    // With a backslash the server may see another end of a string than psql.
    if query.contains(&b'\\') {
        return false;
    }
    let mut words = words(query);
    let first = words.next().unwrap_or_default();
    let holds = |word: &[u8]| query.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    match &first[..] {
        b"do" => !holds(b"commit") && !holds(b"rollback"),
        // Only in a routine may a message hold more than one statement without a backslash.
        b"create" => {
            let is_routine = words.take(3).any(|word| matches!(&word[..], b"function" | b"procedure"));
            !is_routine || !holds(b"begin")
        }
        first => PLAIN.contains(&first),
    }
}

impl Session<'_> {
    /// Whether a statement may be sent without waiting for its answer.
    pub(super) fn runs_ahead(&self, query: &[u8]) -> bool {
        let control = &self.variables.control;
        self.connection.status() == Status::Transaction
            && control.on_error_stop
            && !control.on_error_rollback
            && control.fetch_count == 0
            && matches!(control.echo, Echo::None | Echo::Errors)
            && !self.timing
            && self.console.log.is_none()
            && query.len() <= SIZE
            && is_plain(query)
    }

    /// Sends a statement whose answer is read later. Whether those that were read now are good.
    pub(super) fn send_ahead(&mut self, query: &[u8]) -> Result<bool, End> {
        while self.ahead.len() >= COUNT || self.ahead_size + query.len() > SIZE {
            if !self.answer_ahead()? {
                return Ok(false);
            }
        }
        if self.ahead.is_empty() {
            self.interrupt.run(Some(self.connection.cancel_handle()));
            if self.interrupt.is_over() {
                self.interrupt.run(None);
                return Err(End(super::session::USER));
            }
        }
        let sent = self.connection.query(query);
        self.ahead_size += query.len();
        self.ahead.push_back(Ahead { query: query.to_vec(), line: self.line });
        let sent = match sent {
            Ok(()) if self.ahead.len().is_multiple_of(BATCH) => self.connection.flush(),
            sent => sent,
        };
        if sent.is_err() {
            // It shows when the answer is read.
            return self.settle_ahead();
        }
        Ok(true)
    }

    /// Reads all answers that are due. Whether they are good.
    pub(super) fn settle_ahead(&mut self) -> Result<bool, End> {
        while !self.ahead.is_empty() {
            if !self.answer_ahead()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the answer that is due next; when it is not good, all the others too, of which psql
    /// knows nothing.
    fn answer_ahead(&mut self) -> Result<bool, End> {
        let Some(Ahead { query, line }) = self.ahead.pop_front() else { return Ok(true) };
        self.ahead_size -= query.len();
        let here = std::mem::replace(&mut self.line, line);
        self.witness.begins(self.file.as_deref(), line, &query);
        let is_good = self.take_answer(&query)?.is_good;
        self.echo_error(&query, is_good);
        self.follow_encoding();
        if is_good {
            self.line = here;
        } else {
            // What cannot be printed has not failed for the server, which goes on with the rest.
            if !self.ahead.is_empty() && self.connection.status() == Status::Transaction {
                self.cancel_ahead();
            } else {
                self.drop_ahead();
            }
        }
        if self.ahead.is_empty() {
            self.interrupt.run(None);
        }
        self.check_encoding()?;
        Ok(is_good)
    }

    /// Has the server give up what was sent, again and again: it does not hear it between two
    /// statements.
    fn cancel_ahead(&mut self) {
        let handle = self.connection.cancel_handle();
        let (over, is_over) = channel::<()>();
        std::thread::scope(|scope| {
            let ask = move || {
                loop {
                    let _ = handle.cancel();
                    if is_over.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                        break;
                    }
                }
            };
            let asks = std::thread::Builder::new().spawn_scoped(scope, ask);
            if asks.is_err() {
                let _ = self.connection.cancel_handle().cancel();
            }
            self.drop_ahead();
            drop(over);
        });
    }

    fn drop_ahead(&mut self) {
        self.ahead_size = 0;
        for _ in std::mem::take(&mut self.ahead) {
            loop {
                match self.connection.next() {
                    Ok(Event::Ready(_)) => break,
                    Ok(Event::CopyIn(_)) => drop(self.connection.copy_fail(b"unexpected")),
                    Ok(_) => {}
                    // It shows when something is sent next.
                    Err(_) => return,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn what_decides_what_comes_next_is_not_sent_ahead() {
        for query in [
            "INSERT INTO t VALUES (1);",
            "/* a */ -- b\n  select 1;",
            "WITH a AS (SELECT 1) DELETE FROM t;",
            "CREATE TABLE beginning (a int);",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "DO $$ BEGIN PERFORM 1; END $$;",
        ] {
            assert!(is_plain(query.as_bytes()), "{query}");
        }
        for query in [
            "BEGIN;",
            "COMMIT;",
            "end;",
            "ROLLBACK TO a;",
            "SAVEPOINT a;",
            "RELEASE a;",
            "PREPARE TRANSACTION 'a';",
            "COPY t FROM STDIN;",
            "SET search_path = a;",
            "CALL p();",
            "DO $$ BEGIN COMMIT; END $$;",
            "SELECT E'a\\'';",
            "CREATE OR REPLACE FUNCTION begin() RETURNS int LANGUAGE sql AS ''; COMMIT; SELECT end;",
            "FETCH c;",
            "EXECUTE p;",
            "",
        ] {
            assert!(!is_plain(query.as_bytes()), "{query}");
        }
    }
}

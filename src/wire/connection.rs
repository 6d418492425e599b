//! A session: queries out, events in.

use super::event::{Event, Status};
use super::failure::{Failure, Kind};
use super::settings::Settings;

/// A session on a server. Dropping it without [`Connection::terminate`] just closes it.
#[derive(Debug)]
pub struct Connection {
    status: Status,
}

/// What cancels the running statement of a session from any thread.
#[derive(Clone, Debug)]
pub struct CancelHandle {
    process: i32,
}

impl CancelHandle {
    /// Asks the server, over a connection of its own (encrypted if the session is), to cancel
    /// what the session runs. Returns when the server has closed that connection; whether
    /// anything was cancelled shows in the session itself.
    pub fn cancel(&self) -> Result<(), Failure> {
        Err(Failure::new(Kind::Lost, format!("no process {}", self.process)))
    }
}

/// How a session came to be.
impl Connection {
    /// Tries the hosts in their order and returns when a session is ready for a query. A
    /// failure carries libpq's text, beginning with `connection to server …`.
    pub fn connect(settings: &Settings) -> Result<Self, Failure> {
        let _ = settings;
        Err(Failure::new(Kind::Connect, "not connected"))
    }

    /// What `connect` was told by notices and warnings (of the password file, of the server),
    /// each as psql prints it; they are handed out once.
    pub fn take_warnings(&mut self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// The host that was reached: a name, an address, or the directory of a socket.
    pub fn host(&self) -> &str {
        ""
    }

    /// The port that was reached.
    pub fn port(&self) -> &str {
        ""
    }

    /// The user.
    pub fn user(&self) -> &str {
        ""
    }

    /// The database.
    pub fn database(&self) -> &str {
        ""
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        false
    }

    /// The server's process for this session.
    pub fn process(&self) -> i32 {
        0
    }

    /// A parameter of the session that the server reports, as it stands after the last event:
    /// `server_version`, `client_encoding`, `standard_conforming_strings` …
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let _ = name;
        None
    }

    /// What the last [`Event::Ready`] said.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What cancels the running statement from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle { process: 0 }
    }

    /// Sends one query message. Its bytes must not hold a NUL; they go to the server no later
    /// than the next call of [`Connection::next`] that has to wait, or of
    /// [`Connection::flush`]. Queries may be sent before the events of earlier ones are taken:
    /// what the server says meanwhile is kept.
    pub fn query(&mut self, text: &[u8]) -> Result<(), Failure> {
        let _ = text;
        Err(lost())
    }

    /// Sends what has not been sent yet.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Err(lost())
    }

    /// The next word of the server; waits for it. To be called until [`Event::Ready`] for each
    /// query sent. After a failure every further call fails alike.
    #[expect(clippy::should_implement_trait, reason = "the event borrows from the connection")]
    pub fn next(&mut self) -> Result<Event<'_>, Failure> {
        Err(lost())
    }

    /// Whether [`Connection::next`] can return without waiting for the server.
    pub fn has_next(&self) -> bool {
        false
    }

    /// Sends data of a COPY, in pieces of any size.
    pub fn copy_data(&mut self, data: &[u8]) -> Result<(), Failure> {
        let _ = data;
        Err(lost())
    }

    /// Ends the data of a COPY.
    pub fn copy_done(&mut self) -> Result<(), Failure> {
        Err(lost())
    }

    /// Ends the data of a COPY by an error with this message.
    pub fn copy_fail(&mut self, message: &[u8]) -> Result<(), Failure> {
        let _ = message;
        Err(lost())
    }

    /// Says farewell and closes. What was sent before has to be answered before, or it may not
    /// be done.
    pub fn terminate(self) {}
}

fn lost() -> Failure {
    Failure::new(Kind::Lost, "no connection to the server")
}

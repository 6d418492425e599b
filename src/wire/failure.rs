//! Why there is no connection, or no connection any more, in libpq's words.

use std::fmt;

/// What kind of trouble it is; psql ends with 2 after each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The parameters cannot be used; nothing was tried.
    Settings,
    /// No server could be reached, or none let the user in.
    Connect,
    /// The connection was there and is gone.
    Lost,
    /// The server does not speak the protocol; the connection is closed.
    Protocol,
}

/// A failure of the connection itself. What a statement does wrong is an
/// [`Event::Error`](super::Event::Error) instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    text: Vec<u8>,
    needs_password: bool,
    is_timeout: bool,
}

impl Failure {
    pub(super) fn new(kind: Kind, text: impl Into<Vec<u8>>) -> Self {
        Self { kind, text: text.into(), needs_password: false, is_timeout: false }
    }

    pub(super) fn wanting_password(mut self) -> Self {
        self.needs_password = true;
        self
    }

    pub(super) fn after_timeout(mut self) -> Self {
        self.is_timeout = true;
        self
    }

    pub(super) fn is_timeout(&self) -> bool {
        self.is_timeout
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// libpq's text, of one or more lines without the last newline. Parts that come from the
    /// server are in its encoding.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the server asked for a password and none was given (`PQconnectionNeedsPassword`).
    pub fn needs_password(&self) -> bool {
        self.needs_password
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}({:?})", self.kind, String::from_utf8_lossy(&self.text))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.text))
    }
}

impl std::error::Error for Failure {}

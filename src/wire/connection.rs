//! A session: queries out, events in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cancel::CancelHandle;
use super::channel::Channel;
use super::connect::establish;
use super::event::{Event, Report, Status};
use super::failure::{Failure, Kind};
use super::settings::{Host, Settings};

/// How many parameters a server may report.
const PARAMETER_LIMIT: usize = 10_000;

/// The kinds of messages that may come at any time: errors, notices, notifications, parameters.
const UNASKED: &[u8] = b"ENAS";

/// A session on a server. Dropping it without [`Connection::terminate`] just closes it.
#[derive(Debug)]
pub struct Connection {
    channel: Channel,
    settings: Arc<Settings>,
    host: Host,
    key: (i32, i32),
    cancel: CancelHandle,
    parameters: BTreeMap<Vec<u8>, Vec<u8>>,
    notices: Vec<Report>,
    status: Status,
    /// How many queries have not been answered to their end.
    awaited: usize,
    /// Why nothing can be said or heard any more.
    end: Option<Failure>,
}

impl Connection {
    /// Tries the hosts in their order and returns when a session is ready for a query. A
    /// failure carries libpq's text, beginning with `connection to server …`.
    pub fn connect(settings: &Settings) -> Result<Self, Failure> {
        let session = establish(settings)?;
        let settings = Arc::new(settings.clone());
        let is_encrypted = session.channel.tls().is_some();
        let cancel = CancelHandle::new(&settings, &session.host, &session.address, session.events.key, is_encrypted);
        Ok(Self {
            channel: session.channel,
            settings,
            host: session.host,
            cancel,
            key: session.events.key,
            parameters: session.events.parameters.into_iter().collect(),
            notices: session.events.notices,
            status: Status::Idle,
            awaited: 0,
            end: None,
        })
    }

    /// The notices that came while connecting; they are handed out once. libpq prints them on
    /// standard error as they are, without psql's prefix.
    pub fn take_notices(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.notices)
    }

    /// The host that was reached: a name, an address, or the directory of a socket.
    pub fn host(&self) -> &str {
        match &self.host.address {
            Some(address) if self.host.name.is_empty() => address,
            _ => &self.host.name,
        }
    }

    /// The port that was reached.
    pub fn port(&self) -> &str {
        self.host.port()
    }

    /// The user.
    pub fn user(&self) -> &str {
        self.settings.value("user").unwrap_or_default()
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.settings.value("dbname").unwrap_or_default()
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.channel.tls().is_some()
    }

    /// The server's process for this session.
    pub fn process(&self) -> i32 {
        self.key.0
    }

    /// A parameter of the session that the server reports, as it stands after the last event:
    /// `server_version`, `client_encoding`, `standard_conforming_strings` …
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.get(name.as_bytes()).map(Vec::as_slice)
    }

    /// What the last [`Event::Ready`] said.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What cancels the running statement from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Sends one query message. Its bytes must not hold a NUL; they go to the server no later
    /// than the next call of [`Connection::next`] that has to wait, or of
    /// [`Connection::flush`]. Queries may be sent before the events of earlier ones are taken:
    /// what the server says meanwhile is kept.
    pub fn query(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.check()?;
        if let Ok(Some(kind)) = self.channel.reader.ready() {
            // It would pass for an answer to what is not yet asked.
            self.expect_answer(kind)?;
        }
        self.message(b'Q', text, b"\0")?;
        self.awaited += 1;
        Ok(())
    }

    /// Only a few things may be said to who has not asked.
    fn expect_answer(&mut self, kind: u8) -> Result<(), Failure> {
        if self.awaited > 0 || UNASKED.contains(&kind) {
            return Ok(());
        }
        let text = format!("message type 0x{kind:02x} arrived from server while idle");
        Err(self.end.insert(Failure::new(Kind::Protocol, text)).clone())
    }

    /// Sends what has not been sent yet.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.check()?;
        self.channel.flush();
        Ok(())
    }

    /// The next word of the server; waits for it. To be called until [`Event::Ready`] for each
    /// query sent. After a failure every further call fails alike.
    #[expect(clippy::should_implement_trait, reason = "the event borrows from the connection")]
    pub fn next(&mut self) -> Result<Event<'_>, Failure> {
        self.check()?;
        loop {
            match self.channel.reader.ready() {
                Ok(Some(b'K')) => drop(self.channel.reader.take()),
                Ok(Some(kind)) => break self.expect_answer(kind)?,
                Ok(None) => self.channel.fill().inspect_err(|failure| self.end = Some(failure.clone()))?,
                Err(failure) => return Err(self.end.insert(failure).clone()),
            }
        }
        let event = match self.channel.reader.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => return Err(Failure::new(Kind::Protocol, "no message where one was ready")),
            Err(failure) => return Err(self.end.insert(failure).clone()),
        };
        match &event {
            Event::Ready(status) => {
                self.status = *status;
                self.awaited = self.awaited.saturating_sub(1);
            }
            Event::Parameter { name, value }
                if self.parameters.len() < PARAMETER_LIMIT || self.parameters.contains_key(*name) =>
            {
                self.parameters.insert(name.to_vec(), value.to_vec());
            }
            _ => {}
        }
        Ok(event)
    }

    /// Whether [`Connection::next`] can return without waiting for the server.
    pub fn has_next(&self) -> bool {
        self.end.is_some() || !matches!(self.channel.reader.ready(), Ok(None))
    }

    /// Whether the server is still there, without waiting for it: what it has said is kept.
    pub fn is_alive(&mut self) -> bool {
        if self.end.is_none() {
            self.end = self.channel.glance().err();
        }
        self.end.is_none()
    }

    /// Sends data of a COPY, in pieces of any size.
    pub fn copy_data(&mut self, data: &[u8]) -> Result<(), Failure> {
        // A message of PostgreSQL is shorter than 1 GB.
        data.chunks(1 << 20).try_for_each(|piece| self.message(b'd', piece, b""))
    }

    /// Ends the data of a COPY.
    pub fn copy_done(&mut self) -> Result<(), Failure> {
        self.message(b'c', b"", b"")
    }

    /// Ends the data of a COPY by an error with this message.
    pub fn copy_fail(&mut self, message: &[u8]) -> Result<(), Failure> {
        self.message(b'f', message, b"\0")
    }

    /// Says farewell and closes. What was sent before has to be answered before, or it may not
    /// be done.
    pub fn terminate(mut self) {
        if self.message(b'X', b"", b"").is_ok() {
            self.channel.close();
        }
    }

    fn check(&self) -> Result<(), Failure> {
        self.end.clone().map_or(Ok(()), Err)
    }

    fn message(&mut self, kind: u8, body: &[u8], tail: &[u8]) -> Result<(), Failure> {
        self.check()?;
        let Ok(length) = i32::try_from(4 + body.len() + tail.len()) else {
            return Err(Failure::new(Kind::Protocol, "message is too long for the protocol"));
        };
        let [a, b, c, d] = length.to_be_bytes();
        self.channel.put(&[kind, a, b, c, d]);
        self.channel.put(body);
        self.channel.put(tail);
        Ok(())
    }
}

//! Cancelling what a session runs, from any thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::channel::{Channel, reason};
use super::connect::Address;
use super::failure::{Failure, Kind};
use super::settings::{Host, Settings};
use super::tls::Tls;

/// How long a request may take unless `connect_timeout` says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// What cancels the running statement of a session from any thread.
#[derive(Clone, Debug)]
pub struct CancelHandle {
    settings: Arc<Settings>,
    host: Host,
    address: Address,
    key: (i32, i32),
    is_encrypted: bool,
}

impl CancelHandle {
    pub(super) fn new(
        settings: &Arc<Settings>,
        host: &Host,
        address: &Address,
        key: (i32, i32),
        is_encrypted: bool,
    ) -> Self {
        Self { settings: settings.clone(), host: host.clone(), address: address.clone(), key, is_encrypted }
    }

    /// Asks the server, over a connection of its own (encrypted if the session is), to cancel
    /// what the session runs. Returns when the server has closed that connection; whether
    /// anything was cancelled shows in the session itself.
    pub fn cancel(&self) -> Result<(), Failure> {
        let failed = |text: String| Failure::new(Kind::Connect, text);
        let deadline = Instant::now() + self.settings.timeout().ok().flatten().unwrap_or(PATIENCE);
        let socket = self
            .address
            .open(Some(deadline))
            .map_err(|error| failed(format!("PQcancel() -- connect() failed: {}", reason(&error))))?;
        let mut channel = Channel::new(socket, Some(deadline));
        let mut message = BytesMut::new();
        if self.is_encrypted {
            frontend::ssl_request(&mut message);
            channel.put(&message);
            channel.fill()?;
            if channel.reader.take_byte() != Some(b'S') || channel.reader.len() > 0 {
                return Err(failed("server does not support SSL, but SSL was required".to_owned()));
            }
            channel.encrypt(Tls::new(&self.settings, &self.host).map_err(failed)?)?;
            channel.tls().map_or(Ok(()), |tls| tls.check_name(&self.host)).map_err(failed)?;
            message.clear();
        }
        frontend::cancel_request(self.key.0, self.key.1, &mut message);
        channel.put(&message);
        // The server closes without a word; until it does the request may not have been seen.
        loop {
            match channel.fill() {
                Ok(()) => while channel.reader.take_byte().is_some() {},
                Err(failure) if failure.is_timeout() => return Err(failure),
                Err(_) => return Ok(()),
            }
        }
    }
}

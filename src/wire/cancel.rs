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

/// What cancels the running statement of a session from any thread; a copy of it costs nothing.
#[derive(Clone, Debug)]
pub struct CancelHandle(Arc<Target>);

/// Which session, and how its server is reached.
#[derive(Debug)]
struct Target {
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
        let (settings, host, address) = (Arc::clone(settings), host.clone(), address.clone());
        Self(Arc::new(Target { settings, host, address, key, is_encrypted }))
    }

    /// Asks the server, over a connection of its own (encrypted if the session is), to cancel
    /// what the session runs. Returns when the server has closed that connection; whether
    /// anything was cancelled shows in the session itself.
    pub fn cancel(&self) -> Result<(), Failure> {
        let target = &*self.0;
        let failed = |text: String| Failure::new(Kind::Connect, text);
        let deadline = Instant::now() + target.settings.timeout().ok().flatten().unwrap_or(PATIENCE);
        let socket = target
            .address
            .open(Some(deadline))
            .map_err(|error| failed(format!("PQcancel() -- connect() failed: {}", reason(&error))))?;
        let mut channel = Channel::new(socket, Some(deadline));
        let mut message = BytesMut::new();
        if target.is_encrypted {
            frontend::ssl_request(&mut message);
            channel.put(&message);
            channel.fill()?;
            if channel.reader.take_byte() != Some(b'S') || channel.reader.len() > 0 {
                return Err(failed("server does not support SSL, but SSL was required".to_owned()));
            }
            channel.encrypt(Tls::new(&target.settings, &target.host).map_err(failed)?)?;
            channel.tls().map_or(Ok(()), |tls| tls.check_name(&target.host)).map_err(failed)?;
            message.clear();
        }
        frontend::cancel_request(target.key.0, target.key.1, &mut message);
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

//! Bytes to and from a server, plain or encrypted. Whoever writes also reads when the server
//! does not take more: neither side can wait for the other for ever.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv, send};

use super::failure::{Failure, Kind};
use super::message::Reader;
use super::tls::Tls;

/// What libpq says when nobody is there any more.
pub(super) const CLOSED: &str = "server closed the connection unexpectedly\n\
    \tThis probably means the server terminated abnormally\n\
    \tbefore or while processing the request.";

/// How many bytes are gathered before they are sent unasked.
const GATHERED: usize = 32 * 1024;

/// The socket itself, in blocking mode.
#[derive(Debug)]
pub(super) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

/// Reads and writes that may be told not to wait.
struct Raw<'a> {
    socket: &'a Socket,
    flags: MsgFlags,
}

impl io::Read for Raw<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        Ok(recv(self.socket.as_fd().as_raw_fd(), space, self.flags)?)
    }
}

impl io::Write for Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Without the flag a signal would end the program when nobody reads.
        Ok(send(self.socket.as_fd().as_raw_fd(), bytes, self.flags | MsgFlags::MSG_NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection below its messages.
#[derive(Debug)]
pub(super) struct Channel {
    socket: Socket,
    tls: Option<Tls>,
    pub(super) reader: Reader,
    output: Vec<u8>,
    /// Nothing more can be sent; what the server has said before is still read.
    is_deaf: bool,
    /// Nothing more will come.
    end: Option<Failure>,
    /// The moment at which waiting is given up.
    pub(super) deadline: Option<Instant>,
}

/// The operating system's words for an error, as C's `strerror` has them.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

fn timeout() -> Failure {
    Failure::new(Kind::Connect, "timeout expired").after_timeout()
}

fn lost(text: impl Into<Vec<u8>>) -> Failure {
    Failure::new(Kind::Lost, text)
}

/// The failure for an error of the socket.
pub(super) fn unreadable(error: &io::Error) -> Failure {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPIPE | Errno::ECONNRESET) => lost(CLOSED),
        _ => lost(format!("could not receive data from server: {}", reason(error))),
    }
}

impl Channel {
    pub(super) fn new(socket: Socket, deadline: Option<Instant>) -> Self {
        Self { socket, tls: None, reader: Reader::default(), output: Vec::new(), is_deaf: false, end: None, deadline }
    }

    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Encrypts what follows.
    pub(super) fn encrypt(&mut self, tls: Tls) -> Result<(), Failure> {
        self.tls = Some(tls);
        while self.tls.as_ref().is_some_and(Tls::is_shaking_hands) {
            let outcome = self.fill();
            if outcome.is_err() {
                // The server is told why.
                self.end = None;
                self.flush();
                return outcome;
            }
        }
        // The last word of the handshake is the client's.
        self.flush();
        Ok(())
    }

    /// Gathers bytes to be sent.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.output.len() + bytes.len() > GATHERED {
            self.flush();
        }
        if bytes.len() > GATHERED {
            self.send(bytes);
        } else {
            self.output.extend_from_slice(bytes);
        }
    }

    /// Sends what has been gathered. That it cannot be sent shows when the answer is read.
    pub(super) fn flush(&mut self) {
        let output = std::mem::take(&mut self.output);
        self.send(&output);
        self.output = output;
        self.output.clear();
    }

    fn send(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !self.is_deaf && self.end.is_none() {
            let mut raw = Raw { socket: &self.socket, flags: MsgFlags::MSG_DONTWAIT };
            let written = match &mut self.tls {
                Some(tls) => {
                    let taken = tls.put(rest);
                    rest = rest.get(taken..).unwrap_or_default();
                    if !tls.wants_write() {
                        break;
                    }
                    tls.write_to(&mut raw).map(|_| 0)
                }
                None if rest.is_empty() => break,
                None => io::Write::write(&mut raw, rest),
            };
            match written {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_either(),
                Err(_) => self.is_deaf = true,
            }
        }
    }

    /// Waits until the server takes more, and takes what it says meanwhile.
    fn wait_for_either(&mut self) {
        let outcome = match self.wait(PollFlags::POLLIN | PollFlags::POLLOUT) {
            Ok(ready) if ready.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR) => {
                self.receive(MsgFlags::MSG_DONTWAIT)
            }
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        };
        self.end = outcome.err();
    }

    fn wait(&self, events: PollFlags) -> Result<PollFlags, Failure> {
        loop {
            let limit = match self.deadline {
                None => PollTimeout::NONE,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(timeout());
                    }
                    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
                }
            };
            let mut polled = [PollFd::new(self.socket.as_fd(), events)];
            match poll(&mut polled, limit) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => {
                    let [polled] = polled;
                    return Ok(polled.revents().unwrap_or(PollFlags::POLLERR));
                }
                Err(error) => return Err(lost(format!("poll() failed: {}", reason(&error.into())))),
            }
        }
    }

    /// Sends what has been gathered, and waits until the server has said something more.
    pub(super) fn fill(&mut self) -> Result<(), Failure> {
        let before = self.reader.len();
        self.flush();
        if self.reader.len() > before {
            return Ok(());
        }
        if let Some(end) = &self.end {
            return Err(end.clone());
        }
        let outcome = if self.deadline.is_some() {
            self.wait(PollFlags::POLLIN).and_then(|_| self.receive(MsgFlags::MSG_DONTWAIT))
        } else {
            self.receive(MsgFlags::empty())
        };
        outcome.inspect_err(|failure| self.end = Some(failure.clone()))
    }

    /// Takes all that has come, without waiting.
    pub(super) fn glance(&mut self) -> Result<(), Failure> {
        loop {
            let before = self.reader.len();
            self.receive(MsgFlags::MSG_DONTWAIT)?;
            if self.reader.len() == before {
                return Ok(());
            }
        }
    }

    /// Takes what has come; nothing, if that would mean waiting and the flags forbid it.
    fn receive(&mut self, flags: MsgFlags) -> Result<(), Failure> {
        loop {
            let mut raw = Raw { socket: &self.socket, flags };
            let received = match &mut self.tls {
                Some(tls) => return tls.receive(&mut raw, &mut self.reader),
                None => io::Read::read(&mut raw, self.reader.space()?),
            };
            match received {
                Ok(0) => return Err(lost(CLOSED)),
                Ok(count) => {
                    self.reader.filled(count);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    /// Sends what is left and ends the encryption.
    pub(super) fn close(&mut self) {
        self.flush();
        if let Some(tls) = &mut self.tls {
            tls.close();
            self.send(&[]);
        }
    }
}

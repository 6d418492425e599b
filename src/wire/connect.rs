//! How a session comes to be: hosts and their addresses one after the other, with or without
//! encryption, until a server lets the user in; and what libpq says where none does.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;

use bytes::BytesMut;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, setsockopt, socket, sockopt};
use nix::unistd::{Uid, User};
use postgres_protocol::message::frontend;

use super::authenticate::{Authentication, Client, NO_PASSWORD, Step};
use super::channel::{Channel, Socket, reason};
use super::event::{Event, Report};
use super::failure::{Failure, Kind};
use super::message::shown;
use super::settings::{Host, Settings, SslMode, Target, integer};
use super::tls::Tls;

/// A place that can be connected to.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Socket(PathBuf),
    Internet(SocketAddr),
}

/// A session that is ready for a query.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) channel: Channel,
    pub(super) host: Host,
    pub(super) address: Address,
    pub(super) events: Startup,
}

/// What a server says before it is ready.
#[derive(Debug, Default)]
pub(super) struct Startup {
    pub(super) parameters: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) notices: Vec<Report>,
    pub(super) key: (i32, i32),
}

/// What is tried after an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Address,
    Host,
    Nothing,
    /// The same address with this way of encryption.
    Again(bool),
    /// The same without `application_name`, which servers before 9.0 do not know.
    Nameless,
}

/// An attempt that failed.
struct Stop {
    text: Vec<u8>,
    next: Next,
    needs_password: bool,
}

impl Stop {
    fn new(text: impl Into<Vec<u8>>, next: Next) -> Self {
        Self { text: text.into(), next, needs_password: false }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let next = if failure.is_timeout() { Next::Address } else { Next::Nothing };
        Self::new(failure.text(), next)
    }
}

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self::new(text, Next::Nothing)
    }
}

/// How many parameters and notices a server may come with; more is no server.
const STARTUP_LIMIT: usize = 1000;

/// What has been tried in vain, in libpq's words.
#[derive(Default)]
struct Log {
    text: Vec<u8>,
    needs_password: bool,
    /// Whether nothing else is to be tried.
    is_final: bool,
}

impl Log {
    fn say(&mut self, place: &str, stop: &Stop) {
        if !self.text.is_empty() {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(place.as_bytes());
        self.text.extend_from_slice(&stop.text);
        self.needs_password = stop.needs_password;
        self.is_final = stop.next == Next::Nothing;
    }
}

/// Tries everything that the settings name.
pub(super) fn establish(settings: &Settings) -> Result<Session, Failure> {
    let mut log = Log::default();
    // Whoever would rather have a standby takes any server when there is none.
    let passes = match settings.target {
        Target::PreferStandby => [Some(Target::Standby), Some(Target::Any)],
        target => [Some(target), None],
    };
    for target in passes.into_iter().flatten() {
        match try_hosts(settings, target, &mut log) {
            Some(session) => return Ok(session),
            None if log.is_final => break,
            None => {}
        }
    }
    let failure = Failure::new(Kind::Connect, log.text);
    Err(if log.needs_password { failure.wanting_password() } else { failure })
}

/// Tries one host after the other; nothing, where the log says why.
fn try_hosts(settings: &Settings, target: Target, log: &mut Log) -> Option<Session> {
    'hosts: for host in &settings.hosts {
        let addresses = match addresses(host) {
            Ok(addresses) => addresses,
            Err(stop) => {
                log.say("", &stop);
                if log.is_final {
                    return None;
                }
                continue;
            }
        };
        for address in addresses {
            let place = place(host, &address);
            let deadline = match settings.timeout() {
                Ok(timeout) => timeout.map(|timeout| Instant::now() + timeout),
                Err(text) => {
                    log.say(&place, &text.into());
                    return None;
                }
            };
            let mut is_encrypted = settings.ssl_mode > SslMode::Allow && !host.is_socket();
            let mut is_named = true;
            loop {
                let attempt = Attempt { settings, host, address: &address, deadline, is_encrypted, is_named, target };
                let stop = match attempt.run() {
                    Ok(session) => return Some(session),
                    Err(stop) => stop,
                };
                log.say(&place, &stop);
                match stop.next {
                    Next::Again(encrypted) => is_encrypted = encrypted,
                    Next::Nameless => is_named = false,
                    Next::Address => break,
                    Next::Host => continue 'hosts,
                    Next::Nothing => return None,
                }
            }
        }
    }
    None
}

/// The addresses of a host.
fn addresses(host: &Host) -> Result<Vec<Address>, Stop> {
    let port = if host.port.is_empty() { 5432 } else { integer(&host.port, "port")? };
    let Some(port) = u16::try_from(port).ok().filter(|port| *port > 0) else {
        return Err(Stop::new(format!("invalid port number: \"{}\"", host.port), Next::Host));
    };
    if host.is_socket() {
        return Ok(vec![Address::Socket(PathBuf::from(socket_path(host, port)?))]);
    }
    if let Some(address) = &host.address {
        let text = || format!("could not parse network address \"{address}\": Name or service not known");
        let address: IpAddr = address.parse().map_err(|_| Stop::new(text(), Next::Host))?;
        return Ok(vec![Address::Internet(SocketAddr::new(address, port))]);
    }
    let found = (host.name.as_str(), port).to_socket_addrs();
    found.map(|found| found.map(Address::Internet).collect()).map_err(|error| {
        let text = reason(&error);
        let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
        Stop::new(format!("could not translate host name \"{}\" to address: {text}", host.name), Next::Host)
    })
}

/// The path of a server's socket.
fn socket_path(host: &Host, port: u16) -> Result<String, Stop> {
    let path = format!("{}/.s.PGSQL.{port}", host.name);
    if path.len() > 107 {
        let text = format!("Unix-domain socket path \"{path}\" is too long (maximum 107 bytes)");
        return Err(Stop::new(text, Next::Host));
    }
    Ok(path)
}

/// How libpq names the place of a failure.
fn place(host: &Host, address: &Address) -> String {
    match address {
        Address::Socket(path) => format!("connection to server on socket \"{}\" failed: ", path.display()),
        Address::Internet(address) => {
            let (ip, port) = (address.ip().to_string(), host.port());
            let name = host.address.as_ref().unwrap_or(&host.name);
            if host.address.is_some() || *name == ip {
                format!("connection to server at \"{name}\", port {port} failed: ")
            } else {
                format!("connection to server at \"{name}\" ({ip}), port {port} failed: ")
            }
        }
    }
}

impl Address {
    /// Whether what is sent there stays on this machine.
    fn is_local(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Internet(address) => address.ip().to_canonical().is_loopback(),
        }
    }

    /// Opens a connection.
    pub(super) fn open(&self, deadline: Option<Instant>) -> std::io::Result<Socket> {
        match self {
            Self::Socket(path) => {
                let bytes = path.as_os_str().as_encoded_bytes();
                let address = match bytes.strip_prefix(b"@") {
                    Some(name) => UnixAddr::new_abstract(name)?,
                    None => UnixAddr::new(path)?,
                };
                // A server that lets nobody in any more is not waited for.
                let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
                let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
                connect(socket.as_raw_fd(), &address)?;
                let stream = UnixStream::from(socket);
                stream.set_nonblocking(false)?;
                Ok(Socket::Unix(stream))
            }
            Self::Internet(address) => {
                let stream = match deadline {
                    None => TcpStream::connect(address)?,
                    Some(deadline) => {
                        let left = deadline.saturating_duration_since(Instant::now());
                        if left.is_zero() {
                            return Err(std::io::ErrorKind::TimedOut.into());
                        }
                        TcpStream::connect_timeout(address, left)?
                    }
                };
                stream.set_nodelay(true)?;
                Ok(Socket::Tcp(stream))
            }
        }
    }
}

/// One connection to one address.
struct Attempt<'a> {
    settings: &'a Settings,
    host: &'a Host,
    address: &'a Address,
    deadline: Option<Instant>,
    is_encrypted: bool,
    /// Whether the server is told an application's name.
    is_named: bool,
    target: Target,
}

impl Attempt<'_> {
    fn run(self) -> Result<Session, Stop> {
        let socket = self.address.open(self.deadline).map_err(|error| {
            if self.deadline.is_some() && error.kind() == std::io::ErrorKind::TimedOut && error.raw_os_error().is_none()
            {
                return Stop::new("timeout expired", Next::Address);
            }
            let question = match self.address {
                Address::Socket(_) => "Is the server running locally and accepting connections on that socket?",
                Address::Internet(_) => "Is the server running on that host and accepting TCP/IP connections?",
            };
            Stop::new(format!("{}\n\t{question}", reason(&error)), Next::Address)
        })?;
        self.tune(&socket)?;
        self.check_peer(&socket)?;
        let mut channel = Channel::new(socket, self.deadline);
        if self.is_encrypted {
            self.encrypt(&mut channel)?;
        }
        let mut message = BytesMut::new();
        let mut parameters = self.settings.startup();
        let is_named = self.is_named && parameters.iter().any(|(name, _)| *name == "application_name");
        parameters.retain(|(name, _)| self.is_named || *name != "application_name");
        frontend::startup_message(parameters, &mut message)
            .map_err(|_| Stop::new("could not send startup packet: Invalid argument", Next::Nothing))?;
        channel.put(&message);
        self.authenticate(&mut channel)?;
        let events = begin(&mut channel, is_named)?;
        if let Some(mismatch) = mismatch(self.target, &events.parameters) {
            let mut message = BytesMut::new();
            frontend::terminate(&mut message);
            channel.put(&message);
            channel.close();
            return Err(Stop::new(mismatch, Next::Host));
        }
        channel.deadline = None;
        Ok(Session { channel, host: self.host.clone(), address: self.address.clone(), events })
    }

    /// Sets what the operating system does to keep a connection.
    fn tune(&self, socket: &Socket) -> Result<(), Stop> {
        let Socket::Tcp(stream) = socket else { return Ok(()) };
        let failed = |text: String| Stop::new(text, Next::Address);
        let number = |keyword: &str| {
            let value = self.settings.integer(keyword).map_err(failed)?;
            Ok::<_, Stop>(value.map(|value| u32::try_from(value).unwrap_or(0)))
        };
        let refused = |option: &str| {
            let option = option.to_owned();
            move |error: nix::Error| failed(format!("setsockopt({option}) failed: {}", reason(&error.into())))
        };
        let keepalives = self.settings.integer("keepalives").map_err(failed)?.is_none_or(|value| value != 0);
        if keepalives {
            setsockopt(stream, sockopt::KeepAlive, &true).map_err(refused("SO_KEEPALIVE"))?;
            if let Some(idle) = number("keepalives_idle")? {
                setsockopt(stream, sockopt::TcpKeepIdle, &idle).map_err(refused("TCP_KEEPIDLE"))?;
            }
            if let Some(interval) = number("keepalives_interval")? {
                setsockopt(stream, sockopt::TcpKeepInterval, &interval).map_err(refused("TCP_KEEPINTVL"))?;
            }
            if let Some(count) = number("keepalives_count")? {
                setsockopt(stream, sockopt::TcpKeepCount, &count).map_err(refused("TCP_KEEPCNT"))?;
            }
        }
        if let Some(limit) = number("tcp_user_timeout")? {
            setsockopt(stream, sockopt::TcpUserTimeout, &limit).map_err(refused("TCP_USER_TIMEOUT"))?;
        }
        Ok(())
    }

    /// Whether the server runs as the user that the caller named.
    fn check_peer(&self, socket: &Socket) -> Result<(), Stop> {
        let (Some(required), Socket::Unix(stream)) = (self.settings.value("requirepeer"), socket) else {
            return Ok(());
        };
        let peer = getsockopt(stream, sockopt::PeerCredentials)
            .map_err(|error| format!("could not get peer credentials: {}", reason(&error.into())))?;
        let uid = peer.uid();
        let user = User::from_uid(Uid::from_raw(uid))
            .map_err(|error| format!("could not look up local user ID {uid}: {}", reason(&error.into())))?
            .ok_or_else(|| format!("local user with ID {uid} does not exist"))?;
        if user.name == required {
            return Ok(());
        }
        Err(format!("requirepeer specifies \"{required}\", but actual peer user name is \"{}\"", user.name).into())
    }

    /// Asks for encryption and gets it, or goes on without where that is good enough.
    fn encrypt(&self, channel: &mut Channel) -> Result<(), Stop> {
        let mut message = BytesMut::new();
        frontend::ssl_request(&mut message);
        channel.put(&message);
        channel.fill()?;
        let answer = channel.reader.take_byte().unwrap_or_default();
        match answer {
            b'S' if channel.reader.len() > 0 => {
                return Err(Stop::new("received unencrypted data after SSL response", Next::Nothing));
            }
            b'S' => {}
            b'N' if self.settings.ssl_mode >= SslMode::Require => {
                return Err(Stop::new("server does not support SSL, but SSL was required", Next::Nothing));
            }
            b'N' => return Ok(()),
            // Whoever sent it is not known yet, so it is not shown.
            b'E' => return Err(Stop::new("server sent an error response during SSL exchange", Next::Nothing)),
            other => {
                let text = format!("received invalid response to SSL negotiation: {}", shown(other));
                return Err(Stop::new(text, Next::Nothing));
            }
        }
        let failed = |text: Vec<u8>| {
            let next = if self.settings.ssl_mode == SslMode::Prefer { Next::Again(false) } else { Next::Nothing };
            Stop::new(text, next)
        };
        let tls = Tls::new(self.settings, self.host).map_err(|text| failed(text.into_bytes()))?;
        channel
            .encrypt(tls)
            .map_err(|failure| if failure.is_timeout() { failure.into() } else { failed(failure.text().to_vec()) })?;
        channel.tls().map_or(Ok(()), |tls| tls.check_name(self.host)).map_err(|text| failed(text.into_bytes()))
    }

    /// Answers the server's requests until it lets the user in.
    fn authenticate(&self, channel: &mut Channel) -> Result<(), Stop> {
        let password = self.host.password.as_ref().or(self.settings.password.as_ref());
        let mut authentication = Authentication::new(Client {
            user: self.settings.value("user").unwrap_or_default(),
            password: password.map(super::password::Password::reveal),
            channel_binding: self.settings.channel_binding,
            is_encrypted: channel.tls().is_some(),
            is_local: self.address.is_local(),
            end_point: channel.tls().and_then(Tls::end_point),
        });
        loop {
            let unexpected =
                |kind: u8| format!("expected authentication request from server, but received {}", shown(kind));
            while channel.reader.said_length().is_none() {
                match channel.reader.first() {
                    Some(kind) if kind != b'R' && kind != b'E' => return Err(unexpected(kind).into()),
                    _ => channel.fill()?,
                }
            }
            let (kind, length) = channel.reader.first().zip(channel.reader.said_length()).unwrap_or_default();
            match kind {
                b'R' if (8..=2000).contains(&length) => {}
                b'E' if (8..=30_000).contains(&length) => {}
                _ => return Err(unexpected(kind).into()),
            }
            while channel.reader.ready()?.is_none() {
                channel.fill()?;
            }
            let Some(message) = channel.reader.take() else { continue };
            if message.kind == b'E' {
                let report = message.report().unwrap_or_default();
                return Err(self.rejected(&report, channel.tls().is_some(), authentication.wants_password));
            }
            match authentication.answer(message.body) {
                Ok(Step::Done) => return Ok(()),
                Ok(Step::Answer(answer)) => channel.put(&answer),
                Err(text) => {
                    let needs_password = text == NO_PASSWORD;
                    return Err(Stop { text: text.into_bytes(), next: Next::Nothing, needs_password });
                }
            }
        }
    }

    /// What is said and done when the server does not let the user in.
    fn rejected(&self, report: &Report, is_encrypted: bool, wants_password: bool) -> Stop {
        let mut text = described(report);
        if report.code() == Some(b"57P03") {
            return Stop::new(text, Next::Host);
        }
        if wants_password && self.host.password.is_some() && report.code() == Some(b"28P01") {
            let file = self.settings.password_file().unwrap_or_default();
            text.extend_from_slice(format!("\npassword retrieved from file \"{file}\"").as_bytes());
        }
        let next = match self.settings.ssl_mode {
            SslMode::Allow if !self.is_encrypted && !self.host.is_socket() => Next::Again(true),
            SslMode::Prefer if is_encrypted => Next::Again(false),
            _ => Next::Nothing,
        };
        Stop::new(text, next)
    }
}

/// What is wrong with a server for who wants another kind. Servers before 14 do not say of what
/// kind they are.
fn mismatch(target: Target, parameters: &[(Vec<u8>, Vec<u8>)]) -> Option<&'static str> {
    let is_on = |name: &str| {
        let value = parameters.iter().find(|(own, _)| own == name.as_bytes()).map(|(_, value)| value.as_slice());
        value.map(|value| value == b"on")
    };
    if target == Target::Any {
        return None;
    }
    let Some((is_standby, is_read_only)) = is_on("in_hot_standby").zip(is_on("default_transaction_read_only")) else {
        return Some("target_session_attrs is not supported for servers before version 14");
    };
    match target {
        Target::ReadWrite if is_standby || is_read_only => Some("session is read-only"),
        Target::ReadOnly if !is_standby && !is_read_only => Some("session is not read-only"),
        Target::Primary if is_standby => Some("server is in hot standby mode"),
        Target::Standby if !is_standby => Some("server is not in hot standby mode"),
        _ => None,
    }
}

/// libpq's text of an error, without a place in a query.
pub(super) fn described(report: &Report) -> Vec<u8> {
    let mut text = Vec::new();
    let parts: [(&str, Option<&[u8]>, &str); 7] = [
        ("", report.severity(), ":  "),
        ("", report.message(), ""),
        (" at character ", report.field(b'P').or_else(|| report.field(b'p')), ""),
        ("\nDETAIL:  ", report.detail(), ""),
        ("\nHINT:  ", report.hint(), ""),
        ("\nQUERY:  ", report.internal_query(), ""),
        ("\nCONTEXT:  ", report.context(), ""),
    ];
    for (before, part, after) in parts {
        if let Some(part) = part {
            text.extend_from_slice(&[before.as_bytes(), part, after.as_bytes()].concat());
        }
    }
    text
}

/// Takes what the server says until it is ready.
fn begin(channel: &mut Channel, is_named: bool) -> Result<Startup, Stop> {
    let mut startup = Startup::default();
    loop {
        let Some(kind) = channel.reader.ready()? else {
            channel.fill()?;
            continue;
        };
        if kind == b'K' {
            startup.key = channel.reader.take().and_then(super::message::Message::key).unwrap_or_default();
            continue;
        }
        match channel.reader.next_event()? {
            Some(Event::Ready(_)) => return Ok(startup),
            Some(Event::Parameter { name, value }) => startup.parameters.push((name.to_vec(), value.to_vec())),
            Some(Event::Notice(report)) => startup.notices.push(report),
            Some(Event::Error(report)) => {
                let is_unknown = is_named && report.code() == Some(b"42704");
                let next = if is_unknown { Next::Nameless } else { Next::Nothing };
                return Err(Stop::new(described(&report), next));
            }
            _ => return Err(Stop::new("unexpected message from server during startup", Next::Nothing)),
        }
        if startup.parameters.len() + startup.notices.len() > STARTUP_LIMIT {
            return Err(Stop::new("unexpected message from server during startup", Next::Nothing));
        }
    }
}

//! Connection parameters: given ones, `key=value` strings and URIs, the service file, the
//! environment and the defaults, in libpq's order of precedence.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use nix::unistd::{Uid, User};

use super::conninfo;
use super::failure::{Failure, Kind};
use super::password::{Login, Password, look_up};

/// The variables of the environment. Only those of libpq are looked at, and `HOME`.
pub type Environment = BTreeMap<String, String>;

/// Where the sockets of Debian's servers are.
const SOCKET_DIRECTORY: &str = "/var/run/postgresql";
/// Where the service file of all users is on Debian.
const SYSTEM_DIRECTORY: &str = "/etc/postgresql-common";
/// The port of a server unless it is told another.
const PORT: &str = "5432";

/// libpq's keywords with their environment variables and what they are unless anything is said.
const KEYWORDS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("service", Some("PGSERVICE"), None),
    ("user", Some("PGUSER"), None),
    ("password", Some("PGPASSWORD"), None),
    ("passfile", Some("PGPASSFILE"), None),
    ("channel_binding", Some("PGCHANNELBINDING"), Some("prefer")),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT"), None),
    ("dbname", Some("PGDATABASE"), None),
    ("host", Some("PGHOST"), None),
    ("hostaddr", Some("PGHOSTADDR"), None),
    ("port", Some("PGPORT"), Some(PORT)),
    ("client_encoding", Some("PGCLIENTENCODING"), None),
    ("options", Some("PGOPTIONS"), Some("")),
    ("application_name", Some("PGAPPNAME"), None),
    ("fallback_application_name", None, None),
    ("keepalives", None, None),
    ("keepalives_idle", None, None),
    ("keepalives_interval", None, None),
    ("keepalives_count", None, None),
    ("tcp_user_timeout", None, None),
    ("sslmode", Some("PGSSLMODE"), Some("prefer")),
    ("sslcompression", Some("PGSSLCOMPRESSION"), Some("0")),
    ("sslcert", Some("PGSSLCERT"), None),
    ("sslkey", Some("PGSSLKEY"), None),
    ("sslpassword", None, None),
    ("sslrootcert", Some("PGSSLROOTCERT"), None),
    ("sslcrl", Some("PGSSLCRL"), None),
    ("sslcrldir", Some("PGSSLCRLDIR"), None),
    ("sslsni", Some("PGSSLSNI"), Some("1")),
    ("requirepeer", Some("PGREQUIREPEER"), None),
    ("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), Some("TLSv1.2")),
    ("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), None),
    ("gssencmode", Some("PGGSSENCMODE"), Some("prefer")),
    ("krbsrvname", Some("PGKRBSRVNAME"), Some("postgres")),
    ("gsslib", Some("PGGSSLIB"), None),
    ("replication", None, None),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS"), Some("any")),
];

/// Environment variables that become settings of the session.
const SESSION: [(&str, &str); 3] = [("PGDATESTYLE", "datestyle"), ("PGTZ", "timezone"), ("PGGEQO", "geqo")];

/// What libpq can and this cannot: keywords with the one value that may be given.
const UNSUPPORTED: &[(&str, &[&str])] = &[
    ("sslpassword", &[]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslcompression", &["0"]),
    ("replication", &["0", "false", "off", "no"]),
];

/// Keywords of which libpq does not take an empty value for none.
const MUST_SAY: [&str; 5] = ["channel_binding", "connect_timeout", "gssencmode", "sslmode", "target_session_attrs"];

/// A keyword of libpq, if it is one.
pub(super) fn known(keyword: &str) -> Option<&'static str> {
    KEYWORDS.iter().map(|(own, ..)| *own).find(|own| *own == keyword)
}

/// How much encryption is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whether the password exchange is bound to the encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

/// What kind of server is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// One of the places to try.
#[derive(Clone, Debug)]
pub(super) struct Host {
    /// A name, an address, or the directory of a socket; empty when only `address` was given.
    pub(super) name: String,
    /// The address, so that no name has to be resolved.
    pub(super) address: Option<String>,
    /// As given; empty stands for the default.
    pub(super) port: String,
    /// What the password file says.
    pub(super) password: Option<Password>,
}

impl Host {
    /// Whether the place is a socket in the file system.
    pub(super) fn is_socket(&self) -> bool {
        self.address.is_none() && self.name.starts_with(['/', '@'])
    }

    /// The port, or the default.
    pub(super) fn port(&self) -> &str {
        if self.port.is_empty() { PORT } else { &self.port }
    }
}

/// Everything that is needed to connect. Its debug text has no password in it.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, String>,
    session: Vec<(&'static str, String)>,
    home: Option<String>,
    pub(super) hosts: Vec<Host>,
    pub(super) password: Option<Password>,
    pub(super) ssl_mode: SslMode,
    pub(super) channel_binding: ChannelBinding,
    pub(super) target: Target,
    warnings: Vec<String>,
}

fn failure(text: impl Into<String>) -> Failure {
    Failure::new(Kind::Settings, text.into())
}

impl Settings {
    /// Resolves parameters as `PQconnectdbParams` does with `expand_dbname`: `given` are pairs
    /// of libpq's keywords and values in order, empty values count as not given, and a `dbname`
    /// that is a URI or holds a `=` stands for the parameters in it, which override those given
    /// before it. psql gives `host`, `port`, `user`, `password`, `dbname`,
    /// `fallback_application_name`, in this order.
    pub fn new(given: &[(&str, &str)], environment: &Environment) -> Result<Self, Failure> {
        let mut values = merged(given)?;
        let account = || User::from_uid(Uid::effective());
        let home = match environment.get("HOME") {
            Some(home) => Some(home.clone()).filter(|home| !home.is_empty()),
            None => account().ok().flatten().map(|user| user.dir.display().to_string()),
        };
        add_service(&mut values, environment, home.as_deref())?;
        add_defaults(&mut values, environment);
        let password = values.remove("password").and_then(Password::new);
        values.retain(|keyword, value| !value.is_empty() || MUST_SAY.contains(keyword));
        refuse_unsupported(&values)?;
        let hosts = hosts(&values)?;
        if !values.contains_key("user") {
            let uid = Uid::effective();
            let name = match account() {
                Ok(Some(user)) => user.name,
                Ok(None) => return Err(failure(format!("local user with ID {uid} does not exist"))),
                Err(error) => {
                    return Err(failure(format!("could not look up local user ID {uid}: {}", error.desc())));
                }
            };
            values.insert("user", name);
        }
        if !values.contains_key("dbname") {
            let user = values.get("user").cloned().unwrap_or_default();
            values.insert("dbname", user);
        }
        let session = SESSION.iter().filter_map(|(variable, name)| {
            let value = environment.get(*variable)?;
            (!value.eq_ignore_ascii_case("default")).then(|| (*name, value.clone()))
        });
        let mut settings = Self {
            session: session.collect(),
            home,
            hosts,
            password,
            ssl_mode: SslMode::Prefer,
            channel_binding: ChannelBinding::Prefer,
            target: Target::Any,
            warnings: Vec::new(),
            values,
        };
        settings.look_up_passwords();
        settings.check(environment)?;
        Ok(settings)
    }

    /// The value of a parameter by libpq's keyword, defaults included; never a password.
    pub fn value(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).map(String::as_str)
    }

    /// What libpq says on standard error before it connects, a line each: that the password
    /// file is not used.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The parameters of the startup message.
    pub(super) fn startup(&self) -> Vec<(&str, &str)> {
        let named = [("user", "user"), ("dbname", "database"), ("options", "options")];
        let mut startup: Vec<(&str, &str)> =
            named.iter().filter_map(|(keyword, name)| Some((*name, self.value(keyword)?))).collect();
        let application = self.value("application_name").or_else(|| self.value("fallback_application_name"));
        startup.extend(application.map(|application| ("application_name", application)));
        startup.extend(self.value("client_encoding").map(|encoding| ("client_encoding", encoding)));
        startup.extend(self.session.iter().map(|(name, value)| (*name, value.as_str())));
        startup
    }

    /// How long one address may take, if there is a limit; libpq allows at least two seconds.
    pub(super) fn timeout(&self) -> Result<Option<Duration>, String> {
        let seconds = self.integer("connect_timeout")?.unwrap_or(0);
        Ok(u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Duration::from_secs(seconds.max(2))))
    }

    /// A parameter that is a number.
    pub(super) fn integer(&self, keyword: &str) -> Result<Option<i32>, String> {
        self.value(keyword).map(|text| integer(text, keyword)).transpose()
    }

    /// A file in the directory of the user's own files for libpq.
    #[cfg(feature = "tls")]
    pub(super) fn own_file(&self, name: &str) -> Option<String> {
        Some(format!("{}/.postgresql/{name}", self.home.as_deref()?))
    }

    /// The password file, if one can be named.
    pub(super) fn password_file(&self) -> Option<String> {
        let default = || Some(format!("{}/.pgpass", self.home.as_deref()?));
        self.value("passfile").map(str::to_owned).or_else(default)
    }

    fn look_up_passwords(&mut self) {
        let Some(path) = self.password_file().filter(|_| self.password.is_none()) else { return };
        let (user, database) = (self.values.get("user").cloned(), self.values.get("dbname").cloned());
        for host in &mut self.hosts {
            let name = match (&host.address, host.name.as_str()) {
                (_, SOCKET_DIRECTORY) => "localhost",
                (Some(address), "") => address,
                (_, name) => name,
            };
            let (database, user) = (database.as_deref().unwrap_or_default(), user.as_deref().unwrap_or_default());
            match look_up(&path, Login { host: name, port: host.port(), database, user }) {
                Ok(password) => host.password = password,
                Err(warning) => self.warnings.push(warning),
            }
        }
    }

    /// Values that must be one of a few words.
    fn check(&mut self, environment: &Environment) -> Result<(), Failure> {
        let invalid = |keyword: &str, value: &str| failure(format!("invalid {keyword} value: \"{value}\""));
        self.channel_binding = match self.value("channel_binding").unwrap_or("prefer") {
            "disable" => ChannelBinding::Disable,
            "prefer" => ChannelBinding::Prefer,
            "require" => ChannelBinding::Require,
            other => return Err(invalid("channel_binding", other)),
        };
        self.ssl_mode = match self.value("sslmode").unwrap_or("prefer") {
            "disable" => SslMode::Disable,
            "allow" => SslMode::Allow,
            "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            other => return Err(invalid("sslmode", other)),
        };
        if cfg!(not(feature = "tls")) && self.ssl_mode >= SslMode::Require {
            let mode = self.value("sslmode").unwrap_or_default();
            return Err(failure(format!("sslmode value \"{mode}\" invalid when SSL support is not compiled in")));
        }
        let versions = ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"];
        let rank = |keyword: &str| {
            let Some(value) = self.value(keyword) else { return Ok(None) };
            let place = versions.iter().position(|version| value.eq_ignore_ascii_case(version));
            place.map(Some).ok_or_else(|| invalid(keyword, value))
        };
        let (least, most) = (rank("ssl_min_protocol_version")?, rank("ssl_max_protocol_version")?);
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return Err(failure("invalid SSL protocol version range"));
        }
        if most.is_some_and(|most| most < 2) {
            let value = self.value("ssl_max_protocol_version").unwrap_or_default();
            return Err(failure(format!("ssl_max_protocol_version \"{value}\" is not supported")));
        }
        match self.value("gssencmode").unwrap_or("prefer") {
            "disable" | "prefer" => {}
            "require" => {
                return Err(failure("gssencmode value \"require\" invalid when GSSAPI support is not compiled in"));
            }
            other => return Err(invalid("gssencmode", other)),
        }
        self.target = match self.value("target_session_attrs").unwrap_or("any") {
            "any" => Target::Any,
            "read-write" => Target::ReadWrite,
            "read-only" => Target::ReadOnly,
            "primary" => Target::Primary,
            "standby" => Target::Standby,
            "prefer-standby" => Target::PreferStandby,
            other => return Err(invalid("target_session_attrs", other)),
        };
        if self.value("client_encoding") == Some("auto") {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| environment.get(name));
            let locale = locale.into_iter().find(|value| !value.is_empty()).map(|value| value.to_ascii_lowercase());
            let is_utf8 = locale.is_some_and(|locale| locale.contains(".utf-8") || locale.contains(".utf8"));
            let encoding = if is_utf8 { "UTF8" } else { "SQL_ASCII" };
            self.values.insert("client_encoding", encoding.to_owned());
        }
        Ok(())
    }
}

/// The given parameters; a later one overrides an earlier one, and the first `dbname` may be a
/// connection string.
fn merged(given: &[(&str, &str)]) -> Result<BTreeMap<&'static str, String>, Failure> {
    let is_database = |(keyword, _): &&(&str, &str)| *keyword == "dbname";
    let first = given.iter().position(|pair| is_database(&pair));
    let mut values = BTreeMap::new();
    for (place, (keyword, value)) in given.iter().enumerate().filter(|(_, (_, value))| !value.is_empty()) {
        let known = known(keyword).ok_or_else(|| failure(format!("invalid connection option \"{keyword}\"")))?;
        if Some(place) == first && conninfo::is_recognized(value) {
            values.extend(conninfo::parse(value).map_err(failure)?);
        } else {
            values.insert(known, (*value).to_owned());
        }
    }
    Ok(values)
}

/// A service that is named stands for the parameters of its section, unless they are given.
fn add_service(
    values: &mut BTreeMap<&'static str, String>,
    environment: &Environment,
    home: Option<&str>,
) -> Result<(), Failure> {
    let Some(service) = values.get("service").or_else(|| environment.get("PGSERVICE")).cloned() else {
        return Ok(());
    };
    let own = home.map(|home| format!("{home}/.pg_service.conf"));
    let own = match environment.get("PGSERVICEFILE") {
        Some(named) => Some(named.clone()),
        None => own.filter(|path| fs::exists(path).unwrap_or(false)),
    };
    let system = environment.get("PGSYSCONFDIR").map_or(SYSTEM_DIRECTORY, String::as_str);
    let system = Some(format!("{system}/pg_service.conf")).filter(|path| fs::exists(path).unwrap_or(false));
    for path in own.into_iter().chain(system) {
        let text = fs::read(&path).map_err(|_| failure(format!("service file \"{path}\" not found")))?;
        if read_service(&text, &path, &service, values).map_err(failure)? {
            return Ok(());
        }
    }
    Err(failure(format!("definition of service \"{service}\" not found")))
}

/// Reads one section of a service file; says whether it is there.
fn read_service(
    text: &[u8],
    path: &str,
    service: &str,
    values: &mut BTreeMap<&'static str, String>,
) -> Result<bool, String> {
    let mut is_in_section = false;
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let number = number + 1;
        // libpq reads into a buffer of so many bytes.
        if line.len() >= 1022 {
            return Err(format!("line {number} too long in service file \"{path}\""));
        }
        let line = String::from_utf8_lossy(line);
        let line = line.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            if is_in_section {
                return Ok(true);
            }
            is_in_section = name.strip_prefix(service).is_some_and(|rest| rest.starts_with(']'));
        } else if is_in_section {
            let syntax = || format!("syntax error in service file \"{path}\", line {number}");
            let (keyword, value) = line.split_once('=').ok_or_else(syntax)?;
            if keyword == "service" {
                return Err(format!(
                    "nested service specifications not supported in service file \"{path}\", line {number}"
                ));
            }
            let keyword = known(keyword).ok_or_else(syntax)?;
            values.entry(keyword).or_insert_with(|| value.to_owned());
        }
    }
    Ok(is_in_section)
}

/// What is neither given nor said by a service: the environment, then the defaults.
fn add_defaults(values: &mut BTreeMap<&'static str, String>, environment: &Environment) {
    for (keyword, variable, default) in KEYWORDS {
        if values.contains_key(keyword) {
            continue;
        }
        let value = variable.and_then(|variable| environment.get(variable)).map(String::as_str);
        let requires_ssl = || {
            let is_required = environment.get("PGREQUIRESSL").is_some_and(|value| value.starts_with('1'));
            (*keyword == "sslmode" && is_required).then_some("require")
        };
        if let Some(value) = value.or_else(requires_ssl).or(*default) {
            values.insert(keyword, value.to_owned());
        }
    }
}

fn refuse_unsupported(values: &BTreeMap<&'static str, String>) -> Result<(), Failure> {
    for (keyword, allowed) in UNSUPPORTED {
        match values.get(keyword) {
            Some(value) if !allowed.contains(&value.as_str()) => {
                return Err(failure(format!("connection option \"{keyword}\" is not supported")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The places to try, in their order.
fn hosts(values: &BTreeMap<&'static str, String>) -> Result<Vec<Host>, Failure> {
    let list = |keyword: &str| -> Vec<&str> {
        values.get(keyword).map(|value| value.split(',').collect()).unwrap_or_default()
    };
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = if addresses.is_empty() { names.len().max(1) } else { addresses.len() };
    if !addresses.is_empty() && !names.is_empty() && names.len() != count {
        let text = format!("could not match {} host names to {count} hostaddr values", names.len());
        return Err(failure(text));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(failure(format!("could not match {} port numbers to {count} hosts", ports.len())));
    }
    let host = |place: usize| {
        let address = addresses.get(place).filter(|address| !address.is_empty()).map(|address| (*address).to_owned());
        let name = names.get(place).copied().unwrap_or_default();
        let name = if name.is_empty() && address.is_none() { SOCKET_DIRECTORY } else { name };
        let port = ports.get(if ports.len() == 1 { 0 } else { place }).copied().unwrap_or_default();
        Host { name: name.to_owned(), address, port: port.to_owned(), password: None }
    };
    Ok((0..count).map(host).collect())
}

/// C's `strtol` of a whole text, as libpq reads its numbers.
pub(super) fn integer(text: &str, keyword: &str) -> Result<i32, String> {
    let number = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    number.parse().map_err(|_| format!("invalid integer value \"{text}\" for connection option \"{keyword}\""))
}

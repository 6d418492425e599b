//! Who is let in, how, and what is said where nobody is: always what the real psql says.

use std::path::Path;
use std::process::Command;

use roof_lint::cluster::Cluster;
use roof_lint::wire::{Connection, Environment, Event, Failure, Kind, Settings};

use super::servers::{PASSWORD, Server, certificates, encrypted, home, keep, plain};

/// The parameters of a connection and what is around it.
struct Case<'a> {
    server: &'a Server,
    home: &'a Path,
    /// A connection string; `{port}`, `{socket}` and `{password}` are replaced.
    string: String,
    variables: Vec<(&'a str, String)>,
}

/// What is told of a session: user, encryption, and where it is.
const QUESTION: &str = "SELECT current_user, current_database(), coalesce((SELECT version FROM pg_stat_ssl WHERE pid = \
                        pg_backend_pid() AND ssl), 'plain'), inet_server_port(), current_setting('application_name')";

impl<'a> Case<'a> {
    fn new(server: &'a Server, home: &'a Path, string: &str) -> Self {
        let string = string
            .replace("{port}", &server.port.to_string())
            .replace("{socket}", &server.cluster.socket_dir().display().to_string())
            .replace("{password}", &PASSWORD.replace('\\', "\\\\"));
        Self { server, home, string, variables: Vec::new() }
    }

    fn with(mut self, name: &'a str, value: &str) -> Self {
        let value = value
            .replace("{port}", &self.server.port.to_string())
            .replace("{socket}", &self.server.cluster.socket_dir().display().to_string());
        self.variables.push((name, value));
        self
    }

    fn environment(&self) -> Environment {
        let mut environment: Environment =
            self.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        environment.insert("HOME".to_owned(), self.home.display().to_string());
        environment
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let given = [("dbname", self.string.as_str()), ("fallback_application_name", "psql")];
        Settings::new(&given, &self.environment())
    }

    /// What the wire says.
    fn ours(&self) -> String {
        let settings = match self.settings() {
            Ok(settings) => settings,
            Err(failure) => return failure.to_string(),
        };
        let said = match Connection::connect(&settings) {
            Ok(mut session) => answer(&mut session),
            Err(failure) => failure.to_string(),
        };
        let warnings = settings.warnings().iter().map(String::as_str);
        warnings.chain([said.as_str()]).collect::<Vec<_>>().join("\n")
    }

    /// What psql says of a query.
    fn psql(&self, query: &str) -> String {
        let mut command = Command::new(self.server.cluster.bindir().join("psql"));
        command.env_clear().envs(self.environment()).args(["-XwqAt", "-c", query, "-d", &self.string]);
        let run = Cluster::capture(&mut command).expect("psql runs");
        let said = if run.is_success() { run.stderr + &run.stdout } else { run.stderr };
        said.replace("psql: error: ", "").trim_end().to_owned()
    }

    /// Both say the same; returns what.
    fn agree(&self) -> String {
        let (ours, theirs) = (self.ours(), self.psql(QUESTION));
        assert_eq!(ours, theirs, "{} {:?}", self.string, self.variables);
        ours
    }
}

fn answer(session: &mut Connection) -> String {
    session.query(QUESTION.as_bytes()).expect("sent");
    let mut answer = String::new();
    loop {
        match session.next().expect("the connection holds") {
            Event::Row(row) => {
                let cells = row.cells().map(|cell| String::from_utf8_lossy(cell.unwrap_or_default()).into_owned());
                answer = cells.collect::<Vec<_>>().join("|");
            }
            Event::Ready(_) => return answer,
            _ => {}
        }
    }
}

const USERS: [&str; 9] =
    ["trusted", "cleartext", "hashed", "salted", "encrypted", "open", "certified", "rejected", "nobody"];

#[test]
fn every_way_to_log_in() {
    let home = home();
    let mut entered = 0;
    for server in [plain(), encrypted()] {
        for place in [
            "host={socket}",
            "host=127.0.0.1 sslmode=disable",
            "host=127.0.0.1 sslmode=allow",
            "host=127.0.0.1",
            "host=localhost sslmode=require",
        ] {
            for user in USERS {
                for password in ["", " password='{password}'", " password=wrong"] {
                    let string = format!("{place} port={{port}} user={user} dbname=postgres{password}");
                    let said = Case::new(server, home.path(), &string).agree();
                    entered += usize::from(said.starts_with(user));
                }
            }
        }
    }
    assert!(entered > 60, "{entered}");
}

/// The home directory of a user who trusts our authority.
fn trusting() -> tempfile::TempDir {
    let home = home();
    let root = std::fs::read(certificates().path("root.crt")).expect("made before");
    keep(home.path(), ".postgresql/root.crt", root);
    home
}

#[test]
fn certificates_are_verified_as_far_as_the_mode_says() {
    let server = Server::start();
    let (trusting, careless) = (trusting(), home());
    let mut entered = Vec::new();
    for name in ["localhost", "other", "rsa512", "rsa-version1", "selfsigned"] {
        server.present(name, certificates());
        for mode in ["verify-ca", "require ssl_max_protocol_version=TLSv1.2", "prefer", "verify-full"] {
            for host in ["host=localhost", "host=127.0.0.1", "hostaddr=127.0.0.1", "host=b.example hostaddr=127.0.0.1"]
            {
                let roots = ["", "root.crt", "stranger.crt", "selfsigned.crt", "missing.crt", "root.key"];
                for root in roots.iter().take(if host == "host=localhost" { roots.len() } else { 2 }) {
                    let home = if root.is_empty() { &trusting } else { &careless };
                    let path = certificates().path(root).display().to_string();
                    let root = if root.is_empty() { String::new() } else { format!(" sslrootcert={path}") };
                    let string = format!("{host} port={{port}} user=trusted dbname=postgres sslmode={mode}{root}");
                    let said = Case::new(&server, home.path(), &string).agree();
                    if said.starts_with("trusted") {
                        entered.push(format!("{name} {mode}"));
                    }
                }
            }
        }
    }
    for entry in [
        "localhost verify-full",
        "other verify-full",
        "rsa512 verify-full",
        "rsa-version1 verify-full",
        "selfsigned verify-full",
    ] {
        assert!(entered.iter().any(|own| own == entry), "{entry}: {entered:?}");
    }
}

#[test]
fn parameters_come_from_where_libpq_takes_them() {
    let home = home();
    keep(
        home.path(),
        "services",
        "# none\n[one]\nhost={socket}\nuser=trusted\n\n[two]\nport=1\n"
            .replace("{socket}", &plain().cluster.socket_dir().display().to_string()),
    );
    let services = home.path().join("services").display().to_string();
    let case = |string: &str| Case::new(plain(), home.path(), string);
    let named = |string: &str| case(string).with("PGPORT", "{port}").with("PGDATABASE", "postgres");
    let said = named("").with("PGHOST", "{socket}").with("PGUSER", "trusted").with("PGAPPNAME", "own").agree();
    assert!(said.ends_with("|own"), "{said}");
    for case in [
        named("user=trusted").with("PGHOST", "{socket}").with("PGUSER", "nobody"),
        named("postgresql://trusted@/postgres").with("PGHOST", "{socket}"),
        named("postgresql://trusted@127.0.0.1:{port}/postgres?application_name=in%20uri"),
        named("postgresql://trusted@/postgres?host=127.0.0.1&connect_timeout=5"),
        named("service=one").with("PGSERVICEFILE", &services),
        named("service=one user=nobody").with("PGSERVICEFILE", &services),
        named("").with("PGSERVICE", "one").with("PGSERVICEFILE", &services),
        named("service=three").with("PGSERVICEFILE", &services),
        named("service=three"),
        named("service=one").with("PGSERVICEFILE", "/nowhere"),
        named("user=trusted").with("PGHOSTADDR", "127.0.0.1"),
        named("user=trusted hostaddr=127.0.0.1 host=no.such.host"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGOPTIONS", "-c application_name=by_options"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGOPTIONS", "-c bogus=1"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGCLIENTENCODING", "LATIN1"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGCLIENTENCODING", "bogus"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGTZ", "bogus"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGDATESTYLE", "German"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGGEQO", "default"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGREQUIRESSL", "1"),
        named("user=trusted").with("PGHOST", "127.0.0.1").with("PGREQUIRESSL", "1"),
        named("user=trusted").with("PGHOST", "127.0.0.1").with("PGSSLMODE", "bogus"),
        named("user=trusted").with("PGHOST", "127.0.0.1").with("PGSSLMODE", ""),
        named("user=trusted").with("PGHOST", "127.0.0.1").with("PGCONNECT_TIMEOUT", "3"),
        named("user=trusted").with("PGHOST", "127.0.0.1").with("PGCONNECT_TIMEOUT", "soon"),
        named("user=trusted").with("PGHOST", "{socket}").with("PGCONNECT_TIMEOUT", "soon"),
        named("user=hashed").with("PGHOST", "{socket}").with("PGPASSWORD", PASSWORD),
        named("user=hashed password=wrong").with("PGHOST", "{socket}").with("PGPASSWORD", PASSWORD),
        named("user=trusted requirepeer=nobody").with("PGHOST", "{socket}"),
        named("user=trusted requirepeer=postgres").with("PGHOST", "{socket}"),
        named("").with("PGHOST", "{socket}"),
        named("user=trusted dbname=''").with("PGHOST", "{socket}"),
        named("user=trusted dbname=nowhere").with("PGHOST", "{socket}"),
        named("user=trusted keepalives=x host=127.0.0.1"),
        named(
            "user=trusted keepalives_idle=10 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=9000 host=127.0.0.1",
        ),
        named("user=trusted keepalives_idle=ten host=127.0.0.1"),
        named("user=trusted tcp_user_timeout=10s host=127.0.0.1"),
        named("user=trusted channel_binding=require host=127.0.0.1"),
        named("user=salted channel_binding=require host=127.0.0.1 password={password}"),
        named("user=trusted channel_binding=maybe host=127.0.0.1"),
        named("user=trusted gssencmode=maybe host=127.0.0.1"),
        named("user=trusted gssencmode=disable host=127.0.0.1"),
        named("user=trusted ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"),
        named("user=trusted ssl_min_protocol_version=SSLv3"),
        named("bogus=1"),
        named("host"),
        named("postgresql://[::1"),
        named("postgresql://h?bogus=1"),
    ] {
        case.agree();
    }
}

#[test]
fn nobody_there_is_told_as_libpq_tells_it() {
    let home = home();
    for string in [
        "host=/nowhere",
        "host=/nowhere port=1",
        "host=127.0.0.1 port=1",
        "host=localhost port=1",
        "host=no.such.host.invalid",
        "hostaddr=no.such.address",
        "hostaddr=127.0.0.1 port=1",
        "host=name hostaddr=127.0.0.1 port=1",
        "host=127.0.0.1 port=0",
        "host=127.0.0.1 port=65536",
        "host=127.0.0.1 port=x",
        "host=127.0.0.1 port=1,2",
        "host=a,b hostaddr=127.0.0.1",
        "host=/nowhere,127.0.0.1,localhost,no.such.host.invalid port=1",
        "host=/nowhere,{socket} port=1,{port} user=trusted dbname=postgres",
        "host=127.0.0.1,{socket} port=1,{port} user=trusted dbname=postgres",
        "host={socket},127.0.0.1 port={port} user=trusted dbname=nowhere",
        "host={socket},127.0.0.1 port={port} user=nobody dbname=postgres",
        "host=,/nowhere port=1",
        "host=/a/directory/whose/name/is/far/too/long/for/a/socket/which/may/have/only/one/hundred/and/seven/bytes/in/all",
        "host=@nowhere port=1",
        "hostaddr=::1 port=1",
        "host=::1 port=1",
    ] {
        Case::new(plain(), home.path(), string).agree();
    }
}

#[test]
fn a_server_is_of_the_kind_that_was_asked_for() {
    let home = home();
    plain().cluster.sql("postgres", "CREATE DATABASE readonly").expect("a superuser");
    plain()
        .cluster
        .sql("postgres", "ALTER DATABASE readonly SET default_transaction_read_only = on")
        .expect("a superuser");
    for kind in ["any", "read-write", "read-only", "primary", "standby", "prefer-standby", "other", ""] {
        for database in ["postgres", "readonly"] {
            for hosts in ["{socket}", "/nowhere,{socket},127.0.0.1"] {
                let string = format!("host={hosts} port={{port}} user=trusted dbname={database}");
                let case = Case::new(plain(), home.path(), &string);
                case.with("PGTARGETSESSIONATTRS", kind).agree();
            }
        }
    }
}

#[test]
fn passwords_come_from_the_password_file() {
    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let socket = plain().cluster.socket_dir().display().to_string();
    let port = plain().port;
    for (lines, mode) in [
        (format!("*:*:*:*:{escaped}\n"), 0o600),
        (format!("127.0.0.1:{port}:postgres:salted:{escaped}\n{socket}:*:*:salted:{escaped}"), 0o600),
        (format!("#*:*:*:*:no\n*:*:*:hashed:no\n*:*:*:*:{escaped}:x\r\n"), 0o400),
        ("*:*:*:*:wrong\n".to_owned(), 0o600),
        (format!("*:*:*:*:{escaped}\n"), 0o640),
        (format!("*:*:*:*:{escaped}\n"), 0o604),
        (String::new(), 0o600),
    ] {
        let home = home();
        let path = keep(home.path(), ".pgpass", &lines);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("ours");
        for string in [
            "host={socket} user=salted",
            "host=127.0.0.1,127.0.0.1 user=salted",
            "host=127.0.0.1 user=hashed",
            "host={socket} user=salted password=wrong",
        ] {
            let string = format!("{string} port={{port}} dbname=postgres");
            Case::new(plain(), home.path(), &string).agree();
            let elsewhere = super::servers::home();
            let path = path.display().to_string();
            Case::new(plain(), elsewhere.path(), &string).with("PGPASSFILE", &path).agree();
            Case::new(plain(), elsewhere.path(), &format!("{string} passfile={path}")).agree();
        }
    }
    let home = home();
    std::fs::create_dir(home.path().join(".pgpass")).expect("writable");
    Case::new(plain(), home.path(), "host={socket} port={port} user=salted dbname=postgres").agree();
}

/// The three ways to a server.
const WAYS: [&str; 3] = ["host={socket}", "host=127.0.0.1 sslmode=disable", "host=localhost sslmode=require"];

/// What a query says that the session does not survive.
fn last_words(case: &Case<'_>, query: &str) -> String {
    let mut session = Connection::connect(&case.settings().expect("good settings")).expect("a session");
    session.query(query.as_bytes()).expect("sent");
    let mut words = Vec::new();
    loop {
        match session.next() {
            Ok(Event::Error(report)) => {
                let part = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
                words.push(format!("{}:  {}", part(report.severity()), part(report.message())));
            }
            Ok(_) => {}
            Err(failure) => {
                assert_eq!(failure.kind(), Kind::Lost);
                words.push(failure.to_string());
                words.push("connection to server was lost".to_owned());
                return words.join("\n");
            }
        }
    }
}

#[test]
fn a_session_that_ends_is_told_as_libpq_tells_it() {
    let home = home();
    let server = Server::start();
    server.present("localhost", certificates());
    for way in WAYS {
        let string = format!("{way} port={{port}} user=postgres dbname=postgres");
        let case = Case::new(&server, home.path(), &string);
        let query = "SELECT pg_terminate_backend(pg_backend_pid())";
        assert_eq!(last_words(&case, query), case.psql(query), "{way}");
        // The backend dies without a word, and the server ends all others and starts anew.
        let query = "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'";
        let witness = Case::new(&server, home.path(), "host={socket} port={port} user=postgres dbname=postgres");
        let crashed = |crash: &dyn Fn() -> String| {
            let mut witness = Connection::connect(&witness.settings().expect("good settings")).expect("a session");
            let words = crash();
            witness.query(b"SELECT pg_sleep(600)").expect("gathered");
            while witness.next().is_ok() {}
            while server.cluster.sql("postgres", "SELECT 1").is_err() {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            words
        };
        let ours = crashed(&|| last_words(&case, query));
        assert_eq!(ours, crashed(&|| case.psql(query)), "{way}");
    }
}

#[test]
fn an_encrypted_session_is_as_good_as_a_plain_one() {
    let home = home();
    let case =
        Case::new(encrypted(), home.path(), "host=localhost port={port} user=trusted dbname=postgres sslmode=require");
    let mut session = Connection::connect(&case.settings().expect("good settings")).expect("a session");
    assert!(session.is_encrypted());
    session.query(b"BEGIN").expect("sent");
    // Far more than both sides' buffers hold, in both directions, and a statement that is long.
    let query = format!("SELECT '{}'", "x".repeat(1000));
    let long = format!("SELECT length('{}')", "x".repeat(5_000_000));
    for _ in 0..10_000 {
        session.query(query.as_bytes()).expect("sent");
    }
    session.query(long.as_bytes()).expect("sent");
    let (mut bytes, mut ends) = (0, 0);
    while ends < 10_002 {
        match session.next().expect("the connection holds") {
            Event::Row(row) => bytes += row.cells().flatten().map(<[u8]>::len).sum::<usize>(),
            Event::Ready(_) => ends += 1,
            Event::Error(report) => panic!("{report:?}"),
            _ => {}
        }
    }
    assert_eq!(bytes, 10_000 * 1000 + "5000000".len());
    session.query(b"COMMIT; DO $$ BEGIN RAISE NOTICE 'here'; PERFORM pg_sleep(600); END $$").expect("sent");
    while !matches!(session.next().expect("the connection holds"), Event::Notice(_)) {}
    let handle = session.cancel_handle();
    std::thread::spawn(move || handle.cancel()).join().expect("no panic").expect("the server took it");
    let mut code = Vec::new();
    loop {
        match session.next().expect("the connection holds") {
            Event::Error(report) => code = report.code().unwrap_or_default().to_vec(),
            Event::Ready(_) => break,
            _ => {}
        }
    }
    assert_eq!(code, b"57014");
    session.terminate();
}

#[test]
fn a_client_shows_its_own_certificate() {
    let home = home();
    let read = |name: &str| std::fs::read(certificates().path(name)).expect("made before");
    let string = "host=localhost port={port} user=certified dbname=postgres";
    let case = |more: &str| Case::new(encrypted(), home.path(), &format!("{string} {more}"));
    let named = |certificate: &str, key: &str| {
        let path = |name: &str| certificates().path(name).display().to_string();
        format!("sslmode=require sslcert={} sslkey={}", path(certificate), path(key))
    };
    case("sslmode=require").agree();
    let said = case(&named("client.crt", "client.key")).agree();
    assert!(said.starts_with("certified|postgres|TLS"), "{said}");
    case(&named("other.crt", "other.key")).agree();
    case(&named("client.crt", "missing.key")).agree();
    case(&named("missing.crt", "client.key")).agree();
    keep(home.path(), ".postgresql/postgresql.crt", read("client.crt"));
    case("").agree();
    let key = keep(home.path(), ".postgresql/postgresql.key", read("client.key"));
    case("").agree();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("ours");
    case("sslmode=require").agree();
    std::fs::remove_file(&key).expect("it is there");
    std::fs::create_dir(&key).expect("writable");
    case("sslmode=require").agree();
}

#[test]
fn versions_and_bindings_are_what_was_asked_for() {
    let home = home();
    for more in [
        "channel_binding=require",
        "channel_binding=disable",
        "channel_binding=require sslmode=disable",
        "ssl_max_protocol_version=TLSv1.2",
        "ssl_min_protocol_version=TLSv1.3",
        "ssl_min_protocol_version=tlsv1.2 ssl_max_protocol_version=tlsv1.2 channel_binding=require",
        "sslsni=0",
    ] {
        for user in ["salted", "hashed", "trusted", "encrypted"] {
            let string =
                format!("host=localhost port={{port}} user={user} dbname=postgres password={{password}} {more}");
            Case::new(encrypted(), home.path(), &string).agree();
        }
    }
}

#[test]
fn what_is_not_supported_is_refused_by_its_name() {
    for (string, words) in [
        ("sslcrl=x", "connection option \"sslcrl\" is not supported"),
        ("sslcrldir=x", "connection option \"sslcrldir\" is not supported"),
        ("sslpassword=x", "connection option \"sslpassword\" is not supported"),
        ("sslcompression=1", "connection option \"sslcompression\" is not supported"),
        ("replication=database", "connection option \"replication\" is not supported"),
        ("gssencmode=require", "gssencmode value \"require\" invalid when GSSAPI support is not compiled in"),
        (
            "ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1",
            "ssl_max_protocol_version \"TLSv1.1\" is not supported",
        ),
    ] {
        let failure = Settings::new(&[("dbname", string)], &Environment::new()).expect_err(string);
        assert_eq!((failure.kind(), failure.to_string().as_str()), (Kind::Settings, words));
    }
}

#[test]
fn nobody_sees_a_password() {
    let home = home();
    let path = keep(home.path(), "passwords", "*:*:*:*:secret\n").display().to_string();
    for string in ["password=secret", "postgresql://u:secret@h/d", &format!("passfile={path}")] {
        let settings = Settings::new(&[("dbname", string), ("port", "1")], &Environment::new()).expect("good settings");
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
        assert_eq!(settings.value("password"), None);
    }
    for string in ["postgresql://u:secret@[", "postgresql://u:secret%zz@h", "postgresql://u:secret@[::1]x"] {
        let failure = Settings::new(&[("dbname", string)], &Environment::new()).expect_err(string);
        assert!(!failure.to_string().contains("secret"), "{failure}");
    }
    let mut session =
        Case::new(plain(), home.path(), "host=127.0.0.1 port={port} user=salted dbname=postgres password={password}");
    session.variables.push(("PGAPPNAME", "debug".to_owned()));
    let session = Connection::connect(&session.settings().expect("good settings")).expect("a session");
    assert!(!format!("{session:?} {:?}", session.cancel_handle()).contains("pass:"));
}

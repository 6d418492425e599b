//! A site for live tests: one throw-away PostgreSQL with the clone of production in it, and a
//! proxy that cuts the connection at a chosen statement. Not every test file uses all of it.

#![allow(dead_code, unreachable_pub, reason = "each test file is a program of its own and uses a part")]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use roof_lint::cluster::{Cluster, PORT};
use roof_lint::config::{Config, Package, Spanned};
use roof_lint::rehearse::{Halt, Stage, build_clone};

/// The database of the release.
const DATABASE: &str = "directus";

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The lines in which two dumps differ, cut short.
pub fn difference(before: &[u8], after: &[u8]) -> String {
    roof_lint::rehearse::difference(before, after)
}

/// A cluster of its own with the clone in database `directus`; gone when dropped.
pub struct Site {
    cluster: Cluster,
    package: Package,
}

/// What the plain psql did with a script.
#[derive(Debug)]
pub struct Run {
    pub file: String,
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Run {
    /// Panics unless psql ended with 0.
    #[track_caller]
    pub fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{} has to succeed\n{}", self.file, self.stderr);
    }

    /// Panics unless a statement failed (psql ended with 3) and the message has `text` in it.
    #[track_caller]
    pub fn fails_naming(&self, text: &str) {
        assert_eq!(self.code, Some(3), "{} has to fail\n{}", self.file, self.stderr);
        assert!(self.stderr.contains(text), "{}: the message has to name {text:?}\n{}", self.file, self.stderr);
    }
}

impl Site {
    /// The clone as the One-Roof release finds it, its gate shut.
    pub fn new() -> Self {
        Self::built_by(None)
    }

    /// The clone as it was before Phase 1.
    pub fn before_phase_1() -> Self {
        Self::built_by(Some("clone_revalidation/build_substrate.sql"))
    }

    /// Builds by another script of the package than its `clone`.
    pub fn built_by(clone: Option<&str>) -> Self {
        let path = repository().join("lint.toml");
        let text = std::fs::read_to_string(&path).expect("lint.toml is there");
        let config = Config::parse("lint.toml", &text).expect("lint.toml is sound");
        let mut package =
            config.packages.into_iter().find(|package| package.clone.is_some()).expect("there is a clone");
        if let Some(clone) = clone {
            package.clone = Some(Spanned::new(0..0, clone.to_owned()));
        }
        let cluster = Cluster::start().expect("PostgreSQL starts");
        let directory = repository();
        match build_clone(&Stage { cluster: &cluster, package: &package, directory: &directory, release: &directory }) {
            Ok(()) => {}
            Err(Halt::Script(failure)) => panic!("{} fails\n{}", failure.file, failure.run.stderr),
            Err(Halt::Fault(fault)) => panic!("{fault}"),
        }
        Self { cluster, package }
    }

    /// The cluster itself.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Keeps the state of `directus` as the database `name`.
    pub fn snapshot(&self, name: &str) {
        self.cluster.copy_database(DATABASE, name).expect("the database can be copied");
    }

    /// Puts the state of the database `name` back into `directus`.
    pub fn restore(&self, name: &str) {
        self.cluster.copy_database(name, DATABASE).expect("the database can be copied");
    }

    /// Runs a script, named from the repository's root, by the plain psql as the operator's
    /// role; `variables` are `name=value`.
    pub fn run_file(&self, file: &str, variables: &[&str]) -> Run {
        self.run_file_in(DATABASE, file, variables)
    }

    /// The same in another database.
    pub fn run_file_in(&self, database: &str, file: &str, variables: &[&str]) -> Run {
        self.run_through(PORT, database, &[], file, variables)
    }

    /// The same in `directus`, in a session in which `statement` ran first.
    pub fn run_after(&self, statement: &str, file: &str, variables: &[&str]) -> Run {
        self.run_through(PORT, DATABASE, &["-c", statement], file, variables)
    }

    /// Runs SQL in `directus` as the superuser; returns unaligned tuples, trimmed.
    #[track_caller]
    pub fn sql(&self, text: &str) -> String {
        self.try_sql(text).unwrap_or_else(|stderr| panic!("{text}\n{stderr}"))
    }

    /// The same for SQL that may fail; the error is what psql says.
    pub fn try_sql(&self, text: &str) -> Result<String, String> {
        let run = self.cluster.query(DATABASE, text).expect("psql can be run");
        if run.is_success() { Ok(run.stdout.trim().to_owned()) } else { Err(run.stderr) }
    }

    /// The schema and the rows of `directus`.
    pub fn dump(&self) -> Vec<u8> {
        self.dump_of(DATABASE)
    }

    /// The schema and the rows of another database.
    pub fn dump_of(&self, database: &str) -> Vec<u8> {
        self.cluster.dump(database).expect("the database can be dumped")
    }

    /// Panics with the lines that differ unless both dumps are the same to the byte.
    #[allow(clippy::unused_self, reason = "reads as a claim about the site")]
    #[track_caller]
    pub fn assert_same_dump(&self, before: &[u8], after: &[u8]) {
        assert!(before == after, "the dumps differ\n{}", difference(before, after));
    }

    /// Waits until nobody is connected to `directus`.
    pub fn wait_until_deserted(&self) {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}'");
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.cluster.sql("postgres", &count).expect("the server answers") != "0" {
            assert!(Instant::now() < deadline, "a connection to {DATABASE} lives on");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn run_through(&self, port: u16, database: &str, first: &[&str], file: &str, variables: &[&str]) -> Run {
        let role = self.package.role.as_ref().expect("the package has a role").get_ref();
        let mut command = self.cluster.psql(database);
        command.args(["-p", &port.to_string(), "-U", role, "-v", "ON_ERROR_STOP=1"]);
        for variable in variables {
            command.args(["-v", variable]);
        }
        let run = Cluster::capture(command.args(first).args(["-f", file]).current_dir(repository()))
            .expect("psql can be run");
        Run { file: file.to_owned(), stdout: run.stdout, stderr: run.stderr, code: run.code }
    }
}

/// A proxy in front of the server's socket that counts the statements psql sends (messages
/// `Q`) and cuts the connection in front of a chosen one. It listens under another port
/// number in the directory of the socket, and goes with it.
pub struct Cut {
    port: u16,
    path: PathBuf,
    seen: Arc<AtomicUsize>,
}

/// Tells the proxies of one process apart.
static PROXIES: AtomicUsize = AtomicUsize::new(0);

impl Cut {
    /// How many statements a whole run of the script sends. Leaves `directus` as it was.
    #[track_caller]
    pub fn count(site: &Site, file: &str, variables: &[&str]) -> usize {
        const KEPT: &str = "before_counting";
        site.snapshot(KEPT);
        let cut = Self::listen(site, usize::MAX);
        site.run_through(cut.port, DATABASE, &[], file, variables).succeeds();
        site.wait_until_deserted();
        site.restore(KEPT);
        site.cluster.sql("postgres", &format!("DROP DATABASE {KEPT}")).expect("the copy can be dropped");
        cut.seen.load(Ordering::SeqCst)
    }

    /// Runs the script and cuts the connection in front of its n-th statement, counted from
    /// one: the server never sees that statement. Returns when the server has noticed.
    pub fn before(site: &Site, statement: usize, file: &str, variables: &[&str]) -> Run {
        let cut = Self::listen(site, statement);
        let run = site.run_through(cut.port, DATABASE, &[], file, variables);
        site.wait_until_deserted();
        run
    }

    fn listen(site: &Site, statement: usize) -> Self {
        let offset = PROXIES.fetch_add(1, Ordering::SeqCst);
        let port = u16::try_from(20_000 + offset % 40_000).expect("a port number");
        let directory = site.cluster.socket_dir();
        let path = directory.join(format!(".s.PGSQL.{port}"));
        let listener = UnixListener::bind(&path).expect("a socket can be bound");
        let server = directory.join(format!(".s.PGSQL.{PORT}"));
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        // One psql is one connection; the thread ends with it.
        thread::spawn(move || {
            if let Ok((client, _)) = listener.accept() {
                forward(&client, &server, statement, &counter);
            }
        });
        Self { port, path, seen }
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        // Wakes the thread if psql never came, so that it does not wait for ever.
        let _ = UnixStream::connect(&self.path).map(|stream| stream.shutdown(Shutdown::Both));
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Forwards both directions until an end closes or the statement is reached; closes both.
fn forward(client: &UnixStream, server: &Path, statement: usize, seen: &AtomicUsize) {
    let Ok(server) = UnixStream::connect(server) else { return };
    let (mut from_server, mut to_client) =
        (server.try_clone().expect("a handle"), client.try_clone().expect("a handle"));
    let answers = thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let _ = forward_messages(client, &server, statement, seen);
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = answers.join();
}

/// Forwards what the client sends, message by message, up to the statement.
fn forward_messages(
    mut client: &UnixStream,
    mut server: &UnixStream,
    statement: usize,
    seen: &AtomicUsize,
) -> std::io::Result<()> {
    // The packets before the session have no type byte: the code after the length tells a
    // request for encryption, which a start-up packet follows, from that packet.
    loop {
        let packet = read_packet(&mut client, Vec::new())?;
        server.write_all(&packet)?;
        let is_request = matches!(packet.get(4..8), Some([0x04, 0xd2, 0x16, 0x2f | 0x30]));
        if !is_request {
            break;
        }
    }
    loop {
        let mut kind = [0];
        client.read_exact(&mut kind)?;
        let message = read_packet(&mut client, kind.to_vec())?;
        if kind == *b"Q" && seen.fetch_add(1, Ordering::SeqCst) + 1 == statement {
            return Ok(());
        }
        server.write_all(&message)?;
    }
}

/// Appends a length, which counts itself, and what it announces.
fn read_packet(stream: &mut impl Read, mut packet: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    packet.extend(length);
    let rest = u64::from(u32::from_be_bytes(length).saturating_sub(4));
    let read = stream.take(rest).read_to_end(&mut packet)?;
    if read as u64 == rest { Ok(packet) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

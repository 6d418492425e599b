//! Whatever goes wrong amid a release, the exit code is right, the record is complete and true,
//! nothing is left running on the server, and no tier is half done.

#[path = "support/numbers.rs"]
mod numbers;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use numbers::Numbers;
use roof_lint::cluster::{Cluster, SUPERUSER};

/// How many tiers the release has, and how many tables each makes.
const TIERS: usize = 3;
const TABLES: usize = 3;

/// A release of three tiers, and a server for it.
struct Site {
    cluster: Cluster,
    directory: tempfile::TempDir,
}

/// A run that has ended.
struct Run {
    status: ExitStatus,
    stderr: String,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            cluster: Cluster::start().expect("PostgreSQL starts"),
            directory: tempfile::tempdir().expect("a directory"),
        };
        // What is committed outlives a crash.
        site.ask(&format!("ALTER ROLE {SUPERUSER} SET synchronous_commit = on"));
        let mut config = "[[package]]\nname = \"three\"\nroot = \".\"\ndatabase = \"*\"\nexecutor = \"run.sql\"\n\
                          baseline = [\"baseline.sql\"]\ntimeouts = [\"lock_timeout\"]\n"
            .to_owned();
        let mut run = "\\set ON_ERROR_STOP on\n".to_owned();
        for tier in 0..TIERS {
            let start = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n";
            let (mut forward, mut back) = (start.to_owned(), start.to_owned());
            for table in 0..TABLES {
                writeln!(
                    forward,
                    "CREATE TABLE IF NOT EXISTS t_{tier}_{table} (\n    id int PRIMARY KEY,\n    \
                     note text NOT NULL DEFAULT '',\n    created_by text NOT NULL\n);\n\
                     INSERT INTO t_{tier}_{table} (id, note, created_by)\nVALUES (1, 'one', 'R7')\n\
                     ON CONFLICT (id) DO NOTHING;\nSELECT pg_sleep(0.005);"
                )
                .expect("a string");
                let table = TABLES - 1 - table;
                writeln!(back, "DROP TABLE IF EXISTS t_{tier}_{table};").expect("a string");
            }
            forward.push_str("COMMIT;\n");
            back.push_str("COMMIT;\n");
            site.write(&format!("tier_{tier}.sql"), &forward);
            site.write(&format!("undo_{tier}.sql"), &back);
            writeln!(run, "\\ir tier_{tier}.sql").expect("a string");
            write!(
                config,
                "[[package.tier]]\nnumber = {tier}\nname = \"t\"\nfile = \"tier_{tier}.sql\"\nrollback = \"undo_{tier}.sql\"\n"
            )
            .expect("a string");
        }
        site.write("run.sql", &run);
        site.write("lint.toml", &config);
        site.write("baseline.sql", "CREATE TABLE ledger (id int PRIMARY KEY, note text);\n");
        site
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).expect("a file");
    }

    fn ask(&self, query: &str) -> String {
        self.cluster.sql("postgres", query).expect("an answer")
    }

    /// The executor on the release, by the server's socket or one before it.
    fn command(&self, host: Option<&Path>) -> Command {
        let _ = fs::remove_file(self.directory.path().join("record.json"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_roof-exec"));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGHOST", host.unwrap_or(self.cluster.socket_dir()));
        command.env("PGUSER", SUPERUSER).env("PGDATABASE", "postgres").current_dir(self.directory.path());
        command.args(["--record", "record.json", "-f", "run.sql"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(command: &mut Command) -> Run {
        let output = command.output().expect("it runs");
        Run { status: output.status, stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
    }

    /// Waits until the server does nothing for any executor.
    fn wait_until_quiet(&self) {
        let limit = Instant::now() + Duration::from_secs(30);
        let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'roof-exec'";
        while self.cluster.sql("postgres", query).map_or(true, |count| count != "0") {
            assert!(Instant::now() < limit, "something is left running");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Holds the record and the database against the run, and clears the database.
    fn check(&self, run: &Run, allowed: &[i32], what: &str) {
        self.wait_until_quiet();
        let counts = self.ask(
            "SELECT string_agg((SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ ('^t_' || tier))::text, ' ' \
             ORDER BY tier) FROM generate_series(0, 2) tier",
        );
        let done: Vec<bool> = counts
            .split(' ')
            .map(|count| match count {
                "0" => false,
                "3" => true,
                other => panic!("{what}: a tier is half done: {other} tables of it are there"),
            })
            .collect();
        self.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;");
        let stderr = &run.stderr;
        let record = fs::read(self.directory.path().join("record.json"));
        let (Some(code), Ok(record)) = (run.status.code(), record) else {
            // It was ended while it looked at the package, before there was anything to be told.
            assert!(run.status.signal().is_some(), "{what}: {stderr}");
            assert!(!done.contains(&true), "{what}: nothing was to be done yet");
            return;
        };
        assert!(allowed.contains(&code), "{what}: exit code {code}\n{stderr}");
        let record: serde_json::Value = serde_json::from_slice(&record).expect("JSON");
        assert_eq!(record["exit_code"], code, "{what}: {record}");
        assert!(record["ended"].is_string() && record["result"] != "running", "{what}: {record}");
        assert_eq!(record["result"] == "done", code == 0, "{what}: {record}");
        let statements = record["statements"].as_array().expect("statements");
        let failure = &record["failure"];
        let is_unknown = failure["state"].as_str().is_some_and(|state| state.ends_with("is not known"));
        let rollback: Vec<&str> =
            failure["rollback"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        for (tier, is_done) in done.iter().enumerate() {
            let file = format!("tier_{tier}.sql");
            let commit = statements.iter().find(|own| own["file"] == *file && own["text"] == "COMMIT;");
            let is_committed = commit.is_some_and(|commit| commit["tags"] == serde_json::json!(["COMMIT"]));
            let may_be = is_unknown && statements.last().is_some_and(|last| last["file"] == *file);
            assert!(*is_done == is_committed || may_be, "{what}: tier {tier} {is_done}: {record}");
            let is_offered = rollback.contains(&format!("undo_{tier}.sql").as_str());
            assert!(code == 0 || !is_done || is_offered, "{what}: tier {tier} is not undone: {record}");
        }
        if code == 0 {
            assert!(done.iter().all(|done| *done), "{what}: {record}");
        }
    }
}

/// How long a whole run takes here.
fn length(site: &Site) -> u64 {
    let start = Instant::now();
    let run = Site::run(&mut site.command(None));
    let length = start.elapsed();
    site.check(&run, &[0], "undisturbed");
    u64::try_from(length.as_micros()).expect("not that long")
}

#[test]
fn signals_at_any_moment() {
    let site = Site::new();
    let length = length(&site);
    let mut numbers = Numbers::new(0x5eed_1234_5678_9abc);
    for round in 0..140 {
        let (signal, code) = [("INT", 3), ("TERM", 143), ("HUP", 129)][round % 3];
        let child = site.command(None).spawn().expect("it runs");
        let delay = numbers.below(length + length / 10);
        thread::sleep(Duration::from_micros(delay));
        // It may have ended.
        let _ = Command::new("kill").args(["-s", signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        let output = child.wait_with_output().expect("it ends");
        let run = Run { status: output.status, stderr: String::from_utf8_lossy(&output.stderr).into_owned() };
        site.check(
            &run,
            &[0, code, if signal == "INT" { 130 } else { code }],
            &format!("round {round}, SIG{signal} after {delay} us"),
        );
    }
}

#[test]
fn a_record_of_what_was_not_linted_says_how_it_ended_too() {
    let site = Site::new();
    site.write("sleep.sql", "SELECT 1;\nSELECT pg_sleep(100);\n");
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        let mut command = site.command(None);
        let child = command.args(["--unlinted", "-f", "sleep.sql"]).spawn().expect("it runs");
        let limit = Instant::now() + Duration::from_secs(30);
        let running = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep.100' AND state = 'active'";
        while site.ask(running) != "1" {
            assert!(Instant::now() < limit, "the statement never runs");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill").success());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(code), "SIG{signal}");
        site.wait_until_quiet();
        let record = fs::read(site.directory.path().join("record.json")).expect("a record");
        let record: serde_json::Value = serde_json::from_slice(&record).expect("JSON");
        assert_eq!(record["exit_code"], code, "{record}");
        assert!(record["ended"].is_string() && record["result"] == "interrupted", "{record}");
        site.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;");
    }
}

#[test]
fn the_server_ends_sessions_or_itself() {
    let site = Site::new();
    let length = length(&site);
    let mut numbers = Numbers::new(0x0dd_ba11);
    for round in 0..40 {
        let child = site.command(None).spawn().expect("it runs");
        thread::sleep(Duration::from_micros(numbers.below(length)));
        let crashes = round % 4 == 3;
        // The session of the release, that of its lock, or both.
        let which = ["ORDER BY backend_start LIMIT 1", "ORDER BY backend_start DESC LIMIT 1", ""][round % 3];
        let pids = site.ask(&format!("SELECT pid FROM pg_stat_activity WHERE application_name = 'roof-exec' {which}"));
        for pid in pids.lines() {
            if crashes {
                // The server takes it for a crash and starts anew.
                let _ = Command::new("kill").args(["-s", "KILL", pid]).stderr(Stdio::null()).status();
            } else {
                let _ = site.cluster.sql("postgres", &format!("SELECT pg_terminate_backend({pid})"));
            }
        }
        let output = child.wait_with_output().expect("it ends");
        let run = Run { status: output.status, stderr: String::from_utf8_lossy(&output.stderr).into_owned() };
        site.check(&run, &[0, 2, 3], &format!("round {round}, crash {crashes} of {pids:?}"));
    }
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

/// A socket before the server's that closes one of the connections before a chosen message.
struct Proxy {
    directory: tempfile::TempDir,
    seen: [Arc<AtomicUsize>; 2],
}

impl Proxy {
    /// Closes the connection of that number, counted from 0, before its message of that number.
    fn new(cluster: &Cluster, cut: Option<(usize, Way, usize)>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("a socket");
        let server = cluster.socket_dir().join(".s.PGSQL.5432");
        let seen: [Arc<AtomicUsize>; 2] = std::array::from_fn(|_| Arc::default());
        let counters = seen.clone();
        thread::spawn(move || {
            for (number, client) in listener.incoming().flatten().enumerate() {
                let Ok(server) = UnixStream::connect(&server) else { break };
                for (way, from, to) in [(Way::ToServer, &client, &server), (Way::ToClient, &server, &client)] {
                    let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
                    let limit = cut.filter(|cut| cut.0 == number && cut.1 == way).map(|cut| cut.2);
                    let counter = (number == 0).then(|| Arc::clone(&counters[usize::from(way == Way::ToClient)]));
                    thread::spawn(move || {
                        let _ = forward(&from, &to, way, limit, counter.as_deref());
                        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                    });
                }
            }
        });
        Self { directory, seen }
    }
}

fn forward(
    mut from: &UnixStream,
    mut to: &UnixStream,
    way: Way,
    limit: Option<usize>,
    counter: Option<&AtomicUsize>,
) -> std::io::Result<()> {
    for number in 0.. {
        // Only the first message of a client has no kind.
        let mut message = vec![0; if way == Way::ToServer && number == 0 { 4 } else { 5 }];
        from.read_exact(&mut message)?;
        if limit == Some(number) {
            return Ok(());
        }
        let length = u32::from_be_bytes(message[message.len() - 4..].try_into().expect("four bytes"));
        from.take(u64::from(length) - 4).read_to_end(&mut message)?;
        to.write_all(&message)?;
        if let Some(counter) = counter {
            counter.store(number + 1, Ordering::SeqCst);
        }
    }
    Ok(())
}

#[test]
fn the_connection_ends_at_any_message() {
    let site = Site::new();
    let proxy = Proxy::new(&site.cluster, None);
    let run = Site::run(&mut site.command(Some(proxy.directory.path())));
    site.check(&run, &[0], "through a proxy");
    let counts: Vec<usize> = proxy.seen.iter().map(|seen| seen.load(Ordering::SeqCst)).collect();
    assert!(counts.iter().sum::<usize>() > 100, "{counts:?}");
    for (way, count) in [(Way::ToServer, counts[0]), (Way::ToClient, counts[1])] {
        for number in 0..count {
            let proxy = Proxy::new(&site.cluster, Some((0, way, number)));
            let run = Site::run(&mut site.command(Some(proxy.directory.path())));
            // The last message of the client is its farewell, when all is done.
            let code = if way == Way::ToServer && number + 1 == count { 0 } else { 2 };
            site.check(&run, &[code], &format!("cut before message {number} of {count} {way:?}"));
        }
    }
    // The connection that holds the lock.
    for (way, count) in [(Way::ToServer, 2), (Way::ToClient, 18)] {
        for number in 0..count {
            let proxy = Proxy::new(&site.cluster, Some((1, way, number)));
            let run = Site::run(&mut site.command(Some(proxy.directory.path())));
            site.check(&run, &[2], &format!("the lock's, cut before message {number} {way:?}"));
        }
    }
}

#[test]
fn nobody_takes_the_output() {
    let site = Site::new();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let gone = || {
        let (_, writer) = std::io::pipe().expect("a pipe");
        writer
    };
    // A full disk fails the statement whose result cannot be printed, as with psql.
    let run = Site::run(site.command(None).stdout(full()));
    assert!(run.stderr.contains("could not print result table: No space left on device"), "{}", run.stderr);
    site.check(&run, &[3], "a full disk");
    let psql = Command::new(site.cluster.bindir().join("psql"))
        .env_clear()
        .args(["-X", "-U", SUPERUSER, "-d", "postgres", "-f", "run.sql", "-h"])
        .arg(site.cluster.socket_dir())
        .current_dir(site.directory.path())
        .stdout(full())
        .output()
        .expect("it runs");
    assert_eq!(psql.status.code(), Some(3));
    assert_eq!(run.stderr.replace("roof-exec:", "psql:"), String::from_utf8_lossy(&psql.stderr));
    let run = Site::run(site.command(None).stdout(gone()));
    site.check(&run, &[141], "a closed standard output");
    // What was sent ahead by then is cancelled, not waited for.
    let tier = fs::read_to_string(site.directory.path().join("tier_0.sql")).expect("a tier");
    let (before, after) = tier.rsplit_once("pg_sleep(0.005)").expect("a statement");
    site.write("tier_0.sql", &format!("{before}pg_sleep(100){after}"));
    // Nor does it matter that the first request, on a connection of its own, is lost.
    let deaf = Proxy::new(&site.cluster, Some((2, Way::ToServer, 0)));
    let host = Some(deaf.directory.path());
    for (output, code, host) in
        [(Stdio::from(gone()), 141, None), (Stdio::from(full()), 3, None), (Stdio::from(full()), 3, host)]
    {
        let start = Instant::now();
        let run = Site::run(site.command(host).stdout(output));
        site.check(&run, &[code], "a closed standard output before a long statement");
        assert!(start.elapsed() < Duration::from_secs(90), "it was waited for");
    }
    site.write("tier_0.sql", &tier);
    // Nobody hears why the last tier fails: it does all the same.
    site.ask("CREATE VIEW t_2_0 AS SELECT 1");
    let run = Site::run(site.command(None).stderr(gone()));
    site.check(&run, &[141], "a closed standard error");
    let run = Site::run(site.command(None).args(["-o", "/dev/full"]));
    site.check(&run, &[3], "a full disk under -o");
    // The record itself cannot be written.
    let run = Site::run(site.command(None).args(["--record", "/dev/full"]));
    assert!(run.stderr.contains("the record cannot be written"), "{}", run.stderr);
    site.wait_until_quiet();
}

#[test]
fn the_server_stops_at_once() {
    let site = Site::new();
    let tier = fs::read_to_string(site.directory.path().join("tier_1.sql")).expect("a tier");
    site.write("tier_1.sql", &tier.replace("pg_sleep(0.005)", "pg_sleep(100)"));
    let child = site.command(None).spawn().expect("it runs");
    let limit = Instant::now() + Duration::from_secs(30);
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100);' AND state = 'active'";
    while site.ask(running) != "1" {
        assert!(Instant::now() < limit, "the statement never runs");
        thread::sleep(Duration::from_millis(5));
    }
    let pid: PathBuf = site.cluster.data_dir().join("postmaster.pid");
    let pid = fs::read_to_string(pid).expect("it runs").lines().next().expect("a number").to_owned();
    assert!(Command::new("kill").args(["-s", "QUIT", &pid]).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let record = fs::read(site.directory.path().join("record.json")).expect("a record");
    let record: serde_json::Value = serde_json::from_slice(&record).expect("JSON");
    assert_eq!(record["exit_code"], 2, "{record}");
    assert!(record["ended"].is_string() && record["result"] == "connection lost", "{record}");
    assert_eq!(record["failure"]["rollback"], serde_json::json!(["undo_0.sql"]), "{record}");
    let statement = record["failure"]["statement"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a number");
    assert_eq!(record["statements"][statement]["text"], "SELECT pg_sleep(100);", "{record}");
}

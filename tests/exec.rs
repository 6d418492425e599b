//! The executor against the real psql: standard output, standard error, exit code, files and
//! database are the same, script by script. `tests/exec/*.cases` hold the scripts.
//!
//! A case begins with `@@ name`; what follows is `main.sql`, run by `-X -f main.sql`. Lines
//! that begin with `@@` say more: `@@args …`, `@@file NAME`, `@@stdin`, `@@env NAME=VALUE`,
//! `@@merged` (both outputs into one pipe), `@@escapes` (`\xHH` in files are bytes).

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use roof_lint::cluster::{Cluster, SUPERUSER};
use support::Site as Clone;

#[derive(Debug, Default, Clone)]
struct Case {
    name: String,
    arguments: Option<String>,
    files: Vec<(String, String)>,
    stdin: Option<String>,
    environment: Vec<(String, String)>,
    is_merged: bool,
    has_escapes: bool,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut into_stdin = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if let Some(name) = bare.strip_prefix("@@ ") {
            let files = vec![("main.sql".to_owned(), String::new())];
            cases.push(Case { name: name.to_owned(), files, ..Case::default() });
            into_stdin = false;
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(arguments) = bare.strip_prefix("@@args") {
            case.arguments = Some(arguments.trim().to_owned());
        } else if let Some(name) = bare.strip_prefix("@@file ") {
            case.files.push((name.to_owned(), String::new()));
            into_stdin = false;
        } else if bare == "@@stdin" {
            case.stdin = Some(String::new());
            into_stdin = true;
        } else if let Some(pair) = bare.strip_prefix("@@env ") {
            let (name, value) = pair.split_once('=').expect("NAME=VALUE");
            case.environment.push((name.to_owned(), value.to_owned()));
        } else if bare == "@@merged" {
            case.is_merged = true;
        } else if bare == "@@escapes" {
            case.has_escapes = true;
        } else if bare == "@@nonl" {
            let text = if into_stdin { case.stdin.as_mut() } else { case.files.last_mut().map(|(_, text)| text) };
            let text = text.expect("a text");
            assert_eq!(text.pop(), Some('\n'));
        } else if into_stdin {
            case.stdin.as_mut().expect("it was begun").push_str(line);
        } else if let Some((_, text)) = case.files.last_mut() {
            text.push_str(line);
        }
    }
    cases
}

/// `\xHH` as bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = rest.strip_prefix(b"\\x").and_then(|rest| rest.get(..2));
        let value = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match value {
            Some(value) => {
                bytes.push(value);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Words of a command line: blanks between them, single quotes around blanks.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut is_open, mut has_word) = (String::new(), false, false);
    for character in text.chars() {
        match character {
            '\'' => {
                is_open = !is_open;
                has_word = true;
            }
            ' ' if !is_open => {
                if has_word {
                    words.push(std::mem::take(&mut word));
                }
                has_word = false;
            }
            other => {
                word.push(other);
                has_word = true;
            }
        }
    }
    if has_word {
        words.push(word);
    }
    words
}

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    stdout: String,
    stderr: String,
    code: Option<i32>,
    files: BTreeMap<String, Vec<u8>>,
}

struct Bench<'a> {
    cluster: &'a Cluster,
    program: PathBuf,
    extra: Option<&'static str>,
    directory: PathBuf,
    database: String,
}

impl Bench<'_> {
    fn run(&self, case: &Case) -> Trace {
        let directory = self.directory.join("run");
        let _ = fs::remove_dir_all(&directory);
        for (name, text) in &case.files {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, if case.has_escapes { unescaped(text) } else { text.clone().into_bytes() })
                .expect("a file");
        }
        let mut command = Command::new(&self.program);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("TZ", "UTC").env("HOME", &directory);
        command.env("PGHOST", self.cluster.socket_dir()).env("PGUSER", SUPERUSER).env("PGDATABASE", &self.database);
        command.envs(case.environment.iter().map(|(name, value)| (name, value)));
        command.args(self.extra).args(words(case.arguments.as_deref().unwrap_or("-X -f main.sql")));
        command.current_dir(&directory);
        let stdin =
            case.stdin.as_ref().map(|text| if case.has_escapes { unescaped(text) } else { text.clone().into_bytes() });
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let output = if case.is_merged {
            let (mut reader, writer) = std::io::pipe().expect("a pipe");
            command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
            let mut child = command.spawn().expect("it runs");
            drop(command);
            if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
                let _ = pipe.write_all(&text);
            }
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).expect("it is read");
            (bytes, Vec::new(), child.wait().expect("it ends").code())
        } else {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("it runs");
            let pipe = child.stdin.take();
            let feeder = std::thread::spawn(move || stdin.zip(pipe).map(|(text, mut pipe)| pipe.write_all(&text)));
            let output = child.wait_with_output().expect("it ends");
            let _ = feeder.join();
            (output.stdout, output.stderr, output.status.code())
        };
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&directory).into_iter().flatten().filter(|entry| entry.file_type().is_file())
        {
            let name = entry.path().strip_prefix(&directory).expect("it lies within").to_string_lossy().into_owned();
            files.insert(name, fs::read(entry.path()).expect("a file"));
        }
        let program = self.program.to_string_lossy().into_owned();
        Trace { stdout: settled(&output.0, &program), stderr: settled(&output.1, &program), code: output.2, files }
    }
}

/// The text without what differs from run to run: times, processes, where the program is.
fn settled(bytes: &[u8], program: &str) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| format!("{}", bytes.escape_ascii()));
    let text = text.replace(program, "PSQL");
    let line = |line: &str| {
        if line.starts_with("Time: ") && line.ends_with(" ms\n") {
            return "Time: 0 ms\n".to_owned();
        }
        match line.split_once("server process with PID ") {
            Some((before, _)) => format!("{before}server process with PID 0.\n"),
            None => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(line).collect()
}

fn difference(expected: &str, actual: &str) -> String {
    similar::TextDiff::from_lines(expected, actual)
        .unified_diff()
        .context_radius(2)
        .header("psql", "executor")
        .to_string()
}

#[test]
fn every_script_does_what_it_does_by_psql() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let directory = tempfile::tempdir().expect("a directory");
    let link = directory.path().join("psql");
    symlink(env!("CARGO_BIN_EXE_roof-exec"), &link).expect("a link");
    let only = std::env::var("ROOF_EXEC_ONLY").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exec");
    let mut groups: Vec<PathBuf> =
        fs::read_dir(&folder).expect("tests/exec").map(|entry| entry.expect("an entry").path()).collect();
    groups.retain(|path| path.extension().is_some_and(|extension| extension == "cases"));
    groups.sort();
    let mut failures = String::new();
    let mut count = 0;
    for group in groups {
        let cases = cases(&fs::read_to_string(&group).expect("cases"));
        // Once more as one block that ends with its first failure: most is sent ahead there.
        let in_a_block = cases.iter().filter(|case| case.arguments.is_none()).map(|case| Case {
            name: format!("{}, in a block", case.name),
            arguments: Some("-X -1 -v ON_ERROR_STOP=1 -f main.sql".to_owned()),
            ..case.clone()
        });
        let cases = cases.iter().cloned().chain(in_a_block);
        let cases: Vec<Case> = cases.filter(|case| case.name.contains(&only)).collect();
        if cases.is_empty() {
            continue;
        }
        let mut sides = Vec::new();
        for (program, extra) in [(cluster.bindir().join("psql"), None), (link.clone(), Some("--unlinted"))] {
            cluster.sql("postgres", "DROP DATABASE IF EXISTS cases; ").expect("dropped");
            cluster.sql("postgres", "CREATE DATABASE cases;").expect("created");
            let bench = Bench {
                cluster: &cluster,
                program,
                extra,
                directory: directory.path().to_owned(),
                database: "cases".to_owned(),
            };
            let traces: Vec<Trace> = cases.iter().map(|case| bench.run(case)).collect();
            sides.push((traces, cluster.dump("cases").expect("a dump")));
        }
        let [expected, actual] = &sides[..] else { panic!("two sides") };
        for ((case, expected), actual) in cases.iter().zip(&expected.0).zip(&actual.0) {
            count += 1;
            if expected != actual {
                let name = group.file_stem().unwrap_or_default().to_string_lossy();
                let text = format!(
                    "---- {name}: {}\nexit codes {:?} and {:?}\nstdout {}\nstderr {}\n",
                    case.name,
                    expected.code,
                    actual.code,
                    difference(&expected.stdout, &actual.stdout),
                    difference(&expected.stderr, &actual.stderr),
                );
                failures.push_str(&text);
                for (name, bytes) in &expected.files {
                    let other = actual.files.get(name).map(Vec::as_slice).unwrap_or_default();
                    if other != bytes {
                        failures += &difference(&String::from_utf8_lossy(bytes), &String::from_utf8_lossy(other));
                    }
                }
            }
        }
        if expected.1 != actual.1 {
            failures += &difference(&String::from_utf8_lossy(&expected.1), &String::from_utf8_lossy(&actual.1));
        }
    }
    assert!(failures.is_empty(), "of {count} scripts these differ\n{failures}");
    assert!(count >= 250 || !only.is_empty(), "there are only {count} scripts");
}

/// A package of one tier in a directory of its own, and the executor on it.
struct Site<'a> {
    cluster: &'a Cluster,
    directory: tempfile::TempDir,
}

const PACKAGE: &str = r#"
[[package]]
name = "small"
root = "."
database = "postgres"
executor = "run.sql"
variables = { code = "x" }
"#;

impl Site<'_> {
    fn new<'a>(cluster: &'a Cluster, files: &[(&str, &str)]) -> Site<'a> {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in std::iter::once(&("lint.toml", PACKAGE)).chain(files) {
            fs::write(directory.path().join(name), text).expect("a file");
        }
        Site { cluster, directory }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roof-exec"));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGHOST", self.cluster.socket_dir());
        command.env("PGUSER", SUPERUSER).env("PGDATABASE", "postgres").current_dir(self.directory.path());
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn record(&self) -> serde_json::Value {
        let text = fs::read(self.directory.path().join("record.json")).expect("a record");
        serde_json::from_slice(&text).expect("JSON")
    }

    fn ask(&self, query: &str) -> String {
        self.cluster.sql("postgres", query).expect("an answer")
    }
}

#[test]
fn a_package_runs_only_as_it_was_judged() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let read_only = "\\set ON_ERROR_STOP on\n\\if :{?code}\n\\else\n\\set code ''\n\\endif\nSELECT :'code' AS code;\n";

    // It passes: psql's output, and a record.
    let site = Site::new(&cluster, &[("run.sql", read_only)]);
    let (code, stdout, stderr) = site.run(&["-v", "code=a'; DROP", "--record", "record.json", "-f", "run.sql"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert_eq!(stdout, "   code   \n----------\n a'; DROP\n(1 row)\n\n");
    let record = site.record();
    assert_eq!(
        (&record["result"], &record["verdict"], &record["exit_code"]),
        (&"done".into(), &"pass".into(), &0.into())
    );
    assert_eq!(record["statements"][0]["tags"][0], "SELECT 1");
    assert!(record["files"]["run.sql"].as_str().is_some_and(|hash| hash.len() == 64), "{record}");

    // Nothing is sent where something is denied, and nothing is printed on standard output.
    let site = Site::new(&cluster, &[("run.sql", "DROP TABLE nope CASCADE;\n\\! echo x\n")]);
    let (code, stdout, stderr) = site.run(&["-f", "run.sql"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("forbidden-command"), "{stderr}");

    // What no package has is not run.
    let site = Site::new(&cluster, &[("run.sql", read_only), ("other.sql", "SELECT 1;\n")]);
    for arguments in [&["-f", "other.sql"][..], &["-c", "SELECT 1"], &["-f", "run.sql", "-c", "SELECT 1"], &["-f", "-"]]
    {
        let (code, stdout, _) = site.run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
    let (code, stdout, _) = site.run(&["--unlinted", "-Atf", "other.sql"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "1\n"));
    // Refused before anything connects, though nothing was linted.
    let refused = Site::new(&cluster, &[("a.sql", "\\i b.sql\n"), ("b.sql", "\\if false\n\\! echo x\n\\endif\n")]);
    let (code, _, stderr) = refused.run(&["--unlinted", "-h", "/nonexistent", "-f", "a.sql"]);
    assert_eq!((code, stderr.as_str()), (Some(1), "roof-exec:b.sql:2: error: \\! is not supported\n"));

    // What changes the meaning of what was judged is refused.
    for arguments in [
        &["-S", "-f", "run.sql"][..],
        &["-1", "-f", "run.sql"],
        &["-v", "AUTOCOMMIT=off", "-f", "run.sql"],
        &["-v", "ON_ERROR_STOP=off", "-f", "run.sql"],
        &["-v", "ON_ERROR_STOP", "-f", "run.sql"],
        &["-d", "dbname=postgres options=-crole=x", "-f", "run.sql"],
        &["-d", "postgresql:///postgres?options=-csearch_path%3Dx", "-f", "run.sql"],
        &["-d", "service=odd", "-f", "run.sql"],
    ] {
        let mut command = site.command(arguments);
        fs::write(site.directory.path().join("services"), "[odd]\noptions=-crole=x\n").expect("a file");
        let output = command.env("PGSERVICEFILE", "services").output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?} {stderr}");
        assert!(stderr.contains("was judged without"), "{arguments:?} {stderr}");
    }

    // It prints what it would send and connects to nothing.
    let (code, stdout, _) = site.run(&["--dry-run", "-h", "/nonexistent", "-v", "code=it's", "-f", "run.sql"]);
    assert_eq!(code, Some(0));
    assert!(
        stdout.starts_with(
            "-- run.sql:1\n-- \\set ON_ERROR_STOP on\n-- run.sql:2\n-- \\if :{?code}  (taken)\n\
             -- run.sql:3\n-- \\else  (not taken)\n-- run.sql:5\n-- \\endif\n"
        ),
        "{stdout}"
    );
    assert!(stdout.ends_with("-- run.sql:6\nSELECT 'it''s' AS code;\n"), "{stdout}");
    let script = "\\set mode full\nSELECT count(*) > 0 AS empty FROM pg_class \\gset now_\n\\if :now_empty\nSELECT 1;\n\
                  \\if :{?mode}\nSELECT 2;\n\\endif\n\\set mode none\n\\elif :{?other}\nSELECT 3;\n\\else\nSELECT 4;\n\\endif\n\
                  SELECT :'mode';\n";
    let open = Site::new(&cluster, &[("a.sql", script)]);
    let (code, stdout, _) = open.run(&["--dry-run", "--unlinted", "-f", "a.sql"]);
    let sent: Vec<&str> = stdout.lines().filter(|line| !line.starts_with("-- a.sql")).collect();
    let expected = [
        "-- \\set mode full",
        "SELECT count(*) > 0 AS empty FROM pg_class ",
        "-- \\gset now_",
        "-- \\if :now_empty  (the server decides)",
        "SELECT 1;",
        "-- \\if :{?mode}  (taken)",
        "SELECT 2;",
        "-- \\endif",
        "-- \\set mode none",
        "-- \\elif :{?other}  (not taken)",
        "-- \\else  (the server decides)",
        "SELECT 4;",
        "-- \\endif",
        // It was set where nobody knows whether it is.
        "SELECT :'mode';",
    ];
    assert_eq!((code, sent.as_slice()), (Some(0), &expected[..]), "{stdout}");
}

#[test]
fn a_reader_that_leaves_ends_the_run() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let start = "\\set ON_ERROR_STOP on\nSELECT 1;\n";

    // psql dies of the signal; what keeps a record ends, and says so.
    let many = "SELECT repeat('x', 100) FROM generate_series(1, 5000);\n";
    let site = Site::new(&cluster, &[("run.sql", &format!("{start}{many}SELECT 3;\n"))]);
    for (arguments, keeps_record) in [
        (&["-f", "run.sql", "--record", "record.json"][..], true),
        (&["--unlinted", "-f", "run.sql", "--record", "record.json"], true),
        (&["--unlinted", "-f", "run.sql"], false),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = site.command(arguments).stdout(writer).output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        if !keeps_record {
            assert_eq!(output.status.signal(), Some(13), "{stderr}");
            continue;
        }
        assert_eq!(output.status.code(), Some(141), "{stderr}");
        let record = site.record();
        assert_eq!((&record["result"], &record["exit_code"]), (&"interrupted".into(), &141.into()), "{record}");
        assert_eq!(record["statements"].as_array().map(Vec::len), Some(1), "{record}");
    }
}

/// Waits until a query has that answer.
fn wait_for(cluster: &Cluster, query: &str, wanted: &str) {
    use std::time::{Duration, Instant};
    let limit = Instant::now() + Duration::from_mins(1);
    while cluster.sql("postgres", query).expect("an answer") != wanted {
        assert!(Instant::now() < limit, "{query} never is {wanted}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_script_drops_the_lock() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100);' AND state = 'active'";
    for drops in ["SELECT pg_advisory_unlock_all();\n", "DISCARD ALL;\n"] {
        let script = format!("\\set ON_ERROR_STOP on\n{drops}SELECT pg_sleep(100);\nSELECT 1;\n");
        let site = Site::new(&cluster, &[("run.sql", &script)]);
        let child = site.command(&["-f", "run.sql"]).spawn().expect("it runs");
        wait_for(&cluster, running, "1");
        let (code, stdout, stderr) = site.run(&["-f", "run.sql"]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{drops}");
        assert!(
            stderr.starts_with("roof-exec: error: another release is running on this database: process "),
            "{stderr}"
        );
        wait_for(&cluster, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted", "1");
        site.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100);'");
        assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(2));
    }
    // The lock is looked after before each statement.
    let script = "\\set ON_ERROR_STOP on\nSELECT pg_sleep(0.5);\nSELECT 1;\n";
    let site = Site::new(&cluster, &[("run.sql", script)]);
    let child = site.command(&["-f", "run.sql"]).spawn().expect("it runs");
    wait_for(&cluster, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(0.5);'", "1");
    site.ask(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
         WHERE locktype = 'advisory' AND query <> 'SELECT pg_sleep(0.5);'",
    );
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("the lock that keeps two releases apart is lost"), "{stderr}");
}

#[test]
fn signals_cancel_and_one_release_runs_at_a_time() {
    use std::time::{Duration, Instant};
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let script = "\\set ON_ERROR_STOP on\nBEGIN TRANSACTION READ ONLY;\nSET LOCAL statement_timeout = '1h';\nSELECT pg_sleep(100);\nCOMMIT;\n";
    let site = Site::new(&cluster, &[("run.sql", script)]);
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100);' AND state = 'active'";
    let waits = |wanted: &str| {
        let limit = Instant::now() + Duration::from_mins(1);
        while site.ask(running) != wanted {
            assert!(Instant::now() < limit, "the statement runs {wanted} times");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    for (signal, expected) in [("INT", 3), ("TERM", 143)] {
        let child = site.command(&["--record", "record.json", "-f", "run.sql"]).spawn().expect("it runs");
        waits("1");
        if signal == "INT" {
            let (code, _, stderr) = site.run(&["-f", "run.sql"]);
            assert_eq!(code, Some(1));
            assert!(stderr.contains("another release is running on this database: process "), "{stderr}");
        }
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill runs");
        assert!(kill.success());
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(expected), "{stderr}");
        let expected = "Cancel request sent\nroof-exec:run.sql:4: ERROR:  canceling statement due to user request\n";
        assert!(stderr.starts_with(expected), "{stderr}");
        waits("0");
        let record = site.record();
        assert_eq!(record["failure"]["statement"], 2, "{record}");
        assert_eq!(record["statements"][2]["error"]["sqlstate"], "57014");
    }
}

/// Moments as `T`, since each run has its own.
fn timeless(bytes: &[u8]) -> Vec<u8> {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00";
    let is_moment = |bytes: &[u8]| {
        let matches = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
        bytes.len() >= SHAPE.len() && bytes.iter().zip(SHAPE).all(matches)
    };
    let mut text = Vec::new();
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        if is_moment(rest) {
            text.push(b'T');
            rest = &rest[SHAPE.len()..];
            while let [b'.' | b'0'..=b'9', after @ ..] = rest {
                rest = after;
            }
        } else {
            text.push(*first);
            rest = after;
        }
    }
    text
}

#[test]
fn the_release_does_the_same_by_the_executor_and_by_psql() {
    const APR: &str = "ratified_apr=APR-2026-0211";
    let site = Clone::new();
    let directory = tempfile::tempdir().expect("a directory");
    let link = directory.path().join("psql");
    symlink(env!("CARGO_BIN_EXE_roof-exec"), &link).expect("a link");
    let by_executor = |file: &str| {
        let output = Command::new(&link)
            .env_clear()
            .envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")])
            .current_dir(support::repository())
            .arg("-h")
            .arg(site.cluster().socket_dir())
            .args(["-X", "-d", "directus", "-U", "workflow_admin", "-v", "ON_ERROR_STOP=1", "-v", APR, "-f", file])
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        (output.status.code(), timeless(&output.stdout), timeless(&output.stderr))
    };
    let by_psql = |file: &str| {
        let run = site.run_file(file, &[APR]);
        (run.code, timeless(run.stdout.as_bytes()), timeless(run.stderr.as_bytes()))
    };
    let same = |file: &str| {
        site.snapshot("before");
        let expected = by_psql(file);
        site.wait_until_deserted();
        let expected_dump = timeless(&site.dump());
        site.restore("before");
        let actual = by_executor(file);
        site.wait_until_deserted();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(expected.0, actual.0, "{file}: {}", text(&actual.2));
        assert_eq!(text(&expected.1), text(&actual.1), "{file}");
        assert_eq!(text(&expected.2), text(&actual.2), "{file}");
        site.assert_same_dump(&expected_dump, &timeless(&site.dump()));
        expected.0
    };
    // The gate is shut: the preflight refuses, and nothing has changed.
    let shut = site.dump();
    assert_eq!(same("sql/prod/99_run_all.sql"), Some(3));
    site.assert_same_dump(&shut, &site.dump());
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &[APR]).succeeds();
    for file in [
        "sql/prod/00_preflight.sql",
        "sql/prod/99_run_all.sql",
        "sql/prod/90_verify.sql",
        "sql/prod_rollback/per_tier_rollback.sql",
        "sql/prod_rollback/99_rollback_full.sql",
    ] {
        same(file);
    }
}

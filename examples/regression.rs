//! PostgreSQL's regression scripts by the executor and by psql:
//! `cargo run --release --example regression -- DIRECTORY [SCRIPT…]`. Each side has a server of
//! its own and does the same in the same order; psql does it twice, to tell what differs from run
//! to run anyway. What needs a metacommand that is never done is counted, not run.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use roof_lint::cluster::{Cluster, SUPERUSER};

/// How long a script may take.
const LIMIT: Duration = Duration::from_secs(100);

/// As the suite itself runs them, and as one block that ends with its first failure.
const MODES: [&[&str]; 2] = [&["-a"], &["-1", "-v", "ON_ERROR_STOP=1"]];

/// A program with a server of its own.
struct Side {
    cluster: Cluster,
    program: PathBuf,
    extra: Option<&'static str>,
}

/// Both outputs in their order, and the exit code; none after a signal.
#[derive(PartialEq, Eq, Clone)]
struct Trace {
    text: String,
    code: Option<i32>,
    is_late: bool,
}

impl Side {
    fn run(&self, directory: &Path, script: &str, options: &[&str]) -> Trace {
        let mut command = Command::new(&self.program);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGHOST", self.cluster.socket_dir());
        command.env("PGUSER", SUPERUSER).env("PGDATABASE", "regression").env("PGAPPNAME", "regression");
        command.env("PGTZ", "PST8PDT").env("PGDATESTYLE", "Postgres, MDY");
        command.envs(surroundings(directory, &self.cluster));
        command.args(self.extra).args(["-X", "-q"]).args(options).args(["-f", script]).current_dir(directory);
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        command.stdin(Stdio::null()).stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let mut child = command.spawn().expect("it runs");
        drop(command);
        let text = thread::spawn(move || {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        });
        let limit = Instant::now() + LIMIT;
        let mut is_late = false;
        let status = loop {
            if let Some(status) = child.try_wait().expect("it ends") {
                break status;
            }
            if Instant::now() > limit && !is_late {
                is_late = true;
                child.kill().expect("it is killed");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let bytes = text.join().expect("a thread").expect("output");
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => error.as_bytes().escape_ascii().to_string().replace("\\n", "\n"),
        };
        let socket = self.cluster.socket_dir().to_string_lossy().into_owned();
        Trace { text: text.replace(&socket, "SOCKETS"), code: status.code(), is_late }
    }

    fn fresh(&self, number: usize) {
        let sql = "DROP DATABASE IF EXISTS regression WITH (FORCE);";
        if self.cluster.sql("postgres", sql).is_err() {
            // A subscription holds it.
            let name = format!("ALTER DATABASE regression RENAME TO regression_before_{number};");
            self.cluster.sql("postgres", &name).expect("put aside");
        }
        self.cluster.sql("postgres", "CREATE DATABASE regression TEMPLATE setup;").expect("created");
    }
}

/// Whether all but the last line of the one is what the other begins with.
fn is_before(one: &str, other: &str) -> bool {
    let lines = one.lines().count().saturating_sub(1);
    one.lines().take(lines).eq(other.lines().take(lines))
}

/// Where the scripts of PostgreSQL's own tree, which lie in `sql`, look for their data.
fn surroundings(directory: &Path, cluster: &Cluster) -> [(&'static str, PathBuf); 3] {
    let tree = fs::canonicalize(directory).expect("a directory");
    let parent = tree.parent().map(Path::to_owned).unwrap_or_default();
    let libraries = cluster.bindir().with_file_name("lib");
    [("PG_ABS_SRCDIR", parent), ("PG_LIBDIR", libraries), ("PG_DLSUFFIX", PathBuf::from(".so"))]
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        eprintln!("regression DIRECTORY [SCRIPT…]");
        return ExitCode::from(2);
    };
    let only: Vec<String> = arguments.collect();
    let mut scripts: Vec<String> = fs::read_dir(&directory)
        .expect("a directory")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "sql") && name != "test_setup.sql")
        .filter(|name| only.is_empty() || only.iter().any(|wanted| name.strip_suffix(".sql") == Some(wanted)))
        .collect();
    scripts.sort();
    let links = tempfile::tempdir().expect("a directory");
    let executor = std::env::current_exe().expect("a path");
    let executor = executor.ancestors().nth(2).expect("a target directory").join("roof-exec");
    symlink(&executor, links.path().join("psql")).expect("a link");
    let side = |is_ours: bool| {
        let cluster = Cluster::start().expect("PostgreSQL starts");
        let program = if is_ours { links.path().join("psql") } else { cluster.bindir().join("psql") };
        Side { cluster, program, extra: is_ours.then_some("--unlinted") }
    };
    let (psql, ours, again) = (side(false), side(true), side(false));
    for side in [&psql, &ours, &again] {
        side.cluster.sql("postgres", "CREATE DATABASE setup;").expect("created");
        let plain = side.cluster.bindir().join("psql");
        let output = Command::new(plain)
            .args(["-X", "-q", "-U", SUPERUSER, "-d", "setup", "-f", "test_setup.sql", "-h"])
            .arg(side.cluster.socket_dir())
            .envs(surroundings(&directory, &side.cluster))
            .current_dir(&directory)
            .output();
        output.expect("the setup runs");
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let runs = scripts.iter().flat_map(|script| MODES.map(|options| (script, options)));
    for (number, (script, options)) in runs.enumerate() {
        ours.fresh(number);
        let actual = ours.run(&directory, script, options);
        let is_refused = actual.code == Some(1) && actual.text.trim_end().ends_with("is not supported");
        let verdict = if is_refused && actual.text.lines().count() == 1 {
            print!("{}", actual.text);
            "refused"
        } else {
            psql.fresh(number);
            let expected = psql.run(&directory, script, options);
            again.fresh(number);
            let control = again.run(&directory, script, options);
            if expected.is_late || actual.is_late || control.is_late {
                println!(
                    "{script}: late: psql {}, executor {}, psql {}",
                    expected.is_late, actual.is_late, control.is_late
                );
                "late"
            } else if expected == actual {
                "same"
            } else if is_refused && is_before(&actual.text, &expected.text) {
                // What looked like the data of a COPY, which failed, was none.
                println!("{script}: {}", actual.text.lines().last().unwrap_or_default());
                "same up to what is refused"
            } else {
                let diff = |one: &Trace, other: &Trace| {
                    let text = similar::TextDiff::from_lines(&one.text, &other.text);
                    format!("codes {:?} and {:?}\n{}", one.code, other.code, text.unified_diff().context_radius(1))
                };
                println!("---- {script}\n{}", diff(&expected, &actual));
                if expected == control {
                    "differs"
                } else {
                    println!("-- psql and psql: {}", diff(&expected, &control));
                    "psql differs from itself too"
                }
            }
        };
        *counts.entry(verdict).or_default() += 1;
        if verdict.contains("differs") {
            println!("{script}: {verdict}");
        }
    }
    println!("{} scripts in two ways: {counts:?}", scripts.len());
    ExitCode::from(u8::from(counts.contains_key("differs")))
}

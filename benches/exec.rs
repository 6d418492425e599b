//! What the executor costs, in ratios to psql in the same run: wall time, and the most memory
//! that either had. `cargo bench --bench exec` prints a line for each; words after `--` choose.

#[path = "support/memory.rs"]
mod memory;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use roof_lint::cluster::{Cluster, SUPERUSER};

use memory::watched;

/// How long every byte takes each way in the case with latency.
const LATENCY: Duration = Duration::from_micros(500);

/// One comparison.
struct Case {
    name: &'static str,
    /// What both are given besides the connection.
    arguments: Vec<String>,
    /// How often they run; the least counts.
    rounds: usize,
    /// How often the program is started in a round.
    repeats: usize,
    is_delayed: bool,
    /// The ratio that is wanted.
    wanted: f64,
}

/// What a program took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    /// In kB.
    memory: u64,
}

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let directory = tempfile::tempdir().expect("a directory");
    let slow = directory.path().join("slow");
    std::fs::create_dir(&slow).expect("a directory");
    delay(&slow.join(".s.PGSQL.5432"), cluster.socket_dir().join(".s.PGSQL.5432"));
    let psql = cluster.bindir().join("psql");
    let executor = PathBuf::from(env!("CARGO_BIN_EXE_roof-exec"));
    println!(
        "{:<44} {:>9} {:>9} {:>6} {:>6}   {:>9} {:>9} {:>6}",
        "", "psql", "executor", "ratio", "wanted", "psql", "executor", "ratio"
    );
    for case in cases(directory.path()) {
        if !only.is_empty() && !only.iter().any(|word| case.name.contains(word.as_str())) {
            continue;
        }
        let host = if case.is_delayed { &slow } else { cluster.socket_dir() };
        let mut least: [Option<Cost>; 2] = [None; 2];
        for _ in 0..case.rounds {
            for (least, (program, extra)) in least.iter_mut().zip([(&psql, None), (&executor, Some("--unlinted"))]) {
                cluster
                    .sql("postgres", "DROP TABLE IF EXISTS t; CREATE TABLE t (id int, note text);")
                    .expect("a table");
                let cost = run(program, extra, host, &case);
                let best = least.get_or_insert(cost);
                best.time = best.time.min(cost.time);
                best.memory = best.memory.min(cost.memory);
            }
        }
        let [Some(psql), Some(executor)] = least else { continue };
        let ratio = executor.time.as_secs_f64() / psql.time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a ratio of two figures of a few digits")]
        let memory = executor.memory as f64 / psql.memory as f64;
        println!(
            "{:<44} {:>6.0} ms {:>6.0} ms {ratio:>6.2} {:>6.2}   {:>6} kB {:>6} kB {memory:>6.2}",
            case.name,
            psql.time.as_secs_f64() * 1000.0,
            executor.time.as_secs_f64() * 1000.0,
            case.wanted,
            psql.memory,
            executor.memory,
        );
    }
}

fn cases(directory: &Path) -> Vec<Case> {
    let script = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).expect("a script");
        vec!["-v".to_owned(), "ON_ERROR_STOP=1".to_owned(), "-f".to_owned(), path.display().to_string()]
    };
    let inserts = |count: usize, length: usize| {
        let note = "x".repeat(length);
        (0..count).fold(String::new(), |mut text, id| {
            writeln!(text, "INSERT INTO t (id, note) VALUES ({id}, '{note}');").expect("a string");
            text
        })
    };
    let block = |text: &str| format!("BEGIN;\n{text}COMMIT;\n");
    let rows = |count: usize| {
        let note = "x".repeat(470);
        let mut text = "INSERT INTO t (id, note) VALUES\n".to_owned();
        for id in 0..count {
            writeln!(text, "({id}, '{note}'){}", if id + 1 < count { "," } else { ";" }).expect("a string");
        }
        text
    };
    let bodies = (0..473).fold(String::new(), |mut text, _| {
        text.push_str("DO $do$\nBEGIN\n");
        for line in 0..1600 {
            writeln!(text, "    PERFORM 1; -- the comment of line {line} 'is' \"this\"; so it goes on")
                .expect("a string");
        }
        text.push_str("END\n$do$;\n");
        text
    });
    let data = (0..106_000).fold("COPY t FROM STDIN;\n".to_owned(), |mut text, id| {
        writeln!(text, "{id}\t{}", "x".repeat(470)).expect("a string");
        text
    }) + "\\.\n";
    let case = |name, arguments, rounds| Case { name, arguments, rounds, repeats: 1, is_delayed: false, wanted: 1.0 };
    let small = inserts(10_000, 20);
    let million = "SELECT i, md5(i::text), i * 1.5, NULL FROM generate_series(1, 1000000) i;\n";
    vec![
        Case { repeats: 20, ..case("start-up", vec!["-c".to_owned(), "SELECT 1".to_owned()], 7) },
        case("10,000 INSERTs, each by itself", script("each.sql", &small), 15),
        case("10,000 INSERTs in a block", script("block.sql", &block(&small)), 15),
        case("50 MB: 100,000 INSERTs in a block", script("large.sql", &block(&inserts(100_000, 470))), 3),
        case("50 MB: INSERTs of 1,000 rows", script("rows.sql", &rows(1000).repeat(106)), 3),
        case("50 MB: data of COPY", script("copy.sql", &data), 9),
        case("50 MB: DO blocks", script("do.sql", &bodies), 3),
        case("1,000,000 rows, aligned", script("million.sql", million), 3),
        Case {
            is_delayed: true,
            wanted: 0.4,
            ..case("10,000 INSERTs in a block, 0.5 ms each way", script("slow.sql", &block(&small)), 1)
        },
    ]
}

fn run(program: &Path, extra: Option<&str>, host: &Path, case: &Case) -> Cost {
    let mut time = Duration::ZERO;
    let mut memory = 0;
    for _ in 0..case.repeats {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGHOST", host).env("PGUSER", SUPERUSER);
        command.env("PGDATABASE", "postgres").args(extra).arg("-X").args(&case.arguments);
        command.stdin(Stdio::null()).stdout(File::create("/dev/null").expect("it is there"));
        let start = Instant::now();
        let (end, most) = watched(command.spawn().expect("it runs"));
        time += start.elapsed();
        assert!(end.success(), "{}: {end}", program.display());
        memory = memory.max(most);
    }
    Cost { time: time / u32::try_from(case.repeats).expect("a few"), memory }
}

/// A socket before another one, with latency both ways.
fn delay(path: &Path, target: PathBuf) {
    let listener = UnixListener::bind(path).expect("a socket");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = UnixStream::connect(&target).expect("the server");
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (mut from, mut to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
                let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
                thread::spawn(move || {
                    let mut bytes = vec![0; 64 * 1024];
                    while let Ok(count @ 1..) = from.read(&mut bytes) {
                        if sender.send((Instant::now() + LATENCY, bytes[..count].to_vec())).is_err() {
                            break;
                        }
                    }
                });
                thread::spawn(move || {
                    for (due, bytes) in receiver {
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        if to.write_all(&bytes).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
}

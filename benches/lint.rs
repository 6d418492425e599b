//! What linting costs, in ratios: against PostgreSQL's bare parser on the same bytes in the
//! same run, and of one size against another; and the most memory for each byte of a script.
//! `cargo bench --bench lint` prints a line for each.

#[path = "support/memory.rs"]
mod memory;
mod support;

/// That of the program.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};
use roof_lint::psql::Item;

use memory::watched;
use support::package;

/// How often each figure is taken; the least counts.
const ROUNDS: usize = 3;

fn least(mut work: impl FnMut()) -> Duration {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(|_| time(&mut work)).min().unwrap_or_default()
}

/// PostgreSQL's parser over the texts, on as many threads as the linter parses with.
fn bare(texts: &[String]) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(text) = texts.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    pg_query::parse(text, 0).expect("a script");
                }
            });
        }
    });
}

fn measure(name: &str, tiers: usize, statements: usize) -> f64 {
    let directory = tempfile::tempdir().expect("a directory");
    let texts = package(directory.path(), tiers, statements);
    let whole = least(|| linted(directory.path()));
    let parsed = least(|| bare(&texts));
    let bytes: usize = texts.iter().map(String::len).sum();
    let ratio = whole.as_secs_f64() / parsed.as_secs_f64();
    println!(
        "{name}: {statements} statements, {} files, {bytes} bytes: lint {whole:?}, bare parse {parsed:?}, ratio {ratio:.2}",
        texts.len()
    );
    whole.as_secs_f64() / f64::from(u32::try_from(statements).expect("not so many"))
}

/// Lints a package that is clean.
fn linted(directory: &Path) {
    let job = Job { directory: directory.to_owned(), config: configuration(directory), packages: Vec::new() };
    let outcome = lint(job).expect("it can be linted");
    let findings: usize = outcome.packages.iter().map(|package| package.findings.len()).sum();
    assert_eq!(findings, 0, "the package is clean");
}

fn configuration(directory: &Path) -> Config {
    let text = std::fs::read_to_string(directory.join("lint.toml")).expect("a configuration");
    Config::parse("lint.toml", &text).expect("a configuration")
}

/// The program on the package in `sql/`, against starting a program that does nothing, reading
/// the same scripts and parsing what they send.
fn start() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |program: &str| {
        let mut command = Command::new(program);
        let status = command.current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("it starts").success(), "{program} succeeds");
    };
    let whole = least(|| run(env!("CARGO_BIN_EXE_roof-lint")));
    let floor = least(|| {
        run("true");
        for entry in walkdir::WalkDir::new(directory.join("sql")).into_iter().filter_map(Result::ok) {
            if entry.path().extension().is_none_or(|extension| extension != "sql") {
                continue;
            }
            let bytes = std::fs::read(entry.path()).expect("a script");
            for item in roof_lint::psql::read(&bytes).items {
                let Item::Statement(statement) = item else { continue };
                let rendered = statement.render(&bytes, &mut |_, name| Some([b"'", name, b"'"].concat()));
                pg_query::parse(&String::from_utf8_lossy(&rendered.text), 0).expect("a statement");
            }
        }
    });
    let ratio = whole.as_secs_f64() / floor.as_secs_f64();
    println!("cold start: sql/ in {whole:?}, an empty program, reading and parsing {floor:?}, ratio {ratio:.2}");
}

/// One tier that makes so many tables and adds as many rows, and its rollback, which takes
/// each of them back by itself.
fn long(each: usize) -> Duration {
    let directory = tempfile::tempdir().expect("a directory");
    let frame = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n";
    let (mut forward, mut back) = (frame.to_owned(), frame.to_owned());
    for id in 0..each {
        writeln!(
            forward,
            "CREATE TABLE IF NOT EXISTS t_{id} (id int PRIMARY KEY);\n\
             INSERT INTO ledger (id, note) VALUES ({id}, 'R7') ON CONFLICT (id) DO NOTHING;"
        )
        .expect("a string");
        writeln!(back, "DELETE FROM ledger WHERE id = {id};\nDROP TABLE IF EXISTS t_{id};").expect("a string");
    }
    let config = "[[package]]\nname = \"long\"\nroot = \".\"\ndatabase = \"*\"\nbaseline = [\"baseline.sql\"]\n\
                  [[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"tier.sql\"\nrollback = \"undo.sql\"\n";
    for (file, text) in [
        ("baseline.sql", "CREATE TABLE ledger (id int PRIMARY KEY, note text);\n"),
        ("tier.sql", &format!("{forward}COMMIT;\n")),
        ("undo.sql", &format!("{back}COMMIT;\n")),
        ("lint.toml", config),
    ] {
        std::fs::write(directory.path().join(file), text).expect("a file");
    }
    least(|| linted(directory.path()))
}

/// The most memory that the program has for each byte of a script of so many short statements.
fn room(statements: usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("updates.sql");
    let mut text = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n".to_owned();
    for id in 0..statements {
        writeln!(text, "UPDATE t SET a = {id} WHERE id = {id};").expect("a string");
    }
    text.push_str("COMMIT;\n");
    std::fs::write(&script, &text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_roof-lint"));
    command.arg("check").arg(&script).current_dir(&directory).stdout(Stdio::null()).stderr(Stdio::null());
    let (status, most) = watched(command.spawn().expect("it starts"));
    assert!(status.success(), "the script is clean");
    #[expect(clippy::cast_precision_loss, reason = "a ratio of two figures of a few digits")]
    let ratio = (most * 1024) as f64 / text.len() as f64;
    println!("memory: {statements} UPDATEs, {} bytes: {most} kB, ratio {ratio:.1}", text.len());
}

fn main() {
    start();
    room(200_000);
    let (short, long) = (long(1_000), long(8_000));
    println!(
        "one script: 4,000 statements {short:?}, 8 times more {long:?}, ratio {:.1}",
        long.as_secs_f64() / short.as_secs_f64()
    );
    let wide = measure("wide", 250, 21_000);
    let small = measure("small", 25, 2_100);
    let large = if std::env::var("BENCH_LARGE").is_err() { wide } else { measure("large", 2_500, 210_000) };
    println!("time for a statement: 10 times fewer {:.2}, 10 times more {:.2}", small / wide, large / wide);
}

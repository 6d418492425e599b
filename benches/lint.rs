//! What linting costs, in ratios: against PostgreSQL's bare parser on the same bytes in the
//! same run, and of one size against another. `cargo bench` prints a line for each.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};

/// How often each figure is taken; the least counts.
const ROUNDS: usize = 3;

/// A package of so many tiers, each with its rollback, of so many statements in all.
fn package(directory: &Path, tiers: usize, statements: usize) -> Vec<String> {
    let mut config = "[[package]]\nname = \"wide\"\nroot = \".\"\ndatabase = \"*\"\nbaseline = [\"baseline.sql\"]\n\
                      timeouts = [\"lock_timeout\"]\n"
        .to_owned();
    let mut texts = vec!["CREATE TABLE ledger (id int PRIMARY KEY, note text, created_by text NOT NULL);\n".to_owned()];
    std::fs::write(directory.join("baseline.sql"), &texts[0]).expect("a file");
    // Half of the statements are in the rollbacks; six of each script are its frame.
    let tables = (statements / tiers / 2).saturating_sub(6).max(2) / 2;
    for tier in 0..tiers {
        let mut forward = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n".to_owned();
        let mut back = forward.clone();
        for table in 0..tables {
            let (name, id) = (format!("t_{tier}_{table}"), tier * tables + table);
            write!(
                forward,
                "CREATE TABLE IF NOT EXISTS {name} (\n    id int PRIMARY KEY,\n    note text NOT NULL DEFAULT '',\n    \
                 created_by text NOT NULL\n);\nINSERT INTO ledger (id, note, created_by)\nVALUES ({id}, '{name}', 'R7')\n\
                 ON CONFLICT (id) DO NOTHING;\n"
            )
            .expect("a string");
            let name = format!("t_{tier}_{}", tables - 1 - table);
            write!(
                back,
                "DELETE FROM ledger WHERE created_by = 'R7' AND note = '{name}';\nDROP TABLE IF EXISTS {name};\n"
            )
            .expect("a string");
        }
        forward.push_str("COMMIT;\n");
        back.push_str("COMMIT;\n");
        for (file, text) in [(format!("tier_{tier}.sql"), &forward), (format!("undo_{tier}.sql"), &back)] {
            std::fs::write(directory.join(file), text).expect("a file");
        }
        write!(
            config,
            "[[package.tier]]\nnumber = {tier}\nname = \"t\"\nfile = \"tier_{tier}.sql\"\nrollback = \"undo_{tier}.sql\"\n"
        )
        .expect("a string");
        texts.push(forward);
        texts.push(back);
    }
    std::fs::write(directory.join("lint.toml"), config).expect("a file");
    texts
}

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
    let linted = least(|| {
        let job = Job {
            directory: directory.path().to_owned(),
            config: configuration(directory.path()),
            packages: Vec::new(),
        };
        let outcome = lint(job).expect("it can be linted");
        let findings: usize = outcome.packages.iter().map(|package| package.findings.len()).sum();
        assert_eq!(findings, 0, "the package is clean");
    });
    let parsed = least(|| bare(&texts));
    let bytes: usize = texts.iter().map(String::len).sum();
    let ratio = linted.as_secs_f64() / parsed.as_secs_f64();
    println!(
        "{name}: {statements} statements, {} files, {bytes} bytes: lint {linted:?}, bare parse {parsed:?}, ratio {ratio:.2}",
        texts.len()
    );
    linted.as_secs_f64() / f64::from(u32::try_from(statements).expect("not so many"))
}

fn configuration(directory: &Path) -> Config {
    let text = std::fs::read_to_string(directory.join("lint.toml")).expect("a configuration");
    Config::parse("lint.toml", &text).expect("a configuration")
}

fn main() {
    let wide = measure("wide", 250, 21_000);
    let small = measure("small", 25, 2_100);
    let large = if std::env::var("BENCH_LARGE").is_err() { wide } else { measure("large", 2_500, 210_000) };
    println!("time for a statement: 10 times fewer {:.2}, 10 times more {:.2}", small / wide, large / wide);
}

//! How long it takes from an edit to the verdict, with everything else as it was. `cargo bench
//! --bench lsp` prints a line for each kind of edit.

mod support;

/// That of the program.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use roof_lint::config::Config;
use roof_lint::lint::{Arena, Job, Session};
use roof_lint::parallel::STACK;
use roof_lint::sources::Desk;
use roof_lint::verdict::Verdict;

/// How many edits are made of each kind.
const EDITS: usize = 10;

/// An edit: the file, what is looked for in it, and what goes there, other each time.
struct Edit<'e> {
    what: &'e str,
    file: &'e str,
    before: &'e str,
    text: &'e dyn Fn(usize) -> String,
}

fn configuration(directory: &Path, desk: &Desk) -> Config {
    let bytes = desk.read(&directory.join("lint.toml")).expect("a configuration");
    Config::parse("lint.toml", &String::from_utf8(bytes).expect("text")).expect("a configuration")
}

fn judge(session: &mut Session<'_>, directory: &Path) -> usize {
    let config = configuration(directory, session.desk());
    let job = Job { directory: directory.to_owned(), config: config.clone(), packages: Vec::new() };
    let (outcome, _) = session.examine(&job, &|_| ()).expect("it can be linted");
    let verdict = Verdict::new(outcome, &config).expect("something is analysed");
    verdict.packages().iter().map(|judged| judged.findings.len()).sum()
}

fn measure(name: &str, directory: &Path, edits: &[Edit<'_>]) {
    let arena = Arena::default();
    let mut session = Session::new(&arena, Desk::of_edited());
    let start = Instant::now();
    let found = judge(&mut session, directory);
    println!("{name}: cold {:.1?}, {found} findings", start.elapsed());
    let mut all: Vec<Duration> = Vec::new();
    for edit in edits {
        let path: PathBuf = directory.join(edit.file);
        let original = String::from_utf8(std::fs::read(&path).expect("a file")).expect("text");
        let place = if edit.before.is_empty() { original.len() } else { original.find(edit.before).expect("a place") };
        let mut times: Vec<Duration> = (0..EDITS)
            .map(|round| {
                let mut text = original.clone();
                text.insert_str(place, &(edit.text)(round));
                session.desk().open(&path, text.as_bytes());
                let start = Instant::now();
                judge(&mut session, directory);
                start.elapsed()
            })
            .collect();
        session.desk().close(&path);
        judge(&mut session, directory);
        times.sort_unstable();
        println!(
            "{name}: {} ({}): median {:.1?}, worst {:.1?}",
            edit.what,
            edit.file,
            times[times.len() / 2],
            times[times.len() - 1]
        );
        all.extend(times);
    }
    all.sort_unstable();
    println!("{name}: all edits: median {:.1?}, worst {:.1?}", all[all.len() / 2], all[all.len() - 1]);
}

fn run() {
    let comment = |round: usize| format!("-- {}\n", "x".repeat(round + 1));
    let letters = |round: usize| "x".repeat(round % 7 + 1);
    let table = |round: usize| format!("CREATE TABLE IF NOT EXISTS another_{round} (id int);\n");
    let key = |round: usize| format!("# {}\n", "x".repeat(round + 1));
    let sql = Path::new(env!("CARGO_MANIFEST_DIR"));
    measure(
        "one-roof",
        sql,
        &[
            Edit { what: "a comment", file: "sql/prod/10_structure.sql", before: "CREATE TABLE", text: &comment },
            Edit { what: "a new table", file: "sql/prod/10_structure.sql", before: "COMMIT;", text: &table },
            Edit { what: "a comment", file: "sql/prod/60_scanner_baseline.sql", before: "COMMIT;", text: &comment },
            Edit { what: "a broken word", file: "sql/prod/30_ownership_seed.sql", before: "BEGIN;", text: &letters },
            Edit {
                what: "a comment",
                file: "sql/prod_rollback/99_rollback_full.sql",
                before: "COMMIT;",
                text: &comment,
            },
            Edit { what: "a comment", file: "lint.toml", before: "[[package]]", text: &key },
        ],
    );
    let directory = tempfile::tempdir().expect("a directory");
    support::package(directory.path(), 250, 21_000);
    measure(
        "wide",
        directory.path(),
        &[
            Edit { what: "a comment", file: "tier_0.sql", before: "CREATE TABLE", text: &comment },
            Edit { what: "a new table", file: "tier_0.sql", before: "COMMIT;", text: &table },
            Edit { what: "a comment", file: "tier_249.sql", before: "COMMIT;", text: &comment },
            Edit { what: "a broken word", file: "tier_249.sql", before: "CREATE TABLE", text: &letters },
            Edit { what: "a comment", file: "undo_100.sql", before: "DELETE", text: &comment },
            Edit { what: "a comment", file: "lint.toml", before: "[[package]]", text: &key },
        ],
    );
}

fn main() {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread");
    thread.join().expect("it is measured");
}

//! A rehearsal of the tiny package, as it is and with one thing wrong at a time.

use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::cmd::{Command as Program, OutputAssert};
use snapbox::str;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packages/tiny");

fn rehearse(directory: &Path) -> OutputAssert {
    Program::new(env!("CARGO_BIN_EXE_roof-lint")).args(["rehearse", "--unlinted"]).current_dir(directory).assert()
}

/// Rehearses a copy of the package in which the first `old` of a file has become `new`.
#[track_caller]
fn with(file: &str, old: &str, new: &str) -> OutputAssert {
    let directory = tempfile::tempdir().expect("a directory");
    let copied = Command::new("cp").args(["-R", &format!("{TINY}/.")]).arg(directory.path()).status();
    assert!(copied.expect("cp runs").success());
    let path = directory.path().join(file);
    let text = fs::read_to_string(&path).expect("the file is there");
    assert!(text.contains(old), "{file} has no {old:?}");
    fs::write(&path, text.replacen(old, new, 1)).expect("a file");
    rehearse(directory.path())
}

/// Panics unless the rehearsal fails and says each of these lines, give or take spaces, and
/// as many failures.
#[track_caller]
fn says(run: OutputAssert, failures: usize, lines: &[&str]) {
    let output = run.code(1);
    let stdout = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    let squeezed: Vec<_> = stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in lines {
        assert!(squeezed.iter().any(|found| found == line), "the report has to say {line:?}\n{stdout}");
    }
    assert!(stdout.ends_with(&format!(" checks, {failures} failed\n")), "{failures} failures\n{stdout}");
}

#[test]
fn the_tiny_package_passes() {
    rehearse(Path::new(TINY)).code(0).stderr_eq("rehearsed in [..] s\n").stdout_eq(str![[r#"
tier  what                                                           expected        found
-     clone, the gate is shut
        somebody approved                                               false        false  ok
-     entry, the gate is open
        somebody approved                                                true         true  ok
        titles that were there before                               see below    see below  ok
          expected Emma, Persuasion
          found    Emma, Persuasion
0     00_preflight.sql
        anything changed                                                   no           no  ok
1     Structure, 10_structure.sql
        tables                                                             +1           +1  ok
        views                                                              +1           +1  ok
        functions                                                          +1           +1  ok
        any other number                                                 none         none  ok
2     Books, 20_books.sql
        the loan table is there                                          true         true  ok
        rows in book                                                       +2           +2  ok
        rows in loan                                                     >= 1           +1  ok
        any other number                                                 none         none  ok
        books on loan                                                       1            1  ok
-     90_verify.sql
        anything changed                                                   no           no  ok
-     end state
        books                                                               4            4  ok
        something is on loan                                             true         true  ok
-     exit, as at entry
        titles that were there before                               see below    see below  ok
          expected Emma, Persuasion
          found    Emma, Persuasion

ok      gate shut: the executor fails
        psql:sql/00_preflight.sql:8: ERROR:  nobody approved
ok      gate shut: nothing changes
ok      tier 2 undone: the state before it
ok      tier 2 undone again: the state before it
ok      full rollback after the tiers: the state at entry
ok      full rollback again: the state at entry
ok      executor in one go: it changes the database
ok      executor again: nothing changes
ok      full rollback after the executor: the state at entry

26 checks, 0 failed

"#]]);
}

#[test]
fn the_operators_environment_does_not_matter() {
    let mut program = Program::new(env!("CARGO_BIN_EXE_roof-lint")).args(["rehearse", "--unlinted"]).current_dir(TINY);
    let settings = [
        ("PGHOST", "nowhere.invalid"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGDATABASE", "none"),
        ("PGOPTIONS", "-c default_transaction_read_only=on"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGDATA", "/nonexistent"),
        ("PSQLRC", "/nonexistent"),
        ("LC_ALL", "tlh_QO"),
    ];
    for (name, value) in settings {
        program = program.env(name, value);
    }
    program.assert().code(0);
}

#[test]
fn a_row_that_no_tier_lists() {
    let stray = "INSERT INTO approval VALUES ('Eve') ON CONFLICT DO NOTHING;\nCOMMIT;";
    let lines = [
        "any other number none see below DIFFERS",
        "found +1 rows in approval",
        "DIFFERS tier 2 undone: the state before it",
        "DIFFERS full rollback after the tiers: the state at entry",
        "-- Data for Name: approval; Type: TABLE DATA; Schema: public; Owner: librarian",
        "+Eve",
    ];
    // The run that is undone, twice; the whole that is rolled back, twice; the executor's
    // entry has that row by then, but its rollback is held against the first entry.
    says(with("sql/20_books.sql", "COMMIT;", stray), 6, &lines);
}

#[test]
fn a_number_that_differs_from_the_table() {
    let lines = ["rows in book +3 +2 DIFFERS", "any other number none none ok"];
    says(with("lint.toml", "book = 2", "book = 3"), 1, &lines);
    says(with("lint.toml", ", functions = 1", ""), 1, &["any other number none +1 functions DIFFERS"]);
    says(with("lint.toml", "is = true", "is = false"), 1, &["something is on loan false true DIFFERS"]);
    says(with("lint.toml", "is = 4", "is = 5"), 1, &["books 5 4 DIFFERS"]);
    says(
        with("lint.toml", "FROM on_loan)\", is = 1", "FROM on_lone)\", is = 1"),
        1,
        &["books on loan 1 see below DIFFERS", "found psql:<stdin>:1: ERROR: relation \"on_lone\" does not exist"],
    );
}

#[test]
fn a_rollback_that_leaves_something() {
    let run = with("sql/rollback_full.sql", "DROP VIEW IF EXISTS on_loan;\nDROP TABLE IF EXISTS loan;\n", "");
    let lines = [
        "sql/rollback_full.sql failed: psql ended with exit code 3",
        "DETAIL: Key (title)=(Middlemarch) is still referenced from table \"loan\".",
    ];
    says(run, 1, &lines);
    let run = with("sql/rollback_full.sql", "DROP FUNCTION IF EXISTS loans();\n", "");
    let lines = [
        "DIFFERS full rollback after the tiers: the state at entry",
        "DIFFERS full rollback again: the state at entry",
        "DIFFERS full rollback after the executor: the state at entry",
        "+-- Name: loans(); Type: FUNCTION; Schema: public; Owner: librarian",
    ];
    says(run, 3, &lines);
    let run = with("sql/rollback_tier.sql", "DELETE FROM book WHERE tag", "DELETE FROM book WHERE title > 'P' AND tag");
    says(run, 2, &["DIFFERS tier 2 undone again: the state before it", "+Middlemarch it's tiny"]);
}

#[test]
fn a_rollback_that_works_only_once() {
    let run = with("sql/rollback_full.sql", "DROP VIEW IF EXISTS", "DROP VIEW");
    let lines = [
        "ok full rollback after the tiers: the state at entry",
        "sql/rollback_full.sql failed: psql ended with exit code 3",
        "psql:sql/rollback_full.sql:3: ERROR: view \"on_loan\" does not exist",
    ];
    says(run, 1, &lines);
}

#[test]
fn a_release_that_does_not_look_at_its_gate() {
    let run = with("sql/00_preflight.sql", "RAISE EXCEPTION", "RAISE NOTICE");
    // The clone is released before it is ratified: nothing after that is as it should be.
    let output = run.code(1);
    let stdout = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    for line in ["DIFFERS gate shut: the executor fails", "DIFFERS gate shut: nothing changes"] {
        assert!(stdout.contains(line), "{stdout}");
    }
}

#[test]
fn a_second_run_that_adds_rows() {
    let again = "INSERT INTO book SELECT 'Volume ' || count(*), :'tag' FROM book;\nCOMMIT;";
    let lines = ["rows in book +2 +3 DIFFERS", "DIFFERS executor again: nothing changes", "+Volume 5 it's tiny"];
    says(with("sql/20_books.sql", "COMMIT;", again), 3, &lines);
}

#[test]
fn a_verification_that_writes() {
    let run = with("sql/90_verify.sql", "BEGIN READ ONLY;", "BEGIN; DELETE FROM book WHERE title = 'Silas Marner';");
    says(run, 2, &["anything changed no yes DIFFERS", "books 4 3 DIFFERS"]);
}

#[test]
fn an_invariant_that_does_not_hold_at_exit() {
    let run = with("sql/20_books.sql", "COMMIT;", "UPDATE book SET title = 'Ema' WHERE title = 'Emma';\nCOMMIT;");
    says(run, 6, &["found Ema, Persuasion", "DIFFERS tier 2 undone: the state before it", "-Emma \\N", "+Ema \\N"]);
}

#[test]
fn a_tier_that_fails() {
    let run = with("sql/20_books.sql", "INSERT INTO loan", "INSERT INTO lone");
    let lines = [
        "sql/20_books.sql failed: psql ended with exit code 3",
        "psql:sql/20_books.sql:3: ERROR: relation \"lone\" does not exist",
    ];
    says(run, 1, &lines);
}

#[test]
fn a_clone_that_cannot_be_built() {
    let run = with("sql/clone.sql", "CREATE TABLE book", "CREATE TABEL book");
    says(run, 1, &["sql/clone.sql failed: psql ended with exit code 3"]);
}

#[test]
fn what_does_not_pass_is_not_rehearsed() {
    let run = Program::new(env!("CARGO_BIN_EXE_roof-lint")).arg("rehearse").current_dir(TINY).assert().code(1);
    let output = run.stderr_eq("tiny does not pass and is not rehearsed; --unlinted rehearses it as it is\n");
    let stdout = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(stdout.ends_with("tiny: fail\n"), "{stdout}");
    assert!(!stdout.contains("checks, "), "{stdout}");
}

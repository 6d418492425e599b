//! `--fix` and `--diff` on the command line: what they change, say and refuse.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use snapbox::cmd::{Command, OutputAssert};

use super::sound::{self, FILES};

fn roof_lint(directory: &Path, arguments: &[&str]) -> OutputAssert {
    Command::new(env!("CARGO_BIN_EXE_roof-lint")).args(arguments).current_dir(directory).assert()
}

fn stderr(run: &OutputAssert) -> String {
    String::from_utf8_lossy(&run.get_output().stderr).into_owned()
}

fn stdout(run: &OutputAssert) -> String {
    String::from_utf8_lossy(&run.get_output().stdout).into_owned()
}

const TIER: &str = "sql/10_shelf.sql";
const ROLLBACK: &str = "sql/rollback.sql";

/// The package of tests/packages/sound with texts replaced.
fn package(edits: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let directory = sound::package(false);
    for (file, from, to) in edits {
        let text = read(directory.path(), file);
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(directory.path().join(file), text.replacen(from, to, 1)).expect("a file");
    }
    directory
}

#[track_caller]
fn read(directory: &Path, file: &str) -> String {
    fs::read_to_string(directory.join(file)).expect("a file")
}

fn all(directory: &Path) -> Vec<String> {
    FILES.iter().map(|file| read(directory, file)).collect()
}

/// Every name in the two directories: nothing may be left lying about.
fn names(directory: &Path) -> Vec<String> {
    let of = |path: &Path| {
        let entries = fs::read_dir(path).expect("a directory");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let mut names = [of(directory), of(&directory.join("sql"))].concat();
    names.sort();
    names
}

const CREATE: (&str, &str, &str) = (TIER, "CREATE TABLE IF NOT EXISTS", "CREATE TABLE");
const DROP: (&str, &str, &str) = (ROLLBACK, "DROP TABLE IF EXISTS shelf;", "drop table shelf cascade;");

#[test]
fn what_is_fixed_is_told_and_what_is_left_is_reported() {
    let directory = package(&[CREATE, DROP]);
    let path = directory.path();
    fs::set_permissions(path.join(TIER), fs::Permissions::from_mode(0o640)).expect("it is ours");
    let before = all(path);
    let run = roof_lint(path, &["--fix"]).code(0);
    assert_eq!(
        stderr(&run),
        "fixed sql/10_shelf.sql:13:1: fails-when-repeated: add IF NOT EXISTS\n\
         fixed sql/rollback.sql:11:1: cascade-into-baseline: leave CASCADE out\n\
         fixed sql/rollback.sql:11:1: fails-when-repeated: add IF EXISTS\n"
    );
    assert!(stdout(&run).ends_with("\nsound: pass\n"), "{}", stdout(&run));
    let after = all(path);
    assert_eq!(after[2], before[2].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"));
    assert_eq!(after[3], before[3].replace("drop table shelf cascade;", "drop table if exists shelf;"));
    assert_eq!(fs::metadata(path.join(TIER)).expect("it is there").permissions().mode() & 0o777, 0o640);
    let names = names(path);
    roof_lint(path, &["--fix"]).code(0).stderr_eq("");
    assert_eq!((all(path), self::names(path)), (after, names));
}

#[test]
fn what_takes_thought_is_left() {
    let directory = package(&[CREATE, (ROLLBACK, "created_by = 'R7'", "created_by LIKE 'R%'")]);
    let run = roof_lint(directory.path(), &["check", "--fix", "--format", "json", "--output", "sarif=left"]).code(1);
    assert_eq!(stderr(&run), "fixed sql/10_shelf.sql:13:1: fails-when-repeated: add IF NOT EXISTS\n");
    let report: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("it is JSON");
    let rules: Vec<&str> = report["packages"][0]["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    assert!(rules.contains(&"delete-outside-tag") && !rules.contains(&"fails-when-repeated"), "{rules:?}");
    assert!(read(directory.path(), "left").contains("delete-outside-tag"));
}

#[test]
fn reports_carry_the_fixes() {
    let directory = package(&[CREATE]);
    let run = roof_lint(directory.path(), &["--format", "json", "--output", "sarif=s", "--output", "text=t"]).code(1);
    let report: serde_json::Value = serde_json::from_str(&stdout(&run)).expect("it is JSON");
    let fix = &report["packages"][0]["findings"][0]["fix"];
    assert_eq!((&fix["what"], &fix["edits"][0]["text"]), (&"add IF NOT EXISTS".into(), &" IF NOT EXISTS".into()));
    let place = &fix["edits"][0]["place"];
    assert_eq!((&place["file"], &place["line"], &place["column"]), (&TIER.into(), &13.into(), &13.into()));
    assert_eq!(place["start"], place["end"]);
    let log: serde_json::Value = serde_json::from_str(&read(directory.path(), "s")).expect("it is JSON");
    let fix = &log["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["description"]["text"], "add IF NOT EXISTS");
    let change = &fix["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], TIER);
    let replacement = &change["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], " IF NOT EXISTS");
    assert_eq!(replacement["deletedRegion"]["byteLength"], 0);
    assert!(read(directory.path(), "t").contains("= --fix: add IF NOT EXISTS\n"));
}

#[test]
fn a_difference_changes_nothing_and_is_a_patch() {
    // The last line has no end.
    let directory = package(&[
        CREATE,
        (TIER, "COMMIT;\n", "/* \u{1F600} */\nCOMMIT;"),
        (ROLLBACK, "DROP TABLE IF EXISTS shelf;\nCOMMIT;\n", "COMMIT; DROP TABLE shelf;"),
        (ROLLBACK, "COMMIT; DROP TABLE shelf;", "DROP TABLE shelf;\nCOMMIT;"),
    ]);
    let path = directory.path();
    let before = (all(path), names(path));
    let run = roof_lint(path, &["--diff"]).code(1);
    assert_eq!((all(path), names(path)), before);
    let printed = run.get_output().stdout.clone();
    assert!(stderr(&run).starts_with("would fix sql/10_shelf.sql:13:1: "), "{}", stderr(&run));
    for (program, arguments) in [("git", &["apply", "-p1", "-"][..]), ("patch", &["-p1", "--no-backup-if-mismatch"])] {
        let copy = tempfile::tempdir().expect("a directory");
        fs::create_dir(copy.path().join("sql")).expect("a directory");
        for file in FILES {
            fs::copy(path.join(file), copy.path().join(file)).expect("a file");
        }
        fs::write(copy.path().join("fix.patch"), &printed).expect("a file");
        let input = fs::File::open(copy.path().join("fix.patch")).expect("a file");
        let done = std::process::Command::new(program).args(arguments).current_dir(copy.path()).stdin(input).output();
        let done = done.expect("it runs");
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
        let patched = all(copy.path());
        roof_lint(copy.path(), &["--diff"]).code(0).stdout_eq("").stderr_eq("");
        roof_lint(copy.path(), &["--fix"]).code(0).stderr_eq("");
        assert_eq!(all(copy.path()), patched);
    }
    // From elsewhere the files are called by where they are from there.
    let above = path.parent().expect("a parent");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let run = roof_lint(above, &["--diff", "--config", &format!("{name}/lint.toml")]).code(1);
    assert!(stdout(&run).starts_with(&format!("--- a/{name}/sql/10_shelf.sql\n+++ b/{name}/sql/")), "{}", stdout(&run));
    for with in [["--fix"].as_slice(), &["--format", "json"], &["--output", "json=x"]] {
        roof_lint(path, &[&["--diff"], with].concat()).code(2);
    }
    // Nothing to fix, but something is wrong.
    let directory = package(&[(ROLLBACK, "created_by = 'R7'", "created_by LIKE 'R%'")]);
    roof_lint(directory.path(), &["--diff"]).code(1).stdout_eq("");
}

#[test]
fn names_of_files_are_quoted_as_git_does() {
    let directory = package(&[CREATE]);
    let path = directory.path();
    let odd = "10 sh\u{e9}lf.sql";
    fs::rename(path.join(TIER), path.join("sql").join(odd)).expect("it moves");
    for (file, text) in [("lint.toml", read(path, "lint.toml")), ("sql/run.sql", read(path, "sql/run.sql"))] {
        let quoted = if file == "lint.toml" { odd.to_owned() } else { format!("'{odd}'") };
        fs::write(path.join(file), text.replace("10_shelf.sql", &quoted)).expect("a file");
    }
    let run = roof_lint(path, &["--diff"]).code(1);
    assert!(stdout(&run).starts_with("--- \"a/sql/10 sh\\303\\251lf.sql\"\n"), "{}", stdout(&run));
    fs::write(path.join("fix.patch"), &run.get_output().stdout).expect("a file");
    let done = std::process::Command::new("git").args(["apply", "fix.patch"]).current_dir(path).output();
    assert!(done.expect("git runs").status.success());
    roof_lint(path, &["--fix"]).code(0).stderr_eq("");
}

#[test]
fn line_ends_tabs_and_wide_characters_stay() {
    let directory = package(&[]);
    let path = directory.path();
    let text = "-- k\u{1ec7} s\u{e1}ch \u{1F600}\nBEGIN; -- m\u{1ed9}t\n\n".to_owned()
        + read(path, TIER).trim_start_matches("BEGIN;\nSET LOCAL lock_timeout = '5s';\n");
    let text = text.replace("CREATE TABLE IF NOT EXISTS shelf", "/* \u{1F600} */\tCREATE\tTABLE\tshelf");
    let text =
        text.replace(" ON CONFLICT (title) DO NOTHING", "").replace(", created_by) VALUES", ", created_by)\n\tVALUES");
    let windows = text.replace('\n', "\r\n");
    fs::write(path.join(TIER), &windows).expect("a file");
    let run = roof_lint(path, &["--fix"]).code(0);
    let expected = windows
        .replace("m\u{1ed9}t\r\n", "m\u{1ed9}t\r\nSET LOCAL lock_timeout = '5s';\r\n")
        .replace("CREATE\tTABLE\tshelf", "CREATE\tTABLE IF NOT EXISTS\tshelf")
        .replace("'R7');", "'R7')\r\nON CONFLICT (title) DO NOTHING;");
    assert_eq!(read(path, TIER), expected, "{}", stderr(&run));
    roof_lint(path, &["--fix"]).code(0).stderr_eq("");
}

#[test]
fn nothing_under_a_suppression_is_touched() {
    let line = "CREATE TABLE shelf (name text PRIMARY KEY);";
    let create = "CREATE TABLE IF NOT EXISTS shelf (name text PRIMARY KEY);";
    // Of the rule itself: it is silenced, so there is nothing to fix.
    let directory =
        package(&[(TIER, create, &format!("{line} -- roof-lint: allow(fails-when-repeated) because it is"))]);
    let before = all(directory.path());
    roof_lint(directory.path(), &["--fix"]).code(0).stderr_eq("");
    assert_eq!(all(directory.path()), before);
    // Of another rule: what it is about may not become another.
    for text in [
        format!("{line} -- roof-lint: allow(statement-fails) because it is"),
        format!("-- roof-lint: allow(statement-fails) because it is\n{line}"),
        "-- roof-lint: allow(statement-fails) because it is\n-- more\nCREATE TABLE\n shelf (name text PRIMARY KEY);"
            .to_owned(),
    ] {
        let directory = package(&[(TIER, create, &text)]);
        let before = all(directory.path());
        let run = roof_lint(directory.path(), &["--fix"]).code(1);
        assert!(stderr(&run).starts_with("not fixed sql/10_shelf.sql:1"), "{text}: {}", stderr(&run));
        assert!(stderr(&run).ends_with("what it would change is under a suppression\n"), "{}", stderr(&run));
        assert_eq!(all(directory.path()), before);
    }
    // Before the comment there is room.
    let directory = package(&[(
        TIER,
        "SET LOCAL lock_timeout = '5s';\n",
        "-- roof-lint: allow(unchecked-outcome) because it is\n",
    )]);
    let run = roof_lint(directory.path(), &["--fix"]);
    assert!(
        read(directory.path(), TIER).starts_with("BEGIN;\nSET LOCAL lock_timeout = '5s';\n-- roof-lint: "),
        "{}",
        stderr(&run)
    );
}

#[test]
fn all_files_are_written_or_none() {
    let directory = package(&[CREATE, DROP]);
    let path = directory.path();
    let before = (all(path), names(path));
    fs::set_permissions(path.join(ROLLBACK), fs::Permissions::from_mode(0o444)).expect("it is ours");
    let run = roof_lint(path, &["--fix"]).code(2).stdout_eq("");
    assert!(stderr(&run).contains("rollback.sql: permission denied"), "{}", stderr(&run));
    assert_eq!((all(path), names(path)), before);
    fs::set_permissions(path.join(ROLLBACK), fs::Permissions::from_mode(0o644)).expect("it is ours");
    // A report that cannot be meant is refused before anything is written.
    let run = roof_lint(path, &["--fix", "--output", "json=sql/run.sql"]).code(2).stdout_eq("");
    assert!(stderr(&run).contains("is a file of the package"), "{}", stderr(&run));
    assert_eq!((all(path), names(path)), before);
}

#[test]
fn a_file_that_has_changed_since_is_not_overwritten() {
    let directory = package(&[]);
    let path = directory.path();
    let change = |file: &str, before: &str| roof_lint::fix::Change {
        name: file.to_owned(),
        path: path.join(file),
        before: before.as_bytes().to_vec(),
        after: b"new".to_vec(),
    };
    let before = (all(path), names(path));
    let changes = [change(TIER, &before.0[2]), change(ROLLBACK, "other")];
    let fault = roof_lint::fix::write(&changes).expect_err("it has changed");
    assert!(fault.to_string().ends_with("rollback.sql is not what was read a moment ago"), "{fault}");
    assert_eq!((all(path), names(path)), before);
}

#[test]
fn links_stay_links_and_what_lies_outside_stays_as_it_is() {
    let directory = package(&[CREATE]);
    let path = directory.path();
    let text = read(path, TIER);
    fs::rename(path.join(TIER), path.join("sql/real")).expect("it moves");
    symlink("real", path.join(TIER)).expect("a link");
    roof_lint(path, &["--fix"]).code(0);
    assert!(fs::symlink_metadata(path.join(TIER)).expect("it is there").is_symlink());
    assert_eq!(read(path, "sql/real"), text.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"));
    // Out of the package nothing is even read.
    fs::write(path.join("outside.sql"), &text).expect("a file");
    fs::remove_file(path.join(TIER)).expect("it was there");
    symlink("../outside.sql", path.join(TIER)).expect("a link");
    roof_lint(path, &["--fix"]);
    assert_eq!(read(path, "outside.sql"), text);
}

#[test]
fn only_what_would_be_reported_is_fixed() {
    let directory = package(&[CREATE, DROP]);
    let path = directory.path();
    let before = all(path);
    let run = roof_lint(path, &["--fix", ROLLBACK]).code(1);
    assert_eq!(read(path, TIER), before[2], "{}", stderr(&run));
    assert_ne!(read(path, ROLLBACK), before[3]);
    let directory = package(&[CREATE, DROP]);
    let path = directory.path();
    roof_lint(path, &["--output", "json=before.json"]).code(1);
    roof_lint(path, &["--fix", "--baseline", "before.json"]).code(0).stderr_eq("");
    assert_eq!(all(path), before);
}

#[test]
fn scripts_without_lint_toml_are_fixed_too() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("a.sql"), "BEGIN;\nCREATE VIEW v AS SELECT 1 AS a;\nCOMMIT;\n").expect("a file");
    let run = roof_lint(directory.path(), &["--fix", "a.sql"]);
    assert!(stderr(&run).contains("fixed a.sql:2:1: fails-when-repeated: add OR REPLACE\n"), "{}", stderr(&run));
    let text = read(directory.path(), "a.sql");
    assert_eq!(text, "BEGIN;\nCREATE OR REPLACE VIEW v AS SELECT 1 AS a;\nCOMMIT;\n");
}

/// The small package with a manifest of its files.
fn listed(edits: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let directory = package(edits);
    let text = read(directory.path(), "lint.toml").replace("executor = ", "manifest = \"list.txt\"\nexecutor = ");
    fs::write(directory.path().join("lint.toml"), text).expect("a file");
    roof_lint(directory.path(), &["manifest", "--write"]).code(0);
    directory
}

#[test]
fn the_manifest_follows_what_is_fixed_and_says_so() {
    let directory = listed(&[CREATE]);
    let path = directory.path();
    let run = roof_lint(path, &["--fix"]).code(0);
    assert!(
        stderr(&run).ends_with("\nsql/list.txt follows with the new hashes; they have to be ratified again\n"),
        "{}",
        stderr(&run)
    );
    roof_lint(path, &["manifest"]).code(0);
    roof_lint(path, &["--fix"]).code(0).stderr_eq("");
}

#[test]
fn the_manifest_lists_what_is_there_only_when_nothing_else_is_wrong() {
    let directory = listed(&[]);
    let path = directory.path();
    let list = read(path, "sql/list.txt");
    fs::write(path.join("sql/more.txt"), "more\n").expect("a file");
    fs::write(path.join("sql/list.txt"), list.replace("  run.sql", "  gone.sql")).expect("a file");
    let run = roof_lint(path, &["--fix"]).code(0);
    assert!(stderr(&run).contains("manifest-mismatch: list what is there; it has to be ratified again\n"));
    roof_lint(path, &["manifest"]).code(0);
    let directory = listed(&[(ROLLBACK, "created_by = 'R7'", "created_by LIKE 'R%'")]);
    let path = directory.path();
    fs::write(path.join("sql/more.txt"), "more\n").expect("a file");
    let list = read(path, "sql/list.txt");
    let run = roof_lint(path, &["--fix"]).code(1);
    assert!(stderr(&run).ends_with(": the manifest is written when nothing else is denied\n"), "{}", stderr(&run));
    assert_eq!(read(path, "sql/list.txt"), list);
    // What else is denied is fixed first, wherever it stands.
    let directory = listed(&[]);
    let path = directory.path();
    let rollback = read(path, ROLLBACK).replace("DROP TABLE IF EXISTS shelf;", "DROP TABLE shelf;");
    fs::write(path.join(ROLLBACK), rollback).expect("a file");
    fs::write(path.join(TIER), read(path, TIER) + "-- reviewed\n").expect("a file");
    let run = roof_lint(path, &["--fix"]).code(0);
    assert!(!stderr(&run).contains("not fixed"), "{}", stderr(&run));
    roof_lint(path, &["manifest"]).code(0);
}

#[test]
fn what_makes_something_worse_is_taken_back() {
    // A key that rows of the second run meet is passed over; a view that others read stays.
    let directory = package(&[
        (
            TIER,
            "CREATE TABLE IF NOT EXISTS shelf",
            "CREATE TABLE IF NOT EXISTS shelf (name text PRIMARY KEY);\nCREATE TABLE label",
        ),
        (ROLLBACK, "DROP TABLE IF EXISTS shelf;", "DROP TABLE IF EXISTS shelf;\nDROP TABLE label;"),
        ("lint.toml", "tables = 1", "tables = 2"),
    ]);
    let run = roof_lint(directory.path(), &["--fix"]).code(0);
    assert_eq!(stderr(&run).matches("fixed ").count(), 2, "{}", stderr(&run));
}

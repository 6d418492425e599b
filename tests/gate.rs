//! The gate in a repository: reports into files, what is known from before, what has changed
//! since a revision.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use snapbox::cmd::{Command, OutputAssert};
use snapbox::str;

fn roof_lint(directory: &Path, arguments: &[&str]) -> OutputAssert {
    Command::new(env!("CARGO_BIN_EXE_roof-lint")).args(arguments).current_dir(directory).assert()
}

/// The package of tests/packages/sound in a directory, `guilty` or not.
fn package(guilty: bool) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("sql")).expect("a directory");
    for file in ["lint.toml", "sql/before.sql", "sql/10_shelf.sql", "sql/rollback.sql", "sql/run.sql"] {
        fs::copy(Path::new("tests/packages/sound").join(file), directory.path().join(file)).expect("a file");
    }
    if guilty {
        edit(directory.path(), "sql/rollback.sql", "created_by = 'R7'", "created_by LIKE 'R%'");
    }
    directory
}

fn edit(directory: &Path, file: &str, from: &str, to: &str) {
    let path = directory.join(file);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{file} has no {from:?}");
    fs::write(path, text.replace(from, to)).expect("a file");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn stderr(run: &OutputAssert) -> String {
    String::from_utf8_lossy(&run.get_output().stderr).into_owned()
}

fn stdout(run: &OutputAssert) -> String {
    String::from_utf8_lossy(&run.get_output().stdout).into_owned()
}

const FORMATS: [&str; 7] = ["text", "json", "sarif", "github", "gitlab", "junit", "markdown"];

#[test]
fn a_file_holds_what_standard_output_would() {
    let directory = package(true);
    let outputs: Vec<String> = FORMATS.iter().map(|format| format!("{format}=out.{format}")).collect();
    let mut arguments: Vec<&str> = outputs.iter().flat_map(|output| ["--output", output]).collect();
    arguments.extend(["--format", "junit", "--color", "always"]);
    let run = roof_lint(directory.path(), &arguments).code(1).stderr_eq("");
    for format in FORMATS {
        let printed = stdout(&roof_lint(directory.path(), &["--format", format]).code(1));
        let path = directory.path().join(format!("out.{format}"));
        assert_eq!(fs::read_to_string(&path).expect("it is written"), printed, "{format}");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o600, 0o600);
    }
    assert_eq!(stdout(&run), fs::read_to_string(directory.path().join("out.junit")).expect("a file"));
}

#[test]
fn what_cannot_be_written_leaves_everything_as_it_was() {
    let directory = package(true);
    let path = directory.path();
    fs::write(path.join("old.json"), "as it was").expect("a file");
    let before = names(path);
    for bad in ["none/x.sarif", "sql", "old.json/x"] {
        let run = roof_lint(path, &["--output", "json=old.json", "--output", &format!("sarif={bad}")]).code(2);
        assert!(stderr(&run).contains(&format!("cannot write {bad}: ")), "{}", stderr(&run));
        assert_eq!(
            (stdout(&run).as_str(), fs::read_to_string(path.join("old.json")).expect("a file").as_str()),
            ("", "as it was")
        );
        assert_eq!((names(path), names(&path.join("sql")).len()), (before.clone(), 4));
    }
    // A full disk.
    let run = roof_lint(path, &["--output", "json=/dev/full"]).code(2);
    assert!(stderr(&run).contains("cannot write /dev/full: No space left on device"), "{}", stderr(&run));
    assert!(fs::symlink_metadata("/dev/full").is_ok_and(|known| !known.is_file()));
    for (target, says) in [
        ("json", "write FORMAT=PATH"),
        ("xml=a", "there is no format `xml`; known here: text, json, sarif"),
        ("json=", "the path is missing"),
    ] {
        let run = roof_lint(path, &["--output", target]).code(2);
        assert!(stderr(&run).contains(says), "{}", stderr(&run));
    }
}

#[test]
fn a_report_takes_the_place_of_no_script_and_of_no_other_report() {
    let directory = package(false);
    let path = directory.path();
    symlink("sql/run.sql", path.join("link")).expect("a link");
    for target in ["sql/run.sql", "lint.toml", "link", "./sql/../sql/before.sql"] {
        let run = roof_lint(path, &["--output", &format!("json={target}")]).code(2).stdout_eq("");
        assert!(stderr(&run).contains("is a file of the package, not one for a report"), "{}", stderr(&run));
    }
    let run = roof_lint(path, &["--output", "json=x", "--output", "sarif=x"]).code(2);
    assert!(stderr(&run).contains("two reports go into x"), "{}", stderr(&run));
    // A link stays one, and its target is replaced; a pipe is written to.
    fs::write(path.join("real.json"), "old").expect("a file");
    fs::set_permissions(path.join("real.json"), fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink("real.json", path.join("ours")).expect("a link");
    roof_lint(path, &["--output", "json=ours", "--output", "text=/dev/stderr"]).code(0).stderr_eq(str![[r#"
4 files, 14 statements: 0 denied, 0 warned, 0 silenced; not analysed: 0
sound: pass

"#]]);
    assert!(fs::symlink_metadata(path.join("ours")).expect("it is there").is_symlink());
    let real = path.join("real.json");
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(real).expect("a file").starts_with("{\n"));
}

#[test]
fn warnings_fail_where_that_is_asked_for() {
    let directory = package(true);
    edit(
        directory.path(),
        "lint.toml",
        "# A package",
        "[levels]\ndelete-outside-tag = \"warn\"\nleftover-after-rollback = \"warn\"\nchanges-when-repeated = \"warn\"\n# A package",
    );
    let before = roof_lint(directory.path(), &[]);
    assert!(stdout(&before).contains("warning[delete-outside-tag]"), "{}", stdout(&before));
    before.code(0);
    roof_lint(directory.path(), &["--fail-on", "deny"]).code(0);
    let run = roof_lint(directory.path(), &["--fail-on", "warn"]).code(1);
    assert!(stdout(&run).ends_with("sound: fail\n"), "{}", stdout(&run));
    roof_lint(directory.path(), &["--fail-on", "allow"]).code(2);
}

#[test]
fn what_was_there_before_does_not_fail() {
    let directory = package(true);
    let path = directory.path();
    roof_lint(path, &["--output", "json=before.json", "--output", "sarif=before.sarif"]).code(1);
    // Elsewhere in the file, with other line ends: the same.
    let text = fs::read_to_string(path.join("sql/rollback.sql")).expect("a file").replace('\n', "\r\n");
    fs::write(path.join("sql/rollback.sql"), format!("-- moved\r\n\r\n{text}")).expect("a file");
    for before in ["before.json", "before.sarif"] {
        let run = roof_lint(path, &["--baseline", before]).code(0).stderr_eq("");
        assert!(
            stdout(&run).contains(": 0 denied, 0 warned, 0 silenced; not analysed: 0\nknown from before: "),
            "{}",
            stdout(&run)
        );
        assert!(stdout(&run).ends_with("sound: pass\n"), "{}", stdout(&run));
    }
    edit(path, "sql/run.sql", "\\ir 10_shelf.sql", "\\! ls\n\\ir 10_shelf.sql");
    let run = roof_lint(path, &["--baseline", "before.json"]).code(1);
    assert!(
        stdout(&run).starts_with("error[forbidden-command]: ") && stdout(&run).contains(": 1 denied, "),
        "{}",
        stdout(&run)
    );
    // The gate of before excuses nothing at the executor.
    let run = Command::new(env!("CARGO_BIN_EXE_roof-exec")).args(["-f", "sql/run.sql"]).current_dir(path).assert();
    run.code(1);
    fs::write(path.join("broken.json"), "{\"schema\": ").expect("a file");
    let run = roof_lint(path, &["--baseline", "broken.json", "--output", "json=after.json"]).code(2).stdout_eq("");
    assert!(stderr(&run).contains("broken.json is no report of roof-lint: EOF"), "{}", stderr(&run));
    assert!(!path.join("after.json").exists());
    let run = roof_lint(path, &["--baseline", "none.json"]).code(2);
    assert!(stderr(&run).contains("cannot read none.json: No such file"), "{}", stderr(&run));
}

fn git(directory: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"];
    let run = std::process::Command::new("git").args(identity).args(arguments).current_dir(directory).output();
    let run = run.expect("git runs");
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn only_what_has_changed_since_a_revision_fails() {
    let repository = tempfile::tempdir().expect("a directory");
    let top = repository.path();
    let path = top.join("d\u{e9} b");
    fs::rename(package(true).keep(), &path).expect("it moves");
    git(top, &["init", "-q", "-b", "main"]);
    let run = roof_lint(&path, &["--since", "HEAD"]).code(2).stdout_eq("");
    assert!(stderr(&run).contains("cannot read the history since HEAD: "), "{}", stderr(&run));
    git(top, &["add", "."]);
    git(top, &["commit", "-q", "-m", "first"]);
    let run = roof_lint(&path, &["--since", "HEAD"]).code(0).stderr_eq("");
    assert!(stdout(&run).contains("\n0 files changed; in others: "), "{}", stdout(&run));
    // From elsewhere, by another path, and from a hook.
    let config = format!("{}/../d\u{e9} b/lint.toml", path.display());
    let run = Command::new(env!("CARGO_BIN_EXE_roof-lint")).env("GIT_DIR", ".git").env("GIT_INDEX_FILE", ".git/index");
    run.args(["--since", "HEAD", "--config", &config]).current_dir(top).assert().code(0);
    // Another file changes: what is wrong with the rollback is still not ours.
    edit(&path, "sql/run.sql", "\\ir 10_shelf.sql", "\\! ls\n\\ir 10_shelf.sql");
    let run = roof_lint(&path, &["--since", "HEAD"]).code(1);
    assert!(
        stdout(&run).starts_with("error[forbidden-command]") && !stdout(&run).contains("error[delete-outside-tag]"),
        "{}",
        stdout(&run)
    );
    git(top, &["commit", "-q", "-a", "-m", "second"]);
    roof_lint(&path, &["--since", "HEAD"]).code(0);
    roof_lint(&path, &["--since", "HEAD~1"]).code(1);
    // A change that git does not look for is one, too.
    git(&path, &["update-index", "--assume-unchanged", "sql/rollback.sql"]);
    edit(&path, "sql/rollback.sql", "BEGIN;", "BEGIN; -- touched");
    let run = roof_lint(&path, &["--since", "HEAD"]).code(1);
    assert!(stdout(&run).contains("error[delete-outside-tag]"), "{}", stdout(&run));
    // What lint.toml says concerns every file.
    git(&path, &["update-index", "--no-assume-unchanged", "sql/rollback.sql"]);
    git(top, &["checkout", "-q", "."]);
    edit(&path, "lint.toml", "# A package", "# The package");
    let run = roof_lint(&path, &["--since", "HEAD"]).code(1);
    assert!(
        stdout(&run).contains("error[delete-outside-tag]") && stdout(&run).contains("; in others: 0\n"),
        "{}",
        stdout(&run)
    );
    for unknown in ["none", "--output=x", "HEAD:lint.toml", "", "-"] {
        let run = roof_lint(&path, &[&format!("--since={unknown}")]).code(2).stdout_eq("");
        assert!(stderr(&run).contains(&format!("cannot read the history since {unknown}: ")), "{}", stderr(&run));
    }
    fs::remove_dir_all(top.join(".git/objects")).expect("it was there");
    roof_lint(&path, &["--since", "HEAD"]).code(2).stdout_eq("");
    fs::remove_dir_all(top.join(".git")).expect("it was there");
    let run = roof_lint(&path, &["--since", "HEAD"]).code(2);
    assert!(stderr(&run).contains("not a git repository"), "{}", stderr(&run));
}

/// The package with an entry for what is wrong with its rollback.
fn allowed(entry: &str) -> tempfile::TempDir {
    let directory = package(true);
    edit(directory.path(), "lint.toml", "[[package.gate]]", &format!("[[package.allow]]\n{entry}\n\n[[package.gate]]"));
    directory
}

const ENTRY: &str = "path = \"rollback.sql\"\nrule = \"delete-outside-tag\"\nreason = \"R8 goes, too\"";

fn value(directory: &Path, arguments: &[&str], code: i32) -> serde_json::Value {
    let run = roof_lint(directory, &[arguments, &["--format", "json"]].concat()).code(code).stderr_eq("");
    serde_json::from_slice(&run.get_output().stdout).expect("it is JSON")
}

#[test]
fn lint_toml_silences_a_rule_in_a_file_until_a_day() {
    let directory = allowed(&format!("{ENTRY}\nticket = \"GOV-17\"\nexpires = 2026-11-30"));
    let report = value(directory.path(), &["--today", "2026-11-30"], 0);
    let finding = &report["packages"][0]["findings"][0];
    assert_eq!((&finding["rule"], &finding["silenced"]), (&"delete-outside-tag".into(), &"R8 goes, too".into()));
    let suppression = &finding["suppression"];
    assert_eq!((&suppression["ticket"], &suppression["expires"]), (&"GOV-17".into(), &"2026-11-30".into()));
    assert_eq!(
        (&suppression["place"]["file"], &suppression["place"]["text"]),
        (&"lint.toml".into(), &"delete-outside-tag".into())
    );
    let sarif = roof_lint(directory.path(), &["--today", "2026-11-30", "--format", "sarif"]).code(0);
    let log: serde_json::Value = serde_json::from_slice(&sarif.get_output().stdout).expect("it is JSON");
    assert_eq!(log["runs"][0]["results"][0]["suppressions"][0]["kind"], "external");
    let run = roof_lint(directory.path(), &["check", "--today", "2026-12-01"]).code(1);
    let text = stdout(&run);
    assert!(
        text.contains("error[expired-silence]: this suppression of delete-outside-tag held until 2026-11-30\n"),
        "{text}"
    );
    assert!(text.contains("error[delete-outside-tag]: "), "{text}");
    for (day, says) in [("30.11.2026", "is no date: write YYYY-MM-DD"), ("2026-02-30", "is no date")] {
        assert!(stderr(&roof_lint(directory.path(), &["--today", day]).code(2)).contains(says));
    }
}

#[test]
fn without_a_day_the_clock_tells_it() {
    roof_lint(allowed(&format!("{ENTRY}\nexpires = 9999-12-31")).path(), &[]).code(0);
    roof_lint(allowed(&format!("{ENTRY}\nexpires = 2026-01-01")).path(), &[]).code(1);
}

#[test]
fn what_is_wrong_with_an_entry_of_lint_toml_is_told() {
    let told = |entry: &str| {
        let directory = allowed(entry);
        stdout(&roof_lint(directory.path(), &["--today", "2026-06-01"]).code(1))
    };
    let text = told(&ENTRY.replace("reason = \"R8 goes, too\"", ""));
    assert!(text.contains("error[silence-without-reason]: this suppression gives no reason\n"), "{text}");
    assert!(text.contains("error[delete-outside-tag]") && text.contains("write why: reason = \"…\""), "{text}");
    assert!(told(&ENTRY.replace("R8 goes, too", " ")).contains("error[silence-without-reason]"));
    let text = told(&ENTRY.replace("delete-outside-tag", "delete-outside-tags"));
    assert!(text.contains("warning[idle-silence]: there is no rule delete-outside-tags\n"), "{text}");
    assert!(text.contains("= way out: did you mean delete-outside-tag?\n"), "{text}");
    let text = told(&ENTRY.replace("rollback.sql", "run.sql"));
    assert!(
        text.contains(
            "warning[idle-silence]: this suppression of delete-outside-tag silences nothing in sql/run.sql\n"
        ),
        "{text}"
    );
    // What is wrong with a suppression cannot be silenced.
    let text = told(&format!(
        "{}\n[[package.allow]]\npath = \"lint.toml\"\nrule = \"idle-silence\"\nreason = \"x\"",
        ENTRY.replace("rollback", "run")
    ));
    assert!(text.matches("warning[idle-silence]").count() == 2, "{text}");
    let run = |entry: &str| stderr(&roof_lint(allowed(entry).path(), &[]).code(2));
    assert!(run("path = \"rollback.sql\"").contains("the key `rule` is missing in lint.toml"));
    assert!(run(&format!("{ENTRY}\nexpire = 2026-01-01")).contains("did you mean `expires`?"));
    assert!(run(&format!("{ENTRY}\nexpires = 2026-01-01T10:00:00Z")).contains("is no date: write YYYY-MM-DD"));
}

#[test]
fn what_guards_is_silenced_in_lint_toml_alone() {
    let unguarded = || {
        let directory = package(false);
        edit(
            directory.path(),
            "lint.toml",
            "[[package.gate]]",
            "[[package.gate]]\nwhat = \"more\"\nholds = \"EXISTS (SELECT FROM book)\"\n\n[[package.gate]]",
        );
        directory
    };
    let directory = unguarded();
    let report = value(directory.path(), &[], 1);
    let findings = report["packages"][0]["findings"].as_array().expect("findings");
    assert!(findings.iter().all(|finding| finding["rule"] == "unguarded-change"), "{report}");
    let files: Vec<&str> = findings.iter().filter_map(|finding| finding["place"]["file"].as_str()).collect();
    let comment = "-- roof-lint: allow-file(unguarded-change) because it may\n";
    for file in &files {
        let text = fs::read_to_string(directory.path().join(file)).expect("a file");
        fs::write(directory.path().join(file), format!("{comment}{text}")).expect("a file");
    }
    let text = stdout(&roof_lint(directory.path(), &[]).code(1));
    assert!(text.contains("warning[idle-silence]: unguarded-change cannot be silenced in a script\n"), "{text}");
    let directory = unguarded();
    let mut distinct = files.clone();
    distinct.dedup();
    let entry = |file: &&str| {
        let path = file.trim_start_matches("sql/");
        format!("[[package.allow]]\npath = \"{path}\"\nrule = \"unguarded-change\"\nreason = \"x\"\n")
    };
    let entries: String = distinct.iter().map(entry).collect::<Vec<_>>().concat();
    edit(directory.path(), "lint.toml", "[[package.tier]]", &format!("{entries}[[package.tier]]"));
    roof_lint(directory.path(), &[]).code(0);
}

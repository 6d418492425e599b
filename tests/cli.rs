//! The command line: arguments in, messages and exit codes out.

use std::fs;
use std::path::Path;

use snapbox::cmd::{Command, OutputAssert};
use snapbox::str;

fn roof_lint(directory: &Path, arguments: &[&str]) -> OutputAssert {
    Command::new(env!("CARGO_BIN_EXE_roof-lint")).args(arguments).current_dir(directory).assert()
}

fn directory_with(config: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("lint.toml"), config).expect("a file");
    directory
}

/// The package of tests/packages/sound, with texts replaced in its files.
fn sound_but(edits: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("sql")).expect("a directory");
    let root = Path::new("tests/packages/sound");
    for file in ["lint.toml", "sql/before.sql", "sql/10_shelf.sql", "sql/rollback.sql", "sql/run.sql"] {
        let mut text = fs::read_to_string(root.join(file)).expect("a fixture");
        for (_, from, to) in edits.iter().filter(|edit| edit.0 == file) {
            assert!(text.contains(from), "{file} has no {from:?}");
            text = text.replace(from, to);
        }
        fs::write(directory.path().join(file), text).expect("a file");
    }
    directory
}

fn stdout(run: &OutputAssert) -> String {
    String::from_utf8(run.get_output().stdout.clone()).expect("a report is UTF-8")
}

fn json(directory: &Path, arguments: &[&str], code: i32) -> serde_json::Value {
    let run = roof_lint(directory, &[arguments, &["--format", "json"]].concat()).code(code).stderr_eq("");
    serde_json::from_slice(&run.get_output().stdout).expect("it is JSON")
}

/// The rules of the findings in the report, in its order.
fn rules(report: &serde_json::Value) -> Vec<&str> {
    let packages = report["packages"].as_array().expect("packages");
    let findings = packages.iter().flat_map(|package| package["findings"].as_array().expect("findings"));
    findings.map(|finding| finding["rule"].as_str().expect("a rule")).collect()
}

const GUILTY: (&str, &str, &str) = ("sql/rollback.sql", "created_by = 'R7'", "created_by LIKE 'R%'");

#[test]
fn it_explains_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let help = stdout(&roof_lint(directory.path(), &["--help"]).code(0));
    assert!(["check", "rehearse", "manifest", "explain"].iter().all(|command| help.contains(command)), "{help}");
    roof_lint(directory.path(), &["--version"]).code(0).stdout_eq(str!["roof-lint [..]\n"]);
}

#[test]
fn a_sound_package_passes_with_and_without_the_word_check() {
    let passes = "4 files, 14 statements: 0 denied, 0 warned, 0 silenced; not analysed: 0\nsound: pass\n";
    let root = Path::new("tests/packages/sound");
    let twice = ["--package", "sound", "--package", "sound"];
    for arguments in [&[][..], &["check"], &["check", "--package", "sound"], &twice, &["--color", "always"]] {
        roof_lint(root, arguments).code(0).stdout_eq(passes).stderr_eq("");
    }
    roof_lint(Path::new("."), &["--config", "tests/packages/sound/lint.toml"]).code(0).stdout_eq(passes);
    let report = json(root, &[], 0);
    assert_eq!((&report["schema"], &report["verdict"]), (&"roof-lint/1".into(), &"pass".into()));
    assert_eq!(report["packages"][0]["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn what_is_denied_is_shown_and_fails() {
    let directory = sound_but(&[GUILTY]);
    let report = stdout(&roof_lint(directory.path(), &[]).code(1).stderr_eq(""));
    assert!(
        report.contains("\nerror[delete-outside-tag]: ") || report.starts_with("error[delete-outside-tag]: "),
        "{report}"
    );
    assert!(report.contains("┌─ sql/rollback.sql:10:") && report.contains("│ DELETE FROM book WHERE"), "{report}");
    assert!(report.ends_with("sound: fail\n"), "{report}");
    let report = json(directory.path(), &["check"], 1);
    assert_eq!(report["verdict"], "fail");
    let finding = report["packages"][0]["findings"].as_array().expect("findings").iter();
    let finding = finding.clone().find(|finding| finding["rule"] == "delete-outside-tag").expect("it is there");
    assert_eq!((&finding["place"]["file"], &finding["place"]["line"]), (&"sql/rollback.sql".into(), &10.into()));
}

#[test]
fn levels_decide() {
    let report = json(sound_but(&[GUILTY]).path(), &[], 1);
    let mut ids = rules(&report);
    ids.sort_unstable();
    ids.dedup();
    let ids = ids.join(" = \"warn\"\n") + " = \"warn\"\n";
    let head = "# A package in which";
    let directory = sound_but(&[GUILTY, ("lint.toml", head, &format!("[levels]\n{ids}{head}"))]);
    let report = stdout(&roof_lint(directory.path(), &[]).code(0));
    assert!(report.contains("warning[delete-outside-tag]: ") && report.contains("= warn: lint.toml:"), "{report}");
    assert!(report.contains(": 0 denied, ") && report.ends_with("sound: pass\n"), "{report}");

    let directory = sound_but(&[("lint.toml", head, &format!("[levels]\nsyntax-eror = \"warn\"\n{head}"))]);
    roof_lint(directory.path(), &[]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × there is no rule `syntax-eror`
   ╭─[lint.toml:2:1]
 1 │ [levels]
 2 │ syntax-eror = "warn"
   · ─────┬─────
   ·      ╰── here
 3 │ # A package in which nothing is wrong: one table with its rows, guarded and undone.
   ╰────
  help: did you mean `syntax-error`?

"#]]);
}

#[test]
fn a_suppression_silences_and_is_counted() {
    let directory = sound_but(&[("sql/run.sql", "\\ir 10_shelf.sql", "\\! ls\n\\ir 10_shelf.sql")]);
    assert_eq!(rules(&json(directory.path(), &[], 1)), ["forbidden-command"]);
    let silenced = "-- roof-lint: allow(forbidden-command): a test of it\n\\! ls\n\\ir 10_shelf.sql";
    let directory = sound_but(&[("sql/run.sql", "\\ir 10_shelf.sql", silenced)]);
    let report = json(directory.path(), &[], 0);
    assert_eq!((&report["counts"]["silenced"], &report["counts"]["denied"]), (&1.into(), &0.into()));
    assert_eq!(report["packages"][0]["findings"][0]["silenced"], "a test of it");
    let reported = stdout(&roof_lint(directory.path(), &[]).code(0));
    assert!(reported.contains(" 0 denied, 0 warned, 1 silenced; not analysed: 0\n"), "{reported}");
}

#[test]
fn chosen_files_limit_what_is_shown_and_not_the_verdict() {
    let directory = sound_but(&[GUILTY, ("sql/run.sql", "\\ir 10_shelf.sql", "\\ir 10_shelf.sql\n\\! ls")]);
    let all = json(directory.path(), &[], 1);
    assert!(rules(&all).contains(&"forbidden-command") && rules(&all).contains(&"delete-outside-tag"));
    let some = json(directory.path(), &["sql/rollback.sql"], 1);
    assert!(!rules(&some).contains(&"forbidden-command") && rules(&some).contains(&"delete-outside-tag"));
    assert_eq!((&some["counts"], &some["only"]), (&all["counts"], &serde_json::json!(["sql/rollback.sql"])));
    let none = stdout(&roof_lint(directory.path(), &["check", "./sql/before.sql"]).code(1));
    assert!(none.contains("shown is only what touches sql/before.sql\nsound: fail\n"), "{none}");
    fs::write(directory.path().join("sql/other.sql"), "SELECT 1;").expect("a file");
    roof_lint(directory.path(), &["sql/other.sql"]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × no package that is checked holds sql/other.sql
  help: name it in lint.toml, as `file` of a [[package.tier]] for instance

"#]]);
}

#[test]
fn scripts_are_checked_without_lint_toml() {
    let directory = tempfile::tempdir().expect("a directory");
    let good = "BEGIN;\nCREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY);\nCOMMIT;\n";
    fs::write(directory.path().join("good.sql"), good).expect("a file");
    fs::write(directory.path().join("bad.sql"), "BEGIN;\nSELEC 1;\nCOMMIT;\n").expect("a file");
    let note =
        "there is no lint.toml: checking each FILE, in this order, as a tier without gate, baseline and rollback\n";
    let run = roof_lint(directory.path(), &["good.sql"]).code(0).stderr_eq(note);
    assert!(stdout(&run).ends_with(" 0 denied, 0 warned, 0 silenced; not analysed: 0\nfiles: pass\n"));
    let run = roof_lint(directory.path(), &["good.sql", "bad.sql"]).code(1).stderr_eq(note);
    assert!(stdout(&run).contains("error[syntax-error]: "));
    // From elsewhere, too.
    let path = directory.path().join("good.sql");
    let elsewhere = tempfile::tempdir().expect("a directory");
    roof_lint(elsewhere.path(), &["check", path.to_str().expect("UTF-8")]).code(0).stderr_eq(note);
    roof_lint(directory.path(), &["none.sql"]).code(2).stderr_eq(str![[r#"
  × cannot read none.sql: No such file or directory (os error 2)

"#]]);
    roof_lint(directory.path(), &["--config", "none.toml", "good.sql"]).code(2);
}

#[test]
fn nothing_is_never_a_pass() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("empty.sql"), "-- nothing\n").expect("a file");
    let run = roof_lint(directory.path(), &["empty.sql"]).code(2).stdout_eq("");
    let stderr = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(stderr.contains("nothing was analysed: the release of package \"files\" has no statement"), "{stderr}");
    let directory = directory_with("[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"d\"\n");
    roof_lint(directory.path(), &[]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × nothing was analysed: the release of package "p" has no script
  help: name its scripts in lint.toml; an empty package never passes

"#]]);
    roof_lint(directory_with("").path(), &[]).code(2).stdout_eq("");
    // What builds the database before the release is not the release.
    let head = "[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"d\"\nbaseline = [\"base.sql\"]\n";
    let directory = directory_with(&format!("{head}[[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"tier.sql\"\n"));
    fs::write(directory.path().join("base.sql"), "CREATE TABLE t ();").expect("a file");
    fs::write(directory.path().join("tier.sql"), "").expect("a file");
    let run = roof_lint(directory.path(), &[]).code(2).stdout_eq("");
    let stderr = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(stderr.contains("the release of package \"p\" has no statement"), "{stderr}");
}

#[test]
fn scripts_that_are_not_there_are_named() {
    let directory = sound_but(&[]);
    for file in ["10_shelf.sql", "rollback.sql", "run.sql"] {
        fs::remove_file(directory.path().join("sql").join(file)).expect("it was there");
    }
    let run = roof_lint(directory.path(), &[]).code(2).stdout_eq("");
    let stderr = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
    assert!(stderr.contains("nothing was analysed: sql/") && stderr.contains("─[lint.toml:"), "{stderr}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let directory = sound_but(&[GUILTY]);
    let run = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roof-lint")).args(arguments).current_dir(directory.path());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "TERM"] {
            command = command.env_remove(name);
        }
        for (name, value) in environment {
            command = command.env(name, value);
        }
        stdout(&command.assert().code(1)).contains('\x1b')
    };
    assert!(!run(&[], &[]));
    assert!(run(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!run(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(run(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!run(&[("CLICOLOR_FORCE", "1")], &["check", "--color", "never"]));
    assert!(!run(&[("CLICOLOR_FORCE", "1")], &["--format", "json"]));
}

#[test]
fn a_reader_that_has_gone_is_no_fault() {
    let directory = sound_but(&[GUILTY]);
    for (arguments, code) in [(&["check"][..], 1), (&["check", "--format", "json"], 1), (&["rules"], 0)] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_roof-lint"));
        let run = command.args(arguments).current_dir(directory.path()).stdout(writer).output().expect("it runs");
        assert_eq!((run.status.code(), String::from_utf8_lossy(&run.stderr).as_ref()), (Some(code), ""));
    }
}

#[test]
fn any_bytes_are_checked_and_shown() {
    let directory = sound_but(&[GUILTY]);
    let path = directory.path().join("sql/rollback.sql");
    let lf = fs::read(&path).expect("a file");
    let before = json(directory.path(), &[], 1);
    let crlf = String::from_utf8_lossy(&lf).replace('\n', "\r\n");
    fs::write(&path, &crlf).expect("a file");
    let after = json(directory.path(), &[], 1);
    let lines = |report: &serde_json::Value| {
        let findings = report["packages"][0]["findings"].as_array().expect("findings").clone();
        let of = |finding: &serde_json::Value| {
            (finding["rule"].clone(), finding["place"]["line"].clone(), finding["place"]["column"].clone())
        };
        findings.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(lines(&before), lines(&after));
    let bytes = [&lf[..], b"SELECT '\xff \x1b[31m';\n"].concat();
    fs::write(&path, bytes).expect("a file");
    let report = stdout(&roof_lint(directory.path(), &[]).code(1).stderr_eq(""));
    assert!(report.contains("<FF>") && !report.contains('\x1b'), "{report}");
}

#[test]
fn two_runs_print_the_same() {
    let directory = sound_but(&[GUILTY, ("sql/10_shelf.sql", "SET LOCAL", "RESET ALL; SET")]);
    for arguments in [&["--format", "text"], &["--format", "json"]] {
        let run = || stdout(&roof_lint(directory.path(), arguments).code(1));
        assert_eq!(run(), run());
    }
}

#[test]
fn a_bad_argument_is_a_fault() {
    let directory = tempfile::tempdir().expect("a directory");
    roof_lint(directory.path(), &["rehearse", "--pakage", "x"]).code(2).stderr_eq(str![[r#"
error: unexpected argument '--pakage' found

  tip: a similar argument exists: '--package'
...
"#]]);
    roof_lint(directory.path(), &["rehaerse"]).code(2).stderr_eq(str![[r#"
  × cannot read rehaerse: No such file or directory (os error 2)
  help: did you mean the command `rehearse`?

"#]]);
}

#[test]
fn without_lint_toml_it_says_where_to_run() {
    let directory = tempfile::tempdir().expect("a directory");
    roof_lint(directory.path(), &["rehearse"]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × cannot read lint.toml: No such file or directory (os error 2)
  help: run in the directory that holds lint.toml, or name it: --config FILE; `roof-lint check
        FILE...` checks scripts without it

"#]]);
    roof_lint(directory.path(), &[]).code(2).stdout_eq("");
}

#[test]
fn a_broken_lint_toml_is_shown() {
    let directory =
        directory_with("[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"d\"\nfull-rolback = \"r\"\n");
    for command in ["rehearse", "manifest"] {
        roof_lint(directory.path(), &[command]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × unknown key `full-rolback` in lint.toml
   ╭─[lint.toml:5:1]
 4 │ database = "d"
 5 │ full-rolback = "r"
   · ──────┬─────
   ·       ╰── here
   ╰────
  help: did you mean `full-rollback`?

"#]]);
    }
}

#[test]
fn a_package_that_cannot_be_rehearsed_is_a_fault() {
    let head = "[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"d\"\n";
    let directory = directory_with(head);
    let says = |directory: &Path, arguments: &[&str], text: &str| {
        let run = roof_lint(directory, arguments).code(2);
        let stderr = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(stderr.contains(text), "{stderr}");
    };
    says(directory.path(), &["rehearse"], "no package in lint.toml can be rehearsed: none has a `clone`");
    says(directory.path(), &["rehearse", "--package", "p"], "package \"p\" cannot be rehearsed without a `clone`");
    says(directory.path(), &["rehearse", "--package", "q"], "has no package \"q\"");
    says(directory.path(), &["manifest"], "no package in lint.toml has a manifest");

    let scripts = "clone = \"c.sql\"\nexecutor = \"e.sql\"\nfull-rollback = \"r.sql\"\n";
    let directory = directory_with(&format!("{head}{scripts}"));
    says(directory.path(), &["rehearse"], "there is no file ./sql/c.sql");
    says(directory.path(), &["rehearse"], "[lint.toml:5:9]");
}

#[test]
fn a_manifest_is_written_then_checked_then_found_wrong() {
    let text = "[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"d\"\nmanifest = \"sums.txt\"\n";
    let directory = directory_with(text);
    fs::create_dir(directory.path().join("sql")).expect("a directory");
    fs::write(directory.path().join("sql/a.sql"), "").expect("a file");
    roof_lint(directory.path(), &["manifest"]).code(2);
    roof_lint(directory.path(), &["manifest", "--write"]).code(0).stdout_eq("sql/sums.txt: 1 files\n");
    roof_lint(directory.path(), &["manifest"]).code(0).stdout_eq("sql/sums.txt: 1 files, all as listed\n");
    fs::write(directory.path().join("sql/b.sql"), "").expect("a file");
    fs::remove_file(directory.path().join("sql/a.sql")).expect("it was there");
    roof_lint(directory.path(), &["manifest"]).code(1).stdout_eq(str![[r#"
sql/sums.txt: line 1: a.sql is listed but missing
sql/sums.txt: b.sql is not listed

"#]]);
}

#[test]
fn rules_are_listed_and_explained() {
    let directory = tempfile::tempdir().expect("a directory");
    let run = roof_lint(directory.path(), &["rules"]).code(0).stderr_eq("");
    let list = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    for line in list.lines() {
        let mut words = line.split_whitespace();
        let (id, level) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        assert!(["allow", "warn", "deny"].contains(&level) && words.next().is_some(), "{line}");
        let id_is_kebab = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(id_is_kebab && !id.is_empty(), "{line}");
        let page = roof_lint(directory.path(), &["explain", id]).code(0).stderr_eq("");
        let page = String::from_utf8_lossy(&page.get_output().stdout).into_owned();
        for heading in ["# ", "## Why\n", "## Bad\n", "## Good\n", "## Blind spots\n"] {
            assert!(page.starts_with(heading) || page.contains(&format!("\n{heading}")), "{id}: {heading}");
        }
    }
    assert!(list.contains("\nidle-silence "), "{list}");
    roof_lint(directory.path(), &["explain", "idle-silense"]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × there is no rule `idle-silense`
  help: did you mean `idle-silence`?

"#]]);
}

#[test]
fn init_describes_what_is_there_and_overwrites_nothing() {
    let directory = sound_but(&[]);
    let path = directory.path();
    roof_lint(path, &["init"]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × lint.toml is there already
  help: mend it by hand, or write another: roof-lint init --config FILE

"#]]);
    fs::remove_file(path.join("lint.toml")).expect("it was there");
    roof_lint(path, &["init"]).code(0).stderr_eq("").stdout_eq(str![[r#"
lint.toml: 4 scripts in sql, 1 taken for tiers; read it, mend it, then run roof-lint

"#]]);
    let text = fs::read_to_string(path.join("lint.toml")).expect("it is written");
    for line in [
        "baseline = [\"before.sql\"]\n",
        "full-rollback = \"rollback.sql\"\n",
        "number = 10\nname = \"shelf\"\nfile = \"10_shelf.sql\"\n",
        "timeouts = [\"lock_timeout\"]\n",
    ] {
        assert!(text.contains(line), "{line:?} is missing:\n{text}");
    }
    // It describes enough to be checked.
    let report = json(path, &[], 0);
    assert_eq!(report["counts"]["statements"], 14);
    // What is there already, be it a link to nowhere, stays.
    std::os::unix::fs::symlink("nowhere", path.join("other.toml")).expect("a link");
    roof_lint(path, &["init", "--config", "other.toml"]).code(2);
    assert!(!path.join("nowhere").exists());
    let empty = tempfile::tempdir().expect("a directory");
    let run = roof_lint(empty.path(), &["init"]).code(2);
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("there is no script below ."));
    assert!(fs::read_dir(empty.path()).expect("a directory").next().is_none());
}

#[test]
fn init_finds_the_tiers_of_this_repository() {
    let directory = tempfile::tempdir().expect("a directory");
    let sql = directory.path().join("sql");
    for entry in walkdir::WalkDir::new("sql/prod").into_iter().chain(walkdir::WalkDir::new("sql/prod_rollback")) {
        let entry = entry.expect("readable");
        let target = sql.join(entry.path().strip_prefix("sql").expect("below"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).expect("a directory");
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
    roof_lint(directory.path(), &["init"]).code(0);
    let text = fs::read_to_string(directory.path().join("lint.toml")).expect("it is written");
    assert_eq!(text.matches("\n[[package.tier]]\n").count(), 6, "{text}");
    assert!(text.contains("database = \"directus\"\n"), "{text}");
    assert!(text.contains("executor = \"prod/99_run_all.sql\"\n"), "{text}");
    assert!(text.contains("full-rollback = \"prod_rollback/99_rollback_full.sql\"\n"), "{text}");
}

#[test]
fn completions_and_manual_come_from_the_table_of_the_help() {
    let directory = tempfile::tempdir().expect("a directory");
    let help = stdout(&roof_lint(directory.path(), &["--help"]).code(0));
    let options: Vec<&str> =
        help.split_whitespace().filter(|word| word.starts_with("--")).map(|word| word.trim_end_matches(',')).collect();
    assert!(options.len() > 8, "{help}");
    let manual = stdout(&roof_lint(directory.path(), &["man"]).code(0).stderr_eq("")).replace("\\-", "-");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = stdout(&roof_lint(directory.path(), &["completions", shell]).code(0).stderr_eq(""));
        for option in &options {
            let bare = option.trim_start_matches('-');
            assert!(text.contains(bare), "{shell} does not know {option}");
            // The manual has a command under its name alone, not under that of the option too.
            assert!(*option == "--explain" || manual.contains(option), "the manual does not know {option}");
        }
        if shell == "bash" {
            let file = directory.path().join("completions");
            fs::write(&file, text).expect("a file");
            let asked = "source completions; COMP_WORDS=(roof-lint audit --ver); COMP_CWORD=2; \
                         _roof-lint roof-lint --ver audit; echo \"${COMPREPLY[*]}\"";
            let run = std::process::Command::new("bash").args(["-c", asked]).current_dir(directory.path()).output();
            assert_eq!(String::from_utf8_lossy(&run.expect("bash runs").stdout), "--verify\n");
        }
    }
    let audit = stdout(&roof_lint(directory.path(), &["man", "audit"]).code(0)).replace("\\-", "-");
    assert!(audit.contains("roof-lint-audit") && audit.contains("--verify"), "{audit}");
    let run = roof_lint(directory.path(), &["man", "audits"]).code(2);
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("did you mean `audit`?"));
    roof_lint(directory.path(), &["completions", "tcsh"]).code(2);
}

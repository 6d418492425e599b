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

#[test]
fn without_arguments_it_explains_itself() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = roof_lint(directory.path(), &[]).code(2);
    let text = String::from_utf8_lossy(&text.get_output().stderr).into_owned();
    assert!(text.contains("rehearse") && text.contains("manifest"), "{text}");
    roof_lint(directory.path(), &["--help"]).code(0);
    roof_lint(directory.path(), &["--version"]).code(0).stdout_eq(str!["roof-lint [..]\n"]);
}

#[test]
fn a_bad_argument_is_a_fault() {
    let directory = tempfile::tempdir().expect("a directory");
    roof_lint(directory.path(), &["rehearse", "--pakage", "x"]).code(2).stderr_eq(str![[r#"
error: unexpected argument '--pakage' found

  tip: a similar argument exists: '--package'
...
"#]]);
    roof_lint(directory.path(), &["rehaerse"]).code(2);
}

#[test]
fn without_lint_toml_it_says_where_to_run() {
    let directory = tempfile::tempdir().expect("a directory");
    roof_lint(directory.path(), &["rehearse"]).code(2).stdout_eq("").stderr_eq(str![[r#"
  × cannot read lint.toml: No such file or directory (os error 2)
  help: run in the directory that holds lint.toml, or name it: --config FILE

"#]]);
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

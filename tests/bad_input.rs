//! Whatever a package holds, the answer is a finding or a fault: never a crash, never silence.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const CONFIG: &str = "[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"*\"\nfull-rollback = \"undo.sql\"\n\
                      [[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"tier.sql\"\n";

fn lint(directory: &Path) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_roof-lint")).arg("check").current_dir(directory).output();
    run.expect("the linter starts")
}

fn package(tier: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("lint.toml"), CONFIG).expect("a file");
    fs::write(directory.path().join("undo.sql"), "BEGIN;\nCOMMIT;\n").expect("a file");
    fs::write(directory.path().join("tier.sql"), tier).expect("a file");
    directory
}

/// Exit code and everything that was printed.
fn said(directory: &Path) -> (i32, String) {
    let output = lint(directory);
    let text = [output.stdout, output.stderr].concat();
    let code = output.status.code().expect("it was not killed");
    (code, String::from_utf8_lossy(&text).into_owned())
}

fn denied(tier: &[u8], rule: &str) {
    let directory = package(tier);
    let (code, text) = said(directory.path());
    let shown: String = text.chars().take(2_000).collect();
    assert_eq!(code, 1, "{rule}: {shown}");
    assert!(text.contains(rule), "{rule}: {shown}");
    assert!(text.len() < 100_000, "{rule}: a report of {} bytes", text.len());
}

#[test]
fn what_psql_or_postgresql_cannot_read_is_a_finding() {
    let deep = format!("SELECT {}1{};\n", "(".repeat(100_000), ")".repeat(100_000));
    let open = "(".repeat(100_000);
    let unions = format!("{};\n", vec!["SELECT 1"; 20_000].join(" UNION ALL "));
    let cases = format!("SELECT {}1{};\n", "CASE WHEN true THEN ".repeat(20_000), " END".repeat(20_000));
    let blocks = format!("DO $$ {} {} $$;\n", "BEGIN ".repeat(20_000), "END; ".repeat(20_000));
    denied(deep.as_bytes(), "syntax-error");
    denied(open.as_bytes(), "unreadable-script");
    denied(unions.as_bytes(), "syntax-error");
    denied(cases.as_bytes(), "syntax-error");
    denied(blocks.as_bytes(), "not-analysed");
    denied(b"SELECT 'never closed", "unreadable-script");
    denied(b"SELECT 1 /* never closed", "unreadable-script");
    denied(b"DO $$ BEGIN", "unreadable-script");
    denied(b"\\if true\nSELECT 1;\n", "unreadable-script");
    denied(b"SELECT 1;\0\nSELECT 2;\n", "unreadable-script");
    denied(b"SELECT '\xff\xfe';\n", "unreadable-script");
    denied(b"SELECT 1; -- a comment\rDROP TABLE x;\n", "unreadable-script");
    denied("SELECT 1; -- \u{202e}txet\n".as_bytes(), "unreadable-script");
    denied(b"\\ir tier.sql\n", "unreadable-script");
    denied(b"\\ir /etc/passwd\n", "unreadable-script");
    denied(b"\\ir ~/x.sql\n", "unreadable-script");
    denied(b"\\ir no_such_file.sql\n", "unreadable-script");
    denied(b"COPY t FROM STDIN;\n1\n2\n", "unreadable-script");
}

#[test]
fn a_long_literal_is_only_long() {
    let literal = format!("BEGIN;\nUPDATE t SET note = '{}';\nCOMMIT;\n", "x".repeat(5 << 20));
    let directory = package(literal.as_bytes());
    let (code, text) = said(directory.path());
    assert!(code == 0 || code == 1, "{code}");
    assert!(text.len() < 10_000, "a report of {} bytes", text.len());
}

#[test]
fn loops_within_loops_come_to_an_end() {
    let mut tier = String::from("BEGIN;\nDO $$\nDECLARE n int := 0;\nBEGIN\n");
    tier.push_str(&"WHILE n < 9 LOOP\n".repeat(40));
    tier.push_str("n := n + 1;\n");
    tier.push_str(&"END LOOP;\n".repeat(40));
    tier.push_str("END\n$$;\nCOMMIT;\n");
    let (code, text) = said(package(tier.as_bytes()).path());
    assert_eq!(code, 0, "{text}");
}

/// PostgreSQL refuses one or the other; where paths meet both may be.
#[test]
fn tables_that_may_inherit_from_one_another_come_to_an_end() {
    let mut tier = String::from("BEGIN;\n");
    for table in ["a", "b"] {
        tier.extend(["CREATE TABLE IF NOT EXISTS ", table, " (n int, CONSTRAINT c CHECK (n > 0));\n"]);
    }
    tier.push_str("\\if :turned\nALTER TABLE a INHERIT b;\n\\else\nALTER TABLE b INHERIT a;\n\\endif\n");
    tier.push_str("ALTER TABLE a DROP CONSTRAINT IF EXISTS c;\nALTER TABLE b ADD COLUMN IF NOT EXISTS m int;\n");
    tier.push_str("ALTER TABLE a DROP COLUMN IF EXISTS n;\nALTER TABLE b INHERIT a;\nCOMMIT;\n");
    denied(tier.as_bytes(), "variable-undefined");
}

/// Each of these functions calls the next one twice, the last one itself deletes.
#[test]
fn calls_that_double_at_every_step_come_to_an_end() {
    let mut tier = String::from("BEGIN;\n");
    for n in 0..40 {
        let next = n + 1;
        let head = format!("CREATE OR REPLACE FUNCTION f{n}(v int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n");
        let call = format!("IF v > {n} THEN PERFORM f{next}(v + 1); END IF;\n");
        tier.extend([&*head, &call, &call, "END $$;\n"]);
    }
    tier.push_str("CREATE OR REPLACE FUNCTION f40(v int) RETURNS void LANGUAGE plpgsql AS 'BEGIN NULL; END';\n");
    tier.push_str("SELECT f0(1);\nCOMMIT;\n");
    denied(tier.as_bytes(), "not-analysed");
}

#[test]
fn what_is_not_a_script_is_told_with_its_name() {
    let directory = package(b"SELECT 1;\n");
    let tier = directory.path().join("tier.sql");
    fs::remove_file(&tier).expect("a file");
    let (code, text) = said(directory.path());
    assert!(code == 1 && text.contains("tier.sql") && text.contains("no such file"), "{text}");
    fs::create_dir(&tier).expect("a directory");
    let (code, text) = said(directory.path());
    assert!(code == 1 && text.contains("not a file"), "{text}");
    fs::remove_dir(&tier).expect("a directory");
    std::os::unix::fs::symlink("tier.sql", &tier).expect("a link");
    let (code, text) = said(directory.path());
    assert!(code == 1 && text.contains("tier.sql"), "{text}");
    fs::remove_file(&tier).expect("a link");
    std::os::unix::fs::symlink("/etc/hosts", &tier).expect("a link");
    let (code, text) = said(directory.path());
    assert!(code == 1 && text.contains("outside of the package"), "{text}");
}

#[test]
fn what_keeps_a_run_from_happening_is_a_fault() {
    let empty = tempfile::tempdir().expect("a directory");
    let (code, text) = said(empty.path());
    assert!(code == 2 && text.contains("lint.toml"), "{text}");
    for (config, word) in [
        ("package = 3\n", "package"),
        ("[[package]]\nname = 3\n", "string"),
        ("[[package]\n", "lint.toml"),
        ("", "lint.toml"),
        ("[levels]\nno-such-rule = \"warn\"\n", "no-such-rule"),
    ] {
        let directory = package(b"SELECT 1;\n");
        fs::write(directory.path().join("lint.toml"), config).expect("a file");
        let (code, text) = said(directory.path());
        assert!(code == 2 && text.contains(word), "{config}: {code} {text}");
    }
    let blank = package(b"");
    fs::write(blank.path().join("undo.sql"), "-- nothing\n").expect("a file");
    let (code, text) = said(blank.path());
    assert_ne!(code, 0, "{text}");
}

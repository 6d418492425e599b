//! Names that a variable has and a column too: what PostgreSQL takes each for, and that the
//! analysis says the same.

#![cfg(feature = "pg_query")]

use std::fmt::Write;

use roof_lint::cluster::Cluster;
use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};

const BASELINE: &str = "\
CREATE TABLE book (id int PRIMARY KEY, title text, tag text);
INSERT INTO book VALUES (1, 'R7', 'R7'), (2, 'b', 'x');
CREATE FUNCTION remove(title text) RETURNS void LANGUAGE sql AS 'DELETE FROM book WHERE tag = title';
CREATE FUNCTION remove_own(title text) RETURNS void LANGUAGE sql AS 'DELETE FROM book WHERE tag = remove_own.title';
CREATE FUNCTION list() RETURNS TABLE (id int) LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT id FROM book; END';
";

/// Which rows of tag R7 or x a script leaves, or how it fails.
#[derive(Debug, PartialEq, Eq)]
enum Ends {
    /// Both are there.
    Quiet,
    /// A row that the release did not add is gone, or certainly may be.
    Loses,
    /// `42702`
    Fails,
}
use Ends::{Fails, Loses, Quiet};

const SCRIPTS: &[(&str, Ends)] = &[
    ("DO $$ DECLARE id int := 3; BEGIN INSERT INTO book VALUES (1) ON CONFLICT (id) DO NOTHING; END $$", Fails),
    ("DO $$ DECLARE title text := 'no'; BEGIN DELETE FROM book WHERE tag = title; END $$", Fails),
    ("DO $$ DECLARE t text := 'no'; BEGIN DELETE FROM book WHERE tag = t; END $$", Quiet),
    (
        "DO $$ #variable_conflict use_column\nDECLARE title text := 'no'; BEGIN DELETE FROM book WHERE tag = title; END $$",
        Loses,
    ),
    (
        "DO $$ #variable_conflict use_variable\nDECLARE title text := 'no'; BEGIN DELETE FROM book WHERE tag = title; END $$",
        Quiet,
    ),
    ("SELECT remove('no')", Loses),
    ("SELECT remove_own('no')", Quiet),
    ("DO $$ DECLARE b text; BEGIN DELETE FROM book AS b WHERE b.tag = 'no'; END $$", Quiet),
    ("DO $$ DECLARE title text; BEGIN PERFORM count(*) AS title FROM book GROUP BY tag ORDER BY title; END $$", Quiet),
    ("DO $$ DECLARE id int; BEGIN PERFORM 1 FROM book AS a JOIN book AS b USING (id); END $$", Quiet),
    ("DO $$ <<book>> DECLARE title text; BEGIN PERFORM 1 FROM book WHERE book.title = 'a'; END $$", Fails),
    (
        "DO $$ DECLARE title text; BEGIN IF (SELECT count(*) FROM book WHERE title = 'a') > 5 THEN RETURN; END IF; END $$",
        Fails,
    ),
    ("DO $$ DECLARE book text; BEGIN PERFORM count(book) FROM book; END $$", Fails),
    ("DO $$ DECLARE title text; BEGIN PERFORM upper(tag) AS title FROM book ORDER BY title; END $$", Quiet),
    (
        "DO $$ DECLARE id int := 1; BEGIN INSERT INTO book VALUES (id, 'a') ON CONFLICT ON CONSTRAINT book_pkey DO NOTHING; END $$",
        Quiet,
    ),
    ("DO $$ DECLARE title text; BEGIN PERFORM FROM book AS b (id, name, tag) WHERE name = title; END $$", Quiet),
    ("SELECT * FROM list()", Fails),
];

/// What the rules say of a script that is to undo a tier, which adds a row of the tag `no`.
fn said(directory: &std::path::Path, script: &str) -> Ends {
    let toml = "[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"*\"\nbaseline = [\"before.sql\"]\ntags = [\"no\"]\n\
                tag-columns = [\"tag\"]\n[[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"one.sql\"\nrollback = \"undo.sql\"\n";
    let tier =
        "BEGIN;\nINSERT INTO book (id, title, tag) VALUES (9, 'new', 'no') ON CONFLICT (id) DO NOTHING;\nCOMMIT;\n";
    std::fs::write(directory.join("before.sql"), BASELINE).expect("a script");
    std::fs::write(directory.join("one.sql"), tier).expect("a script");
    std::fs::write(directory.join("undo.sql"), format!("BEGIN;\n{script};\nCOMMIT;\n")).expect("a script");
    let config = Config::parse("lint.toml", toml).expect("a configuration");
    let outcome = lint(Job { directory: directory.to_owned(), config, packages: Vec::new() }).expect("it is linted");
    let has = |rule: &str| outcome.packages.iter().flat_map(|package| &package.findings).any(|one| one.rule == rule);
    match (has("statement-fails"), has("delete-outside-tag")) {
        (true, _) => Fails,
        (false, true) => Loses,
        (false, false) => Quiet,
    }
}

fn shown(cluster: &Cluster, script: &str) -> Ends {
    let script =
        format!("\\set VERBOSITY sqlstate\nBEGIN;\n{script};\nSELECT 'rows', count(*) FROM book;\nROLLBACK;\n");
    let run = cluster.query("postgres", &script).expect("psql runs");
    if run.stderr.contains("42702") {
        return Fails;
    }
    assert!(run.is_success(), "{script}{}", run.stderr);
    if run.stdout.contains("rows|2") { Quiet } else { Loses }
}

#[test]
fn a_name_means_what_postgresql_takes_it_for() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", BASELINE).expect("the baseline");
    let directory = tempfile::tempdir().expect("a directory");
    let mut wrong = String::new();
    for (script, ends) in SCRIPTS {
        let (said, shown) = (said(directory.path(), script), shown(&cluster, script));
        if (&said, &shown) != (ends, ends) {
            writeln!(wrong, "PostgreSQL {shown:?}, the rules {said:?}: {script}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_relations_of_postgresql_are_known_by_name() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let own = "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')";
    let names = cluster.sql("postgres", own).expect("names");
    let unknown: Vec<&str> = names.lines().filter(|name| !roof_lint::builtin::is_relation(name)).collect();
    assert!(unknown.is_empty() && names.lines().count() > 100, "{unknown:?}");
    assert!(!roof_lint::builtin::is_relation("pg_lsn_tbl"));
}

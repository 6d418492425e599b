//! Scripts that take away or make what no baseline tells of: PostgreSQL refuses the second run of those,
//! and only of those, that are told to fail then.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

/// What is there, and nobody says so.
const BEFORE: &str = "\
CREATE TABLE t (a int, b int, CONSTRAINT k CHECK (a > 0));
CREATE INDEX i ON t (a);
CREATE VIEW v AS SELECT 1 AS a;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TYPE y AS ENUM ('a');
CREATE SCHEMA s;
CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
CREATE SEQUENCE q;
";

const SCRIPTS: &[&str] = &[
    "DROP TABLE t",
    "DROP TABLE IF EXISTS t",
    "DROP INDEX i",
    "DROP VIEW v",
    "DROP FUNCTION f(int)",
    "DROP TYPE y",
    "DROP SCHEMA s",
    "DROP SEQUENCE q",
    "DROP TRIGGER r ON t",
    "DROP TRIGGER IF EXISTS r ON t",
    "ALTER TABLE t DROP COLUMN b",
    "ALTER TABLE t DROP COLUMN IF EXISTS b",
    "ALTER TABLE t DROP CONSTRAINT k",
    "ALTER TABLE t RENAME COLUMN b TO c",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE IF EXISTS t RENAME TO u",
    "ALTER INDEX i RENAME TO j",
    "ALTER TABLE t ADD COLUMN x int",
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS x int",
    "ALTER TABLE t DROP COLUMN IF EXISTS x, ADD COLUMN x int",
    "ALTER TABLE t ADD CONSTRAINT l CHECK (b > 0)",
    "ALTER TABLE t DROP CONSTRAINT IF EXISTS l; ALTER TABLE t ADD CONSTRAINT l CHECK (b > 0)",
    "CREATE INDEX j ON t (b)",
    "CREATE INDEX IF NOT EXISTS j ON t (b)",
    "DROP INDEX IF EXISTS j; CREATE INDEX j ON t (b)",
    "CREATE INDEX j ON t (b); DROP INDEX j",
    "CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()",
    "DROP TRIGGER IF EXISTS z ON t; CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()",
    "CREATE POLICY p ON t USING (true)",
    "ALTER TABLE t ADD COLUMN x int; ALTER TABLE t DROP COLUMN x",
    "ALTER TABLE t ADD COLUMN x int; CREATE INDEX j ON t (x); ALTER TABLE t DROP COLUMN x",
    "ALTER TABLE t RENAME COLUMN b TO c; ALTER TABLE t RENAME COLUMN c TO b",
    "DO $$ BEGIN IF to_regclass('i') IS NOT NULL THEN DROP INDEX i; END IF; END $$",
    "DO $$ BEGIN DROP INDEX i; EXCEPTION WHEN undefined_object THEN NULL; END $$",
    "DROP VIEW v; DROP TABLE t; CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
    "DROP VIEW IF EXISTS w; ALTER VIEW v RENAME TO w; ALTER VIEW w RENAME TO v",
    "DROP TABLE t CASCADE; CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a)",
    "SAVEPOINT p; DROP TABLE t; ROLLBACK TO p",
    // A handler takes what it names, and nothing else.
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l CHECK (b > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l CHECK (b > 0); EXCEPTION WHEN duplicate_table THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l CHECK (b > 0); EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l CHECK (b > 0); EXCEPTION WHEN duplicate_table OR duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l CHECK (b > 0); EXCEPTION WHEN SQLSTATE '42710' THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l UNIQUE (b); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD CONSTRAINT l UNIQUE (b); EXCEPTION WHEN duplicate_table THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD PRIMARY KEY (a); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD PRIMARY KEY (a); EXCEPTION WHEN invalid_table_definition THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD COLUMN x int; EXCEPTION WHEN duplicate_column THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u ADD COLUMN x int; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN ALTER TABLE u RENAME COLUMN b TO x; EXCEPTION WHEN undefined_column THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN CREATE INDEX j ON u (b); CREATE INDEX l ON u (a); EXCEPTION WHEN duplicate_table THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN CREATE INDEX j ON u (b); CREATE INDEX l ON u (a); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN CREATE SCHEMA z; EXCEPTION WHEN duplicate_schema THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN CREATE SCHEMA z; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN CREATE TYPE z AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN CREATE TYPE z AS ENUM ('a'); EXCEPTION WHEN duplicate_table THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN DROP TABLE u; EXCEPTION WHEN undefined_table THEN NULL; END $$",
    "CREATE TABLE IF NOT EXISTS u (a int, b int); DO $$ BEGIN DROP TABLE u; EXCEPTION WHEN undefined_object THEN NULL; END $$",
];

/// Why the second run is told to fail.
fn told(script: &str) -> Option<String> {
    let script = format!("BEGIN;\n{script};\nCOMMIT;\n");
    let mut findings = findings(&tier(1, "tier.sql", None), &[("tier.sql", &script)]).into_iter();
    let finding = findings.find(|finding| finding.rule == "fails-when-repeated")?;
    Some(finding.message.trim_start_matches("the second run fails: ").to_owned())
}

#[test]
fn the_second_run_fails_where_postgresql_says_so() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let mut wrong = String::new();
    for (number, script) in SCRIPTS.iter().enumerate() {
        let database = format!("d{number}");
        cluster.sql("postgres", &format!("CREATE DATABASE {database}")).expect("a database");
        cluster.sql(&database, BEFORE).expect("what is there");
        let run = || cluster.query(&database, &format!("BEGIN;\n{script};\nCOMMIT;\n")).expect("psql runs").stderr;
        let error = |output: &str| {
            output.lines().find_map(|line| line.split_once("ERROR:")).map(|(_, said)| said.trim().to_owned())
        };
        let first = run();
        assert_eq!(error(&first), None, "{script}");
        let (said, told) = (error(&run()), told(script));
        if said != told {
            writeln!(wrong, "{script}\n  PostgreSQL: {said:?}\n  told: {told:?}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

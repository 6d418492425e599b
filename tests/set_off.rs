//! What a statement sets off without saying so: PostgreSQL shows it on rows of a protected
//! table, and the rules say it.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

/// `keep` holds what must not be lost; `wipe` and its relatives empty it.
const BASELINE: &str = "\
CREATE TABLE keep (id int);
CREATE TABLE log (id int, what text);
CREATE FUNCTION wipe() RETURNS bool LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN true; END';
CREATE FUNCTION wipe(given int) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN 1; END';
CREATE FUNCTION same(one int, other int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN true; END';
CREATE FUNCTION fixed(given int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM wipe(); RETURN 1; END';
CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; END';
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE SCHEMA other;
CREATE TABLE other.log (id int);
";

/// What there is besides, and a script that empties `keep`.
const LOSES: &[(&str, &str)] = &[
    (
        "ALTER TABLE log ADD COLUMN more bool; ALTER TABLE log ALTER more SET DEFAULT wipe()",
        "INSERT INTO log (id) VALUES (1)",
    ),
    (
        "ALTER TABLE log ADD COLUMN more bool; ALTER TABLE log ALTER more SET DEFAULT wipe()",
        "INSERT INTO log VALUES (1, 'a', DEFAULT)",
    ),
    (
        "ALTER TABLE log ADD COLUMN more bool; ALTER TABLE log ALTER more SET DEFAULT wipe()",
        "INSERT INTO log VALUES (1, 'a')",
    ),
    (
        "ALTER TABLE log ADD COLUMN more bool; INSERT INTO log VALUES (1); ALTER TABLE log ALTER more SET DEFAULT wipe()",
        "UPDATE log SET more = DEFAULT",
    ),
    ("ALTER TABLE log ADD CHECK (wipe())", "INSERT INTO log VALUES (1)"),
    ("INSERT INTO log VALUES (1); ALTER TABLE log ADD CHECK (wipe()) NOT VALID", "UPDATE log SET what = 'b'"),
    ("ALTER TABLE log ADD COLUMN more int GENERATED ALWAYS AS (fixed(id)) STORED", "INSERT INTO log VALUES (1)"),
    ("CREATE INDEX found ON log (fixed(id))", "INSERT INTO log VALUES (1)"),
    (
        "CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW WHEN (wipe()) EXECUTE FUNCTION quiet()",
        "INSERT INTO log VALUES (1)",
    ),
    ("CREATE RULE r AS ON INSERT TO log WHERE wipe() DO INSTEAD NOTHING", "INSERT INTO log VALUES (1)"),
    ("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION on_event()", "CREATE TABLE made (id int)"),
    ("CREATE EVENT TRIGGER e ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION on_event()", "DROP TABLE log"),
    ("CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same)", "SELECT 1 === 2"),
    ("CREATE DOMAIN d AS int CHECK (wipe(VALUE) = 1)", "SELECT 5::d"),
    (
        "CREATE TYPE pair AS (a int); CREATE FUNCTION of(int) RETURNS pair LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN ROW(1); END'; CREATE CAST (int AS pair) WITH FUNCTION of(int)",
        "SELECT 5::pair",
    ),
    (
        "CREATE FUNCTION calm(int) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE DOMAIN d AS int CHECK (calm(VALUE))",
        "CREATE OR REPLACE FUNCTION calm(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN true; END'; SELECT 5::d",
    ),
    ("", "SELECT 1 LIMIT (SELECT wipe(1))"),
    (
        "INSERT INTO log VALUES (1)",
        "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN wipe(1) PRECEDING AND CURRENT ROW) FROM log",
    ),
    (
        "CREATE TABLE parted (i int) PARTITION BY LIST (i)",
        "CREATE TABLE part PARTITION OF parted FOR VALUES IN (wipe(1))",
    ),
    ("", "PREPARE q AS SELECT wipe(); CREATE TEMP TABLE made AS EXECUTE q"),
    ("", "PREPARE q (bool) AS SELECT $1; EXECUTE q (wipe())"),
    (
        "CREATE FUNCTION given(what bool DEFAULT wipe()) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN what; END'",
        "SELECT given()",
    ),
    ("", "DO $$ BEGIN ASSERT wipe(); END $$"),
    ("", "DO $$ BEGIN CASE WHEN wipe() THEN NULL; END CASE; END $$"),
    ("", "DO $$ DECLARE c CURSOR FOR SELECT wipe(); gone bool; BEGIN OPEN c; FETCH c INTO gone; END $$"),
    ("", "DO $$ BEGIN EXECUTE 'SELECT $1' USING wipe(); END $$"),
    ("", "DO $$ BEGIN FOR i IN 1..wipe(1) LOOP NULL; END LOOP; END $$"),
    ("", "SELECT query_to_xml('SELECT wipe()', true, true, '')"),
    ("CREATE VIEW shown AS SELECT wipe() AS gone", "SELECT table_to_xml('shown', true, true, '')"),
    (
        "CREATE FUNCTION elsewhere() RETURNS void LANGUAGE plpgsql SET search_path = public AS 'BEGIN DELETE FROM keep; END'",
        "SET LOCAL search_path = other; SELECT public.elsewhere()",
    ),
    ("CREATE TABLE above (id int); ALTER TABLE keep INHERIT above", "DELETE FROM above"),
    ("CREATE TABLE above (id int); ALTER TABLE keep INHERIT above", "TRUNCATE above"),
    (
        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (id int PRIMARY KEY, p int, CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent ON DELETE CASCADE); ALTER TABLE keep ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES child ON DELETE CASCADE; INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)",
        "DELETE FROM parent WHERE id = 1",
    ),
    (
        "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parted FOR VALUES IN (1); INSERT INTO part VALUES (1); ALTER TABLE keep ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES parted ON DELETE CASCADE",
        "DELETE FROM part",
    ),
    (
        "CREATE TABLE one (id int); CREATE TABLE two (id int); CREATE RULE r AS ON DELETE TO two DO ALSO DELETE FROM keep; CREATE RULE r AS ON DELETE TO one DO ALSO DELETE FROM two; INSERT INTO one VALUES (1); INSERT INTO two VALUES (1)",
        "DELETE FROM one",
    ),
    (
        "CREATE VIEW shown AS SELECT * FROM keep; CREATE RULE r AS ON INSERT TO shown DO INSTEAD NOTHING",
        "DELETE FROM shown",
    ),
    (
        "CREATE TABLE under () INHERITS (log); INSERT INTO under VALUES (1); CREATE FUNCTION too() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM wipe(); RETURN OLD; END'; CREATE TRIGGER t BEFORE DELETE ON under FOR EACH ROW EXECUTE FUNCTION too()",
        "DELETE FROM log",
    ),
    ("", "DO $$ DECLARE c CURSOR FOR SELECT wipe(); x bool; BEGIN OPEN c; FETCH c INTO x; END $$"),
    ("", "DO $$ DECLARE c CURSOR FOR SELECT wipe(); d ALIAS FOR c; x bool; BEGIN OPEN d; FETCH d INTO x; END $$"),
    ("", "DO $$ DECLARE c CURSOR FOR SELECT wipe(); BEGIN FOR r IN c LOOP NULL; END LOOP; END $$"),
    (
        "CREATE FUNCTION wipe_if(what text) RETURNS int LANGUAGE plpgsql AS 'BEGIN IF what = ''a'' THEN DELETE FROM keep; END IF; RETURN 1; END'",
        "DO $$ DECLARE what text := 'b'; c CURSOR (what text) FOR SELECT wipe_if(what); BEGIN FOR r IN c('a') LOOP NULL; END LOOP; END $$",
    ),
    ("", "DO $$ BEGIN CASE WHEN wipe() THEN NULL; END CASE; END $$"),
    ("", "DO $$ BEGIN CASE wipe(1) WHEN 1 THEN NULL; END CASE; END $$"),
    ("CREATE FUNCTION given(x int DEFAULT wipe(1)) RETURNS int LANGUAGE sql AS 'SELECT x'", "SELECT given()"),
    ("", "PREPARE q(int) AS SELECT $1; EXECUTE q(wipe(1)); DEALLOCATE q"),
    (
        "CREATE FUNCTION twice(x text, y int) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM wipe(); RETURN 1; END'; CREATE FUNCTION twice(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM twice(''a''::text, 1); RETURN 1; END'",
        "SELECT twice(1)",
    ),
    (
        "INSERT INTO log VALUES (1); CREATE FUNCTION purge(log) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN 1; END'",
        "SELECT (a).purge FROM log AS a",
    ),
    (
        "INSERT INTO log VALUES (1); CREATE FUNCTION purge(log) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN 1; END'; CREATE VIEW shown AS SELECT log.purge FROM log",
        "SELECT * FROM shown",
    ),
    ("CREATE TABLE lists (a int[]); INSERT INTO lists VALUES ('{}')", "UPDATE lists SET a[wipe(1)] = 1"),
    ("CREATE TABLE lists (a int[]); INSERT INTO lists VALUES ('{}')", "UPDATE lists SET a[wipe(1):2] = '{1, 2}'"),
    (
        "CREATE PROCEDURE lower(a int, OUT b int) LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; END'",
        "CALL lower(1, NULL)",
    ),
];

/// The same, which leaves `keep` alone, and nothing is to be said of it.
const KEEPS: &[(&str, &str)] = &[
    (
        "ALTER TABLE log ADD COLUMN more bool; ALTER TABLE log ALTER more SET DEFAULT wipe()",
        "INSERT INTO log VALUES (1, 'a', true)",
    ),
    (
        "ALTER TABLE log ADD COLUMN more bool; ALTER TABLE log ALTER more SET DEFAULT wipe()",
        "UPDATE log SET more = false",
    ),
    (
        "CREATE EVENT TRIGGER e ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION on_event()",
        "CREATE TABLE made (id int)",
    ),
    (
        "CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION on_event()",
        "CREATE TABLE made (id int)",
    ),
    ("CREATE DOMAIN d AS int CHECK (VALUE > 0)", "SELECT 5::d"),
    ("", "DO $$ DECLARE c CURSOR FOR SELECT wipe(); BEGIN NULL; END $$"),
    ("", "PREPARE q AS DELETE FROM keep; DEALLOCATE q; PREPARE q AS SELECT 1; EXECUTE q; DEALLOCATE q"),
    ("", "PREPARE q AS DELETE FROM keep; DEALLOCATE ALL; PREPARE q AS SELECT 1; EXECUTE q; DEALLOCATE q"),
    (
        "ALTER TABLE log ADD purge int; INSERT INTO log VALUES (1); CREATE FUNCTION purge(log) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM keep; RETURN 1; END'",
        "SELECT a.purge FROM log AS a",
    ),
    ("CREATE TABLE lists (a int[]); INSERT INTO lists VALUES ('{}')", "UPDATE lists SET a[1] = 1"),
];

fn objections(before: &str, script: &str) -> Vec<String> {
    told(before, script, &["protected-rows-lost", "not-analysed"])
}

/// What some rules say.
fn told(before: &str, script: &str, rules: &[&str]) -> Vec<String> {
    let toml = format!("baseline = [\"before.sql\"]\nprotected = [\"keep\"]\n{}", tier(1, "one.sql", None));
    let before = format!("{BASELINE}{before};\n");
    let script = format!("BEGIN;\n{script};\nCOMMIT;\n");
    let findings = findings(&toml, &[("before.sql", &before), ("one.sql", &script)]);
    let counts = findings.iter().filter(|finding| rules.contains(&finding.rule));
    counts.map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}

/// How many rows of `keep` are left after a script.
fn left(cluster: &Cluster, before: &str, script: &str) -> String {
    cluster.sql("postgres", "DROP DATABASE IF EXISTS tried").expect("no database");
    cluster.sql("postgres", "CREATE DATABASE tried").expect("a database");
    cluster.sql("tried", &format!("{BASELINE}{before};\nINSERT INTO keep VALUES (1);\n")).expect("the baseline");
    cluster.sql("tried", &format!("{script};\n")).unwrap_or_else(|fault| panic!("{script}: {fault}"));
    cluster.sql("tried", "SELECT count(*) FROM keep").expect("a number").trim().to_owned()
}

#[test]
fn what_a_statement_sets_off_is_told() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let mut wrong = String::new();
    for (loses, (before, script)) in LOSES.iter().map(|row| (true, row)).chain(KEEPS.iter().map(|row| (false, row))) {
        let script = script.replace("SET LOCAL", "SET");
        let rows = left(&cluster, before, &script);
        if (rows == "0") != loses {
            writeln!(wrong, "PostgreSQL leaves {rows} rows: {before}; {script}").expect("a string");
        }
        let objections = objections(before, &script);
        if objections.is_empty() == loses {
            writeln!(wrong, "the rules say {objections:?}: {before}; {script}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_trigger_of_the_house_is_told_by_its_table_and_its_function() {
    let fires = "INSERT INTO log VALUES (1)";
    let prune = "FUNCTION prune() RETURNS trigger LANGUAGE plpgsql AS";
    let trigger = "TRIGGER t AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION";
    let house = format!("CREATE TABLE old (id int); CREATE {prune} 'BEGIN DELETE FROM old; RETURN NULL; END'");
    for (is_house, before, script) in [
        (true, format!("{house}; CREATE {trigger} prune()"), fires.to_owned()),
        (false, house.clone(), format!("CREATE {trigger} prune(); {fires}")),
        (
            false,
            format!("{house}; CREATE {} quiet()", trigger.replace(" log ", " keep ")),
            format!("CREATE {trigger} prune(); {fires}"),
        ),
        (
            false,
            format!("{house}; CREATE {trigger} prune()"),
            format!("CREATE OR REPLACE {prune} 'BEGIN DELETE FROM old WHERE id > 0; RETURN NULL; END'; {fires}"),
        ),
        (false, format!("{house}; CREATE {trigger} quiet()"), format!("CREATE OR REPLACE {trigger} prune(); {fires}")),
    ] {
        let told = told(&before, &script, &["delete-outside-tag"]);
        assert_eq!(told.is_empty(), is_house, "{before}; {script}: {told:?}");
    }
}

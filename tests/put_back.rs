//! Definitions that a tier changes and its rollback puts back as they were, or not quite: nothing is
//! found exactly where PostgreSQL's dump after the rollback is the one before the tier.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

const BASELINE: &str = "\
CREATE ROLE put_back_reader;
CREATE TABLE a (id int PRIMARY KEY, name text, number int, tag text);
CREATE TABLE b (id int PRIMARY KEY, a int);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
";

/// Rows that lie under others.
const FAMILY: &str = "CREATE TABLE par (id int PRIMARY KEY, tag text); CREATE TABLE ch (id int PRIMARY KEY, par int, tag text); INSERT INTO par VALUES (50, 'R6'); INSERT INTO ch VALUES (50, 50, 'R6')";
const FAMILY_GROWS: &str = "INSERT INTO par VALUES (1, 'R7'), (2, 'R7') ON CONFLICT (id) DO NOTHING; INSERT INTO ch VALUES (1, 1, 'R7'), (2, 2, 'R7') ON CONFLICT (id) DO NOTHING";

/// Values that may be cut off.
const ROWS: &str = "CREATE TABLE c (id int PRIMARY KEY, n numeric(10, 2), f float8, t timestamptz, s text); INSERT INTO c VALUES (1, 1.25, 0.1, '2026-01-01 12:34:56.789+00', 'a ')";

/// What was there before, what the tier does, and what the rollback does: right, if that is possible, and wrong.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    (
        "SELECT",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO put_back_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM put_back_reader",
        &[
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM put_back_reader",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON SEQUENCES FROM put_back_reader",
            "ALTER DEFAULT PRIVILEGES FOR ROLE put_back_reader IN SCHEMA public REVOKE ALL ON TABLES FROM put_back_reader",
            "REVOKE ALL ON SCHEMA public FROM put_back_reader",
            "SELECT",
        ],
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO put_back_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO put_back_reader WITH GRANT OPTION; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO put_back_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE GRANT OPTION FOR SELECT ON TABLES FROM put_back_reader; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM put_back_reader",
        &[
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM put_back_reader; \
             ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM put_back_reader",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM put_back_reader",
        ],
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO put_back_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE DELETE ON TABLES FROM put_back_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT DELETE ON TABLES TO put_back_reader",
        &["ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO put_back_reader"],
    ),
    (
        "GRANT SELECT ON a TO put_back_reader WITH GRANT OPTION",
        "REVOKE SELECT ON a FROM put_back_reader",
        "GRANT SELECT ON a TO put_back_reader WITH GRANT OPTION",
        &["GRANT SELECT ON a TO put_back_reader"],
    ),
    (
        "GRANT SELECT ON a TO put_back_reader",
        "GRANT SELECT ON a TO put_back_reader WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON a FROM put_back_reader",
        &["REVOKE SELECT ON a FROM put_back_reader", "GRANT SELECT ON a TO put_back_reader"],
    ),
    (
        "SELECT",
        "GRANT SELECT, INSERT ON a TO put_back_reader WITH GRANT OPTION",
        "REVOKE SELECT, INSERT ON a FROM put_back_reader",
        &[
            "REVOKE GRANT OPTION FOR SELECT, INSERT ON a FROM put_back_reader",
            "REVOKE SELECT ON a FROM put_back_reader",
        ],
    ),
    (
        "GRANT SELECT ON a TO put_back_reader WITH GRANT OPTION",
        "GRANT SELECT ON a TO put_back_reader",
        "GRANT SELECT ON a TO put_back_reader",
        &["REVOKE SELECT ON a FROM put_back_reader; GRANT SELECT ON a TO put_back_reader"],
    ),
    (
        "CREATE VIEW v WITH (security_barrier) AS SELECT id FROM a",
        "CREATE OR REPLACE VIEW v AS SELECT id, name FROM a",
        "DROP VIEW IF EXISTS v; CREATE VIEW v WITH (security_barrier = true) AS SELECT id FROM a",
        &[
            "DROP VIEW IF EXISTS v; CREATE VIEW v WITH (security_barrier = on) AS SELECT id FROM a",
            "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id FROM a",
        ],
    ),
    (
        "CREATE VIEW v AS SELECT id FROM a WHERE id > 0 WITH CHECK OPTION",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM a WHERE id > 1",
        "CREATE OR REPLACE VIEW v WITH (check_option = cascaded) AS SELECT id FROM a WHERE id > 0",
        &[
            "CREATE OR REPLACE VIEW v AS SELECT id FROM a WHERE id > 0",
            "CREATE OR REPLACE VIEW v AS SELECT id FROM a WHERE id > 0 WITH LOCAL CHECK OPTION",
        ],
    ),
    (
        "CREATE VIEW v AS SELECT id FROM a",
        "ALTER VIEW v SET (security_invoker = true)",
        "ALTER VIEW v RESET (security_invoker)",
        &["ALTER VIEW v SET (security_invoker = false)", "ALTER VIEW v RESET (security_barrier)"],
    ),
    (
        "CREATE VIEW v AS SELECT id FROM a ORDER BY name DESC NULLS LAST, id",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM a",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM a ORDER BY name DESC NULLS LAST, id ASC NULLS LAST",
        &[
            "CREATE OR REPLACE VIEW v AS SELECT id FROM a ORDER BY name NULLS LAST, id",
            "CREATE OR REPLACE VIEW v AS SELECT id FROM a ORDER BY name DESC, id",
        ],
    ),
    (
        "CREATE VIEW v AS SELECT id, row_number() OVER (PARTITION BY name ORDER BY id DESC) AS n FROM a",
        "CREATE OR REPLACE VIEW v AS SELECT id, count(*) OVER () AS n FROM a",
        "CREATE OR REPLACE VIEW v AS SELECT id, row_number() OVER (PARTITION BY name ORDER BY id DESC) AS n FROM a",
        &[
            "CREATE OR REPLACE VIEW v AS SELECT id, row_number() OVER (PARTITION BY name ORDER BY id) AS n FROM a",
            "CREATE OR REPLACE VIEW v AS SELECT id, row_number() OVER (ORDER BY name, id DESC) AS n FROM a",
        ],
    ),
    (
        "CREATE VIEW v AS WITH x AS MATERIALIZED (SELECT id FROM a) SELECT id FROM x",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM a",
        "CREATE OR REPLACE VIEW v AS WITH x AS MATERIALIZED (SELECT id FROM a) SELECT id FROM x",
        &["CREATE OR REPLACE VIEW v AS WITH x AS (SELECT id FROM a) SELECT id FROM x"],
    ),
    (
        "CREATE MATERIALIZED VIEW m WITH (fillfactor = 50) AS SELECT id FROM a",
        "DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m AS SELECT id, name FROM a",
        "DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m WITH (fillfactor = '50') AS SELECT id FROM a",
        &["DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m AS SELECT id FROM a"],
    ),
    (
        "CREATE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql STABLE COST 500 ROWS 5 PARALLEL SAFE AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 2'",
        "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int AS 'SELECT 1' ROWS 5 STABLE LANGUAGE sql COST 500 PARALLEL SAFE",
        &[
            "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql STABLE ROWS 5 PARALLEL SAFE AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql STABLE COST 500 PARALLEL SAFE AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql STABLE COST 500 ROWS 5 AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql IMMUTABLE COST 500 ROWS 5 PARALLEL SAFE AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION f(i int) RETURNS SETOF int LANGUAGE sql STABLE LEAKPROOF COST 500 ROWS 5 PARALLEL SAFE AS 'SELECT 1'",
        ],
    ),
    (
        "CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql SET search_path = public AS 'SELECT 1'",
        "ALTER FUNCTION f(int) STABLE STRICT SECURITY DEFINER COST 7 RESET ALL",
        "ALTER FUNCTION f(int) VOLATILE CALLED ON NULL INPUT SECURITY INVOKER COST 100 SET search_path = public",
        &[
            "ALTER FUNCTION f(int) CALLED ON NULL INPUT SECURITY INVOKER COST 100 SET search_path = public",
            "ALTER FUNCTION f(int) VOLATILE SECURITY INVOKER COST 100 SET search_path = public",
            "ALTER FUNCTION f(int) VOLATILE CALLED ON NULL INPUT COST 100 SET search_path = public",
            "ALTER FUNCTION f(int) VOLATILE CALLED ON NULL INPUT SECURITY INVOKER SET search_path = public",
            "ALTER FUNCTION f(int) VOLATILE CALLED ON NULL INPUT SECURITY INVOKER COST 100",
        ],
    ),
    (
        "ALTER TABLE a SET (fillfactor = 90)",
        "ALTER TABLE a SET (fillfactor = 70, autovacuum_enabled = off)",
        "ALTER TABLE a SET (fillfactor = 90); ALTER TABLE a RESET (autovacuum_enabled)",
        &[
            "ALTER TABLE a RESET (fillfactor, autovacuum_enabled)",
            "ALTER TABLE a SET (fillfactor = 90)",
            "ALTER TABLE a SET (fillfactor = 80); ALTER TABLE a RESET (autovacuum_enabled)",
        ],
    ),
    (
        "ALTER TABLE a ALTER name SET STATISTICS 200, ALTER name SET STORAGE main; CREATE TABLE n (LIKE a INCLUDING STORAGE)",
        "ALTER TABLE n ALTER name SET STATISTICS 100, ALTER name SET STORAGE external",
        "ALTER TABLE n ALTER name SET STATISTICS -1, ALTER name SET STORAGE main",
        &["ALTER TABLE n ALTER name SET STATISTICS 200, ALTER name SET STORAGE main"],
    ),
    (
        "ALTER TABLE a ALTER name SET STATISTICS 200, ALTER name SET STORAGE main; CREATE TABLE n () INHERITS (a)",
        "ALTER TABLE n ALTER name SET STATISTICS 100, ALTER name SET STORAGE external",
        "ALTER TABLE n ALTER name SET STATISTICS -1, ALTER name SET STORAGE main",
        &["ALTER TABLE n ALTER name SET STATISTICS -1, ALTER name SET STORAGE extended"],
    ),
    ("", "ALTER TABLE a SET UNLOGGED", "ALTER TABLE a SET LOGGED", &["SELECT 1"]),
    ("ALTER TABLE a SET UNLOGGED", "ALTER TABLE a SET UNLOGGED", "SELECT 1", &["ALTER TABLE a SET LOGGED"]),
    (
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
        "SELECT 1",
        &["ALTER TABLE a DISABLE ROW LEVEL SECURITY"],
    ),
    (
        "ALTER TABLE a ALTER name SET STATISTICS 200",
        "ALTER TABLE a ALTER name SET STATISTICS 500, ALTER number SET STATISTICS 9",
        "ALTER TABLE a ALTER name SET STATISTICS 200, ALTER number SET STATISTICS -1",
        &[
            "ALTER TABLE a ALTER name SET STATISTICS -1, ALTER number SET STATISTICS -1",
            "ALTER TABLE a ALTER name SET STATISTICS 200",
        ],
    ),
    (
        "ALTER TABLE a ALTER name SET (n_distinct = 9)",
        "ALTER TABLE a ALTER name SET (n_distinct = 8)",
        "ALTER TABLE a ALTER name SET (n_distinct = 9)",
        &["ALTER TABLE a ALTER name RESET (n_distinct)"],
    ),
    (
        "",
        "ALTER TABLE a ALTER name SET STORAGE external, ALTER tag SET COMPRESSION pglz",
        "ALTER TABLE a ALTER name SET STORAGE EXTENDED, ALTER tag SET COMPRESSION default",
        &[
            "ALTER TABLE a ALTER name SET STORAGE main, ALTER tag SET COMPRESSION default",
            "ALTER TABLE a ALTER name SET STORAGE extended",
        ],
    ),
    (
        "ALTER TABLE a ALTER name TYPE text COLLATE \"C\"",
        "ALTER TABLE a ALTER name TYPE text COLLATE \"POSIX\"",
        "ALTER TABLE a ALTER name TYPE text COLLATE pg_catalog.\"C\"",
        &["ALTER TABLE a ALTER name TYPE text"],
    ),
    (
        "CREATE UNIQUE INDEX i ON a (name) WHERE number > 0; CREATE UNIQUE INDEX j ON b (a); ALTER TABLE b ALTER a SET NOT NULL; \
         ALTER TABLE b CLUSTER ON j; ALTER TABLE b REPLICA IDENTITY USING INDEX j",
        "ALTER TABLE b SET WITHOUT CLUSTER, REPLICA IDENTITY FULL",
        "ALTER TABLE b CLUSTER ON j, REPLICA IDENTITY USING INDEX j",
        &[
            "ALTER TABLE b CLUSTER ON j, REPLICA IDENTITY DEFAULT",
            "ALTER TABLE b CLUSTER ON b_pkey, REPLICA IDENTITY USING INDEX j",
            "ALTER TABLE b CLUSTER ON j",
        ],
    ),
    (
        "CREATE INDEX i ON b (a); ALTER TABLE b CLUSTER ON i",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON b (a, id)",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON b (a); ALTER TABLE b CLUSTER ON i",
        &["DROP INDEX IF EXISTS i; CREATE INDEX i ON b (a)"],
    ),
    (
        "CREATE INDEX i ON a (name text_pattern_ops DESC NULLS LAST, (lower(tag)) COLLATE \"C\") WITH (fillfactor = 70)",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON a (number)",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON a USING btree (name text_pattern_ops DESC NULLS LAST, lower(tag) COLLATE pg_catalog.\"C\") WITH (fillfactor = '70')",
        &[
            "DROP INDEX IF EXISTS i; CREATE INDEX i ON a (name DESC NULLS LAST, lower(tag) COLLATE \"C\") WITH (fillfactor = 70)",
            "DROP INDEX IF EXISTS i; CREATE INDEX i ON a (name text_pattern_ops DESC, lower(tag) COLLATE \"C\") WITH (fillfactor = 70)",
            "DROP INDEX IF EXISTS i; CREATE INDEX i ON a (name text_pattern_ops DESC NULLS LAST, lower(tag)) WITH (fillfactor = 70)",
            "DROP INDEX IF EXISTS i; CREATE INDEX i ON a (name text_pattern_ops DESC NULLS LAST, lower(tag) COLLATE \"C\")",
        ],
    ),
    (
        "CREATE INDEX i ON a USING hash (name)",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON a (name, number)",
        "DROP INDEX IF EXISTS i; CREATE INDEX i ON a USING hash (name)",
        &["DROP INDEX IF EXISTS i; CREATE INDEX i ON a (name)"],
    ),
    (
        "CREATE INDEX i ON a (lower(name)); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 500",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 400",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 500",
        &["ALTER INDEX i ALTER COLUMN 1 SET STATISTICS -1"],
    ),
    (
        "ALTER TABLE a ADD CONSTRAINT k UNIQUE (name) INCLUDE (number) WITH (fillfactor = 80)",
        "ALTER TABLE a DROP CONSTRAINT IF EXISTS k; ALTER TABLE a ADD CONSTRAINT k CHECK (number > 0)",
        "ALTER TABLE a DROP CONSTRAINT IF EXISTS k; ALTER TABLE a ADD CONSTRAINT k UNIQUE (name) INCLUDE (number) WITH (fillfactor = 80)",
        &[
            "ALTER TABLE a DROP CONSTRAINT IF EXISTS k; ALTER TABLE a ADD CONSTRAINT k UNIQUE (name) WITH (fillfactor = 80)",
            "ALTER TABLE a DROP CONSTRAINT IF EXISTS k; ALTER TABLE a ADD CONSTRAINT k UNIQUE (name) INCLUDE (number)",
            "ALTER TABLE a DROP CONSTRAINT IF EXISTS k; ALTER TABLE a ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (name) INCLUDE (number) WITH (fillfactor = 80)",
        ],
    ),
    (
        "ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES a MATCH FULL ON DELETE SET NULL (a)",
        "ALTER TABLE b DROP CONSTRAINT IF EXISTS k; ALTER TABLE b ADD CONSTRAINT k CHECK (a > 0)",
        "ALTER TABLE b DROP CONSTRAINT IF EXISTS k; ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES a MATCH FULL ON DELETE SET NULL (a)",
        &[
            "ALTER TABLE b DROP CONSTRAINT IF EXISTS k; ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES a ON DELETE SET NULL (a)",
            "ALTER TABLE b DROP CONSTRAINT IF EXISTS k; ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES a MATCH FULL ON DELETE SET NULL",
        ],
    ),
    (
        "ALTER TABLE a ADD CONSTRAINT x EXCLUDE USING hash (name WITH =)",
        "ALTER TABLE a DROP CONSTRAINT IF EXISTS x; ALTER TABLE a ADD CONSTRAINT x CHECK (number > 0)",
        "ALTER TABLE a DROP CONSTRAINT IF EXISTS x; ALTER TABLE a ADD CONSTRAINT x EXCLUDE USING hash (name WITH =)",
        &["ALTER TABLE a DROP CONSTRAINT IF EXISTS x; ALTER TABLE a ADD CONSTRAINT x EXCLUDE (name WITH =)"],
    ),
    (
        "CREATE POLICY p ON a AS RESTRICTIVE FOR SELECT TO put_back_reader USING (number > 0)",
        "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a USING (number > 1)",
        "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a AS RESTRICTIVE FOR SELECT TO put_back_reader USING (number > 0)",
        &[
            "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a FOR SELECT TO put_back_reader USING (number > 0)",
            "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a AS RESTRICTIVE TO put_back_reader USING (number > 0)",
            "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a AS RESTRICTIVE FOR SELECT USING (number > 0)",
        ],
    ),
    (
        "CREATE POLICY p ON a TO put_back_reader USING (number > 0)",
        "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a USING (number > 1) WITH CHECK (id > 0)",
        "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a AS PERMISSIVE FOR ALL TO put_back_reader USING (number > 0)",
        &[
            "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a TO put_back_reader USING (number > 0) WITH CHECK (id > 0)",
            "DROP POLICY IF EXISTS p ON a; CREATE POLICY p ON a TO put_back_reader WITH CHECK (number > 0)",
        ],
    ),
    (
        "CREATE POLICY p ON a TO put_back_reader USING (number > 0)",
        "ALTER POLICY p ON a TO public USING (number > 1)",
        "ALTER POLICY p ON a TO put_back_reader USING (number > 0)",
        &["ALTER POLICY p ON a USING (number > 0)", "ALTER POLICY p ON a TO put_back_reader USING (number > 2)"],
    ),
    (
        "CREATE SEQUENCE s AS bigint INCREMENT BY 2 CACHE 20",
        "ALTER SEQUENCE s INCREMENT BY 5 CACHE 1 CYCLE",
        "ALTER SEQUENCE s INCREMENT BY 2 CACHE 20 NO CYCLE",
        &[
            "ALTER SEQUENCE s INCREMENT BY 2 CACHE 20",
            "ALTER SEQUENCE s CACHE 20 NO CYCLE",
            "ALTER SEQUENCE s INCREMENT 2 NO CYCLE",
        ],
    ),
    (
        "CREATE TRIGGER t AFTER UPDATE ON a REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION tf()",
        "DROP TRIGGER IF EXISTS t ON a; CREATE TRIGGER t AFTER INSERT ON a FOR EACH STATEMENT EXECUTE FUNCTION tf()",
        "DROP TRIGGER IF EXISTS t ON a; CREATE TRIGGER t AFTER UPDATE ON a REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION tf()",
        &[
            "DROP TRIGGER IF EXISTS t ON a; CREATE TRIGGER t AFTER UPDATE ON a FOR EACH STATEMENT EXECUTE FUNCTION tf()",
            "DROP TRIGGER IF EXISTS t ON a; CREATE TRIGGER t AFTER UPDATE ON a REFERENCING NEW TABLE AS m FOR EACH STATEMENT EXECUTE FUNCTION tf()",
        ],
    ),
    (
        "CREATE TRIGGER t AFTER UPDATE ON a EXECUTE FUNCTION tf(); CREATE TRIGGER u AFTER UPDATE ON a EXECUTE FUNCTION tf(); \
         ALTER TABLE a DISABLE TRIGGER t",
        "ALTER TABLE a DISABLE TRIGGER USER",
        "ALTER TABLE a ENABLE TRIGGER u",
        &["ALTER TABLE a ENABLE TRIGGER USER", "ALTER TABLE a ENABLE TRIGGER ALL"],
    ),
    (
        ROWS,
        "ALTER TABLE c ALTER n TYPE numeric(12, 4), ALTER id TYPE bigint, ALTER s TYPE varchar(20)",
        "ALTER TABLE c ALTER n TYPE numeric(10, 2), ALTER id TYPE int, ALTER s TYPE text",
        &["ALTER TABLE c ALTER n TYPE numeric(10, 1), ALTER id TYPE int, ALTER s TYPE text"],
    ),
    (
        ROWS,
        "ALTER TABLE c ALTER n TYPE text",
        "ALTER TABLE c ALTER n TYPE numeric(10, 2) USING n::numeric(10, 2)",
        &["ALTER TABLE c ALTER n TYPE numeric(10, 2) USING n::numeric(10, 1)"],
    ),
    (ROWS, "ALTER TABLE c ALTER n TYPE numeric(10, 1)", "", &["ALTER TABLE c ALTER n TYPE numeric(10, 2)"]),
    (ROWS, "ALTER TABLE c ALTER n TYPE int", "", &["ALTER TABLE c ALTER n TYPE numeric(10, 2)"]),
    (ROWS, "ALTER TABLE c ALTER f TYPE float4", "", &["ALTER TABLE c ALTER f TYPE float8"]),
    (ROWS, "ALTER TABLE c ALTER t TYPE date", "", &["ALTER TABLE c ALTER t TYPE timestamptz"]),
    (ROWS, "ALTER TABLE c ALTER t TYPE timestamptz(0)", "", &["ALTER TABLE c ALTER t TYPE timestamptz"]),
    (ROWS, "ALTER TABLE c ALTER s TYPE char(5)", "", &["ALTER TABLE c ALTER s TYPE text"]),
    (
        FAMILY,
        FAMILY_GROWS,
        "DELETE FROM ch WHERE tag = 'R7' AND par IN (SELECT id FROM par WHERE tag = 'R7'); DELETE FROM par WHERE tag = 'R7'",
        &[
            "DELETE FROM par WHERE tag = 'R7'; DELETE FROM ch WHERE tag = 'R7' AND par IN (SELECT id FROM par WHERE tag = 'R7')",
            "DELETE FROM ch WHERE tag = 'R7' AND par IN (SELECT id FROM par WHERE tag = 'R6'); DELETE FROM par WHERE tag = 'R7'",
            "DELETE FROM ch WHERE tag = 'R7' AND par IN (SELECT id FROM par WHERE tag = 'R7' AND id = 1); DELETE FROM par WHERE tag = 'R7'",
        ],
    ),
    (
        FAMILY,
        FAMILY_GROWS,
        "DELETE FROM ch WHERE tag = 'R7' AND EXISTS (SELECT FROM par WHERE par.id = ch.par AND par.tag = 'R7'); DELETE FROM par WHERE tag = 'R7'",
        &[
            "DELETE FROM ch WHERE tag = 'R7' AND EXISTS (SELECT FROM par JOIN ch ON par.id = ch.par AND ch.tag = 'R8'); DELETE FROM par WHERE tag = 'R7'",
            "DELETE FROM par WHERE id = 2 AND tag = 'R7'; DELETE FROM ch WHERE tag = 'R7' AND EXISTS (SELECT FROM par WHERE par.id = ch.par AND par.tag = 'R7'); DELETE FROM par WHERE tag = 'R7'",
        ],
    ),
    (
        FAMILY,
        FAMILY_GROWS,
        "DELETE FROM ch USING par WHERE par.id = ch.par AND par.tag = 'R7' AND ch.tag = 'R7'; DELETE FROM par WHERE tag = 'R7'",
        &[
            "DELETE FROM ch USING par WHERE par.id = ch.id + 1 AND par.tag = 'R7' AND ch.tag = 'R7'; DELETE FROM par WHERE tag = 'R7'",
        ],
    ),
];

#[test]
fn what_is_put_back_is_as_it_was() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let (mut wrong, mut number) = (String::new(), 0);
    for (before, forward, right, others) in CASES {
        let baseline = format!("{BASELINE}{before};\n");
        let frame = |text: &str| format!("BEGIN;\nSET LOCAL lock_timeout = '5s';\n{text};\nCOMMIT;\n");
        for back in std::iter::once(right).chain(*others).filter(|back| !back.is_empty()) {
            number += 1;
            let database = format!("d{number}");
            cluster.sql("postgres", &format!("CREATE DATABASE {database}")).expect("a database");
            let run = |text: &str| cluster.sql(&database, text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            // A role is the server's.
            run(&baseline.replacen(
                "CREATE ROLE put_back_reader;",
                if number == 1 { "CREATE ROLE put_back_reader;" } else { "" },
                1,
            ));
            let dump = || String::from_utf8(cluster.dump(&database).expect("a dump")).expect("UTF-8");
            let as_it_was = dump();
            run(&frame(forward));
            run(&frame(back));
            let is_back = dump() == as_it_was;
            assert_eq!(is_back, back == right, "{forward}\n{back}");
            let toml = format!(
                "baseline = [\"baseline.sql\"]\ntags = [\"R7\"]\ntag-columns = [\"tag\"]\n{}",
                tier(1, "tier.sql", Some("rollback.sql"))
            );
            let files =
                [("baseline.sql", baseline.as_str()), ("tier.sql", &frame(forward)), ("rollback.sql", &frame(back))];
            let found = findings(&toml, &files);
            let tells = ["leftover-after-rollback", "delete-outside-tag"];
            let is_told = found.iter().any(|finding| tells.contains(&finding.rule));
            if is_told == is_back || is_back && !found.is_empty() {
                writeln!(wrong, "{forward}\n{back}").expect("a string");
                for finding in found {
                    writeln!(wrong, "  {}: {}", finding.rule, finding.message).expect("a string");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

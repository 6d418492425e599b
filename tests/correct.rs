//! Packages that PostgreSQL shows to be right: each script runs twice, and the rollback leaves what
//! was there. Nothing is found in them.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

const BASELINE: &str = "\
CREATE TABLE a (id int PRIMARY KEY, name text, tag text);
CREATE VIEW v AS SELECT id FROM a;
CREATE FUNCTION f(given int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA s;
CREATE TABLE s.k (id int PRIMARY KEY, tag text);
CREATE TABLE team (id int PRIMARY KEY, tag text);
CREATE TABLE member (id int PRIMARY KEY, team int REFERENCES team INITIALLY DEFERRED, tag text);
INSERT INTO a VALUES (100, 'old', 'R6');
CREATE TABLE t (id int PRIMARY KEY, number int, status text NOT NULL, was text, data jsonb, tag text);
INSERT INTO t VALUES (1, 1, 'new', NULL, '{}', 'R6');
CREATE TABLE line (at int, what text, tag text);
INSERT INTO line VALUES (1, 'old', 'R5'), (2, 'old', 'R5');
CREATE TABLE silent (at int, what text, tag text);
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE UPDATE ON silent FOR EACH ROW EXECUTE FUNCTION skip();
CREATE MATERIALIZED VIEW m AS SELECT id FROM a;
CREATE UNIQUE INDEX mi ON m (id);
CREATE SEQUENCE counted;
CREATE TABLE ident (id int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE marked (id int PRIMARY KEY, tag text);
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    prefix text := 'R';
BEGIN
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSIF NEW.id < 5 THEN
        RETURN NULL;
    END IF;
    NEW.tag := prefix || lower(NEW.tag);
    RETURN NEW;
END
$$;
CREATE TRIGGER mark BEFORE INSERT OR DELETE ON marked FOR EACH ROW EXECUTE FUNCTION mark();
CREATE FUNCTION given_back() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE stuck (id int PRIMARY KEY, tag text);
CREATE TRIGGER stuck BEFORE DELETE ON stuck FOR EACH ROW EXECUTE FUNCTION given_back();
";

/// Tier, rollback, and what else `lint.toml` says of the tier.
const PACKAGES: &[(&str, &str, &str)] = &[
    (
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postgres') THEN RAISE EXCEPTION 'x'; END IF; END $$",
        "SELECT 1",
        "",
    ),
    (
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_monitor') THEN GRANT SELECT ON a TO pg_monitor; END IF; END $$",
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_monitor') THEN REVOKE SELECT ON a FROM pg_monitor; END IF; END $$",
        "",
    ),
    (
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'z' AND typtype = 'e') THEN CREATE TYPE z AS ENUM ('a'); END IF; END $$",
        "DROP TYPE IF EXISTS z",
        "",
    ),
    (
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'z' AND typtype = 'd') THEN CREATE DOMAIN z AS int; END IF; END $$",
        "DO $$ BEGIN IF to_regtype('z') IS NOT NULL THEN DROP DOMAIN z; END IF; END $$",
        "",
    ),
    (
        "DO $$ BEGIN ALTER TABLE a RENAME COLUMN name TO label; EXCEPTION WHEN undefined_column THEN NULL; END $$",
        "DO $$ BEGIN ALTER TABLE a RENAME COLUMN label TO name; EXCEPTION WHEN undefined_column THEN NULL; END $$",
        "",
    ),
    (
        "DO $$ BEGIN ALTER TABLE a RENAME CONSTRAINT a_pkey TO pk_a; EXCEPTION WHEN undefined_object THEN NULL; END $$",
        "DO $$ BEGIN ALTER TABLE a RENAME CONSTRAINT pk_a TO a_pkey; EXCEPTION WHEN undefined_object THEN NULL; END $$",
        "",
    ),
    (
        "CREATE TABLE IF NOT EXISTS z (id int)",
        "DO $$ BEGIN DROP TABLE z; EXCEPTION WHEN undefined_table THEN NULL; END $$",
        "adds = { tables = 1 }",
    ),
    (
        "DO $$ BEGIN ALTER TABLE a ADD CONSTRAINT c CHECK (id > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "ALTER TABLE a DROP CONSTRAINT IF EXISTS c",
        "",
    ),
    (
        "DO $$ BEGIN IF to_regnamespace('s') IS NOT NULL THEN ALTER SCHEMA s RENAME TO t; END IF; END $$",
        "DO $$ BEGIN IF to_regnamespace('t') IS NOT NULL THEN ALTER SCHEMA t RENAME TO s; END IF; END $$",
        "",
    ),
    (
        "CREATE OR REPLACE VIEW v AS SELECT id, name FROM a",
        "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id FROM a",
        "",
    ),
    (
        "INSERT INTO s.k VALUES (1, 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM s.k WHERE tag = 'R7'",
        "adds = { rows = { \"s.k\" = 1 } }",
    ),
    (
        "INSERT INTO a VALUES (1, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
        "adds = { rows = { \"public.a\" = 1 } }",
    ),
    (
        "INSERT INTO a VALUES (1, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ DECLARE v CONSTANT public.a.tag%TYPE := 'R7'; BEGIN DELETE FROM a WHERE tag = v; END $$",
        "",
    ),
    (
        "DO $$ DECLARE v a.tag%TYPE := 'R7'; BEGIN INSERT INTO a VALUES (1, 'x', v) ON CONFLICT (id) DO NOTHING; END $$",
        "DELETE FROM a WHERE tag = 'R7'",
        "adds = { rows = { a = 1 } }",
    ),
    (
        "INSERT INTO member VALUES (1, 7, 'R7') ON CONFLICT (id) DO NOTHING; \
         INSERT INTO team VALUES (7, 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM team WHERE tag = 'R7'; DELETE FROM member WHERE tag = 'R7'",
        "",
    ),
    (
        "ALTER TABLE member ALTER CONSTRAINT member_team_fkey NOT DEFERRABLE",
        "ALTER TABLE member ALTER CONSTRAINT member_team_fkey DEFERRABLE INITIALLY DEFERRED",
        "",
    ),
    (
        "UPDATE t SET was = status, status = 'retired' WHERE tag = 'R6' AND status <> 'retired'",
        "UPDATE t SET status = was, was = NULL WHERE tag = 'R6' AND was IS NOT NULL",
        "",
    ),
    (
        "UPDATE t SET was = status, status = 'retired' WHERE tag = 'R6' AND was IS NULL",
        "UPDATE t SET status = was, was = NULL WHERE tag = 'R6' AND was IS NOT NULL",
        "",
    ),
    (
        "UPDATE t SET data = data || '{\"k\": 1}' WHERE tag = 'R6'",
        "UPDATE t SET data = data - 'k' WHERE tag = 'R6'",
        "",
    ),
    (
        "UPDATE t SET status = CASE WHEN status = 'new' THEN 'open' ELSE status END WHERE tag = 'R6'",
        "UPDATE t SET status = 'new' WHERE tag = 'R6'",
        "",
    ),
    (
        "INSERT INTO a VALUES (1, 'x', 'R7'), (2, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "WITH w (id) AS (VALUES (1), (2)) DELETE FROM a USING w WHERE a.id = w.id AND a.tag = 'R7'",
        "",
    ),
    (
        "INSERT INTO a VALUES (1, 'x', 'R7'), (2, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE EXISTS (SELECT FROM (VALUES (1), (2)) AS w (id) WHERE a.id = w.id) AND tag = 'R7'",
        "",
    ),
    (
        "MERGE INTO a USING (VALUES (1, 'x'), (2, 'y')) AS w (id, name) ON a.id = w.id \
         WHEN NOT MATCHED THEN INSERT (id, name, tag) VALUES (w.id, w.name, 'R7')",
        "MERGE INTO a USING (VALUES (1), (2)) AS w (id) ON a.id = w.id AND a.tag = 'R7' WHEN MATCHED THEN DELETE",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "MERGE INTO a USING (VALUES (1, 'x'), (2, 'y')) AS w (id, name) ON a.id = w.id \
         WHEN NOT MATCHED THEN INSERT (id, name, tag) VALUES (w.id, w.name, 'R7')",
        "DELETE FROM a WHERE tag = 'R7' AND name IN ('x', 'y')",
        "",
    ),
    (
        "DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m AS SELECT id, name FROM a; CREATE UNIQUE INDEX mi ON m (id)",
        "DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m AS SELECT id FROM a; CREATE UNIQUE INDEX mi ON m (id)",
        "",
    ),
    ("ALTER SEQUENCE counted RESTART WITH 5000 INCREMENT BY 10", "ALTER SEQUENCE counted INCREMENT BY 1 RESTART", ""),
    ("ALTER SEQUENCE counted RESTART WITH 5000", "SELECT setval('counted', 1, false)", ""),
    (
        "ALTER TABLE ident ALTER COLUMN id SET CACHE 5 RESTART WITH 100",
        "ALTER TABLE ident ALTER COLUMN id SET CACHE 1 RESTART",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF EXISTS (SELECT FROM a WHERE tag = 'R7') THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM a WHERE tag = 'R7'; \
         IF n > 0 THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN PERFORM 1 FROM a WHERE id = 7; IF FOUND THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM a WHERE tag = 'R7') THEN RETURN; END IF; \
         DELETE FROM a WHERE tag = 'R7'; END $$",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "SELECT count(*) > 0 AS there FROM a WHERE tag = 'R7' \\gset\n\
         \\if :there\nDELETE FROM a WHERE tag = 'R7';\n\\endif\n",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF EXISTS (SELECT FROM information_schema.tables WHERE table_name = 'a') THEN \
         DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
        "",
    ),
    (
        "INSERT INTO team VALUES (7, 'R7') ON CONFLICT (id) DO NOTHING; \
         INSERT INTO member VALUES (1, 7, 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF EXISTS (SELECT FROM member JOIN team ON team.id = member.team WHERE team.tag = 'R7') THEN \
         DELETE FROM member WHERE tag = 'R7'; END IF; END $$; DELETE FROM team WHERE tag = 'R7'",
        "",
    ),
    (
        "INSERT INTO marked VALUES (7, '7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM marked WHERE tag = 'R7'",
        "adds = { rows = { marked = 1 } }",
    ),
    (
        "INSERT INTO marked VALUES (7, '7'), (3, '7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM marked WHERE tag = 'R7'",
        "adds = { rows = { marked = 1 } }",
    ),
    (
        "INSERT INTO a SELECT n, 'x', 'R7' FROM unnest(ARRAY[7, 8, NULL]) AS given (n) WHERE n IS NOT NULL ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT DISTINCT n, 'x', 'R7' FROM (VALUES (7), (8), (7)) AS given (n) ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT n, 'x', 'R7' FROM (VALUES (7), (8), (7)) AS given (n) GROUP BY n ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (7, 8)",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT 7, 'x', 'R7' UNION SELECT 8, 'x', 'R7' UNION SELECT 7, 'x', 'R7' ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT n, 'x', 'R7' FROM generate_series(1, 9) AS n EXCEPT SELECT n, 'x', 'R7' FROM generate_series(3, 8) AS n ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (1, 2, 9)",
        "adds = { rows = { a = 3 } }",
    ),
    (
        "INSERT INTO a SELECT one.n, 'x', 'R7' FROM (VALUES (7), (8), (9)) AS one (n) JOIN (VALUES (8), (9)) AS other (n) ON one.n = other.n ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (8, 9)",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT n, 'x', 'R7' FROM generate_series(1, 10) AS n WHERE n % 4 = 0 ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (4, 8)",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT (e ->> 'i')::int, e ->> 'n', 'R7' FROM jsonb_array_elements('[{\"i\": 7, \"n\": \"x\"}, {\"i\": 8, \"n\": \"y\"}]') AS e ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND (id, name) IN ((7, 'x'), (8, 'y'))",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO a SELECT e::int, 'x', 'R7' FROM string_to_table('7,8', ',') AS e ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (7, 8)",
        "adds = { rows = { a = 2 } }",
    ),
    (
        "INSERT INTO t SELECT 100 + g, g, 'x', NULL, NULL, 'R7' FROM generate_series(1, 10, 3) g ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7'",
        "adds = { rows = { t = 4 } }",
    ),
    (
        "INSERT INTO t SELECT 100 + g, g, 'x', NULL, NULL, 'R7' FROM generate_series(9, 2, -2) g ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7'",
        "adds = { rows = { t = 4 } }",
    ),
    (
        "INSERT INTO t SELECT 100 + g, g, 'x', NULL, NULL, 'R7' FROM generate_series(1, 9) g LIMIT 5 ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7'",
        "adds = { rows = { t = 5 } }",
    ),
    // What is worked out of other columns, of other rows or of their order is the same each time.
    (
        "UPDATE t SET number = (SELECT max(id) + 1 FROM t) WHERE tag = 'R6'",
        "UPDATE t SET number = 1 WHERE tag = 'R6'",
        "",
    ),
    (
        "UPDATE t SET number = (SELECT max(number) + 1 FROM t) WHERE tag = 'R6' AND number = 1",
        "UPDATE t SET number = 1 WHERE tag = 'R6'",
        "",
    ),
    (
        "UPDATE t SET number = (SELECT coalesce(max(o.number), 4) + 1 FROM t o WHERE o.tag <> 'R6') WHERE tag = 'R6'",
        "UPDATE t SET number = 1 WHERE tag = 'R6'",
        "",
    ),
    (
        "UPDATE t SET number = (SELECT s.place FROM (SELECT id, row_number() OVER (ORDER BY number) * 10 AS place \
         FROM t) s WHERE s.id = t.id) WHERE tag = 'R6'",
        "UPDATE t SET number = 1 WHERE tag = 'R6'",
        "",
    ),
    (
        "DO $$ DECLARE n int; BEGIN SELECT max(id) INTO n FROM t; UPDATE t SET number = n + 1 WHERE tag = 'R6'; END $$",
        "UPDATE t SET number = 1 WHERE tag = 'R6'",
        "",
    ),
    (
        "INSERT INTO t SELECT id + 100, number, status, was, data, 'R7' FROM t WHERE tag <> 'R7' ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7'",
        "",
    ),
    (
        "INSERT INTO t SELECT id + 100, number, 'copy', was, data, 'R7' FROM t WHERE id = 1 ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7'",
        "",
    ),
    (
        "INSERT INTO t SELECT t.id + 100, number, status, was, data, 'R7' FROM t \
         WHERE NOT EXISTS (SELECT FROM t o WHERE o.tag = 'R7')",
        "DELETE FROM t WHERE tag = 'R7'",
        "",
    ),
    // Whoever has updated the row does not add it.
    (
        "DO $$ BEGIN UPDATE line SET what = 'x' WHERE at = 7 AND tag = 'R7'; \
         IF NOT FOUND THEN INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
        "DELETE FROM line WHERE tag = 'R7'",
        "",
    ),
    (
        "DO $$ DECLARE n int; BEGIN UPDATE line l SET what = 'x' WHERE l.tag = 'R7'; GET DIAGNOSTICS n = ROW_COUNT; \
         IF n = 0 THEN INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
        "DELETE FROM line WHERE tag = 'R7'",
        "",
    ),
    (
        "DO $$ DECLARE wanted int := 7; BEGIN UPDATE line SET what = 'x' WHERE at = wanted AND tag = 'R7'; \
         IF NOT FOUND THEN INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
        "DELETE FROM line WHERE tag = 'R7'",
        "",
    ),
    (
        "DO $$ BEGIN INSERT INTO a VALUES (7, 'x', 'R7'); EXCEPTION WHEN unique_violation THEN NULL; END $$",
        "DELETE FROM a WHERE tag = 'R7'",
        "",
    ),
    (
        "DO $$ BEGIN BEGIN INSERT INTO a VALUES (7, 'x', 'R7'); INSERT INTO a VALUES (8, 'x', 'R7'); \
         EXCEPTION WHEN unique_violation THEN RAISE NOTICE 'they are there'; END; END $$",
        "DELETE FROM a WHERE tag = 'R7'",
        "",
    ),
    // What one change of a WITH adds, the next reads.
    (
        "WITH n AS (INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING RETURNING id), \
         m AS (INSERT INTO line SELECT id, 'x', 'R7' FROM n RETURNING at) SELECT count(*) FROM m",
        "DELETE FROM line WHERE tag = 'R7'; DELETE FROM a WHERE tag = 'R7'",
        "",
    ),
    (
        "WITH n AS (INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING RETURNING id), m AS (SELECT id FROM n) \
         INSERT INTO line SELECT id, 'x', 'R7' FROM m",
        "DELETE FROM line WHERE tag = 'R7'; DELETE FROM a WHERE tag = 'R7'",
        "",
    ),
    // What is asked for by its name alone, and functions by their arguments.
    (
        "DROP POLICY IF EXISTS z ON a; CREATE POLICY z ON a USING (true)",
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_policies WHERE policyname = 'z') THEN DROP POLICY z ON a; END IF; END $$",
        "",
    ),
    (
        "CREATE OR REPLACE TRIGGER z BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION skip()",
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'z') THEN DROP TRIGGER z ON a; END IF; END $$",
        "",
    ),
    (
        "DO $$ BEGIN IF to_regprocedure('z(int, text)') IS NULL THEN \
         CREATE FUNCTION z(i int, t text) RETURNS int LANGUAGE sql AS 'SELECT 1'; END IF; END $$",
        "DO $$ BEGIN IF to_regprocedure('z(integer, text)') IS NOT NULL THEN DROP FUNCTION z(int, text); END IF; END $$",
        "",
    ),
    // Days that constants come to.
    (
        "CREATE TABLE IF NOT EXISTS p (at date NOT NULL) PARTITION BY RANGE (at); \
         DO $$ DECLARE d date := '2024-11-01'; BEGIN FOR m IN 1..3 LOOP \
         EXECUTE format('CREATE TABLE IF NOT EXISTS p_%s PARTITION OF p FOR VALUES FROM (%L) TO (%L)', \
         to_char(d, 'YYYY_MM'), d, d + interval '1 month'); d := d + interval '1 month'; END LOOP; END $$",
        "DROP TABLE IF EXISTS p_2024_11, p_2024_12, p_2025_01; DROP TABLE IF EXISTS p",
        "",
    ),
    (
        "DO $$ DECLARE d timestamp; BEGIN \
         FOR d IN SELECT generate_series('2024-01-31'::date, '2024-03-31'::date, interval '1 month') LOOP \
         EXECUTE format('CREATE TABLE IF NOT EXISTS e_%s (id int)', to_char(d, 'YYYYMMDD')); END LOOP; END $$",
        "DROP TABLE IF EXISTS e_20240131, e_20240229, e_20240329",
        "adds = { tables = 3 }",
    ),
    (
        "DO $$ BEGIN FOR n IN 0..2 LOOP EXECUTE 'CREATE TABLE IF NOT EXISTS ' \
         || quote_ident('e_' || (date '2024-12-30' + 7 * n) || '_' || to_char(date_trunc('month', make_date(2024, 2 + n, 9)) \
         + (n || ' months')::interval - interval '1 day', '\"m\"MM-DD')) || ' (id int)'; END LOOP; END $$",
        "DROP TABLE IF EXISTS \"e_2024-12-30_m01-31\", \"e_2025-01-06_m03-31\", \"e_2025-01-13_m05-31\"",
        "adds = { tables = 3 }",
    ),
    // A view takes the place of a table, and gives it back.
    (
        "DO $$ BEGIN IF to_regclass('s.z') IS NULL THEN ALTER TABLE s.k RENAME TO z; CREATE VIEW s.k AS SELECT * FROM s.z; END IF; END $$",
        "DO $$ BEGIN IF to_regclass('s.z') IS NOT NULL THEN DROP VIEW s.k; ALTER TABLE s.z RENAME TO k; END IF; END $$",
        "",
    ),
    // Rows of lists and series, and what constants come to.
    (
        "INSERT INTO a (id, tag) SELECT g, 'R7' FROM generate_series(1, 3) AS g ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id BETWEEN 1 AND 3",
        "adds = { rows = { a = 3 } }",
    ),
    (
        "INSERT INTO a SELECT g, 'x-' || g, 'R7' FROM generate_series(1, 3) AS g ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND name LIKE 'x-%'",
        "",
    ),
    (
        "INSERT INTO a (id, name, tag) SELECT n, upper(w) || lpad(n::text, 3, '0'), 'R7' \
         FROM unnest(ARRAY['x', 'y']) WITH ORDINALITY AS given (w, n) ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND name IN ('X001', 'Y002')",
        "",
    ),
    (
        "WITH given (id, name) AS (VALUES (7, 'x'), (8, 'y')) \
         INSERT INTO a SELECT id, format('%s-%s', name, id), 'R7' FROM given ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND name IN ('x-7', 'y-8')",
        "",
    ),
    (
        "INSERT INTO a SELECT x * 10 + y, 'x', 'R7' FROM generate_series(1, 2) x CROSS JOIN generate_series(1, 2) y \
         ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (11, 12, 21, 22)",
        "",
    ),
    (
        "INSERT INTO a SELECT unnest(ARRAY[7, 8]), 'x', 'R7' ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (SELECT unnest(ARRAY[7, 8, 9]))",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'Xy', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND lower(name) = 'xy' AND left(tag, 1) = 'R'",
        "",
    ),
    (
        "INSERT INTO t (id, status, data, tag) VALUES (7, 'x', '{\"k\": \"v\", \"n\": {\"m\": 1}}', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7' AND data ->> 'k' = 'v' AND data -> 'n' ->> 'm' = '1'",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'x.1', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND name ~ '^(x|x\\.1)$'",
        "",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'x.1', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND name SIMILAR TO 'x|x.1'",
        "",
    ),
    (
        "SET LOCAL release.tag = 'R7'; INSERT INTO a VALUES (7, 'x', current_setting('release.tag')) ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
        "",
    ),
    (
        "\\set number 7\n\\set tag R :number\nINSERT INTO a VALUES (7, 'x', :'tag') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
        "",
    ),
    (
        "DO $$ DECLARE names text[] := ARRAY['id', 'name']; BEGIN FOR i IN 1..2 LOOP \
         EXECUTE format('COMMENT ON COLUMN a.%I IS %L', names[i], 'R7'); END LOOP; END $$",
        "COMMENT ON COLUMN a.id IS NULL; COMMENT ON COLUMN a.name IS NULL",
        "",
    ),
    (
        "DO $$ BEGIN FOR m IN 1..2 LOOP EXECUTE format('CREATE TABLE IF NOT EXISTS e_%s (id int)', lpad(m::text, 2, '0')); \
         END LOOP; END $$",
        "DROP TABLE IF EXISTS e_01, e_02",
        "adds = { tables = 2 }",
    ),
];

/// Tiers that change rows once more, or other ones, each time they run.
const CHANGING: &[&str] = &[
    "UPDATE t SET was = status, status = 'retired' WHERE tag = 'R6'",
    "UPDATE t SET was = tag, tag = status WHERE id = 1",
    "UPDATE t SET was = status, status = 'retired' WHERE tag = 'R6' AND was IS DISTINCT FROM 'retired'",
    "UPDATE t SET number = CASE WHEN number = 1 THEN 2 ELSE 3 END WHERE tag = 'R6'",
    "UPDATE t SET status = format('%s!', status) WHERE tag = 'R6'",
    "UPDATE t SET status = substr(status, 2) WHERE tag = 'R6'",
    "UPDATE t SET status = replace(status, 'n', 'nn') WHERE tag = 'R6'",
    "UPDATE t SET number = (SELECT max(number) + 1 FROM t) WHERE id = 1",
    "UPDATE t SET number = (SELECT o.number FROM t o WHERE o.id = t.id) + 1 WHERE tag = 'R6'",
    "UPDATE t SET number = x.next FROM (SELECT id, number + 1 AS next FROM t) x WHERE x.id = t.id AND tag = 'R6'",
    "WITH x AS (SELECT id, number FROM t) UPDATE t SET number = x.number + 1 FROM x WHERE x.id = t.id",
    "CREATE OR REPLACE VIEW w AS SELECT id, number AS n FROM t; UPDATE t SET number = (SELECT n + 1 FROM w WHERE w.id = 1)",
    "DO $$ DECLARE n int; BEGIN SELECT number INTO n FROM t WHERE id = 1; UPDATE t SET number = n + 1 WHERE id = 1; END $$",
    "DO $$ DECLARE n int := (SELECT max(number) FROM t); BEGIN UPDATE t SET status = 'x' WHERE id = 1; \
     UPDATE t SET number = n + 1 WHERE id = 1; END $$",
    "DO $$ DECLARE r record; BEGIN SELECT * INTO r FROM t WHERE id = 1; UPDATE t SET number = r.number + 1 WHERE id = 1; END $$",
    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, number FROM t LOOP \
     UPDATE t SET number = r.number + 1 WHERE id = r.id; END LOOP; END $$",
    "SELECT number + 1 AS next FROM t WHERE id = 1 \\gset\nUPDATE t SET number = :'next' WHERE id = 1",
    "CREATE OR REPLACE FUNCTION next(i int) RETURNS int LANGUAGE sql AS 'SELECT i + 1'; \
     UPDATE t SET number = next(number) WHERE id = 1",
    "INSERT INTO t VALUES (1, 2, 'x') ON CONFLICT (id) DO UPDATE SET number = (SELECT max(number) + 1 FROM t)",
    "INSERT INTO t SELECT id + 100, number, status, was, data, 'R7' FROM t ON CONFLICT (id) DO NOTHING",
    "INSERT INTO t SELECT id + 100, number, status, was, data, 'R7' FROM t WHERE tag <> 'R8' ON CONFLICT (id) DO NOTHING",
    "INSERT INTO t SELECT a.id + 100, number, status, was, data, 'R7' FROM t a \
     WHERE NOT EXISTS (SELECT FROM t o WHERE o.id = a.id + 100)",
    "INSERT INTO t (id, status) SELECT max(id) + 1, 'x' FROM t ON CONFLICT (id) DO NOTHING",
    "INSERT INTO t (id, status) SELECT 1000 + row_number() OVER (), 'x' FROM t ON CONFLICT (id) DO NOTHING",
    // What an UPDATE has found says nothing of the rows that are added: others are asked for, or none is left.
    "DO $$ BEGIN UPDATE line SET what = 'x' WHERE at = 9; \
     IF NOT FOUND THEN INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
    "DO $$ BEGIN UPDATE line SET tag = 'R6' WHERE tag = 'R7'; \
     IF NOT FOUND THEN INSERT INTO line VALUES (7, 'x', 'R6'); END IF; END $$",
    "DO $$ DECLARE n int; BEGIN UPDATE line SET at = at WHERE tag = 'R5' AND what = 'new'; GET DIAGNOSTICS n = ROW_COUNT; \
     IF n = 0 THEN INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
    "DO $$ BEGIN UPDATE line SET what = 'x' WHERE tag = 'R5'; \
     IF FOUND THEN INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
    "DO $$ BEGIN UPDATE silent SET what = 'x' WHERE tag = 'R7'; \
     IF NOT FOUND THEN INSERT INTO silent VALUES (7, 'x', 'R7'); END IF; END $$",
    "DO $$ BEGIN DELETE FROM line WHERE tag = 'R4'; \
     IF NOT FOUND THEN INSERT INTO line VALUES (7, 'x', 'R4'); INSERT INTO line VALUES (7, 'x', 'R7'); END IF; END $$",
    // What is read is there each time.
    "WITH n AS (INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING RETURNING id), \
     m AS (INSERT INTO line SELECT count(*), 'x', 'R7' FROM n RETURNING at) SELECT count(*) FROM m",
    "WITH n AS (INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO UPDATE SET name = 'x' RETURNING id), \
     m AS (SELECT id FROM n) INSERT INTO line SELECT id, 'x', 'R7' FROM m",
    "WITH n AS (INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING RETURNING id), \
     m AS (SELECT id FROM a WHERE tag = 'R7' OR id = 100) INSERT INTO line SELECT id, 'x', 'R7' FROM m",
    "WITH n AS (INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING RETURNING id), \
     m AS (INSERT INTO line SELECT t.id, 'x', 'R7' FROM t LEFT JOIN n ON true RETURNING at) SELECT count(*) FROM m",
    // Without a key nothing is violated.
    "DO $$ BEGIN INSERT INTO line VALUES (7, 'x', 'R7'); EXCEPTION WHEN unique_violation THEN NULL; END $$",
    "DO $$ BEGIN IF EXISTS (SELECT FROM line WHERE tag = 'R9') THEN INSERT INTO a VALUES (7, 'x', 'R7'); END IF; \
     INSERT INTO line SELECT 7, 'x', 'R9' WHERE NOT EXISTS (SELECT FROM line WHERE tag = 'R9'); \
     EXCEPTION WHEN unique_violation THEN NULL; END $$",
];

/// A script of one transaction.
fn framed(text: &str) -> String {
    format!("BEGIN;\nSET LOCAL lock_timeout = '5s';\n{text};\nCOMMIT;\n")
}

/// A database that is as the baseline has it.
struct Database<'c> {
    cluster: &'c Cluster,
    name: String,
}

impl<'c> Database<'c> {
    fn start(cluster: &'c Cluster, number: usize) -> Self {
        let database = Self { cluster, name: format!("d{number}") };
        cluster.sql("postgres", &format!("CREATE DATABASE {}", database.name)).expect("a database");
        database.run(BASELINE);
        database
    }

    fn run(&self, text: &str) -> String {
        self.cluster.sql(&self.name, text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    fn dump(&self) -> Vec<u8> {
        self.cluster.dump(&self.name).expect("a dump")
    }
}

#[test]
fn what_changes_each_time_is_told_of() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    for (number, forward) in CHANGING.iter().enumerate() {
        let (forward, database) = (framed(forward), Database::start(&cluster, number));
        let (run, dump) = (|text: &str| database.run(text), || database.dump());
        run(&forward);
        let after = dump();
        run(&forward);
        assert!(dump() != after, "{forward} changes nothing the second time");
        let toml = format!("baseline = [\"baseline.sql\"]\n{}", tier(1, "tier.sql", None));
        let found = findings(&toml, &[("baseline.sql", BASELINE), ("tier.sql", &forward)]);
        assert!(found.iter().any(|finding| finding.rule == "changes-when-repeated"), "{forward}");
    }
}

/// Tiers and rollbacks after which something is left.
const LEAVING: &[(&str, &str)] = &[
    (
        "INSERT INTO a VALUES (1, 'x', 'R7'), (2, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "WITH w (id) AS (VALUES (1), (3)) DELETE FROM a USING w WHERE a.id = w.id AND a.tag = 'R7'",
    ),
    (
        "INSERT INTO a VALUES (1, 'x', 'R7'), (2, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE EXISTS (SELECT FROM (VALUES (1), (3)) AS w (id) WHERE a.id = w.id) AND tag = 'R7'",
    ),
    (
        "MERGE INTO a USING (VALUES (1, 'x'), (2, 'y')) AS w (id, name) ON a.id = w.id \
         WHEN NOT MATCHED THEN INSERT (id, name, tag) VALUES (w.id, w.name, 'R7')",
        "DELETE FROM a WHERE tag = 'R7' AND name = 'x'",
    ),
    (
        "MERGE INTO a USING (VALUES (1, 'x'), (2, 'y')) AS w (id, name) ON a.id = w.id \
         WHEN NOT MATCHED THEN INSERT (id, name, tag) VALUES (w.id, w.name, 'R7')",
        "MERGE INTO a USING (VALUES (1)) AS w (id) ON a.id = w.id AND a.tag = 'R7' WHEN MATCHED THEN DELETE",
    ),
    (
        "DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m AS SELECT id, name FROM a; CREATE UNIQUE INDEX mi ON m (id)",
        "DROP MATERIALIZED VIEW IF EXISTS m; CREATE MATERIALIZED VIEW m AS SELECT id FROM a",
    ),
    ("ALTER SEQUENCE counted RESTART WITH 5000 INCREMENT BY 10", "ALTER SEQUENCE counted INCREMENT BY 1"),
    ("ALTER SEQUENCE counted OWNED BY a.id RESTART WITH 5000", "ALTER SEQUENCE counted OWNED BY NONE"),
    (
        "ALTER TABLE ident ALTER COLUMN id SET CACHE 5 RESTART WITH 100",
        "ALTER TABLE ident ALTER COLUMN id SET CACHE 1 SET START WITH 1",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM a WHERE tag = 'R7') THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF EXISTS (SELECT FROM a WHERE tag = 'R8') THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF (SELECT name FROM a WHERE tag = 'R7') = 'y' THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'y', 'R7') ON CONFLICT (id) DO NOTHING",
        "DO $$ BEGIN IF (SELECT count(*) FROM a WHERE tag = 'R7') = 1 THEN DELETE FROM a WHERE tag = 'R7'; END IF; END $$",
    ),
    ("INSERT INTO marked VALUES (7, 'R7') ON CONFLICT (id) DO NOTHING", "DELETE FROM marked WHERE tag = 'R7'"),
    ("INSERT INTO stuck VALUES (7, 'R7') ON CONFLICT (id) DO NOTHING", "DELETE FROM stuck WHERE tag = 'R7'"),
    (
        "INSERT INTO a SELECT n, 'x', 'R7' FROM generate_series(1, 10) AS n WHERE n % 4 = 0 ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (4, 9)",
    ),
    (
        "DROP POLICY IF EXISTS z ON a; CREATE POLICY z ON a USING (true)",
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_policies WHERE policyname = 'y') THEN DROP POLICY z ON a; END IF; END $$",
    ),
    (
        "CREATE OR REPLACE FUNCTION z(i int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN IF to_regprocedure('z(text)') IS NOT NULL THEN DROP FUNCTION z(int); END IF; END $$",
    ),
    (
        "CREATE OR REPLACE FUNCTION z(i int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN IF to_regprocedure('z(int)') IS NULL THEN DROP FUNCTION z(int); END IF; END $$",
    ),
    (
        "INSERT INTO a (id, tag) SELECT g, 'R7' FROM generate_series(1, 3) AS g ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id BETWEEN 1 AND 2",
    ),
    (
        "INSERT INTO a (id, tag) SELECT g, 'R7-' || g FROM generate_series(1, 3) AS g ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag IN ('R7-1', 'R7-2')",
    ),
    (
        "INSERT INTO a SELECT n, w, 'R7' FROM unnest(ARRAY['x', 'y']) WITH ORDINALITY AS given (w, n) ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND (id, name) IN ((0, 'x'), (1, 'y'))",
    ),
    (
        "INSERT INTO a SELECT unnest(ARRAY[7, 8]), 'x', 'R7' ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND id IN (SELECT unnest(ARRAY[7]))",
    ),
    (
        "INSERT INTO a VALUES (7, 'Xy', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND lower(name) = 'Xy'",
    ),
    (
        "INSERT INTO a VALUES (7, 'Xy', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7' AND lower(name) = (SELECT max(name) FROM a)",
    ),
    (
        "INSERT INTO t (id, status, data, tag) VALUES (7, 'x', '{\"k\": \"v\"}', 'R7') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM t WHERE tag = 'R7' AND data ->> 'l' = 'v'",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'x', 'R7x1') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag ~ '^(R7|R7\\.1)$'",
    ),
    (
        "INSERT INTO a VALUES (7, 'x', 'R7'), (8, 'x', 'R7x') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag SIMILAR TO 'R7|R8'",
    ),
    (
        "SET LOCAL release.tag = 'R7'; SET LOCAL release.tag = 'R8'; \
         INSERT INTO a VALUES (7, 'x', current_setting('release.tag')) ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
    ),
    (
        "\\set number 7\n\\set tag R ' ' :number\nINSERT INTO a VALUES (7, 'x', :'tag') ON CONFLICT (id) DO NOTHING",
        "DELETE FROM a WHERE tag = 'R7'",
    ),
    (
        "DO $$ BEGIN FOR m IN 1..2 LOOP EXECUTE format('CREATE TABLE IF NOT EXISTS e_%s (id int)', lpad(m::text, 2, '0')); \
         END LOOP; END $$",
        "DROP TABLE IF EXISTS e_1, e_02",
    ),
    (
        "DO $$ DECLARE d timestamp; BEGIN \
         FOR d IN SELECT generate_series('2024-01-31'::date, '2024-03-31'::date, interval '1 month') LOOP \
         EXECUTE format('CREATE TABLE IF NOT EXISTS e_%s (id int)', to_char(d, 'YYYYMMDD')); END LOOP; END $$",
        "DROP TABLE IF EXISTS e_20240131, e_20240229, e_20240331",
    ),
];

#[test]
fn what_is_left_is_told_of() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    for (number, (forward, back)) in LEAVING.iter().enumerate() {
        let (forward, back, database) = (framed(forward), framed(back), Database::start(&cluster, number));
        let (run, dump) = (|text: &str| database.run(text), || database.dump());
        let before = dump();
        run(&forward);
        run(&back);
        assert!(dump() != before, "{forward}{back} leaves nothing");
        let toml = format!(
            "baseline = [\"baseline.sql\"]\ntags = [\"R7\"]\ntag-columns = [\"tag\"]\n{}",
            tier(1, "tier.sql", Some("rollback.sql"))
        );
        let found = findings(&toml, &[("baseline.sql", BASELINE), ("tier.sql", &forward), ("rollback.sql", &back)]);
        assert!(found.iter().any(|finding| finding.rule == "leftover-after-rollback"), "{forward}{back}");
    }
}

#[test]
fn nothing_is_found_in_what_is_right() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let mut wrong = String::new();
    for (number, (forward, back, adds)) in PACKAGES.iter().enumerate() {
        let (forward, back, database) = (framed(forward), framed(back), Database::start(&cluster, number));
        let (run, dump) = (|text: &str| database.run(text), || database.dump());
        let before = dump();
        run(&forward);
        let after = dump();
        run(&forward);
        assert_eq!(String::from_utf8_lossy(&dump()), String::from_utf8_lossy(&after), "{forward} again");
        run(&back);
        run(&back);
        assert_eq!(String::from_utf8_lossy(&dump()), String::from_utf8_lossy(&before), "{back}");
        let toml = format!(
            "baseline = [\"baseline.sql\"]\ntags = [\"R7\"]\ntag-columns = [\"tag\"]\n{}{adds}\n",
            tier(1, "tier.sql", Some("rollback.sql"))
        );
        let found = findings(&toml, &[("baseline.sql", BASELINE), ("tier.sql", &forward), ("rollback.sql", &back)]);
        for finding in found {
            writeln!(wrong, "{forward}{back}  {}: {}", finding.rule, finding.message).expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

//! Short scripts and the SQLSTATE of their first error, if they have one.

/// Script and SQLSTATE; empty where all of it succeeds.
pub(crate) const SCRIPTS: &[(&str, &str)] = &[
    // Tables and their names.
    ("CREATE TABLE t (a int)", ""),
    ("CREATE TABLE t (a int); CREATE TABLE t (a int)", "42P07"),
    ("CREATE TABLE t (a int); CREATE TABLE IF NOT EXISTS t (b int)", ""),
    ("CREATE VIEW t AS SELECT 1 AS a; CREATE TABLE IF NOT EXISTS t (b int)", ""),
    ("CREATE TABLE t (a int, a text)", "42701"),
    ("CREATE TABLE t (a nosuchtype)", "42704"),
    ("CREATE TABLE s1.t (a int)", "3F000"),
    ("CREATE SCHEMA s1; CREATE TABLE s1.t (a int); CREATE TABLE t (a int)", ""),
    ("CREATE TABLE t (a serial, b bigserial PRIMARY KEY, c smallserial)", ""),
    ("CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int GENERATED ALWAYS AS (1 + 1) STORED)", ""),
    (
        "CREATE TABLE t (a int PRIMARY KEY, b text UNIQUE, c int CHECK (c > 0), d int REFERENCES t, e int DEFAULT 4 NOT NULL)",
        "",
    ),
    (
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b), UNIQUE (b, a), CHECK (a > b), CHECK (a > 0), CHECK (a < 9))",
        "",
    ),
    ("CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY)", "42P16"),
    ("CREATE TABLE t (a int UNIQUE, PRIMARY KEY (a))", ""),
    ("CREATE TABLE t (a int, UNIQUE (a), UNIQUE (a))", ""),
    ("CREATE TABLE t (a int, CONSTRAINT x UNIQUE (a), CONSTRAINT x CHECK (a > 0))", "42710"),
    ("CREATE TABLE t (a int, UNIQUE (b))", "42703"),
    ("CREATE TABLE t (a int, UNIQUE (a, a))", "42701"),
    ("CREATE TABLE t (a int CHECK (b > 0))", "42703"),
    (
        "CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE DEFERRABLE, c int UNIQUE INITIALLY DEFERRED, d int REFERENCES t DEFERRABLE INITIALLY DEFERRED, e int REFERENCES t NOT DEFERRABLE, f int REFERENCES t DEFERRABLE INITIALLY IMMEDIATE)",
        "",
    ),
    (
        "CREATE TABLE t (a int PRIMARY KEY, b int, c int, UNIQUE (b) DEFERRABLE, CONSTRAINT f FOREIGN KEY (c) REFERENCES t INITIALLY DEFERRED, EXCLUDE (c WITH =) DEFERRABLE); ALTER TABLE t ADD CONSTRAINT u UNIQUE (b, c) INITIALLY DEFERRED; ALTER TABLE t ALTER CONSTRAINT f NOT DEFERRABLE",
        "",
    ),
    (
        "CREATE TABLE t (a int PRIMARY KEY, b int CONSTRAINT f REFERENCES t); ALTER TABLE t ALTER CONSTRAINT f DEFERRABLE INITIALLY DEFERRED; ALTER TABLE t ALTER CONSTRAINT f DEFERRABLE",
        "",
    ),
    ("CREATE TABLE t (a int CONSTRAINT u UNIQUE); ALTER TABLE t ALTER CONSTRAINT u DEFERRABLE", "42809"),
    ("CREATE TABLE t (a int); ALTER TABLE t ALTER CONSTRAINT u DEFERRABLE", "42704"),
    ("CREATE TABLE t (a int PRIMARY KEY DEFERRABLE, b int REFERENCES t)", "55000"),
    ("CREATE TABLE t (a int PRIMARY KEY DEFERRABLE); CREATE TABLE u (b int REFERENCES t)", "55000"),
    ("CREATE TABLE t (a int UNIQUE DEFERRABLE); CREATE TABLE u (b int REFERENCES t (a))", "55000"),
    ("CREATE TABLE t (a int UNIQUE DEFERRABLE, UNIQUE (a)); CREATE TABLE u (b int REFERENCES t (a))", ""),
    ("CREATE TABLE t (a int UNIQUE DEFERRABLE); INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING", "55000"),
    (
        "CREATE TABLE t (a int CONSTRAINT u UNIQUE DEFERRABLE); INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT u DO NOTHING",
        "55000",
    ),
    (
        "CREATE TABLE t (a int UNIQUE DEFERRABLE, b int UNIQUE); INSERT INTO t VALUES (1, 1) ON CONFLICT (b) DO NOTHING",
        "",
    ),
    (
        "CREATE TABLE t (a int UNIQUE DEFERRABLE, UNIQUE (a)); INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING",
        "55000",
    ),
    ("CREATE TABLE t (a int UNIQUE DEFERRABLE); INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "55000"),
    ("CREATE TABLE t (a int, EXCLUDE (a WITH =) DEFERRABLE); INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "55000"),
    ("CREATE TABLE t (a int, UNIQUE (a), UNIQUE NULLS NOT DISTINCT (a), UNIQUE (a) DEFERRABLE, UNIQUE (a))", ""),
    (
        "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT i UNIQUE USING INDEX i DEFERRABLE; INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING",
        "55000",
    ),
    (
        "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (1); CREATE TABLE u (LIKE t INCLUDING ALL)",
        "",
    ),
    ("CREATE TABLE t (a int DEFAULT b)", "0A000"),
    (
        "CREATE TABLE t (a varchar(20), b numeric(10, 2), c numeric(5), d char(3), e char, f timestamptz(3), g time, h bit(4), i varbit(5), j int[], k text[][], l float, m real, n double precision, o decimal, p \"char\", q bpchar, r name, s json, t jsonb, u uuid, v date, w interval, x oid, y bytea, z inet)",
        "",
    ),
    (
        "CREATE TABLE t (a int); CREATE SEQUENCE t_a_seq; CREATE TABLE u (a int); DROP TABLE t; CREATE TABLE t (a serial)",
        "",
    ),
    (
        "CREATE TABLE t_a_key (x int); CREATE TABLE t (a int UNIQUE, b int UNIQUE, c int CHECK (c > 0), d int CHECK (d > 0))",
        "",
    ),
    (
        "CREATE TABLE a_very_long_table_name_that_needs_to_be_cut_somewhere_down (a_very_long_column_name_that_is_cut int UNIQUE, b serial PRIMARY KEY)",
        "",
    ),
    ("CREATE TEMP TABLE t (a int PRIMARY KEY); CREATE TABLE t (b int)", ""),
    ("CREATE TABLE t (a int); CREATE TEMP TABLE t (b int); DROP TABLE t; ALTER TABLE t ADD COLUMN c int", ""),
    ("CREATE TEMP TABLE s1.t (a int)", "3F000"),
    ("CREATE SCHEMA s1; CREATE TEMP TABLE s1.t (a int)", "42P16"),
    ("BEGIN; CREATE TEMP TABLE t (a int) ON COMMIT DROP; COMMIT; CREATE TABLE t (a int)", ""),
    ("CREATE TABLE t (a int); CREATE TABLE u (LIKE t, b int)", ""),
    (
        "CREATE TABLE t (a serial PRIMARY KEY, b int DEFAULT 3 CHECK (b > 0), c int UNIQUE); CREATE INDEX ON t (b, c); CREATE TABLE u (LIKE t INCLUDING ALL)",
        "",
    ),
    (
        "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY, b int NOT NULL); CREATE TABLE u (LIKE t INCLUDING IDENTITY)",
        "",
    ),
    ("CREATE TYPE c AS (x int, y text); CREATE TABLE t OF c; CREATE TABLE u OF c (x NOT NULL)", ""),
    ("CREATE TABLE t (xmin int)", "42701"),
    ("CREATE TABLE t (a anyelement)", "42P16"),
    // Foreign keys.
    (
        "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL)",
        "",
    ),
    ("CREATE TABLE c (a int REFERENCES p)", "42P01"),
    ("CREATE TABLE p (a int); CREATE TABLE c (a int REFERENCES p)", "42704"),
    ("CREATE TABLE p (a int); CREATE TABLE c (a int REFERENCES p (a))", "42830"),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p (b))", "42703"),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a text REFERENCES p)", "42804"),
    ("CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE c (a int REFERENCES p)", "42830"),
    (
        "CREATE TABLE p (a int, b int, UNIQUE (a, b)); CREATE TABLE c (x int, y int, FOREIGN KEY (y, x) REFERENCES p (b, a))",
        "",
    ),
    ("CREATE VIEW p AS SELECT 1 AS a; CREATE TABLE c (a int REFERENCES p)", "42809"),
    ("CREATE TEMP TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p)", "42P16"),
    (
        "CREATE TABLE p (a int); CREATE UNIQUE INDEX p_i ON p (a); CREATE TABLE c (a int REFERENCES p (a)); DROP INDEX p_i",
        "2BP01",
    ),
    (
        "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p, b int REFERENCES p, CONSTRAINT c_a_fkey1 CHECK (true)); ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p",
        "",
    ),
    (
        "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int); ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p NOT VALID; ALTER TABLE c VALIDATE CONSTRAINT f",
        "",
    ),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); DROP TABLE p", "2BP01"),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); DROP TABLE p CASCADE", ""),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); DROP TABLE p, c", ""),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); TRUNCATE p", "0A000"),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); TRUNCATE p, c", ""),
    (
        "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); ALTER TABLE p DROP CONSTRAINT p_pkey",
        "2BP01",
    ),
    ("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p); ALTER TABLE p DROP COLUMN a", "2BP01"),
    ("CREATE TABLE p (a int PRIMARY KEY, b int); CREATE TABLE c (a int REFERENCES p); ALTER TABLE p DROP COLUMN b", ""),
    // DROP.
    ("DROP TABLE t", "42P01"),
    ("DROP TABLE IF EXISTS t", ""),
    ("DROP TABLE IF EXISTS s1.t", ""),
    ("DROP TABLE s1.t", "3F000"),
    ("DROP VIEW v", "42P01"),
    ("DROP INDEX i", "42704"),
    ("DROP SEQUENCE q", "42P01"),
    ("DROP TYPE y", "42704"),
    ("DROP SCHEMA s1", "3F000"),
    ("DROP FUNCTION f(int)", "42883"),
    ("DROP FUNCTION f", "42883"),
    ("DROP FUNCTION IF EXISTS f(int), g", ""),
    ("DROP TRIGGER x ON t", "42P01"),
    ("DROP TRIGGER IF EXISTS x ON t", ""),
    ("CREATE TABLE t (a int); DROP TRIGGER x ON t", "42704"),
    ("CREATE TABLE t (a int); DROP TRIGGER IF EXISTS x ON t", ""),
    ("CREATE TABLE t (a int); DROP VIEW t", "42809"),
    ("CREATE TABLE t (a int); DROP VIEW IF EXISTS t", "42809"),
    ("CREATE VIEW v AS SELECT 1 AS a; DROP TABLE IF EXISTS v", "42809"),
    ("CREATE TABLE t (a int PRIMARY KEY); DROP INDEX t_pkey", "2BP01"),
    ("CREATE TABLE t (a serial); DROP SEQUENCE t_a_seq", "2BP01"),
    ("CREATE TABLE t (a serial); DROP SEQUENCE t_a_seq CASCADE", ""),
    ("CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); DROP SEQUENCE t_a_seq", "2BP01"),
    ("CREATE TABLE t (a int); DROP TYPE t", "2BP01"),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t", "2BP01"),
    (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; DROP TABLE t CASCADE",
        "",
    ),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t, v", "42809"),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; DROP VIEW v, w", ""),
    ("CREATE SCHEMA s1; CREATE TABLE s1.t (a int); DROP SCHEMA s1", "2BP01"),
    ("CREATE SCHEMA s1; CREATE TABLE s1.t (a int); CREATE VIEW v AS SELECT a FROM s1.t; DROP SCHEMA s1 CASCADE", ""),
    ("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e, y int); DROP TYPE e", "2BP01"),
    ("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e, y int); DROP TYPE e CASCADE", ""),
    ("CREATE TABLE t (a int); CREATE TABLE u (r t); DROP TABLE t", "2BP01"),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT f() AS a; DROP FUNCTION f()",
        "2BP01",
    ),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a int DEFAULT f()); DROP FUNCTION f() CASCADE",
        "",
    ),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f",
        "42725",
    ),
    ("CREATE PROCEDURE f() LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f()", "42809"),
    ("CREATE PROCEDURE f() LANGUAGE sql AS 'SELECT 1'; DROP ROUTINE f; DROP PROCEDURE IF EXISTS f()", ""),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f()",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f() CASCADE",
        "",
    ),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP TABLE t; DROP FUNCTION f()",
        "",
    ),
    // Columns.
    ("CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN a int", "42701"),
    (
        "CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN IF NOT EXISTS a text, ADD COLUMN b text NOT NULL DEFAULT 'x'",
        "",
    ),
    ("ALTER TABLE t ADD COLUMN a int", "42P01"),
    ("ALTER TABLE IF EXISTS t ADD COLUMN a int", ""),
    ("CREATE VIEW v AS SELECT 1 AS a; ALTER TABLE v ADD COLUMN b int", "42809"),
    (
        "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a, b); ALTER TABLE t ADD CHECK (a > b), DROP COLUMN b",
        "42703",
    ),
    (
        "CREATE TABLE t (a int, b int CHECK (b > 0), c int, UNIQUE (a, b)); CREATE INDEX i ON t (b, c); ALTER TABLE t DROP COLUMN b",
        "",
    ),
    ("CREATE TABLE t (a int, b int); ALTER TABLE t DROP COLUMN c", "42703"),
    (
        "CREATE TABLE t (a int, b int); ALTER TABLE t DROP COLUMN IF EXISTS c, DROP COLUMN b; ALTER TABLE t ADD COLUMN b text",
        "",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t DROP COLUMN b; ALTER TABLE t DROP COLUMN a",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t WHERE b > 0; ALTER TABLE t DROP COLUMN b",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t ORDER BY b; ALTER TABLE t DROP COLUMN b CASCADE",
        "",
    ),
    ("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED); ALTER TABLE t DROP COLUMN a", "2BP01"),
    ("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED); ALTER TABLE t DROP COLUMN a CASCADE", ""),
    ("CREATE TABLE t (a serial, b int); ALTER TABLE t DROP COLUMN a", ""),
    (
        "CREATE TABLE t (a int); ALTER TABLE t ALTER COLUMN a TYPE bigint; ALTER TABLE t ALTER a TYPE text, ALTER a SET DEFAULT 'x', ALTER a SET NOT NULL",
        "",
    ),
    ("CREATE TABLE t (a text); ALTER TABLE t ALTER COLUMN a TYPE int", "42804"),
    ("CREATE TABLE t (a text); ALTER TABLE t ALTER COLUMN a TYPE int USING a::int", ""),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t ALTER COLUMN a TYPE bigint", "0A000"),
    ("CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t ALTER COLUMN b TYPE bigint", ""),
    ("CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t ALTER COLUMN a DROP NOT NULL", "42P16"),
    ("CREATE TABLE t (a int NOT NULL DEFAULT 1); ALTER TABLE t ALTER COLUMN a DROP NOT NULL, ALTER a DROP DEFAULT", ""),
    ("CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); ALTER TABLE t ALTER a SET DEFAULT 1", "42601"),
    (
        "CREATE TABLE t (a int NOT NULL); ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY; ALTER TABLE t ALTER a DROP IDENTITY",
        "",
    ),
    ("CREATE TABLE t (a int); ALTER TABLE t ALTER b SET NOT NULL", "42703"),
    ("CREATE TABLE t (a int, b int); ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME COLUMN c TO b", "42701"),
    ("CREATE TABLE t (a int); ALTER TABLE t RENAME b TO c", "42703"),
    // Constraints.
    (
        "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT x CHECK (a > 0); ALTER TABLE t ADD CONSTRAINT x UNIQUE (a)",
        "42710",
    ),
    ("CREATE TABLE t (a int); ALTER TABLE t DROP CONSTRAINT x", "42704"),
    ("CREATE TABLE t (a int); ALTER TABLE t DROP CONSTRAINT IF EXISTS x", ""),
    (
        "CREATE TABLE t (a int CONSTRAINT x CHECK (a > 0)); ALTER TABLE t RENAME CONSTRAINT x TO y; ALTER TABLE t DROP CONSTRAINT y",
        "",
    ),
    ("CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t RENAME CONSTRAINT t_pkey TO k; ALTER INDEX k RENAME TO l", ""),
    (
        "CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
        "",
    ),
    ("CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t ADD PRIMARY KEY (a)", "42P16"),
    ("CREATE TABLE t (a int, b int); ALTER TABLE t ADD PRIMARY KEY (a, b), ADD UNIQUE (b), ADD CHECK (a <> b)", ""),
    ("CREATE TABLE t (a int CHECK (a > 0) NOT NULL); ALTER TABLE t VALIDATE CONSTRAINT nope", "42704"),
    ("CREATE TABLE t (a int, EXCLUDE USING btree (a WITH =))", ""),
    // Indexes.
    (
        "CREATE TABLE t (a int, b text); CREATE INDEX ON t (a); CREATE INDEX ON t (a); CREATE INDEX ON t (lower(b)); CREATE INDEX ON t ((a + 1)); CREATE UNIQUE INDEX ON t (a, b) INCLUDE (b) WHERE a > 0",
        "",
    ),
    ("CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE INDEX i ON t (a)", "42P07"),
    ("CREATE TABLE t (a int); CREATE INDEX IF NOT EXISTS t ON t (a)", ""),
    ("CREATE TABLE t (a int); CREATE INDEX i ON t (b)", "42703"),
    ("CREATE INDEX i ON t (b)", "42P01"),
    ("CREATE VIEW v AS SELECT 1 AS a; CREATE INDEX i ON v (a)", "42809"),
    (
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE INDEX i ON v (a); REFRESH MATERIALIZED VIEW v; DROP MATERIALIZED VIEW v",
        "",
    ),
    ("BEGIN; CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY i ON t (a)", "25001"),
    ("CREATE TABLE t (a text, b text); CREATE INDEX ON t (lower(a), upper(b)); CREATE INDEX ON t (a, a)", ""),
    (
        "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a int); CREATE INDEX i ON t (f(a)); DROP FUNCTION f",
        "2BP01",
    ),
    // Views.
    ("CREATE VIEW v AS SELECT a FROM t", "42P01"),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT b FROM t", "42703"),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT t.b FROM t", "42703"),
    ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT u.a FROM t", "42P01"),
    ("CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE VIEW v AS SELECT a FROM t, u", "42702"),
    ("CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE VIEW v AS SELECT * FROM t, u", "42701"),
    (
        "CREATE TABLE t (a int, b int); CREATE TABLE u (a int, c int); CREATE VIEW v AS SELECT * FROM t JOIN u USING (a)",
        "",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE TABLE u (a int, c int); CREATE VIEW v AS SELECT * FROM t NATURAL FULL JOIN u",
        "",
    ),
    (
        "CREATE VIEW v AS SELECT 1, 'x', NULL, true, 1.5, 2::bigint, 'a'::varchar(3), now(), current_date, current_user",
        "42701",
    ),
    (
        "CREATE VIEW v AS SELECT 1, 'x' AS x, NULL AS n, true AS b, 1.5 AS d, 2::bigint, 'a'::varchar(3), now(), current_date, current_user, coalesce(1, 2), CASE WHEN true THEN 1 END, CASE WHEN true THEN 1 ELSE 2::int END AS c2, ARRAY[1, 2], ROW(1, 2) IS NULL AS r, (SELECT count(*) FROM pg_class) , EXISTS (SELECT 1), nullif(1, 2), greatest(1, 2), upper('x'), 99999999999 AS big, interval '1 day'",
        "",
    ),
    (
        "CREATE TABLE t (a varchar(20), b int, c timestamptz, d jsonb, e text[], f numeric(6, 2), g date); CREATE VIEW v AS SELECT a, b + 1 AS b1, b * 1.5 AS bn, c - interval '1 h' AS ci, c - c AS cc, d -> 'x' AS dj, d ->> 'x' AS dt, e[1] AS e1, e || 'x'::text AS ee, f, f + 1 AS f1, -b AS nb, a || 'x' AS ax, a::text || b AS ab, lower(a) AS la, length(a) AS len, sum(b) OVER () AS s, min(a) OVER () AS mn, array_agg(a) OVER () AS agg, g - g AS gg, g + 1 AS g1, date_trunc('day', c) AS dc, extract(year FROM c) AS y, count(*) OVER () AS n, avg(b) OVER () AS av, a IS NULL AS isn, b IN (1, 2) AS bi, a LIKE 'x' AS l FROM t",
        "",
    ),
    (
        "CREATE TABLE t (a int); CREATE VIEW v (x) AS SELECT a FROM t; CREATE VIEW w AS SELECT x FROM v; ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME TO u; ALTER VIEW v RENAME TO vv; ALTER VIEW vv RENAME COLUMN x TO y",
        "",
    ),
    ("CREATE VIEW v (x, y) AS SELECT 1", "42601"),
    ("CREATE VIEW v AS SELECT 1 AS a; CREATE VIEW v AS SELECT 1 AS a", "42P07"),
    ("CREATE VIEW v AS SELECT 1 AS a; CREATE OR REPLACE VIEW v AS SELECT 2 AS a, 'x'::text AS b", ""),
    ("CREATE VIEW v AS SELECT 1 AS a, 2 AS b; CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "42P16"),
    ("CREATE VIEW v AS SELECT 1 AS a; CREATE OR REPLACE VIEW v AS SELECT 1 AS b", "42P16"),
    ("CREATE VIEW v AS SELECT 1 AS a; CREATE OR REPLACE VIEW v AS SELECT 'x'::text AS a", "42P16"),
    ("CREATE TABLE v (a int); CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "42809"),
    (
        "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT a FROM u; DROP TABLE t",
        "",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS WITH c AS (SELECT a AS x FROM t), d (y) AS (SELECT x FROM c) SELECT y FROM d WHERE EXISTS (SELECT FROM t AS i WHERE i.b = d.y)",
        "",
    ),
    (
        "CREATE TABLE t (a int, p int, n text); CREATE VIEW v AS WITH RECURSIVE r AS (SELECT a, 1 AS depth, ARRAY[n] AS path FROM t WHERE p IS NULL UNION ALL SELECT t.a, r.depth + 1, r.path || t.n FROM t JOIN r ON t.p = r.a) SELECT * FROM r",
        "",
    ),
    (
        "CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT x.a, y.n FROM t AS x CROSS JOIN LATERAL (SELECT count(*) AS n FROM t WHERE t.a = x.a) AS y",
        "",
    ),
    (
        "CREATE TABLE t (a varchar(10)); CREATE TABLE u (b text); CREATE VIEW v AS SELECT a FROM t UNION ALL SELECT b FROM u UNION SELECT NULL",
        "",
    ),
    ("CREATE TABLE t (a varchar(10)); CREATE VIEW v AS SELECT a, 1 AS n FROM t UNION ALL SELECT 'x', 2.5", ""),
    ("CREATE VIEW v AS SELECT 1 AS a UNION SELECT 1, 2", "42601"),
    ("CREATE VIEW v AS VALUES (1, 'x'), (2, 'y')", ""),
    (
        "CREATE VIEW v AS SELECT g, g * 2 AS d FROM generate_series(1, 3) AS g; CREATE VIEW w AS SELECT u FROM unnest(ARRAY['a', 'b']) AS u (u); CREATE VIEW x AS SELECT e.key, e.value FROM jsonb_each('{}'::jsonb) AS e",
        "",
    ),
    (
        "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE VIEW v AS SELECT a, b, count(*) AS n FROM t GROUP BY a; ALTER TABLE t DROP CONSTRAINT t_pkey",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT t FROM t; CREATE VIEW w AS SELECT count(*) AS n FROM t; ALTER TABLE t DROP COLUMN b",
        "",
    ),
    ("CREATE TEMP TABLE t (a int); CREATE VIEW v AS SELECT a FROM t", ""),
    ("CREATE SEQUENCE q; CREATE VIEW v AS SELECT nextval('q') AS n; DROP SEQUENCE q", "2BP01"),
    ("CREATE SEQUENCE q; CREATE TABLE t (a int DEFAULT nextval('q'::regclass)); DROP SEQUENCE q", "2BP01"),
    (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a AS b FROM t GROUP BY b; CREATE VIEW w AS SELECT a AS b FROM t ORDER BY b",
        "",
    ),
    (
        "CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'SELECT 1::text'; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT f(1) AS a; DROP FUNCTION f(text); DROP FUNCTION f(int)",
        "2BP01",
    ),
    (
        "CREATE FUNCTION f() RETURNS TABLE (x int, y text) LANGUAGE sql AS 'SELECT 1, 2::text'; CREATE VIEW v AS SELECT * FROM f(); CREATE VIEW w AS SELECT g.y FROM f() AS g",
        "",
    ),
    (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE VIEW v AS SELECT 'a'::e AS x; ALTER TYPE e ADD VALUE 'c'; DROP TYPE e",
        "2BP01",
    ),
    // CREATE TABLE AS.
    (
        "CREATE TABLE t (a int PRIMARY KEY, b varchar(5)); CREATE TABLE u AS SELECT a, b, 'x' AS c, count(*) AS n FROM t GROUP BY 1, 2; DROP TABLE t",
        "",
    ),
    ("CREATE TABLE t (a int); CREATE TABLE u (x, y) AS SELECT a FROM t", "42601"),
    ("CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE IF NOT EXISTS t AS SELECT 2 AS b; SELECT 1 AS z INTO w", ""),
    // Functions.
    ("CREATE FUNCTION f(a int, b text DEFAULT 'x', OUT c int) LANGUAGE plpgsql AS 'BEGIN c := 1; END'", ""),
    (
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "42723",
    ),
    (
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(a int) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
        "42P13",
    ),
    (
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "42P13",
    ),
    (
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'; CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "",
    ),
    ("CREATE FUNCTION f() RETURNS nosuch LANGUAGE sql AS 'SELECT 1'", "42704"),
    ("CREATE FUNCTION f(a nosuch) RETURNS int LANGUAGE sql AS 'SELECT 1'", "42704"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t'", "42P01"),
    ("SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t'", ""),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT a FROM t); END'", ""),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE nosuch AS 'x'", "42704"),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END; DROP TABLE t",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'; DROP TABLE t",
        "2BP01",
    ),
    ("CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t'; DROP TABLE t", ""),
    (
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f(int) RENAME TO g; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION g(int) RENAME TO f",
        "42723",
    ),
    (
        "CREATE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "42P13",
    ),
    (
        "CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION p(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "42809",
    ),
    // Triggers, rules, policies.
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "42P01",
    ),
    ("CREATE TABLE t (a int); CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", "42883"),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "42P17",
    ),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "42710",
    ),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE OR REPLACE TRIGGER x AFTER UPDATE OF a ON t FOR EACH ROW WHEN (OLD.a <> NEW.a) EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER x; ALTER TRIGGER x ON t RENAME TO y",
        "",
    ),
    (
        "CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x AFTER UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DROP COLUMN a",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x INSTEAD OF INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "42809",
    ),
    (
        "CREATE VIEW t AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x INSTEAD OF INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "42809",
    ),
    ("CREATE TABLE t (a int); ALTER TABLE t DISABLE TRIGGER x", "42704"),
    (
        "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO u VALUES (NEW.a); CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING",
        "42710",
    ),
    (
        "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO u VALUES (NEW.a); DROP TABLE u",
        "2BP01",
    ),
    (
        "CREATE TABLE t (a int, b int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a > 0); CREATE POLICY p ON t USING (b > 0)",
        "42710",
    ),
    ("CREATE TABLE t (a int, b int); CREATE POLICY p ON t USING (a > 0); ALTER TABLE t DROP COLUMN a", "2BP01"),
    ("CREATE TABLE t (a int); CREATE POLICY p ON t USING (a > 0); DROP POLICY p ON t; DROP POLICY p ON t", "42704"),
    // Types, domains, sequences, schemas.
    ("CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE e AS ENUM ('x')", "42710"),
    ("CREATE TABLE e (a int); CREATE TYPE e AS ENUM ('x')", "42710"),
    ("CREATE TYPE e AS ENUM ('x'); CREATE TABLE e (a int)", "42710"),
    ("CREATE TYPE c AS (a int); CREATE TABLE c (a int)", "42P07"),
    (
        "CREATE TYPE c AS (a int, b text); ALTER TYPE c ADD ATTRIBUTE d int; ALTER TYPE c RENAME ATTRIBUTE a TO z; DROP TYPE c",
        "",
    ),
    ("CREATE DOMAIN d AS varchar(5) NOT NULL CHECK (VALUE <> ''); CREATE TABLE t (a d, b d[]); DROP DOMAIN d", "2BP01"),
    ("CREATE TYPE e AS ENUM ('x'); DROP DOMAIN e", "42809"),
    ("CREATE TYPE e AS ENUM ('x'); ALTER TYPE e ADD VALUE 'x'", "42710"),
    (
        "CREATE TYPE e AS ENUM ('x'); ALTER TYPE e ADD VALUE IF NOT EXISTS 'x'; ALTER TYPE e RENAME TO g; CREATE TABLE t (a g)",
        "",
    ),
    ("CREATE SEQUENCE q; CREATE SEQUENCE q", "42P07"),
    ("CREATE TABLE t (a int); CREATE SEQUENCE q OWNED BY t.a; ALTER SEQUENCE q OWNED BY NONE; DROP TABLE t", ""),
    (
        "CREATE TABLE t (a int); CREATE SEQUENCE q; ALTER SEQUENCE q OWNED BY t.a; DROP TABLE t; DROP SEQUENCE q",
        "42P01",
    ),
    ("CREATE SCHEMA s1; CREATE SCHEMA s1", "42P06"),
    (
        "CREATE SCHEMA IF NOT EXISTS s1; CREATE SCHEMA IF NOT EXISTS s1; ALTER SCHEMA s1 RENAME TO s2; CREATE TABLE s2.t (a int)",
        "",
    ),
    ("CREATE SCHEMA s1 CREATE TABLE t (a int) CREATE VIEW v AS SELECT a FROM t", ""),
    (
        "CREATE SCHEMA s1; CREATE TABLE t (a serial PRIMARY KEY, b int UNIQUE); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t SET SCHEMA s1; ALTER VIEW v SET SCHEMA s1",
        "",
    ),
    ("CREATE SCHEMA s1; CREATE TABLE t (a int); CREATE TABLE s1.t (a int); ALTER TABLE t SET SCHEMA s1", "42P07"),
    ("CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA s1", "3F000"),
    (
        "CREATE SCHEMA s1; SET search_path = s1, public; CREATE TABLE t (a int); CREATE TABLE public.u (a int); CREATE VIEW v AS SELECT t.a FROM t JOIN u USING (a)",
        "",
    ),
    ("CREATE SCHEMA s1; BEGIN; SET LOCAL search_path = s1; CREATE TABLE t (a int); COMMIT; CREATE TABLE t (a int)", ""),
    ("SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE t (a int)", "3F000"),
    ("SET search_path = nosuch; CREATE TABLE t (a int)", "3F000"),
    ("CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; ALTER TABLE t RENAME TO w", "42P01"),
    ("CREATE TABLE t (a int); CREATE TABLE u (a int); ALTER TABLE t RENAME TO u", "42P07"),
    ("CREATE TABLE t (a int); ALTER VIEW t RENAME TO u", "42809"),
    ("CREATE TABLE t (a int); ALTER TABLE IF EXISTS x RENAME TO u; ALTER INDEX IF EXISTS x RENAME TO u", ""),
    (
        "CREATE TABLE t (a serial PRIMARY KEY); ALTER TABLE t RENAME TO u; ALTER SEQUENCE t_a_seq RENAME TO q; CREATE TABLE t (a serial PRIMARY KEY)",
        "",
    ),
    // Inheritance and partitions.
    (
        "CREATE TABLE p (a int CHECK (a > 0), b text DEFAULT 'x'); CREATE TABLE c (z int) INHERITS (p); ALTER TABLE p ADD COLUMN y int; ALTER TABLE p DROP COLUMN b; ALTER TABLE p RENAME a TO aa",
        "",
    ),
    ("CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE c DROP COLUMN a", "42P16"),
    ("CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); DROP TABLE p", "2BP01"),
    ("CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE p INHERIT c", "42P07"),
    ("CREATE TABLE p (a int); ALTER TABLE p INHERIT p", "42P07"),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); CREATE TABLE g () INHERITS (c); ALTER TABLE p INHERIT g",
        "42P07",
    ),
    ("CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE c INHERIT p", "42P07"),
    (
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE c PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a); ALTER TABLE c ATTACH PARTITION p FOR VALUES IN (1)",
        "42P07",
    ),
    ("CREATE TABLE p (a int) PARTITION BY LIST (a); ALTER TABLE p ATTACH PARTITION p FOR VALUES IN (1)", "42P07"),
    ("CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); DROP TABLE p CASCADE", ""),
    (
        "CREATE TABLE p (a int, b int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5); CREATE INDEX ON p (b); ALTER TABLE p ADD COLUMN c int; DROP TABLE p",
        "",
    ),
    (
        "CREATE TABLE p (a int PRIMARY KEY, b int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5); CREATE INDEX i ON p (b)",
        "",
    ),
    (
        "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE p1 (a int); ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (5); ALTER TABLE p DETACH PARTITION p1; DROP TABLE p",
        "",
    ),
    ("CREATE TABLE p (a int); CREATE TABLE c PARTITION OF p DEFAULT", "42P17"),
    (
        "CREATE TABLE p (a int); CREATE TABLE c (a int); ALTER TABLE c INHERIT p; ALTER TABLE c NO INHERIT p; DROP TABLE p",
        "",
    ),
    // Transactions.
    ("BEGIN; CREATE TABLE t (a int); ROLLBACK; CREATE TABLE t (b int)", ""),
    (
        "BEGIN; CREATE TABLE t (a int); SAVEPOINT s; CREATE TABLE u (a int); ROLLBACK TO s; CREATE TABLE w (a int); COMMIT",
        "",
    ),
    ("BEGIN; SAVEPOINT s; CREATE TABLE t (a int); RELEASE s; ROLLBACK TO s", "3B001"),
    ("BEGIN; CREATE TABLE t (a int); CREATE TABLE t (a int)", "42P07"),
    ("SAVEPOINT s", "25P01"),
    // Comments and privileges.
    ("CREATE TABLE t (a int); COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.a IS 'y'; COMMENT ON TABLE t IS NULL", ""),
    ("COMMENT ON TABLE t IS 'x'", "42P01"),
    ("CREATE TABLE t (a int); COMMENT ON VIEW t IS 'x'", "42809"),
    ("CREATE TABLE t (a int); COMMENT ON COLUMN t.b IS 'x'", "42703"),
    (
        "CREATE FUNCTION f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION f(int, text) IS 'x'; COMMENT ON FUNCTION f(int) IS 'x'",
        "42883",
    ),
    (
        "CREATE TABLE t (a int CONSTRAINT k CHECK (a > 0)); COMMENT ON CONSTRAINT k ON t IS 'x'; CREATE SCHEMA s1; COMMENT ON SCHEMA s1 IS 'z'; CREATE INDEX i ON t (a); COMMENT ON INDEX i IS 'i'",
        "",
    ),
    ("GRANT SELECT ON t TO postgres", "42P01"),
    (
        "CREATE TABLE t (a int); GRANT SELECT, INSERT ON t TO postgres; REVOKE ALL ON t FROM postgres; ALTER TABLE t OWNER TO postgres",
        "",
    ),
    // Rows.
    ("INSERT INTO t VALUES (1)", "42P01"),
    ("CREATE TABLE t (a int); INSERT INTO t (b) VALUES (1)", "42703"),
    ("CREATE TABLE t (a int); UPDATE t SET b = 1", "42703"),
    ("CREATE TABLE t (a int); DELETE FROM t USING u", "42P01"),
    ("CREATE TABLE t (a int); INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING", "42P10"),
    (
        "CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1; INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT t_b_key DO NOTHING",
        "42704",
    ),
    ("SELECT * FROM t", "42P01"),
    (
        "CREATE TABLE t (a int); WITH c AS (SELECT a FROM t) INSERT INTO t SELECT a FROM c; MERGE INTO t USING (SELECT 1 AS a) AS s ON s.a = t.a WHEN MATCHED THEN DELETE",
        "",
    ),
    // Constraints that parents and children both declare.
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (a int CONSTRAINT k CHECK (a > 0)) INHERITS (p); ALTER TABLE c DROP CONSTRAINT k",
        "42P16",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (CONSTRAINT k CHECK (a > 1)) INHERITS (p)",
        "42710",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (CONSTRAINT k UNIQUE (a)) INHERITS (p)",
        "42710",
    ),
    ("CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0), CONSTRAINT k CHECK (a > 0))", "42710"),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE q (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c () INHERITS (p, q); ALTER TABLE c NO INHERIT p; ALTER TABLE c DROP CONSTRAINT k",
        "42P16",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE q (a int, CONSTRAINT k CHECK (a > 1)); CREATE TABLE c () INHERITS (p, q)",
        "42710",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p (CONSTRAINT k CHECK (a > 0), CONSTRAINT l CHECK (a < 9)) FOR VALUES FROM (1) TO (9); ALTER TABLE c DROP CONSTRAINT l; ALTER TABLE p DROP CONSTRAINT k",
        "",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p FOR VALUES FROM (1) TO (9); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0)",
        "42710",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE p DROP CONSTRAINT k",
        "",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 1)",
        "42710",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0)",
        "42710",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 1); ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0)",
        "42710",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0)",
        "42P17",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0) NO INHERIT; ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0)",
        "42P17",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c () INHERITS (p); ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0) NO INHERIT",
        "42P17",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c () INHERITS (p); ALTER TABLE c NO INHERIT p; ALTER TABLE c DROP CONSTRAINT k",
        "",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c () INHERITS (p); ALTER TABLE c DROP CONSTRAINT k",
        "42P16",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (a int, CONSTRAINT k CHECK (a > 0)); ALTER TABLE c INHERIT p; ALTER TABLE p DROP CONSTRAINT k; ALTER TABLE c DROP CONSTRAINT k",
        "",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c () INHERITS (p); ALTER TABLE ONLY p DROP CONSTRAINT k; ALTER TABLE c DROP CONSTRAINT k",
        "",
    ),
    (
        "CREATE TABLE p (a int, b int CONSTRAINT k CHECK (b > 3) NO INHERIT); CREATE TABLE c () INHERITS (p); ALTER TABLE p ADD CONSTRAINT l CHECK (a > 3) NO INHERIT; INSERT INTO c VALUES (3, 3)",
        "",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 3) NO INHERIT); CREATE TABLE c (a int, CONSTRAINT k CHECK (a > 3)); ALTER TABLE c INHERIT p; ALTER TABLE p DROP CONSTRAINT k; ALTER TABLE c DROP CONSTRAINT k",
        "",
    ),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 3) NO INHERIT); CREATE TABLE q (LIKE p INCLUDING ALL); CREATE TABLE c () INHERITS (q); INSERT INTO c VALUES (1)",
        "",
    ),
    // The columns and constraints of LIKE beside those of parents, and in their place.
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (LIKE p INCLUDING CONSTRAINTS) INHERITS (p)",
        "",
    ),
    (
        "CREATE TABLE p (a int NOT NULL DEFAULT 1, b text); CREATE TABLE c (x int, LIKE p INCLUDING DEFAULTS, y int) INHERITS (p)",
        "",
    ),
    ("CREATE TABLE p (a int); CREATE TABLE c (a int, LIKE p) INHERITS (p)", "42701"),
    ("CREATE TABLE p (a int); CREATE TABLE c (LIKE p, a int)", "42701"),
    ("CREATE TABLE p (a int); CREATE TABLE c (LIKE p, LIKE p)", "42701"),
    (
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (LIKE p INCLUDING CONSTRAINTS, CONSTRAINT k CHECK (a > 0))",
        "42710",
    ),
    (
        "CREATE TABLE p (x text, CONSTRAINT k CHECK (x = 'text')); CREATE TABLE q (y int); CREATE TABLE c (a text, LIKE p INCLUDING CONSTRAINTS, b text, LIKE q); INSERT INTO c VALUES ('x', 'text', 'y', 1)",
        "",
    ),
    // What ALTER TABLE does first.
    (
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); ALTER TABLE t ALTER a DROP IDENTITY, ALTER a DROP NOT NULL, ALTER a TYPE bigint",
        "",
    ),
    (
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); ALTER TABLE t ALTER a DROP NOT NULL, ALTER a DROP IDENTITY",
        "42601",
    ),
    ("CREATE TABLE t (a int); ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY, ALTER a SET NOT NULL", ""),
    (
        "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED); ALTER TABLE t ALTER b SET DEFAULT 3, ALTER b DROP EXPRESSION",
        "",
    ),
    // Partitions are emptied with their table.
    (
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int REFERENCES t) PARTITION BY RANGE (a); CREATE TABLE v PARTITION OF u FOR VALUES FROM (0) TO (9); TRUNCATE t, u",
        "",
    ),
    (
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int) PARTITION BY RANGE (a); CREATE TABLE v PARTITION OF u FOR VALUES FROM (0) TO (9); ALTER TABLE u ADD FOREIGN KEY (a) REFERENCES t; TRUNCATE t, v",
        "0A000",
    ),
    // Names as PostgreSQL's own relations have them.
    ("DROP VIEW IF EXISTS pg_catalog.nosuch; DROP TABLE IF EXISTS pg_nosuch; DROP VIEW pg_nosuch", "42P01"),
    ("DROP VIEW pg_catalog.nosuch", "42P01"),
    ("DROP TABLE pg_class", "42501"),
    ("DROP VIEW IF EXISTS pg_class", "42809"),
    ("DROP TABLE pg_views", "42809"),
    ("CREATE VIEW pg_mine AS SELECT 1 AS a; ALTER VIEW pg_mine RENAME TO pg_yours; DROP VIEW pg_yours", ""),
    // ALTER INDEX renames other relations, too.
    (
        "CREATE TABLE t (a int); ALTER INDEX t RENAME TO u; CREATE VIEW v AS SELECT a FROM u; ALTER INDEX v RENAME TO w; CREATE SEQUENCE s; ALTER INDEX s RENAME TO t",
        "",
    ),
    ("CREATE TYPE t AS (a int); ALTER INDEX t RENAME TO u", "42809"),
    // A superuser may give PostgreSQL's own schema more.
    (
        "CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA pg_catalog; SELECT a FROM pg_catalog.t; DROP TABLE pg_catalog.t",
        "",
    ),
    ("CREATE VIEW t AS SELECT 1 AS a; ALTER VIEW t SET SCHEMA pg_catalog; DROP VIEW pg_catalog.t", ""),
    ("CREATE TYPE t AS (a int); ALTER TYPE t SET SCHEMA pg_catalog; DROP TYPE pg_catalog.t", ""),
    ("CREATE SEQUENCE t; ALTER SEQUENCE t SET SCHEMA pg_catalog; DROP SEQUENCE pg_catalog.t", ""),
    (
        "CREATE FUNCTION t(a int) RETURNS int LANGUAGE sql AS 'SELECT a'; ALTER FUNCTION t(int) SET SCHEMA pg_catalog; DROP FUNCTION pg_catalog.t(int)",
        "",
    ),
    // Foreign tables go with their server, servers with their wrapper.
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE t (a int) SERVER v; DROP SERVER v CASCADE; CREATE TABLE t (a int); CREATE SERVER v FOREIGN DATA WRAPPER w; DROP FOREIGN DATA WRAPPER w CASCADE",
        "",
    ),
    (
        "BEGIN; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; DROP FOREIGN DATA WRAPPER w CASCADE; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; ROLLBACK",
        "",
    ),
    (
        "BEGIN; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE t (a int) SERVER v; DROP SERVER v",
        "2BP01",
    ),
    (
        "BEGIN; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; DROP FOREIGN DATA WRAPPER w",
        "2BP01",
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; CREATE TABLE p (a int, b text) PARTITION BY LIST (a); CREATE FOREIGN TABLE t (a int, b text) SERVER v; ALTER TABLE p ATTACH PARTITION t FOR VALUES IN (1); DROP FOREIGN DATA WRAPPER w CASCADE",
        "",
    ),
    (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER v FOREIGN DATA WRAPPER w; CREATE TABLE p (a int, b text); CREATE FOREIGN TABLE t (a int, b text) SERVER v; ALTER FOREIGN TABLE t INHERIT p; DROP FOREIGN DATA WRAPPER w CASCADE",
        "",
    ),
    // A partitioned table goes with its key.
    (
        "CREATE DOMAIN e AS int; CREATE TABLE t (a e, b text) PARTITION BY RANGE (a); CREATE VIEW v AS SELECT b FROM t; DROP DOMAIN e CASCADE; CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "",
    ),
    ("CREATE DOMAIN e AS int; CREATE TABLE t (a e, b text); DROP DOMAIN e CASCADE; ALTER TABLE t ADD COLUMN a int", ""),
    // What roles own may be gone.
    (
        "BEGIN; CREATE TABLE t (a int); CREATE ROLE r1; CREATE ROLE r2; CREATE POLICY p ON t TO r1, r2 USING (true); GRANT SELECT ON t TO r1; DROP OWNED BY r1, r2; CREATE POLICY p ON t TO r1 USING (true); DROP OWNED BY r1; CREATE POLICY p ON t TO r2 USING (true); ROLLBACK",
        "",
    ),
    (
        "BEGIN; CREATE ROLE r1; CREATE TABLE t (a int); ALTER TABLE t OWNER TO r1; CREATE VIEW v AS SELECT a FROM t; DROP OWNED BY r1 CASCADE; CREATE TABLE t (b int); CREATE VIEW v AS SELECT b FROM t; ROLLBACK",
        "",
    ),
    // Types that are announced, and tables that become views.
    (
        "CREATE FUNCTION f(cstring) RETURNS shell AS 'int8in' LANGUAGE internal IMMUTABLE STRICT; CREATE FUNCTION g(shell) RETURNS cstring AS 'int8out' LANGUAGE internal IMMUTABLE STRICT; DROP TYPE shell CASCADE",
        "",
    ),
    ("CREATE FUNCTION f(int) RETURNS shell LANGUAGE sql AS 'SELECT 1'", "42704"),
    ("CREATE FUNCTION f(int) RETURNS s9.shell LANGUAGE internal AS 'int8in'", "3F000"),
    (
        "CREATE TABLE t (a int, b text); CREATE RULE \"_RETURN\" AS ON SELECT TO t DO INSTEAD SELECT 1 AS a, 'a'::text AS b; DROP VIEW t; CREATE TABLE t (a int)",
        "",
    ),
    (
        "CREATE TABLE u (a int); CREATE TABLE t (a int); CREATE RULE \"_RETURN\" AS ON SELECT TO t DO INSTEAD SELECT a FROM u; DROP TABLE u",
        "2BP01",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); CREATE TABLE g () INHERITS (c); ALTER TABLE p ADD COLUMN b int CHECK (b > 0)",
        "",
    ),
    (
        "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p); CREATE TABLE g () INHERITS (c, d); ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE p DROP CONSTRAINT k; ALTER TABLE g ADD CONSTRAINT k CHECK (a > 1)",
        "",
    ),
];

/// Statements in which marks stand for names of a small pool.
pub(crate) const PATTERNS: &[&str] = &[
    "CREATE TABLE $r ($c $t, $c $t)",
    "CREATE TABLE $r ($c int PRIMARY KEY, $c text UNIQUE, b2 int CHECK (b2 > 0))",
    "CREATE TABLE IF NOT EXISTS $r ($c serial, d int DEFAULT 1)",
    "CREATE TABLE $r ($c int REFERENCES $r, e int GENERATED BY DEFAULT AS IDENTITY)",
    "CREATE TABLE $r ($c int REFERENCES $r ON DELETE CASCADE, a2 int)",
    "CREATE TABLE $r (LIKE $r INCLUDING ALL)",
    "CREATE TABLE $r (z int) INHERITS ($r)",
    "CREATE TABLE $r AS SELECT * FROM $r",
    "CREATE TABLE $r (a int, b int, PRIMARY KEY (b, a), CONSTRAINT $n UNIQUE (a))",
    "CREATE TABLE $r (a $y, b int)",
    "CREATE TABLE $r (a int, b text) PARTITION BY LIST (a)",
    "CREATE TABLE $r PARTITION OF $r FOR VALUES IN (1)",
    "CREATE VIEW $r AS SELECT * FROM $r",
    "CREATE VIEW $r AS SELECT $c FROM $r",
    "CREATE VIEW $r AS SELECT x.$c FROM $r AS x JOIN $r AS y ON x.$c = y.$c",
    "CREATE OR REPLACE VIEW $r AS SELECT $c FROM $r",
    "CREATE OR REPLACE VIEW $r AS SELECT a, b FROM $r",
    "CREATE MATERIALIZED VIEW $r AS SELECT $c, count(*) AS n FROM $r GROUP BY 1",
    "CREATE INDEX $n ON $r ($c)",
    "CREATE INDEX ON $r ($c)",
    "CREATE UNIQUE INDEX IF NOT EXISTS $n ON $r ($c, $c)",
    "CREATE SEQUENCE $r",
    "CREATE TYPE $y AS ENUM ('a', 'b')",
    "CREATE TYPE $y AS (a int, b text)",
    "CREATE DOMAIN $y AS int CHECK (VALUE > 0)",
    "CREATE FUNCTION $f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION $f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE OR REPLACE FUNCTION $f(x text) RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "CREATE TRIGGER $n BEFORE INSERT ON $r FOR EACH ROW EXECUTE FUNCTION $f()",
    "CREATE VIEW $r AS SELECT $f(1) AS a, 2 AS b",
    "CREATE POLICY $n ON $r USING ($c IS NOT NULL)",
    "ALTER TABLE $r ADD COLUMN $c $t",
    "ALTER TABLE $r ADD COLUMN IF NOT EXISTS $c $t NOT NULL",
    "ALTER TABLE $r DROP COLUMN $c",
    "ALTER TABLE $r DROP COLUMN IF EXISTS $c CASCADE",
    "ALTER TABLE $r ALTER COLUMN $c TYPE $t",
    "ALTER TABLE $r ALTER COLUMN $c SET NOT NULL",
    "ALTER TABLE $r ALTER COLUMN $c DROP NOT NULL",
    "ALTER TABLE $r ALTER COLUMN $c DROP DEFAULT",
    "ALTER TABLE $r ADD CONSTRAINT $n CHECK ($c IS NOT NULL)",
    "ALTER TABLE $r ADD UNIQUE ($c)",
    "ALTER TABLE $r ADD PRIMARY KEY ($c)",
    "ALTER TABLE $r ADD FOREIGN KEY ($c) REFERENCES $r ($c)",
    "ALTER TABLE $r DROP CONSTRAINT $n",
    "ALTER TABLE $r DROP CONSTRAINT IF EXISTS $n CASCADE",
    "ALTER TABLE $r RENAME TO t9",
    "ALTER TABLE t9 RENAME TO $u",
    "ALTER TABLE $r RENAME COLUMN $c TO $c",
    "ALTER VIEW $r RENAME TO v9",
    "ALTER INDEX $n RENAME TO $n",
    "ALTER TABLE $r SET SCHEMA s1",
    "ALTER TABLE s1.t SET SCHEMA public",
    "ALTER TYPE $y RENAME TO $y",
    "ALTER TYPE $y ADD VALUE IF NOT EXISTS 'c'",
    "ALTER FUNCTION $f(int) RENAME TO $f",
    "DROP TABLE $r",
    "DROP TABLE IF EXISTS $r",
    "DROP TABLE $r, $r",
    "DROP TABLE IF EXISTS $r CASCADE",
    "DROP VIEW $r",
    "DROP VIEW IF EXISTS $r CASCADE",
    "DROP MATERIALIZED VIEW IF EXISTS $r",
    "DROP INDEX $n",
    "DROP INDEX IF EXISTS $n CASCADE",
    "DROP SEQUENCE $r",
    "DROP TYPE $y",
    "DROP TYPE IF EXISTS $y CASCADE",
    "DROP FUNCTION $f",
    "DROP FUNCTION IF EXISTS $f(int) CASCADE",
    "DROP TRIGGER IF EXISTS $n ON $r",
    "DROP POLICY $n ON $r",
    "COMMENT ON TABLE $r IS 'c'",
    "COMMENT ON COLUMN $r.$c IS 'd'",
    "TRUNCATE $r",
    "EXPLAIN INSERT INTO $r ($c) VALUES (NULL) ON CONFLICT ($c) DO NOTHING",
    "SET search_path = public, s1",
    "SET search_path = s1, public",
    "RESET search_path",
];

/// What the marks stand for.
pub(crate) const CHOICES: &[(&str, &[&str])] = &[
    ("$r", &["t", "t", "t", "u", "u", "v", "w", "s1.t", "s1.v"]),
    ("$u", &["t", "u", "v"]),
    ("$c", &["a", "a", "b", "b", "c"]),
    ("$t", &["int", "int", "text", "text", "bigint", "varchar(9)", "e", "int[]"]),
    ("$y", &["e", "e", "f", "t"]),
    ("$n", &["i", "j", "t_a_key", "t_pkey", "u_b_idx"]),
    ("$f", &["f", "g"]),
];

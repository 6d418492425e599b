//! Guards that hold and guards that only look so: the rule says which, and PostgreSQL shows it
//! on a database in which nobody has approved anything.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use roof_lint::cluster::Cluster;

const BASELINE: &str = "\
CREATE TABLE approval (id int PRIMARY KEY);
CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE log (line text);
INSERT INTO account VALUES (1, 'first');
CREATE FUNCTION approve() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM log;
    INSERT INTO approval VALUES (1);
END $$;
CREATE FUNCTION withdraw() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM approval; END $$;
CREATE FUNCTION looks() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM account; RETURN 1; END $$;
CREATE FUNCTION looks_for_approval() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM FROM approval; RETURN 1; END $$;
CREATE FUNCTION demand() RETURNS void LANGUAGE plpgsql AS $$
DECLARE n int;
BEGIN
    SELECT count(*) INTO n FROM approval;
    IF n < 1 THEN RAISE EXCEPTION 'nobody has approved this'; END IF;
END $$;
CREATE FUNCTION holds() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM demand(); RETURN true; END $$;
CREATE FUNCTION holds_for(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM demand(); RETURN n; END $$;
CREATE FUNCTION strictly(n int DEFAULT NULL) RETURNS void LANGUAGE plpgsql STRICT AS $$ BEGIN PERFORM demand(); END $$;
CREATE FUNCTION ignores(what bool) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION lazy() RETURNS bool LANGUAGE sql AS 'SELECT true UNION ALL SELECT holds()';
CREATE FUNCTION demand_if(a bool, b bool) RETURNS void LANGUAGE plpgsql AS $$
BEGIN IF a THEN PERFORM demand(); END IF; END $$;
CREATE PROCEDURE five(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN n := 5; END $$;
CREATE TABLE watched (id int);
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM approval; RETURN NULL; END $$;
CREATE TRIGGER forgets AFTER INSERT ON watched FOR EACH STATEMENT EXECUTE FUNCTION forget();
CREATE VIEW shown AS SELECT id FROM account;
CREATE RULE also AS ON INSERT TO log DO ALSO DELETE FROM approval;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE entry (amount int, note text, parts int[], word text COLLATE loose);
";

const APPROVED: &str = "(SELECT count(*) FROM approval) >= 1";

/// No entry is negative, and the entries of databases where some are.
const IN_CREDIT: &str = "(SELECT count(*) FROM entry WHERE amount < 0) = 0";
const OVERDRAWN: &[&str] = &[
    "(-1, '', '{}', 'Bad')",
    "(-1, NULL, NULL, NULL)",
    "(5, 'a', '{1}', 'a'), (-1, '', '{}', 'BAD')",
    "(NULL, 'b', '{1,2}', 'b'), (-1, 'c', '{1,2}', 'bad'), (-2, 'd', '{3,4}', 'bad')",
];

/// Whether a guard keeps the rest from running where there is no approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Always,
    Never,
    /// It does here; a setting, or an error of another kind, may make it fail.
    Mostly,
}
use Holds::{Always, Mostly, Never};

/// What stands between DECLARE and the end of the block.
const GUARDS: &[(&str, Holds)] = &[
    ("BEGIN IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    ("BEGIN PERFORM demand(); END", Always),
    ("BEGIN ASSERT (SELECT count(*) FROM approval) > 0, 'no'; END", Mostly),
    ("BEGIN PERFORM FROM approval; IF NOT FOUND THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    ("n int; BEGIN n := (SELECT count(*) FROM approval); IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    (
        "ok bool; BEGIN SELECT count(*) >= 1 INTO ok FROM approval; IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "ok bool; BEGIN SELECT count(*) >= 0 INTO ok FROM approval; IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "ok bool; BEGIN SELECT count(*) > 0 OR max(id) IS NULL INTO ok FROM approval; \
         IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // A variable that was forgotten, and is given a value again.
    (
        "n int; BEGIN n := (SELECT count(*) FROM account); PERFORM looks(); n := (SELECT count(*) FROM approval); \
         IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    // A variable keeps what it was told, whatever becomes of the table.
    (
        "n int; BEGIN PERFORM approve(); n := (SELECT count(*) FROM approval); PERFORM withdraw(); \
         IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int := 5; BEGIN n := 0; IF n > 0 AND NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // What is true of a loop's first rounds need not be of the third.
    (
        "a int := 1; b int := 1; c int := 1; BEGIN FOR i IN 1..5 LOOP a := b; b := c; c := 0; END LOOP; \
         IF a = 1 AND NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "a int := 1; b int := 1; c int := 1; d int := 1; e int := 1; BEGIN \
         WHILE e < 9 LOOP a := b; b := c; c := d; d := 0; e := e + 1; END LOOP; \
         IF a = 1 AND NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "BEGIN FOR i IN 1..3 LOOP IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END LOOP; END",
        Always,
    ),
    (
        "BEGIN FOR i IN 1..0 LOOP IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END LOOP; END",
        Never,
    ),
    // FOUND is the block's own; a function has another.
    (
        "x int; BEGIN PERFORM FROM account; x := looks_for_approval(); IF NOT FOUND THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    ("x int; BEGIN PERFORM FROM approval; x := looks(); IF NOT FOUND THEN RAISE EXCEPTION 'no'; END IF; END", Mostly),
    ("BEGIN PERFORM FROM approval; PERFORM FROM account; IF NOT FOUND THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    // What is wrong is gathered first and told of afterwards.
    (
        "ok bool := true; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN RAISE WARNING 'no'; ok := false; END IF; \
         IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "ok bool := true; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN ok := false; END IF; \
         IF EXISTS (SELECT FROM account) THEN ok := true; END IF; IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "ok bool; BEGIN IF EXISTS (SELECT FROM approval) THEN ok := true; END IF; \
         IF NOT ok THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "ok bool; BEGIN IF EXISTS (SELECT FROM approval) THEN ok := true; END IF; \
         IF ok IS NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "n int := 0; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN n := n + 1; END IF; \
         IF NOT EXISTS (SELECT FROM account) THEN n := n + 1; END IF; IF n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "n int := 0; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN n := n + 1; END IF; \
         IF NOT EXISTS (SELECT FROM account) THEN n := n + 1; END IF; IF n > 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int := 0; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN n := n + 1; END IF; \
         IF EXISTS (SELECT FROM account) THEN n := n - 1; END IF; IF n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "bad text[] := '{}'; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN bad := array_append(bad, 'no'); END IF; \
         IF NOT EXISTS (SELECT FROM account) THEN bad := bad || format('%s', 'no account'); END IF; \
         IF cardinality(bad) > 0 THEN RAISE EXCEPTION 'no: %', array_to_string(bad, ', '); END IF; END",
        Always,
    ),
    (
        "bad text[] := '{}'; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN bad := array_append(bad, 'no'); END IF; \
         IF array_length(bad, 1) > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "bad text[] := '{}'; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN bad := array_append(bad, 'no'); END IF; \
         IF array_length(bad, 1) > 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "bad text[] := '{}'; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN bad := bad || 'no'::text; END IF; \
         IF bad <> '{}' THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "bad text[]; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN bad := array_append(bad, 'no'); END IF; \
         IF bad IS NOT NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    // What is NULL has no elements to count.
    (
        "bad text[]; BEGIN IF EXISTS (SELECT FROM approval) THEN bad := '{}'; END IF; \
         IF cardinality(bad) IS DISTINCT FROM 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "bad text[]; BEGIN IF EXISTS (SELECT FROM approval) THEN bad := '{}'; END IF; \
         IF cardinality(bad) <> 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "what text := ''; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN what := what || 'no approval; '; END IF; \
         IF NOT EXISTS (SELECT FROM account) THEN what := what || 'no account; '; END IF; \
         IF what <> '' THEN RAISE EXCEPTION '%', what; END IF; END",
        Always,
    ),
    (
        "what text; BEGIN IF NOT EXISTS (SELECT FROM approval) THEN what := what || 'no approval; '; END IF; \
         IF what IS NOT NULL THEN RAISE EXCEPTION '%', what; END IF; END",
        Never,
    ),
    (
        "what text := 'fine'; BEGIN CASE WHEN EXISTS (SELECT FROM approval) THEN NULL; ELSE what := 'none'; END CASE; \
         IF what = 'none' THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "what text; BEGIN IF EXISTS (SELECT FROM approval) THEN what := 'yes'; ELSIF EXISTS (SELECT FROM account) THEN \
         what := 'no'; ELSE what := 'never'; END IF; IF what IN ('no', 'never') THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "what text; BEGIN IF EXISTS (SELECT FROM approval) THEN what := 'yes'; ELSIF EXISTS (SELECT FROM account) THEN \
         what := 'no'; ELSE what := 'never'; END IF; IF what = 'never' THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // A loop that raises for each row goes on only where there is none.
    (
        "r record; BEGIN FOR r IN SELECT 1 WHERE NOT EXISTS (SELECT FROM approval) LOOP RAISE EXCEPTION 'no'; END LOOP; END",
        Always,
    ),
    ("r record; BEGIN FOR r IN SELECT FROM approval LOOP RAISE EXCEPTION 'no'; END LOOP; END", Never),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM approval; IF r.n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "r record; BEGIN SELECT count(*), max(id) AS last INTO r FROM approval; IF r.count = 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    ("r record; BEGIN SELECT id INTO r FROM approval; IF r.id IS NULL THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    (
        "r record; BEGIN SELECT EXISTS (SELECT FROM approval) AS is_there INTO STRICT r; IF NOT r.is_there THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM approval; SELECT 1 AS n INTO r; IF r.n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM approval; r.n := 5; IF r.n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM account; IF r.n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT 1 AS n, count(*) AS n INTO r FROM approval; IF r.n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM approval; IF r IS NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT name AS id INTO r FROM account WHERE id NOT IN (SELECT id FROM approval); IF r.id IS NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN FOR r IN SELECT 1 WHERE NOT EXISTS (SELECT FROM approval) LOOP \
         IF r IS NULL THEN RAISE EXCEPTION 'no'; END IF; END LOOP; END",
        Never,
    ),
    (
        "r record; BEGIN FOR r IN SELECT 1 WHERE NOT EXISTS (SELECT FROM approval) LOOP EXIT; \
         RAISE EXCEPTION 'no'; END LOOP; END",
        Never,
    ),
    // Nobody divides by zero.
    ("BEGIN PERFORM 1 / (SELECT count(*) FROM approval); END", Always),
    ("BEGIN PERFORM 1 / count(*) FROM approval; END", Always),
    ("n int; BEGIN n := 1 / (SELECT count(*) FROM approval); END", Always),
    ("BEGIN PERFORM 1 / (SELECT count(*) - 1 FROM approval); END", Never),
    ("BEGIN PERFORM 1 / nullif((SELECT count(*) FROM approval), 0); END", Never),
    ("BEGIN PERFORM 1 / count(*) FROM approval GROUP BY id; END", Never),
    ("BEGIN PERFORM 1 / (SELECT sum(id) FROM approval); END", Never),
    ("BEGIN PERFORM coalesce(1, 1 / (SELECT count(*) FROM approval)); END", Never),
    ("BEGIN PERFORM CASE WHEN false THEN 1 / (SELECT count(*) FROM approval) END; END", Never),
    ("BEGIN PERFORM FROM account WHERE id = 1 / (SELECT count(*) FROM approval); END", Mostly),
    ("BEGIN SET LOCAL plpgsql.check_asserts = on; ASSERT EXISTS (SELECT FROM approval); END", Always),
    ("BEGIN SET LOCAL plpgsql.check_asserts = off; ASSERT EXISTS (SELECT FROM approval); END", Never),
    // What triggers and rules of the house do comes after the check.
    (
        "BEGIN PERFORM approve(); IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; \
         INSERT INTO watched VALUES (1); END",
        Never,
    ),
    (
        "BEGIN PERFORM approve(); IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; \
         INSERT INTO log VALUES ('x'); END",
        Never,
    ),
    ("BEGIN IF NOT EXISTS (SELECT FROM approval) THEN RAISE WARNING 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT count(id) FROM approval) = NULL THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT max(id) FROM approval) < 1 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT sum(1) FROM approval) < 1 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF coalesce((SELECT sum(1) FROM approval), 0) < 1 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    (
        "BEGIN BEGIN IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; \
         EXCEPTION WHEN OTHERS THEN NULL; END; END",
        Never,
    ),
    (
        "BEGIN BEGIN IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; \
         EXCEPTION WHEN division_by_zero THEN NULL; END; END",
        Mostly,
    ),
    ("BEGIN RETURN; IF NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF EXISTS (SELECT FROM account) THEN RETURN; END IF; PERFORM demand(); END", Never),
    ("BEGIN EXECUTE 'SELECT demand()'; END", Always),
    ("BEGIN EXECUTE format('SELECT %I()', 'looks'); END", Never),
    ("BEGIN CASE WHEN EXISTS (SELECT FROM approval) THEN NULL; ELSE RAISE EXCEPTION 'no'; END CASE; END", Always),
    ("BEGIN CASE WHEN EXISTS (SELECT FROM approval) THEN NULL; END CASE; END", Always),
    // An aggregate yields a row, whatever the table holds.
    (
        "n int; m int; BEGIN SELECT count(*), 5 INTO n, m FROM approval; IF m IS NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int; m int; BEGIN SELECT count(*), 5 INTO n, m FROM approval; IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "n int; m text; BEGIN SELECT max(id), current_user INTO n, m FROM approval; IF m IS NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int; BEGIN PERFORM count(*) FROM approval; GET DIAGNOSTICS n = ROW_COUNT; IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int; BEGIN PERFORM FROM approval; GET DIAGNOSTICS n = ROW_COUNT; IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    // A call that PostgreSQL has no need of is not made.
    ("BEGIN PERFORM holds(); END", Always),
    ("BEGIN PERFORM * FROM holds(); END", Always),
    ("BEGIN IF NOT holds() THEN NULL; END IF; END", Always),
    ("n int; BEGIN n := holds_for(1) + 1; END", Always),
    ("BEGIN IF holds() AND false THEN NULL; END IF; END", Never),
    ("BEGIN PERFORM holds() OR true; END", Never),
    ("BEGIN PERFORM holds() = NULL; END", Never),
    ("BEGIN PERFORM holds() HAVING false; END", Never),
    ("BEGIN PERFORM count(holds()) FILTER (WHERE false); END", Never),
    ("BEGIN PERFORM holds_for(unnest('{}'::int[])); END", Never),
    ("BEGIN PERFORM holds_for(generate_series(1, 0)); END", Never),
    ("BEGIN PERFORM * FROM holds() WHERE false; END", Never),
    ("BEGIN PERFORM FROM holds() LIMIT 0; END", Never),
    ("BEGIN PERFORM strictly(); END", Never),
    ("BEGIN PERFORM strictly(1); END", Always),
    ("BEGIN PERFORM ignores(holds()); END", Never),
    ("BEGIN PERFORM lazy(); END", Never),
    ("c refcursor; BEGIN OPEN c FOR SELECT holds(); CLOSE c; END", Never),
    // An array without elements.
    ("x text; BEGIN FOREACH x IN ARRAY '{ }'::text[] LOOP PERFORM demand(); END LOOP; END", Never),
    ("x text; BEGIN FOREACH x IN ARRAY '{ a, b }'::text[] LOOP PERFORM demand(); END LOOP; END", Always),
    ("x text; BEGIN FOREACH x IN ARRAY string_to_array('', ',') LOOP PERFORM demand(); END LOOP; END", Never),
    ("x text; BEGIN FOREACH x IN ARRAY ARRAY['{}'::text[]] LOOP PERFORM demand(); END LOOP; END", Never),
    ("a text[] := '{ }'; BEGIN FOR i IN 1..cardinality(a) LOOP PERFORM demand(); END LOOP; END", Never),
    ("BEGIN FOR i IN 2..5::boolean::int LOOP PERFORM demand(); END LOOP; END", Never),
    ("BEGIN FOR i IN 2..5::int LOOP PERFORM demand(); END LOOP; END", Always),
    ("r record; BEGIN FOR r IN SELECT unnest(ARRAY['a']) HAVING false LOOP PERFORM demand(); END LOOP; END", Never),
    // A variable that is given another value, but not by its name.
    (
        "n int; m ALIAS FOR n; BEGIN SELECT count(*) INTO n FROM approval; m := 5; IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int; m ALIAS FOR n; BEGIN SELECT count(*) INTO m FROM approval; IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "n int; BEGIN SELECT count(*) INTO n FROM approval; CALL five(n); IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int; BEGIN EXECUTE 'SELECT count(*) FROM approval; SELECT 5' INTO n; IF n < 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int := 0; BEGIN BEGIN n := 5; PERFORM 1 / (SELECT count(*) FROM approval); n := 0; \
         EXCEPTION WHEN division_by_zero THEN NULL; END; \
         IF n < 1 AND NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    ("BEGIN PERFORM demand_if(b => true, a => false); END", Never),
    ("BEGIN PERFORM demand_if(b => false, a => true); END", Always),
    ("BEGIN PERFORM demand_if(true, b => false); END", Always),
    (
        "t \"char\"; BEGIN t := 'no'; IF t::text = 'no' AND NOT EXISTS (SELECT FROM approval) THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
];

/// The same, each of which stops where an entry is negative.
const CREDIT_GUARDS: &[(&str, Holds)] = &[
    // The least is less where one is, and the greatest only where all are.
    ("BEGIN IF (SELECT min(amount) FROM entry) < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    ("BEGIN IF -1 >= (SELECT min(amount) FROM entry) THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    ("BEGIN IF (SELECT max(-amount) FROM entry) > 0 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    (
        "BEGIN IF NOT coalesce((SELECT min(amount) >= 0 FROM entry), true) THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "BEGIN IF (SELECT min(DISTINCT amount) FROM entry WHERE amount < 5) < 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    ("n int; BEGIN SELECT min(amount) INTO n FROM entry; IF n < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    (
        "BEGIN IF (SELECT max(CASE WHEN amount < 0 THEN 1 ELSE 0 END) FROM entry) = 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    ("BEGIN IF (SELECT min(amount) FROM entry) < -1 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT min(amount) FROM entry) = -1 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT max(amount) FROM entry) < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    (
        "BEGIN IF (SELECT min(amount) FILTER (WHERE amount > 0) FROM entry) < 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    ("BEGIN IF (SELECT min(abs(amount)) FROM entry) < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    (
        "BEGIN IF EXISTS (SELECT min(amount) FROM entry GROUP BY note HAVING max(amount) < 0 AND min(amount) < -1) \
         THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "BEGIN IF (SELECT max(CASE WHEN amount < 0 THEN 0 ELSE 1 END) FROM entry) = 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // A sum of ones is a count, where nothing takes away from it.
    (
        "BEGIN IF (SELECT coalesce(sum(CASE WHEN amount < 0 THEN 1 ELSE 0 END), 0) FROM entry) > 0 \
         THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    ("BEGIN IF (SELECT sum((amount < 0)::int) FROM entry) > 0 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    (
        "BEGIN IF (SELECT sum(2) FILTER (WHERE amount < 0) FROM entry) > 1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "BEGIN IF (SELECT sum(CASE WHEN amount < 0 THEN 1 WHEN amount > 9 THEN 2 END) FROM entry WHERE amount < 7) >= 1 \
         THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    ("BEGIN IF (SELECT sum((amount < 0)::int) FROM entry) > 1 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT sum(DISTINCT (amount < 0)::int) FROM entry) > 1 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("BEGIN IF (SELECT sum(amount) FROM entry) < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    (
        "BEGIN IF (SELECT sum(CASE WHEN amount < 0 THEN 1 ELSE -1 END) FROM entry) > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "BEGIN IF (SELECT sum(CASE WHEN amount < 0 THEN 0 ELSE 1 END) FROM entry) > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // Texts that have letters are no empty text together; others may be.
    (
        "bad text; BEGIN SELECT coalesce(string_agg(amount::text, ','), '') INTO bad FROM entry WHERE amount < 0; \
         IF bad <> '' THEN RAISE EXCEPTION '%', bad; END IF; END",
        Always,
    ),
    (
        "bad text; BEGIN SELECT string_agg('entry ' || amount::text, ',' ORDER BY amount) INTO bad FROM entry WHERE amount < 0; \
         IF bad <> '' THEN RAISE EXCEPTION '%', bad; END IF; END",
        Always,
    ),
    (
        "bad text; BEGIN SELECT coalesce(string_agg(note, ','), '') INTO bad FROM entry WHERE amount < 0; \
         IF bad <> '' THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    (
        "bad text; BEGIN SELECT coalesce(string_agg(amount::text, ','), '') INTO bad FROM entry WHERE amount < -1; \
         IF bad <> '' THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    // An array of rows has as many elements as there are rows, unless they are arrays themselves.
    (
        "bad int[]; BEGIN bad := ARRAY(SELECT amount FROM entry WHERE amount < 0); \
         IF cardinality(bad) > 0 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Always,
    ),
    (
        "BEGIN IF array_length(ARRAY(SELECT amount::text FROM entry WHERE amount < 0 ORDER BY 1), 1) > 0 \
         THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "bad int[]; BEGIN bad := ARRAY(SELECT amount FROM entry WHERE amount < 0); \
         IF bad <> '{}' THEN RAISE EXCEPTION '%', bad; END IF; END",
        Always,
    ),
    (
        "bad int[]; BEGIN SELECT array_agg(amount) INTO bad FROM entry WHERE amount < 0; \
         IF cardinality(bad) > 0 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Always,
    ),
    (
        "bad text[]; BEGIN SELECT coalesce(array_agg(note ORDER BY amount), '{}') INTO bad FROM entry WHERE amount < 0; \
         IF array_length(bad, 1) >= 1 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Always,
    ),
    (
        "bad int[]; BEGIN bad := ARRAY(SELECT amount FROM entry WHERE amount < 0); \
         IF cardinality(bad) > 1 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    (
        "bad int[]; BEGIN bad := ARRAY(SELECT amount FROM entry WHERE amount < 0 LIMIT 0); \
         IF cardinality(bad) > 0 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    (
        "bad int[]; BEGIN bad := ARRAY(SELECT parts FROM entry WHERE amount < 0 AND parts IS NOT NULL); \
         IF cardinality(bad) > 0 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    (
        "bad int[]; BEGIN SELECT array_agg(amount) FILTER (WHERE amount > 0) INTO bad FROM entry; \
         IF cardinality(bad) > 0 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    (
        "bad int[]; BEGIN SELECT array_agg(DISTINCT sign(amount)::int) INTO bad FROM entry WHERE amount < 0; \
         IF cardinality(bad) > 1 THEN RAISE EXCEPTION '%', bad; END IF; END",
        Never,
    ),
    // INTO takes the first row, whichever that is; STRICT and a key say that there is one at most.
    ("n int; BEGIN SELECT amount INTO n FROM entry; IF n < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    (
        "n int; BEGIN SELECT amount INTO n FROM entry; IF n >= 0 OR n IS NULL THEN NULL; ELSE RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "n int; BEGIN SELECT amount INTO n FROM entry WHERE amount < 0; IF n < 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "n int; BEGIN SELECT amount INTO n FROM entry WHERE amount < 0; IF n < -1 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    ("n int; BEGIN EXECUTE 'SELECT amount FROM entry' INTO n; IF n < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    ("n int; BEGIN SELECT amount INTO STRICT n FROM entry; IF n < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Always),
    // The fields of a record are the columns of the query, and those of the first row.
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM entry WHERE amount < 0; \
         IF r.n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "r record; BEGIN SELECT min(amount), max(amount) AS most INTO r FROM entry; \
         IF r.min < 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "r record; BEGIN SELECT min(amount), max(amount) AS most INTO r FROM entry; \
         IF r.most < 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    ("r record; BEGIN SELECT * INTO r FROM entry; IF r.amount < 0 THEN RAISE EXCEPTION 'no'; END IF; END", Never),
    (
        "r record; BEGIN SELECT * INTO r FROM entry WHERE amount < 0; IF FOUND THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n, 0 AS n INTO r FROM entry WHERE amount < 0; \
         IF r.n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "r record; BEGIN SELECT 0 AS n, count(*) AS n INTO r FROM entry WHERE amount < 0; \
         IF r.n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM entry WHERE amount < 0; SELECT 0 AS n INTO r; \
         IF r.n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "r record; BEGIN SELECT count(*) AS n INTO r FROM entry WHERE amount < 0; r.n := 0; \
         IF r.n > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "e entry%ROWTYPE; BEGIN SELECT * INTO e FROM entry WHERE amount < 0; \
         IF e.amount IS NOT NULL THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "e entry%ROWTYPE; BEGIN SELECT * INTO e FROM entry; \
         IF e.amount IS NOT NULL AND e.amount < 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // A row is on one side or on the other.
    (
        "BEGIN IF EXISTS (SELECT FROM entry WHERE note IS NULL) OR EXISTS (SELECT FROM entry WHERE amount < 0 AND note = '') \
         OR EXISTS (SELECT FROM entry WHERE amount < 0 AND note <> '') THEN RAISE EXCEPTION 'no'; END IF; END",
        Always,
    ),
    (
        "BEGIN IF EXISTS (SELECT FROM entry WHERE amount < 0 AND note = '') \
         OR EXISTS (SELECT FROM entry WHERE amount < 0 AND note <> '') THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    (
        "BEGIN IF EXISTS (SELECT FROM entry WHERE amount < -1 AND note <> 'd') \
         OR EXISTS (SELECT FROM entry WHERE amount < -1 AND note = 'd') THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // Into a row values go by their places.
    (
        "e account%ROWTYPE; BEGIN SELECT 0 AS amount, count(*) AS id INTO e FROM entry WHERE amount < 0; \
         IF e.id > 0 THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
    // Texts that a collation takes for equal are more than one.
    (
        "BEGIN IF EXISTS (SELECT FROM entry WHERE amount < 0 AND (word = 'bad') IS NOT TRUE) \
         OR EXISTS (SELECT FROM entry WHERE amount < 0 AND word = 'bad' AND word = 'BAD' AND word = 'c') \
         THEN RAISE EXCEPTION 'no'; END IF; END",
        Never,
    ),
];

fn script(guard: &str) -> String {
    let declare = if guard.starts_with("BEGIN") { "" } else { "DECLARE " };
    format!(
        "BEGIN;\nDO $guard$\n{declare}{guard}\n$guard$;\nINSERT INTO account VALUES (7, 'x') ON CONFLICT (id) DO NOTHING;\nCOMMIT;\n"
    )
}

/// The rules that say that nothing stands before the change, or what only looks so.
fn objections(guard: &str, gate: &str) -> Vec<&'static str> {
    let script = script(guard);
    let change = script.find("INSERT INTO account").unwrap_or_default();
    // What the guard itself changes is no matter here.
    let objects =
        |rule: &str, start: usize| rule == "guard-fails-open" || (rule == "unguarded-change" && start >= change);
    findings(&script, gate).into_iter().filter(|(rule, start)| objects(rule, *start)).map(|(rule, _)| rule).collect()
}

fn rules(script: &str) -> Vec<&'static str> {
    findings(script, APPROVED).into_iter().map(|(rule, _)| rule).collect()
}

/// What the rules find in a script, and where.
fn findings(script: &str, gate: &str) -> Vec<(&'static str, usize)> {
    let toml = format!(
        "baseline = [\"baseline.sql\"]\n[[package.gate]]\nwhat = \"an approval\"\nholds = \"{gate}\"\n{}",
        packages::tier(1, "tier.sql", None)
    );
    let findings = packages::findings(&toml, &[("baseline.sql", BASELINE), ("tier.sql", script)]);
    findings.iter().map(|finding| (finding.rule, finding.primary.at.span().start)).collect()
}

#[test]
fn a_guard_holds_where_postgresql_says_so() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", BASELINE).expect("the baseline");
    let approved = GUARDS.iter().map(|guard| (guard, APPROVED, &["SELECT 1"][..]));
    let overdrawn: Vec<String> = OVERDRAWN.iter().map(|rows| format!("INSERT INTO entry VALUES {rows}")).collect();
    let overdrawn: Vec<&str> = overdrawn.iter().map(String::as_str).collect();
    let in_credit = CREDIT_GUARDS.iter().map(|guard| (guard, IN_CREDIT, &overdrawn[..]));
    let mut wrong = String::new();
    for ((guard, holds), gate, databases) in approved.chain(in_credit) {
        let mut stood = true;
        for database in databases {
            cluster.sql("postgres", database).expect("its rows");
            cluster.query("postgres", &script(guard)).expect("psql runs");
            let changed = cluster.sql("postgres", "SELECT count(*) FROM account WHERE id = 7").expect("a number");
            let clean = "DELETE FROM account WHERE id = 7; DELETE FROM approval; DELETE FROM entry";
            cluster.sql("postgres", clean).expect("a clean table");
            stood &= changed.trim() == "0";
        }
        if stood == (*holds == Never) {
            writeln!(wrong, "PostgreSQL {}: {guard}", if stood { "stops" } else { "goes on" }).expect("a string");
        }
        let objections = objections(guard, gate);
        if objections.is_empty() != (*holds == Always) {
            writeln!(wrong, "the rules object {objections:?}: {guard}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_grows_with_each_step_is_given_up() {
    let again = |step: &str, times: usize| step.repeat(times);
    let check = "IF n < 1 THEN RAISE EXCEPTION 'no'; END IF;";
    let function = |number: u32| {
        let inner = number - 1;
        format!("CREATE FUNCTION h{number}(x int) RETURNS int LANGUAGE sql AS 'SELECT h{inner}(x) + h{inner}(x)';\n")
    };
    let functions = (1..30).map(function).collect::<Vec<_>>().concat();
    let scripts = [
        script(&format!("n int := (SELECT count(*) FROM approval); BEGIN {} {check} END", again("n := n + n; ", 40))),
        script(&format!("s text := 'SELECT 1 /* */'; BEGIN {} EXECUTE s; END", again("s := s || s; ", 40))),
        script(&format!(
            "s text := 'xxxxxxxxxx'; BEGIN {} EXECUTE s; END",
            again("s := replace(s, 'x', 'xxxxxxxxxx'); ", 12)
        )),
        script(&format!(
            "n int := 0; BEGIN {} n := n + 1; {} END",
            again("FOR i IN 1..4000 LOOP ", 3),
            again("END LOOP; ", 3)
        )),
        format!(
            "CREATE FUNCTION h0(x int) RETURNS int LANGUAGE sql AS 'SELECT x + x';\n{functions}{}",
            script("BEGIN IF h29((SELECT count(*)::int FROM approval)) < 1 THEN RAISE EXCEPTION 'no'; END IF; END")
        ),
    ];
    for script in scripts {
        let rules = rules(&script);
        assert!(rules.contains(&"unguarded-change") || rules.contains(&"not-analysed"), "{rules:?}: {script}");
    }
}

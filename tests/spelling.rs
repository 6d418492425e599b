//! What `pg_dump` writes is what was written: PostgreSQL's spelling of a definition is no other
//! definition, and another definition is no spelling.

#![cfg(feature = "pg_query")]

use std::fmt::Write as _;

use roof_lint::catalog::{Aspect, Catalog};
use roof_lint::cluster::Cluster;
use roof_lint::psql::{Item, read};
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::Parser;

/// What the definitions are about.
const SCHEMA: &str = "\
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN code AS varchar(8) CHECK (VALUE ~ '^[a-z]+$' AND VALUE <> 'x');
CREATE SEQUENCE counted;
CREATE FUNCTION half(given numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT given / 2';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE owner (id int PRIMARY KEY, name varchar(40) NOT NULL, mood mood);
CREATE TABLE item (
    id int PRIMARY KEY, big bigint, small smallint, price numeric(10, 2), weight float8, rate real,
    name varchar(40), code char(3), note text, short code, mood mood, done boolean, made timestamptz, day date,
    data jsonb, tags text[], labels varchar(10)[], owner int, who name, took interval
);
";

/// Expressions that say whether a row of `item` is right.
const CONDITIONS: &[&str] = &[
    "name IN ('a', 'b')",
    "name NOT IN ('a', 'b')",
    "name IN ('a')",
    "name NOT IN ('a')",
    "note = 'a' OR note = 'b'",
    "code IN ('a', 'b')",
    "short = 'a'",
    "short IN ('a', 'b')",
    "mood = 'sad'",
    "mood IN ('sad', 'happy')",
    "id IN (1, 2, 3)",
    "id = ANY ('{1,2}')",
    "name = ANY (ARRAY['a', 'b'])",
    "name = ANY ('{a,b}'::text[])",
    "big > 0",
    "small >= 1 AND small < 10",
    "price > 0",
    "price BETWEEN 0 AND 100",
    "price NOT BETWEEN 0 AND 100",
    "price BETWEEN 0 AND 100 AND weight BETWEEN 1 AND 2.5 AND done",
    "price * 2 > 10",
    "price = id",
    "weight > 0",
    "weight < id",
    "rate < 0.5",
    "big = id",
    "id / 2 > 1",
    "price / 2 > 1",
    "-id < -1",
    "id > -1",
    "price > -0.5",
    "name LIKE 'a%'",
    "name NOT LIKE 'a%'",
    "name ILIKE 'a%' OR note ILIKE '%b'",
    "name LIKE 'a!%' ESCAPE '!'",
    "name SIMILAR TO 'a|b'",
    "name ~ '^a' AND note !~* 'b$'",
    "name IS DISTINCT FROM note",
    "name IS NOT DISTINCT FROM 'a'",
    "done IS NOT TRUE",
    "done = true",
    "NOT done",
    "done = 'yes'",
    "made > '2020-01-01 00:00:00+00'::timestamptz",
    "day < made",
    "day >= '2020-01-01'",
    "made < now() + interval '1 day'",
    "took > interval '90 minutes'",
    "took < '2 weeks'",
    "length(name) > 3",
    "lower(name) = name",
    "lower(name || note) <> ''",
    "name || '-' || code <> note",
    "coalesce(name, 'a') <> 'b'",
    "coalesce(price, 0) > 0",
    "nullif(name, '') IS NOT NULL",
    "greatest(price, 0) < 10",
    "CASE WHEN done THEN price > 0 END",
    "CASE mood WHEN 'sad' THEN 1 ELSE 2 END = 1",
    "CASE WHEN id > 1 THEN 'a' WHEN name = 'b' THEN note ELSE NULL END = 'a'",
    "data ->> 'a' = 'b'",
    "data @> '{\"a\":1}'",
    "data ? 'a'",
    "(data ->> 'a')::int > 1",
    "CAST(data #>> '{a,b}' AS numeric) < 1",
    "jsonb_typeof(data) = 'object'",
    "tags @> ARRAY['a']",
    "tags && '{a,b}'",
    "'a' = ANY (tags)",
    "labels @> ARRAY['a']::varchar[]",
    "tags[1] = 'a'",
    "cardinality(tags) < 5",
    "half(price) > 1",
    "half(id) > 1",
    "public.half(2) > 1",
    "round(price, 1) = price",
    "extract(year FROM made AT TIME ZONE 'UTC') > 2000",
    "date_trunc('day', made AT TIME ZONE 'UTC') = day",
    "substring(name FROM 1 FOR 2) = 'ab'",
    "substring(name, 1, 2) = 'ab'",
    "position('a' IN name) = 1",
    "trim(name) <> ''",
    "trim(BOTH 'x' FROM name) <> ''",
    "overlay(name PLACING 'a' FROM 1) <> ''",
    "char_length(name) BETWEEN 1 AND 40",
    "(id, big) = (1, 2)",
    "(owner IS NULL) = (name IS NULL)",
    "who = 'a'",
    "name COLLATE \"C\" < 'a'",
    "current_user = 'a' OR current_date > day",
    "item.id > 0",
    "((id > 0)) AND ((name <> '') OR (note <> ''))",
];

/// Defaults of columns of some types.
const DEFAULTS: &[(&str, &str)] = &[
    ("varchar(20)", "'new'"),
    ("text", "'new'"),
    ("char(3)", "'new'"),
    ("int", "0"),
    ("int", "-1"),
    ("int", "'5'"),
    ("bigint", "0"),
    ("smallint", "1"),
    ("numeric(10, 2)", "0"),
    ("numeric(10, 2)", "0.00"),
    ("numeric", "-1.5"),
    ("float8", "0"),
    ("boolean", "false"),
    ("boolean", "'t'"),
    ("timestamptz", "now()"),
    ("timestamptz", "CURRENT_TIMESTAMP"),
    ("timestamp", "now()"),
    ("timestamptz", "now() + interval '7 days'"),
    ("timestamptz", "now() + '1 hour'"),
    ("date", "CURRENT_DATE"),
    ("date", "now()"),
    ("date", "'2020-01-01'"),
    ("interval", "'1 hour'"),
    ("interval", "'1 day'"),
    ("jsonb", "'{}'"),
    ("jsonb", "'{\"a\":1,\"b\":[]}'"),
    ("json", "'{}'"),
    ("text[]", "'{}'"),
    ("text[]", "ARRAY['a', 'b']"),
    ("varchar(5)[]", "ARRAY[]::varchar[]"),
    ("mood", "'sad'"),
    ("code", "'abc'"),
    ("bigint", "nextval('counted')"),
    ("int", "nextval('public.counted'::regclass)"),
    ("uuid", "gen_random_uuid()"),
    ("text", "'a' || 'b'"),
    ("text", "gen_random_uuid()"),
    ("text", "md5(random()::text)"),
    ("varchar", "upper('a')"),
    ("text", "current_user"),
    ("int", "2 + 3 * 4"),
    ("numeric", "half(3)"),
    ("text", "NULL"),
    ("bytea", "'\\x00'"),
    ("inet", "'10.0.0.1'"),
];

/// Queries of views.
const QUERIES: &[&str] = &[
    "SELECT id, name FROM item WHERE name = 'a'",
    "SELECT * FROM owner",
    "SELECT o.*, i.id AS item FROM owner o JOIN item i ON i.owner = o.id",
    "SELECT i.id, o.name FROM item i LEFT JOIN owner o ON o.id = i.owner AND o.name <> 'x' WHERE i.price > 0",
    "SELECT id, o.name FROM owner o JOIN item i USING (id) WHERE i.done",
    "SELECT o.name, count(*) AS n, sum(i.price) FROM owner o, item i WHERE i.owner = o.id GROUP BY 1 HAVING count(*) > 1 ORDER BY n",
    "SELECT name, count(*) FROM item GROUP BY name ORDER BY name LIMIT 5",
    "SELECT DISTINCT name FROM item",
    "SELECT DISTINCT ON (owner) owner, id FROM item ORDER BY owner, made DESC",
    "SELECT id FROM item UNION SELECT id FROM owner",
    "SELECT id, 'item' AS what FROM item UNION ALL SELECT id, 'owner' FROM owner",
    "SELECT id FROM item WHERE EXISTS (SELECT 1 FROM owner WHERE owner.id = item.owner)",
    "SELECT id FROM item WHERE owner IN (SELECT id FROM owner WHERE name LIKE 'a%')",
    "SELECT id, (SELECT max(name) FROM owner o WHERE o.id = item.owner) AS best FROM item",
    "SELECT n.x FROM (SELECT id + 1 AS x FROM item WHERE done) n WHERE n.x > 2",
    "WITH few AS (SELECT id, owner FROM item WHERE price > 10) SELECT o.name, f.id FROM few f JOIN owner o ON o.id = f.owner",
    "WITH RECURSIVE up(id) AS (SELECT id FROM item WHERE owner IS NULL UNION ALL SELECT i.id FROM item i JOIN up ON up.id = i.owner) SELECT id FROM up",
    "SELECT id, row_number() OVER (PARTITION BY owner ORDER BY made) AS place FROM item",
    "SELECT id, count(*) FILTER (WHERE done) OVER () AS n FROM item",
    "SELECT i.id, t.tag FROM item i CROSS JOIN LATERAL unnest(i.tags) AS t(tag)",
    "SELECT a.id, b.id AS other FROM item a JOIN item b ON a.owner = b.owner AND a.id < b.id",
    "SELECT coalesce(name, 'none') AS name, CASE WHEN done THEN 'yes' ELSE 'no' END AS done FROM item",
    "SELECT name::text || ':' || id AS label, price::float8 FROM item",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT x FROM generate_series(1, 3) AS g(x)",
    "SELECT array_agg(name ORDER BY id) AS names, string_agg(DISTINCT note, ', ') AS notes FROM item",
    "SELECT id FROM item WHERE (SELECT count(*) FROM owner) > 3 AND NOT done",
];

/// Definitions that are alike and not the same: the type of the column, and two defaults.
const OTHER_DEFAULTS: &[(&str, &str, &str)] = &[
    ("varchar(20)", "'new'", "'New'"),
    ("text", "'1'", "'1.0'"),
    ("numeric", "1.0", "1.01"),
    ("int", "1", "-1"),
    ("boolean", "true", "false"),
    ("jsonb", "'{\"a\":1}'", "'{\"a\":2}'"),
    ("interval", "'1 day'", "'24 hours'"),
    ("timestamptz", "now()", "clock_timestamp()"),
    ("timestamptz", "now() + '1 hour'", "now() + '1 day'"),
    ("numeric", "5 / 2", "5::numeric / 2"),
    ("text", "NULL", "''"),
    ("bigint", "nextval('counted')", "nextval('other')"),
];

/// The same of conditions.
const OTHER_CONDITIONS: &[(&str, &str)] = &[
    ("name IN ('a', 'b')", "name IN ('a', 'c')"),
    ("name IN ('a', 'b')", "name NOT IN ('a', 'b')"),
    ("price > 0", "price >= 0"),
    ("price BETWEEN 0 AND 100", "price BETWEEN SYMMETRIC 0 AND 100"),
    ("id / 2 > 1", "id::numeric / 2 > 1"),
    ("made > now()", "made::date > now()"),
    ("name = note", "name = name"),
    ("name LIKE 'a%'", "name ILIKE 'a%'"),
    ("name LIKE 'a!%' ESCAPE '!'", "name LIKE 'a!%'"),
    ("done IS TRUE", "done IS NOT FALSE"),
    ("done AND id > 0", "done OR id > 0"),
    ("id::text = '1'", "id::int2::text = '1'"),
    ("price::int = 1", "price = 1"),
    ("coalesce(name, 'a') = 'b'", "coalesce(name, 'c') = 'b'"),
    ("CASE WHEN done THEN true ELSE false END", "CASE WHEN done THEN true END"),
    ("half(price) > 1", "abs(price) > 1"),
    ("id > 1", "big > 1"),
    ("day < made", "day < made::date"),
];

/// The same of queries.
const OTHER_QUERIES: &[(&str, &str)] = &[
    ("SELECT id FROM item", "SELECT id FROM owner"),
    ("SELECT id, name FROM item", "SELECT id, note::varchar(40) AS name FROM item"),
    ("SELECT id FROM item WHERE done", "SELECT id FROM item"),
    (
        "SELECT o.id FROM owner o JOIN item i ON i.owner = o.id",
        "SELECT o.id FROM owner o LEFT JOIN item i ON i.owner = o.id",
    ),
    ("SELECT a.id FROM item a JOIN item b ON a.owner = b.id", "SELECT b.id FROM item a JOIN item b ON a.owner = b.id"),
    ("SELECT id FROM item UNION SELECT id FROM owner", "SELECT id FROM item UNION ALL SELECT id FROM owner"),
    ("SELECT id FROM item LIMIT 1", "SELECT id FROM item LIMIT 2"),
    ("SELECT name FROM item GROUP BY name", "SELECT name FROM item GROUP BY name, id"),
    ("SELECT * FROM owner", "SELECT id, name, NULL::mood AS mood FROM owner"),
    ("WITH a AS (SELECT id FROM item) SELECT id FROM a", "WITH a AS (SELECT id FROM owner) SELECT id FROM a"),
];

fn catalog_of(script: &str) -> Catalog {
    let mut catalog = Catalog::empty();
    let map = Map::at(FileId::new(0), 0);
    for item in read(script.as_bytes()).items {
        let Item::Statement(statement) = item else { continue };
        let rendered = statement.render(script.as_bytes(), &mut |_, _| None);
        let text = String::from_utf8_lossy(&rendered.text);
        let statements =
            Parser::PostgreSql.statements(&text, &map).unwrap_or_else(|error| panic!("{}\n{text}", error.message));
        for statement in &statements {
            let outcome = catalog.step(statement);
            assert!(outcome.problem.is_none(), "{:?}\n{text}", outcome.problem);
        }
    }
    catalog
}

/// What differs about definitions, in words.
fn differences(one: &Catalog, other: &Catalog) -> Vec<String> {
    let is_spelling = |what: &str| !matches!(what, "owner" | "options" | "privileges");
    let differences = one.difference(other).into_iter().filter_map(|difference| match difference.aspect {
        Aspect::Changed { what, .. } if !is_spelling(&what) => None,
        aspect => Some(format!("{}: {aspect:?}", difference.key)),
    });
    differences.collect()
}

fn table(number: usize, condition: &str) -> String {
    format!("ALTER TABLE item ADD CONSTRAINT c{number} CHECK ({condition});\n")
}

fn default(number: usize, kind: &str, value: &str) -> String {
    format!("CREATE TABLE d{number} (id int, value {kind} DEFAULT {value});\n")
}

fn view(number: usize, query: &str) -> String {
    format!("CREATE VIEW v{number} AS {query};\n")
}

#[test]
fn what_pg_dump_writes_is_what_was_written() {
    let mut script = SCHEMA.to_owned();
    CONDITIONS.iter().enumerate().for_each(|(number, condition)| script.push_str(&table(number, condition)));
    DEFAULTS.iter().enumerate().for_each(|(number, (kind, value))| script.push_str(&default(number, kind, value)));
    QUERIES.iter().enumerate().for_each(|(number, query)| script.push_str(&view(number, query)));
    script.push_str(
        "CREATE INDEX i1 ON item (lower(name), (price * 2), (coalesce(note, 'a'))) WHERE done AND name IN ('a', 'b');\n\
         CREATE POLICY p1 ON item USING (name = current_user AND mood = 'sad') WITH CHECK (price > 0);\n\
         CREATE TRIGGER t1 BEFORE UPDATE ON item FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name AND NEW.price > 0) EXECUTE FUNCTION note();\n\
         CREATE TABLE g1 (first varchar, last varchar, whole text GENERATED ALWAYS AS (first || ' ' || last) STORED);\n",
    );
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", "CREATE DATABASE tried").expect("a database");
    cluster.sql("tried", &script).expect("the schema");
    let dump = String::from_utf8(cluster.dump("tried").expect("a dump")).expect("a text");
    let (written, dumped) = (catalog_of(&script), catalog_of(&dump));
    for (one, other) in [(&written, &dumped), (&dumped, &written)] {
        let found = differences(one, other);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn what_is_not_the_same_is_no_spelling() {
    let mut same = String::new();
    let mut compare = |one: String, other: String| {
        let schema = format!("{SCHEMA}CREATE SEQUENCE other;\n");
        let catalogs = (catalog_of(&format!("{schema}{one}")), catalog_of(&format!("{schema}{other}")));
        for (first, second) in [(&catalogs.0, &catalogs.1), (&catalogs.1, &catalogs.0)] {
            if differences(first, second).is_empty() {
                writeln!(same, "{one}{other}").expect("a string");
            }
        }
    };
    OTHER_CONDITIONS.iter().for_each(|(one, other)| compare(table(0, one), table(0, other)));
    OTHER_DEFAULTS.iter().for_each(|(kind, one, other)| compare(default(0, kind, one), default(0, kind, other)));
    OTHER_QUERIES.iter().for_each(|(one, other)| compare(view(0, one), view(0, other)));
    assert!(same.is_empty(), "\n{same}");
}

//! Rows that PostgreSQL does not take, and rows that it takes: what is told of an `INSERT` before it
//! runs is what PostgreSQL says of it.

#![cfg(feature = "pg_query")]

use std::fmt::Write;

use roof_lint::cluster::Cluster;
use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};

const TABLES: &str = "\
CREATE TABLE plain (
    i int, s smallint, b bigint, f bool, v varchar(3), c char(3), u uuid,
    n int NOT NULL, d int NOT NULL DEFAULT 1, g int GENERATED ALWAYS AS (n + 1) STORED
);
CREATE TABLE checked (
    id int PRIMARY KEY, low int CHECK (low > 0), high int DEFAULT 5, name text NOT NULL DEFAULT 'x',
    CONSTRAINT ordered CHECK (checked.low < high), CONSTRAINT named CHECK (name IN ('x', 'y') OR low IS NULL)
);
CREATE TABLE filled (id int PRIMARY KEY, name text NOT NULL, CHECK (id > 0));
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'x'; NEW.id := 1; RETURN NEW; END $$;
CREATE TRIGGER fill BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION fill();
";

/// What a column of `plain` is given.
const VALUES: &[(&str, &[&str])] = &[
    (
        "i",
        &[
            "' 12 '",
            "'+5'",
            "'-5'",
            "'1 2'",
            "'0x1F'",
            "'1_000'",
            "''",
            "'2147483647'",
            "'2147483648'",
            "'-2147483649'",
        ],
    ),
    ("i", &["2147483647", "2147483648", "-2147483648", "-2147483649", "1.5", "'1.5'", "'12abc'", "'12'::int", "NULL"]),
    ("s", &["40000", "'40000'", "-32768", "-32769", "'-32768'", "'-32769'"]),
    ("b", &["'9223372036854775807'", "'9223372036854775808'", "9223372036854775807"]),
    ("f", &["'t'", "' TRUE '", "'o'", "'of'", "'on'", "'y'", "'ye'", "'yess'", "'2'", "''", "'n'", "'1'", "true"]),
    ("v", &["'abc'", "'abcd'", "'abc   '", "'äöü'", "'äöüx'", "'abcd'::varchar(3)"]),
    ("c", &["'abcd'", "'a'", "'abc  '"]),
    ("u", &["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'{a0eebc999c0b4ef8bb6d6bb9bd380a11}'", "'a0eebc99'", "'x'"]),
    ("g", &["5", "DEFAULT", "NULL"]),
    ("d", &["NULL", "DEFAULT", "2"]),
];

const STATEMENTS: &[&str] = &[
    "INSERT INTO plain (n) VALUES (NULL)",
    "INSERT INTO plain (i) VALUES (1)",
    "INSERT INTO plain (n, n) VALUES (1, 2)",
    "INSERT INTO plain (n, d) VALUES (1)",
    "INSERT INTO plain (n) VALUES (1, 2)",
    "INSERT INTO plain (n, d) SELECT 1",
    "INSERT INTO plain (n) SELECT 1, 2",
    "INSERT INTO plain (n, d) SELECT 1, NULL WHERE false",
    "INSERT INTO plain VALUES (1, 2)",
    "INSERT INTO plain VALUES (1, 2, 3, true, 'a', 'b', NULL, 7)",
    "INSERT INTO plain VALUES (1, 2, 3, true, 'a', 'b', NULL, 7, 8, DEFAULT, 9)",
    "INSERT INTO plain (n) VALUES (1), (NULL)",
    "INSERT INTO plain (n) VALUES ('1'), ('x')",
    "INSERT INTO plain DEFAULT VALUES",
    "UPDATE plain SET n = 1, n = 2",
    "UPDATE plain SET n = 1, d = 2",
    "INSERT INTO checked (id, low) VALUES (1, 1)",
    "INSERT INTO checked (id, low) VALUES (1, 0)",
    "INSERT INTO checked (id, low) VALUES (1, 7)",
    "INSERT INTO checked (id, low, high) VALUES (1, 7, NULL)",
    "INSERT INTO checked (id, low, high) VALUES (1, 7, 8), (2, 9, 8)",
    "INSERT INTO checked (id, low, name) VALUES (1, 2, 'z')",
    "INSERT INTO checked (id, name) VALUES (1, 'z')",
    "INSERT INTO checked (id, low, name) VALUES (1, 2, 'y') ON CONFLICT DO NOTHING",
    "INSERT INTO checked (low) VALUES (1)",
    "INSERT INTO filled (id) VALUES (-1)",
    "INSERT INTO filled (id, name) VALUES (-1, NULL)",
    "INSERT INTO filled (id) VALUES ('x')",
];

/// What `statement-fails` says of a statement: SQLSTATE and message.
fn told(statement: &str) -> Option<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let config = "[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"*\"\nbaseline = [\"baseline.sql\"]\n\
                  [[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"tier.sql\"\n";
    std::fs::write(directory.path().join("baseline.sql"), TABLES).expect("a file");
    std::fs::write(directory.path().join("tier.sql"), format!("BEGIN;\n{statement};\nCOMMIT;\n")).expect("a file");
    let config = Config::parse("lint.toml", config).expect("a configuration");
    let job = Job { directory: directory.path().to_owned(), config, packages: Vec::new() };
    let outcome = lint(job).expect("it is linted");
    let mut findings = outcome.packages.into_iter().flat_map(|package| package.findings);
    let finding = findings.find(|finding| finding.rule == "statement-fails")?;
    let sqlstate = finding.primary.text.trim_start_matches("PostgreSQL says ").to_owned();
    Some(format!("{sqlstate}: {}", finding.message))
}

#[test]
fn rows_are_refused_where_postgresql_refuses_them() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", TABLES).expect("the tables");
    let given = VALUES.iter().flat_map(|(column, values)| {
        values.iter().map(move |value| format!("INSERT INTO plain (n, {column}) VALUES (1, {value})"))
    });
    let mut wrong = String::new();
    for statement in given.chain(STATEMENTS.iter().map(|statement| (*statement).to_owned())) {
        let script = format!("\\set VERBOSITY verbose\nBEGIN;\n{statement};\nROLLBACK;\n");
        let output = cluster.query("postgres", &script).expect("psql runs");
        let said =
            output.stderr.lines().find_map(|line| line.split_once("ERROR:")).map(|(_, said)| said.trim().to_owned());
        let told = told(&statement);
        if said != told {
            writeln!(wrong, "{statement}\n  PostgreSQL: {said:?}\n  told: {told:?}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

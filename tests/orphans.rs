//! Rows that refer to others: PostgreSQL refuses those, and only those, that are told to come before
//! their parents.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

const TABLES: &str = "\
CREATE TABLE par (id int PRIMARY KEY, code text UNIQUE, CONSTRAINT two UNIQUE (id, code));
CREATE TABLE chi (id int PRIMARY KEY, p int REFERENCES par);
CREATE TABLE pair (id int PRIMARY KEY, p int, c text, FOREIGN KEY (p, c) REFERENCES par (id, code));
CREATE TABLE late (id int PRIMARY KEY, p int REFERENCES par INITIALLY DEFERRED);
CREATE TABLE may (id int PRIMARY KEY, p int REFERENCES par DEFERRABLE);
CREATE TABLE own (id int PRIMARY KEY, p int REFERENCES own);
CREATE TABLE filled (id int PRIMARY KEY, p int REFERENCES par);
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.p := NULL; RETURN NEW; END';
CREATE TRIGGER fill BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION fill();
";

const SCRIPTS: &[&str] = &[
    "INSERT INTO chi VALUES (1, 7); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO par VALUES (7, 'a'); INSERT INTO chi VALUES (1, 7)",
    "INSERT INTO par VALUES (7, 'a') ON CONFLICT DO NOTHING; INSERT INTO chi VALUES (1, '7') ON CONFLICT DO NOTHING",
    "INSERT INTO chi (id, p) SELECT 1, 7; INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO chi SELECT 1, 7 WHERE EXISTS (SELECT FROM par WHERE id = 7); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO chi VALUES (1, NULL); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO par VALUES (7, 'a'), (8, 'b'); INSERT INTO chi VALUES (1, 7), (2, NULL), (3, 8)",
    "INSERT INTO par VALUES (7, 'a'); INSERT INTO chi VALUES (1, 7), (2, NULL), (3, 8); INSERT INTO par VALUES (8, 'b')",
    "INSERT INTO pair VALUES (1, 7, 'a'); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO par VALUES (8, 'b'); INSERT INTO pair VALUES (1, 7, 'a'); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO par VALUES (7, 'a'), (8, 'b'); INSERT INTO pair VALUES (1, 7, 'a'), (2, 8, 'b'), (3, 8, NULL)",
    "INSERT INTO late VALUES (1, 7); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO may VALUES (1, 7); INSERT INTO par VALUES (7, 'a')",
    "SET CONSTRAINTS ALL DEFERRED; INSERT INTO may VALUES (1, 7); INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO own VALUES (1, 2), (2, NULL)",
    "INSERT INTO own VALUES (1, 1)",
    "INSERT INTO own VALUES (1, 2); INSERT INTO own VALUES (2, NULL)",
    "INSERT INTO filled VALUES (1, 7); INSERT INTO par VALUES (7, 'a')",
    "DO $$ BEGIN INSERT INTO chi VALUES (1, 7); INSERT INTO par VALUES (7, 'a'); END $$",
    "DO $$ BEGIN INSERT INTO chi VALUES (1, 7); EXCEPTION WHEN foreign_key_violation THEN NULL; END $$; \
     INSERT INTO par VALUES (7, 'a')",
    "INSERT INTO par SELECT n, 'x' || n FROM generate_series(1, 9) AS n; INSERT INTO chi VALUES (1, 7); \
     INSERT INTO par VALUES (10, 'a')",
    "INSERT INTO par VALUES (1, 'a'); UPDATE par SET id = 7; INSERT INTO chi VALUES (1, 7); INSERT INTO par VALUES (1, 'b')",
    "CREATE TABLE np (id int PRIMARY KEY); CREATE TABLE nc (p int REFERENCES np); INSERT INTO np VALUES (4); \
     INSERT INTO nc VALUES (5)",
    "CREATE TABLE np (id int PRIMARY KEY); CREATE TABLE nc (p int REFERENCES np); INSERT INTO np VALUES ('05'); \
     INSERT INTO nc VALUES (5)",
    "CREATE TABLE np (id numeric PRIMARY KEY); CREATE TABLE nc (p numeric REFERENCES np); INSERT INTO np VALUES (5.0); \
     INSERT INTO nc VALUES (5)",
    "CREATE TABLE np (id int PRIMARY KEY); CREATE TABLE nc (p int); INSERT INTO nc VALUES (5); \
     INSERT INTO np VALUES (5); ALTER TABLE nc ADD FOREIGN KEY (p) REFERENCES np",
    "CREATE TABLE np (id int PRIMARY KEY); CREATE TABLE nc (p int); \
     ALTER TABLE nc ADD FOREIGN KEY (p) REFERENCES np NOT VALID; INSERT INTO nc VALUES (5)",
    "CREATE TABLE np AS SELECT 5 AS id; ALTER TABLE np ADD PRIMARY KEY (id); CREATE TABLE nc (p int REFERENCES np); \
     INSERT INTO nc VALUES (5)",
    "CREATE TABLE np (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE n5 PARTITION OF np FOR VALUES IN (5); \
     CREATE TABLE nc (p int REFERENCES np); INSERT INTO n5 VALUES (5); INSERT INTO nc VALUES (5)",
];

#[test]
fn rows_come_before_their_parents_where_postgresql_says_so() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", TABLES).expect("the tables");
    let toml = format!("baseline = [\"baseline.sql\"]\n{}", tier(1, "tier.sql", None));
    let mut wrong = String::new();
    for script in SCRIPTS {
        let output = cluster.query("postgres", &format!("BEGIN;\n{script};\nCOMMIT;\n")).expect("psql runs");
        let refused = output.stderr.contains("violates foreign key constraint");
        cluster.sql("postgres", "TRUNCATE par, own CASCADE; DROP TABLE IF EXISTS nc, np").expect("no rows");
        let script = format!("BEGIN;\n{script};\nCOMMIT;\n");
        let found = findings(&toml, &[("baseline.sql", TABLES), ("tier.sql", &script)]);
        let told: Vec<&str> =
            found.iter().filter(|one| one.rule == "statement-fails").map(|one| one.message.as_str()).collect();
        if told.is_empty() == refused {
            writeln!(wrong, "{script}PostgreSQL: {}\nhere: {told:?}", output.stderr).expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

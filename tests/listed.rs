//! What scripts ask of PostgreSQL's own catalogs before they make or drop something: the symbolic
//! database answers as PostgreSQL does, or not at all.

#![cfg(feature = "pg_query")]

use std::fmt::Write as _;

use roof_lint::catalog::{Catalog, Listed};
use roof_lint::cluster::Cluster;
use roof_lint::effect::{Act, QueryBody, Statement};
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::Parser;

const SCHEMA: &str = "\
CREATE SCHEMA shop;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT '', who int,
    CONSTRAINT named CHECK (name <> 'x'));
CREATE TABLE shop.item (id int, \"Odd\" int UNIQUE);
CREATE TABLE parted (i int) PARTITION BY LIST (i);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
CREATE VIEW shown AS SELECT id FROM item;
CREATE MATERIALIZED VIEW kept AS SELECT 1 AS n;
CREATE SEQUENCE counted;
CREATE INDEX by_name ON item (name);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION note();
CREATE POLICY own ON item USING (true);
";

/// What stands after `SELECT … FROM`; all of it can be told.
const TOLD: &[&str] = &[
    "information_schema.columns WHERE table_schema = 'public' AND table_name = 'item' AND column_name = 'name'",
    "information_schema.columns WHERE table_schema = 'public' AND table_name = 'item' AND column_name = 'gone'",
    "information_schema.columns WHERE table_name = 'item' AND column_name = 'id'",
    "information_schema.columns WHERE table_name = 'gone' AND column_name = 'id'",
    "information_schema.columns c WHERE c.table_name = 'item' AND c.column_name = 'Odd'",
    "information_schema.columns WHERE table_schema = current_schema() AND table_name = 'item' AND column_name IN ('id', 'name')",
    "information_schema.columns WHERE table_schema = 'public' AND table_name = 'item' AND column_name = 'name' AND is_nullable = 'NO'",
    "information_schema.columns WHERE table_schema = 'public' AND table_name = 'item' AND column_name = 'who' AND is_nullable = 'NO'",
    "information_schema.columns WHERE table_schema = 'public' AND table_name = 'item' AND is_identity = 'YES'",
    "information_schema.columns WHERE table_catalog = current_database() AND table_schema = 'shop' AND table_name = 'item'",
    "information_schema.tables WHERE table_schema = 'public' AND table_name = 'item'",
    "information_schema.tables WHERE table_schema = 'public' AND table_name = 'shown' AND table_type = 'BASE TABLE'",
    "information_schema.tables WHERE table_name = 'nothing'",
    "information_schema.views WHERE table_name = 'shown'",
    "information_schema.schemata WHERE schema_name = 'shop'",
    "information_schema.schemata WHERE schema_name = 'gone'",
    "information_schema.table_constraints WHERE table_name = 'item' AND constraint_name = 'named'",
    "information_schema.table_constraints WHERE constraint_name = 'item_pkey' AND constraint_type = 'PRIMARY KEY'",
    "information_schema.table_constraints WHERE constraint_schema = 'public' AND constraint_name = 'gone'",
    "information_schema.sequences WHERE sequence_name = 'counted'",
    "information_schema.routines WHERE routine_schema = 'public' AND routine_name = 'note'",
    "pg_tables WHERE schemaname = 'public' AND tablename = 'item'",
    "pg_catalog.pg_tables WHERE tablename = 'item'",
    "pg_tables WHERE tablename = 'shown'",
    "pg_views WHERE viewname = 'shown'",
    "pg_matviews WHERE matviewname = 'kept'",
    "pg_sequences WHERE schemaname = 'public' AND sequencename = 'gone'",
    "pg_indexes WHERE indexname = 'by_name'",
    "pg_indexes WHERE schemaname = 'public' AND tablename = 'item' AND indexname = 'gone'",
    "pg_class WHERE relname = 'item'",
    "pg_class WHERE relname = 'item' AND relkind = 'v'",
    "pg_class WHERE relname = 'shown' AND relkind IN ('v', 'm')",
    "pg_class WHERE relname = 'parted' AND relkind = 'p' AND relnamespace = 'public'::regnamespace",
    "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'shop' AND c.relname = 'item'",
    "pg_class c, pg_namespace n WHERE n.oid = c.relnamespace AND n.nspname = 'shop' AND c.relname = 'parted'",
    "pg_namespace WHERE nspname = 'shop'",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'name' AND NOT attisdropped",
    "pg_attribute WHERE attrelid = 'public.item'::regclass AND attname = 'gone'",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'who' AND attnum > 0 AND attisdropped = false",
    "pg_attribute a JOIN pg_class c ON a.attrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'item' AND n.nspname = 'shop' AND a.attname = 'Odd'",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'who' AND attnotnull",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'who' AND attidentity <> ''",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'id' AND attidentity <> ''",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'id' AND attidentity = 'd'",
    "pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'id' AND attidentity = 'a'",
    "pg_constraint WHERE conname = 'named' AND conrelid = 'item'::regclass",
    "pg_constraint WHERE conname = 'named' AND conrelid = 'shop.item'::regclass",
    "pg_constraint WHERE conname = 'item_pkey' AND contype = 'p'",
    "pg_constraint WHERE conname = 'gone'",
    "pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE t.relname = 'item' AND c.conname = 'named'",
    "pg_trigger WHERE tgname = 'noted' AND tgrelid = 'item'::regclass AND NOT tgisinternal",
    "pg_trigger WHERE tgname = 'gone' AND tgrelid = 'item'::regclass",
    "pg_policy WHERE polname = 'own' AND polrelid = 'item'::regclass",
    "pg_trigger WHERE tgname = 'noted'",
    "pg_trigger WHERE tgname = 'gone'",
    "pg_policies WHERE policyname = 'own'",
    "pg_policy WHERE polname = 'gone'",
    "pg_policies WHERE schemaname = 'public' AND tablename = 'item' AND policyname = 'own'",
    "pg_inherits WHERE inhrelid = 'part'::regclass AND inhparent = 'parted'::regclass",
    "pg_inherits WHERE inhrelid = 'item'::regclass AND inhparent = 'parted'::regclass",
    "pg_proc WHERE proname = 'note'",
    "pg_proc WHERE proname = 'gone' AND pronamespace = 'public'::regnamespace",
    "pg_type WHERE typname = 'mood'",
    "pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = 'mood' AND n.nspname = 'public'",
    "pg_type WHERE typname = 'gone'",
    "pg_enum WHERE enumtypid = 'mood'::regtype AND enumlabel = 'sad'",
    "pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = 'mood' AND e.enumlabel = 'gone'",
    "pg_class WHERE relname = NULL",
];

/// What is not told, or only that there is something.
const OPEN: &[&str] = &[
    "pg_proc WHERE proname = 'now'",
    "pg_type WHERE typname = 'int4'",
    "pg_class WHERE relname = 'pg_class'",
    "pg_class",
    "pg_class WHERE relname LIKE 'item%'",
    "pg_class WHERE relname = 'item' AND relpages > 0",
    "pg_roles WHERE rolname = 'nobody_knows'",
    "pg_extension WHERE extname = 'plpgsql'",
    "pg_namespace WHERE nspname = 'pg_toast'",
    "item WHERE name = 'a'",
    "pg_stat_activity",
    "pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'gone'",
];

fn statements(text: &str) -> Vec<Statement> {
    let map = Map::at(FileId::new(0), 0);
    Parser::PostgreSql.statements(text, &map).unwrap_or_else(|error| panic!("{}\n{text}", error.message))
}

fn listed(catalog: &Catalog, question: &str) -> Listed {
    let statements = statements(&format!("SELECT 1 FROM {question}"));
    let [Statement { act: Act::Select(query), .. }] = statements.as_slice() else { panic!("a query: {question}") };
    let QueryBody::Select(select) = &query.body else { panic!("a SELECT: {question}") };
    catalog.listed(select)
}

#[test]
fn what_is_told_is_what_postgresql_lists() {
    let mut catalog = Catalog::empty();
    for statement in statements(SCHEMA) {
        let outcome = catalog.step(&statement);
        assert!(outcome.problem.is_none(), "{:?}", outcome.problem);
    }
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", "CREATE DATABASE asked").expect("a database");
    cluster.sql("asked", SCHEMA).expect("the schema");
    let mut wrong = String::new();
    for (is_told, question) in TOLD.iter().map(|row| (true, row)).chain(OPEN.iter().map(|row| (false, row))) {
        let listed = listed(&catalog, question);
        let rows = cluster.sql("asked", &format!("SELECT count(*) FROM {question}")).expect("a number");
        let rows: usize = rows.trim().parse().expect("a number");
        let is_right = match listed {
            Listed::Rows(told) => told == rows && is_told,
            Listed::Some => rows > 0 && !is_told,
            Listed::Unsaid => !is_told,
        };
        if !is_right {
            writeln!(wrong, "{listed:?}, and PostgreSQL lists {rows}: {question}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

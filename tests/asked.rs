//! Gates that ask PostgreSQL's own catalogs. The baseline has what is asked for and the database has not: the
//! script has to stop exactly where nothing is found.

#![cfg(feature = "pg_query")]

#[path = "support/packages.rs"]
mod packages;

use std::fmt::Write;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

const BASELINE: &str = "\
CREATE TABLE gate (id int PRIMARY KEY, tag text);
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE account (id int PRIMARY KEY, name text);
";

const REGISTERED: &str = "to_regclass('public.gate') IS NOT NULL";
const COLUMN: &str =
    "EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'gate' AND column_name = 'tag')";
const ONE: &str = "(SELECT count(*) FROM pg_tables WHERE tablename = 'gate') = 1";

/// What must hold, and the body of a DO that asks for it, well or not.
const GATES: &[(&str, &str)] = &[
    (REGISTERED, "IF to_regclass('public.gate') IS NULL THEN RAISE EXCEPTION 'no gate'; END IF;"),
    (REGISTERED, "IF NOT (to_regclass('public.gate') IS NOT NULL) THEN RAISE EXCEPTION 'no gate'; END IF;"),
    (REGISTERED, "IF to_regclass('public.gate') IS NOT NULL THEN NULL; ELSE RAISE EXCEPTION 'no gate'; END IF;"),
    (REGISTERED, "IF to_regclass('public.gate') IS NULL THEN RAISE NOTICE 'look'; RAISE EXCEPTION 'no gate'; END IF;"),
    (
        REGISTERED,
        "IF to_regclass('public.gate') IS NULL OR to_regclass('public.other') IS NULL THEN RAISE EXCEPTION 'no'; END IF;",
    ),
    (REGISTERED, "IF to_regclass('public.gate') IS NULL THEN RAISE NOTICE 'no gate'; END IF;"),
    (REGISTERED, "IF to_regclass('public.gate') IS NULL THEN RETURN; END IF;"),
    (REGISTERED, "IF to_regclass('public.gate') IS NULL THEN RETURN; RAISE EXCEPTION 'no gate'; END IF;"),
    (REGISTERED, "IF to_regclass('public.gate') IS NOT NULL THEN NULL; END IF;"),
    (REGISTERED, "IF to_regclass('public.gate') IS NOT NULL THEN NULL; ELSE RETURN; END IF;"),
    (REGISTERED, "IF to_regclass('public.other') IS NULL THEN RAISE EXCEPTION 'no gate'; END IF;"),
    (
        REGISTERED,
        "IF to_regclass('public.gate') IS NULL AND EXISTS (SELECT FROM account) THEN RAISE EXCEPTION 'no'; END IF;",
    ),
    (
        REGISTERED,
        "IF EXISTS (SELECT FROM account) THEN IF to_regclass('public.gate') IS NULL THEN RAISE EXCEPTION 'no'; END IF; END IF;",
    ),
    (
        REGISTERED,
        "BEGIN IF to_regclass('public.gate') IS NULL THEN RAISE EXCEPTION 'no'; END IF; EXCEPTION WHEN OTHERS THEN NULL; END;",
    ),
    (
        REGISTERED,
        "IF to_regclass('public.other') IS NOT NULL THEN NULL; ELSIF to_regclass('public.gate') IS NULL THEN RAISE EXCEPTION 'no'; END IF;",
    ),
    (
        REGISTERED,
        "CREATE TABLE IF NOT EXISTS gate (id int); IF to_regclass('public.gate') IS NULL THEN RAISE EXCEPTION 'no'; END IF;",
    ),
    (
        COLUMN,
        "IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'gate' AND column_name = 'tag') THEN RAISE EXCEPTION 'no'; END IF;",
    ),
    (
        COLUMN,
        "IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'account' AND column_name = 'name') THEN RAISE EXCEPTION 'no'; END IF;",
    ),
    (ONE, "IF (SELECT count(*) FROM pg_tables WHERE tablename = 'gate') <> 1 THEN RAISE EXCEPTION 'no'; END IF;"),
    (ONE, "IF (SELECT count(*) FROM pg_tables WHERE tablename = 'gate') > 1 THEN RAISE EXCEPTION 'no'; END IF;"),
];

/// What the tier does behind its gate: the catalogs are others then, and the gate has held all the same.
const CHANGES: &str = "ALTER TABLE account ADD COLUMN IF NOT EXISTS level int; \
     CREATE TABLE IF NOT EXISTS made (id int); INSERT INTO account (id, name) VALUES (7, 'audit') ON CONFLICT (id) DO NOTHING";

#[test]
fn a_gate_about_the_catalogs_is_asked_where_the_script_runs() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let (mut wrong, mut stopping) = (String::new(), 0);
    for (number, (gate, body)) in GATES.iter().enumerate() {
        let script =
            format!("BEGIN;\nSET LOCAL lock_timeout = '5s';\nDO $$ BEGIN {body} END $$;\n{CHANGES};\nCOMMIT;\n");
        let database = format!("d{number}");
        cluster.sql("postgres", &format!("CREATE DATABASE {database}")).expect("a database");
        cluster.sql(&database, &format!("{BASELINE}DROP TABLE gate;\n")).expect("the baseline");
        let stops = cluster.sql(&database, &script).is_err();
        stopping += usize::from(stops);
        let toml = format!(
            "baseline = [\"baseline.sql\"]\n{}stops-unless = [{{ what = \"the gate\", holds = \"{gate}\" }}]\n",
            tier(1, "tier.sql", None)
        );
        let found = findings(&toml, &[("baseline.sql", BASELINE), ("tier.sql", &script)]);
        let open = found.iter().any(|finding| matches!(finding.rule, "unguarded-change" | "guard-fails-open"));
        if open == stops {
            writeln!(wrong, "{body}\n  stops: {stops}, told as open: {open}").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!((5..GATES.len() - 5).contains(&stopping), "{stopping} stop");
}

#[test]
fn what_a_tier_leaves_in_the_catalogs_is_asked_after_its_last_change() {
    let made = "CREATE TABLE IF NOT EXISTS z (id int)";
    let asks = "DO $$ BEGIN IF to_regclass('z') IS NULL THEN RAISE EXCEPTION 'no z'; END IF; END $$";
    let is_open = |script: &str| {
        let script = format!("BEGIN;\nSET LOCAL lock_timeout = '5s';\n{script};\nCOMMIT;\n");
        let toml = format!(
            "baseline = [\"baseline.sql\"]\n{}leaves = [{{ what = \"z\", value = \"to_regclass('z') IS NOT NULL\", is = true }}]\n",
            tier(1, "tier.sql", None)
        );
        let found = findings(&toml, &[("baseline.sql", BASELINE), ("tier.sql", &script)]);
        found.iter().any(|finding| finding.rule == "unchecked-outcome")
    };
    assert!(!is_open(&format!("{made}; {asks}")));
    assert!(is_open(made));
    assert!(is_open(&format!("{made}; {asks}; DROP TABLE IF EXISTS z")));
    assert!(is_open(&format!(
        "{made}; DO $$ BEGIN IF to_regclass('account') IS NULL THEN RAISE EXCEPTION 'x'; END IF; END $$"
    )));
}

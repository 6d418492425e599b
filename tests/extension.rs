//! What is known of the functions of extensions is what PostgreSQL knows of them.

#[path = "support/packages.rs"]
mod packages;

use std::collections::BTreeSet;

use packages::{findings, tier};
use roof_lint::cluster::Cluster;

const KNOWN: &str = include_str!("../src/builtin/extension.txt");

/// Extension, function, weakest volatility of all that bear the name.
const FUNCTIONS: &str = "\
SELECT string_agg(format('%s %s %s', of, name, volatility), E'\\n')
FROM (
    SELECT e.extname AS of, p.proname AS name,
        max(CASE p.provolatile WHEN 'v' THEN 'v' WHEN 's' THEN 's' ELSE 'i' END) AS volatility
    FROM pg_extension AS e
    JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    WHERE NOT p.proargtypes::oid[] && ARRAY['internal'::regtype::oid, 'cstring'::regtype::oid]
    GROUP BY e.extname, p.proname
) AS functions";

#[test]
fn the_functions_of_extensions_are_those_of_postgresql() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let sql = |text: &str| cluster.sql("postgres", text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    let mut extensions: BTreeSet<&str> = KNOWN.lines().filter_map(|line| line.split(' ').next()).collect();
    // Another version of PostgreSQL may bring more functions and lack an extension.
    let is_same = sql("SHOW server_version_num").trim().starts_with("15");
    let available = sql("SELECT string_agg(name, ' ') FROM pg_available_extensions");
    extensions.retain(|extension| is_same || available.split_whitespace().any(|name| name == *extension));
    for extension in &extensions {
        sql(&format!("CREATE EXTENSION IF NOT EXISTS \"{extension}\" CASCADE"));
    }
    let told = sql(FUNCTIONS);
    let told: BTreeSet<&str> = told.lines().filter(|line| !line.starts_with("plpgsql ")).collect();
    let is_there = |line: &&str| line.split(' ').next().is_some_and(|extension| extensions.contains(extension));
    let known: BTreeSet<&str> = KNOWN.lines().filter(is_there).collect();
    let unknown: Vec<_> = known.difference(&told).collect();
    let missing: Vec<_> = told.difference(&known).filter(|_| is_same).collect();
    assert!(unknown.is_empty() && missing.is_empty(), "not there: {unknown:?}; not known: {missing:?}");
}

#[test]
fn a_function_of_an_extension_is_known_where_that_is_there() {
    let table = "CREATE TABLE token (id int PRIMARY KEY, hash text, number uuid, tag text);\n";
    let forward = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n\
        INSERT INTO token VALUES (1, crypt('guest', gen_salt('bf')), uuid_generate_v4(), 'R7') ON CONFLICT (id) DO NOTHING;\n\
        UPDATE token SET hash = encode(public.digest(hash, 'sha256'), 'hex') WHERE tag = 'R7' AND hash LIKE '$%';\nCOMMIT;\n";
    let back = "BEGIN;\nSET LOCAL lock_timeout = '5s';\nDELETE FROM token WHERE tag = 'R7';\nCOMMIT;\n";
    let toml = format!(
        "baseline = [\"baseline.sql\"]\ntags = [\"R7\"]\ntag-columns = [\"tag\"]\n{}",
        tier(1, "tier.sql", Some("rollback.sql"))
    );
    let told = |extensions: &str| {
        let baseline = format!("{extensions}{table}");
        let found =
            findings(&toml, &[("baseline.sql", &baseline), ("tier.sql", forward), ("rollback.sql", back)]).into_iter();
        found.map(|finding| (finding.rule, finding.message)).collect::<Vec<_>>()
    };
    assert_eq!(told("CREATE EXTENSION pgcrypto;\nCREATE EXTENSION \"uuid-ossp\";\n"), []);
    let unknown = told("CREATE EXTENSION pgcrypto;\n");
    assert!(unknown.iter().any(|(_, message)| message.contains("uuid_generate_v4")), "{unknown:?}");
    assert!(!unknown.iter().any(|(_, message)| message.contains("digest")), "{unknown:?}");
}

#[test]
fn what_runs_a_query_from_a_text_may_do_anything() {
    let forward = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n\
        SELECT * FROM crosstab('SELECT 1, 2, 3') AS counted (row int, one int);\nCOMMIT;\n";
    let toml = format!("baseline = [\"baseline.sql\"]\n{}", tier(1, "tier.sql", None));
    let found = findings(&toml, &[("baseline.sql", "CREATE EXTENSION tablefunc;\n"), ("tier.sql", forward)]);
    let told = found.iter().find(|finding| finding.rule == "not-analysed");
    assert!(told.is_some_and(|finding| finding.message.contains("crosstab")), "{found:?}");
}

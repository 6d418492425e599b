//! What the functions do that the extensions bring which come with PostgreSQL.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Builtin;

/// Volatile functions that change nothing that outlives the session, but for the row that a trigger calls them for.
const HARMLESS: &[&str] = &[
    "gen_random_bytes",
    "gen_random_uuid",
    "gen_salt",
    "insert_username",
    "moddatetime",
    "normal_rand",
    "pgp_pub_encrypt",
    "pgp_pub_encrypt_bytea",
    "pgp_sym_encrypt",
    "pgp_sym_encrypt_bytea",
    "set_limit",
    "triggered_change_notification",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
];

/// They run the query that a text holds: a function in it may do anything.
const RUNNING: &[&str] = &["connectby", "crosstab", "crosstab2", "crosstab3", "crosstab4", "xpath_table"];

/// The extensions that bring a function of that name, and what it does.
pub fn brought(function: &str) -> impl Iterator<Item = (&'static str, Builtin)> + use<'_> {
    let known = table().get(function).map(Vec::as_slice).unwrap_or_default();
    known.iter().map(move |(extension, volatility)| {
        let does = match volatility {
            'i' => Builtin::Pure,
            's' if !RUNNING.contains(&function) => Builtin::Reads,
            'v' if HARMLESS.contains(&function) => Builtin::Reads,
            _ => Builtin::Acts,
        };
        (*extension, does)
    })
}

/// By the name of a function the extensions that bring one, each with the weakest volatility of all its functions
/// of that name: `pg_depend` and `pg_proc` of PostgreSQL 15. Those that take `internal` or `cstring` are left out.
fn table() -> &'static HashMap<&'static str, Vec<(&'static str, char)>> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<(&'static str, char)>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<&str, Vec<(&str, char)>> = HashMap::new();
        for line in include_str!("extension.txt").lines() {
            if let [extension, function, volatility] = line.split(' ').collect::<Vec<_>>()[..]
                && let Some(volatility) = volatility.chars().next()
            {
                table.entry(function).or_default().push((extension, volatility));
            }
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_extensions_are_told_apart() {
        let does = |function: &str| brought(function).next();
        assert_eq!(does("digest"), Some(("pgcrypto", Builtin::Pure)));
        assert_eq!(does("unaccent"), Some(("unaccent", Builtin::Reads)));
        assert_eq!(does("uuid_generate_v4"), Some(("uuid-ossp", Builtin::Reads)));
        assert_eq!(does("crosstab"), Some(("tablefunc", Builtin::Acts)));
        assert_eq!(does("dblink_exec"), Some(("dblink", Builtin::Acts)));
        assert_eq!(does("fn_governance_scan"), None);
    }

    #[test]
    fn every_exception_is_one() {
        let volatility = |name: &str| table().get(name).and_then(|known| known.iter().map(|(_, v)| *v).max());
        assert!(HARMLESS.iter().all(|name| volatility(name) == Some('v')));
        assert!(RUNNING.iter().all(|name| volatility(name) == Some('s')));
    }
}

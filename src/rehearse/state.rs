//! How many objects and rows a database has, how two such counts differ, and whether they
//! differ as a tier says they should.

use std::collections::BTreeMap;

use super::report::Check;
use crate::cluster::Cluster;
use crate::config::{Adds, Rows};
use crate::fault::Fault;

/// The counts come as `kind|name|number`; the second query writes one query per table.
const COUNT: &str = r"
SELECT 'object', kind, count(oid)
FROM (VALUES ('tables', '{r,p}'::text[]), ('views', '{v,m}')) AS kinds (kind, relkinds)
LEFT JOIN pg_class ON relkind::text = ANY (relkinds) AND relnamespace = 'public'::regnamespace
GROUP BY kind;
SELECT 'object', 'functions', count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace;
SELECT format('SELECT ''rows'', %L, count(*) FROM ONLY public.%I', relname, relname)
FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
\gexec
";

/// The number of objects in the schema `public`, and of rows in each of its tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Objects by kind: `tables`, `views`, `functions`.
    pub objects: BTreeMap<String, i64>,
    /// Rows by table.
    pub rows: BTreeMap<String, i64>,
}

/// What one state has more than another; only what differs is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Objects by kind.
    pub objects: BTreeMap<String, i64>,
    /// Rows by table; a table that one of the states lacks has no rows there.
    pub rows: BTreeMap<String, i64>,
}

impl State {
    /// Counts what is in a database.
    pub fn take(cluster: &Cluster, database: &str) -> Result<Self, Fault> {
        let mut state = Self::default();
        for line in cluster.sql(database, COUNT)?.lines() {
            let counted = line.split_once('|').and_then(|(kind, rest)| {
                let (name, number) = rest.rsplit_once('|')?;
                Some((kind, name.to_owned(), number.parse().ok()?))
            });
            match counted {
                Some(("object", name, number)) => state.objects.insert(name, number),
                Some(("rows", name, number)) => state.rows.insert(name, number),
                _ => return Err(Fault::new(format!("psql counted \"{line}\", which is no count"))),
            };
        }
        Ok(state)
    }
}

impl Changes {
    /// What `after` has more than `before`.
    pub fn between(before: &State, after: &State) -> Self {
        Self { objects: surplus(&before.objects, &after.objects), rows: surplus(&before.rows, &after.rows) }
    }
}

fn surplus(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let count = |counts: &BTreeMap<String, i64>, name: &str| counts.get(name).copied().unwrap_or(0);
    before
        .keys()
        .chain(after.keys())
        .map(|name| (name.clone(), count(after, name) - count(before, name)))
        .filter(|(_, difference)| *difference != 0)
        .collect()
}

/// Holds the changes of a tier against what it says it adds: a check for each number that it
/// names, and one for everything that it does not name.
pub(super) fn compare(adds: &Adds, changes: &Changes) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut others = Vec::new();
    for (kind, expected) in [("tables", adds.tables), ("views", adds.views), ("functions", adds.functions)] {
        let found = changes.objects.get(kind).copied().unwrap_or(0);
        if expected != 0 {
            checks.push(Check::new(kind, &format!("{expected:+}"), &format!("{found:+}")));
        } else if found != 0 {
            others.push(format!("{found:+} {kind}"));
        }
    }
    for (table, expected) in &adds.rows {
        let found = changes.rows.get(table).copied().unwrap_or(0);
        let what = format!("rows in {table}");
        checks.push(match expected {
            Rows::Exactly(expected) => Check::new(&what, &format!("{expected:+}"), &format!("{found:+}")),
            Rows::Guarded => Check { holds: found >= 1, ..Check::new(&what, ">= 1", &format!("{found:+}")) },
        });
    }
    let unlisted = changes.rows.iter().filter(|(table, _)| !adds.rows.contains_key(*table));
    others.extend(unlisted.map(|(table, found)| format!("{found:+} rows in {table}")));
    let found = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
    checks.push(Check::new("any other number", "none", &found));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, i64)]) -> BTreeMap<String, i64> {
        of.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
    }

    #[test]
    fn changes_hold_only_what_differs() {
        let before = State { objects: counts(&[("tables", 2), ("views", 1)]), rows: counts(&[("a", 1), ("gone", 3)]) };
        let after = State { objects: counts(&[("tables", 2), ("views", 4)]), rows: counts(&[("a", 1), ("new", 2)]) };
        let changes = Changes::between(&before, &after);
        assert_eq!(changes.objects, counts(&[("views", 3)]));
        assert_eq!(changes.rows, counts(&[("gone", -3), ("new", 2)]));
    }

    #[test]
    fn every_listed_number_is_exact_and_nothing_else_may_change() {
        let rows = BTreeMap::from([("a".to_owned(), Rows::Exactly(2)), ("b".to_owned(), Rows::Guarded)]);
        let adds = Adds { views: 1, rows, ..Adds::default() };
        let verdicts = |changes: &Changes| compare(&adds, changes).iter().map(|check| check.holds).collect::<Vec<_>>();
        let good = Changes { objects: counts(&[("views", 1)]), rows: counts(&[("a", 2), ("b", 9)]) };
        assert_eq!(verdicts(&good), [true, true, true, true]);
        let bad = Changes { objects: counts(&[("tables", 1)]), rows: counts(&[("a", 3), ("c", 1)]) };
        assert_eq!(verdicts(&bad), [false, false, false, false]);
        assert_eq!(
            compare(&adds, &bad).last().map(|check| check.found.clone()),
            Some("+1 tables, +1 rows in c".into())
        );
    }
}

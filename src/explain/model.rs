//! What a reviewer wants to know of a package, as data: what each tier makes, adds, locks,
//! demands and proves, and where. All of it from the runs of the scripts.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Executor;
use super::course::{Course, Demand};
use super::order::{self, Undo};
use super::probe::{self, Measure, Probe};
use crate::case::{Case, Pass};
use crate::catalog::{Catalog, Key, Kind};
use crate::config::{self, Rows as Declared};
use crate::effect::{At, Ident, Name};
use crate::flow::What;
use crate::ledger::Insertion;
use crate::package::Role;

/// What is to be said of a package.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The database that it may run in.
    pub database: String,
    /// What must stay as it is.
    pub invariants: Vec<Measure>,
    /// What the release comes to.
    pub end_state: Vec<Measure>,
    /// What runs the whole release.
    pub executors: Vec<Executor>,
    /// The scripts that only read, in the order in which they run.
    pub probes: Vec<Probe>,
    /// The tiers in the order in which they run.
    pub tiers: Vec<Tier>,
    /// The rollback of the whole release.
    pub full: Option<Undo>,
    /// Settings that have to be in effect while anything is locked.
    pub timeouts: Vec<String>,
}

/// One tier.
#[derive(Debug, Clone)]
pub struct Tier {
    /// Its number.
    pub number: u32,
    /// Its title.
    pub name: String,
    /// Its script.
    pub script: String,
    /// Its row in `lint.toml`.
    pub at: At,
    /// Whether its script was run at all.
    pub is_run: bool,
    /// The rollout table against the effects.
    pub rollout: Vec<Entry>,
    /// The objects that are there after it and not before.
    pub objects: Vec<Object>,
    /// The objects that are otherwise after it, and those that it takes away.
    pub altered: Vec<(String, At)>,
    /// The rows that it adds, table by table.
    pub rows: Vec<Rows>,
    /// What must hold to enter it.
    pub demands: Vec<Demand>,
    /// What must hold before it commits.
    pub proofs: Vec<Demand>,
    /// Its way from BEGIN to COMMIT.
    pub course: Course,
    /// What undoes it: its own rollback, or the full one.
    pub undo: Option<Undo>,
}

/// One number of the rollout table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Of what.
    pub what: String,
    /// What `lint.toml` says, if it does.
    pub declared: Option<String>,
    /// What the effects say; none where only the database can tell.
    pub derived: Option<String>,
    /// Whether the two are the same; none where that cannot be told.
    pub agrees: Option<bool>,
}

/// An object that a tier makes.
#[derive(Debug, Clone)]
pub struct Object {
    /// The object.
    pub key: Key,
    /// Where it is made.
    pub at: At,
    /// What it reads or refers to.
    pub needs: Vec<Key>,
    /// Its foreign keys: the name, and the parent.
    pub parents: Vec<(String, Key)>,
}

/// The rows that a tier adds to one table.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The table.
    pub table: String,
    /// How many, where the text says so.
    pub count: Option<usize>,
    /// Whether only triggers add them.
    pub by_trigger: bool,
    /// Their tags, by column.
    pub tags: BTreeMap<String, BTreeSet<String>>,
    /// The statements.
    pub at: Vec<At>,
}

impl Model {
    /// What is to be said of a package that was run.
    #[must_use]
    pub fn of(case: &Case<'_>) -> Self {
        let probes = probe::all(case);
        Self {
            name: case.package.name.get_ref().clone(),
            database: case.package.database.get_ref().clone(),
            invariants: probe::measures(&case.goals.invariants, &probes),
            end_state: probe::measures(&case.goals.end_state, &probes),
            executors: Executor::all(case),
            probes,
            tiers: (0..case.package.tier.len()).filter_map(|index| tier(case, index)).collect(),
            full: order::full(case),
            timeouts: case.package.timeouts.iter().map(|name| name.get_ref().clone()).collect(),
        }
    }
}

fn tier(case: &Case<'_>, index: usize) -> Option<Tier> {
    let row = case.package.tier.get(index)?;
    let pass = case.passes.iter().find(|pass| pass.role == Role::Tier(index) && !pass.repeat);
    let script = case.scripts.iter().find(|script| script.role == Role::Tier(index));
    let mut tier = Tier {
        number: *row.number.get_ref(),
        name: row.name.clone(),
        script: script.map(|script| script.path.clone()).unwrap_or_default(),
        at: case.configured(&row.number.span()),
        is_run: pass.is_some(),
        rollout: Vec::new(),
        objects: Vec::new(),
        altered: Vec::new(),
        rows: rows(case, index),
        demands: Vec::new(),
        proofs: Vec::new(),
        course: Course::default(),
        undo: None,
    };
    let Some(pass) = pass else { return Some(tier) };
    tier.rollout = rollout(row.adds.as_ref(), pass, &tier.rows);
    (tier.objects, tier.altered) = objects(pass);
    let goals =
        case.goals.database.iter().chain(&case.goals.gates).chain(case.goals.enter.get(index).into_iter().flatten());
    tier.demands = goals.map(|goal| Demand::to_enter(pass, goal)).collect();
    tier.proofs = case.goals.leave.get(index).into_iter().flatten().map(|goal| Demand::to_leave(pass, goal)).collect();
    tier.course = Course::of(pass, &tier.demands.iter().chain(&tier.proofs).collect::<Vec<_>>());
    tier.undo = order::of_tier(case, index, &tier);
    Some(tier)
}

/// A relation as a reader calls it: the schema only where it is not `public`.
pub(super) fn called(name: &Name) -> String {
    match name.schema.as_deref() {
        None | Some("public") => name.name.to_string(),
        Some(schema) => format!("{schema}.{}", name.name),
    }
}

fn rows(case: &Case<'_>, index: usize) -> Vec<Rows> {
    let added = case.added.get(index).map(|added| &**added).unwrap_or_default();
    let mut by_table: BTreeMap<String, Vec<&Insertion>> = BTreeMap::new();
    for insertion in added.iter().filter(|insertion| !insertion.table.is_temporary()) {
        by_table.entry(called(&insertion.table)).or_default().push(insertion);
    }
    let columns: Vec<&str> = case.package.tag_columns.iter().map(|column| column.get_ref().as_str()).collect();
    let of_table = |(table, insertions): (String, Vec<&Insertion>)| {
        let counts = insertions.iter().map(|insertion| insertion.rows.filter(|_| insertion.certain));
        let mut tags: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (column, values) in insertions.iter().flat_map(|insertion| &insertion.values) {
            if columns.contains(&column.as_str()) {
                tags.entry(column.to_string()).or_default().extend(values.iter().map(Ident::to_string));
            }
        }
        Rows {
            table,
            count: counts.sum(),
            by_trigger: insertions.iter().all(|insertion| insertion.by_trigger),
            tags,
            at: distinct(insertions.iter().map(|insertion| insertion.at)),
        }
    };
    by_table.into_iter().map(of_table).collect()
}

/// The places, each once: places are equal to one another, their bytes are not.
pub(super) fn distinct(places: impl IntoIterator<Item = At>) -> Vec<At> {
    let mut seen = BTreeSet::new();
    places.into_iter().filter(|at| seen.insert(bytes(*at))).collect()
}

/// What tells a place from others.
pub(super) fn bytes(at: At) -> (usize, usize, usize) {
    (at.file().index(), at.span().start, at.span().end)
}

fn rollout(adds: Option<&config::Adds>, pass: &Pass<'_>, rows: &[Rows]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for kind in ["table", "view", "function"] {
        let declared = adds.map(|adds| match kind {
            "table" => adds.tables,
            "view" => adds.views,
            _ => adds.functions,
        });
        let (more, fewer) = pass.run.end.catalog.count_change(&pass.start, kind);
        let net = i64::try_from(more.len()).unwrap_or(i64::MAX) - i64::try_from(fewer).unwrap_or(i64::MAX);
        if net != 0 || declared.unwrap_or(0) != 0 {
            entries.push(Entry {
                what: format!("{kind}s"),
                declared: declared.map(|number| number.to_string()),
                derived: Some(net.to_string()),
                agrees: declared.map(|number| number == net),
            });
        }
    }
    let empty = BTreeMap::new();
    let declared = adds.map_or(&empty, |adds| &adds.rows);
    // `lint.toml` calls a table by its name alone, or with its schema.
    let is_meant = |written: &str, table: &str| {
        let last = table.rsplit('.').next().unwrap_or_default();
        written == table || written == last || written.strip_prefix("public.") == Some(table)
    };
    for one in rows {
        let wanted = declared.iter().find(|(written, _)| is_meant(written, &one.table)).map(|(_, wanted)| wanted);
        let derived = one.count.map(|count| count.to_string());
        let agrees = match (wanted, one.count) {
            (Some(Declared::Exactly(number)), Some(count)) => Some(i64::try_from(count).ok() == Some(*number)),
            (Some(Declared::Guarded), Some(count)) => Some(count > 0),
            (Some(_), None) => None,
            (None, _) => (adds.is_some() && !one.by_trigger).then_some(false),
        };
        entries.push(Entry { what: format!("rows of {}", one.table), declared: wanted.map(words), derived, agrees });
    }
    for (table, wanted) in declared {
        if !rows.iter().any(|one| is_meant(table, &one.table)) {
            let agrees = Some(*wanted == Declared::Exactly(0));
            let derived = Some("0".to_owned());
            entries.push(Entry { what: format!("rows of {table}"), declared: Some(words(wanted)), derived, agrees });
        }
    }
    entries
}

fn words(rows: &Declared) -> String {
    match rows {
        Declared::Exactly(number) => number.to_string(),
        Declared::Guarded => "at least 1".to_owned(),
    }
}

fn objects(pass: &Pass<'_>) -> (Vec<Object>, Vec<(String, At)>) {
    let end = &pass.run.end.catalog;
    let mut made = Vec::new();
    let mut altered = Vec::new();
    for key in end.left_over(&pass.start) {
        let at = end.made_at(&key).unwrap_or_default();
        if !end.contains(&key) || pass.start.contains(&key) {
            altered.push((format!("changes the {key}"), at));
        } else {
            made.push(Object { at, needs: relations(end, &key), parents: parents(end, &key), key });
        }
    }
    // What stands where is the order in which it is read.
    made.sort_by_key(|object| bytes(object.at));
    for event in pass.run.events.iter().filter(|event| event.reachable) {
        let What::Define { outcome, .. } = &event.what else { continue };
        for dropped in outcome.dropped.iter().filter(|dropped| !dropped.automatic && dropped.key.schema != "pg_temp") {
            if pass.start.contains(&dropped.key) && !end.contains(&dropped.key) {
                altered.push((format!("drops the {}", dropped.key), event.at));
            }
        }
    }
    (made, altered)
}

/// The relations and routines that an object reads or refers to, without itself.
pub(super) fn relations(catalog: &Catalog, key: &Key) -> Vec<Key> {
    let whole = |needed: Key| match needed.kind {
        Kind::Column => catalog.relation_key(&needed.relation()),
        _ if needed.kind.is_relation() || needed.kind.is_routine() => Some(needed),
        _ => None,
    };
    let found: BTreeSet<Key> = catalog.needs(key).into_iter().filter_map(whole).collect();
    found.into_iter().filter(|needed| needed != key && needed.kind != Kind::Index).collect()
}

/// The foreign keys of a table to others.
pub(super) fn parents(catalog: &Catalog, key: &Key) -> Vec<(String, Key)> {
    let found = catalog.foreign_keys(key).into_iter().filter(|one| one.parent != *key);
    found.map(|one| (one.constraint.part.unwrap_or_default().to_string(), one.parent)).collect()
}

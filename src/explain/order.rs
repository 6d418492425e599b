//! What a rollback undoes, statement by statement, and why in that order. Judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::course::{Course, Demand};
use super::model::{Tier, bytes, called, parents, relations};
use crate::case::{Case, Pass, origin};
use crate::catalog::{Catalog, Key, Kind};
use crate::effect::{At, Ident};
use crate::flow::{ChangeKind, Event, What};
use crate::package::Role;

/// A rollback.
#[derive(Debug, Clone)]
pub struct Undo {
    /// Its script.
    pub script: String,
    /// The psql setting that makes it undo this tier alone.
    pub setting: Option<String>,
    /// Whether it undoes the whole release.
    pub is_full: bool,
    /// What it does, in order; of the full one, for a tier, what concerns that tier.
    pub steps: Vec<Step>,
    /// What the tier makes and no step undoes.
    pub left: Vec<(String, At)>,
    /// What must hold to begin, as far as the script makes sure of it; the database always.
    pub demands: Vec<Demand>,
    /// Its way from BEGIN to COMMIT; that of the whole release is empty where one tier is
    /// spoken of.
    pub course: Course,
}

/// One thing that a rollback takes away or changes.
#[derive(Debug, Clone)]
pub struct Step {
    /// The statement.
    pub at: At,
    /// What it does to what.
    pub what: Undone,
    /// What had made that.
    pub made: Vec<At>,
    /// The tier that had made it, an index of [`super::Model::tiers`].
    pub tier: Option<usize>,
    /// Why it comes before later steps.
    pub why: Vec<String>,
}

/// What a step undoes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// An object is dropped.
    Object(Key),
    /// It is dropped because what it needs is, by CASCADE.
    Cascade(Key),
    /// Rows of a table are deleted.
    Deleted(String),
    /// Rows of a table are changed.
    Changed(String),
    /// A table is emptied.
    Emptied(String),
    /// An object is altered: what, and what about it.
    Altered(Key, String),
}

impl Undone {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Object(key) => format!("drops the {key}"),
            Self::Cascade(key) => format!("drops the {key} by CASCADE"),
            Self::Deleted(table) => format!("deletes rows of {table}"),
            Self::Changed(table) => format!("changes rows of {table}"),
            Self::Emptied(table) => format!("empties {table}"),
            Self::Altered(key, what) => format!("{} the {key}", alters(what)),
        }
    }
}

/// What is done to an object, in words that its kind and its name follow.
pub(super) fn alters(what: &str) -> String {
    let words = match what {
        "granted" | "revoked" => "changes the privileges on",
        "replaced" => "replaces",
        "renamed" => "gives another name to",
        "schema" => "gives another schema to",
        "perhaps dropped" => "may drop",
        "validated" => "validates",
        "not null" => "forbids NULL in",
        "null" => "allows NULL in",
        "no identity" => "takes the identity from",
        "no expression" => "takes the expression from",
        "inherit" => "gives a parent to",
        "no inherit" => "takes a parent from",
        "attached" => "attaches",
        "detached" => "detaches",
        "add value" => "adds a label to",
        "rename value" => "renames a label of",
        other => return format!("changes the {other} of"),
    };
    words.to_owned()
}

/// What of an object is altered: the one undoes the other.
fn aspect(what: &str) -> &str {
    match what {
        "revoked" => "granted",
        "null" => "not null",
        "no identity" => "identity",
        "no expression" => "expression",
        "no inherit" => "inherit",
        "detached" => "attached",
        other => other,
    }
}

/// Where the tiers that a rollback undoes alter the same of an object, by tier.
fn altered_by<'c>(case: &'c Case<'_>, pass: &Pass<'_>, key: &'c Key, what: &'c str) -> Vec<(usize, Vec<At>)> {
    let is_it = |(altered, how): &(Key, Ident)| altered == key && aspect(how) == aspect(what);
    let of = |tier: &Pass<'_>| {
        let alters = |event: &&Event<'_>| match &event.what {
            What::Define { outcome, .. } => event.reachable && outcome.altered.iter().any(is_it),
            _ => false,
        };
        tier.run.events.iter().filter(alters).map(|event| event.at).collect::<Vec<At>>()
    };
    let undone = case.tiers.iter().filter_map(|tier| match (tier.role, pass.role) {
        (Role::Tier(number), Role::Rollback(only)) if number != only => None,
        (Role::Tier(number), _) => Some((number, of(tier))),
        _ => None,
    });
    undone.filter(|(_, at)| !at.is_empty()).collect()
}

/// The rollback of the whole release.
pub(super) fn full(case: &Case<'_>) -> Option<Undo> {
    let pass = case.passes.iter().find(|pass| pass.role == Role::FullRollback && !pass.repeat)?;
    Some(undo(case, pass, true))
}

/// What undoes a tier: its own rollback, or what of the full one concerns it.
pub(super) fn of_tier(case: &Case<'_>, index: usize, tier: &Tier) -> Option<Undo> {
    let own = case.passes.iter().find(|pass| pass.role == Role::Rollback(index) && !pass.repeat);
    let mut found = match own {
        Some(pass) => {
            let mut found = undo(case, pass, false);
            let row = case.package.tier.get(index)?;
            found.setting = row.undo.as_ref().filter(|_| row.rollback.is_none()).map(|undo| undo.get_ref().clone());
            found
        }
        None => {
            let mut found = full(case)?;
            found.steps.retain(|step| step.tier == Some(index));
            found.course = Course::default();
            found
        }
    };
    let gone: BTreeSet<&Key> = found
        .steps
        .iter()
        .filter_map(|step| match &step.what {
            Undone::Object(key) | Undone::Cascade(key) => Some(key),
            _ => None,
        })
        .collect();
    let tables: BTreeSet<String> = gone.iter().map(|key| called(&key.relation())).collect();
    let objects = tier.objects.iter().filter(|object| !gone.contains(&object.key));
    let mut left: Vec<(String, At)> = objects.map(|object| (object.key.to_string(), object.at)).collect();
    for rows in tier.rows.iter().filter(|rows| !tables.contains(&rows.table)) {
        let undone = found.steps.iter().any(|step| match &step.what {
            Undone::Deleted(table) | Undone::Changed(table) | Undone::Emptied(table) => *table == rows.table,
            _ => false,
        });
        if !undone {
            left.push((format!("rows of {}", rows.table), rows.at.first().copied().unwrap_or_default()));
        }
    }
    found.left = left;
    Some(found)
}

fn undo(case: &Case<'_>, pass: &Pass<'_>, is_full: bool) -> Undo {
    let mut steps = steps(case, pass);
    reasons(&mut steps, &pass.start);
    let script = case.script(pass).map(|script| script.path.clone()).unwrap_or_default();
    let database = case.goals.database.iter().map(|goal| Demand::to_enter(pass, goal));
    let gates = case.goals.gates.iter().map(|goal| Demand::to_enter(pass, goal)).filter(|gate| gate.is_sure);
    let demands: Vec<Demand> = database.chain(gates).collect();
    let course = Course::of(pass, &demands.iter().collect::<Vec<_>>());
    Undo { script, setting: None, is_full, steps, left: Vec::new(), demands, course }
}

fn steps(case: &Case<'_>, pass: &Pass<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut seen = BTreeSet::new();
    for event in pass.run.events.iter().filter(|event| event.reachable) {
        match &event.what {
            What::Define { outcome, .. } => {
                for dropped in outcome.dropped.iter().filter(|dropped| !dropped.automatic) {
                    if dropped.key.schema == "pg_temp" {
                        continue;
                    }
                    let key = dropped.key.clone();
                    let tier = dropped.origin.checked_sub(origin::TIERS).and_then(|tier| usize::try_from(tier).ok());
                    let what = if dropped.cascade_from.is_some() { Undone::Cascade(key) } else { Undone::Object(key) };
                    let tier = tier.filter(|tier| *tier < case.package.tier.len());
                    steps.push(Step { at: event.at, what, made: vec![dropped.made_at], tier, why: Vec::new() });
                }
                for (key, what) in outcome.altered.iter().filter(|(key, _)| key.schema != "pg_temp") {
                    let (tier, made) = by_tiers(altered_by(case, pass, key, what));
                    let what = Undone::Altered(key.clone(), what.to_string());
                    steps.push(Step { at: event.at, what, made, tier, why: Vec::new() });
                }
            }
            What::Change(change) if change.kind != ChangeKind::Insert && !change.relation.is_temporary() => {
                let table = called(&change.relation);
                if !seen.insert((bytes(event.at), table.clone(), change.kind)) {
                    continue;
                }
                let what = match change.kind {
                    ChangeKind::Delete => Undone::Deleted(table.clone()),
                    ChangeKind::Update => Undone::Changed(table.clone()),
                    _ => Undone::Emptied(table.clone()),
                };
                let of = |tier: &usize| {
                    let added = case.added.get(*tier).into_iter().flat_map(|added| added.iter());
                    added.filter(|insertion| called(&insertion.table) == table).map(|insertion| insertion.at).collect()
                };
                let only = match pass.role {
                    Role::Rollback(tier) => Some(tier),
                    _ => None,
                };
                let tiers = (0..case.added.len()).filter(|tier| only.is_none_or(|only| only == *tier));
                let made: Vec<(usize, Vec<At>)> = tiers.map(|tier| (tier, of(&tier))).collect();
                let made: Vec<(usize, Vec<At>)> = made.into_iter().filter(|(_, at)| !at.is_empty()).collect();
                let (tier, made) = by_tiers(made);
                steps.push(Step { at: event.at, what, made, tier, why: Vec::new() });
            }
            _ => {}
        }
    }
    steps
}

/// The only tier of some, and all places.
fn by_tiers(made: Vec<(usize, Vec<At>)>) -> (Option<usize>, Vec<At>) {
    let tier = match made.as_slice() {
        [(tier, _)] => Some(*tier),
        _ => None,
    };
    (tier, super::model::distinct(made.into_iter().flat_map(|(_, at)| at)))
}

/// What stands in the way of doing a later step first.
fn reasons(steps: &mut [Step], start: &Catalog) {
    let keys: BTreeMap<String, Key> = steps
        .iter()
        .filter_map(|step| match &step.what {
            Undone::Object(key) | Undone::Cascade(key) if key.kind.is_relation() => {
                Some((called(&key.relation()), key.clone()))
            }
            Undone::Deleted(table) | Undone::Emptied(table) => Some((table.clone(), table_key(start, table)?)),
            _ => None,
        })
        .collect();
    // What each step stands on, with the reason.
    let stands: Vec<Vec<(Key, String)>> = steps
        .iter()
        .map(|step| match &step.what {
            Undone::Object(key) => {
                let fk = parents(start, key).into_iter().map(|(name, parent)| {
                    let why = format!("its foreign key {name} refers to the {parent}");
                    (parent, why)
                });
                let verb = if key.kind == Kind::View || key.kind == Kind::MaterializedView { "reads" } else { "needs" };
                let reads = relations(start, key).into_iter().map(|needed| {
                    let why = format!("it {verb} the {needed}");
                    (needed, why)
                });
                fk.chain(reads).collect()
            }
            Undone::Deleted(table) | Undone::Emptied(table) => {
                let Some(key) = keys.get(table) else { return Vec::new() };
                let fk = parents(start, key).into_iter().map(|(name, parent)| {
                    let why = format!("its rows refer to those of the {parent} by the foreign key {name}");
                    (parent, why)
                });
                fk.collect()
            }
            _ => Vec::new(),
        })
        .collect();
    for index in 0..steps.len() {
        let touched: BTreeSet<Key> = steps
            .iter()
            .skip(index + 1)
            .filter_map(|step| match &step.what {
                Undone::Object(key) | Undone::Cascade(key) => Some(key.clone()),
                Undone::Deleted(table) | Undone::Emptied(table) => keys.get(table).cloned(),
                _ => None,
            })
            .collect();
        let mut why: Vec<String> = Vec::new();
        for (needed, reason) in stands.get(index).into_iter().flatten() {
            if touched.contains(needed) && !why.contains(reason) {
                why.push(reason.clone());
            }
        }
        if let Some(step) = steps.get_mut(index) {
            step.why = why;
        }
    }
}

fn table_key(catalog: &Catalog, table: &str) -> Option<Key> {
    let (schema, name) = table.split_once('.').unwrap_or(("public", table));
    catalog.relation_key(&crate::effect::Name { schema: Some(schema.into()), name: name.into(), at: At::default() })
}

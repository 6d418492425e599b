//! What a reviewer wants to know of a package, as data: what each tier makes, adds, locks,
//! demands and proves, and where. All of it from the runs of the scripts.

use std::collections::{BTreeMap, BTreeSet};

use super::lock::{self, Mode};
use super::order::{self, Undo};
use crate::case::{Case, Goal, Pass};
use crate::catalog::{Catalog, Key, Kind, Outcome};
use crate::config::{self, Rows as Declared};
use crate::effect::{At, Expr, Ident, Name, Query, Visit, walk_expr, walk_query};
use crate::flow::{ChangeKind, Event, Known, What};
use crate::ledger::Insertion;
use crate::package::Role;

/// A condition stands at most so many bytes before its `RAISE`.
const NEAR: usize = 2000;

/// What is to be said of a package.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The database that it may run in.
    pub database: String,
    /// What must stay as it is: in words, and the value.
    pub invariants: Vec<(String, String, At)>,
    /// What the release comes to: in words, and the value.
    pub end_state: Vec<(String, String, At)>,
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
    /// The rows that it changes or removes: the table, what happens, where.
    pub changes: Vec<(String, &'static str, At)>,
    /// What it locks of what was there before.
    pub locks: Vec<Locked>,
    /// What must hold to enter it.
    pub demands: Vec<Demand>,
    /// What must hold before it commits.
    pub proofs: Vec<Demand>,
    /// Every check that can stop it: the condition and the `RAISE`.
    pub checks: Vec<(At, At)>,
    /// Its transactions.
    pub transactions: Vec<Transaction>,
    /// How many statements it is, for the timeline.
    pub length: usize,
    /// Settings that it makes.
    pub settings: Vec<Setting>,
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

/// A lock on something that was there before.
#[derive(Debug, Clone)]
pub struct Locked {
    /// What is locked.
    pub key: Key,
    /// The strongest mode.
    pub mode: Mode,
    /// The statement that takes it.
    pub at: At,
    /// From which statement of the tier to which.
    pub span: (usize, usize),
}

/// A condition of `lint.toml`.
#[derive(Debug, Clone)]
pub struct Demand {
    /// In words.
    pub what: String,
    /// Where `lint.toml` says so.
    pub at: At,
    /// Whether the script makes sure of it.
    pub is_sure: bool,
    /// The checks after which it is certain.
    pub by: Vec<At>,
}

/// A transaction.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its `BEGIN`.
    pub begin: At,
    /// Its `COMMIT`, if it comes.
    pub commit: Option<At>,
    /// From which statement to which.
    pub span: (usize, usize),
}

/// A setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Which.
    pub name: String,
    /// To what, if that can be told.
    pub value: Option<String>,
    /// Where.
    pub at: At,
}

impl Model {
    /// What is to be said of a package that was run.
    #[must_use]
    pub fn of(case: &Case<'_>) -> Self {
        let measures = |measures: &[config::Measure]| {
            let one = |it: &config::Measure| (it.what.clone(), shown(&it.is), case.configured(&it.value.span()));
            measures.iter().map(one).collect()
        };
        Self {
            name: case.package.name.get_ref().clone(),
            database: case.package.database.get_ref().clone(),
            invariants: measures(&case.package.invariant),
            end_state: measures(&case.package.end_state),
            tiers: (0..case.package.tier.len()).filter_map(|index| tier(case, index)).collect(),
            full: order::full(case),
            timeouts: case.package.timeouts.iter().map(|name| name.get_ref().clone()).collect(),
        }
    }
}

fn shown(value: &config::Value) -> String {
    match value {
        config::Value::Integer(number) => number.to_string(),
        config::Value::Boolean(truth) => truth.to_string(),
        config::Value::Text(text) => text.clone(),
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
        changes: Vec::new(),
        locks: Vec::new(),
        demands: Vec::new(),
        proofs: Vec::new(),
        checks: Vec::new(),
        transactions: Vec::new(),
        length: 0,
        settings: Vec::new(),
        undo: None,
    };
    let Some(pass) = pass else { return Some(tier) };
    tier.rollout = rollout(row.adds.as_ref(), pass, &tier.rows);
    (tier.objects, tier.altered) = objects(pass);
    let goals =
        case.goals.database.iter().chain(&case.goals.gates).chain(case.goals.enter.get(index).into_iter().flatten());
    tier.demands = goals.map(|goal| demand(pass, goal, true)).collect();
    tier.proofs = case.goals.leave.get(index).into_iter().flatten().map(|goal| demand(pass, goal, false)).collect();
    events(pass, &mut tier);
    tier.undo = order::of_tier(case, index, &tier);
    Some(tier)
}

/// Whether a relation lives for this session only.
pub(super) fn is_temporary(name: &Name) -> bool {
    name.schema.as_deref() == Some("pg_temp")
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
    for insertion in added.iter().filter(|insertion| !is_temporary(&insertion.table)) {
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
    // `lint.toml` calls a table by its name alone.
    let last = |table: &str| table.rsplit('.').next().unwrap_or_default().to_owned();
    for one in rows {
        let wanted = declared.get(&last(&one.table));
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
        if !rows.iter().any(|one| last(&one.table) == *table) {
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

fn demand(pass: &Pass<'_>, goal: &Goal, enters: bool) -> Demand {
    let events: Vec<&Event<'_>> = pass.run.events.iter().filter(|event| event.reachable).collect();
    let holds = |event: &Event<'_>| pass.holds(event, &goal.expr) == Known::Yes;
    let (until, is_sure) = if enters {
        let mut changes = events.iter().enumerate().filter(|(_, event)| changes(event));
        let first = changes.clone().next().map_or(events.len(), |(index, _)| index);
        (first, changes.all(|(_, event)| holds(event)))
    } else {
        let is_commit =
            |event: &&Event<'_>| matches!(event.what, What::Transaction(crate::effect::Transaction::Commit { .. }));
        let commit = events.iter().rposition(is_commit).unwrap_or(events.len().saturating_sub(1));
        (commit, events.get(commit).is_some_and(|event| holds(event)))
    };
    let mut by = Vec::new();
    if is_sure {
        let mut before = events.first().is_some_and(|event| holds(event));
        let mut check = None;
        for event in events.iter().take(until + 1) {
            let after = holds(event);
            match check {
                Some(at) if after && !before => by.push(at),
                _ => {}
            }
            before = after;
            check = match &event.what {
                What::Check { raise, stops: true, .. } => Some(*raise),
                What::Assert(_) => Some(event.at),
                _ => None,
            };
        }
    }
    let by = if enters { distinct(by) } else { distinct(by.pop()) };
    Demand { what: goal.what.clone(), at: goal.at, is_sure, by }
}

/// From the first token of a condition to its last, as far as it stands near its `RAISE`: a
/// variable in it stands for what was assigned elsewhere.
fn whole(condition: &Expr, raise: At) -> At {
    struct Places(At, At);
    impl Places {
        fn add(&mut self, at: At) {
            let is_near = at.span().end <= self.1.span().start && at.span().start + NEAR > self.1.span().start;
            if at.file() == self.1.file() && at.span().end > 0 && is_near {
                self.0 = if self.0.span().end > 0 { self.0.to(at) } else { at };
            }
        }
    }
    impl<'a> Visit<'a> for Places {
        fn expr(&mut self, expr: &'a Expr) {
            self.add(expr.at);
            walk_expr(self, expr);
        }
        fn query(&mut self, query: &'a Query) {
            self.add(query.at);
            walk_query(self, query);
        }
    }
    let mut places = Places(At::default(), raise);
    places.expr(condition);
    if places.0.span().end > 0 { places.0 } else { condition.at }
}

/// Whether it changes the database for longer than this session.
fn changes(event: &Event<'_>) -> bool {
    match &event.what {
        What::Change(change) => !is_temporary(&change.relation),
        What::Define { outcome, .. } => defines(outcome),
        What::Sequence(_) | What::Acts(_) => true,
        _ => false,
    }
}

fn defines(outcome: &Outcome) -> bool {
    let keys = outcome.made.iter().chain(outcome.dropped.iter().map(|dropped| &dropped.key));
    let mut keys = keys.chain(outcome.altered.iter().map(|(key, _)| key)).peekable();
    let temporary = keys.peek().is_some() && keys.all(|key| key.schema == "pg_temp");
    (outcome.changed || outcome.blurred || outcome.may_fail.is_some()) && !temporary
}

fn events(pass: &Pass<'_>, tier: &mut Tier) {
    let mut moment = 0;
    let mut place = None;
    let mut open: Vec<(Transaction, u32)> = Vec::new();
    let mut locks: BTreeMap<Key, (Locked, Option<u32>)> = BTreeMap::new();
    let mut changed = BTreeSet::new();
    for event in pass.run.events.iter().filter(|event| event.reachable) {
        if place != Some(bytes(event.outermost())) && !matches!(event.what, What::End) {
            place = Some(bytes(event.outermost()));
            moment += 1;
        }
        let block = match event.block {
            crate::flow::Block::Open { begin, number } => {
                match open.iter_mut().find(|(_, known)| *known == number) {
                    Some((transaction, _)) => transaction.span.1 = moment,
                    // Its BEGIN came just before.
                    None => {
                        let span = (moment.saturating_sub(1).max(1), moment);
                        open.push((Transaction { begin, commit: None, span }, number));
                    }
                }
                Some(number)
            }
            _ => None,
        };
        match &event.what {
            What::Transaction(crate::effect::Transaction::Commit { .. }) => {
                if let Some((transaction, _)) = open.iter_mut().find(|(_, known)| Some(*known) == block) {
                    transaction.commit = Some(event.at);
                }
            }
            What::Set { name, .. } => {
                let value = event.settings.get(name).and_then(|setting| setting.value.as_ref());
                let value = value.map(Ident::to_string);
                tier.settings.push(Setting { name: name.to_string(), value, at: event.at });
            }
            What::Check { condition, stops: true, raise } => tier.checks.push((whole(condition, *raise), *raise)),
            What::Assert(condition) => tier.checks.push((whole(condition, event.at), event.at)),
            What::Change(change) if change.kind != ChangeKind::Insert && !is_temporary(&change.relation) => {
                let what = match change.kind {
                    ChangeKind::Update => "changes rows of",
                    ChangeKind::Delete => "deletes rows from",
                    _ => "empties",
                };
                if changed.insert((bytes(event.at), called(&change.relation))) {
                    tier.changes.push((called(&change.relation), what, event.at));
                }
            }
            _ => {}
        }
        for (key, mode) in lock::of(&event.what, &pass.start, &pass.run.end.catalog) {
            // What the tier has made itself nobody else waits for.
            if !pass.start.contains(&key) || key.schema == "pg_temp" || key.schema == "pg_catalog" {
                continue;
            }
            let new = || (Locked { key: key.clone(), mode, at: event.outermost(), span: (moment, moment) }, block);
            let (known, _) = locks.entry(key.clone()).or_insert_with(new);
            if mode > known.mode {
                (known.mode, known.at) = (mode, event.outermost());
            }
        }
    }
    tier.length = moment;
    tier.locks = locks
        .into_values()
        .map(|(mut locked, block)| {
            // It is held until the transaction ends.
            let until = open.iter().find(|(_, number)| Some(*number) == block);
            locked.span.1 = until.map_or(locked.span.0, |(transaction, _)| transaction.span.1);
            locked
        })
        .collect();
    tier.locks.sort_by(|left, right| right.mode.cmp(&left.mode).then_with(|| left.key.cmp(&right.key)));
    tier.transactions = open.into_iter().map(|(transaction, _)| transaction).collect();
    let mut seen = BTreeSet::new();
    tier.checks.retain(|(_, raise)| seen.insert(bytes(*raise)));
}

//! What the reviewer's report says of locks, objects and rows, held against PostgreSQL itself
//! while the release and its rollbacks run on the clone.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use roof_lint::config::Config;
use roof_lint::explain::lock::Mode;
use roof_lint::explain::{Course, Model, Tier, Undo, Undone, explain};
use roof_lint::lint::Job;
use support::{Run, Site, repository};

/// What psql prints right before a COMMIT: the locks that the transaction holds.
const LOCKS: &str =
    "SELECT 'held', relation::oid, mode FROM pg_locks WHERE locktype = 'relation' AND pid = pg_backend_pid();\n";

const RELATIONS: &str =
    "SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace";

const ROWS: &str = "SELECT relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM public.%I', relname), \
     false, true, '')))[1] FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";

const ROUTINES: &str = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace";

const TRIGGERS: &str = "SELECT tgname || ' of ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal";

fn model(package: &str) -> Model {
    let text = fs::read_to_string(repository().join("lint.toml")).expect("lint.toml is there");
    let config = Config::parse("lint.toml", &text).expect("lint.toml is sound");
    let job = Job { directory: repository(), config, packages: vec![package.to_owned()] };
    let (_, mut models) = explain(job).expect("it runs");
    models.remove(0)
}

fn mode(word: &str) -> Mode {
    let same = |mode: &Mode| word == format!("{}lock", mode.word().replace(' ', "").to_lowercase());
    Mode::ALL.into_iter().find(same).unwrap_or_else(|| panic!("PostgreSQL knows {word}"))
}

/// The scripts of `sql/`, each of which says right before its COMMIT what it locks. What has
/// no transaction gets one: in it the locks that a statement takes are still there at the end.
fn scripts() -> tempfile::TempDir {
    let scripts = tempfile::tempdir().expect("a directory");
    for entry in walkdir::WalkDir::new(repository().join("sql")) {
        let entry = entry.expect("sql is readable");
        let to = scripts.path().join(entry.path().strip_prefix(repository()).expect("below it"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).expect("it is made");
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("it is readable");
        let told = if to.ends_with("phase1/90_verify.sql") {
            format!("BEGIN;\n{text}\n{LOCKS}COMMIT;\n")
        } else {
            text.replace("\nCOMMIT;", &format!("\n{LOCKS}COMMIT;"))
        };
        fs::write(to, told).expect("it is written");
    }
    scripts
}

/// The database at one moment.
struct State {
    /// The names of tables and views by their object identifiers.
    relations: BTreeMap<String, String>,
    /// The number of rows by table.
    rows: BTreeMap<String, i64>,
    /// Functions and triggers, as PostgreSQL writes them.
    others: BTreeSet<String>,
}

impl State {
    fn of(site: &Site) -> Self {
        let pairs = |sql: &str| -> BTreeMap<String, String> {
            let text = site.sql(sql);
            let pair = |line: &str| line.split_once('|').map(|(key, value)| (key.to_owned(), value.to_owned()));
            text.lines().filter_map(pair).collect()
        };
        let rows = pairs(ROWS).into_iter().map(|(table, count)| (table, count.parse().expect("a number")));
        let others = [ROUTINES, TRIGGERS].map(|sql| site.sql(sql)).join("\n");
        Self {
            relations: pairs(RELATIONS),
            rows: rows.collect(),
            others: others.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        }
    }

    fn names(&self) -> BTreeSet<String> {
        self.relations.values().cloned().collect()
    }
}

/// Runs a script and compares the locks on what was there before with those that are told.
#[track_caller]
fn compare_locks(site: &Site, scripts: &Path, script: &str, variables: &[&str], course: &Course) -> Run {
    let before = State::of(site).relations;
    let script = scripts.join(script);
    let run = site.run_file(script.to_str().expect("a path"), variables);
    run.succeeds();
    let mut held: BTreeMap<String, Mode> = BTreeMap::new();
    for line in run.stdout.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["held", relation, word] = cells.as_slice()
            && let Some(name) = before.get(*relation)
        {
            let mode = mode(&word.to_lowercase());
            let known = held.entry(name.clone()).or_insert(mode);
            *known = (*known).max(mode);
        }
    }
    assert!(run.stdout.contains("held"), "{} says what it locks: {}", run.file, run.stdout);
    let told: BTreeMap<String, Mode> = course.locks.iter().map(|lock| (lock.key.name.to_string(), lock.mode)).collect();
    assert_eq!(told, held, "the locks of {}: told, and held", run.file);
    run
}

#[track_caller]
fn compare_tier(site: &Site, scripts: &Path, tier: &Tier, variables: &[&str]) {
    let before = State::of(site);
    compare_locks(site, scripts, &tier.script, variables, &tier.course);
    let after = State::of(site);
    let name = format!("tier {}", tier.number);

    let made: BTreeSet<String> = after.names().difference(&before.names()).cloned().collect();
    let told = tier.objects.iter().filter(|object| object.key.kind.is_relation());
    let told: BTreeSet<String> = told.map(|object| object.key.name.to_string()).collect();
    assert_eq!(told, made, "the relations that {name} makes");

    let made: BTreeSet<String> = after.others.difference(&before.others).cloned().collect();
    let told = tier.objects.iter().map(|object| object.key.to_string());
    let told = told.filter_map(|key| {
        let trigger = key.strip_prefix("trigger ").map(str::to_owned);
        trigger.or_else(|| key.strip_prefix("function ").map(str::to_owned))
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), made, "the functions and triggers that {name} makes");

    for (table, count) in &after.rows {
        let more = count - before.rows.get(table).copied().unwrap_or(0);
        let told = tier.rows.iter().find(|rows| rows.table == *table);
        match told.map(|rows| rows.count) {
            None => assert_eq!(more, 0, "{name} adds rows to {table} that it does not tell of"),
            Some(Some(told)) => assert_eq!(i64::try_from(told).expect("few"), more, "{name} adds rows to {table}"),
            Some(None) => assert!(more >= 0, "{name} takes {more} rows from {table}"),
        }
    }
    for rows in &tier.rows {
        let more =
            after.rows.get(&rows.table).copied().unwrap_or(0) - before.rows.get(&rows.table).copied().unwrap_or(0);
        let entry = tier.rollout.iter().find(|entry| entry.what == format!("rows of {}", rows.table));
        let declared = entry.and_then(|entry| entry.declared.as_deref()?.parse::<i64>().ok());
        assert!(declared.is_none_or(|declared| declared == more), "{name}, {}: {declared:?}, {more}", rows.table);
        for (column, tags) in &rows.tags {
            if let (Some(count), 1) = (rows.count, tags.len()) {
                let tag = tags.first().expect("one");
                let sql = format!("SELECT count(*) FROM {} WHERE {column} = '{tag}'", rows.table);
                assert_eq!(site.sql(&sql), count.to_string(), "{sql}");
            }
        }
    }
}

#[track_caller]
fn compare_undo(site: &Site, scripts: &Path, undo: &Undo, variables: &[&str]) {
    let before = State::of(site);
    compare_locks(site, scripts, &undo.script, variables, &undo.course);
    let after = State::of(site);
    let name = format!("{} {variables:?}", undo.script);
    let gone: BTreeSet<String> = before.names().difference(&after.names()).cloned().collect();
    let told = undo.steps.iter().filter_map(|step| match &step.what {
        Undone::Object(key) | Undone::Cascade(key) if key.kind.is_relation() => Some(key.name.to_string()),
        _ => None,
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), gone, "the relations that {name} drops");
    let gone: BTreeSet<String> = before.others.difference(&after.others).cloned().collect();
    let told = undo.steps.iter().filter_map(|step| match &step.what {
        Undone::Object(key) | Undone::Cascade(key) => {
            let key = key.to_string();
            let trigger = key.strip_prefix("trigger ").map(str::to_owned);
            trigger.or_else(|| key.strip_prefix("function ").map(str::to_owned))
        }
        _ => None,
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), gone, "the functions and triggers that {name} drops");
    for (table, count) in &after.rows {
        if before.rows.get(table).is_some_and(|before| before > count) {
            let told = undo
                .steps
                .iter()
                .any(|step| matches!(&step.what, Undone::Deleted(name) | Undone::Emptied(name) if name == table));
            assert!(told, "{name} takes rows from {table} and does not tell of it");
        }
    }
}

#[track_caller]
fn compare_probes(site: &Site, scripts: &Path, model: &Model, before: bool, variables: &[&str]) {
    for probe in model.probes.iter().filter(|probe| probe.is_preflight == before) {
        let dump = site.dump();
        let run = compare_locks(site, scripts, &probe.script, variables, &probe.course);
        site.assert_same_dump(&dump, &site.dump());
        assert!(probe.writes.is_empty(), "{} writes nothing", run.file);
    }
}

#[test]
fn one_roof_makes_locks_and_undoes_what_the_report_says() {
    const APR: &str = "ratified_apr=APR-2026-0211";
    let model = model("one-roof");
    let site = Site::new();
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &[APR]).succeeds();
    let scripts = scripts();
    let scripts = scripts.path();
    let baseline = State::of(&site);
    assert_eq!(model.probes.len(), 4);
    compare_probes(&site, scripts, &model, true, &[APR]);
    for tier in &model.tiers {
        compare_tier(&site, scripts, tier, &[APR]);
    }
    compare_probes(&site, scripts, &model, false, &[APR]);
    for tier in model.tiers.iter().rev() {
        let undo = tier.undo.as_ref().expect("every tier is undone");
        if !undo.is_full {
            let setting = undo.setting.as_deref().expect("a variable names the tier");
            compare_undo(&site, scripts, undo, &[setting]);
        }
    }
    for tier in &model.tiers {
        site.run_file(&tier.script, &[APR]).succeeds();
    }
    compare_undo(&site, scripts, model.full.as_ref().expect("there is a full rollback"), &[]);
    let after = State::of(&site);
    assert_eq!(after.relations, baseline.relations);
    assert_eq!(after.rows, baseline.rows);
    assert_eq!(after.others, baseline.others);
}

#[test]
fn phase_1_makes_locks_and_undoes_what_the_report_says() {
    let model = model("phase-1");
    let site = Site::before_phase_1();
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &["ratified_apr=APR-2026-0097"]).succeeds();
    let scripts = scripts();
    let scripts = scripts.path();
    site.snapshot("start");
    for tier in &model.tiers {
        compare_tier(&site, scripts, tier, &[]);
    }
    assert_eq!(model.probes.len(), 1);
    compare_probes(&site, scripts, &model, false, &[]);
    site.snapshot("released");
    for tier in model.tiers.iter().rev() {
        compare_undo(&site, scripts, tier.undo.as_ref().expect("every tier is undone"), &[]);
    }
    site.restore("released");
    compare_undo(&site, scripts, model.full.as_ref().expect("there is a full rollback"), &[]);
    let after = State::of(&site);
    site.restore("start");
    assert_eq!(after.names(), State::of(&site).names());
}

//! What the reviewer's report says of locks and objects, held against PostgreSQL itself while
//! the release runs on the clone.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use roof_lint::config::Config;
use roof_lint::explain::lock::Mode;
use roof_lint::explain::{Model, explain};
use roof_lint::lint::Job;
use support::{Site, repository};

const APR: &str = "ratified_apr=APR-2026-0211";

/// What psql prints right before a COMMIT: the locks that the transaction holds on tables and
/// views of the schema `public`.
const LOCKS: &str = "SELECT 'held', relname, mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation \
     WHERE pid = pg_backend_pid() AND relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace;\n";

const RELATIONS: &str =
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace";

fn model() -> Model {
    let text = fs::read_to_string(repository().join("lint.toml")).expect("lint.toml is there");
    let config = Config::parse("lint.toml", &text).expect("lint.toml is sound");
    let job = Job { directory: repository(), config, packages: vec!["one-roof".to_owned()] };
    let (_, mut models) = explain(job).expect("it runs");
    models.remove(0)
}

fn mode(word: &str) -> Mode {
    let same = |mode: &Mode| word == format!("{}lock", mode.word().replace(' ', "").to_lowercase());
    Mode::ALL.into_iter().find(same).unwrap_or_else(|| panic!("PostgreSQL knows {word}"))
}

#[test]
fn every_tier_makes_and_locks_what_the_report_says() {
    let model = model();
    let site = Site::new();
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &[APR]).succeeds();
    let scripts = tempfile::tempdir().expect("a directory");
    for entry in walkdir::WalkDir::new(repository().join("sql")) {
        let entry = entry.expect("sql is readable");
        let to = scripts.path().join(entry.path().strip_prefix(repository()).expect("below it"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).expect("it is made");
        } else {
            let text = fs::read_to_string(entry.path()).expect("it is readable");
            fs::write(to, text.replace("\nCOMMIT;", &format!("\n{LOCKS}COMMIT;"))).expect("it is written");
        }
    }
    let relations = || site.sql(RELATIONS).lines().map(str::to_owned).collect::<BTreeSet<String>>();
    for tier in &model.tiers {
        let before = relations();
        let script = scripts.path().join(&tier.script);
        let run = site.run_file(script.to_str().expect("a path"), &[APR]);
        run.succeeds();
        let mut held: BTreeMap<String, Mode> = BTreeMap::new();
        for line in run.stdout.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let ["held", name, word] = cells.as_slice()
                && before.contains(*name)
            {
                let mode = mode(&word.to_lowercase());
                let known = held.entry((*name).to_owned()).or_insert(mode);
                *known = (*known).max(mode);
            }
        }
        assert!(!held.is_empty(), "tier {} locks something: {}", tier.number, run.stdout);
        let told: BTreeMap<String, Mode> =
            tier.locks.iter().map(|lock| (lock.key.name.to_string(), lock.mode)).collect();
        assert_eq!(told, held, "the locks of tier {}: told, and held", tier.number);

        let made: BTreeSet<String> = relations().difference(&before).cloned().collect();
        let told = tier.objects.iter().filter(|object| object.key.kind.is_relation());
        let told: BTreeSet<String> = told.map(|object| object.key.name.to_string()).collect();
        assert_eq!(told, made, "the relations that tier {} makes", tier.number);
        for rows in tier.rows.iter().filter(|_| tier.number > 1) {
            let Some(count) = rows.count else { continue };
            for (column, tags) in &rows.tags {
                for tag in tags {
                    let sql = format!("SELECT count(*) FROM {} WHERE {column} = '{tag}'", rows.table);
                    assert_eq!(site.sql(&sql), count.to_string(), "{sql}");
                }
            }
        }
    }
}

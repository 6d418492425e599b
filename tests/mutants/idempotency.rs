//! Family 4: every script may run twice; the second run neither fails nor changes anything.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Mutant, Package, Work};
use crate::text::{Statement, edit, statements, words};

/// The scripts that belong to the changes of a release, with what they include.
fn own_scripts(package: &Package) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for (_, _, path) in package.changers() {
        let parts = package.included(&path);
        paths.extend(parts.into_iter().filter(|part| !paths.contains(part)).collect::<Vec<_>>());
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Takes words out of each statement that starts with others.
fn without(name: &str, least: usize, starts: &'static str, old: &'static str, new: &'static str) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Idempotency, name, least, move |package| {
        let mut mutants = Vec::new();
        for path in own_scripts(package) {
            let text = package.text(&path);
            for statement in statements(text).into_iter().filter(|one| one.starts(text, starts)) {
                let found = statement.text(text);
                if found.contains(old) {
                    let name = words(text, statement.span.clone())
                        .into_iter()
                        .find(|word| word.contains('_'))
                        .unwrap_or_default();
                    let new = found.replacen(old, new, 1);
                    mutants.push(Mutant::new(
                        &path,
                        format!("{path}: {what}: {name}"),
                        edit(text, &[(statement.span, new)]),
                    ));
                }
            }
        }
        mutants
    })
    .shown(Harm::FailsAgain)
}

/// The INSERTs of the tiers whose rows are there again when the tier runs again.
fn inserts(package: &Package) -> Vec<(Work, Statement, String)> {
    let mut found = Vec::new();
    for work in package.tiers() {
        let text = package.text(&work.path);
        for statement in work.changes.iter().filter(|statement| statement.starts(text, "INSERT INTO")) {
            // A source that lists what is missing is empty once it is no longer missing.
            let lists_what_is_missing = words(text, statement.span.clone()).iter().any(|word| {
                word.starts_with("v_") && ["_gap", "_missing", "_orphan"].iter().any(|end| word.ends_with(end))
            });
            if statement.find(text, "CONFLICT").is_some() && !lists_what_is_missing {
                found.push((work.clone(), statement.clone(), statement.nth(text, 2).to_owned()));
            }
        }
    }
    found
}

/// Puts something else in the place of `ON CONFLICT …` of each INSERT; `{table}` is its table.
fn conflict(name: &str, least: usize, new: &'static str) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Idempotency, name, least, move |package| {
        let creations = package.creations();
        let mutants = inserts(package).into_iter().filter_map(|(work, statement, table)| {
            let text = package.text(&work.path);
            // Not every table says when its rows were made.
            if new.contains("created_at")
                && !creations.get(&table).is_some_and(|(path, one)| one.text(package.text(path)).contains("created_at"))
            {
                return None;
            }
            let at = statement.find(text, "CONFLICT")?;
            let start = statement.tokens[at - 1].span.start;
            let new = new.replace("{table}", &table);
            let edited = edit(text, &[(start..statement.span.end - 1, new)]);
            Some(Mutant::of(&work, format!("{what}: {table}"), edited))
        });
        mutants.collect()
    })
}

/// Adds a statement before the check of each tier.
fn added(name: &str, statement: &'static str) -> Operator {
    crate::transaction::each(Family::Idempotency, name, 10, Package::tiers, move |text, work| {
        Some(edit(text, &[(work.end()..work.end(), format!("{statement}\n\n"))]))
    })
    .shown(Harm::FailsAgain)
}

pub(crate) fn operators() -> Vec<Operator> {
    vec![
        without("CREATE TABLE without IF NOT EXISTS", 15, "CREATE TABLE", "IF NOT EXISTS ", ""),
        without("CREATE INDEX without IF NOT EXISTS", 2, "CREATE INDEX", "IF NOT EXISTS ", ""),
        without("CREATE VIEW without OR REPLACE", 30, "CREATE OR REPLACE VIEW", "OR REPLACE ", ""),
        without("CREATE FUNCTION without OR REPLACE", 1, "CREATE OR REPLACE FUNCTION", "OR REPLACE ", ""),
        without("DROP VIEW without IF EXISTS", 30, "DROP VIEW", "IF EXISTS ", ""),
        without("DROP TABLE without IF EXISTS", 15, "DROP TABLE", "IF EXISTS ", ""),
        without("DROP FUNCTION without IF EXISTS", 1, "DROP FUNCTION", "IF EXISTS ", ""),
        Operator {
            // It fails at once, and the view stays.
            family: Family::Ledger,
            ..without("DROP TABLE of a view", 30, "DROP VIEW", "DROP VIEW", "DROP TABLE")
        },
        Operator {
            family: Family::Ledger,
            ..without("DROP VIEW of a table", 15, "DROP TABLE", "DROP TABLE", "DROP VIEW")
        },
        conflict("no ON CONFLICT", 10, "").shown(Harm::FailsAgain),
        conflict("ON CONFLICT on a column that is no key", 10, "ON CONFLICT (title) DO NOTHING"),
        conflict("ON CONFLICT DO UPDATE of the time", 8, "ON CONFLICT ON CONSTRAINT {table}_pkey DO UPDATE SET created_at = clock_timestamp()")
            .shown(Harm::ChangesAgain),
        added("ADD COLUMN without IF NOT EXISTS", "ALTER TABLE system_issues ADD COLUMN release_note text;"),
        added("CREATE TABLE of one more, without IF NOT EXISTS", "CREATE TABLE release_note (note text PRIMARY KEY);"),
        added("CREATE TYPE", "CREATE TYPE release_state AS ENUM ('begun', 'done');"),
        added("CREATE SEQUENCE without IF NOT EXISTS", "CREATE SEQUENCE release_number;"),
        added("ADD CONSTRAINT", "ALTER TABLE system_issues ADD CONSTRAINT system_issues_title_check CHECK (title <> '');"),
        added("RENAME COLUMN", "ALTER TABLE system_issues RENAME COLUMN source TO origin;"),
        added("DROP COLUMN without IF EXISTS", "ALTER TABLE system_issues DROP COLUMN source;"),
        added("CREATE TRIGGER without OR REPLACE", "CREATE TRIGGER release_note BEFORE UPDATE ON system_issues FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();"),
        added("a row without ON CONFLICT", "INSERT INTO governance_relations (relation_code, source_kind, relation, target_kind)\nVALUES ('GR-09', 'system_issues', 'blocks', 'approval_requests');"),
        added("a row in a table that counts for itself", "INSERT INTO event_outbox (event_type, event_domain)\nSELECT event_type, event_domain FROM event_type_registry WHERE event_type = 'content.created';").shown(Harm::ChangesAgain),
        added("a counter that goes up", "UPDATE apr_action_types SET quorum = quorum + 1 WHERE action_code = 'run_flow';").shown(Harm::ChangesAgain),
        added("the time of the run", "UPDATE queue_heartbeat SET last_beat = clock_timestamp() WHERE executor_name = 'mail_sender';").shown(Harm::ChangesAgain),
        Operator::new(Family::Idempotency, "retired again, at another time", 1, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for statement in work.changes.iter().filter(|statement| statement.starts(text, "UPDATE")) {
                    let found = statement.text(text);
                    if let (true, Some(at)) = (found.contains("now()"), found.rfind("AND status")) {
                        let new = format!("{};", found[..at].trim_end());
                        mutants.push(Mutant::of(&work, "retired again, at another time", edit(text, &[(statement.span.clone(), new)])));
                    }
                }
            }
            mutants
        })
        .shown(Harm::ChangesAgain),
    ]
}

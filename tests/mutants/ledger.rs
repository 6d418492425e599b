//! Family 8: a rollback takes away what the release made, all of it and nothing else; the
//! executor runs every tier, once, in order.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::order::drops;
use crate::package::{Delete, Mutant, Package, Role};
use crate::text::{Kind, edit, statements};
use crate::transaction::each;

/// Adds a statement before the check of each tier.
fn made(name: &str, statement: &'static str) -> Operator {
    each(Family::Ledger, name, 10, Package::tiers, move |text, work| {
        Some(edit(text, &[(work.end()..work.end(), format!("{statement}\n\n"))]))
    })
    .shown(Harm::Leftover)
}

/// Adds a statement before the check of each rollback.
fn undone(name: &str, statement: &'static str) -> Operator {
    each(Family::Ledger, name, 10, Package::rollbacks, move |text, work| {
        Some(edit(text, &[(work.end()..work.end(), format!("{statement}\n\n"))]))
    })
    .shown(Harm::Residue)
}

/// The lines of a chain of scripts: its includes, each with the file.
fn includes(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    statements(text)
        .into_iter()
        .filter_map(|one| Some((one.span.clone(), one.text(text).strip_prefix("\\ir ")?.trim().to_owned())))
        .collect()
}

/// The executors, and the rollback that is a chain of scripts.
fn chains(package: &Package) -> Vec<String> {
    let config = package.config();
    let of = |package: &roof_lint::config::Package| {
        [&package.executor, &package.full_rollback]
            .into_iter()
            .flatten()
            .map(|file| package.path(file))
            .collect::<Vec<_>>()
    };
    let mut paths: Vec<String> = config.packages.iter().flat_map(of).collect();
    paths.retain(|path| includes(package.text(path)).len() > 2);
    paths
}

/// Edits each chain at each of its tiers.
fn chain(
    name: &str,
    least: usize,
    change: impl Fn(&str, &[(std::ops::Range<usize>, String)], usize) -> Option<String> + Send + Sync + 'static,
) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Ledger, name, least, move |package| {
        let mut mutants = Vec::new();
        for path in chains(package) {
            let text = package.text(&path);
            let all = includes(text);
            // A preflight and a verification are no tiers.
            for index in 0..all.len() {
                if all[index].1.starts_with("00_") || all[index].1.contains("90_verify") {
                    continue;
                }
                if let Some(edited) = change(text, &all, index) {
                    mutants.push(Mutant::new(&path, format!("{path}: {what}: {}", all[index].1), edited));
                }
            }
        }
        mutants
    })
}

/// Puts the tag of another tier in the place of that of each DELETE that fits.
fn other_tag(family: Family, name: &str, least: usize, fits: fn(&str) -> bool) -> Operator {
    Operator::new(family, name, least, move |package| {
        let all = package.deletes();
        let tagged = || all.iter().filter(|delete| delete.tag.contains("PROD_"));
        let mutate = |delete: &Delete| {
            let other = tagged().find(|other| other.tag != delete.tag && other.table == delete.table)?;
            let text = package.text(&delete.work.path);
            let new = delete.statement.text(text).replace(&delete.tag, &other.tag);
            let what = format!("{}: {} in the place of {}", delete.table, other.tag, delete.tag);
            Some(Mutant::of(&delete.work, what, edit(text, &[(delete.statement.span.clone(), new)])))
        };
        tagged().filter(|delete| fits(&delete.condition)).filter_map(mutate).collect()
    })
    .shown(Harm::Residue)
}

/// Only of the executors: a chain of rollbacks may run in any order that its steps allow.
fn of_executors(operator: Operator) -> Operator {
    let mutate = operator.mutate;
    Operator {
        least: 8,
        mutate: Box::new(move |package| {
            let executors: Vec<String> = ["one-roof", "phase-1"].map(|name| package.executor(name)).into();
            mutate(package).into_iter().filter(|mutant| executors.contains(&mutant.script)).collect()
        }),
        ..operator
    }
}

pub(crate) fn operators() -> Vec<Operator> {
    let mut operators = vec![
        Operator {
            // A release has no command that ends psql early.
            family: Family::NotAnalysed,
            ..chain("the run ends before it", 15, |text, all, index| {
                let start = all[index].0.start;
                Some(edit(text, &[(start..start, "\\q\n".to_owned())]))
            })
        },
        Operator::new(Family::Ledger, "a DROP is missing", 50, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for (statement, name) in drops(package, &work) {
                    mutants.push(Mutant::of(
                        &work,
                        format!("no DROP of {name}"),
                        edit(text, &[(statement.span, String::new())]),
                    ));
                }
                for statement in work.changes.iter().filter(|one| one.starts(text, "DROP FUNCTION")) {
                    mutants.push(Mutant::of(
                        &work,
                        "no DROP FUNCTION",
                        edit(text, &[(statement.span.clone(), String::new())]),
                    ));
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        Operator::new(Family::Ledger, "a DROP of another name", 50, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for (statement, name) in drops(package, &work) {
                    let end = statement.span.end - 1;
                    mutants.push(Mutant::of(
                        &work,
                        format!("DROP of {name}_old"),
                        edit(text, &[(end..end, "_old".to_owned())]),
                    ));
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        Operator::new(Family::Ledger, "a DELETE is missing", 15, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for statement in work.changes.iter().filter(|one| one.starts(text, "DELETE FROM")) {
                    let what = format!("no DELETE FROM {}", statement.nth(text, 2));
                    mutants.push(Mutant::of(&work, what, edit(text, &[(statement.span.clone(), String::new())])));
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        Operator::new(Family::Ledger, "a DELETE of what cannot be", 15, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for statement in work.changes.iter().filter(|one| one.starts(text, "DELETE FROM")) {
                    let end = statement.span.end - 1;
                    let what = format!("nothing of {} is deleted", statement.nth(text, 2));
                    mutants.push(Mutant::of(&work, what, edit(text, &[(end..end, " AND false".to_owned())])));
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        // Another tier's rows go.
        other_tag(Family::Deletes, "the tag of another tier", 7, |condition| !condition.contains(" AND ")),
        // No row has both, so that none goes.
        other_tag(Family::Ledger, "the tag of another tier with a key of its own", 2, |condition| {
            condition.contains(" AND ")
        }),
        Operator::new(Family::Ledger, "rows with a misspelt tag", 10, |package| {
            let mut mutants = Vec::new();
            for work in package.tiers() {
                let text = package.text(&work.path);
                for statement in work.changes.iter().filter(|one| one.starts(text, "INSERT INTO")) {
                    let tag = statement
                        .tokens
                        .iter()
                        .find(|one| one.kind == Kind::Text && text[one.span.clone()].contains("PROD_"));
                    if let Some(tag) = tag {
                        let new = text[tag.span.clone()].replace("-06-03", "-06-30");
                        let what = format!("{}: {new}", statement.nth(text, 2));
                        mutants.push(Mutant::of(&work, what, edit(text, &[(tag.span.clone(), new)])));
                    }
                }
            }
            mutants
        })
        .shown(Harm::Leftover),
        Operator::new(Family::Ledger, "a TRUNCATE is missing, or a table of it", 3, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for statement in work.changes.iter().filter(|one| one.starts(text, "TRUNCATE")) {
                    mutants.push(Mutant::of(
                        &work,
                        "no TRUNCATE",
                        edit(text, &[(statement.span.clone(), String::new())]),
                    ));
                    let list = text[statement.span.start + 9..statement.span.end - 1].to_owned();
                    let names: Vec<&str> = list.split(',').map(str::trim).collect();
                    for left_out in &names {
                        let rest: Vec<&str> = names.iter().copied().filter(|name| name != left_out).collect();
                        let new = format!("TRUNCATE {};", rest.join(", "));
                        mutants.push(Mutant::of(
                            &work,
                            format!("no TRUNCATE of {left_out}"),
                            edit(text, &[(statement.span.clone(), new)]),
                        ));
                    }
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        each(Family::Ledger, "the changes in an arm that is never taken", 10, Package::rollbacks, |text, work| {
            let (first, last) = (work.first().span.start, work.last().span.end);
            Some(edit(text, &[(first..first, "\\if false\n".to_owned()), (last..last, "\n\\endif".to_owned())]))
        })
        .shown(Harm::Residue),
        each(Family::Ledger, "the changes commented out", 10, Package::rollbacks, |text, work| {
            let (first, last) = (work.first().span.start, work.last().span.end);
            Some(edit(text, &[(first..first, "/* ".to_owned()), (last..last, " */".to_owned())]))
        })
        .shown(Harm::Residue),
        Operator::new(Family::Ledger, "a tier that no setting undoes", 5, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks().into_iter().filter(|work| work.role == Role::Undo) {
                let text = package.text(&work.path);
                if let Some(number) = work.number().filter(|_| work.undo.is_some()) {
                    let (old, new) = (format!("IN ('{number}', 'all')"), format!("IN ('{number}{number}', 'all')"));
                    if text.contains(&old) {
                        mutants.push(Mutant::of(&work, "no setting reaches it", text.replacen(&old, &new, 1)));
                    }
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        Operator::new(Family::Ledger, "a tier whose block is gone", 5, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks().into_iter().filter(|work| work.undo.is_some()) {
                let text = package.text(&work.path);
                let (begin, end) = (work.begin.start, work.commit.end);
                mutants.push(Mutant::of(&work, "its block is gone", edit(text, &[(begin..end, String::new())])));
            }
            mutants
        })
        .shown(Harm::Residue),
        chain("a script is not chained", 15, |text, all, index| {
            Some(edit(text, &[(all[index].0.clone(), String::new())]))
        }),
        chain("a script is commented out", 15, |text, all, index| {
            let start = all[index].0.start;
            Some(edit(text, &[(start..start, "-- ".to_owned())]))
        }),
        chain("a script in an arm that is never taken", 15, |text, all, index| {
            let span = all[index].0.clone();
            Some(edit(
                text,
                &[(span.start..span.start, "\\if false\n".to_owned()), (span.end..span.end, "\n\\endif".to_owned())],
            ))
        }),
        chain("a script only on demand", 15, |text, all, index| {
            let span = all[index].0.clone();
            Some(edit(
                text,
                &[
                    (span.start..span.start, "\\if :{?whole}\n".to_owned()),
                    (span.end..span.end, "\n\\endif".to_owned()),
                ],
            ))
        }),
        of_executors(chain("two scripts change places", 10, |text, all, index| {
            let (here, next) = (&all[index], all.get(index + 1)?);
            (!next.1.contains("90_verify")).then(|| {
                edit(
                    text,
                    &[(here.0.clone(), format!("\\ir {}", next.1)), (next.0.clone(), format!("\\ir {}", here.1))],
                )
            })
        })),
        of_executors(chain("ON_ERROR_STOP is switched off on the way", 15, |text, all, index| {
            let start = all[index].0.start;
            Some(edit(text, &[(start..start, "\\set ON_ERROR_STOP off\n".to_owned())]))
        })),
        of_executors(chain("ON_ERROR_STOP is unset on the way", 15, |text, all, index| {
            let start = all[index].0.start;
            Some(edit(text, &[(start..start, "\\unset ON_ERROR_STOP\n".to_owned())]))
        })),
    ];
    for (name, statement) in [
        ("a table that nobody drops", "CREATE TABLE IF NOT EXISTS release_note (note text PRIMARY KEY);"),
        (
            "a view that nobody drops",
            "CREATE OR REPLACE VIEW v_release_note AS SELECT request_code FROM approval_requests;",
        ),
        (
            "a function that nobody drops",
            "CREATE OR REPLACE FUNCTION fn_release_note() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
        ),
        (
            "an index that nobody drops",
            "CREATE INDEX IF NOT EXISTS system_issues_source_index ON system_issues (source);",
        ),
        ("a sequence that nobody drops", "CREATE SEQUENCE IF NOT EXISTS release_number;"),
        ("a schema that nobody drops", "CREATE SCHEMA IF NOT EXISTS release_notes;"),
        (
            "a trigger that nobody drops",
            "CREATE OR REPLACE TRIGGER release_note BEFORE UPDATE ON system_issues FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();",
        ),
        ("a column that nobody drops", "ALTER TABLE system_issues ADD COLUMN IF NOT EXISTS release_note text;"),
        (
            "a materialised view that nobody drops",
            "CREATE MATERIALIZED VIEW IF NOT EXISTS m_release_note AS SELECT request_code FROM approval_requests;",
        ),
        (
            "a table by a query that nobody drops",
            "CREATE TABLE IF NOT EXISTS release_note AS SELECT request_code FROM approval_requests;",
        ),
        (
            "a table by EXECUTE that nobody drops",
            "DO $made$\nBEGIN\n    EXECUTE 'CREATE TABLE IF NOT EXISTS release_note (note text PRIMARY KEY)';\nEND\n$made$;",
        ),
        (
            "rows that nobody deletes",
            "INSERT INTO governance_relations (relation_code, source_kind, relation, target_kind)\nVALUES ('GR-09', 'system_issues', 'blocks', 'approval_requests')\nON CONFLICT (relation_code) DO NOTHING;",
        ),
    ] {
        operators.push(made(name, statement));
    }
    for (name, statement) in [
        ("DROP of a base view", "DROP VIEW IF EXISTS v_governance_event_emission;"),
        ("DROP of a base table", "DROP TABLE IF EXISTS governance_relations;"),
        ("DROP of a table of Directus", "DROP TABLE IF EXISTS public.directus_notifications;"),
        ("DROP of a base index", "DROP INDEX IF EXISTS event_outbox_domain_index;"),
        ("DROP of a base column", "ALTER TABLE system_issues DROP COLUMN IF EXISTS source;"),
        ("DROP of a base constraint", "ALTER TABLE apr_approvals DROP CONSTRAINT IF EXISTS apr_approvals_once;"),
        ("DROP of a base trigger", "DROP TRIGGER IF EXISTS trg_birth_apr_action_types ON apr_action_types;"),
        ("DROP of an event trigger", "DROP EVENT TRIGGER IF EXISTS evt_trigger_guard;"),
        (
            "DROP of a base table in a DO block",
            "DO $gone$\nBEGIN\n    DROP TABLE IF EXISTS governance_relations;\nEND\n$gone$;",
        ),
        (
            "DROP of a base table by EXECUTE",
            "DO $gone$\nDECLARE\n    name text;\nBEGIN\n    FOREACH name IN ARRAY ARRAY['governance_relations'] LOOP\n        EXECUTE format('DROP TABLE IF EXISTS %I', name);\n    END LOOP;\nEND\n$gone$;",
        ),
    ] {
        let operator = undone(name, statement);
        // To Phase 1 the base views are no foreign objects: it made them.
        let is_foreign_to_all = !statement.contains("v_governance_event_emission");
        let mutate = operator.mutate;
        operators.push(Operator {
            least: 6,
            mutate: Box::new(move |package| {
                let mutants = mutate(package).into_iter();
                mutants.filter(|mutant| is_foreign_to_all || !mutant.script.contains("phase1")).collect()
            }),
            ..operator
        });
    }
    operators
}

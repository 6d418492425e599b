//! Family 10: a tier adds what the rollout table says, neither more nor less.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Mutant, Package, Role};
use crate::text::{Kind, Statement, edit, statements};
use crate::transaction::each;

/// The rows of an INSERT that lists them: each from its parenthesis to the other.
fn rows(text: &str, statement: &Statement) -> Vec<std::ops::Range<usize>> {
    let Some(values) =
        statement.tokens.iter().position(|token| text[token.span.clone()].eq_ignore_ascii_case("VALUES"))
    else {
        return Vec::new();
    };
    let (mut rows, mut depth, mut start) = (Vec::new(), 0, 0);
    for token in &statement.tokens[values + 1..] {
        match &text[token.span.clone()] {
            "(" => {
                if depth == 0 {
                    start = token.span.start;
                }
                depth += 1;
            }
            ")" => {
                depth -= 1;
                if depth == 0 {
                    rows.push(start..token.span.end);
                }
                if depth < 0 {
                    break;
                }
            }
            "," => {}
            _ if depth == 0 => break,
            _ => {}
        }
    }
    rows
}

/// The INSERTs of the tiers that list their rows.
fn lists(package: &Package) -> Vec<(crate::package::Work, Statement, Vec<std::ops::Range<usize>>)> {
    let mut found = Vec::new();
    for work in package.tiers() {
        let text = package.text(&work.path);
        for statement in work.changes.iter().filter(|one| one.starts(text, "INSERT INTO")) {
            let rows = rows(text, statement);
            if !rows.is_empty() {
                found.push((work.clone(), statement.clone(), rows));
            }
        }
    }
    found
}

/// Adds a row or an object to each tier of One-Roof, and what takes it away to its undoing.
fn added(name: &str, makes: &'static str, undoes: &'static str) -> Operator {
    Operator::new(Family::Deltas, name, 6, move |package| {
        let rollback =
            package.works().into_iter().find(|work| work.role == Role::FullRollback).expect("a full rollback");
        let undo = {
            let new = if undoes.is_empty() { String::new() } else { format!("{undoes}\n\n") };
            edit(package.text(&rollback.path), &[(rollback.end()..rollback.end(), new)])
        };
        let tiers = package.tiers().into_iter().filter(|work| work.package == rollback.package);
        let mutants = tiers.map(|work| {
            let text = package.text(&work.path);
            Mutant::of(&work, makes, edit(text, &[(work.end()..work.end(), format!("{makes}\n\n"))]))
                .and(&rollback.path, Some(undo.clone()))
        });
        mutants.collect()
    })
    .shown(Harm::OtherDelta)
}

pub(crate) fn operators() -> Vec<Operator> {
    vec![
        Operator::new(Family::Deltas, "a row more", 5, |package| {
            let mutants = lists(package).into_iter().flat_map(|(work, statement, rows)| {
                let text = package.text(&work.path).to_owned();
                let table = statement.nth(&text, 2).to_owned();
                rows.into_iter()
                    .map(|row| {
                        let key = statement
                            .tokens
                            .iter()
                            .find(|token| token.kind == Kind::Text && row.contains(&token.span.start))
                            .expect("a key");
                        let more =
                            format!("{}_more{}", &text[row.start..key.span.end - 1], &text[key.span.end - 1..row.end]);
                        Mutant::of(
                            &work,
                            format!("a row more in {table}: {more}"),
                            edit(&text, &[(row.end..row.end, format!(",\n       {more}"))]),
                        )
                    })
                    .collect::<Vec<_>>()
            });
            mutants.collect()
        })
        .shown(Harm::OtherDelta),
        Operator::new(Family::Deltas, "a row less", 10, |package| {
            let mutants =
                lists(package).into_iter().filter(|(_, _, rows)| rows.len() > 1).flat_map(|(work, statement, rows)| {
                    let text = package.text(&work.path).to_owned();
                    let table = statement.nth(&text, 2).to_owned();
                    (0..rows.len())
                        .map(|index| {
                            let gone = if index == 0 {
                                rows[0].start..rows[1].start
                            } else {
                                rows[index - 1].end..rows[index].end
                            };
                            Mutant::of(
                                &work,
                                format!("a row less in {table}: {}", &text[rows[index].clone()]),
                                edit(&text, &[(gone, String::new())]),
                            )
                        })
                        .collect::<Vec<_>>()
                });
            mutants.collect()
        })
        .shown(Harm::OtherDelta),
        each(Family::Deltas, "an INSERT is gone", 8, Package::tiers, |text, work| {
            let statement = work.changes.iter().find(|one| one.starts(text, "INSERT INTO"))?;
            Some(edit(text, &[(statement.span.clone(), String::new())]))
        })
        .shown(Harm::OtherDelta),
        added(
            "a table more",
            "CREATE TABLE IF NOT EXISTS release_note (note text PRIMARY KEY);",
            "DROP TABLE IF EXISTS release_note;",
        ),
        added(
            "a view more",
            "CREATE OR REPLACE VIEW v_release_note AS SELECT request_code FROM approval_requests;",
            "DROP VIEW IF EXISTS v_release_note;",
        ),
        added(
            "a function more",
            "CREATE OR REPLACE FUNCTION fn_release_note() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
            "DROP FUNCTION IF EXISTS fn_release_note();",
        ),
        added(
            "a row in a table that gets none",
            "INSERT INTO coverage_exception (rule_code, object_code, reason, ratified_apr, created_by)\nSELECT 'CR-RESP-ALL', min(object_code), 'later', 'APR-2026-0211', 'PROD_responsibility_2026-06-03' FROM governance_object\nON CONFLICT (rule_code, object_code) DO NOTHING;",
            "",
        ),
        added("a table that is gone", "DROP TABLE IF EXISTS candidate_scan_run;", ""),
        Operator::new(Family::Deltas, "an object less", 5, |package| {
            let (mut mutants, needs) = (Vec::new(), package.needs());
            let rollback =
                package.works().into_iter().find(|work| work.role == Role::FullRollback).expect("a full rollback");
            for (name, (path, statement)) in package.creations() {
                // Only what nothing else stands on can be left out.
                let is_needed = needs.iter().any(|(_, needed)| needed.contains(&name));
                let undo = package.text(&rollback.path);
                let drop = statements(undo).into_iter().find(|one| {
                    one.starts(undo, "DROP") && one.tokens.iter().any(|token| undo[token.span.clone()] == *name)
                });
                if let (false, Some(drop), true) = (is_needed, drop, path.contains("/prod/")) {
                    let text = package.text(&path);
                    let comment = statements(text)
                        .into_iter()
                        .find(|one| one.starts(text, "COMMENT ON") && one.nth(text, 3) == name);
                    let mut edits = vec![(statement.span.clone(), String::new())];
                    edits.extend(comment.map(|one| (one.span, String::new())));
                    mutants.push(
                        Mutant::new(&path, format!("{path}: no {name}"), edit(text, &edits))
                            .and(&rollback.path, Some(edit(undo, &[(drop.span, String::new())]))),
                    );
                }
            }
            mutants
        }),
    ]
}

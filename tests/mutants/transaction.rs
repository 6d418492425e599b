//! Family 1: one transaction per tier, whole, and nothing beside it.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Mutant, Package, Work};
use crate::text::edit;

/// An operator that edits each transaction.
pub(crate) fn each(
    family: Family,
    name: &str,
    least: usize,
    works: fn(&Package) -> Vec<Work>,
    change: impl Fn(&str, &Work) -> Option<String> + Send + Sync + 'static,
) -> Operator {
    let what = name.to_owned();
    Operator::new(family, name, least, move |package| {
        let edited = |work: Work| {
            let text = change(package.text(&work.path), &work)?;
            Some(Mutant::of(&work, &what, text))
        };
        works(package).into_iter().filter_map(edited).collect()
    })
}

/// An operator that puts a text somewhere into each transaction.
fn put(name: &str, at: fn(&Work) -> usize, inserted: &'static str) -> Operator {
    each(Family::Transaction, name, 20, Package::works, move |text, work| {
        Some(edit(text, &[(at(work)..at(work), format!("{inserted}\n\n"))]))
    })
}

/// An operator that puts another statement in the place of COMMIT.
fn instead(name: &str, statement: &'static str) -> Operator {
    each(Family::Transaction, name, 20, Package::works, move |text, work| {
        Some(edit(text, &[(work.commit.clone(), statement.to_owned())]))
    })
}

pub(crate) fn operators() -> Vec<Operator> {
    let before_check = |work: &Work| work.end();
    let mut operators = vec![
        each(Family::Transaction, "BEGIN is missing", 20, Package::works, |text, work| {
            Some(edit(text, &[(work.begin.clone(), String::new())]))
        })
        .shown(Harm::HalfStays),
        instead("COMMIT is missing", "").shown(Harm::NothingDone),
        instead("ROLLBACK in the place of COMMIT", "ROLLBACK;").shown(Harm::NothingDone),
        instead("COMMIT AND CHAIN", "COMMIT AND CHAIN;"),
        instead("PREPARE TRANSACTION in the place of COMMIT", "PREPARE TRANSACTION 'release';").shown(Harm::Fails),
        put("COMMIT and BEGIN before the check", before_check, "COMMIT;\nBEGIN;").shown(Harm::HalfStays),
        put("END before the check", before_check, "END;").shown(Harm::HalfStays),
        put("COMMIT before the check", before_check, "COMMIT WORK;").shown(Harm::HalfStays),
        put("ROLLBACK before the check", before_check, "ROLLBACK;"),
        put("ABORT before the check", before_check, "ABORT;"),
        put("ROLLBACK AND CHAIN before the check", before_check, "ROLLBACK AND CHAIN;"),
        put("COMMIT in a DO block", before_check, "DO $stray$\nBEGIN\n    COMMIT;\nEND\n$stray$;").shown(Harm::Fails),
        put("COMMIT in one arm of an \\if", before_check, "\\if :{?tier_by_tier}\nCOMMIT;\nBEGIN;\n\\endif"),
        each(Family::Transaction, "BEGIN in one arm of an \\if", 20, Package::works, |text, work| {
            Some(edit(text, &[(work.begin.clone(), "\\if :{?in_one_go}\nBEGIN;\n\\endif".to_owned())]))
        })
        .shown(Harm::HalfStays),
        each(Family::Transaction, "ROLLBACK TO SAVEPOINT undoes the changes", 20, Package::works, |text, work| {
            let first = work.first().span.start;
            Some(edit(
                text,
                &[
                    (first..first, "SAVEPOINT before_changes;\n".to_owned()),
                    (work.commit.start..work.commit.start, "ROLLBACK TO SAVEPOINT before_changes;\n".to_owned()),
                ],
            ))
        })
        .shown(Harm::NothingDone),
        each(Family::Transaction, "the last change after COMMIT", 20, Package::works, |text, work| {
            let last = work.last();
            (!last.text(text).starts_with('\\')).then(|| {
                let moved = format!("\n\n{}\n", last.text(text));
                edit(text, &[(last.span.clone(), String::new()), (work.commit.end..work.commit.end, moved)])
            })
        }),
        each(Family::Transaction, "the first change before BEGIN", 20, Package::works, |text, work| {
            let first = work.first();
            let moved = format!("{}\n\n", first.text(text));
            Some(edit(text, &[(work.begin.start..work.begin.start, moved), (first.span.clone(), String::new())]))
        }),
        each(Family::Transaction, "another change after COMMIT", 20, Package::works, |text, work| {
            let end = work.commit.end;
            Some(edit(text, &[(end..end, "\n\nUPDATE system_issues SET status = 'closed' WHERE false;\n".to_owned())]))
        }),
        each(Family::Transaction, "a second transaction", 10, Package::tiers, |text, work| {
            let end = work.commit.end;
            let second = "\n\nBEGIN;\nUPDATE system_issues SET status = 'closed' WHERE false;\nCOMMIT;\n".to_owned();
            Some(edit(text, &[(end..end, second)]))
        }),
    ];
    for (name, statement) in [
        (
            "CREATE INDEX CONCURRENTLY",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS system_issues_source_index ON system_issues (source);",
        ),
        ("DROP INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY IF EXISTS system_issues_source_index;"),
        ("REINDEX CONCURRENTLY", "REINDEX TABLE CONCURRENTLY approval_requests;"),
        ("VACUUM", "VACUUM ANALYZE approval_requests;"),
        ("ALTER SYSTEM", "ALTER SYSTEM SET lock_timeout = '5s';"),
        ("CREATE DATABASE", "CREATE DATABASE directus_copy TEMPLATE directus;"),
    ] {
        operators.push(
            each(Family::Transaction, &format!("{name} in a tier"), 10, Package::tiers, move |text, work| {
                Some(edit(text, &[(work.end()..work.end(), format!("{statement}\n\n"))]))
            })
            .shown(Harm::Fails),
        );
    }
    operators
}

//! Family 5: children before parents, readers before what they read, and no CASCADE.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Mutant, Package, Work};
use crate::text::{Statement, edit};

/// The objects that a transaction drops, in order.
pub(crate) fn drops(package: &Package, work: &Work) -> Vec<(Statement, String)> {
    let text = package.text(&work.path);
    let dropped = work.changes.iter().filter(|one| one.starts(text, "DROP VIEW") || one.starts(text, "DROP TABLE"));
    dropped.map(|one| (one.clone(), one.nth(text, one.tokens.len() - 2).to_owned())).collect()
}

pub(crate) fn operators() -> Vec<Operator> {
    let mut operators = vec![
        Operator::new(Family::Order, "the parent before its first child", 15, |package| {
            let (mut mutants, needs) = (Vec::new(), package.needs());
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                let drops = drops(package, &work);
                for (at, (statement, name)) in drops.iter().enumerate() {
                    let child = drops.iter().take(at).find(|(_, other)| needs[other].contains(name));
                    if let Some((first, child)) = child {
                        let moved = format!("{}\n", statement.text(text));
                        let start = first.span.start;
                        let edited = edit(text, &[(start..start, moved), (statement.span.clone(), String::new())]);
                        mutants.push(Mutant::of(&work, format!("{name} before {child}"), edited));
                    }
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        Operator::new(Family::Order, "the last child after its parent", 15, |package| {
            let (mut mutants, needs) = (Vec::new(), package.needs());
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                let drops = drops(package, &work);
                for (at, (statement, name)) in drops.iter().enumerate() {
                    let parents = &needs[name];
                    let parent = drops.iter().skip(at + 1).find(|(_, other)| parents.contains(other));
                    if let Some((after, parent)) = parent {
                        let moved = format!("\n{}", statement.text(text));
                        let end = after.span.end;
                        let edited = edit(text, &[(statement.span.clone(), String::new()), (end..end, moved)]);
                        mutants.push(Mutant::of(&work, format!("{name} after {parent}"), edited));
                    }
                }
            }
            mutants
        })
        .shown(Harm::Residue),
        Operator::new(Family::Order, "DROP CASCADE", 40, |package| {
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for (statement, name) in drops(package, &work) {
                    let end = statement.span.end - 1;
                    mutants.push(Mutant::of(
                        &work,
                        format!("DROP CASCADE: {name}"),
                        edit(text, &[(end..end, " CASCADE".to_owned())]),
                    ));
                }
            }
            mutants
        }),
        Operator::new(Family::Order, "rows of the parent before those of the child", 3, |package| {
            let (mut mutants, needs) = (Vec::new(), package.needs());
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                let rows: Vec<_> = work.changes.iter().filter(|one| one.starts(text, "DELETE FROM")).collect();
                for (at, parent) in rows.iter().enumerate() {
                    let name = parent.nth(text, 2).to_owned();
                    let child = rows.iter().take(at).find(|child| needs[child.nth(text, 2)].contains(&name));
                    if let Some(child) = child {
                        let moved = format!("{}\n", parent.text(text));
                        let start = child.span.start;
                        let edited = edit(text, &[(start..start, moved), (parent.span.clone(), String::new())]);
                        mutants.push(Mutant::of(
                            &work,
                            format!("rows of {name} before those of {}", child.nth(text, 2)),
                            edited,
                        ));
                    }
                }
            }
            mutants
        })
        .shown(Harm::Residue),
    ];
    for (name, statement) in [
        ("DROP CASCADE of a base view", "DROP VIEW IF EXISTS v_governed_object CASCADE;"),
        ("DROP CASCADE of the ownership table", "DROP TABLE IF EXISTS governance_object_ownership CASCADE;"),
        ("DROP CASCADE of the scopes", "DROP TABLE IF EXISTS governance_responsibility_scope CASCADE;"),
        ("DROP CASCADE of the governed objects", "DROP TABLE IF EXISTS governance_object CASCADE;"),
        ("DROP COLUMN CASCADE", "ALTER TABLE governance_object DROP COLUMN IF EXISTS title CASCADE;"),
        (
            "DROP CONSTRAINT CASCADE",
            "ALTER TABLE governance_object DROP CONSTRAINT IF EXISTS governance_object_pkey CASCADE;",
        ),
    ] {
        operators.push(
            Operator::new(Family::Order, name, 1, move |package| {
                let works = package.rollbacks().into_iter().filter(|work| work.package == "one-roof");
                let mutants = works.map(|work| {
                    let at = work.end();
                    let text = edit(package.text(&work.path), &[(at..at, format!("{statement}\n\n"))]);
                    Mutant::of(&work, statement, text)
                });
                mutants.collect()
            })
            .shown(Harm::Residue),
        );
    }
    operators
}

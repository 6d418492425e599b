//! Deletions and updates of a rollback that reach rows which the release did not write.

use std::collections::BTreeSet;

use crate::case::{Case, Pass};
use crate::effect::{Act, At, Expr, ExprKind, Ident, LikeKind, Name, Visit, rewrite_expr, walk_expr};
use crate::finding::{Edit, Finding, Fix};
use crate::flow::{Change, ChangeKind, Origin, Sight, What};
use crate::ledger::{self, Insertion, Mark};
use crate::logic::{Facts, Known};
use crate::package::Role;

const ID: &str = "delete-outside-tag";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat && pass.role.undoes()) {
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Change(change) = &event.what else { continue };
            if !matches!(change.kind, ChangeKind::Delete | ChangeKind::Update)
                || change.relation.is_temporary()
                || super::is_house_rule(event, &case.baseline)
            {
                continue;
            }
            let carried = event.via.iter().any(|via| matches!(via.origin, Origin::ForeignKey(_)));
            if carried {
                // What hangs on rows of the release is the release's own only in its own tables.
                if !super::is_made_by_release(&change.relation, case) {
                    let message = format!("a deletion is carried on to {}", change.relation);
                    let finding = Finding::new(ID, event.at, message, "rows of others go with it")
                        .consequence("rows that this release did not write are deleted or changed")
                        .way_out("delete nothing that others may refer to, or make the rollback stop while they do");
                    findings.push(super::with_trail(finding, event));
                }
                continue;
            }
            let insertions = insertions(case, pass, &change.relation);
            let marks = marks(case, pass, &insertions);
            if marks.iter().any(|mark| confined(pass, change, mark, case)) {
                continue;
            }
            let fix = super::is_own(event).then(|| escaped(case, pass, change, &marks)).flatten();
            let finding = finding(case, pass, change, &marks, &insertions).fix(fix);
            findings.push(super::with_trail(finding, event));
        }
    }
}

/// What the tiers that a pass undoes add to a table.
pub(super) fn insertions<'c>(case: &'c Case<'_>, pass: &Pass<'_>, table: &Name) -> Vec<&'c Insertion> {
    let undone = match pass.role {
        Role::Rollback(only) => case.added.get(only..=only),
        _ => Some(case.added.as_slice()),
    };
    let added = undone.unwrap_or_default().iter().flat_map(|added| added.iter());
    added.filter(|insertion| insertion.table == *table).collect()
}

/// Whether the release makes the table and nobody but the tiers that are undone writes it.
pub(super) fn owns_all(case: &Case<'_>, pass: &Pass<'_>, table: &Name) -> bool {
    if !super::is_made_by_release(table, case) {
        return false;
    }
    match pass.role {
        Role::Rollback(only) => {
            let others = case.added.iter().enumerate().filter(|(tier, _)| *tier != only);
            !others.flat_map(|(_, added)| added.iter()).any(|insertion| insertion.table == *table)
                && case.added.get(only).is_some_and(|added| added.iter().any(|insertion| insertion.table == *table))
        }
        _ => true,
    }
}

/// What tells the rows of the undone tiers in one table from all others: the tag columns
/// of `lint.toml`, or else a column of constants; and keys.
fn marks(case: &Case<'_>, pass: &Pass<'_>, insertions: &[&Insertion]) -> Vec<Mark> {
    let owned: Vec<Insertion> = insertions.iter().map(|insertion| (*insertion).clone()).collect();
    let named = |column: &Ident| {
        case.package.tag_columns.is_empty() || case.package.tag_columns.iter().any(|name| name.get_ref() == column.as_str())
    };
    let tags: BTreeSet<&str> = case.package.tags.iter().map(|tag| tag.get_ref().as_str()).collect();
    let world = &pass.start;
    ledger::marks(&owned)
        .into_iter()
        .filter(|mark| {
            let tagged = named(&mark.column)
                && (tags.is_empty() || mark.values.iter().all(|value| tags.contains(value.as_str()) || pattern(&tags, value).is_some()));
            let key = world.has_key_within(&mark.table, std::slice::from_ref(&mark.column));
            tagged || key
        })
        .collect()
}

/// The pattern among the tags that a value matches: `gov\_%`.
fn pattern<'t>(tags: &BTreeSet<&'t str>, value: &str) -> Option<&'t str> {
    tags.iter().copied().find(|tag| {
        tag.strip_suffix('%').is_some_and(|prefix| value.starts_with(&prefix.replace("\\_", "_").replace("\\%", "%")))
    })
}

fn confined(pass: &Pass<'_>, change: &Change<'_>, mark: &Mark, case: &Case<'_>) -> bool {
    let (reach, with) = (super::reach(change), super::common(change));
    let world = Sight(&pass.start);
    let goal = crate::logic::among(&mark.column, &mark.values);
    if Facts::default().confines(&reach, with, &goal, &world) == Known::Yes {
        return true;
    }
    let tags: BTreeSet<&str> = case.package.tags.iter().map(|tag| tag.get_ref().as_str()).collect();
    let Some(pattern) = mark.values.iter().next().and_then(|value| pattern(&tags, value)) else { return false };
    let at = At::default();
    let kind = ExprKind::Like {
        kind: LikeKind::Like,
        operand: Box::new(Expr { at, kind: ExprKind::Column(vec![mark.column.clone()]) }),
        pattern: Box::new(Expr { at, kind: ExprKind::Text(Ident::from(pattern)) }),
        escape: None,
        negated: false,
    };
    Facts::default().confines(&reach, with, &Expr { at, kind }, &world) == Known::Yes
}

/// Escapes a tag in a `LIKE` that takes its `_` for any character, where that confines the
/// change to the tag.
fn escaped(case: &Case<'_>, pass: &Pass<'_>, change: &Change<'_>, marks: &[Mark]) -> Option<Fix> {
    struct Patterns<'a>(Vec<&'a Expr>);
    impl<'a> Visit<'a> for Patterns<'a> {
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Like { kind: LikeKind::Like, pattern, escape: None, negated: false, .. } = &expr.kind {
                self.0.push(pattern);
            }
            walk_expr(self, expr);
        }
    }
    let Some(Act::Delete { filter: Some(written), .. } | Act::Update { filter: Some(written), .. }) = change.act else {
        return None;
    };
    let mut patterns = Patterns(Vec::new());
    patterns.expr(written);
    let tags = case.package.tags.iter().map(|tag| tag.get_ref().clone());
    let tags: BTreeSet<String> = tags.chain(marks.iter().flat_map(|mark| &mark.values).map(ToString::to_string)).collect();
    for pattern in patterns.0 {
        let ExprKind::Text(text) = &pattern.kind else { continue };
        let meant = |tag: &&String| tag.as_str() == text || tag.replace('\\', "") == text.as_str();
        let Some(tag) = tags.iter().find(meant) else { continue };
        // A tag of `lint.toml` may be a pattern itself.
        let right = if tag.as_str() == text { tag.replace('_', "\\_").replace('%', "\\%") } else { tag.clone() };
        let bytes = super::bytes(case, pattern.at);
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let is_escaped = tag.as_str() == text && tag.contains('\\');
        if is_escaped || right == text.as_str() || pattern.at.span().of(bytes) != quoted(text).as_bytes() {
            continue;
        }
        let mut filter = change.filter?.clone();
        rewrite_expr(&mut filter, &mut |node| {
            if let ExprKind::Like { pattern, .. } = &mut node.kind
                && pattern.kind == ExprKind::Text(text.clone())
            {
                pattern.kind = ExprKind::Text(Ident::from(right.as_str()));
            }
        });
        let mended = Change { filter: Some(&filter), ..change.clone() };
        if marks.iter().any(|mark| confined(pass, &mended, mark, case)) {
            let edit = Edit { at: pattern.at, text: quoted(&right) };
            return Some(Fix { what: format!("escape the pattern: {}", quoted(&right)), edits: vec![edit] });
        }
    }
    None
}

fn finding(
    case: &Case<'_>,
    pass: &Pass<'_>,
    change: &Change<'_>,
    marks: &[Mark],
    insertions: &[&Insertion],
) -> Finding {
    let name = super::called(pass, case);
    let at = change.filter.map_or(change.written.at, super::whole);
    let message = format!("{name} {} {} that the release may not have written", super::verb(change), change.written);
    let mut finding = Finding::new(ID, at, message, if change.filter.is_some() { "this lets other rows through" } else { "all rows" });
    for mark in marks {
        let values: Vec<_> = mark.values.iter().map(|value| format!("'{value}'")).collect();
        finding = finding.related(mark.at, format!("the release marks its rows: {} = {}", mark.column, values.join(" or ")));
    }
    if insertions.is_empty() {
        finding = finding.consequence("the release adds no row to this table: every row that goes is somebody else's");
    } else {
        finding = finding.consequence("rows that this release did not write are deleted or changed");
    }
    finding.way_out("WHERE must say, in every branch, that the tag column is a tag which this release inserts")
}

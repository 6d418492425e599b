//! Deletions and updates that reach rows which the release did not write.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::case::{Case, Pass, origin};
use crate::catalog::{Kind, Presence, Trigger};
use crate::effect::{Act, Assignment, At, Expr, ExprKind, Ident, LikeKind, Name, Visit, rewrite_expr, walk_expr};
use crate::finding::{Edit, Finding, Fix};
use crate::flow::{Change, ChangeKind, Event, Origin, Sight, What, text_of};
use crate::ledger::{self, Insertion, Mark};
use crate::logic::{Demands, Facts, Known, among, among_numbers};
use crate::package::Role;

const ID: &str = "delete-outside-tag";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.changing().filter(|pass| !pass.repeat) {
        let ledger = Ledger::of(case, pass);
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Change(change) = &event.what else { continue };
            if change.relation.is_temporary() || super::is_house_rule(event, &case.baseline) {
                continue;
            }
            let finding = match (pass.role.undoes(), change.kind) {
                (true, ChangeKind::Delete | ChangeKind::Update) => undone(&ledger, event, change),
                (false, ChangeKind::Delete) => lost(&ledger, event, change),
                (false, ChangeKind::Update) => claimed(&ledger, change),
                _ => None,
            };
            findings.extend(finding.map(|finding| super::with_trail(finding, event)));
        }
    }
}

/// What a tier, or the tiers that a pass undoes, add to each table.
pub(super) struct Ledger<'c> {
    case: &'c Case<'c>,
    pass: &'c Pass<'c>,
    added: RefCell<HashMap<Name, Rc<Added<'c>>>>,
}

/// What is added to one table.
struct Added<'c> {
    insertions: Vec<&'c Insertion>,
    /// What tells the rows from all others: the tag columns of `lint.toml`, or else a column of
    /// constants; and keys.
    marks: Vec<Mark>,
}

impl<'c> Ledger<'c> {
    pub(super) fn of(case: &'c Case<'_>, pass: &'c Pass<'_>) -> Self {
        Self { case, pass, added: RefCell::default() }
    }

    fn to(&self, table: &Name) -> Rc<Added<'c>> {
        if let Some(known) = self.added.borrow().get(table) {
            return Rc::clone(known);
        }
        let insertions = insertions(self.case, self.pass, table);
        let added = Rc::new(Added { marks: marks(self.case, self.pass, &insertions), insertions });
        self.added.borrow_mut().insert(table.clone(), Rc::clone(&added));
        added
    }

    /// Whether a change reaches only rows of a table that are added.
    pub(super) fn confines(&self, change: &Change<'_>) -> bool {
        confined(self.case, self.pass, change, &self.to(&change.relation).marks)
    }
}

/// What a rollback removes or changes, if it may be somebody else's.
fn undone(ledger: &Ledger<'_>, event: &Event<'_>, change: &Change<'_>) -> Option<Finding> {
    let (case, pass) = (ledger.case, ledger.pass);
    if is_carried(event) {
        return carried(case, event, change);
    }
    if fills_new_columns(pass, change) {
        return None;
    }
    if ledger.confines(change) || takes_back(case, pass, change) {
        return None;
    }
    let added = ledger.to(&change.relation);
    let fix = super::is_own(event).then(|| escaped(case, pass, change, &added.marks)).flatten();
    Some(finding(case, pass, event, change, &added).fix(fix))
}

/// Whether a rollback writes only what a tier that it undoes has written, into rows that it reached;
/// or into columns that the release has added.
fn takes_back(case: &Case<'_>, pass: &Pass<'_>, change: &Change<'_>) -> bool {
    let Some(Act::Update { set, from, .. }) = change.act else { return false };
    let before = case.baseline.relation(&change.relation);
    if before.is_some_and(|before| before.is_known && set.iter().all(|set| before.column(&set.column).is_none())) {
        return true;
    }
    let is_taken_back = |forth: &Change<'_>| {
        let written = forth.assignments();
        let is_written = |column: &Ident| written.iter().any(|set| set.column == *column);
        let Some(Act::Update { from: joined, .. }) = forth.act else { return false };
        if forth.relation != change.relation || !set.iter().all(|set| is_written(&set.column)) {
            return false;
        }
        let Some(filter) = forth.filter else { return joined.is_empty() };
        // What it wrote over says nothing of the rows any more.
        let reached = forth.reach();
        let same = |part: &Expr| if joined.is_empty() { part.unqualified(reached.called()) } else { part.clone() };
        let parts = filter.conjuncts();
        let stay: Vec<Expr> = parts.into_iter().filter(|part| !is_about(part, &is_written)).map(same).collect();
        let Some(first) = stay.first() else { return false };
        let goal = Expr { at: first.at, kind: ExprKind::And(stay.clone()) };
        let reach = change.reach();
        if joined.is_empty() {
            return Facts::default().confines(&reach, super::common(change), &goal, &Sight(&pass.start)) == Known::Yes;
        }
        let asked = change.filter.map(Expr::conjuncts).unwrap_or_default();
        joined == from && reached.alias == reach.alias && stay.iter().all(|part| asked.contains(&part))
    };
    super::undone_by(case, pass).any(|tier| {
        let changes = tier.run.events.iter().filter(|event| event.reachable).filter_map(|event| match &event.what {
            What::Change(change) if change.kind == ChangeKind::Update => Some(change),
            _ => None,
        });
        changes.into_iter().any(is_taken_back)
    })
}

/// Whether an expression names one of the columns, of whatever relation.
fn is_about(expr: &Expr, is_one: &dyn Fn(&Ident) -> bool) -> bool {
    struct Names<'f>(&'f dyn Fn(&Ident) -> bool, bool);
    impl<'a> Visit<'a> for Names<'_> {
        fn expr(&mut self, expr: &'a Expr) {
            match &expr.kind {
                ExprKind::Column(path) => self.1 |= path.last().is_some_and(self.0),
                _ => walk_expr(self, expr),
            }
        }
    }
    let mut names = Names(is_one, false);
    names.expr(expr);
    names.1
}

/// Whether a rollback fills only columns that it adds itself, and no trigger writes others and no
/// heir had them before: nothing that was there is changed.
fn fills_new_columns(pass: &Pass<'_>, change: &Change<'_>) -> bool {
    let Some(Act::Update { set, .. }) = change.act else { return false };
    let end = &pass.run.end.catalog;
    let (Some(before), Some(after)) = (pass.start.relation(&change.relation), end.relation(&change.relation)) else {
        return false;
    };
    let is_new = |set: &Assignment| {
        let added = after.column(&set.column).filter(|column| column.origin == origin::OTHER);
        // A column with another name is where the old one was added.
        added.is_some_and(|added| {
            added.presence == Presence::Yes
                && added.is_local
                && !before.columns.iter().any(|old| old.name == added.name || old.at.is(added.at))
        })
    };
    let is_alone = [&pass.start, end].iter().all(|catalog| {
        let on_update = |(_, trigger): &(Ident, Trigger)| trigger.events.iter().any(|event| event == "update");
        !catalog.triggers(&change.relation).iter().any(on_update) && !catalog.is_inherited(&change.relation)
    });
    // One that is gone again at the end fired all the same.
    let makes_trigger = pass.run.events.iter().any(|event| match &event.what {
        What::Define { outcome, .. } => {
            outcome.made.iter().any(|key| key.kind == Kind::Trigger && key.relation() == *change.relation)
        }
        _ => false,
    });
    before.is_known && !set.is_empty() && set.iter().all(is_new) && is_alone && !makes_trigger
}

/// What a tier deletes, if it may have been there before.
fn lost(ledger: &Ledger<'_>, event: &Event<'_>, change: &Change<'_>) -> Option<Finding> {
    let (case, pass) = (ledger.case, ledger.pass);
    if super::is_made_by_release(&change.relation, case) {
        return None;
    }
    if is_carried(event) {
        return carried(case, event, change);
    }
    let is_own = ledger.confines(change);
    let told = || finding(case, pass, event, change, &ledger.to(&change.relation));
    (!is_own).then(|| told().consequence("no rollback brings them back"))
}

/// Rows that may have been there before and get the tag by which the rollback finds those that
/// it deletes.
fn claimed(ledger: &Ledger<'_>, change: &Change<'_>) -> Option<Finding> {
    let (case, pass) = (ledger.case, ledger.pass);
    if super::is_made_by_release(&change.relation, case) || ledger.confines(change) {
        return None;
    }
    let added = ledger.to(&change.relation);
    let sets = change.assignments();
    let claim = |mark: &Mark| {
        let may_be_it = |set: &&Assignment| {
            set.column == mark.column && text_of(&set.value).is_none_or(|text| mark.values.contains(&text))
        };
        sets.iter().find(may_be_it)
    };
    // What is no key is the tag, or, where nobody says which column that is, a part of it.
    let tags =
        added.marks.iter().filter(|mark| !pass.start.has_key_within(&mark.table, std::slice::from_ref(&mark.column)));
    let claims: Vec<(&Mark, Option<&Assignment>)> = tags.map(|mark| (mark, claim(mark))).collect();
    if case.package.tag_columns.is_empty() && claims.iter().any(|(_, set)| set.is_none()) {
        return None;
    }
    let (mark, set) = claims.into_iter().find_map(|(mark, set)| Some((mark, set?)))?;
    let name = super::called(pass, case);
    let message = format!("{name} may mark rows of {} as its own that were there before", change.written);
    let finding = Finding::new(ID, set.at, message, "this marks whatever row it reaches")
        .related(mark.at, format!("the release marks the rows that it adds by {}", mark.column))
        .consequence("the rollback takes them for rows of the release and deletes them")
        .way_out("leave rows that are there as they are: ON CONFLICT … DO NOTHING, or a WHERE that asks for the tag");
    Some(finding)
}

fn is_carried(event: &Event<'_>) -> bool {
    event.via.iter().any(|via| matches!(via.origin, Origin::ForeignKey { .. }))
}

/// What hangs on rows of the release is the release's own only in its own tables.
fn carried(case: &Case<'_>, event: &Event<'_>, change: &Change<'_>) -> Option<Finding> {
    let is_others = !super::is_made_by_release(&change.relation, case);
    is_others.then(|| {
        let message = format!("a deletion is carried on to {}", change.relation);
        Finding::new(ID, event.at, message, "rows of others go with it")
            .consequence("rows that this release did not write are deleted or changed")
            .way_out("delete nothing that others may refer to, or make the rollback stop while they do")
    })
}

/// What a tier, or the tiers that a pass undoes, add to a table.
fn insertions<'c>(case: &'c Case<'_>, pass: &Pass<'_>, table: &Name) -> Vec<&'c Insertion> {
    let undone = match pass.role {
        Role::Tier(only) | Role::Rollback(only) => case.added.get(only..=only),
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
    let named = |column: &Ident| {
        case.package.tag_columns.is_empty()
            || case.package.tag_columns.iter().any(|name| name.get_ref() == column.as_str())
    };
    let tags: BTreeSet<&str> = case.package.tags.iter().map(|tag| tag.get_ref().as_str()).collect();
    let world = &pass.start;
    ledger::marks(insertions)
        .into_iter()
        .filter(|mark| {
            let tagged = named(&mark.column)
                && (tags.is_empty()
                    || mark
                        .values
                        .iter()
                        .all(|value| tags.contains(value.as_str()) || pattern(&tags, value).is_some()));
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

/// Whether a change reaches only rows that one of the marks tells apart.
fn confined(case: &Case<'_>, pass: &Pass<'_>, change: &Change<'_>, marks: &[Mark]) -> bool {
    let demands = Demands::of(&change.reach());
    marks.iter().any(|mark| demands.confine(&mark.column, &mark.values))
        || marks.iter().any(|mark| confined_to(case, pass, change, mark, demands.leave_open(&mark.column)))
}

/// The same of one mark, where it is known whether no list can confine the change.
fn confined_to(case: &Case<'_>, pass: &Pass<'_>, change: &Change<'_>, mark: &Mark, is_open: bool) -> bool {
    let (reach, with) = (change.reach(), super::common(change));
    let world = Sight(&pass.start);
    let confines = |goal: Expr| Facts::default().confines(&reach, with, &goal, &world) == Known::Yes;
    let in_list = || {
        confines(among(&mark.column, &mark.values)) || among_numbers(&mark.column, &mark.values).is_some_and(confines)
    };
    if !is_open && in_list() {
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
    let tags: BTreeSet<String> =
        tags.chain(marks.iter().flat_map(|mark| &mark.values).map(ToString::to_string)).collect();
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
        if confined(case, pass, &mended, marks) {
            let edit = Edit { at: pattern.at, text: quoted(&right) };
            return Some(Fix { what: format!("escape the pattern: {}", quoted(&right)), edits: vec![edit] });
        }
    }
    None
}

fn finding(case: &Case<'_>, pass: &Pass<'_>, event: &Event<'_>, change: &Change<'_>, added: &Added<'_>) -> Finding {
    let name = super::called(pass, case);
    let at = change.filter.map_or(event.at, super::whole);
    let message = format!("{name} {} {} that the release may not have written", super::verb(change), change.written);
    let mut finding = Finding::new(
        ID,
        at,
        message,
        if change.filter.is_some() { "this lets other rows through" } else { "all rows" },
    );
    for mark in &added.marks {
        let values: Vec<_> = mark.values.iter().map(|value| format!("'{value}'")).collect();
        finding =
            finding.related(mark.at, format!("the release marks its rows: {} = {}", mark.column, values.join(" or ")));
    }
    let (go, gone) = if change.kind == ChangeKind::Update { ("is changed", "changed") } else { ("goes", "deleted") };
    if added.insertions.is_empty() {
        finding = finding
            .consequence(format!("the release adds no row to this table: every row that {go} is somebody else's"));
    } else {
        finding = finding.consequence(format!("rows that this release did not write are {gone}"));
    }
    finding.way_out("WHERE must say, in every branch, that the tag column is a tag which this release inserts")
}

//! Statements that PostgreSQL will refuse.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::case::{Case, Pass};
use crate::catalog::{Catalog, ForeignKey, Key, Kind};
use crate::effect::{Act, At, Ident, Name};
use crate::finding::Finding;
use crate::flow::{Change, ChangeKind, What};
use crate::ledger::{Constants, Insertion, exact, insertion};
use crate::package::Role;

const ID: &str = "statement-fails";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        for event in pass.run.events.iter().filter(|event| event.reachable && event.certain) {
            let Some(problem) = event.what.problem() else { continue };
            // The order of DROP has a rule of its own, and so has what no transaction takes.
            if matches!(problem.sqlstate, "2BP01" | "25001") {
                continue;
            }
            let finding =
                Finding::new(ID, event.at, problem.message.clone(), format!("PostgreSQL says {}", problem.sqlstate))
                    .consequence("the script stops here")
                    .way_out("correct the statement, or the baseline that lint.toml names");
            findings.push(super::with_trail(finding, event));
        }
        // Where a statement is refused, what follows it is none of the script's doing.
        let refused = pass.run.events.iter().any(|event| event.what.problem().is_some());
        let first = pass.run.events.iter().find(|event| matches!(event.what, What::Unreachable(_)));
        if let Some(first) = first
            && !pass.run.end.reachable
            && !refused
        {
            let message = format!("{} never comes to its end", super::called(pass, case));
            let finding = Finding::new(ID, first.at, message, "every path stops before this")
                .consequence("nothing of it stays, and what follows here was not analysed")
                .way_out("look at the checks before it: one of them contradicts what is certainly true there");
            findings.push(super::with_trail(finding, first));
        }
        if matches!(pass.role, Role::Tier(_)) && !refused {
            orphans(case, pass, findings);
        }
    }
}

/// Rows that refer to others which are not there, or are only added later.
fn orphans(case: &Case<'_>, pass: &Pass<'_>, findings: &mut Vec<Finding>) {
    let end = &pass.run.end.catalog;
    let mut keys: HashMap<Name, Vec<ForeignKey>> = HashMap::new();
    let (mut course, mut elsewhere) = (None, None);
    let mut rows: HashMap<(Name, Vec<Ident>), Rows> = HashMap::new();
    for (index, event) in pass.run.events.iter().enumerate().filter(|(_, event)| event.reachable && event.certain) {
        let What::Change(Change { kind: ChangeKind::Insert, relation, .. }) = &event.what else { continue };
        let mut of = |table: &Name| {
            let mut keys = end.demanded_parents(table);
            keys.retain(|key| {
                let parent = key.parent.relation();
                !super::may_be_deferred(pass, key)
                    && end.descendants(&parent).is_empty()
                    && !elsewhere.get_or_insert_with(|| added_elsewhere(case, pass)).contains(&parent)
            });
            keys
        };
        let keys = keys.entry(Name::clone(relation)).or_insert_with(|| of(relation));
        // A query may find nothing to add.
        let Some(child) = insertion(event).filter(|child| !keys.is_empty() && child.rows.is_some_and(|rows| rows > 0))
        else {
            continue;
        };
        let course = course.get_or_insert_with(|| Course::of(pass));
        if course.untold.is_some_and(|untold| untold < index) {
            return;
        }
        for key in
            keys.iter().filter(|key| pass.start.contains(&key.constraint) || course.is_made(&key.constraint, index))
        {
            let parent = key.parent.relation();
            if course.updated.get(&parent).is_some_and(|updated| *updated < index) {
                continue;
            }
            let rows = rows.entry((parent, key.referenced.clone())).or_insert_with(|| Rows::of(course, key, end));
            for wanted in tuples(&child, &key.columns).0 {
                let later = rows.first.get(&wanted).copied();
                let is_new = course.empty.get(&key.parent).is_some_and(|made| *made < index);
                // The rows of one statement are looked at when all of them are there.
                if later.is_some_and(|(at, _)| at <= index) || rows.may_have(key, &wanted, index, end) {
                    continue;
                }
                let name = super::called(pass, case);
                let (child, parent) = (&key.child.name, &key.parent.name);
                let pairs = key.referenced.iter().zip(&wanted).map(|(column, value)| format!("{column} = '{value}'"));
                let wanted = pairs.collect::<Vec<_>>().join(" AND ");
                let finding = if let Some((_, later)) = later {
                    let message = format!("{name} adds rows to {child} before those of {parent} that they refer to");
                    Finding::new(ID, event.at, message, format!("this needs a row of {parent} with {wanted}"))
                        .related(later, "which is added only here")
                        .consequence("PostgreSQL refuses the row (23503), and the script stops here")
                        .way_out("add the rows of the parent first")
                } else if is_new {
                    let constraint = key.constraint.part.clone().unwrap_or_default();
                    let message = format!(
                        "insert or update on table \"{child}\" violates foreign key constraint \"{constraint}\""
                    );
                    Finding::new(ID, event.at, message, "PostgreSQL says 23503")
                        .consequence(format!("no row of {parent} has {wanted}, and the script stops here"))
                        .way_out("add the row of the parent first")
                } else {
                    continue;
                };
                findings.push(super::with_trail(finding, event));
                break;
            }
        }
    }
}

/// The tables to which other tiers add rows.
fn added_elsewhere<'c>(case: &'c Case<'_>, pass: &Pass<'_>) -> HashSet<&'c Name> {
    let others = case.added.iter().enumerate().filter(|(tier, _)| pass.role != Role::Tier(*tier));
    others.flat_map(|(_, added)| added.iter().map(|added| &added.table)).collect()
}

/// At which of its events a run does first what decides on the rows of parents.
#[derive(Default)]
struct Course {
    /// What cannot be told.
    untold: Option<usize>,
    /// An UPDATE of a table.
    updated: HashMap<Name, usize>,
    /// What is made.
    made: HashMap<Key, usize>,
    /// The tables among it that have no rows then.
    empty: HashMap<Key, usize>,
    /// The rows that are added to a table.
    added: HashMap<Name, Vec<(usize, Insertion)>>,
}

impl Course {
    fn of(pass: &Pass<'_>) -> Self {
        let mut course = Self::default();
        for (index, event) in pass.run.events.iter().enumerate() {
            match &event.what {
                What::Opaque(_) | What::UnknownFunction(_) => drop(course.untold.get_or_insert(index)),
                What::Change(Change { kind: ChangeKind::Update, relation, .. }) => {
                    course.updated.entry(Name::clone(relation)).or_insert(index);
                }
                What::Change(Change { kind: ChangeKind::Insert, relation, .. }) if event.reachable => {
                    let added = course.added.entry(Name::clone(relation)).or_default();
                    added.extend(insertion(event).map(|rows| (index, rows)));
                }
                What::Define { statement, outcome } => {
                    let is_empty = event.certain
                        && matches!(&statement.act, Act::CreateTable { inherits, .. } if inherits.is_empty());
                    for key in &outcome.made {
                        course.made.entry(key.clone()).or_insert(index);
                        if is_empty && key.kind == Kind::Table {
                            course.empty.entry(key.clone()).or_insert(index);
                        }
                    }
                }
                _ => {}
            }
        }
        course
    }

    fn is_made(&self, key: &Key, before: usize) -> bool {
        self.made.get(key).is_some_and(|made| *made < before)
    }
}

/// The rows that a run adds to a table, by their constants in some columns.
#[derive(Default)]
struct Rows {
    /// Those with these constants: the first event that adds them, and where that is.
    first: HashMap<Vec<Ident>, (usize, At)>,
    /// The first event that adds any.
    any: Option<usize>,
    /// The first that adds others than can be told.
    open: Option<usize>,
}

impl Rows {
    fn of(course: &Course, key: &ForeignKey, catalog: &Catalog) -> Self {
        let mut rows = Self::default();
        for (index, added) in course.added.get(&key.parent.relation()).into_iter().flatten() {
            rows.any.get_or_insert(*index);
            let (found, are_all) = tuples(added, &key.referenced);
            if !are_all || !found.iter().all(|values| is_told(values, key, catalog)) {
                rows.open.get_or_insert(*index);
            }
            for values in found {
                rows.first.entry(values).or_insert((*index, added.at));
            }
        }
        rows
    }

    /// Whether a row may have these constants that is not among those of which it can be told.
    fn may_have(&self, key: &ForeignKey, wanted: &[Ident], index: usize, catalog: &Catalog) -> bool {
        let is_before = |first: Option<usize>| first.is_some_and(|first| first <= index);
        is_before(self.open) || is_before(self.any) && !is_told(wanted, key, catalog)
    }
}

/// Whether constants are other ones wherever they are written otherwise.
fn is_told(values: &[Ident], key: &ForeignKey, catalog: &Catalog) -> bool {
    let table = key.parent.relation();
    let mut pairs = key.referenced.iter().zip(values);
    pairs.all(|(column, value)| exact(catalog, &table, column).is_some_and(|kind| kind.tells(value)))
}

/// The constants that the rows have in some columns, as far as they can be told, and whether that
/// is all of them.
fn tuples(added: &Insertion, columns: &[Ident]) -> (BTreeSet<Vec<Ident>>, bool) {
    let of_row = |row: &Constants| -> Option<Vec<Ident>> {
        let only = |column: &Ident| {
            let mut values = row.get(column)?.iter();
            values.next().filter(|_| values.len() == 0).cloned()
        };
        columns.iter().map(only).collect()
    };
    let rows: Vec<Option<Vec<Ident>>> = match (columns, added.each.as_slice()) {
        ([column], []) => match added.values.get(column) {
            Some(values) => values.iter().map(|value| Some(vec![value.clone()])).collect(),
            None => vec![None],
        },
        (_, []) => vec![of_row(&added.values)],
        (_, rows) => rows.iter().map(of_row).collect(),
    };
    let are_all = rows.iter().all(Option::is_some);
    (rows.into_iter().flatten().collect(), are_all)
}

//! Roads by which rows of a protected table are lost.

use std::collections::BTreeSet;

use crate::case::{Case, Pass};
use crate::catalog::{Key, Kind};
use crate::config::nearest;
use crate::effect::{Act, AlterAction, At, Body, From, Ident, Name, Visit, walk_act};
use crate::finding::Finding;
use crate::flow::{ChangeKind, What};
use crate::package::Role;

const ID: &str = "protected-rows-lost";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for protected in &case.package.protected {
        let table = super::protected(protected, case);
        if let Some(finding) = nowhere(case, &table, protected.get_ref()) {
            findings.push(finding);
            continue;
        }
        let told = |at, message: String| {
            Finding::new(ID, at, message, "here")
                .related(table.at, "protected here")
                .consequence("the table is history: rows that others refer to are gone for good")
                .way_out("retire rows by UPDATE; never delete them")
        };
        for pass in case.passes.iter().filter(|pass| pass.role != Role::Baseline) {
            let family = family(&table, pass, case);
            for event in pass.run.events.iter().filter(|event| event.reachable) {
                match &event.what {
                    What::Change(change)
                        if *change.relation == table
                            && matches!(change.kind, ChangeKind::Delete | ChangeKind::Truncate) =>
                    {
                        let script = super::called(pass, case);
                        let message = format!("{script} {} the protected table {table}", super::verb(change));
                        findings.push(super::with_trail(told(event.at, message), event));
                    }
                    What::Change(change)
                        if family.contains(&change.relation)
                            && matches!(change.kind, ChangeKind::Delete | ChangeKind::Truncate) =>
                    {
                        let script = super::called(pass, case);
                        let what = format!("{} {}", super::verb(change), change.relation);
                        let message =
                            format!("{script} {what}, and rows of the protected table {table} are among them");
                        findings.push(super::with_trail(told(event.at, message), event));
                    }
                    What::Define { statement, outcome } => {
                        let is_lost =
                            |key: &Key| key.holds_rows_of(&table) || family.iter().any(|of| key.holds_rows_of(of));
                        let is_detached =
                            |(key, what): &(Key, Ident)| what == "detached" && family.contains(&key.relation());
                        if super::taken(outcome).any(|(key, _)| is_lost(key)) || outcome.altered.iter().any(is_detached)
                        {
                            let message = format!("the protected table {table}, or a part of it, is dropped");
                            findings.push(super::with_trail(told(event.at, message), event));
                        }
                        if let Some((column, at)) = worked_out(&statement.act, &table, pass) {
                            let script = super::called(pass, case);
                            let message = format!("{script} works out {column} of the protected table {table} anew");
                            findings.push(super::with_trail(told(at, message), event));
                        }
                        let mut bodies = Bodies { case, table: &table, found: Vec::new() };
                        match &statement.act {
                            Act::CreateFunction(function) => bodies.body(&function.body),
                            Act::CreateRule { actions, .. } => {
                                actions.iter().for_each(|action| bodies.statement(action));
                            }
                            _ => {}
                        }
                        for at in bodies.found {
                            findings.push(told(
                                at,
                                format!("what is defined here deletes from the protected table {table}"),
                            ));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What is wrong with an entry of `protected` that names no table of the database before the
/// release, nor one that the release makes.
fn nowhere(case: &Case<'_>, table: &Name, written: &str) -> Option<Finding> {
    let is_known = case.scripts.iter().any(|script| script.role == Role::Baseline);
    let ends = case.tiers.iter().map(|tier| &tier.run.end.catalog);
    let mut catalogs = std::iter::once(&case.baseline).chain(ends);
    if !is_known || catalogs.any(|catalog| catalog.relation(table).is_some()) {
        return None;
    }
    let catalogs = std::iter::once(&case.baseline).chain(case.tiers.last().map(|tier| &tier.run.end.catalog));
    let keys = catalogs.flat_map(crate::catalog::Catalog::keys_of_all).filter(|key| key.kind == Kind::Table);
    let names: BTreeSet<Ident> = keys.map(|key| key.name).collect();
    let names: Vec<&str> = names.iter().map(Ident::as_str).collect();
    let bare = written.rsplit('.').next().unwrap_or_default().to_lowercase();
    let message = format!("there is no table \"{written}\" to protect, before the release or after it");
    let finding = Finding::new(ID, table.at, message, "here").consequence("the table that is meant is not protected");
    Some(match nearest(&bare, &names) {
        Some(near) => finding.way_out(format!("did you mean \"{near}\"?")),
        None => finding.way_out("name a table as it is stored, behind its schema where it is not on the search path"),
    })
}

/// The column of a protected table whose values a change of its type makes others.
fn worked_out<'a>(act: &'a Act, table: &Name, pass: &Pass<'_>) -> Option<(&'a Ident, At)> {
    let Act::AlterTable { name, actions, .. } = act else { return None };
    if pass.start.canonical(name) != *table {
        return None;
    }
    actions.iter().find_map(|action| match action {
        AlterAction::ColumnType { column, to, using, .. }
            if !pass.start.keeps_values(name, column, to, using.as_ref()) =>
        {
            Some((column, using.as_ref().map_or(to.name.at, super::whole)))
        }
        _ => None,
    })
}

/// The relations that hold rows of a table, or whose rows those of the table are: what it is a
/// partition of or inherits from, and its partitions.
fn family(table: &Name, pass: &Pass<'_>, case: &Case<'_>) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    for catalog in [&case.baseline, &pass.start, &pass.run.end.catalog] {
        found.extend(catalog.ancestors(table));
        if catalog.relation(table).is_some_and(|relation| relation.partitioned) {
            found.extend(catalog.descendants(table));
        }
    }
    found
}

/// Finds deletions in bodies, whether or not anybody calls them.
struct Bodies<'c, 'a> {
    case: &'c Case<'a>,
    table: &'c Name,
    found: Vec<At>,
}

impl<'a> Visit<'a> for Bodies<'_, '_> {
    fn act(&mut self, act: &'a Act) {
        let names: Vec<&Name> = match act {
            Act::Delete { table, .. } => vec![table],
            Act::Merge { table, branches, .. }
                if branches.iter().any(|branch| matches!(branch.action, crate::effect::MergeAction::Delete)) =>
            {
                vec![table]
            }
            Act::Truncate { tables, .. } => tables.iter().collect(),
            Act::Drop { objects, .. } => objects.iter().map(|object| &object.name).collect(),
            _ => Vec::new(),
        };
        for name in names {
            if self.case.baseline.canonical(name) == *self.table {
                self.found.push(name.at);
            }
        }
        walk_act(self, act);
    }

    fn body(&mut self, body: &'a Body) {
        match body {
            Body::PlPgSql(block) => self.block(block),
            Body::Sql(statements) => statements.iter().for_each(|statement| self.statement(statement)),
            Body::Opaque { .. } => {}
        }
    }

    fn from(&mut self, _: &'a From) {}
}

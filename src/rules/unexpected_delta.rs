//! Tiers that add something else than the rollout table says.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, Pass};
use crate::catalog::Catalog;
use crate::config::Rows;
use crate::effect::{At, Ident, Name};
use crate::finding::Finding;
use crate::ledger::Insertion;
use crate::package::Role;

const ID: &str = "unexpected-delta";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        let Role::Tier(index) = pass.role else { continue };
        let Some(tier) = case.package.tier.get(index) else { continue };
        let Some(adds) = &tier.adds else { continue };
        let row = case.configured(&tier.number.span());
        let name = super::called(pass, case);
        let told = |at: At, message: String| {
            Finding::new(ID, at, message, "here")
                .related(row, "the rollout table")
                .consequence("what was reviewed as the outcome of this tier is not what comes out")
                .way_out("correct the script, or `adds` in lint.toml")
        };
        let script = case.script(pass).map(|script| script.at).unwrap_or_default();
        for (kind, wanted) in [("table", adds.tables), ("view", adds.views), ("function", adds.functions)] {
            let (more, fewer) = pass.run.end.catalog.count_change(&pass.start, kind);
            let net = i64::try_from(more.len()).unwrap_or(i64::MAX) - i64::try_from(fewer).unwrap_or(0);
            if net != wanted {
                let at = more.last().and_then(|key| pass.run.end.catalog.made_at(key)).unwrap_or(script);
                findings.push(told(at, format!("{name} adds {net} {kind}(s), not {wanted}")));
            }
        }
        rows((case, pass), index, &adds.rows, &name, script, &told, findings);
    }
}

/// How many rows an insertion adds: of those that agree in a key, one.
fn count(insertion: &Insertion, pass: &Pass<'_>) -> Option<usize> {
    let all = insertion.rows?;
    let catalog = &pass.run.end.catalog;
    let known: Vec<Ident> = insertion.values.keys().cloned().collect();
    let distinct = |key: Vec<Ident>| {
        let rows = insertion.each.iter();
        let parts = rows.map(|row| key.iter().map(|column| row.get(column)).collect::<Vec<_>>());
        parts.collect::<BTreeSet<_>>().len()
    };
    let keys = catalog.keys_within(&insertion.table, &known).into_iter();
    if insertion.each.len() == all { keys.map(distinct).min().or(Some(all)) } else { Some(all) }
}

/// What `adds` calls a table: by its name alone the one in `public`, or where there is none there
/// the only one.
fn called(table: &Name, catalog: &Catalog) -> String {
    let public = Name { schema: Some(Ident::new_static("public")), ..table.clone() };
    let is_another = table.schema != public.schema && catalog.relation(&public).is_some();
    if is_another { table.to_string() } else { table.name.to_string() }
}

/// Whether numbers, each as often as one likes, come to a sum: what stands in a branch or in a loop
/// happens not at all, once or more often.
fn comes_to(sum: usize, numbers: &[usize]) -> bool {
    let mut reached = vec![false; sum.min(COUNT_LIMIT) + 1];
    if sum > COUNT_LIMIT {
        return !numbers.is_empty();
    }
    for total in 0..=sum {
        let is_reached = |number: &usize| {
            *number > 0 && total.checked_sub(*number).is_some_and(|rest| reached.get(rest).copied().unwrap_or(false))
        };
        let found = total == 0 || numbers.iter().any(is_reached);
        if let Some(slot) = reached.get_mut(total) {
            *slot = found;
        }
    }
    reached.last().copied().unwrap_or(false)
}

/// Of more rows than this it is not worked out how they come about.
const COUNT_LIMIT: usize = 100_000;

fn rows(
    (case, pass): (&Case<'_>, &Pass<'_>),
    index: usize,
    wanted: &BTreeMap<String, Rows>,
    name: &str,
    script: At,
    told: &dyn Fn(At, String) -> Finding,
    findings: &mut Vec<Finding>,
) {
    let mut by_table: BTreeMap<String, Vec<&Insertion>> = BTreeMap::new();
    let added = case.added.get(index).map(|added| &**added).unwrap_or_default();
    for insertion in added.iter().filter(|insertion| !insertion.table.is_temporary()) {
        by_table.entry(called(&insertion.table, &pass.run.end.catalog)).or_default().push(insertion);
    }
    // A table may be written with its schema, whether it has to be or not.
    let wanted: BTreeMap<String, (&String, &Rows)> = wanted
        .iter()
        .map(|(written, rows)| {
            let table = match written.split_once('.') {
                Some((schema, name)) => {
                    let name = Name { schema: Some(Ident::from(schema)), ..Name::plain(name, script) };
                    called(&name, &pass.run.end.catalog)
                }
                None => written.clone(),
            };
            (table, (written, rows))
        })
        .collect();
    for (table, insertions) in &by_table {
        let Some(first) = insertions.first() else { continue };
        match wanted.get(table).map(|(_, rows)| *rows) {
            // What a trigger of the house adds along with them is counted by hand, or not at all.
            None if insertions.iter().all(|insertion| insertion.by_trigger) => {}
            None => findings.push(told(first.at, format!("{name} adds rows to {table}, which `adds` does not name"))),
            Some(Rows::Guarded) => {}
            Some(Rows::Exactly(number)) => {
                let counts: Option<Vec<(usize, bool)>> =
                    insertions.iter().map(|insertion| Some((count(insertion, pass)?, insertion.certain))).collect();
                let Some(counts) = counts else { continue };
                let sum: usize = counts.iter().filter(|(_, certain)| *certain).map(|(rows, _)| rows).sum();
                let maybe: Vec<usize> = counts.iter().filter(|(_, certain)| !certain).map(|(rows, _)| *rows).collect();
                let rest = usize::try_from(*number).ok().and_then(|number| number.checked_sub(sum));
                if rest.is_some_and(|rest| comes_to(rest, &maybe)) {
                    continue;
                }
                let count = match maybe.as_slice() {
                    [] => sum.to_string(),
                    _ => format!("{sum} or, on some path, {} or more", sum + maybe.iter().min().copied().unwrap_or(0)),
                };
                findings.push(told(first.at, format!("{name} adds {count} row(s) to {table}, not {number}")));
            }
        }
    }
    for (table, (written, rows)) in &wanted {
        let none = !by_table.contains_key(table);
        if none && **rows != Rows::Exactly(0) {
            findings.push(told(script, format!("{name} adds no row to {written}, which `adds` names")));
        }
    }
}

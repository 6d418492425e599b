//! Tiers that add something else than the rollout table says.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::config::Rows;
use crate::effect::{At, Ident};
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
        rows(case, index, &adds.rows, &name, script, &told, findings);
    }
}

fn rows(
    case: &Case<'_>,
    index: usize,
    wanted: &BTreeMap<String, Rows>,
    name: &str,
    script: At,
    told: &dyn Fn(At, String) -> Finding,
    findings: &mut Vec<Finding>,
) {
    let mut by_table: BTreeMap<&Ident, Vec<&Insertion>> = BTreeMap::new();
    let added = case.added.get(index).map(|added| &**added).unwrap_or_default();
    for insertion in added.iter().filter(|insertion| !insertion.table.is_temporary()) {
        by_table.entry(&insertion.table.name).or_default().push(insertion);
    }
    for (table, insertions) in &by_table {
        let Some(first) = insertions.first() else { continue };
        match wanted.get(table.as_str()) {
            // What a trigger of the house adds along with them is counted by hand, or not at all.
            None if insertions.iter().all(|insertion| insertion.by_trigger) => {}
            None => findings.push(told(first.at, format!("{name} adds rows to {table}, which `adds` does not name"))),
            Some(Rows::Guarded) => {}
            Some(Rows::Exactly(number)) => {
                let counts: Option<Vec<usize>> =
                    insertions.iter().map(|insertion| insertion.rows.filter(|_| insertion.certain)).collect();
                let Some(sum) = counts.map(|counts| counts.iter().sum::<usize>()) else { continue };
                if i64::try_from(sum).ok() != Some(*number) {
                    findings.push(told(first.at, format!("{name} adds {sum} row(s) to {table}, not {number}")));
                }
            }
        }
    }
    for (table, rows) in wanted {
        let none = !by_table.keys().any(|name| name.as_str() == table);
        if none && *rows != Rows::Exactly(0) {
            findings.push(told(script, format!("{name} adds no row to {table}, which `adds` names")));
        }
    }
}

//! Scripts that cannot run twice.

use crate::case::Case;
use crate::effect::{Act, Ident, RowSource};
use crate::finding::Finding;
use crate::flow::{Change, ChangeKind, Event, What};
use crate::logic::{Demands, Known};
use crate::mend;

const ID: &str = "fails-when-repeated";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| pass.repeat) {
        // What fails at once is not a matter of running twice.
        let failed = super::failed_before(case, pass);
        let first = super::first_of(case, pass).next();
        for again in first.into_iter().flat_map(|first| super::twice::again(first, pass)) {
            let bytes = super::bytes(case, again.event.at);
            let fix = mend::again(bytes, again.statement, again.sqlstate, pass.role.undoes());
            findings.push(told(again.event, &again.message).fix(fix));
        }
        for (index, event) in pass.run.events.iter().enumerate().filter(|(_, event)| event.reachable) {
            match &event.what {
                What::Define { .. } | What::Refused(_) => {
                    let Some(problem) = event.what.problem() else { continue };
                    if failed.contains(&event.at.span()) || problem.sqlstate == "25001" {
                        continue;
                    }
                    // What may change nothing is not to change it twice, either.
                    let fix = match &event.what {
                        What::Define { statement, .. } if super::is_own(event) && !pass.role.reads_only() => {
                            let bytes = super::bytes(case, event.at);
                            mend::again(bytes, statement, problem.sqlstate, pass.role.undoes())
                        }
                        _ => None,
                    };
                    findings.push(told(event, &problem.message).fix(fix));
                }
                What::Change(change) => {
                    if let Some(key) = duplicate(change, event, pass)
                        && !are_gone(index, change, pass)
                    {
                        let message = format!("the key ({key}) of {} is there already", change.relation);
                        let constant = |index: usize| match change.act {
                            Some(Act::Insert { columns, rows: RowSource::Query(query), .. }) => {
                                let constants = crate::ledger::constant_columns(columns, query);
                                columns.get(index).is_some_and(|column| constants.contains_key(column))
                            }
                            _ => false,
                        };
                        let fix = super::pass_over(case, pass, event, change, &constant);
                        findings.push(told(event, &message).fix(fix));
                    }
                }
                _ => {}
            }
        }
    }
}

fn told(event: &Event<'_>, message: &str) -> Finding {
    let finding = Finding::new(ID, event.at, format!("the second run fails: {message}"), "here")
        .consequence("after a failure further on the script cannot be run again")
        .way_out(
            "IF EXISTS, IF NOT EXISTS, OR REPLACE or ON CONFLICT; where there is none, a DO block that looks first",
        );
    super::with_trail(finding, event)
}

/// The key that an `INSERT` of constants meets again.
fn duplicate(change: &Change<'_>, event: &Event<'_>, pass: &crate::case::Pass<'_>) -> Option<String> {
    let Some(Act::Insert { rows: RowSource::Query(query), conflict: None, .. }) = change.act else { return None };
    if change.kind != ChangeKind::Insert || !event.certain {
        return None;
    }
    let insertion = crate::ledger::constant_columns(change.columns(), query);
    let constant: Vec<Ident> = insertion.keys().cloned().collect();
    let key = pass.start.keys_within(&change.relation, &constant).into_iter().next()?;
    crate::ledger::row_count(query).map(|_| key.iter().map(Ident::as_str).collect::<Vec<_>>().join(", "))
}

/// Whether the script has certainly removed the rows of the first run before it adds them.
fn are_gone(index: usize, change: &Change<'_>, pass: &crate::case::Pass<'_>) -> bool {
    let Some(Act::Insert { rows: RowSource::Query(query), .. }) = change.act else { return false };
    let rows = crate::ledger::constant_columns(change.columns(), query);
    let exact = |column: &Ident| crate::ledger::exact(&pass.start, &change.relation, column);
    pass.run.events.iter().take(index).any(|event| match &event.what {
        What::Change(before) if event.certain && before.relation == change.relation => match before.kind {
            ChangeKind::Truncate => true,
            ChangeKind::Delete => Demands::of(&before.reach()).meet(&rows, exact) == Known::Yes,
            ChangeKind::Insert | ChangeKind::Update => false,
        },
        _ => false,
    })
}

//! What could not be told.

use crate::case::{Case, Pass};
use crate::catalog::{Key, Outcome};
use crate::effect::{Act, Body};
use crate::finding::Finding;
use crate::flow::What;
use crate::package::Role;

const ID: &str = "not-analysed";

/// What a statement drops or changes if it is there, which nobody knows, and what is not made
/// again.
fn unseen(pass: &Pass<'_>, act: &Act, outcome: &Outcome) -> Option<String> {
    let then = match act {
        Act::Drop { .. } => "it is gone for good",
        Act::AlterTable { .. } | Act::Rename { .. } | Act::SetSchema { .. } | Act::Alter { .. } => "it is changed",
        _ => return None,
    };
    let is_made = |name: &str| {
        let is_it = |key: &Key| key.name == name || key.relation().to_string() == name;
        pass.run.events.iter().any(|event| match &event.what {
            What::Define { outcome, .. } => outcome.made.iter().any(is_it),
            _ => false,
        })
    };
    let unseen = outcome.skipped.iter().filter(|skipped| skipped.key.is_none());
    let name = unseen.map(|skipped| &skipped.name).find(|name| !is_made(name))?;
    Some(format!("whether {name} is there is not known here; if it is, {then}"))
}

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    // Where nothing undoes the tiers, what they do to what is not known here is in no claim.
    let is_undone = case.scripts.iter().any(|script| script.role.undoes());
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        let is_past = pass.role == Role::Baseline;
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let mut way_out = "write it so that it can be read, or have a human read it and say so: -- roof-lint: allow(not-analysed): why";
            let message = match &event.what {
                // What the database does by itself it does during the release, too.
                What::Hidden(why) => why.clone(),
                _ if is_past => continue,
                What::Acts(function) if !pass.role.reads_only() => {
                    format!("{function} changes something else than rows and the schema, which is not followed")
                }
                What::Opaque(why) => why.clone(),
                What::UnknownFunction(name) => {
                    format!("nothing is known of the function {name}: it may change anything")
                }
                What::Utility(statement) => match &statement.act {
                    Act::Utility { command, .. } if command == "load" => {
                        "a library of the server is loaded, and nothing is known of what it does".to_owned()
                    }
                    _ => continue,
                },
                What::Define { statement, outcome, .. } => match (&statement.act, &outcome.unfollowed) {
                    (Act::CreateFunction(function), None) => match &function.body {
                        Body::Opaque { why, .. } => format!("the body of {} was not read: {why}", function.name),
                        _ => continue,
                    },
                    (_, Some(why)) => why.to_string(),
                    (_, None) if is_undone && outcome.blurred => {
                        way_out = "list in baseline, in lint.toml, the scripts or the dump of what was there before";
                        match &outcome.may_fail {
                            Some(problem) => format!("what this changes is not known here: {}", problem.message),
                            None if pass.role.undoes() => continue,
                            None => match unseen(pass, &statement.act, outcome) {
                                Some(text) => text,
                                None => continue,
                            },
                        }
                    }
                    _ => continue,
                },
                _ => continue,
            };
            let finding = Finding::new(ID, event.at, message, "not analysed")
                .consequence("whatever it does is in no proof of this report")
                .way_out(way_out);
            findings.push(super::with_trail(finding, event));
        }
    }
}

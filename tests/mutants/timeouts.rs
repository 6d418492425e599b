//! Family 11: every transaction that changes the database sets three timeouts.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Mutant, Work};
use crate::text::{Statement, edit};

const TIMEOUTS: [&str; 3] = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];

/// Edits each SET LOCAL of a timeout, given the setting and its value.
fn setting(
    name: &str,
    change: impl Fn(&str, &Work, &Statement, &str, &str) -> String + Send + Sync + 'static,
) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Timeouts, name, 60, move |package| {
        let mut mutants = Vec::new();
        for work in package.works() {
            let text = package.text(&work.path);
            for statement in work.statements.iter().filter(|one| one.starts(text, "SET LOCAL")) {
                let name = statement.nth(text, 2);
                if TIMEOUTS.contains(&name) {
                    let value = statement.nth(text, 4);
                    let edited = change(text, &work, statement, name, value);
                    mutants.push(Mutant::of(&work, format!("{what}: {name}"), edited));
                }
            }
        }
        mutants
    })
}

/// Puts a pattern in the place of each SET LOCAL; `{name}` and `{value}` are its parts.
fn instead(name: &str, pattern: &'static str) -> Operator {
    setting(name, move |text, _, statement, name, value| {
        let new = pattern.replace("{name}", name).replace("{value}", value);
        edit(text, &[(statement.span.clone(), new)])
    })
    .shown(Harm::NoTimeout)
}

pub(crate) fn operators() -> Vec<Operator> {
    vec![
        instead("no timeout", ""),
        instead("a timeout of 0", "SET LOCAL {name} = 0;"),
        instead("a timeout of '0'", "SET LOCAL {name} = '0s';"),
        instead("a timeout of '0min'", "SET LOCAL {name} TO '0min';"),
        instead("the default of the server", "SET LOCAL {name} TO DEFAULT;"),
        instead("a setting of another name", "SET LOCAL one_roof.{name} = {value};"),
        instead("another setting of that kind", "SET LOCAL tcp_user_timeout = {value};"),
        instead("set and set back", "SET LOCAL {name} = {value};\nRESET {name};"),
        instead("set and switched off", "SET LOCAL {name} = {value};\nSET LOCAL {name} = 0;"),
        instead(
            "set and switched off by set_config",
            "SET LOCAL {name} = {value};\nSELECT set_config('{name}', '0', true);",
        ),
        instead("set and all set back", "SET LOCAL {name} = {value};\nRESET ALL;"),
        instead(
            "set in a subtransaction that is rolled back",
            "SAVEPOINT before_timeout;\nSET LOCAL {name} = {value};\nROLLBACK TO SAVEPOINT before_timeout;",
        ),
        instead("set in an arm that is never taken", "\\if false\nSET LOCAL {name} = {value};\n\\endif"),
        instead("commented out", "-- SET LOCAL {name} = {value};"),
        instead("set to 0 in a block", "DO $set$\nBEGIN\n    PERFORM set_config('{name}', '0', true);\nEND\n$set$;"),
        setting("SET LOCAL before BEGIN", |text, work, statement, _, _| {
            let moved = format!("{}\n", statement.text(text));
            let begin = work.begin.start;
            edit(text, &[(begin..begin, moved), (statement.span.clone(), String::new())])
        })
        .shown(Harm::NoTimeout),
        setting("set after the changes", |text, work, statement, _, _| {
            let moved = format!("{}\n\n", statement.text(text));
            let at = work.commit.start;
            edit(text, &[(statement.span.clone(), String::new()), (at..at, moved)])
        }),
        setting("switched off before the first change", |text, work, _, name, _| {
            let at = work.first().span.start;
            edit(text, &[(at..at, format!("SET LOCAL {name} = 0;\n"))])
        })
        .shown(Harm::NoTimeout),
    ]
}

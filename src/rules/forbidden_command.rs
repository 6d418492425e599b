//! Commands of psql that have no place in a release, in every arm of every `\if`.

use crate::case::Case;
use crate::effect::{Act, At, CopyEnd, QueryBody, Statement};
use crate::finding::Finding;
use crate::flow::{What, column_name};
use crate::package::Role;
use crate::psql::{Argument, Item, Metacommand, Part};

const ID: &str = "forbidden-command";

/// What only talks to the operator or to psql's own variables.
const HARMLESS: &[&str] = &[
    "a",
    "conninfo",
    "echo",
    "elif",
    "else",
    "endif",
    "errverbose",
    "g",
    "gset",
    "gx",
    "i",
    "if",
    "include",
    "include_relative",
    "ir",
    "pset",
    "qecho",
    "r",
    "reset",
    "set",
    "t",
    "timing",
    "unset",
    "warn",
    "x",
];

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let dumps = case.files_of(&|role| role == Role::Baseline);
    for (file, source) in case.library.sources.iter() {
        for item in &source.script.items {
            let Item::Metacommand { command, .. } = item else { continue };
            // pg_dump opens and closes with it.
            if matches!(command.name.as_str(), "restrict" | "unrestrict") && dumps.contains(&file) {
                continue;
            }
            if let Some((message, consequence)) = refused(command, case) {
                findings.push(
                    Finding::new(ID, At::new(file, command.span), message, "here")
                        .consequence(consequence)
                        .way_out("a release is SQL, \\i and \\if; do the rest before it or after it"),
                );
            }
        }
    }
    for pass in case.passes.iter().filter(|pass| !pass.repeat) {
        let mut before = None;
        for event in pass.run.events.iter() {
            let statement = match &event.what {
                What::Utility(statement) => *statement,
                What::Query(statement) if event.via.is_empty() => {
                    before = Some(*statement);
                    continue;
                }
                What::Command(command) if command.name == "gset" => {
                    if let Some(name) = steered(before, command) {
                        findings.push(
                            Finding::new(ID, event.at, format!("\\gset sets {name}, which steers psql"), "here")
                                .consequence("what the database answers decides whether psql goes on after an error")
                                .way_out("give the column another name"),
                        );
                    }
                    continue;
                }
                _ => continue,
            };
            let message = match &statement.act {
                Act::Copy { end: CopyEnd::Program(_), .. } => "COPY runs a program on the server",
                Act::Copy { end: CopyEnd::File(_), .. } => "COPY uses a file of the server",
                _ => continue,
            };
            findings.push(
                Finding::new(ID, event.at, message, "here")
                    .consequence("what it does depends on another machine, and no rollback takes it back")
                    .way_out("put the rows into the script"),
            );
        }
    }
}

fn refused(command: &Metacommand, case: &Case<'_>) -> Option<(String, &'static str)> {
    let name = command.name.as_str();
    let allowed =
        case.package.allow_metacommands.iter().any(|allowed| allowed.get_ref().trim_start_matches('\\') == name);
    let parts = || command.arguments.iter().flat_map(|argument| &argument.parts);
    if parts().any(|part| matches!(part, Part::Backquote(_))) {
        return Some((format!("\\{name} runs a shell command"), "the release runs what is on the operator's machine"));
    }
    if allowed {
        return None;
    }
    if !HARMLESS.contains(&name) {
        return Some((format!("\\{name} has no place in a release"), consequence(name)));
    }
    let word = |index: usize| command.arguments.get(index).and_then(Argument::literal).unwrap_or_default();
    match name {
        "g" | "gx" if !command.arguments.is_empty() && !word(0).starts_with(b"(") => Some((
            format!("\\{name} writes to a file or a program"),
            "the release leaves something behind on the operator's machine",
        )),
        "set" | "unset" => {
            let variable = command.arguments.first()?;
            match (variable.literal(), command.set_value()) {
                (Some(variable), Some(value)) => special(name, &variable, &value),
                (variable, _) => untold(variable.as_deref()),
            }
        }
        _ => None,
    }
}

/// Variables that steer psql, which a `\set` or a `\gset` may not set to what cannot be told.
const STEERING: &[&str] =
    &["AUTOCOMMIT", "ENCODING", "FETCH_COUNT", "ON_ERROR_ROLLBACK", "ON_ERROR_STOP", "SINGLELINE", "SINGLESTEP"];

/// A `\set` whose words depend on variables.
fn untold(variable: Option<&[u8]>) -> Option<(String, &'static str)> {
    let consequence = "psql may go on after an error, and exit with 0";
    let Some(name) = variable.map(String::from_utf8_lossy) else {
        return Some(("which variable is set cannot be told".to_owned(), consequence));
    };
    STEERING.contains(&&*name).then(|| (format!("{name} is set to what cannot be told"), consequence))
}

/// A variable that steers psql and that `\gset` sets from a query.
fn steered(before: Option<&Statement>, command: &Metacommand) -> Option<String> {
    let Some(Act::Select(query)) = before.map(|before| &before.act) else { return None };
    let QueryBody::Select(select) = &query.body else { return None };
    let prefix = match command.arguments.first() {
        None => String::new(),
        Some(prefix) => String::from_utf8_lossy(&prefix.literal()?).into_owned(),
    };
    let named = select.targets.iter().filter_map(|target| target.alias.clone().or_else(|| column_name(&target.value)));
    named.map(|column| format!("{prefix}{column}")).find(|name| STEERING.contains(&name.as_str()))
}

/// Variables of psql that change how a script is executed.
fn special(name: &str, variable: &[u8], value: &[u8]) -> Option<(String, &'static str)> {
    let variable = String::from_utf8_lossy(variable).into_owned();
    let on = name == "set" && (value.is_empty() || crate::package::boolean(value) != Some(false));
    match variable.as_str() {
        "AUTOCOMMIT" if !on => Some((
            "AUTOCOMMIT is switched off".to_owned(),
            "psql opens transactions by itself, and what is not committed at the end is lost",
        )),
        "ON_ERROR_ROLLBACK" if on => Some((
            "ON_ERROR_ROLLBACK is switched on".to_owned(),
            "after an error the transaction goes on without the statement that failed",
        )),
        "ON_ERROR_STOP" if !on => {
            Some(("ON_ERROR_STOP is switched off".to_owned(), "psql goes on after an error, and exits with 0"))
        }
        "SINGLELINE" if on => {
            Some(("SINGLELINE is switched on".to_owned(), "every line end becomes the end of a statement"))
        }
        "SINGLESTEP" if on => {
            Some(("SINGLESTEP is switched on".to_owned(), "psql waits for somebody at every statement"))
        }
        "ENCODING" => Some(("ENCODING is changed".to_owned(), "the bytes of the script mean other characters")),
        "FETCH_COUNT" => {
            Some(("FETCH_COUNT is changed".to_owned(), "queries run by a cursor, and their errors come later"))
        }
        _ => None,
    }
}

fn consequence(name: &str) -> &'static str {
    match name {
        "!" | "cd" | "setenv" | "getenv" | "e" | "edit" | "ef" | "ev" => {
            "the release depends on the operator's machine"
        }
        "c" | "connect" => "the rest of the release runs in another database, or as another role",
        "copy" => "rows come from, or go to, the operator's machine",
        "gexec" => "what the database answers is executed, and nobody has reviewed it",
        "o" | "out" | "w" | "write" | "s" => "what the operator should see goes elsewhere",
        "q" | "quit" => "the rest of the file is not executed, and the exit code is 0",
        "watch" => "the statement is repeated until somebody stops it",
        "prompt" | "password" => "the release waits for somebody at a keyboard",
        "restrict" | "unrestrict" => "psql refuses its other commands in between",
        "encoding" => "the bytes of the script mean other characters",
        "bind" | "crosstabview" | "gdesc" => "the statement does not run as it stands",
        _ => "psql knows no such command, or a release does not need it",
    }
}

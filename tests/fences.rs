//! The fences of the rules' pages on the real PostgreSQL: every script leaves there what the
//! catalog says, and what fails there is told of before.

#![cfg(feature = "pg_query")]

#[path = "support/fences.rs"]
mod fences;
#[path = "catalog/listing.rs"]
mod listing;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use fences::Example;
use roof_lint::case::{Case, Pass};
use roof_lint::catalog::Catalog;
use roof_lint::cluster::Cluster;
use roof_lint::config::Config;
use roof_lint::effect::{At, Transaction};
use roof_lint::flow::{Memory, What};
use roof_lint::package::{self, Library, Line, Role};
use roof_lint::parallel::STACK;
use roof_lint::sources::Sources;
use roof_lint::syntax::Parser;

/// Rows that the gates and checks of the examples ask for.
const ROWS: &str = "\
INSERT INTO approval VALUES (1);
INSERT INTO account VALUES (1, 'one', 0, 'house');
INSERT INTO invoice (account_id, created_by) VALUES (1, 'house');
INSERT INTO action_type VALUES ('keep');
";

/// What the analysis says of one run of one script.
struct Said {
    role: Role,
    path: PathBuf,
    repeat: bool,
    given: Vec<String>,
    end: Catalog,
    /// Whether something of it could not be told.
    is_opaque: bool,
    /// The codes of errors that may come of it.
    codes: Vec<String>,
    /// The codes of errors that are said to be certain.
    certain: Vec<String>,
    /// Whether a check may stop it.
    is_checked: bool,
}

/// Whether another parser reads a statement otherwise.
fn is_disputed(lines: &[Line]) -> bool {
    lines.iter().any(|line| match line {
        Line::Sent { disagreement, .. } => disagreement.is_some(),
        Line::Choice { arms, .. } => arms.iter().any(|arm| is_disputed(&arm.lines)),
        _ => false,
    })
}

/// What the catalog says of the statements of a script, each tried where the ones before it
/// have led, whatever the conditions around it.
fn codes(library: &Library, lines: &[Line], catalog: &mut Catalog, found: &mut Vec<String>) {
    for line in lines {
        match line {
            Line::Sent { statements, reset: false, .. } => {
                for statement in statements {
                    let outcome = catalog.step(statement);
                    let problems = outcome.problem.iter().chain(&outcome.may_fail);
                    found.extend(problems.map(|problem| problem.sqlstate.to_owned()));
                }
            }
            Line::Include { target: Ok(file), .. } => codes(library, &library.program(*file).lines, catalog, found),
            Line::Choice { arms, .. } => arms.iter().for_each(|arm| codes(library, &arm.lines, catalog, found)),
            _ => {}
        }
    }
}

fn said(pass: &Pass<'_>, case: &Case<'_>, directory: &Path) -> Option<Said> {
    let script = case.script(pass)?;
    let file = *script.file.as_ref().ok()?;
    let mut said = Said {
        role: pass.role,
        path: directory.join(&script.path),
        repeat: pass.repeat,
        given: Vec::new(),
        end: pass.run.end.catalog.clone(),
        is_opaque: !pass.run.end.reachable || is_disputed(&case.library.program(file).lines),
        codes: Vec::new(),
        certain: Vec::new(),
        is_checked: false,
    };
    if let Role::Rollback(tier) = pass.role
        && let Some(undo) = case.package.tier.get(tier).and_then(|tier| tier.undo.as_ref())
    {
        said.given.push(undo.get_ref().clone());
    }
    codes(case.library, &case.library.program(file).lines, &mut pass.start.clone(), &mut said.codes);
    for event in pass.run.events.iter().filter(|event| event.reachable) {
        match &event.what {
            What::Define { outcome, .. } => {
                said.is_opaque |= outcome.blurred;
                let problems = outcome.problem.iter().chain(&outcome.may_fail);
                said.codes.extend(problems.map(|problem| problem.sqlstate.to_owned()));
                if event.certain {
                    said.certain.extend(outcome.problem.iter().map(|problem| problem.sqlstate.to_owned()));
                }
            }
            What::Refused(problem) => {
                said.codes.push(problem.sqlstate.to_owned());
                if event.certain {
                    said.certain.push(problem.sqlstate.to_owned());
                }
            }
            What::Check { stops, .. } => said.is_checked |= stops,
            What::Assert(_) => said.is_checked = true,
            What::Opaque(_)
            | What::UnknownFunction(_)
            | What::Unread { .. }
            | What::NotIncluded(_)
            | What::Miscounted { .. } => said.is_opaque = true,
            What::Variables(uses) => said.is_opaque |= uses.iter().any(|(_, value)| value.is_none()),
            _ => {}
        }
    }
    // A transaction that stays open is rolled back when psql ends.
    if said.end.is_in_transaction() {
        said.end.control(&Transaction::Rollback { chain: false }, At::default());
    }
    said.end.reconnect();
    Some(said)
}

/// Every run of every script of an example, as the analysis sees it.
fn analyse(config: &Config, directory: &Path) -> Vec<Said> {
    let work = || {
        let package = config.packages.first().expect("a package");
        let mut sources = Sources::default();
        let named = package::read(&mut sources, directory, package);
        let library = Library::parse(sources, Parser::default());
        let scripts = package::scripts(package, &library, named);
        let memory = Memory::default();
        let case = Case::new(config, package, &library, &memory, Parser::default(), scripts, Vec::new());
        let case = case.expect("it can be analysed");
        case.passes.iter().filter_map(|pass| said(pass, &case, directory)).collect()
    };
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread");
        worker.join().expect("it ends")
    })
}

/// How often both were held against each other.
#[derive(Debug, Default)]
struct Tally {
    /// Both went to the end, and the catalogs are the same.
    same: usize,
    /// PostgreSQL refused, and the catalog had said so.
    refused: usize,
    /// A check of the script, or a row, stopped it.
    stopped: usize,
    /// The analysis had said that it cannot tell.
    opaque: Vec<String>,
}

impl Tally {
    fn count(&self) -> usize {
        self.same + self.refused + self.stopped + self.opaque.len()
    }
}

/// Runs one script by the plain psql; the SQLSTATE if it fails.
fn run(cluster: &Cluster, database: &str, said: &Said) -> Option<String> {
    let mut command = cluster.psql(database);
    command.args(["-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate"]);
    for variable in &said.given {
        command.args(["-v", variable]);
    }
    command.arg("-f").arg(&said.path).current_dir(said.path.parent().expect("a directory"));
    let run = Cluster::capture(&mut command).expect("psql runs");
    if run.is_success() {
        return None;
    }
    let error = run.stderr.lines().find_map(|line| line.split_once("ERROR:").map(|(_, code)| code.trim().to_owned()));
    Some(error.unwrap_or_default())
}

/// Holds one run against the analysis; whether the ones after it can be.
fn hold(cluster: &Cluster, database: &str, said: &Said, place: &str, tally: &mut Tally, wrong: &mut String) -> bool {
    let Some(code) = run(cluster, database, said) else {
        if !said.certain.is_empty() {
            writeln!(wrong, "{place}: PostgreSQL takes what is said to fail with {:?}", said.certain)
                .expect("a string");
        }
        let real = listing::of_database(cluster, database);
        match listing::compare(&listing::symbolic(&said.end), &real) {
            Ok(_) => tally.same += 1,
            Err(_) if said.is_opaque => tally.opaque.push(place.to_owned()),
            Err(text) => writeln!(wrong, "{place}: {text}").expect("a string"),
        }
        return true;
    };
    // Rows are not simulated: what they refuse is no claim of the catalog.
    let is_of_rows = ["22", "23", "55"].iter().any(|class| code.starts_with(class));
    if said.codes.contains(&code) {
        tally.refused += 1;
    } else if is_of_rows || (said.is_checked && code.starts_with("P0")) {
        tally.stopped += 1;
    } else if said.is_opaque {
        tally.opaque.push(place.to_owned());
    } else {
        writeln!(wrong, "{place}: PostgreSQL refuses with {code:?}, which nothing told").expect("a string");
    }
    false
}

fn example_on(cluster: &Cluster, example: &Example, tally: &mut Tally, wrong: &mut String) {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, _) = fences::write(example, directory.path());
    let copy = |from: &str, to: &str| {
        let text = format!("DROP DATABASE IF EXISTS {to};\nCREATE DATABASE {to} TEMPLATE {from} STRATEGY file_copy;\n");
        cluster.sql("postgres", &text).expect("the database can be copied");
    };
    copy("baseline", "forward");
    let mut is_full = false;
    let mut stuck = false;
    for said in analyse(&config, directory.path()) {
        let place = format!("rules/{}.md:{} {:?} repeat {}", example.page, example.line, said.role, said.repeat);
        match said.role {
            Role::Tier(_) | Role::Rollback(_) if !said.repeat => {
                if matches!(said.role, Role::Rollback(_)) && !is_full {
                    copy("forward", "complete");
                    is_full = true;
                }
                stuck = stuck || !hold(cluster, "forward", &said, &place, tally, wrong);
            }
            Role::FullRollback if !said.repeat && !stuck => {
                copy(if is_full { "complete" } else { "forward" }, "aside");
                hold(cluster, "aside", &said, &place, tally, wrong);
            }
            Role::Preflight | Role::Verify | Role::Tier(_) | Role::Rollback(_) if !stuck => {
                copy("forward", "aside");
                hold(cluster, "aside", &said, &place, tally, wrong);
            }
            _ => {}
        }
    }
}

#[test]
fn every_fence_leaves_on_postgresql_what_the_catalog_says() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", "CREATE DATABASE baseline").expect("a database");
    cluster.sql("baseline", &format!("{}{ROWS}", fences::BASELINE)).expect("the baseline");
    let mut tally = Tally::default();
    let mut wrong = String::new();
    let examples = fences::examples();
    for example in &examples {
        let before = tally.count();
        example_on(&cluster, example, &mut tally, &mut wrong);
        assert!(
            tally.count() > before || !wrong.is_empty(),
            "rules/{}.md:{} was not tried",
            example.page,
            example.line
        );
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(tally.same >= 160 && tally.refused >= 6 && tally.opaque.len() <= 5, "{tally:?}");
}

//! The command line: arguments and files in, text and exit code out. Decides nothing about a
//! package.

#![allow(clippy::disallowed_methods, reason = "the room that reads lint.toml and tells the time")]

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::config::{Config, Package, nearest};
use crate::fault::Fault;
use crate::manifest;
use crate::rehearse::rehearse;
use crate::rules::Rule;
use crate::silence::all_rules;

/// What was done is good.
const GOOD: u8 = 0;
/// The package is not as it should be.
const FOUND: u8 = 1;
/// The run could not happen.
const FAULT: u8 = 2;

/// Lints and rehearses release packages of SQL.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, arg_required_else_help = true)]
struct Arguments {
    /// The file that describes the packages
    #[arg(long, global = true, value_name = "FILE", default_value = "lint.toml")]
    config: PathBuf,
    /// The package; by default the first that can be rehearsed, or all that have a manifest
    #[arg(long, global = true, value_name = "NAME")]
    package: Option<String>,
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Runs a package on a throw-away PostgreSQL and holds it against its rollout table
    Rehearse,
    /// Checks the `sha256sum -c` file of a package
    Manifest {
        /// Write it anew instead
        #[arg(long)]
        write: bool,
    },
    /// Lists the rules with their levels
    Rules,
    /// Prints the page of a rule
    Explain {
        /// The id of the rule
        rule: String,
    },
}

/// Runs the program with the arguments of the process. Exit codes: 0 good, 1 something was
/// found, 2 the run could not happen.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is left to tell when the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAULT } else { GOOD });
        }
    };
    let outcome = match &arguments.command {
        Subcommands::Rehearse => run_rehearse(&arguments),
        Subcommands::Manifest { write } => run_manifest(&arguments, *write),
        Subcommands::Rules => list_rules(),
        Subcommands::Explain { rule } => explain(rule),
    };
    ExitCode::from(outcome.unwrap_or_else(|fault| {
        complain(&fault);
        FAULT
    }))
}

fn run_rehearse(arguments: &Arguments) -> Result<u8, Fault> {
    let start = Instant::now();
    let config = read_config(&arguments.config)?;
    let package = match &arguments.package {
        Some(name) => config.package(name)?,
        None => config.packages.iter().find(|package| package.clone.is_some()).ok_or_else(|| {
            Fault::new(format!("no package in {} can be rehearsed: none has a `clone`", config.name))
                .way_out("add `clone = \"…\"`, the script that builds the clone, to the package")
        })?,
    };
    let report = rehearse(&config, package, &directory(&arguments.config))?;
    print(&report.to_string())?;
    // The report is the same on every run; the time is not, so it goes elsewhere.
    let _ = writeln!(io::stderr(), "rehearsed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(if report.failures() == 0 { GOOD } else { FOUND })
}

fn run_manifest(arguments: &Arguments, write: bool) -> Result<u8, Fault> {
    let config = read_config(&arguments.config)?;
    let packages: Vec<&Package> = match &arguments.package {
        Some(name) => vec![config.package(name)?],
        None => config.packages.iter().filter(|package| package.manifest.is_some()).collect(),
    };
    if packages.is_empty() {
        return Err(Fault::new(format!("no package in {} has a manifest", config.name))
            .way_out("add `manifest = \"manifest-sha256.txt\"` to the package"));
    }
    let mut code = GOOD;
    for package in packages {
        let Some(file) = &package.manifest else {
            let message = format!("package \"{}\" has no manifest", package.name.get_ref());
            return Err(config
                .fault(message, package.name.span(), "this package")
                .way_out("add `manifest = \"manifest-sha256.txt\"` to it"));
        };
        let root = directory(&arguments.config).join(package.root.get_ref());
        let path = root.join(file.get_ref());
        let shown = package.path(file);
        let hashes = manifest::hash(&root, file.get_ref())?;
        if write {
            fs::write(&path, manifest::write(&hashes)).map_err(|error| Fault::disk("write", &path, &error))?;
            print(&format!("{shown}: {} files\n", hashes.len()))?;
            continue;
        }
        let bytes = fs::read(&path)
            .map_err(|error| Fault::disk("read", &path, &error).way_out("create it: roof-lint manifest --write"))?;
        let problems = manifest::check(&bytes, &hashes);
        if problems.is_empty() {
            print(&format!("{shown}: {} files, all as listed\n", hashes.len()))?;
        } else {
            for problem in &problems {
                print(&format!("{shown}: {problem}\n"))?;
            }
            code = FOUND;
        }
    }
    Ok(code)
}

fn list_rules() -> Result<u8, Fault> {
    let width = all_rules().map(|rule| rule.id.len()).max().unwrap_or(0);
    let line = |rule: &Rule| format!("{:width$}  {:5}  {}\n", rule.id, rule.level.word(), rule.title());
    print(&all_rules().map(line).collect::<String>())?;
    Ok(GOOD)
}

fn explain(id: &str) -> Result<u8, Fault> {
    let Some(rule) = all_rules().find(|rule| rule.id == id) else {
        let ids: Vec<&str> = all_rules().map(|rule| rule.id).collect();
        let way_out = nearest(id, &ids)
            .map_or_else(|| "`roof-lint rules` lists the rules".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Fault::new(format!("there is no rule `{id}`")).way_out(way_out));
    };
    print(rule.page)?;
    Ok(GOOD)
}

fn read_config(path: &Path) -> Result<Config, Fault> {
    let text = fs::read_to_string(path).map_err(|error| {
        Fault::disk("read", path, &error)
            .way_out("run in the directory that holds lint.toml, or name it: --config FILE")
    })?;
    Config::parse(&path.display().to_string(), &text)
}

/// The directory of a file, as something that can be changed into.
fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Prints to standard output. A reader that has gone away has seen enough.
fn print(text: &str) -> Result<(), Fault> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Fault::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn complain(fault: &Fault) {
    let is_terminal = io::stderr().is_terminal();
    let theme = if is_terminal { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(is_terminal);
    let mut text = String::new();
    if handler.render_report(&mut text, fault).is_err() {
        text = format!("{fault}\n");
    }
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().write_all(text.as_bytes());
}

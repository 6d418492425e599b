//! The command line: arguments and files in, text and exit code out. Decides nothing about a
//! package.

#![allow(clippy::disallowed_methods, reason = "the room that reads lint.toml, the environment and the time")]

mod execute;
mod output;
mod watch;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::audit::{self, Record, Recorded};
use crate::config::{Config, Package, nearest};
use crate::date::Date;
use crate::explain::{self, Document};
use crate::fault::Fault;
use crate::finding::Level;
use crate::fix::{self, Change, Mended, Task, Told};
use crate::history::Revision;
use crate::init;
use crate::lint::{Job, lint};
use crate::lsp;
use crate::manifest;
use crate::rehearse;
use crate::report;
use crate::rules::Rule;
use crate::silence::all_rules;
use crate::source::visible_lines;
use crate::verdict::{Approved, Gate, Outcome, Verdict};

use output::Output;

/// What was done is good.
const GOOD: u8 = 0;
/// The package is not as it should be.
const FOUND: u8 = 1;
/// The run could not happen.
const FAULT: u8 = 2;

/// Lints and rehearses release packages of SQL.
///
/// Without a command it checks.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, subcommand_precedence_over_arg = true)]
struct Arguments {
    /// The file that describes the packages [default: lint.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The package; by default all, or the first that can be rehearsed
    #[arg(long, global = true, value_name = "NAME")]
    package: Vec<String>,
    /// When to colour what is printed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
    /// The day on which suppressions have to hold, YYYY-MM-DD [default: that of the clock, in UTC]
    #[arg(long, global = true, value_name = "DATE")]
    today: Option<Date>,
    #[command(subcommand)]
    command: Option<Subcommands>,
    #[command(flatten)]
    check: Check,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Proves what can be proved about packages without a database
    Check(Check),
    /// Records what was judged and what came of it, or proves that it is what was recorded
    Audit(AuditOptions),
    /// Runs a package that passes on a throw-away PostgreSQL and holds it against its rollout table
    Rehearse {
        /// Whether it passes or not, and from the files as they are
        #[arg(long)]
        unlinted: bool,
    },
    /// Checks the `sha256sum -c` file of a package
    Manifest {
        /// Write it anew instead
        #[arg(long)]
        write: bool,
    },
    /// Runs the scripts of a package that passes, by psql's command line
    #[command(disable_help_flag = true)]
    Run {
        /// What psql takes; --help lists it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Lints what an editor has open as it is typed: a language server on standard input and output
    Lsp,
    /// Checks again whenever a file changes, until Ctrl-C
    Watch {
        /// The lowest level that fails
        #[arg(long, value_name = "LEVEL", default_value = "deny")]
        fail_on: Threshold,
    },
    /// Looks at the scripts of a repository and writes a lint.toml to begin with
    Init,
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, of this program or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
    /// Lists the rules with their levels
    Rules,
    /// Says what packages do, tier by tier, for who has to review them; of a rule, prints its page.
    /// Ends well whatever the verdict is
    #[command(long_flag = "explain")]
    Explain {
        /// For whom the report is
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Shape,
        /// Writes the report into a file, too; may be repeated
        #[arg(long, value_name = "FORMAT=PATH", value_parser = read_target::<Shape>)]
        output: Vec<Target<Shape>>,
        /// The id of a rule
        #[arg(conflicts_with_all = ["format", "output"])]
        rule: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Check {
    /// For whom the report is
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Writes a report into a file, too; may be repeated
    #[arg(long, value_name = "FORMAT=PATH", value_parser = read_target::<Format>)]
    output: Vec<Target<Format>>,
    /// Applies the fixes of what it would report, and reports what is left
    #[arg(long)]
    fix: bool,
    /// Prints what --fix would do, as a patch, and changes nothing
    #[arg(long, conflicts_with_all = ["fix", "format", "output"])]
    diff: bool,
    /// The lowest level that fails
    #[arg(long, value_name = "LEVEL", default_value = "deny")]
    fail_on: Threshold,
    /// A report of before, json or sarif: what is in it does not fail
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// A revision of git: only what touches a file that has changed since then fails
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Show only what touches these scripts; without lint.toml: check them as they are
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct AuditOptions {
    /// Writes the record, an in-toto statement, into a file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Proves that the packages are those of a record, and that it says the truth about them
    #[arg(long, value_name = "RECORD", conflicts_with = "record")]
    verify: Option<PathBuf>,
    /// For whom the audit is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: AuditFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    /// A reader
    Text,
    /// A program: the record
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A reader
    Text,
    /// A program
    Json,
    /// Code scanning: SARIF 2.1.0
    Sarif,
    /// A GitHub workflow: annotations
    Github,
    /// GitLab: a Code Quality report
    Gitlab,
    /// What shows tests: JUnit's XML
    Junit,
    /// A comment on a pull request
    Markdown,
}

/// The forms of what `explain` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A terminal
    Text,
    /// A comment on a pull request
    Markdown,
    /// A browser: one file with pictures, which needs no network
    Html,
}

/// A report and its file.
#[derive(Debug, Clone)]
struct Target<F> {
    format: F,
    path: PathBuf,
}

fn read_target<F: ValueEnum>(text: &str) -> Result<Target<F>, String> {
    let known = || F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let example = known().last().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let (format, path) =
        text.split_once('=').ok_or_else(|| format!("write FORMAT=PATH, as in {example}=roof-lint.{example}"))?;
    let format = F::from_str(format, false).map_err(|_| {
        let known: Vec<String> = known().map(|value| value.get_name().to_owned()).collect();
        format!("there is no format `{format}`; known here: {}", known.join(", "))
    })?;
    if path.is_empty() {
        return Err("the path is missing".to_owned());
    }
    Ok(Target { format, path: PathBuf::from(path) })
}

impl Shape {
    fn write(self, document: &Document) -> Vec<u8> {
        match self {
            Self::Text => explain::text(document),
            Self::Markdown => explain::markdown(document),
            Self::Html => explain::html(document),
        }
    }
}

impl Format {
    fn write(self, verdict: &Verdict, root: &report::Root, is_coloured: bool) -> Vec<u8> {
        match self {
            Self::Text => report::terminal::write(verdict, is_coloured),
            Self::Json => report::json::write(verdict),
            Self::Sarif => report::sarif::write(verdict, root),
            Self::Github => report::github::write(verdict, root),
            Self::Gitlab => report::gitlab::write(verdict, root),
            Self::Junit => report::junit::write(verdict, root),
            Self::Markdown => report::markdown::write(verdict, root),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Threshold {
    /// What is at warn fails, too
    Warn,
    /// Only what is at deny fails
    Deny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal, unless `NO_COLOR` or `CLICOLOR_FORCE` say otherwise
    Auto,
    Always,
    Never,
}

impl When {
    /// Whether to colour what goes to a terminal, or to something that is none.
    fn is_now(self, is_terminal: bool) -> bool {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            // https://no-color.org and https://bixense.com/clicolors
            Self::Auto if is_set("NO_COLOR") => false,
            Self::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => true,
            Self::Auto => is_terminal && env::var_os("TERM").is_none_or(|value| value != "dumb"),
        }
    }
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
        None => run_check(&arguments, &arguments.check),
        Some(Subcommands::Check(check)) => run_check(&arguments, check),
        Some(Subcommands::Audit(options)) => run_audit(&arguments, options),
        Some(Subcommands::Rehearse { unlinted }) => run_rehearse(&arguments, *unlinted),
        Some(Subcommands::Manifest { write }) => run_manifest(&arguments, *write),
        Some(Subcommands::Run { arguments }) => Ok(execute::execute("roof-lint run".as_ref(), arguments)),
        Some(Subcommands::Lsp) => run_lsp(arguments.today()),
        Some(Subcommands::Watch { fail_on }) => watch::watch(&arguments, *fail_on),
        Some(Subcommands::Init) => run_init(arguments.config()),
        Some(Subcommands::Completions { shell }) => print_completions(*shell),
        Some(Subcommands::Man { command }) => print_manual(command.as_deref()),
        Some(Subcommands::Rules) => list_rules(),
        Some(Subcommands::Explain { rule: Some(rule), .. }) => print_page(rule),
        Some(Subcommands::Explain { format, output, .. }) => run_explain(&arguments, *format, output),
    };
    ExitCode::from(outcome.unwrap_or_else(|fault| {
        complain(&fault, arguments.color);
        FAULT
    }))
}

/// Runs the executor with the arguments of the process. Exit codes are psql's, and 2 where the
/// run could not happen.
pub fn run_scripts() -> ExitCode {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_else(|| OsString::from("roof-exec"));
    ExitCode::from(execute::execute(&program, &arguments.collect::<Vec<_>>()))
}

impl Arguments {
    /// The path of `lint.toml`.
    fn config(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new("lint.toml"))
    }

    /// The packages that are named, each once.
    fn packages(&self) -> Vec<String> {
        let mut packages: Vec<String> = Vec::new();
        for name in &self.package {
            if !packages.contains(name) {
                packages.push(name.clone());
            }
        }
        packages
    }

    /// The day of the run.
    fn today(&self) -> Option<Date> {
        self.today.or_else(today)
    }

    /// The package, for commands that take one.
    fn package(&self) -> Result<Option<&str>, Fault> {
        match self.package.as_slice() {
            [] => Ok(None),
            [name] => Ok(Some(name)),
            _ => Err(Fault::new("this command takes one package").way_out("give --package once")),
        }
    }
}

/// The day by the clock, in UTC.
fn today() -> Option<Date> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Date::after_epoch(since.as_secs() / 86_400))
}

fn run_check(arguments: &Arguments, check: &Check) -> Result<u8, Fault> {
    let path = arguments.config();
    let is_alone = arguments.config.is_none() && !check.files.is_empty() && !path.exists();
    let (config, directory, files) = if is_alone {
        let (directory, files) = common_directory(&check.files)?;
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(
            io::stderr(),
            "there is no lint.toml: checking each FILE, in this order, as a tier without gate, baseline and rollback"
        );
        (Config::of_files(&files), directory, Vec::new())
    } else {
        (read_config(path)?, directory(path), check.files.clone())
    };
    config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
    let judge = |outcome: Outcome| {
        let mut verdict = Verdict::on(arguments.today(), outcome, &config)?;
        verdict.pass_through(gate(check, &verdict, &directory)?);
        if !files.is_empty() {
            let texts = files.iter().map(|file| find(&verdict, &directory, file)).collect::<Result<Vec<_>, Fault>>()?;
            verdict.show_only(texts.concat());
        }
        Ok(verdict)
    };
    let root = root_of(&directory);
    if check.fix || check.diff {
        let task = Task { directory: &directory, config: &config, packages: arguments.packages(), judge: &judge };
        let mended = fix::mend(&task)?;
        if check.diff {
            return print_difference(&mended, &directory);
        }
        refuse_targets(check, &mended.verdict, &directory)?;
        fix::write(&mended.changes)?;
        tell(&mended, "fixed");
        return print_verdict(arguments, check, &mended.verdict, &root, &directory);
    }
    let job = Job { directory: directory.clone(), config: config.clone(), packages: arguments.packages() };
    print_verdict(arguments, check, &judge(lint(job)?)?, &root, &directory)
}

fn print_verdict(
    arguments: &Arguments,
    check: &Check,
    verdict: &Verdict,
    root: &report::Root,
    directory: &Path,
) -> Result<u8, Fault> {
    refuse_targets(check, verdict, directory)?;
    let mut outputs: Vec<Output> = Vec::new();
    for target in &check.output {
        outputs.push(Output { path: target.path.clone(), bytes: target.format.write(verdict, root, false) });
    }
    output::write(&outputs)?;
    let is_coloured = arguments.color.is_now(io::stdout().is_terminal());
    print(&check.format.write(verdict, root, is_coloured))?;
    Ok(verdict.exit_code())
}

/// Prints what the fixes would change. Something to fix, and something that cannot be fixed, are
/// both a reason not to be content.
fn print_difference(mended: &Mended, directory: &Path) -> Result<u8, Fault> {
    let current = env::current_dir().unwrap_or_default();
    let current = fs::canonicalize(&current).unwrap_or(current);
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    // From where the user stands, if the package is there; else from where lint.toml is.
    let name = |change: &Change| {
        let below = |from: &Path| change.path.strip_prefix(from).ok().map(|path| path.to_string_lossy().into_owned());
        below(&current).or_else(|| below(&directory)).unwrap_or_else(|| change.name.clone())
    };
    print(&fix::unified(&mended.changes, &name))?;
    tell(mended, "would fix");
    Ok(if mended.changes.is_empty() && mended.verdict.is_pass() { GOOD } else { FOUND })
}

/// Says what the fixes have come to, beside the report.
fn tell(mended: &Mended, word: &str) {
    let mut lines: Vec<String> = Vec::new();
    let mut fixed = mended.fixed.as_slice();
    while let Some(first) = fixed.first() {
        // Of one file and one kind the first is enough.
        let is_alike = |other: &&Told| (&other.file, other.rule, &other.what) == (&first.file, first.rule, &first.what);
        let count = fixed.iter().take_while(is_alike).count();
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        lines.push(format!("{word} {}:{}{more}: {}: {}", first.file, first.place, first.rule, first.what));
        fixed = fixed.get(count..).unwrap_or_default();
    }
    for (Told { file, place, rule, what }, why) in &mended.refused {
        lines.push(format!("not fixed {file}:{place}: {rule}: {what}: {why}"));
    }
    for name in &mended.renewed {
        lines.push(format!("{name} follows with the new hashes; they have to be ratified again"));
    }
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().write_all(visible_lines(&text).as_bytes());
}

/// Refuses reports that cannot be meant to go where they would.
fn refuse_targets(check: &Check, verdict: &Verdict, directory: &Path) -> Result<(), Fault> {
    let mut before: Vec<Output> = Vec::new();
    for target in &check.output {
        refuse_target(&target.path, &before, verdict, directory)?;
        before.push(Output { path: target.path.clone(), bytes: Vec::new() });
    }
    Ok(())
}

fn run_explain(arguments: &Arguments, shape: Shape, targets: &[Target<Shape>]) -> Result<u8, Fault> {
    let path = arguments.config();
    let config = read_config(path)?;
    config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
    let directory = directory(path);
    let job = Job { directory: directory.clone(), config: config.clone(), packages: arguments.packages() };
    let (outcome, models) = explain::explain(job)?;
    let verdict = Verdict::on(arguments.today(), outcome, &config)?;
    let document = Document::new(&verdict, &models, &root_of(&directory));
    let mut outputs: Vec<Output> = Vec::new();
    for target in targets {
        refuse_target(&target.path, &outputs, &verdict, &directory)?;
        outputs.push(Output { path: target.path.clone(), bytes: target.format.write(&document) });
    }
    output::write(&outputs)?;
    print(&shape.write(&document))?;
    Ok(GOOD)
}

/// What the run lets pass beyond levels and suppressions.
fn gate(check: &Check, verdict: &Verdict, directory: &Path) -> Result<Gate, Fault> {
    let fail_on = if check.fail_on == Threshold::Warn { Level::Warn } else { Level::Deny };
    let known = match &check.baseline {
        None => None,
        Some(path) => {
            let bytes = fs::read(path).map_err(|error| Fault::disk("read", path, &error))?;
            Some(report::before::read(&path.display().to_string(), &bytes)?)
        }
    };
    let changed = match &check.since {
        None => None,
        Some(name) => {
            let revision = Revision::find(directory, name)?;
            let texts: Vec<(PathBuf, &[u8])> = (0..verdict.len())
                .map(|index| {
                    let bytes = verdict.text(index).map_or(&[][..], |(text, _)| &*text.bytes);
                    (disk_path(verdict, directory, index), bytes)
                })
                .collect();
            let changed = revision.changed(&texts)?;
            // What lint.toml says concerns every file.
            let is_all = verdict.config().and_then(|index| changed.get(index)).copied().unwrap_or(false);
            Some((0..changed.len()).filter(|index| is_all || changed.get(*index).copied().unwrap_or(true)).collect())
        }
    };
    Ok(Gate { fail_on, known, changed })
}

/// Where the text of that number is on disk.
fn disk_path(verdict: &Verdict, directory: &Path, index: usize) -> PathBuf {
    // lint.toml is called by the path that the command line gives.
    let name = verdict.name(index);
    if verdict.config() == Some(index) { PathBuf::from(name) } else { directory.join(name) }
}

/// The directory of `lint.toml` as seen from the current one.
fn root_of(directory: &Path) -> report::Root {
    let current = env::current_dir().unwrap_or_default();
    let below = directory.strip_prefix(&current).unwrap_or(directory);
    report::Root::new(&below.to_string_lossy())
}

/// Two reports into one file, and a report over what was judged, are slips of the finger.
fn refuse_target(path: &Path, before: &[Output], verdict: &Verdict, directory: &Path) -> Result<(), Fault> {
    let real = fs::canonicalize(path).ok();
    let is_same = |other: &Path| path == other || real.is_some() && fs::canonicalize(other).ok() == real;
    if before.iter().any(|output| is_same(&output.path)) {
        return Err(Fault::new(format!("two reports go into {}", path.display())).way_out("give each its own file"));
    }
    if (0..verdict.len()).any(|index| is_same(&disk_path(verdict, directory, index))) {
        return Err(Fault::new(format!("{} is a file of the package, not one for a report", path.display())));
    }
    Ok(())
}

/// The texts of a run that are this file.
fn find(verdict: &Verdict, directory: &Path, file: &Path) -> Result<Vec<usize>, Fault> {
    let real = real(file)?;
    let is_it = |index: &usize| fs::canonicalize(disk_path(verdict, directory, *index)).is_ok_and(|path| path == real);
    let found: Vec<usize> = (0..verdict.len()).filter(is_it).collect();
    if found.is_empty() {
        return Err(Fault::new(format!("no package that is checked holds {}", file.display()))
            .way_out("name it in lint.toml, as `file` of a [[package.tier]] for instance"));
    }
    Ok(found)
}

/// The directory from which to check files that no `lint.toml` speaks of, and their paths
/// from there: the current directory, or the nearest above all of them.
fn common_directory(files: &[PathBuf]) -> Result<(PathBuf, Vec<String>), Fault> {
    let reals = files.iter().map(|file| real(file)).collect::<Result<Vec<_>, Fault>>()?;
    let current = real(Path::new("."))?;
    let above = |directory: &Path| reals.iter().all(|file| file.starts_with(directory));
    let first = reals.first().and_then(|file| file.parent()).unwrap_or(&current);
    let common = std::iter::once(current.as_path()).chain(first.ancestors()).find(|directory| above(directory));
    let common = common.unwrap_or(Path::new("/"));
    let shown = |file: &PathBuf| file.strip_prefix(common).unwrap_or(file).to_string_lossy().into_owned();
    let directory = if common == current { PathBuf::from(".") } else { common.to_owned() };
    Ok((directory, reals.iter().map(shown).collect()))
}

fn real(path: &Path) -> Result<PathBuf, Fault> {
    fs::canonicalize(path).map_err(|error| {
        let fault = Fault::disk("read", path, &error);
        let commands = Arguments::command();
        let names: Vec<&str> = commands.get_subcommands().map(clap::Command::get_name).collect();
        match path.to_str().and_then(|word| nearest(word, &names)) {
            Some(command) => fault.way_out(format!("did you mean the command `{command}`?")),
            None => fault,
        }
    })
}

fn run_audit(arguments: &Arguments, options: &AuditOptions) -> Result<u8, Fault> {
    let path = arguments.config();
    if let Some(name) = &options.verify {
        let recorded = read_recorded(name)?;
        let named = arguments.packages();
        let packages = if named.is_empty() { recorded.packages().to_vec() } else { named };
        let found = audit_of(path, packages, arguments.today())?;
        let differences = recorded.differences(&found);
        for difference in &differences {
            print(format!("{difference}\n").as_bytes())?;
        }
        if differences.is_empty() {
            let packages = recorded.packages().join(", ");
            print(visible_lines(&format!("{packages}: what was audited, {}\n", name.display())).as_bytes())?;
        }
        return Ok(if differences.is_empty() { GOOD } else { FOUND });
    }
    let config = read_config(path)?;
    if let Some(file) = &options.record {
        refuse_record(file, &config, &directory(path))?;
    }
    let record = audit_of(path, arguments.packages(), arguments.today())?;
    if let Some(file) = &options.record {
        output::write(&[Output { path: file.clone(), bytes: record.json() }])?;
    }
    print(&match options.format {
        AuditFormat::Text => record.to_string().into_bytes(),
        AuditFormat::Json => record.json(),
    })?;
    Ok(if record.is_pass() { GOOD } else { FOUND })
}

fn read_recorded(path: &Path) -> Result<Recorded, Fault> {
    let bytes = fs::read(path).map_err(|error| Fault::disk("read", path, &error))?;
    Recorded::read(&path.display().to_string(), bytes)
}

/// The audit of packages of the `lint.toml` at that path; of all, if none is named.
fn audit_of(path: &Path, packages: Vec<String>, today: Option<Date>) -> Result<Record, Fault> {
    let config = read_config(path)?;
    config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
    let directory = directory(path);
    let job = Job { directory: directory.clone(), config: config.clone(), packages };
    let verdict = Verdict::on(today, lint(job)?, &config)?;
    audit::audit(&config, &directory, &verdict)
}

/// A record within a package would be a file of it that the record does not know.
fn refuse_record(file: &Path, config: &Config, directory: &Path) -> Result<(), Fault> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let within = |root: &PathBuf| {
        fs::canonicalize(root)
            .ok()
            .zip(fs::canonicalize(parent).ok())
            .is_some_and(|(root, parent)| parent.starts_with(root))
    };
    let config_file = fs::canonicalize(&config.name).ok();
    if audit::roots(config, directory).iter().any(within)
        || config_file.is_some() && fs::canonicalize(file).ok() == config_file
    {
        return Err(Fault::new(format!("{} would be a file of the package", file.display()))
            .way_out("write the record elsewhere"));
    }
    Ok(())
}

fn run_rehearse(arguments: &Arguments, unlinted: bool) -> Result<u8, Fault> {
    let start = Instant::now();
    let config = read_config(arguments.config())?;
    let package = match arguments.package()? {
        Some(name) => config.package(name)?,
        None => config.packages.iter().find(|package| package.clone.is_some()).ok_or_else(|| {
            Fault::new(format!("no package in {} can be rehearsed: none has a `clone`", config.name))
                .way_out("add `clone = \"…\"`, the script that builds the clone, to the package")
        })?,
    };
    let directory = directory(arguments.config());
    rehearse::check(&config, package, &directory)?;
    let report = if unlinted {
        rehearse::rehearse(&config, package, &directory, &directory)?
    } else {
        config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
        let name = package.name.get_ref();
        let job = Job { directory: directory.clone(), config: config.clone(), packages: vec![name.clone()] };
        let verdict = Verdict::on(arguments.today(), lint(job)?, &config)?;
        let Some(approved) = verdict.approve(name) else {
            let is_coloured = arguments.color.is_now(io::stdout().is_terminal());
            print(&report::terminal::write(&verdict, is_coloured))?;
            let _ =
                writeln!(io::stderr(), "{name} does not pass and is not rehearsed; --unlinted rehearses it as it is");
            return Ok(FOUND);
        };
        let release = copy(&approved)?;
        rehearse::rehearse(&config, package, &directory, release.path())?
    };
    print(visible_lines(&report.to_string()).as_bytes())?;
    // The report is the same on every run; the time is not, so it goes elsewhere.
    let _ = writeln!(io::stderr(), "rehearsed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(if report.failures() == 0 { GOOD } else { FOUND })
}

/// The scripts that were judged, in a directory of their own.
fn copy(approved: &Approved) -> Result<tempfile::TempDir, Fault> {
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Fault::disk("write", &path, &error)
    };
    let directory = tempfile::tempdir().map_err(disk(&env::temp_dir()))?;
    for (name, bytes) in approved.files() {
        let is_within = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !is_within {
            return Err(Fault::new(format!("{name} lies outside of the directory of lint.toml"))
                .way_out("put lint.toml above all scripts of the package"));
        }
        let path = directory.path().join(name);
        let above = path.parent().unwrap_or(directory.path());
        fs::create_dir_all(above).map_err(disk(above))?;
        fs::write(&path, bytes).map_err(disk(&path))?;
    }
    Ok(directory)
}

fn run_manifest(arguments: &Arguments, write: bool) -> Result<u8, Fault> {
    let config = read_config(arguments.config())?;
    let packages: Vec<&Package> = match arguments.package()? {
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
        let root = directory(arguments.config()).join(package.root.get_ref());
        let path = root.join(file.get_ref());
        let shown = package.path(file);
        let hashes = manifest::hash(&root, file.get_ref())?;
        if write {
            fs::write(&path, manifest::write(&hashes)).map_err(|error| Fault::disk("write", &path, &error))?;
            print(format!("{shown}: {} files\n", hashes.len()).as_bytes())?;
            continue;
        }
        let bytes = fs::read(&path)
            .map_err(|error| Fault::disk("read", &path, &error).way_out("create it: roof-lint manifest --write"))?;
        let problems = manifest::check(&bytes, &hashes);
        if problems.is_empty() {
            print(format!("{shown}: {} files, all as listed\n", hashes.len()).as_bytes())?;
        } else {
            for problem in &problems {
                print(visible_lines(&format!("{shown}: {problem}\n")).as_bytes())?;
            }
            code = FOUND;
        }
    }
    Ok(code)
}

/// Serves an editor; ends well if the editor says that it is done.
fn run_lsp(today: Option<Date>) -> Result<u8, Fault> {
    Ok(if lsp::serve(io::stdin(), io::stdout(), today)? { GOOD } else { FOUND })
}

/// Writes a `lint.toml` where there is none.
fn run_init(path: &Path) -> Result<u8, Fault> {
    let way_out = "mend it by hand, or write another: roof-lint init --config FILE";
    if fs::symlink_metadata(path).is_ok() {
        return Err(Fault::new(format!("{} is there already", path.display())).way_out(way_out));
    }
    let directory = directory(path);
    let (scripts, manifests) = init::look(&directory)?;
    let Some((text, tiers)) = init::describe(&scripts, &manifests) else {
        return Err(Fault::new(format!("there is no script below {}", directory.display()))
            .way_out("go where the .sql files are"));
    };
    // What cannot be read again would help nobody.
    let config = Config::parse(&path.display().to_string(), &text)?;
    // Not even if it has come to be meanwhile is anything overwritten.
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| Fault::disk("write", path, &error))?;
    let root = config.packages.first().map_or(".", |package| package.root.get_ref().as_str());
    let told = format!(
        "{}: {} scripts in {root}, {tiers} taken for tiers; read it, mend it, then run roof-lint\n",
        path.display(),
        scripts.len()
    );
    print(visible_lines(&told).as_bytes())?;
    Ok(GOOD)
}

fn print_completions(shell: clap_complete::Shell) -> Result<u8, Fault> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "roof-lint", &mut text);
    print(&text)?;
    Ok(GOOD)
}

fn print_manual(name: Option<&str>) -> Result<u8, Fault> {
    let mut program = Arguments::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let names: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                let way_out = nearest(name, &names).map_or_else(
                    || "`roof-lint --help` lists them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Fault::new(format!("there is no command `{name}`")).way_out(way_out));
            }
        },
    };
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = clap_mangen::Man::new(command).render(&mut text);
    print(&text)?;
    Ok(GOOD)
}

fn list_rules() -> Result<u8, Fault> {
    let width = all_rules().map(|rule| rule.id.len()).max().unwrap_or(0);
    let line = |rule: &Rule| format!("{:width$}  {:5}  {}\n", rule.id, rule.level.word(), rule.title());
    print(all_rules().map(line).collect::<String>().as_bytes())?;
    Ok(GOOD)
}

fn print_page(id: &str) -> Result<u8, Fault> {
    let Some(rule) = all_rules().find(|rule| rule.id == id) else {
        let ids: Vec<&str> = all_rules().map(|rule| rule.id).collect();
        let way_out = nearest(id, &ids)
            .map_or_else(|| "`roof-lint rules` lists the rules".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Fault::new(format!("there is no rule `{id}`")).way_out(way_out));
    };
    print(rule.page.as_bytes())?;
    Ok(GOOD)
}

fn read_config(path: &Path) -> Result<Config, Fault> {
    let text = fs::read_to_string(path).map_err(|error| {
        Fault::disk("read", path, &error)
            .way_out("run in the directory that holds lint.toml, or name it: --config FILE; `roof-lint check FILE...` checks scripts without it")
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
fn print(text: &[u8]) -> Result<(), Fault> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Fault::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn complain(fault: &Fault, colour: When) {
    let is_terminal = io::stderr().is_terminal();
    let theme = if colour.is_now(is_terminal) { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(is_terminal);
    let mut text = String::new();
    if handler.render_report(&mut text, fault).is_err() {
        text = format!("{fault}\n");
    }
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().write_all(text.as_bytes());
}

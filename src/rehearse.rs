//! A release, rehearsed with the plain psql on a throw-away PostgreSQL: every number of the
//! rollout table is held against the database, and every undoing against the dump before.
//! Judges no SQL; it only looks at what the SQL did.

#![allow(clippy::disallowed_methods, reason = "looks whether the scripts of the package are there")]

mod clone;
mod report;
mod state;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use clone::{CLONE_COMMENT, build_clone};
pub use report::{Check, Proof, Report, ScriptFailure, Section, difference};
pub use state::{Changes, State};

use crate::cluster::{Cluster, Run, SUPERUSER};
use crate::config::{Adds, Condition, Config, Measure, Package, Spanned, Tier, Value};
use crate::fault::Fault;

/// Why a rehearsal ended before its last step.
#[derive(Debug)]
pub enum Halt {
    /// It could not be run.
    Fault(Fault),
    /// A script failed that had to succeed.
    Script(ScriptFailure),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Whether a rehearsal of the package can start. `directory` is that of `lint.toml`.
pub fn check(config: &Config, package: &Package, directory: &Path) -> Result<(), Fault> {
    Scripts::of(config, package)?;
    check_scripts(config, package, directory)
}

/// Rehearses a package from the clone to the last rollback. `directory` is that of
/// `lint.toml`, `release` holds the scripts of the release under the same names. A package
/// that fails its rehearsal is a report, not a fault.
pub fn rehearse(config: &Config, package: &Package, directory: &Path, release: &Path) -> Result<Report, Fault> {
    let scripts = Scripts::of(config, package)?;
    check_scripts(config, package, directory)?;
    let cluster = Cluster::start()?;
    let stage = Stage { cluster: &cluster, package, directory, release };
    let mut report = Report::default();
    match walk(&stage, &scripts, &mut report) {
        Ok(()) => {}
        Err(Halt::Script(failure)) => report.failure = Some(failure),
        Err(Halt::Fault(fault)) => return Err(fault),
    }
    Ok(report)
}

/// A cluster, a package and where its files are: all that is needed to run a script of it.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// Where scripts run.
    pub cluster: &'a Cluster,
    /// Whose scripts they are.
    pub package: &'a Package,
    /// The directory of `lint.toml`, from which what builds the clone runs.
    pub directory: &'a Path,
    /// The directory from which the scripts of the release run: that of `lint.toml`, or one
    /// that holds the bytes that were judged.
    pub release: &'a Path,
}

impl Stage<'_> {
    /// Runs a script of the package by the plain psql, as the operator would, with the
    /// package's variables and `settings` (`name=value`).
    pub fn run(&self, script: &Spanned<String>, settings: &[&str]) -> Result<Run, Fault> {
        let variables = self.package.variables.iter().map(|(name, value)| format!("{name}={value}"));
        let mut command = self.cluster.psql(self.package.database.get_ref());
        command.args(["-U", self.role(), "-v", "ON_ERROR_STOP=1"]);
        for setting in variables.chain(settings.iter().map(|&setting| setting.to_owned())) {
            command.arg("-v").arg(setting);
        }
        self.capture(&mut command, script, self.release)
    }

    /// The same for a script that has to succeed.
    pub fn must_run(&self, script: &Spanned<String>, settings: &[&str]) -> Result<(), Halt> {
        let run = self.run(script, settings)?;
        self.require(script, run)
    }

    /// The role that the operator uses.
    pub fn role(&self) -> &str {
        self.package.role.as_ref().map_or(SUPERUSER, |role| role.get_ref())
    }

    fn capture(&self, command: &mut Command, script: &Spanned<String>, from: &Path) -> Result<Run, Fault> {
        Cluster::capture(command.arg("-f").arg(self.package.path(script)).current_dir(from))
    }

    fn require(&self, script: &Spanned<String>, run: Run) -> Result<(), Halt> {
        if run.is_success() {
            return Ok(());
        }
        Err(Halt::Script(ScriptFailure { file: self.package.path(script), run }))
    }

    fn dump(&self) -> Result<Vec<u8>, Fault> {
        self.cluster.dump(self.package.database.get_ref())
    }

    fn state(&self) -> Result<State, Fault> {
        State::take(self.cluster, self.package.database.get_ref())
    }

    fn measure(&self, measure: &Measure) -> Result<Check, Fault> {
        self.check(&measure.what, measure.value.get_ref(), &measure.is)
    }

    fn condition(&self, condition: &Condition, expected: bool) -> Result<Check, Fault> {
        self.check(&condition.what, condition.holds.get_ref(), &Value::Boolean(expected))
    }

    fn check(&self, what: &str, expression: &str, expected: &Value) -> Result<Check, Fault> {
        let run = self.cluster.query(self.package.database.get_ref(), &format!("SELECT ({expression})"))?;
        Ok(Check::of_value(what, expected, &run))
    }
}

/// The scripts without which there is nothing to rehearse.
struct Scripts<'a> {
    executor: &'a Spanned<String>,
    full_rollback: &'a Spanned<String>,
}

impl<'a> Scripts<'a> {
    fn of(config: &Config, package: &'a Package) -> Result<Self, Fault> {
        let need = |script: &'a Option<Spanned<String>>, key: &str| {
            script.as_ref().ok_or_else(|| {
                let message = format!("package \"{}\" cannot be rehearsed without a `{key}`", package.name.get_ref());
                config.fault(message, package.name.span(), "this package").way_out(format!("add `{key} = \"…\"` to it"))
            })
        };
        need(&package.clone, "clone")?;
        Ok(Self {
            executor: need(&package.executor, "executor")?,
            full_rollback: need(&package.full_rollback, "full-rollback")?,
        })
    }
}

/// Every script that the package names has to be there before anything starts.
fn check_scripts(config: &Config, package: &Package, directory: &Path) -> Result<(), Fault> {
    for script in package.scripts() {
        let path: PathBuf = directory.join(package.path(script));
        if !path.is_file() {
            return Err(config
                .fault(format!("there is no file {}", path.display()), script.span(), "named here")
                .way_out("paths are relative to `root`, which is relative to the directory of lint.toml"));
        }
    }
    Ok(())
}

/// The rehearsal itself, step by step.
fn walk(stage: &Stage<'_>, scripts: &Scripts<'_>, report: &mut Report) -> Result<(), Halt> {
    build_clone(stage)?;
    open_gate(stage, scripts, report)?;
    let entry = stage.dump()?;
    tier_by_tier(stage, report)?;

    for proof in ["full rollback after the tiers", "full rollback again"] {
        stage.must_run(scripts.full_rollback, &[])?;
        report.proofs.push(Proof::same(&format!("{proof}: the state at entry"), &entry, &stage.dump()?));
    }
    stage.must_run(scripts.executor, &[])?;
    let complete = stage.dump()?;
    report.proofs.push(Proof::differ("executor in one go: it changes the database", &entry, &complete));
    stage.must_run(scripts.executor, &[])?;
    report.proofs.push(Proof::same("executor again: nothing changes", &complete, &stage.dump()?));
    stage.must_run(scripts.full_rollback, &[])?;
    report.proofs.push(Proof::same("full rollback after the executor: the state at entry", &entry, &stage.dump()?));
    Ok(())
}

/// Shows that a shut gate stops the release, then opens it.
fn open_gate(stage: &Stage<'_>, scripts: &Scripts<'_>, report: &mut Report) -> Result<(), Halt> {
    let Some(ratify) = &stage.package.ratify else {
        return Ok(());
    };
    let mut shut = Section::new("-", "clone, the gate is shut");
    for condition in &stage.package.gate {
        shut.checks.push(stage.condition(condition, false)?);
    }
    report.sections.push(shut);
    let before = stage.dump()?;
    let run = stage.run(scripts.executor, &[])?;
    report.proofs.push(Proof {
        what: "gate shut: the executor fails".to_owned(),
        holds: !run.is_success(),
        detail: if run.is_success() { "it succeeded".to_owned() } else { run.first_error().to_owned() },
    });
    report.proofs.push(Proof::same("gate shut: nothing changes", &before, &stage.dump()?));
    Stage { release: stage.directory, ..*stage }.must_run(ratify, &[])
}

/// Runs the tiers one by one between preflight and verification, and measures around each.
fn tier_by_tier(stage: &Stage<'_>, report: &mut Report) -> Result<(), Halt> {
    let package = stage.package;
    let mut entry = Section::new("-", "entry, the gate is open");
    for condition in &package.gate {
        entry.checks.push(stage.condition(condition, true)?);
    }
    for invariant in &package.invariant {
        entry.checks.push(stage.measure(invariant)?);
    }
    report.sections.push(entry);
    if let Some(preflight) = &package.preflight {
        report.sections.push(read_only(stage, preflight, "0")?);
    }
    for tier in &package.tier {
        apply(stage, tier, report)?;
    }
    for verify in &package.verify {
        report.sections.push(read_only(stage, verify, "-")?);
    }
    let mut end = Section::new("-", "end state");
    for measure in &package.end_state {
        end.checks.push(stage.measure(measure)?);
    }
    let mut exit = Section::new("-", "exit, as at entry");
    for invariant in &package.invariant {
        exit.checks.push(stage.measure(invariant)?);
    }
    report.sections.extend([end, exit]);
    Ok(())
}

/// Runs a script that may read only.
fn read_only(stage: &Stage<'_>, script: &Spanned<String>, number: &str) -> Result<Section, Halt> {
    let mut section = Section::new(number, script.get_ref());
    let before = stage.dump()?;
    stage.must_run(script, &[])?;
    let is_same = before == stage.dump()?;
    section.checks.push(Check::new("anything changed", "no", if is_same { "no" } else { "yes" }));
    Ok(section)
}

/// Runs one tier; when it can be undone alone, undoes it twice and runs it again.
fn apply(stage: &Stage<'_>, tier: &Tier, report: &mut Report) -> Result<(), Halt> {
    let number = tier.number.get_ref().to_string();
    let mut section = Section::new(&number, &format!("{}, {}", tier.name, tier.file.get_ref()));
    for condition in &tier.stops_unless {
        section.checks.push(stage.condition(condition, true)?);
    }
    let (dump_before, before) = (stage.dump()?, stage.state()?);
    if let Err(halt) = stage.must_run(&tier.file, &[]) {
        report.sections.push(section);
        return Err(halt);
    }
    section.checks.extend(state::compare(
        tier.adds.as_ref().unwrap_or(&Adds::default()),
        &Changes::between(&before, &stage.state()?),
    ));
    for measure in &tier.leaves {
        section.checks.push(stage.measure(measure)?);
    }
    report.sections.push(section);
    let setting: Vec<&str> = tier.undo.iter().map(|undo| undo.get_ref().as_str()).collect();
    let by_setting = stage.package.tier_rollback.as_ref().filter(|_| !setting.is_empty());
    if let Some(rollback) = tier.rollback.as_ref().or(by_setting) {
        for time in ["undone", "undone again"] {
            stage.must_run(rollback, &setting)?;
            let what = format!("tier {number} {time}: the state before it");
            report.proofs.push(Proof::same(&what, &dump_before, &stage.dump()?));
        }
        stage.must_run(&tier.file, &[])?;
    }
    Ok(())
}

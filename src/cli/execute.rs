//! The door to the executor: finds the package of each script, lints it, and hands over the
//! bytes that were judged. Without a package it hands over the disk, if that is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{FAULT, FOUND, complain, directory, read_config};
use crate::exec::record::{Chronicle, Subject};
use crate::exec::session::canonical;
use crate::exec::{self, Action, Interrupt, Library, Opened, Plan, Quiet};
use crate::fault::Fault;
use crate::lint::{Job, lint};
use crate::manifest;
use crate::psql::{self, Item};
use crate::report;
use crate::silence::all_rules;
use crate::source::visible_lines;
use crate::verdict::{Approved, Verdict};
use crate::wire::Environment;

/// Takes psql's command line. `program` is what the process was called by, or the words that
/// stand for it.
pub(super) fn execute(program: &OsStr, arguments: &[OsString]) -> u8 {
    let is_interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut plan = match Plan::read(program.as_bytes(), arguments, is_interactive) {
        Ok((plan, warnings)) => {
            // Nobody is left to tell when standard error is gone; so it is below.
            let _ = io::stderr().write_all(&warnings);
            plan
        }
        Err(answer) => {
            let _ = io::stdout().write_all(&answer.stdout);
            let _ = io::stderr().write_all(&answer.stderr);
            return answer.code;
        }
    };
    let environment: BTreeMap<String, String> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let environment = environment.into_iter().collect();
    let scripts = plan.files().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    if plan.is_unlinted && plan.audit.is_some() {
        let fault = Fault::new("--audit is for a package, and --unlinted runs none").way_out("leave out one of them");
        complain(&fault, super::When::Auto);
        return FAULT;
    }
    if plan.is_unlinted {
        let subject = Subject { verdict: "unlinted", scripts, ..Subject::default() };
        return run(plan, subject, &environment, &mut Disk::default());
    }
    match judge(&plan) {
        Ok(Judged::Pass(mut shelf)) => {
            // What was judged ends where something fails.
            let _ = plan.variables.set(b"ON_ERROR_STOP", Some(b"on"));
            let subject = Subject { scripts, ..std::mem::take(&mut shelf.subject) };
            run(plan, subject, &environment, &mut shelf)
        }
        Ok(Judged::Deny(report)) => {
            let _ = io::stderr().write_all(&report);
            FOUND
        }
        Err(fault) => {
            complain(&fault, super::When::Auto);
            FAULT
        }
    }
}

/// Does what the plan says, or says what it would do; keeps a record if one is wanted.
fn run(plan: Plan, subject: Subject, environment: &Environment, library: &mut dyn Library) -> u8 {
    if plan.is_dry {
        return exec::rehearse(&plan, library);
    }
    // A record says how the run ended, whatever ends it.
    let interrupt = Interrupt::new(library.is_bound() || plan.record.is_some());
    let Some(path) = &plan.record else {
        if subject.package.is_none() {
            return exec::run(plan, environment, library, &mut Quiet, &interrupt);
        }
        return exec::run(plan, environment, library, &mut Chronicle::new(subject, None), &interrupt);
    };
    let path = PathBuf::from(OsString::from_vec(path.clone()));
    let file = match fs::File::create(&path) {
        Ok(file) => file,
        Err(error) => {
            complain(&Fault::disk("write", &path, &error), super::When::Auto);
            return FAULT;
        }
    };
    let mut chronicle = Chronicle::new(subject, Some(file));
    let code = exec::run(plan, environment, library, &mut chronicle, &interrupt);
    chronicle.close(code);
    code
}

/// What became of the package.
enum Judged {
    Pass(Shelf),
    Deny(Vec<u8>),
}

/// Lints the package of the scripts that a plan names.
fn judge(plan: &Plan) -> Result<Judged, Fault> {
    let unlinted = "--unlinted runs it as psql would";
    for action in &plan.actions {
        let what = match action {
            Action::Query(_) | Action::Command(_) => "a statement of -c",
            Action::File(None) => "a script from standard input",
            Action::File(Some(path)) if path == b"-" => "a script from standard input",
            Action::File(_) => continue,
        };
        return Err(
            Fault::new(format!("{what} belongs to no package, so that nothing has judged it")).way_out(unlinted)
        );
    }
    let control = &plan.variables.control;
    let changed = [
        (control.singleline, "SINGLELINE"),
        (!control.autocommit, "AUTOCOMMIT"),
        (control.on_error_rollback, "ON_ERROR_ROLLBACK"),
        (control.fetch_count != 0, "FETCH_COUNT"),
        (plan.is_single, "-1"),
        (plan.goes_on, "ON_ERROR_STOP"),
    ];
    if let Some((_, name)) = changed.iter().find(|(is_changed, _)| *is_changed) {
        return Err(Fault::new(format!("{name} changes what is sent, and the package was judged without it"))
            .way_out("leave it as it is"));
    }
    if env::var_os("PGOPTIONS").is_some_and(|value| !value.is_empty()) {
        return Err(Fault::new("PGOPTIONS changes the session, and the package was judged without it")
            .way_out("unset PGOPTIONS"));
    }
    let files: Vec<PathBuf> = plan.files().map(|path| PathBuf::from(OsString::from_vec(path.to_vec()))).collect();
    let reals = files.iter().map(|file| real(file)).collect::<Result<Vec<PathBuf>, Fault>>()?;
    let path = config_of(plan, &files, &reals)?;
    let config = read_config(&path)?;
    config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
    let root = directory(&path);
    let job = Job { directory: root.clone(), config: config.clone(), packages: Vec::new() };
    let verdict = Verdict::on(super::today(), lint(job)?, &config)?;
    let is_of =
        |index: usize, wanted: &Path| fs::canonicalize(root.join(verdict.name(index))).is_ok_and(|path| path == wanted);
    let has = |files: &[usize], wanted: &Path| files.iter().any(|index| is_of(*index, wanted));
    let holds_all = |files: &[usize]| reals.iter().all(|wanted| has(files, wanted));
    let Some(package) = verdict.packages().iter().find(|package| holds_all(&package.files)) else {
        let stray = reals
            .iter()
            .zip(&files)
            .find(|(wanted, _)| !verdict.packages().iter().any(|package| has(&package.files, wanted)));
        let message = match stray {
            Some((_, file)) => format!("no package of {} has the script {}", path.display(), file.display()),
            None => "the scripts belong to different packages".to_owned(),
        };
        return Err(Fault::new(message).way_out(format!("name it in lint.toml; {unlinted}")));
    };
    let name = package.name.clone();
    match verdict.approve(&name) {
        Some(approved) => {
            let differences = match &plan.audit {
                Some(record) => differences(&PathBuf::from(OsString::from_vec(record.clone())), &path, &approved)?,
                None => Vec::new(),
            };
            if !differences.is_empty() {
                return Ok(Judged::Deny(differences));
            }
            let mut shelf = Shelf::new(&approved, &real(&root)?)?;
            shelf.links =
                files.iter().zip(&reals).filter_map(|(file, real)| shelf.link(file, real)).flatten().collect();
            let package = config.package(&name)?;
            let rollbacks = package
                .tier
                .iter()
                .filter_map(|tier| Some((package.path(&tier.file), package.path(tier.rollback.as_ref()?))));
            shelf.subject.rollbacks = rollbacks.collect();
            let tiers = package.tier.iter();
            let tiers =
                tiers.map(|tier| (package.path(&tier.file), format!("{} {}", tier.number.get_ref(), tier.name)));
            shelf.subject.tiers = tiers.collect();
            Ok(Judged::Pass(shelf))
        }
        None => {
            let job = Job { directory: root, config: config.clone(), packages: vec![name] };
            let verdict = Verdict::on(super::today(), lint(job)?, &config)?;
            Ok(Judged::Deny(report::terminal::write(&verdict, super::When::Auto.is_now(io::stderr().is_terminal()))))
        }
    }
}

/// How the package differs from the one of a record; nothing if it is that one.
fn differences(record: &Path, config: &Path, approved: &Approved) -> Result<Vec<u8>, Fault> {
    let recorded = super::read_recorded(record)?;
    let mut told = Vec::new();
    if !recorded.packages().iter().any(|package| package == approved.package()) {
        told.push(format!("{}: was not audited", approved.package()));
    }
    // What is on disk may have changed since it was judged: these are the bytes that are run.
    for (name, bytes) in approved.files() {
        if recorded.hash(name) != Some(&manifest::digest(bytes)) {
            told.push(format!("{name}: is not what was audited"));
        }
    }
    if told.is_empty() {
        told = recorded.differences(&super::audit_of(config, recorded.packages().to_vec(), super::today())?);
    }
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let text =
        format!("{}\n{} is not the record of this package: nothing was run\n", told.join("\n"), record.display());
    Ok(visible_lines(&text).into_bytes())
}

/// The `lint.toml` of the scripts: the one that is named, or the nearest above each of them.
fn config_of(plan: &Plan, files: &[PathBuf], reals: &[PathBuf]) -> Result<PathBuf, Fault> {
    if let Some(path) = &plan.config {
        return Ok(PathBuf::from(OsString::from_vec(path.clone())));
    }
    let mut found: Option<PathBuf> = None;
    for (real, file) in reals.iter().zip(files) {
        let above = real.ancestors().skip(1).map(|directory| directory.join("lint.toml"));
        let Some(path) = above.into_iter().find(|path| path.is_file()) else {
            return Err(Fault::new(format!("there is no lint.toml above {}", file.display()))
                .way_out("describe its package in one; --unlinted runs it as psql would"));
        };
        if found.as_ref().is_some_and(|found| *found != path) {
            return Err(Fault::new("the scripts belong to different packages").way_out("run them one by one"));
        }
        found = Some(path);
    }
    found.ok_or_else(|| Fault::new("no script is named").way_out("name one: -f FILE"))
}

fn real(path: &Path) -> Result<PathBuf, Fault> {
    fs::canonicalize(path).map_err(|error| Fault::disk("read", path, &error))
}

/// Scripts as they are on disk when their turn comes.
#[derive(Default)]
struct Disk {
    /// What can be read only once, such as a pipe.
    kept: BTreeMap<Vec<u8>, Rc<[u8]>>,
}

impl Disk {
    /// The lines of a script that can be read as often as one likes.
    fn lines(path: &[u8]) -> io::Result<Option<BufReader<fs::File>>> {
        let file = fs::File::open(OsStr::from_bytes(path))?;
        let is_plain = file.metadata()?.is_file();
        Ok(is_plain.then(|| BufReader::with_capacity(1 << 16, file)))
    }
}

impl Library for Disk {
    fn read(&mut self, path: &[u8]) -> io::Result<Rc<[u8]>> {
        if let Some(bytes) = self.kept.get(path) {
            return Ok(Rc::clone(bytes));
        }
        let mut file = fs::File::open(OsStr::from_bytes(path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let bytes: Rc<[u8]> = bytes.into();
        if !file.metadata()?.is_file() {
            self.kept.insert(path.to_vec(), Rc::clone(&bytes));
        }
        Ok(bytes)
    }

    fn open(&mut self, path: &[u8]) -> io::Result<Opened> {
        if !self.kept.contains_key(path)
            && let Some(lines) = Self::lines(path)?
        {
            return Ok(Opened::Stream(Box::new(lines)));
        }
        self.read(path).map(Opened::Whole)
    }

    fn look(&mut self, path: &[u8]) -> io::Result<Option<Rc<[u8]>>> {
        if let Some(mut lines) = Self::lines(path)? {
            let mut line = Vec::new();
            loop {
                let here = lines.fill_buf()?;
                let length = here.len();
                match memchr::memchr(b'\\', here) {
                    _ if length == 0 => return Ok(None),
                    None => lines.consume(length),
                    Some(at) => {
                        // A metacommand ends with its line.
                        lines.consume(at);
                        line.clear();
                        lines.read_until(b'\n', &mut line)?;
                        if exec::matters(&line) {
                            return self.read(path).map(Some);
                        }
                    }
                }
            }
        }
        self.read(path).map(Some)
    }

    fn is_judged(&self, _: &[u8], _: usize, _: usize) -> bool {
        true
    }

    fn is_bound(&self) -> bool {
        false
    }
}

/// Scripts as they were when they were judged.
struct Shelf {
    /// Where psql would be started, and where `lint.toml` stands.
    current: PathBuf,
    root: PathBuf,
    scripts: BTreeMap<Vec<u8>, Script>,
    /// What symbolic links led to when the package was judged: the scripts that are named, and
    /// the directories that they stand in.
    links: Vec<(PathBuf, PathBuf)>,
    subject: Subject,
}

/// A script, and where its statements stand.
struct Script {
    bytes: Rc<[u8]>,
    statements: BTreeSet<(usize, usize)>,
}

impl Shelf {
    fn new(approved: &Approved, root: &Path) -> Result<Self, Fault> {
        let current = real(Path::new("."))?;
        let mut scripts = BTreeMap::new();
        for (name, bytes) in approved.files() {
            let read = psql::read(bytes);
            let is_plain = |item: &Item| matches!(item, Item::Metacommand { command, .. } if matches!(command.name.as_str(), "i" | "include"));
            if current != root && read.items.iter().any(is_plain) {
                return Err(Fault::new(format!("{name} has an \\i, which starts from the current directory"))
                    .way_out(format!("start in {}, or write \\ir", root.display())));
            }
            let statements = read.items.iter().filter_map(|item| match item {
                Item::Statement(statement) => Some((statement.span.start, statement.span.end)),
                _ => None,
            });
            let statements = statements.collect();
            scripts.insert(name.as_bytes().to_vec(), Script { bytes: bytes.as_slice().into(), statements });
        }
        let subject = Subject {
            package: Some(approved.package().to_owned()),
            digest: Some(approved.digest().to_owned()),
            verdict: "pass",
            files: approved.files().iter().map(|(name, bytes)| (name.clone(), manifest::digest(bytes))).collect(),
            ..Subject::default()
        };
        Ok(Self { current, root: root.to_owned(), scripts, links: Vec::new(), subject })
    }

    /// The path from the root of the disk, as psql writes it.
    fn whole(&self, path: &Path) -> PathBuf {
        PathBuf::from(OsString::from_vec(canonical(self.current.join(path).as_os_str().as_bytes())))
    }

    /// Where a script that is named lies behind links, and where its directory does.
    fn link(&self, file: &Path, real: &Path) -> Option<[(PathBuf, PathBuf); 2]> {
        let whole = self.whole(file);
        let directories = (whole.parent()?.to_owned(), real.parent()?.to_owned());
        (whole != real).then(|| [(whole, real.to_owned()), directories])
    }

    fn script(&self, path: &[u8]) -> Option<&Script> {
        let path = self.whole(Path::new(OsStr::from_bytes(path)));
        let named = |path: &Path| self.scripts.get(path.strip_prefix(&self.root).ok()?.as_os_str().as_bytes());
        let behind = |(link, real): &(PathBuf, PathBuf)| {
            let rest = path.strip_prefix(link).ok()?;
            named(&if rest.as_os_str().is_empty() { real.clone() } else { real.join(rest) })
        };
        named(&path).or_else(|| self.links.iter().find_map(behind))
    }
}

impl Library for Shelf {
    fn read(&mut self, path: &[u8]) -> io::Result<Rc<[u8]>> {
        self.script(path)
            .map(|script| Rc::clone(&script.bytes))
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not among the scripts that were judged"))
    }

    fn is_judged(&self, path: &[u8], start: usize, end: usize) -> bool {
        self.script(path).is_some_and(|script| script.statements.contains(&(start, end)))
    }

    fn is_bound(&self) -> bool {
        true
    }
}

//! Lints again and again: what follows from bytes that are as they were is not worked out
//! twice. Everything that is kept is found by all that it follows from, so nothing goes stale.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use elsa::FrozenVec;

use super::{Job, mismatches, statements};
use crate::case::{Case, Mismatch, Runs};
use crate::config::{self, Config};
use crate::fault::Fault;
use crate::flow::Memory;
use crate::package::{self, Library, Programs, Role, Script};
use crate::parallel::side_by_side;
use crate::rules::Kept;
use crate::sources::{Desk, Layout, Sources};
use crate::syntax::Parser;
use crate::verdict::{Linted, Outcome, Text};

/// What the runs of a session refer to. It only grows: whoever lints for long takes another
/// one from time to time.
#[derive(Default)]
pub struct Arena {
    configs: FrozenVec<Box<Config>>,
    libraries: FrozenVec<Box<Library>>,
    memory: Memory,
}

/// Lints again and again.
pub struct Session<'a> {
    arena: &'a Arena,
    desk: Desk,
    programs: Programs,
    /// By the directory of `lint.toml` and the name of the package.
    runs: HashMap<(PathBuf, String), (Runs<'a>, Kept)>,
    /// By the directory of `lint.toml`, the last ones.
    configs: HashMap<PathBuf, Vec<(&'a Config, Arc<Layout>, String)>>,
    stop: Arc<dyn Fn() -> bool + Send + Sync>,
    was_stopped: bool,
    /// The bytes that were parsed, and those that the last request was about.
    parsed: usize,
    size: usize,
}

/// A package that is not run yet.
struct Waiting<'a> {
    place: (PathBuf, String),
    package: &'a config::Package,
    scripts: Vec<Script>,
    mismatches: Vec<Mismatch>,
    runs: Runs<'a>,
    kept: Kept,
}

/// How many configurations are kept: what is undone comes back.
const CONFIGS: usize = 4;

/// How many bytes are parsed before another arena is wanted, beyond [`TURNS`] times those that a
/// request is about.
const BYTES: usize = 1 << 20;
/// See [`BYTES`].
const TURNS: usize = 4;

impl<'a> Session<'a> {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(arena: &'a Arena, desk: Desk) -> Self {
        Self {
            arena,
            desk,
            programs: Programs::default(),
            runs: HashMap::new(),
            configs: HashMap::new(),
            stop: Arc::new(|| false),
            was_stopped: false,
            parsed: 0,
            size: 0,
        }
    }

    /// When to give up a request that somebody has asked for.
    pub fn stop_when(&mut self, stop: Arc<dyn Fn() -> bool + Send + Sync>) {
        self.stop = stop;
        self.was_stopped = false;
    }

    /// Whether a request was given up since: what it came to is of no use.
    #[must_use]
    pub const fn was_stopped(&self) -> bool {
        self.was_stopped
    }

    /// Whether another session in another arena would be a saving.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.parsed > BYTES + TURNS * self.size
    }

    /// What an editor has open.
    pub const fn desk(&mut self) -> &mut Desk {
        &mut self.desk
    }

    /// The desk, for the next session.
    #[must_use]
    pub fn into_desk(self) -> Desk {
        self.desk
    }

    /// Lints, and keeps what `look` sees in each package, in the order of the packages. On a
    /// thread with a stack of [`STACK`](crate::parallel::STACK): it recurses over what is written. What mends
    /// a finding is only told of files that are not edited.
    pub fn examine<T>(&mut self, job: &Job, look: &dyn Fn(&Case<'_>) -> T) -> Result<(Outcome, Vec<T>), Fault> {
        let is_edited = self.desk.is_of_edited();
        let mut packages = Vec::new();
        let mut seen = Vec::new();
        let mut manifests: Vec<Text> = Vec::new();
        let library = self.each(job, &mut manifests, &mut |case, kept, stop| {
            let files_of =
                |wanted: &dyn Fn(Role) -> bool| case.files_of(wanted).iter().map(|file| file.index()).collect();
            let files = files_of(&|_| true);
            let release = files_of(&|role| !matches!(role, Role::Baseline | Role::Plain));
            let mut findings = kept.check(case, stop);
            for finding in &mut findings {
                finding.primary.at = case.library.written(finding.primary.at);
                finding.related.iter_mut().for_each(|label| label.at = case.library.written(label.at));
                // What mends it may follow from more than what is looked at again.
                finding.fix = finding.fix.take().filter(|_| !is_edited);
            }
            seen.push(look(case));
            packages.push(Linted { name: case.package.name.get_ref().clone(), files, release, findings });
        })?;
        let mut texts: Vec<Text> = library
            .sources
            .iter()
            .map(|(file, source)| Text {
                name: source.name.clone(),
                bytes: Arc::clone(&source.layout.written),
                statements: Some(statements(library.program(file))),
            })
            .collect();
        let Config { name, text, .. } = &job.config;
        texts.push(Text { name: name.clone(), bytes: text.as_bytes().into(), statements: None });
        texts.extend(manifests);
        Ok((Outcome { texts, packages }, seen))
    }

    /// Lints once, with nothing kept, what is on the desk: then what mends a finding is told.
    pub fn examine_as_written(&self, job: &Job) -> Result<Outcome, Fault> {
        let arena = Arena::default();
        let mut session = Session::new(&arena, self.desk.as_written());
        session.examine(job, &|_| ()).map(|(outcome, _)| outcome)
    }

    /// Looks at each package without asking the rules.
    pub fn look<T>(&mut self, job: &Job, look: &dyn Fn(&Case<'_>) -> T) -> Result<Vec<T>, Fault> {
        let mut seen = Vec::new();
        self.each(job, &mut Vec::new(), &mut |case, _, _| seen.push(look(case)))?;
        Ok(seen)
    }

    fn each(
        &mut self,
        job: &Job,
        manifests: &mut Vec<Text>,
        visit: &mut dyn FnMut(&Case<'a>, &mut Kept, &(dyn Fn() -> bool + Sync)),
    ) -> Result<&'a Library, Fault> {
        let (config, layout) = self.config(job);
        let chosen: Vec<&config::Package> = if job.packages.is_empty() {
            config.packages.iter().collect()
        } else {
            job.packages.iter().map(|name| config.package(name)).collect::<Result<_, Fault>>()?
        };
        let mut sources = Sources::default();
        let read =
            |package: &&config::Package| package::read_with(&mut self.desk, &mut sources, &job.directory, package);
        let named: Vec<_> = chosen.iter().map(read).collect();
        let (library, parsed) = self.programs.library(sources, Parser::default());
        self.parsed += parsed;
        self.size = library.sources.iter().map(|(_, source)| source.bytes.len()).sum();
        let library = self.arena.libraries.push_get(Box::new(Library { layout, ..library }));
        let prepare = |(package, named): (&'a config::Package, _)| {
            let scripts = package::scripts(package, library, named);
            Ok((package, scripts, mismatches(job, package, library, &self.desk, manifests)?))
        };
        let prepared = chosen.into_iter().zip(named).map(prepare).collect::<Result<Vec<_>, Fault>>()?;
        let is_edited = self.desk.is_of_edited();
        let wait = |(package, scripts, mismatches): (&'a config::Package, _, _)| {
            let place = (job.directory.clone(), package.name.get_ref().clone());
            let (runs, kept) = self.runs.remove(&place).unwrap_or_else(|| {
                let (runs, kept) = (Runs::new(&self.arena.memory, Parser::default()), Kept::default());
                if is_edited { (runs.noting(), kept.noting()) } else { (runs, kept) }
            });
            Mutex::new(Some(Waiting { place, package, scripts, mismatches, runs, kept }))
        };
        let waiting: Vec<_> = prepared.into_iter().map(wait).collect();
        let asked = Arc::clone(&self.stop);
        let stop = move || asked();
        let run = |waiting: &Mutex<Option<Waiting<'a>>>| {
            let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner).take()?;
            let Waiting { place, package, scripts, mismatches, mut runs, kept } = waiting;
            let case = Case::again(config, package, library, &mut runs, scripts, mismatches, &stop);
            Some((place, case, runs, kept))
        };
        let mut outcome = Ok(library);
        for (place, case, runs, mut kept) in side_by_side(&waiting, run) {
            match case {
                Ok(case) if outcome.is_ok() => visit(&case, &mut kept, &stop),
                Err(fault) if outcome.is_ok() => {
                    outcome = Err(fault.written(&job.config.text, &|span| library.written_config(span)));
                }
                _ => {}
            }
            self.runs.insert(place, (runs, kept));
        }
        self.was_stopped |= stop();
        outcome
    }

    /// The configuration, kept as long as what refers to it; while it is edited, with blanks in
    /// it, so that its parts keep their places.
    fn config(&mut self, job: &Job) -> (&'a Config, Option<Arc<Layout>>) {
        let known = self.configs.entry(job.directory.clone()).or_default();
        let is_it = |(_, layout, name): &&(&Config, Arc<Layout>, String)| {
            *layout.written == *job.config.text.as_bytes() && *name == job.config.name
        };
        if let Some((config, layout, _)) = known.iter().find(is_it) {
            return (config, Some(Arc::clone(layout)));
        }
        let layouts: Vec<Arc<Layout>> = known.iter().map(|(_, layout, _)| Arc::clone(layout)).collect();
        let laid_out = self.desk.is_of_edited().then(|| {
            let layout = Layout::of_toml(&layouts, &job.config.text);
            let text = std::str::from_utf8(&layout.bytes).unwrap_or_default();
            Config::parse(&job.config.name, text).ok().map(|config| (config, Arc::new(layout)))
        });
        let Some((config, layout)) = laid_out.flatten() else {
            return (self.arena.configs.push_get(Box::new(job.config.clone())), None);
        };
        let config = self.arena.configs.push_get(Box::new(config));
        known.push((config, Arc::clone(&layout), job.config.name.clone()));
        if known.len() > CONFIGS {
            known.remove(0);
        }
        (config, Some(layout))
    }
}

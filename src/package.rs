//! A package in memory: its files read and parsed, each once, and what part each plays.
//! Judges nothing.

mod program;

use program::Agreed;
pub use program::{Arm, Condition, Line, Program, Use, boolean};

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;

use crate::config;
use crate::effect::At;
use crate::parallel::side_by_side;
use crate::source::{FileId, Span};
use crate::sources::{Desk, Include, Layout, Source, Sources, Trouble};
use crate::syntax::Parser;

/// The part that a script plays in a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Builds the state that the release starts from.
    Baseline,
    /// Checks, read-only, before the first tier.
    Preflight,
    /// The tier at this index of the rollout table.
    Tier(usize),
    /// Runs the whole release.
    Executor,
    /// Checks, read-only, after the last tier.
    Verify,
    /// Undoes the tier at this index, and nothing else.
    Rollback(usize),
    /// Undoes whichever tier a variable names.
    TierRollback,
    /// Undoes the whole release.
    FullRollback,
    /// A script for clones: neither the release nor its rollback.
    Plain,
}

impl Role {
    /// Whether it may change nothing.
    #[must_use]
    pub fn reads_only(self) -> bool {
        matches!(self, Self::Preflight | Self::Verify)
    }

    /// Whether it undoes.
    #[must_use]
    pub fn undoes(self) -> bool {
        matches!(self, Self::Rollback(_) | Self::TierRollback | Self::FullRollback)
    }
}

/// A script that `lint.toml` names.
#[derive(Debug, Clone)]
pub struct Script {
    /// Its part.
    pub role: Role,
    /// Its path from where `lint.toml` stands.
    pub path: String,
    /// Where it is named.
    pub at: At,
    /// The file, or why there is none.
    pub file: Result<FileId, Trouble>,
}

/// The files of a run, and the programs in them.
#[derive(Debug)]
pub struct Library {
    /// The files.
    pub sources: Sources,
    /// By file.
    pub programs: Vec<Arc<Program>>,
    /// The number that places in `lint.toml` have: the one after the last file.
    pub config: FileId,
    /// How `lint.toml` is written, where that is not how it was read.
    pub layout: Option<Arc<Layout>>,
}

impl Library {
    /// The program of a file.
    #[must_use]
    pub fn program(&self, file: FileId) -> &Program {
        static EMPTY: Program = Program { lines: Vec::new() };
        self.programs.get(file.index()).map_or(&EMPTY, |program| &**program)
    }

    /// The bytes of `lint.toml` as it is written that a span of it stands for.
    #[must_use]
    pub fn written_config(&self, span: Span) -> Span {
        self.layout.as_ref().map_or(span, |layout| layout.written(span))
    }

    /// The place in the file as it is written that a place in a program stands for.
    #[must_use]
    pub fn written(&self, at: At) -> At {
        let own = self.sources.get(at.file()).map(|source| &source.layout);
        let layout = own.or_else(|| self.layout.as_ref().filter(|_| at.file() == self.config));
        layout.map_or(at, |layout| At::new(at.file(), layout.written(at.span())))
    }

    /// The programs that a file leads to, its own among them, each once.
    #[must_use]
    pub fn reached(&self, file: FileId) -> Vec<Arc<Program>> {
        let files = self.sources.reached([file]);
        files.into_iter().filter_map(|file| self.programs.get(file.index()).cloned()).collect()
    }

    /// Parses every file, on as many threads as the machine has processors.
    #[must_use]
    pub fn parse(sources: Sources, parser: Parser) -> Self {
        Programs::default().library(sources, parser).0
    }
}

/// How many programs are kept of one file: of what it was a few changes ago, too.
const VERSIONS: usize = 4;

/// The programs that were read, by all that they were read from.
#[derive(Debug, Default)]
pub struct Programs {
    read: HashMap<(FileId, Parser), Vec<Reading>>,
    agreed: HashMap<Parser, Agreed>,
}

#[derive(Debug)]
struct Reading {
    bytes: Arc<[u8]>,
    includes: Vec<Include>,
    program: Arc<Program>,
}

impl Programs {
    /// Parses the files that are not as they were, on as many threads as the machine has
    /// processors; and how many bytes these were.
    #[must_use]
    pub fn library(&mut self, sources: Sources, parser: Parser) -> (Library, usize) {
        let mut programs: Vec<Option<Arc<Program>>> =
            sources.iter().map(|(file, source)| self.find(file, source, parser)).collect();
        let missing: Vec<usize> =
            programs.iter().enumerate().filter(|(_, program)| program.is_none()).map(|(index, _)| index).collect();
        let bytes = |index: &usize| sources.get(FileId::new(*index)).map_or(0, |source| source.layout.written.len());
        let cost = missing.iter().map(bytes).sum();
        let agreed = self.agreed.entry(parser).or_default();
        let read = |index: &usize| {
            let file = FileId::new(*index);
            Some((*index, program::read(file, sources.get(file)?, parser, agreed)))
        };
        for (index, program) in side_by_side(&missing, read) {
            let program = Arc::new(program);
            if let Some(source) = sources.get(FileId::new(index)) {
                self.keep(FileId::new(index), source, parser, &program);
            }
            if let Some(slot) = programs.get_mut(index) {
                *slot = Some(program);
            }
        }
        let count = programs.len();
        let programs = programs.into_iter().map(Option::unwrap_or_default).collect();
        (Library { sources, programs, config: FileId::new(count), layout: None }, cost)
    }

    fn find(&mut self, file: FileId, source: &Source, parser: Parser) -> Option<Arc<Program>> {
        let known = self.read.get_mut(&(file, parser))?;
        let is_it = |reading: &Reading| *reading.bytes == *source.bytes && reading.includes == source.includes;
        let index = known.iter().position(is_it)?;
        // The one that was used last goes last.
        let reading = known.remove(index);
        let program = Arc::clone(&reading.program);
        known.push(reading);
        Some(program)
    }

    fn keep(&mut self, file: FileId, source: &Source, parser: Parser, program: &Arc<Program>) {
        let known = self.read.entry((file, parser)).or_default();
        if known.len() >= VERSIONS {
            known.remove(0);
        }
        known.push(Reading {
            bytes: Arc::clone(&source.bytes),
            includes: source.includes.clone(),
            program: Arc::clone(program),
        });
    }
}

/// A script as `lint.toml` names it: what it is for, its name, its file.
pub type Named = (Role, Spanned<String>, Result<FileId, Trouble>);

/// What [`read`] found, with its places in the `lint.toml` that has become a file of the library.
#[must_use]
pub fn scripts(package: &config::Package, library: &Library, named: Vec<Named>) -> Vec<Script> {
    let script = |(role, name, file): Named| Script {
        role,
        path: package.path(&name),
        at: At::new(library.config, Span::new(name.span().start, name.span().end)),
        file,
    };
    named.into_iter().map(script).collect()
}

/// The scripts of a package in the order of the rollout table, read into `sources`; their
/// places are where `lint.toml` names them, once that has a number.
pub fn read(sources: &mut Sources, directory: &Path, package: &config::Package) -> Vec<Named> {
    read_with(&mut Desk::default(), sources, directory, package)
}

/// The same, of what an editor has open where there is such.
pub fn read_with(desk: &mut Desk, sources: &mut Sources, directory: &Path, package: &config::Package) -> Vec<Named> {
    let root = Path::new(package.root.get_ref());
    let tiers = || package.tier.iter().enumerate();
    let mut roles: Vec<(Role, &Spanned<String>)> = Vec::new();
    roles.extend(package.baseline.iter().map(|name| (Role::Baseline, name)));
    if package.baseline.is_empty() {
        roles.extend(package.clone.iter().map(|name| (Role::Baseline, name)));
    }
    roles.extend(package.preflight.iter().map(|name| (Role::Preflight, name)));
    roles.extend(tiers().map(|(index, tier)| (Role::Tier(index), &tier.file)));
    roles.extend(package.executor.iter().map(|name| (Role::Executor, name)));
    roles.extend(package.verify.iter().map(|name| (Role::Verify, name)));
    roles.extend(tiers().rev().filter_map(|(index, tier)| Some((Role::Rollback(index), tier.rollback.as_ref()?))));
    roles.extend(package.tier_rollback.iter().map(|name| (Role::TierRollback, name)));
    roles.extend(package.full_rollback.iter().map(|name| (Role::FullRollback, name)));
    roles.extend(package.roles.iter().chain(&package.ratify).map(|name| (Role::Plain, name)));
    let read = |(role, name): (Role, &Spanned<String>)| {
        let path = PathBuf::from(package.path(name));
        (role, name.clone(), sources.read_with(desk, directory, root, &path))
    };
    roles.into_iter().map(read).collect()
}

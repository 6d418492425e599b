//! A package in memory: its files read and parsed, each once, and what part each plays.
//! Judges nothing.

mod program;

pub use program::{Arm, Condition, Line, Program, Use, boolean};

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use toml::Spanned;

use crate::config;
use crate::effect::At;
use crate::source::{FileId, Span};
use crate::sources::{Sources, Trouble};
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
    pub programs: Vec<Program>,
    /// The number that places in `lint.toml` have: the one after the last file.
    pub config: FileId,
}

impl Library {
    /// The program of a file.
    #[must_use]
    pub fn program(&self, file: FileId) -> &Program {
        static EMPTY: Program = Program { lines: Vec::new() };
        self.programs.get(file.index()).unwrap_or(&EMPTY)
    }

    /// Parses every file, on as many threads as the machine has processors.
    #[must_use]
    pub fn parse(sources: Sources, parser: Parser) -> Self {
        let count = sources.iter().count();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done: Vec<(usize, Program)> = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(source) = sources.get(FileId::new(index)) else { return done };
                done.push((index, program::read(FileId::new(index), source, parser)));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
        let mut programs: Vec<(usize, Program)> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads)
                .filter_map(|_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok())
                .collect();
            let join = |handle: std::thread::ScopedJoinHandle<'_, Vec<(usize, Program)>>| match handle.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            if handles.is_empty() { work() } else { handles.into_iter().flat_map(join).collect() }
        });
        programs.sort_unstable_by_key(|(index, _)| *index);
        let programs = programs.into_iter().map(|(_, program)| program).collect();
        Self { sources, programs, config: FileId::new(count) }
    }
}

/// The stack of a thread that parses: deep expressions recurse. The pages are only used as
/// they are touched.
pub const STACK: usize = 512 << 20;

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
        (role, name.clone(), sources.read(directory, root, &path))
    };
    roles.into_iter().map(read).collect()
}

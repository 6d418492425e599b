//! From files to findings: reads what `lint.toml` names, parses it, runs it on the symbolic
//! database and asks the rules.

mod session;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use crate::case::{Case, Mismatch};
use crate::config::{self, Config};
use crate::effect::At;
use crate::fault::Fault;
use crate::finding::{Edit, Fix};
use crate::manifest::{self, Problem};
use crate::package::{Library, Line, Program};
use crate::parallel::STACK;
use crate::source::{FileId, Span};
use crate::sources::{Desk, Overlay, Source};
use crate::verdict::{Outcome, Text};

pub use session::{Arena, Session};

/// What is to be linted.
#[derive(Debug)]
pub struct Job {
    /// Where `lint.toml` stands, and where psql would be started.
    pub directory: PathBuf,
    /// `lint.toml`.
    pub config: Config,
    /// The packages by name; all if there is none.
    pub packages: Vec<String>,
}

/// Lints.
pub fn lint(job: Job) -> Result<Outcome, Fault> {
    examine(job, |_| ()).map(|(outcome, _)| outcome)
}

/// Lints with other bytes than those on disk in the files of an overlay.
pub fn lint_over(job: Job, overlay: Overlay) -> Result<Outcome, Fault> {
    examine_over(job, overlay, |_| ()).map(|(outcome, _)| outcome)
}

/// Lints, and keeps what `look` sees in each package, in the order of the packages.
pub fn examine<T: Send + 'static>(
    job: Job,
    look: impl Fn(&Case<'_>) -> T + Send + 'static,
) -> Result<(Outcome, Vec<T>), Fault> {
    examine_over(job, Overlay::new(), look)
}

fn examine_over<T: Send + 'static>(
    job: Job,
    overlay: Overlay,
    look: impl Fn(&Case<'_>) -> T + Send + 'static,
) -> Result<(Outcome, Vec<T>), Fault> {
    let (sender, receiver) = channel();
    let work = move || {
        let arena = Arena::default();
        let examined = Session::new(&arena, Desk::over(overlay)).examine(&job, &look);
        // Nobody waits until what was needed for it is let go of.
        drop(sender.send(examined));
    };
    // Parsing and proving recurse over what is written: on a stack that holds it.
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(work);
    worker.map_err(|error| Fault::new(format!("cannot start a thread: {error}")))?;
    receiver.recv().unwrap_or_else(|_| Err(own_error()))
}

/// What a panic is told as.
#[must_use]
pub fn own_error() -> Fault {
    Fault::new("the analysis ended in an error of its own")
        .way_out("this is a defect of roof-lint: please report it with the script")
}

fn statements(program: &Program) -> usize {
    fn count(lines: &[Line]) -> usize {
        lines
            .iter()
            .map(|line| match line {
                Line::Sent { statements, .. } => statements.len(),
                Line::Unread { .. } => 1,
                Line::Choice { arms, .. } => arms.iter().map(|arm| count(&arm.lines)).sum(),
                _ => 0,
            })
            .sum()
    }
    count(&program.lines)
}

/// Holds the manifest of a package against its files. Of files that were linted the bytes
/// that were linted count, whatever is on disk by now.
fn mismatches<'a>(
    job: &Job,
    package: &config::Package,
    library: &'a Library,
    desk: &Desk,
    texts: &mut Vec<Text>,
) -> Result<Vec<Mismatch>, Fault> {
    let Some(name) = &package.manifest else { return Ok(Vec::new()) };
    let root = job.directory.join(package.root.get_ref());
    let path = root.join(name.get_ref());
    let linted = |(_, source): (FileId, &'a Source)| Some((package.below(&source.name)?, &*source.layout.written));
    let linted: BTreeMap<&str, &[u8]> = library.sources.iter().filter_map(linted).collect();
    let hashes = manifest::hash_with(&root, name.get_ref(), &|path| linted.get(path).copied())?;
    let configured = At::new(library.config, Span::new(name.span().start, name.span().end));
    let bytes = match desk.read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("the manifest {} cannot be read: {error}", name.get_ref());
            return Ok(vec![Mismatch { at: configured, message, fix: None }]);
        }
    };
    let file = FileId::new(library.config.index() + 1 + texts.len());
    let lines = manifest::lines(&bytes);
    let place = |line: usize| lines.get(line.saturating_sub(1)).map_or(configured, |span| At::new(file, *span));
    let told = manifest::check(&bytes, &hashes).into_iter().map(|problem| {
        let at = match &problem {
            Problem::Malformed { line }
            | Problem::Escapes { line, .. }
            | Problem::Duplicate { line, .. }
            | Problem::Missing { line, .. }
            | Problem::Mismatch { line, .. } => place(*line),
            Problem::Unlisted { .. } => configured,
        };
        let edit = manifest::mended(&bytes, &lines, &problem, &hashes);
        let fix = edit.map(|(span, text)| Fix {
            what: "list what is there; it has to be ratified again".to_owned(),
            edits: vec![Edit { at: At::new(file, span), text }],
        });
        Mismatch { at, message: problem.what(), fix }
    });
    let told: Vec<Mismatch> = told.collect();
    texts.push(Text { name: package.path(name), bytes: bytes.into(), statements: None });
    Ok(told)
}

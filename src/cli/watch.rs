//! Checks again whenever a file changes. Looks at the files themselves, a few times a second:
//! that sees whatever way an editor has of writing them, on whatever disk.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use walkdir::WalkDir;

use super::{Arguments, FAULT, Threshold, complain, directory, print, read_config};
use crate::config::Config;
use crate::fault::Fault;
use crate::finding::Level;
use crate::lint::{Arena, Job, Session, own_error};
use crate::parallel::STACK;
use crate::report;
use crate::silence::all_rules;
use crate::sources::Desk;
use crate::verdict::{Gate, Verdict};

/// How long it looks away.
const PAUSE: Duration = Duration::from_millis(200);

/// What tells that a file is not what it was: its number, its size, when it was written.
type Look = BTreeMap<PathBuf, Option<(u64, u64, i64, i64, i64, i64)>>;

/// Checks until it is interrupted; the exit code is that of the last verdict.
pub(super) fn watch(arguments: &Arguments, fail_on: Threshold) -> Result<u8, Fault> {
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&is_over))
            .map_err(|error| Fault::new(format!("cannot wait for Ctrl-C: {error}")))?;
    }
    std::thread::scope(|scope| {
        // Parsing and proving recurse over what is written: on a stack that holds it.
        let work = || work(arguments, fail_on, &is_over);
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| Fault::new(format!("cannot start a thread: {error}")))?;
        worker.join().unwrap_or_else(|_| Err(own_error()))
    })
}

fn work(arguments: &Arguments, fail_on: Threshold, is_over: &AtomicBool) -> Result<u8, Fault> {
    let mut desk = Desk::of_edited();
    let mut code = FAULT;
    let mut seen: Option<Look> = None;
    loop {
        let arena = Arena::default();
        let mut session = Session::new(&arena, desk);
        while !session.is_full() {
            // First the look, then the check: what changes in between is seen the next time.
            let now = look(arguments.config());
            if seen.as_ref() != Some(&now) {
                code = check(arguments, fail_on, &mut session)?;
                seen = Some(now);
            }
            if is_over.load(Ordering::Relaxed) {
                return Ok(code);
            }
            std::thread::sleep(PAUSE);
        }
        desk = session.into_desk();
    }
}

/// One check, printed. What keeps it from happening is told, and waited on.
fn check(arguments: &Arguments, fail_on: Threshold, session: &mut Session<'_>) -> Result<u8, Fault> {
    let is_terminal = io::stdout().is_terminal();
    let judged = judge(arguments, fail_on, session);
    if is_terminal {
        // Clears what was there, and what has scrolled away.
        print(b"\x1b[2J\x1b[3J\x1b[H")?;
    }
    match judged {
        Ok(verdict) => {
            let counts = verdict.counts();
            if says_nothing(&verdict) {
                let told = format!("{} files, {} statements: nothing to say\n", counts.files, counts.statements);
                print(told.as_bytes())?;
            } else {
                print(&report::terminal::write(&verdict, arguments.color.is_now(is_terminal)))?;
            }
            Ok(verdict.exit_code())
        }
        Err(fault) => {
            complain(&fault, arguments.color);
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(io::stderr(), "waiting for it to be mended");
            Ok(FAULT)
        }
    }
}

fn judge(arguments: &Arguments, fail_on: Threshold, session: &mut Session<'_>) -> Result<Verdict, Fault> {
    let path = arguments.config();
    let config = read_config(path)?;
    config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
    let job = Job { directory: directory(path), config, packages: arguments.packages() };
    let (outcome, _) = session.examine(&job, &|_| ())?;
    let mut verdict = Verdict::on(arguments.today(), outcome, &job.config)?;
    if !says_nothing(&verdict) {
        verdict = Verdict::on(arguments.today(), session.examine_as_written(&job)?, &job.config)?;
    }
    let fail_on = if fail_on == Threshold::Warn { Level::Warn } else { Level::Deny };
    verdict.pass_through(Gate { fail_on, ..Gate::default() });
    Ok(verdict)
}

fn says_nothing(verdict: &Verdict) -> bool {
    verdict.packages().iter().all(|judged| judged.shown().next().is_none())
}

/// What the disk shows of `lint.toml` and of everything below the roots that it names.
fn look(path: &Path) -> Look {
    let mut found = Look::new();
    let mut add = |path: &Path| {
        let told = fs::metadata(path).ok();
        let told = told.map(|it| (it.ino(), it.size(), it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()));
        found.insert(path.to_owned(), told);
    };
    add(path);
    let config = fs::read_to_string(path).ok().and_then(|text| Config::parse("lint.toml", &text).ok());
    for package in config.iter().flat_map(|config| &config.packages) {
        let root = directory(path).join(package.root.get_ref());
        let is_hidden = |entry: &walkdir::DirEntry| {
            entry.depth() > 0 && entry.file_type().is_dir() && entry.file_name().to_string_lossy().starts_with('.')
        };
        let below = WalkDir::new(root).into_iter().filter_entry(|entry| !is_hidden(entry));
        below.filter_map(Result::ok).filter(|entry| !entry.file_type().is_dir()).for_each(|entry| add(entry.path()));
    }
    found
}

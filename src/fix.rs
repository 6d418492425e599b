//! Applies the fixes of findings, as long as there are such: each time all is linted again, and
//! what makes something worse is taken back. Changes nothing on disk but in [`write`].

#![allow(clippy::disallowed_methods, reason = "the room that asks the disk for what is to be replaced")]

mod difference;
mod disk;

pub use difference::unified;
pub use disk::write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Config, Package};
use crate::fault::Fault;
use crate::finding::{Finding, Level};
use crate::lint::{Job, lint_over};
use crate::manifest;
use crate::silence::Silences;
use crate::source::{FileId, Span};
use crate::sources::Overlay;
use crate::verdict::{Opinion, Outcome, Verdict};

/// So often is all linted again before it is said that this does not end.
const LIMIT: usize = 120;
/// The rule about the manifest: it is mended last, when the files are as they are to be.
const MANIFEST: &str = "manifest-mismatch";

/// What is to be fixed.
pub struct Task<'a> {
    /// Where `lint.toml` stands.
    pub directory: &'a Path,
    /// `lint.toml`.
    pub config: &'a Config,
    /// The packages by name; all if there is none.
    pub packages: Vec<String>,
    /// Judges what was found; what the verdict shows is fixed.
    pub judge: &'a dyn Fn(Outcome) -> Result<Verdict, Fault>,
}

/// What the fixes come to.
#[derive(Debug)]
pub struct Mended {
    /// The files that become others, by name.
    pub changes: Vec<Change>,
    /// What was fixed, in the order in which it was.
    pub fixed: Vec<Told>,
    /// What has a fix that was not applied, each with the reason.
    pub refused: Vec<(Told, String)>,
    /// The manifests whose hashes follow the files, by name.
    pub renewed: Vec<String>,
    /// What is thought of the packages as they are then.
    pub verdict: Verdict,
}

/// A file that becomes another.
#[derive(Debug)]
pub struct Change {
    /// Its path from where `lint.toml` stands.
    pub name: String,
    /// The file itself, links followed.
    pub path: PathBuf,
    /// The bytes that were read.
    pub before: Vec<u8>,
    /// The bytes that take their place.
    pub after: Vec<u8>,
}

/// A fix, for a reader.
#[derive(Debug, Clone)]
pub struct Told {
    /// The name of the file that the finding is in.
    pub file: String,
    /// Where that is: `line:column`.
    pub place: String,
    /// The rule.
    pub rule: &'static str,
    /// What it does.
    pub what: String,
}

/// A fix that may be applied.
struct Candidate {
    told: Told,
    /// The same in each round.
    fingerprint: String,
    /// What tells its finding from others, and where that starts.
    key: Key,
    start: usize,
    edits: Vec<Replacement>,
}

/// Package, rule, file and message.
type Key = (String, &'static str, String, String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Replacement {
    index: usize,
    name: String,
    path: PathBuf,
    span: Span,
    text: String,
}

/// Fixes what can be fixed, in memory.
pub fn mend(task: &Task<'_>) -> Result<Mended, Fault> {
    let mut state = State { overlay: Overlay::new(), read: BTreeMap::new(), renewed: BTreeSet::new() };
    let mut verdict = task.lint(&state.overlay)?;
    let mut fixed = Vec::new();
    let mut refused: BTreeMap<String, (Told, String)> = BTreeMap::new();
    let (mut lints, mut size) = (1, usize::MAX);
    loop {
        let mut batch = task.candidates(&verdict, &mut refused);
        batch.truncate(size);
        if batch.is_empty() {
            break;
        }
        if lints >= LIMIT {
            let why = "too much was tried already: run it again";
            refused.extend(batch.into_iter().map(|one| (one.fingerprint, (one.told, why.to_owned()))));
            break;
        }
        let next = task.apply(&state, &verdict, &batch);
        lints += 1;
        let outcome = match task.lint(&next.overlay) {
            Ok(after) => worse(&verdict, &after, &batch).map_or_else(|| Ok(after), Err),
            Err(fault) => Err(fault.to_string()),
        };
        match outcome {
            Ok(after) => {
                fixed.extend(batch.into_iter().map(|one| one.told));
                (state, verdict, size) = (next, after, usize::MAX);
            }
            Err(why) => {
                // Of several it is not known which is to blame.
                size = batch.len() / 2;
                if let (0, Some(one)) = (size, batch.pop()) {
                    refused.insert(one.fingerprint, (one.told, why));
                    size = usize::MAX;
                }
            }
        }
    }
    Ok(Mended {
        changes: state.changes(),
        fixed,
        refused: refused.into_values().collect(),
        renewed: state.renewed.into_iter().collect(),
        verdict,
    })
}

/// The files as they are in one round.
#[derive(Clone)]
struct State {
    overlay: Overlay,
    /// The name and the bytes on disk of every file of the overlay.
    read: BTreeMap<PathBuf, (String, Vec<u8>)>,
    renewed: BTreeSet<String>,
}

impl State {
    /// The bytes of a file, as they are on disk unless it is one that was edited.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, Fault> {
        match self.overlay.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => fs::read(path).map_err(|error| Fault::disk("read", path, &error)),
        }
    }

    fn put(&mut self, name: &str, path: &Path, before: &[u8], after: Vec<u8>) {
        self.read.entry(path.to_owned()).or_insert_with(|| (name.to_owned(), before.to_owned()));
        self.overlay.insert(path.to_owned(), after);
    }

    fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self
            .read
            .iter()
            .filter_map(|(path, (name, before))| {
                let after = self.overlay.get(path).filter(|after| *after != before)?;
                Some(Change { name: name.clone(), path: path.clone(), before: before.clone(), after: after.clone() })
            })
            .collect();
        changes.sort_by(|left, right| left.name.cmp(&right.name));
        changes
    }
}

impl Task<'_> {
    fn lint(&self, overlay: &Overlay) -> Result<Verdict, Fault> {
        let (directory, config) = (self.directory.to_owned(), self.config.clone());
        let job = Job { directory, config, packages: self.packages.clone() };
        (self.judge)(lint_over(job, overlay.clone())?)
    }

    /// The fixes of what the verdict shows, no two of which touch, in the order of the findings.
    fn candidates(&self, verdict: &Verdict, refused: &mut BTreeMap<String, (Told, String)>) -> Vec<Candidate> {
        let mut silences: BTreeMap<usize, Silences> = BTreeMap::new();
        let mut chosen: Vec<Candidate> = Vec::new();
        let mut lists: Vec<Candidate> = Vec::new();
        let mut waiting = Vec::new();
        for judged in verdict.packages() {
            let of_lists = judged.shown().filter(|opinion| opinion.finding.rule == MANIFEST);
            let of_lists = of_lists.filter(|opinion| opinion.level == Level::Deny).count();
            for opinion in judged.shown() {
                if refused.contains_key(&opinion.fingerprint) {
                    continue;
                }
                let Some(told) = told(verdict, opinion) else { continue };
                let is_list = opinion.finding.rule == MANIFEST;
                let edits = match self.edits(verdict, &judged.name, &opinion.finding, &mut silences) {
                    // Reviewed is what passes: a manifest of anything else would lie.
                    Ok(_) if is_list && judged.counts.denied > of_lists => {
                        Err("the manifest is written when nothing else is denied".to_owned())
                    }
                    edits => edits,
                };
                let candidate = |edits| Candidate {
                    told: told.clone(),
                    fingerprint: opinion.fingerprint.clone(),
                    key: key(verdict, &judged.name, &opinion.finding),
                    start: opinion.finding.primary.at.span().start,
                    edits,
                };
                match edits {
                    Ok(edits) if is_list => take(&mut lists, candidate(edits)),
                    Ok(edits) => take(&mut chosen, candidate(edits)),
                    Err(why) if is_list => waiting.push((opinion.fingerprint.clone(), (told.clone(), why))),
                    Err(why) => drop(refused.insert(opinion.fingerprint.clone(), (told.clone(), why))),
                }
            }
        }
        if chosen.is_empty() {
            refused.extend(waiting);
            lists
        } else {
            // The manifest may be written when these are fixed.
            chosen
        }
    }

    /// The edits of a finding's fix, or why they are not applied.
    fn edits(
        &self,
        verdict: &Verdict,
        package: &str,
        finding: &Finding,
        silences: &mut BTreeMap<usize, Silences>,
    ) -> Result<Vec<Replacement>, String> {
        let edits = finding.fix.as_ref().map(|fix| fix.edits.as_slice()).unwrap_or_default();
        let mut found = Vec::new();
        for edit in edits {
            let index = edit.at.file().index();
            let Some((text, lines)) = verdict.text(index) else { return Err("it is of no file".to_owned()) };
            if verdict.config() == Some(index) {
                return Err("lint.toml is decided on by people".to_owned());
            }
            if verdict.only().is_some_and(|only| !only.contains(&index)) {
                return Err(format!("{} is not one of the files to be checked", text.name));
            }
            let span = edit.at.span();
            if text.bytes.get(span.start..span.end).is_none() {
                return Err("it is of another text".to_owned());
            }
            let path = self.path(package, &text.name)?;
            let silences =
                silences.entry(index).or_insert_with(|| Silences::read(FileId::new(index), &text.bytes, lines));
            if text.statements.is_some() && silences.touches(span, &text.bytes, lines) {
                return Err("what it would change is under a suppression".to_owned());
            }
            found.push(Replacement { index, name: text.name.clone(), path, span, text: edit.text.clone() });
        }
        found.sort_by_key(|one| (one.name.clone(), one.span));
        if found.windows(2).any(|pair| matches!(pair, [one, other] if clash(one, other))) {
            return Err("its edits overlap".to_owned());
        }
        Ok(found)
    }

    /// The file of that name, links followed, if it lies within the package.
    fn path(&self, package: &str, name: &str) -> Result<PathBuf, String> {
        let real = |path: &Path| fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()));
        let root = self.config.packages.iter().find(|known| known.name.get_ref() == package);
        let root = real(&self.root(root.ok_or("it is of no package")?))?;
        let path = real(&self.directory.join(name))?;
        if path.starts_with(root) { Ok(path) } else { Err(format!("{name} lies outside of the package")) }
    }

    fn root(&self, package: &Package) -> PathBuf {
        self.directory.join(package.root.get_ref())
    }

    /// The files with the edits of a batch, and the manifests of those that they list.
    fn apply(&self, state: &State, verdict: &Verdict, batch: &[Candidate]) -> State {
        let mut next = state.clone();
        let mut by_file: BTreeMap<&Path, Vec<&Replacement>> = BTreeMap::new();
        for edit in batch.iter().flat_map(|one| &one.edits) {
            let edits = by_file.entry(&edit.path).or_default();
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
        for (path, mut edits) in by_file {
            // Of those at one place the order of the findings counts.
            edits.sort_by_key(|edit| edit.span);
            let index = edits.first().map(|edit| edit.index).unwrap_or_default();
            let linted = || verdict.text(index).map(|(text, _)| text.bytes.to_vec()).unwrap_or_default();
            let before = state.overlay.get(path).cloned().unwrap_or_else(linted);
            let (mut after, mut at) = (Vec::with_capacity(before.len()), 0);
            for edit in &edits {
                after.extend(Span::new(at, edit.span.start).of(&before));
                after.extend(edit.text.as_bytes());
                at = edit.span.end;
            }
            after.extend(Span::new(at, before.len()).of(&before));
            let name = edits.first().map(|edit| edit.name.as_str()).unwrap_or_default();
            self.renew(&mut next, path, &manifest::digest(&before), &manifest::digest(&after));
            next.put(name, path, &before, after);
        }
        next
    }

    /// Lets the manifests that list a file as it was list it as it is.
    fn renew(&self, state: &mut State, path: &Path, before: &str, after: &str) {
        for package in &self.config.packages {
            let Some(file) = &package.manifest else { continue };
            let Ok(root) = fs::canonicalize(self.root(package)) else { continue };
            let Ok(list) = fs::canonicalize(root.join(file.get_ref())) else { continue };
            let Some(listed) = path.strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
            let Ok(bytes) = state.bytes(&list) else { continue };
            if !list.starts_with(&root) || list == path {
                continue;
            }
            if let Some(renewed) = manifest::renewed(&bytes, listed, before, after) {
                let name = package.path(file);
                state.put(&name, &list, &bytes, renewed);
                state.renewed.insert(name);
            }
        }
    }
}

/// Adds a fix unless it touches one that is there; the same edits may come from two findings.
fn take(chosen: &mut Vec<Candidate>, candidate: Candidate) {
    let is_same = |edit: &Replacement| chosen.iter().any(|one| one.edits.contains(edit));
    let touches = |edit: &Replacement| chosen.iter().flat_map(|one| &one.edits).any(|other| clash(edit, other));
    if candidate.edits.iter().all(is_same) || !candidate.edits.iter().any(touches) {
        chosen.push(candidate);
    }
}

/// Whether two edits cannot both be applied. Lines that are put in at one place can.
fn clash(one: &Replacement, other: &Replacement) -> bool {
    let is_line = |edit: &Replacement| {
        let text = edit.text.as_str();
        edit.span.start == edit.span.end && (text.starts_with(['\r', '\n']) || text.ends_with('\n'))
    };
    let opens = |edit: &Replacement| edit.text.starts_with(['\r', '\n']);
    let overlap = one.span.start < other.span.end && other.span.start < one.span.end;
    let meet = one.span == other.span && !(is_line(one) && is_line(other) && opens(one) == opens(other));
    one.path == other.path && (overlap || meet)
}

fn told(verdict: &Verdict, opinion: &Opinion) -> Option<Told> {
    let finding = &opinion.finding;
    let at = finding.primary.at;
    let place = verdict.place(at, at.span().start);
    let place = format!("{}:{}", place.line, place.column);
    let file = verdict.name(at.file().index()).to_owned();
    Some(Told { file, place, rule: finding.rule, what: finding.fix.as_ref()?.what.clone() })
}

fn key(verdict: &Verdict, package: &str, finding: &Finding) -> Key {
    let file = verdict.name(finding.primary.at.file().index()).to_owned();
    // What is wrong with a manifest says the hashes, which change.
    let (file, message) =
        if finding.rule == MANIFEST { (String::new(), String::new()) } else { (file, finding.message.clone()) };
    (package.to_owned(), finding.rule, file, message)
}

/// Why one state of the packages is worse than another, if it is: something fails, or is not
/// analysed, that was not so before; or a finding is still where it was.
fn worse(before: &Verdict, after: &Verdict, batch: &[Candidate]) -> Option<String> {
    fn count(verdict: &Verdict) -> BTreeMap<Key, usize> {
        let mut counts = BTreeMap::new();
        for judged in verdict.packages() {
            let fails = |opinion: &&Opinion| opinion.level >= verdict.gate().fail_on || opinion.is_blind();
            for opinion in judged.findings.iter().filter(fails) {
                *counts.entry(key(verdict, &judged.name, &opinion.finding)).or_default() += 1;
            }
        }
        counts
    }
    let known = count(before);
    let more = count(after).into_iter().find(|(key, number)| known.get(key).is_none_or(|known| number > known));
    if let Some(((_, rule, file, message), _)) = more {
        return Some(format!("then {rule} would say of {file}: {message}"));
    }
    batch.iter().filter(|one| one.told.rule != MANIFEST).find_map(|one| {
        let start = shifted(one.start, &one.key.2, batch)?;
        let is_there = after.packages().iter().filter(|judged| judged.name == one.key.0).any(|judged| {
            judged.findings.iter().any(|opinion| {
                opinion.finding.primary.at.span().start == start
                    && key(after, &judged.name, &opinion.finding) == one.key
            })
        });
        is_there.then(|| "it does not help".to_owned())
    })
}

/// Where the byte at an offset of a file stands after the edits; nothing if it is gone.
fn shifted(offset: usize, file: &str, batch: &[Candidate]) -> Option<usize> {
    let mut edits: Vec<&Replacement> = Vec::new();
    for edit in batch.iter().flat_map(|one| &one.edits).filter(|edit| edit.name == file) {
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    let mut shifted = offset;
    for edit in edits {
        if edit.span.start <= offset && offset < edit.span.end {
            return None;
        }
        if edit.span.end <= offset {
            shifted = (shifted + edit.text.len()).checked_sub(edit.span.end - edit.span.start)?;
        }
    }
    Some(shifted)
}

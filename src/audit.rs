//! The audit of packages before they are ratified: what was judged, by what, and what came of it,
//! as an in-toto statement. Holds no time, no machine and no path of one, so that the same
//! packages give the same bytes everywhere.

#![allow(clippy::disallowed_methods, reason = "hashes the files of a package that are no scripts")]

mod recorded;
mod text;

pub use recorded::Recorded;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use walkdir::WalkDir;

use crate::config::{Config, Package, Spanned};
use crate::effect::At;
use crate::fault::Fault;
use crate::finding::Level;
use crate::manifest;
use crate::report;
use crate::silence::all_rules;
use crate::source::visible;
use crate::verdict::{Counts, Judged, Verdict};

/// What the statement says of its subject; changes when a member is removed or means something
/// else.
const PREDICATE: &str = "urn:roof-lint:audit:1";

/// The in-toto statement.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    predicate_type: &'static str,
    predicate: Predicate,
}

#[derive(Debug, Serialize)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct Digest {
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Predicate {
    auditor: Auditor,
    configuration: Configuration,
    verdict: &'static str,
    packages: Vec<PackageAudit>,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct Auditor {
    name: &'static str,
    version: &'static str,
    parser: &'static str,
    /// The SHA-256 of the ids, levels and pages of all rules.
    rules: String,
}

#[derive(Debug, Serialize)]
struct Configuration {
    name: String,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct PackageAudit {
    package: String,
    verdict: &'static str,
    /// The SHA-256 of what `sha256sum` prints for the scripts that were judged.
    digest: String,
    manifest: Option<Manifest>,
    counts: Numbers,
    levels: BTreeMap<&'static str, &'static str>,
    findings: Vec<Finding>,
    suppressions: Vec<Suppression>,
    not_analysed: Vec<Unread>,
}

#[derive(Debug, Serialize)]
struct Manifest {
    name: String,
    /// What is wrong with it; nothing if every file is as listed.
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Numbers {
    files: usize,
    statements: usize,
    denied: usize,
    warned: usize,
    allowed: usize,
    silenced: usize,
    not_analysed: usize,
}

#[derive(Debug, Serialize)]
struct Finding {
    rule: &'static str,
    level: &'static str,
    message: String,
    place: Place,
    fingerprint: String,
    is_silenced: bool,
}

#[derive(Debug, Serialize)]
struct Suppression {
    rule: &'static str,
    reason: String,
    ticket: Option<String>,
    expires: Option<String>,
    place: Place,
    /// The fingerprint of what it silences.
    silences: String,
}

#[derive(Debug, Serialize)]
struct Unread {
    message: String,
    place: Place,
}

#[derive(Debug, Serialize)]
struct Place {
    file: String,
    line: usize,
    column: usize,
}

#[derive(Debug, Serialize)]
struct File {
    name: String,
    sha256: String,
    mode: String,
    /// How many statements it has; nothing of a file that is no script.
    statements: Option<usize>,
    roles: Vec<String>,
}

impl Record {
    /// The statement as JSON.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        report::json::text(self)
    }

    /// Whether nothing fails.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        self.predicate.verdict == "pass"
    }
}

/// The record of the packages of a verdict, whose `lint.toml` stands in that directory. Of
/// scripts the bytes count that were judged, whatever is on disk by now.
pub fn audit(config: &Config, directory: &Path, verdict: &Verdict) -> Result<Record, Fault> {
    let packages: Vec<(&Judged, &Package)> = verdict
        .packages()
        .iter()
        .map(|judged| Ok((judged, config.package(&judged.name)?)))
        .collect::<Result<_, Fault>>()?;
    let own = configuration_name(config);
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for (_, package) in &packages {
        for (name, path) in listed(directory, package)? {
            if let Entry::Vacant(entry) = files.entry(name) {
                let file = file(verdict, entry.key(), &path)?;
                entry.insert(file);
            }
        }
    }
    for (judged, _) in &packages {
        for name in judged.files.iter().map(|index| verdict.name(*index)) {
            if !files.contains_key(name) {
                let file = file(verdict, name, &directory.join(name))?;
                files.insert(name.to_owned(), file);
            }
        }
    }
    for (judged, package) in &packages {
        give_roles(verdict, judged, package, &mut files);
    }
    let sha256 = manifest::digest(config.text.as_bytes());
    let path = Path::new(&config.name);
    let mode = mode(path)?;
    let roles = vec!["configuration".to_owned()];
    files.insert(own.clone(), File { name: own.clone(), sha256: sha256.clone(), mode, statements: None, roles });
    for file in files.values_mut().filter(|file| file.roles.is_empty()) {
        file.roles.push("not analysed".to_owned());
    }
    let audits = packages.iter().map(|(judged, package)| package_audit(verdict, config, judged, package, &files));
    let predicate = Predicate {
        auditor: Auditor {
            name: "roof-lint",
            version: env!("CARGO_PKG_VERSION"),
            parser: if cfg!(feature = "pg_query") { "pg_query" } else { "squawk" },
            rules: rules(),
        },
        configuration: Configuration { name: own, sha256 },
        verdict: word(verdict.is_pass()),
        packages: audits.collect(),
        files: files.into_values().collect(),
    };
    let subject = |file: &File| Subject { name: file.name.clone(), digest: Digest { sha256: file.sha256.clone() } };
    Ok(Record {
        kind: "https://in-toto.io/Statement/v1",
        subject: predicate.files.iter().map(subject).collect(),
        predicate_type: PREDICATE,
        predicate,
    })
}

/// The directories of the packages, in which no record may be put: it would be a file of them.
pub fn roots(config: &Config, directory: &Path) -> Vec<PathBuf> {
    config.packages.iter().map(|package| directory.join(package.root.get_ref())).collect()
}

/// The name of `lint.toml` without the path by which it was called.
fn configuration_name(config: &Config) -> String {
    Path::new(&config.name).file_name().map_or_else(|| config.name.clone(), |name| name.to_string_lossy().into_owned())
}

/// Every regular file of a package by its name from where `lint.toml` stands. What git keeps is
/// none of it; anything but files and directories is a fault.
fn listed(directory: &Path, package: &Package) -> Result<BTreeMap<String, PathBuf>, Fault> {
    let root = directory.join(package.root.get_ref());
    let entries = WalkDir::new(&root).follow_links(false).into_iter();
    let mut files = BTreeMap::new();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git") {
        let entry = entry.map_err(|error| {
            Fault::new(format!("cannot read the package in {}: {error}", root.display()))
                .way_out("check `root` in lint.toml")
        })?;
        if entry.file_type().is_dir() {
            continue;
        }
        if !entry.file_type().is_file() {
            return Err(Fault::new(format!("{} is not a regular file", entry.path().display()))
                .way_out("a package consists of regular files; put a copy in its place"));
        }
        let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
        let Some(below) = below.to_str() else {
            return Err(Fault::new(format!("a record cannot carry the name {}", entry.path().display()))
                .way_out("use names that are UTF-8"));
        };
        files.insert(plain(&package.path(&Spanned::new(0..0, below.to_owned()))), entry.path().to_owned());
    }
    Ok(files)
}

/// The path with neither `.` nor a `..` that can be done without, as scripts are named.
fn plain(path: &str) -> String {
    let start = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|part| *part != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{start}{}", parts.join("/"))
}

fn mode(path: &Path) -> Result<String, Fault> {
    let known = fs::metadata(path).map_err(|error| Fault::disk("read", path, &error))?;
    Ok(format!("{:04o}", known.permissions().mode() & 0o7777))
}

fn file(verdict: &Verdict, name: &str, path: &Path) -> Result<File, Fault> {
    let judged = (0..verdict.len()).find(|index| verdict.name(*index) == name && verdict.config() != Some(*index));
    let (sha256, statements) = match judged.and_then(|index| verdict.text(index)) {
        Some((text, _)) => (manifest::digest(&text.bytes), text.statements),
        None => {
            let bytes = fs::read(path).map_err(|error| Fault::disk("read", path, &error))?;
            (manifest::digest(&bytes), None)
        }
    };
    Ok(File { name: name.to_owned(), sha256, mode: mode(path)?, statements, roles: Vec::new() })
}

/// Says of each file what it is to the package, in the words of `lint.toml`.
fn give_roles(verdict: &Verdict, judged: &Judged, package: &Package, files: &mut BTreeMap<String, File>) {
    let mut named: Vec<(String, &Spanned<String>)> = Vec::new();
    let keys = [
        ("roles", &package.roles),
        ("clone", &package.clone),
        ("ratify", &package.ratify),
        ("preflight", &package.preflight),
        ("executor", &package.executor),
        ("full-rollback", &package.full_rollback),
        ("tier-rollback", &package.tier_rollback),
        ("manifest", &package.manifest),
    ];
    named.extend(keys.iter().filter_map(|(word, name)| Some(((*word).to_owned(), name.as_ref()?))));
    named.extend(package.baseline.iter().map(|name| ("baseline".to_owned(), name)));
    named.extend(package.verify.iter().map(|name| ("verify".to_owned(), name)));
    for tier in &package.tier {
        let number = tier.number.get_ref();
        named.push((format!("tier {number}"), &tier.file));
        named.extend(tier.rollback.iter().map(|name| (format!("rollback of tier {number}"), name)));
    }
    let mut add = |name: &str, word: &str| {
        if let Some(file) = files.get_mut(name) {
            let role = format!("{}: {word}", package.name.get_ref());
            if !file.roles.contains(&role) {
                file.roles.push(role);
            }
        }
    };
    for (word, name) in &named {
        add(&plain(&package.path(name)), word);
    }
    let known: Vec<String> = named.iter().map(|(_, name)| plain(&package.path(name))).collect();
    for name in judged.files.iter().map(|index| verdict.name(*index)) {
        if !known.iter().any(|known| known == name) {
            add(name, "included");
        }
    }
}

fn package_audit(
    verdict: &Verdict,
    config: &Config,
    judged: &Judged,
    package: &Package,
    files: &BTreeMap<String, File>,
) -> PackageAudit {
    let own = configuration_name(config);
    let place = |at: At| {
        let place = verdict.place(at, at.span().start);
        let index = at.file().index();
        let file = if verdict.config() == Some(index) { own.clone() } else { verdict.name(index).to_owned() };
        Place { file, line: place.line, column: place.column }
    };
    let hashes = judged.files.iter().filter_map(|index| {
        let (text, _) = verdict.text(*index)?;
        Some((text.name.clone(), manifest::digest(&text.bytes)))
    });
    let level =
        |rule: &'static crate::rules::Rule| config.level(package, rule.id).map_or(rule.level, |level| *level.get_ref());
    let told = || judged.findings.iter().filter(|opinion| opinion.level != Level::Allow);
    let Counts { files: count, statements, denied, warned, allowed, silenced, not_analysed, .. } = judged.counts;
    PackageAudit {
        package: judged.name.clone(),
        verdict: word(judged.is_pass()),
        digest: manifest::digest(manifest::write(&hashes.collect()).as_bytes()),
        manifest: package.manifest.as_ref().map(|name| held(verdict, package, name, files)),
        counts: Numbers { files: count, statements, denied, warned, allowed, silenced, not_analysed },
        levels: all_rules().map(|rule| (rule.id, level(rule).word())).collect(),
        findings: told()
            .map(|opinion| Finding {
                rule: opinion.finding.rule,
                level: opinion.level.word(),
                message: opinion.finding.message.clone(),
                place: place(opinion.finding.primary.at),
                fingerprint: opinion.fingerprint.clone(),
                is_silenced: opinion.silenced.is_some(),
            })
            .collect(),
        suppressions: told()
            .filter_map(|opinion| Some((opinion, opinion.silenced.as_ref()?)))
            .map(|(opinion, silenced)| Suppression {
                rule: opinion.finding.rule,
                reason: silenced.reason.clone(),
                ticket: silenced.ticket.clone(),
                expires: silenced.expires.map(|date| date.to_string()),
                place: place(silenced.at),
                silences: opinion.fingerprint.clone(),
            })
            .collect(),
        not_analysed: judged
            .findings
            .iter()
            .filter(|opinion| opinion.is_blind())
            .map(|opinion| Unread {
                message: opinion.finding.message.clone(),
                place: place(opinion.finding.primary.at),
            })
            .collect(),
    }
}

/// Holds the manifest of a package against its files.
fn held(verdict: &Verdict, package: &Package, name: &Spanned<String>, files: &BTreeMap<String, File>) -> Manifest {
    let own = plain(&package.path(name));
    let start = match plain(package.root.get_ref()) {
        root if root.is_empty() => root,
        root => format!("{root}/"),
    };
    let below = files.values().filter(|file| file.name != own);
    let hashes = below.filter_map(|file| Some((file.name.strip_prefix(&start)?.to_owned(), file.sha256.clone())));
    let bytes = (0..verdict.len()).find(|index| verdict.name(*index) == package.path(name));
    let bytes = bytes.and_then(|index| verdict.text(index)).map(|(text, _)| &*text.bytes);
    let problems = match bytes {
        Some(bytes) => {
            manifest::check(bytes, &hashes.collect()).iter().map(|problem| visible(&problem.to_string())).collect()
        }
        None => vec!["it cannot be read".to_owned()],
    };
    Manifest { name: own, problems }
}

/// The hash of the rules: ids, levels and pages.
fn rules() -> String {
    let lines = all_rules()
        .map(|rule| format!("{} {} {}\n", rule.id, rule.level.word(), manifest::digest(rule.page.as_bytes())));
    manifest::digest(lines.collect::<String>().as_bytes())
}

const fn word(is_pass: bool) -> &'static str {
    if is_pass { "pass" } else { "fail" }
}

//! The manifest of a package in the forms that `sha256sum -c` reads: one line for every
//! regular file under the root except the manifest itself. Judges nothing but bytes.

#![allow(clippy::disallowed_methods, reason = "one of the two rooms that read and write files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::fault::Fault;
use crate::source::Span;

/// Hashes in lower-case hexadecimal by path, `/` between the parts, ordered bytewise.
pub type Hashes = BTreeMap<String, String>;

/// One way in which a manifest and its package disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The line, counted from one, is not `HASH  path`.
    Malformed {
        /// The line.
        line: usize,
    },
    /// The path is absolute, or has an empty part, `.` or `..` in it.
    Escapes {
        /// The line.
        line: usize,
        /// The path as written.
        path: String,
    },
    /// The path is listed on an earlier line too.
    Duplicate {
        /// The line.
        line: usize,
        /// The path.
        path: String,
    },
    /// The file is listed but not there.
    Missing {
        /// The line.
        line: usize,
        /// The path.
        path: String,
    },
    /// The file has other bytes than those listed.
    Mismatch {
        /// The line.
        line: usize,
        /// The path.
        path: String,
        /// The hash that the file has.
        found: String,
    },
    /// The file is there but not listed.
    Unlisted {
        /// The path.
        path: String,
    },
}

impl Problem {
    /// What is wrong, without the line.
    pub fn what(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("line ")
            .and_then(|rest| rest.split_once(": "))
            .map_or(text.clone(), |(_, what)| what.to_owned())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { line } => write!(formatter, "line {line}: not of the form `HASH  path`"),
            Self::Escapes { line, path } => write!(formatter, "line {line}: {path} leads out of the package"),
            Self::Duplicate { line, path } => write!(formatter, "line {line}: {path} is listed twice"),
            Self::Missing { line, path } => write!(formatter, "line {line}: {path} is listed but missing"),
            Self::Mismatch { line, path, found } => {
                write!(formatter, "line {line}: {path} has other bytes than those listed; its hash is {found}")
            }
            Self::Unlisted { path } => write!(formatter, "{path} is not listed"),
        }
    }
}

/// The hashes of every regular file under `root` except `manifest`, which is relative to it.
/// A name that a manifest cannot carry, and anything but files and directories, is a fault.
pub fn hash(root: &Path, manifest: &str) -> Result<Hashes, Fault> {
    hash_with(root, manifest, &|_| None)
}

/// The same; of a file whose bytes are known by its path those count, whatever is on disk by now.
pub fn hash_with<'b>(root: &Path, manifest: &str, known: &dyn Fn(&str) -> Option<&'b [u8]>) -> Result<Hashes, Fault> {
    let mut hashes = Hashes::new();
    for entry in WalkDir::new(root).follow_links(false) {
        let entry = entry.map_err(|error| {
            Fault::new(format!("cannot read the package in {}: {error}", root.display()))
                .way_out("check `root` in lint.toml")
        })?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = relative(root, entry.path())?;
        if !entry.file_type().is_file() {
            return Err(Fault::new(format!("{} is not a regular file", entry.path().display()))
                .way_out("a package consists of regular files; put a copy in its place"));
        }
        if path != manifest {
            let read = || fs::read(entry.path()).map_err(|error| Fault::disk("read", entry.path(), &error));
            let hash = known(&path).map_or_else(|| read().map(|bytes| digest(&bytes)), |bytes| Ok(digest(bytes)))?;
            hashes.insert(path, hash);
        }
    }
    Ok(hashes)
}

/// The text of the manifest of these hashes.
pub fn write(hashes: &Hashes) -> String {
    hashes.iter().fold(String::new(), |mut text, (path, hash)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{hash}  {path}");
        text
    })
}

/// Compares the bytes of a manifest with the hashes of the files that are there. The
/// problems come in the order of the lines, unlisted files last.
pub fn check(manifest: &[u8], hashes: &Hashes) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut listed = BTreeSet::new();
    let body = manifest.strip_suffix(b"\n").unwrap_or(manifest);
    for (index, bytes) in body.split(|byte| *byte == b'\n').enumerate().filter(|_| !body.is_empty()) {
        let line = index + 1;
        let Some((listed_hash, path)) = std::str::from_utf8(bytes).ok().and_then(parse_line) else {
            problems.push(Problem::Malformed { line });
            continue;
        };
        let path = path.to_owned();
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            problems.push(Problem::Escapes { line, path });
        } else if !listed.insert(path.clone()) {
            problems.push(Problem::Duplicate { line, path });
        } else {
            match hashes.get(&path) {
                None => problems.push(Problem::Missing { line, path }),
                Some(found) if found.eq_ignore_ascii_case(listed_hash) => {}
                Some(found) => problems.push(Problem::Mismatch { line, path, found: found.clone() }),
            }
        }
    }
    let unlisted = hashes.keys().filter(|path| !listed.contains(*path));
    problems.extend(unlisted.map(|path| Problem::Unlisted { path: path.clone() }));
    problems
}

/// The bytes of a manifest, and the text in their place, by which it has a problem no more;
/// `lines` are its [`lines`].
#[must_use]
pub fn mended(manifest: &[u8], lines: &[Span], problem: &Problem, hashes: &Hashes) -> Option<(Span, String)> {
    let of = |number: &usize| number.checked_sub(1).and_then(|index| lines.get(index)).copied();
    match problem {
        Problem::Mismatch { line, found, .. } => {
            let span = of(line)?;
            let text = std::str::from_utf8(span.of(manifest)).ok()?;
            let (listed, _) = parse_line(text)?;
            Some((hash_span(span, text, listed)?, found.clone()))
        }
        Problem::Malformed { line }
        | Problem::Escapes { line, .. }
        | Problem::Duplicate { line, .. }
        | Problem::Missing { line, .. } => {
            let span = of(line)?;
            Some((Span::new(span.start, (span.end + 1).min(manifest.len())), String::new()))
        }
        Problem::Unlisted { path } => {
            let line = format!("{}  {path}\n", hashes.get(path)?);
            let later = lines.iter().find(|span| {
                let listed = std::str::from_utf8(span.of(manifest)).ok().and_then(parse_line);
                listed.is_some_and(|(_, listed)| listed > path.as_str())
            });
            let end = manifest.len();
            let is_open = manifest.last().is_some_and(|byte| *byte != b'\n');
            Some(match later {
                Some(span) => (Span::new(span.start, span.start), line),
                None if is_open => (Span::new(end, end), format!("\n{}", line.trim_end())),
                None => (Span::new(end, end), line),
            })
        }
    }
}

/// The manifest once a file that it lists has other bytes; nothing unless it lists the file with
/// the hash of before.
#[must_use]
pub fn renewed(manifest: &[u8], path: &str, before: &str, after: &str) -> Option<Vec<u8>> {
    let mut found = lines(manifest).into_iter().filter_map(|span| {
        let text = std::str::from_utf8(span.of(manifest)).ok()?;
        let (hash, listed) = parse_line(text)?;
        (listed == path && hash.eq_ignore_ascii_case(before)).then(|| hash_span(span, text, hash)).flatten()
    });
    let span = found.next()?;
    let mut renewed = manifest.get(..span.start)?.to_vec();
    renewed.extend(after.as_bytes());
    renewed.extend(manifest.get(span.end..)?);
    Some(renewed)
}

/// The lines of a manifest, without their line breaks; what comes after the last of them is one,
/// too, and may be empty.
#[must_use]
pub fn lines(manifest: &[u8]) -> Vec<Span> {
    let mut start = 0;
    let span = |line: &[u8]| {
        let span = Span::new(start, start + line.len());
        start += line.len() + 1;
        span
    };
    manifest.split(|byte| *byte == b'\n').map(span).collect()
}

/// Where the hash stands in a line.
fn hash_span(line: Span, text: &str, hash: &str) -> Option<Span> {
    let start = line.start + text.rfind(hash).filter(|_| text.starts_with("SHA256")).or_else(|| text.find(hash))?;
    Some(Span::new(start, start + hash.len()))
}

/// The hash of some bytes in lower-case hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A line as GNU's sha256sum writes it (`HASH  path`, `HASH *path`), or BSD's
/// (`SHA256 (path) = HASH`).
fn parse_line(line: &str) -> Option<(&str, &str)> {
    let bsd = line.strip_prefix("SHA256 (").and_then(|rest| rest.rsplit_once(") = "));
    let gnu = || line.split_once("  ").or_else(|| line.split_once(" *"));
    let (hash, path) = bsd.map(|(path, hash)| (hash, path)).or_else(gnu)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && !path.is_empty() && !path.contains(['\r', '\\', '\0'])).then_some((hash, path))
}

/// The path of a file below `root` as a manifest writes it.
fn relative(root: &Path, path: &Path) -> Result<String, Fault> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let text = below.to_str().filter(|text| !text.contains(|c: char| c.is_control() || c == '\\'));
    text.map(str::to_owned).ok_or_else(|| {
        Fault::new(format!("a manifest cannot carry the name {}", path.display()))
            .way_out("use names of printable characters without a backslash")
    })
}

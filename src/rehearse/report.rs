//! What a rehearsal found, and how it reads as plain text of at most 100 columns. Measures
//! nothing.

use std::fmt::{self, Write};

use similar::{ChangeTag, TextDiff};

use crate::cluster::Run;
use crate::config::Value;

/// The widths of the columns; with the spaces between them they come to 99.
const TIER: usize = 5;
const WHAT: usize = 58;
const NUMBER: usize = 12;
/// How many lines of a difference are shown.
const DIFFERENCE_LIMIT: usize = 16;

/// The outcome of a rehearsal, in the order in which it happened.
#[derive(Debug, Default)]
pub struct Report {
    /// The rollout table.
    pub sections: Vec<Section>,
    /// What was shown beside the table: gate, repetition, rollback.
    pub proofs: Vec<Proof>,
    /// The script that ended the rehearsal early.
    pub failure: Option<ScriptFailure>,
}

/// One block of the table.
#[derive(Debug)]
pub struct Section {
    /// The tier's number, or `-`.
    pub tier: String,
    /// What the block is about.
    pub title: String,
    /// Its lines.
    pub checks: Vec<Check>,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// What it has to be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Whether that is as it has to be.
    pub holds: bool,
}

/// Something that was shown by comparing dumps or exit codes.
#[derive(Debug)]
pub struct Proof {
    /// The claim.
    pub what: String,
    /// Whether it holds.
    pub holds: bool,
    /// What there is to say about it; may have several lines or none.
    pub detail: String,
}

/// A script that failed although it had to succeed.
#[derive(Debug)]
pub struct ScriptFailure {
    /// The script, relative to the directory of `lint.toml`.
    pub file: String,
    /// What psql said.
    pub run: Run,
}

impl Section {
    /// A block without lines.
    pub fn new(tier: &str, title: &str) -> Self {
        Self { tier: tier.to_owned(), title: title.to_owned(), checks: Vec::new() }
    }
}

impl Check {
    /// Holds when both texts are the same.
    pub fn new(what: &str, expected: &str, found: &str) -> Self {
        let holds = expected == found;
        Self { what: what.to_owned(), expected: expected.to_owned(), found: found.to_owned(), holds }
    }

    /// Compares a value with what psql printed for it.
    pub(super) fn of_value(what: &str, expected: &Value, run: &Run) -> Self {
        let printed = run.stdout.trim();
        let holds = run.is_success() && printed == expected.as_psql();
        let (expected, found) = match (expected, printed) {
            _ if !run.is_success() => (expected.as_psql(), run.first_error()),
            (_, "") => (expected.as_psql(), "NULL"),
            (Value::Boolean(truth), "t") => (truth.to_string(), "true"),
            (Value::Boolean(truth), "f") => (truth.to_string(), "false"),
            (other, printed) => (other.as_psql(), printed),
        };
        Self { what: what.to_owned(), expected, found: found.to_owned(), holds }
    }
}

impl Proof {
    /// Holds when both dumps are the same to the byte; otherwise it shows where they differ.
    pub(super) fn same(what: &str, before: &[u8], after: &[u8]) -> Self {
        Self { what: what.to_owned(), holds: before == after, detail: difference(before, after) }
    }

    /// Holds when the dumps are not the same.
    pub(super) fn differ(what: &str, before: &[u8], after: &[u8]) -> Self {
        Self { what: what.to_owned(), holds: before != after, detail: String::new() }
    }
}

impl Report {
    /// How many checks and proofs there are, a script that ended the rehearsal included.
    pub fn checks(&self) -> usize {
        let lines: usize = self.sections.iter().map(|section| section.checks.len()).sum();
        lines + self.proofs.len() + usize::from(self.failure.is_some())
    }

    /// How many of them failed.
    pub fn failures(&self) -> usize {
        let lines = self.sections.iter().flat_map(|section| &section.checks).filter(|check| !check.holds).count();
        lines + self.proofs.iter().filter(|proof| !proof.holds).count() + usize::from(self.failure.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:TIER$} {:WHAT$} {:>NUMBER$} {:>NUMBER$}", "tier", "what", "expected", "found")?;
        for section in self.sections.iter().filter(|section| !section.checks.is_empty()) {
            writeln!(formatter, "{:TIER$} {}", section.tier, section.title)?;
            for check in &section.checks {
                write!(formatter, "{check}")?;
            }
        }
        if !self.proofs.is_empty() {
            writeln!(formatter)?;
        }
        for proof in &self.proofs {
            writeln!(formatter, "{:7} {}", verdict(proof.holds), proof.what)?;
            for line in proof.detail.lines() {
                writeln!(formatter, "        {line}")?;
            }
        }
        if let Some(failure) = &self.failure {
            let ended = failure.run.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            writeln!(formatter, "\n{} failed: psql ended with {ended}", failure.file)?;
            for line in failure.run.stderr.lines() {
                writeln!(formatter, "        {line}")?;
            }
        }
        writeln!(formatter, "\n{} checks, {} failed", self.checks(), self.failures())
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = wrap(&self.what, WHAT - 2);
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            writeln!(formatter, "{:TIER$}   {line}", "")?;
        }
        let fits = |text: &str| text.chars().count() <= NUMBER;
        let cell = |text: &str| if fits(text) { text.to_owned() } else { "see below".to_owned() };
        let (expected, found) = (cell(&self.expected), cell(&self.found));
        let width = WHAT - 2;
        writeln!(
            formatter,
            "{:TIER$}   {last:width$} {expected:>NUMBER$} {found:>NUMBER$}  {}",
            "",
            verdict(self.holds)
        )?;
        for (name, text) in [("expected", &self.expected), ("found", &self.found)] {
            let mut name = name;
            for line in wrap(text, 80).iter().filter(|_| !fits(text)) {
                writeln!(formatter, "{:TIER$}     {name:8} {line}", "")?;
                name = "";
            }
        }
        Ok(())
    }
}

fn verdict(holds: bool) -> &'static str {
    if holds { "ok" } else { "DIFFERS" }
}

/// Breaks a text at spaces so that no line is longer than `width`, unless a word is.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The lines in which two dumps differ, each run of them under the name of its object, and
/// cut short; empty when there are none.
pub fn difference(before: &[u8], after: &[u8]) -> String {
    let mut text = String::new();
    if before == after {
        return text;
    }
    let diff = TextDiff::from_lines(before, after);
    let is_heading = |line: &str| line.starts_with("-- Name: ") || line.starts_with("-- Data for Name: ");
    let (mut heading, mut shown, mut hidden) = (None, 0, 0);
    for change in diff.iter_all_changes() {
        let line = change.to_string_lossy();
        let line = line.trim_end();
        let mark = match change.tag() {
            ChangeTag::Equal if is_heading(line) => {
                heading = Some(line.to_owned());
                continue;
            }
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        if line.is_empty() || line == "--" {
            continue;
        }
        if shown == DIFFERENCE_LIMIT {
            hidden += 1;
            continue;
        }
        // Writing to a string cannot fail.
        if is_heading(line) {
            heading = None;
        } else if let Some(heading) = heading.take() {
            let _ = writeln!(text, " {heading}");
        }
        let _ = writeln!(text, "{mark}{line}");
        shown += 1;
    }
    if hidden > 0 {
        let _ = writeln!(text, " … and {hidden} more lines");
    }
    if text.is_empty() {
        text.push_str(" only blank lines differ\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_has_at_most_100_columns() {
        let words = "several long words ".repeat(20);
        for (expected, found) in [("1", "2"), ("1", words.as_str()), (words.as_str(), words.as_str())] {
            let line = Check::new(&words, expected, found).to_string();
            assert!(line.lines().all(|line| line.chars().count() <= 100), "{line}");
        }
    }

    #[test]
    fn a_difference_names_the_object_that_a_row_belongs_to() {
        let before = b"-- Data for Name: a; Type: TABLE DATA\nCOPY a FROM stdin;\n1\n\\.\n";
        let after = b"-- Data for Name: a; Type: TABLE DATA\nCOPY a FROM stdin;\n1\n2\n\\.\n";
        assert_eq!(difference(before, after), " -- Data for Name: a; Type: TABLE DATA\n+2\n");
        assert_eq!(difference(before, before), "");
    }
}

//! The verdict as commands to a GitHub workflow, which become annotations of a pull request.
//! Columns count characters; the last is the one after what is meant.

use super::Root;
use super::places::sentences;
use crate::finding::Level;
use crate::source::visible;
use crate::verdict::{Judged, Opinion, Verdict};

/// The commands, what fails first: GitHub shows ten errors and ten warnings of a step.
#[must_use]
pub fn write(verdict: &Verdict, root: &Root) -> Vec<u8> {
    let mut opinions: Vec<&Opinion> = verdict.packages().iter().flat_map(Judged::shown).collect();
    opinions.sort_by_key(|opinion| std::cmp::Reverse(opinion.level));
    let mut lines: Vec<String> = Vec::new();
    for opinion in opinions {
        let line = annotation(verdict, root, opinion);
        // A file of two packages is told of once.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for package in verdict.packages() {
        let counts = package.counts;
        let word = super::json::word(package.is_pass());
        lines.push(format!(
            "::notice title=roof-lint::{}: {word}, {} denied, {} warned, {} silenced, not analysed: {}",
            data(&visible(&package.name)),
            counts.denied,
            counts.warned,
            counts.silenced,
            counts.not_analysed
        ));
    }
    (lines.join("\n") + "\n").into_bytes()
}

fn annotation(verdict: &Verdict, root: &Root, opinion: &Opinion) -> String {
    let finding = &opinion.finding;
    let command = if opinion.level == Level::Deny { "error" } else { "warning" };
    let mut properties = Vec::new();
    if let Some(spot) = root.spot(verdict, &finding.primary) {
        properties.push(format!("file={}", property(&visible(&spot.path))));
        properties.push(format!("line={}", spot.start.line));
        properties.push(format!("endLine={}", spot.end.line));
        // Columns are for places within one line.
        if spot.start.line == spot.end.line {
            properties.push(format!("col={},endColumn={}", spot.start.column, spot.end.column));
        }
    }
    properties.push(format!("title={}", property(&format!("roof-lint: {}", finding.rule))));
    format!("::{command} {}::{}", properties.join(","), data(&sentences(finding).join("\n")))
}

/// A message, as the runner takes it apart.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

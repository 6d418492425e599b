//! The verdict as SARIF 2.1.0. Columns count characters (`unicodeCodePoints`), and each byte
//! that is not UTF-8 as one.

use std::fmt::Write;

use serde::Serialize;

use super::Root;
use super::places::{Spot, sentences};
use crate::finding::{self, Label, Level};
use crate::manifest;
use crate::rules::Rule;
use crate::silence::all_rules;
use crate::source::visible;
use crate::verdict::{Excuse, Judged, Opinion, Verdict};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    artifacts: Vec<Artifact>,
    results: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Artifact {
    location: ArtifactLocation,
    length: usize,
    hashes: Hashes,
}

#[derive(Serialize)]
struct Hashes {
    #[serde(rename = "sha-256")]
    sha256: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    suppressions: Vec<Suppression<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Message,
    artifact_changes: Vec<ArtifactChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted_content: Option<Content<'a>>,
}

#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "roofLint/v1")]
    own: &'a str,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(rename = "physicalLocation")]
    physical: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    byte_offset: usize,
    byte_length: usize,
}

/// The log of the run. What is silenced is in it, with the reason; what the list of before has,
/// too, as unchanged; what is in files that have not changed is not.
#[must_use]
pub fn write(verdict: &Verdict, root: &Root) -> Vec<u8> {
    let is_told = |opinion: &&Opinion| opinion.level != Level::Allow && opinion.excused != Some(Excuse::Unchanged);
    let opinions = verdict.packages().iter().flat_map(|judged: &Judged| &judged.findings).filter(is_told);
    let mut files: Vec<usize> = verdict.packages().iter().flat_map(|judged| judged.files.iter().copied()).collect();
    files.sort_unstable_by(|left, right| verdict.name(*left).cmp(verdict.name(*right)).then(left.cmp(right)));
    files.dedup();
    let version = env!("CARGO_PKG_VERSION");
    let driver =
        Driver { name: "roof-lint", version, semantic_version: version, rules: all_rules().map(descriptor).collect() };
    let run = Run {
        tool: Tool { driver },
        column_kind: "unicodeCodePoints",
        invocations: [Invocation { execution_successful: true, exit_code: verdict.exit_code() }],
        artifacts: files.into_iter().filter_map(|file| artifact(verdict, root, file)).collect(),
        results: opinions.map(|opinion| result(verdict, root, opinion)).collect(),
    };
    super::json::text(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn descriptor(rule: &'static Rule) -> Descriptor {
    let why = rule.page.split("\n## ").nth(1).and_then(|part| part.split_once("\n\n"));
    let why =
        why.map_or_else(|| rule.title().to_owned(), |(_, text)| text.split_whitespace().collect::<Vec<_>>().join(" "));
    Descriptor {
        id: rule.id,
        short_description: Message { text: rule.title().to_owned() },
        full_description: Message { text: why },
        help: Help { text: rule.page, markdown: rule.page },
        default_configuration: Configuration { level: level(rule.level) },
    }
}

fn artifact(verdict: &Verdict, root: &Root, file: usize) -> Option<Artifact> {
    let (text, _) = verdict.text(file)?;
    Some(Artifact {
        location: artifact_location(&root.path(verdict, file)),
        length: text.bytes.len(),
        hashes: Hashes { sha256: manifest::digest(&text.bytes) },
    })
}

fn result<'a>(verdict: &'a Verdict, root: &Root, opinion: &'a Opinion) -> Finding<'a> {
    let finding = &opinion.finding;
    let related = finding.related.iter().filter_map(|label| location(verdict, root, label));
    let suppression = |silenced: &'a crate::silence::Silenced| Suppression {
        kind: if Some(silenced.at.file().index()) == verdict.config() { "external" } else { "inSource" },
        status: "accepted",
        justification: &silenced.reason,
        location: location(verdict, root, &Label { at: silenced.at, text: String::new() }),
    };
    Finding {
        rule_id: finding.rule,
        rule_index: all_rules().position(|rule| rule.id == finding.rule),
        level: level(opinion.level),
        message: Message { text: sentences(finding).join("\n") },
        locations: location(verdict, root, &finding.primary).into_iter().collect(),
        related_locations: related
            .enumerate()
            .map(|(id, location)| Location { id: Some(id + 1), ..location })
            .collect(),
        partial_fingerprints: Fingerprints { own: &opinion.fingerprint },
        baseline_state: verdict.gate().known.is_some().then_some(match opinion.excused {
            Some(Excuse::Known) => "unchanged",
            _ => "new",
        }),
        suppressions: opinion.silenced.iter().map(suppression).collect(),
        fixes: finding.fix.iter().map(|it| fix(verdict, root, it)).collect(),
    }
}

/// The edits by file, in the order of the files' first edits.
fn fix<'a>(verdict: &Verdict, root: &Root, fix: &'a finding::Fix) -> Fix<'a> {
    let mut changes: Vec<(String, ArtifactChange<'a>)> = Vec::new();
    for edit in &fix.edits {
        let Some(spot) = root.spot(verdict, &Label { at: edit.at, text: String::new() }) else { continue };
        let inserted = (!edit.text.is_empty()).then_some(Content { text: &edit.text });
        let replacement = Replacement { deleted_region: region(&spot), inserted_content: inserted };
        match changes.iter_mut().find(|(path, _)| *path == spot.path) {
            Some((_, change)) => change.replacements.push(replacement),
            None => {
                let artifact_location = artifact_location(&spot.path);
                changes.push((spot.path, ArtifactChange { artifact_location, replacements: vec![replacement] }));
            }
        }
    }
    Fix {
        description: Message { text: visible(&fix.what) },
        artifact_changes: changes.into_iter().map(|(_, change)| change).collect(),
    }
}

const fn region(spot: &Spot) -> Region {
    Region {
        start_line: spot.start.line,
        start_column: spot.start.column,
        end_line: spot.end.line,
        end_column: spot.end.column,
        byte_offset: spot.span.start,
        byte_length: spot.span.end - spot.span.start,
    }
}

fn location(verdict: &Verdict, root: &Root, label: &Label) -> Option<Location> {
    let spot = root.spot(verdict, label)?;
    let region = region(&spot);
    let path = spot.path;
    let message = (!label.text.is_empty()).then(|| Message { text: visible(&label.text) });
    let physical = PhysicalLocation { artifact_location: artifact_location(&path), region };
    Some(Location { id: None, physical, message })
}

fn artifact_location(path: &str) -> ArtifactLocation {
    let uri = path.bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    });
    if uri.starts_with('/') {
        return ArtifactLocation { uri: format!("file://{uri}"), uri_base_id: None };
    }
    ArtifactLocation { uri, uri_base_id: Some("%SRCROOT%") }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Allow => "none",
        Level::Warn => "warning",
        Level::Deny => "error",
    }
}

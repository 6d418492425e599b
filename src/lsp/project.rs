//! What a `lint.toml` and its packages come to, as an editor shows it. Knows no conversation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Range,
};
use miette::Diagnostic as _;

use super::text::{Encoding, Lines};
use super::uri;
use crate::config::Config;
use crate::date::Date;
use crate::effect::At;
use crate::fault::Fault;
use crate::finding::Level;
use crate::lint::{Job, Session};
use crate::silence::all_rules;
use crate::verdict::{Opinion, Verdict};

/// Who says it.
const SOURCE: &str = "roof-lint";

/// What an editor shows, by file.
pub(super) type Shown = BTreeMap<PathBuf, Vec<Diagnostic>>;

/// How an editor wants to be told.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) encoding: Encoding,
    /// Where the pages of the rules are to be read.
    pub(super) pages: Option<String>,
    pub(super) today: Option<Date>,
}

/// A `lint.toml`.
#[derive(Debug)]
pub(super) struct Project {
    /// Its path.
    pub(super) path: PathBuf,
    /// What it came to the last time, unless it could not be judged.
    pub(super) verdict: Option<Verdict>,
    /// What is shown.
    pub(super) shown: Shown,
    /// Whether something has changed since.
    pub(super) is_stale: bool,
}

impl Project {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, verdict: None, shown: Shown::new(), is_stale: true }
    }

    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// What is to be linted; none where there is no such file any more.
    pub(super) fn job(&self, session: &mut Session<'_>) -> Option<Result<Job, Fault>> {
        let bytes = match session.desk().read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(Fault::disk("read", &self.path, &error))),
        };
        Some(String::from_utf8(bytes).map_err(|_| Fault::new("lint.toml is not UTF-8")).and_then(|text| {
            let config = Config::parse("lint.toml", &text)?;
            config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
            Ok(Job { directory: self.directory().to_owned(), config, packages: Vec::new() })
        }))
    }

    /// Judges again. Whether there still is such a `lint.toml`.
    pub(super) fn judge(&mut self, session: &mut Session<'_>, manner: &Manner) -> bool {
        let Some(job) = self.job(session) else { return false };
        let judged = job.and_then(|job| {
            let (outcome, _) = session.examine(&job, &|_| ())?;
            Verdict::on(manner.today, outcome, &job.config)
        });
        self.shown = match &judged {
            Ok(verdict) => shown(verdict, self, manner),
            Err(fault) => {
                let text = session.desk().read(&self.path).unwrap_or_default();
                Shown::from([(self.path.clone(), vec![told(fault, &text, manner)])])
            }
        };
        self.verdict = judged.ok();
        self.is_stale = false;
        true
    }

    /// Where the text of that number is on disk.
    pub(super) fn file(&self, verdict: &Verdict, index: usize) -> PathBuf {
        if verdict.config() == Some(index) {
            self.path.clone()
        } else {
            plain(&self.directory().join(verdict.name(index)))
        }
    }

    /// The findings that are shown and that touch a place of a file, with their packages.
    pub(super) fn opinions(&self, file: &Path) -> Vec<(&str, &Opinion)> {
        let Some(verdict) = &self.verdict else { return Vec::new() };
        let shown = verdict.packages().iter().flat_map(|it| it.shown().map(|opinion| (it.name.as_str(), opinion)));
        shown.filter(|(_, opinion)| self.file(verdict, opinion.finding.primary.at.file().index()) == file).collect()
    }
}

/// The path without `.` and `..`, as far as that can be told without the disk.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn shown(verdict: &Verdict, project: &Project, manner: &Manner) -> Shown {
    let mut lines: BTreeMap<usize, Lines<'_>> = BTreeMap::new();
    for judged in verdict.packages() {
        for opinion in judged.shown() {
            let finding = &opinion.finding;
            let places = std::iter::once(finding.primary.at).chain(finding.related.iter().map(|label| label.at));
            for at in places.chain(opinion.set_at) {
                let index = at.file().index();
                if let Some((text, _)) = verdict.text(index) {
                    lines.entry(index).or_insert_with(|| Lines::of(&text.bytes, manner.encoding));
                }
            }
        }
    }
    let range = |at: At| lines.get(&at.file().index()).map_or_else(Range::default, |lines| lines.range(at.span()));
    let mut shown = Shown::new();
    let mut seen = BTreeSet::new();
    for judged in verdict.packages() {
        for opinion in judged.shown() {
            let finding = &opinion.finding;
            let at = finding.primary.at;
            let place = (at.file().index(), at.span().start, at.span().end);
            // Packages that share a file may say the same of it.
            if !seen.insert((finding.rule, place, finding.message.clone())) {
                continue;
            }
            let other = |at: At, text: &str| {
                let file = project.file(verdict, at.file().index());
                let location = Location { uri: uri::of(&file)?, range: range(at) };
                Some(DiagnosticRelatedInformation { location, message: text.to_owned() })
            };
            let related = finding.related.iter().filter_map(|label| other(label.at, &label.text));
            let set = opinion.set_at.and_then(|at| other(at, "this level is set here"));
            let related: Vec<_> = related.chain(set).collect();
            let page =
                manner.pages.as_ref().map(|pages| format!("{}/{}.md", pages.trim_end_matches('/'), finding.rule));
            let parts = [&finding.message, &finding.consequence, &finding.way_out];
            let message: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            let diagnostic = Diagnostic {
                range: range(at),
                severity: Some(severity(opinion.level)),
                code: Some(NumberOrString::String(finding.rule.to_owned())),
                code_description: page.and_then(|page| page.parse().ok()).map(|href| CodeDescription { href }),
                source: Some(SOURCE.to_owned()),
                message: message.join("\n"),
                related_information: (!related.is_empty()).then_some(related),
                ..Diagnostic::default()
            };
            shown.entry(project.file(verdict, at.file().index())).or_default().push(diagnostic);
        }
    }
    shown
}

const fn severity(level: Level) -> DiagnosticSeverity {
    match level {
        Level::Deny => DiagnosticSeverity::ERROR,
        Level::Warn => DiagnosticSeverity::WARNING,
        Level::Allow => DiagnosticSeverity::HINT,
    }
}

/// A fault, at the place in `lint.toml` that caused it.
fn told(fault: &Fault, text: &[u8], manner: &Manner) -> Diagnostic {
    let label = fault.labels().and_then(|mut labels| labels.next());
    let range = label.map_or_else(Range::default, |label| {
        let end = label.offset() + label.len();
        Lines::of(text, manner.encoding).range((label.offset()..end).into())
    });
    let way_out = fault.help().map(|help| format!("\n{help}")).unwrap_or_default();
    Diagnostic {
        range,
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some(SOURCE.to_owned()),
        message: format!("{fault}{way_out}"),
        ..Diagnostic::default()
    }
}

//! Where a label stands for those who look from the root of the repository, as the services
//! that show reports do.

use crate::finding::{Finding, Label};
use crate::source::{Place, Span, visible};
use crate::verdict::Verdict;

/// The directory from which a report names its files: those of a verdict are named from where
/// `lint.toml` stands.
#[derive(Debug, Clone, Default)]
pub struct Root(String);

/// A place in a file that there is.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) start: Place,
    pub(super) end: Place,
    pub(super) span: Span,
}

impl Root {
    /// The root from which `lint.toml` stands in that directory; none, or `.`, for the root itself.
    #[must_use]
    pub fn new(directory: &str) -> Self {
        Self(directory.to_owned())
    }

    /// The path of a text from the root, `/` between the parts.
    #[must_use]
    pub fn path(&self, verdict: &Verdict, file: usize) -> String {
        let name = verdict.name(file);
        // lint.toml is called by the path that the command line gives.
        let path = if verdict.config() == Some(file) || self.0.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.0)
        };
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

    /// Where a label stands; nothing if it is in no text.
    pub(super) fn spot(&self, verdict: &Verdict, label: &Label) -> Option<Spot> {
        let file = label.at.file().index();
        let (text, lines) = verdict.text(file)?;
        let start = label.at.span().start.min(text.bytes.len());
        let span = Span::new(start, label.at.span().end.clamp(start, text.bytes.len()));
        let place = |offset| lines.place(&text.bytes, offset);
        Some(Spot { path: self.path(verdict, file), start: place(span.start), end: place(span.end), span })
    }
}

/// What a finding says, a line for each of message, consequence and way out.
pub(super) fn sentences(finding: &Finding) -> Vec<String> {
    let mut lines = vec![visible(&finding.message)];
    if !finding.consequence.is_empty() {
        lines.push(visible(&finding.consequence));
    }
    if !finding.way_out.is_empty() {
        lines.push(format!("way out: {}", visible(&finding.way_out)));
    }
    lines
}

//! The verdict as a Code Quality report of GitLab.

use serde::Serialize;

use super::Root;
use super::places::sentences;
use crate::finding::Level;
use crate::verdict::{Judged, Opinion, Verdict};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// The list of what counts.
#[must_use]
pub fn write(verdict: &Verdict, root: &Root) -> Vec<u8> {
    let shown = verdict.packages().iter().flat_map(Judged::shown);
    super::json::text(&shown.map(|opinion| issue(verdict, root, opinion)).collect::<Vec<_>>())
}

fn issue(verdict: &Verdict, root: &Root, opinion: &Opinion) -> Issue {
    // What stands in no text is shown with the configuration.
    let (path, begin, end) = root
        .spot(verdict, &opinion.finding.primary)
        .map_or_else(|| ("lint.toml".to_owned(), 1, 1), |spot| (spot.path, spot.start.line, spot.end.line));
    Issue {
        description: sentences(&opinion.finding).join("; "),
        check_name: opinion.finding.rule,
        fingerprint: opinion.fingerprint.clone(),
        severity: if opinion.level == Level::Deny { "major" } else { "minor" },
        location: Location { path, lines: Lines { begin, end } },
    }
}

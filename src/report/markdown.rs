//! The verdict as Markdown that fits in a comment on a pull request, whatever was found.

use std::fmt::Write;

use super::Root;
use super::json::word;
use crate::finding::{Finding, Level};
use crate::source::visible;
use crate::verdict::{Judged, Opinion, Verdict};

/// GitHub takes 65,536 characters.
const LIMIT: usize = 60_000;
/// So much of one text is shown, in characters.
const LONG: usize = 600;
/// So many places of one finding are shown beside the guilty one.
const PLACES: usize = 6;

/// The comment.
#[must_use]
pub fn write(verdict: &Verdict, root: &Root) -> Vec<u8> {
    let mut text = format!("### roof-lint: {}\n\n", word(verdict.is_pass()));
    text.push_str("| package | verdict | denied | warned | silenced | known | unchanged | not analysed |\n");
    text.push_str("|---|---|--:|--:|--:|--:|--:|--:|\n");
    // Writing to a string cannot fail.
    for (index, judged) in verdict.packages().iter().enumerate() {
        if text.len() > LIMIT / 2 {
            let _ = writeln!(text, "\n{} more packages.", verdict.packages().len() - index);
            break;
        }
        let counts = judged.counts;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            code(&judged.name),
            word(judged.is_pass()),
            counts.denied,
            counts.warned,
            counts.silenced,
            counts.known,
            counts.unchanged,
            counts.not_analysed
        );
    }
    let mut opinions: Vec<&Opinion> = verdict.packages().iter().flat_map(Judged::shown).collect();
    // What could not be analysed first, then what fails.
    opinions.sort_by_key(|opinion| (!opinion.is_blind(), std::cmp::Reverse(opinion.level)));
    let mut heading = "";
    for (index, opinion) in opinions.iter().enumerate() {
        let own = match (opinion.is_blind(), opinion.level) {
            (true, _) => "Not analysed",
            (false, Level::Deny) => "Denied",
            _ => "Warned",
        };
        let mut item = if own == heading { String::new() } else { format!("\n#### {own}\n\n") };
        heading = own;
        item.push_str(&entry(verdict, root, &opinion.finding));
        if text.len() + item.len() > LIMIT {
            let _ = writeln!(text, "\n{} more findings do not fit here.", opinions.len() - index);
            break;
        }
        text.push_str(&item);
    }
    text.into_bytes()
}

fn entry(verdict: &Verdict, root: &Root, finding: &Finding) -> String {
    let place = |label| {
        root.spot(verdict, label).map(|spot| format!("{}:{}:{}", spot.path, spot.start.line, spot.start.column))
    };
    let at = place(&finding.primary).map_or_else(String::new, |place| format!(" {}", code(&place)));
    let mut text = format!("- **{}**{at}: {}\n", prose(finding.rule), prose(&finding.message));
    for line in [&finding.consequence] {
        if !line.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  - {}", prose(line));
        }
    }
    if !finding.way_out.is_empty() {
        let _ = writeln!(text, "  - way out: {}", prose(&finding.way_out));
    }
    for label in finding.related.iter().take(PLACES) {
        let _ = writeln!(text, "  - {}: {}", code(&place(label).unwrap_or_default()), prose(&label.text));
    }
    text
}

fn cut(text: &str) -> String {
    let text = visible(text);
    let mut shown: String = text.chars().take(LONG).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Text in which nothing is markup, a link, or the name of somebody to be called.
pub(crate) fn prose(text: &str) -> String {
    let mut shown = String::new();
    for character in cut(text).chars() {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '@' => shown.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                shown.push('\\');
                shown.push(character);
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// Text in a code span, also within a table.
pub(crate) fn code(text: &str) -> String {
    let text = cut(text);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

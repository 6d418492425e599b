//! The report as Markdown that fits in a comment on a pull request.

// Writing to a string cannot fail.
use std::fmt::Write;

use super::page::{Block, Document, Inline, Leg, Line};
use crate::report::markdown::{code, prose};

/// GitHub takes 65,536 characters.
const LIMIT: usize = 60_000;
/// Of longer lists only the beginning is kept at last.
const ITEMS: usize = 20;
/// Tables of one script that have more rows are the last to be left out.
const ROWS: usize = 3;
/// What is folded and longer is left out where not all fits.
const FOLDED: usize = 500;
/// What is kept of that to say what does not fit.
const REST: usize = 4_000;

/// The report as Markdown, at most 60,000 bytes: what a reader would have to open is left out
/// first, then the ways of the scripts, their tables, and then the end.
#[must_use]
pub fn write(document: &Document) -> Vec<u8> {
    let mut out = Vec::new();
    for detail in [Detail::All, Detail::Shown, Detail::Short, Detail::Terse] {
        let (text, is_whole) = write_with(document, detail);
        out = text.into_bytes();
        if is_whole {
            break;
        }
    }
    out
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Headings and sentences, and of the tables those of a package as a whole.
    Terse,
    /// Headings, sentences and tables.
    Short,
    /// What is not folded.
    Shown,
    /// Everything.
    All,
}

/// The report, and whether it is all there at this detail.
fn write_with(document: &Document, detail: Detail) -> (String, bool) {
    let mut out = format!("# {}\n", prose(&document.title));
    if detail < Detail::All {
        out.push_str("\n**What is long is left out here; `--format html` has all of it.**\n");
    }
    let mut is_deep = false;
    for (index, block) in document.blocks.iter().enumerate() {
        let mut piece = String::new();
        if let Block::Heading(level, ..) = block {
            is_deep = *level > 3;
        }
        match block {
            Block::Table { caption, rows, .. } if is_deep && detail == Detail::Terse && rows.len() > ROWS => {
                let _ = writeln!(piece, "\n{}: {} rows, left out here", words(caption), rows.len());
            }
            _ => write_block(block, detail, &mut piece),
        }
        if out.len() + piece.len() > LIMIT - REST {
            let rest = document.blocks.iter().skip(index);
            let heads = rest.filter_map(|block| match block {
                Block::Heading(2 | 3, _, line) => Some(words(line)),
                _ => None,
            });
            let mut left: Vec<String> = heads.collect();
            let more = left.len().saturating_sub(20);
            left.truncate(20);
            left.retain(|head| head.len() < 150);
            out.push_str("\n**The rest does not fit here; `--format html` has all of it.**");
            if !left.is_empty() {
                let _ = write!(out, " What is missing: {}", left.join("; "));
            }
            if more > 0 {
                let _ = write!(out, "; {more} more");
            }
            out.push('\n');
            return (out, false);
        }
        out.push_str(&piece);
    }
    (out, true)
}

fn write_block(block: &Block, detail: Detail, out: &mut String) {
    match block {
        Block::Heading(level, _, line) => {
            let _ = writeln!(out, "\n{} {}", "#".repeat(usize::from(*level)), words(line));
        }
        Block::Paragraph(line) => {
            let _ = writeln!(out, "\n{}", words(line));
        }
        Block::List(items) => {
            out.push('\n');
            let shown = if detail == Detail::Terse { ITEMS } else { items.len() };
            for item in items.iter().take(shown) {
                let _ = writeln!(out, "- {}", words(item));
            }
            if items.len() > shown {
                let _ = writeln!(out, "- **and {} more, left out here**", items.len() - shown);
            }
        }
        Block::Table { caption, head, rows } => {
            let _ = writeln!(out, "\n{}\n", words(caption));
            let _ = writeln!(out, "| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
            for row in rows {
                let cells: Vec<String> = row.iter().map(words).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        Block::Details(summary, inner) => {
            // The summary is HTML, in which Markdown's escapes are no escapes.
            let plain: String = summary.iter().map(|part| super::html::escape(&raw(part))).collect();
            let mut body = String::new();
            inner.iter().for_each(|block| write_block(block, detail, &mut body));
            if detail < Detail::All && body.len() > FOLDED {
                let _ = writeln!(out, "\n{}: left out here", words(summary));
            } else {
                let _ = writeln!(out, "\n<details><summary>{plain}</summary>\n{body}\n</details>");
            }
        }
        Block::Path(caption, legs) if detail <= Detail::Short => {
            let checks = legs.iter().filter(|leg| leg.kind == "check").count();
            let checks = match checks {
                0 => "no check".to_owned(),
                1 => "1 check, left out here".to_owned(),
                many => format!("{many} checks, left out here"),
            };
            let _ = writeln!(out, "\n{}: {checks}.\n", words(caption));
            // What must not be overlooked is told at any length.
            let is_alarm = |part: &Inline| matches!(part, Inline::Alarm(_));
            let is_told = |leg: &Leg| detail == Detail::Short || leg.certain.iter().flatten().any(is_alarm);
            let ends = legs.iter().filter(|leg| leg.kind != "check" && !leg.certain.is_empty() && is_told(leg));
            for leg in ends {
                let certain: Vec<String> = leg.certain.iter().map(words).collect();
                let _ = writeln!(out, "- {}. By then: {}", words(&leg.line), certain.join("; "));
            }
        }
        Block::Path(caption, legs) => {
            let _ = writeln!(out, "\n{}:\n", words(caption));
            for (index, leg) in legs.iter().enumerate() {
                let _ = writeln!(out, "{}. {}", index + 1, words(&leg.line));
                for line in &leg.certain {
                    let _ = writeln!(out, "    - {}", words(line));
                }
            }
        }
        // A table nearby says the same.
        Block::Timeline(_) | Block::Graph(_) => {}
    }
}

fn raw(part: &Inline) -> String {
    match part {
        Inline::Text(text) | Inline::Code(text) | Inline::Place(text) | Inline::Alarm(text) | Inline::Good(text) => {
            text.clone()
        }
        Inline::Lines(lines) => on_one(lines),
    }
}

/// Code in an item or a cell of Markdown has one line.
fn on_one(lines: &[String]) -> String {
    lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join(" ")
}

fn words(line: &Line) -> String {
    let part = |part: &Inline| match part {
        Inline::Text(text) => prose(text),
        Inline::Code(text) | Inline::Place(text) => code(text),
        Inline::Lines(lines) => code(&on_one(lines)),
        Inline::Alarm(text) | Inline::Good(text) => {
            let inner = prose(text);
            let trimmed = inner.trim_end();
            format!("**{trimmed}**{}", if trimmed.len() < inner.len() { " " } else { "" })
        }
    };
    line.iter().map(part).collect()
}

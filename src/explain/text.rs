//! The report for a terminal.

// Writing to a string cannot fail.
use std::fmt::Write;

use super::page::{Block, Document, Inline, Line};
use crate::source::visible;

/// So wide are the lines, where words let them be.
const WIDTH: usize = 100;

/// The report as text.
#[must_use]
pub fn write(document: &Document) -> Vec<u8> {
    let mut out = format!("{}\n", visible(&document.title));
    blocks(&document.blocks, "", &mut out);
    out.into_bytes()
}

fn blocks(blocks_in: &[Block], indent: &str, out: &mut String) {
    for block in blocks_in {
        match block {
            Block::Heading(level, _, line) => {
                let words = plain(line);
                let rule = match level {
                    2 => "=",
                    3 => "-",
                    _ => "",
                };
                let under = rule.repeat(words.chars().count());
                let _ = writeln!(out, "\n{indent}{words}");
                if !under.is_empty() {
                    let _ = writeln!(out, "{indent}{under}");
                }
            }
            Block::Paragraph(line) => wrap(&plain(line), indent, indent, out),
            Block::List(items) => {
                for item in items {
                    wrap(&plain(item), &format!("{indent}  - "), &format!("{indent}    "), out);
                }
            }
            Block::Table { caption, head, rows } => {
                wrap(&plain(caption), indent, indent, out);
                table(head, rows, indent, out);
            }
            Block::Details(summary, inner) => {
                wrap(&format!("{}:", plain(summary)), indent, indent, out);
                blocks(inner, &format!("{indent}  "), out);
            }
            Block::Path(caption, legs) => {
                wrap(&format!("{}:", plain(caption)), indent, indent, out);
                for (index, leg) in legs.iter().enumerate() {
                    if index > 0 {
                        let _ = writeln!(out, "{indent}    |");
                    }
                    let mark = match leg.kind {
                        "check" => "?",
                        "change" => "!",
                        _ => "o",
                    };
                    wrap(&plain(&leg.line), &format!("{indent}    {mark} "), &format!("{indent}    | "), out);
                    for line in &leg.certain {
                        wrap(&plain(line), &format!("{indent}    |   - "), &format!("{indent}    |     "), out);
                    }
                }
            }
            // A table nearby says the same.
            Block::Timeline(_) | Block::Graph(_) => {}
        }
    }
}

/// The words; in code of several lines these begin where there is an end of line.
fn plain(line: &Line) -> String {
    let mut words = String::new();
    for part in line {
        match part {
            Inline::Text(text)
            | Inline::Code(text)
            | Inline::Place(text)
            | Inline::Alarm(text)
            | Inline::Good(text) => words.push_str(&visible(text)),
            Inline::Lines(lines) => {
                let indent = if words.is_empty() { "" } else { "\n  " };
                let lines: Vec<String> = lines.iter().map(|line| visible(line)).collect();
                words.push_str(indent);
                words.push_str(&lines.join(if indent.is_empty() { "\n" } else { indent }));
            }
        }
    }
    words
}

/// Each line of the text on lines of its own.
fn wrap(text: &str, first: &str, rest: &str, out: &mut String) {
    for (index, line) in text.split('\n').enumerate() {
        let words = line.trim_start_matches(' ');
        let indent = " ".repeat(line.len() - words.len());
        let first = if index == 0 { first } else { rest };
        fold(words, &format!("{first}{indent}"), &format!("{rest}{indent}"), out);
    }
}

/// Breaks between words; a word that is too long stays whole.
fn fold(text: &str, first: &str, rest: &str, out: &mut String) {
    let mut line = first.to_owned();
    let mut width = first.chars().count();
    let mut is_empty = true;
    for word in text.split(' ') {
        let long = word.chars().count();
        if !is_empty && width + 1 + long > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            rest.clone_into(&mut line);
            width = rest.chars().count();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += long;
        is_empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Each row as one item: columns would not fit a terminal.
fn table(head: &[&str], rows: &[Vec<Line>], indent: &str, out: &mut String) {
    for row in rows {
        let cells = head.iter().zip(row).enumerate();
        let cells: Vec<String> = cells
            .map(
                |(index, (head, cell))| {
                    if index == 0 { format!("{head} {}", plain(cell)) } else { format!("{head}: {}", plain(cell)) }
                },
            )
            .collect();
        wrap(&cells.join(" | "), &format!("{indent}  - "), &format!("{indent}    "), out);
    }
}

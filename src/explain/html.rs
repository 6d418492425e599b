//! The report as one HTML file that needs nothing else, and is well-formed XML besides.

use std::fmt::Write;

use super::page::{Block, Document, Inline, Leg, Line};
use crate::source::visible;

const STYLE: &str = include_str!("style.css");

/// The report as HTML.
#[must_use]
pub fn write(document: &Document) -> Vec<u8> {
    let title = escape(&document.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header><h1>{title}</h1></header>\n"
    );
    contents(document, &mut out);
    out.push_str("<main id=\"main\">\n");
    let mut writer = Writer { out, pictures: 0 };
    writer.blocks(&document.blocks);
    let mut out = writer.out;
    out.push_str("</main>\n</body>\n</html>\n");
    out.into_bytes()
}

fn contents(document: &Document, out: &mut String) {
    out.push_str("<nav aria-label=\"Contents\"><details><summary>Contents</summary>\n<ul>\n");
    for block in &document.blocks {
        if let Block::Heading(level @ (2 | 3), anchor, line) = block {
            // Writing to a string cannot fail.
            let _ =
                writeln!(out, "<li class=\"level{level}\"><a href=\"#{}\">{}</a></li>", escape(anchor), words(line));
        }
    }
    out.push_str("</ul></details></nav>\n");
}

struct Writer {
    out: String,
    pictures: usize,
}

impl Writer {
    fn add(&mut self, html: &str) {
        self.out.push_str(html);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, anchor, line) => {
                let id = if anchor.is_empty() { String::new() } else { format!(" id=\"{}\"", escape(anchor)) };
                self.add(&format!("<h{level}{id}>{}</h{level}>\n", words(line)));
            }
            Block::Paragraph(line) => self.add(&format!("<p>{}</p>\n", words(line))),
            Block::List(items) => {
                self.add("<ul>\n");
                items.iter().for_each(|item| self.add(&format!("<li>{}</li>\n", words(item))));
                self.add("</ul>\n");
            }
            Block::Table { caption, head, rows } => self.table(caption, head, rows),
            Block::Details(summary, inner) => {
                self.add(&format!("<details><summary>{}</summary>\n", words(summary)));
                self.blocks(inner);
                self.add("</details>\n");
            }
            Block::Path(caption, legs) => self.path(caption, legs),
            Block::Timeline(timeline) => {
                self.pictures += 1;
                let svg = timeline.svg(&format!("picture{}", self.pictures));
                self.add(&format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escape(&timeline.title)));
            }
            Block::Graph(graph) => {
                self.pictures += 1;
                let id = format!("picture{}", self.pictures);
                let (wide, narrow) = (graph.svg(&id), graph.narrow_svg(&format!("{id}-narrow")));
                self.add(&format!(
                    "<figure>{wide}\n{narrow}<figcaption>{}</figcaption></figure>\n",
                    escape(&graph.title)
                ));
            }
        }
    }

    /// A list drawn as a line with stations; the role keeps it a list without its numbers.
    fn path(&mut self, caption: &Line, legs: &[Leg]) {
        self.pictures += 1;
        let id = format!("picture{}", self.pictures);
        self.add(&format!("<figure><figcaption id=\"{id}\">{}</figcaption>\n", words(caption)));
        self.add(&format!("<ol class=\"path\" role=\"list\" aria-labelledby=\"{id}\">\n"));
        for leg in legs {
            self.add(&format!("<li class=\"{}\"><p>{}</p>", leg.kind, words(&leg.line)));
            if !leg.certain.is_empty() {
                self.add("<ul>");
                for line in &leg.certain {
                    let is_open = line.iter().any(|part| matches!(part, Inline::Alarm(_)));
                    self.add(&format!("<li{}>{}</li>", if is_open { " class=\"open\"" } else { "" }, words(line)));
                }
                self.add("</ul>");
            }
            self.add("</li>\n");
        }
        self.add("</ol></figure>\n");
    }

    /// The roles keep it a table where a narrow page shows its rows as cards.
    fn table(&mut self, caption: &Line, head: &[&str], rows: &[Vec<Line>]) {
        self.add(&format!(
            "<table role=\"table\"><caption>{}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">",
            words(caption)
        ));
        for name in head {
            self.add(&format!("<th role=\"columnheader\" scope=\"col\">{}</th>", escape(name)));
        }
        self.add("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        for row in rows {
            self.add("<tr role=\"row\">");
            for (name, cell) in head.iter().zip(row) {
                self.add(&format!("<td role=\"cell\" data-label=\"{}\">{}</td>", escape(name), words(cell)));
            }
            self.add("</tr>\n");
        }
        self.add("</tbody></table>\n");
    }
}

fn words(line: &Line) -> String {
    let part = |part: &Inline| match part {
        Inline::Text(text) => escape(text),
        Inline::Code(text) => format!("<code>{}</code>", escape(text)),
        Inline::Lines(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
            format!("<code class=\"lines\">{}</code>", lines.join("\n"))
        }
        Inline::Place(text) => format!("<code class=\"place\">{}</code>", breakable(text)),
        Inline::Alarm(text) => format!("<strong class=\"alarm\">{}</strong>", escape(text)),
        Inline::Good(text) => format!("<strong class=\"good\">{}</strong>", escape(text)),
    };
    line.iter().map(part).collect()
}

/// A place that breaks after a `/` and before its line rather than within a word.
fn breakable(place: &str) -> String {
    let escaped = escape(place).replace('/', "/<wbr/>");
    match escaped.rsplit_once(':') {
        Some((file, line)) => format!("{file}<wbr/>:{line}"),
        None => escaped,
    }
}

/// Text in which nothing is markup and nothing is hidden.
pub(super) fn escape(text: &str) -> String {
    quick_xml::escape::escape(visible(text)).into_owned()
}

//! Rewrites that only change how the text looks: blanks, comments, case, quotes.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::rewrite::{Rewrite, flat};
use crate::text::{Kind, Token, edit, statements, tokens};

/// Puts something in the place of every run of blanks between two tokens; no comment stays.
fn blanks(name: &str, between: fn(usize) -> String) -> Rewrite {
    Rewrite::texts(name, 30, move |_, _, text| {
        let all = flat(text);
        let mut result = String::new();
        let mut last: Option<&Token> = None;
        let mut count = 0;
        for token in all.iter().filter(|token| token.kind != Kind::Comment) {
            if let Some(before) = last {
                if before.kind == Kind::Meta || token.kind == Kind::Meta {
                    result.push('\n');
                } else if before.span.end < token.span.start {
                    result.push_str(&between(count));
                    count += 1;
                }
            }
            result.push_str(&text[token.span.clone()]);
            last = Some(token);
        }
        result.push('\n');
        Some(result)
    })
}

/// Rewrites every token of a kind.
fn each(name: &str, change: impl Fn(usize, &Token, &str) -> Option<String> + Send + Sync + 'static) -> Rewrite {
    Rewrite::texts(name, 20, move |_, _, text| {
        let all = flat(text);
        let edits: Vec<(Range<usize>, String)> = all
            .iter()
            .enumerate()
            .filter_map(|(index, token)| Some((token.span.clone(), change(index, token, &text[token.span.clone()])?)))
            .collect();
        Some(edit(text, &edits))
    })
}

/// Puts something after the semicolon of every statement.
fn after(name: &str, inserted: &'static str) -> Rewrite {
    Rewrite::texts(name, 20, move |_, _, text| {
        let all = statements(text).into_iter().filter(|one| one.text(text).ends_with(';'));
        let edits: Vec<(Range<usize>, String)> =
            all.map(|one| (one.span.end..one.span.end, inserted.to_owned())).collect();
        Some(edit(text, &edits))
    })
}

/// Rewrites the names of relations, where a relation is meant.
fn names(name: &str, change: fn(&str) -> String, only_after: &'static [&'static str]) -> Rewrite {
    Rewrite::texts(name, 15, move |package, _, text| {
        let relations: BTreeSet<String> = package.creations().into_keys().collect();
        let all: Vec<Token> = flat(text).into_iter().filter(|token| token.kind != Kind::Comment).collect();
        let mut edits = Vec::new();
        for (index, token) in all.iter().enumerate() {
            let word = &text[token.span.clone()];
            let before = index.checked_sub(1).map_or("", |before| &text[all[before].span.clone()]);
            let fits = only_after.is_empty() || only_after.iter().any(|word| before.eq_ignore_ascii_case(word));
            if token.kind == Kind::Word && relations.contains(word) && fits && before != "." {
                edits.push((token.span.clone(), change(word)));
            }
        }
        Some(edit(text, &edits))
    })
}

const BEFORE_A_RELATION: &[&str] =
    &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "EXISTS", "ONLY", "REFERENCES", "TRUNCATE"];

fn alternate(word: &str) -> String {
    let case = |(index, c): (usize, char)| if index % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    word.chars().enumerate().map(case).collect()
}

pub(crate) fn rewrites() -> Vec<Rewrite> {
    let word = |token: &Token| token.kind == Kind::Word;
    vec![
        blanks("one line", |_| " ".to_owned()),
        blanks("a line for every word", |_| "\n".to_owned()),
        blanks("tabs", |_| "\t".to_owned()),
        blanks("comments between the words", |_| " /* COMMIT; */ ".to_owned()),
        blanks("comments within comments", |_| " /* a /* DROP TABLE x; */ b */ ".to_owned()),
        blanks("a comment at the end of every line", |count| {
            if count % 5 == 4 { " -- it's \"odd\" $x$ :'v' /*\n".to_owned() } else { " ".to_owned() }
        }),
        blanks("form feeds", |count| if count % 7 == 0 { "\u{c}\n".to_owned() } else { " ".to_owned() }),
        each("upper case", move |_, token, text| word(token).then(|| text.to_ascii_uppercase())),
        each("lower case", move |_, token, text| word(token).then(|| text.to_ascii_lowercase())),
        each("alternating case", move |_, token, text| word(token).then(|| alternate(text))),
        each("no comments", |_, token, _| (token.kind == Kind::Comment).then(String::new)),
        each("other comments", |_, token, _| {
            (token.kind == Kind::Comment).then(|| "-- DELETE FROM apr_action_types; COMMIT; it's $other$ ".to_owned())
        }),
        each("columns quoted", |_, token, text| {
            let columns = ["created_by", "request_code", "axis_code", "event_domain", "object_code", "executor_name"];
            (token.kind == Kind::Word && columns.contains(&text)).then(|| format!("\"{text}\""))
        }),
        after("a comment after every statement", " -- DELETE FROM apr_action_types; it's \"$x$\" :v"),
        after("a block comment after every statement", " /* ; COMMIT; DROP TABLE axis_registry CASCADE; */"),
        after("blank lines", "\n\n   \n\t\n"),
        after("empty statements", ";;"),
        Rewrite::texts("CRLF", 30, |_, _, text| {
            // What stands in a function's body is kept by the server as it is.
            let bodies: Vec<Range<usize>> =
                flat(text).into_iter().filter(|token| token.kind == Kind::Dollar).map(|token| token.span).collect();
            let edits: Vec<(Range<usize>, String)> = text
                .match_indices('\n')
                .filter(|(at, _)| !bodies.iter().any(|body| body.contains(at)))
                .map(|(at, _)| (at..at + 1, "\r\n".to_owned()))
                .collect();
            Some(edit(text, &edits))
        }),
        Rewrite::texts("a byte-order mark", 30, |_, _, text| Some(format!("\u{feff}{text}"))),
        Rewrite::texts("no newline at the end", 30, |_, _, text| Some(text.trim_end().to_owned())),
        Rewrite::texts("a header that quotes what is forbidden", 30, |_, _, text| {
            let header = "-- DELETE FROM apr_action_types;\n/* BEGIN; TRUNCATE axis_registry CASCADE;\n   COMMIT; \\! rm -rf / */\n-- SET LOCAL lock_timeout = 0;\n\n";
            Some(format!("{header}{text}"))
        }),
        Rewrite::texts("strings without a meaning", 20, |_, _, text| {
            let mut all = statements(text).into_iter();
            let first = all.find(|one| one.starts(text, "SET LOCAL"))?;
            let inert = "SELECT 'DELETE FROM apr_action_types; COMMIT;' AS note, $note$DROP TABLE axis_registry CASCADE;$note$ AS other;\n";
            Some(edit(text, &[(first.span.start..first.span.start, inert.to_owned())]))
        }),
        Rewrite::texts("statements on one line", 20, |_, _, text| {
            // Only where no comment would swallow the next.
            let all = statements(text);
            let edits: Vec<(Range<usize>, String)> = all
                .windows(2)
                .filter(|pair| {
                    let gap = pair[0].span.end..pair[1].span.start;
                    let is_sql = |text: &str| !text.starts_with('\\');
                    tokens(text, gap).is_empty() && is_sql(pair[0].text(text)) && is_sql(pair[1].text(text))
                })
                .map(|pair| (pair[0].span.end..pair[1].span.start, " ".to_owned()))
                .collect();
            Some(edit(text, &edits))
        }),
        names("relations quoted", |name| format!("\"{name}\""), &[]),
        names("relations in capitals", str::to_ascii_uppercase, &[]),
        names("relations with their schema", |name| format!("public.{name}"), BEFORE_A_RELATION),
        names("relations with their schema, quoted", |name| format!("\"public\".\"{name}\""), BEFORE_A_RELATION),
        names("relations with their schema, with blanks", |name| format!("public . {name}"), BEFORE_A_RELATION),
        names(
            "relations by Unicode escapes",
            |name| format!("U&\"{}\"", name.replacen('_', "\\005f", 1)),
            BEFORE_A_RELATION,
        ),
    ]
}

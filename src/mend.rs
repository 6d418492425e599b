//! Edits of statements as they stand in their files: which words are put in, taken out or
//! moved, and where. Judges nothing; what is not written as expected gets no edit.

use crate::effect::{Act, AlterAction, At, Object, ObjectKind, Statement};
use crate::finding::{Edit, Fix};
use crate::source::{FileId, Span};
use crate::syntax::token::{self, Token, TokenKind};

/// What PostgreSQL says of an object that is there already.
const DUPLICATE: [&str; 5] = ["42P07", "42710", "42723", "42P06", "42701"];
/// What it says of one that is not there.
const MISSING: [&str; 5] = ["42P01", "42704", "42883", "3F000", "42703"];

/// A part of a file, taken apart.
struct Written<'a> {
    bytes: &'a [u8],
    file: FileId,
    tokens: Vec<Token>,
}

impl<'a> Written<'a> {
    /// What stands at a place; nothing where it has no token, or is no text.
    fn at(bytes: &'a [u8], at: At) -> Option<Self> {
        let span = at.span();
        let text = std::str::from_utf8(bytes.get(span.start..span.end)?).ok()?;
        let mut tokens = token::tokens(text).ok()?;
        for token in &mut tokens {
            token.span = Span::new(token.span.start + span.start, token.span.end + span.start);
        }
        (!tokens.is_empty()).then_some(Self { bytes, file: at.file(), tokens })
    }

    /// The token of that number as it is written; nothing past the last.
    fn text(&self, index: usize) -> &'a str {
        let span = self.tokens.get(index).map(|token| token.span).unwrap_or_default();
        std::str::from_utf8(span.of(self.bytes)).unwrap_or_default()
    }

    /// Whether the tokens from that number on are these words.
    fn says(&self, index: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| {
            let is_word = self.tokens.get(index + offset).is_some_and(|token| token.kind == TokenKind::Word);
            is_word && self.text(index + offset).eq_ignore_ascii_case(word)
        })
    }

    /// The number of the first token that is the word, among the first few.
    fn find(&self, word: &str) -> Option<usize> {
        (0..5).find(|index| self.says(*index, &[word]))
    }

    /// Keywords, in capitals or not as the token of that number is.
    fn keywords(&self, like: usize, words: &str) -> String {
        let is_small = !self.text(like).bytes().any(|byte| byte.is_ascii_uppercase());
        if is_small { words.to_ascii_lowercase() } else { words.to_owned() }
    }

    /// Puts keywords behind a token, in capitals or not as the first word is.
    fn after(&self, index: usize, words: &str) -> Option<Edit> {
        let end = self.tokens.get(index)?.span.end;
        Some(Edit { at: At::new(self.file, Span::new(end, end)), text: format!(" {}", self.keywords(0, words)) })
    }

    /// The tokens from that number on as far as a comma outside of parentheses, and so on.
    fn parts(&self, from: usize) -> Vec<std::ops::Range<usize>> {
        let (mut parts, mut start, mut depth) = (Vec::new(), from, 0_usize);
        for index in from..self.tokens.len() {
            match self.text(index) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    parts.push(start..index);
                    start = index + 1;
                }
                _ => {}
            }
        }
        parts.push(start..self.tokens.len());
        parts
    }

    /// The numbers of the tokens outside of parentheses.
    fn outside(&self) -> Vec<usize> {
        let mut depth = 0_usize;
        let mut found = Vec::new();
        for index in 0..self.tokens.len() {
            match self.text(index) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ if depth == 0 => found.push(index),
                _ => {}
            }
        }
        found
    }
}

/// Lets a statement that failed in the second run pass there: `IF EXISTS`, `IF NOT EXISTS` or
/// `OR REPLACE`, where that is all that there is to it. `may_be_gone`: whether the object that it
/// alters is one which the script may have removed itself.
#[must_use]
pub fn again(bytes: &[u8], statement: &Statement, sqlstate: &str, may_be_gone: bool) -> Option<Fix> {
    const NEW: &str = "IF NOT EXISTS";
    const OR_REPLACE: &str = "OR REPLACE";
    const GONE: &str = "IF EXISTS";
    let it = Written::at(bytes, statement.at)?;
    let create = || it.says(0, &["create"]).then_some(0);
    let find = |word: &str| create().and_then(|_| it.find(word));
    if DUPLICATE.contains(&sqlstate) {
        let (index, words) = match &statement.act {
            Act::CreateTable { if_not_exists: false, .. }
            | Act::CreateTableAs { if_not_exists: false, materialized: false, .. } => (find("table")?, NEW),
            Act::CreateTableAs { if_not_exists: false, .. } => (find("view")?, NEW),
            Act::CreateIndex { if_not_exists: false, name: Some(_), .. } => {
                let index = find("index")?;
                (index + usize::from(it.says(index + 1, &["concurrently"])), NEW)
            }
            Act::CreateView { or_replace: false, .. }
            | Act::CreateTrigger { or_replace: false, constraint: false, .. }
            | Act::CreateRule { or_replace: false, .. } => (create()?, OR_REPLACE),
            Act::CreateFunction(function) if !function.or_replace => (create()?, OR_REPLACE),
            Act::Create { object, if_not_exists: false, members, .. } => {
                let word = match object.kind {
                    ObjectKind::Schema if members.is_empty() => "schema",
                    ObjectKind::Sequence => "sequence",
                    ObjectKind::Extension => "extension",
                    ObjectKind::ForeignTable => "table",
                    _ => return None,
                };
                (find(word)?, NEW)
            }
            Act::Alter { object, what, if_exists: false, .. }
                if object.kind == ObjectKind::Type && what == "add value" =>
            {
                let index = (0..it.tokens.len()).find(|index| it.says(*index, &["add", "value"]))?;
                (index + 1, NEW)
            }
            Act::AlterTable { name, actions, kind: ObjectKind::Table | ObjectKind::ForeignTable, .. } => {
                let edits = alterations(&it, name.at, actions, &|action| {
                    matches!(action, AlterAction::AddColumn { if_not_exists: false, .. }).then_some(("column", NEW))
                })?;
                return Some(Fix { what: format!("add {NEW}"), edits });
            }
            _ => return None,
        };
        return Some(Fix { what: format!("add {words}"), edits: vec![it.after(index, words)?] });
    }
    if !MISSING.contains(&sqlstate) {
        return None;
    }
    let index = match &statement.act {
        Act::Drop { objects, if_exists: false, .. } => dropped(&it, objects.first()?)?,
        Act::AlterTable { name, actions, kind: ObjectKind::Table | ObjectKind::ForeignTable, .. }
            if matches!(sqlstate, "42703" | "42704") =>
        {
            let edits = alterations(&it, name.at, actions, &|action| match action {
                AlterAction::DropColumn { if_exists: false, .. } if sqlstate == "42703" => Some(("column", GONE)),
                AlterAction::DropConstraint { if_exists: false, .. } if sqlstate == "42704" => {
                    Some(("constraint", GONE))
                }
                _ => None,
            })?;
            return Some(Fix { what: format!("add {GONE}"), edits });
        }
        Act::AlterTable { if_exists: false, kind, .. } if may_be_gone && sqlstate == "42P01" => altered(&it, kind)?,
        Act::Rename { object, part: None, if_exists: false, .. } if sqlstate == "42P01" => altered(&it, &object.kind)?,
        _ => return None,
    };
    Some(Fix { what: format!("add {GONE}"), edits: vec![it.after(index, GONE)?] })
}

/// Puts words into those actions of `ALTER TABLE` for which `wanted` says so: behind its word,
/// or where that is left out behind `ADD` and `DROP`.
fn alterations(
    it: &Written<'_>,
    name: At,
    actions: &[AlterAction],
    wanted: &dyn Fn(&AlterAction) -> Option<(&'static str, &'static str)>,
) -> Option<Vec<Edit>> {
    let first = it.tokens.iter().position(|token| token.span.start >= name.span().end)?;
    let parts = it.parts(first + usize::from(it.text(first) == "*"));
    if parts.len() != actions.len() {
        return None;
    }
    let mut edits = Vec::new();
    for (part, action) in parts.iter().zip(actions) {
        let Some((word, words)) = wanted(action) else { continue };
        if !it.says(part.start, &["add"]) && !it.says(part.start, &["drop"]) {
            return None;
        }
        edits.push(it.after(part.start + usize::from(it.says(part.start + 1, &[word])), words)?);
    }
    (!edits.is_empty()).then_some(edits)
}

/// The last of the words that say what kind of object is dropped.
fn dropped(it: &Written<'_>, object: &Object) -> Option<usize> {
    let kind = object.kind.to_string();
    let words: Vec<&str> = kind.split(' ').collect();
    let spelt: &[&[&str]] = match &object.kind {
        ObjectKind::Role => &[&["role"], &["user"], &["group"]],
        ObjectKind::Language => &[&["language"], &["procedural", "language"]],
        // What somebody owns is dropped without such words.
        ObjectKind::Other(kind) if kind == "owned" => &[],
        ObjectKind::Constraint | ObjectKind::Column => &[],
        _ => &[words.as_slice()],
    };
    let last = spelt.iter().find(|words| it.says(0, &["drop"]) && it.says(1, words)).map(|words| words.len())?;
    Some(last + usize::from(it.says(last + 1, &["concurrently"])))
}

/// The last of the words that say what kind of relation is altered.
fn altered(it: &Written<'_>, kind: &ObjectKind) -> Option<usize> {
    let is_relation = kind.is_relation();
    let kind = kind.to_string();
    let words: Vec<&str> = kind.split(' ').collect();
    (is_relation && it.says(0, &["alter"]) && it.says(1, &words)).then_some(words.len())
}

/// Leaves `CASCADE` out at the end of a statement.
#[must_use]
pub fn without_cascade(bytes: &[u8], at: At) -> Option<Fix> {
    let it = Written::at(bytes, at)?;
    let last = it.tokens.len().checked_sub(1).filter(|last| it.says(*last, &["cascade"]))?;
    let span = it.tokens.get(last)?.span;
    let before = bytes.get(..span.start)?;
    let blank = before.len() - before.trim_ascii_end().len();
    // A line break may be the end of a comment.
    let has_break = before.iter().rev().take(blank).any(|byte| matches!(byte, b'\n' | b'\r'));
    let start = if has_break { span.start } else { span.start - blank };
    let edit = Edit { at: At::new(it.file, Span::new(start, span.end)), text: String::new() };
    Some(Fix { what: "leave CASCADE out".to_owned(), edits: vec![edit] })
}

/// Lets an `INSERT` into a table, the name of which stands at `table`, pass over rows whose key
/// is there; the key by the numbers of its columns in the list that the statement gives.
#[must_use]
pub fn on_conflict(bytes: &[u8], statement: At, table: At, key: &[usize]) -> Option<Fix> {
    // With one of them the rows begin: there is no list.
    const ROWS: [&str; 6] = ["default", "overriding", "select", "table", "values", "with"];
    let it = Written::at(bytes, statement)?;
    let outside = it.outside();
    let insert = *outside.iter().find(|index| it.says(**index, &["insert", "into"]))?;
    if it.tokens.get(insert + 2)?.span.start != table.span().start {
        return None;
    }
    let open = (insert + 3..it.tokens.len()).find(|index| it.text(*index) == "(")?;
    // Between the name and the list there may be an alias, and nothing else.
    let mut between = insert + 2..open;
    if between.any(|index| ROWS.iter().any(|word| it.says(index, &[word]))) {
        return None;
    }
    let close = (open..it.tokens.len()).find(|index| it.text(*index) == ")")?;
    let columns: Vec<&str> = (open + 1..close).map(|index| it.text(index)).filter(|text| *text != ",").collect();
    let key: Vec<&str> = key.iter().map(|index| columns.get(*index).copied()).collect::<Option<_>>()?;
    if outside.iter().any(|index| *index > insert && it.says(*index, &["on", "conflict"])) {
        return None;
    }
    let returning = outside.iter().find(|index| **index > insert && it.says(**index, &["returning"]));
    let last = returning.map_or(it.tokens.len(), |index| *index).checked_sub(1)?;
    let end = it.tokens.get(last)?.span.end;
    let start = it.tokens.get(insert)?.span.start;
    let keywords = |words| it.keywords(insert, words);
    let clause = format!("{} ({}) {}", keywords("ON CONFLICT"), key.join(", "), keywords("DO NOTHING"));
    let is_long = bytes.get(start..end)?.contains(&b'\n');
    let text = match indent(bytes, start).filter(|_| is_long) {
        Some(indent) => format!("{}{indent}{clause}", line_break(bytes)),
        None => format!(" {clause}"),
    };
    let edit = Edit { at: At::new(it.file, Span::new(end, end)), text };
    Some(Fix { what: format!("add {clause}"), edits: vec![edit] })
}

/// Puts another statement behind the one at a place, on a line of its own.
#[must_use]
pub fn behind(bytes: &[u8], at: At, statement: &str) -> Option<Fix> {
    let end = past_semicolon(bytes, at.span().end)?;
    let line = line_end(bytes, end);
    let rest = Span::new(end, line).of(bytes).trim_ascii();
    let (place, text) = if rest.is_empty() || rest.starts_with(b"--") {
        let rest = bytes.get(..line)?;
        let line = if rest.ends_with(b"\r") { line - 1 } else { line };
        (line.max(end), format!("{}{}{statement};", line_break(bytes), indent(bytes, at.span().start).unwrap_or("")))
    } else {
        (end, format!(" {statement};"))
    };
    let edit = Edit { at: At::new(at.file(), Span::new(place, place)), text };
    Some(Fix { what: format!("add {statement}"), edits: vec![edit] })
}

/// Puts another statement in the place of the one at a place.
#[must_use]
pub fn instead(at: At, statement: &str) -> Fix {
    Fix { what: format!("write {statement}"), edits: vec![Edit { at, text: statement.to_owned() }] }
}

/// A `SET LOCAL` of one value, on one line, as it is written.
#[must_use]
pub fn set_local(bytes: &[u8], at: At) -> Option<&str> {
    let it = Written::at(bytes, at)?;
    let is_value = |kind| matches!(kind, TokenKind::Text | TokenKind::Number);
    let is_set = it.says(0, &["set", "local"]) && (it.text(3) == "=" || it.says(3, &["to"]));
    let is_one = it.tokens.len() == 5 && it.tokens.get(4).is_some_and(|token| is_value(token.kind));
    let text = std::str::from_utf8(at.span().of(bytes)).ok()?;
    (is_set && is_one && !text.contains(['\n', '\r', '-', '/'])).then_some(text)
}

/// Whether a statement is `SET`, and not `RESET` or a call.
#[must_use]
pub fn is_set(bytes: &[u8], at: At) -> bool {
    Written::at(bytes, at).is_some_and(|it| it.says(0, &["set"]))
}

/// Whether a command to psql stands in a line between two places.
#[must_use]
pub fn has_command(bytes: &[u8], from: usize, to: usize) -> bool {
    let between = Span::new(from.min(to), from.max(to)).of(bytes);
    between.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"\\"))
}

/// Moves statements of one file, in their order, with their comments, behind another; or before
/// it. Nothing where they share their lines with others.
#[must_use]
pub fn moved(bytes: &[u8], statements: &[At], to: At, is_behind: bool) -> Option<Fix> {
    let target = lines_of(bytes, to)?;
    let mut text = String::new();
    let mut edits = Vec::new();
    for at in statements {
        let span = lines_of(bytes, *at)?;
        if at.file() != to.file() || span.start < target.end && target.start < span.end {
            return None;
        }
        text.push_str(std::str::from_utf8(span.of(bytes)).ok()?);
        if !text.ends_with('\n') {
            text.push_str(line_break(bytes));
        }
        edits.push(Edit { at: At::new(at.file(), span), text: String::new() });
    }
    let place = if is_behind { target.end } else { target.start };
    if bytes.get(..place)?.last().is_some_and(|byte| *byte != b'\n') {
        text = format!("{}{}", line_break(bytes), text.trim_end());
    }
    edits.push(Edit { at: At::new(to.file(), Span::new(place, place)), text });
    edits.sort_by_key(|edit| edit.at.span());
    let what = format!("move it {} what depends on it", if is_behind { "behind" } else { "before" });
    Some(Fix { what, edits })
}

/// The lines of a statement that has them for itself, with the comments right above it.
fn lines_of(bytes: &[u8], at: At) -> Option<Span> {
    let end = past_semicolon(bytes, at.span().end)?;
    let line = line_end(bytes, end);
    let rest = Span::new(end, line).of(bytes).trim_ascii();
    indent(bytes, at.span().start)?;
    if !rest.is_empty() && !rest.starts_with(b"--") {
        return None;
    }
    let mut start = line_start(bytes, at.span().start);
    while let Some(above) = start.checked_sub(1) {
        let before = line_start(bytes, above);
        if !Span::new(before, above).of(bytes).trim_ascii_start().starts_with(b"--") {
            break;
        }
        start = before;
    }
    Some(Span::new(start, (line + 1).min(bytes.len())))
}

/// Where the semicolon ends that follows a statement.
fn past_semicolon(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..)?;
    let blank = rest.len() - rest.trim_ascii_start().len();
    (rest.get(blank) == Some(&b';')).then_some(end + blank + 1)
}

fn line_start(bytes: &[u8], offset: usize) -> usize {
    let before = bytes.get(..offset).unwrap_or(bytes);
    before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
}

/// The offset of the line break that ends the line, or of the end.
fn line_end(bytes: &[u8], offset: usize) -> usize {
    let rest = bytes.get(offset..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |newline| offset + newline)
}

/// The blanks before the first thing on its line; nothing if there is another before it.
fn indent(bytes: &[u8], offset: usize) -> Option<&str> {
    let before = Span::new(line_start(bytes, offset), offset).of(bytes);
    let is_blank = before.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    std::str::from_utf8(before).ok().filter(|_| is_blank)
}

/// How lines end in this file.
fn line_break(bytes: &[u8]) -> &'static str {
    let newline = bytes.iter().position(|byte| *byte == b'\n');
    let before = newline.and_then(|newline| newline.checked_sub(1)).and_then(|before| bytes.get(before));
    if before == Some(&b'\r') { "\r\n" } else { "\n" }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::source::Map;
    use crate::syntax::Parser;

    fn parse(text: &str) -> Vec<Statement> {
        Parser::default().statements(text, &Map::at(FileId::new(0), 0)).expect("it parses")
    }

    /// The text with the edits of a fix; what comes of it has to be SQL again.
    fn apply(text: &str, fix: Option<Fix>) -> Option<String> {
        let mut result = text.as_bytes().to_vec();
        for edit in fix?.edits.iter().rev() {
            let span = edit.at.span();
            result.splice(span.start..span.end, edit.text.bytes());
        }
        let result = String::from_utf8(result).expect("text");
        parse(&result);
        Some(result)
    }

    fn repeated(text: &str, sqlstate: &str) -> Option<String> {
        let statements = parse(text);
        apply(text, again(text.as_bytes(), statements.first()?, sqlstate, true))
    }

    #[test]
    fn what_is_there_already_is_passed_over() {
        for (text, sqlstate, mended) in [
            ("CREATE UNLOGGED TABLE t (a int)", "42P07", "CREATE UNLOGGED TABLE IF NOT EXISTS t (a int)"),
            ("CREATE TABLE t AS SELECT 1", "42P07", "CREATE TABLE IF NOT EXISTS t AS SELECT 1"),
            ("CREATE MATERIALIZED VIEW m AS SELECT 1", "42P07", "CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1"),
            (
                "create /* Unique */ unique index\tconcurrently i on t (a)",
                "42P07",
                "create /* Unique */ unique index\tconcurrently if not exists i on t (a)",
            ),
            ("CREATE TEMP VIEW v AS SELECT 1", "42P07", "CREATE OR REPLACE TEMP VIEW v AS SELECT 1"),
            (
                "CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()",
                "42710",
                "CREATE OR REPLACE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()",
            ),
            ("CREATE SCHEMA s", "42P06", "CREATE SCHEMA IF NOT EXISTS s"),
            ("CREATE TEMP SEQUENCE s", "42P07", "CREATE TEMP SEQUENCE IF NOT EXISTS s"),
            ("CREATE EXTENSION citext", "42710", "CREATE EXTENSION IF NOT EXISTS citext"),
            ("ALTER TYPE t ADD VALUE 'x'", "42710", "ALTER TYPE t ADD VALUE IF NOT EXISTS 'x'"),
            (
                "ALTER TABLE ONLY s.t ADD a int DEFAULT f(1, 2), ADD COLUMN b int[], DROP c",
                "42701",
                "ALTER TABLE ONLY s.t ADD IF NOT EXISTS a int DEFAULT f(1, 2), ADD COLUMN IF NOT EXISTS b int[], DROP c",
            ),
        ] {
            assert_eq!(repeated(text, sqlstate).as_deref(), Some(mended));
        }
        for text in [
            "SELECT 1 AS a INTO t",
            "CREATE INDEX ON t (a)",
            "CREATE TABLE IF NOT EXISTS t (a int)",
            "CREATE TYPE t AS ENUM ('a')",
            "CREATE SCHEMA s CREATE TABLE t (a int)",
            "CREATE CONSTRAINT TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
            "ALTER TABLE t RENAME a TO b",
        ] {
            assert_eq!(repeated(text, "42P07"), None, "{text}");
            assert_eq!(repeated(text, "42710"), None, "{text}");
        }
    }

    #[test]
    fn what_is_gone_is_passed_over() {
        for (text, sqlstate, mended) in [
            ("DROP TABLE a, b", "42P01", "DROP TABLE IF EXISTS a, b"),
            ("drop Index concurrently i", "42704", "drop Index concurrently if exists i"),
            ("DROP MATERIALIZED VIEW m", "42P01", "DROP MATERIALIZED VIEW IF EXISTS m"),
            ("DROP FUNCTION f(int)", "42883", "DROP FUNCTION IF EXISTS f(int)"),
            ("DROP TRIGGER g ON t", "42704", "DROP TRIGGER IF EXISTS g ON t"),
            ("DROP USER u", "42704", "DROP USER IF EXISTS u"),
            ("DROP PUBLICATION p", "42704", "DROP PUBLICATION IF EXISTS p"),
            ("ALTER TABLE t DROP a, DROP CONSTRAINT c", "42703", "ALTER TABLE t DROP IF EXISTS a, DROP CONSTRAINT c"),
            ("ALTER TABLE t DROP a, DROP CONSTRAINT c", "42704", "ALTER TABLE t DROP a, DROP CONSTRAINT IF EXISTS c"),
            ("ALTER TABLE t DROP COLUMN a", "42703", "ALTER TABLE t DROP COLUMN IF EXISTS a"),
            ("ALTER TABLE t RENAME TO u", "42P01", "ALTER TABLE IF EXISTS t RENAME TO u"),
            ("ALTER TABLE t DROP COLUMN a", "42P01", "ALTER TABLE IF EXISTS t DROP COLUMN a"),
        ] {
            assert_eq!(repeated(text, sqlstate).as_deref(), Some(mended));
        }
        for (text, sqlstate) in [
            ("DROP TABLE IF EXISTS t", "42P01"),
            ("DROP OWNED BY u", "42704"),
            ("ALTER TABLE t RENAME a TO b", "42703"),
            ("ALTER TABLE t ALTER a SET NOT NULL", "42703"),
            ("DROP TABLE t", "2BP01"),
        ] {
            assert_eq!(repeated(text, sqlstate), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_named_as_the_columns_are_written() {
        let mended = |text: &str| {
            let statement = parse(text).into_iter().next().expect("one");
            let Act::Insert { table, .. } = &statement.act else { return None };
            apply(text, on_conflict(text.as_bytes(), statement.at, table.at, &[1, 0]))
        };
        assert_eq!(
            mended("INSERT INTO s.\"T\" AS x (\"Key\", b) VALUES (1, (2)) RETURNING b").as_deref(),
            Some(
                "INSERT INTO s.\"T\" AS x (\"Key\", b) VALUES (1, (2)) ON CONFLICT (b, \"Key\") DO NOTHING RETURNING b"
            )
        );
        assert_eq!(
            mended("\twith w as (insert into a (x, y) values (1, 2) returning x)\n\tinsert into t (a, b)\r\n\tselect x, 1 from w"),
            Some(
                "\twith w as (insert into a (x, y) values (1, 2) returning x)\n\tinsert into t (a, b)\r\n\tselect x, 1 from w\n\ton conflict (b, a) do nothing"
                    .to_owned()
            )
        );
        assert_eq!(mended("INSERT INTO t VALUES (1, 2)"), None);
        assert_eq!(mended("INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT DO NOTHING"), None);
    }

    #[test]
    fn cascade_is_left_out_and_comments_stay() {
        let mended = |text: &str| apply(text, without_cascade(text.as_bytes(), parse(text).first().expect("one").at));
        assert_eq!(mended("DROP TABLE t /* a */  CASCADE").as_deref(), Some("DROP TABLE t /* a */"));
        assert_eq!(mended("DROP TABLE t -- a\n CASCADE;").as_deref(), Some("DROP TABLE t -- a\n ;"));
        assert_eq!(mended("DROP TABLE cascade.t"), None);
    }

    #[test]
    fn statements_are_moved_with_their_comments_and_nothing_else() {
        let text = "SELECT 1;\r\n-- of two\r\n  SELECT 2; -- two\r\nSELECT 3;\r\nSELECT 4";
        let at: Vec<At> = parse(text).iter().map(|statement| statement.at).collect();
        let [one, two, three, four] = at.as_slice() else { return };
        let mended =
            |statements: &[At], to: &At, is_behind| apply(text, moved(text.as_bytes(), statements, *to, is_behind));
        assert_eq!(
            mended(&[*two], three, true).as_deref(),
            Some("SELECT 1;\r\nSELECT 3;\r\n-- of two\r\n  SELECT 2; -- two\r\nSELECT 4")
        );
        assert_eq!(
            mended(&[*two, *three], one, false).as_deref(),
            Some("-- of two\r\n  SELECT 2; -- two\r\nSELECT 3;\r\nSELECT 1;\r\nSELECT 4")
        );
        // Its end is not known.
        assert_eq!(mended(&[*one], four, true), None);
        let text = "SELECT 1; SELECT 2;\nSELECT 3;";
        let at: Vec<At> = parse(text).iter().map(|statement| statement.at).collect();
        let [one, _, three] = at.as_slice() else { return };
        assert!(moved(text.as_bytes(), &[*one], *three, true).is_none());
    }

    #[test]
    fn statements_are_added_on_lines_of_their_own() {
        let mended = |text: &str| {
            let at = parse(text).first().expect("one").at;
            apply(text, behind(text.as_bytes(), at, "SELECT 0"))
        };
        assert_eq!(mended("\tBEGIN; -- a\r\nCOMMIT;").as_deref(), Some("\tBEGIN; -- a\r\n\tSELECT 0;\r\nCOMMIT;"));
        assert_eq!(mended("BEGIN; COMMIT;").as_deref(), Some("BEGIN; SELECT 0; COMMIT;"));
        assert_eq!(mended("BEGIN;").as_deref(), Some("BEGIN;\nSELECT 0;"));
        assert_eq!(mended("BEGIN"), None);
    }
}

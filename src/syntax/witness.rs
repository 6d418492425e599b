//! What other parsers say of statements that are read already: squawk of everything, sqlparser
//! of the few things that it tells rightly. They bear witness; they decide nothing.

use sqlparser::ast::{self, FromTable, ObjectName, ObjectType, SetExpr, TableFactor, TableObject};
use sqlparser::dialect::PostgreSqlDialect;

use super::{Parser, token};
use crate::effect::{Act, Ident, Name, ObjectKind, Statement};
use crate::source::{Map, Span};

/// What squawk reads otherwise than `statements`, which were read of the same text: one
/// sentence. In the words with which a body is refused the two may differ.
pub fn second_opinion(text: &str, map: &Map, statements: &[Statement]) -> Option<String> {
    let theirs = match Parser::Squawk.statements(text, map) {
        Ok(theirs) => theirs,
        Err(error) => return Some(format!("squawk does not read it: {}", error.message)),
    };
    if theirs == statements {
        return None;
    }
    if theirs.len() != statements.len() {
        return Some(format!("squawk reads {}, not {}", counted(theirs.len()), counted(statements.len())));
    }
    let mut pairs = statements.iter().zip(&theirs).enumerate();
    pairs.find_map(|(index, (ours, theirs))| difference(index + 1, ours, theirs))
}

fn counted(statements: usize) -> String {
    if statements == 1 { "1 statement".to_owned() } else { format!("{statements} statements") }
}

/// The first part in which two readings of a statement differ.
fn difference(number: usize, ours: &Statement, theirs: &Statement) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let (ours, theirs) = (lines(ours), lines(theirs));
    let index = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs).or_else(|| {
        let shorter = ours.len().min(theirs.len());
        (ours.len() != theirs.len()).then_some(shorter)
    })?;
    let shown = |lines: &[String]| -> String {
        lines.get(index).map_or("nothing", |line| line.trim().trim_end_matches(['{', '(', '[', ' ', ','])).to_owned()
    };
    // The names of the fields that hold the line, the act's own first.
    let mut path = Vec::new();
    let mut depth = usize::MAX;
    for line in ours.get(..=index).unwrap_or(&ours).iter().rev() {
        let indent = line.len() - line.trim_start().len();
        if indent < depth {
            depth = indent;
            path.extend(line.trim_start().split_once(": ").map(|(field, _)| field));
        }
    }
    let path: Vec<&str> = path.into_iter().rev().filter(|field| *field != "act").take(3).collect();
    let part = if path.is_empty() { "kind".to_owned() } else { path.join(" of ") };
    let (shown_ours, shown_theirs) = (shown(&ours), shown(&theirs));
    Some(format!("squawk reads the {part} of statement {number} as `{shown_theirs}`, not as `{shown_ours}`"))
}

/// A statement, a line for each of its parts, without places and without the words in which
/// something is refused.
fn lines(statement: &Statement) -> Vec<String> {
    let shown = format!("{statement:#?}");
    let mut place = false;
    let told = |line: &&str| {
        let line = line.trim_start();
        if place {
            place = !line.starts_with('}');
            return false;
        }
        place = line.starts_with("at: At {");
        !place && !line.starts_with("why: ")
    };
    shown.split('\n').filter(told).map(str::to_owned).collect()
}

/// What sqlparser reads otherwise than `statements`, which were read of the same text: their
/// number, their kinds and the tables that they name. Silent where it cannot read the text,
/// and where it is known to misread.
pub fn disagreement(text: &str, statements: &[Statement]) -> Option<String> {
    // It takes `U&` for a name, the text after COPY for its data and the semicolon after
    // `TABLE t` for a part of it.
    if [b"U&", b"u&"].iter().any(|prefix| text.as_bytes().windows(2).any(|pair| pair == *prefix)) {
        return None;
    }
    if statements.iter().any(|statement| matches!(statement.act, Act::Copy { .. })) {
        return None;
    }
    let theirs = sqlparser::parser::Parser::parse_sql(&PostgreSqlDialect {}, text).ok()?;
    if theirs.len() != statements.len() {
        let swallows = statements.iter().any(|statement| matches!(statement.act, Act::CreateView { .. }));
        let told = format!("sqlparser reads {}, not {}", counted(theirs.len()), counted(statements.len()));
        return (!swallows).then_some(told);
    }
    let mut pairs = statements.iter().zip(&theirs).enumerate();
    pairs.find_map(|(index, (ours, theirs))| {
        let theirs = told(theirs)?;
        // Without a target it takes INTO for one.
        if matches!(ours.act, Act::CreateTableAs { .. }) && theirs.kind == "SELECT" {
            return None;
        }
        let ours = known(&ours.act)?;
        if ours.kind == theirs.kind && (theirs.names.is_empty() || ours.names == theirs.names) {
            return None;
        }
        Some(format!("sqlparser reads statement {} as {theirs}, not as {ours}", index + 1))
    })
}

/// The kind of a statement and what it is about.
#[derive(PartialEq, Eq)]
struct Told {
    kind: &'static str,
    /// Schema and name of each; none where there is nothing to compare.
    names: Vec<(Option<Ident>, Ident)>,
}

/// `DELETE of s.t`
impl std::fmt::Display for Told {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.kind)?;
        for (index, (schema, name)) in self.names.iter().enumerate() {
            formatter.write_str(if index == 0 { " of " } else { ", " })?;
            match schema {
                Some(schema) => write!(formatter, "{schema}.{name}")?,
                None => write!(formatter, "{name}")?,
            }
        }
        Ok(())
    }
}

/// Our reading, as far as sqlparser's can be held against it.
fn known(act: &Act) -> Option<Told> {
    let of = |kind, names: &[&Name]| {
        let names = names.iter().map(|name| (name.schema.clone(), name.name.clone())).collect();
        Some(Told { kind, names })
    };
    match act {
        Act::Insert { table, .. } => of("INSERT", &[table]),
        Act::Update { table, .. } => of("UPDATE", &[table]),
        Act::Delete { table, .. } => of("DELETE", &[table]),
        Act::Truncate { tables, .. } => of("TRUNCATE", &tables.iter().collect::<Vec<_>>()),
        Act::CreateTable { name, .. } => of("CREATE TABLE", &[name]),
        Act::CreateTableAs { name, materialized: false, .. } => of("CREATE TABLE", &[name]),
        Act::CreateTableAs { name, .. } | Act::CreateView { name, .. } => of("CREATE VIEW", &[name]),
        Act::AlterTable { kind: ObjectKind::Table, name, .. } => of("ALTER TABLE", &[name]),
        Act::Rename { object, .. } | Act::SetSchema { object, .. } => match object.kind {
            ObjectKind::Table => of("ALTER TABLE", &[&object.name]),
            _ => None,
        },
        Act::Drop { objects, .. } => {
            let kind = dropped(&objects.first()?.kind)?;
            of(kind, &objects.iter().map(|object| &object.name).collect::<Vec<_>>())
        }
        Act::Select(_) => of("SELECT", &[]),
        Act::Merge { .. } => of("MERGE", &[]),
        Act::Lock { .. } | Act::Grant { .. } | Act::Comment { .. } | Act::Transaction(_) | Act::Set { .. } => {
            of("another statement", &[])
        }
        _ => None,
    }
}

const fn dropped(kind: &ObjectKind) -> Option<&'static str> {
    Some(match kind {
        ObjectKind::Table => "DROP TABLE",
        ObjectKind::View => "DROP VIEW",
        ObjectKind::MaterializedView => "DROP MATERIALIZED VIEW",
        ObjectKind::Index => "DROP INDEX",
        ObjectKind::Schema => "DROP SCHEMA",
        ObjectKind::Sequence => "DROP SEQUENCE",
        ObjectKind::Type => "DROP TYPE",
        _ => return None,
    })
}

/// sqlparser's reading, as far as it is to be trusted.
fn told(statement: &ast::Statement) -> Option<Told> {
    let of = |kind, names: Vec<&ObjectName>| {
        let names: Option<Vec<_>> = names.into_iter().map(name).collect();
        Some(Told { kind, names: names.unwrap_or_default() })
    };
    match statement {
        ast::Statement::Insert(insert) => match &insert.table {
            TableObject::TableName(table) => of("INSERT", vec![table]),
            _ => of("INSERT", Vec::new()),
        },
        ast::Statement::Update(update) => of("UPDATE", relation(&update.table.relation)),
        ast::Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
            of("DELETE", tables.first().map(|table| relation(&table.relation)).unwrap_or_default())
        }
        ast::Statement::Truncate(truncate) => {
            of("TRUNCATE", truncate.table_names.iter().map(|table| &table.name).collect())
        }
        ast::Statement::CreateTable(create) => of("CREATE TABLE", vec![&create.name]),
        ast::Statement::CreateView(create) => of("CREATE VIEW", vec![&create.name]),
        ast::Statement::AlterTable(alter) => of("ALTER TABLE", vec![&alter.name]),
        ast::Statement::Drop { object_type, names, .. } => {
            let kind = match object_type {
                ObjectType::Table => "DROP TABLE",
                ObjectType::View => "DROP VIEW",
                ObjectType::MaterializedView => "DROP MATERIALIZED VIEW",
                ObjectType::Index => "DROP INDEX",
                ObjectType::Schema => "DROP SCHEMA",
                ObjectType::Sequence => "DROP SEQUENCE",
                ObjectType::Type => "DROP TYPE",
                _ => return None,
            };
            of(kind, names.iter().collect())
        }
        ast::Statement::Query(query) => match query.body.as_ref() {
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => told(inner),
            SetExpr::Merge(_) => of("MERGE", Vec::new()),
            SetExpr::Select(select) => match &select.into {
                Some(_) => None,
                None => of("SELECT", Vec::new()),
            },
            SetExpr::Values(_) => of("SELECT", Vec::new()),
            _ => None,
        },
        _ => None,
    }
}

fn relation(factor: &TableFactor) -> Vec<&ObjectName> {
    match factor {
        TableFactor::Table { name, .. } => vec![name],
        _ => Vec::new(),
    }
}

/// Schema and name as PostgreSQL keeps them; nothing where `ONLY` was taken for the name.
fn name(name: &ObjectName) -> Option<(Option<Ident>, Ident)> {
    let mut parts = Vec::new();
    for part in &name.0 {
        let part = part.as_ident()?;
        let written = match part.quote_style {
            Some('"') => format!("\"{}\"", part.value.replace('"', "\"\"")),
            None if !part.value.eq_ignore_ascii_case("only") => part.value.clone(),
            _ => return None,
        };
        parts.push(token::decode_word(&written, Span::new(0, written.len())));
    }
    let last = parts.pop()?;
    Some((parts.pop(), last))
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test stops where its text is not what it should be")]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn read(text: &str) -> Vec<Statement> {
        Parser::default().statements(text, &Map::at(FileId::new(0), 0)).expect(text)
    }

    #[test]
    fn squawk_agrees_or_says_where_it_does_not() {
        let map = Map::at(FileId::new(0), 0);
        let opinion = |text: &str, of: &str| second_opinion(text, &map, &read(of));
        let told = |text: &str, of: &str| opinion(text, of).unwrap_or_default();
        assert_eq!(opinion("DELETE FROM t WHERE a = 1", "DELETE FROM t -- x\n WHERE (a) = 1;"), None);
        assert_eq!(told("SELECT 1; SELECT 2", "SELECT 1"), "squawk reads 2 statements, not 1 statement");
        assert!(told("SELECT FROM FROM", "SELECT").starts_with("squawk does not read it: "));
        assert_eq!(
            told("SELECT 1; DELETE FROM t WHERE a = 1", "SELECT 1; DELETE FROM t WHERE a = 2"),
            "squawk reads the filter of kind of right of statement 2 as `\"1\"`, not as `\"2\"`"
        );
        assert_eq!(
            told("DELETE FROM a", "DELETE FROM b"),
            "squawk reads the table of name of statement 1 as `name: \"a\"`, not as `name: \"b\"`"
        );
        assert!(told("DROP TABLE a", "DELETE FROM a").contains("as `act: Drop`, not as `act: Delete`"));
        // Each refuses the body in its own words.
        let body = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEC 1'";
        assert_eq!(opinion(body, body), None);
    }

    #[test]
    fn sqlparser_speaks_of_kinds_and_names_only() {
        for text in [
            "DELETE FROM s.\"T\" USING u WHERE a = 1; UPDATE ONLY t SET a = 1; SELECT 1",
            "WITH w AS (SELECT 1) INSERT INTO t SELECT * FROM w",
            "DROP TABLE IF EXISTS A, b.C CASCADE; TRUNCATE a, b; ALTER TABLE t RENAME TO u",
            "CREATE TEMP TABLE t AS SELECT 1; SELECT a INTO t FROM u; CREATE VIEW v AS TABLE t; SELECT 1",
            "SELECT 'a'\n'b', x isnull FROM t; SELECT INTO t FROM u",
            "DELETE FROM U&\"d\\0061ta\"",
            "COPY t FROM STDIN; SELECT 1",
            "DO $$ BEGIN NULL; END $$",
        ] {
            assert_eq!(disagreement(text, &read(text)), None, "{text}");
        }
        let told = |text: &str, of: &str| disagreement(text, &read(of)).unwrap_or_default();
        assert_eq!(
            told("DELETE FROM s.a", "DELETE FROM s.b"),
            "sqlparser reads statement 1 as DELETE of s.a, not as DELETE of s.b"
        );
        assert_eq!(
            told("DROP TABLE a, b", "TRUNCATE a, b"),
            "sqlparser reads statement 1 as DROP TABLE of a, b, not as TRUNCATE of a, b"
        );
        assert_eq!(told("SELECT 1; SELECT 2", "SELECT 1"), "sqlparser reads 2 statements, not 1 statement");
    }
}

//! Two readers of SQL, one meaning: what squawk's trees come to equals what PostgreSQL's come to.

#[cfg(feature = "pg_query")]
mod families;

use roof_lint::effect::Statement;
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::{Parser, SyntaxError};
#[cfg(feature = "pg_query")]
use roof_lint::syntax::{shape, witness};

fn read(parser: Parser, text: &str) -> Result<Vec<Statement>, SyntaxError> {
    parser.statements(text, &Map::at(FileId::new(0), 0))
}

#[cfg(feature = "pg_query")]
#[test]
fn the_release_means_the_same_to_both() {
    let mut count = 0;
    for entry in walkdir::WalkDir::new("sql").into_iter().filter_map(Result::ok) {
        if entry.path().extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let bytes = std::fs::read(entry.path()).expect("a script");
        for item in &roof_lint::psql::read(&bytes).items {
            let roof_lint::psql::Item::Statement(statement) = item else { continue };
            let rendered = statement.render(&bytes, &mut |_, name| Some([b"'", name, b"'"].concat()));
            let text = String::from_utf8(rendered.text).expect("UTF-8");
            let ours = read(Parser::PostgreSql, &text).expect("PostgreSQL reads the release");
            let map = Map::at(FileId::new(0), 0);
            assert_eq!(witness::second_opinion(&text, &map, &ours), None, "{}: {text}", entry.path().display());
            assert_eq!(witness::disagreement(&text, &ours), None, "{}: {text}", entry.path().display());
            assert_eq!(read(Parser::Squawk, &text), Ok(ours), "{}: {text}", entry.path().display());
            count += 1;
        }
    }
    assert!(count > 300, "only {count} statements");
}

#[test]
fn a_text_that_squawk_does_not_take_is_refused_where_it_errs() {
    for (text, expected) in [("SELECT 1 FROM FROM t", 14), ("DROP TABLE", 0), ("SELECT 'a", 7)] {
        let error = read(Parser::Squawk, text).expect_err(text);
        assert_eq!(error.at.span().start, expected, "{text}: {}", error.message);
    }
    let refused = ["SELECT '\0'", "ALTER TABLE t", "SELECT a < b < c", "CREATE TABLE t", "REPACK t"];
    for text in refused {
        assert!(read(Parser::Squawk, text).is_err(), "{text}");
    }
    assert!(read(Parser::Squawk, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEC 1'").is_ok());
}

/// Where the two differ over a text, from the first difference on.
#[cfg(feature = "pg_query")]
fn difference(text: &str) -> Option<String> {
    let shown = |parser| format!("{:?}", read(parser, text).map_err(|error| error.message));
    if read(Parser::PostgreSql, text) == read(Parser::Squawk, text) && read(Parser::Squawk, text).is_ok() {
        return None;
    }
    let (ours, theirs) = (shown(Parser::PostgreSql), shown(Parser::Squawk));
    let words =
        |shown: &str| shown.split_inclusive(", ").filter(|word| !word.contains("At {")).map(str::to_owned).collect();
    let (ours, theirs): (Vec<String>, Vec<String>) = (words(&ours), words(&theirs));
    let index = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs).unwrap_or(0);
    let from = |words: &[String]| words.iter().skip(index.saturating_sub(3)).take(12).cloned().collect::<String>();
    Some(format!("{text}\n  PostgreSQL: {}\n  squawk: {}", from(&ours), from(&theirs)))
}

#[cfg(feature = "pg_query")]
#[test]
fn every_family_of_statements_means_the_same_to_both() {
    let expressions = families::EXPRESSIONS.iter().map(|expression| format!("SELECT {expression} FROM t"));
    let statements = [families::QUERIES, families::CHANGES, families::SESSIONS, families::DEFINITIONS];
    let texts: Vec<String> = expressions.chain(statements.concat().into_iter().map(str::to_owned)).collect();
    let differences: Vec<String> = texts.iter().filter_map(|text| difference(text)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let count: usize = texts.iter().map(|text| read(Parser::Squawk, text).map_or(0, |read| read.len())).sum();
    assert!(count > 400, "only {count} statements");
    for text in &texts {
        let ours = read(Parser::PostgreSql, text).expect("it is read");
        assert_eq!(witness::disagreement(text, &ours), None, "sqlparser over {text}");
    }
}

#[cfg(feature = "pg_query")]
#[test]
fn an_exception_stays_one_only_while_the_two_differ() {
    for (text, why) in families::EXCEPTIONS {
        let (ours, theirs) = (read(Parser::PostgreSql, text).ok(), read(Parser::Squawk, text).ok());
        assert_ne!(theirs, ours, "{text} is no exception any more ({why})");
    }
}

/// A text of the same shape, with other names and literals.
#[cfg(feature = "pg_query")]
fn twin(text: &str) -> Option<String> {
    let shape = String::from_utf8(shape::of(text)?).expect("UTF-8");
    let other = |(number, token): (usize, &str)| match token {
        "a" => format!("Name_{number}"),
        "\"" => format!("\"Name {number}\"").replace(' ', "_"),
        "'" => format!("'text {number}'"),
        "0" => format!("{}", number + 7),
        same => same.to_owned(),
    };
    Some(shape.split(' ').enumerate().map(other).collect::<Vec<_>>().join(" "))
}

#[cfg(feature = "pg_query")]
#[test]
fn texts_of_one_shape_are_agreed_upon_together() {
    let agreed = |text: &str| {
        let ours = read(Parser::PostgreSql, text).ok()?;
        let map = Map::at(FileId::new(0), 0);
        Some(witness::second_opinion(text, &map, &ours).or_else(|| witness::disagreement(text, &ours)).is_none())
    };
    let expressions = families::EXPRESSIONS.iter().map(|expression| format!("SELECT {expression} FROM t"));
    let statements = [families::QUERIES, families::CHANGES, families::SESSIONS, families::DEFINITIONS].concat();
    let exceptions = families::EXCEPTIONS.iter().map(|(text, _)| *text);
    let texts = expressions.chain(statements.into_iter().chain(exceptions).map(str::to_owned));
    let mut count = 0;
    for text in texts {
        let Some(twin) = twin(&text) else { continue };
        assert_eq!(shape::of(&twin), shape::of(&text), "{text}\n{twin}");
        assert_eq!(agreed(&twin), agreed(&text), "{text}\n{twin}");
        count += 1;
    }
    assert!(count > 250, "only {count} texts");
}

#[cfg(feature = "pg_query")]
#[test]
fn an_expression_on_its_own_is_one_to_both() {
    let map = Map::at(FileId::new(0), 100);
    for text in ["1 + 2", "(SELECT count(*) FROM t) >= 1 -- and no more", "a AND b", "x", "'a' || b", "(1)"] {
        let ours = Parser::PostgreSql.expression(text, &map).expect(text);
        assert_eq!(Parser::Squawk.expression(text, &map), Ok(ours), "{text}");
    }
    for text in ["1, 2", "1) FROM t --", "1; DROP TABLE t", "1 AS a", "", "*) FROM (SELECT 1", "(SELECT 1", "(1, 2)"] {
        assert!(Parser::PostgreSql.expression(text, &map).is_err(), "{text}");
        assert!(Parser::Squawk.expression(text, &map).is_err(), "{text}");
    }
    let expr = Parser::Squawk.expression("  ab >= 1 ", &map).expect("an expression");
    assert_eq!(expr.at.span(), roof_lint::source::Span::new(102, 109));
}

#[test]
fn what_is_too_deep_is_refused_and_never_ends_the_program() {
    let work = || {
        let chain = |with: &str, parts: usize| format!("SELECT {}", vec!["a"; parts].join(with));
        let nested =
            |open: &str, close: &str, levels: usize| format!("SELECT {}1{}", open.repeat(levels), close.repeat(levels));
        for with in [" || ", " AND ", " UNION SELECT ", " + - "] {
            assert!(read(Parser::Squawk, &chain(with, 400)).is_ok(), "{with}");
            assert!(read(Parser::Squawk, &chain(with, 50_000)).is_err(), "{with}");
        }
        for (open, close) in [("(", ")"), ("CASE WHEN true THEN ", " END"), ("NOT ", ""), ("f(", ")"), ("ARRAY[", "]")]
        {
            assert!(read(Parser::Squawk, &nested(open, close, 400)).is_ok(), "{open}");
            let error = read(Parser::Squawk, &nested(open, close, 50_000)).expect_err(open);
            assert!(error.message.contains("1000 levels"), "{}", error.message);
        }
        assert!(
            read(Parser::Squawk, &format!("INSERT INTO t VALUES {}", vec!["(1 + 2, 'x')"; 20_000].join(", "))).is_ok()
        );
    };
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work).expect("a thread");
    thread.join().expect("no overflow");
}

//! Two readers of SQL, one meaning: what squawk's trees come to equals what PostgreSQL's come to.

use roof_lint::effect::Statement;
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::{Parser, SyntaxError};

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
    assert!(read(Parser::Squawk, "SELECT '\0'").is_err());
    assert!(read(Parser::Squawk, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEC 1'").is_ok());
}

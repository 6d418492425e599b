//! Statements in our words, as PostgreSQL's own grammar reads them.

#![cfg(feature = "pg_query")]

use roof_lint::effect::{Act, At, ExprKind, Statement};
use roof_lint::source::{FileId, Map, Span, place};
use roof_lint::syntax::Parser;

fn read(text: &str) -> Vec<Statement> {
    Parser::PostgreSql.statements(text, &Map::at(FileId::new(0), 0)).unwrap_or_else(|error| panic!("{error:?}"))
}

fn shown(text: &str, at: At) -> &str {
    let Span { start, end } = at.span();
    text.get(start..end).expect("a span of the text")
}

#[test]
fn a_statement_stands_from_its_first_token_to_its_last() {
    let text = "  -- a comment\n SELECT 1 /* one */ ;\n\n DELETE FROM a.b WHERE c = 'd' -- e\n";
    let statements = read(text);
    let spans: Vec<_> = statements.iter().map(|statement| shown(text, statement.at)).collect();
    assert_eq!(spans, ["SELECT 1", "DELETE FROM a.b WHERE c = 'd'"]);
}

#[test]
fn names_stand_where_they_are_written() {
    let text = "DROP TABLE IF EXISTS public.parent, \"Child\"; COMMENT ON COLUMN s.t.c IS 'x'";
    let statements = read(text);
    let Act::Drop { objects, if_exists: true, .. } = &statements[0].act else { panic!("{:?}", statements[0]) };
    let found: Vec<_> = objects.iter().map(|object| (object.name.to_string(), shown(text, object.name.at))).collect();
    assert_eq!(found, [("public.parent".to_owned(), "public.parent"), ("Child".to_owned(), "\"Child\"")]);
    let Act::Comment { object, .. } = &statements[1].act else { panic!("{:?}", statements[1]) };
    assert_eq!((object.name.to_string().as_str(), object.part.as_deref()), ("s.t", Some("c")));
    assert_eq!(shown(text, object.name.at), "s.t");
}

#[test]
fn a_syntax_error_stands_at_the_token_that_postgresql_stops_at() {
    for (text, expected) in [
        ("SELECT 1 FROM FROM t", "FROM"),
        ("CREATE TABLE t (a int,, b int)", ","),
        ("DELETE FROM t WHERE", "WHERE"),
        ("INSERT INTO đ VALUES (1)) ", ")"),
    ] {
        let error = Parser::PostgreSql.statements(text, &Map::at(FileId::new(0), 0)).expect_err(text);
        assert_eq!(shown(text, error.at), expected, "{text}: {}", error.message);
    }
}

#[test]
fn an_expression_is_one_expression() {
    let map = Map::at(FileId::new(0), 100);
    let parser = Parser::PostgreSql;
    let expr = parser.expression("(SELECT count(*) FROM t) >= 1 -- and no more", &map).expect("an expression");
    let ExprKind::Operator { operator, .. } = &expr.kind else { panic!("{expr:?}") };
    assert_eq!((operator.as_str(), expr.at.span()), (">=", Span::new(125, 127)));
    for text in ["1, 2", "1) FROM t --", "1; DROP TABLE t", "1 AS a", "", "*) FROM (SELECT 1"] {
        assert!(parser.expression(text, &map).is_err(), "{text}");
    }
}

#[test]
fn deep_and_long_expressions_are_read_or_refused_and_never_end_the_program() {
    let work = || {
        let long = |parts: usize| format!("SELECT {}", vec!["'x'"; parts].join(" || "));
        assert_eq!(read(&long(300)).len(), 1);
        assert_eq!(read(&vec!["SELECT 1"; 100].join(" UNION ALL ")).len(), 1);
        let map = Map::at(FileId::new(0), 0);
        for text in [long(50_000), format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000))] {
            let error = Parser::PostgreSql.statements(&text, &map).expect_err("too deep");
            assert!(error.message.contains("stack depth") || error.message.contains("memory"), "{}", error.message);
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 << 20).spawn(work).expect("a thread");
    thread.join().expect("no overflow");
}

#[test]
fn the_release_is_read_without_a_gap() {
    let mut count = 0;
    for entry in walkdir::WalkDir::new("sql").into_iter().filter_map(Result::ok) {
        if entry.path().extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let bytes = std::fs::read(entry.path()).expect("a script");
        let script = roof_lint::psql::read(&bytes);
        for item in &script.items {
            let roof_lint::psql::Item::Statement(statement) = item else { continue };
            let rendered = statement.render(&bytes, &mut |_, name| Some([b"'", name, b"'"].concat()));
            let text = String::from_utf8(rendered.text.clone()).expect("UTF-8");
            let map = rendered.map(FileId::new(0));
            let read = Parser::PostgreSql.statements(&text, &map);
            let read = read.unwrap_or_else(|error| panic!("{}: {error:?}", entry.path().display()));
            for statement in read {
                let line = place(&bytes, statement.at.span().start).line;
                let shown = format!("{:?}", statement.act);
                assert!(!shown.contains("unread"), "{}:{line}: {shown}", entry.path().display());
                assert!(!matches!(statement.act, Act::Opaque { .. }), "{}:{line}", entry.path().display());
                count += 1;
            }
        }
    }
    assert!(count > 300, "only {count} statements");
}

//! What follows from what: tables of premises and goals.

use roof_lint::effect::{Act, Expr, Ident, Name};
use roof_lint::logic::{Facts, Known, Reach, Truth, World, confined};
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::Parser;

struct Example;

impl World for Example {
    fn relation(&self, name: &Name) -> Name {
        Name { schema: Some(name.schema.clone().unwrap_or_else(|| Ident::from("public"))), ..name.clone() }
    }
    fn never_null(&self, _: &Name, column: &str) -> bool {
        matches!(column, "id" | "tag")
    }
    fn unique(&self, _: &Name, columns: &[Ident]) -> bool {
        columns.iter().any(|column| column == "id")
    }
    fn has_column(&self, relation: &Name, column: &str) -> Option<bool> {
        match relation.name.as_str() {
            "t" => Some(matches!(column, "id" | "tag" | "note" | "parent")),
            "u" => Some(matches!(column, "id" | "t_id" | "mark")),
            _ => None,
        }
    }
}

fn expr(text: &str) -> Expr {
    Parser::PostgreSql.expression(text, &Map::at(FileId::new(0), 0)).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

const GATE: &str = "(SELECT count(*) FROM t) >= 1";

#[test]
fn a_guard_that_was_passed_says_what_it_says() {
    // What raises when it is TRUE, and whether the gate holds where it did not.
    let guards = [
        ("(SELECT count(*) FROM t) < 1", Known::Yes),
        ("(SELECT count(*) FROM public.t) = 0", Known::Yes),
        ("(SELECT count(1) FROM t) <= 0", Known::Yes),
        ("(SELECT count(id) FROM t) < 1", Known::Yes),
        ("(SELECT count(note) FROM t) < 1", Known::Yes),
        ("1 > (SELECT count(*) FROM \"t\")", Known::Yes),
        ("NOT (SELECT count(*) FROM t) >= 1", Known::Yes),
        ("NOT EXISTS (SELECT FROM t)", Known::Yes),
        ("NOT EXISTS (SELECT 1 FROM t WHERE tag = 'x')", Known::Yes),
        ("NOT EXISTS (SELECT * FROM t LIMIT 1)", Known::Yes),
        ("NOT (SELECT count(*) > 0 FROM t)", Known::Yes),
        ("(SELECT count(*) FROM t) NOT BETWEEN 1 AND 100", Known::Yes),
        ("(SELECT count(*) FROM t) <> 42", Known::Yes),
        ("(SELECT count(*) FROM t) NOT IN (3, 4)", Known::Yes),
        ("coalesce((SELECT count(*) FROM t), 0) < 1", Known::Yes),
        ("(SELECT count(*) FROM t) IS NULL OR (SELECT count(*) FROM t) < 1", Known::Yes),
        ("CASE WHEN EXISTS (SELECT FROM t) THEN false ELSE true END", Known::Yes),
        ("(SELECT 1 FROM t LIMIT 1) IS NULL", Known::Yes),
        ("(SELECT count(*) - 1 FROM t) < 0", Known::Yes),
        ("0 >= ANY (SELECT count(*) FROM t)", Known::Yes),
        ("(SELECT count(*) FROM (SELECT * FROM t) AS s) = 0", Known::Yes),
        ("(SELECT count(*) FROM t WHERE true) = 0", Known::Yes),
        ("(SELECT count(*)::int FROM t) = 0", Known::Yes),
        ("(SELECT count(*) FROM t) < 0", Known::Unsaid),
        ("(SELECT count(*) FROM t) > 1", Known::Unsaid),
        ("(SELECT count(*) FROM t) >= 1", Known::No),
        ("(SELECT count(*) FROM u) < 1", Known::Unsaid),
        ("(SELECT count(*) FROM other.t) < 1", Known::Unsaid),
        ("(SELECT max(id) FROM t) < 1", Known::Unsaid),
        ("(SELECT sum(id) FROM t) = 0", Known::Unsaid),
        ("NULLIF((SELECT count(*) FROM t), 0) < 1", Known::Unsaid),
        ("(SELECT count(*) FROM t) < 1 AND current_user = 'x'", Known::Unsaid),
        ("EXISTS (SELECT count(*) FROM t)", Known::No),
        ("NOT EXISTS (SELECT count(*) FROM t)", Known::Unsaid),
        ("(SELECT count(*) FROM t LEFT JOIN u ON true) < 1", Known::Unsaid),
        ("(SELECT count(*) FROM t, u) < 1", Known::Unsaid),
        ("(SELECT count(*) FROM t GROUP BY tag) < 1", Known::Unsaid),
        ("EXISTS (SELECT FROM t)", Known::No),
        ("false", Known::Unsaid),
    ];
    for (guard, expected) in guards {
        let mut facts = Facts::default();
        facts.assume(&expr(guard), Truth::NotTrue, &Example);
        let found = facts.entails(&expr(GATE), &Example);
        // A guard that nothing passes says everything.
        let impossible = facts.contradictory(&Example);
        assert!(found == expected || (impossible && expected == Known::No), "{guard}: {found:?}, not {expected:?}");
    }
}

#[test]
fn goals_of_all_kinds_follow() {
    let rows = [
        ("current_database() IS NOT DISTINCT FROM 'd'", "current_database() = 'd'", Known::Yes),
        ("pg_catalog.current_database() = 'd'", "current_database() = 'd'", Known::Yes),
        ("current_database() = 'e'", "current_database() = 'd'", Known::No),
        ("current_database() IN ('d', 'e')", "current_database() = 'd'", Known::Unsaid),
        ("NOT (current_database() <> 'd')", "current_database() = 'd'", Known::Yes),
        ("current_database() = ANY (ARRAY['d'])", "current_database() = 'd'", Known::Yes),
        ("current_database() LIKE 'd'", "current_database() = 'd'", Known::Yes),
        ("current_database() LIKE 'd%'", "current_database() = 'd'", Known::Unsaid),
        ("a = 'x' AND b = a", "b = 'x'", Known::Yes),
        ("a LIKE 'gov\\_%'", "a LIKE 'gov%'", Known::Yes),
        ("a LIKE 'gov%'", "a LIKE 'gov\\_%'", Known::Unsaid),
        ("a = 'gov_1'", "starts_with(a, 'gov')", Known::Yes),
        ("n > 3 OR n > 5", "n > 3", Known::Yes),
        ("n > 3 OR m > 5", "n > 3", Known::Unsaid),
        ("n = 3", "n IS NOT NULL", Known::Yes),
        ("n IS NOT NULL", "n = n", Known::Yes),
        ("true", "n = n", Known::Unsaid),
        ("n < 5 AND m >= 5", "n < m", Known::Yes),
        ("n < 5 AND m >= 4", "n < m", Known::Unsaid),
        ("(SELECT count(*) FROM t WHERE tag = 'x') = 30", "(SELECT count(*) FROM t) >= 30", Known::Yes),
        ("(SELECT count(*) FROM t) = 0", "NOT EXISTS (SELECT FROM t WHERE tag = 'x')", Known::Yes),
        (
            "(SELECT count(*) FROM t WHERE tag = 'x' AND id = 1) >= 1",
            "EXISTS (SELECT FROM t AS a WHERE a.tag = 'x')",
            Known::Yes,
        ),
        (
            "NOT ((SELECT count(*) FROM t) = 0 AND (SELECT count(*) FROM u) <> 210)",
            "(SELECT count(*) FROM u) = 210 OR (SELECT count(*) FROM t) <> 0",
            Known::Yes,
        ),
        ("b", "b IS TRUE", Known::Yes),
        ("b = true", "b", Known::Yes),
        ("NOT b", "b IS NOT TRUE", Known::Yes),
    ];
    for (premise, goal, expected) in rows {
        let mut facts = Facts::default();
        facts.assume(&expr(premise), Truth::True, &Example);
        assert_eq!(facts.entails(&expr(goal), &Example), expected, "{premise} / {goal}");
    }
}

#[test]
fn a_row_that_is_reached_carries_the_tag_or_may_not() {
    let rows = [
        ("DELETE FROM t WHERE tag = 'x'", Known::Yes),
        ("DELETE FROM public.t AS a WHERE a.tag = 'x' AND a.id > 3", Known::Yes),
        ("DELETE FROM t WHERE t.tag IN ('x')", Known::Yes),
        ("DELETE FROM t WHERE tag = 'x' AND note = 'a' OR tag = 'x' AND note = 'b'", Known::Yes),
        ("DELETE FROM t WHERE tag = ANY ('{x}'::text[])", Known::Yes),
        ("DELETE FROM t WHERE NOT (tag <> 'x')", Known::Yes),
        ("DELETE FROM t WHERE tag LIKE 'x'", Known::Yes),
        ("DELETE FROM t WHERE id IN (SELECT id FROM t WHERE tag = 'x')", Known::Yes),
        ("DELETE FROM t AS a WHERE EXISTS (SELECT FROM t AS b WHERE b.id = a.id AND b.tag = 'x')", Known::Yes),
        ("DELETE FROM t USING u WHERE u.t_id = t.id AND t.tag = 'x'", Known::Yes),
        ("DELETE FROM t USING u WHERE u.t_id = t.id AND tag = 'x'", Known::Yes),
        ("DELETE FROM t WHERE CASE WHEN tag = 'x' THEN true ELSE false END", Known::Yes),
        ("DELETE FROM t", Known::Unsaid),
        ("DELETE FROM t WHERE tag = 'x' OR note = 'a'", Known::Unsaid),
        ("DELETE FROM t WHERE tag <> 'x'", Known::No),
        ("DELETE FROM t WHERE tag = 'y'", Known::No),
        ("DELETE FROM t WHERE tag LIKE 'x%'", Known::Unsaid),
        ("DELETE FROM t WHERE tag IN ('x', 'y')", Known::Unsaid),
        ("DELETE FROM t WHERE note = 'x'", Known::Unsaid),
        ("DELETE FROM t USING u WHERE u.t_id = t.id AND u.mark = 'x'", Known::Unsaid),
        ("DELETE FROM t USING t AS o WHERE o.tag = 'x'", Known::Unsaid),
        ("DELETE FROM t WHERE parent IN (SELECT id FROM t WHERE tag = 'x')", Known::Unsaid),
        ("DELETE FROM t WHERE EXISTS (SELECT FROM t AS b WHERE b.tag = 'x')", Known::Unsaid),
        ("DELETE FROM t WHERE tag = note", Known::Unsaid),
        ("DELETE FROM t WHERE tag = $1", Known::Unsaid),
        ("DELETE FROM t WHERE coalesce(tag, 'x') = 'x'", Known::Yes),
        ("DELETE FROM t WHERE coalesce(note, 'x') = 'x'", Known::Unsaid),
        ("DELETE FROM t WHERE true OR tag = 'x'", Known::Unsaid),
        ("DELETE FROM t WHERE tag = 'x' IS NOT FALSE", Known::Yes),
        ("DELETE FROM t WHERE upper(tag) = 'X'", Known::Unsaid),
    ];
    for (text, expected) in rows {
        let statements = Parser::PostgreSql.statements(text, &Map::at(FileId::new(0), 0)).expect(text);
        let Act::Delete { table, alias, using, filter, .. } = &statements[0].act else { panic!("{text}") };
        let relation = Example.relation(table);
        let reach = Reach { relation: &relation, alias: alias.as_deref(), from: using, filter: filter.as_ref() };
        let found = confined(&reach, "tag", &[Ident::from("x")], &Example);
        assert_eq!(found, expected, "{text}");
    }
}

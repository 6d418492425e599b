//! What follows from what: tables of premises and goals.

use std::collections::BTreeSet;

use roof_lint::effect::{Act, At, Expr, Ident, Name};
use roof_lint::logic::{Facts, Known, Reach, Truth, World, among};
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
    Parser::default().expression(text, &Map::at(FileId::new(0), 0)).unwrap_or_else(|error| panic!("{text}: {error:?}"))
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
        ("(SELECT count(*) FROM t, u) < 1", Known::Yes),
        ("(SELECT count(*) FROM t GROUP BY tag) < 1", Known::Unsaid),
        ("EXISTS (SELECT FROM t)", Known::No),
        ("false", Known::Unsaid),
    ];
    for (guard, expected) in guards {
        let mut facts = Facts::default();
        facts.assume(&expr(guard), Truth::NotTrue, &Example);
        let found = facts.entails(&expr(GATE), &Example);
        // A guard that nothing passes says everything.
        let impossible = facts.contradictory();
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
        let statements = Parser::default().statements(text, &Map::at(FileId::new(0), 0)).expect(text);
        let Act::Delete { table, alias, using, filter, .. } = &statements[0].act else { panic!("{text}") };
        let relation = Example.relation(table);
        let reach = Reach { relation: &relation, alias: alias.as_deref(), from: using, filter: filter.as_deref() };
        let found = Facts::default().confines(&reach, &[], &among("tag", &[Ident::from("x")]), &Example);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_deletion_reaches_all_rows_of_which_its_condition_holds() {
    let rows = [
        ("DELETE FROM t", true),
        ("DELETE FROM t WHERE tag = 'x'", true),
        ("DELETE FROM t AS a WHERE a.tag IN ('w', 'x')", true),
        ("DELETE FROM t WHERE tag LIKE 'x%'", true),
        ("DELETE FROM t WHERE tag = 'y'", false),
        ("DELETE FROM t WHERE tag = 'x' AND note = 'n'", false),
        ("DELETE FROM t USING (VALUES ('x'), ('y')) AS given (tag) WHERE t.tag = given.tag", true),
        ("DELETE FROM t AS a USING (VALUES ('y')) AS given (tag) WHERE a.tag = given.tag", false),
        ("DELETE FROM t USING (VALUES ('x', 1), ('y', 2)) AS given (tag, n) WHERE t.tag = given.tag AND n > 1", false),
        // There may be no such row.
        ("DELETE FROM t USING u", false),
        ("DELETE FROM t USING u WHERE t.tag = u.mark", false),
        ("DELETE FROM t WHERE id IN (SELECT id FROM t AS own WHERE own.tag = 'x')", true),
        ("DELETE FROM t WHERE EXISTS (SELECT FROM t AS own WHERE own.tag = 'x')", true),
        ("DELETE FROM t WHERE EXISTS (SELECT FROM t AS own WHERE own.tag = 'y')", false),
        ("DELETE FROM t WHERE id IN (SELECT parent FROM t AS own WHERE own.tag = 'x')", false),
    ];
    let written = among("tag", &[Ident::from("x")]);
    for (text, expected) in rows {
        let statements = Parser::default().statements(text, &Map::at(FileId::new(0), 0)).expect(text);
        let Act::Delete { table, alias, using, filter, .. } = &statements[0].act else { panic!("{text}") };
        let relation = Example.relation(table);
        let reach = Reach { relation: &relation, alias: alias.as_deref(), from: using, filter: filter.as_deref() };
        assert_eq!(Facts::default().covers(&reach, &[], &written, &Example), expected, "{text}");
    }
}

/// What is assumed, how, what is asked, and what has to be answered.
type Row = (&'static str, Truth, &'static str, Known);

fn answered(premise: &str, truth: Truth, goal: &str) -> Known {
    let mut facts = Facts::default();
    facts.assume(&expr(premise), truth, &Example);
    facts.entails(&expr(goal), &Example)
}

fn hold(rows: &[Row]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(premise, truth, goal, expected)| {
            let found = answered(premise, *truth, goal);
            (found != *expected).then(|| format!("{premise} is {truth:?}, so {goal}: {found:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn null_is_neither_true_nor_false() {
    use Known::{No, Unsaid, Yes};
    use Truth::{False, NotFalse, NotTrue, Null, True};
    hold(&[
        ("n < 1", True, "n IS NOT NULL", Yes),
        ("n < 1", False, "n >= 1", Yes),
        ("n < 1", NotTrue, "n >= 1", Unsaid),
        ("n < 1", NotTrue, "n IS NULL OR n >= 1", Yes),
        ("n < 1", NotFalse, "n < 1", Unsaid),
        ("n < 1", NotFalse, "n >= 1", No),
        ("n < 1", Null, "n IS NULL", Yes),
        ("n < 1", Null, "n < 1", No),
        ("n < m", Null, "n IS NULL", Unsaid),
        ("n < m", Null, "n IS NULL OR m IS NULL", Yes),
        ("n IS NULL OR n < 1", NotTrue, "n >= 1", Yes),
        ("NOT n < 1", True, "n >= 1", Yes),
        ("NOT n < 1", NotTrue, "n < 1", Unsaid),
        ("n IS DISTINCT FROM 1", False, "n = 1", Yes),
        ("n IS DISTINCT FROM 1", NotTrue, "n = 1", Yes),
        ("n <> 1", NotTrue, "n = 1", Unsaid),
        ("n IS DISTINCT FROM m", NotTrue, "n = m", Unsaid),
        ("n IS NOT DISTINCT FROM m", True, "n IS NULL AND m IS NULL OR n = m", Yes),
        ("n IS DISTINCT FROM NULL", True, "n IS NOT NULL", Yes),
        ("n = NULL", NotTrue, "n IS NOT NULL", Unsaid),
        ("n = NULL", True, "n = 7", Yes),
        ("n <> NULL", NotTrue, "n IS NULL", Unsaid),
        ("b", NotTrue, "b IS NOT TRUE", Yes),
        ("b", NotTrue, "NOT b", Unsaid),
        ("b", False, "NOT b", Yes),
        ("b IS UNKNOWN", True, "b IS NULL", Yes),
        ("b IS NOT UNKNOWN", True, "b OR NOT b", Yes),
        ("b IS NOT FALSE", True, "b", Unsaid),
        ("b = false", True, "NOT b", Yes),
        ("b <> true", True, "b IS FALSE", Yes),
        ("b IS TRUE", NotTrue, "b", No),
        ("a = b AND NULL", NotTrue, "a = b", Unsaid),
        ("a OR NULL", True, "a", Yes),
        ("a AND NULL", Null, "a IS NOT FALSE", Yes),
        ("n IN (1, NULL)", True, "n = 1", Yes),
        ("n NOT IN (1, NULL)", NotTrue, "n = 1", Unsaid),
        ("n NOT IN (1, 2)", NotTrue, "n IN (1, 2)", Unsaid),
        ("n NOT IN (1, 2)", False, "n IN (1, 2)", Yes),
        ("n NOT IN (1, NULL)", True, "n = 5", Yes),
        ("coalesce(n, 0) >= 1", True, "n >= 1", Yes),
        ("coalesce(n, 1) >= 1", True, "n >= 1", Unsaid),
        ("coalesce(n, 0) < 1", NotTrue, "n >= 1", Yes),
        ("coalesce(n < 1, true)", NotTrue, "n >= 1", Yes),
        ("coalesce(n < 1, false)", NotTrue, "n >= 1", Unsaid),
        ("nullif(n, 0) IS NULL", NotTrue, "n <> 0", Yes),
        ("nullif(n, 0) IS NULL", True, "n = 0 OR n IS NULL", Yes),
        ("nullif(n, 0) > 3", True, "n > 3", Yes),
        ("CASE WHEN n < 1 THEN true ELSE false END", NotTrue, "n >= 1", Unsaid),
        ("CASE WHEN n >= 1 THEN false ELSE true END", NotTrue, "n >= 1", Yes),
        ("CASE n WHEN 1 THEN 'one' WHEN 2 THEN 'two' END = 'two'", True, "n = 2", Yes),
        ("CASE n WHEN 1 THEN 'one' END IS NULL", True, "n = 1", No),
        ("CASE WHEN b THEN n ELSE 0 END > 0", True, "b AND n > 0", Yes),
        ("(n, m) = (1, 2)", True, "m = 2 AND n = 1", Yes),
        ("(n, m) <> (1, 2)", NotTrue, "n = 1", Unsaid),
        ("(n, m) IN ((1, 2), (1, 3))", True, "n = 1", Yes),
        ("(n, m) IS NULL", True, "m IS NULL", Yes),
        ("(n, m) IS NOT NULL", True, "m IS NOT NULL", Yes),
        ("(n, m) IS NULL", False, "m IS NOT NULL", Unsaid),
        ("strangers IS NOT NULL", NotTrue, "strangers IS NULL", Yes),
    ]);
}

#[test]
fn numbers_and_texts_have_their_order() {
    use Known::{No, Unsaid, Yes};
    use Truth::{NotTrue, True};
    hold(&[
        ("n = 5", True, "n > 4", Yes),
        ("n = 5", True, "n BETWEEN 1 AND 5", Yes),
        ("n = 5", True, "n NOT BETWEEN 1 AND 5", No),
        ("n BETWEEN SYMMETRIC 3 AND 1", True, "n >= 1 AND n <= 3", Yes),
        ("n > 3 AND n < 4", True, "n = 3.5", Unsaid),
        ("n::int > 3 AND n::int < 5", True, "n::int = 4", Yes),
        ("n > 4.5", True, "n > 4", Yes),
        ("n > 4", True, "n > 4.5", Unsaid),
        ("n = -1", True, "n < 0", Yes),
        ("n = - 1", True, "n = -1", Yes),
        ("n = 1.0", True, "n = 1", Yes),
        ("n = 1e3", True, "n = 1000", Yes),
        ("n > m AND m > k", True, "n > k", Yes),
        ("n >= m AND m >= n", True, "n = m", Yes),
        ("n = m AND m = k AND k = 3", True, "n = 3", Yes),
        ("n <> 1 AND n <> 2", True, "n = 2", No),
        ("n IN (1, 2) AND n <> 1", True, "n = 2", Yes),
        ("n = ANY ('{1,2}'::int[])", True, "n < 3", Yes),
        ("n <> ALL (ARRAY[1, 2])", NotTrue, "n IN (1, 2) OR n IS NULL", Yes),
        ("n = ALL (ARRAY[1, 1])", True, "n = 1", Yes),
        ("n > ANY (ARRAY[5, 3])", True, "n > 3", Yes),
        ("n = ANY (list)", True, "n = ANY (list)", Yes),
        ("n = ANY (list)", True, "n = ANY (other)", Unsaid),
        ("t = 'a-x' OR t = 'b-x'", True, "t IN ('b-x', 'a-x')", Yes),
        ("t = 'a-x'", True, "t = 'b-x'", No),
        ("t = 'a-x'", True, "t <> 'b-x'", Yes),
        ("t = '01'", True, "t = '1'", Unsaid),
        ("t = 'Gov'", True, "t = 'gov'", Unsaid),
        ("t::text = 'Gov'", True, "t = 'Gov'", Yes),
        ("current_user = 'Gov'", True, "current_user = 'gov'", No),
        ("t = 'x'::text", True, "t = 'x'::varchar", Yes),
        ("t = 'x'::char(1)", True, "t = 'x'", Unsaid),
        ("n = '5'::int", True, "n = 5", Yes),
        ("n = 5::bigint", True, "n = 5", Yes),
        ("n = (2 + 3)", True, "n = 5", Yes),
        ("n = 'a' || 'b'", True, "n = 'ab'", Yes),
        ("t = x || 'lit'", True, "t = x || 'lit'", Yes),
        ("t = x || 'lit'", True, "t = 'lit'", Unsaid),
        ("t LIKE 'gov_%'", True, "t LIKE 'gov%'", Yes),
        ("t LIKE 'gov\\_%'", True, "t LIKE 'gov_%'", Yes),
        ("t LIKE 'gov_%'", True, "t LIKE 'gov\\_%'", Unsaid),
        ("t LIKE 'gov#_%' ESCAPE '#'", True, "t LIKE 'gov\\_%'", Yes),
        ("t LIKE 'gov\\_%' ESCAPE ''", True, "t LIKE 'gov\\_%'", No),
        ("t LIKE 'gov\\_%'", True, "starts_with(t, 'gov_')", Yes),
        ("starts_with(t, 'gov_')", True, "t LIKE 'gov\\_%'", Yes),
        ("t ^@ 'gov_'", True, "t LIKE 'gov\\_%'", Yes),
        ("left(t, 4) = 'gov_'", True, "t LIKE 'gov\\_%'", Yes),
        ("left(t, 3) = 'gov_'", True, "t LIKE 'gov\\_%'", Unsaid),
        ("substr(t, 1, 4) = 'gov_'", True, "t LIKE 'gov\\_%'", Yes),
        ("t ~ '^gov_'", True, "t LIKE 'gov\\_%'", Yes),
        ("t ~ '^gov.'", True, "t LIKE 'gov\\_%'", Unsaid),
        ("t ~ 'gov_'", True, "t LIKE 'gov\\_%'", Unsaid),
        ("t ~ 'gov_'", True, "t LIKE '%gov\\_%'", Yes),
        ("t ILIKE 'gov\\_%'", True, "t LIKE 'gov\\_%'", Unsaid),
        ("t LIKE 'gov\\_%'", True, "t ILIKE 'GOV\\_%'", Yes),
        ("t LIKE 'gov'", True, "t = 'gov'", Yes),
        ("t = 'gov_1'", True, "t LIKE 'gov\\_%'", Yes),
        ("t = 'govx1'", True, "t LIKE 'gov\\_%'", No),
        ("t LIKE '%'", True, "t IS NOT NULL", Yes),
        ("t NOT LIKE 'gov%'", NotTrue, "t LIKE 'gov%'", Unsaid),
        ("t NOT LIKE 'gov%'", True, "t = 'gov_1'", No),
        ("t SIMILAR TO 'gov%'", True, "t LIKE 'gov%'", Yes),
        ("t SIMILAR TO '(gov|x)%'", True, "t LIKE 'gov%'", Unsaid),
        ("t LIKE p", True, "t LIKE p", Yes),
        ("random() < 0.5", True, "random() < 0.5", Unsaid),
        ("clock_timestamp() > x", True, "clock_timestamp() > x", Unsaid),
        ("now() > x", True, "now() > x", Yes),
        ("my_function(1) = 2", True, "my_function(1) = 2", Unsaid),
        ("lower(t) = 'x'", True, "t IS NOT NULL", Yes),
        ("coalesce(btrim(apr), '') = ''", NotTrue, "apr IS NOT NULL", Yes),
        ("current_catalog = 'd'", True, "current_database() = 'd'", Yes),
        ("to_regclass('public.a') IS NULL", NotTrue, "to_regclass('public.a') IS NOT NULL", Yes),
        ("to_regclass('public.a') IS NULL", NotTrue, "to_regclass('public.b') IS NOT NULL", Unsaid),
        ("current_setting('a.b', true) = 'x'", True, "current_setting('a.b', true) = 'x'", Yes),
        // Of what is named they never say NULL, nor does a setting that has to be there.
        ("current_setting('a.b')::int < 14", NotTrue, "current_setting('a.b')::int >= 14", Yes),
        ("current_setting('a.b', true)::int < 14", NotTrue, "current_setting('a.b', true)::int >= 14", Unsaid),
        ("NOT has_table_privilege('t', 'INSERT')", NotTrue, "has_table_privilege('t', 'INSERT')", Yes),
        ("NOT has_table_privilege('t', 'INSERT')", NotTrue, "has_table_privilege('t', 'DELETE')", Unsaid),
        ("NOT has_table_privilege(1234, 'INSERT')", NotTrue, "has_table_privilege(1234, 'INSERT')", Unsaid),
        ("$1 = 5", True, "$1 > 4", Yes),
        ("r.n = 5", True, "r.n > 4", Yes),
        ("r.n = 5", True, "s.n > 4", Unsaid),
        ("cardinality(list) = 0", True, "cardinality(list) < 1", Yes),
        (
            "cardinality(list) NOT IN (0, 42)",
            NotTrue,
            "cardinality(list) = 42 OR cardinality(list) = 0 OR list IS NULL",
            Yes,
        ),
        ("t <> 'gov' COLLATE \"C\"", NotTrue, "t = 'gov'", Unsaid),
    ]);
}

/// That a table holds a row, in many words.
const WAYS: &[&str] = &[
    "EXISTS (SELECT FROM u)",
    "EXISTS (SELECT * FROM u LIMIT 5)",
    "EXISTS (SELECT u.id FROM public.u ORDER BY id)",
    "EXISTS (TABLE u)",
    "EXISTS (SELECT DISTINCT mark FROM u)",
    "EXISTS (SELECT mark FROM u GROUP BY mark)",
    "EXISTS (WITH w AS (SELECT * FROM u) SELECT FROM w)",
    "EXISTS (SELECT 1 FROM (SELECT id FROM u) AS s)",
    "EXISTS (SELECT FROM u HAVING count(*) > 0)",
    "EXISTS (SELECT FROM (SELECT count(*) AS n FROM u) AS s WHERE n > 0)",
    "(SELECT count(*) FROM u) > 0",
    "(SELECT count(*) FROM u) <> 0",
    "(SELECT count(*) FROM u) != 0",
    "NOT (SELECT count(*) FROM u) = 0",
    "1 <= (SELECT count(*) FROM u)",
    "0 < ANY (SELECT count(*) FROM u)",
    "0 < ALL (SELECT count(*) FROM u)",
    "(SELECT count(1) FROM u) >= 1",
    "(SELECT count('x') FROM u) >= 1",
    "(SELECT count(id) FROM u) >= 1",
    "(SELECT count(mark) FROM u) >= 1",
    "(SELECT count(DISTINCT id) FROM u) >= 1",
    "(SELECT count(*) FILTER (WHERE id > 3) FROM u) >= 1",
    "(SELECT count(*) > 0 FROM u)",
    "(SELECT count(*) > 0 AND true FROM u)",
    "(SELECT bool_or(true) FROM u)",
    "(SELECT bool_or(id > 3) FROM u)",
    "(SELECT 1 FROM u LIMIT 1) IS NOT NULL",
    "(SELECT id FROM u LIMIT 1) IS NOT NULL",
    "(SELECT mark FROM u LIMIT 1) IS NOT NULL",
    "(SELECT true FROM u LIMIT 1)",
    "(SELECT 1 FROM u LIMIT 1) = 1",
    "(SELECT max(id) FROM u) IS NOT NULL",
    "(SELECT min(mark) FROM u) > 'a'",
    "(SELECT sum(id) FROM u) > 0",
    "(SELECT string_agg(mark, ',') FROM u) <> ''",
    "(SELECT array_agg(mark) FROM u) IS NOT NULL",
    "coalesce((SELECT count(*) FROM u), 0) > 0",
    "(SELECT coalesce(count(*), 0) FROM u) > 0",
    "(SELECT n FROM (SELECT count(*) AS n FROM u) AS s) > 0",
    "(WITH w AS (SELECT count(*) AS n FROM u) SELECT n FROM w) > 0",
    "(SELECT count(*) FROM u WHERE true) > 0",
    "(SELECT count(*) FROM u WHERE mark = 'x') > 0",
    "(SELECT count(*) FROM u, t) > 0",
    "(SELECT count(*) FROM t JOIN u ON u.t_id = t.id) > 0",
    "(SELECT count(*) FROM t JOIN u USING (id)) > 0",
    "(SELECT count(*) FROM (SELECT FROM u) AS s) > 0",
    "(SELECT (SELECT count(*) FROM u)) > 0",
    "(SELECT count(*) FROM u) - 1 >= 0",
    "(SELECT count(*) FROM u) * 2 > 1",
    "(SELECT count(*)::int FROM u) > 0",
    "(SELECT count(*)::numeric FROM u) > 0.5",
    "(SELECT count(*) FROM u) > '0'",
    "5 IN (SELECT id FROM u)",
    "n = ANY (SELECT id FROM u)",
    "(SELECT mark FROM u WHERE id = 3) = 'x'",
    "(SELECT mark = 'x' FROM u WHERE id = 3)",
    "CASE WHEN EXISTS (SELECT FROM u) THEN 1 ELSE 0 END = 1",
    "EXISTS (SELECT FROM u) IS TRUE",
    "EXISTS (SELECT FROM u) = true",
    "EXISTS (SELECT FROM u) AND n > 3",
    "EXISTS (SELECT id FROM u EXCEPT SELECT id FROM t)",
];

#[test]
fn rows_are_counted_however_it_is_written() {
    use Known::{No, Unsaid, Yes};
    use Truth::{NotTrue, True};
    const SOME: &str = "(SELECT count(*) FROM u) >= 1";
    let rows: Vec<Row> = WAYS.iter().map(|way| (*way, True, SOME, Yes)).collect();
    hold(&rows);
    hold(&[
        ("EXISTS (SELECT count(*) FROM u)", True, SOME, Unsaid),
        ("NOT EXISTS (SELECT count(*) FROM u)", NotTrue, SOME, Unsaid),
        ("(SELECT count(*) FROM u) >= 0", True, SOME, Unsaid),
        ("(SELECT count(*) FROM u) IS NOT NULL", True, SOME, Unsaid),
        ("true", True, "(SELECT count(*) FROM u) IS NOT NULL", Yes),
        ("true", True, "(SELECT count(*) FROM u) >= 0", Yes),
        ("true", True, "EXISTS (SELECT max(id) FROM u)", Yes),
        ("true", True, "EXISTS (SELECT FROM u WHERE false)", No),
        ("true", True, "EXISTS (SELECT FROM u WHERE id = 1 AND id = 2)", No),
        ("true", True, "EXISTS (SELECT FROM u LIMIT 0)", No),
        ("true", True, "EXISTS (VALUES (1))", Yes),
        ("true", True, "EXISTS (SELECT 1)", Yes),
        ("true", True, "1 IN (VALUES (1), (2))", Yes),
        ("EXISTS (SELECT FROM u OFFSET 1)", True, "(SELECT count(*) FROM u) >= 2", Yes),
        ("EXISTS (SELECT FROM u FOR UPDATE SKIP LOCKED)", True, SOME, Yes),
        ("EXISTS (SELECT FROM u FOR UPDATE SKIP LOCKED)", NotTrue, SOME, Unsaid),
        ("EXISTS (SELECT FROM u TABLESAMPLE SYSTEM (10))", True, SOME, Unsaid),
        ("EXISTS (SELECT FROM u LEFT JOIN t ON true)", NotTrue, SOME, Unsaid),
        ("EXISTS (SELECT generate_series(1, 0) FROM u)", NotTrue, SOME, Unsaid),
        ("EXISTS (SELECT generate_series(1, 2) FROM u)", NotTrue, "NOT EXISTS (SELECT FROM u)", Unsaid),
        ("EXISTS (SELECT FROM v)", True, SOME, Unsaid),
        ("EXISTS (SELECT FROM other.u)", True, SOME, Unsaid),
        ("EXISTS (SELECT FROM u WHERE mark = 'x')", True, "EXISTS (SELECT FROM u WHERE mark IN ('x', 'y'))", Yes),
        ("EXISTS (SELECT FROM u WHERE mark IN ('x', 'y'))", True, "EXISTS (SELECT FROM u WHERE mark = 'x')", Unsaid),
        ("EXISTS (SELECT FROM u WHERE mark = 'x')", NotTrue, "EXISTS (SELECT FROM u WHERE mark = 'x' AND id = 1)", No),
        ("EXISTS (SELECT FROM u WHERE id = 3)", True, "(SELECT count(*) FROM u WHERE id = 3) = 1", Yes),
        ("EXISTS (SELECT FROM u WHERE mark = 'x')", True, "(SELECT count(*) FROM u WHERE mark = 'x') = 1", Unsaid),
        ("(SELECT count(*) FROM u WHERE mark = 'x') = 30", True, "(SELECT count(*) FROM u) >= 30", Yes),
        ("(SELECT count(*) FROM u) = 30", True, "(SELECT count(*) FROM u WHERE mark = 'x') <= 30", Yes),
        ("(SELECT count(*) FROM u) = 0", True, "(SELECT max(id) FROM u) IS NULL", Yes),
        ("(SELECT max(id) FROM u) < 1", NotTrue, SOME, Unsaid),
        ("(SELECT count(*) FROM u AS a WHERE a.id > 3) = 5", True, "(SELECT count(*) FROM u WHERE 3 < u.id) = 5", Yes),
        (
            "(SELECT count(*) FROM u WHERE id > 3 AND mark = 'x') = 5",
            True,
            "(SELECT count(*) FROM u WHERE mark = 'x' AND id > 3) = 5",
            Yes,
        ),
        (
            "(SELECT count(*) FROM t AS a, u AS b WHERE a.id = b.t_id) = 5",
            True,
            "(SELECT count(*) FROM u JOIN t ON t.id = u.t_id) = 5",
            Yes,
        ),
        (
            "(SELECT count(*) FROM u) <> (SELECT count(*) FROM t)",
            NotTrue,
            "(SELECT count(*) FROM u) = (SELECT count(*) FROM t)",
            Yes,
        ),
        (
            "(SELECT count(*) FROM u) = (SELECT count(*) FROM t) AND (SELECT count(*) FROM t) = 3",
            True,
            "(SELECT count(*) FROM u) = 3",
            Yes,
        ),
        ("(SELECT count(*) FROM u) + (SELECT count(*) FROM t) = 0", True, "(SELECT count(*) FROM u) = 0", Yes),
        ("(SELECT count(*) FROM u) + (SELECT count(*) FROM t) = 3", True, "(SELECT count(*) FROM u) = 3", Unsaid),
        ("n IN (SELECT id FROM u WHERE mark = 'x')", True, "n IN (SELECT id FROM u)", Yes),
        ("n NOT IN (SELECT id FROM u)", True, "EXISTS (SELECT FROM u WHERE id = n)", No),
        ("n NOT IN (SELECT id FROM u)", NotTrue, "n IN (SELECT id FROM u)", Unsaid),
        ("EXISTS (SELECT FROM u WHERE mark = apr)", True, "EXISTS (SELECT FROM u WHERE apr = mark)", Yes),
        ("EXISTS (SELECT FROM u UNION ALL SELECT FROM t)", NotTrue, "EXISTS (SELECT FROM u)", No),
        ("EXISTS (SELECT FROM u UNION ALL SELECT FROM t)", True, SOME, Unsaid),
        ("(SELECT bool_and(mark = 'x') FROM u)", True, "EXISTS (SELECT FROM u WHERE mark = 'y')", No),
        (
            "(SELECT count(*) FROM u WHERE random() < 0.5) > 0",
            True,
            "(SELECT count(*) FROM u WHERE random() < 0.5) > 0",
            Unsaid,
        ),
        ("(SELECT count(*) FROM u WHERE random() < 0.5) > 0", True, SOME, Yes),
        ("(SELECT mark FROM u LIMIT 1) = 'x'", True, "(SELECT mark FROM u LIMIT 1) = 'x'", Unsaid),
        ("(SELECT mark FROM u WHERE id = 3) = 'x'", True, "(SELECT mark FROM u WHERE id = 3) = 'x'", Yes),
        ("(SELECT mark FROM u WHERE id = 3) = 'x'", True, "(SELECT mark FROM u WHERE id = 3) = 'y-z'", Unsaid),
    ]);
}

#[test]
fn what_nothing_satisfies_is_a_path_not_taken() {
    let rows = [
        ("n BETWEEN 3 AND 1", true),
        ("n > m AND m > n", true),
        ("n > m AND m > k AND k >= n", true),
        ("t LIKE 'g%' AND t LIKE 'h%'", true),
        ("t LIKE 'g%' AND t LIKE '%h'", false),
        ("t = 'a-x' AND t = 'b-x'", true),
        ("t = 'a' AND t = 'A'", false),
        ("n = 1 AND n = '01'", false),
        ("b AND NOT b", true),
        ("b = c AND b IS TRUE AND c IS FALSE", true),
        ("n IS NULL AND n = 1", true),
        ("n = NULL", true),
        ("NULL", true),
        ("false", true),
        ("true", false),
        ("(SELECT count(*) FROM t) < 0", true),
        ("(SELECT count(*) FROM t) BETWEEN 1 AND 2 AND (SELECT count(*) FROM t) NOT IN (1, 2)", true),
        ("(SELECT count(*) FROM t) > 1.2 AND (SELECT count(*) FROM t) < 1.9", true),
        ("(SELECT count(*) FROM t WHERE note = 'a') > (SELECT count(*) FROM t)", true),
        ("(SELECT count(*) FROM t WHERE note = 'a') > (SELECT count(*) FROM t WHERE note = 'b')", false),
        ("EXISTS (SELECT FROM t WHERE tag IS NULL)", true),
        ("EXISTS (SELECT FROM t WHERE note IS NULL)", false),
        ("(SELECT count(*) FROM t WHERE id = 7) > 1", true),
        ("random() < 1 AND NOT random() < 1", false),
        ("(n = 1 OR n = 2) AND (n = 3 OR n = 4)", true),
        ("(n = 1 OR m = 1) AND (n = 2 OR m = 2) AND (n = 3 OR m = 3)", true),
        ("(n = 1 OR m = 1) AND (n = 2 OR m = 2)", false),
    ];
    for (premise, expected) in rows {
        let mut facts = Facts::default();
        facts.assume(&expr(premise), Truth::True, &Example);
        assert_eq!(facts.contradictory(), expected, "{premise}");
    }
}

#[test]
fn facts_are_forgotten_with_what_they_were_read_from() {
    let known = || {
        let mut facts = Facts::default();
        for premise in [
            "EXISTS (SELECT FROM t)",
            "(SELECT count(*) FROM u) = 0 AND n = 1",
            "to_regclass('public.t') IS NOT NULL",
            "current_database() = 'd'",
            "EXISTS (SELECT FROM v WHERE request = apr)",
            "l.k = 2",
        ] {
            facts.assume(&expr(premise), Truth::True, &Example);
        }
        facts
    };
    let goals = [
        "EXISTS (SELECT FROM t)",
        "NOT EXISTS (SELECT FROM u)",
        "n > 0",
        "to_regclass('public.t') IS NOT NULL",
        "current_database() = 'd'",
        "EXISTS (SELECT FROM v)",
        "l.k = 2",
    ];
    let left = |facts: &Facts| goals.map(|goal| facts.entails(&expr(goal), &Example) == Known::Yes);
    assert_eq!(left(&known()), [true; 7]);
    let mut facts = known();
    facts.forget(&relation("public", "t"));
    assert_eq!(left(&facts), [false, true, true, true, true, true, true]);
    // A condition is forgotten as a whole: it was true of what was.
    let mut facts = known();
    facts.forget(&relation("public", "u"));
    assert_eq!(left(&facts), [true, false, false, true, true, true, true]);
    let mut facts = known();
    facts.forget(&relation("pg_catalog", "pg_class"));
    assert_eq!(left(&facts), [true, true, true, false, true, true, true]);
    let mut facts = known();
    facts.forget_variables(&mut |path| path == ["n"], &Example);
    assert_eq!(left(&facts), [true, false, false, true, true, true, true]);
    let mut facts = known();
    facts.forget_variables(&mut |path| path.starts_with(&["apr".into()]), &Example);
    assert_eq!(left(&facts), [true, true, true, true, true, false, true]);
    let mut facts = known();
    facts.forget_variables(&mut |path| path.ends_with(&["k".into()]), &Example);
    assert_eq!(left(&facts), [true, true, true, true, true, true, false]);
    assert!(known().asks(&mut |name| name.to_string() == "public.t"));
    assert_eq!(known().evidence(&expr("n > 0"), &Example).len(), 1);
    let mut facts = Facts::default();
    facts.assume(&expr("f() = 1"), Truth::True, &Example);
    facts.forget(&BTreeSet::new());
    assert!(facts.is_empty());
    let mut facts = known();
    facts.forget_relations();
    assert_eq!(left(&facts), [false, false, false, false, true, false, true]);
}

/// Each relation has its own facts; what is about two of them is found by either.
#[test]
fn of_many_relations_those_that_are_asked_for_are_found() {
    let mut facts = Facts::default();
    for number in 0..500 {
        facts.assume(&expr(&format!("(SELECT count(*) FROM r{number}) = 0")), Truth::True, &Example);
    }
    facts.assume(&expr("EXISTS (SELECT FROM r1) OR EXISTS (SELECT FROM v)"), Truth::True, &Example);
    assert_eq!(facts.len(), 501);
    assert_eq!(facts.entails(&expr("NOT EXISTS (SELECT FROM r499)"), &Example), Known::Yes);
    assert_eq!(facts.entails(&expr("EXISTS (SELECT FROM v)"), &Example), Known::Yes);
    let before = facts.clone();
    facts.forget(&relation("public", "r1"));
    assert_eq!(facts.len(), 499);
    assert_eq!(facts.entails(&expr("EXISTS (SELECT FROM v)"), &Example), Known::Unsaid);
    let met = before.join(&facts, &Example);
    assert_eq!(met.len(), 499);
    assert_eq!(met.entails(&expr("EXISTS (SELECT FROM r1)"), &Example), Known::Unsaid);
    assert_eq!(met.entails(&expr("EXISTS (SELECT FROM r2)"), &Example), Known::No);
    assert!(facts.asks(&mut |name| name.to_string() == "public.r2"));
    assert!(!facts.asks(&mut |name| name.to_string() == "public.r1"));
}

fn relation(schema: &str, name: &str) -> BTreeSet<Name> {
    BTreeSet::from([Name { schema: Some(schema.into()), ..Name::plain(name, At::default()) }])
}

#[test]
fn what_variables_said_of_other_things_outlives_them() {
    let known = |expr_of: &str| {
        let mut facts = Facts::default();
        facts.assume(&expr(expr_of), Truth::True, &Example);
        facts
    };
    let without_n = |mut facts: Facts| {
        facts.forget_variables(&mut |path| path == ["n"], &Example);
        facts
    };
    let gate = expr("EXISTS (SELECT FROM t)");
    let met = known("n = 1 AND EXISTS (SELECT FROM t)").join(&known("n = 2 AND NOT EXISTS (SELECT FROM t)"), &Example);
    assert_eq!(without_n(met.clone()).entails(&gate, &Example), Known::Unsaid);
    for (said, follows) in [
        ("n = 1", Known::Yes),
        ("n < 2", Known::Yes),
        ("n = 2", Known::No),
        ("n > 0", Known::Unsaid),
        ("n IS NOT NULL", Known::Unsaid),
    ] {
        let mut facts = met.clone();
        facts.assume(&expr(said), Truth::True, &Example);
        assert_eq!(without_n(facts).entails(&gate, &Example), follows, "{said}");
    }
    // What is forgotten with a table is forgotten.
    let mut facts = met;
    facts.assume(&expr("n = 1"), Truth::True, &Example);
    let mut facts = without_n(facts);
    facts.forget(&relation("public", "t"));
    assert_eq!(facts.entails(&gate, &Example), Known::Unsaid);
}

#[test]
fn where_paths_meet_what_both_know_is_kept() {
    let facts = |premises: &[&str]| {
        let mut facts = Facts::default();
        for premise in premises {
            facts.assume(&expr(premise), Truth::True, &Example);
        }
        facts
    };
    let rows: [(&[&str], &[&str], &str, Known); 8] = [
        (&["n = 1"], &["n = 2"], "n < 3", Known::Yes),
        (&["n = 1"], &["n = 2"], "n = 1", Known::Unsaid),
        (&["n = 1"], &["n = 1", "m = 2"], "n = 1", Known::Yes),
        (&["n = 5", "m = 1"], &["n > 3", "m = 2"], "n > 3", Known::Yes),
        (&["n = 5", "m = 1"], &["n > 3", "m = 2"], "m < 3", Known::Yes),
        (&["n = 5", "m = 1"], &["n = 6", "m = 2"], "n - m = 4", Known::Unsaid),
        (&["false"], &["n = 6"], "n = 6", Known::Yes),
        (&["n = 1", "n = 2"], &["n = 6"], "n = 6", Known::Yes),
    ];
    for (left, right, goal, expected) in rows {
        for (left, right) in [(left, right), (right, left)] {
            let joined = facts(left).join(&facts(right), &Example);
            assert_eq!(joined.entails(&expr(goal), &Example), expected, "{left:?} or {right:?}: {goal}");
        }
    }
}

#[test]
fn rows_are_reached_through_keys_joins_and_facts() {
    use Known::{No, Unsaid, Yes};
    let rows: [(&[&str], &str, &str, Known); 45] = [
        (&[], "DELETE FROM t WHERE tag IN ('x', 'y') AND tag <> 'y'", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE false", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE note = 'a' OR note = 'b'", "note IN ('a', 'b')", Yes),
        (&[], "DELETE FROM t WHERE note LIKE 'gov\\_%'", "note LIKE 'gov_%'", Yes),
        (&[], "DELETE FROM t WHERE note LIKE 'gov_%'", "note LIKE 'gov\\_%'", Unsaid),
        (&[], "DELETE FROM t WHERE note LIKE 'gov\\_%'", "note = 'other'", No),
        (&[], "DELETE FROM t", "tag IS NOT NULL", Yes),
        (&[], "DELETE FROM t", "note IS NOT NULL", Unsaid),
        (&[], "DELETE FROM t WHERE (id, tag) IN (SELECT id, tag FROM t WHERE tag = 'x')", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE (note, tag) IN (SELECT note, tag FROM t WHERE tag = 'x')", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE (note, tag) IN (('a', 'x'), ('b', 'x'))", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE id IN (SELECT parent FROM t WHERE tag = 'x')", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t WHERE note IN (SELECT note FROM t WHERE tag = 'x')", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t WHERE id = (SELECT id FROM t WHERE tag = 'x')", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE id = ANY (SELECT id FROM t AS o WHERE o.tag = 'x' LIMIT 10)", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE id NOT IN (SELECT id FROM t WHERE tag <> 'x')", "tag = 'x'", Yes),
        (
            &[],
            "DELETE FROM t AS a WHERE NOT EXISTS (SELECT FROM t AS b WHERE b.id = a.id AND b.tag <> 'x')",
            "tag = 'x'",
            Yes,
        ),
        (
            &[],
            "DELETE FROM t AS a WHERE NOT EXISTS (SELECT FROM t AS b WHERE b.id = a.id AND b.note <> 'x')",
            "note = 'x'",
            Unsaid,
        ),
        (
            &[],
            "DELETE FROM t WHERE id IN (SELECT o.id FROM t AS o JOIN u ON u.t_id = o.id WHERE o.tag = 'x')",
            "tag = 'x'",
            Yes,
        ),
        (
            &[],
            "DELETE FROM t WHERE id IN (SELECT u.t_id FROM t AS o JOIN u ON u.t_id = o.id WHERE o.tag = 'x')",
            "tag = 'x'",
            Yes,
        ),
        (
            &[],
            "DELETE FROM t WHERE id IN (SELECT u.id FROM t AS o JOIN u ON u.t_id = o.id WHERE o.tag = 'x')",
            "tag = 'x'",
            Unsaid,
        ),
        (&[], "DELETE FROM t WHERE id IN (SELECT o.id FROM t AS o LEFT JOIN u ON o.tag = 'x')", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t WHERE id IN (SELECT o.id FROM u LEFT JOIN t AS o ON o.tag = 'x')", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t WHERE id IN (SELECT id FROM u WHERE mark = 'x')", "tag = 'x'", Unsaid),
        // `t_id` is no column of `t`, and `note` none of `u`: a bare name is what has it.
        (&[], "DELETE FROM t WHERE EXISTS (SELECT FROM u WHERE tag = 'x')", "tag = 'x'", Yes),
        (&[], "DELETE FROM t WHERE id IN (SELECT parent FROM u)", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t USING t AS o WHERE o.id = t.id AND o.tag = 'x'", "tag = 'x'", Yes),
        (&[], "DELETE FROM t USING t AS o WHERE o.parent = t.id AND o.tag = 'x'", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t USING (SELECT id FROM t WHERE tag = 'x') AS o WHERE o.id = t.id", "tag = 'x'", Yes),
        (
            &[],
            "DELETE FROM t USING (SELECT max(id) AS id FROM t WHERE tag = 'x') AS o WHERE o.id = t.id",
            "tag = 'x'",
            Unsaid,
        ),
        (
            &[],
            "DELETE FROM t USING u JOIN t AS o ON o.id = u.t_id WHERE u.t_id = t.id AND o.tag = 'x'",
            "tag = 'x'",
            Yes,
        ),
        (&[], "DELETE FROM t USING u LEFT JOIN t AS o ON o.tag = 'x' WHERE u.t_id = t.id", "tag = 'x'", Unsaid),
        (&[], "DELETE FROM t USING (VALUES ('x'), ('y')) AS v (tag) WHERE t.tag = v.tag", "tag IN ('x', 'y')", Unsaid),
        (
            &[],
            "WITH w AS (SELECT id FROM t WHERE tag = 'x') DELETE FROM t WHERE id IN (SELECT id FROM w)",
            "tag = 'x'",
            Yes,
        ),
        (&[], "WITH w AS (SELECT id FROM t) DELETE FROM t WHERE id IN (SELECT id FROM w)", "tag = 'x'", Unsaid),
        (
            &[],
            "WITH t AS (SELECT 1 AS id, 'x' AS tag) DELETE FROM t WHERE id IN (SELECT id FROM t WHERE tag = 'x')",
            "tag = 'x'",
            Unsaid,
        ),
        (
            &[],
            "WITH RECURSIVE w AS (SELECT id FROM t WHERE tag = 'x') DELETE FROM t WHERE id IN (SELECT id FROM w)",
            "tag = 'x'",
            Yes,
        ),
        (
            &[],
            "WITH RECURSIVE w AS (SELECT id FROM t WHERE tag = 'x' UNION SELECT t.id FROM t JOIN w ON w.id = t.parent) DELETE FROM t WHERE id IN (SELECT id FROM w)",
            "tag = 'x'",
            Unsaid,
        ),
        (&[], "DELETE FROM t WHERE CURRENT OF c", "tag = 'x'", Unsaid),
        (&["NOT EXISTS (SELECT FROM t WHERE tag <> 'x')"], "DELETE FROM t", "tag = 'x'", Yes),
        (&["NOT EXISTS (SELECT FROM t WHERE note <> 'x')"], "DELETE FROM t", "note = 'x'", Unsaid),
        (
            &["(SELECT count(*) FROM t WHERE note = 'a' AND tag <> 'x') = 0"],
            "DELETE FROM t WHERE note = 'a'",
            "tag = 'x'",
            Yes,
        ),
        (
            &["(SELECT count(*) FROM t WHERE note = 'a' AND tag <> 'x') = 0"],
            "DELETE FROM t WHERE note = 'b'",
            "tag = 'x'",
            Unsaid,
        ),
        (&["mark = 'x'"], "DELETE FROM t WHERE tag = mark", "tag = 'x'", Yes),
        (&["note = 'x'"], "DELETE FROM t WHERE tag = note", "tag = 'x'", Unsaid),
    ];
    for (known, text, goal, expected) in rows {
        let mut facts = Facts::default();
        for premise in known {
            facts.assume(&expr(premise), Truth::True, &Example);
        }
        let statements = Parser::default().statements(text, &Map::at(FileId::new(0), 0)).expect(text);
        let Act::Delete { with, table, alias, using, filter, .. } = &statements[0].act else { panic!("{text}") };
        let relation = Example.relation(table);
        let reach = Reach { relation: &relation, alias: alias.as_deref(), from: using, filter: filter.as_deref() };
        let found = facts.confines(&reach, with, &expr(goal), &Example);
        assert_eq!(found, expected, "{known:?} {text}: {goal}");
    }
}

/// Conditions over small numbers and truths, and what they come to: computed here as
/// PostgreSQL's manual has it (9.1, 9.2, 9.18, 9.24), with none for NULL.
mod soundness {
    use super::{Facts, Known, Truth, expr};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use roof_lint::logic::Nothing;

    /// A value of each variable: `n`, `m`, `k` are numbers, `p`, `q` are truths.
    type Row = ([Option<i64>; 3], [Option<bool>; 2]);

    #[derive(Debug, Clone)]
    enum Number {
        Null,
        Constant(i64),
        Variable(usize),
        Coalesce(Box<Number>, Box<Number>),
        Nullif(Box<Number>, Box<Number>),
        Case(Box<Condition>, Box<Number>, Box<Number>),
    }

    #[derive(Debug, Clone)]
    enum Condition {
        Constant(Option<bool>),
        Variable(usize),
        And(Box<Condition>, Box<Condition>),
        Or(Box<Condition>, Box<Condition>),
        Not(Box<Condition>),
        Is(Box<Condition>, &'static str),
        Null(Number, bool),
        Compare(Number, &'static str, Number),
        Distinct(Number, Number, bool),
        Between(Number, Number, Number, bool),
        In(Number, Vec<Number>, bool),
        Quantified(Number, &'static str, bool, Vec<Number>),
        Equal(Box<Condition>, Box<Condition>),
        Coalesce(Box<Condition>, Box<Condition>),
    }

    const NUMBERS: [&str; 3] = ["n", "m", "k"];
    const TRUTHS: [&str; 2] = ["p", "q"];

    impl Number {
        fn text(&self) -> String {
            match self {
                Self::Null => "NULL::int".to_owned(),
                Self::Constant(number) => number.to_string(),
                Self::Variable(variable) => NUMBERS[*variable].to_owned(),
                Self::Coalesce(left, right) => format!("coalesce({}, {})", left.text(), right.text()),
                Self::Nullif(left, right) => format!("nullif({}, {})", left.text(), right.text()),
                Self::Case(when, then, otherwise) => {
                    format!("(CASE WHEN {} THEN {} ELSE {} END)", when.text(), then.text(), otherwise.text())
                }
            }
        }

        fn value(&self, row: &Row) -> Option<i64> {
            match self {
                Self::Null => None,
                Self::Constant(number) => Some(*number),
                Self::Variable(variable) => row.0[*variable],
                Self::Coalesce(left, right) => left.value(row).or_else(|| right.value(row)),
                Self::Nullif(left, right) => {
                    let left = left.value(row);
                    if left.is_some() && left == right.value(row) { None } else { left }
                }
                Self::Case(when, then, otherwise) => {
                    if when.value(row) == Some(true) {
                        then.value(row)
                    } else {
                        otherwise.value(row)
                    }
                }
            }
        }
    }

    fn compared(left: Option<i64>, operator: &str, right: Option<i64>) -> Option<bool> {
        let (left, right) = (left?, right?);
        Some(match operator {
            "=" => left == right,
            "<>" => left != right,
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            _ => left >= right,
        })
    }

    fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
        match (left, right) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }

    fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
        and(left.map(|left| !left), right.map(|right| !right)).map(|value| !value)
    }

    impl Condition {
        fn text(&self) -> String {
            let not = |negated: &bool| if *negated { "NOT " } else { "" };
            let list = |numbers: &[Number]| numbers.iter().map(Number::text).collect::<Vec<_>>().join(", ");
            match self {
                Self::Constant(None) => "NULL::boolean".to_owned(),
                Self::Constant(Some(value)) => value.to_string(),
                Self::Variable(variable) => TRUTHS[*variable].to_owned(),
                Self::And(left, right) => format!("({} AND {})", left.text(), right.text()),
                Self::Or(left, right) => format!("({} OR {})", left.text(), right.text()),
                Self::Not(inner) => format!("(NOT {})", inner.text()),
                Self::Is(inner, test) => format!("({} IS {test})", inner.text()),
                Self::Null(number, negated) => format!("({} IS {}NULL)", number.text(), not(negated)),
                Self::Compare(left, operator, right) => format!("({} {operator} {})", left.text(), right.text()),
                Self::Distinct(left, right, negated) => {
                    format!("({} IS {}DISTINCT FROM {})", left.text(), not(negated), right.text())
                }
                Self::Between(number, low, high, negated) => {
                    format!("({} {}BETWEEN {} AND {})", number.text(), not(negated), low.text(), high.text())
                }
                Self::In(number, numbers, negated) => {
                    format!("({} {}IN ({}))", number.text(), not(negated), list(numbers))
                }
                Self::Quantified(number, operator, all, numbers) => {
                    let quantifier = if *all { "ALL" } else { "ANY" };
                    format!("({} {operator} {quantifier} (ARRAY[{}]::int[]))", number.text(), list(numbers))
                }
                Self::Equal(left, right) => format!("({} = {})", left.text(), right.text()),
                Self::Coalesce(left, right) => format!("coalesce({}, {})", left.text(), right.text()),
            }
        }

        fn value(&self, row: &Row) -> Option<bool> {
            let turned = |value: Option<bool>, negated: bool| value.map(|value| value != negated);
            match self {
                Self::Constant(value) => *value,
                Self::Variable(variable) => row.1[*variable],
                Self::And(left, right) => and(left.value(row), right.value(row)),
                Self::Or(left, right) => or(left.value(row), right.value(row)),
                Self::Not(inner) => turned(inner.value(row), true),
                Self::Is(inner, test) => {
                    let value = inner.value(row);
                    let (negated, test) = test.strip_prefix("NOT ").map_or((false, *test), |test| (true, test));
                    let holds = match test {
                        "TRUE" => value == Some(true),
                        "FALSE" => value == Some(false),
                        _ => value.is_none(),
                    };
                    Some(holds != negated)
                }
                Self::Null(number, negated) => Some(number.value(row).is_none() != *negated),
                Self::Compare(left, operator, right) => compared(left.value(row), operator, right.value(row)),
                Self::Distinct(left, right, negated) => Some((left.value(row) != right.value(row)) != *negated),
                Self::Between(number, low, high, negated) => {
                    let number = number.value(row);
                    let low = compared(number, ">=", low.value(row));
                    turned(and(low, compared(number, "<=", high.value(row))), *negated)
                }
                Self::In(number, numbers, negated) => {
                    let number = number.value(row);
                    let found = numbers.iter().map(|other| compared(number, "=", other.value(row)));
                    turned(found.fold(Some(false), or), *negated)
                }
                Self::Quantified(number, operator, all, numbers) => {
                    let number = number.value(row);
                    let found = numbers.iter().map(|other| compared(number, operator, other.value(row)));
                    if *all { found.fold(Some(true), and) } else { found.fold(Some(false), or) }
                }
                Self::Equal(left, right) => Some(left.value(row)? == right.value(row)?),
                Self::Coalesce(left, right) => left.value(row).or_else(|| right.value(row)),
            }
        }
    }

    fn leaf() -> impl Strategy<Value = Number> {
        prop_oneof![
            1 => Just(Number::Null),
            3 => (0..3_i64).prop_map(Number::Constant),
            6 => (0..3_usize).prop_map(Number::Variable),
        ]
    }

    fn operator() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="])
    }

    fn simple() -> impl Strategy<Value = Condition> {
        prop_oneof![
            1 => prop::option::of(any::<bool>()).prop_map(Condition::Constant),
            2 => (0..2_usize).prop_map(Condition::Variable),
            6 => (leaf(), operator(), leaf()).prop_map(|(left, op, right)| Condition::Compare(left, op, right)),
            1 => (leaf(), any::<bool>()).prop_map(|(number, negated)| Condition::Null(number, negated)),
        ]
    }

    fn number() -> impl Strategy<Value = Number> {
        prop_oneof![
            6 => leaf(),
            1 => (leaf(), leaf()).prop_map(|(left, right)| Number::Coalesce(Box::new(left), Box::new(right))),
            1 => (leaf(), leaf()).prop_map(|(left, right)| Number::Nullif(Box::new(left), Box::new(right))),
            1 => (simple(), leaf(), leaf()).prop_map(|(when, then, otherwise)| {
                Number::Case(Box::new(when), Box::new(then), Box::new(otherwise))
            }),
        ]
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let numbers = || prop::collection::vec(number(), 1..3);
        let tests = vec!["TRUE", "FALSE", "UNKNOWN", "NOT TRUE", "NOT FALSE", "NOT UNKNOWN"];
        let atom = prop_oneof![
            4 => simple(),
            4 => (number(), operator(), number()).prop_map(|(left, op, right)| Condition::Compare(left, op, right)),
            1 => (number(), number(), any::<bool>()).prop_map(|(left, right, not)| Condition::Distinct(left, right, not)),
            1 => (number(), number(), number(), any::<bool>())
                .prop_map(|(number, low, high, not)| Condition::Between(number, low, high, not)),
            1 => (number(), numbers(), any::<bool>()).prop_map(|(number, list, not)| Condition::In(number, list, not)),
            1 => (number(), operator(), any::<bool>(), numbers())
                .prop_map(|(number, op, all, list)| Condition::Quantified(number, op, all, list)),
        ];
        atom.prop_recursive(3, 12, 2, move |inner| {
            let two = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
            prop_oneof![
                3 => two().prop_map(|(left, right)| Condition::And(left, right)),
                3 => two().prop_map(|(left, right)| Condition::Or(left, right)),
                2 => inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
                2 => (inner.clone(), prop::sample::select(tests.clone()))
                    .prop_map(|(inner, test)| Condition::Is(Box::new(inner), test)),
                1 => two().prop_map(|(left, right)| Condition::Equal(left, right)),
                1 => two().prop_map(|(left, right)| Condition::Coalesce(left, right)),
            ]
        })
    }

    fn rows() -> Vec<Row> {
        let numbers = [None, Some(0), Some(1), Some(2), Some(5)];
        let truths = [None, Some(true), Some(false)];
        let mut rows = Vec::new();
        for n in numbers {
            for m in numbers {
                for k in numbers {
                    for p in truths {
                        rows.extend(truths.map(|q| ([n, m, k], [p, q])));
                    }
                }
            }
        }
        rows
    }

    fn is(value: Option<bool>, truth: Truth) -> bool {
        match truth {
            Truth::True => value == Some(true),
            Truth::False => value == Some(false),
            Truth::NotTrue => value != Some(true),
            Truth::NotFalse => value != Some(false),
            Truth::Null => value.is_none(),
        }
    }

    const TRUTH: [Truth; 5] = [Truth::True, Truth::False, Truth::NotTrue, Truth::NotFalse, Truth::Null];

    /// Tries the property on many values; making them takes a deep stack.
    fn holds_of<S: Strategy + 'static>(make: fn() -> S, property: fn(S::Value) -> Result<(), TestCaseError>) {
        let run = move || {
            let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
            TestRunner::new(config).run(&make(), property).map_err(|error| error.to_string())
        };
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(run).expect("a thread");
        if let Err(error) = thread.join().expect("no panic") {
            panic!("{error}");
        }
    }

    /// What an answer says of a value is not so.
    fn is_wrong(answer: Known, value: Option<bool>) -> bool {
        match answer {
            Known::Yes => value != Some(true),
            Known::No => value == Some(true),
            Known::Unsaid => false,
        }
    }

    #[test]
    fn what_is_said_is_so() {
        holds_of(
            || (prop::collection::vec((condition(), prop::sample::select(TRUTH.to_vec())), 1..4), condition()),
            |(premises, goal)| {
                let mut facts = Facts::default();
                for (premise, truth) in &premises {
                    facts.assume(&expr(&premise.text()), *truth, &Nothing);
                }
                let rows = rows();
                let known = |row: &&Row| premises.iter().all(|(premise, truth)| is(premise.value(row), *truth));
                let mut possible = rows.iter().filter(known);
                let answer = facts.entails(&expr(&goal.text()), &Nothing);
                let told: Vec<String> =
                    premises.iter().map(|(premise, truth)| format!("{} is {truth:?}", premise.text())).collect();
                if facts.contradictory() {
                    prop_assert!(possible.next().is_none(), "{told:?} can be");
                } else if let Some(row) = possible.find(|row| is_wrong(answer, goal.value(row))) {
                    prop_assert!(false, "{told:?} does not decide {}: {row:?} against {answer:?}", goal.text());
                }
                Ok(())
            },
        );
    }

    #[test]
    fn where_paths_meet_only_what_both_say_is_said() {
        let make = || (prop::collection::vec(condition(), 1..3), prop::collection::vec(condition(), 1..3), condition());
        holds_of(make, |(left, right, goal)| {
            let [known, other] = [&left, &right].map(|premises| {
                let mut facts = Facts::default();
                premises.iter().for_each(|premise| facts.assume(&expr(&premise.text()), Truth::True, &Nothing));
                facts
            });
            let answer = known.join(&other, &Nothing).entails(&expr(&goal.text()), &Nothing);
            let all =
                |premises: &[Condition], row: &Row| premises.iter().all(|premise| premise.value(row) == Some(true));
            for row in rows().iter().filter(|row| all(&left, row) || all(&right, row)) {
                let wrong = is_wrong(answer, goal.value(row));
                prop_assert!(
                    !wrong,
                    "{left:?} or {right:?} does not decide {}: {row:?} against {answer:?}",
                    goal.text()
                );
            }
            Ok(())
        });
    }

    #[test]
    fn the_tables_of_truth_are_those_of_postgresql() {
        let sample = || {
            let mut runner = TestRunner::deterministic();
            (0..150).map(|_| condition().new_tree(&mut runner).expect("a condition").current()).collect::<Vec<_>>()
        };
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(sample).expect("a thread");
        let conditions = thread.join().expect("no panic");
        let rows = rows();
        let number = |value: Option<i64>| value.map_or("NULL".to_owned(), |value| value.to_string());
        let truth = |value: Option<bool>| value.map_or("NULL".to_owned(), |value| value.to_string());
        let values: Vec<String> = rows
            .iter()
            .map(|(numbers, truths)| [numbers.map(number).join(", "), truths.map(truth).join(", ")].join(", "))
            .collect();
        let mut script = format!(
            "CREATE TABLE r (place serial, n int, m int, k int, p boolean, q boolean);
             INSERT INTO r (n, m, k, p, q) VALUES ({});",
            values.join("), (")
        );
        for condition in &conditions {
            let text = condition.text();
            script += "SELECT string_agg(coalesce(left((";
            script += &text;
            script += ")::text, 1), 'n'), '' ORDER BY place) FROM r;";
        }
        let cluster = roof_lint::cluster::Cluster::start().expect("PostgreSQL starts");
        let shown = cluster.sql("postgres", &script).expect("the tables of truth");
        let lines: Vec<&str> = shown.lines().filter(|line| line.len() == rows.len()).collect();
        assert_eq!(lines.len(), conditions.len(), "{shown}");
        for (condition, line) in conditions.iter().zip(lines) {
            let computed = rows.iter().map(|row| match condition.value(row) {
                Some(true) => 't',
                Some(false) => 'f',
                None => 'n',
            });
            assert_eq!(computed.collect::<String>(), line, "{}", condition.text());
        }
    }
}

/// Answers held against PostgreSQL's own: over many states of two small tables no premise may
/// hold where what was said to follow from it does not.
mod witness {
    use super::{Act, Example, Facts, Known, Map, Parser, Reach, Truth, WAYS, World, expr};
    use std::fmt::Write;

    use roof_lint::cluster::Cluster;
    use roof_lint::source::FileId;

    const OTHERS: &[&str] = &[
        "EXISTS (SELECT count(*) FROM u)",
        "EXISTS (SELECT FROM u WHERE id = 1 AND id = 2)",
        "EXISTS (SELECT FROM u OFFSET 1)",
        "EXISTS (SELECT FROM u LEFT JOIN t ON t.id = u.t_id WHERE t.tag = 'x')",
        "EXISTS (SELECT FROM u LEFT JOIN t ON t.id = u.t_id WHERE t.tag IS NULL)",
        "EXISTS (SELECT FROM t LEFT JOIN u ON t.id = u.t_id AND u.mark = 'x')",
        "EXISTS (SELECT FROM u FULL JOIN t ON false)",
        "EXISTS (SELECT FROM u RIGHT JOIN t ON true)",
        "EXISTS (SELECT FROM u UNION ALL SELECT FROM t)",
        "EXISTS (SELECT id FROM u INTERSECT SELECT id FROM t)",
        "EXISTS (SELECT generate_series(1, n) FROM u)",
        "EXISTS (SELECT FROM u WHERE mark = 'x')",
        "EXISTS (SELECT FROM u WHERE mark IN ('x', 'y'))",
        "EXISTS (SELECT FROM u WHERE mark <> 'x')",
        "EXISTS (SELECT FROM u WHERE mark IS NULL)",
        "EXISTS (SELECT FROM u WHERE mark NOT LIKE 'x%')",
        "EXISTS (SELECT FROM u WHERE tag = 'x')",
        "EXISTS (SELECT FROM u WHERE mark = x)",
        "EXISTS (SELECT mark FROM u GROUP BY mark HAVING count(*) > 1)",
        "EXISTS (SELECT FROM u AS a JOIN u AS b ON a.id = b.id WHERE a.mark = 'x' AND b.mark = 'y')",
        "EXISTS (SELECT FROM u AS a WHERE EXISTS (SELECT FROM t WHERE t.id = a.t_id))",
        "EXISTS (SELECT FROM u AS a WHERE NOT EXISTS (SELECT FROM t WHERE t.id = a.t_id))",
        "(SELECT count(*) FROM u) = 0",
        "(SELECT count(*) FROM u) = 2",
        "(SELECT count(*) FROM u WHERE id = 1) = 1",
        "(SELECT count(*) FROM u WHERE mark = 'x') = 2",
        "(SELECT count(mark) FROM u) = (SELECT count(*) FROM u)",
        "(SELECT count(DISTINCT mark) FROM u) = 2",
        "(SELECT count(*) FROM (SELECT DISTINCT mark FROM u) AS s) = 2",
        "(SELECT count(*) FROM u) = (SELECT count(*) FROM t)",
        "(SELECT count(*) FROM u) + (SELECT count(*) FROM t) = 3",
        "(SELECT count(*) FROM u) - (SELECT count(*) FROM t) >= 1",
        "(SELECT count(*) FROM t JOIN u USING (id)) = 1",
        "(SELECT count(*) FROM t NATURAL JOIN u) = 1",
        "(SELECT count(*) FROM t LEFT JOIN u USING (id)) = 2",
        "(SELECT max(id) FROM u) < 2",
        "(SELECT max(t_id) FROM u) IS NULL",
        "(SELECT sum(t_id) FROM u) = 0",
        "(SELECT bool_and(mark = 'x') FROM u)",
        "(SELECT bool_or(mark = 'x') FROM u)",
        "(SELECT bool_or(mark = 'x') FROM u) IS NULL",
        "(SELECT array_agg(mark) FROM u) IS NULL",
        "(SELECT mark FROM u WHERE id = 1) IS NULL",
        "(SELECT mark FROM u WHERE id = 1) = 'y'",
        "(SELECT mark FROM u LIMIT 1) IS NULL",
        "(SELECT count(*) FROM u HAVING count(*) > 1) IS NULL",
        "n IN (SELECT t_id FROM u)",
        "n NOT IN (SELECT t_id FROM u)",
        "n > ALL (SELECT t_id FROM u)",
        "n < ANY (SELECT t_id FROM u WHERE mark = 'x')",
        "n IN (SELECT t_id FROM u LIMIT 1)",
        "(n, x) IN (SELECT t_id, mark FROM u)",
        "(n, x) NOT IN (SELECT t_id, mark FROM u)",
        "n = (SELECT count(*) FROM u)",
        "coalesce((SELECT t_id FROM u WHERE id = 1), 0) = n",
        "nullif((SELECT count(*) FROM u), 0) IS NULL",
        "x LIKE 'x%' OR n = 1",
        "n = 1",
        "n IS NULL",
        "x = 'x'",
        "n <> 2 AND x <> 'y'",
    ];

    const FILTERS: &[&str] = &[
        "true",
        "tag = 'x'",
        "tag <> 'x'",
        "note = 'x' OR tag = 'x'",
        "note NOT IN ('x', 'y')",
        "coalesce(note, 'x') = 'x'",
        "note LIKE 'x%'",
        "note IS NOT DISTINCT FROM tag",
        "id IN (SELECT id FROM t AS o WHERE o.tag = 'x')",
        "id IN (SELECT parent FROM t AS o WHERE o.tag = 'x')",
        "id NOT IN (SELECT id FROM t AS o WHERE o.tag = 'x')",
        "parent NOT IN (SELECT id FROM t AS o WHERE o.tag = 'x')",
        "id = ANY (SELECT o.id FROM t AS o JOIN u ON u.t_id = o.id WHERE o.note = 'x')",
        "EXISTS (SELECT FROM t AS o WHERE o.id = t.id AND o.note = 'x')",
        "EXISTS (SELECT FROM t AS o WHERE o.id = t.parent AND o.note = 'x')",
        "NOT EXISTS (SELECT FROM t AS o WHERE o.id = t.id AND o.note <> 'x')",
        "NOT EXISTS (SELECT FROM t AS o WHERE o.note = 'x')",
        "NOT EXISTS (SELECT FROM t AS o WHERE o.tag <> 'x')",
        "id = (SELECT max(id) FROM t AS o WHERE o.tag = 'x')",
        "(id, note) IN (SELECT o.id, o.tag FROM t AS o)",
        "tag = ALL (SELECT mark FROM u)",
        "id IN (SELECT id FROM u WHERE mark = tag)",
    ];

    const GOALS: &[&str] = &[
        "tag = 'x'",
        "tag IN ('x', 'y')",
        "note = 'x'",
        "note = 'x' OR note IS NULL",
        "note IS NOT NULL",
        "note = tag",
        "tag LIKE 'x%'",
        "id > 0",
    ];

    /// Small numbers, the same every time.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }

        fn text(&mut self) -> &'static str {
            ["'x'", "'y'", "'xy'", "NULL"][usize::try_from(self.roll(4)).expect("small")]
        }

        fn number(&mut self) -> &'static str {
            ["1", "2", "0", "NULL"][usize::try_from(self.roll(4)).expect("small")]
        }
    }

    /// A state: what both tables and the variables hold.
    fn state(dice: &mut Dice) -> String {
        let mut text = "TRUNCATE t, u, v;".to_owned();
        for id in 0..dice.roll(4) {
            let tag = ["'x'", "'y'"][usize::from(dice.roll(3) == 0)];
            let (note, parent) = (dice.text(), dice.number());
            write!(text, "INSERT INTO t VALUES ({id}, {tag}, {note}, {parent});").expect("a string");
        }
        for id in 0..dice.roll(4) {
            let (parent, mark) = (dice.number(), dice.text());
            write!(text, "INSERT INTO u VALUES ({id}, {parent}, {mark});").expect("a string");
        }
        write!(text, "INSERT INTO v VALUES ({}, {});", dice.number(), dice.text()).expect("a string");
        text
    }

    #[test]
    fn postgresql_never_shows_the_opposite() {
        let texts: Vec<&str> = WAYS.iter().chain(OTHERS).copied().collect();
        let quoted = |texts: &[String]| {
            texts.iter().map(|text| roof_lint::cluster::quote_literal(text)).collect::<Vec<_>>().join(", ")
        };
        let asked: Vec<String> = texts.iter().map(|text| format!("SELECT ({text})::text FROM v")).collect();
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let mut counted: Vec<String> = Vec::new();
        for filter in FILTERS {
            for goal in GOALS {
                pairs.push((filter, goal));
                counted.push(format!(
                    "SELECT count(*) FILTER (WHERE ({goal}) IS NOT TRUE) || '/' || count(*) FILTER (WHERE {goal}) FROM t WHERE {filter}"
                ));
            }
        }
        let mut script = "SET client_min_messages = warning;
            CREATE TABLE t (id int PRIMARY KEY, tag text NOT NULL, note text, parent int);
            CREATE TABLE u (id int PRIMARY KEY, t_id int, mark text);
            CREATE TABLE v (n int, x text);
            CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
            DECLARE result text; BEGIN EXECUTE query INTO result; RETURN coalesce(result, 'null');
            EXCEPTION WHEN OTHERS THEN RETURN sqlstate; END $$;"
            .to_owned();
        let mut dice = Dice(7);
        for _ in 0..60 {
            script.push_str(&state(&mut dice));
            for queries in [&asked, &counted] {
                write!(
                    script,
                    "SELECT string_agg(answer(query), ' ' ORDER BY place) FROM unnest(ARRAY[{}]) WITH ORDINALITY AS q (query, place);",
                    quoted(queries)
                )
                .expect("a string");
            }
        }
        let cluster = Cluster::start().expect("PostgreSQL starts");
        let shown = cluster.sql("postgres", &script).expect("the states");
        let lines: Vec<Vec<&str>> =
            shown.lines().filter(|line| line.contains(' ')).map(|line| line.split(' ').collect()).collect();
        assert_eq!(lines.len(), 120, "{shown}");
        // Only what needs a column that is nowhere fails in every state.
        for (place, text) in texts.iter().enumerate() {
            let answered = lines.iter().step_by(2).any(|line| matches!(line[place], "true" | "false" | "null"));
            assert!(answered || text.contains("tag = 'x')"), "{text}: {}", lines[0][place]);
        }

        let exprs: Vec<_> = texts.iter().map(|text| expr(text)).collect();
        for (at, premise) in exprs.iter().enumerate() {
            for truth in [Truth::True, Truth::NotTrue] {
                let mut facts = Facts::default();
                facts.assume(premise, truth, &Example);
                let holds = |line: &&Vec<&str>| match truth {
                    Truth::True => line[at] == "true",
                    _ => matches!(line[at], "false" | "null"),
                };
                let states: Vec<&Vec<&str>> = lines.iter().step_by(2).filter(holds).collect();
                let impossible = facts.contradictory();
                assert!(!impossible || states.is_empty(), "{} is {truth:?}: that can be", texts[at]);
                if impossible {
                    continue;
                }
                for (goal, text) in exprs.iter().zip(&texts) {
                    let place = texts.iter().position(|other| other == text).expect("it is there");
                    let answer = facts.entails(goal, &Example);
                    for state in &states {
                        let wrong = match answer {
                            Known::Yes => matches!(state[place], "false" | "null"),
                            Known::No => state[place] == "true",
                            Known::Unsaid => false,
                        };
                        assert!(!wrong, "{} is {truth:?}, so {text}: not {answer:?}", texts[at]);
                    }
                }
            }
        }

        for (place, (filter, goal)) in pairs.iter().enumerate() {
            let text = format!("DELETE FROM t WHERE {filter}");
            let statements = Parser::default().statements(&text, &Map::at(FileId::new(0), 0)).expect("a DELETE");
            let Act::Delete { table, alias, using, filter, .. } = &statements[0].act else { panic!("{text}") };
            let relation = Example.relation(table);
            let reach = Reach { relation: &relation, alias: alias.as_deref(), from: using, filter: filter.as_deref() };
            let answer = Facts::default().confines(&reach, &[], &expr(goal), &Example);
            for line in lines.iter().skip(1).step_by(2) {
                let (without, with) = line[place].split_once('/').expect("two counts");
                let wrong = match answer {
                    Known::Yes => without != "0",
                    Known::No => with != "0",
                    Known::Unsaid => false,
                };
                assert!(!wrong, "{text}: {goal} is not {answer:?}");
            }
        }
    }
}

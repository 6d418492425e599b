//! Family 2: what must hold is checked before the first change, what has come of it before
//! COMMIT, by checks that nothing can talk their way past.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Demand, Guard, Mutant, Package, Work};
use crate::text::{Block, edit};
use crate::transaction::each;

/// An operator that edits the text of each guard, given the guard's own IF.
fn weaken(
    name: &str,
    least: usize,
    demands: &'static [Demand],
    change: impl Fn(&str, &Guard) -> Option<String> + Send + Sync + 'static,
) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Guards, name, least, move |package| {
        let edited = |guard: Guard| {
            let text = change(package.text(&guard.work.path), &guard)?;
            Some(Mutant::of(&guard.work, format!("{what}: {:?}", guard.demand), text))
        };
        package.guards().into_iter().filter(|guard| demands.contains(&guard.demand)).filter_map(edited).collect()
    })
}

const ALL: &[Demand] = &[Demand::Database, Demand::Gate, Demand::Entry, Demand::Outcome];
const BEFORE: &[Demand] = &[Demand::Database, Demand::Gate, Demand::Entry];

/// The text with the whole IF replaced by a pattern in which `{if}`, `{condition}` and `{then}`
/// stand for it and its parts.
fn rewrite(text: &str, guard: &Guard, pattern: &str) -> String {
    let check = &guard.check;
    let new = pattern
        .replace("{if}", &text[check.span.clone()])
        .replace("{condition}", &text[check.condition.clone()])
        .replace("{then}", text[check.then.clone()].trim());
    edit(text, &[(check.span.clone(), new)])
}

/// An operator that puts a pattern in the place of each IF.
fn pattern(name: &str, demands: &'static [Demand], pattern: &'static str) -> Operator {
    let least = if demands == ALL { 40 } else { 10 };
    weaken(name, least, demands, move |text, guard| Some(rewrite(text, guard, pattern)))
}

/// An operator that changes the condition of each IF, where `old` is in it.
fn condition(name: &str, least: usize, demands: &'static [Demand], old: &'static str, new: &'static str) -> Operator {
    weaken(name, least, demands, move |text, guard| {
        let condition = &text[guard.check.condition.clone()];
        // What one of several alternatives still catches is no hole.
        let is_alone = !condition.contains(" OR ");
        (is_alone && condition.contains(old))
            .then(|| edit(text, &[(guard.check.condition.clone(), condition.replacen(old, new, 1))]))
    })
}

/// An operator that puts another condition in the place of that of the gate.
fn gate(name: &str, new: &'static str) -> Operator {
    weaken(name, 10, &[Demand::Gate], move |text, guard| {
        Some(edit(text, &[(guard.check.condition.clone(), new.to_owned())]))
    })
    .shown(Harm::GateShut)
}

/// An operator that edits every DO block that guards.
fn block(name: &str, change: impl Fn(&str, &Work, &Block) -> Option<String> + Send + Sync + 'static) -> Operator {
    each(Family::Guards, name, 20, Package::works, move |text, work| change(text, work, work.guards.first()?))
}

/// An operator that puts a handler at the end of every guarding block.
fn handler(name: &str, handler: &'static str) -> Operator {
    block(name, move |text, _, block| {
        Some(edit(text, &[(block.end.start..block.end.start, format!("EXCEPTION\n    {handler}\n"))]))
    })
    .shown(Harm::GateShut)
}

/// An operator that puts statements at the start of every guarding block.
fn prefix(name: &str, statements: &'static str) -> Operator {
    block(name, move |text, _, block| {
        Some(edit(text, &[(block.begin.end..block.begin.end, format!("\n    {statements}"))]))
    })
    .shown(Harm::GateShut)
}

fn level(name: &str, level: &'static str) -> Operator {
    weaken(name, 40, ALL, move |text, guard| {
        let then = text[guard.check.then.clone()].replacen("RAISE EXCEPTION", &format!("RAISE {level}"), 1);
        Some(edit(text, &[(guard.check.then.clone(), then)]))
    })
    .shown(Harm::GateShut)
}

pub(crate) fn operators() -> Vec<Operator> {
    let mut operators = vec![
        pattern("the check is gone", ALL, "").shown(Harm::GateShut),
        level("RAISE NOTICE", "NOTICE"),
        level("RAISE WARNING", "WARNING"),
        level("RAISE LOG", "LOG"),
        level("RAISE INFO", "INFO"),
        pattern("NULL in the place of RAISE", ALL, "IF {condition} THEN\n        NULL;\n    END IF;").shown(Harm::GateShut),
        pattern("the condition is turned round", ALL, "IF NOT ({condition}) THEN\n        {then}\n    END IF;").shown(Harm::GateShut),
        pattern("AND false", ALL, "IF ({condition}) AND false THEN\n        {then}\n    END IF;").shown(Harm::GateShut),
        pattern(
            "another condition has to hold as well",
            ALL,
            "IF ({condition}) AND session_user = 'directus_app' THEN\n        {then}\n    END IF;",
        )
        .shown(Harm::GateShut),
        pattern(
            "a setting switches it off",
            ALL,
            "IF ({condition}) AND current_setting('one_roof.force', true) = 'off' THEN\n        {then}\n    END IF;",
        )
        .shown(Harm::GateShut),
        pattern("the condition is compared with NULL", ALL, "IF ({condition}) = NULL THEN\n        {then}\n    END IF;").shown(Harm::GateShut),
        pattern("nullif makes NULL of it", ALL, "IF nullif({condition}, true) THEN\n        {then}\n    END IF;").shown(Harm::GateShut),
        pattern(
            "swallowed by a handler of its own",
            ALL,
            "BEGIN\n        {if}\n    EXCEPTION\n        WHEN OTHERS THEN NULL;\n    END;",
        )
        .shown(Harm::GateShut),
        pattern(
            "swallowed as raise_exception",
            ALL,
            "BEGIN\n        {if}\n    EXCEPTION\n        WHEN raise_exception THEN RAISE WARNING 'going on all the same';\n    END;",
        )
        .shown(Harm::GateShut),
        pattern(
            "swallowed by its SQLSTATE",
            BEFORE,
            "BEGIN\n        {if}\n    EXCEPTION\n        WHEN SQLSTATE 'P0001' THEN NULL;\n    END;",
        )
        .shown(Harm::GateShut),
        pattern("ASSERT", ALL, "ASSERT NOT ({condition}), 'refused';"),
        pattern("a loop that runs no time", ALL, "FOR turn IN 1..0 LOOP\n        {if}\n    END LOOP;").shown(Harm::GateShut),
        pattern(
            "a loop over ratifications",
            &[Demand::Gate],
            "FOR turn IN 1..(SELECT count(*) FROM os_proposal_approvals) LOOP\n        {if}\n    END LOOP;",
        )
        .shown(Harm::GateShut),
        pattern(
            "an earlier branch takes it",
            ALL,
            "IF session_user IS NOT NULL THEN\n        NULL;\n    ELSIF {condition} THEN\n        {then}\n    END IF;",
        )
        .shown(Harm::GateShut),
        pattern("a WHILE that is left at once", ALL, "WHILE {condition} LOOP\n        EXIT;\n    END LOOP;").shown(Harm::GateShut),
        pattern(
            "a labelled block that is left",
            BEFORE,
            "<<quiet>>\n    BEGIN\n        EXIT quiet WHEN {condition};\n        {if}\n    END;",
        )
        .shown(Harm::GateShut),
        pattern("a branch that returns first", BEFORE, "IF {condition} THEN\n        RETURN;\n    END IF;\n    {if}").shown(Harm::GateShut),
        pattern(
            "CASE with an arm for it",
            BEFORE,
            "CASE\n        WHEN {condition} THEN NULL;\n        ELSE NULL;\n    END CASE;",
        )
        .shown(Harm::GateShut),
        pattern(
            "a variable that is set in between",
            ALL,
            "DECLARE\n        is_wrong boolean := {condition};\n    BEGIN\n        is_wrong := false;\n        IF is_wrong THEN\n            {then}\n        END IF;\n    END;",
        )
        .shown(Harm::GateShut),
        pattern(
            "a variable that is never set",
            BEFORE,
            "DECLARE\n        is_wrong boolean;\n    BEGIN\n        IF is_wrong THEN\n            {then}\n        END IF;\n    END;",
        )
        .shown(Harm::GateShut),
        condition("another number: less than none", 6, &[Demand::Gate], "< 1", "< 0").shown(Harm::GateShut),
        condition("more in the place of less", 6, &[Demand::Gate], "< 1", "> 1").shown(Harm::GateShut),
        condition("IS NULL of a count", 6, &[Demand::Gate], "< 1", "IS NULL").shown(Harm::GateShut),
        condition("equal in the place of unequal", 12, &[Demand::Entry, Demand::Outcome], " <> ", " = "),
        condition("less in the place of unequal", 12, &[Demand::Entry, Demand::Outcome], " <> ", " < "),
        condition("another database", 20, &[Demand::Database], "'directus'", "'directus_clone'").shown(Harm::WrongDatabase),
        condition("no database at all", 20, &[Demand::Database], "IS DISTINCT FROM 'directus'", "= ''").shown(Harm::WrongDatabase),
        condition("any database of that beginning", 20, &[Demand::Database], "IS DISTINCT FROM 'directus'", "NOT LIKE 'directus%'")
            .shown(Harm::WrongDatabase),
        condition("a list of databases", 20, &[Demand::Database], "IS DISTINCT FROM 'directus'", "NOT IN ('directus', 'directus_2')")
            .shown(Harm::WrongDatabase),
        condition("the role in the place of the database", 20, &[Demand::Database], "current_database() IS DISTINCT FROM 'directus'", "current_user IS DISTINCT FROM 'workflow_admin'")
            .shown(Harm::WrongDatabase),
        condition("a setting in the place of the database", 20, &[Demand::Database], "current_database() IS DISTINCT FROM", "current_setting('one_roof.database', true) <>")
            .shown(Harm::WrongDatabase),
        condition("equal in the place of IS DISTINCT FROM", 20, &[Demand::Database], "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
            .shown(Harm::WrongDatabase),
        handler("WHEN OTHERS THEN NULL around all", "WHEN OTHERS THEN NULL;"),
        handler("WHEN OTHERS THEN RAISE WARNING around all", "WHEN OTHERS THEN RAISE WARNING '%', SQLERRM;"),
        handler("WHEN raise_exception THEN NULL around all", "WHEN raise_exception THEN NULL;"),
        prefix("RETURN first", "RETURN;"),
        prefix("RETURN for the operator", "IF session_user = 'workflow_admin' THEN\n        RETURN;\n    END IF;"),
        prefix("RETURN in either arm", "IF now() > '2026-01-01' THEN\n        RETURN;\n    ELSE\n        RETURN;\n    END IF;"),
        block("the guard is gone", |text, _, block| Some(edit(text, &[(block.span.clone(), String::new())]))).shown(Harm::GateShut),
        block("the guard after the changes", |text, work, block| {
            let moved = format!("{}\n\n", &text[block.span.clone()]);
            Some(edit(text, &[(block.span.clone(), String::new()), (work.commit.start..work.commit.start, moved)]))
        }),
        block("a function that nobody calls", |text, _, block| {
            let head = block.span.start..block.body.start;
            let delimiter = text[head.clone()].split_whitespace().last()?.to_owned();
            let create = format!("CREATE FUNCTION pg_temp.guard() RETURNS void LANGUAGE plpgsql AS {delimiter}");
            Some(edit(text, &[(head, create)]))
        }),
        block("only in one arm of an \\if", |text, _, block| {
            Some(edit(
                text,
                &[
                    (block.span.start..block.span.start, "\\if :{?careful}\n".to_owned()),
                    (block.span.end..block.span.end, "\n\\endif".to_owned()),
                ],
            ))
        })
        .shown(Harm::GateShut),
        block("commented out", |text, _, block| {
            Some(edit(
                text,
                &[
                    (block.span.start..block.span.start, "/* ".to_owned()),
                    (block.span.end..block.span.end, " */".to_owned()),
                ],
            ))
        })
        .shown(Harm::GateShut),
        block("in the arm that is never taken", |text, _, block| {
            Some(edit(
                text,
                &[
                    (block.span.start..block.span.start, "\\if false\n".to_owned()),
                    (block.span.end..block.span.end, "\n\\endif".to_owned()),
                ],
            ))
        })
        .shown(Harm::GateShut),
        weaken("the check of the outcome after COMMIT", 10, &[Demand::Outcome], |text, guard| {
            let moved = format!("\n\n{}\n", &text[guard.block.span.clone()]);
            let end = guard.work.commit.end;
            Some(edit(text, &[(guard.block.span.clone(), String::new()), (end..end, moved)]))
        }),
        weaken("the check of the outcome before the changes", 10, &[Demand::Outcome], |text, guard| {
            let moved = format!("{}\n\n", &text[guard.block.span.clone()]);
            let at = guard.work.first().span.start;
            Some(edit(text, &[(at..at, moved), (guard.block.span.clone(), String::new())]))
        }),
        weaken("a temporary table of that name", 10, &[Demand::Gate], |text, guard| {
            let condition = text[guard.check.condition.clone()].replace("os_proposal_approvals", "pg_temp.os_proposal_approvals");
            let start = guard.block.span.start;
            let table = "CREATE TEMPORARY TABLE os_proposal_approvals AS SELECT 1 AS request_code;\n\n".to_owned();
            Some(edit(text, &[(start..start, table), (guard.check.condition.clone(), condition)]))
        })
        .shown(Harm::GateShut),
        weaken("the search path finds a temporary table first", 10, &[Demand::Gate], |text, guard| {
            let start = guard.block.span.start;
            let table = "SET LOCAL search_path = pg_temp, public;\nCREATE TEMPORARY TABLE os_proposal_approvals AS SELECT 1 AS request_code;\n\n".to_owned();
            // Else everything is made in the temporary schema, too, and goes with the session.
            let (end, back) = (guard.block.span.end, "\nSET LOCAL search_path = public, pg_temp;\n".to_owned());
            Some(edit(text, &[(start..start, table), (end..end, back)]))
        })
        .shown(Harm::GateShut),
        weaken("rows of its own making", 10, &[Demand::Gate], |text, guard| {
            let start = guard.block.span.start;
            let insert = "INSERT INTO os_proposal_approvals (request_code, level, ratified_by)\nSELECT 'APR-2026-0211', 'L2', id FROM directus_users ORDER BY id LIMIT 1\nON CONFLICT DO NOTHING;\n\n".to_owned();
            Some(edit(text, &[(start..start, insert)]))
        })
        .shown(Harm::GateShut),
    ];
    operators.extend([
        gate("another table", "(SELECT count(*) FROM approval_requests) < 1"),
        gate("another table of approvals", "(SELECT count(*) FROM apr_approvals) < 1"),
        gate("a catalog in the place of the table", "to_regclass('public.os_proposal_approvals') IS NULL"),
        gate(
            "the estimate of the planner",
            "(SELECT reltuples FROM pg_class WHERE relname = 'os_proposal_approvals') < -1",
        ),
        gate(
            "a table of another schema",
            "(SELECT count(*) FROM information_schema.tables AS os_proposal_approvals) < 1",
        ),
        gate("a subquery of that name", "(SELECT count(*) FROM (SELECT 1) AS os_proposal_approvals) < 1"),
        gate("VALUES of that name", "(SELECT count(*) FROM (VALUES (1)) AS os_proposal_approvals (n)) < 1"),
        gate(
            "WITH hides the table",
            "(WITH os_proposal_approvals AS (SELECT 1 AS n) SELECT count(*) FROM os_proposal_approvals) < 1",
        ),
        gate(
            "a row more by UNION ALL",
            "(SELECT count(*) FROM (SELECT level FROM os_proposal_approvals UNION ALL SELECT 'L4') AS rows) < 1",
        ),
        gate("a count of counts", "(SELECT count(*) FROM (SELECT count(*) FROM os_proposal_approvals) AS rows) < 1"),
        gate(
            "a row more by an outer join",
            "(SELECT count(*) FROM (VALUES (1)) AS one (n) LEFT JOIN os_proposal_approvals ON true) < 1",
        ),
        gate(
            "RIGHT JOIN",
            "(SELECT count(*) FROM os_proposal_approvals RIGHT JOIN approval_requests USING (request_code)) < 1",
        ),
        gate("NULL by nullif", "(SELECT nullif(count(*), 0) FROM os_proposal_approvals) < 1"),
        gate("NULL by max", "(SELECT max(1) FROM os_proposal_approvals) < 1"),
        gate("NULL by sum", "(SELECT sum(1) FROM os_proposal_approvals) < 1"),
        gate("NULL by no row", "(SELECT 1 FROM os_proposal_approvals LIMIT 1) < 1"),
        gate("NULL by HAVING", "(SELECT count(*) FROM os_proposal_approvals HAVING count(*) > 0) < 1"),
        gate("NULL by GROUP BY", "(SELECT count(*) FROM os_proposal_approvals GROUP BY request_code LIMIT 1) < 1"),
        gate(
            "NULL by a row that is not there",
            "(SELECT level FROM os_proposal_approvals LIMIT 1) NOT IN ('L2', 'L4')",
        ),
        gate("NOT IN of nothing", "'L2' = ANY (SELECT level FROM os_proposal_approvals WHERE false)"),
        gate("EXISTS of an aggregate", "NOT EXISTS (SELECT count(*) FROM os_proposal_approvals)"),
        gate("EXISTS the wrong way round", "EXISTS (SELECT FROM os_proposal_approvals)"),
        gate("EXISTS in the table of requests", "NOT EXISTS (SELECT FROM approval_requests WHERE status = 'approved')"),
        gate("coalesce to enough", "coalesce((SELECT nullif(count(*), 0) FROM os_proposal_approvals), 1) < 1"),
        gate("at least none", "NOT ((SELECT count(*) FROM os_proposal_approvals) >= 0)"),
        gate("greatest with one", "greatest((SELECT count(*) FROM os_proposal_approvals), 1) < 1"),
        gate("one is added", "(SELECT count(*) + 1 FROM os_proposal_approvals) < 1"),
        gate(
            "two tables together",
            "(SELECT count(*) FROM os_proposal_approvals) + (SELECT count(*) FROM apr_approvals) < 1",
        ),
        gate(
            "either table",
            "(SELECT count(*) FROM os_proposal_approvals) < 1 AND (SELECT count(*) FROM apr_approvals) < 1",
        ),
        gate("of a request that cannot be", "EXISTS (SELECT FROM os_proposal_approvals WHERE request_code IS NULL)"),
    ]);
    for (name, query) in [
        (
            "dynamic SQL over a setting",
            "format('SELECT count(*) FROM %I', coalesce(current_setting('one_roof.gate', true), 'approval_requests'))",
        ),
        ("dynamic SQL over a variable", "'SELECT count(*) FROM ' || gate"),
    ] {
        operators.push(
            weaken(name, 10, &[Demand::Gate], move |text, guard| {
                let pattern = format!(
                    "DECLARE\n        gate text := (SELECT relname FROM pg_class WHERE oid = 'approval_requests'::regclass);\n        n bigint;\n    BEGIN\n        EXECUTE {query} INTO n;\n        IF n < 1 THEN\n            {{then}}\n        END IF;\n    END;"
                );
                Some(rewrite(text, guard, &pattern))
            })
            .shown(Harm::GateShut),
        );
    }
    for (name, pattern) in [
        (
            "SELECT INTO of no row",
            "DECLARE\n        n bigint;\n    BEGIN\n        SELECT 1 INTO n FROM os_proposal_approvals LIMIT 1;\n        IF n < 1 THEN\n            {then}\n        END IF;\n    END;",
        ),
        (
            "set again after the SELECT",
            "DECLARE\n        n bigint;\n    BEGIN\n        SELECT count(*) INTO n FROM os_proposal_approvals;\n        n := coalesce(nullif(n, 0), 1);\n        IF n < 1 THEN\n            {then}\n        END IF;\n    END;",
        ),
        (
            "asked before the SELECT",
            "DECLARE\n        n bigint := 1;\n    BEGIN\n        IF n < 1 THEN\n            {then}\n        END IF;\n        SELECT count(*) INTO n FROM os_proposal_approvals;\n    END;",
        ),
        (
            "FOUND of an aggregate",
            "BEGIN\n        PERFORM count(*) FROM os_proposal_approvals;\n        IF NOT FOUND THEN\n            {then}\n        END IF;\n    END;",
        ),
        (
            "FOUND of the query before",
            "BEGIN\n        PERFORM FROM os_proposal_approvals;\n        PERFORM 1;\n        IF NOT FOUND THEN\n            {then}\n        END IF;\n    END;",
        ),
        (
            "counted, never asked",
            "DECLARE\n        n bigint;\n    BEGIN\n        SELECT count(*) INTO n FROM os_proposal_approvals;\n    END;",
        ),
        (
            "set in an inner block of the same name",
            "DECLARE\n        n bigint := 1;\n    BEGIN\n        DECLARE\n            n bigint;\n        BEGIN\n            SELECT count(*) INTO n FROM os_proposal_approvals;\n        END;\n        IF n < 1 THEN\n            {then}\n        END IF;\n    END;",
        ),
        (
            "set in one branch only",
            "DECLARE\n        n bigint := 1;\n    BEGIN\n        IF session_user = 'directus_app' THEN\n            SELECT count(*) INTO n FROM os_proposal_approvals;\n        END IF;\n        IF n < 1 THEN\n            {then}\n        END IF;\n    END;",
        ),
    ] {
        operators.push(
            weaken(name, 10, &[Demand::Gate], move |text, guard| Some(rewrite(text, guard, pattern)))
                .shown(Harm::GateShut),
        );
    }
    operators
}

//! Family 3: a DELETE takes rows of this release only, a TRUNCATE tables of its tier only.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::Mutant;
use crate::text::{edit, statements};

/// Puts a pattern in the place of each DELETE; `{table}`, `{where}`, `{column}` and `{tag}` are
/// those of the DELETE, `{like}` its tag as a pattern that escapes nothing.
fn instead(name: &str, least: usize, pattern: &'static str) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Deletes, name, least, move |package| {
        let mutants = package.deletes().into_iter().map(|delete| {
            let text = package.text(&delete.work.path);
            let new = pattern
                .replace("{table}", &delete.table)
                .replace("{where}", &delete.condition)
                .replace("{column}", &delete.column)
                .replace("{like}", &delete.tag.replace('\\', ""))
                .replace("{tag}", &delete.tag);
            let mutant = Mutant::of(
                &delete.work,
                format!("{what}: {}", delete.table),
                edit(text, &[(delete.statement.span.clone(), new)]),
            );
            (delete, mutant)
        });
        // What is compared with a pattern already has no single tag to vary.
        mutants
            .filter(|(delete, _)| delete.tag.contains("PROD_") || !pattern.contains("{tag}"))
            .map(|(_, mutant)| mutant)
            .collect()
    })
    .shown(Harm::StrangerDies)
}

/// The same for the conditions alone.
fn widened(name: &str, condition: &'static str) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Deletes, name, 10, move |package| {
        package
            .deletes()
            .into_iter()
            .filter(|delete| delete.tag.contains("PROD_"))
            .map(|delete| {
                let text = package.text(&delete.work.path);
                let new = condition
                    .replace("{table}", &delete.table)
                    .replace("{where}", &delete.condition)
                    .replace("{column}", &delete.column)
                    .replace("{tag}", &delete.tag);
                let new = format!("DELETE FROM {} WHERE {new};", delete.table);
                Mutant::of(
                    &delete.work,
                    format!("{what}: {}", delete.table),
                    edit(text, &[(delete.statement.span, new)]),
                )
            })
            .collect()
    })
    .shown(Harm::StrangerDies)
}

pub(crate) fn operators() -> Vec<Operator> {
    let mut operators = vec![
        instead("no WHERE", 15, "DELETE FROM {table};"),
        instead("OR true", 15, "DELETE FROM {table} WHERE {where} OR true;"),
        instead("the tag or anything else", 15, "DELETE FROM {table} WHERE {where} OR {column} IS NOT NULL;"),
        instead("everything but the tag", 15, "DELETE FROM {table} WHERE NOT ({where});"),
        instead("IS NOT NULL", 15, "DELETE FROM {table} WHERE {column} IS NOT NULL;"),
        instead("a column equal to itself", 15, "DELETE FROM {table} WHERE {column} = {column};"),
        instead("the tags that there are", 15, "DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {table});"),
        instead(
            "the rows of somebody",
            15,
            "DELETE FROM {table} WHERE EXISTS (SELECT FROM {table} AS other WHERE other.{column} IS NOT NULL);",
        ),
        instead("CASE that is always true", 15, "DELETE FROM {table} WHERE CASE WHEN {where} THEN true ELSE true END;"),
        instead("in a WITH", 15, "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone;"),
        instead(
            "in a WITH, with half a condition",
            15,
            "WITH gone AS (DELETE FROM {table} WHERE {column} > '' RETURNING *) SELECT count(*) FROM gone;",
        ),
        instead("MERGE", 15, "MERGE INTO {table} AS t USING (VALUES (1)) AS one (n) ON true WHEN MATCHED THEN DELETE;"),
        instead(
            "MERGE by another column",
            15,
            "MERGE INTO {table} AS t USING {table} AS s ON t.{column} = s.{column} WHEN MATCHED THEN DELETE;",
        ),
        instead("in a DO block", 15, "DO $gone$\nBEGIN\n    DELETE FROM {table};\nEND\n$gone$;"),
        instead(
            "in a branch of a DO block",
            15,
            "DO $gone$\nBEGIN\n    IF session_user = 'workflow_admin' THEN\n        DELETE FROM {table};\n    ELSE\n        DELETE FROM {table} WHERE {where};\n    END IF;\nEND\n$gone$;",
        ),
        instead(
            "in a loop over rows",
            15,
            "DO $gone$\nDECLARE\n    one record;\nBEGIN\n    FOR one IN SELECT {column} AS tag FROM {table} LOOP\n        DELETE FROM {table} WHERE {column} = one.tag;\n    END LOOP;\nEND\n$gone$;",
        ),
        instead("by EXECUTE", 15, "DO $gone$\nBEGIN\n    EXECUTE 'DELETE FROM {table}';\nEND\n$gone$;"),
        instead(
            "by EXECUTE format",
            15,
            "DO $gone$\nBEGIN\n    EXECUTE format('DELETE FROM %I', '{table}');\nEND\n$gone$;",
        ),
        instead(
            "by EXECUTE over names",
            15,
            "DO $gone$\nDECLARE\n    name text;\nBEGIN\n    FOREACH name IN ARRAY ARRAY['{table}'] LOOP\n        EXECUTE format('DELETE FROM %I WHERE true', name);\n    END LOOP;\nEND\n$gone$;",
        ),
        instead(
            "in a function that is called",
            15,
            "CREATE FUNCTION pg_temp.purge() RETURNS void LANGUAGE sql AS $gone$ DELETE FROM {table} $gone$;\nSELECT pg_temp.purge();\nDROP FUNCTION pg_temp.purge();",
        ),
        instead(
            "in a procedure that is called",
            15,
            "CREATE PROCEDURE pg_temp.purge() LANGUAGE plpgsql AS $gone$ BEGIN DELETE FROM {table}; END $gone$;\nCALL pg_temp.purge();\nDROP PROCEDURE pg_temp.purge();",
        ),
        instead(
            "through a view",
            15,
            "CREATE TEMPORARY VIEW purged AS SELECT * FROM public.{table};\nDELETE FROM purged;\nDROP VIEW purged;",
        ),
        instead("TRUNCATE in its place", 15, "TRUNCATE {table} CASCADE;"),
        instead("TRUNCATE in a DO block", 15, "DO $gone$\nBEGIN\n    TRUNCATE public.{table} CASCADE;\nEND\n$gone$;"),
        instead(
            "USING, without a join",
            10,
            "DELETE FROM {table} USING {table} AS tagged WHERE tagged.{column} = {tag};",
        ),
        instead(
            "USING, with the tag of another table",
            10,
            "DELETE FROM {table} USING governance_object_ownership AS tagged WHERE tagged.created_by = {tag} OR tagged.created_by IS NOT NULL;",
        ),
        instead(
            "a tag that nobody compares with the row",
            10,
            "DELETE FROM {table} WHERE EXISTS (SELECT FROM {table} AS tagged WHERE tagged.{column} = {tag});",
        ),
        instead(
            "an alias of another row",
            10,
            "DELETE FROM {table} AS one USING {table} AS other WHERE other.{column} = {tag} AND one.{column} <> '';",
        ),
        instead(
            "prepared, the tag to be passed",
            10,
            "PREPARE purge (text) AS DELETE FROM {table} WHERE {column} LIKE $1;\nEXECUTE purge ('%');\nDEALLOCATE purge;",
        ),
    ];
    operators.extend([
        widened("unequal in the place of equal", "{column} <> {tag}"),
        widened("greater in the place of equal", "{column} >= left({tag}, 1)"),
        widened("LIKE 'PROD%'", "{column} LIKE 'PROD%' OR {column} LIKE 'SOMEBODY%'"),
        widened("LIKE of what every tag has", "{column} LIKE '%O%'"),
        widened("a regular expression", "{column} ~ '^[A-Z]'"),
        widened("starts_with of nothing", "starts_with({column}, '')"),
        widened("by length", "length({column}) >= 8"),
        widened("one value more", "{column} IN ({tag}, 'SOMEBODY_ELSE_2026-06-03')"),
        widened("one value more by OR", "{column} = {tag} OR {column} = 'SOMEBODY_ELSE_2026-06-03'"),
        widened("one value more by ANY", "{column} = ANY (ARRAY[{tag}, 'SOMEBODY_ELSE_2026-06-03'])"),
        widened("another tag", "{column} = 'SOMEBODY_ELSE_2026-06-03'"),
        widened("the tag compared with itself", "{tag} = {tag}"),
        widened("all but one tag", "{column} NOT IN ('PROD_LEGACY_2025-01-01')"),
        widened("the last tag that there is", "{column} = (SELECT max({column}) FROM {table})"),
        widened(
            "AND of different columns by OR",
            "({column} = {tag} AND {column} IS NOT NULL) OR (created_at <= now())",
        ),
        widened("by age", "created_at <= now()"),
        widened("NOT of a contradiction", "NOT ({column} = {tag} AND {column} <> {tag})"),
        widened("a comparison with NULL", "({column} = NULL) IS NOT TRUE"),
        widened("a condition of nothing", "coalesce({column} = {tag} OR NULL, true)"),
    ]);
    operators.push(Operator::new(Family::Deletes, "LIKE that escapes no underscore", 10, |package| {
        package
            .deletes()
            .into_iter()
            .filter(|delete| delete.tag.contains('_'))
            .map(|delete| {
                let text = package.text(&delete.work.path);
                let new = format!(
                    "DELETE FROM {} WHERE {} LIKE {};",
                    delete.table,
                    delete.column,
                    delete.tag.replace('\\', "")
                );
                let what = format!("LIKE that escapes no underscore: {}", delete.table);
                Mutant::of(&delete.work, what, edit(text, &[(delete.statement.span, new)]))
            })
            .collect()
    }));
    operators.push(
        Operator::new(Family::Deletes, "TRUNCATE of a table of another tier", 5, |package| {
            let relations = [
                "axis_assignment",
                "axis_object_ownership",
                "coverage_exception",
                "topic_taxonomy_map",
                "b_document_label",
                "governance_relations",
            ];
            let mut mutants = Vec::new();
            for work in package.rollbacks() {
                let text = package.text(&work.path);
                for statement in statements(text)
                    .iter()
                    .filter(|one| work.begin.end < one.span.start && one.span.end < work.commit.start)
                {
                    if statement.starts(text, "TRUNCATE") {
                        let end = statement.span.end - 1;
                        mutants.extend(relations.iter().map(|table| {
                            let text = edit(text, &[(end..end, format!(", {table}"))]);
                            Mutant::of(&work, format!("TRUNCATE of {table} as well"), text)
                        }));
                    }
                }
            }
            mutants
        })
        .shown(Harm::StrangerDies),
    );
    operators
}

//! Family 6: no row of `apr_action_types` is lost, by whatever road.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::Package;
use crate::text::edit;
use crate::transaction::each;

const ROADS: &[(&str, &str)] = &[
    ("DELETE", "DELETE FROM apr_action_types WHERE category = 'governance';"),
    ("DELETE of all", "DELETE FROM apr_action_types;"),
    (
        "DELETE by its codes",
        "DELETE FROM apr_action_types WHERE action_code IN ('assign_governance_owner', 'assign_axis_owner');",
    ),
    ("DELETE ONLY", "DELETE FROM ONLY apr_action_types WHERE category = 'governance';"),
    ("in lower case", "delete from apr_action_types where category = 'governance';"),
    ("in upper case", "DELETE FROM APR_ACTION_TYPES WHERE CATEGORY = 'governance';"),
    ("quoted", "DELETE FROM \"apr_action_types\" WHERE category = 'governance';"),
    ("by Unicode escapes", "DELETE FROM U&\"apr\\005faction_types\" WHERE category = 'governance';"),
    ("with its schema", "DELETE FROM public.apr_action_types WHERE category = 'governance';"),
    ("with its schema, both quoted", "DELETE FROM \"public\".\"apr_action_types\" WHERE category = 'governance';"),
    ("under an alias", "DELETE FROM apr_action_types AS system_issues WHERE system_issues.category = 'governance';"),
    (
        "across lines and comments",
        "DELETE /* nothing */ FROM -- nobody\n    apr_action_types\nWHERE category = 'governance';",
    ),
    (
        "in a WITH",
        "WITH gone AS (DELETE FROM apr_action_types WHERE category = 'governance' RETURNING action_code) SELECT count(*) FROM gone;",
    ),
    (
        "in a WITH of an INSERT",
        "WITH gone AS (DELETE FROM apr_action_types WHERE category = 'governance' RETURNING action_code)\nINSERT INTO birth_registry (entity_type, entity_code) SELECT 'retired', action_code FROM gone ON CONFLICT DO NOTHING;",
    ),
    (
        "MERGE",
        "MERGE INTO apr_action_types AS t USING (VALUES ('governance')) AS s (category) ON t.category = s.category WHEN MATCHED THEN DELETE;",
    ),
    (
        "USING",
        "DELETE FROM apr_action_types AS t USING directus_roles AS r WHERE t.category = 'governance' AND r.name = 'Author';",
    ),
    ("TRUNCATE", "TRUNCATE apr_action_types CASCADE;"),
    ("TRUNCATE among others", "TRUNCATE TABLE system_issues, public.apr_action_types CASCADE;"),
    ("DROP TABLE", "DROP TABLE apr_action_types CASCADE;"),
    ("DROP TABLE among others", "DROP TABLE IF EXISTS release_note, apr_action_types CASCADE;"),
    ("DROP SCHEMA", "DROP SCHEMA public CASCADE;"),
    ("DO", "DO $gone$\nBEGIN\n    DELETE FROM apr_action_types WHERE category = 'governance';\nEND\n$gone$;"),
    (
        "DO in a branch",
        "DO $gone$\nBEGIN\n    IF session_user = 'workflow_admin' THEN\n        DELETE FROM apr_action_types WHERE category = 'governance';\n    END IF;\nEND\n$gone$;",
    ),
    ("DO in a string", "DO 'BEGIN DELETE FROM apr_action_types WHERE category = ''governance''; END';"),
    (
        "EXECUTE",
        "DO $gone$\nBEGIN\n    EXECUTE 'DELETE FROM apr_action_types WHERE category = ''governance''';\nEND\n$gone$;",
    ),
    (
        "EXECUTE of a sum",
        "DO $gone$\nBEGIN\n    EXECUTE 'DELETE FROM ' || 'apr_' || 'action_types' || ' WHERE category = ''governance''';\nEND\n$gone$;",
    ),
    (
        "EXECUTE format",
        "DO $gone$\nBEGIN\n    EXECUTE format('DELETE FROM %I WHERE category = %L', 'apr_action_types', 'governance');\nEND\n$gone$;",
    ),
    (
        "EXECUTE over names",
        "DO $gone$\nDECLARE\n    name text;\nBEGIN\n    FOREACH name IN ARRAY ARRAY['apr_action_types'] LOOP\n        EXECUTE format('DELETE FROM %I WHERE category = %L', name, 'governance');\n    END LOOP;\nEND\n$gone$;",
    ),
    (
        "a handler",
        "DO $gone$\nBEGIN\n    PERFORM 1 / 0;\nEXCEPTION\n    WHEN OTHERS THEN\n        DELETE FROM apr_action_types WHERE category = 'governance';\nEND\n$gone$;",
    ),
    (
        "a function in SQL",
        "CREATE FUNCTION pg_temp.purge() RETURNS void LANGUAGE sql AS $gone$ DELETE FROM apr_action_types WHERE category = 'governance' $gone$;\nSELECT pg_temp.purge();",
    ),
    (
        "a function in PL/pgSQL",
        "CREATE FUNCTION pg_temp.purge() RETURNS void LANGUAGE plpgsql AS $gone$ BEGIN DELETE FROM apr_action_types WHERE category = 'governance'; END $gone$;\nDO $call$ BEGIN PERFORM pg_temp.purge(); END $call$;",
    ),
    (
        "a function with a SQL body",
        "CREATE PROCEDURE pg_temp.purge() BEGIN ATOMIC DELETE FROM apr_action_types WHERE category = 'governance'; END;\nCALL pg_temp.purge();",
    ),
    (
        "a trigger",
        "CREATE FUNCTION pg_temp.purge() RETURNS trigger LANGUAGE plpgsql AS $gone$ BEGIN DELETE FROM apr_action_types WHERE category = 'governance'; RETURN NULL; END $gone$;\nCREATE TRIGGER purge AFTER UPDATE ON system_issues EXECUTE FUNCTION pg_temp.purge();\nUPDATE system_issues SET status = status;\nDROP TRIGGER purge ON system_issues;",
    ),
    (
        "a rule",
        "CREATE RULE purge AS ON UPDATE TO system_issues DO ALSO DELETE FROM apr_action_types WHERE category = 'governance';\nUPDATE system_issues SET status = status WHERE issue_code = 'ISS-0001';\nDROP RULE purge ON system_issues;",
    ),
    (
        "a view",
        "CREATE TEMPORARY VIEW purged AS SELECT * FROM public.apr_action_types WHERE category = 'governance';\nDELETE FROM purged;",
    ),
    (
        "a prepared statement",
        "PREPARE purge AS DELETE FROM apr_action_types WHERE category = 'governance';\nEXECUTE purge;",
    ),
    ("EXPLAIN ANALYZE", "EXPLAIN ANALYZE DELETE FROM apr_action_types WHERE category = 'governance';"),
    (
        "another search path",
        "SET LOCAL search_path = public;\nDELETE FROM apr_action_types WHERE category = 'governance';",
    ),
];

pub(crate) fn operators() -> Vec<Operator> {
    let road = |(name, statement): &(&str, &'static str)| {
        let statement = *statement;
        each(Family::Protected, &format!("apr_action_types: {name}"), 20, Package::works, move |text, work| {
            Some(edit(text, &[(work.end()..work.end(), format!("{statement}\n\n"))]))
        })
        .shown(Harm::ProtectedRowDies)
    };
    ROADS.iter().map(road).collect()
}

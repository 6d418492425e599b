-- Tier 2: the responsibility axis. Adds one axis, its six values (one per active
-- responsibility scope) and the rule CR-RESP-ALL: every governed object needs one.
--
-- The values of objects are not assigned here. They follow from the canonical
-- ownership views, so the general gap has to equal the canonical one, object by
-- object: zero drift. Tag: PROD_responsibility_2026-06-03.
--
-- Input: tier 1. Undone by prod_rollback/per_tier_rollback.sql with tier=2.

BEGIN;

-- LOCAL: they end with this transaction and govern nothing else in the session.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
-- Neither the operator's search_path nor a temporary table decides whose tables are meant.
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 2 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'tier 2 refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF to_regclass('public.axis_registry') IS NULL THEN
        RAISE EXCEPTION 'tier 2 refused: axis_registry is missing'
            USING HINT = 'run tier 1 first (10_structure.sql)';
    END IF;
    IF EXISTS (SELECT FROM axis_registry WHERE axis_code = 'responsibility' AND created_by <> 'PROD_responsibility_2026-06-03')
       OR EXISTS (SELECT FROM axis_value WHERE axis_code = 'responsibility' AND created_by <> 'PROD_responsibility_2026-06-03')
       OR EXISTS (SELECT FROM coverage_rule WHERE axis_code = 'responsibility' AND created_by <> 'PROD_responsibility_2026-06-03') THEN
        RAISE EXCEPTION 'tier 2 refused: the responsibility axis holds rows that this release did not write'
            USING HINT = 'look at created_by in axis_registry, axis_value and coverage_rule, and settle it with their author';
    END IF;
END
$guard$;

INSERT INTO axis_registry (axis_code, title, purpose, cardinality, value_source, requirement_source, created_by)
VALUES ('responsibility', 'Responsibility', 'Which scope answers for the object', 'single', 'effective_owner', 'coverage_rule',
        'PROD_responsibility_2026-06-03')
ON CONFLICT (axis_code) DO NOTHING;

INSERT INTO axis_value (axis_code, value_code, title, source_ref, created_by)
SELECT 'responsibility', scope_code, title, scope_code, 'PROD_responsibility_2026-06-03'
FROM governance_responsibility_scope
WHERE status = 'active'
ORDER BY scope_code
ON CONFLICT (axis_code, value_code) DO NOTHING;

INSERT INTO coverage_rule (rule_code, axis_code, title, selects, created_by)
VALUES ('CR-RESP-ALL', 'responsibility', 'Every governed object has an accountable scope', 'every_object',
        'PROD_responsibility_2026-06-03')
ON CONFLICT (rule_code) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM axis_value WHERE axis_code = 'responsibility') <> 6 THEN
        RAISE EXCEPTION 'tier 2: expected 6 values of the responsibility axis, found %',
            (SELECT count(*) FROM axis_value WHERE axis_code = 'responsibility')
            USING HINT = 'one per active row of governance_responsibility_scope';
    END IF;
    IF (SELECT count(*) FROM v_responsibility_required) <> 210 THEN
        RAISE EXCEPTION 'tier 2: the axis requires % objects, not 210', (SELECT count(*) FROM v_responsibility_required)
            USING HINT = 'the catalog of governed objects has changed since the release was ratified';
    END IF;
    IF (SELECT count(*) FROM v_responsibility_gap) <> (SELECT count(*) FROM v_object_owner_gap)
       OR EXISTS (SELECT FROM v_responsibility_difference) THEN
        RAISE EXCEPTION 'tier 2: v_responsibility_gap (%) and v_object_owner_gap (%) disagree',
            (SELECT count(*) FROM v_responsibility_gap), (SELECT count(*) FROM v_object_owner_gap)
            USING HINT = 'v_responsibility_difference names the objects';
    END IF;
END
$assert$;

COMMIT;

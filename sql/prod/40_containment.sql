-- Tier 4: the containment axis. Adds one axis, the rule CR-CONTAIN-ASSIGNED (every
-- container has a place), five values (one per kind of container that there is), a
-- place for each of the 35 containers, and the scope that answers for that place.
-- Tag: PROD_containment_2026-06-03.
--
-- Input: tier 3, because a place is answered for by the container's owner. Undone by
-- prod_rollback/per_tier_rollback.sql with tier=4.

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
        RAISE EXCEPTION 'tier 4 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'tier 4 refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF to_regclass('public.axis_registry') IS NULL THEN
        RAISE EXCEPTION 'tier 4 refused: axis_registry is missing'
            USING HINT = 'run tiers 1 to 3 first';
    END IF;
    IF (SELECT count(*) FROM v_object_owner_gap) <> 0 THEN
        RAISE EXCEPTION 'tier 4 refused: % object(s) have no owner', (SELECT count(*) FROM v_object_owner_gap)
            USING HINT = 'run tier 3 first (30_ownership_seed.sql)';
    END IF;
    IF EXISTS (SELECT FROM axis_registry WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_value WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM coverage_rule WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_object_ownership WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03') THEN
        RAISE EXCEPTION 'tier 4 refused: the containment axis holds rows that this release did not write'
            USING HINT = 'look at created_by in axis_registry, axis_value, coverage_rule, axis_assignment and axis_object_ownership';
    END IF;
END
$guard$;

INSERT INTO axis_registry (axis_code, title, purpose, cardinality, value_source, requirement_source, owner_required, created_by)
VALUES ('containment', 'Containment', 'What kind of container the object is', 'single', 'assignment', 'coverage_rule', true,
        'PROD_containment_2026-06-03')
ON CONFLICT (axis_code) DO NOTHING;

-- The rule before the values: v_containment_required follows from it.
INSERT INTO coverage_rule (rule_code, axis_code, title, selects, created_by)
VALUES ('CR-CONTAIN-ASSIGNED', 'containment', 'Every container has a place', 'container', 'PROD_containment_2026-06-03')
ON CONFLICT (rule_code) DO NOTHING;

INSERT INTO axis_value (axis_code, value_code, title, source_ref, created_by)
SELECT DISTINCT 'containment', 'contains-' || object_kind, initcap(replace(object_kind, '_', ' ')), object_kind,
       'PROD_containment_2026-06-03'
FROM v_containment_required
ORDER BY 2
ON CONFLICT (axis_code, value_code) DO NOTHING;

INSERT INTO axis_assignment (axis_code, object_code, value_code, evidence, created_by)
SELECT v.axis_code, c.object_code, v.value_code, c.parts || ' governed part(s)', 'PROD_containment_2026-06-03'
FROM v_containment_required AS c
JOIN v_containment_gap AS g ON g.object_code = c.object_code
JOIN v_axis_value_active AS v ON v.axis_code = 'containment' AND v.source_ref = c.object_kind
ORDER BY c.object_code
ON CONFLICT (axis_code, object_code, value_code) DO NOTHING;

INSERT INTO axis_object_ownership (axis_code, object_code, scope_code, created_by)
SELECT m.axis_code, m.object_code, e.scope_code, 'PROD_containment_2026-06-03'
FROM v_axis_owner_missing AS m
JOIN v_object_effective_owner AS e ON e.object_code = m.object_code
WHERE m.axis_code = 'containment'
ORDER BY m.object_code
ON CONFLICT (axis_code, object_code) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM v_containment_required) <> 35 THEN
        RAISE EXCEPTION 'tier 4: the axis requires % containers, not 35', (SELECT count(*) FROM v_containment_required)
            USING HINT = 'the catalog of governed objects has changed since the release was ratified';
    END IF;
    IF (SELECT count(*) FROM axis_value WHERE axis_code = 'containment') <> 5 THEN
        RAISE EXCEPTION 'tier 4: expected 5 kinds of container, found %', (SELECT count(*) FROM axis_value WHERE axis_code = 'containment')
            USING HINT = 'the catalog of governed objects has changed since the release was ratified';
    END IF;
    IF (SELECT count(*) FROM v_containment_gap) <> 0 THEN
        RAISE EXCEPTION 'tier 4: % container(s) have no place', (SELECT count(*) FROM v_containment_gap)
            USING HINT = 'v_containment_gap names them';
    END IF;
    IF (SELECT count(*) FROM axis_assignment WHERE created_by = 'PROD_containment_2026-06-03') <> 35
       OR (SELECT count(*) FROM axis_object_ownership WHERE created_by = 'PROD_containment_2026-06-03') <> 35
       OR EXISTS (SELECT FROM v_axis_owner_missing)
       OR EXISTS (SELECT FROM v_containment_owner_mismatch) THEN
        RAISE EXCEPTION 'tier 4: expected 35 places and 35 owners of them, found % and %',
            (SELECT count(*) FROM axis_assignment WHERE created_by = 'PROD_containment_2026-06-03'),
            (SELECT count(*) FROM axis_object_ownership WHERE created_by = 'PROD_containment_2026-06-03')
            USING HINT = 'v_axis_owner_missing and v_containment_owner_mismatch name the places';
    END IF;
END
$assert$;

COMMIT;

-- Tier 0: the gate. Read-only; may be run alone at any time and then says which
-- precondition is unmet. Prints what it found, then raises on the first that fails.
--
-- The release starts from a greenfield: no axis structure, ownership 0, gap 210.
-- One other state is let through: this very release, complete. Then the tiers find
-- their work done and change nothing. Anything between the two is refused.

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

SET LOCAL statement_timeout = '2min';
SET LOCAL search_path = public, pg_temp;

-- Run alone, the preflight needs no approval code; the executor always passes one,
-- if only an empty one. psql puts no variable inside a dollar quote.
\if :{?ratified_apr}
SELECT set_config('one_roof.ratified_apr', :'ratified_apr', true) AS ratified_apr;
\endif

-- First what the later questions stand on: the right database, and the base views
-- of Phase 1 with the columns that the release reads.
DO $prerequisites$
DECLARE
    wrong  text;
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'preflight refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;

    SELECT string_agg(expected.name || CASE WHEN found.columns IS NULL THEN ' is missing' ELSE ' has other columns: ' || found.columns END,
                      '; ' ORDER BY expected.name)
    INTO wrong
    FROM (VALUES ('v_governed_object',           'object_code, object_kind, native_table, native_key, title, parent_code, dot_domain_code'),
                 ('v_object_effective_owner',    'object_code, scope_code, owned_through, distance'),
                 ('v_object_owner_gap',          'object_code, object_kind, title, parent_code, dot_domain_code'),
                 ('v_object_owner_conflict',     'object_code, scopes'),
                 ('v_governance_event_emission', 'event_id, event_type, status, active, date_created')) AS expected (name, columns)
    LEFT JOIN (SELECT c.relname AS name, string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns
               FROM pg_class AS c
               JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
               GROUP BY c.relname) AS found ON found.name = expected.name
    WHERE found.columns IS DISTINCT FROM expected.columns;

    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'preflight refused: prerequisite view %', wrong
            USING HINT = 'the five base views come from Phase 1 (phase1/50_sb2_ownership.sql); restore them under their names';
    END IF;
END
$prerequisites$;

SELECT 'ratifications (os_proposal_approvals)' AS precondition, count(*) AS found, 'at least 1' AS required FROM os_proposal_approvals
UNION ALL SELECT 'axis tables', count(*), '0'
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  AND relname IN ('axis_registry', 'axis_value', 'coverage_rule', 'coverage_exception',
                  'axis_assignment', 'axis_object_ownership', 'topic_taxonomy_map',
                  'topic_label_reconcile_decision', 'governance_scan_run', 'governance_drift_state',
                  'governance_event_log')
UNION ALL SELECT 'objects without an owner (gap)', count(*), '210' FROM v_object_owner_gap
UNION ALL SELECT 'ownership rows', count(*), '0' FROM governance_object_ownership
UNION ALL SELECT 'objects with several owners (conflict)', count(*), '0' FROM v_object_owner_conflict
UNION ALL SELECT 'governance events emitted', count(*), '0' FROM v_governance_event_emission
UNION ALL SELECT 'active governance event types', count(*), '0' FROM event_type_registry WHERE event_domain = 'governance' AND active
UNION ALL SELECT 'inactive knowledge-graph domains', count(*), '0' FROM kg_domain WHERE status <> 'active';

DO $gate$
DECLARE
    structure  CONSTANT text[] := ARRAY[
        'axis_registry', 'axis_value', 'coverage_rule', 'coverage_exception', 'axis_assignment',
        'axis_object_ownership', 'topic_taxonomy_map', 'topic_label_reconcile_decision',
        'governance_scan_run', 'governance_drift_state', 'governance_event_log', 'v_axis_active',
        'v_axis_value_active', 'v_axis_exception_active', 'v_topic_label_resolution',
        'v_topic_required', 'v_axis_required', 'v_axis_effective_value', 'v_axis_gap',
        'v_axis_conflict', 'v_axis_owner_missing', 'v_axis_assignment_orphan', 'v_axis_coverage',
        'v_axis_object_profile', 'v_responsibility_required', 'v_responsibility_gap',
        'v_responsibility_difference', 'v_responsibility_load', 'v_containment_required',
        'v_containment_gap', 'v_containment_tree', 'v_containment_owner_mismatch',
        'v_topic_label_orphan', 'v_topic_projection_gap', 'v_topic_divergent', 'v_topic_gap',
        'v_drift_current', 'v_drift_pending', 'v_drift_open', 'v_drift_summary',
        'v_governance_event_emittable', 'v_ui_governance_overview'];
    present    CONSTANT text[] := ARRAY(SELECT name FROM unnest(structure) AS name WHERE to_regclass('public.' || name) IS NOT NULL);
    gap        CONSTANT bigint := (SELECT count(*) FROM v_object_owner_gap);
    owned      CONSTANT bigint := (SELECT count(*) FROM governance_object_ownership);
    conflict   CONSTANT bigint := (SELECT count(*) FROM v_object_owner_conflict);
    emitted    CONSTANT bigint := (SELECT count(*) FROM v_governance_event_emission);
    apr        CONSTANT text := current_setting('one_roof.ratified_apr', true);
BEGIN
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'preflight refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; there is no GO while os_proposal_approvals = 0';
    END IF;

    IF emitted <> 0 THEN
        RAISE EXCEPTION 'preflight refused: % governance event(s) have been emitted', emitted
            USING HINT = 'v_governance_event_emission lists them; this is an incident: quarantine, find what emitted, reconcile';
    END IF;
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance' AND active) THEN
        RAISE EXCEPTION 'preflight refused: active governance event type: %',
            (SELECT string_agg(event_type, ', ' ORDER BY event_type) FROM event_type_registry WHERE event_domain = 'governance' AND active)
            USING HINT = 'governance event types stay inactive until each is ratified';
    END IF;
    IF conflict <> 0 THEN
        RAISE EXCEPTION 'preflight refused: % object(s) have several owners', conflict
            USING HINT = 'v_object_owner_conflict names them';
    END IF;
    IF NOT EXISTS (SELECT FROM kg_domain WHERE domain_code = 'kg-domain-x' AND status = 'active')
       OR EXISTS (SELECT FROM kg_domain WHERE status <> 'active') THEN
        RAISE EXCEPTION 'preflight refused: inactive or missing knowledge-graph domain: %',
            coalesce((SELECT string_agg(domain_code, ', ' ORDER BY domain_code) FROM kg_domain WHERE status <> 'active'), 'kg-domain-x')
            USING HINT = 'tier 5 needs all domains, kg-domain-x among them, active in kg_domain';
    END IF;

    IF cardinality(present) = 0 AND to_regprocedure('public.fn_governance_scan(text)') IS NULL THEN
        -- Greenfield.
        IF owned <> 0 THEN
            RAISE EXCEPTION 'preflight refused: governance_object_ownership holds % row(s), by %',
                owned, (SELECT string_agg(DISTINCT created_by, ', ') FROM governance_object_ownership)
                USING HINT = 'the release expects ownership 0; settle it with their author before trying again';
        END IF;
        IF gap <> 210 THEN
            RAISE EXCEPTION 'preflight refused: the ownership gap is %, not 210', gap
                USING HINT = 'the catalog of governed objects has changed since the release was ratified';
        END IF;
    ELSE
        -- Some of the structure is there. Static SQL in a branch that is not taken is
        -- never planned, so the tables below may be absent.
        IF cardinality(present) <> cardinality(structure) OR to_regprocedure('public.fn_governance_scan(text)') IS NULL THEN
            RAISE EXCEPTION 'preflight refused: axis substrate present, but not this release''s: % of % names exist: %',
                cardinality(present), cardinality(structure), array_to_string(present, ', ')
                USING HINT = 'find out whose they are and rename or drop them';
        END IF;
        IF NOT EXISTS (SELECT FROM governance_scan_run WHERE run_label = 'PROD_scanner_baseline_2026-06-03') THEN
            RAISE EXCEPTION 'preflight refused: axis substrate present, an earlier attempt is half applied: % of 3 axes, % of 30 ownership rows, no scanner baseline',
                (SELECT count(*) FROM axis_registry WHERE created_by LIKE 'PROD\_%\_2026-06-03'),
                (SELECT count(*) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03')
                USING HINT = 'run the remaining tier files one by one, or start over from prod_rollback/99_rollback_full.sql';
        END IF;
        IF gap <> 0 OR (SELECT count(*) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03') <> 30 THEN
            RAISE EXCEPTION 'preflight refused: axis substrate present, but the release is no longer whole: ownership gap %, seed rows %',
                gap, (SELECT count(*) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03')
                USING HINT = 'prod/90_verify.sql says what is off; run the tier that mends it, or roll back';
        END IF;
        RAISE NOTICE 'preflight: this release is already complete; running it again changes nothing';
    END IF;

    -- Last: the code, which only a run of the whole release needs.
    IF apr IS NULL THEN
        RAISE NOTICE 'preflight: no ratified_apr was given, so it was not checked; the release itself needs one';
    ELSIF btrim(apr) = '' THEN
        RAISE EXCEPTION 'preflight refused: no ratified_apr was given'
            USING HINT = 'pass the code of the ratified approval request: -v ratified_apr=<code>';
    ELSIF NOT EXISTS (SELECT FROM approval_requests WHERE request_code = apr AND status = 'approved') THEN
        RAISE EXCEPTION 'preflight refused: ratified_apr "%" is not an approved request (%)', apr,
            coalesce((SELECT 'its status is ' || status FROM approval_requests WHERE request_code = apr), 'there is none of that code')
            USING HINT = 'ratified_apr is the request_code of the approval request that covers this release';
    ELSIF NOT EXISTS (SELECT FROM os_proposal_approvals WHERE request_code = apr) THEN
        RAISE EXCEPTION 'preflight refused: ratified_apr "%" is approved, but no human has ratified it', apr
            USING HINT = 'os_proposal_approvals holds ratifications of other requests only';
    END IF;
END
$gate$;

COMMIT;

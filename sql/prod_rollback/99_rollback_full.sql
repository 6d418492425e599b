-- Full rollback: back to the exact baseline from any tier, or from none. Harmless
-- when run again.
--
-- One transaction: the ownership seed by its tag, then the function, the 31 views
-- (readers before what they read) and the 11 tables (children before parents). No
-- CASCADE: whatever else has come to depend on these objects is somebody's work,
-- and is named below instead of being dropped unseen. The five base views of
-- Phase 1 are not touched; they read the emptied ownership table again.

BEGIN;

-- LOCAL: they end with this transaction and govern nothing else in the session.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '5min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
-- Neither the operator's search_path nor a temporary table decides whose tables are meant.
SET LOCAL search_path = public, pg_temp;

DO $guard$
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
    strangers  text;
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'rollback refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;

    SELECT string_agg(DISTINCT dependent.relname, ', ' ORDER BY dependent.relname)
    INTO strangers
    FROM (SELECT r.ev_class AS dependent, d.refobjid AS ours
          FROM pg_depend AS d
          JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
          WHERE d.refclassid = 'pg_class'::regclass
          UNION ALL
          SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f') AS reference
    JOIN pg_class AS dependent ON dependent.oid = reference.dependent
    JOIN unnest(structure) AS name ON reference.ours = to_regclass('public.' || name)
    WHERE dependent.oid NOT IN (SELECT to_regclass('public.' || own) FROM unnest(structure) AS own
                                WHERE to_regclass('public.' || own) IS NOT NULL);
    IF strangers IS NOT NULL THEN
        RAISE EXCEPTION 'rollback refused: other objects were built on this release: %', strangers
            USING HINT = 'rewrite or drop them with their author first; CASCADE would take them without asking';
    END IF;

    -- Rows that the release did not write would go down with their tables. The three
    -- scanner tables are machine-written and may be scanned again at any time.
    -- Static SQL in a branch that is not taken is never planned.
    IF to_regclass('public.axis_registry') IS NOT NULL THEN
        SELECT string_agg(found.place || ' by ' || found.created_by, ', ' ORDER BY found.place, found.created_by)
        INTO strangers
        FROM (SELECT 'axis_registry' AS place, created_by FROM axis_registry
              UNION SELECT 'axis_value', created_by FROM axis_value
              UNION SELECT 'coverage_rule', created_by FROM coverage_rule
              UNION SELECT 'coverage_exception', created_by FROM coverage_exception
              UNION SELECT 'axis_assignment', created_by FROM axis_assignment
              UNION SELECT 'axis_object_ownership', created_by FROM axis_object_ownership
              UNION SELECT 'topic_taxonomy_map', created_by FROM topic_taxonomy_map
              UNION SELECT 'topic_label_reconcile_decision', created_by FROM topic_label_reconcile_decision) AS found
        WHERE found.created_by NOT IN ('PROD_responsibility_2026-06-03', 'PROD_containment_2026-06-03', 'PROD_topic_2026-06-03');
        IF strangers IS NOT NULL THEN
            RAISE EXCEPTION 'rollback refused: rows that this release did not write: %', strangers
                USING HINT = 'export them and delete them by their created_by, then run this again';
        END IF;
    END IF;
END
$guard$;

DELETE FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03';

DROP FUNCTION IF EXISTS fn_governance_scan(text);

DROP VIEW IF EXISTS v_ui_governance_overview;      -- reads v_axis_coverage, v_drift_open
DROP VIEW IF EXISTS v_governance_event_emittable;
DROP VIEW IF EXISTS v_drift_summary;               -- reads v_drift_open
DROP VIEW IF EXISTS v_drift_open;
DROP VIEW IF EXISTS v_drift_pending;               -- reads v_drift_current
DROP VIEW IF EXISTS v_drift_current;               -- reads v_axis_active, v_axis_value_active, v_axis_conflict and 11 more
DROP VIEW IF EXISTS v_topic_gap;                   -- reads v_topic_label_resolution, v_axis_gap
DROP VIEW IF EXISTS v_topic_divergent;             -- reads v_axis_active, v_topic_label_resolution
DROP VIEW IF EXISTS v_topic_projection_gap;        -- reads v_topic_label_resolution
DROP VIEW IF EXISTS v_topic_label_orphan;          -- reads v_topic_label_resolution
DROP VIEW IF EXISTS v_containment_owner_mismatch;  -- reads v_axis_active
DROP VIEW IF EXISTS v_containment_tree;            -- reads v_axis_effective_value, v_containment_required
DROP VIEW IF EXISTS v_containment_gap;             -- reads v_axis_gap
DROP VIEW IF EXISTS v_containment_required;        -- reads v_axis_required
DROP VIEW IF EXISTS v_responsibility_load;         -- reads v_axis_value_active
DROP VIEW IF EXISTS v_responsibility_difference;   -- reads v_axis_active, v_axis_exception_active, v_responsibility_gap
DROP VIEW IF EXISTS v_responsibility_gap;          -- reads v_axis_gap
DROP VIEW IF EXISTS v_responsibility_required;     -- reads v_axis_required
DROP VIEW IF EXISTS v_axis_object_profile;         -- reads v_axis_effective_value
DROP VIEW IF EXISTS v_axis_coverage;               -- reads v_axis_active, v_axis_exception_active, v_axis_required and 2 more
DROP VIEW IF EXISTS v_axis_assignment_orphan;      -- reads v_axis_active
DROP VIEW IF EXISTS v_axis_owner_missing;          -- reads v_axis_active
DROP VIEW IF EXISTS v_axis_conflict;               -- reads v_axis_active, v_axis_effective_value
DROP VIEW IF EXISTS v_axis_gap;                    -- reads v_axis_required, v_axis_effective_value
DROP VIEW IF EXISTS v_axis_effective_value;        -- reads v_axis_active, v_axis_value_active
DROP VIEW IF EXISTS v_axis_required;               -- reads v_axis_active, v_axis_exception_active, v_topic_required
DROP VIEW IF EXISTS v_topic_required;              -- reads v_topic_label_resolution
DROP VIEW IF EXISTS v_topic_label_resolution;      -- reads v_axis_active, v_axis_value_active
DROP VIEW IF EXISTS v_axis_exception_active;       -- reads v_axis_active
DROP VIEW IF EXISTS v_axis_value_active;           -- reads v_axis_active
DROP VIEW IF EXISTS v_axis_active;

DROP TABLE IF EXISTS governance_event_log;            -- refers to governance_scan_run
DROP TABLE IF EXISTS governance_drift_state;          -- refers to governance_scan_run
DROP TABLE IF EXISTS governance_scan_run;
DROP TABLE IF EXISTS topic_label_reconcile_decision;  -- refers to axis_value
DROP TABLE IF EXISTS topic_taxonomy_map;              -- refers to axis_value
DROP TABLE IF EXISTS axis_object_ownership;           -- refers to axis_registry
DROP TABLE IF EXISTS axis_assignment;                 -- refers to axis_value
DROP TABLE IF EXISTS coverage_exception;              -- refers to coverage_rule
DROP TABLE IF EXISTS coverage_rule;                   -- refers to axis_registry
DROP TABLE IF EXISTS axis_value;                      -- refers to axis_registry
DROP TABLE IF EXISTS axis_registry;

DO $assert$
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
BEGIN
    IF (SELECT count(*) FROM governance_object_ownership) <> 0 THEN
        RAISE EXCEPTION 'rollback: ownership is %, not 0: rows by %',
            (SELECT count(*) FROM governance_object_ownership),
            (SELECT string_agg(DISTINCT created_by, ', ') FROM governance_object_ownership)
            USING HINT = 'this release did not write them; settle it with their author, then run this again';
    END IF;
    IF (SELECT count(*) FROM v_object_owner_gap) <> 210 THEN
        RAISE EXCEPTION 'rollback: the ownership gap is %, not 210', (SELECT count(*) FROM v_object_owner_gap)
            USING HINT = 'governed objects were added or retired since the release; the baseline itself has moved';
    END IF;
    IF EXISTS (SELECT FROM unnest(structure) AS name WHERE to_regclass('public.' || name) IS NOT NULL)
       OR to_regprocedure('public.fn_governance_scan(text)') IS NOT NULL THEN
        RAISE EXCEPTION 'rollback: something of the axis structure is still there'
            USING HINT = 'a name is held by an object of another kind; find out who made it';
    END IF;
END
$assert$;

COMMIT;

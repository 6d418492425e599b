-- Tier 1: structure. Adds 11 tables, 31 views and fn_governance_scan, all inert:
-- no row is written, and every view reads zero rows until tier 2 registers an axis.
--
-- Input: tier 0. Undone by prod_rollback/99_rollback_full.sql.

BEGIN;

-- LOCAL: they end with this transaction and govern nothing else in the session.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '5min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
-- Neither the operator's search_path nor a temporary table decides whose tables are meant.
SET LOCAL search_path = public, pg_temp;

DO $guard$
DECLARE
    tables    CONSTANT text[] := ARRAY[
        'axis_registry', 'axis_value', 'coverage_rule', 'coverage_exception', 'axis_assignment',
        'axis_object_ownership', 'topic_taxonomy_map', 'topic_label_reconcile_decision',
        'governance_scan_run', 'governance_drift_state', 'governance_event_log'];
    views     CONSTANT text[] := ARRAY[
        'v_axis_active', 'v_axis_value_active', 'v_axis_exception_active',
        'v_topic_label_resolution', 'v_topic_required', 'v_axis_required', 'v_axis_effective_value',
        'v_axis_gap', 'v_axis_conflict', 'v_axis_owner_missing', 'v_axis_assignment_orphan',
        'v_axis_coverage', 'v_axis_object_profile', 'v_responsibility_required',
        'v_responsibility_gap', 'v_responsibility_difference', 'v_responsibility_load',
        'v_containment_required', 'v_containment_gap', 'v_containment_tree',
        'v_containment_owner_mismatch', 'v_topic_label_orphan', 'v_topic_projection_gap',
        'v_topic_divergent', 'v_topic_gap', 'v_drift_current', 'v_drift_pending', 'v_drift_open',
        'v_drift_summary', 'v_governance_event_emittable', 'v_ui_governance_overview'];
    present   text[];
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 1 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'tier 1 refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;

    -- This tier is one transaction, so an earlier run of it left everything or
    -- nothing. Some of the names without the others belong to somebody else.
    present := ARRAY(SELECT name FROM unnest(tables || views) AS name WHERE to_regclass('public.' || name) IS NOT NULL);
    IF cardinality(present) NOT IN (0, cardinality(tables || views)) THEN
        RAISE EXCEPTION 'tier 1 refused: % of % names are taken already: %',
            cardinality(present), cardinality(tables || views), array_to_string(present, ', ')
            USING HINT = 'this is not an earlier run of this tier; find out whose they are and rename or drop them';
    END IF;
END
$guard$;

\ir 10_structure/tables.sql

-- CREATE TABLE IF NOT EXISTS accepts any table of that name. Make sure that it is ours.
DO $shape$
DECLARE
    wrong  text;
BEGIN
    SELECT string_agg(format('%s (%s)', expected.name, coalesce(found.columns, 'missing')), '; ' ORDER BY expected.name)
    INTO wrong
    FROM (VALUES
            ('axis_registry', 'axis_code text, title text, purpose text, cardinality text, value_source text, requirement_source text, owner_required boolean, status text, created_by text, created_at timestamp with time zone'),
            ('axis_value', 'axis_code text, value_code text, title text, source_ref text, status text, created_by text, created_at timestamp with time zone'),
            ('coverage_rule', 'rule_code text, axis_code text, title text, selects text, status text, created_by text, created_at timestamp with time zone'),
            ('coverage_exception', 'rule_code text, object_code character varying(160), reason text, ends_on date, ratified_apr character varying(32), created_by text, created_at timestamp with time zone'),
            ('axis_assignment', 'axis_code text, object_code character varying(160), value_code text, evidence text, created_by text, created_at timestamp with time zone'),
            ('axis_object_ownership', 'axis_code text, object_code character varying(160), scope_code character varying(64), created_by text, created_at timestamp with time zone'),
            ('topic_taxonomy_map', 'kg_domain_code character varying(64), axis_code text, value_code text, created_by text, created_at timestamp with time zone'),
            ('topic_label_reconcile_decision', 'label text, decision text, axis_code text, value_code text, reason text, reviewed_by uuid, created_by text, created_at timestamp with time zone'),
            ('governance_scan_run', 'run_no bigint, run_label text, opened bigint, changed bigint, resolved bigint, scanned_at timestamp with time zone'),
            ('governance_drift_state', 'drift_kind text, subject_code text, axis_code text, severity text, detail text, status text, opened_in_run bigint, changed_in_run bigint'),
            ('governance_event_log', 'run_no bigint, drift_kind text, subject_code text, event_type character varying(96), logged_at timestamp with time zone')
         ) AS expected (name, columns)
    LEFT JOIN (SELECT c.relname AS name,
                      string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
               FROM pg_class AS c
               JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
               GROUP BY c.relname) AS found ON found.name = expected.name
    WHERE found.columns IS DISTINCT FROM expected.columns;

    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'tier 1 refused: a table of that name exists with other columns: %', wrong
            USING HINT = 'it belongs to somebody else or to another version; rename it, or roll that version back';
    END IF;
END
$shape$;

\ir 10_structure/views.sql
\ir 10_structure/scanner.sql

DO $assert$
DECLARE
    views     CONSTANT text[] := ARRAY[
        'v_axis_active', 'v_axis_value_active', 'v_axis_exception_active',
        'v_topic_label_resolution', 'v_topic_required', 'v_axis_required', 'v_axis_effective_value',
        'v_axis_gap', 'v_axis_conflict', 'v_axis_owner_missing', 'v_axis_assignment_orphan',
        'v_axis_coverage', 'v_axis_object_profile', 'v_responsibility_required',
        'v_responsibility_gap', 'v_responsibility_difference', 'v_responsibility_load',
        'v_containment_required', 'v_containment_gap', 'v_containment_tree',
        'v_containment_owner_mismatch', 'v_topic_label_orphan', 'v_topic_projection_gap',
        'v_topic_divergent', 'v_topic_gap', 'v_drift_current', 'v_drift_pending', 'v_drift_open',
        'v_drift_summary', 'v_governance_event_emittable', 'v_ui_governance_overview'];
    view_name text;
    rows_read bigint;
BEGIN
    IF (SELECT count(*) FROM unnest(views) AS name JOIN pg_class ON oid = to_regclass('public.' || name) AND relkind = 'v') <> 31 THEN
        RAISE EXCEPTION 'tier 1: expected 31 views, found %',
            (SELECT count(*) FROM unnest(views) AS name JOIN pg_class ON oid = to_regclass('public.' || name) AND relkind = 'v')
            USING HINT = 'something of that name is no view; find out who made it';
    END IF;
    IF to_regprocedure('public.fn_governance_scan(text)') IS NULL THEN
        RAISE EXCEPTION 'tier 1: fn_governance_scan(text) is missing'
            USING HINT = 'it was not created in schema public; look at 10_structure/scanner.sql';
    END IF;
    -- Inert means inert: read every view. Once an axis is registered they may speak.
    IF NOT EXISTS (SELECT FROM axis_registry) THEN
        FOREACH view_name IN ARRAY views LOOP
            EXECUTE format('SELECT count(*) FROM %I', view_name) INTO rows_read;
            IF rows_read <> 0 THEN
                RAISE EXCEPTION 'tier 1: % reads % row(s) although no axis is registered', view_name, rows_read
                    USING HINT = 'the view does not start from an active axis; correct 10_structure/views.sql';
            END IF;
        END LOOP;
    END IF;
END
$assert$;

COMMIT;

-- What the interface may rely on: the 31 views of the release and the 5 base views
-- of Phase 1, each with its columns, in order and by type. Read-only. Raises if a
-- view is missing or has changed its shape, then reads each one through.
--
-- After tier 1 alone every view of the release reads 0 rows; so do, on a complete
-- release, those that list what is wrong.

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

SET LOCAL statement_timeout = '2min';
SET LOCAL search_path = public, pg_temp;

DO $contract$
DECLARE
    broken  text;
BEGIN
    SELECT string_agg(expected.name || CASE WHEN found.columns IS NULL THEN ' is missing' ELSE ' has columns ' || found.columns END,
                      '; ' ORDER BY expected.name)
    INTO broken
    FROM (VALUES
            ('v_governed_object',
             'object_code character varying(160), object_kind character varying(32), native_table character varying(64), native_key character varying(255), title character varying(255), parent_code character varying(160), dot_domain_code character varying(64)'),
            ('v_object_effective_owner',
             'object_code character varying(160), scope_code character varying(64), owned_through character varying(160), distance integer'),
            ('v_object_owner_gap',
             'object_code character varying(160), object_kind character varying(32), title character varying(255), parent_code character varying(160), dot_domain_code character varying(64)'),
            ('v_object_owner_conflict',
             'object_code character varying(160), scopes character varying[]'),
            ('v_governance_event_emission',
             'event_id bigint, event_type character varying(96), status character varying(16), active boolean, date_created timestamp with time zone'),
            ('v_axis_active',
             'axis_code text, title text, purpose text, cardinality text, value_source text, requirement_source text, owner_required boolean'),
            ('v_axis_value_active',
             'axis_code text, value_code text, title text, source_ref text'),
            ('v_axis_exception_active',
             'axis_code text, rule_code text, object_code character varying(160), reason text, ends_on date, ratified_apr character varying(32)'),
            ('v_topic_label_resolution',
             'object_code character varying(160), document_code character varying(64), label character varying(255), normalized_label text, resolution text, value_code text'),
            ('v_topic_required',
             'object_code character varying(160), labels bigint'),
            ('v_axis_required',
             'axis_code text, rule_code text, object_code character varying(160)'),
            ('v_axis_effective_value',
             'axis_code text, object_code character varying(160), value_code text, origin text'),
            ('v_axis_gap',
             'axis_code text, rule_code text, object_code character varying(160)'),
            ('v_axis_conflict',
             'axis_code text, object_code character varying(160), value_codes text[]'),
            ('v_axis_owner_missing',
             'axis_code text, object_code character varying(160), value_code text'),
            ('v_axis_assignment_orphan',
             'axis_code text, object_code character varying(160), value_code text, created_by text'),
            ('v_axis_coverage',
             'axis_code text, title text, required bigint, gap bigint, conflict bigint, excused bigint'),
            ('v_axis_object_profile',
             'object_code character varying(160), object_kind character varying(32), title character varying(255), axes jsonb'),
            ('v_responsibility_required',
             'rule_code text, object_code character varying(160), object_kind character varying(32), title character varying(255), native_table character varying(64), native_key character varying(255), dot_domain_code character varying(64)'),
            ('v_responsibility_gap',
             'rule_code text, object_code character varying(160), object_kind character varying(32), title character varying(255), dot_domain_code character varying(64)'),
            ('v_responsibility_difference',
             'object_code character varying(160), difference text'),
            ('v_responsibility_load',
             'value_code text, scope_code character varying(64), title character varying(255), dot_domain_code character varying(64), steward_role character varying(100), active_stewards bigint, objects bigint'),
            ('v_containment_required',
             'rule_code text, object_code character varying(160), object_kind character varying(32), title character varying(255), parent_code character varying(160), parts bigint'),
            ('v_containment_gap',
             'rule_code text, object_code character varying(160), object_kind character varying(32), title character varying(255)'),
            ('v_containment_tree',
             'path text[], depth integer, object_code character varying(160), title character varying(255), parts bigint, value_code text'),
            ('v_containment_owner_mismatch',
             'object_code character varying(160), containment_owner character varying(64), effective_owner character varying(64)'),
            ('v_topic_label_orphan',
             'normalized_label text, documents bigint'),
            ('v_topic_projection_gap',
             'object_code character varying(160), value_code text, labels text'),
            ('v_topic_divergent',
             'object_code character varying(160), assigned text, said text[]'),
            ('v_topic_gap',
             'object_code character varying(160), reason text, labels text'),
            ('v_drift_current',
             'axis_code text, drift_kind text, subject_code text, severity text, detail text'),
            ('v_drift_pending',
             'change text, axis_code text, drift_kind text, subject_code text, severity text, detail text'),
            ('v_drift_open',
             'axis_code text, drift_kind text, subject_code text, severity text, detail text, opened_by text, opened_at timestamp with time zone'),
            ('v_drift_summary',
             'axis_code text, drift_kind text, severity text, findings bigint, oldest timestamp with time zone'),
            ('v_governance_event_emittable',
             'run_no bigint, event_type character varying(96), drift_kind text, subject_code text, logged_at timestamp with time zone'),
            ('v_ui_governance_overview',
             'axis_code text, title text, required bigint, gap bigint, conflict bigint, excused bigint, open_findings bigint, critical_findings bigint')
         ) AS expected (name, columns)
    LEFT JOIN (SELECT c.relname AS name,
                      string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
               FROM pg_class AS c
               JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
               GROUP BY c.relname) AS found ON found.name = expected.name
    WHERE found.columns IS DISTINCT FROM expected.columns;

    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'read contract broken: %', broken
            USING HINT = 'before tier 1 the views of the release are missing by right; later a view was replaced: compare with prod/10_structure/views.sql';
    END IF;
END
$contract$;

SELECT 'v_governed_object' AS view, count(*) AS rows FROM v_governed_object
UNION ALL SELECT 'v_object_effective_owner', count(*) FROM v_object_effective_owner
UNION ALL SELECT 'v_object_owner_gap', count(*) FROM v_object_owner_gap
UNION ALL SELECT 'v_object_owner_conflict', count(*) FROM v_object_owner_conflict
UNION ALL SELECT 'v_governance_event_emission', count(*) FROM v_governance_event_emission
UNION ALL SELECT 'v_axis_active', count(*) FROM v_axis_active
UNION ALL SELECT 'v_axis_value_active', count(*) FROM v_axis_value_active
UNION ALL SELECT 'v_axis_exception_active', count(*) FROM v_axis_exception_active
UNION ALL SELECT 'v_topic_label_resolution', count(*) FROM v_topic_label_resolution
UNION ALL SELECT 'v_topic_required', count(*) FROM v_topic_required
UNION ALL SELECT 'v_axis_required', count(*) FROM v_axis_required
UNION ALL SELECT 'v_axis_effective_value', count(*) FROM v_axis_effective_value
UNION ALL SELECT 'v_axis_gap', count(*) FROM v_axis_gap
UNION ALL SELECT 'v_axis_conflict', count(*) FROM v_axis_conflict
UNION ALL SELECT 'v_axis_owner_missing', count(*) FROM v_axis_owner_missing
UNION ALL SELECT 'v_axis_assignment_orphan', count(*) FROM v_axis_assignment_orphan
UNION ALL SELECT 'v_axis_coverage', count(*) FROM v_axis_coverage
UNION ALL SELECT 'v_axis_object_profile', count(*) FROM v_axis_object_profile
UNION ALL SELECT 'v_responsibility_required', count(*) FROM v_responsibility_required
UNION ALL SELECT 'v_responsibility_gap', count(*) FROM v_responsibility_gap
UNION ALL SELECT 'v_responsibility_difference', count(*) FROM v_responsibility_difference
UNION ALL SELECT 'v_responsibility_load', count(*) FROM v_responsibility_load
UNION ALL SELECT 'v_containment_required', count(*) FROM v_containment_required
UNION ALL SELECT 'v_containment_gap', count(*) FROM v_containment_gap
UNION ALL SELECT 'v_containment_tree', count(*) FROM v_containment_tree
UNION ALL SELECT 'v_containment_owner_mismatch', count(*) FROM v_containment_owner_mismatch
UNION ALL SELECT 'v_topic_label_orphan', count(*) FROM v_topic_label_orphan
UNION ALL SELECT 'v_topic_projection_gap', count(*) FROM v_topic_projection_gap
UNION ALL SELECT 'v_topic_divergent', count(*) FROM v_topic_divergent
UNION ALL SELECT 'v_topic_gap', count(*) FROM v_topic_gap
UNION ALL SELECT 'v_drift_current', count(*) FROM v_drift_current
UNION ALL SELECT 'v_drift_pending', count(*) FROM v_drift_pending
UNION ALL SELECT 'v_drift_open', count(*) FROM v_drift_open
UNION ALL SELECT 'v_drift_summary', count(*) FROM v_drift_summary
UNION ALL SELECT 'v_governance_event_emittable', count(*) FROM v_governance_event_emittable
UNION ALL SELECT 'v_ui_governance_overview', count(*) FROM v_ui_governance_overview;

COMMIT;

-- The 31 views, each after those it reads. All of them start from an active axis:
-- while axis_registry is empty every one reads zero rows.
--
-- Included by 10_structure.sql and by clone_revalidation/revalidate.sql, inside
-- their transactions.

-- ---------------------------------------------------------------------------
-- The axis model in general.
-- ---------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_axis_active AS
SELECT axis_code, title, purpose, cardinality, value_source, requirement_source, owner_required
FROM axis_registry
WHERE status = 'active';
COMMENT ON VIEW v_axis_active IS 'Axes in force.';

CREATE OR REPLACE VIEW v_axis_value_active AS
SELECT v.axis_code, v.value_code, v.title, v.source_ref
FROM axis_value AS v
JOIN v_axis_active AS a ON a.axis_code = v.axis_code
WHERE v.status = 'active';
COMMENT ON VIEW v_axis_value_active IS 'Values that an object can have on an axis in force.';

CREATE OR REPLACE VIEW v_axis_exception_active AS
SELECT r.axis_code, e.rule_code, e.object_code, e.reason, e.ends_on, e.ratified_apr
FROM coverage_exception AS e
JOIN coverage_rule AS r ON r.rule_code = e.rule_code AND r.status = 'active'
JOIN v_axis_active AS a ON a.axis_code = r.axis_code
JOIN approval_requests AS q ON q.request_code = e.ratified_apr AND q.status = 'approved'
WHERE e.ends_on IS NULL OR e.ends_on >= current_date;
COMMENT ON VIEW v_axis_exception_active IS 'Objects that an approved request excuses from a rule today.';

-- A label is compared with the topics' titles without case and outer blanks; what
-- is no title is looked up among the decisions; what has none is an orphan.
CREATE OR REPLACE VIEW v_topic_label_resolution AS
SELECT g.object_code, l.document_code, l.label, lower(btrim(l.label)) AS normalized_label,
       CASE WHEN t.value_code IS NOT NULL THEN 'title' ELSE coalesce(d.decision, 'orphan') END AS resolution,
       coalesce(t.value_code, d.value_code) AS value_code
FROM v_axis_active AS a
CROSS JOIN b_document_label AS l
JOIN v_governed_object AS g ON g.native_table = 'b_documents' AND g.native_key = l.document_code
LEFT JOIN v_axis_value_active AS t ON t.axis_code = a.axis_code AND lower(t.title) = lower(btrim(l.label))
LEFT JOIN topic_label_reconcile_decision AS d ON d.label = lower(btrim(l.label)) AND t.value_code IS NULL
WHERE a.axis_code = 'topic';
COMMENT ON VIEW v_topic_label_resolution IS 'What each label on a governed document means: a title, an alias, quarantined, or an orphan.';

CREATE OR REPLACE VIEW v_topic_required AS
SELECT object_code, count(*) AS labels
FROM v_topic_label_resolution
GROUP BY object_code;
COMMENT ON VIEW v_topic_required IS 'Documents that somebody labelled, and that therefore need a topic.';

CREATE OR REPLACE VIEW v_axis_required AS
SELECT a.axis_code, r.rule_code, g.object_code
FROM v_axis_active AS a
JOIN coverage_rule AS r ON r.axis_code = a.axis_code AND r.status = 'active'
JOIN v_governed_object AS g
  ON r.selects = 'every_object'
  OR (r.selects = 'container' AND EXISTS (SELECT FROM v_governed_object AS part WHERE part.parent_code = g.object_code))
WHERE a.requirement_source = 'coverage_rule'
  AND NOT EXISTS (SELECT FROM v_axis_exception_active AS x WHERE x.rule_code = r.rule_code AND x.object_code = g.object_code)
UNION ALL
SELECT a.axis_code, NULL, t.object_code
FROM v_axis_active AS a
CROSS JOIN v_topic_required AS t
WHERE a.requirement_source = 'topic_label';
COMMENT ON VIEW v_axis_required IS 'Which object needs a value on which axis, and by which rule (none: by its labels).';

-- Responsibility is not assigned twice: its value follows from the canonical
-- ownership views of Phase 1.
CREATE OR REPLACE VIEW v_axis_effective_value AS
SELECT s.axis_code, s.object_code, s.value_code, 'assignment' AS origin
FROM axis_assignment AS s
JOIN v_axis_value_active AS v ON v.axis_code = s.axis_code AND v.value_code = s.value_code
UNION ALL
SELECT v.axis_code, e.object_code, v.value_code, 'effective_owner'
FROM v_axis_active AS a
JOIN v_axis_value_active AS v ON v.axis_code = a.axis_code
JOIN v_object_effective_owner AS e ON e.scope_code = v.source_ref
WHERE a.value_source = 'effective_owner';
COMMENT ON VIEW v_axis_effective_value IS 'The value that counts for an object on an axis, assigned or derived.';

CREATE OR REPLACE VIEW v_axis_gap AS
SELECT r.axis_code, r.rule_code, r.object_code
FROM v_axis_required AS r
LEFT JOIN v_axis_effective_value AS e ON e.axis_code = r.axis_code AND e.object_code = r.object_code
WHERE e.object_code IS NULL;
COMMENT ON VIEW v_axis_gap IS 'Objects that need a value on an axis and have none.';

CREATE OR REPLACE VIEW v_axis_conflict AS
SELECT e.axis_code, e.object_code, array_agg(DISTINCT e.value_code ORDER BY e.value_code) AS value_codes
FROM v_axis_effective_value AS e
JOIN v_axis_active AS a ON a.axis_code = e.axis_code AND a.cardinality = 'single'
GROUP BY e.axis_code, e.object_code
HAVING count(DISTINCT e.value_code) > 1;
COMMENT ON VIEW v_axis_conflict IS 'Objects with several values on an axis that allows one.';

CREATE OR REPLACE VIEW v_axis_owner_missing AS
SELECT s.axis_code, s.object_code, s.value_code
FROM axis_assignment AS s
JOIN v_axis_active AS a ON a.axis_code = s.axis_code AND a.owner_required
LEFT JOIN axis_object_ownership AS w ON w.axis_code = s.axis_code AND w.object_code = s.object_code
WHERE w.object_code IS NULL;
COMMENT ON VIEW v_axis_owner_missing IS 'Assignments that nobody answers for, on axes where somebody has to.';

CREATE OR REPLACE VIEW v_axis_assignment_orphan AS
SELECT s.axis_code, s.object_code, s.value_code, s.created_by
FROM axis_assignment AS s
JOIN v_axis_active AS a ON a.axis_code = s.axis_code
LEFT JOIN v_governed_object AS g ON g.object_code = s.object_code
WHERE g.object_code IS NULL;
COMMENT ON VIEW v_axis_assignment_orphan IS 'Assignments of objects that are no longer governed.';

CREATE OR REPLACE VIEW v_axis_coverage AS
SELECT a.axis_code, a.title,
       (SELECT count(*) FROM v_axis_required AS r WHERE r.axis_code = a.axis_code) AS required,
       (SELECT count(*) FROM v_axis_gap AS g WHERE g.axis_code = a.axis_code) AS gap,
       (SELECT count(*) FROM v_axis_conflict AS c WHERE c.axis_code = a.axis_code) AS conflict,
       (SELECT count(*) FROM v_axis_exception_active AS x WHERE x.axis_code = a.axis_code) AS excused
FROM v_axis_active AS a;
COMMENT ON VIEW v_axis_coverage IS 'Per axis: how many objects need a value, lack one, have too many, or are excused.';

CREATE OR REPLACE VIEW v_axis_object_profile AS
SELECT g.object_code, g.object_kind, g.title, jsonb_object_agg(p.axis_code, p.value_codes) AS axes
FROM (SELECT axis_code, object_code, jsonb_agg(value_code ORDER BY value_code) AS value_codes
      FROM v_axis_effective_value
      GROUP BY axis_code, object_code) AS p
JOIN v_governed_object AS g ON g.object_code = p.object_code
GROUP BY g.object_code, g.object_kind, g.title;
COMMENT ON VIEW v_axis_object_profile IS 'One row per classified object with all its values, for the object page.';

-- ---------------------------------------------------------------------------
-- Responsibility: who answers for it.
-- ---------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_responsibility_required AS
SELECT r.rule_code, g.object_code, g.object_kind, g.title, g.native_table, g.native_key, g.dot_domain_code
FROM v_axis_required AS r
JOIN v_governed_object AS g ON g.object_code = r.object_code
WHERE r.axis_code = 'responsibility';
COMMENT ON VIEW v_responsibility_required IS 'Objects that somebody has to answer for.';

CREATE OR REPLACE VIEW v_responsibility_gap AS
SELECT p.rule_code, g.object_code, g.object_kind, g.title, g.dot_domain_code
FROM v_axis_gap AS p
JOIN v_governed_object AS g ON g.object_code = p.object_code
WHERE p.axis_code = 'responsibility';
COMMENT ON VIEW v_responsibility_gap IS 'Objects that nobody answers for, by the general axis model.';

-- The general model and the canonical view of Phase 1 have to tell the same story.
CREATE OR REPLACE VIEW v_responsibility_difference AS
SELECT coalesce(general.object_code, canonical.object_code) AS object_code,
       CASE WHEN canonical.object_code IS NULL THEN 'only in v_responsibility_gap' ELSE 'only in v_object_owner_gap' END AS difference
FROM v_responsibility_gap AS general
FULL JOIN v_object_owner_gap AS canonical ON canonical.object_code = general.object_code
WHERE (general.object_code IS NULL OR canonical.object_code IS NULL)
  AND EXISTS (SELECT FROM v_axis_active WHERE axis_code = 'responsibility')
  AND NOT EXISTS (SELECT
                  FROM v_axis_exception_active AS x
                  WHERE x.axis_code = 'responsibility' AND x.object_code = canonical.object_code);
COMMENT ON VIEW v_responsibility_difference IS 'Objects on which v_responsibility_gap and v_object_owner_gap disagree.';

CREATE OR REPLACE VIEW v_responsibility_load AS
SELECT v.value_code, s.scope_code, s.title, s.dot_domain_code, r.name AS steward_role,
       (SELECT count(*) FROM directus_users AS u WHERE u.role = s.steward_role AND u.status = 'active') AS active_stewards,
       (SELECT count(*) FROM v_object_effective_owner AS e WHERE e.scope_code = s.scope_code) AS objects
FROM v_axis_value_active AS v
JOIN governance_responsibility_scope AS s ON s.scope_code = v.source_ref
LEFT JOIN directus_roles AS r ON r.id = s.steward_role
WHERE v.axis_code = 'responsibility';
COMMENT ON VIEW v_responsibility_load IS 'Per scope: what it answers for, and how many active people stand behind it.';

-- ---------------------------------------------------------------------------
-- Containment: what an object is part of.
-- ---------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_containment_required AS
SELECT r.rule_code, g.object_code, g.object_kind, g.title, g.parent_code,
       (SELECT count(*) FROM v_governed_object AS part WHERE part.parent_code = g.object_code) AS parts
FROM v_axis_required AS r
JOIN v_governed_object AS g ON g.object_code = r.object_code
WHERE r.axis_code = 'containment';
COMMENT ON VIEW v_containment_required IS 'Containers, which need a place on the containment axis.';

CREATE OR REPLACE VIEW v_containment_gap AS
SELECT p.rule_code, g.object_code, g.object_kind, g.title
FROM v_axis_gap AS p
JOIN v_governed_object AS g ON g.object_code = p.object_code
WHERE p.axis_code = 'containment';
COMMENT ON VIEW v_containment_gap IS 'Containers without a place.';

CREATE OR REPLACE VIEW v_containment_tree AS
WITH RECURSIVE tree AS (
    SELECT c.object_code, c.title, c.parts, 1 AS depth, ARRAY[c.object_code::text] AS path
    FROM v_containment_required AS c
    WHERE c.parent_code IS NULL
    UNION ALL
    SELECT c.object_code, c.title, c.parts, t.depth + 1, t.path || c.object_code::text
    FROM tree AS t
    JOIN v_containment_required AS c ON c.parent_code = t.object_code
)
SELECT t.path, t.depth, t.object_code, t.title, t.parts, e.value_code
FROM tree AS t
LEFT JOIN v_axis_effective_value AS e ON e.axis_code = 'containment' AND e.object_code = t.object_code;
COMMENT ON VIEW v_containment_tree IS 'Containers within containers, for the tree of the interface; order by path.';

CREATE OR REPLACE VIEW v_containment_owner_mismatch AS
SELECT w.object_code, w.scope_code AS containment_owner, e.scope_code AS effective_owner
FROM axis_object_ownership AS w
JOIN v_axis_active AS a ON a.axis_code = w.axis_code
LEFT JOIN v_object_effective_owner AS e ON e.object_code = w.object_code
WHERE w.axis_code = 'containment' AND e.scope_code IS DISTINCT FROM w.scope_code;
COMMENT ON VIEW v_containment_owner_mismatch IS 'Containers whose place and whose self two different scopes answer for.';

-- ---------------------------------------------------------------------------
-- Topics: what a document is about, reconciled with what its authors wrote.
-- ---------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_topic_label_orphan AS
SELECT normalized_label, count(DISTINCT document_code) AS documents
FROM v_topic_label_resolution
WHERE resolution = 'orphan'
GROUP BY normalized_label;
COMMENT ON VIEW v_topic_label_orphan IS 'Labels that are no topic''s title and that no decision covers.';

-- An object is projected onto a topic only when all its labels say the same one,
-- and never onto a topic whose knowledge-graph domain is inactive.
CREATE OR REPLACE VIEW v_topic_projection_gap AS
SELECT p.object_code, p.value_code, p.labels
FROM (SELECT object_code, min(value_code) AS value_code, string_agg(label, ', ' ORDER BY label) AS labels
      FROM v_topic_label_resolution
      GROUP BY object_code
      HAVING bool_and(value_code IS NOT NULL) AND count(DISTINCT value_code) = 1) AS p
LEFT JOIN axis_assignment AS s
  ON s.axis_code = 'topic' AND s.object_code = p.object_code AND s.value_code = p.value_code
WHERE s.object_code IS NULL
  AND NOT EXISTS (SELECT
                  FROM topic_taxonomy_map AS m
                  JOIN kg_domain AS d ON d.domain_code = m.kg_domain_code
                  WHERE m.value_code = p.value_code AND d.status <> 'active');
COMMENT ON VIEW v_topic_projection_gap IS 'Documents whose labels agree on one topic that is not assigned.';

CREATE OR REPLACE VIEW v_topic_divergent AS
SELECT s.object_code, s.value_code AS assigned, r.said
FROM axis_assignment AS s
JOIN v_axis_active AS a ON a.axis_code = s.axis_code
LEFT JOIN (SELECT object_code, array_agg(DISTINCT value_code) AS said
           FROM v_topic_label_resolution
           WHERE value_code IS NOT NULL
           GROUP BY object_code) AS r ON r.object_code = s.object_code
WHERE s.axis_code = 'topic' AND (s.value_code = ANY (r.said)) IS NOT TRUE;
COMMENT ON VIEW v_topic_divergent IS 'Documents whose assigned topic is none that their labels say.';

CREATE OR REPLACE VIEW v_topic_gap AS
SELECT p.object_code,
       CASE WHEN bool_or(r.resolution = 'orphan') THEN 'a label has no decision'
            WHEN bool_or(r.resolution = 'quarantine') THEN 'a label is in quarantine'
            WHEN count(DISTINCT r.value_code) > 1 THEN 'labels disagree'
            ELSE 'not assigned yet' END AS reason,
       string_agg(r.label, ', ' ORDER BY r.label) AS labels
FROM v_axis_gap AS p
JOIN v_topic_label_resolution AS r ON r.object_code = p.object_code
WHERE p.axis_code = 'topic'
GROUP BY p.object_code;
COMMENT ON VIEW v_topic_gap IS 'Documents without a topic, and why; a hold is legitimate.';

-- ---------------------------------------------------------------------------
-- Drift: what the scanner finds by comparing one table with another.
-- ---------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_drift_current AS
SELECT 'responsibility' AS axis_code, 'owner_missing' AS drift_kind, object_code::text AS subject_code,
       'critical' AS severity, 'nobody answers for it' AS detail
FROM v_responsibility_gap
UNION ALL
SELECT 'responsibility', 'owner_views_disagree', object_code, 'critical', difference
FROM v_responsibility_difference
UNION ALL
SELECT 'responsibility', 'native_row_missing', g.object_code, 'critical', g.native_table || ' has no row ' || g.native_key
FROM v_responsibility_required AS g
LEFT JOIN (SELECT 'directus_collections' AS native_table, collection::text AS native_key FROM directus_collections
           UNION ALL SELECT 'directus_fields', collection || '.' || field FROM directus_fields
           UNION ALL SELECT 'directus_flows', id::text FROM directus_flows
           UNION ALL SELECT 'directus_operations', id::text FROM directus_operations
           UNION ALL SELECT 'directus_policies', id::text FROM directus_policies
           UNION ALL SELECT 'directus_permissions', id::text FROM directus_permissions
           UNION ALL SELECT 'directus_dashboards', id::text FROM directus_dashboards
           UNION ALL SELECT 'directus_panels', id::text FROM directus_panels
           UNION ALL SELECT 'knowledge_space', space_code FROM knowledge_space
           UNION ALL SELECT 'b_documents', document_code FROM b_documents) AS n
  ON n.native_table = g.native_table AND n.native_key = g.native_key
WHERE n.native_key IS NULL
UNION ALL
SELECT 'responsibility', 'birth_certificate_missing', g.object_code, 'warning', 'not in birth_registry'
FROM v_responsibility_required AS g
LEFT JOIN birth_registry AS b ON b.entity_type = g.object_kind AND b.entity_code = g.object_code
WHERE b.birth_id IS NULL
UNION ALL
SELECT 'responsibility', 'permission_unfiltered', g.object_code, 'warning', 'may ' || m.action || ' every row of ' || m.collection
FROM v_responsibility_required AS g
JOIN directus_permissions AS m ON g.native_table = 'directus_permissions' AND m.id::text = g.native_key
WHERE m.action IN ('create', 'update', 'delete') AND m.permissions IS NULL
UNION ALL
SELECT 'responsibility', 'flow_author_missing', g.object_code, 'info', 'directus_flows.user_created is empty'
FROM v_responsibility_required AS g
JOIN directus_flows AS f ON g.native_table = 'directus_flows' AND f.id::text = g.native_key
WHERE f.user_created IS NULL
UNION ALL
SELECT 'responsibility', 'steward_missing', scope_code, 'warning', 'no active user has the role ' || coalesce(steward_role, '(none)')
FROM v_responsibility_load
WHERE active_stewards = 0
UNION ALL
SELECT 'responsibility', 'tool_missing', c.domain_code || '/' || c.capability, 'warning', c.reason
FROM v_responsibility_load AS l
JOIN dot_coverage_required AS c ON c.domain_code = l.dot_domain_code
LEFT JOIN dot_tools AS t ON t.domain_code = c.domain_code AND t.capability = c.capability AND t.status = 'active'
WHERE t.tool_code IS NULL
UNION ALL
SELECT 'containment', 'container_unplaced', object_code, 'critical', 'a container without a place'
FROM v_containment_gap
UNION ALL
SELECT 'containment', 'container_owner_mismatch', object_code, 'critical',
       containment_owner || ' answers for its place, ' || coalesce(effective_owner, 'nobody') || ' for itself'
FROM v_containment_owner_mismatch
UNION ALL
SELECT 'topic', 'topic_divergent', object_code, 'critical', 'assigned ' || assigned || ', labelled otherwise'
FROM v_topic_divergent
UNION ALL
SELECT 'topic', 'topic_unprojected', object_code, 'critical', 'labels agree on ' || value_code
FROM v_topic_projection_gap
UNION ALL
SELECT 'topic', 'topic_held', object_code, 'warning', reason
FROM v_topic_gap
UNION ALL
SELECT 'topic', 'label_decision_unreviewed', d.label, 'info', d.decision || ': ' || d.reason
FROM v_axis_active AS a
JOIN topic_label_reconcile_decision AS d ON d.axis_code = a.axis_code
WHERE d.reviewed_by IS NULL
UNION ALL
SELECT 'topic', 'topic_outside_graph', v.value_code, 'info', 'no knowledge-graph domain stands behind it'
FROM v_axis_value_active AS v
LEFT JOIN topic_taxonomy_map AS m ON m.axis_code = v.axis_code AND m.value_code = v.value_code
WHERE v.axis_code = 'topic' AND m.kg_domain_code IS NULL
UNION ALL
SELECT axis_code, 'axis_conflict', axis_code || '/' || object_code, 'critical', array_to_string(value_codes, ', ')
FROM v_axis_conflict
UNION ALL
SELECT axis_code, 'axis_owner_missing', axis_code || '/' || object_code, 'critical', 'nobody answers for its place'
FROM v_axis_owner_missing
UNION ALL
SELECT axis_code, 'assignment_orphan', axis_code || '/' || object_code, 'warning', 'assigned, but no longer governed'
FROM v_axis_assignment_orphan;
COMMENT ON VIEW v_drift_current IS 'Every finding as it stands now, computed.';

CREATE OR REPLACE VIEW v_drift_pending AS
SELECT CASE WHEN c.drift_kind IS NULL THEN 'resolved'
            WHEN s.drift_kind IS NULL OR s.status = 'resolved' THEN 'opened'
            ELSE 'changed' END AS change,
       coalesce(c.axis_code, s.axis_code) AS axis_code,
       coalesce(c.drift_kind, s.drift_kind) AS drift_kind,
       coalesce(c.subject_code, s.subject_code) AS subject_code,
       coalesce(c.severity, s.severity) AS severity,
       coalesce(c.detail, s.detail) AS detail
FROM v_drift_current AS c
FULL JOIN governance_drift_state AS s ON s.drift_kind = c.drift_kind AND s.subject_code = c.subject_code
WHERE (c.drift_kind IS NULL AND s.status = 'open')
   OR (c.drift_kind IS NOT NULL AND s.status IS DISTINCT FROM 'open')
   OR (s.status = 'open' AND (c.severity, c.detail) IS DISTINCT FROM (s.severity, s.detail));
COMMENT ON VIEW v_drift_pending IS 'What the next scan will write: findings to open, to change, to resolve.';

CREATE OR REPLACE VIEW v_drift_open AS
SELECT s.axis_code, s.drift_kind, s.subject_code, s.severity, s.detail, r.run_label AS opened_by, r.scanned_at AS opened_at
FROM governance_drift_state AS s
JOIN governance_scan_run AS r ON r.run_no = s.opened_in_run
WHERE s.status = 'open';
COMMENT ON VIEW v_drift_open IS 'Open findings of the scanner.';

CREATE OR REPLACE VIEW v_drift_summary AS
SELECT axis_code, drift_kind, severity, count(*) AS findings, min(opened_at) AS oldest
FROM v_drift_open
GROUP BY axis_code, drift_kind, severity;
COMMENT ON VIEW v_drift_summary IS 'Open findings counted by kind.';

-- ---------------------------------------------------------------------------
-- The event boundary, and the first page of the interface.
-- ---------------------------------------------------------------------------

CREATE OR REPLACE VIEW v_governance_event_emittable AS
SELECT l.run_no, l.event_type, l.drift_kind, l.subject_code, l.logged_at
FROM governance_event_log AS l
JOIN event_type_registry AS t ON t.event_type = l.event_type AND t.active;
COMMENT ON VIEW v_governance_event_emittable IS 'Logged events whose type is active; empty until a type is ratified.';

CREATE OR REPLACE VIEW v_ui_governance_overview AS
SELECT c.axis_code, c.title, c.required, c.gap, c.conflict, c.excused,
       count(d.drift_kind) AS open_findings,
       count(d.drift_kind) FILTER (WHERE d.severity = 'critical') AS critical_findings
FROM v_axis_coverage AS c
LEFT JOIN v_drift_open AS d ON d.axis_code = c.axis_code
GROUP BY c.axis_code, c.title, c.required, c.gap, c.conflict, c.excused;
COMMENT ON VIEW v_ui_governance_overview IS 'One tile per axis: coverage and open findings.';

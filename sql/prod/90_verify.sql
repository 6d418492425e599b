-- Tier 8: verification. Read-only. Prints every invariant of the end state with what
-- was found, then raises on the first that is off. Harmless at any time; after a
-- deliberate per-tier rollback it fails on the invariant that was given up.

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

SET LOCAL statement_timeout = '2min';
SET LOCAL search_path = public, pg_temp;

DO $structure$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'verify refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF to_regclass('public.v_ui_governance_overview') IS NULL OR to_regclass('public.governance_drift_state') IS NULL THEN
        RAISE EXCEPTION 'verify: the axis structure is not there'
            USING HINT = 'nothing to verify before tier 1; prod_verify/baseline_probe.sql describes the baseline';
    END IF;
END
$structure$;

SELECT 'responsibility gap' AS invariant, count(*) AS found, '0' AS expected FROM v_object_owner_gap
UNION ALL SELECT 'responsibility conflict', count(*), '0' FROM v_object_owner_conflict
UNION ALL SELECT 'responsibility axis: required', count(*), '210' FROM v_responsibility_required
UNION ALL SELECT 'responsibility axis: gap', count(*), '0' FROM v_responsibility_gap
UNION ALL SELECT 'responsibility axis: differs from canonical', count(*), '0' FROM v_responsibility_difference
UNION ALL SELECT 'containment: required', count(*), '35' FROM v_containment_required
UNION ALL SELECT 'containment: gap', count(*), '0' FROM v_containment_gap
UNION ALL SELECT 'active axes', count(*), '3' FROM v_axis_active
UNION ALL SELECT 'topic: divergent', count(*), '0' FROM v_topic_divergent
UNION ALL SELECT 'topic: projection gap', count(*), '0' FROM v_topic_projection_gap
UNION ALL SELECT 'topic: label orphans', count(*), '0' FROM v_topic_label_orphan
UNION ALL SELECT 'topic: kg-domain-x active', count(*), '1' FROM kg_domain WHERE domain_code = 'kg-domain-x' AND status = 'active'
UNION ALL SELECT 'topic: reconcile decisions', count(*), 'about 6' FROM topic_label_reconcile_decision
UNION ALL SELECT 'topic: held documents', count(*), 'any' FROM v_topic_gap
UNION ALL SELECT 'drift: open', count(*), 'about 38' FROM v_drift_open
UNION ALL SELECT 'drift: critical', count(*), '0' FROM v_drift_open WHERE severity = 'critical'
UNION ALL SELECT 'drift: pending', count(*), 'any' FROM v_drift_pending
UNION ALL SELECT 'events: emittable', count(*), '0' FROM v_governance_event_emittable
UNION ALL SELECT 'events: governance in outbox', count(*), '0' FROM v_governance_event_emission
UNION ALL SELECT 'events: active governance types', count(*), '0' FROM event_type_registry WHERE event_domain = 'governance' AND active;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM v_object_owner_gap) <> 0 THEN
        RAISE EXCEPTION 'verify: responsibility gap is %, not 0', (SELECT count(*) FROM v_object_owner_gap)
            USING HINT = 'v_object_owner_gap names the objects';
    END IF;
    IF (SELECT count(*) FROM v_object_owner_conflict) <> 0 THEN
        RAISE EXCEPTION 'verify: responsibility conflict is %, not 0', (SELECT count(*) FROM v_object_owner_conflict)
            USING HINT = 'v_object_owner_conflict names the objects';
    END IF;
    IF (SELECT count(*) FROM v_responsibility_required) <> 210 OR (SELECT count(*) FROM v_responsibility_gap) <> 0
       OR EXISTS (SELECT FROM v_responsibility_difference) THEN
        RAISE EXCEPTION 'verify: the responsibility axis requires % with gap %, not 210 with gap 0',
            (SELECT count(*) FROM v_responsibility_required), (SELECT count(*) FROM v_responsibility_gap)
            USING HINT = 'v_responsibility_gap and v_responsibility_difference name the objects';
    END IF;
    IF (SELECT count(*) FROM v_containment_required) <> 35 OR (SELECT count(*) FROM v_containment_gap) <> 0 THEN
        RAISE EXCEPTION 'verify: containment requires % with gap %, not 35 with gap 0',
            (SELECT count(*) FROM v_containment_required), (SELECT count(*) FROM v_containment_gap)
            USING HINT = 'v_containment_gap names the containers';
    END IF;
    IF (SELECT count(*) FROM v_axis_active) <> 3 THEN
        RAISE EXCEPTION 'verify: % axes are active, not 3', (SELECT count(*) FROM v_axis_active)
            USING HINT = 'v_axis_active names them; tiers 2, 4 and 5 add one each';
    END IF;
    IF (SELECT count(*) FROM v_topic_divergent) <> 0 THEN
        RAISE EXCEPTION 'verify: % topic assignment(s) diverge', (SELECT count(*) FROM v_topic_divergent)
            USING HINT = 'v_topic_divergent names the documents';
    END IF;
    IF (SELECT count(*) FROM v_topic_projection_gap) <> 0 THEN
        RAISE EXCEPTION 'verify: topic projection gap is %, not 0', (SELECT count(*) FROM v_topic_projection_gap)
            USING HINT = 'v_topic_projection_gap names the documents';
    END IF;
    IF (SELECT count(*) FROM v_topic_label_orphan) <> 0 THEN
        RAISE EXCEPTION 'verify: % label(s) are orphans', (SELECT count(*) FROM v_topic_label_orphan)
            USING HINT = 'v_topic_label_orphan names them';
    END IF;
    IF NOT EXISTS (SELECT FROM kg_domain WHERE domain_code = 'kg-domain-x' AND status = 'active') THEN
        RAISE EXCEPTION 'verify: kg-domain-x is not active'
            USING HINT = 'activate it in kg_domain, or find out who did not want it';
    END IF;
    IF (SELECT count(*) FROM v_drift_open WHERE severity = 'critical') <> 0 THEN
        RAISE EXCEPTION 'verify: % critical finding(s) are open', (SELECT count(*) FROM v_drift_open WHERE severity = 'critical')
            USING HINT = 'v_drift_open names them';
    END IF;
    IF NOT EXISTS (SELECT FROM governance_scan_run) THEN
        RAISE EXCEPTION 'verify: the scanner has never run'
            USING HINT = 'run tier 6 (60_scanner_baseline.sql)';
    END IF;
    IF (SELECT count(*) FROM v_governance_event_emittable) <> 0 THEN
        RAISE EXCEPTION 'verify: % event(s) could be emitted', (SELECT count(*) FROM v_governance_event_emittable)
            USING HINT = 'governance event types stay inactive until each is ratified';
    END IF;
    IF (SELECT count(*) FROM v_governance_event_emission) <> 0 THEN
        RAISE EXCEPTION 'verify: event_outbox holds % governance event(s)', (SELECT count(*) FROM v_governance_event_emission)
            USING HINT = 'this is an incident: quarantine, find what emitted, reconcile';
    END IF;
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance' AND active) THEN
        RAISE EXCEPTION 'verify: a governance event type is active'
            USING HINT = 'governance event types stay inactive until each is ratified';
    END IF;
END
$assert$;

COMMIT;

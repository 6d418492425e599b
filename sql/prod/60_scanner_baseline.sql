-- Tier 6: the scanner's first run, and the event boundary. Materialises the drift
-- that there is today as the baseline, so that tomorrow's is news. The scanner logs
-- what it would announce; the event types stay inactive, so nothing is emitted.
--
-- Input: tier 5. Undone by prod_rollback/per_tier_rollback.sql with tier=6.

BEGIN;

-- LOCAL: they end with this transaction and govern nothing else in the session.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '5min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
-- Neither the operator's search_path nor a temporary table decides whose tables are meant.
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 6 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'tier 6 refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF to_regclass('public.axis_registry') IS NULL THEN
        RAISE EXCEPTION 'tier 6 refused: axis_registry is missing'
            USING HINT = 'run tiers 1 to 5 first';
    END IF;
    IF NOT EXISTS (SELECT FROM v_axis_active WHERE axis_code = 'topic') THEN
        RAISE EXCEPTION 'tier 6 refused: there is no topic axis'
            USING HINT = 'run tier 5 first (50_topic_finalization.sql)';
    END IF;
    -- Fail-closed: with an active type the scan itself would be announced.
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance' AND active) THEN
        RAISE EXCEPTION 'tier 6 refused: active governance event type: %',
            (SELECT string_agg(event_type, ', ' ORDER BY event_type) FROM event_type_registry WHERE event_domain = 'governance' AND active)
            USING HINT = 'governance event types stay inactive until each is ratified';
    END IF;
    IF (SELECT count(*) FROM v_governance_event_emission) <> 0 THEN
        RAISE EXCEPTION 'tier 6 refused: event_outbox holds % governance event(s)', (SELECT count(*) FROM v_governance_event_emission)
            USING HINT = 'this is an incident: quarantine, find what emitted, reconcile';
    END IF;
END
$guard$;

SELECT fn_governance_scan('PROD_scanner_baseline_2026-06-03') AS open_findings;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM v_drift_pending) <> 0 THEN
        RAISE EXCEPTION 'tier 6: % finding(s) are still pending after the scan: it is not stable', (SELECT count(*) FROM v_drift_pending)
            USING HINT = 'v_drift_pending names them; the state changed during the scan, or the scanner has a fault';
    END IF;
    IF (SELECT count(*) FROM v_drift_open WHERE severity = 'critical') <> 0 THEN
        RAISE EXCEPTION 'tier 6: % critical finding(s): %',
            (SELECT count(*) FROM v_drift_open WHERE severity = 'critical'),
            (SELECT string_agg(drift_kind || ' ' || subject_code, ', ' ORDER BY drift_kind, subject_code)
             FROM v_drift_open
             WHERE severity = 'critical')
            USING HINT = 'v_drift_current says what is wrong with each; a baseline must not contain them';
    END IF;
    IF (SELECT count(*) FROM v_governance_event_emittable) <> 0 THEN
        RAISE EXCEPTION 'tier 6: % logged event(s) could be emitted', (SELECT count(*) FROM v_governance_event_emittable)
            USING HINT = 'governance event types stay inactive until each is ratified';
    END IF;
    IF (SELECT count(*) FROM v_governance_event_emission) <> 0 THEN
        RAISE EXCEPTION 'tier 6: event_outbox holds % governance event(s)', (SELECT count(*) FROM v_governance_event_emission)
            USING HINT = 'this is an incident: quarantine, find what emitted, reconcile';
    END IF;
END
$assert$;

COMMIT;

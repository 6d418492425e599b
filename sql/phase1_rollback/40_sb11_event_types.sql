-- Reverses SB-11 (step 4). The types were never active, so nothing was emitted
-- and there is no outbox to unwind. If something was emitted, that is an incident:
-- this script refuses, and the types stay.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-11 reversal refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-11 reversal refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF EXISTS (SELECT FROM event_outbox WHERE event_domain = 'governance' OR event_type LIKE 'governance.%') THEN
        RAISE EXCEPTION 'SB-11 reversal refused: event_outbox holds % governance event(s)',
            (SELECT count(*) FROM event_outbox WHERE event_domain = 'governance' OR event_type LIKE 'governance.%')
            USING HINT = 'this is an incident: quarantine, find what emitted, reconcile; do not delete the types';
    END IF;
    IF to_regclass('public.governance_event_log') IS NOT NULL THEN
        RAISE EXCEPTION 'SB-11 reversal refused: governance_event_log still refers to the event types'
            USING HINT = 'roll the One-Roof release back first (prod_rollback/99_rollback_full.sql)';
    END IF;
END
$guard$;

DELETE FROM event_type_registry WHERE event_domain = 'governance';

DO $assert$
BEGIN
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance') THEN
        RAISE EXCEPTION 'SB-11 reversal: a governance event type is still registered'
            USING HINT = 'somebody wrote it while this ran; run the reversal again';
    END IF;
END
$assert$;

COMMIT;

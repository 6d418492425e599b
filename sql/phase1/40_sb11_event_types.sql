-- SB-11 (step 4): the governance event types, registered inactive. Nothing is
-- emitted in Phase 1, and nothing can be while active is false.
--
-- Adds: seven rows in event_type_registry (event_domain 'governance').

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-11 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-11 refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

INSERT INTO event_type_registry (event_type, event_domain, title, active)
VALUES ('governance.drift.opened',       'governance', 'A drift finding was opened',         false),
       ('governance.drift.changed',      'governance', 'A drift finding was changed',        false),
       ('governance.drift.resolved',     'governance', 'A drift finding was resolved',       false),
       ('governance.owner.assigned',     'governance', 'An owner was assigned',              false),
       ('governance.exception.granted',  'governance', 'A governance exception was granted', false),
       ('governance.authority.delegated', 'governance', 'Authority was delegated',           false),
       ('governance.candidate.raised',   'governance', 'A candidate was raised',             false)
ON CONFLICT (event_type) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM event_type_registry WHERE event_domain = 'governance') <> 7 THEN
        RAISE EXCEPTION 'SB-11: expected 7 governance event types, found %',
            (SELECT count(*) FROM event_type_registry WHERE event_domain = 'governance')
            USING HINT = 'somebody registered or removed a governance event type; compare with the list in this file';
    END IF;
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance' AND active) THEN
        RAISE EXCEPTION 'SB-11: a governance event type is active'
            USING HINT = 'a type is activated by its own ratification, never in Phase 1';
    END IF;
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance' AND handler_ref <> 'handler:none') THEN
        RAISE EXCEPTION 'SB-11: a governance event type has a real handler'
            USING HINT = 'disaster stop: find out who set handler_ref';
    END IF;
END
$assert$;

COMMIT;

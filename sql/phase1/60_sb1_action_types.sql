-- SB-1 (step 6): mends the birth trigger of apr_action_types (finding F-83-1),
-- then adds four action types.
--
-- Without its argument the trigger blocks every insert into the table. The event
-- trigger of production answers the DDL below with [TRIGGER-GUARD] warnings; that
-- is expected. On a second run nothing is replaced and nothing warns.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-1 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-1 refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

DO $birth_trigger$
BEGIN
    IF NOT EXISTS (SELECT
                   FROM pg_trigger
                   WHERE tgrelid = 'apr_action_types'::regclass
                     AND tgname = 'trg_birth_apr_action_types'
                     AND pg_get_triggerdef(oid) LIKE '%fn_birth_registry_auto(''action\_code'')') THEN
        -- The definition that is being replaced goes into the log of the run: an
        -- emergency may need its exact text.
        RAISE NOTICE 'SB-1 replaces: %', coalesce(
            (SELECT pg_get_triggerdef(oid)
             FROM pg_trigger
             WHERE tgrelid = 'apr_action_types'::regclass AND tgname = 'trg_birth_apr_action_types'),
            'no trigger trg_birth_apr_action_types');
        CREATE OR REPLACE TRIGGER trg_birth_apr_action_types
            AFTER INSERT ON apr_action_types
            FOR EACH ROW EXECUTE FUNCTION fn_birth_registry_auto('action_code');
    END IF;
END
$birth_trigger$;

INSERT INTO apr_action_types (action_code, title, category, quorum)
SELECT code, title, 'governance', quorum
FROM (VALUES ('assign_governance_owner',    'Assign a governance owner',    2),
             ('grant_governance_exception', 'Grant a governance exception', 2),
             ('delegate_authority',         'Delegate authority',           2),
             ('assign_axis_owner',          'Assign an axis owner',         1)) AS action (code, title, quorum)
ON CONFLICT (action_code) DO NOTHING;

-- After a reversal the four are there, retired; going forward again revives them.
UPDATE apr_action_types
SET status = 'active', retired_at = NULL
WHERE action_code IN ('assign_governance_owner', 'grant_governance_exception', 'delegate_authority', 'assign_axis_owner')
  AND status = 'retired';

DO $assert$
BEGIN
    IF (SELECT count(*) FROM apr_action_types WHERE status = 'active') <> 10 THEN
        RAISE EXCEPTION 'SB-1: expected 6 + 4 active action types, found %',
            (SELECT count(*) FROM apr_action_types WHERE status = 'active')
            USING HINT = 'somebody else has added or retired an action type; reconcile before adding ours';
    END IF;
    IF (SELECT count(*)
        FROM birth_registry
        WHERE entity_type = 'apr_action_types'
          AND entity_code IN ('assign_governance_owner', 'grant_governance_exception',
                              'delegate_authority', 'assign_axis_owner')) <> 4 THEN
        RAISE EXCEPTION 'SB-1: the birth trigger did not register the four new action types'
            USING HINT = 'is trg_birth_apr_action_types enabled? Its certificates are in birth_registry';
    END IF;
    IF EXISTS (SELECT FROM apr_action_types WHERE category = 'governance' AND handler_ref <> 'handler:none') THEN
        RAISE EXCEPTION 'SB-1: a governance action type has a real handler'
            USING HINT = 'disaster stop: find out who set handler_ref';
    END IF;
END
$assert$;

COMMIT;

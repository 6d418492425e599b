-- Reverses SB-1 (step 6): the action types are retired, never deleted, because
-- approval_requests.proposed_action_code refers to them (ON DELETE RESTRICT) and
-- the vocabulary is history. The mended birth trigger is the correct wiring and
-- stays: its earlier definition would block every insert again.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-1 reversal refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-1 reversal refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

UPDATE apr_action_types
SET status = 'retired', retired_at = now()
WHERE action_code IN ('assign_governance_owner', 'grant_governance_exception', 'delegate_authority', 'assign_axis_owner')
  AND status = 'active';

DO $assert$
BEGIN
    IF (SELECT count(*) FROM apr_action_types WHERE status = 'active') <> 6 THEN
        RAISE EXCEPTION 'SB-1 reversal: expected 6 active action types, found %',
            (SELECT count(*) FROM apr_action_types WHERE status = 'active')
            USING HINT = 'somebody else has added or retired an action type; reconcile before retiring ours';
    END IF;
    -- Where SB-1 never ran the trigger still has its old definition: nothing to keep.
    IF EXISTS (SELECT FROM apr_action_types WHERE action_code = 'assign_governance_owner')
       AND NOT EXISTS (SELECT
                       FROM pg_trigger
                       WHERE tgrelid = 'apr_action_types'::regclass
                         AND tgname = 'trg_birth_apr_action_types'
                         AND pg_get_triggerdef(oid) LIKE '%fn_birth_registry_auto(''action\_code'')') THEN
        RAISE EXCEPTION 'SB-1 reversal: trg_birth_apr_action_types has lost its argument'
            USING HINT = 're-create it with fn_birth_registry_auto(''action_code'')';
    END IF;
END
$assert$;

COMMIT;

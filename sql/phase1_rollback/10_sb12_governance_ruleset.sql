-- Reverses SB-12 (step 1), last of all: SB-10's tables refer to the ruleset.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-12 reversal refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-12 reversal refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF to_regclass('public.governance_candidate_state') IS NOT NULL THEN
        RAISE EXCEPTION 'SB-12 reversal refused: governance_candidate_state still refers to governance_ruleset'
            USING HINT = 'reverse SB-10 first (phase1_rollback/30_sb10_candidate.sql)';
    END IF;
END
$guard$;

-- By the origin key only: evolution_snapshots is shared with other programmes.
DELETE FROM evolution_snapshots WHERE origin = 'governance_ruleset';
DROP TABLE IF EXISTS governance_ruleset;

DO $assert$
BEGIN
    IF to_regclass('public.governance_ruleset') IS NOT NULL
       OR EXISTS (SELECT FROM evolution_snapshots WHERE origin = 'governance_ruleset') THEN
        RAISE EXCEPTION 'SB-12 reversal: something of the ruleset is still there'
            USING HINT = 'somebody wrote it while this ran; run the reversal again';
    END IF;
END
$assert$;

COMMIT;

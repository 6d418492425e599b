-- Reverses SB-10 (step 3). SB-12's ruleset stays.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-10 reversal refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-10 reversal refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    -- Static SQL in a branch that is not taken is never planned, so the tables
    -- may be absent.
    IF to_regclass('public.governance_candidate_state') IS NOT NULL THEN
        IF EXISTS (SELECT FROM governance_candidate_state) THEN
            RAISE EXCEPTION 'SB-10 reversal refused: % candidate(s) were raised since', (SELECT count(*) FROM governance_candidate_state)
                USING HINT = 'they are somebody''s work: decide them, export them and delete them by code, then run this again';
        END IF;
    END IF;
END
$guard$;

DROP TABLE IF EXISTS candidate_scan_run;           -- refers to governance_candidate_state
DROP TABLE IF EXISTS governance_candidate_object;  -- refers to governance_candidate_state
DROP TABLE IF EXISTS governance_candidate_state;   -- refers to governance_ruleset, which stays

DO $assert$
BEGIN
    IF to_regclass('public.candidate_scan_run') IS NOT NULL
       OR to_regclass('public.governance_candidate_object') IS NOT NULL
       OR to_regclass('public.governance_candidate_state') IS NOT NULL THEN
        RAISE EXCEPTION 'SB-10 reversal: a candidate table is still there'
            USING HINT = 'it is not a plain table of schema public; find out who made it';
    END IF;
END
$assert$;

COMMIT;

-- Reverses SB-13 (step 2).

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-13 reversal refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-13 reversal refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

-- The underscore is escaped: LIKE 'gov_%' would also take govdocs_indexer, which
-- belongs to somebody else.
DELETE FROM queue_heartbeat WHERE executor_name LIKE 'gov\_%';
DROP TABLE IF EXISTS gov_worker_cursor;

DO $assert$
BEGIN
    IF to_regclass('public.gov_worker_cursor') IS NOT NULL
       OR EXISTS (SELECT FROM queue_heartbeat WHERE executor_name LIKE 'gov\_%') THEN
        RAISE EXCEPTION 'SB-13 reversal: a governance worker is still registered'
            USING HINT = 'somebody wrote it while this ran; run the reversal again';
    END IF;
END
$assert$;

COMMIT;

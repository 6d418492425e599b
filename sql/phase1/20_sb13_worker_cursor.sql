-- SB-13 (step 2): where the governance workers keep their place, and their
-- heartbeats. The workers do not run yet: the rows are born without a beat.
--
-- Adds: table gov_worker_cursor with three rows; three rows in queue_heartbeat
-- whose executor_name starts with "gov_".

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-13 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-13 refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

CREATE TABLE IF NOT EXISTS gov_worker_cursor (
    worker_name   varchar(64) PRIMARY KEY CHECK (worker_name LIKE 'gov\_%'),
    position      bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    date_updated  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE gov_worker_cursor IS 'Last position that a governance worker has dealt with.';

INSERT INTO gov_worker_cursor (worker_name)
VALUES ('gov_scanner'), ('gov_reconciler'), ('gov_notifier')
ON CONFLICT (worker_name) DO NOTHING;

INSERT INTO queue_heartbeat (executor_name, queue, status)
VALUES ('gov_scanner', 'governance', 'idle'), ('gov_reconciler', 'governance', 'idle'), ('gov_notifier', 'governance', 'idle')
ON CONFLICT (executor_name) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM gov_worker_cursor JOIN queue_heartbeat ON executor_name = worker_name) <> 3 THEN
        RAISE EXCEPTION 'SB-13: expected three governance workers with a heartbeat each, found %',
            (SELECT count(*) FROM gov_worker_cursor JOIN queue_heartbeat ON executor_name = worker_name)
            USING HINT = 'somebody changed gov_worker_cursor or queue_heartbeat; compare their gov_ rows';
    END IF;
END
$assert$;

COMMIT;

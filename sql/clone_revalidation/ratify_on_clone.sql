-- On a clone only: does what two humans do in production, and ratifies the
-- approved request :ratified_apr at levels L2 and L4.

\if :{?ratified_apr}
\else
  \set ratified_apr ''
\endif

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '1min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

-- psql puts no variable inside a dollar quote, so the code travels as a setting
-- of this transaction.
SELECT set_config('one_roof.ratified_apr', :'ratified_apr', true) AS ratified_apr;

DO $guard$
DECLARE
    apr text := current_setting('one_roof.ratified_apr');
BEGIN
    IF shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database')
       IS DISTINCT FROM 'roof-lint clone' THEN
        RAISE EXCEPTION 'database "%" is not marked as a clone; only humans ratify in production', current_database()
            USING HINT = 'on a throw-away database: COMMENT ON DATABASE <name> IS ''roof-lint clone''';
    END IF;
    IF NOT EXISTS (SELECT FROM approval_requests WHERE request_code = apr AND status = 'approved') THEN
        RAISE EXCEPTION 'there is no approved request "%"', apr
            USING HINT = 'pass -v ratified_apr=<code of an approved request>';
    END IF;
END
$guard$;

INSERT INTO os_proposal_approvals (request_code, level, ratified_by, ratified_at)
SELECT current_setting('one_roof.ratified_apr'), level, u.id, timestamptz '2026-06-03 09:00:00+00'
FROM (VALUES ('L2', 'An'), ('L4', 'Binh')) AS human (level, name)
JOIN directus_users AS u ON u.first_name = human.name
ON CONFLICT (request_code, level) DO NOTHING;

COMMIT;

-- On a clone only: withdraws every ratification, which shuts the gate.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '1min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database')
       IS DISTINCT FROM 'roof-lint clone' THEN
        RAISE EXCEPTION 'database "%" is not marked as a clone; only humans withdraw in production', current_database()
            USING HINT = 'on a throw-away database: COMMENT ON DATABASE <name> IS ''roof-lint clone''';
    END IF;
END
$guard$;

TRUNCATE os_proposal_approvals;

COMMIT;

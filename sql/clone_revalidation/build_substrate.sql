-- Builds, in an empty database, a clone of production as it was before Phase 1.
-- One transaction: an interrupted build leaves an empty database.
--
--   createdb -O workflow_admin directus
--   psql -d directus -c "COMMENT ON DATABASE directus IS 'roof-lint clone'"
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -f sql/clone_revalidation/build_substrate.sql

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '10min';
SET LOCAL idle_in_transaction_session_timeout = '5min';
SET LOCAL search_path = public, pg_temp;

-- Only a database that says it is a clone may be filled with made-up data.
DO $guard$
BEGIN
    IF shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database')
       IS DISTINCT FROM 'roof-lint clone' THEN
        RAISE EXCEPTION 'database "%" is not marked as a clone', current_database()
            USING HINT = 'on a throw-away database: COMMENT ON DATABASE <name> IS ''roof-lint clone''';
    END IF;
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')) THEN
        RAISE EXCEPTION 'database "%" is not empty', current_database()
            USING HINT = 'drop and create it again; the clone is only built from nothing';
    END IF;
END
$guard$;

\ir directus_schema.sql
\ir governance_substrate.sql
\ir baseline_data.sql

-- Last, so that building the clone itself does not warn.
CREATE EVENT TRIGGER evt_trigger_guard ON ddl_command_end
    WHEN TAG IN ('CREATE TRIGGER', 'DROP TRIGGER')
    EXECUTE FUNCTION fn_trigger_guard();

ALTER TABLE apr_action_types ENABLE TRIGGER trg_birth_apr_action_types;

COMMIT;

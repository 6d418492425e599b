-- Rollback-only revalidation of the package on a clone that carries the complete
-- release (the "golden harness"). Proves three things and leaves nothing behind:
--
--   1. the canonical verification passes;
--   2. the DDL of the package recompiles, byte for byte the same files, against the
--      live graph of views;
--   3. the scanner is idempotent: scanning twice more finds nothing new.
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -f sql/clone_revalidation/revalidate.sql

\set ON_ERROR_STOP on

\ir ../prod/90_verify.sql

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '5min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database')
       IS DISTINCT FROM 'roof-lint clone' THEN
        RAISE EXCEPTION 'database "%" is not marked as a clone; revalidation locks what it recompiles', current_database()
            USING HINT = 'on a throw-away database: COMMENT ON DATABASE <name> IS ''roof-lint clone''';
    END IF;
END
$guard$;

\ir ../prod/10_structure/tables.sql
\ir ../prod/10_structure/views.sql
\ir ../prod/10_structure/scanner.sql

DO $scanner$
DECLARE
    before_scan  CONSTANT bigint := (SELECT count(*) FROM v_drift_open);
    first_scan   bigint;
    second_scan  bigint;
    runs         bigint;
BEGIN
    first_scan := fn_governance_scan('revalidation');
    runs := (SELECT count(*) FROM governance_scan_run);
    second_scan := fn_governance_scan('revalidation');
    IF first_scan <> before_scan OR second_scan <> before_scan THEN
        RAISE EXCEPTION 'revalidation: open findings went from % to % to %', before_scan, first_scan, second_scan
            USING HINT = 'the clone has drifted since its scan, or the scanner is not stable; v_drift_pending tells';
    END IF;
    IF (SELECT count(*) FROM governance_scan_run) <> runs OR (SELECT count(*) FROM v_drift_pending) <> 0 THEN
        RAISE EXCEPTION 'revalidation: a second scan under the same label wrote something'
            USING HINT = 'fn_governance_scan has to be idempotent; compare scanner.sql with v_drift_pending';
    END IF;
    RAISE NOTICE 'revalidation: % open findings, stable', second_scan;
END
$scanner$;

ROLLBACK;

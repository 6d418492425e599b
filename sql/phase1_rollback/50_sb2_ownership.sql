-- Reverses SB-2 (step 5): views before the tables they read, each view before the
-- view it reads, the ownership table before the scopes it refers to.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-2 reversal refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-2 reversal refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF to_regclass('public.axis_registry') IS NOT NULL THEN
        RAISE EXCEPTION 'SB-2 reversal refused: the One-Roof release stands on the ownership views'
            USING HINT = 'roll it back first (prod_rollback/99_rollback_full.sql)';
    END IF;
    IF to_regclass('public.governance_object_ownership') IS NOT NULL THEN
        IF EXISTS (SELECT FROM governance_object_ownership) THEN
            RAISE EXCEPTION 'SB-2 reversal refused: governance_object_ownership holds % row(s), written by %',
                (SELECT count(*) FROM governance_object_ownership),
                (SELECT string_agg(DISTINCT created_by, ', ') FROM governance_object_ownership)
                USING HINT = 'Phase 1 wrote none of them; export them, end them with their owners, then run this again';
        END IF;
    END IF;
END
$guard$;

DROP VIEW IF EXISTS v_governance_event_emission;
DROP VIEW IF EXISTS v_object_owner_conflict;    -- reads v_object_effective_owner
DROP VIEW IF EXISTS v_object_owner_gap;         -- reads v_object_effective_owner, v_governed_object
DROP VIEW IF EXISTS v_object_effective_owner;   -- reads v_governed_object and both tables
DROP VIEW IF EXISTS v_governed_object;
DROP TABLE IF EXISTS governance_object_ownership;      -- refers to governance_responsibility_scope
DROP TABLE IF EXISTS governance_responsibility_scope;  -- parent last

DO $assert$
BEGIN
    IF to_regclass('public.governance_object_ownership') IS NOT NULL
       OR to_regclass('public.governance_responsibility_scope') IS NOT NULL
       OR to_regclass('public.v_governed_object') IS NOT NULL
       OR to_regclass('public.v_object_effective_owner') IS NOT NULL
       OR to_regclass('public.v_object_owner_gap') IS NOT NULL
       OR to_regclass('public.v_object_owner_conflict') IS NOT NULL
       OR to_regclass('public.v_governance_event_emission') IS NOT NULL THEN
        RAISE EXCEPTION 'SB-2 reversal: an ownership table or view is still there'
            USING HINT = 'it is of another kind than SB-2 made it; find out who replaced it';
    END IF;
END
$assert$;

COMMIT;

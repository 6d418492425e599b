-- Tier 3: the ownership seed. Sovereign: it decides who answers for what, and runs
-- only in the name of the ratified approval request that is passed in:
--
--   -v ratified_apr=<code>
--
-- Adds 30 rows to governance_object_ownership, one per governed object that has no
-- governed container; the 180 objects inside inherit. The gap goes from 210 to 0.
-- Tag: PROD_OWNERSHIP_SEED_2026-06-03.
--
-- Input: tier 2. Undone by prod_rollback/per_tier_rollback.sql with tier=3.

-- An absent code is treated as an empty one, and the guard below refuses that.
\if :{?ratified_apr}
\else
  \set ratified_apr ''
\endif

BEGIN;

-- LOCAL: they end with this transaction and govern nothing else in the session.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
-- Neither the operator's search_path nor a temporary table decides whose tables are meant.
SET LOCAL search_path = public, pg_temp;

-- psql puts no variable inside a dollar quote, so the code travels into the blocks
-- below as a setting of this transaction.
SELECT set_config('one_roof.ratified_apr', :'ratified_apr', true) AS ratified_apr;

DO $guard$
DECLARE
    apr  CONSTANT text := current_setting('one_roof.ratified_apr');
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 3 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'tier 3 refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF coalesce(btrim(apr), '') = '' THEN
        RAISE EXCEPTION 'tier 3 refused: no ratified_apr was given'
            USING HINT = 'pass the code of the ratified approval request: -v ratified_apr=<code>';
    END IF;
    IF NOT EXISTS (SELECT FROM approval_requests WHERE request_code = apr AND status = 'approved') THEN
        RAISE EXCEPTION 'tier 3 refused: "%" is not an approved request (%)', apr,
            coalesce((SELECT 'its status is ' || status FROM approval_requests WHERE request_code = apr), 'there is none of that code')
            USING HINT = 'ratified_apr is the request_code of the approval request that covers this release';
    END IF;
    IF NOT EXISTS (SELECT FROM os_proposal_approvals WHERE request_code = apr) THEN
        RAISE EXCEPTION 'tier 3 refused: "%" is approved, but no human has ratified it', apr
            USING HINT = 'os_proposal_approvals holds ratifications of other requests only';
    END IF;
    IF to_regclass('public.axis_registry') IS NULL THEN
        RAISE EXCEPTION 'tier 3 refused: axis_registry is missing'
            USING HINT = 'run tiers 1 and 2 first';
    END IF;
    IF NOT EXISTS (SELECT FROM v_axis_active WHERE axis_code = 'responsibility') THEN
        RAISE EXCEPTION 'tier 3 refused: there is no responsibility axis'
            USING HINT = 'run tier 2 first (20_responsibility_axis.sql)';
    END IF;
END
$guard$;

-- From here to COMMIT nobody else assigns an owner, so what is counted stays true.
LOCK TABLE governance_object_ownership IN SHARE ROW EXCLUSIVE MODE;

DO $state$
DECLARE
    seeded    CONSTANT bigint := (SELECT count(*) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03');
    owned     CONSTANT bigint := (SELECT count(*) FROM governance_object_ownership);
    gap       CONSTANT bigint := (SELECT count(*) FROM v_object_owner_gap);
    conflict  CONSTANT bigint := (SELECT count(*) FROM v_object_owner_conflict);
    apr       CONSTANT text := current_setting('one_roof.ratified_apr');
BEGIN
    IF owned <> seeded THEN
        RAISE EXCEPTION 'tier 3 refused: governance_object_ownership holds % row(s) that this release did not write, by %',
            owned - seeded,
            (SELECT string_agg(DISTINCT created_by, ', ')
             FROM governance_object_ownership
             WHERE created_by <> 'PROD_OWNERSHIP_SEED_2026-06-03')
            USING HINT = 'the seed expects ownership 0; settle it with their author before trying again';
    END IF;
    IF conflict <> 0 THEN
        RAISE EXCEPTION 'tier 3 refused: % object(s) have several owners', conflict
            USING HINT = 'v_object_owner_conflict names them';
    END IF;
    IF seeded = 0 AND gap <> 210 THEN
        RAISE EXCEPTION 'tier 3 refused: the ownership gap is %, not 210', gap
            USING HINT = 'the catalog of governed objects has changed since the release was ratified';
    END IF;
    -- A second run finds its own work complete, or something has taken part of it away.
    IF seeded <> 0 AND (seeded <> 30 OR gap <> 0) THEN
        RAISE EXCEPTION 'tier 3 refused: an earlier seed is there in part: % of 30 rows, gap %', seeded, gap
            USING HINT = 'undo it with prod_rollback/per_tier_rollback.sql -v tier=3, then run this tier again';
    END IF;
    IF EXISTS (SELECT
               FROM governance_object_ownership
               WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03' AND ratified_apr <> apr) THEN
        RAISE EXCEPTION 'tier 3 refused: the seed is there already, in the name of %, not of %',
            (SELECT min(ratified_apr) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03'), apr
            USING HINT = 'pass the code it was made under; another code needs the seed undone first';
    END IF;
END
$state$;

-- Derived from the catalog: whatever is a gap and lies at the top gets the scope of
-- its operations domain. A second run finds no gap and inserts nothing.
INSERT INTO governance_object_ownership (object_code, scope_code, ratified_apr, created_by)
SELECT g.object_code, s.scope_code, current_setting('one_roof.ratified_apr'), 'PROD_OWNERSHIP_SEED_2026-06-03'
FROM v_object_owner_gap AS g
JOIN governance_responsibility_scope AS s ON s.dot_domain_code = g.dot_domain_code AND s.status = 'active'
WHERE g.parent_code IS NULL
ORDER BY g.object_code
ON CONFLICT (object_code, scope_code, ownership_role) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03') <> 30 THEN
        RAISE EXCEPTION 'tier 3: expected 30 new ownership rows, found %',
            (SELECT count(*) FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03')
            USING HINT = 'one per governed object without a container whose domain has an active scope; are all six scopes active?';
    END IF;
    IF (SELECT count(*) FROM v_object_owner_gap) <> 0 THEN
        RAISE EXCEPTION 'tier 3: % object(s) are still without an owner', (SELECT count(*) FROM v_object_owner_gap)
            USING HINT = 'v_object_owner_gap names them; is the scope of their domain active?';
    END IF;
    IF (SELECT count(*) FROM v_object_owner_conflict) <> 0 THEN
        RAISE EXCEPTION 'tier 3: % object(s) have several owners', (SELECT count(*) FROM v_object_owner_conflict)
            USING HINT = 'v_object_owner_conflict names them';
    END IF;
END
$assert$;

COMMIT;

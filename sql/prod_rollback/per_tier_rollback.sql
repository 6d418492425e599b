-- Undoes one tier, or tiers 6 to 2 in that order:
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -v tier=4 -f sql/prod_rollback/per_tier_rollback.sql
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -v tier=all -f sql/prod_rollback/per_tier_rollback.sql
--
-- Each block is one transaction, deletes only rows that carry its tier's tag, leaves
-- every other tier's rows alone, and is harmless when run again. The structure of
-- tier 1 stays; 99_rollback_full.sql removes it. Afterwards prod/90_verify.sql fails
-- on the invariant that was given up, as it should; prod_verify/baseline_probe.sql
-- shows where things stand.

\set ON_ERROR_STOP on

\if :{?tier}
\else
  \set tier ''
\endif

-- psql puts no variable inside a dollar quote: the choice travels as a setting.
SELECT set_config('one_roof.tier', :'tier', false) AS tier;

DO $choice$
BEGIN
    IF current_setting('one_roof.tier') NOT IN ('2', '3', '4', '5', '6', 'all') THEN
        RAISE EXCEPTION 'per-tier rollback refused: "%" is no tier that can be undone alone', current_setting('one_roof.tier')
            USING HINT = 'pass -v tier=6, 5, 4, 3 or 2, or -v tier=all for 6 to 2; tier 1 goes with 99_rollback_full.sql';
    END IF;
END
$choice$;

-- Where tier 1 never ran, or was rolled back, tiers 2, 4, 5 and 6 have left nothing.
SELECT :'tier' IN ('6', 'all') AND to_regclass('public.axis_registry') IS NOT NULL AS undo_6,
       :'tier' IN ('5', 'all') AND to_regclass('public.axis_registry') IS NOT NULL AS undo_5,
       :'tier' IN ('4', 'all') AND to_regclass('public.axis_registry') IS NOT NULL AS undo_4,
       :'tier' IN ('3', 'all') AND to_regclass('public.governance_object_ownership') IS NOT NULL AS undo_3,
       :'tier' IN ('2', 'all') AND to_regclass('public.axis_registry') IS NOT NULL AS undo_2
\gset

-- ---------------------------------------------------------------------------
-- Tier 6: the drift state. The structure stays. The three tables belong to the
-- scanner alone, so all their rows go.
-- ---------------------------------------------------------------------------
\if :undo_6
BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 6 undo refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
END
$guard$;

-- In one statement: they refer to one another.
TRUNCATE governance_drift_state, governance_event_log, governance_scan_run;

DO $assert$
BEGIN
    IF EXISTS (SELECT FROM governance_scan_run) OR EXISTS (SELECT FROM governance_drift_state) OR EXISTS (SELECT FROM governance_event_log) THEN
        RAISE EXCEPTION 'tier 6 undo: a scanner table is not empty'
            USING HINT = 'the scanner ran while this did; run the undo again';
    END IF;
END
$assert$;

COMMIT;
\endif

-- ---------------------------------------------------------------------------
-- Tier 5: topics.
-- ---------------------------------------------------------------------------
\if :undo_5
BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 5 undo refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF EXISTS (SELECT FROM axis_value WHERE axis_code = 'topic' AND created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE axis_code = 'topic' AND created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_object_ownership WHERE axis_code = 'topic')
       OR EXISTS (SELECT FROM coverage_rule WHERE axis_code = 'topic')
       OR EXISTS (SELECT FROM topic_taxonomy_map WHERE created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM topic_label_reconcile_decision WHERE created_by <> 'PROD_topic_2026-06-03') THEN
        RAISE EXCEPTION 'tier 5 undo refused: the topic axis holds rows that this release did not write'
            USING HINT = 'look at created_by; export them and delete them by their own tag, then run this again';
    END IF;
END
$guard$;

DELETE FROM topic_label_reconcile_decision WHERE created_by = 'PROD_topic_2026-06-03';
DELETE FROM topic_taxonomy_map WHERE created_by = 'PROD_topic_2026-06-03';
DELETE FROM axis_assignment WHERE created_by = 'PROD_topic_2026-06-03';
DELETE FROM axis_value WHERE created_by = 'PROD_topic_2026-06-03';     -- after all that refer to it
DELETE FROM axis_registry WHERE created_by = 'PROD_topic_2026-06-03';  -- parent last

DO $assert$
BEGIN
    IF EXISTS (SELECT FROM topic_label_reconcile_decision WHERE created_by = 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM topic_taxonomy_map WHERE created_by = 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE created_by = 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_value WHERE created_by = 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_registry WHERE created_by = 'PROD_topic_2026-06-03') THEN
        RAISE EXCEPTION 'tier 5 undo: a row tagged PROD_topic_2026-06-03 is still there'
            USING HINT = 'somebody wrote it while this ran; run the undo again';
    END IF;
END
$assert$;

COMMIT;
\endif

-- ---------------------------------------------------------------------------
-- Tier 4: containment.
-- ---------------------------------------------------------------------------
\if :undo_4
BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 4 undo refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF EXISTS (SELECT FROM axis_value WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_object_ownership WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM coverage_rule WHERE axis_code = 'containment' AND created_by <> 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM coverage_exception WHERE rule_code = 'CR-CONTAIN-ASSIGNED') THEN
        RAISE EXCEPTION 'tier 4 undo refused: the containment axis holds rows that this release did not write'
            USING HINT = 'look at created_by; export them and delete them by their own tag, then run this again';
    END IF;
END
$guard$;

DELETE FROM axis_object_ownership WHERE created_by = 'PROD_containment_2026-06-03';
DELETE FROM axis_assignment WHERE created_by = 'PROD_containment_2026-06-03';
DELETE FROM coverage_rule WHERE rule_code = 'CR-CONTAIN-ASSIGNED' AND created_by = 'PROD_containment_2026-06-03';
DELETE FROM axis_value WHERE created_by = 'PROD_containment_2026-06-03';     -- after the assignments
DELETE FROM axis_registry WHERE created_by = 'PROD_containment_2026-06-03';  -- parent last

DO $assert$
BEGIN
    IF EXISTS (SELECT FROM axis_object_ownership WHERE created_by = 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE created_by = 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM coverage_rule WHERE created_by = 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_value WHERE created_by = 'PROD_containment_2026-06-03')
       OR EXISTS (SELECT FROM axis_registry WHERE created_by = 'PROD_containment_2026-06-03') THEN
        RAISE EXCEPTION 'tier 4 undo: a row tagged PROD_containment_2026-06-03 is still there'
            USING HINT = 'somebody wrote it while this ran; run the undo again';
    END IF;
END
$assert$;

COMMIT;
\endif

-- ---------------------------------------------------------------------------
-- Tier 3: the ownership seed, a sovereign reversal. The gap goes back from 0 to 210
-- unless others have assigned owners since; their rows stay.
-- ---------------------------------------------------------------------------
\if :undo_3
BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 3 undo refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
END
$guard$;

DELETE FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03';

DO $assert$
BEGIN
    IF EXISTS (SELECT FROM governance_object_ownership WHERE created_by = 'PROD_OWNERSHIP_SEED_2026-06-03') THEN
        RAISE EXCEPTION 'tier 3 undo: a row tagged PROD_OWNERSHIP_SEED_2026-06-03 is still there'
            USING HINT = 'somebody wrote it while this ran; run the undo again';
    END IF;
    IF NOT EXISTS (SELECT FROM governance_object_ownership) AND (SELECT count(*) FROM v_object_owner_gap) <> 210 THEN
        RAISE EXCEPTION 'tier 3 undo: the ownership gap is %, not 210', (SELECT count(*) FROM v_object_owner_gap)
            USING HINT = 'governed objects were added or retired since the release; the baseline itself has moved';
    END IF;
END
$assert$;

COMMIT;
\endif

-- ---------------------------------------------------------------------------
-- Tier 2: the responsibility axis.
-- ---------------------------------------------------------------------------
\if :undo_2
BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 2 undo refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF EXISTS (SELECT FROM axis_value WHERE axis_code = 'responsibility' AND created_by <> 'PROD_responsibility_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE axis_code = 'responsibility')
       OR EXISTS (SELECT FROM axis_object_ownership WHERE axis_code = 'responsibility')
       OR EXISTS (SELECT FROM coverage_rule WHERE axis_code = 'responsibility' AND created_by <> 'PROD_responsibility_2026-06-03')
       OR EXISTS (SELECT FROM coverage_exception WHERE rule_code = 'CR-RESP-ALL') THEN
        RAISE EXCEPTION 'tier 2 undo refused: the responsibility axis holds rows that this release did not write'
            USING HINT = 'look at created_by; export them and delete them by their own tag, then run this again';
    END IF;
END
$guard$;

DELETE FROM coverage_rule WHERE rule_code = 'CR-RESP-ALL' AND created_by = 'PROD_responsibility_2026-06-03';
DELETE FROM axis_value WHERE created_by = 'PROD_responsibility_2026-06-03';
DELETE FROM axis_registry WHERE created_by = 'PROD_responsibility_2026-06-03';  -- parent last

DO $assert$
BEGIN
    IF EXISTS (SELECT FROM coverage_rule WHERE created_by = 'PROD_responsibility_2026-06-03')
       OR EXISTS (SELECT FROM axis_value WHERE created_by = 'PROD_responsibility_2026-06-03')
       OR EXISTS (SELECT FROM axis_registry WHERE created_by = 'PROD_responsibility_2026-06-03') THEN
        RAISE EXCEPTION 'tier 2 undo: a row tagged PROD_responsibility_2026-06-03 is still there'
            USING HINT = 'somebody wrote it while this ran; run the undo again';
    END IF;
END
$assert$;

COMMIT;
\endif

-- Phase 1 back, last step first: views and children before what they refer to.
-- Each reversal is its own transaction and refuses what it must not undo; the
-- first refusal ends the run. Harmless when run again.
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -f sql/phase1_rollback/99_rollback_all.sql

\set ON_ERROR_STOP on

\ir 60_sb1_action_types.sql
\ir 50_sb2_ownership.sql
\ir 40_sb11_event_types.sql
\ir 30_sb10_candidate.sql
\ir 20_sb13_worker_cursor.sql
\ir 10_sb12_governance_ruleset.sql
\ir ../phase1/90_verify.sql

-- Phase 1, in the order of its steps. Each step is one transaction; the first
-- failure ends the run and the steps before it stay.
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -f sql/phase1/99_run_all.sql

\set ON_ERROR_STOP on

\ir 10_sb12_governance_ruleset.sql
\ir 20_sb13_worker_cursor.sql
\ir 30_sb10_candidate.sql
\ir 40_sb11_event_types.sql
\ir 50_sb2_ownership.sql
\ir 60_sb1_action_types.sql
\ir 90_verify.sql

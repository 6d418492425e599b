-- Builds, in an empty database, a clone of production as the One-Roof release
-- finds it: the substrate, then Phase 1 as its own package performs it.
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -f sql/clone_revalidation/build_clone.sql
--
-- Phase 1 too runs only under a ratification. Its ratification was withdrawn
-- after use, so the clone ends with os_proposal_approvals empty: the gate is shut.

\set ON_ERROR_STOP on

\ir build_substrate.sql

\set ratified_apr APR-2026-0097
\ir ratify_on_clone.sql
\ir ../phase1/99_run_all.sql
\ir withdraw_on_clone.sql

-- The release, tier by tier. The first failure ends the run; tiers before it stay
-- committed, the failing one is rolled back whole. To go on after mending the cause
-- run the remaining tier files one by one, or roll back and start over.
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 \
--        -v ratified_apr=<code of the ratified request> -f sql/prod/99_run_all.sql

\set ON_ERROR_STOP on

-- The code is needed in tier 3. An absent one is made empty here, so that the
-- preflight refuses it before tier 1 and not after tier 2.
\if :{?ratified_apr}
\else
  \set ratified_apr ''
\endif

\ir 00_preflight.sql
\ir 10_structure.sql
\ir 20_responsibility_axis.sql
\ir 30_ownership_seed.sql
\ir 40_containment.sql
\ir 50_topic_finalization.sql
\ir 60_scanner_baseline.sql
\ir 90_verify.sql

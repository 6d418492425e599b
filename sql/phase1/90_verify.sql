-- The nine verification queries of the Phase-1 runbook (97.9). Read-only; to be
-- run after any step and after any reversal. What may differ from step to step is
-- printed for the operator to compare; what must hold always is asserted.

SELECT 1 AS "no", 'tables and views of Phase 1 still present' AS query,
       coalesce(string_agg(name, ', ' ORDER BY name) FILTER (WHERE to_regclass('public.' || name) IS NOT NULL), 'none') AS found,
       'none after a full reversal' AS expected
FROM unnest(ARRAY['governance_ruleset', 'gov_worker_cursor', 'candidate_scan_run', 'governance_candidate_object',
                  'governance_candidate_state', 'governance_responsibility_scope', 'governance_object_ownership',
                  'v_governed_object', 'v_object_effective_owner', 'v_object_owner_gap',
                  'v_object_owner_conflict', 'v_governance_event_emission']) AS name
UNION ALL
SELECT 2, 'apr_action_types', count(*)::text, '6 before SB-1, 10 ever after' FROM apr_action_types
UNION ALL
SELECT 3, 'apr_action_types, active', count(*)::text, '6, or 10 while SB-1 is in force' FROM apr_action_types WHERE status = 'active'
UNION ALL
SELECT 4, 'governance event types', count(*)::text, '0, or 7 while SB-11 is in force' FROM event_type_registry WHERE event_domain = 'governance'
UNION ALL
SELECT 5, 'governance events in event_outbox', count(*)::text, '0, always' FROM event_outbox WHERE event_domain = 'governance'
UNION ALL
SELECT 6, 'governance_relations', count(*)::text, '8, always' FROM governance_relations
UNION ALL
SELECT 7, 'os_proposal_approvals', count(*)::text, 'unchanged: no script writes it' FROM os_proposal_approvals
UNION ALL
SELECT 8, 'other sessions idle in transaction', count(*)::text, '0'
FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()
UNION ALL
SELECT 9, 'trg_birth_apr_action_types', pg_get_triggerdef(oid), 'with (''action_code'') once SB-1 has run'
FROM pg_trigger
WHERE tgname = 'trg_birth_apr_action_types' AND NOT tgisinternal
ORDER BY "no";

DO $assert$
DECLARE
    action_types  bigint := (SELECT count(*) FROM apr_action_types);
    active_types  bigint := (SELECT count(*) FROM apr_action_types WHERE status = 'active');
    event_types   bigint := (SELECT count(*) FROM event_type_registry WHERE event_domain = 'governance');
BEGIN
    IF action_types NOT IN (6, 10) OR active_types NOT IN (6, 10) OR active_types > action_types THEN
        RAISE EXCEPTION 'verify: apr_action_types holds % types of which % are active; 6/6, 10/10 or 10/6 are expected',
            action_types, active_types
            USING HINT = 'an action type is retired, never deleted; compare the table with the dump of before';
    END IF;
    IF event_types NOT IN (0, 7) THEN
        RAISE EXCEPTION 'verify: % governance event types are registered; 0 or 7 are expected', event_types
            USING HINT = 'compare event_type_registry with phase1/40_sb11_event_types.sql';
    END IF;
    IF EXISTS (SELECT FROM event_type_registry WHERE event_domain = 'governance' AND active) THEN
        RAISE EXCEPTION 'verify: a governance event type is active'
            USING HINT = 'disaster stop (97.10)';
    END IF;
    IF EXISTS (SELECT FROM event_outbox WHERE event_domain = 'governance') THEN
        RAISE EXCEPTION 'verify: event_outbox holds a governance event'
            USING HINT = 'disaster stop (97.10): quarantine, do not delete';
    END IF;
    IF (SELECT count(*) FROM governance_relations) <> 8 THEN
        RAISE EXCEPTION 'verify: governance_relations holds % rows, not 8', (SELECT count(*) FROM governance_relations)
            USING HINT = 'disaster stop (97.10): Phase 1 never touches this table';
    END IF;
    IF action_types = 10
       AND NOT EXISTS (SELECT
                       FROM pg_trigger
                       WHERE tgrelid = 'apr_action_types'::regclass
                         AND tgname = 'trg_birth_apr_action_types'
                         AND pg_get_triggerdef(oid) LIKE '%fn_birth_registry_auto(''action\_code'')') THEN
        RAISE EXCEPTION 'verify: trg_birth_apr_action_types is not the mended one'
            USING HINT = 'every insert into apr_action_types will fail; re-create it with fn_birth_registry_auto(''action_code'')';
    END IF;
END
$assert$;

-- The out-of-scope invariants: what the release must leave exactly as it found it.
-- Read-only; run it before and after and compare. It asserts nothing, because the
-- numbers of a production move for their own reasons too (system_issues, for one).

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

SET LOCAL statement_timeout = '2min';
SET LOCAL search_path = public, pg_temp;

SELECT 'governance events in event_outbox' AS surface, count(*) AS found, '0' AS baseline FROM event_outbox WHERE event_domain = 'governance'
UNION ALL SELECT 'active governance event types', count(*), '0' FROM event_type_registry WHERE event_domain = 'governance' AND active
UNION ALL SELECT 'approval_requests', count(*), '211' FROM approval_requests
UNION ALL SELECT 'apr_approvals', count(*), '42' FROM apr_approvals
UNION ALL SELECT 'apr_action_types', count(*), '10 (6 before Phase 1)' FROM apr_action_types
UNION ALL SELECT 'responsibility scopes', count(*), '6' FROM governance_responsibility_scope
UNION ALL SELECT 'governance_relations', count(*), '8' FROM governance_relations
UNION ALL SELECT 'os_proposal_approvals', count(*), '0 shut, 1 or more open' FROM os_proposal_approvals
UNION ALL SELECT 'other sessions idle in transaction', count(*), '0'
FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()
UNION ALL SELECT 'system_issues', count(*), 'organic' FROM system_issues
UNION ALL SELECT 'birth_registry', count(*), 'organic' FROM birth_registry
UNION ALL SELECT 'governed objects', count(*), '210' FROM v_governed_object
UNION ALL SELECT 'ownership rows', count(*), '0 before the release, 30 after' FROM governance_object_ownership
UNION ALL SELECT 'ownership gap', count(*), '210 before the release, 0 after' FROM v_object_owner_gap
UNION ALL SELECT 'ownership conflicts', count(*), '0' FROM v_object_owner_conflict
UNION ALL SELECT 'axis tables', count(*), '0 before the release, 11 after'
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  AND relname IN ('axis_registry', 'axis_value', 'coverage_rule', 'coverage_exception',
                  'axis_assignment', 'axis_object_ownership', 'topic_taxonomy_map',
                  'topic_label_reconcile_decision', 'governance_scan_run', 'governance_drift_state',
                  'governance_event_log');

COMMIT;

-- On a clone only: the same shapes with :times the rows (default 1000), for timing.
--
--   psql -U workflow_admin -d directus -v ON_ERROR_STOP=1 -v times=1000 -f sql/clone_revalidation/scale_rows.sql
--   psql ... -v times=1000 -v estate=1000 -f sql/clone_revalidation/scale_rows.sql
--
-- "times" multiplies what grows by itself: activity, revisions, notifications,
-- files, documents without a label, issues, events of other programmes, snapshots,
-- births. The populations that the documents pin (210 governed objects, 211
-- requests, 42 approvals, ...) stay, so the release still runs and can be timed.
-- "estate" multiplies the governed objects too; the preflight then refuses, by
-- right, and the views can be timed on their own.

\if :{?times}
\else
  \set times 1000
\endif
\if :{?estate}
\else
  \set estate 1
\endif

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '30min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF shobj_description((SELECT oid FROM pg_database WHERE datname = current_database()), 'pg_database')
       IS DISTINCT FROM 'roof-lint clone' THEN
        RAISE EXCEPTION 'database "%" is not marked as a clone', current_database()
            USING HINT = 'on a throw-away database: COMMENT ON DATABASE <name> IS ''roof-lint clone''';
    END IF;
END
$guard$;

INSERT INTO directus_activity (action, "user", timestamp, ip, collection, item, origin)
SELECT a.action, a."user", a.timestamp - n * interval '1 minute', a.ip, a.collection, a.item, a.origin
FROM directus_activity AS a CROSS JOIN generate_series(2, :'times'::integer) AS n
ORDER BY n, a.id;

INSERT INTO directus_revisions (activity, collection, item, data, delta)
SELECT r.activity, r.collection, r.item, r.data, r.delta
FROM directus_revisions AS r CROSS JOIN generate_series(2, :'times'::integer) AS n
ORDER BY n, r.id;

INSERT INTO directus_notifications (timestamp, recipient, subject, collection, item)
SELECT r.timestamp - n * interval '1 minute', r.recipient, r.subject, r.collection, r.item
FROM directus_notifications AS r CROSS JOIN generate_series(2, :'times'::integer) AS n
ORDER BY n, r.id;

INSERT INTO directus_files (id, storage, filename_disk, filename_download, title, type, folder, uploaded_by,
                            created_on, modified_on, filesize)
SELECT md5(f.id::text || n)::uuid, f.storage, md5(f.id::text || n) || '.png', f.filename_download, f.title, f.type, f.folder,
       f.uploaded_by, f.created_on, f.modified_on, f.filesize
FROM directus_files AS f CROSS JOIN generate_series(2, :'times'::integer) AS n;

INSERT INTO event_outbox (event_type, event_domain, payload, status, date_created)
SELECT e.event_type, e.event_domain, e.payload, 'sent', e.date_created - n * interval '1 minute'
FROM event_outbox AS e CROSS JOIN generate_series(2, :'times'::integer) AS n
ORDER BY n, e.event_id;

INSERT INTO evolution_snapshots (snapshot_code, origin, fingerprint, content, taken_at)
SELECT s.snapshot_code || '-' || n, s.origin, s.fingerprint, s.content, s.taken_at
FROM evolution_snapshots AS s CROSS JOIN generate_series(2, :'times'::integer) AS n
WHERE s.origin <> 'governance_ruleset';

INSERT INTO system_issues (issue_code, title, severity, status, source, date_created)
SELECT i.issue_code || '-' || n, i.title, i.severity, 'closed', i.source, i.date_created
FROM system_issues AS i CROSS JOIN generate_series(2, :'times'::integer) AS n;

INSERT INTO b_documents (document_code, space_code, title, status, user_created, date_created)
SELECT d.document_code || '-' || n, d.space_code, d.title, 'draft', d.user_created, d.date_created
FROM b_documents AS d CROSS JOIN generate_series(2, :'times'::integer) AS n;

INSERT INTO birth_registry (entity_type, entity_code, origin, born_at)
SELECT b.entity_type, b.entity_code || '-' || n, b.origin, b.born_at
FROM birth_registry AS b CROSS JOIN generate_series(2, :'times'::integer) AS n
WHERE b.entity_type <> 'apr_action_types'
ORDER BY n, b.birth_id;

-- Copies of the governed estate. A copy's parent is the copy of its parent.
INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, parent_code, dot_domain_code)
SELECT o.object_code || '-' || n, o.object_kind, o.native_table, o.native_key || '-' || n, o.title,
       o.parent_code || '-' || n, o.dot_domain_code
FROM governance_object AS o CROSS JOIN generate_series(2, :'estate'::integer) AS n;

COMMIT;

ANALYZE;

-- Made-up but plausible rows that yield the documented baseline. Nothing here is
-- random: codes and times follow from the row's number, ids from md5 of a name,
-- so two builds of the clone are equal row by row.
--
-- Included by build_substrate.sql, inside its transaction.

-- ---------------------------------------------------------------------------
-- People and roles. One steward role per area of responsibility; the security
-- stewards have all left (their account is suspended), which the scanner reports.
-- ---------------------------------------------------------------------------

INSERT INTO directus_roles (id, name, icon, description, parent)
VALUES (md5('role:administrator')::uuid, 'Administrator', 'verified', 'Initial administrative role', NULL),
       (md5('role:author')::uuid, 'Author', 'edit', 'Writes documents', NULL);

INSERT INTO directus_roles (id, name, description, parent)
SELECT md5('role:steward:' || area)::uuid, 'Steward: ' || area, 'Answers for ' || area, md5('role:administrator')::uuid
FROM unnest(ARRAY['platform', 'data', 'knowledge', 'automation', 'security', 'governance']) AS area;

INSERT INTO directus_users (id, first_name, last_name, email, status, role, last_access)
SELECT md5('user:' || given)::uuid, given, family, lower(given) || '@one-roof.example', status, md5('role:' || role)::uuid,
       timestamptz '2026-05-31 08:00:00+00' + n * interval '7 minutes'
FROM (VALUES (1, 'An',    'Nguyen', 'active',    'administrator'),
             (2, 'Binh',  'Tran',   'active',    'administrator'),
             (3, 'Chi',   'Le',     'active',    'author'),
             (4, 'Dung',  'Pham',   'active',    'author'),
             (5, 'Em',    'Vu',     'suspended', 'author'),
             (6, 'Giang', 'Hoang',  'active',    'steward:platform'),
             (7, 'Ha',    'Dang',   'active',    'steward:data'),
             (8, 'Khanh', 'Bui',    'active',    'steward:knowledge'),
             (9, 'Linh',  'Do',     'active',    'steward:automation'),
             (10, 'Minh', 'Ngo',    'suspended', 'steward:security'),
             (11, 'Nga',  'Duong',  'active',    'steward:governance'),
             (12, 'Oanh', 'Ly',     'active',    'steward:knowledge')) AS person (n, given, family, status, role);

-- ---------------------------------------------------------------------------
-- Substrate vocabulary.
-- ---------------------------------------------------------------------------

INSERT INTO dot_domains (domain_code, title)
VALUES ('platform', 'Platform'), ('data', 'Data'), ('knowledge', 'Knowledge'),
       ('automation', 'Automation'), ('security', 'Security'), ('governance', 'Governance');

INSERT INTO dot_coverage_required (domain_code, capability, reason)
SELECT domain_code, capability, 'every domain can be ' || capability || 'ed'
FROM dot_domains CROSS JOIN unnest(ARRAY['audit', 'backup', 'monitor']) AS capability
UNION ALL
VALUES ('data', 'restore', 'a backup is worth what its restore is worth'),
       ('data', 'lineage', 'reports name their sources');

-- Four requirements have no tool: a retired one does not count.
INSERT INTO dot_tools (tool_code, domain_code, capability, status)
SELECT 'dot-' || domain_code || '-' || capability, domain_code, capability,
       CASE WHEN (domain_code, capability) = ('data', 'lineage') THEN 'retired' ELSE 'active' END
FROM dot_coverage_required
WHERE (domain_code, capability) NOT IN (('security', 'audit'), ('knowledge', 'backup'), ('automation', 'backup'));

INSERT INTO kg_domain (domain_code, title)
VALUES ('kg-domain-architecture', 'Architecture'), ('kg-domain-data', 'Data'),
       ('kg-domain-governance', 'Governance'),     ('kg-domain-security', 'Security'),
       ('kg-domain-operations', 'Operations'),     ('kg-domain-delivery', 'Delivery'),
       ('kg-domain-x', 'Cross-domain');

-- Nine published topics; seven of them stand for a domain of the knowledge graph.
INSERT INTO taxonomy_term (term_code, facet, title, kg_domain_code, status)
VALUES ('topic-architecture', 'topic',    'Architecture', 'kg-domain-architecture', 'published'),
       ('topic-data',         'topic',    'Data',         'kg-domain-data',         'published'),
       ('topic-governance',   'topic',    'Governance',   'kg-domain-governance',   'published'),
       ('topic-security',     'topic',    'Security',     'kg-domain-security',     'published'),
       ('topic-operations',   'topic',    'Operations',   'kg-domain-operations',   'published'),
       ('topic-delivery',     'topic',    'Delivery',     'kg-domain-delivery',     'published'),
       ('topic-cross-domain', 'topic',    'Cross-domain', 'kg-domain-x',            'published'),
       ('topic-glossary',     'topic',    'Glossary',     NULL,                     'published'),
       ('topic-onboarding',   'topic',    'Onboarding',   NULL,                     'published'),
       ('topic-experiments',  'topic',    'Experiments',  NULL,                     'draft'),
       ('audience-engineer',  'audience', 'Engineer',     NULL,                     'published'),
       ('audience-steward',   'audience', 'Steward',      NULL,                     'published');

INSERT INTO taxonomy_synonym (synonym, term_code)
VALUES ('adr', 'topic-architecture'),      ('system design', 'topic-architecture'),
       ('data modelling', 'topic-data'),   ('schema', 'topic-data'),
       ('access control', 'topic-security'), ('runbooks', 'topic-operations'),
       ('release', 'topic-delivery'),      ('release', 'topic-operations'),
       ('ubiquitous language', 'topic-glossary');

INSERT INTO governance_relations (relation_code, source_kind, relation, target_kind)
VALUES ('GR-01', 'approval_requests', 'proposes', 'apr_action_types'),
       ('GR-02', 'apr_approvals', 'decides', 'approval_requests'),
       ('GR-03', 'os_proposal_approvals', 'ratifies', 'approval_requests'),
       ('GR-04', 'birth_registry', 'certifies', 'governance_object'),
       ('GR-05', 'governance_object', 'contains', 'governance_object'),
       ('GR-06', 'dot_tools', 'covers', 'dot_domains'),
       ('GR-07', 'event_outbox', 'instantiates', 'event_type_registry'),
       ('GR-08', 'b_document_label', 'describes', 'b_documents');

-- ---------------------------------------------------------------------------
-- Approval requests: 211, of which 42 decisions are on record. APR-2026-0097
-- asked for Phase 1, APR-2026-0211 asks for the One-Roof release. Both are
-- approved requests; neither is ratified: os_proposal_approvals stays empty.
-- APR-2026-0210 is still in review.
-- ---------------------------------------------------------------------------

INSERT INTO apr_action_types (action_code, title, category, quorum, date_created)
SELECT code, title, category, quorum, timestamptz '2026-01-05 09:00:00+00'
FROM (VALUES ('create_collection', 'Create a collection',  'structure', 2),
             ('change_field',      'Change a field',       'structure', 1),
             ('change_permission', 'Change a permission',  'security',  2),
             ('publish_document',  'Publish a document',   'knowledge', 1),
             ('run_flow',          'Run a flow by hand',   'automation', 1),
             ('retire_object',     'Retire an object',     'structure', 2)) AS action (code, title, category, quorum);

INSERT INTO approval_requests (request_code, title, proposed_action_code, status, requested_by,
                               target_collection, target_item, date_created, date_updated)
SELECT 'APR-2026-' || to_char(n, 'FM0000'),
       CASE n WHEN 97 THEN 'Governance Phase 1' WHEN 211 THEN 'One-Roof Governance production release'
              ELSE 'Change ' || n END,
       (ARRAY['create_collection', 'change_field', 'change_permission',
              'publish_document', 'run_flow', 'retire_object'])[1 + n % 6],
       CASE WHEN n IN (97, 211) THEN 'approved'
            WHEN n = 210 THEN 'in_review'
            ELSE (ARRAY['approved', 'approved', 'rejected', 'in_review', 'submitted', 'withdrawn', 'draft'])[1 + n % 7] END,
       (SELECT id FROM directus_users WHERE first_name = (ARRAY['An', 'Chi', 'Dung', 'Ha', 'Khanh'])[1 + n % 5]),
       (ARRAY['b_documents', 'directus_fields', 'directus_permissions'])[1 + n % 3], n::text,
       timestamptz '2026-01-06 09:00:00+00' + n * interval '16 hours',
       timestamptz '2026-01-06 17:00:00+00' + n * interval '16 hours'
FROM generate_series(1, 211) AS n;

INSERT INTO apr_approvals (request_code, approver, decision, comment, decided_at)
SELECT request_code, md5('user:' || approver)::uuid, 'approve', NULL, date_updated
FROM (SELECT request_code, date_updated
      FROM approval_requests
      WHERE status = 'approved'
      ORDER BY request_code IN ('APR-2026-0097', 'APR-2026-0211') DESC, request_code
      LIMIT 21) AS decided
CROSS JOIN unnest(ARRAY['An', 'Binh']) AS approver
ORDER BY request_code, approver;

-- ---------------------------------------------------------------------------
-- Events: other programmes emit; nothing of the governance domain exists yet.
-- ---------------------------------------------------------------------------

INSERT INTO event_type_registry (event_type, event_domain, title, handler_ref, active, date_created)
SELECT event_domain || '.' || what, event_domain, initcap(what) || ' in ' || event_domain,
       'flow:' || event_domain, what <> 'purged', timestamptz '2026-02-01 09:00:00+00'
FROM unnest(ARRAY['content', 'platform', 'workflow']) AS event_domain
CROSS JOIN unnest(ARRAY['created', 'changed', 'purged']) AS what
ORDER BY 1;

INSERT INTO event_outbox (event_type, event_domain, payload, status, date_created)
SELECT event_type, event_domain, jsonb_build_object('n', n), CASE WHEN n % 9 = 0 THEN 'pending' ELSE 'sent' END,
       timestamptz '2026-05-01 00:00:00+00' + n * interval '3 hours'
FROM generate_series(1, 120) AS n
JOIN (SELECT event_type, event_domain, row_number() OVER (ORDER BY event_type) - 1 AS slot
      FROM event_type_registry WHERE active) AS type ON slot = n % 6
ORDER BY n;

-- "govdocs_indexer" is not ours: LIKE 'gov_%' would match it, LIKE 'gov\_%' does not.
INSERT INTO queue_heartbeat (executor_name, queue, status, last_beat)
VALUES ('mail_sender', 'mail', 'idle', timestamptz '2026-05-31 23:59:00+00'),
       ('govdocs_indexer', 'search', 'busy', timestamptz '2026-05-31 23:58:00+00'),
       ('thumbnailer', 'files', 'idle', timestamptz '2026-05-31 23:57:00+00');

INSERT INTO evolution_snapshots (snapshot_code, origin, fingerprint, content, taken_at)
SELECT 'snapshot-' || to_char(n, 'FM000'), (ARRAY['schema', 'taxonomy'])[1 + n % 2],
       encode(sha256(convert_to('snapshot ' || n, 'UTF8')), 'hex'), jsonb_build_object('n', n),
       timestamptz '2026-03-01 03:00:00+00' + n * interval '1 week'
FROM generate_series(1, 13) AS n;

INSERT INTO system_issues (issue_code, title, severity, status, source, date_created)
SELECT 'ISS-' || to_char(n, 'FM0000'), 'Issue ' || n, (ARRAY['info', 'warning', 'error'])[1 + n % 3],
       CASE WHEN n % 4 = 0 THEN 'open' ELSE 'closed' END, (ARRAY['flow', 'monitor'])[1 + n % 2],
       timestamptz '2026-02-01 00:00:00+00' + n * interval '5 days'
FROM generate_series(1, 17) AS n;

-- ---------------------------------------------------------------------------
-- Knowledge spaces (two of the seven lie inside another) and 53 documents.
-- ---------------------------------------------------------------------------

INSERT INTO knowledge_space (space_code, title, parent_space)
VALUES ('space-handbook', 'Handbook', NULL),           ('space-architecture', 'Architecture', NULL),
       ('space-operations', 'Operations', NULL),       ('space-governance', 'Governance', NULL),
       ('space-delivery', 'Delivery', NULL),
       ('space-decisions', 'Decision records', 'space-architecture'),
       ('space-incidents', 'Incidents', 'space-operations');

INSERT INTO b_documents (document_code, space_code, title, user_created, date_created)
SELECT 'DOC-' || to_char(n, 'FM000'),
       (ARRAY['space-handbook', 'space-architecture', 'space-operations', 'space-governance',
              'space-delivery', 'space-decisions', 'space-incidents'])[1 + n % 7],
       'Document ' || n, md5('user:' || (ARRAY['Chi', 'Dung'])[1 + n % 2])::uuid,
       timestamptz '2026-02-02 10:00:00+00' + n * interval '2 days'
FROM generate_series(1, 53) AS n;

-- What authors wrote: 35 documents bear a topic's own title (in any case and with
-- stray blanks), 9 one of four synonyms, 5 a word that nobody can place, and 4
-- bear two topics at once.
INSERT INTO b_document_label (document_code, label)
SELECT 'DOC-' || to_char(n, 'FM000'),
       CASE WHEN n <= 35 THEN
                (ARRAY['Architecture', 'data', ' Governance', 'SECURITY', 'Operations ',
                       'delivery', 'Cross-Domain', 'Glossary', 'Onboarding'])[1 + n % 9]
            WHEN n <= 44 THEN
                (ARRAY['ADR', 'Data Modelling', 'Access control', 'runbooks'])[1 + n % 4]
            WHEN n <= 49 THEN
                (ARRAY['misc', 'Release'])[1 + n % 2]
            ELSE 'Architecture' END
FROM generate_series(1, 53) AS n
UNION ALL
SELECT 'DOC-' || to_char(n, 'FM000'), 'Delivery'
FROM generate_series(50, 53) AS n;

-- ---------------------------------------------------------------------------
-- Directus: collections, fields, flows, policies, dashboards of the programme.
-- ---------------------------------------------------------------------------

INSERT INTO directus_collections (collection, icon, note, accountability, sort, "group")
VALUES ('b_documents',           'article',       'Documents',                'all', 1, NULL),
       ('knowledge_space',       'folder',        'Knowledge spaces',         'all', 2, NULL),
       ('taxonomy_term',         'category',      'Taxonomy',                 'all', 3, NULL),
       ('kg_domain',             'hub',           'Knowledge graph domains',  'all', 4, NULL),
       ('approval_requests',     'approval',      'Approval requests',        'all', 5, NULL),
       ('apr_approvals',         'how_to_vote',   'Approvals',                'all', 6, NULL),
       ('apr_action_types',      'rule',          'Approval action types',    'all', 7, NULL),
       ('os_proposal_approvals', 'gavel',         'Ratifications',            'all', 8, NULL),
       ('event_outbox',          'outbox',        'Outgoing events',          NULL,  9, NULL),
       ('event_type_registry',   'bolt',          'Event types',              'all', 10, NULL),
       ('birth_registry',        'fingerprint',   'Birth certificates',       NULL,  11, NULL),
       ('system_issues',         'report',        'Issues',                   'all', 12, NULL),
       ('b_document_label',      'label',         'Labels of documents',      'all', 1, 'b_documents'),
       ('taxonomy_synonym',      'translate',     'Synonyms',                 'all', 1, 'taxonomy_term'),
       ('evolution_snapshots',   'photo_library', 'Snapshots',                NULL,  1, 'birth_registry');

-- One field per column that the collection's table really has.
INSERT INTO directus_fields (collection, field, interface, required, sort, readonly)
SELECT c.collection, a.attname, 'input', a.attnotnull, a.attnum,
       coalesce(a.attidentity <> '', false)
FROM directus_collections AS c
JOIN pg_attribute AS a ON a.attrelid = to_regclass('public.' || c.collection) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.collection, a.attnum;

INSERT INTO directus_relations (many_collection, many_field, one_collection, one_deselect_action)
VALUES ('b_documents', 'space_code', 'knowledge_space', 'nullify'),
       ('b_document_label', 'document_code', 'b_documents', 'delete'),
       ('taxonomy_synonym', 'term_code', 'taxonomy_term', 'delete'),
       ('taxonomy_term', 'kg_domain_code', 'kg_domain', 'nullify'),
       ('knowledge_space', 'parent_space', 'knowledge_space', 'nullify'),
       ('approval_requests', 'proposed_action_code', 'apr_action_types', 'nullify'),
       ('apr_approvals', 'request_code', 'approval_requests', 'delete'),
       ('os_proposal_approvals', 'request_code', 'approval_requests', 'nullify'),
       ('event_outbox', 'event_type', 'event_type_registry', 'nullify');

INSERT INTO directus_flows (id, name, status, trigger, options, date_created, user_created)
SELECT md5('flow:' || name)::uuid, name, 'active', kind, '{}', timestamptz '2026-02-10 10:00:00+00',
       (SELECT id FROM directus_users WHERE first_name = author)
FROM (VALUES ('Nightly birth audit', 'schedule', 'Linh'), ('Publish document', 'event', 'Linh'),
             ('Notify stewards', 'event', 'Ha'),          ('Expire drafts', 'schedule', 'Linh'),
             ('Sync taxonomy', 'manual', 'Khanh'),        ('Collect heartbeats', 'schedule', NULL),
             ('Weekly digest', 'schedule', NULL)) AS flow (name, kind, author);

INSERT INTO directus_operations (id, name, key, type, position_x, position_y, flow, date_created)
SELECT md5('operation:' || f.name || step.key)::uuid, initcap(step.key), step.key, step.type, 19 * step.n, 1, f.id,
       f.date_created
FROM directus_flows AS f
CROSS JOIN (VALUES (1, 'read', 'item-read'), (2, 'decide', 'condition'), (3, 'write', 'item-update')) AS step (n, key, type)
ORDER BY f.name, step.n;

UPDATE directus_operations AS o
SET resolve = md5('operation:' || f.name || CASE o.key WHEN 'read' THEN 'decide' ELSE 'write' END)::uuid
FROM directus_flows AS f
WHERE f.id = o.flow AND o.key <> 'write';

UPDATE directus_flows SET operation = md5('operation:' || name || 'read')::uuid;

INSERT INTO directus_policies (id, name, description, app_access)
SELECT md5('policy:' || name)::uuid, name, name || ' policy', true
FROM unnest(ARRAY['Reader', 'Editor', 'Steward', 'Automation']) AS name;

INSERT INTO directus_access (id, role, policy, sort)
SELECT md5('access:' || role.name || policy.name)::uuid, role.id, policy.id, 1
FROM directus_roles AS role
JOIN directus_policies AS policy
  ON policy.name = CASE WHEN role.name LIKE 'Steward:%' THEN 'Steward' WHEN role.name = 'Author' THEN 'Editor' END;

-- Six permissions per policy. Six of the writing ones have no row filter.
INSERT INTO directus_permissions (collection, action, permissions, fields, policy)
SELECT collection, action, filter::json, '*', md5('policy:' || policy)::uuid
FROM (VALUES ('Reader', 'b_documents', 'read', NULL),        ('Reader', 'knowledge_space', 'read', NULL),
             ('Reader', 'taxonomy_term', 'read', NULL),      ('Reader', 'kg_domain', 'read', NULL),
             ('Reader', 'taxonomy_synonym', 'read', NULL),   ('Reader', 'b_document_label', 'read', NULL),
             ('Editor', 'b_documents', 'read', NULL),        ('Editor', 'taxonomy_term', 'read', NULL),
             ('Editor', 'knowledge_space', 'read', NULL),    ('Editor', 'b_document_label', 'update', NULL),
             ('Editor', 'b_documents', 'create', '{"status":{"_eq":"draft"}}'),
             ('Editor', 'b_documents', 'update', '{"user_created":{"_eq":"$CURRENT_USER"}}'),
             ('Steward', 'approval_requests', 'read', NULL), ('Steward', 'birth_registry', 'read', NULL),
             ('Steward', 'event_outbox', 'read', NULL),      ('Steward', 'apr_approvals', 'create', NULL),
             ('Steward', 'system_issues', 'update', NULL),
             ('Steward', 'approval_requests', 'update', '{"status":{"_eq":"in_review"}}'),
             ('Automation', 'b_documents', 'read', NULL),    ('Automation', 'event_type_registry', 'read', NULL),
             ('Automation', 'event_outbox', 'create', NULL), ('Automation', 'event_outbox', 'update', NULL),
             ('Automation', 'birth_registry', 'create', NULL),
             ('Automation', 'b_documents', 'update', '{"status":{"_eq":"published"}}'))
     AS permission (policy, collection, action, filter);

INSERT INTO directus_dashboards (id, name, note, date_created)
SELECT md5('dashboard:' || name)::uuid, name, name || ' at a glance', timestamptz '2026-03-01 10:00:00+00'
FROM unnest(ARRAY['Governance', 'Operations']) AS name;

INSERT INTO directus_panels (id, dashboard, name, type, position_x, position_y, width, height, date_created)
SELECT md5('panel:' || d.name || kind)::uuid, d.id, d.name || ' ' || kind, kind, 1 + 12 * n::integer, 1, 12, 8, d.date_created
FROM directus_dashboards AS d
CROSS JOIN unnest(ARRAY['metric', 'list', 'label', 'time-series']) WITH ORDINALITY AS panel (kind, n)
ORDER BY d.name, n;

INSERT INTO directus_folders (id, name, parent)
VALUES (md5('folder:public')::uuid, 'public', NULL), (md5('folder:covers')::uuid, 'covers', md5('folder:public')::uuid);

INSERT INTO directus_files (id, storage, filename_disk, filename_download, title, type, folder, uploaded_by,
                            created_on, modified_on, filesize)
SELECT md5('file:' || n)::uuid, 'local', md5('file:' || n) || '.png', 'cover-' || n || '.png', 'Cover ' || n, 'image/png',
       md5('folder:covers')::uuid, md5('user:Chi')::uuid, timestamptz '2026-03-02 10:00:00+00',
       timestamptz '2026-03-02 10:00:00+00', 10000 + n
FROM generate_series(1, 9) AS n;

INSERT INTO directus_settings (project_name, default_language) VALUES ('One-Roof', 'vi-VN');

INSERT INTO directus_migrations (version, name, timestamp)
VALUES ('20251224A', 'Remove Webhooks', timestamptz '2026-01-03 00:00:00+00'),
       ('20260204A', 'Add Deployments', timestamptz '2026-02-12 00:00:00+00');

INSERT INTO directus_activity (action, "user", timestamp, ip, collection, item, origin)
SELECT (ARRAY['create', 'update', 'login'])[1 + n % 3], md5('user:' || (ARRAY['An', 'Chi', 'Ha'])[1 + n % 3])::uuid,
       timestamptz '2026-04-01 00:00:00+00' + n * interval '5 hours', '10.0.0.' || n % 250,
       'b_documents', 'DOC-' || to_char(1 + n % 53, 'FM000'), 'https://one-roof.example'
FROM generate_series(1, 240) AS n;

INSERT INTO directus_revisions (activity, collection, item, data, delta)
SELECT id, collection, item, json_build_object('title', 'Document'), json_build_object('status', 'published')
FROM directus_activity
WHERE action <> 'login'
ORDER BY id;

INSERT INTO directus_presets ("user", collection, layout)
SELECT id, 'b_documents', 'tabular' FROM directus_users ORDER BY id;

INSERT INTO directus_notifications (timestamp, recipient, subject, collection, item)
SELECT timestamptz '2026-05-30 12:00:00+00' + n * interval '1 minute', md5('user:An')::uuid, 'Please review',
       'approval_requests', 'APR-2026-' || to_char(n, 'FM0000')
FROM generate_series(205, 211) AS n;

-- ---------------------------------------------------------------------------
-- The catalog of governed objects, read off the rows above: 35 containers (30
-- at the top, 5 inside another) and 175 parts, 210 in all.
-- ---------------------------------------------------------------------------

INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, parent_code, dot_domain_code)
SELECT 'collection:' || collection, 'collection', 'directus_collections', collection, note,
       'collection:' || "group",
       CASE WHEN collection IN ('approval_requests', 'apr_approvals', 'apr_action_types', 'os_proposal_approvals') THEN 'governance'
            WHEN collection LIKE 'event\_%' THEN 'automation'
            WHEN collection IN ('birth_registry', 'evolution_snapshots') THEN 'data'
            WHEN collection = 'system_issues' THEN 'platform'
            ELSE 'knowledge' END
FROM directus_collections
ORDER BY "group" NULLS FIRST, collection;

INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, dot_domain_code)
SELECT 'flow:' || lower(replace(name, ' ', '-')), 'flow', 'directus_flows', id::text, name, 'automation'
FROM directus_flows ORDER BY name;

INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, dot_domain_code)
SELECT 'policy:' || lower(name), 'policy', 'directus_policies', id::text, name, 'security'
FROM directus_policies ORDER BY name;

INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, dot_domain_code)
SELECT 'dashboard:' || lower(name), 'dashboard', 'directus_dashboards', id::text, name, 'platform'
FROM directus_dashboards ORDER BY name;

INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, parent_code, dot_domain_code)
SELECT 'knowledge_space:' || space_code, 'knowledge_space', 'knowledge_space', space_code, title,
       'knowledge_space:' || parent_space, 'knowledge'
FROM knowledge_space ORDER BY parent_space NULLS FIRST, space_code;

-- Parts follow their container's domain. Of a collection's fields only the
-- required ones are governed.
INSERT INTO governance_object (object_code, object_kind, native_table, native_key, title, parent_code, dot_domain_code)
SELECT part.object_code, part.object_kind, part.native_table, part.native_key, part.title, container.object_code, container.dot_domain_code
FROM (SELECT 'field:' || collection || '.' || field, 'field', 'directus_fields', collection || '.' || field, field::text,
             'directus_collections', collection::text
      FROM directus_fields WHERE required
      UNION ALL
      SELECT 'operation:' || lower(replace(f.name, ' ', '-')) || '.' || o.key, 'operation', 'directus_operations', o.id::text, o.name,
             'directus_flows', f.id::text
      FROM directus_operations AS o JOIN directus_flows AS f ON f.id = o.flow
      UNION ALL
      SELECT 'permission:' || lower(p.name) || '.' || m.collection || '.' || m.action, 'permission', 'directus_permissions', m.id::text,
             p.name || ' may ' || m.action || ' ' || m.collection, 'directus_policies', p.id::text
      FROM directus_permissions AS m JOIN directus_policies AS p ON p.id = m.policy
      UNION ALL
      SELECT 'panel:' || lower(replace(name, ' ', '-')), 'panel', 'directus_panels', id::text, name,
             'directus_dashboards', dashboard::text
      FROM directus_panels
      UNION ALL
      SELECT 'document:' || document_code, 'document', 'b_documents', document_code, title,
             'knowledge_space', space_code
      FROM b_documents) AS part (object_code, object_kind, native_table, native_key, title, container_table, container_key)
JOIN governance_object AS container
  ON container.native_table = part.container_table AND container.native_key = part.container_key
ORDER BY part.object_code;

-- Every governed object was registered at birth, except the eight panels: they
-- were drawn before the registry existed.
INSERT INTO birth_registry (entity_type, entity_code, origin, born_at)
SELECT object_kind, object_code, 'backfill', timestamptz '2026-04-15 00:00:00+00'
FROM governance_object WHERE object_kind <> 'panel'
ORDER BY object_code;

DO $baseline$
BEGIN
    IF (SELECT count(*) FROM governance_object) <> 210
       OR (SELECT count(*) FROM governance_object WHERE parent_code IS NULL) <> 30
       OR (SELECT count(DISTINCT parent_code) FROM governance_object) <> 35 THEN
        RAISE EXCEPTION 'the clone has % governed objects, % at the top, % containers; the documents say 210, 30, 35',
            (SELECT count(*) FROM governance_object),
            (SELECT count(*) FROM governance_object WHERE parent_code IS NULL),
            (SELECT count(DISTINCT parent_code) FROM governance_object)
            USING HINT = 'baseline_data.sql was changed; its last comment says how the 210 come about';
    END IF;
END
$baseline$;

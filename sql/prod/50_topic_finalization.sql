-- Tier 5: topics. Adds one axis, nine values (one per published topic), the seven of
-- them that stand for a knowledge-graph domain, a decision for every label that is
-- no topic's title, and a topic for every document whose labels agree on one.
-- Tag: PROD_topic_2026-06-03.
--
-- What the labels leave open stays open: a document whose label is in quarantine,
-- or whose labels disagree, keeps no topic (v_topic_gap says why). Review before
-- running: SELECT * FROM v_topic_label_resolution shows, after this tier on a clone,
-- what every label was taken to mean.
--
-- Input: tier 4. Undone by prod_rollback/per_tier_rollback.sql with tier=5.

BEGIN;

-- LOCAL: they end with this transaction and govern nothing else in the session.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
-- Neither the operator's search_path nor a temporary table decides whose tables are meant.
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'tier 5 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'tier 5 refused: os_proposal_approvals is empty, no human has ratified this release'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
    IF to_regclass('public.axis_registry') IS NULL THEN
        RAISE EXCEPTION 'tier 5 refused: axis_registry is missing'
            USING HINT = 'run tiers 1 to 4 first';
    END IF;
    IF NOT EXISTS (SELECT FROM v_axis_active WHERE axis_code = 'containment') THEN
        RAISE EXCEPTION 'tier 5 refused: there is no containment axis'
            USING HINT = 'run tier 4 first (40_containment.sql)';
    END IF;
    -- A topic of an inactive domain would be projected onto nothing.
    IF NOT EXISTS (SELECT FROM kg_domain WHERE domain_code = 'kg-domain-x' AND status = 'active')
       OR EXISTS (SELECT FROM kg_domain WHERE status <> 'active') THEN
        RAISE EXCEPTION 'tier 5 refused: inactive or missing knowledge-graph domain: %',
            coalesce((SELECT string_agg(domain_code, ', ' ORDER BY domain_code) FROM kg_domain WHERE status <> 'active'), 'kg-domain-x')
            USING HINT = 'all domains, kg-domain-x among them, have to be active in kg_domain';
    END IF;
    IF EXISTS (SELECT FROM axis_registry WHERE axis_code = 'topic' AND created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_value WHERE axis_code = 'topic' AND created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM topic_taxonomy_map WHERE created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM topic_label_reconcile_decision WHERE created_by <> 'PROD_topic_2026-06-03')
       OR EXISTS (SELECT FROM axis_assignment WHERE axis_code = 'topic' AND created_by <> 'PROD_topic_2026-06-03') THEN
        RAISE EXCEPTION 'tier 5 refused: the topic axis holds rows that this release did not write'
            USING HINT = 'look at created_by in axis_registry, axis_value, axis_assignment, topic_taxonomy_map and topic_label_reconcile_decision';
    END IF;
END
$guard$;

INSERT INTO axis_registry (axis_code, title, purpose, cardinality, value_source, requirement_source, created_by)
VALUES ('topic', 'Topic', 'What the document is about', 'single', 'assignment', 'topic_label', 'PROD_topic_2026-06-03')
ON CONFLICT (axis_code) DO NOTHING;

INSERT INTO axis_value (axis_code, value_code, title, source_ref, created_by)
SELECT 'topic', term_code, title, term_code, 'PROD_topic_2026-06-03'
FROM taxonomy_term
WHERE facet = 'topic' AND status = 'published'
ORDER BY term_code
ON CONFLICT (axis_code, value_code) DO NOTHING;

INSERT INTO topic_taxonomy_map (kg_domain_code, value_code, created_by)
SELECT t.kg_domain_code, v.value_code, 'PROD_topic_2026-06-03'
FROM v_axis_value_active AS v
JOIN taxonomy_term AS t ON t.term_code = v.source_ref
JOIN kg_domain AS d ON d.domain_code = t.kg_domain_code AND d.status = 'active'
WHERE v.axis_code = 'topic'
ORDER BY t.kg_domain_code
ON CONFLICT (kg_domain_code) DO NOTHING;

-- One decision per label that is nobody's title: an alias if exactly one topic has
-- it as a synonym, otherwise quarantine. Before the assignments, which follow it.
INSERT INTO topic_label_reconcile_decision (label, decision, value_code, reason, created_by)
SELECT o.normalized_label,
       CASE count(v.value_code) WHEN 1 THEN 'alias' ELSE 'quarantine' END,
       CASE count(v.value_code) WHEN 1 THEN min(v.value_code) END,
       CASE count(v.value_code) WHEN 0 THEN 'no topic has it as a synonym'
                                WHEN 1 THEN 'a synonym of one topic only'
                                ELSE 'a synonym of several topics: ' || string_agg(v.value_code, ', ' ORDER BY v.value_code) END,
       'PROD_topic_2026-06-03'
FROM v_topic_label_orphan AS o
LEFT JOIN taxonomy_synonym AS s ON s.synonym = o.normalized_label
LEFT JOIN v_axis_value_active AS v ON v.axis_code = 'topic' AND v.value_code = s.term_code
GROUP BY o.normalized_label
ORDER BY o.normalized_label
ON CONFLICT (label) DO NOTHING;

INSERT INTO axis_assignment (axis_code, object_code, value_code, evidence, created_by)
SELECT 'topic', object_code, value_code, 'labelled ' || labels, 'PROD_topic_2026-06-03'
FROM v_topic_projection_gap
ORDER BY object_code
ON CONFLICT (axis_code, object_code, value_code) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*) FROM axis_value WHERE axis_code = 'topic') <> 9
       OR (SELECT count(*) FROM topic_taxonomy_map) <> 7 THEN
        RAISE EXCEPTION 'tier 5: expected 9 topics, 7 of them mapped, found % and %',
            (SELECT count(*) FROM axis_value WHERE axis_code = 'topic'), (SELECT count(*) FROM topic_taxonomy_map)
            USING HINT = 'the published topics of taxonomy_term have changed since the release was ratified';
    END IF;
    IF (SELECT count(*) FROM v_topic_divergent) <> 0 THEN
        RAISE EXCEPTION 'tier 5: % document(s) have a topic that their labels do not say', (SELECT count(*) FROM v_topic_divergent)
            USING HINT = 'v_topic_divergent names them';
    END IF;
    IF (SELECT count(*) FROM v_topic_projection_gap) <> 0 THEN
        RAISE EXCEPTION 'tier 5: % document(s) should have a topic and have none', (SELECT count(*) FROM v_topic_projection_gap)
            USING HINT = 'v_topic_projection_gap names them';
    END IF;
    IF (SELECT count(*) FROM v_topic_label_orphan) <> 0 THEN
        RAISE EXCEPTION 'tier 5: % label(s) have no decision', (SELECT count(*) FROM v_topic_label_orphan)
            USING HINT = 'v_topic_label_orphan names them';
    END IF;
END
$assert$;

COMMIT;

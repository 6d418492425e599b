-- SB-2 (step 5): who answers for a governed object.
--
-- Adds: table governance_responsibility_scope with six rows, one per active
-- operations domain; table governance_object_ownership, empty; and the five base
-- views that the One-Roof release builds on. An owner is inherited: an object
-- without an ownership row of its own is answered for by its nearest container.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-2 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-2 refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

CREATE TABLE IF NOT EXISTS governance_responsibility_scope (
    scope_code       varchar(64) PRIMARY KEY,
    title            varchar(255) NOT NULL,
    dot_domain_code  varchar(64) NOT NULL UNIQUE REFERENCES dot_domains ON DELETE RESTRICT,
    steward_role     uuid REFERENCES directus_roles (id) ON DELETE SET NULL,
    status           varchar(16) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired'))
);
COMMENT ON TABLE governance_responsibility_scope IS 'An area of responsibility; the steward role names the people.';

CREATE TABLE IF NOT EXISTS governance_object_ownership (
    object_code     varchar(160) NOT NULL REFERENCES governance_object ON DELETE RESTRICT,
    scope_code      varchar(64) NOT NULL REFERENCES governance_responsibility_scope ON DELETE RESTRICT,
    ownership_role  varchar(16) NOT NULL DEFAULT 'accountable' CHECK (ownership_role IN ('accountable', 'consulted')),
    status          varchar(16) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended')),
    ratified_apr    varchar(32) NOT NULL REFERENCES approval_requests (request_code) ON DELETE RESTRICT,
    created_by      varchar(96) NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (object_code, scope_code, ownership_role)
);
COMMENT ON TABLE governance_object_ownership IS 'Which scope answers for an object and, by inheritance, for what it contains.';

INSERT INTO governance_responsibility_scope (scope_code, title, dot_domain_code, steward_role)
SELECT 'scope-' || d.domain_code, d.title, d.domain_code, r.id
FROM dot_domains AS d
LEFT JOIN directus_roles AS r ON r.name = 'Steward: ' || d.domain_code
WHERE d.status = 'active'
ORDER BY d.domain_code
ON CONFLICT (scope_code) DO NOTHING;

CREATE OR REPLACE VIEW v_governed_object AS
SELECT o.object_code, o.object_kind, o.native_table, o.native_key, o.title, o.parent_code, o.dot_domain_code
FROM governance_object AS o
JOIN dot_domains AS d ON d.domain_code = o.dot_domain_code AND d.status = 'active'
WHERE o.lifecycle = 'governed';
COMMENT ON VIEW v_governed_object IS 'The objects under governance.';

CREATE OR REPLACE VIEW v_object_effective_owner AS
WITH RECURSIVE lineage AS (
    SELECT object_code, object_code AS ancestor_code, parent_code AS next_code, 0 AS distance
    FROM v_governed_object
    UNION ALL
    SELECT l.object_code, o.object_code, o.parent_code, l.distance + 1
    FROM lineage AS l
    JOIN governance_object AS o ON o.object_code = l.next_code
), claim AS (
    SELECT l.object_code, w.scope_code, l.ancestor_code, l.distance,
           min(l.distance) OVER (PARTITION BY l.object_code) AS nearest
    FROM lineage AS l
    JOIN governance_object_ownership AS w
      ON w.object_code = l.ancestor_code AND w.ownership_role = 'accountable' AND w.status = 'active'
    JOIN governance_responsibility_scope AS s ON s.scope_code = w.scope_code AND s.status = 'active'
)
SELECT object_code, scope_code, ancestor_code AS owned_through, distance
FROM claim
WHERE distance = nearest;
COMMENT ON VIEW v_object_effective_owner IS 'The nearest accountable scope of each governed object, its own or an ancestor''s.';

CREATE OR REPLACE VIEW v_object_owner_gap AS
SELECT g.object_code, g.object_kind, g.title, g.parent_code, g.dot_domain_code
FROM v_governed_object AS g
LEFT JOIN v_object_effective_owner AS e ON e.object_code = g.object_code
WHERE e.object_code IS NULL;
COMMENT ON VIEW v_object_owner_gap IS 'Governed objects that nobody answers for.';

CREATE OR REPLACE VIEW v_object_owner_conflict AS
SELECT object_code, array_agg(scope_code ORDER BY scope_code) AS scopes
FROM v_object_effective_owner
GROUP BY object_code
HAVING count(*) > 1;
COMMENT ON VIEW v_object_owner_conflict IS 'Governed objects that two scopes claim at the same distance.';

CREATE OR REPLACE VIEW v_governance_event_emission AS
SELECT b.event_id, b.event_type, b.status, t.active, b.date_created
FROM event_outbox AS b
JOIN event_type_registry AS t ON t.event_type = b.event_type
WHERE b.event_domain = 'governance' OR t.event_domain = 'governance';
COMMENT ON VIEW v_governance_event_emission IS 'Governance events that have left; empty until a type is ratified.';

DO $assert$
BEGIN
    IF (SELECT count(*) FROM governance_responsibility_scope WHERE status = 'active') <> 6 THEN
        RAISE EXCEPTION 'SB-2: expected 6 responsibility scopes, found %',
            (SELECT count(*) FROM governance_responsibility_scope WHERE status = 'active')
            USING HINT = 'one scope per active row of dot_domains; compare the two tables';
    END IF;
    IF EXISTS (SELECT FROM governance_object_ownership) THEN
        RAISE EXCEPTION 'SB-2: governance_object_ownership already holds % row(s)', (SELECT count(*) FROM governance_object_ownership)
            USING HINT = 'Phase 1 assigns no owner; find out who wrote them';
    END IF;
    IF (SELECT count(*) FROM v_object_owner_gap) <> (SELECT count(*) FROM v_governed_object) THEN
        RAISE EXCEPTION 'SB-2: without ownership rows every governed object has to be a gap, but % of % are',
            (SELECT count(*) FROM v_object_owner_gap), (SELECT count(*) FROM v_governed_object)
            USING HINT = 'v_object_owner_gap does not read what this file makes it read';
    END IF;
END
$assert$;

COMMIT;

-- The 11 tables of the axis model, parents before children. All keys are natural
-- and none is drawn from a sequence: a sequence does not roll back, so a failed run
-- would leave a trace that no rollback script could find.
--
-- Included by 10_structure.sql and by clone_revalidation/revalidate.sql, inside
-- their transactions. Every row of a release carries its tag in created_by.

-- ---------------------------------------------------------------------------
-- Substrate: axes, their values, what has to be covered, who is where.
-- ---------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS axis_registry (
    axis_code           text PRIMARY KEY,
    title               text NOT NULL,
    purpose             text NOT NULL,
    cardinality         text NOT NULL DEFAULT 'single' CHECK (cardinality IN ('single', 'multiple')),
    value_source        text NOT NULL CHECK (value_source IN ('assignment', 'effective_owner')),
    requirement_source  text NOT NULL CHECK (requirement_source IN ('coverage_rule', 'topic_label')),
    owner_required      boolean NOT NULL DEFAULT false,
    status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    created_by          text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE axis_registry IS 'One row per axis along which governed objects are classified.';

CREATE TABLE IF NOT EXISTS axis_value (
    axis_code   text NOT NULL REFERENCES axis_registry ON DELETE RESTRICT,
    value_code  text NOT NULL,
    title       text NOT NULL,
    source_ref  text NOT NULL,
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (axis_code, value_code)
);
COMMENT ON TABLE axis_value IS 'The values of an axis; source_ref is the row it was derived from.';

CREATE TABLE IF NOT EXISTS coverage_rule (
    rule_code   text PRIMARY KEY,
    axis_code   text NOT NULL REFERENCES axis_registry ON DELETE RESTRICT,
    title       text NOT NULL,
    selects     text NOT NULL CHECK (selects IN ('every_object', 'container')),
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE coverage_rule IS 'Which governed objects have to have a value on the axis.';

CREATE TABLE IF NOT EXISTS coverage_exception (
    rule_code     text NOT NULL REFERENCES coverage_rule ON DELETE RESTRICT,
    object_code   varchar(160) NOT NULL REFERENCES governance_object ON DELETE RESTRICT,
    reason        text NOT NULL,
    ends_on       date,
    ratified_apr  varchar(32) NOT NULL REFERENCES approval_requests (request_code) ON DELETE RESTRICT,
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule_code, object_code)
);
COMMENT ON TABLE coverage_exception IS 'Objects excused from a rule by an approved request. The release grants none.';

CREATE TABLE IF NOT EXISTS axis_assignment (
    axis_code    text NOT NULL,
    object_code  varchar(160) NOT NULL REFERENCES governance_object ON DELETE RESTRICT,
    value_code   text NOT NULL,
    evidence     text NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (axis_code, object_code, value_code),
    FOREIGN KEY (axis_code, value_code) REFERENCES axis_value ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS axis_assignment_object_index ON axis_assignment (object_code);
COMMENT ON TABLE axis_assignment IS 'The value that a governed object has on an axis, and why.';

CREATE TABLE IF NOT EXISTS axis_object_ownership (
    axis_code    text NOT NULL REFERENCES axis_registry ON DELETE RESTRICT,
    object_code  varchar(160) NOT NULL REFERENCES governance_object ON DELETE RESTRICT,
    scope_code   varchar(64) NOT NULL REFERENCES governance_responsibility_scope ON DELETE RESTRICT,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (axis_code, object_code)
);
COMMENT ON TABLE axis_object_ownership IS 'The scope that answers for an object''s place on an axis.';

-- ---------------------------------------------------------------------------
-- Topics: the knowledge graph's domains, and what becomes of authors' labels.
-- ---------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS topic_taxonomy_map (
    kg_domain_code  varchar(64) PRIMARY KEY REFERENCES kg_domain ON DELETE RESTRICT,
    axis_code       text NOT NULL DEFAULT 'topic' CHECK (axis_code = 'topic'),
    value_code      text NOT NULL,
    created_by      text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (axis_code, value_code) REFERENCES axis_value ON DELETE RESTRICT
);
COMMENT ON TABLE topic_taxonomy_map IS 'The topic that stands for a domain of the knowledge graph.';

CREATE TABLE IF NOT EXISTS topic_label_reconcile_decision (
    label        text PRIMARY KEY CHECK (label = lower(btrim(label))),
    decision     text NOT NULL CHECK (decision IN ('alias', 'quarantine')),
    axis_code    text NOT NULL DEFAULT 'topic' CHECK (axis_code = 'topic'),
    value_code   text,
    reason       text NOT NULL,
    reviewed_by  uuid REFERENCES directus_users (id) ON DELETE SET NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((decision = 'alias') = (value_code IS NOT NULL)),
    FOREIGN KEY (axis_code, value_code) REFERENCES axis_value ON DELETE RESTRICT
);
COMMENT ON TABLE topic_label_reconcile_decision IS
    'What a label that is no topic''s title means: an alias of one topic, or nothing yet (quarantine).';

-- ---------------------------------------------------------------------------
-- Scanner: its runs, the findings that are open or were, and what it would have
-- announced. The log stands before event_outbox: nothing here is ever emitted.
-- ---------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS governance_scan_run (
    run_no      bigint PRIMARY KEY CHECK (run_no >= 1),
    run_label   text NOT NULL,
    opened      bigint NOT NULL,
    changed     bigint NOT NULL,
    resolved    bigint NOT NULL,
    scanned_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE governance_scan_run IS 'Scans that found a difference, and the first scan under each label.';

CREATE TABLE IF NOT EXISTS governance_drift_state (
    drift_kind      text NOT NULL,
    subject_code    text NOT NULL,
    axis_code       text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    detail          text NOT NULL,
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved')),
    opened_in_run   bigint NOT NULL REFERENCES governance_scan_run ON DELETE RESTRICT,
    changed_in_run  bigint NOT NULL REFERENCES governance_scan_run ON DELETE RESTRICT,
    PRIMARY KEY (drift_kind, subject_code)
);
COMMENT ON TABLE governance_drift_state IS 'Every finding of the scanner that is open or has been.';

CREATE TABLE IF NOT EXISTS governance_event_log (
    run_no        bigint NOT NULL REFERENCES governance_scan_run ON DELETE RESTRICT,
    drift_kind    text NOT NULL,
    subject_code  text NOT NULL,
    event_type    varchar(96) NOT NULL REFERENCES event_type_registry ON DELETE RESTRICT,
    logged_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_no, drift_kind, subject_code)
);
CREATE INDEX IF NOT EXISTS governance_event_log_type_index ON governance_event_log (event_type);
COMMENT ON TABLE governance_event_log IS 'What the scanner would announce once its event types are ratified and active.';

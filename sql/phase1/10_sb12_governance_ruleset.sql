-- SB-12 (step 1): the ruleset that governs, and its fingerprint.
--
-- Adds: table governance_ruleset with one row; one row in evolution_snapshots
-- (origin 'governance_ruleset'), by which anyone can later prove which rules
-- were in force. Undone by phase1_rollback/10_sb12_governance_ruleset.sql.

BEGIN;

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '2min';
SET LOCAL idle_in_transaction_session_timeout = '1min';
SET LOCAL search_path = public, pg_temp;

DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'directus' THEN
        RAISE EXCEPTION 'SB-12 refused: connected to database "%", not "directus"', current_database()
            USING HINT = 'connect with -d directus';
    END IF;
    IF (SELECT count(*) FROM os_proposal_approvals) < 1 THEN
        RAISE EXCEPTION 'SB-12 refused: os_proposal_approvals is empty, no human has ratified this'
            USING HINT = 'complete the L2/L4 ratification; nothing runs before it';
    END IF;
END
$guard$;

CREATE TABLE IF NOT EXISTS governance_ruleset (
    ruleset_code  varchar(64) PRIMARY KEY,
    version       integer NOT NULL CHECK (version >= 1),
    rules         jsonb NOT NULL,
    fingerprint   char(64) NOT NULL,
    status        varchar(16) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'superseded')),
    date_created  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE governance_ruleset IS 'The rules in force; the fingerprint is the sha256 of the rules column as text.';

INSERT INTO governance_ruleset (ruleset_code, version, rules, fingerprint)
SELECT 'governance-phase-1', 1, rules, encode(sha256(convert_to(rules::text, 'UTF8')), 'hex')
FROM (SELECT jsonb_build_object(
          'owner', 'every governed object has exactly one accountable scope, its own or its container''s',
          'gate', 'nothing runs before os_proposal_approvals holds a ratification',
          'events', 'governance event types stay inactive until ratified one by one') AS rules) AS phase_1
ON CONFLICT (ruleset_code) DO NOTHING;

INSERT INTO evolution_snapshots (snapshot_code, origin, fingerprint, content)
SELECT 'governance_ruleset:' || ruleset_code || ':' || version, 'governance_ruleset', fingerprint, rules
FROM governance_ruleset
WHERE ruleset_code = 'governance-phase-1'
ON CONFLICT (snapshot_code) DO NOTHING;

DO $assert$
BEGIN
    IF (SELECT count(*)
        FROM governance_ruleset AS r
        JOIN evolution_snapshots AS s ON s.origin = 'governance_ruleset' AND s.fingerprint = r.fingerprint
        WHERE r.ruleset_code = 'governance-phase-1') <> 1 THEN
        RAISE EXCEPTION 'SB-12: the ruleset and its fingerprint in evolution_snapshots do not agree'
            USING HINT = 'somebody changed governance_ruleset or its snapshot; compare the two rows before trying again';
    END IF;
END
$assert$;

COMMIT;

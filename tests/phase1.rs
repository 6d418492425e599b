//! Phase 1 on a real PostgreSQL, by the plain psql: each step forward and back, the
//! whole of it back in reverse order, and what a reversal must refuse.

mod support;

use support::Site;

/// Steps in order with their reversals; step `k` is at `k - 1`.
const STEPS: [(&str, &str); 6] = [
    ("sql/phase1/10_sb12_governance_ruleset.sql", "sql/phase1_rollback/10_sb12_governance_ruleset.sql"),
    ("sql/phase1/20_sb13_worker_cursor.sql", "sql/phase1_rollback/20_sb13_worker_cursor.sql"),
    ("sql/phase1/30_sb10_candidate.sql", "sql/phase1_rollback/30_sb10_candidate.sql"),
    ("sql/phase1/40_sb11_event_types.sql", "sql/phase1_rollback/40_sb11_event_types.sql"),
    ("sql/phase1/50_sb2_ownership.sql", "sql/phase1_rollback/50_sb2_ownership.sql"),
    ("sql/phase1/60_sb1_action_types.sql", "sql/phase1_rollback/60_sb1_action_types.sql"),
];
const FORWARD: &str = "sql/phase1/99_run_all.sql";
const BACK: &str = "sql/phase1_rollback/99_rollback_all.sql";
const VERIFY: &str = "sql/phase1/90_verify.sql";

const ACTION_TYPES: &str =
    "SELECT count(*) || ' of which active ' || count(*) FILTER (WHERE status = 'active') FROM apr_action_types";
const BIRTH_TRIGGER: &str =
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'trg_birth_apr_action_types' AND NOT tgisinternal";

/// Production before Phase 1, with Phase 1's own request ratified.
fn ratified() -> Site {
    let site = Site::before_phase_1();
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &["ratified_apr=APR-2026-0097"]).succeeds();
    site
}

#[test]
fn each_step_goes_forward_and_back_and_again() {
    let site = ratified();
    for (step, (forward, back)) in STEPS.iter().enumerate() {
        let before = site.dump();
        site.run_file(forward, &[]).succeeds();
        let applied = site.dump();
        assert!(before != applied, "{forward} changes something");
        site.run_file(forward, &[]).succeeds();
        assert!(applied == site.dump(), "{forward} changes nothing the second time");
        site.run_file(VERIFY, &[]).succeeds();
        if step < 5 {
            for _ in ["once", "and harmlessly again"] {
                site.run_file(back, &[]).succeeds();
                site.assert_same_dump(&before, &site.dump());
            }
        } else {
            // SB-1 retires; its rows, their birth certificates and the mended trigger stay.
            for _ in ["once", "and harmlessly again"] {
                site.run_file(back, &[]).succeeds();
                assert_eq!(site.sql(ACTION_TYPES), "10 of which active 6");
            }
        }
        site.run_file(VERIFY, &[]).succeeds();
        site.run_file(forward, &[]).succeeds();
    }
    assert_eq!(site.sql(ACTION_TYPES), "10 of which active 10");
}

#[test]
fn phase_1_adds_what_the_runbook_says() {
    let site = ratified();
    let births = "SELECT count(*) FROM birth_registry WHERE entity_type = 'apr_action_types'";
    assert_eq!(site.sql(ACTION_TYPES), "6 of which active 6");
    assert_eq!(site.sql(births), "0");
    assert!(site.sql(BIRTH_TRIGGER).ends_with("fn_birth_registry_auto()"), "F-83-1 before it is mended");
    let broken = site.try_sql("INSERT INTO apr_action_types (action_code, title, category) VALUES ('x', 'x', 'x')");
    assert!(broken.expect_err("the birth trigger blocks").contains("has no code in column"));

    let run = site.run_file(FORWARD, &[]);
    run.succeeds();
    assert!(run.stderr.contains("[TRIGGER-GUARD] CREATE TRIGGER"), "production warns: {}", run.stderr);
    assert!(run.stderr.contains("SB-1 replaces: CREATE TRIGGER"), "the old definition is captured: {}", run.stderr);
    for (what, query, expected) in [
        ("ruleset fingerprint", "SELECT count(*) FROM evolution_snapshots WHERE origin = 'governance_ruleset'", "1"),
        ("worker heartbeats", "SELECT count(*) FROM queue_heartbeat WHERE executor_name LIKE 'gov\\_%'", "3"),
        ("candidates", "SELECT count(*) FROM governance_candidate_state", "0"),
        (
            "event types",
            "SELECT count(*) FROM event_type_registry WHERE event_domain = 'governance' AND NOT active",
            "7",
        ),
        (
            "active event types",
            "SELECT count(*) FROM event_type_registry WHERE event_domain = 'governance' AND active",
            "0",
        ),
        ("events", "SELECT count(*) FROM event_outbox WHERE event_domain = 'governance'", "0"),
        ("scopes", "SELECT count(*) FROM governance_responsibility_scope", "6"),
        ("ownership", "SELECT count(*) FROM governance_object_ownership", "0"),
        ("gap", "SELECT count(*) FROM v_object_owner_gap", "210"),
        ("conflict", "SELECT count(*) FROM v_object_owner_conflict", "0"),
        ("action types", ACTION_TYPES, "10 of which active 10"),
        ("births", births, "4"),
        ("relations", "SELECT count(*) FROM governance_relations", "8"),
    ] {
        assert_eq!(site.sql(query), expected, "{what}");
    }
    assert!(site.sql(BIRTH_TRIGGER).ends_with("fn_birth_registry_auto('action_code')"));
    let again = site.dump();
    site.run_file(FORWARD, &[]).succeeds();
    site.assert_same_dump(&again, &site.dump());
}

/// What SB-1 leaves by design is taken out of the comparison: the four retired action
/// types, their birth certificates, the counter of `birth_registry`, and the trigger.
#[test]
fn all_of_phase_1_goes_back_in_reverse_order() {
    let site = ratified();
    let without_sb1 = "SELECT 'setval', setval('birth_registry_birth_id_seq', 1)";
    site.snapshot("before");
    site.run_file(FORWARD, &[]).succeeds();
    let run = site.run_file(BACK, &[]);
    run.succeeds();
    assert_eq!(site.sql(ACTION_TYPES), "10 of which active 6");
    assert!(site.sql(BIRTH_TRIGGER).ends_with("fn_birth_registry_auto('action_code')"), "the mended trigger is kept");
    site.run_file(BACK, &[]).succeeds();
    assert_eq!(site.sql(ACTION_TYPES), "10 of which active 6");

    let forget = "DELETE FROM birth_registry WHERE entity_type = 'apr_action_types'; \
        DELETE FROM apr_action_types WHERE status = 'retired'; \
        CREATE OR REPLACE TRIGGER trg_birth_apr_action_types AFTER INSERT ON apr_action_types \
            FOR EACH ROW EXECUTE FUNCTION fn_birth_registry_auto()";
    site.sql(forget);
    site.sql(without_sb1);
    let after = site.dump();
    site.restore("before");
    site.sql(without_sb1);
    site.assert_same_dump(&site.dump(), &after);
}

/// Neither forward nor back, alone or together, ever loses a row of `apr_action_types`: not
/// even where a superuser has lifted the foreign key that forbids it.
#[test]
fn apr_action_types_never_loses_a_row() {
    let site = ratified();
    site.sql(
        "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a row of apr_action_types was deleted'; END $$; \
         CREATE TRIGGER forbid_delete BEFORE DELETE ON apr_action_types FOR EACH ROW EXECUTE FUNCTION forbid(); \
         CREATE TRIGGER forbid_truncate BEFORE TRUNCATE ON apr_action_types FOR EACH STATEMENT EXECUTE FUNCTION forbid()",
    );
    for file in [FORWARD, BACK, FORWARD, BACK, BACK] {
        site.run_file(file, &[]).succeeds();
        assert_eq!(site.sql("SELECT count(*) >= 6 FROM apr_action_types"), "t");
    }
}

#[test]
fn the_escaped_underscore_spares_the_neighbour() {
    let site = ratified();
    site.run_file(FORWARD, &[]).succeeds();
    site.run_file(BACK, &[]).succeeds();
    assert_eq!(site.sql("SELECT count(*) FROM queue_heartbeat WHERE executor_name = 'govdocs_indexer'"), "1");
}

#[test]
fn what_must_not_happen_is_refused_and_changes_nothing() {
    let site = ratified();
    site.snapshot("before");
    site.run_file(FORWARD, &[]).succeeds();
    site.snapshot("applied");
    #[rustfmt::skip]
    let refusals = [
        ("SB-12 back under SB-10", "applied", "", STEPS[0].1, "reverse SB-10 first"),
        ("SB-10 before SB-12", "before", "", STEPS[2].0, "run SB-12 first"),
        ("SB-10 back with a candidate", "applied",
            "INSERT INTO governance_candidate_state (candidate_code, ruleset_code) VALUES ('c', 'governance-phase-1')",
            STEPS[2].1, "1 candidate(s) were raised since"),
        ("SB-11 back with an emitted event", "applied",
            "INSERT INTO event_outbox (event_type, event_domain) VALUES ('governance.drift.opened', 'governance')",
            STEPS[3].1, "event_outbox holds 1 governance event(s)"),
        ("SB-11 back with an event in disguise", "applied",
            "INSERT INTO event_outbox (event_type, event_domain) VALUES ('governance.drift.opened', 'content')",
            STEPS[3].1, "event_outbox holds 1 governance event(s)"),
        ("SB-11 with an active type", "applied",
            "UPDATE event_type_registry SET active = true WHERE event_type = 'governance.drift.opened'",
            STEPS[3].0, "a governance event type is active"),
        ("SB-11 with a real handler", "applied",
            "UPDATE event_type_registry SET handler_ref = 'flow:x' WHERE event_type = 'governance.drift.opened'",
            STEPS[3].0, "disaster stop"),
        ("SB-2 back with an owner", "applied",
            "INSERT INTO governance_object_ownership (object_code, scope_code, ratified_apr, created_by) \
             VALUES ('flow:sync-taxonomy', 'scope-automation', 'APR-2026-0211', 'somebody')",
            STEPS[4].1, "holds 1 row(s), written by somebody"),
        ("SB-2 with a domain gone", "before",
            "UPDATE dot_domains SET status = 'retired' WHERE domain_code = 'data'", STEPS[4].0, "expected 6 responsibility scopes, found 5"),
        ("SB-1 back with a seventh type", "applied",
            "INSERT INTO apr_action_types (action_code, title, category) VALUES ('x', 'x', 'x')", STEPS[5].1, "expected 6 active action types, found 7"),
        ("SB-1 with a flipped handler", "applied",
            "UPDATE apr_action_types SET handler_ref = 'flow:x' WHERE action_code = 'delegate_authority'", STEPS[5].0, "disaster stop"),
        ("verify with relations altered", "applied", "DELETE FROM governance_relations WHERE relation_code = 'GR-01'", VERIFY, "governance_relations holds 7 rows"),
        ("gate shut, forward", "before", "TRUNCATE os_proposal_approvals", FORWARD, "SB-12 refused: os_proposal_approvals is empty"),
        ("gate shut, back", "applied", "TRUNCATE os_proposal_approvals", BACK, "SB-1 reversal refused: os_proposal_approvals is empty"),
    ];
    for (what, state, by, file, names) in refusals {
        site.restore(state);
        if !by.is_empty() {
            site.sql(by);
        }
        let before = site.dump();
        let run = site.run_file(file, &[]);
        assert_eq!(run.code, Some(3), "{what}: {}", run.stderr);
        assert!(run.stderr.contains(names), "{what}: the message has to name {names:?}\n{}", run.stderr);
        let after = site.dump();
        assert!(before == after, "{what}\n{}", support::difference(&before, &after));
    }
    for (forward, back) in STEPS {
        for file in [forward, back] {
            site.restore("applied");
            site.sql("TRUNCATE os_proposal_approvals");
            site.run_file(file, &[]).fails_naming("os_proposal_approvals is empty");
            site.snapshot("directus_staging");
            site.run_file_in("directus_staging", file, &[]).fails_naming("connected to database \"directus_staging\"");
        }
    }
}

/// The One-Roof release stands on Phase 1: it has to go first.
#[test]
fn phase_1_does_not_go_back_from_under_the_release() {
    let site = Site::new();
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &["ratified_apr=APR-2026-0211"]).succeeds();
    site.run_file("sql/prod/10_structure.sql", &[]).succeeds();
    site.run_file(STEPS[4].1, &[]).fails_naming("roll it back first");
    site.run_file(STEPS[3].1, &[]).fails_naming("roll the One-Roof release back first");
}

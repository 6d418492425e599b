//! The One-Roof release on a real PostgreSQL, by the plain psql: that it does what the
//! rollout table says, stops where it says, and can be undone to the byte.

mod support;

use support::{Cut, Site};

/// The approved and ratified request of the clone.
const APR: &str = "ratified_apr=APR-2026-0211";
const EXECUTOR: &str = "sql/prod/99_run_all.sql";
const FULL_ROLLBACK: &str = "sql/prod_rollback/99_rollback_full.sql";
const TIER_ROLLBACK: &str = "sql/prod_rollback/per_tier_rollback.sql";

/// The mutating tiers in order; tier `k` is at `k - 1`.
const TIERS: [&str; 6] = [
    "sql/prod/10_structure.sql",
    "sql/prod/20_responsibility_axis.sql",
    "sql/prod/30_ownership_seed.sql",
    "sql/prod/40_containment.sql",
    "sql/prod/50_topic_finalization.sql",
    "sql/prod/60_scanner_baseline.sql",
];

/// A clone whose gate a human has opened.
fn ratified() -> Site {
    let site = Site::new();
    site.run_file("sql/clone_revalidation/ratify_on_clone.sql", &[APR]).succeeds();
    site
}

/// Keeps the state before tier 1 and after each tier as databases `after_0` to `after_6`.
fn snapshots_of_every_tier(site: &Site) {
    site.snapshot("after_0");
    for (index, tier) in TIERS.iter().enumerate() {
        site.run_file(tier, &[APR]).succeeds();
        site.snapshot(&format!("after_{}", index + 1));
    }
}

#[test]
fn with_the_gate_shut_the_preflight_stops_the_run_and_nothing_changes() {
    let site = Site::new();
    let before = site.dump();
    let run = site.run_file(EXECUTOR, &[APR]);
    run.fails_naming("os_proposal_approvals is empty");
    assert!(run.stderr.contains("00_preflight.sql"), "it is the preflight that stops the run: {}", run.stderr);
    site.assert_same_dump(&before, &site.dump());
}

/// Every number is the documents' own (03, 06, 00), written out here once more so that
/// neither the SQL nor lint.toml is the only witness of it.
#[test]
fn the_release_comes_to_the_numbers_of_the_rollout_table() {
    let site = ratified();
    let out_of_scope = [
        ("governance events in the outbox", "SELECT count(*) FROM event_outbox WHERE event_domain = 'governance'", "0"),
        (
            "active governance event types",
            "SELECT count(*) FROM event_type_registry WHERE event_domain = 'governance' AND active",
            "0",
        ),
        ("approval_requests", "SELECT count(*) FROM approval_requests", "211"),
        ("apr_approvals", "SELECT count(*) FROM apr_approvals", "42"),
        ("responsibility scopes", "SELECT count(*) FROM governance_responsibility_scope", "6"),
        ("governance_relations", "SELECT count(*) FROM governance_relations", "8"),
        ("system_issues", "SELECT count(*) FROM system_issues", "17"),
    ];
    let check = |moment: &str, expectations: &[(&str, &str, &str)]| {
        for (what, query, expected) in expectations {
            assert_eq!(site.sql(query), *expected, "{moment}: {what}");
        }
    };
    let public = "relnamespace = 'public'::regnamespace";
    let tables = format!("SELECT count(*) FROM pg_class WHERE {public} AND relkind = 'r'");
    let views = format!("SELECT count(*) FROM pg_class WHERE {public} AND relkind = 'v'");
    let functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace";
    let count = |query: &str| site.sql(query).parse::<i64>().expect("a count");
    let structure = || (count(&tables), count(&views), count(functions));

    check("entry", &out_of_scope);
    check(
        "entry",
        &[
            ("ownership", "SELECT count(*) FROM governance_object_ownership", "0"),
            ("gap", "SELECT count(*) FROM v_object_owner_gap", "210"),
            ("conflict", "SELECT count(*) FROM v_object_owner_conflict", "0"),
        ],
    );

    site.run_file("sql/prod/00_preflight.sql", &[APR]).succeeds();
    let entry = structure();
    site.run_file(TIERS[0], &[APR]).succeeds();
    assert_eq!(structure(), (entry.0 + 11, entry.1 + 31, entry.2 + 1), "tier 1 adds 11 tables, 31 views, 1 function");
    assert_eq!(site.sql("SELECT to_regprocedure('fn_governance_scan(text)') IS NOT NULL"), "t");
    let contract = site.run_file("sql/prod_verify/ui_read_contract.sql", &[]);
    contract.succeeds();
    let readable: Vec<_> = contract.stdout.lines().filter(|line| line.trim_start().starts_with("v_")).collect();
    assert_eq!(readable.len(), 31 + 5);
    for line in &readable {
        let base = ["v_governed_object", "v_object_owner_gap"].iter().any(|view| line.contains(&format!(" {view} ")));
        let expected = if base { "210" } else { "0" };
        assert!(line.trim_end().ends_with(&format!("| {expected:>4}")), "inert after tier 1: {line}");
    }

    let per_tier: [(usize, &[(&str, &str, &str)]); 5] = [
        (
            2,
            &[
                ("axes", "SELECT count(*) FROM axis_registry", "1"),
                ("values", "SELECT count(*) FROM axis_value", "6"),
                ("rules", "SELECT string_agg(rule_code, ',') FROM coverage_rule", "CR-RESP-ALL"),
                ("required", "SELECT count(*) FROM v_responsibility_required", "210"),
                ("gap", "SELECT count(*) FROM v_responsibility_gap", "210"),
                (
                    "zero drift, object by object",
                    "SELECT count(*) FROM (TABLE v_object_owner_gap) AS a FULL JOIN v_responsibility_gap AS b USING (object_code) WHERE a.title IS NULL OR b.title IS NULL",
                    "0",
                ),
            ],
        ),
        (
            3,
            &[
                ("ownership", "SELECT count(*) FROM governance_object_ownership", "30"),
                (
                    "tag",
                    "SELECT DISTINCT created_by FROM governance_object_ownership",
                    "PROD_OWNERSHIP_SEED_2026-06-03",
                ),
                ("in whose name", "SELECT DISTINCT ratified_apr FROM governance_object_ownership", "APR-2026-0211"),
                ("gap", "SELECT count(*) FROM v_object_owner_gap", "0"),
                ("conflict", "SELECT count(*) FROM v_object_owner_conflict", "0"),
                ("inherited", "SELECT count(*) FROM v_object_effective_owner WHERE distance > 0", "180"),
            ],
        ),
        (
            4,
            &[
                ("axes", "SELECT count(*) FROM axis_registry WHERE created_by = 'PROD_containment_2026-06-03'", "1"),
                ("values", "SELECT count(*) FROM axis_value WHERE created_by = 'PROD_containment_2026-06-03'", "5"),
                (
                    "rules",
                    "SELECT string_agg(rule_code, ',') FROM coverage_rule WHERE created_by = 'PROD_containment_2026-06-03'",
                    "CR-CONTAIN-ASSIGNED",
                ),
                (
                    "assignments",
                    "SELECT count(*) FROM axis_assignment WHERE created_by = 'PROD_containment_2026-06-03'",
                    "35",
                ),
                (
                    "axis ownership",
                    "SELECT count(*) FROM axis_object_ownership WHERE created_by = 'PROD_containment_2026-06-03'",
                    "35",
                ),
                ("required", "SELECT count(*) FROM v_containment_required", "35"),
                ("gap", "SELECT count(*) FROM v_containment_gap", "0"),
            ],
        ),
        (
            5,
            &[
                ("axes", "SELECT count(*) FROM axis_registry WHERE created_by = 'PROD_topic_2026-06-03'", "1"),
                ("values", "SELECT count(*) FROM axis_value WHERE created_by = 'PROD_topic_2026-06-03'", "9"),
                (
                    "taxonomy map",
                    "SELECT count(*) FROM topic_taxonomy_map WHERE created_by = 'PROD_topic_2026-06-03'",
                    "7",
                ),
                (
                    "decisions",
                    "SELECT count(*) FROM topic_label_reconcile_decision WHERE created_by = 'PROD_topic_2026-06-03'",
                    "6",
                ),
                (
                    "guarded assignments",
                    "SELECT count(*) > 0 FROM axis_assignment WHERE created_by = 'PROD_topic_2026-06-03'",
                    "t",
                ),
                ("divergent", "SELECT count(*) FROM v_topic_divergent", "0"),
                ("projection gap", "SELECT count(*) FROM v_topic_projection_gap", "0"),
                ("label orphans", "SELECT count(*) FROM v_topic_label_orphan", "0"),
                ("holds are legitimate", "SELECT count(*) > 0 FROM v_topic_gap", "t"),
                ("kg-domain-x", "SELECT status FROM kg_domain WHERE domain_code = 'kg-domain-x'", "active"),
            ],
        ),
        (
            6,
            &[
                ("open drift", "SELECT count(*) FROM v_drift_open", "38"),
                ("critical", "SELECT count(*) FROM v_drift_open WHERE severity = 'critical'", "0"),
                ("emittable", "SELECT count(*) FROM v_governance_event_emittable", "0"),
                ("emitted", "SELECT count(*) FROM v_governance_event_emission", "0"),
                ("active axes", "SELECT count(*) FROM v_axis_active", "3"),
            ],
        ),
    ];
    for (tier, expectations) in per_tier {
        site.run_file(TIERS[tier - 1], &[APR]).succeeds();
        check(&format!("after tier {tier}"), expectations);
    }
    for verification in
        ["sql/prod/90_verify.sql", "sql/prod_verify/ui_read_contract.sql", "sql/prod_verify/baseline_probe.sql"]
    {
        site.run_file(verification, &[]).succeeds();
    }
    check("exit", &out_of_scope);
}

/// Nothing is left out of the comparison: no key of the release comes from a sequence, and
/// a second run writes no row, so no timestamp moves either.
#[test]
fn running_the_whole_release_again_changes_nothing() {
    let site = ratified();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    let once = site.dump();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    site.assert_same_dump(&once, &site.dump());
    for tier in TIERS {
        site.run_file(tier, &[APR]).succeeds();
        site.assert_same_dump(&once, &site.dump());
    }
}

#[test]
fn the_full_rollback_restores_the_baseline_from_every_tier() {
    let site = ratified();
    let baseline = site.dump();
    snapshots_of_every_tier(&site);
    for tier in 0..=TIERS.len() {
        site.restore(&format!("after_{tier}"));
        for time in ["first", "second"] {
            site.run_file(FULL_ROLLBACK, &[]).succeeds();
            let after = site.dump();
            assert!(baseline == after, "{time} rollback after tier {tier}\n{}", support::difference(&baseline, &after));
        }
    }
}

#[test]
fn each_tier_can_be_undone_alone_and_applied_again() {
    let site = ratified();
    snapshots_of_every_tier(&site);
    for tier in 2..=TIERS.len() {
        site.restore(&format!("after_{}", tier - 1));
        let before = site.dump();
        site.restore(&format!("after_{tier}"));
        for _ in ["once", "and harmlessly again"] {
            site.run_file(TIER_ROLLBACK, &[&format!("tier={tier}")]).succeeds();
            site.assert_same_dump(&before, &site.dump());
        }
        site.run_file(TIERS[tier - 1], &[APR]).succeeds();
        site.run_file(TIER_ROLLBACK, &[&format!("tier={tier}")]).succeeds();
        site.assert_same_dump(&before, &site.dump());
    }
    site.restore("after_1");
    let structure_only = site.dump();
    site.restore("after_6");
    site.run_file(TIER_ROLLBACK, &["tier=all"]).succeeds();
    site.assert_same_dump(&structure_only, &site.dump());
    // Without the structure there is nothing to undo, and no error either.
    site.restore("after_0");
    let baseline = site.dump();
    site.run_file(TIER_ROLLBACK, &["tier=all"]).succeeds();
    site.assert_same_dump(&baseline, &site.dump());
}

/// Undoing a tier under later ones takes that tier's rows and no others.
#[test]
fn a_partial_undo_leaves_the_other_tiers_alone() {
    let site = ratified();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    site.snapshot("complete");
    let by_tag = "SELECT string_agg(place || '/' || created_by || '=' || n, ' ' ORDER BY place, created_by) FROM (\
        SELECT 'axis_registry' AS place, created_by, count(*) AS n FROM axis_registry GROUP BY 2 \
        UNION ALL SELECT 'axis_value', created_by, count(*) FROM axis_value GROUP BY 2 \
        UNION ALL SELECT 'coverage_rule', created_by, count(*) FROM coverage_rule GROUP BY 2 \
        UNION ALL SELECT 'axis_assignment', created_by, count(*) FROM axis_assignment GROUP BY 2 \
        UNION ALL SELECT 'axis_object_ownership', created_by, count(*) FROM axis_object_ownership GROUP BY 2 \
        UNION ALL SELECT 'topic_taxonomy_map', created_by, count(*) FROM topic_taxonomy_map GROUP BY 2 \
        UNION ALL SELECT 'decision', created_by, count(*) FROM topic_label_reconcile_decision GROUP BY 2 \
        UNION ALL SELECT 'ownership', created_by, count(*) FROM governance_object_ownership GROUP BY 2 \
        UNION ALL SELECT 'drift', 'scanner', count(*) FROM governance_drift_state) AS t WHERE n > 0";
    let complete = site.sql(by_tag);
    for (tier, tag) in [
        (2, "PROD_responsibility_2026-06-03"),
        (3, "PROD_OWNERSHIP_SEED_2026-06-03"),
        (4, "PROD_containment_2026-06-03"),
        (5, "PROD_topic_2026-06-03"),
        (6, "scanner"),
    ] {
        site.restore("complete");
        site.run_file(TIER_ROLLBACK, &[&format!("tier={tier}")]).succeeds();
        let others: Vec<_> = complete.split(' ').filter(|entry| !entry.contains(tag)).collect();
        assert_eq!(site.sql(by_tag), others.join(" "), "after undoing tier {tier}");
    }
}

/// One broken precondition at a time, in the state that the tier finds.
struct Broken {
    what: &'static str,
    /// The snapshot it starts from: `after_<tier>`.
    after_tier: usize,
    /// SQL that breaks the precondition, run as a superuser.
    by: &'static str,
    file: &'static str,
    variables: &'static [&'static str],
    /// What the message has to name.
    names: &'static str,
}

const fn broken(
    what: &'static str,
    after_tier: usize,
    by: &'static str,
    file: &'static str,
    variables: &'static [&'static str],
    names: &'static str,
) -> Broken {
    Broken { what, after_tier, by, file, variables, names }
}

const SHUT: &str = "TRUNCATE os_proposal_approvals";
const RETIRE: &str = "UPDATE governance_object SET lifecycle = 'retired' WHERE object_code = 'panel:governance-list'";
const FOREIGN_OWNER: &str = "INSERT INTO governance_object_ownership (object_code, scope_code, ratified_apr, created_by) \
     VALUES ('panel:governance-list', 'scope-data', 'APR-2026-0211', 'somebody')";
const TWO_OWNERS: &str = "INSERT INTO governance_object_ownership (object_code, scope_code, ratified_apr, created_by) \
     VALUES ('flow:sync-taxonomy', 'scope-automation', 'APR-2026-0211', 'somebody'), \
            ('flow:sync-taxonomy', 'scope-data', 'APR-2026-0211', 'somebody')";
const EMITTED: &str =
    "INSERT INTO event_outbox (event_type, event_domain) VALUES ('governance.drift.opened', 'governance')";
const ACTIVATED: &str = "UPDATE event_type_registry SET active = true WHERE event_type = 'governance.drift.opened'";
const INACTIVE_X: &str = "UPDATE kg_domain SET status = 'inactive' WHERE domain_code = 'kg-domain-x'";
const FOREIGN_CONTAINMENT: &str = "INSERT INTO axis_registry VALUES ('containment', 'x', 'x', 'single', 'assignment', 'coverage_rule', false, 'active', 'somebody')";
const FOREIGN_TOPIC: &str =
    "INSERT INTO axis_assignment VALUES ('topic', 'flow:sync-taxonomy', 'topic-data', 'x', 'somebody')";

#[rustfmt::skip]
const STOP_GATES: &[Broken] = &[
    // The executor as documented stops in the preflight, before tier 1.
    broken("gate shut", 0, SHUT, EXECUTOR, &[APR], "os_proposal_approvals is empty"),
    broken("gap is not 210", 0, RETIRE, EXECUTOR, &[APR], "the ownership gap is 209, not 210"),
    broken("ownership is not 0", 0, FOREIGN_OWNER, EXECUTOR, &[APR], "governance_object_ownership holds 1 row(s), by somebody"),
    broken("conflict is not 0", 0, TWO_OWNERS, EXECUTOR, &[APR], "have several owners"),
    broken("an event was emitted", 0, EMITTED, EXECUTOR, &[APR], "1 governance event(s) have been emitted"),
    broken("an event type is active", 0, ACTIVATED, EXECUTOR, &[APR], "active governance event type: governance.drift.opened"),
    broken("a domain is inactive", 0, INACTIVE_X, EXECUTOR, &[APR], "inactive or missing knowledge-graph domain: kg-domain-x"),
    broken("a base view is renamed", 0, "ALTER VIEW v_object_owner_gap RENAME TO v_owner_gap", EXECUTOR, &[APR], "v_object_owner_gap is missing"),
    broken("a base view has other columns", 0, "ALTER VIEW v_object_owner_conflict RENAME COLUMN scopes TO s", EXECUTOR, &[APR], "v_object_owner_conflict has other columns: object_code, s"),
    broken("another axis table is present", 0, "CREATE TABLE axis_registry (x integer)", EXECUTOR, &[APR], "axis substrate present, but not this release's: 1 of 42 names exist: axis_registry"),
    broken("an earlier attempt is half applied", 3, "", EXECUTOR, &[APR], "an earlier attempt is half applied: 1 of 3 axes, 30 of 30 ownership rows"),
    broken("a complete release lost a row", 6, "DELETE FROM governance_object_ownership WHERE object_code = 'flow:sync-taxonomy'", EXECUTOR, &[APR], "no longer whole"),
    broken("no code", 0, "", EXECUTOR, &[], "no ratified_apr was given"),
    broken("an empty code", 0, "", EXECUTOR, &["ratified_apr="], "no ratified_apr was given"),
    broken("an unknown code", 0, "", EXECUTOR, &["ratified_apr=APR-9"], "\"APR-9\" is not an approved request (there is none of that code)"),
    broken("a request in review", 0, "", EXECUTOR, &["ratified_apr=APR-2026-0210"], "is not an approved request (its status is in_review)"),
    broken("an approved request nobody ratified", 0, "", EXECUTOR, &["ratified_apr=APR-2026-0097"], "no human has ratified it"),
    broken("a code that carries SQL", 0, "", EXECUTOR, &["ratified_apr=x'); DROP TABLE b_documents; --"], "is not an approved request"),
    // Each tier guards itself as well.
    broken("tier 1, gate shut", 0, SHUT, TIERS[0], &[], "tier 1 refused: os_proposal_approvals is empty"),
    broken("tier 2, gate shut", 1, SHUT, TIERS[1], &[], "tier 2 refused: os_proposal_approvals is empty"),
    broken("tier 3, gate shut", 2, SHUT, TIERS[2], &[APR], "tier 3 refused: os_proposal_approvals is empty"),
    broken("tier 4, gate shut", 3, SHUT, TIERS[3], &[], "tier 4 refused: os_proposal_approvals is empty"),
    broken("tier 5, gate shut", 4, SHUT, TIERS[4], &[], "tier 5 refused: os_proposal_approvals is empty"),
    broken("tier 6, gate shut", 5, SHUT, TIERS[5], &[], "tier 6 refused: os_proposal_approvals is empty"),
    broken("tier 1, a name is taken", 0, "CREATE TABLE axis_value (x integer)", TIERS[0], &[], "1 of 42 names are taken already: axis_value"),
    broken("tier 1, a table has another shape", 1, "ALTER TABLE axis_value ADD COLUMN extra text", TIERS[0], &[], "a table of that name exists with other columns: axis_value"),
    broken("tier 2 before tier 1", 0, "", TIERS[1], &[], "run tier 1 first"),
    broken("tier 2, required is not 210", 1, RETIRE, TIERS[1], &[], "the axis requires 209 objects, not 210"),
    broken("tier 2, the gap differs from the canonical one", 1,
        "CREATE OR REPLACE VIEW v_object_owner_gap AS SELECT object_code, object_kind, title, parent_code, dot_domain_code FROM v_governed_object WHERE object_kind <> 'panel'",
        TIERS[1], &[], "v_responsibility_gap (210) and v_object_owner_gap (202) disagree"),
    broken("tier 3 without a code", 2, "", TIERS[2], &[], "tier 3 refused: no ratified_apr was given"),
    broken("tier 3 with an empty code", 2, "", TIERS[2], &["ratified_apr="], "tier 3 refused: no ratified_apr was given"),
    broken("tier 3 with a request in review", 2, "", TIERS[2], &["ratified_apr=APR-2026-0210"], "is not an approved request (its status is in_review)"),
    broken("tier 3 before tier 2", 1, "", TIERS[2], &[APR], "run tier 2 first"),
    broken("tier 3, gap is not 210", 2, RETIRE, TIERS[2], &[APR], "the ownership gap is 209, not 210"),
    broken("tier 3, ownership is not 0", 2, FOREIGN_OWNER, TIERS[2], &[APR], "1 row(s) that this release did not write, by somebody"),
    broken("tier 3, a seed is there in part", 3, "DELETE FROM governance_object_ownership WHERE object_code = 'flow:sync-taxonomy'", TIERS[2], &[APR], "29 of 30 rows, gap 4"),
    broken("tier 3, a scope is retired", 2, "UPDATE governance_responsibility_scope SET status = 'retired' WHERE scope_code = 'scope-data'", TIERS[2], &[APR], "expected 30 new ownership rows, found"),
    broken("tier 4 before tier 3", 2, "", TIERS[3], &[], "210 object(s) have no owner"),
    broken("tier 4, required is not 35", 3, "UPDATE governance_object SET lifecycle = 'retired' WHERE parent_code = 'dashboard:governance'", TIERS[3], &[], "requires 34 containers, not 35"),
    broken("tier 4, somebody else's axis", 3, FOREIGN_CONTAINMENT, TIERS[3], &[], "rows that this release did not write"),
    broken("tier 5 before tier 4", 3, "", TIERS[4], &[], "run tier 4 first"),
    broken("tier 5, a domain is inactive", 4, "UPDATE kg_domain SET status = 'inactive' WHERE domain_code = 'kg-domain-data'", TIERS[4], &[], "kg-domain-data"),
    broken("tier 5, a domain is gone", 4, "DELETE FROM kg_domain WHERE domain_code = 'kg-domain-x'", TIERS[4], &[], "kg-domain-x"),
    broken("tier 5, a topic diverges", 5, "UPDATE b_document_label SET label = 'Glossary' WHERE document_code = 'DOC-003'", TIERS[4], &[], "1 document(s) have a topic that their labels do not say"),
    broken("tier 5, a topic was withdrawn", 4, "UPDATE taxonomy_term SET status = 'archived' WHERE term_code = 'topic-glossary'", TIERS[4], &[], "expected 9 topics, 7 of them mapped, found 8 and 7"),
    broken("tier 5, somebody else's assignment", 5, FOREIGN_TOPIC, TIERS[4], &[], "rows that this release did not write"),
    broken("tier 6 before tier 5", 4, "", TIERS[5], &[], "run tier 5 first"),
    broken("tier 6, a critical finding", 5, "DELETE FROM directus_panels WHERE name = 'Governance metric'", TIERS[5], &[], "1 critical finding(s): native_row_missing panel:governance-metric"),
    broken("tier 6, an event type is active", 5, ACTIVATED, TIERS[5], &[], "active governance event type: governance.drift.opened"),
    broken("tier 6, an event was emitted", 5, EMITTED, TIERS[5], &[], "event_outbox holds 1 governance event(s)"),
    // Verification and rollbacks.
    broken("verify before the release", 0, "", "sql/prod/90_verify.sql", &[], "the axis structure is not there"),
    broken("verify before the scan", 5, "", "sql/prod/90_verify.sql", &[], "the scanner has never run"),
    broken("verify with an owner gone", 6, "DELETE FROM governance_object_ownership WHERE object_code = 'flow:sync-taxonomy'", "sql/prod/90_verify.sql", &[], "responsibility gap is 4, not 0"),
    broken("contract, a view is gone", 6, "DROP VIEW v_ui_governance_overview", "sql/prod_verify/ui_read_contract.sql", &[], "v_ui_governance_overview is missing"),
    broken("rollback, somebody built on the release", 6, "CREATE VIEW mine AS SELECT * FROM v_axis_gap", FULL_ROLLBACK, &[], "other objects were built on this release: mine"),
    broken("rollback, somebody's rows in our tables", 6, FOREIGN_TOPIC, FULL_ROLLBACK, &[], "rows that this release did not write: axis_assignment by somebody"),
    broken("rollback, somebody's owner", 6, FOREIGN_OWNER, FULL_ROLLBACK, &[], "rows by somebody"),
    broken("rollback, the baseline has moved", 6, RETIRE, FULL_ROLLBACK, &[], "the ownership gap is 209, not 210"),
    broken("tier undo, no tier", 6, "", TIER_ROLLBACK, &[], "is no tier that can be undone alone"),
    broken("tier undo, tier 1", 6, "", TIER_ROLLBACK, &["tier=1"], "99_rollback_full.sql"),
    broken("tier 5 undo, somebody's assignment", 6, FOREIGN_TOPIC, TIER_ROLLBACK, &["tier=5"], "tier 5 undo refused"),
];

#[test]
fn each_stop_gate_stops_before_any_change_and_names_the_precondition() {
    let site = ratified();
    snapshots_of_every_tier(&site);
    for gate in STOP_GATES {
        site.restore(&format!("after_{}", gate.after_tier));
        if !gate.by.is_empty() {
            site.sql(gate.by);
        }
        let before = site.dump();
        let run = site.run_file(gate.file, gate.variables);
        assert_eq!(run.code, Some(3), "{}: {}", gate.what, run.stderr);
        assert!(
            run.stderr.contains(gate.names),
            "{}: the message has to name {:?}\n{}",
            gate.what,
            gate.names,
            run.stderr
        );
        assert!(run.stderr.contains("HINT:  "), "{}: the message has to say what to do\n{}", gate.what, run.stderr);
        let after = site.dump();
        assert!(before == after, "{}\n{}", gate.what, support::difference(&before, &after));
    }
}

#[test]
fn no_script_runs_in_a_database_of_another_name() {
    let site = ratified();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    site.snapshot("directus_staging");
    let before = site.dump_of("directus_staging");
    let scripts = TIERS.iter().chain(&["sql/prod/00_preflight.sql", "sql/prod/90_verify.sql", EXECUTOR, FULL_ROLLBACK]);
    for script in scripts {
        let run = site.run_file_in("directus_staging", script, &[APR]);
        run.fails_naming("connected to database \"directus_staging\", not \"directus\"");
    }
    for tier in ["2", "3", "4", "5", "6", "all"] {
        let run = site.run_file_in("directus_staging", TIER_ROLLBACK, &[&format!("tier={tier}")]);
        run.fails_naming("connected to database \"directus_staging\", not \"directus\"");
    }
    site.assert_same_dump(&before, &site.dump_of("directus_staging"));
}

#[test]
fn read_only_files_run_where_nothing_may_be_written() {
    let site = ratified();
    site.sql("ALTER DATABASE directus SET default_transaction_read_only = on");
    site.run_file("sql/prod/00_preflight.sql", &[APR]).succeeds();
    site.run_file("sql/prod/00_preflight.sql", &[]).succeeds();
    site.sql("ALTER DATABASE directus RESET default_transaction_read_only");
    site.run_file(EXECUTOR, &[APR]).succeeds();
    site.sql("ALTER DATABASE directus SET default_transaction_read_only = on");
    for file in [
        "sql/prod/00_preflight.sql",
        "sql/prod/90_verify.sql",
        "sql/prod_verify/ui_read_contract.sql",
        "sql/prod_verify/baseline_probe.sql",
        "sql/phase1/90_verify.sql",
    ] {
        site.run_file(file, &[]).succeeds();
    }
    site.run_file(TIERS[1], &[]).fails_naming("read-only transaction");
}

#[test]
fn revalidation_recompiles_scans_and_leaves_nothing() {
    let site = ratified();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    let before = site.dump();
    let run = site.run_file("sql/clone_revalidation/revalidate.sql", &[]);
    run.succeeds();
    assert!(run.stderr.contains("38 open findings, stable"), "{}", run.stderr);
    site.assert_same_dump(&before, &site.dump());
}

/// The scanner compares state with state: what appears is opened, what is mended is
/// resolved, and each is logged once.
#[test]
fn the_scanner_follows_the_state() {
    let site = ratified();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    let scan = || site.sql("SELECT fn_governance_scan('test')");
    assert_eq!(scan(), "38");
    site.sql("UPDATE directus_flows SET user_created = (SELECT id FROM directus_users WHERE first_name = 'Ha') WHERE name = 'Weekly digest'");
    site.sql("DELETE FROM directus_panels WHERE name = 'Governance metric'");
    let pending = site.sql("SELECT string_agg(change || ' ' || drift_kind || ' ' || subject_code, '; ' ORDER BY change) FROM v_drift_pending");
    assert_eq!(
        pending,
        "opened native_row_missing panel:governance-metric; resolved flow_author_missing flow:weekly-digest"
    );
    assert_eq!(scan(), "38");
    assert_eq!(scan(), "38");
    let runs = site.sql("SELECT string_agg(run_label || ' ' || opened || '/' || changed || '/' || resolved, '; ' ORDER BY run_no) FROM governance_scan_run");
    assert_eq!(runs, "PROD_scanner_baseline_2026-06-03 38/0/0; test 0/0/0; test 1/0/1");
    let log = site.sql("SELECT string_agg(event_type || ' ' || subject_code, '; ' ORDER BY event_type) FROM governance_event_log WHERE run_no = 3");
    assert_eq!(log, "governance.drift.opened panel:governance-metric; governance.drift.resolved flow:weekly-digest");
}

/// The connection is cut before each message that psql sends while it runs a tier, COMMIT
/// included. After the last cut the tier still applies.
#[test]
fn a_connection_lost_at_any_statement_leaves_the_state_before_the_tier() {
    let site = ratified();
    for tier in TIERS {
        let before = site.dump();
        let messages = Cut::count(&site, tier, &[APR]);
        assert!(messages > 8, "{tier} sends BEGIN, settings, guards, changes and COMMIT, not {messages} messages");
        site.assert_same_dump(&before, &site.dump());
        for message in 1..=messages {
            let run = Cut::before(&site, message, tier, &[APR]);
            assert_eq!(run.code, Some(2), "{tier}, cut before message {message}: {}", run.stderr);
            let after = site.dump();
            assert!(before == after, "{tier}, cut before message {message}\n{}", support::difference(&before, &after));
        }
        site.run_file(tier, &[APR]).succeeds();
    }
    site.run_file("sql/prod/90_verify.sql", &[]).succeeds();
}

/// A temporary table comes before every schema that the search path names, unless the path
/// names `pg_temp` itself. Here one poses as the gate, in the operator's own session.
#[test]
fn a_temporary_table_does_not_open_the_gate() {
    let site = Site::new();
    let before = site.dump();
    let pose = "CREATE TEMPORARY TABLE os_proposal_approvals AS SELECT 'APR-2026-0211' AS request_code";
    for script in TIERS.iter().chain(&[EXECUTOR]) {
        let run = site.run_after(pose, script, &[APR]);
        run.fails_naming("os_proposal_approvals is empty");
        site.assert_same_dump(&before, &site.dump());
    }
}

/// What grows by itself may be many times as large: the release still comes to its numbers,
/// within its own timeouts, and goes back. A larger estate of governed objects is refused.
#[test]
fn the_bigger_clone_carries_the_release_and_a_bigger_estate_is_refused() {
    let site = ratified();
    site.snapshot("small");
    site.run_file("sql/clone_revalidation/scale_rows.sql", &["times=100"]).succeeds();
    assert_eq!(site.sql("SELECT count(*) FROM directus_activity"), "24000");
    let before = site.dump();
    site.run_file(EXECUTOR, &[APR]).succeeds();
    assert_eq!(site.sql("SELECT count(*) FROM v_drift_open"), "38");
    site.run_file(FULL_ROLLBACK, &[]).succeeds();
    site.assert_same_dump(&before, &site.dump());

    site.restore("small");
    site.run_file("sql/clone_revalidation/scale_rows.sql", &["times=1", "estate=10"]).succeeds();
    site.run_file(EXECUTOR, &[APR]).fails_naming("the ownership gap is 2100, not 210");
}

#[test]
fn the_manifest_is_in_the_form_of_sha256sum_and_covers_every_file() {
    let root = support::repository().join("sql");
    let check = std::process::Command::new("sha256sum")
        .args(["-c", "--strict", "manifest-sha256.txt"])
        .current_dir(&root)
        .output()
        .expect("sha256sum runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let listed = std::fs::read_to_string(root.join("manifest-sha256.txt")).expect("the manifest is there");
    let listed: std::collections::BTreeSet<_> =
        listed.lines().filter_map(|line| line.split_once("  ")).map(|(_, path)| path.to_owned()).collect();
    let present: std::collections::BTreeSet<_> = walkdir::WalkDir::new(&root)
        .into_iter()
        .map(|entry| entry.expect("the package is readable"))
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != "manifest-sha256.txt")
        .map(|entry| entry.path().strip_prefix(&root).expect("inside the package").to_string_lossy().into_owned())
        .collect();
    assert_eq!(listed, present);
}

//! Family 9: a preflight and a verification only read.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::Mutant;
use crate::text::{edit, statements};

const WRITES: &[(&str, &str)] = &[
    (
        "INSERT",
        "INSERT INTO governance_relations (relation_code, source_kind, relation, target_kind) VALUES ('GR-10', 'a', 'b', 'c');",
    ),
    ("UPDATE", "UPDATE queue_heartbeat SET status = 'busy' WHERE executor_name = 'mail_sender';"),
    ("DELETE", "DELETE FROM system_issues WHERE issue_code = 'ISS-0001';"),
    (
        "MERGE",
        "MERGE INTO system_issues AS t USING (VALUES ('ISS-0001')) AS s (code) ON t.issue_code = s.code WHEN MATCHED THEN UPDATE SET status = 'seen';",
    ),
    ("TRUNCATE", "TRUNCATE system_issues;"),
    (
        "UPDATE in a WITH",
        "WITH seen AS (UPDATE system_issues SET status = 'seen' RETURNING issue_code) SELECT count(*) FROM seen;",
    ),
    ("UPDATE in a DO block", "DO $write$\nBEGIN\n    UPDATE system_issues SET status = 'seen';\nEND\n$write$;"),
    (
        "INSERT by EXECUTE",
        "DO $write$\nBEGIN\n    EXECUTE 'INSERT INTO birth_registry (entity_type, entity_code) VALUES (''probe'', ''probe'')';\nEND\n$write$;",
    ),
    ("setval", "SELECT setval('event_outbox_event_id_seq', 1);"),
    ("nextval", "SELECT nextval('event_outbox_event_id_seq');"),
    ("a function that writes", "SELECT fn_birth_register('probe', 'probe', 'probe');"),
    (
        "a function that writes, in a condition",
        "DO $write$\nBEGIN\n    PERFORM fn_birth_register('probe', 'probe', 'probe');\nEND\n$write$;",
    ),
    ("SELECT INTO", "SELECT issue_code INTO probe FROM system_issues;"),
    ("CREATE TABLE AS", "CREATE TABLE probe AS SELECT issue_code FROM system_issues;"),
    ("CREATE VIEW", "CREATE VIEW v_probe AS SELECT issue_code FROM system_issues;"),
    ("CREATE INDEX", "CREATE INDEX probe_index ON system_issues (source);"),
    ("DROP", "DROP VIEW IF EXISTS v_governance_event_emission;"),
    ("ALTER TABLE", "ALTER TABLE system_issues ALTER COLUMN status SET DEFAULT 'seen';"),
    ("COMMENT", "COMMENT ON TABLE system_issues IS 'probed';"),
    ("GRANT", "GRANT SELECT ON system_issues TO directus_app;"),
    ("COPY FROM", "COPY birth_registry (entity_type, entity_code) FROM STDIN;\nprobe\tprobe\n\\.\n"),
    ("FOR UPDATE", "SELECT issue_code FROM system_issues FOR UPDATE;"),
    ("LOCK TABLE", "LOCK TABLE system_issues IN ACCESS EXCLUSIVE MODE;"),
];

pub(crate) fn operators() -> Vec<Operator> {
    let write = |(name, statement): &(&str, &'static str)| {
        let (what, statement) = ((*name).to_owned(), *statement);
        let operator =
            Operator::new(Family::ReadOnly, &format!("{name} in a script that only reads"), 5, move |package| {
                let mut mutants = Vec::new();
                for path in package.readers() {
                    let text = package.text(&path);
                    let all = statements(text);
                    let begin = all.iter().find(|one| one.starts(text, "BEGIN"));
                    let last = all.last().map_or(0, |one| one.span.start);
                    let put = (last..last, format!("{statement}\n\n"));
                    mutants.push(Mutant::new(&path, format!("{path}: {what}"), edit(text, std::slice::from_ref(&put))));
                    // The transaction no longer says that it only reads.
                    if let Some(begin) = begin {
                        let edits = [(begin.span.clone(), "BEGIN;".to_owned()), put];
                        mutants.push(Mutant::new(
                            &path,
                            format!("{path}: {what}, in a transaction that may write"),
                            edit(text, &edits),
                        ));
                    }
                }
                mutants
            });
        // A lock is no row; it only keeps everybody else waiting.
        let locks = statement.starts_with("LOCK") || statement.contains("FOR UPDATE");
        if locks { operator } else { operator.shown(Harm::ReaderWrites) }
    };
    WRITES.iter().map(write).collect()
}

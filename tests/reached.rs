//! Which rows of an earlier tier a later one, or its rollback, takes along: it is told of all, and
//! only of those, however their constants are written.

#[path = "support/packages.rs"]
mod packages;

use packages::{findings, tier};

const BASELINE: &str = "CREATE TABLE ledger (id int PRIMARY KEY, note text, tag text);\n";

/// What the first tier adds, by which the second one's rollback deletes, and whether rows of the
/// first go with it.
const CASES: &[(&str, &str, bool)] = &[
    ("(1, 'a', 'R7')", "tag = 'R7'", true),
    ("(1, 'a', 'R7')", "tag = 'R7' AND note = 'b'", false),
    ("(1, 'b', 'R7')", "tag = 'R7' AND note = 'b'", true),
    ("(1, 'a', 'R7')", "tag = 'R7' AND id = 2", false),
    ("(1, 'a', 'R7')", "tag = 'R7' AND id IN (1, 2)", true),
    ("(1, 'a', 'R7')", "tag = 'R7' AND id = ANY (ARRAY[1, 2])", true),
    ("('01', 'a', 'R7')", "tag = 'R7' AND id = 1", true),
    ("(1, 'a', 'R7')", "tag = 'R7' AND id < 2", true),
    ("(1, 'a', 'R7')", "tag = 'R7' AND note LIKE 'a%'", true),
    ("(1, 'a', 'R7')", "tag = 'R7' AND note LIKE 'b%'", false),
    ("(1, 'a', 'R7'), (3, 'b', 'R7')", "tag = 'R7' AND note = 'b'", true),
    ("(1, 'a', 'R7'), (3, 'c', 'R7')", "tag = 'R7' AND note = 'b'", false),
    ("(1, lower('A'), 'R7')", "tag = 'R7' AND note = 'b'", false),
    ("(1, 'a', 'R6')", "tag = 'R7'", false),
];

#[test]
fn rows_of_an_earlier_tier_are_told_of_where_they_go() {
    let frame = |text: &str| format!("BEGIN;\nSET LOCAL lock_timeout = '5s';\n{text};\nCOMMIT;\n");
    let toml = format!(
        "baseline = [\"baseline.sql\"]\n{}{}",
        tier(1, "one.sql", Some("undo_one.sql")),
        tier(2, "two.sql", Some("undo_two.sql"))
    );
    for (rows, filter, goes) in CASES {
        let insert = |rows: &str| frame(&format!("INSERT INTO ledger VALUES {rows} ON CONFLICT (id) DO NOTHING"));
        let delete = |filter: &str| frame(&format!("DELETE FROM ledger WHERE {filter}"));
        let found = findings(
            &toml,
            &[
                ("baseline.sql", BASELINE),
                ("one.sql", &insert(rows)),
                ("undo_one.sql", &delete("tag IN ('R6', 'R7')")),
                ("two.sql", &insert("(2, 'b', 'R7')")),
                ("undo_two.sql", &delete(filter)),
            ],
        );
        let takes = found.iter().any(|finding| {
            finding.rule == "leftover-after-rollback" && finding.message.contains("takes rows of public.ledger that")
        });
        let told: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(takes, *goes, "{rows} by {filter}: {told:#?}");
    }
}

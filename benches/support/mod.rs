//! A package of any size, for the benches.

use std::fmt::Write;
use std::path::Path;

/// A package of so many tiers, each with its rollback, of so many statements in all.
pub(crate) fn package(directory: &Path, tiers: usize, statements: usize) -> Vec<String> {
    let mut config = "[[package]]\nname = \"wide\"\nroot = \".\"\ndatabase = \"*\"\nbaseline = [\"baseline.sql\"]\n\
                      timeouts = [\"lock_timeout\"]\n"
        .to_owned();
    let mut texts = vec!["CREATE TABLE ledger (id int PRIMARY KEY, note text, created_by text NOT NULL);\n".to_owned()];
    std::fs::write(directory.join("baseline.sql"), &texts[0]).expect("a file");
    // Half of the statements are in the rollbacks; six of each script are its frame.
    let tables = (statements / tiers / 2).saturating_sub(6).max(2) / 2;
    for tier in 0..tiers {
        let mut forward = "BEGIN;\nSET LOCAL lock_timeout = '5s';\n".to_owned();
        let mut back = forward.clone();
        for table in 0..tables {
            let (name, id) = (format!("t_{tier}_{table}"), tier * tables + table);
            write!(
                forward,
                "CREATE TABLE IF NOT EXISTS {name} (\n    id int PRIMARY KEY,\n    note text NOT NULL DEFAULT '',\n    \
                 created_by text NOT NULL\n);\nINSERT INTO ledger (id, note, created_by)\nVALUES ({id}, '{name}', 'R7')\n\
                 ON CONFLICT (id) DO NOTHING;\n"
            )
            .expect("a string");
            let name = format!("t_{tier}_{}", tables - 1 - table);
            write!(
                back,
                "DELETE FROM ledger WHERE created_by = 'R7' AND note = '{name}';\nDROP TABLE IF EXISTS {name};\n"
            )
            .expect("a string");
        }
        forward.push_str("COMMIT;\n");
        back.push_str("COMMIT;\n");
        for (file, text) in [(format!("tier_{tier}.sql"), &forward), (format!("undo_{tier}.sql"), &back)] {
            std::fs::write(directory.join(file), text).expect("a file");
        }
        write!(
            config,
            "[[package.tier]]\nnumber = {tier}\nname = \"t\"\nfile = \"tier_{tier}.sql\"\nrollback = \"undo_{tier}.sql\"\n"
        )
        .expect("a string");
        texts.push(forward);
        texts.push(back);
    }
    std::fs::write(directory.join("lint.toml"), config).expect("a file");
    texts
}

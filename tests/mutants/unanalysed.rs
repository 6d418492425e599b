//! Family 13: what cannot be read, analysed or allowed is said so.

use crate::operator::{Family, Operator};
use crate::package::{Mutant, Package};
use crate::text::edit;
use crate::transaction::each;

/// Puts a line before the check of each tier.
fn added(name: &str, line: &'static str) -> Operator {
    each(Family::NotAnalysed, name, 10, Package::tiers, move |text, work| {
        Some(edit(text, &[(work.end()..work.end(), format!("{line}\n\n"))]))
    })
}

pub(crate) fn operators() -> Vec<Operator> {
    vec![
        added("a shell command", "\\! rm -f /tmp/release.log"),
        added("a backquote", "\\set today `date`"),
        added("output to a file", "\\o /tmp/release.log\nSELECT 1;\n\\o"),
        added("output to a program", "SELECT 1 \\g |cat"),
        added("\\copy", "\\copy system_issues to '/tmp/issues.csv' csv"),
        added("another connection", "\\connect postgres"),
        added("another connection, shortly", "\\c postgres"),
        added("\\gexec", "SELECT 'DROP TABLE system_issues'\n\\gexec"),
        added("\\w", "\\w /tmp/buffer.sql"),
        added("COPY to a program", "COPY system_issues TO PROGRAM 'cat > /tmp/issues';"),
        added("COPY from a file", "COPY system_issues FROM '/tmp/issues.csv' CSV;"),
        added("an absolute include", "\\i /tmp/hotfix.sql"),
        added("an include that is not there", "\\ir hotfix.sql"),
        added("an include out of the package", "\\ir ../../../hotfix.sql"),
        added("an include by a variable", "\\set part scanner\n\\ir :part"),
        each(Family::NotAnalysed, "an include of itself", 10, Package::tiers, |text, work| {
            let (_, name) = work.path.rsplit_once('/')?;
            Some(edit(text, &[(work.end()..work.end(), format!("\\ir {name}\n\n"))]))
        }),
        added("a parenthesis too few", "SELECT count(* FROM system_issues;"),
        added("no such statement", "REMOVE FROM system_issues WHERE source = 'flow';"),
        added("half a statement", "SELECT issue_code FROM;"),
        added("a syntax error in a block", "DO $body$\nBEGIN\n    IF true THEN\n        NULL;\nEND\n$body$;"),
        added(
            "dynamic SQL from a setting",
            "DO $body$\nBEGIN\n    EXECUTE coalesce(current_setting('one_roof.hotfix', true), 'SELECT 1');\nEND\n$body$;",
        ),
        added(
            "dynamic SQL from a table",
            "DO $body$\nDECLARE\n    hotfix text;\nBEGIN\n    SELECT title INTO hotfix FROM system_issues WHERE title LIKE 'SELECT%';\n    EXECUTE coalesce(hotfix, 'SELECT 1');\nEND\n$body$;",
        ),
        added(
            "a block in another language",
            "DO LANGUAGE plpython3u $body$\nplpy.execute('DELETE FROM apr_action_types')\n$body$;",
        ),
        added("LOAD", "LOAD 'auto_explain';"),
        each(Family::NotAnalysed, "a quote that is not closed", 10, Package::tiers, |text, work| {
            Some(edit(text, &[(work.end()..work.end(), "SELECT 'half;\n\n".to_owned())]))
        }),
        each(Family::NotAnalysed, "an \\if that is not closed", 10, Package::tiers, |text, work| {
            Some(edit(text, &[(work.end()..work.end(), "\\if true\n".to_owned())]))
        }),
        each(Family::NotAnalysed, "an \\endif too many", 10, Package::tiers, |text, work| {
            Some(edit(text, &[(work.end()..work.end(), "\\endif\n".to_owned())]))
        }),
        Operator::new(Family::NotAnalysed, "a file that is gone", 5, |package| {
            let tiers = package.tiers();
            tiers
                .iter()
                .map(|work| {
                    Mutant::new(&work.path, format!("{} is gone", work.path), String::new()).and(&work.path, None)
                })
                .collect()
        }),
    ]
}

//! What must hold of every package, shown on the release with a dozen things broken in it.

use std::collections::BTreeMap;
use std::path::Path;

use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};
use roof_lint::report::json;
use roof_lint::verdict::{Outcome, Verdict};

type Files = BTreeMap<String, String>;

/// The release, with what `broken` replaces.
fn release() -> Files {
    let mut files = Files::new();
    for entry in walkdir::WalkDir::new("sql").into_iter().filter_map(Result::ok) {
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path()).expect("a text");
            files.insert(entry.path().to_str().expect("UTF-8").to_owned(), text);
        }
    }
    files.insert("lint.toml".to_owned(), std::fs::read_to_string("lint.toml").expect("lint.toml"));
    for (file, from, to) in [
        (
            "sql/prod/40_containment.sql",
            "IF (SELECT count(*) FROM os_proposal_approvals) < 1",
            "IF (SELECT count(*) FROM os_proposal_approvals) < 0",
        ),
        ("sql/prod/50_topic_finalization.sql", "ON CONFLICT (axis_code) DO NOTHING", ""),
        ("sql/prod/60_scanner_baseline.sql", "SET LOCAL lock_timeout = '5s';", ""),
        (
            "sql/prod_rollback/99_rollback_full.sql",
            "DROP TABLE IF EXISTS governance_scan_run;",
            "DROP TABLE governance_scan_run CASCADE;",
        ),
        (
            "sql/prod_rollback/per_tier_rollback.sql",
            "DELETE FROM axis_assignment WHERE created_by = 'PROD_topic_2026-06-03';",
            "DELETE FROM axis_assignment WHERE created_by LIKE 'PROD%';",
        ),
        ("sql/prod/99_run_all.sql", "\\ir 40_containment.sql", "\\ir 40_containment.sql\n\\! true"),
        ("sql/prod/90_verify.sql", "", "SELECT nextval('no_such_sequence');\n"),
    ] {
        let text = files.get_mut(file).expect(file);
        assert!(text.contains(from), "{file}: {from}");
        *text = if from.is_empty() { format!("{to}{text}") } else { text.replacen(from, to, 1) };
    }
    files
}

fn write(directory: &Path, files: &Files) {
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
}

fn outcome(files: &Files) -> Outcome {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), files);
    let config = Config::parse("lint.toml", &files["lint.toml"]).expect("a configuration");
    lint(Job { directory: directory.path().to_owned(), config, packages: Vec::new() }).expect("it is linted")
}

/// The findings without the places of anything: package, rule, file and message. The
/// manifest, which tells every changed byte, is left out.
fn findings(files: &Files) -> Vec<(String, String, String, String)> {
    let outcome = outcome(files);
    let mut found: Vec<_> = outcome
        .packages
        .iter()
        .flat_map(|package| package.findings.iter().map(|finding| (package.name.clone(), finding)))
        .filter(|(_, finding)| finding.rule != "manifest-mismatch")
        .map(|(package, finding)| {
            let file = outcome.texts[finding.primary.at.file().index()].name.clone();
            (package, finding.rule.to_owned(), file, finding.message.clone())
        })
        .collect();
    found.sort();
    found
}

fn scripts(files: &mut Files, change: impl Fn(&str) -> String) {
    for (_, text) in files.iter_mut().filter(|(name, _)| Path::new(name).extension().is_some_and(|e| e == "sql")) {
        *text = change(text);
    }
}

#[test]
fn what_is_broken_is_found() {
    let rules: std::collections::BTreeSet<String> = findings(&release()).into_iter().map(|found| found.1).collect();
    for rule in [
        "guard-fails-open",
        "fails-when-repeated",
        "timeout-missing",
        "cascade-into-baseline",
        "delete-outside-tag",
        "forbidden-command",
        "read-only-writes",
    ] {
        assert!(rules.contains(rule), "{rule} is not among {rules:?}");
    }
}

#[test]
fn linting_twice_gives_the_same_bytes() {
    let files = release();
    let config = Config::parse("lint.toml", &files["lint.toml"]).expect("a configuration");
    let report = || json::write(&Verdict::new(outcome(&files), &config).expect("a verdict"));
    assert!(report() == report(), "the reports differ");
}

/// One of the processors that this process may use.
fn a_processor() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("it is told");
    list.trim().chars().take_while(char::is_ascii_digit).collect()
}

#[test]
fn the_number_of_processors_does_not_matter() {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), &release());
    let check = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        let command = command.args(arguments).args(["check", "--format", "json"]).current_dir(directory.path());
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let linter = env!("CARGO_BIN_EXE_roof-lint");
    let alone = check("taskset", &["-c", &a_processor(), linter]);
    for _ in 0..3 {
        assert!(check(linter, &[]) == alone, "the reports differ");
    }
}

#[test]
fn line_ends_do_not_matter() {
    let mut files = release();
    let expected = findings(&files);
    scripts(&mut files, |text| text.replace('\n', "\r\n"));
    assert_eq!(findings(&files), expected);
}

#[test]
fn comments_and_blank_lines_move_places_only() {
    let mut files = release();
    let expected = findings(&files);
    scripts(&mut files, |text| {
        let mut spaced = "-- a comment, with a ' and a $ in it\n\n".to_owned();
        let mut quoted = false;
        for line in text.lines() {
            // A body may hold texts of several lines: leave those alone.
            quoted ^= line.matches('\'').count() % 2 == 1;
            spaced.push_str(line);
            spaced.push_str(if quoted || line.starts_with('\\') { "\n" } else { "  \n\n" });
        }
        spaced
    });
    assert_eq!(findings(&files), expected);
}

#[test]
fn the_order_in_which_packages_are_read_does_not_matter() {
    let files = release();
    let expected = findings(&files);
    let mut turned = files.clone();
    let text = &files["lint.toml"];
    let second = text.find("\n[[package]]\nname = \"phase-1\"").expect("the second package");
    let (one, two) = text.split_at(second);
    let head = one.find("[[package]]").expect("the first package");
    let (intro, one) = one.split_at(head);
    turned.insert("lint.toml".to_owned(), format!("{intro}{}\n{one}", two.trim_start()));
    assert_eq!(findings(&turned), expected);
}

#[test]
fn other_names_are_other_names_only() {
    let mut files = release();
    let expected = findings(&files);
    // A name that stands for nothing else anywhere, in scripts and in lint.toml alike.
    for (from, to) in [("axis_assignment", "placement_of_axes"), ("coverage_rule", "rule_of_coverage")] {
        for text in files.values_mut() {
            *text = text.replace(from, to);
        }
    }
    let renamed = |text: String| {
        text.replace("placement_of_axes", "axis_assignment").replace("rule_of_coverage", "coverage_rule")
    };
    let mut found: Vec<_> = findings(&files).into_iter().map(|(p, r, f, m)| (p, r, f, renamed(m))).collect();
    found.sort();
    assert_eq!(found, expected);
}

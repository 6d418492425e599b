//! The pages of the rules are their tests: every example is linted under all rules, every
//! finding is marked and every mark is met.

#[path = "support/fences.rs"]
mod fences;

use std::collections::BTreeSet;
use std::fmt::Write;

use fences::{Example, Mark, examples};
use roof_lint::date::Date;
use roof_lint::fix::{self, Task};
use roof_lint::lint::{Job, lint};
use roof_lint::silence::all_rules;
use roof_lint::verdict::{Judged, Outcome, Verdict};

fn run(example: &Example) -> (Vec<Mark>, Vec<(Mark, String)>) {
    let directory = tempfile::tempdir().expect("a directory");
    let (config, expected) = fences::write(example, directory.path());
    let job = Job { directory: directory.path().to_owned(), config: config.clone(), packages: Vec::new() };
    // The pages speak of a day in that year.
    let today = Date::new(2026, 6, 30);
    let outcome = lint(job).and_then(|outcome| Verdict::on(today, outcome, &config));
    let verdict = outcome.unwrap_or_else(|fault| panic!("{}:{}: {fault}", example.page, example.line));
    (expected, found(&verdict))
}

fn found(verdict: &Verdict) -> Vec<(Mark, String)> {
    let mut found = Vec::new();
    for opinion in verdict.packages().iter().flat_map(Judged::shown) {
        let finding = &opinion.finding;
        let at = finding.primary.at;
        let from = verdict.place(at, at.span().start);
        let to = verdict.place(at, at.span().end.saturating_sub(1).max(at.span().start));
        let to = if to.line == from.line { to.column } else { usize::MAX };
        let file = verdict.name(at.file().index()).to_owned();
        let mark = Mark { file, line: from.line, from: from.column, to, rule: finding.rule.to_owned() };
        found.push((mark, finding.message.clone()));
    }
    found
}

fn meets(mark: &Mark, found: &Mark) -> bool {
    mark.file == found.file
        && mark.line == found.line
        && mark.rule == found.rule
        && mark.from <= found.to
        && found.from <= mark.to
}

#[test]
fn every_example_says_what_the_rules_say() {
    let mut wrong = String::new();
    for example in examples() {
        let (expected, found) = run(&example);
        let place = format!("rules/{}.md:{}", example.page, example.line);
        for (finding, message) in &found {
            if !expected.iter().any(|mark| meets(mark, finding)) {
                writeln!(wrong, "{place}: not marked: {finding:?} {message}").expect("a string");
            }
        }
        for mark in &expected {
            if !found.iter().any(|(finding, _)| meets(mark, finding)) {
                writeln!(wrong, "{place}: not met: {mark:?}").expect("a string");
            }
        }
        if example.bad && !expected.iter().any(|mark| mark.rule == example.page) {
            writeln!(wrong, "{place}: the bad example does not show its own rule").expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_variable_without_quotes_is_told_of_once() {
    for example in examples().iter().filter(|example| example.bad && example.page == "variable-unquoted") {
        let (expected, found) = run(example);
        assert_eq!(expected.len(), found.len(), "line {}: {found:?}", example.line);
    }
}

#[test]
fn every_page_has_the_same_parts() {
    for rule in all_rules() {
        let parts: Vec<&str> = rule.page.lines().filter(|line| line.starts_with('#')).collect();
        assert!(
            parts.get(1..) == Some(&["## Why", "## Bad", "## Good", "## Blind spots"])
                || parts.get(1..) == Some(&["## Why", "## Bad", "## Good", "## Fix", "## Blind spots"]),
            "{}: {parts:?}",
            rule.id
        );
    }
}

/// An example with the fixes of its findings: where each is, its rule, and what is left.
#[test]
fn a_page_speaks_of_a_fix_if_its_examples_show_one() {
    let mut wrong = String::new();
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for example in examples().iter().filter(|example| example.bad) {
        let directory = tempfile::tempdir().expect("a directory");
        let (config, _) = fences::write(example, directory.path());
        let judge = |outcome: Outcome| Verdict::on(Date::new(2026, 6, 30), outcome, &config);
        let task = Task { directory: directory.path(), config: &config, packages: Vec::new(), judge: &judge };
        let mended = fix::mend(&task).unwrap_or_else(|fault| panic!("{}:{}: {fault}", example.page, example.line));
        shown.extend(mended.fixed.iter().map(|fixed| fixed.rule.to_owned()).filter(|rule| *rule == example.page));
        fix::write(&mended.changes).expect("it is written");
        let again = fix::mend(&task).expect("it is linted");
        if !again.changes.is_empty() {
            writeln!(wrong, "rules/{}.md:{}: the fix has no end", example.page, example.line).expect("a string");
        }
    }
    for rule in all_rules() {
        if rule.page.contains("\n## Fix\n") != shown.contains(rule.id) {
            writeln!(wrong, "rules/{}.md: speaks of a fix that no example shows, or the other way", rule.id)
                .expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_page_belongs_to_a_rule() {
    for entry in std::fs::read_dir("rules").expect("rules") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let id = name.trim_end_matches(".md");
        assert!(id == "README" || all_rules().any(|rule| rule.id == id), "rules/{name}");
    }
}

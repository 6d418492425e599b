//! `lint.toml`: what is read, and how a mistake in it is shown.

use miette::{GraphicalReportHandler, GraphicalTheme};
use roof_lint::config::{Config, Rows, Value};
use roof_lint::fault::Fault;
use roof_lint::finding::Level;

const HEAD: &str = "[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"d\"\n";

/// What the user sees when `HEAD` is followed by these lines, the first of which is line 5.
fn refusal(rest: &str) -> String {
    drawn(&Config::parse("lint.toml", &format!("{HEAD}{rest}")).expect_err("the text is wrong"))
}

fn drawn(fault: &Fault) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(140);
    handler.render_report(&mut text, fault).expect("a fault can be drawn");
    text
}

#[track_caller]
fn names(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "the message has to say {part:?}\n{text}");
    }
}

#[test]
fn every_key_of_the_tiny_package_arrives() {
    let config = Config::parse("lint.toml", include_str!("packages/tiny/lint.toml")).expect("the file is sound");
    let package = config.package("tiny").expect("it is there");
    assert_eq!(package.database.get_ref(), "library");
    assert_eq!(package.variables["tag"], "it's tiny");
    assert_eq!(package.scripts().count(), 10);
    assert_eq!(package.path(&package.tier[0].file), "sql/10_structure.sql");
    let adds = |tier: usize| package.tier[tier].adds.as_ref().expect("adds");
    assert_eq!((adds(0).tables, adds(0).rows.len()), (1, 0));
    assert_eq!(adds(1).rows["book"], Rows::Exactly(2));
    assert_eq!(adds(1).rows["loan"], Rows::Guarded);
    assert_eq!(package.end_state[1].is, Value::Boolean(true));
    let key = package.end_state[1].value.span();
    assert_eq!(config.text.get(key), Some("\"EXISTS (SELECT FROM on_loan)\""));
}

#[test]
fn only_name_root_and_database_are_needed() {
    Config::parse("lint.toml", HEAD).expect("that is enough");
    let fault = Config::parse("lint.toml", "[[package]]\nname = \"p\"\nroot = \"sql\"\n").expect_err("no database");
    assert_eq!(fault.to_string(), "the key `database` is missing in lint.toml");
}

#[test]
fn an_unknown_key_is_shown_with_its_place_and_the_nearest_known_one() {
    names(&refusal("manifset = \"m\"\n"), &["unknown key `manifset`", "lint.toml:5:1", "did you mean `manifest`?"]);
    names(
        &refusal("[[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"f\"\nadds = { tabels = 1 }\n"),
        &["unknown key `tabels`", "lint.toml:9:10", "did you mean `tables`?"],
    );
    names(
        &refusal("[[package.gate]]\nwhat = \"w\"\nholds = \"true\"\nzzzzzzzzzzzz = 1\n"),
        &["unknown key `zzzzzzzzzzzz`", "lint.toml:8:1", "known here: what, holds"],
    );
    names(&refusal("[rulez]\nx = 1\n"), &["unknown key `rulez`", "lint.toml:5:2"]);
}

#[test]
fn a_wrong_type_is_shown_with_its_place() {
    names(&refusal("verify = \"one.sql\"\n"), &["lint.toml:5:10", "expected a sequence"]);
    names(
        &refusal("[[package.invariant]]\nwhat = \"w\"\nvalue = \"1\"\nis = 1.5\n"),
        &["lint.toml:8:6", "an integer, a string or a boolean"],
    );
    names(
        &refusal("[[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"f\"\nadds = { rows = { a = \"some\" } }\n"),
        &["lint.toml:9:23", "a number of rows or \"guarded\""],
    );
    names(&refusal("[[package.tier]\n"), &["lint.toml:5:"]);
}

#[test]
fn names_are_unique_and_tiers_in_order() {
    names(&refusal(HEAD), &["two packages are called \"p\"", "lint.toml:6:8"]);
    let tier = |number: u32| format!("[[package.tier]]\nnumber = {number}\nname = \"t\"\nfile = \"f\"\n");
    names(&refusal(&(tier(2) + &tier(2))), &["tier 2 of package \"p\" comes after tier 2", "lint.toml:10:10"]);
}

#[test]
fn levels_are_set_for_all_packages_and_for_one() {
    let text = format!(
        "[levels]\nguard-fails-open = \"warn\"\nsyntax-error = \"deny\"\n{HEAD}levels = {{ guard-fails-open = \"allow\" }}\n"
    );
    let config = Config::parse("lint.toml", &text).expect("sound");
    let package = config.package("p").expect("it is there");
    let level = |rule: &str| config.level(package, rule).map(|level| *level.get_ref());
    assert_eq!(level("guard-fails-open"), Some(Level::Allow));
    assert_eq!(level("syntax-error"), Some(Level::Deny));
    assert_eq!(level("another"), None);
    let place = config.level(package, "syntax-error").expect("it is set").span();
    assert_eq!(config.text.get(place), Some("\"deny\""));
    config.check_rules(&["guard-fails-open", "syntax-error"]).expect("both exist");
    let fault = drawn(&config.check_rules(&["guard-fails-open", "syntax-eror"]).expect_err("one does not"));
    names(&fault, &["there is no rule `syntax-error`", "lint.toml:3:1", "did you mean `syntax-eror`?"]);
    let fault = drawn(&config.check_rules(&["x"]).expect_err("none does"));
    names(&fault, &["there is no rule `guard-fails-open`", "lint.toml:2:1", "`roof-lint rules` lists the rules"]);
}

#[test]
fn a_wrong_level_is_shown_with_its_place() {
    names(
        &refusal("levels = { syntax-error = \"dney\" }\n"),
        &["unknown value \"dney\" in lint.toml", "lint.toml:5:27", "did you mean \"deny\"?"],
    );
    names(&refusal("levels = { syntax-error = 3 }\n"), &["lint.toml:5:27"]);
    names(&refusal("levels = \"deny\"\n"), &["lint.toml:5:10", "expected a map"]);
    names(&refusal("tags = [\"a\", 3]\n"), &["lint.toml:5:14", "expected a string"]);
}

#[test]
fn a_fault_obeys_no_control_character_of_the_file() {
    let text = refusal("role = \"a\u{1b}[31m\"\n");
    assert!(text.contains("lint.toml:5:") && text.contains("\"a?[31m\"") && !text.contains('\u{1b}'), "{text}");
    let config = Config::parse("lint.toml", HEAD).expect("sound");
    let fault = config.package("\u{1b}[31m\u{202e}").expect_err("there is none");
    assert_eq!(fault.to_string(), "lint.toml has no package \"␛[31m<U+202E>\"");
}

#[test]
fn a_misspelt_package_is_answered_with_the_nearest() {
    let config = Config::parse("lint.toml", HEAD.replace("\"p\"", "\"one-roof\"").as_str()).expect("sound");
    let fault = config.package("one-rof").expect_err("there is none");
    assert_eq!(fault.to_string(), "lint.toml has no package \"one-rof\"");
}

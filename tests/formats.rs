//! The reports for other programs: each held against its schema or read by another library, and
//! every place in them counted again from the bytes, in another way.

use roof_lint::config::Config;
use roof_lint::effect::At;
use roof_lint::finding::{Edit, Finding, Fix, Level};
use roof_lint::report::{Root, before, github, gitlab, json, junit, markdown, sarif};
use roof_lint::source::{FileId, Span};
use roof_lint::verdict::{Gate, Linted, Outcome, Text, Verdict};
use serde_json::Value;

const CONFIG: &str = "[levels]\nguard-fails-open = \"warn\"\nnot-transactional = \"allow\"\n\n\
                      [[package]]\nname = \"p <&> \\\"q\\\"\"\nroot = \"sql\"\ndatabase = \"d\"\n";

/// Tabs, CRLF, wide and combining characters, bytes that are no text, a last line without an end.
const MIXED: &[u8] = b"BEGIN;\r\n\tDELETE FROM \"\xc4\x91\xe1\xbb\x99\" WHERE \xf0\x9f\x98\x80 = 1;\r\n\n\
                       \tSELECT '\xff\xc3(', e\xcc\x81, guilty\t;\n-- roof-lint: allow(statement-fails): it is meant, <100%>\n\
                       SELECT silenced;\nlast\tone";

fn texts(scripts: &[(&str, &[u8])]) -> Vec<Text> {
    let script =
        |(name, bytes): &(&str, &[u8])| Text { name: (*name).to_owned(), bytes: (*bytes).into(), statements: Some(1) };
    let config = Text { name: "lint.toml".to_owned(), bytes: CONFIG.as_bytes().into(), statements: None };
    scripts.iter().map(script).chain([config]).collect()
}

fn judge(scripts: &[(&str, &[u8])], findings: Vec<Finding>) -> Verdict {
    let files: Vec<usize> = (0..scripts.len()).collect();
    let packages = vec![Linted { name: "p <&> \"q\"".to_owned(), release: files.clone(), files, findings }];
    let config = Config::parse("lint.toml", CONFIG).expect("sound");
    Verdict::new(Outcome { texts: texts(scripts), packages }, &config).expect("there are statements")
}

#[track_caller]
fn at(file: usize, text: &[u8], needle: &[u8]) -> At {
    let start = text.windows(needle.len()).position(|window| window == needle).expect("it is there");
    At::new(FileId::new(file), Span::new(start, start + needle.len()))
}

fn findings() -> Vec<Finding> {
    let here = |needle: &[u8]| at(0, MIXED, needle);
    vec![
        Finding::new(
            "delete-outside-tag",
            here("\u{1F600}".as_bytes()),
            "rows, of: 50%\n@others <b>go</b>",
            "a `tag`|",
        )
        .related(here("\"\u{111}\u{1ed9}\"".as_bytes()), "this\ttable")
        .related(at(1, CONFIG.as_bytes(), b"\"sql\""), "here")
        .consequence("they are gone")
        .way_out("say WHERE")
        .fix(Some(Fix {
            what: "escape\tit".to_owned(),
            edits: vec![
                Edit { at: here(b"DELETE"), text: String::new() },
                Edit { at: here("\u{1F600}".as_bytes()), text: "'\u{1F600}\r\n'".to_owned() },
                Edit { at: At::new(FileId::new(0), Span::new(MIXED.len(), MIXED.len())), text: ";\n".to_owned() },
            ],
        })),
        Finding::new("guard-fails-open", here(b"guilty"), "it lets NULL pass ]]>", "x"),
        Finding::new("statement-fails", here(b"silenced"), "it fails", "x"),
        Finding::new("not-transactional", here(b"BEGIN"), "never shown", "x"),
        Finding::new(
            "syntax-error",
            here(b"FROM \"\xc4\x91\xe1\xbb\x99\" WHERE \xf0\x9f\x98\x80 = 1;\r\n\n\tSELECT"),
            "two lines",
            "",
        ),
        Finding::new("unexpected-delta", here(b"one"), "at the end", "x"),
        Finding::new("unexpected-delta", At::new(FileId::new(0), Span::new(900, 990)), "beyond the end", "x"),
        Finding::new("unexpected-delta", At::new(FileId::new(77), Span::new(0, 1)), "nowhere", "x"),
    ]
}

fn mixed() -> Verdict {
    judge(&[("sql/a b\u{e9}%#.sql", MIXED)], findings())
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("it is JSON")
}

/// The schema with every member that it does not name forbidden.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: serde_json::Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), strict(value))).collect();
            if members.get("properties").is_some_and(Value::is_object) && members.contains_key("required") {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.iter().map(strict).collect()),
        other => other.clone(),
    }
}

#[track_caller]
fn meets(schema: &str, value: &Value) {
    let schema = parse(&std::fs::read(schema).expect("a schema"));
    jsonschema::meta::validate(&schema).expect("a schema");
    let validator = jsonschema::validator_for(&strict(&schema)).expect("a schema");
    let wrong: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Line and column of a byte, counted by walking over the bytes: a character begins with each
/// byte that does not continue one.
fn counted(text: &[u8], offset: usize) -> (usize, usize) {
    let (mut line, mut column, mut at) = (1, 1, 0);
    while at < offset {
        let length =
            (1..=4).find(|length| text.get(at..at + length).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok()));
        if text[at] == b'\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
        at += length.unwrap_or(1);
    }
    (line, column)
}

fn number(value: &Value) -> usize {
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number.unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn the_report_for_programs_meets_its_published_schema() {
    let mut verdict = mixed();
    let report = parse(&json::write(&verdict));
    meets("schemas/report.v1.schema.json", &report);
    verdict.show_only(vec![0]);
    meets("schemas/report.v1.schema.json", &parse(&json::write(&verdict)));
    let known = before::read("before.json", &json::write(&mixed())).expect("a report");
    verdict.pass_through(Gate { fail_on: Level::Warn, known: Some(known), changed: None });
    meets("schemas/report.v1.schema.json", &parse(&json::write(&verdict)));
    for finding in report["packages"][0]["findings"].as_array().expect("findings") {
        let place = &finding["place"];
        if place["file"] == "sql/a b\u{e9}%#.sql" && number(&place["end"]) <= MIXED.len() {
            let (start, end) = (number(&place["start"]), number(&place["end"]));
            assert_eq!((number(&place["line"]), number(&place["column"])), counted(MIXED, start), "{finding}");
            assert_eq!((number(&place["end_line"]), number(&place["end_column"])), counted(MIXED, end), "{finding}");
        }
    }
}

#[test]
fn sarif_meets_its_schema_and_its_places_the_bytes() {
    let log = parse(&sarif::write(&mixed(), &Root::new("db")));
    meets("tests/schemas/sarif.schema.json", &log);
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 7);
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let mut places = 0;
    for result in results {
        let rule = &rules[number(&result["ruleIndex"])];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(
            rule["help"]["markdown"].as_str().is_some_and(|page| page.starts_with("# ") && page.contains("## Bad"))
        );
        let related = result["relatedLocations"].as_array().cloned().unwrap_or_default();
        for (index, location) in related.iter().enumerate() {
            assert_eq!(number(&location["id"]), index + 1);
        }
        for location in result["locations"].as_array().expect("locations").iter().chain(&related) {
            let physical = &location["physicalLocation"];
            let text = match physical["artifactLocation"]["uri"].as_str() {
                Some("db/sql/a%20b%C3%A9%25%23.sql") => MIXED,
                // lint.toml is named as the command line names it.
                Some("lint.toml") => CONFIG.as_bytes(),
                other => panic!("{other:?}"),
            };
            let region = &physical["region"];
            let start = number(&region["byteOffset"]);
            let end = start + number(&region["byteLength"]);
            assert_eq!((number(&region["startLine"]), number(&region["startColumn"])), counted(text, start));
            assert_eq!((number(&region["endLine"]), number(&region["endColumn"])), counted(text, end));
            places += 1;
        }
    }
    assert_eq!(places, 8);
    let fixes: Vec<&Value> = results.iter().filter_map(|result| result["fixes"].as_array()).flatten().collect();
    assert_eq!(fixes.len(), 1);
    let replacements = fixes[0]["artifactChanges"][0]["replacements"].as_array().expect("replacements");
    for (replacement, text) in replacements.iter().zip(["", "'\u{1F600}\r\n'", ";\n"]) {
        let region = &replacement["deletedRegion"];
        let start = number(&region["byteOffset"]);
        assert_eq!((number(&region["startLine"]), number(&region["startColumn"])), counted(MIXED, start));
        assert_eq!(replacement["insertedContent"]["text"].as_str().unwrap_or_default(), text);
    }
    assert_eq!(replacements.len(), 3);
    let silenced = results.iter().find(|result| result["ruleId"] == "statement-fails").expect("it is told");
    assert_eq!(silenced["suppressions"][0]["justification"], "it is meant, <100%>");
    assert_eq!(silenced["suppressions"][0]["kind"], "inSource");
    assert!(results.iter().all(|result| result.get("baselineState").is_none()));
}

#[test]
fn code_quality_meets_its_schema() {
    let list = parse(&gitlab::write(&mixed(), &Root::new("./db/../db")));
    meets("tests/schemas/code-quality.schema.json", &list);
    let list = list.as_array().expect("a list");
    let mut fingerprints: Vec<&str> = list.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!((list.len(), fingerprints.len()), (6, 6));
    let deleted = list.iter().find(|issue| issue["check_name"] == "delete-outside-tag").expect("it is told");
    assert_eq!(deleted["location"]["path"], "db/sql/a b\u{e9}%#.sql");
    assert_eq!(deleted["location"]["lines"], serde_json::json!({ "begin": 2, "end": 2 }));
}

/// A command as the runner of GitHub Actions reads it: properties and message.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let unescape = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("no command: {line}"));
    let (head, message) = rest.split_once("::").expect("a message");
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let property = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("a value");
        (name.to_owned(), unescape(value))
    };
    (name.to_owned(), properties.split(',').map(property).collect(), unescape(message))
}

#[test]
fn annotations_are_read_back_and_their_places_are_right() {
    let text = String::from_utf8(github::write(&mixed(), &Root::new("db"))).expect("UTF-8");
    let commands: Vec<_> = text.lines().map(command).collect();
    let names: Vec<&str> = commands.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["error", "error", "error", "error", "error", "warning", "notice"], "{text}");
    let find = |title: &str| {
        let (_, properties, message) = commands
            .iter()
            .find(|(_, properties, _)| properties.contains(&("title".to_owned(), title.to_owned())))
            .expect("it is told");
        (properties.clone(), message.clone())
    };
    let (properties, message) = find("roof-lint: delete-outside-tag");
    // A line break within a name is shown, not obeyed.
    assert_eq!(message, "rows, of: 50%\u{240a}@others <b>go</b>\nthey are gone\nway out: say WHERE");
    let value = |name: &str| properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(value("file").as_deref(), Some("db/sql/a b\u{e9}%#.sql"));
    let start = at(0, MIXED, "\u{1F600}".as_bytes()).span();
    let (line, column) = counted(MIXED, start.start);
    assert_eq!((value("line"), value("col")), (Some(line.to_string()), Some(column.to_string())));
    let (line, column) = counted(MIXED, start.end);
    assert_eq!((value("endLine"), value("endColumn")), (Some(line.to_string()), Some(column.to_string())));
    // Over several lines there are no columns.
    let (properties, _) = find("roof-lint: syntax-error");
    assert!(!properties.iter().any(|(name, _)| name == "col"), "{properties:?}");
}

#[test]
fn junit_is_read_by_another_library_and_adds_up() {
    let mut verdict = mixed();
    let check = |verdict: &Verdict, failures: usize| {
        let text = String::from_utf8(junit::write(verdict, &Root::default())).expect("UTF-8");
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        let suites: Vec<_> = root.children().filter(roxmltree::Node::is_element).collect();
        let attribute = |node: &roxmltree::Node<'_, '_>, name: &str| {
            node.attribute(name).and_then(|value| value.parse::<usize>().ok()).expect("a number")
        };
        let mut sums = (0, 0);
        for suite in &suites {
            assert_eq!(suite.tag_name().name(), "testsuite");
            assert_eq!(suite.attribute("name"), Some("p <&> \"q\""));
            let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
            let outcomes = |name: &str| {
                cases.iter().filter(|case| case.children().any(|node| node.tag_name().name() == name)).count()
            };
            assert!(cases.iter().all(|case| case.tag_name().name() == "testcase"
                && case.attribute("name").is_some()
                && case.attribute("classname").is_some()
                && case.children().filter(roxmltree::Node::is_element).count() <= 1));
            assert_eq!(attribute(suite, "tests"), cases.len());
            assert_eq!(attribute(suite, "failures"), outcomes("failure"));
            assert_eq!(attribute(suite, "skipped"), outcomes("skipped"));
            sums = (sums.0 + cases.len(), sums.1 + outcomes("failure"));
        }
        assert_eq!((attribute(&root, "tests"), attribute(&root, "failures")), sums);
        assert_eq!(sums.1, failures);
    };
    check(&verdict, 5);
    verdict.pass_through(Gate { fail_on: Level::Warn, ..Gate::default() });
    check(&verdict, 6);
    check(&judge(&[("sql/a.sql", b"SELECT 1;")], Vec::new()), 0);
}

#[test]
fn markdown_calls_nobody_and_fits_in_a_comment() {
    let text = String::from_utf8(markdown::write(&mixed(), &Root::new("db"))).expect("UTF-8");
    assert!(text.starts_with("### roof-lint: fail\n"), "{text}");
    assert!(!text.contains("@others") && !text.contains("<b>"), "{text}");
    assert!(text.contains("&#64;others &lt;b&gt;go"), "{text}");
    // What was not analysed comes first.
    let place = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} is missing:\n{text}"));
    assert!(place("#### Not analysed") < place("#### Denied") && place("#### Denied") < place("#### Warned"));
    let many: Vec<Finding> = (0..5000)
        .map(|index| {
            let message = format!("{index} {}", "`@|<\u{1F600}".repeat(index % 900));
            Finding::new("statement-fails", at(0, MIXED, b"guilty"), message.clone(), message.clone())
                .related(at(0, MIXED, b"guilty"), message.clone())
                .way_out(message)
        })
        .collect();
    let text =
        String::from_utf8(markdown::write(&judge(&[("sql/a.sql", MIXED)], many), &Root::default())).expect("UTF-8");
    assert!(text.len() < 65_536 && text.len() > 40_000, "{}", text.len());
    assert!(text.ends_with(" more findings do not fit here.\n"), "{text}");
}

/// What a report is made of: findings, fingerprints.
fn fingerprints(verdict: &Verdict) -> Vec<(String, String)> {
    let all = verdict.packages()[0].findings.iter();
    let mut all: Vec<_> = all.map(|opinion| (opinion.finding.message.clone(), opinion.fingerprint.clone())).collect();
    all.sort();
    all
}

#[test]
fn fingerprints_stay_when_lines_move_and_tell_findings_apart() {
    let text = "BEGIN;\nDELETE FROM t;\nDELETE FROM t;\nDELETE FROM u;\nCOMMIT;\n";
    let of = |text: &str| {
        let needles = text.match_indices("DELETE").map(|(start, needle)| {
            let at = At::new(FileId::new(0), Span::new(start, start + needle.len()));
            Finding::new("delete-outside-tag", at, "rows go", "x")
        });
        let second = Finding::new("unguarded-change", at(0, text.as_bytes(), b"DELETE"), "rows go", "x");
        fingerprints(&judge(&[("a.sql", text.as_bytes())], needles.chain([second]).collect()))
    };
    let first = of(text);
    let mut distinct: Vec<&String> = first.iter().map(|(_, fingerprint)| fingerprint).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);
    for moved in [
        text.replace('\n', "\r\n"),
        text.replace("DELETE FROM", "\t  DELETE   FROM"),
        format!("-- a remark\n\n{text}"),
        text.replace("COMMIT", "SELECT 1;\nCOMMIT"),
    ] {
        assert_eq!(of(&moved), first, "{moved}");
    }
    assert_ne!(of(&text.replace("FROM u", "FROM v")), first);
}

#[test]
fn what_is_known_does_not_fail_and_is_never_approved() {
    for report in [json::write(&mixed()), sarif::write(&mixed(), &Root::default())] {
        let known = before::read("before", &report).expect("a report");
        // What a suppression silenced was not known: the list would hide it once that is gone.
        assert_eq!(known.len(), 6);
        let mut more = findings();
        more.push(Finding::new("statement-fails", at(0, MIXED, b"DELETE"), "it fails", "x"));
        let mut verdict = judge(&[("sql/a b\u{e9}%#.sql", MIXED)], more);
        verdict.pass_through(Gate { known: Some(known.clone()), ..Gate::default() });
        let counts = verdict.counts();
        assert_eq!((counts.denied, counts.warned, counts.known, counts.silenced, counts.allowed), (1, 0, 6, 1, 1));
        assert_eq!(verdict.exit_code(), 1);
        let log = parse(&sarif::write(&verdict, &Root::default()));
        meets("tests/schemas/sarif.schema.json", &log);
        let states: Vec<_> = log["runs"][0]["results"]
            .as_array()
            .expect("results")
            .iter()
            .filter(|result| result["baselineState"] == "new")
            .map(|result| result["ruleId"].as_str().expect("a rule"))
            .collect();
        assert_eq!(states, ["statement-fails", "statement-fails"]);
        let mut verdict = mixed();
        verdict.pass_through(Gate { known: Some(known), ..Gate::default() });
        assert_eq!((verdict.exit_code(), verdict.is_pass()), (0, true));
        assert_eq!(verdict.approve("p <&> \"q\""), None);
        assert!(
            String::from_utf8_lossy(&roof_lint::report::terminal::write(&verdict, false))
                .contains("\nknown from before: 6\n")
        );
    }
}

#[test]
fn only_what_touches_a_changed_text_counts() {
    let mut verdict = mixed();
    verdict.pass_through(Gate { changed: Some([1].into()), ..Gate::default() });
    // One of them points into lint.toml.
    let counts = verdict.counts();
    assert_eq!((counts.denied, counts.warned, counts.unchanged), (1, 0, 5));
    let log = parse(&sarif::write(&verdict, &Root::default()));
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(1));
    verdict.pass_through(Gate { changed: Some([].into()), ..Gate::default() });
    assert_eq!((verdict.is_pass(), verdict.approve("p <&> \"q\"")), (true, None));
    verdict.pass_through(Gate::default());
    assert_eq!(verdict.counts().denied, 5);
}

#[test]
fn a_report_of_another_program_is_refused() {
    let refused = |text: &str| before::read("b.json", text.as_bytes()).expect_err("it is none").to_string();
    assert!(refused("{").starts_with("b.json is no report of roof-lint: EOF while parsing"));
    assert!(refused("\u{0}").starts_with("b.json is no report of roof-lint: expected value"));
    assert_eq!(refused("[]"), "b.json is no report of roof-lint: it has neither `schema` nor `runs`");
    assert_eq!(refused("{\"schema\": \"x/1\"}"), "b.json is no report of roof-lint: its schema is \"x/1\"");
    let foreign = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "other"}}, "results": []}]}"#;
    assert_eq!(refused(foreign), "b.json is no report of roof-lint: it was written by other");
    assert_eq!(
        refused(&foreign.replace("2.1.0", "2.0.0")),
        "b.json is no report of roof-lint: it is not of SARIF 2.1.0"
    );
    let bare = foreign.replace("\"other\"", "\"roof-lint\"").replace("[]", "[{\"message\": {\"text\": \"x\"}}]");
    assert_eq!(refused(&bare), "b.json is no report of roof-lint: a finding has no fingerprint");
    assert_eq!(
        refused("{\"schema\": \"roof-lint/1\", \"packages\": [{}]}"),
        "b.json is no report of roof-lint: it has no list `findings` where one belongs"
    );
}

#[test]
fn whatever_a_package_holds_each_report_can_be_read() {
    let all: Vec<u8> =
        (0..=255).chain("\u{9b}\u{202e}\u{2028}\u{200b}\u{fffe}\u{ffff}\u{1fffe}]]>&;::error::%0A".bytes()).collect();
    let name = String::from_utf8_lossy(&all).into_owned();
    let whole = At::new(FileId::new(0), Span::new(0, all.len()));
    let finding = Finding::new("statement-fails", whole, name.as_str(), name.as_str())
        .related(At::new(FileId::new(0), Span::new(130, 131)), name.as_str())
        .consequence(name.as_str())
        .way_out(name.as_str());
    let verdict = judge(&[(name.as_str(), &all)], vec![finding]);
    let root = Root::new(&name);
    meets("tests/schemas/sarif.schema.json", &parse(&sarif::write(&verdict, &root)));
    assert_eq!(parse(&gitlab::write(&verdict, &root)).as_array().map(Vec::len), Some(1));
    let xml = String::from_utf8(junit::write(&verdict, &root)).expect("UTF-8");
    let legal = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(xml.chars().find(|c| !legal(*c)), None);
    roxmltree::Document::parse(&xml).expect("XML");
    let text = String::from_utf8(github::write(&verdict, &root)).expect("UTF-8");
    assert_eq!(text.lines().count(), 2, "{text}");
    for text in [text, xml, String::from_utf8(markdown::write(&verdict, &root)).expect("UTF-8")] {
        let bad =
            text.chars().find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{202e}' | '\u{2028}' | '\u{200b}'));
        assert_eq!(bad, None);
    }
}

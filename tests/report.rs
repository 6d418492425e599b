//! The reports: what a reader sees, what a program reads, and that any bytes can be shown.

use roof_lint::config::Config;
use roof_lint::effect::At;
use roof_lint::finding::Finding;
use roof_lint::report::{json, terminal};
use roof_lint::source::{FileId, Span};
use roof_lint::verdict::{Linted, Outcome, Text, Verdict};
use snapbox::{assert_data_eq, str};

const CONFIG: &str =
    "[levels]\nguard-fails-open = \"warn\"\n\n[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"d\"\n";

/// Scripts, the last text `lint.toml`.
fn texts(scripts: &[(&str, &[u8])]) -> Vec<Text> {
    let script = |(name, bytes): &(&str, &[u8])| Text {
        name: (*name).to_owned(),
        bytes: (*bytes).into(),
        statements: Some(bytes.split(|byte| *byte == b';').count() - 1),
    };
    let config = Text { name: "lint.toml".to_owned(), bytes: CONFIG.as_bytes().into(), statements: None };
    scripts.iter().map(script).chain([config]).collect()
}

fn verdict(scripts: &[(&str, &[u8])], findings: Vec<Finding>) -> Verdict {
    let files: Vec<usize> = (0..scripts.len()).collect();
    let packages = vec![Linted { name: "p".to_owned(), release: files.clone(), files, findings }];
    let config = Config::parse("lint.toml", CONFIG).expect("sound");
    Verdict::new(Outcome { texts: texts(scripts), packages }, &config).expect("there are statements")
}

fn plain(verdict: &Verdict) -> String {
    String::from_utf8(terminal::write(verdict, false)).expect("a report is UTF-8")
}

/// The place of the first `needle` in a text.
#[track_caller]
fn at(file: usize, text: &[u8], needle: &str) -> At {
    let start = text.windows(needle.len()).position(|window| window == needle.as_bytes()).expect("it is there");
    At::new(FileId::new(file), Span::new(start, start + needle.len()))
}

fn value(verdict: &Verdict) -> serde_json::Value {
    serde_json::from_slice(&json::write(verdict)).expect("it is JSON")
}

const TIER: &[u8] = b"BEGIN;\nINSERT INTO axis VALUES (1, 'R7');\nCOMMIT;\n";
const ROLLBACK: &[u8] = b"BEGIN;\n\nDELETE FROM axis\n WHERE tag = 'R8';\nCOMMIT;\n";

/// One finding that points into three files, and one at warn.
fn several() -> Verdict {
    let wide = Finding::new("delete-outside-tag", at(1, ROLLBACK, "tag = 'R8'"), "axis loses rows", "this tag")
        .related(at(0, TIER, "'R7'"), "the release writes this one")
        .related(at(2, CONFIG.as_bytes(), "\"p\""), "in this package")
        .consequence("rows of others are gone")
        .way_out("delete by tag = 'R7'");
    let open = Finding::new("guard-fails-open", at(0, TIER, "INSERT"), "the guard lets NULL pass", "unguarded");
    verdict(&[("sql/tier.sql", TIER), ("sql/rollback.sql", ROLLBACK)], vec![open, wide])
}

#[test]
fn a_finding_shows_all_its_places() {
    assert_data_eq!(
        plain(&several()),
        str![[r#"
error[delete-outside-tag]: axis loses rows
  ┌─ sql/rollback.sql:4:8
  │
4 │  WHERE tag = 'R8';
  │        ^^^^^^^^^^ this tag
  │
  ┌─ sql/tier.sql:2:29
  │
2 │ INSERT INTO axis VALUES (1, 'R7');
  │                             ---- the release writes this one
  │
  ┌─ lint.toml:5:8
  │
5 │ name = "p"
  │        --- in this package
  │
  = rows of others are gone
  = way out: delete by tag = 'R7'

warning[guard-fails-open]: the guard lets NULL pass
  ┌─ sql/tier.sql:2:1
  │
2 │ INSERT INTO axis VALUES (1, 'R7');
  │ ^^^^^^ unguarded
  │
  = warn: lint.toml:2:20 says so

2 files, 6 statements: 1 denied, 1 warned, 0 silenced; not analysed: 0
p: fail

"#]]
    );
}

#[test]
fn colours_are_added_and_nothing_else() {
    let coloured = String::from_utf8(terminal::write(&several(), true)).expect("a report is UTF-8");
    assert!(coloured.contains("\x1b[0m\x1b[1m"), "{coloured:?}");
    let mut without = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        without.push_str(before);
        rest = after.split_once('m').expect("a colour ends").1;
    }
    without.push_str(rest);
    assert_eq!(without, plain(&several()));
}

#[test]
fn the_report_for_programs_holds_everything() {
    let written = String::from_utf8(json::write(&several())).expect("a report is UTF-8");
    assert_data_eq!(
        written,
        str![[r#"
{
  "schema": "roof-lint/1",
  "verdict": "fail",
  "fail_on": "deny",
  "counts": {
    "files": 2,
    "statements": 6,
    "denied": 1,
    "warned": 1,
    "allowed": 0,
    "silenced": 0,
    "known": 0,
    "unchanged": 0,
    "not_analysed": 0
  },
  "only": null,
  "packages": [
    {
      "package": "p",
      "verdict": "fail",
      "digest": null,
      "counts": {
        "files": 2,
        "statements": 6,
        "denied": 1,
        "warned": 1,
        "allowed": 0,
        "silenced": 0,
        "known": 0,
        "unchanged": 0,
        "not_analysed": 0
      },
      "findings": [
        {
          "rule": "delete-outside-tag",
          "level": "deny",
          "message": "axis loses rows",
          "consequence": "rows of others are gone",
          "way_out": "delete by tag = 'R7'",
          "silenced": null,
          "suppression": null,
          "excused": null,
          "fingerprint": "1a1446d033694185568ee796b4605bd8",
          "place": {
            "file": "sql/rollback.sql",
            "line": 4,
            "column": 8,
            "end_line": 4,
            "end_column": 18,
            "start": 32,
            "end": 42,
            "text": "this tag"
          },
          "related": [
            {
              "file": "sql/tier.sql",
              "line": 2,
              "column": 29,
              "end_line": 2,
              "end_column": 33,
              "start": 35,
              "end": 39,
              "text": "the release writes this one"
            },
            {
              "file": "lint.toml",
              "line": 5,
              "column": 8,
              "end_line": 5,
              "end_column": 11,
              "start": 55,
              "end": 58,
              "text": "in this package"
            }
          ],
          "fix": null
        },
        {
          "rule": "guard-fails-open",
          "level": "warn",
          "message": "the guard lets NULL pass",
          "consequence": "",
          "way_out": "",
          "silenced": null,
          "suppression": null,
          "excused": null,
          "fingerprint": "5969ead25cb29c10151c8fd90ca02a6d",
          "place": {
            "file": "sql/tier.sql",
            "line": 2,
            "column": 1,
            "end_line": 2,
            "end_column": 7,
            "start": 7,
            "end": 13,
            "text": "unguarded"
          },
          "related": [],
          "fix": null
        }
      ],
      "not_analysed": [],
      "files": [
        {
          "name": "sql/rollback.sql",
          "sha256": "36ea31797bf6c4ca7adba864c7409710c9639f74539ece4232bc8404b8215f82",
          "statements": 3
        },
        {
          "name": "sql/tier.sql",
          "sha256": "f49c8a2e498296fdb04afc8928d70c9a49f5bd4047f566778ae6ad99267544da",
          "statements": 3
        }
      ]
    }
  ]
}

"#]]
    );
}

#[test]
fn what_is_silenced_is_counted_and_listed() {
    let text = b"BEGIN; -- roof-lint: allow(idle-silence): the reason\nCOMMIT;\n";
    let verdict = verdict(&[("a.sql", text)], vec![Finding::new("idle-silence", at(0, text, "BEGIN"), "m", "l")]);
    assert_data_eq!(
        plain(&verdict),
        str![[r#"
1 file, 2 statements: 0 denied, 0 warned, 1 silenced; not analysed: 0
p: pass

"#]]
    );
    let value = value(&verdict);
    assert_eq!(value["packages"][0]["findings"][0]["silenced"], "the reason");
    assert_eq!((&value["counts"]["silenced"], &value["counts"]["warned"]), (&1.into(), &0.into()));
}

#[test]
fn suppressions_without_reason_or_effect_are_findings() {
    let text = b"BEGIN; -- roof-lint: allow(idle-silence)\nCOMMIT; -- roof-lint: allow(idle-silence): x\n";
    assert_data_eq!(
        plain(&verdict(&[("a.sql", text)], Vec::new())),
        str![[r#"
error[silence-without-reason]: this suppression gives no reason
  ┌─ a.sql:1:22
  │
1 │ BEGIN; -- roof-lint: allow(idle-silence)
  │                      ^^^^^ a reason is missing
  │
  = nobody can tell later whether it still holds, so it silences nothing
  = way out: write why: -- roof-lint: allow(idle-silence) because …

warning[idle-silence]: this suppression of idle-silence silences nothing
  ┌─ a.sql:2:29
  │
2 │ COMMIT; -- roof-lint: allow(idle-silence): x
  │                             ^^^^^^^^^^^^ silences nothing
  │
  = it looks like a decision about this place, and is none
  = way out: remove it, or put it at the end of the guilty line or alone before the statement: -- roof-lint: allow(rule-id) because …

1 file, 2 statements: 1 denied, 1 warned, 0 silenced; not analysed: 0
p: fail

"#]]
    );
}

#[test]
fn any_bytes_can_be_shown() {
    let text = b"SELECT '\xff\xc3', \x1b[31m\t x\r\n  , '\xe2\x80\xae', \"\xe1\xbb\x99\" ;\r\n";
    let findings = [("SELECT", "first"), ("x", "a tab and more before it"), (";", "a line that turns around")];
    let findings = findings.iter().map(|(needle, label)| {
        let rule = "unreadable-script";
        Finding::new(rule, at(0, text, needle), "a \x1b[31mred\x07 word\nof two lines\u{202e}", *label)
            .way_out("\x1b[0m")
    });
    assert_data_eq!(
        plain(&verdict(&[("a\x1b.sql", text)], findings.collect())),
        str![[r#"
error[unreadable-script]: a ␛[31mred␇ word␊of two lines<U+202E>
  ┌─ a␛.sql:1:1
  │
1 │ SELECT '<FF><C3>', ␛[31m     x
  │ ^^^^^^ first
  │
  = way out: ␛[0m

error[unreadable-script]: a ␛[31mred␇ word␊of two lines<U+202E>
  ┌─ a␛.sql:1:21
  │
1 │ SELECT '<FF><C3>', ␛[31m     x
  │                              ^ a tab and more before it
  │
  = way out: ␛[0m

error[unreadable-script]: a ␛[31mred␇ word␊of two lines<U+202E>
  ┌─ a␛.sql:2:14
  │
2 │   , '<U+202E>', "ộ" ;
  │                     ^ a line that turns around
  │
  = way out: ␛[0m

1 file, 1 statement: 3 denied, 0 warned, 0 silenced; not analysed: 3
p: fail

"#]]
    );
}

#[test]
fn nothing_that_a_terminal_obeys_is_written() {
    let all: Vec<u8> = (0..=255).chain("\u{9b}\u{202e}\u{2028}\u{200b};".bytes()).collect();
    let name = String::from_utf8_lossy(&all).into_owned();
    let finding =
        Finding::new("a-rule", At::new(FileId::new(0), Span::new(0, all.len())), name.as_str(), name.as_str())
            .related(At::new(FileId::new(0), Span::new(130, 131)), name.as_str())
            .consequence(name.as_str())
            .way_out(name.as_str());
    let verdict = verdict(&[(name.as_str(), &all)], vec![finding]);
    for text in [plain(&verdict), String::from_utf8(json::write(&verdict)).expect("a report is UTF-8")] {
        let bad =
            text.chars().find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{202e}' | '\u{2028}' | '\u{200b}'));
        assert_eq!(bad, None);
    }
    assert_eq!(value(&verdict)["packages"][0]["findings"][0]["message"], name);
}

#[test]
fn long_lines_are_cut_around_the_label() {
    let filler = "độ, ".repeat(300);
    let text = format!("SELECT {filler} guilty, {filler}, other, {filler} 1;\nSELECT 2;\n").into_bytes();
    let finding =
        Finding::new("a-rule", at(0, &text, "guilty"), "m", "here").related(at(0, &text, "other"), "out of sight");
    let report = plain(&verdict(&[("a.sql", &text)], vec![finding]));
    let longest = report.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest < 260, "{longest}\n{report}");
    let line = report.lines().position(|line| line.contains("guilty")).expect("the label is in sight");
    let lines: Vec<&str> = report.lines().collect();
    let column = |line: &str, needle: &str| line.split_once(needle).map(|(before, _)| before.chars().count());
    assert!(lines[line].contains("│ …") && lines[line].ends_with('…'), "{report}");
    assert_eq!(column(lines[line], "guilty"), column(lines[line + 1], "^^^^^^"), "{report}");
    assert!(report.contains("a.sql:1:1209"), "{report}");
    let start = Finding::new("a-rule", at(0, &text, "SELECT"), "m", "here");
    let report = plain(&verdict(&[("a.sql", &text)], vec![start]));
    assert!(report.contains("│ SELECT độ"), "{report}");
}

#[test]
fn long_labels_lose_their_middle() {
    let text = format!("DO $$\n{}$$;\nSELECT 1;\n", "PERFORM 1;\n".repeat(500)).into_bytes();
    let whole = At::new(FileId::new(0), Span::new(0, text.len() - "\nSELECT 1;\n".len()));
    let inner = At::new(FileId::new(0), Span::new(6 + 11 * 250, 6 + 11 * 250 + 7));
    let finding = Finding::new("a-rule", whole, "m", "all of it").related(inner, "and this");
    assert_data_eq!(
        plain(&verdict(&[("a.sql", &text)], vec![finding])),
        str![[r#"
error[a-rule]: m
    ┌─ a.sql:1:1
    │  
  1 │ ╭ DO $$
  2 │ │ PERFORM 1;
  3 │ │ PERFORM 1;
  4 │ │ PERFORM 1;
    · │
252 │ │ PERFORM 1;
    │ │ ------- and this
    · │
501 │ │ PERFORM 1;
502 │ │ $$;
    │ ╰───^ all of it

1 file, 502 statements: 1 denied, 0 warned, 0 silenced; not analysed: 0
p: fail

"#]]
    );
}

#[test]
fn places_at_the_end_and_beyond_are_shown() {
    let text = b"SELECT 1;\nSELECT 2";
    let place = |start: usize, end: usize| At::new(FileId::new(0), Span::new(start, end));
    let findings = vec![
        Finding::new("a-rule", place(text.len(), text.len()), "at the end", "here"),
        Finding::new("a-rule", place(400, 500), "beyond the end", "here"),
        Finding::new("a-rule", At::new(FileId::new(77), Span::new(0, 1)), "in no file", "nowhere"),
        Finding::new("a-rule", place(9, 10), "a line break", "here"),
    ];
    assert_data_eq!(
        plain(&verdict(&[("a.sql", text)], findings)),
        str![[r#"
error[a-rule]: in no file

error[a-rule]: a line break
  ┌─ a.sql:1:10
  │
1 │ SELECT 1;
  │          ^ here

error[a-rule]: at the end
  ┌─ a.sql:2:9
  │
2 │ SELECT 2
  │         ^ here

error[a-rule]: beyond the end
  ┌─ a.sql:2:9
  │
2 │ SELECT 2
  │         ^ here

1 file, 1 statement: 4 denied, 0 warned, 0 silenced; not analysed: 0
p: fail

"#]]
    );
}

#[test]
fn crlf_moves_no_line_and_no_column() {
    let lf = b"SELECT 1;\nSELECT 2,\n  3;\n".to_vec();
    let crlf = String::from_utf8_lossy(&lf).replace('\n', "\r\n").into_bytes();
    let report = |text: &[u8]| {
        let start = text.windows(8).position(|window| window == b"SELECT 2").expect("it is there");
        let end = text.windows(2).position(|window| window == b"3;").expect("it is there") + 2;
        let whole = At::new(FileId::new(0), Span::new(start, end));
        let findings =
            vec![Finding::new("a-rule", whole, "m", "all"), Finding::new("a-rule", at(0, text, "3"), "m", "one")];
        plain(&verdict(&[("a.sql", text)], findings))
    };
    assert_eq!(report(&lf), report(&crlf));
}

#[test]
fn the_order_of_findings_does_not_matter() {
    let finding = |index: usize| {
        let at = At::new(FileId::new(index % 2), Span::new(index % 5, index % 5 + 1));
        Finding::new(["a-rule", "b-rule"][index % 3 % 2], at, format!("message {}", index % 7), "here")
    };
    let scripts: &[(&str, &[u8])] = &[("b.sql", TIER), ("a.sql", ROLLBACK)];
    let forwards = verdict(scripts, (0..60).map(finding).collect());
    let backwards = verdict(scripts, (0..60).rev().map(finding).collect());
    assert_eq!(plain(&forwards), plain(&backwards));
    assert_eq!(json::write(&forwards), json::write(&backwards));
}

#[test]
fn several_packages_are_one_object() {
    let config = Config::parse("lint.toml", CONFIG).expect("sound");
    let denied = Finding::new("a-rule", at(0, TIER, "INSERT"), "m", "here");
    let linted = |name: &str, files: &[usize], findings| Linted {
        name: name.to_owned(),
        files: files.to_vec(),
        release: files.to_vec(),
        findings,
    };
    let packages = vec![linted("p", &[0], vec![denied]), linted("q", &[1, 0], Vec::new())];
    let outcome = Outcome { texts: texts(&[("tier.sql", TIER), ("back.sql", ROLLBACK)]), packages };
    let verdict = Verdict::new(outcome, &config).expect("there are statements");
    let report = plain(&verdict);
    assert!(
        report.ends_with("2 files, 6 statements: 1 denied, 0 warned, 0 silenced; not analysed: 0\np: fail\nq: pass\n"),
        "{report}"
    );
    let value = value(&verdict);
    assert_eq!((&value["schema"], &value["verdict"]), (&"roof-lint/1".into(), &"fail".into()));
    let [p, q] = value["packages"].as_array().expect("a list").as_slice() else { panic!("there are two") };
    assert_eq!((&p["package"], &p["verdict"], &p["digest"]), (&"p".into(), &"fail".into(), &serde_json::Value::Null));
    assert_eq!((&q["package"], &q["verdict"]), (&"q".into(), &"pass".into()));
    let approved = verdict.approve("q").expect("it passes");
    assert_eq!(q["digest"], approved.digest());
    let names: Vec<&str> = approved.files().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["back.sql", "tier.sql"]);
}

/// Texts of every kind of line and byte, places everywhere in them and beyond: the report is
/// written, shows each finding once and holds nothing that a terminal obeys.
#[test]
fn a_report_is_written_whatever_the_bytes_and_the_places() {
    const PARTS: [&[u8]; 12] = [
        b"\n",
        b"\r\n",
        b"\t",
        b"a",
        b"\r",
        b"\xff",
        b"\xc3",
        b"\x1b[1m",
        "\u{1ed9}".as_bytes(),
        "\u{1F600}".as_bytes(),
        "\u{202e}".as_bytes(),
        b" select 1; ",
    ];
    let mut state = 7_u64;
    let mut next = |below: usize| {
        // Knuth's MMIX generator: any will do, as long as it is the same on every run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    for _ in 0..300 {
        let mut text = b";".to_vec();
        for _ in 0..next(40) {
            let part = PARTS[next(PARTS.len())];
            text.extend(part.repeat(if next(8) == 0 { 1 + next(700) } else { 1 }));
        }
        let mut place = || {
            let start = next(text.len() + 3);
            At::new(
                FileId::new(next(3)),
                Span::new(start, start + if next(2) == 0 { next(9) } else { next(text.len()) }),
            )
        };
        let findings: Vec<Finding> = (0..4)
            .map(|index| {
                Finding::new("a-rule", place(), format!("message {index}"), "x")
                    .related(place(), "y")
                    .related(place(), "z")
            })
            .collect();
        let verdict = verdict(&[("a.sql", &text)], findings);
        let report = plain(&verdict);
        for index in 0..4 {
            assert_eq!(report.matches(&format!("error[a-rule]: message {index}\n")).count(), 1, "{report}");
        }
        assert!(!report.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{report:?}");
        assert_eq!(value(&verdict)["packages"][0]["findings"].as_array().map(Vec::len), Some(4));
    }
}

//! The verdict as JUnit's XML: a suite for each package, a case for each of its scripts in which
//! nothing fails and one for each finding.

use std::io::Cursor;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Root;
use super::places::sentences;
use crate::finding::{Finding, Level};
use crate::verdict::{Judged, Opinion, Verdict};

/// The document.
#[must_use]
pub fn write(verdict: &Verdict, root: &Root) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Cursor::new(Vec::new()), b' ', 2);
    // Writing to memory cannot fail.
    let _ = document(&mut writer, verdict, root);
    let mut bytes = writer.into_inner().into_inner();
    bytes.push(b'\n');
    bytes
}

/// The text without what XML 1.0 has no way to write.
fn legal(text: &str) -> String {
    crate::source::visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn legal_lines(finding: &Finding) -> String {
    sentences(finding).iter().map(|line| legal(line)).collect::<Vec<_>>().join("\n")
}

type Xml = Writer<Cursor<Vec<u8>>>;

struct Case<'a> {
    name: String,
    class: String,
    opinion: Option<&'a Opinion>,
}

impl Case<'_> {
    fn fails(&self, verdict: &Verdict) -> bool {
        self.opinion.is_some_and(|opinion| opinion.counts() && opinion.level >= verdict.gate().fail_on)
    }

    fn is_skipped(&self) -> bool {
        self.opinion.is_some_and(|opinion| !opinion.counts())
    }
}

fn document(writer: &mut Xml, verdict: &Verdict, root: &Root) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites: Vec<(String, Vec<Case<'_>>)> =
        verdict.packages().iter().map(|judged| (legal(&judged.name), cases(verdict, root, judged))).collect();
    let all = suites.iter().flat_map(|(_, cases)| cases);
    let tests = all.clone().count().to_string();
    let failures = all.filter(|case| case.fails(verdict)).count().to_string();
    writer
        .create_element("testsuites")
        .with_attributes([("name", "roof-lint"), ("tests", &tests), ("failures", &failures), ("errors", "0")])
        .write_inner_content(|writer| {
            for (name, cases) in &suites {
                suite(writer, verdict, name, cases)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn suite(writer: &mut Xml, verdict: &Verdict, name: &str, cases: &[Case<'_>]) -> std::io::Result<()> {
    let tests = cases.len().to_string();
    let failures = cases.iter().filter(|case| case.fails(verdict)).count().to_string();
    let skipped = cases.iter().filter(|case| case.is_skipped()).count().to_string();
    let numbers = [("name", name), ("tests", &tests), ("failures", &failures), ("errors", "0"), ("skipped", &skipped)];
    writer.create_element("testsuite").with_attributes(numbers).write_inner_content(|writer| {
        for case in cases {
            let names = [("name", case.name.as_str()), ("classname", case.class.as_str())];
            let element = writer.create_element("testcase").with_attributes(names);
            let Some(opinion) = case.opinion else {
                element.write_empty()?;
                continue;
            };
            element.write_inner_content(|writer| outcome(writer, opinion, case, case.fails(verdict)))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn outcome(writer: &mut Xml, opinion: &Opinion, case: &Case<'_>, fails: bool) -> std::io::Result<()> {
    let finding = &opinion.finding;
    let message = legal(&finding.message);
    if fails {
        let text = format!("{}\n{}", case.class, legal_lines(finding));
        writer
            .create_element("failure")
            .with_attributes([("message", message.as_str()), ("type", finding.rule)])
            .write_text_content(BytesText::new(&text))?;
    } else if let Some(silenced) = &opinion.silenced {
        let reason = format!("silenced: {}", legal(&silenced.reason));
        writer.create_element("skipped").with_attribute(("message", reason.as_str())).write_empty()?;
    } else if let Some(excuse) = opinion.excused {
        writer.create_element("skipped").with_attribute(("message", excuse.word())).write_empty()?;
    } else {
        let text = format!("warning: {}", legal_lines(finding));
        writer.create_element("system-out").write_text_content(BytesText::new(&text))?;
    }
    Ok(())
}

fn cases<'a>(verdict: &Verdict, root: &Root, judged: &'a Judged) -> Vec<Case<'a>> {
    let told: Vec<&Opinion> = judged.findings.iter().filter(|opinion| opinion.level != Level::Allow).collect();
    let is_clean = |file: &&usize| !told.iter().any(|opinion| opinion.finding.primary.at.file().index() == **file);
    let clean = judged.files.iter().filter(is_clean).map(|file| {
        let path = legal(&root.path(verdict, *file));
        Case { name: path.clone(), class: path, opinion: None }
    });
    let found = told.iter().map(|opinion| {
        let finding = &opinion.finding;
        let class = root.spot(verdict, &finding.primary).map_or_else(
            || "lint.toml".to_owned(),
            |spot| format!("{}:{}:{}", legal(&spot.path), spot.start.line, spot.start.column),
        );
        Case { name: format!("{}: {}", finding.rule, legal(&finding.message)), class, opinion: Some(opinion) }
    });
    clean.chain(found).collect()
}

//! The findings of an earlier run, by their fingerprints, from the report of it: the one for
//! programs or SARIF. What is neither is refused.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fault::Fault;

/// The fingerprints of what an earlier report holds and nothing silenced; `name` is what a
/// fault calls the report.
pub fn read(name: &str, bytes: &[u8]) -> Result<BTreeSet<String>, Fault> {
    let refuse = |what: String| {
        Fault::new(format!("{name} is no report of roof-lint: {what}"))
            .way_out("write one: roof-lint --output json=FILE, or sarif=FILE")
    };
    let report: Value = serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?;
    let found = if let Some(schema) = report.get("schema") {
        if *schema != super::json::SCHEMA {
            return Err(refuse(format!("its schema is {schema}")));
        }
        of_json(&report)
    } else if report.get("runs").is_some() {
        of_sarif(&report)
    } else {
        return Err(refuse("it has neither `schema` nor `runs`".to_owned()));
    };
    found.map_err(refuse)
}

fn list<'a>(object: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    object.get(name).and_then(Value::as_array).ok_or_else(|| format!("it has no list `{name}` where one belongs"))
}

fn fingerprint(value: Option<&Value>) -> Result<String, String> {
    let text = value.and_then(Value::as_str).filter(|text| text.len() == 32);
    let text = text.filter(|text| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    text.map(str::to_owned).ok_or_else(|| "a finding has no fingerprint".to_owned())
}

fn of_json(report: &Value) -> Result<BTreeSet<String>, String> {
    let mut known = BTreeSet::new();
    for package in list(report, "packages")? {
        for finding in list(package, "findings")? {
            let own = fingerprint(finding.get("fingerprint"))?;
            if finding.get("silenced").is_none_or(Value::is_null) {
                known.insert(own);
            }
        }
    }
    Ok(known)
}

fn of_sarif(report: &Value) -> Result<BTreeSet<String>, String> {
    if report.get("version").and_then(Value::as_str) != Some("2.1.0") {
        return Err("it is not of SARIF 2.1.0".to_owned());
    }
    let mut known = BTreeSet::new();
    for run in list(report, "runs")? {
        let tool = run.pointer("/tool/driver/name").and_then(Value::as_str).unwrap_or("nobody");
        if tool != "roof-lint" {
            return Err(format!("it was written by {tool}"));
        }
        for result in list(run, "results")? {
            let own = fingerprint(result.pointer("/partialFingerprints/roofLint~1v1"))?;
            if result.get("suppressions").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                known.insert(own);
            }
        }
    }
    Ok(known)
}

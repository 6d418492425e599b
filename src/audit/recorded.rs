//! A record of before, and how the packages of today differ from it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{PREDICATE, Record};
use crate::fault::Fault;
use crate::source::visible;

/// So many differences are told.
const TOLD: usize = 40;
/// So much of a value is told, in characters.
const LONG: usize = 100;

/// A record as it was read.
#[derive(Debug)]
pub struct Recorded {
    bytes: Vec<u8>,
    value: Value,
    packages: Vec<String>,
}

impl Recorded {
    /// Reads a record; `name` is what a fault calls it. What is none is refused.
    pub fn read(name: &str, bytes: Vec<u8>) -> Result<Self, Fault> {
        let refuse = |what: String| {
            Fault::new(format!("{name} is no record of an audit: {what}"))
                .way_out("write one: roof-lint audit --record FILE")
        };
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        let kind = value.get("predicateType").and_then(Value::as_str);
        if kind != Some(PREDICATE) {
            return Err(refuse(format!("its predicateType is not {PREDICATE}")));
        }
        let packages = value.pointer("/predicate/packages").and_then(Value::as_array);
        let packages =
            packages.into_iter().flatten().map(|package| package.get("package")?.as_str().map(str::to_owned));
        let packages = packages.collect::<Option<Vec<String>>>().filter(|packages| !packages.is_empty());
        let packages = packages.ok_or_else(|| refuse("it names no package".to_owned()))?;
        Ok(Self { bytes, value, packages })
    }

    /// The packages that were audited.
    #[must_use]
    pub fn packages(&self) -> &[String] {
        &self.packages
    }

    /// The hash that a file had.
    #[must_use]
    pub fn hash(&self, file: &str) -> Option<&str> {
        let files = self.value.pointer("/predicate/files")?.as_array()?;
        files.iter().find(|known| known.get("name").and_then(Value::as_str) == Some(file))?.get("sha256")?.as_str()
    }

    /// How the packages differ from those of the record; not at all if this is empty. The
    /// record has to be what an audit of today would write, byte by byte.
    #[must_use]
    pub fn differences(&self, found: &Record) -> Vec<String> {
        let bytes = found.json();
        if bytes == self.bytes {
            return Vec::new();
        }
        let Ok(mut found) = serde_json::from_slice::<Value>(&bytes) else {
            return vec!["the record of today cannot be read".to_owned()];
        };
        let mut recorded = self.value.clone();
        let mut told = files(&recorded, &found);
        for record in [&mut recorded, &mut found] {
            // Told already, where they differ in what they say of a file.
            if let Some(predicate) =
                record.get_mut("predicate").and_then(Value::as_object_mut).filter(|_| !told.is_empty())
            {
                predicate.remove("files");
            }
            if let Some(record) = record.as_object_mut().filter(|_| !told.is_empty()) {
                record.remove("subject");
            }
        }
        compare("", &recorded, &found, &mut told);
        if told.is_empty() {
            told.push("the record is not written as an audit writes it".to_owned());
        }
        if told.len() > TOLD {
            let more = told.len() - TOLD;
            told.truncate(TOLD);
            told.push(format!("{more} more differences"));
        }
        told
    }
}

/// The files of a record by name.
fn by_name(record: &Value) -> BTreeMap<&str, &Value> {
    let files = record.pointer("/predicate/files").and_then(Value::as_array);
    files.into_iter().flatten().filter_map(|file| Some((file.get("name")?.as_str()?, file))).collect()
}

fn files(recorded: &Value, found: &Value) -> Vec<String> {
    let (before, after) = (by_name(recorded), by_name(found));
    let mut told = Vec::new();
    for (name, was) in &before {
        let Some(is) = after.get(name) else {
            told.push(format!("{}: is gone", visible(name)));
            continue;
        };
        if was.get("sha256") != is.get("sha256") {
            told.push(format!("{}: has other bytes", visible(name)));
        }
        for key in ["mode", "roles"] {
            if was.get(key) != is.get(key) {
                told.push(format!("{}: {key} was {}, is {}", visible(name), shown(was.get(key)), shown(is.get(key))));
            }
        }
    }
    told.extend(
        after.keys().filter(|name| !before.contains_key(*name)).map(|name| format!("{}: was not there", visible(name))),
    );
    told
}

fn compare(path: &str, was: &Value, is: &Value, told: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, was) in left {
                compare(&format!("{path}/{key}"), was, right.get(key).unwrap_or(&Value::Null), told);
            }
            for (key, is) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                compare(&format!("{path}/{key}"), &Value::Null, is, told);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (was, is)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}/{index}"), was, is, told);
            }
        }
        _ if was == is => {}
        _ => told.push(format!("{}: was {}, is {}", visible(path), shown(Some(was)), shown(Some(is)))),
    }
}

fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => visible(text),
        Some(Value::Array(items)) if items.is_empty() => "an empty list".to_owned(),
        Some(value) => visible(&value.to_string()),
    };
    if text.chars().count() <= LONG { text } else { text.chars().take(LONG).chain(['…']).collect() }
}

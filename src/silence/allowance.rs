//! The suppressions of `lint.toml`: which file and rule each covers, and until when.

use crate::config::{Allowance, Package};
use crate::date::Date;
use crate::effect::At;
use crate::finding::Finding;
use crate::source::FileId;

use super::{EXPIRED, IDLE, Silenced, WITHOUT_REASON, unknown};

/// The suppressions of a package.
#[derive(Debug, Default)]
pub struct Allowances {
    all: Vec<Entry>,
    /// What is wrong with them by itself.
    pub findings: Vec<Finding>,
}

#[derive(Debug)]
struct Entry {
    /// The path of the file from where `lint.toml` stands; none for `lint.toml`.
    path: Option<String>,
    rule: String,
    silenced: Silenced,
    is_used: bool,
}

impl Allowances {
    /// Those of a package whose `lint.toml` has that number. Without a date nothing holds that
    /// ends on one.
    #[must_use]
    pub fn read(package: &Package, config: FileId, today: Option<Date>) -> Self {
        let mut allowances = Self::default();
        for allowance in &package.allow {
            match read(package, allowance, config, today) {
                Ok(entry) => allowances.all.push(entry),
                Err(finding) => allowances.findings.push(*finding),
            }
        }
        allowances
    }

    /// What silences a finding in a file, if anything does; no file is `lint.toml`.
    pub fn cover(&mut self, rule: &str, file: Option<&str>) -> Option<Silenced> {
        let mut found = None;
        for entry in self.all.iter_mut().filter(|entry| entry.rule == rule && entry.path.as_deref() == file) {
            entry.is_used = true;
            found.get_or_insert_with(|| entry.silenced.clone());
        }
        found
    }

    /// A finding for each that has silenced nothing.
    pub fn idle(&self) -> impl Iterator<Item = Finding> {
        self.all.iter().filter(|entry| !entry.is_used).map(|entry| {
            let file = entry.path.as_deref().unwrap_or("lint.toml");
            let message = format!("this suppression of {} silences nothing in {file}", entry.rule);
            Finding::new(IDLE.id, entry.silenced.at, message, "silences nothing")
                .consequence("it looks like a decision about this file, and is none")
                .way_out("remove it")
        })
    }
}

fn read(package: &Package, allowance: &Allowance, config: FileId, today: Option<Date>) -> Result<Entry, Box<Finding>> {
    let rule = allowance.rule.get_ref();
    let at = At::new(config, allowance.rule.span().into());
    if let Some(finding) = unknown(at, rule) {
        return Err(Box::new(finding));
    }
    let reason = allowance.reason.as_ref().map(|reason| reason.get_ref().trim()).filter(|reason| !reason.is_empty());
    let Some(reason) = reason else {
        let finding = Finding::new(WITHOUT_REASON.id, at, "this suppression gives no reason", "a reason is missing");
        return Err(Box::new(
            finding
                .consequence("nobody can tell later whether it still holds, so it silences nothing")
                .way_out("write why: reason = \"…\""),
        ));
    };
    let expires = allowance.expires.as_ref();
    if let Some(end) = expires.filter(|end| today.is_none_or(|today| today > *end.get_ref())) {
        let at = At::new(config, end.span().into());
        let message = format!("this suppression of {rule} held until {}", end.get_ref());
        return Err(Box::new(
            Finding::new(EXPIRED.id, at, message, "is over")
                .consequence("what it silenced is there again")
                .way_out("mend what it silenced and remove it, or decide again: expires = YYYY-MM-DD"),
        ));
    }
    let path = match allowance.path.get_ref().as_str() {
        "lint.toml" => None,
        _ => Some(package.path(&allowance.path)),
    };
    let silenced = Silenced {
        reason: reason.to_owned(),
        at,
        ticket: allowance.ticket.as_ref().map(|ticket| ticket.get_ref().clone()),
        expires: expires.map(|end| *end.get_ref()),
    };
    Ok(Entry { path, rule: rule.clone(), silenced, is_used: false })
}

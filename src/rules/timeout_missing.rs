//! Changes while a timeout is not in effect.

use crate::case::Case;
use crate::finding::Finding;
use crate::flow::{Setting, What};

const ID: &str = "timeout-missing";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.changing().filter(|pass| !pass.repeat) {
        for timeout in &case.package.timeouts {
            let name = timeout.get_ref().as_str();
            let first = pass.run.events.iter().filter(|event| event.reachable).find_map(|event| {
                let touches = match &event.what {
                    What::Change(change) => !super::is_temporary(&change.relation),
                    What::Define { outcome, .. } => super::defines(outcome),
                    What::Lock(_) => true,
                    _ => false,
                };
                if !touches {
                    return None;
                }
                let why = wrong(event.settings.get(name))?;
                Some((event, why))
            });
            let Some((event, why)) = first else { continue };
            let script = super::called(pass, case);
            let finding = Finding::new(ID, event.at, format!("{script} goes to work while {name} is {why}"), "the first statement without it")
                .related(case.configured(&timeout.span()), "required here")
                .consequence("a lock that is not granted, or a statement that does not end, holds up production")
                .way_out(format!("SET LOCAL {name} = '5s'; after BEGIN, before the first change"));
            findings.push(super::with_trail(finding, event));
        }
    }
}

/// What is wrong with a timeout, if anything.
fn wrong(setting: Option<&Setting>) -> Option<&'static str> {
    let Some(setting) = setting else { return Some("not set") };
    if !setting.known {
        return Some("set to a value that is not known");
    }
    let Some(value) = &setting.value else { return Some("back at its default") };
    let text = value.trim();
    let digits = text.trim_start_matches(['+']).find(|character: char| !character.is_ascii_digit() && character != '.');
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    // PostgreSQL 15 manual, 20.1.1: units of time are case-sensitive; without one it is milliseconds.
    if !matches!(unit.trim(), "" | "us" | "ms" | "s" | "min" | "h" | "d") {
        return Some("set to what is no time");
    }
    match number.parse::<f64>() {
        Ok(number) if number > 0.0 => None,
        Ok(_) => Some("switched off by 0"),
        Err(_) => Some("set to what is no time"),
    }
}

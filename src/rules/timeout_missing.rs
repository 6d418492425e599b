//! Changes while a timeout is not in effect.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, Pass};
use crate::finding::{Finding, Fix};
use crate::flow::{Block, Event, Setting, What};
use crate::mend;

const ID: &str = "timeout-missing";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mut usuals: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for pass in case.changing().filter(|pass| !pass.repeat) {
        for timeout in &case.package.timeouts {
            let name = timeout.get_ref().as_str();
            let first = pass.run.events.iter().filter(|event| event.reachable).find_map(|event| {
                let touches = match &event.what {
                    What::Change(change) => !change.relation.is_temporary(),
                    What::Define { outcome, .. } => outcome.outlasts_session(),
                    What::Lock(_) | What::LocksRows | What::Waits(_) => true,
                    What::Utility(statement) => super::maintains(statement, pass).is_some(),
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
            let finding = Finding::new(
                ID,
                event.at,
                format!("{script} goes to work while {name} is {why}"),
                "the first statement without it",
            )
            .related(case.configured(&timeout.span()), "required here")
            .consequence("a lock that is not granted, or a statement that does not end, holds up production")
            .way_out(format!("SET LOCAL {name} = '5s'; after BEGIN, before the first change"))
            .fix(
                usuals
                    .entry(name)
                    .or_insert_with(|| usual(case, name))
                    .as_deref()
                    .and_then(|usual| fix(case, pass, event, (name, usual))),
            );
            findings.push(super::with_trail(finding, event));
        }
    }
}

/// Sets it as most scripts of the package do: where it is set to something wrong, or behind the
/// timeouts that are set, or behind `BEGIN`.
fn fix(case: &Case<'_>, pass: &Pass<'_>, event: &Event<'_>, (name, usual): (&str, &str)) -> Option<Fix> {
    let Block::Open { begin, .. } = event.block else { return None };
    let earlier = pass.run.events.iter().take_while(|other| !std::ptr::eq(*other, event));
    let set: Vec<(&str, &Event<'_>)> = earlier
        .filter(|other| other.reachable && other.via.is_empty() && other.block == event.block)
        .filter_map(|other| match &other.what {
            What::Set { name, .. } => Some((name.as_str(), other)),
            _ => None,
        })
        .collect();
    if let Some(setting) = event.settings.get(name) {
        // Whoever runs the script may be meant to say it.
        if !setting.known {
            return None;
        }
        let (_, last) = set.iter().rev().find(|(other, _)| *other == name || *other == "all")?;
        let is_it = last.settings.get(name) == event.settings.get(name);
        return (is_it && mend::is_set(super::bytes(case, last.at), last.at)).then(|| mend::instead(last.at, usual));
    }
    let bytes = super::bytes(case, begin);
    let is_beside = |other: &&(&str, &Event<'_>)| {
        let (name, other) = other;
        case.package.timeouts.iter().any(|timeout| timeout.get_ref() == name)
            && other.at.file() == begin.file()
            && !mend::has_command(bytes, begin.span().end, other.at.span().start)
    };
    let at = set.iter().rev().find(is_beside).map_or(begin, |(_, other)| other.at);
    mend::behind(bytes, at, usual)
}

/// How most scripts of the package set it, as it is written; nothing if as many do otherwise.
fn usual(case: &Case<'_>, name: &str) -> Option<String> {
    let mut written: BTreeMap<&str, BTreeSet<(usize, usize)>> = BTreeMap::new();
    for event in case.all.iter().filter(|pass| !pass.repeat).flat_map(|pass| pass.run.events.iter()) {
        let What::Set { name: set, statement } = &event.what else { continue };
        if set != name || wrong(event.settings.get(name)).is_some() {
            continue;
        }
        if let Some(text) = mend::set_local(super::bytes(case, statement.at), statement.at) {
            let at = statement.at;
            written.entry(text).or_default().insert((at.file().index(), at.span().start));
        }
    }
    let most = written.values().map(BTreeSet::len).max()?;
    let mut texts = written.iter().filter(|(_, places)| places.len() == most).map(|(text, _)| *text);
    texts.next().filter(|_| texts.next().is_none()).map(str::to_owned)
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
    let milliseconds = match unit.trim() {
        "us" => 0.001,
        "" | "ms" => 1.0,
        "s" => 1000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return Some("set to what is no time"),
    };
    match number.parse::<f64>() {
        Ok(0.0) => Some("switched off by 0"),
        // PostgreSQL rounds it to milliseconds, and half of one to none.
        Ok(number) if number * milliseconds <= 0.5 => Some("so short that it is rounded to 0, which switches it off"),
        Ok(_) => None,
        Err(_) => Some("set to what is no time"),
    }
}

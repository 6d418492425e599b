//! An executor that does not run every tier once, in order, and stop at the first error.

use crate::case::Case;
use crate::effect::At;
use crate::finding::Finding;
use crate::package::{Condition, Line, Role};
use crate::source::FileId;

const ID: &str = "executor-skips-tier";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    full_rollback(case, findings);
    for script in case.scripts.iter().filter(|script| script.role == Role::Executor) {
        let Ok(file) = script.file else { continue };
        let mut chain = Chain { case, files: Vec::new(), stops: None, off: None };
        chain.lines(&case.library.program(file).lines, true);
        let whole = chain.files.first().map_or(script.at, |first| first.1);
        let told = |at: At, message: String| {
            Finding::new(ID, at, message, "in the executor")
                .related(script.at, "the executor")
                .consequence("the operator runs something else than the rollout table says")
                .way_out("\\ir the preflight, then every tier once in the order of lint.toml, then the verification")
        };
        let wanted = case.scripts.iter().filter(|script| matches!(script.role, Role::Preflight | Role::Tier(_)));
        let mut next = 0;
        for expected in wanted {
            let Ok(id) = expected.file else { continue };
            let places: Vec<usize> = (0..chain.files.len()).filter(|place| chain.files.get(*place).is_some_and(|file| file.0 == id)).collect();
            match places.as_slice() {
                [] => findings.push(told(whole, format!("the executor does not run {}", expected.path))),
                [place] => {
                    let Some((_, at, certain)) = chain.files.get(*place) else { continue };
                    if *place < next {
                        findings.push(told(*at, format!("the executor runs {} too late", expected.path)));
                    }
                    if !certain {
                        findings.push(told(*at, format!("the executor runs {} on some paths only", expected.path)));
                    }
                    next = place + 1;
                }
                [_, again, ..] => {
                    let at = chain.files.get(*again).map_or(whole, |file| file.1);
                    findings.push(told(at, format!("the executor runs {} twice", expected.path)));
                }
            }
        }
        for verify in case.scripts.iter().filter(|script| script.role == Role::Verify) {
            if let Some(place) = chain.files.iter().position(|file| Ok(file.0) == verify.file)
                && place < next
                && let Some(file) = chain.files.get(place)
            {
                findings.push(told(file.1, format!("the executor runs {} before the last tier", verify.path)));
            }
        }
        if chain.stops.is_none() {
            findings.push(
                told(whole, "the executor goes on after an error".to_owned())
                    .way_out("\\set ON_ERROR_STOP on, before the first file"),
            );
        }
        if let Some(at) = chain.off {
            findings.push(
                told(at, "ON_ERROR_STOP is switched off".to_owned()).way_out("leave it on to the end of the release"),
            );
        }
    }
}

/// A full rollback that runs the rollbacks of the tiers has to run all of them, backwards.
fn full_rollback(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for script in case.scripts.iter().filter(|script| script.role == Role::FullRollback) {
        let Ok(file) = script.file else { continue };
        let mut chain = Chain { case, files: Vec::new(), stops: None, off: None };
        chain.lines(&case.library.program(file).lines, true);
        let Some(first) = chain.files.first().map(|file| file.1) else { continue };
        let told = |at: At, message: String| {
            Finding::new(ID, at, message, "in the full rollback")
                .related(script.at, "the full rollback")
                .consequence("a tier is not undone, or is undone while another still builds on it")
                .way_out("\\ir the rollback of every tier once, the last tier first")
        };
        let mut next = 0;
        for expected in case.scripts.iter().filter(|script| matches!(script.role, Role::Rollback(_))) {
            let places: Vec<usize> =
                (0..chain.files.len()).filter(|place| chain.files.get(*place).is_some_and(|file| Ok(file.0) == expected.file)).collect();
            let Some((_, at, certain)) = places.first().and_then(|place| chain.files.get(*place)) else {
                findings.push(told(first, format!("the full rollback does not run {}", expected.path)));
                continue;
            };
            if !certain {
                findings.push(told(*at, format!("the full rollback runs {} on some paths only", expected.path)));
            }
            if places.len() > 1 {
                findings.push(told(*at, format!("the full rollback runs {} twice", expected.path)));
            }
            if places.first().is_some_and(|place| *place < next) {
                findings.push(told(*at, format!("the full rollback runs {} too late", expected.path)));
            }
            next = places.first().map_or(next, |place| place + 1);
        }
    }
}

struct Chain<'c, 'a> {
    case: &'c Case<'a>,
    /// The scripts of the package that are run, with their place and whether on every path.
    files: Vec<(FileId, At, bool)>,
    /// Where `ON_ERROR_STOP` is switched on, before any file.
    stops: Option<At>,
    /// Where it is switched off.
    off: Option<At>,
}

impl Chain<'_, '_> {
    fn lines(&mut self, lines: &[Line], certain: bool) {
        for line in lines {
            match line {
                Line::Include { at, target: Ok(file) } => {
                    let named = self.case.scripts.iter().any(|script| script.file == Ok(*file) && script.role != Role::Executor);
                    if named {
                        self.files.push((*file, *at, certain));
                    }
                    // Scripts may be run by way of another, and switch things off.
                    let library = self.case.library;
                    self.lines(&library.program(*file).lines, certain);
                }
                Line::Command { at, command, .. } if command.name == "set" || command.name == "unset" => {
                    let word = |index: usize| command.arguments.get(index).and_then(crate::psql::Argument::literal);
                    if word(0).as_deref() == Some(b"ON_ERROR_STOP") {
                        let value = word(1).unwrap_or_default();
                        let on = command.name == "set" && (value.is_empty() || crate::package::boolean(&value) == Some(true));
                        if on && self.files.is_empty() && certain {
                            self.stops = Some(*at);
                        } else if !on {
                            self.off = Some(*at);
                        }
                    }
                }
                Line::Choice { arms, .. } => {
                    for arm in arms {
                        match arm.condition {
                            Condition::Constant(false) => {}
                            Condition::Constant(true) => {
                                self.lines(&arm.lines, certain);
                                break;
                            }
                            _ => self.lines(&arm.lines, false),
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

//! An executor that does not run every tier once, in order, and stop at the first error.

use crate::case::Case;
use crate::effect::At;
use crate::finding::Finding;
use crate::package::{Condition, Line, Role};
use crate::source::FileId;

const ID: &str = "executor-skips-tier";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for script in case.scripts.iter() {
        let Ok(file) = script.file else { continue };
        if !matches!(script.role, Role::Executor | Role::FullRollback) {
            continue;
        }
        let mut chain = Chain { case, files: Vec::new(), stops: None, off: None };
        chain.lines(&case.library.program(file).lines, true);
        let whole = chain.files.first().map_or(script.at, |first| first.1);
        if script.role == Role::FullRollback {
            full_rollback(&chain, script.at, whole, findings);
        } else {
            executor(&chain, script.at, whole, findings);
        }
    }
}

fn executor(chain: &Chain<'_, '_>, script: At, whole: At, findings: &mut Vec<Finding>) {
    let told = |at: At, message: String| {
        Finding::new(ID, at, message, "in the executor")
            .related(script, "the executor")
            .consequence("the operator runs something else than the rollout table says")
            .way_out("\\ir the preflight, then every tier once in the order of lint.toml, then the verification")
    };
    let next =
        chain.order("the executor", whole, &|role| matches!(role, Role::Preflight | Role::Tier(_)), &told, findings);
    for verify in chain.case.scripts.iter().filter(|script| script.role == Role::Verify) {
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

/// A full rollback that runs the rollbacks of the tiers has to run all of them, backwards.
fn full_rollback(chain: &Chain<'_, '_>, script: At, whole: At, findings: &mut Vec<Finding>) {
    if chain.files.is_empty() {
        return;
    }
    let told = |at: At, message: String| {
        Finding::new(ID, at, message, "in the full rollback")
            .related(script, "the full rollback")
            .consequence("a tier is not undone, or is undone while another still builds on it")
            .way_out("\\ir the rollback of every tier once, the last tier first")
    };
    chain.order("the full rollback", whole, &|role| matches!(role, Role::Rollback(_)), &told, findings);
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
    /// Whether the scripts of these roles are run once each, in their order, on every path.
    /// The place after the last of them.
    fn order(
        &self,
        who: &str,
        whole: At,
        wanted: &dyn Fn(Role) -> bool,
        told: &dyn Fn(At, String) -> Finding,
        findings: &mut Vec<Finding>,
    ) -> usize {
        let mut next = 0;
        for expected in self.case.scripts.iter().filter(|script| wanted(script.role)) {
            let Ok(id) = expected.file else { continue };
            let mut places = self.files.iter().enumerate().filter(|(_, file)| file.0 == id);
            let Some((place, (_, at, certain))) = places.next() else {
                findings.push(told(whole, format!("{who} does not run {}", expected.path)));
                continue;
            };
            if let Some((_, again)) = places.next() {
                findings.push(told(again.1, format!("{who} runs {} twice", expected.path)));
                continue;
            }
            if place < next {
                findings.push(told(*at, format!("{who} runs {} too late", expected.path)));
            }
            if !certain {
                findings.push(told(*at, format!("{who} runs {} on some paths only", expected.path)));
            }
            next = place + 1;
        }
        next
    }

    fn lines(&mut self, lines: &[Line], certain: bool) {
        for line in lines {
            match line {
                Line::Include { at, target: Ok(file) } => {
                    let named = self
                        .case
                        .scripts
                        .iter()
                        .any(|script| script.file == Ok(*file) && script.role != Role::Executor);
                    if named {
                        self.files.push((*file, *at, certain));
                    }
                    // Scripts may be run by way of another, and switch things off.
                    let library = self.case.library;
                    self.lines(&library.program(*file).lines, certain);
                }
                Line::Command { at, command, .. } if command.name == "set" || command.name == "unset" => {
                    let name = command.arguments.first().and_then(crate::psql::Argument::literal);
                    if name.as_deref() == Some(b"ON_ERROR_STOP") {
                        let is_on = |value: Vec<u8>| value.is_empty() || crate::package::boolean(&value) == Some(true);
                        let on = command.name == "set" && command.set_value().is_some_and(is_on);
                        if on && self.files.is_empty() && certain {
                            self.stops = Some(*at);
                        } else if !on {
                            self.off = Some(*at);
                        }
                    }
                }
                Line::Choice { arms, .. } => {
                    let mut open = arms.iter().filter(|arm| arm.condition != Condition::Constant(false)).peekable();
                    // What stands behind arms that are never taken is taken.
                    let only = open
                        .peek()
                        .is_some_and(|arm| matches!(arm.condition, Condition::Constant(true) | Condition::Otherwise));
                    for arm in open.take(if only { 1 } else { usize::MAX }) {
                        self.lines(&arm.lines, certain && only);
                    }
                }
                _ => {}
            }
        }
    }
}

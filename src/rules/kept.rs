//! What rules have found before, by all that they look at.

use std::collections::HashMap;

use super::{ALL, drop_particular, place};
use crate::case::{Case, Frame, Part};
use crate::finding::{Finding, Fix};
use crate::parallel::side_by_side;

/// For how many requests it is kept what nobody asks for: what is undone comes back.
const REQUESTS: u64 = 3;

/// What was found in the parts of the packages of one `lint.toml`.
#[derive(Default)]
pub struct Kept {
    /// With the numbers of frames that are equal only to themselves.
    frames: Vec<(Frame, u64, u64)>,
    found: HashMap<(Part, u64, Vec<u64>), Found>,
    last: u64,
    request: u64,
}

struct Found {
    /// By the number of the rule; of rules that found something.
    by_rule: Vec<(usize, Vec<Finding>)>,
    request: u64,
}

/// What is to be found out.
enum Task {
    /// What a rule finds in the whole.
    Rule(usize),
    /// What all others find in a part.
    Part(Part, Vec<u64>),
}

impl Task {
    fn work(&self, case: &Case<'_>) -> Vec<(usize, Vec<Finding>)> {
        let ask = |case: &Case<'_>, is_asked: &dyn Fn(usize, &super::Rule) -> bool| {
            let asked = ALL.iter().enumerate().filter(|(index, rule)| is_asked(*index, rule));
            let check = |(index, rule): (usize, &&super::Rule)| {
                let mut own = Vec::new();
                (rule.check)(case, &mut own);
                (!own.is_empty()).then_some((index, own))
            };
            asked.filter_map(check).collect()
        };
        match self {
            Self::Rule(wanted) => ask(case, &|index, _| index == *wanted),
            Self::Part(part, _) => ask(&case.part(*part), &|_, rule| !rule.whole),
        }
    }
}

impl Kept {
    /// Everything that is wrong with a package, each once. Ends early, with whatever it has,
    /// when it has to stop.
    pub fn check(&mut self, case: &Case<'_>, stop: &(dyn Fn() -> bool + Sync)) -> Vec<Finding> {
        self.request += 1;
        let request = self.request;
        let frame = self.number(case.frame());
        let parts = case.parts();
        let is_new = |(part, runs): &&(Part, Vec<u64>)| !self.found.contains_key(&(*part, frame, runs.clone()));
        let tasks: Vec<Task> = ALL
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.whole)
            .map(|(index, _)| Task::Rule(index))
            .chain(parts.iter().filter(is_new).map(|(part, runs)| Task::Part(*part, runs.clone())))
            .collect();
        let mut by_rule: Vec<Vec<Finding>> = vec![Vec::new(); ALL.len()];
        for (task, found) in side_by_side(&tasks, |task| (!stop()).then(|| (task, task.work(case)))) {
            match task {
                Task::Part(part, runs) => {
                    self.found.insert((*part, frame, runs.clone()), Found { by_rule: found, request });
                }
                Task::Rule(_) => {
                    for (index, own) in found {
                        if let Some(all) = by_rule.get_mut(index) {
                            all.extend(own);
                        }
                    }
                }
            }
        }
        for (part, runs) in parts {
            let Some(found) = self.found.get_mut(&(part, frame, runs)) else { continue };
            found.request = request;
            for (index, own) in &found.by_rule {
                if let Some(all) = by_rule.get_mut(*index) {
                    all.extend(own.iter().cloned());
                }
            }
        }
        self.found.retain(|_, found| found.request + REQUESTS >= request);
        self.frames.retain(|(.., used)| used + REQUESTS >= request);
        let baseline = case.of_baseline();
        let mut findings = Vec::new();
        for mut own in by_rule {
            // The same place is reached by several runs of one script.
            own.sort_by(|left, right| place(left).cmp(&place(right)).then_with(|| left.message.cmp(&right.message)));
            own.dedup_by(|other, first| {
                let is_same = place(other) == place(first) && other.message == first.message;
                // What helps in one run only is no fix.
                first.fix = first.fix.take().filter(|_| !is_same || other.fix.is_some());
                is_same
            });
            drop_particular(case, &mut own);
            // What the release starts from is not the release's to change.
            let is_ours = |fix: &Fix| fix.edits.iter().all(|edit| !baseline.contains(&edit.at.file()));
            own.iter_mut().for_each(|finding| finding.fix = finding.fix.take().filter(is_ours));
            findings.extend(own);
        }
        findings
    }

    fn number(&mut self, frame: Frame) -> u64 {
        if let Some((_, number, used)) = self.frames.iter_mut().find(|(known, ..)| *known == frame) {
            *used = self.request;
            return *number;
        }
        self.last += 1;
        self.frames.push((frame, self.last, self.request));
        self.last
    }
}

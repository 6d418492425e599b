//! What rules have found before, by all that they look at.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ALL, Rule, drop_particular, spot};
use crate::case::{Case, Frame, Part, Row, Shown};
use crate::catalog::{Catalog, Delta, Reads, noting};
use crate::finding::{Finding, Fix};
use crate::parallel::side_by_side;

/// For how many requests it is kept what nobody asks for: what is undone comes back.
const REQUESTS: u64 = 3;

/// What was found in the parts of the packages of one `lint.toml`.
#[derive(Default)]
pub struct Kept {
    /// With the numbers of frames that are equal only to themselves.
    frames: Vec<(Frame, u64, u64)>,
    /// By the originals of the runs and the rows that a part shows, with the number of the last request that
    /// asked for it; what was asked for last is last.
    found: HashMap<(Part, u64, Vec<u64>, Vec<Row>), Vec<(u64, Arc<Found>)>>,
    last: u64,
    request: u64,
    /// Whether it is noted what rules ask of the databases.
    is_noting: bool,
}

/// What was found in a part.
struct Found {
    runs: Vec<u64>,
    /// The databases that the runs start from.
    starts: Vec<Catalog>,
    /// What each rule answers, in their order; none of one that looks at the whole.
    answers: Vec<Option<Arc<Answer>>>,
}

/// What a rule finds in a part.
struct Answer {
    findings: Vec<Finding>,
    /// What it asked of the databases, if that was noted.
    reads: Option<Reads>,
}

/// What is to be found out.
enum Task {
    /// What a rule finds in the whole.
    Rule(&'static Rule, usize),
    /// What all others find in a part, the number of which is the first, and what they found when
    /// the same happened in other databases.
    Part(usize, Part, Shown, Option<Arc<Found>>),
}

/// What was found out.
enum Outcome {
    Rule(usize, Vec<Finding>),
    Part(usize, Part, Shown, Found),
}

impl Task {
    fn work(&self, case: &Case<'_>, is_noting: bool) -> Outcome {
        match self {
            Self::Rule(rule, index) => Outcome::Rule(*index, ask(rule, case)),
            Self::Part(number, part, shown, before) => {
                let case = case.part(*part);
                let starts: Vec<Catalog> = case.starts().cloned().collect();
                let before = before.as_ref().and_then(|before| Some((before, before.deltas(&starts)?)));
                let answer = |(index, rule): (usize, &&Rule)| {
                    if rule.whole {
                        return None;
                    }
                    let known = before.as_ref().and_then(|(before, deltas)| {
                        let known = before.answers.get(index)?.as_ref()?;
                        known.reads.as_ref()?.hold_with(deltas).then(|| Arc::clone(known))
                    });
                    Some(known.unwrap_or_else(|| Arc::new(Answer::of(rule, &case, is_noting))))
                };
                let answers = ALL.iter().enumerate().map(answer).collect();
                Outcome::Part(*number, *part, shown.clone(), Found { runs: shown.runs.clone(), starts, answers })
            }
        }
    }
}

fn ask(rule: &Rule, case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    (rule.check)(case, &mut findings);
    findings
}

impl Found {
    /// What other databases hold otherwise; none where it is more than that.
    fn deltas(&self, starts: &[Catalog]) -> Option<Vec<Delta>> {
        let pairs = self.starts.iter().zip(starts);
        (self.starts.len() == starts.len()).then(|| pairs.map(|(own, other)| own.delta(other)).collect()).flatten()
    }
}

impl Answer {
    fn of(rule: &Rule, case: &Case<'_>, is_noting: bool) -> Self {
        if is_noting {
            let (findings, reads) = noting(|| ask(rule, case));
            Self { findings, reads: Some(reads) }
        } else {
            Self { findings: ask(rule, case), reads: None }
        }
    }
}

impl Kept {
    /// Notes what rules ask of the databases: it pays where almost the same is asked for again.
    #[must_use]
    pub fn noting(self) -> Self {
        Self { is_noting: true, ..self }
    }

    /// Everything that is wrong with a package, each once. Ends early, with whatever it has,
    /// when it has to stop.
    pub fn check(&mut self, case: &Case<'_>, stop: &(dyn Fn() -> bool + Sync)) -> Vec<Finding> {
        self.request += 1;
        let request = self.request;
        let is_noting = self.is_noting;
        let frame = self.number(case.frame());
        let mut by_rule: Vec<Vec<Finding>> = vec![Vec::new(); ALL.len()];
        let mut parts: Vec<Option<Arc<Found>>> = Vec::new();
        let whole = ALL.iter().enumerate().filter(|(_, rule)| rule.whole);
        let mut tasks: Vec<Task> = whole.map(|(index, rule)| Task::Rule(rule, index)).collect();
        for (number, (part, shown)) in case.parts().into_iter().enumerate() {
            let key = (part, frame, shown.originals.clone(), shown.rows.clone());
            let known = self.found.entry(key).or_default();
            if let Some((asked, found)) = known.iter_mut().find(|(_, found)| found.runs == shown.runs) {
                *asked = request;
                parts.push(Some(Arc::clone(found)));
            } else {
                let like = known.iter().max_by_key(|(asked, _)| *asked).map(|(_, found)| Arc::clone(found));
                tasks.push(Task::Part(number, part, shown, like));
                parts.push(None);
            }
        }
        for outcome in side_by_side(&tasks, |task| (!stop()).then(|| task.work(case, is_noting))) {
            match outcome {
                Outcome::Rule(index, own) => {
                    if let Some(all) = by_rule.get_mut(index) {
                        all.extend(own);
                    }
                }
                Outcome::Part(number, part, shown, found) => {
                    let found = Arc::new(found);
                    if let Some(slot) = parts.get_mut(number) {
                        *slot = Some(Arc::clone(&found));
                    }
                    let key = (part, frame, shown.originals, shown.rows);
                    self.found.entry(key).or_default().push((request, found));
                }
            }
        }
        for found in parts.iter().flatten() {
            for (all, answer) in by_rule.iter_mut().zip(&found.answers) {
                all.extend(answer.iter().flat_map(|answer| answer.findings.iter().cloned()));
            }
        }
        self.found.retain(|_, found| {
            found.retain(|(asked, _)| asked + REQUESTS >= request);
            !found.is_empty()
        });
        self.frames.retain(|(.., used)| used + REQUESTS >= request);
        let baseline = case.of_baseline();
        let mut findings = Vec::new();
        for mut own in by_rule {
            // The same place is reached by several runs of one script.
            own.sort_by(|left, right| {
                spot(left.primary.at).cmp(&spot(right.primary.at)).then_with(|| left.message.cmp(&right.message))
            });
            own.dedup_by(|other, first| {
                let is_same = spot(other.primary.at) == spot(first.primary.at) && other.message == first.message;
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

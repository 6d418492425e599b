//! Two pictures, as SVG that has no colours of its own: the time line of a script, and the
//! objects in the order in which they are dropped with what each of them needs. Objects stand
//! one below the other, each on a line of its own, so that names stay readable however many
//! there are and however narrow the page is.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::course::Course;
use super::html::escape;
use super::lock::Mode;
use super::model::Model;
use super::order::{Undo, Undone};
use super::page::{name, upper};

/// The height of a line.
const ROW: usize = 22;
/// The width of a lane.
const LANE: usize = 9;
/// The width of a character of the names.
const LETTER: usize = 8;

/// The statements of a script from left to right, with its transactions and locks.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// What it shows, in words.
    pub title: String,
    /// How many statements there are.
    length: usize,
    /// Name, class, from and to.
    bars: Vec<(String, &'static str, (usize, usize))>,
}

impl Timeline {
    /// The time line of a script: its transactions, and its locks that keep others from
    /// something. `what` is the script, in words.
    #[must_use]
    pub fn of(course: &Course, what: &str) -> Self {
        let transactions = course.transactions.iter().map(|one| ("transaction".to_owned(), "transaction", one.span));
        let mut bars: Vec<(String, &'static str, (usize, usize))> = transactions.collect();
        for lock in course.locks.iter().filter(|lock| lock.mode > Mode::AccessShare) {
            let class = match lock.mode {
                Mode::AccessExclusive | Mode::Exclusive => "stops-all",
                Mode::Share | Mode::ShareRowExclusive => "stops-writes",
                _ => "stops-schema",
            };
            bars.push((format!("{}: {}", name(&lock.key), lock.mode.word()), class, lock.span));
        }
        let reads = course.locks.iter().filter(|lock| lock.mode == Mode::AccessShare);
        let spans: Vec<(usize, usize)> = reads.map(|lock| lock.span).collect();
        if let (Some(first), Some(last)) =
            (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max())
        {
            bars.push((format!("{} relations: ACCESS SHARE", spans.len()), "reads", (first, last)));
        }
        let title =
            format!("{}: {} statements from left to right, its transactions and its locks", upper(what), course.length);
        Self { title, length: course.length.max(1), bars }
    }

    /// The picture; `id` is told from those of other pictures.
    #[must_use]
    pub(super) fn svg(&self, id: &str) -> String {
        let height = self.bars.len() * 2 * ROW + 8;
        let mut svg = format!(
            "<svg class=\"timeline\" role=\"img\" aria-labelledby=\"{id}\" width=\"100%\" height=\"{height}\">\
             <title id=\"{id}\">{}</title>\n",
            escape(&self.title)
        );
        for (index, (label, class, (from, to))) in self.bars.iter().enumerate() {
            let y = index * 2 * ROW;
            let at = |moment: usize| moment.min(self.length) * 1000 / self.length;
            let (start, end) = (at(from.saturating_sub(1)), at(*to));
            let width = end.saturating_sub(start).max(8);
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<text x=\"0\" y=\"{}\">{}</text><rect class=\"track\" x=\"0\" y=\"{}\" width=\"100%\" height=\"10\"/>\
                 <rect class=\"{class}\" x=\"{}.{}%\" y=\"{}\" width=\"{}.{}%\" height=\"10\"/>",
                y + 16,
                escape(label),
                y + 24,
                start / 10,
                start % 10,
                y + 24,
                width / 10,
                width % 10,
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Objects in the order in which they are dropped, and what each needs of those below it.
#[derive(Debug, Clone)]
pub struct Graph {
    /// What it shows, in words.
    pub title: String,
    /// Name, and the tier.
    nodes: Vec<(String, String)>,
    /// By node: its lane, and the first and last node that stand on it.
    lanes: BTreeMap<usize, (usize, Vec<usize>)>,
    width: usize,
}

impl Graph {
    /// The objects of a rollback; none if it drops none.
    #[must_use]
    pub fn of(model: &Model, undo: &Undo) -> Option<Self> {
        let mut keys = Vec::new();
        let mut nodes = Vec::new();
        for step in &undo.steps {
            let (Undone::Object(key) | Undone::Cascade(key)) = &step.what else { continue };
            if keys.contains(key) {
                continue;
            }
            let tier = step.tier.and_then(|tier| model.tiers.get(tier));
            keys.push(key.clone());
            nodes.push((
                format!("{} {}", key.kind, name(key)),
                tier.map_or_else(String::new, |tier| tier.number.to_string()),
            ));
        }
        if nodes.is_empty() {
            return None;
        }
        // Of each object those above it that need it.
        let mut needed: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for object in model.tiers.iter().flat_map(|tier| &tier.objects) {
            let Some(from) = keys.iter().position(|key| *key == object.key) else { continue };
            let targets = object.needs.iter().chain(object.parents.iter().map(|(_, parent)| parent));
            for target in targets {
                let Some(to) = keys.iter().position(|key| key == target) else { continue };
                let by = needed.entry(to).or_default();
                if from != to && !by.contains(&from) {
                    by.push(from);
                }
            }
        }
        // A lane for each that is needed; one that has ended is used again.
        let mut free: Vec<usize> = Vec::new();
        let mut lanes = BTreeMap::new();
        let mut ordered: Vec<(usize, Vec<usize>)> = needed.into_iter().collect();
        let span = |(to, by): &(usize, Vec<usize>)| {
            let all = || by.iter().chain(std::iter::once(to)).copied();
            (all().min().unwrap_or(0), all().max().unwrap_or(0))
        };
        ordered.sort_by_key(|one| (span(one), one.0));
        for one in ordered {
            let (first, last) = span(&one);
            let lane = free.iter().position(|until| *until < first).unwrap_or(free.len());
            match free.get_mut(lane) {
                Some(until) => *until = last,
                None => free.push(last),
            }
            lanes.insert(one.0, (lane, one.1));
        }
        let title = format!(
            "{} objects in the order in which they are dropped; a line leads from each to what it needs, further down",
            nodes.len()
        );
        Some(Self { title, nodes, lanes, width: free.len() })
    }

    /// The picture; `id` is told from those of other pictures.
    #[must_use]
    pub(super) fn svg(&self, id: &str) -> String {
        let left = (self.width + 1) * LANE;
        let longest = self.nodes.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 5;
        let (width, height) = (left + longest * LETTER, self.nodes.len() * ROW + 6);
        let mut svg = format!(
            "<svg class=\"graph\" role=\"img\" aria-labelledby=\"{id}\" viewBox=\"0 0 {width} {height}\" \
             style=\"max-width:{width}px\"><title id=\"{id}\">{}</title>\n",
            escape(&self.title)
        );
        let middle = |row: usize| row * ROW + ROW / 2 + 3;
        // Writing to a string cannot fail.
        for (to, (lane, by)) in &self.lanes {
            let x = left - (lane + 1) * LANE;
            // What an object needs leaves above the middle, what needs it comes in below.
            let (out, into) = (|row: usize| middle(row) - 3, middle(*to) + 3);
            let ends = || by.iter().map(|row| out(*row)).chain(std::iter::once(into));
            let (top, bottom) = (ends().min().unwrap_or(into), ends().max().unwrap_or(into));
            let _ = write!(svg, "<g class=\"lane{}\"><path d=\"M{x} {top}V{bottom}", lane % 6);
            for y in ends() {
                let _ = write!(svg, "M{x} {y}H{left}");
            }
            let _ = write!(svg, "\"/>");
            for row in by {
                let _ = write!(svg, "<circle cx=\"{x}\" cy=\"{}\" r=\"2.5\"/>", out(*row));
            }
            let _ = writeln!(svg, "<path class=\"arrow\" d=\"M{} {into}l-6 -4v8z\"/></g>", left + 2);
        }
        for (row, (label, tier)) in self.nodes.iter().enumerate() {
            let tier = if tier.is_empty() { String::new() } else { format!(" ({tier})") };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\">{}{}</text>",
                left + 6,
                middle(row) + 4,
                escape(label),
                escape(&tier)
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

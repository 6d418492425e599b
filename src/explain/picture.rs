//! Two pictures, as SVG that has no colours of its own: the time line of a script, and the
//! objects in the order in which they are dropped with what each of them needs. Objects stand
//! one below the other, each on a line of its own, so that names stay readable however many
//! there are and however narrow the page is: the order is the rollback's, and a layout in
//! ranks has eight names side by side where this has one.

use std::collections::{BTreeMap, BTreeSet};
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
/// The width of a picture for narrow pages, in units that are about a pixel there.
const NARROW: usize = 310;
/// So much of that may be taken by lanes.
const NARROW_LANES: usize = 100;
/// The height of a line of a label.
const LINE: usize = 16;
/// The height of a bar, with what is around it.
const BAR: usize = 28;
/// So many characters of a label fit into a line of a narrow page.
const LABEL: usize = 42;

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
        let labels: Vec<Vec<String>> = self.bars.iter().map(|(label, _, _)| broken(label, LABEL)).collect();
        let height = labels.iter().map(|lines| lines.len() * LINE + BAR).sum::<usize>() + 8;
        let mut svg = format!(
            "<svg class=\"timeline\" role=\"img\" aria-labelledby=\"{id}\" width=\"100%\" height=\"{height}\">\
             <title id=\"{id}\">{}</title>\n",
            escape(&self.title)
        );
        let mut y = 0;
        // Writing to a string cannot fail.
        for ((_, class, (from, to)), lines) in self.bars.iter().zip(&labels) {
            let at = |moment: usize| moment.min(self.length) * 1000 / self.length;
            let (start, end) = (at(from.saturating_sub(1)), at(*to));
            let width = end.saturating_sub(start).max(8);
            for line in lines {
                y += LINE;
                let _ = write!(svg, "<text x=\"0\" y=\"{y}\">{}</text>", escape(line));
            }
            let _ = writeln!(
                svg,
                "<rect class=\"track\" x=\"0\" y=\"{top}\" width=\"100%\" height=\"10\"/>\
                 <rect class=\"{class}\" x=\"{}.{}%\" y=\"{top}\" width=\"{}.{}%\" height=\"10\"/>",
                start / 10,
                start % 10,
                width / 10,
                width % 10,
                top = y + 8,
            );
            y += BAR;
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
    /// Kind, name, and the tier.
    nodes: Vec<(String, String, String)>,
    /// By node: its lane, and the nodes that stand on it.
    lanes: BTreeMap<usize, (usize, Vec<usize>)>,
    width: usize,
}

/// The measures of a drawing of a graph.
struct Measures {
    class: &'static str,
    /// The whole width, if the names have to fit into one.
    width: Option<usize>,
    /// Tenths of a unit between the lanes.
    lane: usize,
    /// Tenths of a unit for a character.
    letter: usize,
    /// The height of a line of text.
    line: usize,
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
            let tier = tier.map_or_else(String::new, |tier| tier.number.to_string());
            nodes.push((key.kind.to_string(), name(key), tier));
        }
        if nodes.is_empty() {
            return None;
        }
        // Of each object those that need it.
        let mut needed: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for object in model.tiers.iter().flat_map(|tier| &tier.objects) {
            let Some(from) = keys.iter().position(|key| *key == object.key) else { continue };
            let targets = object.needs.iter().chain(object.parents.iter().map(|(_, parent)| parent));
            for target in targets {
                let Some(to) = keys.iter().position(|key| key == target) else { continue };
                if from != to {
                    needed.entry(to).or_default().insert(from);
                }
            }
        }
        let direct = without_detours(&needed);
        // A lane for each that is needed; one that has ended is used again.
        let mut free: Vec<usize> = Vec::new();
        let mut lanes = BTreeMap::new();
        let mut ordered: Vec<(usize, Vec<usize>)> = direct.into_iter().collect();
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
            "{} objects in the order in which they are dropped, from the top; the tier in parentheses. A line leads \
             from each to what it needs, further down; what it needs by way of others has no line of its own",
            nodes.len()
        );
        Some(Self { title, nodes, lanes, width: free.len() })
    }

    /// The picture for wide pages; `id` is told from those of other pictures.
    #[must_use]
    pub(super) fn svg(&self, id: &str) -> String {
        self.draw(id, &Measures { class: "wide", width: None, lane: LANE * 10, letter: 80, line: 14 })
    }

    /// The picture for narrow pages, in which long names take several lines.
    #[must_use]
    pub(super) fn narrow_svg(&self, id: &str) -> String {
        let lane = (NARROW_LANES * 10 / self.width.max(1)).min(60);
        self.draw(id, &Measures { class: "narrow", width: Some(NARROW), lane, letter: 70, line: 14 })
    }

    fn draw(&self, id: &str, measures: &Measures) -> String {
        let left = (self.width + 1) * measures.lane / 10 + 4;
        let labels: Vec<Vec<String>> = self
            .nodes
            .iter()
            .map(|(kind, name, tier)| {
                let tier = if tier.is_empty() { String::new() } else { format!(" ({tier})") };
                match measures.width {
                    None => vec![format!("{kind} {name}{tier}")],
                    Some(width) => {
                        let fits = width.saturating_sub(left + 8) * 10 / measures.letter;
                        broken(&format!("{name}{tier}"), fits.max(8))
                    }
                }
            })
            .collect();
        // The middle of the first line of each label, and the end of the last.
        let mut tops = Vec::new();
        let mut end = 3;
        for label in &labels {
            tops.push(end + ROW / 2);
            end += ROW + label.len().saturating_sub(1) * measures.line;
        }
        let longest = labels.iter().flatten().map(|label| label.chars().count()).max().unwrap_or(0);
        let width = measures.width.unwrap_or(left + 6 + longest * measures.letter / 10);
        let height = end + 3;
        let limit = if measures.width.is_none() { format!(" style=\"max-width:{width}px\"") } else { String::new() };
        let mut svg = format!(
            "<svg class=\"graph {}\" role=\"img\" aria-labelledby=\"{id}\" viewBox=\"0 0 {width} {height}\"{limit}>\
             <title id=\"{id}\">{}</title>\n",
            measures.class,
            escape(&self.title)
        );
        let middle = |row: usize| tops.get(row).copied().unwrap_or(0);
        // Writing to a string cannot fail.
        for (to, (lane, by)) in &self.lanes {
            let tenths = (left * 10).saturating_sub((lane + 1) * measures.lane);
            let x = format!("{}.{}", tenths / 10, tenths % 10);
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
        for (row, label) in labels.iter().enumerate() {
            for (line, words) in label.iter().enumerate() {
                let y = middle(row) + 4 + line * measures.line;
                let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", left + 6, escape(words));
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Of each the direct ones alone: who needs something by way of another does not need a line.
fn without_detours(needed: &BTreeMap<usize, BTreeSet<usize>>) -> BTreeMap<usize, Vec<usize>> {
    // What is dropped later than what it needs is drawn whatever else there is.
    let earlier = |to: usize| needed.get(&to).into_iter().flatten().copied().filter(move |by| *by < to);
    let direct = needed.iter().map(|(to, by)| {
        // Whoever needs it by way of at least one other.
        let mut far = BTreeSet::new();
        let mut queue: Vec<usize> = earlier(*to).collect();
        while let Some(one) = queue.pop() {
            queue.extend(earlier(one).filter(|by| far.insert(*by)));
        }
        (*to, by.iter().copied().filter(|by| *by > *to || !far.contains(by)).collect())
    });
    direct.collect()
}

/// A name in lines of so many characters, broken after `_` or `.` where there is one.
fn broken(name: &str, fits: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest: Vec<char> = name.chars().collect();
    while rest.len() > fits {
        let may = rest.iter().take(fits).rposition(|letter| matches!(letter, '_' | '.' | ' ' | ','));
        let cut = may.map_or(fits, |at| at + 1).max(1);
        let tail = rest.split_off(cut);
        lines.push(rest.into_iter().collect());
        rest = tail;
    }
    lines.push(rest.into_iter().collect());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detours_have_no_line_of_their_own() {
        let needed = |pairs: &[(usize, &[usize])]| -> BTreeMap<usize, BTreeSet<usize>> {
            pairs.iter().map(|(to, by)| (*to, by.iter().copied().collect())).collect()
        };
        // 0 needs 1, 2 and 3; 1 needs 2, 2 needs 3.
        let direct = without_detours(&needed(&[(1, &[0]), (2, &[0, 1]), (3, &[0, 1, 2])]));
        assert_eq!(direct, BTreeMap::from([(1, vec![0]), (2, vec![1]), (3, vec![2])]));
        // Two that need one another keep both lines.
        let direct = without_detours(&needed(&[(0, &[1]), (1, &[0])]));
        assert_eq!(direct, BTreeMap::from([(0, vec![1]), (1, vec![0])]));
    }

    #[test]
    fn names_are_broken_and_nothing_of_them_is_lost() {
        assert_eq!(broken("v_axis_gap (1)", 20), ["v_axis_gap (1)"]);
        assert_eq!(broken("governance_responsibility_scope", 20), ["governance_", "responsibility_scope"]);
        assert_eq!(broken("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(broken("", 4), [""]);
        for fits in 1..40 {
            assert_eq!(broken("a_long.name with (1)", fits).concat(), "a_long.name with (1)");
        }
    }
}

//! Whether formulas can hold together: a search through their branches, and what terms can
//! be at once.

use std::collections::{BTreeSet, HashMap};

use super::canon;
use super::formula::{Atom, Formula, Term, Value};
use crate::effect::Ident;

/// How many branches are looked at; beyond it nothing is said.
const BUDGET: usize = 4096;

/// Whether the formulas certainly cannot all hold.
pub(super) fn unsatisfiable(formulas: &[&Formula]) -> bool {
    let mut search = Search { budget: BUDGET };
    !search.satisfiable(formulas.to_vec(), Vec::new(), Vec::new())
}

struct Search {
    budget: usize,
}

impl Search {
    /// Whether some branch may hold; a search that is given up may.
    fn satisfiable<'f>(
        &mut self,
        mut pending: Vec<&'f Formula>,
        mut choices: Vec<&'f [Formula]>,
        mut literals: Vec<(&'f Atom, bool)>,
    ) -> bool {
        if self.budget == 0 {
            return true;
        }
        self.budget -= 1;
        while let Some(formula) = pending.pop() {
            match formula {
                Formula::Constant(true) => {}
                Formula::Constant(false) => return false,
                Formula::And(parts) => pending.extend(parts),
                Formula::Or(parts) => match parts.as_slice() {
                    [only] => pending.push(only),
                    parts => choices.push(parts),
                },
                Formula::Literal(atom, holds) => {
                    if literals.iter().any(|(known, truth)| *known == atom && truth != holds) {
                        return false;
                    }
                    literals.push((atom, *holds));
                }
            }
        }
        if !consistent(&literals) {
            return false;
        }
        // A choice that a literal has made already is none.
        choices.retain(|parts| {
            !parts.iter().any(|part| match part {
                Formula::Literal(atom, holds) => literals.iter().any(|(known, truth)| *known == atom && truth == holds),
                Formula::Constant(truth) => *truth,
                _ => false,
            })
        });
        let Some(smallest) = (0..choices.len()).min_by_key(|index| choices.get(*index).map_or(0, |parts| parts.len()))
        else {
            return true;
        };
        let parts = choices.swap_remove(smallest);
        parts.iter().any(|part| self.satisfiable(vec![part], choices.clone(), literals.clone()))
    }
}

/// What a class of equal terms can be.
#[derive(Default)]
struct Class {
    null: Option<bool>,
    whole: bool,
    /// At least this.
    low: Option<i128>,
    /// Less than this.
    below: Option<i128>,
    is: Option<Value>,
    is_not: BTreeSet<Value>,
    starts: Vec<Ident>,
    starts_not: Vec<Ident>,
    holds: Option<bool>,
}

struct Classes<'f> {
    index: HashMap<&'f Term, usize>,
    parent: Vec<usize>,
    terms: Vec<&'f Term>,
    known: Vec<Class>,
}

impl<'f> Classes<'f> {
    fn of(&mut self, term: &'f Term) -> usize {
        let index = match self.index.get(term) {
            Some(index) => *index,
            None => {
                let index = self.terms.len();
                self.index.insert(term, index);
                self.parent.push(index);
                self.terms.push(term);
                let counted = canon::counted(&term.expr).is_some();
                let class = Class {
                    whole: canon::is_whole(&term.expr),
                    low: counted.then_some(0),
                    null: canon::never_null(&term.expr).then_some(false),
                    ..Class::default()
                };
                self.known.push(class);
                index
            }
        };
        self.root(index)
    }

    fn root(&self, mut index: usize) -> usize {
        while let Some(parent) = self.parent.get(index).copied().filter(|parent| *parent != index) {
            index = parent;
        }
        index
    }

    fn unite(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        if left == right {
            return;
        }
        if let Some(parent) = self.parent.get_mut(right) {
            *parent = left;
        }
        let taken = self.known.get_mut(right).map(std::mem::take).unwrap_or_default();
        if let Some(class) = self.known.get_mut(left) {
            class.whole |= taken.whole;
            class.low = class.low.max(taken.low);
            class.null = class.null.or(taken.null);
        }
    }

    fn class(&mut self, index: usize) -> &mut Class {
        let root = self.root(index);
        if root >= self.known.len() {
            self.known.resize_with(root + 1, Class::default);
        }
        &mut self.known[root]
    }
}

/// Whether terms can be what the literals say of them.
fn consistent(literals: &[(&Atom, bool)]) -> bool {
    let mut all = Classes { index: HashMap::new(), parent: Vec::new(), terms: Vec::new(), known: Vec::new() };
    for (atom, holds) in literals {
        if let (Atom::Same(left, right), true) = (atom, holds) {
            let (left, right) = (all.of(left), all.of(right));
            all.unite(left, right);
        }
    }
    for (atom, holds) in literals {
        if !note(&mut all, atom, *holds) {
            return false;
        }
    }
    bound_counts(&mut all);
    let roots: BTreeSet<usize> = (0..all.terms.len()).map(|index| all.root(index)).collect();
    if !roots.into_iter().all(|root| possible(all.class(root))) {
        return false;
    }
    // Pairs, once every class is as narrow as it gets.
    literals.iter().all(|(atom, holds)| pair(&mut all, atom, *holds))
}

/// Adds what one literal says; false where it contradicts another at once.
fn note<'f>(all: &mut Classes<'f>, atom: &'f Atom, holds: bool) -> bool {
    fn set(slot: &mut Option<bool>, truth: bool) -> bool {
        *slot.get_or_insert(truth) == truth
    }
    match atom {
        Atom::Null(term) => {
            let index = all.of(term);
            set(&mut all.class(index).null, holds)
        }
        Atom::Holds(term) | Atom::Opaque(term) => {
            let index = all.of(term);
            set(&mut all.class(index).holds, holds)
        }
        Atom::Is(term, value) => {
            let index = all.of(term);
            let class = all.class(index);
            if !holds {
                class.is_not.insert(value.clone());
                return true;
            }
            match &class.is {
                // A number and a text are not compared by value here.
                Some(known) if std::mem::discriminant(known) == std::mem::discriminant(value) => known == value,
                Some(_) => true,
                None => {
                    class.is = Some(value.clone());
                    true
                }
            }
        }
        Atom::Less(term, number) => {
            let index = all.of(term);
            let class = all.class(index);
            if holds {
                class.below = Some(class.below.map_or(*number, |below| below.min(*number)));
            } else {
                class.low = Some(class.low.map_or(*number, |low| low.max(*number)));
            }
            true
        }
        Atom::Starts(term, prefix) => {
            let index = all.of(term);
            let class = all.class(index);
            if holds {
                class.starts.push(prefix.clone());
            } else {
                class.starts_not.push(prefix.clone());
            }
            true
        }
        Atom::Same(left, right) | Atom::Before(left, right) => {
            all.of(left);
            all.of(right);
            true
        }
    }
}

/// Rows that meet more conditions are no more than those that meet fewer.
fn bound_counts(all: &mut Classes<'_>) {
    let counts: Vec<usize> = (0..all.terms.len())
        .filter(|index| all.terms.get(*index).is_some_and(|term| canon::counted(&term.expr).is_some()))
        .collect();
    for _ in 0..counts.len().min(8) {
        for few in &counts {
            for many in &counts {
                if few == many || !is_within(all, *few, *many) {
                    continue;
                }
                let (low, fixed) = {
                    let class = all.class(*few);
                    (class.low, class.is.clone())
                };
                let low = match fixed {
                    Some(Value::Number(number)) => Some(low.map_or(number, |low| low.max(number))),
                    _ => low,
                };
                let (below, fixed) = {
                    let class = all.class(*many);
                    class.low = class.low.max(low);
                    (class.below, class.is.clone())
                };
                let below = match fixed {
                    Some(Value::Number(number)) => {
                        let above = number.saturating_add(1);
                        Some(below.map_or(above, |below| below.min(above)))
                    }
                    _ => below,
                };
                let class = all.class(*few);
                if let Some(below) = below {
                    class.below = Some(class.below.map_or(below, |known| known.min(below)));
                }
            }
        }
    }
}

fn is_within(all: &Classes<'_>, few: usize, many: usize) -> bool {
    let select = |index: usize| all.terms.get(index).and_then(|term| canon::counted(&term.expr));
    let (Some(few), Some(many)) = (select(few), select(many)) else { return false };
    if few.from != many.from {
        return false;
    }
    let narrow = canon::conditions(few);
    canon::conditions(many).iter().all(|condition| narrow.contains(condition))
}

fn possible(class: &Class) -> bool {
    // A literal about a value is only there where the value is not NULL.
    let mut low = class.low;
    let mut below = class.below;
    if let Some(Value::Number(number)) = class.is {
        low = Some(low.map_or(number, |low| low.max(number)));
        if low > Some(number) || below.is_some_and(|below| number >= below) {
            return false;
        }
    }
    if class.whole {
        // Step over the numbers that it is not.
        while let (Some(at), Some(end)) = (low, below) {
            if at >= end {
                return false;
            }
            if class.is_not.contains(&Value::Number(at)) {
                low = at.checked_add(1);
            } else if class.is_not.contains(&Value::Number(end - 1)) {
                below = Some(end - 1);
            } else {
                break;
            }
        }
    }
    if let (Some(low), Some(below)) = (low, below)
        && low >= below
    {
        return false;
    }
    if let Some(value) = &class.is {
        if class.is_not.contains(value) {
            return false;
        }
        if let Value::Text(text) = value {
            let starts = class.starts.iter().all(|prefix| text.starts_with(prefix.as_str()));
            let not = class.starts_not.iter().any(|prefix| text.starts_with(prefix.as_str()));
            if !starts || not {
                return false;
            }
        }
    }
    let longest = class.starts.iter().max_by_key(|prefix| prefix.len());
    if let Some(longest) = longest {
        let together = class.starts.iter().all(|prefix| longest.starts_with(prefix.as_str()));
        let not = class.starts_not.iter().any(|prefix| longest.starts_with(prefix.as_str()));
        if !together || not {
            return false;
        }
    }
    true
}

fn pair<'f>(all: &mut Classes<'f>, atom: &'f Atom, holds: bool) -> bool {
    let (Atom::Same(left, right) | Atom::Before(left, right)) = atom else { return true };
    let (left, right) = (all.of(left), all.of(right));
    let equal = left == right;
    let bounds = |class: &Class| match class.is {
        Some(Value::Number(number)) => (Some(number), Some(number.saturating_add(1))),
        _ => (class.low, class.below),
    };
    let (left_is, (left_low, left_below)) = (all.class(left).is.clone(), bounds(all.class(left)));
    let (right_is, (right_low, right_below)) = (all.class(right).is.clone(), bounds(all.class(right)));
    match (atom, holds) {
        (Atom::Same(..), false) => !equal && (left_is.is_none() || left_is != right_is),
        (Atom::Before(..), true) => {
            // low <= left < right < below
            !equal
                && !matches!((left_low, right_below), (Some(low), Some(below)) if low >= below.saturating_sub(1) && left_low.is_some() && whole(all, left, right))
                && !matches!((left_low, right_below), (Some(low), Some(below)) if low >= below)
        }
        (Atom::Before(..), false) => {
            // right <= left
            !matches!((right_low, left_below), (Some(low), Some(below)) if low >= below)
        }
        _ => true,
    }
}

fn whole(all: &mut Classes<'_>, left: usize, right: usize) -> bool {
    all.class(left).whole && all.class(right).whole
}

//! Whether facts about single values can be true together: NULL, order, constants, patterns.
//! Says no only where it is certain.

use std::sync::Arc;

use super::known::{self, Kind};
use super::pattern::Pattern;
use super::term::ONE;
use crate::effect::Ident;

/// How often bounds are handed on.
const ROUNDS: usize = 8;

/// A fact about terms, by their numbers. A comparison is true only where neither is NULL.
#[derive(Debug, Clone)]
pub(super) enum Fact {
    Null(usize),
    True(usize),
    Equal(usize, usize),
    Less(usize, usize),
    AtMost(usize, usize),
    Like(usize, Arc<Pattern>),
}

/// What a term is, whatever the facts.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) never_null: bool,
    pub(super) kind: Kind,
    pub(super) number: Option<i128>,
    pub(super) text: Option<Ident>,
    /// It is a whole number from 0.
    pub(super) counts: bool,
    pub(super) sum: Vec<(i128, usize)>,
}

/// In billionths, and whether the bound itself is out.
type Bound = Option<(i128, bool)>;

/// The least and the greatest.
type Bounds = (Bound, Bound);

/// What is known of all terms that are equal; nothing of those that another one stands for.
#[derive(Debug, Clone, Default)]
struct Class<'f> {
    present: bool,
    absent: bool,
    whole: bool,
    textual: bool,
    truth: Option<bool>,
    low: Bound,
    high: Bound,
    texts: Vec<&'f Ident>,
    number: bool,
    like: Vec<&'f Arc<Pattern>>,
    unlike: Vec<&'f Arc<Pattern>>,
}

/// Terms that are equal and not NULL share a representative.
struct Union(Vec<usize>);

impl Union {
    fn of(&self, mut term: usize) -> usize {
        while let Some(next) = self.0.get(term).copied().filter(|next| *next != term) {
            term = next;
        }
        term
    }

    /// Whether that is news.
    fn join(&mut self, left: usize, right: usize) -> bool {
        let (left, right) = (self.of(left), self.of(right));
        if let Some(slot) = self.0.get_mut(left.max(right)) {
            *slot = left.min(right);
        }
        left != right
    }
}

/// Whether nothing is known to stand against these facts and the opposites of others.
pub(super) fn is_consistent<'f>(facts: impl Iterator<Item = (&'f Fact, bool)>, values: &[Value]) -> bool {
    let facts: Vec<(&Fact, bool)> = facts.collect();
    let mut present: Vec<bool> = values.iter().map(|value| value.never_null).collect();
    let mut mark = |term: usize| {
        if let Some(slot) = present.get_mut(term) {
            *slot = true;
        }
    };
    let mut union = Union((0..values.len()).collect());
    for (fact, sign) in &facts {
        match (fact, sign) {
            (Fact::Null(term), false) | (Fact::True(term) | Fact::Like(term, _), true) => mark(*term),
            (Fact::Equal(left, right) | Fact::Less(left, right) | Fact::AtMost(left, right), true) => {
                mark(*left);
                mark(*right);
            }
            _ => {}
        }
        if let (Fact::Equal(left, right), true) = (fact, sign) {
            union.join(*left, *right);
        }
    }
    let is_present = |term: usize| present.get(term).copied().unwrap_or(false);
    // Orders, smaller first, and whether they are strict.
    let mut orders: Vec<(usize, usize, bool)> = Vec::new();
    let mut unequal: Vec<(usize, usize)> = Vec::new();
    for (fact, sign) in &facts {
        match (fact, sign) {
            (Fact::Less(left, right), true) => orders.push((*left, *right, true)),
            (Fact::AtMost(left, right), true) => orders.push((*left, *right, false)),
            (Fact::Less(left, right), false) if is_present(*left) && is_present(*right) => {
                orders.push((*right, *left, false));
            }
            (Fact::AtMost(left, right), false) if is_present(*left) && is_present(*right) => {
                orders.push((*right, *left, true));
            }
            // Where one may be NULL it is enough that they do not stand in one class.
            (Fact::Equal(left, right), false) => unequal.push((*left, *right)),
            _ => {}
        }
    }
    merge_cycles(&orders, &mut union, values.len());
    let Some(mut classes) = classes(&facts, values, &present, &union) else {
        return false;
    };
    let orders: Vec<(usize, usize, bool)> =
        orders.iter().map(|(left, right, strict)| (union.of(*left), union.of(*right), *strict)).collect();
    if orders.iter().any(|(left, right, strict)| *strict && left == right) {
        return false;
    }
    for (left, right) in &unequal {
        if union.of(*left) == union.of(*right) && (left != right || is_present(*left)) {
            return false;
        }
    }
    for _ in 0..ROUNDS {
        let before: Vec<_> = classes.iter().map(Class::bounds).collect();
        for (left, right, strict) in &orders {
            let low = classes.get(*left).and_then(|class| class.low);
            let high = classes.get(*right).and_then(|class| class.high);
            if let (Some(low), Some(class)) = (low, classes.get_mut(*right)) {
                class.raise((low.0, low.1 || *strict));
            }
            if let (Some(high), Some(class)) = (high, classes.get_mut(*left)) {
                class.lower((high.0, high.1 || *strict));
            }
        }
        for (left, right) in &unequal {
            for (one, other) in [(left, right), (right, left)] {
                let point = classes.get(union.of(*one)).and_then(Class::point);
                if let (Some(point), Some(class)) = (point, classes.get_mut(union.of(*other)))
                    && class.present
                {
                    class.without(point);
                }
            }
        }
        for (term, value) in values.iter().enumerate() {
            if !value.sum.is_empty() && value.sum.iter().all(|(_, part)| is_present(*part)) {
                add_up(term, &value.sum, &union, &mut classes);
            }
        }
        if classes.iter_mut().any(|class| !class.tighten()) {
            return false;
        }
        if classes.iter().map(Class::bounds).eq(before) {
            break;
        }
    }
    unequal.iter().all(|(left, right)| {
        let [left, right] = [left, right].map(|term| classes.get(union.of(*term)));
        match (left, right) {
            (Some(left), Some(right)) if left.present && right.present => {
                left.point().is_none() || left.point() != right.point()
            }
            _ => true,
        }
    })
}

/// Terms each of which is at most the other are equal.
fn merge_cycles(orders: &[(usize, usize, bool)], union: &mut Union, terms: usize) {
    for _ in 0..orders.len().min(terms) {
        let mut changed = false;
        for (left, right, _) in orders {
            let (from, to) = (union.of(*right), union.of(*left));
            if from == to {
                continue;
            }
            let mut reached = vec![from];
            let mut at = 0;
            while let Some(node) = reached.get(at).copied() {
                for (left, right, _) in orders {
                    let (left, right) = (union.of(*left), union.of(*right));
                    if left == node && !reached.contains(&right) {
                        reached.push(right);
                    }
                }
                at += 1;
            }
            if reached.contains(&to) {
                changed |= union.join(from, to);
            }
        }
        if !changed {
            return;
        }
    }
}

/// By the number of the term that stands for the others.
fn classes<'f>(
    facts: &[(&'f Fact, bool)],
    values: &'f [Value],
    present: &[bool],
    union: &Union,
) -> Option<Vec<Class<'f>>> {
    let mut classes: Vec<Class<'f>> = Vec::new();
    classes.resize_with(values.len(), Class::default);
    for (term, value) in values.iter().enumerate() {
        let class = classes.get_mut(union.of(term))?;
        class.present |= present.get(term).copied().unwrap_or(false);
        class.whole |= value.kind == Kind::Integer && value.number.is_none();
        class.textual |= value.kind == Kind::Text;
        class.number |= matches!(value.kind, Kind::Integer | Kind::Number);
        class.texts.extend(&value.text);
        if let Some(number) = value.number {
            class.raise((number, false));
            class.lower((number, false));
        }
        if value.counts {
            class.raise((0, false));
        }
    }
    for (fact, sign) in facts {
        let term = match fact {
            Fact::Null(term) | Fact::True(term) | Fact::Like(term, _) => *term,
            _ => continue,
        };
        let class = classes.get_mut(union.of(term))?;
        match (fact, sign) {
            (Fact::Null(_), true) => class.absent = true,
            (Fact::True(_), sign) if *sign || present.get(term).copied().unwrap_or(false) || class.present => {
                if class.truth == Some(!sign) {
                    return None;
                }
                class.truth = Some(*sign);
            }
            (Fact::Like(_, pattern), true) => class.like.push(pattern),
            (Fact::Like(_, pattern), false) => class.unlike.push(pattern),
            _ => {}
        }
    }
    classes.iter().all(Class::is_possible).then_some(classes)
}

/// Bounds of a sum from its parts, and of each part from the others.
fn add_up(term: usize, parts: &[(i128, usize)], union: &Union, classes: &mut [Class<'_>]) {
    let get = |classes: &[Class<'_>], part: usize| classes.get(union.of(part)).map_or((None, None), Class::bounds);
    let weighted = |bounds: Bounds, factor: i128| {
        let scale = |bound: Bound| bound.and_then(|(bound, open)| Some((bound.checked_mul(factor)?, open)));
        if factor < 0 { (scale(bounds.1), scale(bounds.0)) } else { (scale(bounds.0), scale(bounds.1)) }
    };
    let add = |left: Bound, right: Bound| match (left, right) {
        (Some(left), Some(right)) => left.0.checked_add(right.0).map(|sum| (sum, left.1 || right.1)),
        _ => None,
    };
    let whole = parts.iter().fold((Some((0, false)), Some((0, false))), |sum, (factor, part)| {
        let bounds = weighted(get(classes, *part), *factor);
        (add(sum.0, bounds.0), add(sum.1, bounds.1))
    });
    if let Some(class) = classes.get_mut(union.of(term)) {
        whole.0.into_iter().for_each(|low| class.raise(low));
        whole.1.into_iter().for_each(|high| class.lower(high));
    }
    for (at, (factor, part)) in parts.iter().enumerate() {
        // The part is the sum without the others.
        let mut rest = get(classes, term);
        for (other, (factor, part)) in parts.iter().enumerate() {
            if other != at {
                let bounds = weighted(get(classes, *part), factor.saturating_neg());
                rest = (add(rest.0, bounds.0), add(rest.1, bounds.1));
            }
        }
        if let Some(class) = classes.get_mut(union.of(*part)) {
            let (low, high) = if *factor < 0 { (rest.1, rest.0) } else { rest };
            let round = |bound: i128, up: bool| {
                let (unit, quotient) = (factor.abs(), bound.div_euclid(factor.abs()));
                if up && bound.rem_euclid(unit) != 0 { quotient + 1 } else { quotient }
            };
            let sign = if *factor < 0 { -1 } else { 1 };
            low.into_iter().for_each(|(low, open)| class.raise((round(low * sign, true), open)));
            high.into_iter().for_each(|(high, open)| class.lower((round(high * sign, false), open)));
        }
    }
}

impl Class<'_> {
    fn raise(&mut self, bound: (i128, bool)) {
        if self.low.is_none_or(|low| bound > low) {
            self.low = Some(bound);
        }
    }

    fn lower(&mut self, bound: (i128, bool)) {
        if self.high.is_none_or(|high| (bound.0, !bound.1) < (high.0, !high.1)) {
            self.high = Some(bound);
        }
    }

    const fn bounds(&self) -> Bounds {
        (self.low, self.high)
    }

    /// The only number that it can be.
    fn point(&self) -> Option<i128> {
        match (self.low, self.high) {
            (Some((low, false)), Some((high, false))) if low == high => Some(low),
            _ => None,
        }
    }

    fn without(&mut self, point: i128) {
        if self.low == Some((point, false)) {
            self.low = Some((point, true));
        }
        if self.high == Some((point, false)) {
            self.high = Some((point, true));
        }
    }

    /// Whole numbers lie at whole bounds; false where nothing is left between them.
    fn tighten(&mut self) -> bool {
        if self.whole {
            self.low = self.low.map(|(low, open)| {
                let floor = low.div_euclid(ONE);
                (if low.rem_euclid(ONE) != 0 || open { floor + 1 } else { floor } * ONE, false)
            });
            self.high = self.high.map(|(high, open)| {
                let floor = high.div_euclid(ONE);
                (if high.rem_euclid(ONE) == 0 && open { floor - 1 } else { floor } * ONE, false)
            });
        }
        match (self.low, self.high) {
            (Some(low), Some(high)) if self.present => low.0 < high.0 || (low.0 == high.0 && !low.1 && !high.1),
            _ => true,
        }
    }

    fn is_possible(&self) -> bool {
        if self.present && self.absent {
            return false;
        }
        if !self.present {
            return true;
        }
        for (at, left) in self.texts.iter().enumerate() {
            if self.texts.iter().skip(at + 1).any(|right| known::differ(left, right, self.textual)) {
                return false;
            }
            if self.number && known::is_word(left) {
                return false;
            }
            let matches = |pattern: &Arc<Pattern>| {
                // Of what is no text nobody knows how its value is spelt.
                let told = self.textual || known::is_word(left);
                pattern.matches(left).filter(|_| told)
            };
            if self.unlike.iter().any(|pattern| matches(pattern) == Some(true)) {
                return false;
            }
            // Of a type that ignores case, a text matches in other spellings.
            let folded = |pattern: &Arc<Pattern>| {
                self.textual || pattern.folded().is_some_and(|pattern| pattern.matches(left) == Some(false))
            };
            if self.like.iter().any(|pattern| matches(pattern) == Some(false) && folded(pattern)) {
                return false;
            }
        }
        for like in &self.like {
            let excludes = |other: &&Arc<Pattern>| match (self.textual, like.folded(), other.folded()) {
                (true, ..) => like.excludes(other),
                (false, Some(like), Some(other)) => like.excludes(&other),
                _ => false,
            };
            if self.unlike.iter().any(|unlike| unlike.includes(like)) || self.like.iter().any(excludes) {
                return false;
            }
        }
        true
    }
}

//! Decides whether formulas can hold together: a search over the alternatives, and for each
//! what is known of the values of its terms. Whatever it cannot decide can hold.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::World;
use super::known::Kind;
use super::term::{Atom, Exchange, Formula, Rows, Source, T, Term, reaches};
use super::theory::{self, Fact, Value};
use super::value::{is_condition, kind, null_of, several, some};

/// How many alternatives are tried before the answer is that nobody knows.
const BRANCH_LIMIT: u32 = 1024;
/// How many counts are compared pair by pair.
const COUNTS_LIMIT: usize = 24;
/// How deep filters are compared within filters.
const NESTING_LIMIT: u32 = 3;

/// A question: formulas that are to hold together.
pub(super) struct Question<'w> {
    pub(super) world: &'w dyn World,
    formulas: Vec<Formula>,
    /// A relation whose row at level 0, index 0 the question is about.
    row: Option<crate::effect::Name>,
    nesting: u32,
    budget: Cell<u32>,
}

impl<'w> Question<'w> {
    pub(super) fn new(world: &'w dyn World, formulas: Vec<Formula>) -> Self {
        Self { world, formulas, row: None, nesting: 0, budget: Cell::new(BRANCH_LIMIT) }
    }

    /// The same about a row of the relation.
    pub(super) fn about(mut self, relation: crate::effect::Name) -> Self {
        self.row = Some(relation);
        self
    }

    /// How much work the answers were.
    pub(super) fn effort(&self) -> u64 {
        u64::from(BRANCH_LIMIT - self.budget.get()) + 1
    }

    /// Whether the formulas certainly cannot hold together.
    pub(super) fn is_impossible(&self) -> bool {
        let mut formulas = self.formulas.clone();
        if formulas.contains(&Formula::Never) {
            return true;
        }
        // What the formulas say on their own may be enough, and costs least.
        let mut problem = Problem::new(self.world);
        for formula in &formulas {
            problem.add(formula);
        }
        if problem.is_impossible(&self.budget) {
            return true;
        }
        let known = formulas.len();
        self.row_axioms(&mut formulas);
        self.count_axioms(&mut formulas);
        if formulas.len() == known {
            return false;
        }
        formulas.iter().skip(known).for_each(|formula| problem.add(formula));
        problem.is_impossible(&self.budget)
    }

    /// Whether the conclusion holds wherever the premise does.
    fn implies(&self, premise: &Formula, conclusion: &Formula) -> bool {
        let conclusions = conclusion.conjuncts();
        let premises = premise.conjuncts();
        let missing: Vec<&Formula> = conclusions.iter().filter(|part| !premises.contains(part)).collect();
        if missing.is_empty() {
            return true;
        }
        // What speaks of other things follows only from what cannot be, which is asked elsewhere.
        let speaks_of = |formula: &Formula| {
            let mut terms = BTreeSet::new();
            formula.atoms(&mut |atom| {
                terms.extend(atom.terms().into_iter().flatten().filter(|term| !term.is_constant()).cloned());
            });
            terms
        };
        let known = speaks_of(premise);
        let related = |part: &&&Formula| {
            let terms = speaks_of(part);
            terms.is_empty() || terms.iter().any(|term| known.contains(term) || counts_rows(term))
        };
        let hopeless = missing.iter().any(|part| !related(&part));
        if hopeless || self.nesting >= NESTING_LIMIT || self.budget.get() == 0 {
            return false;
        }
        let missing = Formula::all(missing.into_iter().cloned()).negated();
        let inner = Question {
            world: self.world,
            formulas: vec![premise.clone(), missing],
            row: None,
            nesting: self.nesting + 1,
            budget: Cell::new(self.budget.get().min(256)),
        };
        let before = inner.budget.get();
        let impossible = inner.is_impossible();
        self.budget.set(self.budget.get().saturating_sub(before - inner.budget.get()));
        impossible
    }

    /// What holds of rows that are spoken of by name: those that a count says to exist, and
    /// the row of the question.
    fn row_axioms(&self, formulas: &mut Vec<Formula>) {
        let Some(relation) = &self.row else {
            return;
        };
        let mut named: Vec<(u32, u32)> = vec![(0, 0)];
        let mut next = 1_000_000;
        let mut seen: BTreeSet<Arc<Rows>> = BTreeSet::new();
        for _ in 0..2 {
            for rows in counts(formulas) {
                if seen.len() >= COUNTS_LIMIT || !seen.insert(rows.clone()) {
                    continue;
                }
                let exists = some(&rows, &Formula::Always);
                let own: Vec<u32> = (0..)
                    .zip(&rows.sources)
                    .filter(|(_, source)| is_relation(source, relation))
                    .map(|(index, _)| index)
                    .collect();
                if own.is_empty() {
                    continue;
                }
                next += 1;
                let level = next;
                let with = |index| (level, index);
                let example = Exchange { level: rows.level, with: &with }.formula(&rows.filter);
                formulas.push(Formula::any([exists.negated(), example]));
                named.extend(own.iter().map(|index| (level, *index)));
                // Where there is no such row, the row of the question is none.
                if rows.sources.len() == 1 {
                    let with = |index| (0, index);
                    let this = Exchange { level: rows.level, with: &with }.formula(&rows.filter);
                    formulas.push(Formula::any([exists, this.negated()]));
                }
            }
        }
        // Other rows of the same table that stand beside it.
        let mut columns: BTreeMap<(u32, u32), BTreeSet<crate::effect::Ident>> = BTreeMap::new();
        for formula in formulas.iter() {
            formula.atoms(&mut |atom| {
                for term in atom.terms().into_iter().flatten() {
                    columns_of(term, &mut |level, index, of, column| {
                        if of == relation {
                            columns.entry((level, index)).or_default().insert(column.clone());
                        }
                    });
                }
            });
        }
        named.extend(columns.keys().filter(|row| row.0 == 0 && row.1 > 0).copied());
        let all: BTreeSet<crate::effect::Ident> = columns.values().flatten().cloned().collect();
        let column = |row: (u32, u32), column: &crate::effect::Ident| {
            Arc::new(Term::Column {
                level: row.0,
                index: Some(row.1),
                relation: Some(relation.clone()),
                column: column.clone(),
            })
        };
        let this = (0, 0);
        for other in named.iter().filter(|row| **row != this) {
            let common: Vec<_> = all
                .iter()
                .filter(|name| {
                    [this, *other].iter().all(|row| columns.get(row).is_some_and(|columns| columns.contains(*name)))
                })
                .cloned()
                .collect();
            let mut keys: Vec<Vec<crate::effect::Ident>> = common.iter().map(|name| vec![name.clone()]).collect();
            if common.len() > 1 {
                keys.push(common);
            }
            for key in keys.iter().filter(|key| self.world.unique(relation, key)) {
                let differ = key.iter().map(|name| Formula::Not(Atom::equal(column(this, name), column(*other, name))));
                let differ = Formula::any(differ);
                for name in &all {
                    let (left, right) = (column(this, name), column(*other, name));
                    let nulls = [null_of(&left, self.world), null_of(&right, self.world)];
                    let equal = Formula::Is(Atom::equal(left.clone(), right.clone()));
                    let truths = [left.clone(), right.clone()].map(|term| Formula::Is(Atom::True(term)));
                    let alike = |pair: &[Formula; 2]| {
                        Formula::any([Formula::all(pair.clone()), Formula::all(pair.iter().map(Formula::negated))])
                    };
                    formulas.push(Formula::any([differ.clone(), Formula::any([Formula::all(nulls.clone()), equal])]));
                    formulas.push(Formula::any([differ.clone(), alike(&truths)]));
                }
            }
        }
    }

    /// How counts and aggregates over the same tables depend on one another.
    fn count_axioms(&self, formulas: &mut Vec<Formula>) {
        let mut aggregates = BTreeSet::new();
        for formula in formulas.iter() {
            formula.atoms(&mut |atom| {
                for term in atom.terms().into_iter().flatten() {
                    if let Term::Aggregate { what, present, .. } = &**term
                        && what == "count distinct"
                    {
                        aggregates.insert((term.clone(), present.clone()));
                    }
                    if let Term::Pick { value, rows, stamp: Some(_) } = &**term {
                        let present = null_of(value, self.world).negated();
                        aggregates.insert((term.clone(), super::value::narrowed(rows, &present)));
                    }
                }
            });
        }
        for (term, present) in aggregates {
            let any = some(&present, &Formula::Always);
            if matches!(*term, Term::Pick { .. }) {
                // A value that is there is that of some row.
                formulas.push(Formula::any([Formula::Is(Atom::Null(term.clone())), any.clone()]));
                if let Term::Pick { rows, .. } = &*term
                    && **rows == *present
                {
                    formulas.push(Formula::any([Formula::Not(Atom::Null(term)), any.negated()]));
                }
            } else {
                let count = Arc::new(Term::Count(present));
                formulas.push(Formula::Is(Atom::AtMost(term.clone(), count)));
                let one = Formula::Is(Atom::AtMost(Term::number(1), term));
                formulas.push(Formula::any([any.negated(), one]));
            }
        }
        let counts: Vec<Arc<Rows>> = counts(formulas).into_iter().take(COUNTS_LIMIT).collect();
        for rows in &counts {
            if self.implies(&rows.filter, &Formula::Never) {
                formulas.push(some(rows, &Formula::Always).negated());
            } else if is_by_key(rows, self.world) {
                formulas.push(several(rows, &Formula::Always, 2).negated());
            }
        }
        for fewer in &counts {
            let mut parts = Vec::new();
            for more in &counts {
                if fewer == more || fewer.level != more.level {
                    continue;
                }
                if fewer.sources == more.sources {
                    if self.implies(&fewer.filter, &more.filter) {
                        let [fewer, more] = [fewer, more].map(|rows| Arc::new(Term::Count(rows.clone())));
                        formulas.push(Formula::Is(Atom::AtMost(fewer, more)));
                    } else {
                        parts.push(more);
                    }
                } else if let Some(filter) = within(more, fewer)
                    && self.implies(&fewer.filter, &filter)
                {
                    let [fewer, more] = [fewer, more].map(|rows| some(rows, &Formula::Always));
                    formulas.push(Formula::any([fewer.negated(), more]));
                }
            }
            // Where all of them lie in others together, one that is there is in one of those.
            let filters = Formula::any(parts.iter().map(|part| part.filter.clone()));
            if parts.len() > 1 && self.implies(&fewer.filter, &filters) {
                let exists = |rows: &Arc<Rows>| some(rows, &Formula::Always);
                let within = Formula::any(parts.into_iter().map(exists));
                formulas.push(Formula::any([exists(fewer).negated(), within]));
            }
        }
    }
}

/// Whether the filter fixes a key of the only table: there is one such row at most.
pub(super) fn is_by_key(rows: &Rows, world: &dyn World) -> bool {
    let [Source::Relation { name, .. }] = rows.sources.as_slice() else {
        return false;
    };
    let fixed = rows.filter.conjuncts().iter().filter_map(|part| match part {
        Formula::Is(Atom::Equal(left, right)) => {
            [(left, right), (right, left)].into_iter().find_map(|(column, other)| match &**column {
                Term::Column { level, column, .. } if *level == rows.level && !reaches(other, rows.level) => {
                    Some(column.clone())
                }
                _ => None,
            })
        }
        _ => None,
    });
    let fixed: Vec<_> = fixed.collect();
    !fixed.is_empty() && world.unique(name, &fixed)
}

fn is_relation(source: &Source, relation: &crate::effect::Name) -> bool {
    matches!(source, Source::Relation { name, .. } if name == relation)
}

/// The filter of the first as one of the second, where that joins the same tables and more.
fn within(fewer_sources: &Rows, more_sources: &Rows) -> Option<Formula> {
    let plain = |rows: &Rows| rows.sources.iter().all(|source| matches!(source, Source::Relation { .. }));
    if !plain(fewer_sources) || !plain(more_sources) || fewer_sources.sources.len() >= more_sources.sources.len() {
        return None;
    }
    let mut places: Vec<u32> = Vec::new();
    for source in &fewer_sources.sources {
        let place =
            (0_u32..).zip(&more_sources.sources).find(|(at, other)| *other == source && !places.contains(at))?;
        places.push(place.0);
    }
    let level = fewer_sources.level;
    let with = |index: Option<u32>| (level, index.and_then(|index| places.get(usize::try_from(index).ok()?).copied()));
    Some(Exchange { level, with: &with }.formula(&fewer_sources.filter))
}

/// The counts that the formulas speak of outside of other counts.
fn counts(formulas: &[Formula]) -> BTreeSet<Arc<Rows>> {
    let mut found = BTreeSet::new();
    for formula in formulas {
        formula.atoms(&mut |atom| {
            for term in atom.terms().into_iter().flatten() {
                counts_of(term, &mut found);
            }
        });
    }
    found
}

fn counts_of(term: &T, found: &mut BTreeSet<Arc<Rows>>) {
    match &**term {
        Term::Count(rows) => {
            found.insert(rows.clone());
        }
        Term::Sum(parts) => parts.iter().for_each(|(_, part)| counts_of(part, found)),
        _ => {}
    }
}

/// Whether the term may depend on others that it is not.
fn counts_rows(term: &T) -> bool {
    matches!(**term, Term::Count(_) | Term::Sum(_) | Term::Aggregate { .. } | Term::Pick { .. })
}

/// The columns of rows that have an index and a relation.
fn columns_of(term: &T, visit: &mut impl FnMut(u32, u32, &crate::effect::Name, &crate::effect::Ident)) {
    match &**term {
        Term::Column { level, index: Some(index), relation: Some(relation), column } => {
            visit(*level, *index, relation, column);
        }
        Term::Call { parts, .. } => {
            for part in parts {
                if let Term::Column { level, index: Some(index), relation: Some(relation), column } = &**part {
                    visit(*level, *index, relation, column);
                }
            }
        }
        _ => {}
    }
}

/// A formula whose atoms are numbered.
#[derive(Debug, Clone)]
enum Node {
    Literal(usize, bool),
    All(Vec<Node>),
    Any(Vec<Node>),
    Constant(bool),
}

struct Problem<'w> {
    world: &'w dyn World,
    atoms: BTreeMap<Atom, usize>,
    facts: Vec<Fact>,
    terms: BTreeMap<T, usize>,
    values: Vec<Value>,
    nodes: Vec<Node>,
}

impl<'w> Problem<'w> {
    fn new(world: &'w dyn World) -> Self {
        Self {
            world,
            atoms: BTreeMap::new(),
            facts: Vec::new(),
            terms: BTreeMap::new(),
            values: Vec::new(),
            nodes: Vec::new(),
        }
    }

    fn add(&mut self, formula: &Formula) {
        let node = self.node(formula);
        self.nodes.push(node);
    }

    fn node(&mut self, formula: &Formula) -> Node {
        match formula {
            Formula::Always => Node::Constant(true),
            Formula::Never => Node::Constant(false),
            Formula::Is(atom) => Node::Literal(self.atom(atom), true),
            Formula::Not(atom) => Node::Literal(self.atom(atom), false),
            Formula::All(parts) => Node::All(parts.iter().map(|part| self.node(part)).collect()),
            Formula::Any(parts) => Node::Any(parts.iter().map(|part| self.node(part)).collect()),
        }
    }

    fn atom(&mut self, atom: &Atom) -> usize {
        if let Some(number) = self.atoms.get(atom) {
            return *number;
        }
        let fact = match atom {
            Atom::Null(term) => Fact::Null(self.term(term)),
            Atom::True(term) => Fact::True(self.term(term)),
            Atom::Equal(left, right) => Fact::Equal(self.term(left), self.term(right)),
            Atom::Less(left, right) => Fact::Less(self.term(left), self.term(right)),
            Atom::AtMost(left, right) => Fact::AtMost(self.term(left), self.term(right)),
            Atom::Like(term, pattern) => Fact::Like(self.term(term), pattern.clone()),
        };
        let number = self.facts.len();
        self.facts.push(fact);
        self.atoms.insert(atom.clone(), number);
        number
    }

    fn term(&mut self, term: &T) -> usize {
        if let Some(number) = self.terms.get(term) {
            return *number;
        }
        let sum = match &**term {
            Term::Sum(parts) => parts.iter().map(|(factor, part)| (*factor, self.term(part))).collect(),
            _ => Vec::new(),
        };
        let value = Value {
            never_null: null_of(term, self.world) == Formula::Never,
            kind: match &**term {
                Term::Call { what, .. } if is_condition(what) => Kind::Boolean,
                _ => kind(term, self.world),
            },
            number: match &**term {
                Term::Number(number) => Some(*number),
                _ => None,
            },
            text: match &**term {
                Term::Text(text) => Some(text.clone()),
                _ => None,
            },
            counts: matches!(&**term, Term::Count(_))
                || matches!(&**term, Term::Aggregate { what, .. } if what == "count distinct"),
            sum,
        };
        let number = self.values.len();
        self.values.push(value);
        self.terms.insert(term.clone(), number);
        number
    }

    fn is_impossible(&self, budget: &Cell<u32>) -> bool {
        let mut state = State { assigned: vec![None; self.facts.len()], open: self.nodes.iter().collect() };
        if !state.settle() || !self.is_consistent(&state.assigned) {
            return true;
        }
        // Alternatives that cannot be on their own are dropped before any are combined.
        for _ in 0..3 {
            let mut changed = false;
            let open = std::mem::take(&mut state.open);
            let mut kept: Vec<&Node> = Vec::new();
            let mut forced: Vec<&Node> = Vec::new();
            for node in &open {
                let Node::Any(parts) = node else {
                    continue;
                };
                if budget.get() == 0 {
                    return false;
                }
                let mut possible = Vec::new();
                for part in parts {
                    budget.set(budget.get().saturating_sub(1));
                    let mut trial = State { assigned: state.assigned.clone(), open: vec![part] };
                    if trial.settle() && self.is_consistent(&trial.assigned) {
                        possible.push(part);
                        if possible.len() > 1 {
                            break;
                        }
                    }
                }
                match possible.as_slice() {
                    [] => return true,
                    [only] => forced.push(only),
                    _ => kept.push(node),
                }
            }
            state.open = kept;
            if !forced.is_empty() {
                changed = true;
                state.open.extend(forced);
                if !state.settle() || !self.is_consistent(&state.assigned) {
                    return true;
                }
            }
            if !changed {
                break;
            }
        }
        !self.may_hold(state, budget, 0)
    }

    fn may_hold(&self, mut state: State<'_>, budget: &Cell<u32>, depth: u32) -> bool {
        if budget.get() == 0 || depth > 200 {
            return true;
        }
        budget.set(budget.get() - 1);
        if !state.settle() || !self.is_consistent(&state.assigned) {
            return false;
        }
        let smallest = state.open.iter().enumerate().min_by_key(|(_, node)| match node {
            Node::Any(parts) => parts.iter().filter(|part| state.value(part) != Some(false)).count(),
            _ => 0,
        });
        let Some((at, Node::Any(parts))) = smallest else {
            return true;
        };
        state.open.swap_remove(at);
        for part in parts {
            if state.value(part) == Some(false) {
                continue;
            }
            let mut next = state.clone();
            next.open.push(part);
            if self.may_hold(next, budget, depth + 1) {
                return true;
            }
            // What failed need not be tried again.
            if let Node::Literal(atom, sign) = part
                && let Some(slot) = state.assigned.get_mut(*atom)
            {
                *slot = Some(!sign);
            }
        }
        false
    }

    /// Whether nothing is known to stand against these facts.
    fn is_consistent(&self, assigned: &[Option<bool>]) -> bool {
        let facts = self.facts.iter().zip(assigned).filter_map(|(fact, value)| Some((fact, (*value)?)));
        theory::is_consistent(facts, &self.values)
    }
}

#[derive(Debug, Clone)]
struct State<'n> {
    assigned: Vec<Option<bool>>,
    open: Vec<&'n Node>,
}

impl<'n> State<'n> {
    fn value(&self, node: &Node) -> Option<bool> {
        match node {
            Node::Constant(value) => Some(*value),
            Node::Literal(atom, sign) => self.assigned.get(*atom).copied().flatten().map(|value| value == *sign),
            Node::All(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match self.value(part) {
                        Some(false) => return Some(false),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Node::Any(parts) => {
                let mut any = Some(false);
                for part in parts {
                    match self.value(part) {
                        Some(true) => return Some(true),
                        None => any = None,
                        Some(false) => {}
                    }
                }
                any
            }
        }
    }

    /// Draws what follows from the open formulas alone; false where they contradict.
    fn settle(&mut self) -> bool {
        loop {
            let mut changed = false;
            let mut work = std::mem::take(&mut self.open);
            while let Some(node) = work.pop() {
                match node {
                    Node::Constant(true) => {}
                    Node::Constant(false) => return false,
                    Node::Literal(atom, sign) => match self.assigned.get_mut(*atom) {
                        Some(slot @ None) => {
                            *slot = Some(*sign);
                            changed = true;
                        }
                        Some(Some(value)) if value != sign => return false,
                        _ => {}
                    },
                    Node::All(parts) => work.extend(parts),
                    Node::Any(parts) => {
                        let mut left: Option<&'n Node> = None;
                        let mut several = false;
                        let mut holds = false;
                        for part in parts {
                            match self.value(part) {
                                Some(true) => holds = true,
                                Some(false) => {}
                                None if left.is_some() => several = true,
                                None => left = Some(part),
                            }
                        }
                        match left {
                            _ if holds => {}
                            None => return false,
                            Some(_) if several => self.open.push(node),
                            Some(only) => work.push(only),
                        }
                    }
                }
            }
            if !changed {
                return true;
            }
        }
    }
}

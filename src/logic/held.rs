//! The conditions that are known to hold, where they are found by what they are about: of
//! thousands of tables each statement asks for a few.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, Vector};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Truth;
use super::read::Reader;
use super::term::{Atom, Formula, Rows, Source, T, Term};
use crate::effect::{Expr, Ident, Name};

/// One condition, or alternatives that a join left.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) formula: Formula,
    pub(super) depends: Depends,
    /// What it is about: facts that share nothing say nothing of one another.
    pub(super) topics: BTreeSet<u64>,
    pub(super) sources: Vec<(Expr, Truth)>,
    /// Of the formula and what it depends on: others differ in it, but for a rare accident.
    hash: u64,
    /// Facts that came to be known later have a greater one.
    number: u64,
}

impl PartialEq for Fact {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.formula == other.formula && self.depends == other.depends
    }
}

impl Eq for Fact {}

impl Fact {
    /// The topic of a fact that is about one relation, was read from it, and from nothing else.
    fn only(&self) -> Option<u64> {
        let Depends { relations, variables, anything: false } = &self.depends else { return None };
        let ([relation], true, true) = (relations.as_slice(), variables.is_empty(), self.topics.len() == 1) else {
            return None;
        };
        self.topics.first().copied().filter(|topic| *topic == digest(relation))
    }
}

/// What a condition was read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Depends {
    pub(super) relations: Vec<Name>,
    pub(super) variables: Vec<Vec<Ident>>,
    pub(super) anything: bool,
}

impl Depends {
    pub(super) fn of(reader: Reader<'_>) -> Self {
        let mut depends =
            Self { relations: reader.relations, variables: reader.variables, anything: reader.reads_anything };
        depends.relations.sort();
        depends.relations.dedup();
        depends.variables.sort();
        depends.variables.dedup();
        depends
    }

    fn reads(&self, relations: &BTreeSet<Name>) -> bool {
        self.anything || self.relations.iter().any(|relation| relations.contains(relation))
    }

    fn uses(&self, gone: &mut dyn FnMut(&[Ident]) -> bool) -> bool {
        self.variables.iter().any(|path| gone(path))
    }
}

/// Facts that differ from one another. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Those about one relation each, by its topic; small, for each copy copies some of them.
    of_one: OrdMap<u64, Arc<Vector<Arc<Fact>>>>,
    others: Vector<Arc<Fact>>,
    len: usize,
    next: u64,
}

/// What two sets of facts share, and what only one of them has.
pub(super) struct Split {
    pub(super) common: Held,
    pub(super) left: Vec<Arc<Fact>>,
    pub(super) right: Vec<Arc<Fact>>,
}

impl Held {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a fact; none where it is there already.
    pub(super) fn push(
        &mut self,
        formula: Formula,
        depends: Depends,
        sources: Vec<(Expr, Truth)>,
    ) -> Option<Arc<Fact>> {
        let (hash, topics) = (digest(&(&formula, &depends)), topics(&formula));
        let fact = Arc::new(Fact { formula, depends, topics, sources, hash, number: self.next });
        self.add(Arc::clone(&fact)).then_some(fact)
    }

    /// Whether it was not there yet.
    pub(super) fn add(&mut self, fact: Arc<Fact>) -> bool {
        self.next = self.next.max(fact.number + 1);
        let facts = match fact.only() {
            Some(topic) => Arc::make_mut(self.of_one.entry(topic).or_default()),
            None => &mut self.others,
        };
        let is_new = !facts.contains(&fact);
        if is_new {
            facts.push_back(fact);
            self.len += 1;
        }
        is_new
    }

    /// Whether nothing can satisfy them.
    pub(super) fn has_never(&self) -> bool {
        self.others.iter().any(|fact| fact.formula == Formula::Never)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<Fact>> {
        self.of_one.values().flat_map(|facts| facts.iter()).chain(&self.others)
    }

    /// All, in the order in which they came to be known.
    pub(super) fn all(&self) -> Vec<&Arc<Fact>> {
        in_order(self.each().collect())
    }

    /// The facts about these topics, and about what those are about, and so on.
    pub(super) fn about(&self, mut wanted: BTreeSet<u64>, transitively: bool) -> Vec<&Arc<Fact>> {
        let mut found: Vec<&Arc<Fact>> = Vec::new();
        let mut left: Vec<&Arc<Fact>> = self.others.iter().collect();
        loop {
            let is_wanted = |fact: &Fact| fact.formula == Formula::Never || !fact.topics.is_disjoint(&wanted);
            let (taken, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|fact| is_wanted(fact));
            left = rest;
            let before = wanted.len();
            wanted.extend(taken.iter().flat_map(|fact| fact.topics.iter().copied()));
            found.extend(taken);
            if wanted.len() == before || !transitively {
                break;
            }
        }
        found.extend(wanted.iter().filter_map(|topic| self.of_one.get(topic)).flat_map(|facts| facts.iter()));
        in_order(found)
    }

    /// Whether anything was read from one of the relations that are asked for.
    pub(super) fn asks(&self, wanted: &mut dyn FnMut(&Name) -> bool) -> bool {
        self.each().any(|fact| fact.depends.relations.iter().any(&mut *wanted))
    }

    /// Whether something was read from one of these relations, or may have been.
    pub(super) fn reads(&self, relations: &BTreeSet<Name>) -> bool {
        relations.iter().any(|relation| self.of_one.contains_key(&digest(relation)))
            || self.others.iter().any(|fact| fact.depends.reads(relations))
    }

    pub(super) fn forget(&mut self, relations: &BTreeSet<Name>) {
        for relation in relations {
            let gone = self.of_one.remove(&digest(relation));
            self.len -= gone.map_or(0, |facts| facts.len());
        }
        self.retain_others(|fact| !fact.depends.reads(relations));
    }

    /// Whether something was read from some relation, or may have been.
    pub(super) fn reads_any(&self) -> bool {
        !self.of_one.is_empty()
            || self.others.iter().any(|fact| fact.depends.anything || !fact.depends.relations.is_empty())
    }

    /// Forgets whatever was read from any relation.
    pub(super) fn forget_relations(&mut self) {
        self.len = self.others.len();
        self.of_one = OrdMap::new();
        self.retain_others(|fact| !fact.depends.anything && fact.depends.relations.is_empty());
    }

    /// Whether a variable is among those that something was read from.
    pub(super) fn uses(&self, gone: &mut dyn FnMut(&[Ident]) -> bool) -> bool {
        self.others.iter().any(|fact| fact.depends.uses(gone))
    }

    /// The facts that speak of these variables.
    pub(super) fn using(&self, gone: &mut dyn FnMut(&[Ident]) -> bool) -> Vec<Arc<Fact>> {
        self.others.iter().filter(|fact| fact.depends.uses(gone)).cloned().collect()
    }

    pub(super) fn forget_variables(&mut self, gone: &mut dyn FnMut(&[Ident]) -> bool) {
        self.retain_others(|fact| !fact.depends.uses(gone));
    }

    fn retain_others(&mut self, mut stays: impl FnMut(&Fact) -> bool) {
        self.len -= self.others.len();
        self.others.retain(|fact| stays(fact));
        self.len += self.others.len();
    }

    /// Sets apart what both have and what only one has. What copies still share is not looked at.
    pub(super) fn split(&self, other: &Self) -> Split {
        let mut split = Split { common: self.clone(), left: Vec::new(), right: Vec::new() };
        split.common.others = Vector::new();
        split.common.len -= self.others.len();
        for item in self.of_one.diff(&other.of_one) {
            let none = Arc::default();
            let (topic, ours, theirs): (_, &Arc<Vector<_>>, &Arc<Vector<_>>) = match item {
                DiffItem::Add(topic, theirs) => (topic, &none, theirs),
                DiffItem::Remove(topic, ours) => (topic, ours, &none),
                DiffItem::Update { old: (topic, ours), new: (_, theirs) } => (topic, ours, theirs),
            };
            split.common.of_one.remove(topic);
            split.common.len -= ours.len();
            split.divide(ours, theirs);
        }
        split.divide(&self.others, &other.others);
        split.common.next = self.next.max(other.next);
        split.left.sort_by_key(|fact| fact.number);
        split.right.sort_by_key(|fact| fact.number);
        split
    }
}

impl Split {
    fn divide(&mut self, ours: &Vector<Arc<Fact>>, theirs: &Vector<Arc<Fact>>) {
        let by_hash = |facts: &Vector<Arc<Fact>>| -> FxHashMap<u64, Arc<Fact>> {
            facts.iter().map(|fact| (fact.hash, Arc::clone(fact))).collect()
        };
        let has = |facts: &FxHashMap<u64, Arc<Fact>>, fact: &Fact| {
            facts.get(&fact.hash).is_some_and(|other| **other == *fact)
        };
        let (our_hashes, their_hashes) = (by_hash(ours), by_hash(theirs));
        for fact in ours {
            if has(&their_hashes, fact) {
                self.common.add(Arc::clone(fact));
            } else {
                self.left.push(Arc::clone(fact));
            }
        }
        self.right.extend(theirs.iter().filter(|fact| !has(&our_hashes, fact)).cloned());
    }
}

fn in_order(mut facts: Vec<&Arc<Fact>>) -> Vec<&Arc<Fact>> {
    facts.sort_by_key(|fact| fact.number);
    facts
}

/// What a formula is about: tables, and otherwise variables and calls.
pub(super) fn topics(formula: &Formula) -> BTreeSet<u64> {
    let mut topics = BTreeSet::new();
    formula.atoms(&mut |atom| atom_topics(atom, &mut topics));
    topics
}

fn atom_topics(atom: &Atom, topics: &mut BTreeSet<u64>) {
    atom.terms().into_iter().flatten().for_each(|term| term_topics(term, topics));
}

fn term_topics(term: &T, topics: &mut BTreeSet<u64>) {
    match &**term {
        Term::Null | Term::Number(_) | Term::Text(_) => {}
        Term::Column { relation: Some(relation), .. } => drop(topics.insert(digest(relation))),
        Term::Column { column, .. } => drop(topics.insert(digest(column))),
        Term::Variable(path) => drop(topics.insert(digest(path))),
        Term::Call { what, parts, stamp } => {
            let mut inner = BTreeSet::new();
            parts.iter().for_each(|part| term_topics(part, &mut inner));
            if inner.is_empty() {
                topics.insert(digest(&(what, stamp, parts)));
            }
            topics.extend(inner);
        }
        Term::Truth(three) => {
            for formula in [&three.yes, &three.no] {
                formula.atoms(&mut |atom| atom_topics(atom, topics));
            }
        }
        Term::Sum(parts) => parts.iter().for_each(|(_, part)| term_topics(part, topics)),
        Term::Count(rows) | Term::Aggregate { rows, .. } | Term::Pick { rows, .. } => rows_topics(rows, topics),
        Term::Query { sources, parts, .. } => {
            sources.iter().for_each(|source| source_topics(source, topics));
            parts.iter().for_each(|part| term_topics(part, topics));
        }
    }
}

fn rows_topics(rows: &Rows, topics: &mut BTreeSet<u64>) {
    rows.sources.iter().for_each(|source| source_topics(source, topics));
}

fn source_topics(source: &Source, topics: &mut BTreeSet<u64>) {
    match source {
        Source::Relation { name, .. } => drop(topics.insert(digest(name))),
        Source::Derived(term) => term_topics(term, topics),
    }
}

/// What two things differ in, but for a rare accident: of a relation its topic.
pub(super) fn digest(thing: &impl Hash) -> u64 {
    FxBuildHasher.hash_one(thing)
}

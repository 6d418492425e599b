//! Conditions known to hold, what follows from them, and when they cease to.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use imbl::Vector;

use super::read::Reader;
use super::solve::Question;
use super::term::{Atom, Formula, Rows, Source, T, Term};
use super::{Known, Truth, World};
use crate::effect::{Expr, Ident, Name};

/// How many atoms the alternatives of a join may have before they are dropped.
const JOIN_LIMIT: usize = 160;

/// How many conditions that only one side of a join knows are looked for on the other.
const DERIVE_LIMIT: usize = 48;

/// A conjunction of conditions that are known to hold. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Copies that know more share what they have in common.
    held: Arc<Vector<Arc<Fact>>>,
    /// Tells evaluations of the same expression apart.
    serial: u64,
    /// What was asked of them, their copies included.
    effort: Arc<AtomicU64>,
}

/// One condition, or alternatives that a join left.
#[derive(Debug)]
struct Fact {
    formula: Formula,
    depends: Depends,
    /// What it is about: facts that share nothing say nothing of one another.
    topics: BTreeSet<u64>,
    sources: Vec<(Expr, Truth)>,
    /// Of the formula and what it depends on: others differ in it, but for a rare accident.
    hash: u64,
}

impl PartialEq for Fact {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.formula == other.formula && self.depends == other.depends
    }
}

/// What a condition was read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Depends {
    relations: Vec<Name>,
    variables: Vec<Vec<Ident>>,
    anything: bool,
}

impl Facts {
    /// The same, with nothing asked of them yet.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { effort: Arc::default(), ..self.clone() }
    }

    /// From here on the condition is known to be so. An expression that two evaluations may
    /// answer differently (`random() < 0.5`) says nothing about the next one.
    pub fn assume(&mut self, expr: &Expr, truth: Truth, world: &dyn World) {
        self.serial += 1;
        let mut reader = Reader::new(world, self.serial);
        let three = reader.condition(expr);
        let formula = match truth {
            Truth::True => three.yes,
            Truth::False => three.no,
            Truth::NotTrue => three.yes.negated(),
            Truth::NotFalse => three.no.negated(),
            Truth::Null => three.unknown(),
        };
        let depends = Depends::of(reader);
        let known = self.held.len();
        // One by one, so that what voids a part leaves the others.
        for part in formula.conjuncts() {
            self.push(part.clone(), depends.clone(), vec![(expr.clone(), truth)]);
        }
        if self.held.len() == known || self.contradictory() {
            return;
        }
        // What was known before can hold; that leaves what has to do with what is new.
        let new = self.held.iter().skip(known);
        let wanted = new.flat_map(|fact| fact.topics.iter().copied()).collect();
        let formulas: Vec<Formula> = self.slice(wanted, true).into_iter().map(|fact| fact.formula.clone()).collect();
        if self.impossible(formulas, world) {
            self.push(Formula::Never, depends, vec![(expr.clone(), truth)]);
        }
    }

    fn push(&mut self, formula: Formula, depends: Depends, sources: Vec<(Expr, Truth)>) {
        let mut hasher = DefaultHasher::new();
        (&formula, &depends).hash(&mut hasher);
        let hash = hasher.finish();
        let topics = topics(&formula);
        let fact = Fact { formula, depends, topics, sources, hash };
        if !self.held.iter().any(|known| **known == fact) {
            Arc::make_mut(&mut self.held).push_back(Arc::new(fact));
        }
    }

    /// Whether the goal is certainly TRUE here ([`Known::Yes`]) or certainly FALSE or NULL
    /// ([`Known::No`]). Ask [`Facts::contradictory`] first where the path may be dead.
    #[must_use]
    pub fn entails(&self, goal: &Expr, world: &dyn World) -> Known {
        let mut reader = Reader::new(world, 0);
        let goal = reader.condition(goal);
        self.decides(&goal.yes, world)
    }

    fn decides(&self, goal: &Formula, world: &dyn World) -> Known {
        if *goal == Formula::Always {
            return Known::Yes;
        }
        let premises = self.about(goal);
        if premises.contains(&Formula::Never) {
            return Known::Yes;
        }
        if self.follows(&premises, goal, world) {
            return Known::Yes;
        }
        if self.follows(&premises, &goal.negated(), world) {
            return Known::No;
        }
        Known::Unsaid
    }

    /// Whether the other is a copy of these, of which nothing has become since.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.serial == other.serial && Arc::ptr_eq(&self.held, &other.held) && Arc::ptr_eq(&self.effort, &other.effort)
    }

    /// How much work it was to answer what was asked of these facts and of their copies, in
    /// alternatives that were tried.
    #[must_use]
    pub fn effort(&self) -> u64 {
        self.effort.load(Ordering::Relaxed)
    }

    fn impossible(&self, formulas: Vec<Formula>, world: &dyn World) -> bool {
        let question = Question::new(world, formulas);
        let answer = question.is_impossible();
        self.effort.fetch_add(question.effort(), Ordering::Relaxed);
        answer
    }

    fn follows(&self, premises: &[Formula], goal: &Formula, world: &dyn World) -> bool {
        let opposite = goal.negated();
        // What each part says is enough, and is proved with less.
        goal.conjuncts().iter().all(|part| premises.contains(part))
            || opposite == Formula::Never
            || self.impossible(premises.iter().cloned().chain([opposite]).collect(), world)
    }

    /// The formulas that may bear on the goal.
    fn about(&self, goal: &Formula) -> Vec<Formula> {
        self.slice(topics(goal), true).into_iter().map(|fact| fact.formula.clone()).collect()
    }

    fn slice(&self, mut wanted: BTreeSet<u64>, transitively: bool) -> Vec<&Arc<Fact>> {
        let mut taken = vec![false; self.held.len()];
        loop {
            let mut more = BTreeSet::new();
            for (fact, taken) in self.held.iter().zip(&mut taken) {
                if !*taken && (fact.formula == Formula::Never || !fact.topics.is_disjoint(&wanted)) {
                    *taken = true;
                    more.extend(fact.topics.iter().copied());
                }
            }
            let before = wanted.len();
            wanted.extend(more);
            if wanted.len() == before || !transitively {
                break;
            }
        }
        self.held.iter().zip(taken).filter(|(_, taken)| *taken).map(|(fact, _)| fact).collect()
    }

    /// Whether nothing can satisfy them: the path is never taken. If not, it may be or not.
    #[must_use]
    pub fn contradictory(&self) -> bool {
        self.held.iter().any(|fact| fact.formula == Formula::Never)
    }

    /// What holds where one or the other does: where two paths meet.
    #[must_use]
    pub fn join(&self, other: &Self, world: &dyn World) -> Self {
        let serial = self.serial.max(other.serial);
        let by_hash = |facts: &Self| -> HashMap<u64, Arc<Fact>> {
            facts.held.iter().map(|fact| (fact.hash, fact.clone())).collect()
        };
        let has =
            |facts: &HashMap<u64, Arc<Fact>>, fact: &Fact| facts.get(&fact.hash).is_some_and(|other| **other == *fact);
        let (ours, theirs) = (by_hash(self), by_hash(other));
        if self.contradictory() {
            return Self { held: Arc::clone(&other.held), serial, ..self.clone() };
        }
        if other.contradictory() {
            return Self { serial, ..self.clone() };
        }
        let mut joined = Self { held: Arc::default(), serial, effort: Arc::clone(&self.effort) };
        let mut held = Vector::new();
        let mut left = Vec::new();
        let mut right = Vec::new();
        for fact in self.held.iter() {
            if has(&theirs, fact) {
                held.push_back(fact.clone());
            } else {
                left.push(fact);
            }
        }
        right.extend(other.held.iter().filter(|fact| !has(&ours, fact)));
        if left.len() + right.len() > DERIVE_LIMIT {
            joined.held = Arc::new(held);
            return joined;
        }
        let mut alternatives = true;
        for (facts, elsewhere) in [(&mut left, other), (&mut right, self)] {
            facts.retain(|fact| {
                let holds = fact.formula.size() <= JOIN_LIMIT
                    && elsewhere.follows(&elsewhere.about(&fact.formula), &fact.formula, world);
                if holds {
                    held.push_back((*fact).clone());
                }
                !holds
            });
            alternatives &= !facts.is_empty();
        }
        joined.held = Arc::new(held);
        if alternatives {
            let all = |facts: &[&Arc<Fact>]| Formula::all(facts.iter().map(|fact| fact.formula.clone()));
            let formula = Formula::any([all(&left), all(&right)]);
            if formula.size() <= JOIN_LIMIT && formula != Formula::Always {
                let mut depends = Depends::default();
                let mut sources = Vec::new();
                for fact in left.iter().chain(&right) {
                    depends.relations.extend(fact.depends.relations.iter().cloned());
                    depends.variables.extend(fact.depends.variables.iter().cloned());
                    depends.anything |= fact.depends.anything;
                    sources.extend(fact.sources.iter().cloned());
                }
                joined.push(formula, depends, sources);
            }
        }
        joined
    }

    /// Rows of some relations changed: what was read from them is void, and so is what may
    /// have read anything. `touched` is asked for relations by their one name; for what the
    /// catalog says (`to_regclass`) the name is `pg_catalog.pg_class`, for settings and the
    /// current user `pg_catalog.pg_settings`. If nothing changed at all, do not call this.
    pub fn forget(&mut self, touched: &mut dyn FnMut(&Name) -> bool) {
        self.retain(&mut |fact| {
            let mut relations = fact.depends.relations.iter();
            !fact.depends.anything && !relations.any(&mut *touched)
        });
    }

    /// Whether anything that is known was read from one of these relations.
    pub fn asks(&self, wanted: &mut dyn FnMut(&Name) -> bool) -> bool {
        self.held.iter().any(|fact| fact.depends.relations.iter().any(&mut *wanted))
    }

    /// What was known of these variables, by their paths, is of no use any more.
    pub fn forget_variables(&mut self, gone: &mut dyn FnMut(&[Ident]) -> bool) {
        self.retain(&mut |fact| !fact.depends.variables.iter().any(|path| gone(path)));
    }

    fn retain(&mut self, stays: &mut dyn FnMut(&Fact) -> bool) {
        // Copies share what is known for as long as nobody loses any of it.
        if !self.held.iter().all(|fact| stays(fact)) {
            Arc::make_mut(&mut self.held).retain(|fact| stays(fact));
        }
    }

    /// The assumptions that speak of what the goal speaks of: for messages.
    #[must_use]
    pub fn evidence(&self, goal: &Expr, world: &dyn World) -> Vec<(&Expr, Truth)> {
        let goal = Reader::new(world, 0).condition(goal).yes;
        let mut found: Vec<(&Expr, Truth)> = Vec::new();
        for fact in self.slice(topics(&goal), false) {
            for (expr, truth) in &fact.sources {
                let known = found.iter().any(|(other, _)| other == &expr && other.at.span() == expr.at.span());
                if !known {
                    found.push((expr, *truth));
                }
            }
        }
        found
    }

    /// Everything that is known, as it was assumed: of alternatives that a join left, all that
    /// they come from.
    pub fn assumed(&self) -> impl Iterator<Item = &[(Expr, Truth)]> {
        self.held.iter().map(|fact| fact.sources.as_slice())
    }

    /// How many conditions are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Everything that is known, as formulas.
    pub(super) fn formulas(&self, goal: &Formula) -> Vec<Formula> {
        self.about(goal)
    }
}

impl Depends {
    fn of(reader: Reader<'_>) -> Self {
        let mut depends =
            Self { relations: reader.relations, variables: reader.variables, anything: reader.reads_anything };
        depends.relations.sort();
        depends.relations.dedup();
        depends.variables.sort();
        depends.variables.dedup();
        depends
    }
}

/// What a formula is about: tables, and otherwise variables and calls.
fn topics(formula: &Formula) -> BTreeSet<u64> {
    let mut topics = BTreeSet::new();
    formula.atoms(&mut |atom| atom_topics(atom, &mut topics));
    topics
}

fn atom_topics(atom: &Atom, topics: &mut BTreeSet<u64>) {
    atom.terms().into_iter().flatten().for_each(|term| term_topics(term, topics));
}

fn term_topics(term: &T, topics: &mut BTreeSet<u64>) {
    let mut note = |thing: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        thing(&mut hasher);
        topics.insert(hasher.finish());
    };
    match &**term {
        Term::Null | Term::Number(_) | Term::Text(_) => {}
        Term::Column { relation: Some(relation), .. } => note(&|hasher| relation.hash(hasher)),
        Term::Column { column, .. } => note(&|hasher| column.hash(hasher)),
        Term::Variable(path) => note(&|hasher| path.hash(hasher)),
        Term::Call { what, parts, stamp } => {
            let mut inner = BTreeSet::new();
            parts.iter().for_each(|part| term_topics(part, &mut inner));
            if inner.is_empty() {
                note(&|hasher| (what, stamp, parts).hash(hasher));
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
        Source::Relation { name, .. } => {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            topics.insert(hasher.finish());
        }
        Source::Derived(term) => term_topics(term, topics),
    }
}

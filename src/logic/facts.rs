//! Conditions known to hold, what follows from them, and when they cease to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::held::{Depends, Fact, Held, Split, digest, topics};
use super::read::Reader;
use super::solve::Question;
use super::term::Formula;
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
    held: Arc<Held>,
    /// Tells evaluations of the same expression apart.
    serial: u64,
    /// What was asked of them, their copies included.
    effort: Arc<AtomicU64>,
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
        // One by one, so that what voids a part leaves the others.
        let held = Arc::make_mut(&mut self.held);
        let parts = formula.conjuncts().iter();
        let new: Vec<Arc<Fact>> =
            parts.filter_map(|part| held.push(part.clone(), depends.clone(), vec![(expr.clone(), truth)])).collect();
        if new.is_empty() || held.has_never() {
            return;
        }
        // What was known before can hold; that leaves what has to do with what is new.
        let wanted = new.iter().flat_map(|fact| fact.topics.iter().copied()).collect();
        if self.impossible(self.formulas_about(wanted), world) {
            Arc::make_mut(&mut self.held).push(Formula::Never, depends, vec![(expr.clone(), truth)]);
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
    pub(super) fn about(&self, goal: &Formula) -> Vec<Formula> {
        self.formulas_about(topics(goal))
    }

    fn formulas_about(&self, wanted: BTreeSet<u64>) -> Vec<Formula> {
        self.held.about(wanted, true).into_iter().map(|fact| fact.formula.clone()).collect()
    }

    /// Whether nothing can satisfy them: the path is never taken. If not, it may be or not.
    #[must_use]
    pub fn contradictory(&self) -> bool {
        self.held.has_never()
    }

    /// What holds where one or the other does: where two paths meet.
    #[must_use]
    pub fn join(&self, other: &Self, world: &dyn World) -> Self {
        let serial = self.serial.max(other.serial);
        if self.contradictory() {
            return Self { held: Arc::clone(&other.held), serial, ..self.clone() };
        }
        if other.contradictory() || Arc::ptr_eq(&self.held, &other.held) {
            return Self { serial, ..self.clone() };
        }
        let Split { common: mut held, mut left, mut right } = self.held.split(&other.held);
        let mut alternatives = left.len() + right.len() <= DERIVE_LIMIT;
        if alternatives {
            for (facts, elsewhere) in [(&mut left, other), (&mut right, self)] {
                facts.retain(|fact| {
                    let holds = fact.formula.size() <= JOIN_LIMIT
                        && elsewhere.follows(&elsewhere.about(&fact.formula), &fact.formula, world);
                    if holds {
                        held.add(Arc::clone(fact));
                    }
                    !holds
                });
                alternatives &= !facts.is_empty();
            }
        }
        if alternatives {
            let all = |facts: &[Arc<Fact>]| Formula::all(facts.iter().map(|fact| fact.formula.clone()));
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
                held.push(formula, depends, sources);
            }
        }
        Self { held: Arc::new(held), serial, effort: Arc::clone(&self.effort) }
    }

    /// Rows of these relations, by their one names, changed: what was read from them is void,
    /// and so is what may have read anything. What the catalog says (`to_regclass`) is read
    /// from `pg_catalog.pg_class`, settings and the current user from `pg_catalog.pg_settings`.
    /// If nothing changed at all, do not call this.
    pub fn forget(&mut self, relations: &BTreeSet<Name>) {
        // Copies share what is known for as long as nobody loses any of it.
        if self.held.reads(relations) {
            Arc::make_mut(&mut self.held).forget(relations);
        }
    }

    /// Rows of any relation may have changed.
    pub fn forget_relations(&mut self) {
        if self.held.reads_any() {
            Arc::make_mut(&mut self.held).forget_relations();
        }
    }

    /// Whether anything that is known was read from one of these relations.
    pub fn asks(&self, wanted: &mut dyn FnMut(&Name) -> bool) -> bool {
        self.held.asks(wanted)
    }

    /// What was known of these variables, by their paths, is of no use any more; what follows from
    /// it for others stays.
    pub fn forget_variables(&mut self, gone: &mut dyn FnMut(&[Ident]) -> bool, world: &dyn World) {
        if !self.held.uses(gone) {
            return;
        }
        // What is left of the newest may settle those before it.
        let mut known = self.clone();
        let mut left = Vec::new();
        for fact in self.held.using(gone).into_iter().rev() {
            let gone: BTreeSet<u64> = fact.depends.variables.iter().filter(|path| gone(path)).map(digest).collect();
            if let Some(alternatives) = known.alternatives(&fact, world) {
                let of_others = Formula::any(alternatives.iter().map(|part| known.project(part, &gone, world)));
                left.push((of_others, fact.clone()));
                known.hold(&Formula::any(alternatives), &fact);
            }
        }
        let held = Arc::make_mut(&mut self.held);
        held.forget_variables(gone);
        for (formula, fact) in left.into_iter().filter(|(formula, _)| *formula != Formula::Always) {
            let mut depends = fact.depends.clone();
            depends.variables.retain(|path| !gone(path));
            held.push(formula, depends, fact.sources.clone());
        }
    }

    fn hold(&mut self, formula: &Formula, of: &Fact) {
        let held = Arc::make_mut(&mut self.held);
        for part in formula.conjuncts() {
            held.push(part.clone(), of.depends.clone(), of.sources.clone());
        }
    }

    /// The alternatives of a fact that can be; none where it has none, or too much to them.
    fn alternatives(&self, fact: &Fact, world: &dyn World) -> Option<Vec<Formula>> {
        let Formula::Any(alternatives) = &fact.formula else { return None };
        if fact.formula.size() > JOIN_LIMIT {
            return None;
        }
        let mut premises = self.formulas_about(fact.topics.clone());
        premises.retain(|premise| *premise != fact.formula);
        Some(self.possible(alternatives, &premises, world).cloned().collect())
    }

    /// Those of the formulas that can be where the premises hold.
    fn possible<'f>(
        &self,
        formulas: &'f [Formula],
        premises: &[Formula],
        world: &dyn World,
    ) -> impl Iterator<Item = &'f Formula> {
        formulas.iter().filter(move |one| !self.impossible(premises.iter().chain([*one]).cloned().collect(), world))
    }

    /// What follows from a formula that is about nothing of what is gone.
    fn project(&self, formula: &Formula, gone: &BTreeSet<u64>, world: &dyn World) -> Formula {
        if topics(formula).is_disjoint(gone) {
            return formula.clone();
        }
        match formula {
            Formula::All(parts) => {
                let inner = |part: &Formula| match part {
                    // Alternatives within one of them are what the others leave of them.
                    Formula::Any(inner) if !topics(part).is_disjoint(gone) => {
                        let mut with = self.formulas_about(topics(formula));
                        with.extend(parts.iter().filter(|other| *other != part).cloned());
                        let inner = self.possible(inner, &with, world);
                        Formula::any(inner.map(|one| self.project(one, gone, world)))
                    }
                    part => self.project(part, gone, world),
                };
                Formula::all(parts.iter().map(inner))
            }
            Formula::Any(parts) => Formula::any(parts.iter().map(|part| self.project(part, gone, world))),
            _ => Formula::Always,
        }
    }

    /// The assumptions that speak of what the goal speaks of: for messages.
    #[must_use]
    pub fn evidence(&self, goal: &Expr, world: &dyn World) -> Vec<(&Expr, Truth)> {
        let goal = Reader::new(world, 0).condition(goal).yes;
        let mut found: Vec<(&Expr, Truth)> = Vec::new();
        for fact in self.held.about(topics(&goal), false) {
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
        self.held.all().into_iter().map(|fact| fact.sources.as_slice())
    }

    /// How many conditions are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.len() == 0
    }
}

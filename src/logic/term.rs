//! What expressions come to: terms that have a value or are NULL, and two-valued formulas
//! over them. Both are kept in a canonical form, so that the same question is the same tree.

use std::sync::Arc;

use super::pattern::Pattern;
use crate::effect::{Ident, Name};

/// Numbers count in billionths; one that does not come out even is no number here.
pub(super) const ONE: i128 = 1_000_000_000;

pub(super) type T = Arc<Term>;

/// A value or NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Term {
    Null,
    Number(i128),
    Text(Ident),
    /// A column of the row that the level and the index name; none of them where the FROM
    /// item cannot be told. The relation is absent where an outer join may make it NULL.
    Column {
        level: u32,
        index: Option<u32>,
        relation: Option<Name>,
        column: Ident,
    },
    /// A variable of PL/pgSQL or what cannot be told from one.
    Variable(Vec<Ident>),
    /// Anything computed from its parts and equal whenever they are: calls, operators, casts,
    /// constants of other types. `stamp` tells apart what is never equal to itself.
    Call {
        what: Ident,
        parts: Vec<T>,
        stamp: Option<u64>,
    },
    /// A condition as a value: when it is true, when false.
    Truth(Three),
    /// A sum of whole numbers: factors and terms, at least two.
    Sum(Vec<(i128, T)>),
    /// How many rows there are.
    Count(Arc<Rows>),
    /// An aggregate that is NULL exactly where no row has a part that is not.
    Aggregate {
        what: Ident,
        parts: Vec<T>,
        rows: Arc<Rows>,
        present: Arc<Rows>,
    },
    /// The value of a scalar subquery; with a stamp, of some row of several.
    Pick {
        value: T,
        rows: Arc<Rows>,
        stamp: Option<u64>,
    },
    /// A query of another form: its parts in a fixed order.
    Query {
        what: Ident,
        sources: Vec<Source>,
        parts: Vec<T>,
        level: u32,
        stamp: Option<u64>,
    },
}

/// The rows of an inner join that a filter lets through.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Rows {
    /// The level at which the filter speaks of these rows.
    pub(super) level: u32,
    pub(super) sources: Vec<Source>,
    pub(super) filter: Formula,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Source {
    Relation {
        name: Name,
        only: bool,
    },
    /// A query, a function or an outer join that is not taken apart.
    Derived(T),
}

/// A two-valued formula in negation normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Formula {
    Always,
    Never,
    Is(Atom),
    Not(Atom),
    All(Arc<[Formula]>),
    Any(Arc<[Formula]>),
}

/// What is or is not; a comparison is only where neither side is NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Atom {
    Null(T),
    True(T),
    Equal(T, T),
    Less(T, T),
    AtMost(T, T),
    Like(T, Arc<Pattern>),
}

/// A condition of SQL: when it is TRUE and when FALSE; otherwise it is NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Three {
    pub(super) yes: Formula,
    pub(super) no: Formula,
}

/// The comparisons; the others are these with the sides or the truth exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    AtMost,
}

impl Formula {
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::gather(parts, true)
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::gather(parts, false)
    }

    fn gather(parts: impl IntoIterator<Item = Self>, all: bool) -> Self {
        let (neutral, deciding) = if all { (Self::Always, Self::Never) } else { (Self::Never, Self::Always) };
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All(inner) if all => flat.extend(inner.iter().cloned()),
                Self::Any(inner) if !all => flat.extend(inner.iter().cloned()),
                part if part == deciding => return deciding,
                part if part == neutral => {}
                part => flat.push(part),
            }
        }
        flat.sort();
        flat.dedup();
        let opposed = flat.iter().any(|part| match part {
            Self::Is(atom) => flat.binary_search(&Self::Not(atom.clone())).is_ok(),
            _ => false,
        });
        if opposed {
            return deciding;
        }
        if flat.len() > 1 {
            return if all { Self::All(flat.into()) } else { Self::Any(flat.into()) };
        }
        flat.pop().unwrap_or(neutral)
    }

    pub(super) fn negated(&self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Is(atom) => Self::Not(atom.clone()),
            Self::Not(atom) => Self::Is(atom.clone()),
            Self::All(parts) => Self::any(parts.iter().map(Self::negated)),
            Self::Any(parts) => Self::all(parts.iter().map(Self::negated)),
        }
    }

    /// How many atoms it holds, those within its terms not counted.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Always | Self::Never => 0,
            Self::Is(_) | Self::Not(_) => 1,
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::size).sum(),
        }
    }

    pub(super) fn conjuncts(&self) -> &[Self] {
        match self {
            Self::All(parts) => parts,
            Self::Always => &[],
            other => std::slice::from_ref(other),
        }
    }

    pub(super) fn atoms<'a>(&'a self, visit: &mut impl FnMut(&'a Atom)) {
        match self {
            Self::Always | Self::Never => {}
            Self::Is(atom) | Self::Not(atom) => visit(atom),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.atoms(visit)),
        }
    }
}

impl Three {
    pub(super) const TRUE: Self = Self { yes: Formula::Always, no: Formula::Never };
    pub(super) const FALSE: Self = Self { yes: Formula::Never, no: Formula::Always };
    pub(super) const NULL: Self = Self { yes: Formula::Never, no: Formula::Never };

    pub(super) fn negated(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    pub(super) fn unknown(&self) -> Formula {
        Formula::all([self.yes.negated(), self.no.negated()])
    }

    /// A condition that is never NULL.
    pub(super) fn certain(yes: Formula) -> Self {
        Self { no: yes.negated(), yes }
    }

    pub(super) fn negated_if(self, negated: bool) -> Self {
        if negated { self.negated() } else { self }
    }

    pub(super) fn all(parts: Vec<Self>) -> Self {
        let (yes, no): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.yes, part.no)).unzip();
        Self { yes: Formula::all(yes), no: Formula::any(no) }
    }

    pub(super) fn any(parts: Vec<Self>) -> Self {
        let (yes, no): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.yes, part.no)).unzip();
        Self { yes: Formula::any(yes), no: Formula::all(no) }
    }
}

impl Atom {
    pub(super) fn equal(left: T, right: T) -> Self {
        if left <= right { Self::Equal(left, right) } else { Self::Equal(right, left) }
    }

    pub(super) fn terms(&self) -> [Option<&T>; 2] {
        match self {
            Self::Null(term) | Self::True(term) | Self::Like(term, _) => [Some(term), None],
            Self::Equal(left, right) | Self::Less(left, right) | Self::AtMost(left, right) => [Some(left), Some(right)],
        }
    }
}

impl Term {
    pub(super) fn number(number: i128) -> T {
        Arc::new(Self::Number(number.saturating_mul(ONE)))
    }

    pub(super) fn call(what: impl Into<Ident>, parts: Vec<T>) -> T {
        Arc::new(Self::Call { what: what.into(), parts, stamp: None })
    }

    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Self::Null | Self::Number(_) | Self::Text(_))
    }
}

/// The places of columns in a term exchanged for others.
pub(super) struct Exchange<'a> {
    /// The level whose columns are exchanged; rows bound anew at this level are left alone.
    pub(super) level: u32,
    /// The new level and index of a column.
    pub(super) with: &'a dyn Fn(Option<u32>) -> (u32, Option<u32>),
}

impl Exchange<'_> {
    pub(super) fn formula(&self, formula: &Formula) -> Formula {
        match formula {
            Formula::Always | Formula::Never => formula.clone(),
            Formula::Is(atom) => Formula::Is(self.atom(atom)),
            Formula::Not(atom) => Formula::Not(self.atom(atom)),
            Formula::All(parts) => Formula::all(parts.iter().map(|part| self.formula(part))),
            Formula::Any(parts) => Formula::any(parts.iter().map(|part| self.formula(part))),
        }
    }

    fn atom(&self, atom: &Atom) -> Atom {
        match atom {
            Atom::Null(term) => Atom::Null(self.term(term)),
            Atom::True(term) => Atom::True(self.term(term)),
            Atom::Like(term, pattern) => Atom::Like(self.term(term), pattern.clone()),
            Atom::Equal(left, right) => Atom::equal(self.term(left), self.term(right)),
            Atom::Less(left, right) => Atom::Less(self.term(left), self.term(right)),
            Atom::AtMost(left, right) => Atom::AtMost(self.term(left), self.term(right)),
        }
    }

    pub(super) fn three(&self, three: &Three) -> Three {
        Three { yes: self.formula(&three.yes), no: self.formula(&three.no) }
    }

    fn terms(&self, terms: &[T]) -> Vec<T> {
        terms.iter().map(|term| self.term(term)).collect()
    }

    fn sources(&self, sources: &[Source]) -> Vec<Source> {
        let exchanged = |source: &Source| match source {
            Source::Relation { .. } => source.clone(),
            Source::Derived(term) => Source::Derived(self.term(term)),
        };
        sources.iter().map(exchanged).collect()
    }

    fn rows(&self, rows: &Arc<Rows>) -> Arc<Rows> {
        if rows.level == self.level {
            return rows.clone();
        }
        Arc::new(Rows { level: rows.level, sources: self.sources(&rows.sources), filter: self.formula(&rows.filter) })
    }

    pub(super) fn term(&self, term: &T) -> T {
        let exchanged = match &**term {
            Term::Null | Term::Number(_) | Term::Text(_) | Term::Variable(_) => return term.clone(),
            Term::Column { level, index, relation, column } => {
                if *level != self.level {
                    return term.clone();
                }
                let (level, index) = (self.with)(*index);
                Term::Column { level, index, relation: relation.clone(), column: column.clone() }
            }
            Term::Call { what, parts, stamp } => {
                Term::Call { what: what.clone(), parts: self.terms(parts), stamp: *stamp }
            }
            Term::Truth(three) => Term::Truth(self.three(three)),
            Term::Sum(parts) => {
                let mut parts: Vec<_> = parts.iter().map(|(factor, part)| (*factor, self.term(part))).collect();
                parts.sort_by(|left, right| left.1.cmp(&right.1));
                Term::Sum(parts)
            }
            Term::Count(rows) => Term::Count(self.rows(rows)),
            Term::Aggregate { what, parts, rows, present } => {
                if rows.level == self.level {
                    return term.clone();
                }
                let (rows, present) = (self.rows(rows), self.rows(present));
                Term::Aggregate { what: what.clone(), parts: self.terms(parts), rows, present }
            }
            Term::Pick { value, rows, stamp } => {
                if rows.level == self.level {
                    return term.clone();
                }
                Term::Pick { value: self.term(value), rows: self.rows(rows), stamp: *stamp }
            }
            Term::Query { what, sources, parts, level, stamp } => {
                if *level == self.level {
                    return term.clone();
                }
                let (sources, parts) = (self.sources(sources), self.terms(parts));
                Term::Query { what: what.clone(), sources, parts, level: *level, stamp: *stamp }
            }
        };
        Arc::new(exchanged)
    }
}

/// Whether a term speaks of a row at this level or a deeper one, other than of rows that it
/// binds itself.
pub(super) fn reaches(term: &T, level: u32) -> bool {
    Reaching { level, bound: Vec::new() }.term(term)
}

/// The same of a formula.
pub(super) fn formula_reaches(formula: &Formula, level: u32) -> bool {
    Reaching { level, bound: Vec::new() }.formula(formula)
}

struct Reaching {
    level: u32,
    bound: Vec<u32>,
}

impl Reaching {
    fn formula(&mut self, formula: &Formula) -> bool {
        let mut found = false;
        formula.atoms(&mut |atom| {
            found = found || atom.terms().into_iter().flatten().any(|term| self.term(term));
        });
        found
    }

    fn within(&mut self, level: u32, inside: impl FnOnce(&mut Self) -> bool) -> bool {
        self.bound.push(level);
        let found = inside(self);
        self.bound.pop();
        found
    }

    fn sources(&mut self, sources: &[Source]) -> bool {
        sources.iter().any(|source| match source {
            Source::Relation { .. } => false,
            Source::Derived(term) => self.term(term),
        })
    }

    fn rows(&mut self, rows: &Rows) -> bool {
        self.within(rows.level, |inner| inner.sources(&rows.sources) || inner.formula(&rows.filter))
    }

    fn term(&mut self, term: &T) -> bool {
        match &**term {
            Term::Null | Term::Number(_) | Term::Text(_) | Term::Variable(_) => false,
            Term::Column { level, .. } => *level >= self.level && !self.bound.contains(level),
            Term::Call { parts, .. } => parts.iter().any(|part| self.term(part)),
            Term::Truth(three) => self.formula(&three.yes) || self.formula(&three.no),
            Term::Sum(parts) => parts.iter().any(|(_, part)| self.term(part)),
            Term::Count(rows) => self.rows(rows),
            Term::Aggregate { parts, rows, .. } => {
                self.rows(rows) || self.within(rows.level, |inner| parts.iter().any(|part| inner.term(part)))
            }
            Term::Pick { value, rows, .. } => self.rows(rows) || self.within(rows.level, |inner| inner.term(value)),
            Term::Query { sources, parts, level, .. } => {
                self.within(*level, |inner| inner.sources(sources) || parts.iter().any(|part| inner.term(part)))
            }
        }
    }
}

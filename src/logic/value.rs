//! What is known of terms, and how they are put together.

use std::sync::Arc;

use super::World;
use super::known::{self, Kind};
use super::pattern::Pattern;
use super::read::Cases;
use super::term::{Atom, Formula, ONE, Rows, T, Term, Three, formula_reaches};
use crate::effect::Name;

/// The name of a function that is PostgreSQL's own, if it is known.
pub(super) fn plain(function: &Name) -> Option<&str> {
    match function.schema.as_deref() {
        None | Some("pg_catalog") => Some(&function.name),
        Some(_) => None,
    }
}

/// Whether an operator yields a boolean.
pub(super) fn is_condition(operator: &str) -> bool {
    matches!(
        operator,
        "=" | "<>"
            | "<"
            | ">"
            | "<="
            | ">="
            | "~"
            | "!~"
            | "~*"
            | "!~*"
            | "^@"
            | "@>"
            | "<@"
            | "&&"
            | "?"
            | "?|"
            | "?&"
    )
}

/// When a term is NULL.
pub(super) fn null_of(term: &T, world: &dyn World) -> Formula {
    match &**term {
        Term::Null => Formula::Always,
        Term::Number(_) | Term::Text(_) | Term::Count(_) => Formula::Never,
        Term::Truth(three) => three.unknown(),
        Term::Sum(parts) => Formula::any(parts.iter().map(|(_, part)| null_of(part, world))),
        Term::Column { relation: Some(relation), column, .. } if world.never_null(relation, column) => Formula::Never,
        Term::Aggregate { what, .. } if what == "count distinct" => Formula::Never,
        Term::Aggregate { what, present, .. } if known::is_null_without_rows(what.trim_end_matches(" distinct")) => {
            some(present, &Formula::Always).negated()
        }
        Term::Aggregate { what, rows, .. } if what == "array_agg" => some(rows, &Formula::Always).negated(),
        Term::Pick { value, rows, stamp: None } => some(rows, &null_of(value, world).negated()).negated(),
        Term::Call { what, parts, stamp: None } => match what.as_str() {
            "array" | "row" | "array of" => Formula::Never,
            // `||` keeps to this only where no array takes part.
            "||" if kind(term, world) != Kind::Text => Formula::Is(Atom::Null(term.clone())),
            "+" | "-" | "*" | "/" | "%" | "||" => Formula::any(parts.iter().map(|part| null_of(part, world))),
            // What is not set, or not there, it raises.
            "current_setting" if parts.len() == 1 => Formula::any(parts.iter().map(|part| null_of(part, world))),
            name if known::asks_privilege(name) && parts.iter().all(|part| matches!(**part, Term::Text(_))) => {
                Formula::Never
            }
            name => match known::promise(name) {
                Some(promise) if promise.never_null => Formula::Never,
                Some(promise) if promise.strict => Formula::any(parts.iter().map(|part| null_of(part, world))),
                _ if name.starts_with("::") && parts.len() == 1 => {
                    Formula::any(parts.iter().map(|part| null_of(part, world)))
                }
                _ if name.starts_with(":{?") => Formula::Never,
                _ if name.starts_with(":'") => Formula::Never,
                _ => Formula::Is(Atom::Null(term.clone())),
            },
        },
        _ => Formula::Is(Atom::Null(term.clone())),
    }
}

/// What is known of the values of a term.
pub(super) fn kind(term: &T, world: &dyn World) -> Kind {
    match &**term {
        Term::Number(number) if number % ONE == 0 => Kind::Integer,
        Term::Number(_) => Kind::Number,
        Term::Count(_) | Term::Sum(_) => Kind::Integer,
        Term::Truth(_) => Kind::Boolean,
        Term::Column { relation: Some(relation), column, .. } => {
            kind_of_type(world.column_type(relation, column).as_ref())
        }
        Term::Variable(path) => kind_of_type(world.variable_type(path).as_ref()),
        Term::Aggregate { what, parts, .. } => match what.trim_end_matches(" distinct") {
            "count" => Kind::Integer,
            "min" | "max" => parts.first().map_or(Kind::Unknown, |part| kind(part, world)),
            "sum" if parts.first().is_some_and(|part| kind(part, world) == Kind::Integer) => Kind::Integer,
            "string_agg" => Kind::Text,
            _ => Kind::Unknown,
        },
        Term::Pick { value, .. } => kind(value, world),
        Term::Call { what, parts, .. } => match what.strip_prefix("::") {
            Some(name) if parts.len() == 1 => known::kind_of(name),
            Some(name) if known::kind_of(name) != Kind::Integer => known::kind_of(name),
            Some(_) => Kind::Unknown,
            None if what == "case" => {
                let values = parts.chunks(2).filter_map(|pair| pair.get(1)).filter(|part| ***part != Term::Null);
                let mut kinds = values.map(|part| kind(part, world));
                let first = kinds.next().unwrap_or(Kind::Unknown);
                if kinds.all(|kind| kind == first) { first } else { Kind::Unknown }
            }
            None if what == "||" => {
                let is_text = |part: &T| kind(part, world) == Kind::Text;
                let is_literal = |part: &T| matches!(**part, Term::Text(_));
                let are_texts = parts.iter().any(is_text) && parts.iter().all(|part| is_text(part) || is_literal(part));
                if are_texts { Kind::Text } else { Kind::Unknown }
            }
            None => known::promise(what).map_or(Kind::Unknown, |promise| promise.kind),
        },
        _ => Kind::Unknown,
    }
}

fn kind_of_type(of: Option<&crate::effect::Type>) -> Kind {
    match of {
        Some(of) if !of.array && !of.set && of.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog") => {
            known::kind_of(&of.name.name)
        }
        _ => Kind::Unknown,
    }
}

/// A text as the constant of the type that it is compared with.
pub(super) fn adapt(text: &str, kind: Kind) -> Option<T> {
    match kind {
        Kind::Integer | Kind::Number => Some(Arc::new(Term::Number(known::number(text)?))),
        Kind::Boolean => Some(Arc::new(Term::Truth(if known::boolean(text)? { Three::TRUE } else { Three::FALSE }))),
        Kind::Text | Kind::Unknown => None,
    }
}

/// The same for a text that is a term.
pub(super) fn adapt_term(term: &T, kind: Kind) -> Option<T> {
    match &**term {
        Term::Text(text) => adapt(text, kind),
        _ => None,
    }
}

/// What it takes for the terms not to be NULL, where that is more than a fact about them.
pub(super) fn presence<const N: usize>(terms: [&T; N], world: &dyn World) -> Formula {
    Formula::all(terms.into_iter().map(|term| match null_of(term, world) {
        Formula::Is(Atom::Null(other)) if other == *term => Formula::Always,
        null => null.negated(),
    }))
}

/// Whether it is an array of no elements, as `'{}'` is when it is cast to one.
pub(super) fn is_empty(term: &T) -> bool {
    match &**term {
        Term::Call { what, parts, stamp: None } => match parts.as_slice() {
            [] => what == "array",
            [only] => {
                what.starts_with("::") && what.ends_with("[]") && matches!(&**only, Term::Text(text) if text == "{}")
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a text is longer than nothing, if it is not NULL.
pub(super) fn has_letters(term: &T, world: &dyn World) -> bool {
    match &**term {
        Term::Text(text) => !text.is_empty(),
        Term::Call { what, parts, stamp: None } if what == "||" && kind(term, world) == Kind::Text => {
            parts.iter().any(|part| has_letters(part, world))
        }
        Term::Call { stamp: None, .. } => {
            uncast(term).is_some_and(|inner| !matches!(kind(inner, world), Kind::Text | Kind::Unknown))
        }
        _ => false,
    }
}

/// Whether a term is certainly an array.
pub(super) fn is_array(term: &T, world: &dyn World) -> bool {
    match &**term {
        Term::Variable(path) => world.variable_type(path).is_some_and(|kind| kind.array),
        Term::Call { what, .. } => {
            matches!(what.as_str(), "array" | "array of" | "array_append" | "array_prepend" | "array_cat")
                || what.starts_with("::") && what.ends_with("[]")
        }
        Term::Aggregate { what, .. } => what.trim_end_matches(" distinct") == "array_agg",
        _ => false,
    }
}

/// How many elements an array has of one dimension, or of none where it is empty; of one whose
/// elements may be arrays that is not told.
pub(super) fn elements(term: &T, world: &dyn World) -> Option<T> {
    let one_more = |array: &T| match &**array {
        Term::Null => Some(Term::number(1)),
        _ => summed(&measure(array, world)?, &Term::number(1), 1),
    };
    match &**term {
        Term::Call { what, parts, stamp: None } => match (what.as_str(), parts.as_slice()) {
            _ if is_empty(term) => Some(Term::number(0)),
            ("array", parts) => {
                let is_scalar = |part: &T| matches!(**part, Term::Text(_) | Term::Number(_) | Term::Truth(_));
                let count = i128::try_from(parts.len()).ok()?;
                parts.iter().all(is_scalar).then(|| Term::number(count))
            }
            ("array_append", [array, _]) | ("array_prepend", [_, array]) => one_more(array),
            // PostgreSQL takes a literal for an array here, and refuses it if it is none.
            ("||", [array, element]) if is_array(array, world) => match &**element {
                Term::Text(text) if !text.starts_with('{') => one_more(array),
                _ if kind(element, world) != Kind::Unknown => one_more(array),
                _ => None,
            },
            ("array of", [_, size]) => Some(size.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The same as a choice: an aggregate is no array where there are no rows.
pub(super) fn sizes(term: &T, world: &dyn World) -> Option<Cases> {
    match &**term {
        Term::Null => Some(vec![(Formula::Always, term.clone())]),
        // What stands for an array is spelt as one.
        Term::Text(text) => {
            let count = i128::try_from(known::array(text)?.len()).ok()?;
            Some(vec![(Formula::Always, Term::number(count))])
        }
        Term::Aggregate { what, parts, rows, .. } => {
            if what != "array_agg" || !is_scalar(parts.first()?, world) {
                return None;
            }
            let any = some(rows, &Formula::Always);
            let mut cases: Cases =
                count(rows).into_iter().map(|(guard, size)| (Formula::all([any.clone(), guard]), size)).collect();
            cases.push((any.negated(), Arc::new(Term::Null)));
            Some(cases)
        }
        _ => Some(choices(&elements(term, world)?)),
    }
}

/// Whether a value is certainly no array, from which PostgreSQL would make one of more dimensions.
pub(super) fn is_scalar(term: &T, world: &dyn World) -> bool {
    choices(term).iter().all(|(_, term)| matches!(**term, Term::Text(_)) || kind(term, world) != Kind::Unknown)
}

/// How many elements an array has, if only by that name.
fn measure(array: &T, world: &dyn World) -> Option<T> {
    elements(array, world).or_else(|| is_array(array, world).then(|| Term::call("cardinality", vec![array.clone()])))
}

fn uncast(term: &T) -> Option<&T> {
    match &**term {
        Term::Call { what, parts, stamp: None } if matches!(what.as_str(), "::text" | "::varchar") => {
            parts.first().filter(|_| parts.len() == 1)
        }
        _ => None,
    }
}

/// The term without its cast to text, where it is compared with a word: that can only be
/// equal to a value that is spelt so.
pub(super) fn bare_text(term: &T, other: &T) -> T {
    match (uncast(term), &**other) {
        (Some(inner), Term::Text(text)) if known::is_word(text) => inner.clone(),
        _ => term.clone(),
    }
}

/// The same for a pattern that starts with a letter.
pub(super) fn without_text_cast(term: &T, pattern: &Pattern, world: &dyn World) -> T {
    match uncast(term) {
        Some(inner) if pattern.starts_with_a_letter() || kind(inner, world) == Kind::Text => inner.clone(),
        _ => term.clone(),
    }
}

/// A sum of whole numbers in its canonical form.
pub(super) fn weighted(parts: Vec<(i128, T)>, constant: i128) -> Option<T> {
    let mut parts = parts;
    if constant != 0 {
        parts.push((constant.checked_div(ONE)?, Term::number(1)));
    }
    Some(match parts.as_slice() {
        [] => Term::number(0),
        [(1, term)] => term.clone(),
        [(factor, term)] if matches!(**term, Term::Number(_)) => Term::number(*factor),
        _ => {
            parts.sort_by(|left, right| left.1.cmp(&right.1));
            Arc::new(Term::Sum(parts))
        }
    })
}

/// The parts of a whole number and its constant, that in billionths.
fn linear(term: &T, factor: i128, parts: &mut Vec<(i128, T)>, constant: &mut i128) -> Option<()> {
    match &**term {
        Term::Number(number) => *constant = constant.checked_add(number.checked_mul(factor)?)?,
        Term::Sum(inner) => {
            for (inner_factor, part) in inner {
                linear(part, factor.checked_mul(*inner_factor)?, parts, constant)?;
            }
        }
        _ => match parts.iter_mut().find(|(_, part)| part == term) {
            Some((known, _)) => *known = known.checked_add(factor)?,
            None => parts.push((factor, term.clone())),
        },
    }
    Some(())
}

/// `left - right` as parts, in their order, and a constant in billionths.
pub(super) fn difference(left: &T, right: &T) -> Option<(Vec<(i128, T)>, i128)> {
    let (mut parts, mut constant) = (Vec::new(), 0);
    linear(left, 1, &mut parts, &mut constant)?;
    linear(right, -1, &mut parts, &mut constant)?;
    // A part that cancels out may still be NULL.
    if parts.iter().any(|(factor, part)| *factor == 0 && !matches!(**part, Term::Count(_))) {
        return None;
    }
    parts.retain(|(factor, _)| *factor != 0);
    parts.sort_by(|left, right| left.1.cmp(&right.1));
    Some((parts, constant))
}

pub(super) fn summed(left: &T, right: &T, sign: i128) -> Option<T> {
    let (mut parts, mut constant) = (Vec::new(), 0);
    linear(left, 1, &mut parts, &mut constant)?;
    linear(right, sign, &mut parts, &mut constant)?;
    if parts.iter().any(|(factor, part)| *factor == 0 && !matches!(**part, Term::Count(_))) {
        return None;
    }
    parts.retain(|(factor, _)| *factor != 0);
    weighted(parts, constant)
}

pub(super) fn scaled(term: &T, factor: i128) -> Option<T> {
    let (mut parts, mut constant) = (Vec::new(), 0);
    // Zero times NULL is NULL.
    if factor == 0 {
        return None;
    }
    linear(term, factor, &mut parts, &mut constant)?;
    weighted(parts, constant)
}

fn is_count(term: &T) -> bool {
    matches!(**term, Term::Count(_)) || matches!(&**term, Term::Aggregate { what, .. } if what == "count distinct")
}

/// `term >= bound`, a whole number.
pub(super) fn at_least(term: &T, bound: i128) -> Formula {
    if is_count(term) && bound <= 0 {
        return Formula::Always;
    }
    if let Term::Aggregate { what, present, .. } = &**term
        && what == "count distinct"
        && bound == 1
    {
        return some(present, &Formula::Always);
    }
    Formula::Is(Atom::AtMost(Term::number(bound), term.clone()))
}

/// `term <= bound`, a whole number.
pub(super) fn at_most(term: &T, bound: i128) -> Formula {
    if is_count(term) {
        return at_least(term, bound.saturating_add(1)).negated();
    }
    Formula::Is(Atom::AtMost(term.clone(), Term::number(bound)))
}

/// `term = value`, a whole number.
pub(super) fn equal_whole(term: &T, value: i128) -> Formula {
    if is_count(term) && value <= 0 {
        return if value == 0 { at_most(term, 0) } else { Formula::Never };
    }
    Formula::Is(Atom::equal(term.clone(), Term::number(value)))
}

/// The rows of these for which the condition holds as well.
pub(super) fn narrowed(rows: &Arc<Rows>, condition: &Formula) -> Arc<Rows> {
    if *condition == Formula::Always {
        return rows.clone();
    }
    let filter = Formula::all([rows.filter.clone(), condition.clone()]);
    Arc::new(Rows { level: rows.level, sources: rows.sources.clone(), filter })
}

/// That the condition holds for one of the rows at least.
pub(super) fn some(rows: &Arc<Rows>, condition: &Formula) -> Formula {
    several(rows, condition, 1)
}

/// That the condition holds for so many of the rows at least.
pub(super) fn several(rows: &Arc<Rows>, condition: &Formula, least: i128) -> Formula {
    let (outside, rows) = split(&narrowed(rows, condition));
    let inside = match (rows.sources.is_empty(), &rows.filter) {
        _ if least <= 0 => return Formula::Always,
        (_, Formula::Never) => Formula::Never,
        (true, filter) if least == 1 => filter.clone(),
        (true, _) => Formula::Never,
        _ => at_least(&Arc::new(Term::Count(rows)), least),
    };
    Formula::all([outside, inside])
}

/// What the filter says of no row of these in particular, and the rows without it.
fn split(rows: &Arc<Rows>) -> (Formula, Arc<Rows>) {
    let (inside, outside): (Vec<_>, Vec<_>) =
        rows.filter.conjuncts().iter().cloned().partition(|part| formula_reaches(part, rows.level));
    if outside.is_empty() || rows.filter == Formula::Never {
        return (Formula::Always, rows.clone());
    }
    let rows = Rows { level: rows.level, sources: rows.sources.clone(), filter: Formula::all(inside) };
    (Formula::all(outside), Arc::new(rows))
}

/// How many rows there are.
pub(super) fn count(rows: &Arc<Rows>) -> Cases {
    let (outside, rows) = split(rows);
    let number = match (rows.sources.is_empty(), &rows.filter) {
        (_, Formula::Never) => Term::number(0),
        (true, Formula::Always) => Term::number(1),
        (true, filter) => {
            let some = Formula::all([outside, filter.clone()]);
            return vec![(some.clone(), Term::number(1)), (some.negated(), Term::number(0))];
        }
        (false, _) => Arc::new(Term::Count(rows)),
    };
    let none = outside.negated();
    let mut cases = vec![(outside, number), (none, Term::number(0))];
    cases.retain(|(guard, _)| *guard != Formula::Never);
    cases
}

/// A choice as one term.
pub(super) fn one(mut cases: Cases) -> T {
    if cases.len() == 1
        && let Some((Formula::Always, term)) = cases.pop()
    {
        return term;
    }
    let parts = cases.into_iter().flat_map(|(guard, term)| [Arc::new(Term::Truth(Three::certain(guard))), term]);
    Term::call("case", parts.collect())
}

/// What a term chooses from, where it is a choice.
pub(super) fn choices(term: &T) -> Cases {
    if let Term::Call { what, parts, stamp: None } = &**term
        && what == "case"
    {
        let choice = |pair: &[T]| match pair {
            [guard, value] => match &**guard {
                Term::Truth(guard) => Some((guard.yes.clone(), value.clone())),
                _ => None,
            },
            _ => None,
        };
        if let Some(cases) = parts.chunks(2).map(choice).collect() {
            return cases;
        }
    }
    vec![(Formula::Always, term.clone())]
}

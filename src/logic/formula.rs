//! Two-valued formulas: what it means for a condition to be TRUE, FALSE or NULL.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::canon;
use crate::effect::{Expr, ExprKind, Ident, IsTest, LikeKind};

/// A formula.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    Constant(bool),
    And(Vec<Formula>),
    Or(Vec<Formula>),
    /// The atom, or that it does not hold.
    Literal(Atom, bool),
}

/// What is true or false by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// The term is NULL.
    Null(Term),
    /// The term, a boolean, is TRUE.
    Holds(Term),
    /// The term is the constant.
    Is(Term, Value),
    /// The term is less than the number.
    Less(Term, i128),
    /// The two are equal.
    Same(Term, Term),
    /// The first is less than the second.
    Before(Term, Term),
    /// The text starts with this.
    Starts(Term, Ident),
    /// A condition that nothing is known of but that it is itself.
    Opaque(Term),
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i128),
    Text(Ident),
    Boolean(bool),
}

/// An expression in its canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) expr: std::sync::Arc<Expr>,
    hash: u64,
}

impl Hash for Term {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl Term {
    pub(super) fn new(expr: &Expr) -> Self {
        let mut hasher = DefaultHasher::new();
        expr.hash(&mut hasher);
        Self { expr: std::sync::Arc::new(expr.clone()), hash: hasher.finish() }
    }
}

impl Formula {
    /// The formula that holds where this one does not.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Constant(truth) => Self::Constant(!truth),
            Self::And(parts) => Self::Or(parts.into_iter().map(Self::not).collect()),
            Self::Or(parts) => Self::And(parts.into_iter().map(Self::not).collect()),
            Self::Literal(atom, holds) => Self::Literal(atom, !holds),
        }
    }

    /// What the formula speaks of, by hash; of a count also its table, since counts of one
    /// table bound one another.
    pub(super) fn terms(&self) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        self.collect(&mut found);
        found
    }

    fn collect(&self, found: &mut BTreeSet<u64>) {
        let mut add = |term: &Term| {
            found.insert(term.hash);
            if let Some(source) = canon::counted(&term.expr) {
                let mut hasher = DefaultHasher::new();
                source.from.hash(&mut hasher);
                found.insert(hasher.finish());
            }
        };
        match self {
            Self::Constant(_) => {}
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect(found)),
            Self::Literal(atom, _) => match atom {
                Atom::Null(term)
                | Atom::Holds(term)
                | Atom::Is(term, _)
                | Atom::Less(term, _)
                | Atom::Starts(term, _)
                | Atom::Opaque(term) => add(term),
                Atom::Same(left, right) | Atom::Before(left, right) => {
                    add(left);
                    add(right);
                }
            },
        }
    }
}

fn both(left: Formula, right: Formula) -> Formula {
    match (left, right) {
        (Formula::Constant(false), _) | (_, Formula::Constant(false)) => Formula::Constant(false),
        (Formula::Constant(true), other) | (other, Formula::Constant(true)) => other,
        (left, right) => Formula::And(vec![left, right]),
    }
}

fn either(left: Formula, right: Formula) -> Formula {
    match (left, right) {
        (Formula::Constant(true), _) | (_, Formula::Constant(true)) => Formula::Constant(true),
        (Formula::Constant(false), other) | (other, Formula::Constant(false)) => other,
        (left, right) => Formula::Or(vec![left, right]),
    }
}

/// When the condition is TRUE.
pub(super) fn is_true(expr: &Expr) -> Formula {
    truth(expr, true)
}

/// When the condition is FALSE.
pub(super) fn is_false(expr: &Expr) -> Formula {
    truth(expr, false)
}

/// When the condition is NULL.
pub(super) fn is_null(expr: &Expr) -> Formula {
    both(is_true(expr).not(), is_false(expr).not())
}

fn truth(expr: &Expr, wanted: bool) -> Formula {
    match &expr.kind {
        ExprKind::Boolean(truth) => Formula::Constant(*truth == wanted),
        ExprKind::Null => Formula::Constant(false),
        ExprKind::And(parts) => {
            let parts = parts.iter().map(|part| truth(part, wanted));
            if wanted {
                parts.fold(Formula::Constant(true), both)
            } else {
                parts.fold(Formula::Constant(false), either)
            }
        }
        ExprKind::Or(parts) => {
            let parts = parts.iter().map(|part| truth(part, wanted));
            if wanted {
                parts.fold(Formula::Constant(false), either)
            } else {
                parts.fold(Formula::Constant(true), both)
            }
        }
        ExprKind::Not(operand) => truth(operand, !wanted),
        ExprKind::Is { operand, test, negated } => {
            let holds = match test {
                IsTest::Null => null_value(operand),
                IsTest::Unknown => is_null(operand),
                IsTest::True => is_true(operand),
                IsTest::False => is_false(operand),
            };
            if wanted == *negated { holds.not() } else { holds }
        }
        ExprKind::Distinct { left, right, negated } => {
            let equal = compare("=", left, right, true);
            let same = either(both(null_value(left), null_value(right)), equal);
            if wanted == *negated { same } else { same.not() }
        }
        ExprKind::Operator { operator, left: Some(left), right }
            if matches!(operator.as_str(), "=" | "<>" | "<" | "<=" | ">" | ">=") =>
        {
            compare(operator, left, right, wanted)
        }
        ExprKind::In { operand, list, negated } => {
            let holds = wanted != *negated;
            let parts = list.iter().map(|value| compare("=", operand, value, holds));
            if holds { parts.fold(Formula::Constant(false), either) } else { parts.fold(Formula::Constant(true), both) }
        }
        ExprKind::Like { kind: LikeKind::Like, operand, pattern, escape, negated } => {
            let holds = wanted != *negated;
            match (&pattern.kind, escape) {
                (ExprKind::Text(pattern), None) => {
                    like(operand, pattern, holds).unwrap_or_else(|| opaque(expr, wanted))
                }
                _ => opaque(expr, wanted),
            }
        }
        ExprKind::Case { operand: None, arms, otherwise } => {
            let mut formula = otherwise.as_ref().map_or(Formula::Constant(false), |value| truth(value, wanted));
            for (condition, value) in arms.iter().rev() {
                let taken = is_true(condition);
                formula = either(both(taken.clone(), truth(value, wanted)), both(taken.not(), formula));
            }
            formula
        }
        ExprKind::Coalesce(parts) => {
            let mut formula = Formula::Constant(false);
            for part in parts.iter().rev() {
                let null = is_null(part);
                formula = either(truth(part, wanted), both(null, formula));
            }
            formula
        }
        ExprKind::Call { function, arguments, .. } if function.name == "starts_with" => match arguments.as_slice() {
            [operand, Expr { kind: ExprKind::Text(prefix), .. }] => {
                let term = Term::new(operand);
                both(null_value(operand).not(), Formula::Literal(Atom::Starts(term, prefix.clone()), wanted))
            }
            _ => opaque(expr, wanted),
        },
        _ => opaque(expr, wanted),
    }
}

fn opaque(expr: &Expr, wanted: bool) -> Formula {
    let term = Term::new(expr);
    both(null_value(expr).not(), Formula::Literal(Atom::Holds(term), wanted))
}

/// When the value is NULL.
pub(super) fn null_value(expr: &Expr) -> Formula {
    match &expr.kind {
        ExprKind::Null => Formula::Constant(true),
        ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Array(_) | ExprKind::Variable(_) => {
            Formula::Constant(false)
        }
        _ if canon::never_null(expr) => Formula::Constant(false),
        ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Not(_)
        | ExprKind::In { .. }
        | ExprKind::Is { .. }
        | ExprKind::Distinct { .. } => is_null(expr),
        ExprKind::Operator { operator, left: Some(left), right }
            if matches!(operator.as_str(), "=" | "<>" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "||") =>
        {
            either(null_value(left), null_value(right))
        }
        ExprKind::Coalesce(parts) => parts.iter().map(null_value).fold(Formula::Constant(true), both),
        ExprKind::Case { operand: None, arms, otherwise } => {
            let mut formula = otherwise.as_ref().map_or(Formula::Constant(true), |value| null_value(value));
            for (condition, value) in arms.iter().rev() {
                let taken = is_true(condition);
                formula = either(both(taken.clone(), null_value(value)), both(taken.not(), formula));
            }
            formula
        }
        ExprKind::Cast { operand, .. } => null_value(operand),
        _ => Formula::Literal(Atom::Null(Term::new(expr)), true),
    }
}

/// When the comparison is TRUE, or when it is FALSE.
fn compare(operator: &str, left: &Expr, right: &Expr, wanted: bool) -> Formula {
    // A value with cases is compared case by case.
    if let Some(formula) = by_cases(left, &mut |value| compare(operator, value, right, wanted)) {
        return formula;
    }
    if let Some(formula) = by_cases(right, &mut |value| compare(operator, left, value, wanted)) {
        return formula;
    }
    let known = both(null_value(left).not(), null_value(right).not());
    if known == Formula::Constant(false) {
        return known;
    }
    both(known, ordered(operator, left, right, wanted))
}

fn by_cases(value: &Expr, compare: &mut dyn FnMut(&Expr) -> Formula) -> Option<Formula> {
    match &value.kind {
        ExprKind::Coalesce(parts) => {
            let mut formula = Formula::Constant(false);
            for part in parts.iter().rev() {
                let null = null_value(part);
                formula = either(both(null.clone().not(), compare(part)), both(null, formula));
            }
            Some(formula)
        }
        ExprKind::Case { operand: None, arms, otherwise } => {
            let mut formula = otherwise.as_ref().map_or(Formula::Constant(false), |value| compare(value));
            for (condition, value) in arms.iter().rev() {
                let taken = is_true(condition);
                formula = either(both(taken.clone(), compare(value)), both(taken.not(), formula));
            }
            Some(formula)
        }
        _ => None,
    }
}

/// The comparison of two values that are not NULL.
fn ordered(operator: &str, left: &Expr, right: &Expr, wanted: bool) -> Formula {
    if let (Some(left), Some(right)) = (constant(left), constant(right)) {
        return match decide(operator, &left, &right) {
            Some(truth) => Formula::Constant(truth == wanted),
            None => Formula::Literal(Atom::Opaque(Term::new(&pair(operator))), wanted),
        };
    }
    if constant(left).is_some() {
        let turned = match operator {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            same => same,
        };
        return ordered(turned, right, left, wanted);
    }
    let term = || Term::new(left);
    let literal = |atom, holds: bool| Formula::Literal(atom, holds == wanted);
    match (operator, constant(right)) {
        // A boolean against a constant is the boolean itself.
        ("=", Some(Value::Boolean(value))) => truth(left, value == wanted),
        ("<>", Some(Value::Boolean(value))) => truth(left, value != wanted),
        ("=", Some(value)) => literal(Atom::Is(term(), value), true),
        ("<>", Some(value)) => literal(Atom::Is(term(), value), false),
        ("<", Some(Value::Number(number))) => literal(Atom::Less(term(), number), true),
        (">=", Some(Value::Number(number))) => literal(Atom::Less(term(), number), false),
        ("<=", Some(Value::Number(number))) if canon::is_whole(left) => {
            literal(Atom::Less(term(), number.saturating_add(1)), true)
        }
        (">", Some(Value::Number(number))) if canon::is_whole(left) => {
            literal(Atom::Less(term(), number.saturating_add(1)), false)
        }
        // Of a number that may have a fraction: not less, and not equal.
        ("<=" | ">", Some(Value::Number(number))) => {
            let less = Formula::Literal(Atom::Less(term(), number), true);
            let equal = Formula::Literal(Atom::Is(term(), Value::Number(number)), true);
            let at_most = either(less, equal);
            if (operator == "<=") == wanted { at_most } else { at_most.not() }
        }
        (operator, None) => {
            let (left, right) = (Term::new(left), Term::new(right));
            if left == right {
                return Formula::Constant(matches!(operator, "=" | "<=" | ">=") == wanted);
            }
            match operator {
                "=" | "<>" => {
                    let (left, right) = if left.hash <= right.hash { (left, right) } else { (right, left) };
                    literal(Atom::Same(left, right), operator == "=")
                }
                "<" => literal(Atom::Before(left, right), true),
                ">" => literal(Atom::Before(right, left), true),
                "<=" => literal(Atom::Before(right, left), false),
                _ => literal(Atom::Before(left, right), false),
            }
        }
        // Texts have an order of their own.
        (operator, Some(_)) => {
            let kind = ExprKind::Operator {
                operator: Ident::from(operator),
                left: Some(Box::new(left.clone())),
                right: Box::new(right.clone()),
            };
            literal(Atom::Opaque(Term::new(&Expr { at: left.at, kind })), true)
        }
    }
}

fn pair(operator: &str) -> Expr {
    Expr { at: crate::effect::At::default(), kind: ExprKind::Column(vec![Ident::from(operator)]) }
}

fn decide(operator: &str, left: &Value, right: &Value) -> Option<bool> {
    if std::mem::discriminant(left) != std::mem::discriminant(right) {
        return None;
    }
    let texts = matches!(left, Value::Text(_));
    Some(match operator {
        "=" => left == right,
        "<>" => left != right,
        // The order of texts depends on the collation.
        _ if texts => return None,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    })
}

pub(super) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Text(text) => Some(Value::Text(text.clone())),
        ExprKind::Number(number) => number.parse().ok().map(Value::Number),
        ExprKind::Boolean(truth) => Some(Value::Boolean(*truth)),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => match constant(right)? {
            Value::Number(number) => Some(Value::Number(number.checked_neg()?)),
            _ => None,
        },
        _ => None,
    }
}

/// `LIKE` where the pattern is a text, or a text and a final `%`.
fn like(operand: &Expr, pattern: &str, wanted: bool) -> Option<Formula> {
    let mut text = String::new();
    let mut characters = pattern.chars();
    let mut open = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            '%' if characters.as_str().chars().all(|rest| rest == '%') => {
                open = true;
                break;
            }
            '%' | '_' => return None,
            _ => text.push(character),
        }
    }
    let term = Term::new(operand);
    let atom = if open {
        if text.is_empty() {
            return Some(both(null_value(operand).not(), Formula::Constant(wanted)));
        }
        Atom::Starts(term, Ident::from(text))
    } else {
        if let Some(Value::Text(value)) = constant(operand) {
            return Some(Formula::Constant((value == text) == wanted));
        }
        Atom::Is(term, Value::Text(Ident::from(text)))
    };
    Some(both(null_value(operand).not(), Formula::Literal(atom, wanted)))
}

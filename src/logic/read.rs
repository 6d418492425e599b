//! From expressions to formulas: what must be so for a condition to be TRUE, and for it to be
//! FALSE.

use std::sync::Arc;

use super::World;
use super::known::{self, Kind};
use super::pattern::Pattern;
use super::query::{Common, Scope};
use super::term::{Atom, Comparison, Formula, ONE, Rows, T, Term, Three, reaches};
use super::value::{
    adapt, adapt_term, at_least, at_most, bare_text, choices, count, difference, equal_whole, has_letters, is_array,
    is_condition, is_empty, kind, narrowed, null_of, one, plain, presence, scaled, several, sizes, some, summed,
    weighted, without_text_cast,
};
use crate::effect::{Expr, ExprKind, Ident, IsTest, LikeKind, Name, SubqueryKind, Type};

/// How deep an expression may nest before it is opaque.
const DEPTH_LIMIT: u32 = 200;
/// How many parts expressions may have before the rest is opaque.
const SIZE_LIMIT: u32 = 20_000;
/// How many values an expression may choose from before it is opaque.
const CASES_LIMIT: usize = 24;
/// How many atoms the condition of a choice may have before it is opaque.
const GUARD_LIMIT: usize = 400;

/// What an expression may come to, and when.
pub(super) type Cases = Vec<(Formula, T)>;

/// Reads expressions, and notes what they depend on.
pub(super) struct Reader<'a> {
    pub(super) world: &'a dyn World,
    /// Tells what was assumed at one time from what was assumed at another.
    serial: u64,
    stamps: u64,
    pub(super) level: u32,
    pub(super) scopes: Vec<Scope>,
    pub(super) commons: Vec<Common<'a>>,
    /// The rows that an aggregate is over.
    pub(super) group: Option<Arc<Rows>>,
    pub(super) depth: u32,
    size: u32,
    /// The relations that were read, by their canonical names.
    pub(super) relations: Vec<Name>,
    /// The names that may be variables.
    pub(super) variables: Vec<Vec<Ident>>,
    /// Whether a function was called that may read anything.
    pub(super) reads_anything: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(world: &'a dyn World, serial: u64) -> Self {
        Self {
            world,
            serial,
            stamps: 0,
            level: 1,
            scopes: Vec::new(),
            commons: Vec::new(),
            group: None,
            depth: 0,
            size: 0,
            relations: Vec::new(),
            variables: Vec::new(),
            reads_anything: false,
        }
    }

    /// A number that no other term of these facts has.
    pub(super) fn stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.serial.wrapping_mul(1 << 24).wrapping_add(self.stamps)
    }

    pub(super) fn opaque(&mut self) -> T {
        let stamp = Some(self.stamp());
        Arc::new(Term::Call { what: Ident::new_static("?"), parts: Vec::new(), stamp })
    }

    /// Goes one deeper; false where it is too deep or too large.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        self.size += 1;
        self.depth <= DEPTH_LIMIT && self.size <= SIZE_LIMIT
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// When the expression, a condition, is TRUE and when FALSE.
    pub(super) fn condition(&mut self, expr: &'a Expr) -> Three {
        let three = if self.enter() { self.condition_of(expr) } else { None };
        let three = match three {
            Some(three) => three,
            None => {
                let cases =
                    if self.depth <= DEPTH_LIMIT { self.cases(expr) } else { vec![(Formula::Always, self.opaque())] };
                self.truth_of_cases(&cases)
            }
        };
        self.leave();
        three
    }

    fn conditions(&mut self, exprs: &'a [Expr]) -> Vec<Three> {
        exprs.iter().map(|expr| self.condition(expr)).collect()
    }

    /// The condition, unless the expression is better read as a value.
    fn condition_of(&mut self, expr: &'a Expr) -> Option<Three> {
        Some(match &expr.kind {
            ExprKind::Null => Three::NULL,
            ExprKind::Boolean(true) => Three::TRUE,
            ExprKind::Boolean(false) => Three::FALSE,
            ExprKind::And(parts) => Three::all(self.conditions(parts)),
            ExprKind::Or(parts) => Three::any(self.conditions(parts)),
            ExprKind::Not(inner) => self.condition(inner).negated(),
            ExprKind::Is { operand, test, negated } => self.is(operand, *test, *negated),
            ExprKind::Distinct { left, right, negated } => {
                let same = self.same(left, right);
                Three::certain(same).negated_if(!negated)
            }
            ExprKind::Operator { operator, left: Some(left), right } => self.operator(operator, left, right)?,
            ExprKind::Like { kind, operand, pattern, escape, negated } => {
                self.like(*kind, operand, pattern, escape.as_deref()).negated_if(*negated)
            }
            ExprKind::Between { operand, low, high, negated, symmetric } => {
                let between = self.between(operand, low, high);
                let between = if *symmetric {
                    let other = self.between(operand, high, low);
                    Three::any(vec![between, other])
                } else {
                    between
                };
                between.negated_if(*negated)
            }
            ExprKind::In { operand, list, negated } => {
                let parts =
                    list.iter().map(|element| self.compare("=", operand, element)).collect::<Option<Vec<_>>>()?;
                Three::any(parts).negated_if(*negated)
            }
            ExprKind::Quantified { operand, operator, all, array } => {
                self.quantified(operand, operator, *all, array)?
            }
            ExprKind::Subquery { kind: SubqueryKind::Exists, query } => {
                let read = self.query(query);
                let yes = self.any_row(&read);
                Three::certain(yes)
            }
            ExprKind::Subquery { kind: SubqueryKind::Any { operand, operator }, query } => {
                self.membership(operand, operator, query, false)
            }
            ExprKind::Subquery { kind: SubqueryKind::All { operand, operator }, query } => {
                self.membership(operand, operator, query, true)
            }
            ExprKind::Call { function, arguments, .. } if plain(function) == Some("starts_with") => {
                match &**arguments {
                    [operand, Expr { kind: ExprKind::Text(text), .. }] => {
                        let pattern = Pattern::starting(text)?;
                        self.matching(operand, &[pattern])
                    }
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    fn is(&mut self, operand: &'a Expr, test: IsTest, negated: bool) -> Three {
        let holds = match test {
            IsTest::Null => {
                if let ExprKind::Row(parts) = &operand.kind {
                    // `IS NOT NULL` of a row is more than the opposite of `IS NULL`.
                    let nulls: Vec<Formula> = parts.iter().map(|part| self.null(part)).collect();
                    let none = Formula::all(nulls.iter().map(Formula::negated));
                    return Three::certain(if negated { none } else { Formula::all(nulls) });
                }
                let null = self.null(operand);
                if negated && self.is_composite(operand) {
                    let whole = Term::call("whole", vec![self.term(operand)]);
                    return Three::certain(Formula::all([null.negated(), Formula::Is(Atom::True(whole))]));
                }
                null
            }
            IsTest::True => self.condition(operand).yes,
            IsTest::False => self.condition(operand).no,
            IsTest::Unknown => self.condition(operand).unknown(),
        };
        Three::certain(holds).negated_if(negated)
    }

    fn is_composite(&self, operand: &Expr) -> bool {
        match &operand.kind {
            ExprKind::Column(path) => self.type_of_path(path).is_some_and(|of| {
                let name = of.name.name.as_str();
                !of.array && (name == "record" || name.ends_with("%rowtype"))
            }),
            _ => false,
        }
    }

    fn type_of_path(&self, path: &[Ident]) -> Option<Type> {
        self.world.variable_type(path)
    }

    /// When the value is NULL.
    fn null(&mut self, expr: &'a Expr) -> Formula {
        let cases = self.cases(expr);
        self.null_of_cases(&cases)
    }

    pub(super) fn null_of_cases(&mut self, cases: &Cases) -> Formula {
        Formula::any(cases.iter().map(|(guard, term)| Formula::all([guard.clone(), null_of(term, self.world)])))
    }

    /// When neither or both are NULL and both are equal.
    fn same(&mut self, left: &'a Expr, right: &'a Expr) -> Formula {
        if let (ExprKind::Row(left), ExprKind::Row(right)) = (&left.kind, &right.kind)
            && left.len() == right.len()
        {
            return Formula::all(
                left.iter().zip(right).map(|(left, right)| self.same(left, right)).collect::<Vec<_>>(),
            );
        }
        let (left, right) = (self.cases(left), self.cases(right));
        let nulls = Formula::all([self.null_of_cases(&left), self.null_of_cases(&right)]);
        let equal = self
            .compare_cases("=", &left, &right)
            .map_or_else(|| Formula::Is(Atom::True(self.opaque())), |equal| equal.yes);
        Formula::any([nulls, equal])
    }

    fn between(&mut self, operand: &'a Expr, low: &'a Expr, high: &'a Expr) -> Three {
        let parts = [self.compare(">=", operand, low), self.compare("<=", operand, high)];
        Three::all(parts.into_iter().flatten().collect())
    }

    fn operator(&mut self, operator: &str, left: &'a Expr, right: &'a Expr) -> Option<Three> {
        if let Some(three) = self.compare(operator, left, right) {
            return Some(three);
        }
        let ExprKind::Text(text) = &right.kind else {
            return None;
        };
        let patterns = match operator {
            "^@" => Pattern::starting(text).map(|pattern| vec![pattern]),
            "~" | "!~" => Pattern::regular(text, false),
            "~*" | "!~*" => Pattern::regular(text, true),
            _ => None,
        }?;
        Some(self.matching(left, &patterns).negated_if(operator.starts_with('!')))
    }

    /// The comparison of two values; none where the operator is not one.
    fn compare(&mut self, operator: &str, left: &'a Expr, right: &'a Expr) -> Option<Three> {
        if !matches!(operator, "=" | "<>" | "<" | ">" | "<=" | ">=") {
            return None;
        }
        if let (ExprKind::Row(left), ExprKind::Row(right)) = (&left.kind, &right.kind) {
            if !matches!(operator, "=" | "<>") || left.len() != right.len() {
                return None;
            }
            let parts =
                left.iter().zip(right).map(|(left, right)| self.compare("=", left, right)).collect::<Option<_>>()?;
            return Some(Three::all(parts).negated_if(operator == "<>"));
        }
        let (left, right) = (self.cases(left), self.cases(right));
        if let Some(three) = self.prefix_by_length(operator, &left, &right) {
            return Some(three);
        }
        self.compare_cases(operator, &left, &right)
    }

    /// `left(a, 3) = 'abc'` and `substr(a, 1, 3) = 'abc'` ask for a prefix.
    fn prefix_by_length(&mut self, operator: &str, left: &Cases, right: &Cases) -> Option<Three> {
        let ([(Formula::Always, left)], [(Formula::Always, right)]) = (left.as_slice(), right.as_slice()) else {
            return None;
        };
        let (call, text) = match (&**left, &**right) {
            (Term::Call { .. }, Term::Text(text)) => (left, text),
            (Term::Text(text), Term::Call { .. }) => (right, text),
            _ => return None,
        };
        let Term::Call { what, parts, stamp: None } = &**call else {
            return None;
        };
        let operand = match (what.as_str(), parts.as_slice()) {
            ("left", [operand, length]) => (operand, length),
            ("substr" | "substring", [operand, from, length]) if **from == Term::Number(ONE) => (operand, length),
            _ => return None,
        };
        let length = i128::try_from(text.chars().count()).ok()?;
        if *operand.1 != Term::number(length) || length == 0 || !matches!(operator, "=" | "<>") {
            return None;
        }
        let pattern = Pattern::starting(text)?;
        Some(self.matching_term(operand.0, &pattern).negated_if(operator == "<>"))
    }

    pub(super) fn compare_cases(&mut self, operator: &str, left: &Cases, right: &Cases) -> Option<Three> {
        let (comparison, exchanged, negated) = match operator {
            "=" => (Comparison::Equal, false, false),
            "<>" => (Comparison::Equal, false, true),
            "<" => (Comparison::Less, false, false),
            ">" => (Comparison::Less, true, false),
            "<=" => (Comparison::AtMost, false, false),
            ">=" => (Comparison::AtMost, true, false),
            _ => return None,
        };
        let (left, right) = if exchanged { (right, left) } else { (left, right) };
        let mut yes = Vec::new();
        let mut no = Vec::new();
        for (left_guard, left) in left {
            for (right_guard, right) in right {
                let three = self.relate(comparison, left, right, 0).negated_if(negated);
                yes.push(Formula::all([left_guard.clone(), right_guard.clone(), three.yes]));
                no.push(Formula::all([left_guard.clone(), right_guard.clone(), three.no]));
            }
        }
        Some(Three { yes: Formula::any(yes), no: Formula::any(no) })
    }

    /// Whether an array has no elements.
    fn is_empty(&mut self, array: &T, depth: u32) -> Three {
        let sizes = sizes(array, self.world)
            .unwrap_or_else(|| vec![(Formula::Always, Term::call("cardinality", vec![array.clone()]))]);
        self.relate_choices(Comparison::Equal, &sizes, &Term::number(0), true, depth)
    }

    /// The comparison of a choice with a term that stands on its right or on its left.
    fn relate_choices(
        &mut self,
        comparison: Comparison,
        choices: &Cases,
        other: &T,
        is_left: bool,
        depth: u32,
    ) -> Three {
        let (yes, no): (Vec<_>, Vec<_>) = choices
            .iter()
            .map(|(guard, term)| {
                let (left, right) = if is_left { (term, other) } else { (other, term) };
                let three = self.relate(comparison, left, right, depth);
                (Formula::all([guard.clone(), three.yes]), Formula::all([guard.clone(), three.no]))
            })
            .unzip();
        Three { yes: Formula::any(yes), no: Formula::any(no) }
    }

    /// The comparison of the least or the greatest value of rows is one of the rows: one that is
    /// less says that the least is, and all of them that are not that it is not.
    fn relate_extreme(
        &mut self,
        comparison: Comparison,
        extreme: &T,
        other: &T,
        is_left: bool,
        depth: u32,
    ) -> Option<Three> {
        let Term::Aggregate { what, parts, rows, .. } = &**extreme else {
            return None;
        };
        let is_least = match what.trim_end_matches(" distinct") {
            "min" => true,
            "max" => false,
            _ => return None,
        };
        let value = parts.first()?;
        // Of other types nobody knows that both are compared alike.
        if reaches(other, rows.level) || !matches!(kind(value, self.world), Kind::Integer | Kind::Number | Kind::Text) {
            return None;
        }
        let values = choices(value);
        let three = self.relate_choices(comparison, &values, other, is_left, depth);
        let (yes, no) = (some(rows, &three.yes), some(rows, &three.no));
        Some(if comparison == Comparison::Equal {
            let beyond = self.relate_choices(Comparison::Less, &values, other, is_least, depth);
            let beyond = some(rows, &beyond.yes);
            Three {
                no: Formula::any([beyond.clone(), Formula::all([no, yes.negated()])]),
                yes: Formula::all([yes, beyond.negated()]),
            }
        } else if is_least == is_left {
            Three { no: Formula::all([no, yes.negated()]), yes }
        } else {
            Three { yes: Formula::all([yes, no.negated()]), no }
        })
    }

    /// Whether texts that are put together come to the text that has nothing in it.
    fn joins_nothing(&mut self, joined: &T, depth: u32) -> Option<Three> {
        let Term::Aggregate { what, parts, present, .. } = &**joined else {
            return None;
        };
        let [value, delimiter, ..] = parts.as_slice() else {
            return None;
        };
        let several = match (what.as_str(), &**delimiter) {
            ("string_agg", Term::Text(text)) if !text.is_empty() => several(present, &Formula::Always, 2),
            // Texts that have nothing in them are one text.
            ("string_agg" | "string_agg distinct", Term::Text(_)) => Formula::Never,
            _ => return None,
        };
        let nothing = Arc::new(Term::Text(Ident::new_static("")));
        let empty = self.relate_choices(Comparison::Equal, &choices(value), &nothing, true, depth);
        let no = Formula::any([some(present, &empty.no), several]);
        Some(Three { yes: Formula::all([some(present, &Formula::Always), no.negated()]), no })
    }

    /// Whether a value is the array or the text that has nothing in it, where the other is that.
    fn equals_nothing(&mut self, value: &T, nothing: &T, depth: u32) -> Option<Three> {
        match (&**value, &**nothing) {
            (_, Term::Text(text)) if text == "{}" && is_array(value, self.world) => Some(self.is_empty(value, depth)),
            (Term::Call { .. }, Term::Text(text)) if text.is_empty() && has_letters(value, self.world) => {
                Some(Three { yes: Formula::Never, no: null_of(value, self.world).negated() })
            }
            (Term::Aggregate { .. }, Term::Text(text)) if text.is_empty() => self.joins_nothing(value, depth),
            (Term::Call { .. } | Term::Aggregate { .. }, Term::Call { .. }) if is_empty(nothing) => {
                Some(self.is_empty(value, depth))
            }
            _ => None,
        }
    }

    fn relate(&mut self, comparison: Comparison, left: &T, right: &T, depth: u32) -> Three {
        if comparison == Comparison::Equal
            && let Some(three) =
                self.equals_nothing(left, right, depth).or_else(|| self.equals_nothing(right, left, depth))
        {
            return three;
        }
        match (&**left, &**right) {
            (Term::Null, _) | (_, Term::Null) => return Three::NULL,
            (Term::Number(left), Term::Number(right)) => {
                let holds = match comparison {
                    Comparison::Equal => left == right,
                    Comparison::Less => left < right,
                    Comparison::AtMost => left <= right,
                };
                return if holds { Three::TRUE } else { Three::FALSE };
            }
            (Term::Text(left), Term::Text(right)) => {
                if left == right {
                    return if comparison == Comparison::Less { Three::FALSE } else { Three::TRUE };
                }
                if comparison == Comparison::Equal && known::surely_differ(left, right) {
                    return Three::FALSE;
                }
            }
            (Term::Text(text), _) => {
                if let Some(constant) = adapt(text, kind(right, self.world)) {
                    return self.relate(comparison, &constant, right, depth);
                }
            }
            (_, Term::Text(text)) => {
                if let Some(constant) = adapt(text, kind(left, self.world)) {
                    return self.relate(comparison, left, &constant, depth);
                }
            }
            _ => {}
        }
        let is_boolean = |term: &T| kind(term, self.world) == Kind::Boolean;
        if matches!(**left, Term::Truth(_))
            || matches!(**right, Term::Truth(_))
            || (is_boolean(left) && is_boolean(right))
        {
            let (left, right) = (self.truth_of(left), self.truth_of(right));
            let both = |left: &Formula, right: &Formula| Formula::all([left.clone(), right.clone()]);
            let equal = Formula::any([both(&left.yes, &right.yes), both(&left.no, &right.no)]);
            let less = both(&left.no, &right.yes);
            let more = both(&left.yes, &right.no);
            return match comparison {
                Comparison::Equal => Three { yes: equal, no: Formula::any([less, more]) },
                Comparison::Less => Three { yes: less, no: Formula::any([equal, more]) },
                Comparison::AtMost => Three { yes: Formula::any([equal, less]), no: more },
            };
        }
        // The comparison holds of a scalar subquery where it holds of its row: there is one at most.
        if depth < 4 {
            for (pick, other, picked_left) in [(left, right, true), (right, left, false)] {
                if let Term::Pick { value, rows, stamp } = &**pick
                    && !reaches(other, rows.level)
                {
                    let three = if picked_left {
                        self.relate(comparison, value, other, depth + 1)
                    } else {
                        self.relate(comparison, other, value, depth + 1)
                    };
                    return match stamp {
                        None => Three { yes: some(rows, &three.yes), no: some(rows, &three.no) },
                        Some(_) => of_one(rows, &three, self.relate_values(comparison, left, right)),
                    };
                }
                if let Some(three) = self.relate_extreme(comparison, pick, other, picked_left, depth + 1) {
                    return three;
                }
            }
        }
        self.relate_values(comparison, left, right)
    }

    /// The comparison of two values that are not taken apart.
    fn relate_values(&mut self, comparison: Comparison, left: &T, right: &T) -> Three {
        let (left, right) = (&bare_text(left, right), &bare_text(right, left));
        if let Some(three) = self.relate_whole(comparison, left, right) {
            return three;
        }
        let atom = match comparison {
            Comparison::Equal => Atom::equal(left.clone(), right.clone()),
            Comparison::Less => Atom::Less(left.clone(), right.clone()),
            Comparison::AtMost => Atom::AtMost(left.clone(), right.clone()),
        };
        if left == right {
            let present = null_of(left, self.world).negated();
            let never = Three { yes: Formula::Never, no: present.clone() };
            return if comparison == Comparison::Less { never } else { Three { yes: present, no: Formula::Never } };
        }
        let present = presence([left, right], self.world);
        match atom {
            // The opposite of an order is the other order.
            Atom::Less(left, right) => {
                let no = Formula::Is(Atom::AtMost(right.clone(), left.clone()));
                let yes = Formula::Is(Atom::Less(left, right));
                Three { yes: Formula::all([present.clone(), yes]), no: Formula::all([present, no]) }
            }
            Atom::AtMost(left, right) => {
                let no = Formula::Is(Atom::Less(right.clone(), left.clone()));
                let yes = Formula::Is(Atom::AtMost(left, right));
                Three { yes: Formula::all([present.clone(), yes]), no: Formula::all([present, no]) }
            }
            atom => {
                let yes = Formula::Is(atom);
                let both = [null_of(left, self.world).negated(), null_of(right, self.world).negated()];
                let no = Formula::all(both.into_iter().chain([yes.negated()]));
                Three { yes: Formula::all([present, yes]), no }
            }
        }
    }

    /// Whole numbers: one canonical comparison for all that say the same.
    fn relate_whole(&mut self, comparison: Comparison, left: &T, right: &T) -> Option<Three> {
        let constant = |term: &T| matches!(**term, Term::Number(_));
        let whole = |term: &T| constant(term) || kind(term, self.world) == Kind::Integer;
        if !whole(left) || !whole(right) {
            return None;
        }
        let (mut parts, constant) = difference(left, right)?;
        let nulls = Formula::any(parts.iter().map(|(_, term)| null_of(term, self.world)));
        let lead = parts.first().map_or(1, |(factor, _)| *factor);
        // left - right OP 0 is: the parts OP -constant.
        let bound = constant.checked_neg()?;
        let yes = match (parts.as_slice(), comparison) {
            ([], comparison) => {
                let holds = match comparison {
                    Comparison::Equal => bound == 0,
                    Comparison::Less => 0 < bound,
                    Comparison::AtMost => 0 <= bound,
                };
                return Some(if holds { Three::TRUE } else { Three::FALSE });
            }
            ([(factor, term)], _) => {
                let unit = factor.checked_mul(ONE)?;
                let (low, exact) = (bound.div_euclid(unit), bound.rem_euclid(unit) == 0);
                match (comparison, *factor > 0) {
                    (Comparison::Equal, _) if !exact => Formula::Never,
                    (Comparison::Equal, _) => equal_whole(term, low),
                    (Comparison::AtMost, true) => at_most(term, low),
                    (Comparison::Less, true) => at_most(term, if exact { low - 1 } else { low }),
                    // A negative factor turns the order: term >= bound / factor.
                    (order, false) => {
                        let unit = unit.checked_neg()?;
                        let high = bound.checked_neg()?.div_euclid(unit);
                        let exact = bound.checked_neg()?.rem_euclid(unit) == 0;
                        let high = if exact { high } else { high + 1 };
                        let strictly = order == Comparison::Less && exact;
                        at_least(term, if strictly { high + 1 } else { high })
                    }
                }
            }
            ([(1, one), (-1, other)] | [(-1, other), (1, one)], _) if bound == 0 => match comparison {
                Comparison::Equal => Formula::Is(Atom::equal(one.clone(), other.clone())),
                Comparison::Less => Formula::Is(Atom::Less(one.clone(), other.clone())),
                Comparison::AtMost => Formula::Is(Atom::AtMost(one.clone(), other.clone())),
            },
            _ => {
                if lead < 0 {
                    parts.iter_mut().for_each(|(factor, _)| *factor = -*factor);
                }
                let sum = Arc::new(Term::Sum(parts));
                let bound = Arc::new(Term::Number(if lead < 0 { -bound } else { bound }));
                let (left, right) = if lead < 0 { (bound, sum) } else { (sum, bound) };
                match comparison {
                    Comparison::Equal => Formula::Is(Atom::equal(left, right)),
                    Comparison::Less => Formula::Is(Atom::Less(left, right)),
                    Comparison::AtMost => Formula::Is(Atom::AtMost(left, right)),
                }
            }
        };
        // What holds of whole numbers holds only where there are some.
        let present = nulls.negated();
        Some(Three { no: Formula::all([present.clone(), yes.negated()]), yes: Formula::all([present, yes]) })
    }

    fn quantified(&mut self, operand: &'a Expr, operator: &str, all: bool, array: &'a Expr) -> Option<Three> {
        let mut array = array;
        let mut of = Kind::Unknown;
        while let ExprKind::Cast { operand, to } = &array.kind
            && to.array
        {
            // What is cut off or padded is another value.
            if !to.modifiers.is_empty() || matches!(to.name.name.as_str(), "char" | "bpchar" | "name") {
                return None;
            }
            of = known::kind_of(&to.name.name);
            array = operand;
        }
        let parts: Vec<Three> = match &array.kind {
            ExprKind::Array(elements) => {
                elements.iter().map(|element| self.compare(operator, operand, element)).collect::<Option<_>>()?
            }
            ExprKind::Text(text) => {
                let elements = known::array(text)?;
                let operand = self.cases(operand);
                let constant = |element: Option<String>| match element {
                    Some(text) => {
                        let text = Arc::new(Term::Text(Ident::from(text.as_str())));
                        vec![(Formula::Always, adapt_term(&text, of).unwrap_or(text))]
                    }
                    None => vec![(Formula::Always, Arc::new(Term::Null))],
                };
                elements
                    .into_iter()
                    .map(|element| self.compare_cases(operator, &operand, &constant(element)))
                    .collect::<Option<_>>()?
            }
            _ => return None,
        };
        Some(if all { Three::all(parts) } else { Three::any(parts) })
    }

    fn membership(&mut self, operand: &'a Expr, operator: &str, query: &'a crate::effect::Query, all: bool) -> Three {
        let operands: Vec<Cases> = match &operand.kind {
            ExprKind::Row(parts) => parts.iter().map(|part| self.cases(part)).collect(),
            _ => vec![self.cases(operand)],
        };
        let read = self.query(query);
        self.membership_of(&operands, operator, &read, all)
    }

    fn like(&mut self, kind: LikeKind, operand: &'a Expr, pattern: &'a Expr, escape: Option<&'a Expr>) -> Three {
        let read = || {
            let escape = match escape.map(|escape| &escape.kind) {
                None => Some('\\'),
                Some(ExprKind::Text(text)) => {
                    let mut characters = text.chars();
                    let first = characters.next();
                    if characters.next().is_some() {
                        return None;
                    }
                    first
                }
                Some(_) => return None,
            };
            let text = constant_text(pattern)?;
            let one = |pattern: Pattern| vec![pattern];
            // These mean more to SIMILAR TO.
            let regular = |c: char| "|*+?{}()[]".contains(c);
            match kind {
                LikeKind::Like => Pattern::like(text, escape, false).map(one),
                LikeKind::Ilike => Pattern::like(text, escape, true).map(one),
                LikeKind::Similar if !text.contains(regular) => Pattern::like(text, escape, false).map(one),
                LikeKind::Similar if escape == Some('\\') => Pattern::similar(text),
                LikeKind::Similar => None,
            }
        };
        if let Some(patterns) = read() {
            return self.matching(operand, &patterns);
        }
        let what = match kind {
            LikeKind::Like => "like",
            LikeKind::Ilike => "ilike",
            LikeKind::Similar => "similar",
        };
        let mut parts = vec![self.term(operand), self.term(pattern)];
        if let Some(escape) = escape {
            parts.push(self.term(escape));
        }
        self.truth_of(&Term::call(what, parts))
    }

    /// Whether a value matches one of the patterns.
    fn matching(&mut self, operand: &'a Expr, patterns: &[Pattern]) -> Three {
        let cases = self.cases(operand);
        let (yes, no): (Vec<_>, Vec<_>) = cases
            .iter()
            .map(|(guard, term)| {
                let each: Vec<Three> = patterns.iter().map(|pattern| self.matching_term(term, pattern)).collect();
                let three = Three::any(each);
                (Formula::all([guard.clone(), three.yes]), Formula::all([guard.clone(), three.no]))
            })
            .unzip();
        Three { yes: Formula::any(yes), no: Formula::any(no) }
    }

    fn matching_term(&mut self, term: &T, pattern: &Pattern) -> Three {
        let term = &without_text_cast(term, pattern, self.world);
        if let Some(text) = pattern.exact() {
            return self.relate(Comparison::Equal, term, &Arc::new(Term::Text(Ident::from(text))), 0);
        }
        if let Term::Text(text) = &**term
            && let Some(matches) = pattern.matches(text)
        {
            return if matches { Three::TRUE } else { Three::FALSE };
        }
        let picked = match &**term {
            Term::Pick { value, rows, stamp } => {
                let three = self.matching_term(value, pattern);
                if stamp.is_none() {
                    return Three { yes: some(rows, &three.yes), no: some(rows, &three.no) };
                }
                Some((rows, three))
            }
            _ => None,
        };
        let present = null_of(term, self.world).negated();
        if pattern.is_everything() {
            return Three { yes: present, no: Formula::Never };
        }
        let atom = Atom::Like(term.clone(), Arc::new(pattern.clone()));
        let no = Formula::all([present, Formula::Not(atom.clone())]);
        let own = Three { no, yes: Formula::all([presence([term], self.world), Formula::Is(atom)]) };
        match picked {
            Some((rows, three)) => of_one(rows, &three, own),
            None => own,
        }
    }

    pub(super) fn truth_of_cases(&mut self, cases: &Cases) -> Three {
        let (yes, no): (Vec<_>, Vec<_>) = cases
            .iter()
            .map(|(guard, term)| {
                let three = self.truth_of(term);
                (Formula::all([guard.clone(), three.yes]), Formula::all([guard.clone(), three.no]))
            })
            .unzip();
        Three { yes: Formula::any(yes), no: Formula::any(no) }
    }

    /// A value as a condition.
    pub(super) fn truth_of(&mut self, term: &T) -> Three {
        match &**term {
            Term::Null => Three::NULL,
            Term::Truth(three) => three.clone(),
            Term::Text(text) if known::boolean(text).is_some() => {
                if known::boolean(text) == Some(true) {
                    Three::TRUE
                } else {
                    Three::FALSE
                }
            }
            Term::Pick { value, rows, stamp } => {
                let three = self.truth_of(value);
                match stamp {
                    None => Three { yes: some(rows, &three.yes), no: some(rows, &three.no) },
                    Some(_) => of_one(rows, &three, self.truth_of_value(term)),
                }
            }
            _ => self.truth_of_value(term),
        }
    }

    fn truth_of_value(&self, term: &T) -> Three {
        let yes = Atom::True(term.clone());
        let present = null_of(term, self.world).negated();
        let no = Formula::all([present, Formula::Not(yes.clone())]);
        Three { no, yes: Formula::all([presence([term], self.world), Formula::Is(yes)]) }
    }

    /// The value of an expression as one term.
    pub(super) fn term(&mut self, expr: &'a Expr) -> T {
        let cases = self.cases(expr);
        one(cases)
    }

    pub(super) fn terms(&mut self, exprs: &'a [Expr]) -> Vec<T> {
        exprs.iter().map(|expr| self.term(expr)).collect()
    }

    /// What an expression may come to.
    pub(super) fn cases(&mut self, expr: &'a Expr) -> Cases {
        let cases = if self.enter() { self.cases_of(expr) } else { vec![(Formula::Always, self.opaque())] };
        self.leave();
        let heavy =
            cases.len() > CASES_LIMIT || cases.iter().map(|(guard, _)| guard.size()).sum::<usize>() > GUARD_LIMIT;
        if heavy {
            let one = one(cases);
            return vec![(Formula::Always, one)];
        }
        cases
    }

    fn cases_of(&mut self, expr: &'a Expr) -> Cases {
        let sure = |term: T| vec![(Formula::Always, term)];
        let value = |term: Term| vec![(Formula::Always, Arc::new(term))];
        match &expr.kind {
            ExprKind::Null => value(Term::Null),
            ExprKind::Number(text) => match known::number(text) {
                Some(number) => value(Term::Number(number)),
                None => sure(Term::call("number", vec![Arc::new(Term::Text(text.clone()))])),
            },
            ExprKind::Text(text) => value(Term::Text(text.clone())),
            ExprKind::Column(path) => self.column(path),
            ExprKind::Parameter(number) => {
                let name = Ident::from(format!("${number}"));
                self.variables.push(vec![name.clone()]);
                value(Term::Variable(vec![name]))
            }
            ExprKind::Variable(name) => sure(Term::call(format!(":'{name}'"), Vec::new())),
            ExprKind::VariableIsSet(name) => sure(Term::call(format!(":{{?{name}}}"), Vec::new())),
            ExprKind::Coalesce(arms) => {
                let mut cases = Vec::new();
                let mut before = Formula::Always;
                for arm in arms {
                    let arm = self.cases(arm);
                    let null = self.null_of_cases(&arm);
                    for (guard, term) in arm {
                        let present = null_of(&term, self.world).negated();
                        let guard = Formula::all([before.clone(), guard, present]);
                        if guard != Formula::Never {
                            cases.push((guard, term));
                        }
                    }
                    before = Formula::all([before, null]);
                }
                if before != Formula::Never {
                    cases.push((before, Arc::new(Term::Null)));
                }
                self.boolean_choice(cases)
            }
            ExprKind::Case { operand, arms, otherwise } => {
                let mut cases = Vec::new();
                let mut before = Formula::Always;
                for (when, then) in arms {
                    let when = match operand {
                        Some(operand) => self.compare("=", operand, when).unwrap_or(Three::NULL),
                        None => self.condition(when),
                    };
                    for (guard, term) in self.cases(then) {
                        let guard = Formula::all([before.clone(), when.yes.clone(), guard]);
                        if guard != Formula::Never {
                            cases.push((guard, term));
                        }
                    }
                    before = Formula::all([before, when.yes.negated()]);
                }
                let last = otherwise.as_ref().map_or_else(|| value(Term::Null), |otherwise| self.cases(otherwise));
                cases.extend(last.into_iter().map(|(guard, term)| (Formula::all([before.clone(), guard]), term)));
                cases.retain(|(guard, _)| *guard != Formula::Never);
                self.boolean_choice(cases)
            }
            ExprKind::Cast { operand, to } => self.cast(operand, to),
            ExprKind::Operator { operator, left, right } if !is_condition(operator) => {
                self.computed(operator, left.as_deref(), right)
            }
            ExprKind::Call { function, arguments, star, distinct, filter, over } => {
                let at = Called { arguments, star: *star, distinct: *distinct, filter: filter.as_deref(), over: *over };
                self.call(function, at)
            }
            ExprKind::Subquery { kind: SubqueryKind::Scalar, query } => {
                let read = self.query(query);
                self.value_of(read)
            }
            ExprKind::Subquery { kind: SubqueryKind::Array, query } => {
                let read = self.query(query);
                let size = self.size_of(&read);
                let rows = self.as_source(read);
                sure(Term::call("array of", [rows].into_iter().chain(size).collect()))
            }
            ExprKind::Array(parts) => sure(Term::call("array", self.terms(parts))),
            ExprKind::Row(parts) => sure(Term::call("row", self.terms(parts))),
            ExprKind::Field { operand, field } => {
                let operand = self.term(operand);
                sure(Term::call(format!(".{field}"), vec![operand]))
            }
            ExprKind::Index { operand, subscripts } => {
                let mut parts = vec![self.term(operand)];
                parts.extend(self.terms(subscripts));
                sure(Term::call("[]", parts))
            }
            ExprKind::Quantified { operand, operator, all, array } => {
                match self.quantified(operand, operator, *all, array) {
                    Some(three) => value(Term::Truth(three)),
                    None => {
                        let what = format!("{operator} {}", if *all { "all" } else { "any" });
                        let parts = vec![self.term(operand), self.term(array)];
                        sure(Term::call(what, parts))
                    }
                }
            }
            ExprKind::Star(_) | ExprKind::Default | ExprKind::CurrentOf(_) | ExprKind::Other { .. } => {
                // Its parts are read for what they depend on.
                if let ExprKind::Other { parts, .. } = &expr.kind {
                    self.terms(parts);
                }
                if let ExprKind::CurrentOf(cursor) = &expr.kind {
                    self.variables.push(vec![cursor.clone()]);
                }
                sure(self.opaque())
            }
            _ => match self.condition_of(expr) {
                Some(three) => value(Term::Truth(three)),
                None => self.unread(expr),
            },
        }
    }

    /// A condition of a form that is only compared as a whole.
    fn unread(&mut self, expr: &'a Expr) -> Cases {
        let term = match &expr.kind {
            ExprKind::Operator { operator, left: Some(left), right } => {
                let parts = vec![self.term(left), self.term(right)];
                Term::call(operator.clone(), parts)
            }
            ExprKind::In { operand, list, negated } => {
                let mut parts = vec![self.term(operand)];
                parts.extend(self.terms(list));
                Term::call(if *negated { "not in" } else { "in" }, parts)
            }
            _ => self.opaque(),
        };
        vec![(Formula::Always, term)]
    }

    /// A choice among conditions is a condition.
    fn boolean_choice(&mut self, cases: Cases) -> Cases {
        let is_truth = |(_, term): &(Formula, T)| matches!(**term, Term::Truth(_) | Term::Null);
        if cases.iter().any(|(_, term)| matches!(**term, Term::Truth(_))) && cases.iter().all(is_truth) {
            let three = self.truth_of_cases(&cases);
            return vec![(Formula::Always, Arc::new(Term::Truth(three)))];
        }
        cases
    }

    fn cast(&mut self, operand: &'a Expr, to: &Type) -> Cases {
        let cases = self.cases(operand);
        let mut found = Cases::new();
        for (guard, term) in cases {
            match &*term {
                // PostgreSQL casts a condition to no other number.
                Term::Truth(three) if !to.array && to.name.schema.is_none() && to.name.name == "int4" => {
                    let numbers = [Term::number(1), Term::number(0), Arc::new(Term::Null)];
                    let when = [three.yes.clone(), three.no.clone(), three.unknown()];
                    found.extend(
                        when.into_iter()
                            .zip(numbers)
                            .map(|(when, number)| (Formula::all([guard.clone(), when]), number)),
                    );
                }
                _ => found.push((guard, self.cast_term(term, to))),
            }
        }
        found.retain(|(guard, _)| *guard != Formula::Never);
        found
    }

    fn cast_term(&mut self, term: T, to: &Type) -> T {
        let target =
            if to.array || to.set || to.name.schema.is_some() { Kind::Unknown } else { known::kind_of(&to.name.name) };
        let plain = to.modifiers.is_empty();
        match (&*term, target) {
            (Term::Null, _) => return term,
            (Term::Text(text), Kind::Text) if plain && (to.name.name != "name" || text.len() < 64) => return term,
            (Term::Text(text), Kind::Integer) => {
                if let Some(number) = known::number(text).filter(|number| number % ONE == 0) {
                    return Arc::new(Term::Number(number));
                }
            }
            (Term::Text(text), Kind::Number) if plain && to.name.name == "numeric" => {
                if let Some(number) = known::number(text) {
                    return Arc::new(Term::Number(number));
                }
            }
            (Term::Text(text), Kind::Boolean) => {
                if let Some(boolean) = known::boolean(text) {
                    return Arc::new(Term::Truth(if boolean { Three::TRUE } else { Three::FALSE }));
                }
            }
            (Term::Number(number), Kind::Integer | Kind::Number) if plain && number % ONE == 0 => return term,
            (Term::Number(_), Kind::Number) if plain && to.name.name == "numeric" => return term,
            (Term::Truth(_), Kind::Boolean) => return term,
            _ => {
                let from = kind(&term, self.world);
                let unchanged = match target {
                    Kind::Text => from == Kind::Text && to.name.name != "name",
                    Kind::Integer => from == Kind::Integer,
                    Kind::Number => from == Kind::Integer,
                    Kind::Boolean => from == Kind::Boolean,
                    Kind::Unknown => false,
                };
                if unchanged && plain {
                    return term;
                }
            }
        }
        let mut parts = vec![term];
        parts.extend(to.modifiers.iter().map(|modifier| match &modifier.kind {
            ExprKind::Number(text) | ExprKind::Text(text) => Arc::new(Term::Text(text.clone())),
            _ => Arc::new(Term::Null),
        }));
        if to.name.name.starts_with("reg") {
            self.reads("pg_class");
        }
        if target == Kind::Unknown && to.name.schema.is_some() {
            self.reads_anything = true;
        }
        let name = if to.array { format!("::{}[]", to.name) } else { format!("::{}", to.name) };
        Term::call(name, parts)
    }

    /// An operator that yields a value.
    fn computed(&mut self, operator: &str, left: Option<&'a Expr>, right: &'a Expr) -> Cases {
        let left = left.map(|left| self.cases(left));
        let right = self.cases(right);
        let mut cases = Vec::new();
        for (right_guard, right) in &right {
            match &left {
                None => cases.push((right_guard.clone(), self.prefixed(operator, right))),
                Some(left) => {
                    for (left_guard, left) in left {
                        let guard = Formula::all([left_guard.clone(), right_guard.clone()]);
                        if guard != Formula::Never {
                            cases.push((guard, self.combined(operator, left, right)));
                        }
                    }
                }
            }
        }
        cases
    }

    fn prefixed(&mut self, operator: &str, right: &T) -> T {
        match (operator, &**right) {
            ("-", Term::Number(number)) => Arc::new(Term::Number(-number)),
            ("-", _) if kind(right, self.world) == Kind::Integer => {
                weighted(vec![(-1, right.clone())], 0).unwrap_or_else(|| Term::call("-", vec![right.clone()]))
            }
            ("+", _) => right.clone(),
            _ => Term::call(format!("{operator} _"), vec![right.clone()]),
        }
    }

    fn combined(&mut self, operator: &str, left: &T, right: &T) -> T {
        if matches!(**left, Term::Null) || matches!(**right, Term::Null) {
            // All of these are strict.
            if matches!(operator, "+" | "-" | "*" | "/" | "%") {
                return Arc::new(Term::Null);
            }
        }
        let whole = |term: &T| match **term {
            Term::Number(number) => number % ONE == 0,
            _ => kind(term, self.world) == Kind::Integer,
        };
        let both = whole(left) && whole(right);
        let sum = match (operator, &**left, &**right) {
            ("+", ..) if both => summed(left, right, 1),
            ("-", ..) if both => summed(left, right, -1),
            ("*", Term::Number(factor), _) if both => scaled(right, factor / ONE),
            ("*", _, Term::Number(factor)) if both => scaled(left, factor / ONE),
            ("||", Term::Text(left), Term::Text(right)) => {
                Some(Arc::new(Term::Text(Ident::from(format!("{left}{right}")))))
            }
            ("->" | "->>", _, Term::Text(key)) => member(left, key, operator == "->>"),
            _ => None,
        };
        sum.unwrap_or_else(|| Term::call(operator, vec![left.clone(), right.clone()]))
    }

    fn call(&mut self, function: &Name, called: Called<'a>) -> Cases {
        let sure = |term: T| vec![(Formula::Always, term)];
        let name = plain(function);
        if let Some(name) = name
            && !called.over
            && known::is_aggregate(name)
            && let Some(rows) = self.group.clone()
        {
            return self.aggregate(name, called, &rows);
        }
        let mut arguments: Vec<Cases> = called.arguments.iter().map(|argument| self.cases(argument)).collect();
        if let Some(filter) = called.filter {
            let filter = self.condition(filter);
            arguments.push(sure(Arc::new(Term::Truth(filter))));
        }
        if name == Some("nullif")
            && let [left, right] = arguments.as_slice()
        {
            let equal = self.compare_cases("=", left, right).unwrap_or(Three::NULL).yes;
            let mut cases = vec![(equal.clone(), Arc::new(Term::Null))];
            let kept = left.iter().map(|(guard, term)| (Formula::all([guard.clone(), equal.negated()]), term.clone()));
            cases.extend(kept);
            cases.retain(|(guard, _)| *guard != Formula::Never);
            return cases;
        }
        if let Some(name @ ("cardinality" | "array_length")) = name
            && let [array, rest @ ..] = arguments.as_slice()
            && let Some(cases) = self.measured(name, array, rest)
        {
            return cases;
        }
        let parts: Vec<T> = arguments.into_iter().map(one).collect();
        let name = name.map(|name| match name {
            "current_catalog" => "current_database",
            "current_role" | "user" => "current_user",
            other => other,
        });
        let promise = name.and_then(known::promise).filter(|_| !called.over && !called.star && !called.distinct);
        let Some(promise) = promise else {
            let vouched = !called.over && self.world.stable_call(function);
            // What it reads is not known even then.
            self.reads_anything = true;
            let stamp = if vouched { None } else { Some(self.stamp()) };
            return sure(Arc::new(Term::Call { what: Ident::from(function.to_string()), parts, stamp }));
        };
        if let Some(reads) = promise.reads {
            self.reads(reads);
        }
        if promise.strict && parts.iter().any(|part| matches!(**part, Term::Null)) {
            return sure(Arc::new(Term::Null));
        }
        let name = name.unwrap_or_default();
        sure(worked_out(name, &parts).unwrap_or_else(|| Term::call(name, parts)))
    }

    /// How many elements an array has, in one dimension; none where it cannot be told.
    fn measured(&mut self, name: &str, array: &Cases, rest: &[Cases]) -> Option<Cases> {
        let is_first =
            |cases: &Cases| matches!(cases.as_slice(), [(Formula::Always, term)] if **term == Term::Number(ONE));
        if !rest.iter().all(is_first) {
            return None;
        }
        let mut found = Cases::new();
        for (guard, term) in array {
            for (when, size) in sizes(term, self.world)? {
                let guard = Formula::all([guard.clone(), when]);
                if name == "cardinality" || *size == Term::Null {
                    found.push((guard, size));
                    continue;
                }
                // PostgreSQL gives an empty array no length.
                let empty = self.relate(Comparison::Equal, &size, &Term::number(0), 0);
                found.push((Formula::all([guard.clone(), empty.yes.clone()]), Arc::new(Term::Null)));
                found.push((Formula::all([guard, empty.yes.negated()]), size));
            }
        }
        found.retain(|(guard, _)| *guard != Formula::Never);
        Some(found)
    }

    pub(super) fn reads(&mut self, catalog: &'static str) {
        let at = crate::effect::At::default();
        let name = Name { schema: Some(Ident::new_static("pg_catalog")), name: Ident::new_static(catalog), at };
        self.relations.push(name);
    }

    fn aggregate(&mut self, name: &str, called: Called<'a>, group: &Arc<Rows>) -> Cases {
        let sure = |term: T| vec![(Formula::Always, term)];
        self.group = None;
        let filter = called.filter.map_or(Formula::Always, |filter| self.condition(filter).yes);
        let rows = narrowed(group, &filter);
        let conditional = matches!(name, "bool_or" | "bool_and" | "every");
        let result = match called.arguments {
            [] if name == "count" => count(&rows),
            [argument] if conditional => {
                let three = self.condition(argument);
                let (yes, no) = (some(&rows, &three.yes), some(&rows, &three.no));
                let three = if name == "bool_or" {
                    Three { no: Formula::all([yes.negated(), no]), yes }
                } else {
                    Three { yes: Formula::all([no.negated(), yes]), no }
                };
                sure(Arc::new(Term::Truth(three)))
            }
            [argument, rest @ ..] => {
                let cases = self.cases(argument);
                let present = self.null_of_cases(&cases).negated();
                let present = narrowed(&rows, &present);
                if name == "count" && !called.distinct && rest.is_empty() {
                    count(&present)
                } else if name == "sum"
                    && !called.distinct
                    && rest.is_empty()
                    && let Some(sums) = tallied(&cases, &rows, &present)
                {
                    sums
                } else {
                    let mut parts = vec![one(cases)];
                    parts.extend(self.terms(rest));
                    let what = Ident::from(if called.distinct { format!("{name} distinct") } else { name.to_owned() });
                    sure(Arc::new(Term::Aggregate { what, parts, rows, present }))
                }
            }
            [] => sure(self.opaque()),
        };
        self.group = Some(group.clone());
        result
    }
}

/// What a function of texts makes of constants.
fn worked_out(function: &str, parts: &[T]) -> Option<T> {
    let text = |part: &T| match &**part {
        Term::Text(text) => Some(text.to_string()),
        Term::Number(number) if number % ONE == 0 => Some((number / ONE).to_string()),
        _ => None,
    };
    let texts: Vec<String> = parts.iter().map(text).collect::<Option<_>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Some(Arc::new(Term::Text(Ident::from(crate::builtin::applied(function, &texts)?))))
}

/// The member of a JSON object that is written out, as JSON or as text; none where its text may be
/// another than is written.
fn member(object: &T, key: &str, as_text: bool) -> Option<T> {
    use serde_json::Value;
    let Term::Call { what, parts, stamp: None } = &**object else { return None };
    let (true, [written]) = (matches!(what.as_str(), "::json" | "::jsonb"), parts.as_slice()) else { return None };
    let Term::Text(written) = &**written else { return None };
    let Value::Object(members) = serde_json::from_str(written).ok()? else { return None };
    let text = |text: &str| Some(Arc::new(Term::Text(Ident::from(text))));
    match (members.get(key), as_text) {
        (None, _) | (Some(Value::Null), true) => Some(Arc::new(Term::Null)),
        (Some(Value::String(value)), true) => text(value),
        (Some(Value::Bool(value)), true) => text(&value.to_string()),
        (Some(Value::Number(value)), true) => text(&value.as_i64()?.to_string()),
        (Some(value), false) => Some(Term::call(what.clone(), vec![text(&value.to_string())?])),
        (Some(_), true) => None,
    }
}

/// What holds of one of several rows: what holds of all of them, and nothing that holds of none.
fn of_one(rows: &Arc<Rows>, of_each: &Three, own: Three) -> Three {
    let side = |of_each: &Formula, own: Formula| {
        let of_all = some(rows, &of_each.negated()).negated();
        Formula::all([some(rows, of_each), Formula::any([own, of_all])])
    };
    Three { yes: side(&of_each.yes, own.yes), no: side(&of_each.no, own.no) }
}

/// A sum of whole numbers that are written out: so many rows of each.
fn tallied(numbers: &Cases, rows: &Arc<Rows>, present: &Arc<Rows>) -> Option<Cases> {
    let any = some(present, &Formula::Always);
    let mut sums = vec![(any.clone(), Term::number(0))];
    for (guard, number) in numbers {
        let factor = match **number {
            Term::Null => continue,
            Term::Number(number) if number % ONE == 0 => number / ONE,
            _ => return None,
        };
        let mut longer = Cases::new();
        for (outside, count) in count(&narrowed(rows, guard)) {
            for (before, sum) in &sums {
                let sum = if factor == 0 { sum.clone() } else { summed(sum, &scaled(&count, factor)?, 1)? };
                longer.push((Formula::all([before.clone(), outside.clone()]), sum));
            }
        }
        longer.retain(|(guard, _)| *guard != Formula::Never);
        if longer.len() > CASES_LIMIT {
            return None;
        }
        sums = longer;
    }
    sums.push((any.negated(), Arc::new(Term::Null)));
    sums.retain(|(guard, _)| *guard != Formula::Never);
    Some(sums)
}

/// How a function is called.
#[derive(Clone, Copy)]
struct Called<'a> {
    arguments: &'a [Expr],
    star: bool,
    distinct: bool,
    filter: Option<&'a Expr>,
    over: bool,
}

/// The text of a constant, cast or not.
fn constant_text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text),
        ExprKind::Cast { operand, to }
            if to.modifiers.is_empty() && matches!(to.name.name.as_str(), "text" | "varchar") =>
        {
            constant_text(operand)
        }
        _ => None,
    }
}

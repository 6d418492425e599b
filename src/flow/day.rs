//! Days that constants come to: `make_date(2026, m, 1)`, `date '2026-01-01' + interval '1 month'`.
//! Partitions are made by them.

use super::value::{integer, text_of};
use crate::date::Date;
use crate::effect::{At, Expr, ExprKind, Ident, Name, Type};

/// The most months or days that are gone on.
const STEP_LIMIT: i64 = 40_000;

/// A day, or its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    date: Date,
    /// Whether it is of type `date`, which has no time.
    is_date: bool,
}

/// How far an interval of whole days goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    months: i64,
    days: i64,
}

impl Day {
    /// What an expression comes to, if that is a day or its midnight, wherever the session is.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Cast { operand, to } => {
                let is_date = is_plain(to, &["date"]);
                if !is_date && !is_plain(to, &["timestamp", "timestamptz"]) {
                    return None;
                }
                let date = match &operand.kind {
                    ExprKind::Text(text) => text.strip_suffix(" 00:00:00").unwrap_or(text).parse().ok()?,
                    _ => Self::of(operand)?.date,
                };
                Some(Self { date, is_date })
            }
            ExprKind::Call { function, arguments, .. }
                if function.schema.as_deref().is_none_or(|s| s == "pg_catalog") =>
            {
                match (function.name.as_str(), &**arguments) {
                    ("make_date", [year, month, day]) => {
                        let (year, month, day) = (integer(year)?, integer(month)?, integer(day)?);
                        let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)?;
                        Some(Self { date, is_date: true })
                    }
                    ("date_trunc", [unit, day]) => {
                        let day = Self::of(day)?;
                        let date = match text_of(unit)?.to_ascii_lowercase().as_str() {
                            "day" => day.date,
                            "month" => day.date.first_of_month(),
                            "year" => day.date.first_of_year(),
                            _ => return None,
                        };
                        Some(Self { date, is_date: false })
                    }
                    _ => None,
                }
            }
            ExprKind::Operator { operator, left: Some(left), right } if matches!(operator.as_str(), "+" | "-") => {
                let (day, way) = (Self::of(left)?, if operator == "-" { -1 } else { 1 });
                match integer(right) {
                    Some(days) if day.is_date => {
                        Some(Self { date: day.date.plus_days(days.checked_mul(way)?)?, ..day })
                    }
                    Some(_) => None,
                    None => day.plus(Interval::of(right)?.times(way)?),
                }
            }
            _ => None,
        }
    }

    /// The midnight that an interval goes on to.
    pub(super) fn plus(self, interval: Interval) -> Option<Self> {
        let date = self.date.plus_months(interval.months)?.plus_days(interval.days)?;
        Some(Self { date, is_date: false })
    }

    pub(super) fn is_after(self, other: Self) -> bool {
        self.date > other.date
    }

    /// The day.
    pub(super) fn date(self) -> Date {
        self.date
    }

    /// As a variable of a type holds it; none where it is of another type.
    pub(super) fn stored(self, kind: &Type, at: At) -> Option<Expr> {
        let is_date = is_plain(kind, &["date"]);
        (is_date || is_plain(kind, &["timestamp", "timestamptz"])).then(|| Self { is_date, ..self }.constant(at))
    }

    /// As a constant that [`Day::of`] reads.
    pub(super) fn constant(self, at: At) -> Expr {
        let name = if self.is_date { "date" } else { "timestamptz" };
        let to =
            Type { name: Name::plain(Ident::new_static(name), at), modifiers: Vec::new(), array: false, set: false };
        let operand = Expr { at, kind: ExprKind::Text(Ident::from(self.date.to_string())) };
        Expr { at, kind: ExprKind::Cast { operand: Box::new(operand), to: Box::new(to) } }
    }

    /// As `to_char` writes it, with a pattern of years, months, days and what stands for itself.
    pub(super) fn written(self, pattern: &str) -> Option<Ident> {
        let date = self.date.to_string();
        let parts = [("yyyy", date.get(..4)?), ("mm", date.get(5..7)?), ("dd", date.get(8..)?)];
        let mut whole = String::new();
        let mut rest = pattern;
        'pieces: while let Some(character) = rest.chars().next() {
            for (piece, written) in parts {
                if rest.get(..piece.len()).is_some_and(|start| start.eq_ignore_ascii_case(piece)) {
                    whole.push_str(written);
                    rest = rest.get(piece.len()..)?;
                    continue 'pieces;
                }
            }
            match character {
                '"' => {
                    let (quoted, after) =
                        rest.get(1..)?.split_once('"').filter(|(quoted, _)| !quoted.contains('\\'))?;
                    whole.push_str(quoted);
                    rest = after;
                }
                '_' | '-' | '.' | '/' | ' ' => {
                    whole.push(character);
                    rest = rest.get(1..)?;
                }
                _ => return None,
            }
        }
        Some(Ident::from(whole))
    }

    /// As PostgreSQL writes it, where the setting `datestyle` is left alone and it has no time zone.
    pub(super) fn text(self) -> Option<Ident> {
        self.is_date.then(|| Ident::from(self.date.to_string()))
    }
}

impl Interval {
    /// None at all.
    pub(super) const NONE: Self = Self { months: 0, days: 0 };

    /// What an expression comes to, if that is an interval of whole days: `interval '1 month'`, `2 * interval '1 day'`,
    /// `(n || ' months')::interval`.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Cast { operand, to } if is_plain(to, &["interval"]) => Self::read(&text_of(operand)?),
            ExprKind::Operator { operator, left: Some(left), right } if operator == "*" => {
                let (times, interval) = match integer(left) {
                    Some(times) => (times, right),
                    None => (integer(right)?, left),
                };
                Self::of(interval)?.times(times)
            }
            _ => None,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let mut whole = Self::NONE;
        for pair in words.chunks(2) {
            let [count, unit] = pair else { return None };
            let count: i64 = count.parse().ok().filter(|count: &i64| count.abs() <= STEP_LIMIT)?;
            match unit.to_ascii_lowercase().as_str() {
                "day" | "days" => whole.days += count,
                "week" | "weeks" => whole.days += 7 * count,
                "mon" | "mons" | "month" | "months" => whole.months += count,
                "year" | "years" => whole.months += 12 * count,
                _ => return None,
            }
        }
        (!words.is_empty()).then_some(whole)
    }

    fn times(self, times: i64) -> Option<Self> {
        Some(Self { months: self.months.checked_mul(times)?, days: self.days.checked_mul(times)? })
    }

    /// Whether it goes on, as a series has to.
    pub(super) fn goes_on(self) -> bool {
        self.months >= 0 && self.days >= 0 && (self.months, self.days) != (0, 0)
    }
}

fn is_plain(kind: &Type, names: &[&str]) -> bool {
    let is_own = kind.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    is_own && kind.modifiers.is_empty() && !kind.array && names.contains(&kind.name.name.as_str())
}

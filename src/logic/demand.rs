//! What a WHERE asks of single columns, read off as it is written: enough for most deletions,
//! and quick where there are thousands.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::Pattern;
use super::{Known, Reach};
use crate::effect::{Expr, ExprKind, Ident, LikeKind, Type};

/// A type of whose values two are the same only if they are written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exact {
    /// `text`, `varchar`
    Text,
    /// Integers, where they are written as PostgreSQL writes them.
    Integer,
}

/// Everything that a WHERE asks, as far as it asks it of one column of the relation each.
#[derive(Debug, Clone, Default)]
pub struct Demands<'a> {
    each: Vec<Demand<'a>>,
    /// Whether it asks nothing else.
    is_all: bool,
}

#[derive(Debug, Clone)]
struct Demand<'a> {
    column: &'a Ident,
    wanted: Wanted<'a>,
}

#[derive(Debug, Clone)]
enum Wanted<'a> {
    /// One of these constants, as they are written.
    Among(BTreeSet<&'a Ident>),
    /// What matches LIKE.
    Matches(Pattern),
}

impl Exact {
    /// Whether such a value is another than any that is written otherwise.
    #[must_use]
    pub fn tells(self, value: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer => {
                let is_short = value == "0" || !value.starts_with('0');
                !value.is_empty() && is_short && value.bytes().all(|byte| byte.is_ascii_digit())
            }
        }
    }
}

impl<'a> Demands<'a> {
    /// Reads them off. Where something is joined it would have to be found out whose a column is.
    #[must_use]
    pub fn of(reach: &Reach<'a>) -> Self {
        let mut demands = Self { each: Vec::new(), is_all: reach.from.is_empty() };
        if !demands.is_all {
            return demands;
        }
        for part in reach.filter.map(Expr::conjuncts).unwrap_or_default() {
            match demand(part, reach.called()) {
                Some(demand) => demands.each.push(demand),
                None => demands.is_all = false,
            }
        }
        demands
    }

    /// The columns that have to be one of some constants, with these.
    pub fn among(&self) -> impl Iterator<Item = (&'a Ident, &BTreeSet<&'a Ident>)> {
        self.each.iter().filter_map(|demand| match &demand.wanted {
            Wanted::Among(list) => Some((demand.column, list)),
            Wanted::Matches(_) => None,
        })
    }

    /// Whether the column has one of these values in every row that is reached.
    #[must_use]
    pub fn confine(&self, column: &Ident, values: &BTreeSet<Ident>) -> bool {
        self.among().any(|(asked, list)| asked == column && list.iter().all(|value| values.contains(*value)))
    }

    /// Whether the column may be whatever it likes in the rows that are reached, or anything that
    /// matches a pattern of endlessly many texts: no list of values holds them all.
    #[must_use]
    pub fn leave_open(&self, column: &Ident) -> bool {
        // What is asked twice of a column may come to nothing.
        let columns: BTreeSet<&Ident> = self.each.iter().map(|demand| demand.column).collect();
        let own = self.each.iter().find(|demand| demand.column == column);
        let is_open = own.is_none_or(|own| match &own.wanted {
            Wanted::Among(_) => false,
            Wanted::Matches(pattern) => pattern.exact().is_none(),
        });
        self.is_all && columns.len() == self.each.len() && is_open
    }

    /// Whether all rows are reached that have these constants in their columns
    /// ([`Known::Yes`]), or one of them certainly is not ([`Known::No`]).
    #[must_use]
    pub fn meet(&self, rows: &BTreeMap<Ident, BTreeSet<Ident>>, exact: impl Fn(&Ident) -> Option<Exact>) -> Known {
        let mut are_met = self.is_all;
        for Demand { column, wanted } in &self.each {
            let Some(values) = rows.get(*column) else {
                are_met = false;
                continue;
            };
            let met = match wanted {
                Wanted::Among(list) if values.iter().all(|value| list.contains(value)) => Known::Yes,
                Wanted::Among(list) => {
                    let all = || list.iter().copied().chain(values);
                    let is_sure = exact(column).is_some_and(|kind| all().all(|value| kind.tells(value)));
                    if is_sure { Known::No } else { Known::Unsaid }
                }
                Wanted::Matches(pattern) if exact(column) == Some(Exact::Text) => {
                    let mut matches = values.iter().map(|value| pattern.matches(value));
                    if matches.clone().all(|matches| matches == Some(true)) {
                        Known::Yes
                    } else if matches.any(|matches| matches == Some(false)) {
                        Known::No
                    } else {
                        Known::Unsaid
                    }
                }
                Wanted::Matches(_) => Known::Unsaid,
            };
            match met {
                Known::Yes => {}
                Known::No => return Known::No,
                Known::Unsaid => are_met = false,
            }
        }
        if are_met { Known::Yes } else { Known::Unsaid }
    }
}

fn demand<'a>(part: &'a Expr, called: &str) -> Option<Demand<'a>> {
    let column = |expr: &'a Expr| match &expr.kind {
        ExprKind::Column(path) => match path.as_slice() {
            [column] => Some(column),
            [table, column] if table == called => Some(column),
            _ => None,
        },
        _ => None,
    };
    let (column, wanted) = match &part.kind {
        ExprKind::Operator { operator, left: Some(left), right } if operator == "=" => {
            (column(left)?, Wanted::Among(BTreeSet::from([constant(right)?])))
        }
        ExprKind::In { operand, list, negated: false } => {
            (column(operand)?, Wanted::Among(list.iter().map(constant).collect::<Option<_>>()?))
        }
        ExprKind::Quantified { operand, operator, all: false, array } if **operator == "=" => {
            let ExprKind::Array(list) = &array.kind else { return None };
            (column(operand)?, Wanted::Among(list.iter().map(constant).collect::<Option<_>>()?))
        }
        ExprKind::Like { kind: LikeKind::Like, operand, pattern, escape: None, negated: false } => {
            let ExprKind::Text(pattern) = &pattern.kind else { return None };
            (column(operand)?, Wanted::Matches(Pattern::like(pattern, Some('\\'), false)?))
        }
        _ => return None,
    };
    Some(Demand { column, wanted })
}

/// A constant as it is written, also where it is cast to a type that leaves it as it is: a text,
/// or an integer. Of other numbers what they come to depends on the type of the column.
fn constant(value: &Expr) -> Option<&Ident> {
    let keeps = |to: &Type| {
        let is_own = to.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        let is_whole = to.modifiers.is_empty() && !to.array && !to.set;
        is_own && is_whole && matches!(to.name.name.as_str(), "text" | "varchar" | "int2" | "int4" | "int8")
    };
    let literal = match &value.kind {
        ExprKind::Cast { operand, to } if keeps(to) => operand,
        _ => value,
    };
    match &literal.kind {
        ExprKind::Text(value) => Some(value),
        ExprKind::Number(value) => Some(value).filter(|value| Exact::Integer.tells(value)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, reason = "a test stops where its text is not what it should be")]
mod tests {
    use super::*;
    use crate::effect::{Act, Name};
    use crate::source::{FileId, Map};
    use crate::syntax::Parser;

    fn with_demands<T>(delete: &str, ask: impl FnOnce(&Demands<'_>) -> T) -> T {
        let statements = Parser::default().statements(delete, &Map::at(FileId::new(0), 0)).expect(delete);
        let [statement] = statements.as_slice() else { panic!("one statement") };
        let Act::Delete { table, alias, using, filter, .. } = &statement.act else { panic!("a DELETE") };
        let relation: &Name = table;
        let reach = Reach { relation, alias: alias.as_deref(), from: using, filter: filter.as_deref() };
        ask(&Demands::of(&reach))
    }

    fn values(values: &[&str]) -> BTreeSet<Ident> {
        values.iter().map(|value| Ident::from(*value)).collect()
    }

    /// What a DELETE does with rows of these constants, the first in a column of texts, the
    /// second in one of integers.
    fn met(delete: &str, note: &[&str], id: &[&str]) -> Known {
        let rows = BTreeMap::from([(Ident::from("note"), values(note)), (Ident::from("id"), values(id))]);
        let exact = |column: &Ident| Some(if column == "id" { Exact::Integer } else { Exact::Text });
        with_demands(delete, |demands| demands.meet(&rows, exact))
    }

    #[test]
    fn lists_confine_and_patterns_do_not() {
        let note = Ident::from("note");
        for (filter, is_confined, is_open) in [
            ("note = 'a'", true, false),
            ("note IN ('a', 'b') AND now() > '2020-01-01'", true, false),
            ("note IN ('a', 'c')", false, false),
            ("note LIKE 'a%'", false, true),
            ("note LIKE 'a'", false, false),
            ("note LIKE 'a%' AND note LIKE 'b%'", false, false),
            ("note LIKE 'a%' AND id > 1", false, false),
            ("id = 1", false, true),
            ("id = 1 AND id = 2", false, false),
            ("note = 'a' OR id = 1", false, false),
        ] {
            let delete = format!("DELETE FROM t WHERE {filter}");
            let said =
                |demands: &Demands<'_>| (demands.confine(&note, &values(&["a", "b"])), demands.leave_open(&note));
            assert_eq!(with_demands(&delete, said), (is_confined, is_open), "{filter}");
        }
    }

    #[test]
    fn what_is_written_is_enough_or_says_nothing() {
        use Known::{No, Unsaid, Yes};
        for (filter, expected) in [
            ("note = 'a'", Yes),
            ("note = 'a' AND t.id = 1", Yes),
            ("note = 'a' AND id IN (2, 1)", Yes),
            ("id = ANY (ARRAY[1, 2])", Yes),
            ("note LIKE 'a%'", Yes),
            ("id = '1'::int", Yes),
            ("note = 'b'", No),
            ("id = 2", No),
            ("note LIKE 'b%' AND now() > '2020-01-01'", No),
            ("id = '01'", Unsaid),
            ("note = 'a'::varchar(1)", Unsaid),
            ("note = ('01'::int)::text", Unsaid),
            ("id = 1.0", Unsaid),
            ("note = 'a' AND now() > '2020-01-01'", Unsaid),
            ("note = 'a' OR id = 1", Unsaid),
            ("other = 'a'", Unsaid),
            ("u.note = 'a'", Unsaid),
            ("note ILIKE 'A%'", Unsaid),
            ("note NOT IN ('a')", Unsaid),
        ] {
            assert_eq!(met(&format!("DELETE FROM t WHERE {filter}"), &["a"], &["1"]), expected, "{filter}");
        }
        assert_eq!(met("DELETE FROM t", &["a"], &["1"]), Yes);
        assert_eq!(met("DELETE FROM t USING u WHERE note = 'a'", &["a"], &["1"]), Unsaid);
        assert_eq!(met("DELETE FROM t AS u WHERE u.note = 'a'", &["a"], &["1"]), Yes);
        assert_eq!(met("DELETE FROM t WHERE note IN ('a', 'b')", &["a", "b"], &["1"]), Yes);
        assert_eq!(met("DELETE FROM t WHERE note = 'a'", &["a", "b"], &["1"]), No);
        assert_eq!(met("DELETE FROM t WHERE id = 1", &["a"], &["01"]), Unsaid);
    }
}

//! Expressions as SQL, for a reader. What cannot be told in a line or two is not told.

use crate::effect::{
    Expr, ExprKind, From, Ident, IsTest, JoinKind, LikeKind, Query, QueryBody, SetOperator, SubqueryKind, Type,
};

/// How deeply expressions are told.
const DEPTH: usize = 24;

/// The expression as SQL; none where it has a part that has no name.
pub(super) fn expression(expr: &Expr) -> Option<String> {
    at(expr, DEPTH)
}

fn at(expr: &Expr, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let one = |expr: &Expr| operand(expr, depth);
    let list = |list: &[Expr]| list.iter().map(|expr| at(expr, depth)).collect::<Option<Vec<_>>>();
    let not = |negated: bool| if negated { "NOT " } else { "" };
    Some(match &expr.kind {
        ExprKind::Null => "NULL".to_owned(),
        ExprKind::Boolean(truth) => truth.to_string(),
        ExprKind::Number(number) => number.to_string(),
        ExprKind::Text(text) => format!("'{}'", text.replace('\'', "''")),
        // A value that nothing is known of has a name that nobody has written.
        ExprKind::Column(path) if path.iter().any(|name| name.starts_with('\0')) => return None,
        ExprKind::Column(path) => path.join("."),
        ExprKind::Star(path) => path.iter().map(Ident::as_str).chain(["*"]).collect::<Vec<_>>().join("."),
        ExprKind::Parameter(number) => format!("${number}"),
        ExprKind::Variable(name) => format!(":'{name}'"),
        ExprKind::VariableIsSet(name) => format!(":{{?{name}}}"),
        ExprKind::And(parts) => parts.iter().map(one).collect::<Option<Vec<_>>>()?.join(" AND "),
        ExprKind::Or(parts) => parts.iter().map(one).collect::<Option<Vec<_>>>()?.join(" OR "),
        ExprKind::Not(inner) => format!("NOT {}", one(inner)?),
        ExprKind::Is { operand, test, negated } => {
            let test = match test {
                IsTest::Null => "NULL",
                IsTest::True => "TRUE",
                IsTest::False => "FALSE",
                IsTest::Unknown => "UNKNOWN",
            };
            format!("{} IS {}{test}", one(operand)?, not(*negated))
        }
        ExprKind::Distinct { left, right, negated } => {
            format!("{} IS {}DISTINCT FROM {}", one(left)?, not(*negated), one(right)?)
        }
        ExprKind::Operator { operator, left: Some(left), right } => {
            format!("{} {operator} {}", one(left)?, one(right)?)
        }
        ExprKind::Operator { operator, left: None, right } => format!("{operator}{}", one(right)?),
        ExprKind::Like { kind, operand, pattern, negated, .. } => {
            let word = match kind {
                LikeKind::Like => "LIKE",
                LikeKind::Ilike => "ILIKE",
                LikeKind::Similar => "SIMILAR TO",
            };
            format!("{} {}{word} {}", one(operand)?, not(*negated), one(pattern)?)
        }
        ExprKind::Between { operand, low, high, negated, .. } => {
            format!("{} {}BETWEEN {} AND {}", one(operand)?, not(*negated), one(low)?, one(high)?)
        }
        ExprKind::In { operand, list: values, negated } => {
            format!("{} {}IN ({})", one(operand)?, not(*negated), list(values)?.join(", "))
        }
        ExprKind::Quantified { operand, operator, all, array } => {
            format!("{} {operator} {} ({})", one(operand)?, if *all { "ALL" } else { "ANY" }, at(array, depth)?)
        }
        ExprKind::Subquery { kind, query } => {
            let query = self::query(query, depth)?;
            match kind {
                SubqueryKind::Exists => format!("EXISTS ({query})"),
                SubqueryKind::Scalar => format!("({query})"),
                SubqueryKind::Array => format!("ARRAY({query})"),
                SubqueryKind::Any { operand, operator } if operator == "=" => format!("{} IN ({query})", one(operand)?),
                SubqueryKind::Any { operand, operator } => format!("{} {operator} ANY ({query})", one(operand)?),
                SubqueryKind::All { operand, operator } => format!("{} {operator} ALL ({query})", one(operand)?),
            }
        }
        ExprKind::Coalesce(parts) => format!("coalesce({})", list(parts)?.join(", ")),
        ExprKind::Call { function, arguments, star, distinct, filter: None, over: false } => {
            let arguments = if *star { "*".to_owned() } else { list(arguments)?.join(", ") };
            format!("{function}({}{arguments})", if *distinct { "DISTINCT " } else { "" })
        }
        ExprKind::Cast { operand, to } => format!("{}::{}", one(operand)?, kind(to)),
        ExprKind::Array(parts) => format!("ARRAY[{}]", list(parts)?.join(", ")),
        ExprKind::Row(parts) => format!("({})", list(parts)?.join(", ")),
        ExprKind::Field { operand, field } => format!("({}).{field}", at(operand, depth)?),
        _ => return None,
    })
}

/// The expression where it is a part of another: in parentheses if need be.
fn operand(expr: &Expr, depth: usize) -> Option<String> {
    let text = at(expr, depth)?;
    let is_compound = matches!(
        expr.kind,
        ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_)
            | ExprKind::Is { .. }
            | ExprKind::Distinct { .. }
            | ExprKind::Operator { .. }
            | ExprKind::Like { .. }
            | ExprKind::Between { .. }
            | ExprKind::In { .. }
            | ExprKind::Quantified { .. }
    );
    Some(if is_compound { format!("({text})") } else { text })
}

fn kind(to: &Type) -> String {
    format!("{}{}", to.name, if to.array { "[]" } else { "" })
}

fn query(query: &Query, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    if !query.with.is_empty() || !query.order_by.is_empty() || query.limit.is_some() || query.offset.is_some() {
        return None;
    }
    match &query.body {
        QueryBody::Values(rows) => {
            let row = |row: &Vec<Expr>| {
                Some(format!("({})", row.iter().map(|expr| at(expr, depth)).collect::<Option<Vec<_>>>()?.join(", ")))
            };
            Some(format!("VALUES {}", rows.iter().map(row).collect::<Option<Vec<_>>>()?.join(", ")))
        }
        QueryBody::Set { operator, all, left, right } => {
            let word = match operator {
                SetOperator::Union => "UNION",
                SetOperator::Intersect => "INTERSECT",
                SetOperator::Except => "EXCEPT",
            };
            let all = if *all { " ALL" } else { "" };
            Some(format!("{} {word}{all} {}", self::query(left, depth)?, self::query(right, depth)?))
        }
        QueryBody::Select(select) => {
            let targets = select.targets.iter().map(|target| at(&target.value, depth)).collect::<Option<Vec<_>>>()?;
            let mut text = format!("SELECT {}{}", if select.distinct { "DISTINCT " } else { "" }, targets.join(", "));
            text.truncate(text.trim_end().len());
            if !select.from.is_empty() {
                let items = select.from.iter().map(|item| from(item, depth)).collect::<Option<Vec<_>>>()?;
                text = format!("{text} FROM {}", items.join(", "));
            }
            for (word, clause) in [("WHERE", &select.filter), ("HAVING", &select.having)] {
                if let Some(clause) = clause {
                    text = format!("{text} {word} {}", at(clause, depth)?);
                }
                if word == "WHERE" && !select.group_by.is_empty() {
                    let by = select.group_by.iter().map(|expr| at(expr, depth)).collect::<Option<Vec<_>>>()?;
                    text = format!("{text} GROUP BY {}", by.join(", "));
                }
            }
            Some(text)
        }
    }
}

fn from(item: &From, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let called = |alias: &Option<Ident>| alias.as_ref().map(|alias| format!(" {alias}")).unwrap_or_default();
    Some(match item {
        From::Relation { name, alias, .. } => format!("{name}{}", called(alias)),
        From::Subquery { query, alias, .. } => format!("({}){}", self::query(query, depth)?, called(alias)),
        From::Function { calls, alias, .. } => {
            let calls = calls.iter().map(|call| at(call, depth)).collect::<Option<Vec<_>>>()?;
            format!("{}{}", calls.join(", "), called(alias))
        }
        From::Join { kind, left, right, on: Some(on), natural: false, .. } => {
            let word = match kind {
                JoinKind::Inner => "JOIN",
                JoinKind::Left => "LEFT JOIN",
                JoinKind::Right => "RIGHT JOIN",
                JoinKind::Full => "FULL JOIN",
            };
            format!("{} {word} {} ON {}", from(left, depth)?, from(right, depth)?, at(on, depth)?)
        }
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::source::{FileId, Map};
    use crate::syntax::Parser;

    #[test]
    fn what_is_told_reads_as_what_was_written() {
        for text in [
            "(SELECT count(*) FROM a WHERE b = 'it''s' AND NOT (c IS NULL)) < 1",
            "EXISTS (SELECT FROM a b WHERE b.x IN (1, 2))",
            "current_database() = 'd' OR (x BETWEEN 1 AND 2)",
            "a IN (SELECT DISTINCT b FROM c JOIN d ON c.x = d.y GROUP BY b HAVING count(b) > 1)",
            "coalesce(a, 'x'::text) LIKE 'y%'",
        ] {
            let read = |text: &str| Parser::default().expression(text, &Map::at(FileId::new(0), 0)).expect("SQL");
            let told = expression(&read(text)).expect("it can be told");
            assert_eq!(read(&told), read(text), "{told}");
        }
    }
}

//! Conditions as SQL on one line, and what holds where one of them does not. What has no
//! plain form here is not written at all: half a condition would say something else.

use crate::effect::{
    Expr, ExprKind, From, Ident, IsTest, JoinKind, LikeKind, Name, Query, QueryBody, Select, SetOperator, SubqueryKind,
    Type, Visit, walk_expr,
};

/// Conditions nest at most so deeply.
const DEPTH: usize = 24;
/// What is longer is read where it stands.
const LENGTH: usize = 600;

/// The condition as SQL; none where it is long or has parts that have no word here.
pub(crate) fn write(expr: &Expr) -> Option<String> {
    let mut writer = Writer { out: String::new(), depth: 0 };
    writer.expr(expr)?;
    Some(writer.out)
}

/// The parts of which none may be true if the whole is not.
pub(super) fn alternatives(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Or(parts) => parts.iter().collect(),
        _ => vec![expr],
    }
}

/// What is true where the condition is false.
pub(super) fn contrary(expr: &Expr) -> Expr {
    let other = |kind| Expr { at: expr.at, kind };
    match &expr.kind {
        ExprKind::Not(inner) => (**inner).clone(),
        ExprKind::Is { operand, test, negated } => {
            other(ExprKind::Is { operand: operand.clone(), test: *test, negated: !negated })
        }
        ExprKind::Distinct { left, right, negated } => {
            other(ExprKind::Distinct { left: left.clone(), right: right.clone(), negated: !negated })
        }
        ExprKind::In { operand, list, negated } => {
            other(ExprKind::In { operand: operand.clone(), list: list.clone(), negated: !negated })
        }
        ExprKind::Operator { operator, left: Some(left), right } => {
            let turned = match operator.as_str() {
                "=" => "<>",
                "<>" => "=",
                "<" => ">=",
                ">=" => "<",
                ">" => "<=",
                "<=" => ">",
                _ => return other(ExprKind::Not(Box::new(expr.clone()))),
            };
            let operator = Ident::new_static(turned);
            other(ExprKind::Operator { operator, left: Some(left.clone()), right: right.clone() })
        }
        _ => other(ExprKind::Not(Box::new(expr.clone()))),
    }
}

/// `expr IS NOT TRUE`
pub(super) fn not_true(expr: &Expr) -> Expr {
    let kind = ExprKind::Is { operand: Box::new(expr.clone()), test: IsTest::True, negated: true };
    Expr { at: expr.at, kind }
}

/// Whether a condition has nothing in it but constants: what it asked for is known.
pub(super) fn is_settled(expr: &Expr) -> bool {
    struct Asks(bool);
    impl<'a> Visit<'a> for Asks {
        fn expr(&mut self, expr: &'a Expr) {
            use ExprKind as K;
            self.0 |= matches!(
                expr.kind,
                K::Column(_) | K::Star(_) | K::Parameter(_) | K::Variable(_) | K::VariableIsSet(_) | K::Call { .. }
            );
            self.0 |= matches!(expr.kind, K::Subquery { .. } | K::CurrentOf(_) | K::Default | K::Other { .. });
            walk_expr(self, expr);
        }
    }
    let mut asks = Asks(false);
    asks.expr(expr);
    !asks.0
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn add(&mut self, text: &str) -> Option<()> {
        self.out.push_str(text);
        (self.out.len() <= LENGTH).then_some(())
    }

    fn ident(&mut self, name: &str) -> Option<()> {
        let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if is_plain || crate::effect::is_variable(name) {
            self.add(name)
        } else {
            self.add(&crate::cluster::quote_identifier(name))
        }
    }

    fn path(&mut self, path: &[Ident]) -> Option<()> {
        // A value that nothing is known of has a name that nobody has written.
        if path.iter().any(|part| part.starts_with('\0')) {
            return None;
        }
        for (index, part) in path.iter().enumerate() {
            if index > 0 {
                self.add(".")?;
            }
            self.ident(part)?;
        }
        Some(())
    }

    fn name(&mut self, name: &Name) -> Option<()> {
        if let Some(schema) = name.schema.as_ref().filter(|schema| *schema != "pg_catalog") {
            self.ident(schema)?;
            self.add(".")?;
        }
        self.ident(&name.name)
    }

    fn list<T>(&mut self, items: &[T], between: &str, mut one: impl FnMut(&mut Self, &T) -> Option<()>) -> Option<()> {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.add(between)?;
            }
            one(self, item)?;
        }
        Some(())
    }

    fn exprs(&mut self, items: &[Expr]) -> Option<()> {
        self.list(items, ", ", Self::expr)
    }

    /// In parentheses where what is around could bind more tightly.
    fn operand(&mut self, expr: &Expr) -> Option<()> {
        let is_loose = matches!(
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
                | ExprKind::Subquery { kind: SubqueryKind::Any { .. } | SubqueryKind::All { .. }, .. }
        );
        if !is_loose {
            return self.expr(expr);
        }
        self.add("(")?;
        self.expr(expr)?;
        self.add(")")
    }

    fn expr(&mut self, expr: &Expr) -> Option<()> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        self.kind(&expr.kind)?;
        self.depth -= 1;
        Some(())
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each word")]
    fn kind(&mut self, kind: &ExprKind) -> Option<()> {
        match kind {
            ExprKind::Null => self.add("NULL"),
            ExprKind::Boolean(truth) => self.add(if *truth { "true" } else { "false" }),
            ExprKind::Number(digits) => self.add(digits),
            ExprKind::Text(text) => self.add(&crate::cluster::quote_literal(text)),
            ExprKind::Column(path) => self.path(path),
            ExprKind::Star(path) => {
                self.path(path)?;
                self.add(if path.is_empty() { "*" } else { ".*" })
            }
            ExprKind::Parameter(number) => self.add(&format!("${number}")),
            ExprKind::Variable(name) => self.add(&format!(":'{name}'")),
            ExprKind::VariableIsSet(name) => self.add(&format!(":{{?{name}}}")),
            ExprKind::And(parts) => self.list(parts, " AND ", Self::operand),
            ExprKind::Or(parts) => self.list(parts, " OR ", Self::operand),
            ExprKind::Not(inner) => {
                self.add("NOT ")?;
                self.operand(inner)
            }
            ExprKind::Is { operand, test, negated } => {
                self.operand(operand)?;
                self.add(if *negated { " IS NOT " } else { " IS " })?;
                self.add(match test {
                    IsTest::Null => "NULL",
                    IsTest::True => "TRUE",
                    IsTest::False => "FALSE",
                    IsTest::Unknown => "UNKNOWN",
                })
            }
            ExprKind::Distinct { left, right, negated } => {
                self.operand(left)?;
                self.add(if *negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " })?;
                self.operand(right)
            }
            ExprKind::Operator { operator, left, right } => {
                if let Some(left) = left {
                    self.operand(left)?;
                    self.add(" ")?;
                }
                self.add(operator)?;
                self.add(if left.is_some() { " " } else { "" })?;
                self.operand(right)
            }
            ExprKind::Like { kind, operand, pattern, escape, negated } => {
                self.operand(operand)?;
                self.add(if *negated { " NOT " } else { " " })?;
                self.add(match kind {
                    LikeKind::Like => "LIKE ",
                    LikeKind::Ilike => "ILIKE ",
                    LikeKind::Similar => "SIMILAR TO ",
                })?;
                self.operand(pattern)?;
                let Some(escape) = escape else { return Some(()) };
                self.add(" ESCAPE ")?;
                self.operand(escape)
            }
            ExprKind::Between { operand, low, high, negated, symmetric } => {
                self.operand(operand)?;
                self.add(if *negated { " NOT BETWEEN " } else { " BETWEEN " })?;
                self.add(if *symmetric { "SYMMETRIC " } else { "" })?;
                self.operand(low)?;
                self.add(" AND ")?;
                self.operand(high)
            }
            ExprKind::In { operand, list, negated } => {
                self.operand(operand)?;
                self.add(if *negated { " NOT IN (" } else { " IN (" })?;
                self.exprs(list)?;
                self.add(")")
            }
            ExprKind::Quantified { operand, operator, all, array } => {
                self.operand(operand)?;
                self.add(&format!(" {operator} {} (", if *all { "ALL" } else { "ANY" }))?;
                self.expr(array)?;
                self.add(")")
            }
            ExprKind::Subquery { kind, query } => self.subquery(kind, query),
            ExprKind::Coalesce(values) => {
                self.add("coalesce(")?;
                self.exprs(values)?;
                self.add(")")
            }
            ExprKind::Call { function, arguments, star, distinct, filter, over: false } => {
                self.name(function)?;
                let is_bare = function.schema.is_none()
                    && arguments.is_empty()
                    && matches!(function.name.as_str(), "current_user" | "session_user" | "current_role" | "user");
                if is_bare {
                    return Some(());
                }
                self.add(match (star, distinct) {
                    (true, _) => "(*",
                    (false, true) => "(DISTINCT ",
                    (false, false) => "(",
                })?;
                self.exprs(arguments)?;
                self.add(")")?;
                let Some(filter) = filter else { return Some(()) };
                self.add(" FILTER (WHERE ")?;
                self.expr(filter)?;
                self.add(")")
            }
            ExprKind::Cast { operand, to } => {
                self.operand(operand)?;
                self.add("::")?;
                self.r#type(to)
            }
            ExprKind::Array(values) => {
                self.add("ARRAY[")?;
                self.exprs(values)?;
                self.add("]")
            }
            ExprKind::Field { operand, field } if field != "*" => {
                self.add("(")?;
                self.expr(operand)?;
                self.add(").")?;
                self.ident(field)
            }
            ExprKind::Row(values) => {
                self.add("ROW(")?;
                self.exprs(values)?;
                self.add(")")
            }
            _ => None,
        }
    }

    fn r#type(&mut self, to: &Type) -> Option<()> {
        if to.set || !to.modifiers.is_empty() {
            return None;
        }
        self.name(&to.name)?;
        self.add(if to.array { "[]" } else { "" })
    }

    fn subquery(&mut self, kind: &SubqueryKind, query: &Query) -> Option<()> {
        match kind {
            SubqueryKind::Exists => self.add("EXISTS (")?,
            SubqueryKind::Scalar => self.add("(")?,
            SubqueryKind::Array => self.add("ARRAY(")?,
            SubqueryKind::Any { operand, operator } if operator == "=" => {
                self.operand(operand)?;
                self.add(" IN (")?;
            }
            SubqueryKind::Any { operand, operator } => {
                self.operand(operand)?;
                self.add(&format!(" {operator} ANY ("))?;
            }
            SubqueryKind::All { operand, operator } => {
                self.operand(operand)?;
                self.add(&format!(" {operator} ALL ("))?;
            }
        }
        self.query(query)?;
        self.add(")")
    }

    fn query(&mut self, query: &Query) -> Option<()> {
        if self.depth >= DEPTH || !query.with.is_empty() || query.locks || !query.order_by.is_empty() {
            return None;
        }
        self.depth += 1;
        match &query.body {
            QueryBody::Select(select) => self.select(select)?,
            QueryBody::Values(rows) => {
                self.add("VALUES ")?;
                self.list(rows, ", ", |writer, row| {
                    writer.add("(")?;
                    writer.exprs(row)?;
                    writer.add(")")
                })?;
            }
            QueryBody::Set { operator, all, left, right } => {
                self.query(left)?;
                self.add(match operator {
                    SetOperator::Union => " UNION ",
                    SetOperator::Intersect => " INTERSECT ",
                    SetOperator::Except => " EXCEPT ",
                })?;
                self.add(if *all { "ALL " } else { "" })?;
                // What stands on the right was in parentheses, if it is of more than one part.
                if matches!(right.body, QueryBody::Set { .. }) {
                    return None;
                }
                self.query(right)?;
            }
        }
        for (word, value) in [(" LIMIT ", &query.limit), (" OFFSET ", &query.offset)] {
            if let Some(value) = value {
                self.add(word)?;
                self.operand(value)?;
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn select(&mut self, select: &Select) -> Option<()> {
        if !select.distinct_on.is_empty() {
            return None;
        }
        self.add(if select.distinct { "SELECT DISTINCT" } else { "SELECT" })?;
        if !select.targets.is_empty() {
            self.add(" ")?;
        }
        self.list(&select.targets, ", ", |writer, target| {
            writer.expr(&target.value)?;
            let Some(alias) = &target.alias else { return Some(()) };
            writer.add(" AS ")?;
            writer.ident(alias)
        })?;
        if !select.from.is_empty() {
            self.add(" FROM ")?;
            self.list(&select.from, ", ", Self::from)?;
        }
        if let Some(filter) = &select.filter {
            self.add(" WHERE ")?;
            self.expr(filter)?;
        }
        if !select.group_by.is_empty() {
            self.add(" GROUP BY ")?;
            self.exprs(&select.group_by)?;
        }
        if let Some(having) = &select.having {
            self.add(" HAVING ")?;
            self.expr(having)?;
        }
        Some(())
    }

    fn alias(&mut self, alias: Option<&Ident>, columns: &[Ident]) -> Option<()> {
        if let Some(alias) = alias {
            self.add(" AS ")?;
            self.ident(alias)?;
        }
        if !columns.is_empty() {
            self.add(" (")?;
            self.list(columns, ", ", |writer, column| writer.ident(column))?;
            self.add(")")?;
        }
        Some(())
    }

    fn from(&mut self, from: &From) -> Option<()> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        match from {
            From::Relation { name, alias, columns, only } => {
                self.add(if *only { "ONLY " } else { "" })?;
                self.name(name)?;
                self.alias(alias.as_ref(), columns)?;
            }
            From::Function { calls, alias, columns } => {
                let [call] = calls.as_slice() else { return None };
                self.expr(call)?;
                self.alias(alias.as_ref(), columns)?;
            }
            From::Subquery { query, alias, columns, lateral } => {
                self.add(if *lateral { "LATERAL (" } else { "(" })?;
                self.query(query)?;
                self.add(")")?;
                self.alias(alias.as_ref(), columns)?;
            }
            From::Join { kind, left, right, on, using, natural: false } => {
                self.from(left)?;
                self.add(match kind {
                    JoinKind::Inner if on.is_none() && using.is_empty() => " CROSS JOIN ",
                    JoinKind::Inner => " JOIN ",
                    JoinKind::Left => " LEFT JOIN ",
                    JoinKind::Right => " RIGHT JOIN ",
                    JoinKind::Full => " FULL JOIN ",
                })?;
                if matches!(**right, From::Join { .. }) {
                    return None;
                }
                self.from(right)?;
                if let Some(on) = on {
                    self.add(" ON ")?;
                    self.expr(on)?;
                }
                if !using.is_empty() {
                    self.add(" USING (")?;
                    self.list(using, ", ", |writer, column| writer.ident(column))?;
                    self.add(")")?;
                }
            }
            From::Join { .. } | From::Other { .. } => return None,
        }
        self.depth -= 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Map};
    use crate::syntax::Parser;

    fn read(text: &str) -> Option<Expr> {
        Parser::default().expression(text, &Map::at(FileId::new(0), 0)).ok()
    }

    #[test]
    fn what_is_written_reads_as_what_was_meant() {
        let conditions = [
            "(SELECT count(*) FROM a WHERE b = 'it''s' AND NOT c) <> 0",
            "NOT (a OR b) AND c",
            "a - (b - c) = (a - b) - c",
            "EXISTS (SELECT FROM a AS x JOIN b ON x.i = b.i LEFT JOIN c USING (j) WHERE x.k IS NOT NULL)",
            "\"Strange name\" IS DISTINCT FROM current_user",
            "a::text = ANY (ARRAY['x', 'y']) OR a NOT IN ('p', 'q') OR a NOT LIKE 'gov\\_%' ESCAPE '#'",
            "x BETWEEN SYMMETRIC 1 AND (2 + 3) OR coalesce(y, -1) > 0",
            "(SELECT count(DISTINCT a) FILTER (WHERE b) FROM s.t GROUP BY c HAVING d LIMIT 1) IS NULL",
            "a IN (SELECT b FROM c UNION ALL SELECT d FROM e)",
            "(a IS NULL) IS NOT TRUE",
            "(a).b = 1",
            "EXISTS (SELECT FROM a b WHERE b.x IN (1, 2))",
            "a IN (SELECT DISTINCT b FROM c JOIN d ON c.x = d.y GROUP BY b HAVING count(b) > 1)",
        ];
        for condition in conditions {
            let expr = read(condition);
            let written = expr.as_ref().and_then(write);
            assert!(written.is_some(), "{condition} is SQL, and can be written");
            assert_eq!(written.as_deref().and_then(read), expr, "{written:?}");
        }
    }

    #[test]
    fn half_a_condition_is_never_written() {
        let long = format!("a IN ({})", vec!["'some value or other'"; 100].join(", "));
        for condition in [
            "(SELECT a FROM b ORDER BY a LIMIT 1) > 0",
            "sum(a) OVER () > 1",
            "(WITH c AS (SELECT 1) SELECT count(*) FROM c) > 0",
            &long,
        ] {
            assert_eq!(read(condition).map(|expr| write(&expr)), Some(None), "{condition}");
        }
    }

    #[test]
    fn the_contrary_is_true_where_the_condition_is_false() {
        let pairs = [
            ("a < 1", "a >= 1"),
            ("a <> b", "a = b"),
            ("a IS NULL", "a IS NOT NULL"),
            ("a IS DISTINCT FROM b", "a IS NOT DISTINCT FROM b"),
            ("NOT EXISTS (SELECT FROM t)", "EXISTS (SELECT FROM t)"),
            ("a NOT IN (1, 2)", "a IN (1, 2)"),
            ("a AND b", "NOT (a AND b)"),
            ("a ~ b", "NOT (a ~ b)"),
        ];
        for (condition, wanted) in pairs {
            let turned = read(condition).and_then(|expr| write(&contrary(&expr)));
            assert_eq!(turned.as_deref(), Some(wanted));
        }
        let settled = |text: &str| read(text).map(|expr| is_settled(&expr));
        assert_eq!(
            ["'x' IS NULL", "a = 'x'", "EXISTS (SELECT FROM t)"].map(settled),
            [Some(true), Some(false), Some(false)]
        );
    }
}

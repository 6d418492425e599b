//! Conditions as SQL, on one line or on several, and what holds where one of them does not.
//! What has no plain form here is not written at all: half a condition would say something
//! else. Of an ORDER BY the tree does not tell the direction, of a window not its frame.

use crate::effect::{
    Cte, CteBody, Expr, ExprKind, From, Ident, IsTest, JoinKind, LikeKind, Name, Query, QueryBody, Select, SetOperator,
    SubqueryKind, Type,
};
use crate::source::{FileId, Map};
use crate::syntax::Parser;

/// Conditions nest at most so deeply.
const DEPTH: usize = 24;
/// What is longer does not go on one line.
const LENGTH: usize = 600;
/// What is longer is read where it stands.
const MOST: usize = 6000;
/// What is longer is broken into lines.
const LONG: usize = 160;
/// So wide are the lines, where their words let them be.
const WIDTH: usize = 80;

/// The condition as SQL on one line; none where it is long or has parts that have no word here.
pub(crate) fn write(expr: &Expr) -> Option<String> {
    Some(flat(&pieces(expr, LENGTH)?))
}

/// The same, broken into lines where it is long: at its ANDs and ORs and the clauses of its
/// queries. One line after another with the blanks before them away is what stands on one line.
pub(super) fn lines(expr: &Expr) -> Option<Vec<String>> {
    let pieces = pieces(expr, MOST)?;
    let whole = flat(&pieces);
    if whole.len() <= LONG {
        return Some(vec![whole]);
    }
    let mut lines = vec![String::new()];
    lay_out(&pieces, 0, &mut lines);
    Some(lines)
}

/// The pieces of a condition, if they read as what was meant.
fn pieces(expr: &Expr, most: usize) -> Option<Vec<Piece>> {
    let pieces = written(expr, most)?;
    // The names of psql's variables are for psql to replace.
    if asks_psql(expr) {
        return Some(pieces);
    }
    let text = flat(&pieces);
    let read = Parser::default().expression(&text, &Map::at(FileId::new(0), 0)).ok()?;
    (flat(&written(&read, most)?) == text).then_some(pieces)
}

fn written(expr: &Expr, most: usize) -> Option<Vec<Piece>> {
    let mut writer = Writer { groups: vec![Vec::new()], length: 0, depth: 0, most };
    writer.expr(expr)?;
    writer.groups.pop()
}

fn asks_psql(expr: &Expr) -> bool {
    crate::effect::any(expr, |expr| matches!(expr.kind, ExprKind::Variable(_) | ExprKind::VariableIsSet(_)))
}

/// What is written, with the places where it may be broken.
enum Piece {
    Text(String),
    /// A blank, or the end of a line wherever the group is broken.
    Break,
    /// A blank, or the end of a line where what follows does not fit.
    Fill,
    Group(Vec<Piece>),
}

fn flat(pieces: &[Piece]) -> String {
    let one = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Break | Piece::Fill => " ".to_owned(),
        Piece::Group(inner) => flat(inner),
    };
    pieces.iter().map(one).collect()
}

/// Breaks a group that does not fit into what is left of the last line.
fn lay_out(pieces: &[Piece], indent: usize, lines: &mut Vec<String>) {
    let next = |lines: &mut Vec<String>| lines.push(" ".repeat(indent));
    let used = |lines: &[String]| lines.last().map_or(0, |line| line.chars().count());
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Break => next(lines),
            Piece::Fill => {
                let rest = pieces.get(index + 1..).unwrap_or_default();
                let until = rest.iter().position(|piece| matches!(piece, Piece::Break | Piece::Fill));
                let word = flat(rest.get(..until.unwrap_or(rest.len())).unwrap_or_default());
                if used(lines) + 1 + word.chars().count() > WIDTH {
                    next(lines);
                } else if let Some(line) = lines.last_mut() {
                    line.push(' ');
                }
            }
            Piece::Text(text) => {
                if let Some(line) = lines.last_mut() {
                    line.push_str(text);
                }
            }
            Piece::Group(inner) => {
                let whole = flat(inner);
                if used(lines) + whole.chars().count() > WIDTH {
                    // Below the line that it begins on.
                    let begin = lines.last().map_or(0, |line| line.len() - line.trim_start().len());
                    lay_out(inner, begin + 2, lines);
                } else if let Some(line) = lines.last_mut() {
                    line.push_str(&whole);
                }
            }
        }
    }
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
    use ExprKind as K;
    !crate::effect::any(expr, |expr| {
        matches!(
            expr.kind,
            K::Column(_) | K::Star(_) | K::Parameter(_) | K::Variable(_) | K::VariableIsSet(_) | K::Call { .. }
        ) || matches!(expr.kind, K::Subquery { .. } | K::CurrentOf(_) | K::Default | K::Other { .. })
    })
}

struct Writer {
    /// The groups that are open, the innermost last.
    groups: Vec<Vec<Piece>>,
    length: usize,
    depth: usize,
    most: usize,
}

impl Writer {
    fn add(&mut self, text: &str) -> Option<()> {
        self.length += text.len();
        match self.groups.last_mut()?.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ => self.groups.last_mut()?.push(Piece::Text(text.to_owned())),
        }
        (self.length <= self.most).then_some(())
    }

    fn blank(&mut self, piece: Piece) -> Option<()> {
        self.length += 1;
        self.groups.last_mut()?.push(piece);
        Some(())
    }

    /// What stands together on a line, if it fits there.
    fn group(&mut self, inner: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.groups.push(Vec::new());
        inner(self)?;
        let group = self.groups.pop()?;
        self.groups.last_mut()?.push(Piece::Group(group));
        Some(())
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

    /// Items between commas, as many on a line as fit.
    fn list<T>(&mut self, items: &[T], mut one: impl FnMut(&mut Self, &T) -> Option<()>) -> Option<()> {
        self.group(|writer| {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    writer.add(",")?;
                    writer.blank(Piece::Fill)?;
                }
                one(writer, item)?;
            }
            Some(())
        })
    }

    /// Conditions between ANDs or ORs, each on a line of its own if they do not fit on one.
    fn joined(&mut self, kind: &ExprKind) -> Option<()> {
        // Values of variables may be of the same kind.
        fn parts<'e>(kind: &'e ExprKind, is_and: bool, depth: usize, all: &mut Vec<&'e Expr>) {
            let (ExprKind::And(inner) | ExprKind::Or(inner)) = kind else { return };
            for part in inner {
                match &part.kind {
                    ExprKind::And(_) if is_and && depth < DEPTH => parts(&part.kind, is_and, depth + 1, all),
                    ExprKind::Or(_) if !is_and && depth < DEPTH => parts(&part.kind, is_and, depth + 1, all),
                    _ => all.push(part),
                }
            }
        }
        let is_and = matches!(kind, ExprKind::And(_));
        let mut all = Vec::new();
        parts(kind, is_and, 0, &mut all);
        for (index, part) in all.into_iter().enumerate() {
            if index > 0 {
                self.blank(Piece::Break)?;
                self.add(if is_and { "AND " } else { "OR " })?;
            }
            self.operand(part)?;
        }
        Some(())
    }

    /// A condition after its word; what it joins stands below that.
    fn condition(&mut self, expr: &Expr) -> Option<()> {
        self.group(|writer| writer.expr(expr))
    }

    fn exprs(&mut self, items: &[Expr]) -> Option<()> {
        self.list(items, Self::expr)
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
        self.condition(expr)?;
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
            ExprKind::And(_) | ExprKind::Or(_) => self.joined(kind),
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
                    self.blank(Piece::Fill)?;
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
                self.condition(filter)?;
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
            ExprKind::Case { operand, arms, otherwise } => self.case(operand.as_deref(), arms, otherwise.as_deref()),
            ExprKind::Row(values) => {
                self.add("ROW(")?;
                self.exprs(values)?;
                self.add(")")
            }
            _ => None,
        }
    }

    fn r#type(&mut self, to: &Type) -> Option<()> {
        if to.set {
            return None;
        }
        self.name(&to.name)?;
        if !to.modifiers.is_empty() {
            self.add("(")?;
            self.exprs(&to.modifiers)?;
            self.add(")")?;
        }
        self.add(if to.array { "[]" } else { "" })
    }

    fn case(&mut self, operand: Option<&Expr>, arms: &[(Expr, Expr)], otherwise: Option<&Expr>) -> Option<()> {
        self.group(|writer| {
            writer.add("CASE")?;
            if let Some(operand) = operand {
                writer.add(" ")?;
                writer.operand(operand)?;
            }
            for (condition, value) in arms {
                writer.blank(Piece::Break)?;
                writer.add("WHEN ")?;
                writer.condition(condition)?;
                writer.add(" THEN ")?;
                writer.condition(value)?;
            }
            if let Some(otherwise) = otherwise {
                writer.blank(Piece::Break)?;
                writer.add("ELSE ")?;
                writer.condition(otherwise)?;
            }
            writer.blank(Piece::Break)?;
            writer.add("END")
        })
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
        self.inner(query)?;
        self.add(")")
    }

    /// A query in parentheses that are written already.
    fn inner(&mut self, query: &Query) -> Option<()> {
        self.group(|writer| writer.query(query))
    }

    fn query(&mut self, query: &Query) -> Option<()> {
        if self.depth >= DEPTH || query.locks || !query.order_by.is_empty() {
            return None;
        }
        self.depth += 1;
        if !query.with.is_empty() {
            self.add(if query.recursive { "WITH RECURSIVE " } else { "WITH " })?;
            for (index, cte) in query.with.iter().enumerate() {
                if index > 0 {
                    self.add(",")?;
                    self.blank(Piece::Break)?;
                }
                self.cte(cte)?;
            }
            self.blank(Piece::Break)?;
        }
        match &query.body {
            QueryBody::Select(select) => self.select(select)?,
            QueryBody::Values(rows) => {
                self.add("VALUES ")?;
                self.list(rows, |writer, row| {
                    writer.add("(")?;
                    writer.exprs(row)?;
                    writer.add(")")
                })?;
            }
            QueryBody::Set { operator, all, left, right } => {
                // INTERSECT binds more tightly; what is on the left goes first.
                let is_looser = |side: &Query| match &side.body {
                    QueryBody::Set { operator: inner, .. } => {
                        *operator == SetOperator::Intersect && *inner != SetOperator::Intersect
                    }
                    _ => false,
                };
                self.side(left, is_looser(left))?;
                self.blank(Piece::Break)?;
                self.add(match operator {
                    SetOperator::Union => "UNION ",
                    SetOperator::Intersect => "INTERSECT ",
                    SetOperator::Except => "EXCEPT ",
                })?;
                self.add(if *all { "ALL " } else { "" })?;
                self.side(right, matches!(right.body, QueryBody::Set { .. }))?;
            }
        }
        for (word, value) in [("LIMIT ", &query.limit), ("OFFSET ", &query.offset)] {
            if let Some(value) = value {
                self.blank(Piece::Break)?;
                self.add(word)?;
                self.operand(value)?;
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// A side of a UNION and its relatives.
    fn side(&mut self, side: &Query, is_looser: bool) -> Option<()> {
        if !is_looser && side.with.is_empty() && side.limit.is_none() && side.offset.is_none() {
            return self.query(side);
        }
        self.add("(")?;
        self.inner(side)?;
        self.add(")")
    }

    fn cte(&mut self, cte: &Cte) -> Option<()> {
        let CteBody::Query(query) = &cte.body else { return None };
        self.ident(&cte.name)?;
        if !cte.columns.is_empty() {
            self.add(" (")?;
            self.list(&cte.columns, |writer, column| writer.ident(column))?;
            self.add(")")?;
        }
        self.add(" AS (")?;
        self.inner(query)?;
        self.add(")")
    }

    fn select(&mut self, select: &Select) -> Option<()> {
        self.add(if select.distinct { "SELECT DISTINCT" } else { "SELECT" })?;
        if !select.distinct_on.is_empty() {
            self.add(" ON (")?;
            self.exprs(&select.distinct_on)?;
            self.add(")")?;
        }
        if !select.targets.is_empty() {
            self.add(" ")?;
        }
        self.list(&select.targets, |writer, target| {
            writer.expr(&target.value)?;
            let Some(alias) = &target.alias else { return Some(()) };
            writer.add(" AS ")?;
            writer.ident(alias)
        })?;
        if !select.from.is_empty() {
            self.blank(Piece::Break)?;
            self.add("FROM ")?;
            self.list(&select.from, Self::from)?;
        }
        if let Some(filter) = &select.filter {
            self.blank(Piece::Break)?;
            self.add("WHERE ")?;
            self.condition(filter)?;
        }
        if !select.group_by.is_empty() {
            self.blank(Piece::Break)?;
            self.add("GROUP BY ")?;
            self.exprs(&select.group_by)?;
        }
        if let Some(having) = &select.having {
            self.blank(Piece::Break)?;
            self.add("HAVING ")?;
            self.condition(having)?;
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
            self.list(columns, |writer, column| writer.ident(column))?;
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
                self.inner(query)?;
                self.add(")")?;
                self.alias(alias.as_ref(), columns)?;
            }
            From::Join { kind, left, right, on, using, natural } => {
                self.from(left)?;
                self.blank(Piece::Break)?;
                let is_bare = on.is_none() && using.is_empty() && !natural;
                self.add(if *natural { "NATURAL " } else { "" })?;
                self.add(match kind {
                    JoinKind::Inner if is_bare => "CROSS JOIN ",
                    JoinKind::Inner => "JOIN ",
                    JoinKind::Left => "LEFT JOIN ",
                    JoinKind::Right => "RIGHT JOIN ",
                    JoinKind::Full => "FULL JOIN ",
                })?;
                let is_inner = matches!(**right, From::Join { .. });
                self.add(if is_inner { "(" } else { "" })?;
                self.group(|writer| writer.from(right))?;
                self.add(if is_inner { ")" } else { "" })?;
                if let Some(on) = on {
                    self.add(" ON ")?;
                    self.condition(on)?;
                }
                if !using.is_empty() {
                    self.add(" USING (")?;
                    self.list(using, |writer, column| writer.ident(column))?;
                    self.add(")")?;
                }
            }
            From::Other { .. } => return None,
        }
        self.depth -= 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "(WITH c AS (SELECT 1), d (x, y) AS (SELECT * FROM c LIMIT 2 OFFSET 1) SELECT count(*) FROM d) > 0",
            "EXISTS (WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT FROM r)",
            "a IN (SELECT b FROM c EXCEPT (SELECT d FROM e UNION SELECT f FROM g))",
            "a IN ((SELECT b FROM c UNION SELECT d FROM e) INTERSECT ALL SELECT f FROM g)",
            "a IN (SELECT b FROM c UNION SELECT d FROM e INTERSECT SELECT f FROM g)",
            "a IN ((SELECT b FROM c LIMIT 1) UNION ALL (SELECT d FROM e OFFSET 2) LIMIT 3)",
            "a IN ((WITH c AS (SELECT 1) TABLE c) UNION VALUES (2), (3))",
            "CASE WHEN a AND b THEN c > 1 WHEN d THEN true ELSE e IS NULL END",
            "CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' END = b",
            "a::numeric(10, 2) > 0 AND b::varchar(3) = 'abc' AND c::timestamptz(0) < now()",
            "EXISTS (SELECT DISTINCT ON (a, b) c FROM t)",
            "EXISTS (SELECT FROM a NATURAL LEFT JOIN b)",
            "EXISTS (SELECT FROM a JOIN (b JOIN c USING (x)) ON a.i = b.i CROSS JOIN d)",
            "EXISTS (SELECT FROM a, LATERAL (SELECT FROM b WHERE b.i = a.i) AS s WHERE (a.x, a.y) IN (SELECT 1, 2))",
            "a AND (b OR c AND (d OR e)) AND NOT (f AND g)",
        ];
        for condition in conditions {
            let expr = read(condition);
            let written = expr.as_ref().and_then(write);
            assert!(written.is_some(), "{condition} is SQL, and can be written");
            assert_eq!(written.as_deref().and_then(read), expr, "{written:?}");
            assert_eq!(expr.as_ref().and_then(lines), written.map(|line| vec![line]), "{condition}");
        }
    }

    #[test]
    fn what_is_long_is_broken_into_lines_and_says_the_same() {
        let column = |number: u32| format!("a_column_with_a_name_{number} <> 'a value {number}'");
        let columns = |join: &str, count| (0..count).map(column).collect::<Vec<_>>().join(join);
        let values = vec!["'some value or other'"; 100].join(", ");
        let long = [
            columns(" AND ", 4),
            columns(" OR ", 20),
            format!("({}) AND NOT ({})", columns(" OR ", 5), columns(" AND ", 6)),
            format!("EXISTS (SELECT FROM t JOIN u ON {} WHERE {})", columns(" AND ", 3), columns(" OR ", 3)),
            format!(
                "(WITH c AS (SELECT * FROM t WHERE {}), d AS (SELECT 1) SELECT count(*) FROM c, d) > 0",
                columns(" OR ", 4)
            ),
            format!("a IN (SELECT b FROM c WHERE {} UNION ALL SELECT d FROM e WHERE {0})", columns(" AND ", 3)),
            format!("CASE WHEN {} THEN true ELSE {} END", columns(" OR ", 3), columns(" AND ", 3)),
            format!("a IN ({values}) AND b"),
        ];
        for condition in long {
            let expr = read(&condition);
            let lines = expr.as_ref().and_then(lines).unwrap_or_default();
            assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= WIDTH + 12), "{lines:#?}");
            assert_eq!(read(&lines.join("\n")), expr, "{lines:#?}");
            let joined = lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join(" ");
            let whole = expr.as_ref().and_then(|expr| written(expr, MOST)).map(|pieces| flat(&pieces));
            assert_eq!(Some(joined), whole);
            assert_eq!(expr.as_ref().and_then(write), whole.filter(|whole| whole.len() <= LENGTH));
        }
        let expr = read(
            "a_rather_long_name = 1 AND (another_name_that_is_long > 2 OR EXISTS (SELECT FROM some_table AS s \
             WHERE s.a_column = 'some value' AND s.another_column IN ('one', 'two', 'three')))",
        );
        let lines = expr.and_then(|expr| lines(&expr)).unwrap_or_default();
        let wanted = [
            "(a_rather_long_name = 1)",
            "AND ((another_name_that_is_long > 2)",
            "  OR EXISTS (SELECT",
            "    FROM some_table AS s",
            "    WHERE (s.a_column = 'some value')",
            "      AND (s.another_column IN ('one', 'two', 'three'))))",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn half_a_condition_is_never_written() {
        let long = format!("a IN ({})", vec!["'some value or other'"; 300].join(", "));
        for condition in [
            "(SELECT a FROM b ORDER BY a LIMIT 1) > 0",
            "sum(a) OVER () > 1",
            "sum(a) OVER (PARTITION BY b) > 1",
            "string_agg(a, ',' ORDER BY a) = 'x'",
            "EXISTS (SELECT FROM a FOR UPDATE)",
            "extract(year FROM a) = 2026",
            "position('a' IN b) > 0",
            "current_date > a",
            "a[1:2] = b",
            &long,
        ] {
            let found = read(condition).map(|expr| (write(&expr), lines(&expr)));
            assert_eq!(found, Some((None, None)), "{condition}");
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

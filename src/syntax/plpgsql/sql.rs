//! The pieces of SQL within a body, through the parser of SQL. A piece that it cannot read
//! is the trouble of the statement that holds it.

use super::Reader;
use crate::effect::{
    Act, Cte, CteBody, Expr, ExprKind, From, Ident, Name, Query, QueryBody, Select, Statement, SubqueryKind, Target,
    Type,
};
use crate::source::{Map, Span};
use crate::syntax::SyntaxError;
use crate::syntax::token;

/// The reserved words that start a query.
const QUERY_WORDS: [&str; 3] = ["select", "table", "with"];

impl Reader<'_> {
    /// Only the first trouble is told.
    pub(super) fn trouble(&mut self, trouble: SyntaxError) {
        self.trouble.get_or_insert(trouble);
    }

    pub(super) fn no(&mut self, message: &str, span: Span) {
        let at = self.at(span);
        self.trouble(SyntaxError { message: message.to_owned(), at });
    }

    /// What stands for an expression that could not be read.
    fn unreadable(&self, span: Span) -> Expr {
        Expr {
            at: self.at(span),
            kind: ExprKind::Other { what: Ident::new_static("unreadable"), parts: Box::default() },
        }
    }

    /// An expression in brackets of its own; in trouble, some expression.
    pub(super) fn subscript(&mut self, span: Span) -> Expr {
        let map = self.map.part(span);
        self.parser.expression(self.slice(span), &map).unwrap_or_else(|error| {
            self.trouble(error);
            self.unreadable(span)
        })
    }

    /// An expression; in trouble, some expression.
    pub(super) fn expression(&mut self, span: Span) -> Expr {
        const BEFORE: &str = "SELECT ";
        let text = self.slice(span);
        let map = self.map.part(span);
        // Brackets make an expression of a query, but here are none.
        let first = token::next(text, 0).map_or(Span::default(), |token| token.span);
        let word = text.get(first.start..first.end).unwrap_or_default();
        let values = || {
            let second = token::next(text, first.end).map_or(Span::default(), |token| token.span);
            word.eq_ignore_ascii_case("values") && text.get(second.start..second.end) == Some("(")
        };
        if QUERY_WORDS.iter().any(|query| word.eq_ignore_ascii_case(query)) || values() {
            self.no(&format!("syntax error at or near \"{word}\", expected an expression"), span);
            return self.unreadable(span);
        }
        let error = match self.parser.expression(text, &map) {
            Ok(expr) => return expr,
            Err(error) => error,
        };
        // To PL/pgSQL an expression is what may follow SELECT: `count(*) FROM t`.
        let map = map.then(&[(0, 0), (BEFORE.len(), 0)]);
        let query = self.parser.statements(&format!("{BEFORE}{text}"), &map).ok().and_then(only_query);
        if let Some(value) = query.and_then(only_value) {
            return value;
        }
        self.trouble(error);
        self.unreadable(span)
    }

    /// Expressions with commas between them, up to one of the signs or words.
    pub(super) fn expressions(&mut self, ends: &[&str]) -> Result<Vec<Expr>, SyntaxError> {
        let mut expressions = Vec::new();
        let ends: Vec<&str> = ends.iter().copied().chain([","]).collect();
        loop {
            let span = self.until(&ends)?;
            expressions.push(self.expression(span));
            if !self.take(",") {
                return Ok(expressions);
            }
        }
    }

    /// One statement, the text of which is `text` and stands where `map` says.
    pub(super) fn statement(&mut self, text: &str, map: &Map, span: Span) -> Option<Statement> {
        match self.parser.statements(text, map) {
            Ok(mut statements) => {
                let statement = statements.pop();
                if statement.is_none() || !statements.is_empty() {
                    self.no("this is not one statement", span);
                    return None;
                }
                statement
            }
            Err(error) => {
                self.trouble(error);
                None
            }
        }
    }

    pub(super) fn statement_at(&mut self, span: Span) -> Option<Statement> {
        let map = self.map.part(span);
        self.statement(self.slice(span), &map, span)
    }

    /// What yields rows: a query, or `INSERT … RETURNING` and its like as the query over a
    /// CTE that does the same.
    pub(super) fn query(&mut self, span: Span) -> Option<Box<Query>> {
        let statement = self.statement_at(span)?;
        match statement.act {
            Act::Select(query) => Some(query),
            Act::Insert { .. } | Act::Update { .. } | Act::Delete { .. } | Act::Merge { .. } => {
                let at = statement.at;
                let name = Ident::new_static("changed rows");
                let relation = From::Relation {
                    name: Name::plain(name.clone(), at),
                    alias: None,
                    columns: Vec::new(),
                    only: false,
                };
                let star = Target { value: Expr { at, kind: ExprKind::Star(Vec::new()) }, alias: None };
                let select = Select { targets: vec![star], from: vec![relation], ..Select::default() };
                let body = CteBody::Change(Box::new(statement.act));
                Some(Box::new(Query {
                    with: vec![Cte { name, columns: Vec::new(), added: Vec::new(), body, materialized: None, at }],
                    ..Query::of(at, select.into())
                }))
            }
            _ => {
                self.no("this is not a query", span);
                None
            }
        }
    }

    /// The type that the text names.
    pub(super) fn type_of(&mut self, span: Span) -> Option<Type> {
        const BEFORE: &str = "NULL::";
        let map = self.map.part(span).then(&[(0, 0), (BEFORE.len(), 0)]);
        match self.parser.expression(&format!("{BEFORE}{}", self.slice(span)), &map) {
            Ok(Expr { kind: ExprKind::Cast { operand, to }, .. }) if operand.kind == ExprKind::Null && !to.set => {
                Some(*to)
            }
            Ok(_) => {
                self.no("this is not the name of a type", span);
                None
            }
            Err(error) => {
                self.trouble(error);
                None
            }
        }
    }
}

fn only_query(mut statements: Vec<Statement>) -> Option<Box<Query>> {
    match (statements.pop()?.act, statements.is_empty()) {
        (Act::Select(query), true) => Some(query),
        _ => None,
    }
}

/// The one value of a query: an expression if the query is nothing else.
fn only_value(query: Box<Query>) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    let [target] = select.targets.as_slice() else { return None };
    let bare = Select { targets: select.targets.clone(), ..Select::default() };
    let plain = query.with.is_empty()
        && query.order_by.is_empty()
        && query.limit.is_none()
        && query.offset.is_none()
        && !query.locks;
    if plain && **select == bare {
        return Some(target.value.clone());
    }
    Some(Expr { at: query.at, kind: ExprKind::Subquery { kind: SubqueryKind::Scalar, query } })
}

//! PostgreSQL's own trees (`pg_query`) in our words.

mod definition;
mod expression;
mod property;
mod query;
mod statement;

use std::cell::{Cell, OnceCell};

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node};

use super::token::{self, Token, TokenKind};
use super::{Parser, SyntaxError};
use crate::effect::{At, Expr, ExprKind, Ident, Name, Statement, Type};
use crate::source::{Map, Span};

/// The statements of a text.
pub(super) fn statements(text: &str, map: &Map) -> Result<Vec<Statement>, SyntaxError> {
    let tree = parse(text, map)?;
    let lower = Lower::new(text, map);
    Ok(tree.stmts.iter().map(|raw| lower.raw(raw)).collect())
}

/// An expression on its own.
pub(super) fn expression(text: &str, map: &Map) -> Result<Expr, SyntaxError> {
    const BEFORE: &str = "SELECT (";
    // On a line of its own the bracket cannot end up in a comment.
    let wrapped = format!("{BEFORE}{text}\n)");
    let map = map.then(&[(0, 0), (BEFORE.len(), 0)]);
    let tree = parse(&wrapped, &map)?;
    let lower = Lower::new(&wrapped, &map);
    let refuse = || SyntaxError {
        message: "this is not one expression".to_owned(),
        at: At::new(map.file(), map.span(Span::new(BEFORE.len(), BEFORE.len() + text.len()))),
    };
    let [raw] = tree.stmts.as_slice() else { return Err(refuse()) };
    let Some(NodeEnum::SelectStmt(select)) = raw.stmt.as_ref().and_then(|node| node.node.as_ref()) else {
        return Err(refuse());
    };
    let bare = protobuf::SelectStmt {
        target_list: select.target_list.clone(),
        limit_option: select.limit_option,
        op: select.op,
        ..protobuf::SelectStmt::default()
    };
    let [target] = select.target_list.as_slice() else { return Err(refuse()) };
    let Some(NodeEnum::ResTarget(target)) = &target.node else { return Err(refuse()) };
    // Whatever else the text may have closed the bracket for is no part of an expression.
    if **select != bare || !target.name.is_empty() {
        return Err(refuse());
    }
    let expr = lower.optional(target.val.as_deref()).ok_or_else(refuse)?;
    match expr.kind {
        ExprKind::Row(_) => Err(refuse()),
        _ => Ok(expr),
    }
}

fn parse(text: &str, map: &Map) -> Result<protobuf::ParseResult, SyntaxError> {
    match pg_query::parse(text, 0) {
        Ok(result) => Ok(result.protobuf),
        Err(error) => Err(refusal(text, map, &error)),
    }
}

/// PostgreSQL's words, and the token that it stopped at: the crate does not hand that on.
fn refusal(text: &str, map: &Map, error: &pg_query::Error) -> SyntaxError {
    let message = match error {
        pg_query::Error::Parse(message) => message.clone(),
        pg_query::Error::Conversion(_) => "the text holds a NUL byte".to_owned(),
        other => format!("the parser failed: {other}"),
    };
    let whole = Span::new(0, text.len());
    let span = token::tokens(text).map_or(whole, |tokens| guilty(text, &tokens).unwrap_or(whole));
    SyntaxError { message, at: At::new(map.file(), map.span(span)) }
}

/// The first token that no continuation could have made good: the shortest beginning of the
/// text that fails for another reason than that it ends.
fn guilty(text: &str, tokens: &[Token]) -> Option<Span> {
    let dead = |token: &Token| match text.get(..token.span.end).map(|text| pg_query::parse(text, 0)) {
        Some(Err(pg_query::Error::Parse(message))) => !message.contains("at end of input"),
        _ => false,
    };
    let mut low = 0;
    let mut high = tokens.len();
    while low < high {
        let middle = low + (high - low) / 2;
        if tokens.get(middle).is_some_and(dead) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    tokens.get(low).or(tokens.last()).map(|token| token.span)
}

/// One text on its way from PostgreSQL's words to ours.
struct Lower<'a> {
    text: &'a str,
    map: &'a Map,
    /// The statement that is being lowered.
    span: Cell<Span>,
    /// Where the search for the next name without a place begins.
    cursor: Cell<usize>,
    tokens: OnceCell<Vec<Token>>,
}

impl<'a> Lower<'a> {
    fn new(text: &'a str, map: &'a Map) -> Self {
        Self { text, map, span: Cell::new(Span::new(0, text.len())), cursor: Cell::new(0), tokens: OnceCell::new() }
    }

    fn raw(&self, raw: &protobuf::RawStmt) -> Statement {
        let start = usize::try_from(raw.stmt_location).unwrap_or(0);
        let length = usize::try_from(raw.stmt_len).unwrap_or(0);
        let end = if length == 0 { self.text.len() } else { start + length };
        let span = self.trimmed(Span::new(start, end));
        self.span.set(span);
        self.cursor.set(span.start);
        self.statement(raw.stmt.as_deref())
    }

    /// The span without what is no token at its ends.
    fn trimmed(&self, span: Span) -> Span {
        let start = token::next(self.text, span.start).map_or(span.start, |token| token.span.start).min(span.end);
        let text = self.text.get(start..span.end).unwrap_or_default();
        let end = if text.contains("--") || text.contains("/*") {
            self.tokens()
                .iter()
                .rev()
                .map(|token| token.span)
                .find(|token| token.end <= span.end && token.start >= start)
                .map_or(span.end, |token| if self.is(token, ";") { token.start } else { token.end })
        } else {
            start + text.trim_end().trim_end_matches(';').trim_end().len()
        };
        Span::new(start, end.max(start))
    }

    fn is(&self, span: Span, text: &str) -> bool {
        self.text.get(span.start..span.end) == Some(text)
    }

    fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| token::tokens(self.text).unwrap_or_default())
    }

    fn place(&self, span: Span) -> At {
        At::new(self.map.file(), self.map.span(span))
    }

    /// The whole statement.
    fn here(&self) -> At {
        self.place(self.span.get())
    }

    /// The token at an offset that PostgreSQL gives; the statement where it gives none.
    fn at(&self, location: i32) -> At {
        let Some(token) = usize::try_from(location).ok().and_then(|offset| token::next(self.text, offset)) else {
            return self.here();
        };
        self.place(token.span)
    }

    /// The dotted name of `parts` words that starts at an offset.
    fn name_at(&self, location: i32, parts: usize) -> At {
        let Some(first) = usize::try_from(location).ok().and_then(|offset| token::next(self.text, offset)) else {
            return self.here();
        };
        let mut span = first.span;
        for _ in 1..(2 * parts).saturating_sub(1) {
            let Some(next) = token::next(self.text, span.end) else { break };
            span = span.to(next.span);
        }
        self.place(span)
    }

    /// The next place in the statement where a name stands that PostgreSQL gives no place
    /// for; the statement if it is not found.
    fn find(&self, parts: &[&str]) -> At {
        let span = self.span.get();
        let tokens = self.tokens();
        let first = tokens.partition_point(|token| token.span.start < self.cursor.get());
        let matches = |tokens: &[Token], index: usize| {
            parts.iter().enumerate().all(|(part, name)| {
                let word = tokens.get(index + 2 * part).is_some_and(|token| {
                    matches!(token.kind, TokenKind::Word | TokenKind::QuotedWord)
                        && token::decode_word(self.text, token.span) == *name
                });
                let dotted = part + 1 == parts.len()
                    || tokens.get(index + 2 * part + 1).is_some_and(|token| self.is(token.span, "."));
                word && dotted
            })
        };
        let found = (first..tokens.len())
            .take_while(|index| tokens.get(*index).is_some_and(|token| token.span.start < span.end))
            .find(|index| matches(tokens, *index));
        let Some(index) = found else { return self.here() };
        let start = tokens.get(index).map_or(span, |token| token.span);
        let last = tokens.get(index + 2 * (parts.len() - 1)).map_or(start, |token| token.span);
        self.cursor.set(last.end);
        self.place(start.to(last))
    }

    /// A name that is a list of strings; of three parts the first is the database.
    fn listed_name(&self, parts: &[Node]) -> Name {
        let parts: Vec<&str> = parts.iter().filter_map(string).collect();
        let at = if parts.is_empty() { self.here() } else { self.find(&parts) };
        named(&parts, at)
    }

    fn relation(&self, relation: Option<&protobuf::RangeVar>) -> Name {
        let Some(relation) = relation else { return Name::plain("", self.here()) };
        let parts = 1 + usize::from(!relation.schemaname.is_empty()) + usize::from(!relation.catalogname.is_empty());
        Name {
            schema: written(&relation.schemaname),
            name: Ident::from(relation.relname.as_str()),
            at: self.name_at(relation.location, parts),
        }
    }

    fn type_name(&self, name: Option<&protobuf::TypeName>) -> Type {
        let Some(name) = name else {
            return Type { name: Name::plain("", self.here()), modifiers: Vec::new(), array: false, set: false };
        };
        let mut parts: Vec<&str> = name.names.iter().filter_map(string).collect();
        if parts.len() > 1 && parts.first() == Some(&"pg_catalog") {
            parts.remove(0);
        }
        let mut found = named(&parts, self.at(name.location));
        if name.pct_type {
            // The last part is a column: the type is that of a column of a relation.
            let column = parts.pop().unwrap_or_default();
            let relation = named(&parts, found.at);
            found = Name { name: Ident::from(format!("{}.{column}%type", relation.name)), ..relation };
        }
        let interval = found.name == "interval" && found.schema.is_none();
        let modifiers = if interval { Vec::new() } else { self.exprs(&name.typmods) };
        Type { name: found, modifiers, array: !name.array_bounds.is_empty(), set: name.setof }
    }

    fn expr_of(&self, kind: ExprKind, location: i32) -> Expr {
        Expr { at: self.at(location), kind }
    }

    fn body_parser() -> Parser {
        Parser::PostgreSql
    }
}

/// The text of a string node.
fn string(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::String(string)) => Some(&string.sval),
        _ => None,
    }
}

fn strings(nodes: &[Node]) -> Vec<Ident> {
    those(nodes, |node| string(node).map(Ident::from))
}

/// What comes of the nodes that are what is asked for, usually all: a tree lasts, so there is
/// no room for more.
fn those<'a, T>(nodes: &'a [Node], wanted: impl FnMut(&'a Node) -> Option<T>) -> Vec<T> {
    let mut found = Vec::with_capacity(nodes.len());
    found.extend(nodes.iter().filter_map(wanted));
    found
}

/// The nodes of a list node.
fn items(node: &Node) -> &[Node] {
    match &node.node {
        Some(NodeEnum::List(list)) => &list.items,
        _ => &[],
    }
}

fn written(text: &str) -> Option<Ident> {
    (!text.is_empty()).then(|| Ident::from(text))
}

fn named(parts: &[&str], at: At) -> Name {
    match parts {
        [] => Name::plain("", at),
        [name] => Name::plain(*name, at),
        [.., schema, name] => Name { schema: Some(Ident::from(*schema)), name: Ident::from(*name), at },
    }
}

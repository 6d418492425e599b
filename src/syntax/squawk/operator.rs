//! Operators, grouped as PostgreSQL groups them (gram.y, the table of precedence): squawk's
//! own grouping is another, so only the order in which it met them is taken from it.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::expression::{other, quantifier};
use super::tree::Node;
use crate::effect::{Expr, ExprKind, Ident, IsTest, LikeKind, SubqueryKind};

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const IS: u8 = 4;
const COMPARISON: u8 = 5;
const MATCH: u8 = 6;
const OPERATOR: u8 = 7;
const SUM: u8 = 8;
const PRODUCT: u8 = 9;
const POWER: u8 = 10;
const AT: u8 = 11;
const COLLATE: u8 = 12;
const SIGN: u8 = 13;
const CAST: u8 = 14;

/// An operand, or an operator and what it is to its operands.
#[derive(Clone, Copy)]
enum Item<'n> {
    Operand(Node<'n>),
    Prefix(Node<'n>),
    Infix(Node<'n>),
    /// An operator that ends its expression, within the node of that expression.
    Postfix(Node<'n>, Node<'n>),
    /// `BETWEEN`: its node; the bounds follow with `AND` between them.
    Between(Node<'n>),
    /// `::type` or `COLLATE name`, by its node.
    Suffix(Node<'n>),
}

/// Operands and operators in the order in which they are written.
struct Chain<'n> {
    items: Vec<Item<'n>>,
    next: usize,
}

impl<'n> Chain<'n> {
    fn peek(&self) -> Option<Item<'n>> {
        self.items.get(self.next).copied()
    }

    fn take(&mut self) -> Option<Item<'n>> {
        let item = self.peek();
        self.next += 1;
        item
    }

    /// Whether the next is that infix operator; if so it is taken.
    fn take_infix(&mut self, kind: K) -> bool {
        let found = matches!(self.peek(), Some(Item::Infix(operator)) if operator.kind() == kind);
        self.next += usize::from(found);
        found
    }

    fn take_operand(&mut self) -> Option<Node<'n>> {
        match self.peek() {
            Some(Item::Operand(node)) => {
                self.next += 1;
                Some(node)
            }
            _ => None,
        }
    }
}

pub(super) fn is_operation(node: Node) -> bool {
    match node.kind() {
        K::BIN_EXPR | K::PREFIX_EXPR | K::POSTFIX_EXPR | K::BETWEEN_EXPR | K::COLLATE => true,
        K::CAST_EXPR => node.has(K::COLON_COLON),
        _ => false,
    }
}

fn linear<'n>(node: Node<'n>, items: &mut Vec<Item<'n>>) {
    if !is_operation(node) {
        items.push(Item::Operand(node));
        return;
    }
    let mut parts = node.exprs();
    let first = parts.next();
    match node.kind() {
        K::PREFIX_EXPR => {
            items.extend(node.first().map(Item::Prefix));
            first.into_iter().for_each(|operand| linear(operand, items));
        }
        K::BIN_EXPR => {
            first.into_iter().for_each(|operand| linear(operand, items));
            items.extend(node.children().find(|child| !child.is_expr()).map(Item::Infix));
            parts.for_each(|operand| linear(operand, items));
        }
        K::BETWEEN_EXPR => {
            first.into_iter().for_each(|operand| linear(operand, items));
            items.push(Item::Between(node));
            parts.next().into_iter().for_each(|operand| linear(operand, items));
            items.extend(node.child(K::AND_KW).map(Item::Infix));
            parts.for_each(|operand| linear(operand, items));
        }
        K::POSTFIX_EXPR => {
            first.into_iter().for_each(|operand| linear(operand, items));
            items.extend(
                node.children().filter(|child| !child.is_expr()).last().map(|operator| Item::Postfix(node, operator)),
            );
        }
        _ => {
            first.into_iter().for_each(|operand| linear(operand, items));
            items.push(Item::Suffix(node));
        }
    }
}

impl Lower<'_> {
    pub(super) fn operation(&self, node: Node) -> Expr {
        let mut items = Vec::with_capacity(8);
        linear(node, &mut items);
        let mut chain = Chain { items, next: 0 };
        let expr = self.climb(&mut chain, OR, false);
        if chain.peek().is_some() {
            return self.expr_of(self.unread(node), node);
        }
        Expr { at: self.at(node), ..expr }
    }

    /// An expression of operators that bind at least so tightly; the lower bound of BETWEEN
    /// ends at `AND`.
    fn climb(&self, chain: &mut Chain, least: u8, bound: bool) -> Expr {
        let mut left = match chain.take() {
            Some(Item::Operand(node)) => self.expr(node),
            Some(Item::Prefix(operator)) => self.prefix(chain, operator),
            _ => return Expr { at: crate::effect::At::default(), kind: other("unread", Vec::new()) },
        };
        while let Some(item) = chain.peek() {
            let binds = precedence(item);
            if binds < least || bound && binds == AND {
                break;
            }
            chain.take();
            let at = left.at;
            let kind = match item {
                Item::Infix(operator) => self.infix(chain, left, operator, binds),
                Item::Postfix(node, operator) => self.postfix(left, node, operator),
                Item::Between(node) => {
                    let low = Box::new(self.climb(chain, OR, true));
                    chain.take_infix(K::AND_KW);
                    ExprKind::Between {
                        operand: Box::new(left),
                        low,
                        high: Box::new(self.climb(chain, MATCH + 1, false)),
                        negated: node.has(K::NOT_KW),
                        symmetric: node.has(K::SYMMETRIC),
                    }
                }
                Item::Suffix(node) if node.kind() == K::COLLATE => {
                    self.name_of(node.child(K::COLLATION_REF).filter(|name| name.tokens().next().is_some()), node);
                    other("collate", vec![left])
                }
                Item::Suffix(node) => match node.kind_of_value() {
                    Some(to) => ExprKind::Cast { operand: Box::new(left), to: Box::new(self.type_of(to)) },
                    None => self.unread(node),
                },
                Item::Operand(node) | Item::Prefix(node) => self.unread(node),
            };
            let end = match chain.next.checked_sub(1).and_then(|last| chain.items.get(last)) {
                Some(Item::Operand(node) | Item::Postfix(node, _) | Item::Suffix(node)) => self.at(*node),
                _ => at,
            };
            // Comparisons do not go on: `a < b < c`.
            if matches!(binds, IS | COMPARISON | MATCH)
                && !matches!(kind, ExprKind::Quantified { .. } | ExprKind::Subquery { .. })
                && let Some(next @ (Item::Infix(node) | Item::Between(node) | Item::Postfix(_, node))) = chain.peek()
                && precedence(next) == binds
            {
                self.refuse(format!("syntax error at or near \"{}\"", node.text()), node);
            }
            left = Expr { at: at.to(end), kind };
        }
        left
    }

    fn prefix(&self, chain: &mut Chain, operator: Node) -> Expr {
        let (binds, sign) = match operator.kind() {
            K::NOT_KW => (NOT, false),
            K::PLUS | K::MINUS => (SIGN, true),
            _ => (OPERATOR + 1, false),
        };
        let operand = Box::new(self.climb(chain, binds, false));
        let at = self.at(operator).to(operand.at);
        let kind = match operator.kind() {
            K::NOT_KW => ExprKind::Not(operand),
            K::MINUS if sign => negated(operand),
            _ => ExprKind::Operator { operator: operator_name(operator), left: None, right: operand },
        };
        Expr { at, kind }
    }

    fn postfix(&self, operand: Expr, node: Node, operator: Node) -> ExprKind {
        let not = |kind| ExprKind::Not(Box::new(self.expr_of(kind, node)));
        match operator.kind() {
            K::ISNULL_KW => ExprKind::Is { operand: Box::new(operand), test: IsTest::Null, negated: false },
            K::NOTNULL_KW => ExprKind::Is { operand: Box::new(operand), test: IsTest::Null, negated: true },
            K::AT_LOCAL => self.special("timezone", vec![operand], node),
            K::IS_NORMALIZED => self.normalized(operand, node, operator),
            K::IS_NOT_NORMALIZED => not(self.normalized(operand, node, operator)),
            K::IS_JSON | K::IS_JSON_ARRAY | K::IS_JSON_OBJECT | K::IS_JSON_SCALAR | K::IS_JSON_VALUE => {
                other("json", vec![operand])
            }
            K::IS_NOT_JSON
            | K::IS_NOT_JSON_ARRAY
            | K::IS_NOT_JSON_OBJECT
            | K::IS_NOT_JSON_SCALAR
            | K::IS_NOT_JSON_VALUE => not(other("json", vec![operand])),
            _ => self.unread(node),
        }
    }

    fn normalized(&self, operand: Expr, node: Node, operator: Node) -> ExprKind {
        let is_form = |token: &Node| matches!(token.kind(), K::NFC_KW | K::NFD_KW | K::NFKC_KW | K::NFKD_KW);
        let form = operator.tokens().find(is_form).map(|form| self.normal_form(form));
        self.special("is_normalized", [operand].into_iter().chain(form).collect(), node)
    }

    pub(super) fn normal_form(&self, node: Node) -> Expr {
        self.expr_of(ExprKind::Text(Ident::from(node.text().to_ascii_uppercase())), node)
    }

    fn infix(&self, chain: &mut Chain, left: Expr, operator: Node, binds: u8) -> ExprKind {
        match operator.kind() {
            K::AND_KW => ExprKind::And(joined(left, self.climb(chain, binds + 1, false), |kind| match kind {
                ExprKind::And(parts) => Ok(parts),
                kind => Err(kind),
            })),
            K::OR_KW => ExprKind::Or(joined(left, self.climb(chain, binds + 1, false), |kind| match kind {
                ExprKind::Or(parts) => Ok(parts),
                kind => Err(kind),
            })),
            kind @ (K::IS_KW | K::IS_NOT) => match chain.take_operand() {
                Some(what) => is_test(left, what, kind == K::IS_NOT),
                None => self.unread(operator),
            },
            kind @ (K::IS_DISTINCT_FROM | K::IS_NOT_DISTINCT_FROM) => ExprKind::Distinct {
                left: Box::new(left),
                right: Box::new(self.climb(chain, binds + 1, false)),
                negated: kind == K::IS_NOT_DISTINCT_FROM,
            },
            K::IN_KW => self.within(left, chain.take_operand(), operator, false),
            K::NOT_IN => self.within(left, chain.take_operand(), operator, true),
            K::LIKE_KW => self.like(chain, LikeKind::Like, left, false),
            K::NOT_LIKE => self.like(chain, LikeKind::Like, left, true),
            K::ILIKE_KW => self.like(chain, LikeKind::Ilike, left, false),
            K::NOT_ILIKE => self.like(chain, LikeKind::Ilike, left, true),
            K::SIMILAR_TO => self.like(chain, LikeKind::Similar, left, false),
            K::NOT_SIMILAR_TO => self.like(chain, LikeKind::Similar, left, true),
            K::AT_TIME_ZONE => {
                let zone = self.climb(chain, binds + 1, false);
                self.special("timezone", vec![zone, left], operator)
            }
            K::OVERLAPS_KW => {
                let rows = [left, self.climb(chain, binds + 1, false)];
                let arguments = rows.into_iter().flat_map(|row| match row.kind {
                    ExprKind::Row(parts) => parts,
                    kind => vec![Expr { at: row.at, kind }],
                });
                self.special("overlaps", arguments.collect(), operator)
            }
            _ => {
                if let Some(Item::Operand(right)) = chain.peek()
                    && let Some((list, all)) = quantifier(right)
                {
                    chain.take();
                    return self.quantified(left, operator_name(operator), list, all);
                }
                ExprKind::Operator {
                    operator: operator_name(operator),
                    left: Some(Box::new(left)),
                    right: Box::new(self.climb(chain, binds + 1, false)),
                }
            }
        }
    }

    fn within(&self, operand: Expr, list: Option<Node>, operator: Node, negated: bool) -> ExprKind {
        let operand = Box::new(operand);
        let Some(list) = list else { return self.unread(operator) };
        if let Some(query) = Self::only_query(list) {
            let any = self.subquery(SubqueryKind::Any { operand, operator: Ident::new_static("=") }, query);
            return if negated { ExprKind::Not(Box::new(self.expr_of(any, list))) } else { any };
        }
        ExprKind::In { operand, list: self.exprs(list.exprs()), negated }
    }

    fn like(&self, chain: &mut Chain, kind: LikeKind, operand: Expr, negated: bool) -> ExprKind {
        if let Some(Item::Operand(right)) = chain.peek()
            && let Some((list, all)) = quantifier(right)
        {
            chain.take();
            let operator = match (kind, negated) {
                (LikeKind::Like, false) => "~~",
                (LikeKind::Like, true) => "!~~",
                (LikeKind::Ilike, false) => "~~*",
                (LikeKind::Ilike, true) => "!~~*",
                (LikeKind::Similar, _) => return self.unread(right),
            };
            return self.quantified(operand, Ident::new_static(operator), list, all);
        }
        let pattern = Box::new(self.climb(chain, MATCH + 1, false));
        let escapes = chain.take_infix(K::ESCAPE_KW);
        let escape = escapes.then(|| Box::new(self.climb(chain, MATCH + 1, false)));
        ExprKind::Like { kind, operand: Box::new(operand), pattern, escape, negated }
    }

    fn quantified(&self, operand: Expr, operator: Ident, list: Node, all: bool) -> ExprKind {
        let operand = Box::new(operand);
        let inner = list.nodes().next();
        if let Some(query) = inner.and_then(Self::only_query) {
            let kind =
                if all { SubqueryKind::All { operand, operator } } else { SubqueryKind::Any { operand, operator } };
            return self.subquery(kind, query);
        }
        ExprKind::Quantified { operand, operator: Box::new(operator), all, array: self.boxed(inner, list) }
    }
}

fn precedence(item: Item) -> u8 {
    let operator = match item {
        Item::Infix(operator) => operator,
        Item::Postfix(_, operator) => return if operator.kind() == K::AT_LOCAL { AT } else { IS },
        Item::Between(_) => return MATCH,
        Item::Suffix(node) => return if node.kind() == K::COLLATE { COLLATE } else { CAST },
        Item::Operand(_) | Item::Prefix(_) => return 0,
    };
    match operator.kind() {
        K::OR_KW => OR,
        K::AND_KW => AND,
        K::IS_KW | K::IS_NOT | K::IS_DISTINCT_FROM | K::IS_NOT_DISTINCT_FROM => IS,
        K::IN_KW
        | K::NOT_IN
        | K::LIKE_KW
        | K::NOT_LIKE
        | K::ILIKE_KW
        | K::NOT_ILIKE
        | K::SIMILAR_TO
        | K::NOT_SIMILAR_TO => MATCH,
        K::AT_TIME_ZONE => AT,
        // It belongs to the LIKE before it.
        K::ESCAPE_KW => 0,
        K::OPERATOR_CALL => OPERATOR,
        _ => match operator.text() {
            "<" | ">" | "=" | "<=" | ">=" | "<>" | "!=" => COMPARISON,
            "+" | "-" => SUM,
            "*" | "/" | "%" => PRODUCT,
            "^" => POWER,
            _ => OPERATOR,
        },
    }
}

/// The parts of `left AND right`, those of an `AND` on either side among them.
fn joined(left: Expr, right: Expr, parts: impl Fn(ExprKind) -> Result<Vec<Expr>, ExprKind>) -> Vec<Expr> {
    let split = |expr: Expr| parts(expr.kind).unwrap_or_else(|kind| vec![Expr { at: expr.at, kind }]);
    let mut all = split(left);
    all.extend(split(right));
    all
}

/// PostgreSQL takes a sign into the number that it stands before.
fn negated(operand: Box<Expr>) -> ExprKind {
    match operand.kind {
        ExprKind::Number(number) if number == "0" => ExprKind::Number(number),
        ExprKind::Operator { operator, left: None, right }
            if operator == "-" && matches!(right.kind, ExprKind::Number(_)) =>
        {
            right.kind
        }
        _ => ExprKind::Operator { operator: Ident::new_static("-"), left: None, right: operand },
    }
}

/// The name of an operator, without schema.
pub(super) fn operator_name(node: Node) -> Ident {
    let mut name = node.text();
    let mut schema = None;
    if node.kind() == K::OPERATOR_CALL
        && let Some(within) = node.child(K::OP)
        && let Some(last) = within.children().last()
    {
        // `OPERATOR(pg_catalog.+)`: the operator is what stands last in the brackets.
        name = last.text();
        let before = within.text().strip_suffix(name).unwrap_or_default().trim_end();
        schema = before.strip_suffix('.').map(str::trim);
    }
    let name = if name == "!=" { "<>" } else { name };
    let unquoted = |schema: &str| match schema.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => schema.to_ascii_lowercase(),
    };
    Expr::operator_of(schema.map(unquoted).as_deref(), name)
}

/// `IS [NOT] NULL` and its like.
fn is_test(operand: Expr, what: Node, negated: bool) -> ExprKind {
    let test = match what.first().map(Node::kind) {
        Some(K::NULL_KW) => IsTest::Null,
        Some(K::TRUE_KW) => IsTest::True,
        Some(K::FALSE_KW) => IsTest::False,
        Some(K::UNKNOWN_KW) => IsTest::Unknown,
        Some(K::DOCUMENT_KW) => {
            let at = operand.at;
            let test = other("xml", vec![operand]);
            return if negated { ExprKind::Not(Box::new(Expr { at, kind: test })) } else { test };
        }
        _ => return other("unread", vec![operand]),
    };
    ExprKind::Is { operand: Box::new(operand), test, negated }
}

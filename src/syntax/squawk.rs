//! squawk's trees (`squawk-syntax`) in our words: the same words that PostgreSQL's own trees
//! come to. Bodies in PL/pgSQL are not left to squawk.

mod alter;
mod change;
mod definition;
mod depth;
mod errors;
mod expression;
mod object;
mod operator;
mod property;
mod query;
mod routine;
mod session;
mod tree;

use std::cell::RefCell;

use squawk_syntax::{SourceFile, SyntaxKind as K};

use self::tree::{Node, Tree};
use super::token;
use super::{Parser, SyntaxError};
use crate::effect::{At, Expr, ExprKind, Ident, Name, Statement, Type};
use crate::source::{Map, Span};

/// The statements of a text.
pub(super) fn statements(text: &str, map: &Map) -> Result<Vec<Statement>, SyntaxError> {
    let parse = parse(text, map)?;
    let tree = Tree::new(text, &parse);
    let lower = Lower::new(text, map);
    let nodes = tree.root().nodes().filter(|node| node.kind() != K::EMPTY_STMT);
    let statements = nodes.map(|node| lower.statement(node)).collect();
    lower.done(&tree, statements)
}

/// An expression on its own.
pub(super) fn expression(text: &str, map: &Map) -> Result<Expr, SyntaxError> {
    const BEFORE: &str = "SELECT (";
    // On a line of its own the bracket cannot end up in a comment.
    let wrapped = format!("{BEFORE}{text}\n)");
    let map = map.then(&[(0, 0), (BEFORE.len(), 0)]);
    let parse = parse(&wrapped, &map)?;
    let tree = Tree::new(&wrapped, &parse);
    let lower = Lower::new(&wrapped, &map);
    let refuse = || SyntaxError {
        message: "this is not one expression".to_owned(),
        at: lower.place(Span::new(BEFORE.len(), BEFORE.len() + text.len())),
    };
    // The only node of each level, down to the bracket that was put around the text.
    let only = |node: Node, kind: K| {
        let mut children = node.children();
        match (children.next(), children.next()) {
            (Some(child), None) if child.kind() == kind => Ok(child.index()),
            _ => Err(refuse()),
        }
    };
    let select = only(tree.root(), K::SELECT)?;
    let clause = only(tree.at(select), K::SELECT_CLAUSE)?;
    let list = tree.at(clause).child(K::TARGET_LIST).ok_or_else(refuse)?;
    let target = only(list, K::TARGET)?;
    let bracket = only(tree.at(target), K::PAREN_EXPR)?;
    let bracket = tree.at(bracket);
    if bracket.span().end != wrapped.len() {
        return Err(refuse());
    }
    let inner = bracket.nodes().next().ok_or_else(refuse)?;
    let expr = if inner.is_expr() { lower.expr(inner) } else { return Err(refuse()) };
    match expr.kind {
        ExprKind::Row(_) => Err(refuse()),
        _ => lower.done(&tree, expr),
    }
}

fn parse(text: &str, map: &Map) -> Result<squawk_syntax::Parse<SourceFile>, SyntaxError> {
    let fail = |message: String, span: Span| Err(SyntaxError { message, at: At::new(map.file(), map.span(span)) });
    if let Some(zero) = text.find('\0') {
        return fail("the text holds a NUL byte".to_owned(), Span::new(zero, zero + 1));
    }
    if let Some(place) = depth::excess(text) {
        return fail(format!("it is nested deeper than {} levels", depth::LIMIT), place);
    }
    let parse = SourceFile::parse(text);
    match errors::first(text, &parse) {
        Some((message, span)) => fail(message, span),
        None => Ok(parse),
    }
}

/// One text on its way from squawk's tree to our words.
struct Lower<'a> {
    text: &'a str,
    map: &'a Map,
    /// The first thing that PostgreSQL would not take either, where squawk did.
    trouble: RefCell<Option<SyntaxError>>,
}

impl<'a> Lower<'a> {
    fn new(text: &'a str, map: &'a Map) -> Self {
        Self { text, map, trouble: RefCell::new(None) }
    }

    fn refuse(&self, message: String, node: Node) {
        self.trouble.borrow_mut().get_or_insert_with(|| SyntaxError { message, at: self.at(node) });
    }

    /// What was read, unless there was trouble.
    fn done<T>(self, tree: &Tree, read: T) -> Result<T, SyntaxError> {
        if let Some(newer) = tree.newer() {
            self.refuse(
                format!("syntax error at or near \"{}\"", newer.text().split_whitespace().next().unwrap_or_default()),
                newer,
            );
        }
        self.trouble.into_inner().map_or(Ok(read), Err)
    }

    fn place(&self, span: Span) -> At {
        At::new(self.map.file(), self.map.span(span))
    }

    /// A statement without the semicolon that ends it.
    fn whole(&self, node: Node) -> At {
        let span = node.span();
        let last = node.children().last().filter(|last| last.kind() == K::SEMICOLON);
        let Some(semicolon) = last else { return self.place(span) };
        let end = semicolon.before().map_or(span.end, |token| token.span().end);
        self.place(Span::new(span.start, end.max(span.start)))
    }

    fn at(&self, node: Node) -> At {
        self.place(node.span())
    }

    fn expr_of(&self, kind: ExprKind, node: Node) -> Expr {
        Expr { at: self.at(node), kind }
    }

    /// The name that a token stands for.
    fn word(&self, token: Node) -> Ident {
        token::decode_word(self.text, token.span())
    }

    /// The words of a name, qualified or not, however deep they stand.
    fn path(&self, node: Node) -> Vec<Ident> {
        let is_word = |token: &Node| {
            !matches!(
                token.kind(),
                K::DOT | K::L_PAREN | K::R_PAREN | K::STAR | K::ONLY_KW | K::UESCAPE_KW | K::STRING | K::SEMICOLON
            )
        };
        node.tokens().filter(is_word).map(|token| self.word(token)).collect()
    }

    /// The only word of a name that cannot be qualified.
    fn ident(&self, node: Option<Node>) -> Ident {
        node.and_then(|node| self.path(node).pop()).unwrap_or_default()
    }

    fn idents<'n>(&self, nodes: impl Iterator<Item = Node<'n>>) -> Vec<Ident> {
        nodes.map(|node| self.ident(Some(node))).collect()
    }

    fn name(&self, node: Node) -> Name {
        named(self.path(node), self.at(node))
    }

    fn names<'n>(&self, nodes: impl Iterator<Item = Node<'n>>) -> Vec<Name> {
        nodes.map(|node| self.name(node)).collect()
    }

    /// A name where the grammar demands one.
    fn name_of(&self, node: Option<Node>, within: Node) -> Name {
        if let Some(node) = node {
            return self.name(node);
        }
        self.refuse("a name is missing".to_owned(), within);
        Name::plain("", self.at(within))
    }

    /// The value of a string constant.
    fn text_of(&self, node: Node) -> Ident {
        match token::decode_text(self.text, node.span()) {
            Ok(decoded) => Ident::from(decoded.text),
            Err(error) => {
                self.refuse(error.message, node);
                Ident::default()
            }
        }
    }

    const fn body_parser() -> Parser {
        Parser::Squawk
    }

    fn type_of(&self, node: Node) -> Type {
        let set = node.has(K::SETOF_KW) || node.first().is_some_and(|first| first.has(K::SETOF_KW));
        let array = node.kind() == K::ARRAY_TYPE || node.has(K::ARRAY_BOUND) || node.has(K::ARRAY_KW);
        let mut element = node;
        while element.kind() == K::ARRAY_TYPE {
            let Some(inner) = element.kind_of_value() else { break };
            element = inner;
        }
        let (name, modifiers) = self.plain_type(element);
        Type { name, modifiers, array, set }
    }

    fn plain_type(&self, node: Node) -> (Name, Vec<Expr>) {
        let at = self.at(node);
        let plain = |name: &'static str| Name::plain(Ident::new_static(name), at);
        // `time(3)` has its precision as a bare constant.
        let modifiers = || -> Vec<Expr> {
            let list = node.child(K::ARG_LIST).unwrap_or(node);
            list.children()
                .filter_map(|child| match child.kind() {
                    K::ARG => child.expr().or_else(|| child.child(K::NAMED_ARG).and_then(Node::expr)),
                    K::LITERAL => Some(child),
                    _ => None,
                })
                .map(|value| self.expr(value))
                .collect()
        };
        let one = || vec![Expr { at, kind: ExprKind::Number(Ident::new_static("1")) }];
        let or_one = |modifiers: Vec<Expr>| if modifiers.is_empty() { one() } else { modifiers };
        let zoned = |with: &'static str, without: &'static str| if node.has(K::WITH_TIMEZONE) { with } else { without };
        match node.kind() {
            K::VARCHAR_TYPE => (plain("varchar"), modifiers()),
            K::CHARACTER_TYPE => (plain("bpchar"), or_one(modifiers())),
            K::BIT_TYPE => (plain("bit"), or_one(modifiers())),
            K::BIT_VARYING_TYPE => (plain("varbit"), modifiers()),
            K::DOUBLE_TYPE => (plain("float8"), Vec::new()),
            K::TIME_TYPE => (plain(zoned("timetz", "time")), modifiers()),
            K::TIMESTAMP_TYPE => (plain(zoned("timestamptz", "timestamp")), modifiers()),
            K::INTERVAL_TYPE => (plain("interval"), Vec::new()),
            K::PERCENT_TYPE => {
                let mut parts = node.child(K::PATH_REF).map(|path| self.path(path)).unwrap_or_default();
                let column = parts.pop().unwrap_or_default();
                let relation = named(parts, at);
                (Name { name: Ident::from(format!("{}.{column}%type", relation.name)), ..relation }, Vec::new())
            }
            _ => self.path_type(node, modifiers()),
        }
    }

    fn path_type(&self, node: Node, modifiers: Vec<Expr>) -> (Name, Vec<Expr>) {
        let at = self.at(node);
        let path = node.child(K::PATH_REF).unwrap_or(node);
        let mut parts = self.path(path);
        let keyword = match (parts.as_slice(), path.tokens().next()) {
            ([_], Some(token)) => token.kind(),
            _ => K::IDENT,
        };
        let internal = match keyword {
            K::INT_KW | K::INTEGER_KW => "int4",
            K::SMALLINT_KW => "int2",
            K::BIGINT_KW => "int8",
            K::REAL_KW => "float4",
            K::FLOAT_KW => {
                let single = matches!(
                    modifiers.first().map(|first| &first.kind),
                    Some(ExprKind::Number(bits)) if bits.parse::<u32>().is_ok_and(|bits| bits < 25)
                );
                let name = if single { "float4" } else { "float8" };
                return (Name::plain(Ident::new_static(name), at), Vec::new());
            }
            K::DECIMAL_KW | K::DEC_KW | K::NUMERIC_KW => "numeric",
            K::BOOLEAN_KW => "bool",
            _ => {
                if parts.len() > 1 && parts.first().is_some_and(|first| first == "pg_catalog") {
                    parts.remove(0);
                }
                let interval = matches!(parts.as_slice(), [name] if name == "interval");
                return (named(parts, at), if interval { Vec::new() } else { modifiers });
            }
        };
        (Name::plain(Ident::new_static(internal), at), modifiers)
    }
}

/// The last two parts of a name; what stands before them is the database.
fn named(mut parts: Vec<Ident>, at: At) -> Name {
    let name = parts.pop().unwrap_or_default();
    Name { schema: parts.pop(), name, at }
}

//! Expressions.

use squawk_syntax::SyntaxKind as K;

use super::operator::is_operation;
use super::tree::Node;
use super::{Lower, named};
use crate::effect::{Expr, ExprKind, Ident, Name, SubqueryKind};
use crate::source::Span;
use crate::syntax::token;

impl Lower<'_> {
    pub(super) fn exprs<'n>(&self, nodes: impl Iterator<Item = Node<'n>>) -> Vec<Expr> {
        nodes.map(|node| self.expr(node)).collect()
    }

    pub(super) fn expr(&self, node: Node) -> Expr {
        if is_operation(node) {
            return self.operation(node);
        }
        let kind = match node.kind() {
            K::LITERAL => self.literal(node),
            K::NAME_REF => self.column(node),
            K::FIELD_EXPR => self.field(node),
            K::PAREN_EXPR => return self.bracket(node),
            K::TUPLE_EXPR => ExprKind::Row(self.exprs(node.exprs())),
            K::ARRAY_EXPR => match node.nodes().next().filter(|_| node.has(K::L_PAREN)).and_then(Self::only_query) {
                Some(query) => self.subquery(SubqueryKind::Array, query),
                None => ExprKind::Array(self.exprs(node.exprs())),
            },
            K::CAST_EXPR => self.cast(node),
            K::CASE_EXPR => self.case(node),
            K::INDEX_EXPR | K::SLICE_EXPR => {
                let mut parts = node.exprs();
                let operand = self.boxed(parts.next(), node);
                ExprKind::Index { operand, subscripts: self.exprs(parts) }
            }
            K::CALL_EXPR => self.call(node),
            _ if node.is_query() => self.subquery(SubqueryKind::Scalar, node),
            _ => self.unread(node),
        };
        self.expr_of(kind, node)
    }

    /// What is not known here is refused.
    pub(super) fn unread(&self, node: Node) -> ExprKind {
        self.refuse(format!("{:?} is not read here", node.kind()), node);
        other("unread", Vec::new())
    }

    /// An expression where the grammar demands one.
    pub(super) fn boxed(&self, node: Option<Node>, within: Node) -> Box<Expr> {
        Box::new(self.demanded(node, within))
    }

    pub(super) fn demanded(&self, node: Option<Node>, within: Node) -> Expr {
        if let Some(node) = node {
            return self.expr(node);
        }
        self.refuse("an expression is missing".to_owned(), within);
        self.expr_of(other("unread", Vec::new()), within)
    }

    pub(super) fn subquery(&self, kind: SubqueryKind, query: Node) -> ExprKind {
        ExprKind::Subquery { kind, query: Box::new(self.query(query)) }
    }

    fn bracket(&self, node: Node) -> Expr {
        match node.nodes().next() {
            Some(inner) if inner.is_expr() => self.expr(inner),
            Some(inner) if inner.is_query() => self.expr_of(self.subquery(SubqueryKind::Scalar, inner), node),
            _ => self.expr_of(self.unread(node), node),
        }
    }

    /// The query within brackets, where that is all that stands in them.
    pub(super) fn only_query(node: Node) -> Option<Node> {
        let mut node = node;
        loop {
            node = match node.kind() {
                K::PAREN_EXPR => node.nodes().next()?,
                _ if node.is_query() => return Some(node),
                _ => return None,
            };
        }
    }

    fn literal(&self, node: Node) -> ExprKind {
        let Some(token) = node.first() else { return self.unread(node) };
        match token.kind() {
            K::NULL_KW => ExprKind::Null,
            K::TRUE_KW => ExprKind::Boolean(true),
            K::FALSE_KW => ExprKind::Boolean(false),
            K::DEFAULT_KW => ExprKind::Default,
            K::INT_NUMBER | K::NUMERIC_NUMBER => ExprKind::Number(number(token.text())),
            K::POSITIONAL_PARAM => {
                let number = token.text().strip_prefix('$').and_then(|digits| digits.parse().ok());
                number.map_or_else(|| self.unread(node), ExprKind::Parameter)
            }
            K::BIT_STRING | K::BYTE_STRING => {
                let span = node.span();
                let digits = token::decode_text(self.text, Span::new(span.start + 1, span.end));
                let letter = if token.kind() == K::BIT_STRING { "b" } else { "x" };
                match digits {
                    Ok(digits) => ExprKind::Text(Ident::from(format!("{letter}{}", digits.text))),
                    Err(_) => self.unread(node),
                }
            }
            K::NATIONAL_STRING => ExprKind::Cast {
                operand: Box::new(self.expr_of(ExprKind::Text(self.text_of(node)), node)),
                to: Box::new(crate::effect::Type {
                    name: Name::plain(Ident::new_static("bpchar"), self.at(node)),
                    modifiers: Vec::new(),
                    array: false,
                    set: false,
                }),
            },
            K::STRING | K::ESC_STRING | K::UNICODE_ESC_STRING | K::DOLLAR_QUOTED_STRING => text(self.text_of(node)),
            K::ON_KW | K::OFF_KW => ExprKind::Text(self.word(token)),
            _ => self.unread(node),
        }
    }

    /// A name on its own: a column, or one of the functions that take no brackets.
    fn column(&self, node: Node) -> ExprKind {
        let Some(token) = node.first() else { return self.unread(node) };
        match value_function(token.kind()) {
            Some(name) => self.special(name, Vec::new(), node),
            None => ExprKind::Column(self.path(node)),
        }
    }

    fn field(&self, node: Node) -> ExprKind {
        let star = node.has(K::STAR);
        let base = node.expr();
        let mut path = Vec::new();
        if base.is_some_and(|base| self.pure_path(base, &mut path)) {
            if star {
                return ExprKind::Star(path);
            }
            path.push(self.ident(node.nodes().last()));
            return ExprKind::Column(path);
        }
        let field = if star { Ident::new_static("*") } else { self.ident(node.nodes().last()) };
        ExprKind::Field { operand: self.boxed(base, node), field }
    }

    /// Collects the words of `a.b.c`; false if it is anything else.
    fn pure_path(&self, node: Node, path: &mut Vec<Ident>) -> bool {
        match node.kind() {
            K::NAME_REF => {
                path.extend(self.path(node));
                true
            }
            K::FIELD_EXPR if !node.has(K::STAR) => {
                let found = node.expr().is_some_and(|base| self.pure_path(base, path));
                if found {
                    path.push(self.ident(node.nodes().last()));
                }
                found
            }
            _ => false,
        }
    }

    fn cast(&self, node: Node) -> ExprKind {
        let Some(named_type) = node.kind_of_value() else { return self.unread(node) };
        let mut to = self.type_of(named_type);
        if node.has(K::TREAT_KW) {
            // PostgreSQL calls the function that the type is named after.
            let function = Name { schema: Some(Ident::new_static("pg_catalog")), name: to.name.name, at: to.name.at };
            return plain_call(function, vec![self.demanded(node.expr(), node)]);
        }
        let constant = node.first().is_some_and(Node::is_type);
        if constant && matches!(named_type.kind(), K::CHARACTER_TYPE | K::BIT_TYPE) && !named_type.has(K::ARG_LIST) {
            to.modifiers.clear();
        }
        ExprKind::Cast { operand: self.boxed(node.expr(), node), to: Box::new(to) }
    }

    fn case(&self, node: Node) -> ExprKind {
        let arms = node.child(K::WHEN_CLAUSE_LIST).map(|list| {
            let arm = |when: Node| {
                let mut parts = when.exprs();
                (self.demanded(parts.next(), when), self.demanded(parts.next(), when))
            };
            list.all(K::WHEN_CLAUSE).map(arm).collect()
        });
        ExprKind::Case {
            operand: node.expr().map(|operand| Box::new(self.expr(operand))),
            arms: arms.unwrap_or_default(),
            otherwise: node.child(K::ELSE_CLAUSE).map(|otherwise| self.boxed(otherwise.expr(), otherwise)),
        }
    }

    pub(super) fn special(&self, name: &'static str, arguments: Vec<Expr>, node: Node) -> ExprKind {
        plain_call(Name::plain(Ident::new_static(name), self.at(node)), arguments)
    }

    /// An argument, with the name that it is given for.
    fn argument(&self, node: Node) -> Expr {
        let named = match node.kind() {
            K::ARG if node.expr().is_none() => node.child(K::NAMED_ARG),
            K::NAMED_ARG => Some(node),
            _ => None,
        };
        match (named, node.kind()) {
            (Some(named), _) => {
                let name = self.ident(named.child(K::PARAM_NAME_REF));
                Expr::given_by_name(&name, self.demanded(named.expr(), named))
            }
            (None, K::ARG) => self.demanded(node.expr(), node),
            (None, _) => self.expr(node),
        }
    }

    /// What `ARG_LIST` and its like hold.
    pub(super) fn arguments(&self, list: Node) -> Vec<Expr> {
        list.nodes()
            .filter(|child| child.is_expr() || matches!(child.kind(), K::ARG | K::NAMED_ARG))
            .map(|child| self.argument(child))
            .collect()
    }

    pub(super) fn sorted(&self, within: Node) -> Vec<Expr> {
        let list = within.child(K::ORDER_BY_CLAUSE).and_then(|clause| clause.child(K::SORT_BY_LIST));
        list.map(|list| list.all(K::SORT_BY).map(|sort| self.sort_key(sort)).collect()).unwrap_or_default()
    }

    /// The expressions of a window, without its frame.
    pub(super) fn window(&self, spec: Node) -> Vec<Expr> {
        let mut parts = spec.child(K::PARTITION_BY_CLAUSE).map(|clause| self.exprs(clause.exprs())).unwrap_or_default();
        let order = self.sorted(spec);
        if !order.is_empty() {
            parts.push(self.expr_of(other("order by", order), spec));
        }
        parts.extend(spec.child(K::FRAME_CLAUSE).into_iter().flat_map(|frame| self.offsets(frame)));
        parts
    }

    /// The expressions of a frame, however deep they stand.
    fn offsets(&self, node: Node) -> Vec<Expr> {
        let inside = |child: Node| if child.is_expr() { vec![self.expr(child)] } else { self.offsets(child) };
        node.nodes().flat_map(inside).collect()
    }

    pub(super) fn call(&self, node: Node) -> ExprKind {
        let Some(called) = node.first() else { return self.unread(node) };
        let Some(list) = node.child(K::ARG_LIST) else { return self.function(node, called) };
        let keyword = if called.kind() == K::NAME_REF { called.first().map_or(K::IDENT, Node::kind) } else { K::IDENT };
        match keyword {
            K::COALESCE_KW => return ExprKind::Coalesce(self.arguments(list)),
            K::GREATEST_KW => return self.special("greatest", self.arguments(list), node),
            K::LEAST_KW => return self.special("least", self.arguments(list), node),
            K::NULLIF_KW => return self.special("nullif", self.arguments(list), node),
            K::GROUPING_KW => return self.special("grouping", self.arguments(list), node),
            K::MERGE_ACTION_KW => return self.special("merge_action", Vec::new(), node),
            K::XMLCONCAT_KW => return other("xml", self.arguments(list)),
            K::NORMALIZE_KW => {
                let mut arguments = self.arguments(list);
                if let Some(form) = list.all(K::ARG).nth(1)
                    && let Some(last) = arguments.last_mut()
                {
                    *last = self.normal_form(form);
                }
                return self.special("normalize", arguments, node);
            }
            _ => {}
        }
        // Their precision is no argument.
        let precise = [K::CURRENT_TIME_KW, K::CURRENT_TIMESTAMP_KW, K::LOCALTIME_KW, K::LOCALTIMESTAMP_KW];
        if let Some(name) = value_function(keyword).filter(|_| precise.contains(&keyword)) {
            return self.special(name, Vec::new(), node);
        }
        self.applied(node, self.path(called), called, list)
    }

    /// A call in the usual form, with what may follow its brackets.
    pub(super) fn applied(&self, node: Node, path: Vec<Ident>, called: Node, list: Node) -> ExprKind {
        let mut arguments = self.arguments(list);
        self.tail(node, list, &mut arguments);
        ExprKind::Call {
            function: Box::new(named(path, self.at(called))),
            arguments: arguments.into(),
            star: list.has(K::STAR),
            distinct: list.has(K::DISTINCT),
            filter: self.filter(node),
            over: node.has(K::OVER_CLAUSE),
        }
    }

    fn filter(&self, node: Node) -> Option<Box<Expr>> {
        node.child(K::FILTER_CLAUSE).map(|filter| self.boxed(filter.expr(), filter))
    }

    /// The order and the window of a call ride as arguments of their own.
    fn tail(&self, node: Node, list: Node, arguments: &mut Vec<Expr>) {
        let mut order: Vec<Expr> = list.all(K::ARG).flat_map(|argument| self.sorted(argument)).collect();
        order.extend(self.sorted(list));
        if let Some(within) = node.child(K::WITHIN_CLAUSE) {
            order.extend(self.sorted(within));
        }
        if !order.is_empty() {
            arguments.push(self.expr_of(other("order by", order), node));
        }
        let spec = node
            .child(K::OVER_CLAUSE)
            .and_then(|over| over.child(K::OVER_WINDOW_SPEC))
            .and_then(|spec| spec.child(K::WINDOW_SPEC));
        let inside = spec.map(|spec| self.window(spec)).unwrap_or_default();
        if !inside.is_empty() {
            arguments.push(self.expr_of(other("window", inside), node));
        }
    }

    /// A function that has a grammar of its own.
    fn function(&self, node: Node, function: Node) -> ExprKind {
        let inner = || {
            function.nodes().find(|child| !matches!(child.kind(), K::TRIM_BOTH | K::TRIM_LEADING | K::TRIM_TRAILING))
        };
        let own = || self.exprs(function.exprs());
        match function.kind() {
            K::EXISTS_FN => match function.query() {
                Some(query) => self.subquery(SubqueryKind::Exists, query),
                None => self.unread(function),
            },
            K::EXTRACT_FN => {
                let field = function.child_of(&[K::EXTRACT_FIELD_NAME, K::EXTRACT_FIELD_LITERAL]);
                let field = field.map(|field| {
                    let value = match field.expr() {
                        Some(literal) => self.text_of(literal),
                        None => self.ident(Some(field)),
                    };
                    self.expr_of(ExprKind::Text(value), field)
                });
                self.special("extract", field.into_iter().chain(own()).collect(), node)
            }
            K::POSITION_FN => {
                let mut arguments = own();
                arguments.reverse();
                self.special("position", arguments, node)
            }
            K::OVERLAY_FN => {
                let arguments = inner().map(|inner| self.arguments(inner)).unwrap_or_default();
                self.special("overlay", arguments, node)
            }
            K::SUBSTRING_FN => self.substring(node, inner()),
            K::TRIM_FN => {
                let name = if function.has(K::TRIM_LEADING) {
                    "ltrim"
                } else if function.has(K::TRIM_TRAILING) {
                    "rtrim"
                } else {
                    "btrim"
                };
                let mut arguments = inner().map(|inner| self.exprs(inner.exprs())).unwrap_or_default();
                if inner().is_some_and(|inner| inner.kind() == K::TRIM_EXPR_FROM) && !arguments.is_empty() {
                    arguments.rotate_left(1);
                }
                self.special(name, arguments, node)
            }
            K::COLLATION_FOR_FN => self.special("pg_collation_for", own(), node),
            K::XML_EXISTS_FN => {
                let passing = function.child(K::XML_ROW_PASSING_CLAUSE).unwrap_or(function);
                let mut arguments = self.exprs(passing.exprs());
                if let Some(document) = passing.child(K::XML_PASSING_DOC) {
                    arguments.extend(self.exprs(document.exprs()));
                }
                self.special("xmlexists", arguments, node)
            }
            K::XML_ELEMENT_FN | K::XML_FOREST_FN | K::XML_PI_FN | K::XML_SERIALIZE_FN => {
                other("xml", self.deep(function))
            }
            K::XML_PARSE_FN => {
                let mut parts = own();
                parts.push(self.expr_of(boolean(function.has(K::PRESERVE_WHITESPACE)), function));
                other("xml", parts)
            }
            K::XML_ROOT_FN => self.xml_root(function),
            K::JSON_OBJECT_FN
                if function.nodes().all(|child| child.is_expr() || child.kind() == K::NAMED_ARG)
                    && function.nodes().next().is_some() =>
            {
                let function_name = Name {
                    schema: Some(Ident::new_static("pg_catalog")),
                    name: Ident::new_static("json_object"),
                    at: self.at(function),
                };
                plain_call(function_name, self.arguments(function))
            }
            K::JSON_OBJECT_FN => other("json", function.all(K::JSON_KEY_VALUE).map(|pair| self.pair(pair)).collect()),
            K::JSON_ARRAY_FN if function.has(K::JSON_SELECT_FORMAT) => {
                other("unread JsonArrayQueryConstructor", Vec::new())
            }
            K::JSON_ARRAY_FN => {
                let values = function.all(K::JSON_EXPR_FORMAT).map(|value| self.demanded(value.expr(), value));
                other("json", values.collect())
            }
            K::JSON_OBJECT_AGG_FN => other("unread JsonObjectAgg", Vec::new()),
            K::JSON_ARRAY_AGG_FN => other("unread JsonArrayAgg", Vec::new()),
            K::JSON_FN | K::JSON_SCALAR_FN | K::JSON_SERIALIZE_FN => other("json", own()),
            K::JSON_EXISTS_FN | K::JSON_QUERY_FN | K::JSON_VALUE_FN => {
                let mut parts = own();
                parts.extend(self.passing(function));
                let defaults = [K::JSON_ON_EMPTY_CLAUSE, K::JSON_ON_ERROR_CLAUSE];
                let defaults = defaults.iter().filter_map(|kind| function.child(*kind));
                parts.extend(
                    defaults.filter_map(|clause| clause.child(K::JSON_BEHAVIOR_DEFAULT)?.expr()).map(|e| self.expr(e)),
                );
                other("json", parts)
            }
            _ => self.unread(function),
        }
    }

    pub(super) fn passing(&self, function: Node) -> Vec<Expr> {
        let clause = function.child(K::JSON_PASSING_CLAUSE);
        let argument = |argument: Node| self.demanded(argument.expr(), argument);
        clause.map(|clause| clause.all(K::JSON_PASSING_ARG).map(argument).collect()).unwrap_or_default()
    }

    /// A key and its value.
    fn pair(&self, node: Node) -> Expr {
        let mut parts = self.exprs(node.exprs());
        if let Some(value) = node.child(K::JSON_VALUE_EXPR) {
            parts.extend(self.exprs(value.exprs()));
        }
        self.expr_of(other("json", parts), node)
    }

    fn substring(&self, node: Node, inner: Option<Node>) -> ExprKind {
        let Some(inner) = inner else { return self.special("substring", Vec::new(), node) };
        let mut arguments = self.arguments(inner);
        if inner.kind() == K::SUBSTRING_FOR_FROM {
            match arguments.as_mut_slice() {
                [_, length] => {
                    // Without a beginning PostgreSQL begins at 1, and the length is an integer.
                    let kind = ExprKind::Cast {
                        operand: Box::new(length.clone()),
                        to: Box::new(crate::effect::Type {
                            name: Name::plain(Ident::new_static("int4"), length.at),
                            modifiers: Vec::new(),
                            array: false,
                            set: false,
                        }),
                    };
                    *length = Expr { at: length.at, kind };
                    arguments.insert(1, self.expr_of(ExprKind::Number(Ident::new_static("1")), node));
                }
                [_, length, from] => std::mem::swap(length, from),
                _ => {}
            }
        }
        self.special("substring", arguments, node)
    }

    /// The expressions of the lists of XML functions, attributes first.
    fn deep(&self, node: Node) -> Vec<Expr> {
        let mut parts = Vec::new();
        for list in
            node.nodes().filter(|child| matches!(child.kind(), K::EXPR_AS_XML_ATTR_LIST | K::EXPR_AS_ELEMENT_TAG_LIST))
        {
            parts.extend(list.nodes().filter_map(Node::expr).map(|value| self.expr(value)));
        }
        parts.extend(self.exprs(node.exprs()));
        parts
    }

    fn xml_root(&self, function: Node) -> ExprKind {
        let mut parts = self.exprs(function.exprs());
        let version = function.child_of(&[K::XML_VERSION_EXPR, K::XML_VERSION_NO_VALUE]);
        parts.push(match version.and_then(Node::expr) {
            Some(version) => self.expr(version),
            None => self.expr_of(ExprKind::Null, function),
        });
        // PostgreSQL's utils/xml.h: yes, no, no value, left out.
        let standalone = if function.has(K::STANDALONE_YES) {
            "0"
        } else if function.has(K::STANDALONE_NO) {
            "1"
        } else if function.has(K::STANDALONE_NO_VALUE) {
            "2"
        } else {
            "3"
        };
        parts.push(self.expr_of(ExprKind::Number(Ident::new_static(standalone)), function));
        other("xml", parts)
    }
}

const fn boolean(value: bool) -> ExprKind {
    ExprKind::Boolean(value)
}

/// `ANY (…)`, `SOME (…)` or `ALL (…)` and whether it is the last.
pub(super) fn quantifier(node: Node) -> Option<(Node, bool)> {
    let list = node.first().filter(|_| node.kind() == K::CALL_EXPR)?;
    match list.kind() {
        K::ANY_FN | K::SOME_FN => Some((list, false)),
        K::ALL_FN => Some((list, true)),
        _ => None,
    }
}

fn plain_call(function: Name, arguments: Vec<Expr>) -> ExprKind {
    let function = Box::new(function);
    ExprKind::Call { function, arguments: arguments.into(), star: false, distinct: false, filter: None, over: false }
}

pub(super) fn other(what: &str, parts: Vec<Expr>) -> ExprKind {
    ExprKind::Other { what: Ident::from(what), parts: parts.into() }
}

/// A number as PostgreSQL keeps it: an integer of 32 bits in decimal, any other as it is
/// written.
fn number(text: &str) -> Ident {
    let digits = text.replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let value = match lower.get(..2) {
        Some("0x") => i32::from_str_radix(lower.get(2..).unwrap_or_default(), 16),
        Some("0o") => i32::from_str_radix(lower.get(2..).unwrap_or_default(), 8),
        Some("0b") => i32::from_str_radix(lower.get(2..).unwrap_or_default(), 2),
        _ => lower.parse::<i32>(),
    };
    value.map_or_else(|_| Ident::from(text), |value| Ident::from(value.to_string()))
}

/// A string constant, or the variable whose value it stands for.
fn text(text: Ident) -> ExprKind {
    if let Some(name) = text.strip_prefix(":'").and_then(|rest| rest.strip_suffix('\'')) {
        return ExprKind::Variable(Ident::from(name));
    }
    if let Some(name) = text.strip_prefix(":{?").and_then(|rest| rest.strip_suffix('}')) {
        return ExprKind::VariableIsSet(Ident::from(name));
    }
    ExprKind::Text(text)
}

pub(super) const fn value_function(keyword: K) -> Option<&'static str> {
    Some(match keyword {
        K::CURRENT_DATE_KW => "current_date",
        K::CURRENT_TIME_KW => "current_time",
        K::CURRENT_TIMESTAMP_KW => "current_timestamp",
        K::LOCALTIME_KW => "localtime",
        K::LOCALTIMESTAMP_KW => "localtimestamp",
        K::CURRENT_ROLE_KW => "current_role",
        K::CURRENT_USER_KW => "current_user",
        K::USER_KW => "user",
        K::SESSION_USER_KW => "session_user",
        K::SYSTEM_USER_KW => "system_user",
        K::CURRENT_CATALOG_KW => "current_catalog",
        K::CURRENT_SCHEMA_KW => "current_schema",
        _ => return None,
    })
}

//! Queries.

use squawk_syntax::SyntaxKind as K;

use super::expression::other;
use super::tree::Node;
use super::{Lower, named};
use crate::effect::{
    Cte, CteBody, Expr, ExprKind, From, Ident, JoinKind, Name, Query, QueryBody, Select, SetOperator, Target,
};

impl Lower<'_> {
    pub(super) fn query(&self, node: Node) -> Query {
        let mut query = match node.kind() {
            K::SELECT | K::SELECT_INTO => self.bare(node, QueryBody::Select(Box::new(self.select(node)))),
            K::VALUES => {
                let rows = node.child(K::ROW_LIST);
                let rows = rows.map(|list| list.all(K::ROW).map(|row| self.exprs(row.exprs())).collect());
                self.bare(node, QueryBody::Values(rows.unwrap_or_default()))
            }
            K::TABLE => self.bare(node, QueryBody::Select(Box::new(self.table(node)))),
            K::COMPOUND_SELECT => return self.compound(node),
            // Brackets around a query mean nothing: what stands outside belongs to it.
            K::PAREN_SELECT | K::PAREN_EXPR => {
                match node.nodes().find(|child| child.is_query() || child.kind() == K::PAREN_EXPR) {
                    Some(inner) => self.query(inner),
                    None => self.nothing(node),
                }
            }
            _ => self.nothing(node),
        };
        if let Some(clause) = node.child(K::WITH_CLAUSE) {
            (query.with, query.recursive) = (self.with(clause), clause.has(K::RECURSIVE_KW));
        }
        self.tails(node, &mut query);
        query
    }

    fn bare(&self, node: Node, body: QueryBody) -> Query {
        let at = self.at(node);
        Query::of(at, body)
    }

    fn nothing(&self, node: Node) -> Query {
        self.bare(node, QueryBody::Values(vec![vec![self.expr_of(self.unread(node), node)]]))
    }

    fn tails(&self, node: Node, query: &mut Query) {
        for tail in node.nodes() {
            match tail.kind() {
                K::ORDER_BY_CLAUSE => query.order_by = self.sorted(node),
                K::LIMIT_CLAUSE => {
                    let limit = tail.expr().map(|limit| self.expr(limit));
                    query.limit = limit.filter(|limit| limit.kind != ExprKind::Null).map(Box::new);
                }
                K::FETCH_CLAUSE => {
                    if tail.has(K::WITH_TIES) && !node.has(K::ORDER_BY_CLAUSE) {
                        self.refuse("WITH TIES cannot be specified without ORDER BY clause".to_owned(), tail);
                    }
                    let one = || self.expr_of(ExprKind::Number(Ident::new_static("1")), tail);
                    let limit = tail.expr().map_or_else(one, |limit| self.expr(limit));
                    query.limit = (limit.kind != ExprKind::Null).then(|| Box::new(limit));
                }
                K::OFFSET_CLAUSE => query.offset = tail.expr().map(|offset| Box::new(self.expr(offset))),
                // `FOR READ ONLY` locks nothing.
                K::LOCKING_CLAUSE => query.locks = true,
                _ => {}
            }
        }
    }

    /// `a UNION b UNION c` leans to the left; its `WITH` stands in the first of them.
    fn compound(&self, node: Node) -> Query {
        let mut rights = Vec::new();
        let mut left = node;
        while left.kind() == K::COMPOUND_SELECT {
            let mut sides = left.nodes();
            let (Some(first), Some(operator), Some(second)) = (sides.next(), sides.next(), sides.next()) else {
                return self.nothing(node);
            };
            rights.push((left, operator, second));
            left = first;
        }
        let mut query = self.query(left);
        // In brackets it is that side's own.
        let mut with = Vec::new();
        let mut recursive = false;
        if left.has(K::WITH_CLAUSE) {
            (with, recursive) = (std::mem::take(&mut query.with), query.recursive);
            query.recursive = false;
        }
        for (compound, operator, second) in rights.into_iter().rev() {
            let body = QueryBody::Set {
                operator: match operator.kind() {
                    K::INTERSECT => SetOperator::Intersect,
                    K::EXCEPT => SetOperator::Except,
                    _ => SetOperator::Union,
                },
                all: operator.has(K::ALL),
                left: Box::new(query),
                right: Box::new(self.query(second)),
            };
            query = self.bare(compound, body);
            self.tails(compound, &mut query);
        }
        (query.with, query.recursive) = (with, recursive);
        query
    }

    fn table(&self, node: Node) -> Select {
        let relation = node.child(K::RELATION_NAME);
        let name = relation.map_or_else(|| Name::plain("", self.at(node)), |relation| self.relation(relation));
        let only = relation.is_some_and(|relation| relation.has(K::ONLY_KW));
        let star = Target { value: self.expr_of(ExprKind::Star(Vec::new()), node), alias: None };
        Select {
            targets: vec![star],
            from: vec![From::Relation { name, alias: None, columns: Vec::new(), only }],
            ..Select::default()
        }
    }

    /// The name in `RELATION_NAME` and its like, which may say ONLY.
    pub(super) fn relation(&self, node: Node) -> Name {
        let name = node.child_of(&[K::RELATION_NAME_REF, K::TABLE_NAME_REF]);
        self.name_of(name, node)
    }

    fn select(&self, node: Node) -> Select {
        let clause = node.child(K::SELECT_CLAUSE);
        let distinct = clause.and_then(|clause| clause.child(K::DISTINCT_CLAUSE));
        let mut targets = clause.map(|clause| self.targets(clause)).unwrap_or_default();
        // The windows of a WINDOW clause hold expressions too; they ride on the last target.
        if let Some(clause) = node.child(K::WINDOW_CLAUSE) {
            let specs = clause.all(K::WINDOW_DEF).filter_map(|window| window.child(K::WINDOW_SPEC));
            let windows: Vec<Expr> = specs.flat_map(|spec| self.window(spec)).collect();
            if !windows.is_empty() {
                targets.push(Target { value: self.expr_of(other("window", windows), clause), alias: None });
            }
        }
        if let Some(clause) = node.child(K::GROUP_BY_CLAUSE)
            && !clause.has(K::GROUP_BY_LIST)
        {
            self.refuse("an expression is missing".to_owned(), clause);
        }
        let group_by = node.child(K::GROUP_BY_CLAUSE).and_then(|clause| clause.child(K::GROUP_BY_LIST));
        Select {
            distinct: distinct.is_some(),
            distinct_on: distinct
                .and_then(|distinct| distinct.child(K::DISTINCT_ON))
                .map(|on| self.exprs(on.exprs()))
                .unwrap_or_default(),
            targets,
            from: node.child(K::FROM_CLAUSE).map(|from| self.froms(from)).unwrap_or_default(),
            filter: self.filter_of(node),
            group_by: group_by.map(|list| list.nodes().map(|group| self.group(group)).collect()).unwrap_or_default(),
            having: node.child(K::HAVING_CLAUSE).map(|having| self.demanded(having.expr(), having)),
        }
    }

    /// `WHERE`
    pub(super) fn filter_of(&self, node: Node) -> Option<Expr> {
        node.child(K::WHERE_CLAUSE).map(|clause| self.demanded(clause.expr(), clause))
    }

    fn group(&self, node: Node) -> Expr {
        match node.kind() {
            K::GROUPING_EXPR => match node.expr() {
                Some(empty) if empty.kind() == K::TUPLE_EXPR && empty.expr().is_none() && !empty.has(K::ROW_KW) => {
                    self.expr_of(other("grouping set", Vec::new()), node)
                }
                inner => self.demanded(inner, node),
            },
            K::GROUPING_ROLLUP | K::GROUPING_CUBE => {
                self.expr_of(other("grouping set", self.exprs(node.exprs())), node)
            }
            K::GROUPING_SETS => {
                let parts = node.nodes().map(|group| self.group(group)).collect();
                self.expr_of(other("grouping set", parts), node)
            }
            _ => self.expr_of(self.unread(node), node),
        }
    }

    /// What `TARGET_LIST` holds.
    pub(super) fn targets(&self, within: Node) -> Vec<Target> {
        let Some(list) = within.child(K::TARGET_LIST) else { return Vec::new() };
        let target = |target: Node| Target {
            value: match target.expr() {
                Some(value) => self.expr(value),
                None if target.has(K::STAR) => self.expr_of(ExprKind::Star(Vec::new()), target),
                None => self.expr_of(self.unread(target), target),
            },
            alias: target.child(K::AS_NAME).map(|name| self.ident(name.child(K::COLUMN_NAME))),
        };
        list.all(K::TARGET).map(target).collect()
    }

    pub(super) fn with(&self, clause: Node) -> Vec<Cte> {
        let cte = |table: Node| {
            let name = table.child(K::CTE_NAME);
            let body = table
                .nodes()
                .find(|child| child.is_query() || matches!(child.kind(), K::INSERT | K::UPDATE | K::DELETE | K::MERGE));
            let body = match body {
                Some(query) if query.is_query() => CteBody::Query(Box::new(self.query(query))),
                Some(change) => CteBody::Change(Box::new(self.act(change))),
                None => CteBody::Query(Box::new(self.nothing(table))),
            };
            let cycle = table.child(K::CYCLE_CLAUSE);
            let places = [
                table.child(K::SEARCH_CLAUSE).and_then(|search| search.child(K::SEARCH_SET_COLUMN)),
                cycle.and_then(|cycle| cycle.child(K::CYCLE_SET_COLUMN)),
                cycle.and_then(|cycle| cycle.child(K::CYCLE_PATH)),
            ];
            let added = places.into_iter().flatten().map(|place| self.ident(place.child(K::COLUMN_NAME_REF))).collect();
            let (columns, at) = (self.columns(table), self.at(name.unwrap_or(table)));
            let materialized = match () {
                () if table.has(K::MATERIALIZED) => Some(true),
                () if table.has(K::NOT_MATERIALIZED) => Some(false),
                () => None,
            };
            Cte { name: self.ident(name), columns, added, body, materialized, at }
        };
        clause.all(K::WITH_TABLE).map(cte).collect()
    }

    /// The names in `COLUMN_LIST`.
    pub(super) fn columns(&self, within: Node) -> Vec<Ident> {
        let list = within.child(K::COLUMN_LIST);
        list.map(|list| self.idents(list.all(K::COLUMN_NAME))).unwrap_or_default()
    }

    pub(super) fn froms(&self, clause: Node) -> Vec<From> {
        clause.nodes().map(|item| self.from(item)).collect()
    }

    fn alias(&self, node: Node) -> (Option<Ident>, Vec<Ident>) {
        let Some(alias) = node.child(K::FROM_ALIAS) else { return (None, Vec::new()) };
        let name = alias.child(K::TABLE_ALIAS).map(|name| self.ident(Some(name)));
        (name, self.columns(alias))
    }

    pub(super) fn from(&self, node: Node) -> From {
        let (alias, columns) = self.alias(node);
        match node.kind() {
            K::RELATION_FROM_ITEM => self.relation_item(node, alias, columns),
            K::PAREN_FROM_ITEM => self.bracket_item(node, alias, columns),
            K::FUNCTION_FROM_ITEM | K::EXPR_FROM_ITEM => {
                From::Function { calls: self.exprs(node.exprs()), alias, columns }
            }
            K::ROWS_FROM_ITEM => {
                let calls = node.all(K::ROWS_FROM_ARG).map(|call| self.demanded(call.expr(), call)).collect();
                From::Function { calls, alias, columns }
            }
            K::JOIN_EXPR => self.joins(node),
            K::XML_TABLE_FROM_ITEM => From::Other {
                what: Ident::new_static("xmltable"),
                relation: None,
                parts: node.child(K::XML_TABLE).map(|table| self.xml_table(table)).unwrap_or_default(),
                alias,
            },
            K::JSON_TABLE_FROM_ITEM => {
                let table = node.child(K::JSON_TABLE).unwrap_or(node);
                let mut parts: Vec<Expr> = table.expr().map(|value| self.expr(value)).into_iter().collect();
                parts.extend(self.passing(table));
                From::Other { what: Ident::new_static("json_table"), relation: None, parts, alias }
            }
            _ => unknown(node),
        }
    }

    fn relation_item(&self, node: Node, alias: Option<Ident>, columns: Vec<Ident>) -> From {
        let name = node.child(K::RELATION_NAME_REF);
        // `FROM current_date` calls a function.
        if let Some(call) = name.and_then(|name| self.value_call(name)) {
            return From::Function { calls: vec![call], alias, columns };
        }
        let relation = From::Relation { name: self.name_of(name, node), alias, columns, only: node.has(K::ONLY_KW) };
        let Some(sample) = node.child(K::TABLESAMPLE_CLAUSE) else { return relation };
        let mut parts = Vec::new();
        if let Some(list) = sample.expr().and_then(|call| call.child(K::ARG_LIST)) {
            parts.extend(self.arguments(list));
        }
        if let Some(repeatable) = sample.child(K::REPEATABLE_CLAUSE) {
            parts.extend(self.exprs(repeatable.exprs()));
        }
        From::Other { what: Ident::new_static("tablesample"), relation: Some(Box::new(relation)), parts, alias: None }
    }

    fn bracket_item(&self, node: Node, alias: Option<Ident>, columns: Vec<Ident>) -> From {
        let lateral = node.has(K::LATERAL_KW);
        let only = node.has(K::ONLY_KW);
        let mut inner = node;
        // Brackets within brackets.
        while matches!(inner.kind(), K::PAREN_FROM_ITEM | K::PAREN_EXPR) {
            let Some(next) = inner.nodes().find(|child| child.kind() != K::FROM_ALIAS) else { return unknown(node) };
            if inner.index() != node.index() && inner.has(K::FROM_ALIAS) {
                break;
            }
            inner = next;
        }
        if inner.is_query() {
            return From::Subquery { query: Box::new(self.query(inner)), alias, columns, lateral };
        }
        match self.from(inner) {
            From::Relation { name, alias: None, .. } if only => From::Relation { name, alias, columns, only },
            joined => match alias {
                Some(alias) => From::Other {
                    what: Ident::new_static("join"),
                    relation: Some(Box::new(joined)),
                    parts: Vec::new(),
                    alias: Some(alias),
                },
                None => joined,
            },
        }
    }

    /// squawk lets every join reach as far to the right as it can; to PostgreSQL a condition
    /// belongs to the last join that waits for one, and a join without condition does not wait.
    fn joins(&self, node: Node) -> From {
        let mut steps = Vec::new();
        linear(node, &mut steps);
        let mut waiting: Vec<(From, JoinKind)> = Vec::new();
        let mut current: Option<From> = None;
        let mut operator: Option<(JoinKind, bool, bool)> = None;
        for step in steps {
            match step.kind() {
                K::JOIN => {
                    let natural = step.has(K::NATURAL_KW);
                    let kind = step.child_of(&[K::JOIN_LEFT, K::JOIN_RIGHT, K::JOIN_FULL, K::JOIN_CROSS]);
                    let kind = kind.map(Node::kind);
                    operator = Some((join_kind(kind), natural, natural || kind == Some(K::JOIN_CROSS)));
                }
                K::ON_CLAUSE | K::JOIN_USING_CLAUSE => {
                    if let (Some((left, kind)), Some(right)) = (waiting.pop(), current.take()) {
                        current = Some(self.joined(kind, left, right, step));
                    }
                }
                _ => {
                    let item = self.from(step);
                    current = Some(match (current.take(), operator.take()) {
                        (Some(left), Some((kind, natural, true))) => From::Join {
                            kind,
                            left: Box::new(left),
                            right: Box::new(item),
                            on: None,
                            using: Vec::new(),
                            natural,
                        },
                        (Some(left), Some((kind, ..))) => {
                            waiting.push((left, kind));
                            item
                        }
                        _ => item,
                    });
                }
            }
        }
        match current {
            Some(from) if waiting.is_empty() => from,
            _ => unknown(node),
        }
    }

    fn joined(&self, kind: JoinKind, left: From, right: From, condition: Node) -> From {
        let on = (condition.kind() == K::ON_CLAUSE).then(|| self.demanded(condition.expr(), condition));
        let using = condition.child(K::COLUMN_REF_LIST).map(|list| self.idents(list.all(K::COLUMN_NAME_REF)));
        From::Join {
            kind,
            left: Box::new(left),
            right: Box::new(right),
            on,
            using: using.unwrap_or_default(),
            natural: false,
        }
    }

    fn xml_table(&self, table: Node) -> Vec<Expr> {
        let mut parts = Vec::new();
        if let Some(passing) = table.child(K::XML_ROW_PASSING_CLAUSE) {
            parts.extend(self.exprs(passing.exprs()));
            if let Some(document) = passing.child(K::XML_PASSING_DOC) {
                parts.extend(self.exprs(document.exprs()));
            }
        }
        let columns = table.child(K::XML_TABLE_COLUMN_LIST);
        for options in
            columns.into_iter().flat_map(Node::nodes).filter_map(|column| column.child(K::XML_COLUMN_OPTION_LIST))
        {
            for kind in [K::OPTION_PATH, K::OPTION_DEFAULT] {
                parts.extend(options.child(kind).and_then(Node::expr).map(|value| self.expr(value)));
            }
        }
        parts
    }

    fn value_call(&self, name: Node) -> Option<Expr> {
        let mut tokens = name.tokens();
        let (Some(token), None) = (tokens.next(), tokens.next()) else { return None };
        let function = super::expression::value_function(token.kind())?;
        let function = Box::new(named(vec![Ident::new_static(function)], self.at(name)));
        let kind = ExprKind::Call {
            function,
            arguments: Vec::new().into(),
            star: false,
            distinct: false,
            filter: None,
            over: false,
        };
        Some(self.expr_of(kind, name))
    }
}

/// Items, joins and conditions in the order in which they are written.
fn linear<'n>(node: Node<'n>, steps: &mut Vec<Node<'n>>) {
    for child in node.nodes() {
        match child.kind() {
            K::JOIN => {
                steps.push(child);
                linear(child, steps);
            }
            K::JOIN_EXPR => linear(child, steps),
            K::JOIN_INNER | K::JOIN_LEFT | K::JOIN_RIGHT | K::JOIN_FULL | K::JOIN_CROSS => {}
            _ => steps.push(child),
        }
    }
}

const fn join_kind(kind: Option<K>) -> JoinKind {
    match kind {
        Some(K::JOIN_LEFT) => JoinKind::Left,
        Some(K::JOIN_RIGHT) => JoinKind::Right,
        Some(K::JOIN_FULL) => JoinKind::Full,
        _ => JoinKind::Inner,
    }
}

fn unknown(node: Node) -> From {
    From::Other {
        what: Ident::from(format!("unread {:?}", node.kind())),
        relation: None,
        parts: Vec::new(),
        alias: None,
    }
}

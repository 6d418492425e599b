//! Queries.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, CteMaterialize, JoinType, Node, SetOperation};

use super::expression::{alias, unread};
use super::{Lower, items, strings, those, written};
use crate::effect::{
    Cte, CteBody, Expr, ExprKind, From, Ident, JoinKind, Query, QueryBody, Select, SetOperator, Target,
};

impl Lower<'_> {
    /// The query of a node; of anything else an empty one that says what it was.
    pub(super) fn query_of(&self, node: Option<&Node>) -> Query {
        match node.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::SelectStmt(select)) => self.query(select),
            Some(other) => self.unread_query(unread(other)),
            None => self.unread_query("unread".to_owned()),
        }
    }

    fn unread_query(&self, what: String) -> Query {
        let value = Expr { at: self.here(), kind: ExprKind::Other { what: Ident::from(what), parts: Box::default() } };
        Query {
            at: self.here(),
            with: Vec::new(),
            recursive: false,
            body: QueryBody::Values(vec![vec![value]]),
            order_by: Vec::new(),
            limit: None,
            offset: None,
            locks: false,
        }
    }

    pub(super) fn query(&self, select: &protobuf::SelectStmt) -> Query {
        let body = match select.op() {
            SetOperation::SetopUnion => self.set(select, SetOperator::Union),
            SetOperation::SetopIntersect => self.set(select, SetOperator::Intersect),
            SetOperation::SetopExcept => self.set(select, SetOperator::Except),
            SetOperation::SetopNone | SetOperation::Undefined => {
                if select.values_lists.is_empty() {
                    QueryBody::Select(Box::new(self.select(select)))
                } else {
                    QueryBody::Values(select.values_lists.iter().map(|row| self.exprs(items(row))).collect())
                }
            }
        };
        let at = match &body {
            QueryBody::Select(select) => select.targets.first().map(|target| target.value.at),
            QueryBody::Values(rows) => rows.first().and_then(|row| row.first()).map(|value| value.at),
            QueryBody::Set { left, .. } => Some(left.at),
        };
        let (with, recursive) = self.with(select.with_clause.as_ref());
        let limit = self.optional(select.limit_count.as_deref()).filter(|limit| limit.kind != ExprKind::Null);
        Query {
            at: at.unwrap_or_else(|| self.here()),
            with,
            recursive,
            body,
            order_by: self.exprs(&select.sort_clause),
            limit: limit.map(Box::new),
            offset: self.optional(select.limit_offset.as_deref()).map(Box::new),
            locks: !select.locking_clause.is_empty(),
        }
    }

    fn set(&self, select: &protobuf::SelectStmt, operator: SetOperator) -> QueryBody {
        let side = |side: Option<&protobuf::SelectStmt>| {
            Box::new(side.map_or_else(|| self.unread_query("unread".to_owned()), |select| self.query(select)))
        };
        QueryBody::Set {
            operator,
            all: select.all,
            left: side(select.larg.as_deref()),
            right: side(select.rarg.as_deref()),
        }
    }

    fn select(&self, select: &protobuf::SelectStmt) -> Select {
        let mut targets = self.targets(&select.target_list);
        // The windows of a WINDOW clause hold expressions too; they ride on the last target.
        let windows: Vec<Expr> = select
            .window_clause
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::WindowDef(window)) => Some(window),
                _ => None,
            })
            .flat_map(|window| self.window(window))
            .collect();
        if !windows.is_empty() {
            let value = Expr {
                at: self.here(),
                kind: ExprKind::Other { what: Ident::new_static("window"), parts: windows.into() },
            };
            targets.push(Target { value, alias: None });
        }
        Select {
            distinct: !select.distinct_clause.is_empty(),
            distinct_on: select
                .distinct_clause
                .iter()
                .filter(|node| node.node.is_some())
                .map(|node| self.expr(Some(node)))
                .collect(),
            targets,
            from: self.froms(&select.from_clause),
            filter: self.optional(select.where_clause.as_deref()),
            group_by: self.exprs(&select.group_clause),
            having: self.optional(select.having_clause.as_deref()),
        }
    }

    pub(super) fn targets(&self, nodes: &[Node]) -> Vec<Target> {
        nodes
            .iter()
            .map(|node| match &node.node {
                Some(NodeEnum::ResTarget(target)) => {
                    Target { value: self.expr(target.val.as_deref()), alias: written(&target.name) }
                }
                _ => Target { value: self.expr(Some(node)), alias: None },
            })
            .collect()
    }

    pub(super) fn with(&self, clause: Option<&protobuf::WithClause>) -> (Vec<Cte>, bool) {
        let Some(clause) = clause else { return (Vec::new(), false) };
        let cte = |node: &Node| match &node.node {
            Some(NodeEnum::CommonTableExpr(cte)) => Some(self.cte(cte)),
            _ => None,
        };
        (those(&clause.ctes, cte), clause.recursive)
    }

    fn cte(&self, cte: &protobuf::CommonTableExpr) -> Cte {
        let body = match cte.ctequery.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::SelectStmt(select)) => CteBody::Query(Box::new(self.query(select))),
            _ => CteBody::Change(Box::new(self.act(cte.ctequery.as_deref()))),
        };
        let searched = cte.search_clause.iter().map(|search| &search.search_seq_column);
        let cycle = cte.cycle_clause.as_ref().map(|cycle| [&cycle.cycle_mark_column, &cycle.cycle_path_column]);
        Cte {
            name: Ident::from(cte.ctename.as_str()),
            columns: strings(&cte.aliascolnames),
            added: searched.chain(cycle.into_iter().flatten()).map(|name| Ident::from(name.as_str())).collect(),
            body,
            materialized: match cte.ctematerialized() {
                CteMaterialize::Always => Some(true),
                CteMaterialize::Never => Some(false),
                _ => None,
            },
            at: self.at(cte.location),
        }
    }

    pub(super) fn froms(&self, nodes: &[Node]) -> Vec<From> {
        nodes.iter().map(|node| self.from(node)).collect()
    }

    pub(super) fn from(&self, node: &Node) -> From {
        let boxed = |node: Option<&Node>| Box::new(node.map_or_else(|| nothing("unread"), |node| self.from(node)));
        match &node.node {
            Some(NodeEnum::RangeVar(relation)) => {
                let (alias, columns) = alias(relation.alias.as_ref());
                From::Relation { name: self.relation(Some(relation)), alias, columns, only: !relation.inh }
            }
            Some(NodeEnum::RangeSubselect(subselect)) => {
                let (alias, columns) = alias(subselect.alias.as_ref());
                From::Subquery {
                    query: Box::new(self.query_of(subselect.subquery.as_deref())),
                    alias,
                    columns,
                    lateral: subselect.lateral,
                }
            }
            Some(NodeEnum::RangeFunction(function)) => {
                let (alias, columns) = alias(function.alias.as_ref());
                let calls = function.functions.iter().map(|node| self.expr(items(node).first())).collect();
                From::Function { calls, alias, columns }
            }
            Some(NodeEnum::JoinExpr(join)) => {
                let kind = match join.jointype() {
                    JoinType::JoinLeft => JoinKind::Left,
                    JoinType::JoinRight => JoinKind::Right,
                    JoinType::JoinFull => JoinKind::Full,
                    _ => JoinKind::Inner,
                };
                let joined = From::Join {
                    kind,
                    left: boxed(join.larg.as_deref()),
                    right: boxed(join.rarg.as_deref()),
                    on: self.optional(join.quals.as_deref()),
                    using: strings(&join.using_clause),
                    natural: join.is_natural,
                };
                match alias(join.alias.as_ref()).0 {
                    Some(alias) => From::Other {
                        what: Ident::new_static("join"),
                        relation: Some(Box::new(joined)),
                        parts: Vec::new(),
                        alias: Some(alias),
                    },
                    None => joined,
                }
            }
            Some(NodeEnum::RangeTableSample(sample)) => From::Other {
                what: Ident::new_static("tablesample"),
                relation: sample.relation.as_deref().map(|node| Box::new(self.from(node))),
                parts: sample
                    .args
                    .iter()
                    .chain(sample.repeatable.as_deref())
                    .map(|node| self.expr(Some(node)))
                    .collect(),
                alias: None,
            },
            Some(NodeEnum::RangeTableFunc(function)) => {
                let mut parts: Vec<Expr> = self.optional(function.rowexpr.as_deref()).into_iter().collect();
                parts.extend(self.optional(function.docexpr.as_deref()));
                for column in &function.columns {
                    if let Some(NodeEnum::RangeTableFuncCol(column)) = &column.node {
                        parts.extend(self.optional(column.colexpr.as_deref()));
                        parts.extend(self.optional(column.coldefexpr.as_deref()));
                    }
                }
                let alias = alias(function.alias.as_ref()).0;
                From::Other { what: Ident::new_static("xmltable"), relation: None, parts, alias }
            }
            Some(NodeEnum::JsonTable(table)) => {
                let value = table.context_item.as_deref().and_then(|value| value.raw_expr.as_deref());
                let mut parts: Vec<Expr> = self.optional(value).into_iter().collect();
                parts.extend(self.exprs(&table.passing));
                let alias = alias(table.alias.as_ref()).0;
                From::Other { what: Ident::new_static("json_table"), relation: None, parts, alias }
            }
            Some(other) => nothing(&unread(other)),
            None => nothing("unread"),
        }
    }
}

fn nothing(what: &str) -> From {
    From::Other { what: Ident::from(what), relation: None, parts: Vec::new(), alias: None }
}

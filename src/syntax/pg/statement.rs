//! Statements that read or change rows, and the control of sessions.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    self, CmdType, DropBehavior, MergeMatchKind, Node, ObjectType, OnCommitAction, OnConflictAction, OverridingKind,
    TransactionStmtKind, VariableSetKind,
};

use super::expression::node_name;
use super::property;
use super::{Lower, items, string, strings, those, written};
use crate::effect::{
    Act, Assignment, Conflict, ConflictAction, CopyEnd, ExprKind, Ident, MergeAction, MergeWhen, Name, Query,
    RowSource, Scope, Statement, Target, Transaction,
};

impl Lower<'_> {
    pub(super) fn statement(&self, node: Option<&Node>) -> Statement {
        Statement { at: self.here(), act: self.act(node) }
    }

    pub(super) fn act(&self, node: Option<&Node>) -> Act {
        let Some(node) = node.and_then(|node| node.node.as_ref()) else {
            return Act::Opaque { why: Ident::new_static("the parser gave no statement") };
        };
        match node {
            NodeEnum::SelectStmt(select) => self.top_select(select),
            NodeEnum::InsertStmt(insert) => self.insert(insert),
            NodeEnum::UpdateStmt(update) => self.update(update),
            NodeEnum::DeleteStmt(delete) => {
                let table = delete.relation.as_ref();
                Act::Delete {
                    with: self.with(delete.with_clause.as_ref()).0.into(),
                    table: self.relation(table),
                    only: table.is_some_and(|table| !table.inh),
                    alias: alias(table),
                    using: self.froms(&delete.using_clause).into(),
                    filter: self.optional(delete.where_clause.as_deref()).map(Box::new),
                    returning: self.returning(delete.returning_clause.as_ref()).into(),
                }
            }
            NodeEnum::MergeStmt(merge) => self.merge(merge),
            NodeEnum::TruncateStmt(truncate) => Act::Truncate {
                tables: self.relations(&truncate.relations),
                cascade: truncate.behavior() == DropBehavior::DropCascade,
                restart: truncate.restart_seqs,
            },
            NodeEnum::CopyStmt(copy) => self.copy(copy),
            NodeEnum::LockStmt(lock) => Act::Lock {
                tables: self.relations(&lock.relations),
                mode: Ident::new_static(lock_mode(lock.mode)),
                nowait: lock.nowait,
            },
            NodeEnum::DoStmt(block) => self.do_block(block),
            NodeEnum::CallStmt(call) => match &call.funccall {
                Some(call) => Act::Call(self.call(call)),
                None => Act::Opaque { why: Ident::new_static("the call names no procedure") },
            },
            NodeEnum::TransactionStmt(transaction) => transaction_of(transaction),
            NodeEnum::VariableSetStmt(set) => self.set_variable(set),
            NodeEnum::ExplainStmt(explain) => Act::Explain {
                statement: Box::new(self.statement(explain.query.as_deref())),
                analyze: explain.options.iter().any(|option| match &option.node {
                    Some(NodeEnum::DefElem(option)) => option.defname == "analyze" && is_on(option),
                    _ => false,
                }),
            },
            NodeEnum::PrepareStmt(prepare) => Act::Prepare {
                name: Ident::from(prepare.name.as_str()),
                kinds: those(&prepare.argtypes, |node| match &node.node {
                    Some(NodeEnum::TypeName(name)) => Some(self.type_name(Some(name))),
                    _ => None,
                }),
                statement: Box::new(self.statement(prepare.query.as_deref())),
            },
            NodeEnum::ExecuteStmt(execute) => Act::ExecutePrepared {
                name: Ident::from(execute.name.as_str()),
                arguments: self.exprs(&execute.params),
            },
            NodeEnum::DeclareCursorStmt(cursor) => Act::DeclareCursor {
                name: Ident::from(cursor.portalname.as_str()),
                query: Box::new(self.statement(cursor.query.as_deref())),
            },
            NodeEnum::RefreshMatViewStmt(refresh) => {
                Act::Refresh { name: self.relation(refresh.relation.as_ref()), concurrently: refresh.concurrent }
            }
            NodeEnum::CreateTableAsStmt(create) => self.create_table_as(create),
            NodeEnum::VariableShowStmt(_) => utility("show"),
            NodeEnum::FetchStmt(fetch) => utility(if fetch.ismove { "move" } else { "fetch" }),
            NodeEnum::ClosePortalStmt(_) => utility("close"),
            NodeEnum::ListenStmt(_) => utility("listen"),
            NodeEnum::UnlistenStmt(_) => utility("unlisten"),
            NodeEnum::NotifyStmt(_) => utility("notify"),
            NodeEnum::DeallocateStmt(deallocate) => Act::Deallocate { name: written(&deallocate.name) },
            NodeEnum::CheckPointStmt(_) => utility("checkpoint"),
            NodeEnum::LoadStmt(_) => utility("load"),
            NodeEnum::ConstraintsSetStmt(_) => utility("set constraints"),
            NodeEnum::DiscardStmt(discard) => {
                let all = discard.target() == protobuf::DiscardMode::DiscardAll;
                Act::Utility {
                    command: Ident::new_static(if all { "discard all" } else { "discard" }),
                    outside_transaction: all,
                    objects: Vec::new(),
                }
            }
            NodeEnum::VacuumStmt(vacuum) => Act::Utility {
                command: Ident::new_static(if vacuum.is_vacuumcmd { "vacuum" } else { "analyze" }),
                outside_transaction: vacuum.is_vacuumcmd,
                objects: vacuum
                    .rels
                    .iter()
                    .filter_map(|node| match &node.node {
                        Some(NodeEnum::VacuumRelation(relation)) => Some(self.relation(relation.relation.as_ref())),
                        _ => None,
                    })
                    .collect(),
            },
            NodeEnum::ClusterStmt(cluster) => Act::Utility {
                command: Ident::new_static("cluster"),
                outside_transaction: cluster.relation.is_none(),
                objects: cluster.relation.iter().map(|relation| self.relation(Some(relation))).collect(),
            },
            NodeEnum::ReindexStmt(reindex) => {
                let concurrently = reindex.params.iter().any(|option| match &option.node {
                    Some(NodeEnum::DefElem(option)) => option.defname == "concurrently" && is_on(option),
                    _ => false,
                });
                let whole = matches!(
                    reindex.kind(),
                    protobuf::ReindexObjectType::ReindexObjectSchema
                        | protobuf::ReindexObjectType::ReindexObjectSystem
                        | protobuf::ReindexObjectType::ReindexObjectDatabase
                );
                Act::Utility {
                    command: Ident::new_static("reindex"),
                    outside_transaction: concurrently || whole,
                    objects: reindex.relation.iter().map(|relation| self.relation(Some(relation))).collect(),
                }
            }
            NodeEnum::CreatedbStmt(_) => outside("create database"),
            NodeEnum::DropdbStmt(_) => outside("drop database"),
            NodeEnum::CreateTableSpaceStmt(_) => outside("create tablespace"),
            NodeEnum::DropTableSpaceStmt(_) => outside("drop tablespace"),
            NodeEnum::AlterSystemStmt(_) => outside("alter system"),
            NodeEnum::CreateSubscriptionStmt(_) => outside("create subscription"),
            NodeEnum::DropSubscriptionStmt(_) => outside("drop subscription"),
            NodeEnum::ReturnStmt(expression) => self.sql_return(expression),
            other => self
                .definition(other)
                .unwrap_or_else(|| Act::Opaque { why: crate::syntax::unread_statement(&node_name(other)) }),
        }
    }

    fn top_select(&self, select: &protobuf::SelectStmt) -> Act {
        let mut leftmost = select;
        while let Some(left) = leftmost.larg.as_deref() {
            leftmost = left;
        }
        let query = Box::new(self.query(select));
        let Some(into) = &leftmost.into_clause else { return Act::Select(query) };
        Act::CreateTableAs {
            name: self.relation(into.rel.as_ref()),
            materialized: false,
            if_not_exists: false,
            temporary: is_temporary(into.rel.as_ref()),
            columns: Vec::new(),
            source: Box::new(Statement { at: self.here(), act: Act::Select(query) }),
            empty: false,
            drop_on_commit: into.on_commit() == OnCommitAction::OncommitDrop,
            properties: property::relation(into.rel.as_ref(), "", "").into_iter().collect(),
        }
    }

    fn create_table_as(&self, create: &protobuf::CreateTableAsStmt) -> Act {
        let into = create.into.as_deref();
        let relation = into.and_then(|into| into.rel.as_ref());
        Act::CreateTableAs {
            name: self.relation(relation),
            materialized: create.objtype() == ObjectType::ObjectMatview,
            if_not_exists: create.if_not_exists,
            temporary: is_temporary(relation),
            columns: into.map(|into| strings(&into.col_names)).unwrap_or_default(),
            source: Box::new(self.statement(create.query.as_deref())),
            empty: into.is_some_and(|into| into.skip_data),
            drop_on_commit: into.is_some_and(|into| into.on_commit() == OnCommitAction::OncommitDrop),
            properties: into
                .into_iter()
                .flat_map(|into| {
                    property::relation(relation, &into.table_space_name, &into.access_method)
                        .into_iter()
                        .chain(property::storage(&into.options))
                })
                .collect(),
        }
    }

    /// `RETURN value` of a function whose body is written in the grammar.
    fn sql_return(&self, expression: &protobuf::ReturnStmt) -> Act {
        let value = self.expr(expression.returnval.as_deref());
        let select =
            crate::effect::Select { targets: vec![Target { value, alias: None }], ..crate::effect::Select::default() };
        Act::Select(Box::new(Query::of(self.here(), select.into())))
    }

    pub(super) fn relations(&self, nodes: &[Node]) -> Vec<Name> {
        those(nodes, |node| match &node.node {
            Some(NodeEnum::RangeVar(relation)) => Some(self.relation(Some(relation))),
            _ => None,
        })
    }

    fn returning(&self, clause: Option<&protobuf::ReturningClause>) -> Vec<Target> {
        clause.map(|clause| self.targets(&clause.exprs)).unwrap_or_default()
    }

    fn insert(&self, insert: &protobuf::InsertStmt) -> Act {
        let table = insert.relation.as_ref();
        let calls = |node: &Node| match &node.node {
            Some(NodeEnum::ResTarget(target)) => {
                self.subscripts(&target.indirection).iter().any(crate::effect::has_call)
            }
            _ => false,
        };
        if insert.cols.iter().any(calls) {
            return Act::Opaque { why: Ident::new_static(crate::syntax::CALLED_FOR_ELEMENT) };
        }
        let rows = match insert.select_stmt.as_deref() {
            Some(node) if node.node.is_some() => RowSource::Query(Box::new(self.query_of(Some(node)))),
            _ => RowSource::Defaults,
        };
        Act::Insert {
            with: self.with(insert.with_clause.as_ref()).0.into(),
            table: self.relation(table),
            alias: alias(table),
            columns: target_names(&insert.cols).into(),
            overriding: insert.r#override() != OverridingKind::OverridingNotSet,
            rows,
            conflict: insert.on_conflict_clause.as_deref().map(|conflict| Box::new(self.conflict(conflict))),
            returning: self.returning(insert.returning_clause.as_ref()).into(),
        }
    }

    fn conflict(&self, conflict: &protobuf::OnConflictClause) -> Conflict {
        let infer = conflict.infer.as_deref();
        let column = |node: &Node| match &node.node {
            Some(NodeEnum::IndexElem(element)) if element.expr.is_none() => {
                let name = Ident::from(element.name.as_str());
                crate::effect::Expr { at: self.here(), kind: ExprKind::Column(vec![name]) }
            }
            Some(NodeEnum::IndexElem(element)) => self.expr(element.expr.as_deref()),
            _ => self.expr(Some(node)),
        };
        let action = if conflict.action() == OnConflictAction::OnconflictUpdate {
            ConflictAction::Update {
                set: self.assignments(&conflict.target_list),
                filter: self.optional(conflict.where_clause.as_deref()),
            }
        } else {
            ConflictAction::Nothing
        };
        Conflict {
            columns: infer.map(|infer| infer.index_elems.iter().map(column).collect()).unwrap_or_default(),
            filter: infer.and_then(|infer| self.optional(infer.where_clause.as_deref())),
            constraint: infer.and_then(|infer| written(&infer.conname)),
            action,
        }
    }

    pub(super) fn assignments(&self, nodes: &[Node]) -> Vec<Assignment> {
        let assignment = |node: &Node| {
            let Some(NodeEnum::ResTarget(target)) = &node.node else { return None };
            let value = match target.val.as_deref().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::MultiAssignRef(reference)) => {
                    let source = reference.source.as_deref();
                    let column = usize::try_from(reference.colno - 1).unwrap_or(0);
                    match source.and_then(|node| node.node.as_ref()) {
                        Some(NodeEnum::RowExpr(row)) => self.expr(row.args.get(column)),
                        _ => self.expr(source),
                    }
                }
                _ => self.expr(target.val.as_deref()),
            };
            let subscripts = self.subscripts(&target.indirection);
            let value = value.within(subscripts);
            Some(Assignment { column: Ident::from(target.name.as_str()), value, at: self.at(target.location) })
        };
        those(nodes, assignment)
    }

    fn update(&self, update: &protobuf::UpdateStmt) -> Act {
        let table = update.relation.as_ref();
        Act::Update {
            with: self.with(update.with_clause.as_ref()).0.into(),
            table: self.relation(table),
            alias: alias(table),
            set: self.assignments(&update.target_list).into(),
            from: self.froms(&update.from_clause).into(),
            filter: self.optional(update.where_clause.as_deref()).map(Box::new),
            returning: self.returning(update.returning_clause.as_ref()).into(),
        }
    }

    fn merge(&self, merge: &protobuf::MergeStmt) -> Act {
        let table = merge.relation.as_ref();
        let branch = |node: &Node| {
            let Some(NodeEnum::MergeWhenClause(when)) = &node.node else { return None };
            let action = match when.command_type() {
                CmdType::CmdInsert => {
                    MergeAction::Insert { columns: target_names(&when.target_list), values: self.exprs(&when.values) }
                }
                CmdType::CmdUpdate => MergeAction::Update(self.assignments(&when.target_list)),
                CmdType::CmdDelete => MergeAction::Delete,
                _ => MergeAction::Nothing,
            };
            Some(MergeWhen {
                matched: when.match_kind() != MergeMatchKind::MergeWhenNotMatchedByTarget,
                condition: self.optional(when.condition.as_deref()),
                action,
            })
        };
        let nothing = Node { node: None };
        Act::Merge {
            with: self.with(merge.with_clause.as_ref()).0.into(),
            table: self.relation(table),
            alias: alias(table),
            source: Box::new(self.from(merge.source_relation.as_deref().unwrap_or(&nothing))),
            on: Box::new(self.expr(merge.join_condition.as_deref())),
            branches: those(&merge.merge_when_clauses, branch).into(),
            returning: self.returning(merge.returning_clause.as_ref()).into(),
        }
    }

    fn copy(&self, copy: &protobuf::CopyStmt) -> Act {
        let end = match copy.filename.as_str() {
            "" => CopyEnd::Client,
            name if copy.is_program => CopyEnd::Program(Ident::from(name)),
            name => CopyEnd::File(Ident::from(name)),
        };
        Act::Copy {
            table: copy.relation.as_ref().map(|relation| self.relation(Some(relation))),
            columns: strings(&copy.attlist),
            query: copy.query.as_deref().map(|query| Box::new(self.statement(Some(query)))),
            from: copy.is_from,
            filter: self.optional(copy.where_clause.as_deref()).map(Box::new),
            end,
        }
    }

    fn set_variable(&self, set: &protobuf::VariableSetStmt) -> Act {
        let (name, values) = match set.kind() {
            VariableSetKind::VarResetAll => ("all".to_owned(), Vec::new()),
            VariableSetKind::VarSetMulti => {
                let name = set.name.to_ascii_lowercase();
                let name = name.strip_prefix("session ").map_or(name.clone(), |_| "session characteristics".to_owned());
                (name, set.args.iter().filter_map(|node| self.option_value(node)).collect())
            }
            VariableSetKind::VarSetValue => (set.name.to_ascii_lowercase(), self.exprs(&set.args)),
            _ => (set.name.to_ascii_lowercase(), Vec::new()),
        };
        let transaction = set.is_local || name == "transaction" || name == "transaction snapshot";
        let scope = if transaction { Scope::Transaction } else { Scope::Session };
        Act::Set { name: Ident::from(name), values, scope }
    }

    /// The value of an option such as `transaction_read_only` in `SET TRANSACTION READ ONLY`:
    /// `name = value` as an operator.
    fn option_value(&self, node: &Node) -> Option<crate::effect::Expr> {
        let Some(NodeEnum::DefElem(option)) = &node.node else { return None };
        let at = self.at(option.location);
        let name = crate::effect::Expr { at, kind: ExprKind::Column(vec![Ident::from(option.defname.as_str())]) };
        let kind = ExprKind::Operator {
            operator: Ident::new_static("="),
            left: Some(Box::new(name)),
            right: Box::new(self.expr(option.arg.as_deref())),
        };
        Some(crate::effect::Expr { at, kind })
    }
}

/// Whether an option is on: without a value, or with one that is not a way to say no.
fn is_on(option: &protobuf::DefElem) -> bool {
    match option.arg.as_deref().and_then(|node| node.node.as_ref()) {
        None => true,
        Some(NodeEnum::Boolean(boolean)) => boolean.boolval,
        Some(NodeEnum::Integer(integer)) => integer.ival != 0,
        Some(NodeEnum::String(string)) => !matches!(string.sval.to_ascii_lowercase().as_str(), "off" | "false" | "0"),
        Some(_) => true,
    }
}

pub(super) fn is_temporary(relation: Option<&protobuf::RangeVar>) -> bool {
    relation.is_some_and(|relation| {
        relation.relpersistence == "t"
            || relation.schemaname == "pg_temp"
            || relation.schemaname.starts_with("pg_temp_")
    })
}

fn alias(relation: Option<&protobuf::RangeVar>) -> Option<Ident> {
    relation.and_then(|relation| super::expression::alias(relation.alias.as_ref()).0)
}

fn target_names(nodes: &[Node]) -> Vec<Ident> {
    those(nodes, |node| match &node.node {
        Some(NodeEnum::ResTarget(target)) => Some(Ident::from(target.name.as_str())),
        _ => None,
    })
}

fn utility(command: &'static str) -> Act {
    Act::Utility { command: Ident::new_static(command), outside_transaction: false, objects: Vec::new() }
}

fn outside(command: &'static str) -> Act {
    Act::Utility { command: Ident::new_static(command), outside_transaction: true, objects: Vec::new() }
}

/// PostgreSQL 15 manual, 13.3.1: the table-level lock modes, by their numbers.
fn lock_mode(mode: i32) -> &'static str {
    match mode {
        1 => "access share",
        2 => "row share",
        3 => "row exclusive",
        4 => "share update exclusive",
        5 => "share",
        6 => "share row exclusive",
        7 => "exclusive",
        _ => "access exclusive",
    }
}

fn transaction_of(transaction: &protobuf::TransactionStmt) -> Act {
    let savepoint = || Ident::from(transaction.savepoint_name.as_str());
    let read_only = || {
        transaction.options.iter().any(|option| match &option.node {
            Some(NodeEnum::DefElem(option)) => {
                option.defname == "transaction_read_only" && option.arg.as_deref().is_some_and(is_one)
            }
            _ => false,
        })
    };
    Act::Transaction(match transaction.kind() {
        TransactionStmtKind::TransStmtCommit => Transaction::Commit { chain: transaction.chain },
        TransactionStmtKind::TransStmtRollback => Transaction::Rollback { chain: transaction.chain },
        TransactionStmtKind::TransStmtSavepoint => Transaction::Savepoint(savepoint()),
        TransactionStmtKind::TransStmtRelease => Transaction::Release(savepoint()),
        TransactionStmtKind::TransStmtRollbackTo => Transaction::RollbackTo(savepoint()),
        TransactionStmtKind::TransStmtPrepare => Transaction::Prepare,
        TransactionStmtKind::TransStmtCommitPrepared => Transaction::CommitPrepared,
        TransactionStmtKind::TransStmtRollbackPrepared => Transaction::RollbackPrepared,
        TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart | TransactionStmtKind::Undefined => {
            Transaction::Begin { read_only: read_only() }
        }
    })
}

fn is_one(node: &Node) -> bool {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(protobuf::a_const::Val::Ival(integer)) => integer.ival == 1,
            Some(protobuf::a_const::Val::Boolval(boolean)) => boolean.boolval,
            _ => false,
        },
        _ => items(node).first().is_some_and(is_one) || string(node) == Some("on"),
    }
}

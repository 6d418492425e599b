//! What a statement does, by its kind, and the statements that neither define nor change rows.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::tree::Node;
use crate::effect::{Act, Expr, ExprKind, Ident, Name, Query, Scope, Select, Statement, Target, Transaction};

impl Lower<'_> {
    pub(super) fn act(&self, node: Node) -> Act {
        if node.is_query() {
            return self.top_query(node);
        }
        match node.kind() {
            K::INSERT => self.insert(node),
            K::UPDATE => self.update(node),
            K::DELETE => self.delete(node),
            K::MERGE => self.merge(node),
            K::COPY => self.copy(node),
            K::TRUNCATE => Act::Truncate {
                tables: self.relations(node.child(K::TABLE_LIST)),
                cascade: node.has(K::CASCADE),
                restart: node.has(K::RESTART_IDENTITY),
            },
            K::LOCK => Act::Lock {
                tables: self.relations(node.child(K::RELATION_LIST)),
                mode: self.lock_mode(node),
                nowait: node.has(K::NOWAIT),
            },
            K::DO => self.do_block(node),
            K::CALL => {
                let call = match (node.child(K::PROCEDURE_NAME_REF), node.child(K::ARG_LIST)) {
                    (Some(name), Some(list)) => self.applied(node, self.path(name), name, list),
                    _ => self.unread(node),
                };
                Act::Call(self.expr_of(call, node))
            }
            K::SET
            | K::SET_TRANSACTION
            | K::SET_ROLE
            | K::SET_SESSION_AUTH
            | K::RESET
            | K::RESET_ROLE
            | K::RESET_SESSION_AUTH => self.setting(node),
            K::EXPLAIN => self.explain(node),
            K::PREPARE => Act::Prepare {
                name: self.ident(node.child(K::PREPARED_STATEMENT)),
                kinds: node
                    .child(K::PARAM_LIST)
                    .map(|list| self.parameters(list).into_iter().map(|parameter| parameter.kind).collect())
                    .unwrap_or_default(),
                statement: self.inner(node.nodes().last(), node),
            },
            K::DEALLOCATE => {
                Act::Deallocate { name: node.child(K::PREPARED_STATEMENT_REF).map(|name| self.ident(Some(name))) }
            }
            K::EXECUTE => Act::ExecutePrepared {
                name: self.ident(node.child(K::PREPARED_STATEMENT_REF)),
                arguments: node.child(K::ARG_LIST).map(|list| self.arguments(list)).unwrap_or_default(),
            },
            K::DECLARE => {
                Act::DeclareCursor { name: self.ident(node.child(K::CURSOR)), query: self.inner(node.query(), node) }
            }
            K::REFRESH => Act::Refresh {
                name: self.name_of(node.child(K::VIEW_REF), node),
                concurrently: node.has(K::CONCURRENTLY_KW),
            },
            _ => self.transaction(node).or_else(|| self.utility(node)).unwrap_or_else(|| self.definition(node)),
        }
    }

    /// A statement within another.
    pub(super) fn inner(&self, node: Option<Node>, within: Node) -> Box<Statement> {
        let opaque = || Statement {
            at: self.whole(within),
            act: Act::Opaque { why: Ident::new_static("the parser gave no statement") },
        };
        Box::new(node.map_or_else(opaque, |node| self.statement(node)))
    }

    fn top_query(&self, node: Node) -> Act {
        let mut first = node;
        while let (K::COMPOUND_SELECT | K::PAREN_SELECT | K::PAREN_EXPR, Some(inner)) =
            (first.kind(), first.nodes().find(|child| child.is_query() || child.kind() == K::PAREN_EXPR))
        {
            first = inner;
        }
        let query = Box::new(self.query(node));
        let Some(into) = first.child(K::INTO_CLAUSE) else { return Act::Select(query) };
        let name = self.name_of(into.child(K::TABLE_NAME), into);
        Act::CreateTableAs {
            temporary: is_temporary(into, &name),
            name,
            materialized: false,
            if_not_exists: false,
            columns: Vec::new(),
            source: Box::new(Statement { at: self.whole(node), act: Act::Select(query) }),
            empty: false,
            drop_on_commit: false,
            properties: self.kept(into).into_iter().collect(),
        }
    }

    /// `RETURN value` of a function whose body is written in the grammar.
    pub(super) fn sql_return(&self, node: Node) -> Act {
        let select = Select {
            targets: vec![Target { value: self.demanded(node.expr(), node), alias: None }],
            ..Select::default()
        };
        Act::Select(Box::new(Query::of(self.at(node), select.into())))
    }

    /// The names in a list of relations.
    pub(super) fn relations(&self, list: Option<Node>) -> Vec<Name> {
        list.into_iter().flat_map(Node::nodes).map(|relation| self.relation(relation)).collect()
    }

    fn lock_mode(&self, node: Node) -> Ident {
        let mode = node.child(K::LOCK_MODE_CLAUSE).and_then(|clause| clause.nodes().next());
        let words = mode.map(|mode| mode.tokens().map(|token| self.word(token)).collect::<Vec<_>>().join(" "));
        words.map_or(Ident::new_static("access exclusive"), Ident::from)
    }

    fn transaction(&self, node: Node) -> Option<Act> {
        let chain = node.has(K::AND_CHAIN);
        Some(Act::Transaction(match node.kind() {
            K::BEGIN => {
                let modes = node.child(K::TRANSACTION_MODE_LIST);
                Transaction::Begin { read_only: modes.is_some_and(|modes| modes.has(K::READ_ONLY)) }
            }
            K::COMMIT_TRANSACTION => Transaction::Commit { chain },
            K::ROLLBACK_TRANSACTION => Transaction::Rollback { chain },
            K::SAVEPOINT_CREATE => Transaction::Savepoint(self.ident(node.child(K::SAVEPOINT))),
            K::RELEASE_SAVEPOINT => Transaction::Release(self.ident(node.child(K::SAVEPOINT_REF))),
            K::ROLLBACK_TO_SAVEPOINT => Transaction::RollbackTo(self.ident(node.child(K::SAVEPOINT_REF))),
            K::PREPARE_TRANSACTION => Transaction::Prepare,
            K::COMMIT_PREPARED => Transaction::CommitPrepared,
            K::ROLLBACK_PREPARED => Transaction::RollbackPrepared,
            _ => return None,
        }))
    }

    fn utility(&self, node: Node) -> Option<Act> {
        let (command, outside) = match node.kind() {
            K::SHOW => ("show", false),
            K::FETCH => ("fetch", false),
            K::MOVE => ("move", false),
            K::CLOSE => ("close", false),
            K::LISTEN => ("listen", false),
            K::UNLISTEN => ("unlisten", false),
            K::NOTIFY => ("notify", false),
            K::CHECKPOINT => ("checkpoint", false),
            K::LOAD => ("load", false),
            K::SET_CONSTRAINTS => ("set constraints", false),
            K::DISCARD if node.has(K::DISCARD_ALL) => ("discard all", true),
            K::DISCARD => ("discard", false),
            K::VACUUM => ("vacuum", true),
            K::ANALYZE => ("analyze", false),
            K::CLUSTER => ("cluster", !node.has(K::TABLE_NAME_REF) && !node.has(K::CLUSTER_LEGACY)),
            K::REINDEX => ("reindex", Self::reindexes_outside(node)),
            K::CREATE_DATABASE => ("create database", true),
            K::DROP_DATABASE => ("drop database", true),
            K::CREATE_TABLESPACE => ("create tablespace", true),
            K::DROP_TABLESPACE => ("drop tablespace", true),
            K::ALTER_SYSTEM => ("alter system", true),
            K::CREATE_SUBSCRIPTION => ("create subscription", true),
            K::DROP_SUBSCRIPTION => ("drop subscription", true),
            _ => return None,
        };
        let objects = match node.kind() {
            K::VACUUM | K::ANALYZE => {
                let tables = node.child(K::TABLE_AND_COLUMNS_LIST).into_iter().flat_map(Node::nodes);
                tables
                    .filter_map(|table| table.child(K::TABLE_RELATION_NAME))
                    .map(|table| self.relation(table))
                    .collect()
            }
            K::CLUSTER => {
                let legacy = node.child(K::CLUSTER_LEGACY).and_then(|legacy| legacy.child(K::ON_PATH)).unwrap_or(node);
                self.names(legacy.all(K::TABLE_NAME_REF))
            }
            K::REINDEX => {
                let target = node.child_of(&[K::REINDEX_TARGET_INDEX, K::REINDEX_TARGET_TABLE]);
                self.names(target.into_iter().flat_map(Node::nodes))
            }
            _ => Vec::new(),
        };
        Some(Act::Utility { command: Ident::new_static(command), outside_transaction: outside, objects })
    }

    fn reindexes_outside(node: Node) -> bool {
        let whole = [K::REINDEX_TARGET_SCHEMA, K::REINDEX_TARGET_SYSTEM, K::REINDEX_TARGET_DATABASE];
        let option = node
            .child(K::REINDEX_OPTION_LIST)
            .and_then(|list| list.all(K::REINDEX_OPTION_CONCURRENTLY).find(|option| is_on(*option)));
        node.nodes().any(|target| {
            whole.contains(&target.kind()) || target.has(K::CONCURRENTLY_KW) && target.kind() != K::REINDEX_OPTION_LIST
        }) || option.is_some()
    }

    fn explain(&self, node: Node) -> Act {
        let options = node.child(K::EXPLAIN_OPTION_LIST);
        let is_analyze = |option: &Node| {
            let name = option.child(K::EXPLAIN_OPTION_NAME).map(|name| self.ident(Some(name)));
            name.is_some_and(|name| name == "analyze" || name == "analyse") && is_on(*option)
        };
        Act::Explain {
            statement: self.inner(node.nodes().last(), node),
            analyze: node.has(K::EXPLAIN_ANALYZE)
                || options.is_some_and(|options| options.all(K::EXPLAIN_OPTION).any(|option| is_analyze(&option))),
        }
    }

    pub(super) fn setting(&self, node: Node) -> Act {
        let mut local = node.has(K::LOCAL_SCOPE);
        let text = |node: Option<Node>| -> Vec<Expr> { node.map(|node| self.config_value(node)).into_iter().collect() };
        let (name, values) = match node.kind() {
            K::SET_ROLE => ("role".into(), text(node.child_of(&[K::ROLE_REF, K::LITERAL, K::SET_ROLE_NONE]))),
            K::SET_SESSION_AUTH => ("session_authorization".into(), text(node.child_of(&[K::ROLE_REF, K::LITERAL]))),
            K::RESET_ROLE => ("role".into(), Vec::new()),
            K::RESET_SESSION_AUTH => ("session_authorization".into(), Vec::new()),
            K::RESET => (self.reset_name(node), Vec::new()),
            K::SET_TRANSACTION => match node.nodes().next() {
                Some(modes) if modes.kind() == K::TRANSACTION_SNAPSHOT => {
                    local = true;
                    ("transaction snapshot".into(), Vec::new())
                }
                Some(modes) => {
                    let session = modes.kind() == K::SESSION_CHARACTERISTICS;
                    local = !session;
                    let name = if session { "session characteristics" } else { "transaction" };
                    (name.into(), self.modes(modes))
                }
                None => (Ident::default(), Vec::new()),
            },
            _ => self.set_target(node),
        };
        Act::Set { name, values, scope: if local { Scope::Transaction } else { Scope::Session } }
    }

    fn set_target(&self, node: Node) -> (Ident, Vec<Expr>) {
        let Some(target) = node.nodes().find(|child| !matches!(child.kind(), K::LOCAL_SCOPE | K::SESSION_SCOPE)) else {
            return (Ident::default(), Vec::new());
        };
        match target.kind() {
            K::SET_TIME_ZONE => {
                let value = target.nodes().next().map(|value| self.config_value(value));
                ("timezone".into(), value.into_iter().collect())
            }
            K::SET_SCHEMA_VALUE => (
                "search_path".into(),
                target.nodes().next().map(|value| self.config_value(value)).into_iter().collect(),
            ),
            K::SET_XML_OPTION => {
                let option = if target.has(K::XML_DOCUMENT) { "DOCUMENT" } else { "CONTENT" };
                ("xmloption".into(), vec![self.expr_of(ExprKind::Text(Ident::new_static(option)), target)])
            }
            K::SET_CONFIG => self.configuration(target),
            _ => (Ident::default(), vec![self.expr_of(self.unread(target), target)]),
        }
    }

    /// `name = values` of `SET`, also of the one that belongs to a function.
    pub(super) fn configuration(&self, node: Node) -> (Ident, Vec<Expr>) {
        let parameter = node.child(K::CONFIG_PARAMETER_REF);
        let mut name = parameter.map(|name| self.parameter(name)).unwrap_or_default();
        let names =
            parameter.and_then(|parameter| parameter.tokens().next()).is_some_and(|word| word.kind() == K::NAMES_KW);
        let value = node.child(K::TO_CONFIG_VALUE);
        // `SET NAMES 'utf8'` has no sign before its value.
        if names && value.is_some_and(|value| !value.has(K::EQ) && !value.has(K::TO_KW)) {
            name = Ident::new_static("client_encoding");
        }
        let values = value.map(|values| values.nodes().map(|value| self.config_value(value)).collect());
        (name, values.unwrap_or_default())
    }

    fn parameter(&self, name: Node) -> Ident {
        let name = self.path(name).join(".");
        Ident::from(name.to_ascii_lowercase())
    }

    fn reset_name(&self, node: Node) -> Ident {
        match node.nodes().next() {
            Some(all) if all.kind() == K::ALL => "all".into(),
            Some(zone) if zone.kind() == K::RESET_TIME_ZONE => "timezone".into(),
            Some(level) if level.kind() == K::RESET_TRANSACTION_ISOLATION => "transaction_isolation".into(),
            Some(name) => self.parameter(name),
            None => Ident::default(),
        }
    }

    /// A value of a setting: words are texts there.
    fn config_value(&self, node: Node) -> Expr {
        let kind = match node.kind() {
            K::LITERAL => match node.first() {
                Some(word) if matches!(word.kind(), K::TRUE_KW | K::FALSE_KW | K::ON_KW | K::OFF_KW) => {
                    ExprKind::Text(self.word(word))
                }
                Some(word) if matches!(word.kind(), K::NULL_KW | K::DEFAULT_KW) => self.unread(word),
                _ => return self.expr(node),
            },
            K::PREFIX_EXPR if node.has(K::PLUS) => return self.demanded(node.expr(), node),
            _ if node.is_expr() && node.kind() != K::NAME_REF => return self.expr(node),
            K::ROLE_REF => ExprKind::Text(self.role(node)),
            _ => ExprKind::Text(self.ident(Some(node))),
        };
        self.expr_of(kind, node)
    }

    /// The modes of a transaction as `name = value`.
    fn modes(&self, node: Node) -> Vec<Expr> {
        let list = node.child(K::TRANSACTION_MODE_LIST);
        let mode = |mode: Node| {
            let number = |number: &'static str| ExprKind::Number(Ident::new_static(number));
            let text = |text: &'static str| ExprKind::Text(Ident::new_static(text));
            let (name, value) = match mode.kind() {
                K::SERIALIZABLE => ("transaction_isolation", text("serializable")),
                K::REPEATABLE_READ => ("transaction_isolation", text("repeatable read")),
                K::READ_COMMITTED => ("transaction_isolation", text("read committed")),
                K::READ_UNCOMMITTED => ("transaction_isolation", text("read uncommitted")),
                K::READ_ONLY => ("transaction_read_only", number("1")),
                K::READ_WRITE => ("transaction_read_only", number("0")),
                K::DEFERRABLE => ("transaction_deferrable", number("1")),
                _ => ("transaction_deferrable", number("0")),
            };
            let name = self.expr_of(ExprKind::Column(vec![Ident::new_static(name)]), mode);
            let kind = ExprKind::Operator {
                operator: Ident::new_static("="),
                left: Some(Box::new(name)),
                right: Box::new(self.expr_of(value, mode)),
            };
            self.expr_of(kind, mode)
        };
        list.map(|list| list.nodes().map(mode).collect()).unwrap_or_default()
    }
}

/// Whether an option is on: without a value, or with one that is not a way to say no.
fn is_on(option: Node) -> bool {
    let value = option.tokens().last().filter(|_| option.tokens().nth(1).is_some());
    let Some(value) = value else { return true };
    let word = value.text().trim_matches('\'').to_ascii_lowercase();
    !matches!(word.as_str(), "off" | "false" | "0")
}

/// Whether the relation lives in the session only.
pub(super) fn is_temporary(within: Node, name: &Name) -> bool {
    let schema = name.schema.as_deref().unwrap_or_default();
    within.has(K::TEMP) || schema == "pg_temp" || schema.starts_with("pg_temp_")
}

//! Statements that change rows.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::tree::Node;
use crate::effect::{
    Act, Assignment, Conflict, ConflictAction, CopyEnd, Cte, Expr, ExprKind, From, Ident, MergeAction, MergeWhen,
    RowSource, Statement, Target,
};

impl Lower<'_> {
    pub(super) fn statement(&self, node: Node) -> Statement {
        Statement { at: self.whole(node), act: self.act(node) }
    }

    fn ctes(&self, node: Node) -> Vec<Cte> {
        node.child(K::WITH_CLAUSE).map(|clause| self.with(clause)).unwrap_or_default()
    }

    fn returning(&self, node: Node) -> Vec<Target> {
        node.child(K::RETURNING_CLAUSE).map(|clause| self.targets(clause)).unwrap_or_default()
    }

    /// The alias of the table that is changed.
    fn table_alias(&self, node: Node) -> Option<Ident> {
        let alias = node.child_of(&[K::REQUIRED_AS_ALIAS, K::OPTIONAL_AS_ALIAS])?;
        alias.child(K::TABLE_ALIAS).map(|name| self.ident(Some(name)))
    }

    fn target_columns(&self, node: Node) -> Vec<Ident> {
        let list = node.child(K::COLUMN_TARGET_LIST);
        let column = |target: Node| self.ident(target.child(K::COLUMN_NAME_REF));
        list.map(|list| list.all(K::COLUMN_TARGET).map(column).collect()).unwrap_or_default()
    }

    pub(super) fn insert(&self, node: Node) -> Act {
        let targets = node.child(K::COLUMN_TARGET_LIST).into_iter().flat_map(|list| list.all(K::COLUMN_TARGET));
        if targets.flat_map(|target| self.subscripts(target)).any(|subscript| crate::effect::has_call(&subscript)) {
            return Act::Opaque { why: Ident::new_static(crate::syntax::CALLED_FOR_ELEMENT) };
        }
        Act::Insert {
            with: self.ctes(node).into(),
            table: self.name_of(node.child(K::RELATION_NAME_REF), node),
            alias: self.table_alias(node),
            columns: self.target_columns(node).into(),
            overriding: node.has(K::OVERRIDING_SYSTEM_VALUE) || node.has(K::OVERRIDING_USER_VALUE),
            rows: match node.query() {
                Some(query) => RowSource::Query(Box::new(self.query(query))),
                None => RowSource::Defaults,
            },
            conflict: node.child(K::ON_CONFLICT_CLAUSE).map(|conflict| Box::new(self.conflict(conflict))),
            returning: self.returning(node).into(),
        }
    }

    fn conflict(&self, node: Node) -> Conflict {
        let index = node.child(K::CONFLICT_ON_INDEX);
        let items = index.and_then(|index| index.child(K::CONFLICT_INDEX_ITEM_LIST));
        let item = |item: Node| self.index_expression(item);
        let action = match node.child(K::CONFLICT_DO_UPDATE_SET) {
            Some(update) => ConflictAction::Update { set: self.assignments(update), filter: self.filter_of(update) },
            None => ConflictAction::Nothing,
        };
        Conflict {
            columns: items.map(|list| list.all(K::CONFLICT_INDEX_ITEM).map(item).collect()).unwrap_or_default(),
            filter: index.and_then(|index| self.filter_of(index)),
            constraint: node.child(K::CONFLICT_ON_CONSTRAINT).map(|on| self.ident(on.child(K::CONSTRAINT_NAME_REF))),
            action,
        }
    }

    /// The expression of an index item; its collation is no part of it.
    pub(super) fn index_expression(&self, item: Node) -> Expr {
        let mut value = item.expr();
        if let Some(collate) = value.filter(|value| value.kind() == K::COLLATE) {
            value = collate.expr();
        }
        self.demanded(value, item)
    }

    /// `SET a = 1, (b, c) = (2, 3)`
    pub(super) fn assignments(&self, within: Node) -> Vec<Assignment> {
        let list = within.child(K::SET_CLAUSE).and_then(|clause| clause.child(K::SET_COLUMN_LIST));
        let mut assignments = Vec::new();
        for set in list.into_iter().flat_map(Node::nodes) {
            let assignment = |target: Node, value: Expr| {
                let column = target.child(K::COLUMN_NAME_REF);
                let value = value.within(self.subscripts(target));
                Assignment { column: self.ident(column), value, at: self.at(column.unwrap_or(target)) }
            };
            if let Some(target) = set.child(K::COLUMN_TARGET) {
                assignments.push(assignment(target, self.set_value(set)));
                continue;
            }
            let Some(targets) = set.child(K::COLUMN_TARGET_LIST) else { continue };
            let row = set
                .child(K::SET_EXPR_LIST)
                .filter(|list| list.has(K::ROW_KW) || list.all(K::SET_EXPR).nth(1).is_some());
            let mut values: Vec<Expr> =
                row.into_iter().flat_map(|row| row.all(K::SET_EXPR)).map(|value| self.set_expr(value)).collect();
            values.reverse();
            for target in targets.all(K::COLUMN_TARGET) {
                let value = match row {
                    Some(row) => values.pop().unwrap_or_else(|| self.expr_of(ExprKind::Null, row)),
                    None => self.set_value(set),
                };
                assignments.push(assignment(target, value));
            }
        }
        assignments
    }

    /// What stands in the brackets behind a column that is set.
    fn subscripts(&self, target: Node) -> Vec<Expr> {
        let accessors = target.nodes().filter(|node| matches!(node.kind(), K::INDEX_ACCESSOR | K::SLICE_ACCESSOR));
        accessors.flat_map(|accessor| self.exprs(accessor.exprs())).collect()
    }

    fn set_value(&self, set: Node) -> Expr {
        let list = set.child(K::SET_EXPR_LIST).unwrap_or(set);
        match list.child(K::SET_EXPR) {
            Some(value) => self.set_expr(value),
            None => self.demanded(set.query(), set),
        }
    }

    fn set_expr(&self, node: Node) -> Expr {
        match node.expr() {
            Some(value) => self.expr(value),
            None if node.has(K::DEFAULT_KW) => self.expr_of(ExprKind::Default, node),
            None => self.expr_of(self.unread(node), node),
        }
    }

    /// `WHERE`, `WHERE CURRENT OF` among it.
    fn filter_or_cursor(&self, node: Node) -> Option<Expr> {
        let Some(current) = node.child(K::WHERE_CURRENT_OF) else { return self.filter_of(node) };
        Some(self.expr_of(ExprKind::CurrentOf(self.ident(current.child(K::CURSOR_REF))), current))
    }

    fn changed(&self, node: Node) -> crate::effect::Name {
        match node.child_of(&[K::RELATION_NAME, K::TABLE_RELATION_NAME]) {
            Some(relation) => self.relation(relation),
            None => self.name_of(None, node),
        }
    }

    pub(super) fn update(&self, node: Node) -> Act {
        Act::Update {
            with: self.ctes(node).into(),
            table: self.changed(node),
            alias: self.table_alias(node),
            set: self.assignments(node).into(),
            from: node.child(K::FROM_CLAUSE).map(|from| self.froms(from)).unwrap_or_default().into(),
            filter: self.filter_or_cursor(node).map(Box::new),
            returning: self.returning(node).into(),
        }
    }

    pub(super) fn delete(&self, node: Node) -> Act {
        let relation = node.child_of(&[K::RELATION_NAME, K::TABLE_RELATION_NAME]);
        Act::Delete {
            with: self.ctes(node).into(),
            table: self.changed(node),
            only: relation.is_some_and(|relation| relation.has(K::ONLY_KW)),
            alias: self.table_alias(node),
            using: node.child(K::USING_CLAUSE).map(|using| self.froms(using)).unwrap_or_default().into(),
            filter: self.filter_or_cursor(node).map(Box::new),
            returning: self.returning(node).into(),
        }
    }

    pub(super) fn merge(&self, node: Node) -> Act {
        let using = node.child(K::USING_ON_CLAUSE).unwrap_or(node);
        let on = using.child(K::ON_CLAUSE).unwrap_or(using);
        let source = using.nodes().find(|child| child.kind() != K::ON_CLAUSE);
        let nothing =
            || From::Other { what: Ident::new_static("unread"), relation: None, parts: Vec::new(), alias: None };
        let whens = [K::MERGE_WHEN_MATCHED, K::MERGE_WHEN_NOT_MATCHED_SOURCE, K::MERGE_WHEN_NOT_MATCHED_TARGET];
        Act::Merge {
            with: self.ctes(node).into(),
            table: self.changed(node),
            alias: self.table_alias(node),
            source: Box::new(source.map_or_else(nothing, |source| self.from(source))),
            on: Box::new(self.demanded(on.expr(), on)),
            branches: node.nodes().filter(|when| whens.contains(&when.kind())).map(|when| self.branch(when)).collect(),
            returning: self.returning(node).into(),
        }
    }

    fn branch(&self, when: Node) -> MergeWhen {
        let action = match when.child_of(&[K::MERGE_INSERT, K::MERGE_UPDATE, K::MERGE_DELETE]) {
            Some(insert) if insert.kind() == K::MERGE_INSERT => {
                let row = insert.child(K::VALUES).and_then(|values| values.child(K::ROW_LIST)?.child(K::ROW));
                MergeAction::Insert {
                    columns: self.target_columns(insert),
                    values: row.map(|row| self.exprs(row.exprs())).unwrap_or_default(),
                }
            }
            Some(update) if update.kind() == K::MERGE_UPDATE => MergeAction::Update(self.assignments(update)),
            Some(_) => MergeAction::Delete,
            None => MergeAction::Nothing,
        };
        let matched = when.kind() != K::MERGE_WHEN_NOT_MATCHED_TARGET;
        let fits = match action {
            MergeAction::Insert { .. } => !matched,
            MergeAction::Update(_) | MergeAction::Delete => matched,
            MergeAction::Nothing => true,
        };
        if !fits {
            self.refuse("the branch cannot act so".to_owned(), when);
        }
        MergeWhen {
            matched,
            condition: when.child(K::MERGE_CONDITION).map(|condition| self.demanded(condition.expr(), condition)),
            action,
        }
    }

    pub(super) fn copy(&self, node: Node) -> Act {
        let table = node.child(K::COPY_TABLE);
        let query = node.child(K::COPY_QUERY).and_then(|query| query.nodes().next());
        let direction = node.child_of(&[K::COPY_FROM, K::COPY_TO]);
        let program = direction.and_then(|direction| direction.child(K::COPY_PROGRAM));
        let end = match program {
            None => CopyEnd::Client,
            Some(program) => {
                let name = program.child(K::LITERAL).map(|name| self.text_of(name)).unwrap_or_default();
                match name.as_str() {
                    "" => CopyEnd::Client,
                    _ if program.has(K::PROGRAM_KW) => CopyEnd::Program(name),
                    _ => CopyEnd::File(name),
                }
            }
        };
        let columns = table.and_then(|table| table.child(K::COLUMN_REF_LIST));
        if query.is_some() && direction.is_none_or(|direction| direction.kind() == K::COPY_FROM) {
            self.refuse("a query is no place to copy to".to_owned(), direction.unwrap_or(node));
        }
        Act::Copy {
            table: table.map(|table| self.name_of(table.child(K::TABLE_NAME_REF), table)),
            columns: columns.map(|list| self.idents(list.all(K::COLUMN_NAME_REF))).unwrap_or_default(),
            query: query.map(|query| Box::new(self.statement(query))),
            from: direction.is_some_and(|direction| direction.kind() == K::COPY_FROM),
            filter: node.child(K::WHERE_CLAUSE).and_then(Node::expr).map(|filter| Box::new(self.expr(filter))),
            end,
        }
    }
}

//! Goes through trees: every act, query, expression, `FROM` item and step, outside before
//! inside, in the order in which they are written.

use super::{
    Act, AlterAction, Block, Body, Column, Conflict, ConflictAction, Constraint, ConstraintKind, Cte, CteBody, Expr,
    ExprKind, From, IndexOf, Iteration, MergeAction, Query, QueryBody, RowSource, Statement, Step, StepKind,
    SubqueryKind, Target,
};

/// What is done at each node. A method that is not overridden goes on into the node; one
/// that is goes on by calling the `walk_` function of the same name, or does not.
pub trait Visit<'a>: Sized {
    /// A statement, also one inside another and inside a body.
    fn statement(&mut self, statement: &'a Statement) {
        walk_statement(self, statement);
    }
    /// What a statement does, and the `INSERT`, `UPDATE`, `DELETE` or `MERGE` of a CTE.
    fn act(&mut self, act: &'a Act) {
        walk_act(self, act);
    }
    /// A query, also one inside an expression.
    fn query(&mut self, query: &'a Query) {
        walk_query(self, query);
    }
    /// An item of `FROM` or `USING`.
    fn from(&mut self, from: &'a From) {
        walk_from(self, from);
    }
    /// An expression.
    fn expr(&mut self, expr: &'a Expr) {
        walk_expr(self, expr);
    }
    /// The body of DO, of a function or of a procedure.
    fn body(&mut self, body: &'a Body) {
        match body {
            Body::PlPgSql(block) => self.block(block),
            Body::Sql(statements) => statements.iter().for_each(|statement| self.statement(statement)),
            Body::Opaque { .. } => {}
        }
    }
    /// A block of PL/pgSQL.
    fn block(&mut self, block: &'a Block) {
        walk_block(self, block);
    }
    /// A statement of PL/pgSQL.
    fn step(&mut self, step: &'a Step) {
        walk_step(self, step);
    }
}

/// Looks for an expression that is of a kind.
struct Search<F> {
    is_it: F,
    found: bool,
}

impl<'a, F: FnMut(&'a Expr) -> bool> Visit<'a> for Search<F> {
    fn expr(&mut self, expr: &'a Expr) {
        self.found = self.found || (self.is_it)(expr);
        if !self.found {
            walk_expr(self, expr);
        }
    }
}

/// Whether an expression, or one within it, queries and all, is of a kind.
pub fn any<'a>(expr: &'a Expr, is_it: impl FnMut(&'a Expr) -> bool) -> bool {
    let mut search = Search { is_it, found: false };
    search.expr(expr);
    search.found
}

/// Whether an expression anywhere in an item of `FROM` is of a kind.
pub fn any_in_from<'a>(from: &'a From, is_it: impl FnMut(&'a Expr) -> bool) -> bool {
    let mut search = Search { is_it, found: false };
    search.from(from);
    search.found
}

/// Whether a function is called anywhere in an expression.
#[must_use]
pub fn has_call(expr: &Expr) -> bool {
    any(expr, |expr| matches!(expr.kind, ExprKind::Call { .. }))
}

/// Into a statement.
pub fn walk_statement<'a>(visit: &mut impl Visit<'a>, statement: &'a Statement) {
    visit.act(&statement.act);
}

/// Into what a statement does.
pub fn walk_act<'a>(visit: &mut impl Visit<'a>, act: &'a Act) {
    match act {
        Act::Set { values, .. } => exprs(visit, values),
        Act::Select(query) => visit.query(query),
        Act::Insert { with, rows, conflict, returning, .. } => {
            ctes(visit, with);
            if let RowSource::Query(query) = rows {
                visit.query(query);
            }
            if let Some(conflict) = conflict {
                walk_conflict(visit, conflict);
            }
            targets(visit, returning);
        }
        Act::Update { with, set, from, filter, returning, .. } => {
            ctes(visit, with);
            set.iter().for_each(|assignment| visit.expr(&assignment.value));
            from.iter().for_each(|from| visit.from(from));
            filter.iter().for_each(|filter| visit.expr(filter));
            targets(visit, returning);
        }
        Act::Delete { with, using, filter, returning, .. } => {
            ctes(visit, with);
            using.iter().for_each(|from| visit.from(from));
            filter.iter().for_each(|filter| visit.expr(filter));
            targets(visit, returning);
        }
        Act::Merge { with, source, on, branches, returning, .. } => {
            ctes(visit, with);
            visit.from(source);
            visit.expr(on);
            for branch in branches {
                branch.condition.iter().for_each(|condition| visit.expr(condition));
                match &branch.action {
                    MergeAction::Insert { values, .. } => exprs(visit, values),
                    MergeAction::Update(set) => set.iter().for_each(|assignment| visit.expr(&assignment.value)),
                    MergeAction::Nothing | MergeAction::Delete => {}
                }
            }
            targets(visit, returning);
        }
        Act::Copy { query, filter, .. } => {
            query.iter().for_each(|query| visit.statement(query));
            filter.iter().for_each(|filter| visit.expr(filter));
        }
        Act::Do(body) => visit.body(body),
        Act::Call(call) => visit.expr(call),
        Act::CreateTable { columns: cs, constraints, bounds, .. } => {
            columns(visit, cs);
            constraints.iter().for_each(|constraint| walk_constraint(visit, constraint));
            exprs(visit, bounds);
        }
        Act::CreateTableAs { source, .. } => visit.statement(source),
        Act::CreateView { query, .. } => visit.query(query),
        Act::CreateIndex { parts, filter, .. } => {
            for part in parts {
                if let IndexOf::Expression(expr) = part {
                    visit.expr(expr);
                }
            }
            filter.iter().for_each(|filter| visit.expr(filter));
        }
        Act::CreateFunction(function) => {
            function.arguments.iter().filter_map(|argument| argument.default.as_ref()).for_each(|e| visit.expr(e));
            function.settings.iter().for_each(|(_, values)| exprs(visit, values));
            visit.body(&function.body);
        }
        Act::CreateTrigger { condition, .. } => condition.iter().for_each(|condition| visit.expr(condition)),
        Act::CreateRule { condition, actions, .. } => {
            condition.iter().for_each(|condition| visit.expr(condition));
            actions.iter().for_each(|statement| visit.statement(statement));
        }
        Act::CreateType { attributes, constraints, .. } => {
            columns(visit, attributes);
            constraints.iter().for_each(|constraint| walk_constraint(visit, constraint));
        }
        Act::Create { members, parts, .. } => {
            members.iter().for_each(|statement| visit.statement(statement));
            exprs(visit, parts);
        }
        Act::AlterTable { actions, .. } => actions.iter().for_each(|action| walk_alter(visit, action)),
        Act::Explain { statement, .. }
        | Act::Prepare { statement, .. }
        | Act::DeclareCursor { query: statement, .. } => {
            visit.statement(statement);
        }
        Act::Alter { parts, .. } => exprs(visit, parts),
        Act::ExecutePrepared { arguments, .. } => exprs(visit, arguments),
        Act::Transaction(_)
        | Act::Deallocate { .. }
        | Act::Truncate { .. }
        | Act::Lock { .. }
        | Act::Rename { .. }
        | Act::SetSchema { .. }
        | Act::Drop { .. }
        | Act::Comment { .. }
        | Act::Grant { .. }
        | Act::Refresh { .. }
        | Act::Utility { .. }
        | Act::Opaque { .. } => {}
    }
}

/// Into a query.
pub fn walk_query<'a>(visit: &mut impl Visit<'a>, query: &'a Query) {
    ctes(visit, &query.with);
    match &query.body {
        QueryBody::Select(select) => {
            exprs(visit, &select.distinct_on);
            targets(visit, &select.targets);
            select.from.iter().for_each(|from| visit.from(from));
            select.filter.iter().for_each(|filter| visit.expr(filter));
            exprs(visit, &select.group_by);
            select.having.iter().for_each(|having| visit.expr(having));
        }
        QueryBody::Values(rows) => rows.iter().for_each(|row| exprs(visit, row)),
        QueryBody::Set { left, right, .. } => {
            visit.query(left);
            visit.query(right);
        }
    }
    exprs(visit, &query.order_by);
    query.limit.iter().chain(&query.offset).for_each(|expr| visit.expr(expr));
}

/// Into an item of `FROM`.
pub fn walk_from<'a>(visit: &mut impl Visit<'a>, from: &'a From) {
    match from {
        From::Relation { .. } => {}
        From::Subquery { query, .. } => visit.query(query),
        From::Function { calls, .. } => exprs(visit, calls),
        From::Join { left, right, on, .. } => {
            visit.from(left);
            visit.from(right);
            on.iter().for_each(|on| visit.expr(on));
        }
        From::Other { relation, parts, .. } => {
            relation.iter().for_each(|relation| visit.from(relation));
            exprs(visit, parts);
        }
    }
}

/// Into an expression.
pub fn walk_expr<'a>(visit: &mut impl Visit<'a>, expr: &'a Expr) {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Boolean(_)
        | ExprKind::Number(_)
        | ExprKind::Text(_)
        | ExprKind::Column(_)
        | ExprKind::Star(_)
        | ExprKind::Parameter(_)
        | ExprKind::Variable(_)
        | ExprKind::VariableIsSet(_)
        | ExprKind::Default
        | ExprKind::CurrentOf(_) => {}
        ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Coalesce(parts)
        | ExprKind::Array(parts)
        | ExprKind::Row(parts) => exprs(visit, parts),
        ExprKind::Other { parts, .. } => exprs(visit, parts),
        ExprKind::Not(operand)
        | ExprKind::Is { operand, .. }
        | ExprKind::Cast { operand, .. }
        | ExprKind::Field { operand, .. } => visit.expr(operand),
        ExprKind::Distinct { left, right, .. } => {
            visit.expr(left);
            visit.expr(right);
        }
        ExprKind::Operator { left, right, .. } => {
            left.iter().for_each(|left| visit.expr(left));
            visit.expr(right);
        }
        ExprKind::Like { operand, pattern, escape, .. } => {
            visit.expr(operand);
            visit.expr(pattern);
            escape.iter().for_each(|escape| visit.expr(escape));
        }
        ExprKind::Between { operand, low, high, .. } => {
            visit.expr(operand);
            visit.expr(low);
            visit.expr(high);
        }
        ExprKind::In { operand, list, .. } => {
            visit.expr(operand);
            exprs(visit, list);
        }
        ExprKind::Quantified { operand, array, .. } => {
            visit.expr(operand);
            visit.expr(array);
        }
        ExprKind::Subquery { kind, query } => {
            if let SubqueryKind::Any { operand, .. } | SubqueryKind::All { operand, .. } = kind {
                visit.expr(operand);
            }
            visit.query(query);
        }
        ExprKind::Case { operand, arms, otherwise } => {
            operand.iter().for_each(|operand| visit.expr(operand));
            for (condition, value) in arms {
                visit.expr(condition);
                visit.expr(value);
            }
            otherwise.iter().for_each(|otherwise| visit.expr(otherwise));
        }
        ExprKind::Call { arguments, filter, .. } => {
            exprs(visit, arguments);
            filter.iter().for_each(|filter| visit.expr(filter));
        }
        ExprKind::Index { operand, subscripts } => {
            visit.expr(operand);
            exprs(visit, subscripts);
        }
    }
}

/// Into a block of PL/pgSQL.
pub fn walk_block<'a>(visit: &mut impl Visit<'a>, block: &'a Block) {
    for declaration in &block.declarations {
        declaration.value.iter().for_each(|value| visit.expr(value));
        declaration.cursor.iter().for_each(|query| visit.query(query));
    }
    block.steps.iter().for_each(|step| visit.step(step));
    for handler in &block.handlers {
        handler.steps.iter().for_each(|step| visit.step(step));
    }
}

/// Into a statement of PL/pgSQL.
pub fn walk_step<'a>(visit: &mut impl Visit<'a>, step: &'a Step) {
    match &step.kind {
        StepKind::Sql { statement, .. } => visit.statement(statement),
        StepKind::Execute { command, using, .. } | StepKind::ReturnExecute { command, using } => {
            visit.expr(command);
            exprs(visit, using);
        }
        StepKind::Assign { value, .. } => visit.expr(value),
        StepKind::If { arms, otherwise } | StepKind::Case { arms, otherwise } => {
            for arm in arms {
                visit.expr(&arm.condition);
                arm.steps.iter().for_each(|step| visit.step(step));
            }
            otherwise.iter().flatten().for_each(|step| visit.step(step));
        }
        StepKind::Loop { iteration, steps, .. } => {
            match iteration {
                Iteration::Forever => {}
                Iteration::While(condition) => visit.expr(condition),
                Iteration::Range { from, to, by, .. } => {
                    visit.expr(from);
                    visit.expr(to);
                    by.iter().for_each(|by| visit.expr(by));
                }
                Iteration::Query { query, arguments, change, .. } => {
                    exprs(visit, arguments);
                    query.iter().for_each(|query| visit.query(query));
                    change.iter().for_each(|change| visit.statement(change));
                }
                Iteration::Execute { command, using, .. } => {
                    visit.expr(command);
                    exprs(visit, using);
                }
                Iteration::Elements { array, .. } => visit.expr(array),
            }
            steps.iter().for_each(|step| visit.step(step));
        }
        StepKind::Block(block) => visit.block(block),
        StepKind::Leave { condition, .. } => condition.iter().for_each(|condition| visit.expr(condition)),
        StepKind::Return(value) | StepKind::ReturnNext(value) => value.iter().for_each(|value| visit.expr(value)),
        StepKind::ReturnQuery(query) => visit.query(query),
        StepKind::Raise { parameters, options, .. } => {
            exprs(visit, parameters);
            options.iter().for_each(|(_, value)| visit.expr(value));
        }
        StepKind::Assert { condition, message } => {
            visit.expr(condition);
            message.iter().for_each(|message| visit.expr(message));
        }
        StepKind::Open { query, command, arguments, .. } => {
            query.iter().for_each(|query| visit.query(query));
            command.iter().for_each(|command| visit.expr(command));
            exprs(visit, arguments);
        }
        StepKind::Diagnostics { .. }
        | StepKind::Fetch { .. }
        | StepKind::Close(_)
        | StepKind::EndTransaction { .. }
        | StepKind::Null
        | StepKind::Opaque { .. } => {}
    }
}

fn exprs<'a>(visit: &mut impl Visit<'a>, exprs: &'a [Expr]) {
    exprs.iter().for_each(|expr| visit.expr(expr));
}

fn targets<'a>(visit: &mut impl Visit<'a>, targets: &'a [Target]) {
    targets.iter().for_each(|target| visit.expr(&target.value));
}

fn ctes<'a>(visit: &mut impl Visit<'a>, ctes: &'a [Cte]) {
    for cte in ctes {
        match &cte.body {
            CteBody::Query(query) => visit.query(query),
            CteBody::Change(act) => visit.act(act),
        }
    }
}

fn columns<'a>(visit: &mut impl Visit<'a>, columns: &'a [Column]) {
    for column in columns {
        column.default.iter().chain(&column.generated).for_each(|expr| visit.expr(expr));
        column.constraints.iter().for_each(|constraint| walk_constraint(visit, constraint));
    }
}

fn walk_constraint<'a>(visit: &mut impl Visit<'a>, constraint: &'a Constraint) {
    match &constraint.kind {
        ConstraintKind::Check(expr) => visit.expr(expr),
        ConstraintKind::Exclude(parts) => exprs(visit, parts),
        ConstraintKind::PrimaryKey { .. }
        | ConstraintKind::Unique { .. }
        | ConstraintKind::ForeignKey { .. }
        | ConstraintKind::NotNull(_) => {}
    }
}

fn walk_conflict<'a>(visit: &mut impl Visit<'a>, conflict: &'a Conflict) {
    exprs(visit, &conflict.columns);
    conflict.filter.iter().for_each(|filter| visit.expr(filter));
    if let ConflictAction::Update { set, filter } = &conflict.action {
        set.iter().for_each(|assignment| visit.expr(&assignment.value));
        filter.iter().for_each(|filter| visit.expr(filter));
    }
}

fn walk_alter<'a>(visit: &mut impl Visit<'a>, action: &'a AlterAction) {
    match action {
        AlterAction::AddColumn { column, .. } => columns(visit, std::slice::from_ref(column)),
        AlterAction::ColumnType { using, .. } => using.iter().for_each(|using| visit.expr(using)),
        AlterAction::ColumnDefault { value, .. } => value.iter().for_each(|value| visit.expr(value)),
        AlterAction::AddConstraint(constraint) => walk_constraint(visit, constraint),
        _ => {}
    }
}

/// Goes through an expression from the inside out and lets `change` put something else in
/// the place of each node.
pub fn rewrite_expr(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Null
        | ExprKind::Boolean(_)
        | ExprKind::Number(_)
        | ExprKind::Text(_)
        | ExprKind::Column(_)
        | ExprKind::Star(_)
        | ExprKind::Parameter(_)
        | ExprKind::Variable(_)
        | ExprKind::VariableIsSet(_)
        | ExprKind::Default
        | ExprKind::CurrentOf(_) => {}
        ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Coalesce(parts)
        | ExprKind::Array(parts)
        | ExprKind::Row(parts) => rewrite_all(parts, change),
        ExprKind::Other { parts, .. } => rewrite_all(parts, change),
        ExprKind::Not(operand)
        | ExprKind::Is { operand, .. }
        | ExprKind::Cast { operand, .. }
        | ExprKind::Field { operand, .. } => rewrite_expr(operand, change),
        ExprKind::Distinct { left, right, .. } => {
            rewrite_expr(left, change);
            rewrite_expr(right, change);
        }
        ExprKind::Operator { left, right, .. } => {
            left.iter_mut().for_each(|left| rewrite_expr(left, change));
            rewrite_expr(right, change);
        }
        ExprKind::Like { operand, pattern, escape, .. } => {
            rewrite_expr(operand, change);
            rewrite_expr(pattern, change);
            escape.iter_mut().for_each(|escape| rewrite_expr(escape, change));
        }
        ExprKind::Between { operand, low, high, .. } => {
            rewrite_expr(operand, change);
            rewrite_expr(low, change);
            rewrite_expr(high, change);
        }
        ExprKind::In { operand, list, .. } => {
            rewrite_expr(operand, change);
            rewrite_all(list, change);
        }
        ExprKind::Quantified { operand, array, .. } => {
            rewrite_expr(operand, change);
            rewrite_expr(array, change);
        }
        ExprKind::Subquery { kind, query } => {
            if let SubqueryKind::Any { operand, .. } | SubqueryKind::All { operand, .. } = kind {
                rewrite_expr(operand, change);
            }
            rewrite_query(query, change);
        }
        ExprKind::Case { operand, arms, otherwise } => {
            operand.iter_mut().for_each(|operand| rewrite_expr(operand, change));
            for (condition, value) in arms {
                rewrite_expr(condition, change);
                rewrite_expr(value, change);
            }
            otherwise.iter_mut().for_each(|otherwise| rewrite_expr(otherwise, change));
        }
        ExprKind::Call { arguments, filter, .. } => {
            rewrite_all(arguments, change);
            filter.iter_mut().for_each(|filter| rewrite_expr(filter, change));
        }
        ExprKind::Index { operand, subscripts } => {
            rewrite_expr(operand, change);
            rewrite_all(subscripts, change);
        }
    }
    change(expr);
}

fn rewrite_all(exprs: &mut [Expr], change: &mut dyn FnMut(&mut Expr)) {
    exprs.iter_mut().for_each(|expr| rewrite_expr(expr, change));
}

/// The same for every expression of a query; changes within `WITH` are left alone.
pub fn rewrite_query(query: &mut Query, change: &mut dyn FnMut(&mut Expr)) {
    for cte in &mut query.with {
        if let CteBody::Query(query) = &mut cte.body {
            rewrite_query(query, change);
        }
    }
    match &mut query.body {
        QueryBody::Select(select) => {
            rewrite_all(&mut select.distinct_on, change);
            select.targets.iter_mut().for_each(|target| rewrite_expr(&mut target.value, change));
            select.from.iter_mut().for_each(|from| rewrite_from(from, change));
            select.filter.iter_mut().for_each(|filter| rewrite_expr(filter, change));
            rewrite_all(&mut select.group_by, change);
            select.having.iter_mut().for_each(|having| rewrite_expr(having, change));
        }
        QueryBody::Values(rows) => rows.iter_mut().for_each(|row| rewrite_all(row, change)),
        QueryBody::Set { left, right, .. } => {
            rewrite_query(left, change);
            rewrite_query(right, change);
        }
    }
    rewrite_all(&mut query.order_by, change);
    query.limit.iter_mut().chain(&mut query.offset).for_each(|expr| rewrite_expr(expr, change));
}

fn rewrite_from(from: &mut From, change: &mut dyn FnMut(&mut Expr)) {
    match from {
        From::Relation { .. } => {}
        From::Subquery { query, .. } => rewrite_query(query, change),
        From::Function { calls, .. } => rewrite_all(calls, change),
        From::Join { left, right, on, .. } => {
            rewrite_from(left, change);
            rewrite_from(right, change);
            on.iter_mut().for_each(|on| rewrite_expr(on, change));
        }
        From::Other { relation, parts, .. } => {
            relation.iter_mut().for_each(|relation| rewrite_from(relation, change));
            rewrite_all(parts, change);
        }
    }
}

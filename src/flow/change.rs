//! Statements that change rows or the schema, with the triggers, rules, views and foreign
//! keys that carry a change further.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::event::{Change, ChangeKind, Origin, Via, What, event_of};
use super::fired::{Fate, Row, Way, before_row};
use super::rows::Rows;
use super::state::{Sight, State};
use super::value::text_of;
use super::{DEPTH_LIMIT, Flow};
use crate::builtin::{Builtin, builtin};
use crate::catalog::{Catalog, Column, Key, Outcome, Presence, Problem, Read, Trigger, Variables, When};
use crate::effect::{
    Act, AlterAction, Assignment, At, ConflictAction, CopyEnd, Cte, CteBody, Expr, ExprKind, Function, Ident,
    MergeAction, Name, Query, QueryBody, ReferentialAction, RowSource, Select, Statement, SubqueryKind, Target,
    TriggerTiming, Type, rewrite_expr, rewrite_query,
};
use crate::logic::{Facts, Known, Truth};

impl<'a> Flow<'a> {
    /// Any statement but those that control transactions and settings.
    pub(super) fn act(&mut self, act: &'a Act, statement: &'a Statement, state: &mut State) {
        self.refuse(act, statement, state);
        match act {
            Act::Select(query) => {
                self.emit(statement.at, What::Query(statement), state);
                let events = self.events.len();
                self.query_calls(query, true, state);
                if let Some(value) = super::query::only_value(query)
                    && self.changed_since(events).is_empty()
                {
                    let value = self.resolve(&value, state);
                    state.assume_divided(&value);
                }
            }
            Act::Insert { .. } | Act::Update { .. } | Act::Delete { .. } | Act::Merge { .. } => {
                self.act_calls(act, state);
                self.change(act, state);
            }
            Act::Truncate { tables, cascade, .. } => self.truncate(statement.at, tables, *cascade, act, state),
            Act::Copy { table, from, filter, end, query, .. } => {
                if *end != CopyEnd::Client {
                    self.emit(statement.at, What::Utility(statement), state);
                }
                if let Some(query) = query {
                    self.statement(query, state);
                }
                filter.iter().for_each(|filter| self.calls_in(filter, false, state));
                match table {
                    Some(table) if *from => self.rows(table, ChangeKind::Insert, Some(act), None, state),
                    Some(_) => self.emit(statement.at, What::Query(statement), state),
                    None => {}
                }
            }
            Act::Lock { .. } => self.emit(statement.at, What::Lock(statement), state),
            Act::Call(call) => {
                self.emit(statement.at, What::Utility(statement), state);
                self.calls_in(call, true, state);
            }
            Act::Explain { statement: inner, analyze } => {
                self.emit(statement.at, What::Utility(statement), state);
                if *analyze {
                    self.statement(inner, state);
                }
            }
            Act::Prepare { name, kinds, statement: inner } => {
                self.emit(statement.at, What::Utility(statement), state);
                // Where the name is taken, PostgreSQL leaves it to the statement that has it.
                Arc::make_mut(&mut state.prepared).entry(name.clone()).or_default().insert(self.prepared.len());
                self.prepared.push((inner, kinds));
            }
            Act::Deallocate { name } => {
                self.emit(statement.at, What::Utility(statement), state);
                match name {
                    Some(name) => drop(Arc::make_mut(&mut state.prepared).remove(name)),
                    None => state.prepared = Arc::default(),
                }
            }
            Act::ExecutePrepared { name, arguments } => {
                self.emit(statement.at, What::Utility(statement), state);
                arguments.iter().for_each(|argument| self.calls_in(argument, true, state));
                self.execute_prepared(statement.at, name, arguments, state);
            }
            Act::DeclareCursor { query, .. } => {
                self.emit(statement.at, What::Utility(statement), state);
                if let Act::Select(query) = &query.act {
                    self.query_calls(query, false, state);
                }
            }
            Act::Utility { command, .. } => {
                self.emit(statement.at, What::Utility(statement), state);
                if command == "discard all" {
                    state.prepared = Arc::default();
                }
            }
            Act::Refresh { name, .. } => {
                self.emit(statement.at, What::Utility(statement), state);
                self.shown(name, name.at, state);
            }
            Act::Opaque { why } => {
                self.emit(statement.at, What::Opaque(why.to_string()), state);
                state.lose_track();
            }
            Act::CreateTableAs { source, .. } => {
                match &source.act {
                    Act::Select(query) => self.query_calls(query, false, state),
                    _ => self.act(&source.act, source, state),
                }
                self.define(statement, state);
            }
            _ => self.define(statement, state),
        }
    }

    /// Whatever a name may have been prepared for.
    fn execute_prepared(&mut self, at: At, name: &Ident, arguments: &'a [Expr], state: &mut State) {
        let prepared: Vec<_> = state.prepared.get(name).into_iter().flatten().copied().collect();
        let prepared: Vec<_> = prepared.into_iter().filter_map(|number| self.prepared.get(number).copied()).collect();
        if prepared.is_empty() {
            self.emit(at, What::Opaque(format!("{name} was not prepared in this script")), state);
            state.lose_track();
            return;
        }
        let given = self.resolve_all(arguments, state);
        let outer = self.certain;
        self.certain = outer && prepared.len() == 1;
        let mut ends = Vec::new();
        for (inner, kinds) in prepared {
            let typed = given.iter().enumerate();
            let typed = typed.map(|(index, value)| state.stored("argument", value.clone(), kinds.get(index))).collect();
            let mut inside = state.clone();
            self.with_parameters(typed, &mut inside, |flow, inside| flow.statement(inner, inside));
            ends.push(inside);
        }
        self.certain = outer;
        *state = super::join(ends);
    }

    /// A statement about rows that names what is not there.
    fn refuse(&mut self, act: &Act, statement: &'a Statement, state: &State) {
        let is_about_rows = matches!(
            act,
            Act::Select(_)
                | Act::Insert { .. }
                | Act::Update { .. }
                | Act::Delete { .. }
                | Act::Merge { .. }
                | Act::Truncate { .. }
                | Act::Copy { .. }
                | Act::Lock { .. }
        );
        let known = |path: &[Ident]| super::names::is_known(path, state);
        let variables = if state.scopes.is_empty() { Variables::None } else { Variables::These(&known) };
        // A function that is not known here is told as such; a newer PostgreSQL may have it.
        if is_about_rows
            && let Some(problem) = state.catalog.refusal(Read::Act(&statement.act), statement.at, variables)
            && problem.sqlstate != "42883"
        {
            self.emit(statement.at, What::Refused(Box::new(problem)), state);
        } else if let Some(problem) = violation(act, &state.catalog) {
            self.emit(statement.at, What::Refused(Box::new(problem)), state);
        }
    }

    /// A statement with `$1` and so on bound.
    pub(super) fn with_parameters(
        &mut self,
        parameters: Vec<Expr>,
        state: &mut State,
        inner: impl FnOnce(&mut Self, &mut State),
    ) {
        let scope = super::Bindings { parameters, opaque: true, ..super::Bindings::default() };
        state.scopes.push(scope);
        inner(self, state);
        state.scopes.pop();
    }

    /// A statement that changes the schema.
    fn define(&mut self, statement: &'a Statement, state: &mut State) {
        let alters = matches!(statement.act, Act::AlterTable { .. });
        let before = alters.then(|| state.catalog.clone());
        let mut outcome = state.catalog.step(statement);
        // It lasts as long as the event.
        outcome.made.shrink_to_fit();
        outcome.altered.shrink_to_fit();
        outcome.dropped.shrink_to_fit();
        outcome.skipped.shrink_to_fit();
        let outcome = Arc::new(outcome);
        self.emit(statement.at, What::Define { statement, outcome: Arc::clone(&outcome) }, state);
        if let Some(before) = before {
            self.written_over(&statement.act, &outcome, &before, state);
        }
        // What does nothing here may do something where the script runs.
        state.asked.change();
        if !outcome.changed {
            return;
        }
        self.worked_out(&statement.act, state);
        self.hidden(statement, &outcome, state);
        self.on_event(statement, &outcome, state);
        // Whatever read what is gone is gone with it.
        let gone = outcome.dropped.iter().map(|dropped| dropped.key.relation());
        let mut touched = readers(&state.catalog, gone.chain(answer_otherwise(statement, &outcome, state)));
        // A new function or trigger may answer where another did.
        touched.extend(outcome.made.iter().map(Key::relation));
        state.forget(&touched);
        if let Act::CreateTable { name, inherits, .. } = &statement.act
            && inherits.is_empty()
            && !outcome.made.is_empty()
            && outcome.problem.is_none()
        {
            let empty = no_rows(name, statement.at);
            state.assume(&empty, Truth::True);
        }
    }

    /// The columns that `ALTER TABLE` fills with something else in all rows. No trigger fires.
    fn written_over(&mut self, act: &Act, outcome: &Outcome, before: &Catalog, state: &mut State) {
        let Act::AlterTable { name, actions, .. } = act else { return };
        if outcome.problem.is_some() || state.catalog.relation(name).is_none() {
            return;
        }
        let is_made = |column: &Ident| outcome.made.iter().any(|key| key.part.as_ref() == Some(column));
        for action in actions {
            let (column, value) = match action {
                AlterAction::ColumnType { column, to, using, .. }
                    if !before.keeps_values(name, column, to, using.as_ref()) =>
                {
                    (column, using.clone().unwrap_or_else(|| cast(column, to)))
                }
                AlterAction::AddColumn { column, .. } => match &column.default {
                    Some(value) if is_made(&column.name) && text_of(value).is_some() => (&column.name, value.clone()),
                    _ => continue,
                },
                _ => continue,
            };
            let at = value.at;
            let set = Assignment { column: column.clone(), value, at };
            let act = Act::Update {
                with: Box::default(),
                table: name.clone(),
                alias: None,
                set: Box::new([set]),
                from: Box::default(),
                filter: None,
                returning: Box::default(),
            };
            let statement = self.memory.statements.push_get(Box::new(Statement { at, act }));
            let relation = state.catalog.canonical(name);
            let (relation, written) = (self.shared(&relation), self.shared(name));
            let (kind, act) = (ChangeKind::Update, Some(&statement.act));
            let change = Change { relation, written, kind, act, branch: None, filter: None, drawn: None, known: None };
            self.emit(at, What::Change(change), state);
        }
    }

    /// The change of an `INSERT`, `UPDATE`, `DELETE` or `MERGE`, whatever else the statement
    /// calls already done.
    pub(super) fn change(&mut self, act: &'a Act, state: &mut State) {
        let act = self.with_constants(act, state);
        match act {
            Act::Insert { table, conflict, .. } => {
                self.rows(table, ChangeKind::Insert, Some(act), None, state);
                if let Some(conflict) = conflict
                    && let ConflictAction::Update { filter, .. } = &conflict.action
                {
                    let filter = filter.as_ref().map(|filter| self.resolved(filter, state));
                    self.rows(table, ChangeKind::Update, Some(act), filter, state);
                }
            }
            Act::Update { table, filter, .. } => {
                let filter = filter.as_ref().map(|filter| self.resolved(filter, state));
                self.rows(table, ChangeKind::Update, Some(act), filter, state);
            }
            Act::Delete { table, filter, .. } => {
                let filter = filter.as_ref().map(|filter| self.resolved(filter, state));
                self.rows(table, ChangeKind::Delete, Some(act), filter, state);
            }
            Act::Merge { table, on, branches, .. } => {
                for (number, branch) in branches.iter().enumerate() {
                    let kind = match &branch.action {
                        MergeAction::Nothing => continue,
                        MergeAction::Insert { .. } => ChangeKind::Insert,
                        MergeAction::Update(_) => ChangeKind::Update,
                        MergeAction::Delete => ChangeKind::Delete,
                    };
                    let mut parts = vec![self.resolve(on, state)];
                    parts.extend(branch.condition.iter().map(|condition| self.resolve(condition, state)));
                    let filter = match parts.len() {
                        1 => parts.pop(),
                        _ => Some(Expr { at: on.at, kind: ExprKind::And(parts) }),
                    };
                    let filter = filter.filter(|_| branch.matched);
                    let filter = filter.map(|filter| self.memory.expressions.push_get(Box::new(filter)));
                    self.changed_rows(table, kind, (Some(act), u16::try_from(number).ok()), filter, state);
                }
            }
            Act::Truncate { tables, cascade, .. } => {
                let at = tables.first().map(|table| table.at).unwrap_or_default();
                self.truncate(at, tables, *cascade, act, state);
            }
            _ => {}
        }
    }

    /// The act with the constants that variables hold in what it writes; itself where there are none.
    fn with_constants(&mut self, act: &'a Act, state: &State) -> &'a Act {
        let is_listed =
            |act: &Act| matches!(act, Act::Insert { rows: RowSource::Query(query), .. } if takes_rows(query));
        if !is_listed(act) && !super::expression::has_constants(act, state) {
            return act;
        }
        let put = &mut |node: &mut Expr| super::expression::put_constant(node, state);
        let mut written = act.clone();
        match &mut written {
            Act::Insert { with, rows, conflict, .. } => {
                if let RowSource::Query(query) = rows {
                    rewrite_query(query, put);
                    let mut with = with.to_vec();
                    with.iter_mut().for_each(|cte| {
                        if let CteBody::Query(query) = &mut cte.body {
                            rewrite_query(query, put);
                        }
                    });
                    if let Some(listed) = listed_rows(query, &with, state) {
                        query.body = listed;
                        query.order_by = Vec::new();
                    }
                }
                if let Some(conflict) = conflict
                    && let ConflictAction::Update { set, .. } = &mut conflict.action
                {
                    set.iter_mut().for_each(|set| rewrite_expr(&mut set.value, put));
                }
            }
            Act::Update { set, .. } => set.iter_mut().for_each(|set| rewrite_expr(&mut set.value, put)),
            Act::Merge { branches, .. } => {
                for branch in branches.iter_mut() {
                    match &mut branch.action {
                        MergeAction::Insert { values, .. } => {
                            values.iter_mut().for_each(|value| rewrite_expr(value, put));
                        }
                        MergeAction::Update(set) => set.iter_mut().for_each(|set| rewrite_expr(&mut set.value, put)),
                        MergeAction::Nothing | MergeAction::Delete => {}
                    }
                }
            }
            _ => return act,
        }
        &self.memory.statements.push_get(Box::new(Statement { at: At::default(), act: written })).act
    }

    /// An `UPDATE`, or what `ON CONFLICT` changes, with the queries that its variables were read by.
    fn drawn(&mut self, act: &'a Act, filter: Option<&'a Expr>, state: &State) -> Option<&'a Act> {
        let mut drawn = match act {
            Act::Update { .. } => act.clone(),
            Act::Insert { with, table, alias, conflict: Some(conflict), .. } => match &conflict.action {
                ConflictAction::Update { set, .. } => Act::Update {
                    with: with.clone(),
                    table: table.clone(),
                    alias: alias.clone(),
                    set: set.clone().into(),
                    from: Box::default(),
                    filter: None,
                    returning: Box::default(),
                },
                ConflictAction::Nothing => return None,
            },
            _ => return None,
        };
        let Act::Update { set, from, filter: reached, .. } = &mut drawn else { return None };
        let is_variable = |expr: &Expr| match &expr.kind {
            ExprKind::Column(path) => state.has_variable(path),
            kind => matches!(kind, ExprKind::Parameter(_) | ExprKind::Variable(_) | ExprKind::Call { .. }),
        };
        if !set.iter().any(|set| crate::effect::any(&set.value, is_variable)) {
            return None;
        }
        let mut joined = std::mem::take(from).into_vec();
        for set in set.iter_mut() {
            set.value = self.resolve(&set.value, state);
            state.symbols.put_queries(&mut set.value, &mut joined);
        }
        *reached = filter.cloned().map(Box::new);
        reached.iter_mut().for_each(|filter| state.symbols.put_queries(filter, &mut joined));
        *from = joined.into();
        Some(&self.memory.statements.push_get(Box::new(Statement { at: At::default(), act: drawn })).act)
    }

    fn truncate(&mut self, at: At, tables: &'a [Name], cascade: bool, act: &'a Act, state: &mut State) {
        for table in tables {
            self.rows(table, ChangeKind::Truncate, Some(act), None, state);
        }
        if !cascade {
            return;
        }
        let mut reached: BTreeSet<Name> = tables.iter().map(|table| state.catalog.canonical(table)).collect();
        let mut queue: Vec<Name> = reached.iter().cloned().collect();
        while let Some(parent) = queue.pop() {
            for child in state.catalog.children(&parent) {
                let table = child.child.relation();
                if reached.insert(table.clone()) {
                    queue.push(table.clone());
                    self.trail.push(Via { at, origin: Origin::Cascade });
                    self.rows(&table, ChangeKind::Truncate, None, None, state);
                    self.trail.pop();
                }
            }
        }
    }

    /// The columns of a relation, shared with the change before.
    fn columns_of(&self, relation: &Name, state: &State) -> Option<Arc<[Ident]>> {
        let is_there = |column: &Column| column.presence == Presence::Yes;
        let known = state.catalog.relation(relation)?;
        let names = Some(known).filter(|known| known.is_known && known.columns.iter().all(is_there))?.column_names();
        let before = self.events.last().and_then(|event| match &event.what {
            What::Change(change) => change.known.as_ref().filter(|columns| ***columns == *names),
            _ => None,
        });
        Some(before.map_or_else(|| names.as_slice().into(), Arc::clone))
    }

    /// Rows of a relation change.
    fn rows(
        &mut self,
        table: &Name,
        kind: ChangeKind,
        act: Option<&'a Act>,
        filter: Option<&'a Expr>,
        state: &mut State,
    ) {
        self.changed_rows(table, kind, (act, None), filter, state);
    }

    /// Rows of one relation change; of a `MERGE` by the branch of that number.
    fn changed_rows(
        &mut self,
        table: &Name,
        kind: ChangeKind,
        (act, branch): (Option<&'a Act>, Option<u16>),
        filter: Option<&'a Expr>,
        state: &mut State,
    ) {
        let meant = state.psql_name(&table.name).filter(|_| table.schema.is_none());
        let table = &meant.map_or_else(|| table.clone(), |name| Name { name, ..table.clone() });
        let relation = state.catalog.canonical(table);
        let at = table.at;
        let known = match (kind, act) {
            (ChangeKind::Insert, Some(Act::Insert { columns, .. })) if columns.is_empty() => {
                self.columns_of(&relation, state)
            }
            _ => None,
        };
        let (name, written) = (self.shared(&relation), self.shared(table));
        if table.is_variable() {
            let why = format!("which table it changes depends on a psql variable: {table}");
            self.emit(at, What::Opaque(why), state);
            state.forget_everything();
        }
        let drawn = act.filter(|_| kind == ChangeKind::Update).and_then(|act| self.drawn(act, filter, state));
        let change = Change { relation: name, written, kind, act, branch, filter, drawn, known };
        self.emit(at, What::Change(change), state);
        if super::definition::is_system(&relation) {
            let why = format!("{relation} is PostgreSQL's own: what a change of its rows does is not followed");
            self.emit(at, What::Opaque(why), state);
            state.forget_everything();
        }
        if kind == ChangeKind::Insert && relation.is_temporary() {
            self.numbered(&relation, act, at, state);
        }
        let touched = readers(&state.catalog, [relation.clone()]);
        state.forget(&touched);
        if self.trail.len() >= DEPTH_LIMIT {
            self.emit(at, What::Opaque("changes set off one another more deeply than is followed".to_owned()), state);
            state.forget_everything();
            return;
        }
        let outer = std::mem::replace(&mut self.certain, false);
        self.rewritten(&relation, kind, at, state);
        self.triggered(&relation, kind, at, state);
        self.by_definition(&relation, at, |when| occurs(when, kind, act), state);
        self.handed_down(&relation, kind, act, at, state);
        if relation.is_temporary() {
            for parent in state.catalog.ancestors(&relation).into_iter().filter(|parent| !parent.is_temporary()) {
                self.shared_rows(&relation, &parent, kind, at, state);
            }
        }
        self.viewed(&relation, kind, at, state);
        if kind == ChangeKind::Delete || kind == ChangeKind::Update {
            self.carried(&relation, kind, act, at, state);
        }
        self.certain = outer;
    }

    /// The sequences that outlast the session and that the defaults of a temporary table move.
    fn numbered(&mut self, relation: &Name, act: Option<&Act>, at: At, state: &State) {
        let Some(known) = state.catalog.relation(relation) else { return };
        let columns = known.columns.iter().enumerate().filter(|(place, column)| !is_given(&column.name, *place, act));
        let mut moved = Vec::new();
        for default in columns.filter_map(|(_, column)| column.default.as_deref()) {
            if let ExprKind::Call { function, arguments, .. } = &default.kind
                && builtin(&function.name) == Builtin::Sequence
            {
                let name = arguments.first().and_then(text_of);
                let sequence = name.and_then(|name| super::value::parse_name(&name, at));
                let sequence = sequence.map(|name| state.catalog.canonical(&name));
                moved.push((function.name.clone(), sequence.filter(|name| !name.is_temporary())));
            }
        }
        for (function, sequence) in moved {
            if sequence.is_some() {
                self.emit(at, What::Sequence { function, sequence }, state);
            }
        }
    }

    /// The rules of the relation.
    fn rewritten(&mut self, relation: &Name, kind: ChangeKind, at: At, state: &mut State) {
        for (name, actions) in state.catalog.rules(relation, event_of(kind)) {
            let origin = Origin::Rule { name, of: relation.clone() };
            if self.trail.iter().any(|via| via.origin == origin) {
                continue;
            }
            self.trail.push(Via { at, origin });
            for action in actions.iter() {
                let action = self.memory.statements.push_get(Box::new(action.clone()));
                let mut inside = state.clone();
                self.with_parameters(Vec::new(), &mut inside, |flow, inside| flow.statement(action, inside));
                let before = state.clone();
                *state = super::join(vec![before, inside]);
            }
            self.trail.pop();
        }
    }

    /// The triggers of the relation.
    fn triggered(&mut self, relation: &Name, kind: ChangeKind, at: At, state: &mut State) {
        let event = event_of(kind);
        for (name, trigger) in state.catalog.triggers(relation) {
            if !trigger.state.fires() || !trigger.events.iter().any(|known| known == event) {
                continue;
            }
            let function = state.catalog.called_by(&trigger);
            if let Some(condition) = &trigger.condition {
                let condition = self.memory.expressions.push_get(Box::new(Expr::clone(condition)));
                let (name, relation) = (name.clone(), Some(relation.clone()));
                let origin = Origin::Trigger { name, relation, function: function.clone() };
                self.trail.push(Via { at, origin });
                self.calls_in(condition, false, state);
                self.trail.pop();
            }
            self.fire((name, Some(relation)), function, &trigger.written, at, state);
        }
    }

    /// A trigger calls its function.
    pub(super) fn fire(
        &mut self,
        (name, relation): (Ident, Option<&Name>),
        function: Option<Arc<Function>>,
        written: &Name,
        at: At,
        state: &mut State,
    ) {
        let Some(function) = function else {
            // PostgreSQL's own write into the row, and so do some that extensions bring.
            let does = state.catalog.does(written);
            if builtin(&written.name) == Builtin::Unknown && !matches!(does, Builtin::Pure | Builtin::Reads) {
                self.emit(at, What::UnknownFunction(Box::new(written.clone())), state);
                state.forget_everything();
            }
            return;
        };
        // A trigger that sets itself off does what it does once already.
        if self.frames.contains(&super::signature(&function)) {
            return;
        }
        let origin = Origin::Trigger { name, relation: relation.cloned(), function: Some(Arc::clone(&function)) };
        let function = self.memory.functions.push_get(function);
        self.trail.push(Via { at, origin });
        self.follow(function, at, &[], false, state);
        self.trail.pop();
    }

    /// What partitions and inheritors do with the rows of theirs that are reached. The change of
    /// those is told with that of the relation.
    fn handed_down(&mut self, relation: &Name, kind: ChangeKind, act: Option<&'a Act>, at: At, state: &mut State) {
        let is_partitioned = || state.catalog.relation(relation).is_some_and(|relation| relation.partitioned);
        if kind == ChangeKind::Insert && !is_partitioned() {
            return;
        }
        let before = self.origin.descendants(relation);
        for child in state.catalog.descendants(relation) {
            // What became a part of it only here is somebody's own.
            if kind != ChangeKind::Insert && !before.contains(&child) && self.origin.relation(&child).is_some() {
                self.shared_rows(relation, &child, kind, at, state);
                continue;
            }
            self.triggered(&child, kind, at, state);
            self.by_definition(&child, at, |when| occurs(when, kind, act), state);
            if kind == ChangeKind::Delete || kind == ChangeKind::Update {
                self.carried(&child, kind, act, at, state);
            }
        }
    }

    /// Rows of a relation that are rows of another.
    fn shared_rows(&mut self, relation: &Name, other: &Name, kind: ChangeKind, at: At, state: &mut State) {
        if self.trail.iter().any(|via| matches!(via.origin, Origin::Inheritance(_))) {
            return;
        }
        self.trail.push(Via { at, origin: Origin::Inheritance(relation.clone()) });
        let other = Name { at, ..other.clone() };
        self.rows(&other, kind, None, None, state);
        self.trail.pop();
    }

    /// A view hands the change on to what it shows.
    fn viewed(&mut self, relation: &Name, kind: ChangeKind, at: At, state: &mut State) {
        let Some(query) = state.catalog.view_query(relation) else { return };
        // With a trigger or a rule instead, PostgreSQL leaves the base alone.
        let event = event_of(kind);
        let is_instead = |(_, trigger): &(Ident, Trigger)| {
            trigger.timing == TriggerTiming::InsteadOf && trigger.events.iter().any(|known| known == event)
        };
        if state.catalog.triggers(relation).iter().any(is_instead) || state.catalog.is_replaced_by_rule(relation, event)
        {
            return;
        }
        let bases: Vec<Name> = match &query.body {
            QueryBody::Select(select) => match select.from.as_slice() {
                [crate::effect::From::Relation { name, .. }] => vec![name.clone()],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        for base in bases {
            self.trail.push(Via { at, origin: Origin::View(relation.clone()) });
            self.rows(&Name { at, ..base }, kind, None, None, state);
            self.trail.pop();
        }
    }

    /// Foreign keys that carry a deletion, or a new key, to the children.
    fn carried(&mut self, relation: &Name, kind: ChangeKind, act: Option<&'a Act>, at: At, state: &mut State) {
        // The keys that refer to a partitioned table hold for the rows of its partitions.
        let is_partition = state.catalog.relation(relation).is_some_and(|relation| relation.partition);
        let above = if is_partition { state.catalog.ancestors(relation) } else { Vec::new() };
        let referred: Vec<&Name> = [relation].into_iter().chain(&above).collect();
        for child in referred.into_iter().flat_map(|relation| state.catalog.children(relation)).collect::<Vec<_>>() {
            let action = if kind == ChangeKind::Delete { child.on_delete } else { child.on_update };
            let then = match action {
                ReferentialAction::NoAction | ReferentialAction::Restrict => continue,
                ReferentialAction::Cascade => kind,
                ReferentialAction::SetNull | ReferentialAction::SetDefault => ChangeKind::Update,
            };
            if kind == ChangeKind::Update
                && let Some(Act::Update { set, .. }) = act
                && !set.iter().any(|assignment| child.referenced.contains(&assignment.column))
            {
                continue;
            }
            let origin = Origin::ForeignKey {
                name: child.constraint.part.clone().unwrap_or_default(),
                of: child.child.relation(),
            };
            if self.trail.iter().any(|via| via.origin == origin) {
                continue;
            }
            self.trail.push(Via { at, origin });
            self.rows(&Name { at, ..child.child.relation() }, then, None, None, state);
            self.trail.pop();
        }
    }
}

/// What PostgreSQL says where the constants of a row are none that a trigger or a `CHECK` lets by.
fn violation(act: &Act, catalog: &Catalog) -> Option<Problem> {
    let Act::Insert { table, columns, rows: RowSource::Query(query), .. } = act else { return None };
    let QueryBody::Values(rows) = &query.body else { return None };
    let refused = |check: &Expr| Expr { at: check.at, kind: ExprKind::Not(Box::new(check.unqualified(&table.name))) };
    let checks = catalog.checks(table);
    let checks: Vec<_> = checks.iter().map(|(name, check)| (name, refused(check))).collect();
    if checks.is_empty() && catalog.triggers(table).is_empty() {
        return None;
    }
    let relation = catalog.relation(table).filter(|relation| relation.is_known)?;
    let names = if columns.is_empty() { relation.column_names() } else { columns.to_vec() };
    let world = Sight(catalog);
    let null = Expr { at: query.at, kind: ExprKind::Null };
    for row in rows {
        let at = row.first().map_or(table.at, |value| value.at);
        let value = |column: &Column| {
            let place = names.iter().position(|name| *name == column.name);
            let written = place.and_then(|place| row.get(place)).filter(|value| value.kind != ExprKind::Default);
            let is_plain = !column.generated && column.identity.is_none();
            let value = written.or(column.default.as_deref()).or(is_plain.then_some(&null));
            Some((column.name.clone(), value.filter(|value| value.is_constant())?.clone()))
        };
        let given: Row = relation.columns.iter().filter_map(value).collect();
        let problem = |way: &Way| {
            if let Fate::Refused(name) = &way.fate {
                let message = format!("trigger \"{name}\" refuses a row for relation \"{}\"", table.name);
                return Some(Problem::new("P0001", message, at));
            }
            let mut facts = Facts::default();
            for (column, value) in way.row.iter().filter(|_| way.fate == Fate::Goes) {
                let own = Expr { at: value.at, kind: ExprKind::Column(vec![column.clone()]) };
                facts.assume(&super::value::same(own, value.clone()), Truth::True, &world);
            }
            let (name, _) = checks.iter().find(|(_, refused)| facts.entails(refused, &world) == Known::Yes)?;
            let message = format!("new row for relation \"{}\" violates check constraint \"{name}\"", table.name);
            Some(Problem::new("23514", message, at))
        };
        let ways = before_row(table, ChangeKind::Insert, given, catalog);
        let problems: Option<Vec<Problem>> = ways.iter().map(problem).collect();
        if let Some(problem) = problems.and_then(|problems| problems.into_iter().next()) {
            return Some(problem);
        }
    }
    None
}

/// Whether something is worked out by a change.
fn occurs(when: &When, kind: ChangeKind, act: Option<&Act>) -> bool {
    match when {
        When::Default { column, place } => match kind {
            ChangeKind::Insert => !is_given(column, *place, act),
            ChangeKind::Update => is_set_to_default(column, act),
            ChangeKind::Delete | ChangeKind::Truncate => false,
        },
        When::Written => matches!(kind, ChangeKind::Insert | ChangeKind::Update),
        When::Rule(event) => event == event_of(kind),
        When::Seen => kind != ChangeKind::Truncate,
    }
}

/// Whether every row that a statement adds certainly has a value for a column.
fn is_given(column: &Ident, place: usize, act: Option<&Act>) -> bool {
    let is_default = |value: &Expr| value.kind == ExprKind::Default;
    match act {
        Some(Act::Insert { columns, rows: RowSource::Query(query), .. }) => {
            let named = columns.iter().position(|given| given == column);
            let Some(place) = named.or_else(|| columns.is_empty().then_some(place)) else { return false };
            match &query.body {
                QueryBody::Values(rows) => {
                    rows.iter().all(|row| row.get(place).is_some_and(|value| !is_default(value)))
                }
                QueryBody::Select(select) if columns.is_empty() => {
                    let is_star = |target: &Target| matches!(target.value.kind, ExprKind::Star(_));
                    select.targets.len() > place && !select.targets.iter().any(is_star)
                }
                QueryBody::Select(_) | QueryBody::Set { .. } => !columns.is_empty(),
            }
        }
        Some(Act::Copy { columns, .. }) => columns.is_empty() || columns.contains(column),
        _ => false,
    }
}

fn is_set_to_default(column: &Ident, act: Option<&Act>) -> bool {
    let is_default = |set: &Assignment| set.column == *column && set.value.kind == ExprKind::Default;
    match act {
        Some(Act::Update { set, .. }) => set.iter().any(is_default),
        Some(Act::Insert { conflict: Some(conflict), .. }) => match &conflict.action {
            ConflictAction::Update { set, .. } => set.iter().any(is_default),
            ConflictAction::Nothing => false,
        },
        Some(Act::Merge { branches, .. }) => branches.iter().any(|branch| match &branch.action {
            MergeAction::Update(set) => set.iter().any(is_default),
            _ => false,
        }),
        // A foreign key may set it.
        _ => true,
    }
}

/// The relations that show other rows after a statement, though none was changed.
fn answer_otherwise(statement: &Statement, outcome: &Outcome, state: &State) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    for (key, what) in &outcome.altered {
        let relation = key.relation();
        match what.as_str() {
            "replaced" | "type" | "inherit" | "no inherit" | "attached" | "detached" => {}
            "renamed" | "schema" => {
                let other = match &statement.act {
                    Act::Rename { to, .. } => Name { name: to.clone(), ..relation.clone() },
                    Act::SetSchema { to, .. } => Name { schema: Some(to.clone()), ..relation.clone() },
                    _ => relation.clone(),
                };
                found.insert(other);
            }
            security if security.ends_with("row level security") => {}
            _ => continue,
        }
        found.insert(relation);
    }
    if let Act::AlterTable { name, actions, .. } = &statement.act {
        for action in actions {
            let (AlterAction::Attach(other)
            | AlterAction::Detach { name: other, .. }
            | AlterAction::Inherit { parent: other, .. }) = action
            else {
                continue;
            };
            found.extend([name, other].map(|name| state.catalog.canonical(name)));
        }
    }
    found
}

/// The relations and all views that read them, directly or through others.
#[must_use]
pub fn readers(catalog: &Catalog, relations: impl IntoIterator<Item = Name>) -> BTreeSet<Name> {
    let mut found: BTreeSet<Name> = relations.into_iter().collect();
    let mut queue: Vec<Name> = found.iter().cloned().collect();
    while let Some(name) = queue.pop() {
        for reader in catalog.readers(&name) {
            if found.insert(reader.clone()) {
                queue.push(reader);
            }
        }
    }
    found
}

/// `column::to`, as a change of its type makes it where nothing else is said.
fn cast(column: &Ident, to: &Type) -> Expr {
    let at = to.name.at;
    let operand = Box::new(Expr { at, kind: ExprKind::Column(vec![column.clone()]) });
    Expr { at, kind: ExprKind::Cast { operand, to: Box::new(to.clone()) } }
}

/// `(SELECT count(*) FROM name) = 0`
fn no_rows(name: &Name, at: At) -> Expr {
    let from = crate::effect::From::Relation { name: name.clone(), alias: None, columns: Vec::new(), only: false };
    let select = Select {
        targets: vec![Target { value: Expr { at, kind: ExprKind::count(at) }, alias: None }],
        from: vec![from],
        ..Select::default()
    };
    let query = Query::of(at, select.into());
    let count = super::value::subquery(SubqueryKind::Scalar, query);
    let zero = super::value::number(0);
    let kind =
        ExprKind::Operator { operator: Ident::new_static("="), left: Some(Box::new(count)), right: Box::new(zero) };
    Expr { at, kind }
}

/// How many rows of lists and series are written out one by one.
const LISTED_LIMIT: usize = 64;

/// Whether a query takes rows from something that may be a list.
fn takes_rows(query: &Query) -> bool {
    let select = match &query.body {
        QueryBody::Select(select) => select,
        QueryBody::Set { .. } => return true,
        QueryBody::Values(_) => return false,
    };
    !select.from.is_empty() || select.targets.iter().any(|target| target.value.yields_set())
}

/// The rows of a query that reads no table, one by one.
fn listed_rows(query: &Query, with: &[Cte], state: &State) -> Option<QueryBody> {
    let world = Sight(&state.catalog);
    // An aggregate makes one row of all.
    let is_one_each = |value: &Expr| crate::logic::gathers([value], &world) == Known::No;
    let rows = takes_rows(query).then(|| Rows::told(query, with, &is_one_each)).flatten()?.rows;
    (1..=LISTED_LIMIT).contains(&rows.len()).then_some(QueryBody::Values(rows))
}

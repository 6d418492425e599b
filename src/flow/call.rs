//! The functions that statements, definitions and queries call.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::event::{Origin, Via, What};
use super::state::State;
use super::value::{parse_name, text_of};
use super::{Flow, Memory};
use crate::builtin::{Builtin, builtin};
use crate::catalog::{Catalog, Key, Kind, When};
use crate::effect::{
    Act, AlterAction, At, Body, Cte, CteBody, Expr, ExprKind, From, Function, Ident, Name, Query, QueryBody, Statement,
    Visit, walk_expr, walk_from, walk_query,
};

impl<'a> Flow<'a> {
    /// Does what the calls in an expression do; `certain` says whether the expression is
    /// evaluated whenever control comes here.
    pub(super) fn calls_in(&mut self, expr: &'a Expr, certain: bool, state: &mut State) {
        self.refuse_in(expr, state);
        let mut collector = Collector::new(certain);
        collector.expr(expr);
        self.perform(collector, state);
    }

    /// The same for a query.
    pub(super) fn query_calls(&mut self, query: &'a Query, certain: bool, state: &mut State) {
        let mut collector = Collector::new(certain);
        collector.top_query(query);
        self.perform(collector, state);
    }

    /// Does what the calls in a whole statement do.
    pub(super) fn act_calls(&mut self, act: &'a Act, state: &mut State) {
        let mut collector = Collector::new(false);
        collector.whole(act);
        self.perform(collector, state);
    }

    /// Does what the functions of users do that a definition works out for the rows that are
    /// there: the value of a new column, a new type, a condition, the key of an index.
    pub(super) fn worked_out(&mut self, act: &'a Act, state: &mut State) {
        let is_for_rows = |action: &AlterAction| {
            use AlterAction as A;
            matches!(action, A::AddColumn { .. } | A::ColumnType { .. } | A::AddConstraint(_))
        };
        let mut collector = Collector::new(false);
        match act {
            Act::AlterTable { actions, .. } if actions.iter().any(is_for_rows) => collector.whole(act),
            Act::CreateIndex { .. } => collector.whole(act),
            Act::CreateTable { bounds, .. } => bounds.iter().for_each(|value| collector.expr(value)),
            _ => return,
        }
        self.perform_known(collector, state);
    }

    /// Does what the functions of users do among the calls.
    fn perform_known(&mut self, mut collector: Collector<'a>, state: &mut State) {
        collector.calls.extend(attributes(self.memory, &collector.fields, &state.catalog));
        collector.calls.retain(|call| !state.catalog.functions(call.name).is_empty());
        for call in collector.calls {
            self.call(&call, state);
        }
    }

    /// A change in `WITH` as a statement of its own, with what it may read of that.
    fn with_siblings(&mut self, act: &'a Act, before: &'a [Cte]) -> &'a Act {
        if before.is_empty() {
            return act;
        }
        let mut whole = act.clone();
        let (Act::Insert { with, .. } | Act::Update { with, .. } | Act::Delete { with, .. } | Act::Merge { with, .. }) =
            &mut whole
        else {
            return act;
        };
        *with = before.iter().chain(with.iter()).cloned().collect();
        &self.memory.statements.push_get(Box::new(Statement { at: At::default(), act: whole })).act
    }

    fn perform(&mut self, mut collector: Collector<'a>, state: &mut State) {
        collector.calls.extend(attributes(self.memory, &collector.fields, &state.catalog));
        for act in collector.changes {
            let before = collector.siblings.iter().find(|(of, _)| std::ptr::eq(*of, act)).map(|(_, before)| *before);
            let act = self.with_siblings(act, before.unwrap_or_default());
            self.change(act, state);
        }
        for at in collector.locks {
            self.emit(at, What::LocksRows, state);
        }
        for call in collector.calls {
            self.call(&call, state);
        }
        for name in collector.read {
            self.shown(name, name.at, state);
        }
    }

    /// Does what the functions of users do that the definition of a relation has worked out.
    pub(super) fn by_definition(&mut self, relation: &Name, at: At, occurs: impl Fn(&When) -> bool, state: &mut State) {
        for worked in state.catalog.worked_out(relation) {
            let origin = Origin::Definition { relation: relation.clone(), what: worked.what };
            let via = Via { at, origin };
            if !occurs(&worked.when) || self.trail.contains(&via) {
                continue;
            }
            let mut collector = Collector::new(false);
            collector.expr(self.memory.expressions.push_get(Box::new(Expr::clone(&worked.value))));
            self.trail.push(via);
            self.perform_known(collector, state);
            self.trail.pop();
        }
    }

    /// Whether a function that is called where nobody sees it does more than look.
    pub(super) fn acts(&mut self, function: &'a Function, at: At, state: &State) -> bool {
        let (events, left) = (self.events.len(), self.left.len());
        let mut aside = state.clone();
        self.follow(function, at, &[], false, &mut aside);
        let acts = |event: &super::Event<'_>| {
            matches!(
                event.what,
                What::Change(_)
                    | What::Define { .. }
                    | What::Sequence { .. }
                    | What::Acts(_)
                    | What::UnknownFunction(_)
                    | What::Opaque(_)
                    | What::BodyTransaction
            )
        };
        let acts = self.events.iter().skip(events).any(acts);
        self.events.truncate(events);
        self.left.truncate(left);
        acts
    }

    /// The functions of users that are called somewhere in a statement.
    pub(super) fn called_in(&self, act: &'a Act, catalog: &Catalog) -> Vec<&'a Function> {
        let mut collector = Collector::new(false);
        collector.whole(act);
        let known = collector.calls.iter().flat_map(|call| catalog.functions(call.name));
        known.map(|function| self.memory.functions.push_get(function)).collect()
    }

    /// Does what the calls in the query of a view do, and in those of the views that it reads,
    /// and what the policies of the tables among them do.
    pub(super) fn shown(&mut self, name: &Name, at: At, state: &mut State) {
        let mut seen = BTreeSet::new();
        let mut open = vec![name.clone()];
        while let Some(name) = open.pop() {
            let Some(relation) = state.catalog.relation(&name) else { continue };
            let query = relation.query.clone();
            if relation.row_security {
                self.by_definition(&state.catalog.canonical(&name), at, |when| *when == When::Seen, state);
            }
            let Some(query) = query else { continue };
            let view = state.catalog.canonical(&name);
            // What is materialized is done when it is refreshed.
            let is_kept = |key: Key| key.kind == Kind::MaterializedView;
            if !seen.insert(view.clone()) || (seen.len() > 1 && state.catalog.relation_key(&name).is_some_and(is_kept))
            {
                continue;
            }
            let called = self.called_by(query);
            open.extend(called.read.iter().map(|name| (*name).clone()));
            let attributes = attributes(self.memory, &called.fields, &state.catalog);
            if attributes.is_empty() && called.functions.iter().all(|name| is_quiet(name, &state.catalog)) {
                continue;
            }
            self.trail.push(Via { at, origin: Origin::View(view) });
            for call in called.calls.iter().chain(&attributes) {
                self.call(call, state);
            }
            self.trail.pop();
        }
    }

    /// What the query of a view calls and reads: many statements read the same view.
    fn called_by(&mut self, query: Arc<Query>) -> Rc<Viewed<'a>> {
        let memory = self.memory;
        let known = self.views.entry(Arc::as_ptr(&query));
        Rc::clone(known.or_insert_with(|| {
            let mut collector = Collector::new(false);
            collector.query(memory.queries.push_get(query));
            let Collector { calls, mut read, fields, .. } = collector;
            let mut seen = FxHashSet::default();
            read.retain(|name| seen.insert(*name));
            let functions = calls.iter().map(|call| call.name).collect();
            Rc::new(Viewed { calls, functions, read, fields })
        }))
    }

    fn call(&mut self, call: &FoundCall<'a>, state: &mut State) {
        let FoundCall { name, arguments, at, certain } = *call;
        let fitting: Vec<_> =
            state.catalog.functions(name).into_iter().filter(|function| fits(function, arguments.len())).collect();
        if fitting.is_empty() {
            self.builtin_call(call, state);
            return;
        }
        let certain = certain && fitting.len() == 1;
        let given = self.resolve_all(arguments, state);
        for function in fitting {
            let function = self.memory.functions.push_get(function);
            self.follow(function, at, &given, certain, state);
        }
    }

    fn builtin_call(&mut self, call: &FoundCall<'a>, state: &mut State) {
        let FoundCall { name, arguments, at, certain } = *call;
        match state.catalog.does(name) {
            Builtin::Reads
                if name.name.starts_with("pg_advisory_")
                    && name.name.contains("lock")
                    && !name.name.contains("unlock") =>
            {
                self.emit(at, What::Waits(name.name.clone()), state);
            }
            Builtin::Pure | Builtin::Reads => {}
            Builtin::Setting => {
                let given = self.resolve_all(arguments, state);
                let setting = given.first().and_then(text_of);
                let local = given.get(2).is_some_and(|local| local.kind == ExprKind::Boolean(true));
                let Some(setting) = setting else {
                    state.forget_everything();
                    state.forget_settings();
                    return;
                };
                let before = (!certain).then(|| state.clone());
                let value = given.get(1).map(std::slice::from_ref).unwrap_or_default();
                self.strange(at, &setting.to_ascii_lowercase(), given.get(1), state);
                if let Some(value) = given.get(1) {
                    state.catalog.configure(&setting.to_ascii_lowercase(), value, local);
                }
                let scope = if local { crate::effect::Scope::Transaction } else { crate::effect::Scope::Session };
                state.set(&Ident::from(setting.to_ascii_lowercase()), super::state::setting_text(value), scope);
                if let Some(before) = before {
                    *state = before.join(state);
                }
            }
            Builtin::Sequence => {
                let given = arguments.first().map(|first| self.resolve(first, state));
                let text = given.as_ref().and_then(text_of);
                let sequence = text.and_then(|text| parse_name(&text, at)).map(|name| state.catalog.canonical(&name));
                self.emit(at, What::Sequence { function: name.name.clone(), sequence }, state);
            }
            Builtin::Acts => {
                self.emit(at, What::Acts(name.name.clone()), state);
            }
            Builtin::Unknown if state.catalog.makes_value(name, arguments.len()) => {}
            Builtin::Unknown => {
                self.emit(at, What::UnknownFunction(Box::new(name.clone())), state);
                state.forget_everything();
            }
        }
    }
}

pub(super) fn fits(function: &Function, given: usize) -> bool {
    // CALL writes something for an OUT argument too.
    let inputs = function.arguments.iter().filter(|argument| argument.input || function.procedure).count();
    let needed = function.arguments.iter().filter(|argument| argument.input && argument.default.is_none()).count();
    let variadic = function.arguments.last().is_some_and(|argument| argument.input && argument.kind.array);
    given >= needed && (given <= inputs || variadic) || (given == 1 && needed <= 1)
}

/// `(a).f` and `a.f` call the function of a composite value where it has no such column.
fn attributes<'a>(memory: &'a Memory, fields: &[Field<'a>], catalog: &Catalog) -> Vec<FoundCall<'a>> {
    let mut known: FxHashMap<&Ident, bool> = FxHashMap::default();
    let mut is_function = |field: &'a Ident| {
        let takes_row = |function: &Function| {
            let mut inputs = function.arguments.iter().filter(|argument| argument.input);
            inputs.next().is_some_and(|first| {
                !crate::builtin::is_type(&first.kind.name.name) && {
                    let relation = catalog.relation(&first.kind.name);
                    relation.is_none_or(|relation| relation.column(field).is_none())
                }
            })
        };
        let functions = || catalog.functions(&Name::plain(field.clone(), At::default()));
        *known.entry(field).or_insert_with(|| functions().iter().any(|function| takes_row(function)))
    };
    let called = fields.iter().filter(|(field, ..)| is_function(field));
    let call = |(field, arguments, at): &Field<'a>| {
        let name = memory.names.push_get(Box::new(Name::plain((*field).clone(), *at)));
        FoundCall { name, arguments, at: *at, certain: false }
    };
    called.map(call).collect()
}

/// What the query of a view calls and reads.
pub(super) struct Viewed<'a> {
    calls: Vec<FoundCall<'a>>,
    /// The names in the calls, each once.
    functions: FxHashSet<&'a Name>,
    /// The relations that are read, each once, in the order in which they are first.
    read: Vec<&'a Name>,
    fields: Vec<Field<'a>>,
}

/// What may be a column or a function of a composite value, with that value where it is written.
type Field<'a> = (&'a Ident, &'a [Expr], At);

/// A call that is made.
struct FoundCall<'a> {
    name: &'a Name,
    arguments: &'a [Expr],
    at: At,
    certain: bool,
}

/// Finds calls, and changes in `WITH`, in the order in which they are written.
struct Collector<'a> {
    calls: Vec<FoundCall<'a>>,
    changes: Vec<&'a Act>,
    /// Changes in `WITH`, with what stands before them there.
    siblings: Vec<(&'a Act, &'a [Cte])>,
    /// The relations that are read, but for common table expressions.
    read: Vec<&'a Name>,
    ctes: BTreeSet<&'a Ident>,
    /// The queries that lock rows.
    locks: Vec<At>,
    fields: Vec<Field<'a>>,
    /// Whether what is visited is certainly evaluated.
    certain: bool,
}

impl<'a> Collector<'a> {
    const fn new(certain: bool) -> Self {
        Self {
            calls: Vec::new(),
            changes: Vec::new(),
            siblings: Vec::new(),
            read: Vec::new(),
            ctes: BTreeSet::new(),
            locks: Vec::new(),
            fields: Vec::new(),
            certain,
        }
    }

    fn maybe(&mut self, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.certain, false);
        visit(self);
        self.certain = outer;
    }

    /// Notes what the changes of a `WITH` may read.
    fn siblings(&mut self, with: &'a [Cte]) {
        for (number, cte) in with.iter().enumerate().skip(1) {
            if let (CteBody::Change(act), Some(before)) = (&cte.body, with.get(..number)) {
                self.siblings.push((act, before));
            }
        }
    }

    fn ctes(&mut self, ctes: &'a [Cte]) {
        self.siblings(ctes);
        for cte in ctes {
            self.ctes.insert(&cte.name);
            match &cte.body {
                CteBody::Query(query) => self.maybe(|collector| collector.query(query)),
                CteBody::Change(act) => {
                    self.maybe(|collector| collector.whole(act));
                    self.changes.push(act);
                }
            }
        }
    }

    /// A query that is run for its rows. Its row is certain where it has no FROM and nothing that
    /// may leave it out; PostgreSQL works out no value of a row that nobody asks for.
    fn top_query(&mut self, query: &'a Query) {
        self.ctes(&query.with);
        self.locks.extend(query.locks.then_some(query.at));
        let outer = self.certain;
        let is_whole = query.limit.is_none() && query.offset.is_none();
        match &query.body {
            QueryBody::Select(select) => {
                let is_plain = is_whole
                    && select.filter.is_none()
                    && select.having.is_none()
                    && select.group_by.is_empty()
                    && select.distinct_on.is_empty();
                for from in &select.from {
                    match (from, select.from.len()) {
                        (From::Function { calls, .. }, 1) if is_plain => {
                            calls.iter().for_each(|call| self.expr(call));
                        }
                        _ => self.maybe(|collector| collector.from(from)),
                    }
                }
                // A set may be empty, and then there is no row.
                let has_set = select.targets.iter().any(|target| crate::effect::any(&target.value, Expr::yields_set));
                self.certain = outer && is_plain && select.from.is_empty() && !has_set;
                select.targets.iter().for_each(|target| self.expr(&target.value));
                self.certain = outer;
                self.maybe(|collector| {
                    select.filter.iter().chain(&select.having).for_each(|expr| collector.expr(expr));
                    select.group_by.iter().chain(&select.distinct_on).for_each(|expr| collector.expr(expr));
                });
            }
            QueryBody::Values(rows) => {
                // Who asks for one row gets the first.
                self.certain = outer && is_whole && rows.len() == 1;
                rows.iter().flatten().for_each(|value| self.expr(value));
                self.certain = outer;
            }
            QueryBody::Set { left, right, .. } => self.maybe(|collector| {
                collector.top_query(left);
                collector.top_query(right);
            }),
        }
        let rest = query.order_by.iter().chain(query.limit.as_deref()).chain(query.offset.as_deref());
        self.maybe(|collector| rest.for_each(|expr| collector.expr(expr)));
    }

    /// What is worked out only if nothing beside it is NULL: PostgreSQL leaves out a call of a
    /// strict function, and what an operator of constants comes to is known to it before.
    fn beside(&mut self, expr: &'a Expr, others: impl IntoIterator<Item = &'a Expr>) {
        let is_given =
            |other: &Expr| matches!(other.kind, ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_));
        if others.into_iter().all(is_given) {
            self.expr(expr);
        } else {
            self.maybe(|collector| collector.expr(expr));
        }
    }

    /// Everything of a statement but the changes themselves.
    fn whole(&mut self, act: &'a Act) {
        if let Act::Insert { with, .. }
        | Act::Update { with, .. }
        | Act::Delete { with, .. }
        | Act::Merge { with, .. } = act
        {
            self.ctes.extend(with.iter().map(|cte| &cte.name));
            self.siblings(with);
        }
        crate::effect::walk_act(self, act);
    }
}

impl<'a> Visit<'a> for Collector<'a> {
    fn act(&mut self, act: &'a Act) {
        self.changes.push(act);
        self.whole(act);
    }

    fn query(&mut self, query: &'a Query) {
        self.ctes.extend(query.with.iter().map(|cte| &cte.name));
        self.siblings(&query.with);
        self.locks.extend(query.locks.then_some(query.at));
        self.maybe(|collector| walk_query(collector, query));
    }

    fn body(&mut self, _: &'a Body) {}

    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from
            && (name.schema.is_some() || !self.ctes.contains(&name.name))
        {
            self.read.push(name);
        }
        walk_from(self, from);
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Call { function, arguments, filter, .. } => {
                for (index, argument) in arguments.iter().enumerate() {
                    let others = arguments.iter().enumerate().filter(|(other, _)| *other != index);
                    // A function of SQL that leaves an argument out of its body never works it out.
                    if is_own(function) && filter.is_none() {
                        self.beside(argument, others.map(|(_, other)| other));
                    } else {
                        self.maybe(|collector| collector.expr(argument));
                    }
                }
                filter.iter().for_each(|filter| self.maybe(|collector| collector.expr(filter)));
                self.calls.push(FoundCall { name: function, arguments, at: expr.at, certain: self.certain });
            }
            ExprKind::Operator { left: Some(left), right, .. } => {
                self.beside(left, [&**right]);
                self.beside(right, [&**left]);
            }
            // PostgreSQL may know what these come to without a look at all of their parts.
            ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Case { .. }
            | ExprKind::In { .. }
            | ExprKind::Quantified { .. }
            | ExprKind::Between { .. }
            | ExprKind::Row(_)
            | ExprKind::Index { .. }
            | ExprKind::Other { .. }
            | ExprKind::Subquery { .. } => self.maybe(|collector| walk_expr(collector, expr)),
            ExprKind::Field { operand, field } => {
                self.fields.push((field, std::slice::from_ref(&**operand), expr.at));
                self.maybe(|collector| collector.expr(operand));
            }
            ExprKind::Column(path) if path.len() > 1 => {
                self.fields.extend(path.last().map(|field| (field, [].as_slice(), expr.at)));
            }
            _ => walk_expr(self, expr),
        }
    }
}

/// Whether the name may be that of a function of PostgreSQL's own.
fn is_own(name: &Name) -> bool {
    name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog") && builtin(&name.name) != Builtin::Unknown
}

/// Whether a call does nothing but look.
fn is_quiet(name: &Name, catalog: &Catalog) -> bool {
    matches!(catalog.does(name), Builtin::Pure | Builtin::Reads) && catalog.functions(name).is_empty()
}

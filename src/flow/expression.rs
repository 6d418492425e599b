//! Expressions with the values of variables in their place, and the calls within them.

use std::collections::BTreeSet;

use super::Flow;
use super::event::{Origin, Via, What};
use super::state::{PsqlValue, State};
use crate::builtin::{Builtin, builtin};
use crate::catalog::{Catalog, Key, Kind, Listed, Presence, Read, When};
use crate::effect::{
    Act, AlterAction, At, Body, Cte, CteBody, Expr, ExprKind, From, Function, Ident, Name, Query, QueryBody, Select,
    StepKind, SubqueryKind, Target, Type, VariableConflict, Visit, rewrite_expr, rewrite_query, walk_expr, walk_from,
    walk_query,
};

/// The longest text that is put together, in bytes.
pub(super) const TEXT_LIMIT: usize = 1 << 20;

/// How many functions are put in the place of their calls in one expression.
const INLINE_LIMIT: usize = 256;

/// How much an expression may hold that is kept as the value of a variable: constants count once,
/// everything else eight times.
const VALUE_LIMIT: usize = 8192;

impl<'a> Flow<'a> {
    /// The expression with no variable left in it that has a value.
    pub(super) fn resolve(&mut self, expr: &Expr, state: &State) -> Expr {
        let mut resolved = expr.clone();
        let state = Self::state_for(expr, state);
        rewrite_expr(&mut resolved, &mut |node| self.resolve_node(node, &state));
        resolved
    }

    /// The same, where it stands if there is nothing to resolve.
    pub(super) fn resolved(&mut self, expr: &'a Expr, state: &State) -> &'a Expr {
        let mut plain = Plain { in_body: !state.scopes.is_empty(), is_plain: true };
        plain.expr(expr);
        if plain.is_plain {
            debug_assert!(self.resolve(expr, state) == *expr, "what `Plain` lets by is not resolved: {expr:?}");
            return expr;
        }
        self.memory.expressions.push_get(Box::new(self.resolve(expr, state)))
    }

    pub(super) fn resolve_all(&mut self, exprs: &[Expr], state: &State) -> Vec<Expr> {
        exprs.iter().map(|expr| self.resolve(expr, state)).collect()
    }

    pub(super) fn resolve_query(&mut self, query: &Query, state: &State) -> Query {
        let mut resolved = query.clone();
        rewrite_query(&mut resolved, &mut |node| self.resolve_node(node, state));
        resolved
    }

    fn resolve_node(&mut self, node: &mut Expr, state: &State) {
        let value = match &node.kind {
            ExprKind::Column(path) => match state.variable(path) {
                Some(value) => Some(value),
                None if path.len() == 1
                    && path.first().is_some_and(|name| name == "found")
                    && !state.scopes.is_empty() =>
                {
                    Some(state.found.clone().unwrap_or_else(|| state.symbols.fresh("found")))
                }
                None => None,
            },
            ExprKind::Parameter(number) => state.parameter(*number),
            ExprKind::Variable(name) => match state.psql.get(name) {
                Some(PsqlValue::Text(text)) => Some(Expr { at: node.at, kind: ExprKind::Text(text.clone()) }),
                _ => None,
            },
            ExprKind::VariableIsSet(name) => match state.psql.get(name) {
                Some(PsqlValue::Unset) => Some(boolean(node.at, false)),
                Some(PsqlValue::Maybe | PsqlValue::Answer) | None => None,
                Some(PsqlValue::Expr(value)) => Some(is_not_null(value)),
                Some(PsqlValue::Some | PsqlValue::Text(_)) => Some(boolean(node.at, true)),
            },
            // Outside of bodies there are no variables with types: two literals are texts.
            ExprKind::In { operand, list, negated } if state.scopes.is_empty() => {
                among(operand, list).map(|found| boolean(node.at, found != *negated))
            }
            ExprKind::Operator { operator, left: Some(left), right }
                if state.scopes.is_empty() && matches!(operator.as_str(), "=" | "<>") =>
            {
                among(left, std::slice::from_ref(right)).map(|found| boolean(node.at, found == (operator == "=")))
            }
            ExprKind::Subquery { kind, query } => listed(kind, query, state).or_else(|| distributed(kind, query)),
            ExprKind::Call { function, arguments, star: false, distinct: false, filter: None, over: false } => {
                self.resolve_call(node.at, function, arguments, state)
            }
            _ => None,
        };
        if let Some(value) = value {
            *node = Expr { at: node.at, kind: value.kind };
        }
    }

    fn resolve_call(&mut self, at: At, function: &Name, arguments: &[Expr], state: &State) -> Option<Expr> {
        let built_in = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        match (function.name.as_str(), arguments) {
            ("to_regclass", [name]) if built_in => {
                let name = text_of(name)?;
                let name = parse_name(&name, at)?;
                match state.catalog.presence(&name) {
                    Presence::Yes => Some(Expr { at, kind: ExprKind::Text(name.name) }),
                    Presence::No => Some(Expr { at, kind: ExprKind::Null }),
                    Presence::Maybe => None,
                }
            }
            ("pg_get_serial_sequence", [table, column]) if built_in => {
                let table = parse_name(&text_of(table)?, at)?;
                let sequence = state.catalog.serial_sequence(&table, &text_of(column)?)?;
                Some(Expr { at, kind: ExprKind::Text(Ident::from(sequence.to_string())) })
            }
            ("current_setting", [name, ..]) if built_in => {
                let name = text_of(name)?;
                let setting = state.settings.get(&name.to_ascii_lowercase())?;
                match &setting.value {
                    Some(value) => Some(Expr { at, kind: ExprKind::Text(value.clone()) }),
                    None => setting.expr.clone(),
                }
            }
            _ => self.inline(function, arguments, state),
        }
    }

    /// What a function comes to whose body is one expression.
    fn inline(&mut self, name: &Name, arguments: &[Expr], state: &State) -> Option<Expr> {
        let (inlined, depth) = self.inlined;
        if self.frames.len() >= super::DEPTH_LIMIT || depth > 0 && inlined >= INLINE_LIMIT {
            return None;
        }
        let function = self.function(name, arguments.len(), &state.catalog)?;
        // What is left to a default, or comes to be another value on the way, is not known.
        let inputs = function.arguments.iter().filter(|argument| argument.input);
        let is_kept =
            |given: &Expr, kind: &Type| matches!(given.kind, ExprKind::Null) || super::state::keeps(kind, given);
        if function.strict
            || inputs.clone().count() != arguments.len()
            || arguments.iter().any(|argument| argument.named().is_some())
            || !inputs.zip(arguments).all(|(argument, given)| is_kept(given, &argument.kind))
        {
            return None;
        }
        let value = match &function.body {
            Body::Sql(statements) => match statements.as_slice() {
                [only] => match &only.act {
                    Act::Select(query) => Some(scalar(query)?),
                    _ => None,
                },
                _ => None,
            },
            Body::PlPgSql(block) if block.declarations.is_empty() && block.handlers.is_empty() => {
                match block.steps.as_slice() {
                    [only] => match &only.kind {
                        StepKind::Return(Some(value)) => Some(value.clone()),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }?;
        if function.returns.as_ref().is_some_and(|kind| kind.set || !super::state::keeps(kind, &value)) {
            return None;
        }
        let mut inner = state.clone();
        let mut scope =
            super::Bindings { label: Some(function.name.name.clone()), opaque: true, ..super::Bindings::default() };
        for (argument, given) in function.arguments.iter().filter(|argument| argument.input).zip(arguments) {
            scope.parameters.push(given.clone());
            if let Some(name) = &argument.name {
                scope.values.insert(name.clone(), given.clone());
            }
        }
        if matches!(function.body, Body::Sql(_)) {
            scope.conflict = VariableConflict::UseColumn;
        }
        inner.scopes = vec![scope];
        // Where a name is that of a column too, it is left to what follows the call.
        if !super::names::columns(Read::Expr(&value), &inner).is_empty() {
            return None;
        }
        self.inlined = (if depth == 0 { 1 } else { inlined + 1 }, depth + 1);
        self.frames.push(super::signature(function));
        let value = self.resolve(&value, &inner);
        self.frames.pop();
        self.inlined.1 = depth;
        Some(value).filter(|value| !is_large(value))
    }

    /// The only function of that name that takes so many arguments.
    fn function(&self, name: &Name, arguments: usize, catalog: &Catalog) -> Option<&'a Function> {
        let mut fitting = catalog.functions(name).into_iter().filter(|function| fits(function, arguments));
        let found = fitting.next()?;
        if fitting.next().is_some() {
            return None;
        }
        Some(self.memory.functions.push_get(found))
    }

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
        self.attributes(&mut collector, &state.catalog);
        collector.calls.retain(|call| !state.catalog.functions(call.name).is_empty());
        for call in collector.calls {
            self.call(&call, state);
        }
    }

    fn perform(&mut self, mut collector: Collector<'a>, state: &mut State) {
        self.attributes(&mut collector, &state.catalog);
        for act in collector.changes {
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
            if state.catalog.relation(&name).is_some_and(|relation| relation.row_security) {
                self.by_definition(&state.catalog.canonical(&name), at, |when| *when == When::Seen, state);
            }
            let Some(query) = state.catalog.view_query(&name) else { continue };
            let view = state.catalog.canonical(&name);
            // What is materialized is done when it is refreshed.
            let is_kept = |key: Key| key.kind == Kind::MaterializedView;
            if !seen.insert(view.clone()) || (seen.len() > 1 && state.catalog.relation_key(&name).is_some_and(is_kept))
            {
                continue;
            }
            let mut collector = Collector::new(false);
            collector.query(self.memory.queries.push_get(query));
            open.extend(collector.read.iter().map(|name| (*name).clone()));
            self.attributes(&mut collector, &state.catalog);
            if collector.calls.iter().all(|call| is_quiet(call.name, &state.catalog)) {
                continue;
            }
            self.trail.push(Via { at, origin: Origin::View(view) });
            for call in collector.calls {
                self.call(&call, state);
            }
            self.trail.pop();
        }
    }

    /// `(a).f` and `a.f` call the function of a composite value where it has no such column.
    fn attributes(&self, collector: &mut Collector<'a>, catalog: &Catalog) {
        for (field, arguments, at) in std::mem::take(&mut collector.fields) {
            let name = Name::plain(field.clone(), at);
            let takes_row = |function: &Function| {
                let mut inputs = function.arguments.iter().filter(|argument| argument.input);
                inputs.next().is_some_and(|first| {
                    !crate::builtin::is_type(&first.kind.name.name) && {
                        let relation = catalog.relation(&first.kind.name);
                        relation.is_none_or(|relation| relation.column(field).is_none())
                    }
                })
            };
            if catalog.functions(&name).iter().any(|function| takes_row(function)) {
                let name = self.memory.names.push_get(Box::new(name));
                collector.calls.push(FoundCall { name, arguments, at, certain: false });
            }
        }
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
        let qualified = name.schema.as_deref().is_some_and(|schema| schema != "pg_catalog");
        match if qualified { Builtin::Unknown } else { builtin(&name.name) } {
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

fn fits(function: &Function, given: usize) -> bool {
    // CALL writes something for an OUT argument too.
    let inputs = function.arguments.iter().filter(|argument| argument.input || function.procedure).count();
    let needed = function.arguments.iter().filter(|argument| argument.input && argument.default.is_none()).count();
    let variadic = function.arguments.last().is_some_and(|argument| argument.input && argument.kind.array);
    given >= needed && (given <= inputs || variadic) || (given == 1 && needed <= 1)
}

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
    /// The relations that are read, but for common table expressions.
    read: Vec<&'a Name>,
    ctes: BTreeSet<&'a Ident>,
    /// The queries that lock rows.
    locks: Vec<At>,
    /// What may be a column or a function of a composite value, with that value where it is written.
    fields: Vec<(&'a Ident, &'a [Expr], At)>,
    /// Whether what is visited is certainly evaluated.
    certain: bool,
}

impl<'a> Collector<'a> {
    const fn new(certain: bool) -> Self {
        Self {
            calls: Vec::new(),
            changes: Vec::new(),
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

    fn ctes(&mut self, ctes: &'a [Cte]) {
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
        }
        crate::effect::walk_act(self, act);
    }
}

/// Whether the name may be that of a function of PostgreSQL's own.
fn is_own(name: &Name) -> bool {
    name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog") && builtin(&name.name) != Builtin::Unknown
}

/// Whether a call does nothing but look.
fn is_quiet(name: &Name, catalog: &Catalog) -> bool {
    let is_own = name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    is_own && matches!(builtin(&name.name), Builtin::Pure | Builtin::Reads) && catalog.functions(name).is_empty()
}

impl<'a> Visit<'a> for Collector<'a> {
    fn act(&mut self, act: &'a Act) {
        self.changes.push(act);
        self.whole(act);
    }

    fn query(&mut self, query: &'a Query) {
        self.ctes.extend(query.with.iter().map(|cte| &cte.name));
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

/// What a constant says.
#[must_use]
pub fn constant(value: &Expr) -> Option<Ident> {
    if value.is_constant() { text_of(value) } else { None }
}

/// The constant that a variable holds: of psql, of PL/pgSQL or a parameter.
fn held(node: &Expr, state: &State) -> Option<Expr> {
    let value = match &node.kind {
        ExprKind::Column(path) => state.variable(path),
        ExprKind::Parameter(number) => state.parameter(*number),
        ExprKind::Variable(name) => match state.psql.get(name) {
            Some(PsqlValue::Text(text)) => Some(Expr { at: node.at, kind: ExprKind::Text(text.clone()) }),
            _ => None,
        },
        _ => None,
    };
    value.filter(|value| constant(value).is_some())
}

/// Puts the constant that a variable holds in its place.
pub(super) fn put_constant(node: &mut Expr, state: &State) {
    if let Some(value) = held(node, state) {
        node.kind = value.kind;
    }
}

/// Whether some variable of an act holds a constant.
pub(super) fn has_constants(act: &Act, state: &State) -> bool {
    struct Held<'s> {
        state: &'s State,
        found: bool,
    }
    impl<'a> Visit<'a> for Held<'_> {
        fn expr(&mut self, expr: &'a Expr) {
            self.found = self.found || held(expr, self.state).is_some();
            if !self.found {
                walk_expr(self, expr);
            }
        }
    }
    let mut held = Held { state, found: false };
    crate::effect::walk_act(&mut held, act);
    held.found
}

/// Whether an expression is too large to be kept as a value: what doubles with each assignment
/// would never end.
pub(super) fn is_large(expr: &Expr) -> bool {
    struct Size(usize);
    impl<'a> Visit<'a> for Size {
        fn expr(&mut self, expr: &'a Expr) {
            let (weight, length) = match &expr.kind {
                ExprKind::Text(text) => (1, text.len()),
                ExprKind::Null | ExprKind::Boolean(_) | ExprKind::Number(_) => (1, 0),
                _ => (8, 0),
            };
            // A long text is no large expression; many of them are.
            self.0 = self.0.saturating_sub(weight + length / 1024);
            if self.0 > 0 {
                walk_expr(self, expr);
            }
        }
    }
    let mut size = Size(VALUE_LIMIT);
    size.expr(expr);
    size.0 == 0
}

/// `value IS NOT NULL`
pub(super) fn is_not_null(value: &Expr) -> Expr {
    let operand = Box::new(value.clone());
    Expr { at: value.at, kind: ExprKind::Is { operand, test: crate::effect::IsTest::Null, negated: true } }
}

fn boolean(at: At, truth: bool) -> Expr {
    Expr { at, kind: ExprKind::Boolean(truth) }
}

/// A query of one column as a value.
fn scalar(query: &Query) -> Option<Expr> {
    match &query.body {
        QueryBody::Select(select) if select.targets.len() == 1 && query.with.is_empty() => {
            let plain = select.from.is_empty() && select.filter.is_none() && select.having.is_none();
            match select.targets.first() {
                Some(target) if plain && query.limit.is_none() => Some(target.value.clone()),
                _ => Some(super::body::subquery(SubqueryKind::Scalar, query.clone())),
            }
        }
        _ => None,
    }
}

/// The name that PostgreSQL gives a column of a select list without `AS` (`FigureColname`).
#[must_use]
pub fn column_name(expr: &Expr) -> Option<Ident> {
    figure(expr).map(|(name, _)| name)
}

/// The name, and whether it is better than that of a type.
fn figure(expr: &Expr) -> Option<(Ident, bool)> {
    let own = |name: &'static str| Some((Ident::new_static(name), true));
    match &expr.kind {
        ExprKind::Column(path) => path.last().map(|name| (name.clone(), true)),
        ExprKind::Call { function, .. } => Some((function.name.clone(), true)),
        ExprKind::Cast { operand, to } => {
            figure(operand).filter(|(_, is_good)| *is_good).or_else(|| Some((to.name.name.clone(), false)))
        }
        ExprKind::Coalesce(_) => own("coalesce"),
        ExprKind::Array(_) | ExprKind::Subquery { kind: SubqueryKind::Array, .. } => own("array"),
        ExprKind::Row(_) => own("row"),
        ExprKind::Subquery { kind: SubqueryKind::Exists, .. } => own("exists"),
        ExprKind::Subquery { kind: SubqueryKind::Scalar, query } => {
            let mut query = query;
            loop {
                match &query.body {
                    QueryBody::Select(select) => {
                        let first = select.targets.first()?;
                        return first.alias.clone().map(|name| (name, true)).or_else(|| figure(&first.value));
                    }
                    QueryBody::Values(_) => return own("column1"),
                    QueryBody::Set { left, .. } => query = left,
                }
            }
        }
        ExprKind::Case { otherwise, .. } => {
            let better = otherwise.as_deref().and_then(figure).filter(|(_, is_good)| *is_good);
            better.or_else(|| Some((Ident::new_static("case"), false)))
        }
        ExprKind::Field { field, .. } => Some((field.clone(), true)),
        ExprKind::Index { operand, .. } => figure(operand),
        _ => None,
    }
}

/// The text that an expression of constants comes to.
#[must_use]
pub fn text_of(expr: &Expr) -> Option<Ident> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text.clone()),
        ExprKind::Number(number) => Some(number.clone()),
        ExprKind::Boolean(truth) => Some(Ident::new_static(if *truth { "true" } else { "false" })),
        ExprKind::Cast { operand, to }
            if !to.array && matches!(to.name.name.as_str(), "text" | "varchar" | "name" | "bpchar" | "regclass") =>
        {
            let text = text_of(operand)?;
            let text: Ident = match to.modifiers.as_slice() {
                [] => text,
                // What is longer is cut.
                [length] => text.chars().take(usize::try_from(integer(length)?).ok()?).collect(),
                _ => return None,
            };
            let is_cut = match to.name.name.as_str() {
                "name" => text.len() > 63,
                "bpchar" => text.ends_with(' '),
                _ => false,
            };
            Some(text).filter(|_| !is_cut)
        }
        ExprKind::Operator { operator, left: Some(left), right } if operator == "||" => {
            let (left, right) = (text_of(left)?, text_of(right)?);
            (left.len() + right.len() <= TEXT_LIMIT).then(|| Ident::from(format!("{left}{right}")))
        }
        ExprKind::Operator { operator, left: None, right } if operator == "-" => {
            Some(Ident::from(format!("-{}", text_of(right)?)))
        }
        ExprKind::Operator { .. } => integer(expr).map(|number| Ident::from(number.to_string())),
        ExprKind::Call { function, arguments, .. } if function.schema.as_deref().is_none_or(|s| s == "pg_catalog") => {
            super::dynamic::text_call(&function.name, arguments)
        }
        _ => None,
    }
}

/// The elements of an array of constants: `ARRAY[…]`, `'{…}'::text[]`, `a || b`.
pub(super) fn elements(expr: &Expr) -> Option<Vec<Expr>> {
    match &expr.kind {
        // An array of arrays has other elements than are written.
        ExprKind::Array(parts) => (!parts.iter().any(may_be_array)).then(|| parts.clone()),
        ExprKind::Cast { operand, to } if to.array => match &operand.kind {
            ExprKind::Text(text) => {
                let blanks: &[char] = &[' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];
                let inside = text.strip_prefix('{')?.strip_suffix('}')?.trim_matches(blanks);
                if inside.is_empty() {
                    return Some(Vec::new());
                }
                if inside.contains(['"', '\\', '{', '}']) {
                    return None;
                }
                inside.split(',').map(|text| element(text.trim_matches(blanks), to, expr.at)).collect()
            }
            _ => {
                let found = elements(operand)?;
                let kind = Type { array: false, ..(**to).clone() };
                found.iter().all(|value| super::state::keeps(&kind, value)).then_some(found)
            }
        },
        ExprKind::Operator { operator, left: Some(left), right } if operator == "||" => {
            let mut all = elements(left)?;
            all.extend(elements(right)?);
            Some(all)
        }
        ExprKind::Call { function, arguments, .. } if function.name == "string_to_array" => {
            let [text, separator] = &**arguments else { return None };
            let (text, separator) = (text_of(text)?, text_of(separator)?);
            if separator.is_empty() {
                return None;
            }
            if text.is_empty() {
                return Some(Vec::new());
            }
            let element = |part: &str| Expr { at: expr.at, kind: ExprKind::Text(Ident::from(part)) };
            Some(text.split(separator.as_str()).map(element).collect())
        }
        _ => None,
    }
}

/// An element of an array that is written as a text; none where it is NULL or another value than
/// is written.
fn element(text: &str, to: &Type, at: At) -> Option<Expr> {
    if text.is_empty() || text.eq_ignore_ascii_case("null") {
        return None;
    }
    let kind = Type { array: false, ..to.clone() };
    let written = Expr { at, kind: ExprKind::Text(Ident::from(text)) };
    match kind.name.name.as_str() {
        "int2" | "int4" | "int8" if text.parse::<i64>().is_ok_and(|value| value.to_string() == text) => {
            Some(text.parse().map_or(written, number))
        }
        "text" | "varchar" | "bpchar" | "name" | "char" => super::state::keeps(&kind, &written).then_some(written),
        _ if !kind.modifiers.is_empty() => None,
        _ => Some(Expr { at, kind: ExprKind::Cast { operand: Box::new(written), to: Box::new(kind) } }),
    }
}

/// Whether an element may itself be an array.
fn may_be_array(part: &Expr) -> bool {
    let is_scalar = match &part.kind {
        ExprKind::Null | ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_) => true,
        ExprKind::Cast { to, .. } => !to.array,
        ExprKind::Operator { operator, .. } => operator != "||",
        _ => false,
    };
    !is_scalar && text_of(part).is_none()
}

pub(super) fn integer(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Number(number) => number.parse().ok(),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => integer(right)?.checked_neg(),
        ExprKind::Cast { operand, to }
            if !to.array && to.name.schema.is_none() && matches!(to.name.name.as_str(), "int2" | "int4" | "int8") =>
        {
            integer(operand)
        }
        ExprKind::Call { function, arguments, .. }
            if matches!(function.name.as_str(), "array_length" | "cardinality") =>
        {
            i64::try_from(elements(arguments.first()?)?.len()).ok()
        }
        ExprKind::Operator { operator, left: Some(left), right } => {
            let (left, right) = (integer(left)?, integer(right)?);
            let result = match operator.as_str() {
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "*" => left.checked_mul(right),
                _ => None,
            };
            // Of a wider type PostgreSQL knows more.
            result.filter(|result| i32::try_from(*result).is_ok())
        }
        _ => None,
    }
}

pub(super) fn number(value: i64) -> Expr {
    let at = At::default();
    let digits = Expr { at, kind: ExprKind::Number(Ident::from(value.unsigned_abs().to_string())) };
    if value < 0 {
        let kind = ExprKind::Operator { operator: Ident::new_static("-"), left: None, right: Box::new(digits) };
        Expr { at, kind }
    } else {
        digits
    }
}

/// A name as `to_regclass` reads it.
pub(super) fn parse_name(text: &str, at: At) -> Option<Name> {
    let mut parts: Vec<Ident> = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"')?;
                (Ident::from(quoted.get(..end)?), quoted.get(end + 1..)?)
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (Ident::from(rest.get(..end)?.to_ascii_lowercase()), rest.get(end..)?)
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    match parts.as_slice() {
        [name] => Some(Name::plain(name.clone(), at)),
        [schema, name] => Some(Name { schema: Some(schema.clone()), name: name.clone(), at }),
        _ => None,
    }
}

/// A value as it is asked here and now, if it is a query that comes to something simpler.
pub(super) fn simpler(value: Expr, state: &State) -> Expr {
    match &value.kind {
        ExprKind::Subquery { kind, query } => {
            listed(kind, query, state).or_else(|| distributed(kind, query)).unwrap_or(value)
        }
        _ => value,
    }
}

/// What a question to PostgreSQL's own catalogs comes to: whether something is there, or how much.
fn listed(kind: &SubqueryKind, query: &Query, state: &State) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    if !query.with.is_empty() || query.limit.is_some() || query.offset.is_some() {
        return None;
    }
    let of = |kind: ExprKind| Some(Expr { at: query.at, kind });
    let is_count = match select.targets.as_slice() {
        [
            Target {
                value:
                    Expr { kind: ExprKind::Call { function, filter: None, over: false, distinct: false, star, .. }, .. },
                ..
            },
        ] => *star && function.name == "count",
        _ => false,
    };
    match (kind, is_count) {
        // An aggregate yields a row whatever it finds.
        (SubqueryKind::Exists, false) => match state.catalog.listed(select) {
            Listed::Rows(rows) => of(ExprKind::Boolean(rows > 0)),
            Listed::Some => of(ExprKind::Boolean(true)),
            Listed::Unsaid => None,
        },
        (SubqueryKind::Scalar, true) => match state.catalog.listed(select) {
            Listed::Rows(rows) => of(ExprKind::Number(Ident::from(rows.to_string()))),
            Listed::Some | Listed::Unsaid => None,
        },
        _ => None,
    }
}

/// What is worked out of aggregates is worked out of a query each: `(SELECT count(*) > 0 FROM t)` is
/// `(SELECT count(*) FROM t) > 0`.
fn distributed(kind: &SubqueryKind, query: &Query) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    let [Target { value, .. }] = select.targets.as_slice() else { return None };
    if *kind != SubqueryKind::Scalar || !is_ungrouped(query, select) || is_aggregate(value) {
        return None;
    }
    let mut parts = Aggregates { found: false, is_more: false };
    parts.expr(value);
    if !parts.found || parts.is_more {
        return None;
    }
    let mut whole = value.clone();
    rewrite_expr(&mut whole, &mut |node| {
        if is_aggregate(node) {
            let mut own = query.clone();
            if let QueryBody::Select(select) = &mut own.body {
                select.targets = vec![Target { value: node.clone(), alias: None }];
            }
            own.order_by = Vec::new();
            node.kind = ExprKind::Subquery { kind: SubqueryKind::Scalar, query: Box::new(own) };
        }
    });
    Some(whole)
}

/// What one output of a query comes to, where it is worked out of aggregates over all of its rows.
pub(super) fn of_aggregates(query: &Query, target: &Target) -> Option<Expr> {
    let mut own = Query { order_by: Vec::new(), ..query.clone() };
    let QueryBody::Select(select) = &mut own.body else { return None };
    select.targets = vec![Target { value: target.value.clone(), alias: None }];
    let is_whole = is_aggregate(&target.value) && is_ungrouped(query, select);
    let whole = ExprKind::Subquery { kind: SubqueryKind::Scalar, query: Box::new(own.clone()) };
    if is_whole { Some(Expr { at: query.at, kind: whole }) } else { distributed(&SubqueryKind::Scalar, &own) }
}

/// The only value of the only row of a query; none where it may have others.
pub(super) fn only_value(query: &Query) -> Option<Expr> {
    let QueryBody::Select(select) = &query.body else { return None };
    let [target] = select.targets.as_slice() else { return None };
    let is_one_row = select.from.is_empty() && select.filter.is_none() && is_ungrouped(query, select);
    let has_set = crate::effect::any(&target.value, Expr::yields_set);
    of_aggregates(query, target).or_else(|| (is_one_row && !has_set).then(|| target.value.clone()))
}

/// Whether aggregates of a query are over all of its rows.
pub(super) fn is_ungrouped(query: &Query, select: &Select) -> bool {
    let is_plain = query.with.is_empty() && query.limit.is_none() && query.offset.is_none() && !query.locks;
    is_plain && select.group_by.is_empty() && select.having.is_none() && !select.distinct
}

fn is_aggregate(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, over: false, .. } => {
            let is_own = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
            is_own
                && matches!(function.name.as_str(), "count" | "min" | "max" | "sum" | "bool_and" | "bool_or" | "every")
        }
        _ => false,
    }
}

/// What an expression is made of: aggregates, and what is not worked out of them and constants.
struct Aggregates {
    found: bool,
    is_more: bool,
}

impl<'a> Visit<'a> for Aggregates {
    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            _ if is_aggregate(expr) => self.found = true,
            ExprKind::Column(_)
            | ExprKind::Star(_)
            | ExprKind::Call { .. }
            | ExprKind::Subquery { .. }
            | ExprKind::Other { .. } => {
                self.is_more = true;
            }
            _ => walk_expr(self, expr),
        }
    }
}

/// Whether a literal is one of a list of literals.
fn among(operand: &Expr, list: &[Expr]) -> Option<bool> {
    let literal = |expr: &Expr| match &expr.kind {
        ExprKind::Text(text) => Some(text.clone()),
        _ => None,
    };
    let wanted = literal(operand)?;
    let list: Vec<Ident> = list.iter().map(literal).collect::<Option<_>>()?;
    Some(list.contains(&wanted))
}

/// Whether an expression is what it is resolved to.
struct Plain {
    /// Whether a name may be that of a variable.
    in_body: bool,
    is_plain: bool,
}

impl<'a> Visit<'a> for Plain {
    fn expr(&mut self, expr: &'a Expr) {
        self.is_plain &= match &expr.kind {
            ExprKind::Parameter(_)
            | ExprKind::Variable(_)
            | ExprKind::VariableIsSet(_)
            | ExprKind::Call { .. }
            | ExprKind::Subquery { .. } => false,
            ExprKind::Column(_) => !self.in_body,
            ExprKind::In { operand, list, .. } => among(operand, list).is_none(),
            ExprKind::Operator { left: Some(left), right, .. } => among(left, std::slice::from_ref(right)).is_none(),
            _ => true,
        };
        if self.is_plain {
            walk_expr(self, expr);
        }
    }
}

/// Whether a value asks one of these relations, directly or through a view or a function.
pub(super) fn reads(expr: &Expr, catalog: &Catalog, touched: &mut dyn FnMut(&Name) -> bool) -> bool {
    struct Reads<'c, 'f> {
        catalog: &'c Catalog,
        touched: &'f mut dyn FnMut(&Name) -> bool,
        found: bool,
    }
    impl<'a> Visit<'a> for Reads<'_, '_> {
        fn from(&mut self, from: &'a From) {
            if let From::Relation { name, .. } = from {
                let canonical = self.catalog.canonical(name);
                self.found |= (self.touched)(&canonical);
            }
            walk_from(self, from);
        }
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Call { function, .. } = &expr.kind {
                // What a function of the package asks is not looked up again.
                self.found |= !self.catalog.functions(function).is_empty();
            }
            walk_expr(self, expr);
        }
    }
    let mut visit = Reads { catalog, touched, found: false };
    visit.expr(expr);
    visit.found
}

/// Whether an expression comes to the same when it is asked again while nothing changes.
pub(super) fn is_settled(expr: &Expr, catalog: &Catalog) -> bool {
    !crate::effect::any(expr, |expr| match &expr.kind {
        ExprKind::Call { function, .. } => {
            let known = catalog.functions(function);
            if known.is_empty() {
                !matches!(builtin(&function.name), Builtin::Pure | Builtin::Reads)
            } else {
                known.iter().any(|function| !function.reads_only)
            }
        }
        _ => false,
    })
}

//! Expressions with the values of variables in their place, and the calls within them.

use std::collections::BTreeSet;

use super::Flow;
use super::event::{Origin, Via, What};
use super::state::{PsqlValue, State};
use crate::builtin::{Builtin, builtin};
use crate::catalog::{Catalog, Key, Kind, Listed, Presence, Read, When};
use crate::effect::{
    Act, AlterAction, At, Body, Cte, CteBody, Expr, ExprKind, From, Function, Ident, Name, Query, QueryBody, StepKind,
    SubqueryKind, Target, VariableConflict, Visit, rewrite_expr, rewrite_query, walk_expr, walk_from, walk_query,
};

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
                Some(PsqlValue::Maybe) | None => None,
                Some(_) => Some(boolean(node.at, true)),
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
        if self.frames.len() >= super::DEPTH_LIMIT {
            return None;
        }
        let function = self.function(name, arguments.len(), &state.catalog)?;
        if function.strict {
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
        self.frames.push(function.name.clone());
        let value = self.resolve(&value, &inner);
        self.frames.pop();
        Some(value)
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
        collector.calls.retain(|call| !state.catalog.functions(call.name).is_empty());
        for call in collector.calls {
            self.call(&call, state);
        }
    }

    fn perform(&mut self, collector: Collector<'a>, state: &mut State) {
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
    let inputs = function.arguments.iter().filter(|argument| argument.input).count();
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

    /// A query that is run for its rows: without FROM its row is certain.
    fn top_query(&mut self, query: &'a Query) {
        self.ctes(&query.with);
        self.locks.extend(query.locks.then_some(query.at));
        match &query.body {
            QueryBody::Select(select) => {
                let one_row = select.from.is_empty() && select.filter.is_none() && query.limit.is_none();
                for from in &select.from {
                    match (from, select.from.len()) {
                        (From::Function { calls, .. }, 1) => calls.iter().for_each(|call| self.expr(call)),
                        _ => self.maybe(|collector| collector.from(from)),
                    }
                }
                for target in &select.targets {
                    if one_row {
                        self.expr(&target.value);
                    } else {
                        self.maybe(|collector| collector.expr(&target.value));
                    }
                }
                self.maybe(|collector| {
                    select.filter.iter().chain(&select.having).for_each(|expr| collector.expr(expr));
                    select.group_by.iter().chain(&select.distinct_on).for_each(|expr| collector.expr(expr));
                });
            }
            QueryBody::Values(rows) => rows.iter().flatten().for_each(|value| self.expr(value)),
            QueryBody::Set { left, right, .. } => {
                self.top_query(left);
                self.top_query(right);
            }
        }
        let rest = query.order_by.iter().chain(query.limit.as_deref()).chain(query.offset.as_deref());
        self.maybe(|collector| rest.for_each(|expr| collector.expr(expr)));
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
                arguments.iter().for_each(|argument| self.expr(argument));
                filter.iter().for_each(|filter| self.maybe(|collector| collector.expr(filter)));
                self.calls.push(FoundCall { name: function, arguments, at: expr.at, certain: self.certain });
            }
            // Only the first is certain to be evaluated.
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Coalesce(parts) => {
                if let Some((first, rest)) = parts.split_first() {
                    self.expr(first);
                    self.maybe(|collector| rest.iter().for_each(|part| collector.expr(part)));
                }
            }
            ExprKind::Case { .. } => self.maybe(|collector| walk_expr(collector, expr)),
            _ => walk_expr(self, expr),
        }
    }
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
    value.filter(|value| crate::ledger::constant(value).is_some())
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
    match &expr.kind {
        ExprKind::Column(path) => path.last().cloned(),
        ExprKind::Call { function, .. } => Some(function.name.clone()),
        ExprKind::Cast { operand, to } => column_name(operand).or_else(|| Some(to.name.name.clone())),
        ExprKind::Coalesce(_) => Some(Ident::new_static("coalesce")),
        ExprKind::Subquery { kind: SubqueryKind::Exists, .. } => Some(Ident::new_static("exists")),
        ExprKind::Case { .. } => Some(Ident::new_static("case")),
        ExprKind::Field { field, .. } => Some(field.clone()),
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
            match to.modifiers.as_slice() {
                [] => Some(text),
                // What is longer is cut.
                [length] => Some(text.chars().take(usize::try_from(integer(length)?).ok()?).collect()),
                _ => None,
            }
        }
        ExprKind::Operator { operator, left: Some(left), right } if operator == "||" => {
            Some(Ident::from(format!("{}{}", text_of(left)?, text_of(right)?)))
        }
        ExprKind::Operator { operator, left: None, right } if operator == "-" => {
            Some(Ident::from(format!("-{}", text_of(right)?)))
        }
        ExprKind::Call { function, arguments, .. } if function.schema.as_deref().is_none_or(|s| s == "pg_catalog") => {
            super::dynamic::text_call(&function.name, arguments)
        }
        _ => None,
    }
}

/// The elements of an array of constants: `ARRAY[…]`, `'{…}'::text[]`, `a || b`.
pub(super) fn elements(expr: &Expr) -> Option<Vec<Expr>> {
    match &expr.kind {
        ExprKind::Array(parts) => Some(parts.clone()),
        ExprKind::Cast { operand, to } if to.array => match &operand.kind {
            ExprKind::Text(text) => {
                let inside = text.strip_prefix('{')?.strip_suffix('}')?;
                if inside.is_empty() {
                    return Some(Vec::new());
                }
                if inside.contains(['"', '\\', '{']) {
                    return None;
                }
                let element = |text: &str| Expr { at: expr.at, kind: ExprKind::Text(Ident::from(text.trim())) };
                Some(inside.split(',').map(element).collect())
            }
            _ => elements(operand),
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
            let element = |part: &str| Expr { at: expr.at, kind: ExprKind::Text(Ident::from(part)) };
            Some(text.split(separator.as_str()).map(element).collect())
        }
        _ => None,
    }
}

/// The rows of a query of one column that reads no table: `VALUES`, `unnest(ARRAY[…])`.
pub(super) fn constant_rows(query: &Query) -> Option<Vec<Expr>> {
    if !query.with.is_empty() || query.limit.is_some() || query.offset.is_some() {
        return None;
    }
    match &query.body {
        QueryBody::Values(rows) => {
            rows.iter().map(|row| if let [only] = row.as_slice() { Some(only.clone()) } else { None }).collect()
        }
        QueryBody::Select(select) if select.filter.is_none() && !select.distinct && select.group_by.is_empty() => {
            let [target] = select.targets.as_slice() else { return None };
            match (&target.value.kind, select.from.as_slice()) {
                (ExprKind::Call { function, arguments, .. }, []) if function.name == "unnest" => {
                    let [array] = &**arguments else { return None };
                    elements(array)
                }
                (ExprKind::Column(_) | ExprKind::Star(_), [From::Function { calls, .. }]) => match calls.as_slice() {
                    [Expr { kind: ExprKind::Call { function, arguments, .. }, .. }] if function.name == "unnest" => {
                        let [array] = &**arguments else { return None };
                        elements(array)
                    }
                    _ => None,
                },
                (ExprKind::Column(_) | ExprKind::Star(_), [From::Subquery { query, .. }]) => constant_rows(query),
                _ => None,
            }
        }
        _ => None,
    }
}

pub(super) fn integer(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Number(number) => number.parse().ok(),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => integer(right)?.checked_neg(),
        ExprKind::Cast { operand, .. } => integer(operand),
        ExprKind::Call { function, arguments, .. }
            if matches!(function.name.as_str(), "array_length" | "cardinality") =>
        {
            i64::try_from(elements(arguments.first()?)?.len()).ok()
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
    let is_plain = query.with.is_empty() && query.limit.is_none() && query.offset.is_none() && !query.locks;
    let is_one = select.group_by.is_empty() && select.having.is_none() && !select.distinct;
    if *kind != SubqueryKind::Scalar || !is_plain || !is_one || is_aggregate(value) {
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

//! Expressions with the values of variables in their place.

use super::Flow;
use super::call::fits;
use super::query::{distributed, in_list, listed};
use super::state::{PsqlValue, State};
use super::value::{among, boolean, constant, elements, folded, integer, is_large, is_not_null, parse_name, text_of};
use crate::builtin::{Builtin, builtin};
use crate::catalog::{Catalog, Presence, Read};
use crate::effect::{
    Act, At, Body, Expr, ExprKind, Function, Ident, Name, Object, Query, QueryBody, StepKind, SubqueryKind, Type,
    VariableConflict, Visit, rewrite_expr, rewrite_query, walk_expr,
};
use crate::source::Map;

/// How many functions are put in the place of their calls in one expression.
const INLINE_LIMIT: usize = 256;

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
            ExprKind::Subquery { kind, query } => {
                let answer = if self.asks { None } else { listed(kind, query, &state.catalog) };
                answer.or_else(|| distributed(kind, query)).or_else(|| in_list(kind, query))
            }
            ExprKind::Index { operand, subscripts } => element(operand, subscripts),
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
        if built_in && self.asks && function.name.starts_with("to_reg") {
            return None;
        }
        match (function.name.as_str(), arguments) {
            ("to_regclass", [name]) if built_in => {
                let name = text_of(name)?;
                let name = parse_name(&name, at)?;
                registered(state.catalog.presence(&name), name.name, at)
            }
            ("to_regtype" | "to_regnamespace" | "to_regproc", [name]) if built_in => {
                let text = text_of(name)?;
                let name = parse_name(&text, at)?;
                let presence = match function.name.as_str() {
                    "to_regtype" => state.catalog.presence_of_type(&name),
                    "to_regnamespace" if name.schema.is_some() => return None,
                    "to_regnamespace" => state.catalog.presence_of_schema(&name.name),
                    _ => state.catalog.presence_of_routine(&name),
                };
                registered(presence, text, at)
            }
            ("to_regprocedure", [signature]) if built_in => {
                let text = text_of(signature)?;
                let presence = self.presence_of_signature(&text, at, &state.catalog);
                registered(presence, text, at)
            }
            ("pg_get_serial_sequence", [table, column]) if built_in => {
                let table = parse_name(&text_of(table)?, at)?;
                let sequence = state.catalog.serial_sequence(&table, &text_of(column)?)?;
                Some(Expr { at, kind: ExprKind::Text(Ident::from(sequence.to_string())) })
            }
            ("current_setting", [name, ..]) if built_in => state.setting_of(&text_of(name)?, at),
            _ => self.inline(function, arguments, state),
        }
    }

    /// Whether there is a routine of that name and these arguments: `f(int, text)`.
    fn presence_of_signature(&mut self, text: &str, at: At, catalog: &Catalog) -> Presence {
        let map = Map::at(at.file(), at.span().start);
        let Ok(statements) = self.parser.statements(&format!("DROP ROUTINE {text}"), &map) else {
            return Presence::Maybe;
        };
        let [statement] = statements.as_slice() else { return Presence::Maybe };
        let Act::Drop { objects, if_exists: false, cascade: false, .. } = &statement.act else {
            return Presence::Maybe;
        };
        let [Object { name, arguments: Some(_), .. }] = objects.as_slice() else { return Presence::Maybe };
        // What PostgreSQL or an extension brings is not in the catalog.
        if builtin(&name.name) != Builtin::Unknown {
            return Presence::Maybe;
        }
        let outcome = catalog.clone().step(statement);
        match (&outcome.problem, &outcome.may_fail) {
            (Some(problem), _) if problem.sqlstate == "42883" => Presence::No,
            (Some(problem), _) if problem.sqlstate == "2BP01" => Presence::Yes,
            (None, None) if !outcome.dropped.is_empty() && !outcome.blurred => Presence::Yes,
            _ => Presence::Maybe,
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
            |given: &Expr, kind: &Type| matches!(given.kind, ExprKind::Null) || super::value::keeps(kind, given);
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
        if function.returns.as_ref().is_some_and(|kind| kind.set || !super::value::keeps(kind, &value)) {
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
}

/// The constant that a variable or a setting holds: of psql, of PL/pgSQL or a parameter; or that
/// others come to.
fn held(node: &Expr, state: &State) -> Option<Expr> {
    let value = match &node.kind {
        ExprKind::Operator { .. } | ExprKind::Call { .. } => {
            let value = setting(node, state).unwrap_or_else(|| folded(node.clone()));
            (value.kind != node.kind).then_some(value)
        }
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

/// The value of `current_setting('…')`.
fn setting(node: &Expr, state: &State) -> Option<Expr> {
    let ExprKind::Call { function, arguments, .. } = &node.kind else { return None };
    let is_own = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    let name = arguments.first().filter(|_| is_own && function.name == "current_setting")?;
    state.setting_of(&text_of(name)?, node.at)
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

/// A query of one column as a value.
fn scalar(query: &Query) -> Option<Expr> {
    match &query.body {
        QueryBody::Select(select) if select.targets.len() == 1 && query.with.is_empty() => {
            let plain = select.from.is_empty() && select.filter.is_none() && select.having.is_none();
            match select.targets.first() {
                Some(target) if plain && query.limit.is_none() => Some(target.value.clone()),
                _ => Some(super::value::subquery(SubqueryKind::Scalar, query.clone())),
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
            | ExprKind::Index { .. }
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

/// The element of an array of constants.
fn element(array: &Expr, subscripts: &[Expr]) -> Option<Expr> {
    let [place] = subscripts else { return None };
    let (elements, place) = (elements(array)?, integer(place)?);
    let found = usize::try_from(place).ok().and_then(|place| elements.into_iter().nth(place.checked_sub(1)?));
    Some(found.unwrap_or(Expr { at: array.at, kind: ExprKind::Null }))
}

/// What `to_regclass` and its relatives come to, as far as that can be told.
fn registered(presence: Presence, name: Ident, at: At) -> Option<Expr> {
    match presence {
        Presence::Yes => Some(Expr { at, kind: ExprKind::Text(name) }),
        Presence::No => Some(Expr { at, kind: ExprKind::Null }),
        Presence::Maybe => None,
    }
}

//! Names that a variable has and a column too: what each of them means.

use std::collections::BTreeSet;

use super::Flow;
use super::event::What;
use super::state::{Bindings, State, number_of};
use crate::catalog::{Problem, Read, Variables};
use crate::effect::{At, Expr, ExprKind, Ident, VariableConflict};

impl Flow<'_> {
    /// Says for a body what such names mean in it.
    pub(super) fn decide(conflict: VariableConflict, state: &mut State) {
        if let Some(scope) = state.scopes.iter_mut().rev().find(|scope| scope.opaque) {
            scope.conflict = conflict;
        }
    }

    /// Does something with what is read, in which each name means what it means to PostgreSQL.
    pub(super) fn with_columns<T>(
        &mut self,
        read: Read<'_>,
        state: &mut State,
        inner: impl FnOnce(&mut Self, &mut State) -> T,
    ) -> T {
        let clashes = clashes(read, state);
        self.refuse_clashes(&clashes, state);
        let columns: BTreeSet<Vec<Ident>> = clashes.into_iter().map(|(path, _)| path).collect();
        if columns.is_empty() {
            return inner(self, state);
        }
        let depth = state.scopes.len();
        state.scopes.push(Bindings { columns, ..Bindings::default() });
        let done = inner(self, state);
        state.scopes.truncate(depth);
        done
    }

    /// The same for the queries within an expression that is worked out by itself; a name in it that
    /// neither a variable nor a column has is told of, too.
    pub(super) fn refuse_in(&mut self, expr: &Expr, state: &State) {
        if !state.scopes.is_empty() && has_name(expr) {
            self.refuse_read(Read::Expr(expr), expr.at, state);
        }
        if state.conflict() == Some(VariableConflict::Error) && has_query(expr) {
            self.refuse_clashes(&clashes(Read::Expr(expr), state), state);
        }
    }

    /// What PostgreSQL says of something that it reads in a body.
    pub(super) fn refuse_read(&mut self, read: Read<'_>, at: At, state: &State) {
        let known = |path: &[Ident]| is_known(path, state);
        if let Some(problem) = state.catalog.refusal(read, at, Variables::These(&known))
            // A function that is not known here is told as such; a newer PostgreSQL may have it.
            && problem.sqlstate != "42883"
        {
            let at = if problem.at.span().end > 0 { problem.at } else { at };
            self.emit(at, What::Refused(Box::new(problem)), state);
        }
    }

    /// PostgreSQL assigns nothing to what is no variable.
    pub(super) fn refuse_targets(&mut self, targets: &[Vec<Ident>], at: At, state: &State) {
        let is_known =
            |path: &Vec<Ident>| is_known(path, state) || path.first().is_some_and(|name| number_of(name).is_some());
        if let Some(path) = targets.iter().find(|path| !is_known(path)) {
            let message = format!("\"{}\" is not a known variable", path.join("."));
            self.emit(at, What::Refused(Box::new(Problem::new("42601", message, at))), state);
        }
    }

    /// PostgreSQL refuses a name that a variable has and a column too, unless it is told which
    /// of them comes first.
    fn refuse_clashes(&mut self, clashes: &[Clash], state: &State) {
        if state.conflict() != Some(VariableConflict::Error) {
            return;
        }
        for (path, at) in clashes {
            let is_sure = match path.as_slice() {
                [_] => true,
                // A record may have no such field; then it is the column.
                [label, _] => state.scopes.iter().any(|scope| scope.label.as_ref() == Some(label)),
                _ => false,
            };
            if is_sure {
                let name = path.join(".");
                self.emit(*at, What::Refused(Box::new(Problem::ambiguous(&name, *at))), state);
            }
        }
    }

    /// What is known, with each name of a query within the expression meaning what it means to
    /// PostgreSQL.
    pub(super) fn state_for<'s>(expr: &Expr, state: &'s State) -> std::borrow::Cow<'s, State> {
        let asks = state.conflict().is_some() && has_query(expr);
        let columns = if asks { columns(Read::Expr(expr), state) } else { BTreeSet::new() };
        if columns.is_empty() {
            return std::borrow::Cow::Borrowed(state);
        }
        let mut inner = state.clone();
        inner.scopes.push(Bindings { columns, ..Bindings::default() });
        std::borrow::Cow::Owned(inner)
    }
}

/// A name that a variable has and a column too, and where it stands.
type Clash = (Vec<Ident>, At);

/// The names that variables have and columns too, where they do not mean the variables.
fn clashes(read: Read<'_>, state: &State) -> Vec<Clash> {
    match state.conflict() {
        None | Some(VariableConflict::UseVariable) => Vec::new(),
        Some(VariableConflict::Error | VariableConflict::UseColumn) => {
            state.catalog.clashes(read, &|path| state.variable(path).is_some())
        }
    }
}

/// The names that mean columns though variables have them too.
pub(super) fn columns(read: Read<'_>, state: &State) -> BTreeSet<Vec<Ident>> {
    clashes(read, state).into_iter().map(|(path, _)| path).collect()
}

/// Whether a variable has that name.
pub(super) fn is_known(path: &[Ident], state: &State) -> bool {
    state.has_variable(path)
        || match path {
            [only] => only == "found",
            // Rules see them, too.
            [row, ..] => row == "new" || row == "old",
            [] => false,
        }
}

/// Whether a name stands in an expression, or a query.
fn has_name(expr: &Expr) -> bool {
    crate::effect::any(expr, |expr| matches!(expr.kind, ExprKind::Column(_) | ExprKind::Subquery { .. }))
}

/// Whether a query stands in an expression.
fn has_query(expr: &Expr) -> bool {
    crate::effect::any(expr, |expr| matches!(expr.kind, ExprKind::Subquery { .. }))
}

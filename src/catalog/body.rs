//! What a body or a statement names: relations that it reads and writes, functions that it
//! calls. By name only: the search path of the day when it runs decides what they mean.

use super::object::Touches;
use crate::effect::{
    Act, Body, Expr, ExprKind, From, Ident, Iteration, Name, Query, Statement, Step, StepKind, Visit, walk_act,
    walk_block, walk_expr, walk_from, walk_query, walk_step,
};

struct Names {
    touches: Touches,
    /// Names of WITH that are in sight.
    ctes: Vec<Ident>,
}

impl Names {
    fn read(&mut self, name: &Name) {
        if name.schema.is_some() || !self.ctes.contains(&name.name) {
            self.touches.reads.insert(name.clone());
        }
    }

    fn write(&mut self, name: &Name) {
        self.touches.writes.insert(name.clone());
    }

    fn within(&mut self, with: &[crate::effect::Cte], go: impl FnOnce(&mut Self)) {
        let depth = self.ctes.len();
        self.ctes.extend(with.iter().map(|cte| cte.name.clone()));
        go(self);
        self.ctes.truncate(depth);
    }
}

impl<'a> Visit<'a> for Names {
    fn act(&mut self, act: &'a Act) {
        match act {
            Act::Insert { with, table, .. }
            | Act::Update { with, table, .. }
            | Act::Delete { with, table, .. }
            | Act::Merge { with, table, .. } => {
                self.write(table);
                self.within(with, |names| walk_act(names, act));
            }
            Act::Truncate { tables, .. } => tables.iter().for_each(|table| self.write(table)),
            Act::Copy { table, from, .. } => {
                if let Some(table) = table {
                    if *from { self.write(table) } else { self.read(table) }
                }
                walk_act(self, act);
            }
            Act::Refresh { name, .. } => self.write(name),
            Act::CreateTable { name, .. } | Act::CreateTableAs { name, .. } | Act::CreateView { name, .. } => {
                self.write(name);
                walk_act(self, act);
            }
            Act::Opaque { .. } | Act::ExecutePrepared { .. } => self.touches.is_opaque = true,
            _ => walk_act(self, act),
        }
    }

    fn query(&mut self, query: &'a Query) {
        self.within(&query.with, |names| walk_query(names, query));
    }

    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from {
            self.read(name);
        }
        walk_from(self, from);
    }

    fn expr(&mut self, expr: &'a Expr) {
        if let ExprKind::Call { function, .. } = &expr.kind {
            self.touches.calls.insert((**function).clone());
        }
        walk_expr(self, expr);
    }

    fn body(&mut self, body: &'a Body) {
        match body {
            Body::PlPgSql(block) => walk_block(self, block),
            Body::Sql(statements) => statements.iter().for_each(|statement| self.statement(statement)),
            Body::Opaque { .. } => self.touches.is_opaque = true,
        }
    }

    fn step(&mut self, step: &'a Step) {
        let is_dynamic = matches!(
            step.kind,
            StepKind::Execute { .. }
                | StepKind::ReturnExecute { .. }
                | StepKind::Opaque { .. }
                | StepKind::Open { command: Some(_), .. }
                | StepKind::Loop { iteration: Iteration::Execute { .. }, .. }
        );
        self.touches.is_opaque |= is_dynamic;
        walk_step(self, step);
    }
}

/// What a body names.
pub(super) fn touches(body: &Body) -> Touches {
    let mut names = Names { touches: Touches::default(), ctes: Vec::new() };
    names.body(body);
    names.touches
}

/// What statements name.
pub(super) fn touches_of(statements: &[Statement]) -> Touches {
    let mut names = Names { touches: Touches::default(), ctes: Vec::new() };
    statements.iter().for_each(|statement| names.statement(statement));
    names.touches
}

//! What the triggers before a row make of it.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{ChangeKind, event_of};
use super::state::Sight;
use super::value::{constant, folded};
use crate::catalog::{Catalog, Trigger};
use crate::effect::{
    At, Block, Body, Expr, ExprKind, Ident, IfArm, IsTest, Iteration, Name, RaiseLevel, Step, StepKind, TriggerTiming,
    Visit, any, rewrite_expr, walk_step,
};
use crate::logic::{Facts, Known};

/// Of so many ways through the functions of the triggers each is looked at.
const WAYS_LIMIT: usize = 32;

/// What is known of a row's columns: constants.
pub type Row = BTreeMap<Ident, Expr>;

/// What becomes of a row in one way through the functions of the triggers before it.
#[derive(Debug, Clone)]
pub struct Way {
    /// What is known of the row then.
    pub row: Row,
    /// The columns that were written, or may have been.
    pub written: BTreeSet<Ident>,
    /// Whether the row goes in, or out.
    pub fate: Fate,
}

/// Whether a row goes in, or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The statement does with it what it is for.
    Goes,
    /// A trigger passes it over: nothing is done with it.
    Skipped,
    /// A trigger raises an exception: its name.
    Refused(Ident),
    /// It cannot be told.
    Unsaid,
}

/// The ways that a row may take through the triggers of a table that fire before it is inserted or
/// deleted; never none.
#[must_use]
pub fn before_row(table: &Name, kind: ChangeKind, row: Row, catalog: &Catalog) -> Vec<Way> {
    let event = event_of(kind);
    let mut ways = vec![Way { row, written: BTreeSet::new(), fate: Fate::Goes }];
    for (name, trigger) in catalog.triggers(table) {
        let fires = trigger.timing == TriggerTiming::Before
            && trigger.row
            && trigger.state.fires()
            && trigger.events.iter().any(|known| known == event);
        if fires {
            ways = ways.into_iter().flat_map(|way| through(&name, &trigger, table, kind, way, catalog)).collect();
        }
        if ways.len() > WAYS_LIMIT {
            // What a trigger after this one writes is not known either.
            return vec![Way { row: Row::new(), written: columns(table, catalog), fate: Fate::Unsaid }];
        }
    }
    ways
}

/// The ways through one trigger.
fn through(name: &Ident, trigger: &Trigger, table: &Name, kind: ChangeKind, way: Way, catalog: &Catalog) -> Vec<Way> {
    if way.fate != Fate::Goes {
        return vec![way];
    }
    let called = catalog.called_by(trigger);
    let Some(Body::PlPgSql(block)) = called.as_deref().map(|function| &function.body) else {
        return vec![Way { fate: Fate::Unsaid, ..way }];
    };
    let firing = Firing { name, table, kind, world: Sight(catalog) };
    let own = firing.record();
    let values = way.row.iter().map(|(column, value)| (vec![own.clone(), column.clone()], value.clone()));
    let start = Path { values: values.collect(), written: way.written.clone(), end: None };
    let mut found = Vec::new();
    match trigger.condition.as_ref().map(|condition| firing.decided(condition, &start)) {
        Some(Some(false)) => return vec![way],
        Some(None) => found.push(way),
        _ => {}
    }
    for path in firing.block(block, vec![start]) {
        let fate = match path.end {
            Some(End::Own) => Fate::Goes,
            Some(End::Null) => Fate::Skipped,
            // A function that comes to its end without a RETURN fails.
            Some(End::Raised) | None => Fate::Refused(name.clone()),
            Some(End::Unsaid) => Fate::Unsaid,
        };
        let column = |(mut path, value): (Vec<Ident>, Expr)| {
            let is_own = path.len() == 2 && path.first() == Some(&own);
            path.pop().filter(|_| is_own).map(|column| (column, value))
        };
        found.push(Way { row: path.values.into_iter().filter_map(column).collect(), written: path.written, fate });
    }
    found
}

/// A trigger that fires for a row.
struct Firing<'c> {
    name: &'c Ident,
    table: &'c Name,
    kind: ChangeKind,
    world: Sight<'c>,
}

/// One way through a function.
#[derive(Clone)]
struct Path {
    /// Of variables and of the fields of records, where they are constants.
    values: BTreeMap<Vec<Ident>, Expr>,
    /// The columns of the row that were written, or may have been.
    written: BTreeSet<Ident>,
    end: Option<End>,
}

/// How a way through a function ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the row.
    Own,
    Null,
    Raised,
    Unsaid,
}

impl Firing<'_> {
    /// What the function calls the row.
    fn record(&self) -> Ident {
        Ident::new_static(if self.kind == ChangeKind::Delete { "old" } else { "new" })
    }

    fn block(&self, block: &Block, paths: Vec<Path>) -> Vec<Path> {
        let mut begun = paths;
        for path in begun.iter_mut().filter(|path| path.end.is_none()) {
            for declared in &block.declarations {
                // What is cast to the type of the variable may be another value then.
                let value = declared.value.as_ref().and_then(|value| self.value(value, path));
                let value = value.filter(|_| declared.kind.as_ref().is_some_and(super::value::is_text));
                path.forget(std::slice::from_ref(&declared.name));
                path.values.extend(value.map(|value| (vec![declared.name.clone()], value)));
            }
        }
        let mut ended = self.steps(&block.steps, begun);
        if !block.handlers.is_empty() {
            let written = targets(&block.steps, block.handlers.iter().flat_map(|handler| &handler.steps));
            for path in ended.iter_mut().filter(|path| path.end == Some(End::Raised)) {
                written.iter().for_each(|target| self.forget(target, path));
                path.end = Some(End::Unsaid);
            }
        }
        ended
    }

    fn steps(&self, steps: &[Step], mut paths: Vec<Path>) -> Vec<Path> {
        for step in steps {
            let (going, mut ended): (Vec<Path>, Vec<Path>) = paths.into_iter().partition(|path| path.end.is_none());
            ended.extend(going.into_iter().flat_map(|path| self.step(step, path)));
            paths = ended;
            if paths.len() > WAYS_LIMIT {
                let written = targets(steps, []);
                paths.truncate(1);
                for path in &mut paths {
                    written.iter().for_each(|target| self.forget(target, path));
                    path.end = Some(End::Unsaid);
                }
            }
        }
        paths
    }

    fn step(&self, step: &Step, mut path: Path) -> Vec<Path> {
        match &step.kind {
            StepKind::Assign { target, value } => {
                let value = self.value(value, &path).filter(|_| target.len() <= 2);
                self.forget(target, &mut path);
                path.values.extend(value.map(|value| (target.clone(), value)));
            }
            StepKind::If { arms, otherwise } => return self.arms(arms, otherwise.as_deref().unwrap_or_default(), path),
            StepKind::Case { arms, otherwise: Some(otherwise) } => return self.arms(arms, otherwise, path),
            StepKind::Block(block) => return self.block(block, vec![path]),
            StepKind::Return(value) => path.end = Some(self.returned(value.as_ref())),
            StepKind::Raise { level: RaiseLevel::Exception, .. } => path.end = Some(End::Raised),
            StepKind::Assert { condition, .. } => match self.decided(condition, &path) {
                Some(true) => {}
                Some(false) => path.end = Some(End::Raised),
                None => return vec![Path { end: Some(End::Raised), ..path.clone() }, path],
            },
            StepKind::Raise { .. } | StepKind::Null => {}
            _ => {
                let inside = std::slice::from_ref(step);
                targets(inside, []).iter().for_each(|target| self.forget(target, &mut path));
                if !leaves(inside) {
                    return vec![path];
                }
                return vec![Path { end: Some(End::Unsaid), ..path.clone() }, path];
            }
        }
        vec![path]
    }

    fn arms(&self, arms: &[IfArm], otherwise: &[Step], path: Path) -> Vec<Path> {
        let mut found = Vec::new();
        for arm in arms {
            match self.decided(&arm.condition, &path) {
                Some(false) => {}
                Some(true) => {
                    found.extend(self.steps(&arm.steps, vec![path]));
                    return found;
                }
                None => found.extend(self.steps(&arm.steps, vec![path.clone()])),
            }
        }
        found.extend(self.steps(otherwise, vec![path]));
        found
    }

    /// What `RETURN` gives back. Of a row that is inserted there is no old one, of one that is
    /// deleted no new one: they are NULL.
    fn returned(&self, value: Option<&Expr>) -> End {
        match value.map(|value| &value.kind) {
            Some(ExprKind::Null) => End::Null,
            Some(ExprKind::Column(path)) => match path.as_slice() {
                [record] if *record == self.record() => End::Own,
                [record] if record == "old" && self.kind == ChangeKind::Insert => End::Null,
                [record] if record == "new" && self.kind == ChangeKind::Delete => End::Null,
                _ => End::Unsaid,
            },
            _ => End::Unsaid,
        }
    }

    /// An expression with what is known in its place.
    fn put(&self, expr: &Expr, path: &Path) -> Expr {
        let mut put = expr.clone();
        rewrite_expr(&mut put, &mut |node| match &node.kind {
            ExprKind::Column(name) => {
                if let Some(value) = self.known(name, path) {
                    node.kind = value.kind;
                }
            }
            _ => *node = folded(node.clone()),
        });
        put
    }

    fn known(&self, name: &[Ident], path: &Path) -> Option<Expr> {
        let text = |text: &str| Some(Expr { at: At::default(), kind: ExprKind::Text(Ident::from(text)) });
        match name {
            _ if path.values.contains_key(name) => path.values.get(name).cloned(),
            [one] => match one.as_str() {
                "tg_op" => text(&event_of(self.kind).to_ascii_uppercase()),
                "tg_when" => text("BEFORE"),
                "tg_level" => text("ROW"),
                "tg_name" => text(self.name),
                "tg_table_name" | "tg_relname" => text(&self.table.name),
                "tg_table_schema" => text(self.table.schema.as_deref()?),
                _ => None,
            },
            [record, _] if record == "old" && self.kind == ChangeKind::Insert => Some(null()),
            [record, _] if record == "new" && self.kind == ChangeKind::Delete => Some(null()),
            _ => None,
        }
    }

    /// The constant that an expression comes to.
    fn value(&self, expr: &Expr, path: &Path) -> Option<Expr> {
        // Within a query a name may be that of a column.
        if any(expr, |part| matches!(part.kind, ExprKind::Subquery { .. })) {
            return None;
        }
        let value = self.put(expr, path);
        (value.kind == ExprKind::Null || constant(&value).is_some()).then_some(value)
    }

    /// Whether a condition holds, where that is certain; NULL does not.
    fn decided(&self, condition: &Expr, path: &Path) -> Option<bool> {
        if any(condition, |part| matches!(part.kind, ExprKind::Subquery { .. })) {
            return None;
        }
        let operand = Box::new(self.put(condition, path));
        let holds = Expr { at: condition.at, kind: ExprKind::Is { operand, test: IsTest::True, negated: false } };
        match Facts::default().entails(&holds, &self.world) {
            Known::Yes => Some(true),
            Known::No => Some(false),
            Known::Unsaid => None,
        }
    }

    /// Forgets what a variable, or a field of a record, holds.
    fn forget(&self, target: &[Ident], path: &mut Path) {
        if target.first() == Some(&self.record()) {
            match target.get(1) {
                Some(column) => _ = path.written.insert(column.clone()),
                None => path.written.extend(columns(self.table, self.world.0)),
            }
        }
        path.forget(target);
    }
}

impl Path {
    fn forget(&mut self, target: &[Ident]) {
        self.values.retain(|name, _| !name.starts_with(target) && !target.starts_with(name));
    }
}

fn columns(table: &Name, catalog: &Catalog) -> BTreeSet<Ident> {
    let relation = catalog.relation(table);
    relation.map(|relation| relation.column_names().into_iter().collect()).unwrap_or_default()
}

fn null() -> Expr {
    Expr { at: At::default(), kind: ExprKind::Null }
}

/// What some statements may write, whichever are run.
fn targets<'s>(steps: &'s [Step], others: impl IntoIterator<Item = &'s Step>) -> Vec<Vec<Ident>> {
    struct Targets(Vec<Vec<Ident>>);
    impl<'a> Visit<'a> for Targets {
        fn step(&mut self, step: &'a Step) {
            match &step.kind {
                StepKind::Assign { target, .. } => self.0.push(target.clone()),
                StepKind::Sql { into, .. } | StepKind::Execute { into, .. } | StepKind::Fetch { into, .. } => {
                    self.0.extend(into.iter().cloned());
                }
                StepKind::Diagnostics { items } => self.0.extend(items.iter().map(|(target, _)| target.clone())),
                StepKind::Loop { iteration: Iteration::Query { variables, .. }, .. } => {
                    self.0.extend(variables.iter().cloned());
                }
                _ => {}
            }
            walk_step(self, step);
        }
    }
    let mut found = Targets(Vec::new());
    steps.iter().chain(others).for_each(|step| found.step(step));
    found.0
}

/// Whether some statements may end the function, or leave the block that they stand in.
fn leaves(steps: &[Step]) -> bool {
    struct Leaves(bool);
    impl<'a> Visit<'a> for Leaves {
        fn step(&mut self, step: &'a Step) {
            self.0 |= matches!(
                step.kind,
                StepKind::Return(_) | StepKind::Raise { level: RaiseLevel::Exception, .. } | StepKind::Leave { .. }
            );
            self.0 |= matches!(step.kind, StepKind::Opaque { .. } | StepKind::Case { .. });
            walk_step(self, step);
        }
    }
    let mut leaves = Leaves(false);
    steps.iter().for_each(|step| leaves.step(step));
    leaves.0
}

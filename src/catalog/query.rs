//! Looks up what a query names: the columns it yields with their names and types, and the
//! relations, columns, functions and types that it needs. What it cannot tell it says so.

pub(super) mod alike;

use std::collections::BTreeSet;

use super::object::{ColumnType, Id, Kind, Object};
use super::store::{Class, Found, Link, Ref, State};
use super::{Problem, Variables, types};
use crate::effect::{
    Act, Assignment, At, Conflict, ConflictAction, Cte, CteBody, Expr, ExprKind, From, Ident, JoinKind, MergeAction,
    Name, Query, QueryBody, RowSource, Select, SubqueryKind, Target, Type,
};

/// The most columns that a SELECT list may have; PostgreSQL's `MaxTupleAttributeNumber`.
const COLUMNS_LIMIT: usize = 1664;

/// How deep a query may nest before it is no longer followed.
const DEPTH: usize = 64;

/// What is known of a query.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// What it yields.
    pub(super) columns: Vec<Output>,
    /// Whether `columns` is all of it.
    pub(super) is_known: bool,
}

/// A column that a query yields.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) name: Ident,
    pub(super) kind: ColumnType,
}

/// A column that an expression can name.
#[derive(Debug, Clone)]
struct Visible {
    name: Ident,
    kind: ColumnType,
    /// Several for a column merged by USING.
    sources: Vec<Ref>,
}

/// An item of FROM.
#[derive(Debug, Clone)]
struct Item {
    alias: Ident,
    schema: Option<Ident>,
    columns: Vec<Visible>,
    is_known: bool,
    whole: Option<Id>,
    /// A function may have a column of numbers that its effect does not tell.
    is_function: bool,
}

/// What one SELECT sees.
#[derive(Debug, Clone, Default)]
struct Level {
    items: Vec<Item>,
    visible: Vec<Visible>,
    is_known: bool,
}

/// What is wrong with what was read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The first thing that PostgreSQL would complain about.
    pub(super) problem: Option<Problem>,
    /// The same for what is there only perhaps.
    pub(super) doubt: Option<Problem>,
    /// Whether something was too deep to be followed.
    pub(super) is_cut: bool,
}

/// Looks names up.
pub(super) struct Reader<'a> {
    state: &'a State,
    /// What is needed.
    pub(super) uses: BTreeSet<(Ref, Link)>,
    /// What is wrong.
    pub(super) findings: Findings,
    /// Relations that are not in the catalog.
    pub(super) unresolved: Vec<Name>,
    /// Which names that are no columns may be variables of PL/pgSQL, or arguments.
    variables: Variables<'a>,
    /// The names of variables that mean columns, or rows of FROM, and where.
    pub(super) clashes: Vec<(Vec<Ident>, At)>,
    levels: Vec<Level>,
    ctes: Vec<(Ident, Shape)>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self {
            state,
            uses: BTreeSet::new(),
            findings: Findings::default(),
            unresolved: Vec::new(),
            variables: Variables::None,
            clashes: Vec::new(),
            levels: Vec::new(),
            ctes: Vec::new(),
            depth: 0,
        }
    }

    /// The same among variables.
    pub(super) fn with(self, variables: Variables<'a>) -> Self {
        Self { variables, ..self }
    }

    /// Lets expressions name the columns of a relation, with and without its name.
    pub(super) fn see(&mut self, relation: Id, alias: Option<&str>) {
        let Some(object) = self.state.get(relation) else { return };
        let alias = Ident::new(alias.unwrap_or(&object.name));
        let item = self.item_of(relation, alias, None);
        let level = Level { visible: item.columns.clone(), is_known: item.is_known, items: vec![item] };
        match self.levels.last_mut() {
            // OLD and NEW are only seen by their names.
            Some(last) => last.items.extend(level.items),
            None => self.levels.push(level),
        }
    }

    /// Lets expressions name columns that no relation has yet.
    pub(super) fn see_columns(&mut self, alias: &str, columns: &[(Ident, ColumnType)], is_known: bool) {
        let visible: Vec<Visible> = columns
            .iter()
            .map(|(name, kind)| Visible { name: name.clone(), kind: kind.clone(), sources: Vec::new() })
            .collect();
        let item = Item {
            alias: Ident::new(alias),
            schema: None,
            columns: visible.clone(),
            is_known,
            whole: None,
            is_function: false,
        };
        self.levels.push(Level { items: vec![item], visible, is_known });
    }

    fn complain(&mut self, problem: Problem) {
        self.findings.problem.get_or_insert(problem);
    }

    fn need(&mut self, of: Ref) {
        self.uses.insert((of, Link::Normal));
    }

    /// Columns of a query on its own: constants whose type is open are text.
    pub(super) fn top(&mut self, query: &Query) -> Shape {
        let mut shape = self.query(query);
        for column in &mut shape.columns {
            if column.kind == ColumnType::Literal {
                column.kind = ColumnType::built_in("text");
            }
        }
        shape
    }

    pub(super) fn query(&mut self, query: &Query) -> Shape {
        if self.depth >= DEPTH {
            self.findings.is_cut = true;
            return Shape::default();
        }
        self.depth += 1;
        let ctes = self.ctes.len();
        for cte in &query.with {
            let shape = self.cte(cte, query.recursive);
            self.ctes.push((cte.name.clone(), shape));
        }
        let shape = self.body(query);
        self.ctes.truncate(ctes);
        self.depth -= 1;
        shape
    }

    fn cte(&mut self, cte: &Cte, recursive: bool) -> Shape {
        let mut shape = match &cte.body {
            CteBody::Query(query) => {
                if let (true, QueryBody::Set { left, .. }) = (recursive, &query.body) {
                    // The first part alone gives the columns that the second one sees.
                    let problem = self.findings.problem.take();
                    let mut first = self.query(left);
                    rename_columns(&mut first, &cte.columns);
                    self.findings.problem = problem;
                    self.ctes.push((cte.name.clone(), first));
                    let shape = self.query(query);
                    self.ctes.pop();
                    shape
                } else {
                    self.query(query)
                }
            }
            CteBody::Change(act) => self.change(act),
        };
        rename_columns(&mut shape, &cte.columns);
        for column in &mut shape.columns {
            if column.kind == ColumnType::Literal {
                column.kind = ColumnType::built_in("text");
            }
        }
        let of_unsaid = |name: &Ident| Output { name: name.clone(), kind: ColumnType::Unsaid };
        shape.columns.extend(cte.added.iter().map(of_unsaid));
        shape
    }

    /// A change: what it looks up in its table and what it joins to that. It yields what it
    /// returns.
    pub(super) fn change(&mut self, act: &Act) -> Shape {
        let none = Box::default();
        let (with, table, alias, returning) = match act {
            Act::Insert { with, table, alias, returning, .. }
            | Act::Update { with, table, alias, returning, .. }
            | Act::Delete { with, table, alias, returning, .. } => (with, table, alias, returning),
            // What MERGE returns has words of its own.
            Act::Merge { with, table, alias, .. } => (with, table, alias, &none),
            _ => return Shape::default(),
        };
        let ctes = self.ctes.len();
        for cte in with {
            let shape = self.cte(cte, true);
            self.ctes.push((cte.name.clone(), shape));
        }
        if let Act::Insert { rows: RowSource::Query(query), .. } = act {
            self.query(query);
        }
        self.levels.push(Level { items: Vec::new(), visible: Vec::new(), is_known: true });
        let target = From::Relation { name: table.clone(), alias: alias.clone(), columns: Vec::new(), only: false };
        self.join(&target);
        match act {
            Act::Update { set, from, filter, .. } => {
                from.iter().for_each(|from| self.join(from));
                self.assignments(set);
                filter.iter().for_each(|filter| drop(self.expr(filter)));
            }
            Act::Delete { using, filter, .. } => {
                using.iter().for_each(|from| self.join(from));
                filter.iter().for_each(|filter| drop(self.expr(filter)));
            }
            Act::Insert { conflict: Some(conflict), .. } => self.conflict(table, conflict),
            Act::Merge { source, on, branches, .. } => {
                // A row that is missing has no columns of the table.
                self.levels.push(Level { items: Vec::new(), visible: Vec::new(), is_known: true });
                self.join(source);
                let source_only = self.levels.pop().unwrap_or_default();
                self.join(source);
                self.expr(on);
                for branch in branches {
                    let both = self.levels.last().cloned().unwrap_or_default();
                    if let (false, Some(last)) = (branch.matched, self.levels.last_mut()) {
                        *last = source_only.clone();
                    }
                    branch.condition.iter().for_each(|condition| drop(self.expr(condition)));
                    match &branch.action {
                        MergeAction::Update(set) => self.assignments(set),
                        MergeAction::Insert { values, .. } => drop(self.each(values)),
                        _ => {}
                    }
                    if let Some(last) = self.levels.last_mut() {
                        *last = both;
                    }
                }
            }
            _ => {}
        }
        let mut shape = Shape { columns: Vec::new(), is_known: !matches!(act, Act::Merge { .. }) };
        self.targets(returning, &mut shape);
        self.levels.pop();
        self.ctes.truncate(ctes);
        shape
    }

    /// Adds an item of FROM to what is seen.
    fn join(&mut self, from: &From) {
        let level = self.from(from);
        if let Some(last) = self.levels.last_mut() {
            // The items were added one by one, for LATERAL to see.
            last.visible.extend(level.visible);
            last.is_known &= level.is_known;
        }
    }

    fn assignments(&mut self, set: &[Assignment]) {
        set.iter().for_each(|assignment| drop(self.expr(&assignment.value)));
    }

    /// `ON CONFLICT DO UPDATE` sees the row that was to be inserted as `excluded`.
    fn conflict(&mut self, table: &Name, conflict: &Conflict) {
        // What is missing among them is told where the key is looked for.
        let problem = self.findings.problem.clone();
        conflict.columns.iter().for_each(|column| drop(self.expr(column)));
        self.findings.problem = problem;
        conflict.filter.iter().for_each(|filter| drop(self.expr(filter)));
        let ConflictAction::Update { set, filter } = &conflict.action else { return };
        let before = self.levels.last().cloned();
        let name = Ident::new_static("excluded");
        let excluded = match self.relation(table) {
            Some(id) => self.item_of(id, name, None),
            None => item_of_shape(&Shape::default(), name),
        };
        let level = self.add_item(excluded);
        if let Some(last) = self.levels.last_mut() {
            last.visible.extend(level.visible);
        }
        self.assignments(set);
        filter.iter().for_each(|filter| drop(self.expr(filter)));
        if let (Some(before), Some(last)) = (before, self.levels.last_mut()) {
            *last = before;
        }
    }

    fn body(&mut self, query: &Query) -> Shape {
        match &query.body {
            QueryBody::Select(select) => self.select(select, query),
            QueryBody::Values(rows) => {
                let rows: Vec<Vec<ColumnType>> =
                    rows.iter().map(|row| row.iter().map(|value| self.expr(value)).collect()).collect();
                let width = rows.first().map_or(0, Vec::len);
                let column = |index: usize| {
                    let types: Vec<ColumnType> = rows.iter().filter_map(|row| row.get(index).cloned()).collect();
                    Output { name: Ident::from(format!("column{}", index + 1)), kind: types::common(&types) }
                };
                Shape { columns: (0..width).map(column).collect(), is_known: true }
            }
            QueryBody::Set { .. } => self.set(query),
        }
    }

    /// Long unions nest to the left: they are followed without recursion.
    fn set(&mut self, query: &Query) -> Shape {
        let mut rights = Vec::new();
        let mut first = query;
        while let QueryBody::Set { left, right, .. } = &first.body
            && (rights.is_empty() || first.with.is_empty())
        {
            rights.push((right, first.at));
            first = left;
        }
        let mut shape = self.query(first);
        for (right, at) in rights.into_iter().rev() {
            let other = self.query(right);
            shape.is_known = shape.is_known && (other.is_known || !shape.columns.is_empty());
            if shape.is_known && other.is_known && shape.columns.len() != other.columns.len() {
                let message = "each UNION query must have the same number of columns".to_owned();
                self.complain(Problem::new("42601", message, at));
            }
            for (column, other) in shape.columns.iter_mut().zip(&other.columns) {
                let types = [column.kind.clone(), other.kind.clone()];
                column.kind = types::common(&types);
                // PostgreSQL decides here already: what is open in both is text.
                if column.kind == ColumnType::Literal {
                    column.kind = ColumnType::built_in("text");
                }
            }
        }
        shape
    }

    fn select(&mut self, select: &Select, query: &Query) -> Shape {
        self.levels.push(Level { items: Vec::new(), visible: Vec::new(), is_known: true });
        select.from.iter().for_each(|from| self.join(from));
        let mut shape = Shape { columns: Vec::new(), is_known: true };
        self.targets(&select.targets, &mut shape);
        select.filter.iter().for_each(|filter| drop(self.expr(filter)));
        for expr in select.group_by.iter().chain(&query.order_by).chain(&select.distinct_on) {
            self.sorted_by(expr, &shape);
        }
        select.having.iter().for_each(|having| drop(self.expr(having)));
        query.limit.iter().chain(&query.offset).for_each(|expr| drop(self.expr(expr)));
        self.grouped_by_key(select);
        self.levels.pop();
        shape
    }

    /// What a SELECT list, or RETURNING, yields.
    fn targets(&mut self, targets: &[Target], shape: &mut Shape) {
        for target in targets {
            match &target.value.kind {
                ExprKind::Star(path) => self.star(path, shape),
                ExprKind::Field { operand, field } if field == "*" => {
                    self.expr(operand);
                    shape.is_known = false;
                }
                _ => {
                    let kind = self.expr(&target.value);
                    let name = match &target.alias {
                        Some(alias) => Some(alias.clone()),
                        None => self.column_name(&target.value),
                    };
                    shape.is_known &= name.is_some();
                    shape.columns.push(Output { name: name.unwrap_or_default(), kind });
                }
            }
        }
    }

    /// Expressions of GROUP BY and ORDER BY may also be names of the output.
    fn sorted_by(&mut self, expr: &Expr, shape: &Shape) {
        if let ExprKind::Column(path) = &expr.kind
            && let [name] = path.as_slice()
            && (!shape.is_known || shape.columns.iter().any(|column| column.name == *name))
        {
            return;
        }
        self.expr(expr);
    }

    /// Columns that are not grouped are allowed where the key is: the query needs the key.
    fn grouped_by_key(&mut self, select: &Select) {
        if select.group_by.is_empty() {
            return;
        }
        let mut grouped: BTreeSet<Ref> = BTreeSet::new();
        for expr in &select.group_by {
            if let ExprKind::Column(path) = &expr.kind
                && let Some(column) = self.lookup(path)
            {
                grouped.extend(column.sources);
            }
        }
        let mut bare: BTreeSet<Ref> = BTreeSet::new();
        for expr in select.targets.iter().map(|target| &target.value).chain(&select.having) {
            self.bare_columns(expr, &mut bare, 0);
        }
        let tables: BTreeSet<Id> = bare.iter().filter(|column| !grouped.contains(*column)).map(|of| of.0).collect();
        for table in tables {
            let key = self.state.constraints(table).find(|(_, constraint)| {
                constraint.rule == super::object::ConstraintRule::PrimaryKey
                    && constraint.columns.iter().all(|column| grouped.contains(&(table, *column)))
            });
            if let Some((key, _)) = key {
                self.uses.insert(((key, 0), Link::Normal));
            }
        }
    }

    /// The columns of relations that stand outside of calls.
    fn bare_columns(&self, expr: &Expr, found: &mut BTreeSet<Ref>, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match &expr.kind {
            ExprKind::Column(path) => found.extend(self.lookup(path).into_iter().flat_map(|column| column.sources)),
            ExprKind::Operator { left, right, .. } => {
                left.iter().for_each(|left| self.bare_columns(left, found, depth + 1));
                self.bare_columns(right, found, depth + 1);
            }
            ExprKind::Cast { operand, .. } => self.bare_columns(operand, found, depth + 1),
            ExprKind::Coalesce(parts) => parts.iter().for_each(|part| self.bare_columns(part, found, depth + 1)),
            ExprKind::Case { arms, otherwise, .. } => {
                for (condition, value) in arms {
                    self.bare_columns(condition, found, depth + 1);
                    self.bare_columns(value, found, depth + 1);
                }
                otherwise.iter().for_each(|value| self.bare_columns(value, found, depth + 1));
            }
            _ => {}
        }
    }

    fn star(&mut self, path: &[Ident], shape: &mut Shape) {
        let Some(level) = self.levels.last() else { return };
        let (columns, is_known) = match path {
            [] => (level.visible.clone(), level.is_known),
            _ => match self.item(path) {
                Some(item) => (item.columns.clone(), item.is_known),
                None => {
                    self.missing_item(path, path);
                    (Vec::new(), false)
                }
            },
        };
        // PostgreSQL refuses a longer list; what doubles with each query would never end.
        let left = COLUMNS_LIMIT.saturating_sub(shape.columns.len());
        shape.is_known &= is_known && columns.len() <= left;
        for column in columns.into_iter().take(left) {
            column.sources.iter().for_each(|source| self.need(*source));
            shape.columns.push(Output { name: column.name, kind: column.kind });
        }
    }

    fn missing_item(&mut self, name: &[Ident], path: &[Ident]) {
        let is_open =
            self.variables.may_have(name) || self.levels.iter().any(|level| !level.is_known && level.items.is_empty());
        if !is_open && let Some(last) = path.last() {
            let at = At::default();
            self.complain(Problem::new("42P01", format!("missing FROM-clause entry for table \"{last}\""), at));
        }
    }

    fn item(&self, path: &[Ident]) -> Option<&Item> {
        let (schema, alias) = match path {
            [alias] => (None, alias),
            [.., schema, alias] => (Some(schema), alias),
            [] => return None,
        };
        self.levels.iter().rev().find_map(|level| {
            level
                .items
                .iter()
                .find(|item| item.alias == *alias && schema.is_none_or(|schema| item.schema.as_ref() == Some(schema)))
        })
    }

    // FROM

    fn add_item(&mut self, item: Item) -> Level {
        let level = Level { items: Vec::new(), visible: item.columns.clone(), is_known: item.is_known };
        if let Some(last) = self.levels.last_mut() {
            last.items.push(item);
        }
        level
    }

    fn from(&mut self, from: &From) -> Level {
        if self.depth >= DEPTH {
            self.findings.is_cut = true;
            return Level::default();
        }
        self.depth += 1;
        let level = self.joined(from);
        self.depth -= 1;
        level
    }

    fn joined(&mut self, from: &From) -> Level {
        match from {
            From::Relation { name, alias, columns, .. } => {
                let shown = alias.clone().unwrap_or_else(|| name.name.clone());
                let schema = if alias.is_none() { Some(name.schema.clone().unwrap_or_default()) } else { None };
                let cte = name.schema.is_none().then(|| self.ctes.iter().rev().find(|(cte, _)| *cte == name.name));
                let mut item = match cte.flatten() {
                    Some((_, shape)) => item_of_shape(shape, shown),
                    None => match self.relation(name) {
                        Some(id) => self.item_of(id, shown, schema),
                        None => Item {
                            alias: shown,
                            schema,
                            columns: Vec::new(),
                            is_known: false,
                            whole: None,
                            is_function: false,
                        },
                    },
                };
                rename_visible(&mut item, columns);
                self.add_item(item)
            }
            From::Subquery { query, alias, columns, lateral } => {
                let empty = Level { is_known: true, ..Level::default() };
                let hidden =
                    if *lateral { None } else { self.levels.last_mut().map(|level| std::mem::replace(level, empty)) };
                let mut shape = self.query(query);
                if let (Some(hidden), Some(last)) = (hidden, self.levels.last_mut()) {
                    *last = hidden;
                }
                for column in &mut shape.columns {
                    if column.kind == ColumnType::Literal {
                        column.kind = ColumnType::built_in("text");
                    }
                }
                let mut item = item_of_shape(&shape, alias.clone().unwrap_or_default());
                rename_visible(&mut item, columns);
                self.add_item(item)
            }
            From::Function { calls, alias, columns } => {
                let mut item = self.function_item(calls, alias.as_ref());
                rename_visible(&mut item, columns);
                let extra = columns.get(item.columns.len()..).unwrap_or_default();
                item.columns.extend(extra.iter().map(|name| Visible {
                    name: name.clone(),
                    kind: ColumnType::Unsaid,
                    sources: Vec::new(),
                }));
                self.add_item(item)
            }
            From::Join { kind, left, right, on, using, natural } => {
                let left = self.from(left);
                let right = self.from(right);
                let mut level = Level { is_known: left.is_known && right.is_known, ..Level::default() };
                let merged: Vec<Ident> = if *natural {
                    let has = |name: &Ident| right.visible.iter().any(|column| column.name == *name);
                    left.visible.iter().map(|column| &column.name).filter(|name| has(name)).cloned().collect()
                } else {
                    using.clone()
                };
                for name in &merged {
                    let one = left.visible.iter().find(|column| column.name == *name);
                    let other = right.visible.iter().find(|column| column.name == *name);
                    let sources: Vec<Ref> =
                        one.iter().chain(&other).flat_map(|column| column.sources.iter().copied()).collect();
                    sources.iter().for_each(|source| self.need(*source));
                    let main = if *kind == JoinKind::Right { other.or(one) } else { one.or(other) };
                    // Of a full join it is COALESCE of both.
                    let kept = match (kind, main) {
                        (JoinKind::Full, _) => sources,
                        (_, Some(column)) => column.sources.clone(),
                        (_, None) => Vec::new(),
                    };
                    level.visible.push(Visible {
                        name: name.clone(),
                        kind: main.map_or(ColumnType::Unsaid, |column| column.kind.clone()),
                        sources: kept,
                    });
                }
                let rest = left.visible.into_iter().chain(right.visible);
                level.visible.extend(rest.filter(|column| !merged.contains(&column.name)));
                on.iter().for_each(|on| drop(self.expr(on)));
                level
            }
            From::Other { what, relation, parts, alias } => {
                if let (Some(relation), true) =
                    (relation, parts.is_empty() || what.to_ascii_lowercase().contains("sample"))
                {
                    let level = self.from(relation);
                    parts.iter().for_each(|part| drop(self.expr(part)));
                    return level;
                }
                parts.iter().for_each(|part| drop(self.expr(part)));
                self.add_item(Item {
                    alias: alias.clone().unwrap_or_default(),
                    schema: None,
                    columns: Vec::new(),
                    is_known: false,
                    whole: None,
                    is_function: true,
                })
            }
        }
    }

    /// The relation of that name, which the query needs.
    pub(super) fn relation(&mut self, name: &Name) -> Option<Id> {
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => {
                let object = self.state.get(id)?;
                if matches!(object.kind, Kind::Index | Kind::CompositeType) {
                    let what = if object.kind == Kind::Index { "an index" } else { "a composite type" };
                    let message = format!("\"{}\" is {what}", name.name);
                    self.complain(Problem::new("42809", message, name.at));
                    return None;
                }
                if object.presence == super::Presence::Maybe {
                    self.findings.doubt.get_or_insert(Problem::missing_relation(name));
                }
                self.need((id, 0));
                Some(id)
            }
            Found::System => None,
            Found::NoSchema | Found::Missing => {
                self.unresolved.push(name.clone());
                if !name.is_variable() {
                    self.complain(Problem::missing_relation(name));
                }
                None
            }
        }
    }

    fn item_of(&self, id: Id, alias: Ident, schema: Option<Ident>) -> Item {
        let relation = self.state.relation(id);
        let columns = relation.map(|relation| relation.columns.as_slice()).unwrap_or_default();
        let visible = |column: &super::object::Column| Visible {
            name: column.name.clone(),
            kind: column.kind.clone(),
            sources: vec![(id, column.number)],
        };
        let columns: Vec<Visible> = columns.iter().map(visible).collect();
        let schema = schema.map(|_| self.state.schema_name(self.state.schema_of(id)));
        let is_known = relation.is_some_and(|relation| relation.is_known);
        Item { alias, schema, columns, is_known, whole: Some(id), is_function: false }
    }

    fn function_item(&mut self, calls: &[Expr], alias: Option<&Ident>) -> Item {
        let mut columns = Vec::new();
        let mut is_known = true;
        let only = calls.len() == 1;
        let mut shown = alias.cloned();
        for call in calls {
            let kind = self.expr(call);
            let name = match &call.kind {
                ExprKind::Call { function, .. } => function.name.clone(),
                _ => Ident::default(),
            };
            if shown.is_none() {
                shown = Some(name.clone());
            }
            let routine = match &call.kind {
                ExprKind::Call { function, arguments, .. } => self.routine_of(function, arguments.len(), &[]),
                _ => None,
            };
            let outputs = routine
                .and_then(|id| self.state.get(id))
                .and_then(Object::routine)
                .map(|routine| (routine.outputs.clone(), routine.returns.clone()));
            let column_name = if only { alias.cloned().unwrap_or(name.clone()) } else { name.clone() };
            let mut one = |name: Ident, kind: ColumnType| columns.push(Visible { name, kind, sources: Vec::new() });
            match outputs {
                Some((outputs, _)) if !outputs.is_empty() => {
                    for (index, (name, kind)) in outputs.into_iter().enumerate() {
                        one(name.unwrap_or_else(|| Ident::from(format!("column{}", index + 1))), kind);
                    }
                }
                Some((_, Some(returns))) => match returns.user().and_then(|id| self.state.relation(id)) {
                    Some(relation) => {
                        relation.columns.iter().for_each(|column| one(column.name.clone(), column.kind.clone()));
                    }
                    None if returns.scalar() == Some("record") => is_known = false,
                    None => one(column_name, returns),
                },
                Some((_, None)) => is_known = false,
                None => match name.as_str() {
                    "json_each" | "jsonb_each" | "json_each_text" | "jsonb_each_text" => {
                        one(Ident::new_static("key"), ColumnType::built_in("text"));
                        let value = match name.as_str() {
                            "json_each" => "json",
                            "jsonb_each" => "jsonb",
                            _ => "text",
                        };
                        one(Ident::new_static("value"), ColumnType::built_in(value));
                    }
                    "json_array_elements"
                    | "jsonb_array_elements"
                    | "json_array_elements_text"
                    | "jsonb_array_elements_text"
                        if alias.is_none() =>
                    {
                        one(Ident::new_static("value"), kind);
                    }
                    "unnest" if matches!(&call.kind, ExprKind::Call { arguments, .. } if arguments.len() > 1) => {
                        is_known = false;
                    }
                    "unnest"
                    | "generate_series"
                    | "generate_subscripts"
                    | "regexp_split_to_table"
                    | "string_to_table"
                    | "json_array_elements"
                    | "jsonb_array_elements"
                    | "json_array_elements_text"
                    | "jsonb_array_elements_text"
                    | "json_object_keys"
                    | "jsonb_object_keys"
                    | "regexp_matches" => {
                        one(column_name, kind);
                    }
                    _ => is_known = false,
                },
            }
        }
        Item { alias: shown.unwrap_or_default(), schema: None, columns, is_known, whole: None, is_function: true }
    }

    // Expressions

    fn lookup(&self, path: &[Ident]) -> Option<Visible> {
        match path {
            [name] => self.levels.iter().rev().find_map(|level| {
                let items = level.items.iter().flat_map(|item| &item.columns);
                level.visible.iter().chain(items).find(|column| column.name == *name).cloned()
            }),
            [item @ .., name] => {
                self.item(item).and_then(|item| item.columns.iter().find(|column| column.name == *name).cloned())
            }
            [] => None,
        }
    }

    fn column(&mut self, path: &[Ident], at: At) -> ColumnType {
        if path.iter().any(|part| crate::effect::is_variable(part)) {
            return ColumnType::Unsaid;
        }
        if self.variables.have(path) && (self.lookup(path).is_some() || self.item(path).is_some()) {
            self.clashes.push((path.to_vec(), at));
        }
        if let [name] = path {
            for index in (0..self.levels.len()).rev() {
                let Some(level) = self.levels.get(index) else { break };
                let mut found = level.visible.iter().filter(|column| column.name == *name);
                if let Some(column) = found.next().cloned() {
                    if found.next().is_some() && !self.variables.may_have(path) {
                        self.complain(Problem::ambiguous(name, at));
                    }
                    column.sources.iter().for_each(|source| self.need(*source));
                    return column.kind;
                }
                // Of a join that is not complete yet only the items are there.
                let mut found = level.items.iter().flat_map(|item| &item.columns).filter(|column| column.name == *name);
                if let Some(column) = found.next().cloned() {
                    column.sources.iter().for_each(|source| self.need(*source));
                    return column.kind;
                }
                if !level.is_known || level.items.iter().any(|item| !item.is_known) {
                    return ColumnType::Unsaid;
                }
            }
        }
        if let [item_path @ .., name] = path
            && !item_path.is_empty()
            && let Some(item) = self.item(item_path).cloned()
        {
            if let Some(column) = item.columns.iter().find(|column| column.name == *name) {
                column.sources.iter().for_each(|source| self.need(*source));
                return column.kind.clone();
            }
            // `a.f` is a call where there is a function that takes the row.
            let is_called = !self.state.find_routines(&Name::plain(name.clone(), at)).is_empty();
            let may_be_variable = self.variables.may_have(path);
            if item.is_known && !is_system_column(name) && !item.is_function && !may_be_variable && !is_called {
                let shown = item_path.last().map(Ident::as_str).unwrap_or_default();
                let whole = item.whole.and_then(|id| self.state.get(id));
                if let Some(sequence) = whole.filter(|object| object.kind == Kind::Sequence) {
                    let message = format!("relation \"{}\" does not have a composite type", sequence.name);
                    self.complain(Problem::new("42809", message, at));
                }
                self.complain(Problem::new("42703", format!("column {shown}.{name} does not exist"), at));
            }
            return ColumnType::Unsaid;
        }
        // A name of FROM stands for its whole row.
        if let Some(item) = self.item(path).cloned() {
            return match item.whole {
                Some(id) => {
                    self.need((id, 0));
                    ColumnType::User { id, array: false }
                }
                None => item
                    .columns
                    .first()
                    .filter(|_| item.is_function && item.columns.len() == 1)
                    .map_or(ColumnType::Unsaid, |column| column.kind.clone()),
            };
        }
        let is_open = self.variables.may_have(path)
            || self.levels.iter().any(|level| level.items.iter().any(|item| item.is_function));
        match path {
            [name] if !is_open && !is_system_column(name) => {
                self.complain(Problem::new("42703", format!("column \"{name}\" does not exist"), at));
            }
            [item @ .., _] if !item.is_empty() => self.missing_item(path, item),
            _ => {}
        }
        ColumnType::Unsaid
    }

    /// The type of an expression; what it names is needed.
    pub(super) fn expr(&mut self, expr: &Expr) -> ColumnType {
        if self.depth >= DEPTH {
            self.findings.is_cut = true;
            return ColumnType::Unsaid;
        }
        self.depth += 1;
        let kind = self.expr_kind(expr);
        self.depth -= 1;
        kind
    }

    fn each(&mut self, exprs: &[Expr]) -> Vec<ColumnType> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn expr_kind(&mut self, expr: &Expr) -> ColumnType {
        let boolean = || ColumnType::built_in("bool");
        match &expr.kind {
            ExprKind::Null | ExprKind::Text(_) | ExprKind::Variable(_) => ColumnType::Literal,
            ExprKind::Boolean(_) | ExprKind::VariableIsSet(_) => boolean(),
            ExprKind::Number(number) => number_type(number),
            ExprKind::Column(path) => self.column(path, expr.at),
            ExprKind::Star(path) => {
                self.star(path, &mut Shape::default());
                ColumnType::Unsaid
            }
            ExprKind::Parameter(_) | ExprKind::Default | ExprKind::CurrentOf(_) => ColumnType::Unsaid,
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                self.each(parts);
                boolean()
            }
            ExprKind::Not(operand) | ExprKind::Is { operand, .. } => {
                self.expr(operand);
                boolean()
            }
            ExprKind::Distinct { left, right, .. } => {
                self.expr(left);
                self.expr(right);
                boolean()
            }
            ExprKind::Operator { .. } => self.operator(expr),
            ExprKind::Like { operand, pattern, escape, .. } => {
                self.expr(operand);
                self.expr(pattern);
                escape.iter().for_each(|escape| drop(self.expr(escape)));
                boolean()
            }
            ExprKind::Between { operand, low, high, .. } => {
                self.expr(operand);
                self.expr(low);
                self.expr(high);
                boolean()
            }
            ExprKind::In { operand, list, .. } => {
                self.expr(operand);
                self.each(list);
                boolean()
            }
            ExprKind::Quantified { operand, array, .. } => {
                self.expr(operand);
                self.expr(array);
                boolean()
            }
            ExprKind::Subquery { kind, query } => self.subquery(kind, query),
            ExprKind::Case { operand, arms, otherwise } => {
                operand.iter().for_each(|operand| drop(self.expr(operand)));
                let mut values = Vec::new();
                for (condition, value) in arms {
                    self.expr(condition);
                    values.push(self.expr(value));
                }
                match otherwise {
                    Some(otherwise) => values.push(self.expr(otherwise)),
                    None => values.push(ColumnType::Literal),
                }
                open_is_text(types::common(&values))
            }
            ExprKind::Coalesce(parts) => {
                let types = self.each(parts);
                open_is_text(types::common(&types))
            }
            ExprKind::Call { function, arguments, filter, .. } => {
                filter.iter().for_each(|filter| drop(self.expr(filter)));
                self.call(function, arguments)
            }
            ExprKind::Cast { operand, to } => {
                if let (ExprKind::Text(text), "regclass") = (&operand.kind, to.name.name.as_str()) {
                    self.regclass(text, expr.at);
                } else {
                    self.expr(operand);
                }
                self.kind_of(to)
            }
            ExprKind::Array(parts) => {
                let types = self.each(parts);
                match types::common(&types) {
                    ColumnType::Literal => ColumnType::built_in("text").array_of(),
                    kind @ (ColumnType::BuiltIn { array: true, .. } | ColumnType::User { array: true, .. }) => kind,
                    kind => kind.array_of(),
                }
            }
            ExprKind::Row(parts) => {
                self.each(parts);
                ColumnType::built_in("record")
            }
            ExprKind::Field { operand, field } => {
                let kind = self.expr(operand);
                self.field(&kind, field)
            }
            ExprKind::Index { operand, subscripts } => {
                let kind = self.expr(operand);
                self.each(subscripts);
                match kind.scalar() {
                    Some("jsonb") => kind,
                    _ => kind.element(),
                }
            }
            ExprKind::Other { what, parts } => {
                let types = self.each(parts);
                match what.as_str() {
                    "collate" => types.into_iter().next().map_or(ColumnType::Unsaid, open_is_text),
                    _ => ColumnType::Unsaid,
                }
            }
        }
    }

    fn field(&mut self, kind: &ColumnType, field: &Ident) -> ColumnType {
        let Some(id) = kind.user() else { return ColumnType::Unsaid };
        let column = self.state.relation(id).and_then(|relation| relation.column(field)).cloned();
        match column {
            Some(column) => {
                self.need((id, column.number));
                column.kind
            }
            None => ColumnType::Unsaid,
        }
    }

    /// Long chains nest to the left: they are followed without recursion.
    fn operator(&mut self, expr: &Expr) -> ColumnType {
        let mut chain = Vec::new();
        let mut current = expr;
        let mut kind = loop {
            match &current.kind {
                ExprKind::Operator { operator, left, right } => {
                    chain.push((operator, left.is_some(), right));
                    match left {
                        Some(left) => current = left,
                        None => break None,
                    }
                }
                _ => break Some(self.expr(current)),
            }
        };
        while let Some((operator, has_left, right)) = chain.pop() {
            let right = self.expr(right);
            let left = if has_left { kind.as_ref() } else { None };
            kind = Some(types::operator(operator, left, &right));
        }
        kind.unwrap_or(ColumnType::Unsaid)
    }

    fn subquery(&mut self, kind: &SubqueryKind, query: &Query) -> ColumnType {
        if let SubqueryKind::Any { operand, .. } | SubqueryKind::All { operand, .. } = kind {
            self.expr(operand);
        }
        let shape = self.query(query);
        let first = || shape.columns.first().map_or(ColumnType::Unsaid, |column| open_is_text(column.kind.clone()));
        match kind {
            SubqueryKind::Scalar => first(),
            SubqueryKind::Array => first().array_of(),
            SubqueryKind::Exists | SubqueryKind::Any { .. } | SubqueryKind::All { .. } => ColumnType::built_in("bool"),
        }
    }

    fn call(&mut self, function: &Name, arguments: &[Expr]) -> ColumnType {
        let is_sequence = matches!(function.name.as_str(), "nextval" | "currval" | "setval");
        let mut given = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            match &argument.kind {
                ExprKind::Text(text) if is_sequence && index == 0 => self.regclass(text, argument.at),
                // The order and the window are no arguments.
                ExprKind::Other { what, parts } if what == "order by" || what == "window" => {
                    self.each(parts);
                }
                ExprKind::Star(path) => {
                    self.star(path, &mut Shape::default());
                    given.push(ColumnType::Unsaid);
                }
                _ => given.push(self.expr(argument)),
            }
        }
        match function.name.as_str() {
            "nullif" => return open_is_text(given.into_iter().next().unwrap_or(ColumnType::Unsaid)),
            "greatest" | "least" => return open_is_text(types::common(&given)),
            _ => {}
        }
        if let Some(kind) = self.cast_by_call(function, &given) {
            return kind;
        }
        match self.routine_of(function, given.len(), &given) {
            Some(id) => {
                let routine = self.state.get(id).and_then(Object::routine);
                match routine.map(|routine| (routine.returns.clone(), routine.outputs.as_slice())) {
                    Some((_, [(_, kind)])) => kind.clone(),
                    Some((Some(kind), _)) if !is_polymorphic(&kind) => kind,
                    _ => ColumnType::Unsaid,
                }
            }
            None if self.state.find_routines(function).is_empty() => {
                self.built_in_call(function, &given);
                types::call(&function.name, &given)
            }
            None => {
                if !self.state.find_routines(function).iter().any(|id| self.may_take(*id, &given)) {
                    self.built_in_call(function, &given);
                }
                ColumnType::Unsaid
            }
        }
    }

    /// `domain(value)` is a cast where no function bears the name.
    fn cast_by_call(&mut self, function: &Name, given: &[ColumnType]) -> Option<ColumnType> {
        let Found::Object(id) = self.state.find(Class::Type, function) else { return None };
        let is_domain = self.state.get(id).is_some_and(|object| object.kind == Kind::Domain);
        let is_taken = self.state.find_routines(function).iter().any(|id| self.may_take(*id, given));
        if given.len() != 1 || !is_domain || is_taken {
            return None;
        }
        self.need((id, 0));
        Some(ColumnType::User { id, array: false })
    }

    /// Whether a routine may be called with arguments of these types.
    fn may_take(&self, id: Id, given: &[ColumnType]) -> bool {
        let Some(routine) = self.state.get(id).and_then(Object::routine) else { return false };
        // Whether the last is variadic is not told.
        let is_open = routine.inputs.last().is_some_and(|last| matches!(last, ColumnType::BuiltIn { array: true, .. }));
        let (most, count) = (routine.inputs.len(), given.len());
        let fits = count <= most && count + routine.defaults >= most;
        is_open || (fits && given.iter().zip(&routine.inputs).all(|(given, input)| types::may_pass(given, input)))
    }

    /// A function that nobody made has to be one of PostgreSQL's.
    fn built_in_call(&mut self, function: &Name, given: &[ColumnType]) {
        // `f(row)` may be a field of the row, `t(value)` a cast.
        let is_type = match self.state.find(Class::Type, function) {
            Found::Object(id) => self.state.get(id).is_some_and(|object| {
                // No number becomes a label or a row.
                let is_number = matches!(given, [kind] if kind.scalar().is_some_and(types::is_number));
                !is_number || object.kind == Kind::Domain
            }),
            _ => false,
        };
        let is_plain = matches!(given, [ColumnType::BuiltIn { .. } | ColumnType::Literal]);
        let is_cast = matches!(given, [kind] if types::may_be_cast(function, kind));
        let may_be_other =
            given.len() == 1 && (!is_plain || is_type) || is_cast || self.state.makes_range(function, given.len());
        if types::is_built_in_function(function) || may_be_other || self.state.has_extension || function.is_variable() {
            return;
        }
        let problem = match &function.schema {
            Some(schema) if self.state.schema(schema).is_none() => Problem::missing_schema(schema, function.at),
            _ => {
                let kinds: Vec<String> = given.iter().map(|kind| self.state.short_type_text(kind)).collect();
                let message = format!("function {function}({}) does not exist", kinds.join(", "));
                Problem::new("42883", message, function.at)
            }
        };
        self.complain(problem);
    }

    /// The one routine that a call can mean; it is needed.
    fn routine_of(&mut self, function: &Name, given: usize, kinds: &[ColumnType]) -> Option<Id> {
        let mut candidates: Vec<Id> = self.state.find_routines(function);
        let fits = |state: &State, id: Id| {
            state.get(id).and_then(Object::routine).is_some_and(|routine| {
                let most = routine.inputs.len();
                (given <= most && given + routine.defaults >= most) || (routine.variadic && given + 1 >= most)
            })
        };
        candidates.retain(|id| fits(self.state, *id));
        candidates.retain(|id| kinds.is_empty() || self.may_take(*id, kinds));
        let exact = |id: Id| {
            self.state.get(id).and_then(Object::routine).is_some_and(|routine| {
                routine.inputs.len() == kinds.len()
                    && routine.inputs.iter().zip(kinds).all(|(one, other)| same_type(one, other))
            })
        };
        if candidates.len() > 1
            && let Some(one) = candidates.iter().copied().find(|id| exact(*id))
        {
            candidates = vec![one];
        }
        if let [one] = candidates.as_slice() {
            self.uses.insert(((*one, 0), Link::Normal));
            return Some(*one);
        }
        for id in candidates {
            self.uses.insert(((id, 0), Link::Perhaps));
        }
        None
    }

    /// `'name'::regclass`: the relation is needed.
    fn regclass(&mut self, text: &str, at: At) {
        let Some(name) = super::parse_name(text, at) else { return };
        match self.state.find(Class::Relation, &name) {
            Found::Object(id) => self.need((id, 0)),
            Found::System => {}
            Found::NoSchema | Found::Missing => {
                self.unresolved.push(name.clone());
                self.complain(Problem::missing_relation(&name));
            }
        }
    }

    /// A type; one of the catalog is needed.
    pub(super) fn kind_of(&mut self, written: &Type) -> ColumnType {
        match resolve_type(self.state, written) {
            Ok(kind) => {
                if let Some(id) = kind.user() {
                    self.need((id, 0));
                }
                kind
            }
            Err(problem) => {
                self.complain(problem);
                ColumnType::Unsaid
            }
        }
    }

    /// PostgreSQL's `FigureColname`; nothing where it cannot be told.
    fn column_name(&self, expr: &Expr) -> Option<Ident> {
        match figure(expr, self, 0) {
            Figured::Unsaid => None,
            Figured::Nothing => Some(Ident::new_static("?column?")),
            Figured::Weak(name) | Figured::Strong(name) => Some(name),
        }
    }
}

/// What `FigureColname` finds, and how sure it is of it.
enum Figured {
    Unsaid,
    Nothing,
    Weak(Ident),
    Strong(Ident),
}

fn figure(expr: &Expr, reader: &Reader<'_>, depth: usize) -> Figured {
    if depth > DEPTH {
        return Figured::Unsaid;
    }
    let strong = |name: &str| Figured::Strong(Ident::new(name));
    match &expr.kind {
        ExprKind::Column(path) => path.last().cloned().map_or(Figured::Nothing, Figured::Strong),
        ExprKind::Field { operand, field } if field == "*" => figure(operand, reader, depth + 1),
        ExprKind::Field { field, .. } => Figured::Strong(field.clone()),
        ExprKind::Index { operand, .. } => figure(operand, reader, depth + 1),
        ExprKind::Call { function, .. } => Figured::Strong(function.name.clone()),
        ExprKind::Cast { operand, to } => match figure(operand, reader, depth + 1) {
            Figured::Strong(name) => Figured::Strong(name),
            Figured::Unsaid => Figured::Unsaid,
            Figured::Nothing | Figured::Weak(_) => Figured::Weak(to.name.name.clone()),
        },
        ExprKind::Subquery { kind, query } => match kind {
            SubqueryKind::Exists => strong("exists"),
            SubqueryKind::Array => strong("array"),
            SubqueryKind::Scalar => first_name(query, reader, depth + 1),
            SubqueryKind::Any { .. } | SubqueryKind::All { .. } => Figured::Nothing,
        },
        ExprKind::Case { otherwise, .. } => {
            match otherwise.as_ref().map_or(Figured::Nothing, |value| figure(value, reader, depth + 1)) {
                Figured::Strong(name) => Figured::Strong(name),
                Figured::Unsaid => Figured::Unsaid,
                Figured::Nothing | Figured::Weak(_) => Figured::Weak(Ident::new_static("case")),
            }
        }
        ExprKind::Coalesce(_) => strong("coalesce"),
        ExprKind::Array(_) => strong("array"),
        ExprKind::Row(_) => strong("row"),
        ExprKind::Other { what, parts } => match (what.as_str(), parts.first()) {
            ("collate", Some(operand)) => figure(operand, reader, depth + 1),
            _ => Figured::Unsaid,
        },
        _ => Figured::Nothing,
    }
}

/// The name of the first column of a subquery.
fn first_name(query: &Query, reader: &Reader<'_>, depth: usize) -> Figured {
    if depth > DEPTH {
        return Figured::Unsaid;
    }
    match &query.body {
        QueryBody::Select(select) => match select.targets.first() {
            Some(target) => match (&target.alias, &target.value.kind) {
                (Some(alias), _) => Figured::Strong(alias.clone()),
                (None, ExprKind::Star(_)) => Figured::Unsaid,
                (None, _) => match figure(&target.value, reader, depth + 1) {
                    Figured::Weak(name) | Figured::Strong(name) => Figured::Strong(name),
                    Figured::Nothing => Figured::Strong(Ident::new_static("?column?")),
                    Figured::Unsaid => Figured::Unsaid,
                },
            },
            None => Figured::Unsaid,
        },
        QueryBody::Values(_) => Figured::Strong(Ident::new_static("column1")),
        QueryBody::Set { left, .. } => first_name(left, reader, depth + 1),
    }
}

/// The name of an index column made of an expression: `FigureIndexColname`.
pub(super) fn index_column_name(expr: &Expr, state: &State) -> Ident {
    match figure(expr, &Reader::new(state), 0) {
        Figured::Weak(name) | Figured::Strong(name) => name,
        Figured::Nothing | Figured::Unsaid => Ident::new_static("expr"),
    }
}

/// A written type, or PostgreSQL's complaint that there is none.
pub(super) fn resolve_type(state: &State, written: &Type) -> Result<ColumnType, Problem> {
    let name = &written.name;
    if name.is_variable() || name.name.ends_with("%type") {
        return Ok(ColumnType::Unsaid);
    }
    let array = written.array;
    let is_pg = name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    if is_pg {
        let internal = types::serial(&name.name).filter(|_| name.schema.is_none()).unwrap_or(&name.name);
        if crate::builtin::is_type(internal) {
            let modifiers = types::modifiers(internal, &written.modifiers);
            return Ok(ColumnType::BuiltIn { name: Ident::new(internal), modifiers, array });
        }
        // An array by its internal name.
        if let Some(element) = internal.strip_prefix('_').filter(|element| crate::builtin::is_type(element)) {
            return Ok(ColumnType::built_in(element).array_of());
        }
    }
    match state.find(Class::Type, name) {
        Found::Object(id) => Ok(ColumnType::User { id, array }),
        Found::NoSchema if name.schema.as_deref() == Some("information_schema") => Ok(ColumnType::Unsaid),
        _ if name.schema.as_deref() == Some("information_schema") || state.has_extension => Ok(ColumnType::Unsaid),
        Found::NoSchema => {
            let schema = name.schema.clone().unwrap_or_default();
            Err(Problem::new("3F000", format!("schema \"{schema}\" does not exist"), name.at))
        }
        _ if name.name.starts_with("pg_") => Ok(ColumnType::Unsaid),
        _ => Err(Problem::new(
            "42704",
            format!("type \"{name}{}\" does not exist", if array { "[]" } else { "" }),
            name.at,
        )),
    }
}

fn open_is_text(kind: ColumnType) -> ColumnType {
    if kind == ColumnType::Literal { ColumnType::built_in("text") } else { kind }
}

fn same_type(one: &ColumnType, other: &ColumnType) -> bool {
    match (one, other) {
        (
            ColumnType::BuiltIn { name: one, array: first, .. },
            ColumnType::BuiltIn { name: other, array: second, .. },
        ) => one == other && first == second,
        _ => one == other,
    }
}

fn is_polymorphic(kind: &ColumnType) -> bool {
    kind.scalar().is_some_and(|name| name.starts_with("any") || name == "record")
}

fn number_type(number: &str) -> ColumnType {
    ColumnType::built_in(match number.parse::<i64>() {
        Ok(value) if i32::try_from(value).is_ok() => "int4",
        Ok(_) => "int8",
        Err(_) => "numeric",
    })
}

fn is_system_column(name: &str) -> bool {
    matches!(name, "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "tableoid")
}

fn item_of_shape(shape: &Shape, alias: Ident) -> Item {
    let visible =
        |column: &Output| Visible { name: column.name.clone(), kind: column.kind.clone(), sources: Vec::new() };
    Item {
        alias,
        schema: None,
        columns: shape.columns.iter().map(visible).collect(),
        is_known: shape.is_known,
        whole: None,
        is_function: false,
    }
}

fn rename_visible(item: &mut Item, names: &[Ident]) {
    for (column, name) in item.columns.iter_mut().zip(names) {
        column.name = name.clone();
    }
}

fn rename_columns(shape: &mut Shape, names: &[Ident]) {
    for (column, name) in shape.columns.iter_mut().zip(names) {
        column.name = name.clone();
    }
}

//! Queries within expressions: which rows they are about, whatever their form.

use std::sync::Arc;

use super::Known;
use super::known;
use super::read::{Cases, Reader};
use super::solve::is_by_key;
use super::term::{Atom, Exchange, Formula, ONE, Rows, Source, T, Term, Three};
use super::value::{count, is_scalar, one, plain, several, some};
use crate::effect::{
    Act, Cte, CteBody, Expr, ExprKind, From, Ident, JoinKind, Name, Query, QueryBody, Select, SetOperator, Target,
    Visit, walk_expr,
};

/// How many names a FROM may bring.
const ITEMS_LIMIT: usize = 64;

/// The names that a FROM brings.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) items: Vec<Item>,
    /// Columns that `USING` merges, and the item that they are of.
    merged: Vec<(Ident, usize)>,
}

/// One name of a FROM.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) alias: Option<Ident>,
    pub(super) schema: Option<Ident>,
    pub(super) level: u32,
    pub(super) columns: Columns,
}

/// What the columns of an item are.
#[derive(Debug, Clone)]
pub(super) enum Columns {
    /// Those of a row; without a relation nothing is known of them.
    Row { index: u32, relation: Option<Name> },
    /// Those of a query that was taken apart: values and, for its stars, items.
    Known { outputs: Vec<Output>, stars: Vec<Item> },
}

/// A common table expression, and what it sees.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    cte: &'a Cte,
    recursive: bool,
    /// How many scopes there were where it is written.
    scopes: usize,
    /// How many common table expressions there were before it.
    before: usize,
}

/// A column of a query.
#[derive(Debug, Clone)]
pub(super) struct Output {
    name: Option<Ident>,
    value: Cases,
}

/// What a query yields.
#[derive(Debug, Clone)]
enum Shape {
    /// One row, if that is so.
    Single { present: Formula, outputs: Vec<Output> },
    /// A row for each of these.
    Each { rows: Arc<Rows>, outputs: Vec<Output>, stars: Vec<Item>, distinct: bool },
    /// The rows of all.
    Union(Vec<Shape>),
    /// Some of these rows, by what that is made of.
    Part(Box<Self>, T),
    /// Something else, by what it is made of.
    Other(T),
}

/// What a query yields, and how much of it.
#[derive(Debug, Clone)]
pub(super) struct Read {
    shape: Shape,
    level: u32,
    limit: Option<u64>,
    offset: u64,
    /// Some of the rows may be left out: `SKIP LOCKED`.
    fewer: bool,
}

/// A FROM in the making.
#[derive(Default)]
struct Building<'a> {
    sources: Vec<Source>,
    scope: Scope,
    filter: Vec<Formula>,
    on: Vec<&'a Expr>,
    /// Outer joins and others that are compared as a whole, and their conditions.
    marks: Vec<(String, Vec<&'a Expr>)>,
}

impl<'a> Reader<'a> {
    /// What the query yields.
    pub(super) fn query(&mut self, query: &'a Query) -> Read {
        let group = self.group.take();
        let commons = self.commons.len();
        let read = if self.enter() {
            for (index, cte) in query.with.iter().enumerate() {
                let before = self.commons.len();
                let scopes = self.scopes.len();
                let recursive = query.recursive && names_itself(&query.with, index);
                self.commons.push(Common { cte, recursive, scopes, before });
                if let CteBody::Change(_) = &cte.body {
                    self.reads_anything = true;
                }
            }
            self.query_of(query)
        } else {
            Read::plain(Shape::Other(self.opaque()), self.level)
        };
        self.leave();
        self.commons.truncate(commons);
        self.group = group;
        read
    }

    fn query_of(&mut self, query: &'a Query) -> Read {
        let level = self.level;
        let shape = match &query.body {
            QueryBody::Select(select) => self.select(select),
            QueryBody::Values(rows) if rows.len() <= ITEMS_LIMIT => {
                let single = |reader: &mut Self, row: &'a Vec<Expr>| {
                    let outputs = row.iter().enumerate().map(|(index, value)| {
                        let name = Some(Ident::from(format!("column{}", index + 1)));
                        Output { name, value: reader.cases(value) }
                    });
                    Shape::Single { present: Formula::Always, outputs: outputs.collect() }
                };
                match rows.as_slice() {
                    [only] => single(self, only),
                    _ => Shape::Union(rows.iter().map(|row| single(self, row)).collect()),
                }
            }
            QueryBody::Values(_) => Shape::Other(self.opaque()),
            QueryBody::Set { operator: SetOperator::Union, all, left, right } => {
                let sides = [self.query(left), self.query(right)];
                if sides.iter().all(|side| side.limit.is_none() && side.offset == 0 && !side.fewer) {
                    let [left, right] = sides;
                    // Without ALL only the number of rows is another.
                    let mark = if *all { None } else { Some(Shape::Union(Vec::new())) };
                    Shape::Union([left.shape, right.shape].into_iter().chain(mark).collect())
                } else {
                    let parts = sides.map(|side| self.as_source(side)).to_vec();
                    Shape::Other(self.made_of(if *all { "union all" } else { "union" }, parts))
                }
            }
            QueryBody::Set { operator, all, left, right } => {
                let sides = [self.query(left), self.query(right)];
                let shape = sides[0].shape.clone();
                let parts = sides.map(|side| self.as_source(side)).to_vec();
                let what = match operator {
                    SetOperator::Except => "except",
                    _ => "intersect",
                };
                Shape::Part(
                    Box::new(shape),
                    self.made_of(if *all { format!("{what} all") } else { what.to_owned() }, parts),
                )
            }
        };
        let constant = |expr: &Option<Box<Expr>>| match expr.as_ref().map(|expr| &expr.kind) {
            None | Some(ExprKind::Null) => Ok(None),
            Some(ExprKind::Number(text)) => known::number(text)
                .filter(|number| number % ONE == 0)
                .and_then(|number| u64::try_from(number / ONE).ok())
                .map(Some)
                .ok_or(()),
            Some(_) => Err(()),
        };
        match (constant(&query.limit), constant(&query.offset)) {
            (Ok(limit), Ok(offset)) => Read { shape, level, limit, offset: offset.unwrap_or(0), fewer: query.locks },
            _ => {
                let bounds: Vec<&Expr> = query.limit.iter().chain(&query.offset).map(|expr| &**expr).collect();
                for bound in bounds {
                    self.term(bound);
                }
                let some = self.opaque();
                Read::plain(Shape::Part(Box::new(shape), some), level)
            }
        }
    }

    fn made_of(&mut self, what: impl Into<Ident>, parts: Vec<T>) -> T {
        Arc::new(Term::Query { what: what.into(), sources: Vec::new(), parts, level: self.level, stamp: None })
    }

    fn select(&mut self, select: &'a Select) -> Shape {
        let level = self.level;
        let mut building = Building::default();
        for from in &select.from {
            self.item(from, &mut building, false);
        }
        building.sort(level);
        let bare = select.from.is_empty();
        if !bare {
            self.scopes.push(building.scope.clone());
            self.level += 1;
        }
        let shape = self.selected(select, level, building);
        if !bare {
            self.scopes.pop();
            self.level = level;
        }
        shape
    }

    fn selected(&mut self, select: &'a Select, level: u32, building: Building<'a>) -> Shape {
        let Building { mut sources, scope, mut filter, on, marks } = building;
        for (what, conditions) in marks {
            let parts =
                conditions.into_iter().map(|condition| Arc::new(Term::Truth(self.condition(condition)))).collect();
            sources.push(Source::Derived(Term::call(what, parts)));
        }
        for condition in on.into_iter().chain(&select.filter) {
            filter.push(self.condition(condition).yes);
        }
        let rows = Arc::new(Rows { level, sources, filter: Formula::all(filter) });
        let mut calls = Calls { aggregate: false, unsure: false, world: self.world };
        select.targets.iter().for_each(|target| calls.expr(&target.value));
        select.having.iter().for_each(|having| calls.expr(having));
        if calls.unsure || !select.group_by.is_empty() || !select.distinct_on.is_empty() {
            return self.grouped(select, &rows, calls.unsure);
        }
        if calls.aggregate || select.having.is_some() {
            self.group = Some(rows);
            let present = select.having.as_ref().map_or(Formula::Always, |having| self.condition(having).yes);
            let outputs = self.outputs(&select.targets);
            self.group = None;
            return Shape::Single { present, outputs };
        }
        let outputs = self.outputs(&select.targets);
        if rows.sources.is_empty() {
            return Shape::Single { present: rows.filter.clone(), outputs };
        }
        let mut stars = Vec::new();
        for target in &select.targets {
            if let ExprKind::Star(path) = &target.value.kind {
                let named = |item: &&Item| path.last().is_none_or(|name| item.alias.as_ref() == Some(name));
                stars.extend(scope.items.iter().filter(named).cloned());
            }
        }
        Shape::Each { rows, outputs, stars, distinct: select.distinct }
    }

    /// A query with GROUP BY or with calls that may yield any number of rows.
    fn grouped(&mut self, select: &'a Select, rows: &Arc<Rows>, unsure: bool) -> Shape {
        let level = rows.level;
        let anything = some(rows, &Formula::Always);
        self.group = Some(rows.clone());
        let mut parts: Vec<T> = self.terms(&select.group_by);
        let having = select.having.as_ref().map_or(Three::TRUE, |having| self.condition(having));
        for target in &select.targets {
            parts.push(self.term(&target.value));
        }
        self.group = None;
        let simple = !unsure && select.having.is_none() && select.distinct_on.is_empty();
        parts.push(Arc::new(Term::Truth(having)));
        parts.push(Arc::new(Term::Truth(Three::certain(rows.filter.clone()))));
        let stamp = if unsure || !select.distinct_on.is_empty() { Some(self.stamp()) } else { None };
        // As many groups as there are, there is one where there is a row.
        if simple && anything == Formula::Never {
            return Shape::Union(Vec::new());
        }
        let grouping = |expr: &Expr| matches!(expr.kind, ExprKind::Other { .. });
        let what = if simple && !select.group_by.iter().any(grouping) { "groups" } else { "group by" };
        Shape::Other(Arc::new(Term::Query {
            what: Ident::new_static(what),
            sources: rows.sources.clone(),
            parts,
            level,
            stamp,
        }))
    }

    fn outputs(&mut self, targets: &'a [Target]) -> Vec<Output> {
        let stars = |target: &&Target| !matches!(target.value.kind, ExprKind::Star(_));
        let named = |target: &'a Target| {
            target.alias.clone().or_else(|| match &target.value.kind {
                ExprKind::Column(path) => path.last().cloned(),
                ExprKind::Call { function, .. } => Some(function.name.clone()),
                ExprKind::Cast { operand, .. } => match &operand.kind {
                    ExprKind::Column(path) => path.last().cloned(),
                    _ => None,
                },
                _ => None,
            })
        };
        targets
            .iter()
            .filter(stars)
            .map(|target| Output { name: named(target), value: self.cases(&target.value) })
            .collect()
    }

    fn item(&mut self, from: &'a From, building: &mut Building<'a>, nullable: bool) {
        let entered = self.enter() && building.scope.items.len() < ITEMS_LIMIT;
        if entered {
            self.item_of(from, building, nullable);
        } else {
            let source = Source::Derived(self.opaque());
            self.add_row(building, source, None, None, None);
        }
        self.leave();
    }

    fn add_row(
        &mut self,
        building: &mut Building<'a>,
        source: Source,
        alias: Option<Ident>,
        schema: Option<Ident>,
        relation: Option<Name>,
    ) {
        let index = u32::try_from(building.sources.len()).unwrap_or(u32::MAX);
        building.sources.push(source);
        building.scope.items.push(Item { alias, schema, level: self.level, columns: Columns::Row { index, relation } });
    }

    fn item_of(&mut self, from: &'a From, building: &mut Building<'a>, nullable: bool) {
        match from {
            From::Relation { name, alias, columns, only } => {
                let visible = alias.clone().unwrap_or_else(|| name.name.clone());
                if name.schema.is_none()
                    && let Some(position) = self.commons.iter().rposition(|common| common.cte.name == name.name)
                {
                    self.common(position, visible, columns, building, nullable);
                    return;
                }
                let canonical = self.world.relation(name);
                self.relations.push(canonical.clone());
                let schema = if alias.is_none() { canonical.schema.clone() } else { None };
                let source =
                    Source::Relation { name: canonical.clone(), only: *only && !self.world.stands_alone(name) };
                if columns.is_empty() {
                    let relation = (!nullable).then_some(canonical);
                    self.add_row(building, source, Some(visible), schema, relation);
                } else {
                    let source = Source::Derived(Arc::new(Term::Query {
                        what: Ident::new_static("renamed"),
                        sources: vec![source],
                        parts: columns.iter().map(|column| Arc::new(Term::Text(column.clone()))).collect(),
                        level: self.level,
                        stamp: None,
                    }));
                    self.add_row(building, source, Some(visible), None, None);
                }
            }
            From::Subquery { query, alias, columns, lateral } => {
                if *lateral {
                    let read = self.query(query);
                    let parts = vec![self.as_source(read), self.opaque()];
                    let source = Source::Derived(self.made_of("lateral", parts));
                    self.add_row(building, source, alias.clone(), None, None);
                } else {
                    let read = self.query(query);
                    self.derived(read, alias.clone(), columns, building, nullable);
                }
            }
            From::Function { calls, alias, columns: _ } => {
                let names: Vec<Ident> = building.scope.items.iter().filter_map(|item| item.alias.clone()).collect();
                let mut lateral = Mentions { names: &names, found: false };
                calls.iter().for_each(|call| lateral.expr(call));
                let mut parts = self.terms(calls);
                if lateral.found {
                    parts.push(self.opaque());
                }
                let name = alias.clone().or_else(|| match calls.first().map(|call| &call.kind) {
                    Some(ExprKind::Call { function, .. }) => Some(function.name.clone()),
                    _ => None,
                });
                self.add_row(building, Source::Derived(Term::call("function", parts)), name, None, None);
            }
            From::Join { kind, left, right, on, using, natural } => {
                let (left_nullable, right_nullable) = match kind {
                    JoinKind::Inner => (nullable, nullable),
                    JoinKind::Left => (nullable, true),
                    JoinKind::Right => (true, nullable),
                    JoinKind::Full => (true, true),
                };
                let outer = *kind != JoinKind::Inner;
                let conditions = building.on.len();
                let first = building.scope.items.len();
                self.item(left, building, left_nullable);
                let middle = building.scope.items.len();
                self.item(right, building, right_nullable);
                let last = building.scope.items.len();
                building.on.extend(on);
                let inner_names = middle == first + 1 && last == middle + 1 && !outer && !nullable;
                if *natural || (!using.is_empty() && !inner_names) {
                    let columns = using.join(", ");
                    building.marks.push((
                        format!("{kind:?} natural {natural} using {columns} {first} {middle} {last}"),
                        Vec::new(),
                    ));
                } else if !using.is_empty() {
                    for column in using {
                        let sides = [first, middle].map(|at| {
                            building
                                .scope
                                .items
                                .get(at)
                                .and_then(|item| self.column_of(item, column))
                                .unwrap_or_default()
                        });
                        let equal =
                            self.compare_cases("=", &sides[0], &sides[1]).map_or(Formula::Never, |three| three.yes);
                        building.filter.push(equal);
                        building.scope.merged.push((column.clone(), first));
                    }
                }
                if outer || nullable {
                    let mine = building.on.split_off(conditions.min(building.on.len()));
                    building.marks.push((format!("{kind:?} join {first} {middle} {last}"), mine));
                }
            }
            From::Other { relation, parts, alias, .. } => {
                if let Some(relation) = relation {
                    let mut inside = Building::default();
                    self.item(relation, &mut inside, true);
                }
                self.terms(parts);
                let name = alias.clone().or_else(|| match relation.as_deref() {
                    Some(From::Relation { name, .. }) => Some(name.name.clone()),
                    _ => None,
                });
                let source = Source::Derived(self.opaque());
                self.add_row(building, source, name, None, None);
            }
        }
    }

    /// A reference to a common table expression.
    fn common(
        &mut self,
        position: usize,
        visible: Ident,
        columns: &'a [Ident],
        building: &mut Building<'a>,
        nullable: bool,
    ) {
        let Some(common) = self.commons.get(position).copied() else {
            return;
        };
        let body = match &common.cte.body {
            CteBody::Query(query) if !common.recursive => query,
            CteBody::Query(query) => {
                // It may refer to itself; what it reads is noted.
                let mut reads = Relations { found: Vec::new() };
                reads.query(query);
                let found: Vec<Name> = reads.found.into_iter().map(|name| self.world.relation(name)).collect();
                self.relations.extend(found);
                self.reads_anything = true;
                let source = Source::Derived(self.opaque());
                self.add_row(building, source, Some(visible), None, None);
                return;
            }
            CteBody::Change(act) => {
                self.changed(act, visible, building);
                return;
            }
        };
        // It sees what stands around it, not around its use.
        let kept = self.commons.split_off(common.before.min(self.commons.len()));
        let scopes = self.scopes.split_off(common.scopes.min(self.scopes.len()));
        let read = self.query(body);
        self.scopes.extend(scopes);
        self.commons.extend(kept);
        let names = if columns.is_empty() { &common.cte.columns } else { columns };
        self.derived(read, Some(visible), names, building, nullable);
    }

    /// The rows that a data-modifying common table expression returns.
    fn changed(&mut self, act: &'a Act, visible: Ident, building: &mut Building<'a>) {
        if let Act::Delete { table, .. }
        | Act::Update { table, .. }
        | Act::Insert { table, .. }
        | Act::Merge { table, .. } = act
        {
            let canonical = self.world.relation(table);
            self.relations.push(canonical);
        }
        self.reads_anything = true;
        let source = Source::Derived(self.opaque());
        self.add_row(building, source, Some(visible), None, None);
    }

    /// A query in FROM: taken apart where that changes nothing.
    fn derived(
        &mut self,
        read: Read,
        alias: Option<Ident>,
        names: &[Ident],
        building: &mut Building<'a>,
        nullable: bool,
    ) {
        let rename = |mut outputs: Vec<Output>| {
            for (output, name) in outputs.iter_mut().zip(names) {
                output.name = Some(name.clone());
            }
            outputs
        };
        let whole = read.limit.is_none() && read.offset == 0 && !read.fewer && !nullable;
        match read.shape {
            Shape::Each { rows, outputs, stars, distinct: false }
                if whole && (stars.is_empty() || names.is_empty()) =>
            {
                let offset = u32::try_from(building.sources.len()).unwrap_or(u32::MAX);
                let level = rows.level;
                let with = |index: Option<u32>| (level, index.map(|index| index.saturating_add(offset)));
                let moved = Exchange { level, with: &with };
                building.sources.extend(rows.sources.iter().cloned());
                building.filter.push(moved.formula(&rows.filter));
                let outputs = outputs.into_iter().map(|output| output.moved(&moved)).collect();
                let to = |index: u32| index.saturating_add(offset);
                let stars = stars.into_iter().map(|item| item.moved(&moved, &to)).collect();
                let columns = Columns::Known { outputs: rename(outputs), stars };
                building.scope.items.push(Item { alias, schema: None, level: self.level, columns });
            }
            Shape::Single { present, outputs } if whole => {
                building.filter.push(present);
                let columns = Columns::Known { outputs: rename(outputs), stars: Vec::new() };
                building.scope.items.push(Item { alias, schema: None, level: self.level, columns });
            }
            shape => {
                let mut parts = vec![self.as_source(Read { shape, ..read })];
                parts.extend(names.iter().map(|name| Arc::new(Term::Text(name.clone()))));
                let source = Source::Derived(self.made_of("derived", parts));
                self.add_row(building, source, alias, None, None);
            }
        }
    }

    /// A query as something that is equal only to the same.
    pub(super) fn as_source(&mut self, read: Read) -> T {
        let mut parts: Vec<T> = Vec::new();
        let number = |number: u64| Arc::new(Term::Text(Ident::from(number.to_string())));
        if read.limit.is_some() || read.offset > 0 || read.fewer {
            // Which rows these are is not said.
            parts.push(self.opaque());
        }
        parts.extend(read.limit.map(number));
        parts.push(number(read.offset));
        shape_parts(read.shape, &mut parts);
        Arc::new(Term::Query {
            what: Ident::new_static("query"),
            sources: Vec::new(),
            parts,
            level: read.level,
            stamp: None,
        })
    }

    /// What a query is `fewer` of: no more than is said without it.
    fn perhaps(&mut self, formula: Formula) -> Formula {
        let unknown = Formula::Is(Atom::True(self.opaque()));
        Formula::all([formula, unknown])
    }

    /// That the query yields a row.
    pub(super) fn any_row(&mut self, read: &Read) -> Formula {
        if read.limit == Some(0) {
            return Formula::Never;
        }
        let yes = exists(&read.shape, read.level, 0, &|_| Formula::Always);
        if read.fewer {
            return self.perhaps(yes);
        }
        match (&read.shape, i128::from(read.offset)) {
            (_, 0) => yes,
            (Shape::Each { rows, distinct: false, .. }, offset) => several(rows, &Formula::Always, offset + 1),
            (Shape::Single { .. }, _) => Formula::Never,
            _ => self.perhaps(yes),
        }
    }

    /// `operand operator ANY (query)`, or ALL.
    pub(super) fn membership_of(&mut self, operands: &[Cases], operator: &str, read: &Read, all: bool) -> Three {
        let cut = read.limit.is_some() || read.offset > 0 || read.fewer;
        // The comparison is made within the rows, where the reader is used again.
        let compared = std::cell::RefCell::new(&mut *self);
        let compare = |outputs: &[Output]| -> Three {
            let mut reader = compared.borrow_mut();
            if outputs.len() != operands.len() || (operands.len() > 1 && !matches!(operator, "=" | "<>")) {
                let unknown = reader.opaque();
                return reader.truth_of(&unknown);
            }
            let single = if operands.len() > 1 { "=" } else { operator };
            let pairs = operands.iter().zip(outputs).map(|(operand, output)| {
                reader.compare_cases(single, operand, &output.value).unwrap_or_else(|| {
                    let parts = vec![one(operand.clone()), one(output.value.clone())];
                    let term = Term::call(single, parts);
                    reader.truth_of(&term)
                })
            });
            let parts: Vec<Three> = pairs.collect();
            Three::all(parts).negated_if(operands.len() > 1 && operator == "<>")
        };
        let three = if all {
            Three {
                yes: exists(&read.shape, read.level, operands.len(), &|outputs| compare(outputs).yes.negated())
                    .negated(),
                no: exists(&read.shape, read.level, operands.len(), &|outputs| compare(outputs).no),
            }
        } else {
            Three {
                yes: exists(&read.shape, read.level, operands.len(), &|outputs| compare(outputs).yes),
                no: exists(&read.shape, read.level, operands.len(), &|outputs| compare(outputs).no.negated()).negated(),
            }
        };
        if !cut {
            return three;
        }
        // Of some of the rows only what holds of all is certain, and what holds of one is not.
        let unknown = self.opaque();
        let unknown = self.truth_of(&unknown);
        if all {
            let no = Formula::all([three.no, unknown.no]);
            Three { yes: Formula::all([no.negated(), Formula::any([three.yes, unknown.yes])]), no }
        } else {
            let yes = Formula::all([three.yes, unknown.yes]);
            Three { no: Formula::all([yes.negated(), Formula::any([three.no, unknown.no])]), yes }
        }
    }

    /// The value of a scalar subquery.
    pub(super) fn value_of(&mut self, read: Read) -> Cases {
        let null = || Arc::new(Term::Null);
        if read.limit == Some(0) {
            return vec![(Formula::Always, null())];
        }
        let cut = read.limit.is_some() || read.offset > 0 || read.fewer;
        match &read.shape {
            Shape::Single { present, outputs } if read.offset == 0 && !read.fewer => {
                let Some(output) = outputs.first() else {
                    return vec![(Formula::Always, self.opaque())];
                };
                let mut cases: Cases = Vec::new();
                for (guard, term) in &output.value {
                    cases.push((Formula::all([present.clone(), guard.clone()]), term.clone()));
                }
                cases.push((present.negated(), null()));
                cases.retain(|(guard, _)| *guard != Formula::Never);
                cases
            }
            Shape::Each { rows, outputs, stars, .. } if read.offset == 0 && !read.fewer && stars.is_empty() => {
                let Some(output) = outputs.first() else {
                    return vec![(Formula::Always, self.opaque())];
                };
                let value = one(output.value.clone());
                let present = some(rows, &Formula::Always);
                let constant = value.is_constant()
                    || matches!(&*value, Term::Truth(three) if *three == Three::TRUE || *three == Three::FALSE);
                if constant {
                    return vec![(present.clone(), value), (present.negated(), null())];
                }
                // The first of one row at most is that one.
                let stamp = if cut && !is_by_key(rows, self.world) { Some(self.stamp()) } else { None };
                vec![(Formula::Always, Arc::new(Term::Pick { value, rows: rows.clone(), stamp }))]
            }
            _ => {
                let source = self.as_source(read);
                vec![(Formula::Always, Term::call("scalar", vec![source]))]
            }
        }
    }

    /// How many elements an array of these rows has; none where it cannot be told.
    pub(super) fn size_of(&self, read: &Read) -> Option<T> {
        if read.limit.is_some() || read.offset > 0 || read.fewer {
            return None;
        }
        let (size, outputs) = match &read.shape {
            Shape::Each { rows, outputs, stars, distinct: false } if stars.is_empty() => (count(rows), outputs),
            Shape::Single { present, outputs } => {
                let numbers = [(present.clone(), Term::number(1)), (present.negated(), Term::number(0))];
                (numbers.into_iter().filter(|(guard, _)| *guard != Formula::Never).collect(), outputs)
            }
            _ => return None,
        };
        let [output] = outputs.as_slice() else {
            return None;
        };
        is_scalar(&one(output.value.clone()), self.world).then(|| one(size))
    }

    /// What a name means here.
    pub(super) fn column(&mut self, path: &'a [Ident]) -> Cases {
        for depth in (0..self.scopes.len()).rev() {
            let Some(scope) = self.scopes.get(depth).cloned() else {
                break;
            };
            if let Some(cases) = self.column_in(&scope, path) {
                return cases;
            }
        }
        self.variables.push(path.to_vec());
        vec![(Formula::Always, Arc::new(Term::Variable(path.to_vec())))]
    }

    fn column_in(&mut self, scope: &Scope, path: &'a [Ident]) -> Option<Cases> {
        match path {
            [column] => {
                if let Some(item) =
                    scope.merged.iter().find(|(name, _)| name == column).and_then(|(_, at)| scope.items.get(*at))
                {
                    return self.column_of(item, column);
                }
                let has: Vec<Known> = scope.items.iter().map(|item| self.has(item, column)).collect();
                let candidates: Vec<usize> = (0..has.len()).filter(|at| has.get(*at) != Some(&Known::No)).collect();
                let certain: Vec<usize> = (0..has.len()).filter(|at| has.get(*at) == Some(&Known::Yes)).collect();
                let at = match (certain.as_slice(), candidates.as_slice()) {
                    ([at], _) | ([], [at]) => *at,
                    ([], []) => return None,
                    _ => {
                        self.variables.push(path.to_vec());
                        let level = scope.items.first().map_or(0, |item| item.level);
                        let column = column.clone();
                        return Some(vec![(
                            Formula::Always,
                            Arc::new(Term::Column { level, index: None, relation: None, column }),
                        )]);
                    }
                };
                if certain.is_empty() {
                    // It may be a variable of PL/pgSQL as well.
                    self.variables.push(path.to_vec());
                }
                let item = scope.items.get(at)?;
                self.column_of(item, column)
            }
            [alias, column] => {
                let item = scope.items.iter().find(|item| item.alias.as_ref() == Some(alias))?;
                self.column_of(item, column)
            }
            [schema, name, column] => {
                let item = scope
                    .items
                    .iter()
                    .find(|item| item.alias.as_ref() == Some(name) && item.schema.as_ref() == Some(schema))?;
                self.column_of(item, column)
            }
            _ => None,
        }
    }

    fn has(&self, item: &Item, column: &str) -> Known {
        match &item.columns {
            Columns::Row { relation: Some(relation), .. } => match self.world.has_column(relation, column) {
                Some(true) => Known::Yes,
                Some(false) => Known::No,
                None => Known::Unsaid,
            },
            Columns::Row { relation: None, .. } => Known::Unsaid,
            Columns::Known { outputs, stars } => {
                if outputs.iter().any(|output| output.name.as_deref() == Some(column)) {
                    return Known::Yes;
                }
                let stars: Vec<Known> = stars.iter().map(|star| self.has(star, column)).collect();
                if stars.contains(&Known::Yes) {
                    Known::Yes
                } else if stars.contains(&Known::Unsaid) {
                    Known::Unsaid
                } else {
                    Known::No
                }
            }
        }
    }

    fn column_of(&self, item: &Item, column: &Ident) -> Option<Cases> {
        match &item.columns {
            Columns::Row { index, relation } => {
                let (relation, column) = (relation.clone(), column.clone());
                Some(vec![(
                    Formula::Always,
                    Arc::new(Term::Column { level: item.level, index: Some(*index), relation, column }),
                )])
            }
            Columns::Known { outputs, stars } => {
                if let Some(output) = outputs.iter().find(|output| output.name.as_ref() == Some(column)) {
                    return Some(output.value.clone());
                }
                let candidates: Vec<&Item> = stars.iter().filter(|star| self.has(star, column) != Known::No).collect();
                match candidates.as_slice() {
                    [star] => self.column_of(star, column),
                    _ => {
                        let column = column.clone();
                        Some(vec![(
                            Formula::Always,
                            Arc::new(Term::Column { level: item.level, index: None, relation: None, column }),
                        )])
                    }
                }
            }
        }
    }

    /// The rows of a change: its table first, then what `USING` or `FROM` brings. The names
    /// stay in scope.
    pub(super) fn open(&mut self, relation: &Name, alias: Option<&str>, with: &'a [Cte], from: &'a [From]) -> Formula {
        self.level = 0;
        for (index, cte) in with.iter().enumerate() {
            let before = self.commons.len();
            // Whether RECURSIVE is written is not said.
            let recursive = names_itself(with, index);
            self.commons.push(Common { cte, recursive, scopes: 0, before });
        }
        let mut building = Building::default();
        let canonical = self.world.relation(relation);
        self.relations.push(canonical.clone());
        let visible = alias.map_or_else(|| relation.name.clone(), Ident::from);
        let schema = if alias.is_none() { canonical.schema.clone() } else { None };
        let source = Source::Relation { name: canonical.clone(), only: false };
        self.add_row(&mut building, source, Some(visible), schema, Some(canonical));
        for from in from {
            self.item(from, &mut building, false);
        }
        let Building { scope, mut filter, on, .. } = building;
        self.scopes.push(scope);
        self.level = 1;
        for condition in on {
            filter.push(self.condition(condition).yes);
        }
        Formula::all(filter)
    }
}

impl Read {
    fn plain(shape: Shape, level: u32) -> Self {
        Self { shape, level, limit: None, offset: 0, fewer: false }
    }
}

impl Output {
    fn moved(self, exchange: &Exchange<'_>) -> Self {
        let value =
            self.value.into_iter().map(|(guard, term)| (exchange.formula(&guard), exchange.term(&term))).collect();
        Self { name: self.name, value }
    }
}

impl Item {
    fn moved(self, exchange: &Exchange<'_>, to: &dyn Fn(u32) -> u32) -> Self {
        let columns = match self.columns {
            Columns::Row { index, relation } => Columns::Row { index: to(index), relation },
            Columns::Known { outputs, stars } => Columns::Known {
                outputs: outputs.into_iter().map(|output| output.moved(exchange)).collect(),
                stars: stars.into_iter().map(|item| item.moved(exchange, to)).collect(),
            },
        };
        Self { columns, ..self }
    }
}

/// What a query yields, part by part.
fn shape_parts(shape: Shape, parts: &mut Vec<T>) {
    match shape {
        Shape::Single { present, outputs } => {
            parts.push(Arc::new(Term::Truth(Three::certain(present))));
            parts.extend(outputs.into_iter().map(|output| one(output.value)));
        }
        Shape::Each { rows, outputs, stars, distinct } => {
            parts.push(Term::call(if distinct { "distinct" } else { "each" }, vec![Arc::new(Term::Count(rows))]));
            parts.extend(outputs.into_iter().map(|output| one(output.value)));
            for star in stars {
                let name = star.alias.unwrap_or_default();
                parts.push(Term::call("*", vec![Arc::new(Term::Text(name))]));
            }
        }
        Shape::Union(shapes) => {
            parts.push(Term::call("union", Vec::new()));
            shapes.into_iter().for_each(|shape| shape_parts(shape, parts));
        }
        Shape::Part(_, term) | Shape::Other(term) => parts.push(term),
    }
}

/// That the query yields a row of which the condition holds.
fn exists(shape: &Shape, level: u32, width: usize, condition: &dyn Fn(&[Output]) -> Formula) -> Formula {
    match shape {
        Shape::Single { present, outputs } => Formula::all([present.clone(), condition(outputs)]),
        Shape::Each { rows, outputs, stars, .. } => {
            let outputs: Vec<Output> = if stars.is_empty() {
                outputs.clone()
            } else {
                // Which columns these are is not known.
                Vec::new()
            };
            some(rows, &condition(&outputs))
        }
        Shape::Union(shapes) => {
            Formula::any(shapes.iter().map(|shape| exists(shape, level, width, condition)).collect::<Vec<_>>())
        }
        Shape::Part(whole, term) => Formula::all([
            exists(whole, level, width, condition),
            exists(&Shape::Other(term.clone()), level, width, condition),
        ]),
        Shape::Other(term) => {
            if let Term::Query { what, sources, parts, level, .. } = &**term
                && what == "groups"
                && let Some(Term::Truth(filter)) = parts.last().map(|part| &**part)
            {
                let rows = Arc::new(Rows { level: *level, sources: sources.clone(), filter: filter.yes.clone() });
                let any = some(&rows, &Formula::Always);
                if condition(&[]) == Formula::Always {
                    return any;
                }
            }
            let column = |number: usize| {
                let column = Ident::from(format!("#{number}"));
                let term = Term::Column { level, index: Some(0), relation: None, column };
                Output { name: None, value: vec![(Formula::Always, Arc::new(term))] }
            };
            let outputs: Vec<Output> = (0..width).map(column).collect();
            let rows = Rows { level, sources: vec![Source::Derived(term.clone())], filter: Formula::Always };
            some(&Arc::new(rows), &condition(&outputs))
        }
    }
}

impl Building<'_> {
    /// Puts the sources into one order, whichever they were written in.
    fn sort(&mut self, level: u32) {
        let mut order: Vec<usize> = (0..self.sources.len()).collect();
        order.sort_by_key(|at| self.sources.get(*at));
        // The places in a mark are those of the FROM as it is written.
        if order.is_sorted() || !self.marks.is_empty() {
            return;
        }
        let place = |index: u32| {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            order.iter().position(|at| *at == index).and_then(|at| u32::try_from(at).ok())
        };
        let with = |index: Option<u32>| (level, index.and_then(place));
        let exchange = Exchange { level, with: &with };
        let to = |index: u32| place(index).unwrap_or(index);
        self.filter = self.filter.iter().map(|filter| exchange.formula(filter)).collect();
        let items = std::mem::take(&mut self.scope.items);
        self.scope.items = items.into_iter().map(|item| item.moved(&exchange, &to)).collect();
        self.sources = order.iter().filter_map(|at| self.sources.get(*at).cloned()).collect();
    }
}

/// Whether there are aggregates among the calls, or calls that may be or that yield sets.
struct Calls<'w> {
    aggregate: bool,
    unsure: bool,
    world: &'w dyn super::World,
}

/// Whether a SELECT list makes one row of many: it has an aggregate. It cannot be told where a call
/// may be one or may yield a set.
pub(crate) fn gathers<'a>(list: impl IntoIterator<Item = &'a Expr>, world: &dyn super::World) -> Known {
    let mut calls = Calls { aggregate: false, unsure: false, world };
    list.into_iter().for_each(|expr| calls.expr(expr));
    match calls {
        Calls { unsure: true, .. } => Known::Unsaid,
        Calls { aggregate: true, .. } => Known::Yes,
        Calls { .. } => Known::No,
    }
}

impl<'a> Visit<'a> for Calls<'_> {
    fn query(&mut self, _: &'a Query) {}

    fn expr(&mut self, expr: &'a Expr) {
        if let ExprKind::Call { function, over, .. } = &expr.kind {
            match plain(function) {
                Some(name) if known::is_aggregate(name) => self.aggregate |= !over,
                Some(name) if known::promise(name).is_some() || name == "nullif" => {}
                Some("clock_timestamp" | "random" | "nextval" | "gen_random_uuid" | "pg_sleep" | "row_number") => {}
                _ => self.unsure |= !self.world.stable_call(function),
            }
        }
        walk_expr(self, expr);
    }
}

/// Whether one of the names is mentioned.
struct Mentions<'n> {
    names: &'n [Ident],
    found: bool,
}

impl<'a> Visit<'a> for Mentions<'_> {
    fn expr(&mut self, expr: &'a Expr) {
        if let ExprKind::Column(path) | ExprKind::Star(path) = &expr.kind {
            self.found |= path.len() == 1 || path.first().is_some_and(|first| self.names.contains(first));
        }
        walk_expr(self, expr);
    }
}

/// Whether a common table expression names itself or a later one.
fn names_itself(with: &[Cte], index: usize) -> bool {
    let Some(CteBody::Query(query)) = with.get(index).map(|cte| &cte.body) else {
        return false;
    };
    let mut reads = Relations { found: Vec::new() };
    reads.query(query);
    let named = |name: &Name| name.schema.is_none() && with.iter().skip(index).any(|cte| cte.name == name.name);
    reads.found.into_iter().any(named)
}

/// The relations that a query names.
struct Relations<'a> {
    found: Vec<&'a Name>,
}

impl<'a> Visit<'a> for Relations<'a> {
    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from {
            self.found.push(name);
        }
        crate::effect::walk_from(self, from);
    }
}

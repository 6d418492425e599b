//! Changes that work a column out of what a query, a join or a variable has read of the same rows.

use super::{Rows, depends_on, makes_another};
use crate::case::{Case, Pass};
use crate::catalog::UniqueIndex;
use crate::effect::{
    Act, Assignment, Body, Cte, CteBody, Expr, ExprKind, From, Ident, IsTest, JoinKind, Name, Query, QueryBody, Select,
    StepKind, SubqueryKind, Visit, walk_expr,
};
use crate::flow::{Change, Sight};
use crate::ledger::Insertion;
use crate::logic::{Demands, Facts, Known, Reach, Truth, among, among_numbers};

/// How deep queries, views and common table expressions are looked into.
const DEPTH_LIMIT: usize = 16;

/// The column that a change works out of itself, on a way that the change itself does not show: what a query has
/// read of the rows that it changes is another the next time.
pub(super) fn reckoned<'a>(case: &'a Case<'_>, pass: &'a Pass<'_>, change: &'a Change<'_>) -> Option<&'a Ident> {
    let (set, reach, with) = match change.drawn {
        Some(Act::Update { alias, set, from, filter, with, .. }) => {
            let reach = Reach { relation: &change.relation, alias: alias.as_deref(), from, filter: filter.as_deref() };
            (&**set, reach, &**with)
        }
        _ => (change.assignments(), change.reach(), change.with()),
    };
    let asks = |column: &Ident| {
        let is_it = |expr: &Expr| expr.uncast().is_column(reach.called(), column);
        reach.filter.map(Expr::conjuncts).unwrap_or_default().into_iter().any(|part| match &part.kind {
            ExprKind::Is { operand, test: IsTest::Null, negated: false } => is_it(operand),
            ExprKind::Operator { operator, left: Some(left), right } if operator == "=" => {
                is_it(left) && right.is_constant() || is_it(right) && left.is_constant()
            }
            _ => false,
        })
    };
    let found = set.iter().find(|assignment| {
        let own = Own { case, pass, column: &assignment.column, reach, with };
        let (called, column) = (Some(reach.called()), &assignment.column);
        let is_told = |set: &[Assignment]| {
            set.iter().any(|set| set.column == *column && depends_on(&set.value, (called, column), true))
        };
        // A function of the package whose call is written as what it comes to.
        let is_called = change.drawn.is_some() && is_told(set) && !is_told(change.assignments());
        (is_called || own.makes(&assignment.value)) && !asks(column)
    });
    found.map(|assignment| &assignment.column)
}

/// A column of the rows that a change reaches.
struct Own<'a> {
    case: &'a Case<'a>,
    pass: &'a Pass<'a>,
    column: &'a Ident,
    reach: Reach<'a>,
    with: &'a [Cte],
}

/// What names mean within a query.
#[derive(Clone, Copy)]
struct Scope<'q> {
    from: &'q [From],
    /// The query itself; none of the change.
    select: Option<&'q Select>,
    with: &'q [Cte],
    outer: Option<&'q Scope<'q>>,
    depth: usize,
}

impl Own<'_> {
    /// Whether a value is worked out of the column by what it is joined to, by a query or by a function of the
    /// package.
    fn makes(&self, value: &Expr) -> bool {
        let scope = Scope { from: self.reach.from, select: None, with: self.with, outer: None, depth: 0 };
        self.carries(value, &scope, false)
    }

    /// Whether a value of a query is the column of one of the rows that are changed, made into another.
    fn carries(&self, value: &Expr, scope: &Scope<'_>, made: bool) -> bool {
        struct Values<'o, 's> {
            own: &'o Own<'o>,
            scope: &'s Scope<'s>,
            made: bool,
            found: bool,
        }
        impl<'e> Visit<'e> for Values<'_, '_> {
            fn expr(&mut self, expr: &'e Expr) {
                if self.found {
                    return;
                }
                let (own, scope) = (self.own, self.scope);
                match &expr.kind {
                    ExprKind::Subquery { kind: SubqueryKind::Scalar, query } => {
                        self.found = own.in_query(query, None, scope, self.made);
                    }
                    ExprKind::Subquery { .. } => {}
                    ExprKind::Column(path) => self.found = own.is_read(path, scope, self.made),
                    ExprKind::Call { function, arguments, .. } if own.is_stepping(function, arguments.len()) => {
                        let direct = |argument: &Expr| argument.is_column(own.reach.called(), own.column);
                        let is_own = scope.select.is_none() && arguments.iter().any(direct);
                        self.found = is_own || arguments.iter().any(|argument| own.carries(argument, scope, true));
                    }
                    _ => {
                        let outside = self.made;
                        self.made |= makes_another(expr, true);
                        walk_expr(self, expr);
                        self.made = outside;
                    }
                }
            }
        }
        let mut values = Values { own: self, scope, made, found: false };
        // What is worked out with a window goes by the order of all rows: numbering them anew changes nothing.
        if !crate::effect::any(value, |part| matches!(part.kind, ExprKind::Call { over: true, .. })) {
            values.expr(value);
        }
        values.found
    }

    /// Whether a function of the package yields something else than what it is given, by its parameters.
    fn is_stepping(&self, name: &Name, count: usize) -> bool {
        let steps = |value: &Expr| {
            makes_another(value.uncast(), true)
                && crate::effect::any(value, |part| matches!(part.kind, ExprKind::Column(_) | ExprKind::Parameter(_)))
        };
        let functions = self.pass.start.functions(name);
        functions.iter().filter(|function| function.arguments.len() == count).any(|function| match &function.body {
            Body::Sql(statements) => match statements.last().map(|statement| &statement.act) {
                Some(Act::Select(query)) => match &query.body {
                    QueryBody::Select(select) => {
                        select.from.is_empty() && select.targets.iter().any(|target| steps(&target.value))
                    }
                    _ => false,
                },
                _ => false,
            },
            Body::PlPgSql(block) => match block.steps.as_slice() {
                [only] => matches!(&only.kind, StepKind::Return(Some(value)) if steps(value)),
                _ => false,
            },
            Body::Opaque { .. } => false,
        })
    }

    /// Whether a name in a query is that of the column in one of the rows that are changed.
    fn is_read(&self, path: &[Ident], scope: &Scope<'_>, made: bool) -> bool {
        let Some((column, of)) = path.split_last() else { return false };
        let of = of.last();
        items(scope.from).into_iter().any(|item| {
            of.is_none_or(|of| called(item).is_some_and(|name| name == of)) && self.is_of(item, column, scope, made)
        })
    }

    /// Whether a column of an item of `FROM` is the column, or comes from it.
    fn is_of(&self, item: &From, column: &Ident, scope: &Scope<'_>, made: bool) -> bool {
        if scope.depth >= DEPTH_LIMIT {
            return false;
        }
        match item {
            From::Relation { name, columns, .. } if columns.is_empty() => {
                if let Some(query) = cte(name, scope) {
                    return self.in_query(query, Some(column), scope, made) && self.is_joined(item, query, scope);
                }
                let canonical = self.pass.start.canonical(name);
                if canonical == *self.reach.relation {
                    // What a change joins to its own table is looked at where its columns are.
                    return column == self.column
                        && made
                        && scope.select.is_some_and(|select| self.meets(select, called(item)));
                }
                let Some(query) = self.pass.start.view_query(&canonical) else { return false };
                self.in_query(&query, Some(column), scope, made) && self.is_joined(item, &query, scope)
            }
            From::Subquery { query, columns, .. } if columns.is_empty() => {
                self.in_query(query, Some(column), scope, made) && self.is_joined(item, query, scope)
            }
            _ => false,
        }
    }

    /// Whether an output of a query, its first where none is named, carries the column.
    fn in_query(&self, query: &Query, output: Option<&Ident>, outer: &Scope<'_>, made: bool) -> bool {
        match &query.body {
            QueryBody::Select(select) => {
                let scope = Scope {
                    from: &select.from,
                    select: Some(select),
                    with: &query.with,
                    outer: Some(outer),
                    depth: outer.depth + 1,
                };
                match output {
                    None => select.targets.first().is_some_and(|target| self.carries(&target.value, &scope, made)),
                    Some(name) => select.targets.iter().any(|target| match &target.value.kind {
                        ExprKind::Star(_) => self.is_read(std::slice::from_ref(name), &scope, made),
                        _ => is_named(target, name) && self.carries(&target.value, &scope, made),
                    }),
                }
            }
            QueryBody::Set { left, right, .. } => {
                let scope = Scope { with: &query.with, outer: Some(outer), depth: outer.depth + 1, ..*outer };
                scope.depth < DEPTH_LIMIT
                    && (self.in_query(left, output, &scope, made) || self.in_query(right, output, &scope, made))
            }
            QueryBody::Values(_) => false,
        }
    }

    /// Whether a change joins its rows to an item of its `FROM` by the same column of the same table, or by none:
    /// by another it may be another row.
    fn is_joined(&self, item: &From, query: &Query, scope: &Scope<'_>) -> bool {
        let (None, Some(name)) = (scope.select, called(item)) else { return true };
        let QueryBody::Select(select) = &query.body else { return false };
        let is_own = |expr: &Expr| match &expr.uncast().kind {
            ExprKind::Column(path) => match path.as_slice() {
                [only] => Some(only.clone()),
                [.., of, last] => (of == self.reach.called()).then(|| last.clone()),
                [] => None,
            },
            _ => None,
        };
        let is_other = |expr: &Expr| match &expr.uncast().kind {
            ExprKind::Column(path) => match path.as_slice() {
                [.., of, last] => (of == name).then(|| last.clone()),
                _ => None,
            },
            _ => None,
        };
        let mut is_bound = false;
        for part in self.reach.filter.map(Expr::conjuncts).unwrap_or_default() {
            if !crate::effect::any(part, |part| is_other(part).is_some()) {
                continue;
            }
            is_bound = true;
            let ExprKind::Operator { operator, left: Some(left), right } = &part.kind else { continue };
            let pair = is_own(left).zip(is_other(right)).or_else(|| is_own(right).zip(is_other(left)));
            let comes_from = |output: &Ident, column: &Ident| {
                select.targets.iter().any(|target| match &target.value.kind {
                    ExprKind::Star(_) => output == column,
                    ExprKind::Column(path) => is_named(target, output) && path.last() == Some(column),
                    _ => false,
                })
            };
            if operator == "=" && pair.is_some_and(|(own, other)| comes_from(&other, &own)) {
                return true;
            }
        }
        !is_bound
    }

    /// Whether a query of the table reads rows that the change reaches: that is told only where it can be shown.
    fn meets(&self, select: &Select, called: Option<&Ident>) -> bool {
        let own = self.reach.called();
        let Some(filter) = &select.filter else { return true };
        let called = called.map_or(own, Ident::as_str);
        let mut is_same = false;
        for part in filter.conjuncts() {
            let outer = |expr: &Expr| matches!(&expr.kind, ExprKind::Column(path) if matches!(path.as_slice(), [.., of, _] if of == own && own != called));
            if !crate::effect::any(part, outer) {
                continue;
            }
            // Another row of the table, unless it is asked for by the same column.
            let ExprKind::Operator { operator, left: Some(left), right } = &part.kind else { return false };
            let (ExprKind::Column(left), ExprKind::Column(right)) = (&left.kind, &right.kind) else { return false };
            if operator != "=" || left.last() != right.last() {
                return false;
            }
            is_same = true;
        }
        let world = Sight(&self.pass.start);
        let inner = filter.unqualified(called);
        let outer = self.reach.filter.map(|filter| filter.unqualified(own));
        let follows = |from: &Expr, to: &Expr| {
            let mut facts = Facts::default();
            facts.assume(from, Truth::True, &world);
            facts.entails(to, &world)
        };
        match outer.as_ref().map_or(Known::Yes, |outer| follows(outer, &inner)) {
            Known::No => return false,
            Known::Yes => return true,
            Known::Unsaid => {}
        }
        is_same || outer.is_some_and(|outer| follows(&inner, &outer) == Known::Yes) || self.is_added(&inner)
    }

    /// Whether the release adds a row that the query reads and the change reaches.
    fn is_added(&self, inner: &Expr) -> bool {
        let exact = |column: &Ident| crate::ledger::exact(&self.pass.start, self.reach.relation, column);
        let own = self.reach.relation;
        let reads = Reach { relation: own, alias: None, from: &[], filter: Some(inner) };
        let writes = Reach { from: &[], ..self.reach };
        let demands = [Demands::of(&reads), Demands::of(&writes)];
        let met = |row: &crate::ledger::Constants| demands.iter().all(|asked| asked.meet(row, exact) == Known::Yes);
        let is_met = |added: &Insertion| added.table == *own && (met(&added.values) || added.each.iter().any(met));
        self.case.added.iter().flat_map(|added| added.iter()).any(is_met)
    }
}

/// The items of `FROM` within joins.
fn items(from: &[From]) -> Vec<&From> {
    let (mut open, mut found): (Vec<&From>, Vec<&From>) = (from.iter().rev().collect(), Vec::new());
    while let Some(item) = open.pop() {
        match item {
            From::Join { left, right, .. } => open.extend([&**right, &**left]),
            _ => found.push(item),
        }
    }
    found
}

/// The query of a common table expression.
fn cte<'q>(name: &Name, scope: &Scope<'q>) -> Option<&'q Query> {
    let mut scope = Some(scope);
    while let Some(here) = scope.filter(|_| name.schema.is_none()) {
        if let Some(found) = here.with.iter().find(|cte| cte.name == name.name) {
            return match &found.body {
                CteBody::Query(query) => Some(query),
                CteBody::Change(_) => None,
            };
        }
        scope = here.outer;
    }
    None
}

/// What a statement calls an item of `FROM`.
fn called(item: &From) -> Option<&Ident> {
    match item {
        From::Relation { name, alias, .. } => Some(alias.as_ref().unwrap_or(&name.name)),
        From::Subquery { alias, .. } => alias.as_ref(),
        _ => None,
    }
}

fn is_named(target: &crate::effect::Target, name: &Ident) -> bool {
    match &target.alias {
        Some(alias) => alias == name,
        None => crate::flow::column_name(&target.value).as_ref() == Some(name),
    }
}

/// Whether what an `INSERT` adds is what its own query reads the next time, so that it makes more rows of it.
pub(super) fn grows(pass: &Pass<'_>, change: &Change<'_>, rows: &Rows<'_>, query: &Query, by_key: bool) -> bool {
    let QueryBody::Select(select) = &query.body else { return false };
    let readers = crate::flow::readers(&pass.start, [rows.table.clone()]);
    let is_own = |item: &&&From| match item {
        From::Relation { name, .. } => readers.contains(&pass.start.canonical(name)),
        _ => false,
    };
    let items = items(&select.from);
    let [own] = items.iter().filter(is_own).collect::<Vec<_>>()[..] else { return false };
    // On the side of a join that may be missing, or behind `HAVING`, it looks whether the rows are there.
    let is_outer = |item: &From| matches!(item, From::Join { kind, .. } if *kind != JoinKind::Inner);
    if select.having.is_some() || select.from.iter().any(is_outer) {
        return false;
    }
    let From::Relation { name, .. } = own else { return false };
    // A view may leave the new rows out.
    let view = pass.start.view_query(&pass.start.canonical(name));
    if view.is_some_and(|view| !shows_all(&view)) {
        return false;
    }
    let called = called(own).map_or("", Ident::as_str);
    let value = |column: &Ident| {
        let place = change.columns().iter().position(|known| known == column)?;
        select.targets.get(place).map(|target| target.value.unqualified(called))
    };
    let filter = select.filter.as_ref().map(|filter| filter.unqualified(called));
    if let Some(filter) = &filter {
        let world = Sight(&pass.start);
        let leaves_out = |rows: &[Expr]| {
            let mut facts = Facts::default();
            rows.iter().for_each(|row| facts.assume(row, Truth::True, &world));
            facts.entails(filter, &world) == Known::No
        };
        let texts: Vec<Expr> = rows.constants.iter().map(|(column, values)| among(column, values)).collect();
        let numbers = rows.constants.iter().map(|(column, values)| among_numbers(column, values));
        let numbers: Vec<Expr> = numbers.flatten().collect();
        if leaves_out(&texts) || leaves_out(&numbers) {
            return false;
        }
    }
    let parts = filter.as_ref().map(Expr::conjuncts).unwrap_or_default();
    let steps = |value: &Expr| {
        let is_told = |part: &Expr| match &part.kind {
            ExprKind::In { operand, list, negated: false } if list.iter().all(Expr::is_constant) => {
                Some((**operand).clone())
            }
            _ => sides(part).into_iter().find(|(_, other)| other.is_constant()).map(|(one, _)| one.clone()),
        };
        let told: Vec<Expr> = parts.iter().filter_map(|part| is_told(part)).collect();
        let moves = |part: &Expr| match &part.kind {
            ExprKind::Column(_) => !told.contains(part),
            ExprKind::Call { over, .. } => *over,
            _ => false,
        };
        crate::effect::any(value, |part| {
            makes_another(part, true) && crate::effect::any(part, moves)
                || matches!(&part.kind, ExprKind::Call { over: true, .. })
                || matches!(&part.kind, ExprKind::Call { function, .. } if function.name == "count")
        })
    };
    // Whoever asks for the key that is about to be made does not find those that were made of it.
    let looks = |part: &&&Expr| {
        crate::effect::any(part, |part| match &part.kind {
            ExprKind::Subquery { query, .. } => {
                let asks = match &query.body {
                    QueryBody::Select(select) => select.filter.as_ref(),
                    _ => None,
                };
                let asks: Vec<&Expr> = asks.map(Expr::conjuncts).unwrap_or_default();
                let is_next = |part: &&Expr| {
                    sides(part).into_iter().any(|(one, other)| match &one.kind {
                        ExprKind::Column(path) => {
                            let value = path.last().and_then(value);
                            value.is_some_and(|value| value == other.unqualified(called) && steps(&value))
                        }
                        _ => false,
                    })
                };
                !asks.iter().any(is_next)
            }
            _ => false,
        })
    };
    if parts.iter().any(|part| looks(&part)) {
        return false;
    }
    if !by_key {
        return true;
    }
    let keys = pass.start.unique_indexes(rows.table);
    let is_stepping = |key: &UniqueIndex| key.columns.iter().filter_map(value).any(|value| steps(&value));
    !keys.is_empty() && keys.iter().all(is_stepping)
}

/// Both sides of an equality, and the other way round.
fn sides(part: &Expr) -> Vec<(&Expr, &Expr)> {
    match &part.kind {
        ExprKind::Operator { operator, left: Some(left), right } if operator == "=" => {
            vec![(left, right), (right, left)]
        }
        _ => Vec::new(),
    }
}

/// Whether a view has a row for each of what it reads.
fn shows_all(query: &Query) -> bool {
    match &query.body {
        QueryBody::Select(select) => {
            let is_plain = select.filter.is_none() && select.having.is_none() && select.group_by.is_empty();
            is_plain && query.limit.is_none() && !select.distinct && select.from.len() == 1
        }
        _ => false,
    }
}

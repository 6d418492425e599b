//! Scripts whose second run changes more.

mod own_rows;

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use crate::case::{Case, Pass};
use crate::catalog::{Aspect, Difference, Key, Kind, Outcome, Relation, UniqueIndex};
use crate::effect::{
    Act, AlterAction, Assignment, At, Conflict, ConflictAction, Constraint, CteBody, Expr, ExprKind, From, Ident,
    IsTest, JoinKind, LikeKind, Name, Query, QueryBody, RowSource, Select, StepKind, Target, Transaction, Visit,
    walk_expr, walk_from, walk_query,
};
use crate::finding::Finding;
use crate::flow::{Block, Change, ChangeKind, Event, Origin, Sight, What};
use crate::ledger::Constants;
use crate::logic::{Demands, Facts, Known, Reach, Truth, World, among};
use crate::package::Role;

const ID: &str = "changes-when-repeated";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in
        case.passes.iter().filter(|pass| pass.repeat && (matches!(pass.role, Role::Tier(_)) || pass.role.undoes()))
    {
        findings.extend(defines_otherwise(case, pass));
        let mut before = Before {
            pass,
            changed: OnceCell::new(),
            removed: HashMap::new(),
            made: BTreeSet::new(),
            drops: OnceCell::new(),
        };
        for (index, event) in pass.run.events.iter().enumerate() {
            let What::Change(change) = &event.what else {
                findings.extend(made_again(case, &before, event));
                before.note_other(event);
                continue;
            };
            before.note(event, change);
            if !event.reachable {
                continue;
            }
            if change.relation.is_temporary() || super::is_house_rule(event, &case.baseline) {
                continue;
            }
            let derived = event.via.iter().any(|via| !matches!(via.origin, Origin::Dynamic | Origin::Call(_)));
            let why = match (change.kind, change.act) {
                _ if derived || before.made.contains(&*change.relation) || before.goes(index, &change.relation) => None,
                (ChangeKind::Insert, Some(Act::Insert { rows, conflict, .. })) => {
                    inserts_again(&before, event, change, (change.columns(), rows, conflict.as_deref()))
                }
                (ChangeKind::Update, Some(Act::Update { .. } | Act::Merge { .. })) => {
                    let (set, reach) = (change.assignments(), change.reach());
                    another_each_time(set, &reach, pass)
                        .filter(|_| !is_over(set, &reach, pass) && !steps_out(set, change, pass))
                        .or_else(|| own_rows::reckoned(case, pass, change).map(becomes_another))
                }
                (ChangeKind::Update, Some(Act::Insert { .. })) => {
                    own_rows::reckoned(case, pass, change).map(becomes_another)
                }
                (ChangeKind::Insert, Some(Act::Merge { on, .. })) if columns_of(on).is_empty() => {
                    Some("ON asks for no column, so that no row is the same".to_owned())
                }
                _ => None,
            };
            if let Some(why) = why {
                let fix = match (change.kind, change.act) {
                    (ChangeKind::Insert, Some(Act::Insert { rows: RowSource::Query(query), .. })) => {
                        super::pass_over(case, pass, event, change, &|index| is_settled(query, index))
                    }
                    _ => None,
                };
                let name = super::called(pass, case);
                let message = format!("the second run of {name} {} {}: {why}", super::verb(change), change.relation);
                let finding = Finding::new(ID, event.at, message, "here")
                    .consequence("a run that was broken off cannot be repeated without doing its work twice")
                    .way_out("ON CONFLICT on a key of the table, or a condition that is false once the rows are there")
                    .fix(fix);
                findings.push(super::with_trail(finding, event));
            }
        }
    }
}

/// What the same statements define otherwise when they run again: a view that shows all columns of a table to
/// which one has come meanwhile.
fn defines_otherwise(case: &Case<'_>, pass: &Pass<'_>) -> Vec<Finding> {
    // A full rollback runs for the first time from other states, too.
    if pass.role == Role::FullRollback || pass.run.events.iter().any(|event| event.what.problem().is_some()) {
        return Vec::new();
    }
    let end = &pass.run.end.catalog;
    let is_other = |one: &Difference| match &one.aspect {
        // How often something was set is no other state, nor is what was taken from whom did not have it.
        Aspect::Changed { what, .. } => {
            !matches!(what.as_str(), "options" | "privileges") && one.key.schema != "pg_temp"
        }
        _ => false,
    };
    let otherwise = pass.start.difference(end).into_iter().filter(is_other);
    let told = |one: Difference| {
        let makes = |event: &&Event<'_>| match &event.what {
            What::Define { outcome, .. } => {
                event.reachable
                    && (outcome.made.contains(&one.key) || outcome.altered.iter().any(|(key, _)| *key == one.key))
            }
            _ => false,
        };
        let event = pass.run.events.iter().rfind(makes)?;
        let name = super::called(pass, case);
        let message = format!("the second run of {name} defines {} otherwise than the first", one.key);
        let finding = Finding::new(ID, event.at, message, "it is another one now")
            .consequence("a run that was broken off cannot be repeated and leave the same database")
            .way_out("say what is meant by its name: the columns instead of *");
        Some(super::with_trail(finding, event))
    };
    otherwise.filter_map(told).collect()
}

/// What a statement makes once more because it says no name: an index, a constraint.
fn made_again(case: &Case<'_>, before: &Before<'_>, event: &Event<'_>) -> Option<Finding> {
    let What::Define { statement, outcome } = &event.what else { return None };
    let pass = before.pass;
    let table = match &statement.act {
        Act::CreateIndex { name: None, table, .. } => table,
        Act::AlterTable { name, actions, .. } if actions.iter().any(is_unnamed) => name,
        _ => return None,
    };
    let table = pass.run.end.catalog.canonical(table);
    // A full rollback runs for the first time from other states, too.
    let is_second = pass.role != Role::FullRollback;
    if !event.reachable || !event.certain || !is_second || table.is_temporary() || before.made.contains(&table) {
        return None;
    }
    let is_more = |key: &&Key| {
        matches!(key.kind, Kind::Index | Kind::Constraint)
            && !pass.start.contains(key)
            && pass.run.end.catalog.contains(key)
    };
    let made = outcome.made.iter().find(is_more)?;
    let name = super::called(pass, case);
    let message = format!("the second run of {name} makes {made} beside the one that the first has made");
    let finding = Finding::new(ID, event.at, message, "it has no name")
        .consequence("each run leaves another one, and the rollback drops one of them")
        .way_out("give it a name, with IF NOT EXISTS or behind a DROP … IF EXISTS");
    Some(super::with_trail(finding, event))
}

fn is_unnamed(action: &AlterAction) -> bool {
    matches!(action, AlterAction::AddConstraint(Constraint { name: None, .. }))
}

/// Whether a query that finds the same rows has the same values in a column: constants, and
/// columns of what it reads, put together by operators.
fn is_settled(query: &Query, index: usize) -> bool {
    let moves = |expr: &Expr| matches!(expr.kind, ExprKind::Call { .. } | ExprKind::Subquery { .. });
    let settled = |value: &Expr| !crate::effect::any(value, moves);
    match &query.body {
        QueryBody::Values(rows) => rows.iter().all(|row| row.get(index).is_some_and(settled)),
        QueryBody::Select(select) => {
            let is_table = |from: &From| !crate::effect::any_in_from(from, moves);
            select.targets.get(index).is_some_and(|target| settled(&target.value)) && select.from.iter().all(is_table)
        }
        QueryBody::Set { left, right, .. } => is_settled(left, index) && is_settled(right, index),
    }
}

/// The columns of an INSERT, its rows, its ON CONFLICT.
type Inserted<'a> = (&'a [Ident], &'a RowSource, Option<&'a Conflict>);

/// What a run did before the event that is looked at.
struct Before<'a> {
    pass: &'a Pass<'a>,
    changed: OnceCell<BTreeSet<Name>>,
    /// The relations that certainly lost rows, with the transactions in which they did.
    removed: HashMap<&'a Name, Vec<(Block, &'a Change<'a>)>>,
    /// The tables that the script itself has made before, each time anew.
    made: BTreeSet<Name>,
    drops: OnceCell<Drops>,
}

/// Of how many removals it is looked at whether they reach rows.
const REMOVED_LIMIT: usize = 64;

/// Where a script drops tables, by the numbers of its events.
#[derive(Default)]
struct Drops {
    /// With each table's, whether it certainly takes place.
    of: HashMap<Name, Vec<(usize, bool)>>,
    /// Where a table may come to stand for another: which one is dropped later is not told.
    moved: Vec<usize>,
}

impl Drops {
    fn of(events: &[Event<'_>]) -> Self {
        let mut drops = Self::default();
        for (index, event) in events.iter().enumerate() {
            let What::Define { outcome, .. } = &event.what else { continue };
            if takes_place(outcome) {
                drops.moved.push(index);
                continue;
            }
            let is_sure = event.certain && event.via.is_empty();
            for dropped in outcome.dropped.iter().filter(|dropped| dropped.key.kind == Kind::Table) {
                drops.of.entry(dropped.key.relation()).or_default().push((index, is_sure));
            }
        }
        drops
    }

    /// Whether a table that is there after an event is certainly dropped by a later one.
    fn certainly(&self, table: &Name, after: usize) -> bool {
        let later = |events: &[(usize, bool)]| events.iter().find(|(index, _)| *index > after).copied();
        let Some((index, is_sure)) = self.of.get(table).and_then(|drops| later(drops)) else { return false };
        let moved = self.moved.get(self.moved.partition_point(|moved| *moved <= after));
        is_sure && moved.is_none_or(|moved| *moved > index)
    }
}

impl<'a> Before<'a> {
    /// An event; of an insertion it matters not whether that is noted before it is looked at.
    fn note(&mut self, event: &'a Event<'a>, change: &'a Change<'a>) {
        if event.certain && matches!(change.kind, ChangeKind::Delete | ChangeKind::Truncate) {
            self.removed.entry(&change.relation).or_default().push((event.block, change));
        }
    }

    /// An event that changes no rows.
    fn note_other(&mut self, event: &Event<'_>) {
        match &event.what {
            What::Define { outcome, .. } if takes_place(outcome) => self.made.clear(),
            What::Define { statement, outcome } => {
                for dropped in &outcome.dropped {
                    self.made.remove(&dropped.key.relation());
                }
                let is_new = matches!(
                    statement.act,
                    Act::CreateTable { if_not_exists: false, .. } | Act::CreateTableAs { if_not_exists: false, .. }
                );
                let is_sure =
                    event.certain && event.via.is_empty() && outcome.problem.is_none() && outcome.may_fail.is_none();
                if is_new && is_sure {
                    self.made.extend(outcome.made.iter().filter(|key| key.kind == Kind::Table).map(Key::relation));
                }
            }
            What::Transaction(
                Transaction::Rollback { .. }
                | Transaction::RollbackTo(_)
                | Transaction::Prepare
                | Transaction::RollbackPrepared,
            )
            | What::Opaque(_)
            | What::Unread { .. } => self.made.clear(),
            _ => {}
        }
    }

    /// Whether the same script has removed the rows before, in the same transaction.
    fn deletes(&self, event: &Event<'_>, rows: &Rows<'_>) -> bool {
        let reaches = |(block, removed): &(Block, &Change<'_>)| {
            *block == event.block && !rows.are_certainly_not(&removed.reach(), self.pass)
        };
        // Of very many one is taken to reach them.
        let removed = self.removed.get(rows.table).map(Vec::as_slice).unwrap_or_default();
        let is_here = |(block, _): &(Block, &Change<'_>)| *block == event.block;
        removed.iter().take(REMOVED_LIMIT).any(reaches) || removed.iter().skip(REMOVED_LIMIT).any(is_here)
    }

    /// Whether the script drops the table after all.
    fn goes(&self, index: usize, table: &Name) -> bool {
        let run = &self.pass.run;
        run.end.catalog.relation(table).is_none()
            && self.drops.get_or_init(|| Drops::of(&run.events)).certainly(table, index)
    }

    /// The tables that the script fills or empties: what asks them, or a view of them, sees its
    /// own work when it runs again.
    fn changed(&self) -> &BTreeSet<Name> {
        self.changed.get_or_init(|| {
            let relations = self.pass.run.events.iter().filter_map(|event| match &event.what {
                What::Change(change) => Some(&*change.relation),
                _ => None,
            });
            let relations: BTreeSet<&Name> = relations.collect();
            crate::flow::readers(&self.pass.start, relations.into_iter().cloned())
        })
    }
}

/// Whether a table comes to hold what another held, or goes on under another name.
fn takes_place(outcome: &Outcome) -> bool {
    let places = ["renamed", "schema", "attached", "detached", "inherit", "no inherit"];
    outcome.altered.iter().any(|(_, what)| places.contains(&what.as_str()))
}

/// What an insertion does that reads its own rows.
const GROWS: &str = "it reads the rows that it has added, and makes more of them";

fn inserts_again(
    before: &Before<'_>,
    event: &Event<'_>,
    change: &Change<'_>,
    (columns, rows, conflict): Inserted<'_>,
) -> Option<String> {
    let pass = before.pass;
    let relation = pass.start.relation(&change.relation);
    if let Some(conflict) = conflict {
        let fires = fires(conflict, relation?, (columns, rows), change, pass);
        return match (&conflict.action, fires) {
            (_, false) => Some("no key of the table lets ON CONFLICT fire".to_owned()),
            (ConflictAction::Update { set, filter }, true) => {
                let met = Reach { filter: filter.as_ref(), ..change.reach() };
                another_each_time(set, &met, pass).filter(|_| !is_over(set, &met, pass))
            }
            (ConflictAction::Nothing, true) => {
                let RowSource::Query(query) = rows else { return None };
                let constants = crate::ledger::constant_columns(columns, query);
                let rows = Rows { table: &change.relation, constants: &constants };
                own_rows::grows(pass, change, &rows, query, true).then(|| GROWS.to_owned())
            }
        };
    }
    let RowSource::Query(query) = rows else { return Some("nothing keeps the row from being added again".to_owned()) };
    // A query that asks the table itself, or a view of it, looks whether its rows are there.
    let constants = crate::ledger::constant_columns(columns, query);
    let rows = Rows { table: &change.relation, constants: &constants };
    let common = change.with().iter().map(|cte| &cte.name).collect();
    let mut asks = Asks { pass, changed: before.changed(), rows: &rows, common, found: false, passed: false };
    asks.query(query);
    if reads_new_rows(change, query) {
        return None;
    }
    if looks_first(event, &rows, pass) || before.deletes(event, &rows) {
        return None;
    }
    if asks.found {
        return own_rows::grows(pass, change, &rows, query, false).then(|| GROWS.to_owned());
    }
    // A constant key is a matter of failing, not of changing more.
    let keys: Vec<Ident> = constants.keys().cloned().collect();
    if pass.start.has_key_within(&change.relation, &keys) && (event.certain || is_tried(event, pass)) {
        return None;
    }
    Some("nothing keeps the rows from being added again".to_owned())
}

/// Whether an insertion is tried each time: it stands, behind nothing but others, in a block with handlers
/// that is always come to. Where its rows are there already, a handler takes over.
fn is_tried(event: &Event<'_>, pass: &Pass<'_>) -> bool {
    let is_around = |other: &Event<'_>| match &other.what {
        What::Handlers(block) if other.certain && other.via == event.via => {
            let insertions = block.steps.iter().map_while(|step| match &step.kind {
                StepKind::Sql { statement, .. } => Some(statement).filter(|it| matches!(it.act, Act::Insert { .. })),
                _ => None,
            });
            let (file, within) = (event.at.file(), event.at.span());
            let is_it = |at: At| at.file() == file && at.span().start <= within.start && within.end <= at.span().end;
            insertions.map(|statement| statement.at).any(is_it)
        }
        _ => false,
    };
    pass.run.events.iter().any(is_around)
}

/// Whether a query yields only what the same statement adds to another table where it is not there
/// yet, or takes from one.
fn reads_new_rows(change: &Change<'_>, query: &Query) -> bool {
    let (Some(Act::Insert { with, .. }), QueryBody::Select(select)) = (change.act, &query.body) else { return false };
    let mut names: Vec<&Ident> = Vec::new();
    for cte in with {
        let is_over = match &cte.body {
            CteBody::Change(act) => match &**act {
                Act::Insert { conflict: Some(conflict), .. } => conflict.action == ConflictAction::Nothing,
                Act::Insert { rows: RowSource::Query(query), .. } => match &query.body {
                    QueryBody::Select(select) => yields_of(select, &names),
                    _ => false,
                },
                Act::Delete { .. } => true,
                _ => false,
            },
            CteBody::Query(query) => match &query.body {
                QueryBody::Select(select) => query.with.is_empty() && yields_of(select, &names),
                _ => false,
            },
        };
        if is_over {
            names.push(&cte.name);
        }
    }
    yields_of(select, &names)
}

/// Whether a query yields a row only where one of these common table expressions has one.
fn yields_of(select: &Select, names: &[&Ident]) -> bool {
    let is_plain =
        select.group_by.is_empty() && !select.targets.iter().any(|target| crate::effect::has_call(&target.value));
    is_plain && select.from.iter().any(|from| reads(from, names))
}

/// Whether every row of an item of `FROM` has one of a common table expression in it.
fn reads(from: &From, names: &[&Ident]) -> bool {
    match from {
        From::Relation { name, .. } => name.schema.is_none() && names.contains(&&name.name),
        From::Join { kind: JoinKind::Inner, left, right, .. } => reads(left, names) || reads(right, names),
        _ => false,
    }
}

/// Whether `ON CONFLICT` finds the rows of the first run: by the key that it names, or without one
/// by any, whose values are the same each time.
fn fires(
    conflict: &Conflict,
    relation: &Relation,
    (columns, rows): (&[Ident], &RowSource),
    change: &Change<'_>,
    pass: &Pass<'_>,
) -> bool {
    let given: Vec<Ident> = if columns.is_empty() { relation.column_names() } else { columns.to_vec() };
    let place = |column: &Ident| given.iter().position(|known| known == column);
    let scalar = |column: &Ident| relation.column(column).and_then(|column| column.kind.scalar());
    let is_same = |column: &Ident, nulls_equal: bool| match (place(column), rows) {
        (Some(place), RowSource::Query(query)) => match another(query, place, scalar(column)) {
            // A column that is left out must come to the same by its default.
            Another::Default => settled_default(relation, column),
            Another::Null => nulls_equal,
            Another::Yes => false,
            Another::No => true,
        },
        _ => settled_default(relation, column),
    };
    let target: Vec<&Ident> = conflict.columns.iter().filter_map(own_column).collect();
    let expressions: Vec<&Expr> = conflict.columns.iter().filter(|part| own_column(part).is_none()).collect();
    let indexes = pass.start.unique_indexes(&change.relation);
    if let Some(name) = &conflict.constraint
        && !indexes.iter().any(|index| index.name == *name)
    {
        return true;
    }
    let is_meant = |index: &UniqueIndex| match &conflict.constraint {
        Some(name) => index.name == *name,
        None if conflict.columns.is_empty() => true,
        None => {
            index.columns.len() == target.len()
                && index.columns.iter().all(|column| target.contains(&column))
                && index.expressions.len() == expressions.len()
                && index.expressions.iter().all(|part| expressions.contains(&&**part))
        }
    };
    let holds = |index: &UniqueIndex| match (&index.filter, &conflict.filter) {
        (None, _) => true,
        (Some(wanted), said) => {
            let world = Sight(&pass.start);
            let mut facts = Facts::default();
            if let RowSource::Query(query) = rows {
                for (column, values) in crate::ledger::constant_columns(&given, query) {
                    facts.assume(&among(&column, &values), Truth::True, &world);
                }
            }
            // Which index is meant is told by what the statement says; what its rows are, by them.
            let mut asked = Facts::default();
            said.iter().for_each(|said| asked.assume(said, Truth::True, &world));
            (conflict.columns.is_empty() || asked.entails(wanted, &world) == Known::Yes)
                && facts.entails(wanted, &world) == Known::Yes
        }
    };
    indexes.iter().any(|index| {
        let mut within = index.columns.iter().collect::<Vec<_>>();
        let parts: Vec<Vec<Ident>> = index.expressions.iter().map(|part| columns_of(part)).collect();
        within.extend(parts.iter().flatten());
        !within.is_empty()
            && is_meant(index)
            && holds(index)
            && within.into_iter().all(|column| is_same(column, index.nulls_equal))
    })
}

fn own_column(part: &Expr) -> Option<&Ident> {
    match &part.kind {
        ExprKind::Column(path) => path.last(),
        _ => None,
    }
}

fn columns_of(value: &Expr) -> Vec<Ident> {
    struct Columns(Vec<Ident>);
    impl<'a> Visit<'a> for Columns {
        fn expr(&mut self, expr: &'a Expr) {
            self.0.extend(own_column(expr).cloned());
            walk_expr(self, expr);
        }
    }
    let mut columns = Columns(Vec::new());
    columns.expr(value);
    columns.0
}

/// Whether the values of a column of a query are others each time.
enum Another {
    No,
    Yes,
    /// Some are no values.
    Null,
    /// Some are what the column comes to by itself.
    Default,
}

/// The values of the column at that place of a query, which become values of that type.
fn another(query: &Query, index: usize, kind: Option<&str>) -> Another {
    let of = |value: &Expr| match &value.kind {
        ExprKind::Null => Another::Null,
        ExprKind::Default => Another::Default,
        _ if tells_time(value, kind) => Another::Yes,
        _ => Another::No,
    };
    match &query.body {
        QueryBody::Values(rows) => {
            let values = rows.iter().filter_map(|row| row.get(index)).map(of);
            values.into_iter().find(|value| !matches!(value, Another::No)).unwrap_or(Another::No)
        }
        QueryBody::Select(select) => {
            let is_star = |target: &Target| matches!(target.value.kind, ExprKind::Star(_));
            let targets = select.targets.get(..=index).unwrap_or_default();
            targets.last().filter(|_| !targets.iter().any(is_star)).map_or(Another::No, |target| of(&target.value))
        }
        QueryBody::Set { left, right, .. } => match another(left, index, kind) {
            Another::No => another(right, index, kind),
            other => other,
        },
    }
}

/// Whether what is known before the statement says that there are no such rows yet: it
/// stands in a branch that asks.
fn looks_first(event: &Event<'_>, rows: &Rows<'_>, pass: &Pass<'_>) -> bool {
    let changed = BTreeSet::from([rows.table.clone()]);
    let asks_others = |fact: &Expr| {
        let mut asks = Asks { pass, changed: &changed, rows, common: Vec::new(), found: false, passed: false };
        asks.expr(fact);
        asks.passed && !asks.found
    };
    !event.certain
        && event.facts.asks(&mut |name| pass.start.canonical(name) == *rows.table)
        && !event.facts.assumed().flatten().any(|(fact, _)| asks_others(fact))
}

/// The rows that a statement adds.
struct Rows<'r> {
    table: &'r Name,
    constants: &'r Constants,
}

impl Rows<'_> {
    /// Whether a condition certainly reaches none of them.
    fn are_certainly_not(&self, reach: &Reach<'_>, pass: &Pass<'_>) -> bool {
        let exact = |column: &Ident| crate::ledger::exact(&pass.start, self.table, column);
        Demands::of(reach).meet(self.constants, exact) == Known::No
    }
}

/// Whether a column that no value is given for has the same value each time.
fn settled_default(relation: &Relation, column: &Ident) -> bool {
    relation.column(column).is_some_and(|column| {
        let constant = |default: &std::sync::Arc<Expr>| !matches!(default.kind, ExprKind::Call { .. });
        column.identity.is_none() && !column.generated && column.default.as_ref().is_some_and(constant)
    })
}

struct Asks<'c, 'a> {
    pass: &'c Pass<'c>,
    changed: &'c BTreeSet<Name>,
    rows: &'c Rows<'c>,
    /// The common table expressions that hide relations of their names.
    common: Vec<&'a Ident>,
    found: bool,
    /// Whether other rows of the table were asked for than those that are added.
    passed: bool,
}

impl<'a> Visit<'a> for Asks<'_, 'a> {
    fn query(&mut self, query: &'a Query) {
        let outside = self.common.len();
        for cte in &query.with {
            // Within itself the name is that of a relation still.
            if let (false, CteBody::Query(body)) = (query.recursive, &cte.body) {
                self.query(body);
            }
            self.common.push(&cte.name);
        }
        if let QueryBody::Select(select) = &query.body
            && let [From::Relation { name, alias, .. }] = select.from.as_slice()
            && self.pass.start.canonical(name) == *self.rows.table
        {
            let (alias, filter) = (alias.as_deref(), select.filter.as_ref());
            let reach = Reach { relation: self.rows.table, alias, from: &[], filter };
            if self.rows.are_certainly_not(&reach, self.pass) {
                self.passed = true;
                self.common.truncate(outside);
                return;
            }
        }
        walk_query(self, query);
        self.common.truncate(outside);
    }

    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from
            && (name.schema.is_some() || !self.common.contains(&&name.name))
        {
            let canonical = self.pass.start.canonical(name);
            self.found |= self.changed.contains(&canonical);
        }
        walk_from(self, from);
    }
}

/// The column that becomes something else whenever the statement runs.
fn another_each_time(set: &[Assignment], reach: &Reach<'_>, pass: &Pass<'_>) -> Option<String> {
    let own = own_name(reach, pass);
    let asked = reach.filter.map(columns_of).unwrap_or_default();
    let changes = |Assignment { column, value, .. }: &&Assignment| {
        let kind = kind_of(column, reach.relation, pass);
        // What a function makes of a value may be none of those that are asked for.
        let is_reckoned = depends_on(value, (own, column), !asked.contains(column));
        is_reckoned && !(kind == Some("jsonb") && merges(value, reach.called(), column))
            || tells_time(value, kind)
            || copies(set, column, value, reach).is_some()
            || chooses_otherwise(value, column, reach, pass)
    };
    set.iter().find(changes).map(|assignment| becomes_another(&assignment.column))
}

fn becomes_another(column: &Ident) -> String {
    format!("{column} becomes something else each time")
}

/// The column of the same row that a value is and that the statement changes, too: the second time it is another.
fn copies<'s>(set: &'s [Assignment], column: &Ident, value: &Expr, reach: &Reach<'_>) -> Option<&'s Ident> {
    let own = reach.called();
    let is_copied = |other: &&Assignment| {
        other.column != *column
            && value.uncast().is_column(own, &other.column)
            && !other.value.uncast().is_column(own, &other.column)
    };
    set.iter().find(is_copied).map(|other| &other.column)
}

/// Whether a `CASE` over a column yields a constant for which it would yield another.
fn chooses_otherwise(value: &Expr, column: &Ident, reach: &Reach<'_>, pass: &Pass<'_>) -> bool {
    let ExprKind::Case { arms, otherwise, .. } = &value.kind else { return false };
    let results = arms.iter().map(|(_, result)| result).chain(otherwise.as_deref());
    let (at, world, value) = (value.at, Sight(&pass.start), value.unqualified(reach.called()));
    let is = |left: Expr, right: &Expr| {
        let (left, right) = (Some(Box::new(left)), Box::new(right.clone()));
        Expr { at, kind: ExprKind::Operator { operator: Ident::new_static("="), left, right } }
    };
    results.filter(|result| matches!(result.kind, ExprKind::Text(_) | ExprKind::Number(_))).any(|result| {
        let mut facts = Facts::default();
        facts.assume(&is(Expr { at, kind: ExprKind::Column(vec![column.clone()]) }, result), Truth::True, &world);
        facts.entails(&is(value.clone(), result), &world) == Known::No
    })
}

/// Whether a value is a column of jsonb with the members of a constant object, or without a key: `d || '{"k": 1}'`,
/// `d - 'k'`.
fn merges(value: &Expr, own: &str, column: &Ident) -> bool {
    let is_object = |expr: &Expr| match &expr.uncast().kind {
        ExprKind::Text(text) => text.trim_start().starts_with('{'),
        _ => false,
    };
    match &value.uncast().kind {
        ExprKind::Operator { operator, left: Some(left), right } if operator == "||" => {
            left.is_column(own, column) && is_object(right) || is_object(left) && right.is_column(own, column)
        }
        ExprKind::Operator { operator, left: Some(left), right } if operator == "-" => {
            left.is_column(own, column) && matches!(right.uncast().kind, ExprKind::Text(_))
        }
        _ => false,
    }
}

/// Whether the rows that were changed are none of those that would be changed again.
fn is_over(set: &[Assignment], reach: &Reach<'_>, pass: &Pass<'_>) -> bool {
    let Some(filter) = reach.filter else { return false };
    let (own, world) = (own_name(reach, pass), Sight(&pass.start));
    let mut facts = Facts::default();
    for Assignment { column, value, at } in set {
        let own_column = Expr { at: *at, kind: ExprKind::Column(vec![column.clone()]) };
        // What a column was worked out from is not there any more.
        let is_moving = tells_time(value, kind_of(column, reach.relation, pass));
        if let Some(other) = copies(set, column, value, reach) {
            // What was copied is not there any more either; but it was something.
            if world.never_null(reach.relation, other) {
                let test = ExprKind::Is { operand: Box::new(own_column), test: IsTest::Null, negated: true };
                facts.assume(&Expr { at: *at, kind: test }, Truth::True, &world);
            }
            continue;
        }
        if !is_moving && !set.iter().any(|other| depends_on(value, (own, &other.column), true)) {
            let kind = ExprKind::Distinct { left: Box::new(own_column), right: Box::new(value.clone()), negated: true };
            facts.assume(&Expr { at: *at, kind }, Truth::True, &world);
        }
    }
    facts.entails(&filter.unqualified(reach.called()), &world) == Known::No
}

/// Whether a row that was changed has got out of the condition by a step: a number that was asked
/// for is another, an end that was not there is.
fn steps_out(set: &[Assignment], change: &Change<'_>, pass: &Pass<'_>) -> bool {
    let reach = change.reach();
    let is_joined = matches!(change.act, Some(Act::Update { .. })) && !reach.from.is_empty();
    let (Some(filter), false) = (reach.filter, is_joined) else { return false };
    let Some(relation) = pass.start.relation(&change.relation) else { return false };
    let is_it = |expr: &Expr, column: &Ident| expr.is_column(reach.called(), column);
    let steps = |assignment: &Assignment| {
        let column = &assignment.column;
        let Some(kind) = relation.column(column).and_then(|column| column.kind.scalar()) else { return false };
        let ExprKind::Operator { operator, left: Some(left), right } = &assignment.value.kind else { return false };
        let is_whole = matches!(kind, "int2" | "int4" | "int8");
        let is_text = matches!(kind, "text" | "varchar");
        let number = |expr: &Expr| match &expr.kind {
            ExprKind::Number(digits) => digits.parse::<i64>().ok(),
            _ => None,
        };
        let step = if is_it(left, column) { number(right) } else { None };
        let counts = is_whole && matches!(operator.as_str(), "+" | "-") && step.is_some_and(|step| step != 0);
        let end = match &right.kind {
            ExprKind::Text(text) if is_text && operator == "||" && is_it(left, column) && !text.ends_with(' ') => {
                Some(text)
            }
            _ => None,
        };
        filter.conjuncts().into_iter().any(|part| match &part.kind {
            ExprKind::Operator { operator, left: Some(left), right } if operator == "=" && counts => {
                is_it(left, column) && number(right).is_some() || is_it(right, column) && number(left).is_some()
            }
            ExprKind::Like { kind: LikeKind::Like, operand, pattern, escape: None, negated: true } => {
                let ExprKind::Text(pattern) = &pattern.kind else { return false };
                let asked = pattern.strip_prefix('%').filter(|asked| !asked.contains(['%', '_', '\\']));
                is_it(operand, column) && end.zip(asked).is_some_and(|(end, asked)| end.ends_with(asked))
            }
            _ => false,
        })
    };
    set.iter().any(steps)
}

/// The type of a column.
fn kind_of<'p>(column: &Ident, table: &Name, pass: &'p Pass<'_>) -> Option<&'p str> {
    pass.start.relation(table)?.column(column)?.kind.scalar()
}

/// Whether a text is a point of time that moves: `now`, `today 12:00`.
fn is_moving_time(text: &str, kind: &str) -> bool {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
    let is_word =
        |word: &str| ["now", "today", "tomorrow", "yesterday"].iter().any(|moving| word.eq_ignore_ascii_case(moving));
    matches!(kind, "date" | "time" | "timetz" | "timestamp" | "timestamptz") && words.into_iter().any(is_word)
}

/// Whether a value that becomes one of that type is another whenever it is asked for.
fn tells_time(value: &Expr, kind: Option<&str>) -> bool {
    if let (ExprKind::Text(text), Some(kind)) = (&value.kind, kind)
        && is_moving_time(text, kind)
    {
        return true;
    }
    crate::effect::any(value, |expr| match &expr.kind {
        ExprKind::Cast { operand, to } => {
            matches!(&operand.kind, ExprKind::Text(text) if is_moving_time(text, &to.name.name))
        }
        ExprKind::Call { function, .. } => matches!(
            function.name.as_str(),
            "now"
                | "current_timestamp"
                | "localtimestamp"
                | "current_time"
                | "localtime"
                | "clock_timestamp"
                | "statement_timestamp"
                | "transaction_timestamp"
                | "timeofday"
                | "random"
                | "current_date"
                | "gen_random_uuid"
                | "uuid_generate_v1"
                | "uuid_generate_v1mc"
                | "uuid_generate_v4"
                | "gen_random_bytes"
                | "gen_salt"
                | "txid_current"
                | "pg_current_xact_id"
                | "pg_backend_pid"
                | "nextval"
        ),
        _ => false,
    })
}

/// Functions of whose result they make another.
const MOVING: &[&str] = &[
    "array_append",
    "array_cat",
    "array_prepend",
    "concat",
    "concat_ws",
    "crypt",
    "md5",
    "repeat",
    "reverse",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
];

/// The same of a function with these constants.
fn moves(function: &str, arguments: &[Expr]) -> bool {
    let text = |index: usize| match arguments.get(index).map(|argument| &argument.kind) {
        Some(ExprKind::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    match function {
        "format" => text(0).is_some_and(|template| template.contains('%') && template != "%s"),
        // Another start than the first letter cuts off more each time.
        "substr" | "substring" => arguments.get(1).is_some_and(|start| match &start.kind {
            ExprKind::Number(start) => start != "1",
            _ => false,
        }),
        "replace" => text(1).zip(text(2)).is_some_and(|(from, to)| !from.is_empty() && to.contains(from) && to != from),
        _ => false,
    }
}

/// What a statement calls the relation that it writes; none where it reads its rows under another
/// name, too.
fn own_name<'a>(reach: &Reach<'a>, pass: &Pass<'_>) -> Option<&'a str> {
    if reach.from.is_empty() {
        return Some(reach.called());
    }
    let mut names = Names(Vec::new());
    reach.from.iter().for_each(|from| names.from(from));
    let readers = crate::flow::readers(&pass.start, [reach.relation.clone()]);
    let is_joined = names.0.into_iter().any(|name| readers.contains(&pass.start.canonical(name)));
    (!is_joined).then(|| reach.called())
}

/// The relations that something reads.
struct Names<'a>(Vec<&'a Name>);

impl<'a> Visit<'a> for Names<'a> {
    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from {
            self.0.push(name);
        }
        walk_from(self, from);
    }
}

/// Whether what an expression yields is another than what it is worked out from: by an operator, a function or
/// a sign.
fn makes_another(expr: &Expr, by_function: bool) -> bool {
    match &expr.kind {
        ExprKind::Operator { operator, left: Some(_), .. } => {
            matches!(operator.as_str(), "+" | "-" | "*" | "/" | "||" | "%")
        }
        ExprKind::Operator { operator, left: None, .. } => operator == "-" && by_function,
        ExprKind::Not(operand) => by_function && matches!(operand.kind, ExprKind::Column(_)),
        ExprKind::Call { function, arguments, .. } => {
            by_function && (MOVING.contains(&function.name.as_str()) || moves(&function.name, arguments))
        }
        _ => false,
    }
}

/// Whether a value is worked out from a column of the relation that the statement calls so; or of
/// any that has such a column.
fn depends_on(value: &Expr, (own, column): (Option<&str>, &Ident), by_function: bool) -> bool {
    struct Depends<'c> {
        own: Option<&'c str>,
        column: &'c Ident,
        /// Whether functions count, and signs.
        by_function: bool,
        /// Inside of an operator whose result is another each time.
        reckoned: bool,
        found: bool,
    }
    impl Depends<'_> {
        fn reckon(&mut self, expr: &Expr) {
            let outside = std::mem::replace(&mut self.reckoned, true);
            walk_expr(self, expr);
            self.reckoned = outside;
        }
    }
    impl<'a> Visit<'a> for Depends<'_> {
        fn expr(&mut self, expr: &'a Expr) {
            match &expr.kind {
                _ if makes_another(expr, self.by_function) => self.reckon(expr),
                ExprKind::Column(path) if self.reckoned => {
                    self.found |= match self.own {
                        Some(own) => expr.is_column(own, self.column),
                        None => path.last() == Some(self.column),
                    };
                }
                _ => walk_expr(self, expr),
            }
        }
        // What a subquery reads are the columns of its own tables.
        fn query(&mut self, _: &'a Query) {}
    }
    let mut depends = Depends { own, column, by_function, reckoned: false, found: false };
    depends.expr(value);
    depends.found
}

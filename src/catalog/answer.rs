//! What the rooms above ask of the catalog, by name as a statement writes it. Changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::difference::{Aspect, Difference};
use super::object::{Detail, EventTrigger, Id, Index, Key, Kind, Object, Policy, Presence, Rule, Trigger};
use super::store::{Class, Found, Link};
use super::{Catalog, ForeignKey};
use crate::builtin::{Builtin, brought, builtin};
use crate::effect::{At, Expr, ExprKind, Function, Ident, Name, Query, Statement};

/// An index in which no two rows agree.
#[derive(Debug, Clone)]
pub struct UniqueIndex {
    /// Its name; that of the constraint that it belongs to.
    pub name: Ident,
    /// Its columns.
    pub columns: Vec<Ident>,
    /// Its expressions.
    pub expressions: Vec<Arc<Expr>>,
    /// `WHERE`
    pub filter: Option<Arc<Expr>>,
    /// `NULLS NOT DISTINCT`
    pub nulls_equal: bool,
}

/// What PostgreSQL works out by itself for the rows of a relation.
#[derive(Debug, Clone)]
pub struct WorkedOut {
    /// Why: `the default of a`.
    pub what: Ident,
    /// When it does.
    pub when: When,
    /// The expression.
    pub value: Arc<Expr>,
}

/// When something is worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// A row is added without a value for the column, or it is set to its default.
    Default {
        /// The column.
        column: Ident,
        /// Its place among the columns, counted from zero.
        place: usize,
    },
    /// A row is added or changed.
    Written,
    /// A statement of that kind is rewritten by a rule: `insert`, `update`, `delete`.
    Rule(Ident),
    /// A row is looked at, whatever for.
    Seen,
}

impl Catalog {
    pub(super) fn relation_id(&self, name: &Name) -> Option<Id> {
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => Some(id),
            Found::System | Found::NoSchema | Found::Missing => None,
        }
    }

    fn name_of(&self, relation: Id) -> Name {
        let name = self.state.get(relation).map(|object| object.name.clone()).unwrap_or_default();
        let schema = self.state.schema_name(self.state.schema_of(relation));
        Name { schema: Some(schema), name, at: At::default() }
    }

    /// The one name that a relation has, however it is written. What is not there is taken
    /// to be where it would be made.
    #[must_use]
    pub fn canonical(&self, name: &Name) -> Name {
        let schema = match self.state.find(Class::Relation, name) {
            Found::Object(id) => return Name { at: name.at, ..self.name_of(id) },
            Found::System => name.schema.clone().unwrap_or(Ident::new_static("pg_catalog")),
            Found::NoSchema | Found::Missing => name.schema.clone().unwrap_or_else(|| {
                let home = self.state.creation_schema().map(|schema| self.state.schema_name(schema));
                home.unwrap_or(Ident::new_static("public"))
            }),
        };
        Name { schema: Some(schema), name: name.name.clone(), at: name.at }
    }

    /// Whether there is a relation of that name.
    #[must_use]
    pub fn presence(&self, name: &Name) -> Presence {
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => self.state.get(id).map_or(Presence::Maybe, |object| object.presence),
            Found::NoSchema | Found::Missing if self.complete && !name.is_variable() => Presence::No,
            Found::System | Found::NoSchema | Found::Missing => Presence::Maybe,
        }
    }

    fn presence_of_found(&self, found: Option<Id>) -> Presence {
        match found {
            Some(id) => self.state.get(id).map_or(Presence::Maybe, |object| object.presence),
            None if self.complete => Presence::No,
            None => Presence::Maybe,
        }
    }

    /// Whether there is a type of that name that PostgreSQL did not bring.
    #[must_use]
    pub fn presence_of_type(&self, name: &Name) -> Presence {
        match self.state.find(Class::Type, name) {
            Found::Object(id) => self.presence_of_found(Some(id)),
            // A name with anything in it but letters may be more than a name.
            _ if crate::builtin::is_type(&name.name) || self.state.has_extension || !is_plain(&name.name) => {
                Presence::Maybe
            }
            _ => self.presence_of_found(None),
        }
    }

    /// Whether there is a schema of that name.
    #[must_use]
    pub fn presence_of_schema(&self, name: &str) -> Presence {
        if name.starts_with("pg_") {
            return Presence::Maybe;
        }
        self.presence_of_found(self.state.schema(name))
    }

    /// Whether there is one routine of that name, and PostgreSQL brought none.
    #[must_use]
    pub fn presence_of_routine(&self, name: &Name) -> Presence {
        let is_foreign = builtin(&name.name) != Builtin::Unknown || self.state.has_extension;
        match self.state.find_routines(name).as_slice() {
            [only] if !is_foreign => self.presence_of_found(Some(*only)),
            [] if !is_foreign => self.presence_of_found(None),
            _ => Presence::Maybe,
        }
    }

    /// The routines that a name may mean, as they were written.
    #[must_use]
    pub fn functions(&self, name: &Name) -> Vec<Arc<Function>> {
        self.state.find_routines(name).into_iter().filter_map(|id| self.function(id)).collect()
    }

    /// Whether a call that means no routine is a cast, or makes a value of a range: it runs nothing
    /// that is not PostgreSQL's own.
    #[must_use]
    pub fn makes_value(&self, function: &Name, given: usize) -> bool {
        let is_own = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        let is_cast = given == 1 && is_own && crate::builtin::is_cast(&function.name);
        self.state.find_routines(function).is_empty() && (is_cast || self.state.makes_range(function, given))
    }

    /// What a function does that no script makes: PostgreSQL's own, or that of an extension that is there. Of
    /// several the one that does the most.
    #[must_use]
    pub fn does(&self, function: &Name) -> Builtin {
        let is_own = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        match if is_own { builtin(&function.name) } else { Builtin::Unknown } {
            Builtin::Unknown => {}
            known => return known,
        }
        let is_there = |extension: &str| self.state.lookup(Class::Extension, 0, extension).is_some();
        let found = brought(&function.name).filter(|(extension, _)| is_there(extension)).map(|(_, does)| does);
        found
            .max_by_key(|does| match does {
                Builtin::Pure => 0,
                Builtin::Reads => 1,
                _ => 2,
            })
            .unwrap_or(Builtin::Unknown)
    }

    fn function(&self, id: Id) -> Option<Arc<Function>> {
        self.state.get(id).and_then(Object::routine).map(|routine| Arc::clone(&routine.function))
    }

    /// The function that a trigger calls, as it was written, if it is known.
    #[must_use]
    pub fn called_by(&self, trigger: &Trigger) -> Option<Arc<Function>> {
        self.function(trigger.function)
    }

    /// The foreign keys that refer to a table.
    #[must_use]
    pub fn children(&self, table: &Name) -> Vec<ForeignKey> {
        let Some(parent) = self.relation_id(table) else { return Vec::new() };
        let found: BTreeSet<Id> = self.state.dependents((parent, 0)).into_iter().map(|((id, _), ..)| id).collect();
        found.into_iter().filter(|id| self.refers_to(*id, parent)).filter_map(|id| self.foreign_key(id)).collect()
    }

    fn refers_to(&self, id: Id, table: Id) -> bool {
        let constraint = self.state.get(id).and_then(Object::constraint);
        constraint.is_some_and(
            |constraint| matches!(constraint.rule, super::ConstraintRule::ForeignKey { parent, .. } if parent == table),
        )
    }

    /// The views that read a relation, themselves and not through others.
    #[must_use]
    pub fn readers(&self, relation: &Name) -> Vec<Name> {
        let Some(id) = self.relation_id(relation) else { return Vec::new() };
        let found: BTreeSet<Id> = self.state.dependents((id, 0)).into_iter().map(|((by, _), ..)| by).collect();
        let is_view = |by: &Id| {
            self.state.get(*by).is_some_and(|object| matches!(object.kind, Kind::View | Kind::MaterializedView))
        };
        found.into_iter().filter(is_view).map(|by| self.name_of(by)).collect()
    }

    /// The relations whose rows are also rows of this one: partitions, and what inherits from it.
    #[must_use]
    pub fn descendants(&self, relation: &Name) -> Vec<Name> {
        self.reached(relation, |id| self.state.inheritors(id))
    }

    /// The relations of which this one is a partition, or from which it inherits.
    #[must_use]
    pub fn ancestors(&self, relation: &Name) -> Vec<Name> {
        self.reached(relation, |id| {
            self.state.relation(id).map(|relation| relation.parents.clone()).unwrap_or_default()
        })
    }

    /// The relations that are reached from one by any number of steps, the nearest first.
    fn reached<I: IntoIterator<Item = Id>>(&self, relation: &Name, step: impl Fn(Id) -> I) -> Vec<Name> {
        let mut found: Vec<Id> = self.relation_id(relation).into_iter().collect();
        let mut seen: BTreeSet<Id> = found.iter().copied().collect();
        let mut next = 0;
        while let Some(id) = found.get(next).copied() {
            found.extend(step(id).into_iter().filter(|other| seen.insert(*other)));
            next += 1;
        }
        found.into_iter().skip(1).map(|id| self.name_of(id)).collect()
    }

    /// Whether a rule does something else, or nothing, wherever rows of a table would change.
    #[must_use]
    pub fn is_replaced(&self, table: &Name, event: &str) -> bool {
        let Some(id) = self.relation_id(table) else { return false };
        let rules = self.state.parts(Class::Rule, id).into_iter().filter_map(|id| self.state.get(id));
        let replaces =
            |rule: &Rule| rule.instead && rule.condition.is_none() && rule.event == event && rule.state.fires();
        rules.into_iter().any(|object| matches!(&object.detail, Detail::Rule(rule) if replaces(rule)))
    }

    /// The rules of a relation for an event, and what they do; for all where the event is
    /// empty.
    #[must_use]
    pub fn rules(&self, relation: &Name, event: &str) -> Vec<(Ident, Arc<[Statement]>)> {
        let Some(id) = self.relation_id(relation) else { return Vec::new() };
        let found = self.state.parts(Class::Rule, id).into_iter().filter_map(|id| self.state.get(id));
        found
            .filter_map(|object| match &object.detail {
                Detail::Rule(rule) if event.is_empty() || rule.event == event => {
                    Some((object.name.clone(), Arc::clone(&rule.actions)))
                }
                _ => None,
            })
            .collect()
    }

    /// Whether a rule does something else instead, whatever the row is.
    #[must_use]
    pub fn is_replaced_by_rule(&self, relation: &Name, event: &str) -> bool {
        let Some(id) = self.relation_id(relation) else { return false };
        self.state.parts(Class::Rule, id).into_iter().filter_map(|id| self.state.get(id)).any(|object| {
            matches!(&object.detail, Detail::Rule(rule) if rule.event == event && rule.instead && rule.condition.is_none())
        })
    }

    /// The triggers of a relation, in the order in which they fire.
    #[must_use]
    pub fn triggers(&self, relation: &Name) -> Vec<(Ident, Trigger)> {
        let Some(id) = self.relation_id(relation) else { return Vec::new() };
        let found = self.state.parts(Class::Trigger, id).into_iter().filter_map(|id| self.state.get(id));
        found.filter_map(|object| Some((object.name.clone(), object.trigger()?.clone()))).collect()
    }

    /// Whether other tables inherit from it, or are its partitions.
    #[must_use]
    pub fn is_inherited(&self, table: &Name) -> bool {
        self.relation_id(table).is_some_and(|id| self.state.has_inheritor(id))
    }

    /// Whether some relation has a trigger of that name.
    #[must_use]
    pub fn has_trigger(&self, name: &Ident) -> bool {
        self.state.has_trigger_named(name)
    }

    /// The sequence that belongs to a column.
    #[must_use]
    pub fn serial_sequence(&self, table: &Name, column: &str) -> Option<Name> {
        let table = self.relation_id(table)?;
        let number = self.state.relation(table)?.column(column)?.number;
        let owned = self.state.dependents((table, number)).into_iter().map(|((by, _), ..)| by);
        let is_sequence = |by: &Id| self.state.get(*by).is_some_and(|object| object.kind == Kind::Sequence);
        owned.into_iter().find(is_sequence).map(|by| self.name_of(by))
    }

    /// What PostgreSQL works out by itself for rows of a relation, as far as that calls a
    /// function of the catalog.
    #[must_use]
    pub fn worked_out(&self, relation: &Name) -> Vec<WorkedOut> {
        let mut found = Vec::new();
        let Some((id, object)) = self.relation_id(relation).and_then(|id| Some((id, self.state.get(id)?))) else {
            return found;
        };
        let mut add = |what: String, when: When, value: &Arc<Expr>| {
            if self.calls_known(value) {
                found.push(WorkedOut { what: Ident::from(what), when, value: Arc::clone(value) });
            }
        };
        let columns = object.relation().into_iter().flat_map(|relation| relation.columns.iter().enumerate());
        for (place, column) in columns {
            let name = &column.name;
            match &column.default {
                Some(value) if column.generated => add(format!("the column {name}"), When::Written, value),
                Some(value) => {
                    add(format!("the default of {name}"), When::Default { column: name.clone(), place }, value);
                }
                None => {}
            }
        }
        let of = |class: Class| self.state.parts(class, id).into_iter().filter_map(|id| self.state.get(id));
        for constraint in of(Class::Constraint) {
            if let Some(super::ConstraintRule::Check(value)) =
                constraint.constraint().map(|constraint| &constraint.rule)
            {
                add(format!("the constraint {}", constraint.name), When::Written, value);
            }
        }
        for index in self.state.indexes(id).into_iter().filter_map(|id| self.state.get(id)) {
            let parts = index.index().into_iter().flat_map(|index| index.expressions.iter().chain(&index.filter));
            parts.for_each(|value| add(format!("the index {}", index.name), When::Written, value));
        }
        for rule in of(Class::Rule) {
            if let Detail::Rule(Rule { event, condition: Some(value), .. }) = &rule.detail {
                add(format!("the rule {}", rule.name), When::Rule(event.clone()), value);
            }
        }
        if object.relation().is_some_and(|relation| relation.row_security) {
            for policy in of(Class::Policy) {
                if let Detail::Policy(Policy { using, check }) = &policy.detail {
                    using
                        .iter()
                        .chain(check)
                        .for_each(|value| add(format!("the policy {}", policy.name), When::Seen, value));
                }
            }
        }
        found
    }

    fn calls_known(&self, expr: &Expr) -> bool {
        crate::effect::any(expr, |expr| match &expr.kind {
            ExprKind::Call { function, .. } => !self.state.find_routines(function).is_empty(),
            _ => false,
        })
    }

    /// The event triggers, by name.
    #[must_use]
    pub fn event_triggers(&self) -> Vec<(Ident, EventTrigger)> {
        let found = self.state.parts(Class::Other, 0).into_iter().filter_map(|id| self.state.get(id));
        found
            .filter_map(|object| match &object.detail {
                Detail::EventTrigger(trigger) => Some((object.name.clone(), trigger.clone())),
                _ => None,
            })
            .collect()
    }

    /// The function that an event trigger calls, as it was written, if it is known.
    #[must_use]
    pub fn called_on_event(&self, trigger: &EventTrigger) -> Option<Arc<Function>> {
        self.function(trigger.function)
    }

    /// What calls a routine where no statement says so and where it is not followed: operators,
    /// casts, domains.
    #[must_use]
    pub fn hidden_callers(&self, routine: &Key) -> Vec<Key> {
        let Some(of) = self.reference(routine) else { return Vec::new() };
        let callers = self.state.dependents(of).into_iter().map(|(by, ..)| by);
        let is_hidden = |by: &(Id, u16)| match self.state.get(by.0).map(|object| (&object.kind, object.parent)) {
            Some((Kind::Other(kind), _)) => matches!(kind.as_str(), "operator" | "cast"),
            Some((Kind::Constraint, of)) => self.state.get(of).is_some_and(|object| object.kind == Kind::Domain),
            _ => false,
        };
        let found: BTreeSet<Key> = callers.filter(is_hidden).map(|by| self.state.key(by)).collect();
        found.into_iter().collect()
    }

    /// What a view shows.
    #[must_use]
    pub fn view_query(&self, name: &Name) -> Option<Arc<Query>> {
        self.relation(name).and_then(|relation| relation.query.clone())
    }

    /// The columns of each unique index that holds for all rows, whichever way led here.
    fn unique_keys(&self, table: &Name) -> Vec<Vec<Ident>> {
        let Some(table) = self.relation_id(table) else { return Vec::new() };
        // What is checked later may be otherwise meanwhile.
        let is_key = |index: &Index| {
            let is_plain = index.filter.is_none() && index.expressions.is_empty();
            index.unique && is_plain && !index.deferral.is_deferrable()
        };
        let found = self.state.indexes(table).into_iter().filter_map(|id| self.state.get(id));
        found
            .filter(|object| object.presence == Presence::Yes && !object.varies)
            .filter_map(Object::index)
            .filter(|index| is_key(index))
            .map(|index| self.column_names(table, &index.columns))
            .filter(|columns| !columns.is_empty() && columns.iter().all(|column| !column.is_empty()))
            .collect()
    }

    /// The unique indexes that are there whichever way led here, those of expressions and of a part
    /// of the rows among them.
    #[must_use]
    pub fn unique_indexes(&self, table: &Name) -> Vec<UniqueIndex> {
        let Some(table) = self.relation_id(table) else { return Vec::new() };
        let found = self.state.indexes(table).into_iter().filter_map(|id| self.state.get(id));
        let found = found.filter(|object| object.presence == Presence::Yes && !object.varies);
        let of = |object: &Object| {
            let index = object.index().filter(|index| index.unique)?;
            let mut columns = self.column_names(table, &index.columns);
            columns.retain(|column| !column.is_empty());
            Some(UniqueIndex {
                name: object.name.clone(),
                columns,
                expressions: index.expressions.clone(),
                filter: index.filter.clone(),
                nulls_equal: index.nulls_equal,
            })
        };
        found.filter_map(of).collect()
    }

    /// The relation that an index is of.
    #[must_use]
    pub fn indexed(&self, index: &Key) -> Option<Name> {
        let table = self.state.get(self.state.id(index)?)?.index()?.table;
        Some(self.state.key((table, 0)).relation())
    }

    /// Whether a key of the table lies within these columns: no two rows agree in all of them.
    #[must_use]
    pub fn has_key_within(&self, table: &Name, columns: &[Ident]) -> bool {
        self.unique_keys(table).iter().any(|key| key.iter().all(|column| columns.contains(column)))
    }

    /// The keys of the table that lie within these columns, the shortest first.
    #[must_use]
    pub fn keys_within(&self, table: &Name, columns: &[Ident]) -> Vec<Vec<Ident>> {
        let mut keys = self.unique_keys(table);
        keys.retain(|key| key.iter().all(|column| columns.contains(column)));
        keys.sort_by(|left, right| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
        keys
    }

    /// Whether the table has a key of just these columns.
    #[must_use]
    pub fn has_key_of(&self, table: &Name, columns: &[Ident]) -> bool {
        let same = |key: &Vec<Ident>| key.len() == columns.len() && key.iter().all(|column| columns.contains(column));
        self.unique_keys(table).iter().any(same)
    }

    /// Where an object was made.
    #[must_use]
    pub fn made_at(&self, key: &Key) -> Option<At> {
        let (id, number) = self.reference(key)?;
        let object = self.state.get(id)?;
        let column = object.relation().filter(|_| number != 0).and_then(|relation| relation.numbered(number));
        Some(column.map_or(object.at, |column| column.at)).filter(|at| at.span().end > 0)
    }

    /// Whether there is such an object.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.reference(key).is_some()
    }

    /// Whether an object comes and goes with what it belongs to, and that is not in the
    /// other catalog.
    fn comes_with_another(&self, key: &Key, other: &Self) -> bool {
        let Some(of) = self.reference(key) else { return false };
        let table = self.state.get(of.0).map_or(0, |object| object.parent);
        let owners = self.state.needs(of).into_iter().filter(|(_, link)| matches!(link, Link::Auto | Link::Internal));
        let owners = owners.map(|(to, _)| to).chain(
            // A part of a relation, and a column, are nothing without it.
            key.part.is_some().then_some((if of.1 == 0 { table } else { of.0 }, 0)),
        );
        owners.filter(|(id, _)| self.state.get(*id).is_some()).any(|owner| !other.contains(&self.state.key(owner)))
    }

    /// The permanent objects of their own that are here and not there.
    fn only_here(&self, other: &Self, differences: &[Difference]) -> Vec<Key> {
        differences
            .iter()
            .filter(|one| one.aspect == Aspect::Added && one.key.schema != "pg_temp")
            // A role that somebody asked for was there before.
            .filter(|one| one.key.kind != Kind::Role || self.made_at(&one.key).is_some())
            .filter(|one| !self.comes_with_another(&one.key, other))
            .map(|one| one.key.clone())
            .collect()
    }

    /// Every permanent object here that is not there, or is another there. What belongs to
    /// such an object goes without saying.
    #[must_use]
    pub fn left_over(&self, other: &Self) -> Vec<Key> {
        let differences = other.difference(self);
        let mut found: BTreeSet<Key> = self.only_here(other, &differences).into_iter().collect();
        let counts = |one: &Difference| match &one.aspect {
            // How often something was set does not tell whether it was set back; nor does an owner, where nobody
            // says who it was.
            Aspect::Changed { what, .. } if what == "options" => false,
            Aspect::Changed { what, before, after } if what == "owner" => !before.is_empty() && !after.is_empty(),
            Aspect::Changed { .. } => true,
            _ => false,
        };
        let changed = differences.into_iter().filter(|one| one.key.schema != "pg_temp" && counts(one));
        found.extend(changed.map(Difference::into_key));
        found.into_iter().collect()
    }

    /// The permanent objects of a kind (`table`, `view`, `function`) that are here and not
    /// there, and how many are there and not here.
    #[must_use]
    pub fn count_change(&self, before: &Self, kind: &str) -> (Vec<Key>, usize) {
        let is = |key: &Key| if kind == "function" { key.kind.is_routine() } else { key.kind.to_string() == kind };
        let more = self.only_here(before, &before.difference(self)).into_iter().filter(&is).collect();
        let fewer = before.only_here(self, &self.difference(before)).into_iter().filter(|key| is(key)).count();
        (more, fewer)
    }
}

/// Whether a name of a type is nothing but a name: `int[]` is not.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

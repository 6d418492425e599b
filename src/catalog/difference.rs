//! Where two catalogs differ, and what is certain after two ways have met.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::object::{Column, Detail, Id, Key, Kind, Object, Presence};
use super::query::alike::Pair;
use super::reads::{Row, note};
use super::store::State;
use super::{Blur, Catalog};
use crate::effect::{At, Expr, Ident};

/// One difference, from the first catalog to the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The object.
    pub key: Key,
    /// What about it.
    pub aspect: Aspect,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Only the second catalog has it.
    Added,
    /// Only the first catalog has it.
    Removed,
    /// Whether it is there is certain in one of them only.
    Presence,
    /// Something of it, before and after in words.
    Changed {
        /// What: `type`, `default`, `definition`, `owner`.
        what: Ident,
        /// In the first catalog.
        before: String,
        /// In the second catalog.
        after: String,
    },
}

impl Difference {
    /// The object, or what is said of it that counts as one.
    #[must_use]
    pub fn into_key(self) -> Key {
        match self.aspect {
            Aspect::Changed { what, .. } if matches!(what.as_str(), "comment" | "privileges") => self.key.aspect(what),
            _ => self.key,
        }
    }
}

impl Catalog {
    /// What the second catalog has otherwise than this one, in the order of the keys. Where
    /// statements stand, who made what and in which order does not count.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<Difference> {
        note(Row::Compared(self.origin));
        note(Row::Compared(other.origin));
        let (before, after) = (&self.state, &other.state);
        let mut found = Vec::new();
        let (old, new) = changed(before, after);
        for id in &old {
            let key = before.key((*id, 0));
            match after.id(&key) {
                None => found.push(Difference { key, aspect: Aspect::Removed }),
                Some(twin) => compare(&mut found, (before, *id), (after, twin)),
            }
        }
        for id in new {
            let key = after.key((id, 0));
            match before.id(&key) {
                None => found.push(Difference { key, aspect: Aspect::Added }),
                // The other half of a pair that only one side shows.
                Some(twin) if !old.contains(&twin) => compare(&mut found, (before, twin), (after, id)),
                Some(_) => {}
            }
        }
        found.sort_by(|one, other| (&one.key, &one.aspect).cmp(&(&other.key, &other.aspect)));
        found.dedup();
        found
    }

    /// The catalog after two ways have met: what only one of them has is there perhaps.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = Self { untold: self.untold || other.untold, ..self.clone() };
        join(&mut joined.state, &other.state);
        for item in self.state.blurred.diff(&other.state.blurred) {
            if let imbl::ordmap::DiffItem::Add(place, blur) = item {
                joined.state.blurred.insert(place.clone(), blur.clone());
            }
        }
        if self.state.settings.path != other.state.settings.path {
            let why = Ident::new_static("the search path depends on the branch that was taken");
            joined.state.blur(Blur { at: At::default(), why, origin: self.origin });
        }
        joined
    }
}

/// The objects that are not the same in both, by number; defaults count as their columns.
fn changed(before: &State, after: &State) -> (BTreeSet<Id>, BTreeSet<Id>) {
    let mut old = BTreeSet::new();
    let mut new = BTreeSet::new();
    for (own, theirs) in before.changed(after) {
        old.extend(own);
        new.extend(theirs);
    }
    let is_default = |state: &State, id: &Id| state.get(*id).is_some_and(|object| object.kind == Kind::Default);
    old.retain(|id| !is_default(before, id));
    new.retain(|id| !is_default(after, id));
    (old, new)
}

type Side<'a> = (&'a State, Id);

struct Comparison<'a> {
    found: &'a mut Vec<Difference>,
    key: Key,
}

impl Comparison<'_> {
    fn say(&mut self, what: &'static str, before: String, after: String) {
        if before != after {
            let aspect = Aspect::Changed { what: Ident::new_static(what), before, after };
            self.found.push(Difference { key: self.key.clone(), aspect });
        }
    }

    fn flag(&mut self, what: &'static str, before: bool, after: bool) {
        self.say(what, before.to_string(), after.to_string());
    }

    fn optional(&mut self, what: &'static str, before: Option<&Ident>, after: Option<&Ident>) {
        let text = |value: Option<&Ident>| value.map(ToString::to_string).unwrap_or_default();
        self.say(what, text(before), text(after));
    }

    /// Expressions, where they do not come to the same.
    fn expressions(&mut self, what: &'static str, pair: &mut Pair<'_>, before: &[&Expr], after: &[&Expr]) {
        let are_same = before.len() == after.len()
            && before.iter().zip(after).all(|(one, other)| one == other || pair.exprs(one, other));
        self.whole(what, &true, &are_same);
    }

    /// What definitions say besides.
    fn properties(&mut self, before: &BTreeMap<Ident, Ident>, after: &BTreeMap<Ident, Ident>) {
        let names: BTreeSet<&Ident> = before.keys().chain(after.keys()).collect();
        for name in names.into_iter().filter(|name| before.get(*name) != after.get(*name)) {
            let value = |of: &BTreeMap<Ident, Ident>| of.get(name).map(ToString::to_string).unwrap_or_default();
            let aspect = Aspect::Changed { what: name.clone(), before: value(before), after: value(after) };
            self.found.push(Difference { key: self.key.clone(), aspect });
        }
    }

    /// Something that has no short words.
    fn whole<T: PartialEq>(&mut self, what: &'static str, before: &T, after: &T) {
        if before != after {
            self.say(what, "before".to_owned(), "after".to_owned());
        }
    }
}

fn compare(found: &mut Vec<Difference>, before: Side<'_>, after: Side<'_>) {
    let (Some(one), Some(other)) = (before.0.get(before.1), after.0.get(after.1)) else { return };
    let key = before.0.key((before.1, 0));
    if one.presence != other.presence {
        found.push(Difference { key: key.clone(), aspect: Aspect::Presence });
    }
    let mut say = Comparison { found, key };
    if one.kind != other.kind {
        say.say("kind", one.kind.to_string(), other.kind.to_string());
        return;
    }
    say.optional("owner", one.owner.as_ref(), other.owner.as_ref());
    say.optional("comment", one.comment.as_ref(), other.comment.as_ref());
    say.whole("privileges", &one.grants, &other.grants);
    say.whole("options", &one.options, &other.options);
    say.properties(&one.properties, &other.properties);
    detail(&mut say, (before, one), (after, other));
}

fn numbers(side: Side<'_>, numbers: &[u16]) -> String {
    let relation = side.0.relation(side.1);
    let names = numbers.iter().map(|number| {
        relation.and_then(|relation| relation.numbered(*number)).map_or("-", |column| column.name.as_str())
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What an object needs, by key.
fn needs(side: Side<'_>) -> Vec<Key> {
    let mut keys: Vec<Key> = side
        .0
        .needs((side.1, 0))
        .into_iter()
        .filter(|(to, _)| side.0.get(to.0).is_some_and(|object| object.kind != Kind::Schema))
        .map(|(to, _)| side.0.key(to))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

fn detail(say: &mut Comparison<'_>, before: (Side<'_>, &Object), after: (Side<'_>, &Object)) {
    let ((one_side, one), (other_side, other)) = (before, after);
    match (&one.detail, &other.detail) {
        (Detail::Relation(first), Detail::Relation(second)) => {
            say.flag("temporary", first.temporary, second.temporary);
            say.flag("row security", first.row_security, second.row_security);
            say.flag("forced row security", first.force_row_security, second.force_row_security);
            say.flag("partitioned", first.partitioned, second.partitioned);
            say.flag("partition", first.partition, second.partition);
            let owner =
                |side: Side<'_>, of: Option<(Id, u16)>| of.map(|of| side.0.key(of).to_string()).unwrap_or_default();
            say.say("owned by", owner(one_side, first.owned_by), owner(other_side, second.owned_by));
            let parents = |side: Side<'_>, ids: &[Id]| {
                let mut keys: Vec<Key> = ids.iter().map(|id| side.0.key((*id, 0))).collect();
                keys.sort();
                keys
            };
            say.whole("parents", &parents(one_side, &first.parents), &parents(other_side, &second.parents));
            if first.query.is_some() || second.query.is_some() {
                let are_same = match (&first.query, &second.query) {
                    (Some(one), Some(other)) => one == other || Pair::new(one_side.0, other_side.0).queries(one, other),
                    _ => false,
                };
                say.whole("definition", &true, &are_same);
                say.whole("reads", &needs(one_side), &needs(other_side));
            }
            let order =
                |columns: &[Column]| columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
            let (old_order, new_order) = (order(&first.columns), order(&second.columns));
            columns(say, (one_side, &first.columns), (other_side, &second.columns));
            if first.columns.len() == second.columns.len()
                && first.columns.iter().all(|column| second.column(&column.name).is_some())
            {
                say.say("column order", old_order, new_order);
            }
        }
        (Detail::Index(first), Detail::Index(second)) => {
            let table = |side: Side<'_>, id: Id| side.0.key((id, 0)).to_string();
            say.say("table", table(one_side, first.table), table(other_side, second.table));
            let names = |side: Side<'_>, table: Id, of: &[u16]| numbers((side.0, table), of);
            say.say(
                "columns",
                names(one_side, first.table, &first.columns),
                names(other_side, second.table, &second.columns),
            );
            say.say(
                "included columns",
                names(one_side, first.table, &first.include),
                names(other_side, second.table, &second.include),
            );
            say.flag("unique", first.unique, second.unique);
            say.flag("primary", first.primary, second.primary);
            say.flag("nulls not distinct", first.nulls_equal, second.nulls_equal);
            say.whole("deferral", &first.deferral, &second.deferral);
            say.properties(&first.properties, &second.properties);
            let mut pair = Pair::new(one_side.0, other_side.0);
            pair.see(first.table, second.table, None);
            say.expressions("expressions", &mut pair, &all(&first.expressions), &all(&second.expressions));
            say.expressions("predicate", &mut pair, &all(first.filter.as_slice()), &all(second.filter.as_slice()));
        }
        (Detail::Constraint(first), Detail::Constraint(second)) => {
            say.flag("validated", first.validated, second.validated);
            say.flag("no inherit", first.no_inherit, second.no_inherit);
            say.whole("deferral", &first.deferral, &second.deferral);
            say.say(
                "columns",
                numbers((one_side.0, one.parent), &first.columns),
                numbers((other_side.0, other.parent), &second.columns),
            );
            let mut pair = Pair::new(one_side.0, other_side.0);
            match (domain(one_side.0, one.parent), domain(other_side.0, other.parent)) {
                (Some(one), Some(other)) => pair.see_value(one, other),
                _ => pair.see(one.parent, other.parent, None),
            }
            constraint_rule(say, pair, (one_side, &first.rule), (other_side, &second.rule));
        }
        (Detail::Type(first), Detail::Type(second)) => {
            say.whole("labels", &first.labels, &second.labels);
            let base = |side: Side<'_>, base: &Option<super::ColumnType>| {
                base.as_ref().map(|base| side.0.type_text(base)).unwrap_or_default()
            };
            say.say("base type", base(one_side, &first.base), base(other_side, &second.base));
            say.flag("not null", first.not_null, second.not_null);
        }
        (Detail::Routine(first), Detail::Routine(second)) => {
            let types = |side: Side<'_>, routine: &super::Routine| {
                let outputs = routine.outputs.iter().map(|(_, kind)| kind);
                let kinds = routine.returns.iter().chain(outputs);
                kinds.map(|kind| side.0.type_text(kind)).collect::<Vec<_>>().join(", ")
            };
            say.say("return type", types(one_side, first), types(other_side, second));
            say.whole("argument names", &first.input_names, &second.input_names);
            say.say("defaults", first.defaults.to_string(), second.defaults.to_string());
            say.say("language", first.language.to_string(), second.language.to_string());
            say.whole("body", &first.function.body, &second.function.body);
            say.flag("security definer", first.definer, second.definer);
            say.flag("reads only", first.reads_only, second.reads_only);
            say.flag("strict", first.strict, second.strict);
            say.whole("settings", &first.settings, &second.settings);
        }
        (Detail::Trigger(first), Detail::Trigger(second)) => {
            say.whole("timing", &first.timing, &second.timing);
            say.whole("events", &first.events, &second.events);
            say.flag("for each row", first.row, second.row);
            let mut pair = Pair::new(one_side.0, other_side.0);
            pair.see(one.parent, other.parent, Some("old"));
            pair.see(one.parent, other.parent, Some("new"));
            say.expressions(
                "condition",
                &mut pair,
                &all(first.condition.as_slice()),
                &all(second.condition.as_slice()),
            );
            say.whole("arguments", &first.arguments, &second.arguments);
            say.whole("state", &first.state, &second.state);
            say.say(
                "columns",
                numbers((one_side.0, one.parent), &first.columns),
                numbers((other_side.0, other.parent), &second.columns),
            );
            let function = |side: Side<'_>, id: Id| side.0.key((id, 0)).to_string();
            say.say("function", function(one_side, first.function), function(other_side, second.function));
        }
        (Detail::EventTrigger(first), Detail::EventTrigger(second)) => {
            say.whole("event", &first.event, &second.event);
            say.whole("tags", &first.tags, &second.tags);
            let function = |side: Side<'_>, id: Id| side.0.key((id, 0)).to_string();
            say.say("function", function(one_side, first.function), function(other_side, second.function));
        }
        (Detail::Policy(first), Detail::Policy(second)) => {
            let mut pair = Pair::new(one_side.0, other_side.0);
            pair.see(one.parent, other.parent, None);
            for (before, after) in [(&first.using, &second.using), (&first.check, &second.check)] {
                say.expressions("definition", &mut pair, &all(before.as_slice()), &all(after.as_slice()));
            }
        }
        (first, second) => say.whole("definition", first, second),
    }
}

/// What a domain is made of.
fn domain(state: &State, id: Id) -> Option<&super::ColumnType> {
    match &state.get(id)?.detail {
        Detail::Type(kind) => kind.base.as_ref(),
        _ => None,
    }
}

fn all(exprs: &[Arc<Expr>]) -> Vec<&Expr> {
    exprs.iter().map(|expr| &**expr).collect()
}

fn columns(say: &mut Comparison<'_>, before: (Side<'_>, &[Column]), after: (Side<'_>, &[Column])) {
    let relation = say.key.clone();
    let find = |columns: &[Column], name: &Ident| columns.iter().position(|column| column.name == *name);
    for column in before.1 {
        let key = relation.part(Kind::Column, column.name.clone());
        let Some(twin) = find(after.1, &column.name).and_then(|index| after.1.get(index)) else {
            say.found.push(Difference { key, aspect: Aspect::Removed });
            continue;
        };
        if column.presence != twin.presence {
            say.found.push(Difference { key: key.clone(), aspect: Aspect::Presence });
        }
        let mut say = Comparison { found: say.found, key };
        say.say("type", before.0.0.type_text(&column.kind), after.0.0.type_text(&twin.kind));
        say.flag("not null", column.not_null, twin.not_null);
        let are_same = match (&column.default, &twin.default) {
            (Some(one), Some(other)) if one != other => {
                let mut pair = Pair::new(before.0.0, after.0.0);
                pair.see(before.0.1, after.0.1, None);
                pair.defaults((one, &column.kind), (other, &twin.kind))
            }
            (one, other) => one == other,
        };
        say.whole("default", &true, &are_same);
        say.flag("generated", column.generated, twin.generated);
        say.flag("identity", column.identity.is_some(), twin.identity.is_some());
        if let (Some(one), Some(other)) = (column.identity, twin.identity) {
            say.say("identity", one.words().to_owned(), other.words().to_owned());
        }
        say.optional("comment", column.comment.as_ref(), twin.comment.as_ref());
        say.properties(&column.properties, &twin.properties);
    }
    for column in after.1 {
        if find(before.1, &column.name).is_none() {
            let key = relation.part(Kind::Column, column.name.clone());
            say.found.push(Difference { key, aspect: Aspect::Added });
        }
    }
}

fn constraint_rule(
    say: &mut Comparison<'_>,
    mut pair: Pair<'_>,
    before: (Side<'_>, &super::ConstraintRule),
    after: (Side<'_>, &super::ConstraintRule),
) {
    use super::ConstraintRule as R;
    match (before.1, after.1) {
        (
            R::ForeignKey { parent: one, columns: first, on_delete: delete, on_update: update, .. },
            R::ForeignKey { parent: other, columns: second, on_delete: delete_then, on_update: update_then, .. },
        ) => {
            let (one_side, other_side) = ((before.0.0, *one), (after.0.0, *other));
            let key = |side: Side<'_>| side.0.key((side.1, 0)).to_string();
            say.say("referenced table", key(one_side), key(other_side));
            say.say("referenced columns", numbers(one_side, first), numbers(other_side, second));
            say.say("on delete", format!("{delete:?}"), format!("{delete_then:?}"));
            say.say("on update", format!("{update:?}"), format!("{update_then:?}"));
        }
        (R::Check(one), R::Check(other)) => say.expressions("definition", &mut pair, &[one], &[other]),
        (one, other) => say.whole("definition", one, other),
    }
}

/// Takes over what only the other state has.
fn join(state: &mut State, other: &State) {
    let (own, theirs) = changed(state, other);
    let only_own: Vec<Id> = own.iter().copied().filter(|id| other.id(&state.key((*id, 0))).is_none()).collect();
    // What their numbers are here: an object that both have, or one that is made.
    let mut here: BTreeMap<Id, Id> = BTreeMap::new();
    let mut missing: Vec<Id> = Vec::new();
    for id in &theirs {
        match state.id(&other.key((*id, 0))) {
            Some(twin) => {
                here.insert(*id, twin);
            }
            None => missing.push(*id),
        }
    }
    for id in only_own {
        if let Some(object) = state.edit(id) {
            object.presence = Presence::Maybe;
        }
    }
    // First the numbers, so that what refers to something made later finds it. Numbers only
    // grow, and an object is made after what it lies in.
    let mut columns: BTreeMap<(Id, u16), u16> = BTreeMap::new();
    for (theirs, own) in here.clone() {
        let (Some(twin), Some(object)) = (other.get(theirs).cloned(), state.get(own).cloned()) else { continue };
        let mut merged = object.clone();
        merged.varies |= twin.varies;
        if twin.presence == Presence::Maybe {
            merged.presence = Presence::Maybe;
        }
        let mut differences = Vec::new();
        compare(&mut differences, (state, own), (other, theirs));
        merged.varies |= !differences.is_empty();
        if let (Detail::Relation(first), Detail::Relation(second)) = (&mut merged.detail, &twin.detail) {
            first.is_known &= second.is_known;
            for column in &mut first.columns {
                if second.column(&column.name).is_none() {
                    column.presence = Presence::Maybe;
                }
            }
            for column in &second.columns {
                let known = first.columns.iter_mut().find(|own| own.name == column.name);
                let number = match known {
                    Some(own) => {
                        if column.presence == Presence::Maybe {
                            own.presence = Presence::Maybe;
                        }
                        own.not_null &= column.not_null;
                        if own.default != column.default {
                            own.default = None;
                        }
                        if own.kind != column.kind && own.kind.user().is_none() {
                            own.kind = super::ColumnType::Unsaid;
                        }
                        own.number
                    }
                    None => {
                        let number = first.next_column;
                        first.next_column = first.next_column.saturating_add(1);
                        let copy = Column { number, default_id: 0, presence: Presence::Maybe, ..column.clone() };
                        first.columns.push(copy);
                        number
                    }
                };
                columns.insert((theirs, column.number), number);
            }
        }
        if let Some(slot) = state.edit(own) {
            *slot = merged;
        }
    }
    for id in &missing {
        let Some(object) = other.get(*id).cloned() else { continue };
        let object = Object {
            presence: Presence::Maybe,
            parent: here.get(&object.parent).copied().unwrap_or(object.parent),
            ..object
        };
        let object = renumbered(object, &here, &columns);
        let made = state.insert(object);
        here.insert(*id, made);
    }
    // What was made may refer to what was made after it.
    for id in &missing {
        let Some(made) = here.get(id).copied() else { continue };
        if let Some(object) = state.get(made).cloned() {
            let fixed = match other.get(*id) {
                Some(original) => Object { detail: original.detail.clone(), ..object },
                None => object,
            };
            let fixed = renumbered(fixed, &here, &columns);
            state.rename(made, |slot| *slot = fixed);
        }
        for parent in state.relation(made).map(|relation| relation.parents.clone()).unwrap_or_default() {
            state.add_inheritor(parent, made);
        }
    }
    for id in missing.iter().chain(&theirs) {
        let Some(from) = here.get(id).copied() else { continue };
        for sub in 0..=other.relation(*id).map_or(0, |relation| relation.next_column) {
            let own = columns.get(&(*id, sub)).copied().unwrap_or(sub);
            for (to, link) in other.needs((*id, sub)) {
                let target = here.get(&to.0).copied().unwrap_or(to.0);
                let column = columns.get(&to).copied().unwrap_or(to.1);
                if state.get(target).is_some() {
                    state.link((from, own), (target, column), link);
                }
            }
        }
    }
}

/// The numbers within an object as they are in another state.
fn renumbered(mut object: Object, here: &BTreeMap<Id, Id>, columns: &BTreeMap<(Id, u16), u16>) -> Object {
    use super::{ColumnType, ConstraintRule};
    let id = |id: &mut Id| *id = here.get(id).copied().unwrap_or(*id);
    let kind = |kind: &mut ColumnType| {
        if let ColumnType::User { id: user, .. } = kind {
            *user = here.get(user).copied().unwrap_or(*user);
        }
    };
    match &mut object.detail {
        Detail::Relation(relation) => {
            relation.parents.iter_mut().for_each(id);
            for column in &mut relation.columns {
                kind(&mut column.kind);
                column.default_id = here.get(&column.default_id).copied().unwrap_or(0);
            }
            if let Some(of) = &mut relation.owned_by {
                *of = (here.get(&of.0).copied().unwrap_or(of.0), columns.get(of).copied().unwrap_or(of.1));
            }
        }
        Detail::Index(index) => {
            let table = index.table;
            let number = |number: &mut u16| *number = columns.get(&(table, *number)).copied().unwrap_or(*number);
            index.columns.iter_mut().chain(&mut index.include).for_each(number);
            id(&mut index.table);
        }
        Detail::Constraint(constraint) => {
            if let ConstraintRule::ForeignKey { parent, columns: referenced, .. } = &mut constraint.rule {
                let table = *parent;
                let number = |number: &mut u16| *number = columns.get(&(table, *number)).copied().unwrap_or(*number);
                referenced.iter_mut().for_each(number);
                id(parent);
            }
        }
        Detail::Routine(routine) => {
            routine.inputs.iter_mut().for_each(kind);
            routine.returns.iter_mut().for_each(kind);
            routine.outputs.iter_mut().for_each(|(_, output)| kind(output));
        }
        Detail::Trigger(trigger) => id(&mut trigger.function),
        Detail::Type(detail) => detail.base.iter_mut().for_each(kind),
        _ => {}
    }
    object
}

//! What a script makes and takes away of things that the catalog does not know: a baseline says
//! nothing of them, or there is none. That the first run came to its end says that they were there.

use std::collections::BTreeSet;

use crate::case::Pass;
use crate::catalog::{Catalog, Problem};
use crate::effect::{Act, AlterAction, At, Constraint, Ident, Name, Object, ObjectKind, Statement, Transaction};
use crate::flow::{Event, What};

/// Something by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    /// Those that share their names have the same.
    kind: &'static str,
    /// Of a part of a relation that relation's.
    name: Name,
    part: Option<Ident>,
    /// The types of the arguments of a function.
    arguments: Option<String>,
}

/// What a statement does with a thing.
struct Deed {
    thing: Thing,
    /// Whether it makes it, and does not take it away.
    makes: bool,
    /// Whether it fails where that is done already.
    is_bare: bool,
    /// What else may go with it.
    others: Others,
}

/// What may go with something that is taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Nothing,
    /// Indexes and constraints.
    Keys,
    Anything,
}

/// Why a statement of the second run fails: what it makes is there since the first, or what it takes
/// away is not.
pub(super) struct Again<'p> {
    pub(super) event: &'p Event<'p>,
    pub(super) statement: &'p Statement,
    /// PostgreSQL's code and message.
    pub(super) sqlstate: &'static str,
    pub(super) message: String,
}

/// The statements of the second run that fail for such a reason.
pub(super) fn again<'p>(first: &Pass<'_>, second: &'p Pass<'p>) -> Vec<Again<'p>> {
    let mut found = Vec::new();
    if !second.run.events.iter().any(|event| missed(event).is_some()) {
        return found;
    }
    let mut known = Known::default();
    for event in first.run.events.iter() {
        known.note(event, &first.run.end.catalog);
    }
    for event in second.run.events.iter() {
        let refused = known.note(event, &second.run.end.catalog);
        if let Some((statement, problem)) = missed(event)
            && let Some((thing, is_there)) = refused
        {
            let (sqlstate, message) = match &statement.act {
                Act::Drop { .. } if thing.part.is_none() => (problem.sqlstate, problem.message.clone()),
                Act::Rename { part: Some(part), .. } if thing.kind == "column" => {
                    ("42703", format!("column \"{part}\" does not exist"))
                }
                _ => thing.refusal(is_there),
            };
            found.push(Again { event, statement, sqlstate, message });
        }
    }
    found
}

/// The statement that may miss something which the catalog does not know, and what PostgreSQL says then.
fn missed<'p>(event: &'p Event<'_>) -> Option<(&'p Statement, &'p Problem)> {
    let What::Define { statement, outcome } = &event.what else { return None };
    Some((statement, outcome.may_fail.as_ref().filter(|problem| problem.is_absence())?))
}

/// Which things are there, and which are not, as far as the statements say.
#[derive(Default)]
struct Known {
    /// Those relations and constraints that are there: indexes among them, which go with a column.
    keys: BTreeSet<Thing>,
    /// What else is there.
    others: BTreeSet<Thing>,
    gone: BTreeSet<Thing>,
    /// The last `DO`: what it does may depend on what is there.
    block: Option<At>,
}

impl Known {
    /// What is known once an event has happened; the thing that stands in its way, or that it
    /// misses.
    fn note(&mut self, event: &Event<'_>, catalog: &Catalog) -> Option<(Thing, bool)> {
        match &event.what {
            What::Do(statement) => self.block = Some(statement.at),
            What::Opaque(_) | What::Transaction(Transaction::Rollback { .. } | Transaction::RollbackTo(_)) => {
                *self = Self { block: self.block, ..Self::default() };
            }
            What::Define { statement, .. } => {
                let is_within = |block: At| {
                    let (block_span, span) = (block.span(), event.at.span());
                    block.file() == event.at.file() && block_span.start <= span.start && span.end <= block_span.end
                };
                let is_sure =
                    event.certain && event.reachable && event.via.is_empty() && !self.block.is_some_and(is_within);
                let mut refused = None;
                for deed in deeds(&statement.act, catalog) {
                    if is_sure && deed.is_bare && self.says(&deed.thing) == Some(deed.makes) {
                        refused = refused.or_else(|| Some((deed.thing.clone(), deed.makes)));
                    }
                    self.apply(deed, is_sure);
                }
                return refused;
            }
            _ => {}
        }
        None
    }

    /// Whether it is there.
    fn says(&self, thing: &Thing) -> Option<bool> {
        if self.keys.contains(thing) || self.others.contains(thing) {
            Some(true)
        } else {
            self.gone.contains(thing).then_some(false)
        }
    }

    fn forget(&mut self, thing: &Thing) {
        for things in [&mut self.keys, &mut self.others, &mut self.gone] {
            things.remove(thing);
        }
    }

    fn apply(&mut self, deed: Deed, is_sure: bool) {
        // What is gone stays so.
        match deed.others {
            Others::Nothing => {}
            Others::Keys => self.keys.clear(),
            Others::Anything => {
                self.keys.clear();
                self.others.clear();
            }
        }
        if deed.thing.kind == "relation" {
            for kind in PARTS {
                let first = Thing { kind, name: deed.thing.name.clone(), part: None, arguments: None };
                for things in [&mut self.keys, &mut self.others, &mut self.gone] {
                    let parts =
                        things.range(first.clone()..).take_while(|part| part.kind == kind && part.name == first.name);
                    for part in parts.cloned().collect::<Vec<_>>() {
                        things.remove(&part);
                    }
                }
            }
        }
        self.forget(&deed.thing);
        let is_key = matches!(deed.thing.kind, "relation" | "constraint");
        match (is_sure, deed.makes) {
            (true, true) if is_key => drop(self.keys.insert(deed.thing)),
            (true, true) => drop(self.others.insert(deed.thing)),
            (true, false) => drop(self.gone.insert(deed.thing)),
            (false, _) => {}
        }
    }
}

/// The kinds of what belongs to a relation.
const PARTS: [&str; 5] = ["column", "constraint", "policy", "rule", "trigger"];

impl Thing {
    fn relation(name: Name) -> Self {
        Self { kind: "relation", name, part: None, arguments: None }
    }

    fn part(kind: &'static str, of: Name, part: &Ident) -> Self {
        Self { kind, name: of, part: Some(part.clone()), arguments: None }
    }

    /// What PostgreSQL says where it is there already, or is not there.
    fn refusal(&self, is_there: bool) -> (&'static str, String) {
        let (kind, name) = (self.kind, &self.name.name);
        let what = match (&self.part, kind) {
            (Some(part), "column") => format!("column \"{part}\" of relation \"{name}\""),
            (Some(part), "constraint") if !is_there => format!("constraint \"{part}\" of relation \"{name}\""),
            (Some(part), "policy") => format!("policy \"{part}\" for table \"{name}\""),
            (Some(part), "trigger") if !is_there => format!("trigger \"{part}\" for table \"{name}\""),
            (Some(part), _) => format!("{kind} \"{part}\" for relation \"{name}\""),
            (None, "function") => format!("function {name}({})", self.arguments.as_deref().unwrap_or_default()),
            (None, _) => format!("{kind} \"{name}\""),
        };
        let sqlstate = match (kind, is_there) {
            ("relation", true) => "42P07",
            ("relation", false) => "42P01",
            ("column", true) => "42701",
            ("column", false) => "42703",
            (_, true) => "42710",
            (_, false) => "42704",
        };
        (sqlstate, format!("{what} {}", if is_there { "already exists" } else { "does not exist" }))
    }

    /// What a statement calls by this name.
    fn of(object: &Object, catalog: &Catalog) -> Option<Self> {
        let plain = |kind: &'static str| {
            let arguments = object.arguments.as_ref().map(|types| {
                let texts: Vec<String> = types.iter().map(|kind| kind.name.to_string()).collect();
                texts.join(", ")
            });
            Self { kind, name: Name { schema: None, ..object.name.clone() }, part: None, arguments }
        };
        let of = || catalog.canonical(&object.name);
        Some(match (&object.kind, &object.part) {
            (
                ObjectKind::Table
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::ForeignTable
                | ObjectKind::Index
                | ObjectKind::Sequence,
                None,
            ) => Self::relation(of()),
            (ObjectKind::Column, Some(part)) => Self::part("column", of(), part),
            (ObjectKind::Constraint, Some(part)) => Self::part("constraint", of(), part),
            (ObjectKind::Trigger, Some(part)) => Self::part("trigger", of(), part),
            (ObjectKind::Policy, Some(part)) => Self::part("policy", of(), part),
            (ObjectKind::Rule, Some(part)) => Self::part("rule", of(), part),
            (ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine, None) => plain("function"),
            (ObjectKind::Type | ObjectKind::Domain, None) => plain("type"),
            (ObjectKind::Schema, None) => plain("schema"),
            (ObjectKind::Extension, None) => plain("extension"),
            _ => return None,
        })
    }
}

/// What a statement makes and takes away.
fn deeds(act: &Act, catalog: &Catalog) -> Vec<Deed> {
    let makes = |thing: Thing, is_bare: bool| Deed { thing, makes: true, is_bare, others: Others::Nothing };
    let takes = |thing: Thing, is_bare: bool| Deed { thing, makes: false, is_bare, others: Others::Nothing };
    match act {
        Act::CreateTable { name, if_not_exists, temporary: false, .. }
        | Act::CreateTableAs { name, if_not_exists, temporary: false, .. } => {
            vec![makes(Thing::relation(catalog.canonical(name)), !if_not_exists)]
        }
        Act::CreateView { name, or_replace, temporary: false, .. } => {
            vec![makes(Thing::relation(catalog.canonical(name)), !or_replace)]
        }
        Act::CreateIndex { name: Some(name), table, if_not_exists, .. } => {
            let Name { schema, at, .. } = catalog.canonical(table);
            vec![makes(Thing::relation(Name { schema, name: name.clone(), at }), !if_not_exists)]
        }
        Act::CreateTrigger { name, or_replace, table, .. } => {
            vec![makes(Thing::part("trigger", catalog.canonical(table), name), !or_replace)]
        }
        Act::CreateRule { name, or_replace, table, .. } => {
            vec![makes(Thing::part("rule", catalog.canonical(table), name), !or_replace)]
        }
        Act::Create { object, if_not_exists, or_replace, temporary: false, .. } => {
            Thing::of(object, catalog).map(|thing| makes(thing, !if_not_exists && !or_replace)).into_iter().collect()
        }
        Act::AlterTable { name, if_exists, actions, .. } => {
            let of = catalog.canonical(name);
            let deed = |action: &AlterAction| match action {
                AlterAction::AddColumn { if_not_exists, column } => {
                    Some(makes(Thing::part("column", of.clone(), &column.name), !if_not_exists && !if_exists))
                }
                AlterAction::AddConstraint(Constraint { name: Some(name), .. }) => {
                    Some(makes(Thing::part("constraint", of.clone(), name), !if_exists))
                }
                AlterAction::DropColumn { if_exists: it_may, name, cascade } => Some(Deed {
                    others: if *cascade { Others::Anything } else { Others::Keys },
                    ..takes(Thing::part("column", of.clone(), name), !it_may && !if_exists)
                }),
                AlterAction::DropConstraint { if_exists: it_may, name, cascade } => Some(Deed {
                    others: if *cascade { Others::Anything } else { Others::Keys },
                    ..takes(Thing::part("constraint", of.clone(), name), !it_may && !if_exists)
                }),
                _ => None,
            };
            actions.iter().filter_map(deed).collect()
        }
        Act::Rename { object, part, to, if_exists } => {
            let renamed = Object { part: part.clone(), ..Object::clone(object) };
            let Some(old) = Thing::of(&renamed, catalog) else { return Vec::new() };
            let new = match &old.part {
                Some(_) => Thing { part: Some(to.clone()), ..old.clone() },
                None => Thing { name: Name { name: to.clone(), ..old.name.clone() }, ..old.clone() },
            };
            vec![takes(old, !if_exists), makes(new, false)]
        }
        Act::Drop { objects, if_exists, cascade, .. } => {
            let deed = |object: &Object| {
                let thing = Thing::of(object, catalog)?;
                let others = match object.kind {
                    _ if *cascade => Others::Anything,
                    ObjectKind::Schema | ObjectKind::Extension => Others::Anything,
                    ObjectKind::Table | ObjectKind::MaterializedView | ObjectKind::ForeignTable => Others::Keys,
                    _ => Others::Nothing,
                };
                Some(Deed { others, ..takes(thing, !if_exists) })
            };
            objects.iter().filter_map(deed).collect()
        }
        _ => Vec::new(),
    }
}

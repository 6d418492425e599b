//! Drops objects with all that goes with them, as PostgreSQL's `dependency.c` does it.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Detail, Id, Kind};
use super::store::{Class, Link, Ref, State};
use super::{Dropped, Problem};
use crate::effect::At;

/// How an object came to be dropped.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    original: bool,
    automatic: bool,
    /// What it needs and goes with.
    from: Option<Ref>,
    order: usize,
}

/// Drops the objects, or says what is in the way. Dependents come first in the answer.
pub(super) fn delete(state: &mut State, targets: &[Ref], cascade: bool, at: At) -> Result<Vec<Dropped>, Problem> {
    let reached = closure(state, targets, at)?;
    let in_the_way: Vec<Ref> = {
        let mut found: Vec<(usize, Ref)> = reached
            .iter()
            .filter(|(of, how)| {
                // A column goes with its relation.
                let whole = of.1 != 0 && reached.contains_key(&(of.0, 0));
                !how.original && !how.automatic && !whole
            })
            .map(|(of, how)| (how.order, *of))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, of)| of).collect()
    };
    if !cascade && !in_the_way.is_empty() {
        let message = match targets {
            [one] => format!("cannot drop {} because other objects depend on it", state.describe(*one)),
            _ => "cannot drop desired object(s) because other objects depend on them".to_owned(),
        };
        let mut problem = Problem::new("2BP01", message, at);
        for of in in_the_way {
            if let Some(from) = reached.get(&of).and_then(|how| how.from) {
                problem.detail.push(format!("{} depends on {}", state.describe(of), state.describe(from)));
            }
            problem.keys.push(state.key(of));
        }
        return Err(problem);
    }
    let mut order: Vec<(usize, Ref)> = reached.iter().map(|(of, how)| (how.order, *of)).collect();
    order.sort_unstable_by(|one, other| other.cmp(one));
    let mut dropped = Vec::new();
    for (_, of) in &order {
        if of.1 != 0 && reached.contains_key(&(of.0, 0)) {
            continue;
        }
        let Some(object) = state.get(of.0) else { continue };
        let how = reached.get(of).copied().unwrap_or_default();
        let (origin, made_at) = match object.relation().filter(|_| of.1 != 0).and_then(|r| r.numbered(of.1)) {
            Some(column) => (column.origin, column.at),
            None => (object.origin, object.at),
        };
        dropped.push(Dropped {
            key: state.key(*of),
            cascade_from: how.from.filter(|_| !how.original).map(|from| state.key(from)),
            automatic: !how.original && how.automatic,
            origin,
            made_at,
        });
    }
    for (_, of) in order {
        remove_one(state, of);
    }
    Ok(dropped)
}

/// Everything that goes when the targets go.
fn closure(state: &State, targets: &[Ref], at: At) -> Result<BTreeMap<Ref, Reached>, Problem> {
    let originals: BTreeSet<Ref> = targets.iter().copied().collect();
    let mut reached: BTreeMap<Ref, Reached> = BTreeMap::new();
    let mut open: Vec<(Ref, Reached)> =
        targets.iter().rev().map(|of| (*of, Reached { original: true, ..Reached::default() })).collect();
    let mut order = 0;
    while let Some((of, how)) = open.pop() {
        if let Some(known) = reached.get_mut(&of) {
            known.original |= how.original;
            known.automatic |= how.automatic;
            continue;
        }
        // A part cannot be dropped without what it is a part of.
        for (owner, link) in state.needs(of) {
            if link != Link::Internal || reached.contains_key(&owner) || reached.contains_key(&(owner.0, 0)) {
                continue;
            }
            let owner_is_original = originals.contains(&owner) || originals.contains(&(owner.0, 0));
            if how.original && !owner_is_original {
                let mut problem = Problem::new(
                    "2BP01",
                    format!("cannot drop {} because {} requires it", state.describe(of), state.describe(owner)),
                    at,
                );
                problem.keys.push(state.key(owner));
                return Err(problem);
            }
            if !how.original {
                open.push((owner, Reached { original: false, ..how }));
            }
        }
        order += 1;
        reached.insert(of, Reached { order, ..how });
        let mut dependents = state.dependents(of);
        dependents.reverse();
        for (by, link, sub) in dependents {
            if by == of {
                continue;
            }
            let automatic = matches!(link, Link::Auto | Link::Internal);
            open.push((
                by,
                Reached {
                    original: false,
                    automatic,
                    from: Some((of.0, if of.1 == 0 { sub } else { of.1 })),
                    order: 0,
                },
            ));
        }
    }
    Ok(reached)
}

fn remove_one(state: &mut State, of: Ref) {
    if of.1 != 0 {
        remove_column(state, of);
        return;
    }
    let Some(object) = state.get(of.0) else { return };
    let parent = object.parent;
    match &object.detail {
        Detail::Default(default) => {
            let column = default.column;
            if let Some(column) =
                state.edit_relation(parent).and_then(|r| r.columns.iter_mut().find(|c| c.number == column))
                && column.default_id == of.0
            {
                column.default_id = 0;
                column.default = None;
                column.generated = false;
            }
        }
        Detail::Relation(relation) => {
            for parent in relation.parents.clone() {
                state.remove_inheritor(parent, of.0);
            }
            // What inherits goes too, or loses its parent.
            for child in state.parts(Class::Inheritor, of.0) {
                state.remove_inheritor(of.0, child);
            }
        }
        _ => {}
    }
    if state.get(of.0).is_some_and(|object| object.kind == Kind::Sequence) {
        forget_identity(state, of.0);
    }
    state.remove(of.0);
}

fn remove_column(state: &mut State, of: Ref) {
    state.unlink_range(of, of);
    if let Some(relation) = state.edit_relation(of.0) {
        relation.columns.retain(|column| column.number != of.1);
    }
}

fn forget_identity(state: &mut State, sequence: Id) {
    for ((table, column), link) in state.needs((sequence, 0)) {
        if link == Link::Internal
            && column != 0
            && let Some(column) =
                state.edit_relation(table).and_then(|relation| relation.columns.iter_mut().find(|c| c.number == column))
        {
            column.identity = None;
        }
    }
}

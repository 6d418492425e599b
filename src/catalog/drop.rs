//! What goes, and what is in the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::object::{Dropped, Key, Kind, Outcome, Problem, Relation};
use super::{Catalog, Path};
use crate::effect::{ConstraintKind, Ident, Object};

impl Catalog {
    /// `DROP`: all the objects of one statement go together.
    pub(super) fn drop_objects(&mut self, objects: &[Object], if_exists: bool, cascade: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let mut named: Vec<Key> = Vec::new();
        for object in objects {
            if object.name.is_variable() {
                return Outcome { unsure: true, ..Outcome::default() };
            }
            let key = match self.found(object) {
                Ok(key) => key,
                Err(_) if if_exists => {
                    outcome.skipped = true;
                    continue;
                }
                Err(problem) => return *problem,
            };
            // `DROP TABLE` of a view is refused, even with IF EXISTS.
            let wanted = Kind::of(&object.kind);
            if wanted.is_relation() && key.kind != wanted {
                let article = if wanted == Kind::Index { "an" } else { "a" };
                return Outcome::fails("42809", format!("\"{}\" is not {article} {wanted}", object.name.name));
            }
            let maybe = key.kind.is_relation() && self.relations.get(&key.path).is_some_and(|relation| relation.maybe);
            if maybe && !if_exists {
                outcome.unsure = true;
            }
            if key.kind == Kind::Function && key.arguments.is_none() {
                let all = self.functions.get(&key.path).map(|routines| Vec::clone(routines)).unwrap_or_default();
                if all.len() > 1 {
                    return Outcome::fails("42725", format!("function name \"{}\" is not unique", object.name));
                }
                named.extend(all.into_iter().map(|routine| Key { arguments: routine.arguments, ..key.clone() }));
                continue;
            }
            named.push(key);
        }
        self.take(named, cascade, outcome)
    }

    /// Takes the objects away, with what depends on them or not at all.
    fn take(&mut self, named: Vec<Key>, cascade: bool, mut outcome: Outcome) -> Outcome {
        let mut going: Vec<Dropped> = named.into_iter().map(|key| Dropped { key, cascade_from: None }).collect();
        let mut seen: BTreeSet<Key> = going.iter().map(|dropped| dropped.key.clone()).collect();
        let mut next = 0;
        while let Some(dropped) = going.get(next) {
            let from = dropped.key.clone();
            for key in self.dependents(&from) {
                // A part of a table that goes itself is not in the way.
                let with_table = key.part.is_some()
                    && going.iter().any(|dropped| dropped.key.part.is_none() && dropped.key.path == key.path);
                if !with_table && seen.insert(key.clone()) {
                    going.push(Dropped { key, cascade_from: Some(from.clone()) });
                }
            }
            next += 1;
        }
        let related: Vec<Key> =
            going.iter().filter(|dropped| dropped.cascade_from.is_some()).map(|dropped| dropped.key.clone()).collect();
        if !cascade && !related.is_empty() {
            let first = going.first().map(|dropped| dropped.key.to_string()).unwrap_or_default();
            let maybe = related.iter().all(|key| self.relations.get(&key.path).is_some_and(|relation| relation.maybe));
            let message = format!("cannot drop {first} because other objects depend on it");
            let problem = Some(Problem { sqlstate: "2BP01", message, related });
            return Outcome { problem, unsure: maybe, ..Outcome::default() };
        }
        for dropped in &going {
            self.remove(&dropped.key);
        }
        outcome.changed |= !going.is_empty();
        outcome.dropped = going;
        outcome
    }

    /// What PostgreSQL would not leave without this object, but for what is a part of it.
    fn dependents(&self, key: &Key) -> Vec<Key> {
        let mut found = Vec::new();
        let reader =
            |path: &Path| Key::new(self.relations.get(path).map_or(Kind::View, |relation| relation.kind), path.clone());
        match key.kind {
            Kind::Function => {
                for path in self.callers.get(&key.path).into_iter().flatten() {
                    let Some(relation) = self.relations.get(path) else { continue };
                    let triggers =
                        relation.triggers.iter().filter(|trigger| self.routine_path(&trigger.function) == key.path);
                    let before = found.len();
                    found.extend(triggers.map(|trigger| Key {
                        part: Some(trigger.name.clone()),
                        ..Key::new(Kind::Trigger, path.clone())
                    }));
                    if found.len() == before {
                        found.push(reader(path));
                    }
                }
            }
            kind if kind.is_relation() => {
                found.extend(
                    self.readers.get(&key.path).into_iter().flatten().filter(|path| **path != key.path).map(reader),
                );
                for path in self.children.get(&key.path).into_iter().flatten().filter(|path| **path != key.path) {
                    let Some(child) = self.relations.get(path) else { continue };
                    for constraint in &child.constraints {
                        if let ConstraintKind::ForeignKey { references, .. } = &constraint.kind
                            && self.located(references) == key.path
                        {
                            found.push(Key {
                                part: constraint.name.clone(),
                                ..Key::new(Kind::Constraint, path.clone())
                            });
                        }
                    }
                }
                if kind == Kind::Sequence {
                    let owner = self.relations.get(&key.path).and_then(|sequence| sequence.table.clone());
                    found.extend(owner.map(|path| reader(&path)));
                }
            }
            Kind::Schema => {
                let within = |path: &&Path| path.0 == key.path.1;
                let relations =
                    self.relations.iter().filter(|(path, relation)| within(path) && relation.table.is_none());
                found.extend(relations.map(|(path, relation)| Key::new(relation.kind, path.clone())));
                for (path, routines) in self.functions.iter().filter(|(path, _)| within(path)) {
                    found.extend(routines.iter().map(|routine| Key {
                        arguments: routine.arguments.clone(),
                        ..Key::new(Kind::Function, path.clone())
                    }));
                }
            }
            Kind::Type => {
                for (path, relation) in &self.relations {
                    let uses = relation
                        .columns
                        .iter()
                        .filter(|column| column.kind.as_ref().is_some_and(|kind| kind.name.name == key.path.1));
                    found.extend(
                        uses.map(|column| Key {
                            part: Some(column.name.clone()),
                            ..Key::new(Kind::Column, path.clone())
                        }),
                    );
                }
            }
            _ => {}
        }
        found
    }

    fn remove(&mut self, key: &Key) {
        match key.kind {
            Kind::Function => {
                if let Some(routines) = self.functions.get(&key.path) {
                    let left: Vec<_> =
                        routines.iter().filter(|routine| routine.arguments != key.arguments).cloned().collect();
                    if left.is_empty() {
                        self.functions.remove(&key.path);
                    } else {
                        self.functions.insert(key.path.clone(), Arc::new(left));
                    }
                }
            }
            kind if kind.is_relation() => {
                if let Some(relation) = self.relations.remove(&key.path) {
                    self.forget(&key.path, &relation);
                }
                // Its indexes and sequences go with it.
                if matches!(kind, Kind::Table | Kind::MaterializedView | Kind::ForeignTable) {
                    let parts = self.parts.remove(&key.path).unwrap_or_default();
                    for path in parts {
                        self.relations.remove(&path);
                    }
                }
            }
            Kind::Column | Kind::Constraint | Kind::Trigger | Kind::Rule => {
                if let Some(known) = self.relations.get(&key.path) {
                    let known = Arc::clone(known);
                    let mut relation = Relation::clone(&known);
                    let is = |name: &Ident| Some(name) == key.part.as_ref();
                    match key.kind {
                        Kind::Column => relation.columns.retain(|column| !is(&column.name)),
                        Kind::Constraint => {
                            relation.constraints.retain(|constraint| !constraint.name.as_ref().is_some_and(is));
                        }
                        Kind::Trigger => relation.triggers.retain(|trigger| !is(&trigger.name)),
                        _ => relation.rules.retain(|rule| !is(&rule.name)),
                    }
                    self.forget(&key.path, &known);
                    self.index(&key.path, &relation);
                    self.relations.insert(key.path.clone(), Arc::new(relation));
                }
            }
            _ => {
                self.others.remove(key);
            }
        }
        // Comments, policies and grants of an object go with it.
        let of_object: Vec<Key> = [Kind::Policy, Kind::Comment, Kind::Other]
            .into_iter()
            .flat_map(|kind| {
                self.others
                    .range(Key::new(kind, key.path.clone())..)
                    .take_while(move |(other, _)| other.kind == kind && other.path == key.path)
            })
            .filter(|(other, _)| key.part.is_none() || other.kind == Kind::Comment)
            .filter(|(other, _)| {
                key.part.as_ref().is_none_or(|part| other.part.as_ref().is_some_and(|on| on.ends_with(part.as_str())))
            })
            .map(|(other, _)| other.clone())
            .collect();
        for other in of_object {
            if other.part.is_some() {
                self.others.remove(&other);
            }
        }
    }

    pub(super) fn drop_column(&mut self, path: &Path, column: &Ident, if_exists: bool, cascade: bool) -> Outcome {
        let Some(known) = self.relations.get(path).cloned() else { return Outcome::default() };
        if known.column(column).is_none() {
            return if if_exists {
                Outcome { skipped: true, ..Outcome::default() }
            } else {
                Outcome::fails("42703", format!("column \"{column}\" of relation \"{}\" does not exist", path.1))
            };
        }
        // A view that may read the column is in the way.
        let readers: Vec<Key> = self
            .readers
            .get(path)
            .into_iter()
            .flatten()
            .filter(|reader| self.relations.get(*reader).is_some_and(|view| mentions(view, column)))
            .map(|reader| Key::new(Kind::View, reader.clone()))
            .collect();
        if !readers.is_empty() && !cascade {
            let message = format!("cannot drop column {column} of table {} because other objects depend on it", path.1);
            let problem = Some(Problem { sqlstate: "2BP01", message, related: readers });
            return Outcome { problem, ..Outcome::default() };
        }
        let key = Key { part: Some(column.clone()), ..Key::new(Kind::Column, path.clone()) };
        let mut outcome = Outcome { changed: true, ..Outcome::default() };
        outcome.dropped.push(Dropped { key: key.clone(), cascade_from: None });
        for reader in readers {
            self.remove(&reader);
            outcome.dropped.push(Dropped { key: reader, cascade_from: Some(key.clone()) });
        }
        let mut relation = Relation::clone(&known);
        relation.columns.retain(|known| known.name != *column);
        relation.constraints.retain(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, .. }
            | ConstraintKind::Unique { columns, .. }
            | ConstraintKind::ForeignKey { columns, .. } => !columns.contains(column),
            _ => true,
        });
        self.forget(path, &known);
        self.index(path, &relation);
        self.relations.insert(path.clone(), Arc::new(relation));
        outcome
    }

    pub(super) fn drop_constraint(&mut self, path: &Path, name: &Ident, if_exists: bool, cascade: bool) -> Outcome {
        let Some(known) = self.relations.get(path).cloned() else { return Outcome::default() };
        let found = known.constraints.iter().find(|constraint| constraint.name.as_ref() == Some(name));
        let Some(found) = found else {
            return if if_exists {
                Outcome { skipped: true, ..Outcome::default() }
            } else {
                Outcome::fails("42704", format!("constraint \"{name}\" of relation \"{}\" does not exist", path.1))
            };
        };
        let key = Key { part: Some(name.clone()), ..Key::new(Kind::Constraint, path.clone()) };
        // Foreign keys rely on the key that they refer to.
        let is_key = matches!(found.kind, ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. });
        let rely: Vec<Key> = if is_key
            && known
                .constraints
                .iter()
                .filter(|other| matches!(other.kind, ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. }))
                .count()
                == 1
        {
            let table = Key::new(Kind::Table, path.clone());
            self.dependents(&table).into_iter().filter(|key| key.kind == Kind::Constraint).collect()
        } else {
            Vec::new()
        };
        if !rely.is_empty() && !cascade {
            let message =
                format!("cannot drop constraint {name} on table {} because other objects depend on it", path.1);
            return Outcome {
                problem: Some(Problem { sqlstate: "2BP01", message, related: rely }),
                ..Outcome::default()
            };
        }
        let mut outcome = Outcome { changed: true, ..Outcome::default() };
        outcome.dropped.push(Dropped { key: key.clone(), cascade_from: None });
        for other in rely {
            self.remove(&other);
            outcome.dropped.push(Dropped { key: other, cascade_from: Some(key.clone()) });
        }
        self.remove(&key);
        outcome
    }
}

/// Whether a view says the name of the column, or a star.
fn mentions(view: &Relation, column: &Ident) -> bool {
    use crate::effect::{Expr, ExprKind, Visit, walk_expr};
    struct Mentions<'c> {
        column: &'c Ident,
        found: bool,
    }
    impl<'a> Visit<'a> for Mentions<'_> {
        fn expr(&mut self, expr: &'a Expr) {
            match &expr.kind {
                ExprKind::Column(path) => self.found |= path.last() == Some(self.column),
                ExprKind::Star(_) => self.found = true,
                _ => walk_expr(self, expr),
            }
        }
    }
    let mut mentions = Mentions { column, found: false };
    if let Some(query) = &view.query {
        mentions.query(query);
    }
    mentions.found
}

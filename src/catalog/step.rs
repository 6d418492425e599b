//! One statement further.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::object::{Column, Key, Kind, Other, Outcome, Problem, Relation, Routine, Rule, Trigger, plain_columns};
use super::{Catalog, Path};
use crate::effect::{
    self, Act, AlterAction, At, Constraint, ConstraintKind, Expr, ExprKind, From, Function, Ident, Name, Object,
    ObjectKind, Query, QueryBody, Statement, TriggerTiming,
};

/// The trigger functions that PostgreSQL brings along.
const TRIGGER_FUNCTIONS: &[&str] = &[
    "lo_manage",
    "suppress_redundant_updates_trigger",
    "tsvector_update_trigger",
    "tsvector_update_trigger_column",
    "unique_key_recheck",
];

/// PostgreSQL cuts names at 63 bytes.
const NAME_LIMIT: usize = 63;

impl Outcome {
    pub(super) fn fails(sqlstate: &'static str, message: impl Into<String>) -> Self {
        Self { problem: Some(Problem { sqlstate, message: message.into(), related: Vec::new() }), ..Self::default() }
    }

    fn skips() -> Self {
        Self { skipped: true, ..Self::default() }
    }

    fn makes(key: Key) -> Self {
        Self { made: vec![key], changed: true, ..Self::default() }
    }

    fn alters(key: Key, what: &'static str) -> Self {
        Self { altered: vec![(key, what)], changed: true, ..Self::default() }
    }

    /// The same, where it is not known whether the object is there.
    pub(super) fn perhaps(mut self) -> Self {
        self.unsure = true;
        self
    }
}

fn print(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Catalog {
    /// What the statement does; a statement that PostgreSQL would refuse changes nothing.
    pub fn step(&mut self, statement: &Statement) -> Outcome {
        let at = statement.at;
        match &statement.act {
            Act::Set { .. } => {
                self.set_search_path(statement);
                Outcome::default()
            }
            Act::CreateTable { .. } => self.create_table(statement),
            Act::CreateTableAs { name, materialized, if_not_exists, temporary, columns, source, .. } => {
                let kind = if *materialized { Kind::MaterializedView } else { Kind::Table };
                let mut relation = Relation::new(kind, self.origin, at);
                relation.temporary = *temporary;
                if let Act::Select(query) = &source.act {
                    let names = if columns.is_empty() { self.output(query) } else { columns.clone() };
                    relation.columns = names.into_iter().map(|name| bare_column(name, at)).collect();
                    if *materialized {
                        self.read(&mut relation, query);
                        relation.query = Some(Arc::new((**query).clone()));
                    }
                }
                self.make_relation(name, *if_not_exists, relation)
            }
            Act::CreateView { name, or_replace, temporary, columns, query } => {
                self.create_view(name, *or_replace, *temporary, columns, query, at)
            }
            Act::CreateIndex { .. } => self.create_index(statement),
            Act::CreateFunction(function) => self.create_function(function, at),
            Act::CreateTrigger { .. } => self.create_trigger(statement),
            Act::CreateRule { name, or_replace, table, event, actions, .. } => {
                let rule = Rule { name: name.clone(), event: event.clone(), actions: actions.clone() };
                self.part(table, at, |relation, path| {
                    let known = relation.rules.iter().position(|known| known.name == rule.name);
                    if known.is_some() && !or_replace {
                        return Outcome::fails(
                            "42710",
                            format!("rule \"{}\" for relation \"{}\" already exists", rule.name, path.1),
                        );
                    }
                    relation.rules.retain(|known| known.name != rule.name);
                    relation.rules.push(rule.clone());
                    Outcome::makes(Key { part: Some(rule.name.clone()), ..Key::new(Kind::Rule, path.clone()) })
                })
            }
            Act::CreateType { name, labels, attributes, base, .. } => {
                let path = (name.schema.clone().unwrap_or_else(|| self.home()), name.name.clone());
                let key = Key::new(Kind::Type, path);
                let number = print(&(labels, attributes, base));
                self.make_other(key, number, at, false, false, "type")
            }
            Act::Create { object, if_not_exists, or_replace, temporary, members, .. } => {
                let outcome = self.create_other(object, *if_not_exists, *or_replace, *temporary, at);
                for member in members {
                    self.step(member);
                }
                outcome
            }
            Act::AlterTable { kind, name, if_exists, actions } => self.alter_table(kind, name, *if_exists, actions, at),
            Act::Rename { object, part, to, if_exists } => self.rename(object, part.as_ref(), to, *if_exists),
            Act::SetSchema { object, to, if_exists } => self.set_schema(object, to, *if_exists),
            Act::Alter { object, what, if_exists, value } => {
                self.alter_other(object, what, *if_exists, value.as_ref(), at)
            }
            Act::Drop { objects, if_exists, cascade, .. } => self.drop_objects(objects, *if_exists, *cascade),
            Act::Comment { object, text } => self.comment(object, text.as_ref(), at),
            Act::Grant { grant, objects, privileges, grantees, .. } => {
                let mut outcome = Outcome::default();
                for object in objects {
                    if let Err(problem) = self.found(object) {
                        return *problem;
                    }
                    let name = Ident::from(format!("{} {} {}", privileges.join(","), grantees.join(","), object.kind));
                    let path = self.key_of(object).path;
                    let key = Key { part: Some(name), ..Key::new(Kind::Other, path) };
                    outcome.changed = true;
                    if *grant {
                        self.others.insert(key, Arc::new(Other { print: 0, at }));
                    } else {
                        self.others.remove(&key);
                    }
                }
                outcome
            }
            _ => Outcome::default(),
        }
    }

    fn create_table(&mut self, statement: &Statement) -> Outcome {
        let Act::CreateTable { name, if_not_exists, temporary, columns, constraints, inherits, like, .. } =
            &statement.act
        else {
            return Outcome::default();
        };
        let mut relation = Relation::new(Kind::Table, self.origin, statement.at);
        relation.temporary = *temporary;
        for parent in inherits {
            match self.relation(parent) {
                Some(parent) => relation.columns.extend(parent.columns.clone()),
                None if self.complete => {
                    return Outcome::fails("42P01", format!("relation \"{}\" does not exist", parent.name));
                }
                None => {}
            }
        }
        for source in like {
            if let Some(source) = self.relation(&source.name) {
                relation.columns.extend(source.columns.clone());
            }
        }
        let path = self.new_path(name, *temporary);
        if *if_not_exists && self.relations.contains_key(&path) {
            return self.make_relation(name, true, relation);
        }
        for column in columns {
            if relation.column(&column.name).is_some() && inherits.is_empty() {
                return Outcome::fails("42701", format!("column \"{}\" specified more than once", column.name));
            }
            if let Some(problem) = self.add_column(&mut relation, &path, column) {
                return problem;
            }
        }
        for constraint in constraints {
            if let Some(problem) = self.add_constraint(&mut relation, &path, constraint) {
                return problem;
            }
        }
        self.make_relation(name, *if_not_exists, relation)
    }

    pub(super) fn new_path(&self, name: &Name, temporary: bool) -> Path {
        let schema =
            if temporary { Ident::new_static("pg_temp") } else { name.schema.clone().unwrap_or_else(|| self.home()) };
        (schema, name.name.clone())
    }

    fn make_relation(&mut self, name: &Name, if_not_exists: bool, mut relation: Relation) -> Outcome {
        let path = self.new_path(name, relation.temporary);
        relation.temporary |= path.0 == "pg_temp";
        if let Some(known) = self.relations.get(&path) {
            if if_not_exists {
                return Outcome::skips();
            }
            let outcome = Outcome::fails("42P07", format!("relation \"{}\" already exists", path.1));
            return if known.maybe { outcome.perhaps() } else { outcome };
        }
        if let Some(problem) = self.missing_schema(&path.0) {
            return problem;
        }
        let key = Key::new(relation.kind, path.clone());
        // Serial and identity columns bring a sequence along.
        let sequences: Vec<Ident> = relation
            .columns
            .iter()
            .filter(|column| column.identity || is_serial(column))
            .map(|column| column.name.clone())
            .collect();
        for column in sequences {
            let sequence = self.free_name(&path, &[path.1.as_str(), column.as_str()], "seq");
            let mut made = Relation::new(Kind::Sequence, self.origin, relation.at);
            made.table = Some(path.clone());
            made.temporary = relation.temporary;
            let sequence = (path.0.clone(), sequence);
            self.parts.entry(path.clone()).or_default().insert(sequence.clone());
            self.relations.insert(sequence, Arc::new(made));
        }
        self.index(&path, &relation);
        self.relations.insert(path, Arc::new(relation));
        Outcome::makes(key)
    }

    fn missing_schema(&self, schema: &Ident) -> Option<Outcome> {
        let key = Key::new(Kind::Schema, (Ident::default(), schema.clone()));
        let there = schema == "pg_temp" || effect::is_variable(schema) || self.others.contains_key(&key);
        (!there && self.complete).then(|| Outcome::fails("3F000", format!("schema \"{schema}\" does not exist")))
    }

    /// Remembers who reads, refers to and calls whom.
    pub(super) fn index(&mut self, path: &Path, relation: &Relation) {
        for read in &relation.reads {
            self.readers.entry(read.clone()).or_default().insert(path.clone());
        }
        for call in &relation.calls {
            self.callers.entry(call.clone()).or_default().insert(path.clone());
        }
        for constraint in &relation.constraints {
            if let ConstraintKind::ForeignKey { references, .. } = &constraint.kind {
                let parent = self.located(references);
                self.children.entry(parent).or_default().insert(path.clone());
            }
        }
        for trigger in &relation.triggers {
            self.triggers.insert(trigger.name.clone());
        }
    }

    fn add_column(&mut self, relation: &mut Relation, path: &Path, column: &effect::Column) -> Option<Outcome> {
        let made = Column {
            name: column.name.clone(),
            kind: column.kind.clone(),
            not_null: column.not_null || column.identity,
            default: column.default.clone(),
            generated: column.generated.clone(),
            identity: column.identity,
            key: None,
            at: column.at,
        };
        let made = Column { not_null: made.not_null || is_serial(&made), ..made };
        for default in column.default.iter().chain(&column.generated) {
            let calls = Self::called(default);
            relation.calls.extend(calls.iter().map(|name| self.routine_path(name)));
        }
        relation.columns.push(made);
        column.constraints.iter().find_map(|constraint| self.add_constraint(relation, path, constraint))
    }

    fn add_constraint(&mut self, relation: &mut Relation, path: &Path, constraint: &Constraint) -> Option<Outcome> {
        let mut constraint = constraint.clone();
        if constraint.name.is_none() {
            constraint.name = Some(self.constraint_name(relation, path, &constraint.kind));
        }
        let name = constraint.name.clone().unwrap_or_default();
        if relation.constraints.iter().any(|known| known.name == constraint.name) {
            return Some(Outcome::fails(
                "42710",
                format!("constraint \"{name}\" for relation \"{}\" already exists", path.1),
            ));
        }
        let missing = |relation: &Relation, columns: &[Ident]| {
            let column = columns.iter().find(|column| relation.column(column).is_none())?;
            (!relation.columns.is_empty())
                .then(|| Outcome::fails("42703", format!("column \"{column}\" named in key does not exist")))
        };
        match &mut constraint.kind {
            ConstraintKind::PrimaryKey { columns, index } => {
                if let Some(problem) = missing(relation, columns).filter(|_| index.is_none()) {
                    return Some(problem);
                }
                if relation.constraints.iter().any(|known| matches!(known.kind, ConstraintKind::PrimaryKey { .. })) {
                    return Some(Outcome::fails(
                        "42P16",
                        format!("multiple primary keys for table \"{}\" are not allowed", path.1),
                    ));
                }
                for column in &mut relation.columns {
                    column.not_null |= columns.contains(&column.name);
                }
            }
            ConstraintKind::Unique { columns, index, .. } => {
                if let Some(problem) = missing(relation, columns).filter(|_| index.is_none()) {
                    return Some(problem);
                }
            }
            ConstraintKind::ForeignKey { columns, references, .. } => {
                if let Some(problem) = missing(relation, columns) {
                    return Some(problem);
                }
                let parent = self.located(references);
                if parent != *path && !self.relations.contains_key(&parent) {
                    let problem = Outcome::fails("42P01", format!("relation \"{}\" does not exist", references.name));
                    return Some(if self.complete { problem } else { problem.perhaps() });
                }
                // The constraint goes on to mean this table, whatever the search path says later.
                *references = super::resolve::name_of(&parent);
            }
            ConstraintKind::NotNull(columns) => {
                for column in &mut relation.columns {
                    column.not_null |= columns.contains(&column.name);
                }
                return None;
            }
            ConstraintKind::Check(_) | ConstraintKind::Exclude(_) => {}
        }
        relation.constraints.push(constraint);
        None
    }

    /// The name that PostgreSQL gives (`ChooseConstraintName`, `ChooseIndexName`).
    fn constraint_name(&self, relation: &Relation, path: &Path, kind: &ConstraintKind) -> Ident {
        let (columns, suffix): (Vec<&str>, &str) = match kind {
            ConstraintKind::PrimaryKey { .. } => (Vec::new(), "pkey"),
            ConstraintKind::Unique { columns, .. } => (columns.iter().map(Ident::as_str).collect(), "key"),
            ConstraintKind::ForeignKey { columns, .. } => (columns.iter().map(Ident::as_str).collect(), "fkey"),
            ConstraintKind::Exclude(_) => (Vec::new(), "excl"),
            ConstraintKind::NotNull(columns) => (columns.iter().map(Ident::as_str).collect(), "not_null"),
            ConstraintKind::Check(expr) => {
                let mut named = column_names(expr);
                named.retain(|name| relation.column(name).is_some());
                named.sort_unstable();
                named.dedup();
                let one = if named.len() == 1 { named } else { Vec::new() };
                let owned: Vec<&str> =
                    one.iter().filter_map(|name| relation.column(name)).map(|column| column.name.as_str()).collect();
                (owned, "check")
            }
        };
        let joined = columns.join("_");
        let parts: Vec<&str> = if joined.is_empty() { vec![path.1.as_str()] } else { vec![path.1.as_str(), &joined] };
        let taken = |name: &str| {
            relation.constraints.iter().any(|known| known.name.as_deref() == Some(name))
                || (matches!(
                    kind,
                    ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } | ConstraintKind::Exclude(_)
                ) && self.relations.contains_key(&(path.0.clone(), Ident::from(name))))
        };
        free(&parts, suffix, taken)
    }

    fn free_name(&self, path: &Path, parts: &[&str], suffix: &str) -> Ident {
        free(parts, suffix, |name| self.relations.contains_key(&(path.0.clone(), Ident::from(name))))
    }

    /// The columns that a query yields, by PostgreSQL's names for them.
    fn output(&self, query: &Query) -> Vec<Ident> {
        match &query.body {
            QueryBody::Values(rows) => {
                let width = rows.first().map_or(0, Vec::len);
                (1..=width).map(|index| Ident::from(format!("column{index}"))).collect()
            }
            QueryBody::Set { left, .. } => self.output(left),
            QueryBody::Select(select) => {
                let mut names = Vec::new();
                for target in &select.targets {
                    match (&target.alias, &target.value.kind) {
                        (Some(alias), _) => names.push(alias.clone()),
                        (None, ExprKind::Star(path)) => {
                            for from in &select.from {
                                self.star(from, path.last(), query, &mut names);
                            }
                        }
                        (None, _) => names.push(figure(&target.value)),
                    }
                }
                names
            }
        }
    }

    fn star(&self, from: &From, only: Option<&Ident>, query: &Query, names: &mut Vec<Ident>) {
        match from {
            From::Relation { name, alias, columns, .. } => {
                if only.is_some_and(|only| alias.as_ref().unwrap_or(&name.name) != only) {
                    return;
                }
                let cte = query.with.iter().find(|cte| name.schema.is_none() && cte.name == name.name);
                let known = match cte {
                    Some(cte) if !cte.columns.is_empty() => cte.columns.clone(),
                    Some(cte) => match &cte.body {
                        effect::CteBody::Query(query) => self.output(query),
                        effect::CteBody::Change(_) => Vec::new(),
                    },
                    None => self.relation(name).map(Relation::column_names).unwrap_or_default(),
                };
                names.extend(renamed(known, columns));
            }
            From::Subquery { query: inner, alias, columns, .. } => {
                if only.is_none() || alias.as_ref() == only {
                    names.extend(renamed(self.output(inner), columns));
                }
            }
            From::Join { left, right, using, .. } => {
                self.star(left, only, query, names);
                let before = names.len();
                self.star(right, only, query, names);
                if only.is_none() {
                    let kept: Vec<Ident> =
                        names.split_off(before).into_iter().filter(|name| !using.contains(name)).collect();
                    names.extend(kept);
                }
            }
            From::Function { columns, .. } => names.extend(columns.iter().cloned()),
            From::Other { .. } => {}
        }
    }

    fn read(&self, relation: &mut Relation, query: &Query) {
        let (relations, functions) = Self::named(query);
        relation.reads = relations.iter().filter_map(|name| self.locate(name)).collect();
        relation.calls = functions.iter().map(|name| self.routine_path(name)).collect();
    }

    pub(super) fn routine_path(&self, name: &Name) -> Path {
        let schema = name.schema.clone().or_else(|| {
            self.path()
                .iter()
                .find(|schema| self.functions.contains_key(&((*schema).clone(), name.name.clone())))
                .cloned()
        });
        (schema.unwrap_or_else(|| Ident::new_static("pg_catalog")), name.name.clone())
    }

    fn create_view(
        &mut self,
        name: &Name,
        or_replace: bool,
        temporary: bool,
        columns: &[Ident],
        query: &Query,
        at: At,
    ) -> Outcome {
        let (relations, _) = Self::named(query);
        let missing =
            relations.iter().find(|read| self.locate(read).is_none() && !is_system(read) && !read.is_variable());
        if let Some(missing) = missing {
            let problem = Outcome::fails("42P01", format!("relation \"{missing}\" does not exist"));
            return if self.complete { problem } else { problem.perhaps() };
        }
        let mut relation = Relation::new(Kind::View, self.origin, at);
        relation.temporary = temporary;
        self.read(&mut relation, query);
        let mut names = self.output(query);
        for (slot, column) in names.iter_mut().zip(columns) {
            slot.clone_from(column);
        }
        relation.columns = names.into_iter().map(|name| bare_column(name, at)).collect();
        relation.query = Some(Arc::new(query.clone()));
        let path = self.new_path(name, temporary);
        let Some(known) = self.relations.get(&path).filter(|_| or_replace).cloned() else {
            return self.make_relation(name, false, relation);
        };
        if known.kind != Kind::View {
            return Outcome::fails("42809", format!("\"{}\" is not a view", path.1));
        }
        let certain = !known.columns.is_empty() && !relation.columns.is_empty();
        for (index, column) in known.columns.iter().enumerate().filter(|_| certain) {
            match relation.columns.get(index) {
                Some(other) if other.name == column.name => {}
                Some(other) => {
                    return Outcome::fails(
                        "42P16",
                        format!("cannot change name of view column \"{}\" to \"{}\"", column.name, other.name),
                    );
                }
                None => return Outcome::fails("42P16", "cannot drop columns from view"),
            }
        }
        if known.query == relation.query {
            return Outcome::default();
        }
        relation.origin = known.origin;
        relation.at = known.at;
        relation.triggers.clone_from(&known.triggers);
        relation.rules.clone_from(&known.rules);
        self.forget(&path, &known);
        self.index(&path, &relation);
        let key = Key::new(Kind::View, path.clone());
        self.relations.insert(path, Arc::new(relation));
        Outcome::alters(key, "query")
    }

    /// Takes a relation out of the indexes.
    pub(super) fn forget(&mut self, path: &Path, relation: &Relation) {
        for read in &relation.reads {
            if let Some(readers) = self.readers.get_mut(read) {
                readers.remove(path);
            }
        }
        for call in &relation.calls {
            if let Some(callers) = self.callers.get_mut(call) {
                callers.remove(path);
            }
        }
        for constraint in &relation.constraints {
            if let ConstraintKind::ForeignKey { references, .. } = &constraint.kind {
                let parent = self.located(references);
                if let Some(children) = self.children.get_mut(&parent) {
                    children.remove(path);
                }
            }
        }
    }

    fn create_index(&mut self, statement: &Statement) -> Outcome {
        let Act::CreateIndex { name, table, unique, if_not_exists, parts, filter, .. } = &statement.act else {
            return Outcome::default();
        };
        let Some(path) = self.locate(table) else {
            let problem = Outcome::fails("42P01", format!("relation \"{table}\" does not exist"));
            return if self.complete { problem } else { problem.perhaps() };
        };
        let columns = plain_columns(parts);
        let name = name.clone().unwrap_or_else(|| {
            let named: Vec<&str> = parts
                .iter()
                .map(|part| match part {
                    effect::IndexOf::Column(column) => column.as_str(),
                    effect::IndexOf::Expression(_) => "expr",
                })
                .collect();
            self.free_name(&path, &[path.1.as_str(), &named.join("_")], "idx")
        });
        let own = (path.0.clone(), name);
        if self.relations.contains_key(&own) {
            return if *if_not_exists {
                Outcome::skips()
            } else {
                Outcome::fails("42P07", format!("relation \"{}\" already exists", own.1))
            };
        }
        if let Some(known) = self.relations.get(&path)
            && let Some(missing) = columns.iter().flatten().find(|column| known.column(column).is_none())
            && !known.columns.is_empty()
        {
            return Outcome::fails("42703", format!("column \"{missing}\" does not exist"));
        }
        let mut relation = Relation::new(Kind::Index, self.origin, statement.at);
        relation.temporary = path.0 == "pg_temp";
        relation.table = Some(path.clone());
        relation.partial = filter.is_some() || columns.is_none();
        relation.unique = columns.filter(|_| *unique);
        if let Some(key) = relation.unique.clone().filter(|_| !relation.partial)
            && let Some(table) = self.relations.get(&path)
        {
            let mut table = Relation::clone(table);
            if let Some(first) = key.first().cloned()
                && let Some(column) = table.columns.iter_mut().find(|column| column.name == first)
            {
                column.key = Some(key);
            }
            self.relations.insert(path, Arc::new(table));
        }
        let key = Key::new(Kind::Index, own.clone());
        if let Some(table) = &relation.table {
            self.parts.entry(table.clone()).or_default().insert(own.clone());
        }
        self.relations.insert(own, Arc::new(relation));
        Outcome::makes(key)
    }

    fn create_function(&mut self, function: &Function, at: At) -> Outcome {
        let path = (function.name.schema.clone().unwrap_or_else(|| self.home()), function.name.name.clone());
        if let Some(problem) = self.missing_schema(&path.0) {
            return problem;
        }
        let arguments: Vec<Ident> = function
            .arguments
            .iter()
            .filter(|argument| argument.input)
            .map(|argument| type_name(&argument.kind))
            .collect();
        let arguments = Some(arguments);
        let key = Key { arguments: arguments.clone(), ..Key::new(Kind::Function, path.clone()) };
        let mut routines = self.functions.get(&path).map(|routines| Vec::clone(routines)).unwrap_or_default();
        let known = routines.iter().position(|routine| routine.arguments == arguments);
        let routine = Routine { function: Arc::new(function.clone()), arguments, at };
        let outcome = match known {
            Some(_) if !function.or_replace => {
                return Outcome::fails(
                    "42723",
                    format!("function \"{}\" already exists with same argument types", path.1),
                );
            }
            Some(index) => {
                let Some(slot) = routines.get_mut(index) else { return Outcome::default() };
                if slot.function.returns != function.returns {
                    return Outcome::fails("42P13", "cannot change return type of existing function");
                }
                let same = Function { or_replace: true, ..Function::clone(&slot.function) };
                if same == *function {
                    return Outcome::default();
                }
                *slot = Routine { at: slot.at, ..routine };
                Outcome::alters(key, "definition")
            }
            None => {
                routines.push(routine);
                Outcome::makes(key)
            }
        };
        self.functions.insert(path, Arc::new(routines));
        outcome
    }

    fn create_trigger(&mut self, statement: &Statement) -> Outcome {
        let Act::CreateTrigger {
            name,
            or_replace,
            table,
            timing,
            events,
            columns,
            row,
            condition,
            function,
            arguments,
            ..
        } = &statement.act
        else {
            return Outcome::default();
        };
        if self.functions(function).is_empty() && self.complete && !TRIGGER_FUNCTIONS.contains(&function.name.as_str())
        {
            return Outcome::fails("42883", format!("function {function}() does not exist"));
        }
        let called = self.routine_path(function);
        let trigger = Trigger {
            name: name.clone(),
            function: super::resolve::name_of(&called),
            events: events.clone(),
            state: effect::TriggerState::Enabled,
            instead: *timing == TriggerTiming::InsteadOf,
            arguments: arguments.clone(),
            print: print(&(timing, columns, row, condition)),
            at: statement.at,
        };
        let outcome = self.part(table, statement.at, |relation, path| {
            let key = Key { part: Some(trigger.name.clone()), ..Key::new(Kind::Trigger, path.clone()) };
            let known = relation.triggers.iter().position(|known| known.name == trigger.name);
            if let Some(index) = known {
                if !or_replace {
                    return Outcome::fails(
                        "42710",
                        format!("trigger \"{}\" for relation \"{}\" already exists", trigger.name, path.1),
                    );
                }
                let Some(slot) = relation.triggers.get_mut(index) else { return Outcome::default() };
                if *slot == trigger {
                    return Outcome::default();
                }
                *slot = trigger.clone();
                return Outcome::alters(key, "definition");
            }
            relation.triggers.push(trigger.clone());
            relation.calls.push(called.clone());
            Outcome::makes(key)
        });
        if outcome.changed {
            self.triggers.insert(name.clone());
        }
        outcome
    }

    /// Changes a relation; on a relation that is not there the statement fails.
    pub(super) fn part(&mut self, name: &Name, _: At, change: impl FnOnce(&mut Relation, &Path) -> Outcome) -> Outcome {
        let Some(path) = self.locate(name) else {
            let problem = Outcome::fails("42P01", format!("relation \"{name}\" does not exist"));
            return if self.complete { problem } else { problem.perhaps() };
        };
        let Some(known) = self.relations.get(&path).cloned() else { return Outcome::default() };
        let mut relation = Relation::clone(&known);
        let outcome = change(&mut relation, &path);
        let outcome = if known.maybe && outcome.problem.is_some() { outcome.perhaps() } else { outcome };
        if outcome.changed {
            self.forget(&path, &known);
            self.index(&path, &relation);
            self.relations.insert(path, Arc::new(relation));
        }
        outcome
    }

    fn make_other(
        &mut self,
        key: Key,
        number: u64,
        at: At,
        if_not_exists: bool,
        or_replace: bool,
        called: &str,
    ) -> Outcome {
        if let Some(known) = self.others.get(&key) {
            if if_not_exists || (or_replace && known.print == number) {
                return Outcome::skips();
            }
            if !or_replace {
                return Outcome::fails("42710", format!("{called} \"{}\" already exists", key.path.1));
            }
        }
        self.others.insert(key.clone(), Arc::new(Other { print: number, at }));
        Outcome::makes(key)
    }

    fn create_other(
        &mut self,
        object: &Object,
        if_not_exists: bool,
        or_replace: bool,
        temporary: bool,
        at: At,
    ) -> Outcome {
        match &object.kind {
            ObjectKind::Sequence | ObjectKind::ForeignTable => {
                let mut relation = Relation::new(Kind::of(&object.kind), self.origin, at);
                relation.temporary = temporary;
                self.make_relation(&object.name, if_not_exists, relation)
            }
            ObjectKind::Policy => {
                let Some(path) = self.locate(&object.name) else {
                    let problem = Outcome::fails("42P01", format!("relation \"{}\" does not exist", object.name));
                    return if self.complete { problem } else { problem.perhaps() };
                };
                let key = Key { part: object.part.clone(), ..Key::new(Kind::Policy, path) };
                if self.others.contains_key(&key) {
                    let part = object.part.clone().unwrap_or_default();
                    return Outcome::fails(
                        "42710",
                        format!("policy \"{part}\" for table \"{}\" already exists", key.path.1),
                    );
                }
                self.others.insert(key.clone(), Arc::new(Other { print: 0, at }));
                Outcome::makes(key)
            }
            kind => {
                let key = self.key_of(object);
                self.make_other(key, print(kind), at, if_not_exists, or_replace, &kind.to_string())
            }
        }
    }

    pub(super) fn key_of(&self, object: &Object) -> Key {
        let kind = Kind::of(&object.kind);
        match kind {
            _ if kind.is_relation() => {
                let path = self.located(&object.name);
                let kind = self.relations.get(&path).map_or(kind, |relation| relation.kind);
                Key::new(kind, path)
            }
            Kind::Column | Kind::Constraint | Kind::Trigger | Kind::Policy | Kind::Rule => {
                Key { part: object.part.clone(), ..Key::new(kind, self.located(&object.name)) }
            }
            Kind::Function => {
                let path = self.routine_path(&object.name);
                let arguments = object.arguments.as_ref().map(|types| types.iter().map(type_name).collect());
                Key { arguments, ..Key::new(kind, path) }
            }
            Kind::Type => {
                Key::new(kind, (object.name.schema.clone().unwrap_or_else(|| self.home()), object.name.name.clone()))
            }
            Kind::Other => {
                let named = Ident::from(format!("{} {}", object.kind, object.name));
                Key::new(kind, (Ident::default(), named))
            }
            _ => Key::new(kind, (Ident::default(), object.name.name.clone())),
        }
    }

    /// Whether the object that a statement names is there.
    pub(super) fn found(&self, object: &Object) -> Result<Key, Box<Outcome>> {
        let key = self.key_of(object);
        let there = match key.kind {
            Kind::Function => match &key.arguments {
                Some(_) => self.contains(&key),
                None => self.functions.contains_key(&key.path),
            },
            Kind::Role | Kind::Other => true,
            _ => self.contains(&key) || is_system(&object.name),
        };
        if there {
            return Ok(key);
        }
        let state = if key.kind.is_relation() {
            "42P01"
        } else if key.kind == Kind::Function {
            "42883"
        } else {
            "42704"
        };
        let message = match &object.part {
            Some(part) => format!("{} \"{part}\" for table \"{}\" does not exist", key.kind, object.name.name),
            None if key.kind.is_relation() => format!("relation \"{}\" does not exist", object.name),
            None => format!("{} \"{}\" does not exist", key.kind, object.name),
        };
        let problem = Outcome::fails(state, message);
        Err(Box::new(if self.complete { problem } else { problem.perhaps() }))
    }

    fn alter_table(
        &mut self,
        kind: &ObjectKind,
        name: &Name,
        if_exists: bool,
        actions: &[AlterAction],
        at: At,
    ) -> Outcome {
        let Some(path) = self.locate(name) else {
            if if_exists {
                return Outcome::skips();
            }
            if matches!(kind, ObjectKind::Type | ObjectKind::Domain) {
                return Outcome { changed: true, ..Outcome::default() };
            }
            let problem = Outcome::fails("42P01", format!("relation \"{name}\" does not exist"));
            return if self.complete { problem } else { problem.perhaps() };
        };
        let before = self.clone();
        let mut all = Outcome::default();
        for action in actions {
            let outcome = self.alter(&path, action, at);
            if outcome.problem.is_some() {
                *self = before;
                return outcome;
            }
            all.skipped |= outcome.skipped;
            all.changed |= outcome.changed;
            all.made.extend(outcome.made);
            all.dropped.extend(outcome.dropped);
            all.altered.extend(outcome.altered);
        }
        all
    }

    fn alter(&mut self, path: &Path, action: &AlterAction, at: At) -> Outcome {
        let name = super::resolve::name_of(path);
        let key = Key::new(self.relations.get(path).map_or(Kind::Table, |relation| relation.kind), path.clone());
        let column_key = |column: &Ident| Key { part: Some(column.clone()), ..Key::new(Kind::Column, path.clone()) };
        let constraint_key =
            |part: &Ident| Key { part: Some(part.clone()), ..Key::new(Kind::Constraint, path.clone()) };
        match action {
            AlterAction::AddColumn { if_not_exists, column } => {
                let Some(known) = self.relations.get(path).cloned() else { return Outcome::default() };
                if known.column(&column.name).is_some() {
                    return if *if_not_exists {
                        Outcome::skips()
                    } else {
                        Outcome::fails(
                            "42701",
                            format!("column \"{}\" of relation \"{}\" already exists", column.name, path.1),
                        )
                    };
                }
                let mut relation = Relation::clone(&known);
                if let Some(problem) = self.add_column(&mut relation, path, column) {
                    return problem;
                }
                self.index(path, &relation);
                self.relations.insert(path.clone(), Arc::new(relation));
                Outcome::makes(column_key(&column.name))
            }
            AlterAction::DropColumn { if_exists, name: column, cascade } => {
                self.drop_column(path, column, *if_exists, *cascade)
            }
            AlterAction::ColumnType { column, to, .. } => self.part(&name, at, |relation, path| {
                match relation.columns.iter_mut().find(|known| known.name == *column) {
                    Some(known) => {
                        let same = known.kind.as_ref() == Some(to);
                        known.kind = Some(to.clone());
                        if same { Outcome::default() } else { Outcome::alters(column_key(column), "type") }
                    }
                    None => no_column(column, path),
                }
            }),
            AlterAction::ColumnDefault { column, value } => self.part(&name, at, |relation, path| {
                match relation.columns.iter_mut().find(|known| known.name == *column) {
                    Some(known) if known.default == *value => Outcome::default(),
                    Some(known) => {
                        known.default.clone_from(value);
                        Outcome::alters(column_key(column), "default")
                    }
                    None => no_column(column, path),
                }
            }),
            AlterAction::ColumnNotNull { column, set } => self.part(&name, at, |relation, path| {
                match relation.columns.iter_mut().find(|known| known.name == *column) {
                    Some(known) if known.not_null == *set => Outcome::default(),
                    Some(known) => {
                        known.not_null = *set;
                        Outcome::alters(column_key(column), "not null")
                    }
                    None => no_column(column, path),
                }
            }),
            AlterAction::AddConstraint(constraint) => {
                let Some(known) = self.relations.get(path).cloned() else { return Outcome::default() };
                let mut relation = Relation::clone(&known);
                if let Some(problem) = self.add_constraint(&mut relation, path, constraint) {
                    return problem;
                }
                let made = relation.constraints.last().and_then(|made| made.name.clone()).unwrap_or_default();
                self.index(path, &relation);
                self.relations.insert(path.clone(), Arc::new(relation));
                Outcome::makes(constraint_key(&made))
            }
            AlterAction::DropConstraint { if_exists, name: constraint, cascade } => {
                self.drop_constraint(path, constraint, *if_exists, *cascade)
            }
            AlterAction::ValidateConstraint(constraint) => self.part(&name, at, |relation, _| {
                match relation.constraints.iter_mut().find(|known| known.name.as_ref() == Some(constraint)) {
                    Some(known) if !known.not_valid => Outcome::default(),
                    Some(known) => {
                        known.not_valid = false;
                        Outcome::alters(constraint_key(constraint), "valid")
                    }
                    None => Outcome::fails(
                        "42704",
                        format!("constraint \"{constraint}\" of relation \"{}\" does not exist", path.1),
                    ),
                }
            }),
            AlterAction::Trigger { name: trigger, state } => self.part(&name, at, |relation, path| {
                let mut found = trigger.is_none();
                let mut changed = false;
                for known in &mut relation.triggers {
                    if trigger.as_ref().is_none_or(|trigger| *trigger == known.name) {
                        found = true;
                        changed |= known.state != *state;
                        known.state = *state;
                    }
                }
                if !found {
                    let trigger = trigger.clone().unwrap_or_default();
                    return Outcome::fails(
                        "42704",
                        format!("trigger \"{trigger}\" for table \"{}\" does not exist", path.1),
                    );
                }
                if changed { Outcome::alters(key.clone(), "triggers") } else { Outcome::default() }
            }),
            AlterAction::RowSecurity(words) => self.part(&name, at, |relation, _| {
                let (on, flag) = match words.as_str() {
                    "enable row level security" => (true, "row level security"),
                    "disable row level security" => (false, "row level security"),
                    "force row level security" => (true, "forced row level security"),
                    _ => (false, "forced row level security"),
                };
                let flag = Ident::new_static(flag);
                let known = relation.security.contains(&flag);
                if known == on {
                    return Outcome::default();
                }
                if on {
                    relation.security.push(flag);
                } else {
                    relation.security.retain(|known| *known != flag);
                }
                Outcome::alters(key.clone(), "row security")
            }),
            AlterAction::Owner(_) => Outcome::alters(key, "owner"),
            AlterAction::Attach(part)
            | AlterAction::Detach { name: part, .. }
            | AlterAction::Inherit { parent: part, .. } => {
                if self.locate(part).is_none() && self.complete {
                    return Outcome::fails("42P01", format!("relation \"{part}\" does not exist"));
                }
                Outcome::alters(key, "inheritance")
            }
            AlterAction::Other { .. } => Outcome::alters(key, "options"),
        }
    }

    fn alter_other(
        &mut self,
        object: &Object,
        what: &Ident,
        if_exists: bool,
        value: Option<&Ident>,
        at: At,
    ) -> Outcome {
        let key = match self.found(object) {
            Ok(key) => key,
            Err(_) if if_exists && what != "add value" => return Outcome::skips(),
            Err(problem) => return *problem,
        };
        if what == "add value" {
            let label = Key { part: value.cloned(), ..Key::new(Kind::Other, key.path.clone()) };
            if self.others.contains_key(&label) {
                return if if_exists {
                    Outcome::skips()
                } else {
                    let label = value.cloned().unwrap_or_default();
                    Outcome::fails("42710", format!("enum label \"{label}\" already exists"))
                };
            }
            self.others.insert(label.clone(), Arc::new(Other { print: 0, at }));
            return Outcome::makes(label);
        }
        Outcome::alters(key, "options")
    }

    fn comment(&mut self, object: &Object, text: Option<&Ident>, at: At) -> Outcome {
        let named = match self.found(object) {
            Ok(key) => key,
            Err(problem) => return *problem,
        };
        let part = Ident::from(format!(
            "on {}{}",
            named.kind,
            named.part.as_ref().map_or(String::new(), |part| format!(" {part}"))
        ));
        let mut key = Key { part: Some(part), ..Key::new(Kind::Comment, named.path.clone()) };
        key.arguments.clone_from(&named.arguments);
        match text {
            None => {
                let known = self.others.remove(&key).is_some();
                Outcome { changed: known, ..Outcome::default() }
            }
            Some(text) => {
                let number = print(text);
                if self.others.get(&key).is_some_and(|known| known.print == number) {
                    return Outcome::default();
                }
                self.others.insert(key, Arc::new(Other { print: number, at }));
                Outcome::alters(named, "comment")
            }
        }
    }

    fn rename(&mut self, object: &Object, part: Option<&Ident>, to: &Ident, if_exists: bool) -> Outcome {
        if let Some(part) = part {
            let part = part.clone();
            let outcome = self.part(&object.name, object.name.at, |relation, path| {
                if let Some(column) = relation.columns.iter_mut().find(|column| column.name == part) {
                    column.name = to.clone();
                    return Outcome::alters(
                        Key { part: Some(to.clone()), ..Key::new(Kind::Column, path.clone()) },
                        "name",
                    );
                }
                if let Some(constraint) =
                    relation.constraints.iter_mut().find(|known| known.name.as_ref() == Some(&part))
                {
                    constraint.name = Some(to.clone());
                    return Outcome::alters(
                        Key { part: Some(to.clone()), ..Key::new(Kind::Constraint, path.clone()) },
                        "name",
                    );
                }
                no_column(&part, path)
            });
            return if if_exists && outcome.problem.is_some() { Outcome::skips() } else { outcome };
        }
        let key = match self.found(object) {
            Ok(key) => key,
            Err(_) if if_exists => return Outcome::skips(),
            Err(problem) => return *problem,
        };
        if key.kind.is_relation() {
            return self.move_relation(&key, (key.path.0.clone(), to.clone()));
        }
        match key.kind {
            Kind::Trigger => self.part(&object.name, object.name.at, |relation, _| {
                for trigger in &mut relation.triggers {
                    if Some(&trigger.name) == object.part.as_ref() {
                        trigger.name = to.clone();
                    }
                }
                Outcome::alters(key.clone(), "name")
            }),
            Kind::Function => {
                if let Some(routines) = self.functions.remove(&key.path) {
                    self.functions.insert((key.path.0.clone(), to.clone()), routines);
                }
                Outcome::alters(key, "name")
            }
            _ => {
                if let Some(known) = self.others.remove(&key) {
                    let moved = Key { path: (key.path.0.clone(), to.clone()), ..key.clone() };
                    self.others.insert(moved, known);
                }
                Outcome::alters(key, "name")
            }
        }
    }

    fn set_schema(&mut self, object: &Object, to: &Ident, if_exists: bool) -> Outcome {
        if let Some(problem) = self.missing_schema(to) {
            return problem;
        }
        match self.found(object) {
            Ok(key) if key.kind.is_relation() => self.move_relation(&key, (to.clone(), key.path.1.clone())),
            Ok(key) => {
                if let Some(routines) = self.functions.remove(&key.path) {
                    self.functions.insert((to.clone(), key.path.1.clone()), routines);
                }
                Outcome::alters(key, "schema")
            }
            Err(_) if if_exists => Outcome::skips(),
            Err(problem) => *problem,
        }
    }

    /// Gives a relation another name; whatever refers to it goes on to do so.
    fn move_relation(&mut self, key: &Key, to: Path) -> Outcome {
        if self.relations.contains_key(&to) {
            return Outcome::fails("42P07", format!("relation \"{}\" already exists", to.1));
        }
        let Some(relation) = self.relations.remove(&key.path) else { return Outcome::default() };
        self.forget(&key.path, &relation);
        self.index(&to, &relation);
        self.relations.insert(to.clone(), relation);
        let readers = self.readers.remove(&key.path).unwrap_or_default();
        let children = self.children.remove(&key.path).unwrap_or_default();
        for path in readers.iter().chain(&children) {
            if let Some(known) = self.relations.get(path) {
                let mut changed = Relation::clone(known);
                for read in &mut changed.reads {
                    if *read == key.path {
                        read.clone_from(&to);
                    }
                }
                for constraint in &mut changed.constraints {
                    if let ConstraintKind::ForeignKey { references, .. } = &mut constraint.kind
                        && references.schema.as_ref() == Some(&key.path.0)
                        && references.name == key.path.1
                    {
                        *references = super::resolve::name_of(&to);
                    }
                }
                self.relations.insert(path.clone(), Arc::new(changed));
            }
        }
        self.readers.insert(to.clone(), readers);
        if let Some(parts) = self.parts.remove(&key.path) {
            for part in &parts {
                if let Some(known) = self.relations.get(part) {
                    let moved = Relation { table: Some(to.clone()), ..Relation::clone(known) };
                    self.relations.insert(part.clone(), Arc::new(moved));
                }
            }
            self.parts.insert(to.clone(), parts);
        }
        self.children.insert(to.clone(), children);
        let moved = Key { path: to, ..key.clone() };
        let mut outcome = Outcome::makes(moved);
        outcome.dropped.push(super::Dropped { key: key.clone(), cascade_from: None });
        outcome
    }
}

fn no_column(column: &Ident, path: &Path) -> Outcome {
    Outcome::fails("42703", format!("column \"{column}\" of relation \"{}\" does not exist", path.1))
}

fn bare_column(name: Ident, at: At) -> Column {
    Column { name, kind: None, not_null: false, default: None, generated: None, identity: false, key: None, at }
}

fn is_serial(column: &Column) -> bool {
    column.kind.as_ref().is_some_and(|kind| {
        matches!(kind.name.name.as_str(), "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2")
    })
}

fn is_system(name: &Name) -> bool {
    match name.schema.as_deref() {
        Some(schema) => schema == "pg_catalog" || schema == "information_schema",
        None => name.name.starts_with("pg_"),
    }
}

pub(super) fn type_name(kind: &effect::Type) -> Ident {
    let array = if kind.array { "[]" } else { "" };
    Ident::from(format!("{}{array}", kind.name.name))
}

fn renamed(mut names: Vec<Ident>, aliases: &[Ident]) -> Vec<Ident> {
    for (name, alias) in names.iter_mut().zip(aliases) {
        name.clone_from(alias);
    }
    names
}

/// PostgreSQL's `FigureColname`.
fn figure(expr: &Expr) -> Ident {
    fn strong(expr: &Expr) -> Option<(Ident, bool)> {
        match &expr.kind {
            ExprKind::Column(path) => path.last().map(|name| (name.clone(), true)),
            ExprKind::Field { field, .. } => Some((field.clone(), true)),
            ExprKind::Index { operand, .. } => strong(operand),
            ExprKind::Call { function, .. } => Some((function.name.clone(), true)),
            ExprKind::Coalesce(_) => Some((Ident::new_static("coalesce"), true)),
            ExprKind::Array(_) => Some((Ident::new_static("array"), true)),
            ExprKind::Row(_) => Some((Ident::new_static("row"), true)),
            ExprKind::Cast { operand, to } => match strong(operand) {
                Some((name, true)) => Some((name, true)),
                _ => Some((to.name.name.clone(), false)),
            },
            ExprKind::Case { otherwise, .. } => match otherwise.as_deref().and_then(strong) {
                Some((name, true)) => Some((name, true)),
                _ => Some((Ident::new_static("case"), false)),
            },
            ExprKind::Subquery { kind, query } => match kind {
                effect::SubqueryKind::Exists => Some((Ident::new_static("exists"), true)),
                effect::SubqueryKind::Array => Some((Ident::new_static("array"), true)),
                effect::SubqueryKind::Scalar => match &query.body {
                    QueryBody::Select(select) => select.targets.first().and_then(|target| match &target.alias {
                        Some(alias) => Some((alias.clone(), true)),
                        None => strong(&target.value),
                    }),
                    _ => None,
                },
                _ => None,
            },
            ExprKind::Other { what, parts } if what == "collate" => parts.first().and_then(strong),
            _ => None,
        }
    }
    strong(expr).map_or(Ident::new_static("?column?"), |(name, _)| name)
}

fn column_names(expr: &Expr) -> Vec<Ident> {
    struct Columns(Vec<Ident>);
    impl<'a> effect::Visit<'a> for Columns {
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Column(path) = &expr.kind {
                self.0.extend(path.last().cloned());
            }
            effect::walk_expr(self, expr);
        }
    }
    let mut columns = Columns(Vec::new());
    effect::Visit::expr(&mut columns, expr);
    columns.0
}

/// PostgreSQL's `makeObjectName`, and a number behind it until the name is free.
fn free(parts: &[&str], suffix: &str, taken: impl Fn(&str) -> bool) -> Ident {
    let mut pass = 0;
    loop {
        let label = if pass == 0 { suffix.to_owned() } else { format!("{suffix}{pass}") };
        let mut first = parts.first().copied().unwrap_or_default().to_owned();
        let mut second = parts.get(1).copied().unwrap_or_default().to_owned();
        let overhead = 1 + label.len() + usize::from(!second.is_empty());
        while first.len() + second.len() > NAME_LIMIT - overhead.min(NAME_LIMIT) {
            // The longer of the two gives way.
            if first.len() > second.len() {
                first.pop()
            } else {
                second.pop()
            };
        }
        let name = if second.is_empty() { format!("{first}_{label}") } else { format!("{first}_{second}_{label}") };
        if !taken(&name) {
            return Ident::from(name);
        }
        pass += 1;
    }
}

//! Functions, and what calls them by itself: triggers, rules and policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::object::{ColumnType, Detail, Id, Kind, Object, Policy, Presence, Routine, Rule, Trigger, UserType};
use super::query::{Reader, resolve_type};
use super::store::{Class, Found, Link, Ref};
use super::{Done, Problem, Variables, Work, body};
use crate::effect::{
    Act, At, Body, Expr, ExprKind, Function, Ident, Name, Object as Named, ObjectKind, Properties, Query, Statement,
    TriggerState, TriggerTiming, Type,
};

impl Work<'_> {
    pub(super) fn create_function(&mut self, written: &Function) -> Done {
        let name = &written.name;
        let schema = self.schema_for(name, false)?;
        if !matches!(written.language.as_str(), "sql" | "plpgsql" | "c" | "internal")
            && !self.state.has_extension
            && self.state.lookup_other("language", 0, &written.language).is_none()
        {
            let message = format!("language \"{}\" does not exist", written.language);
            self.absent(Problem::new("42704", message, name.at))?;
        }
        let mut inputs = Vec::new();
        let mut input_names = Vec::new();
        let mut outputs = Vec::new();
        let mut defaults = 0;
        for argument in &written.arguments {
            let kind = self.routine_type(&argument.kind).map_err(|problem| Problem {
                // Of an argument PostgreSQL writes the type without quotes.
                message: problem.message.replace('"', ""),
                ..problem
            })?;
            if argument.input {
                inputs.push(kind.clone());
                input_names.push(argument.name.clone());
                defaults += usize::from(argument.default.is_some());
                if defaults > 0 && argument.default.is_none() {
                    let message = "input parameters after one with a default value must also have defaults".to_owned();
                    return Err(Problem::new("42P13", message, name.at));
                }
            }
            if argument.output {
                outputs.push((argument.name.clone(), kind));
            }
        }
        let returns = match &written.returns {
            Some(returns) => {
                self.announce_type(&written.language, returns)?;
                Some(self.routine_type(returns)?)
            }
            None if written.procedure => None,
            None => match outputs.as_slice() {
                [(_, one)] => Some(one.clone()),
                [] => None,
                _ => Some(ColumnType::built_in("record")),
            },
        };
        let kind = if written.procedure { Kind::Procedure } else { Kind::Function };
        if kind == Kind::Function && returns.is_none() {
            return Err(Problem::new("42P13", "function result type must be specified".to_owned(), name.at));
        }
        let routine = Routine {
            inputs,
            input_names,
            defaults,
            // Which argument is variadic is not told; an array at the end may be.
            variadic: false,
            outputs,
            returns,
            returns_set: written.returns.as_ref().is_some_and(|returns| returns.set),
            language: written.language.clone(),
            touches: body::touches(&written.body),
            // Whether it was to replace another is of no account later.
            function: Arc::new(Function { or_replace: true, ..written.clone() }),
            definer: written.definer,
            reads_only: written.reads_only,
            strict: written.strict,
            settings: written.settings.clone(),
        };
        let known = self.state.routine(schema, &name.name, &routine.inputs);
        if let Some(known) = known {
            match self.may_replace(known, &kind, &routine, written) {
                // Arguments of types that are not known may be of other ones.
                Err(problem) if self.state.is_maybe((known, 0)) || routine.inputs.contains(&ColumnType::Unsaid) => {
                    self.may_fail(problem);
                }
                other => other?,
            }
        }
        self.check_body(written, &routine)?;
        match known {
            Some(id) => {
                let before = self.state.get(id).map(|object| (object.detail.clone(), object.presence));
                self.state.unlink_range((id, 0), (id, 0));
                self.state.link((id, 0), (schema, 0), Link::Normal);
                if let Some(object) = self.state.edit(id) {
                    object.detail = Detail::Routine(routine);
                    object.presence = Presence::Yes;
                }
                let after = self.state.get(id).map(|object| (object.detail.clone(), object.presence));
                self.link_routine(id, written);
                if before != after {
                    self.altered((id, 0), "replaced");
                }
                self.describe(id, &written.properties);
            }
            None => {
                let object = self.new_object(kind, name.name.clone(), schema).with(Detail::Routine(routine));
                let id = self.insert_in_schema(object);
                self.link_routine(id, written);
                self.describe(id, &written.properties);
            }
        }
        Ok(())
    }

    /// A type that is not there is announced by what returns it and is not written in SQL.
    fn announce_type(&mut self, language: &str, returns: &Type) -> Done {
        let is_missing = match self.state.find(Class::Type, &returns.name) {
            Found::Missing => !crate::builtin::is_type(&returns.name.name) && !returns.array,
            _ => false,
        };
        let is_announced = is_missing && self.complete && !self.state.has_extension;
        if !is_announced
            || !matches!(language, "c" | "internal")
            || !matches!(resolve_type(self.state, returns), Err(problem) if problem.sqlstate == "42704")
        {
            return Ok(());
        }
        let schema = self.schema_for(&returns.name, false)?;
        let made = self.new_object(Kind::Type, returns.name.name.clone(), schema);
        self.insert_in_schema(made.with(Detail::Type(UserType::default())));
        Ok(())
    }

    fn routine_type(&mut self, written: &Type) -> Result<ColumnType, Problem> {
        let kind = self.written_type(written)?;
        // A routine does not keep the modifiers of its types.
        Ok(match kind {
            ColumnType::BuiltIn { name, array, .. } => ColumnType::BuiltIn { name, modifiers: Ident::default(), array },
            other => other,
        })
    }

    fn may_replace(&self, known: Id, kind: &Kind, routine: &Routine, written: &Function) -> Done {
        let Some(object) = self.state.get(known) else { return Ok(()) };
        let name = &written.name;
        let key = self.state.key((known, 0));
        let refuse = |code, message: String| Err(Problem::new(code, message, name.at).on(key.clone()));
        if !written.or_replace {
            let message = format!("function \"{}\" already exists with same argument types", name.name);
            return refuse("42723", message);
        }
        if object.kind != *kind {
            return refuse("42809", "cannot change routine kind".to_owned());
        }
        let Some(old) = object.routine() else { return Ok(()) };
        let is_same = old.returns == routine.returns && old.returns_set == routine.returns_set;
        let same_outputs = old.outputs.iter().map(|(_, kind)| kind).eq(routine.outputs.iter().map(|(_, kind)| kind));
        if !is_same || !same_outputs {
            return refuse("42P13", "cannot change return type of existing function".to_owned());
        }
        if old.outputs.iter().map(|(name, _)| name).ne(routine.outputs.iter().map(|(name, _)| name)) {
            return refuse("42P13", "cannot change return type of existing function".to_owned());
        }
        for (before, after) in old.input_names.iter().zip(&routine.input_names) {
            if let Some(before) = before
                && after.as_ref() != Some(before)
            {
                return refuse("42P13", format!("cannot change name of input parameter \"{before}\""));
            }
        }
        if old.defaults > routine.defaults {
            return refuse("42P13", "cannot remove parameter defaults from existing function".to_owned());
        }
        Ok(())
    }

    /// PostgreSQL reads a body in SQL when it is created; what a string names is not kept.
    fn check_body(&mut self, written: &Function, routine: &Routine) -> Done {
        if !matches!(written.body, Body::Sql(_)) || !written.atomic && !self.state.settings.check_bodies {
            return Ok(());
        }
        let names = routine.touches.reads.iter().chain(&routine.touches.writes);
        for name in names.cloned().collect::<Vec<_>>() {
            if !name.is_variable()
                && let Err(problem) = self.opened(&name)
            {
                self.absent(problem)?;
            }
        }
        Ok(())
    }

    fn link_routine(&mut self, id: Id, written: &Function) {
        let Some(routine) = self.state.get(id).and_then(Object::routine).cloned() else { return };
        let kinds = routine.inputs.iter().chain(&routine.returns).chain(routine.outputs.iter().map(|(_, kind)| kind));
        let types: Vec<Id> = kinds.filter_map(ColumnType::user).collect();
        types.into_iter().for_each(|kind| self.state.link((id, 0), (kind, 0), Link::Normal));
        let mut uses = Vec::new();
        {
            let mut reader = Reader::new(self.state).with(Variables::Any);
            written.arguments.iter().filter_map(|argument| argument.default.as_ref()).for_each(|value| {
                reader.expr(value);
            });
            if let (true, Body::Sql(statements)) = (written.atomic, &written.body) {
                for statement in statements {
                    if let Act::Select(query) = &statement.act {
                        reader.query(query);
                    }
                }
            }
            uses.extend(reader.uses);
        }
        if written.atomic {
            let changed: Vec<Name> = routine.touches.writes.iter().cloned().collect();
            for name in changed {
                if let Found::Object(table) = self.state.find(Class::Relation, &name) {
                    uses.push(((table, 0), Link::Normal));
                }
            }
        }
        for (to, link) in uses {
            if to.0 != id {
                self.state.link((id, 0), to, link);
            }
        }
    }

    /// The one routine that a statement names; nothing for one that may be PostgreSQL's or
    /// an extension's.
    pub(super) fn routine(&mut self, object: &Named) -> Result<Option<Id>, Problem> {
        let name = &object.name;
        if let Some(schema) = &name.schema
            && self.state.schema(schema).is_none()
        {
            return Err(Problem::missing_schema(schema, name.at));
        }
        let fits = |found: &Object| match object.kind {
            ObjectKind::Function => found.kind != Kind::Procedure,
            ObjectKind::Procedure => found.kind == Kind::Procedure,
            ObjectKind::Aggregate => found.kind == Kind::Aggregate,
            _ => true,
        };
        let candidates = self.state.find_routines(name);
        let what = match object.kind {
            ObjectKind::Procedure => "procedure",
            ObjectKind::Routine => "routine",
            ObjectKind::Aggregate => "aggregate",
            _ => "function",
        };
        let found = match &object.arguments {
            None => {
                let right: Vec<Id> =
                    candidates.iter().copied().filter(|id| self.state.get(*id).is_some_and(fits)).collect();
                match right.as_slice() {
                    [one] => *one,
                    [] => {
                        let message = format!("could not find a {what} named \"{name}\"");
                        return self.absent_routine(Problem::new("42883", message, name.at));
                    }
                    _ => {
                        let message = format!("{what} name \"{name}\" is not unique");
                        return Err(Problem::new("42725", message, name.at));
                    }
                }
            }
            Some(arguments) => {
                let kinds: Vec<ColumnType> =
                    arguments.iter().map(|kind| self.routine_type(kind)).collect::<Result<_, _>>()?;
                let same = candidates.iter().copied().find(|id| {
                    self.state.get(*id).and_then(Object::routine).is_some_and(|routine| routine.inputs == kinds)
                });
                match same {
                    Some(one) => one,
                    None => {
                        let texts: Vec<String> = kinds.iter().map(|kind| self.state.short_type_text(kind)).collect();
                        let message = format!("{what} {name}({}) does not exist", texts.join(", "));
                        return self.absent_routine(Problem::new("42883", message, name.at));
                    }
                }
            }
        };
        if let Some(routine) = self.state.get(found)
            && !fits(routine)
        {
            let text = self.state.routine_text(found).replace(',', ", ");
            let message = format!("{text} is not a {what}");
            return Err(Problem::new("42809", message, name.at).on(self.state.key((found, 0))));
        }
        self.doubt(found, || Problem::new("42883", format!("{what} {name} does not exist"), name.at));
        Ok(Some(found))
    }

    /// Whether it is an aggregate of the catalog, and no routine.
    pub(super) fn is_aggregate(&self, object: &Named) -> bool {
        self.state.find_routines(&object.name).is_empty()
            && self.state.lookup_other("aggregate", 0, &object.name.name).is_some()
    }

    fn absent_routine(&mut self, problem: Problem) -> Result<Option<Id>, Problem> {
        if self.state.has_extension {
            self.may_fail(problem);
            return Ok(None);
        }
        Err(problem)
    }

    // Triggers

    pub(super) fn create_trigger(&mut self, act: &Act) -> Done {
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
            constraint,
            properties,
        } = act
        else {
            return Ok(());
        };
        let Some(id) = self.opened(table)? else { return Ok(()) };
        self.check_trigger_table(id, table, *timing, *row)?;
        let mut numbers = Vec::new();
        for column in columns {
            numbers.extend(self.column(id, column, table.at)?);
        }
        let called = self.trigger_function(function)?;
        let mut uses = Vec::new();
        if let Some(condition) = condition {
            let mut reader = Reader::new(self.state);
            reader.see_columns("", &[], true);
            reader.see(id, Some("old"));
            reader.see(id, Some("new"));
            reader.expr(condition);
            uses.extend(reader.uses.iter().copied());
            let findings = reader.findings;
            self.settle(findings)?;
        }
        let detail = Trigger {
            timing: *timing,
            events: events.to_vec(),
            columns: numbers.clone(),
            row: *row,
            condition: condition.as_ref().map(|condition| Arc::new(Expr::clone(condition))),
            function: called,
            written: Name::clone(function),
            arguments: arguments.to_vec(),
            state: TriggerState::Enabled,
        };
        let known = self.state.lookup(Class::Trigger, id, name);
        if let Some(known) = known {
            let maybe = self.state.get(known).is_some_and(|object| object.presence == Presence::Maybe);
            if !or_replace {
                let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
                let message = format!("trigger \"{name}\" for relation \"{table}\" already exists");
                let problem = Problem::new("42710", message, self.at).on(self.state.key((known, 0)));
                if !maybe {
                    return Err(problem);
                }
                self.may_fail(problem);
            }
            let before = self.state.get(known).map(|object| object.detail.clone());
            let after = Detail::Trigger(detail);
            self.state.unlink_range((known, 0), (known, 0));
            if before.as_ref() != Some(&after) || maybe {
                self.altered((known, 0), "replaced");
            }
            if let Some(object) = self.state.edit(known) {
                object.detail = after;
                object.presence = Presence::Yes;
            }
            self.describe(known, properties);
            self.link_trigger(known, id, called, &numbers, &uses);
            return Ok(());
        }
        if *constraint {
            self.check_constraint_name(id, name, self.at)?;
        }
        let object = self.new_object(Kind::Trigger, name.clone(), id).with(Detail::Trigger(detail));
        let made = self.state.insert(object);
        self.made(made);
        self.describe(made, properties);
        self.link_trigger(made, id, called, &numbers, &uses);
        if *row && self.state.relation(id).is_some_and(|relation| relation.partitioned) {
            for child in self.state.inheritors(id) {
                self.copy_trigger(made, id, child);
            }
        }
        Ok(())
    }

    /// A partition gets the row triggers of its parent.
    pub(super) fn copy_trigger(&mut self, trigger: Id, parent: Id, child: Id) {
        let Some(object) = self.state.get(trigger) else { return };
        let Some(source) = object.trigger().cloned() else { return };
        if !source.row || self.state.lookup(Class::Trigger, child, &object.name).is_some() {
            return;
        }
        let name = object.name.clone();
        let columns = self.same_columns(parent, child, &source.columns);
        let called = source.function;
        let detail = Detail::Trigger(Trigger { columns: columns.clone(), ..source });
        let object = self.new_object(Kind::Trigger, name, child).with(detail);
        let made = self.state.insert(object);
        self.made(made);
        self.link_trigger(made, child, called, &columns, &[]);
        self.state.link((made, 0), (trigger, 0), Link::Internal);
    }

    fn link_trigger(&mut self, id: Id, table: Id, function: Id, columns: &[u16], uses: &[(Ref, Link)]) {
        self.state.link((id, 0), (table, 0), Link::Auto);
        self.state.link((id, 0), (function, 0), Link::Normal);
        columns.iter().for_each(|column| self.state.link((id, 0), (table, *column), Link::Normal));
        for (to, link) in uses {
            if *to != (table, 0) {
                self.state.link((id, 0), *to, *link);
            }
        }
    }

    fn check_trigger_table(&self, id: Id, table: &Name, timing: TriggerTiming, row: bool) -> Done {
        self.check_rows(id, table)?;
        let Some(object) = self.state.get(id) else { return Ok(()) };
        let refuse = |message: String| Err(Problem::new("42809", message, table.at));
        match object.kind {
            Kind::Table if timing == TriggerTiming::InsteadOf => refuse(format!("\"{}\" is a table", table.name)),
            Kind::View if timing != TriggerTiming::InsteadOf && row => refuse(format!("\"{}\" is a view", table.name)),
            Kind::Table | Kind::View | Kind::ForeignTable => Ok(()),
            _ => refuse(format!("relation \"{}\" cannot have triggers", table.name)),
        }
    }

    /// The function of a trigger; 0 where it is not known.
    fn trigger_function(&mut self, name: &Name) -> Result<Id, Problem> {
        let candidates = self.state.find_routines(name);
        let found = candidates
            .into_iter()
            .find(|id| self.state.get(*id).and_then(Object::routine).is_some_and(|routine| routine.inputs.is_empty()));
        let Some(id) = found else {
            let is_pg = matches!(
                name.name.as_str(),
                "tsvector_update_trigger" | "suppress_redundant_updates_trigger" | "tsvector_update_trigger_column"
            );
            if is_pg || self.state.has_extension {
                return Ok(0);
            }
            let problem = match &name.schema {
                Some(schema) if self.state.schema(schema).is_none() => Problem::missing_schema(schema, name.at),
                _ => Problem::new("42883", format!("function {name}() does not exist"), name.at),
            };
            return self.absent(problem).map(|()| 0);
        };
        self.doubt(id, || Problem::new("42883", format!("function {name}() does not exist"), name.at));
        let returns = self.state.get(id).and_then(Object::routine).and_then(|routine| routine.returns.clone());
        if returns.as_ref().and_then(ColumnType::scalar).is_some_and(|kind| kind != "trigger") {
            let message = format!("function {} must return type trigger", name.name);
            return Err(Problem::new("42P17", message, name.at));
        }
        Ok(id)
    }

    // Rules and policies

    pub(super) fn create_rule(&mut self, act: &Act) -> Done {
        let Act::CreateRule { name, or_replace, table, event, instead, condition, actions } = act else {
            return Ok(());
        };
        let Some(id) = self.opened(table)? else { return Ok(()) };
        let Some(object) = self.state.get(id) else { return Ok(()) };
        if !matches!(object.kind, Kind::Table | Kind::View) {
            let message = format!("relation \"{}\" cannot have rules", table.name);
            return Err(Problem::new("42809", message, table.at));
        }
        if event == "select" {
            self.blur("a rule ON SELECT makes a table a view");
            return match actions.as_slice() {
                [Statement { act: Act::Select(query), .. }] if name == "_RETURN" => self.become_view(id, query),
                _ => Ok(()),
            };
        }
        let touches = body::touches_of(actions);
        let names: Vec<Name> = touches.reads.iter().chain(&touches.writes).cloned().collect();
        let mut uses = Vec::new();
        for name in names {
            if name.schema.is_none() && matches!(name.name.as_str(), "old" | "new") {
                continue;
            }
            match self.opened(&name) {
                Ok(Some(read)) => uses.push((read, 0)),
                Ok(None) => {}
                Err(problem) => self.absent(problem)?,
            }
        }
        if let Some(condition) = condition {
            let mut reader = Reader::new(self.state).with(Variables::Any);
            reader.see_columns("", &[], true);
            reader.see(id, Some("old"));
            reader.see(id, Some("new"));
            reader.expr(condition);
            uses.extend(reader.uses.iter().map(|(to, _)| *to));
        }
        let detail = Detail::Rule(Rule {
            event: event.clone(),
            instead: *instead,
            condition: condition.as_deref().cloned().map(Arc::new),
            actions: Arc::from(actions.as_slice()),
            touches,
            state: TriggerState::Enabled,
        });
        let made = match self.state.lookup(Class::Rule, id, name) {
            Some(known) if *or_replace => {
                self.state.unlink_range((known, 0), (known, 0));
                if let Some(object) = self.state.edit(known) {
                    object.detail = detail;
                    object.presence = Presence::Yes;
                }
                self.altered((known, 0), "replaced");
                known
            }
            Some(known) => {
                let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
                let message = format!("rule \"{name}\" for relation \"{table}\" already exists");
                return Err(Problem::new("42710", message, self.at).on(self.state.key((known, 0))));
            }
            None => {
                let object = self.new_object(Kind::Rule, name.clone(), id).with(detail);
                let made = self.state.insert(object);
                self.made(made);
                made
            }
        };
        self.state.link((made, 0), (id, 0), Link::Auto);
        for to in uses {
            if to != (id, 0) {
                self.state.link((made, 0), to, Link::Normal);
            }
        }
        Ok(())
    }

    /// An empty table without indexes, triggers and children becomes a view. Whether it is empty is not
    /// told.
    fn become_view(&mut self, id: Id, query: &Query) -> Done {
        let is_bare = [Class::Constraint, Class::IndexOf, Class::Trigger, Class::Policy, Class::Inheritor]
            .into_iter()
            .all(|class| self.state.parts(class, id).is_empty());
        let is_table = self.state.get(id).is_some_and(|object| object.kind == Kind::Table);
        if !is_bare || !is_table {
            return Ok(());
        }
        let (_, uses, unresolved) = self.shape(query)?;
        let query = Arc::new(query.clone());
        self.state.rename(id, |object| {
            object.kind = Kind::View;
            if let Detail::Relation(relation) = &mut object.detail {
                relation.query = Some(query);
                relation.unresolved = unresolved;
            }
        });
        for (to, link) in uses {
            self.state.link((id, 0), to, link);
        }
        self.altered((id, 0), "a view");
        Ok(())
    }

    /// What the conditions of a policy use.
    pub(super) fn read_conditions(&mut self, table: Id, parts: &[Expr]) -> Result<BTreeSet<(Ref, Link)>, Problem> {
        let mut reader = Reader::new(self.state);
        reader.see(table, None);
        for part in parts {
            if let ExprKind::Other { parts, .. } = &part.kind {
                parts.iter().for_each(|expr| drop(reader.expr(expr)));
            }
        }
        let (findings, uses) = (reader.findings, reader.uses);
        self.settle(findings)?;
        Ok(uses)
    }

    pub(super) fn create_policy(&mut self, object: &Named, parts: &[Expr], properties: &Properties) -> Done {
        let Some(id) = self.opened(&object.name)? else { return Ok(()) };
        let part = object.part.clone().unwrap_or_default();
        let is_table = self.state.get(id).is_some_and(|object| object.kind == Kind::Table);
        if !is_table {
            let message = format!("\"{}\" is not a table", object.name.name);
            return Err(Problem::new("42809", message, object.name.at));
        }
        if let Some(known) = self.state.lookup(Class::Policy, id, &part) {
            let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
            let message = format!("policy \"{part}\" for table \"{table}\" already exists");
            let problem = Problem::new("42710", message, object.name.at).on(self.state.key((known, 0)));
            self.replace_maybe(known, problem)?;
        }
        let uses = self.read_conditions(id, parts)?;
        let mut policy = Policy::default();
        policy.set(parts);
        let detail = Detail::Policy(policy);
        let object = self.new_object(Kind::Policy, part, id).with(detail);
        let made = self.state.insert(object);
        self.describe(made, properties);
        self.made(made);
        self.state.link((made, 0), (id, 0), Link::Auto);
        for (to, link) in uses {
            if to != (id, 0) {
                self.state.link((made, 0), to, link);
            }
        }
        Ok(())
    }
}

/// PostgreSQL's complaint about a relation that a statement drops.
pub(super) fn missing_to_drop(kind: &ObjectKind, name: &Name, at: At) -> Problem {
    let code = match kind {
        ObjectKind::Index => "42704",
        _ => "42P01",
    };
    Problem::new(code, format!("{kind} \"{name}\" does not exist"), at)
}

//! One statement: what it is, and the statements that define nothing but name something.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::object::{Id, Kind};
use super::query::{Findings, Reader};
use super::store::{Class, Found, PG_TEMP, Ref};
use super::{Blur, Done, Problem, Skipped, Work};
use crate::effect::{
    Act, At, Conflict, Expr, ExprKind, From, Ident, Name, Object as Named, ObjectKind, Query, QueryBody, Scope, Type,
};

/// What stands behind a privilege that its grantee may grant.
const WITH_OPTION: &str = " with grant option";

/// What stands between a privilege and the kind of what is made later.
const LATER: &str = " on each new ";

impl Work<'_> {
    pub(super) fn act(&mut self, act: &Act) -> Done {
        match act {
            Act::Set { name, values, scope } => {
                self.set(name, values, *scope == Scope::Transaction);
                Ok(())
            }
            Act::Select(query) => self.select(query),
            Act::Insert { table, columns, conflict, .. } => {
                self.target(table, columns)?;
                self.updatable(table, "insert")?;
                conflict.as_deref().map_or(Ok(()), |conflict| self.conflict(table, conflict))?;
                self.changes(act)?;
                self.rows(act)
            }
            Act::Update { table, set, .. } => {
                let columns: Vec<Ident> = set.iter().map(|assignment| assignment.column.clone()).collect();
                self.target(table, &columns)?;
                self.updatable(table, "update")?;
                self.settable(table, set)?;
                self.changes(act)
            }
            Act::Delete { table, .. } => {
                self.target(table, &[])?;
                self.updatable(table, "delete")?;
                self.changes(act)
            }
            Act::Merge { table, .. } => {
                self.target(table, &[])?;
                self.changes(act)
            }
            Act::Truncate { tables, cascade, .. } => self.truncate(tables, *cascade),
            Act::Copy { table, columns, query, .. } => {
                table.as_ref().map_or(Ok(()), |table| self.target(table, columns))?;
                query.as_deref().map_or(Ok(()), |query| self.act(&query.act))
            }
            Act::Lock { tables, .. } => tables.iter().try_for_each(|table| self.target(table, &[])),
            Act::CreateTable { .. } => self.create_table(act),
            Act::CreateTableAs { .. } => self.create_table_as(act),
            Act::CreateView { .. } => self.create_view(act),
            Act::CreateIndex { .. } => self.create_index(act),
            Act::CreateFunction(function) => self.create_function(function),
            Act::CreateTrigger { .. } => self.create_trigger(act),
            Act::CreateRule { .. } => self.create_rule(act),
            Act::CreateType { .. } => self.create_type(act),
            Act::Create { .. } => self.create_other(act),
            Act::AlterTable { kind, name, only, if_exists, actions } => {
                self.only = *only;
                self.alter_table(kind, name, *if_exists, actions)
            }
            Act::Rename { object, part, to, if_exists } => self.rename(object, part.as_ref(), to, *if_exists),
            Act::SetSchema { object, to, if_exists } => self.set_schema(object, to, *if_exists),
            Act::Alter { .. } => self.alter(act),
            Act::Drop { objects, if_exists, cascade, .. } => self.drop_objects(objects, *if_exists, *cascade),
            Act::Comment { object, text } => self.comment(object, text.as_ref()),
            Act::Grant {
                grant, objects, each: Some(kind), later: Some(roles), privileges, grantees, option, ..
            } => self.grant_later((*grant, *option), (objects, kind, roles), privileges, grantees),
            Act::Grant { grant, objects, each, privileges, grantees, option, .. } => {
                self.grant((*grant, *option), (objects, each.as_ref()), privileges, grantees)
            }
            Act::Refresh { name, .. } => {
                let Some(id) = self.existing(name)? else { return Ok(()) };
                if self.state.get(id).is_some_and(|object| object.kind != Kind::MaterializedView) {
                    let message = format!("\"{}\" is not a materialized view", name.name);
                    return Err(Problem::new("0A000", message, name.at));
                }
                Ok(())
            }
            Act::Explain { statement, analyze } => {
                // Without ANALYZE it is only looked at, and a table is not made.
                let is_definition = matches!(statement.act, Act::CreateTableAs { .. });
                if *analyze || !is_definition { self.act(&statement.act) } else { Ok(()) }
            }
            Act::Utility { command, .. } => {
                if command == "discard" {
                    self.discard_temporary();
                }
                Ok(())
            }
            Act::Opaque { why } => {
                self.blur(why.clone());
                Ok(())
            }
            Act::Transaction(_)
            | Act::Do(_)
            | Act::Call(_)
            | Act::Prepare { .. }
            | Act::Deallocate { .. }
            | Act::ExecutePrepared { .. }
            | Act::DeclareCursor { .. } => Ok(()),
        }
    }

    pub(super) fn blur(&mut self, why: impl Into<Ident>) {
        let why = why.into();
        self.outcome.blurred = true;
        self.outcome.unfollowed.get_or_insert_with(|| why.clone());
        self.state.blur(Blur { at: self.at, why, origin: self.origin });
    }

    /// What it changes does not show in the catalog, and bears on nothing in it.
    pub(super) fn pass_over(&mut self, why: impl Into<Ident>) {
        self.outcome.unfollowed.get_or_insert_with(|| why.into());
    }

    pub(super) fn made(&mut self, id: Id) {
        self.outcome.made.push(self.state.key((id, 0)));
    }

    pub(super) fn altered(&mut self, of: Ref, what: impl Into<Ident>) {
        self.outcome.altered.push((self.state.key(of), what.into()));
    }

    pub(super) fn skip(&mut self, name: impl Into<Ident>, of: Option<Ref>, notice: String) {
        let key = of.map(|of| self.state.key(of));
        // What is not known may be there all the same.
        self.outcome.blurred |= key.is_none() && !self.complete;
        self.outcome.skipped.push(Skipped { name: name.into(), key, notice });
    }

    pub(super) fn may_fail(&mut self, problem: Problem) {
        self.outcome.may_fail.get_or_insert(problem);
    }

    /// What is missing fails only where everything is known.
    pub(super) fn absent(&mut self, problem: Problem) -> Done {
        if self.complete || !problem.is_absence() {
            return Err(problem);
        }
        self.may_fail(problem);
        Ok(())
    }

    /// Takes over what a reader found.
    pub(super) fn settle(&mut self, findings: Findings) -> Done {
        if findings.is_cut {
            self.blur("it nests too deep to be followed");
        }
        if let Some(doubt) = findings.doubt {
            self.may_fail(doubt);
        }
        findings.problem.map_or(Ok(()), |problem| self.absent(problem))
    }

    /// Whether the object may not be there: then a statement that needs it may fail.
    pub(super) fn doubt(&mut self, id: Id, problem: impl FnOnce() -> Problem) {
        if self.state.get(id).is_some_and(|object| object.presence == super::Presence::Maybe) {
            self.may_fail(problem());
        }
    }

    /// The relation of that name; nothing for one of PostgreSQL's own.
    pub(super) fn existing(&mut self, name: &Name) -> Result<Option<Id>, Problem> {
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => {
                self.doubt(id, || Problem::missing_relation(name));
                Ok(Some(id))
            }
            Found::System => Ok(None),
            Found::NoSchema => Err(Problem::missing_schema(name.schema.as_deref().unwrap_or_default(), name.at)),
            Found::Missing => Err(Problem::missing_relation(name)),
        }
    }

    /// The same where a missing schema is a missing relation.
    pub(super) fn opened(&mut self, name: &Name) -> Result<Option<Id>, Problem> {
        match self.state.find(Class::Relation, name) {
            Found::NoSchema => Err(Problem::missing_relation(name)),
            _ => self.existing(name),
        }
    }

    /// The schema in which something of that name is created.
    pub(super) fn schema_for(&mut self, name: &Name, temporary: bool) -> Result<Id, Problem> {
        match &name.schema {
            Some(schema) if self.complete && self.state.schema(schema).is_none() && !schema.starts_with("pg_temp_") => {
                Err(Problem::missing_schema(schema, name.at))
            }
            Some(schema) if temporary && schema != "pg_temp" && !schema.starts_with("pg_temp_") => Err(Problem::new(
                "42P16",
                "cannot create temporary relation in non-temporary schema".to_owned(),
                name.at,
            )),
            _ if temporary => Ok(PG_TEMP),
            Some(schema) => match self.state.schema(schema) {
                Some(id) => {
                    self.doubt(id, || Problem::missing_schema(schema, name.at));
                    Ok(id)
                }
                None if self.complete => Err(Problem::missing_schema(schema, name.at)),
                None => {
                    self.may_fail(Problem::missing_schema(schema, name.at));
                    let object = super::Object::new(Kind::Schema, schema.clone(), 0, At::default(), 0);
                    Ok(self.state.insert(object))
                }
            },
            None => self
                .state
                .creation_schema()
                .ok_or_else(|| Problem::new("3F000", "no schema has been selected to create in".to_owned(), name.at)),
        }
    }

    // Settings

    pub(super) fn set(&mut self, name: &str, values: &[Expr], local: bool) {
        if local && !self.in_block {
            return;
        }
        let texts: Vec<Ident> = values.iter().filter_map(text_of).collect();
        let mut settings = self.state.settings.clone();
        match name {
            "search_path" if texts.len() == values.len() => {
                settings.path =
                    if values.is_empty() { super::store::Settings::default().path } else { Arc::from(texts) };
            }
            "search_path" => {
                self.blur("the search path cannot be told");
                return;
            }
            "check_function_bodies" => {
                let off = |text: &Ident| matches!(text.to_ascii_lowercase().as_str(), "off" | "false" | "0" | "no");
                settings.check_bodies = !values.iter().any(|value| match &value.kind {
                    ExprKind::Boolean(on) => !on,
                    ExprKind::Number(number) => number == "0",
                    _ => text_of(value).is_some_and(|text| off(&text)),
                });
            }
            "role" | "session_authorization" => {
                settings.role = texts.first().filter(|role| *role != "none").cloned();
            }
            "all" => settings = super::store::Settings { role: settings.role, ..super::store::Settings::default() },
            _ => return,
        }
        self.apply(settings, local);
    }

    fn apply(&mut self, settings: super::store::Settings, local: bool) {
        if local {
            let session = self.state.settings.clone();
            self.state.session.get_or_insert(session);
        } else if self.state.session.is_some() {
            self.state.session = Some(settings.clone());
        }
        self.state.settings = settings;
    }

    /// `SELECT`: what it reads has to be there, and it may set something.
    fn select(&mut self, query: &Query) -> Done {
        if let QueryBody::Select(select) = &query.body {
            for target in &select.targets {
                if let ExprKind::Call { function, arguments, .. } = &target.value.kind
                    && function.name == "set_config"
                    && let [name, value, local] = &**arguments
                    && let Some(name) = text_of(name)
                {
                    self.set_config(&name.to_ascii_lowercase(), value, local);
                }
            }
        }
        let mut reader = Reader::new(self.state).with(self.variables);
        reader.query(query);
        let findings = reader.findings;
        self.settle(findings)
    }

    pub(super) fn set_config(&mut self, name: &str, value: &Expr, local: &Expr) {
        let local = match &local.kind {
            ExprKind::Boolean(local) => *local,
            _ => text_of(local).is_some_and(|text| text.starts_with('t')),
        };
        if name != "search_path" {
            self.set(name, std::slice::from_ref(value), local);
            return;
        }
        let Some(text) = text_of(value) else {
            self.blur("the search path cannot be told");
            return;
        };
        let at = value.at;
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let path: Vec<Ident> = parts.filter_map(|part| super::parse_name(part, at)).map(|name| name.name).collect();
        if !local || self.in_block {
            let settings = super::store::Settings { path: Arc::from(path), ..self.state.settings.clone() };
            self.apply(settings, local);
        }
    }

    /// `DISCARD ALL` and `DISCARD TEMP`; which of the others it was is not told.
    fn discard_temporary(&mut self) {
        if !self.state.parts(Class::Relation, PG_TEMP).is_empty() {
            self.blur("DISCARD may have dropped the temporary tables");
        }
    }

    // Rows

    /// Whether it is a relation that has rows.
    pub(super) fn check_rows(&self, id: Id, name: &Name) -> Done {
        let what = match self.state.get(id).map(|object| &object.kind) {
            Some(Kind::Index) => "an index",
            Some(Kind::CompositeType) => "a composite type",
            _ => return Ok(()),
        };
        Err(Problem::new("42809", format!("\"{}\" is {what}", name.name), name.at).on(self.state.key((id, 0))))
    }

    /// The table of a change, and the columns that it names.
    fn target(&mut self, table: &Name, columns: &[Ident]) -> Done {
        if table.is_variable() {
            return Ok(());
        }
        let Some(id) = self.opened(table)? else { return Ok(()) };
        let Some(object) = self.state.get(id) else { return Ok(()) };
        self.check_rows(id, table)?;
        let is_sequence = object.kind == Kind::Sequence;
        let Some(relation) = object.relation() else { return Ok(()) };
        let missing = columns.iter().find(|name| relation.column(name).is_none() && !crate::effect::is_variable(name));
        if let Some(missing) = missing
            && relation.is_known
        {
            let message = format!("column \"{missing}\" of relation \"{}\" does not exist", object.name);
            return Err(Problem::new("42703", message, table.at));
        }
        if is_sequence {
            let message = format!("cannot change sequence \"{}\"", table.name);
            return Err(Problem::new("42809", message, table.at));
        }
        let maybe = columns
            .iter()
            .find(|name| relation.column(name).is_some_and(|column| column.presence == super::Presence::Maybe));
        if let Some(maybe) = maybe {
            let message = format!("column \"{maybe}\" of relation \"{}\" does not exist", object.name);
            self.may_fail(Problem::new("42703", message, table.at));
        }
        Ok(())
    }

    /// What a change reads.
    fn changes(&mut self, act: &Act) -> Done {
        let mut reader = Reader::new(self.state).with(self.variables);
        reader.change(act);
        let findings = reader.findings;
        self.settle(findings)
    }

    /// `ON CONFLICT (…)` needs a unique index on just these columns.
    fn conflict(&mut self, table: &Name, conflict: &Conflict) -> Done {
        let Some(id) = self.opened(table)? else { return Ok(()) };
        let Some(relation) = self.state.relation(id) else { return Ok(()) };
        if !relation.is_known {
            return Ok(());
        }
        let is_table = self.state.get(id).is_some_and(|object| object.kind == Kind::Table);
        if let Some(constraint) = &conflict.constraint {
            if !is_table {
                return Ok(());
            }
            let Some(known) = self.state.lookup(Class::Constraint, id, constraint) else {
                let message = format!("constraint \"{constraint}\" for table \"{}\" does not exist", table.name);
                return self.absent(Problem::new("42704", message, table.at));
            };
            let detail = self.state.get(known).and_then(super::Object::constraint);
            if detail.is_some_and(|detail| detail.deferral.is_deferrable()) {
                return Err(deferrable_arbiter(table.at));
            }
            return Ok(());
        }
        let mut wanted: Vec<u16> = Vec::new();
        for expr in &conflict.columns {
            match &expr.kind {
                ExprKind::Column(path) => match path.last().and_then(|name| relation.column(name)) {
                    Some(column) => wanted.push(column.number),
                    None => {
                        let column = path.last().cloned().unwrap_or_default();
                        let message = format!("column \"{column}\" does not exist");
                        return self.absent(Problem::new("42703", message, expr.at));
                    }
                },
                _ => return Ok(()),
            }
        }
        let of_table = self.state.indexes(id).into_iter();
        let mut of_table = of_table.filter_map(|index| self.state.get(index).and_then(super::Object::index));
        let is_deferrable = |index: &super::Index| index.deferral.is_deferrable();
        if wanted.is_empty() {
            // Any of them may be in the way, exclusions too.
            return if of_table.any(is_deferrable) { Err(deferrable_arbiter(table.at)) } else { Ok(()) };
        }
        wanted.sort_unstable();
        wanted.dedup();
        let is_arbiter = |index: &super::Index| {
            let mut columns = index.columns.clone();
            columns.sort_unstable();
            columns.dedup();
            index.unique && columns == wanted && (index.filter.is_none() || conflict.filter.is_some())
        };
        let mut arbiters = of_table.filter(|index| is_arbiter(index)).peekable();
        if arbiters.peek().is_some() {
            return if arbiters.any(is_deferrable) { Err(deferrable_arbiter(table.at)) } else { Ok(()) };
        }
        let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification".to_owned();
        let problem = Problem::new("42P10", message, table.at);
        if self.complete && is_table {
            return Err(problem);
        }
        self.may_fail(problem);
        Ok(())
    }

    /// A view takes changes by itself only where it shows rows of one relation as they are.
    fn updatable(&mut self, table: &Name, event: &str) -> Done {
        let Ok(Some(id)) = self.opened(table) else { return Ok(()) };
        let Some(object) = self.state.get(id) else { return Ok(()) };
        let (Kind::View, Some(query)) = (&object.kind, object.relation().and_then(|relation| relation.query.as_ref()))
        else {
            return Ok(());
        };
        let has_trigger = self.state.parts(Class::Trigger, id).into_iter().any(|trigger| {
            let trigger = self.state.get(trigger).and_then(super::Object::trigger);
            trigger.is_some_and(|trigger| {
                trigger.timing == crate::effect::TriggerTiming::InsteadOf
                    && trigger.events.iter().any(|own| own == event)
            })
        });
        let has_rule = !self.state.parts(Class::Rule, id).is_empty();
        if has_trigger || has_rule {
            return Ok(());
        }
        let verb = match event {
            "insert" => "insert into",
            "update" => "update",
            _ => "delete from",
        };
        let problem = Problem::new("55000", format!("cannot {verb} view \"{}\"", table.name), table.at);
        let is_plain = query.with.is_empty() && query.limit.is_none() && query.offset.is_none();
        match &query.body {
            QueryBody::Select(select)
                if is_plain
                    && !select.distinct
                    && select.group_by.is_empty()
                    && select.having.is_none()
                    && matches!(select.from.as_slice(), [From::Relation { .. }]) =>
            {
                let calls = select
                    .targets
                    .iter()
                    .any(|target| !matches!(target.value.kind, ExprKind::Column(_) | ExprKind::Star(_)));
                if calls {
                    // An aggregate, a window or a function that yields rows would do.
                    self.may_fail(problem);
                }
                Ok(())
            }
            _ => Err(problem),
        }
    }

    fn truncate(&mut self, tables: &[Name], cascade: bool) -> Done {
        let mut named = Vec::new();
        for name in tables {
            let Some(id) = self.opened(name)? else { continue };
            if self.state.get(id).is_some_and(|object| !matches!(object.kind, Kind::Table | Kind::ForeignTable)) {
                return Err(Problem::new("42809", format!("\"{}\" is not a table", name.name), name.at));
            }
            named.push((id, name));
        }
        if cascade {
            return Ok(());
        }
        // What inherits from them is emptied with them.
        let mut emptied = BTreeSet::new();
        let mut open: Vec<Id> = named.iter().map(|(id, _)| *id).collect();
        while let Some(id) = open.pop() {
            if emptied.insert(id) {
                open.extend(self.state.inheritors(id));
            }
        }
        for (id, name) in named {
            for ((child, _), ..) in self.state.dependents((id, 0)) {
                let Some(object) = self.state.get(child) else { continue };
                let refers = matches!(
                    object.constraint().map(|constraint| &constraint.rule),
                    Some(super::ConstraintRule::ForeignKey { parent, .. }) if *parent == id
                );
                if refers && !emptied.contains(&object.parent) {
                    let message = "cannot truncate a table referenced in a foreign key constraint".to_owned();
                    return Err(Problem::new("0A000", message, name.at).on(self.state.key((child, 0))));
                }
            }
        }
        Ok(())
    }

    // Comments and privileges

    fn comment(&mut self, object: &Named, text: Option<&Ident>) -> Done {
        if object.kind.is_beyond() {
            self.pass_over(format!("what is said of {} is not followed", one(&object.kind.to_string())));
        }
        // An empty one is none.
        let text = text.filter(|text| !text.is_empty());
        let Some(of) = self.named(object, false)? else { return Ok(()) };
        if of.1 != 0 {
            if let Some(column) = self
                .state
                .edit_relation(of.0)
                .and_then(|relation| relation.columns.iter_mut().find(|column| column.number == of.1))
            {
                column.comment = text.cloned();
            }
        } else if let Some(object) = self.state.edit(of.0) {
            object.comment = text.cloned();
        }
        self.altered(of, "comment");
        Ok(())
    }

    fn grant(
        &mut self,
        (grant, option): (bool, bool),
        (objects, each): (&[Named], Option<&ObjectKind>),
        privileges: &[Ident],
        grantees: &[Ident],
    ) -> Done {
        if objects.is_empty() {
            self.pass_over("privileges on what is not named are not followed");
        }
        let all = [Ident::new_static("all")];
        let privileges = if privileges.is_empty() { &all[..] } else { privileges };
        for object in objects {
            if object.kind.is_beyond() {
                self.pass_over(format!("who has what on a {} is not followed", object.kind));
                continue;
            }
            let Some(of) = self.named(object, true)? else { continue };
            let Some(kind) = each else {
                self.grant_on(of, (grant, option, true), privileges, grantees);
                continue;
            };
            for id in self.each_of(of.0, kind) {
                self.grant_on((id, 0), (grant, option, false), privileges, grantees);
            }
            if !self.complete {
                // There may be others in it.
                let on_all = |privilege: &Ident| Ident::from(format!("{privilege} on each {kind}"));
                self.grant_on(of, (grant, option, false), &privileges.iter().map(on_all).collect::<Vec<_>>(), grantees);
            }
        }
        Ok(())
    }

    /// Grants or revokes on what is made later, which its schema keeps.
    fn grant_later(
        &mut self,
        (grant, option): (bool, bool),
        (schemas, kind, roles): (&[Named], &ObjectKind, &[Ident]),
        privileges: &[Ident],
        grantees: &[Ident],
    ) -> Done {
        if schemas.is_empty() {
            self.pass_over("privileges on whatever is made later in all schemas are not followed");
        }
        // Whoever runs the script is told apart from the roles that are named.
        let roles: Vec<String> = match roles {
            [] => vec![String::new()],
            roles => roles.iter().map(|role| format!(" of {role}")).collect(),
        };
        let all = [Ident::new_static("all")];
        let privileges = if privileges.is_empty() { &all[..] } else { privileges };
        for schema in schemas {
            let Some(of) = self.named(schema, true)? else { continue };
            let Some(object) = self.state.edit(of.0) else { continue };
            for (role, grantee) in roles.iter().flat_map(|role| grantees.iter().map(move |grantee| (role, grantee))) {
                let held = object.grants.entry(grantee.clone()).or_default();
                let later = format!("{LATER}{kind}{role}");
                let may_grant = format!("{later}{WITH_OPTION}");
                for privilege in privileges {
                    let (plain, with_option) = (format!("{privilege}{later}"), format!("{privilege}{may_grant}"));
                    match (grant, option) {
                        (true, _) => {
                            let is_back = held.remove(format!("no {plain}").as_str());
                            if privilege == "all" {
                                held.retain(|held| !held.ends_with(&later));
                            }
                            held.extend((!is_back).then(|| Ident::from(plain)));
                            held.extend(option.then(|| Ident::from(with_option)));
                        }
                        (false, _) if privilege == "all" => {
                            held.retain(|held| !held.ends_with(&may_grant) && (option || !held.ends_with(&later)));
                        }
                        (false, true) => drop(held.remove(with_option.as_str())),
                        // Beyond what was granted there is nothing to take here; of ALL something is.
                        (false, false) => {
                            held.remove(with_option.as_str());
                            if !held.remove(plain.as_str()) && held.contains(format!("all{later}").as_str()) {
                                held.insert(Ident::from(format!("no {plain}")));
                            }
                        }
                    }
                }
                if held.is_empty() {
                    object.grants.remove(grantee);
                }
            }
            self.altered(of, if grant { "granted" } else { "revoked" });
        }
        Ok(())
    }

    /// What `ALL … IN SCHEMA` means: of tables whatever has rows.
    fn each_of(&self, schema: Id, kind: &ObjectKind) -> Vec<Id> {
        let class = match kind {
            ObjectKind::Table | ObjectKind::Sequence => Class::Relation,
            _ => Class::Routine,
        };
        let is_meant = |known: &Kind| match kind {
            ObjectKind::Table => {
                matches!(known, Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView)
            }
            ObjectKind::Sequence => *known == Kind::Sequence,
            ObjectKind::Function => matches!(known, Kind::Function | Kind::Aggregate),
            ObjectKind::Procedure => *known == Kind::Procedure,
            _ => true,
        };
        let mut found = self.state.parts(class, schema);
        found.retain(|id| self.state.get(*id).is_some_and(|object| is_meant(&object.kind)));
        found
    }

    /// Grants or revokes, or only the option to grant; what is named has what is revoked.
    fn grant_on(
        &mut self,
        of: Ref,
        (grant, option, is_named): (bool, bool, bool),
        privileges: &[Ident],
        grantees: &[Ident],
    ) {
        let with_option = |privilege: &Ident| Ident::from(format!("{privilege}{WITH_OPTION}"));
        if let Some(object) = self.state.edit(of.0) {
            // What everybody may do with a new object (manual, 5.7).
            let usual = match &object.kind {
                kind if kind.is_routine() => Some([Ident::new_static("execute")]),
                Kind::Type | Kind::Domain => Some([Ident::new_static("usage")]),
                _ => None,
            };
            for grantee in grantees {
                let usual = usual.as_ref().filter(|_| grantee == "public");
                let held = object.grants.entry(grantee.clone()).or_default();
                for privilege in usual.map_or(privileges, |usual| &usual[..]) {
                    if option && grant {
                        held.insert(with_option(privilege));
                    } else if privilege == "all" {
                        // Whoever keeps the option of one keeps it though ALL are granted.
                        held.retain(|held| grant || held.contains(LATER) || !held.ends_with(WITH_OPTION));
                    } else if !grant {
                        held.remove(&with_option(privilege));
                    }
                    if option && !grant {
                        continue;
                    }
                    if grant {
                        let is_back = held.remove(format!("no {privilege}").as_str());
                        if !is_back && usual.is_none() {
                            held.insert(privilege.clone());
                        }
                    } else if privilege == "all" {
                        held.retain(|held| held.contains(LATER));
                    } else if !held.remove(privilege) && is_named {
                        // Taken from ALL, or from what everybody has.
                        held.insert(Ident::from(format!("no {privilege}")));
                    }
                }
                if held.is_empty() {
                    object.grants.remove(grantee);
                }
            }
        }
        self.altered(of, if grant { "granted" } else { "revoked" });
    }

    /// The object that a statement names, of the kind that it says. Nothing for what is not
    /// followed: roles, databases, PostgreSQL's own.
    pub(super) fn named(&mut self, object: &Named, any_relation: bool) -> Result<Option<Ref>, Problem> {
        let name = &object.name;
        if name.is_variable() {
            return Ok(None);
        }
        match &object.kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Index
            | ObjectKind::Sequence => {
                let Some(id) = self.opened(name)? else { return Ok(None) };
                if !any_relation {
                    self.check_kind(id, &object.kind, name)?;
                }
                Ok(Some((id, 0)))
            }
            ObjectKind::Column => {
                let Some(id) = self.opened(name)? else { return Ok(None) };
                let column = object.part.clone().unwrap_or_default();
                let found = self.column(id, &column, name.at).map_err(|problem| Problem {
                    // PostgreSQL writes the relation as the statement does.
                    message: format!("column \"{column}\" of relation \"{name}\" does not exist"),
                    ..problem
                });
                found.map(|number| number.map(|number| (id, number)))
            }
            ObjectKind::Constraint | ObjectKind::Trigger | ObjectKind::Rule | ObjectKind::Policy => {
                self.named_part(object)
            }
            ObjectKind::Routine | ObjectKind::Function | ObjectKind::Aggregate if self.is_aggregate(object) => {
                self.blur(not_followed("aggregate"));
                Ok(None)
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate => {
                self.routine(object).map(|id| id.map(|id| (id, 0)))
            }
            ObjectKind::Type | ObjectKind::Domain => self.named_type(object).map(|id| id.map(|id| (id, 0))),
            ObjectKind::Schema => match self.state.schema(&name.name) {
                Some(id) => Ok(Some((id, 0))),
                None => Err(Problem::missing_schema(&name.name, name.at)),
            },
            ObjectKind::Extension => match self.state.lookup(Class::Extension, 0, &name.name) {
                Some(id) => Ok(Some((id, 0))),
                None if name.name == "plpgsql" => Ok(None),
                None => Err(Problem::new("42704", format!("extension \"{}\" does not exist", name.name), name.at)),
            },
            ObjectKind::Role | ObjectKind::Database | ObjectKind::Language => Ok(None),
            ObjectKind::EventTrigger => self.named_other("event trigger", object),
            ObjectKind::Other(kind) => self.named_other(kind, object),
        }
    }

    fn named_other(&mut self, kind: &str, object: &Named) -> Result<Option<Ref>, Problem> {
        let name = &object.name;
        match self.state.lookup_other(kind, 0, &other_name(object)) {
            Some(id) => Ok(Some((id, 0))),
            None if matches!(kind, "event trigger" | "publication" | "server") => {
                Err(Problem::new("42704", format!("{kind} \"{name}\" does not exist"), name.at))
            }
            None => {
                self.blur(not_followed(kind));
                Ok(None)
            }
        }
    }

    fn named_part(&mut self, object: &Named) -> Result<Option<Ref>, Problem> {
        let name = &object.name;
        let part = object.part.clone().unwrap_or_default();
        // A constraint may also be one of a domain.
        let owner = match self.state.find(Class::Type, name) {
            Found::Object(id)
                if object.kind == ObjectKind::Constraint
                    && self.state.get(id).is_some_and(|object| object.kind == Kind::Domain) =>
            {
                Some(id)
            }
            _ => self.opened(name)?,
        };
        let Some(relation) = owner else { return Ok(None) };
        self.check_rows(relation, name)?;
        let class = match object.kind {
            ObjectKind::Constraint => Class::Constraint,
            ObjectKind::Trigger => Class::Trigger,
            ObjectKind::Rule => Class::Rule,
            _ => Class::Policy,
        };
        match self.state.lookup(class, relation, &part) {
            Some(id) => Ok(Some((id, 0))),
            None => Err(self.missing_part(&object.kind, &part, relation, name.at)),
        }
    }

    pub(super) fn missing_part(&self, kind: &ObjectKind, part: &str, relation: Id, at: At) -> Problem {
        let table = self.state.get(relation).map(|object| object.name.clone()).unwrap_or_default();
        let message = match kind {
            ObjectKind::Constraint => format!("constraint \"{part}\" of relation \"{table}\" does not exist"),
            ObjectKind::Rule => format!("rule \"{part}\" for relation \"{table}\" does not exist"),
            _ => format!("{kind} \"{part}\" for table \"{table}\" does not exist"),
        };
        Problem::new("42704", message, at)
    }

    /// The number of a column; nothing where the columns are not known.
    pub(super) fn column(&mut self, id: Id, name: &str, at: At) -> Result<Option<u16>, Problem> {
        let Some(object) = self.state.get(id) else { return Ok(None) };
        let Some(relation) = object.relation() else { return Ok(None) };
        let message = || format!("column \"{name}\" of relation \"{}\" does not exist", object.name);
        match relation.column(name) {
            Some(column) => {
                let (number, presence) = (column.number, column.presence);
                if presence == super::Presence::Maybe {
                    let problem = Problem::new("42703", message(), at);
                    self.may_fail(problem);
                }
                Ok(Some(number))
            }
            None if relation.is_known && !crate::effect::is_variable(name) => Err(Problem::new("42703", message(), at)),
            None => {
                let problem = Problem::new("42703", message(), at);
                self.may_fail(problem);
                Ok(None)
            }
        }
    }

    /// PostgreSQL's complaint when a relation is not of the kind that the statement says.
    pub(super) fn check_kind(&self, id: Id, said: &ObjectKind, name: &Name) -> Done {
        let Some(object) = self.state.get(id) else { return Ok(()) };
        let fits = match said {
            ObjectKind::Table => matches!(object.kind, Kind::Table),
            ObjectKind::View => object.kind == Kind::View,
            ObjectKind::MaterializedView => object.kind == Kind::MaterializedView,
            ObjectKind::ForeignTable => object.kind == Kind::ForeignTable,
            ObjectKind::Index => object.kind == Kind::Index,
            ObjectKind::Sequence => object.kind == Kind::Sequence,
            ObjectKind::Type => object.kind == Kind::CompositeType,
            _ => true,
        };
        if fits {
            return Ok(());
        }
        let article = if *said == ObjectKind::Index { "an" } else { "a" };
        let said = if *said == ObjectKind::Type { "composite type".to_owned() } else { said.to_string() };
        let message = format!("\"{}\" is not {article} {said}", name.name);
        Err(Problem::new("42809", message, name.at).on(self.state.key((id, 0))))
    }

    fn named_type(&mut self, object: &Named) -> Result<Option<Id>, Problem> {
        let name = &object.name;
        match self.state.find(Class::Type, name) {
            Found::Object(id) => {
                self.doubt(id, || missing_type(name));
                let is_domain = self.state.get(id).is_some_and(|object| object.kind == Kind::Domain);
                if object.kind == ObjectKind::Domain && !is_domain {
                    let message = format!("\"{name}\" is not a domain");
                    return Err(Problem::new("42809", message, name.at));
                }
                Ok(Some(id))
            }
            _ if self.state.has_extension || crate::builtin::is_type(&name.name) => Ok(None),
            Found::NoSchema => Err(Problem::missing_schema(name.schema.as_deref().unwrap_or_default(), name.at)),
            _ => Err(missing_type(name)),
        }
    }
}

/// The name by which an object is known that has no word here.
pub(super) fn other_name(object: &Named) -> Ident {
    let ObjectKind::Other(kind) = &object.kind else { return object.name.name.clone() };
    match object.arguments.as_deref() {
        Some([from, to]) if kind == "cast" => {
            let text = |kind: &Type| format!("{}{}", kind.name, if kind.array { "[]" } else { "" });
            Ident::from(format!("{} AS {}", text(from), text(to)))
        }
        _ => object.name.name.clone(),
    }
}

/// One of a kind, in words.
pub(super) fn one(kind: &str) -> String {
    let words = match kind {
        "largeobject" => "large object",
        "opclass" => "operator class",
        "opfamily" => "operator family",
        "statistics" => return "extended statistics".to_owned(),
        "tsconfiguration" => "text search configuration",
        "tsdictionary" => "text search dictionary",
        "tsparser" => "text search parser",
        "tstemplate" => "text search template",
        other => other,
    };
    let article = if words.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {words}")
}

pub(super) fn not_followed(kind: &str) -> String {
    format!("what is done with {} is not followed", one(kind))
}

pub(super) fn missing_type(name: &Name) -> Problem {
    Problem::new("42704", format!("type \"{name}\" does not exist"), name.at)
}

/// The text of a value of SET, a name among them.
fn text_of(expr: &Expr) -> Option<Ident> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text.clone()),
        ExprKind::Column(path) => path.last().cloned(),
        ExprKind::Cast { operand, .. } => text_of(operand),
        _ => None,
    }
}

fn deferrable_arbiter(at: At) -> Problem {
    let message = "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters";
    Problem::new("55000", message.to_owned(), at)
}

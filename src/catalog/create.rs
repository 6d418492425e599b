//! `CREATE` of relations, types and whatever else has columns, with PostgreSQL's automatic
//! names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change::{one, other_name};
use super::object::{
    Column, ColumnType, Constraint, ConstraintRule, Default as ColumnDefault, Detail, EventTrigger, Id, Index, Kind,
    Object, Presence, Relation, UserType,
};
use super::query::alike::Pair;
use super::query::{Output, Reader, Shape, index_column_name, resolve_type};
use super::store::{Class, Link, Ref};
use super::{Done, Problem, Variables, Work, types};
use crate::effect::{
    Act, At, Column as WrittenColumn, Constraint as WrittenConstraint, ConstraintKind, Deferral, Expr, ExprKind, Ident,
    Identity, IndexOf, Like, Name, ObjectKind, Properties, Query, Statement,
};

/// The bytes of a name, without the one that ends it.
const NAME_LENGTH: usize = 63;

/// PostgreSQL's `makeObjectName`: the longer of two names gives way.
pub(super) fn object_name(name: &str, second: Option<&str>, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(second.is_some());
    let room = NAME_LENGTH.saturating_sub(overhead);
    let mut first_length = name.len();
    let mut second_length = second.map_or(0, str::len);
    while first_length + second_length > room {
        if first_length > second_length {
            first_length -= 1;
        } else {
            second_length -= 1;
        }
    }
    let clip = |text: &str, length: usize| {
        let end = (0..=length.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.get(..end).unwrap_or_default().to_owned()
    };
    let mut made = clip(name, first_length);
    if let Some(second) = second {
        made.push('_');
        made.push_str(&clip(second, second_length));
    }
    made.push('_');
    made.push_str(label);
    made
}

/// A `CHECK` constraint that a table or a domain is to have.
#[derive(Clone, Copy)]
struct Check<'e> {
    name: Option<&'e Ident>,
    expr: &'e Expr,
    validated: bool,
    no_inherit: bool,
    comes: Comes,
    at: At,
}

/// How a constraint comes to a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// `CREATE TABLE` declares it.
    Declared,
    /// It is added to a table that is there.
    Added,
    /// A parent has it.
    Inherited,
}

impl<'e> Check<'e> {
    fn written(constraint: &'e WrittenConstraint, expr: &'e Expr, comes: Comes) -> Self {
        let WrittenConstraint { name, not_valid, no_inherit, at, .. } = constraint;
        Self { name: name.as_ref(), expr, validated: !not_valid, no_inherit: *no_inherit, comes, at: *at }
    }
}

impl Work<'_> {
    /// PostgreSQL's `ChooseRelationName`.
    pub(super) fn free_relation_name(
        &self,
        name: &str,
        second: Option<&str>,
        label: &str,
        schema: Id,
        constraint: bool,
    ) -> Ident {
        let is_free = |made: &str| {
            self.state.lookup(Class::Relation, schema, made).is_none()
                && !(constraint && self.state.has_constraint_named(schema, made))
        };
        first_free(name, second, label, is_free)
    }

    /// PostgreSQL's `ChooseConstraintName`.
    pub(super) fn free_constraint_name(&self, name: &str, second: Option<&str>, label: &str, schema: Id) -> Ident {
        first_free(name, second, label, |made| !self.state.has_constraint_named(schema, made))
    }

    /// Whether a relation may be made; nothing where it is there already and that is well.
    fn free_relation(&mut self, name: &Name, schema: Id, if_not_exists: bool) -> Result<bool, Problem> {
        if let Some(id) = self.state.lookup(Class::Relation, schema, &name.name) {
            let message = format!("relation \"{}\" already exists", name.name);
            if if_not_exists {
                self.skip(name.to_string(), Some((id, 0)), format!("{message}, skipping"));
                if let Some(object) = self.state.edit(id).filter(|object| object.presence == Presence::Maybe) {
                    object.presence = Presence::Yes;
                    object.varies = true;
                }
                return Ok(false);
            }
            let problem = Problem::new("42P07", message, name.at).on(self.state.key((id, 0)));
            self.replace_maybe(id, problem)?;
        }
        if let Some(id) = self.state.lookup(Class::Type, schema, &name.name) {
            let message = format!("type \"{}\" already exists", name.name);
            let problem = Problem::new("42710", message, name.at).on(self.state.key((id, 0)));
            self.replace_maybe(id, problem)?;
        }
        Ok(true)
    }

    /// What is there only perhaps gives way to what is made; otherwise it is a problem.
    pub(super) fn replace_maybe(&mut self, id: Id, problem: Problem) -> Done {
        if self.state.get(id).is_some_and(|object| object.presence == Presence::Yes) {
            return Err(problem);
        }
        self.may_fail(problem);
        let at = self.at;
        super::remove::delete(self.state, &[(id, 0)], true, at).map(drop)
    }

    pub(super) fn new_object(&self, kind: Kind, name: impl Into<Ident>, parent: Id) -> Object {
        let mut object = Object::new(kind, name, parent, self.at, self.origin);
        object.owner.clone_from(&self.state.settings.role);
        object
    }

    pub(super) fn insert_in_schema(&mut self, object: Object) -> Id {
        let schema = object.parent;
        let id = self.state.insert(object);
        self.state.link((id, 0), (schema, 0), Link::Normal);
        self.made(id);
        id
    }

    // Tables

    pub(super) fn create_table(&mut self, act: &Act) -> Done {
        let Act::CreateTable {
            name,
            if_not_exists,
            temporary,
            columns,
            constraints,
            inherits,
            partition,
            partitioned,
            like,
            of,
            drop_on_commit,
            bounds: _,
            properties,
        } = act
        else {
            return Ok(());
        };
        let temporary = *temporary || (name.schema.is_none() && self.creates_temporary());
        let schema = self.schema_for(name, temporary)?;
        if *if_not_exists && !self.free_relation(name, schema, true)? {
            return Ok(());
        }
        // What it names is looked up before the table itself is there.
        let mut kinds = Vec::new();
        for column in columns {
            kinds.push(match &column.kind {
                Some(kind) => Some(self.written_type(kind)?),
                None => None,
            });
        }
        let originals =
            like.iter().map(|like| self.like_original(like)).collect::<Result<Vec<Option<Id>>, Problem>>()?;
        let mut parents = Vec::new();
        for parent in inherits {
            let found = self.opened(parent).or_else(|problem| self.absent(problem).map(|()| None))?;
            found.map_or(Ok(()), |found| self.check_ancestor(found, parent, *partition))?;
            parents.push(found);
        }
        let mut seen: BTreeSet<&Ident> = BTreeSet::new();
        if let Some(repeated) = columns.iter().find(|column| !seen.insert(&column.name)) {
            return Err(twice(&repeated.name, repeated.at));
        }
        self.free_relation(name, schema, false)?;
        let has_sibling = parents.iter().flatten().any(|parent| self.state.has_inheritor(*parent));
        if *partition && has_sibling {
            // The bounds are not told.
            let message = format!("partition \"{}\" would overlap partition", name.name);
            self.may_fail(Problem::new("42P17", message, name.at));
        }
        if let (true, Some(parent), Some(Some(id))) = (*partition, inherits.first(), parents.first())
            && !self.state.relation(*id).is_some_and(|relation| relation.partitioned)
        {
            let message = format!("\"{}\" is not partitioned", parent.name);
            return Err(Problem::new("42P17", message, parent.at));
        }
        let relation = Relation {
            next_column: 1,
            is_known: true,
            temporary,
            drop_on_commit: *drop_on_commit,
            partitioned: *partitioned,
            partition: *partition,
            ..Relation::default()
        };
        let object = self.new_object(Kind::Table, name.name.clone(), schema).with(Detail::Relation(relation));
        let id = self.insert_in_schema(object);
        self.describe(id, properties);
        if *drop_on_commit {
            if self.in_block {
                self.state.drop_on_commit.insert(id);
            } else {
                // The statement is its own transaction.
                let at = self.at;
                super::remove::delete(self.state, &[(id, 0)], true, at)?;
                self.outcome.made.clear();
                return Ok(());
            }
        }
        for parent in &parents {
            self.inherit(id, *parent, *partition)?;
        }
        if let Some(of) = of {
            self.columns_of_type(id, of)?;
        }
        let mut likes = like.iter().zip(&originals).peekable();
        for (place, (column, kind)) in columns.iter().zip(kinds).enumerate() {
            while let Some((like, original)) = likes.next_if(|(like, _)| like.after <= place) {
                self.columns_like(id, like, *original)?;
            }
            self.declare_column(id, column, kind)?;
        }
        for (like, original) in likes {
            self.columns_like(id, like, *original)?;
        }
        for column in columns {
            self.generate(id, column)?;
        }
        let mut all: Vec<&WrittenConstraint> = columns.iter().flat_map(|column| &column.constraints).collect();
        all.extend(constraints);
        self.add_constraints(id, &all, true)?;
        if *partition {
            for parent in parents.into_iter().flatten() {
                self.copy_to_partition(id, parent)?;
            }
        }
        for (like, original) in like.iter().zip(originals) {
            self.constraints_like(id, like, original)?;
        }
        Ok(())
    }

    fn creates_temporary(&self) -> bool {
        self.state.creation_schema() == Some(super::PG_TEMP)
    }

    /// The columns of a parent become those of the child.
    fn inherit(&mut self, id: Id, parent_id: Option<Id>, partition: bool) -> Done {
        let Some(parent_id) = parent_id else {
            if let Some(relation) = self.state.edit_relation(id) {
                relation.is_known = false;
            }
            return Ok(());
        };
        self.take_columns(id, parent_id, partition)
    }

    fn check_ancestor(&self, parent_id: Id, parent: &Name, partition: bool) -> Done {
        self.check_rows(parent_id, parent)?;
        let Some(object) = self.state.get(parent_id) else { return Ok(()) };
        if !matches!(object.kind, Kind::Table | Kind::ForeignTable) {
            let message = format!("inherited relation \"{}\" is not a table or foreign table", parent.name);
            return Err(Problem::new("42809", message, parent.at));
        }
        let is_partitioned = object.relation().is_some_and(|relation| relation.partitioned);
        if !partition && is_partitioned {
            let message = format!("cannot inherit from partitioned table \"{}\"", parent.name);
            return Err(Problem::new("42809", message, parent.at));
        }
        Ok(())
    }

    fn take_columns(&mut self, id: Id, parent_id: Id, partition: bool) -> Done {
        let Some(source) = self.state.relation(parent_id).cloned() else { return Ok(()) };
        let (at, origin) = (self.at, self.origin);
        if let Some(relation) = self.state.edit_relation(id) {
            relation.parents.push(parent_id);
            relation.is_known &= source.is_known;
        }
        self.state.add_inheritor(parent_id, id);
        self.state.link((id, 0), (parent_id, 0), if partition { Link::Auto } else { Link::Normal });
        for column in source.columns {
            let known = self.state.relation(id).and_then(|relation| relation.column(&column.name)).map(|c| c.number);
            if let Some(number) = known {
                if let Some(own) = self.edit_column((id, number)) {
                    own.inherited += 1;
                    own.not_null |= column.not_null;
                }
                continue;
            }
            let default = column.default_id;
            let copy = Column {
                default: None,
                default_id: 0,
                identity: None,
                comment: None,
                is_local: false,
                inherited: 1,
                at,
                origin,
                properties: copied(&column.properties, true),
                ..column
            };
            let number = self.push_column(id, copy);
            self.copy_default((id, number), default, parent_id);
        }
        // CHECK constraints come too.
        for (name, expr, no_inherit) in self.checks_of(parent_id) {
            if no_inherit {
                continue;
            }
            if let Some(known) = self.state.lookup(Class::Constraint, id, &name) {
                // Another parent has it, too.
                if !self.is_check((id, known), &expr) {
                    let message = format!(
                        "check constraint name \"{name}\" appears multiple times but with different expressions"
                    );
                    self.differ((id, known), Problem::new("42710", message, self.at))?;
                }
                self.inherit_constraint(known);
                continue;
            }
            let at = self.at;
            let comes = Comes::Inherited;
            self.add_check(id, Check { name: Some(&name), expr: &expr, validated: true, no_inherit, comes, at })?;
        }
        Ok(())
    }

    /// The `CHECK` constraints of a table: the name, what it says, and whether it is `NO INHERIT`.
    pub(super) fn checks_of(&self, id: Id) -> Vec<(Ident, Arc<Expr>, bool)> {
        let check = |(check, constraint): (Id, &Constraint)| match &constraint.rule {
            ConstraintRule::Check(expr) => {
                Some((self.state.get(check)?.name.clone(), Arc::clone(expr), constraint.no_inherit))
            }
            _ => None,
        };
        self.state.constraints(id).filter_map(check).collect()
    }

    /// Whether a constraint of a table is a `CHECK` that says the same.
    fn is_check(&self, (table, known): (Id, Id), expr: &Expr) -> bool {
        let known = self.state.get(known).and_then(Object::constraint).map(|constraint| &constraint.rule);
        let Some(ConstraintRule::Check(known)) = known else { return false };
        let mut pair = Pair::new(self.state, self.state);
        pair.see(table, table, None);
        pair.exprs(known, expr)
    }

    /// A problem if a `CHECK` says something else; where a column has another name by now, that cannot
    /// be told.
    fn differ(&mut self, (table, known): (Id, Id), problem: Problem) -> Done {
        let problem = problem.on(self.state.key((known, 0)));
        let object = self.state.get(known);
        let is_maybe = object.is_some_and(|object| object.presence == Presence::Maybe);
        let is_told = match object.and_then(Object::constraint).map(|constraint| &constraint.rule) {
            Some(ConstraintRule::Check(expr)) => {
                let mut reader = Reader::new(self.state);
                reader.see(table, None);
                reader.expr(expr);
                reader.findings.problem.is_none()
            }
            _ => true,
        };
        if is_told && !is_maybe {
            return Err(problem);
        }
        self.may_fail(problem);
        Ok(())
    }

    /// One more parent has a constraint. A partition has only one.
    fn inherit_constraint(&mut self, known: Id) {
        let table = self.state.get(known).map_or(0, |object| object.parent);
        let is_partition = self.state.relation(table).is_some_and(|relation| relation.partition);
        if let Some(Detail::Constraint(detail)) = self.state.edit(known).map(|object| &mut object.detail) {
            detail.inherited = if is_partition { 1 } else { detail.inherited.saturating_add(1) };
            detail.is_local &= !is_partition;
        }
    }

    /// Keys and indexes of a partitioned table are repeated on each partition.
    fn copy_to_partition(&mut self, id: Id, parent: Id) -> Done {
        self.repeat_indexes(id, parent)?;
        let keys: Vec<(Id, Constraint)> = self
            .state
            .constraints(parent)
            .filter(|(_, constraint)| matches!(constraint.rule, ConstraintRule::ForeignKey { .. }))
            .map(|(id, constraint)| (id, constraint.clone()))
            .collect();
        for (key, constraint) in keys {
            let Some(name) = self.state.get(key).map(|object| object.name.clone()) else { continue };
            let columns = self.same_columns(parent, id, &constraint.columns);
            let made = Constraint { columns: columns.clone(), is_local: false, inherited: 1, ..constraint };
            let schema = self.state.schema_of(id);
            let name = if self.state.lookup(Class::Constraint, id, &name).is_some() {
                self.free_constraint_name(&name, None, "fkey", schema)
            } else {
                name
            };
            let object = self.new_object(Kind::Constraint, name, id).with(Detail::Constraint(made));
            let copy = self.state.insert(object);
            for (to, link) in self.state.needs((key, 0)) {
                if to.0 != parent {
                    self.state.link((copy, 0), to, link);
                }
            }
            columns.iter().for_each(|column| self.state.link((copy, 0), (id, *column), Link::Auto));
            self.state.link((copy, 0), (key, 0), Link::Internal);
            self.made(copy);
        }
        Ok(())
    }

    pub(super) fn repeat_indexes(&mut self, id: Id, parent: Id) -> Done {
        for index in self.state.indexes(parent) {
            let Some(copy) = self.repeat_index(id, parent, index, false)? else { continue };
            self.state.link((copy, 0), (index, 0), Link::Auto);
        }
        Ok(())
    }

    pub(super) fn same_columns(&self, from: Id, to: Id, numbers: &[u16]) -> Vec<u16> {
        let (Some(from), Some(to)) = (self.state.relation(from), self.state.relation(to)) else { return Vec::new() };
        let number = |number: &u16| {
            from.numbered(*number).and_then(|column| to.column(&column.name)).map_or(0, |column| column.number)
        };
        numbers.iter().map(number).collect()
    }

    fn columns_of_type(&mut self, id: Id, of: &Name) -> Done {
        let found = match self.state.find(Class::Type, of) {
            super::Found::Object(of) => Some(of),
            _ => None,
        };
        let Some(source) = found.and_then(|of| self.state.relation(of)).cloned() else {
            if let Some(relation) = self.state.edit_relation(id) {
                relation.is_known = false;
            }
            return self.absent(super::change::missing_type(of));
        };
        for column in source.columns {
            self.push_column(id, column);
        }
        found.into_iter().for_each(|of| self.state.link((id, 0), (of, 0), Link::Normal));
        Ok(())
    }

    /// The relation that LIKE names; nothing where it is not known.
    fn like_original(&mut self, like: &Like) -> Result<Option<Id>, Problem> {
        let found = self.opened(&like.name).or_else(|problem| self.absent(problem).map(|()| None))?;
        let kind = found.and_then(|id| self.state.get(id)).map(|object| &object.kind);
        if matches!(kind, Some(Kind::Sequence | Kind::Index)) {
            let message = format!("relation \"{}\" is invalid in LIKE clause", like.name.name);
            return Err(Problem::new("42809", message, like.name.at));
        }
        Ok(found)
    }

    fn columns_like(&mut self, id: Id, like: &Like, from: Option<Id>) -> Done {
        let Some(from) = from else {
            if let Some(relation) = self.state.edit_relation(id) {
                relation.is_known = false;
            }
            return Ok(());
        };
        let Some(source) = self.state.relation(from).cloned() else { return Ok(()) };
        let includes = |what: &str| like.including.iter().any(|known| known == what);
        let mut defaults = Vec::new();
        let (at, origin) = (self.at, self.origin);
        for column in source.columns {
            let default = column.default_id;
            let (generated, identity) = (column.generated, column.identity);
            let comment = column.comment.clone().filter(|_| includes("comments"));
            let known = self.state.relation(id).and_then(|relation| relation.column(&column.name));
            let number = match known.map(|known| (known.number, known.is_local)) {
                Some((_, true)) => return Err(twice(&column.name, like.name.at)),
                // A parent has it, too.
                Some((number, false)) => {
                    if let Some(own) = self.edit_column((id, number)) {
                        own.is_local = true;
                        own.not_null |= column.not_null;
                        own.comment = comment;
                    }
                    number
                }
                None => {
                    let copy = Column {
                        default: None,
                        default_id: 0,
                        generated: false,
                        identity: None,
                        comment,
                        is_local: true,
                        inherited: 0,
                        at,
                        origin,
                        properties: copied(&column.properties, includes("storage")),
                        ..column
                    };
                    self.push_column(id, copy)
                }
            };
            if (generated && includes("generated")) || (!generated && includes("defaults")) {
                defaults.push((number, default));
            }
            if identity.is_some() && includes("identity") {
                self.add_sequence((id, number), identity);
            }
        }
        for (number, default) in defaults {
            self.copy_default((id, number), default, from);
        }
        if let Some(relation) = self.state.edit_relation(id) {
            relation.is_known &= source.is_known;
        }
        Ok(())
    }

    /// The index of one table on another, with the constraint that it is of.
    fn repeat_index(&mut self, id: Id, from: Id, index: Id, is_local: bool) -> Result<Option<Id>, Problem> {
        let Some(source) = self.state.get(index).and_then(Object::index).cloned() else { return Ok(None) };
        let columns = self.same_columns(from, id, &source.columns);
        let include = self.same_columns(from, id, &source.include);
        let constraint = self.state.needs((index, 0)).into_iter().find(|(_, link)| *link == Link::Internal);
        let rule = constraint
            .and_then(|(of, _)| self.state.get(of.0))
            .and_then(Object::constraint)
            .map(|constraint| constraint.rule.clone());
        self.add_index(None, Index { table: id, columns, include, ..source }, rule, is_local)
    }

    /// The constraints and indexes that LIKE copies.
    fn constraints_like(&mut self, id: Id, like: &Like, from: Option<Id>) -> Done {
        let includes = |what: &str| like.including.iter().any(|known| known == what);
        let Some(from) = from else { return Ok(()) };
        if includes("constraints") {
            for (name, expr, no_inherit) in self.checks_of(from) {
                let (at, comes) = (self.at, Comes::Added);
                self.add_check(id, Check { name: Some(&name), expr: &expr, validated: true, no_inherit, comes, at })?;
            }
        }
        if !includes("indexes") {
            return Ok(());
        }
        for index in self.state.indexes(from) {
            self.repeat_index(id, from, index, true)?;
        }
        Ok(())
    }

    pub(super) fn edit_column(&mut self, of: Ref) -> Option<&mut Column> {
        self.state.edit_relation(of.0)?.columns.iter_mut().find(|column| column.number == of.1)
    }

    /// Appends a column and gives it the next number.
    pub(super) fn push_column(&mut self, id: Id, mut column: Column) -> u16 {
        let user = column.kind.user();
        let Some(relation) = self.state.edit_relation(id) else { return 0 };
        column.number = relation.next_column;
        relation.next_column = relation.next_column.saturating_add(1);
        let number = column.number;
        relation.columns.push(column);
        if let Some(kind) = user {
            self.state.link((id, number), (kind, 0), Link::Normal);
        }
        number
    }

    /// A written type; one that is not known is a problem.
    pub(super) fn written_type(&mut self, written: &crate::effect::Type) -> Result<ColumnType, Problem> {
        match resolve_type(self.state, written) {
            Ok(kind) => Ok(kind),
            Err(problem) => self.absent(problem).map(|()| ColumnType::Unsaid),
        }
    }

    /// A column of CREATE TABLE or ADD COLUMN, without its constraints.
    pub(super) fn declare_column(
        &mut self,
        id: Id,
        written: &WrittenColumn,
        kind: Option<ColumnType>,
    ) -> Result<u16, Problem> {
        let inherited = self.state.relation(id).and_then(|relation| relation.column(&written.name)).cloned();
        let serial = written
            .kind
            .as_ref()
            .and_then(|kind| if kind.name.schema.is_none() { types::serial(&kind.name.name) } else { None });
        let number = match (&inherited, &written.kind) {
            (Some(column), _) if !column.is_local => {
                let not_null = written.not_null;
                if let Some(own) = self.edit_column((id, column.number)) {
                    own.is_local = true;
                    own.not_null |= not_null;
                }
                column.number
            }
            // Of a typed table: it only adds options.
            (Some(column), None) => {
                let not_null = written.not_null;
                if let Some(own) = self.edit_column((id, column.number)) {
                    own.not_null |= not_null;
                }
                column.number
            }
            (Some(_), Some(_)) => return Err(twice(&written.name, written.at)),
            (None, _) => {
                if is_system(&written.name) {
                    let message = format!("column name \"{}\" conflicts with a system column name", written.name);
                    return Err(Problem::new("42701", message, written.at));
                }
                let kind = match (kind, &written.kind) {
                    (Some(kind), _) => kind,
                    (None, Some(kind)) => self.written_type(kind)?,
                    (None, None) => ColumnType::Unsaid,
                };
                if kind.scalar().is_some_and(|name| {
                    name.starts_with("any")
                        || matches!(name, "record" | "void" | "trigger" | "unknown" | "cstring" | "internal")
                }) {
                    let text = self.state.type_text(&kind);
                    let message = format!("column \"{}\" has pseudo-type {text}", written.name);
                    return Err(Problem::new("42P16", message, written.at));
                }
                let column = Column {
                    not_null: written.not_null || serial.is_some() || written.identity.is_some(),
                    ..self.new_column(written.name.clone(), kind, written.at)
                };
                self.push_column(id, column)
            }
        };
        if serial.is_some() || written.identity.is_some() {
            self.add_sequence((id, number), written.identity);
        }
        if !written.properties.is_empty() {
            self.assign((id, number), &written.properties);
        }
        if let Some(default) = &written.default {
            self.set_default((id, number), default, false)?;
        }
        Ok(number)
    }

    /// What is worked out of other columns, which may stand behind.
    pub(super) fn generate(&mut self, id: Id, written: &WrittenColumn) -> Done {
        let number = self.state.relation(id).and_then(|relation| relation.column(&written.name)).map(|own| own.number);
        match (&written.generated, number) {
            (Some(generated), Some(number)) => self.set_default((id, number), generated, true),
            _ => Ok(()),
        }
    }

    /// The sequence of a serial or of an identity column.
    pub(super) fn add_sequence(&mut self, of: Ref, identity: Option<Identity>) {
        let Some(table) = self.state.get(of.0) else { return };
        let Some(relation) = table.relation() else { return };
        let Some(column) = relation.numbered(of.1) else { return };
        let (schema, temporary) = (table.parent, relation.temporary);
        let name = self.free_relation_name(&table.name, Some(&column.name), "seq", schema, false);
        let written = column.at;
        let detail = Relation { identity: identity.is_some(), owned_by: Some(of), ..self.sequence(temporary) };
        let object = self.new_object(Kind::Sequence, name.clone(), schema).with(Detail::Relation(detail));
        let sequence = self.insert_in_schema(object);
        if identity.is_some() {
            self.state.link((sequence, 0), of, Link::Internal);
            if let Some(column) = self.edit_column(of) {
                column.identity = identity;
                column.not_null = true;
            }
            return;
        }
        self.state.link((sequence, 0), of, Link::Auto);
        let schema_name = self.state.schema_name(schema);
        let text = format!("{schema_name}.{name}");
        let default = Expr {
            at: written,
            kind: ExprKind::Call {
                function: Box::new(Name::plain("nextval", written)),
                arguments: vec![Expr { at: written, kind: ExprKind::Text(Ident::from(text)) }].into(),
                star: false,
                distinct: false,
                filter: None,
                over: false,
            },
        };
        let default = self.put_default(of, &default, false);
        self.state.link((default, 0), (sequence, 0), Link::Normal);
    }

    fn put_default(&mut self, of: Ref, value: &Expr, generated: bool) -> Id {
        self.drop_default(of);
        let value = Arc::new(value.clone());
        let detail = Detail::Default(ColumnDefault { column: of.1, value: Arc::clone(&value) });
        let object = self.new_object(Kind::Default, of.1.to_string(), of.0).with(detail);
        let id = self.state.insert(object);
        self.state.link((id, 0), of, if generated { Link::Internal } else { Link::Auto });
        if let Some(column) = self.edit_column(of) {
            column.default = Some(value);
            column.default_id = id;
            column.generated = generated;
        }
        id
    }

    /// The default of a column of another table: it needs what that one needs, whatever the
    /// names are by then.
    pub(super) fn copy_default(&mut self, of: Ref, default: Id, from: Id) {
        let Some(Detail::Default(detail)) = self.state.get(default).map(|object| object.detail.clone()) else {
            return;
        };
        let generated = self.state.relation(from).and_then(|r| r.numbered(detail.column)).is_some_and(|c| c.generated);
        let id = self.put_default(of, &detail.value, generated);
        for (to, link) in self.state.needs((default, 0)) {
            if to == (from, detail.column) {
                continue;
            }
            let to = if to.0 == from {
                (of.0, self.same_columns(from, of.0, &[to.1]).first().copied().unwrap_or(0))
            } else {
                to
            };
            self.state.link((id, 0), to, link);
        }
    }

    pub(super) fn drop_default(&mut self, of: Ref) {
        let Some(column) = self.edit_column(of) else { return };
        let id = std::mem::take(&mut column.default_id);
        column.default = None;
        column.generated = false;
        if id != 0 {
            self.state.remove(id);
        }
    }

    pub(super) fn set_default(&mut self, of: Ref, value: &Expr, generated: bool) -> Done {
        // A length makes a call of NULL, and a call is kept.
        let has_length = self.edit_column(of).is_some_and(|column| match &column.kind {
            ColumnType::BuiltIn { modifiers, .. } => !modifiers.is_empty(),
            ColumnType::User { .. } | ColumnType::Literal | ColumnType::Unsaid => false,
        });
        if is_null(value) && !generated && !has_length {
            self.drop_default(of);
            return Ok(());
        }
        if !generated {
            self.default_known(of, value)?;
        }
        let mut reader = Reader::new(self.state);
        if generated {
            reader.see(of.0, None);
        } else {
            reader.see_columns("", &[], true);
        }
        reader.expr(value);
        let (findings, uses) = (reader.findings, reader.uses);
        let mut findings = findings;
        if let Some(problem) = &mut findings.problem
            && !generated
            && problem.sqlstate == "42703"
        {
            let message = "cannot use column reference in DEFAULT expression".to_owned();
            *problem = Problem::new("0A000", message, problem.at);
        }
        self.settle(findings)?;
        if generated {
            self.immutable(of.0, value, "generation expression is not immutable")?;
        }
        let id = self.put_default(of, value, generated);
        for (to, link) in uses {
            // Of its own table the row does not matter, only the columns.
            if to != (of.0, 0) {
                self.state.link((id, 0), to, link);
            }
        }
        Ok(())
    }

    // Constraints

    /// The constraints of a table in the order in which PostgreSQL makes them: checks, keys,
    /// foreign keys.
    pub(super) fn add_constraints(&mut self, id: Id, all: &[&WrittenConstraint], is_new: bool) -> Done {
        let comes = if is_new { Comes::Declared } else { Comes::Added };
        let mut names: BTreeSet<&Ident> = BTreeSet::new();
        for constraint in all {
            if let ConstraintKind::Check(expr) = &constraint.kind {
                if let Some(name) = constraint.name.as_ref().filter(|name| !names.insert(*name)) {
                    let message = format!("check constraint \"{name}\" already exists");
                    return Err(Problem::new("42710", message, constraint.at));
                }
                self.add_check(id, Check::written(constraint, expr, comes))?;
            }
        }
        let mut keys: Vec<&WrittenConstraint> = Vec::new();
        let is_primary =
            |constraint: &&&WrittenConstraint| matches!(constraint.kind, ConstraintKind::PrimaryKey { .. });
        keys.extend(all.iter().filter(is_primary));
        keys.extend(all.iter().filter(|constraint| {
            matches!(constraint.kind, ConstraintKind::Unique { .. } | ConstraintKind::Exclude(_))
        }));
        // A key that says the same as another is only one.
        let mut kept: Vec<(&WrittenConstraint, Option<Ident>)> = Vec::new();
        for key in keys {
            let same = kept.iter_mut().find(|(other, _)| {
                key_columns(other).is_some()
                    && key_columns(other) == key_columns(key)
                    && (other.deferral, takes_nulls_for_equal(other)) == (key.deferral, takes_nulls_for_equal(key))
                    && !is_excluding(other)
                    && other.include == key.include
                    && matches!(key.kind, ConstraintKind::Unique { .. })
            });
            match same {
                Some((_, name)) => {
                    if name.is_none() {
                        name.clone_from(&key.name);
                    }
                }
                None => kept.push((key, key.name.clone())),
            }
        }
        for (key, name) in kept {
            self.add_key(id, key, name.as_ref())?;
        }
        for constraint in all {
            if let ConstraintKind::ForeignKey { .. } = &constraint.kind {
                self.add_foreign_key(id, constraint)?;
            }
            if let ConstraintKind::NotNull(columns) = &constraint.kind {
                for column in columns {
                    if let Some(number) = self.column(id, column, constraint.at)?
                        && let Some(column) = self.edit_column((id, number))
                    {
                        column.not_null = true;
                    }
                }
            }
        }
        Ok(())
    }

    fn insert_constraint(&mut self, id: Id, name: Ident, constraint: Constraint) -> Id {
        let columns = constraint.columns.clone();
        let object = self.new_object(Kind::Constraint, name, id).with(Detail::Constraint(constraint));
        let made = self.state.insert(object);
        let columns: BTreeSet<u16> = columns.into_iter().filter(|number| *number != 0).collect();
        if columns.is_empty() {
            self.state.link((made, 0), (id, 0), Link::Auto);
        }
        for column in columns {
            self.state.link((made, 0), (id, column), Link::Auto);
        }
        self.made(made);
        made
    }

    pub(super) fn check_constraint_name(&mut self, id: Id, name: &str, at: At) -> Done {
        if let Some(known) = self.state.lookup(Class::Constraint, id, name) {
            let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
            let message = format!("constraint \"{name}\" for relation \"{table}\" already exists");
            let problem = Problem::new("42710", message, at).on(self.state.key((known, 0)));
            if self.state.get(known).is_some_and(|object| object.presence == Presence::Maybe) {
                self.may_fail(problem);
                let at = self.at;
                return super::remove::delete(self.state, &[(known, 0)], true, at).map(drop);
            }
            return Err(problem);
        }
        Ok(())
    }

    /// PostgreSQL's `MergeWithExistingConstraint`: whether a table has the constraint already, and it
    /// is as well for two to have declared it.
    fn merge_check(&mut self, id: Id, check: Check<'_>) -> Result<bool, Problem> {
        let Check { name: Some(name), expr, validated, no_inherit, comes, at } = check else { return Ok(false) };
        let Some(known) = self.state.lookup(Class::Constraint, id, name) else { return Ok(false) };
        let Some(Constraint { is_local, inherited, validated: was_validated, no_inherit: stays, .. }) =
            self.state.get(known).and_then(Object::constraint).cloned()
        else {
            return Ok(false);
        };
        let is_partition = self.state.relation(id).is_some_and(|relation| relation.partition);
        let may_merge = comes != Comes::Added || (!is_local && !is_partition);
        let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
        if !may_merge || !self.is_check((id, known), expr) {
            let is_check = self.state.get(known).and_then(Object::constraint);
            let is_check = is_check.is_some_and(|known| matches!(known.rule, ConstraintRule::Check(_)));
            if !may_merge || !is_check {
                return self.check_constraint_name(id, name, at).map(|()| false);
            }
            let message = format!("constraint \"{name}\" for relation \"{table}\" already exists");
            self.differ((id, known), Problem::new("42710", message, at))?;
        }
        let conflict = if stays {
            Some("non-inherited")
        } else if inherited > 0 && no_inherit {
            Some("inherited")
        } else {
            (validated && !was_validated).then_some("NOT VALID")
        };
        if let Some(other) = conflict {
            let message = format!("constraint \"{name}\" conflicts with {other} constraint on relation \"{table}\"");
            return Err(Problem::new("42P17", message, at).on(self.state.key((known, 0))));
        }
        if comes == Comes::Inherited {
            self.inherit_constraint(known);
        } else if let Some(Detail::Constraint(detail)) = self.state.edit(known).map(|object| &mut object.detail) {
            detail.is_local = !is_partition;
            detail.no_inherit |= no_inherit;
        }
        if comes != Comes::Declared {
            self.altered((known, 0), "merged");
        }
        Ok(true)
    }

    fn add_check(&mut self, id: Id, check: Check<'_>) -> Done {
        let Check { name, expr, validated, no_inherit, comes, at } = check;
        let is_domain = self.state.get(id).is_some_and(|object| object.kind == Kind::Domain);
        let mut reader = Reader::new(self.state);
        if is_domain {
            reader = reader.with(Variables::Any);
        } else {
            reader.see(id, None);
        }
        reader.expr(expr);
        let (findings, uses) = (reader.findings, reader.uses);
        self.settle(findings)?;
        let columns: Vec<u16> =
            uses.iter().filter(|((to, sub), _)| *to == id && *sub != 0).map(|((_, n), _)| *n).collect();
        if !is_domain && self.merge_check(id, check)? {
            return Ok(());
        }
        let name = match name {
            Some(name) => {
                self.check_constraint_name(id, name, at)?;
                name.clone()
            }
            None => {
                let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
                let column = match columns.as_slice() {
                    [one] => self.state.relation(id).and_then(|r| r.numbered(*one)).map(|column| column.name.clone()),
                    _ => None,
                };
                self.free_constraint_name(&table, column.as_deref(), "check", self.state.schema_of(id))
            }
        };
        let rule = ConstraintRule::Check(Arc::new(expr.clone()));
        let is_local = comes != Comes::Inherited;
        let inherited = u16::from(!is_local);
        let constraint = Constraint { no_inherit, is_local, inherited, ..declared(rule, validated, columns) };
        let made = self.insert_constraint(id, name.clone(), constraint);
        for (to, link) in uses {
            if to.0 != id {
                self.state.link((made, 0), to, link);
            }
        }
        if !is_domain && !no_inherit {
            let check = Check { name: Some(&name), comes: Comes::Inherited, ..check };
            for child in self.state.inheritors(id) {
                self.add_check(child, check)?;
            }
        }
        Ok(())
    }

    fn key_numbers(&mut self, id: Id, columns: &[Ident], at: At) -> Result<Vec<u16>, Problem> {
        let mut numbers = Vec::new();
        for name in columns {
            let Some(relation) = self.state.relation(id) else { return Ok(numbers) };
            match relation.column(name) {
                Some(column) => numbers.push(column.number),
                None if relation.is_known && !crate::effect::is_variable(name) => {
                    return Err(Problem::new("42703", format!("column \"{name}\" named in key does not exist"), at));
                }
                None => numbers.push(0),
            }
        }
        Ok(numbers)
    }

    pub(super) fn add_key(&mut self, id: Id, written: &WrittenConstraint, name: Option<&Ident>) -> Done {
        let (columns, index, nulls_equal, rule) = match &written.kind {
            ConstraintKind::PrimaryKey { columns, index } => {
                (columns.clone(), index, false, ConstraintRule::PrimaryKey)
            }
            ConstraintKind::Unique { columns, index, nulls_equal } => {
                (columns.clone(), index, *nulls_equal, ConstraintRule::Unique)
            }
            ConstraintKind::Exclude(parts) => return self.add_exclusion(id, written, parts, name),
            _ => return Ok(()),
        };
        let is_primary = rule == ConstraintRule::PrimaryKey;
        if is_primary
            && let Some(known) = self
                .state
                .constraints(id)
                .find(|(_, constraint)| constraint.rule == ConstraintRule::PrimaryKey)
                .map(|(id, _)| id)
        {
            let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
            let message = format!("multiple primary keys for table \"{table}\" are not allowed");
            return Err(Problem::new("42P16", message, written.at).on(self.state.key((known, 0))));
        }
        if let Some(index) = index {
            return self.key_using_index(id, written, index, rule, name);
        }
        let numbers = self.key_numbers(id, &columns, written.at)?;
        if let Some(twice) = repeated(&numbers) {
            let column = self.state.relation(id).and_then(|r| r.numbered(twice)).map(|column| column.name.clone());
            let key = if is_primary { "primary key" } else { "unique" };
            let message = format!("column \"{}\" appears twice in {key} constraint", column.unwrap_or_default());
            return Err(Problem::new("42701", message, written.at));
        }
        let include = self.key_numbers(id, &written.include, written.at)?;
        if is_primary {
            self.set_not_null(id, &numbers);
        }
        let made = Index {
            table: id,
            unique: true,
            primary: is_primary,
            columns: numbers,
            expressions: Vec::new(),
            include,
            filter: None,
            nulls_equal,
            deferral: written.deferral,
            properties: said(&written.properties),
        };
        self.add_index(name, made, Some(rule), true).map(drop)
    }

    fn set_not_null(&mut self, id: Id, numbers: &[u16]) {
        for number in numbers {
            let Some(column) = self.edit_column((id, *number)) else { continue };
            column.not_null = true;
            let name = column.name.clone();
            for child in self.state.inheritors(id) {
                let number = self.state.relation(child).and_then(|r| r.column(&name)).map(|column| column.number);
                if let Some(number) = number {
                    self.set_not_null(child, &[number]);
                }
            }
        }
    }

    fn key_using_index(
        &mut self,
        id: Id,
        written: &WrittenConstraint,
        index: &Ident,
        rule: ConstraintRule,
        name: Option<&Ident>,
    ) -> Done {
        let schema = self.state.schema_of(id);
        let found = self.state.lookup(Class::Relation, schema, index);
        let Some((index_id, source)) = found.and_then(|id| Some((id, self.state.get(id)?.index()?.clone()))) else {
            return self.absent(Problem::new("42704", format!("index \"{index}\" does not exist"), written.at));
        };
        let refuse = |message: String| Err(Problem::new("42809", message, written.at));
        if source.table != id {
            return Err(Problem::new(
                "55000",
                format!(
                    "index \"{index}\" does not belong to table \"{}\"",
                    self.state.get(id).map(|object| object.name.clone()).unwrap_or_default()
                ),
                written.at,
            ));
        }
        if self.state.needs((index_id, 0)).iter().any(|(_, link)| *link == Link::Internal) {
            let message = format!("index \"{index}\" is already associated with a constraint");
            return Err(Problem::new("55000", message, written.at));
        }
        if !source.unique {
            return refuse(format!("\"{index}\" is not a unique index"));
        }
        if !source.expressions.is_empty() {
            return refuse(format!("index \"{index}\" contains expressions"));
        }
        if source.filter.is_some() {
            return refuse(format!("\"{index}\" is a partial index"));
        }
        let is_primary = rule == ConstraintRule::PrimaryKey;
        if is_primary {
            self.set_not_null(id, &source.columns);
        }
        let name = name.cloned().unwrap_or_else(|| index.clone());
        self.check_constraint_name(id, &name, written.at)?;
        let constraint = Constraint { deferral: written.deferral, ..declared(rule, true, source.columns) };
        let made = self.insert_constraint(id, name.clone(), constraint);
        self.state.unlink_range((index_id, 0), (index_id, 0));
        self.state.link((index_id, 0), (made, 0), Link::Internal);
        self.state.link((index_id, 0), (schema, 0), Link::Normal);
        let deferral = written.deferral;
        self.state.rename(index_id, |object| {
            object.name = name;
            if let Detail::Index(index) = &mut object.detail {
                index.primary = is_primary;
                index.deferral = deferral;
            }
        });
        Ok(())
    }

    fn add_exclusion(&mut self, id: Id, written: &WrittenConstraint, parts: &[Expr], name: Option<&Ident>) -> Done {
        let parts: Vec<IndexOf> = parts
            .iter()
            .map(|part| match &part.kind {
                ExprKind::Column(path) => IndexOf::Column(path.last().cloned().unwrap_or_default()),
                _ => IndexOf::Expression(part.clone()),
            })
            .collect();
        let index = self.index_of(id, &parts, &[], None, false, false, written.at)?;
        let index = Index { deferral: written.deferral, properties: said(&written.properties), ..index };
        self.add_index(name, index, Some(ConstraintRule::Exclude), true).map(drop)
    }

    /// An index, on its own or of a constraint. Its partitions get theirs.
    pub(super) fn add_index(
        &mut self,
        name: Option<&Ident>,
        index: Index,
        rule: Option<ConstraintRule>,
        is_local: bool,
    ) -> Result<Option<Id>, Problem> {
        let table = index.table;
        let Some(object) = self.state.get(table) else { return Ok(None) };
        let (table_name, schema) = (object.name.clone(), object.parent);
        let is_partitioned = object.relation().is_some_and(|relation| relation.partitioned);
        if is_partitioned && index.unique && is_local {
            // Which columns those are is not told.
            let message = "unique constraint on partitioned table must include all partitioning columns".to_owned();
            self.may_fail(Problem::new("0A000", message, self.at));
        }
        let name = match name {
            Some(name) => {
                if let Some(known) = self.state.lookup(Class::Relation, schema, name) {
                    let message = format!("relation \"{name}\" already exists");
                    return Err(Problem::new("42P07", message, self.at).on(self.state.key((known, 0))));
                }
                name.clone()
            }
            None => {
                let columns = self.index_columns_text(&index);
                match &rule {
                    Some(ConstraintRule::PrimaryKey) => {
                        self.free_relation_name(&table_name, None, "pkey", schema, true)
                    }
                    Some(ConstraintRule::Exclude) => {
                        self.free_relation_name(&table_name, Some(&columns), "excl", schema, true)
                    }
                    Some(_) => self.free_relation_name(&table_name, Some(&columns), "key", schema, true),
                    None => self.free_relation_name(&table_name, Some(&columns), "idx", schema, false),
                }
            }
        };
        let mut expressions: BTreeSet<(Ref, Link)> = BTreeSet::new();
        {
            let mut reader = Reader::new(self.state);
            reader.see(table, None);
            index.expressions.iter().chain(&index.filter).for_each(|expr| drop(reader.expr(expr)));
            expressions.extend(reader.uses);
        }
        let columns: BTreeSet<u16> =
            index.columns.iter().chain(&index.include).copied().filter(|number| *number != 0).collect();
        let owner = match rule {
            Some(rule) => {
                self.check_constraint_name(table, &name, self.at)?;
                let constraint = Constraint {
                    is_local,
                    inherited: u16::from(!is_local),
                    deferral: index.deferral,
                    ..declared(rule, true, index.columns.clone())
                };
                Some(self.insert_constraint(table, name.clone(), constraint))
            }
            None => None,
        };
        let source = index.clone();
        let object = self.new_object(Kind::Index, name, schema).with(Detail::Index(index));
        let made = self.state.insert(object);
        self.made(made);
        match owner {
            Some(owner) => {
                self.state.link((made, 0), (owner, 0), Link::Internal);
                expressions.iter().for_each(|(to, link)| {
                    if to.0 == table && to.1 != 0 {
                        self.state.link((owner, 0), *to, Link::Auto);
                    } else if to.0 != table {
                        self.state.link((made, 0), *to, *link);
                    }
                });
            }
            None => {
                columns.iter().for_each(|column| self.state.link((made, 0), (table, *column), Link::Auto));
                expressions.iter().for_each(|(to, link)| {
                    if to.0 == table && to.1 != 0 {
                        self.state.link((made, 0), *to, Link::Auto);
                    } else if to.0 != table {
                        self.state.link((made, 0), *to, *link);
                    }
                });
                if columns.is_empty() {
                    self.state.link((made, 0), (table, 0), Link::Auto);
                }
            }
        }
        if is_partitioned && !self.only {
            let rule = owner.and_then(|id| self.state.get(id)).and_then(Object::constraint).map(|c| c.rule.clone());
            for child in self.state.inheritors(table) {
                let columns = self.same_columns(table, child, &source.columns);
                let include = self.same_columns(table, child, &source.include);
                let copy = Index { table: child, columns, include, ..source.clone() };
                if let Some(copy) = self.add_index(None, copy, rule.clone(), false)? {
                    self.state.link((copy, 0), (made, 0), Link::Auto);
                }
            }
        }
        Ok(Some(made))
    }

    /// The columns of an index as they stand in its automatic name.
    fn index_columns_text(&self, index: &Index) -> String {
        let relation = self.state.relation(index.table);
        let mut expressions = index.expressions.iter();
        let mut names: Vec<Ident> = Vec::new();
        for number in index.columns.iter().chain(&index.include) {
            let name = match relation.and_then(|relation| relation.numbered(*number)) {
                Some(column) => column.name.clone(),
                None => expressions
                    .next()
                    .map_or_else(|| Ident::new_static("expr"), |expr| index_column_name(expr, self.state)),
            };
            // Two of one name are told apart.
            let mut unique = name.clone();
            let mut count = 0;
            while names.contains(&unique) {
                count += 1;
                unique = Ident::from(format!("{name}{count}"));
            }
            names.push(unique);
        }
        let mut text = String::new();
        for name in names {
            if text.len() > NAME_LENGTH {
                break;
            }
            if !text.is_empty() {
                text.push('_');
            }
            text.push_str(&name);
        }
        text
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one index, all of different types")]
    fn index_of(
        &mut self,
        table: Id,
        parts: &[IndexOf],
        include: &[Ident],
        filter: Option<&Expr>,
        unique: bool,
        nulls_equal: bool,
        at: At,
    ) -> Result<Index, Problem> {
        let mut columns = Vec::new();
        let mut expressions = Vec::new();
        let number = |work: &Self, name: &Ident| {
            let Some(relation) = work.state.relation(table) else { return Ok(0) };
            match relation.column(name) {
                Some(column) => Ok(column.number),
                None if relation.is_known && !crate::effect::is_variable(name) && !is_system(name) => {
                    Err(Problem::new("42703", format!("column \"{name}\" does not exist"), at))
                }
                None => Ok(0),
            }
        };
        for part in parts {
            match part {
                IndexOf::Column(name) => columns.push(number(self, name)?),
                IndexOf::Expression(expr) => {
                    columns.push(0);
                    expressions.push(Arc::new(expr.clone()));
                }
            }
        }
        let include = include.iter().map(|name| number(self, name)).collect::<Result<Vec<_>, _>>()?;
        let mut reader = Reader::new(self.state);
        reader.see(table, None);
        expressions.iter().for_each(|expr| drop(reader.expr(expr)));
        filter.iter().for_each(|filter| drop(reader.expr(filter)));
        let findings = reader.findings;
        self.settle(findings)?;
        let filter = filter.map(|filter| Arc::new(filter.clone()));
        let deferral = Deferral::NotDeferrable;
        let (primary, properties) = (false, BTreeMap::new());
        Ok(Index { table, unique, primary, columns, expressions, include, filter, nulls_equal, deferral, properties })
    }

    pub(super) fn create_index(&mut self, act: &Act) -> Done {
        let Act::CreateIndex {
            name,
            table,
            only,
            unique,
            concurrently,
            if_not_exists,
            parts,
            include,
            filter,
            nulls_equal,
            properties,
        } = act
        else {
            return Ok(());
        };
        self.only = *only;
        if *concurrently && self.in_block {
            let message = "CREATE INDEX CONCURRENTLY cannot run inside a transaction block".to_owned();
            return Err(Problem::new("25001", message, self.at));
        }
        let Some(id) = self.opened(table)? else { return Ok(()) };
        self.check_rows(id, table)?;
        let Some(object) = self.state.get(id) else { return Ok(()) };
        if !matches!(object.kind, Kind::Table | Kind::MaterializedView) {
            let message = format!("cannot create index on relation \"{}\"", table.name);
            return Err(Problem::new("42809", message, table.at));
        }
        let schema = object.parent;
        let index = self.index_of(id, parts, include, filter.as_deref(), *unique, *nulls_equal, self.at)?;
        let index = Index { properties: said(properties), ..index };
        for part in &index.expressions {
            self.immutable(id, part, "functions in index expression must be marked IMMUTABLE")?;
        }
        if let Some(filter) = filter.as_deref() {
            self.immutable(id, filter, "functions in index predicate must be marked IMMUTABLE")?;
        }
        if let Some(name) = name
            && let Some(known) = self.state.lookup(Class::Relation, schema, name)
        {
            let message = format!("relation \"{name}\" already exists");
            if *if_not_exists {
                self.skip(name.clone(), Some((known, 0)), format!("{message}, skipping"));
                if let Some(object) = self.state.edit(known).filter(|object| object.presence == Presence::Maybe) {
                    object.presence = Presence::Yes;
                    object.varies = true;
                }
                return Ok(());
            }
            let problem = Problem::new("42P07", message, self.at).on(self.state.key((known, 0)));
            self.replace_maybe(known, problem)?;
        }
        self.add_index(name.as_ref(), index, None, true).map(drop)
    }

    pub(super) fn add_foreign_key(&mut self, id: Id, written: &WrittenConstraint) -> Done {
        let ConstraintKind::ForeignKey { columns, references, referenced, on_delete, on_update } = &written.kind else {
            return Ok(());
        };
        let parent = if references.is_variable() {
            None
        } else {
            self.opened(references).or_else(|problem| self.absent(problem).map(|()| None))?
        };
        if let Some(parent) = parent {
            self.check_parent(id, parent, references)?;
        }
        let mut numbers = Vec::new();
        for name in columns {
            let Some(relation) = self.state.relation(id) else { return Ok(()) };
            match relation.column(name) {
                Some(column) => numbers.push(column.number),
                None if relation.is_known && !crate::effect::is_variable(name) => {
                    let message = format!("column \"{name}\" referenced in foreign key constraint does not exist");
                    return Err(Problem::new("42703", message, written.at));
                }
                None => numbers.push(0),
            }
        }
        let target = match parent {
            Some(parent) => self.referenced(parent, references, referenced, numbers.len())?,
            None => None,
        };
        let name = match &written.name {
            Some(name) => {
                self.check_constraint_name(id, name, written.at)?;
                name.clone()
            }
            None => {
                let table = self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
                let mut text = String::new();
                for column in columns {
                    if text.len() > NAME_LENGTH {
                        break;
                    }
                    if !text.is_empty() {
                        text.push('_');
                    }
                    text.push_str(column);
                }
                self.free_constraint_name(&table, Some(&text), "fkey", self.state.schema_of(id))
            }
        };
        let (target_columns, target_index) = target.clone().unwrap_or_default();
        if let Some(parent) = parent {
            self.check_types(id, &numbers, parent, &target_columns, &name, written.at)?;
        }
        let rule = ConstraintRule::ForeignKey {
            parent: parent.unwrap_or(0),
            written: Ident::from(references.to_string()),
            columns: target_columns.clone(),
            on_delete: *on_delete,
            on_update: *on_update,
        };
        let constraint =
            Constraint { deferral: written.deferral, ..declared(rule, !written.not_valid, numbers.clone()) };
        let made = self.insert_constraint(id, name.clone(), constraint);
        self.describe(made, &written.properties);
        if let Some(parent) = parent {
            if target_columns.is_empty() {
                self.state.link((made, 0), (parent, 0), Link::Normal);
            }
            target_columns.iter().for_each(|column| self.state.link((made, 0), (parent, *column), Link::Normal));
            self.state.link((made, 0), (target_index, 0), Link::Normal);
        }
        if self.state.relation(id).is_some_and(|relation| relation.partitioned) {
            for child in self.state.inheritors(id) {
                let copy = WrittenConstraint { name: Some(name.clone()), ..written.clone() };
                if self.state.lookup(Class::Constraint, child, &name).is_none() {
                    self.add_foreign_key(child, &copy)?;
                    if let Some(copied) = self.state.lookup(Class::Constraint, child, &name) {
                        self.state.link((copied, 0), (made, 0), Link::Internal);
                    }
                }
            }
        }
        Ok(())
    }

    fn check_parent(&mut self, id: Id, parent: Id, references: &Name) -> Done {
        self.check_rows(parent, references)?;
        let (Some(object), Some(child)) = (self.state.get(parent), self.state.relation(id)) else { return Ok(()) };
        if object.kind != Kind::Table {
            let message = format!("referenced relation \"{}\" is not a table", references.name);
            return Err(Problem::new("42809", message, references.at));
        }
        let temporary = object.relation().is_some_and(|relation| relation.temporary);
        if temporary != child.temporary {
            let what = if child.temporary { "temporary" } else { "permanent" };
            let message = format!("constraints on {what} tables may reference only {what} tables");
            return Err(Problem::new("42P16", message, references.at));
        }
        Ok(())
    }

    /// The columns that a foreign key refers to, and their unique index.
    fn referenced(
        &mut self,
        parent: Id,
        references: &Name,
        written: &[Ident],
        width: usize,
    ) -> Result<Option<(Vec<u16>, Id)>, Problem> {
        let Some(relation) = self.state.relation(parent) else { return Ok(None) };
        let is_known = relation.is_known;
        let table = self.state.get(parent).map(|object| object.name.clone()).unwrap_or_default();
        if written.is_empty() {
            let key = self.state.indexes(parent).into_iter().find_map(|id| {
                let index = self.state.get(id)?.index()?;
                index.primary.then(|| (index.columns.clone(), id))
            });
            let Some(key) = key else {
                let message = format!("there is no primary key for referenced table \"{table}\"");
                let problem = Problem::new("42704", message, references.at);
                return if is_known { self.absent(problem).map(|()| None) } else { Ok(None) };
            };
            if self.is_deferrable(key.1) {
                let message = format!("cannot use a deferrable primary key for referenced table \"{table}\"");
                return Err(Problem::new("55000", message, references.at));
            }
            return if key.0.len() == width { Ok(Some(key)) } else { Err(disagreement(references.at)) };
        }
        let mut columns = Vec::new();
        for name in written {
            match relation.column(name) {
                Some(column) => columns.push(column.number),
                None if is_known => {
                    let message = format!("column \"{name}\" referenced in foreign key constraint does not exist");
                    return Err(Problem::new("42703", message, references.at));
                }
                None => return Ok(None),
            }
        }
        if columns.len() != width {
            return Err(disagreement(references.at));
        }
        let mut wanted = columns.clone();
        wanted.sort_unstable();
        let found = self.state.indexes(parent).into_iter().filter(|id| {
            self.state.get(*id).and_then(Object::index).is_some_and(|index| {
                let mut keys = index.columns.clone();
                keys.sort_unstable();
                index.unique && index.filter.is_none() && keys == wanted
            })
        });
        let found: Vec<Id> = found.collect();
        match found.iter().copied().filter(|index| !self.is_deferrable(*index)).min() {
            Some(index) => Ok(Some((columns, index))),
            None if !found.is_empty() => {
                let message = format!("cannot use a deferrable unique constraint for referenced table \"{table}\"");
                Err(Problem::new("55000", message, references.at))
            }
            None if is_known => {
                let message =
                    format!("there is no unique constraint matching given keys for referenced table \"{table}\"");
                let problem = Problem::new("42830", message, references.at);
                if self.complete {
                    return Err(problem);
                }
                self.may_fail(problem);
                Ok(Some((columns, 0)))
            }
            None => Ok(Some((columns, 0))),
        }
    }

    fn is_deferrable(&self, index: Id) -> bool {
        let index = self.state.get(index).and_then(Object::index);
        index.is_some_and(|index| index.deferral.is_deferrable())
    }

    /// Types that no operator compares make a foreign key impossible.
    fn check_types(&self, id: Id, columns: &[u16], parent: Id, referenced: &[u16], name: &str, at: At) -> Done {
        let (Some(child), Some(parent)) = (self.state.relation(id), self.state.relation(parent)) else { return Ok(()) };
        for (own, other) in columns.iter().zip(referenced) {
            let (Some(own), Some(other)) = (child.numbered(*own), parent.numbered(*other)) else { continue };
            if let (Some(one), Some(two)) = (family(&own.kind), family(&other.kind))
                && one != two
            {
                let message = format!("foreign key constraint \"{name}\" cannot be implemented");
                let detail = format!(
                    "Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                    own.name,
                    other.name,
                    self.state.short_type_text(&own.kind),
                    self.state.short_type_text(&other.kind)
                );
                return Err(Problem::new("42804", message, at).detail(detail));
            }
        }
        Ok(())
    }

    // Views

    pub(super) fn shape(&mut self, query: &Query) -> Result<(Shape, BTreeSet<(Ref, Link)>, Vec<Ident>), Problem> {
        let mut reader = Reader::new(self.state);
        let mut shape = reader.top(query);
        let (findings, uses) = (reader.findings, reader.uses);
        let unresolved: Vec<Ident> = reader.unresolved.iter().map(|name| Ident::from(name.to_string())).collect();
        shape.is_known &= unresolved.is_empty() || shape.columns.iter().all(|column| !column.name.is_empty());
        self.settle(findings)?;
        Ok((shape, uses, unresolved))
    }

    pub(super) fn create_view(&mut self, act: &Act) -> Done {
        let Act::CreateView { name, or_replace, temporary, columns, query, properties } = act else { return Ok(()) };
        let (mut shape, uses, unresolved) = self.shape(query)?;
        if columns.len() > shape.columns.len() && shape.is_known {
            let message = "CREATE VIEW specifies more column names than columns".to_owned();
            return Err(Problem::new("42601", message, name.at));
        }
        rename_outputs(&mut shape, columns);
        let reads_temporary =
            uses.iter().any(|((id, _), _)| self.state.relation(*id).is_some_and(|relation| relation.temporary));
        let temporary = *temporary || (name.schema.is_none() && (reads_temporary || self.creates_temporary()));
        let schema = self.schema_for(name, temporary)?;
        check_twice(&shape, name.at)?;
        if let Some(known) = self.state.lookup(Class::Relation, schema, &name.name)
            && *or_replace
        {
            self.check_kind(known, &ObjectKind::View, name)?;
            self.replace_view(known, query, &shape, &uses, unresolved, name)?;
            self.describe(known, properties);
            return Ok(());
        }
        if !self.free_relation(name, schema, false)? {
            return Ok(());
        }
        let id = self.put_view(Kind::View, name, schema, temporary, Some(query), &shape, &uses, unresolved);
        self.describe(id, properties);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one object, all of different types")]
    fn put_view(
        &mut self,
        kind: Kind,
        name: &Name,
        schema: Id,
        temporary: bool,
        query: Option<&Query>,
        shape: &Shape,
        uses: &BTreeSet<(Ref, Link)>,
        unresolved: Vec<Ident>,
    ) -> Id {
        let relation = Relation {
            next_column: 1,
            is_known: shape.is_known,
            temporary,
            query: query.map(|query| Arc::new(query.clone())),
            unresolved,
            ..Relation::default()
        };
        let object = self.new_object(kind, name.name.clone(), schema).with(Detail::Relation(relation));
        let id = self.insert_in_schema(object);
        for output in &shape.columns {
            self.push_output(id, output, name.at);
        }
        uses.iter().for_each(|(to, link)| self.state.link((id, 0), *to, *link));
        id
    }

    /// A sequence is read as a relation of one row.
    fn sequence(&self, temporary: bool) -> Relation {
        let column = |name, number, kind| Column {
            number,
            not_null: true,
            ..self.new_column(Ident::new_static(name), ColumnType::built_in(kind), self.at)
        };
        let columns =
            vec![column("last_value", 1, "int8"), column("log_cnt", 2, "int8"), column("is_called", 3, "bool")];
        Relation { columns, next_column: 4, is_known: true, temporary, ..Relation::default() }
    }

    /// What a definition says of an object takes the place of all that was said before.
    pub(super) fn describe(&mut self, id: Id, properties: &Properties) {
        let (said, at) = (said(properties), self.at);
        let Some(object) = self.state.get(id).filter(|object| object.properties != said) else { return };
        let is_new = object.at.is(at);
        if let Some(object) = self.state.edit(id) {
            object.properties = said;
        }
        if !is_new {
            self.altered((id, 0), "replaced");
        }
    }

    fn new_column(&self, name: Ident, kind: ColumnType, at: At) -> Column {
        Column {
            name,
            number: 0,
            kind,
            held: None,
            not_null: false,
            default: None,
            default_id: 0,
            generated: false,
            identity: None,
            comment: None,
            presence: Presence::Yes,
            at,
            origin: self.origin,
            is_local: true,
            inherited: 0,
            properties: BTreeMap::new(),
        }
    }

    fn push_output(&mut self, id: Id, output: &Output, at: At) -> u16 {
        let column = self.new_column(output.name.clone(), output.kind.clone(), at);
        self.push_column(id, column)
    }

    /// `CREATE OR REPLACE VIEW` may only append columns.
    fn replace_view(
        &mut self,
        id: Id,
        query: &Query,
        shape: &Shape,
        uses: &BTreeSet<(Ref, Link)>,
        unresolved: Vec<Ident>,
        name: &Name,
    ) -> Done {
        let Some(old) = self.state.relation(id).cloned() else { return Ok(()) };
        let both_known = old.is_known && shape.is_known;
        let refuse = |message: String| Err(Problem::new("42P16", message, name.at));
        if both_known && shape.columns.len() < old.columns.len() {
            return refuse("cannot drop columns from view".to_owned());
        }
        if old.is_known || shape.is_known {
            for (before, after) in old.columns.iter().zip(&shape.columns) {
                if !both_known {
                    break;
                }
                if before.name != after.name {
                    return refuse(format!(
                        "cannot change name of view column \"{}\" to \"{}\"",
                        before.name, after.name
                    ));
                }
                let is_said = |kind: &ColumnType| !matches!(kind, ColumnType::Unsaid | ColumnType::Literal);
                if is_said(&before.kind) && is_said(&after.kind) && before.kind != after.kind {
                    return refuse(format!(
                        "cannot change data type of view column \"{}\" from {} to {}",
                        before.name,
                        self.state.short_type_text(&before.kind),
                        self.state.short_type_text(&after.kind)
                    ));
                }
            }
        }
        let before = (old.query.clone(), self.state.needs((id, 0)));
        let schema = self.state.schema_of(id);
        self.state.unlink_range((id, 0), (id, 0));
        self.state.link((id, 0), (schema, 0), Link::Normal);
        for (to, link) in uses.iter().filter(|(to, _)| to.0 != id) {
            self.state.link((id, 0), *to, *link);
        }
        let query = Arc::new(query.clone());
        if let Some(relation) = self.state.edit_relation(id) {
            relation.query = Some(Arc::clone(&query));
            relation.unresolved = unresolved;
            relation.is_known = shape.is_known;
            for (column, output) in relation.columns.iter_mut().zip(&shape.columns) {
                if column.kind == ColumnType::Unsaid {
                    column.kind = output.kind.clone();
                }
            }
        }
        let mut columns_changed = false;
        for output in shape.columns.get(old.columns.len()..).unwrap_or_default() {
            self.push_output(id, output, name.at);
            columns_changed = true;
        }
        if let Some(object) = self.state.edit(id)
            && object.presence == Presence::Maybe
        {
            object.presence = Presence::Yes;
            self.made(id);
        }
        if columns_changed || before != (Some(query), self.state.needs((id, 0))) {
            self.altered((id, 0), "replaced");
        }
        Ok(())
    }

    pub(super) fn create_table_as(&mut self, act: &Act) -> Done {
        let Act::CreateTableAs {
            name,
            materialized,
            if_not_exists,
            temporary,
            columns,
            source,
            drop_on_commit,
            properties,
            ..
        } = act
        else {
            return Ok(());
        };
        let temporary = *temporary || (name.schema.is_none() && self.creates_temporary());
        let schema = self.schema_for(name, temporary)?;
        if *if_not_exists && !self.free_relation(name, schema, true)? {
            return Ok(());
        }
        let (mut shape, uses, unresolved, query) = match &source.act {
            Act::Select(query) => {
                let (shape, uses, unresolved) = self.shape(query)?;
                (shape, uses, unresolved, Some(query))
            }
            _ => (Shape::default(), BTreeSet::new(), Vec::new(), None),
        };
        if columns.len() > shape.columns.len() && shape.is_known {
            return Err(Problem::new("42601", "too many column names were specified".to_owned(), name.at));
        }
        rename_outputs(&mut shape, columns);
        check_twice(&shape, name.at)?;
        self.free_relation(name, schema, false)?;
        let kind = if *materialized { Kind::MaterializedView } else { Kind::Table };
        let (query, uses, unresolved) = if *materialized {
            (query.map(AsRef::as_ref), uses, unresolved)
        } else {
            (None, BTreeSet::new(), Vec::new())
        };
        let id = self.put_view(kind, name, schema, temporary, query, &shape, &uses, unresolved);
        self.describe(id, properties);
        if *drop_on_commit {
            if let Some(relation) = self.state.edit_relation(id) {
                relation.drop_on_commit = true;
            }
            if self.in_block {
                self.state.drop_on_commit.insert(id);
            } else {
                let at = self.at;
                super::remove::delete(self.state, &[(id, 0)], true, at)?;
                self.outcome.made.clear();
            }
        }
        Ok(())
    }

    // Types and the rest

    pub(super) fn create_type(&mut self, act: &Act) -> Done {
        let Act::CreateType { kind, name, labels, attributes, base, constraints } = act else { return Ok(()) };
        let schema = self.schema_for(name, false)?;
        if let Some(id) = self.state.lookup(Class::Type, schema, &name.name) {
            let message = format!("type \"{}\" already exists", name.name);
            let problem = Problem::new("42710", message, name.at).on(self.state.key((id, 0)));
            self.replace_maybe(id, problem)?;
        }
        if !attributes.is_empty() {
            if !self.free_relation(name, schema, false)? {
                return Ok(());
            }
            let relation = Relation { next_column: 1, is_known: true, ..Relation::default() };
            let object = self.new_object(Kind::CompositeType, name.name.clone(), schema);
            let id = self.insert_in_schema(object.with(Detail::Relation(relation)));
            for attribute in attributes {
                self.declare_column(id, attribute, None)?;
            }
            return Ok(());
        }
        let is_domain = *kind == ObjectKind::Domain;
        let base = match base {
            Some(base) => Some(self.written_type(base)?),
            None => None,
        };
        let detail = UserType { labels: labels.to_vec(), told: labels.len(), base: base.clone(), not_null: false };
        let kind = if is_domain { Kind::Domain } else { Kind::Type };
        let object = self.new_object(kind, name.name.clone(), schema).with(Detail::Type(detail));
        let id = self.insert_in_schema(object);
        if let Some(base) = base.as_ref().and_then(ColumnType::user) {
            self.state.link((id, 0), (base, 0), Link::Normal);
        }
        if let Some(twice) =
            labels.iter().enumerate().find(|(index, label)| labels.iter().take(*index).any(|l| l == *label))
        {
            let message = format!("enum label \"{}\" used more than once", twice.1);
            return Err(Problem::new("23505", message, name.at));
        }
        for constraint in constraints {
            self.add_domain_constraint(id, constraint)?;
        }
        Ok(())
    }

    pub(super) fn add_domain_constraint(&mut self, id: Id, constraint: &WrittenConstraint) -> Done {
        match &constraint.kind {
            ConstraintKind::Check(expr) => self.add_check(id, Check::written(constraint, expr, Comes::Added)),
            ConstraintKind::NotNull(_) => {
                if let Some(Detail::Type(detail)) = self.state.edit(id).map(|object| &mut object.detail) {
                    detail.not_null = true;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn create_other(&mut self, act: &Act) -> Done {
        let Act::Create { object, if_not_exists, or_replace, temporary, members, parts, properties } = act else {
            return Ok(());
        };
        let name = &object.name;
        match &object.kind {
            ObjectKind::Schema => self.create_schema(name, *if_not_exists, members),
            ObjectKind::Sequence => {
                let made = self.create_sequence(name, *if_not_exists, *temporary, parts)?;
                made.into_iter().for_each(|id| self.describe(id, properties));
                Ok(())
            }
            ObjectKind::Policy => self.create_policy(object, parts, properties),
            ObjectKind::ForeignTable => {
                let schema = self.schema_for(name, false)?;
                if !self.free_relation(name, schema, *if_not_exists)? {
                    return Ok(());
                }
                let detail = Detail::Relation(Relation { next_column: 1, ..Relation::default() });
                let object = self.new_object(Kind::ForeignTable, name.name.clone(), schema).with(detail);
                let id = self.insert_in_schema(object);
                self.link_to_named(id, "server", parts);
                Ok(())
            }
            ObjectKind::Extension => {
                if name.name == "plpgsql" || self.state.lookup(Class::Extension, 0, &name.name).is_some() {
                    let message = format!("extension \"{}\" already exists", name.name);
                    if *if_not_exists {
                        self.skip(name.name.clone(), None, format!("{message}, skipping"));
                        return Ok(());
                    }
                    return Err(Problem::new("42710", message, name.at));
                }
                let object = self.new_object(Kind::Extension, name.name.clone(), 0);
                let id = self.state.insert(object);
                self.made(id);
                self.state.has_extension = true;
                Ok(())
            }
            ObjectKind::Role => {
                if self.state.lookup(Class::Role, 0, &name.name).is_some() {
                    let message = format!("role \"{}\" already exists", name.name);
                    return Err(Problem::new("42710", message, name.at));
                }
                let object = self.new_object(Kind::Role, name.name.clone(), 0);
                let id = self.state.insert(object);
                self.made(id);
                Ok(())
            }
            ObjectKind::EventTrigger => self.create_event_trigger(name, parts),
            ObjectKind::Language => self.create_named(Ident::new_static("language"), name, *if_not_exists, *or_replace),
            ObjectKind::Other(kind) => match kind.as_str() {
                "publication" | "foreign data wrapper" => self.create_named(kind.clone(), name, *if_not_exists, false),
                "server" => {
                    self.create_named(kind.clone(), name, *if_not_exists, false)?;
                    // One that was there before keeps its wrapper.
                    if let Some(id) = self.state.lookup_other(kind, 0, &name.name)
                        && self.state.needs((id, 0)).is_empty()
                    {
                        self.link_to_named(id, "foreign data wrapper", parts);
                    }
                    Ok(())
                }
                _ => {
                    self.blur(format!("CREATE of {} is not followed", one(kind)));
                    let name = &Name { name: other_name(object), ..name.clone() };
                    // There may be several of one name; what counts is that it was not there.
                    // Statistics go with their table, which is not told.
                    if kind != "statistics" && self.state.lookup_other(kind, 0, &name.name).is_none() {
                        self.create_named(kind.clone(), name, true, false)?;
                    }
                    // What calls a function does not outlive it.
                    if let (Some(id), Some(called)) = (self.state.lookup_other(kind, 0, &name.name), called(parts))
                        && let [function] = self.state.find_routines(called).as_slice()
                    {
                        self.state.link((id, 0), (*function, 0), Link::Normal);
                    }
                    Ok(())
                }
            },
            ObjectKind::Aggregate => {
                let kind = Ident::new_static("aggregate");
                self.blur(format!("CREATE of {} is not followed", one(&kind)));
                // There may be several of one name.
                match self.state.lookup_other(&kind, 0, &name.name).and_then(|id| self.state.edit(id)) {
                    Some(known) => *known.options.entry(Ident::new_static("others")).or_default() += 1,
                    None => self.create_named(kind, name, true, false)?,
                }
                Ok(())
            }
            ObjectKind::Type => {
                self.blur("CREATE of a type is not followed");
                let schema = self.schema_for(name, false)?;
                // What is only announced at first is made by another statement.
                if self.state.lookup(Class::Type, schema, &name.name).is_none() {
                    let detail = UserType::default();
                    let made = self.new_object(Kind::Type, name.name.clone(), schema).with(Detail::Type(detail));
                    self.insert_in_schema(made);
                }
                Ok(())
            }
            other => {
                self.blur(format!("CREATE of {} is not followed", one(&other.to_string())));
                Ok(())
            }
        }
    }

    fn create_event_trigger(&mut self, name: &Name, parts: &[Expr]) -> Done {
        let kind = Ident::new_static("event trigger");
        self.create_named(kind.clone(), name, false, false)?;
        let text = |part: &Expr| match &part.kind {
            ExprKind::Text(text) => Some(text.clone()),
            _ => None,
        };
        let mut texts = parts.iter().filter_map(text);
        let (Some(id), Some(written), Some(event)) =
            (self.state.lookup_other(&kind, 0, &name.name), called(parts), texts.next())
        else {
            return Ok(());
        };
        let takes_nothing = |id: &Id| {
            let routine = self.state.get(*id).and_then(Object::routine);
            routine.is_some_and(|routine| routine.inputs.is_empty())
        };
        let function = self.state.find_routines(written).into_iter().find(takes_nothing).unwrap_or_default();
        if function == 0 && !self.state.has_extension {
            self.absent(Problem::new("42883", format!("function {written}() does not exist"), written.at))?;
        }
        let tags = texts.map(|tag| Ident::from(tag.to_ascii_lowercase())).collect();
        if let Some(object) = self.state.edit(id) {
            object.detail = Detail::EventTrigger(EventTrigger { event, tags, function, written: written.clone() });
        }
        if function != 0 {
            self.state.link((id, 0), (function, 0), Link::Normal);
        }
        Ok(())
    }

    /// What it needs is the one of that kind which its parts name.
    fn link_to_named(&mut self, id: Id, kind: &str, parts: &[Expr]) {
        if let [Expr { kind: ExprKind::Column(path), .. }] = parts
            && let Some(needed) = path.last().and_then(|name| self.state.lookup_other(kind, 0, name))
        {
            self.state.link((id, 0), (needed, 0), Link::Normal);
        }
    }

    fn create_named(&mut self, kind: Ident, name: &Name, if_not_exists: bool, or_replace: bool) -> Done {
        if let Some(id) = self.state.lookup_other(&kind, 0, &name.name) {
            if or_replace {
                return Ok(());
            }
            let message = format!("{kind} \"{}\" already exists", name.name);
            if if_not_exists {
                self.skip(name.name.clone(), Some((id, 0)), format!("{message}, skipping"));
                return Ok(());
            }
            let problem = Problem::new("42710", message, name.at).on(self.state.key((id, 0)));
            self.replace_maybe(id, problem)?;
        }
        let object = self.new_object(Kind::Other(kind), name.name.clone(), 0);
        let id = self.state.insert(object);
        self.made(id);
        Ok(())
    }

    fn create_schema(&mut self, name: &Name, if_not_exists: bool, members: &[Statement]) -> Done {
        if name.name.starts_with("pg_") && self.state.schema(&name.name).is_none() {
            let message = format!("unacceptable schema name \"{}\"", name.name);
            return Err(Problem::new("42939", message, name.at));
        }
        if let Some(id) = self.state.schema(&name.name) {
            let message = format!("schema \"{}\" already exists", name.name);
            if if_not_exists {
                self.skip(name.name.clone(), Some((id, 0)), format!("{message}, skipping"));
                if let Some(object) = self.state.edit(id) {
                    object.presence = Presence::Yes;
                }
                return Ok(());
            }
            let problem = Problem::new("42P06", message, name.at).on(self.state.key((id, 0)));
            self.replace_maybe(id, problem)?;
        }
        let object = self.new_object(Kind::Schema, name.name.clone(), 0);
        let id = self.state.insert(object);
        self.made(id);
        // What it holds is made with it first in the search path.
        let before = self.state.settings.clone();
        let mut path = vec![name.name.clone()];
        path.extend(before.path.iter().cloned());
        self.state.settings.path = Arc::from(path);
        let result = members.iter().try_for_each(|member| self.act(&member.act));
        self.state.settings = before;
        result
    }

    fn create_sequence(
        &mut self,
        name: &Name,
        if_not_exists: bool,
        temporary: bool,
        parts: &[Expr],
    ) -> Result<Option<Id>, Problem> {
        let temporary = temporary || (name.schema.is_none() && self.creates_temporary());
        let schema = self.schema_for(name, temporary)?;
        if !self.free_relation(name, schema, if_not_exists)? {
            return Ok(None);
        }
        let relation = self.sequence(temporary);
        let object = self.new_object(Kind::Sequence, name.name.clone(), schema).with(Detail::Relation(relation));
        let id = self.insert_in_schema(object);
        if let Some(ExprKind::Column(path)) = parts.first().map(|part| &part.kind) {
            self.own_sequence(id, path, name.at)?;
        }
        Ok(Some(id))
    }

    /// `OWNED BY table.column`, or `NONE`.
    pub(super) fn own_sequence(&mut self, sequence: Id, path: &[Ident], at: At) -> Done {
        for (to, link) in self.state.needs((sequence, 0)) {
            if link == Link::Auto {
                self.state.unlink((sequence, 0), to, Link::Auto);
            }
        }
        if let Some(relation) = self.state.edit_relation(sequence) {
            relation.owned_by = None;
        }
        let (schema, table, column) = match path {
            [table, column] => (None, table, column),
            [.., schema, table, column] => (Some(schema.clone()), table, column),
            _ => return Ok(()),
        };
        let name = Name { schema, name: table.clone(), at };
        let Some(id) = self.opened(&name)? else { return Ok(()) };
        if let Some(number) = self.column(id, column, at)? {
            self.state.link((sequence, 0), (id, number), Link::Auto);
            if let Some(relation) = self.state.edit_relation(sequence) {
                relation.owned_by = Some((id, number));
            }
        }
        Ok(())
    }
}

fn first_free(name: &str, second: Option<&str>, label: &str, is_free: impl Fn(&str) -> bool) -> Ident {
    let mut made = object_name(name, second, label);
    let mut pass = 0_u32;
    while !is_free(&made) {
        pass = pass.saturating_add(1);
        made = object_name(name, second, &format!("{label}{pass}"));
    }
    Ident::from(made)
}

/// The function that a definition names.
fn called(parts: &[Expr]) -> Option<&Name> {
    parts.iter().find_map(|part| match &part.kind {
        ExprKind::Call { function, .. } => Some(&**function),
        _ => None,
    })
}

/// Whether it is NULL, whatever its type.
fn is_null(expr: &Expr) -> bool {
    let mut expr = expr;
    while let ExprKind::Cast { operand, to } = &expr.kind
        && to.modifiers.is_empty()
    {
        expr = operand;
    }
    expr.kind == ExprKind::Null
}

fn twice(name: &str, at: At) -> Problem {
    Problem::new("42701", format!("column \"{name}\" specified more than once"), at)
}

const fn takes_nulls_for_equal(key: &WrittenConstraint) -> bool {
    matches!(key.kind, ConstraintKind::Unique { nulls_equal: true, .. })
}

/// A constraint that a table declares itself.
const fn declared(rule: ConstraintRule, validated: bool, columns: Vec<u16>) -> Constraint {
    let deferral = Deferral::NotDeferrable;
    Constraint { rule, validated, columns, no_inherit: false, is_local: true, inherited: 0, deferral }
}

fn said(properties: &Properties) -> BTreeMap<Ident, Ident> {
    let mut said = BTreeMap::new();
    properties.set(&mut said);
    said
}

/// What a column that is copied keeps of what was said of the other: its collation, and perhaps how it is stored.
fn copied(properties: &BTreeMap<Ident, Ident>, is_stored_so: bool) -> BTreeMap<Ident, Ident> {
    let stays = |name: &str| match name {
        "collation" => true,
        "storage" | "compression" => is_stored_so,
        _ => false,
    };
    properties.iter().filter(|(name, _)| stays(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn disagreement(at: At) -> Problem {
    let message = "number of referencing and referenced columns for foreign key disagree".to_owned();
    Problem::new("42830", message, at)
}

fn repeated(numbers: &[u16]) -> Option<u16> {
    let mut seen = BTreeSet::new();
    numbers.iter().copied().find(|number| *number != 0 && !seen.insert(*number))
}

fn check_twice(shape: &Shape, at: At) -> Done {
    let mut seen: BTreeSet<&Ident> = BTreeSet::new();
    for column in &shape.columns {
        if !column.name.is_empty() && !seen.insert(&column.name) {
            return Err(twice(&column.name, at));
        }
    }
    Ok(())
}

fn rename_outputs(shape: &mut Shape, names: &[Ident]) {
    for (column, name) in shape.columns.iter_mut().zip(names) {
        column.name = name.clone();
    }
}

fn key_columns(constraint: &WrittenConstraint) -> Option<&[Ident]> {
    match &constraint.kind {
        ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => Some(columns),
        _ => None,
    }
}

fn is_excluding(constraint: &WrittenConstraint) -> bool {
    matches!(constraint.kind, ConstraintKind::Exclude(_))
}

fn is_system(name: &str) -> bool {
    matches!(name, "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "tableoid")
}

/// Types between which PostgreSQL has operators of equality, as far as that is sure.
fn family(kind: &ColumnType) -> Option<&'static str> {
    Some(match kind.scalar()? {
        "int2" | "int4" | "int8" => "integer",
        "text" | "varchar" => "text",
        "uuid" => "uuid",
        "bool" => "bool",
        "date" | "timestamp" | "timestamptz" => "time",
        "bytea" => "bytea",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_postgresql_cuts_them() {
        assert_eq!(object_name("t", None, "pkey"), "t_pkey");
        assert_eq!(object_name("t", Some("a_b"), "key"), "t_a_b_key");
        let long = "x".repeat(63);
        assert_eq!(object_name(&long, Some("abc"), "fkey"), format!("{}_abc_fkey", "x".repeat(54)));
        assert_eq!(object_name(&long, Some(&long), "idx").len(), 63);
        // A character is not cut in two.
        let accents = "é".repeat(31);
        assert_eq!(object_name(&accents, None, "pkey"), format!("{}_pkey", "é".repeat(29)));
    }
}

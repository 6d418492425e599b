//! `ALTER`, `DROP`, new names and new schemas.

use std::collections::BTreeSet;

use super::change::not_followed;
use super::object::{Column, ColumnType, ConstraintRule, Detail, Id, Kind, Object, Presence};
use super::routine::missing_to_drop;
use super::store::{Class, Found, Link, Ref};
use super::{Done, Problem, Work, remove, types};
use crate::effect::{
    Act, AlterAction, At, Constraint as WrittenConstraint, ConstraintKind, Expr, ExprKind, Ident, Identity, Name,
    Object as Named, ObjectKind, Properties, TriggerState,
};

impl Work<'_> {
    // DROP

    pub(super) fn drop_objects(&mut self, objects: &[Named], if_exists: bool, cascade: bool) -> Done {
        let mut targets: Vec<Ref> = Vec::new();
        for object in objects {
            targets.extend(self.doomed(object, if_exists, cascade)?);
        }
        if targets.is_empty() {
            return Ok(());
        }
        match self.delete(&targets, cascade) {
            // Where it is not there, nothing is in the way.
            Err(problem) if if_exists && targets.iter().any(|of| self.state.is_maybe(*of)) => {
                self.may_fail(problem);
                Ok(())
            }
            other => other,
        }
    }

    fn doomed(&mut self, object: &Named, if_exists: bool, cascade: bool) -> Result<Option<Ref>, Problem> {
        let name = &object.name;
        if name.is_variable() {
            self.blur("what it drops depends on a variable");
            return Ok(None);
        }
        let found = match &object.kind {
            kind if kind.is_relation() => self.relation_to_drop(object),
            ObjectKind::Type | ObjectKind::Domain => self.type_to_drop(object),
            ObjectKind::Role | ObjectKind::Database => {
                return Ok(self.state.lookup(Class::Role, 0, &name.name).map(|id| (id, 0)));
            }
            ObjectKind::Other(kind) if kind == "owned" => {
                self.blur("DROP OWNED drops what is not known here");
                self.drop_owned(&name.name);
                return Ok(None);
            }
            ObjectKind::Aggregate | ObjectKind::Routine if self.is_aggregate(object) => {
                let (kind, name) = (Ident::new_static("aggregate"), &object.name.name);
                self.blur(not_followed(&kind));
                let found = self.state.lookup_other(&kind, 0, name);
                // Of several that have the name it is not told which goes.
                let is_one = |id: &Id| self.state.get(*id).is_some_and(|object| object.options.is_empty());
                return Ok(found.filter(is_one).map(|id| (id, 0)));
            }
            ObjectKind::Language => Ok(self.state.lookup_other("language", 0, &name.name).map(|id| (id, 0))),
            ObjectKind::Extension => {
                self.blur(if cascade {
                    "what an extension brought goes, and all that needs it"
                } else {
                    "what an extension brought goes"
                });
                self.named(object, false)
            }
            _ => self.named(object, false),
        };
        match found {
            Ok(of) => {
                if let Some(of) = of
                    && !if_exists
                {
                    self.doubt(of.0, || missing_to_drop(&object.kind, name, name.at));
                }
                Ok(of)
            }
            // What is there but of another kind is not excused.
            Err(problem) if if_exists && problem.is_absence() => {
                self.skip(name.to_string(), None, format!("{}, skipping", problem.message));
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    fn relation_to_drop(&mut self, object: &Named) -> Result<Option<Ref>, Problem> {
        let name = &object.name;
        match self.state.find(Class::Relation, name) {
            Found::Object(id) => {
                self.check_kind(id, &object.kind, name)?;
                Ok(Some((id, 0)))
            }
            Found::System => self.system_to_drop(object).map(|()| None),
            Found::NoSchema => Err(Problem::missing_schema(name.schema.as_deref().unwrap_or_default(), name.at)),
            Found::Missing => Err(missing_to_drop(&object.kind, &Name::plain(name.name.clone(), name.at), name.at)),
        }
    }

    /// What PostgreSQL says when a relation of its own is dropped, or one that bears such a name.
    fn system_to_drop(&mut self, object: &Named) -> Done {
        let Named { name, kind, .. } = object;
        let is_catalog = name.schema.as_ref().is_none_or(|schema| schema == "pg_catalog");
        if is_catalog && crate::builtin::is_relation(&name.name) {
            let is_view = crate::builtin::is_view(&name.name);
            let own_kind = if is_view { ObjectKind::View } else { ObjectKind::Table };
            if *kind != own_kind {
                let article = if *kind == ObjectKind::Index { "an" } else { "a" };
                let message = format!("\"{}\" is not {article} {kind}", name.name);
                return Err(Problem::new("42809", message, name.at));
            }
            if is_view {
                self.blur("DROP of a view of PostgreSQL itself is not followed");
                return Ok(());
            }
            let message = format!("permission denied: \"{}\" is a system catalog", name.name);
            return Err(Problem::new("42501", message, name.at));
        }
        let problem = missing_to_drop(kind, &Name::plain(name.name.clone(), name.at), name.at);
        // Catalogs have indexes, an extension may have brought something.
        if is_catalog && *kind != ObjectKind::Index && !self.state.has_extension {
            return Err(problem);
        }
        self.blur("whether there is such a relation of PostgreSQL itself is not told");
        self.may_fail(problem);
        Ok(())
    }

    fn type_to_drop(&mut self, object: &Named) -> Result<Option<Ref>, Problem> {
        let of = self.named(object, false)?;
        let Some((id, _)) = of else { return Ok(None) };
        let Some(found) = self.state.get(id) else { return Ok(None) };
        if found.kind.is_relation() && found.kind != Kind::CompositeType {
            let table = self.state.describe((id, 0));
            let message = format!("cannot drop type {} because {table} requires it", object.name.name);
            return Err(Problem::new("2BP01", message, object.name.at).on(self.state.key((id, 0))));
        }
        Ok(of)
    }

    fn delete(&mut self, targets: &[Ref], cascade: bool) -> Done {
        let at = self.at;
        match remove::delete(self.state, targets, cascade, at) {
            Ok(dropped) => {
                let columns = dropped.iter().filter(|one| one.key.kind == Kind::Column && one.cascade_from.is_some());
                let tables: BTreeSet<Id> = columns.filter_map(|one| self.state.id(&one.key)).collect();
                self.outcome.dropped.extend(dropped);
                for table in tables {
                    // A table goes with its partition key. Which columns that is is not told.
                    if self.state.relation(table).is_some_and(|relation| relation.partitioned) {
                        self.blur("whether a column that goes was part of a partition key is not told");
                        self.may_be_gone(table);
                    }
                }
            }
            // If it does not fail, what would be in the way is not there.
            Err(problem) if self.state.is_doubtful(&problem.keys) => {
                self.may_fail(problem);
                let dropped = remove::delete(self.state, targets, true, at).unwrap_or_default();
                let own = dropped.into_iter().filter(|dropped| dropped.cascade_from.is_none() || dropped.automatic);
                self.outcome.dropped.extend(own);
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }

    /// What the roles own may be gone, and what was granted to them. Which policies are for them is
    /// not told.
    fn drop_owned(&mut self, role: &Ident) {
        let is_own = matches!(role.as_str(), "current_user" | "current_role" | "session_user");
        let all: Vec<Id> = self.state.ids().collect();
        for id in all {
            let Some(object) = self.state.get(id) else { continue };
            let is_owned = match &object.owner {
                Some(owner) => owner == role || is_own,
                // What everybody has is nobody's.
                None => is_own && object.at != At::default(),
            };
            if is_owned || object.kind == Kind::Policy {
                self.may_be_gone(id);
            }
            if self.state.get(id).is_some_and(|object| object.grants.contains_key(role))
                && let Some(object) = self.state.edit(id)
            {
                object.grants.remove(role);
                self.altered((id, 0), "revoked");
            }
        }
    }

    /// An object may be gone, with all that needs it.
    fn may_be_gone(&mut self, id: Id) {
        let mut seen = BTreeSet::new();
        let mut open: Vec<Ref> = vec![(id, 0)];
        while let Some(of) = open.pop() {
            if !seen.insert(of) {
                continue;
            }
            open.extend(self.state.dependents(of).into_iter().map(|(by, ..)| by));
            if let Some(column) = self.edit_column(of) {
                column.presence = Presence::Maybe;
                self.altered(of, "perhaps dropped");
            } else if of.1 == 0
                && let Some(object) = self.state.edit(of.0)
            {
                object.presence = Presence::Maybe;
                object.varies = true;
                self.altered(of, "perhaps dropped");
            }
        }
    }

    // ALTER TABLE

    pub(super) fn alter_table(
        &mut self,
        kind: &ObjectKind,
        name: &Name,
        if_exists: bool,
        actions: &[AlterAction],
    ) -> Done {
        if name.is_variable() {
            self.blur("what it alters depends on a variable");
            return Ok(());
        }
        let class = if matches!(kind, ObjectKind::Type | ObjectKind::Domain) { Class::Type } else { Class::Relation };
        let id = match self.state.find(class, name) {
            Found::Object(id) => {
                self.doubt(id, || Problem::missing_relation(name));
                id
            }
            Found::System => return Ok(()),
            _ if if_exists => {
                self.skip(name.to_string(), None, format!("relation \"{name}\" does not exist, skipping"));
                return Ok(());
            }
            _ => return Err(Problem::missing_relation(name)),
        };
        self.check_altered_kind(id, kind, name, actions)?;
        let mut ordered: Vec<&AlterAction> = actions.iter().collect();
        ordered.sort_by_key(|action| pass(action));
        ordered.into_iter().try_for_each(|action| self.alter_action(id, name, action))
    }

    fn check_altered_kind(&self, id: Id, said: &ObjectKind, name: &Name, actions: &[AlterAction]) -> Done {
        let Some(object) = self.state.get(id) else { return Ok(()) };
        if *said != ObjectKind::Table {
            return self.check_kind(id, said, name);
        }
        let refuse = |message: String| Err(Problem::new("42809", message, name.at).on(self.state.key((id, 0))));
        match object.kind {
            Kind::Table | Kind::ForeignTable => Ok(()),
            Kind::CompositeType => refuse(format!("\"{}\" is a composite type", name.name)),
            _ => {
                let refused = actions.iter().find_map(|action| match action {
                    AlterAction::Owner(_) => None,
                    AlterAction::ColumnDefault { .. } if object.kind == Kind::View => None,
                    AlterAction::ColumnDefault { .. } => Some("ALTER COLUMN ... SET DEFAULT"),
                    AlterAction::Other { what, .. } if what.contains("options") => None,
                    AlterAction::AddColumn { .. } => Some("ADD COLUMN"),
                    AlterAction::DropColumn { .. } => Some("DROP COLUMN"),
                    AlterAction::ColumnType { .. } => Some("ALTER COLUMN ... SET DATA TYPE"),
                    AlterAction::ColumnNotNull { set: true, .. } => Some("ALTER COLUMN ... SET NOT NULL"),
                    AlterAction::ColumnNotNull { set: false, .. } => Some("ALTER COLUMN ... DROP NOT NULL"),
                    AlterAction::AddConstraint(_) => Some("ADD CONSTRAINT"),
                    AlterAction::DropConstraint { .. } => Some("DROP CONSTRAINT"),
                    AlterAction::RowSecurity(_) => Some("ENABLE ROW SECURITY"),
                    _ => None,
                });
                match refused {
                    Some(action) => {
                        refuse(format!("ALTER action {action} cannot be performed on relation \"{}\"", name.name))
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn alter_action(&mut self, id: Id, name: &Name, action: &AlterAction) -> Done {
        match action {
            AlterAction::AddColumn { if_not_exists, column } => self.add_column(id, name, column, *if_not_exists),
            AlterAction::DropColumn { if_exists, name: column, cascade } => {
                self.drop_column(id, name, column, *if_exists, *cascade)
            }
            AlterAction::ColumnType { column, to, using, properties } => {
                self.column_type(id, name, column, (to, properties), using.is_some())
            }
            AlterAction::ColumnDefault { column, value } => {
                let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
                let table = name.name.clone();
                let refuse = |what: &str| {
                    let message = format!("column \"{column}\" of relation \"{table}\" is {what} column");
                    Err(Problem::new("42601", message, name.at))
                };
                let Some(own) = self.edit_column((id, number)) else { return Ok(()) };
                let before = own.default.clone();
                if own.identity.is_some() {
                    return refuse("an identity");
                }
                if own.generated {
                    return refuse("a generated");
                }
                for (id, number) in self.with_inheritors(id, column, number) {
                    match value {
                        Some(value) => self.set_default((id, number), value, false)?,
                        None => self.drop_default((id, number)),
                    }
                }
                if self.edit_column((id, number)).is_some_and(|own| own.default != before) {
                    self.altered((id, number), "default");
                }
                Ok(())
            }
            AlterAction::ColumnNotNull { column, set } => self.column_not_null(id, name, column, *set),
            AlterAction::AddConstraint(constraint) => self.add_constraint(id, constraint),
            AlterAction::DropConstraint { if_exists, name: constraint, cascade } => {
                self.drop_constraint(id, name, constraint, *if_exists, *cascade)
            }
            AlterAction::ValidateConstraint(constraint) => {
                let Some(known) = self.state.lookup(Class::Constraint, id, constraint) else {
                    return Err(self.missing_part(&ObjectKind::Constraint, constraint, id, name.at));
                };
                if let Some(Detail::Constraint(detail)) = self.state.edit(known).map(|object| &mut object.detail) {
                    let was = std::mem::replace(&mut detail.validated, true);
                    if !was {
                        self.altered((known, 0), "validated");
                    }
                }
                Ok(())
            }
            AlterAction::AlterConstraint { name: constraint, deferral } => {
                let Some(known) = self.state.lookup(Class::Constraint, id, constraint) else {
                    return Err(self.missing_part(&ObjectKind::Constraint, constraint, id, name.at));
                };
                let Some(Detail::Constraint(detail)) = self.state.edit(known).map(|object| &mut object.detail) else {
                    return Ok(());
                };
                if !matches!(detail.rule, ConstraintRule::ForeignKey { .. }) {
                    let message = format!(
                        "constraint \"{constraint}\" of relation \"{}\" is not a foreign key constraint",
                        name.name
                    );
                    return Err(Problem::new("42809", message, name.at));
                }
                // PostgreSQL 15 takes nothing for NOT DEFERRABLE.
                let deferral = deferral.unwrap_or_default();
                if std::mem::replace(&mut detail.deferral, deferral) != deferral {
                    self.altered((known, 0), "deferral");
                }
                Ok(())
            }
            AlterAction::Trigger { name: trigger, state } => self.trigger_state(id, name, trigger.as_ref(), *state),
            AlterAction::Owner(owner) => {
                self.set_owner((id, 0), Some(owner.clone()));
                Ok(())
            }
            AlterAction::RowSecurity(words) => {
                if let Some(relation) = self.state.edit_relation(id) {
                    let before = (relation.row_security, relation.force_row_security);
                    match words.as_str() {
                        "enable row level security" => relation.row_security = true,
                        "disable row level security" => relation.row_security = false,
                        "force row level security" => relation.force_row_security = true,
                        _ => relation.force_row_security = false,
                    }
                    if before != (relation.row_security, relation.force_row_security) {
                        self.altered((id, 0), words.clone());
                    }
                }
                Ok(())
            }
            AlterAction::Attach(part) => self.attach(id, name, part),
            AlterAction::Detach { name: part, .. } => self.detach(id, name, part, true),
            AlterAction::Inherit { parent, add: true } => {
                let Some(parent_id) = self.opened(parent)? else { return Ok(()) };
                self.adopt(id, parent_id, false)?;
                self.altered((id, 0), "inherit");
                Ok(())
            }
            AlterAction::Inherit { parent, add: false } => {
                let Some(parent_id) = self.opened(parent)? else { return Ok(()) };
                if !self.state.relation(id).is_some_and(|relation| relation.parents.contains(&parent_id)) {
                    let message = format!("relation \"{}\" is not a parent of relation \"{}\"", parent.name, name.name);
                    return Err(Problem::new("42P01", message, name.at));
                }
                self.release(id, parent_id);
                self.altered((id, 0), "no inherit");
                Ok(())
            }
            AlterAction::Other { what, part, properties } => {
                self.alter_other(id, name, (what, part.as_ref()), properties)
            }
        }
    }

    fn set_owner(&mut self, of: Ref, owner: Option<Ident>) {
        if let Some(object) = self.state.edit(of.0)
            && object.owner != owner
        {
            object.owner = owner;
            self.altered(of, "owner");
        }
    }

    /// A column and the columns of that name in whatever inherits from its table.
    fn with_inheritors(&self, id: Id, column: &str, number: u16) -> Vec<Ref> {
        let mut found = vec![(id, number)];
        let mut open = self.state.inheritors(id);
        while let Some(child) = open.pop() {
            let number = self.state.relation(child).and_then(|r| r.column(column)).map(|column| column.number);
            if let Some(number) = number
                && !found.contains(&(child, number))
            {
                found.push((child, number));
                open.extend(self.state.inheritors(child));
            }
        }
        found
    }

    fn add_column(&mut self, id: Id, name: &Name, column: &crate::effect::Column, if_not_exists: bool) -> Done {
        let known = self.state.relation(id).and_then(|r| r.column(&column.name)).map(|c| (c.number, c.presence));
        if let Some((number, presence)) = known {
            let message = format!("column \"{}\" of relation \"{}\" already exists", column.name, name.name);
            if if_not_exists {
                self.skip(column.name.clone(), Some((id, number)), format!("{message}, skipping"));
                if let Some(own) = self.edit_column((id, number)) {
                    own.presence = Presence::Yes;
                }
                return Ok(());
            }
            let problem = Problem::new("42701", message, column.at).on(self.state.key((id, number)));
            if presence == Presence::Yes {
                return Err(problem);
            }
            self.may_fail(problem);
            let at = self.at;
            remove::delete(self.state, &[(id, number)], true, at)?;
        }
        if self.state.relation(id).is_some_and(|relation| relation.partition) {
            return Err(Problem::new("42809", "cannot add column to a partition".to_owned(), column.at));
        }
        let number = self.declare_column(id, column, None)?;
        self.generate(id, column)?;
        self.outcome.made.push(self.state.key((id, number)));
        self.pass_down(id, number)?;
        let constraints: Vec<&WrittenConstraint> = column.constraints.iter().collect();
        self.add_constraints(id, &constraints, false)
    }

    /// A new column of a parent is one of its children too.
    fn pass_down(&mut self, id: Id, number: u16) -> Done {
        let Some(column) = self.state.relation(id).and_then(|r| r.numbered(number)).cloned() else { return Ok(()) };
        for child in self.state.inheritors(id) {
            let known = self.state.relation(child).and_then(|r| r.column(&column.name)).map(|c| c.number);
            match known {
                Some(number) => {
                    if let Some(own) = self.edit_column((child, number)) {
                        own.inherited += 1;
                    }
                }
                None => {
                    let copy = Column {
                        default: None,
                        default_id: 0,
                        identity: None,
                        is_local: false,
                        inherited: 1,
                        ..column.clone()
                    };
                    let copied = self.push_column(child, copy);
                    self.copy_default((child, copied), column.default_id, id);
                    self.outcome.made.push(self.state.key((child, copied)));
                    self.pass_down(child, copied)?;
                }
            }
        }
        Ok(())
    }

    fn drop_column(&mut self, id: Id, name: &Name, column: &Ident, if_exists: bool, cascade: bool) -> Done {
        let message = || format!("column \"{column}\" of relation \"{}\" does not exist", name.name);
        let Some(relation) = self.state.relation(id) else { return Ok(()) };
        let Some(found) = relation.column(column) else {
            if if_exists {
                self.skip(column.clone(), None, format!("{}, skipping", message()));
                return Ok(());
            }
            let problem = Problem::new("42703", message(), name.at);
            if relation.is_known {
                return Err(problem);
            }
            self.may_fail(problem);
            return Ok(());
        };
        let (number, presence, inherited) = (found.number, found.presence, found.inherited);
        self.doubt_partition_key(id, "drop", column, name.at);
        if inherited > 0 {
            let message = format!("cannot drop inherited column \"{column}\"");
            return Err(Problem::new("42P16", message, name.at));
        }
        if presence == Presence::Maybe && !if_exists {
            self.may_fail(Problem::new("42703", message(), name.at));
        }
        let mut targets = vec![(id, number)];
        let mut open = self.state.inheritors(id);
        while let Some(child) = open.pop() {
            let Some(own) = self.state.relation(child).and_then(|r| r.column(column)).cloned() else { continue };
            if own.inherited <= 1 && !own.is_local {
                // Where paths met, each may be said to inherit from the other.
                if targets.contains(&(child, own.number)) {
                    continue;
                }
                targets.push((child, own.number));
                open.extend(self.state.inheritors(child));
            } else if let Some(own) = self.edit_column((child, own.number)) {
                own.inherited = own.inherited.saturating_sub(1);
            }
        }
        self.delete(&targets, cascade)
    }

    /// Whether a value may become of another type in an assignment; yes where it cannot be told.
    fn casts_by_itself(&self, from: &ColumnType, to: &ColumnType) -> bool {
        let base = |kind: &ColumnType| match kind.user().and_then(|id| self.state.get(id)).map(|object| &object.detail)
        {
            Some(Detail::Type(detail)) => detail.base.clone(),
            _ => None,
        };
        // A domain is cast as what it is made of.
        if let Some(base) = base(to).filter(|_| from != to) {
            return self.casts_by_itself(from, &base);
        }
        let is_array = |kind: &ColumnType| {
            matches!(kind, ColumnType::BuiltIn { array: true, .. } | ColumnType::User { array: true, .. })
        };
        let is_closed = |kind: &ColumnType| match kind.user().and_then(|id| self.state.get(id)) {
            Some(object) => match &object.detail {
                Detail::Type(detail) => !detail.labels.is_empty(),
                _ => object.kind.is_relation(),
            },
            None => false,
        };
        let is_text = |kind: &ColumnType| matches!(kind.scalar(), Some("text" | "varchar" | "bpchar"));
        let is_said = |kind: &ColumnType| !matches!(kind, ColumnType::Unsaid | ColumnType::Literal);
        if from != to && is_said(from) && is_said(to) {
            let becomes_text = is_text(to) && !is_array(to);
            if is_array(from) != is_array(to) && !becomes_text {
                return false;
            }
            // Labels and rows only become text.
            if is_closed(to) || (is_closed(from) && !is_text(to) && to.user().is_none()) {
                return false;
            }
        }
        casts_by_itself(from, to)
    }

    /// Which columns a partitioned table is partitioned by is not told.
    fn doubt_partition_key(&mut self, id: Id, verb: &str, column: &str, at: At) {
        let Some(object) = self.state.get(id) else { return };
        if object.relation().is_some_and(|relation| relation.partitioned) {
            let message = format!(
                "cannot {verb} column \"{column}\" because it is part of the partition key of relation \"{}\"",
                object.name
            );
            self.may_fail(Problem::new("42P16", message, at));
        }
    }

    fn column_type(
        &mut self,
        id: Id,
        name: &Name,
        column: &Ident,
        (to, properties): (&crate::effect::Type, &Properties),
        using: bool,
    ) -> Done {
        let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
        let kind = self.written_type(to)?;
        self.doubt_partition_key(id, "alter", column, name.at);
        let Some(own) = self.state.relation(id).and_then(|r| r.numbered(number)).cloned() else { return Ok(()) };
        if own.inherited > 0 {
            let message = format!("cannot alter inherited column \"{column}\"");
            return Err(Problem::new("42P16", message, name.at));
        }
        let changes = own.kind != kind || kind == ColumnType::Unsaid;
        if !using && own.generated {
            // Its expression gives the value.
        } else if !using && changes && !(self.casts_by_itself(&own.kind, &kind)) {
            let text = self.state.short_type_text(&kind);
            let message = format!("column \"{column}\" cannot be cast automatically to type {text}");
            return Err(Problem::new("42804", message, name.at));
        }
        let held = own.held.as_ref().unwrap_or(&own.kind);
        let held = (!using && *held != kind && types::keeps(held, &kind, false)).then(|| held.clone());
        for of in self.with_inheritors(id, column, number) {
            self.check_users(of, name.at)?;
            if let Some(user) = own.kind.user() {
                self.state.unlink(of, (user, 0), Link::Normal);
            }
            if let Some(user) = kind.user() {
                self.state.link(of, (user, 0), Link::Normal);
            }
            if let Some(column) = self.edit_column(of) {
                column.kind = kind.clone();
                column.held.clone_from(&held);
                properties.set(&mut column.properties);
                column.properties.remove("storage");
            }
        }
        if changes {
            self.altered((id, number), "type");
        }
        Ok(())
    }

    /// What keeps a column from getting another type.
    fn check_users(&self, of: Ref, at: At) -> Done {
        for (by, _, _) in self.state.dependents(of) {
            let Some(object) = self.state.get(by.0) else { continue };
            let what = match &object.detail {
                Detail::Relation(_) if matches!(object.kind, Kind::View | Kind::MaterializedView) && by.1 == 0 => {
                    "used by a view or rule"
                }
                Detail::Rule(_) => "used by a view or rule",
                Detail::Trigger(_) => "used in a trigger definition",
                Detail::Policy(_) => "used in a policy definition",
                Detail::Default(default) if object.parent == of.0 && default.column != of.1 => {
                    "used by a generated column"
                }
                Detail::Routine(_) => "used by a function or procedure",
                _ => continue,
            };
            let message = format!("cannot alter type of a column {what}");
            return Err(Problem::new("0A000", message, at).on(self.state.key(by)));
        }
        Ok(())
    }

    fn column_not_null(&mut self, id: Id, name: &Name, column: &Ident, set: bool) -> Done {
        let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
        if !set {
            if self.state.relation(id).and_then(|r| r.numbered(number)).is_some_and(|column| column.identity.is_some())
            {
                let message = format!("column \"{column}\" of relation \"{}\" is an identity column", name.name);
                return Err(Problem::new("42601", message, name.at));
            }
            let in_key = self.state.indexes(id).into_iter().any(|index| {
                let index = self.state.get(index).and_then(Object::index);
                index.is_some_and(|index| index.primary && index.columns.contains(&number))
            });
            if in_key {
                let message = format!("column \"{column}\" is in a primary key");
                return Err(Problem::new("42P16", message, name.at));
            }
        }
        for of in self.with_inheritors(id, column, number) {
            if let Some(column) = self.edit_column(of)
                && column.not_null != set
            {
                column.not_null = set;
                self.altered(of, if set { "not null" } else { "null" });
            }
        }
        Ok(())
    }

    fn add_constraint(&mut self, id: Id, constraint: &WrittenConstraint) -> Done {
        if self.state.get(id).is_some_and(|object| object.kind == Kind::Domain) {
            return self.add_domain_constraint(id, constraint);
        }
        if let ConstraintKind::PrimaryKey { columns, index: None } = &constraint.kind {
            // They are made NOT NULL before they become a key.
            for column in columns {
                self.column(id, column, constraint.at)?;
            }
        }
        self.add_constraints(id, &[constraint], false)
    }

    fn drop_constraint(&mut self, id: Id, name: &Name, constraint: &Ident, if_exists: bool, cascade: bool) -> Done {
        let message = || format!("constraint \"{constraint}\" of relation \"{}\" does not exist", name.name);
        let Some(known) = self.state.lookup(Class::Constraint, id, constraint) else {
            if if_exists {
                self.skip(constraint.clone(), None, format!("{}, skipping", message()));
                return Ok(());
            }
            return Err(Problem::new("42704", message(), name.at));
        };
        if !if_exists {
            self.doubt(known, || Problem::new("42704", message(), name.at));
        }
        let Some(detail) = self.state.get(known).and_then(Object::constraint).cloned() else { return Ok(()) };
        if detail.inherited > 0 {
            let message = format!("cannot drop inherited constraint \"{constraint}\" of relation \"{}\"", name.name);
            let problem = Problem::new("42P16", message, name.at);
            // What only one of the ways that lead here did is no reason on the others.
            if !self.state.get(known).is_some_and(|object| object.varies) {
                return Err(problem);
            }
            self.may_fail(problem);
        }
        let mut targets = vec![(known, 0)];
        if matches!(detail.rule, ConstraintRule::Check(_)) && !detail.no_inherit {
            let only = self.only;
            let mut open = self.state.inheritors(id);
            while let Some(child) = open.pop() {
                let Some(copy) = self.state.lookup(Class::Constraint, child, constraint) else { continue };
                if targets.contains(&(copy, 0)) {
                    continue;
                }
                let Some(Detail::Constraint(own)) = self.state.edit(copy).map(|object| &mut object.detail) else {
                    continue;
                };
                if own.inherited <= 1 && !own.is_local && !only {
                    targets.push((copy, 0));
                    open.extend(self.state.inheritors(child));
                } else {
                    own.inherited = own.inherited.saturating_sub(1);
                    own.is_local |= only;
                }
            }
        }
        self.delete(&targets, cascade)
    }

    fn trigger_state(&mut self, id: Id, name: &Name, trigger: Option<&Ident>, state: TriggerState) -> Done {
        let triggers = match trigger {
            Some(trigger) => match self.state.lookup(Class::Trigger, id, trigger) {
                Some(found) => {
                    self.doubt(found, || {
                        Problem::new("42704", format!("trigger \"{trigger}\" does not exist"), name.at)
                    });
                    vec![found]
                }
                None => return Err(self.missing_part(&ObjectKind::Trigger, trigger, id, name.at)),
            },
            None => self.state.parts(Class::Trigger, id),
        };
        for trigger in triggers {
            if let Some(Detail::Trigger(detail)) = self.state.edit(trigger).map(|object| &mut object.detail)
                && detail.state != state
            {
                detail.state = state;
                self.altered((trigger, 0), "state");
            }
        }
        Ok(())
    }

    // Partitions and parents

    fn attach(&mut self, id: Id, name: &Name, part: &Name) -> Done {
        let Some(child) = self.opened(part)? else { return Ok(()) };
        if self.state.get(id).is_some_and(|object| object.kind == Kind::Index) {
            // An index that is attached is one of the table's partitions already.
            self.state.link((child, 0), (id, 0), Link::Auto);
            return Ok(());
        }
        if !self.state.relation(id).is_some_and(|relation| relation.partitioned) {
            let message = format!("table \"{}\" is not partitioned", name.name);
            return Err(Problem::new("42809", message, name.at));
        }
        if self.state.relation(child).is_some_and(|relation| relation.partition) {
            let message = format!("\"{}\" is already a partition", part.name);
            return Err(Problem::new("42809", message, part.at));
        }
        self.adopt(child, id, true)?;
        if let Some(relation) = self.state.edit_relation(child) {
            relation.partition = true;
        }
        self.attach_indexes(child, id)?;
        for trigger in self.state.parts(Class::Trigger, id) {
            self.copy_trigger(trigger, id, child);
        }
        self.altered((child, 0), "attached");
        Ok(())
    }

    /// A partition needs the indexes of its parent: those that it has are taken.
    fn attach_indexes(&mut self, child: Id, parent: Id) -> Done {
        for index in self.state.indexes(parent) {
            let Some(source) = self.state.get(index).and_then(Object::index).cloned() else { continue };
            let columns = self.same_columns(parent, child, &source.columns);
            let rule_of = |work: &Self, index: Id| {
                let needs = work.state.needs((index, 0)).into_iter();
                needs
                    .filter(|(_, link)| *link == Link::Internal)
                    .find_map(|(of, _)| work.state.get(of.0).and_then(Object::constraint).map(|c| c.rule.clone()))
            };
            let rule = rule_of(self, index);
            let same = self.state.indexes(child).into_iter().find(|own| {
                self.state.get(*own).and_then(Object::index).is_some_and(|own| {
                    own.columns == columns && own.unique == source.unique && own.filter == source.filter
                }) && (rule.is_none() || rule_of(self, *own) == rule)
            });
            let own = match same {
                Some(own) => Some(own),
                None => {
                    let include = self.same_columns(parent, child, &source.include);
                    let made = super::Index { table: child, columns, include, ..source };
                    self.add_index(None, made, rule, false)?
                }
            };
            if let Some(own) = own {
                self.state.link((own, 0), (index, 0), Link::Auto);
            }
        }
        Ok(())
    }

    /// A table that is there becomes a child; it has to have the columns.
    fn adopt(&mut self, child: Id, parent: Id, partition: bool) -> Done {
        if let Some(problem) = self.unfit_parent(child, parent) {
            // What only one of the ways that lead here did is no reason on the others.
            if [child, parent].iter().any(|id| self.state.get(*id).is_some_and(|object| object.varies)) {
                self.may_fail(problem);
            } else {
                return Err(problem);
            }
        }
        let Some(columns) = self.state.relation(parent).map(|relation| relation.columns.clone()) else {
            return Ok(());
        };
        for column in columns {
            let own = self.state.relation(child).and_then(|r| r.column(&column.name)).map(|c| c.number);
            let Some(number) = own else {
                let message = format!("child table is missing column \"{}\"", column.name);
                let problem = Problem::new("42804", message, self.at);
                if self.state.relation(child).is_some_and(|relation| relation.is_known) {
                    return Err(problem);
                }
                self.may_fail(problem);
                continue;
            };
            if let Some(own) = self.edit_column((child, number)) {
                own.inherited += 1;
                if partition {
                    own.is_local = false;
                }
            }
        }
        for (name, _, no_inherit) in self.checks_of(parent) {
            if let Some(own) = self.state.lookup(Class::Constraint, child, &name).filter(|_| !no_inherit)
                && let Some(Detail::Constraint(own)) = self.state.edit(own).map(|object| &mut object.detail)
            {
                own.inherited += 1;
                own.is_local &= !partition;
            }
        }
        if let Some(relation) = self.state.edit_relation(child) {
            relation.parents.push(parent);
        }
        self.state.add_inheritor(parent, child);
        self.state.link((child, 0), (parent, 0), if partition { Link::Auto } else { Link::Normal });
        Ok(())
    }

    /// Why a table cannot have that parent, whatever its columns.
    fn unfit_parent(&self, child: Id, parent: Id) -> Option<Problem> {
        let name = |id: Id| self.state.get(id).map(|object| object.name.clone()).unwrap_or_default();
        let problem = |message: String| {
            let problem = Problem::new("42P07", message, self.at);
            problem.on(self.state.key((child, 0))).on(self.state.key((parent, 0)))
        };
        if self.inherits(parent, child) {
            let detail = format!("\"{}\" is already a child of \"{}\".", name(parent), name(child));
            return Some(problem("circular inheritance not allowed".to_owned()).detail(detail));
        }
        let is_parent = self.state.relation(child)?.parents.contains(&parent);
        is_parent.then(|| problem(format!("relation \"{}\" would be inherited from more than once", name(parent))))
    }

    /// Whether a relation is another one or inherits from it, directly or through others.
    fn inherits(&self, id: Id, from: Id) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.state.relation(id).into_iter().flat_map(|relation| &relation.parents));
            }
        }
        seen.contains(&from)
    }

    fn detach(&mut self, id: Id, name: &Name, part: &Name, partition: bool) -> Done {
        let Some(child) = self.opened(part)? else { return Ok(()) };
        if !self.state.relation(child).is_some_and(|relation| relation.parents.contains(&id)) {
            let message = format!("relation \"{}\" is not a partition of relation \"{}\"", part.name, name.name);
            return Err(Problem::new("42P01", message, part.at));
        }
        self.release(child, id);
        if partition {
            if let Some(relation) = self.state.edit_relation(child) {
                relation.partition = false;
            }
            // Its indexes stay, the triggers that it got do not.
            for index in self.state.indexes(child) {
                for parent in self.state.indexes(id) {
                    self.state.unlink((index, 0), (parent, 0), Link::Auto);
                }
            }
            for trigger in self.state.parts(Class::Trigger, child) {
                if self.state.needs((trigger, 0)).iter().any(|(_, link)| *link == Link::Internal) {
                    self.state.remove(trigger);
                }
            }
            for constraint in self.state.parts(Class::Constraint, child) {
                for (to, link) in self.state.needs((constraint, 0)) {
                    if link == Link::Internal {
                        self.state.unlink((constraint, 0), to, Link::Internal);
                    }
                }
                if let Some(Detail::Constraint(detail)) = self.state.edit(constraint).map(|object| &mut object.detail) {
                    detail.is_local = true;
                    detail.inherited = 0;
                }
            }
        }
        self.altered((child, 0), "detached");
        Ok(())
    }

    fn release(&mut self, child: Id, parent: Id) {
        let names: Vec<Ident> = self
            .state
            .relation(parent)
            .map(|relation| relation.columns.iter().map(|column| column.name.clone()).collect())
            .unwrap_or_default();
        if let Some(relation) = self.state.edit_relation(child) {
            relation.parents.retain(|id| *id != parent);
            for column in relation.columns.iter_mut().filter(|column| names.contains(&column.name)) {
                column.inherited = column.inherited.saturating_sub(1);
                column.is_local |= column.inherited == 0;
            }
        }
        for (name, _, no_inherit) in self.checks_of(parent) {
            if let Some(own) = self.state.lookup(Class::Constraint, child, &name).filter(|_| !no_inherit)
                && let Some(Detail::Constraint(own)) = self.state.edit(own).map(|object| &mut object.detail)
                && own.inherited > 0
            {
                own.inherited -= 1;
                own.is_local |= own.inherited == 0;
            }
        }
        self.state.remove_inheritor(parent, child);
        self.state.unlink((child, 0), (parent, 0), Link::Auto);
        self.state.unlink((child, 0), (parent, 0), Link::Normal);
    }

    fn alter_other(
        &mut self,
        id: Id,
        name: &Name,
        (what, part): (&Ident, Option<&Ident>),
        properties: &Properties,
    ) -> Done {
        match (what.as_str(), part) {
            ("add identity always" | "add identity by default", Some(column)) => {
                let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
                let Some(own) = self.state.relation(id).and_then(|r| r.numbered(number)) else { return Ok(()) };
                let refuse = |code, what: &str| {
                    let message = format!("column \"{column}\" of relation \"{}\" {what}", name.name);
                    Err(Problem::new(code, message, name.at))
                };
                if !own.not_null {
                    return refuse("55000", "must be declared NOT NULL before identity can be added");
                }
                if own.identity.is_some() {
                    return refuse("55000", "is already an identity column");
                }
                if own.default.is_some() {
                    return refuse("55000", "already has a default value");
                }
                self.add_sequence((id, number), Some(identity_of(what)));
                self.altered((id, number), "identity");
            }
            ("drop identity", Some(column)) => {
                let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
                if let Some(sequence) = self.identity_sequence((id, number)) {
                    self.state.unlink((sequence, 0), (id, number), Link::Internal);
                    self.delete(&[(sequence, 0)], false)?;
                    if let Some(column) = self.edit_column((id, number)) {
                        column.identity = None;
                    }
                    self.altered((id, number), "no identity");
                }
            }
            ("set identity always" | "set identity by default", Some(column)) => {
                let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
                let Some(own) = self.edit_column((id, number)) else { return Ok(()) };
                if own.identity.is_none() {
                    let message =
                        format!("column \"{column}\" of relation \"{}\" is not an identity column", name.name);
                    return Err(Problem::new("55000", message, name.at));
                }
                own.identity = Some(identity_of(what));
                let properties = self.identity_again((id, number), properties);
                if let Some(own) = self.edit_column((id, number)) {
                    properties.set(&mut own.properties);
                }
                self.altered((id, number), "identity");
            }
            ("drop expression", Some(column)) => {
                let Some(number) = self.column(id, column, name.at)? else { return Ok(()) };
                self.drop_default((id, number));
                self.altered((id, number), "no expression");
            }
            ("add of" | "drop of", _) => self.blur(format!("ALTER TABLE {what} is not followed")),
            ("cluster on" | "drop cluster", index) => self.mark(id, index, "clustered"),
            ("replica identity", _) => {
                let how = properties.get("replica identity").cloned();
                let index = how.as_deref().and_then(|how| how.strip_prefix("using index ")).map(Ident::new);
                self.mark(id, index.as_ref(), "replica identity");
                // Which one it is, the index knows.
                let how = index.map_or(how, |_| Some(Ident::new_static("index")));
                self.assign((id, 0), &Properties::one("replica identity", how.as_deref()));
                self.altered((id, 0), what.clone());
            }
            (
                "set statistics" | "set storage" | "set compression" | "set identity" | "set options" | "reset options",
                Some(column),
            ) => {
                if let Some(number) = self.column(id, column, name.at)? {
                    let properties = &self.identity_again((id, number), properties);
                    self.assign((id, number), properties);
                    self.altered((id, number), what.clone());
                }
            }
            _ if !properties.is_empty() => {
                self.assign((id, 0), properties);
                self.altered((id, 0), what.clone());
            }
            // The rest changes nothing that is looked at here, but it does change something.
            _ => self.bump((id, 0), what),
        }
        Ok(())
    }

    /// The sequence of an identity column.
    fn identity_sequence(&self, column: Ref) -> Option<Id> {
        self.state.dependents(column).into_iter().find_map(|((by, _), link, _)| {
            let is_sequence = self.state.get(by).is_some_and(|object| object.kind == Kind::Sequence);
            (is_sequence && link == Link::Internal).then_some(by)
        })
    }

    /// Notes that the sequence of an identity column starts again; what else is said of it.
    fn identity_again(&mut self, column: Ref, properties: &Properties) -> Properties {
        let rest = properties.without("restart");
        if rest != *properties
            && let Some(sequence) = self.identity_sequence(column)
        {
            self.bump((sequence, 0), "options");
        }
        rest
    }

    /// Of all indexes of a table, only that one has the mark.
    fn mark(&mut self, table: Id, index: Option<&Ident>, mark: &'static str) {
        let schema = self.state.schema_of(table);
        let marked = index.and_then(|index| self.state.lookup(Class::Relation, schema, index));
        for id in self.state.indexes(table) {
            let value = (Some(id) == marked).then_some("true");
            let is_so = self.state.get(id).and_then(Object::index).and_then(|index| index.properties.get(mark));
            if is_so.map(Ident::as_str) != value {
                self.assign((id, 0), &Properties::one(mark, value));
                self.altered((id, 0), mark);
            }
        }
    }

    /// What a statement says of an object or of a column takes the place of what was said of it.
    pub(super) fn assign(&mut self, of: Ref, properties: &Properties) {
        if of.1 != 0 {
            if let Some(column) = self.edit_column(of) {
                properties.set(&mut column.properties);
                if column.properties.get("storage").is_some_and(|storage| is_usual_storage(&column.kind, storage)) {
                    column.properties.remove("storage");
                }
            }
            return;
        }
        if let Some(object) = self.state.edit(of.0) {
            match &mut object.detail {
                Detail::Index(index) => properties.set(&mut index.properties),
                Detail::Routine(routine) => routine.set(properties, &mut object.properties),
                _ => properties.set(&mut object.properties),
            }
        }
    }

    fn bump(&mut self, of: Ref, what: &str) {
        if let Some(object) = self.state.edit(of.0) {
            *object.options.entry(Ident::new(what)).or_default() += 1;
        }
        self.altered(of, what);
    }

    // New names

    pub(super) fn rename(&mut self, object: &Named, part: Option<&Ident>, to: &Ident, if_exists: bool) -> Done {
        if object.name.is_variable() || crate::effect::is_variable(to) {
            self.blur("what it renames depends on a variable");
            return Ok(());
        }
        match self.renamed(object, part, to) {
            Err(problem) if if_exists && problem.is_absence() && problem.sqlstate != "42703" => {
                self.skip(object.name.to_string(), None, format!("{}, skipping", problem.message));
                Ok(())
            }
            other => other,
        }
    }

    fn renamed(&mut self, object: &Named, part: Option<&Ident>, to: &Ident) -> Done {
        let name = &object.name;
        match (&object.kind, part) {
            (ObjectKind::Column, Some(column)) => self.rename_column(name, column, to),
            (ObjectKind::Constraint, Some(constraint)) => self.rename_constraint(name, constraint, to),
            (kind, _) if kind.is_relation() => {
                let Some(id) = self.opened(name)? else { return Ok(()) };
                // ALTER TABLE and ALTER INDEX rename whatever has their kind of name.
                match (&object.kind, self.state.get(id).map(|object| &object.kind)) {
                    (ObjectKind::Table | ObjectKind::Index, Some(Kind::CompositeType)) => {
                        let message = format!("\"{}\" is a composite type", name.name);
                        return Err(Problem::new("42809", message, name.at));
                    }
                    (ObjectKind::Table | ObjectKind::Index, _) => {}
                    _ => self.check_kind(id, &object.kind, name)?,
                }
                self.rename_relation(id, to, name.at)
            }
            (ObjectKind::Type | ObjectKind::Domain, _) => {
                let Some((id, _)) = self.named(object, false)? else { return Ok(()) };
                let Some(found) = self.state.get(id) else { return Ok(()) };
                if found.kind.is_relation() {
                    if found.kind != Kind::CompositeType {
                        let message = format!("{} is a table's row type", name.name);
                        return Err(Problem::new("42809", message, name.at));
                    }
                    return self.rename_relation(id, to, name.at);
                }
                if let Some(known) = self.state.lookup(Class::Type, found.parent, to) {
                    let message = format!("type \"{to}\" already exists");
                    return Err(Problem::new("42710", message, name.at).on(self.state.key((known, 0))));
                }
                self.give_name(id, to);
                Ok(())
            }
            (ObjectKind::Schema, _) => {
                let Some(id) = self.state.schema(&name.name) else {
                    return Err(Problem::missing_schema(&name.name, name.at));
                };
                if let Some(known) = self.state.schema(to) {
                    let message = format!("schema \"{to}\" already exists");
                    return Err(Problem::new("42P06", message, name.at).on(self.state.key((known, 0))));
                }
                self.give_name(id, to);
                Ok(())
            }
            (ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate, _) => {
                let Some(id) = self.routine(object)? else { return Ok(()) };
                let Some(found) = self.state.get(id) else { return Ok(()) };
                let inputs = found.routine().map(|routine| routine.inputs.clone()).unwrap_or_default();
                if let Some(known) = self.state.routine(found.parent, to, &inputs) {
                    let text = self.state.routine_text(known).replace(',', ", ");
                    let schema = self.state.schema_name(found.parent);
                    let message = format!("function {text} already exists in schema \"{schema}\"");
                    return Err(Problem::new("42723", message, name.at).on(self.state.key((known, 0))));
                }
                self.give_name(id, to);
                Ok(())
            }
            (ObjectKind::Trigger | ObjectKind::Rule | ObjectKind::Policy, _) => {
                let Some((id, _)) = self.named(object, false)? else { return Ok(()) };
                let class = match object.kind {
                    ObjectKind::Trigger => Class::Trigger,
                    ObjectKind::Rule => Class::Rule,
                    _ => Class::Policy,
                };
                let table = self.state.get(id).map_or(0, |object| object.parent);
                if let Some(known) = self.state.lookup(class, table, to) {
                    let shown = self.state.get(table).map(|object| object.name.clone()).unwrap_or_default();
                    let link = if class == Class::Policy { "table" } else { "relation" };
                    let message = format!("{} \"{to}\" for {link} \"{shown}\" already exists", object.kind);
                    return Err(Problem::new("42710", message, name.at).on(self.state.key((known, 0))));
                }
                self.give_name(id, to);
                Ok(())
            }
            (ObjectKind::Role, _) => {
                match self.state.lookup(Class::Role, 0, &name.name) {
                    Some(id) => self.give_name(id, to),
                    None => self.pass_over("the name of a role that is not known here is not followed"),
                }
                Ok(())
            }
            (ObjectKind::Database, _) => {
                self.pass_over("the name of a database is not followed");
                Ok(())
            }
            _ => match self.named(object, false)? {
                Some((id, _)) => {
                    self.give_name(id, to);
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }

    fn give_name(&mut self, id: Id, to: &Ident) {
        let name = to.clone();
        self.altered((id, 0), "renamed");
        self.state.rename(id, |object| object.name = name);
    }

    fn rename_column(&mut self, name: &Name, column: &Ident, to: &Ident) -> Done {
        let found = match self.state.find(Class::Relation, name) {
            Found::NoSchema | Found::Missing => return Err(Problem::missing_relation(name)),
            Found::System => return Ok(()),
            Found::Object(id) => id,
        };
        let is_sequence = self.state.get(found).is_some_and(|object| object.kind == Kind::Sequence);
        let Some(relation) = self.state.relation(found).filter(|_| !is_sequence) else {
            let message = format!("cannot rename columns of relation \"{}\"", name.name);
            // The columns of an index have names too.
            return if self.state.get(found).is_some_and(|object| object.kind == Kind::Index) {
                Ok(())
            } else {
                Err(Problem::new("42809", message, name.at))
            };
        };
        let Some(own) = relation.column(column) else {
            let problem = Problem::new("42703", format!("column \"{column}\" does not exist"), name.at);
            return if relation.is_known { Err(problem) } else { self.absent(problem) };
        };
        let (number, inherited) = (own.number, own.inherited);
        if inherited > 0 {
            let message = format!("cannot rename inherited column \"{column}\"");
            return Err(Problem::new("42P16", message, name.at));
        }
        // Children come first.
        let mut all = self.with_inheritors(found, column, number);
        all.rotate_left(1);
        for of in all {
            let Some(table) = self.state.get(of.0) else { continue };
            if table.relation().is_some_and(|relation| relation.column(to).is_some()) {
                let message = format!("column \"{to}\" of relation \"{}\" already exists", table.name);
                return Err(Problem::new("42701", message, name.at));
            }
            self.altered(of, "renamed");
            if let Some(own) = self.edit_column(of) {
                own.name = to.clone();
            }
        }
        Ok(())
    }

    fn rename_constraint(&mut self, name: &Name, constraint: &Ident, to: &Ident) -> Done {
        let id = match self.state.find(Class::Type, name) {
            Found::Object(id) if self.state.get(id).is_some_and(|object| object.kind == Kind::Domain) => id,
            _ => match self.opened(name)? {
                Some(id) => id,
                None => return Ok(()),
            },
        };
        let Some(known) = self.state.lookup(Class::Constraint, id, constraint) else {
            let message = format!("constraint \"{constraint}\" for table \"{}\" does not exist", name.name);
            return Err(Problem::new("42704", message, name.at));
        };
        self.check_constraint_name(id, to, name.at)?;
        let index = self.state.dependents((known, 0)).into_iter().find_map(|((by, _), link, _)| {
            let is_index = self.state.get(by).is_some_and(|object| object.kind == Kind::Index);
            (is_index && link == Link::Internal).then_some(by)
        });
        if let Some(index) = index {
            let schema = self.state.schema_of(id);
            if let Some(clash) = self.state.lookup(Class::Relation, schema, to) {
                let message = format!("relation \"{to}\" already exists");
                return Err(Problem::new("42P07", message, name.at).on(self.state.key((clash, 0))));
            }
            self.give_name(index, to);
        }
        self.give_name(known, to);
        Ok(())
    }

    fn rename_relation(&mut self, id: Id, to: &Ident, at: At) -> Done {
        let Some(object) = self.state.get(id) else { return Ok(()) };
        let (schema, kind) = (object.parent, object.kind.clone());
        if let Some(known) = self.state.lookup(Class::Relation, schema, to) {
            let message = format!("relation \"{to}\" already exists");
            let problem = Problem::new("42P07", message, at).on(self.state.key((known, 0)));
            if self.state.get(known).is_some_and(|object| object.presence == Presence::Yes) {
                return Err(problem);
            }
            self.may_fail(problem);
            let at = self.at;
            remove::delete(self.state, &[(known, 0)], true, at)?;
        }
        let has_type = !matches!(kind, Kind::Index | Kind::Sequence);
        if has_type && let Some(known) = self.state.lookup(Class::Type, schema, to) {
            let message = format!("type \"{to}\" already exists");
            return Err(Problem::new("42710", message, at).on(self.state.key((known, 0))));
        }
        if kind == Kind::Index {
            // The constraint that it belongs to bears its name.
            let owner = self.state.needs((id, 0)).into_iter().find(|(_, link)| *link == Link::Internal);
            if let Some((owner, _)) = owner {
                self.give_name(owner.0, to);
            }
        }
        self.give_name(id, to);
        Ok(())
    }

    pub(super) fn set_schema(&mut self, object: &Named, to: &Ident, if_exists: bool) -> Done {
        match self.moved(object, to) {
            Err(problem) if if_exists && matches!(problem.sqlstate, "42P01") => {
                self.skip(object.name.to_string(), None, format!("{}, skipping", problem.message));
                Ok(())
            }
            other => other,
        }
    }

    fn moved(&mut self, object: &Named, to: &Ident) -> Done {
        let name = &object.name;
        let Some((id, sub)) = self.named(object, object.kind == ObjectKind::Table)? else { return Ok(()) };
        let Some(schema) = self.state.schema(to) else { return Err(Problem::missing_schema(to, name.at)) };
        let Some(found) = self.state.get(id) else { return Ok(()) };
        if sub != 0 || found.parent == schema {
            return Ok(());
        }
        let kind = found.kind.clone();
        if kind == Kind::CompositeType && object.kind == ObjectKind::Table {
            return Err(Problem::new("42809", format!("\"{}\" is a composite type", name.name), name.at));
        }
        if matches!(kind, Kind::Extension) {
            self.bump((id, 0), "schema");
            return Ok(());
        }
        let clash = match &kind {
            kind if kind.is_relation() => self.state.lookup(Class::Relation, schema, &found.name),
            Kind::Type | Kind::Domain => self.state.lookup(Class::Type, schema, &found.name),
            kind if kind.is_routine() => {
                let inputs = found.routine().map(|routine| routine.inputs.clone()).unwrap_or_default();
                self.state.routine(schema, &found.name, &inputs)
            }
            _ => None,
        };
        if let Some(clash) = clash {
            let (code, what) = match &kind {
                kind if kind.is_relation() => ("42P07", "relation"),
                kind if kind.is_routine() => ("42723", "function"),
                _ => ("42710", "type"),
            };
            let shown = if kind.is_routine() {
                format!("function {}", self.state.routine_text(clash))
            } else {
                format!("{what} \"{}\"", found.name)
            };
            let message = format!("{shown} already exists in schema \"{to}\"");
            return Err(Problem::new(code, message, name.at).on(self.state.key((clash, 0))));
        }
        if kind.is_relation()
            && !matches!(kind, Kind::Sequence | Kind::Index)
            && let Some(clash) = self.state.lookup(Class::Type, schema, &found.name)
        {
            let message = format!("type \"{}\" already exists in schema \"{to}\"", found.name);
            return Err(Problem::new("42710", message, name.at).on(self.state.key((clash, 0))));
        }
        if kind == Kind::Sequence && self.state.needs((id, 0)).iter().any(|(_, link)| *link != Link::Normal) {
            return Err(Problem::new("0A000", "cannot move an owned sequence into another schema".to_owned(), name.at));
        }
        let mut all = vec![id];
        if kind.is_relation() {
            all.extend(self.state.indexes(id));
            all.extend(self.state.dependents((id, 0)).into_iter().filter_map(|((by, _), link, _)| {
                let is_sequence = self.state.get(by).is_some_and(|object| object.kind == Kind::Sequence);
                (is_sequence && link != Link::Normal).then_some(by)
            }));
        }
        for part in all.iter().skip(1) {
            let Some(part) = self.state.get(*part) else { continue };
            if let Some(clash) = self.state.lookup(Class::Relation, schema, &part.name) {
                let message = format!("relation \"{}\" already exists in schema \"{to}\"", part.name);
                return Err(Problem::new("42P07", message, name.at).on(self.state.key((clash, 0))));
            }
        }
        for id in all {
            let from = self.state.schema_of(id);
            self.altered((id, 0), "schema");
            self.state.unlink((id, 0), (from, 0), Link::Normal);
            self.state.rename(id, |object| object.parent = schema);
            if self.state.get(id).is_some_and(|object| object.kind != Kind::Index) {
                self.state.link((id, 0), (schema, 0), Link::Normal);
            }
        }
        Ok(())
    }

    fn rename_label(&mut self, of: Ref, object: &Named, to: &Ident) -> Done {
        let from = object.part.clone().unwrap_or_default();
        let (is_domain, varies) =
            self.state.get(of.0).map_or((false, true), |object| (object.kind == Kind::Domain, object.varies));
        let labels = match self.state.get(of.0).map(|object| &object.detail) {
            Some(Detail::Type(detail)) if !is_domain => detail.labels.clone(),
            _ => {
                let message = format!("{} is not an enum", object.name);
                return Err(Problem::new("42809", message, object.name.at));
            }
        };
        let problem = if !labels.contains(&from) {
            Some(Problem::new("22023", format!("\"{from}\" is not an existing enum label"), object.name.at))
        } else if labels.contains(to) {
            Some(Problem::new("42710", format!("enum label \"{to}\" already exists"), object.name.at))
        } else {
            None
        };
        match problem {
            Some(problem) if !varies => return Err(problem),
            Some(problem) => self.may_fail(problem),
            None => {}
        }
        if varies {
            self.blur("which labels the enum has is not told");
        }
        if let Some(Detail::Type(detail)) = self.state.edit(of.0).map(|object| &mut object.detail) {
            detail.labels.iter_mut().filter(|label| **label == from).for_each(|label| *label = to.clone());
        }
        self.altered(of, "rename value");
        Ok(())
    }

    // ALTER of anything else

    pub(super) fn alter(&mut self, act: &Act) -> Done {
        let Act::Alter { object, what, if_exists, value, properties, parts } = act else { return Ok(()) };
        let if_exists = *if_exists;
        if let ObjectKind::Other(kind) = &object.kind
            && kind == "owned"
        {
            self.blur("REASSIGN OWNED gives away what is not known here");
            return Ok(());
        }
        if object.kind.is_beyond() {
            self.pass_over(format!("what changes about a {} is not followed", object.kind));
            return Ok(());
        }
        let of = match self.named(object, false) {
            Ok(Some(of)) => of,
            Ok(None) => return Ok(()),
            Err(problem) if if_exists && problem.is_absence() && !what.contains("value") => {
                self.skip(object.name.to_string(), None, format!("{}, skipping", problem.message));
                return Ok(());
            }
            Err(problem) => return Err(problem),
        };
        match (what.as_str(), value.as_ref()) {
            ("owner", owner) => self.set_owner(of, owner.cloned()),
            ("owned by", Some(path)) => {
                let path: Vec<Ident> = super::parse_path(path);
                self.own_sequence(of.0, &path, object.name.at)?;
                let properties = &self.started_again(of.0, properties);
                self.assign(of, properties);
                self.altered(of, "owned by");
            }
            ("add value", Some(label)) => {
                let is_domain = self.state.get(of.0).is_some_and(|object| object.kind == Kind::Domain);
                let found = self.state.edit(of.0).filter(|_| !is_domain).map(|object| &mut object.detail);
                let Some(Detail::Type(detail)) = found else {
                    let message = format!("{} is not an enum", object.name);
                    return Err(Problem::new("42809", message, object.name.at));
                };
                if detail.labels.contains(label) {
                    let message = format!("enum label \"{label}\" already exists");
                    if if_exists {
                        self.skip(label.clone(), Some(of), format!("{message}, skipping"));
                        return Ok(());
                    }
                    return Err(Problem::new("42710", message, object.name.at));
                }
                // Where among the others it stands is not told.
                detail.labels.push(label.clone());
                self.altered(of, "add value");
            }
            ("rename value", Some(to)) => self.rename_label(of, object, to)?,
            _ => {
                if object.kind == ObjectKind::Domain {
                    self.blur("what ALTER DOMAIN changes is not told");
                }
                if object.kind == ObjectKind::Extension {
                    self.blur("what ALTER EXTENSION changes is not told");
                }
                if properties.is_empty() && parts.is_empty() {
                    self.bump(of, what);
                } else {
                    let properties = &self.started_again(of.0, properties);
                    self.assign(of, properties);
                    self.alter_parts(of.0, parts)?;
                    self.altered(of, what.clone());
                }
            }
        }
        Ok(())
    }

    /// Notes that a sequence starts again; what else is said of it.
    fn started_again(&mut self, sequence: Id, properties: &Properties) -> Properties {
        let rest = properties.without("restart");
        if rest != *properties {
            self.bump((sequence, 0), "options");
        }
        rest
    }

    /// The conditions of a policy and the settings of a function.
    fn alter_parts(&mut self, id: Id, parts: &[Expr]) -> Done {
        let table = match self.state.get(id) {
            Some(Object { kind: Kind::Policy, parent, .. }) if !parts.is_empty() => Some(*parent),
            _ => None,
        };
        if let Some(table) = table {
            for (to, link) in self.read_conditions(table, parts)? {
                if to != (table, 0) {
                    self.state.link((id, 0), to, link);
                }
            }
        }
        match self.state.edit(id).map(|object| &mut object.detail) {
            Some(Detail::Policy(policy)) => policy.set(parts),
            Some(Detail::Routine(routine)) => {
                for part in parts {
                    let ExprKind::Other { what, parts } = &part.kind else { continue };
                    routine.settings.retain(|(name, _)| name != what && what != "all");
                    if !parts.is_empty() {
                        routine.settings.push((what.clone(), parts.to_vec()));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether columns of the type are stored so where nothing is said (PostgreSQL's `pg_type.typstorage`). Of a
/// user's type it is not told.
fn is_usual_storage(kind: &ColumnType, storage: &str) -> bool {
    let usual = match kind {
        ColumnType::BuiltIn { array: true, .. } => "extended",
        ColumnType::BuiltIn { name, .. } => match name.as_str() {
            "numeric" | "inet" | "cidr" => "main",
            "text" | "varchar" | "bpchar" | "json" | "jsonb" | "jsonpath" | "xml" | "bytea" | "bit" | "varbit"
            | "tsvector" => "extended",
            "tsquery" | "int2vector" | "oidvector" => "plain",
            name if name.ends_with("range") => "extended",
            _ => "plain",
        },
        _ => return false,
    };
    storage.eq_ignore_ascii_case(usual)
}

/// PostgreSQL's order of the actions of one ALTER TABLE.
fn pass(action: &AlterAction) -> u8 {
    match action {
        AlterAction::DropColumn { .. }
        | AlterAction::DropConstraint { .. }
        | AlterAction::ColumnNotNull { set: false, .. }
        | AlterAction::ColumnDefault { value: None, .. } => 0,
        AlterAction::Other { what, .. } if matches!(what.as_str(), "drop identity" | "drop expression") => 0,
        AlterAction::ColumnType { .. } => 1,
        AlterAction::AddColumn { .. } => 2,
        AlterAction::ColumnNotNull { set: true, .. } => 3,
        AlterAction::AddConstraint(constraint) => match constraint.kind {
            ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } | ConstraintKind::Exclude(_) => 4,
            ConstraintKind::ForeignKey { .. } => 6,
            _ => 5,
        },
        AlterAction::ColumnDefault { .. } => 5,
        AlterAction::Other { what, .. } if what.starts_with("add identity") => 5,
        _ => 7,
    }
}

/// The same among PostgreSQL's own types.
fn casts_by_itself(from: &ColumnType, to: &ColumnType) -> bool {
    let (Some(from), Some(to)) = (from.scalar(), to.scalar()) else { return true };
    let is_text = |name: &str| matches!(name, "text" | "varchar" | "bpchar");
    let is_number = |name: &str| matches!(name, "int2" | "int4" | "int8" | "numeric" | "float4" | "float8");
    let is_time = |name: &str| matches!(name, "date" | "timestamp" | "timestamptz");
    let is_strict = |name: &str| matches!(name, "uuid" | "bool" | "json" | "jsonb" | "bytea" | "inet" | "interval");
    if from == to || is_text(to) {
        return true;
    }
    if is_text(from) {
        return !(is_number(to) || is_time(to) || is_strict(to));
    }
    if is_number(from) {
        return !(is_time(to) || is_strict(to));
    }
    if is_time(from) {
        return !(is_number(to) || is_strict(to));
    }
    if is_strict(from) && from != "json" && from != "jsonb" && from != "interval" {
        return !(is_number(to) || is_time(to) || is_strict(to));
    }
    true
}

/// The kind that `ADD` or `SET GENERATED` gives an identity.
fn identity_of(what: &str) -> Identity {
    if what.ends_with(Identity::Always.words()) { Identity::Always } else { Identity::ByDefault }
}

//! What PostgreSQL's own catalogs would list of the symbolic database: scripts look there before
//! they make or drop something.

use std::collections::BTreeMap;

use super::Catalog;
use super::object::{Detail, Id, Kind, Object, Presence};
use super::parse_name;
use super::store::{Class, Found, State};
use crate::builtin::{Builtin, builtin, is_type};
use crate::effect::{At, Deferral, Expr, ExprKind, From, Ident, Identity, JoinKind, Name, Select, Type};

/// What a query of the catalogs finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// So many rows.
    Rows(usize),
    /// At least one.
    Some,
    /// It cannot be told.
    Unsaid,
}

/// What stands in a column of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(Ident),
    /// The number of an object.
    Oid(Id),
    Boolean(bool),
}

/// Columns that are not among them cannot be told.
struct Row {
    cells: BTreeMap<&'static str, Value>,
    is_certain: bool,
}

/// A catalog of FROM.
struct Item<'e> {
    table: &'static str,
    alias: &'e str,
}

/// A column of one of the catalogs, or a constant.
enum Side<'e> {
    Cell(usize, &'e str),
    Constant(Value),
    Null,
}

/// A condition that has to hold.
enum Condition<'e> {
    Equal(Side<'e>, Side<'e>, bool),
    Among(Side<'e>, Vec<Value>, bool),
    Unsaid,
}

/// A catalog, and the columns that are known of it.
const TABLES: &[(&str, &[&str])] = &[
    ("pg_namespace", &["oid", "nspname"]),
    ("pg_class", &["oid", "relname", "relnamespace", "relkind", "relpersistence"]),
    ("pg_tables", &["schemaname", "tablename"]),
    ("pg_views", &["schemaname", "viewname"]),
    ("pg_matviews", &["schemaname", "matviewname"]),
    ("pg_sequences", &["schemaname", "sequencename"]),
    ("pg_indexes", &["schemaname", "tablename", "indexname"]),
    (
        "pg_attribute",
        &["attrelid", "attname", "attisdropped", "attidentity", "attnotnull", "atthasdef", "attgenerated"],
    ),
    (
        "pg_constraint",
        &["oid", "conname", "conrelid", "contype", "connamespace", "convalidated", "condeferrable", "condeferred"],
    ),
    ("pg_trigger", &["tgname", "tgrelid"]),
    ("pg_policy", &["polname", "polrelid"]),
    ("pg_policies", &["schemaname", "tablename", "policyname"]),
    ("pg_inherits", &["inhrelid", "inhparent"]),
    ("pg_proc", &["oid", "proname", "pronamespace"]),
    ("pg_type", &["oid", "typname", "typnamespace", "typtype"]),
    ("pg_enum", &["enumtypid", "enumlabel"]),
    ("pg_extension", &["extname"]),
    ("pg_roles", &["rolname"]),
    ("schemata", &["schema_name"]),
    ("tables", &["table_schema", "table_name", "table_type"]),
    ("views", &["table_schema", "table_name"]),
    ("sequences", &["sequence_schema", "sequence_name"]),
    ("columns", &["table_schema", "table_name", "column_name", "is_nullable", "is_identity"]),
    ("table_constraints", &["constraint_schema", "constraint_name", "table_schema", "table_name", "constraint_type"]),
    ("routines", &["routine_schema", "routine_name"]),
];

/// In how many relations a trigger or a policy is looked for by its name alone.
const ANYWHERE_LIMIT: usize = 4096;

type Given<'g> = BTreeMap<&'g str, Value>;

impl Catalog {
    /// How many rows a query of PostgreSQL's own catalogs finds, its select list aside.
    #[must_use]
    pub fn listed(&self, select: &Select) -> Listed {
        if select.having.is_some() || !select.group_by.is_empty() || select.from.is_empty() {
            return Listed::Unsaid;
        }
        let (mut items, mut joined) = (Vec::new(), Vec::new());
        if !select.from.iter().all(|from| collect(from, &mut items, &mut joined)) {
            return Listed::Unsaid;
        }
        let parts = joined.into_iter().chain(&select.filter).flat_map(Expr::conjuncts);
        let conditions: Option<Vec<Condition<'_>>> =
            parts.filter(|part| !is_idle(part)).map(|part| self.condition(part, &items)).collect();
        let Some(conditions) = conditions else { return Listed::Unsaid };
        let mut found = (0, false);
        let mut bound: Vec<Option<Row>> = items.iter().map(|_| None).collect();
        let is_all = self.search(&items, &conditions, &mut bound, &mut found).is_some();
        match found {
            (rows, false) if is_all && self.complete && self.state.blurred.is_empty() => Listed::Rows(rows),
            (rows, _) if rows > 0 => Listed::Some,
            _ => Listed::Unsaid,
        }
    }

    /// The one role or extension whose name is asked for, where nothing else is.
    #[must_use]
    pub fn asked_by_name(select: &Select) -> Option<(Kind, Ident)> {
        let [From::Relation { name, .. }] = select.from.as_slice() else { return None };
        let ExprKind::Operator { operator, left: Some(left), right } = &select.filter.as_ref()?.kind else {
            return None;
        };
        let (kind, column) = match name.name.as_str() {
            "pg_roles" | "pg_authid" => (Kind::Role, "rolname"),
            "pg_extension" => (Kind::Extension, "extname"),
            _ => return None,
        };
        let is_name = |expr: &Expr| matches!(&expr.kind, ExprKind::Column(path) if path.last().is_some_and(|name| name == column));
        let text = |expr: &Expr| match &expr.kind {
            ExprKind::Text(text) => Some(text.clone()),
            _ => None,
        };
        if operator != "=" {
            return None;
        }
        let name = if is_name(left) { text(right) } else { text(left).filter(|_| is_name(right)) };
        name.map(|name| (kind, name))
    }

    /// From here on the role or the extension is there, or is not: it was asked for.
    pub fn know(&mut self, kind: &Kind, name: &Ident, is_there: bool) {
        let class = if *kind == Kind::Role { Class::Role } else { Class::Extension };
        match (self.state.lookup(class, 0, name), is_there) {
            (None, true) => {
                // Nobody made it.
                self.state.insert(Object::new(kind.clone(), name.clone(), 0, At::default(), 0));
                self.state.has_extension |= class == Class::Extension;
            }
            (Some(id), _) if self.state.get(id).is_some_and(|object| object.presence == Presence::Maybe) => {
                if is_there {
                    if let Some(object) = self.state.edit(id) {
                        object.presence = Presence::Yes;
                    }
                } else if class == Class::Extension {
                    self.state.remove(id);
                }
            }
            _ => {}
        }
    }

    fn condition<'e>(&self, part: &'e Expr, items: &[Item<'e>]) -> Option<Condition<'e>> {
        let side = |expr: &'e Expr| self.side(expr, items);
        Some(match &part.kind {
            ExprKind::Operator { operator, left: Some(left), right } if matches!(operator.as_str(), "=" | "<>") => {
                match (side(left), side(right)) {
                    (Some(left), Some(right)) => Condition::Equal(left, right, operator == "="),
                    _ => Condition::Unsaid,
                }
            }
            ExprKind::Column(_) => side(part)
                .map_or(Condition::Unsaid, |cell| Condition::Equal(cell, Side::Constant(Value::Boolean(true)), true)),
            ExprKind::Not(inner) if matches!(inner.kind, ExprKind::Column(_)) => side(inner)
                .map_or(Condition::Unsaid, |cell| Condition::Equal(cell, Side::Constant(Value::Boolean(false)), true)),
            ExprKind::In { operand, list, negated } => {
                let constants: Option<Vec<Value>> = list.iter().map(|value| self.constant(value)).collect();
                match (side(operand), constants) {
                    (Some(cell), Some(list)) => Condition::Among(cell, list, !negated),
                    _ => Condition::Unsaid,
                }
            }
            ExprKind::Boolean(true) => return Some(Condition::Among(Side::Null, Vec::new(), false)),
            _ => Condition::Unsaid,
        })
    }

    fn side<'e>(&self, expr: &'e Expr, items: &[Item<'e>]) -> Option<Side<'e>> {
        match &expr.kind {
            ExprKind::Null => Some(Side::Null),
            ExprKind::Cast { operand, to } if is_text(to) && matches!(operand.kind, ExprKind::Column(_)) => {
                self.side(operand, items)
            }
            ExprKind::Column(path) => {
                let (alias, column) = match path.as_slice() {
                    [column] => (None, column),
                    [alias, column] => (Some(alias.as_str()), column),
                    _ => return None,
                };
                let is_it = |item: &Item<'_>| match alias {
                    Some(alias) => item.alias == alias,
                    None => columns_of(item.table).contains(&column.as_str()),
                };
                Some(Side::Cell(items.iter().position(is_it)?, column.as_str()))
            }
            _ => self.constant(expr).map(Side::Constant),
        }
    }

    fn constant(&self, expr: &Expr) -> Option<Value> {
        let object = |class: Class, text: &str| match self.state.find(class, &parse_name(text, At::default())?) {
            Found::Object(id) => Some(Value::Oid(id)),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Text(text) => Some(Value::Text(text.clone())),
            ExprKind::Boolean(truth) => Some(Value::Boolean(*truth)),
            ExprKind::Cast { operand, to } => match (&operand.kind, to.name.name.as_str()) {
                (ExprKind::Text(text), "regclass") => object(Class::Relation, text),
                (ExprKind::Text(text), "regtype") => object(Class::Type, text),
                (ExprKind::Text(text), "regnamespace") => self.state.schema(text).map(Value::Oid),
                _ if is_text(to) => self.constant(operand),
                _ => None,
            },
            ExprKind::Call { function, .. } if function.name == "current_schema" => {
                self.state.creation_schema().map(|schema| Value::Text(self.state.schema_name(schema)))
            }
            _ => None,
        }
    }

    /// Counts the rows that meet all conditions, and whether some may; nothing where they cannot
    /// all be listed.
    fn search(
        &self,
        items: &[Item<'_>],
        conditions: &[Condition<'_>],
        bound: &mut Vec<Option<Row>>,
        found: &mut (usize, bool),
    ) -> Option<()> {
        let truths: Vec<Option<bool>> = conditions.iter().map(|condition| self.holds(condition, bound)).collect();
        if truths.contains(&Some(false)) {
            return Some(());
        }
        if bound.iter().all(Option::is_some) {
            let is_certain = truths.iter().all(Option::is_some) && bound.iter().flatten().all(|row| row.is_certain);
            if is_certain {
                found.0 += 1;
            } else {
                found.1 = true;
            }
            return Some(());
        }
        let open = |index: &usize| bound.get(*index).is_some_and(Option::is_none);
        let (index, rows) = (0..items.len()).filter(open).find_map(|index| {
            let given = given(index, conditions, bound);
            Some((index, self.rows(items.get(index)?.table, &given)?))
        })?;
        for row in rows {
            if let Some(place) = bound.get_mut(index) {
                *place = Some(row);
            }
            self.search(items, conditions, bound, found)?;
        }
        if let Some(place) = bound.get_mut(index) {
            *place = None;
        }
        Some(())
    }

    /// Whether a condition holds; nothing where it cannot be told, or not yet.
    fn holds(&self, condition: &Condition<'_>, bound: &[Option<Row>]) -> Option<bool> {
        let value = |side: &Side<'_>| match side {
            Side::Constant(value) => Some(value.clone()),
            Side::Cell(index, column) => bound.get(*index)?.as_ref()?.cells.get(column).cloned(),
            Side::Null => None,
        };
        match condition {
            Condition::Equal(Side::Null, ..) | Condition::Equal(_, Side::Null, _) => Some(false),
            Condition::Equal(one, other, wanted) => Some(self.are_equal(&value(one)?, &value(other)?)? == *wanted),
            Condition::Among(Side::Null, ..) => Some(true),
            Condition::Among(cell, list, wanted) => {
                let cell = value(cell)?;
                let equal: Option<Vec<bool>> = list.iter().map(|value| self.are_equal(&cell, value)).collect();
                Some(equal?.contains(&true) == *wanted)
            }
            Condition::Unsaid => None,
        }
    }

    fn are_equal(&self, one: &Value, other: &Value) -> Option<bool> {
        match (one, other) {
            (Value::Oid(id), Value::Text(text)) | (Value::Text(text), Value::Oid(id)) => {
                match self.state.find(Class::Relation, &parse_name(text, At::default())?) {
                    Found::Object(known) => Some(known == *id),
                    _ => None,
                }
            }
            (Value::Boolean(truth), Value::Text(text)) | (Value::Text(text), Value::Boolean(truth)) => {
                Some(matches!((text.as_str(), truth), ("t" | "true", true) | ("f" | "false", false)))
            }
            _ => Some(one == other),
        }
    }

    /// The rows of a catalog that may have these values, if they can be found by them.
    fn rows(&self, table: &str, given: &Given<'_>) -> Option<Vec<Row>> {
        let state = &self.state;
        let named = |column: &str| match given.get(column) {
            Some(Value::Text(name)) => Some(name.clone()),
            _ => None,
        };
        let within = |column: &str| -> Option<Vec<Id>> {
            match given.get(column) {
                Some(Value::Text(name)) => Some(state.schema(name).into_iter().collect()),
                Some(Value::Oid(id)) => Some(vec![*id]),
                Some(Value::Boolean(_)) => None,
                None => Some(state.parts(Class::Schema, 0)),
            }
        };
        // What PostgreSQL or an extension brings is not in the catalog.
        let is_foreign = |name: &str| name.starts_with("pg_") || state.has_extension;
        let relations = |schema: &str, name: &str| -> Option<Vec<Id>> {
            let name = named(name)?;
            let found: Vec<Id> =
                within(schema)?.into_iter().filter_map(|schema| state.lookup(Class::Relation, schema, &name)).collect();
            (!found.is_empty() || !is_foreign(&name)).then_some(found)
        };
        let of_kind = |ids: Vec<Id>, wanted: &[Kind]| -> Vec<Id> {
            ids.into_iter().filter(|id| state.get(*id).is_some_and(|object| wanted.contains(&object.kind))).collect()
        };
        let shown = |ids: Vec<Id>, schema: &'static str, name: &'static str| -> Vec<Row> {
            let row = |id: Id| row_of(state, id, [(schema, schema_text(state, id)), (name, name_text(state, id))]);
            ids.into_iter().map(row).collect()
        };
        Some(match table {
            "pg_namespace" | "schemata" => {
                let name = if table == "pg_namespace" { "nspname" } else { "schema_name" };
                let ids = match (given.get("oid"), named(name)) {
                    (Some(Value::Oid(id)), _) => vec![*id],
                    (_, Some(text)) if !is_foreign(&text) || state.schema(&text).is_some() => {
                        state.schema(&text).into_iter().collect()
                    }
                    _ => return None,
                };
                ids.into_iter()
                    .map(|id| row_of(state, id, [("oid", Value::Oid(id)), (name, name_text(state, id))]))
                    .collect()
            }
            "pg_class" => {
                let ids = match given.get("oid") {
                    Some(Value::Oid(id)) => vec![*id],
                    _ => relations("relnamespace", "relname")?,
                };
                ids.into_iter().filter_map(|id| class_row(state, id)).collect()
            }
            "pg_tables" => {
                shown(of_kind(relations("schemaname", "tablename")?, &[Kind::Table]), "schemaname", "tablename")
            }
            "pg_views" => shown(of_kind(relations("schemaname", "viewname")?, &[Kind::View]), "schemaname", "viewname"),
            "pg_matviews" => {
                let ids = of_kind(relations("schemaname", "matviewname")?, &[Kind::MaterializedView]);
                shown(ids, "schemaname", "matviewname")
            }
            "pg_sequences" => shown(
                of_kind(relations("schemaname", "sequencename")?, &[Kind::Sequence]),
                "schemaname",
                "sequencename",
            ),
            "sequences" => {
                let ids = of_kind(relations("sequence_schema", "sequence_name")?, &[Kind::Sequence]);
                shown(ids, "sequence_schema", "sequence_name")
            }
            "views" => {
                shown(of_kind(relations("table_schema", "table_name")?, &[Kind::View]), "table_schema", "table_name")
            }
            "tables" => {
                let ids =
                    of_kind(relations("table_schema", "table_name")?, &[Kind::Table, Kind::View, Kind::ForeignTable]);
                let kind = |id: Id| match state.get(id).map(|object| &object.kind) {
                    Some(Kind::View) => "VIEW",
                    Some(Kind::ForeignTable) => "FOREIGN",
                    _ => "BASE TABLE",
                };
                let row = |id: Id| {
                    let cells = [("table_schema", schema_text(state, id)), ("table_name", name_text(state, id))];
                    row_of(state, id, cells.into_iter().chain([("table_type", text(kind(id)))]))
                };
                ids.into_iter().map(row).collect()
            }
            "pg_indexes" => {
                let ids = of_kind(relations("schemaname", "indexname")?, &[Kind::Index]);
                let row = |id: Id| {
                    let table = state.get(id).and_then(Object::index).map_or(0, |index| index.table);
                    let cells = [("schemaname", schema_text(state, id)), ("indexname", name_text(state, id))];
                    row_of(state, id, cells.into_iter().chain([("tablename", name_text(state, table))]))
                };
                ids.into_iter().map(row).collect()
            }
            "pg_attribute" | "columns" => {
                let ids = match given.get("attrelid") {
                    Some(Value::Oid(id)) => vec![*id],
                    Some(Value::Text(name)) => match state.find(Class::Relation, &parse_name(name, At::default())?) {
                        Found::Object(id) => vec![id],
                        _ => return None,
                    },
                    _ if table == "columns" => relations("table_schema", "table_name")?,
                    _ => return None,
                };
                column_rows(state, &ids)?
            }
            "pg_constraint" | "table_constraints" => {
                let ids: Vec<Id> = match given.get("conrelid") {
                    Some(Value::Oid(id)) => state.parts(Class::Constraint, *id),
                    _ => {
                        let name = named("conname").or_else(|| named("constraint_name"))?;
                        let of_table = named("table_name");
                        let schema = ["connamespace", "constraint_schema", "table_schema"]
                            .into_iter()
                            .find(|column| given.contains_key(column));
                        let found = within(schema.unwrap_or_default())?
                            .into_iter()
                            .flat_map(|schema| state.constraints_named(schema, &name));
                        let is_of = |id: &Id| {
                            let parent = state.get(*id).map_or(0, |object| object.parent);
                            of_table
                                .as_ref()
                                .is_none_or(|table| state.get(parent).is_some_and(|object| object.name == *table))
                        };
                        found.filter(is_of).collect()
                    }
                };
                ids.into_iter().filter_map(|id| constraint_row(state, id)).collect()
            }
            "pg_trigger" | "pg_policy" | "pg_policies" => {
                let class = if table == "pg_trigger" { Class::Trigger } else { Class::Policy };
                let of = match given.get("tgrelid").or_else(|| given.get("polrelid")) {
                    Some(Value::Oid(id)) => vec![*id],
                    _ if given.contains_key("tablename") => relations("schemaname", "tablename")?,
                    _ => {
                        let schemas = state.parts(Class::Schema, 0).into_iter();
                        let all: Vec<Id> = schemas.flat_map(|schema| state.parts(Class::Relation, schema)).collect();
                        (all.len() <= ANYWHERE_LIMIT && !state.has_extension).then_some(all)?
                    }
                };
                let ids: Vec<Id> = of.into_iter().flat_map(|of| state.parts(class, of)).collect();
                let row = |id: Id| {
                    let of = state.get(id).map_or(0, |object| object.parent);
                    let name = name_text(state, id);
                    let own = [("tgname", &name), ("polname", &name), ("policyname", &name)]
                        .map(|(key, name)| (key, name.clone()));
                    let oids = [("tgrelid", Value::Oid(of)), ("polrelid", Value::Oid(of))];
                    let whose = [("schemaname", schema_text(state, of)), ("tablename", name_text(state, of))];
                    row_of(state, id, own.into_iter().chain(oids).chain(whose))
                };
                ids.into_iter().map(row).collect()
            }
            "pg_inherits" => {
                let Some(Value::Oid(child)) = given.get("inhrelid") else { return None };
                let parents = state.relation(*child)?.parents.clone();
                let row = |parent: Id| {
                    row_of(state, *child, [("inhrelid", Value::Oid(*child)), ("inhparent", Value::Oid(parent))])
                };
                parents.into_iter().map(row).collect()
            }
            "pg_proc" | "routines" => {
                let name = named("proname").or_else(|| named("routine_name"))?;
                let schema = if table == "pg_proc" { "pronamespace" } else { "routine_schema" };
                let ids: Vec<Id> =
                    within(schema)?.into_iter().flat_map(|schema| state.routines(schema, &name)).collect();
                if ids.is_empty() && (is_foreign(&name) || builtin(&name) != Builtin::Unknown) {
                    return None;
                }
                let row = |id: Id| {
                    let (schema, name) = (state.schema_of(id), name_text(state, id));
                    let own = [("proname", name.clone()), ("routine_name", name), ("oid", Value::Oid(id))];
                    let home = [("pronamespace", Value::Oid(schema)), ("routine_schema", schema_text(state, id))];
                    row_of(state, id, own.into_iter().chain(home))
                };
                ids.into_iter().map(row).collect()
            }
            "pg_type" => {
                let ids = match given.get("oid") {
                    Some(Value::Oid(id)) => vec![*id],
                    _ => {
                        let name = named("typname")?;
                        let found = within("typnamespace")?
                            .into_iter()
                            .filter_map(|schema| state.lookup(Class::Type, schema, &name));
                        let found: Vec<Id> = found.collect();
                        if found.is_empty() && (is_foreign(&name) || is_type(&name) || name.starts_with('_')) {
                            return None;
                        }
                        found
                    }
                };
                let row = |id: Id| {
                    let schema = ("typnamespace", Value::Oid(state.schema_of(id)));
                    let letter = match state.get(id).map(|object| (&object.kind, &object.detail)) {
                        Some((Kind::Domain, _)) => Some("d"),
                        Some((Kind::Type, Detail::Type(detail))) => (!detail.labels.is_empty()).then_some("e"),
                        Some((kind, _)) => (*kind != Kind::Type).then_some("c"),
                        None => None,
                    };
                    let own = [("oid", Value::Oid(id)), ("typname", name_text(state, id)), schema];
                    row_of(state, id, own.into_iter().chain(letter.map(|letter| ("typtype", text(letter)))))
                };
                ids.into_iter().map(row).collect()
            }
            "pg_enum" => {
                let Some(Value::Oid(id)) = given.get("enumtypid") else { return None };
                let Detail::Type(kind) = &state.get(*id)?.detail else { return None };
                let row = |label: &Ident| {
                    row_of(state, *id, [("enumtypid", Value::Oid(*id)), ("enumlabel", Value::Text(label.clone()))])
                };
                kind.labels.iter().map(row).collect()
            }
            "pg_extension" | "pg_roles" => {
                let (class, column) =
                    if table == "pg_roles" { (Class::Role, "rolname") } else { (Class::Extension, "extname") };
                // Others may be there.
                let id = state.lookup(class, 0, &named(column)?)?;
                vec![row_of(state, id, [(column, name_text(state, id))])]
            }
            _ => return None,
        })
    }
}

/// What is already known of the columns of an item.
fn given<'g>(index: usize, conditions: &'g [Condition<'_>], bound: &[Option<Row>]) -> Given<'g> {
    let mut found = Given::new();
    for condition in conditions {
        let (cell, other) = match condition {
            Condition::Equal(Side::Cell(of, column), other, true) if *of == index => (*column, other),
            Condition::Equal(other, Side::Cell(of, column), true) if *of == index => (*column, other),
            Condition::Among(Side::Cell(of, column), list, true) if *of == index && list.len() == 1 => {
                found.extend(list.first().map(|value| (*column, value.clone())));
                continue;
            }
            _ => continue,
        };
        let value = match other {
            Side::Constant(value) => Some(value.clone()),
            Side::Cell(of, column) => {
                bound.get(*of).and_then(Option::as_ref).and_then(|row| row.cells.get(column)).cloned()
            }
            Side::Null => None,
        };
        found.extend(value.map(|value| (cell, value)));
    }
    found
}

fn text(value: &str) -> Value {
    Value::Text(Ident::new(value))
}

fn name_text(state: &State, id: Id) -> Value {
    Value::Text(state.get(id).map(|object| object.name.clone()).unwrap_or_default())
}

fn schema_text(state: &State, id: Id) -> Value {
    Value::Text(state.schema_name(state.schema_of(id)))
}

fn row_of(state: &State, id: Id, cells: impl IntoIterator<Item = (&'static str, Value)>) -> Row {
    let is_certain = state.get(id).is_some_and(|object| object.presence == Presence::Yes && !object.varies);
    Row { cells: cells.into_iter().collect(), is_certain }
}

fn class_row(state: &State, id: Id) -> Option<Row> {
    let object = state.get(id)?;
    let partitioned = object.relation().is_some_and(|relation| relation.partitioned);
    let kind = match (&object.kind, partitioned) {
        (Kind::Table, true) => "p",
        (Kind::Table, false) => "r",
        (Kind::View, _) => "v",
        (Kind::MaterializedView, _) => "m",
        (Kind::Sequence, _) => "S",
        (Kind::Index, _) => "i",
        (Kind::ForeignTable, _) => "f",
        (Kind::CompositeType, _) => "c",
        _ => return None,
    };
    let cells = [("oid", Value::Oid(id)), ("relname", name_text(state, id)), ("relkind", text(kind))];
    Some(row_of(state, id, cells.into_iter().chain([("relnamespace", Value::Oid(state.schema_of(id)))])))
}

fn column_rows(state: &State, ids: &[Id]) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for id in ids {
        let relation = state.relation(*id).filter(|relation| relation.is_known)?;
        for column in &relation.columns {
            let names = [("attname", &column.name), ("column_name", &column.name)];
            let names = names.map(|(key, name)| (key, Value::Text(name.clone())));
            let of = [
                ("attrelid", Value::Oid(*id)),
                ("table_schema", schema_text(state, *id)),
                ("table_name", name_text(state, *id)),
            ];
            let flags = [
                ("attisdropped", Value::Boolean(false)),
                ("attnotnull", Value::Boolean(column.not_null)),
                ("atthasdef", Value::Boolean(column.default.is_some())),
                ("is_nullable", text(if column.not_null { "NO" } else { "YES" })),
                ("is_identity", text(if column.identity.is_some() { "YES" } else { "NO" })),
                ("attgenerated", text(if column.generated { "s" } else { "" })),
            ];
            let mut row = row_of(state, *id, names.into_iter().chain(of).chain(flags));
            let letter = match column.identity {
                Some(Identity::Always) => "a",
                Some(Identity::ByDefault) => "d",
                None => "",
            };
            row.cells.insert("attidentity", text(letter));
            row.is_certain &= column.presence == Presence::Yes;
            rows.push(row);
        }
    }
    Some(rows)
}

fn constraint_row(state: &State, id: Id) -> Option<Row> {
    use super::ConstraintRule as R;
    let object = state.get(id)?;
    let constraint = object.constraint()?;
    let (letter, words) = match constraint.rule {
        R::PrimaryKey => ("p", "PRIMARY KEY"),
        R::Unique => ("u", "UNIQUE"),
        R::ForeignKey { .. } => ("f", "FOREIGN KEY"),
        R::Check(_) => ("c", "CHECK"),
        R::Exclude => ("x", "EXCLUDE"),
        R::Trigger => ("t", "TRIGGER"),
        R::NotNull => return None,
    };
    let (parent, name) = (object.parent, name_text(state, id));
    let schema = schema_text(state, parent);
    let own = [
        ("conname", name.clone()),
        ("constraint_name", name),
        ("contype", text(letter)),
        ("constraint_type", text(words)),
    ];
    let of = [("conrelid", Value::Oid(parent)), ("table_name", name_text(state, parent)), ("oid", Value::Oid(id))];
    let schemas = [("constraint_schema", schema.clone()), ("table_schema", schema)];
    let rest =
        [("connamespace", Value::Oid(state.schema_of(parent))), ("convalidated", Value::Boolean(constraint.validated))];
    let deferral = [
        ("condeferrable", Value::Boolean(constraint.deferral.is_deferrable())),
        ("condeferred", Value::Boolean(constraint.deferral == Deferral::Deferred)),
    ];
    Some(row_of(state, id, own.into_iter().chain(of).chain(schemas).chain(rest).chain(deferral)))
}

fn columns_of(table: &str) -> &'static [&'static str] {
    TABLES.iter().find(|(name, _)| *name == table).map(|(_, columns)| *columns).unwrap_or_default()
}

/// The catalogs of FROM, and the conditions by which they are joined; no for anything else.
fn collect<'e>(from: &'e From, items: &mut Vec<Item<'e>>, joined: &mut Vec<&'e Expr>) -> bool {
    match from {
        From::Relation { name, alias, columns, .. } => {
            let is_schema = matches!(name.schema.as_deref(), Some("information_schema"));
            let is_own = |table: &str| match name.schema.as_deref() {
                None | Some("pg_catalog") => table.starts_with("pg_"),
                Some("information_schema") => !table.starts_with("pg_"),
                Some(_) => false,
            };
            let called = if name.name == "pg_authid" { "pg_roles" } else { name.name.as_str() };
            let known = TABLES.iter().map(|(table, _)| *table).find(|table| *table == called && is_own(table));
            let Some(table) = known.filter(|_| columns.is_empty() && (is_schema || called.starts_with("pg_"))) else {
                return false;
            };
            items.push(Item { table, alias: alias.as_ref().unwrap_or(&name.name) });
            true
        }
        From::Join { kind: JoinKind::Inner, left, right, on, using, natural: false } if using.is_empty() => {
            joined.extend(on);
            collect(left, items, joined) && collect(right, items, joined)
        }
        _ => false,
    }
}

/// What holds for everything that is listed.
fn is_idle(part: &Expr) -> bool {
    let is = |expr: &Expr, name: &str| matches!(&expr.kind, ExprKind::Column(path) if path.last().is_some_and(|last| last == name));
    match &part.kind {
        ExprKind::Operator { operator, left: Some(left), right } => {
            let is_zero = matches!(&right.kind, ExprKind::Number(number) if number == "0");
            let is_current = |expr: &Expr| matches!(&expr.kind, ExprKind::Call { function, .. } if function.name == "current_database");
            let is_catalog = ["table_catalog", "constraint_catalog", "catalog_name"].iter().any(|name| is(left, name));
            operator == ">" && is(left, "attnum") && is_zero || operator == "=" && is_catalog && is_current(right)
        }
        ExprKind::Not(inner) => is(inner, "tgisinternal"),
        _ => false,
    }
}

fn is_text(to: &Type) -> bool {
    let Name { name, .. } = &to.name;
    matches!(name.as_str(), "text" | "varchar" | "name" | "sql_identifier") && !to.array
}

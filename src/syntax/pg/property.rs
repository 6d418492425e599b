//! What a definition says besides what has a field of its own.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, DefElem, Node, SortByDir, SortByNulls};

use super::{Lower, items, string, strings, written};
use crate::effect::{Expr, ExprKind, Ident, Properties};

/// A property and its value; none is what PostgreSQL takes where nothing is said.
type Property = (Ident, Option<Ident>);

/// The options among the nodes.
pub(super) fn options(nodes: &[Node]) -> impl Iterator<Item = &DefElem> {
    nodes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::DefElem(option)) => Some(&**option),
        _ => None,
    })
}

/// Storage parameters; without a value they are true.
pub(super) fn storage(nodes: &[Node]) -> impl Iterator<Item = Property> {
    options(nodes).map(|option| {
        let value = option.arg.as_deref().map_or_else(|| Ident::new_static("true"), value);
        (option_name(option), Some(value))
    })
}

/// Storage parameters that are reset.
pub(super) fn reset(nodes: &[Node]) -> impl Iterator<Item = Property> {
    options(nodes).map(|option| (option_name(option), None))
}

fn option_name(option: &DefElem) -> Ident {
    match option.defnamespace.as_str() {
        "" => Ident::from(option.defname.as_str()),
        space => Ident::from(format!("{space}.{}", option.defname)),
    }
}

/// An argument of an option as a text.
fn value(node: &Node) -> Ident {
    match &node.node {
        Some(NodeEnum::Integer(number)) => Ident::from(number.ival.to_string()),
        Some(NodeEnum::Float(number)) => Ident::from(number.fval.as_str()),
        Some(NodeEnum::Boolean(truth)) => Ident::from(truth.boolval.to_string()),
        Some(NodeEnum::String(text)) => Ident::from(text.sval.as_str()),
        Some(NodeEnum::TypeName(kind)) => last(&kind.names),
        Some(NodeEnum::List(list)) => last(&list.items),
        _ => Ident::default(),
    }
}

/// A name without its schema.
fn last(names: &[Node]) -> Ident {
    strings(names).pop().unwrap_or_default()
}

/// One property, where it is written.
pub(super) fn one(name: &'static str, value: &str) -> Option<Property> {
    Some((Ident::new_static(name), Some(written(value)?)))
}

/// `COLLATE`; a type that is given without it has its own.
pub(super) fn collation(clause: Option<&protobuf::CollateClause>) -> Property {
    (Ident::new_static("collation"), clause.map(|clause| last(&clause.collname)))
}

/// The relation itself: where and how it is kept.
pub(super) fn relation(relation: Option<&protobuf::RangeVar>, space: &str, method: &str) -> Vec<Property> {
    let unlogged = relation.filter(|relation| relation.relpersistence == "u").and_then(|_| one("unlogged", "true"));
    unlogged.into_iter().chain(one("tablespace", space)).chain(one("access method", method)).collect()
}

/// How an index keeps its keys, by their number.
pub(super) fn keys(elements: &[Node]) -> Vec<Property> {
    let elements = elements.iter().enumerate().filter_map(|(index, node)| match &node.node {
        Some(NodeEnum::IndexElem(element)) => Some((index, element)),
        _ => None,
    });
    let keys = elements.map(|(index, element)| {
        let mut words: Vec<String> = Vec::new();
        if !element.collation.is_empty() {
            words.push(format!("collate {}", last(&element.collation)));
        }
        if !element.opclass.is_empty() {
            words.push(last(&element.opclass).to_string());
        }
        for (name, value) in storage(&element.opclassopts) {
            words.push(format!("({name} = {})", value.unwrap_or_default()));
        }
        words.extend(direction(element.ordering(), element.nulls_ordering(), ""));
        (Ident::from(format!("key {}", index + 1)), Some(Ident::from(words.join(" "))))
    });
    keys.filter(|(_, words)| words.as_ref().is_some_and(|words| !words.is_empty())).collect()
}

/// `desc nulls last`; nothing for what PostgreSQL does by itself.
fn direction(by: SortByDir, nulls: SortByNulls, operator: &str) -> Option<String> {
    let is_descending = by == SortByDir::SortbyDesc;
    let nulls = match nulls {
        SortByNulls::SortbyNullsFirst if !is_descending => "nulls first",
        SortByNulls::SortbyNullsLast if is_descending => "nulls last",
        _ => "",
    };
    let by = match by {
        SortByDir::SortbyDesc => "desc".to_owned(),
        SortByDir::SortbyUsing => format!("using {operator}"),
        _ => String::new(),
    };
    let words: Vec<&str> = [by.as_str(), nulls].into_iter().filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The options of a function that have no field of their own, or all that `ALTER` sets.
pub(super) fn function(nodes: &[Node], is_altered: bool) -> Properties {
    let fields: &[&str] =
        if is_altered { &["set"] } else { &["as", "language", "set", "security", "strict", "transform"] };
    let options = options(nodes).filter(|option| !fields.contains(&option.defname.as_str()));
    options.map(|option| (Ident::from(option.defname.as_str()), option.arg.as_deref().map(value))).collect()
}

/// The options of a sequence but for its owner.
pub(super) fn sequence(nodes: &[Node]) -> impl Iterator<Item = Property> {
    let other = |option: &&DefElem| !matches!(option.defname.as_str(), "owned_by" | "sequence_name" | "logged");
    options(nodes).filter(other).map(|option| {
        let value = option.arg.as_deref().map(|node| match &node.node {
            Some(NodeEnum::TypeName(kind)) => match last(&kind.names).as_str() {
                "int8" => Ident::new_static("bigint"),
                "int4" => Ident::new_static("integer"),
                "int2" => Ident::new_static("smallint"),
                other => Ident::new(other),
            },
            _ => value(node),
        });
        // Where nothing else is said it starts where it did.
        let value = value.or((option.defname == "restart").then_some(Ident::new_static("start")));
        (Ident::from(option.defname.as_str()), value)
    })
}

/// Who may, in the order of their names.
pub(super) fn roles(nodes: &[Node]) -> Option<Property> {
    let mut roles: Vec<Ident> = nodes.iter().filter_map(super::definition::role_of).collect();
    roles.sort();
    one("roles", &roles.join(", "))
}

impl Lower<'_> {
    /// An expression that something is sorted by; it says so where PostgreSQL would not sort so by itself.
    pub(super) fn sorted(&self, sort: &protobuf::SortBy) -> Expr {
        let value = self.expr(sort.node.as_deref());
        let operator = sort.use_op.iter().filter_map(string).next_back().unwrap_or_default();
        match direction(sort.sortby_dir(), sort.sortby_nulls(), operator) {
            Some(direction) => {
                Expr { at: value.at, kind: ExprKind::Other { what: Ident::from(direction), parts: Box::new([value]) } }
            }
            None => value,
        }
    }

    /// An expression under a name.
    pub(super) fn under(&self, name: &str, node: Option<&Node>) -> Option<Expr> {
        let value = self.optional(node)?;
        Some(Expr { at: value.at, kind: ExprKind::Other { what: Ident::new(name), parts: Box::new([value]) } })
    }

    /// What `ALTER FUNCTION` sets and resets.
    pub(super) fn configured(&self, nodes: &[Node]) -> Vec<Expr> {
        let settings = options(nodes).filter(|option| option.defname == "set").filter_map(|option| {
            match option.arg.as_deref().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::VariableSetStmt(set)) => Some(set),
                _ => None,
            }
        });
        let setting = |set: &protobuf::VariableSetStmt| {
            let name = if set.name.is_empty() { "all".to_owned() } else { set.name.to_ascii_lowercase() };
            let parts = self.exprs(&set.args).into();
            Expr { at: self.here(), kind: ExprKind::Other { what: Ident::from(name), parts } }
        };
        settings.map(setting).collect()
    }
}

/// What `ALTER TABLE` sets or resets, of a column or of the relation.
pub(super) fn altered(what: &str, command: &protobuf::AlterTableCmd) -> Vec<Property> {
    let definition = command.def.as_deref();
    let list = || definition.map(items).unwrap_or_default();
    let text = |name: &'static str| vec![(Ident::new_static(name), definition.map(value))];
    match what {
        "set statistics" if command.num > 0 => {
            vec![(Ident::from(format!("statistics of column {}", command.num)), definition.map(value))]
        }
        "set statistics" => text("statistics"),
        "set storage" => text("storage"),
        "set compression" => text("compression"),
        "set options" | "set rel options" => storage(list()).collect(),
        "reset options" | "reset rel options" => reset(list()).collect(),
        "set table space" => one("tablespace", &command.name).into_iter().collect(),
        "set access method" => one("access method", &command.name).into_iter().collect(),
        "set logged" => vec![(Ident::new_static("unlogged"), None)],
        "set un logged" => vec![(Ident::new_static("unlogged"), Some(Ident::new_static("true")))],
        "replica identity" => match definition.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::ReplicaIdentityStmt(identity)) => {
                let how = match identity.identity_type.as_str() {
                    "n" => "nothing".to_owned(),
                    "f" => "full".to_owned(),
                    "i" => format!("using index {}", identity.name),
                    _ => "default".to_owned(),
                };
                one("replica identity", &how).into_iter().collect()
            }
            _ => Vec::new(),
        },
        "cluster on" => one("clustered on", &command.name).into_iter().collect(),
        "drop cluster" => vec![(Ident::new_static("clustered on"), None)],
        _ if what.starts_with("set identity") => sequence(list()).filter(|(name, _)| name != "generated").collect(),
        _ => Vec::new(),
    }
}

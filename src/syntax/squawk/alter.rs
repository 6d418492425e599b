//! `ALTER`.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::object::other;
use super::tree::Node;
use crate::effect::{Act, AlterAction, Column, Ident, Name, Object, ObjectKind, Properties, TriggerState, Type};

impl Lower<'_> {
    pub(super) fn alter(&self, node: Node) -> Option<Act> {
        let kind = altered(node.kind())?;
        let relation = kind.is_relation();
        let if_exists = node.has(K::IF_EXISTS);
        let last = node.nodes().last()?;
        if let Some(unread) = unread_statement(node.kind(), last.kind()) {
            return Some(Act::Opaque { why: crate::syntax::unread_statement(unread) });
        }
        if let Some(act) = self.renamed(&kind, node, last, if_exists) {
            return Some(act);
        }
        match last.kind() {
            K::SET_SCHEMA => {
                let to = self.ident(last.child(K::SCHEMA_REF));
                return Some(Act::SetSchema { object: Box::new(self.altered_object(kind, node)), to, if_exists });
            }
            K::OWNER_TO if !relation => return Some(self.owner(kind, node, last.child(K::ROLE_REF))),
            _ => {}
        }
        Some(match node.kind() {
            K::ALTER_LARGE_OBJECT => self.owner(kind, node, node.child(K::ROLE_REF)),
            K::ALTER_DEFAULT_PRIVILEGES => self.default_privileges(node, last),
            K::ALTER_SEQUENCE
                if last.kind() != K::OWNER_TO && last.kind() != K::SET_LOGGED && last.kind() != K::SET_UNLOGGED =>
            {
                let owner = node.child(K::OPTION_OWNED_BY).and_then(|owned| owned.nodes().next());
                let path = owner.map(|owner| {
                    self.path(owner).iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(".")
                });
                Act::Alter {
                    object: Box::new(self.object(kind, node)),
                    what: Ident::new_static(if path.is_some() { "owned by" } else { "options" }),
                    if_exists,
                    value: path.map(Ident::from),
                    properties: self.sequence_options(node.nodes()).into_iter().collect(),
                    parts: Vec::new(),
                }
            }
            K::ALTER_TYPE => match last.kind() {
                K::ADD_VALUE | K::RENAME_VALUE => self.enum_value(kind, node, last),
                K::ALTER_TYPE_ATTRIBUTE_ACTION_LIST => {
                    let actions = last.nodes().map(|action| self.attribute_action(action)).collect();
                    let name = self.altered_object(ObjectKind::Type, node).name;
                    Act::AlterTable { kind, name, only: false, if_exists, actions }
                }
                _ => self.options(kind, node, false),
            },
            _ if relation => {
                let name = self.altered_object(kind.clone(), node).name;
                let mut actions = node.nodes().filter(|action| {
                    !matches!(
                        action.kind(),
                        K::IF_EXISTS
                            | K::TABLE_RELATION_NAME
                            | K::VIEW_REF
                            | K::INDEX_REF
                            | K::SEQUENCE_REF
                            | K::RELATION_NAME
                    )
                });
                let actions: Vec<AlterAction> = actions.by_ref().map(|action| self.alter_action(action)).collect();
                if actions.is_empty() {
                    self.refuse("what is altered is missing".to_owned(), node);
                }
                let table = [K::TABLE_RELATION_NAME, K::RELATION_NAME].into_iter().find_map(|kind| node.child(kind));
                let only = table.is_some_and(|table| table.has(K::ONLY_KW));
                Act::AlterTable { kind, name, only, if_exists, actions }
            }
            K::ALTER_ROLE | K::ALTER_USER if node.has(K::ALL_KW) => {
                let name = Name::plain(Ident::new_static("all"), self.at(node));
                plain_alter(Object { kind, name, part: None, arguments: None }, false)
            }
            _ => self.options(kind, node, false),
        })
    }

    fn altered_object(&self, kind: ObjectKind, node: Node) -> Object {
        match node.kind() {
            // A large object has a number, not a name.
            K::ALTER_LARGE_OBJECT => Object { kind, name: Name::plain("", self.at(node)), part: None, arguments: None },
            _ => self.object(kind, node),
        }
    }

    fn options(&self, kind: ObjectKind, node: Node, if_exists: bool) -> Act {
        let mut altered = plain_alter(self.altered_object(kind, node), if_exists);
        if let Act::Alter { properties, parts, .. } = &mut altered {
            if let Some(list) = node.child(K::FUNC_OPTION_LIST) {
                (*properties, *parts) = (self.function_options(list.nodes(), true), self.configured(list.nodes()));
            }
            if let Some(policy) = node.child(K::ALTER_POLICY_TO) {
                (*properties, *parts) = (self.policy(policy), self.conditions(policy));
            }
        }
        altered
    }

    fn owner(&self, kind: ObjectKind, node: Node, role: Option<Node>) -> Act {
        Act::Alter {
            object: Box::new(self.altered_object(kind, node)),
            what: Ident::new_static("owner"),
            if_exists: false,
            value: role.map(|role| self.role(role)),
            properties: Properties::default(),
            parts: Vec::new(),
        }
    }

    fn enum_value(&self, kind: ObjectKind, node: Node, action: Node) -> Act {
        let adds = action.kind() == K::ADD_VALUE;
        let value = if adds { action.child(K::LITERAL) } else { action.all(K::LITERAL).last() };
        let before = action.child(K::LITERAL).filter(|_| !adds).map(|label| self.text_of(label));
        Act::Alter {
            object: Box::new(Object { part: before, ..self.object(kind, node) }),
            what: Ident::new_static(if adds { "add value" } else { "rename value" }),
            if_exists: action.has(K::IF_NOT_EXISTS),
            value: value.map(|value| self.text_of(value)).filter(|value| !value.is_empty()),
            properties: Properties::default(),
            parts: Vec::new(),
        }
    }

    fn renamed(&self, kind: &ObjectKind, node: Node, action: Node, if_exists: bool) -> Option<Act> {
        let to = action.nodes().filter(|child| !matches!(child.kind(), K::CASCADE | K::RESTRICT)).last();
        let (object, part) = match action.kind() {
            K::RENAME_COLUMN | K::RENAME_ATTRIBUTE => {
                (self.object(ObjectKind::Column, node), action.nodes().next().map(|part| self.ident(Some(part))))
            }
            K::RENAME_CONSTRAINT => {
                (self.object(ObjectKind::Constraint, node), action.nodes().next().map(|part| self.ident(Some(part))))
            }
            _ if is_rename(action.kind()) => (self.object(kind.clone(), node), None),
            _ => return None,
        };
        Some(Act::Rename { object: Box::new(object), part, to: self.ident(to), if_exists })
    }

    fn attribute_action(&self, node: Node) -> AlterAction {
        let name = || self.ident(node.child_of(&[K::COMPOSITE_FIELD, K::COMPOSITE_FIELD_REF]));
        let kind = node.kind_of_value().map(|kind| self.type_of(kind));
        match node.kind() {
            K::ADD_ATTRIBUTE => AlterAction::AddColumn {
                if_not_exists: false,
                column: Box::new(Column {
                    name: name(),
                    kind,
                    not_null: false,
                    default: None,
                    generated: None,
                    identity: None,
                    constraints: Vec::new(),
                    properties: if node.has(K::COLLATE) {
                        [self.collation(node)].into_iter().collect()
                    } else {
                        Properties::default()
                    },
                    at: self.at(node),
                }),
            },
            K::DROP_ATTRIBUTE => AlterAction::DropColumn {
                if_exists: node.has(K::IF_EXISTS),
                name: name(),
                cascade: node.has(K::CASCADE),
            },
            _ => {
                let to = kind.unwrap_or_else(|| self.no_type(node));
                let properties = [self.collation(node)].into_iter().collect();
                AlterAction::ColumnType { column: name(), to, using: None, properties }
            }
        }
    }

    fn no_type(&self, node: Node) -> Type {
        Type { name: Name::plain("", self.at(node)), modifiers: Vec::new(), array: false, set: false }
    }

    fn alter_action(&self, node: Node) -> AlterAction {
        let first = || self.ident(node.nodes().next());
        let named = || self.name_of(node.nodes().next(), node);
        let trigger = |state| {
            let name = node.child(K::TRIGGER_REF).map(|name| self.ident(Some(name)));
            AlterAction::Trigger { name, state }
        };
        let row_security = |words| AlterAction::RowSecurity(Ident::new_static(words));
        let other = |what: Ident, part| AlterAction::Other { what, part, properties: self.relation_altered(node) };
        let word = |what: &'static str| other(Ident::new_static(what), None);
        let part = |what: &'static str| other(Ident::new_static(what), Some(first()));
        match node.kind() {
            K::ADD_COLUMN => AlterAction::AddColumn {
                if_not_exists: node.has(K::IF_NOT_EXISTS),
                column: Box::new(self.column_def(node)),
            },
            K::DROP_COLUMN => AlterAction::DropColumn {
                if_exists: node.has(K::IF_EXISTS),
                name: self.ident(node.child(K::COLUMN_NAME_REF)),
                cascade: node.has(K::CASCADE),
            },
            K::ALTER_COLUMN | K::ALTER_VIEW_COLUMN | K::ALTER_SET_STATISTICS => self.alter_column(node),
            K::ADD_CONSTRAINT => match node.nodes().next().and_then(|constraint| self.constraint(constraint, None)) {
                Some(constraint) => AlterAction::AddConstraint(constraint),
                None => word("add constraint"),
            },
            K::DROP_CONSTRAINT => AlterAction::DropConstraint {
                if_exists: node.has(K::IF_EXISTS),
                name: self.ident(node.child(K::CONSTRAINT_NAME_REF)),
                cascade: node.has(K::CASCADE),
            },
            K::VALIDATE_CONSTRAINT => AlterAction::ValidateConstraint(first()),
            K::ALTER_CONSTRAINT => {
                AlterAction::AlterConstraint { name: first(), deferral: super::definition::deferral(node) }
            }
            K::ENABLE_TRIGGER => trigger(TriggerState::Enabled),
            K::DISABLE_TRIGGER => trigger(TriggerState::Disabled),
            K::ENABLE_REPLICA_TRIGGER => trigger(TriggerState::Replica),
            K::ENABLE_ALWAYS_TRIGGER => trigger(TriggerState::Always),
            K::OWNER_TO => AlterAction::Owner(node.child(K::ROLE_REF).map(|role| self.role(role)).unwrap_or_default()),
            K::ENABLE_RLS => row_security("enable row level security"),
            K::DISABLE_RLS => row_security("disable row level security"),
            K::FORCE_RLS => row_security("force row level security"),
            K::NO_FORCE_RLS => row_security("no force row level security"),
            K::ATTACH_PARTITION | K::ATTACH_INDEX_PARTITION => AlterAction::Attach(named()),
            K::DETACH_PARTITION if node.has(K::DETACH_FINALIZE) => word("detach partition finalize"),
            K::DETACH_PARTITION => {
                AlterAction::Detach { name: named(), concurrently: node.has(K::DETACH_CONCURRENTLY) }
            }
            K::INHERIT_TABLE => AlterAction::Inherit { parent: named(), add: true },
            K::NO_INHERIT_TABLE => AlterAction::Inherit { parent: named(), add: false },
            K::SET_TABLESPACE => part("set table space"),
            K::SET_OPTIONS => word("set rel options"),
            K::RESET_OPTIONS => word("reset rel options"),
            K::CLUSTER_ON => part("cluster on"),
            K::SET_WITHOUT_CLUSTER => word("drop cluster"),
            K::SET_WITHOUT_OIDS => word("drop oids"),
            K::SET_LOGGED => word("set logged"),
            K::SET_UNLOGGED => word("set un logged"),
            K::SET_ACCESS_METHOD if node.nodes().next().is_some() => part("set access method"),
            K::SET_ACCESS_METHOD => word("set access method"),
            K::ENABLE_RULE => part("enable rule"),
            K::ENABLE_ALWAYS_RULE => part("enable always rule"),
            K::ENABLE_REPLICA_RULE => part("enable replica rule"),
            K::DISABLE_RULE => part("disable rule"),
            K::OF_TYPE => word("add of"),
            K::NOT_OF => word("drop of"),
            K::ALTER_OPTION_LIST => word("generic options"),
            kind => {
                let name = format!("{kind:?}").to_ascii_lowercase().replace('_', " ");
                // squawk's name for it is PostgreSQL's.
                other(Ident::from(name), None)
            }
        }
    }

    fn alter_column(&self, node: Node) -> AlterAction {
        let named = node.child(K::COLUMN_NAME_REF).or(node.child(K::NAME_REF));
        let column = self.ident(named);
        let Some(option) = node.nodes().last() else {
            let (what, properties) = (Ident::new_static("unread"), Properties::default());
            return AlterAction::Other { what, part: Some(column), properties };
        };
        let what = match option.kind() {
            K::SET_TYPE => {
                return AlterAction::ColumnType {
                    column,
                    to: option.kind_of_value().map_or_else(|| self.no_type(option), |to| self.type_of(to)),
                    using: option.child(K::USING_EXPR).map(|using| self.demanded(using.expr(), using)),
                    properties: [self.collation(option)].into_iter().collect(),
                };
            }
            K::SET_DEFAULT => {
                return AlterAction::ColumnDefault { column, value: Some(self.demanded(option.expr(), option)) };
            }
            K::DROP_DEFAULT => return AlterAction::ColumnDefault { column, value: None },
            K::SET_NOT_NULL => return AlterAction::ColumnNotNull { column, set: true },
            K::DROP_NOT_NULL => return AlterAction::ColumnNotNull { column, set: false },
            K::SET_STATISTICS => "set statistics",
            K::SET_OPTIONS => "set options",
            K::RESET_OPTIONS => "reset options",
            K::SET_STORAGE => "set storage",
            K::SET_COMPRESSION => "set compression",
            K::ADD_GENERATED if option.has(K::GENERATED_ALWAYS) => "add identity always",
            K::ADD_GENERATED => "add identity by default",
            K::SET_GENERATED_OPTIONS | K::SET_GENERATED | K::SET_SEQUENCE_OPTION | K::RESTART => {
                let mut generated = node.nodes().chain(node.nodes().flat_map(Node::nodes));
                match generated
                    .find_map(|option| option.child(K::GENERATED_ALWAYS).or(option.child(K::GENERATED_BY_DEFAULT)))
                {
                    Some(when) if when.kind() == K::GENERATED_ALWAYS => "set identity always",
                    Some(_) => "set identity by default",
                    None => "set identity",
                }
            }
            K::DROP_IDENTITY => "drop identity",
            K::SET_EXPRESSION => "set expression",
            K::DROP_EXPRESSION => "drop expression",
            K::SET_OPTIONS_LIST | K::ALTER_OPTION_LIST => "alter column generic options",
            _ => "unread",
        };
        // A column of an index may have a number only.
        let properties = self.column_altered(node, option);
        AlterAction::Other { what: Ident::new_static(what), part: named.map(|_| column), properties }
    }
}

fn plain_alter(object: Object, if_exists: bool) -> Act {
    Act::Alter {
        object: Box::new(object),
        what: Ident::new_static("options"),
        if_exists,
        value: None,
        properties: Properties::default(),
        parts: Vec::new(),
    }
}

fn altered(node: K) -> Option<ObjectKind> {
    Some(match node {
        K::ALTER_TABLE => ObjectKind::Table,
        K::ALTER_VIEW => ObjectKind::View,
        K::ALTER_MATERIALIZED_VIEW => ObjectKind::MaterializedView,
        K::ALTER_FOREIGN_TABLE => ObjectKind::ForeignTable,
        K::ALTER_INDEX => ObjectKind::Index,
        K::ALTER_SEQUENCE => ObjectKind::Sequence,
        K::ALTER_FUNCTION => ObjectKind::Function,
        K::ALTER_PROCEDURE => ObjectKind::Procedure,
        K::ALTER_ROUTINE => ObjectKind::Routine,
        K::ALTER_AGGREGATE => ObjectKind::Aggregate,
        K::ALTER_TYPE => ObjectKind::Type,
        K::ALTER_DOMAIN => ObjectKind::Domain,
        K::ALTER_SCHEMA => ObjectKind::Schema,
        K::ALTER_EXTENSION => ObjectKind::Extension,
        K::ALTER_TRIGGER => ObjectKind::Trigger,
        K::ALTER_EVENT_TRIGGER => ObjectKind::EventTrigger,
        K::ALTER_POLICY => ObjectKind::Policy,
        K::ALTER_RULE => ObjectKind::Rule,
        K::ALTER_ROLE | K::ALTER_USER | K::ALTER_GROUP => ObjectKind::Role,
        K::ALTER_DATABASE => ObjectKind::Database,
        K::ALTER_LANGUAGE => ObjectKind::Language,
        K::ALTER_COLLATION => other("collation"),
        K::ALTER_CONVERSION => other("conversion"),
        K::ALTER_FOREIGN_DATA_WRAPPER => other("foreign data wrapper"),
        K::ALTER_SERVER => other("server"),
        K::ALTER_LARGE_OBJECT => other("largeobject"),
        K::ALTER_OPERATOR => other("operator"),
        K::ALTER_OPERATOR_CLASS => other("opclass"),
        K::ALTER_OPERATOR_FAMILY => other("opfamily"),
        K::ALTER_PUBLICATION => other("publication"),
        K::ALTER_SUBSCRIPTION => other("subscription"),
        K::ALTER_STATISTICS => other("statistics"),
        K::ALTER_TABLESPACE => other("tablespace"),
        K::ALTER_TEXT_SEARCH_CONFIGURATION => other("tsconfiguration"),
        K::ALTER_TEXT_SEARCH_DICTIONARY => other("tsdictionary"),
        K::ALTER_TEXT_SEARCH_PARSER => other("tsparser"),
        K::ALTER_TEXT_SEARCH_TEMPLATE => other("tstemplate"),
        K::ALTER_USER_MAPPING | K::ALTER_DEFAULT_PRIVILEGES => other("none"),
        _ => return None,
    })
}

/// What PostgreSQL calls a statement that neither reader reads.
const fn unread_statement(node: K, action: K) -> Option<&'static str> {
    Some(match (node, action) {
        (_, K::DEPENDS_ON_EXTENSION | K::NO_DEPENDS_ON_EXTENSION) => "AlterObjectDependsStmt",
        (_, K::ALL_IN_TABLESPACE) => "AlterTableMoveAllStmt",
        (K::ALTER_OPERATOR_FAMILY, K::ADD_OP_CLASS_OPTIONS | K::DROP_OP_CLASS_OPTIONS) => "AlterOpFamilyStmt",
        (K::ALTER_OPERATOR, K::SET_OPTIONS) => "AlterOperatorStmt",
        (K::ALTER_FOREIGN_DATA_WRAPPER, K::FDW_OPTION_LIST) => "AlterFdwStmt",
        (K::ALTER_SERVER, K::ALTER_OPTION_LIST | K::SERVER_VERSION) => "AlterForeignServerStmt",
        (K::ALTER_USER_MAPPING, _) => "AlterUserMappingStmt",
        (K::ALTER_EXTENSION, K::ALTER_EXTENSION_ADD | K::ALTER_EXTENSION_DROP) => "AlterExtensionContentsStmt",
        (K::ALTER_DATABASE, K::REFRESH_COLLATION_VERSION) => "AlterDatabaseRefreshCollStmt",
        (K::ALTER_COLLATION, K::REFRESH_VERSION) => "AlterCollationStmt",
        (K::ALTER_TEXT_SEARCH_DICTIONARY, K::ATTRIBUTE_LIST) => "AlterTsdictionaryStmt",
        (K::ALTER_TEXT_SEARCH_CONFIGURATION, K::ADD_MAPPING | K::ALTER_MAPPING | K::DROP_MAPPING) => {
            "AlterTsconfigurationStmt"
        }
        (K::ALTER_TABLESPACE, K::SET_OPTIONS | K::RESET_OPTIONS) => "AlterTableSpaceOptionsStmt",
        _ => return None,
    })
}

const fn is_rename(node: K) -> bool {
    matches!(
        node,
        K::AGGREGATE_RENAME_TO
            | K::COLLATION_RENAME_TO
            | K::CONVERSION_RENAME_TO
            | K::DATABASE_RENAME_TO
            | K::DOMAIN_RENAME_TO
            | K::EVENT_TRIGGER_RENAME_TO
            | K::FOREIGN_DATA_WRAPPER_RENAME_TO
            | K::FUNCTION_RENAME_TO
            | K::INDEX_RENAME_TO
            | K::LANGUAGE_RENAME_TO
            | K::OP_CLASS_RENAME_TO
            | K::OP_FAMILY_RENAME_TO
            | K::POLICY_RENAME_TO
            | K::PROCEDURE_RENAME_TO
            | K::PUBLICATION_RENAME_TO
            | K::ROLE_RENAME_TO
            | K::ROUTINE_RENAME_TO
            | K::RULE_RENAME_TO
            | K::SCHEMA_RENAME_TO
            | K::SEQUENCE_RENAME_TO
            | K::SERVER_RENAME_TO
            | K::STATISTICS_RENAME_TO
            | K::SUBSCRIPTION_RENAME_TO
            | K::TABLE_RENAME_TO
            | K::TABLESPACE_RENAME_TO
            | K::TEXT_SEARCH_CONFIGURATION_RENAME_TO
            | K::TEXT_SEARCH_DICTIONARY_RENAME_TO
            | K::TEXT_SEARCH_PARSER_RENAME_TO
            | K::TEXT_SEARCH_TEMPLATE_RENAME_TO
            | K::TRIGGER_RENAME_TO
            | K::TYPE_RENAME_TO
            | K::VIEW_RENAME_TO
    )
}

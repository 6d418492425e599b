//! The objects that statements name, and the statements that treat all kinds of them alike.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::operator::operator_name;
use super::tree::Node;
use crate::effect::{Act, Ident, Name, Object, ObjectKind, Type};

impl Lower<'_> {
    /// The role that `ROLE_REF` or `ROLE` names.
    pub(super) fn role(&self, node: Node) -> Ident {
        node.tokens().last().map(|token| self.word(token)).unwrap_or_default()
    }

    pub(super) fn roles(&self, list: Option<Node>) -> Vec<Ident> {
        list.into_iter().flat_map(|list| list.all(K::ROLE_REF)).map(|role| self.role(role)).collect()
    }

    /// The object that a statement, or a part of it, names: the first that is named.
    pub(super) fn object(&self, kind: ObjectKind, node: Node) -> Object {
        let plain = |name| Object { kind: kind.clone(), name, part: None, arguments: None };
        let nothing = || plain(Name::plain("", self.at(node)));
        // `TRIGGER x ON t`: the table comes after its part.
        if let Some(on) = node.child_of(&[K::ON_TABLE, K::ON_RELATION]) {
            let table = self.name_of(on.nodes().next(), on);
            return Object { part: Self::subject(node).map(|part| self.ident(Some(part))), ..plain(table) };
        }
        let Some(subject) = Self::subject(node) else { return nothing() };
        match subject.kind() {
            K::FUNCTION_SIG | K::PROCEDURE_SIG | K::ROUTINE_SIG | K::AGGREGATE => self.function_object(kind, subject),
            K::OP_SIG => self.operator_object(kind, subject),
            K::OP => plain(self.qualified_operator(subject)),
            K::TABLE_RELATION_NAME | K::RELATION_NAME => plain(self.relation(subject)),
            K::LITERAL => plain(Name::plain(self.text_of(subject), self.at(subject))),
            K::ROLE_REF => plain(Name::plain(self.role(subject), self.at(subject))),
            _ => plain(self.name(subject)),
        }
    }

    /// The node that holds the name of what a statement is about.
    fn subject(node: Node) -> Option<Node> {
        node.nodes().find(|child| {
            !matches!(child.kind(), K::OR_REPLACE | K::IF_NOT_EXISTS | K::IF_EXISTS | K::TEMP | K::UNLOGGED)
        })
    }

    /// The name of an operator, in a schema or not.
    fn qualified_operator(&self, op: Node) -> Name {
        let schema = op.child(K::PATH_REF).and_then(|path| self.path(path).pop());
        let name = op.children().filter(|child| child.kind() != K::PATH_REF).last();
        let name = name.map(|name| operator_name(name)).unwrap_or_default();
        Name { schema, name, at: self.at(op) }
    }

    /// A cast: it is called by what it makes.
    pub(super) fn cast_object(&self, node: Node) -> Object {
        let types: Vec<Type> = node.nodes().filter(|child| child.is_type()).map(|kind| self.type_of(kind)).collect();
        let name = types.last().map_or_else(|| Name::plain("", self.at(node)), |target| target.name.clone());
        Object { kind: other("cast"), name, part: None, arguments: Some(types) }
    }

    fn operator_object(&self, kind: ObjectKind, node: Node) -> Object {
        let name = node.child(K::OP).map(|op| self.qualified_operator(op));
        // NONE stands for a side that is missing.
        let missing = |side: &Node| side.tokens().all(|token| token.kind() == K::NONE_KW);
        let arguments = node.nodes().filter(|side| side.is_type() && !missing(side)).map(|side| self.type_of(side));
        let name = name.unwrap_or_else(|| Name::plain("", self.at(node)));
        Object { kind, name, part: None, arguments: Some(arguments.collect()) }
    }

    fn function_object(&self, kind: ObjectKind, node: Node) -> Object {
        let name = node.child_of(&[K::FUNCTION_NAME_REF, K::PROCEDURE_NAME_REF, K::ROUTINE_NAME_REF, K::PATH_REF]);
        let name = self.name_of(name, node);
        let list = node.child(K::PARAM_LIST);
        // A function is known by what is given to it.
        let arguments: Option<Vec<Type>> = list.map(|list| {
            let mut parameters = self.parameters(list);
            // `(VARIADIC t ORDER BY VARIADIC t)` says the same argument twice.
            let variadic = |list: Node| list.all(K::PARAM).last().is_some_and(|last| last.has(K::PARAM_VARIADIC));
            if variadic(list) && list.child(K::AGGREGATE_ORDER_BY).is_some_and(variadic) {
                parameters.pop();
            }
            parameters.into_iter().filter(|parameter| parameter.input).map(|parameter| parameter.kind).collect()
        });
        Object { kind, name, part: None, arguments }
    }

    pub(super) fn drop_objects(&self, node: Node) -> Option<Act> {
        let kind = dropped(node.kind())?;
        let listed = |kind: K| node.child(kind).into_iter().flat_map(Node::nodes);
        let single = matches!(
            node.kind(),
            K::DROP_TRIGGER | K::DROP_POLICY | K::DROP_RULE | K::DROP_OPERATOR_CLASS | K::DROP_OPERATOR_FAMILY
        );
        let objects: Vec<Object> = if single {
            vec![self.object(kind, node)]
        } else if matches!(node.kind(), K::DROP_CAST | K::DROP_TRANSFORM) {
            vec![self.pair_object(kind, node)]
        } else if node.kind() == K::DROP_OWNED {
            let roles = listed(K::ROLE_REF_LIST).filter(|role| role.kind() == K::ROLE_REF);
            roles.map(|role| self.named_object(&kind, role)).collect()
        } else {
            let signatures = [K::FUNCTION_SIG_LIST, K::PROCEDURE_SIG_LIST, K::ROUTINE_SIG_LIST, K::OP_SIG_LIST];
            let list = node.child_of(&signatures).unwrap_or(node);
            let behind = [K::IF_EXISTS, K::CASCADE, K::RESTRICT, K::USING_METHOD];
            list.nodes()
                .filter(|child| !behind.contains(&child.kind()))
                .map(|child| self.named_object(&kind, child))
                .collect()
        };
        if objects.is_empty() {
            self.refuse("a name is missing".to_owned(), node);
        }
        Some(Act::Drop {
            objects,
            if_exists: node.has(K::IF_EXISTS),
            cascade: node.has(K::CASCADE),
            concurrently: node.has(K::CONCURRENTLY_KW),
        })
    }

    /// An object that a node of its own names.
    fn named_object(&self, kind: &ObjectKind, node: Node) -> Object {
        let kind = kind.clone();
        match node.kind() {
            K::FUNCTION_SIG | K::PROCEDURE_SIG | K::ROUTINE_SIG | K::AGGREGATE => self.function_object(kind, node),
            K::OP_SIG => self.operator_object(kind, node),
            K::ROLE_REF => {
                let name = Name::plain(self.role(node), self.at(node));
                Object { kind, name, part: None, arguments: None }
            }
            K::TYPE_NAME_REF | K::DOMAIN_REF => {
                let name = node.child(K::PATH_REF).map(|_| self.path_type(node, Vec::new()).0);
                let name = name.unwrap_or_else(|| self.name(node));
                Object { kind, name, part: None, arguments: None }
            }
            K::LITERAL => Object { kind, name: Name::plain("", self.at(node)), part: None, arguments: None },
            _ => Object { kind, name: self.name(node), part: None, arguments: None },
        }
    }

    /// A cast is called by its types, a transform by its language.
    fn pair_object(&self, kind: ObjectKind, node: Node) -> Object {
        if let Some(types) = node.child(K::CAST_SIG) {
            return self.cast_object(types);
        }
        let name = match node.child(K::LANGUAGE_REF) {
            Some(language) => self.name(language),
            None => Name::plain("", self.at(node)),
        };
        Object { kind, name, part: None, arguments: None }
    }

    pub(super) fn comment(&self, node: Node) -> Act {
        let object = node.nodes().find(|child| commented(child.kind()).is_some());
        let text = node.all(K::LITERAL).last().map(|text| self.text_of(text)).filter(|text| !text.is_empty());
        match object {
            Some(object) => Act::Comment { object: Box::new(self.commented_object(object)), text },
            None => Act::Opaque { why: Ident::from(format!("unread {:?}", node.kind())) },
        }
    }

    fn commented_object(&self, node: Node) -> Object {
        let kind = commented(node.kind()).unwrap_or(ObjectKind::Table);
        let mut names = node.nodes();
        match node.kind() {
            K::OBJECT_COLUMN => {
                let at = names.next();
                let mut path = at.map(|name| self.path(name)).unwrap_or_default();
                let part = path.pop();
                let name = super::named(path, self.at(at.unwrap_or(node)));
                Object { kind, name, part, arguments: None }
            }
            K::OBJECT_CONSTRAINT | K::OBJECT_TRIGGER | K::OBJECT_POLICY | K::OBJECT_RULE => {
                let part = self.ident(names.next());
                let table = names.next();
                if table.is_some_and(|table| table.kind() == K::DOMAIN_REF) {
                    return Object { kind, name: Name::plain(part, self.at(node)), part: None, arguments: None };
                }
                Object { kind, name: self.name_of(table, node), part: Some(part), arguments: None }
            }
            K::OBJECT_CAST | K::OBJECT_TRANSFORM | K::OBJECT_LARGE_OBJECT => self.pair_object(kind, node),
            K::OBJECT_OPERATOR => self.operator_object(kind, node),
            _ => match names.next() {
                Some(name) => self.named_object(&kind, name),
                None => Object { kind, name: Name::plain("", self.at(node)), part: None, arguments: None },
            },
        }
    }

    pub(super) fn grant(&self, node: Node) -> Act {
        let on = node.child(K::ON_PRIVILEGE_OBJECTS_CLAUSE).and_then(|clause| clause.nodes().next());
        let commands = node.child(K::REVOKE_COMMAND_LIST);
        let grantees = self.roles(node.child(K::ROLE_REF_LIST));
        let defaults = matches!(node.kind(), K::GRANT_DEFAULT_PRIVILEGES | K::REVOKE_DEFAULT_PRIVILEGES);
        let grant = matches!(node.kind(), K::GRANT | K::GRANT_DEFAULT_PRIVILEGES);
        let cascade = node.has(K::CASCADE);
        let with = node.child(K::GRANT_WITH_CLAUSE).and_then(|with| with.child(K::GRANT_OPTION));
        let option = with.is_some() || node.child(K::GRANT_OPTION_FOR).is_some();
        if on.is_none() && !defaults {
            let roles = commands.into_iter().flat_map(|list| list.all(K::REVOKE_COMMAND));
            let objects = roles.map(|role| Object {
                kind: ObjectKind::Role,
                name: Name::plain(self.ident(role.first()), self.at(role)),
                part: None,
                arguments: None,
            });
            let (objects, privileges) = (objects.collect(), Vec::new());
            let (each, later) = (None, None);
            return Act::Grant { grant, objects, each, later, privileges, grantees, option: false, cascade };
        }
        let mut privileges = Vec::new();
        if let Some(all) = node.child(K::ALL_PRIVILEGES)
            && let Some(columns) = self.column_suffix(all)
        {
            privileges.push(Ident::from(format!("all{columns}")));
        }
        for command in commands.into_iter().flat_map(|list| list.all(K::REVOKE_COMMAND)) {
            let words = command.tokens().take_while(|token| token.kind() != K::L_PAREN);
            let words: Vec<Ident> = words.map(|word| self.word(word)).collect();
            privileges.push(Ident::from(format!(
                "{}{}",
                words.join(" "),
                self.column_suffix(command).unwrap_or_default()
            )));
        }
        let objects = on.map(|on| self.granted_objects(on)).unwrap_or_default();
        let each = on.and_then(|on| each_of(on.kind()));
        Act::Grant { grant, objects, each, later: None, privileges, grantees, option, cascade }
    }

    /// `ALTER DEFAULT PRIVILEGES`
    pub(super) fn default_privileges(&self, node: Node, action: Node) -> Act {
        let mut act = self.grant(action);
        if let Act::Grant { objects, each, later, .. } = &mut act {
            let schema = |schema: Node| Object {
                kind: ObjectKind::Schema,
                name: Name::plain(self.ident(Some(schema)), self.at(schema)),
                part: None,
                arguments: None,
            };
            let schemas = node.child(K::IN_SCHEMAS).into_iter().flat_map(|schemas| schemas.all(K::SCHEMA_REF));
            *objects = schemas.map(schema).collect();
            *each = action.nodes().find_map(|target| match target.kind() {
                K::PRIVILEGE_TARGET_TABLES => Some(ObjectKind::Table),
                K::PRIVILEGE_TARGET_SEQUENCES => Some(ObjectKind::Sequence),
                K::PRIVILEGE_TARGET_FUNCTIONS | K::PRIVILEGE_TARGET_ROUTINES => Some(ObjectKind::Function),
                K::PRIVILEGE_TARGET_TYPES => Some(ObjectKind::Type),
                K::PRIVILEGE_TARGET_SCHEMAS => Some(ObjectKind::Schema),
                _ => None,
            });
            let roles = node.child(K::FOR_ROLES).and_then(|roles| roles.child(K::ROLE_REF_LIST));
            *later = Some(self.roles(roles).into());
        }
        act
    }

    /// ` (a, b)` behind a privilege.
    fn column_suffix(&self, node: Node) -> Option<String> {
        let list = node.child(K::COLUMN_REF_LIST)?;
        Some(format!(" ({})", self.idents(list.all(K::COLUMN_NAME_REF)).join(", ")))
    }

    fn granted_objects(&self, on: Node) -> Vec<Object> {
        let kind = granted(on.kind());
        let list = on.child(K::FUNCTION_SIG_LIST).or(on.child(K::PROCEDURE_SIG_LIST)).or(on.child(K::ROUTINE_SIG_LIST));
        // A grant on types names them without taking them for types of values.
        let types = matches!(on.kind(), K::PRIVILEGE_TYPE | K::PRIVILEGE_DOMAIN);
        let parameters = on.kind() == K::PRIVILEGE_PARAMETER;
        list.unwrap_or(on)
            .nodes()
            .map(|node| {
                if types {
                    return Object { kind: kind.clone(), name: self.name(node), part: None, arguments: None };
                }
                if parameters {
                    let name = Name::plain(self.path(node).join("."), self.at(node));
                    return Object { kind: kind.clone(), name, part: None, arguments: None };
                }
                self.named_object(&kind, node)
            })
            .collect()
    }
}

pub(super) fn other(name: &'static str) -> ObjectKind {
    ObjectKind::Other(Ident::new_static(name))
}

fn dropped(node: K) -> Option<ObjectKind> {
    Some(match node {
        K::DROP_TABLE => ObjectKind::Table,
        K::DROP_VIEW => ObjectKind::View,
        K::DROP_MATERIALIZED_VIEW => ObjectKind::MaterializedView,
        K::DROP_FOREIGN_TABLE => ObjectKind::ForeignTable,
        K::DROP_INDEX => ObjectKind::Index,
        K::DROP_SEQUENCE => ObjectKind::Sequence,
        K::DROP_FUNCTION => ObjectKind::Function,
        K::DROP_PROCEDURE => ObjectKind::Procedure,
        K::DROP_ROUTINE => ObjectKind::Routine,
        K::DROP_AGGREGATE => ObjectKind::Aggregate,
        K::DROP_TYPE => ObjectKind::Type,
        K::DROP_DOMAIN => ObjectKind::Domain,
        K::DROP_SCHEMA => ObjectKind::Schema,
        K::DROP_EXTENSION => ObjectKind::Extension,
        K::DROP_TRIGGER => ObjectKind::Trigger,
        K::DROP_EVENT_TRIGGER => ObjectKind::EventTrigger,
        K::DROP_POLICY => ObjectKind::Policy,
        K::DROP_RULE => ObjectKind::Rule,
        K::DROP_ROLE | K::DROP_USER | K::DROP_GROUP => ObjectKind::Role,
        K::DROP_LANGUAGE => ObjectKind::Language,
        K::DROP_OWNED => other("owned"),
        K::DROP_CAST => other("cast"),
        K::DROP_TRANSFORM => other("transform"),
        K::DROP_OPERATOR => other("operator"),
        K::DROP_OPERATOR_CLASS => other("opclass"),
        K::DROP_OPERATOR_FAMILY => other("opfamily"),
        K::DROP_ACCESS_METHOD => other("access method"),
        K::DROP_COLLATION => other("collation"),
        K::DROP_CONVERSION => other("conversion"),
        K::DROP_FOREIGN_DATA_WRAPPER => other("foreign data wrapper"),
        K::DROP_SERVER => other("server"),
        K::DROP_STATISTICS => other("statistics"),
        K::DROP_PUBLICATION => other("publication"),
        K::DROP_TEXT_SEARCH_CONFIG => other("tsconfiguration"),
        K::DROP_TEXT_SEARCH_DICT => other("tsdictionary"),
        K::DROP_TEXT_SEARCH_PARSER => other("tsparser"),
        K::DROP_TEXT_SEARCH_TEMPLATE => other("tstemplate"),
        _ => return None,
    })
}

fn commented(node: K) -> Option<ObjectKind> {
    Some(match node {
        K::OBJECT_TABLE => ObjectKind::Table,
        K::OBJECT_VIEW => ObjectKind::View,
        K::OBJECT_MATERIALIZED_VIEW => ObjectKind::MaterializedView,
        K::OBJECT_FOREIGN_TABLE => ObjectKind::ForeignTable,
        K::OBJECT_INDEX => ObjectKind::Index,
        K::OBJECT_SEQUENCE => ObjectKind::Sequence,
        K::OBJECT_FUNCTION => ObjectKind::Function,
        K::OBJECT_PROCEDURE => ObjectKind::Procedure,
        K::OBJECT_ROUTINE => ObjectKind::Routine,
        K::OBJECT_AGGREGATE => ObjectKind::Aggregate,
        K::OBJECT_TYPE => ObjectKind::Type,
        K::OBJECT_DOMAIN => ObjectKind::Domain,
        K::OBJECT_SCHEMA => ObjectKind::Schema,
        K::OBJECT_EXTENSION => ObjectKind::Extension,
        K::OBJECT_TRIGGER => ObjectKind::Trigger,
        K::OBJECT_EVENT_TRIGGER => ObjectKind::EventTrigger,
        K::OBJECT_POLICY => ObjectKind::Policy,
        K::OBJECT_RULE => ObjectKind::Rule,
        K::OBJECT_CONSTRAINT => ObjectKind::Constraint,
        K::OBJECT_COLUMN => ObjectKind::Column,
        K::OBJECT_ROLE => ObjectKind::Role,
        K::OBJECT_DATABASE => ObjectKind::Database,
        K::OBJECT_LANGUAGE => ObjectKind::Language,
        K::OBJECT_CAST => other("cast"),
        K::OBJECT_TRANSFORM => other("transform"),
        K::OBJECT_OPERATOR => other("operator"),
        K::OBJECT_OPERATOR_CLASS => other("opclass"),
        K::OBJECT_OPERATOR_FAMILY => other("opfamily"),
        K::OBJECT_ACCESS_METHOD => other("access method"),
        K::OBJECT_COLLATION => other("collation"),
        K::OBJECT_CONVERSION => other("conversion"),
        K::OBJECT_FOREIGN_DATA_WRAPPER => other("foreign data wrapper"),
        K::OBJECT_SERVER => other("server"),
        K::OBJECT_STATISTICS => other("statistics"),
        K::OBJECT_PUBLICATION => other("publication"),
        K::OBJECT_SUBSCRIPTION => other("subscription"),
        K::OBJECT_TABLESPACE => other("tablespace"),
        K::OBJECT_LARGE_OBJECT => other("largeobject"),
        K::OBJECT_TEXT_SEARCH_CONFIG => other("tsconfiguration"),
        K::OBJECT_TEXT_SEARCH_DICT => other("tsdictionary"),
        K::OBJECT_TEXT_SEARCH_PARSER => other("tsparser"),
        K::OBJECT_TEXT_SEARCH_TEMPLATE => other("tstemplate"),
        _ => return None,
    })
}

/// `ALL … IN SCHEMA`
fn each_of(node: K) -> Option<ObjectKind> {
    Some(match node {
        K::PRIVILEGE_ALL_FUNCTIONS_IN_SCHEMA => ObjectKind::Function,
        K::PRIVILEGE_ALL_PROCEDURES_IN_SCHEMA => ObjectKind::Procedure,
        K::PRIVILEGE_ALL_ROUTINES_IN_SCHEMA => ObjectKind::Routine,
        K::PRIVILEGE_ALL_SEQUENCES_IN_SCHEMA => ObjectKind::Sequence,
        K::PRIVILEGE_ALL_TABLES_IN_SCHEMA => ObjectKind::Table,
        _ => return None,
    })
}

fn granted(node: K) -> ObjectKind {
    match node {
        node if each_of(node).is_some() => ObjectKind::Schema,
        K::PRIVILEGE_SCHEMA => ObjectKind::Schema,
        K::PRIVILEGE_DATABASE => ObjectKind::Database,
        K::PRIVILEGE_DOMAIN => ObjectKind::Domain,
        K::PRIVILEGE_FOREIGN_DATA_WRAPPER => other("foreign data wrapper"),
        K::PRIVILEGE_FOREIGN_SERVER => other("server"),
        K::PRIVILEGE_FUNCTION => ObjectKind::Function,
        K::PRIVILEGE_LANGUAGE => ObjectKind::Language,
        K::PRIVILEGE_LARGE_OBJECT => other("largeobject"),
        K::PRIVILEGE_PARAMETER => other("parameter acl"),
        K::PRIVILEGE_PROCEDURE => ObjectKind::Procedure,
        K::PRIVILEGE_ROUTINE => ObjectKind::Routine,
        K::PRIVILEGE_SEQUENCE => ObjectKind::Sequence,
        K::PRIVILEGE_TABLESPACE => other("tablespace"),
        K::PRIVILEGE_TYPE => ObjectKind::Type,
        _ => ObjectKind::Table,
    }
}

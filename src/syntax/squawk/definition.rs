//! Statements that define objects.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::expression::value_function;
use super::object::other;
use super::session::is_temporary;
use super::tree::Node;
use crate::effect::{
    Act, Column, Constraint, ConstraintKind, Cte, CteBody, Deferral, Expr, ExprKind, From, Ident, Identity, IndexOf,
    Like, Name, Object, ObjectKind, Properties, Query, ReferentialAction, Select, Statement, Target, TriggerTiming,
};

impl Lower<'_> {
    /// What a statement defines, alters or drops.
    pub(super) fn definition(&self, node: Node) -> Act {
        let name = |kinds: &[K]| self.name_of(node.child_of(kinds), node);
        match node.kind() {
            K::CREATE_TABLE => self.create_table(node),
            K::CREATE_TABLE_AS => {
                let columns = node.child(K::TABLE_ARG_LIST).into_iter().flat_map(|list| list.all(K::COLUMN));
                let name = name(&[K::TABLE_NAME]);
                Act::CreateTableAs {
                    temporary: is_temporary(node, &name),
                    name,
                    materialized: false,
                    if_not_exists: node.has(K::IF_NOT_EXISTS),
                    columns: columns.map(|column| self.ident(column.child(K::COLUMN_NAME))).collect(),
                    source: self.inner(node.nodes().find(|child| child.is_query() || child.kind() == K::EXECUTE), node),
                    empty: node.has(K::WITH_NO_DATA),
                    drop_on_commit: drops_on_commit(node),
                    properties: self.kept(node).into_iter().collect(),
                }
            }
            K::CREATE_MATERIALIZED_VIEW => {
                let name = name(&[K::VIEW]);
                Act::CreateTableAs {
                    temporary: is_temporary(node, &name),
                    name,
                    materialized: true,
                    if_not_exists: node.has(K::IF_NOT_EXISTS),
                    columns: self.columns(node),
                    source: self.inner(node.query(), node),
                    empty: node.has(K::WITH_NO_DATA),
                    drop_on_commit: drops_on_commit(node),
                    properties: self.kept(node).into_iter().collect(),
                }
            }
            K::CREATE_VIEW => self.create_view(node),
            K::CREATE_INDEX => self.create_index(node),
            K::CREATE_FUNCTION | K::CREATE_PROCEDURE => self.create_function(node),
            K::CREATE_TRIGGER => self.create_trigger(node),
            K::CREATE_RULE => self.create_rule(node),
            K::CREATE_TYPE => self.create_type(node),
            K::CREATE_DOMAIN => Act::CreateType {
                kind: ObjectKind::Domain,
                name: name(&[K::DOMAIN]),
                labels: Box::default(),
                attributes: Box::default(),
                base: node.kind_of_value().map(|base| Box::new(self.type_of(base))),
                constraints: node.nodes().filter_map(|constraint| self.constraint(constraint, None)).collect(),
            },
            K::CREATE_SCHEMA => self.create_schema(node),
            K::CREATE_SEQUENCE => {
                let name = name(&[K::SEQUENCE]);
                let owner = node.child(K::OPTION_OWNED_BY).and_then(|owned| owned.nodes().next());
                Act::Create {
                    temporary: is_temporary(node, &name),
                    object: Box::new(Object { kind: ObjectKind::Sequence, name, part: None, arguments: None }),
                    if_not_exists: node.has(K::IF_NOT_EXISTS),
                    or_replace: false,
                    members: Vec::new(),
                    parts: owner
                        .map(|owner| self.expr_of(ExprKind::Column(self.path(owner)), owner))
                        .into_iter()
                        .collect(),
                    properties: self.sequence_options(node.nodes()).into_iter().chain(self.kept(node)).collect(),
                }
            }
            K::CREATE_POLICY => {
                let mut made = created(self.object(ObjectKind::Policy, node), node, self.conditions(node));
                if let Act::Create { properties, .. } = &mut made {
                    *properties = self.policy(node);
                }
                made
            }
            // Without a handler it is an extension.
            K::CREATE_LANGUAGE if !node.has(K::HANDLER_CLAUSE) => Act::Create {
                object: Box::new(self.object(ObjectKind::Extension, node)),
                if_not_exists: node.has(K::OR_REPLACE),
                or_replace: false,
                temporary: false,
                members: Vec::new(),
                parts: Vec::new(),
                properties: Properties::default(),
            },
            K::CREATE_CAST => {
                let object = self.cast_object(node.child(K::CAST_SIG).unwrap_or(node));
                let function = node.child(K::WITH_FUNCTION).and_then(|with| with.child(K::FUNCTION_SIG));
                let function = function.and_then(Node::first).map(|function| self.called(function));
                let parts = function.into_iter().collect();
                created(object, node, parts)
            }
            K::CREATE_OPERATOR => {
                let options = node.child(K::ATTRIBUTE_LIST).into_iter().flat_map(|list| list.all(K::ATTRIBUTE_OPTION));
                let is_function = |option: &Node| {
                    let name = option.child(K::ATTRIBUTE_NAME).map(|name| name.text().to_ascii_lowercase());
                    matches!(name.as_deref(), Some("function" | "procedure"))
                };
                let function = options.filter(is_function).find_map(|option| option.child(K::ATTRIBUTE_VALUE)?.first());
                let parts = function.map(|function| self.called(function)).into_iter().collect();
                created(self.object(other("operator"), node), node, parts)
            }
            K::CREATE_EVENT_TRIGGER => {
                let text = |text: Ident, node: Node| self.expr_of(ExprKind::Text(text), node);
                let function = node.child(K::CALL_EXPR).and_then(Node::first).map(|function| self.called(function));
                let event = node.child(K::EVENT_TRIGGER_EVENT).map(|event| text(self.ident(Some(event)), event));
                let tags = node.child(K::EVENT_TRIGGER_WHEN_CLAUSE).into_iter();
                let tags = tags.flat_map(|clause| clause.all(K::EVENT_TRIGGER_WHEN).collect::<Vec<_>>());
                let tags = tags.flat_map(|tags| tags.all(K::LITERAL).collect::<Vec<_>>());
                let tags = tags.map(|tag| text(self.text_of(tag), tag));
                let parts = function.into_iter().chain(event).chain(tags).collect();
                created(self.object(ObjectKind::EventTrigger, node), node, parts)
            }
            K::CREATE_STATISTICS if !node.has(K::STATISTICS) => {
                let name = Name::plain("", self.at(node));
                created(Object { kind: other("statistics"), name, part: None, arguments: None }, node, Vec::new())
            }
            K::COMMENT_ON | K::SECURITY_LABEL => self.comment(node),
            K::GRANT | K::REVOKE => self.grant(node),
            K::REASSIGN => {
                let role = node.child(K::ROLE_REF_LIST).and_then(|list| list.child(K::ROLE_REF));
                let name = role
                    .map_or_else(|| Name::plain("", self.at(node)), |role| Name::plain(self.role(role), self.at(role)));
                Act::Alter {
                    object: Box::new(Object { kind: other("owned"), name, part: None, arguments: None }),
                    what: Ident::new_static("options"),
                    if_exists: false,
                    value: None,
                    properties: Properties::default(),
                    parts: Vec::new(),
                }
            }
            kind => match defined(kind) {
                Some(kind) => {
                    let needed = match node.kind() {
                        K::CREATE_FOREIGN_TABLE => {
                            node.child(K::SERVER_CLAUSE).and_then(|clause| clause.child(K::SERVER_REF))
                        }
                        K::CREATE_SERVER => node.child(K::FOREIGN_DATA_WRAPPER_REF),
                        _ => None,
                    };
                    let needed = needed.map(|name| self.expr_of(ExprKind::Column(vec![self.ident(Some(name))]), name));
                    created(self.object(kind, node), node, needed.into_iter().collect())
                }
                None => self.drop_objects(node).or_else(|| self.alter(node)).unwrap_or_else(|| Act::Opaque {
                    why: unread_statement(kind)
                        .map_or_else(|| Ident::from(format!("unread {kind:?}")), crate::syntax::unread_statement),
                }),
            },
        }
    }

    /// The call of a function that a definition names.
    fn called(&self, function: Node) -> Expr {
        let name = Box::new(self.name(function));
        let (arguments, filter) = (Box::default(), None);
        let kind = ExprKind::Call { function: name, arguments, star: false, distinct: false, filter, over: false };
        self.expr_of(kind, function)
    }

    fn create_table(&self, node: Node) -> Act {
        let mut columns = Vec::new();
        let mut constraints = Vec::new();
        let mut like = Vec::new();
        for element in node.child(K::TABLE_ARG_LIST).into_iter().flat_map(Node::nodes) {
            match element.kind() {
                K::COLUMN => columns.push(self.column_def(element)),
                K::LIKE_CLAUSE => like.push(self.like_clause(element, columns.len())),
                _ => constraints.extend(self.constraint(element, None)),
            }
        }
        if !node.has(K::TABLE_ARG_LIST) && !node.has(K::PARTITION_OF) && !node.has(K::OF_TYPE) {
            self.refuse("the columns are missing".to_owned(), node);
        }
        let name = self.name_of(node.child(K::TABLE_NAME), node);
        let parents = node.child_of(&[K::INHERITS, K::PARTITION_OF]);
        Act::CreateTable {
            if_not_exists: node.has(K::IF_NOT_EXISTS),
            temporary: is_temporary(node, &name),
            name,
            columns: columns.into(),
            constraints: constraints.into(),
            inherits: parents.map(|parents| self.names(parents.all(K::TABLE_NAME_REF))).unwrap_or_default().into(),
            partition: node.has(K::PARTITION_OF),
            partitioned: node.has(K::PARTITION_BY),
            like: like.into(),
            of: node.child(K::OF_TYPE).and_then(Node::kind_of_value).map(|of| Box::new(self.type_of(of).name)),
            drop_on_commit: drops_on_commit(node),
            bounds: node
                .nodes()
                .filter(|child| matches!(child.kind(), K::PARTITION_FOR_VALUES_IN | K::PARTITION_FOR_VALUES_FROM))
                .flat_map(|bounds| self.exprs(bounds.exprs()))
                .filter(crate::effect::has_call)
                .collect(),
            properties: self.kept(node).into_iter().collect(),
        }
    }

    /// What `ALL` stands for goes in and out with it; a later word overrules an earlier one.
    fn like_clause(&self, node: Node, after: usize) -> Like {
        let options = [
            (K::PROPERTY_COMMENTS, "comments"),
            (K::PROPERTY_CONSTRAINTS, "constraints"),
            (K::PROPERTY_DEFAULTS, "defaults"),
            (K::PROPERTY_GENERATED, "generated"),
            (K::PROPERTY_IDENTITY, "identity"),
            (K::PROPERTY_INDEXES, "indexes"),
            (K::PROPERTY_STATISTICS, "statistics"),
            (K::PROPERTY_STORAGE, "storage"),
        ];
        let included = |kind: K| {
            let clauses = node.nodes().filter(|clause| clause.has(kind) || clause.has(K::PROPERTY_ALL));
            clauses.last().is_some_and(|clause| clause.kind() == K::INCLUDING_PROPERTY)
        };
        Like {
            name: self.name_of(node.child(K::RELATION_NAME_REF), node),
            including: options
                .into_iter()
                .filter(|(kind, _)| included(*kind))
                .map(|(_, name)| Ident::new_static(name))
                .collect(),
            after,
        }
    }

    /// A column of `CREATE TABLE`, `ADD COLUMN` or a composite type.
    pub(super) fn column_def(&self, node: Node) -> Column {
        let named = node.child_of(&[K::COLUMN_NAME, K::COMPOSITE_FIELD]);
        let name = self.ident(named);
        let mut column = Column {
            name: name.clone(),
            kind: node.kind_of_value().map(|kind| self.type_of(kind)),
            not_null: false,
            default: None,
            generated: None,
            identity: None,
            constraints: Vec::new(),
            properties: Properties::default(),
            at: self.at(node),
        };
        let mut said = self.column_kept(node);
        for constraint in node.nodes() {
            match constraint.kind() {
                K::NOT_NULL_CONSTRAINT => column.not_null = true,
                K::DEFAULT_CONSTRAINT => column.default = constraint.expr().map(|value| self.expr(value)),
                K::GENERATED_CONSTRAINT => match constraint.child(K::GENERATED_STORED) {
                    Some(stored) if stored.has(K::GENERATED_BY_DEFAULT) => {
                        self.refuse(
                            "for a generated column, GENERATED ALWAYS must be specified".to_owned(),
                            constraint,
                        );
                    }
                    Some(stored) => column.generated = stored.expr().map(|value| self.expr(value)),
                    None => {
                        let is_default = constraint
                            .nodes()
                            .any(|node| node.has(K::GENERATED_BY_DEFAULT) || node.kind() == K::GENERATED_BY_DEFAULT);
                        column.identity = Some(if is_default { Identity::ByDefault } else { Identity::Always });
                        let options = constraint.nodes().filter_map(|identity| identity.child(K::SEQUENCE_OPTION_LIST));
                        said.extend(self.sequence_options(options.flat_map(Node::nodes)));
                    }
                },
                _ => column.constraints.extend(self.constraint(constraint, Some(&name))),
            }
        }
        column.properties = said.into_iter().collect();
        column
    }

    /// A constraint of a table or a domain, or of the column that is given.
    pub(super) fn constraint(&self, node: Node, column: Option<&Ident>) -> Option<Constraint> {
        let own = || column.cloned().into_iter().collect::<Vec<_>>();
        let parameters = node.child(K::INDEX_PARAMETERS);
        let keys = || {
            let list = parameters.and_then(|parameters| parameters.child(K::CONSTRAINT_COLUMN_REF_LIST));
            list.map_or_else(own, |list| self.idents(list.all(K::COLUMN_NAME_REF)))
        };
        let index = || node.child(K::USING_INDEX_NAME).map(|index| self.ident(index.child(K::INDEX_REF)));
        let kind = match node.kind() {
            K::PRIMARY_KEY_CONSTRAINT => ConstraintKind::PrimaryKey { columns: keys(), index: index() },
            K::UNIQUE_CONSTRAINT => ConstraintKind::Unique {
                columns: keys(),
                index: index(),
                nulls_equal: parameters.is_some_and(|parameters| parameters.has(K::NULLS_NOT_DISTINCT)),
            },
            K::FOREIGN_KEY_CONSTRAINT | K::REFERENCES_CONSTRAINT => self.foreign_key(node, own()),
            K::CHECK_CONSTRAINT => ConstraintKind::Check(self.demanded(node.expr(), node)),
            K::NOT_NULL_CONSTRAINT => {
                let named = node.child(K::COLUMN_NAME_REF);
                ConstraintKind::NotNull(named.map_or_else(own, |named| vec![self.ident(Some(named))]))
            }
            K::EXCLUDE_CONSTRAINT => {
                let items = node
                    .child(K::CONSTRAINT_EXCLUSION_LIST)
                    .into_iter()
                    .flat_map(|list| list.all(K::CONSTRAINT_EXCLUSION));
                ConstraintKind::Exclude(items.map(|item| self.index_expression(item)).collect())
            }
            _ => return None,
        };
        let name = node.child(K::CONSTRAINT_NAME_CLAUSE).map(|clause| self.ident(clause.child(K::CONSTRAINT_NAME)));
        // What is not enforced is not validated either.
        let not_valid = column.is_none()
            && matches!(kind, ConstraintKind::Check(_) | ConstraintKind::ForeignKey { .. })
            && (node.has(K::NOT_VALID) || node.has(K::NOT_ENFORCED));
        let no_inherit = matches!(kind, ConstraintKind::Check(_)) && node.has(K::NO_INHERIT);
        Some(Constraint {
            name,
            kind,
            not_valid,
            no_inherit,
            deferral: deferral(node).unwrap_or_default(),
            include: parameters
                .and_then(|parameters| parameters.child(K::CONSTRAINT_INCLUDE_CLAUSE))
                .and_then(|clause| clause.child(K::COLUMN_REF_LIST))
                .map(|list| self.idents(list.all(K::COLUMN_NAME_REF)).into())
                .unwrap_or_default(),
            properties: self.constrained(node),
            at: self.at(node),
        })
    }

    fn foreign_key(&self, node: Node, own: Vec<Ident>) -> ConstraintKind {
        if let Some(partial) = node.child(K::MATCH_PARTIAL) {
            self.refuse("MATCH PARTIAL not yet implemented".to_owned(), partial);
        }
        let columns = |list: Node| {
            let names = list.nodes().filter_map(|child| match child.kind() {
                K::PERIOD_COLUMN => child.child(K::COLUMN_NAME_REF),
                _ => Some(child),
            });
            self.idents(names)
        };
        let mut lists = node.all(K::FOREIGN_KEY_COLUMN_LIST);
        let (keys, referenced) = if node.kind() == K::FOREIGN_KEY_CONSTRAINT {
            (lists.next().map(columns).unwrap_or_default(), lists.next().map(columns).unwrap_or_default())
        } else {
            (own, self.idents(node.all(K::COLUMN_NAME_REF)))
        };
        let action = |kind: K| {
            let action = node.child(kind).and_then(|action| action.nodes().next());
            match action.map(Node::kind) {
                Some(K::RESTRICT) => ReferentialAction::Restrict,
                Some(K::CASCADE) => ReferentialAction::Cascade,
                Some(K::SET_NULL_COLUMNS) => ReferentialAction::SetNull,
                Some(K::SET_DEFAULT_COLUMNS) => ReferentialAction::SetDefault,
                _ => ReferentialAction::NoAction,
            }
        };
        ConstraintKind::ForeignKey {
            columns: keys,
            references: self.name_of(node.child(K::TABLE_NAME_REF), node),
            referenced,
            on_delete: action(K::ON_DELETE_ACTION),
            on_update: action(K::ON_UPDATE_ACTION),
        }
    }

    fn create_view(&self, node: Node) -> Act {
        let name = self.name_of(node.child(K::VIEW), node);
        let columns = self.columns(node);
        let query = Box::new(match node.query() {
            Some(query) => self.query(query),
            None => self.query(node),
        });
        let query = if node.has(K::RECURSIVE_KW) { Box::new(recursive(&name, &columns, query)) } else { query };
        Act::CreateView {
            or_replace: node.has(K::OR_REPLACE),
            temporary: is_temporary(node, &name),
            properties: self
                .storage(node.child(K::WITH_PARAMS))
                .into_iter()
                .chain(node.child(K::WITH_CHECK_OPTION).and_then(|check| {
                    let is_local = check.has(K::LOCAL_CHECK_OPTION);
                    super::property::one("check_option", if is_local { "local" } else { "cascaded" })
                }))
                .collect(),
            name,
            columns,
            query,
        }
    }

    fn create_index(&self, node: Node) -> Act {
        let list = node.child(K::PARTITION_ITEM_LIST);
        let part = |item: Node| {
            let value = item.expr();
            let bare =
                value.map(|value| if value.kind() == K::COLLATE { value.expr().unwrap_or(value) } else { value });
            match bare {
                Some(name)
                    if name.kind() == K::NAME_REF
                        && name.first().is_some_and(|word| value_function(word.kind()).is_none()) =>
                {
                    IndexOf::Column(self.ident(Some(name)))
                }
                _ => IndexOf::Expression(self.index_expression(item)),
            }
        };
        let include = node.child(K::INDEX_INCLUDE_CLAUSE).and_then(|clause| clause.child(K::PARTITION_ITEM_LIST));
        let table = node.child(K::TABLE_RELATION_NAME);
        Act::CreateIndex {
            name: node.child(K::INDEX).map(|name| self.ident(Some(name))),
            table: table.map_or_else(|| Name::plain("", self.at(node)), |table| self.relation(table)),
            only: table.is_some_and(|table| table.has(K::ONLY_KW)),
            unique: node.has(K::UNIQUE_KW),
            concurrently: node.has(K::CONCURRENTLY_KW),
            if_not_exists: node.has(K::IF_NOT_EXISTS),
            parts: list.into_iter().flat_map(|list| list.all(K::PARTITION_ITEM)).map(part).collect(),
            include: include
                .into_iter()
                .flat_map(|list| list.all(K::PARTITION_ITEM))
                .filter_map(|item| match part(item) {
                    IndexOf::Column(name) => Some(name),
                    IndexOf::Expression(_) => None,
                })
                .collect(),
            filter: self.filter_of(node).map(Box::new),
            nulls_equal: node.has(K::NULLS_NOT_DISTINCT),
            properties: self.indexed(node),
        }
    }

    fn create_trigger(&self, node: Node) -> Act {
        let list = node.child(K::TRIGGER_EVENT_LIST);
        let events = [
            (K::TRIGGER_EVENT_INSERT, "insert"),
            (K::TRIGGER_EVENT_UPDATE, "update"),
            (K::TRIGGER_EVENT_DELETE, "delete"),
            (K::TRIGGER_EVENT_TRUNCATE, "truncate"),
        ];
        let update = list.into_iter().flat_map(|list| list.all(K::TRIGGER_EVENT_UPDATE));
        let call = node.child(K::CALL_EXPR);
        let function = call.and_then(|call| call.expr().or_else(|| call.first()));
        let arguments = call.and_then(|call| call.child(K::ARG_LIST));
        let on = node.child(K::ON_RELATION).and_then(|on| on.nodes().next());
        Act::CreateTrigger {
            name: self.ident(node.child(K::TRIGGER)),
            or_replace: node.has(K::OR_REPLACE),
            table: self.name_of(on, node),
            timing: if node.has(K::TIMING_BEFORE) {
                TriggerTiming::Before
            } else if node.has(K::TIMING_INSTEAD_OF) {
                TriggerTiming::InsteadOf
            } else {
                TriggerTiming::After
            },
            events: events
                .into_iter()
                .filter(|(kind, _)| list.is_some_and(|list| list.has(*kind)))
                .map(|(_, name)| Ident::new_static(name))
                .collect(),
            columns: update
                .flat_map(|event| event.all(K::COLUMN_NAME_REF))
                .map(|name| self.ident(Some(name)))
                .collect(),
            row: node.has(K::FOR_EACH_ROW),
            condition: node.child(K::WHEN_CONDITION).map(|when| Box::new(self.demanded(when.expr(), when))),
            function: Box::new(self.name_of(function, node)),
            arguments: arguments
                .into_iter()
                .flat_map(|list| list.all(K::ARG))
                .map(|argument| self.trigger_argument(argument))
                .collect(),
            constraint: node.has(K::CONSTRAINT_KW),
            properties: self.transitions(node),
        }
    }

    /// The arguments of a trigger are texts, however they are written.
    fn trigger_argument(&self, node: Node) -> Ident {
        match node.expr().map(|value| (value.kind(), self.expr(value).kind)) {
            Some((K::LITERAL, ExprKind::Text(text) | ExprKind::Number(text))) => text,
            Some((K::LITERAL, ExprKind::Variable(name))) => Ident::from(format!(":'{name}'")),
            _ => self.ident(Some(node)),
        }
    }

    fn create_rule(&self, node: Node) -> Act {
        let on = node.child(K::RULE_ON).unwrap_or(node);
        let action = node.child(K::RULE_DO).unwrap_or(node);
        let statements = action.child(K::RULE_STMT_LIST).unwrap_or(action);
        Act::CreateRule {
            name: self.ident(node.child(K::RULE)),
            or_replace: node.has(K::OR_REPLACE),
            table: self.name_of(on.child(K::RELATION_NAME_REF), on),
            event: self.ident(on.child(K::RULE_EVENT)),
            instead: action.has(K::INSTEAD_KW),
            condition: self.filter_of(on).map(Box::new),
            actions: statements
                .nodes()
                .filter(|statement| !matches!(statement.kind(), K::NOTHING | K::EMPTY_STMT))
                .map(|statement| self.statement(statement))
                .collect(),
        }
    }

    fn create_type(&self, node: Node) -> Act {
        let name = self.name_of(node.child(K::TYPE_NAME), node);
        let labels = node.child(K::ENUM_TYPE).and_then(|labels| labels.child(K::VARIANT_LIST));
        let fields = node.child(K::COMPOSITE_TYPE).and_then(|fields| fields.child(K::COMPOSITE_FIELD_LIST));
        if !node.has(K::ENUM_TYPE) && !node.has(K::COMPOSITE_TYPE) && !node.has(K::RANGE_TYPE) {
            return created(Object { kind: ObjectKind::Type, name, part: None, arguments: None }, node, Vec::new());
        }
        let options = node.child(K::RANGE_TYPE).and_then(|range| range.child(K::ATTRIBUTE_LIST));
        let options: Vec<(String, Option<Node>)> = options
            .into_iter()
            .flat_map(|list| list.all(K::ATTRIBUTE_OPTION))
            .map(|option| {
                let name = option.child(K::ATTRIBUTE_NAME).map(|name| name.text().to_ascii_lowercase());
                (name.unwrap_or_default(), option.child(K::ATTRIBUTE_VALUE).and_then(Node::kind_of_value))
            })
            .collect();
        let is_plain = options.iter().all(|(name, _)| matches!(&**name, "subtype" | "collation" | "subtype_diff"));
        let subtype = options.into_iter().find(|(name, _)| is_plain && name == "subtype").and_then(|(_, kind)| kind);
        let label = |label: Node| label.child(K::LITERAL).map(|text| self.text_of(text)).unwrap_or_default();
        Act::CreateType {
            kind: ObjectKind::Type,
            name,
            labels: labels.into_iter().flat_map(|labels| labels.all(K::VARIANT)).map(label).collect(),
            attributes: fields.into_iter().flat_map(Node::nodes).map(|field| self.column_def(field)).collect(),
            base: subtype.map(|subtype| Box::new(self.type_of(subtype))),
            constraints: Box::default(),
        }
    }

    fn create_schema(&self, node: Node) -> Act {
        let named = node.child(K::NAMED_SCHEMA).and_then(|named| named.child(K::SCHEMA));
        let role = node.child(K::AUTHORIZATION_SCHEMA).and_then(|target| target.child(K::ROLE));
        let name = match (named, role) {
            (Some(name), _) => self.name(name),
            // Whoever is the user has no name here.
            (None, Some(role)) if role.first().is_some_and(|word| word.kind() == K::IDENT) => self.name(role),
            (None, Some(role)) if role.first().is_some_and(|word| value_function(word.kind()).is_none()) => {
                self.name(role)
            }
            _ => Name::plain("", self.at(node)),
        };
        let members = node
            .nodes()
            .filter(|child| !matches!(child.kind(), K::IF_NOT_EXISTS | K::NAMED_SCHEMA | K::AUTHORIZATION_SCHEMA));
        let members: Vec<Statement> = members.map(|member| self.statement(member)).collect();
        Act::Create {
            object: Box::new(Object { kind: ObjectKind::Schema, name, part: None, arguments: None }),
            if_not_exists: node.has(K::IF_NOT_EXISTS),
            or_replace: false,
            temporary: false,
            members,
            parts: Vec::new(),
            properties: Properties::default(),
        }
    }
}

/// The query that a recursive view stands for (PostgreSQL's manual, CREATE VIEW).
fn recursive(view: &Name, columns: &[Ident], query: Box<Query>) -> Query {
    let at = query.at;
    let column = |name: &Ident| Target { value: Expr { at, kind: ExprKind::Column(vec![name.clone()]) }, alias: None };
    let select = Select {
        targets: columns.iter().map(column).collect(),
        from: vec![From::Relation {
            name: Name::plain(view.name.clone(), view.at),
            alias: None,
            columns: Vec::new(),
            only: false,
        }],
        ..Select::default()
    };
    let (columns, body) = (columns.to_vec(), CteBody::Query(query));
    let cte = Cte { name: view.name.clone(), columns, added: Vec::new(), body, materialized: None, at: view.at };
    Query { with: vec![cte], recursive: true, ..Query::of(at, select.into()) }
}

fn drops_on_commit(node: Node) -> bool {
    node.child(K::ON_COMMIT).is_some_and(|commit| commit.has(K::DROP))
}

fn created(object: Object, node: Node, parts: Vec<Expr>) -> Act {
    Act::Create {
        object: Box::new(object),
        if_not_exists: node.has(K::IF_NOT_EXISTS),
        or_replace: node.has(K::OR_REPLACE),
        temporary: false,
        members: Vec::new(),
        parts,
        properties: Properties::default(),
    }
}

fn defined(node: K) -> Option<ObjectKind> {
    Some(match node {
        K::CREATE_FOREIGN_TABLE => ObjectKind::ForeignTable,
        K::CREATE_EXTENSION => ObjectKind::Extension,
        K::CREATE_ROLE | K::CREATE_USER | K::CREATE_GROUP => ObjectKind::Role,
        K::CREATE_LANGUAGE => ObjectKind::Language,
        K::CREATE_AGGREGATE => ObjectKind::Aggregate,
        K::CREATE_STATISTICS => other("statistics"),
        K::CREATE_PUBLICATION => other("publication"),
        K::CREATE_FOREIGN_DATA_WRAPPER => other("foreign data wrapper"),
        K::CREATE_SERVER => other("server"),
        K::CREATE_COLLATION => other("collation"),
        K::CREATE_TEXT_SEARCH_CONFIGURATION => other("tsconfiguration"),
        K::CREATE_TEXT_SEARCH_DICTIONARY => other("tsdictionary"),
        K::CREATE_TEXT_SEARCH_PARSER => other("tsparser"),
        K::CREATE_TEXT_SEARCH_TEMPLATE => other("tstemplate"),
        _ => return None,
    })
}

/// What PostgreSQL calls a statement that neither reader reads.
const fn unread_statement(node: K) -> Option<&'static str> {
    Some(match node {
        K::CREATE_ACCESS_METHOD => "CreateAmStmt",
        K::CREATE_CONVERSION => "CreateConversionStmt",
        K::CREATE_TRANSFORM => "CreateTransformStmt",
        K::CREATE_OPERATOR_CLASS => "CreateOpClassStmt",
        K::CREATE_OPERATOR_FAMILY => "CreateOpFamilyStmt",
        K::CREATE_USER_MAPPING => "CreateUserMappingStmt",
        K::DROP_USER_MAPPING => "DropUserMappingStmt",
        K::IMPORT_FOREIGN_SCHEMA => "ImportForeignSchemaStmt",
        _ => return None,
    })
}

/// When a constraint is checked, if that is written.
pub(super) fn deferral(node: Node) -> Option<Deferral> {
    let is_deferrable = node.has(K::DEFERRABLE_CONSTRAINT_OPTION);
    let is_deferred = node.has(K::INITIALLY_DEFERRED_CONSTRAINT_OPTION);
    let is_written = is_deferrable
        || is_deferred
        || node.has(K::NOT_DEFERRABLE_CONSTRAINT_OPTION)
        || node.has(K::INITIALLY_IMMEDIATE_CONSTRAINT_OPTION);
    is_written.then(|| Deferral::default().with(is_deferrable, is_deferred))
}

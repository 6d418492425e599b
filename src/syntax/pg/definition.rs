//! Statements that define, alter and drop objects.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    self, AlterTableType, ConstrType, DefElem, DropBehavior, FunctionParameterMode, GrantTargetType, Node, ObjectType,
    OnCommitAction, RoleSpecType, ViewCheckOption,
};

use super::property::{self, options};
use super::statement::is_temporary;
use super::{Lower, items, named, string, strings, those, written};
use crate::effect::{
    Act, AlterAction, Argument, At, Body, Column, Constraint, ConstraintKind, Deferral, Expr, ExprKind, Function,
    Ident, Identity, IndexOf, Like, Name, Object, ObjectKind, Properties, ReferentialAction, Statement, TriggerState,
    TriggerTiming, Type,
};
use crate::syntax::{plpgsql, token};

impl Lower<'_> {
    /// What a statement defines; nothing for a statement that is not known here.
    pub(super) fn definition(&self, node: &NodeEnum) -> Option<Act> {
        Some(match node {
            NodeEnum::CreateStmt(create) => self.create_table(create),
            NodeEnum::CreateForeignTableStmt(create) => {
                let relation = create.base_stmt.as_ref().and_then(|base| base.relation.as_ref());
                let if_not_exists = create.base_stmt.as_ref().is_some_and(|base| base.if_not_exists);
                let object = Self::object(ObjectKind::ForeignTable, self.relation(relation));
                with_parts(create_of(object, if_not_exists, false), vec![self.needed(&create.servername)])
            }
            NodeEnum::ViewStmt(view) => Act::CreateView {
                name: self.relation(view.view.as_ref()),
                or_replace: view.replace,
                temporary: is_temporary(view.view.as_ref()),
                columns: strings(&view.aliases),
                query: Box::new(self.query_of(view.query.as_deref())),
                properties: property::storage(&view.options)
                    .chain(match view.with_check_option() {
                        ViewCheckOption::LocalCheckOption => property::one("check_option", "local"),
                        ViewCheckOption::CascadedCheckOption => property::one("check_option", "cascaded"),
                        _ => None,
                    })
                    .collect(),
            },
            NodeEnum::IndexStmt(index) => self.create_index(index),
            NodeEnum::CreateFunctionStmt(function) => Act::CreateFunction(Box::new(self.create_function(function))),
            NodeEnum::CreateTrigStmt(trigger) => self.create_trigger(trigger),
            NodeEnum::RuleStmt(rule) => Act::CreateRule {
                name: Ident::from(rule.rulename.as_str()),
                or_replace: rule.replace,
                table: self.relation(rule.relation.as_ref()),
                event: Ident::new_static(match rule.event() {
                    protobuf::CmdType::CmdSelect => "select",
                    protobuf::CmdType::CmdUpdate => "update",
                    protobuf::CmdType::CmdInsert => "insert",
                    protobuf::CmdType::CmdDelete => "delete",
                    _ => "",
                }),
                instead: rule.instead,
                condition: self.optional(rule.where_clause.as_deref()).map(Box::new),
                actions: rule
                    .actions
                    .iter()
                    .filter(|action| action.node.is_some())
                    .map(|action| self.statement(Some(action)))
                    .collect(),
            },
            NodeEnum::CreateEnumStmt(create) => self.create_type(&create.type_name, strings(&create.vals), Vec::new()),
            NodeEnum::CompositeTypeStmt(create) => {
                let attributes = create.coldeflist.iter().filter_map(|node| self.column_of(node)).collect();
                Act::CreateType {
                    kind: ObjectKind::Type,
                    name: self.relation(create.typevar.as_ref()),
                    labels: Box::default(),
                    attributes,
                    base: None,
                    constraints: Box::default(),
                }
            }
            NodeEnum::CreateRangeStmt(create) => {
                let options = || options(&create.params);
                let subtype = options().find(|option| option.defname == "subtype");
                let subtype = subtype.and_then(|option| match option.arg.as_deref()?.node.as_ref()? {
                    NodeEnum::TypeName(name) => Some(Box::new(self.type_name(Some(name)))),
                    _ => None,
                });
                let is_plain =
                    options().all(|option| matches!(&*option.defname, "subtype" | "collation" | "subtype_diff"));
                let mut made = self.create_type(&create.type_name, Vec::new(), Vec::new());
                if let Act::CreateType { base, .. } = &mut made {
                    *base = subtype.filter(|_| is_plain);
                }
                made
            }
            NodeEnum::CreateDomainStmt(create) => {
                let name = self.listed_name(&create.domainname);
                let constraints = create.constraints.iter().filter_map(|node| self.constraint_of(node, None)).collect();
                Act::CreateType {
                    kind: ObjectKind::Domain,
                    name,
                    labels: Box::default(),
                    attributes: Box::default(),
                    base: create.type_name.as_ref().map(|base| Box::new(self.type_name(Some(base)))),
                    constraints,
                }
            }
            NodeEnum::CreateSeqStmt(create) => {
                let name = self.relation(create.sequence.as_ref());
                let object = Self::object(ObjectKind::Sequence, name);
                Act::Create {
                    object: Box::new(object),
                    if_not_exists: create.if_not_exists,
                    or_replace: false,
                    temporary: is_temporary(create.sequence.as_ref()),
                    members: Vec::new(),
                    parts: self.owned_by(&create.options),
                    properties: property::sequence(&create.options)
                        .chain(property::relation(create.sequence.as_ref(), "", ""))
                        .collect(),
                }
            }
            NodeEnum::CreateSchemaStmt(create) => {
                let authority = create.authrole.as_ref().map(|role| role.rolename.as_str()).unwrap_or_default();
                let name = if create.schemaname.is_empty() { authority } else { &create.schemaname };
                Act::Create {
                    object: Box::new(Self::object(ObjectKind::Schema, self.found(name))),
                    if_not_exists: create.if_not_exists,
                    or_replace: false,
                    temporary: false,
                    members: create.schema_elts.iter().map(|node| self.statement(Some(node))).collect(),
                    parts: Vec::new(),
                    properties: Properties::default(),
                }
            }
            NodeEnum::CreateExtensionStmt(create) => {
                create_of(Self::object(ObjectKind::Extension, self.found(&create.extname)), create.if_not_exists, false)
            }
            NodeEnum::CreatePolicyStmt(policy) => {
                let name = self.relation(policy.table.as_ref());
                let object = Object {
                    kind: ObjectKind::Policy,
                    name,
                    part: Some(Ident::from(policy.policy_name.as_str())),
                    arguments: None,
                };
                Act::Create {
                    object: Box::new(object),
                    if_not_exists: false,
                    or_replace: false,
                    temporary: false,
                    members: Vec::new(),
                    parts: self.conditions(policy.qual.as_deref(), policy.with_check.as_deref()),
                    properties: property::one("policy", if policy.permissive { "permissive" } else { "restrictive" })
                        .into_iter()
                        .chain(property::one("command", &policy.cmd_name))
                        .chain(property::roles(&policy.roles))
                        .collect::<Properties>()
                        .of_definition(),
                }
            }
            NodeEnum::CreateRoleStmt(create) => {
                create_of(Self::object(ObjectKind::Role, self.found(&create.role)), false, false)
            }
            NodeEnum::CreateEventTrigStmt(create) => {
                let object = Self::object(ObjectKind::EventTrigger, self.found(&create.trigname));
                let text = |text: &str| self.expr_of(ExprKind::Text(Ident::from(text)), -1);
                let tags = create.whenclause.iter().filter_map(|node| match &node.node {
                    Some(NodeEnum::DefElem(tags)) => tags.arg.as_deref(),
                    _ => None,
                });
                let tags = tags.filter_map(|node| match &node.node {
                    Some(NodeEnum::List(list)) => Some(&list.items),
                    _ => None,
                });
                let tags = tags.flatten().filter_map(string).map(text);
                let parts = [self.called(&create.funcname), text(&create.eventname)].into_iter().chain(tags);
                with_parts(create_of(object, false, false), parts.collect())
            }
            NodeEnum::CreatePlangStmt(create) => {
                create_of(Self::object(ObjectKind::Language, self.found(&create.plname)), false, create.replace)
            }
            NodeEnum::CreateStatsStmt(create) => {
                let object = Self::object(other("statistics"), self.listed_name(&create.defnames));
                create_of(object, create.if_not_exists, false)
            }
            NodeEnum::CreatePublicationStmt(create) => {
                create_of(Self::object(other("publication"), self.found(&create.pubname)), false, false)
            }
            NodeEnum::CreateFdwStmt(create) => {
                create_of(Self::object(other("foreign data wrapper"), self.found(&create.fdwname)), false, false)
            }
            NodeEnum::CreateForeignServerStmt(create) => {
                let object = Self::object(other("server"), self.found(&create.servername));
                with_parts(create_of(object, create.if_not_exists, false), vec![self.needed(&create.fdwname)])
            }
            NodeEnum::CreateCastStmt(create) => {
                let source = self.type_name(create.sourcetype.as_ref());
                let object = cast_of(vec![source, self.type_name(create.targettype.as_ref())]);
                let function = create.func.as_ref().map(|function| self.called(&function.objname));
                with_parts(create_of(object, false, false), function.into_iter().collect())
            }
            NodeEnum::DefineStmt(define) => {
                let kind = kind_of(define.kind());
                let object = Self::object(kind, self.listed_name(&define.defnames));
                let is_function = |name: &str| matches!(name, "function" | "procedure");
                let function = define.definition.iter().find_map(|node| match &node.node {
                    Some(NodeEnum::DefElem(option)) if is_function(&option.defname) => option.arg.as_deref(),
                    _ => None,
                });
                let function = function.filter(|_| define.kind() == ObjectType::ObjectOperator);
                let function = function.and_then(|function| match &function.node {
                    Some(NodeEnum::TypeName(name)) => Some(self.called(&name.names)),
                    _ => None,
                });
                with_parts(create_of(object, define.if_not_exists, define.replace), function.into_iter().collect())
            }
            NodeEnum::AlterTableStmt(alter) => Act::AlterTable {
                kind: kind_of(alter.objtype()),
                name: self.relation(alter.relation.as_ref()),
                only: alter.objtype() == ObjectType::ObjectTable
                    && alter.relation.as_ref().is_some_and(|relation| !relation.inh),
                if_exists: alter.missing_ok,
                actions: alter.cmds.iter().map(|node| self.alter_action(node)).collect(),
            },
            NodeEnum::AlterSeqStmt(alter) => {
                let object = Self::object(ObjectKind::Sequence, self.relation(alter.sequence.as_ref()));
                let owner = self.owned_by(&alter.options).into_iter().find_map(|owner| match owner.kind {
                    ExprKind::Column(path) => {
                        let parts: Vec<String> = path.iter().map(|part| format!("\"{part}\"")).collect();
                        Some(Ident::from(parts.join(".")))
                    }
                    _ => None,
                });
                let what = if owner.is_some() { "owned by" } else { "options" };
                Act::Alter {
                    object: Box::new(object),
                    what: Ident::new_static(what),
                    if_exists: alter.missing_ok,
                    value: owner,
                    properties: property::sequence(&alter.options).collect(),
                    parts: Vec::new(),
                }
            }
            NodeEnum::AlterFunctionStmt(alter) => Act::Alter {
                object: Box::new(self.function_object(kind_of(alter.objtype()), alter.func.as_ref())),
                what: Ident::new_static("options"),
                if_exists: false,
                value: None,
                properties: property::function(&alter.actions, true),
                parts: self.configured(&alter.actions),
            },
            NodeEnum::AlterEnumStmt(alter) => {
                let mut object = Self::object(ObjectKind::Type, self.listed_name(&alter.type_name));
                object.part = written(&alter.old_val);
                let what = if alter.old_val.is_empty() { "add value" } else { "rename value" };
                Act::Alter {
                    object: Box::new(object),
                    what: Ident::new_static(what),
                    if_exists: alter.skip_if_new_val_exists,
                    value: written(&alter.new_val),
                    properties: Properties::default(),
                    parts: Vec::new(),
                }
            }
            NodeEnum::AlterDomainStmt(alter) => Self::altered(ObjectKind::Domain, self.listed_name(&alter.type_name)),
            NodeEnum::AlterTypeStmt(alter) => Self::altered(ObjectKind::Type, self.listed_name(&alter.type_name)),
            NodeEnum::AlterPolicyStmt(alter) => {
                let object = Object {
                    kind: ObjectKind::Policy,
                    name: self.relation(alter.table.as_ref()),
                    part: Some(Ident::from(alter.policy_name.as_str())),
                    arguments: None,
                };
                Act::Alter {
                    object: Box::new(object),
                    what: Ident::new_static("options"),
                    if_exists: false,
                    value: None,
                    properties: property::roles(&alter.roles).into_iter().collect(),
                    parts: self.conditions(alter.qual.as_deref(), alter.with_check.as_deref()),
                }
            }
            NodeEnum::AlterOwnerStmt(alter) => Act::Alter {
                object: Box::new(self.object_of(
                    alter.object_type(),
                    alter.relation.as_ref(),
                    alter.object.as_deref(),
                    None,
                )),
                what: Ident::new_static("owner"),
                if_exists: false,
                value: alter.newowner.as_ref().map(role),
                properties: Properties::default(),
                parts: Vec::new(),
            },
            NodeEnum::AlterRoleStmt(alter) => {
                let name = alter.role.as_ref().map(role).unwrap_or_default();
                Self::altered(ObjectKind::Role, self.found(&name))
            }
            NodeEnum::AlterRoleSetStmt(alter) => {
                let name = alter.role.as_ref().map_or_else(|| Ident::new_static("all"), role);
                Self::altered(ObjectKind::Role, self.found(&name))
            }
            NodeEnum::AlterDatabaseStmt(alter) => Self::altered(ObjectKind::Database, self.found(&alter.dbname)),
            NodeEnum::AlterDatabaseSetStmt(alter) => Self::altered(ObjectKind::Database, self.found(&alter.dbname)),
            NodeEnum::AlterExtensionStmt(alter) => Self::altered(ObjectKind::Extension, self.found(&alter.extname)),
            NodeEnum::AlterStatsStmt(alter) => Self::altered(other("statistics"), self.listed_name(&alter.defnames)),
            NodeEnum::AlterEventTrigStmt(alter) => Self::altered(ObjectKind::EventTrigger, self.found(&alter.trigname)),
            NodeEnum::AlterPublicationStmt(alter) => Self::altered(other("publication"), self.found(&alter.pubname)),
            NodeEnum::AlterSubscriptionStmt(alter) => Self::altered(other("subscription"), self.found(&alter.subname)),
            NodeEnum::RenameStmt(rename) => self.rename(rename),
            NodeEnum::AlterObjectSchemaStmt(alter) => Act::SetSchema {
                object: Box::new(self.object_of(
                    alter.object_type(),
                    alter.relation.as_ref(),
                    alter.object.as_deref(),
                    None,
                )),
                to: Ident::from(alter.newschema.as_str()),
                if_exists: alter.missing_ok,
            },
            NodeEnum::DropStmt(drop) => Act::Drop {
                objects: drop
                    .objects
                    .iter()
                    .map(|node| self.object_of(drop.remove_type(), None, Some(node), None))
                    .collect(),
                if_exists: drop.missing_ok,
                cascade: drop.behavior() == DropBehavior::DropCascade,
                concurrently: drop.concurrent,
            },
            NodeEnum::DropRoleStmt(drop) => Act::Drop {
                objects: drop
                    .roles
                    .iter()
                    .filter_map(role_of)
                    .map(|role| Self::object(ObjectKind::Role, self.found(&role)))
                    .collect(),
                if_exists: drop.missing_ok,
                cascade: false,
                concurrently: false,
            },
            NodeEnum::DropOwnedStmt(drop) => Act::Drop {
                objects: drop
                    .roles
                    .iter()
                    .filter_map(role_of)
                    .map(|role| Self::object(other("owned"), self.found(&role)))
                    .collect(),
                if_exists: false,
                cascade: drop.behavior() == DropBehavior::DropCascade,
                concurrently: false,
            },
            NodeEnum::ReassignOwnedStmt(reassign) => {
                let role = reassign.roles.iter().find_map(role_of).unwrap_or_default();
                Self::altered(other("owned"), self.found(&role))
            }
            NodeEnum::CommentStmt(comment) => Act::Comment {
                object: Box::new(self.object_of(comment.objtype(), None, comment.object.as_deref(), None)),
                text: written(&comment.comment),
            },
            NodeEnum::SecLabelStmt(label) => Act::Comment {
                object: Box::new(self.object_of(label.objtype(), None, label.object.as_deref(), None)),
                text: written(&label.label),
            },
            NodeEnum::GrantStmt(grant) => self.grant(grant),
            NodeEnum::AlterDefaultPrivilegesStmt(alter) => {
                let grant = alter.action.as_ref()?;
                let mut act = self.grant(grant);
                if let Act::Grant { objects, each, later, .. } = &mut act {
                    let listed = |name: &str| {
                        let option = alter.options.iter().find_map(|node| match &node.node {
                            Some(NodeEnum::DefElem(option)) if option.defname == name => option.arg.as_deref(),
                            _ => None,
                        });
                        match option.and_then(|value| value.node.as_ref()) {
                            Some(NodeEnum::List(list)) => list.items.as_slice(),
                            _ => &[],
                        }
                    };
                    let schemas = strings(listed("schemas"));
                    *objects = schemas.iter().map(|name| Self::object(ObjectKind::Schema, self.found(name))).collect();
                    *each = Some(kind_of(grant.objtype()));
                    *later = Some(listed("roles").iter().filter_map(role_of).collect());
                }
                act
            }
            NodeEnum::GrantRoleStmt(grant) => {
                let objects = grant.granted_roles.iter().filter_map(|node| match &node.node {
                    Some(NodeEnum::AccessPriv(role)) => {
                        Some(Self::object(ObjectKind::Role, self.found(&role.priv_name)))
                    }
                    _ => None,
                });
                Act::Grant {
                    grant: grant.is_grant,
                    objects: objects.collect(),
                    each: None,
                    later: None,
                    privileges: Vec::new(),
                    grantees: grant.grantee_roles.iter().filter_map(role_of).collect(),
                    option: false,
                    cascade: grant.behavior() == DropBehavior::DropCascade,
                }
            }
            _ => return None,
        })
    }

    fn object(kind: ObjectKind, name: Name) -> Object {
        Object { kind, name, part: None, arguments: None }
    }

    fn altered(kind: ObjectKind, name: Name) -> Act {
        alter_of(Self::object(kind, name))
    }

    /// The call of a function that a definition names.
    fn called(&self, path: &[Node]) -> Expr {
        let function = Box::new(self.listed_name(path));
        let at = function.at;
        let (arguments, filter) = (Box::default(), None);
        Expr { at, kind: ExprKind::Call { function, arguments, star: false, distinct: false, filter, over: false } }
    }

    /// A name without a schema that PostgreSQL gives no place for.
    fn found(&self, name: &str) -> Name {
        Name::plain(name, self.find(&[name]))
    }

    fn create_type(&self, name: &[Node], labels: Vec<Ident>, attributes: Vec<Column>) -> Act {
        Act::CreateType {
            kind: ObjectKind::Type,
            name: self.listed_name(name),
            labels: labels.into(),
            attributes: attributes.into(),
            base: None,
            constraints: Box::default(),
        }
    }

    /// The server or the wrapper without which something cannot be.
    fn needed(&self, name: &str) -> Expr {
        Expr { at: self.here(), kind: ExprKind::Column(vec![Ident::from(name)]) }
    }

    /// The conditions of a policy.
    fn conditions(&self, using: Option<&Node>, check: Option<&Node>) -> Vec<Expr> {
        self.under("using", using).into_iter().chain(self.under("with check", check)).collect()
    }

    fn owned_by(&self, options: &[Node]) -> Vec<Expr> {
        let owner = options.iter().find_map(|node| match &node.node {
            Some(NodeEnum::DefElem(option)) if option.defname == "owned_by" => Some(option),
            _ => None,
        });
        let Some(owner) = owner else { return Vec::new() };
        let path = strings(owner.arg.as_deref().map(items).unwrap_or_default());
        vec![Expr { at: self.at(owner.location), kind: ExprKind::Column(path) }]
    }

    fn create_table(&self, create: &protobuf::CreateStmt) -> Act {
        let mut columns = Vec::new();
        let mut constraints = Vec::new();
        let mut like = Vec::new();
        for element in &create.table_elts {
            match &element.node {
                Some(NodeEnum::ColumnDef(column)) => columns.push(self.column(column)),
                Some(NodeEnum::TableLikeClause(clause)) => like.push(self.like_clause(clause, columns.len())),
                _ => constraints.extend(self.constraint_of(element, None)),
            }
        }
        constraints.extend(create.constraints.iter().filter_map(|node| self.constraint_of(node, None)));
        Act::CreateTable {
            name: self.relation(create.relation.as_ref()),
            if_not_exists: create.if_not_exists,
            temporary: is_temporary(create.relation.as_ref()),
            columns: columns.into(),
            constraints: constraints.into(),
            inherits: self.relations(&create.inh_relations).into(),
            partition: create.partbound.is_some(),
            partitioned: create.partspec.is_some(),
            like: like.into(),
            of: create.of_typename.as_ref().map(|of| Box::new(self.type_name(Some(of)).name)),
            drop_on_commit: create.oncommit() == OnCommitAction::OncommitDrop,
            bounds: create.partbound.iter().flat_map(|bound| self.bounds(bound)).collect(),
            properties: property::relation(create.relation.as_ref(), &create.tablespacename, &create.access_method)
                .into_iter()
                .chain(property::storage(&create.options))
                .collect(),
        }
    }

    fn bounds(&self, bound: &protobuf::PartitionBoundSpec) -> Vec<Expr> {
        let values = bound.listdatums.iter().chain(&bound.lowerdatums).chain(&bound.upperdatums);
        values.map(|value| self.expr(Some(value))).filter(crate::effect::has_call).collect()
    }

    fn like_clause(&self, clause: &protobuf::TableLikeClause, after: usize) -> Like {
        // PostgreSQL's nodes/parsenodes.h: the bits of TableLikeOption.
        let options = [
            ("comments", 0),
            ("constraints", 2),
            ("defaults", 3),
            ("generated", 4),
            ("identity", 5),
            ("indexes", 6),
            ("statistics", 7),
            ("storage", 8),
        ];
        Like {
            name: self.relation(clause.relation.as_ref()),
            including: options
                .into_iter()
                .filter(|(_, bit)| clause.options & (1 << bit) != 0)
                .map(|(name, _)| Ident::new_static(name))
                .collect(),
            after,
        }
    }

    fn column_of(&self, node: &Node) -> Option<Column> {
        match &node.node {
            Some(NodeEnum::ColumnDef(column)) => Some(self.column(column)),
            _ => None,
        }
    }

    fn column(&self, column: &protobuf::ColumnDef) -> Column {
        let name = Ident::from(column.colname.as_str());
        let mut lowered = Column {
            name: name.clone(),
            kind: column.type_name.as_ref().map(|kind| self.type_name(Some(kind))),
            not_null: column.is_not_null,
            default: self.optional(column.raw_default.as_deref()),
            generated: None,
            identity: None,
            constraints: Vec::new(),
            properties: Properties::default(),
            at: self.at(column.location),
        };
        let mut said: Vec<_> = property::one("storage", &column.storage_name).into_iter().collect();
        said.extend(property::one("compression", &column.compression));
        if column.coll_clause.is_some() {
            said.push(property::collation(column.coll_clause.as_deref()));
        }
        for node in &column.constraints {
            let Some(NodeEnum::Constraint(constraint)) = &node.node else { continue };
            match constraint.contype() {
                ConstrType::ConstrNotnull => lowered.not_null = true,
                ConstrType::ConstrDefault => lowered.default = self.optional(constraint.raw_expr.as_deref()),
                ConstrType::ConstrGenerated => lowered.generated = self.optional(constraint.raw_expr.as_deref()),
                ConstrType::ConstrIdentity => {
                    lowered.identity = Some(identity(&constraint.generated_when));
                    said.extend(property::sequence(&constraint.options));
                }
                // They belong to the constraint before them.
                ConstrType::ConstrAttrDeferrable | ConstrType::ConstrAttrDeferred => {
                    if let Some(before) = lowered.constraints.last_mut() {
                        let is_deferred = constraint.contype() == ConstrType::ConstrAttrDeferred;
                        before.deferral = before.deferral.with(true, is_deferred);
                    }
                }
                _ => lowered.constraints.extend(self.constraint(constraint, Some(&name))),
            }
        }
        lowered.constraints.shrink_to_fit();
        lowered.properties = said.into_iter().collect();
        lowered
    }

    fn constraint_of(&self, node: &Node, column: Option<&Ident>) -> Option<Constraint> {
        match &node.node {
            Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint, column),
            _ => None,
        }
    }

    fn constraint(&self, constraint: &protobuf::Constraint, column: Option<&Ident>) -> Option<Constraint> {
        let columns = |keys: &[Node]| {
            let keys = strings(keys);
            if keys.is_empty() { column.cloned().into_iter().collect() } else { keys }
        };
        let kind = match constraint.contype() {
            ConstrType::ConstrPrimary => {
                ConstraintKind::PrimaryKey { columns: columns(&constraint.keys), index: written(&constraint.indexname) }
            }
            ConstrType::ConstrUnique => ConstraintKind::Unique {
                columns: columns(&constraint.keys),
                index: written(&constraint.indexname),
                nulls_equal: constraint.nulls_not_distinct,
            },
            ConstrType::ConstrForeign => ConstraintKind::ForeignKey {
                columns: columns(&constraint.fk_attrs),
                references: self.relation(constraint.pktable.as_ref()),
                referenced: strings(&constraint.pk_attrs),
                on_delete: referential(&constraint.fk_del_action),
                on_update: referential(&constraint.fk_upd_action),
            },
            ConstrType::ConstrCheck => ConstraintKind::Check(self.expr(constraint.raw_expr.as_deref())),
            ConstrType::ConstrNotnull => ConstraintKind::NotNull(columns(&constraint.keys)),
            ConstrType::ConstrExclusion => ConstraintKind::Exclude(
                constraint
                    .exclusions
                    .iter()
                    .filter_map(|node| items(node).first())
                    .filter_map(|node| match &node.node {
                        Some(NodeEnum::IndexElem(element)) => Some(match self.index_of(element) {
                            IndexOf::Expression(expr) => expr,
                            IndexOf::Column(name) => Expr { at: self.here(), kind: ExprKind::Column(vec![name]) },
                        }),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => return None,
        };
        Some(Constraint {
            name: written(&constraint.conname),
            kind,
            not_valid: constraint.skip_validation && constraint.contype() != ConstrType::ConstrNotnull,
            no_inherit: constraint.is_no_inherit && constraint.contype() == ConstrType::ConstrCheck,
            deferral: Deferral::default().with(constraint.deferrable, constraint.initdeferred),
            include: strings(&constraint.including).into(),
            properties: Self::constrained(constraint),
            at: self.at(constraint.location),
        })
    }

    /// What a constraint says of its index and of how it is met.
    fn constrained(constraint: &protobuf::Constraint) -> Properties {
        let matched = match constraint.fk_matchtype.as_str() {
            "f" => property::one("match", "full"),
            "p" => property::one("match", "partial"),
            _ => None,
        };
        let operators = constraint.exclusions.iter().filter_map(|node| items(node).get(1));
        let operators: Vec<Ident> = operators.filter_map(|node| strings(items(node)).pop()).collect();
        let elements: Vec<Node> =
            constraint.exclusions.iter().filter_map(|node| items(node).first()).cloned().collect();
        property::storage(&constraint.options)
            .chain(property::one("tablespace", &constraint.indexspace))
            .chain(property::one("access method", &constraint.access_method))
            .chain(property::one("operators", &operators.join(", ")))
            .chain(property::keys(&elements))
            .chain(property::one("columns set", &strings(&constraint.fk_del_set_cols).join(", ")))
            .chain(matched)
            .collect::<Properties>()
            .of_definition()
    }

    fn index_of(&self, element: &protobuf::IndexElem) -> IndexOf {
        match self.optional(element.expr.as_deref()) {
            Some(expr) => IndexOf::Expression(expr),
            None => IndexOf::Column(Ident::from(element.name.as_str())),
        }
    }

    fn create_index(&self, index: &protobuf::IndexStmt) -> Act {
        let elements = |nodes: &[Node]| -> Vec<IndexOf> {
            those(nodes, |node| match &node.node {
                Some(NodeEnum::IndexElem(element)) => Some(self.index_of(element)),
                _ => None,
            })
        };
        let include = elements(&index.index_including_params).into_iter().filter_map(|part| match part {
            IndexOf::Column(name) => Some(name),
            IndexOf::Expression(_) => None,
        });
        Act::CreateIndex {
            name: written(&index.idxname),
            table: self.relation(index.relation.as_ref()),
            only: index.relation.as_ref().is_some_and(|relation| !relation.inh),
            unique: index.unique,
            concurrently: index.concurrent,
            if_not_exists: index.if_not_exists,
            parts: elements(&index.index_params),
            include: include.collect(),
            filter: self.optional(index.where_clause.as_deref()).map(Box::new),
            nulls_equal: index.nulls_not_distinct,
            properties: property::storage(&index.options)
                .chain(property::one("access method", &index.access_method))
                .chain(property::one("tablespace", &index.table_space))
                .chain(property::keys(&index.index_params))
                .collect::<Properties>()
                .of_definition(),
        }
    }

    fn create_trigger(&self, trigger: &protobuf::CreateTrigStmt) -> Act {
        // PostgreSQL's catalog/pg_trigger.h: the bits of an event.
        let events = [("insert", 4), ("update", 16), ("delete", 8), ("truncate", 32)];
        let parts: Vec<&str> = trigger.funcname.iter().filter_map(string).collect();
        let table = self.relation(trigger.relation.as_ref());
        Act::CreateTrigger {
            name: Ident::from(trigger.trigname.as_str()),
            or_replace: trigger.replace,
            table,
            timing: match trigger.timing {
                2 => TriggerTiming::Before,
                64 => TriggerTiming::InsteadOf,
                _ => TriggerTiming::After,
            },
            events: events
                .into_iter()
                .filter(|(_, bit)| trigger.events & bit != 0)
                .map(|(name, _)| Ident::new_static(name))
                .collect(),
            columns: strings(&trigger.columns).into(),
            row: trigger.row,
            condition: self.optional(trigger.when_clause.as_deref()).map(Box::new),
            function: Box::new(named(&parts, self.find(&parts))),
            arguments: strings(&trigger.args).into(),
            constraint: trigger.isconstraint,
            properties: trigger
                .transition_rels
                .iter()
                .filter_map(|node| match &node.node {
                    Some(NodeEnum::TriggerTransition(rows)) => {
                        property::one(if rows.is_new { "new table" } else { "old table" }, &rows.name)
                    }
                    _ => None,
                })
                .collect(),
        }
    }

    fn alter_action(&self, node: &Node) -> AlterAction {
        let Some(NodeEnum::AlterTableCmd(command)) = &node.node else {
            return unread();
        };
        let definition = command.def.as_deref();
        let name = || Ident::from(command.name.as_str());
        let cascade = command.behavior() == DropBehavior::DropCascade;
        let trigger = |named: bool, state| AlterAction::Trigger { name: named.then(name), state };
        let row_security = |words| AlterAction::RowSecurity(Ident::new_static(words));
        let partition = || match definition.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::PartitionCmd(partition)) => (self.relation(partition.name.as_ref()), partition.concurrent),
            _ => (Name::plain("", self.here()), false),
        };
        let parent = || match definition.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::RangeVar(relation)) => self.relation(Some(relation)),
            _ => Name::plain("", self.here()),
        };
        match command.subtype() {
            AlterTableType::AtAddColumn => match definition.and_then(|node| self.column_of(node)) {
                Some(column) => AlterAction::AddColumn { if_not_exists: command.missing_ok, column: Box::new(column) },
                None => unread(),
            },
            AlterTableType::AtDropColumn => {
                AlterAction::DropColumn { if_exists: command.missing_ok, name: name(), cascade }
            }
            AlterTableType::AtAlterColumnType => {
                let column = match definition.and_then(|node| node.node.as_ref()) {
                    Some(NodeEnum::ColumnDef(column)) => Some(column),
                    _ => None,
                };
                AlterAction::ColumnType {
                    column: name(),
                    to: self.type_name(column.and_then(|column| column.type_name.as_ref())),
                    using: column.and_then(|column| self.optional(column.raw_default.as_deref())),
                    properties: [property::collation(column.and_then(|column| column.coll_clause.as_deref()))]
                        .into_iter()
                        .collect(),
                }
            }
            AlterTableType::AtColumnDefault => {
                AlterAction::ColumnDefault { column: name(), value: self.optional(definition) }
            }
            AlterTableType::AtSetNotNull => AlterAction::ColumnNotNull { column: name(), set: true },
            AlterTableType::AtDropNotNull => AlterAction::ColumnNotNull { column: name(), set: false },
            AlterTableType::AtAddConstraint => match definition.and_then(|node| self.constraint_of(node, None)) {
                Some(constraint) => AlterAction::AddConstraint(constraint),
                None => AlterAction::Other {
                    what: Ident::new_static("add constraint"),
                    part: None,
                    properties: Properties::default(),
                },
            },
            AlterTableType::AtDropConstraint => {
                AlterAction::DropConstraint { if_exists: command.missing_ok, name: name(), cascade }
            }
            AlterTableType::AtValidateConstraint => AlterAction::ValidateConstraint(name()),
            AlterTableType::AtAlterConstraint => match command.def.as_deref().and_then(|def| def.node.as_ref()) {
                Some(NodeEnum::AtalterConstraint(altered)) => AlterAction::AlterConstraint {
                    name: Ident::from(altered.conname.as_str()),
                    deferral: altered
                        .alter_deferrability
                        .then(|| Deferral::default().with(altered.deferrable, altered.initdeferred)),
                },
                _ => unread(),
            },
            AlterTableType::AtEnableTrig => trigger(true, TriggerState::Enabled),
            AlterTableType::AtEnableAlwaysTrig => trigger(true, TriggerState::Always),
            AlterTableType::AtEnableReplicaTrig => trigger(true, TriggerState::Replica),
            AlterTableType::AtDisableTrig => trigger(true, TriggerState::Disabled),
            AlterTableType::AtEnableTrigAll | AlterTableType::AtEnableTrigUser => trigger(false, TriggerState::Enabled),
            AlterTableType::AtDisableTrigAll | AlterTableType::AtDisableTrigUser => {
                trigger(false, TriggerState::Disabled)
            }
            AlterTableType::AtChangeOwner => {
                AlterAction::Owner(command.newowner.as_ref().map(role).unwrap_or_default())
            }
            AlterTableType::AtEnableRowSecurity => row_security("enable row level security"),
            AlterTableType::AtDisableRowSecurity => row_security("disable row level security"),
            AlterTableType::AtForceRowSecurity => row_security("force row level security"),
            AlterTableType::AtNoForceRowSecurity => row_security("no force row level security"),
            AlterTableType::AtAttachPartition => AlterAction::Attach(partition().0),
            AlterTableType::AtDetachPartition => {
                let (name, concurrently) = partition();
                AlterAction::Detach { name, concurrently }
            }
            AlterTableType::AtAddInherit => AlterAction::Inherit { parent: parent(), add: true },
            AlterTableType::AtDropInherit => AlterAction::Inherit { parent: parent(), add: false },
            other => {
                let what = other.as_str_name().trim_start_matches("AT_");
                let mut what = words(what);
                let properties = property::altered(&what, command).into_iter().collect();
                if let Some(identity) = command.def.as_deref().and_then(generated_as) {
                    what = format!("{what} {}", identity.words());
                }
                AlterAction::Other { what: Ident::from(what), part: written(&command.name), properties }
            }
        }
    }

    fn rename(&self, rename: &protobuf::RenameStmt) -> Act {
        let kind = rename.rename_type();
        let relation = rename.relation.as_ref();
        let (object, part) = match kind {
            ObjectType::ObjectColumn | ObjectType::ObjectAttribute => {
                let name = self.relation(relation);
                (Self::object(ObjectKind::Column, name), written(&rename.subname))
            }
            ObjectType::ObjectTabconstraint => {
                let name = self.relation(relation);
                (Self::object(ObjectKind::Constraint, name), written(&rename.subname))
            }
            ObjectType::ObjectTrigger | ObjectType::ObjectPolicy | ObjectType::ObjectRule => {
                let part = written(&rename.subname);
                let object = Object { kind: kind_of(kind), name: self.relation(relation), part, arguments: None };
                (object, None)
            }
            ObjectType::ObjectDomconstraint => {
                let domain = rename.object.as_deref().map(items).unwrap_or_default();
                (Self::object(ObjectKind::Constraint, self.listed_name(domain)), written(&rename.subname))
            }
            ObjectType::ObjectSchema
            | ObjectType::ObjectRole
            | ObjectType::ObjectDatabase
            | ObjectType::ObjectTablespace
                if rename.object.is_none() =>
            {
                (Self::object(kind_of(kind), self.found(&rename.subname)), None)
            }
            _ => (self.object_of(kind, relation, rename.object.as_deref(), None), None),
        };
        Act::Rename {
            object: Box::new(object),
            part,
            to: Ident::from(rename.newname.as_str()),
            if_exists: rename.missing_ok,
        }
    }

    fn grant(&self, grant: &protobuf::GrantStmt) -> Act {
        let is_each = grant.targtype() == GrantTargetType::AclTargetAllInSchema;
        let kind = if is_each { ObjectType::ObjectSchema } else { grant.objtype() };
        let privileges = grant.privileges.iter().filter_map(|node| match &node.node {
            Some(NodeEnum::AccessPriv(privilege)) => {
                let columns = strings(&privilege.cols);
                let name = if privilege.priv_name.is_empty() { "all" } else { &privilege.priv_name };
                let suffix = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
                Some(Ident::from(format!("{name}{suffix}")))
            }
            _ => None,
        });
        Act::Grant {
            grant: grant.is_grant,
            objects: grant.objects.iter().map(|node| self.object_of(kind, None, Some(node), None)).collect(),
            each: is_each.then(|| kind_of(grant.objtype())),
            later: None,
            privileges: privileges.collect(),
            grantees: grant.grantees.iter().filter_map(role_of).collect(),
            option: grant.grant_option,
            cascade: grant.behavior() == DropBehavior::DropCascade,
        }
    }

    fn function_object(&self, kind: ObjectKind, function: Option<&protobuf::ObjectWithArgs>) -> Object {
        let Some(function) = function else { return Self::object(kind, Name::plain("", self.here())) };
        let name = self.listed_name(&function.objname);
        let arguments = function.objargs.iter().filter_map(|node| match &node.node {
            Some(NodeEnum::TypeName(kind)) => Some(self.type_name(Some(kind))),
            _ => None,
        });
        let arguments = (!function.args_unspecified).then(|| arguments.collect());
        Object { kind, name, part: None, arguments }
    }

    /// The object of a statement that names its kind and the object apart.
    fn object_of(
        &self,
        kind: ObjectType,
        relation: Option<&protobuf::RangeVar>,
        object: Option<&Node>,
        part: Option<Ident>,
    ) -> Object {
        let called = kind_of(kind);
        if let Some(relation) = relation {
            return Object { kind: called, name: self.relation(Some(relation)), part, arguments: None };
        }
        let Some(node) = object.and_then(|node| node.node.as_ref()) else {
            return Self::object(called, Name::plain("", self.here()));
        };
        match node {
            NodeEnum::RangeVar(relation) => {
                Object { kind: called, name: self.relation(Some(relation)), part, arguments: None }
            }
            NodeEnum::ObjectWithArgs(function) => self.function_object(called, Some(function)),
            NodeEnum::TypeName(kind) => Self::object(called, self.type_name(Some(kind)).name),
            NodeEnum::String(name) => Self::object(called, self.found(&name.sval)),
            NodeEnum::RoleSpec(spec) => Self::object(called, self.found(&role(spec))),
            NodeEnum::List(list) if kind == ObjectType::ObjectCast => {
                let types = list.items.iter().filter_map(|item| match &item.node {
                    Some(NodeEnum::TypeName(name)) => Some(self.type_name(Some(name))),
                    _ => None,
                });
                cast_of(types.collect())
            }
            NodeEnum::List(list) => {
                let parts: Vec<&str> = list.items.iter().filter_map(string).collect();
                match (&called, parts.split_last()) {
                    (
                        ObjectKind::Trigger
                        | ObjectKind::Policy
                        | ObjectKind::Rule
                        | ObjectKind::Constraint
                        | ObjectKind::Column,
                        Some((part_name, table)),
                    ) if !table.is_empty() => {
                        let before = self.cursor.get();
                        let at = self.find(&[part_name]);
                        if called == ObjectKind::Column {
                            self.cursor.set(before);
                        }
                        let name = named(table, self.find(table));
                        let name =
                            Name { at: if called == ObjectKind::Column { name.at } else { at.to(name.at) }, ..name };
                        Object { kind: called, name, part: Some(Ident::from(*part_name)), arguments: None }
                    }
                    // Before the name of an operator class stands its access method.
                    _ if matches!(kind, ObjectType::ObjectOpclass | ObjectType::ObjectOpfamily) => {
                        Self::object(called, self.listed_name(list.items.get(1..).unwrap_or_default()))
                    }
                    _ => Self::object(called, self.listed_name(&list.items)),
                }
            }
            _ => Self::object(called, Name::plain("", self.here())),
        }
    }

    fn create_function(&self, create: &protobuf::CreateFunctionStmt) -> Function {
        let option = |name: &str| {
            create.options.iter().find_map(|node| match &node.node {
                Some(NodeEnum::DefElem(option)) if option.defname == name => Some(option.as_ref()),
                _ => None,
            })
        };
        let word = |name: &str| option(name).and_then(|option| option.arg.as_deref()).and_then(string);
        let flag = |name: &str| option(name).and_then(|option| option.arg.as_deref()).is_some_and(is_true);
        let name = self.listed_name(&create.funcname);
        let body = self.function_body(create, option("as"));
        let language = word("language").map(str::to_ascii_lowercase);
        let table = create.parameters.iter().any(|node| match &node.node {
            Some(NodeEnum::FunctionParameter(parameter)) => parameter.mode() == FunctionParameterMode::FuncParamTable,
            _ => false,
        });
        let returns = if table {
            let name = Name::plain("record", name.at);
            Some(Type { name, modifiers: Vec::new(), array: false, set: true })
        } else {
            create.return_type.as_ref().map(|returns| self.type_name(Some(returns)))
        };
        let settings = create.options.iter().filter_map(|node| match &node.node {
            Some(NodeEnum::DefElem(option)) if option.defname == "set" => {
                match option.arg.as_deref().and_then(|node| node.node.as_ref()) {
                    Some(NodeEnum::VariableSetStmt(set)) => {
                        Some((Ident::from(set.name.to_ascii_lowercase()), self.exprs(&set.args)))
                    }
                    _ => None,
                }
            }
            _ => None,
        });
        Function {
            procedure: create.is_procedure,
            or_replace: create.replace,
            arguments: create.parameters.iter().filter_map(|node| self.argument(node)).collect(),
            returns,
            language: language.map_or(Ident::new_static("sql"), Ident::from),
            body,
            atomic: create.sql_body.as_ref().is_some_and(|body| body.node.is_some()),
            reads_only: matches!(word("volatility"), Some("immutable" | "stable")),
            definer: flag("security"),
            strict: flag("strict"),
            settings: settings.collect(),
            properties: property::function(&create.options, false),
            name,
        }
    }

    fn argument(&self, node: &Node) -> Option<Argument> {
        let Some(NodeEnum::FunctionParameter(parameter)) = &node.node else { return None };
        let mode = parameter.mode();
        Some(Argument {
            name: written(&parameter.name),
            kind: self.type_name(parameter.arg_type.as_ref()),
            input: !matches!(mode, FunctionParameterMode::FuncParamOut | FunctionParameterMode::FuncParamTable),
            output: matches!(
                mode,
                FunctionParameterMode::FuncParamOut
                    | FunctionParameterMode::FuncParamInout
                    | FunctionParameterMode::FuncParamTable
            ),
            default: self.optional(parameter.defexpr.as_deref()),
        })
    }

    fn function_body(&self, create: &protobuf::CreateFunctionStmt, source: Option<&DefElem>) -> Body {
        let language = create.options.iter().find_map(|node| match &node.node {
            Some(NodeEnum::DefElem(option)) if option.defname == "language" => {
                option.arg.as_deref().and_then(string).map(str::to_ascii_lowercase)
            }
            _ => None,
        });
        if let Some(body) = create.sql_body.as_deref().filter(|body| body.node.is_some()) {
            return Body::Sql(self.atomic(body));
        }
        let language = language.unwrap_or_else(|| "sql".to_owned());
        let texts = source.and_then(|source| source.arg.as_deref()).map(items).unwrap_or_default();
        // The option starts at AS; the text is the token after it.
        let place = source
            .and_then(|source| usize::try_from(source.location).ok())
            .and_then(|offset| token::next(self.text, offset))
            .and_then(|word| token::next(self.text, word.span.end));
        match (texts, place) {
            ([_], Some(place)) => self.body(&language, place.span),
            _ => opaque(format!("the language is {language}"), self.here()),
        }
    }

    pub(super) fn do_block(&self, block: &protobuf::DoStmt) -> Act {
        let option = |name: &str| {
            block.args.iter().find_map(|node| match &node.node {
                Some(NodeEnum::DefElem(option)) if option.defname == name => Some(option.as_ref()),
                _ => None,
            })
        };
        let language = option("language").and_then(|option| option.arg.as_deref()).and_then(string);
        let language = language.map_or_else(|| "plpgsql".to_owned(), str::to_ascii_lowercase);
        let place = option("as")
            .and_then(|option| usize::try_from(option.location).ok())
            .and_then(|offset| token::next(self.text, offset));
        Act::Do(match place {
            Some(place) => self.body(&language, place.span),
            None => opaque("it has no text".to_owned(), self.here()),
        })
    }

    /// A body that is a string.
    fn body(&self, language: &str, place: crate::source::Span) -> Body {
        let at = self.place(place);
        let decoded = match token::decode_text(self.text, place) {
            Ok(decoded) => decoded,
            Err(error) => return opaque(error.message, at),
        };
        let map = self.map.then(&decoded.steps);
        match language {
            "plpgsql" => match plpgsql::block(&decoded.text, &map, Self::body_parser()) {
                Ok(block) => Body::PlPgSql(Box::new(block)),
                Err(error) => opaque(error.message, error.at),
            },
            "sql" => match super::statements(&decoded.text, &map) {
                Ok(statements) => Body::Sql(statements),
                Err(error) => opaque(error.message, error.at),
            },
            _ => opaque(format!("the language is {language}"), at),
        }
    }

    fn atomic(&self, node: &Node) -> Vec<Statement> {
        match &node.node {
            Some(NodeEnum::List(list)) => list.items.iter().flat_map(|node| self.atomic(node)).collect(),
            Some(_) => vec![self.statement(Some(node))],
            None => Vec::new(),
        }
    }
}

fn opaque(why: String, at: At) -> Body {
    Body::Opaque { why: Ident::from(why), at }
}

fn create_of(object: Object, if_not_exists: bool, or_replace: bool) -> Act {
    Act::Create {
        object: Box::new(object),
        if_not_exists,
        or_replace,
        temporary: false,
        members: Vec::new(),
        parts: Vec::new(),
        properties: Properties::default(),
    }
}

fn with_parts(mut act: Act, given: Vec<Expr>) -> Act {
    if let Act::Create { parts, .. } = &mut act {
        *parts = given;
    }
    act
}

fn alter_of(object: Object) -> Act {
    Act::Alter {
        object: Box::new(object),
        what: Ident::new_static("options"),
        if_exists: false,
        value: None,
        properties: Properties::default(),
        parts: Vec::new(),
    }
}

fn unread() -> AlterAction {
    AlterAction::Other { what: Ident::new_static("unread"), part: None, properties: Properties::default() }
}

fn other(name: &'static str) -> ObjectKind {
    ObjectKind::Other(Ident::new_static(name))
}

/// `AT_SetStatistics` as words: `set statistics`.
fn words(camel: &str) -> String {
    let mut words = String::new();
    for character in camel.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

fn referential(letter: &str) -> ReferentialAction {
    match letter {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

fn is_true(node: &Node) -> bool {
    match &node.node {
        Some(NodeEnum::Boolean(boolean)) => boolean.boolval,
        Some(NodeEnum::Integer(integer)) => integer.ival != 0,
        _ => false,
    }
}

fn role(spec: &protobuf::RoleSpec) -> Ident {
    Ident::from(match spec.roletype() {
        RoleSpecType::RolespecCurrentRole => "current_role",
        RoleSpecType::RolespecCurrentUser => "current_user",
        RoleSpecType::RolespecSessionUser => "session_user",
        RoleSpecType::RolespecPublic => "public",
        RoleSpecType::RolespecCstring | RoleSpecType::Undefined => spec.rolename.as_str(),
    })
}

pub(super) fn role_of(node: &Node) -> Option<Ident> {
    match &node.node {
        Some(NodeEnum::RoleSpec(spec)) => Some(role(spec)),
        _ => None,
    }
}

/// A cast: it is called by what it makes.
fn cast_of(types: Vec<Type>) -> Object {
    let name = types.last().map_or_else(|| Name::plain("", At::default()), |target| target.name.clone());
    Object { kind: other("cast"), name, part: None, arguments: Some(types) }
}

fn kind_of(kind: ObjectType) -> ObjectKind {
    match kind {
        ObjectType::ObjectTable => ObjectKind::Table,
        ObjectType::ObjectView => ObjectKind::View,
        ObjectType::ObjectMatview => ObjectKind::MaterializedView,
        ObjectType::ObjectForeignTable => ObjectKind::ForeignTable,
        ObjectType::ObjectIndex => ObjectKind::Index,
        ObjectType::ObjectSequence => ObjectKind::Sequence,
        ObjectType::ObjectFunction => ObjectKind::Function,
        ObjectType::ObjectProcedure => ObjectKind::Procedure,
        ObjectType::ObjectRoutine => ObjectKind::Routine,
        ObjectType::ObjectAggregate => ObjectKind::Aggregate,
        ObjectType::ObjectType => ObjectKind::Type,
        ObjectType::ObjectDomain => ObjectKind::Domain,
        ObjectType::ObjectSchema => ObjectKind::Schema,
        ObjectType::ObjectExtension => ObjectKind::Extension,
        ObjectType::ObjectTrigger => ObjectKind::Trigger,
        ObjectType::ObjectEventTrigger => ObjectKind::EventTrigger,
        ObjectType::ObjectPolicy => ObjectKind::Policy,
        ObjectType::ObjectRule => ObjectKind::Rule,
        ObjectType::ObjectTabconstraint | ObjectType::ObjectDomconstraint => ObjectKind::Constraint,
        ObjectType::ObjectColumn | ObjectType::ObjectAttribute => ObjectKind::Column,
        ObjectType::ObjectRole => ObjectKind::Role,
        ObjectType::ObjectDatabase => ObjectKind::Database,
        ObjectType::ObjectLanguage => ObjectKind::Language,
        ObjectType::ObjectForeignServer => other("server"),
        ObjectType::ObjectFdw => other("foreign data wrapper"),
        ObjectType::ObjectStatisticExt => other("statistics"),
        other_kind => {
            let name = other_kind.as_str_name().trim_start_matches("OBJECT_").replace('_', " ");
            ObjectKind::Other(Ident::from(name.to_ascii_lowercase()))
        }
    }
}

fn identity(when: &str) -> Identity {
    if when == "a" { Identity::Always } else { Identity::ByDefault }
}

/// How an identity is generated that `ALTER TABLE` adds or changes, if it says so.
fn generated_as(node: &Node) -> Option<Identity> {
    match node.node.as_ref()? {
        NodeEnum::Constraint(constraint) => Some(identity(&constraint.generated_when)),
        NodeEnum::List(options) => options.items.iter().find_map(|option| match option.node.as_ref()? {
            NodeEnum::DefElem(option) if option.defname == "generated" => match option.arg.as_deref()?.node.as_ref()? {
                NodeEnum::Integer(letter) => {
                    Some(if letter.ival == i32::from(b'a') { Identity::Always } else { Identity::ByDefault })
                }
                _ => None,
            },
            _ => None,
        }),
        _ => None,
    }
}

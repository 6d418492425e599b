//! What a definition says besides what has a field of its own.

use squawk_syntax::SyntaxKind as K;

use super::Lower;
use super::tree::Node;
use crate::effect::{Expr, ExprKind, Ident, Properties};

/// A property and its value; none is what PostgreSQL takes where nothing is said.
type Property = (Ident, Option<Ident>);

pub(super) fn one(name: &'static str, value: impl Into<Ident>) -> Option<Property> {
    let value = value.into();
    (!value.is_empty()).then(|| (Ident::new_static(name), Some(value)))
}

impl Lower<'_> {
    /// Storage parameters; without a value they are true.
    pub(super) fn storage(&self, within: Option<Node>) -> Vec<Property> {
        self.parameters_of(within, |option| {
            Some(option.map_or_else(|| Ident::new_static("true"), |value| self.value(value)))
        })
    }

    /// Storage parameters that are reset.
    fn reset(&self, within: Node) -> Vec<Property> {
        self.parameters_of(Some(within), |_| None)
    }

    fn parameters_of(&self, within: Option<Node>, value: impl Fn(Option<Node>) -> Option<Ident>) -> Vec<Property> {
        let list = within.and_then(|within| within.child(K::ATTRIBUTE_LIST));
        let options = list.into_iter().flat_map(|list| list.all(K::ATTRIBUTE_OPTION));
        let option = |option: Node| {
            let name = self.ident(option.child(K::ATTRIBUTE_NAME));
            let name = match option.child(K::ATTRIBUTE_NAMESPACE) {
                Some(space) => Ident::from(format!("{}.{name}", self.ident(Some(space)))),
                None => name,
            };
            (name, value(option.child(K::ATTRIBUTE_VALUE)))
        };
        options.map(option).collect()
    }

    /// A value of an option as a text: a constant, or the last word of a name.
    fn value(&self, node: Node) -> Ident {
        let sign = if node.has(K::MINUS) || node.child(K::PREFIX_EXPR).is_some_and(|sign| sign.has(K::MINUS)) {
            "-"
        } else {
            ""
        };
        let within = node.child(K::PREFIX_EXPR).unwrap_or(node);
        let literal = if within.kind() == K::LITERAL { Some(within) } else { within.child(K::LITERAL) };
        let value = match literal {
            Some(text) if text.text().ends_with(['\'', '$']) => self.text_of(text),
            // A number, or a word such as OFF.
            Some(word) => Ident::from(word.text().to_ascii_lowercase()),
            None => self.ident(Some(within)),
        };
        if sign.is_empty() { value } else { Ident::from(format!("{sign}{value}")) }
    }

    /// `COLLATE`; a type that is given without it has its own.
    pub(super) fn collation(&self, node: Node) -> Property {
        let collate = node.child(K::COLLATE).map(|collate| self.ident(collate.child(K::COLLATION_REF)));
        (Ident::new_static("collation"), collate)
    }

    /// The relation itself: where and how it is kept.
    pub(super) fn kept(&self, node: Node) -> Vec<Property> {
        let unlogged = node.has(K::UNLOGGED).then(|| (Ident::new_static("unlogged"), Some(Ident::new_static("true"))));
        let mut kept: Vec<Property> = unlogged.into_iter().collect();
        kept.extend(self.placed(node));
        kept.extend(self.storage(node.child(K::WITH_PARAMS)));
        kept
    }

    fn placed(&self, node: Node) -> impl Iterator<Item = Property> {
        let space = node.child_of(&[K::TABLESPACE_CLAUSE, K::CONSTRAINT_INDEX_TABLESPACE]);
        let space = space.and_then(|clause| clause.child(K::TABLESPACE_REF)).map(|space| self.ident(Some(space)));
        let method = node.child_of(&[K::USING_METHOD, K::CONSTRAINT_INDEX_METHOD]);
        let method =
            method.and_then(|method| method.child(K::ACCESS_METHOD_REF)).map(|method| self.ident(Some(method)));
        let method = method.and_then(|method| one("access method", method));
        space.and_then(|space| one("tablespace", space)).into_iter().chain(method)
    }

    /// How an index keeps its keys, by their number.
    fn keys<'n>(&self, items: impl Iterator<Item = Node<'n>>) -> Vec<Property> {
        let key = |(index, item): (usize, Node)| {
            let mut words: Vec<String> = Vec::new();
            let collate = item.child(K::COLLATE).and_then(|collate| collate.child(K::COLLATION_REF));
            words.extend(collate.map(|collation| format!("collate {}", self.ident(Some(collation)))));
            words.extend(item.child(K::OP_CLASS_REF).map(|class| self.ident(Some(class)).to_string()));
            for (name, value) in self.storage(Some(item)) {
                words.push(format!("({name} = {})", value.unwrap_or_default()));
            }
            words.extend(direction(item, ""));
            one_of(format!("key {}", index + 1), words.join(" "))
        };
        items.enumerate().filter_map(key).collect()
    }

    /// What an index says of its keys and of where it is kept.
    pub(super) fn indexed(&self, node: Node) -> Properties {
        let items = node.child(K::PARTITION_ITEM_LIST);
        let keys = self.keys(items.into_iter().flat_map(|list| list.all(K::PARTITION_ITEM)));
        self.kept(node).into_iter().chain(keys).collect::<Properties>().of_definition()
    }

    /// What a constraint says of its index and of how it is met.
    pub(super) fn constrained(&self, node: Node) -> Properties {
        let parameters = node.child(K::INDEX_PARAMETERS).unwrap_or(node);
        let items = || {
            let list = node.child(K::CONSTRAINT_EXCLUSION_LIST);
            list.into_iter().flat_map(|list| list.all(K::CONSTRAINT_EXCLUSION))
        };
        let operator = |item: Node| {
            let operator =
                item.children().filter(|child| child.kind() == K::OP || child.kind() == K::OPERATOR_CALL).last()?;
            Some(operator.text().to_owned())
        };
        let operators: Vec<String> = items().filter_map(operator).collect();
        let set = node.child(K::ON_DELETE_ACTION).and_then(|action| action.nodes().next());
        let set = set.and_then(|set| set.child(K::COLUMN_REF_LIST));
        let set = set.map(|list| self.idents(list.all(K::COLUMN_NAME_REF)).join(", "));
        let is_full = node.has(K::MATCH_FULL).then_some("full");
        self.storage(parameters.child(K::WITH_PARAMS).or(node.child(K::WITH_PARAMS)))
            .into_iter()
            .chain(self.placed(parameters))
            .chain(if parameters.index() == node.index() { Vec::new() } else { self.placed(node).collect() })
            .chain(one("operators", operators.join(", ")))
            .chain(self.keys(items()))
            .chain(set.and_then(|set| one("columns set", set)))
            .chain(is_full.and_then(|full| one("match", full)))
            .collect::<Properties>()
            .of_definition()
    }

    /// What a column says of how it is kept.
    pub(super) fn column_kept(&self, node: Node) -> Vec<Property> {
        let mut said = Vec::new();
        let storage = node.child(K::STORAGE).and_then(|storage| storage.child(K::STORAGE_MODE));
        said.extend(storage.and_then(|mode| one("storage", self.ident(Some(mode)))));
        let method = node.child(K::COMPRESSION_METHOD).and_then(|method| method.child(K::COMPRESSION_METHOD_NAME));
        said.extend(method.and_then(|method| one("compression", self.ident(Some(method)))));
        if node.has(K::COLLATE) {
            said.push(self.collation(node));
        }
        said
    }

    /// The options of a sequence but for its owner.
    pub(super) fn sequence_options<'n>(&self, options: impl Iterator<Item = Node<'n>>) -> Vec<Property> {
        let number = |option: Node| option.nodes().last().map(|number| self.value_of(number));
        let option = |option: Node| {
            let (name, value) = match option.kind() {
                K::OPTION_AS_TYPE => {
                    let kind = option.kind_of_value().map(|kind| self.type_of(kind).name.name);
                    (
                        "as",
                        kind.map(|kind| match kind.as_str() {
                            "int8" => Ident::new_static("bigint"),
                            "int4" => Ident::new_static("integer"),
                            "int2" => Ident::new_static("smallint"),
                            other => Ident::new(other),
                        }),
                    )
                }
                K::OPTION_INCREMENT => ("increment", number(option)),
                K::OPTION_MIN_VALUE => ("minvalue", number(option)),
                K::OPTION_MAX_VALUE => ("maxvalue", number(option)),
                K::OPTION_NO_MIN_VALUE => ("minvalue", None),
                K::OPTION_NO_MAX_VALUE => ("maxvalue", None),
                K::OPTION_START => ("start", number(option)),
                K::OPTION_RESTART | K::RESTART => ("restart", number(option).or(Some(Ident::new_static("start")))),
                K::OPTION_CACHE => ("cache", number(option)),
                K::OPTION_CYCLE => ("cycle", Some(Ident::new_static("true"))),
                K::OPTION_NO_CYCLE => ("cycle", Some(Ident::new_static("false"))),
                _ => return None,
            };
            Some((Ident::new_static(name), value))
        };
        options.filter_map(option).collect()
    }

    /// A constant with its sign.
    fn value_of(&self, node: Node) -> Ident {
        let text: String = node.text().split_whitespace().collect();
        if node.kind() == K::LITERAL { self.value(node) } else { Ident::from(text) }
    }

    /// The options of a function that have no field of their own, or all that `ALTER` sets.
    pub(super) fn function_options<'n>(&self, options: impl Iterator<Item = Node<'n>>, is_altered: bool) -> Properties {
        let truth = |truth: bool| Some(Ident::from(truth.to_string()));
        let number = |option: Node| option.nodes().last().map(|number| self.value_of(number));
        let option = |option: Node| {
            let (name, value) = match option.kind() {
                K::IMMUTABLE => ("volatility", Some(Ident::new_static("immutable"))),
                K::STABLE => ("volatility", Some(Ident::new_static("stable"))),
                K::VOLATILE => ("volatility", Some(Ident::new_static("volatile"))),
                K::LEAKPROOF_FUNC_OPTION => ("leakproof", truth(true)),
                K::NOT_LEAKPROOF_FUNC_OPTION => ("leakproof", truth(false)),
                K::WINDOW_FUNC_OPTION => ("window", truth(true)),
                K::PARALLEL_FUNC_OPTION => ("parallel", option.tokens().last().map(|word| self.word(word))),
                K::COST_FUNC_OPTION => ("cost", number(option)),
                K::ROWS_FUNC_OPTION => ("rows", number(option)),
                K::SUPPORT_FUNC_OPTION => ("support", Some(self.ident(option.child(K::FUNCTION_NAME_REF)))),
                K::STRICT_FUNC_OPTION | K::RETURNS_NULL_ON_NULL_INPUT_FUNC_OPTION if is_altered => {
                    ("strict", truth(true))
                }
                K::CALLED_ON_NULL_INPUT_FUNC_OPTION if is_altered => ("strict", truth(false)),
                K::SECURITY_DEFINER_FUNC_OPTION if is_altered => ("security", truth(true)),
                K::SECURITY_INVOKER_FUNC_OPTION if is_altered => ("security", truth(false)),
                _ => return None,
            };
            Some((Ident::new_static(name), value))
        };
        options.filter_map(option).collect()
    }

    /// What `ALTER FUNCTION` sets and resets.
    pub(super) fn configured<'n>(&self, options: impl Iterator<Item = Node<'n>>) -> Vec<Expr> {
        let setting = |option: Node| {
            let (name, values) = match option.kind() {
                K::SET_FUNC_OPTION => self.configuration(option.nodes().next()?),
                K::RESET_FUNC_OPTION if option.has(K::ALL_KW) => (Ident::new_static("all"), Vec::new()),
                K::RESET_FUNC_OPTION => self.configuration(option),
                _ => return None,
            };
            Some(self.expr_of(ExprKind::Other { what: name, parts: values.into() }, option))
        };
        options.filter_map(setting).collect()
    }

    /// Whom a policy is for and what; of one that is altered, what becomes so.
    pub(super) fn policy(&self, node: Node) -> Properties {
        let kind = node.child(K::AS_POLICY_TYPE).map(|kind| self.ident(Some(kind)));
        let command = node.child(K::POLICY_COMMAND).and_then(|command| command.nodes().next());
        let command = command.and_then(|command| one("command", command.text().to_ascii_lowercase()));
        let roles = node.child(K::POLICY_ROLES).map(|roles| {
            let mut roles = self.roles(roles.child(K::ROLE_REF_LIST));
            roles.sort();
            roles.join(", ")
        });
        let roles = roles.and_then(|roles| one("roles", roles));
        let said: Properties =
            kind.and_then(|kind| one("policy", kind)).into_iter().chain(command).chain(roles).collect();
        // Of one that is altered, what becomes as it is by itself is said, too.
        if node.kind() == K::CREATE_POLICY { said.of_definition() } else { said }
    }

    /// The conditions of a policy.
    pub(super) fn conditions(&self, node: Node) -> Vec<Expr> {
        let parts = [(K::USING_EXPR_CLAUSE, "using"), (K::WITH_CHECK_EXPR_CLAUSE, "with check")].into_iter();
        let part = |(kind, name): (K, &'static str)| {
            let value = self.expr(node.child(kind)?.expr()?);
            Some(Expr {
                at: value.at,
                kind: ExprKind::Other { what: Ident::new_static(name), parts: Box::new([value]) },
            })
        };
        parts.filter_map(part).collect()
    }

    /// The rows that a trigger sees as tables.
    pub(super) fn transitions(&self, node: Node) -> Properties {
        let referencing = node.child(K::REFERENCING);
        let table = |kind: K, name| {
            let table = referencing.and_then(|referencing| referencing.child(kind))?;
            one(name, self.ident(table.child(K::TRANSITION_RELATION_NAME)))
        };
        [table(K::OLD_TABLE, "old table"), table(K::NEW_TABLE, "new table")].into_iter().flatten().collect()
    }

    /// What `ALTER TABLE` sets or resets of the relation.
    pub(super) fn relation_altered(&self, node: Node) -> Properties {
        let truth = |truth: Option<&'static str>| vec![(Ident::new_static("unlogged"), truth.map(Ident::new_static))];
        let named = |name| one(name, self.ident(node.nodes().next())).into_iter().collect();
        let said = match node.kind() {
            K::SET_OPTIONS => self.storage(Some(node)),
            K::RESET_OPTIONS => self.reset(node),
            K::SET_TABLESPACE => named("tablespace"),
            K::SET_ACCESS_METHOD => named("access method"),
            K::SET_LOGGED => truth(None),
            K::SET_UNLOGGED => truth(Some("true")),
            K::CLUSTER_ON => named("clustered on"),
            K::SET_WITHOUT_CLUSTER => vec![(Ident::new_static("clustered on"), None)],
            K::REPLICA_IDENTITY => {
                let index = node.child(K::USING_INDEX_NAME).map(|name| self.ident(name.child(K::INDEX_REF)));
                let how = match node.nodes().next().map(Node::kind) {
                    Some(K::REPLICA_IDENTITY_NOTHING) => Some("nothing".to_owned()),
                    Some(K::REPLICA_IDENTITY_FULL) => Some("full".to_owned()),
                    Some(K::REPLICA_IDENTITY_DEFAULT) => Some("default".to_owned()),
                    _ => index.map(|index| format!("using index {index}")),
                };
                how.and_then(|how| one("replica identity", how)).into_iter().collect()
            }
            _ => Vec::new(),
        };
        said.into_iter().collect()
    }

    /// The same of a column.
    pub(super) fn column_altered(&self, node: Node, option: Node) -> Properties {
        let said = match option.kind() {
            K::SET_STATISTICS => {
                let value = option.nodes().last().map(|value| self.value_of(value));
                let name = match node.child(K::LITERAL) {
                    Some(number) => Ident::from(format!("statistics of column {}", number.text())),
                    None => Ident::new_static("statistics"),
                };
                vec![(name, value)]
            }
            K::SET_STORAGE => one("storage", self.ident(option.child(K::STORAGE_MODE))).into_iter().collect(),
            K::SET_COMPRESSION => {
                one("compression", self.ident(option.child(K::COMPRESSION_METHOD_NAME))).into_iter().collect()
            }
            K::SET_OPTIONS => self.storage(Some(option)),
            K::RESET_OPTIONS => self.reset(option),
            K::SET_GENERATED_OPTIONS | K::SET_SEQUENCE_OPTION => {
                let within = std::iter::once(option).chain(option.nodes());
                let said = within.flat_map(|part| match part.kind() {
                    K::SET_SEQUENCE_OPTION => part.nodes().collect(),
                    K::RESTART => vec![part],
                    _ => Vec::new(),
                });
                self.sequence_options(said)
            }
            K::RESTART => self.sequence_options(std::iter::once(option)),
            _ => Vec::new(),
        };
        said.into_iter().collect()
    }

    /// An expression that something is sorted by; it says so where PostgreSQL would not sort so by itself.
    pub(super) fn sort_key(&self, sort: Node) -> Expr {
        let value = self.demanded(sort.expr(), sort);
        let operator = sort.child(K::SORT_USING).and_then(|using| using.nodes().last()).map_or("", Node::text);
        match direction(sort, operator) {
            Some(direction) => {
                Expr { at: value.at, kind: ExprKind::Other { what: Ident::from(direction), parts: Box::new([value]) } }
            }
            None => value,
        }
    }
}

fn one_of(name: String, value: String) -> Option<Property> {
    (!value.is_empty()).then(|| (Ident::from(name), Some(Ident::from(value))))
}

/// `desc nulls last`; nothing for what PostgreSQL does by itself.
fn direction(node: Node, operator: &str) -> Option<String> {
    let is_descending = node.has(K::SORT_DESC);
    let nulls = if node.has(K::NULLS_FIRST) && !is_descending {
        "nulls first"
    } else if node.has(K::NULLS_LAST) && is_descending {
        "nulls last"
    } else {
        ""
    };
    let by = match () {
        () if is_descending => "desc".to_owned(),
        () if node.has(K::SORT_USING) => format!("using {operator}"),
        () => String::new(),
    };
    let words: Vec<&str> = [by.as_str(), nulls].into_iter().filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

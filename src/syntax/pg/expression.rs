//! Expressions.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    self, AExprKind, BoolExprType, BoolTestType, CoercionForm, MinMaxOp, Node, NullTestType, SqlValueFunctionOp,
    SubLinkType, a_const,
};

use super::{Lower, items, named, string, strings, written};
use crate::effect::{Expr, ExprKind, Ident, IsTest, LikeKind, Name, SubqueryKind};

impl Lower<'_> {
    pub(super) fn exprs(&self, nodes: &[Node]) -> Vec<Expr> {
        nodes.iter().map(|node| self.expr(Some(node))).collect()
    }

    pub(super) fn optional(&self, node: Option<&Node>) -> Option<Expr> {
        node.filter(|node| node.node.is_some()).map(|node| self.expr(Some(node)))
    }

    fn boxed(&self, node: Option<&Node>) -> Box<Expr> {
        Box::new(self.expr(node))
    }

    pub(super) fn expr(&self, node: Option<&Node>) -> Expr {
        let Some(node) = node.and_then(|node| node.node.as_ref()) else {
            return Expr { at: self.here(), kind: ExprKind::Null };
        };
        match node {
            NodeEnum::AConst(constant) => self.constant(constant),
            NodeEnum::ColumnRef(column) => self.expr_of(column_of(&column.fields), column.location),
            NodeEnum::AExpr(expr) => self.operator(expr),
            NodeEnum::BoolExpr(expr) => self.connective(expr),
            NodeEnum::FuncCall(call) => self.call(call),
            NodeEnum::TypeCast(cast) => {
                let kind = ExprKind::Cast {
                    operand: self.boxed(cast.arg.as_deref()),
                    to: Box::new(self.type_name(cast.type_name.as_ref())),
                };
                self.expr_of(kind, cast.location)
            }
            NodeEnum::SubLink(link) => self.sublink(link),
            NodeEnum::NullTest(test) => {
                let kind = ExprKind::Is {
                    operand: self.boxed(test.arg.as_deref()),
                    test: IsTest::Null,
                    negated: test.nulltesttype() == NullTestType::IsNotNull,
                };
                self.expr_of(kind, test.location)
            }
            NodeEnum::BooleanTest(test) => {
                let (is, negated) = match test.booltesttype() {
                    BoolTestType::IsTrue => (IsTest::True, false),
                    BoolTestType::IsNotTrue => (IsTest::True, true),
                    BoolTestType::IsFalse => (IsTest::False, false),
                    BoolTestType::IsNotFalse => (IsTest::False, true),
                    BoolTestType::IsNotUnknown => (IsTest::Unknown, true),
                    BoolTestType::IsUnknown | BoolTestType::Undefined => (IsTest::Unknown, false),
                };
                let kind = ExprKind::Is { operand: self.boxed(test.arg.as_deref()), test: is, negated };
                self.expr_of(kind, test.location)
            }
            NodeEnum::CaseExpr(case) => {
                let arm = |node: &Node| match &node.node {
                    Some(NodeEnum::CaseWhen(when)) => {
                        (self.expr(when.expr.as_deref()), self.expr(when.result.as_deref()))
                    }
                    _ => (self.expr(None), self.expr(None)),
                };
                let kind = ExprKind::Case {
                    operand: self.optional(case.arg.as_deref()).map(Box::new),
                    arms: case.args.iter().map(arm).collect(),
                    otherwise: self.optional(case.defresult.as_deref()).map(Box::new),
                };
                self.expr_of(kind, case.location)
            }
            NodeEnum::CoalesceExpr(coalesce) => {
                self.expr_of(ExprKind::Coalesce(self.exprs(&coalesce.args)), coalesce.location)
            }
            NodeEnum::MinMaxExpr(expr) => {
                let name = if expr.op() == MinMaxOp::IsLeast { "least" } else { "greatest" };
                self.special(name, self.exprs(&expr.args), expr.location)
            }
            NodeEnum::SqlvalueFunction(function) => {
                self.special(value_function(function.op()), Vec::new(), function.location)
            }
            NodeEnum::GroupingFunc(function) => self.special("grouping", self.exprs(&function.args), function.location),
            NodeEnum::MergeSupportFunc(function) => self.special("merge_action", Vec::new(), function.location),
            NodeEnum::NamedArgExpr(argument) => Expr::given_by_name(&argument.name, self.expr(argument.arg.as_deref())),
            NodeEnum::ParamRef(parameter) => {
                let number = u32::try_from(parameter.number).unwrap_or(0);
                self.expr_of(ExprKind::Parameter(number), parameter.location)
            }
            NodeEnum::AArrayExpr(array) => self.expr_of(ExprKind::Array(self.exprs(&array.elements)), array.location),
            NodeEnum::RowExpr(row) => self.expr_of(ExprKind::Row(self.exprs(&row.args)), row.location),
            NodeEnum::AIndirection(indirection) => self.indirection(indirection),
            NodeEnum::SetToDefault(default) => self.expr_of(ExprKind::Default, default.location),
            NodeEnum::CurrentOfExpr(current) => {
                Expr { at: self.here(), kind: ExprKind::CurrentOf(Ident::from(current.cursor_name.as_str())) }
            }
            NodeEnum::CollateClause(collate) => {
                self.other("collate", vec![self.expr(collate.arg.as_deref())], collate.location)
            }
            NodeEnum::SortBy(sort) => self.sorted(sort),
            NodeEnum::GroupingSet(set) => self.other("grouping set", self.exprs(&set.content), set.location),
            NodeEnum::MultiAssignRef(reference) => self.expr(reference.source.as_deref()),
            NodeEnum::ResTarget(target) => self.expr(target.val.as_deref()),
            NodeEnum::List(list) => {
                let parts = self.exprs(&list.items);
                let at = parts.first().map_or_else(|| self.here(), |first| first.at);
                Expr { at, kind: ExprKind::Row(parts) }
            }
            NodeEnum::XmlExpr(xml) => {
                let parts = xml.named_args.iter().chain(&xml.args).map(|node| self.expr(Some(node))).collect();
                self.other("xml", parts, xml.location)
            }
            NodeEnum::XmlSerialize(xml) => self.other("xml", vec![self.expr(xml.expr.as_deref())], xml.location),
            NodeEnum::JsonFuncExpr(json) => {
                let mut parts = self.json_value(json.context_item.as_deref());
                parts.extend(self.optional(json.pathspec.as_deref()));
                parts.extend(self.exprs(&json.passing));
                let defaults = json.on_empty.iter().chain(&json.on_error);
                parts.extend(defaults.filter_map(|behaviour| self.optional(behaviour.expr.as_deref())));
                self.other("json", parts, json.location)
            }
            NodeEnum::JsonArgument(argument) => self.one("json", self.json_value(argument.val.as_deref())),
            NodeEnum::JsonValueExpr(value) => self.one("json", self.json_value(Some(value))),
            NodeEnum::JsonKeyValue(pair) => {
                let mut parts: Vec<Expr> = self.optional(pair.key.as_deref()).into_iter().collect();
                parts.extend(self.json_value(pair.value.as_deref()));
                self.one("json", parts)
            }
            NodeEnum::JsonObjectConstructor(json) => self.other("json", self.exprs(&json.exprs), json.location),
            NodeEnum::JsonArrayConstructor(json) => self.other("json", self.exprs(&json.exprs), json.location),
            NodeEnum::JsonIsPredicate(json) => {
                self.other("json", self.optional(json.expr.as_deref()).into_iter().collect(), json.location)
            }
            NodeEnum::JsonParseExpr(json) => self.other("json", self.json_value(json.expr.as_deref()), json.location),
            NodeEnum::JsonScalarExpr(json) => {
                self.other("json", self.optional(json.expr.as_deref()).into_iter().collect(), json.location)
            }
            NodeEnum::JsonSerializeExpr(json) => {
                self.other("json", self.json_value(json.expr.as_deref()), json.location)
            }
            other => Expr {
                at: self.here(),
                kind: ExprKind::Other { what: Ident::from(unread(other)), parts: Box::default() },
            },
        }
    }

    fn json_value(&self, value: Option<&protobuf::JsonValueExpr>) -> Vec<Expr> {
        value.and_then(|value| self.optional(value.raw_expr.as_deref())).into_iter().collect()
    }

    /// The only part as it is; several as one expression that has no word of its own.
    fn one(&self, what: &str, mut parts: Vec<Expr>) -> Expr {
        match parts.pop() {
            Some(part) if parts.is_empty() => part,
            last => {
                parts.extend(last);
                Expr { at: self.here(), kind: ExprKind::Other { what: Ident::from(what), parts: parts.into() } }
            }
        }
    }

    fn other(&self, what: &str, parts: Vec<Expr>, location: i32) -> Expr {
        self.expr_of(ExprKind::Other { what: Ident::from(what), parts: parts.into() }, location)
    }

    fn special(&self, name: &str, arguments: Vec<Expr>, location: i32) -> Expr {
        let at = self.at(location);
        let function = Name::plain(name, at);
        let function = Box::new(function);
        let kind = ExprKind::Call {
            function,
            arguments: arguments.into(),
            star: false,
            distinct: false,
            filter: None,
            over: false,
        };
        Expr { at, kind }
    }

    fn constant(&self, constant: &protobuf::AConst) -> Expr {
        let number = |text: &str| {
            let at = self.at(constant.location);
            match text.strip_prefix('-') {
                // PostgreSQL takes the sign into the number.
                Some(number) => ExprKind::Operator {
                    operator: Ident::new_static("-"),
                    left: None,
                    right: Box::new(Expr { at, kind: ExprKind::Number(Ident::from(number)) }),
                },
                None => ExprKind::Number(Ident::from(text)),
            }
        };
        let kind = match &constant.val {
            None => ExprKind::Null,
            Some(a_const::Val::Ival(integer)) => number(&integer.ival.to_string()),
            Some(a_const::Val::Fval(float)) => number(&float.fval),
            Some(a_const::Val::Boolval(boolean)) => ExprKind::Boolean(boolean.boolval),
            Some(a_const::Val::Sval(string)) => text(&string.sval),
            Some(a_const::Val::Bsval(bits)) => ExprKind::Text(Ident::from(bits.bsval.as_str())),
        };
        self.expr_of(kind, constant.location)
    }

    fn connective(&self, expr: &protobuf::BoolExpr) -> Expr {
        let kind = match expr.boolop() {
            BoolExprType::NotExpr => ExprKind::Not(self.boxed(expr.args.first())),
            BoolExprType::OrExpr => ExprKind::Or(self.flattened(&expr.args, BoolExprType::OrExpr)),
            BoolExprType::AndExpr | BoolExprType::Undefined => {
                ExprKind::And(self.flattened(&expr.args, BoolExprType::AndExpr))
            }
        };
        self.expr_of(kind, expr.location)
    }

    fn flattened(&self, nodes: &[Node], connective: BoolExprType) -> Vec<Expr> {
        let mut parts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match &node.node {
                Some(NodeEnum::BoolExpr(inner)) if inner.boolop() == connective => {
                    parts.extend(self.flattened(&inner.args, connective));
                }
                _ => parts.push(self.expr(Some(node))),
            }
        }
        parts
    }

    fn operator(&self, expr: &protobuf::AExpr) -> Expr {
        let operator = operator_of(&expr.name);
        let left = || self.boxed(expr.lexpr.as_deref());
        let right = || self.boxed(expr.rexpr.as_deref());
        let bounds = |negated: bool, symmetric: bool| {
            let bounds = expr.rexpr.as_deref().map(items).unwrap_or_default();
            ExprKind::Between {
                operand: left(),
                low: self.boxed(bounds.first()),
                high: self.boxed(bounds.get(1)),
                negated,
                symmetric,
            }
        };
        let quantified = |all: bool| ExprKind::Quantified {
            operand: left(),
            operator: Box::new(operator.clone()),
            all,
            array: right(),
        };
        let kind = match expr.kind() {
            AExprKind::AexprOpAny => quantified(false),
            AExprKind::AexprOpAll => quantified(true),
            AExprKind::AexprDistinct => ExprKind::Distinct { left: left(), right: right(), negated: false },
            AExprKind::AexprNotDistinct => ExprKind::Distinct { left: left(), right: right(), negated: true },
            AExprKind::AexprNullif => {
                return self.special("nullif", vec![*left(), *right()], expr.location);
            }
            AExprKind::AexprIn => ExprKind::In {
                operand: left(),
                list: self.exprs(expr.rexpr.as_deref().map(items).unwrap_or_default()),
                negated: operator == "<>",
            },
            AExprKind::AexprLike => self.like(LikeKind::Like, expr, operator.starts_with('!')),
            AExprKind::AexprIlike => self.like(LikeKind::Ilike, expr, operator.starts_with('!')),
            AExprKind::AexprSimilar => self.like(LikeKind::Similar, expr, operator.starts_with('!')),
            AExprKind::AexprBetween => bounds(false, false),
            AExprKind::AexprNotBetween => bounds(true, false),
            AExprKind::AexprBetweenSym => bounds(false, true),
            AExprKind::AexprNotBetweenSym => bounds(true, true),
            AExprKind::AexprOp | AExprKind::Undefined => ExprKind::Operator {
                operator: operator.clone(),
                left: self.optional(expr.lexpr.as_deref()).map(Box::new),
                right: right(),
            },
        };
        self.expr_of(kind, expr.location)
    }

    /// PostgreSQL hides the escape, and the pattern of SIMILAR TO, in a call.
    fn like(&self, kind: LikeKind, expr: &protobuf::AExpr, negated: bool) -> ExprKind {
        let hidden = match expr.rexpr.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::FuncCall(call)) => {
                let parts: Vec<&str> = call.funcname.iter().filter_map(string).collect();
                matches!(parts.as_slice(), ["pg_catalog", "like_escape" | "similar_to_escape"]).then_some(&call.args)
            }
            _ => None,
        };
        let pattern = hidden.map_or(expr.rexpr.as_deref(), |arguments| arguments.first());
        ExprKind::Like {
            kind,
            operand: self.boxed(expr.lexpr.as_deref()),
            pattern: self.boxed(pattern),
            escape: hidden.and_then(|arguments| arguments.get(1)).map(|escape| self.boxed(Some(escape))),
            negated,
        }
    }

    /// The expressions of a window.
    pub(super) fn window(&self, window: &protobuf::WindowDef) -> Vec<Expr> {
        let mut parts = self.exprs(&window.partition_clause);
        if !window.order_clause.is_empty() {
            parts.push(self.other("order by", self.exprs(&window.order_clause), window.location));
        }
        parts.extend([&window.start_offset, &window.end_offset].into_iter().flatten().map(|at| self.expr(Some(at))));
        parts
    }

    pub(super) fn call(&self, call: &protobuf::FuncCall) -> Expr {
        let mut parts: Vec<&str> = call.funcname.iter().filter_map(string).collect();
        if call.funcformat() == CoercionForm::CoerceSqlSyntax && parts.len() > 1 {
            parts.remove(0);
        }
        let at = self.at(call.location);
        let mut arguments = self.exprs(&call.args);
        if !call.agg_order.is_empty() {
            arguments.push(self.other("order by", self.exprs(&call.agg_order), call.location));
        }
        let inside = call.over.as_ref().map(|window| self.window(window)).unwrap_or_default();
        if !inside.is_empty() {
            arguments.push(self.other("window", inside, call.location));
        }
        let kind = ExprKind::Call {
            function: Box::new(named(&parts, at)),
            arguments: arguments.into(),
            star: call.agg_star,
            distinct: call.agg_distinct,
            filter: self.optional(call.agg_filter.as_deref()).map(Box::new),
            over: call.over.is_some(),
        };
        Expr { at, kind }
    }

    fn sublink(&self, link: &protobuf::SubLink) -> Expr {
        let operator = || match link.oper_name.as_slice() {
            [] => Ident::new_static("="),
            names => operator_of(names),
        };
        let operand = || self.boxed(link.testexpr.as_deref());
        let kind = match link.sub_link_type() {
            SubLinkType::ExistsSublink => SubqueryKind::Exists,
            SubLinkType::ArraySublink => SubqueryKind::Array,
            SubLinkType::AnySublink => SubqueryKind::Any { operand: operand(), operator: operator() },
            SubLinkType::AllSublink => SubqueryKind::All { operand: operand(), operator: operator() },
            _ => SubqueryKind::Scalar,
        };
        let query = Box::new(self.query_of(link.subselect.as_deref()));
        self.expr_of(ExprKind::Subquery { kind, query }, link.location)
    }

    /// What stands in the brackets behind a column that is set.
    pub(super) fn subscripts(&self, indirection: &[Node]) -> Vec<Expr> {
        let bounds = |node: &Node| match &node.node {
            Some(NodeEnum::AIndices(indices)) => [indices.lidx.as_deref(), indices.uidx.as_deref()]
                .into_iter()
                .filter_map(|bound| self.optional(bound))
                .collect(),
            _ => Vec::new(),
        };
        indirection.iter().flat_map(bounds).collect()
    }

    fn indirection(&self, indirection: &protobuf::AIndirection) -> Expr {
        let mut expr = self.expr(indirection.arg.as_deref());
        for node in &indirection.indirection {
            let at = expr.at;
            let operand = Box::new(expr);
            let kind = match &node.node {
                Some(NodeEnum::AIndices(indices)) => {
                    let bounds = [indices.lidx.as_deref(), indices.uidx.as_deref()];
                    let subscripts = bounds.into_iter().filter_map(|bound| self.optional(bound)).collect();
                    ExprKind::Index { operand, subscripts }
                }
                Some(NodeEnum::String(field)) => ExprKind::Field { operand, field: Ident::from(field.sval.as_str()) },
                _ => ExprKind::Field { operand, field: Ident::new_static("*") },
            };
            expr = Expr { at, kind };
        }
        expr
    }
}

/// A string constant, or the variable whose value it stands for.
fn text(text: &str) -> ExprKind {
    if let Some(name) = text.strip_prefix(":'").and_then(|rest| rest.strip_suffix('\'')) {
        return ExprKind::Variable(Ident::from(name));
    }
    if let Some(name) = text.strip_prefix(":{?").and_then(|rest| rest.strip_suffix('}')) {
        return ExprKind::VariableIsSet(Ident::from(name));
    }
    ExprKind::Text(Ident::from(text))
}

fn column_of(fields: &[Node]) -> ExprKind {
    let star = matches!(fields.last().and_then(|field| field.node.as_ref()), Some(NodeEnum::AStar(_)));
    let path = strings(fields);
    if star { ExprKind::Star(path) } else { ExprKind::Column(path) }
}

fn value_function(op: SqlValueFunctionOp) -> &'static str {
    match op {
        SqlValueFunctionOp::SvfopCurrentDate => "current_date",
        SqlValueFunctionOp::SvfopCurrentTime | SqlValueFunctionOp::SvfopCurrentTimeN => "current_time",
        SqlValueFunctionOp::SvfopCurrentTimestamp | SqlValueFunctionOp::SvfopCurrentTimestampN => "current_timestamp",
        SqlValueFunctionOp::SvfopLocaltime | SqlValueFunctionOp::SvfopLocaltimeN => "localtime",
        SqlValueFunctionOp::SvfopLocaltimestamp | SqlValueFunctionOp::SvfopLocaltimestampN => "localtimestamp",
        SqlValueFunctionOp::SvfopCurrentRole => "current_role",
        SqlValueFunctionOp::SvfopCurrentUser => "current_user",
        SqlValueFunctionOp::SvfopUser => "user",
        SqlValueFunctionOp::SvfopSessionUser => "session_user",
        SqlValueFunctionOp::SvfopCurrentCatalog => "current_catalog",
        SqlValueFunctionOp::SvfopCurrentSchema => "current_schema",
        SqlValueFunctionOp::SqlvalueFunctionOpUndefined => "",
    }
}

/// What a node that is not read here is called, so that its silence can be told.
pub(super) fn unread(node: &NodeEnum) -> String {
    format!("unread {}", node_name(node))
}

/// What PostgreSQL calls a node.
pub(super) fn node_name(node: &NodeEnum) -> String {
    let debug = format!("{node:?}");
    debug.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

/// The alias's name and the names that it gives to columns.
pub(super) fn alias(alias: Option<&protobuf::Alias>) -> (Option<Ident>, Vec<Ident>) {
    alias.map_or((None, Vec::new()), |alias| (written(&alias.aliasname), strings(&alias.colnames)))
}

/// The name of an operator, as `OPERATOR(schema.name)` writes it.
fn operator_of(names: &[Node]) -> Ident {
    let names: Vec<&str> = names.iter().filter_map(string).collect();
    match names.as_slice() {
        [schema, name] => Expr::operator_of(Some(schema), name),
        _ => Expr::operator_of(None, names.last().copied().unwrap_or_default()),
    }
}

//! Which errors a handler may catch, and what its block may have given variables before: it never
//! takes over where its block cannot end in them.

use crate::effect::{
    Act, Block, Expr, ExprKind, Handler, Ident, Iteration, RaiseLevel, Step, StepKind, Visit, walk_block, walk_expr,
    walk_step,
};

/// Errors in which no comparison of plain values ends, whatever the values; PostgreSQL 15
/// manual, appendix A. A condition of another name may be any error.
const PARTICULAR: &[(&str, &str)] = &[
    ("assert_failure", "P0004"),
    ("check_violation", "23514"),
    ("deadlock_detected", "40P01"),
    ("division_by_zero", "22012"),
    ("duplicate_object", "42710"),
    ("duplicate_table", "42P07"),
    ("exclusion_violation", "23P01"),
    ("foreign_key_violation", "23503"),
    ("integrity_constraint_violation", "23000"),
    ("lock_not_available", "55P03"),
    ("no_data_found", "P0002"),
    ("not_null_violation", "23502"),
    ("raise_exception", "P0001"),
    ("restrict_violation", "23001"),
    ("serialization_failure", "40001"),
    ("too_many_rows", "P0003"),
    ("undefined_table", "42P01"),
    ("unique_violation", "23505"),
];

/// Functions of no argument that tell about the session and never fail.
const PLAIN: &[&str] =
    &["current_catalog", "current_database", "current_role", "current_schema", "current_user", "session_user", "user"];

/// Whether an error of the block may be one that the handler names.
pub(super) fn may_catch(block: &Block, handler: &Handler) -> bool {
    let mut raised = Vec::new();
    if !block.steps.iter().all(|step| raises(step, &mut raised)) {
        return true;
    }
    handler.conditions.iter().any(|condition| {
        let Some(caught) = code(condition) else { return true };
        // A code that ends in 000 stands for its class.
        let class = caught.strip_suffix("000").unwrap_or(caught);
        raised.iter().any(|code| code.starts_with(class))
    })
}

/// Errors in which a block ends only where something is not there that it names.
const MISSING: &[&str] = &["42703", "42883", "42704", "42P01", "3F000"];

/// Whether what a block did stays although it has this handler: that stops the script, or takes
/// over only where something is not there.
pub(super) fn lets_stay(handler: &Handler) -> bool {
    let stops = |step: &Step| matches!(step.kind, StepKind::Raise { level: RaiseLevel::Exception, .. });
    let leaves = |step: &Step| !matches!(step.kind, StepKind::Sql { .. } | StepKind::Raise { .. } | StepKind::Null);
    let is_missing = |condition: &Ident| code_in(OF_SCHEMA, condition).is_some_and(|code| MISSING.contains(&code));
    handler.steps.last().is_some_and(stops) && !handler.steps.iter().any(leaves)
        || handler.conditions.iter().all(is_missing)
}

/// Errors in which a definition ends, or does not, by what the schema holds; PostgreSQL 15 manual,
/// appendix A.
const OF_SCHEMA: &[(&str, &str)] = &[
    ("dependent_objects_still_exist", "2BP01"),
    ("duplicate_column", "42701"),
    ("duplicate_function", "42723"),
    ("duplicate_object", "42710"),
    ("duplicate_schema", "42P06"),
    ("duplicate_table", "42P07"),
    ("invalid_object_definition", "42P17"),
    ("invalid_schema_name", "3F000"),
    ("invalid_table_definition", "42P16"),
    ("object_not_in_prerequisite_state", "55000"),
    ("undefined_column", "42703"),
    ("undefined_function", "42883"),
    ("undefined_object", "42704"),
    ("undefined_table", "42P01"),
    ("wrong_object_type", "42809"),
];

/// Whether a handler is only for what a schema holds or lacks.
pub(super) fn is_of_schema(handler: &Handler) -> bool {
    handler.conditions.iter().all(|condition| code_in(OF_SCHEMA, condition).is_some())
}

/// Which handler takes over.
pub(super) enum Taking<'b> {
    /// This one.
    This(&'b Handler),
    /// None: the error goes on.
    None,
    /// That cannot be told.
    Unsaid,
}

/// The handler that takes over where its block ends in an error of that code.
pub(super) fn taking<'b>(block: &'b Block, sqlstate: &str) -> Taking<'b> {
    for handler in &block.handlers {
        for condition in &handler.conditions {
            let known = code_in(OF_SCHEMA, condition).or_else(|| code(condition));
            if condition == "others" || known == Some(sqlstate) {
                return Taking::This(handler);
            }
            if known.is_none() {
                return Taking::Unsaid;
            }
        }
    }
    Taking::None
}

/// Collects the codes with which a step stops on purpose. False where it may stop with
/// others, but for those that come of any expression.
fn raises(step: &Step, raised: &mut Vec<&'static str>) -> bool {
    match &step.kind {
        StepKind::Null => true,
        StepKind::If { arms, otherwise } => {
            let steps = arms.iter().flat_map(|arm| &arm.steps).chain(otherwise.iter().flatten());
            arms.iter().all(|arm| is_plain(&arm.condition)) && steps.into_iter().all(|step| raises(step, raised))
        }
        StepKind::Block(block) => {
            block.declarations.is_empty()
                && block.handlers.is_empty()
                && block.steps.iter().all(|step| raises(step, raised))
        }
        StepKind::Raise { level, message, parameters, options } => {
            let plain = parameters.iter().chain(options.iter().map(|(_, value)| value)).all(is_plain);
            if !plain || *level != RaiseLevel::Exception {
                return plain;
            }
            let Some(message) = message else { return false };
            // A message may read as a condition does.
            raised.push("P0001");
            raised.extend(code(message));
            if message.starts_with("sqlstate ") && code(message).is_none() {
                return false;
            }
            options.iter().filter(|(name, _)| name == "errcode").all(|(_, value)| match &value.kind {
                ExprKind::Text(text) => code(text).inspect(|code| raised.push(code)).is_some(),
                _ => false,
            })
        }
        _ => false,
    }
}

/// The code of a condition as a handler or RAISE names it.
fn code(condition: &Ident) -> Option<&'static str> {
    code_in(PARTICULAR, condition)
}

/// The same, among these.
fn code_in(known: &[(&str, &'static str)], condition: &str) -> Option<&'static str> {
    let written = condition.strip_prefix("sqlstate ").unwrap_or(condition);
    let of = |(name, code): &&(&str, &'static str)| *name == written || code.eq_ignore_ascii_case(written);
    known.iter().find(of).map(|(_, code)| *code)
}

/// Whether an expression only compares and joins values that are at hand.
fn is_plain(expr: &Expr) -> bool {
    struct Plain(bool);
    impl<'a> Visit<'a> for Plain {
        fn expr(&mut self, expr: &'a Expr) {
            self.0 &= match &expr.kind {
                ExprKind::Null
                | ExprKind::Boolean(_)
                | ExprKind::Number(_)
                | ExprKind::Text(_)
                | ExprKind::Column(_)
                | ExprKind::And(_)
                | ExprKind::Or(_)
                | ExprKind::Not(_)
                | ExprKind::Is { .. }
                | ExprKind::Distinct { .. }
                | ExprKind::Between { .. }
                | ExprKind::In { .. }
                | ExprKind::Coalesce(_) => true,
                ExprKind::Operator { operator, .. } => {
                    matches!(operator.as_str(), "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "||")
                }
                ExprKind::Call { function, arguments, .. } => {
                    function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog")
                        && arguments.is_empty()
                        && PLAIN.contains(&function.name.as_str())
                }
                _ => false,
            };
            walk_expr(self, expr);
        }
    }
    let mut plain = Plain(true);
    plain.expr(expr);
    plain.0
}

/// The variables that steps may give a value, those of their own blocks among them.
pub(super) fn given(steps: &[Step]) -> Vec<Vec<Ident>> {
    #[derive(Default)]
    struct Given(Vec<Vec<Ident>>);
    impl<'a> Visit<'a> for Given {
        fn block(&mut self, block: &'a Block) {
            let others = block.declarations.iter().filter_map(|declaration| declaration.alias_for.as_ref());
            self.0.extend(others.map(|other| other.split('.').map(Ident::from).collect()));
            walk_block(self, block);
        }
        fn step(&mut self, step: &'a Step) {
            match &step.kind {
                StepKind::Sql { into, statement, .. } => {
                    self.0.extend(into.iter().cloned());
                    if let Act::Call(Expr { kind: ExprKind::Call { arguments, .. }, .. }) = &statement.act {
                        let values = arguments.iter().map(|given| given.named().map_or(given, |(_, value)| value));
                        self.0.extend(values.filter_map(|value| match &value.kind {
                            ExprKind::Column(path) => Some(path.clone()),
                            _ => None,
                        }));
                    }
                }
                StepKind::Execute { into, .. } | StepKind::Fetch { into, .. } => self.0.extend(into.iter().cloned()),
                StepKind::Assign { target, .. } => self.0.push(target.clone()),
                StepKind::Diagnostics { items } => self.0.extend(items.iter().map(|(target, _)| target.clone())),
                StepKind::Open { cursor, .. } => self.0.push(vec![cursor.clone()]),
                StepKind::Loop { iteration, .. } => match iteration {
                    Iteration::Query { variables, .. }
                    | Iteration::Execute { variables, .. }
                    | Iteration::Elements { variables, .. } => self.0.extend(variables.iter().cloned()),
                    Iteration::Range { .. } | Iteration::Forever | Iteration::While(_) => {}
                },
                _ => {}
            }
            walk_step(self, step);
        }
    }
    let mut given = Given::default();
    steps.iter().for_each(|step| given.step(step));
    given.0
}

/// Whether there is a loop among steps.
pub(super) fn has_loop(steps: &[Step]) -> bool {
    struct Loops(bool);
    impl<'a> Visit<'a> for Loops {
        fn step(&mut self, step: &'a Step) {
            self.0 |= matches!(step.kind, StepKind::Loop { .. });
            if !self.0 {
                walk_step(self, step);
            }
        }
    }
    let mut loops = Loops(false);
    steps.iter().for_each(|step| loops.step(step));
    loops.0
}

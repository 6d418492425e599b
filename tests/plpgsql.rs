//! Bodies of PL/pgSQL: every form of every statement, and where it stands.
#![cfg(feature = "pg_query")]
#![allow(clippy::format_collect, clippy::format_push_string, reason = "here the shortest way to write is the clearest")]

use roof_lint::effect::{
    Act, At, Block, Body, Expr, ExprKind, Ident, Iteration, Query, QueryBody, Statement, Step, StepKind, SubqueryKind,
    Type, Visit, walk_block, walk_step,
};
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::Parser;

/// Writes a block down in a few words; statements of SQL as they stand in the file.
struct Show<'a> {
    file: &'a str,
    /// Whether the body is a string whose quotes are doubled.
    doubled: bool,
}

impl Show<'_> {
    fn text(&self, at: At) -> String {
        let text = self.file.get(at.span().start..at.span().end).expect("a place within the file");
        if self.doubled { text.replace("''", "'") } else { text.to_owned() }
    }

    fn block(&self, block: &Block) -> String {
        let mut shown = block.label.iter().map(|label| format!("<<{label}>> ")).collect::<String>();
        shown.push('{');
        for declaration in &block.declarations {
            let mut line = format!(" {}", declaration.name);
            line.extend(declaration.constant.then_some(" constant"));
            line.extend(declaration.kind.as_ref().map(|kind| format!(" {}", self.kind(kind))));
            line.extend(declaration.not_null.then_some(" not null"));
            line.extend(declaration.value.as_ref().map(|value| format!(" = {}", self.expr(value))));
            line.extend(declaration.cursor.as_ref().map(|query| format!(" cursor {}", self.query(query))));
            line.extend(declaration.alias_for.as_ref().map(|other| format!(" alias {other}")));
            shown.push_str(&line);
            shown.push(';');
        }
        shown.extend((!block.declarations.is_empty()).then_some(" |"));
        shown.push_str(&self.steps(&block.steps));
        for handler in &block.handlers {
            shown.push_str(&format!(" !{}:{}", handler.conditions.join(" or "), self.steps(&handler.steps)));
            assert!(self.text(handler.at).to_lowercase().starts_with("when"));
        }
        let place = self.text(block.at).to_lowercase();
        assert!(place.ends_with("end") && (place.starts_with("begin") || place.starts_with("declare")), "{place}");
        format!("{shown} }}")
    }

    fn steps(&self, steps: &[Step]) -> String {
        steps.iter().map(|step| format!(" {};", self.step(step))).collect()
    }

    fn step(&self, step: &Step) -> String {
        let place = self.text(step.at);
        assert!(place.ends_with(';'), "{place}");
        let into = |into: &[Vec<Ident>], strict: bool| match into {
            [] => String::new(),
            into => format!(" into {}{}", if strict { "strict " } else { "" }, variables(into)),
        };
        let using =
            |using: &[Expr]| if using.is_empty() { String::new() } else { format!(" using {}", self.exprs(using)) };
        match &step.kind {
            StepKind::Sql { statement, into: variables, strict, .. } => {
                assert!(place.starts_with(&self.text(statement.at)), "{place}");
                format!("{}{}", self.text(statement.at), into(variables, *strict))
            }
            StepKind::Execute { command, into: variables, strict, using: values } => {
                format!("execute {}{}{}", self.expr(command), into(variables, *strict), using(values))
            }
            StepKind::Assign { target, value } => format!("{} := {}", target.join("."), self.expr(value)),
            StepKind::If { arms, otherwise } => self.arms("if", arms, otherwise.as_deref()),
            StepKind::Case { arms, otherwise } => self.arms("case", arms, otherwise.as_deref()),
            StepKind::Loop { label, iteration, steps } => {
                let label = label.iter().map(|label| format!("<<{label}>> ")).collect::<String>();
                format!("{label}{}{{{} }}", self.iteration(iteration), self.steps(steps))
            }
            StepKind::Block(block) => self.block(block),
            StepKind::Leave { next, label, condition } => {
                let mut shown = if *next { "continue" } else { "exit" }.to_owned();
                shown.extend(label.iter().map(|label| format!(" {label}")));
                shown.extend(condition.iter().map(|condition| format!(" when {}", self.expr(condition))));
                shown
            }
            StepKind::Return(value) => format!("return{}", self.optional(value.as_ref())),
            StepKind::ReturnNext(value) => format!("return next{}", self.optional(value.as_ref())),
            StepKind::ReturnQuery(query) => format!("return query {}", self.query(query)),
            StepKind::ReturnExecute { command, using: values } => {
                format!("return execute {}{}", self.expr(command), using(values))
            }
            StepKind::Raise { level, message, parameters, options } => {
                let mut shown = format!("raise {level:?}").to_lowercase();
                shown.extend(message.iter().map(|message| format!(" {message:?}")));
                shown.extend((!parameters.is_empty()).then(|| format!(" ({})", self.exprs(parameters))));
                shown.extend(options.iter().map(|(option, value)| format!(" {option}={}", self.expr(value))));
                shown
            }
            StepKind::Assert { condition, message } => {
                format!("assert {}{}", self.expr(condition), self.optional(message.as_ref()))
            }
            StepKind::Diagnostics { items } => {
                let items: Vec<String> = items.iter().map(|(v, item)| format!("{}={item}", v.join("."))).collect();
                format!("get {}", items.join(", "))
            }
            StepKind::Open { cursor, query, command, arguments } => {
                let mut shown = format!("open {cursor}");
                shown.extend(query.iter().map(|query| format!(" for {}", self.query(query))));
                shown.extend(command.iter().map(|command| format!(" for execute {}", self.expr(command))));
                shown + &using(arguments)
            }
            StepKind::Fetch { cursor, into: variables } => format!("fetch {cursor}{}", into(variables, false)),
            StepKind::Close(cursor) => format!("close {cursor}"),
            StepKind::EndTransaction { commit } => if *commit { "commit" } else { "rollback" }.to_owned(),
            StepKind::Null => "null".to_owned(),
            StepKind::Opaque { why } => format!("opaque ({why})"),
        }
    }

    fn arms(&self, word: &str, arms: &[roof_lint::effect::IfArm], otherwise: Option<&[Step]>) -> String {
        let mut shown = word.to_owned();
        for arm in arms {
            let place = self.text(arm.at).to_lowercase();
            assert!(["if", "els", "when"].iter().any(|word| place.starts_with(word)), "{place}");
            assert!(place.ends_with(';') || place.ends_with("then"), "{place}");
            shown.push_str(&format!(" {} {{{} }}", self.expr(&arm.condition), self.steps(&arm.steps)));
        }
        shown.extend(otherwise.map(|steps| format!(" else {{{} }}", self.steps(steps))));
        shown
    }

    fn iteration(&self, iteration: &Iteration) -> String {
        match iteration {
            Iteration::Forever => "loop ".to_owned(),
            Iteration::While(condition) => format!("while {} ", self.expr(condition)),
            Iteration::Range { variable, from, to, by, reverse } => format!(
                "for {variable} in{} {}..{}{} ",
                if *reverse { " reverse" } else { "" },
                self.expr(from),
                self.expr(to),
                by.as_ref().map_or_else(String::new, |by| format!(" by {}", self.expr(by)))
            ),
            Iteration::Query { variables: names, query, cursor, arguments, change } => {
                let mut shown = format!("for {} in", variables(names));
                shown.extend(query.iter().map(|query| format!(" {}", self.query(query))));
                shown.extend(cursor.iter().map(|cursor| format!(" cursor {cursor}({})", self.exprs(arguments))));
                shown.extend(change.iter().map(|change| format!(" change {}", self.statement(change))));
                shown + " "
            }
            Iteration::Execute { variables: names, command, using } => {
                format!("for {} in execute {} using ({}) ", variables(names), self.expr(command), self.exprs(using))
            }
            Iteration::Elements { variables: names, array, slice } => {
                format!("foreach {}{} in {} ", variables(names), if *slice { " slice" } else { "" }, self.expr(array))
            }
        }
    }

    fn statement(&self, statement: &Statement) -> String {
        self.text(statement.at)
    }

    fn kind(&self, kind: &Type) -> String {
        let modifiers =
            if kind.modifiers.is_empty() { String::new() } else { format!("({})", self.exprs(&kind.modifiers)) };
        format!("{}{modifiers}{}", kind.name, if kind.array { "[]" } else { "" })
    }

    fn optional(&self, expr: Option<&Expr>) -> String {
        expr.map_or_else(String::new, |expr| format!(" {}", self.expr(expr)))
    }

    fn exprs(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|expr| self.expr(expr)).collect::<Vec<_>>().join(", ")
    }

    fn query(&self, query: &Query) -> String {
        let with: String = query.with.iter().map(|cte| format!("with {} ", cte.name)).collect();
        let body = match &query.body {
            QueryBody::Select(select) => {
                let targets: Vec<Expr> = select.targets.iter().map(|target| target.value.clone()).collect();
                let from: Vec<String> = select.from.iter().map(from).collect();
                let from = if from.is_empty() { String::new() } else { format!(" from {}", from.join(", ")) };
                format!("select {}{from}{}", self.exprs(&targets), if select.filter.is_some() { " where" } else { "" })
            }
            QueryBody::Values(rows) => format!("values {}", rows.len()),
            QueryBody::Set { .. } => "set".to_owned(),
        };
        format!("[{with}{body}]")
    }

    fn expr(&self, expr: &Expr) -> String {
        let join = |exprs: &[Expr], word: &str| {
            format!("({})", exprs.iter().map(|expr| self.expr(expr)).collect::<Vec<_>>().join(word))
        };
        match &expr.kind {
            ExprKind::Null => "NULL".to_owned(),
            ExprKind::Boolean(value) => value.to_string(),
            ExprKind::Number(number) => number.to_string(),
            ExprKind::Text(text) => format!("'{text}'"),
            ExprKind::Column(parts) => {
                let place = self.text(expr.at).replace('"', "").to_lowercase();
                assert!(parts.join(".").to_lowercase().starts_with(&place) && !place.is_empty(), "{place}");
                parts.join(".")
            }
            ExprKind::Star(_) => "*".to_owned(),
            ExprKind::Parameter(number) => format!("${number}"),
            ExprKind::And(parts) => join(parts, " and "),
            ExprKind::Or(parts) => join(parts, " or "),
            ExprKind::Not(part) => format!("not {}", self.expr(part)),
            ExprKind::Operator { operator, left, right } => {
                let left = left.as_ref().map_or_else(String::new, |left| format!("{} ", self.expr(left)));
                format!("({left}{operator} {})", self.expr(right))
            }
            ExprKind::Subquery { kind: SubqueryKind::Scalar, query } => self.query(query),
            ExprKind::Case { arms, .. } => format!("case {}", arms.len()),
            ExprKind::Call { function, arguments, .. } => format!("{function}({})", self.exprs(arguments)),
            ExprKind::Cast { operand, to } => format!("{}::{}", self.expr(operand), self.kind(to)),
            ExprKind::Array(parts) => format!("array[{}]", self.exprs(parts)),
            ExprKind::Row(parts) => format!("row({})", self.exprs(parts)),
            ExprKind::Other { what, parts } => format!("{what}({})", self.exprs(parts)),
            other => format!("{other:?}"),
        }
    }
}

fn from(from: &roof_lint::effect::From) -> String {
    match from {
        roof_lint::effect::From::Relation { name, .. } => name.to_string(),
        _ => "…".to_owned(),
    }
}

fn variables(variables: &[Vec<Ident>]) -> String {
    variables.iter().map(|variable| variable.join(".")).collect::<Vec<_>>().join(", ")
}

/// The body of the DO that a text is.
fn body(text: &str) -> Body {
    let statements = Parser::PostgreSql.statements(text, &Map::at(FileId::new(0), 0)).expect(text);
    match statements.into_iter().next().map(|statement| statement.act) {
        Some(Act::Do(body)) => body,
        other => panic!("{text}: {other:?}"),
    }
}

/// The block in few words, or why there is none and at what.
fn shown(body_text: &str) -> String {
    let show = |file: &str, doubled: bool| {
        let show = Show { file, doubled };
        match body(file) {
            Body::PlPgSql(block) => show.block(&block),
            Body::Opaque { why, at } => format!("{why} @{}", show.text(at)),
            Body::Sql(_) => "sql".to_owned(),
        }
    };
    let plain = show(&format!("DO $do${body_text}$do$"), false);
    let doubled = show(&format!("/* é */ DO LANGUAGE plpgsql '{}'", body_text.replace('\'', "''")), true);
    assert_eq!(plain, doubled);
    plain
}

/// What the statements of [`STATEMENTS`] use; `$1` is a cursor.
const DECLARED: &str = "<<b>> DECLARE a int[]; b int; c refcursor; d int; i int; k CURSOR FOR SELECT 1; \
    l CURSOR (x int, y int, z int) FOR SELECT x; m text; n int; q text; r record; x int; y int; z int; é int; \
    \"X\" int; perform int; exception int; elsif int; return int[]; BEGIN ";

/// The steps of a block, and what they are.
const STATEMENTS: &[(&str, &str)] = &[
    ("NULL; null", "null; null;"),
    ("", ""),
    // SQL
    ("UPDATE t SET a = 1 WHERE b; DELETE FROM t", "UPDATE t SET a = 1 WHERE b; DELETE FROM t;"),
    ("SELECT a INTO x FROM t", "SELECT a INTO x FROM t into x;"),
    (
        "SELECT a, b INTO STRICT x, r.y FROM t WHERE c",
        "SELECT a, b INTO STRICT x, r.y FROM t WHERE c into strict x, r.y;",
    ),
    ("SELECT a FROM t INTO x", "SELECT a FROM t into x;"),
    ("SELECT INTO é a FROM t", "SELECT INTO é a FROM t into é;"),
    ("INSERT INTO t VALUES (1) RETURNING a INTO x", "INSERT INTO t VALUES (1) RETURNING a into x;"),
    (
        "WITH w AS (INSERT INTO t SELECT 1 RETURNING a) SELECT a INTO x FROM w",
        "WITH w AS (INSERT INTO t SELECT 1 RETURNING a) SELECT a INTO x FROM w into x;",
    ),
    (
        "MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE;",
    ),
    ("IMPORT FOREIGN SCHEMA s FROM SERVER v INTO u", "IMPORT FOREIGN SCHEMA s FROM SERVER v INTO u;"),
    (
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v)",
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v);",
    ),
    (
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END FROM t; SELECT 2; END",
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END FROM t; SELECT 2; END;",
    ),
    ("PERFORM f('x', y) FROM t WHERE a", "PERFORM f('x', y) FROM t WHERE a;"),
    ("PERFORM/**/1", "PERFORM/**/1;"),
    ("CALL p(1); DO 'BEGIN END'", "CALL p(1); DO 'BEGIN END';"),
    ("SELECT 1 INTO x FRM t", "opaque (syntax error at or near \"t\");"),
    ("SELECT; UPDATE; NULL", "SELECT; opaque (syntax error at end of input); null;"),
    // assignments
    ("x := 1; y = a || b; r.f := NULL", "x := 1; y := (a || b); r.f := NULL;"),
    ("a[1] := 2; a[i + 1].f[2:3] = g()", "a := element(2, 1); a := element(g(), (i + 1), 2, 3);"),
    ("\"X\" := 1; $1 := 2; b.r.f := 3", "X := 1; $1 := 2; b.r.f := 3;"),
    ("x := count(*) FROM t WHERE a", "x := [select count() from t where];"),
    ("x := ROW(1, 2); x := (1, 2); x := CASE WHEN a THEN 1 END", "x := row(1, 2); x := row(1, 2); x := case 1;"),
    (
        "perform := 1; exception := 2; elsif = 3; return[1] := 4",
        "perform := 1; exception := 2; elsif := 3; return := element(4, 1);",
    ),
    ("x := 1 +; NULL", "opaque (syntax error at or near \")\"); null;"),
    ("x := 1, 2", "opaque (this is not one expression);"),
    ("commit := 1; NULL", "opaque (\"commit\" is not a known variable); null;"),
    ("x := ; NULL", "opaque (nothing is assigned); null;"),
    ("x := SELECT 1", "opaque (syntax error at or near \"SELECT\", expected an expression);"),
    ("a[i i] := 1", "opaque (syntax error at or near \"i\");"),
    // branches
    (
        "IF a THEN NULL; ELSIF b THEN ELSEIF c THEN x := 1; ELSE NULL; END IF",
        "if a { null; } b { } c { x := 1; } else { null; };",
    ),
    ("IF (CASE WHEN a THEN b END) THEN END IF", "if case 1 { };"),
    ("IF count(*) > 0 FROM t THEN END IF", "if [select (count() > 0) from t] { };"),
    ("IF a b c THEN NULL; ELSE NULL; END IF; NULL", "opaque (syntax error at or near \"b\"); null;"),
    (
        "CASE x + 1 WHEN 1, f(2, 3) THEN NULL; WHEN 4 THEN ELSE END CASE",
        "case (((x + 1) = 1) or ((x + 1) = f(2, 3))) { null; } ((x + 1) = 4) { } else { };",
    ),
    ("CASE WHEN a THEN NULL; END CASE", "case a { null; };"),
    // loops
    ("LOOP EXIT; CONTINUE WHEN a; END LOOP", "loop { exit; continue when a; };"),
    ("<<l>> LOOP EXIT l WHEN b; CONTINUE l; END LOOP l", "<<l>> loop { exit l when b; continue l; };"),
    ("WHILE a LOOP NULL; END LOOP", "while a { null; };"),
    ("FOR i IN 1..10 LOOP END LOOP", "for i in 1..10 { };"),
    ("FOR i IN REVERSE f(1) .. a.b BY 2 LOOP END LOOP", "for i in reverse f(1)..a.b by 2 { };"),
    ("FOR r IN SELECT * FROM t LOOP END LOOP", "for r in [select * from t] { };"),
    ("FOR a, r.b IN VALUES (1, 2) LOOP END LOOP", "for a, r.b in [values 1] { };"),
    ("FOR r IN DELETE FROM t RETURNING * LOOP END LOOP", "for r in change DELETE FROM t RETURNING * { };"),
    ("FOR r IN EXPLAIN SELECT 1 LOOP END LOOP", "for r in change EXPLAIN SELECT 1 { };"),
    ("FOR r IN EXECUTE 'SELECT $1' USING a, b LOOP END LOOP", "for r in execute 'SELECT $1' using (a, b) { };"),
    ("FOR r IN EXECUTE q LOOP END LOOP", "for r in execute q using () { };"),
    ("FOREACH x IN ARRAY a LOOP END LOOP", "foreach x in a { };"),
    ("FOREACH x, y SLICE 1 IN ARRAY ARRAY[1, 2] LOOP END LOOP", "foreach x, y slice in array[1, 2] { };"),
    ("FOREACH x SLICE 0 IN ARRAY a LOOP END LOOP", "foreach x in a { };"),
    ("FOR r IN SELEC 1 LOOP NULL; END LOOP; NULL", "opaque (syntax error at or near \"SELEC\"); null;"),
    // blocks
    (
        "<<b>> DECLARE x int; BEGIN EXIT b; EXCEPTION WHEN unique_violation OR SQLSTATE 'P0001' THEN NULL; WHEN OTHERS THEN END b",
        "<<b>> { x int4; | exit b; !unique_violation or sqlstate P0001: null; !others: };",
    ),
    ("BEGIN NULL; END", "{ null; };"),
    ("DECLARE x int := 1 +; BEGIN NULL; END; NULL", "opaque (syntax error at or near \")\"); null;"),
    (
        "<<v>> BEGIN LOOP CONTINUE v; END LOOP; END",
        "<<v>> { loop { opaque (block label \"v\" cannot be used in CONTINUE); }; };",
    ),
    ("EXIT v; NULL", "opaque (there is no label \"v\" around this statement); null;"),
    // returns
    ("RETURN", "return;"),
    ("RETURN a; RETURN (a, b)", "return a; return row(a, b);"),
    ("RETURN NEXT", "return next;"),
    ("RETURN NEXT r; RETURN NEXT 1", "return next r; return next 1;"),
    ("RETURN QUERY SELECT 1; RETURN QUERY TABLE t", "return query [select 1]; return query [select * from t];"),
    ("RETURN QUERY UPDATE t SET a = 1 RETURNING b", "return query [with changed rows select * from changed rows];"),
    ("RETURN QUERY SHOW x", "opaque (this is not a query);"),
    (
        "RETURN QUERY EXECUTE 'x' || y USING 1, z; RETURN QUERY EXECUTE q",
        "return execute ('x' || y) using 1, z; return execute q;",
    ),
    ("RETURN query.x; RETURN next.x", "return query.x; return next.x;"),
    // messages
    (
        "RAISE; RAISE 'a'; RAISE NOTICE 'a % %% %', x, f(1, 2)",
        "raise exception; raise exception \"a\"; raise notice \"a % %% %\" (x, f(1, 2));",
    ),
    (
        "RAISE WARNING division_by_zero; RAISE unique_violation USING MESSAGE = 'a', hint := b",
        "raise warning \"division_by_zero\"; raise exception \"unique_violation\" message='a' hint=b;",
    ),
    (
        "RAISE SQLSTATE '22012'; RAISE USING ERRCODE = 'P0001'",
        "raise exception \"sqlstate 22012\"; raise exception errcode='P0001';",
    ),
    ("RAISE EXCEPTION 'it''s %', x USING DETAIL = (a, b)", "raise exception \"it's %\" (x) detail=row(a, b);"),
    (
        "RAISE DEBUG $$a$$; RAISE LOG E'\\n'; RAISE INFO 'a'\n'b'",
        "raise debug \"a\"; raise log \"\\n\"; raise info \"ab\";",
    ),
    ("RAISE NOTICE USING MESSAGE = 'a'", "raise notice message='a';"),
    ("ASSERT a = 1; ASSERT a, 'b' || c", "assert (a = 1); assert a ('b' || c);"),
    ("GET DIAGNOSTICS n = ROW_COUNT, r.c := pg_context", "get n=row_count, r.c=pg_context;"),
    (
        "GET CURRENT DIAGNOSTICS n = ROW_COUNT; GET STACKED DIAGNOSTICS m = message_text",
        "get n=row_count; get m=message_text;",
    ),
    // dynamic SQL
    ("EXECUTE 'a' || f(b, c)", "execute ('a' || f(b, c));"),
    ("EXECUTE q INTO STRICT a, r.b USING 1, c", "execute q into strict a, r.b using 1, c;"),
    ("EXECUTE q USING 1 INTO a", "execute q into a using 1;"),
    // cursors
    ("OPEN k; OPEN l(1, z := 2, y := 3); OPEN c FOR SELECT 1", "open k; open l using 1, 3, 2; open c for [select 1];"),
    (
        "OPEN c SCROLL FOR EXECUTE q USING a; OPEN c NO SCROLL FOR EXECUTE q",
        "open c for execute q using a; open c for execute q;",
    ),
    ("OPEN $1 FOR SELECT 1; FETCH $1 INTO x", "open $1 for [select 1]; fetch $1 into x;"),
    (
        "FETCH c INTO x, r.y; FETCH NEXT FROM c INTO x; FETCH FROM c INTO x",
        "fetch c into x, r.y; fetch c into x; fetch c into x;",
    ),
    ("FETCH RELATIVE -1 IN c INTO x; FETCH ABSOLUTE n FROM c INTO x", "fetch c into x; fetch c into x;"),
    (
        "FETCH FORWARD FROM c INTO x; FETCH ABSOLUTE f() FROM c INTO x",
        "fetch c into x; opaque (how far the cursor moves is computed);",
    ),
    (
        "MOVE c; MOVE ALL FROM c; MOVE FORWARD 2 IN c; MOVE BACKWARD ALL FROM c; MOVE 3 FROM c",
        "fetch c; fetch c; fetch c; fetch c; fetch c;",
    ),
    ("CLOSE c; CLOSE b.c", "close c; close c;"),
    // transactions
    ("COMMIT; COMMIT AND CHAIN; ROLLBACK AND NO CHAIN; ROLLBACK", "commit; commit; rollback; rollback;"),
];

#[test]
fn every_statement_is_read() {
    let prefix = shown(&format!("{DECLARED}END"));
    let prefix = prefix.trim_end_matches(" }");
    for (steps, expected) in STATEMENTS {
        let steps = if steps.is_empty() { String::new() } else { format!("{steps}; ") };
        let found = shown(&format!("{DECLARED}{steps}END"));
        let found = found.strip_prefix(prefix).and_then(|found| found.strip_suffix(" }")).unwrap_or(&found);
        assert_eq!(found.trim_start(), *expected, "{steps}");
    }
}

#[test]
fn every_declaration_is_read() {
    let table = [
        ("x int;", "x int4;"),
        (
            "x CONSTANT numeric(10, 2) COLLATE \"C\" NOT NULL DEFAULT 1 + 1;",
            "x constant numeric(10, 2) not null = (1 + 1);",
        ),
        ("x int := 1; y text = 'a'; z timestamp with time zone;", "x int4 = 1; y text = 'a'; z timestamptz;"),
        ("x int[]; y int ARRAY[3]; z record;", "x int4[]; y int4[]; z record;"),
        (
            "x t.c%TYPE; y s.t.c%type[]; z v%TYPE; r t%ROWTYPE; q s.t%ROWTYPE;",
            "x t.c%type; y s.t.c%type[]; z v%type; r t%rowtype; q s.t%rowtype;",
        ),
        ("x ALIAS FOR $1; y ALIAS FOR new;", "x alias $1; y alias new;"),
        ("DECLARE x int; DECLARE y int;", "x int4; y int4;"),
        (
            "c CURSOR FOR SELECT 1; d NO SCROLL CURSOR (a int, b numeric(1, 2)) IS SELECT a;",
            "c cursor [select 1]; d cursor [select a];",
        ),
        ("c SCROLL CURSOR FOR VALUES (1); r refcursor;", "c cursor [values 1]; r refcursor;"),
        ("alias int; cursor_ int; type type;", "alias int4; cursor_ int4; type type;"),
        ("x int := count(*) FROM t;", "x int4 = [select count() from t];"),
    ];
    for (declarations, expected) in table {
        assert_eq!(
            shown(&format!("DECLARE {declarations} BEGIN END")),
            format!("{{ {expected} | }}"),
            "{declarations}"
        );
    }
}

#[test]
fn a_loop_over_a_cursor_is_told_from_one_over_a_query() {
    let block = "DECLARE c CURSOR (n int) FOR SELECT n; BEGIN FOR r IN c(f(1)) LOOP END LOOP; END";
    assert_eq!(shown(block), "{ c cursor [select n]; | for r in cursor c(f(1)) { }; }");
    let block = "DECLARE c CURSOR FOR SELECT 1; BEGIN FOR r IN c LOOP END LOOP; END";
    assert_eq!(shown(block), "{ c cursor [select 1]; | for r in cursor c() { }; }");
    let block = "BEGIN DECLARE c CURSOR FOR SELECT 1; BEGIN END; FOR r IN c LOOP END LOOP; END";
    assert!(shown(block).contains("opaque"), "{}", shown(block));
}

#[test]
fn options_and_labels_of_a_body_are_read() {
    assert_eq!(shown("#variable_conflict use_column\n#print_strict_params on\n<<b>> BEGIN END b;"), "<<b>> { }");
}

/// What is no body, and what is said of it at what.
const NO_BODIES: &[(&str, &str)] = &[
    ("DECLARE x int NOT NULL; BEGIN END", "variable \"x\" must have a default value, since it's declared NOT NULL @x"),
    ("DECLARE x CONSTANT int := 1; BEGIN x := 2; END", "variable \"x\" is declared CONSTANT @x"),
    (
        "DECLARE x CONSTANT int := 1; y ALIAS FOR x; BEGIN SELECT 1 INTO y; END",
        "variable \"y\" is declared CONSTANT @y",
    ),
    ("DECLARE c CURSOR (x int) FOR SELECT 1; BEGIN OPEN c; END", "cursor \"c\" has arguments @;"),
    ("DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c(1); END", "cursor \"c\" has no arguments @("),
    ("DECLARE c CURSOR (x int) FOR SELECT 1; BEGIN OPEN c(y := 1); END", "cursor \"c\" has no argument named \"y\" @y"),
    ("DECLARE c CURSOR (x int) FOR SELECT 1; BEGIN OPEN c(1, 2); END", "too many arguments for cursor \"c\" @2"),
    (
        "DECLARE c CURSOR (x int, y int) FOR SELECT 1; BEGIN OPEN c(1, x := 1); END",
        "value for parameter \"x\" of cursor \"c\" specified more than once @x",
    ),
    (
        "DECLARE c CURSOR (x int, y int) FOR SELECT 1; BEGIN FOR r IN c(1) LOOP END LOOP; END",
        "not enough arguments for cursor \"c\" @)",
    ),
    ("", "syntax error at end of input, expected \"DECLARE\" or \"BEGIN\" @"),
    ("SELECT 1;", "syntax error at or near \"SELECT\", expected \"DECLARE\" or \"BEGIN\" @SELECT"),
    ("BEGIN NULL; END; NULL", "syntax error at or near \"NULL\", expected the end of the body @NULL"),
    ("BEGIN NULL END", "syntax error at or near \"END\", expected \";\" @END"),
    ("BEGIN NULL;", "syntax error at end of input, expected a statement or \"END\" @"),
    ("BEGIN IF a NULL; END IF; END", "syntax error at or near \";\", expected \"THEN\" @;"),
    ("BEGIN IF THEN END IF; END", "syntax error at or near \"THEN\", expected an expression @THEN"),
    ("BEGIN IF a THEN END; END", "syntax error at or near \";\", expected \"IF\" @;"),
    ("BEGIN IF (a THEN END IF; END", "mismatched parentheses @;"),
    ("DECLARE x int[]; BEGIN x[] := 1; END", "syntax error at or near \"]\", expected an expression @]"),
    ("BEGIN RAISE NOTICE message; END", "unrecognized exception condition \"message\" @message"),
    ("BEGIN NULL; EXCEPTION WHEN other THEN END", "unrecognized exception condition \"other\" @other"),
    (
        "DECLARE x int[]; BEGIN x[1::2] := 1; x[1: :2] := 1; END",
        "syntax error at or near \":\", expected an expression @:",
    ),
    ("BEGIN x := a); END", "mismatched parentheses @)"),
    ("BEGIN EXIT; END", "EXIT cannot be used outside a loop, unless it has a label @EXIT"),
    ("<<a>> BEGIN END b", "end label \"b\" differs from block's label \"a\" @b"),
    ("BEGIN LOOP END LOOP b; END", "end label \"b\" specified for unlabeled block @b"),
    ("BEGIN RAISE 'a %'; END", "too few parameters specified for RAISE @'a %'"),
    ("BEGIN RAISE 'a', 1; END", "too many parameters specified for RAISE @'a'"),
    ("BEGIN RAISE NOTICE; END", "syntax error at or near \";\", expected a message, a condition or \"USING\" @;"),
    ("BEGIN RAISE SQLSTATE 'x'; END", "invalid SQLSTATE code @'x'"),
    ("BEGIN SELECT 1 INTO x INTO y; END", "INTO specified more than once @INTO"),
    ("BEGIN SELECT 1 INTO 2; END", "syntax error at or near \"2\", expected a variable @2"),
    (
        "BEGIN EXECUTE a INTO b INTO c; END",
        "syntax error at or near \"INTO\", expected \"INTO\", \"USING\" or \";\" @INTO",
    ),
    ("BEGIN FOR a, b IN 1..2 LOOP END LOOP; END", "integer FOR loop must have only one target variable @a"),
    ("BEGIN FOR a IN REVERSE SELECT 1 LOOP END LOOP; END", "cannot specify REVERSE in query FOR loop @REVERSE"),
    ("BEGIN FETCH ALL FROM c INTO x; END", "FETCH statement cannot return multiple rows @ALL"),
    (
        "BEGIN GET DIAGNOSTICS a = message_text; END",
        "diagnostics item message_text is not allowed in GET CURRENT DIAGNOSTICS @message_text",
    ),
    ("BEGIN TABLE t; END", "syntax error at or near \"TABLE\", expected a statement @TABLE"),
    ("BEGIN EXCEPTION END", "syntax error at or near \"END\", expected \"WHEN\" @END"),
    ("BEGIN ELSE NULL; END", "syntax error at or near \"ELSE\", expected \"END\" @ELSE"),
    ("BEGIN x := 'a; END", "unterminated quoted string @'"),
    ("DECLARE x; BEGIN END", "syntax error at or near \";\", expected a type @;"),
    ("DECLARE x int y; BEGIN END", "syntax error at or near \"y\" @y"),
    ("DECLARE x int <<b>> BEGIN END", "syntax error at end of input, expected a type and \";\" @"),
    ("DECLARE <<b>> x int; BEGIN END", "block label must be placed before DECLARE, not after @<<"),
    ("BEGIN BEGIN END b; END", "end label \"b\" specified for unlabeled block @b"),
];

#[test]
fn what_is_no_body_says_where() {
    for (body, expected) in NO_BODIES {
        assert_eq!(shown(body), *expected, "{body}");
    }
}

/// How many bodies there are around the innermost that is read or opaque.
fn depth_of(body: &Body) -> usize {
    let Body::PlPgSql(block) = body else { return 0 };
    let Some(Step { kind: StepKind::Sql { statement, .. }, .. }) = block.steps.first() else { return 0 };
    let Act::Do(inner) = &statement.act else { return 0 };
    1 + depth_of(inner)
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let nested = |depth: usize| format!("{}{}", "BEGIN ".repeat(depth), "END; ".repeat(depth));
    let bodies = |depth: usize| {
        let open: String = (0..depth).map(|level| format!("BEGIN DO $_{level}$ ")).collect();
        let close: String = (0..depth).rev().map(|level| format!(" $_{level}$; END")).collect();
        format!("{open}BEGIN END{close}")
    };
    // What is too deep within is opaque there, and the statement around it is read.
    for depth in [10, 250] {
        let text = format!("DO $do${}$do$", bodies(depth));
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || depth_of(&body(&text)));
        let found = thread.expect("a thread").join().expect("it is not too deep for the thread");
        assert_eq!(found, depth.min(200));
    }
    let shown = move || (shown(&nested(200)), shown(&nested(300)));
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(shown).expect("a thread");
    let (deep, deeper) = thread.join().expect("neither is too deep for the thread");
    assert!(deep.starts_with("{ { {"), "{deep}");
    assert_eq!(deeper, "statements are nested more than 200 deep @BEGIN");
}

#[test]
fn postgresql_takes_and_refuses_the_same() {
    let cluster = roof_lint::cluster::Cluster::start().expect("PostgreSQL starts");
    let statements = STATEMENTS.iter().filter(|(steps, _)| !steps.is_empty());
    let mut bodies: Vec<(String, bool)> = statements
        .map(|(steps, shown)| {
            // What is not read here although it is PL/pgSQL.
            let read = [
                "how far the cursor moves",
                "this is not a query",
                "this is not one expression",
                "nothing is assigned",
            ];
            let taken = !shown.contains("opaque") || read.iter().any(|why| shown.contains(why));
            (format!("{DECLARED}{steps}; END"), taken)
        })
        .collect();
    bodies.extend(NO_BODIES.iter().map(|(body, _)| ((*body).to_owned(), false)));
    let mut script = "CREATE FUNCTION tried(body text) RETURNS text LANGUAGE plpgsql AS $tried$
        DECLARE
            kind text;
            refused text := '';
        BEGIN
            FOREACH kind IN ARRAY ARRAY['void', 'int', 'SETOF int', 'TABLE (o int)'] LOOP
                BEGIN
                    EXECUTE format('CREATE FUNCTION f(refcursor) RETURNS %s LANGUAGE plpgsql AS %L', kind, body);
                    DROP FUNCTION f;
                    RETURN 'taken';
                EXCEPTION WHEN OTHERS THEN
                    refused := refused || ' / ' || SQLERRM;
                END;
            END LOOP;
            RETURN refused;
        END $tried$;"
        .to_owned();
    for (body, _) in &bodies {
        script.push_str(&format!("SELECT tried($body${body}$body$);"));
    }
    let answers = cluster.sql("postgres", &script).expect("the script runs");
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), bodies.len());
    let differ = |((_, taken), answer): &(&(String, bool), &str)| *taken != (*answer == "taken");
    let different: Vec<_> = bodies.iter().zip(answers).filter(differ).collect();
    assert!(different.is_empty(), "{different:#?}");
}

/// The bodies between dollar quotes of the files under `sql/`.
fn release_bodies() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(|entry| entry.expect("readable"));
    let scripts = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "sql"));
    let mut bodies = Vec::new();
    for script in scripts {
        let text = std::fs::read_to_string(script.path()).expect("a script");
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once('$') {
            rest = after;
            let Some((tag, body)) = after.split_once('$') else { break };
            // A dollar sign may stand alone: at the end of a regular expression.
            if !tag.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') {
                continue;
            }
            let (body, after) = body.split_once(&format!("${tag}$")).expect("the other tag");
            // The others are SQL.
            if ["declare", "begin"].iter().any(|word| body.trim_start().to_lowercase().starts_with(word)) {
                bodies.push(body.to_owned());
            }
            rest = after;
        }
    }
    bodies
}

/// Every statement by the name and the line that PostgreSQL has for it, in order.
struct Kinds<'a> {
    body: &'a str,
    /// What stands before the body in the file.
    before: usize,
    found: Vec<(String, usize)>,
    opaque: Vec<String>,
}

impl Kinds<'_> {
    fn push(&mut self, kind: &str, at: At) {
        let before = self.body.get(..at.span().start - self.before).expect("a place in the body");
        self.found.push((kind.to_owned(), 1 + before.matches('\n').count()));
    }
}

impl<'a> Visit<'a> for Kinds<'_> {
    // To PostgreSQL a body within a body is a string.
    fn body(&mut self, _: &'a Body) {}

    fn block(&mut self, block: &'a Block) {
        // PostgreSQL counts to BEGIN, and a declaration may be a block's only one.
        self.found.push(("block".to_owned(), 0));
        walk_block(self, block);
    }

    fn step(&mut self, step: &'a Step) {
        let place = self.body.get(step.at.span().start - self.before..).unwrap_or_default().to_lowercase();
        let kind = match &step.kind {
            StepKind::Sql { .. } if place.starts_with("perform") => "perform",
            StepKind::Sql { .. } if place.starts_with("call") || place.starts_with("do") => "call",
            StepKind::Sql { .. } => "execsql",
            StepKind::Execute { .. } => "dynexecute",
            StepKind::Assign { .. } => "assign",
            StepKind::If { .. } => "if",
            StepKind::Case { .. } => "case",
            StepKind::Loop { iteration, .. } => match iteration {
                Iteration::Forever => "loop",
                Iteration::While(_) => "while",
                Iteration::Range { .. } => "fori",
                Iteration::Query { cursor: Some(_), .. } => "forc",
                Iteration::Query { .. } => "fors",
                Iteration::Execute { .. } => "dynfors",
                Iteration::Elements { .. } => "foreach_a",
            },
            StepKind::Leave { .. } => "exit",
            StepKind::Return(_) => "return",
            StepKind::ReturnNext(_) => "return_next",
            StepKind::ReturnQuery(_) | StepKind::ReturnExecute { .. } => "return_query",
            StepKind::Raise { .. } => "raise",
            StepKind::Assert { .. } => "assert",
            StepKind::Diagnostics { .. } => "getdiag",
            StepKind::Open { .. } => "open",
            StepKind::Fetch { .. } => "fetch",
            StepKind::Close(_) => "close",
            StepKind::EndTransaction { commit } => {
                if *commit {
                    "commit"
                } else {
                    "rollback"
                }
            }
            StepKind::Opaque { why } => {
                self.opaque.push(why.to_string());
                ""
            }
            // PostgreSQL keeps nothing of `NULL`, and a block is told by `block`.
            StepKind::Null | StepKind::Block(_) => "",
        };
        if !kind.is_empty() {
            self.push(kind, step.at);
        }
        match &step.kind {
            StepKind::If { arms, .. } => arms.iter().skip(1).for_each(|arm| self.push("elsif", arm.at)),
            StepKind::Case { arms, .. } => arms.iter().for_each(|arm| self.push("when", arm.at)),
            _ => {}
        }
        walk_step(self, step);
    }
}

fn kinds(body_text: &str) -> (Vec<(String, usize)>, Vec<String>) {
    let before = "DO $do$";
    let file = format!("{before}{body_text}$do$");
    let Body::PlPgSql(block) = body(&file) else { panic!("{body_text}: {:?}", body(&file)) };
    let mut kinds = Kinds { body: body_text, before: before.len(), found: Vec::new(), opaque: Vec::new() };
    kinds.block(&block);
    kinds.found.sort();
    (kinds.found, kinds.opaque)
}

/// The same from PostgreSQL's own parser of PL/pgSQL, whatever the function returns.
fn witness(body: &str) -> Vec<(String, usize)> {
    let read = |kind: &str| {
        let function = format!("CREATE FUNCTION f(refcursor) RETURNS {kind} LANGUAGE plpgsql AS $do${body}$do$");
        pg_query::parse_plpgsql(&function).map_err(|error| error.to_string())
    };
    let kinds = ["int", "void", "SETOF int", "TABLE (o int)"];
    let tree = kinds.iter().find_map(|kind| read(kind).ok());
    let tree = tree.unwrap_or_else(|| panic!("{body}: {:?}", kinds.map(|kind| read(kind).err())));
    let mut found = Vec::new();
    let mut values = vec![("", &tree)];
    while let Some((name, value)) = values.pop() {
        let line = value.get("lineno").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let line = usize::try_from(line).expect("a line");
        match name.strip_prefix("PLpgSQL_").map(|name| name.strip_prefix("stmt_").unwrap_or(name)) {
            Some("block") if line > 0 => found.push(("block".to_owned(), 0)),
            Some("if_elsif") => found.push(("elsif".to_owned(), line)),
            Some("case_when") => found.push(("when".to_owned(), line)),
            // What PostgreSQL adds at the end has no line.
            Some(kind) if name.starts_with("PLpgSQL_stmt_") && line > 0 => found.push((kind.to_owned(), line)),
            _ => {}
        }
        match value {
            serde_json::Value::Object(fields) => {
                values.extend(fields.iter().map(|(name, value)| (name.as_str(), value)));
            }
            serde_json::Value::Array(elements) => values.extend(elements.iter().map(|value| ("", value))),
            _ => {}
        }
    }
    found.sort();
    found
}

#[test]
fn every_body_of_the_release_is_read_as_postgresql_reads_it() {
    let bodies = release_bodies();
    assert!(bodies.len() > 60, "found only {} bodies", bodies.len());
    for body in &bodies {
        let (found, opaque) = kinds(body);
        assert!(opaque.is_empty(), "{opaque:?} in {body}");
        assert_eq!(found, witness(body), "{body}");
    }
}

#[test]
fn statements_stand_on_the_lines_that_postgresql_counts() {
    let read = |(steps, shown): &&(&str, &str)| !steps.is_empty() && !shown.contains("opaque");
    for (steps, _) in STATEMENTS.iter().filter(read) {
        let body = format!("\n{DECLARED}\n{};\nEND", steps.replace("; ", ";\n").replace(" THEN ", "\nTHEN\n"));
        assert_eq!(kinds(&body).0, witness(&body), "{body}");
    }
}

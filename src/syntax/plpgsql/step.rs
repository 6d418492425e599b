//! The statements of PL/pgSQL.

use super::{Declared, Reader, is_word};
use crate::effect::{Act, Expr, ExprKind, Ident, IfArm, Iteration, RaiseLevel, Step, StepKind};
use crate::source::Span;
use crate::syntax::SyntaxError;
use crate::syntax::token::TokenKind;

/// The words that start no statement of SQL, because PL/pgSQL knows them and means something
/// else by them.
const UNRESERVED: [&str; 79] = [
    "absolute",
    "alias",
    "and",
    "array",
    "assert",
    "backward",
    "call",
    "chain",
    "close",
    "collate",
    "column",
    "column_name",
    "commit",
    "constant",
    "constraint",
    "constraint_name",
    "continue",
    "current",
    "cursor",
    "datatype",
    "debug",
    "default",
    "detail",
    "diagnostics",
    "do",
    "dump",
    "elseif",
    "elsif",
    "errcode",
    "error",
    "exception",
    "exit",
    "fetch",
    "first",
    "forward",
    "get",
    "hint",
    "info",
    "is",
    "last",
    "log",
    "message",
    "message_text",
    "move",
    "next",
    "no",
    "notice",
    "open",
    "option",
    "perform",
    "pg_context",
    "pg_datatype_name",
    "pg_exception_context",
    "pg_exception_detail",
    "pg_exception_hint",
    "print_strict_params",
    "prior",
    "query",
    "raise",
    "relative",
    "return",
    "returned_sqlstate",
    "reverse",
    "rollback",
    "row_count",
    "rowtype",
    "schema",
    "schema_name",
    "scroll",
    "slice",
    "sqlstate",
    "stacked",
    "table",
    "table_name",
    "type",
    "use_column",
    "use_variable",
    "variable_conflict",
    "warning",
];

/// Those of them that start a statement.
const STATEMENT_WORDS: [&str; 15] = [
    "assert", "call", "close", "commit", "continue", "do", "exit", "fetch", "get", "move", "open", "perform", "raise",
    "return", "rollback",
];

const LEVELS: [(&str, RaiseLevel); 6] = [
    ("exception", RaiseLevel::Exception),
    ("warning", RaiseLevel::Warning),
    ("notice", RaiseLevel::Notice),
    ("info", RaiseLevel::Info),
    ("log", RaiseLevel::Log),
    ("debug", RaiseLevel::Debug),
];

const RAISE_OPTIONS: [&str; 9] =
    ["errcode", "message", "detail", "hint", "column", "constraint", "datatype", "table", "schema"];

/// What `GET DIAGNOSTICS` knows of the last statement.
const CURRENT_ITEMS: [&str; 3] = ["row_count", "pg_context", "pg_routine_oid"];

/// What `GET STACKED DIAGNOSTICS` knows of the error.
const STACKED_ITEMS: [&str; 10] = [
    "returned_sqlstate",
    "message_text",
    "pg_exception_detail",
    "pg_exception_hint",
    "pg_exception_context",
    "column_name",
    "constraint_name",
    "pg_datatype_name",
    "table_name",
    "schema_name",
];

impl Reader<'_> {
    /// A statement with its semicolon.
    pub(super) fn step(&mut self) -> Result<Step, SyntaxError> {
        let start = self.next;
        let outer = self.trouble.take();
        let kind = self.step_kind()?;
        self.need(";")?;
        let trouble = std::mem::replace(&mut self.trouble, outer);
        let kind = match trouble {
            Some(trouble) => StepKind::Opaque { why: Ident::from(trouble.message) },
            None => kind,
        };
        Ok(Step { kind, at: self.since(start) })
    }

    /// A statement up to its semicolon.
    fn step_kind(&mut self) -> Result<StepKind, SyntaxError> {
        if self.is("<<") {
            return self.labelled();
        }
        if self.assigns() {
            return self.assignment();
        }
        let Some(first) = self.token(self.next) else { return Err(self.refusal("a statement")) };
        if !is_word(first.kind) {
            return Err(self.refusal("a statement"));
        }
        let word = if first.kind == TokenKind::Word && self.is_keyword(self.slice(first.span)) {
            self.slice(first.span).to_ascii_lowercase()
        } else {
            String::new()
        };
        match word.as_str() {
            "begin" | "declare" => return Ok(StepKind::Block(Box::new(self.block(None)?))),
            "loop" | "while" | "for" | "foreach" => return self.looped(None),
            "perform" => return Ok(self.perform()?.unwrap_or(StepKind::Null)),
            "call" | "do" => {
                let span = self.until(&[";"])?;
                return Ok(self.statement_at(span).map_or(StepKind::Null, |statement| plain(statement, false)));
            }
            _ => {}
        }
        self.next += 1;
        match word.as_str() {
            "if" => self.conditional(),
            "case" => self.case(),
            "exit" => self.leave(false),
            "continue" => self.leave(true),
            "return" => self.returned(),
            "raise" => self.raise(),
            "assert" => self.assertion(),
            "execute" => self.execute(),
            "get" => self.diagnostics(),
            "open" => self.open(),
            "fetch" => self.fetch(true),
            "move" => self.fetch(false),
            "close" => Ok(StepKind::Close(self.cursor()?)),
            "null" => Ok(StepKind::Null),
            "commit" => self.end_transaction(true),
            "rollback" => self.end_transaction(false),
            word => {
                self.next -= 1;
                if UNRESERVED.contains(&word) || super::RESERVED.contains(&word) {
                    return Err(self.refusal("a statement"));
                }
                self.sql()
            }
        }
    }

    fn labelled(&mut self) -> Result<StepKind, SyntaxError> {
        let label = self.label()?;
        if self.is("declare") || self.is("begin") {
            return Ok(StepKind::Block(Box::new(self.block(label)?)));
        }
        if ["loop", "while", "for", "foreach"].iter().any(|word| self.is(word)) {
            return self.looped(label);
        }
        Err(self.refusal("a block or a loop"))
    }

    fn assignment(&mut self) -> Result<StepKind, SyntaxError> {
        let start = self.next;
        let mut target = vec![self.decoded(start)];
        let mut subscripts = Vec::new();
        let mut element = false;
        self.next += 1;
        loop {
            if self.take("[") {
                element = true;
                if self.is("]") {
                    return Err(self.refusal("an expression"));
                }
                let mut slice = false;
                while !self.take("]") {
                    if slice || !self.take(":") {
                        let span = self.until(&["]", ":"])?;
                        subscripts.push(self.subscript(span));
                    } else {
                        slice = true;
                    }
                }
            } else if self.is(".") && self.token(self.next + 1).is_some_and(|token| is_word(token.kind)) {
                // Of an element, the fields belong to the whole as well.
                if !element {
                    target.push(self.decoded(self.next + 1));
                }
                self.next += 2;
            } else if self.take(":=") || self.take("=") {
                break;
            } else {
                return Err(self.refusal("\":=\" or \"=\""));
            }
        }
        self.assignable(&target, start)?;
        let word = target.first().map_or("", Ident::as_str);
        if STATEMENT_WORDS.contains(&word) && !self.declared.iter().any(|declared| declared.name == word) {
            // It may be a parameter; far more often it is a statement gone wrong.
            self.no(&format!("\"{word}\" is not a known variable"), self.span(start, start + 1));
        }
        if self.is(";") {
            // PostgreSQL takes it, and stumbles only once it gets there.
            self.no("nothing is assigned", self.span(start, self.next));
            return Ok(StepKind::Null);
        }
        let span = self.until(&[";"])?;
        let mut value = self.expression(span);
        if element {
            // What the whole becomes is not what the element becomes.
            let at = value.at;
            subscripts.insert(0, value);
            value = Expr { at, kind: ExprKind::Other { what: Ident::new_static("element"), parts: subscripts.into() } };
        }
        Ok(StepKind::Assign { target, value })
    }

    /// `PERFORM …` is `SELECT …`.
    fn perform(&mut self) -> Result<Option<StepKind>, SyntaxError> {
        const WORD: &str = "perform";
        const INSTEAD: &str = "SELECT";
        let span = self.until(&[";"])?;
        let rest = self.slice(Span::new(span.start + WORD.len(), span.end));
        let map = self.map.part(span).then(&[(0, 0), (INSTEAD.len(), WORD.len())]);
        Ok(self.statement(&format!("{INSTEAD}{rest}"), &map, span).map(|statement| plain(statement, true)))
    }

    /// A statement of SQL, with or without `INTO`.
    fn sql(&mut self) -> Result<StepKind, SyntaxError> {
        let start = self.next;
        let routine = self.is("create")
            && [1, 3].iter().any(|ahead| {
                let index = start + ahead;
                let replaced = *ahead == 1 || self.is_at(start + 1, "or") && self.is_at(start + 2, "replace");
                replaced && (self.is_at(index, "function") || self.is_at(index, "procedure"))
            });
        let (mut brackets, mut begins) = (0_usize, 0_usize);
        let mut into: Option<(Span, Vec<Vec<Ident>>, bool)> = None;
        loop {
            if self.is("(") {
                brackets += 1;
            } else if self.is(")") {
                brackets = brackets.saturating_sub(1);
            } else if routine && brackets == 0 && (self.is("begin") || self.is("case")) {
                begins += 1;
            } else if routine && brackets == 0 && self.is("end") {
                begins = begins.saturating_sub(1);
            } else if self.is(";") && brackets == 0 && begins == 0 {
                break;
            } else if self.next >= self.tokens.len() {
                return Err(self.refusal("\";\""));
            } else if self.is("into") && self.is_target(start) {
                let first = self.next;
                if into.is_some() {
                    return Err(self.fault("INTO specified more than once", first));
                }
                self.next += 1;
                let strict = self.take("strict");
                let variables = self.targets()?;
                into = Some((self.span(first, self.next), variables, strict));
                continue;
            }
            self.next += 1;
        }
        let span = self.span(start, self.next);
        let map = self.map.part(span);
        let (statement, into, strict) = match into {
            None => (self.statement(self.slice(span), &map, span), Vec::new(), false),
            Some((clause, into, strict)) => {
                // Blanks in its place keep every offset.
                let before = self.slice(Span::new(span.start, clause.start));
                let after = self.slice(Span::new(clause.end, span.end));
                let text = format!("{before}{:width$}{after}", "", width = clause.end - clause.start);
                (self.statement(&text, &map, span), into, strict)
            }
        };
        Ok(statement.map_or(StepKind::Null, |statement| StepKind::Sql {
            statement: Box::new(statement),
            into,
            strict,
            perform: false,
        }))
    }

    /// Whether the `INTO` that comes is that of PL/pgSQL.
    fn is_target(&self, start: usize) -> bool {
        let before = self.next.wrapping_sub(1);
        !(self.is_at(before, "insert") || self.is_at(before, "merge") || self.is_at(start, "import"))
    }

    fn conditional(&mut self) -> Result<StepKind, SyntaxError> {
        self.next -= 1;
        let mut arms = Vec::new();
        while arms.is_empty() || self.is("elsif") || self.is("elseif") {
            let start = self.next;
            self.next += 1;
            let span = self.until(&["then"])?;
            let condition = self.expression(span);
            self.need("then")?;
            let steps = self.steps()?;
            arms.push(IfArm { condition, steps, at: self.since(start) });
        }
        let otherwise = if self.take("else") { Some(self.steps()?) } else { None };
        self.need_all(&["end", "if"])?;
        Ok(StepKind::If { arms, otherwise })
    }

    fn case(&mut self) -> Result<StepKind, SyntaxError> {
        let operand = if self.is("when") {
            None
        } else {
            let span = self.until(&["when"])?;
            Some(self.expression(span))
        };
        let mut arms = Vec::new();
        while arms.is_empty() || self.is("when") {
            let start = self.next;
            self.need("when")?;
            let first = self.next;
            let condition = if let Some(operand) = &operand {
                let values = self.expressions(&["then"])?;
                let at = self.since(first);
                either(operand, values, at)
            } else {
                let span = self.until(&["then"])?;
                self.expression(span)
            };
            self.need("then")?;
            let steps = self.steps()?;
            arms.push(IfArm { condition, steps, at: self.since(start) });
        }
        let otherwise = if self.take("else") { Some(self.steps()?) } else { None };
        self.need_all(&["end", "case"])?;
        Ok(StepKind::Case { arms, otherwise })
    }

    fn looped(&mut self, label: Option<Ident>) -> Result<StepKind, SyntaxError> {
        let iteration = if self.take("while") {
            let span = self.until(&["loop"])?;
            Iteration::While(self.expression(span))
        } else if self.take("for") {
            self.iteration()?
        } else if self.take("foreach") {
            self.elements()?
        } else {
            Iteration::Forever
        };
        self.need("loop")?;
        let (declared, labels) = (self.declared.len(), self.labels.len());
        if let Iteration::Range { variable, .. } = &iteration {
            self.declared.push(Declared { name: variable.clone(), constant: false, cursor: None });
        }
        self.labels.extend(label.iter().map(|label| (label.clone(), true)));
        self.loops += 1;
        let steps = self.steps()?;
        self.loops -= 1;
        self.declared.truncate(declared);
        self.labels.truncate(labels);
        self.need_all(&["end", "loop"])?;
        self.end_label(label.as_ref())?;
        Ok(StepKind::Loop { label, iteration, steps })
    }

    /// What stands between `FOR` and `LOOP`.
    fn iteration(&mut self) -> Result<Iteration, SyntaxError> {
        let start = self.next;
        let variables = self.variables()?;
        self.need("in")?;
        if self.take("execute") {
            let span = self.until(&["using", "loop"])?;
            let command = self.expression(span);
            let using = if self.take("using") { self.expressions(&["loop"])? } else { Vec::new() };
            return Ok(Iteration::Execute { variables, command, using });
        }
        if let Some((cursor, arguments)) = self.bound_cursor()? {
            return Ok(Iteration::Query { variables, query: None, cursor: Some(cursor), arguments, change: None });
        }
        let first = self.next;
        let reverse = self.take_keyword("reverse");
        let span = self.until(&["..", "loop"])?;
        if self.take("..") {
            let from = self.expression(span);
            let span = self.until(&["by", "loop"])?;
            let to = self.expression(span);
            let by = if self.take("by") {
                let span = self.until(&["loop"])?;
                Some(self.expression(span))
            } else {
                None
            };
            let mut variable = variables.into_iter();
            return match (variable.next().and_then(|mut parts| parts.pop()), variable.next()) {
                (Some(variable), None) => Ok(Iteration::Range { variable, from, to, by, reverse }),
                _ => Err(self.fault("integer FOR loop must have only one target variable", start)),
            };
        }
        if reverse {
            return Err(self.fault("cannot specify REVERSE in query FOR loop", first));
        }
        let (query, change) = match self.statement_at(span) {
            None => (None, None),
            Some(statement) => match statement.act {
                Act::Select(query) => (Some(query), None),
                _ => (None, Some(Box::new(statement))),
            },
        };
        Ok(Iteration::Query { variables, query, cursor: None, arguments: Vec::new(), change })
    }

    /// `cursor` or `cursor(arguments)` before `LOOP`, if such a cursor is declared.
    fn bound_cursor(&mut self) -> Result<Option<(Ident, Vec<Expr>)>, SyntaxError> {
        let start = self.next;
        if !self.is_name(start) {
            return Ok(None);
        }
        let cursor = self.cursor()?;
        if self.bound(&cursor).is_none() || !(self.is("(") || self.is("loop")) {
            self.next = start;
            return Ok(None);
        }
        let arguments = self.arguments(&cursor)?;
        Ok(Some((cursor, arguments)))
    }

    /// The names of the arguments of a cursor, if it is bound.
    fn bound(&self, cursor: &str) -> Option<Vec<Ident>> {
        self.declared.iter().rfind(|declared| declared.name == cursor)?.cursor.clone()
    }

    /// The arguments of a bound cursor, named or not, in the order of their declaration.
    fn arguments(&mut self, cursor: &str) -> Result<Vec<Expr>, SyntaxError> {
        let names = self.bound(cursor).unwrap_or_default();
        let start = self.next;
        if names.is_empty() && self.is("(") {
            return Err(self.fault(format!("cursor \"{cursor}\" has no arguments"), start));
        }
        if !names.is_empty() && !self.is("(") {
            return Err(self.fault(format!("cursor \"{cursor}\" has arguments"), start));
        }
        let mut arguments: Vec<(usize, Expr)> = Vec::new();
        while self.take(if arguments.is_empty() { "(" } else { "," }) {
            let mut position = arguments.len();
            let index = self.next;
            if self.is_name(index) && (self.is_at(index + 1, ":=") || self.is_at(index + 1, "=>")) {
                let name = self.decoded(index);
                let found = names.iter().position(|known| *known == name);
                let missing = || self.fault(format!("cursor \"{cursor}\" has no argument named \"{name}\""), index);
                position = found.ok_or_else(missing)?;
                self.next += 2;
            }
            let Some(name) = names.get(position) else {
                return Err(self.fault(format!("too many arguments for cursor \"{cursor}\""), index));
            };
            if arguments.iter().any(|(other, _)| *other == position) {
                let message = format!("value for parameter \"{name}\" of cursor \"{cursor}\" specified more than once");
                return Err(self.fault(message, index));
            }
            let span = self.until(&[",", ")"])?;
            arguments.push((position, self.expression(span)));
        }
        if arguments.len() < names.len() {
            return Err(self.fault(format!("not enough arguments for cursor \"{cursor}\""), self.next));
        }
        if !names.is_empty() {
            self.need(")")?;
        }
        arguments.sort_by_key(|(position, _)| *position);
        Ok(arguments.into_iter().map(|(_, value)| value).collect())
    }

    /// What stands between `FOREACH` and `LOOP`.
    fn elements(&mut self) -> Result<Iteration, SyntaxError> {
        let variables = self.variables()?;
        let slice = if self.take("slice") {
            let number = self.token(self.next).filter(|token| token.kind == TokenKind::Number);
            let Some(number) = number else { return Err(self.refusal("a number")) };
            self.next += 1;
            self.slice(number.span).bytes().any(|byte| byte != b'0')
        } else {
            false
        };
        self.need_all(&["in", "array"])?;
        let span = self.until(&["loop"])?;
        Ok(Iteration::Elements { variables, array: self.expression(span), slice })
    }

    fn leave(&mut self, next: bool) -> Result<StepKind, SyntaxError> {
        let start = self.next - 1;
        let label = if self.is_name(self.next) { Some(self.name("a label")?) } else { None };
        if label.is_none() && self.loops == 0 {
            let message = if next {
                "CONTINUE cannot be used outside a loop"
            } else {
                "EXIT cannot be used outside a loop, unless it has a label"
            };
            return Err(self.fault(message, start));
        }
        if let Some(label) = &label {
            let found = self.labels.iter().rfind(|(known, _)| known == label);
            let message = match found {
                Some((_, false)) if next => Some(format!("block label \"{label}\" cannot be used in CONTINUE")),
                Some(_) => None,
                // It may be the name of the function, which is not known here.
                None => Some(format!("there is no label \"{label}\" around this statement")),
            };
            if let Some(message) = message {
                let trouble = self.fault(message, start);
                self.trouble(trouble);
            }
        }
        let condition = if self.take("when") {
            let span = self.until(&[";"])?;
            Some(self.expression(span))
        } else {
            None
        };
        Ok(StepKind::Leave { next, label, condition })
    }

    fn value(&mut self) -> Result<Option<Expr>, SyntaxError> {
        if self.is(";") {
            return Ok(None);
        }
        let span = self.until(&[";"])?;
        Ok(Some(self.expression(span)))
    }

    fn returned(&mut self) -> Result<StepKind, SyntaxError> {
        if self.take_keyword("next") {
            return Ok(StepKind::ReturnNext(self.value()?));
        }
        if !self.take_keyword("query") {
            return Ok(StepKind::Return(self.value()?));
        }
        if self.take("execute") {
            let span = self.until(&["using", ";"])?;
            let command = self.expression(span);
            let using = if self.take("using") { self.expressions(&[";"])? } else { Vec::new() };
            return Ok(StepKind::ReturnExecute { command, using });
        }
        let span = self.until(&[";"])?;
        Ok(self.query(span).map_or(StepKind::Null, StepKind::ReturnQuery))
    }

    fn raise(&mut self) -> Result<StepKind, SyntaxError> {
        let start = self.next;
        let mut raise = (RaiseLevel::Exception, None, Vec::new(), Vec::new());
        let result = |raise: (RaiseLevel, Option<Ident>, Vec<Expr>, Vec<(Ident, Expr)>)| StepKind::Raise {
            level: raise.0,
            message: raise.1,
            parameters: raise.2,
            options: raise.3,
        };
        if self.is(";") {
            return Ok(result(raise));
        }
        let level = LEVELS.iter().find(|(word, _)| self.is_keyword(word));
        if let Some((_, level)) = level {
            self.next += 1;
            raise.0 = *level;
        }
        if self.token(self.next).is_some_and(|token| token.kind == TokenKind::Text) {
            let message = self.text("a message")?;
            if self.take(",") {
                raise.2 = self.expressions(&[";", "using"])?;
            }
            let places = message.replace("%%", "").matches('%').count();
            if places != raise.2.len() {
                let many = if places < raise.2.len() { "many" } else { "few" };
                return Err(self.fault(format!("too {many} parameters specified for RAISE"), start));
            }
            raise.1 = Some(Ident::from(message));
        } else if self.take_keyword("sqlstate") {
            raise.1 = Some(self.sqlstate()?);
        } else if !self.is("using") {
            let condition = self.name("a message, a condition or \"USING\"")?;
            raise.1 = Some(self.known(condition)?);
        }
        if self.take("using") {
            raise.3 = self.raise_options()?;
        }
        Ok(result(raise))
    }

    fn raise_options(&mut self) -> Result<Vec<(Ident, Expr)>, SyntaxError> {
        let mut options = Vec::new();
        loop {
            let Some(option) = RAISE_OPTIONS.iter().find(|option| self.is(option)) else {
                return Err(self.refusal("an option of RAISE"));
            };
            self.next += 1;
            if !self.take(":=") {
                self.need("=")?;
            }
            let span = self.until(&[",", ";"])?;
            options.push((Ident::new_static(option), self.expression(span)));
            if !self.take(",") {
                return Ok(options);
            }
        }
    }

    fn assertion(&mut self) -> Result<StepKind, SyntaxError> {
        let span = self.until(&[",", ";"])?;
        let condition = self.expression(span);
        let message = if self.take(",") {
            let span = self.until(&[";"])?;
            Some(self.expression(span))
        } else {
            None
        };
        Ok(StepKind::Assert { condition, message })
    }

    fn execute(&mut self) -> Result<StepKind, SyntaxError> {
        let span = self.until(&["into", "using", ";"])?;
        let command = self.expression(span);
        let (mut into, mut strict, mut using) = (Vec::new(), false, Vec::new());
        while !self.is(";") {
            if into.is_empty() && self.take("into") {
                strict = self.take("strict");
                into = self.targets()?;
            } else if using.is_empty() && self.take("using") {
                using = self.expressions(&[";", "into"])?;
            } else {
                return Err(self.refusal("\"INTO\", \"USING\" or \";\""));
            }
        }
        Ok(StepKind::Execute { command, into, strict, using })
    }

    fn diagnostics(&mut self) -> Result<StepKind, SyntaxError> {
        let stacked = self.take("stacked");
        if !stacked {
            self.take("current");
        }
        self.need("diagnostics")?;
        let mut items = Vec::new();
        loop {
            let index = self.next;
            let variable = self.variable("a variable")?;
            self.assignable(&variable, index)?;
            if !self.take(":=") {
                self.need("=")?;
            }
            let find = |known: &[&'static str]| known.iter().copied().find(|item| self.is(item));
            let (known, others): (&[&str], &[&str]) =
                if stacked { (&STACKED_ITEMS, &CURRENT_ITEMS) } else { (&CURRENT_ITEMS, &STACKED_ITEMS) };
            let Some(item) = find(known) else {
                let Some(item) = find(others) else { return Err(self.refusal("an item of GET DIAGNOSTICS")) };
                let which = if stacked { "STACKED" } else { "CURRENT" };
                let message = format!("diagnostics item {item} is not allowed in GET {which} DIAGNOSTICS");
                return Err(self.fault(message, self.next));
            };
            self.next += 1;
            items.push((variable, Ident::new_static(item)));
            if !self.take(",") {
                return Ok(StepKind::Diagnostics { items });
            }
        }
    }

    fn open(&mut self) -> Result<StepKind, SyntaxError> {
        let cursor = self.cursor()?;
        let (mut query, mut command) = (None, None);
        if self.bound(&cursor).is_some() {
            let arguments = self.arguments(&cursor)?;
            return Ok(StepKind::Open { cursor, query, command, arguments });
        }
        let mut arguments = Vec::new();
        if self.take("no") {
            self.need("scroll")?;
        } else {
            self.take("scroll");
        }
        self.need("for")?;
        if self.take("execute") {
            let span = self.until(&["using", ";"])?;
            command = Some(self.expression(span));
            if self.take("using") {
                arguments = self.expressions(&[";"])?;
            }
        } else {
            let span = self.until(&[";"])?;
            query = self.query(span);
        }
        Ok(StepKind::Open { cursor, query, command, arguments })
    }

    /// `FETCH` and, without `INTO`, `MOVE`.
    fn fetch(&mut self, fetch: bool) -> Result<StepKind, SyntaxError> {
        let start = self.next;
        let several = self.direction()?;
        let cursor = self.cursor()?;
        let into = if fetch {
            self.need("into")?;
            self.targets()?
        } else {
            Vec::new()
        };
        if fetch && several {
            return Err(self.fault("FETCH statement cannot return multiple rows", start));
        }
        Ok(StepKind::Fetch { cursor, into })
    }

    /// What may stand before the cursor, `FROM` or `IN` included; whether it means several rows.
    fn direction(&mut self) -> Result<bool, SyntaxError> {
        let mut several = false;
        if ["next", "prior", "first", "last"].iter().any(|word| self.take_keyword(word)) {
        } else if self.take_keyword("absolute") || self.take_keyword("relative") {
            self.count()?;
        } else if self.take("all") {
            several = true;
        } else if self.take_keyword("forward") || self.take_keyword("backward") {
            if self.take("all") {
                several = true;
            } else if !self.is("from") && !self.is("in") {
                several = true;
                self.count()?;
            }
        } else if self.is("from") || self.is("in") {
        } else if self.is_variable() && !self.is_at(self.next + 1, "(") {
            return Ok(false);
        } else {
            several = true;
            self.count()?;
        }
        if !self.take("from") && !self.take("in") {
            return Err(self.refusal("\"FROM\" or \"IN\""));
        }
        Ok(several)
    }

    /// How many rows, or which. It has no word of its own, so it must do nothing.
    fn count(&mut self) -> Result<(), SyntaxError> {
        let first = self.next;
        let span = self.until(&["from", "in"])?;
        let mut count = &self.expression(span);
        while let ExprKind::Operator { left: None, right, .. } = &count.kind {
            count = right;
        }
        if !matches!(count.kind, ExprKind::Number(_) | ExprKind::Column(_) | ExprKind::Parameter(_) | ExprKind::Null) {
            let trouble = self.fault("how far the cursor moves is computed", first);
            self.trouble(trouble);
        }
        Ok(())
    }

    fn end_transaction(&mut self, commit: bool) -> Result<StepKind, SyntaxError> {
        if self.take("and") {
            self.take("no");
            self.need("chain")?;
        }
        Ok(StepKind::EndTransaction { commit })
    }
}

/// A statement without `INTO`.
fn plain(statement: crate::effect::Statement, perform: bool) -> StepKind {
    StepKind::Sql { statement: Box::new(statement), into: Vec::new(), strict: false, perform }
}

/// `x = a OR x = b`
fn either(operand: &Expr, values: Vec<Expr>, at: crate::effect::At) -> Expr {
    let equal = |value: Expr| {
        let at = value.at;
        let operator = Ident::new_static("=");
        let kind = ExprKind::Operator { operator, left: Some(Box::new(operand.clone())), right: Box::new(value) };
        Expr { at, kind }
    };
    let mut arms: Vec<Expr> = values.into_iter().map(equal).collect();
    match (arms.len(), arms.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            arms.extend(last);
            Expr { at, kind: ExprKind::Or(arms) }
        }
    }
}

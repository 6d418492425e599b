//! Bodies of PL/pgSQL, read as `pl_gram.y` of PostgreSQL 15 to 18 reads them. Decides where a
//! statement starts and where a piece of SQL ends; what the piece says is the parser's of SQL.
//! Of variables it knows only those of the body: whatever stands before `:=`, `=` or `[` is one.

mod condition;
mod sql;
mod step;

use std::cell::Cell;

use super::token::{self, LexError, Token, TokenKind};
use super::{Parser, SyntaxError};
use crate::effect::{At, Block, Declaration, Handler, Ident, Name, Query, Step, Type, VariableConflict};
use crate::source::{Map, Span};

/// How deeply statements may be nested, those of a body within a body among them.
const DEPTH_LIMIT: usize = 200;

thread_local! {
    /// How deeply the statement that is being read is nested. The parser of SQL stands between
    /// a body and the body within it and cannot hand the number on.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The words that PL/pgSQL reserves: none of them is a name unless it is quoted.
const RESERVED: [&str; 24] = [
    "all", "begin", "by", "case", "declare", "else", "end", "execute", "for", "foreach", "from", "if", "in", "into",
    "loop", "not", "null", "or", "strict", "then", "to", "using", "when", "while",
];

/// The block of a body: `text` is the body, decoded, and `map` leads to where it stands.
pub(super) fn block(text: &str, map: &Map, parser: Parser) -> Result<Block, SyntaxError> {
    let place = |offset: usize| At::new(map.file(), map.span(Span::new(offset, text.len().min(offset + 1))));
    let tokens =
        token::tokens(text).map_err(|LexError { offset, message }| SyntaxError { message, at: place(offset) })?;
    let (declared, labels) = (Vec::new(), Vec::new());
    let mut reader = Reader { text, map, parser, tokens, next: 0, loops: 0, declared, labels, trouble: None };
    let conflict = reader.options()?;
    let label = reader.label()?;
    if !reader.is("declare") && !reader.is("begin") {
        return Err(reader.refusal("\"DECLARE\" or \"BEGIN\""));
    }
    let block = Block { conflict, ..reader.block(label)? };
    reader.take(";");
    if reader.next < reader.tokens.len() {
        return Err(reader.refusal("the end of the body"));
    }
    reader.trouble.map_or(Ok(block), Err)
}

/// What is known of a variable.
struct Declared {
    name: Ident,
    constant: bool,
    /// Of a bound cursor, the names of its arguments.
    cursor: Option<Vec<Ident>>,
}

/// Goes through the tokens of a body.
struct Reader<'a> {
    text: &'a str,
    map: &'a Map,
    parser: Parser,
    tokens: Vec<Token>,
    /// The number of the next token.
    next: usize,
    /// How many loops there are around.
    loops: usize,
    /// What is declared around, the innermost last.
    declared: Vec<Declared>,
    /// The labels around, and whether each is that of a loop.
    labels: Vec<(Ident, bool)>,
    /// Why a piece of SQL of the statement that is being read could not be.
    trouble: Option<SyntaxError>,
}

impl<'a> Reader<'a> {
    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// Whether the token is this word, unquoted, or this sign.
    fn is_at(&self, index: usize, what: &str) -> bool {
        let plain = |kind| matches!(kind, TokenKind::Word | TokenKind::Operator | TokenKind::Punctuation);
        self.token(index).is_some_and(|token| plain(token.kind) && self.slice(token.span).eq_ignore_ascii_case(what))
    }

    fn is(&self, what: &str) -> bool {
        self.is_at(self.next, what)
    }

    /// Whether the next token is this word, and not the first part of a qualified name.
    fn is_keyword(&self, word: &str) -> bool {
        self.is(word) && !(self.is_at(self.next + 1, ".") && self.is_name(self.next + 2))
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.is(what);
        self.next += usize::from(found);
        found
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        self.is_keyword(word) && self.take(word)
    }

    fn need(&mut self, what: &str) -> Result<(), SyntaxError> {
        if self.take(what) { Ok(()) } else { Err(self.refusal(&format!("\"{}\"", what.to_ascii_uppercase()))) }
    }

    fn need_all(&mut self, what: &[&str]) -> Result<(), SyntaxError> {
        what.iter().try_for_each(|what| self.need(what))
    }

    /// The next token is not what it should be.
    fn refusal(&self, expected: &str) -> SyntaxError {
        let met = match self.token(self.next) {
            Some(token) => {
                // A literal may be long.
                let met: String =
                    self.slice(token.span).chars().take_while(|letter| *letter != '\n').take(40).collect();
                format!("at or near \"{met}\"")
            }
            None => "at end of input".to_owned(),
        };
        self.fault(format!("syntax error {met}, expected {expected}"), self.next)
    }

    /// A fault at a token.
    fn fault(&self, message: impl Into<String>, index: usize) -> SyntaxError {
        let end = self.text.len();
        let span = self.token(index).map_or(Span::new(end, end), |token| token.span);
        SyntaxError { message: message.into(), at: self.at(span) }
    }

    fn at(&self, span: Span) -> At {
        At::new(self.map.file(), self.map.span(span))
    }

    /// The bytes from a token up to, not including, another.
    fn span(&self, first: usize, end: usize) -> Span {
        let start = self.token(first).map_or(self.text.len(), |token| token.span.start);
        let last = end.checked_sub(1).and_then(|last| self.token(last));
        Span::new(start, last.map_or(start, |token| token.span.end.max(start)))
    }

    /// From a token to the last one that was taken.
    fn since(&self, first: usize) -> At {
        self.at(self.span(first, self.next))
    }

    fn is_name(&self, index: usize) -> bool {
        self.token(index).is_some_and(|token| match token.kind {
            TokenKind::Word => !RESERVED.iter().any(|word| self.slice(token.span).eq_ignore_ascii_case(word)),
            TokenKind::QuotedWord => true,
            _ => false,
        })
    }

    /// Whether the next token is a name or a parameter.
    fn is_variable(&self) -> bool {
        self.is_name(self.next) || self.token(self.next).is_some_and(|token| token.kind == TokenKind::Parameter)
    }

    fn decoded(&self, index: usize) -> Ident {
        self.token(index).map_or_else(Ident::default, |token| token::decode_word(self.text, token.span))
    }

    fn name(&mut self, what: &str) -> Result<Ident, SyntaxError> {
        if !self.is_name(self.next) {
            return Err(self.refusal(what));
        }
        self.next += 1;
        Ok(self.decoded(self.next - 1))
    }

    /// The name of a cursor, the label before it left out.
    fn cursor(&mut self) -> Result<Ident, SyntaxError> {
        self.variable("a cursor").map(|mut parts| parts.pop().unwrap_or_default())
    }

    /// A variable with its fields, or a parameter.
    fn variable(&mut self, what: &str) -> Result<Vec<Ident>, SyntaxError> {
        if !self.is_variable() {
            return Err(self.refusal(what));
        }
        let mut parts = vec![self.decoded(self.next)];
        self.next += 1;
        while self.is(".") && self.is_name(self.next + 1) {
            parts.push(self.decoded(self.next + 1));
            self.next += 2;
        }
        Ok(parts)
    }

    fn variables(&mut self) -> Result<Vec<Vec<Ident>>, SyntaxError> {
        let mut variables = vec![self.variable("a variable")?];
        while self.take(",") {
            variables.push(self.variable("a variable")?);
        }
        Ok(variables)
    }

    /// Variables that get a value.
    fn targets(&mut self) -> Result<Vec<Vec<Ident>>, SyntaxError> {
        let start = self.next;
        let variables = self.variables()?;
        variables.iter().try_for_each(|variable| self.assignable(variable, start))?;
        Ok(variables)
    }

    /// Whether the variable, written at a token, may get a value.
    fn assignable(&self, variable: &[Ident], index: usize) -> Result<(), SyntaxError> {
        let [name, fields @ ..] = variable else { return Ok(()) };
        if !fields.is_empty() && self.labels.iter().any(|(label, _)| label == name) {
            return Ok(());
        }
        match self.declared.iter().rfind(|declared| declared.name == *name) {
            Some(declared) if declared.constant => {
                Err(self.fault(format!("variable \"{name}\" is declared CONSTANT"), index))
            }
            _ => Ok(()),
        }
    }

    /// Up to the first of the signs or words outside all brackets, which is not taken.
    fn until(&mut self, ends: &[&str]) -> Result<Span, SyntaxError> {
        let first = self.next;
        let mut depth = 0_usize;
        while depth > 0 || !ends.iter().any(|end| self.is(end)) {
            if self.is("(") || self.is("[") {
                depth += 1;
            } else if self.is(")") || self.is("]") {
                depth = depth.checked_sub(1).ok_or_else(|| self.fault("mismatched parentheses", self.next))?;
            } else if self.is(";") || self.next >= self.tokens.len() {
                return Err(if depth > 0 {
                    self.fault("mismatched parentheses", self.next)
                } else {
                    let ends: Vec<String> =
                        ends.iter().map(|end| format!("\"{}\"", end.to_ascii_uppercase())).collect();
                    self.refusal(&ends.join(" or "))
                });
            }
            self.next += 1;
        }
        if self.next == first {
            return Err(self.refusal("an expression"));
        }
        Ok(self.span(first, self.next))
    }

    /// `#option dump` and its relatives, of which only `#variable_conflict` says something
    /// about what is done.
    fn options(&mut self) -> Result<Option<VariableConflict>, SyntaxError> {
        let mut conflict = None;
        while self.take("#") {
            let values: &[&str] = if self.take("option") {
                &["dump"]
            } else if self.take("print_strict_params") {
                &["on", "off"]
            } else if self.take("variable_conflict") {
                &["error", "use_variable", "use_column"]
            } else {
                return Err(self.refusal("\"option\", \"print_strict_params\" or \"variable_conflict\""));
            };
            conflict = match values.iter().find(|value| self.take(value)) {
                Some(&"error") => Some(VariableConflict::Error),
                Some(&"use_variable") => Some(VariableConflict::UseVariable),
                Some(&"use_column") => Some(VariableConflict::UseColumn),
                Some(_) => conflict,
                None => return Err(self.refusal(&values.join(" or "))),
            };
        }
        Ok(conflict)
    }

    /// `<<label>>`
    fn label(&mut self) -> Result<Option<Ident>, SyntaxError> {
        if !self.take("<<") {
            return Ok(None);
        }
        let label = self.name("a label")?;
        self.need(">>")?;
        Ok(Some(label))
    }

    /// What may follow `END` or `END LOOP`.
    fn end_label(&mut self, label: Option<&Ident>) -> Result<(), SyntaxError> {
        if !self.is_name(self.next) {
            return Ok(());
        }
        let index = self.next;
        let found = self.name("a label")?;
        match label {
            Some(label) if *label == found => Ok(()),
            Some(label) => {
                Err(self.fault(format!("end label \"{found}\" differs from block's label \"{label}\""), index))
            }
            None => Err(self.fault(format!("end label \"{found}\" specified for unlabeled block"), index)),
        }
    }

    fn block(&mut self, label: Option<Ident>) -> Result<Block, SyntaxError> {
        let start = self.next;
        let declared = self.declared.len();
        let labels = self.labels.len();
        let mut declarations = Vec::new();
        if self.take("declare") {
            while !self.is("begin") {
                // PostgreSQL lets the word be written again and again.
                if self.take("declare") {
                    continue;
                }
                if self.is("<<") {
                    return Err(self.fault("block label must be placed before DECLARE, not after", self.next));
                }
                declarations.push(self.declaration(declared)?);
            }
        }
        self.need("begin")?;
        self.labels.extend(label.iter().map(|label| (label.clone(), false)));
        let steps = self.steps()?;
        let mut handlers = Vec::new();
        if self.take("exception") {
            while self.is("when") {
                handlers.push(self.handler()?);
            }
            if handlers.is_empty() {
                return Err(self.refusal("\"WHEN\""));
            }
        }
        self.need("end")?;
        let at = self.since(start);
        self.end_label(label.as_ref())?;
        self.declared.truncate(declared);
        self.labels.truncate(labels);
        Ok(Block { label, declarations, steps, handlers, conflict: None, at })
    }

    fn handler(&mut self) -> Result<Handler, SyntaxError> {
        let start = self.next;
        self.need("when")?;
        let mut conditions = Vec::new();
        loop {
            let condition = self.name("a condition")?;
            conditions.push(match condition.as_str() {
                "sqlstate" => self.sqlstate()?,
                "others" => condition,
                _ => self.known(condition)?,
            });
            if !self.take("or") {
                break;
            }
        }
        self.need("then")?;
        let steps = self.steps()?;
        Ok(Handler { conditions, steps, at: self.since(start) })
    }

    /// The condition that was taken last, if there is one of that name.
    fn known(&self, condition: Ident) -> Result<Ident, SyntaxError> {
        if condition::is_condition(&condition) {
            Ok(condition)
        } else {
            Err(self.fault(format!("unrecognized exception condition \"{condition}\""), self.next - 1))
        }
    }

    /// What follows `SQLSTATE`.
    fn sqlstate(&mut self) -> Result<Ident, SyntaxError> {
        let code = self.text("an SQLSTATE in quotes")?;
        if code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
            Ok(Ident::from(format!("sqlstate {code}")))
        } else {
            Err(self.fault("invalid SQLSTATE code", self.next - 1))
        }
    }

    /// A string constant; neither `U&` nor `N` goes before it.
    fn text(&mut self, what: &str) -> Result<String, SyntaxError> {
        let Some(token) = self.token(self.next) else { return Err(self.refusal(what)) };
        let marked = self.slice(token.span).starts_with(['u', 'U', 'n', 'N']);
        if token.kind != TokenKind::Text || marked {
            return Err(self.refusal(what));
        }
        self.next += 1;
        match token::decode_text(self.text, token.span) {
            Ok(decoded) => Ok(decoded.text),
            Err(error) => Err(self.fault(error.message, self.next - 1)),
        }
    }

    /// A declaration of the block before which so many are declared.
    fn declaration(&mut self, before: usize) -> Result<Declaration, SyntaxError> {
        let start = self.next;
        let name = self.name("a declaration or \"BEGIN\"")?;
        if self.declared.iter().skip(before).any(|declared| declared.name == name) {
            let met = self.slice(self.span(start, self.next));
            return Err(self.fault(format!("duplicate declaration at or near \"{met}\""), start));
        }
        let mut declaration = Declaration {
            name,
            kind: None,
            constant: false,
            not_null: false,
            value: None,
            cursor: None,
            alias_for: None,
            at: At::default(),
        };
        let (mut cursor, mut constant) = (None, false);
        if self.take_keyword("alias") {
            self.need("for")?;
            let parts = self.variable("a variable")?;
            let same = self.declared.iter().rfind(|declared| parts.last() == Some(&declared.name));
            (cursor, constant) = same.map_or((None, false), |same| (same.cursor.clone(), same.constant));
            declaration.alias_for = Some(Ident::from(parts.join(".")));
        } else if ["no", "scroll", "cursor"].iter().any(|word| self.is_keyword(word)) {
            if self.take("no") {
                self.need("scroll")?;
            } else {
                self.take("scroll");
            }
            self.need("cursor")?;
            (cursor, declaration.cursor) = self.bound_query()?;
        } else {
            declaration.constant = self.take_keyword("constant");
            declaration.kind = self.kind()?;
            if self.take("collate") {
                self.variable("a collation")?;
            }
            if self.take("not") {
                self.need("null")?;
                declaration.not_null = true;
            }
            if self.take(":=") || self.take("=") || self.take("default") {
                let value = self.until(&[";"])?;
                declaration.value = Some(self.expression(value));
            } else if !self.is(";") {
                return Err(self.refusal("\":=\" or \";\""));
            } else if declaration.not_null {
                let name = &declaration.name;
                let message = format!("variable \"{name}\" must have a default value, since it's declared NOT NULL");
                return Err(self.fault(message, start));
            }
        }
        self.need(";")?;
        declaration.at = self.since(start);
        constant |= declaration.constant;
        self.declared.push(Declared { name: declaration.name.clone(), constant, cursor });
        Ok(declaration)
    }

    /// What follows `CURSOR`: the names of the arguments, and the query.
    fn bound_query(&mut self) -> Result<(Option<Vec<Ident>>, Option<Box<Query>>), SyntaxError> {
        let mut arguments = Vec::new();
        if self.take("(") {
            loop {
                arguments.push(self.name("an argument")?);
                self.kind()?;
                if !self.take(",") {
                    break;
                }
            }
            self.need(")")?;
        }
        if !self.take("is") {
            self.need("for")?;
        }
        let query = self.until(&[";"])?;
        Ok((Some(arguments), self.query(query)))
    }

    /// A type, up to what may follow it in a declaration.
    fn kind(&mut self) -> Result<Option<Type>, SyntaxError> {
        let start = self.next;
        if self.is_variable() {
            let mut parts = self.variable("a type")?;
            let copied = ["type", "rowtype"].iter().find(|word| self.is("%") && self.is_at(self.next + 1, word));
            if let Some(copied) = copied {
                self.next += 2;
                let at = self.since(start);
                let last = format!("{}%{copied}", parts.pop().unwrap_or_default());
                // Of a column, the name is that of its relation and its own.
                let relation = if *copied == "type" { parts.pop() } else { None };
                let name = relation.map_or_else(|| last.clone(), |relation| format!("{relation}.{last}"));
                let name = Name { schema: parts.pop(), name: Ident::from(name), at };
                return Ok(Some(Type { name, modifiers: Vec::new(), array: self.dimensions()?, set: false }));
            }
            self.next = start;
        }
        let mut depth = 0_usize;
        loop {
            let follows = ["collate", "not", "=", ":=", "default"].iter().any(|word| self.is(word));
            if follows || self.is(";") || depth == 0 && (self.is(",") || self.is(")")) {
                break;
            }
            if self.next >= self.tokens.len() {
                return Err(self.refusal("a type and \";\""));
            }
            if self.is("(") {
                depth += 1;
            } else if self.is(")") {
                depth -= 1;
            }
            self.next += 1;
        }
        if self.next == start {
            return Err(self.refusal("a type"));
        }
        let span = self.span(start, self.next);
        Ok(self.type_of(span))
    }

    /// What may follow `%TYPE`: `ARRAY`, `[]`, `[3]`. Whether any of it does.
    fn dimensions(&mut self) -> Result<bool, SyntaxError> {
        let mut array = self.take("array");
        while self.take("[") {
            array = true;
            if self.token(self.next).is_some_and(|token| token.kind == TokenKind::Number) {
                self.next += 1;
            }
            self.need("]")?;
        }
        Ok(array)
    }

    /// Statements, up to a word that ends or divides what holds them.
    fn steps(&mut self) -> Result<Vec<Step>, SyntaxError> {
        let mut steps = Vec::new();
        loop {
            let reserved = ["end", "else", "when"].iter().any(|word| self.is(word));
            let other = ["elsif", "elseif", "exception"].iter().any(|word| self.is_keyword(word));
            if reserved || other && !self.assigns() {
                return Ok(steps);
            }
            if self.next >= self.tokens.len() {
                return Err(self.refusal("a statement or \"END\""));
            }
            let depth = DEPTH.get();
            if depth >= DEPTH_LIMIT {
                let message = format!("statements are nested more than {DEPTH_LIMIT} deep");
                return Err(self.fault(message, self.next));
            }
            DEPTH.set(depth + 1);
            let step = self.step();
            DEPTH.set(depth);
            steps.push(step?);
        }
    }

    /// Whether a variable with its fields comes and then what makes it an assignment.
    fn assigns(&self) -> bool {
        if !self.is_variable() {
            return false;
        }
        let mut index = self.next + 1;
        while self.is_at(index, ".") && self.token(index + 1).is_some_and(|token| is_word(token.kind)) {
            index += 2;
        }
        [":=", "=", "["].iter().any(|sign| self.is_at(index, sign))
    }
}

const fn is_word(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Word | TokenKind::QuotedWord)
}

//! Dynamic SQL: the text where it can be told, and what it does then.

use super::Flow;
use super::event::{Origin, Via, What};
use super::expression::{TEXT_LIMIT, text_of};
use super::state::State;
use crate::effect::{Act, At, Expr, ExprKind, Ident};
use crate::source::Map;

impl<'a> Flow<'a> {
    /// `EXECUTE command`
    pub(super) fn execute(
        &mut self,
        at: At,
        command: &'a Expr,
        into: &'a [Vec<Ident>],
        strict: bool,
        using: &[Expr],
        state: &mut State,
    ) {
        self.calls_in(command, true, state);
        let resolved = self.resolve(command, state);
        let Some(text) = text_of(&resolved) else {
            self.emit(at, What::Opaque("the text of this dynamic SQL is not known before it runs".to_owned()), state);
            state.forget_everything();
            Self::assign_rows(None, into, strict, state);
            return;
        };
        // Wherever the text came from: it is executed here.
        let start = command.at.span().start;
        let map = Map::from_steps(at.file(), vec![(0, start), (usize::MAX, start)]);
        let statements = match self.parser.statements(&text, &map) {
            Ok(statements) => statements,
            Err(error) => {
                let why = format!("the dynamic SQL `{text}` does not parse: {}", error.message);
                self.emit(at, What::Opaque(why), state);
                state.forget_everything();
                Self::assign_rows(None, into, strict, state);
                return;
            }
        };
        self.trail.push(Via { at, origin: Origin::Dynamic });
        let count = statements.len();
        for mut statement in statements {
            statement.at = at;
            let statement = self.memory.statements.push_get(Box::new(statement));
            let mut query = None;
            self.with_parameters(using.to_vec(), state, |flow, state| {
                if let Act::Select(read) = &statement.act {
                    query = Some(flow.resolve_query(read, state));
                }
                flow.statement(statement, state);
            });
            if count == 1 {
                // EXECUTE leaves FOUND as it was.
                let found = state.found.clone();
                Self::assign_rows(query.as_ref(), into, strict, state);
                state.found = found;
            }
        }
        if count != 1 {
            Self::assign_rows(None, into, strict, state);
        }
        self.trail.pop();
    }
}

/// The functions that put texts together.
pub(super) fn text_call(name: &str, arguments: &[Expr]) -> Option<Ident> {
    let text = |index: usize| arguments.get(index).and_then(text_of);
    match (name, arguments.len()) {
        ("format", 1..) => format_text(&text(0)?, arguments.get(1..).unwrap_or_default()),
        ("concat", _) => {
            let mut whole = String::new();
            for argument in arguments {
                if argument.kind != ExprKind::Null {
                    whole.push_str(&printed(argument)?);
                }
                if whole.len() > TEXT_LIMIT {
                    return None;
                }
            }
            Some(Ident::from(whole))
        }
        ("quote_ident", 1) => Some(Ident::from(quote_ident(&text(0)?))),
        ("quote_literal" | "quote_nullable", 1) => Some(Ident::from(quote_literal(&text(0)?))),
        ("lower", 1) => Some(Ident::from(text(0)?.to_ascii_lowercase())),
        ("upper", 1) => Some(Ident::from(text(0)?.to_ascii_uppercase())),
        ("btrim" | "trim", 1) => Some(Ident::from(text(0)?.trim_matches(' '))),
        ("replace", 3) => {
            let (whole, from, to) = (text(0)?, text(1)?, text(2)?);
            if from.is_empty() {
                return Some(whole);
            }
            let length = whole.len() + whole.matches(from.as_str()).count() * to.len();
            (length <= TEXT_LIMIT).then(|| Ident::from(whole.replace(from.as_str(), &to)))
        }
        _ => None,
    }
}

/// PostgreSQL 15 manual, 9.4.1: `%s`, `%I`, `%L`, `%%`, with positions and without widths.
fn format_text(format: &str, arguments: &[Expr]) -> Option<Ident> {
    let mut out = String::new();
    let mut next = 0;
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut digits = String::new();
        while let Some(digit) = characters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        if !digits.is_empty() {
            // Digits without `$` are a width.
            characters.next_if_eq(&'$')?;
            next = digits.parse::<usize>().ok()?.checked_sub(1)?;
        }
        let kind = characters.next()?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let argument = arguments.get(next)?;
        next += 1;
        let null = argument.kind == ExprKind::Null;
        match kind {
            's' if null => {}
            's' => out.push_str(&printed(argument)?),
            'I' if !null => out.push_str(&quote_ident(&printed(argument)?)),
            'L' if null => out.push_str("NULL"),
            'L' => out.push_str(&quote_literal(&printed(argument)?)),
            _ => return None,
        }
        if out.len() > TEXT_LIMIT {
            return None;
        }
    }
    Some(Ident::from(out))
}

/// A value as PostgreSQL prints it, which is not what it is cast to.
fn printed(value: &Expr) -> Option<Ident> {
    match &value.kind {
        ExprKind::Boolean(truth) => Some(Ident::new_static(if *truth { "t" } else { "f" })),
        _ => text_of(value),
    }
}

/// Quoted always: what it means is the same, and no list of keywords is needed.
fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

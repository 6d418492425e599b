//! What constants come to, and whether what holds a value keeps it.

use super::day::Day;
use crate::builtin::{TEXT_LIMIT, applied};
use crate::effect::{At, Expr, ExprKind, Ident, Name, Query, SubqueryKind, Type, Visit, walk_expr};

/// How much an expression may hold that is kept as the value of a variable: constants count once,
/// everything else eight times.
const VALUE_LIMIT: usize = 8192;

/// What a constant says.
#[must_use]
pub fn constant(value: &Expr) -> Option<Ident> {
    if value.is_constant() { text_of(value) } else { None }
}

/// The text that an expression of constants comes to.
#[must_use]
pub fn text_of(expr: &Expr) -> Option<Ident> {
    match &expr.kind {
        ExprKind::Text(text) => Some(text.clone()),
        ExprKind::Number(number) => Some(number.clone()),
        ExprKind::Boolean(truth) => Some(Ident::new_static(if *truth { "true" } else { "false" })),
        ExprKind::Cast { operand, to }
            if !to.array && matches!(to.name.name.as_str(), "text" | "varchar" | "name" | "bpchar" | "regclass") =>
        {
            let text = put_together(operand)?;
            let text: Ident = match to.modifiers.as_slice() {
                [] => text,
                // What is longer is cut.
                [length] => text.chars().take(usize::try_from(integer(length)?).ok()?).collect(),
                _ => return None,
            };
            let is_cut = match to.name.name.as_str() {
                "name" => text.len() > 63,
                "bpchar" => text.ends_with(' '),
                _ => false,
            };
            Some(text).filter(|_| !is_cut)
        }
        ExprKind::Operator { operator, left: Some(left), right } if operator == "||" => {
            let (left, right) = (put_together(left)?, put_together(right)?);
            (left.len() + right.len() <= TEXT_LIMIT).then(|| Ident::from(format!("{left}{right}")))
        }
        ExprKind::Operator { operator, left: None, right } if operator == "-" => {
            Some(Ident::from(format!("-{}", text_of(right)?)))
        }
        ExprKind::Operator { operator, left: Some(left), right } if operator == "->>" => json_member(left, right),
        ExprKind::Operator { .. } => integer(expr).map(|number| Ident::from(number.to_string())),
        ExprKind::Call { function, arguments, .. } if function.schema.as_deref().is_none_or(|s| s == "pg_catalog") => {
            text_call(&function.name, arguments)
        }
        _ => None,
    }
}

/// The constant that an operator or a function of PostgreSQL makes of constants; what it makes nothing
/// of stays as it is.
pub(super) fn folded(expr: Expr) -> Expr {
    let is_worked_out = match &expr.kind {
        ExprKind::Operator { left: Some(_), .. } => true,
        ExprKind::Cast { operand, .. } => integer(operand).is_none() && integer(&expr).is_some(),
        // Names are quoted here where PostgreSQL does not have to.
        ExprKind::Call { function, arguments, .. } => {
            let quotes =
                |expr: &Expr| matches!(&expr.kind, ExprKind::Text(text) if text.contains('%') && text.contains('I'));
            function.name != "quote_ident" && !(function.name == "format" && arguments.first().is_none_or(quotes))
        }
        _ => false,
    };
    let kind = || integer(&expr).map(|value| number(value).kind).or_else(|| text_of(&expr).map(ExprKind::Text));
    match is_worked_out.then(kind).flatten() {
        Some(kind) => Expr { at: expr.at, kind },
        None => expr,
    }
}

pub(super) fn integer(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Number(number) => number.parse().ok(),
        ExprKind::Operator { operator, left: None, right } if operator == "-" => integer(right)?.checked_neg(),
        ExprKind::Cast { operand, to }
            if !to.array && to.name.schema.is_none() && matches!(to.name.name.as_str(), "int2" | "int4" | "int8") =>
        {
            let digits = || Some(text_of(operand)?).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            integer(operand).or_else(|| digits()?.parse().ok())
        }
        ExprKind::Call { function, arguments, .. }
            if matches!(function.name.as_str(), "array_length" | "cardinality") =>
        {
            i64::try_from(elements(arguments.first()?)?.len()).ok()
        }
        ExprKind::Operator { operator, left: Some(left), right } => {
            let (left, right) = (integer(left)?, integer(right)?);
            let result = match operator.as_str() {
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "*" => left.checked_mul(right),
                // Towards zero, and the remainder has the sign of what is divided.
                "/" => left.checked_div(right),
                "%" => left.checked_rem(right),
                _ => None,
            };
            // Of a wider type PostgreSQL knows more.
            result.filter(|result| i32::try_from(*result).is_ok())
        }
        _ => None,
    }
}

pub(super) fn number(value: i64) -> Expr {
    let at = At::default();
    let digits = Expr { at, kind: ExprKind::Number(Ident::from(value.unsigned_abs().to_string())) };
    if value < 0 {
        let kind = ExprKind::Operator { operator: Ident::new_static("-"), left: None, right: Box::new(digits) };
        Expr { at, kind }
    } else {
        digits
    }
}

/// The elements of an array of constants: `ARRAY[…]`, `'{…}'::text[]`, `a || b`.
pub(super) fn elements(expr: &Expr) -> Option<Vec<Expr>> {
    match &expr.kind {
        // An array of arrays has other elements than are written.
        ExprKind::Array(parts) => (!parts.iter().any(may_be_array)).then(|| parts.clone()),
        ExprKind::Cast { operand, to } if to.array => match &operand.kind {
            ExprKind::Text(text) => {
                let blanks: &[char] = &[' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];
                let inside = text.strip_prefix('{')?.strip_suffix('}')?.trim_matches(blanks);
                if inside.is_empty() {
                    return Some(Vec::new());
                }
                if inside.contains(['"', '\\', '{', '}']) {
                    return None;
                }
                inside.split(',').map(|text| element(text.trim_matches(blanks), to, expr.at)).collect()
            }
            _ => {
                let found = elements(operand)?;
                let kind = Type { array: false, ..(**to).clone() };
                found.iter().all(|value| keeps(&kind, value)).then_some(found)
            }
        },
        ExprKind::Operator { operator, left: Some(left), right } if operator == "||" => {
            let mut all = elements(left)?;
            all.extend(elements(right)?);
            Some(all)
        }
        ExprKind::Call { function, arguments, .. } if function.name == "string_to_array" => {
            let [text, separator] = &**arguments else { return None };
            let (text, separator) = (text_of(text)?, text_of(separator)?);
            if separator.is_empty() {
                return None;
            }
            if text.is_empty() {
                return Some(Vec::new());
            }
            let element = |part: &str| Expr { at: expr.at, kind: ExprKind::Text(Ident::from(part)) };
            Some(text.split(separator.as_str()).map(element).collect())
        }
        _ => None,
    }
}

/// What a constant of a JSON type says.
fn json(value: &Expr) -> Option<serde_json::Value> {
    match &value.kind {
        ExprKind::Text(text) => serde_json::from_str(text).ok(),
        ExprKind::Cast { operand, to } if !to.array && matches!(to.name.name.as_str(), "json" | "jsonb") => {
            json(operand)
        }
        _ => None,
    }
}

/// The elements of a JSON array that is written out.
pub(super) fn json_elements(array: &Expr) -> Option<Vec<Expr>> {
    let serde_json::Value::Array(elements) = json(array)? else { return None };
    let to = Type { name: Name::plain("jsonb", array.at), modifiers: Vec::new(), array: false, set: false };
    let element = |value: &serde_json::Value| {
        let operand = Box::new(Expr { at: array.at, kind: ExprKind::Text(Ident::from(value.to_string())) });
        Expr { at: array.at, kind: ExprKind::Cast { operand, to: Box::new(to.clone()) } }
    };
    Some(elements.iter().map(element).collect())
}

/// The text of a member of a JSON object that is written out; none where it may be another than is
/// written.
fn json_member(object: &Expr, key: &Expr) -> Option<Ident> {
    let ExprKind::Text(key) = &key.kind else { return None };
    if !matches!(object.kind, ExprKind::Cast { .. }) {
        return None;
    }
    let serde_json::Value::Object(members) = json(object)? else { return None };
    match members.get(key.as_str())? {
        serde_json::Value::String(text) => Some(Ident::from(text.as_str())),
        serde_json::Value::Number(number) => Some(Ident::from(number.as_i64()?.to_string())),
        serde_json::Value::Bool(truth) => Some(Ident::from(truth.to_string())),
        _ => None,
    }
}

/// An element of an array that is written as a text; none where it is NULL or another value than
/// is written.
fn element(text: &str, to: &Type, at: At) -> Option<Expr> {
    if text.is_empty() || text.eq_ignore_ascii_case("null") {
        return None;
    }
    let kind = Type { array: false, ..to.clone() };
    let written = Expr { at, kind: ExprKind::Text(Ident::from(text)) };
    match kind.name.name.as_str() {
        "int2" | "int4" | "int8" if text.parse::<i64>().is_ok_and(|value| value.to_string() == text) => {
            Some(text.parse().map_or(written, number))
        }
        "text" | "varchar" | "bpchar" | "name" | "char" => keeps(&kind, &written).then_some(written),
        _ if !kind.modifiers.is_empty() => None,
        _ => Some(Expr { at, kind: ExprKind::Cast { operand: Box::new(written), to: Box::new(kind) } }),
    }
}

/// Whether an element may itself be an array.
fn may_be_array(part: &Expr) -> bool {
    let is_scalar = match &part.kind {
        ExprKind::Null | ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_) => true,
        ExprKind::Cast { to, .. } => !to.array,
        ExprKind::Operator { operator, .. } => operator != "||",
        _ => false,
    };
    !is_scalar && text_of(part).is_none()
}

/// A name as `to_regclass` reads it.
pub(super) fn parse_name(text: &str, at: At) -> Option<Name> {
    let mut parts: Vec<Ident> = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"')?;
                (Ident::from(quoted.get(..end)?), quoted.get(end + 1..)?)
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (Ident::from(rest.get(..end)?.to_ascii_lowercase()), rest.get(end..)?)
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => break,
            None => return None,
        }
    }
    match parts.as_slice() {
        [name] => Some(Name::plain(name.clone(), at)),
        [schema, name] => Some(Name { schema: Some(schema.clone()), name: name.clone(), at }),
        _ => None,
    }
}

/// Whether a literal is one of a list of literals.
pub(super) fn among(operand: &Expr, list: &[Expr]) -> Option<bool> {
    let literal = |expr: &Expr| match &expr.kind {
        ExprKind::Text(text) => Some(text.clone()),
        _ => None,
    };
    let wanted = literal(operand)?;
    let list: Vec<Ident> = list.iter().map(literal).collect::<Option<_>>()?;
    Some(list.contains(&wanted))
}

/// Whether an expression is too large to be kept as a value: what doubles with each assignment
/// would never end.
pub(super) fn is_large(expr: &Expr) -> bool {
    struct Size(usize);
    impl<'a> Visit<'a> for Size {
        fn expr(&mut self, expr: &'a Expr) {
            let (weight, length) = match &expr.kind {
                ExprKind::Text(text) => (1, text.len()),
                ExprKind::Null | ExprKind::Boolean(_) | ExprKind::Number(_) => (1, 0),
                _ => (8, 0),
            };
            // A long text is no large expression; many of them are.
            self.0 = self.0.saturating_sub(weight + length / 1024);
            if self.0 > 0 {
                walk_expr(self, expr);
            }
        }
    }
    let mut size = Size(VALUE_LIMIT);
    size.expr(expr);
    size.0 == 0
}

/// `value IS NOT NULL`
pub(super) fn is_not_null(value: &Expr) -> Expr {
    let operand = Box::new(value.clone());
    Expr { at: value.at, kind: ExprKind::Is { operand, test: crate::effect::IsTest::Null, negated: true } }
}

pub(super) fn boolean(at: At, truth: bool) -> Expr {
    Expr { at, kind: ExprKind::Boolean(truth) }
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
        ("to_char", 2) => Day::of(arguments.first()?)?.written(&text(1)?),
        ("quote_ident", 1) => Some(Ident::from(quote_ident(&text(0)?))),
        ("quote_literal" | "quote_nullable", 1) => Some(Ident::from(quote_literal(&text(0)?))),
        _ => {
            let texts: Vec<Ident> = arguments.iter().map(text_of).collect::<Option<_>>()?;
            applied(name, &texts.iter().map(Ident::as_str).collect::<Vec<_>>()).map(Ident::from)
        }
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
            'L' => {
                // Midnight, in whatever time zone, is what the day alone means.
                let text = printed(argument).or_else(|| Some(Ident::from(Day::of(argument)?.date().to_string())));
                out.push_str(&quote_literal(&text?));
            }
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
        _ => put_together(value),
    }
}

/// A value as `||` and a cast to `text` write it.
fn put_together(value: &Expr) -> Option<Ident> {
    text_of(value).or_else(|| Day::of(value)?.text())
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

pub(super) fn is_text(kind: &Type) -> bool {
    kind.name.schema.is_none() && matches!(kind.name.name.as_str(), "text" | "varchar" | "bpchar" | "char" | "name")
}

/// Whether what is of a type is the value that it is given, or that value cast: nothing of it is
/// cut off, padded or rounded.
pub(super) fn keeps(kind: &Type, value: &Expr) -> bool {
    if value.kind == ExprKind::Null {
        return true;
    }
    let cuts = !kind.modifiers.is_empty() || matches!(kind.name.name.as_str(), "bpchar" | "char" | "name");
    match (&value.kind, kind.name.name.as_str()) {
        _ if kind.array || kind.name.schema.is_some() => !cuts,
        (ExprKind::Text(text), "varchar" | "bpchar" | "char" | "name") if cuts => {
            let most = match (kind.name.name.as_str(), kind.modifiers.as_slice()) {
                ("char", _) => Some(1),
                ("name", _) => Some(63),
                (_, [Expr { kind: ExprKind::Number(most), .. }]) => most.parse().ok(),
                _ => None,
            };
            let fits = most.is_some_and(|most: usize| text.len() <= most);
            let is_padded = kind.name.name == "bpchar" && most != Some(text.len());
            fits && !is_padded && text.is_ascii() && !text.ends_with(' ') && !text.is_empty()
        }
        (ExprKind::Number(number), "int2" | "int4" | "int8") => number.parse::<i64>().is_ok(),
        _ => !cuts,
    }
}

pub(super) fn operation(left: Expr, operator: &'static str, right: Expr) -> Expr {
    let (at, operator) = (left.at, Ident::new_static(operator));
    Expr { at, kind: ExprKind::Operator { operator, left: Some(Box::new(left)), right: Box::new(right) } }
}

/// That two values are the same, or both are NULL.
pub(super) fn same(one: Expr, other: Expr) -> Expr {
    let at = one.at;
    Expr { at, kind: ExprKind::Distinct { left: Box::new(one), right: Box::new(other), negated: true } }
}

pub(super) fn subquery(kind: SubqueryKind, query: Query) -> Expr {
    Expr { at: query.at, kind: ExprKind::Subquery { kind, query: Box::new(query) } }
}

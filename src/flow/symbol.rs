//! Names for values that nothing is known of.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::effect::{At, Expr, ExprKind, From, Ident, Name, SubqueryKind, Type, rewrite_expr};

/// What stands between the name of a symbol and its type.
const OF_TYPE: char = '\u{1}';

/// Gives names to values that nothing is known of, no two the same.
#[derive(Clone, Default)]
pub(super) struct Symbols(Arc<AtomicU32>, Arc<Mutex<Drawn>>);

/// The queries that values were read by. What they read may have changed since.
#[derive(Default)]
struct Drawn {
    /// Those of symbols, by their numbers.
    symbols: BTreeMap<u32, Expr>,
    /// Those of psql's variables.
    variables: BTreeMap<Ident, Expr>,
}

impl Symbols {
    /// A value of which only the name is known.
    pub(super) fn fresh(&self, name: &str) -> Expr {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let path = vec![Ident::from(format!("\u{0}{name}")), Ident::from(number.to_string())];
        Expr { at: At::default(), kind: ExprKind::Column(path) }
    }

    /// The same of a value that was one of these before.
    pub(super) fn after<'e>(&self, name: &str, values: impl IntoIterator<Item = &'e Expr>) -> Expr {
        let fresh = self.fresh(name);
        let mut drawn = self.drawn();
        let read = values.into_iter().find_map(|value| match &value.kind {
            ExprKind::Column(path) => drawn.symbols.get(&Self::number(path)?).cloned(),
            _ => Some(value).filter(|value| crate::effect::any(value, is_query)).cloned(),
        });
        if let (Some(read), ExprKind::Column(path)) = (read, &fresh.kind)
            && let Some(number) = Self::number(path)
        {
            drawn.symbols.insert(number, read);
        }
        fresh
    }

    /// A variable of psql holds what a query yielded.
    pub(super) fn answers(&self, variable: Ident, query: Expr) {
        self.drawn().variables.insert(variable, query);
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the queries in place that the values of an expression were read by. What has several values is a
    /// row of one more item of `FROM`.
    pub(super) fn put_queries(&self, expr: &mut Expr, from: &mut Vec<From>) {
        let drawn = self.drawn();
        rewrite_expr(expr, &mut |node| match &node.kind {
            ExprKind::Variable(name) => {
                if let Some(query) = drawn.variables.get(name) {
                    node.kind = query.kind.clone();
                }
            }
            ExprKind::Column(path) => {
                if let Some(query) = Self::number(path).and_then(|number| drawn.symbols.get(&number)) {
                    node.kind = query.kind.clone();
                }
            }
            // Whoever asks for a field has a row, which `Column` has turned into its query before.
            ExprKind::Field { operand, field } => {
                let ExprKind::Subquery { kind: SubqueryKind::Scalar, query } = &operand.kind else { return };
                let same =
                    from.iter().position(|item| matches!(item, From::Subquery { query: known, .. } if known == query));
                let place = same.unwrap_or(from.len());
                let alias = Ident::from(format!("\u{0}{place}"));
                if same.is_none() {
                    let (query, alias) = (query.clone(), Some(alias.clone()));
                    from.push(From::Subquery { query, alias, columns: Vec::new(), lateral: false });
                }
                node.kind = ExprKind::Column(vec![alias, field.clone()]);
            }
            _ => {}
        });
    }

    /// The number of the next.
    pub(super) fn next(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// The same with the type of the variable that holds it.
    pub(super) fn of(&self, name: &str, kind: &Type) -> Expr {
        let is_own = kind.name.schema.is_none() && kind.modifiers.is_empty();
        let dimensions = if kind.array { "[]" } else { "" };
        let kind = if is_own { kind.name.name.as_str() } else { "" };
        self.fresh(&format!("{name}{OF_TYPE}{kind}{dimensions}"))
    }

    /// The type in a name.
    pub(super) fn kind(path: &[Ident]) -> Option<Type> {
        let [name, _] = path else { return None };
        let (_, kind) = name.strip_prefix('\u{0}')?.split_once(OF_TYPE)?;
        let (kind, array) = kind.strip_suffix("[]").map_or((kind, false), |kind| (kind, true));
        Some(Type { name: Name::plain(kind, At::default()), modifiers: Vec::new(), array, set: false })
    }

    /// Whether it is such a value.
    pub(super) fn names(value: &Expr) -> bool {
        matches!(&value.kind, ExprKind::Column(path) if Self::number(path).is_some())
    }

    /// The number in a name.
    pub(super) fn number(path: &[Ident]) -> Option<u32> {
        match path {
            [name, number, ..] if name.starts_with('\u{0}') => number.parse().ok(),
            _ => None,
        }
    }
}

fn is_query(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Subquery { .. })
}

/// Whether a name is that of a value of which nothing else is known.
pub(super) fn is_symbol(path: &[Ident]) -> bool {
    Symbols::number(path).is_some()
}

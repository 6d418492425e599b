//! Names for values that nothing is known of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::effect::{At, Expr, ExprKind, Ident, Name, Type};

/// What stands between the name of a symbol and its type.
const OF_TYPE: char = '\u{1}';

/// Gives names to values that nothing is known of, no two the same.
#[derive(Clone, Default)]
pub(super) struct Symbols(Arc<AtomicU32>);

impl Symbols {
    /// A value of which only the name is known.
    pub(super) fn fresh(&self, name: &str) -> Expr {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let path = vec![Ident::from(format!("\u{0}{name}")), Ident::from(number.to_string())];
        Expr { at: At::default(), kind: ExprKind::Column(path) }
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

/// Whether a name is that of a value of which nothing else is known.
pub(super) fn is_symbol(path: &[Ident]) -> bool {
    Symbols::number(path).is_some()
}

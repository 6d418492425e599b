//! What a value was read from, and whether it would be the same again.

use crate::builtin::Builtin;
use crate::catalog::Catalog;
use crate::effect::{Expr, ExprKind, From, Name, Visit, walk_expr, walk_from};

/// Whether a value asks one of these relations, directly or through a view or a function.
pub(super) fn reads(expr: &Expr, catalog: &Catalog, touched: &mut dyn FnMut(&Name) -> bool) -> bool {
    struct Reads<'c, 'f> {
        catalog: &'c Catalog,
        touched: &'f mut dyn FnMut(&Name) -> bool,
        found: bool,
    }
    impl<'a> Visit<'a> for Reads<'_, '_> {
        fn from(&mut self, from: &'a From) {
            if let From::Relation { name, .. } = from {
                let canonical = self.catalog.canonical(name);
                self.found |= (self.touched)(&canonical);
            }
            walk_from(self, from);
        }
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Call { function, .. } = &expr.kind {
                // What a function of the package asks is not looked up again.
                self.found |= !self.catalog.functions(function).is_empty();
            }
            walk_expr(self, expr);
        }
    }
    let mut visit = Reads { catalog, touched, found: false };
    visit.expr(expr);
    visit.found
}

/// Whether an expression comes to the same when it is asked again while nothing changes.
pub(super) fn is_settled(expr: &Expr, catalog: &Catalog) -> bool {
    !crate::effect::any(expr, |expr| match &expr.kind {
        ExprKind::Call { function, .. } => {
            let known = catalog.functions(function);
            if known.is_empty() {
                !matches!(catalog.does(function), Builtin::Pure | Builtin::Reads)
            } else {
                known.iter().any(|function| !function.reads_only)
            }
        }
        _ => false,
    })
}

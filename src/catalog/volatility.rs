//! What PostgreSQL does not let stand in an index or a generated column: functions and casts whose result
//! goes by the clock, by settings or by chance.

use super::object::Id;
use super::{Done, Problem, Work};
use crate::effect::{Expr, ExprKind, Ident};

/// Functions of `pg_proc` of PostgreSQL 15 to 18 of which none that bears the name is `IMMUTABLE`.
const MOVING: &str = " clock_timestamp concat concat_ws current_catalog current_date current_role current_schema \
    current_setting current_time current_timestamp current_user format gen_random_uuid json_build_array \
    json_build_object jsonb_build_array jsonb_build_object localtime localtimestamp nextval now random row_to_json \
    session_user statement_timestamp timeofday to_char to_date to_json to_jsonb transaction_timestamp ";

impl Work<'_> {
    /// Refuses an expression over the columns of a table that has another value at another time.
    pub(super) fn immutable(&self, id: Id, expr: &Expr, message: &str) -> Done {
        if crate::effect::any(expr, |part| self.is_moving(id, part)) {
            return Err(Problem::new("42P17", message.to_owned(), self.at));
        }
        Ok(())
    }

    fn is_moving(&self, id: Id, part: &Expr) -> bool {
        match &part.kind {
            ExprKind::Call { function, arguments, .. } => {
                let is_own = function.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
                let is_other = self.state.has_extension || !self.state.find_routines(function).is_empty();
                let is_moving = match &**arguments {
                    [only] if function.name == "date" => self.is_moving_cast(id, only, "date"),
                    _ => MOVING.split_ascii_whitespace().any(|name| name == function.name),
                };
                is_own && !is_other && is_moving
            }
            ExprKind::Cast { operand, to } if !to.array => {
                let to = match to.name.schema.as_deref() {
                    None | Some("pg_catalog") => to.name.name.as_str(),
                    Some(_) => return false,
                };
                self.is_moving_cast(id, operand, to)
            }
            _ => false,
        }
    }

    /// Whether a cast of a column goes by the time zone or by how days are written.
    fn is_moving_cast(&self, id: Id, operand: &Expr, to: &str) -> bool {
        let ExprKind::Column(path) = &operand.kind else { return false };
        let column = path.last().and_then(|name: &Ident| self.state.relation(id)?.column(name));
        match column.and_then(|column| column.kind.scalar()) {
            Some("timestamptz") => matches!(to, "date" | "time" | "timetz" | "timestamp" | "text" | "varchar"),
            Some("date" | "timestamp") => matches!(to, "timestamptz" | "text" | "varchar"),
            Some("text" | "varchar") => matches!(to, "date" | "time" | "timestamp" | "timestamptz"),
            _ => false,
        }
    }
}

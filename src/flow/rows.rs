//! Rows of a query that reads no table: `VALUES`, `unnest(ARRAY[…])`.

use super::value::elements;
use crate::effect::{At, Expr, ExprKind, From, Ident, Query, QueryBody, Select};

/// What stands before the names of its fields in what a record says of itself.
const RECORD: &str = "record ";

/// What stands between them.
const BETWEEN: char = '\u{0}';

/// Rows of values, each as many as there are columns.
pub(super) struct Rows {
    pub(super) columns: Vec<Ident>,
    pub(super) rows: Vec<Vec<Expr>>,
}

impl Rows {
    /// The rows of a query; none where they cannot be told.
    pub(super) fn of(query: &Query) -> Option<Self> {
        if !query.with.is_empty() || query.limit.is_some() || query.offset.is_some() {
            return None;
        }
        match &query.body {
            QueryBody::Values(rows) => {
                let width = rows.first().map_or(0, Vec::len);
                let columns = (1..=width).map(|number| Ident::from(format!("column{number}"))).collect();
                Some(Self { columns, rows: rows.clone() }).filter(Self::is_even)
            }
            QueryBody::Select(select)
                if select.filter.is_none()
                    && select.having.is_none()
                    && !select.distinct
                    && select.group_by.is_empty() =>
            {
                Self::selected(select)
            }
            _ => None,
        }
    }

    fn is_even(&self) -> bool {
        self.rows.iter().all(|row| row.len() == self.columns.len())
    }

    /// The rows of one column.
    fn of_one(column: Ident, values: Vec<Expr>) -> Self {
        Self { columns: vec![column], rows: values.into_iter().map(|value| vec![value]).collect() }
    }

    fn selected(select: &Select) -> Option<Self> {
        let (source, alias) = match (select.from.as_slice(), select.targets.as_slice()) {
            ([], [target]) => {
                let name = target.alias.clone().unwrap_or(Ident::new_static("unnest"));
                return Some(Self::of_one(name, unnested(&target.value)?));
            }
            ([From::Function { calls, alias, columns }], _) if columns.len() <= 1 => {
                let [call] = calls.as_slice() else { return None };
                let name = columns.first().or(alias.as_ref()).cloned().unwrap_or(Ident::new_static("unnest"));
                (Self::of_one(name, unnested(call)?), alias)
            }
            ([From::Subquery { query, alias, columns, .. }], _) => {
                let mut source = Self::of(query)?;
                for (name, given) in source.columns.iter_mut().zip(columns) {
                    name.clone_from(given);
                }
                (source, alias)
            }
            _ => return None,
        };
        let mut chosen: Vec<(Ident, usize)> = Vec::new();
        for target in &select.targets {
            match &target.value.kind {
                ExprKind::Star(of) if of.is_empty() || alias.as_ref().is_some_and(|alias| of.iter().eq([alias])) => {
                    chosen.extend(source.columns.iter().cloned().zip(0..));
                }
                // What a variable holds is no column of the rows.
                ExprKind::Column(path) if !super::symbol::is_symbol(path) => {
                    let name = match path.as_slice() {
                        [name] => name,
                        [table, name] if alias.as_ref() == Some(table) => name,
                        _ => return None,
                    };
                    let place = source.columns.iter().position(|column| column == name)?;
                    chosen.push((target.alias.clone().unwrap_or_else(|| name.clone()), place));
                }
                _ => return None,
            }
        }
        let row = |row: Vec<Expr>| chosen.iter().filter_map(|(_, place)| row.get(*place).cloned()).collect();
        let rows = source.rows.into_iter().map(row).collect();
        Some(Self { columns: chosen.iter().map(|(name, _)| name.clone()).collect(), rows })
    }

    /// Each row as the value of a record.
    pub(super) fn records(self, at: At) -> impl Iterator<Item = Expr> {
        let Self { columns, rows } = self;
        rows.into_iter().map(move |row| record(&columns, row, at))
    }
}

/// A record that is made of values.
pub(super) fn record(columns: &[Ident], values: Vec<Expr>, at: At) -> Expr {
    let names = columns.join(BETWEEN.encode_utf8(&mut [0; 4]));
    let what = Ident::from(format!("{RECORD}{names}"));
    Expr { at, kind: ExprKind::Other { what, parts: values.into_iter().collect() } }
}

/// The field of a record that is made of values.
pub(super) fn field_of(record: &Expr, field: &str) -> Option<Expr> {
    let ExprKind::Other { what, parts } = &record.kind else { return None };
    let place = what.strip_prefix(RECORD)?.split(BETWEEN).position(|name| name == field)?;
    parts.get(place).cloned()
}

/// The values that `unnest` yields of one array.
fn unnested(call: &Expr) -> Option<Vec<Expr>> {
    match &call.kind {
        ExprKind::Call { function, arguments, .. } if function.name == "unnest" => match &**arguments {
            [array] => elements(array),
            _ => None,
        },
        _ => None,
    }
}

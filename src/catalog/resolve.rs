//! Names: the search path, and what a name stands for.

use super::{Catalog, Path};
use crate::effect::{
    Act, At, Expr, ExprKind, From, Ident, Name, Query, Scope, Statement, Visit, walk_expr, walk_from, walk_query,
};

pub(super) fn name_of(path: &Path) -> Name {
    Name { schema: Some(path.0.clone()), name: path.1.clone(), at: At::default() }
}

impl Catalog {
    pub(super) fn path(&self) -> &[Ident] {
        self.local_search_path.as_deref().unwrap_or(&self.search_path)
    }

    /// The schema in which an object without one is made.
    pub(super) fn home(&self) -> Ident {
        let real = self.path().iter().find(|schema| *schema != "pg_temp" && *schema != "$user");
        real.cloned().unwrap_or(Ident::new_static("public"))
    }

    /// The relation that a name stands for, if there is one.
    pub(super) fn locate(&self, name: &Name) -> Option<Path> {
        if let Some(schema) = &name.schema {
            let path = (schema.clone(), name.name.clone());
            return self.relations.contains_key(&path).then_some(path);
        }
        let temporary = Ident::new_static("pg_temp");
        let listed = self.path().contains(&temporary);
        let first = (!listed).then_some(&temporary);
        let found = first.into_iter().chain(self.path()).map(|schema| (schema.clone(), name.name.clone()));
        found.into_iter().find(|path| self.relations.contains_key(path))
    }

    /// The relation that a name stands for, or would.
    pub(super) fn located(&self, name: &Name) -> Path {
        self.locate(name).unwrap_or_else(|| {
            let schema = name.schema.clone().unwrap_or_else(|| {
                let system = name.name.starts_with("pg_");
                if system { Ident::new_static("pg_catalog") } else { self.home() }
            });
            (schema, name.name.clone())
        })
    }

    /// The one name that a relation has, however it is written.
    #[must_use]
    pub fn canonical(&self, name: &Name) -> Name {
        let (schema, own) = self.located(name);
        Name { schema: Some(schema), name: own, at: name.at }
    }

    /// `SET search_path`
    pub(super) fn set_search_path(&mut self, statement: &Statement) {
        let Act::Set { name, values, scope } = &statement.act else { return };
        if name != "search_path" && name != "all" {
            return;
        }
        let mut path = Vec::new();
        for value in values {
            match &value.kind {
                ExprKind::Text(text) => {
                    path.extend(text.split(',').map(|part| Ident::from(part.trim().trim_matches('"'))));
                }
                ExprKind::Column(names) => path.extend(names.last().cloned()),
                _ => {}
            }
        }
        if path.is_empty() {
            path.push(Ident::new_static("public"));
        }
        match scope {
            Scope::Transaction if self.before.is_none() => {}
            Scope::Transaction => self.local_search_path = Some(path),
            Scope::Session => {
                self.local_search_path = None;
                self.search_path = path;
            }
        }
    }

    /// The relations and functions that a query names, found; a name that is hidden by a CTE
    /// is none.
    pub(super) fn named(query: &Query) -> (Vec<Name>, Vec<Name>) {
        let mut names = Names { relations: Vec::new(), functions: Vec::new(), hidden: Vec::new() };
        names.query(query);
        (names.relations, names.functions)
    }

    /// The functions that an expression calls.
    pub(super) fn called(expr: &Expr) -> Vec<Name> {
        let mut names = Names { relations: Vec::new(), functions: Vec::new(), hidden: Vec::new() };
        names.expr(expr);
        names.functions
    }
}

struct Names {
    relations: Vec<Name>,
    functions: Vec<Name>,
    hidden: Vec<Ident>,
}

impl<'a> Visit<'a> for Names {
    fn query(&mut self, query: &'a Query) {
        let before = self.hidden.len();
        self.hidden.extend(query.with.iter().map(|cte| cte.name.clone()));
        walk_query(self, query);
        self.hidden.truncate(before);
    }

    fn from(&mut self, from: &'a From) {
        if let From::Relation { name, .. } = from
            && (name.schema.is_some() || !self.hidden.contains(&name.name))
        {
            self.relations.push(name.clone());
        }
        walk_from(self, from);
    }

    fn expr(&mut self, expr: &'a Expr) {
        if let ExprKind::Call { function, .. } = &expr.kind {
            self.functions.push(function.clone());
        }
        walk_expr(self, expr);
    }
}

//! Variables of psql whose text becomes SQL as it is.

use crate::case::Case;
use crate::effect::{At, Expr, ExprKind, Query, QueryBody, Visit, is_variable, walk_expr, walk_query};
use crate::finding::Finding;
use crate::flow::{Event, What};
use crate::package::{Role, Use};
use crate::psql::Form;

const ID: &str = "variable-unquoted";

/// A name where only a value can be: a query without FROM has no columns.
/// One that is not quoted at all is told of already.
fn names(event: &Event<'_>, bare: &[At], findings: &mut Vec<Finding>) {
    struct Names(Vec<At>);
    impl<'a> Visit<'a> for Names {
        fn query(&mut self, query: &'a Query) {
            if let QueryBody::Select(select) = &query.body
                && select.from.is_empty()
            {
                walk_query(self, query);
            }
        }
        fn expr(&mut self, expr: &'a Expr) {
            if let ExprKind::Column(path) = &expr.kind
                && path.iter().any(|part| is_variable(part))
            {
                self.0.push(expr.at);
            }
            walk_expr(self, expr);
        }
    }
    let What::Query(statement) = &event.what else { return };
    let mut names = Names(Vec::new());
    names.statement(statement);
    let is_told = |at: &At| {
        bare.iter().any(|bare| {
            bare.file() == at.file() && bare.span().start < at.span().end && at.span().start < bare.span().end
        })
    };
    for at in names.0.into_iter().filter(|at| !is_told(at)) {
        findings.push(
            Finding::new(ID, at, "the variable stands for a name where there is none", "a name")
                .consequence("PostgreSQL looks for a column of that name, and finds none")
                .way_out("a value is quoted with single quotes: :'name'"),
        );
    }
}

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for pass in case.passes.iter().filter(|pass| !pass.repeat && pass.role != Role::Baseline) {
        let mut bare: Vec<At> = Vec::new();
        for event in pass.run.events.iter().filter(|event| event.reachable) {
            let What::Variables(uses) = &event.what else {
                names(event, &bare, findings);
                continue;
            };
            let is_bare = |used: &Use| used.form == Form::Plain && !used.in_command;
            bare = uses.iter().filter(|(used, _)| is_bare(used)).map(|(used, _)| used.at).collect();
            for (used, _) in uses.iter().filter(|(used, _)| is_bare(used)) {
                findings.push(
                    Finding::new(ID, used.at, format!("the text of {} becomes SQL as it is", used.name), "not quoted")
                        .consequence(
                            "whoever sets the variable writes the statement; what was reviewed is not what runs",
                        )
                        .way_out(format!(":'{0}' for a value, :\"{0}\" for a name", used.name)),
                );
            }
        }
    }
}

//! What a definition sets off, at once and from then on.

use super::Flow;
use super::event::What;
use super::state::State;
use crate::catalog::Outcome;
use crate::effect::{Act, Function, Name, ObjectKind, Statement};

impl<'a> Flow<'a> {
    /// What calls functions from now on where no statement says so: operators, casts, the
    /// conditions of domains. Where such a function does more than look, it is said.
    pub(super) fn hidden(&mut self, statement: &'a Statement, outcome: &Outcome, state: &State) {
        let what = match &statement.act {
            Act::CreateType { kind: ObjectKind::Domain, name, .. } => format!("a value takes the domain {name}"),
            Act::Create { object, .. } => match &object.kind {
                ObjectKind::Other(kind) if kind == "operator" => format!("the operator {} is used", object.name),
                ObjectKind::Other(kind) if kind == "cast" => format!("a value is cast to {}", object.name),
                _ => return,
            },
            Act::CreateFunction(function) => {
                self.hidden_since(statement, function, outcome, state);
                return;
            }
            _ => return,
        };
        for function in self.called_in(&statement.act, &state.catalog) {
            self.say_hidden(statement, function, &what, state);
        }
    }

    /// The same for a function that was replaced.
    fn hidden_since(&mut self, statement: &'a Statement, function: &'a Function, outcome: &Outcome, state: &State) {
        let replaced = outcome.altered.iter().filter(|(_, what)| what == "replaced");
        let callers: Vec<_> = replaced.flat_map(|(key, _)| state.catalog.hidden_callers(key)).collect();
        for caller in callers {
            self.say_hidden(statement, function, &format!("the {caller} has it called"), state);
        }
    }

    fn say_hidden(&mut self, statement: &Statement, function: &'a Function, what: &str, state: &State) {
        if self.acts(function, statement.at, state) {
            let why = format!("the function {} acts whenever {what}, which is not followed", function.name);
            self.emit(statement.at, What::Hidden(why), state);
        }
    }

    /// Fires the event triggers.
    pub(super) fn on_event(&mut self, statement: &'a Statement, outcome: &Outcome, state: &mut State) {
        for (name, trigger) in state.catalog.event_triggers() {
            let fires = match trigger.event.as_str() {
                "sql_drop" => !outcome.dropped.is_empty(),
                "table_rewrite" => matches!(statement.act, Act::AlterTable { .. }),
                _ => is_heard(&statement.act),
            };
            let is_tagged = tag(&statement.act).is_none_or(|tag| trigger.tags.iter().any(|wanted| *wanted == tag));
            if !fires || !(trigger.tags.is_empty() || is_tagged) {
                continue;
            }
            let function = state.catalog.called_on_event(&trigger);
            let outer = std::mem::replace(&mut self.certain, false);
            self.fire((name, None), function, &trigger.written, statement.at, state);
            self.certain = outer;
        }
    }
}

/// Whether event triggers hear of a definition: not of what belongs to all databases, nor of one
/// another.
fn is_heard(act: &Act) -> bool {
    let is_heard = |kind: &ObjectKind| {
        !matches!(kind, ObjectKind::Role | ObjectKind::Database | ObjectKind::EventTrigger)
            && *kind != ObjectKind::Other("tablespace".into())
    };
    match act {
        Act::Create { object, .. }
        | Act::Rename { object, .. }
        | Act::SetSchema { object, .. }
        | Act::Alter { object, .. }
        | Act::Comment { object, .. } => is_heard(&object.kind),
        Act::Drop { objects, .. } => objects.iter().any(|object| is_heard(&object.kind)),
        _ => true,
    }
}

/// The command tag of a definition in lower case, where it is sure.
fn tag(act: &Act) -> Option<String> {
    Some(match act {
        Act::CreateTable { .. } => "create table".to_owned(),
        Act::CreateTableAs { materialized: true, .. } => "create materialized view".to_owned(),
        Act::CreateView { .. } => "create view".to_owned(),
        Act::CreateIndex { .. } => "create index".to_owned(),
        Act::CreateFunction(function) if function.procedure => "create procedure".to_owned(),
        Act::CreateFunction(_) => "create function".to_owned(),
        Act::CreateTrigger { .. } => "create trigger".to_owned(),
        Act::CreateRule { .. } => "create rule".to_owned(),
        Act::AlterTable { kind, .. } => format!("alter {kind}"),
        Act::Drop { objects, .. } => format!("drop {}", objects.first()?.kind),
        Act::Comment { .. } => "comment".to_owned(),
        _ => return None,
    })
}

/// Whether a relation is one of PostgreSQL's own.
pub(super) fn is_system(relation: &Name) -> bool {
    matches!(relation.schema.as_deref(), Some("pg_catalog" | "information_schema"))
}

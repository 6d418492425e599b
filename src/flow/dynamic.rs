//! Dynamic SQL: the text where it can be told, and what it does then.

use super::Flow;
use super::event::{Origin, Via, What};
use super::state::State;
use super::value::text_of;
use crate::effect::{Act, At, Expr, Ident};
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
            state.lose_track();
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
                state.lose_track();
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

//! The bodies of functions, procedures and DO.

use super::{At, Expr, Ident, Query, Statement, Type};

/// What a function does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Body {
    /// `LANGUAGE plpgsql`
    PlPgSql(Box<Block>),
    /// `LANGUAGE sql`: a string, `RETURN …` or `BEGIN ATOMIC`.
    Sql(Vec<Statement>),
    /// It could not be read, or its language is not one that is read here.
    Opaque {
        /// Why: one clause, lower case, no full stop (`the language is plpython3u`).
        why: Ident,
        /// Where the trouble is.
        at: At,
    },
}

/// `DECLARE … BEGIN … EXCEPTION … END`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block {
    /// `<<label>>`
    pub label: Option<Ident>,
    /// `DECLARE`
    pub declarations: Vec<Declaration>,
    /// Between `BEGIN` and `EXCEPTION` or `END`.
    pub steps: Vec<Step>,
    /// `EXCEPTION`
    pub handlers: Vec<Handler>,
    /// `#variable_conflict`, which stands before the outermost block and holds for all of the body.
    pub conflict: Option<VariableConflict>,
    /// From `DECLARE` or `BEGIN` to `END`.
    pub at: At,
}

/// What a name means that a variable has and a column too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VariableConflict {
    /// It is ambiguous, and the statement fails.
    #[default]
    Error,
    /// The variable.
    UseVariable,
    /// The column.
    UseColumn,
}

/// A variable, a cursor or an alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Declaration {
    /// Its name.
    pub name: Ident,
    /// Its type; none for a cursor and for an alias.
    pub kind: Option<Type>,
    /// `CONSTANT`
    pub constant: bool,
    /// `NOT NULL`
    pub not_null: bool,
    /// `DEFAULT`, `:=` or `=`
    pub value: Option<Expr>,
    /// The query of a bound cursor.
    pub cursor: Option<Box<Query>>,
    /// `ALIAS FOR name`: the name; `$1` for the first parameter.
    pub alias_for: Option<Ident>,
    /// From its name to its semicolon.
    pub at: At,
}

/// `WHEN a OR b THEN …`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handler {
    /// The conditions in lower case: `others`, `unique_violation`, `sqlstate P0001`.
    pub conditions: Vec<Ident>,
    /// What is done then.
    pub steps: Vec<Step>,
    /// From `WHEN` to before the next handler.
    pub at: At,
}

/// A statement of PL/pgSQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// From its first byte to its semicolon.
    pub at: At,
}

/// `IF` or `ELSIF` with what follows `THEN`; of `CASE`, a `WHEN`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IfArm {
    /// The condition. Of `CASE x WHEN a, b` it is `x = a OR x = b`.
    pub condition: Expr,
    /// What is done then.
    pub steps: Vec<Step>,
    /// From its keyword to before the next.
    pub at: At,
}

/// What a statement of PL/pgSQL is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// A statement of SQL, `PERFORM` (as the `SELECT` that it is) and `CALL` among them.
    Sql {
        /// The statement without its `INTO`.
        statement: Box<Statement>,
        /// `INTO`: the variables.
        into: Vec<Vec<Ident>>,
        /// `INTO STRICT`
        strict: bool,
        /// `PERFORM`: the rows that it yields are let go.
        perform: bool,
    },
    /// `EXECUTE …`
    Execute {
        /// The text of the statement.
        command: Expr,
        /// `INTO`: the variables.
        into: Vec<Vec<Ident>>,
        /// `INTO STRICT`
        strict: bool,
        /// `USING`
        using: Vec<Expr>,
    },
    /// `variable := value`
    Assign {
        /// The variable, its fields after it; an element counts as the whole.
        target: Vec<Ident>,
        /// What it becomes.
        value: Expr,
    },
    /// `IF … ELSIF … ELSE … END IF`
    If {
        /// `IF` and every `ELSIF`.
        arms: Vec<IfArm>,
        /// `ELSE`
        otherwise: Option<Vec<Step>>,
    },
    /// `CASE … END CASE`: without `ELSE` it raises where no arm holds.
    Case {
        /// Every `WHEN`.
        arms: Vec<IfArm>,
        /// `ELSE`
        otherwise: Option<Vec<Step>>,
    },
    /// `LOOP`, `WHILE`, `FOR`, `FOREACH`
    Loop {
        /// `<<label>>`
        label: Option<Ident>,
        /// How often.
        iteration: Iteration,
        /// What is done.
        steps: Vec<Step>,
    },
    /// A block within.
    Block(Box<Block>),
    /// `EXIT` or `CONTINUE`
    Leave {
        /// `CONTINUE`
        next: bool,
        /// The loop or block.
        label: Option<Ident>,
        /// `WHEN`
        condition: Option<Expr>,
    },
    /// `RETURN [value]`
    Return(Option<Expr>),
    /// `RETURN NEXT value`; the function goes on.
    ReturnNext(Option<Expr>),
    /// `RETURN QUERY query`; the function goes on.
    ReturnQuery(Box<Query>),
    /// `RETURN QUERY EXECUTE …`; the function goes on.
    ReturnExecute {
        /// The text of the query.
        command: Expr,
        /// `USING`
        using: Vec<Expr>,
    },
    /// `RAISE`; without level and message it raises again what is handled.
    Raise {
        /// The level; without one it is an exception.
        level: RaiseLevel,
        /// The message, its format, the condition's name or `sqlstate P0001`.
        message: Option<Ident>,
        /// The parameters of the format.
        parameters: Vec<Expr>,
        /// `USING option = value`, the option in lower case.
        options: Vec<(Ident, Expr)>,
    },
    /// `ASSERT condition [, message]`
    Assert {
        /// The condition.
        condition: Expr,
        /// The message.
        message: Option<Expr>,
    },
    /// `GET [STACKED] DIAGNOSTICS variable = item`
    Diagnostics {
        /// Variable and item, the item in lower case.
        items: Vec<(Vec<Ident>, Ident)>,
    },
    /// `OPEN cursor …`
    Open {
        /// The cursor.
        cursor: Ident,
        /// `FOR query`, if it is written.
        query: Option<Box<Query>>,
        /// `FOR EXECUTE text`
        command: Option<Expr>,
        /// The arguments, or `USING`.
        arguments: Vec<Expr>,
    },
    /// `FETCH` and `MOVE`
    Fetch {
        /// The cursor.
        cursor: Ident,
        /// `INTO`: the variables; `MOVE` has none.
        into: Vec<Vec<Ident>>,
    },
    /// `CLOSE cursor`
    Close(Ident),
    /// `COMMIT` or `ROLLBACK`
    EndTransaction {
        /// `COMMIT`
        commit: bool,
    },
    /// `NULL;`
    Null,
    /// It could not be read.
    Opaque {
        /// Why: one clause, lower case, no full stop.
        why: Ident,
    },
}

/// How a loop goes round.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Iteration {
    /// `LOOP`
    Forever,
    /// `WHILE condition LOOP`
    While(Expr),
    /// `FOR i IN [REVERSE] a..b [BY c] LOOP`
    Range {
        /// The variable.
        variable: Ident,
        /// First value.
        from: Expr,
        /// Last value.
        to: Expr,
        /// The step.
        by: Option<Expr>,
        /// `REVERSE`
        reverse: bool,
    },
    /// `FOR r IN query LOOP`, also over a bound cursor (then there is no query).
    Query {
        /// The variables; one, or several.
        variables: Vec<Vec<Ident>>,
        /// The query.
        query: Option<Box<Query>>,
        /// The bound cursor.
        cursor: Option<Ident>,
        /// The arguments of the bound cursor.
        arguments: Vec<Expr>,
        /// The change whose `RETURNING` is read, where it is not a query.
        change: Option<Box<Statement>>,
    },
    /// `FOR r IN EXECUTE text USING … LOOP`
    Execute {
        /// The variables.
        variables: Vec<Vec<Ident>>,
        /// The text of the query.
        command: Expr,
        /// `USING`
        using: Vec<Expr>,
    },
    /// `FOREACH v [SLICE n] IN ARRAY a LOOP`
    Elements {
        /// The variables.
        variables: Vec<Vec<Ident>>,
        /// The array.
        array: Expr,
        /// Whether `SLICE` is more than 0.
        slice: bool,
    },
}

/// The levels of `RAISE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RaiseLevel {
    /// `DEBUG`
    Debug,
    /// `LOG`
    Log,
    /// `INFO`
    Info,
    /// `NOTICE`
    Notice,
    /// `WARNING`
    Warning,
    /// `EXCEPTION`: the only one that stops.
    Exception,
}

//! Expressions and queries.

use super::{Act, At, Ident, Name, rewrite_expr};

/// An expression of SQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expr {
    /// Where it stands; at least its first token.
    pub at: At,
    /// What it is.
    pub kind: ExprKind,
}

/// What stands before the name in what an argument says of itself.
const NAMED: &str = "=> ";

impl Expr {
    /// `name => value` among the arguments of a call.
    #[must_use]
    pub fn given_by_name(name: &str, value: Self) -> Self {
        let what = Ident::from(format!("{NAMED}{name}"));
        Self { at: value.at, kind: ExprKind::Other { what, parts: Box::new([value]) } }
    }

    /// What a column becomes of which only an element is set: the value, and what stands in the
    /// brackets.
    #[must_use]
    pub fn within(self, subscripts: Vec<Self>) -> Self {
        if subscripts.is_empty() {
            return self;
        }
        let at = self.at;
        let parts = std::iter::once(self).chain(subscripts).collect();
        Self { at, kind: ExprKind::Other { what: Ident::new_static("element"), parts } }
    }

    /// The name of the argument and its value, where it is given by name.
    #[must_use]
    pub fn named(&self) -> Option<(&str, &Self)> {
        match &self.kind {
            ExprKind::Other { what, parts } => Some((what.strip_prefix(NAMED)?, parts.first()?)),
            _ => None,
        }
    }

    /// The name of an operator; of one that PostgreSQL may not have brought, with its schema, so
    /// that it is none of those.
    #[must_use]
    pub fn operator_of(schema: Option<&str>, name: &str) -> Ident {
        match schema {
            None | Some("pg_catalog") => Ident::from(name),
            Some(schema) => Ident::from(format!("OPERATOR({schema}.{name})")),
        }
    }

    /// The conditions all of which have to hold: those of `AND`, however nested, or itself.
    #[must_use]
    pub fn conjuncts(&self) -> Vec<&Self> {
        let (mut open, mut found) = (vec![self], Vec::new());
        while let Some(part) = open.pop() {
            match &part.kind {
                ExprKind::And(parts) => open.extend(parts.iter().rev()),
                _ => found.push(part),
            }
        }
        found
    }

    /// Whether it is a call of a function of PostgreSQL's that yields any number of rows.
    #[must_use]
    pub fn yields_set(&self) -> bool {
        matches!(&self.kind, ExprKind::Call { function, .. } if crate::builtin::yields_set(&function.name))
    }

    /// Whether it is a constant, cast or not.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        match &self.kind {
            ExprKind::Null | ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_) => true,
            ExprKind::Array(parts) => parts.iter().all(Self::is_constant),
            ExprKind::Cast { operand, .. } => operand.is_constant(),
            _ => false,
        }
    }

    /// Whether it is this column of the relation that the statement calls `own`, as the only one
    /// that has such a column where it names none.
    #[must_use]
    pub fn is_column(&self, own: &str, column: &str) -> bool {
        match &self.kind {
            ExprKind::Column(path) => match path.as_slice() {
                [only] => only == column,
                [.., table, last] => table == own && last == column,
                [] => false,
            },
            _ => false,
        }
    }

    /// What is cast to other types.
    #[must_use]
    pub fn uncast(&self) -> &Self {
        match &self.kind {
            ExprKind::Cast { operand, .. } => operand.uncast(),
            _ => self,
        }
    }

    /// The same without the name of the relation that the statement calls `own` before its columns.
    #[must_use]
    pub fn unqualified(&self, own: &str) -> Self {
        let mut expr = self.clone();
        rewrite_expr(&mut expr, &mut |node| {
            if let ExprKind::Column(path) = &mut node.kind
                && let [.., table, column] = path.as_slice()
                && table == own
            {
                *path = vec![column.clone()];
            }
        });
        expr
    }
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExprKind {
    /// `NULL`
    Null,
    /// `TRUE`, `FALSE`
    Boolean(bool),
    /// A number without sign, as it was written (`1`, `0.5`, `1e6`).
    Number(Ident),
    /// A string constant, decoded. Bit strings keep their first letter: `b101`, `x1F`.
    Text(Ident),
    /// A column or a PL/pgSQL variable: `a`, `t.a`, `s.t.a`.
    Column(Vec<Ident>),
    /// `*` or `t.*`: what stands before the star.
    Star(Vec<Ident>),
    /// `$1`
    Parameter(u32),
    /// The value of a psql variable as a string constant: `:'name'`.
    Variable(Ident),
    /// Whether a psql variable is set: `:{?name}`.
    VariableIsSet(Ident),
    /// Two or more, flattened: `a AND b AND c`.
    And(Vec<Expr>),
    /// Two or more, flattened.
    Or(Vec<Expr>),
    /// `NOT a`
    Not(Box<Expr>),
    /// `a IS [NOT] NULL` and its relatives.
    Is {
        /// What is tested.
        operand: Box<Expr>,
        /// For what.
        test: IsTest,
        /// `IS NOT`
        negated: bool,
    },
    /// `a IS [NOT] DISTINCT FROM b`
    Distinct {
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
        /// `IS NOT DISTINCT FROM`
        negated: bool,
    },
    /// Any operator, `!=` spelt `<>`. A prefix operator has no left side.
    Operator {
        /// Its name without schema: `=`, `<`, `||`, `~`.
        operator: Ident,
        /// Left side.
        left: Option<Box<Expr>>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `a [NOT] LIKE | ILIKE | SIMILAR TO b [ESCAPE c]`
    Like {
        /// Which of them.
        kind: LikeKind,
        /// What is matched.
        operand: Box<Expr>,
        /// Against what.
        pattern: Box<Expr>,
        /// The escape, if one is written.
        escape: Option<Box<Expr>>,
        /// `NOT`
        negated: bool,
    },
    /// `a [NOT] BETWEEN [SYMMETRIC] b AND c`
    Between {
        /// What is tested.
        operand: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
        /// `NOT`
        negated: bool,
        /// `SYMMETRIC`
        symmetric: bool,
    },
    /// `a [NOT] IN (b, c)`
    In {
        /// What is looked for.
        operand: Box<Expr>,
        /// Where.
        list: Vec<Expr>,
        /// `NOT`
        negated: bool,
    },
    /// `a = ANY (array)`, `a <> ALL (array)`
    Quantified {
        /// Left side.
        operand: Box<Expr>,
        /// The operator.
        operator: Box<Ident>,
        /// `ALL`; otherwise `ANY` or `SOME`.
        all: bool,
        /// The array.
        array: Box<Expr>,
    },
    /// A query in an expression.
    Subquery {
        /// How it is used.
        kind: SubqueryKind,
        /// The query.
        query: Box<Query>,
    },
    /// `CASE [a] WHEN b THEN c … [ELSE d] END`
    Case {
        /// What every arm compares with, if it is written.
        operand: Option<Box<Expr>>,
        /// Condition and value.
        arms: Vec<(Expr, Expr)>,
        /// `ELSE`
        otherwise: Option<Box<Expr>>,
    },
    /// `COALESCE(a, b)`
    Coalesce(Vec<Expr>),
    /// A call, SQL's special functions among them (`current_user`, `nullif`, `greatest`), in
    /// lower case and without `pg_catalog` where the grammar put it.
    Call {
        /// The function.
        function: Box<Name>,
        /// The arguments in order; a named one says so, see [`Expr::named`].
        arguments: Box<[Expr]>,
        /// `count(*)`
        star: bool,
        /// `count(DISTINCT a)`
        distinct: bool,
        /// `FILTER (WHERE a)`
        filter: Option<Box<Expr>>,
        /// Whether a window follows.
        over: bool,
    },
    /// `a::t`, `CAST (a AS t)`, `t 'a'`
    Cast {
        /// The value.
        operand: Box<Expr>,
        /// The type.
        to: Box<Type>,
    },
    /// `ARRAY[a, b]`
    Array(Vec<Expr>),
    /// `ROW(a, b)`, `(a, b)`
    Row(Vec<Expr>),
    /// `(a).b`
    Field {
        /// The composite value.
        operand: Box<Expr>,
        /// The field; `*` for all.
        field: Ident,
    },
    /// `a[b]`, `a[b:c]`
    Index {
        /// The array.
        operand: Box<Expr>,
        /// What stands in the brackets.
        subscripts: Vec<Expr>,
    },
    /// `DEFAULT` in `VALUES` and `SET`
    Default,
    /// `WHERE CURRENT OF c`
    CurrentOf(Ident),
    /// An expression that has no word here; what it is made of is kept.
    Other {
        /// PostgreSQL's name for it.
        what: Ident,
        /// Its parts.
        parts: Box<[Expr]>,
    },
}

impl ExprKind {
    /// A call of a function of PostgreSQL's.
    #[must_use]
    pub fn call(function: &str, arguments: impl IntoIterator<Item = Expr>, at: At) -> Self {
        let (function, arguments) = (Box::new(Name::plain(function, at)), arguments.into_iter().collect());
        Self::Call { function, arguments, star: false, distinct: false, filter: None, over: false }
    }

    /// `count(*)`
    #[must_use]
    pub fn count(at: At) -> Self {
        let function = Box::new(Name::plain("count", at));
        Self::Call { function, arguments: Box::default(), star: true, distinct: false, filter: None, over: false }
    }
}

/// What `IS` tests for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IsTest {
    /// `NULL`
    Null,
    /// `TRUE`
    True,
    /// `FALSE`
    False,
    /// `UNKNOWN`
    Unknown,
}

/// The family of pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LikeKind {
    /// `LIKE`, `~~`
    Like,
    /// `ILIKE`, `~~*`
    Ilike,
    /// `SIMILAR TO`
    Similar,
}

/// How a query is used in an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SubqueryKind {
    /// `EXISTS (…)`
    Exists,
    /// `(SELECT …)` as a value.
    Scalar,
    /// `ARRAY(SELECT …)`
    Array,
    /// `a op ANY (SELECT …)`; `a IN (SELECT …)` is `a = ANY (…)`, and `a NOT IN (…)` is the
    /// `NOT` of that.
    Any {
        /// Left side.
        operand: Box<Expr>,
        /// The operator.
        operator: Ident,
    },
    /// `a op ALL (SELECT …)`
    All {
        /// Left side.
        operand: Box<Expr>,
        /// The operator.
        operator: Ident,
    },
}

/// A type by PostgreSQL's internal name: `integer` is `int4`, without `pg_catalog`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Type {
    /// Its name; `serial` and its relatives stay as written; `a%TYPE` is `a%type`.
    pub name: Name,
    /// `varchar(20)`, `numeric(10, 2)`; for `interval(p)` and fields nothing.
    pub modifiers: Vec<Expr>,
    /// Whether it is an array; the number of dimensions means nothing to PostgreSQL.
    pub array: bool,
    /// `SETOF`
    pub set: bool,
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// Where it stands; at least its first token.
    pub at: At,
    /// `WITH`
    pub with: Vec<Cte>,
    /// `WITH RECURSIVE`
    pub recursive: bool,
    /// What it yields.
    pub body: QueryBody,
    /// `ORDER BY`; what is not sorted as PostgreSQL does by itself is [`ExprKind::Other`] `desc`,
    /// `nulls first`, `using >`.
    pub order_by: Vec<Expr>,
    /// `LIMIT`; none also for `LIMIT ALL`.
    pub limit: Option<Box<Expr>>,
    /// `OFFSET`
    pub offset: Option<Box<Expr>>,
    /// `FOR UPDATE`, `FOR SHARE` or another locking clause.
    pub locks: bool,
}

impl Query {
    /// A query that has nothing but a body.
    #[must_use]
    pub fn of(at: At, body: QueryBody) -> Self {
        Self {
            at,
            with: Vec::new(),
            recursive: false,
            body,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            locks: false,
        }
    }
}

impl std::convert::From<Select> for QueryBody {
    fn from(select: Select) -> Self {
        Self::Select(Box::new(select))
    }
}

/// What a query yields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QueryBody {
    /// `SELECT`; `TABLE t` is `SELECT * FROM t`.
    Select(Box<Select>),
    /// `VALUES (…), (…)`
    Values(Vec<Vec<Expr>>),
    /// `UNION`, `INTERSECT`, `EXCEPT`
    Set {
        /// Which.
        operator: SetOperator,
        /// `ALL`
        all: bool,
        /// Left side.
        left: Box<Query>,
        /// Right side.
        right: Box<Query>,
    },
}

/// `UNION`, `INTERSECT`, `EXCEPT`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// `UNION`
    Union,
    /// `INTERSECT`
    Intersect,
    /// `EXCEPT`
    Except,
}

/// A `SELECT` without what surrounds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Select {
    /// `DISTINCT`, also `DISTINCT ON (…)`.
    pub distinct: bool,
    /// The expressions of `DISTINCT ON`.
    pub distinct_on: Vec<Expr>,
    /// What it selects.
    pub targets: Vec<Target>,
    /// `FROM`
    pub from: Vec<From>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `GROUP BY`; grouping sets are [`ExprKind::Other`].
    pub group_by: Vec<Expr>,
    /// `HAVING`
    pub having: Option<Expr>,
}

/// An expression of a select list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The expression.
    pub value: Expr,
    /// Its `AS`, if written.
    pub alias: Option<Ident>,
}

/// `column = value` of `UPDATE … SET` and of `ON CONFLICT DO UPDATE`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// The column; a field or an element of it counts as the whole.
    pub column: Ident,
    /// What it becomes; of `(a, b) = (…)` that is not a row, the whole right side for each.
    pub value: Expr,
    /// Where the column stands.
    pub at: At,
}

/// `name AS (…)` of `WITH`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cte {
    /// Its name.
    pub name: Ident,
    /// The names of its columns, if written.
    pub columns: Vec<Ident>,
    /// The columns that `SEARCH` and `CYCLE` add.
    pub added: Vec<Ident>,
    /// What it holds.
    pub body: CteBody,
    /// `MATERIALIZED` or `NOT MATERIALIZED`, if written.
    pub materialized: Option<bool>,
    /// Where its name stands.
    pub at: At,
}

/// What a CTE holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CteBody {
    /// A query.
    Query(Box<Query>),
    /// `INSERT`, `UPDATE`, `DELETE` or `MERGE`.
    Change(Box<Act>),
}

/// An item of `FROM` or `USING`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum From {
    /// A table, a view or a CTE.
    Relation {
        /// Its name.
        name: Name,
        /// Its alias.
        alias: Option<Ident>,
        /// The names that the alias gives to its columns.
        columns: Vec<Ident>,
        /// `ONLY`
        only: bool,
    },
    /// `(SELECT …)`
    Subquery {
        /// The query.
        query: Box<Query>,
        /// Its alias.
        alias: Option<Ident>,
        /// The names that the alias gives to its columns.
        columns: Vec<Ident>,
        /// `LATERAL`
        lateral: bool,
    },
    /// Functions that yield rows, one or (`ROWS FROM`) several.
    Function {
        /// The calls.
        calls: Vec<Expr>,
        /// Its alias.
        alias: Option<Ident>,
        /// The names that the alias gives to its columns.
        columns: Vec<Ident>,
    },
    /// `a JOIN b`
    Join {
        /// Which.
        kind: JoinKind,
        /// Left side.
        left: Box<From>,
        /// Right side.
        right: Box<From>,
        /// `ON`
        on: Option<Expr>,
        /// `USING`
        using: Vec<Ident>,
        /// `NATURAL`
        natural: bool,
    },
    /// `TABLESAMPLE`, `XMLTABLE`, `JSON_TABLE`: what it is, what it is made of and reads.
    Other {
        /// PostgreSQL's name for it.
        what: Ident,
        /// Its relation, if it has one.
        relation: Option<Box<From>>,
        /// Its expressions.
        parts: Vec<Expr>,
        /// Its alias.
        alias: Option<Ident>,
    },
}

/// The kinds of joins; a `CROSS JOIN` is an inner one without a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `JOIN`
    Inner,
    /// `LEFT JOIN`
    Left,
    /// `RIGHT JOIN`
    Right,
    /// `FULL JOIN`
    Full,
}

//! The rules. Each is a page, a level and one function over a [`Case`]; none sees a parser, a
//! disk or a clock.

use std::collections::BTreeSet;

use crate::case::{Case, Pass};
use crate::catalog::{ForeignKey, Key, Kind, Outcome};
use crate::config::Spanned;
use crate::effect::{Act, At, Cte, Deferral, Ident, Name, Statement, Visit, walk_statement};
use crate::finding::{Finding, Fix, Level};
use crate::flow::{Change, Event, Origin, Via, What};
use crate::ledger::is_house_rule;
use crate::mend;
use crate::package::{Line, Role};
use crate::source::Span;

mod kept;
mod twice;

pub use kept::Kept;

macro_rules! rules {
    ($($module:ident = $id:literal $($whole:ident)?),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, in the order in which they are explained.
        pub static ALL: &[&Rule] = &[$(&Rule {
            id: $id,
            page: include_str!(concat!("../rules/", $id, ".md")),
            level: Level::Deny,
            whole: is_whole!($($whole)?),
            check: $module::check,
        }),*];
    };
}

macro_rules! is_whole {
    (whole) => {
        true
    };
    () => {
        false
    };
}

rules! {
    outside_transaction = "outside-transaction",
    stray_transaction_control = "stray-transaction-control",
    not_transactional = "not-transactional",
    unguarded_change = "unguarded-change",
    guard_fails_open = "guard-fails-open",
    unchecked_outcome = "unchecked-outcome",
    delete_outside_tag = "delete-outside-tag",
    truncate_outside_tier = "truncate-outside-tier",
    statement_fails = "statement-fails",
    fails_when_repeated = "fails-when-repeated",
    changes_when_repeated = "changes-when-repeated",
    drop_parent_first = "drop-parent-first",
    cascade_into_baseline = "cascade-into-baseline",
    protected_rows_lost = "protected-rows-lost" whole,
    manifest_mismatch = "manifest-mismatch" whole,
    leftover_after_rollback = "leftover-after-rollback",
    foreign_object_dropped = "foreign-object-dropped",
    tier_without_rollback = "tier-without-rollback" whole,
    executor_skips_tier = "executor-skips-tier" whole,
    session_carried_over = "session-carried-over" whole,
    read_only_writes = "read-only-writes",
    unexpected_delta = "unexpected-delta",
    timeout_missing = "timeout-missing",
    variable_undefined = "variable-undefined",
    variable_unquoted = "variable-unquoted",
    variable_in_body = "variable-in-body" whole,
    not_analysed = "not-analysed",
    syntax_error = "syntax-error" whole,
    parsers_disagree = "parsers-disagree" whole,
    unreadable_script = "unreadable-script" whole,
    forbidden_command = "forbidden-command" whole,
}

/// A rule.
pub struct Rule {
    /// Its id; also the stem of its page.
    pub id: &'static str,
    /// Its page: what is wrong, why, an example and a better one, and what it cannot see.
    pub page: &'static str,
    /// Its level where `lint.toml` sets no other.
    pub level: Level,
    /// Whether it looks at the files or at scripts side by side; otherwise at one run after the
    /// other, so that it finds the same in each [`crate::case::Part`] alone.
    pub whole: bool,
    /// Finds what is wrong.
    pub check: fn(&Case<'_>, &mut Vec<Finding>),
}

impl Rule {
    /// The first line of its page.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.page.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

/// Everything that is wrong with a package, each once. The rules are asked on as many threads
/// as the machine has processors.
#[must_use]
pub fn check(case: &Case<'_>) -> Vec<Finding> {
    Kept::default().check(case, &|| false)
}

/// What is true of the script that undoes any tier need not be told for each tier again.
fn drop_particular(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let by_setting = case.scripts.iter().find(|script| script.role == Role::TierRollback);
    let Some(general) = by_setting.map(|script| script.path.as_str()) else { return };
    let told: BTreeSet<_> = findings
        .iter()
        .filter_map(|finding| Some((spot(finding.primary.at), finding.message.strip_prefix(general)?.to_owned())))
        .collect();
    let particular: Vec<String> =
        (0..case.package.tier.len()).map(|index| format!("the rollback of {} ", tier_name(index, case))).collect();
    findings.retain(|finding| {
        let rest = particular.iter().find_map(|name| finding.message.strip_prefix(name));
        rest.is_none_or(|rest| !told.contains(&(spot(finding.primary.at), format!(" {rest}"))))
    });
}

/// Where something stands: its file, the first byte and the one behind the last.
type Spot = (usize, usize, usize);

fn spot(at: At) -> Spot {
    (at.file().index(), at.span().start, at.span().end)
}

/// Adds the calls, triggers and keys that lead to an event to what a finding shows.
fn with_trail(mut finding: Finding, event: &Event<'_>) -> Finding {
    for Via { at, origin } in &event.via {
        let text = match origin {
            Origin::Call(name) => format!("{name} is called here"),
            Origin::Trigger { name, .. } => format!("this fires the trigger {name}"),
            Origin::ForeignKey { name, .. } => format!("the foreign key {name} carries it on"),
            Origin::Cascade => "CASCADE carries it on".to_owned(),
            Origin::Inheritance(name) => format!("its rows are rows of {name}, too"),
            Origin::View(name) => format!("the view {name} hands it on"),
            Origin::Rule { name, .. } => format!("the rule {name} does more"),
            Origin::Definition { relation, what } => format!("{what} of {relation} has it worked out"),
            Origin::Dynamic => "as dynamic SQL here".to_owned(),
            Origin::Do => continue,
        };
        let is_here = *at == event.at && at.span() == event.at.span();
        if !is_here || matches!(origin, Origin::ForeignKey { .. } | Origin::View(_)) {
            finding = finding.related(*at, text);
        }
    }
    finding
}

/// The bytes of the file that a place is in.
fn bytes<'c>(case: &'c Case<'_>, at: At) -> &'c [u8] {
    case.library.sources.get(at.file()).map(|source| &source.bytes[..]).unwrap_or_default()
}

/// Whether a statement stands in the script itself or in a `DO` of it: what is done to it is
/// done to this script alone.
fn is_own(event: &Event<'_>) -> bool {
    event.via.iter().all(|via| via.origin == Origin::Do)
}

/// The key by which `ON CONFLICT` can pass over the rows of an `INSERT` that are there already,
/// put into it. `settled` says of a column of the statement whether it is the same each time.
fn pass_over(
    case: &Case<'_>,
    pass: &Pass<'_>,
    event: &Event<'_>,
    change: &Change<'_>,
    settled: &dyn Fn(usize) -> bool,
) -> Option<Fix> {
    let Some(Act::Insert { table, columns, conflict: None, .. }) = change.act else { return None };
    let known: Vec<Ident> =
        columns.iter().enumerate().filter(|(index, _)| settled(*index)).map(|(_, column)| column.clone()).collect();
    let key = pass.start.keys_within(&change.relation, &known).into_iter().next()?;
    let key: Vec<usize> =
        key.iter().map(|column| columns.iter().position(|known| known == column)).collect::<Option<_>>()?;
    if !is_own(event) || pass.role.reads_only() || pass.start.canonical(table) != *change.relation {
        return None;
    }
    mend::on_conflict(bytes(case, event.at), enclosing(case, event.at)?, table.at, &key)
}

/// The innermost statement of a script or of a body in it that a place lies in.
fn enclosing(case: &Case<'_>, place: At) -> Option<At> {
    struct Search {
        place: At,
        found: Option<At>,
    }
    impl<'a> Visit<'a> for Search {
        fn statement(&mut self, statement: &'a Statement) {
            let (place, span) = (self.place.span(), statement.at.span());
            if statement.at.file() == self.place.file() && span.start <= place.start && place.end <= span.end {
                self.found = Some(statement.at);
                walk_statement(self, statement);
            }
        }
    }
    fn search(lines: &[Line], search_for: &mut Search) {
        for line in lines {
            match line {
                Line::Sent { statements, .. } => statements.iter().for_each(|one| search_for.statement(one)),
                Line::Choice { arms, .. } => arms.iter().for_each(|arm| search(&arm.lines, search_for)),
                _ => {}
            }
        }
    }
    let mut found = Search { place, found: None };
    search(&case.library.program(place.file()).lines, &mut found);
    found.found
}

/// From the first token of an expression to its last: the place of an operator is the
/// operator's own.
fn whole(expr: &crate::effect::Expr) -> At {
    use crate::effect::{Expr, Visit, walk_expr};
    struct Places(At);
    impl<'a> Visit<'a> for Places {
        fn expr(&mut self, expr: &'a Expr) {
            if expr.at.span().end > 0 {
                self.0 = self.0.to(expr.at);
            }
            walk_expr(self, expr);
        }
    }
    let mut places = Places(expr.at);
    places.expr(expr);
    places.0
}

/// The common table expressions of a change's statement.
fn common<'a>(change: &'a Change<'a>) -> &'a [Cte] {
    match change.act {
        Some(
            Act::Delete { with, .. } | Act::Update { with, .. } | Act::Merge { with, .. } | Act::Insert { with, .. },
        ) => with,
        _ => &[],
    }
}

/// The objects that a statement takes away, by name or by CASCADE, but for those that are
/// a part of another; a relation that gets another name is gone under its own.
fn taken(outcome: &Outcome) -> impl Iterator<Item = (&Key, bool)> {
    let dropped = outcome.dropped.iter().filter(|dropped| !dropped.automatic).map(|dropped| (&dropped.key, false));
    let is_renamed = |(key, what): &&(Key, Ident)| {
        key.kind.is_relation()
            && !matches!(key.kind, Kind::Index | Kind::CompositeType)
            && matches!(what.as_str(), "renamed" | "schema")
    };
    let renamed = outcome.altered.iter().filter(is_renamed).map(|(key, _)| (key, true));
    dropped.chain(renamed)
}

/// The tiers that a rollback undoes.
fn undone_by<'c, 'a>(case: &'c Case<'a>, pass: &Pass<'_>) -> impl Iterator<Item = &'c Pass<'a>> {
    let role = pass.role;
    case.tiers.iter().filter(move |tier| match (tier.role, role) {
        (Role::Tier(tier), Role::Rollback(only)) => tier == only,
        (role, _) => matches!(role, Role::Tier(_)),
    })
}

/// The first runs of the script that a second one runs again.
fn first_of<'c, 'a>(case: &'c Case<'a>, second: &Pass<'_>) -> impl Iterator<Item = &'c Pass<'a>> {
    let (script, role) = (second.script, second.role);
    case.passes.iter().filter(move |first| !first.repeat && first.script == script && first.role == role)
}

/// Where the first run of the script fails that a second one runs again.
fn failed_before(case: &Case<'_>, second: &Pass<'_>) -> Vec<Span> {
    let events = first_of(case, second).flat_map(|first| first.run.events.iter());
    events.filter(|event| event.what.problem().is_some()).map(|event| event.at.span()).collect()
}

/// The command that works through all of a relation and changes neither rows nor schema; none
/// where only temporary ones are named.
fn maintains(statement: &Statement, pass: &Pass<'_>) -> Option<String> {
    match &statement.act {
        Act::Refresh { .. } => Some("REFRESH MATERIALIZED VIEW".to_owned()),
        Act::Utility { command, objects, .. }
            if ["analyze", "cluster", "reindex", "vacuum"].iter().any(|known| command.starts_with(known)) =>
        {
            let is_temporary = |name: &Name| pass.run.end.catalog.canonical(name).is_temporary();
            let is_own = !objects.is_empty() && objects.iter().all(is_temporary);
            (!is_own).then(|| command.to_ascii_uppercase())
        }
        _ => None,
    }
}

/// The same of one that writes the relation anew, within a transaction.
fn rebuilds(statement: &Statement, pass: &Pass<'_>) -> Option<String> {
    let is_alone = matches!(statement.act, Act::Utility { outside_transaction: true, .. });
    maintains(statement, pass).filter(|command| !is_alone && command != "ANALYZE")
}

/// Whether a foreign key may be checked only before COMMIT.
fn may_be_deferred(pass: &Pass<'_>, key: &ForeignKey) -> bool {
    let is_said = |event: &Event<'_>| match &event.what {
        What::Utility(statement) => {
            matches!(&statement.act, Act::Utility { command, .. } if command == "set constraints")
        }
        _ => false,
    };
    match key.deferral {
        Deferral::NotDeferrable => false,
        Deferral::Immediate => pass.run.events.iter().any(is_said),
        Deferral::Deferred => true,
    }
}

/// The tables that the release makes: they are not there before it.
fn is_made_by_release(name: &Name, case: &Case<'_>) -> bool {
    case.baseline.relation(name).is_none() && case.scripts.iter().any(|script| matches!(script.role, Role::Tier(_)))
}

/// The table that an entry of `protected` names, as it is written or behind a schema.
fn protected(entry: &Spanned<String>, case: &Case<'_>) -> Name {
    let at = case.configured(&entry.span());
    let plain = Name::plain(entry.get_ref().as_str(), at);
    let canonical = match entry.get_ref().split_once('.') {
        Some((schema, name)) if case.baseline.relation(&plain).is_none() => {
            case.baseline.canonical(&Name { schema: Some(Ident::from(schema)), name: Ident::from(name), at })
        }
        _ => case.baseline.canonical(&plain),
    };
    Name { at, ..canonical }
}

/// Whether a rollback leaves the object behind on purpose.
fn is_kept(key: &Key, case: &Case<'_>) -> bool {
    let name = key.to_string();
    case.package.tier.iter().flat_map(|tier| &tier.keeps).any(|kept| *kept.get_ref() == name)
}

/// What a script is called in a message.
fn called(pass: &Pass<'_>, case: &Case<'_>) -> String {
    match pass.role {
        Role::Tier(index) => tier_name(index, case),
        Role::Rollback(index) => format!("the rollback of {}", tier_name(index, case)),
        Role::FullRollback => "the full rollback".to_owned(),
        _ => case.script(pass).map_or_else(|| "the script".to_owned(), |script| script.path.clone()),
    }
}

fn tier_name(index: usize, case: &Case<'_>) -> String {
    case.package.tier.get(index).map_or_else(|| "the tier".to_owned(), |tier| format!("tier {}", tier.number.get_ref()))
}

/// The verb of a change, for a message.
fn verb(change: &Change<'_>) -> &'static str {
    match change.kind {
        crate::flow::ChangeKind::Insert => "adds rows to",
        crate::flow::ChangeKind::Update => "changes rows of",
        crate::flow::ChangeKind::Delete => "deletes rows from",
        crate::flow::ChangeKind::Truncate => "empties",
    }
}

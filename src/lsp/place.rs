//! What is to be said of a place: what is found there, what is certainly true before it, what
//! it does, and what it undoes or is undone by.

use std::path::{Path, PathBuf};

use lsp_types::{Hover, HoverContents, Location, MarkupContent, MarkupKind, Position, Uri};

use super::project::{Project, plain};
use super::text::Lines;
use super::{Server, uri};
use crate::case::{Case, Pass};
use crate::catalog::Key;
use crate::effect::{At, Expr, ExprKind};
use crate::explain::{Model, lock, sql};
use crate::flow::{Block, ChangeKind, Event, Known, Sight, What};
use crate::lint::Session;
use crate::logic::Truth;
use crate::package::{Line, Role};
use crate::silence::all_rules;
use crate::source::{FileId, Span};

/// How many conditions are told.
const CONDITIONS: usize = 16;

/// A place in a file of a case, among the blanks of its layout.
#[derive(Clone, Copy)]
struct Spot {
    file: FileId,
    offset: usize,
}

/// A span in a file as it is written.
type Target = (PathBuf, Span);

impl Spot {
    /// The place of an offset in a file that a case knows.
    fn of(case: &Case<'_>, project: &Project, file: &Path, offset: usize) -> Option<Self> {
        if file == project.path {
            let offset = case.library.layout.as_ref().map_or(offset, |layout| layout.laid_out(offset));
            return Some(Self { file: case.library.config, offset });
        }
        let known =
            |(_, source): &(FileId, &crate::sources::Source)| plain(&project.directory().join(&source.name)) == file;
        let (id, source) = case.library.sources.iter().find(known)?;
        Some(Self { file: id, offset: source.layout.laid_out(offset) })
    }

    fn is_in(self, at: At) -> bool {
        let span = at.span();
        at.file() == self.file && span.start <= self.offset && self.offset <= span.end && span.end > span.start
    }
}

/// The bytes that a place stands for, in its file.
fn target(case: &Case<'_>, project: &Project, at: At) -> Option<Target> {
    if at.file() == case.library.config {
        return Some((project.path.clone(), case.library.written(at).span()));
    }
    let source = case.library.sources.get(at.file())?;
    Some((plain(&project.directory().join(&source.name)), source.layout.written(at.span())))
}

/// The message to the server, the command or the data that a place stands in.
fn line_at(case: &Case<'_>, spot: Spot) -> Option<At> {
    fn find(lines: &[Line], spot: Spot) -> Option<At> {
        lines.iter().find_map(|line| match line {
            Line::Sent { at, .. } | Line::Unread { at, .. } | Line::Include { at, .. } | Line::Command { at, .. } => {
                spot.is_in(*at).then_some(*at)
            }
            Line::Choice { arms, .. } => arms.iter().find_map(|arm| find(&arm.lines, spot)),
            Line::Data { .. } => None,
        })
    }
    find(&case.library.program(spot.file).lines, spot)
}

/// The file that a `\i` leads to.
fn include_at(lines: &[Line], spot: Spot) -> Option<FileId> {
    lines.iter().find_map(|line| match line {
        Line::Include { at, target: Ok(file) } if spot.is_in(*at) => Some(*file),
        Line::Choice { arms, .. } => arms.iter().find_map(|arm| include_at(&arm.lines, spot)),
        _ => None,
    })
}

impl Server {
    /// What is asked about: the file, and the offset in it.
    fn asked(&self, uri: &Uri, position: Position, session: &mut Session<'_>) -> Option<(PathBuf, usize)> {
        let path = plain(&uri::path(uri)?);
        let offset = match self.documents.get(&path) {
            Some(document) => Lines::of(document.text.as_bytes(), self.manner.encoding).offset(position),
            None => Lines::of(&session.desk().read(&path).ok()?, self.manner.encoding).offset(position),
        };
        Some((path, offset))
    }

    /// What the packages of each `lint.toml` above a file say.
    pub(super) fn each<T>(
        &self,
        file: &Path,
        session: &mut Session<'_>,
        look: &dyn Fn(&Case<'_>, &Project) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        for project in self.projects.values().filter(|project| file.starts_with(project.directory())) {
            let Some(Ok(job)) = project.job(session) else { continue };
            if let Ok(seen) = session.look(&job, &|case| look(case, project)) {
                found.extend(seen.into_iter().flatten());
            }
        }
        found
    }

    pub(super) fn hover(&self, uri: &Uri, position: Position, session: &mut Session<'_>) -> Option<Hover> {
        let (file, offset) = self.asked(uri, position, session)?;
        let mut parts: Vec<String> = Vec::new();
        for project in self.projects.values() {
            let is_here = |at: At| at.span().start <= offset && offset <= at.span().end;
            let mut rules: Vec<&str> = Vec::new();
            for (_, opinion) in project.opinions(&file) {
                let finding = &opinion.finding;
                if is_here(finding.primary.at) && !rules.contains(&finding.rule) {
                    rules.push(finding.rule);
                }
            }
            let pages = rules.iter().filter_map(|id| all_rules().find(|rule| rule.id == *id));
            parts.extend(pages.map(|rule| format!("`{}`\n\n{}", rule.id, rule.page.trim_end())));
        }
        let mut said = self.each(&file, session, &|case, project| {
            let spot = Spot::of(case, project, &file, offset)?;
            of_statement(case, spot)
        });
        said.dedup();
        said.append(&mut parts);
        if said.is_empty() {
            return None;
        }
        let value = said.join("\n\n---\n\n");
        Some(Hover {
            contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
            range: None,
        })
    }

    /// From a statement of a rollback to what it undoes; from a statement that makes something
    /// to what undoes it; from a name in `lint.toml` or after `\i` to the file.
    pub(super) fn definition(&self, uri: &Uri, position: Position, session: &mut Session<'_>) -> Vec<Location> {
        let Some((file, offset)) = self.asked(uri, position, session) else { return Vec::new() };
        let found = self.each(&file, session, &|case, project| {
            let spot = Spot::of(case, project, &file, offset)?;
            let start = |file: FileId| At::new(file, Span::new(0, 0));
            let included = include_at(&case.library.program(spot.file).lines, spot).map(start);
            let named = case.scripts.iter().filter(|script| spot.is_in(script.at));
            let named = named.filter_map(|script| script.file.as_ref().ok()).map(|file| start(*file));
            let mut places: Vec<At> = included.into_iter().chain(named).collect();
            if places.is_empty() {
                let (made, undone) = undoing(case, spot);
                places = if made.is_empty() { undone } else { made };
            }
            Some(places.into_iter().filter_map(|at| target(case, project, at)).collect::<Vec<_>>())
        });
        self.locations(found.into_iter().flatten(), session)
    }

    /// Both: what the statement undoes, and what undoes it.
    pub(super) fn references(&self, uri: &Uri, position: Position, session: &mut Session<'_>) -> Vec<Location> {
        let Some((file, offset)) = self.asked(uri, position, session) else { return Vec::new() };
        let found = self.each(&file, session, &|case, project| {
            let spot = Spot::of(case, project, &file, offset)?;
            let (made, undone) = undoing(case, spot);
            let places = made.into_iter().chain(undone);
            Some(places.filter_map(|at| target(case, project, at)).collect::<Vec<_>>())
        });
        self.locations(found.into_iter().flatten(), session)
    }

    fn locations(&self, targets: impl Iterator<Item = Target>, session: &mut Session<'_>) -> Vec<Location> {
        let mut targets: Vec<Target> = targets.collect();
        targets.sort();
        targets.dedup();
        let locate = |(file, span): Target| {
            let text = session.desk().read(&file).unwrap_or_default();
            Some(Location { uri: self.uri(&file)?, range: Lines::of(&text, self.manner.encoding).range(span) })
        };
        targets.into_iter().filter_map(locate).collect()
    }
}

/// What the statement at a place undoes, and what undoes it.
fn undoing(case: &Case<'_>, spot: Spot) -> (Vec<At>, Vec<At>) {
    let model = Model::of(case);
    let undos = model.tiers.iter().filter_map(|tier| tier.undo.as_ref()).chain(&model.full);
    let steps: Vec<_> = undos.flat_map(|undo| &undo.steps).collect();
    let line = line_at(case, spot);
    let within = |at: At| line.is_some_and(|line| holds(line, at));
    // The very name, else the whole statement.
    let select = |is_here: &dyn Fn(At) -> bool| {
        let here = steps.iter().filter(|step| is_here(step.at));
        let made: Vec<At> = here.flat_map(|step| step.made.iter().copied()).collect();
        let there = steps.iter().filter(|step| step.made.iter().any(|at| is_here(*at)));
        (made, there.map(|step| step.at).collect::<Vec<_>>())
    };
    let near = select(&|at| spot.is_in(at));
    if near.0.is_empty() && near.1.is_empty() { select(&within) } else { near }
}

fn holds(outer: At, inner: At) -> bool {
    let (outer_span, inner_span) = (outer.span(), inner.span());
    outer.file() == inner.file() && outer_span.start <= inner_span.start && inner_span.end <= outer_span.end
}

/// What is certainly true before a statement, and what it does.
fn of_statement(case: &Case<'_>, spot: Spot) -> Option<String> {
    let line = line_at(case, spot)?;
    let size = |event: &Event<'_>| event.at.span().end - event.at.span().start;
    let first: Vec<&Pass<'_>> = case.passes.iter().filter(|pass| !pass.repeat).collect();
    // The innermost thing that happens here, in the first script that comes here.
    let (pass, event) = first.iter().find_map(|pass| {
        let here = pass
            .run
            .events
            .iter()
            .filter(|event| event.reachable && !matches!(event.what, What::End | What::Included(_)));
        let inner = here.clone().filter(|event| spot.is_in(event.at)).min_by_key(|event| size(event));
        let event = inner.or_else(|| here.clone().find(|event| holds(line, event.outermost())))?;
        Some((*pass, event))
    })?;
    let mut text = format!("**{}**, {}\n", called(pass, case), block(event, case));
    let sure = certain(pass, event, case);
    if sure.is_empty() {
        text.push_str("\nNothing is certain here.\n");
    } else {
        text.push_str("\nCertainly true before this:\n");
        text.extend(sure.iter().map(|line| format!("- {line}\n")));
    }
    let does = effects(pass, line, case);
    if !does.is_empty() {
        text.push_str("\nWhat it does:\n");
        text.extend(does.iter().map(|line| format!("- {line}\n")));
    }
    Some(text)
}

fn called(pass: &Pass<'_>, case: &Case<'_>) -> String {
    let tier = |index: usize| {
        let tier = case.package.tier.get(index);
        tier.map_or_else(String::new, |tier| format!("tier {}, {}", tier.number.get_ref(), tier.name))
    };
    match pass.role {
        Role::Tier(index) => tier(index),
        Role::Rollback(index) => format!("the rollback of {}", tier(index)),
        Role::FullRollback => "the full rollback".to_owned(),
        Role::Preflight => "the preflight".to_owned(),
        Role::Verify => "the verification".to_owned(),
        Role::Executor => "the executor".to_owned(),
        Role::Baseline => "the baseline".to_owned(),
        _ => case.script(pass).map(|script| script.path.clone()).unwrap_or_default(),
    }
}

fn block(event: &Event<'_>, case: &Case<'_>) -> String {
    let mut text = match event.block {
        Block::None => "outside of a transaction".to_owned(),
        Block::Mixed => "on some paths in a transaction, on others not".to_owned(),
        Block::Open { number, .. } => format!("in transaction {number} of the script"),
    };
    if !event.certain {
        text.push_str(", not on every path");
    }
    let timeouts = case.package.timeouts.iter().filter_map(|name| {
        let name = name.get_ref();
        let value = event.settings.get(name)?.value.as_ref()?;
        Some(format!("{name} = {value}"))
    });
    let timeouts: Vec<String> = timeouts.collect();
    if !timeouts.is_empty() {
        text = format!("{text}, with {}", timeouts.join(", "));
    }
    text
}

/// The demands of `lint.toml` that hold, then what the script has made sure of.
fn certain(pass: &Pass<'_>, event: &Event<'_>, case: &Case<'_>) -> Vec<String> {
    let tier = match pass.role {
        Role::Tier(index) | Role::Rollback(index) => Some(index),
        _ => None,
    };
    let own =
        |goals: &'_ [Vec<crate::case::Goal>]| tier.and_then(|index| goals.get(index)).cloned().unwrap_or_default();
    let goals = case.goals.database.iter().chain(&case.goals.gates).cloned();
    let goals = goals.chain(own(&case.goals.enter)).chain(own(&case.goals.leave));
    let mut said: Vec<String> = goals
        .filter(|goal| pass.holds(event, &goal.expr) == Known::Yes)
        .map(|goal| format!("{} (`lint.toml` asks for it)", goal.what))
        .collect();
    let world = Sight(&pass.start);
    let mut seen: Vec<(&Expr, Truth)> = Vec::new();
    for (expr, truth) in event.facts.assumed().flatten() {
        if said.len() >= CONDITIONS {
            break;
        }
        if seen.contains(&(expr, *truth)) {
            continue;
        }
        seen.push((expr, *truth));
        // A part of what was assumed may not hold any more.
        let is =
            |test, negated| Expr { at: expr.at, kind: ExprKind::Is { operand: Box::new(expr.clone()), test, negated } };
        let (still, words) = match truth {
            Truth::True => (event.facts.entails(expr, &world) == Known::Yes, "is true"),
            Truth::NotTrue => (event.facts.entails(expr, &world) == Known::No, "is not true"),
            Truth::False => {
                (event.facts.entails(&is(crate::effect::IsTest::False, false), &world) == Known::Yes, "is false")
            }
            Truth::NotFalse => {
                (event.facts.entails(&is(crate::effect::IsTest::False, true), &world) == Known::Yes, "is not false")
            }
            Truth::Null => {
                (event.facts.entails(&is(crate::effect::IsTest::Unknown, false), &world) == Known::Yes, "is NULL")
            }
        };
        if still && let Some(text) = sql::write(expr) {
            said.push(format!("`{text}` {words}"));
        }
    }
    said
}

/// What everything does that a statement sets off, and what it locks.
fn effects(pass: &Pass<'_>, line: At, case: &Case<'_>) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut locks: Vec<(Key, lock::Mode)> = Vec::new();
    // What the script has made itself nobody waits for.
    let was_there = |key: &Key| pass.start.contains(key) || case.baseline.contains(key);
    for event in pass.run.events.iter().filter(|event| event.reachable && holds(line, event.outermost())) {
        let via = if event.via.is_empty() { "" } else { ", by what it sets off" };
        let mut say = |text: String| {
            if !said.contains(&text) {
                said.push(text);
            }
        };
        match &event.what {
            What::Change(change) => {
                let verb = match change.kind {
                    ChangeKind::Insert => "adds rows to",
                    ChangeKind::Update => "changes rows of",
                    ChangeKind::Delete => "deletes rows from",
                    ChangeKind::Truncate => "empties",
                };
                say(format!("{verb} {}{via}", change.relation));
            }
            What::Define { outcome, .. } => {
                outcome.made.iter().for_each(|key| say(format!("makes the {key}")));
                outcome
                    .dropped
                    .iter()
                    .filter(|one| !one.automatic)
                    .for_each(|one| say(format!("drops the {}", one.key)));
                outcome.altered.iter().for_each(|(key, what)| say(format!("changes the {what} of the {key}")));
                outcome.skipped.iter().for_each(|one| say(format!("skips {}: {}", one.name, one.notice)));
                outcome.problem.iter().for_each(|problem| say(format!("fails: {}", problem.message)));
            }
            What::Check { stops: true, .. } => say("stops unless a condition holds".to_owned()),
            What::Opaque(why) => say(format!("cannot be told: {why}")),
            _ => {}
        }
        for (key, mode) in lock::of(&event.what, &pass.start, &pass.run.end.catalog) {
            if key.schema == "pg_temp" || key.schema == "pg_catalog" || !was_there(&key) {
                continue;
            }
            match locks.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => *known = (*known).max(mode),
                None => locks.push((key, mode)),
            }
        }
    }
    said.extend(
        locks
            .into_iter()
            .map(|(key, mode)| format!("locks the {key}: {} (others wait with {})", mode.word(), mode.blocks())),
    );
    said
}

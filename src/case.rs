//! A package, run in every way in which it may run: each tier, each rollback, the checks,
//! and each of them again. What the rules look at.

mod reached;
mod runs;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use crate::catalog::Catalog;
use crate::config::{self, Config};
use crate::effect::{At, Expr, ExprKind, Ident};
use crate::fault::Fault;
use crate::finding::Fix;
use crate::flow::{self, Memory, PsqlValue, Run};
use crate::ledger::{self, Insertion};
use crate::logic::Known;
use crate::package::{Library, Role, Script};
use crate::parallel::meanwhile;
use crate::source::{FileId, Map, Span};
use crate::syntax::Parser;

pub use reached::Row;
pub use runs::Runs;
use runs::{Done, Knowledge, Request, Stand};
pub use unit::{Frame, Part, Shown};

/// A package and what its scripts do.
#[derive(Clone)]
pub struct Case<'a> {
    /// The whole of `lint.toml`.
    pub config: &'a Config,
    /// The package.
    pub package: &'a config::Package,
    /// The files.
    pub library: &'a Library,
    /// The scripts in the order of the rollout table.
    pub scripts: Arc<[Script]>,
    /// The database before the release.
    pub baseline: Catalog,
    /// The ways in which scripts run that are looked at.
    pub passes: Vec<Pass<'a>>,
    /// The first run of each tier, looked at or not.
    pub tiers: Vec<Pass<'a>>,
    /// Every way in which a script runs, looked at or not. Only what mends a finding may follow
    /// from it.
    pub all: Arc<Vec<Pass<'a>>>,
    /// What has to hold.
    pub goals: Arc<Goals>,
    /// What each tier adds, by the index of the tier.
    pub added: Vec<Arc<[Insertion]>>,
    /// Where the manifest and the files disagree.
    pub manifest: Vec<Mismatch>,
    /// The number of the database before the release.
    frame: u64,
    /// By tier, the originals of the runs that its additions come from.
    added_by: Arc<Vec<Vec<u64>>>,
    /// What the parts of other tiers show of what a tier adds: the tables.
    tables: Arc<[Arc<[Insertion]>]>,
    /// By tier, the rows of earlier ones that it, or its rollback, may delete or change.
    reached: Arc<[Vec<Row>]>,
}

/// One way in which the manifest and the files disagree.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// The line of the manifest, or where `lint.toml` names it.
    pub at: At,
    /// What is wrong.
    pub message: String,
    /// How the manifest becomes that of the files.
    pub fix: Option<Fix>,
}

/// One run of one script.
#[derive(Clone)]
pub struct Pass<'a> {
    /// What the script is for in this run.
    pub role: Role,
    /// The script, an index of [`Case::scripts`].
    pub script: usize,
    /// Whether it runs for the second time.
    pub repeat: bool,
    /// The database before.
    pub start: Catalog,
    /// What happens.
    pub run: Arc<Run<'a>>,
    /// No other run has this number.
    number: u64,
    /// The number of the run in which the same happened first, perhaps in another database.
    original: u64,
}

/// What `lint.toml` wants to be true.
#[derive(Debug, Default)]
pub struct Goals {
    /// The database.
    pub database: Option<Goal>,
    /// The gates.
    pub gates: Vec<Goal>,
    /// By tier: what must hold to enter it.
    pub enter: Vec<Vec<Goal>>,
    /// By tier: what must hold before it commits.
    pub leave: Vec<Vec<Goal>>,
    /// What must be the same before and after the release.
    pub invariants: Vec<Goal>,
    /// What must hold after the release.
    pub end_state: Vec<Goal>,
}

/// A condition that a script must make sure of.
#[derive(Debug, Clone)]
pub struct Goal {
    /// In words.
    pub what: String,
    /// As an expression.
    pub expr: Expr,
    /// Where `lint.toml` says so.
    pub at: At,
}

/// The numbers by which objects say who made them.
pub mod origin {
    /// The state before the release.
    pub const BASELINE: u32 = 0;
    /// The first tier; the others follow.
    pub const TIERS: u32 = 1;
    /// A rollback or a check.
    pub const OTHER: u32 = 1_000_000;
}

impl<'a> Case<'a> {
    /// Runs everything.
    pub fn new(
        config: &'a Config,
        package: &'a config::Package,
        library: &'a Library,
        memory: &'a Memory,
        parser: Parser,
        scripts: Vec<Script>,
        manifest: Vec<Mismatch>,
    ) -> Result<Self, Fault> {
        Self::again(config, package, library, &mut Runs::new(memory, parser), scripts, manifest, &|| false)
    }

    /// Runs what is not as it was. Ends early, with whatever there is, when it has to stop.
    pub fn again(
        config: &'a Config,
        package: &'a config::Package,
        library: &'a Library,
        runs: &mut Runs<'a>,
        scripts: Vec<Script>,
        manifest: Vec<Mismatch>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, Fault> {
        let goals = Goals::read(config, package, library.config, runs.parser())?;
        let mut case = Self {
            config,
            package,
            library,
            scripts: scripts.into(),
            baseline: Catalog::default(),
            passes: Vec::new(),
            tiers: Vec::new(),
            all: Arc::default(),
            frame: 0,
            added_by: Arc::default(),
            tables: Arc::default(),
            reached: Arc::default(),
            goals: Arc::new(goals),
            added: Vec::new(),
            manifest,
        };
        runs.begin();
        case.run(runs, stop);
        runs.end();
        case.all = Arc::new(case.passes.clone());
        case.tables = case.added.iter().map(|added| unit::tables(added).into()).collect();
        case.reached = reached::reached(&case.passes, &case.added).into();
        Ok(case)
    }

    fn run(&mut self, runs: &mut Runs<'a>, stop: &(dyn Fn() -> bool + Sync)) {
        let work = |request: Box<Request<'a>>| (!stop()).then(|| request.run()).map(|run| (request, run));
        let (lead, done) = meanwhile(self.scripts.len(), work, |hand| {
            let variables = Arc::new(self.usual_variables());
            let mut lead = Lead {
                runs: &mut *runs,
                hand,
                variables,
                next: (Chapter::Before, 0),
                passes: Vec::new(),
                handed: Vec::new(),
            };
            self.lead(&mut lead, stop);
            (lead.passes, lead.handed)
        });
        let (mut passes, handed) = lead;
        for (handed, done) in handed.into_iter().zip(done) {
            let Some((request, run)) = done else { continue };
            let Handed { place, role, script, repeat, start } = handed;
            let Done { run, number, original, .. } = runs.keep(request, run);
            passes.push((place, Pass { role, script, repeat, start, run, number, original }));
        }
        passes.sort_unstable_by_key(|(place, _)| *place);
        self.passes = passes.into_iter().map(|(_, pass)| pass).collect();
    }

    /// Runs what others start from, and hands over what nothing starts from.
    fn lead(&mut self, lead: &mut Lead<'a, '_>, stop: &dyn Fn() -> bool) {
        let known = self.scripts.iter().any(|script| script.role == Role::Baseline);
        let mut stand = Stand::empty().made_by(lead.runs, origin::BASELINE);
        for index in self.of(|role| role == Role::Baseline) {
            stand = self.pass(lead, Role::Baseline, index, &stand, &[]).end;
        }
        let stand = stand.reconnected(lead.runs).assumed_complete(lead.runs, known);
        self.baseline = stand.catalog().clone();
        self.frame = stand.number();

        // Those that take long before those that wait for others.
        lead.turn_to(Chapter::Executor);
        for index in self.of(|role| role == Role::Executor) {
            self.hand_over(lead, Role::Executor, index, false, &stand, Knowledge::default(), &[]);
        }
        lead.turn_to(Chapter::Forward);
        for index in self.of(|role| role == Role::Preflight) {
            self.twice(lead, Role::Preflight, index, &stand, &[], origin::OTHER);
        }
        let mut stand = stand;
        let tiers = self.package.tier.len();
        let mut befores = Vec::new();
        let mut added_by = Vec::new();
        for tier in 0..tiers {
            if stop() {
                return;
            }
            befores.push(stand.clone());
            let (mut added, mut by) = (Vec::new(), Vec::new());
            for index in self.of(|role| role == Role::Tier(tier)) {
                let origin = origin::TIERS + u32::try_from(tier).unwrap_or(0);
                let first = self.twice(lead, Role::Tier(tier), index, &stand, &[], origin);
                stand = first.end;
                if let Some(pass) = first.pass {
                    added.extend(ledger::insertions(&pass.run, &self.baseline));
                    by.push(pass.original);
                    self.tiers.push(pass);
                }
            }
            self.added.push(added.into());
            added_by.push(by);
        }
        self.added_by = Arc::new(added_by);
        for index in self.of(|role| role == Role::Verify) {
            self.twice(lead, Role::Verify, index, &stand, &[], origin::OTHER);
        }
        lead.turn_to(Chapter::AllBack);
        for index in self.of(|role| role == Role::TierRollback) {
            self.twice(lead, Role::TierRollback, index, &stand, &[], origin::OTHER);
        }
        for index in self.of(|role| role == Role::FullRollback) {
            self.twice(lead, Role::FullRollback, index, &stand, &[], origin::OTHER);
            // It must work from any tier, and from none.
            for before in befores.iter().skip(befores.len().saturating_sub(PREFIXES)) {
                let start = before.clone().made_by(lead.runs, origin::OTHER);
                self.hand_over(lead, Role::FullRollback, index, true, &start, Knowledge::default(), &[]);
            }
        }
        lead.turn_to(Chapter::Backward);
        // Tier by tier backwards, each from where the ones after it are undone.
        for tier in (0..tiers).rev() {
            if stop() {
                return;
            }
            for index in self.of(|role| role == Role::Rollback(tier)) {
                stand = self.twice(lead, Role::Rollback(tier), index, &stand, &[], origin::OTHER).end;
            }
            let undo = self.package.tier.get(tier).and_then(|tier| tier.undo.as_ref());
            let Some((name, value)) = undo.and_then(|undo| undo.get_ref().split_once('=')) else { continue };
            for index in self.of(|role| role == Role::TierRollback) {
                let given = [(Ident::from(name), PsqlValue::Text(Ident::from(value)))];
                stand = self.twice(lead, Role::Rollback(tier), index, &stand, &given, origin::OTHER).end;
            }
        }
    }

    fn of(&self, wanted: impl Fn(Role) -> bool) -> Vec<usize> {
        self.scripts.iter().enumerate().filter(|(_, script)| wanted(script.role)).map(|(index, _)| index).collect()
    }

    /// The script once, and again where that left off; returns the first.
    fn twice(
        &self,
        lead: &mut Lead<'a, '_>,
        role: Role,
        script: usize,
        start: &Stand,
        given: &[(Ident, PsqlValue)],
        origin: u32,
    ) -> First<'a> {
        let start = start.clone().made_by(lead.runs, origin);
        let first = self.pass(lead, role, script, &start, given);
        self.hand_over(lead, role, script, true, &first.end, first.knowledge.clone(), given);
        first
    }

    /// The script once.
    fn pass(
        &self,
        lead: &mut Lead<'a, '_>,
        role: Role,
        script: usize,
        start: &Stand,
        given: &[(Ident, PsqlValue)],
    ) -> First<'a> {
        let start = start.clone().reconnected(lead.runs);
        let Some(file) = self.file(script) else {
            return First { pass: None, end: start, knowledge: Knowledge::default() };
        };
        let variables = self.variables(lead, role, given);
        let done = lead.runs.ask(self.library, file, &start, Knowledge::default(), variables, false, true);
        let done = done.unwrap_or_else(|request| {
            let run = request.run();
            lead.runs.keep(request, run)
        });
        let Done { run, number, original, end, knowledge } = done;
        let pass = Pass { role, script, repeat: false, start: start.catalog().clone(), run, number, original };
        lead.push(pass.clone());
        First { pass: Some(pass), end, knowledge }
    }

    /// A run of the script that nobody starts from.
    #[allow(clippy::too_many_arguments, reason = "all of them say which run it is")]
    fn hand_over(
        &self,
        lead: &mut Lead<'a, '_>,
        role: Role,
        script: usize,
        repeat: bool,
        start: &Stand,
        knowledge: Knowledge,
        given: &[(Ident, PsqlValue)],
    ) {
        let stand = start.clone().reconnected(lead.runs);
        let Some(file) = self.file(script) else { return };
        let start = stand.catalog().clone();
        let variables = self.variables(lead, role, given);
        match lead.runs.ask(self.library, file, &stand, knowledge, variables, repeat, false) {
            Ok(Done { run, number, original, .. }) => {
                lead.push(Pass { role, script, repeat, start, run, number, original });
            }
            Err(request) => {
                (lead.hand)(request);
                let place = lead.place();
                lead.handed.push(Handed { place, role, script, repeat, start });
            }
        }
    }

    fn file(&self, script: usize) -> Option<FileId> {
        self.scripts.get(script).and_then(|script| script.file.as_ref().ok()).copied()
    }

    /// The variables that psql is started with, whatever it runs.
    fn usual_variables(&self) -> BTreeMap<Ident, PsqlValue> {
        let own = flow::PSQL_VARIABLES.iter().map(|name| (Ident::new_static(name), PsqlValue::Some));
        // The operator may pass them, or not.
        let passed = self.package.variables.keys().map(|name| (Ident::from(name.as_str()), PsqlValue::Maybe));
        own.chain(passed).collect()
    }

    fn variables(
        &self,
        lead: &Lead<'a, '_>,
        role: Role,
        given: &[(Ident, PsqlValue)],
    ) -> Arc<BTreeMap<Ident, PsqlValue>> {
        let mut variables = Arc::clone(&lead.variables);
        if role == Role::TierRollback {
            let names = self.package.tier.iter().filter_map(|tier| tier.undo.as_ref()?.get_ref().split_once('='));
            Arc::make_mut(&mut variables).extend(names.map(|(name, _)| (Ident::from(name), PsqlValue::Maybe)));
        }
        if !given.is_empty() {
            Arc::make_mut(&mut variables).extend(given.iter().cloned());
        }
        variables
    }

    /// The passes of scripts that may change the database on the way to, or back from, the
    /// release.
    pub fn changing(&self) -> impl Iterator<Item = &Pass<'a>> {
        self.passes.iter().filter(|pass| matches!(pass.role, Role::Tier(_)) || pass.role.undoes())
    }

    /// The files that build the database before the release, with what they include.
    pub fn of_baseline(&self) -> BTreeSet<FileId> {
        self.files_of(&|role| matches!(role, Role::Baseline | Role::Plain))
    }

    /// The files of the scripts of some roles, with what they include.
    pub fn files_of(&self, wanted: &dyn Fn(Role) -> bool) -> BTreeSet<FileId> {
        let named = self.scripts.iter().filter(|script| wanted(script.role));
        self.library.sources.reached(named.filter_map(|script| script.file.as_ref().ok()).copied())
    }

    /// The rows of earlier tiers that a tier, or its rollback, may delete or change, each with the
    /// tier that adds it, in order.
    pub fn reached(&self, tier: usize) -> impl Iterator<Item = (usize, &Insertion)> {
        let rows = self.reached.get(tier).into_iter().flatten();
        rows.filter_map(|row| Some((row.tier, self.added.get(row.tier)?.get(row.number)?)))
    }

    /// The script of a pass.
    pub fn script(&self, pass: &Pass<'_>) -> Option<&Script> {
        self.scripts.get(pass.script)
    }

    /// A place in `lint.toml`.
    pub fn configured(&self, span: &Range<usize>) -> At {
        At::new(self.library.config, Span::new(span.start, span.end))
    }
}

/// The runs that others start from, one after another, and what they leave to others.
struct Lead<'a, 'l> {
    runs: &'l mut Runs<'a>,
    /// Does it meanwhile.
    hand: &'l dyn Fn(Box<Request<'a>>),
    /// What psql is started with, whatever it runs.
    variables: Arc<BTreeMap<Ident, PsqlValue>>,
    /// The place of the next pass, done or not, among all.
    next: Place,
    passes: Vec<(Place, Pass<'a>)>,
    handed: Vec<Handed>,
}

/// Which passes the rules are shown first, whenever they were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Chapter {
    /// The database before the release.
    Before,
    /// The tiers, and the checks around them.
    Forward,
    Executor,
    /// Tier by tier.
    Backward,
    /// All at once.
    AllBack,
}

/// The place of a pass among all: its number in its chapter.
type Place = (Chapter, usize);

/// A pass that is being run.
struct Handed {
    place: Place,
    role: Role,
    script: usize,
    repeat: bool,
    start: Catalog,
}

/// What the first run of a script comes to.
struct First<'a> {
    /// None if there is no script.
    pass: Option<Pass<'a>>,
    end: Stand,
    knowledge: Knowledge,
}

impl<'a> Lead<'a, '_> {
    fn push(&mut self, pass: Pass<'a>) {
        let place = self.place();
        self.passes.push((place, pass));
    }

    /// From here on passes belong to that chapter.
    const fn turn_to(&mut self, chapter: Chapter) {
        self.next = (chapter, 0);
    }

    const fn place(&mut self) -> Place {
        let place = self.next;
        self.next.1 += 1;
        place
    }
}

/// How many tiers back a full rollback is tried from.
const PREFIXES: usize = 16;

impl Pass<'_> {
    /// Whether a goal certainly holds at an event of this pass.
    #[must_use]
    pub fn holds(&self, event: &flow::Event<'_>, goal: &Expr) -> Known {
        self.is_sure(event, goal, flow::Asked::holds)
    }

    /// The same of a goal that has to hold before the script changes anything.
    #[must_use]
    pub fn held(&self, event: &flow::Event<'_>, goal: &Expr) -> Known {
        self.is_sure(event, goal, flow::Asked::held)
    }

    fn is_sure(
        &self,
        event: &flow::Event<'_>,
        goal: &Expr,
        asked: impl Fn(&flow::Asked, &Expr, &flow::Sight<'_>) -> bool,
    ) -> Known {
        let world = flow::Sight(&self.start);
        let known = event.facts.entails(goal, &world);
        let is_sure =
            |part: &Expr| asked(&event.asked, part, &world) || event.facts.entails(part, &world) == Known::Yes;
        if known == Known::Unsaid && goal.conjuncts().into_iter().all(is_sure) { Known::Yes } else { known }
    }
}

impl Goals {
    fn read(config: &Config, package: &config::Package, file: FileId, parser: Parser) -> Result<Self, Fault> {
        let read = |what: &str, text: &Spanned<String>| {
            let expr = expression(config, file, parser, text)?;
            let at = At::new(file, Span::new(text.span().start, text.span().end));
            Ok(Goal { what: what.to_owned(), expr, at })
        };
        let measure = |measure: &config::Measure| {
            let goal = read(&measure.what, &measure.value)?;
            let value = |kind| Box::new(Expr { at: goal.at, kind });
            let right = match &measure.is {
                config::Value::Integer(number) => {
                    let digits = value(ExprKind::Number(Ident::from(number.unsigned_abs().to_string())));
                    if *number < 0 {
                        value(ExprKind::Operator { operator: Ident::new_static("-"), left: None, right: digits })
                    } else {
                        digits
                    }
                }
                config::Value::Boolean(true) => return Ok(goal),
                config::Value::Boolean(false) => {
                    let kind = ExprKind::Not(Box::new(goal.expr));
                    return Ok(Goal { expr: Expr { at: goal.at, kind }, ..goal_of(&goal.what, goal.at) });
                }
                config::Value::Text(text) => value(ExprKind::Text(Ident::from(text.as_str()))),
            };
            let left = Some(Box::new(goal.expr));
            let kind = ExprKind::Operator { operator: Ident::new_static("="), left, right };
            let what = format!("{} is {}", goal.what, measure.is.as_psql());
            Ok::<_, Fault>(Goal { what, expr: Expr { at: goal.at, kind }, at: goal.at })
        };
        let name = package.database.get_ref().as_str();
        let at = At::new(file, Span::new(package.database.span().start, package.database.span().end));
        let database = format!("pg_catalog.current_database() = '{}'", name.replace('\'', "''"));
        let database = parser.expression(&database, &point(file, &package.database)).ok().filter(|_| name != "*");
        let database = database.map(|expr| Goal { what: format!("the database is {name}"), expr, at });
        let gates = package.gate.iter().map(|gate| read(&gate.what, &gate.holds)).collect::<Result<_, Fault>>()?;
        let mut enter = Vec::new();
        let mut leave = Vec::new();
        for tier in &package.tier {
            let conditions = tier.stops_unless.iter().map(|condition| read(&condition.what, &condition.holds));
            enter.push(conditions.collect::<Result<_, Fault>>()?);
            leave.push(tier.leaves.iter().filter(|measure| !measure.once).map(measure).collect::<Result<_, Fault>>()?);
        }
        let invariants = package.invariant.iter().map(measure).collect::<Result<_, Fault>>()?;
        let end_state = package.end_state.iter().map(measure).collect::<Result<_, Fault>>()?;
        Ok(Self { database, gates, enter, leave, invariants, end_state })
    }
}

fn goal_of(what: &str, at: At) -> Goal {
    Goal { what: what.to_owned(), expr: Expr { at, kind: ExprKind::Null }, at }
}

/// All places of the text are where the value stands.
fn point(file: FileId, value: &Spanned<String>) -> Map {
    let start = value.span().start;
    Map::from_steps(file, vec![(0, start), (usize::MAX, start)])
}

fn expression(config: &Config, file: FileId, parser: Parser, value: &Spanned<String>) -> Result<Expr, Fault> {
    let text = value.get_ref();
    // Where the value is written as it is, places within it are places of the file.
    let written = config.text.get(value.span()).and_then(|written| written.find(text.as_str()));
    let map = match written {
        Some(offset) => Map::at(file, value.span().start + offset),
        None => point(file, value),
    };
    parser.expression(text, &map).map_err(|error| {
        let span = error.at.span();
        let fault = config.fault(format!("this is no SQL expression: {}", error.message), span.start..span.end, "here");
        fault.way_out("write what a SELECT without FROM could select")
    })
}

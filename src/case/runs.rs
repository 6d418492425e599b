//! What scripts did when they were run before, by all that decides on what they do. Nothing in
//! here goes stale: what is asked for by another key is run, unless nothing that it asked of the
//! database has another answer now.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::catalog::{Catalog, Reads, noting};
use crate::effect::Ident;
use crate::flow::{self, Memory, PsqlValue, Run, Start};
use crate::logic::Facts;
use crate::package::{Library, Program};
use crate::source::FileId;
use crate::syntax::Parser;

/// For how many requests a run is kept that nobody asks for: what is undone comes back.
const KEPT: u64 = 3;

/// The runs of the scripts of one package.
pub struct Runs<'a> {
    memory: &'a Memory,
    parser: Parser,
    /// With the number of the last request that asked for it.
    known: HashMap<Asked, Vec<(u64, Arc<Kept<'a>>)>>,
    /// What came of it the last time.
    latest: HashMap<Turn, (u64, Arc<Kept<'a>>)>,
    /// How often a script was asked for in this request.
    turns: HashMap<(FileId, bool), usize>,
    /// Whether it is noted what runs ask of the database.
    is_noting: bool,
    /// The number of the database that another one becomes by a step.
    steps: HashMap<(u64, Step), u64>,
    /// Where the runs of the request before ended, in their order.
    before: Vec<Stand>,
    ended: Vec<Stand>,
    last: u64,
    request: u64,
}

/// A database, with a number that only another one has that is the same to the byte.
#[derive(Clone)]
pub(super) struct Stand {
    catalog: Catalog,
    number: u64,
}

/// What is known when a run starts, with the original of the run that found it out.
#[derive(Clone, Default)]
pub(super) struct Knowledge {
    facts: Facts,
    run: Option<u64>,
}

/// Which run it is, however the database is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Turn {
    file: FileId,
    alone: bool,
    /// How often the script was asked for before.
    before: usize,
}

/// A run that was not asked for before.
pub(super) struct Request<'a> {
    asked: Asked,
    library: &'a Library,
    memory: &'a Memory,
    parser: Parser,
    start: Start,
    programs: Vec<Arc<Program>>,
    leads: bool,
    turn: Turn,
    is_noting: bool,
}

/// What a script did, and what it asked of the database, if that was noted.
pub(super) struct Ran<'a> {
    run: Run<'a>,
    reads: Option<Reads>,
}

/// What a run came to.
pub(super) struct Done<'a> {
    pub(super) run: Arc<Run<'a>>,
    /// No other run has it.
    pub(super) number: u64,
    /// The number of the run in which the same happened first.
    pub(super) original: u64,
    pub(super) end: Stand,
    pub(super) knowledge: Knowledge,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Origin(u32),
    Reconnect,
    Complete(bool),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Asked {
    file: FileId,
    start: u64,
    knowledge: Option<u64>,
    alone: bool,
}

struct Kept<'a> {
    /// The programs that the file leads to, in the order in which it does.
    programs: Vec<Arc<Program>>,
    variables: Arc<BTreeMap<Ident, PsqlValue>>,
    knowledge: Option<u64>,
    start: Catalog,
    number: u64,
    original: u64,
    run: Arc<Run<'a>>,
    end: Stand,
    reads: Option<Arc<Reads>>,
}

impl Stand {
    /// What `CREATE DATABASE` makes.
    pub(super) fn empty() -> Self {
        Self { catalog: Catalog::default(), number: 0 }
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What is made from here on is made by this one.
    pub(super) fn made_by(self, runs: &mut Runs<'_>, origin: u32) -> Self {
        self.step(runs, Step::Origin(origin), |catalog| catalog.set_origin(origin))
    }

    /// For another session.
    pub(super) fn reconnected(self, runs: &mut Runs<'_>) -> Self {
        self.step(runs, Step::Reconnect, Catalog::reconnect)
    }

    /// Whether it holds nothing else.
    pub(super) fn assumed_complete(self, runs: &mut Runs<'_>, complete: bool) -> Self {
        self.step(runs, Step::Complete(complete), |catalog| catalog.assume_complete(complete))
    }

    fn step(mut self, runs: &mut Runs<'_>, step: Step, change: impl FnOnce(&mut Catalog)) -> Self {
        change(&mut self.catalog);
        let key = (self.number, step);
        self.number = runs.steps.get(&key).copied().unwrap_or_else(|| {
            let number = runs.number();
            runs.steps.insert(key, number);
            number
        });
        self
    }
}

impl<'a> Runs<'a> {
    /// None yet.
    #[must_use]
    pub fn new(memory: &'a Memory, parser: Parser) -> Self {
        Self {
            memory,
            parser,
            known: HashMap::new(),
            latest: HashMap::new(),
            turns: HashMap::new(),
            is_noting: false,
            steps: HashMap::new(),
            before: Vec::new(),
            ended: Vec::new(),
            last: 0,
            request: 0,
        }
    }

    /// Notes what runs ask of the database: it pays where almost the same is asked for again.
    #[must_use]
    pub fn noting(self) -> Self {
        Self { is_noting: true, ..self }
    }

    pub(super) const fn parser(&self) -> Parser {
        self.parser
    }

    pub(super) fn begin(&mut self) {
        self.request += 1;
        self.before = std::mem::take(&mut self.ended);
        self.turns.clear();
    }

    /// Forgets what nobody has asked for in a while.
    pub(super) fn end(&mut self) {
        let request = self.request;
        self.known.retain(|_, kept| {
            kept.retain(|(asked, _)| asked + KEPT >= request);
            !kept.is_empty()
        });
        self.latest.retain(|_, (asked, _)| *asked + KEPT >= request);
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// What a script does from there on, if it was run before, or else how to run it. It leads
    /// if others start from where it ends.
    #[allow(clippy::too_many_arguments, reason = "all of them say which run it is")]
    pub(super) fn ask(
        &mut self,
        library: &'a Library,
        file: FileId,
        start: &Stand,
        knowledge: Knowledge,
        variables: Arc<BTreeMap<Ident, PsqlValue>>,
        alone: bool,
        leads: bool,
    ) -> Result<Done<'a>, Box<Request<'a>>> {
        let asked = Asked { file, start: start.number, knowledge: knowledge.run, alone };
        let before = self.turns.entry((file, alone)).or_default();
        let turn = Turn { file, alone, before: *before };
        *before += 1;
        let programs = library.reached(file);
        let request = self.request;
        // Expressions are equal wherever they stand, which is not what is asked here.
        let is_plain = !variables.values().any(|value| matches!(value, PsqlValue::Expr(_)));
        let is_it = |kept: &Kept<'a>| {
            is_plain
                && kept.variables == variables
                && kept.programs.len() == programs.len()
                && kept.programs.iter().zip(&programs).all(|(ours, theirs)| Arc::ptr_eq(ours, theirs))
        };
        let known = self.known.get_mut(&asked).and_then(|kept| kept.iter_mut().find(|(_, kept)| is_it(kept)));
        let found = if let Some((asked, kept)) = known {
            *asked = request;
            Some(Arc::clone(kept))
        } else {
            let latest = self.latest.get(&turn).map(|(_, kept)| Arc::clone(kept));
            let latest = latest.filter(|kept| kept.knowledge == knowledge.run && is_it(kept));
            let taken_over = latest.and_then(|kept| self.take_over(&kept, start.catalog()));
            taken_over.map(|kept| self.know(asked, kept))
        };
        if let Some(kept) = found {
            let done = kept.done();
            self.latest.insert(turn, (request, kept));
            if leads {
                self.ended.push(done.end.clone());
            }
            return Ok(done);
        }
        let (memory, parser, is_noting) = (self.memory, self.parser, self.is_noting);
        let start = Start { catalog: start.catalog.clone(), facts: knowledge.facts, variables, alone };
        Err(Box::new(Request { asked, library, memory, parser, start, programs, leads, turn, is_noting }))
    }

    /// What would come of a run from another database, if nothing that it asked has another
    /// answer there.
    fn take_over(&mut self, kept: &Kept<'a>, start: &Catalog) -> Option<Kept<'a>> {
        let reads = kept.reads.as_ref()?;
        let delta = kept.start.delta(start).filter(|delta| reads.hold_with(std::slice::from_ref(delta)))?;
        let catalog = kept.end.catalog.with(&delta)?;
        let run = Run { end: kept.run.end.over(catalog.clone()), ..Run::clone(&kept.run) };
        Some(Kept {
            programs: kept.programs.clone(),
            variables: Arc::clone(&kept.variables),
            knowledge: kept.knowledge,
            start: start.clone(),
            number: self.number(),
            original: kept.original,
            run: Arc::new(run),
            end: Stand { catalog, number: self.number() },
            reads: Some(Arc::clone(reads)),
        })
    }

    fn know(&mut self, asked: Asked, kept: Kept<'a>) -> Arc<Kept<'a>> {
        let kept = Arc::new(kept);
        self.known.entry(asked).or_default().push((self.request, Arc::clone(&kept)));
        kept
    }

    /// Keeps what a run came to.
    pub(super) fn keep(&mut self, request: Box<Request<'a>>, ran: Ran<'a>) -> Done<'a> {
        let run = Arc::new(ran.run);
        let number = self.number();
        let end = Stand { catalog: run.end.catalog.clone(), number: self.number() };
        let Request { asked, programs, start, leads, turn, .. } = *request;
        let end = if leads { self.known_end(end) } else { end };
        let kept = Kept {
            programs,
            variables: start.variables,
            knowledge: asked.knowledge,
            start: start.catalog,
            number,
            original: number,
            run,
            end,
            reads: ran.reads.map(Arc::new),
        };
        let kept = self.know(asked, kept);
        let done = kept.done();
        self.latest.insert(turn, (self.request, kept));
        done
    }

    /// Where the same came of a run as before, all that follows is as it was.
    fn known_end(&mut self, end: Stand) -> Stand {
        let before = self.before.get(self.ended.len());
        let end = before.filter(|before| before.catalog.is_same(&end.catalog)).cloned().unwrap_or(end);
        self.ended.push(end.clone());
        end
    }
}

impl<'a> Request<'a> {
    /// Runs it.
    pub(super) fn run(&self) -> Ran<'a> {
        let run = || flow::run(self.library, self.memory, self.parser, self.asked.file, &self.start);
        if !self.is_noting {
            return Ran { run: run(), reads: None };
        }
        let (run, reads) = noting(run);
        Ran { run, reads: Some(reads) }
    }
}

impl<'a> Kept<'a> {
    fn done(&self) -> Done<'a> {
        let knowledge = Knowledge { facts: self.run.end.facts.clone(), run: Some(self.original) };
        let Self { number, original, .. } = *self;
        Done { run: Arc::clone(&self.run), number, original, end: self.end.clone(), knowledge }
    }
}

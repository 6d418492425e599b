//! What scripts did when they were run before, by all that decides on what they do. Nothing in
//! here goes stale: what is asked for by another key is run.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::catalog::Catalog;
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
    known: HashMap<Asked, Vec<Kept<'a>>>,
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

/// What is known when a run starts, with the number of the run that found it out.
#[derive(Clone, Default)]
pub(super) struct Knowledge {
    facts: Facts,
    run: Option<u64>,
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
}

/// What a run came to.
pub(super) struct Done<'a> {
    pub(super) run: Arc<Run<'a>>,
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
    number: u64,
    run: Arc<Run<'a>>,
    end: Stand,
    request: u64,
}

impl Knowledge {
    /// The number of the run that found it out.
    pub(super) fn run(&self) -> u64 {
        self.run.unwrap_or_default()
    }
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
            steps: HashMap::new(),
            before: Vec::new(),
            ended: Vec::new(),
            last: 0,
            request: 0,
        }
    }

    pub(super) const fn parser(&self) -> Parser {
        self.parser
    }

    pub(super) fn begin(&mut self) {
        self.request += 1;
        self.before = std::mem::take(&mut self.ended);
    }

    /// Forgets what nobody has asked for in a while.
    pub(super) fn end(&mut self) {
        let request = self.request;
        self.known.retain(|_, kept| {
            kept.retain(|kept| kept.request + KEPT >= request);
            !kept.is_empty()
        });
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
        let programs = library.reached(file);
        let request = self.request;
        // Expressions are equal wherever they stand, which is not what is asked here.
        let is_plain = !variables.values().any(|value| matches!(value, PsqlValue::Expr(_)));
        let is_it = |kept: &&mut Kept<'a>| {
            is_plain
                && kept.variables == variables
                && kept.programs.len() == programs.len()
                && kept.programs.iter().zip(&programs).all(|(ours, theirs)| Arc::ptr_eq(ours, theirs))
        };
        if let Some(kept) = self.known.get_mut(&asked).and_then(|kept| kept.iter_mut().find(is_it)) {
            kept.request = request;
            if leads {
                self.ended.push(kept.end.clone());
            }
            return Ok(kept.done());
        }
        let start = Start { catalog: start.catalog.clone(), facts: knowledge.facts, variables, alone };
        Err(Box::new(Request { asked, library, memory: self.memory, parser: self.parser, start, programs, leads }))
    }

    /// Keeps what a run came to.
    pub(super) fn keep(&mut self, request: Box<Request<'a>>, run: Run<'a>) -> Done<'a> {
        let run = Arc::new(run);
        let number = self.number();
        let end = Stand { catalog: run.end.catalog.clone(), number: self.number() };
        let Request { asked, programs, start, leads, .. } = *request;
        let end = if leads { self.known_end(end) } else { end };
        let kept = Kept { programs, variables: start.variables, number, run, end, request: self.request };
        let done = kept.done();
        self.known.entry(asked).or_default().push(kept);
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
    pub(super) fn run(&self) -> Run<'a> {
        flow::run(self.library, self.memory, self.parser, self.asked.file, &self.start)
    }
}

impl<'a> Kept<'a> {
    fn done(&self) -> Done<'a> {
        let knowledge = Knowledge { facts: self.run.end.facts.clone(), run: Some(self.number) };
        Done { run: Arc::clone(&self.run), end: self.end.clone(), knowledge }
    }
}

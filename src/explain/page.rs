//! The report in sentences, tables and pictures, the same for every form in which it is
//! written. Texts out of the package are in it as they are: who writes them escapes them.

use std::collections::BTreeMap;

use super::chain::{Deed, Doing, Executor, Link, OnError};
use super::course::{Check, Course, Demand, Locked, Stop};
use super::lock::Mode;
use super::model::{Model, Object, Rows, Tier, bytes};
use super::order::{Step, Undo, Undone};
use super::picture::{Graph, Timeline};
use super::probe::{Measure, Probe};
use crate::effect::At;
use crate::finding::Finding;
use crate::report::Root;
use crate::source::Span;
use crate::verdict::{Judged, Opinion, Verdict};

/// Lists that are longer are folded.
const LONG: usize = 12;

/// A report.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A part of a report.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading: its level from 2, its anchor, its text.
    Heading(u8, String, Line),
    /// A paragraph.
    Paragraph(Line),
    /// A list.
    List(Vec<Line>),
    /// A table.
    Table {
        /// What it shows.
        caption: Line,
        /// The heads of its columns.
        head: Vec<&'static str>,
        /// Its rows.
        rows: Vec<Vec<Line>>,
    },
    /// What a reader may open.
    Details(Line, Vec<Block>),
    /// The way of a script: what it shows, and its stations in order.
    Path(Line, Vec<Leg>),
    /// A timeline; a text says the same nearby.
    Timeline(Timeline),
    /// A graph of objects; a text says the same nearby.
    Graph(Graph),
}

/// A station on the way of a script.
#[derive(Debug, Clone)]
pub struct Leg {
    /// Its kind, in a word: `begin`, `check`, `change`, `end`.
    pub kind: &'static str,
    /// What happens there.
    pub line: Line,
    /// What is certain from there on.
    pub certain: Vec<Line>,
}

/// A line of text.
pub type Line = Vec<Inline>;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Words.
    Text(String),
    /// A name, or code.
    Code(String),
    /// Code in lines, each with the blanks before it.
    Lines(Vec<String>),
    /// A file and a line.
    Place(String),
    /// What must not be overlooked.
    Alarm(String),
    /// What is as it should be.
    Good(String),
}

fn text(words: impl Into<String>) -> Inline {
    Inline::Text(words.into())
}

fn line(words: impl Into<String>) -> Line {
    vec![text(words)]
}

fn code(words: impl Into<String>) -> Inline {
    Inline::Code(words.into())
}

/// A condition on one line, or on several.
fn sql(lines: &[String]) -> Inline {
    match lines {
        [one] => code(one),
        many => Inline::Lines(many.to_vec()),
    }
}

/// `1 view`, `2 views`
fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// What stands between `IF` and `THEN`.
fn condition(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let then = words.iter().rposition(|word| word.eq_ignore_ascii_case("then")).unwrap_or(words.len());
    let is_if = |word: &&str| word.eq_ignore_ascii_case("if") || word.eq_ignore_ascii_case("elsif");
    let first = usize::from(words.first().is_some_and(is_if));
    words.into_iter().take(then).skip(first).collect::<Vec<_>>().join(" ")
}

/// As a sentence begins.
pub(super) fn upper(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Between the items of an enumeration.
fn enumerate(items: impl IntoIterator<Item = Line>) -> Line {
    let mut all = Line::new();
    for item in items {
        if !all.is_empty() {
            all.push(text(", "));
        }
        all.extend(item);
    }
    all
}

struct Writer<'a> {
    verdict: &'a Verdict,
    root: &'a Root,
    blocks: Vec<Block>,
}

impl Document {
    /// The report on the packages of a verdict; models and packages are in the same order.
    #[must_use]
    pub fn new(verdict: &Verdict, models: &[Model], root: &Root) -> Self {
        let mut writer = Writer { verdict, root, blocks: Vec::new() };
        for (index, (judged, model)) in verdict.packages().iter().zip(models).enumerate() {
            writer.package(index, judged, model);
        }
        let names: Vec<&str> = verdict.packages().iter().map(|judged| judged.name.as_str()).collect();
        Self { title: format!("What the release does: {}", names.join(", ")), blocks: writer.blocks }
    }
}

impl Writer<'_> {
    fn place(&self, at: At) -> Inline {
        let file = at.file().index();
        if self.verdict.text(file).is_none() {
            return Inline::Text("an unknown place".to_owned());
        }
        let line = self.verdict.place(at, at.span().start).line;
        Inline::Place(format!("{}:{line}", self.root.path(self.verdict, file)))
    }

    fn places(&self, all: &[At]) -> Line {
        enumerate(all.iter().map(|at| vec![self.place(*at)]))
    }

    /// A condition as it is written, up to its `THEN`.
    fn source(&self, at: At, raise: At) -> String {
        let Some((script, lines)) = self.verdict.text(at.file().index()) else { return String::new() };
        let bytes = &script.bytes;
        let end = lines.place(bytes, at.span().end).line;
        let until = lines.span(end).map_or(at.span().end, |line| line.end);
        let is_before = raise.file() == at.file() && raise.span().start > at.span().start;
        let statements = Span::new(at.span().start, at.span().end).of(bytes);
        if statements.contains(&b';') {
            // A variable in it was assigned above: the line before the RAISE is what asks.
            let asks = lines.span(lines.place(bytes, raise.span().start).line.saturating_sub(1));
            return asks.map_or_else(String::new, |line| condition(&String::from_utf8_lossy(line.of(bytes))));
        }
        let until = if is_before { until.min(raise.span().start) } else { until };
        let text = String::from_utf8_lossy(Span::new(at.span().start, until.max(at.span().end)).of(bytes)).into_owned();
        // What a comment says is no condition.
        let code = |line: &'_ str| {
            let start = line.match_indices("--").find(|(at, _)| line.split_at(*at).0.matches('\'').count() % 2 == 0);
            start.map_or(line, |(at, _)| line.split_at(at).0).to_owned()
        };
        let text = text.split('\n').map(code).collect::<Vec<_>>().join(" ");
        condition(&text)
    }

    fn heading(&mut self, level: u8, anchor: String, words: impl Into<String>) {
        self.blocks.push(Block::Heading(level, anchor, line(words)));
    }

    fn say(&mut self, line: Line) {
        self.blocks.push(Block::Paragraph(line));
    }

    fn list(&mut self, summary: &str, items: Vec<Line>) {
        if items.len() > LONG {
            self.blocks.push(Block::Details(line(summary), vec![Block::List(items)]));
        } else if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
    }

    fn package(&mut self, index: usize, judged: &Judged, model: &Model) {
        let id = |name: &str| format!("p{}-{name}", index + 1);
        self.blocks.push(Block::Heading(2, id("package"), vec![text("Package "), code(&judged.name)]));
        self.summary(judged, model);
        self.heading(3, id("blind"), "What could not be analysed");
        self.blind(judged);
        self.heading(3, id("findings"), "Findings");
        self.findings(judged);
        self.heading(3, id("silenced"), "Suppressions");
        self.suppressions(judged);
        self.heading(3, id("rollout"), "The rollout table, declared and derived");
        self.rollout(model);
        if !model.executors.is_empty() {
            self.heading(3, id("executor"), "The run of the release: the executor");
            model.executors.iter().for_each(|executor| self.executor(executor));
        }
        let preflights: Vec<&Probe> = model.probes.iter().filter(|probe| probe.is_preflight).collect();
        if !preflights.is_empty() {
            self.heading(3, id("preflight"), "Before the first tier: the preflight");
            preflights.into_iter().for_each(|probe| self.probe(probe));
        }
        for tier in &model.tiers {
            let anchor = id(&format!("tier-{}", tier.number));
            self.blocks.push(Block::Heading(3, anchor, line(format!("Tier {}: {}", tier.number, tier.name))));
            self.tier(model, tier);
        }
        let verifications: Vec<&Probe> = model.probes.iter().filter(|probe| !probe.is_preflight).collect();
        if !verifications.is_empty() {
            self.heading(3, id("verify"), "After the last tier: verification");
            verifications.into_iter().for_each(|probe| self.probe(probe));
        }
        if let Some(full) = &model.full {
            self.heading(3, id("full"), "The rollback of the whole release");
            self.full(model, full);
        }
    }

    fn summary(&mut self, judged: &Judged, model: &Model) {
        let counts = judged.counts;
        let mut first = vec![if judged.is_pass() {
            Inline::Good("It passes.".to_owned())
        } else {
            Inline::Alarm("It does not pass.".to_owned())
        }];
        first.push(text(format!(
            " {}: {} denied, {} warned, {} silenced, {} not analysed; {} in {}.",
            plural(counts.denied + counts.warned, "finding"),
            counts.denied,
            counts.warned,
            counts.silenced,
            counts.not_analysed,
            plural(counts.statements, "statement"),
            plural(counts.files, "file"),
        )));
        self.say(first);
        let where_to = if model.database == "*" {
            vec![text("It may run in any database")]
        } else {
            vec![text("It runs in the database "), code(&model.database), text(" only")]
        };
        let objects: usize = model.tiers.iter().map(|tier| tier.objects.len()).sum();
        let mut second = where_to;
        second.push(text(format!(
            ", in {}, and makes {}.",
            plural(model.tiers.len(), "tier"),
            plural(objects, "object")
        )));
        if let Some(digest) = self.verdict.approve(&judged.name) {
            second.push(text(" The digest of its scripts is "));
            second.push(code(digest.digest()));
            second.push(text("."));
        }
        self.say(second);
    }

    fn blind(&mut self, judged: &Judged) {
        let blind: Vec<&Opinion> = judged.findings.iter().filter(|opinion| opinion.is_blind()).collect();
        if blind.is_empty() {
            self.say(line("Nothing: every statement of every script was read and followed."));
            return;
        }
        self.say(line("In no proof of this report is whatever the following does; a human has to read it."));
        let items = blind
            .into_iter()
            .map(|opinion| {
                let finding = &opinion.finding;
                vec![Inline::Alarm(finding.message.clone()), text(" at "), self.place(finding.primary.at)]
            })
            .collect();
        self.blocks.push(Block::List(items));
    }

    fn findings(&mut self, judged: &Judged) {
        let mut shown: Vec<&Opinion> = judged.findings.iter().filter(|opinion| opinion.counts()).collect();
        shown.sort_by_key(|opinion| std::cmp::Reverse(opinion.level));
        if shown.is_empty() {
            self.say(line("None."));
        } else {
            let items = shown.into_iter().map(|opinion| self.finding(opinion.level.word(), &opinion.finding)).collect();
            self.blocks.push(Block::List(items));
        }
        let excused: Vec<Line> = judged
            .findings
            .iter()
            .filter_map(|opinion| Some(self.finding(opinion.excused?.word(), &opinion.finding)))
            .collect();
        if !excused.is_empty() {
            self.say(line("Excused by --baseline or --since:"));
            self.blocks.push(Block::List(excused));
        }
    }

    fn finding(&self, word: &str, finding: &Finding) -> Line {
        let mut item = vec![Inline::Alarm(format!("{word}: {}", finding.message)), text(" at ")];
        item.push(self.place(finding.primary.at));
        item.extend([text(" ("), code(finding.rule), text(").")]);
        for (lead, words) in [(" ", &finding.consequence), (" Way out: ", &finding.way_out)] {
            if !words.is_empty() {
                item.push(text(format!("{lead}{words}.")));
            }
        }
        let related = finding.related.iter().take(LONG);
        for label in related {
            item.extend([text(" "), self.place(label.at), text(format!(": {}.", label.text))]);
        }
        item
    }

    fn suppressions(&mut self, judged: &Judged) {
        let rows: Vec<Vec<Line>> = judged
            .findings
            .iter()
            .filter_map(|opinion| {
                let silenced = opinion.silenced.as_ref()?;
                let finding = &opinion.finding;
                let mut why = vec![text(silenced.reason.clone())];
                if let Some(ticket) = &silenced.ticket {
                    why.push(text(format!("; {ticket}")));
                }
                if let Some(day) = &silenced.expires {
                    why.push(text(format!("; until {day}")));
                }
                why.extend([text(" ("), self.place(silenced.at), text(")")]);
                let what = vec![text(finding.message.clone()), text(" at "), self.place(finding.primary.at)];
                Some(vec![vec![code(finding.rule)], what, why])
            })
            .collect();
        if rows.is_empty() {
            self.say(line("None: nothing that was found is kept from the verdict."));
            return;
        }
        let caption = line("What was found and is silenced, and the reason that is given");
        self.blocks.push(Block::Table { caption, head: vec!["rule", "what it found", "why it is silenced"], rows });
    }

    fn rollout(&mut self, model: &Model) {
        let mut rows = Vec::new();
        for tier in &model.tiers {
            for entry in &tier.rollout {
                let same = match entry.agrees {
                    Some(true) => Inline::Good("yes".to_owned()),
                    Some(false) => Inline::Alarm("no".to_owned()),
                    None if entry.declared.is_none() => text("not declared"),
                    None => text("only the database can tell"),
                };
                let derived = entry.derived.clone().unwrap_or_else(|| "as many as a query yields".to_owned());
                rows.push(vec![
                    line(format!("{}", tier.number)),
                    line(entry.what.clone()),
                    line(entry.declared.clone().unwrap_or_else(|| "nothing".to_owned())),
                    line(derived),
                    vec![same],
                ]);
            }
        }
        if rows.is_empty() {
            self.say(line("It declares no numbers, and the tiers add nothing that is counted."));
        } else {
            let caption = line("What each tier adds: as lint.toml declares it, and as the scripts do it");
            self.blocks.push(Block::Table {
                caption,
                head: vec!["tier", "of what", "declared", "derived", "the same"],
                rows,
            });
        }
        let all = [("before and after the release", &model.invariants), ("after the release", &model.end_state)];
        for (when, measures) in all {
            if !measures.is_empty() {
                let summary =
                    line(format!("{} that must be so {when}, and what asks for it", plural(measures.len(), "value")));
                let caption =
                    line(format!("What must be so {when}, and the checks that stop the operator if it is not"));
                let rows = measures.iter().map(|measure| self.measure(measure)).collect();
                let head = vec!["what", "declared at", "preflight asks at", "verification asks at"];
                self.blocks.push(Block::Details(summary, vec![Block::Table { caption, head, rows }]));
            }
        }
    }

    fn measure(&self, measure: &Measure) -> Vec<Line> {
        let asked = |by: &[At]| if by.is_empty() { line("nowhere") } else { self.places(by) };
        vec![line(measure.what.clone()), vec![self.place(measure.at)], asked(&measure.before), asked(&measure.after)]
    }

    /// What runs the release, and how that compares with the rollout table.
    fn executor(&mut self, executor: &Executor) {
        let mut first = vec![text("The script is "), code(&executor.script), text("; it is named at ")];
        first.extend([self.place(executor.at), text(".")]);
        self.say(first);
        if !executor.is_run {
            self.say(vec![Inline::Alarm("The script could not be read: nothing is known of it.".to_owned())]);
            return;
        }
        self.compared(executor);
        self.after_errors(executor);
        self.of_its_own(executor);
        self.demands(
            "Wherever something that it runs changes the database, it has made sure of this",
            "lint.toml wants nothing to be made sure of before the database changes.",
            &executor.demands,
        );
        let rows = executor.deeds.iter().enumerate().map(|(index, deed)| {
            let named = match &deed.what {
                Doing::Runs(link) => self.named(link),
                _ => line("of its own"),
            };
            let on_error = match deed.on_error {
                OnError::Stops(_) => vec![Inline::Good("psql stops".to_owned())],
                OnError::GoesOn(_) => vec![Inline::Alarm("psql goes on".to_owned())],
                OnError::AsStarted => vec![Inline::Alarm("as psql was started".to_owned())],
                OnError::Depends(_) => vec![Inline::Alarm("it depends".to_owned())],
            };
            vec![line(format!("{}", index + 1)), self.span(deed), self.deed(deed), named, on_error]
        });
        let rows: Vec<Vec<Line>> = rows.collect();
        if !rows.is_empty() {
            let caption = vec![text("What "), code(&executor.script), text(" does, in order")];
            let head = vec!["order", "where", "what it does", "in lint.toml", "after an error"];
            self.blocks.push(Block::Table { caption, head, rows });
        }
    }

    fn compared(&mut self, executor: &Executor) {
        let count = executor.links().count();
        let transactions = plural(executor.transactions, "transaction");
        let mut words = if executor.is_in_order() {
            let all = if executor.missing.is_empty() { "all " } else { "" };
            let scripts = plural(count, "script");
            vec![Inline::Good(format!("It runs {all}{scripts} of the release, each once, in the order of lint.toml"))]
        } else {
            vec![text(format!("It runs {}", plural(count, "script")))]
        };
        words.push(text(format!(", in {transactions}.")));
        self.say(words);
        let mut items: Vec<Line> = Vec::new();
        for missing in &executor.missing {
            let words = "it does not run ".to_owned();
            let words = if missing.changes { Inline::Alarm(words) } else { Inline::Text(words) };
            let mut item = vec![words, code(&missing.path)];
            item.extend([text(format!(", {} (", missing.named)), self.place(missing.at), text(")")]);
            items.push(item);
        }
        for (deed, link) in executor.links() {
            let mut odd: Vec<String> = Vec::new();
            if link.named.is_none() {
                odd.push("which lint.toml does not name".to_owned());
            }
            if link.is_again {
                odd.push("which it has run before".to_owned());
            }
            if let Some(before) = &link.behind {
                odd.push(format!("after {before}, which comes later in lint.toml"));
            }
            if !deed.certain {
                odd.push("on some paths only".to_owned());
            }
            if !odd.is_empty() {
                let mut item = vec![text("it runs "), code(&link.path), text(" at "), self.place(deed.at), text(", ")];
                item.push(Inline::Alarm(odd.join(", ")));
                items.push(item);
            }
        }
        if items.is_empty() {
            return;
        }
        self.say(line("Otherwise than lint.toml:"));
        self.list("how it differs from lint.toml", items);
    }

    /// What happens to the rest, and to what is done already, when one of them fails.
    fn after_errors(&mut self, executor: &Executor) {
        let mut places: Vec<At> = Vec::new();
        let (mut stops, mut open) = (true, true);
        for (deed, link) in executor.links() {
            match deed.on_error {
                OnError::Stops(at) => places.push(at),
                OnError::GoesOn(at) | OnError::Depends(at) => {
                    places.push(at);
                    stops = false;
                }
                OnError::AsStarted => stops = false,
            }
            open &= link.inside.is_none();
        }
        if executor.links().next().is_none() {
            return;
        }
        let mut words = if stops {
            vec![Inline::Good("The first error in any of them ends the run".to_owned())]
        } else {
            vec![Inline::Alarm("An error in some of them need not end the run".to_owned())]
        };
        if places.is_empty() {
            words.push(text(": nothing in it sets ON_ERROR_STOP"));
        } else {
            words.push(text(": it sets ON_ERROR_STOP at "));
            words.extend(self.places(&super::model::distinct(places)));
        }
        words.push(text(if open {
            ". None of them starts within a transaction of another: those that have committed by then stay."
        } else {
            ". Some start within a transaction that is open already, and are undone with it."
        }));
        self.say(words);
    }

    fn of_its_own(&mut self, executor: &Executor) {
        let count = |is_it: &dyn Fn(&Doing) -> bool| -> usize {
            executor.deeds.iter().filter(|deed| is_it(&deed.what)).map(|deed| deed.count).sum()
        };
        let printed = count(&|what| matches!(what, Doing::Prints));
        let checks = count(&|what| matches!(what, Doing::Checks(_)));
        let changes = count(&|what| matches!(what, Doing::Changes));
        let mut words = vec![text(match printed {
            0 => "Of its own it prints no query result".to_owned(),
            printed => format!("Of its own it prints {}", plural(printed, "query result")),
        })];
        words.push(text(match checks {
            0 => ", checks nothing".to_owned(),
            checks => format!(", can be stopped by {}", plural(checks, "check")),
        }));
        match changes {
            0 => words.push(text(" and changes nothing")),
            _ => words.push(Inline::Alarm(format!(" and changes the database by {}", plural(changes, "statement")))),
        }
        words.push(text("; what the scripts do that it runs stands with each of them."));
        self.say(words);
    }

    fn named(&self, link: &Link) -> Line {
        match &link.named {
            Some((what, at)) => vec![text(format!("{what} (")), self.place(*at), text(")")],
            None => vec![Inline::Alarm("not named".to_owned())],
        }
    }

    fn span(&self, deed: &Deed) -> Line {
        let mut words = vec![self.place(deed.at)];
        if deed.count > 1 {
            words.extend([text(" to "), self.place(deed.last)]);
        }
        words
    }

    fn deed(&self, deed: &Deed) -> Line {
        let times = |one: &str, many: &str| match deed.count {
            1 => line(one),
            count => line(format!("{count} {many}")),
        };
        let mut words = match &deed.what {
            Doing::Runs(link) => {
                let mut words = vec![text("runs "), code(&link.path)];
                if link.is_again {
                    words.push(Inline::Alarm(", again".to_owned()));
                }
                if let Some(begin) = link.inside {
                    words.push(Inline::Alarm(", within the transaction that begins at ".to_owned()));
                    words.push(self.place(begin));
                }
                words
            }
            Doing::RunsNot => vec![Inline::Alarm("runs a file that is not followed".to_owned())],
            Doing::Sets(name, Some(value)) if value.is_empty() => {
                vec![text("sets the psql variable "), code(name), text(" to nothing")]
            }
            Doing::Sets(name, Some(value)) => {
                vec![text("sets the psql variable "), code(name), text(" to "), code(value)]
            }
            Doing::Sets(name, None) => vec![text("unsets the psql variable "), code(name)],
            Doing::Commands(name) if deed.count == 1 => vec![text("the psql command "), code(name)],
            Doing::Commands(name) => vec![text(format!("{} times the psql command ", deed.count)), code(name)],
            Doing::Transaction(word) => vec![code(*word)],
            Doing::Setting(name) => vec![text("sets "), code(name)],
            Doing::Prints => times("prints a query result", "queries, whose results it prints"),
            Doing::Block => line("a block of DO"),
            Doing::Checks(check) => {
                let leg = self.leg(check);
                let mut words = leg.line;
                if !leg.certain.is_empty() {
                    words.push(text(": "));
                    words.extend(enumerate(leg.certain));
                }
                words
            }
            Doing::Changes => vec![Inline::Alarm(match deed.count {
                1 => "changes the database".to_owned(),
                count => format!("{count} statements that change the database"),
            })],
            Doing::Other => times("another statement", "other statements"),
        };
        if !deed.certain {
            words.push(text(", on some paths only"));
        }
        words
    }

    /// What a script asks for that only reads.
    fn probe(&mut self, probe: &Probe) {
        let head = vec![text("The script "), code(&probe.script)];
        self.blocks.push(Block::Heading(4, String::new(), head));
        if !probe.is_run {
            self.say(vec![Inline::Alarm("The script could not be read: nothing is known of it.".to_owned())]);
            return;
        }
        let mut words = Line::new();
        if probe.writes.is_empty() {
            words.push(Inline::Good("It writes nothing".to_owned()));
            words.push(text(if probe.read_only {
                ": no statement changes anything, and its transaction is READ ONLY, in which PostgreSQL refuses to."
            } else {
                ": no statement changes anything, though no READ ONLY transaction holds it to that."
            }));
        } else {
            words.push(Inline::Alarm("It changes the database".to_owned()));
            words.push(text(" at "));
            words.extend(self.places(&probe.writes));
            words.push(text("."));
        }
        let checks = probe.course.checks().count();
        words.push(text(format!(
            " It prints {} for people to read, and {}.",
            plural(probe.printed, "query result"),
            match checks {
                0 => "stops at nothing: what it prints it does not judge".to_owned(),
                checks => format!("stops at the first of {} that fails", plural(checks, "check")),
            }
        )));
        self.say(words);
        let demands = probe.demands.iter().map(|demand| {
            let mut item = vec![text(format!("{} (", demand.what)), self.place(demand.at), text("): ")];
            item.push(Inline::Good("asked at ".to_owned()));
            item.extend(self.places(&demand.by));
            if !demand.is_sure {
                item.push(text(", and true then; by the end of the script it may be otherwise"));
            }
            item
        });
        let demands: Vec<Line> = demands.collect();
        if !demands.is_empty() {
            self.say(line("Of what lint.toml wants it makes sure of:"));
            self.blocks.push(Block::List(demands));
        }
        let caption = vec![text("The way of "), code(&probe.script)];
        self.path(&probe.course, caption, &[], &[]);
        let mut by_place: Vec<(At, Vec<&Locked>)> = Vec::new();
        for lock in &probe.course.locks {
            match by_place.iter_mut().find(|(at, _)| bytes(*at) == bytes(lock.at)) {
                Some((_, locks)) => locks.push(lock),
                None => by_place.push((lock.at, vec![lock])),
            }
        }
        by_place.sort_by_key(|(at, _)| bytes(*at));
        let one = |lock: &&Locked| {
            let mut item = vec![code(name(&lock.key))];
            if lock.mode > Mode::AccessShare {
                item.extend([text(", locked by "), Inline::Alarm(lock.mode.word().to_owned())]);
            }
            item
        };
        let reads: Vec<Line> = by_place
            .iter()
            .map(|(at, locks)| {
                let mut item = vec![text("first read at "), self.place(*at), text(": ")];
                item.extend(enumerate(locks.iter().map(one)));
                item
            })
            .collect();
        if reads.is_empty() {
            self.say(line("It reads no table and no view, only what PostgreSQL says of itself."));
        } else {
            let summary = line(format!(
                "{} that it reads, directly or through views, each locked by ACCESS SHARE: others wait with {}",
                plural(probe.course.locks.len(), "relation"),
                Mode::AccessShare.blocks()
            ));
            self.blocks.push(Block::Details(summary, vec![Block::List(reads)]));
        }
    }

    /// The way of a script as a figure; what it makes sure of stands where it counts.
    fn path(&mut self, course: &Course, caption: Line, enter: &[Demand], leave: &[Demand]) {
        if course.path.is_empty() {
            return;
        }
        let sure = |demands: &[Demand]| -> Vec<Line> {
            let one = |demand: &Demand| {
                let word = if demand.is_sure {
                    Inline::Good(demand.what.clone())
                } else {
                    Inline::Alarm(format!("not certain: {}", demand.what))
                };
                vec![word, text(" ("), self.place(demand.at), text(")")]
            };
            demands.iter().map(one).collect()
        };
        let last = course.path.iter().rposition(|stop| matches!(stop, Stop::Commit(_)));
        let mut changes = 0;
        let legs = course.path.iter().enumerate().map(|(index, stop)| match stop {
            Stop::Begin { at, read_only } => Leg {
                kind: "begin",
                line: vec![code(if *read_only { "BEGIN READ ONLY" } else { "BEGIN" }), text(" at "), self.place(*at)],
                certain: Vec::new(),
            },
            Stop::Check(check) => self.leg(check),
            Stop::Changes { first, last, count } => {
                changes += 1;
                let mut words = vec![text(if changes == 1 { "The first change" } else { "Further changes" })];
                words.push(text(if *count == 1 { " at ".to_owned() } else { format!(": {count} statements, from ") }));
                words.push(self.place(*first));
                if *count > 1 {
                    words.extend([text(" to "), self.place(*last)]);
                }
                Leg { kind: "change", line: words, certain: if changes == 1 { sure(enter) } else { Vec::new() } }
            }
            Stop::Commit(at) | Stop::Rollback(at) => {
                let is_commit = matches!(stop, Stop::Commit(_));
                Leg {
                    kind: "end",
                    line: vec![code(if is_commit { "COMMIT" } else { "ROLLBACK" }), text(" at "), self.place(*at)],
                    certain: if last == Some(index) { sure(leave) } else { Vec::new() },
                }
            }
        });
        let legs = legs.collect();
        self.blocks.push(Block::Path(caption, legs));
    }

    fn leg(&self, check: &Check) -> Leg {
        let at = if check.condition.span().end > 0 { check.condition } else { check.raise };
        let written = check.sql.as_ref().map_or_else(|| code(self.source(at, check.raise)), |lines| sql(lines));
        let mut words = vec![text("Stops at "), self.place(check.raise)];
        let mut certain: Vec<Line> = Vec::new();
        if check.is_settled && check.is_certain {
            words.extend([text(" if "), code(self.source(at, check.raise))]);
            words.push(text(", which cannot be as the package stands"));
        } else if check.is_certain && !check.certain.is_empty() {
            words.push(text(" unless what follows is true"));
            certain.extend(check.certain.iter().map(|lines| vec![sql(lines)]));
        } else {
            let what = match (check.is_certain, check.is_always) {
                (true, _) => "; after it the contrary is certain",
                (false, true) => "; it is always asked, and no condition of its own is certain after it",
                (false, false) => "; it is asked on some paths only",
            };
            // What takes several lines comes last.
            if matches!(written, Inline::Lines(_)) {
                words.extend([text(format!(" if what follows is true{what}:")), written]);
            } else {
                words.extend([text(" if "), written, text(what)]);
            }
        }
        for (what, at) in &check.meets {
            certain.push(vec![text("meets "), Inline::Good(what.clone()), text(" ("), self.place(*at), text(")")]);
        }
        Leg { kind: "check", line: words, certain }
    }

    fn tier(&mut self, model: &Model, tier: &Tier) {
        let mut first = vec![text("The script is "), code(&tier.script), text("; its row is at "), self.place(tier.at)];
        first.push(text("."));
        self.say(first);
        if !tier.is_run {
            self.say(vec![Inline::Alarm("The script could not be read: nothing is known of this tier.".to_owned())]);
            return;
        }
        self.transactions(model, tier);
        self.demands("It demands to start", "It demands nothing to start.", &tier.demands);
        self.makes(tier);
        self.rows(tier);
        self.demands(
            "It proves before it commits",
            "It proves nothing of its outcome before it commits.",
            &tier.proofs,
        );
        self.blocks.push(Block::Heading(
            4,
            String::new(),
            line("Its way: what can stop it, and what is certain after"),
        ));
        let caption = line(format!("Tier {}, from BEGIN to COMMIT", tier.number));
        self.path(&tier.course, caption, &tier.demands, &tier.proofs);
        self.blocks.push(Block::Heading(4, String::new(), line("Transaction and locks")));
        self.locks(&tier.course, &format!("tier {}", tier.number));
        self.undo(tier);
    }

    fn transactions(&mut self, model: &Model, tier: &Tier) {
        match tier.course.transactions.as_slice() {
            [] => self
                .say(vec![Inline::Alarm("It opens no transaction: each statement is committed by itself.".to_owned())]),
            [one] => {
                let mut words = vec![text("It is one transaction, from "), self.place(one.begin)];
                match one.commit {
                    Some(at) => {
                        words.extend([text(" to its COMMIT at "), self.place(at), text(": all of it, or nothing.")]);
                    }
                    None => words.push(Inline::Alarm(", and no COMMIT ends it.".to_owned())),
                }
                self.say(words);
            }
            many => {
                let begins: Vec<At> = many.iter().map(|one| one.begin).collect();
                let mut words = vec![Inline::Alarm(format!("It is {} transactions", many.len())), text(", from ")];
                words.extend(self.places(&begins));
                words.push(text(": if one fails, those before it stay."));
                self.say(words);
            }
        }
        let limits: Vec<Line> = tier
            .course
            .settings
            .iter()
            .filter(|setting| model.timeouts.contains(&setting.name))
            .map(|setting| {
                let value = setting.value.clone().unwrap_or_else(|| "a value that is not known".to_owned());
                vec![code(format!("{} = {value}", setting.name)), text(" ("), self.place(setting.at), text(")")]
            })
            .collect();
        if !limits.is_empty() {
            let mut words = line("It limits its waiting: ");
            words.extend(enumerate(limits));
            words.push(text("."));
            self.say(words);
        }
    }

    fn demands(&mut self, head: &str, none: &str, demands: &[Demand]) {
        if demands.is_empty() {
            self.say(line(none));
            return;
        }
        self.blocks.push(Block::Heading(4, String::new(), line(head)));
        let items = demands
            .iter()
            .map(|demand| {
                let mut item = vec![text(format!("{} (", demand.what)), self.place(demand.at), text("): ")];
                match (demand.is_sure, demand.by.as_slice()) {
                    (false, _) => item.push(Inline::Alarm("nothing makes sure of it".to_owned())),
                    (true, []) => item.push(Inline::Good("certain from what the script does".to_owned())),
                    (true, by) => {
                        item.push(Inline::Good("certain after the check at ".to_owned()));
                        item.extend(self.places(by));
                    }
                }
                item
            })
            .collect();
        self.blocks.push(Block::List(items));
    }

    fn makes(&mut self, tier: &Tier) {
        if tier.objects.is_empty() && tier.altered.is_empty() {
            self.say(line("It makes no object and changes none."));
            return;
        }
        self.blocks.push(Block::Heading(4, String::new(), line("It makes")));
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for object in &tier.objects {
            *kinds.entry(object.key.kind.to_string()).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| plural(*count, kind)).collect();
        if !kinds.is_empty() {
            self.say(line(format!("{}.", kinds.join(", "))));
        }
        let items = tier.objects.iter().map(|object| self.object(object)).collect();
        self.list("each object, and what it reads", items);
        let altered = tier.altered.iter().map(|(what, at)| {
            let mut item = vec![text(format!("it {what}"))];
            if at.span().end > 0 {
                item.extend([text(" at "), self.place(*at)]);
            }
            item
        });
        let altered = altered.collect();
        self.list("what it changes of objects", altered);
    }

    fn object(&self, object: &Object) -> Line {
        let mut item = vec![text(format!("the {} ", object.key.kind)), code(name(&object.key)), text(" at ")];
        item.push(self.place(object.at));
        let mut verbs = Vec::new();
        for (constraint, parent) in &object.parents {
            let parent = vec![code(name(parent)), text(" by the foreign key "), code(constraint)];
            verbs.push([line("refers to "), parent].concat());
        }
        let parents: Vec<_> = object.parents.iter().map(|(_, parent)| parent).collect();
        let needs = object.needs.iter().filter(|needed| !parents.contains(needed));
        let needs = enumerate(needs.map(|needed| vec![text(format!("{} ", needed.kind)), code(name(needed))]));
        if !needs.is_empty() {
            let verb = if object.key.kind.to_string().ends_with("view") { "reads " } else { "needs " };
            verbs.push([line(verb), needs].concat());
        }
        if object.key.kind.is_routine() {
            verbs.push(line("what its body names is looked up when it runs"));
        }
        for (index, verb) in verbs.into_iter().enumerate() {
            item.push(text(if index == 0 { ": " } else { "; " }));
            item.extend(verb);
        }
        item
    }

    fn rows(&mut self, tier: &Tier) {
        if tier.rows.is_empty() && tier.course.changes.is_empty() {
            self.say(line("It adds no row and changes none."));
            return;
        }
        self.blocks.push(Block::Heading(4, String::new(), line("Rows")));
        let mut items: Vec<Line> = tier.rows.iter().map(|rows| self.added(rows)).collect();
        for (table, what, at) in &tier.course.changes {
            items.push(vec![text(format!("{what} ")), code(table), text(" at "), self.place(*at)]);
        }
        self.list("rows that it adds or changes", items);
    }

    fn added(&self, rows: &Rows) -> Line {
        let count = rows.count.map_or_else(
            || "adds as many rows as a query yields to ".to_owned(),
            |count| format!("adds {} to ", plural(count, "row")),
        );
        let mut item = vec![text(count), code(&rows.table)];
        if rows.by_trigger {
            item.push(text(" by a trigger"));
        }
        for (column, tags) in &rows.tags {
            item.extend([text(" with "), code(column), text(" = ")]);
            item.extend(enumerate(tags.iter().map(|tag| vec![code(tag)])));
        }
        item.push(text(" at "));
        item.extend(self.places(&rows.at));
        item
    }

    /// What a script locks; `what` is the script, in words.
    fn locks(&mut self, course: &Course, what: &str) {
        if course.length > 0 {
            self.blocks.push(Block::Timeline(Timeline::of(course, what)));
        }
        let (reads, strong): (Vec<&Locked>, Vec<&Locked>) =
            course.locks.iter().partition(|lock| lock.mode == Mode::AccessShare);
        if strong.is_empty() {
            self.say(line("Of what was there before it locks nothing against reading or writing."));
        } else {
            let rows: Vec<Vec<Line>> = strong
                .into_iter()
                .map(|lock| {
                    vec![
                        vec![text(format!("{} ", lock.key.kind)), code(name(&lock.key))],
                        line(lock.mode.word()),
                        vec![self.place(lock.at)],
                        line(lock.mode.blocks()),
                    ]
                })
                .collect();
            let caption = line(format!(
                "What {what} locks, until its transaction ends, of what was there before it; the strongest lock on each"
            ));
            self.blocks.push(Block::Table {
                caption,
                head: vec!["what", "mode", "taken at", "others wait with"],
                rows,
            });
        }
        if !reads.is_empty() {
            let summary = format!(
                "{} that it only reads, by ACCESS SHARE: others wait with {}",
                plural(reads.len(), "relation"),
                Mode::AccessShare.blocks()
            );
            let names = enumerate(reads.iter().map(|lock| vec![code(name(&lock.key))]));
            self.blocks.push(Block::Details(line(summary), vec![Block::Paragraph(names)]));
        }
    }

    fn undo(&mut self, tier: &Tier) {
        self.blocks.push(Block::Heading(4, String::new(), line("Made, and undone")));
        let Some(undo) = &tier.undo else {
            self.say(vec![Inline::Alarm("Nothing undoes this tier.".to_owned())]);
            return;
        };
        let mut words = if undo.is_full {
            vec![text("No rollback is its own; it is undone with the whole release by "), code(&undo.script)]
        } else {
            vec![text("Its rollback is "), code(&undo.script)]
        };
        if let Some(setting) = &undo.setting {
            words.extend([text(" with "), code(format!("-v {setting}"))]);
        }
        words.push(text(format!(", in {}.", plural(undo.steps.len(), "step"))));
        self.say(words);
        if !undo.left.is_empty() {
            let count = undo.left.len();
            let one = |(what, at): &(String, At)| vec![text(what.clone()), text(" ("), self.place(*at), text(")")];
            let items: Vec<Line> = undo.left.iter().map(one).collect();
            if count > LONG {
                self.say(vec![Inline::Alarm(format!("What no step undoes: {}", plural(count, "thing"))), text(".")]);
                self.list("what no step undoes", items);
            } else {
                let mut words = vec![Inline::Alarm("What no step undoes: ".to_owned())];
                words.extend(enumerate(items));
                words.push(text("."));
                self.say(words);
            }
        }
        self.steps(undo, &format!("Tier {}: in which order what undoes what", tier.number), None);
        if undo.is_full {
            self.say(line("What stops it and what it locks stands with the rollback of the whole release."));
        } else {
            self.back(undo, &format!("the rollback of tier {}", tier.number));
        }
    }

    /// The way of a rollback, and its locks.
    fn back(&mut self, undo: &Undo, what: &str) {
        self.blocks.push(Block::Heading(4, String::new(), line(format!("The way and the locks of {what}"))));
        let mut caption = line(upper(what));
        caption.push(text(", from BEGIN to COMMIT"));
        self.path(&undo.course, caption, &undo.demands, &[]);
        self.locks(&undo.course, what);
    }

    fn steps(&mut self, undo: &Undo, caption: &str, tiers: Option<&Model>) {
        if undo.steps.is_empty() {
            return;
        }
        let row = |(index, step): (usize, &Step)| {
            let made = if step.made.iter().any(|at| at.span().end > 0) {
                self.places(&step.made)
            } else {
                line("before the release, or by other means")
            };
            let why = if step.why.is_empty() {
                "nothing that is undone after it needs it first".to_owned()
            } else {
                step.why.join("; ")
            };
            let mut row = vec![line(format!("{}", index + 1)), made, self.step(step), line(why)];
            if let Some(model) = tiers {
                let tier = step.tier.and_then(|tier| model.tiers.get(tier));
                row.insert(1, line(tier.map_or_else(|| "several, or none".to_owned(), |tier| tier.number.to_string())));
            }
            row
        };
        let rows: Vec<Vec<Line>> = undo.steps.iter().enumerate().map(row).collect();
        let mut head = vec!["order", "made at", "undone by", "why before the others"];
        if tiers.is_some() {
            head.insert(1, "tier");
        }
        let count = rows.len();
        let table = Block::Table { caption: line(caption), head, rows };
        if count > LONG {
            self.blocks.push(Block::Details(line(format!("all {count} steps")), vec![table]));
        } else {
            self.blocks.push(table);
        }
    }

    fn step(&self, step: &Step) -> Line {
        let words =
            |verb: &str, what: &str| vec![text(format!("{verb} ")), code(what), text(" at "), self.place(step.at)];
        match &step.what {
            Undone::Object(key) => words(&format!("drops the {}", key.kind), &name(key)),
            Undone::Cascade(key) => words(&format!("drops by CASCADE the {}", key.kind), &name(key)),
            Undone::Deleted(table) => words("deletes rows of", table),
            Undone::Changed(table) => words("changes rows of", table),
            Undone::Emptied(table) => words("empties", table),
            Undone::Altered(key, what) => {
                words(&format!("{} the {}", super::order::alters(what), key.kind), &name(key))
            }
        }
    }

    fn full(&mut self, model: &Model, full: &Undo) {
        let mut words =
            vec![code(&full.script), text(format!(" undoes all tiers in {}", plural(full.steps.len(), "step")))];
        words.push(text(": what reads goes before what is read, what refers before what is referred to."));
        self.say(words);
        if let Some(graph) = Graph::of(model, full) {
            self.blocks.push(Block::Graph(graph));
        }
        self.steps(full, "The full rollback, step by step", Some(model));
        self.back(full, "the full rollback");
    }
}

/// The name of an object without its kind.
pub(super) fn name(key: &crate::catalog::Key) -> String {
    let whole = key.to_string();
    let kind = format!("{} ", key.kind);
    whole.strip_prefix(&kind).map(str::to_owned).unwrap_or(whole)
}

//! What follows from findings, levels and suppressions. The only room that makes an
//! [`Approved`]; only that can be run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::date::Date;
use crate::effect::At;
use crate::fault::Fault;
use crate::finding::{Finding, Level};
use crate::manifest;
use crate::silence::{Allowances, Silenced, Silences, all_rules};
use crate::source::{FileId, Lines, Place};

/// The rules whose findings say that something was not analysed, whatever their level.
const BLIND: [&str; 3] = ["not-analysed", "syntax-error", "unreadable-script"];

/// A text that findings point into.
#[derive(Debug)]
pub struct Text {
    /// Its path from the directory of `lint.toml`.
    pub name: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// How many statements it holds; none of a text that is no script.
    pub statements: Option<usize>,
}

/// What the analysis came to.
#[derive(Debug)]
pub struct Outcome {
    /// The texts; a finding's place says which by its number.
    pub texts: Vec<Text>,
    /// By package.
    pub packages: Vec<Linted>,
}

/// What the analysis of one package came to.
#[derive(Debug)]
pub struct Linted {
    /// Its name.
    pub name: String,
    /// The scripts that it names and what they include, as numbers of texts.
    pub files: Vec<usize>,
    /// Those of them that belong to the release itself, and not only to the database before it.
    pub release: Vec<usize>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// What is thought of the packages of a run.
#[derive(Debug)]
pub struct Verdict {
    texts: Vec<Text>,
    lines: Vec<Lines>,
    packages: Vec<Judged>,
    only: Option<Vec<usize>>,
    /// Which of the texts is `lint.toml`.
    config: Option<usize>,
    gate: Gate,
}

/// What a run lets pass beyond levels and suppressions. It decides on verdict and exit code;
/// what it excuses makes no [`Approved`].
#[derive(Debug, Clone)]
pub struct Gate {
    /// The lowest level that fails.
    pub fail_on: Level,
    /// The fingerprints of the findings of before, if there is such a list.
    pub known: Option<BTreeSet<String>>,
    /// The texts that have changed, if only these count.
    pub changed: Option<BTreeSet<usize>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { fail_on: Level::Deny, known: None, changed: None }
    }
}

/// What is thought of one package.
#[derive(Debug)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its scripts as numbers of texts, ordered by name.
    pub files: Vec<usize>,
    /// Every finding, ordered by the name of the file, the place, the rule and the message.
    pub findings: Vec<Opinion>,
    /// The numbers.
    pub counts: Counts,
    is_pass: bool,
    /// Whether nothing is at deny, whatever the gate excuses.
    is_sound: bool,
}

/// A finding and what becomes of it.
#[derive(Debug)]
pub struct Opinion {
    /// The finding.
    pub finding: Finding,
    /// Its level.
    pub level: Level,
    /// Where `lint.toml` sets the level, if it does.
    pub set_at: Option<At>,
    /// The suppression that silences it, if one does.
    pub silenced: Option<Silenced>,
    /// Why it does not count, if the gate excuses it.
    pub excused: Option<Excuse>,
    /// The same for the same finding in the next run, wherever its lines have moved to: 32
    /// hexadecimal digits of rule, package, file, message and guilty line.
    pub fingerprint: String,
}

/// Why a finding does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excuse {
    /// It is on the list of before.
    Known,
    /// None of its places is in a text that has changed.
    Unchanged,
}

impl Excuse {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unchanged => "unchanged",
        }
    }
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Scripts.
    pub files: usize,
    /// Statements in them.
    pub statements: usize,
    /// Findings at deny.
    pub denied: usize,
    /// Findings at warn.
    pub warned: usize,
    /// Findings at allow, which no report shows.
    pub allowed: usize,
    /// Findings at deny or warn that a suppression silences.
    pub silenced: usize,
    /// Findings at deny or warn that are on the list of before.
    pub known: usize,
    /// Findings at deny or warn of texts that have not changed.
    pub unchanged: usize,
    /// Findings that say that something was not analysed, silenced or not.
    pub not_analysed: usize,
}

/// The scripts of a package that passed: the bytes that were judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    package: String,
    files: Vec<(String, Vec<u8>)>,
    digest: String,
}

impl Verdict {
    /// Judges without knowing the day: no suppression that ends on one holds.
    pub fn new(outcome: Outcome, config: &Config) -> Result<Self, Fault> {
        Self::on(None, outcome, config)
    }

    /// Judges on a day. A package of which nothing was analysed is a fault, never a pass.
    pub fn on(today: Option<Date>, outcome: Outcome, config: &Config) -> Result<Self, Fault> {
        if outcome.packages.is_empty() {
            return Err(Fault::new("nothing was analysed: there is no package")
                .way_out("describe one in lint.toml, or name scripts: roof-lint check FILE..."));
        }
        let lines: Vec<Lines> = outcome.texts.iter().map(|text| Lines::of(&text.bytes)).collect();
        let scripts = outcome.texts.iter().zip(&lines).enumerate();
        let mut silences: BTreeMap<usize, Silences> = scripts
            .filter(|(_, (text, _))| text.statements.is_some())
            .map(|(index, (text, lines))| (index, Silences::read(FileId::new(index), &text.bytes, lines)))
            .collect();
        let config_text = outcome.texts.iter().position(|text| text.statements.is_none() && text.name == config.name);
        let mut verdict = Self {
            texts: outcome.texts,
            lines,
            packages: Vec::new(),
            only: None,
            config: config_text,
            gate: Gate::default(),
        };
        let mut reported: Vec<usize> = Vec::new();
        for linted in outcome.packages {
            verdict.add(linted, config, today, &mut silences, &mut reported)?;
        }
        // Only after all packages: a suppression may be for another one that shares the file.
        if config.packages.len() <= verdict.packages.len() {
            verdict.add_idle(config, &silences);
        }
        Ok(verdict)
    }

    fn add(
        &mut self,
        linted: Linted,
        config: &Config,
        today: Option<Date>,
        silences: &mut BTreeMap<usize, Silences>,
        reported: &mut Vec<usize>,
    ) -> Result<(), Fault> {
        let Linted { name, mut files, release, findings } = linted;
        files.sort_by(|left, right| self.name(*left).cmp(self.name(*right)).then(left.cmp(right)));
        files.dedup();
        let count = |files: &[usize]| files.iter().filter_map(|file| self.texts.get(*file)?.statements).sum::<usize>();
        if count(&release) == 0 {
            return Err(self.nothing(&name, release.is_empty(), &findings, config));
        }
        let statements = count(&files);
        let own_config = FileId::new(self.config.unwrap_or(self.texts.len()));
        let package = config.packages.iter().find(|package| *package.name.get_ref() == name);
        let mut allowances = package.map_or_else(Allowances::default, |it| Allowances::read(it, own_config, today));
        let mut opinions = Vec::with_capacity(findings.len());
        for finding in findings {
            let at = finding.primary.at;
            let index = at.file().index();
            let lines = self.place(at, at.span().start).line..self.place(at, at.span().end).line + 1;
            let comment = silences.get_mut(&index).and_then(|found| found.cover(finding.rule, at.span(), lines));
            let file = (Some(index) != self.config).then(|| self.name(index));
            let cover = comment.or_else(|| allowances.cover(finding.rule, file));
            opinions.push(self.opinion(config, &name, finding, cover));
        }
        let own = std::mem::take(&mut allowances.findings).into_iter().chain(allowances.idle());
        opinions.extend(own.map(|finding| self.opinion(config, &name, finding, None)));
        // What is wrong with a suppression is told once, whoever shares the file.
        for file in files.iter().filter(|file| !reported.contains(file)).copied().collect::<Vec<_>>() {
            reported.push(file);
            let own = silences.get_mut(&file).map(|found| std::mem::take(&mut found.findings)).unwrap_or_default();
            opinions.extend(own.into_iter().map(|finding| self.opinion(config, &name, finding, None)));
        }
        let counts = Counts { files: files.len(), statements, ..Counts::default() };
        let mut judged = Judged { name, files, findings: opinions, counts, is_pass: false, is_sound: false };
        self.settle(&mut judged);
        self.packages.push(judged);
        Ok(())
    }

    /// Why a package is not judged: it has nothing that could be analysed.
    fn nothing(&self, package: &str, is_empty: bool, findings: &[Finding], config: &Config) -> Fault {
        let what = if is_empty { "script" } else { "statement" };
        let in_config = |finding: &&Finding| Some(finding.primary.at.file().index()) == self.config;
        match findings.iter().find(in_config).filter(|_| is_empty) {
            // The scripts that it names cannot be read.
            Some(finding) => {
                let span = finding.primary.at.span();
                let message = format!("nothing was analysed: {}", finding.message);
                config.fault(message, span.start..span.end, &finding.primary.text).way_out(finding.way_out.clone())
            }
            None => Fault::new(format!("nothing was analysed: the release of package \"{package}\" has no {what}"))
                .way_out("name its scripts in lint.toml; an empty package never passes"),
        }
    }

    fn add_idle(&mut self, config: &Config, silences: &BTreeMap<usize, Silences>) {
        let mut packages = std::mem::take(&mut self.packages);
        for (file, found) in silences {
            let Some(judged) = packages.iter_mut().find(|judged| judged.files.contains(file)) else { continue };
            let before = judged.findings.len();
            for finding in found.idle() {
                judged.findings.push(self.opinion(config, &judged.name, finding, None));
            }
            if judged.findings.len() > before {
                self.settle(judged);
            }
        }
        self.packages = packages;
    }

    fn opinion(&self, config: &Config, package: &str, finding: Finding, silenced: Option<Silenced>) -> Opinion {
        let package = config.packages.iter().find(|known| known.name.get_ref() == package);
        let set =
            package.map_or_else(|| config.levels.get(finding.rule), |package| config.level(package, finding.rule));
        // A rule that nobody knows of is not a reason to let something pass.
        let own = || all_rules().find(|rule| rule.id == finding.rule).map_or(Level::Deny, |rule| rule.level);
        let level = set.map_or_else(own, |level| *level.get_ref());
        let set_at = set.and_then(|level| Some(At::new(FileId::new(self.config?), level.span().into())));
        Opinion { finding, level, set_at, silenced, excused: None, fingerprint: String::new() }
    }

    /// Puts the findings in order, names them and counts them.
    fn settle(&self, judged: &mut Judged) {
        judged.findings.sort_by(|left, right| {
            let key = |opinion: &Opinion| {
                let at = opinion.finding.primary.at;
                (self.name(at.file().index()), at.span().start, opinion.finding.rule)
            };
            let rest =
                |opinion: &Opinion| (opinion.finding.primary.at.span().end, opinion.finding.primary.text.clone());
            key(left)
                .cmp(&key(right))
                .then_with(|| left.finding.message.cmp(&right.finding.message))
                .then_with(|| rest(left).cmp(&rest(right)))
        });
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for opinion in &mut judged.findings {
            let base = self.identity(&judged.name, &opinion.finding);
            let number = seen.entry(base.clone()).or_default();
            opinion.fingerprint = manifest::digest(format!("{base}\0{number}").as_bytes()).chars().take(32).collect();
            *number += 1;
            opinion.excused = self.excuse(opinion);
        }
        self.count(judged);
    }

    /// What tells a finding from others, but for those that are the same in another place.
    fn identity(&self, package: &str, finding: &Finding) -> String {
        let at = finding.primary.at;
        let index = at.file().index();
        // The file is called by whatever path the command line gives.
        let file = if Some(index) == self.config { "lint.toml" } else { self.name(index) };
        let line = self.text(index).and_then(|(text, lines)| {
            let number = lines.place(&text.bytes, at.span().start).line;
            Some(String::from_utf8_lossy(lines.span(number)?.of(&text.bytes)).into_owned())
        });
        let line = line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        [finding.rule, package, file, &finding.message, &line].join("\0")
    }

    fn excuse(&self, opinion: &Opinion) -> Option<Excuse> {
        if self.gate.known.as_ref().is_some_and(|known| known.contains(&opinion.fingerprint)) {
            return Some(Excuse::Known);
        }
        let changed = self.gate.changed.as_ref()?;
        let mut labels = std::iter::once(&opinion.finding.primary).chain(&opinion.finding.related);
        (!labels.any(|label| changed.contains(&label.at.file().index()))).then_some(Excuse::Unchanged)
    }

    fn count(&self, judged: &mut Judged) {
        let mut counts =
            Counts { files: judged.counts.files, statements: judged.counts.statements, ..Counts::default() };
        judged.is_sound = true;
        for opinion in &judged.findings {
            counts.not_analysed += usize::from(opinion.is_blind());
            judged.is_sound &= opinion.level != Level::Deny || opinion.silenced.is_some();
            match (opinion.level, &opinion.silenced, opinion.excused) {
                (Level::Allow, ..) => counts.allowed += 1,
                (_, Some(_), _) => counts.silenced += 1,
                (_, None, Some(Excuse::Known)) => counts.known += 1,
                (_, None, Some(Excuse::Unchanged)) => counts.unchanged += 1,
                (Level::Warn, ..) => counts.warned += 1,
                (Level::Deny, ..) => counts.denied += 1,
            }
        }
        judged.is_pass = counts.denied == 0 && (counts.warned == 0 || self.gate.fail_on == Level::Deny);
        judged.counts = counts;
    }

    /// Judges again, with what this gate lets pass.
    pub fn pass_through(&mut self, gate: Gate) {
        self.gate = gate;
        let mut packages = std::mem::take(&mut self.packages);
        for judged in &mut packages {
            let excuses: Vec<_> = judged.findings.iter().map(|opinion| self.excuse(opinion)).collect();
            judged.findings.iter_mut().zip(excuses).for_each(|(opinion, excuse)| opinion.excused = excuse);
            self.count(judged);
        }
        self.packages = packages;
    }

    /// What is let pass.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The number of the text that is `lint.toml`.
    pub const fn config(&self) -> Option<usize> {
        self.config
    }

    /// The text of that number and its lines.
    pub fn text(&self, file: usize) -> Option<(&Text, &Lines)> {
        self.texts.get(file).zip(self.lines.get(file))
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Leaves out findings without a place in these texts. What was judged, counted and
    /// approved stays as it was.
    pub fn show_only(&mut self, texts: Vec<usize>) {
        let touches = |opinion: &Opinion| {
            let finding = &opinion.finding;
            let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
            labels.any(|label| texts.contains(&label.at.file().index()))
        };
        for judged in &mut self.packages {
            judged.findings.retain(touches);
        }
        self.only = Some(texts);
    }

    /// The texts to which what is shown is limited, if it is.
    pub fn only(&self) -> Option<&[usize]> {
        self.only.as_deref()
    }

    /// The packages in the order in which they were linted.
    pub fn packages(&self) -> &[Judged] {
        &self.packages
    }

    /// The numbers of all packages together; a script of two packages counts once.
    pub fn counts(&self) -> Counts {
        let mut files: Vec<usize> = self.packages.iter().flat_map(|judged| judged.files.iter().copied()).collect();
        files.sort_unstable();
        files.dedup();
        let statements = files.iter().filter_map(|file| self.texts.get(*file)?.statements).sum();
        let start = Counts { files: files.len(), statements, ..Counts::default() };
        self.packages.iter().map(|judged| judged.counts).fold(start, |sum, counts| Counts {
            denied: sum.denied + counts.denied,
            warned: sum.warned + counts.warned,
            allowed: sum.allowed + counts.allowed,
            silenced: sum.silenced + counts.silenced,
            known: sum.known + counts.known,
            unchanged: sum.unchanged + counts.unchanged,
            not_analysed: sum.not_analysed + counts.not_analysed,
            ..sum
        })
    }

    /// Whether nothing fails.
    pub fn is_pass(&self) -> bool {
        self.packages.iter().all(Judged::is_pass)
    }

    /// The exit code: 0 or 1.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.is_pass())
    }

    /// The line and column of an offset in the file of a place.
    pub fn place(&self, at: At, offset: usize) -> Place {
        let index = at.file().index();
        self.text(index).map_or(Place { line: 1, column: 1 }, |(text, lines)| lines.place(&text.bytes, offset))
    }

    /// The name of a text.
    pub fn name(&self, file: usize) -> &str {
        self.texts.get(file).map_or("", |text| text.name.as_str())
    }

    /// The scripts of a package of which nothing is at deny; what the gate excuses is.
    pub fn approve(&self, package: &str) -> Option<Approved> {
        let judged = self.packages.iter().find(|judged| judged.name == package).filter(|judged| judged.is_sound)?;
        let texts = judged.files.iter().filter_map(|file| self.texts.get(*file));
        let files: Vec<(String, Vec<u8>)> = texts.map(|text| (text.name.clone(), text.bytes.to_vec())).collect();
        let hashes = files.iter().map(|(name, bytes)| (name.clone(), manifest::digest(bytes))).collect();
        let digest = manifest::digest(manifest::write(&hashes).as_bytes());
        Some(Approved { package: judged.name.clone(), files, digest })
    }
}

impl Judged {
    /// Whether nothing fails: nothing is at deny that counts, or at warn where that fails.
    pub const fn is_pass(&self) -> bool {
        self.is_pass
    }

    /// The findings that a report shows: those that count.
    pub fn shown(&self) -> impl Iterator<Item = &Opinion> {
        self.findings.iter().filter(|opinion| opinion.counts())
    }
}

impl Opinion {
    /// Whether it is neither silenced nor excused nor at allow.
    pub fn counts(&self) -> bool {
        self.silenced.is_none() && self.excused.is_none() && self.level != Level::Allow
    }

    /// Whether it says that something was not analysed.
    pub fn is_blind(&self) -> bool {
        BLIND.contains(&self.finding.rule)
    }
}

impl Approved {
    /// The name of the package.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The names and bytes of its scripts, ordered by name.
    pub fn files(&self) -> &[(String, Vec<u8>)] {
        &self.files
    }

    /// The SHA-256 of what `sha256sum` prints for the scripts, ordered by name.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::source::Span;

    const CONFIG: &str = "[levels]\nsilence-without-reason = \"warn\"\n[[package]]\nname = \"p\"\nroot = \"\"\ndatabase = \"d\"\n\
                          levels = { idle-silence = \"allow\" }\n";

    fn config() -> Config {
        Config::parse("lint.toml", CONFIG).expect("sound")
    }

    fn script(name: &str, text: &str) -> Text {
        Text { name: name.to_owned(), bytes: text.as_bytes().into(), statements: Some(1) }
    }

    fn finding(rule: &'static str, file: usize, start: usize, message: &str) -> Finding {
        Finding::new(rule, At::new(FileId::new(file), Span::new(start, start + 1)), message, "")
    }

    fn judge(texts: Vec<Text>, findings: Vec<Finding>) -> Verdict {
        let files: Vec<usize> = (0..texts.len()).filter(|index| texts[*index].statements.is_some()).collect();
        let packages = vec![Linted { name: "p".to_owned(), release: files.clone(), files, findings }];
        Verdict::new(Outcome { texts, packages }, &config()).expect("something was analysed")
    }

    #[test]
    fn what_is_at_deny_and_not_silenced_fails() {
        let at_deny = || vec![finding("unheard-of", 0, 0, "m")];
        let verdict = judge(vec![script("a.sql", "SELECT 1;")], at_deny());
        assert_eq!((verdict.is_pass(), verdict.exit_code(), verdict.approve("p")), (false, 1, None));
        let verdict = judge(vec![script("a.sql", "SELECT 1;")], Vec::new());
        assert_eq!((verdict.is_pass(), verdict.exit_code()), (true, 0));
        let verdict = judge(vec![script("a.sql", "SELECT 1; -- roof-lint: allow(unheard-of): x")], at_deny());
        // There is no such rule, so nothing is silenced.
        assert_eq!((verdict.is_pass(), verdict.packages()[0].counts.denied), (false, 1));
    }

    #[test]
    fn levels_come_from_the_package_then_from_the_file_then_from_the_rule() {
        let findings = vec![finding("silence-without-reason", 0, 0, "m"), finding("idle-silence", 0, 3, "m")];
        let texts = vec![script("a.sql", "SELECT 1;"), Text { statements: None, ..script("lint.toml", CONFIG) }];
        let verdict = judge(texts, findings);
        let counts = verdict.packages()[0].counts;
        assert_eq!((counts.denied, counts.warned, counts.allowed, verdict.is_pass()), (0, 1, 1, true));
        let set_at = verdict.packages()[0].findings[0].set_at.expect("lint.toml sets it");
        assert_eq!(set_at.span().of(CONFIG.as_bytes()), b"\"warn\"");
        assert_eq!(verdict.packages()[0].shown().count(), 1);
    }

    #[test]
    fn order_does_not_depend_on_the_order_of_findings() {
        let texts = || vec![script("b.sql", "SELECT 1;"), script("a.sql", "SELECT 1;")];
        let all = [("r", 0, 0, "m"), ("r", 1, 5, "m"), ("r", 1, 2, "n"), ("r", 1, 2, "m"), ("q", 1, 2, "z")];
        let list = |findings: Vec<Finding>| {
            let verdict = judge(texts(), findings);
            let opinions = verdict.packages()[0].findings.iter();
            let shown = |finding: &Finding| {
                format!("{} {} {}", verdict.name(finding.primary.at.file().index()), finding.rule, finding.message)
            };
            opinions.map(|opinion| shown(&opinion.finding)).collect::<Vec<_>>()
        };
        let made = |all: Vec<&(&'static str, usize, usize, &str)>| {
            all.iter().map(|(r, f, s, m)| finding(r, *f, *s, m)).collect()
        };
        let forwards = list(made(all.iter().collect()));
        assert_eq!(forwards, ["a.sql q z", "a.sql r m", "a.sql r n", "a.sql r m", "b.sql r m"]);
        assert_eq!(forwards, list(made(all.iter().rev().collect())));
    }

    #[test]
    fn what_was_not_analysed_is_counted_even_where_it_is_silenced() {
        let verdict = judge(vec![script("a.sql", "SELECT 1;")], vec![finding("syntax-error", 0, 0, "m")]);
        assert_eq!(verdict.counts().not_analysed, 1);
    }

    #[test]
    fn nothing_is_not_a_pass() {
        let fault = |texts: Vec<Text>, files: Vec<usize>| {
            let packages = vec![Linted { name: "p".to_owned(), release: files.clone(), files, findings: Vec::new() }];
            Verdict::new(Outcome { texts, packages }, &config()).expect_err("nothing was analysed").to_string()
        };
        assert_eq!(fault(Vec::new(), Vec::new()), "nothing was analysed: the release of package \"p\" has no script");
        let empty = Text { statements: Some(0), ..script("a.sql", "") };
        assert_eq!(fault(vec![empty], vec![0]), "nothing was analysed: the release of package \"p\" has no statement");
        let nothing = Outcome { texts: Vec::new(), packages: Vec::new() };
        assert!(Verdict::new(nothing, &config()).is_err());
    }

    #[test]
    fn an_approval_holds_the_bytes_and_the_digest_of_their_manifest() {
        let verdict = judge(vec![script("b.sql", "SELECT 2;"), script("a.sql", "SELECT 1;")], Vec::new());
        let approved = verdict.approve("p").expect("it passes");
        let names: Vec<&str> = approved.files().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((approved.package(), names), ("p", vec!["a.sql", "b.sql"]));
        let list = format!("{}  a.sql\n{}  b.sql\n", manifest::digest(b"SELECT 1;"), manifest::digest(b"SELECT 2;"));
        assert_eq!(approved.digest(), manifest::digest(list.as_bytes()));
        assert_eq!(verdict.approve("q"), None);
    }

    #[test]
    fn a_suppression_of_a_shared_file_is_used_by_either_package() {
        let text = "SELECT 1; -- roof-lint: allow(silence-without-reason): it is meant\nSELECT 2; -- roof-lint: allow(idle-silence): x\n";
        let texts = || vec![script("a.sql", text)];
        let linted =
            |name: &str, findings| Linted { name: name.to_owned(), files: vec![0], release: vec![0], findings };
        let packages = vec![linted("p", Vec::new()), linted("q", vec![finding("silence-without-reason", 0, 0, "m")])];
        let verdict = Verdict::new(Outcome { texts: texts(), packages }, &config()).expect("something was analysed");
        let [p, q] = verdict.packages() else { panic!("there are two") };
        assert_eq!((p.counts.allowed, q.counts.silenced), (1, 1));
        // With one package of two nobody can tell what is idle.
        let two =
            Config::parse("lint.toml", &format!("{CONFIG}[[package]]\nname = \"q\"\nroot = \"\"\ndatabase = \"d\"\n"));
        let outcome = Outcome { texts: texts(), packages: vec![linted("p", Vec::new())] };
        let verdict = Verdict::new(outcome, &two.expect("sound")).expect("something was analysed");
        assert_eq!(verdict.packages()[0].findings.len(), 0);
    }
}

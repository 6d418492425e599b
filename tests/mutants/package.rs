//! The package in memory: the texts under `sql/` and `lint.toml`, what each script is for, and
//! its transactions. A mutant is the same package with some texts changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use roof_lint::config::Config;

use crate::text::{self, Block, If, Statement};

/// The manifest, from the repository's root.
pub(crate) const MANIFEST: &str = "sql/manifest-sha256.txt";
/// What psql is told, beside `ON_ERROR_STOP`.
pub(crate) const APR: &str = "ratified_apr=APR-2026-0211";

/// Texts by path from the repository's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub files: BTreeMap<String, String>,
}

/// What a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Tier(u32),
    /// Undoes one tier.
    Undo,
    FullRollback,
}

/// One transaction of a script that changes the database.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub package: String,
    pub role: Role,
    pub path: String,
    /// Tells it from the others of the script: `tier=4` in the per-tier rollback.
    pub undo: Option<String>,
    pub begin: Range<usize>,
    pub commit: Range<usize>,
    /// Everything between.
    pub statements: Vec<Statement>,
    /// The DO blocks before the first change.
    pub guards: Vec<Block>,
    /// The DO block after the last change.
    pub check: Option<Block>,
    /// The changes, the first and the last of them not empty.
    pub changes: Vec<Statement>,
}

/// What an IF that raises stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    /// The only database in which this may run.
    Database,
    /// A human ratified it.
    Gate,
    /// `stops-unless` of the tier.
    Entry,
    /// `leaves` of the tier.
    Outcome,
}

/// An IF that raises, and what demands it.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub demand: Demand,
    pub work: Work,
    pub block: Block,
    pub check: If,
}

/// A DELETE of rows of a release.
pub(crate) struct Delete {
    pub work: Work,
    pub statement: Statement,
    pub table: String,
    pub condition: String,
    /// The column that bears the tag, and the tag with its quotes.
    pub column: String,
    pub tag: String,
}

/// The package with something changed.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// What was done, and where.
    pub what: String,
    /// The texts that changed; none: the file is gone.
    pub files: BTreeMap<String, Option<String>>,
    /// Whether the manifest stays as it was.
    pub stale: bool,
    /// The script to run on PostgreSQL, and psql's variable for it.
    pub script: String,
    pub undo: Option<String>,
}

impl Mutant {
    /// A mutant in which one script has another text.
    pub(crate) fn new(path: &str, what: impl Into<String>, text: String) -> Self {
        let files = BTreeMap::from([(path.to_owned(), Some(text))]);
        Self { what: what.into(), files, stale: false, script: path.to_owned(), undo: None }
    }

    /// The same in a transaction.
    pub(crate) fn of(work: &Work, what: impl Into<String>, text: String) -> Self {
        let what: String = what.into();
        let what = format!("{}: {what}", work.name());
        Self { undo: work.undo.clone(), ..Self::new(&work.path, what, text) }
    }

    /// With another file changed as well.
    #[must_use]
    pub(crate) fn and(mut self, path: &str, text: Option<String>) -> Self {
        self.files.insert(path.to_owned(), text);
        self
    }
}

impl Package {
    /// What is in the repository.
    pub(crate) fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(root.join("sql")) {
            let entry = entry.expect("sql/ can be walked");
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(root).expect("below the root").to_str().expect("a plain name");
                files.insert(path.to_owned(), fs::read_to_string(entry.path()).expect("text"));
            }
        }
        files.insert("lint.toml".to_owned(), fs::read_to_string(root.join("lint.toml")).expect("lint.toml"));
        Self { files }
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.get(path).unwrap_or_else(|| panic!("there is no {path}"))
    }

    /// The package that a mutant makes of this one.
    pub(crate) fn with(&self, mutant: &Mutant) -> Self {
        let mut changed = self.clone();
        for (path, text) in &mutant.files {
            match text {
                Some(text) => changed.files.insert(path.clone(), text.clone()),
                None => changed.files.remove(path),
            };
        }
        changed
    }

    /// Writes everything below a directory; unless the manifest is `stale`, it is made anew.
    pub(crate) fn write(&self, directory: &Path, stale: bool) {
        for (path, text) in &self.files {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        if !stale {
            let manifest = Path::new(MANIFEST).file_name().and_then(|name| name.to_str()).expect("a name");
            let hashes = roof_lint::manifest::hash(&directory.join("sql"), manifest).expect("hashes");
            fs::write(directory.join(MANIFEST), roof_lint::manifest::write(&hashes)).expect("a manifest");
        }
    }

    /// The scripts of psql.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter().filter(|(path, _)| path.as_bytes().ends_with(b".sql"))
    }

    /// `lint.toml`, read.
    pub(crate) fn config(&self) -> Config {
        Config::parse("lint.toml", self.text("lint.toml")).expect("lint.toml is sound")
    }

    /// The executor of a package.
    pub(crate) fn executor(&self, name: &str) -> String {
        let config = self.config();
        let package = config.package(name).expect("the package");
        package.path(package.executor.as_ref().expect("an executor"))
    }

    /// The scripts that only read, with the preflight.
    pub(crate) fn readers(&self) -> BTreeSet<String> {
        let config = self.config();
        let of = |package: &roof_lint::config::Package| {
            package.preflight.iter().chain(&package.verify).map(|file| package.path(file)).collect::<Vec<_>>()
        };
        config.packages.iter().flat_map(of).collect()
    }

    /// The scripts that change the database, in the order of `lint.toml`.
    pub(crate) fn changers(&self) -> Vec<(String, Role, String)> {
        let mut found: Vec<(String, Role, String)> = Vec::new();
        for package in &self.config().packages {
            let mut add = |role, file| {
                let path = package.path(file);
                if !found.iter().any(|(_, _, known)| *known == path) {
                    found.push((package.name.get_ref().clone(), role, path));
                }
            };
            for tier in &package.tier {
                add(Role::Tier(*tier.number.get_ref()), &tier.file);
                tier.rollback.iter().for_each(|file| add(Role::Undo, file));
            }
            package.tier_rollback.iter().for_each(|file| add(Role::Undo, file));
            package.full_rollback.iter().for_each(|file| add(Role::FullRollback, file));
        }
        found
    }

    /// The transactions of the scripts that change the database.
    pub(crate) fn works(&self) -> Vec<Work> {
        let mut works = Vec::new();
        for (package, role, path) in self.changers() {
            let text = self.text(&path);
            let mut open: Option<(Range<usize>, Vec<Statement>)> = None;
            let mut undo = None;
            for statement in text::statements(text) {
                if let Some(name) = statement.text(text).strip_prefix("\\if :undo_") {
                    undo = Some(format!("tier={}", name.trim()));
                }
                if statement.starts(text, "BEGIN") {
                    open = Some((statement.span, Vec::new()));
                } else if statement.starts(text, "COMMIT") {
                    let (begin, statements) = open.take().expect("a BEGIN before the COMMIT");
                    let (package, path) = (package.clone(), path.clone());
                    works.push(work(text, (package, role, path, undo.clone()), begin, statement.span, statements));
                } else if let Some((_, statements)) = &mut open {
                    statements.push(statement);
                }
            }
        }
        works
    }

    /// The files that a script includes at once.
    pub(crate) fn included(&self, path: &str) -> Vec<String> {
        let Some((text, (directory, _))) = self.files.get(path).zip(path.rsplit_once('/')) else { return Vec::new() };
        let all = text::statements(text).into_iter();
        let included =
            all.filter_map(|one| Some(format!("{directory}/{}", one.text(text).strip_prefix("\\ir ")?.trim())));
        included.filter(|file| self.files.contains_key(file)).collect()
    }

    /// The transactions of the tiers.
    pub(crate) fn tiers(&self) -> Vec<Work> {
        self.works().into_iter().filter(|work| matches!(work.role, Role::Tier(_))).collect()
    }

    /// The transactions that undo.
    pub(crate) fn rollbacks(&self) -> Vec<Work> {
        self.works().into_iter().filter(|work| !matches!(work.role, Role::Tier(_))).collect()
    }

    /// The IFs that `lint.toml` demands, and that nothing else makes up for.
    pub(crate) fn guards(&self) -> Vec<Guard> {
        let config = self.config();
        let mut found: Vec<Guard> = Vec::new();
        for work in self.works() {
            let text = self.text(&work.path);
            let package = config.package(&work.package).expect("the package");
            let number = if let Role::Tier(number) = work.role { Some(number) } else { None };
            let tier = package.tier.iter().find(|tier| Some(*tier.number.get_ref()) == number);
            let blocks = work.guards.iter().map(|block| (block, false)).chain(work.check.iter().map(|b| (b, true)));
            for (block, is_check) in blocks {
                for check in &block.ifs {
                    if check.depth > 0 || !text[check.then.clone()].trim_start().starts_with("RAISE EXCEPTION") {
                        continue;
                    }
                    let demand = if is_check {
                        let leaves = tier.iter().flat_map(|tier| &tier.leaves);
                        let mut leaves = leaves.map(|leaf| (leaf.value.get_ref().as_str(), leaf.is.as_psql()));
                        leaves.any(|(value, is)| meets(text, block, check, value, &is)).then_some(Demand::Outcome)
                    } else {
                        let mut entries = tier.iter().flat_map(|tier| &tier.stops_unless);
                        let is_entry = entries.any(|entry| {
                            let holds = entry.holds.get_ref();
                            meets(text, block, check, holds, &first_literal(holds))
                        });
                        if is_entry { Some(Demand::Entry) } else { demand_of_all(text, block, check, number) }
                    };
                    // What was asked on entry in the same words, and is not touched since, holds anyway.
                    let is_asked_before = |guard: &Guard| {
                        let condition = |check: &If| &text[check.condition.clone()];
                        guard.work.path == work.path
                            && guard.demand == Demand::Entry
                            && condition(&guard.check) == condition(check)
                    };
                    if let Some(demand) = demand.filter(|_| !found.iter().any(is_asked_before)) {
                        let (work, block, check) = (work.clone(), block.clone(), check.clone());
                        found.push(Guard { demand, work, block, check });
                    }
                }
            }
        }
        found
    }

    /// The guards of one kind.
    pub(crate) fn guards_of(&self, demand: Demand) -> Vec<Guard> {
        self.guards().into_iter().filter(|guard| guard.demand == demand).collect()
    }

    /// The DELETEs of the rollbacks, each with its tag.
    pub(crate) fn deletes(&self) -> Vec<Delete> {
        const COLUMNS: [&str; 4] = ["created_by", "origin", "executor_name", "event_domain"];
        let mut found = Vec::new();
        for work in self.rollbacks() {
            let text = self.text(&work.path);
            for statement in work.changes.iter().filter(|statement| statement.starts(text, "DELETE FROM")) {
                let Some(at) = statement.find(text, "WHERE") else { continue };
                let condition = text[statement.tokens[at].span.end..statement.span.end - 1].trim().to_owned();
                let tag = statement.tokens.iter().rev().find(|token| token.kind == text::Kind::Text);
                let column = condition.split([' ', '(']).rfind(|word| COLUMNS.contains(word)).map(str::to_owned);
                if let (Some(tag), Some(column)) = (tag, column) {
                    found.push(Delete {
                        table: statement.nth(text, 2).to_owned(),
                        tag: text[tag.span.clone()].to_owned(),
                        condition,
                        column,
                        work: work.clone(),
                        statement: statement.clone(),
                    });
                }
            }
        }
        found
    }

    /// The statements that create tables and views, by name, each with its file.
    pub(crate) fn creations(&self) -> BTreeMap<String, (String, Statement)> {
        const BETWEEN: [&str; 3] = ["if", "not", "exists"];
        let mut found = BTreeMap::new();
        for (path, text) in self.scripts() {
            for statement in text::statements(text) {
                if statement.starts(text, "CREATE") {
                    let words = text::words(text, statement.span.clone());
                    let at = words.iter().take(5).position(|word| word == "table" || word == "view");
                    let name =
                        at.and_then(|at| words.iter().skip(at + 1).find(|word| !BETWEEN.contains(&word.as_str())));
                    if let Some(name) = name {
                        found.insert(name.clone(), (path.clone(), statement));
                    }
                }
            }
        }
        found
    }

    /// What the definition of each table and view names of the others.
    pub(crate) fn needs(&self) -> BTreeMap<String, BTreeSet<String>> {
        let creations = self.creations();
        let needs = |name: &String, path: &str, statement: &Statement| {
            let words = text::words(self.text(path), statement.span.clone());
            words.into_iter().filter(|word| word != name && creations.contains_key(word)).collect()
        };
        creations.iter().map(|(name, (path, statement))| (name.clone(), needs(name, path, statement))).collect()
    }
}

impl Work {
    /// The script, and which of its transactions it is.
    pub(crate) fn name(&self) -> String {
        self.undo.as_ref().map_or_else(|| self.path.clone(), |undo| format!("{} ({undo})", self.path))
    }

    /// The tier that it does or undoes.
    pub(crate) fn number(&self) -> Option<u32> {
        match self.role {
            Role::Tier(number) => Some(number),
            _ => self.undo.as_ref()?.strip_prefix("tier=")?.parse().ok(),
        }
    }

    /// Where a change can be added: before the check, or before COMMIT.
    pub(crate) fn end(&self) -> usize {
        self.check.as_ref().map_or(self.commit.start, |check| check.span.start)
    }

    /// The first change.
    pub(crate) fn first(&self) -> &Statement {
        self.changes.first().expect("a transaction that changes something")
    }

    /// The last change.
    pub(crate) fn last(&self) -> &Statement {
        self.changes.last().expect("a transaction that changes something")
    }
}

fn work(
    text: &str,
    (package, role, path, undo): (String, Role, String, Option<String>),
    begin: Range<usize>,
    commit: Range<usize>,
    statements: Vec<Statement>,
) -> Work {
    let changes: Vec<Statement> = statements.iter().filter(|statement| is_change(text, statement)).cloned().collect();
    let first = changes.first().map_or(commit.start, |statement| statement.span.start);
    let last = changes.last().map_or(commit.start, |statement| statement.span.end);
    let blocks = |from: usize, to: usize| {
        let within = statements.iter().filter(move |one| one.span.start >= from && one.span.end <= to);
        within.filter_map(|statement| statement.block(text)).collect::<Vec<_>>()
    };
    let (guards, check) = (blocks(begin.end, first), blocks(last, commit.start).pop());
    Work { package, role, path, undo, begin, commit, statements, guards, check, changes }
}

fn is_change(text: &str, statement: &Statement) -> bool {
    const CHANGES: [&str; 7] = ["insert", "update", "delete", "truncate", "create", "drop", "alter"];
    let first = statement.nth(text, 0).to_ascii_lowercase();
    match first.as_str() {
        "do" => statement
            .block(text)
            .is_some_and(|block| text::words(text, block.body).iter().any(|word| CHANGES.contains(&word.as_str()))),
        "select" => statement.nth(text, 1).starts_with("fn_"),
        first => first.starts_with("\\ir") || CHANGES.contains(&first),
    }
}

/// The guard that every transaction needs.
fn demand_of_all(text: &str, block: &Block, check: &If, tier: Option<u32>) -> Option<Demand> {
    let words = text::words(text, check.condition.clone());
    let has = |word: &str| words.iter().any(|found| found == word);
    if has("current_database") {
        return Some(Demand::Database);
    }
    let counts = |other: &If| {
        let words = text::words(text, other.condition.clone());
        words.contains(&"os_proposal_approvals".to_owned())
    };
    // Where a ratification of this very request is asked for as well, either will do.
    let is_only = block.ifs.iter().filter(|other| counts(other)).count() == 1;
    (tier.is_some() && has("count") && counts(check) && is_only).then_some(Demand::Gate)
}

/// Whether an IF raises unless an expression of `lint.toml` has its value: it names the same
/// relations and columns, directly or by a variable, and the same value.
fn meets(text: &str, block: &Block, check: &If, expression: &str, value: &str) -> bool {
    const GRAMMAR: [&str; 12] =
        ["select", "count", "from", "where", "and", "or", "exists", "not", "created_by", "public", "as", "is"];
    let condition = text::words(text, check.condition.clone());
    let declared = declared(text, block);
    let direct: BTreeSet<&str> = condition.iter().map(String::as_str).collect();
    let by_variable: BTreeSet<&str> = condition
        .iter()
        .filter_map(|word| declared.iter().find(|(name, _)| name == word))
        .flat_map(|(_, words)| words.iter().map(String::as_str))
        .collect();
    let wanted = text::words(expression, 0..expression.len());
    // Of alternatives the first is what the guard looks at.
    let wanted = wanted.split(|word| word == "or").next().unwrap_or_default();
    let named = wanted
        .iter()
        .filter(|word| !GRAMMAR.contains(&word.as_str()))
        .all(|word| direct.contains(word.as_str()) || by_variable.contains(word.as_str()));
    let literals: Vec<&str> =
        text::significant(text, check.condition.clone()).into_iter().map(|token| &text[token.span]).collect();
    let is_none = value == "0" && condition.contains(&"exists".to_owned()) && !condition.contains(&"not".to_owned());
    // "And" of a variable that only some states set is another demand.
    let zero_first =
        value == "0" && literals.iter().filter(|word| word.chars().all(|c| c.is_ascii_digit())).any(|n| *n != "0");
    named && !zero_first && (is_none || literals.contains(&value))
}

/// The variables of a block with the words of what they are set to.
fn declared(text: &str, block: &Block) -> Vec<(String, Vec<String>)> {
    text[block.body.start..block.begin.start]
        .split(";\n")
        .filter_map(|line| {
            let (head, value) = line.split_once(":=")?;
            let name = text::words(head, 0..head.len()).into_iter().find(|word| word != "declare")?;
            Some((name, text::words(value, 0..value.len())))
        })
        .collect()
}

fn first_literal(expression: &str) -> String {
    let tokens = text::significant(expression, 0..expression.len());
    let is_literal = |token: &&text::Token| matches!(token.kind, text::Kind::Text | text::Kind::Number);
    tokens.iter().find(is_literal).map_or(String::new(), |token| expression[token.span.clone()].to_owned())
}

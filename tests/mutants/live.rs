//! A throw-away PostgreSQL on which mutants show that they do harm. The states before and
//! after each script of the unchanged package are kept as databases of their own.

use std::collections::BTreeMap;
use std::path::Path;

use roof_lint::cluster::{Cluster, SUPERUSER};
use roof_lint::rehearse::{Changes, State};

use crate::package::{APR, Mutant, Package, Role, Work};
use crate::text::{edit, statements};

/// How PostgreSQL shows what a mutant does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Nobody has ratified, and the tier changes the database all the same.
    GateShut,
    /// It is another database, and it is changed all the same.
    WrongDatabase,
    /// A failure at the end leaves a part of the changes.
    HalfStays,
    /// The script ends well and has done nothing.
    NothingDone,
    /// The script fails where the unchanged one does not.
    Fails,
    /// A row that is not the release's dies, or the rollback fails over it.
    StrangerDies,
    /// The second run fails.
    FailsAgain,
    /// The second run changes something.
    ChangesAgain,
    /// The rollback fails, or the state is not the one before the tier.
    Residue,
    /// What the tier makes is still there after its unchanged rollback.
    Leftover,
    /// A row of `apr_action_types` is gone, or the script fails in taking it.
    ProtectedRowDies,
    /// A script that only reads changes something, or is stopped from it.
    ReaderWrites,
    /// The tier adds another number of rows or objects, or notices it and fails.
    OtherDelta,
    /// The timeout is not in force before COMMIT.
    NoTimeout,
}

/// The database of the release.
const DATABASE: &str = "directus";
/// Ratifies the release by those who have ratified Phase 1.
const RATIFY: &str = "INSERT INTO os_proposal_approvals SELECT 'APR-2026-0211', level, ratified_by, ratified_at FROM os_proposal_approvals";
/// Rows of somebody else, beside those of the release.
const STRANGERS: &str = "
INSERT INTO axis_registry (axis_code, title, purpose, value_source, requirement_source, created_by)
VALUES ('alien', 'a', 'b', 'assignment', 'coverage_rule', 'SOMEBODY_ELSE_2026-06-03');
INSERT INTO axis_value (axis_code, value_code, title, source_ref, created_by)
VALUES ('alien', 'v', 't', 'r', 'SOMEBODY_ELSE_2026-06-03');
INSERT INTO coverage_rule (rule_code, axis_code, title, selects, created_by)
VALUES ('CR-ALIEN', 'alien', 't', 'container', 'SOMEBODY_ELSE_2026-06-03');
INSERT INTO axis_assignment (axis_code, object_code, value_code, evidence, created_by)
SELECT 'alien', min(object_code), 'v', 'e', 'SOMEBODY_ELSE_2026-06-03' FROM governance_object;
INSERT INTO axis_object_ownership (axis_code, object_code, scope_code, created_by)
SELECT 'alien', min(object_code), (SELECT min(scope_code) FROM governance_responsibility_scope), 'SOMEBODY_ELSE_2026-06-03'
FROM governance_object;
INSERT INTO governance_object_ownership (object_code, scope_code, ownership_role, ratified_apr, created_by)
SELECT min(object_code), (SELECT min(scope_code) FROM governance_responsibility_scope), 'consulted', 'APR-2026-0211',
       'SOMEBODY_ELSE_2026-06-03'
FROM governance_object;
";
/// How many rows are not the release's.
const COUNT_STRANGERS: &str = "
SELECT (SELECT count(*) FROM axis_registry WHERE created_by LIKE 'SOMEBODY%')
     + (SELECT count(*) FROM axis_value WHERE created_by LIKE 'SOMEBODY%')
     + (SELECT count(*) FROM coverage_rule WHERE created_by LIKE 'SOMEBODY%')
     + (SELECT count(*) FROM axis_assignment WHERE created_by LIKE 'SOMEBODY%')
     + (SELECT count(*) FROM axis_object_ownership WHERE created_by LIKE 'SOMEBODY%')
     + (SELECT count(*) FROM governance_object_ownership WHERE created_by LIKE 'SOMEBODY%')
     + (SELECT count(*) FROM b_document_label) + (SELECT count(*) FROM governance_relations)
     + (SELECT count(*) FROM queue_heartbeat WHERE executor_name NOT LIKE 'gov\\_%')
     + (SELECT count(*) FROM evolution_snapshots WHERE origin <> 'governance_ruleset')
     + (SELECT count(*) FROM event_type_registry WHERE event_domain <> 'governance')";

/// One PostgreSQL with the states of the unchanged package.
pub(crate) struct Stage {
    cluster: Cluster,
    package: Package,
    works: Vec<Work>,
    /// The unchanged package on disk.
    directory: tempfile::TempDir,
    /// The changes that each tier makes, by its script.
    changes: BTreeMap<String, Changes>,
}

impl Stage {
    /// Builds the clone from nothing and runs both packages, keeping each state on the way:
    /// `before:<script>` and `after:<script>`, the rollbacks by `undo:<script>:<setting>`.
    pub(crate) fn new(package: &Package) -> Self {
        let cluster = Cluster::start().expect("PostgreSQL starts");
        let directory = tempfile::tempdir().expect("a directory");
        package.write(directory.path(), false);
        let works = package.works();
        let mut stage = Self { cluster, package: package.clone(), works, directory, changes: BTreeMap::new() };
        stage.prepare();
        stage
    }

    fn prepare(&mut self) {
        self.must(self.run_as(
            SUPERUSER,
            "postgres",
            self.directory.path(),
            "sql/clone_revalidation/create_roles.sql",
            &[],
        ));
        self.cluster
            .sql("postgres", &format!("CREATE DATABASE {DATABASE} OWNER workflow_admin;\nCOMMENT ON DATABASE {DATABASE} IS 'roof-lint clone';"))
            .expect("a database");
        self.apply("sql/clone_revalidation/build_substrate.sql", &[]);
        self.apply("sql/clone_revalidation/ratify_on_clone.sql", &["ratified_apr=APR-2026-0097"]);
        for name in ["phase-1", "one-roof"] {
            if name == "one-roof" {
                self.apply("sql/clone_revalidation/ratify_on_clone.sql", &[APR]);
                self.keep("clone");
            }
            // Without statistics the planner guesses, and badly.
            self.sql("ANALYZE");
            let tiers: Vec<String> = self
                .works
                .iter()
                .filter(|work| work.package == name && matches!(work.role, Role::Tier(_)))
                .map(|work| work.path.clone())
                .collect();
            for path in tiers {
                self.keep(&format!("before:{path}"));
                let before = self.state();
                self.apply(&path, &[APR]);
                self.changes.insert(path.clone(), Changes::between(&before, &self.state()));
                self.keep(&format!("after:{path}"));
            }
            if name == "phase-1" {
                self.keep("phase-1");
            }
        }
        self.keep("complete");
    }

    fn keep(&self, name: &str) {
        self.cluster.copy_database(DATABASE, name).expect("a copy");
    }

    fn restore(&self, name: &str) {
        self.cluster.copy_database(name, DATABASE).expect("a copy");
    }

    fn apply(&self, script: &str, settings: &[&str]) {
        let run = self.run_as("workflow_admin", DATABASE, self.directory.path(), script, settings);
        self.must(run);
    }

    #[track_caller]
    fn must(&self, run: Result<String, String>) {
        let _ = &self.cluster;
        run.unwrap_or_else(|stderr| panic!("the unchanged package fails\n{stderr}"));
    }

    /// What a script prints, or how it fails.
    fn run_as(
        &self,
        role: &str,
        database: &str,
        directory: &Path,
        script: &str,
        settings: &[&str],
    ) -> Result<String, String> {
        let mut command = self.cluster.psql(database);
        command.args(["-U", role, "-v", "ON_ERROR_STOP=1"]);
        for setting in settings {
            command.args(["-v", setting]);
        }
        let run = Cluster::capture(command.args(["-f", script]).current_dir(directory)).expect("psql runs");
        if run.is_success() { Ok(run.stdout) } else { Err(run.stderr) }
    }

    fn state(&self) -> State {
        State::take(&self.cluster, DATABASE).expect("counts")
    }

    fn dump(&self) -> Vec<u8> {
        self.cluster.dump(DATABASE).expect("a dump")
    }

    /// Runs a whole package, forth and back, and returns the dumps without their times: after
    /// Phase 1, after the release, after each rollback. For rewrites that change nothing.
    pub(crate) fn round_trip(&self, package: &Package) -> Result<Vec<(&'static str, String)>, String> {
        let journey = self.depart(package);
        let mut dumps = Vec::new();
        let mut go = |what: &'static str, script: &str, settings: &[&str], keep: bool| {
            self.go(&journey, what, script, settings)?;
            if keep {
                dumps.push((what, self.timeless()));
            }
            Ok::<_, String>(())
        };
        go("Phase 1", "sql/phase1/99_run_all.sql", &[], false)?;
        self.sql(RATIFY);
        go("the release", "sql/prod/99_run_all.sql", &[APR], true)?;
        for script in self.package.readers() {
            go("a script that reads", &script, &[APR], false)?;
        }
        go("tier by tier back", "sql/prod_rollback/per_tier_rollback.sql", &["tier=all"], true)?;
        go("back", "sql/prod_rollback/99_rollback_full.sql", &[], false)?;
        go("Phase 1 back", "sql/phase1_rollback/99_rollback_all.sql", &[], true)?;
        Ok(dumps)
    }

    /// The same with every part run twice, and with a dump after each time.
    pub(crate) fn twice(&self, package: &Package) -> Result<Vec<(&'static str, String)>, String> {
        let journey = self.depart(package);
        let mut dumps = Vec::new();
        let mut go = |what: &'static str, script: &str, settings: &[&str]| {
            for _ in 0..2 {
                self.go(&journey, what, script, settings)?;
                dumps.push((what, self.timeless()));
            }
            Ok::<_, String>(())
        };
        go("Phase 1", "sql/phase1/99_run_all.sql", &[])?;
        self.sql(RATIFY);
        go("the release", "sql/prod/99_run_all.sql", &[APR])?;
        go("tier by tier back", "sql/prod_rollback/per_tier_rollback.sql", &["tier=all"])?;
        go("back", "sql/prod_rollback/99_rollback_full.sql", &[])?;
        go("Phase 1 back", "sql/phase1_rollback/99_rollback_all.sql", &[])?;
        Ok(dumps)
    }

    /// Writes a package, and restores the database to what it was before Phase 1.
    fn depart(&self, package: &Package) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        package.write(directory.path(), false);
        let first = self.works.iter().find(|work| work.package == "phase-1").expect("Phase 1");
        self.restore(&format!("before:{}", first.path));
        directory
    }

    /// Runs a script of that package, which has to go well.
    fn go(&self, journey: &tempfile::TempDir, what: &str, script: &str, settings: &[&str]) -> Result<(), String> {
        let run = self.run_as("workflow_admin", DATABASE, journey.path(), script, settings);
        run.map(drop).map_err(|stderr| format!("{what}: {script}: {stderr}"))
    }

    /// A dump without its times.
    fn timeless(&self) -> String {
        without_times(&String::from_utf8_lossy(&self.dump()))
    }

    /// Runs a mutant and says what harm it does not do.
    pub(crate) fn shows(&self, harm: Harm, mutant: &Mutant) -> Result<(), String> {
        let directory = tempfile::tempdir().expect("a directory");
        self.package.with(mutant).write(directory.path(), mutant.stale);
        let work = self.works.iter().find(|work| work.path == mutant.script && work.undo == mutant.undo);
        let run = |script: &str| {
            let mut settings = vec![APR];
            settings.extend(mutant.undo.as_deref());
            self.run_as("workflow_admin", DATABASE, directory.path(), script, &settings)
        };
        let seen = |is_seen: bool, what: &str| if is_seen { Ok(()) } else { Err(what.to_owned()) };
        self.enter(work, &mutant.script);
        match harm {
            Harm::GateShut => {
                self.sql("TRUNCATE os_proposal_approvals");
                let before = self.dump();
                run(&mutant.script).map_err(|stderr| format!("it fails: {stderr}"))?;
                seen(before != self.dump(), "it changes nothing")
            }
            Harm::WrongDatabase => {
                for name in ["elsewhere", "directus_2", "directus_clone"] {
                    self.cluster.copy_database(DATABASE, name).expect("a copy");
                    let before = self.cluster.dump(name).expect("a dump");
                    let mut settings = vec![APR];
                    settings.extend(mutant.undo.as_deref());
                    let done = self.run_as("workflow_admin", name, directory.path(), &mutant.script, &settings).is_ok();
                    let is_changed = before != self.cluster.dump(name).expect("a dump");
                    self.cluster.sql("postgres", &format!("DROP DATABASE {name}")).expect("dropped");
                    if done && is_changed {
                        return Ok(());
                    }
                }
                Err("it refuses, or changes nothing".to_owned())
            }
            Harm::HalfStays => {
                let path = directory.path().join(&mutant.script);
                let text = std::fs::read_to_string(&path).expect("the script");
                let blows = "DO $stop$ BEGIN RAISE EXCEPTION 'the lights went out'; END $stop$;\n";
                // In front of the COMMIT of the very transaction.
                let commits: Vec<usize> = statements(&text)
                    .iter()
                    .filter(|one| one.starts(&text, "COMMIT ;"))
                    .map(|one| one.span.start)
                    .collect();
                let of_file = self.works.iter().filter(|other| other.path == mutant.script).map(|other| &other.undo);
                let from_the_end =
                    of_file.collect::<Vec<_>>().iter().rev().position(|undo| **undo == mutant.undo).unwrap_or(0);
                let at = commits.iter().rev().nth(from_the_end).copied().unwrap_or(text.len());
                std::fs::write(&path, edit(&text, &[(at..at, blows.to_owned())])).expect("a script");
                let before = self.dump();
                let done = run(&mutant.script);
                seen(done.is_err() && before != self.dump(), "nothing of it stays")
            }
            Harm::NothingDone => {
                let before = self.dump();
                run(&mutant.script).map_err(|stderr| format!("it fails: {stderr}"))?;
                seen(before == self.dump(), "it has done its work")
            }
            Harm::Fails => seen(run(&mutant.script).is_err(), "it does not fail"),
            Harm::StrangerDies => {
                let before = self.strangers();
                let done = run(&mutant.script);
                let after =
                    self.cluster.sql(DATABASE, COUNT_STRANGERS).map(|count| count.parse::<i64>().expect("a count"));
                seen(after.as_ref().is_ok_and(|after| *after < before) || done.is_err(), "all are still there")
            }
            Harm::FailsAgain => {
                let script = work.map_or_else(|| runner_of(&mutant.script), |work| work.path.clone());
                let first = run(&script);
                let again = run(&script);
                // Some fail at once.
                seen(first.is_err() || again.is_err(), "it can run again")
            }
            Harm::ChangesAgain => {
                run(&mutant.script).map_err(|stderr| format!("it fails at once: {stderr}"))?;
                let before = self.dump();
                seen(run(&mutant.script).is_err() || before != self.dump(), "the second run changes nothing")
            }
            Harm::Residue => {
                let target = self.target(work);
                let done = run(&mutant.script);
                let expected = self.cluster.dump(&target).expect("a dump");
                seen(done.is_err() || expected != self.dump(), "all is as before the tier")
            }
            Harm::Leftover => {
                let before = self.dump();
                let done = run(&mutant.script).is_ok();
                let undone = self.undo(work, directory.path());
                seen(!done || !undone || before != self.dump(), "nothing is left")
            }
            Harm::ProtectedRowDies => {
                let count = "SELECT count(*) FROM apr_action_types";
                let before = self.sql(count);
                let done = run(&mutant.script);
                let after = self.cluster.sql(DATABASE, count);
                seen(done.is_err() || after.is_err() || after.is_ok_and(|after| after != before), "all rows are there")
            }
            Harm::ReaderWrites => {
                let before = self.dump();
                let done = run(&mutant.script);
                seen(done.is_err() || before != self.dump(), "it only reads")
            }
            Harm::OtherDelta => {
                let before = self.state();
                let done = run(&mutant.script);
                let changes = Changes::between(&before, &self.state());
                seen(done.is_err() || self.changes.get(&mutant.script) != Some(&changes), "it adds what it should")
            }
            Harm::NoTimeout => {
                let path = directory.path().join(&mutant.script);
                let text = std::fs::read_to_string(&path).expect("the script");
                let setting = ["lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout"];
                let setting = setting.into_iter().find(|name| mutant.what.ends_with(name)).expect("a timeout");
                let probe = format!("SELECT 'timeout=' || current_setting('{setting}');\n");
                let all: Vec<usize> = statements(&text)
                    .iter()
                    .filter(|one| one.starts(&text, "COMMIT ;"))
                    .map(|one| one.span.start)
                    .collect();
                let edits: Vec<_> = all.into_iter().map(|at| (at..at, probe.clone())).collect();
                std::fs::write(&path, edit(&text, &edits)).expect("a script");
                let printed = run(&mutant.script).map_err(|stderr| format!("it fails: {stderr}"))?;
                seen(printed.contains("timeout=0\n"), "the timeout is in force")
            }
        }
    }

    /// The state in which a script is run.
    fn enter(&self, work: Option<&Work>, script: &str) {
        match work {
            Some(work) => match work.role {
                Role::Tier(_) => self.restore(&format!("before:{}", work.path)),
                _ if work.package == "phase-1" => self.restore("clone"),
                _ => self.restore("complete"),
            },
            None if script.contains("phase1") => self.restore("phase-1"),
            // A reader that can be run at any time, or a part of tier 1.
            None if script.contains("/10_structure/") || script.ends_with("00_preflight.sql") => self.restore("clone"),
            None => self.restore("complete"),
        }
        if let Some(number) = work.and_then(Work::number).filter(|_| work.is_some_and(|work| work.undo.is_some())) {
            // A tier is undone alone when nothing stands on it yet.
            let tier = self.works.iter().find(|other| other.package == "one-roof" && other.role == Role::Tier(number));
            self.restore(&format!("after:{}", tier.expect("the tier").path));
        }
        if let Some(work) = work.filter(|work| work.package == "phase-1" && !matches!(work.role, Role::Tier(_))) {
            // Steps are reversed in reverse order.
            self.restore(&format!("after:{}", twin(work)));
        }
    }

    /// The state to which a rollback leads.
    fn target(&self, work: Option<&Work>) -> String {
        let work = work.expect("a rollback");
        if let (Some(number), true) = (work.number(), work.undo.is_some()) {
            let tier = self.works.iter().find(|other| other.package == "one-roof" && other.role == Role::Tier(number));
            return format!("before:{}", tier.expect("the tier").path);
        }
        if work.package == "phase-1" { format!("before:{}", twin(work)) } else { "clone".to_owned() }
    }

    /// Undoes a tier by the rollback of the directory.
    fn undo(&self, work: Option<&Work>, directory: &Path) -> bool {
        let work = work.expect("a tier");
        let number = work.number().unwrap_or_default();
        let (script, setting) = if work.package == "phase-1" {
            (work.path.replace("phase1", "phase1_rollback"), String::new())
        } else if number == 1 {
            ("sql/prod_rollback/99_rollback_full.sql".to_owned(), String::new())
        } else {
            ("sql/prod_rollback/per_tier_rollback.sql".to_owned(), format!("tier={number}"))
        };
        let settings: Vec<&str> = Some(setting.as_str()).filter(|setting| !setting.is_empty()).into_iter().collect();
        self.run_as("workflow_admin", DATABASE, directory, &script, &settings).is_ok()
    }

    /// Adds rows of somebody else; returns how many there are.
    fn strangers(&self) -> i64 {
        for statement in STRANGERS.split_inclusive(";\n") {
            // Not every state has every table.
            let _ = self.cluster.query(DATABASE, statement);
        }
        // Tables that are not there yet hold nobody's rows.
        self.cluster.sql(DATABASE, COUNT_STRANGERS).map_or(i64::MAX, |count| count.parse().expect("a count"))
    }

    fn sql(&self, text: &str) -> String {
        self.cluster.sql(DATABASE, text).expect("SQL")
    }
}

/// The step of Phase 1 that a reversal reverses: it has the same name.
fn twin(work: &Work) -> String {
    work.path.replace("phase1_rollback", "phase1")
}

/// The script that includes a part.
fn runner_of(script: &str) -> String {
    let is_part = script.contains("/10_structure/");
    if is_part { "sql/prod/10_structure.sql".to_owned() } else { script.to_owned() }
}

/// A dump in which every time is the same.
fn without_times(dump: &str) -> String {
    let bytes = dump.as_bytes();
    let is_time = |at: usize| {
        bytes.get(at..at + 19).is_some_and(|part| {
            part.iter().enumerate().all(|(index, byte)| match index {
                4 | 7 => *byte == b'-',
                10 => *byte == b' ',
                13 | 16 => *byte == b':',
                _ => byte.is_ascii_digit(),
            })
        })
    };
    let (mut result, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        if is_time(at) {
            result.extend(b"<time>");
            at += 19;
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
                at += 1;
            }
        } else {
            result.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(result).expect("only ASCII was replaced")
}

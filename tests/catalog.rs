//! The symbolic database against PostgreSQL: after the same statements both fail alike and
//! hold the same.

#![cfg(feature = "pg_query")]

#[path = "catalog/listing.rs"]
mod listing;
#[path = "catalog/scripts.rs"]
mod scripts;
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use roof_lint::catalog::{Catalog, Key, Kind, Outcome, Read, Variables, noting};
use roof_lint::cluster::Cluster;
use roof_lint::effect::{Act, At, Body, Name, Statement, Step, StepKind, Transaction, Visit, walk_step};
use roof_lint::psql::{Form, Item, read};
use roof_lint::source::{FileId, Map};
use roof_lint::syntax::Parser;

fn parse(text: &str) -> Vec<Statement> {
    let map = Map::at(FileId::new(0), 0);
    Parser::PostgreSql.statements(text, &map).unwrap_or_else(|error| panic!("{}\n{text}", error.message))
}

fn control(transaction: Transaction) -> Statement {
    Statement { at: At::default(), act: Act::Transaction(transaction) }
}

/// Steps through a script up to its first problem, which ends its transaction.
fn run(catalog: &mut Catalog, text: &str) -> (Option<&'static str>, Vec<Outcome>) {
    let mut outcomes = Vec::new();
    for statement in parse(text) {
        let before = catalog.clone();
        let outcome = catalog.step(&statement);
        let problem = outcome.problem.as_ref().map(|problem| problem.sqlstate);
        if problem.is_some() && !catalog.is_in_transaction() {
            assert!(catalog.is_same(&before), "what is refused leaves no trace: {text}");
        }
        outcomes.push(outcome);
        if problem.is_some() {
            catalog.step(&control(Transaction::Rollback { chain: false }));
            return (problem, outcomes);
        }
    }
    catalog.step(&control(Transaction::Commit { chain: false }));
    (None, outcomes)
}

/// A psql script that runs every script in an empty database, up to its first error.
fn as_psql(scripts: &[(&str, &str)]) -> String {
    let mut text = String::from("SET client_min_messages = error;\n");
    for (index, (script, _)) in scripts.iter().enumerate() {
        text.push_str(
            "\\unset bad\nRESET ALL;\nSET client_min_messages = error;\nDISCARD ALL;\nSET client_min_messages = error;\n\
             DROP SCHEMA IF EXISTS public, s1, s2, s3 CASCADE;\nCREATE SCHEMA public;\n\
             DROP EVENT TRIGGER IF EXISTS e1;\n",
        );
        let _ = writeln!(text, "\\echo @@{index}");
        for statement in parse(script) {
            let span = statement.at.span();
            let own = String::from_utf8_lossy(span.of(script.as_bytes())).into_owned();
            let _ = write!(
                text,
                "\\if :{{?bad}}\n\\else\n\\o /dev/null\n{own};\n\\o\n\\if :ERROR\n\\echo !! :SQLSTATE :LAST_ERROR_MESSAGE\n\
                 \\set bad 1\n\\endif\n\\endif\n"
            );
        }
        text.push_str("COMMIT;\nSET search_path = '';\n");
        text.push_str(&listing::query());
    }
    text
}

#[test]
fn the_same_scripts_leave_the_same() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let scripts = scripts::SCRIPTS;
    let mut command = cluster.psql("postgres");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("all.sql");
    std::fs::write(&path, as_psql(scripts)).expect("a file");
    command.args(["-U", "postgres", "-qAt", "-f"]).arg(&path);
    let output = Cluster::capture(&mut command).expect("psql runs");
    let mut parts = output.stdout.split("@@").skip(1);
    let mut failures = String::new();
    let mut unsaid = 0;
    for (index, (script, expected)) in scripts.iter().enumerate() {
        let part = parts.next().unwrap_or_else(|| panic!("psql ends early\n{}", output.stderr));
        let mut lines = part.lines();
        assert_eq!(lines.next(), Some(index.to_string().as_str()));
        let mut lines: Vec<&str> = lines.collect();
        let error = match lines.first() {
            Some(line) if line.starts_with("!! ") => Some(lines.remove(0).trim_start_matches("!! ").to_owned()),
            _ => None,
        };
        let real: BTreeSet<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let mut catalog = Catalog::empty();
        let (problem, outcomes) = run(&mut catalog, script);
        let real_code = error.as_deref().map_or("", |error| error.split(' ').next().unwrap_or_default());
        if real_code != *expected {
            let _ = writeln!(failures, "--- {script}\nexpected {expected:?}, PostgreSQL says {error:?}");
        }
        let message = outcomes.last().and_then(|outcome| outcome.problem.as_ref());
        if problem.unwrap_or_default() != real_code {
            let _ = writeln!(failures, "--- {script}\nPostgreSQL says {error:?}, here {message:?}");
            continue;
        }
        if let (Some(error), Some(problem)) = (&error, message)
            && error.split_once(' ').is_none_or(|(_, text)| text != problem.message)
        {
            let _ = writeln!(failures, "--- {script}\nPostgreSQL says {error:?}, here {:?}", problem.message);
        }
        match listing::compare(&listing::symbolic(&catalog), &real) {
            Ok(count) => unsaid += count,
            Err(text) => {
                let _ = writeln!(failures, "--- {script}\n{text}");
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(scripts.len() >= 150, "{} scripts", scripts.len());
    assert!(unsaid <= 5, "{unsaid} types could not be told");
}

/// The statements of a script and of those that it includes, as psql sends them. Every arm
/// of `\\if` is taken.
fn statements_of(path: &std::path::Path) -> Vec<Statement> {
    let text = std::fs::read(path).expect("a script");
    let mut statements = Vec::new();
    for item in read(&text).items {
        match item {
            Item::Statement(statement) => {
                let value = |form: Form, _: &[u8]| match form {
                    Form::Test => Some(b"TRUE".to_vec()),
                    Form::Plain | Form::Literal => Some(b"'x'".to_vec()),
                    Form::Identifier => Some(b"x".to_vec()),
                };
                let rendered = statement.render(&text, &mut |form, name| value(form, name));
                statements.extend(parse(&String::from_utf8_lossy(&rendered.text)));
            }
            Item::Metacommand { command, .. } => {
                let span = command.span.of(&text);
                let line = String::from_utf8_lossy(span);
                if let Some(name) = line.trim().strip_prefix("\\ir ") {
                    let directory = path.parent().expect("a directory");
                    statements.extend(statements_of(&directory.join(name.trim())));
                }
            }
            Item::CopyData { .. } => {}
        }
    }
    statements
}

/// The statements that a DO may execute, dynamic SQL aside.
struct Inner<'a>(Vec<&'a Statement>);

impl<'a> Visit<'a> for Inner<'a> {
    fn step(&mut self, step: &'a Step) {
        match &step.kind {
            StepKind::Sql { statement, .. } => self.0.push(statement),
            _ => walk_step(self, step),
        }
    }
}

/// Steps through a script; nothing of it may fail.
#[track_caller]
fn load(catalog: &mut Catalog, path: &str) {
    let statements = statements_of(&support::repository().join(path));
    assert!(!statements.is_empty());
    for statement in &statements {
        let mut inner = Inner(vec![statement]);
        if let Act::Do(Body::PlPgSql(block)) = &statement.act {
            inner.0.clear();
            inner.block(block);
        }
        for statement in inner.0 {
            let outcome = catalog.step(statement);
            assert!(outcome.problem.is_none(), "{path}: {:?}\n{statement:?}", outcome.problem);
            assert!(outcome.may_fail.is_none(), "{path}: {:?}\n{statement:?}", outcome.may_fail);
        }
    }
}

#[track_caller]
fn same(catalog: &Catalog, real: &BTreeSet<String>) {
    match listing::compare(&listing::symbolic(catalog), real) {
        Ok(unsaid) => assert_eq!(unsaid, 0, "types that could not be told"),
        Err(text) => panic!("{text}"),
    }
    assert_eq!(catalog.blurred().count(), 0, "{:?}", catalog.blurred().collect::<Vec<_>>());
}

#[test]
fn the_release_leaves_the_same_at_every_tier() {
    let site = support::Site::new();
    let mut catalog = Catalog::empty();
    load(&mut catalog, "sql/clone_revalidation/build_clone.sql");
    same(&catalog, &listing::of_database(site.cluster(), "directus"));

    // What pg_dump writes is the same again.
    let before = catalog.clone();
    let dump = site.cluster().dump("directus").expect("a dump");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("dump.sql");
    std::fs::write(&path, dump).expect("a file");
    let mut dumped = Catalog::empty();
    load(&mut dumped, &path.to_string_lossy());
    same(&dumped, &listing::of_database(site.cluster(), "directus"));
    assert_eq!(listing::symbolic(&dumped), listing::symbolic(&before));

    load(&mut catalog, "sql/prod/10_structure.sql");
    let scripts =
        ["sql/prod/10_structure/tables.sql", "sql/prod/10_structure/views.sql", "sql/prod/10_structure/scanner.sql"];
    for script in scripts {
        site.run_file(script, &[]).succeeds();
    }
    let real = listing::of_database(site.cluster(), "directus");
    same(&catalog, &real);
    // A second time changes nothing.
    let once = catalog.clone();
    load(&mut catalog, "sql/prod/10_structure.sql");
    assert_eq!(once.difference(&catalog), []);
    let added = before.difference(&catalog);
    assert_eq!(added.iter().filter(|one| one.key.kind == Kind::View).count(), 31);
}

#[test]
fn a_failing_statement_changes_nothing_and_nothing_differs_from_itself() {
    for (script, _) in scripts::SCRIPTS {
        let mut catalog = Catalog::empty();
        for statement in parse(script) {
            let before = catalog.clone();
            let outcome = catalog.step(&statement);
            let difference = before.difference(&catalog);
            assert_eq!(catalog.difference(&catalog), [], "{script}");
            if outcome.problem.is_some() {
                assert_eq!(difference, [], "{script}");
            }
            if outcome.changed && !matches!(statement.act, Act::Transaction(_)) {
                assert!(!difference.is_empty() || !outcome.altered.is_empty(), "{script}\n{outcome:?}");
            }
            if !difference.is_empty() && !matches!(statement.act, Act::Transaction(_)) {
                assert!(outcome.changed, "{script}\n{difference:?}");
            }
            // What both ways have is certain, whichever was taken.
            let joined = catalog.join(&catalog);
            assert_eq!(catalog.difference(&joined), [], "{script}");
            let met = before.join(&catalog);
            for one in catalog.difference(&met) {
                assert!(met.object(&one.key).is_some(), "{script}\n{one:?}");
            }
        }
    }
}

#[test]
fn what_is_made_and_dropped_was_never_there() {
    let pairs = [
        ("CREATE TABLE t (a serial PRIMARY KEY, b int REFERENCES base)", "DROP TABLE t"),
        ("CREATE VIEW v AS SELECT a FROM base", "DROP VIEW v"),
        ("CREATE INDEX i ON base (a)", "DROP INDEX i"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f()"),
        ("ALTER TABLE base ADD COLUMN c int DEFAULT 1", "ALTER TABLE base DROP COLUMN c"),
        ("ALTER TABLE base RENAME TO other", "ALTER TABLE other RENAME TO base"),
        ("ALTER TABLE base RENAME COLUMN a TO z", "ALTER TABLE base RENAME COLUMN z TO a"),
        ("CREATE SCHEMA s CREATE TABLE t (a int)", "DROP SCHEMA s CASCADE"),
        ("COMMENT ON TABLE base IS 'x'", "COMMENT ON TABLE base IS NULL"),
        ("GRANT SELECT ON base TO x", "REVOKE SELECT ON base FROM x"),
        ("ALTER TABLE base ADD CONSTRAINT k CHECK (a > 0)", "ALTER TABLE base DROP CONSTRAINT k"),
        ("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a e)", "DROP TYPE e CASCADE; DROP TABLE t"),
        ("BEGIN; DROP TABLE base CASCADE", "ROLLBACK"),
    ];
    let mut base = Catalog::empty();
    assert_eq!(
        run(&mut base, "CREATE TABLE base (a int PRIMARY KEY, b text); CREATE VIEW w AS SELECT a FROM base").0,
        None
    );
    for (make, unmake) in pairs {
        let mut catalog = base.clone();
        for text in [make, unmake] {
            for statement in parse(text) {
                let outcome = catalog.step(&statement);
                assert!(outcome.problem.is_none(), "{text}: {:?}", outcome.problem);
            }
            if text == make {
                assert_ne!(base.difference(&catalog), [], "{make}");
            }
        }
        assert_eq!(base.difference(&catalog), [], "{make}; {unmake}");
    }
}

#[test]
fn what_only_one_way_has_is_there_perhaps() {
    let mut base = Catalog::empty();
    run(&mut base, "CREATE TABLE p (a int PRIMARY KEY)");
    let (mut one, mut other) = (base.clone(), base.clone());
    run(&mut one, "CREATE TABLE t (a int REFERENCES p); ALTER TABLE p ADD COLUMN x int");
    run(&mut other, "CREATE VIEW v AS SELECT a FROM p; CREATE TYPE e AS ENUM ('a'); ALTER TABLE p ADD COLUMN y e");
    for joined in [one.join(&other), other.join(&one)] {
        let (problem, outcomes) = run(&mut joined.clone(), "SELECT * FROM t; DROP TABLE t; DROP VIEW IF EXISTS v");
        assert_eq!(problem, None);
        assert!(outcomes.first().and_then(|outcome| outcome.may_fail.as_ref()).is_some());
        assert!(outcomes.get(1).and_then(|outcome| outcome.may_fail.as_ref()).is_some());
        assert!(outcomes.get(2).is_some_and(|outcome| outcome.may_fail.is_none() && outcome.dropped.len() == 1));
        let (problem, outcomes) = run(&mut joined.clone(), "ALTER TABLE p DROP COLUMN x; ALTER TABLE p DROP COLUMN y");
        assert_eq!(problem, None);
        assert!(outcomes.iter().all(|outcome| outcome.may_fail.is_some()), "{outcomes:?}");
        for statement in ["DROP TYPE e", "DROP TABLE p"] {
            // What is in the way is there perhaps.
            let (problem, outcomes) = run(&mut joined.clone(), statement);
            assert_eq!(problem, None);
            let doubt = outcomes.first().and_then(|outcome| outcome.may_fail.as_ref());
            assert!(doubt.is_some(), "{statement}: {outcomes:?}");
        }
    }
}

#[test]
fn what_is_not_known_makes_nothing_certain() {
    let mut catalog = Catalog::empty();
    catalog.assume_complete(false);
    let (problem, outcomes) = run(
        &mut catalog,
        "INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT * FROM t; CREATE TABLE u (a int REFERENCES t, b nosuch);\
         ALTER TABLE t ADD COLUMN x int; SELECT a FROM v; CREATE VIEW v AS SELECT 1",
    );
    assert_eq!(problem, Some("42P07"));
    assert!(outcomes.iter().take(4).all(|outcome| outcome.may_fail.is_some()), "{outcomes:?}");
    assert!(outcomes.get(4).is_some_and(|outcome| outcome.may_fail.is_none()));
    assert!(catalog.blurred().count() >= 1);
}

/// How many scripts are made up.
const ROUNDS: u64 = 60;

/// Numbers that only look like chance, so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// A statement with names from a small pool, so that they meet.
    fn statement(&mut self) -> String {
        let mut text = self.of(scripts::PATTERNS).to_owned();
        for (mark, choices) in scripts::CHOICES {
            while text.contains(mark) {
                text = text.replacen(mark, self.of(choices), 1);
            }
        }
        text
    }
}

#[test]
fn statements_by_chance_do_the_same() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let mut scripts: Vec<Vec<String>> = Vec::new();
    let mut text = String::new();
    for round in 0..ROUNDS {
        let mut dice = Dice(round);
        let script: Vec<String> = (0..40).map(|_| dice.statement()).collect();
        text.push_str("SET client_min_messages = error;\nDISCARD ALL;\nSET client_min_messages = error;\n");
        text.push_str("DROP SCHEMA IF EXISTS public, s1, s2 CASCADE;\nCREATE SCHEMA public;\nCREATE SCHEMA s1;\n");
        let _ = writeln!(text, "\\echo @@{round}");
        for statement in &script {
            let _ = writeln!(text, "\\o /dev/null\n{statement};\n\\o\n\\echo :SQLSTATE :LAST_ERROR_MESSAGE");
        }
        text.push_str("\\echo ##\nSET search_path = '';\n");
        text.push_str(&listing::query());
        scripts.push(script);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("all.sql");
    std::fs::write(&path, text).expect("a file");
    let mut command = cluster.psql("postgres");
    let output = Cluster::capture(command.args(["-U", "postgres", "-qAt", "-f"]).arg(&path)).expect("psql runs");
    let mut failures = String::new();
    let mut parts = output.stdout.split("@@").skip(1);
    for script in &scripts {
        let part = parts.next().unwrap_or_else(|| panic!("psql ends early\n{}", output.stderr));
        let (states, real) = part.split_once("##\n").expect("a listing");
        let mut states = states.lines().skip(1);
        let mut catalog = Catalog::empty();
        run(&mut catalog, "CREATE SCHEMA s1");
        let mut done: Vec<&str> = Vec::new();
        let mut failed = false;
        for statement in script {
            let state = states.next().expect("a state");
            let (code, message) = state.split_once(' ').unwrap_or((state, ""));
            let (problem, outcomes) = run(&mut catalog, statement);
            let own = outcomes.last().and_then(|outcome| outcome.problem.as_ref());
            // Rows and operators are none of its business.
            let is_other = code.starts_with("23") || message.starts_with("operator does not exist");
            let may_fail = outcomes.last().is_some_and(|outcome| outcome.may_fail.is_some());
            if is_other || (may_fail && code != "00000") {
                failed = true;
                break;
            }
            if problem.unwrap_or("00000") != code || own.is_some_and(|own| own.message != message) {
                let _ = writeln!(
                    failures,
                    "--- {}\n>>> {statement}\nPostgreSQL says {state}, here {own:?}",
                    done.join(";\n")
                );
                failed = true;
                break;
            }
            if code == "00000" {
                done.push(statement);
            }
        }
        let real: BTreeSet<String> = real.lines().map(str::to_owned).collect();
        if let (false, Err(text)) = (failed, listing::compare(&listing::symbolic(&catalog), &real)) {
            let _ = writeln!(failures, "--- {}\n{text}", done.join(";\n"));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// What a catalog answers to one of its questions, by the name of a relation.
fn answer(catalog: &Catalog, question: usize, name: &Name) -> String {
    let key = catalog.relation_key(name).unwrap_or_else(|| Key::new(Kind::Table, "public", name.name.clone()));
    match question {
        0 => format!("{:?}", catalog.object(&key)),
        1 => format!("{:?}", catalog.constraints(&key)),
        2 => format!("{:?}", catalog.indexes(&key)),
        3 => format!("{:?}", catalog.foreign_keys(&key)),
        4 => format!("{:?}", catalog.inheritors(&key)),
        5 => format!("{:?}", catalog.needs(&key)),
        6 => format!("{:?}", catalog.made_at(&key)),
        7 => format!("{:?}", catalog.canonical(name)),
        8 => format!("{:?}", catalog.presence(name)),
        9 => format!("{:?}", catalog.functions(name)),
        10 => format!("{:?}", catalog.children(name)),
        11 => format!("{:?}", catalog.readers(name)),
        12 => format!("{:?}", catalog.rules(name, "")),
        13 => format!("{:?}", catalog.triggers(name)),
        14 => format!("{:?}", catalog.has_trigger(&name.name)),
        15 => format!("{:?}", catalog.keys_within(name, &["a".into(), "b".into()])),
        16 => format!("{:?}", catalog.stands_alone(name)),
        17 => format!("{:?}", catalog.left_over(&Catalog::empty())),
        _ => format!("{:?}", catalog.keys_of_all()),
    }
}

#[test]
fn what_asks_of_nothing_that_differs_does_the_same() {
    let (mut held, mut changed) = (0, 0);
    for round in 0..400 {
        let mut dice = Dice(round);
        let mut base = Catalog::empty();
        run(&mut base, "CREATE SCHEMA s1");
        for _ in 0..25 {
            run(&mut base, &dice.statement());
        }
        // Numbers are given anew in both.
        base.reconnect();
        run(&mut base, "CREATE SCHEMA apart");
        let mut other = base.clone();
        for _ in 0..3 {
            run(&mut other, &dice.statement());
        }
        base.reconnect();
        other.reconnect();
        let nothing = Catalog::empty().delta(&Catalog::empty()).expect("no difference");
        let Some(delta) = base.delta(&other).map(|delta| [delta, nothing]) else { continue };
        assert!(base.with(&delta[0]).is_some_and(|both| both.is_same(&other)), "{delta:?}");
        if delta[0].is_empty() {
            continue;
        }
        for _ in 0..20 {
            let (text, question) = (dice.statement(), dice.below(40));
            let name = Name::plain(dice.of(&["t", "u", "v", "f", "i", "j"]), At::default());
            // Half of the time a statement, half of the time a question.
            let ask = |catalog: &Catalog| {
                let mut after = catalog.clone();
                let told = if question < 20 {
                    answer(catalog, question, &name)
                } else {
                    format!("{:?}", run(&mut after, &text))
                };
                (told, after)
            };
            let ((told, after), reads) = noting(|| ask(&base));
            let (told_of_other, after_other) = ask(&other);
            if reads.hold_with(&delta) {
                assert_eq!(told, told_of_other, "{text}\n{delta:?}");
                let both = after.with(&delta[0]).expect("no block is open");
                assert!(both.is_same(&after_other), "{text}\n{delta:?}");
                held += 1;
            } else {
                changed += usize::from(told != told_of_other);
            }
        }
    }
    assert!(held > 500 && changed > 500, "{held} hold, {changed} tell otherwise");
}

#[test]
fn many_objects_and_deep_queries() {
    // A parser needs more of a stack than a test has.
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(many_and_deep).expect("a thread");
    thread.join().expect("it holds");
}

fn many_and_deep() {
    let mut catalog = Catalog::empty();
    let mut text = String::from("CREATE TABLE p (a int PRIMARY KEY);");
    for number in 0..3_000 {
        let _ = write!(
            text,
            "CREATE TABLE t{number} (a serial PRIMARY KEY, b int REFERENCES p); CREATE VIEW v{number} AS SELECT b FROM t{number};"
        );
    }
    assert_eq!(run(&mut catalog, &text).0, None);
    let (problem, outcomes) = run(&mut catalog, "DROP TABLE p CASCADE; DROP TABLE t7 CASCADE");
    assert_eq!(problem, None);
    assert_eq!(outcomes.iter().map(|outcome| outcome.dropped.len()).collect::<Vec<_>>(), [3_003, 6]);

    let deep = format!("CREATE VIEW d AS SELECT {}1{} AS x", "(SELECT ".repeat(150), ")".repeat(150));
    let chain = format!("CREATE VIEW c AS SELECT 1{} AS x", " + 1".repeat(400));
    let before = catalog.blurred().count();
    assert_eq!(run(&mut catalog, &format!("{chain}; SELECT x FROM c")).0, None);
    assert_eq!(catalog.blurred().count(), before);
    assert_eq!(run(&mut catalog, &deep).0, None);
    assert!(catalog.blurred().count() > before);
}

/// Tables and views for statements about rows.
const ROWS: &str = "CREATE TABLE a (id int PRIMARY KEY, note text, at timestamptz DEFAULT now());\n\
    CREATE TABLE b (id int, a_id int REFERENCES a, tag varchar(9), UNIQUE (id));\n\
    CREATE TABLE g (id int, whole text GENERATED ALWAYS AS (id::text) STORED);\n\
    CREATE VIEW v AS SELECT id, upper(note) AS loud, note FROM a;\n\
    CREATE SEQUENCE s;\n\
    CREATE TYPE pair AS (x int, y int);\n\
    CREATE TABLE p (id int, spot pair);\n\
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';\n\
    CREATE FUNCTION pairs() RETURNS TABLE (x int, y int) LANGUAGE sql AS 'SELECT 1, 2'";

/// Statements about rows, right ones and wrong ones; PostgreSQL says which.
const ABOUT_ROWS: &[&str] = &[
    "DELETE FROM a WHERE note = 'x'",
    "DELETE FROM a WHERE nota = 'x'",
    "DELETE FROM a WHERE b.note = 'x'",
    "DELETE FROM a z WHERE z.note = 'x'",
    "DELETE FROM a z WHERE a.note = 'x'",
    "DELETE FROM a USING b WHERE b.a_id = a.id",
    "DELETE FROM a USING b WHERE b.a_id = id",
    "DELETE FROM a USING b z WHERE z.nothing = a.id",
    "DELETE FROM a WHERE id IN (SELECT a_id FROM b WHERE tag = note)",
    "DELETE FROM a WHERE id IN (SELECT a_id FROM b WHERE tag = nota)",
    "DELETE FROM a WHERE EXISTS (SELECT FROM b WHERE b.a_id = a.id AND b.nota = 1)",
    "DELETE FROM a WHERE ctid = '(0,1)' AND xmin IS NOT NULL",
    "DELETE FROM a RETURNING id, note",
    "DELETE FROM a RETURNING nota",
    "DELETE FROM a RETURNING a.*, *",
    "WITH w AS (SELECT id AS x FROM b) DELETE FROM a USING w WHERE w.x = a.id",
    "WITH w AS (SELECT id AS x FROM b) DELETE FROM a USING w WHERE w.y = a.id",
    "WITH w AS (DELETE FROM b RETURNING a_id) DELETE FROM a WHERE id IN (SELECT a_id FROM w)",
    "WITH w AS (DELETE FROM b RETURNING a_id) DELETE FROM a WHERE id IN (SELECT other FROM w)",
    "WITH RECURSIVE w AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM w WHERE n < 3) DELETE FROM a WHERE id IN (SELECT n FROM w)",
    "UPDATE a SET note = upper(note) WHERE id = 1",
    "UPDATE a SET note = upper(nota)",
    "UPDATE a SET nota = 'x'",
    "UPDATE a SET note = b.tag FROM b WHERE b.a_id = a.id",
    "UPDATE a SET note = b.nota FROM b WHERE b.a_id = a.id",
    "UPDATE a SET note = tag FROM b JOIN p USING (id) WHERE a_id = a.id",
    "UPDATE a SET (note, at) = (SELECT tag, now() FROM b WHERE b.a_id = a.id LIMIT 1)",
    "UPDATE a SET (note, at) = (SELECT tug, now() FROM b)",
    "UPDATE a SET note = DEFAULT",
    "UPDATE a SET note = 'x' FROM generate_series(1, 3) AS n WHERE n = a.id",
    "UPDATE a SET note = 'x' FROM pairs() WHERE pairs.x = a.id",
    "UPDATE a SET note = 'x' FROM pairs() AS q (m, n) WHERE m = a.id AND q.n = 2",
    "UPDATE a SET note = 'x' FROM (VALUES (1, 'y')) AS q (k, t) WHERE k = a.id",
    "UPDATE a SET note = 'x' FROM (VALUES (1, 'y')) AS q (k, t) WHERE l = a.id",
    "UPDATE a z SET note = 'x' WHERE z.id = 1 RETURNING z.note, twice(z.id)",
    "UPDATE p SET spot.x = 3 WHERE (spot).y = 2",
    "UPDATE v SET note = loud",
    "UPDATE v SET note = soft",
    "INSERT INTO a (id, note) VALUES (1, 'x') RETURNING id",
    "INSERT INTO a (id, note) VALUES (1, 'x') RETURNING nota",
    "INSERT INTO a (id, nota) VALUES (1, 'x')",
    "INSERT INTO a (id, note) SELECT id, tag FROM b",
    "INSERT INTO a (id, note) SELECT id, tug FROM b",
    "INSERT INTO a (id, note) VALUES (1, note)",
    "INSERT INTO a (id) SELECT id FROM b ON CONFLICT (id) DO UPDATE SET note = excluded.note || a.note WHERE a.id > 0",
    "INSERT INTO a (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = note",
    "INSERT INTO a (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = excluded.nota",
    "INSERT INTO a (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE nota = 'y'",
    "INSERT INTO a AS z (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = z.note",
    "INSERT INTO a AS z (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = a.note",
    "INSERT INTO a (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x' RETURNING excluded.id",
    "INSERT INTO a (id) VALUES (nextval('s'))",
    "INSERT INTO g (id) VALUES (1) RETURNING whole",
    "INSERT INTO a DEFAULT VALUES",
    "MERGE INTO a USING b ON b.a_id = a.id WHEN MATCHED AND b.tag = 'x' THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (b.id)",
    "MERGE INTO a USING b ON b.a_id = a.id WHEN MATCHED THEN UPDATE SET note = b.tug",
    "MERGE INTO a USING b ON b.nota = a.id WHEN MATCHED THEN DELETE",
    "MERGE INTO a z USING (SELECT 1 AS k) AS q ON q.k = z.id WHEN MATCHED AND z.note = 'x' THEN DO NOTHING",
    "MERGE INTO a USING (SELECT 1 AS k) AS q ON q.l = a.id WHEN MATCHED THEN DO NOTHING",
    "SELECT id, note FROM a ORDER BY at",
    "SELECT id, nota FROM a",
    "SELECT id FROM a, b WHERE a.id = b.a_id",
    "SELECT a.id, count(*) AS n FROM a JOIN b ON b.a_id = a.id GROUP BY a.id HAVING count(*) > 1 ORDER BY n",
    "SELECT x.id FROM a AS x LEFT JOIN LATERAL (SELECT * FROM b WHERE b.a_id = x.id) y ON true WHERE y.tag IS NULL",
    "SELECT count(nota) FROM a",
    "SELECT z.id FROM a",
    "SELECT a FROM a",
    "SELECT (SELECT max(tag) FROM b WHERE a_id = a.id) FROM a",
    "SELECT * FROM a NATURAL JOIN b",
    "SELECT last_value FROM s",
    "SELECT spot.x FROM p",
    "SELECT (spot).x FROM p",
    "SELECT relname FROM pg_class WHERE oid = 'a'::regclass",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
    "SELECT sum(id) OVER (PARTITION BY note ORDER BY at) FROM a WINDOW w AS (PARTITION BY nota)",
    "SELECT CASE WHEN note = 'x' THEN id END AS k FROM a ORDER BY k",
    "TRUNCATE b",
    "LOCK TABLE a IN SHARE MODE",
    "LOCK TABLE nothing",
    "COPY a (id, note) TO STDOUT",
    "COPY a (id, nota) TO STDOUT",
    "COPY (SELECT nota FROM a) TO STDOUT",
    "TABLE a",
    "VALUES (1, 2)",
];

#[test]
fn statements_about_rows_are_refused_where_postgresql_refuses_them() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    cluster.sql("postgres", ROWS).expect("the tables are made");
    let mut text = String::from("\\set VERBOSITY sqlstate\n");
    for statement in ABOUT_ROWS {
        let _ =
            write!(text, "BEGIN;\n\\o /dev/null\n{statement};\n\\o\n\\echo :SQLSTATE :LAST_ERROR_MESSAGE\nROLLBACK;\n");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rows.sql");
    std::fs::write(&path, text).expect("a file");
    let mut command = cluster.psql("postgres");
    let output = Cluster::capture(command.args(["-U", "postgres", "-qAt", "-f"]).arg(&path)).expect("psql runs");
    let real: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(real.len(), ABOUT_ROWS.len(), "{}{}", output.stdout, output.stderr);
    let mut catalog = Catalog::empty();
    assert_eq!(run(&mut catalog, ROWS).0, None);
    let mut failures = String::new();
    for (statement, real) in ABOUT_ROWS.iter().zip(real) {
        let parsed = parse(statement);
        let code = real.split(' ').next().unwrap_or_default();
        let refusal = parsed.first().and_then(|it| catalog.refusal(Read::Act(&it.act), it.at, Variables::None));
        let ours = refusal.as_ref().map_or("00000", |problem| problem.sqlstate);
        // Of rows that break a constraint only those without a value are seen here.
        let is_seen = !code.starts_with("23") || code == "23502";
        let expected = if is_seen { code } else { "00000" };
        if ours != expected {
            let _ = writeln!(failures, "{statement}\n  PostgreSQL: {real}\n  here: {refusal:?}");
        }
        // In a block any of the names may be a variable: fewer are refused, never more.
        let within = parsed.first().and_then(|it| catalog.refusal(Read::Act(&it.act), it.at, Variables::Any));
        if let Some(within) = within
            && within.sqlstate != code
        {
            let _ = writeln!(failures, "{statement}\n  PostgreSQL: {real}\n  in a block: {within:?}");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

//! A session that lints again and again against one that knows nothing, where definitions
//! change that others may depend on.

#[path = "support/numbers.rs"]
mod numbers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use numbers::Numbers;
use roof_lint::config::Config;
use roof_lint::lint::{Arena, Job, Session};
use roof_lint::parallel::STACK;
use roof_lint::sources::Desk;
use roof_lint::verdict::{Outcome, Verdict};

const CONFIG: &str = "[[package]]
name = \"p\"
root = \".\"
database = \"*\"
baseline = [\"before.sql\"]
executor = \"run.sql\"
full-rollback = \"back.sql\"
tags = [\"R7\"]
tag-columns = [\"tag\"]
protected = [\"house\"]
timeouts = [\"lock_timeout\"]

[[package.gate]]
what = \"somebody approved\"
holds = \"(SELECT count(*) FROM approval) >= 1\"

[[package.tier]]
number = 0
name = \"tables\"
file = \"0.sql\"
rollback = \"undo_0.sql\"
adds = { tables = 2 }

[[package.tier]]
number = 1
name = \"what reads them\"
file = \"1.sql\"
rollback = \"undo_1.sql\"

[[package.tier]]
number = 2
name = \"rows\"
file = \"2.sql\"
rollback = \"undo_2.sql\"
adds = { rows = { shelf = 1, book = 1, log = 1 } }

[[package.tier]]
number = 3
name = \"apart\"
file = \"3.sql\"
rollback = \"undo_3.sql\"
";

const GUARD: &str = "DO $$
BEGIN
  IF (SELECT count(*) FROM approval) < 1 THEN
    RAISE EXCEPTION 'nobody approved';
  END IF;
END $$;
";

/// The scripts: what is between BEGIN and COMMIT, but for those that only lead to others.
const SCRIPTS: &[(&str, &str)] = &[
    (
        "before.sql",
        "CREATE TABLE approval (id int PRIMARY KEY);
CREATE TABLE house (id int PRIMARY KEY, name text);
CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY, what text, tag text);
",
    ),
    (
        "0.sql",
        "CREATE TABLE IF NOT EXISTS shelf (id int PRIMARY KEY, house int REFERENCES house (id), note text, tag text);
CREATE TABLE IF NOT EXISTS book (id int PRIMARY KEY, shelf int REFERENCES shelf (id) ON DELETE CASCADE, tag text);
",
    ),
    (
        "1.sql",
        "CREATE OR REPLACE VIEW filled AS SELECT shelf.id, count(book.id) AS books FROM shelf JOIN book ON book.shelf = shelf.id GROUP BY 1;
CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log (what, tag) VALUES (NEW.note, 'R7');
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS note ON shelf;
CREATE TRIGGER note AFTER INSERT ON shelf FOR EACH ROW EXECUTE FUNCTION noted();
CREATE OR REPLACE FUNCTION books() RETURNS bigint LANGUAGE sql AS 'SELECT sum(books) FROM filled';
",
    ),
    (
        "2.sql",
        "INSERT INTO shelf (id, note, tag) VALUES (1, 'first', 'R7') ON CONFLICT (id) DO NOTHING;
INSERT INTO book (id, shelf, tag) VALUES (1, 1, 'R7') ON CONFLICT (id) DO NOTHING;
UPDATE book SET shelf = 1 WHERE tag = 'R7';
",
    ),
    (
        "3.sql",
        "CREATE TABLE IF NOT EXISTS apart (id int PRIMARY KEY, tag text);
CREATE INDEX IF NOT EXISTS apart_by_tag ON apart (tag);
COMMENT ON TABLE apart IS 'of its own';
INSERT INTO apart (id, tag) VALUES (1, 'R7') ON CONFLICT (id) DO NOTHING;
",
    ),
    ("undo_0.sql", "DROP TABLE IF EXISTS book;\nDROP TABLE IF EXISTS shelf;\n"),
    (
        "undo_1.sql",
        "DROP FUNCTION IF EXISTS books();
DROP TRIGGER IF EXISTS note ON shelf;
DROP FUNCTION IF EXISTS noted();
DROP VIEW IF EXISTS filled;
",
    ),
    (
        "undo_2.sql",
        "DO $$
BEGIN
  IF to_regclass('shelf') IS NOT NULL THEN
    DELETE FROM book WHERE tag = 'R7';
    DELETE FROM shelf WHERE tag = 'R7';
    DELETE FROM log WHERE tag = 'R7';
  END IF;
END $$;
",
    ),
    ("undo_3.sql", "DROP TABLE IF EXISTS apart;\n"),
    ("run.sql", "\\set ON_ERROR_STOP on\n\\ir 0.sql\n\\ir 1.sql\n\\ir 2.sql\n\\ir 3.sql\n"),
    ("back.sql", "\\ir undo_3.sql\n\\ir undo_2.sql\n\\ir undo_1.sql\n\\ir undo_0.sql\n"),
];

/// What comes in between.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE another (id int);",
    "CREATE TABLE apart (id int);",
    "CREATE TABLE IF NOT EXISTS another (id int PRIMARY KEY, shelf int REFERENCES shelf (id) ON DELETE CASCADE);",
    "CREATE TABLE IF NOT EXISTS below () INHERITS (shelf);",
    "CREATE TABLE IF NOT EXISTS keys (id int PRIMARY KEY, house int REFERENCES house (id) ON DELETE SET NULL);",
    "ALTER TABLE house ADD COLUMN IF NOT EXISTS tag text;",
    "ALTER TABLE shelf ADD COLUMN IF NOT EXISTS tag text;",
    "ALTER TABLE shelf DROP COLUMN IF EXISTS note;",
    "ALTER TABLE book DROP CONSTRAINT IF EXISTS book_shelf_fkey;",
    "ALTER TABLE book RENAME TO tome;",
    "ALTER TABLE apart ALTER COLUMN tag SET DEFAULT 'R7';",
    "ALTER TABLE log ADD CONSTRAINT said CHECK (what <> '');",
    "ALTER TABLE shelf ENABLE ROW LEVEL SECURITY;",
    "DROP TABLE IF EXISTS log;",
    "DROP TABLE IF EXISTS shelf CASCADE;",
    "DROP VIEW IF EXISTS filled;",
    "CREATE OR REPLACE VIEW filled AS SELECT id, 1::bigint AS books FROM shelf;",
    "CREATE VIEW logged AS SELECT what FROM log;",
    "CREATE OR REPLACE VIEW apart_shown AS SELECT id FROM apart;",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS kept AS SELECT * FROM filled;",
    "CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM house; RETURN NEW; END $$;",
    "CREATE OR REPLACE FUNCTION books() RETURNS bigint LANGUAGE sql AS 'DELETE FROM apart RETURNING 1::bigint';",
    "CREATE OR REPLACE FUNCTION note(text) RETURNS text LANGUAGE sql AS 'SELECT $1';",
    "CREATE TRIGGER note BEFORE DELETE ON apart FOR EACH ROW EXECUTE FUNCTION noted();",
    "CREATE TRIGGER loud AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION noted();",
    "CREATE RULE both AS ON INSERT TO apart DO ALSO DELETE FROM house;",
    "CREATE UNIQUE INDEX IF NOT EXISTS shelf_by_note ON shelf (note);",
    "CREATE UNIQUE INDEX IF NOT EXISTS book_by_tag ON book (tag);",
    "DROP INDEX IF EXISTS apart_by_tag;",
    "CREATE SCHEMA IF NOT EXISTS room;",
    "CREATE TABLE IF NOT EXISTS room.shelf (id int);",
    "SET search_path = room, public;",
    "RESET search_path;",
    "CREATE TYPE colour AS ENUM ('red');",
    "ALTER TABLE apart ADD COLUMN colour colour;",
    "CREATE SEQUENCE IF NOT EXISTS counter OWNED BY book.id;",
    "CREATE TEMPORARY TABLE apart (id int);",
    "CREATE EXTENSION IF NOT EXISTS pgcrypto;",
    "COMMENT ON TABLE shelf IS 'where books stand';",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;",
    "GRANT SELECT ON apart TO PUBLIC;",
    "SELECT books();",
    "SELECT * FROM filled;",
    "SELECT * FROM another;",
    "DELETE FROM shelf WHERE tag = 'R7';",
    "DELETE FROM shelf;",
    "DELETE FROM another;",
    "INSERT INTO apart (id, tag) SELECT id, 'R7' FROM shelf ON CONFLICT (id) DO NOTHING;",
    "INSERT INTO shelf (id, note) VALUES (3, 'x');",
    "INSERT INTO log (what) VALUES ('x');",
    "TRUNCATE shelf CASCADE;",
    "DO $$ BEGIN EXECUTE 'DROP TABLE IF EXISTS apart'; END $$;",
    "DO $$ BEGIN IF to_regclass('another') IS NOT NULL THEN DELETE FROM another; END IF; END $$;",
    "DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'another') THEN DROP TABLE another; END IF; END $$;",
    "ROLLBACK;",
    "BEGIN;",
    "COMMIT;",
    "SAVEPOINT here;",
    "ROLLBACK TO here;",
    "CREATE SPLINE x;",
];

fn package() -> (Vec<(String, Vec<String>)>, String) {
    let lines = |name: &str, text: &str| -> Vec<String> {
        let is_framed = text.ends_with(";\n") && name != "before.sql";
        let framed = if is_framed {
            format!("BEGIN;\nSET LOCAL lock_timeout = '5s';\n{GUARD}{text}COMMIT;\n")
        } else {
            text.to_owned()
        };
        framed.split_inclusive(";\n").map(ToOwned::to_owned).collect()
    };
    (SCRIPTS.iter().map(|(name, text)| ((*name).to_owned(), lines(name, text))).collect(), CONFIG.to_owned())
}

/// Everything that is told, places included.
fn told(outcome: Outcome, config: &Config) -> Vec<String> {
    let day = Some("2026-01-01".parse().expect("a day"));
    let verdict = Verdict::on(day, outcome, config).expect("something is analysed");
    let mut told = Vec::new();
    for opinion in verdict.packages().iter().flat_map(|judged| &judged.findings) {
        let finding = &opinion.finding;
        let places = std::iter::once(&finding.primary).chain(&finding.related).map(|label| {
            let place = verdict.place(label.at, label.at.span().start);
            format!("{}:{}:{} {}", verdict.name(label.at.file().index()), place.line, place.column, label.text)
        });
        told.push(format!("{} {} {:?}", finding.rule, finding.message, places.collect::<Vec<_>>()));
    }
    told.sort();
    told
}

fn lint(session: &mut Session<'_>, directory: &Path, config: &Config) -> Vec<String> {
    let job = Job { directory: directory.to_owned(), config: config.clone(), packages: Vec::new() };
    let (outcome, _) = session.examine(&job, &|_| ()).expect("it can be linted");
    told(outcome, config)
}

fn edit(files: Vec<(String, Vec<String>)>, config: &str, rounds: usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| -> PathBuf { directory.path().join(name) };
    for (name, pieces) in &files {
        fs::write(path(name), pieces.concat()).expect("a file");
    }
    let config = Config::parse("lint.toml", config).expect("a configuration");
    let arenas: Vec<Arena> = (0..=rounds).map(|_| Arena::default()).collect();
    let mut arenas = arenas.iter();
    let mut session = Session::new(arenas.next().expect("enough"), Desk::of_edited());
    lint(&mut session, directory.path(), &config);
    let originals: BTreeMap<String, Vec<String>> = files.iter().cloned().collect();
    let mut files = files;
    let mut undo: Vec<(usize, Vec<String>)> = Vec::new();
    let mut numbers = Numbers::new(0x0f1e_2d3c_4b5a_6978);
    let (mut sound, mut guilty) = (0, 0);
    for round in 0..rounds {
        let index = numbers.place(files.len());
        let (index, new) = match numbers.place(8) {
            0..=1 if !undo.is_empty() => undo.pop().expect("there is one"),
            2 => (index, originals[&files[index].0].clone()),
            kind => {
                let mut pieces = files[index].1.clone();
                let place = numbers.place(pieces.len() + 1);
                if kind == 3 && place < pieces.len() {
                    pieces.remove(place);
                } else {
                    pieces.insert(place, format!("{}\n", STATEMENTS[numbers.place(STATEMENTS.len())]));
                }
                (index, pieces)
            }
        };
        let name = files[index].0.clone();
        let text = new.concat();
        session.desk().open(&path(&name), text.as_bytes());
        fs::write(path(&name), &text).expect("a file");
        undo.push((index, std::mem::replace(&mut files[index].1, new)));
        undo.drain(..undo.len().saturating_sub(20));
        if session.is_full() {
            session = Session::new(arenas.next().expect("enough"), session.into_desk());
        }
        let warm = lint(&mut session, directory.path(), &config);
        let arena = Arena::default();
        let cold = lint(&mut Session::new(&arena, Desk::default()), directory.path(), &config);
        assert_eq!(warm, cold, "after edit {round}, of {name}: {text}");
        if cold.is_empty() {
            sound += 1;
        } else {
            guilty += 1;
        }
        // What is wrong for long hides what comes later.
        if round % 20 == 19 {
            for (name, pieces) in &mut files {
                pieces.clone_from(&originals[name]);
                fs::write(path(name), pieces.concat()).expect("a file");
                session.desk().open(&path(name), pieces.concat().as_bytes());
            }
        }
    }
    assert!(sound > 0 && guilty > 0, "{sound} without findings, {guilty} with some");
}

/// Linting recurses over what is written.
fn on_a_big_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn what_is_taken_over_is_what_would_come_of_it() {
    on_a_big_stack(|| {
        let (files, config) = package();
        edit(files, &config, 400);
    });
}

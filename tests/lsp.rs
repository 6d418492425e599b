//! The language server, tried by a client that follows a script.

#[path = "support/numbers.rs"]
mod numbers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use numbers::Numbers;
use roof_lint::config::Config;
use roof_lint::lint::{Job, lint};
use roof_lint::silence::all_rules;
use roof_lint::verdict::{Judged, Verdict};
use serde_json::{Value, json};

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_mins(2);

struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Value>,
    last: i32,
    /// What the server shows, by file name.
    shown: BTreeMap<String, Vec<Value>>,
    versions: BTreeMap<String, Option<i64>>,
    root: PathBuf,
}

impl Client {
    /// A server that nobody has spoken to yet.
    fn start(root: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
            .args(["lsp", "--today", "2026-01-01"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let input = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, output) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let root = root.canonicalize().expect("a directory");
        Self { child, input, output, last: 0, shown: BTreeMap::new(), versions: BTreeMap::new(), root }
    }

    /// A server that knows what the client understands.
    fn open(root: &Path, encodings: &[&str]) -> (Self, Value) {
        let mut client = Self::start(root);
        let folder = json!([{ "uri": client.uri(""), "name": "package" }]);
        let capabilities = json!({ "general": { "positionEncodings": encodings } });
        let params = json!({ "processId": null, "capabilities": capabilities, "workspaceFolders": folder, "initializationOptions": { "rulePages": "https://example.org/rules/" } });
        let answer = client.ask("initialize", &params).expect("it is answered");
        client.tell("initialized", &json!({}));
        (client, answer)
    }

    fn uri(&self, file: &str) -> String {
        let path = if file.is_empty() { self.root.clone() } else { self.root.join(file) };
        let mut text = String::from("file://");
        for byte in path.to_str().expect("text").bytes() {
            match byte {
                b' ' => text.push_str("%20"),
                byte => text.push(char::from(byte)),
            }
        }
        text
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("it is open");
        // A server that is gone does not hear.
        let _ = input.write_all(bytes).and_then(|()| input.flush());
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn receive(&mut self) -> Option<Value> {
        let message = self.output.recv_timeout(PATIENCE).ok()?;
        if message["method"] == "textDocument/publishDiagnostics" {
            let params = &message["params"];
            let uri = params["uri"].as_str().expect("a name").replace("%20", " ");
            let name = uri.strip_prefix(&self.uri("").replace("%20", " ")).unwrap_or(&uri).trim_start_matches('/');
            self.versions.insert(name.to_owned(), params["version"].as_i64());
            self.shown.insert(name.to_owned(), params["diagnostics"].as_array().expect("a list").clone());
        }
        Some(message)
    }

    /// The result, or the error.
    fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(id)
    }

    fn wait(&mut self, id: i32) -> Result<Value, Value> {
        loop {
            let message = self.receive().expect("an answer");
            if message["id"] == id {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
            }
        }
    }

    fn did_open(&mut self, file: &str, text: &str) {
        let document = json!({ "uri": self.uri(file), "languageId": "sql", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    fn did_change(&mut self, file: &str, version: i32, changes: &Value) {
        let document = json!({ "uri": self.uri(file), "version": version });
        self.tell("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": changes }));
    }

    fn at(&self, file: &str, line: u32, character: u32) -> Value {
        json!({ "textDocument": { "uri": self.uri(file) }, "position": { "line": line, "character": character } })
    }

    /// Waits until everything before is worked out.
    fn settle(&mut self) {
        let uri = self.uri("lint.toml");
        self.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } })).expect("an answer");
    }

    /// Rule and first place of what is shown in a file.
    fn findings(&self, file: &str) -> Vec<(String, u64, u64)> {
        let shown = self.shown.get(file).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<_> = shown
            .iter()
            .map(|one| {
                let start = &one["range"]["start"];
                let code = one["code"].as_str().unwrap_or("fault").to_owned();
                (code, start["line"].as_u64().expect("a line"), start["character"].as_u64().expect("a column"))
            })
            .collect();
        found.sort();
        found
    }

    /// Ends the conversation as it should be ended; the exit code, and what was complained of.
    fn close(mut self) -> (Option<i32>, String) {
        assert_eq!(self.ask("shutdown", &Value::Null), Ok(Value::Null));
        self.tell("exit", &Value::Null);
        self.end()
    }

    fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let mut text = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut text).expect("text");
        (self.child.wait().expect("it ends").code(), text)
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(number) = line.strip_prefix("Content-Length: ") {
            length = number.trim().parse().ok();
        }
    }
    let mut text = vec![0; length?];
    output.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// A package of two tiers with functions, a choice, an include and rollbacks.
fn package() -> tempfile::TempDir {
    let files = [
        (
            "lint.toml",
            "[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"library\"\nbaseline = [\"before.sql\"]\n\
             executor = \"run.sql\"\nfull-rollback = \"back.sql\"\ntags = [\"R7\"]\ntag-columns = [\"created_by\"]\n\
             timeouts = [\"lock_timeout\"]\n\n[[package.gate]]\nwhat = \"somebody approved\"\n\
             holds = \"(SELECT count(*) FROM approval) >= 1\"\n\n[[package.tier]]\nnumber = 1\nname = \"Shelves\"\n\
             file = \"one.sql\"\nrollback = \"undo_one.sql\"\nadds = { tables = 2, rows = { book = 1 } }\n\n\
             [[package.tier]]\nnumber = 2\nname = \"Loans\"\nfile = \"two.sql\"\nrollback = \"undo_two.sql\"\n",
        ),
        (
            "sql/before.sql",
            "CREATE TABLE approval (id int PRIMARY KEY);\nCREATE TABLE book (id int PRIMARY KEY, title text, created_by text);\n",
        ),
        ("sql/run.sql", "\\set ON_ERROR_STOP on\n\\ir one.sql\n\\ir two.sql\n"),
        (
            "sql/guard.sql",
            "DO $$\nDECLARE\n  n int;\nBEGIN\n  IF current_database() <> 'library' THEN\n    RAISE EXCEPTION 'wrong place';\n  END IF;\n\
             \x20 SELECT count(*) INTO n FROM approval;\n  IF n < 1 THEN\n    RAISE EXCEPTION 'nobody approved';\n  END IF;\nEND $$;\n",
        ),
        (
            "sql/one.sql",
            "-- Shelves.\nBEGIN;\nSET LOCAL lock_timeout = '5s';\n\\ir guard.sql\nCREATE TABLE IF NOT EXISTS shelf (\n    id int PRIMARY KEY,\n    room text NOT NULL\n);\n\
             CREATE TABLE IF NOT EXISTS place (shelf int REFERENCES shelf (id), book int REFERENCES book (id));\n\
             INSERT INTO book (id, title, created_by) VALUES (1, 'Đường 😀', 'R7') ON CONFLICT (id) DO NOTHING;\nCOMMIT;\n",
        ),
        (
            "sql/two.sql",
            "BEGIN;\nSET LOCAL lock_timeout = '5s';\n\\ir guard.sql\nCREATE TABLE IF NOT EXISTS loan (id int PRIMARY KEY, shelf int REFERENCES shelf (id));\n\
             CREATE OR REPLACE FUNCTION lent() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM loan';\nCOMMIT;\n",
        ),
        (
            "sql/undo_one.sql",
            "BEGIN;\nSET LOCAL lock_timeout = '5s';\nDO $$\nBEGIN\n  IF current_database() <> 'library' THEN\n    RAISE EXCEPTION 'wrong place';\n  END IF;\nEND $$;\n\
             DELETE FROM book WHERE created_by = 'R7';\nDROP TABLE IF EXISTS place;\nDROP TABLE IF EXISTS shelf;\nCOMMIT;\n",
        ),
        (
            "sql/undo_two.sql",
            "BEGIN;\nSET LOCAL lock_timeout = '5s';\nDO $$\nBEGIN\n  IF current_database() <> 'library' THEN\n    RAISE EXCEPTION 'wrong place';\n  END IF;\nEND $$;\n\
             DROP FUNCTION IF EXISTS lent();\nDROP TABLE IF EXISTS loan;\nCOMMIT;\n",
        ),
        ("sql/back.sql", "\\ir undo_two.sql\n\\ir undo_one.sql\n"),
    ];
    let directory = tempfile::Builder::new().prefix("a package").tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    directory
}

fn text(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).expect("a file")
}

/// The line and the column, in UTF-16, of the first place of some words.
fn place(text: &str, words: &str) -> (u32, u32) {
    let offset = text.find(words).unwrap_or_else(|| panic!("there is no {words:?}"));
    let before = text.get(..offset).expect("a boundary");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    (u32::try_from(line).expect("few"), u32::try_from(column).expect("few"))
}

#[test]
fn a_conversation_from_its_start_to_its_end() {
    let directory = package();
    let (mut client, answer) = Client::open(directory.path(), &["utf-16"]);
    let capabilities = &answer["capabilities"];
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    assert_eq!(capabilities["textDocumentSync"]["change"], 2);
    assert_eq!(answer["serverInfo"]["name"], "roof-lint");
    client.settle();
    assert!(client.shown.values().all(Vec::is_empty), "{:?}", client.shown);
    // What is typed is what is linted, not what is on disk.
    let one = text(directory.path(), "sql/one.sql");
    client.did_open("sql/one.sql", &one);
    let (line, column) = place(&one, "IF NOT EXISTS shelf");
    let range =
        json!({ "start": { "line": line, "character": column }, "end": { "line": line, "character": column + 14 } });
    client.did_change("sql/one.sql", 2, &json!([{ "range": range, "text": "" }]));
    client.settle();
    assert_eq!(client.findings("sql/one.sql"), [("fails-when-repeated".to_owned(), u64::from(line), 0)]);
    let shown = &client.shown["sql/one.sql"][0];
    assert_eq!((&shown["severity"], &shown["source"]), (&json!(1), &json!("roof-lint")));
    assert_eq!(shown["codeDescription"]["href"], "https://example.org/rules/fails-when-repeated.md");
    assert_eq!(client.versions["sql/one.sql"], Some(2));
    // And back again: what is gone is taken away.
    let range = json!({ "start": { "line": line, "character": column }, "end": { "line": line, "character": column } });
    client.did_change("sql/one.sql", 3, &json!([{ "range": range, "text": "IF NOT EXISTS " }]));
    client.settle();
    assert_eq!((client.findings("sql/one.sql"), client.versions["sql/one.sql"]), (Vec::new(), Some(3)));
    // A file that is not open is shown, too.
    client.did_change(
        "sql/one.sql",
        4,
        &json!([{ "text": one.replace("id int PRIMARY KEY,\n    room", "id int,\n    room") }]),
    );
    client.settle();
    let files: BTreeSet<&String> =
        client.shown.iter().filter(|(_, shown)| !shown.is_empty()).map(|(file, _)| file).collect();
    assert!(files.contains(&"sql/two.sql".to_owned()), "{:?}", client.shown);
    // What is closed counts as it is on disk.
    let uri = client.uri("sql/one.sql");
    client.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    client.settle();
    assert!(client.shown.values().all(Vec::is_empty), "{:?}", client.shown);
    assert_eq!(client.close(), (Some(0), String::new()));
}

#[test]
fn the_configuration_is_linted_as_it_is_typed() {
    let directory = package();
    let (mut client, _) = Client::open(directory.path(), &[]);
    let config = text(directory.path(), "lint.toml");
    client.did_open("lint.toml", &config);
    let mut version = 1;
    let mut with = |client: &mut Client, text: &str| {
        version += 1;
        client.did_change("lint.toml", version, &json!([{ "text": text }]));
        client.settle();
        client.findings("lint.toml")
    };
    assert_eq!(with(&mut client, &config.replace("timeouts", "timeout")), [("fault".to_owned(), 9, 0)]);
    let message = client.shown["lint.toml"][0]["message"].as_str().expect("text").to_owned();
    assert_eq!(message, "unknown key `timeout` in lint.toml\ndid you mean `timeouts`?");
    assert_eq!(with(&mut client, &config.replace("tables = 2", "tables = 3")), []);
    assert_eq!(client.findings("sql/one.sql").len(), 1);
    assert_eq!(with(&mut client, "[[package]"), [("fault".to_owned(), 0, 10)]);
    assert_eq!(client.findings("sql/one.sql"), []);
    assert_eq!(with(&mut client, &config), []);
    // What it names may come and go.
    fs::rename(directory.path().join("sql/two.sql"), directory.path().join("sql/gone.sql")).expect("it moves");
    let changes = json!({ "changes": [{ "uri": client.uri("sql/two.sql"), "type": 3 }] });
    client.tell("workspace/didChangeWatchedFiles", &changes);
    client.settle();
    assert_eq!(client.findings("lint.toml").len(), 1);
    client.did_open("sql/two.sql", &text(directory.path(), "sql/gone.sql"));
    client.settle();
    assert_eq!(client.findings("lint.toml"), []);
    assert_eq!(client.close().0, Some(0));
}

#[test]
fn a_place_says_what_is_certain_what_happens_and_what_undoes_it() {
    let directory = package();
    let (mut client, _) = Client::open(directory.path(), &["utf-8", "utf-16"]);
    let one = text(directory.path(), "sql/one.sql");
    client.did_open("sql/one.sql", &format!("-- longer than before\n{one}"));
    let (line, column) = place(&one, "INSERT INTO book");
    let at = client.at("sql/one.sql", line + 1, column + 13);
    let hover = client.ask("textDocument/hover", &at).expect("an answer");
    let said = hover["contents"]["value"].as_str().expect("text");
    for words in [
        "**tier 1, Shelves**, in transaction 1 of the script, with lock_timeout = 5s",
        "- somebody approved (`lint.toml` asks for it)",
        "- `(SELECT count(*) FROM approval) < 1` is not true",
        "- adds rows to public.book",
        "- locks the table book: ROW EXCLUSIVE",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    // From the rollback to what it undoes, past what was typed, and back.
    let undo = text(directory.path(), "sql/undo_one.sql");
    let (line, column) = place(&undo, "shelf;");
    let at = client.at("sql/undo_one.sql", line, column);
    let found = client.ask("textDocument/definition", &at).expect("an answer");
    let made = place(&one, "CREATE TABLE IF NOT EXISTS shelf");
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["uri"], client.uri("sql/one.sql"));
    assert_eq!(found[0]["range"]["start"]["line"], made.0 + 1);
    let mut at = client.at("sql/one.sql", made.0 + 1, made.1 + 30);
    at["context"] = json!({ "includeDeclaration": true });
    let found = client.ask("textDocument/references", &at).expect("an answer");
    assert_eq!((found.as_array().map(Vec::len), &found[0]["uri"]), (Some(1), &json!(client.uri("sql/undo_one.sql"))));
    assert_eq!(found[0]["range"]["start"]["line"], line);
    let (line, column) = place(&undo, "book");
    let at = client.at("sql/undo_one.sql", line, column);
    let found = client.ask("textDocument/definition", &at).expect("an answer");
    assert_eq!(found[0]["range"]["start"]["line"], place(&one, "INSERT INTO").0 + 1, "{found}");
    // Includes and names in lint.toml lead to their files.
    let at = client.at("sql/run.sql", 1, 6);
    assert_eq!(client.ask("textDocument/definition", &at).expect("an answer")[0]["uri"], client.uri("sql/one.sql"));
    let (line, column) = place(&text(directory.path(), "lint.toml"), "two.sql");
    let at = client.at("lint.toml", line, column);
    assert_eq!(client.ask("textDocument/definition", &at).expect("an answer")[0]["uri"], client.uri("sql/two.sql"));
    // Over a finding, the page of its rule.
    client.did_change("sql/one.sql", 2, &json!([{ "text": one.replace("IF NOT EXISTS shelf", "shelf") }]));
    let (line, column) = place(&one, "CREATE TABLE IF NOT EXISTS shelf");
    let at = client.at("sql/one.sql", line, column + 14);
    let hover = client.ask("textDocument/hover", &at).expect("an answer");
    let page = all_rules().find(|rule| rule.id == "fails-when-repeated").expect("a rule").title();
    assert!(hover["contents"]["value"].as_str().expect("text").contains(page), "{hover}");
    // The outline.
    let params = json!({ "textDocument": { "uri": client.uri("sql/one.sql") } });
    let symbols = client.ask("textDocument/documentSymbol", &params).expect("an answer");
    let names: Vec<&str> =
        symbols.as_array().expect("a list").iter().map(|it| it["name"].as_str().expect("text")).collect();
    assert_eq!((names[0], names[2], names.len()), ("BEGIN", "\\ir guard.sql", 7), "{names:?}");
    assert_eq!(client.close().0, Some(0));
}

/// The text after the edits of an action.
fn apply(text: &str, edits: &Value) -> String {
    let offset = |place: &Value| {
        let line = usize::try_from(place["line"].as_u64().expect("a line")).expect("few");
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let column = usize::try_from(place["character"].as_u64().expect("a column")).expect("few");
        let rest = text.get(start..).expect("a line");
        let mut units = 0;
        start
            + rest
                .chars()
                .take_while(|character| {
                    let is_before = units < column;
                    units += character.len_utf16();
                    is_before
                })
                .map(char::len_utf8)
                .sum::<usize>()
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .as_array()
        .expect("a list")
        .iter()
        .map(|edit| {
            (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]), edit["newText"].as_str().expect("text"))
        })
        .collect();
    edits.sort_unstable();
    let mut changed = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        changed.replace_range(start..end, new);
    }
    changed
}

#[test]
fn actions_do_what_they_say_in_wide_text_with_other_line_ends() {
    let directory = package();
    let (mut client, _) = Client::open(directory.path(), &["utf-16"]);
    let one = text(directory.path(), "sql/one.sql").replace('\n', "\r\n");
    let guilty = one.replace(" ON CONFLICT (id) DO NOTHING", "").replace("'R7'", "/* 😀đ */ 'R7'");
    client.did_open("sql/one.sql", &guilty);
    client.settle();
    let findings = client.findings("sql/one.sql");
    let (line, column) = place(&guilty, "INSERT INTO book");
    assert_eq!(findings, [("fails-when-repeated".to_owned(), u64::from(line), u64::from(column + 12))]);
    let shown = client.shown["sql/one.sql"][0].clone();
    let params = json!({ "textDocument": { "uri": client.uri("sql/one.sql") }, "range": shown["range"], "context": { "diagnostics": [shown] } });
    let actions = client.ask("textDocument/codeAction", &params).expect("an answer");
    let actions = actions.as_array().expect("a list");
    let allow = actions.iter().find(|one| one["title"].as_str().is_some_and(|title| title.contains("allow it here")));
    let edits = &allow.expect("it is offered")["edit"]["changes"][client.uri("sql/one.sql")];
    let allowed = apply(&guilty, edits);
    assert!(allowed.contains("\r\n-- roof-lint: allow(fails-when-repeated) because \r\nINSERT"), "{allowed}");
    let reasoned = allowed.replace("because \r\n", "because it runs once\r\n");
    client.did_change("sql/one.sql", 2, &json!([{ "text": reasoned }]));
    client.settle();
    assert_eq!(client.findings("sql/one.sql"), []);
    // What cannot be decided in a script is not offered there.
    client.did_change("sql/one.sql", 3, &json!([{ "text": one.replace("\\ir guard.sql", "") }]));
    client.settle();
    let shown: Vec<Value> = client.shown["sql/one.sql"].clone();
    let unguarded = shown.iter().find(|one| one["code"] == "unguarded-change").expect("it is found");
    let params = json!({ "textDocument": { "uri": client.uri("sql/one.sql") }, "range": unguarded["range"], "context": { "diagnostics": [] } });
    let actions = client.ask("textDocument/codeAction", &params).expect("an answer");
    let allowed = |place: &str| {
        let title = format!("unguarded-change: allow it {place}");
        actions.as_array()?.iter().find(|one| one["title"].as_str().is_some_and(|it| it.starts_with(&title))).cloned()
    };
    assert_eq!(allowed("here"), None);
    // In lint.toml it is, and does what it says as soon as a reason is given.
    let action = allowed("in the whole of sql/one.sql, in lint.toml").expect("it is offered");
    let toml = text(directory.path(), "lint.toml");
    let decided = apply(&toml, &action["edit"]["changes"][client.uri("lint.toml")]);
    let entry = "\n[[package.allow]]\npath = \"one.sql\"\nrule = \"unguarded-change\"\nreason = \"\"\n";
    assert_eq!(decided, format!("{toml}{entry}"));
    client.did_open("lint.toml", &decided.replace("reason = \"\"", "reason = \"it is the first of all\""));
    client.settle();
    let left = client.findings("sql/one.sql");
    assert!(!left.iter().any(|(rule, ..)| rule == "unguarded-change"), "{left:?}");
    assert_eq!(client.close().0, Some(0));
}

#[test]
fn what_mends_a_finding_mends_it() {
    let directory = package();
    let (mut client, _) = Client::open(directory.path(), &["utf-16"]);
    let one = text(directory.path(), "sql/one.sql").replace('\n', "\r\n").replace("-- Shelves.", "-- 😀 Shelves.");
    // Further up something else was typed, so nothing stands where it stood.
    client.did_open("sql/one.sql", &one);
    let guilty = one.replace("IF NOT EXISTS shelf", "shelf").replace("😀", "😀 and more");
    client.did_change("sql/one.sql", 2, &json!([{ "text": guilty }]));
    client.settle();
    let shown = client.shown["sql/one.sql"][0].clone();
    let params = json!({ "textDocument": { "uri": client.uri("sql/one.sql") }, "range": shown["range"], "context": { "diagnostics": [shown] } });
    let actions = client.ask("textDocument/codeAction", &params).expect("an answer");
    let mends =
        actions.as_array().expect("a list").iter().find(|one| one["isPreferred"] == true).expect("it is offered");
    let mended = apply(&guilty, &mends["edit"]["changes"][client.uri("sql/one.sql")]);
    assert_eq!(mended, one.replace("😀", "😀 and more"));
    client.did_change("sql/one.sql", 3, &json!([{ "text": mended }]));
    client.settle();
    assert_eq!(client.findings("sql/one.sql"), []);
    let only = json!({ "textDocument": { "uri": client.uri("sql/one.sql") }, "range": shown["range"], "context": { "diagnostics": [], "only": ["refactor"] } });
    assert_eq!(client.ask("textDocument/codeAction", &only), Ok(json!([])));
    assert_eq!(client.close().0, Some(0));
}

#[test]
fn who_does_not_keep_to_the_protocol_gets_an_error_and_an_end() {
    let directory = package();
    // Asked before it was told anything.
    let mut client = Client::start(directory.path());
    let at = client.at("sql/one.sql", 0, 0);
    assert_eq!(client.ask("textDocument/hover", &at).expect_err("too early")["code"], -32002);
    client.tell("textDocument/didOpen", &json!({ "nonsense": true }));
    assert_eq!(client.ask("initialize", &json!({ "capabilities": 7 })).expect_err("nonsense")["code"], -32602);
    assert!(client.ask("initialize", &json!({ "capabilities": {} })).is_ok());
    assert_eq!(client.ask("initialize", &json!({ "capabilities": {} })).expect_err("twice")["code"], -32600);
    assert_eq!(client.ask("textDocument/unheardOf", &json!({})).expect_err("unknown")["code"], -32601);
    assert_eq!(client.ask("textDocument/hover", &json!({ "x": 1 })).expect_err("nonsense")["code"], -32602);
    // What is no message is passed over.
    client.send_bytes(b"Content-Length: 9\r\n\r\n{not json");
    client.send_bytes(b"Content-Length: 2\r\n\r\n[]");
    client.tell(
        "textDocument/didChange",
        &json!({ "textDocument": { "uri": "file:///nowhere", "version": 1 }, "contentChanges": [] }),
    );
    client.tell(
        "textDocument/didOpen",
        &json!({ "textDocument": { "uri": "untitled:x", "languageId": "sql", "version": 1, "text": "" } }),
    );
    client.tell("$/cancelRequest", &json!({ "id": 99 }));
    let range = json!({ "start": { "line": 4_000_000_000_u32, "character": 7 }, "end": { "line": 0, "character": 4_000_000_000_u32 } });
    client.did_open("sql/one.sql", "SELECT 1;\n");
    client.did_change("sql/one.sql", -5, &json!([{ "range": range, "text": "x" }]));
    assert!(client.ask("textDocument/hover", &at).is_ok());
    assert_eq!(client.ask("shutdown", &Value::Null), Ok(Value::Null));
    assert_eq!(client.ask("textDocument/hover", &at).expect_err("too late")["code"], -32600);
    client.tell("exit", &Value::Null);
    assert_eq!(client.end(), (Some(0), String::new()));
    // Gone without a word.
    assert_eq!(Client::start(directory.path()).end(), (Some(1), String::new()));
    let (client, _) = Client::open(directory.path(), &[]);
    assert_eq!(client.end().0, Some(1));
    let mut client = Client::start(directory.path());
    client.tell("exit", &Value::Null);
    assert_eq!(client.end().0, Some(1));
    // What is no conversation at all.
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999\r\n\r\n",
        &[0xff; 9000],
    ] {
        let mut client = Client::start(directory.path());
        client.send_bytes(garbage);
        let (code, told) = client.end();
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("the editor cannot be understood"), "{told}");
    }
}

#[test]
fn files_of_no_package_are_left_alone_and_several_packages_are_told_apart() {
    let outer = tempfile::tempdir().expect("a directory");
    for name in ["a", "b"] {
        let inner = package();
        fs::create_dir(outer.path().join(name)).expect("a directory");
        for entry in walkdir::WalkDir::new(inner.path()).into_iter().map(|entry| entry.expect("a file")) {
            let target = outer.path().join(name).join(entry.path().strip_prefix(inner.path()).expect("below"));
            if entry.file_type().is_dir() {
                fs::create_dir_all(target).expect("a directory");
            } else {
                fs::copy(entry.path(), target).expect("a file");
            }
        }
    }
    let (mut client, _) = Client::open(outer.path(), &[]);
    client.did_open("stray.sql", "DROP TABLE everything;\n");
    client.did_open("a/sql/stray.sql", "DROP TABLE everything;\n");
    client.settle();
    assert!(client.shown.values().all(Vec::is_empty), "{:?}", client.shown);
    let at = client.at("stray.sql", 0, 2);
    assert_eq!(client.ask("textDocument/hover", &at), Ok(Value::Null));
    let two = text(outer.path(), "a/sql/two.sql");
    client.did_open("b/sql/two.sql", &two.replace("COMMIT;\n", ""));
    client.did_open("a/sql/two.sql", &two);
    client.settle();
    assert_eq!(client.findings("a/sql/two.sql"), []);
    assert!(!client.findings("b/sql/two.sql").is_empty());
    assert_eq!(client.close().0, Some(0));
}

/// What a lint from nothing shows of the files as they are: rule, line and column from zero.
fn cold(root: &Path) -> Result<BTreeMap<String, Vec<(String, u64, u64)>>, (u64, u64)> {
    let config_text = text(root, "lint.toml");
    let mut found: BTreeMap<String, Vec<(String, u64, u64)>> = BTreeMap::new();
    let judged = Config::parse("lint.toml", &config_text).and_then(|config| {
        config.check_rules(&all_rules().map(|rule| rule.id).collect::<Vec<_>>())?;
        let job = Job { directory: root.to_owned(), config: config.clone(), packages: Vec::new() };
        Verdict::on(Some("2026-01-01".parse().expect("a day")), lint(job)?, &config)
    });
    let Ok(verdict) = judged else { return Err((0, 0)) };
    let mut seen = BTreeSet::new();
    for opinion in verdict.packages().iter().flat_map(Judged::shown) {
        let at = opinion.finding.primary.at;
        let place = verdict.place(at, at.span().start);
        let index = at.file().index();
        if !seen.insert((opinion.finding.rule, index, at.span().start, at.span().end, opinion.finding.message.clone()))
        {
            continue;
        }
        let one = (opinion.finding.rule.to_owned(), place.line as u64 - 1, place.column as u64 - 1);
        found.entry(verdict.name(index).to_owned()).or_default().push(one);
    }
    found.values_mut().for_each(|all| all.sort());
    Ok(found)
}

#[allow(clippy::string_slice, reason = "every offset is that of a character")]
#[test]
fn after_a_thousand_edits_nothing_is_stale() {
    let directory = package();
    // The same files on disk, for a lint that knows nothing.
    let mirror = package();
    let (mut client, _) = Client::open(directory.path(), &["utf-8"]);
    let names = [
        "lint.toml",
        "sql/one.sql",
        "sql/two.sql",
        "sql/guard.sql",
        "sql/undo_one.sql",
        "sql/undo_two.sql",
        "sql/back.sql",
        "sql/run.sql",
        "sql/before.sql",
    ];
    let mut texts: Vec<String> = names.iter().map(|name| text(directory.path(), name)).collect();
    let originals = texts.clone();
    let mut undo: Vec<(usize, String)> = Vec::new();
    for (name, text) in names.iter().zip(&texts) {
        client.did_open(name, text);
    }
    let snippets = [
        ";",
        "'",
        "$$",
        "--",
        "/*",
        "*/",
        "(",
        ")",
        "\n",
        " ",
        "x",
        "0",
        "\\",
        "BEGIN;\n",
        "COMMIT;\n",
        "IF NOT EXISTS ",
        "-- a remark\n",
        "\\ir guard.sql\n",
        "\\ir two.sql\n",
        "\\ir one.sql\n",
        "\\if :x\n",
        "\\endif\n",
        "DROP TABLE shelf;\n",
        "CREATE TABLE t (id int);\n",
        "DELETE FROM book;\n",
        "RAISE NOTICE 'x';",
        " OR true",
        "-- roof-lint: allow(statement-fails) because x\n",
        "[[package.tier]]\n",
        "# x\n",
        "\r\n",
        "\t",
        "INSERT INTO book (id, created_by) VALUES (2, 'R7');\n",
        "SET lock_timeout = 0;\n",
        "lock_timeout",
        "shelf",
        "book",
        "R7",
        "library",
    ];
    let mut numbers = Numbers::new(0x1234_5678_9abc_def1);
    let (mut checked, mut sound, mut guilty, mut is_fault) = (0, 0, 0, false);
    for round in 0..1000 {
        let version = round + 2;
        let (index, new) = match numbers.place(10) {
            // What cannot be judged is mended soon, else there is nothing to compare.
            _ if is_fault && numbers.place(2) == 0 => (0, originals[0].clone()),
            0..=2 if !undo.is_empty() => undo.pop().expect("there is one"),
            3 => {
                let index = numbers.place(names.len());
                (index, originals[index].clone())
            }
            kind => {
                // Mostly scripts.
                let index = if numbers.place(20) == 0 { 0 } else { 1 + numbers.place(names.len() - 1) };
                let text = &texts[index];
                let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
                let lines: Vec<usize> =
                    std::iter::once(0).chain(text.match_indices('\n').map(|(offset, _)| offset + 1)).collect();
                let start =
                    if kind < 7 { lines[numbers.place(lines.len())] } else { offsets[numbers.place(offsets.len())] };
                let length = [0, 0, 0, 1, 4, 20][numbers.place(6)];
                let end = offsets.iter().copied().find(|end| *end >= start + length).unwrap_or(text.len());
                let snippet = if numbers.place(4) == 0 { "" } else { snippets[numbers.place(snippets.len())] };
                (index, [&text[..start], snippet, &text[end..]].concat())
            }
        };
        // What the editor tells is the smallest change, in bytes.
        let old = std::mem::replace(&mut texts[index], new.clone());
        let common = |left: &str, right: &str| {
            left.char_indices()
                .zip(right.chars())
                .find(|((_, ours), theirs)| ours != theirs)
                .map_or(left.len().min(right.len()), |((offset, _), _)| offset)
        };
        let start = common(&old, &new);
        let position = |text: &str, offset: usize| {
            // As the protocol has it, a carriage return alone ends a line, too.
            let mut line = 0;
            let mut from = 0;
            for (at, byte) in text.bytes().enumerate().take(offset) {
                if byte == b'\n' || byte == b'\r' && text.as_bytes().get(at + 1) != Some(&b'\n') {
                    (line, from) = (line + 1, at + 1);
                }
            }
            json!({ "line": line, "character": offset - from })
        };
        let is_split = |offset: usize| offset > 0 && old.as_bytes().get(offset - 1) == Some(&b'\r');
        let change = if is_split(start) {
            json!([{ "text": new }])
        } else {
            let range = json!({ "start": position(&old, start), "end": position(&old, old.len()) });
            json!([{ "range": range, "text": &new[start..] }])
        };
        client.did_change(names[index], version, &change);
        if !matches!(numbers.place(10), 0..=2) {
            undo.push((index, old));
        }
        undo.truncate(40);
        fs::write(mirror.path().join(names[index]), &new).expect("a file");
        // Some edits come so quickly that nobody looks in between.
        if numbers.place(5) == 0 && round != 999 {
            continue;
        }
        client.settle();
        checked += 1;
        let expected = cold(mirror.path());
        is_fault = expected.is_err();
        match expected {
            Ok(expected) => {
                sound += 1;
                guilty += usize::from(!expected.is_empty());
                for file in names.iter().map(|name| (*name).to_owned()).chain(expected.keys().cloned()) {
                    let bytes = fs::read_to_string(mirror.path().join(&file)).expect("a file");
                    let shown = client.findings(&file);
                    let expected: Vec<(String, u64, u64)> = expected.get(&file).cloned().unwrap_or_default();
                    // Columns are told in bytes, and lines end at a carriage return alone, too.
                    let mut expected: Vec<(String, u64, u64)> = expected
                        .into_iter()
                        .map(|(rule, line, column)| {
                            let start: usize = bytes
                                .split_inclusive('\n')
                                .take(usize::try_from(line).expect("few"))
                                .map(str::len)
                                .sum();
                            let rest = &bytes[start..];
                            let offset = start
                                + rest
                                    .chars()
                                    .take(usize::try_from(column).expect("few"))
                                    .map(char::len_utf8)
                                    .sum::<usize>();
                            let place = position(&bytes, offset);
                            (
                                rule,
                                place["line"].as_u64().expect("a line"),
                                place["character"].as_u64().expect("a column"),
                            )
                        })
                        .collect();
                    expected.sort();
                    assert_eq!(shown, expected, "after edit {round}, in {file}");
                }
            }
            Err(_) => {
                assert_eq!(client.findings("lint.toml").len(), 1, "after edit {round}");
                assert_eq!(client.findings("lint.toml")[0].0, "fault");
            }
        }
    }
    assert!(checked > 700 && sound > 400 && guilty > 200, "{checked} {sound} {guilty}");
    assert_eq!(client.close().0, Some(0));
}

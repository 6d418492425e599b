//! `roof-lint watch`, with files written in the ways of editors.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// What does not come in this time does not come.
const PATIENCE: Duration = Duration::from_mins(1);

struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
            .args(["watch", "--color", "never"])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (sender, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("it is piped")), Box::new(child.stderr.take().expect("it is piped"))];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for a line with these words.
    #[track_caller]
    fn says(&self, words: &str) {
        let mut all = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.contains(words) {
                return;
            }
            all.push(line);
        }
        panic!("nobody says {words:?}\n{}", all.join("\n"));
    }

    /// Interrupts it; the exit code.
    fn end(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &pid]).status().expect("kill is there");
        assert!(killed.success());
        self.child.wait().expect("it ends").code()
    }
}

const SCRIPT: &str = "BEGIN;\nCREATE TABLE IF NOT EXISTS t (id int);\nCOMMIT;\n";
const CONFIG: &str = "[[package]]\nname = \"p\"\nroot = \"sql\"\ndatabase = \"*\"\nfull-rollback = \"back.sql\"\n\
                      [[package.tier]]\nnumber = 1\nname = \"t\"\nfile = \"one.sql\"\n";

fn package() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("sql")).expect("a directory");
    let files = [
        ("lint.toml", CONFIG),
        ("sql/one.sql", SCRIPT),
        ("sql/back.sql", "BEGIN;\nDROP TABLE IF EXISTS t;\nCOMMIT;\n"),
    ];
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a file");
    }
    directory
}

#[test]
fn it_checks_whenever_a_file_changes_however_it_is_written() {
    let directory = package();
    let one = directory.path().join("sql/one.sql");
    let watch = Watch::start(directory.path());
    watch.says("2 files, 6 statements: nothing to say");
    // In place.
    fs::write(&one, SCRIPT.replace("IF NOT EXISTS ", "")).expect("a file");
    watch.says("fails-when-repeated");
    watch.says("--fix: ");
    // By another that takes its place.
    fs::write(directory.path().join("sql/.one.sql.swp"), SCRIPT).expect("a file");
    fs::rename(directory.path().join("sql/.one.sql.swp"), &one).expect("it moves");
    watch.says("nothing to say");
    // It is gone, and comes back.
    fs::rename(&one, directory.path().join("elsewhere.sql")).expect("it moves");
    watch.says("one.sql");
    fs::rename(directory.path().join("elsewhere.sql"), &one).expect("it moves");
    watch.says("nothing to say");
    // A lint.toml that breaks is told and waited on.
    fs::write(directory.path().join("lint.toml"), CONFIG.replace("[[package.tier]]", "[[package.tire]]"))
        .expect("a file");
    watch.says("unknown key `tire`");
    watch.says("waiting for it to be mended");
    fs::remove_file(directory.path().join("lint.toml")).expect("it goes");
    watch.says("cannot read lint.toml");
    fs::write(directory.path().join("lint.toml"), CONFIG).expect("a file");
    watch.says("nothing to say");
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn its_exit_code_is_that_of_the_last_verdict() {
    let directory = package();
    fs::write(directory.path().join("sql/one.sql"), SCRIPT.replace("IF NOT EXISTS ", "")).expect("a file");
    let watch = Watch::start(directory.path());
    watch.says("fails-when-repeated");
    assert_eq!(watch.end(), Some(1));
    fs::write(directory.path().join("lint.toml"), "[[").expect("a file");
    let watch = Watch::start(directory.path());
    watch.says("waiting for it to be mended");
    assert_eq!(watch.end(), Some(2));
}

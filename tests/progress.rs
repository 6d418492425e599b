//! The line of progress: on a terminal, and nowhere else.

use std::fs::{self, File};
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;

use nix::pty::openpty;
use roof_lint::cluster::{Cluster, SUPERUSER};

const CONFIG: &str = r#"
[[package]]
name = "small"
root = "."
database = "*"
executor = "run.sql"
timeouts = ["lock_timeout"]

[[package.tier]]
number = 7
name = "the axis"
file = "tier.sql"
rollback = "undo.sql"
"#;

#[test]
fn the_line_is_for_a_terminal() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let directory = tempfile::tempdir().expect("a directory");
    let tier = "BEGIN;\nSET LOCAL lock_timeout = '5s';\nSELECT pg_sleep(0.1);\nCOMMIT;\n";
    for (name, text) in [
        ("lint.toml", CONFIG),
        ("run.sql", "\\set ON_ERROR_STOP on\n\\ir tier.sql\n"),
        ("tier.sql", tier),
        ("undo.sql", tier),
    ] {
        fs::write(directory.path().join(name), text).expect("a file");
    }
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roof-exec"));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGHOST", cluster.socket_dir()).env("PGUSER", SUPERUSER);
        command.env("PGDATABASE", "postgres").current_dir(directory.path()).args(arguments).stdin(Stdio::null());
        command
    };
    // On a terminal: what it prints on standard error, and what on standard output.
    let on_terminal = |arguments: &[&str]| {
        let terminal = openpty(None, None).expect("a terminal");
        let mut builder = command(arguments);
        let mut child = builder.stdout(Stdio::piped()).stderr(terminal.slave).spawn().expect("it runs");
        // It holds the terminal too.
        drop(builder);
        let mut reader = File::from(terminal.master);
        let seen = thread::spawn(move || {
            let mut bytes = Vec::new();
            // The end is an error on Linux: nobody has the other side any more.
            let _ = reader.read_to_end(&mut bytes);
            String::from_utf8(bytes).expect("text")
        });
        let mut output = String::new();
        child.stdout.take().expect("a pipe").read_to_string(&mut output).expect("text");
        let status = child.wait().expect("it ends");
        let seen = seen.join().expect("a thread");
        assert!(status.success(), "{seen}");
        (seen, output)
    };
    let (seen, printed) = on_terminal(&["-f", "run.sql"]);
    let lines: Vec<&str> = seen.split("\r\x1b[K").collect();
    assert!(lines.contains(&"0 s  tier 7 the axis  tier.sql:3  SELECT pg_sleep(0.1);"), "{lines:?}");
    assert!(lines.iter().all(|line| line.is_empty() || line.starts_with("0 s  tier 7 ")), "{lines:?}");
    // It is gone at the end.
    assert!(seen.ends_with("\r\x1b[K"), "{seen:?}");
    // As psql does, without a package.
    let (seen, same) = on_terminal(&["--unlinted", "-v", "ON_ERROR_STOP=1", "-f", "run.sql"]);
    assert_eq!((seen.as_str(), &same), ("", &printed));
    // Never into a pipe.
    let output = command(&["-f", "run.sql"]).output().expect("it runs");
    assert_eq!((output.stderr.as_slice(), output.stdout.as_slice()), (&b""[..], printed.as_bytes()));
}

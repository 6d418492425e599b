//! What was judged is what is sent: whoever changes a file, a link, the manifest, a variable or
//! the environment between the lint and the run does not get a byte to the server.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use roof_lint::cluster::{Cluster, SUPERUSER};

const CONFIG: &str = r#"
[[package]]
name = "small"
root = "."
database = "postgres"
executor = "run.sql"
variables = { code = "x" }
"#;

const RUN: &str = "\\set ON_ERROR_STOP on\nSELECT 'judged' AS run;\n\\ir inner.sql\n";
const INNER: &str = "SELECT 'judged' AS inner;\n";
const EVIL: &str = "\\set ON_ERROR_STOP on\nSELECT 'evil' AS evil;\n\\! touch evil\n";

/// What a run said, and which queries the server got.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    queries: Vec<String>,
}

impl Run {
    /// The queries that are not the executor's own.
    fn sent(&self) -> Vec<&str> {
        let own = |query: &&str| !query.contains("advisory_lock");
        self.queries.iter().map(String::as_str).filter(own).collect()
    }
}

struct Site {
    cluster: Cluster,
}

fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [("lint.toml", CONFIG), ("run.sql", RUN), ("inner.sql", INNER)].iter().chain(files) {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    directory
}

impl Site {
    /// Runs the executor in a directory. `change` is done when it has linted and connects.
    fn run(
        &self,
        directory: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        change: impl FnOnce() + Send + 'static,
    ) -> Run {
        let sockets = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(sockets.path().join(".s.PGSQL.5432")).expect("a socket");
        let server = self.cluster.socket_dir().join(".s.PGSQL.5432");
        let queries: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&queries);
        thread::spawn(move || {
            let mut change = Some(change);
            for client in listener.incoming().flatten() {
                if let Some(change) = change.take() {
                    change();
                }
                let server = UnixStream::connect(&server).expect("the server");
                let (mut answers, mut back) = (server.try_clone().expect("it"), client.try_clone().expect("it"));
                thread::spawn(move || std::io::copy(&mut answers, &mut back));
                let kept = Arc::clone(&kept);
                thread::spawn(move || {
                    let _ = listen(client, server, &kept);
                });
            }
        });
        let mut command = Command::new(env!("CARGO_BIN_EXE_roof-exec"));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGHOST", sockets.path()).env("PGUSER", SUPERUSER);
        command.env("PGDATABASE", "postgres").envs(environment.iter().copied()).current_dir(directory);
        let output = command.args(arguments).stdin(Stdio::null()).output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let queries = queries.lock().expect("nobody fails").clone();
        assert!(!directory.join("evil").exists(), "a command was run");
        Run { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), queries }
    }
}

/// Forwards what a client says, and keeps its queries.
fn listen(mut client: UnixStream, mut server: UnixStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    for number in 0.. {
        let mut message = vec![0; if number == 0 { 4 } else { 5 }];
        client.read_exact(&mut message)?;
        let length = u32::from_be_bytes(message[message.len() - 4..].try_into().expect("four bytes"));
        (&mut client).take(u64::from(length) - 4).read_to_end(&mut message)?;
        if number > 0 && message[0] == b'Q' {
            let text = String::from_utf8_lossy(&message[5..message.len() - 1]).into_owned();
            kept.lock().expect("nobody fails").push(text);
        }
        server.write_all(&message)?;
    }
    Ok(())
}

fn nothing() {}

const JUDGED: [&str; 2] = ["SELECT 'judged' AS run;", "SELECT 'judged' AS inner;"];

#[test]
fn files_that_change_after_the_lint_change_nothing() {
    let site = Site { cluster: Cluster::start().expect("PostgreSQL starts") };
    // Rewritten in place, replaced, taken away.
    let changes: [fn(&Path); 4] = [
        |path| ["run.sql", "inner.sql"].iter().for_each(|name| fs::write(path.join(name), EVIL).expect("a file")),
        |path| {
            fs::write(path.join("evil.sql"), EVIL).expect("a file");
            fs::rename(path.join("evil.sql"), path.join("inner.sql")).expect("it is moved");
        },
        |path| {
            ["run.sql", "inner.sql", "lint.toml"]
                .iter()
                .for_each(|name| fs::remove_file(path.join(name)).expect("a file"));
        },
        |path| {
            fs::remove_file(path.join("inner.sql")).expect("a file");
            fs::write(path.join("evil.sql"), EVIL).expect("a file");
            symlink("evil.sql", path.join("inner.sql")).expect("a link");
        },
    ];
    for change in changes {
        let directory = package(&[]);
        let path = directory.path().to_owned();
        let run = site.run(directory.path(), &["-f", "run.sql"], &[], move || change(&path));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
        assert_eq!(run.sent(), JUDGED);
    }
}

#[test]
fn links_that_change_after_the_lint_change_nothing() {
    let site = Site { cluster: Cluster::start().expect("PostgreSQL starts") };
    let directory = tempfile::tempdir().expect("a directory");
    let good = package(&[]);
    let bad = package(&[("run.sql", EVIL), ("inner.sql", EVIL)]);
    let link = directory.path().join("current");
    symlink(good.path(), &link).expect("a link");
    let target = bad.path().to_owned();
    let change = move || {
        fs::remove_file(&link).expect("a link");
        symlink(target, &link).expect("a link");
    };
    let run = site.run(directory.path(), &["-f", "current/run.sql"], &[], change);
    assert_eq!((run.code, run.sent()), (Some(0), JUDGED.to_vec()), "{run:?}");
    // From within the package, by a link to a script.
    let directory = package(&[("evil.txt", EVIL)]);
    symlink("run.sql", directory.path().join("now.sql")).expect("a link");
    let path = directory.path().to_owned();
    let change = move || {
        fs::remove_file(path.join("now.sql")).expect("a link");
        symlink("evil.txt", path.join("now.sql")).expect("a link");
    };
    let run = site.run(directory.path(), &["-f", "now.sql"], &[], change);
    assert_eq!((run.code, run.sent()), (Some(0), JUDGED.to_vec()), "{run:?}");
}

#[test]
fn the_manifest_and_what_is_not_in_it() {
    let site = Site { cluster: Cluster::start().expect("PostgreSQL starts") };
    let config = format!("{}manifest = \"manifest\"\n", CONFIG.replace("root = \".\"", "root = \"sql\""));
    let directory = package(&[("lint.toml", &config), ("sql/run.sql", RUN), ("sql/inner.sql", INNER)]);
    let write = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
        .args(["manifest", "--write"])
        .current_dir(directory.path())
        .output()
        .expect("it runs");
    assert!(write.status.success(), "{}", String::from_utf8_lossy(&write.stderr));
    let run = |change: fn(&Path)| {
        let path = directory.path().to_owned();
        site.run(directory.path(), &["-f", "sql/run.sql"], &[], move || change(&path))
    };
    assert_eq!(run(|_| {}).sent(), JUDGED);
    // After the lint it is too late.
    assert_eq!(run(|path| fs::write(path.join("sql/manifest"), "").expect("a file")).sent(), JUDGED);
    // Before it nothing is sent: emptied, another hash, a script that it does not have.
    let refused = |what: &str| {
        let run = run(|_| {});
        assert_eq!((run.code, run.queries.len(), run.stdout.as_str()), (Some(1), 0, ""), "{what}: {run:?}");
        assert!(run.stderr.contains("manifest"), "{what}: {run:?}");
    };
    refused("emptied");
    let write = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
        .args(["manifest", "--write"])
        .current_dir(directory.path())
        .output();
    assert!(write.expect("it runs").status.success());
    let manifest = fs::read_to_string(directory.path().join("sql/manifest")).expect("a manifest");
    let edited = manifest.replacen(|digit: char| digit.is_ascii_digit(), "f", 1);
    fs::write(directory.path().join("sql/manifest"), edited).expect("a file");
    refused("edited");
    fs::write(directory.path().join("sql/manifest"), &manifest).expect("a file");
    fs::write(directory.path().join("sql/extra.sql"), "SELECT 1;\n").expect("a file");
    refused("an extra file");
    fs::remove_file(directory.path().join("sql/extra.sql")).expect("a file");
    fs::write(directory.path().join("sql/inner.sql"), format!("{INNER}\n")).expect("a file");
    refused("a file that was edited");
}

#[test]
fn variables_carry_no_script() {
    let site = Site { cluster: Cluster::start().expect("PostgreSQL starts") };
    let quoted = "\\set ON_ERROR_STOP on\n\\if :{?code}\n\\else\n\\set code ''\n\\endif\nSELECT :'code' AS code;\n\\echo :code\n";
    let directory = package(&[("run.sql", quoted)]);
    for value in
        ["'; SELECT 'evil'; --", "x\n\\! touch evil\n", "\\! touch evil", "`touch evil`", "\\'; SELECT 'evil'; --"]
    {
        let run = site.run(directory.path(), &["-v", &format!("code={value}"), "-f", "run.sql"], &[], nothing);
        assert_eq!(run.code, Some(0), "{run:?}");
        let [query] = run.sent()[..] else { panic!("{run:?}") };
        assert!(query.starts_with("SELECT ") && query.ends_with("' AS code;"), "{query}");
        assert!(run.stdout.ends_with(&format!("{value}\n")), "{run:?}");
    }
    // As it stands only what is a name or a number is put in; the lint may refuse even that.
    let plain = "\\set ON_ERROR_STOP on\n\\if :{?code}\n\\else\n\\set code 1\n\\endif\nSELECT :code AS code;\n";
    let directory = package(&[("run.sql", plain)]);
    for value in ["1; SELECT 'evil'", "1 \\! touch evil", "1 \\i evil.sql", ""] {
        let run = site.run(directory.path(), &["-v", &format!("code={value}"), "-f", "run.sql"], &[], nothing);
        assert!(matches!(run.code, Some(1 | 3)), "{run:?}");
        assert!(run.sent().is_empty(), "{run:?}");
    }
}

#[test]
fn the_environment_carries_no_script() {
    let site = Site { cluster: Cluster::start().expect("PostgreSQL starts") };
    let home = tempfile::tempdir().expect("a directory");
    let start = "SELECT 'evil';\n\\! touch evil\n\\set ON_ERROR_STOP off\n";
    for name in [".psqlrc", ".psqlrc-15", ".psqlrc-15.18", "psqlrc"] {
        fs::write(home.path().join(name), start).expect("a file");
    }
    let path = home.path().to_string_lossy().into_owned();
    let rc = home.path().join(".psqlrc").to_string_lossy().into_owned();
    let directory = package(&[]);
    let environment = [
        ("HOME", path.as_str()),
        ("PSQLRC", &rc),
        ("PGSYSCONFDIR", &path),
        ("PAGER", "touch evil"),
        ("PSQL_PAGER", "touch evil"),
        ("PSQL_EDITOR", "touch evil"),
        ("COMSPEC", "touch evil"),
        ("SHELL", "touch evil"),
    ];
    for extra in [None, Some("--unlinted")] {
        let mut arguments = vec!["-f", "run.sql"];
        arguments.extend(extra);
        let run = site.run(directory.path(), &arguments, &environment, nothing);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
        assert_eq!(run.sent(), JUDGED);
    }
    let run = site.run(directory.path(), &["-f", "run.sql"], &[("PGOPTIONS", "-c search_path=evil")], nothing);
    assert_eq!((run.code, run.queries.len()), (Some(2), 0), "{run:?}");
    // A script that goes on after a failure is denied, in whatever arm or file it says so.
    for script in [
        "\\set ON_ERROR_STOP off\nSELECT 1;\n",
        "\\set ON_ERROR_STOP on\n\\if false\n\\set ON_ERROR_STOP 0\n\\endif\nSELECT 1;\n",
        "\\set ON_ERROR_STOP on\n\\unset ON_ERROR_STOP\nSELECT 1;\n",
        "\\set ON_ERROR_STOP on\nSELECT 'off' AS \"ON_ERROR_STOP\" \\gset\nSELECT 1;\n",
    ] {
        let directory = package(&[("inner.sql", script)]);
        let run = site.run(directory.path(), &["-f", "run.sql"], &[], nothing);
        // psql itself does not let \gset change such a variable.
        let is_harmless = run.code == Some(0) && run.stderr.contains("specially treated variable");
        assert!(run.code == Some(1) && run.queries.is_empty() || is_harmless, "{script} {run:?}");
    }
}

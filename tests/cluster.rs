//! The throw-away PostgreSQL comes, works, and is gone again, however its owner ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use roof_lint::cluster::{Cluster, SUPERUSER};

/// Whether a cluster, given by its directory, has come to some moment of its life.
type Moment = fn(&Path) -> bool;

/// Waits for something that takes a moment.
fn within(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not after {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The command lines of every process.
fn command_lines() -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("Linux").flatten().map(|entry| entry.path().join("cmdline"));
    // A process may end while it is looked at.
    processes.filter_map(|path| fs::read(path).ok()).map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
}

/// Whether any process has the path on its command line.
fn is_mentioned(path: &Path) -> bool {
    command_lines().iter().any(|line| line.contains(&*path.to_string_lossy()))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable").path()).collect()
}

#[test]
fn it_works_as_promised() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let sql = |text: &str| cluster.sql("postgres", text).expect(text);
    for (setting, value) in [
        ("listen_addresses", ""),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C"),
        ("fsync", "off"),
        ("autovacuum", "off"),
        ("is_superuser", "on"),
        ("application_name", "psql"),
    ] {
        assert_eq!(sql(&format!("SELECT current_setting('{setting}')")), value, "{setting}");
    }
    let mode = fs::metadata(cluster.socket_dir()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    let error = cluster.sql("postgres", "SELECT 1;\nSELECT 1/0;").expect_err("that fails");
    assert!(error.to_string().contains("psql:<stdin>:2: ERROR:  division by zero"), "{error}");
}

#[test]
fn psql_is_deaf_to_the_environment() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let mut command = cluster.psql("postgres");
    let set: Vec<_> =
        command.get_envs().filter(|(_, value)| value.is_some()).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(set, ["LC_ALL", "TZ"]);
    let run = Cluster::capture(command.args(["-U", SUPERUSER, "-Atc", "SHOW client_encoding"])).expect("psql runs");
    assert_eq!((run.stdout.as_str(), run.code), ("UTF8\n", Some(0)));
}

#[test]
fn a_copy_has_the_owner_the_comment_and_the_rows() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let sql = |database: &str, text: &str| cluster.sql(database, text).expect(text);
    sql("postgres", "CREATE ROLE \"o\"\"wner\" LOGIN;\nCREATE DATABASE one OWNER \"o\"\"wner\";");
    sql("postgres", "COMMENT ON DATABASE one IS 'it''s a | clone'");
    sql("one", "CREATE TABLE t AS SELECT 1 AS x");
    let described = "SELECT pg_get_userbyid(datdba), shobj_description(oid, 'pg_database') FROM pg_database \
                     WHERE datname = 'two'";
    for rows in ["1", "2"] {
        cluster.copy_database("one", "two").expect("it can be copied");
        assert_eq!(sql("postgres", described), "o\"wner|it's a | clone");
        assert_eq!(sql("two", "SELECT count(*) FROM t"), rows);
        assert!(cluster.dump("one").expect("a dump") == cluster.dump("two").expect("a dump"));
        sql("one", "INSERT INTO t VALUES (2)");
    }
    assert!(cluster.dump("one").expect("a dump") != cluster.dump("two").expect("a dump"));
    assert!(cluster.copy_database("absent", "two").is_err());
}

#[test]
fn nothing_is_left_after_it() {
    let cluster = Cluster::start().expect("PostgreSQL starts");
    let directory = cluster.socket_dir().to_owned();
    assert!(directory.join("data").exists() && is_mentioned(&directory));
    drop(cluster);
    assert!(!directory.exists());
    assert!(!is_mentioned(&directory));
}

/// The owner is a rehearsal that hangs in a tier; it is killed at several moments of its
/// life, and has no chance to clean up.
#[test]
fn nothing_is_left_when_the_owner_is_killed() {
    let package = tempfile::tempdir().expect("a directory");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/tiny");
    let copied = Command::new("cp").arg("-R").arg(source.join(".")).arg(package.path()).status();
    assert!(copied.expect("cp runs").success());
    fs::write(package.path().join("sql/10_structure.sql"), "SELECT pg_sleep(3600);\n").expect("a file");

    let moments: [(&str, Moment); 3] = [
        ("while initdb runs", |cluster| cluster.join("log").exists()),
        ("while the server starts", |cluster| cluster.join("pid").exists()),
        ("while a tier runs", |cluster| {
            let cluster = cluster.to_string_lossy();
            command_lines().iter().any(|line| line.contains(&*cluster) && line.contains("10_structure.sql"))
        }),
    ];
    for (moment, has_come) in moments {
        let temporary = tempfile::tempdir().expect("a directory");
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o1777)).expect("permissions");
        let mut owner = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
            .args(["rehearse", "--unlinted", "--config"])
            .arg(package.path().join("lint.toml"))
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the owner starts");
        within(Duration::from_mins(1), moment, || entries(temporary.path()).iter().any(|cluster| has_come(cluster)));
        owner.kill().expect("it can be killed");
        owner.wait().expect("it is dead");
        within(Duration::from_secs(30), moment, || {
            entries(temporary.path()).is_empty() && !is_mentioned(temporary.path())
        });
    }
}

/// Runs a rehearsal with these programs as the server's.
fn rehearse_with(bindir: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
        .args(["rehearse", "--unlinted", "--config", "tests/packages/tiny/lint.toml"])
        .env("ROOF_LINT_PG_BINDIR", bindir)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_server_that_does_not_start_is_a_fault_with_its_log() {
    let bindir = tempfile::tempdir().expect("a directory");
    // The server's user has to be able to reach it.
    fs::set_permissions(bindir.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    let put = |program: &str, text: &str| {
        let path = bindir.path().join(program);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
    };
    for program in ["initdb", "psql", "pg_dump"] {
        put(program, "exit 0");
    }
    let text = rehearse_with(bindir.path());
    assert!(text.contains("which lacks postgres, pg_isready"), "{text}");
    assert!(text.contains("set ROOF_LINT_PG_BINDIR to the directory of initdb"), "{text}");

    put("pg_isready", "exit 0");
    put("postgres", "echo 'FATAL: the moon is full'; exit 1");
    let text = rehearse_with(bindir.path());
    assert!(text.contains("did not start") && text.contains("FATAL: the moon is full"), "{text}");

    put("initdb", "echo 'initdb: error: no room'; exit 1");
    let text = rehearse_with(bindir.path());
    assert!(text.contains("did not start") && text.contains("initdb: error: no room"), "{text}");
}

//! The record of an audit: the same bytes everywhere, of nothing but these packages, and true.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use roof_lint::audit::{Record, Recorded, audit};
use roof_lint::config::Config;
use roof_lint::date::Date;
use roof_lint::lint::{Job, lint};
use roof_lint::verdict::Verdict;
use serde_json::Value;
use snapbox::cmd::{Command, OutputAssert};

fn program(name: &str, directory: &Path, arguments: &[&str]) -> OutputAssert {
    let program = if name == "roof-exec" { env!("CARGO_BIN_EXE_roof-exec") } else { env!("CARGO_BIN_EXE_roof-lint") };
    Command::new(program).args(arguments).current_dir(directory).assert()
}

fn roof_lint(directory: &Path, arguments: &[&str]) -> OutputAssert {
    program("roof-lint", directory, arguments)
}

fn stdout(run: &OutputAssert) -> String {
    String::from_utf8_lossy(&run.get_output().stdout).into_owned()
}

fn stderr(run: &OutputAssert) -> String {
    String::from_utf8_lossy(&run.get_output().stderr).into_owned()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
    let entries = entries.map(|entry| entry.expect("readable"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("below"));
        fs::create_dir_all(target.parent().expect("a parent")).expect("a directory");
        fs::copy(&file, &target).expect("a file");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).expect("it is ours");
    }
}

/// tests/packages/sound with a manifest, a file that nothing names, and a suppression.
fn sound() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    copy(Path::new("tests/packages/sound"), directory.path());
    let path = directory.path();
    let config = fs::read_to_string(path.join("lint.toml")).expect("a file");
    let config = config.replace("executor =", "manifest = \"manifest-sha256.txt\"\nexecutor =").replace(
        "[[package.gate]]",
        "[[package.allow]]\npath = \"run.sql\"\nrule = \"forbidden-command\"\nreason = \"wanted\"\nticket = \"GOV-17\"\nexpires = 2026-12-31\n\n[[package.gate]]",
    );
    fs::write(path.join("lint.toml"), config).expect("a file");
    let run = fs::read_to_string(path.join("sql/run.sql")).expect("a file");
    fs::write(path.join("sql/run.sql"), run.replace("\\ir 10_shelf.sql", "\\! ls\n\\ir 10_shelf.sql")).expect("a file");
    fs::write(path.join("sql/read me.txt"), "nothing\0 at all\n").expect("a file");
    roof_lint(path, &["manifest", "--write"]).code(0);
    directory
}

const TODAY: &[&str] = &["--today", "2026-11-21"];

fn record_of(directory: &Path) -> Result<Record, String> {
    let name = directory.join("lint.toml");
    let text = fs::read_to_string(&name).map_err(|error| error.to_string())?;
    let work = || {
        let config = Config::parse(&name.display().to_string(), &text)?;
        let job = Job { directory: directory.to_owned(), config: config.clone(), packages: Vec::new() };
        audit(&config, directory, &Verdict::on(Date::new(2026, 11, 21), lint(job)?, &config)?)
    };
    work().map_err(|fault| fault.to_string())
}

#[test]
fn a_record_says_what_was_judged_and_what_came_of_it() {
    let directory = sound();
    let path = directory.path();
    let out = tempfile::tempdir().expect("a directory");
    let file = out.path().join("audit.json");
    let file = file.to_str().expect("UTF-8");
    let run = roof_lint(path, &[&["audit", "--record", file], TODAY].concat()).code(0).stderr_eq("");
    let text = stdout(&run);
    assert!(text.starts_with("verdict        pass\n"), "{text}");
    for line in [
        "\npackage sound: pass\n",
        "manifest     sql/manifest-sha256.txt, all as listed\n",
        "1 silenced; not analysed: 0\n",
        "    forbidden-command by lint.toml:17:8: wanted; ticket GOV-17; until 2026-12-31\n",
        "  sql/10_shelf.sql  (sound: tier 1)\n",
        "  sql/read me.txt  (not analysed)\n",
        "  lint.toml  (configuration)\n",
    ] {
        assert!(text.contains(line), "{line:?} is missing:\n{text}");
    }
    let bytes = fs::read(file).expect("it is written");
    assert_eq!(
        stdout(&roof_lint(path, &[&["audit", "--format", "json"], TODAY].concat())),
        String::from_utf8_lossy(&bytes)
    );
    let record: Value = serde_json::from_slice(&bytes).expect("it is JSON");
    let schema: Value =
        serde_json::from_slice(&fs::read("schemas/audit.v1.schema.json").expect("a schema")).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> =
        validator.iter_errors(&record).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The hashes as sha256sum has them.
    for subject in record["subject"].as_array().expect("subjects") {
        let name = subject["name"].as_str().expect("a name");
        let output = std::process::Command::new("sha256sum").arg(path.join(name)).output().expect("it runs");
        let hash =
            String::from_utf8_lossy(&output.stdout).trim_start_matches('\\').chars().take(64).collect::<String>();
        assert_eq!(subject["digest"]["sha256"], hash, "{name}");
    }
    assert_eq!(record["subject"].as_array().map(Vec::len), Some(files(path).len()));
    let report = roof_lint(path, &[&["--format", "json"], TODAY].concat());
    let report: Value = serde_json::from_slice(&report.get_output().stdout).expect("it is JSON");
    assert_eq!(record["predicate"]["packages"][0]["digest"], report["packages"][0]["digest"]);
    assert!(!String::from_utf8_lossy(&bytes).contains(path.to_str().expect("UTF-8")));
    roof_lint(path, &[&["audit", "--verify", file], TODAY].concat()).code(0).stderr_eq("");
}

#[test]
fn a_record_is_the_same_on_another_machine() {
    let (one, two) = (sound(), tempfile::tempdir().expect("a directory"));
    let far = two.path().join("m\u{e9} d/\u{111}/x");
    copy(one.path(), &far);
    let here = stdout(&roof_lint(one.path(), &[&["audit", "--format", "json"], TODAY].concat()).code(0));
    let config = far.join("../x/lint.toml");
    let config = config.to_str().expect("UTF-8");
    for (zone, language, directory) in
        [("Pacific/Kiritimati", "tr_TR.UTF-8", Path::new("/")), ("America/Los_Angeles", "C", two.path())]
    {
        let run = Command::new(env!("CARGO_BIN_EXE_roof-lint"))
            .args([&["audit", "--format", "json", "--config", config], TODAY].concat())
            .env("TZ", zone)
            .env("LANG", language)
            .env("LC_ALL", language)
            .env("HOME", "/nowhere")
            .env("COLUMNS", "20")
            .current_dir(directory)
            .assert()
            .code(0);
        assert_eq!(stdout(&run), here);
    }
}

/// Turns one bit of a byte and says whether the record no longer holds.
fn notices(directory: &Path, recorded: &Recorded, file: &Path, offset: usize) -> bool {
    let before = fs::read(file).expect("a file");
    let mut bytes = before.clone();
    bytes[offset] ^= 1 << (offset % 8);
    fs::write(file, bytes).expect("a file");
    let found = record_of(directory).map_or(true, |found| !recorded.differences(&found).is_empty());
    fs::write(file, before).expect("a file");
    found
}

#[test]
fn no_bit_of_a_package_can_be_turned() {
    let directory = sound();
    let path = directory.path();
    let recorded = Recorded::read("r", record_of(path).expect("an audit").json()).expect("a record");
    assert!(recorded.differences(&record_of(path).expect("an audit")).is_empty());
    for file in files(path) {
        let length = fs::metadata(&file).expect("a file").len();
        for offset in (0..usize::try_from(length).expect("short")).step_by(5) {
            assert!(notices(path, &recorded, &file, offset), "{} at {offset}", file.display());
        }
    }
    assert!(recorded.differences(&record_of(path).expect("an audit")).is_empty());
}

#[test]
fn no_file_of_the_release_can_be_touched() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    copy(Path::new("sql"), &path.join("sql"));
    fs::copy("lint.toml", path.join("lint.toml")).expect("a file");
    let recorded = Recorded::read("r", record_of(path).expect("an audit").json()).expect("a record");
    assert_eq!(recorded.packages(), ["one-roof", "phase-1"]);
    for (index, file) in files(path).iter().enumerate() {
        let length = usize::try_from(fs::metadata(file).expect("a file").len()).expect("short");
        assert!(notices(path, &recorded, file, index * 7919 % length), "{}", file.display());
    }
    assert!(recorded.differences(&record_of(path).expect("an audit")).is_empty());
}

#[test]
fn names_modes_and_files_count() {
    let directory = sound();
    let path = directory.path();
    let recorded = Recorded::read("r", record_of(path).expect("an audit").json()).expect("a record");
    let told = || recorded.differences(&record_of(path).expect("an audit")).join("\n");
    for file in files(path) {
        let name = file.strip_prefix(path).expect("below").display().to_string();
        for mode in [0o600, 0o645, 0o1644, 0o664] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it is ours");
            assert_eq!(told(), format!("{name}: mode was 0644, is {mode:04o}"));
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("it is ours");
    }
    fs::write(path.join("sql/more.txt"), "").expect("a file");
    assert!(told().contains("sql/more.txt: was not there"), "{}", told());
    fs::remove_file(path.join("sql/more.txt")).expect("it was there");
    fs::rename(path.join("sql/read me.txt"), path.join("sql/read_me.txt")).expect("it moves");
    assert!(told().starts_with("sql/read me.txt: is gone\nsql/read_me.txt: was not there\n"), "{}", told());
    fs::rename(path.join("sql/read_me.txt"), path.join("sql/read me.txt")).expect("it moves");
    assert_eq!(told(), "");
    // Nor can a suppression end unseen.
    let out = tempfile::tempdir().expect("a directory");
    let file = out.path().join("r.json");
    let name = file.to_str().expect("UTF-8");
    roof_lint(path, &[&["audit", "--record", name], TODAY].concat()).code(0);
    let run = roof_lint(path, &["audit", "--verify", name, "--today", "2027-01-01"]).code(1);
    assert!(stdout(&run).contains("/predicate/verdict: was pass, is fail\n"), "{}", stdout(&run));
}

#[test]
fn a_record_that_was_touched_does_not_hold() {
    let directory = sound();
    let record = record_of(directory.path()).expect("an audit");
    let bytes = record.json();
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    for touched in [
        text.replace("\"verdict\": \"pass\"", "\"verdict\": \"fail\""),
        text.replace("GOV-17", "GOV-18"),
        text.replacen("\"0644\"", "\"0600\"", 1),
        text.replace("\"digest\": \"", "\"digest\": \"0"),
        text.replace("  ", ""),
        text.replacen("\"verdict\": \"pass\"", "\"verdict\": \"fail\", \"verdict\": \"pass\"", 1),
    ] {
        assert_ne!(touched, text);
        let recorded = Recorded::read("r", touched.into_bytes()).expect("a record");
        assert!(!recorded.differences(&record).is_empty());
    }
    let refused = |text: &str| Recorded::read("r", text.as_bytes().to_vec()).expect_err("it is none").to_string();
    assert!(refused("{").starts_with("r is no record of an audit: EOF"));
    assert_eq!(refused("{}"), "r is no record of an audit: its predicateType is not urn:roof-lint:audit:1");
    let none = "{\"predicateType\": \"urn:roof-lint:audit:1\", \"predicate\": {\"packages\": []}}";
    assert_eq!(refused(none), "r is no record of an audit: it names no package");
}

#[test]
fn what_fails_is_recorded_too_and_a_record_is_no_file_of_the_package() {
    let directory = sound();
    let path = directory.path();
    let rollback = path.join("sql/rollback.sql");
    let text = fs::read_to_string(&rollback).expect("a file");
    fs::write(&rollback, text.replace("created_by = 'R7'", "created_by LIKE 'R%'")).expect("a file");
    let run = roof_lint(path, &[&["audit", "--record", "audit.json"], TODAY].concat()).code(1);
    let text = stdout(&run);
    assert!(text.starts_with("verdict        fail\n") && text.contains("deny         sql/rollback.sql:10:"), "{text}");
    assert!(
        text.contains("manifest     sql/manifest-sha256.txt, 1 problems\n    line 3: sql/rollback")
            || text.contains("has other bytes than those listed"),
        "{text}"
    );
    roof_lint(path, &[&["audit", "--verify", "audit.json"], TODAY].concat()).code(0);
    for bad in ["sql/audit.json", "lint.toml", "none/audit.json"] {
        let run = roof_lint(path, &["audit", "--record", bad]).code(2).stdout_eq("");
        assert!(stderr(&run).contains(bad), "{}", stderr(&run));
    }
    std::os::unix::fs::symlink("run.sql", path.join("sql/link.sql")).expect("a link");
    let run = roof_lint(path, &["audit"]).code(2).stdout_eq("");
    assert!(stderr(&run).contains("link.sql is not a regular file"), "{}", stderr(&run));
}

#[test]
fn the_executor_runs_only_what_was_audited() {
    let directory = sound();
    let path = directory.path();
    // The clock decides on the suppression at the executor.
    let config = fs::read_to_string(path.join("lint.toml")).expect("a file").replace("2026-12-31", "9999-12-31");
    fs::write(path.join("lint.toml"), config).expect("a file");
    let out = tempfile::tempdir().expect("a directory");
    let file = out.path().join("r.json");
    let name = file.to_str().expect("UTF-8");
    roof_lint(path, &["audit", "--record", name]).code(0);
    let run = ["--audit", name, "--dry-run", "-f", "sql/10_shelf.sql"];
    let sent = stdout(&program("roof-exec", path, &run).code(0).stderr_eq(""));
    assert!(sent.contains("CREATE TABLE"), "{sent}");
    roof_lint(path, &[&["run"], &run[..]].concat()).code(0);
    // A file that is no script, then a script, then another package.
    fs::write(path.join("sql/read me.txt"), "something").expect("a file");
    roof_lint(path, &["manifest", "--write"]).code(0);
    let refused = program("roof-exec", path, &run).code(1).stdout_eq("");
    assert!(stderr(&refused).contains("sql/read me.txt: has other bytes\n"), "{}", stderr(&refused));
    assert!(stderr(&refused).ends_with("is not the record of this package: nothing was run\n"));
    let tier = path.join("sql/10_shelf.sql");
    let text = fs::read_to_string(&tier).expect("a file");
    fs::write(&tier, format!("{text}-- one more remark\n")).expect("a file");
    roof_lint(path, &["manifest", "--write"]).code(0);
    let refused = program("roof-exec", path, &run).code(1).stdout_eq("");
    assert!(stderr(&refused).starts_with("sql/10_shelf.sql: is not what was audited\n"), "{}", stderr(&refused));
    let none = program("roof-exec", path, &["--audit", "none.json", "-f", "sql/10_shelf.sql"]).code(2);
    assert!(stderr(&none).contains("cannot read none.json"), "{}", stderr(&none));
    let both = program("roof-exec", path, &["--audit", name, "--unlinted", "-f", "sql/10_shelf.sql"]).code(2);
    assert!(stderr(&both).contains("--audit is for a package"), "{}", stderr(&both));
}

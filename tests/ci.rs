//! What the repository brings for continuous integration: the commands in it are run as the
//! services would.

#[path = "support/sound.rs"]
mod sound;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sound::package;
use yaml_rust2::{Yaml, YamlLoader};

fn yaml(file: &str) -> Yaml {
    let text = fs::read_to_string(file).expect("a file");
    YamlLoader::load_from_str(&text).expect("YAML").into_iter().next().expect("a document")
}

/// A shell as GitHub's runner starts it, with the binary on its path.
fn bash(script: &str, directory: &Path) -> Command {
    let mut command = Command::new("bash");
    let binary = Path::new(env!("CARGO_BIN_EXE_roof-lint")).parent().expect("a parent").to_owned();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(binary).chain(std::env::split_paths(&paths).collect::<Vec<PathBuf>>());
    command
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .env("PATH", std::env::join_paths(paths).expect("a path"))
        .current_dir(directory);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the steps of the action with these inputs; what the last one says, and the summary.
fn action(directory: &Path, inputs: &[(&str, &str)]) -> (Output, String) {
    let action = yaml("action.yml");
    let temporary = tempfile::tempdir().expect("a directory");
    let summary = temporary.path().join("summary");
    fs::write(&summary, "").expect("a file");
    let value = |text: &str| -> String {
        let Some(name) = text.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}")) else {
            return text.to_owned();
        };
        let given = inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        given.unwrap_or_else(|| action["inputs"][name]["default"].as_str().expect("a default").to_owned())
    };
    let steps = action["runs"]["steps"].as_vec().expect("steps");
    let mut last = None;
    for step in steps {
        let script = step["run"].as_str().expect("a script");
        // What is given must not become a part of the script.
        assert!(!script.contains("${{"), "{script}");
        let place = step["working-directory"].as_str().map_or_else(|| ".".to_owned(), value);
        let mut command = bash(script, &directory.join(place));
        command
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_PATH", temporary.path().join("path"))
            .env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR"))
            .env("RUNNER_TEMP", temporary.path());
        for (name, text) in step["env"].as_hash().into_iter().flatten() {
            command.env(name.as_str().expect("a name"), value(text.as_str().expect("a text")));
        }
        last = Some(command.output().expect("bash runs"));
    }
    (last.expect("a step"), fs::read_to_string(summary).expect("a file"))
}

#[test]
fn the_github_action_annotates_and_writes_a_summary() {
    let (run, summary) = action(package(false).path(), &[]);
    assert_eq!((run.status.code(), text(&run.stderr).as_str()), (Some(0), ""));
    assert!(summary.starts_with("### roof-lint: pass\n"), "{summary}");
    let directory = package(true);
    let (run, summary) = action(directory.path(), &[("sarif", "out.sarif"), ("packages", "sound\n\n")]);
    assert_eq!(run.status.code(), Some(1));
    let stdout = text(&run.stdout);
    assert!(stdout.starts_with("::error file=sql/rollback.sql,line=10,"), "{stdout}");
    // The report for readers stands between two commands, so that no line of it is one.
    let (_, rest) = stdout.split_once("\n::stop-commands::").expect("the report");
    let (token, rest) = rest.split_once('\n').expect("a line");
    let report = rest.strip_suffix(&format!("::{token}::\n")).expect("the end of the report");
    assert!(token.len() == 32 && report.ends_with("sound: fail\n"), "{stdout}");
    assert!(summary.starts_with("### roof-lint: fail\n"), "{summary}");
    assert!(fs::read_to_string(directory.path().join("out.sarif")).expect("a report").contains("\"2.1.0\""));
    let (run, _) = action(directory.path(), &[("baseline", "out.sarif")]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    // Files are named from where the step runs.
    let parent = tempfile::tempdir().expect("a directory");
    fs::rename(directory.keep(), parent.path().join("db")).expect("it moves");
    let (run, _) = action(parent.path(), &[("config", "db/lint.toml")]);
    assert!(text(&run.stdout).starts_with("::error file=db/sql/rollback.sql,line=10,"), "{}", text(&run.stdout));
    let (run, _) = action(parent.path(), &[("working-directory", "db"), ("since", "none")]);
    assert_eq!(run.status.code(), Some(2));
    assert!(!text(&run.stdout).contains("::error"), "{}", text(&run.stdout));
    for name in ["config", "packages", "fail-on", "baseline", "since", "sarif"] {
        let (run, _) =
            action(&parent.path().join("db"), &[(name, "\"; touch pwned; $(touch pwned) `touch pwned` --config")]);
        assert!(matches!(run.status.code(), Some(1 | 2)), "{name}: {}", text(&run.stdout));
        assert!(!parent.path().join("db/pwned").exists(), "{name}");
    }
}

#[test]
fn the_gitlab_job_leaves_the_reports_that_it_names() {
    let file = yaml("ci/roof-lint.gitlab-ci.yml");
    let job = &file["roof-lint"];
    for (guilty, code) in [(false, 0), (true, 1)] {
        let directory = package(guilty);
        let lines = ["before_script", "script"].map(|part| job[part].as_vec().expect("lines").clone()).concat();
        let script: Vec<&str> = lines.iter().map(|line| line.as_str().expect("a line")).collect();
        let mut command = bash(&script.join("\n"), directory.path());
        for (name, value) in file["variables"].as_hash().expect("variables") {
            command.env(name.as_str().expect("a name"), value.as_str().expect("a text"));
        }
        let run = command.env("ROOF_LINT_OPTIONS", "--fail-on warn --package sound").output().expect("bash runs");
        assert_eq!(run.status.code(), Some(code), "{}", text(&run.stderr));
        let reports = job["artifacts"]["reports"].as_hash().expect("reports");
        let reports: Vec<&str> = reports.iter().map(|(_, path)| path.as_str().expect("a path")).collect();
        assert_eq!(reports.len(), 2);
        for report in reports {
            assert!(directory.path().join(report).exists(), "{report}");
        }
    }
}

#[test]
fn the_hooks_run_a_command_that_there_is() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_vec().expect("a list");
    assert_eq!(hooks.len(), 2);
    for hook in hooks {
        let entry = hook["entry"].as_str().expect("an entry");
        assert_eq!(hook["pass_filenames"].as_bool(), Some(false));
        for (guilty, code) in [(false, 0), (true, 1)] {
            let run = bash(entry, package(guilty).path()).output().expect("bash runs");
            assert_eq!(run.status.code(), Some(code), "{}", text(&run.stderr));
        }
    }
}

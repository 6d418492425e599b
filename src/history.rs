//! What has changed since a revision, by asking the `git` program. Knows no package.

#![allow(clippy::disallowed_methods, reason = "the room that starts git and asks where a file is")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::fault::Fault;

/// A revision of the repository that a directory lies in.
#[derive(Debug)]
pub struct Revision {
    top: PathBuf,
    commit: String,
    name: String,
}

impl Revision {
    /// The revision of that name; a name that git does not know, and no git at all, is a fault.
    pub fn find(directory: &Path, name: &str) -> Result<Self, Fault> {
        let top = ask(directory, &["rev-parse", "--show-toplevel"])
            .map_err(|error| fault(name, &error, "--since needs a git repository"))?;
        let wanted = format!("{name}^{{commit}}");
        let commit = ask(directory, &["rev-parse", "--verify", "--end-of-options", &wanted]).map_err(|error| {
            fault(name, &error, "name a revision that is there; a shallow clone has only the last: fetch more")
        })?;
        Ok(Self { top: PathBuf::from(top), commit, name: name.to_owned() })
    }

    /// Which of these files, each with its bytes of today, are not the same at the revision.
    pub fn changed(&self, files: &[(PathBuf, &[u8])]) -> Result<Vec<bool>, Fault> {
        let top = fs::canonicalize(&self.top).map_err(|error| Fault::disk("read", &self.top, &error))?;
        let mut git = command(&self.top);
        let mut child = git
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fault(&self.name, &error.to_string(), "install git"))?;
        let answer = self.compare(&mut child, &top, files);
        // It ends with its input, which is closed by now; and nothing more is wanted of it.
        let _ = child.wait();
        answer.map_err(|error| fault(&self.name, &format!("git cat-file: {error}"), "check the repository: git fsck"))
    }

    fn compare(&self, child: &mut Child, top: &Path, files: &[(PathBuf, &[u8])]) -> std::io::Result<Vec<bool>> {
        let broken = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned());
        let mut input = child.stdin.take().ok_or_else(|| broken("it takes no questions"))?;
        let mut output = BufReader::new(child.stdout.take().ok_or_else(|| broken("it gives no answers"))?);
        let mut changed = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            let real = fs::canonicalize(path).ok();
            let name = real.as_ref().and_then(|real| real.strip_prefix(top).ok()).and_then(Path::to_str);
            let Some(name) = name.filter(|name| !name.contains('\n')) else {
                changed.push(true);
                continue;
            };
            writeln!(input, "{}:{name}", self.commit)?;
            input.flush()?;
            let mut head = Vec::new();
            output.read_until(b'\n', &mut head)?;
            let head = String::from_utf8_lossy(&head).into_owned();
            // `HASH blob LENGTH`, or the question and `missing`.
            let words: Vec<&str> = head.split_ascii_whitespace().collect();
            match words.as_slice() {
                [_, kind, length]
                    if length.bytes().all(|byte| byte.is_ascii_digit())
                        && !head.starts_with(&format!("{}:", self.commit)) =>
                {
                    let length: usize = length.parse().map_err(|_| broken(&head))?;
                    let mut then = vec![0; length + 1];
                    output.read_exact(&mut then)?;
                    then.pop();
                    changed.push(*kind != "blob" || then != *bytes);
                }
                [.., "missing"] => changed.push(true),
                _ => return Err(broken(head.trim_end())),
            }
        }
        Ok(changed)
    }
}

fn fault(name: &str, cause: &str, way_out: &str) -> Fault {
    let cause = cause.lines().next().unwrap_or_default();
    let cause = cause.strip_prefix("fatal: ").unwrap_or(cause);
    Fault::new(format!("cannot read the history since {name}: {cause}")).way_out(way_out)
}

fn command(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).env("LC_ALL", "C");
    // A hook is told these of the repository that runs it, from where that stands.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command
}

/// What git says, without the line break at its end; or why it does not.
fn ask(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(directory).args(arguments).output().map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| "git: a path that is not UTF-8".to_owned())?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

//! The manifest: what is written, `sha256sum` accepts; what is wrong, the check names.

use std::fs;
use std::path::Path;
use std::process::Command;

use roof_lint::manifest::{Problem, check, hash, write};

const MANIFEST: &str = "manifest-sha256.txt";
/// The hash of no bytes at all.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A package of three files, two of them empty.
fn package() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(root.path().join("b/c")).expect("a directory");
    for (path, text) in [("b/c/d.sql", ""), ("b.sql", ""), ("B.sql", "SELECT 1;\n"), (MANIFEST, "")] {
        fs::write(root.path().join(path), text).expect("a file");
    }
    root
}

fn problems(root: &Path, manifest: &str) -> Vec<String> {
    let hashes = hash(root, MANIFEST).expect("the package can be read");
    check(manifest.as_bytes(), &hashes).iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_written_is_sorted_bytewise_and_good() {
    let root = package();
    let hashes = hash(root.path(), MANIFEST).expect("the package can be read");
    let text = write(&hashes);
    let paths: Vec<_> = text.lines().map(|line| line.split_once("  ").expect("two spaces").1).collect();
    assert_eq!(paths, ["B.sql", "b.sql", "b/c/d.sql"]);
    assert!(text.contains(&format!("{EMPTY}  b.sql\n")));
    assert_eq!(check(text.as_bytes(), &hashes), []);
}

#[test]
fn what_is_written_satisfies_sha256sum() {
    let root = package();
    let text = write(&hash(root.path(), MANIFEST).expect("the package can be read"));
    fs::write(root.path().join(MANIFEST), text).expect("a file");
    let run = Command::new("sha256sum").args(["-c", "--strict", MANIFEST]).current_dir(root.path()).output();
    let run = run.expect("sha256sum runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn every_problem_is_named_with_its_line() {
    let root = package();
    let zeros = "0".repeat(64);
    let manifest = format!(
        "{zeros}  B.sql\n{EMPTY}  b.sql\n{EMPTY}  b.sql\n{EMPTY}  gone.sql\n{EMPTY}  ../b.sql\n{EMPTY}  /etc/hosts\n\
         {EMPTY} *b.sql\n{EMPTY}  b.sql\r\n\n"
    );
    let found = problems(root.path(), &manifest);
    let sum = write(&hash(root.path(), MANIFEST).expect("the package can be read"));
    let sum = sum.split_once("  ").expect("two spaces").0;
    assert_eq!(
        found,
        [
            format!("line 1: B.sql has other bytes than those listed; its hash is {sum}").as_str(),
            "line 3: b.sql is listed twice",
            "line 4: gone.sql is listed but missing",
            "line 5: ../b.sql leads out of the package",
            "line 6: /etc/hosts leads out of the package",
            "line 7: b.sql is listed twice",
            "line 8: not of the form `HASH  path`",
            "line 9: not of the form `HASH  path`",
            "b/c/d.sql is not listed",
        ]
    );
}

#[test]
fn an_empty_manifest_lists_nothing() {
    let root = package();
    let hashes = hash(root.path(), MANIFEST).expect("the package can be read");
    let found = check(b"", &hashes);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|problem| matches!(problem, Problem::Unlisted { .. })), "{found:?}");
}

#[test]
fn what_no_manifest_can_carry_is_a_fault() {
    let root = package();
    std::os::unix::fs::symlink("b.sql", root.path().join("link.sql")).expect("a link");
    let fault = hash(root.path(), MANIFEST).expect_err("a link is no file");
    assert!(fault.to_string().contains("link.sql is not a regular file"), "{fault}");

    let root = package();
    fs::write(root.path().join("new\nline.sql"), "").expect("a file");
    let fault = hash(root.path(), MANIFEST).expect_err("a line break cannot be written");
    assert!(fault.to_string().contains("a manifest cannot carry the name"), "{fault}");

    let fault = hash(&root.path().join("absent"), MANIFEST).expect_err("there is no package");
    assert!(fault.to_string().contains("absent"), "{fault}");
}

//! The files of a package: includes followed once, within the package, and to an end.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use roof_lint::sources::{FileId, Sources, Trouble};

/// A package in a directory of its own: `p/` holds the files, beside it lies `secret.sql`.
fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files.iter().chain(&[("../secret.sql", "SELECT 1;")]) {
        let path = directory.path().join("p").join(name);
        fs::create_dir_all(directory.path().join("p")).expect("a directory");
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    directory
}

fn targets(sources: &Sources, id: FileId) -> Vec<Result<String, Trouble>> {
    let name = |id: &FileId| sources.get(*id).expect("it was read").name.clone();
    let includes = &sources.get(id).expect("it was read").includes;
    includes.iter().map(|include| include.target.as_ref().map(name).map_err(Clone::clone)).collect()
}

#[test]
fn includes_are_followed_once_and_within_the_package() {
    let main =
        "\\ir a/one.sql\n\\i p/a/two.sql\n\\ir ./a/../a/one.sql\n\\i 'p/a/two.sql';\n\\if x\n\\ir a/one.sql\n\\endif\n";
    let directory =
        package(&[("main.sql", main), ("a/one.sql", "\\ir two.sql\nSELECT 1;"), ("a/two.sql", "SELECT 2;")]);
    let mut sources = Sources::default();
    let id = sources.read(directory.path(), Path::new("p"), Path::new("p/main.sql")).expect("it is there");
    let one = Ok("p/a/one.sql".to_owned());
    let two = Ok("p/a/two.sql".to_owned());
    assert_eq!(targets(&sources, id), [one.clone(), two.clone(), one.clone(), two, one]);
    let names: Vec<_> = sources.iter().map(|(_, source)| source.name.as_str()).collect();
    assert_eq!(names, ["p/main.sql", "p/a/one.sql", "p/a/two.sql"]);
}

#[test]
fn what_cannot_be_followed_is_said() {
    let main = "\\ir\n\\ir :file\n\\ir `echo x`\n\\ir /etc/passwd\n\\ir ~/x.sql\n\\i -\n\\ir ../secret.sql\n\\ir link.sql\n\
        \\ir none.sql\n\\ir a\n\\ir main.sql\n\\ir loop\n";
    let directory = package(&[("main.sql", main), ("a/x.sql", "")]);
    symlink("../secret.sql", directory.path().join("p/link.sql")).expect("a link");
    symlink("loop", directory.path().join("p/loop")).expect("a link");
    let mut sources = Sources::default();
    let id = sources.read(directory.path(), Path::new("p"), Path::new("p/main.sql")).expect("it is there");
    let mut found: Vec<_> = targets(&sources, id).into_iter().map(|target| target.expect_err("refused")).collect();
    assert!(matches!(found.pop(), Some(Trouble::Unreadable(words)) if words.contains("symbolic links")));
    assert_eq!(
        found,
        [
            Trouble::NoName,
            Trouble::Computed,
            Trouble::Computed,
            Trouble::Absolute,
            Trouble::Home,
            Trouble::StandardInput,
            Trouble::Outside,
            Trouble::Outside,
            Trouble::Missing,
            Trouble::NotAFile,
            Trouble::Cycle,
        ]
    );
    for outside in ["secret.sql", "p/link.sql"] {
        let read = sources.read(directory.path(), Path::new("p"), Path::new(outside));
        assert_eq!(read, Err(Trouble::Outside), "{outside}");
    }
}

#[test]
fn circles_and_depth_have_an_end() {
    let chain: Vec<(String, String)> = (0..20).map(|n| (format!("{n}.sql"), format!("\\ir {}.sql\n", n + 1))).collect();
    let mut files: Vec<(&str, &str)> = chain.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.extend([("a.sql", "\\ir b.sql\n\\ir b.sql\n"), ("b.sql", "\\ir a.sql\n")]);
    let directory = package(&files);
    let mut sources = Sources::default();
    let mut read = |name: &str| sources.read(directory.path(), Path::new("p"), Path::new(name)).expect("it is there");
    let (deep, circle, shallow) = (read("p/0.sql"), read("p/a.sql"), read("p/10.sql"));
    let deepest = sources.iter().find(|(_, source)| source.includes.iter().any(|include| include.target.is_err()));
    assert_eq!(deepest.map(|(_, source)| source.name.as_str()), Some("p/15.sql"), "from {deep:?}");
    assert_eq!(targets(&sources, circle), [Ok("p/b.sql".to_owned()), Ok("p/b.sql".to_owned())]);
    let b = sources.iter().find(|(_, source)| source.name == "p/b.sql").map(|(id, _)| id).expect("it was read");
    assert_eq!(targets(&sources, b), [Err(Trouble::Cycle)]);
    assert_eq!(sources.get(shallow).map(|source| source.name.as_str()), Some("p/10.sql"));
}

/// Each file includes the next a hundred times: as many ways as there are, each file is read
/// once.
#[test]
fn many_ways_to_one_file_cost_no_more_than_one() {
    let files: Vec<(String, String)> =
        (0..15).map(|n| (format!("{n}.sql"), format!("\\ir {}.sql\n", n + 1).repeat(100))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("15.sql", "SELECT 1;"));
    let directory = package(&files);
    let mut sources = Sources::default();
    let id = sources.read(directory.path(), Path::new("p"), Path::new("p/0.sql")).expect("it is there");
    assert_eq!(sources.iter().count(), 16);
    assert!(targets(&sources, id).iter().all(Result::is_ok));
}

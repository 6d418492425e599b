//! The package of tests/packages/sound in a directory of its own.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

pub(crate) const FILES: [&str; 5] =
    ["lint.toml", "sql/before.sql", "sql/10_shelf.sql", "sql/rollback.sql", "sql/run.sql"];

/// The package, `guilty` or not.
pub(crate) fn package(guilty: bool) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("sql")).expect("a directory");
    for file in FILES {
        let text = fs::read_to_string(Path::new("tests/packages/sound").join(file)).expect("a file");
        let text = if guilty { text.replace("WHERE created_by = 'R7'", "WHERE created_by LIKE 'R%'") } else { text };
        fs::write(directory.path().join(file), text).expect("a file");
    }
    directory
}

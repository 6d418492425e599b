//! The architecture: a room of `src/` sees only the rooms below it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. Rooms on one floor do not see one another.
const FLOORS: &[&[&str]] = &[
    &["source", "builtin", "character", "date", "parallel"],
    &["fault", "psql", "effect"],
    &["finding", "wire"],
    &["config", "manifest", "cluster", "history"],
    &["sources", "syntax", "init"],
    &["package", "catalog", "logic", "mend"],
    &["flow"],
    &["ledger"],
    &["case"],
    &["rules"],
    &["silence"],
    &["verdict"],
    &["report", "lint", "exec"],
    &["rehearse", "explain", "audit", "fix"],
    &["lsp"],
    &["cli"],
    &["main", "bin"],
];

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| {
        panic!("room `{room}` has no floor: put it into FLOORS of tests/house.rs, as low as it can stand")
    })
}

/// The files of `src/` with the room that each belongs to; `lib.rs` only lists the rooms.
fn files() -> Vec<(String, PathBuf)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&src).into_iter().map(|entry| entry.expect("src is readable").into_path());
    let room = |path: &Path| {
        let first = path.strip_prefix(&src).ok()?.components().next()?.as_os_str().to_str()?;
        Some(first.trim_end_matches(".rs").to_owned())
    };
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources.filter_map(|path| Some((room(&path)?, path))).filter(|(room, _)| room != "lib").collect()
}

/// The rooms that a text names after `crate::`, or after `roof_lint::` in the binary.
fn rooms_seen(text: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for prefix in ["crate::", "roof_lint::"] {
        for (start, _) in text.match_indices(prefix) {
            let rest = text.get(start + prefix.len()..).unwrap_or_default();
            let list = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap_or_default());
            let names = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
            for name in names {
                let name: String = name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                seen.insert(name);
            }
        }
    }
    seen
}

#[test]
fn every_room_sees_only_rooms_below_it() {
    let files = files();
    assert!(files.len() > 10, "found only {} files", files.len());
    for (room, path) in files {
        let text = std::fs::read_to_string(&path).expect("a source file");
        for seen in rooms_seen(&text) {
            assert!(
                seen == room || floor(&seen) < floor(&room),
                "{}: room `{room}` may not see room `{seen}`",
                path.display()
            );
        }
    }
}

#[test]
fn every_floor_is_lived_in() {
    let rooms: BTreeSet<String> = files().into_iter().map(|(room, _)| room).collect();
    let planned: BTreeSet<String> =
        FLOORS.iter().flat_map(|rooms| rooms.iter().map(|room| (*room).to_owned())).collect();
    assert_eq!(rooms, planned);
}

#[test]
fn references_are_found() {
    let seen = |text: &str| rooms_seen(text).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(seen("use crate::fault::Fault; use crate::{config::Config, source};"), "config fault source");
    assert_eq!(seen("fn main() { roof_lint::cli::run() }"), "cli");
}

//! Puts files in the place of others: all of them or none.

#![allow(clippy::disallowed_methods, reason = "the room that asks the disk for what is to be replaced")]

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Change;
use crate::fault::Fault;

/// Writes the changes. Each file is the one of before or the one of after, whatever happens; where
/// one cannot be written all stay as they were, and so they do if one is not what was read.
pub fn write(changes: &[Change]) -> Result<(), Fault> {
    let fault = |change: &Change| {
        let path = change.path.clone();
        move |error: io::Error| Fault::disk("write", &path, &error)
    };
    let mut ready = Vec::new();
    for change in changes {
        let after = prepare(&change.path, &change.after).map_err(fault(change))?;
        let before = prepare(&change.path, &change.before).map_err(fault(change))?;
        ready.push((change, before, after));
    }
    let mut done: Vec<(PathBuf, NamedTempFile)> = Vec::new();
    for (change, before, after) in ready {
        if let Err(told) = replace(change, after) {
            let stuck: Vec<String> = done
                .into_iter()
                .filter_map(|(path, before)| before.persist(&path).err().map(|_| path.display().to_string()))
                .collect();
            return Err(if stuck.is_empty() {
                told
            } else {
                told.way_out(format!("{} could not be put back: look at the difference", stuck.join(", ")))
            });
        }
        done.push((change.path.clone(), before));
    }
    Ok(())
}

fn replace(change: &Change, after: NamedTempFile) -> Result<(), Fault> {
    let path = &change.path;
    if fs::read(path).map_err(|error| Fault::disk("read", path, &error))? != change.before {
        return Err(Fault::new(format!("{} is not what was read a moment ago", path.display()))
            .way_out("run it again when nobody else writes the file"));
    }
    after.persist(path).map(drop).map_err(|error| Fault::disk("write", path, &error.error))
}

/// A file beside another, with its owner and its permissions, ready to take its place.
fn prepare(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let known = fs::symlink_metadata(path)?;
    if !known.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    // What its owner may not write is not to be written.
    if known.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let mut file = builder.prefix(".roof-lint-").permissions(known.permissions()).tempfile_in(directory)?;
    file.write_all(bytes)?;
    if file.as_file().metadata()?.uid() != known.uid() || file.as_file().metadata()?.gid() != known.gid() {
        fchown(file.as_file(), Some(known.uid()), Some(known.gid()))?;
    }
    // The mask of the process does not count for a file that is there.
    file.as_file().set_permissions(known.permissions())?;
    file.as_file().sync_all()?;
    Ok(file)
}

//! Reports into files: whole or not at all. Knows no report.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::fault::Fault;

/// What to write where.
pub(super) struct Output {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// Writes all of them. Each file is the old one or the new one, whatever happens, and where one
/// cannot be written all stay the old ones.
pub(super) fn write(outputs: &[Output]) -> Result<(), Fault> {
    let mut ready = Vec::new();
    for output in outputs {
        ready.push(prepare(output).map_err(|error| Fault::disk("write", &output.path, &error))?);
    }
    for (made, output) in ready.into_iter().zip(outputs) {
        let done = match made {
            Made::File(file, target) => file.persist(target).map(drop).map_err(|error| error.error),
            Made::Stream => fs::OpenOptions::new()
                .write(true)
                .open(&output.path)
                .and_then(|mut stream| stream.write_all(&output.bytes)),
        };
        done.map_err(|error| Fault::disk("write", &output.path, &error))?;
    }
    Ok(())
}

enum Made {
    File(NamedTempFile, PathBuf),
    /// A device or a pipe, which cannot be replaced.
    Stream,
}

fn prepare(output: &Output) -> std::io::Result<Made> {
    let target = match fs::metadata(&output.path) {
        Ok(known) if known.is_file() => fs::canonicalize(&output.path)?,
        Ok(known) if known.is_dir() => return Err(std::io::ErrorKind::IsADirectory.into()),
        Ok(_) => return Ok(Made::Stream),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => output.path.clone(),
        Err(error) => return Err(error),
    };
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any program makes a file: the user's mask decides.
    let mut builder = tempfile::Builder::new();
    let mode = fs::metadata(&target).map_or(Permissions::from_mode(0o666), |known| known.permissions());
    let mut file = builder.prefix(".roof-lint-").permissions(mode).tempfile_in(directory)?;
    file.write_all(&output.bytes)?;
    file.as_file().sync_all()?;
    Ok(Made::File(file, target))
}

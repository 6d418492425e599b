//! The files of a package in memory: each read once, taken apart once, with what it includes.
//! What runs later are these bytes. Judges nothing; what cannot be followed is said.

#![allow(clippy::disallowed_methods, reason = "the room that reads scripts")]

mod layout;

pub use layout::Layout;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::psql::{Item, Metacommand, Part, Script};
pub use crate::source::FileId;

/// How deeply files may include one another; psql itself has no limit and ends in a
/// segmentation fault.
pub const DEPTH_LIMIT: usize = 16;
/// The largest script that is read, in bytes.
pub const SIZE_LIMIT: u64 = 1 << 30;

/// The files that are reached from the scripts of a package.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Arc<Source>>,
    by_path: BTreeMap<PathBuf, FileId>,
}

/// Bytes that count in the place of those on disk, by the path that the links to a file lead to.
pub type Overlay = BTreeMap<PathBuf, Vec<u8>>;

/// One script.
#[derive(Debug)]
pub struct Source {
    /// Its path from the directory that everything was read from, with `/` between parts.
    pub name: String,
    /// Its bytes; while it is edited, with blanks between its statements.
    pub bytes: Arc<[u8]>,
    /// The bytes taken apart.
    pub script: Arc<Script>,
    /// How it is written on disk, or in an editor.
    pub layout: Arc<Layout>,
    /// Its `\i` and `\ir`, in order.
    pub includes: Vec<Include>,
    /// How many files lie within one another from this one on, itself included. Final once
    /// the file has been read to its end; before that only a circle meets it.
    height: usize,
}

/// An `\i` or `\ir`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Which item of the script it is.
    pub item: usize,
    /// What it includes, or why that cannot be told.
    pub target: Result<FileId, Trouble>,
}

/// Why a script could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The command names no file.
    NoName,
    /// The name depends on a variable or on a shell command.
    Computed,
    /// An absolute path.
    Absolute,
    /// A path from somebody's home directory.
    Home,
    /// `-`: standard input.
    StandardInput,
    /// A path, or a symbolic link, that leaves the package.
    Outside,
    /// The file includes itself, directly or through others.
    Cycle,
    /// More than [`DEPTH_LIMIT`] files within one another.
    TooDeep,
    /// More than [`SIZE_LIMIT`] bytes.
    TooLarge,
    /// There is no such file.
    Missing,
    /// It is a directory, a device or a pipe.
    NotAFile,
    /// The system refuses; its words.
    Unreadable(String),
}

impl Sources {
    /// Reads the script at `path`, and all that it includes, from within `root`. Both are
    /// relative to `directory`, which is psql's working directory: there `\i` starts.
    pub fn read(&mut self, directory: &Path, root: &Path, path: &Path) -> Result<FileId, Trouble> {
        self.read_with(&mut Desk::default(), directory, root, path)
    }

    /// The same, of the texts that an editor has open rather than of the disk where there are
    /// such; what was taken apart before is not taken apart again.
    pub fn read_with(
        &mut self,
        desk: &mut Desk,
        directory: &Path,
        root: &Path,
        path: &Path,
    ) -> Result<FileId, Trouble> {
        let root = fs::canonicalize(directory.join(root)).map_err(|error| trouble(&error))?;
        self.enter(desk, &Boundary { directory, root: &root }, path, &mut Vec::new())
    }

    /// The file.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.index()).map(|source| &**source)
    }

    /// All files, in the order in which they were first met.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().enumerate().map(|(index, source)| (FileId::new(index), &**source))
    }

    /// These files and all that they include.
    #[must_use]
    pub fn reached(&self, from: impl IntoIterator<Item = FileId>) -> BTreeSet<FileId> {
        let mut queue: Vec<FileId> = from.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(file) = queue.pop() {
            if found.insert(file) {
                let includes = self.get(file).map(|source| source.includes.as_slice()).unwrap_or_default();
                queue.extend(includes.iter().filter_map(|include| include.target.as_ref().ok()));
            }
        }
        found
    }

    /// Which file was read from a path whose links are followed.
    pub fn find(&self, real: &Path) -> Option<FileId> {
        self.by_path.get(real).copied()
    }

    fn enter(
        &mut self,
        desk: &mut Desk,
        boundary: &Boundary<'_>,
        path: &Path,
        within: &mut Vec<PathBuf>,
    ) -> Result<FileId, Trouble> {
        let real = boundary.resolve(desk, path)?;
        if within.contains(&real) {
            return Err(Trouble::Cycle);
        }
        let known = self.by_path.get(&real).copied();
        let height = known.and_then(|id| self.get(id)).map_or(1, |source| source.height);
        if within.len() + height > DEPTH_LIMIT {
            return Err(Trouble::TooDeep);
        }
        if let Some(id) = known {
            return Ok(id);
        }
        let layout = desk.take(&real)?;
        let id = FileId::new(self.files.len());
        self.by_path.insert(real.clone(), id);
        let commands: Vec<(usize, Result<PathBuf, Trouble>)> = layout
            .script
            .items
            .iter()
            .enumerate()
            .filter_map(|(item, found)| match found {
                Item::Metacommand { command, .. } => Some((item, target(command, path)?)),
                _ => None,
            })
            .collect();
        let source = Source {
            name: display(path),
            bytes: Arc::clone(&layout.bytes),
            script: Arc::clone(&layout.script),
            layout,
            includes: Vec::new(),
            height: 1,
        };
        self.files.push(Arc::new(source));
        within.push(real);
        for (item, target) in commands {
            let target = target.and_then(|target| self.enter(desk, boundary, &target, within));
            let inner = target.as_ref().ok().and_then(|id| self.get(*id)).map_or(0, |source| source.height);
            if let Some(source) = self.files.get_mut(id.index()).and_then(Arc::get_mut) {
                source.height = source.height.max(1 + inner);
                source.includes.push(Include { item, target });
            }
        }
        within.pop();
        Ok(id)
    }
}

/// How many texts are kept of one file: of what it was a few changes ago, too.
const VERSIONS: usize = 4;

/// Texts that stand for files of the disk, and what was taken apart before. A file is read
/// whenever it is asked for: only what follows from its bytes is kept.
#[derive(Debug, Default)]
pub struct Desk {
    open: BTreeMap<PathBuf, Arc<[u8]>>,
    /// Where the links led when a file was opened.
    names: BTreeMap<PathBuf, PathBuf>,
    taken: BTreeMap<PathBuf, Vec<Arc<Layout>>>,
    is_edited: bool,
}

impl Desk {
    /// A desk of files that are edited: what does not change in them keeps its place.
    #[must_use]
    pub fn of_edited() -> Self {
        Self { is_edited: true, ..Self::default() }
    }

    /// A desk on which these files are open.
    #[must_use]
    pub fn over(overlay: Overlay) -> Self {
        let open = overlay.into_iter().map(|(path, bytes)| (path, Arc::from(bytes))).collect();
        Self { open, ..Self::default() }
    }

    /// From here on the file has these bytes, whatever the disk says; links are followed.
    pub fn open(&mut self, path: &Path, bytes: &[u8]) {
        self.close(path);
        if let Ok(real) = follow(path) {
            self.names.insert(path.to_owned(), real.clone());
            self.open.insert(real, Arc::from(bytes));
        }
    }

    /// From here on the disk says which bytes the file has.
    pub fn close(&mut self, path: &Path) {
        if let Some(real) = self.names.remove(path) {
            self.open.remove(&real);
        }
    }

    /// Whether its files are edited.
    #[must_use]
    pub const fn is_of_edited(&self) -> bool {
        self.is_edited
    }

    /// What is open here, on a desk whose files are read as they are written.
    #[must_use]
    pub fn as_written(&self) -> Self {
        Self { open: self.open.clone(), ..Self::default() }
    }

    /// The bytes of a file that is open.
    pub fn opened(&self, path: &Path) -> Option<&Arc<[u8]>> {
        self.open.get(path).or_else(|| self.open.get(&follow(path).ok()?))
    }

    /// The bytes of a file: of the editor, else of the disk.
    pub fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        match self.opened(path) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => fs::read(path),
        }
    }

    /// The path with links followed, of a file that may be in the editor only.
    fn real(&self, path: &Path) -> std::io::Result<PathBuf> {
        let found = fs::canonicalize(path);
        match &found {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.open.is_empty() => {
                follow(path).ok().filter(|real| self.open.contains_key(real)).map_or(found, Ok)
            }
            _ => found,
        }
    }

    fn take(&mut self, real: &Path) -> Result<Arc<Layout>, Trouble> {
        let bytes: Arc<[u8]> = match self.open.get(real) {
            Some(bytes) if bytes.len() as u64 > SIZE_LIMIT => return Err(Trouble::TooLarge),
            Some(bytes) => Arc::clone(bytes),
            None => Arc::from(read_file(real)?),
        };
        let known = self.taken.entry(real.to_owned()).or_default();
        let layout = match known.iter().position(|layout| *layout.written == *bytes) {
            Some(index) => known.remove(index),
            None if self.is_edited => Arc::new(Layout::after(known, bytes)),
            None => Arc::new(Layout::plain(bytes)),
        };
        // The one that was asked for last goes last.
        known.push(Arc::clone(&layout));
        if known.len() > VERSIONS {
            known.remove(0);
        }
        Ok(layout)
    }
}

/// The path with links followed; the file itself need not be there.
fn follow(path: &Path) -> std::io::Result<PathBuf> {
    fs::canonicalize(path).or_else(|error| match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if error.kind() == std::io::ErrorKind::NotFound => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(fs::canonicalize(parent)?.join(name))
        }
        _ => Err(error),
    })
}

/// Where scripts may come from.
struct Boundary<'a> {
    directory: &'a Path,
    root: &'a Path,
}

impl Boundary<'_> {
    /// The file that the path leads to, links followed, if it lies within the root.
    fn resolve(&self, desk: &Desk, path: &Path) -> Result<PathBuf, Trouble> {
        let real = desk.real(&self.directory.join(path)).map_err(|error| trouble(&error))?;
        if real.starts_with(self.root) { Ok(real) } else { Err(Trouble::Outside) }
    }
}

/// What an include names, as a path from psql's working directory; nothing for other commands.
fn target(command: &Metacommand, including: &Path) -> Option<Result<PathBuf, Trouble>> {
    let relative = match command.name.as_str() {
        "i" | "include" => false,
        "ir" | "include_relative" => true,
        _ => return None,
    };
    let Some(argument) = command.arguments.first() else { return Some(Err(Trouble::NoName)) };
    if argument.parts.iter().any(|part| !matches!(part, Part::Text(_))) {
        return Some(Err(Trouble::Computed));
    }
    let Some(name) = argument.literal() else { return Some(Err(Trouble::NoName)) };
    // psql takes a `;` at the end for a slip of the finger.
    let name = String::from_utf8_lossy(name.strip_suffix(b";").unwrap_or(&name)).into_owned();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(&name);
    Some(match name {
        "" => Err(Trouble::NoName),
        "-" => Err(Trouble::StandardInput),
        name if name.starts_with('~') => Err(Trouble::Home),
        name if Path::new(name).is_absolute() => Err(Trouble::Absolute),
        name if relative => Ok(including.parent().unwrap_or(Path::new("")).join(name)),
        name => Ok(PathBuf::from(name)),
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>, Trouble> {
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(|error| trouble(&error))?.is_file() {
        return Err(Trouble::NotAFile);
    }
    let file = fs::File::open(path).map_err(|error| trouble(&error))?;
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a file that grew meanwhile.
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| trouble(&error))?;
    if bytes.len() as u64 > SIZE_LIMIT { Err(Trouble::TooLarge) } else { Ok(bytes) }
}

fn trouble(error: &std::io::Error) -> Trouble {
    match error.kind() {
        std::io::ErrorKind::NotFound => Trouble::Missing,
        _ => Trouble::Unreadable(error.to_string()),
    }
}

/// The path as it is shown: `./a/../b` is `b`.
fn display(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if parts.last().is_some_and(|part| part != "..") => {
                parts.pop();
            }
            other => parts.push(other.as_os_str().to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}

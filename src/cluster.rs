//! A throw-away PostgreSQL: its own data directory, its own server on a unix socket, gone
//! when its owner is, however that ends. Knows nothing about packages.

#![allow(clippy::disallowed_methods, reason = "the room of processes, the environment and the clock")]

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::fault::Fault;

/// The superuser of every cluster.
pub const SUPERUSER: &str = "postgres";
/// The port in the name of the server's socket.
pub const PORT: u16 = 5432;

/// The environment variable that names the directory of the server's programs.
const BINDIR_VARIABLE: &str = "ROOF_LINT_PG_BINDIR";
/// What has to be in that directory.
const PROGRAMS: [&str; 5] = ["initdb", "postgres", "psql", "pg_dump", "pg_isready"];
/// How long the server may take to accept connections.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long the server may take to vanish.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// A socket's path has 107 bytes, of which `/.s.PGSQL.5432` takes 14.
const DIRECTORY_LIMIT: usize = 92;

/// The life of a cluster. It is the server's parent, in a process group of its own, so that
/// neither a signal to the terminal nor the death of the owner leaves anything behind: its
/// standard input ends with the owner. The signal is repeated because a server that has
/// barely started still ignores it.
const GUARDIAN: &str = r#"
for fd in 3 4 5 6 7 8 9; do eval "exec $fd>&-"; done
dir=$1 bin=$2
shift 2
cd "$dir" || exit 1
if "$bin/initdb" --no-sync --auth=trust --encoding=UTF8 --locale=C -U postgres -D "$dir/data" >log 2>&1; then
    { "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=40 \
        -c fsync=off -c jit=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off \
        -c timezone=UTC -c log_timezone=UTC "$@" >>log 2>&1 &
      echo $! >pid; wait $!; : >stopped; } &
    until [ -s pid ]; do sleep 0.05; done
    read -r server <pid
    while read -r _; do :; done
    until [ -e stopped ]; do kill -QUIT "$server" 2>/dev/null; sleep 0.05; done
else
    : >stopped
    while read -r _; do :; done
fi
cd /
rm -rf "$dir"
"#;

/// Tells the clusters of one process apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A running PostgreSQL that ends with this value, or with the process that owns it.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    bindir: PathBuf,
    port: u16,
    dump_options: Vec<&'static str>,
    guardian: Child,
    /// Closing it is what ends the cluster.
    lifeline: Option<ChildStdin>,
}

/// What a program printed and how it ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
}

impl Run {
    /// Whether the program ended with 0.
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The first line of standard error that carries an error, or else its first line.
    pub fn first_error(&self) -> &str {
        let mut lines = self.stderr.lines();
        let error = lines.clone().find(|line| ["ERROR:", "FATAL:", "error:"].iter().any(|mark| line.contains(mark)));
        error.or_else(|| lines.next()).unwrap_or("(nothing on stderr)")
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }
}

impl Cluster {
    /// Finds the server's programs, creates an empty cluster and waits until it answers.
    pub fn start() -> Result<Self, Fault> {
        Self::start_with(PORT, &[])
    }

    /// The same on a port of the loopback address too, which must be free.
    pub fn start_on_port(port: u16) -> Result<Self, Fault> {
        Self::start_with(port, &["-c", "listen_addresses=127.0.0.1", "-p", &port.to_string()])
    }

    fn start_with(port: u16, options: &[&str]) -> Result<Self, Fault> {
        let bindir = bindir()?;
        let server_user = server_user()?;
        let directory = create_directory(server_user.as_ref())?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(GUARDIAN).arg("roof-lint-guardian").arg(&directory).arg(&bindir).args(options);
        command.current_dir(&directory).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if let Some(user) = &server_user {
            command.uid(user.uid).gid(user.gid);
        }
        let mut guardian = command.spawn().map_err(|error| {
            // The guardian is what removes the directory, and there is none.
            let _ = fs::remove_dir_all(&directory);
            Fault::disk("run", Path::new("/bin/sh"), &error)
        })?;
        let lifeline = guardian.stdin.take();
        let mut cluster = Self { directory, bindir, port, dump_options: Vec::new(), guardian, lifeline };
        cluster.wait_until_ready()?;
        cluster.dump_options = cluster.dump_options()?;
        Ok(cluster)
    }

    /// The directory of the server's socket, for `psql -h`.
    pub fn socket_dir(&self) -> &Path {
        &self.directory
    }

    /// The directory of its files, which belong to the server's user.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The directory of the server's programs.
    pub fn bindir(&self) -> &Path {
        &self.bindir
    }

    /// The plain psql, connected to `database`, without start-up file and without any
    /// setting of the caller's environment. The role is for the caller to add (`-U`).
    pub fn psql(&self, database: &str) -> Command {
        let mut command = self.client("psql");
        command.arg("-X").arg("-d").arg(database);
        command
    }

    /// Runs a command to its end and keeps what it prints.
    pub fn capture(command: &mut Command) -> Result<Run, Fault> {
        let program = PathBuf::from(command.get_program());
        let output = command.stdin(Stdio::null()).output();
        output.map(Run::from).map_err(|error| Fault::disk("run", &program, &error))
    }

    /// Runs SQL as the superuser and keeps what psql says: tuples only, unaligned. Writes
    /// even where the database is set to be read-only.
    pub fn query(&self, database: &str, text: &str) -> Result<Run, Fault> {
        let mut command = self.psql(database);
        command.args(["-U", SUPERUSER, "-qAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
        command.env("PGOPTIONS", "-c default_transaction_read_only=off");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let fault = |error: &std::io::Error| Fault::disk("run", &self.bindir.join("psql"), error);
        let mut child = command.spawn().map_err(|error| fault(&error))?;
        let stdin = child.stdin.take();
        std::thread::scope(|scope| {
            // psql may print more than a pipe holds before it has read everything.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(text.as_bytes())));
            child.wait_with_output().map(Run::from).map_err(|error| fault(&error))
        })
    }

    /// Runs SQL as the superuser; what it returns is trimmed. A failure carries psql's
    /// standard error.
    pub fn sql(&self, database: &str, text: &str) -> Result<String, Fault> {
        let run = self.query(database, text)?;
        if run.is_success() {
            Ok(run.stdout.trim().to_owned())
        } else {
            Err(Fault::new(format!("psql failed in database \"{database}\": {}", run.stderr.trim())))
        }
    }

    /// The schema and the rows of a database as `pg_dump` writes them, byte for byte
    /// comparable with a later dump.
    pub fn dump(&self, database: &str) -> Result<Vec<u8>, Fault> {
        let mut command = self.client("pg_dump");
        command.args(["-U", SUPERUSER, "-d", database]).args(&self.dump_options).stdin(Stdio::null());
        let output = command.output().map_err(|error| Fault::disk("run", &self.bindir.join("pg_dump"), &error))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Fault::new(format!("pg_dump failed in database \"{database}\": {stderr}")))
    }

    /// Makes `to` a copy of `from`, owner and comment included; a database `to` that is
    /// there already is replaced. Settings of `ALTER DATABASE … SET` are not copied.
    pub fn copy_database(&self, from: &str, to: &str) -> Result<(), Fault> {
        let described = format!(
            "SELECT pg_get_userbyid(datdba), coalesce(quote_literal(shobj_description(oid, 'pg_database')), 'NULL') \
             FROM pg_database WHERE datname = {}",
            quote_literal(from)
        );
        let described = self.sql("postgres", &described)?;
        let Some((owner, comment)) = described.split_once('|') else {
            return Err(Fault::new(format!("there is no database \"{from}\" to copy")));
        };
        let (from, to, owner) = (quote_identifier(from), quote_identifier(to), quote_identifier(owner));
        let copy = format!(
            "DROP DATABASE IF EXISTS {to} WITH (FORCE);\n\
             CREATE DATABASE {to} OWNER {owner} TEMPLATE {from};\n\
             COMMENT ON DATABASE {to} IS {comment};"
        );
        // The notice that there was no database to drop is of no interest.
        self.sql("postgres", &format!("SET client_min_messages = warning;\n{copy}")).map(drop)
    }

    /// A client program with the socket and an environment of its own.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bindir.join(program));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PG") || text.starts_with("PSQL") {
                command.env_remove(&name);
            }
        }
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").arg("-h").arg(&self.directory);
        if self.port != PORT {
            command.arg("-p").arg(self.port.to_string());
        }
        command
    }

    fn wait_until_ready(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + START_LIMIT;
        let socket = self.directory.join(format!(".s.PGSQL.{}", self.port));
        loop {
            if socket.exists() {
                let mut probe = self.client("pg_isready");
                if Self::capture(probe.args(["-q", "-U", SUPERUSER, "-d", "postgres"]))?.is_success() {
                    return Ok(());
                }
            }
            let what = if self.directory.join("stopped").exists() {
                "the throw-away PostgreSQL did not start".to_owned()
            } else if Instant::now() > deadline {
                format!("the throw-away PostgreSQL does not answer after {} s", START_LIMIT.as_secs())
            } else {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n");
            return Err(Fault::new(format!("{what}; its log ends with:\n{tail}"))
                .way_out(format!("the server's programs are those in {}", self.bindir.display())));
        }
    }

    /// A dump carries a random word unless it is told one; programs before 15.14 have no
    /// such word and no such option.
    fn dump_options(&self) -> Result<Vec<&'static str>, Fault> {
        let help = Self::capture(Command::new(self.bindir.join("pg_dump")).arg("--help"))?;
        Ok(if help.stdout.contains("--restrict-key") { vec!["--restrict-key=x"] } else { Vec::new() })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline && matches!(self.guardian.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// An SQL identifier, quoted.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An SQL string, quoted; holds as long as `standard_conforming_strings` is on, which is
/// the default of every cluster.
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The directory of the server's programs: the one that the user names, or the first that
/// has them all.
pub fn bindir() -> Result<PathBuf, Fault> {
    let is_complete = |directory: &Path| PROGRAMS.iter().all(|program| is_program(&directory.join(program)));
    if let Some(named) = std::env::var_os(BINDIR_VARIABLE).filter(|value| !value.is_empty()) {
        let directory = PathBuf::from(named);
        if is_complete(&directory) {
            return Ok(directory);
        }
        let missing: Vec<_> = PROGRAMS.into_iter().filter(|program| !is_program(&directory.join(program))).collect();
        let message = format!("{BINDIR_VARIABLE} is {}, which lacks {}", directory.display(), missing.join(", "));
        return Err(
            Fault::new(message).way_out(format!("set {BINDIR_VARIABLE} to the directory of initdb, or unset it"))
        );
    }
    let mut candidates = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output() {
        candidates.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    if let Some(path) = std::env::var_os("PATH") {
        candidates.extend(std::env::split_paths(&path));
    }
    candidates.extend(versioned_bindirs(Path::new("/usr/lib/postgresql")));
    candidates.into_iter().find(|directory| directory.is_absolute() && is_complete(directory)).ok_or_else(|| {
        Fault::new(format!(
            "no directory has all of {}; looked at {BINDIR_VARIABLE} (not set), `pg_config --bindir`, PATH and \
             /usr/lib/postgresql/*/bin",
            PROGRAMS.join(", ")
        ))
        .way_out(format!("install the server: apt-get install postgresql, or set {BINDIR_VARIABLE}"))
    })
}

/// `<root>/<version>/bin`, the highest version first.
fn versioned_bindirs(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, directory)| directory).collect()
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Whom the server runs as when the caller is root, who may not run one.
#[derive(Debug, PartialEq, Eq)]
struct ServerUser {
    uid: u32,
    gid: u32,
}

fn server_user() -> Result<Option<ServerUser>, Fault> {
    let own = Cluster::capture(Command::new("id").arg("-u"))?;
    if own.stdout.trim() != "0" {
        return Ok(None);
    }
    let path = Path::new("/etc/passwd");
    let passwd = fs::read_to_string(path).map_err(|error| Fault::disk("read", path, &error))?;
    let user = unprivileged(&passwd).ok_or_else(|| {
        Fault::new("root may not run PostgreSQL, and /etc/passwd has neither `postgres` nor `nobody`")
            .way_out("run as another user than root")
    })?;
    Ok(Some(user))
}

/// `postgres`, or else `nobody`, in the text of `/etc/passwd`.
fn unprivileged(passwd: &str) -> Option<ServerUser> {
    ["postgres", "nobody"].into_iter().find_map(|name| {
        let mut fields = passwd.lines().map(|line| line.split(':')).find_map(|mut fields| {
            let is_named = fields.next() == Some(name);
            is_named.then(|| fields.skip(1))
        })?;
        Some(ServerUser { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    })
}

/// A fresh directory for one cluster, closed to everybody but the server's user.
fn create_directory(server_user: Option<&ServerUser>) -> Result<PathBuf, Fault> {
    let temporary = std::env::temp_dir();
    let is_usable = temporary.as_os_str().len() + 24 <= DIRECTORY_LIMIT
        && temporary.is_absolute()
        && (server_user.is_none() || is_open_to_all(&temporary));
    let parent = if is_usable { temporary } else { PathBuf::from("/tmp") };
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = parent.join(OsString::from(format!("roof-{}-{number}", std::process::id())));
        match DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
            Err(error) => {
                return Err(Fault::disk("create", &directory, &error).way_out("set TMPDIR to a writable directory"));
            }
        }
        if let Some(user) = server_user {
            std::os::unix::fs::chown(&directory, Some(user.uid), Some(user.gid))
                .map_err(|error| Fault::disk("give away", &directory, &error))?;
        }
        return Ok(directory);
    }
}

/// Whether any user can reach the directory and remove their own entries from it.
fn is_open_to_all(directory: &Path) -> bool {
    let has = |path: &Path, bits: u32| fs::metadata(path).is_ok_and(|metadata| metadata.mode() & bits == bits);
    has(directory, 0o003) && directory.ancestors().skip(1).all(|ancestor| has(ancestor, 0o001))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_is_preferred_to_nobody() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(unprivileged(nobody), Some(ServerUser { uid: 65534, gid: 65533 }));
        let both = format!("{nobody}postgres:x:101:104::/:/bin/sh\n");
        assert_eq!(unprivileged(&both), Some(ServerUser { uid: 101, gid: 104 }));
        assert_eq!(unprivileged("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
    }
}

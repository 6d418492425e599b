//! What the command line asks for, understood: psql's options with their effects, in psql's
//! order, and psql's complaints about them.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use super::console::reason;
use super::options::{self, Word};
use super::pset;
use super::session::{FAILURE, SUCCESS};
use super::table::{Expanded, Format, Options};
use super::variables::Variables;

/// One of the things to be done, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A message to the server.
    Query(Vec<u8>),
    /// A metacommand.
    Command(Vec<u8>),
    /// A script; none is standard input without a name.
    File(Option<Vec<u8>>),
}

/// What is to be done, and how.
#[derive(Debug)]
pub struct Plan {
    /// The name of the program, without its directory.
    pub program: Vec<u8>,
    /// What to do.
    pub actions: Vec<Action>,
    /// libpq's keywords with their values.
    pub connection: Vec<(&'static str, Vec<u8>)>,
    /// The variables.
    pub variables: Variables,
    /// How results are printed.
    pub options: Options,
    /// `-o`.
    pub output: Option<File>,
    /// `-L`.
    pub log: Option<Vec<u8>>,
    /// `-v ON_ERROR_STOP=off`, or the like.
    pub goes_on: bool,
    /// `-1`.
    pub is_single: bool,
    /// `--unlinted`.
    pub is_unlinted: bool,
    /// `--dry-run`.
    pub is_dry: bool,
    /// `--record`.
    pub record: Option<Vec<u8>>,
    /// `--audit`.
    pub audit: Option<Vec<u8>>,
    /// `--config`.
    pub config: Option<Vec<u8>>,
}

/// Why there is nothing to be done: what to print, and the exit code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// For standard output.
    pub stdout: Vec<u8>,
    /// For standard error.
    pub stderr: Vec<u8>,
    /// The exit code.
    pub code: u8,
}

impl Answer {
    fn error(program: &[u8], text: &[u8]) -> Self {
        Self { stderr: [program, b": error: ", text, b"\n"].concat(), code: FAILURE, ..Self::default() }
    }
}

const HELP: &str = "
General options:
  -c, --command=COMMAND    run only single command (SQL or internal) and exit
  -d, --dbname=DBNAME      database name to connect to
  -f, --file=FILENAME      execute commands from file, then exit
  -v, --set=, --variable=NAME=VALUE
                           set psql variable NAME to VALUE
                           (e.g., -v ON_ERROR_STOP=1)
  -V, --version            output version information, then exit
  -X, --no-psqlrc          do not read startup file (it is never read)
  -1 (\"one\"), --single-transaction
                           execute as a single transaction
  -?, --help               show this help, then exit

Input and output options:
  -a, --echo-all           echo all input from script
  -b, --echo-errors        echo failed commands
  -e, --echo-queries       echo commands sent to server
  -E, --echo-hidden        display queries that internal commands generate
  -L, --log-file=FILENAME  send session log to file
  -o, --output=FILENAME    send query results to file
  -q, --quiet              run quietly (no messages, only query output)
  -S, --single-line        single-line mode (end of line terminates SQL command)

Output format options:
  -A, --no-align           unaligned table output mode
      --csv                CSV (Comma-Separated Values) table output mode
  -F, --field-separator=STRING
                           field separator for unaligned output (default: \"|\")
  -P, --pset=VAR[=ARG]     set printing option VAR to ARG
  -R, --record-separator=STRING
                           record separator for unaligned output (default: newline)
  -t, --tuples-only        print rows only
  -x, --expanded           turn on expanded table output
  -z, --field-separator-zero
                           set field separator for unaligned output to zero byte
  -0, --record-separator-zero
                           set record separator for unaligned output to zero byte

Connection options:
  -h, --host=HOSTNAME      database server host or socket directory
  -p, --port=PORT          database server port
  -U, --username=USERNAME  database user name
  -w, --no-password        never prompt for password (it never does)

What psql does not have:
      --unlinted           run scripts that no lint.toml names, exactly as psql would
      --record=FILE        write down what was done, as JSON
      --audit=RECORD       run only the package of that record of `roof-lint audit`
      --dry-run            print what would be sent, and connect to nothing
      --config=FILE        the lint.toml of the package (default: the nearest above each script)
";

/// What a reading of the command line has come to so far.
struct Reader {
    plan: Plan,
    database: Option<Vec<u8>>,
    user: Option<Vec<u8>>,
    stderr: Vec<u8>,
}

impl Plan {
    /// Understands the arguments. `is_interactive` says whether standard input and output are a
    /// terminal. What is only warned of comes as text for standard error.
    pub fn read(program: &[u8], arguments: &[OsString], is_interactive: bool) -> Result<(Self, Vec<u8>), Answer> {
        let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or(program).to_vec();
        let first = arguments.first().map(|argument| argument.as_bytes());
        match (first, arguments.len()) {
            (Some(b"-?"), _) | (Some(b"--help"), 1) => return Err(help(&name)),
            (Some(b"--version" | b"-V"), _) => return Err(version(&name)),
            _ => {}
        }
        let (words, complaint) = options::read(arguments);
        let plan = Self {
            program: name.clone(),
            actions: Vec::new(),
            connection: Vec::new(),
            variables: Variables::new(),
            options: Options::default(),
            output: None,
            log: None,
            goes_on: false,
            is_single: false,
            is_unlinted: false,
            is_dry: false,
            record: None,
            audit: None,
            config: None,
        };
        let mut reader = Reader { plan, database: None, user: None, stderr: Vec::new() };
        for word in words {
            // What getopt_long complains of comes before the operands.
            if matches!(word, Word::Operand(_)) && complaint.is_some() {
                break;
            }
            reader.word(word)?;
        }
        if let Some(text) = complaint {
            let hint = [&name, &b": hint: Try \""[..], &name, b" --help\" for more information.\n"].concat();
            let stderr = [&reader.stderr[..], program, b": ", &text, b"\n", &hint].concat();
            return Err(Answer { stderr, code: FAILURE, ..Answer::default() });
        }
        let Reader { mut plan, database, user, stderr } = reader;
        if plan.actions.is_empty() {
            if is_interactive {
                let text = b"interactive use is not supported: name scripts with -f or statements with -c";
                return Err(Answer::error(&name, text));
            }
            plan.actions.push(Action::File(None));
        }
        plan.connection.extend(user.map(|user| ("user", user)));
        plan.connection.extend(database.map(|database| ("dbname", database)));
        Ok((plan, stderr))
    }

    /// The scripts that are named.
    pub fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.actions.iter().filter_map(|action| match action {
            Action::File(Some(path)) => Some(path.as_slice()),
            _ => None,
        })
    }
}

impl Reader {
    fn word(&mut self, word: Word) -> Result<(), Answer> {
        let program = self.plan.program.clone();
        let error = |text: &[u8]| Answer::error(&program, text);
        if let Some(text) = options::refusal(&word) {
            return Err(error(text.as_bytes()));
        }
        let plan = &mut self.plan;
        let mut set = |name: &str, value: &str| plan.variables.set(name.as_bytes(), Some(value.as_bytes()));
        match word {
            Word::Flag(b'a') => set("ECHO", "all").map_err(|text| error(&text))?,
            Word::Flag(b'b') => set("ECHO", "errors").map_err(|text| error(&text))?,
            Word::Flag(b'e') => set("ECHO", "queries").map_err(|text| error(&text))?,
            Word::Flag(b'E') => set("ECHO_HIDDEN", "on").map_err(|text| error(&text))?,
            Word::Flag(b'q') => set("QUIET", "on").map_err(|text| error(&text))?,
            Word::Flag(b'S') => set("SINGLELINE", "on").map_err(|text| error(&text))?,
            Word::Flag(b'A') => plan.options.format = Format::Unaligned,
            Word::Flag(b't') => plan.options.tuples_only = true,
            Word::Flag(b'x') => plan.options.expanded = Expanded::On,
            Word::Flag(b'z') => plan.options.field_separator = b"\0".to_vec(),
            Word::Flag(b'0') => plan.options.record_separator = b"\0".to_vec(),
            Word::Flag(b'1') => plan.is_single = true,
            Word::Flag(b'V') => return Err(version(&program)),
            Word::Flag(b'?') => return Err(help(&program)),
            Word::Flag(_) => {}
            Word::Csv => plan.options.format = Format::Csv,
            Word::Help(_) => return Err(help(&program)),
            Word::Value(b'c', text) => plan.actions.push(match text.first() {
                Some(b'\\') => Action::Command(text),
                _ => Action::Query(text),
            }),
            Word::Value(b'f', path) => plan.actions.push(Action::File(Some(path))),
            Word::Value(b'd', name) => self.database = Some(name),
            Word::Value(b'U', name) => self.user = Some(name),
            Word::Value(b'h', host) => plan.connection.push(("host", host)),
            Word::Value(b'p', port) => plan.connection.push(("port", port)),
            Word::Value(b'F', separator) => plan.options.field_separator = separator,
            Word::Value(b'R', separator) => plan.options.record_separator = separator,
            Word::Value(b'L', name) => plan.log = Some(name),
            Word::Value(b'o', name) if name.is_empty() => plan.output = None,
            Word::Value(b'o', name) => {
                let file = File::create(options::system(&name));
                let file = file.map_err(|cause| error(&[&name[..], b": ", reason(&cause).as_bytes()].concat()))?;
                plan.output = Some(file);
            }
            Word::Value(b'P', text) => {
                let (name, value) = split(&text);
                if let Err(complaint) = pset::set(&mut plan.options, name, value) {
                    let mut answer = error(&complaint);
                    let rest = [b"could not set printing parameter \"", name, b"\""].concat();
                    answer.stderr.extend(error(&rest).stderr);
                    return Err(answer);
                }
            }
            Word::Value(b'v', text) => {
                let (name, value) = split(&text);
                plan.variables.set(name, value).map_err(|text| error(&text))?;
                if name == b"ON_ERROR_STOP" {
                    plan.goes_on = !plan.variables.control.on_error_stop;
                }
            }
            Word::Value(..) => {}
            Word::Own("unlinted", _) => plan.is_unlinted = true,
            Word::Own("dry-run", _) => plan.is_dry = true,
            Word::Own("record", path) => plan.record = path,
            Word::Own("audit", path) => plan.audit = path,
            Word::Own(_, path) => plan.config = path,
            Word::Operand(text) => {
                if self.database.is_none() {
                    self.database = Some(text);
                } else if self.user.is_none() {
                    self.user = Some(text);
                } else if !plan.variables.control.quiet {
                    let line = [&program[..], b": warning: extra command-line argument \"", &text, b"\" ignored\n"];
                    self.stderr.extend(line.concat());
                }
            }
        }
        Ok(())
    }
}

fn split(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn help(program: &[u8]) -> Answer {
    let name = String::from_utf8_lossy(program);
    let head = format!(
        "{name} lints the release package of a script and runs it on PostgreSQL as psql would.\n\nUsage:\n  {name} [OPTION]... [DBNAME [USERNAME]]\n"
    );
    Answer { stdout: [head.as_bytes(), HELP.as_bytes()].concat(), code: SUCCESS, ..Answer::default() }
}

fn version(program: &[u8]) -> Answer {
    let name = String::from_utf8_lossy(program);
    let text = format!("{name} (roof-lint) {}, as psql (PostgreSQL) 15.18\n", env!("CARGO_PKG_VERSION"));
    Answer { stdout: text.into_bytes(), code: SUCCESS, ..Answer::default() }
}

//! The executor: psql's command line in, statements to the server, psql's output and exit code
//! out. Reads no script from disk: who calls it hands over bytes.

mod ahead;
mod command;
mod console;
mod interrupt;
mod message;
pub mod options;
pub mod plan;
mod pset;
mod query;
pub mod record;
mod rehearse;
pub mod session;
pub mod table;
pub mod variables;
pub mod width;

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal, Read};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use self::console::{Console, reason};
pub use self::interrupt::Interrupt;
pub use self::plan::{Action, Answer, Plan};
pub use self::rehearse::rehearse;
use self::session::{BAD_CONNECTION, FAILURE, INTERRUPTED, SUCCESS, USER, canonical};
pub use self::session::{End, Library, Opened, Quiet, Session, Witness};
use crate::psql::{Item, Metacommand, read};
use crate::source::Lines;
use crate::wire::{Connection, Environment, Failure, Settings};

/// How many files are followed when scripts are looked through before anything connects.
const LOOK_LIMIT: usize = 10_000;

/// How often a run that waits for the server looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(20);

/// Does what a plan says, and returns the exit code.
pub fn run(
    plan: Plan,
    environment: &Environment,
    library: &mut dyn Library,
    witness: &mut dyn Witness,
    interrupt: &Arc<Interrupt>,
) -> u8 {
    interrupt.code(carry_out(plan, environment, library, witness, interrupt))
}

fn carry_out(
    plan: Plan,
    environment: &Environment,
    library: &mut dyn Library,
    witness: &mut dyn Witness,
    interrupt: &Arc<Interrupt>,
) -> u8 {
    let mut console = Console::of_process(Arc::clone(interrupt));
    let Plan { program, actions, connection, variables, options, output, log, is_single, .. } = plan;
    let error = |console: &mut Console, text: &[u8]| console.error(&[&program[..], b": error: ", text, b"\n"].concat());
    let stdin = match stdin(&actions) {
        Ok(stdin) => stdin,
        Err(cause) => {
            error(&mut console, format!("could not read from input file: {}", reason(&cause)).as_bytes());
            return FAILURE;
        }
    };
    let (script, stdin) = stdin;
    if let Some(text) = refused(&actions, script.as_deref(), library) {
        console.error(&[&program[..], b":", text.as_bytes(), b"\n"].concat());
        return FAILURE;
    }
    if let Some(output) = output {
        console.redirect(output);
    }
    let settings = match settings(&program, &connection, environment) {
        Ok(settings) => settings,
        Err(text) => {
            error(&mut console, &text);
            return BAD_CONNECTION;
        }
    };
    if let Some(text) = changes_session(&settings).filter(|_| library.is_bound()) {
        error(&mut console, text.as_bytes());
        return BAD_CONNECTION;
    }
    for warning in settings.warnings() {
        console.error(format!("{warning}\n").as_bytes());
    }
    let mut connection = match connect(&settings, interrupt) {
        Some(Ok(connection)) => connection,
        Some(Err(failure)) => {
            error(&mut console, failure.text());
            return BAD_CONNECTION;
        }
        None => return INTERRUPTED,
    };
    for notice in connection.take_notices() {
        let manner = message::Manner {
            verbosity: variables.control.verbosity,
            show_context: variables.control.show_context,
            encoding: width::Encoding::Utf8,
            is_error: false,
        };
        console.error(&message::write(&notice, None, manner));
    }
    interrupt.connected();
    if let Some(log) = log {
        match OpenOptions::new().append(true).create(true).open(options::system(&log)) {
            Ok(file) => console.log = Some(file),
            Err(cause) => {
                let text = [b"could not open log file \"", &log[..], b"\": ", reason(&cause).as_bytes()].concat();
                error(&mut console, &text);
                return FAILURE;
            }
        }
    }
    let mut session =
        Session::new(&program, console, variables, options, connection, library, witness, stdin, Arc::clone(interrupt));
    let is_bound = session.is_bound();
    let result = session.check_encoding();
    let result = result.and_then(|()| if is_bound { session.lock(&settings) } else { Ok(()) });
    let result = result.and_then(|()| session.run(&actions, is_single));
    let mut code = result.unwrap_or_else(|End(code)| code);
    if is_bound {
        code = session.settle(code);
    }
    session.finish();
    code
}

/// Standard input: where a script is read from it, all of it, to be looked through.
fn stdin(actions: &[Action]) -> io::Result<(Option<Rc<[u8]>>, Box<dyn BufRead>)> {
    let is_script = |action: &Action| match action {
        Action::File(None) => true,
        Action::File(Some(path)) => path == b"-",
        _ => false,
    };
    if !actions.iter().any(is_script) {
        return Ok((None, Box::new(BufReader::new(io::stdin()))));
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok((Some(bytes.as_slice().into()), Box::new(Cursor::new(bytes))))
}

/// What is said of the session beyond who and where, which the scripts were judged without.
fn changes_session(settings: &Settings) -> Option<String> {
    let options = settings.value("options").unwrap_or_default();
    (!options.is_empty()).then(|| {
        format!("options \"{options}\" change the session, and the package was judged without them; leave them out")
    })
}

/// Connects, unless a signal comes first.
fn connect(settings: &Settings, interrupt: &Interrupt) -> Option<Result<Connection, Failure>> {
    if !interrupt.is_bound() {
        return Some(Connection::connect(settings));
    }
    let (sender, receiver) = mpsc::channel();
    let own = settings.clone();
    thread::spawn(move || drop(sender.send(Connection::connect(&own))));
    loop {
        match receiver.recv_timeout(GLANCE) {
            _ if interrupt.is_pressed() => return None,
            Ok(outcome) => return Some(outcome),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            // Only a thread that could not be had sends nothing.
            Err(mpsc::RecvTimeoutError::Disconnected) => return Some(Connection::connect(settings)),
        }
    }
}

fn settings(program: &[u8], given: &[(&'static str, Vec<u8>)], environment: &Environment) -> Result<Settings, Vec<u8>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let value = |keyword: &str| given.iter().find(|(known, _)| *known == keyword).map(|(_, value)| text(value));
    let is_interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
    let encoding = (is_interactive && !environment.contains_key("PGCLIENTENCODING")).then(|| "auto".to_owned());
    let parameters: Vec<(&str, String)> = ["host", "port", "user", "dbname"]
        .into_iter()
        .filter_map(|keyword| Some((keyword, value(keyword)?)))
        .chain([("fallback_application_name", text(program))])
        .chain(encoding.map(|encoding| ("client_encoding", encoding)))
        .collect();
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(keyword, value)| (*keyword, value.as_str())).collect();
    Settings::new(&parameters, environment).map_err(|failure| failure.text().to_vec())
}

/// The first metacommand that is never done, in all that the plan names: where and what.
fn refused(actions: &[Action], script: Option<&[u8]>, library: &mut dyn Library) -> Option<String> {
    let mut waiting: Vec<Vec<u8>> = Vec::new();
    for action in actions {
        match action {
            Action::Command(text) => {
                if let Some((_, what)) = first_refusal(text) {
                    return Some(format!(" error: {what} is not supported"));
                }
            }
            Action::File(Some(path)) if path != b"-" => waiting.push(canonical(path)),
            _ => {}
        }
    }
    if let Some(text) = script {
        if let Some((line, what)) = first_refusal(text) {
            return Some(format!("<stdin>:{line}: error: {what} is not supported"));
        }
        waiting.extend(includes(text, b""));
    }
    waiting.reverse();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    while let Some(path) = waiting.pop() {
        if seen.contains(&path) || seen.len() >= LOOK_LIMIT {
            continue;
        }
        seen.push(path.clone());
        // What cannot be read is told of when its turn comes.
        let Ok(Some(text)) = library.look(&path) else { continue };
        if let Some((line, what)) = first_refusal(&text) {
            return Some(format!("{}:{line}: error: {what} is not supported", String::from_utf8_lossy(&path)));
        }
        let mut included = includes(&text, &path);
        included.reverse();
        waiting.extend(included);
    }
    None
}

/// Whether some line of a text could hold a metacommand that is never done, or that includes a
/// file: it has a backslash with such a name after it, be that a string or data.
pub fn matters(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'\\');
    parts.next();
    parts.any(|part| {
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
        let name = part.split(is_end).next().unwrap_or_default();
        // Data is full of them; what an argument holds, only a reading of the line tells.
        !name.is_empty() && command::matters(name)
    }) || (text.contains(&b'`') && text.contains(&b'\\'))
}

fn first_refusal(text: &[u8]) -> Option<(usize, String)> {
    if !matters(text) {
        return None;
    }
    read(text).items.iter().find_map(|item| match item {
        Item::Metacommand { command, .. } => {
            let what = command::refusal(command)?;
            Some((Lines::of(text).place(text, command.span.start).line, what))
        }
        _ => None,
    })
}

/// The files that a script includes by a name that is plain to see.
fn includes(text: &[u8], path: &[u8]) -> Vec<Vec<u8>> {
    if !matters(text) {
        return Vec::new();
    }
    let script = read(text);
    let commands = script.items.iter().filter_map(|item| match item {
        Item::Metacommand { command, .. } => Some(command),
        _ => None,
    });
    commands.filter_map(|command| included(command, path)).collect()
}

/// The file that a command of the script at `path` includes, if its name is plain to see.
fn included(command: &Metacommand, path: &[u8]) -> Option<Vec<u8>> {
    let name = command.arguments.first()?.literal()?;
    included_as(command, path, name, true)
}

/// The file that a command of the script at `path` includes by that name; a bare one is without
/// the semicolons at its end.
fn included_as(command: &Metacommand, path: &[u8], mut name: Vec<u8>, is_bare: bool) -> Option<Vec<u8>> {
    let directory = path.iter().rposition(|byte| *byte == b'/').and_then(|at| path.get(..=at)).unwrap_or_default();
    let is_relative = match command.name.as_str() {
        "i" | "include" => false,
        "ir" | "include_relative" => true,
        _ => return None,
    };
    while is_bare && name.ends_with(b";") {
        name.pop();
    }
    let is_joined = is_relative && !name.starts_with(b"/");
    (name != b"-").then(|| canonical(&if is_joined { [directory, &name].concat() } else { name }))
}

impl Session<'_> {
    /// Does the actions in their order, in one transaction if that is asked for.
    pub fn run(&mut self, actions: &[Action], is_single: bool) -> Result<u8, End> {
        if is_single && !self.hidden(b"BEGIN")? && self.is_strict() {
            return Ok(USER);
        }
        let mut code = SUCCESS;
        for action in actions {
            code = match action {
                Action::Query(text) => self.run_query(text)?,
                Action::Command(text) => self.run_command(text)?,
                Action::File(path) => self.run_file(path.as_deref(), false)?,
            };
            if code != SUCCESS && self.is_strict() {
                break;
            }
        }
        if is_single {
            let is_undone = code != SUCCESS && (self.is_strict() || self.is_bound());
            let end: &[u8] = if is_undone { b"ROLLBACK" } else { b"COMMIT" };
            if !self.hidden(end)? && self.is_strict() {
                code = USER;
            }
        }
        Ok(code)
    }
}

//! The executor: psql's command line in, statements to the server, psql's output and exit code
//! out. Reads no script from disk: who calls it hands over bytes.

mod command;
mod console;
mod interrupt;
mod message;
pub mod options;
pub mod plan;
mod pset;
mod query;
pub mod record;
pub mod session;
pub mod table;
pub mod variables;
pub mod width;

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal, Read};
use std::rc::Rc;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGTERM};

use self::console::{Console, reason};
use self::interrupt::Interrupt;
pub use self::plan::{Action, Answer, Plan};
use self::session::{BAD_CONNECTION, FAILURE, SUCCESS, USER, canonical};
pub use self::session::{End, Library, Quiet, Session, Witness};
use crate::psql::{Form, Item, Metacommand, read};
use crate::source::Lines;
use crate::wire::{Connection, Environment, Settings};

/// How many files are followed when scripts are looked through before anything connects.
const LOOK_LIMIT: usize = 10_000;

/// Does what a plan says, and returns the exit code.
pub fn run(plan: Plan, environment: &Environment, library: &mut dyn Library, witness: &mut dyn Witness) -> u8 {
    let mut console = Console::of_process();
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
    let mut connection = match connect(&program, &connection, environment, &mut console) {
        Ok(connection) => connection,
        Err(text) => {
            error(&mut console, &text);
            return BAD_CONNECTION;
        }
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
    let interrupt = Interrupt::listen(library.is_bound());
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
    let mut session = Session::new(
        &program,
        console,
        variables,
        options,
        connection,
        library,
        witness,
        stdin,
        Arc::clone(&interrupt),
    );
    let is_bound = session.is_bound();
    let result = if is_bound { session.lock() } else { Ok(()) };
    let result = result.and_then(|()| session.run(&actions, is_single));
    let mut code = result.unwrap_or_else(|End(code)| code);
    if is_bound {
        code = session.settle(code);
    }
    session.finish();
    // What the signal would have done at once.
    match interrupt.signal() {
        SIGTERM | SIGHUP => 128 + u8::try_from(interrupt.signal()).unwrap_or(0),
        _ => code,
    }
}

/// Prints what a plan would send, with the variables that are known, and connects to nothing.
/// Both arms of every `\if` are printed, as is every metacommand.
pub fn rehearse(plan: &Plan, library: &mut dyn Library) -> u8 {
    let mut console = Console::of_process();
    let mut waiting: Vec<(Vec<u8>, usize)> = plan.files().map(|path| (canonical(path), 0)).collect();
    waiting.reverse();
    for action in &plan.actions {
        if let Action::Query(text) | Action::Command(text) = action {
            console.line(&[b"-- -c\n", &text[..]].concat());
        }
    }
    while let Some((path, first)) = waiting.pop() {
        let Ok(text) = library.read(&path) else { continue };
        let (script, lines) = (read(&text), Lines::of(&text));
        for (number, item) in script.items.iter().enumerate().skip(first) {
            let mut head = |start: usize| {
                let place = format!("-- {}:{}", String::from_utf8_lossy(&path), lines.place(&text, start).line);
                console.line(place.as_bytes());
            };
            match item {
                Item::Statement(statement) => {
                    head(statement.span.start);
                    let rendered = statement.render(&text, &mut |form, name| {
                        let value = plan.variables.get(name);
                        Some(match form {
                            Form::Test => {
                                if value.is_some() {
                                    b"TRUE".to_vec()
                                } else {
                                    b"FALSE".to_vec()
                                }
                            }
                            Form::Plain => value?.to_vec(),
                            Form::Literal => session::literal(value?),
                            Form::Identifier => session::identifier(value?),
                        })
                    });
                    console.line(&rendered.text);
                }
                Item::CopyData { lines, .. } => {
                    let count = lines.of(&text).split_inclusive(|byte| *byte == b'\n').count();
                    console.line(format!("-- {count} lines of data").as_bytes());
                }
                Item::Metacommand { command, .. } => {
                    head(command.span.start);
                    console.line(&[b"-- ", command.span.of(&text)].concat());
                    if let Some(inner) = included(command, &path) {
                        waiting.push((path.clone(), number + 1));
                        waiting.push((inner, 0));
                        break;
                    }
                }
            }
            if waiting.len() > LOOK_LIMIT {
                return FAILURE;
            }
        }
    }
    console.flush();
    SUCCESS
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

fn connect(
    program: &[u8],
    given: &[(&'static str, Vec<u8>)],
    environment: &Environment,
    console: &mut Console,
) -> Result<Connection, Vec<u8>> {
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
    let settings = Settings::new(&parameters, environment).map_err(|failure| failure.text().to_vec())?;
    for warning in settings.warnings() {
        console.error(format!("{warning}\n").as_bytes());
    }
    Connection::connect(&settings).map_err(|failure| failure.text().to_vec())
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
        let Ok(text) = library.read(&path) else { continue };
        if let Some((line, what)) = first_refusal(&text) {
            return Some(format!("{}:{line}: error: {what} is not supported", String::from_utf8_lossy(&path)));
        }
        let mut included = includes(&text, &path);
        included.reverse();
        waiting.extend(included);
    }
    None
}

fn first_refusal(text: &[u8]) -> Option<(usize, String)> {
    if !text.contains(&b'\\') {
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
    if !text.contains(&b'\\') {
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
    let directory = path.iter().rposition(|byte| *byte == b'/').and_then(|at| path.get(..=at)).unwrap_or_default();
    let is_relative = match command.name.as_str() {
        "i" | "include" => false,
        "ir" | "include_relative" => true,
        _ => return None,
    };
    let mut name = command.arguments.first()?.literal()?;
    while name.ends_with(b";") {
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
            let end: &[u8] = if code != SUCCESS && self.is_strict() { b"ROLLBACK" } else { b"COMMIT" };
            if !self.hidden(end)? && self.is_strict() {
                code = USER;
            }
        }
        Ok(code)
    }
}

//! Metacommands: what each does, and which there are that a release may not use.

use super::message::{self, Manner};
use super::pset;
use super::session::{Arm, Conditional, End, Mark, Reading, SUCCESS, Session};
use super::table::{Expanded, Format};
use super::variables::{ShowContext, Verbosity, boolean};
use crate::psql::{Argument, Metacommand, Part};

/// What a command leaves to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Nothing.
    Skip,
    /// The query buffer is to be sent.
    Send,
    /// The file is at its end.
    Terminate,
    /// It failed; the rest of the line is dropped.
    Error,
}

/// The commands of psql 15 that the executor does not do: they reach for the shell, for files,
/// for the environment or for another connection, or print what differs from server to server.
const REFUSED: [&str; 52] = [
    "!",
    "?",
    "c",
    "cd",
    "connect",
    "copy",
    "copyright",
    "crosstabview",
    "e",
    "edit",
    "ef",
    "ev",
    "gdesc",
    "getenv",
    "gexec",
    "h",
    "help",
    "H",
    "html",
    "l",
    "list",
    "l+",
    "list+",
    "lo_export",
    "lo_import",
    "lo_list",
    "lo_list+",
    "lo_unlink",
    "o",
    "out",
    "password",
    "prompt",
    "s",
    "setenv",
    "sf",
    "sf+",
    "sv",
    "sv+",
    "T",
    "w",
    "write",
    "watch",
    "z",
    "z+",
    "zS",
    "restrict",
    "unrestrict",
    "e+",
    "dl",
    "dl+",
    "sS",
    "lS",
];

/// Whether a command is one that is never done.
fn is_refused(name: &str) -> bool {
    REFUSED.contains(&name) || name.starts_with('d')
}

/// Whether a command of that name may be refused, or includes a file.
pub(super) fn matters(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    is_refused(name) || matches!(name, "g" | "gx" | "i" | "include" | "ir" | "include_relative")
}

/// Why a command is not done, wherever it stands: what it is called by.
pub(super) fn refusal(command: &Metacommand) -> Option<String> {
    let name = command.name.as_str();
    if is_refused(name) {
        return Some(format!("\\{name}"));
    }
    if command.arguments.iter().flat_map(|argument| &argument.parts).any(|part| matches!(part, Part::Backquote(_))) {
        return Some(format!("`…` in \\{name}"));
    }
    let first = command.arguments.first();
    if matches!(name, "g" | "gx") {
        // After `\g (…)` a file may follow too.
        let closes =
            command.arguments.iter().position(|argument| argument.literal().is_none_or(|text| text.ends_with(b")")));
        let is_list = first.and_then(Argument::literal).is_some_and(|text| text.starts_with(b"("));
        let file = if is_list { closes.and_then(|at| command.arguments.get(at + 1)) } else { first };
        return file.map(|_| format!("\\{name} FILE"));
    }
    None
}

/// The arguments of a command, read one after the other.
struct Arguments<'c> {
    list: std::slice::Iter<'c, Argument>,
    text: &'c [u8],
    is_active: bool,
}

impl Session<'_> {
    /// The next argument with its variables filled in; none where there is none, or where its
    /// quotes do not end.
    fn next(&mut self, arguments: &mut Arguments<'_>) -> Option<Vec<u8>> {
        let argument = arguments.list.next()?;
        if argument.unterminated.is_some() {
            self.fail("unterminated quoted string");
            return None;
        }
        let mut value = Vec::new();
        for part in &argument.parts {
            match part {
                Part::Text(text) => value.extend_from_slice(text),
                Part::Variable { form, name } => {
                    let known = self.value(*form, name.of(arguments.text), arguments.is_active);
                    let (before, after) = form.punctuation();
                    let written = arguments.text.get(name.start.saturating_sub(before)..name.end + after);
                    value.extend_from_slice(known.as_deref().or(written).unwrap_or_default());
                }
                Part::Backquote(_) => {}
            }
        }
        Some(value)
    }

    /// All arguments that are left.
    fn rest(&mut self, arguments: &mut Arguments<'_>) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        while let Some(value) = self.next(arguments) {
            values.push(value);
        }
        values
    }

    /// Does a command.
    pub(super) fn command(&mut self, command: &Metacommand, text: &[u8], reading: &mut Reading) -> Result<Status, End> {
        if let Some(what) = refusal(command) {
            // It was not seen when the scripts were looked through: a variable brought it in.
            self.fail(&format!("{what} is not supported"));
            return Err(End(super::session::FAILURE));
        }
        let is_active = reading.is_active();
        let mut arguments = Arguments { list: command.arguments.iter(), text, is_active };
        let name = command.name.as_str();
        let status = if matches!(name, "if" | "elif" | "else" | "endif") {
            self.conditional(name, &mut arguments, reading)
        } else if !is_known(name) {
            self.say(Mark::Error, format!("invalid command \\{name}").as_bytes());
            Status::Error
        } else if is_active {
            self.active(name, &mut arguments, reading)?
        } else {
            arguments.is_active = false;
            self.rest(&mut arguments);
            Status::Skip
        };
        if status != Status::Error {
            // An arm that this command has opened or closed counts.
            let is_active = reading.is_active();
            arguments.is_active = false;
            while let Some(argument) = self.next(&mut arguments) {
                if is_active {
                    let text =
                        [b"\\", name.as_bytes(), b": extra argument \"", argument.as_slice(), b"\" ignored"].concat();
                    self.say(Mark::Warning, &text);
                }
            }
        }
        if status == Status::Send && reading.query.is_empty() {
            reading.query.clone_from(&reading.previous);
        }
        Ok(status)
    }

    fn active(&mut self, name: &str, arguments: &mut Arguments<'_>, reading: &mut Reading) -> Result<Status, End> {
        Ok(match name {
            "a" => {
                let format = if self.options.format == Format::Aligned { "unaligned" } else { "aligned" };
                self.pset(b"format", Some(format.as_bytes()), self.variables.control.quiet)
            }
            "C" => self.pset_next(b"title", arguments),
            "f" => self.pset_next(b"fieldsep", arguments),
            "t" => self.pset_next(b"tuples_only", arguments),
            "x" => self.pset_next(b"expanded", arguments),
            "pset" => match self.next(arguments) {
                None => {
                    self.list_options();
                    Status::Skip
                }
                Some(name) => {
                    let value = self.next(arguments);
                    self.pset(&name, value.as_deref(), self.variables.control.quiet)
                }
            },
            "echo" | "qecho" | "warn" => {
                self.echo(name, arguments);
                Status::Skip
            }
            "set" => self.set_variable(arguments),
            "unset" => match self.next(arguments) {
                None => self.missing(name),
                Some(variable) => match self.variables.set(&variable, None) {
                    Ok(()) => Status::Skip,
                    Err(text) => self.failed(&text),
                },
            },
            "timing" => match self.next(arguments) {
                Some(value) => match boolean(&value, "\\timing") {
                    Ok(is_on) => {
                        self.timing = is_on;
                        self.tell_timing()
                    }
                    Err(text) => {
                        let status = self.failed(&text);
                        self.tell_timing();
                        status
                    }
                },
                None => {
                    self.timing = !self.timing;
                    self.tell_timing()
                }
            },
            "i" | "include" | "ir" | "include_relative" => {
                let is_bare =
                    arguments.list.as_slice().first().is_some_and(|argument| is_bare(argument, arguments.text));
                let Some(mut file) = self.next(arguments) else { return Ok(self.missing(name)) };
                while is_bare && file.ends_with(b";") {
                    file.pop();
                }
                // psql takes the extra arguments for warnings only after the file has run; so
                // does the caller.
                let result = self.run_file(Some(&file), name.starts_with("ir") || name == "include_relative")?;
                if result == SUCCESS { Status::Skip } else { Status::Error }
            }
            "g" | "gx" => self.go(name, arguments),
            "gset" => {
                self.gset = Some(self.next(arguments).unwrap_or_default());
                Status::Send
            }
            "p" | "print" => {
                if !reading.query.is_empty() {
                    self.console.line(&reading.query);
                } else if !reading.previous.is_empty() {
                    self.console.line(&reading.previous);
                } else if !self.variables.control.quiet {
                    self.console.line(b"Query buffer is empty.");
                }
                self.console.flush();
                Status::Skip
            }
            "r" | "reset" => {
                reading.query.clear();
                reading.lexer.start_statement();
                if !self.variables.control.quiet {
                    self.console.line(b"Query buffer reset (cleared).");
                }
                Status::Skip
            }
            "q" | "quit" => Status::Terminate,
            "errverbose" => {
                match self.last_error.take() {
                    Some((report, query)) => {
                        let manner = Manner {
                            verbosity: Verbosity::Verbose,
                            show_context: ShowContext::Always,
                            encoding: self.encoding,
                            is_error: true,
                        };
                        let text = message::write(&report, Some(&query), manner);
                        self.say(Mark::Error, &text);
                        self.last_error = Some((report, query));
                    }
                    None => self.console.line(b"There is no previous error."),
                }
                Status::Skip
            }
            "encoding" => match self.next(arguments) {
                None => {
                    // As it was after the last query.
                    self.console.line(&self.known_encoding);
                    Status::Skip
                }
                Some(encoding) => {
                    let query = [b"set client_encoding to '", encoding.as_slice(), b"'"].concat();
                    let is_simple = encoding.iter().all(|byte| !matches!(byte, b'\'' | b'\\'));
                    if is_simple && self.silently(&query)? {
                        self.follow_encoding();
                        self.check_encoding()?;
                        Status::Skip
                    } else {
                        let text = [encoding.as_slice(), b": invalid encoding name or conversion procedure not found"]
                            .concat();
                        // To psql that is no failure.
                        self.say(Mark::Error, &text);
                        Status::Skip
                    }
                }
            },
            "conninfo" => {
                let connection = &self.connection;
                let (database, user) = (connection.database(), connection.user());
                let (host, port) = (connection.host(), connection.port());
                let place = if host.starts_with('/') { "via socket in" } else { "on host" };
                let text = format!(
                    "You are connected to database \"{database}\" as user \"{user}\" {place} \"{host}\" at port \"{port}\"."
                );
                self.console.line(text.as_bytes());
                Status::Skip
            }
            _ => Status::Skip,
        })
    }

    fn failed(&mut self, text: &[u8]) -> Status {
        self.say(Mark::Error, text);
        Status::Error
    }

    fn missing(&mut self, name: &str) -> Status {
        self.fail(&format!("\\{name}: missing required argument"));
        Status::Error
    }

    fn tell_timing(&mut self) -> Status {
        if !self.variables.control.quiet {
            let text: &[u8] = if self.timing { b"Timing is on." } else { b"Timing is off." };
            self.console.line(text);
        }
        Status::Skip
    }

    fn echo(&mut self, name: &str, arguments: &mut Arguments<'_>) {
        let is_short = arguments
            .list
            .as_slice()
            .first()
            .is_some_and(|argument| argument.span.of(arguments.text) == b"-n" || is_bare(argument, arguments.text));
        let mut words = self.rest(arguments);
        let is_open = is_short && words.first().is_some_and(|word| word == b"-n");
        if is_open {
            words.remove(0);
        }
        let mut text = words.join(&b" "[..]);
        if !is_open {
            text.push(b'\n');
        }
        match name {
            "echo" => self.console.out(&text),
            "warn" => self.console.warn(&text),
            _ => self.console.result(&text),
        }
    }

    fn set_variable(&mut self, arguments: &mut Arguments<'_>) -> Status {
        let Some(name) = self.next(arguments) else {
            let mut text = Vec::new();
            for (name, value) in self.variables.iter() {
                text.extend_from_slice(name);
                text.extend_from_slice(b" = '");
                text.extend_from_slice(value);
                text.extend_from_slice(b"'\n");
            }
            self.console.out(&text);
            return Status::Skip;
        };
        let value = self.rest(arguments).concat();
        match self.variables.set(&name, Some(&value)) {
            Ok(()) => Status::Skip,
            Err(text) => self.failed(&text),
        }
    }

    fn pset_next(&mut self, name: &[u8], arguments: &mut Arguments<'_>) -> Status {
        let value = self.next(arguments);
        self.pset(name, value.as_deref(), self.variables.control.quiet)
    }

    /// Sets what `\pset` sets, and says so.
    fn pset(&mut self, name: &[u8], value: Option<&[u8]>, is_quiet: bool) -> Status {
        match pset::set(&mut self.options, name, value) {
            Ok(()) => {
                // psql is silent on some options that are set to a value.
                let is_silent = value.is_some() && pset::is_silent(name);
                if !is_quiet
                    && !is_silent
                    && let Some(text) = pset::tell(&self.options, name)
                {
                    self.console.line(&text);
                }
                Status::Skip
            }
            Err(text) => self.failed(&text),
        }
    }

    fn list_options(&mut self) {
        let text = pset::list(&self.options);
        self.console.out(text.as_slice());
    }

    fn go(&mut self, name: &str, arguments: &mut Arguments<'_>) -> Status {
        if let Some(first) = self.next(arguments) {
            let mut word = first.strip_prefix(b"(").unwrap_or(&first).to_vec();
            let outside = self.options.clone();
            let mut is_good = true;
            loop {
                let closes = word.ends_with(b")");
                if closes {
                    word.pop();
                }
                if !word.is_empty() {
                    let equals = word.iter().position(|byte| *byte == b'=');
                    let (option, value) = match equals {
                        Some(at) => {
                            (word.get(..at).unwrap_or_default().to_vec(), word.get(at + 1..).map(<[u8]>::to_vec))
                        }
                        None => (word, None),
                    };
                    is_good &= self.pset(&option, value.as_deref(), true) == Status::Skip;
                }
                if closes {
                    break;
                }
                let Some(next) = self.next(arguments) else {
                    self.fail(&format!("\\{name}: missing right parenthesis"));
                    is_good = false;
                    break;
                };
                word = next;
            }
            if !is_good {
                self.options = outside;
                return Status::Error;
            }
            self.saved_options = Some(outside);
        }
        if name == "gx" {
            if self.saved_options.is_none() {
                self.saved_options = Some(self.options.clone());
            }
            self.options.expanded = Expanded::On;
        }
        Status::Send
    }

    /// Whether the arguments, joined, are true.
    fn truth(&mut self, name: &str, arguments: &mut Arguments<'_>) -> bool {
        let text = self.rest(arguments).join(&b" "[..]);
        match boolean(&text, name) {
            Ok(truth) => truth,
            Err(text) => {
                self.say(Mark::Error, &text);
                false
            }
        }
    }

    fn conditional(&mut self, name: &str, arguments: &mut Arguments<'_>, reading: &mut Reading) -> Status {
        let kept = || Some((reading.query.len(), reading.lexer.clone()));
        if name == "if" {
            let kept = kept();
            let arm = if !arguments.is_active {
                self.rest(arguments);
                Arm::Ignored
            } else if self.truth("\\if expression", arguments) {
                Arm::True
            } else {
                Arm::False
            };
            reading.conditionals.push(Conditional { arm, kept });
            return Status::Skip;
        }
        let here = kept();
        let Some(open) = reading.conditionals.last().cloned() else {
            self.fail(&format!("\\{name}: no matching \\if"));
            return Status::Error;
        };
        if name != "endif" && matches!(open.arm, Arm::ElseTrue | Arm::ElseFalse) {
            self.fail(&format!("\\{name}: cannot occur after \\else"));
            return Status::Error;
        }
        // The text of an arm that was not taken is cut out of the query.
        if matches!(open.arm, Arm::False | Arm::Ignored | Arm::ElseFalse)
            && let Some((length, lexer)) = &open.kept
        {
            reading.query.truncate(*length);
            reading.lexer = lexer.clone();
        }
        let arm = match (name, open.arm) {
            ("endif", _) => {
                reading.conditionals.pop();
                return Status::Skip;
            }
            ("elif", Arm::False) => {
                arguments.is_active = true;
                if self.truth("\\elif expression", arguments) { Arm::True } else { Arm::False }
            }
            ("elif", _) => {
                arguments.is_active = false;
                self.rest(arguments);
                Arm::Ignored
            }
            (_, Arm::False) => Arm::ElseTrue,
            _ => Arm::ElseFalse,
        };
        if let Some(last) = reading.conditionals.last_mut() {
            last.arm = arm;
            if open.arm == Arm::True {
                last.kept = here;
            }
        }
        Status::Skip
    }
}

/// Whether an argument is written without quotes.
pub(super) fn is_bare(argument: &Argument, text: &[u8]) -> bool {
    !argument.span.of(text).iter().any(|byte| matches!(byte, b'\'' | b'"' | b'`' | b':'))
}

/// Whether psql has a command of that name, and the executor does it.
fn is_known(name: &str) -> bool {
    matches!(
        name,
        "a" | "C"
            | "f"
            | "t"
            | "x"
            | "pset"
            | "echo"
            | "qecho"
            | "warn"
            | "set"
            | "unset"
            | "timing"
            | "i"
            | "include"
            | "ir"
            | "include_relative"
            | "g"
            | "gx"
            | "gset"
            | "p"
            | "print"
            | "r"
            | "reset"
            | "q"
            | "quit"
            | "errverbose"
            | "encoding"
            | "conninfo"
    )
}

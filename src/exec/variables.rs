//! psql's variables, with those that steer psql itself: what they may hold, and what they say
//! when they are given something else.

use std::collections::BTreeMap;

/// What `ECHO` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// Nothing.
    None,
    /// Statements that fail.
    Errors,
    /// Statements as they are sent.
    Queries,
    /// Lines as they are read.
    All,
}

/// How much of an error is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// One line.
    Terse,
    /// Detail, hint and context too.
    Default,
    /// Everything.
    Verbose,
    /// The code alone.
    Sqlstate,
}

/// When the context of a message is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShowContext {
    /// Never.
    Never,
    /// Of errors.
    Errors,
    /// Of notices too.
    Always,
}

/// What the variables that steer psql come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// `AUTOCOMMIT`.
    pub autocommit: bool,
    /// `ON_ERROR_STOP`.
    pub on_error_stop: bool,
    /// `ON_ERROR_ROLLBACK` is on; `interactive` is not.
    pub on_error_rollback: bool,
    /// `QUIET`.
    pub quiet: bool,
    /// `SINGLELINE`.
    pub singleline: bool,
    /// `SINGLESTEP`.
    pub singlestep: bool,
    /// `FETCH_COUNT`.
    pub fetch_count: i32,
    /// `ECHO`.
    pub echo: Echo,
    /// `ECHO_HIDDEN` is on.
    pub echo_hidden: bool,
    /// `ECHO_HIDDEN` is noexec.
    pub no_execution: bool,
    /// `VERBOSITY`.
    pub verbosity: Verbosity,
    /// `SHOW_CONTEXT`.
    pub show_context: ShowContext,
    /// `SHOW_ALL_RESULTS`.
    pub show_all_results: bool,
}

/// How a variable that steers psql takes its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// On or off; unset is off, empty is on.
    Boolean,
    /// A number, which unset is this.
    Number(Option<&'static str>),
    /// One of some words; unset is the first of the pair.
    Choice(&'static str, &'static [&'static str], &'static str),
    /// On or off or the one word.
    BooleanOr(&'static str, &'static str),
    /// Anything.
    Text,
}

/// The variables that psql itself looks at.
const SPECIAL: [(&str, Kind); 22] = [
    ("AUTOCOMMIT", Kind::Boolean),
    (
        "COMP_KEYWORD_CASE",
        Kind::Choice(
            "preserve-upper",
            &["lower", "upper", "preserve-lower", "preserve-upper"],
            "lower, upper, preserve-lower, preserve-upper",
        ),
    ),
    ("ECHO", Kind::Choice("none", &["none", "errors", "queries", "all"], "none, errors, queries, all")),
    ("ECHO_HIDDEN", Kind::BooleanOr("noexec", "on, off, noexec")),
    ("FETCH_COUNT", Kind::Number(Some("0"))),
    ("HIDE_TABLEAM", Kind::Boolean),
    ("HIDE_TOAST_COMPRESSION", Kind::Boolean),
    (
        "HISTCONTROL",
        Kind::Choice(
            "none",
            &["none", "ignorespace", "ignoredups", "ignoreboth"],
            "none, ignorespace, ignoredups, ignoreboth",
        ),
    ),
    ("HISTFILE", Kind::Text),
    ("HISTSIZE", Kind::Number(Some("500"))),
    ("IGNOREEOF", Kind::Number(Some("0"))),
    ("ON_ERROR_ROLLBACK", Kind::BooleanOr("interactive", "on, off, interactive")),
    ("ON_ERROR_STOP", Kind::Boolean),
    ("PROMPT1", Kind::Text),
    ("PROMPT2", Kind::Text),
    ("PROMPT3", Kind::Text),
    ("QUIET", Kind::Boolean),
    ("SHOW_ALL_RESULTS", Kind::Boolean),
    ("SHOW_CONTEXT", Kind::Choice("errors", &["never", "errors", "always"], "never, errors, always")),
    ("SINGLELINE", Kind::Boolean),
    ("SINGLESTEP", Kind::Boolean),
    (
        "VERBOSITY",
        Kind::Choice("default", &["default", "verbose", "terse", "sqlstate"], "default, verbose, terse, sqlstate"),
    ),
];

/// The variables of a session.
#[derive(Debug, Clone)]
pub struct Variables {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What they come to.
    pub control: Control,
}

impl Variables {
    /// What psql starts with.
    pub fn new() -> Self {
        let control = Control {
            autocommit: true,
            on_error_stop: false,
            on_error_rollback: false,
            quiet: false,
            singleline: false,
            singlestep: false,
            fetch_count: 0,
            echo: Echo::None,
            echo_hidden: false,
            no_execution: false,
            verbosity: Verbosity::Default,
            show_context: ShowContext::Errors,
            show_all_results: true,
        };
        let mut variables = Self { values: BTreeMap::new(), control };
        for (name, kind) in SPECIAL {
            let unset = match kind {
                Kind::Boolean | Kind::BooleanOr(..) => Some("off"),
                Kind::Number(unset) => unset,
                Kind::Choice(unset, ..) => Some(unset),
                Kind::Text => None,
            };
            if let Some(unset) = unset {
                variables.put(name, unset.as_bytes());
            }
        }
        for (name, value) in [
            ("VERSION", "PostgreSQL 15.18"),
            ("VERSION_NAME", "15.18"),
            ("VERSION_NUM", "150018"),
            ("LAST_ERROR_MESSAGE", ""),
            ("LAST_ERROR_SQLSTATE", "00000"),
            ("AUTOCOMMIT", "on"),
            ("PROMPT1", "%/%R%x%# "),
            ("PROMPT2", "%/%R%x%# "),
            ("PROMPT3", ">> "),
            ("SHOW_ALL_RESULTS", "on"),
        ] {
            variables.put(name, value.as_bytes());
        }
        variables
    }

    /// The value of a variable.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.values.get(name).map(Vec::as_slice)
    }

    /// All variables in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.values.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Whether psql itself looks at a variable.
    pub fn is_special(name: &[u8]) -> bool {
        SPECIAL.iter().any(|(known, _)| known.as_bytes() == name)
    }

    /// Sets what psql itself says, whatever it is.
    pub fn put(&mut self, name: &str, value: &[u8]) {
        // Several are set after each statement: what is there is written over.
        match self.values.get_mut(name.as_bytes()) {
            Some(known) => {
                known.clear();
                known.extend_from_slice(value);
            }
            None => {
                self.values.insert(name.as_bytes().to_vec(), value.to_vec());
            }
        }
    }

    /// Sets a variable, or unsets it. A failure is psql's error, without a prefix.
    pub fn set(&mut self, name: &[u8], value: Option<&[u8]>) -> Result<(), Vec<u8>> {
        let is_valid = !name.is_empty() && name.iter().all(|byte| crate::psql::lexer::is_variable_character(*byte));
        if !is_valid {
            // What cannot be there is not there.
            let Some(_) = value else { return Ok(()) };
            return Err([b"invalid variable name: \"", name, b"\""].concat());
        }
        let Some((name, kind)) = SPECIAL.iter().find(|(known, _)| known.as_bytes() == name) else {
            match value {
                Some(value) => self.values.insert(name.to_vec(), value.to_vec()),
                None => self.values.remove(name),
            };
            return Ok(());
        };
        let value = match (kind, value) {
            (Kind::Boolean | Kind::BooleanOr(..), None) => Some(&b"off"[..]),
            (Kind::Boolean | Kind::BooleanOr(..), Some(b"")) => Some(&b"on"[..]),
            (Kind::Number(unset), None) => unset.map(str::as_bytes),
            (Kind::Choice(unset, ..), None) => Some(unset.as_bytes()),
            // What is no number is a number for this one.
            (Kind::Number(_), Some(value)) if *name == "IGNOREEOF" && number(value, name).is_err() => Some(&b"10"[..]),
            (_, value) => value,
        };
        let text = value.unwrap_or_default();
        match kind {
            Kind::Boolean => {
                let is_on = boolean(text, name)?;
                self.switch(name, is_on);
            }
            Kind::Number(_) => {
                let number = number(text, name)?;
                if *name == "FETCH_COUNT" {
                    self.control.fetch_count = number;
                }
            }
            Kind::Choice(_, words, list) => {
                let word = words.iter().find(|word| word.as_bytes().eq_ignore_ascii_case(text));
                let word = word.ok_or_else(|| no_choice(text, name, list))?;
                self.choose(name, word);
            }
            Kind::BooleanOr(word, list) => {
                let is_word = word.as_bytes().eq_ignore_ascii_case(text);
                let is_on = if is_word { None } else { Some(truth(text).ok_or_else(|| no_choice(text, name, list))?) };
                match *name {
                    "ECHO_HIDDEN" => {
                        self.control.echo_hidden = is_on != Some(false);
                        self.control.no_execution = is_word;
                    }
                    _ => self.control.on_error_rollback = is_on == Some(true),
                }
            }
            Kind::Text => {}
        }
        match value {
            Some(value) => self.values.insert(name.as_bytes().to_vec(), value.to_vec()),
            None => self.values.remove(name.as_bytes()),
        };
        Ok(())
    }

    fn switch(&mut self, name: &str, is_on: bool) {
        let control = &mut self.control;
        match name {
            "AUTOCOMMIT" => control.autocommit = is_on,
            "ON_ERROR_STOP" => control.on_error_stop = is_on,
            "QUIET" => control.quiet = is_on,
            "SINGLELINE" => control.singleline = is_on,
            "SINGLESTEP" => control.singlestep = is_on,
            "SHOW_ALL_RESULTS" => control.show_all_results = is_on,
            _ => {}
        }
    }

    fn choose(&mut self, name: &str, word: &str) {
        let control = &mut self.control;
        match (name, word) {
            ("ECHO", "none") => control.echo = Echo::None,
            ("ECHO", "errors") => control.echo = Echo::Errors,
            ("ECHO", "queries") => control.echo = Echo::Queries,
            ("ECHO", _) => control.echo = Echo::All,
            ("VERBOSITY", "default") => control.verbosity = Verbosity::Default,
            ("VERBOSITY", "verbose") => control.verbosity = Verbosity::Verbose,
            ("VERBOSITY", "terse") => control.verbosity = Verbosity::Terse,
            ("VERBOSITY", _) => control.verbosity = Verbosity::Sqlstate,
            ("SHOW_CONTEXT", "never") => control.show_context = ShowContext::Never,
            ("SHOW_CONTEXT", "errors") => control.show_context = ShowContext::Errors,
            ("SHOW_CONTEXT", _) => control.show_context = ShowContext::Always,
            _ => {}
        }
    }
}

impl Default for Variables {
    fn default() -> Self {
        Self::new()
    }
}

/// psql's reading of a Boolean: any beginning of true, false, yes or no, on and off, 1 and 0.
pub fn truth(text: &[u8]) -> Option<bool> {
    let begins = |word: &[u8], least: usize| {
        text.len() >= least && word.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    if begins(b"true", 1) || begins(b"yes", 1) || begins(b"on", 2) || text == b"1" {
        Some(true)
    } else if begins(b"false", 1) || begins(b"no", 1) || begins(b"off", 2) || text == b"0" {
        Some(false)
    } else {
        None
    }
}

/// The same, with psql's error where it is none.
pub fn boolean(text: &[u8], name: &str) -> Result<bool, Vec<u8>> {
    let complain = || [b"unrecognized value \"", text, b"\" for \"", name.as_bytes(), b"\": Boolean expected"].concat();
    truth(text).ok_or_else(complain)
}

fn number(text: &[u8], name: &str) -> Result<i32, Vec<u8>> {
    let complain = || [b"invalid value \"", text, b"\" for \"", name.as_bytes(), b"\": integer expected"].concat();
    let trimmed = std::str::from_utf8(text).unwrap_or_default().trim_start();
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (-1_i64, digits),
        None => (1, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    // C's strtol of base 0.
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let number = i64::from_str_radix(digits, radix).ok().filter(|_| is_number).map(|number| number * sign);
    number.and_then(|number| i32::try_from(number).ok()).ok_or_else(complain)
}

/// psql's error for a word that is none of those that may stand there.
pub fn no_choice(text: &[u8], name: &str, list: &str) -> Vec<u8> {
    [
        b"unrecognized value \"",
        text,
        b"\" for \"",
        name.as_bytes(),
        b"\"\nAvailable values are: ",
        list.as_bytes(),
        b".",
    ]
    .concat()
}

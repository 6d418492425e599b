//! psql's command line by the rules of `getopt_long`: short options bundle, long ones may be
//! abbreviated, operands may stand anywhere. Only takes words apart; what they mean to a
//! session is not known here.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What the command line says, in the order in which it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// An option by its letter.
    Flag(u8),
    /// An option with a value, by its letter.
    Value(u8, Vec<u8>),
    /// `--csv`.
    Csv,
    /// `--help`, with what it is asked for.
    Help(Option<Vec<u8>>),
    /// An option that psql does not have, by its own name.
    Own(&'static str, Option<Vec<u8>>),
    /// Anything else.
    Operand(Vec<u8>),
}

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    MayBeValue,
}

/// What an option stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Letter(u8),
    Csv,
    Help,
    Own,
}

struct Long {
    name: &'static str,
    takes: Takes,
    means: Means,
}

const fn letter(name: &'static str, takes: Takes, letter: u8) -> Long {
    Long { name, takes, means: Means::Letter(letter) }
}

/// psql's options in psql's order, which is that of the possibilities of an abbreviation.
const LONG: [Long; 36] = [
    letter("echo-all", Takes::Nothing, b'a'),
    letter("no-align", Takes::Nothing, b'A'),
    letter("command", Takes::Value, b'c'),
    letter("dbname", Takes::Value, b'd'),
    letter("echo-queries", Takes::Nothing, b'e'),
    letter("echo-errors", Takes::Nothing, b'b'),
    letter("echo-hidden", Takes::Nothing, b'E'),
    letter("file", Takes::Value, b'f'),
    letter("field-separator", Takes::Value, b'F'),
    letter("field-separator-zero", Takes::Nothing, b'z'),
    letter("host", Takes::Value, b'h'),
    letter("html", Takes::Nothing, b'H'),
    letter("list", Takes::Nothing, b'l'),
    letter("log-file", Takes::Value, b'L'),
    letter("no-readline", Takes::Nothing, b'n'),
    letter("single-transaction", Takes::Nothing, b'1'),
    letter("output", Takes::Value, b'o'),
    letter("port", Takes::Value, b'p'),
    letter("pset", Takes::Value, b'P'),
    letter("quiet", Takes::Nothing, b'q'),
    letter("record-separator", Takes::Value, b'R'),
    letter("record-separator-zero", Takes::Nothing, b'0'),
    letter("single-step", Takes::Nothing, b's'),
    letter("single-line", Takes::Nothing, b'S'),
    letter("tuples-only", Takes::Nothing, b't'),
    letter("table-attr", Takes::Value, b'T'),
    letter("username", Takes::Value, b'U'),
    letter("set", Takes::Value, b'v'),
    letter("variable", Takes::Value, b'v'),
    letter("version", Takes::Nothing, b'V'),
    letter("no-password", Takes::Nothing, b'w'),
    letter("password", Takes::Nothing, b'W'),
    letter("expanded", Takes::Nothing, b'x'),
    letter("no-psqlrc", Takes::Nothing, b'X'),
    Long { name: "help", takes: Takes::MayBeValue, means: Means::Help },
    Long { name: "csv", takes: Takes::Nothing, means: Means::Csv },
];

/// What psql does not have. These are never abbreviated, so that every abbreviation is psql's.
const OWN: [Long; 5] = [
    Long { name: "unlinted", takes: Takes::Nothing, means: Means::Own },
    Long { name: "record", takes: Takes::Value, means: Means::Own },
    Long { name: "audit", takes: Takes::Value, means: Means::Own },
    Long { name: "dry-run", takes: Takes::Nothing, means: Means::Own },
    Long { name: "config", takes: Takes::Value, means: Means::Own },
];

/// The short options: with a value where a colon follows.
const SHORT: &[u8] = b"aAbc:d:eEf:F:h:HlL:no:p:P:qR:sStT:U:v:VwWxXz?01";

/// Takes the arguments apart, without the program's name. What is wrong with them is the last
/// word, in the words of `getopt_long` without the program's name.
pub fn read(arguments: &[OsString]) -> (Vec<Word>, Option<Vec<u8>>) {
    let mut words = Vec::new();
    let mut operands = Vec::new();
    let mut rest = arguments.iter().map(|argument| argument.as_os_str().as_bytes());
    let mut complaint = None;
    while let Some(argument) = rest.next() {
        let result = match argument {
            b"--" => {
                operands.extend(rest.by_ref().map(<[u8]>::to_vec));
                break;
            }
            [b'-', b'-', name @ ..] => long(name, &mut rest, &mut words),
            [b'-', letters @ ..] if !letters.is_empty() => short(letters, &mut rest, &mut words),
            operand => {
                operands.push(operand.to_vec());
                Ok(())
            }
        };
        if let Err(text) = result {
            complaint = Some(text);
            break;
        }
    }
    words.extend(operands.into_iter().map(Word::Operand));
    (words, complaint)
}

fn short<'a>(
    mut letters: &[u8],
    rest: &mut impl Iterator<Item = &'a [u8]>,
    words: &mut Vec<Word>,
) -> Result<(), Vec<u8>> {
    while let Some((letter, after)) = letters.split_first() {
        let known = SHORT.iter().position(|known| known == letter && *known != b':');
        match known.map(|at| SHORT.get(at + 1) == Some(&b':')) {
            None => return Err([b"invalid option -- '", &[*letter][..], b"'"].concat()),
            Some(false) => words.push(Word::Flag(*letter)),
            Some(true) => {
                let value = if after.is_empty() { rest.next() } else { Some(after) };
                let value =
                    value.ok_or_else(|| [b"option requires an argument -- '", &[*letter][..], b"'"].concat())?;
                words.push(Word::Value(*letter, value.to_vec()));
                return Ok(());
            }
        }
        letters = after;
    }
    Ok(())
}

fn long<'a>(argument: &[u8], rest: &mut impl Iterator<Item = &'a [u8]>, words: &mut Vec<Word>) -> Result<(), Vec<u8>> {
    let equals = argument.iter().position(|byte| *byte == b'=');
    let (name, value) = match equals {
        Some(at) => (argument.get(..at).unwrap_or_default(), argument.get(at + 1..)),
        None => (argument, None),
    };
    let own = OWN.iter().find(|option| option.name.as_bytes() == name);
    let exact = own.or_else(|| LONG.iter().find(|option| option.name.as_bytes() == name));
    let found: Vec<&Long> = LONG.iter().filter(|option| option.name.as_bytes().starts_with(name)).collect();
    let option = match (exact, found.as_slice()) {
        (Some(option), _) => option,
        (None, []) => return Err([b"unrecognized option '--", name, b"'"].concat()),
        (None, [option]) => option,
        // Two names of the same option are no ambiguity.
        (None, [option, others @ ..])
            if others.iter().all(|other| other.means == option.means && other.takes == option.takes) =>
        {
            option
        }
        (None, found) => {
            let names: Vec<String> = found.iter().map(|option| format!(" '--{}'", option.name)).collect();
            let names = names.concat();
            return Err([b"option '--", argument, b"' is ambiguous; possibilities:", names.as_bytes()].concat());
        }
    };
    let value = match (option.takes, value) {
        (Takes::Nothing, Some(_)) => {
            return Err(format!("option '--{}' doesn't allow an argument", option.name).into_bytes());
        }
        (Takes::Value, None) => match rest.next() {
            Some(value) => Some(value.to_vec()),
            None => return Err(format!("option '--{}' requires an argument", option.name).into_bytes()),
        },
        (_, value) => value.map(<[u8]>::to_vec),
    };
    words.push(match (option.means, value) {
        (Means::Letter(letter), Some(value)) => Word::Value(letter, value),
        (Means::Letter(letter), None) => Word::Flag(letter),
        (Means::Csv, _) => Word::Csv,
        (Means::Help, value) => Word::Help(value),
        (Means::Own, value) => Word::Own(option.name, value),
    });
    Ok(())
}

/// What the options ask for that the executor does not do, by name.
pub fn refusal(word: &Word) -> Option<String> {
    let (option, why) = match word {
        Word::Flag(b'l') => ("-l (--list)", "it runs scripts, it lists nothing"),
        Word::Flag(b's') => ("-s (--single-step)", "it asks nobody"),
        Word::Flag(b'H') => ("-H (--html)", "it prints aligned, unaligned and CSV output"),
        Word::Value(b'T', _) => ("-T (--table-attr)", "it prints no HTML"),
        Word::Flag(b'W') => ("-W (--password)", "it never prompts; PGPASSWORD or a password file give the password"),
        Word::Value(b'o', name) if name.starts_with(b"|") => ("-o |COMMAND", "it runs no program"),
        Word::Help(Some(topic)) if topic != b"options" => ("--help=TOPIC", "\"options\" is the only topic"),
        _ => return None,
    };
    Some(format!("{option} is not supported: {why}"))
}

/// The bytes of a word as the system's own string.
pub fn system(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(arguments: &[&str]) -> (Vec<Word>, Option<String>) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let (words, complaint) = read(&arguments);
        (words, complaint.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    #[test]
    fn short_options_bundle_and_operands_stand_anywhere() {
        let (words, complaint) = read_words(&["db", "-XqAtU", "user", "-vA=1", "--", "-x"]);
        let value = |letter, value: &str| Word::Value(letter, value.as_bytes().to_vec());
        let expected = vec![
            Word::Flag(b'X'),
            Word::Flag(b'q'),
            Word::Flag(b'A'),
            Word::Flag(b't'),
            value(b'U', "user"),
            value(b'v', "A=1"),
            Word::Operand(b"db".to_vec()),
            Word::Operand(b"-x".to_vec()),
        ];
        assert_eq!((words, complaint), (expected, None));
    }

    #[test]
    fn complaints_are_those_of_getopt_long() {
        for (argument, expected) in [
            ("--bogus", "unrecognized option '--bogus'"),
            ("-Q", "invalid option -- 'Q'"),
            (
                "--no",
                "option '--no' is ambiguous; possibilities: '--no-align' '--no-readline' '--no-password' '--no-psqlrc'",
            ),
            ("--quiet=1", "option '--quiet' doesn't allow an argument"),
            ("--file", "option '--file' requires an argument"),
            ("-f", "option requires an argument -- 'f'"),
        ] {
            let complaint = read_words(&[argument]).1;
            assert!(
                complaint.as_deref().is_some_and(|text| text.starts_with(expected) || text == expected),
                "{argument}: {complaint:?}"
            );
        }
        assert_eq!(read_words(&["--va", "a=1"]).0, [Word::Value(b'v', b"a=1".to_vec())]);
    }
}

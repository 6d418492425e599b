//! `\pset`: its options, what they may be, and what psql says of them.

use super::table::{Expanded, Format, LineStyle, Options};
use super::variables::{boolean, no_choice, truth};

const FORMATS: [&str; 9] =
    ["aligned", "asciidoc", "csv", "html", "latex", "troff-ms", "unaligned", "wrapped", "latex-longtable"];

/// Sets an option; a failure is psql's error, without a prefix.
pub(super) fn set(options: &mut Options, name: &[u8], value: Option<&[u8]>) -> Result<(), Vec<u8>> {
    let flip = |value: Option<&[u8]>, name: &str, old: bool| value.map_or(Ok(!old), |value| boolean(value, name));
    match name {
        b"format" => {
            if let Some(value) = value {
                options.format = format(value)?;
            }
        }
        b"linestyle" => {
            if let Some(value) = value {
                let words =
                    [("ascii", LineStyle::Ascii), ("old-ascii", LineStyle::OldAscii), ("unicode", LineStyle::Unicode)];
                let found = words.iter().find(|(word, _)| begins(word, value));
                let found = found.ok_or(&b"\\pset: allowed line styles are ascii, old-ascii, unicode"[..])?;
                options.line_style = Some(found.1);
            }
        }
        b"unicode_border_linestyle" | b"unicode_column_linestyle" | b"unicode_header_linestyle" => {
            let (at, word) = match name {
                b"unicode_border_linestyle" => (0, "border"),
                b"unicode_column_linestyle" => (1, "column"),
                _ => (2, "header"),
            };
            if let Some(value) = value {
                let is_double = if begins("single", value) {
                    false
                } else if begins("double", value) {
                    true
                } else {
                    let text = format!("\\pset: allowed Unicode {word} line styles are single, double");
                    return Err(text.into_bytes());
                };
                if let Some(slot) = options.is_double.get_mut(at) {
                    *slot = is_double;
                }
            }
        }
        b"border" => {
            if let Some(value) = value {
                options.border = u16::try_from(atoi(value) & 0xffff).unwrap_or(0);
            }
        }
        b"x" | b"expanded" | b"vertical" => {
            options.expanded = match value {
                Some(value) if value.eq_ignore_ascii_case(b"auto") => Expanded::Auto,
                Some(value) => match truth(value) {
                    Some(true) => Expanded::On,
                    Some(false) => Expanded::Off,
                    None => {
                        return Err(no_choice(value, &String::from_utf8_lossy(name), "on, off, auto"));
                    }
                },
                None if options.expanded == Expanded::Off => Expanded::On,
                None => Expanded::Off,
            };
        }
        b"csv_fieldsep" => {
            if let Some(value) = value {
                options.csv_separator = match value {
                    [b'"' | b'\n' | b'\r'] => {
                        return Err(
                            b"\\pset: csv_fieldsep cannot be a double quote, a newline, or a carriage return".to_vec()
                        );
                    }
                    [byte] => *byte,
                    _ => return Err(b"\\pset: csv_fieldsep must be a single one-byte character".to_vec()),
                };
            }
        }
        b"numericlocale" => options.numeric_locale = flip(value, "numericlocale", options.numeric_locale)?,
        b"null" => {
            if let Some(value) = value {
                options.null = Some(value.to_vec());
            }
        }
        b"fieldsep" => {
            if let Some(value) = value {
                options.field_separator = value.to_vec();
            }
        }
        b"fieldsep_zero" => options.field_separator = b"\0".to_vec(),
        b"recordsep" => {
            if let Some(value) = value {
                options.record_separator = value.to_vec();
            }
        }
        b"recordsep_zero" => options.record_separator = b"\0".to_vec(),
        b"t" | b"tuples_only" => {
            options.tuples_only = flip(value, &String::from_utf8_lossy(name), options.tuples_only)?;
        }
        b"C" | b"title" => options.title = value.map(<[u8]>::to_vec),
        b"T" | b"tableattr" => options.table_attributes = value.map(<[u8]>::to_vec),
        b"pager" => {
            options.pager = match value {
                Some(value) if value.eq_ignore_ascii_case(b"always") => 2,
                Some(value) => match truth(value) {
                    Some(is_on) => u8::from(is_on),
                    None => return Err(no_choice(value, "pager", "on, off, always")),
                },
                None => u8::from(options.pager != 1),
            };
        }
        b"pager_min_lines" => {
            if let Some(value) = value {
                options.pager_min_lines = atoi(value);
            }
        }
        b"footer" => options.default_footer = flip(value, "footer", options.default_footer)?,
        b"columns" => {
            if let Some(value) = value {
                options.columns = usize::try_from(atoi(value)).unwrap_or(0);
            }
        }
        _ => return Err([b"\\pset: unknown option: ", name].concat()),
    }
    Ok(())
}

fn begins(word: &str, value: &[u8]) -> bool {
    word.as_bytes().get(..value.len()).is_some_and(|start| start.eq_ignore_ascii_case(value))
}

fn format(value: &[u8]) -> Result<Format, Vec<u8>> {
    let exact = FORMATS.iter().find(|word| word.as_bytes().eq_ignore_ascii_case(value));
    let mut found = FORMATS.iter().filter(|word| begins(word, value));
    let word = match (exact, found.next(), found.next()) {
        (Some(word), _, _) | (None, Some(word), None) => *word,
        (None, Some(one), Some(other)) => {
            let text =
                [b"\\pset: ambiguous abbreviation \"", value, b"\" matches both \"", one.as_bytes(), b"\" and \""];
            return Err([&text.concat(), other.as_bytes(), b"\""].concat());
        }
        (None, None, _) => {
            let list = "aligned, asciidoc, csv, html, latex, latex-longtable, troff-ms, unaligned, wrapped";
            return Err(format!("\\pset: allowed formats are {list}").into_bytes());
        }
    };
    match word {
        "aligned" => Ok(Format::Aligned),
        "csv" => Ok(Format::Csv),
        "unaligned" => Ok(Format::Unaligned),
        "wrapped" => Ok(Format::Wrapped),
        other => Err(format!("\\pset: format {other} is not supported").into_bytes()),
    }
}

/// C's `atoi`.
fn atoi(text: &[u8]) -> i32 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1_i64, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits
        .chars()
        .map_while(|digit| digit.to_digit(10))
        .fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit)).min(i64::from(i32::MAX)));
    i32::try_from(sign * value).unwrap_or(0)
}

fn switch(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn style_name(options: &Options) -> &'static str {
    match options.line_style {
        None | Some(LineStyle::Ascii) => "ascii",
        Some(LineStyle::OldAscii) => "old-ascii",
        Some(LineStyle::Unicode) => "unicode",
    }
}

fn format_name(options: &Options) -> &'static str {
    match options.format {
        Format::Aligned => "aligned",
        Format::Wrapped => "wrapped",
        Format::Unaligned => "unaligned",
        Format::Csv => "csv",
    }
}

fn double_name(options: &Options, at: usize) -> &'static str {
    if options.is_double.get(at) == Some(&true) { "double" } else { "single" }
}

/// Whether psql says nothing of an option that was given a value.
pub(super) fn is_silent(name: &[u8]) -> bool {
    matches!(name, b"t" | b"tuples_only" | b"footer" | b"numericlocale")
}

/// What psql says when an option was set.
pub(super) fn tell(options: &Options, name: &[u8]) -> Option<Vec<u8>> {
    let quoted = |before: &str, value: &[u8]| [before.as_bytes(), b" \"", value, b"\"."].concat();
    let plain = |text: String| Some(text.into_bytes());
    match name {
        b"format" => plain(format!("Output format is {}.", format_name(options))),
        b"linestyle" => plain(format!("Line style is {}.", style_name(options))),
        b"unicode_border_linestyle" => plain(format!("Unicode border line style is \"{}\".", double_name(options, 0))),
        b"unicode_column_linestyle" => plain(format!("Unicode column line style is \"{}\".", double_name(options, 1))),
        b"unicode_header_linestyle" => plain(format!("Unicode header line style is \"{}\".", double_name(options, 2))),
        b"border" => plain(format!("Border style is {}.", options.border)),
        b"x" | b"expanded" | b"vertical" => plain(
            match options.expanded {
                Expanded::On => "Expanded display is on.",
                Expanded::Auto => "Expanded display is used automatically.",
                Expanded::Off => "Expanded display is off.",
            }
            .to_owned(),
        ),
        b"csv_fieldsep" => Some(quoted("Field separator for CSV is", &[options.csv_separator])),
        b"numericlocale" => plain(format!("Locale-adjusted numeric output is {}.", switch(options.numeric_locale))),
        b"null" => Some(quoted("Null display is", options.null.as_deref().unwrap_or_default())),
        b"fieldsep" | b"fieldsep_zero" if options.field_separator == b"\0" => {
            plain("Field separator is zero byte.".to_owned())
        }
        b"fieldsep" | b"fieldsep_zero" => Some(quoted("Field separator is", &options.field_separator)),
        b"recordsep" | b"recordsep_zero" => match options.record_separator.as_slice() {
            b"\0" => plain("Record separator is zero byte.".to_owned()),
            b"\n" => plain("Record separator is <newline>.".to_owned()),
            other => Some(quoted("Record separator is", other)),
        },
        b"t" | b"tuples_only" => plain(format!("Tuples only is {}.", switch(options.tuples_only))),
        b"C" | b"title" => match &options.title {
            Some(title) => Some(quoted("Title is", title)),
            None => plain("Title is unset.".to_owned()),
        },
        b"T" | b"tableattr" => match &options.table_attributes {
            Some(attributes) => Some(quoted("Table attributes are", attributes)),
            None => plain("Table attributes unset.".to_owned()),
        },
        b"pager" => plain(
            match options.pager {
                1 => "Pager is used for long output.",
                2 => "Pager is always used.",
                _ => "Pager usage is off.",
            }
            .to_owned(),
        ),
        b"pager_min_lines" => {
            let count = options.pager_min_lines;
            plain(format!("Pager won't be used for less than {count} line{}.", if count == 1 { "" } else { "s" }))
        }
        b"footer" => plain(format!("Default footer is {}.", switch(options.default_footer))),
        b"columns" => plain(match options.columns {
            0 => "Target width is unset.".to_owned(),
            columns => format!("Target width is {columns}."),
        }),
        _ => None,
    }
}

/// All options with their values.
pub(super) fn list(options: &Options) -> Vec<u8> {
    let quote = |value: &[u8]| {
        let mut text = b"'".to_vec();
        for byte in value {
            match byte {
                b'\n' => text.extend_from_slice(b"\\n"),
                b'\'' => text.extend_from_slice(b"\\'"),
                byte => text.push(*byte),
            }
        }
        text.push(b'\'');
        text
    };
    let separator = |value: &[u8]| if value == b"\0" { quote(b"") } else { quote(value) };
    let optional = |value: &Option<Vec<u8>>| value.as_deref().map(quote).unwrap_or_default();
    let word = |word: &str| word.as_bytes().to_vec();
    let expanded = match options.expanded {
        Expanded::On => "on",
        Expanded::Off => "off",
        Expanded::Auto => "auto",
    };
    let lines: [(&str, Vec<u8>); 21] = [
        ("border", word(&options.border.to_string())),
        ("columns", word(&options.columns.to_string())),
        ("csv_fieldsep", quote(&[options.csv_separator])),
        ("expanded", word(expanded)),
        ("fieldsep", separator(&options.field_separator)),
        ("fieldsep_zero", word(switch(options.field_separator == b"\0"))),
        ("footer", word(switch(options.default_footer))),
        ("format", word(format_name(options))),
        ("linestyle", word(style_name(options))),
        ("null", quote(options.null.as_deref().unwrap_or_default())),
        ("numericlocale", word(switch(options.numeric_locale))),
        ("pager", word(&options.pager.to_string())),
        ("pager_min_lines", word(&options.pager_min_lines.to_string())),
        ("recordsep", separator(&options.record_separator)),
        ("recordsep_zero", word(switch(options.record_separator == b"\0"))),
        ("tableattr", optional(&options.table_attributes)),
        ("title", optional(&options.title)),
        ("tuples_only", word(switch(options.tuples_only))),
        ("unicode_border_linestyle", word(double_name(options, 0))),
        ("unicode_column_linestyle", word(double_name(options, 1))),
        ("unicode_header_linestyle", word(double_name(options, 2))),
    ];
    let mut text = Vec::new();
    for (name, value) in lines {
        text.extend_from_slice(format!("{name:<24} ").as_bytes());
        text.extend_from_slice(&value);
        text.push(b'\n');
    }
    text
}

//! Connection strings: `key=value` pairs and URIs, as the manual's "Connection Strings" has
//! them and with libpq's words where they are wrong.

use super::settings::known;

/// The parameters of a string in their order.
pub(super) type Pairs = Vec<(&'static str, String)>;

const PREFIXES: [&str; 2] = ["postgresql://", "postgres://"];

/// Whether a database name is a connection string (libpq's `recognized_connection_string`).
pub(super) fn is_recognized(text: &str) -> bool {
    text.contains('=') || PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

/// Reads a connection string. An error may show a URI, but not the password in it.
pub(super) fn parse(text: &str) -> Result<Pairs, String> {
    let Some(prefix) = PREFIXES.into_iter().find(|prefix| text.starts_with(prefix)) else { return pairs(text) };
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    let (login, after) = before(rest, &['@', '/']);
    match login.split_once(':').filter(|_| after.starts_with('@')) {
        Some((user, _)) => uri(&format!("{prefix}{user}:***{after}"), rest),
        None => uri(text, rest),
    }
}

/// Stores a parameter under its keyword; `requiressl` is an old word for two values of
/// `sslmode`. None when there is no such keyword.
fn store(pairs: &mut Pairs, keyword: &str, value: String) -> Option<()> {
    if keyword == "requiressl" {
        let mode = if value.starts_with('1') { "require" } else { "prefer" };
        pairs.push(("sslmode", mode.to_owned()));
    } else {
        pairs.push((known(keyword)?, value));
    }
    Some(())
}

/// C's `isspace`.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

fn pairs(text: &str) -> Result<Pairs, String> {
    let mut pairs = Pairs::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let end = rest.find(|c| c == '=' || is_space(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after.trim_start_matches(is_space).strip_prefix('=') else {
            return Err(format!("missing \"=\" after \"{name}\" in connection info string"));
        };
        let after = after.trim_start_matches(is_space);
        let (value, after) = match after.strip_prefix('\'') {
            Some(quoted) => value(quoted, |c| c == '\'')
                .ok_or_else(|| "unterminated quoted string in connection info string".to_owned())?,
            None => value(after, is_space).unwrap_or_else(|| (unescaped(after), "")),
        };
        store(&mut pairs, name, value).ok_or_else(|| format!("invalid connection option \"{name}\""))?;
        rest = after.trim_start_matches(is_space);
    }
    Ok(pairs)
}

/// A value up to a character that ends it, and what follows that character.
fn value(text: &str, is_end: impl Fn(char) -> bool) -> Option<(String, &str)> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        if !is_escaped && is_end(character) {
            let (value, rest) = text.split_at_checked(at)?;
            let mut rest = rest.chars();
            rest.next();
            return Some((unescaped(value), rest.as_str()));
        }
        is_escaped = !is_escaped && character == '\\';
    }
    None
}

/// Without the backslashes that keep characters from their meaning.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            plain.extend(characters.next());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Splits before the first of some characters.
fn before<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at_checked(text.find(ends).unwrap_or(text.len())).unwrap_or((text, ""))
}

fn uri(whole: &str, text: &str) -> Result<Pairs, String> {
    let mut pairs = Pairs::new();
    let mut keep = |keyword: &'static str, value: &str| -> Result<(), String> {
        if !value.is_empty() {
            pairs.push((keyword, decoded(value)?));
        }
        Ok(())
    };
    let (login, after) = before(text, &['@', '/']);
    let mut rest = text;
    if let Some(after) = after.strip_prefix('@') {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        keep("user", user)?;
        keep("password", password).map_err(|_| "invalid percent-encoded token in the password of a URI".to_owned())?;
        rest = after;
    }
    let (mut hosts, mut ports) = (String::new(), String::new());
    loop {
        let (host, after) = match rest.strip_prefix('[') {
            Some(address) => bracketed(whole, address)?,
            None => before(rest, &[':', '/', '?', ',']),
        };
        hosts.push_str(host);
        rest = after;
        if let Some(port) = rest.strip_prefix(':') {
            let (port, after) = before(port, &['/', '?', ',']);
            ports.push_str(port);
            rest = after;
        }
        let Some(after) = rest.strip_prefix(',') else { break };
        hosts.push(',');
        ports.push(',');
        rest = after;
    }
    keep("host", &hosts)?;
    keep("port", &ports)?;
    if let Some(database) = rest.strip_prefix('/') {
        let (database, after) = before(database, &['?']);
        keep("dbname", database)?;
        rest = after;
    }
    if let Some(query) = rest.strip_prefix('?').filter(|query| !query.is_empty()) {
        // A separator at the end is no parameter.
        for parameter in query.strip_suffix('&').unwrap_or(query).split('&') {
            query_parameter(&mut pairs, parameter)?;
        }
    }
    Ok(pairs)
}

/// An address in brackets, and what follows it.
fn bracketed<'a>(whole: &str, text: &'a str) -> Result<(&'a str, &'a str), String> {
    let (address, after) = text.split_once(']').ok_or_else(|| {
        format!("end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"{whole}\"")
    })?;
    if address.is_empty() {
        return Err(format!("IPv6 host address may not be empty in URI: \"{whole}\""));
    }
    match after.chars().next() {
        None | Some(':' | '/' | '?' | ',') => Ok((address, after)),
        Some(character) => Err(format!(
            "unexpected character \"{character}\" at position {} in URI (expected \":\" or \"/\"): \"{whole}\"",
            whole.len() - after.len() + 1
        )),
    }
}

fn query_parameter(pairs: &mut Pairs, text: &str) -> Result<(), String> {
    let (keyword, value) = text
        .split_once('=')
        .ok_or_else(|| format!("missing key/value separator \"=\" in URI query parameter: \"{text}\""))?;
    if value.contains('=') {
        return Err(format!("extra key/value separator \"=\" in URI query parameter: \"{keyword}\""));
    }
    let (keyword, value) = (decoded(keyword)?, decoded(value)?);
    if keyword == "ssl" && value == "true" {
        pairs.push(("sslmode", "require".to_owned()));
        return Ok(());
    }
    store(pairs, &keyword, value).ok_or_else(|| format!("invalid URI query parameter: \"{keyword}\""))
}

/// Replaces `%xy`.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        (rest, bytes) = if *byte == b'%' {
            let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
            let code = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            let code = code.ok_or_else(|| format!("invalid percent-encoded token: \"{text}\""))?;
            if code == 0 {
                return Err(format!("forbidden value %00 in percent-encoded value: \"{text}\""));
            }
            bytes.push(code);
            (after.get(2..).unwrap_or_default(), bytes)
        } else {
            bytes.push(*byte);
            (after, bytes)
        };
    }
    String::from_utf8(bytes).map_err(|_| format!("percent-encoded value is not UTF-8: \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(pairs) => pairs.iter().map(|(key, value)| format!("{key}=<{value}>")).collect::<Vec<_>>().join(" "),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn pairs_are_read() {
        for (text, read_as) in [
            ("host=a port = 5433  user='it''s' ", "error: missing \"=\" after \"'s'\" in connection info string"),
            ("host=a port = 5433  user='it\\'s' ", "host=<a> port=<5433> user=<it's>"),
            ("dbname=a\\ b", "dbname=<a b>"),
            ("dbname=", "dbname=<>"),
            ("dbname='' user=x", "dbname=<> user=<x>"),
            ("dbname='a", "error: unterminated quoted string in connection info string"),
            ("requiressl=1", "sslmode=<require>"),
            ("requiressl=0", "sslmode=<prefer>"),
            ("bogus=1", "error: invalid connection option \"bogus\""),
            ("host =a", "host=<a>"),
            ("host", "error: missing \"=\" after \"host\" in connection info string"),
        ] {
            assert_eq!(read(text), read_as, "{text}");
        }
    }

    #[test]
    fn uris_are_read() {
        for (text, read_as) in [
            ("postgresql://", ""),
            (
                "postgres://u:p%40@h:1/d?sslmode=require",
                "user=<u> password=<p@> host=<h> port=<1> dbname=<d> sslmode=<require>",
            ),
            ("postgresql://h1:1,h2,[::1]:3/d", "host=<h1,h2,::1> port=<1,,3> dbname=<d>"),
            ("postgresql:///d?host=/tmp&user=x", "dbname=<d> host=</tmp> user=<x>"),
            ("postgresql://%2Ftmp/d", "host=</tmp> dbname=<d>"),
            ("postgresql://h?ssl=true", "host=<h> sslmode=<require>"),
            ("postgresql://h?bogus=1", "error: invalid URI query parameter: \"bogus\""),
            ("postgresql://h?user", "error: missing key/value separator \"=\" in URI query parameter: \"user\""),
            ("postgresql://h?user=a=b", "error: extra key/value separator \"=\" in URI query parameter: \"user\""),
            ("postgresql://%zz", "error: invalid percent-encoded token: \"%zz\""),
            ("postgresql://a%00", "error: forbidden value %00 in percent-encoded value: \"a%00\""),
            (
                "postgresql://[::1",
                "error: end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"postgresql://[::1\"",
            ),
            ("postgresql://[]", "error: IPv6 host address may not be empty in URI: \"postgresql://[]\""),
            (
                "postgresql://[::1]x",
                "error: unexpected character \"x\" at position 19 in URI (expected \":\" or \"/\"): \"postgresql://[::1]x\"",
            ),
        ] {
            assert_eq!(read(text), read_as, "{text}");
        }
    }
}

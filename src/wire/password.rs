//! Passwords, and the file that they are looked up in. A password is shown to nobody.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A password; its debug text does not say it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(Vec<u8>);

impl Password {
    pub(super) fn new(text: impl Into<Vec<u8>>) -> Option<Self> {
        Some(Self(text.into())).filter(|password| !password.0.is_empty())
    }

    /// The bytes, for nothing but the answer to the server.
    pub(super) fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// Whose password is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: &'a str,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// Looks into the password file. A file that others can read is not used, which is worth a
/// warning; one that is not there is not.
pub(super) fn look_up(path: &str, login: Login<'_>) -> Result<Option<Password>, String> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    if !metadata.is_file() {
        return Err(format!("WARNING: password file \"{path}\" is not a plain file"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(format!(
            "WARNING: password file \"{path}\" has group or world access; permissions should be u=rw (0600) or less"
        ));
    }
    let text = fs::read(path).unwrap_or_default();
    Ok(find(&text, login).and_then(Password::new))
}

/// The password of the first line that fits.
fn find(text: &[u8], login: Login<'_>) -> Option<Vec<u8>> {
    let fields = [login.host, login.port, login.database, login.user];
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.map(without_returns).find_map(|line| {
        let rest = fields.into_iter().try_fold(line, |rest, field| past(rest, field.as_bytes()))?;
        Some(unescaped(rest))
    })
}

fn without_returns(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

/// What follows the first field of a line and its colon, if that field is the value or `*`.
fn past<'a>(line: &'a [u8], value: &[u8]) -> Option<&'a [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let (mut rest, mut value) = (line, value);
    loop {
        let (byte, after) = match rest {
            [b':', after @ ..] if value.is_empty() => return Some(after),
            [b'\\', byte, after @ ..] | [byte, after @ ..] => (byte, after),
            [] => return None,
        };
        let (expected, left) = value.split_first()?;
        if byte != expected {
            return None;
        }
        (rest, value) = (after, left);
    }
}

/// A password as it is meant: up to a colon, without the backslashes before characters.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut password = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [b'\\', byte, after @ ..] | [byte, after @ ..] = rest {
        // A backslash alone at the end stands for itself.
        if *byte == b':' && rest.len() == after.len() + 1 {
            break;
        }
        password.push(*byte);
        rest = after;
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let login = Login { host: "db", port: "5432", database: "a:b", user: "u\\v" };
        find(text.as_bytes(), login).map(|password| String::from_utf8_lossy(&password).into_owned())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        assert_eq!(found("db:5432:*:*:one\n*:*:*:*:two\n").as_deref(), Some("one"));
        assert_eq!(found("other:5432:*:*:one\n*:*:*:*:two").as_deref(), Some("two"));
        assert_eq!(found("#*:*:*:*:no\r\ndb:5432:a\\:b:u\\\\v:yes\r\n").as_deref(), Some("yes"));
        assert_eq!(found("db:543:*:*:no\ndb:54321:*:*:no\nd:5432:*:*:no\n*:*:*\n*:*:*:*\n"), None);
    }

    #[test]
    fn a_password_ends_at_a_colon_and_loses_its_backslashes() {
        assert_eq!(found("*:*:*:*:a\\:b\\\\c\\d:rest").as_deref(), Some("a:b\\cd"));
        assert_eq!(found("*:*:*:*:a\\").as_deref(), Some("a\\"));
        assert_eq!(found("*:*:*:*:").as_deref(), Some(""));
    }

    #[test]
    fn nobody_sees_a_password() {
        assert_eq!(format!("{:?}", Password::new("secret")), "Some(Password(..))");
    }
}

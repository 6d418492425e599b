//! Paths as an editor names them: `file:///a%20b.sql`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use lsp_types::Uri;

/// The name of an absolute path.
pub(super) fn of(path: &Path) -> Option<Uri> {
    use std::fmt::Write;
    let mut text = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => text.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
    text.parse().ok()
}

/// The path that is named; none of what is no file of this machine.
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        let hex = rest.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            left = rest.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            left = rest;
        }
    }
    let path = PathBuf::from(OsString::from_vec(bytes));
    path.is_absolute().then_some(path)
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        for name in ["/a/b.sql", "/a b/ü#?%41.sql", "/\u{1F600}/x:y.sql", "/a+b&c=d/[e].sql"] {
            let uri = of(Path::new(name)).expect("a name");
            assert_eq!(path(&uri), Some(PathBuf::from(name)), "{}", uri.as_str());
        }
        let path = |text: &str| path(&text.parse().expect("a name"));
        assert_eq!(path("file:///c%3A/x%2fy"), Some(PathBuf::from("/c:/x/y")));
        assert_eq!((path("untitled:Untitled-1"), path("file://host/x"), path("http://x/y")), (None, None, None));
    }
}

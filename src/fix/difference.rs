//! Changes as `patch -p1` and `git apply` take them.

use std::fmt::Write;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::Change;

/// So many lines around a change are shown.
const CONTEXT: usize = 3;

/// The changes as a unified diff; `path` says what each file is called from where it is applied.
#[must_use]
pub fn unified(changes: &[Change], path: &dyn Fn(&Change) -> String) -> Vec<u8> {
    let mut out = Vec::new();
    for change in changes {
        let (before, after) = (lines(&change.before), lines(&change.after));
        let operations = capture_diff_slices(Algorithm::Myers, &before, &after);
        let name = path(change);
        let mut head = String::new();
        // Writing to a string cannot fail.
        let _ = write!(head, "--- {}\n+++ {}\n", quoted("a", &name), quoted("b", &name));
        out.extend(head.into_bytes());
        for group in group_diff_ops(operations, CONTEXT) {
            hunk(&group, &before, &after, &mut out);
        }
    }
    out
}

/// The lines, each with its line break: a line ends with `\n` and with nothing else.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn hunk(group: &[DiffOp], before: &[&[u8]], after: &[&[u8]], out: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let range = |start: usize, end: usize| match end - start {
        // Of no line the number is that of the one before it.
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        length => format!("{},{length}", start + 1),
    };
    let old = range(first.old_range().start, last.old_range().end);
    let new = range(first.new_range().start, last.new_range().end);
    out.extend(format!("@@ -{old} +{new} @@\n").into_bytes());
    for operation in group {
        let gone = before.get(operation.old_range()).unwrap_or_default();
        let come = after.get(operation.new_range()).unwrap_or_default();
        if operation.tag() == DiffTag::Equal {
            gone.iter().for_each(|line| put(b' ', line, out));
        } else {
            gone.iter().for_each(|line| put(b'-', line, out));
            come.iter().for_each(|line| put(b'+', line, out));
        }
    }
}

fn put(sign: u8, line: &[u8], out: &mut Vec<u8>) {
    out.push(sign);
    out.extend(line);
    if !line.ends_with(b"\n") {
        out.extend(b"\n\\ No newline at end of file\n");
    }
}

/// A path as git writes it: in quotes where it has more than printable characters in it, and
/// with a tab behind it where it has a blank.
fn quoted(side: &str, path: &str) -> String {
    let path = format!("{side}/{path}");
    if path.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{path}{end}");
    }
    let mut text = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "\\{byte:03o}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(before: &str, after: &str) -> String {
        let change = Change {
            name: "a b.sql".to_owned(),
            path: "/x".into(),
            before: before.as_bytes().to_vec(),
            after: after.as_bytes().to_vec(),
        };
        String::from_utf8_lossy(&unified(&[change], &|change| change.name.clone())).into_owned()
    }

    #[test]
    fn lines_end_with_a_line_feed_alone() {
        let head = "--- a/a b.sql\t\n+++ b/a b.sql\t\n";
        let hunk = "@@ -1,2 +1,3 @@\n a\rb\r\n+d\n c\n\\ No newline at end of file\n";
        assert_eq!(difference("a\rb\r\nc", "a\rb\r\nd\nc"), format!("{head}{hunk}"));
        assert_eq!(difference("", "a\n"), format!("{head}@@ -0,0 +1 @@\n+a\n"));
        assert_eq!(difference("a\n", ""), format!("{head}@@ -1 +0,0 @@\n-a\n"));
        assert_eq!(difference("a", "a\n"), format!("{head}@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"));
    }

    #[test]
    fn odd_names_are_in_quotes() {
        assert_eq!(quoted("a", "sql/x.sql"), "a/sql/x.sql");
        assert_eq!(quoted("b", "\u{e9}\" \\\n"), "\"b/\\303\\251\\\" \\\\\\012\"");
    }
}

//! A verdict as bytes. Judges nothing and computes no line number; what a package holds is
//! never written as it is to a terminal.

mod excerpt;
pub mod json;
pub mod terminal;

use std::fmt::Write;

/// The text with everything in it shown that a terminal would obey or a reader not see:
/// control characters, and those that turn the direction of text or have no width.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| show(character, &mut shown));
    shown
}

fn show(character: char, shown: &mut String) {
    match character {
        '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(character))),
        '\x7f' => shown.push('\u{2421}'),
        _ if is_hidden(character) => {
            // Writing to a string cannot fail.
            let _ = write!(shown, "<U+{:04X}>", u32::from(character));
        }
        _ => shown.push(character),
    }
}

/// Characters beyond ASCII that do something to a terminal or to a reader, and show nothing.
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a\x1b[31m\tb\r\n\0\x7f"), "a␛[31m␉b␍␊␀␡");
        assert_eq!(visible("\u{9b}x\u{202e}y\u{200b}"), "<U+009B>x<U+202E>y<U+200B>");
        assert_eq!(visible("độ \u{1F600}"), "độ \u{1F600}");
    }
}

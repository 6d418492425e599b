//! Messages from one end and to the other, each with a head that says how long it is. What is
//! no message is told as such; only an end or a head that cannot be read ends the conversation.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use lsp_server::{Message, Notification};

use crate::fault::Fault;

/// The longest message that is read, in bytes.
const LENGTH_LIMIT: usize = 1 << 30;
/// The longest line of a head.
const LINE_LIMIT: u64 = 4096;

/// What the other side sends.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message.
    Message(Message),
    /// What has a head and is no message: why not.
    Garbage(String),
    /// Nothing more can be read: why not, or nothing where it has ended.
    End(Option<String>),
}

/// Both ends.
pub(super) struct Channel {
    pub(super) incoming: Receiver<Incoming>,
    outgoing: Sender<Message>,
    /// How many changes have come in, whether or not they were looked at.
    changes: Arc<AtomicU64>,
    writer: std::thread::JoinHandle<std::io::Result<()>>,
}

impl Channel {
    /// Reads from the one and writes to the other, each on a thread of its own.
    pub(super) fn open(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> Result<Self, Fault> {
        let fault = |error: std::io::Error| Fault::new(format!("cannot start a thread: {error}"));
        let changes = Arc::new(AtomicU64::new(0));
        let (sender, incoming) = channel();
        let counted = Arc::clone(&changes);
        let read = move || read(input, &sender, &counted);
        std::thread::Builder::new().spawn(read).map_err(fault)?;
        let (outgoing, receiver) = channel();
        let writer = std::thread::Builder::new().spawn(move || write(output, &receiver)).map_err(fault)?;
        Ok(Self { incoming, outgoing, changes, writer })
    }

    /// Sends; an editor that has gone away misses nothing.
    pub(super) fn send(&self, message: impl Into<Message>) {
        let _ = self.outgoing.send(message.into());
    }

    /// Counts the changes that have come in.
    pub(super) fn changes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.changes)
    }

    /// Waits until everything is written.
    pub(super) fn close(self) {
        drop(self.outgoing);
        let _ = self.writer.join();
    }
}

fn read(input: impl Read, sender: &Sender<Incoming>, changes: &AtomicU64) {
    let mut input = BufReader::new(input);
    loop {
        let incoming = match read_one(&mut input) {
            Ok(Some(text)) => match serde_json::from_slice::<Message>(&text) {
                Ok(message) => Incoming::Message(message),
                Err(error) => Incoming::Garbage(error.to_string()),
            },
            Ok(None) => Incoming::End(None),
            Err(error) => Incoming::End(Some(error.to_string())),
        };
        if let Incoming::Message(Message::Notification(Notification { method, .. })) = &incoming
            && method == "textDocument/didChange"
        {
            changes.fetch_add(1, Ordering::Relaxed);
        }
        let is_end = matches!(incoming, Incoming::End(_));
        if sender.send(incoming).is_err() || is_end {
            return;
        }
    }
}

/// One message; none where the input has ended before it began.
fn read_one(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let broken = |what: String| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    let mut length: Option<usize> = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            return Err(broken("a head without an end".to_owned()));
        }
        is_first = false;
        let line = String::from_utf8_lossy(&line).into_owned();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(broken(format!("this is no head of a message: {line}")));
        };
        if name.eq_ignore_ascii_case("content-length") {
            let number = value.trim().parse().ok().filter(|length| *length <= LENGTH_LIMIT);
            length = Some(number.ok_or_else(|| broken(format!("this is no length of a message: {}", value.trim())))?);
        }
    }
    let length = length.ok_or_else(|| broken("a head without Content-Length".to_owned()))?;
    let mut text = Vec::new();
    // Not all at once what a head alone promises.
    input.by_ref().take(length as u64).read_to_end(&mut text)?;
    if text.len() < length { Err(broken("a message without its end".to_owned())) } else { Ok(Some(text)) }
}

fn write(output: impl Write, receiver: &Receiver<Message>) -> std::io::Result<()> {
    let mut output = std::io::BufWriter::new(output);
    while let Ok(message) = receiver.recv() {
        message.write(&mut output)?;
        output.flush()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<String> {
        let mut input = input;
        let mut found = Vec::new();
        loop {
            match read_one(&mut input) {
                Ok(Some(text)) => found.push(String::from_utf8(text).expect("text")),
                Ok(None) => return found,
                Err(error) => {
                    found.push(format!("! {error}"));
                    return found;
                }
            }
        }
    }

    #[test]
    fn messages_are_taken_apart_by_their_heads() {
        let two = b"Content-Length: 2\r\n\r\n{}content-length:3\r\nContent-Type: x\r\n\r\n[1]";
        assert_eq!(all(two), ["{}", "[1]"]);
        assert_eq!(all(b"hello\r\n"), ["! this is no head of a message: hello"]);
        assert_eq!(
            all(b"Content-Length: 99999999999999999999\r\n\r\n"),
            ["! this is no length of a message: 99999999999999999999"]
        );
        assert_eq!(all(b"Content-Length: 9\r\n\r\n{}"), ["! a message without its end"]);
        assert_eq!(all(b"Content-Type: x\r\n\r\n{}"), ["! a head without Content-Length"]);
        assert_eq!(all(b"Content-Length: 2"), ["! a head without an end"]);
        let long = [b"x".repeat(10_000), b"\r\n".to_vec()].concat();
        assert_eq!(all(&long), ["! a head without an end"]);
    }
}

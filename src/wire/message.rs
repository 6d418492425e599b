//! The messages of a server, from bytes that may be anything. A message is looked at when all of
//! it has come; nothing in it is believed before it has been checked.

use super::event::{Copy, Event, Field, Format, Notification, Report, Row, Status};
use super::failure::{Failure, Kind};

/// How many bytes are asked for at once.
const CHUNK: usize = 64 * 1024;
/// What a buffer may keep when it is empty.
const KEPT: usize = 16 * 1024 * 1024;
/// What a buffer may hold: the longest message of PostgreSQL is shorter.
const LIMIT: usize = (1 << 30) + CHUNK;
/// The longest message of a kind that is never long.
const SHORT: usize = 30_000;
/// The kinds that may be long, as libpq knows them.
const LONG_KINDS: &[u8] = b"TDdVENA";

/// What has come and was not taken yet, cut into messages.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How many cells the rows have, once they are described.
    fields: Option<usize>,
}

/// A message as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
}

impl Reader {
    /// Adds bytes as they come, however they are cut.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let space = self.space()?;
            let count = space.len().min(rest.len());
            let (now, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            space.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            self.filled(count);
            rest = later;
        }
        Ok(())
    }

    /// Room for what comes next; never none.
    pub(super) fn space(&mut self) -> Result<&mut [u8], Failure> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > KEPT {
                self.bytes = Vec::new();
            }
        }
        if self.bytes.len() - self.end < CHUNK / 8 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() - self.end < CHUNK / 8 {
            if self.bytes.len() >= LIMIT {
                return Err(Failure::new(Kind::Protocol, "cannot allocate memory for input buffer"));
            }
            self.bytes.resize((self.bytes.len() * 2).clamp(CHUNK, LIMIT), 0);
        }
        Ok(self.bytes.get_mut(self.end..).unwrap_or_default())
    }

    /// How much of the room has been used.
    pub(super) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// How many bytes wait to be taken.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Takes a byte that is not part of a message.
    pub(super) fn take_byte(&mut self) -> Option<u8> {
        let byte = self.first()?;
        self.start += 1;
        Some(byte)
    }

    /// The kind of the next message, whether or not all of it has come.
    pub(super) fn first(&self) -> Option<u8> {
        self.bytes.get(self.start..self.end)?.first().copied()
    }

    /// The length that the next message says it has, itself included.
    pub(super) fn said_length(&self) -> Option<i32> {
        let length = self.bytes.get(self.start..self.end)?.get(1..)?.first_chunk::<4>()?;
        Some(i32::from_be_bytes(*length))
    }

    /// The kind of the next message, if all of it has come.
    pub fn ready(&self) -> Result<Option<u8>, Failure> {
        let Some((kind, length)) = self.first().zip(self.said_length()) else { return Ok(None) };
        match usize::try_from(length) {
            Ok(length)
                if length >= 4 && (length <= SHORT || (LONG_KINDS.contains(&kind) && length < LIMIT - CHUNK)) =>
            {
                Ok((self.len() > length).then_some(kind))
            }
            _ => Err(violation(format!(
                "lost synchronization with server: got message type \"{}\", length {length}",
                shown(kind)
            ))),
        }
    }

    /// Takes the next message; to be called when it is ready.
    pub(super) fn take(&mut self) -> Option<Message<'_>> {
        let length = usize::try_from(self.said_length()?).ok()?;
        let message = self.bytes.get(self.start..self.end)?.get(..=length)?;
        self.start += message.len();
        let (kind, rest) = message.split_first()?;
        Some(Message { kind: *kind, body: rest.get(4..)? })
    }

    /// Takes the next message as an event, if all of it has come.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, Failure> {
        if self.ready()?.is_none() {
            return Ok(None);
        }
        // As `take`, in place: the fields are needed beside the bytes.
        let length = self.said_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let message = self.bytes.get(self.start..self.end).and_then(|bytes| bytes.get(..=length)).unwrap_or_default();
        self.start += message.len();
        let (kind, body) = match message {
            [kind, _, _, _, _, body @ ..] => (*kind, body),
            _ => return Ok(None),
        };
        Message { kind, body }.event(&mut self.fields).map(Some)
    }
}

fn violation(text: impl Into<Vec<u8>>) -> Failure {
    Failure::new(Kind::Protocol, text)
}

/// A kind that may be no character.
pub(super) fn shown(kind: u8) -> String {
    kind.escape_ascii().to_string()
}

/// A part of a message that was not read yet.
#[derive(Clone, Copy)]
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn byte(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|[byte]| byte)
    }

    fn i16(&mut self) -> Option<i16> {
        self.chunk().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.chunk().map(i32::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_be_bytes)
    }

    /// A number of things that follow.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.i16()?).ok()
    }

    /// The bytes before the next NUL.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        Some(text)
    }

    fn format(&mut self) -> Option<Format> {
        Some(if self.i16()? == 0 { Format::Text } else { Format::Binary })
    }

    fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

impl<'a> Message<'a> {
    /// What the message says.
    fn event(self, fields: &mut Option<usize>) -> Result<Event<'a>, Failure> {
        let disagrees = || {
            let kind = shown(self.kind);
            violation(format!("message contents do not agree with length in message type \"{kind}\""))
        };
        let mut body = Body(self.body);
        let event = match self.kind {
            b'D' => {
                let Some(expected) = *fields else {
                    return Err(violation(
                        "server sent data (\"D\" message) without prior row description (\"T\" message)",
                    ));
                };
                let count = body.count().ok_or_else(|| violation("insufficient data in \"D\" message"))?;
                if count != expected {
                    return Err(violation("unexpected field count in \"D\" message"));
                }
                let (row, rest) =
                    Row::split(count, body.0).ok_or_else(|| violation("insufficient data in \"D\" message"))?;
                return if rest.is_empty() { Ok(Event::Row(row)) } else { Err(disagrees()) };
            }
            b'T' => {
                let described = self.fields().ok_or_else(|| violation("insufficient data in \"T\" message"))?;
                *fields = Some(described.len());
                return Ok(Event::Fields(described));
            }
            b'C' => {
                *fields = None;
                body.text().and_then(|tag| body.end(Event::Complete(tag)))
            }
            b'I' => body.end(Event::EmptyQuery),
            b'E' => {
                *fields = None;
                self.report().map(Event::Error)
            }
            b'N' => self.report().map(Event::Notice),
            b'G' => self.copy().map(Event::CopyIn),
            b'H' => self.copy().map(Event::CopyOut),
            b'd' => Some(Event::CopyData(self.body)),
            b'c' => body.end(Event::CopyDone),
            b'A' => self.notification().map(Event::Notification),
            b'S' => {
                let pair = body.text().zip(body.text());
                pair.and_then(|(name, value)| body.end(Event::Parameter { name, value }))
            }
            b'Z' => {
                *fields = None;
                body.byte().and_then(|status| body.end(Event::Ready(status_of(status)?)))
            }
            kind => {
                return Err(violation(format!(
                    "unexpected response from server; first received character was \"{}\"",
                    shown(kind)
                )));
            }
        };
        event.ok_or_else(disagrees)
    }

    fn fields(self) -> Option<Vec<Field>> {
        let mut body = Body(self.body);
        let mut fields = Vec::new();
        for _ in 0..body.count()? {
            fields.push(Field {
                name: body.text()?.to_vec(),
                table: body.u32()?,
                column: body.i16()?,
                type_oid: body.u32()?,
                type_size: body.i16()?,
                type_modifier: body.i32()?,
                format: body.format()?,
            });
        }
        body.end(fields)
    }

    /// The fields of an error or a notice.
    pub(super) fn report(self) -> Option<Report> {
        let mut body = Body(self.body);
        let mut fields = Vec::new();
        loop {
            match body.byte()? {
                0 => return body.end(Report::new(fields)),
                letter => fields.push((letter, body.text()?.to_vec())),
            }
        }
    }

    fn copy(self) -> Option<Copy> {
        let mut body = Body(self.body);
        let format = if body.byte()? == 0 { Format::Text } else { Format::Binary };
        let mut columns = Vec::new();
        for _ in 0..body.count()? {
            columns.push(body.format()?);
        }
        body.end(Copy { format, columns })
    }

    fn notification(self) -> Option<Notification> {
        let mut body = Body(self.body);
        let process = body.i32()?;
        let (channel, payload) = (body.text()?.to_vec(), body.text()?.to_vec());
        body.end(Notification { process, channel, payload })
    }

    /// The process and the secret that cancel a session.
    pub(super) fn key(self) -> Option<(i32, i32)> {
        let mut body = Body(self.body);
        let key = (body.i32()?, body.i32()?);
        body.end(key)
    }
}

fn status_of(byte: u8) -> Option<Status> {
    Some(match byte {
        b'I' => Status::Idle,
        b'T' => Status::Transaction,
        b'E' => Status::Failed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_length_promises_takes_no_room() {
        let mut reader = Reader::default();
        assert!(reader.push(b"D\x3f\xff\xff\xff").is_ok());
        for _ in 0..100 {
            assert!(reader.push(&[0; 1000]).is_ok());
            assert!(matches!(reader.ready(), Ok(None)));
        }
        assert!(reader.bytes.len() <= 4 * 100_000, "{}", reader.bytes.len());
    }

    #[test]
    fn room_is_given_back() {
        let mut reader = Reader::default();
        let body = vec![b'x'; 2 * KEPT];
        let length = u32::try_from(body.len() + 4).unwrap_or_default();
        assert!(reader.push(&[b"d", length.to_be_bytes().as_slice(), &body].concat()).is_ok());
        assert!(matches!(reader.next_event(), Ok(Some(Event::CopyData(data))) if data.len() == body.len()));
        assert!(reader.push(b"I").is_ok());
        assert_eq!(reader.bytes.len(), CHUNK);
    }

    #[test]
    fn lengths_are_limited_as_libpq_limits_them() {
        for (header, is_good) in [
            (&b"Z\0\0\0\x03"[..], false),
            (b"Z\0\0\x75\x30", true),
            (b"Z\0\0\x75\x31", false),
            (b"D\0\0\x75\x31", true),
            (b"D\x40\0\0\0", false),
            (b"D\xff\xff\xff\xff", false),
        ] {
            let mut reader = Reader::default();
            assert!(reader.push(header).is_ok());
            assert_eq!(reader.ready().is_ok(), is_good, "{}", header.escape_ascii());
        }
    }
}

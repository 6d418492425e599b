//! What a server says, one word at a time. Every length and count in here has been checked
//! against the bytes that came.

/// One word of the server, in the order in which it was said. Rows and data borrow from the
/// connection's buffer until the next word.
#[derive(Debug)]
pub enum Event<'a> {
    /// The columns of the rows that follow.
    Fields(Vec<Field>),
    /// A row.
    Row(Row<'a>),
    /// The end of a statement, with its command tag.
    Complete(&'a [u8]),
    /// The end of a query that held no statement.
    EmptyQuery,
    /// The statement failed; the rest of its query is skipped by the server.
    Error(Report),
    /// Something worth saying, also between statements.
    Notice(Report),
    /// The server waits for [`Connection::copy_data`](super::Connection::copy_data), ended by
    /// `copy_done` or `copy_fail`.
    CopyIn(Copy),
    /// The server is about to send data.
    CopyOut(Copy),
    /// A piece of that data; in text format one line with its newline.
    CopyData(&'a [u8]),
    /// The end of that data; `Complete` follows.
    CopyDone,
    /// Another session has notified.
    Notification(Notification),
    /// A parameter has a value that the client should know; the connection keeps it too.
    Parameter {
        /// The name of the parameter.
        name: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// The query is over.
    Ready(Status),
}

/// Where the session stands between queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In no transaction block.
    Idle,
    /// In a transaction block.
    Transaction,
    /// In a transaction block that has failed.
    Failed,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As text.
    Text,
    /// As the type's own bytes; also any format that is not known.
    Binary,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, in the client's encoding.
    pub name: Vec<u8>,
    /// The table that it comes from, or 0.
    pub table: u32,
    /// The number of the column in that table, or 0.
    pub column: i16,
    /// The type.
    pub type_oid: u32,
    /// How many bytes the type takes; negative when they vary.
    pub type_size: i16,
    /// The type's modifier, or -1.
    pub type_modifier: i32,
    /// How the values are written.
    pub format: Format,
}

/// The shape of the data of a COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// How the whole of it is written.
    pub format: Format,
    /// How each column is written.
    pub columns: Vec<Format>,
}

/// What `NOTIFY` of some session said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The process of that session.
    pub process: i32,
    /// The channel.
    pub channel: Vec<u8>,
    /// The payload; empty when there is none.
    pub payload: Vec<u8>,
}

/// A row: cells one after the other, each preceded by its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Row<'a> {
    /// How many cells there are: as many as there are fields.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The cells from left to right; `None` is NULL.
    pub fn cells(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let mut rest = self.bytes;
        (0..self.count).map(move |_| {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(i32::from_be_bytes(*length)).ok();
            let (cell, after) = after.split_at_checked(length.unwrap_or(0))?;
            rest = after;
            length.map(|_| cell)
        })
    }
}

/// How many bytes a part of [`Rows`] is given at first.
const PART: usize = 1 << 20;

/// Rows of one result that outlive the connection's buffer: a few large allocations however
/// many there are.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    parts: Vec<Vec<u8>>,
    count: usize,
    fields: usize,
}

impl Rows {
    /// Adds a row; all rows of one result have the same number of cells.
    pub fn push(&mut self, row: Row<'_>) {
        self.fields = row.count;
        self.count += 1;
        match self.parts.last_mut() {
            Some(part) if part.capacity() - part.len() >= row.bytes.len() => part.extend_from_slice(row.bytes),
            _ => {
                let mut part = Vec::with_capacity(row.bytes.len().max(if self.parts.is_empty() { 512 } else { PART }));
                part.extend_from_slice(row.bytes);
                self.parts.push(part);
            }
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows in their order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let (mut parts, mut rest) = (self.parts.iter(), &[][..]);
        (0..self.count).map(move |_| {
            if rest.is_empty() {
                rest = parts.next().map_or(&[][..], Vec::as_slice);
            }
            let (row, after) = Row::split(self.fields, rest).unwrap_or((Row { count: 0, bytes: &[] }, &[]));
            rest = after;
            row
        })
    }
}

impl<'a> Row<'a> {
    /// Takes a row of so many cells from the start of some bytes, if they hold it.
    pub(super) fn split(count: usize, bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut rest = bytes;
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = match i32::from_be_bytes(*length) {
                -1 => 0,
                length => usize::try_from(length).ok()?,
            };
            rest = after.get(length..)?;
        }
        let (row, rest) = bytes.split_at_checked(bytes.len() - rest.len())?;
        Some((Self { count, bytes: row }, rest))
    }
}

/// What the server says of an error or a notice: fields by their letters, as in the manual's
/// "Error and Notice Message Fields".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    fields: Vec<(u8, Vec<u8>)>,
}

impl Report {
    pub(super) fn new(fields: Vec<(u8, Vec<u8>)>) -> Self {
        Self { fields }
    }

    /// All fields in the order in which they came.
    pub fn fields(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.fields.iter().map(|(letter, text)| (*letter, text.as_slice()))
    }

    /// A field by its letter.
    pub fn field(&self, letter: u8) -> Option<&[u8]> {
        self.fields().find(|(own, _)| *own == letter).map(|(_, text)| text)
    }

    /// `S`: the severity, in the server's language.
    pub fn severity(&self) -> Option<&[u8]> {
        self.field(b'S')
    }

    /// `V`: the severity in English.
    pub fn plain_severity(&self) -> Option<&[u8]> {
        self.field(b'V')
    }

    /// `C`: the SQLSTATE.
    pub fn code(&self) -> Option<&[u8]> {
        self.field(b'C')
    }

    /// `M`: the message itself.
    pub fn message(&self) -> Option<&[u8]> {
        self.field(b'M')
    }

    /// `D`: the detail.
    pub fn detail(&self) -> Option<&[u8]> {
        self.field(b'D')
    }

    /// `H`: the hint.
    pub fn hint(&self) -> Option<&[u8]> {
        self.field(b'H')
    }

    /// `P`: the character of the query at which the error is, counted from 1.
    pub fn position(&self) -> Option<usize> {
        number(self.field(b'P')?)
    }

    /// `p`: the character of the internal query at which the error is, counted from 1.
    pub fn internal_position(&self) -> Option<usize> {
        number(self.field(b'p')?)
    }

    /// `q`: the query that a function issued.
    pub fn internal_query(&self) -> Option<&[u8]> {
        self.field(b'q')
    }

    /// `W`: where the error came up, the innermost place first.
    pub fn context(&self) -> Option<&[u8]> {
        self.field(b'W')
    }

    /// `s`: the schema.
    pub fn schema(&self) -> Option<&[u8]> {
        self.field(b's')
    }

    /// `t`: the table.
    pub fn table(&self) -> Option<&[u8]> {
        self.field(b't')
    }

    /// `c`: the column.
    pub fn column(&self) -> Option<&[u8]> {
        self.field(b'c')
    }

    /// `d`: the data type.
    pub fn data_type(&self) -> Option<&[u8]> {
        self.field(b'd')
    }

    /// `n`: the constraint.
    pub fn constraint(&self) -> Option<&[u8]> {
        self.field(b'n')
    }

    /// `F`: the source file of the server.
    pub fn file(&self) -> Option<&[u8]> {
        self.field(b'F')
    }

    /// `L`: the line of that file, as text.
    pub fn line(&self) -> Option<&[u8]> {
        self.field(b'L')
    }

    /// `R`: the routine of the server.
    pub fn routine(&self) -> Option<&[u8]> {
        self.field(b'R')
    }
}

/// C's `atoi` of what should be a positive number.
fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.trim_start().parse().ok().filter(|number| *number > 0)
}

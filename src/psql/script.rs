//! A file as psql reads it: statements, metacommands and COPY data, line by line, with
//! nothing lost. Both arms of every `\if` are read; no variable has a value here, and no
//! file is opened.

use super::lexer::{Form, Lexer, Open, Token};
use super::metacommand::{self, Metacommand};
use crate::source::{FileId, Map, Span};

/// A file taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// In the order in which psql deals with them.
    pub items: Vec<Item>,
    /// The arms of `\if`, each after the one that it lies in. Arm 0 is the file itself.
    pub arms: Vec<Arm>,
    /// What psql would stumble over, or read otherwise than people do.
    pub irregularities: Vec<Irregularity>,
}

/// What psql deals with at one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A message to the server.
    Statement(Statement),
    /// A command to psql.
    Metacommand {
        /// The command.
        command: Box<Metacommand>,
        /// The arm it stands in; of `\elif` and `\else`, the arm that it starts.
        arm: usize,
    },
    /// The data lines of a `COPY … FROM STDIN`.
    CopyData {
        /// The lines without the closing one.
        lines: Span,
        /// The closing `\.`; absent where the file ends first.
        end: Option<Span>,
        /// The arm of its statement.
        arm: usize,
    },
}

/// One message to the server: usually one statement, more where `\;` joins them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// From the first byte that is sent to the last.
    pub span: Span,
    /// What is sent, in order.
    pub pieces: Box<[Piece]>,
    /// How many `\;` it holds.
    pub separators: usize,
    /// How it ends.
    pub ending: Ending,
    /// The arm it starts in.
    pub arm: usize,
}

/// A stretch of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands in the file.
    pub span: Span,
    /// What it contributes.
    pub kind: PieceKind,
    /// The arm it stands in; differs from its neighbours' where `\if` cuts a statement.
    pub arm: usize,
}

/// What a piece contributes to the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceKind {
    /// Its own bytes.
    Text,
    /// The line break that psql puts between two lines.
    Break,
    /// One byte, written `\;` or `\:`.
    Escaped(u8),
    /// A variable's value.
    Variable {
        /// How it is written.
        form: Form,
        /// Its name without the punctuation.
        name: Span,
    },
}

/// What ends a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// `;`, which is sent too.
    Semicolon,
    /// `\g` and its relatives: the item that follows.
    Metacommand,
    /// `\r`: the text is thrown away, not sent.
    Reset,
    /// The end of the file; psql sends what it has, whatever is still open.
    EndOfFile(Option<Open>),
}

/// One arm of an `\if`, or the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// The arm that the `\if` stands in; none for the file itself.
    pub parent: Option<usize>,
    /// Arms of one `\if … \endif` share this number; the file has 0.
    pub conditional: usize,
    /// The `\if`, `\elif` or `\else` that opens it, as an index of `items`.
    pub opened_by: Option<usize>,
}

/// Something in a file that a release must not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Irregularity {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: IrregularityKind,
}

/// The kinds of [`Irregularity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IrregularityKind {
    /// A NUL byte: psql cuts the line there and glues the next one to it.
    Nul,
    /// A byte that is not UTF-8.
    InvalidUtf8,
    /// A carriage return that does not end a line: it ends a comment, unseen.
    BareCarriageReturn,
    /// A control character that turns the direction of text around, so that what a
    /// reviewer sees is not what is sent.
    BidirectionalControl,
    /// The file is an archive of `pg_dump -Fc`, not a script.
    Archive,
    /// `\elif`, `\else` or `\endif` without its `\if`, or after `\else`.
    StrayConditional,
    /// `\if` without its `\endif`.
    UnclosedConditional,
    /// `\if`, `\elif`, `\else` or `\endif` in the middle of a statement.
    ConditionalInStatement,
    /// COPY data without its closing `\.`: all the rest of the file is data.
    UnclosedCopyData,
    /// COPY data in an arm of `\if`: where the arm is not taken its lines are script.
    CopyDataInConditional,
}

/// Commands that send the query buffer.
const SENDS: [&str; 8] = ["g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch", "bind"];

/// Reads the script. Any bytes are a script; what is wrong with them is said in
/// [`Script::irregularities`].
#[must_use]
pub fn read(file: &[u8]) -> Script {
    let mut reader = Reader::new(file);
    reader.characters();
    reader.run();
    reader.script
}

struct Conditional {
    number: usize,
    outside: usize,
    has_else: bool,
    opened: Span,
}

struct Reader<'a> {
    file: &'a [u8],
    script: Script,
    lexer: Lexer,
    /// The message that is being collected.
    pieces: Vec<Piece>,
    separators: usize,
    /// Whether the last piece is the break that this line began with.
    fresh_break: bool,
    conditionals: Vec<Conditional>,
    /// The arm in which the statement begins, once it has more than comments.
    begun: Option<usize>,
    conditional_count: usize,
    arm: usize,
    next_line: usize,
}

impl<'a> Reader<'a> {
    fn new(file: &'a [u8]) -> Self {
        let file_arm = Arm { parent: None, conditional: 0, opened_by: None };
        Self {
            file,
            script: Script { arms: vec![file_arm], ..Script::default() },
            lexer: Lexer::default(),
            pieces: Vec::new(),
            separators: 0,
            fresh_break: false,
            conditionals: Vec::new(),
            begun: None,
            conditional_count: 0,
            arm: 0,
            next_line: 0,
        }
    }

    fn report(&mut self, start: usize, end: usize, kind: IrregularityKind) {
        self.script.irregularities.push(Irregularity { span: Span::new(start, end), kind });
    }

    /// What is wrong with the file before anything is read into it.
    fn characters(&mut self) {
        if self.file.starts_with(b"PGDMP") {
            self.report(0, 5, IrregularityKind::Archive);
        }
        let mut at = 0;
        for chunk in self.file.utf8_chunks() {
            for (offset, character) in chunk.valid().char_indices() {
                let start = at + offset;
                let kind = match character {
                    '\0' => IrregularityKind::Nul,
                    '\r' if self.file.get(start + 1).is_some_and(|next| *next != b'\n') => {
                        IrregularityKind::BareCarriageReturn
                    }
                    '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                        IrregularityKind::BidirectionalControl
                    }
                    _ => continue,
                };
                self.report(start, start + character.len_utf8(), kind);
            }
            at += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                self.report(at, at + chunk.invalid().len(), IrregularityKind::InvalidUtf8);
                at += chunk.invalid().len();
            }
        }
    }

    fn run(&mut self) {
        if self.file.starts_with(b"\xef\xbb\xbf") {
            self.next_line = 3;
        }
        while let Some(line) = self.take_line() {
            self.line(line);
        }
        if !self.pieces.is_empty() {
            let open = self.lexer.open();
            self.finish(Ending::EndOfFile(open));
        }
        while let Some(conditional) = self.conditionals.pop() {
            self.report(conditional.opened.start, conditional.opened.end, IrregularityKind::UnclosedConditional);
        }
    }

    /// The next line without its `\n`; none after the last.
    fn take_line(&mut self) -> Option<Span> {
        let start = self.next_line;
        let rest = self.file.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n');
        self.next_line = start + length.map_or(rest.len(), |length| length + 1);
        Some(Span::new(start, start + length.unwrap_or(rest.len())))
    }

    fn line(&mut self, span: Span) {
        let file = self.file;
        let line = span.of(file);
        let in_quote = !matches!(self.lexer.open(), None | Some(Open::Parenthesis(_) | Open::RoutineBody(_)));
        if line.is_empty() && !in_quote {
            return;
        }
        if !self.pieces.is_empty() {
            self.push(Span::new(span.start.saturating_sub(1), span.start), PieceKind::Break);
            self.fresh_break = true;
        }
        let mut at = 0;
        let mut in_comment = self.lexer.in_comment();
        while let Some((token, end)) = self.lexer.next(line, at) {
            let commented = std::mem::replace(&mut in_comment, self.lexer.in_comment()) || in_comment;
            if !commented && !matches!(token, Token::Blank | Token::Semicolon | Token::Backslash) {
                self.begun.get_or_insert(self.arm);
            }
            let here = Span::new(span.start + at, span.start + end);
            match token {
                Token::Blank if self.pieces.is_empty() => {}
                Token::Blank | Token::Text => self.push(here, PieceKind::Text),
                Token::Escaped(byte) => {
                    self.separators += usize::from(byte == b';');
                    self.push(here, PieceKind::Escaped(byte));
                }
                Token::Variable(form) => {
                    let (before, after) = match form {
                        Form::Plain => (1, 0),
                        Form::Literal | Form::Identifier => (2, 1),
                        Form::Test => (3, 1),
                    };
                    let name = Span::new(here.start + before, here.end - after);
                    self.push(here, PieceKind::Variable { form, name });
                }
                Token::Semicolon => {
                    self.push(here, PieceKind::Text);
                    let copies = self.lexer.copies_from_script();
                    self.finish(Ending::Semicolon);
                    self.copy_data(copies);
                }
                Token::Backslash => {
                    at = self.metacommand(line, at, span.start);
                    continue;
                }
            }
            at = end;
        }
        self.fresh_break = false;
    }

    fn push(&mut self, span: Span, kind: PieceKind) {
        self.fresh_break = false;
        if let (PieceKind::Text, Some(last)) = (&kind, self.pieces.last_mut())
            && last.kind == PieceKind::Text
            && last.span.end == span.start
            && last.arm == self.arm
        {
            last.span.end = span.end;
            return;
        }
        self.pieces.push(Piece { span, kind, arm: self.arm });
    }

    fn finish(&mut self, ending: Ending) {
        let pieces: Box<[Piece]> = self.pieces.drain(..).collect();
        let separators = std::mem::take(&mut self.separators);
        let begun = self.begun.take();
        self.lexer.start_statement();
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return };
        // A comment before it, which psql sends along, may stand in another arm.
        let (span, arm) = (first.span.to(last.span), begun.unwrap_or(first.arm));
        self.script.items.push(Item::Statement(Statement { span, pieces, separators, ending, arm }));
    }

    /// COPY takes its data from the lines after the current one, at once; what is left of
    /// the current line comes after the data.
    fn copy_data(&mut self, copies: usize) {
        for _ in 0..copies {
            let start = self.next_line;
            let mut end = None;
            let mut data_end = start;
            while let Some(line) = self.take_line() {
                if matches!(line.of(self.file), b"\\." | b"\\.\r") {
                    end = Some(line);
                    break;
                }
                data_end = self.next_line;
            }
            if end.is_none() {
                self.report(start, data_end, IrregularityKind::UnclosedCopyData);
            }
            if self.arm != 0 {
                self.report(start, data_end, IrregularityKind::CopyDataInConditional);
            }
            self.script.items.push(Item::CopyData { lines: Span::new(start, data_end), end, arm: self.arm });
        }
    }

    /// Reads the command at `at` of `line`; returns where SQL goes on.
    fn metacommand(&mut self, line: &[u8], at: usize, base: usize) -> usize {
        // A line that holds only a command leaves no trace in the statement around it.
        if std::mem::take(&mut self.fresh_break) {
            self.pieces.pop();
        }
        let (command, next) = metacommand::read(line, at, base, self.begun.is_some());
        match command.name.as_str() {
            name if SENDS.contains(&name) => {
                let copies = self.lexer.copies_from_script();
                self.finish(Ending::Metacommand);
                self.add(command);
                self.copy_data(copies);
            }
            "r" | "reset" => {
                self.finish(Ending::Reset);
                self.add(command);
            }
            "if" | "elif" | "else" | "endif" => self.conditional(command),
            "copy" => {
                let copies = usize::from(copies_from_script(&command, self.file));
                self.add(command);
                self.copy_data(copies);
            }
            _ => self.add(command),
        }
        next
    }

    fn add(&mut self, command: Metacommand) {
        self.script.items.push(Item::Metacommand { command: Box::new(command), arm: self.arm });
    }

    fn conditional(&mut self, command: Metacommand) {
        let span = command.span;
        if command.inside_statement {
            self.report(span.start, span.end, IrregularityKind::ConditionalInStatement);
        }
        match command.name.as_str() {
            "if" => {
                self.conditional_count += 1;
                let number = self.conditional_count;
                self.conditionals.push(Conditional { number, outside: self.arm, has_else: false, opened: span });
                self.add(command);
                self.open_arm();
            }
            "endif" => match self.conditionals.pop() {
                Some(conditional) => {
                    self.arm = conditional.outside;
                    self.add(command);
                }
                None => self.stray(command),
            },
            _ => match self.conditionals.last_mut() {
                Some(conditional) if !conditional.has_else => {
                    conditional.has_else = command.name == "else";
                    self.arm = conditional.outside;
                    self.add(command);
                    self.open_arm();
                }
                _ => self.stray(command),
            },
        }
    }

    fn stray(&mut self, command: Metacommand) {
        self.report(command.span.start, command.span.end, IrregularityKind::StrayConditional);
        self.add(command);
    }

    /// Opens the arm of the conditional command that was just added.
    fn open_arm(&mut self) {
        let Some(conditional) = self.conditionals.last() else { return };
        self.script.arms.push(Arm {
            parent: Some(conditional.outside),
            conditional: conditional.number,
            opened_by: self.script.items.len().checked_sub(1),
        });
        self.arm = self.script.arms.len() - 1;
    }
}

/// Whether a `\copy` reads its data from the lines that follow: `from stdin`, and not `from pstdin`.
fn copies_from_script(command: &Metacommand, file: &[u8]) -> bool {
    let Some(argument) = command.arguments.first() else { return false };
    let (mut depth, mut quote, mut after_from) = (0_usize, None, false);
    let mut word = Vec::new();
    for byte in argument.span.of(file).iter().copied().chain([b' ']) {
        let is_part = quote.is_some() || !(byte.is_ascii_whitespace() || matches!(byte, b'(' | b')' | b','));
        if is_part {
            quote = match quote {
                None if matches!(byte, b'\'' | b'"') => Some(byte),
                Some(open) if open == byte => None,
                open => open,
            };
            word.push(byte.to_ascii_lowercase());
            continue;
        }
        if after_from && !word.is_empty() {
            // PostgreSQL's psql takes either for the other here.
            return matches!(word.as_slice(), b"stdin" | b"stdout");
        }
        if !word.is_empty() {
            after_from = depth == 0 && word == b"from";
            word.clear();
        }
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// A message with its variables filled in, and where each of its bytes comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The bytes that are sent.
    pub text: Vec<u8>,
    /// Starts of stretches, ascending: offset in `text`, span in the file, and whether
    /// the stretch has the file's own bytes.
    origins: Vec<(usize, Span, bool)>,
}

impl Rendered {
    /// The place in the file of the byte at `offset` of the text: exact within the file's
    /// own bytes, the variable's reference within a substituted value.
    #[must_use]
    pub fn origin(&self, offset: usize) -> usize {
        let index = self.origins.partition_point(|(start, ..)| *start <= offset);
        match index.checked_sub(1).and_then(|index| self.origins.get(index)) {
            Some((start, span, true)) => (span.start + (offset - start)).min(span.end),
            Some((_, span, false)) => span.start,
            None => 0,
        }
    }

    /// The same for every byte of the text at once.
    #[must_use]
    pub fn map(&self, file: FileId) -> Map {
        let mut steps: Vec<(usize, usize)> = Vec::new();
        let mut in_step = false;
        for (start, span, own) in &self.origins {
            let goes_on = steps
                .last()
                .is_some_and(|(text, file)| start.checked_sub(*text).map(|by| file + by) == Some(span.start));
            if !(in_step && *own && goes_on) {
                steps.push((*start, span.start));
            }
            in_step = *own;
        }
        Map::from_steps(file, steps)
    }

    /// The span in the file of `start..end` of the text.
    #[must_use]
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.origin(start), self.origin(end.saturating_sub(1).max(start)) + usize::from(end > start))
    }
}

impl Statement {
    /// The text that is sent where `value` gives what stands for a variable. A variable
    /// without a value is left as it is written, as psql leaves one that it does not know.
    #[must_use]
    pub fn render(&self, file: &[u8], value: &mut dyn FnMut(Form, &[u8]) -> Option<Vec<u8>>) -> Rendered {
        let mut rendered = Rendered::default();
        for piece in &self.pieces {
            let at = rendered.text.len();
            let own = match &piece.kind {
                PieceKind::Text => {
                    rendered.text.extend_from_slice(piece.span.of(file));
                    true
                }
                PieceKind::Break => {
                    rendered.text.push(b'\n');
                    true
                }
                PieceKind::Escaped(byte) => {
                    rendered.text.push(*byte);
                    false
                }
                PieceKind::Variable { form, name } => {
                    let known = value(*form, name.of(file));
                    rendered.text.extend_from_slice(known.as_deref().unwrap_or_else(|| piece.span.of(file)));
                    known.is_none()
                }
            };
            rendered.origins.push((at, piece.span, own));
        }
        rendered
    }
}

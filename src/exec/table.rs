//! Results as psql 15 prints them: aligned, wrapped, unaligned and CSV, upright or expanded.

use std::io::{self, Write};

use super::width::{self, Encoding, Line};

/// The shape of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns under one another.
    Aligned,
    /// The same, with cells cut to fit the width.
    Wrapped,
    /// Cells with a separator between them.
    Unaligned,
    /// Comma-separated values.
    Csv,
}

/// Whether each row is printed as a list of its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expanded {
    /// No.
    Off,
    /// Yes.
    On,
    /// Where the rows are wider than the terminal.
    Auto,
}

/// What lines are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStyle {
    /// ASCII.
    Ascii,
    /// ASCII as before PostgreSQL 9.0.
    OldAscii,
    /// Box-drawing characters.
    Unicode,
}

/// What `\pset` sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The shape.
    pub format: Format,
    /// Whether rows are lists.
    pub expanded: Expanded,
    /// How many lines there are around cells: 0, 1, 2 or more.
    pub border: u16,
    /// What lines are drawn with; none is ASCII, and is shown as such.
    pub line_style: Option<LineStyle>,
    /// Whether the lines of `LineStyle::Unicode` are double: border, column, header.
    pub is_double: [bool; 3],
    /// Rows alone.
    pub tuples_only: bool,
    /// Whether `(n rows)` is printed.
    pub default_footer: bool,
    /// Printed above each table.
    pub title: Option<Vec<u8>>,
    /// Printed for NULL.
    pub null: Option<Vec<u8>>,
    /// Between cells of unaligned output.
    pub field_separator: Vec<u8>,
    /// Between rows of unaligned output.
    pub record_separator: Vec<u8>,
    /// Between cells of CSV.
    pub csv_separator: u8,
    /// The width to be kept to; 0 for that of the terminal.
    pub columns: usize,
    /// Whether digits are grouped.
    pub numeric_locale: bool,
    /// What `\pset pager` says; nothing is ever paged.
    pub pager: u8,
    /// What `\pset pager_min_lines` says.
    pub pager_min_lines: i32,
    /// What `\pset tableattr` says.
    pub table_attributes: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::Aligned,
            expanded: Expanded::Off,
            border: 1,
            line_style: None,
            is_double: [false; 3],
            tuples_only: false,
            default_footer: true,
            title: None,
            null: None,
            field_separator: b"|".to_vec(),
            record_separator: b"\n".to_vec(),
            csv_separator: b',',
            columns: 0,
            numeric_locale: false,
            pager: 1,
            pager_min_lines: 0,
            table_attributes: None,
        }
    }
}

/// Rows that can be gone through more than once.
pub trait Cells {
    /// How many rows there are.
    fn count(&self) -> usize;
    /// Goes through the rows in their order; none is NULL.
    fn for_each(
        &self,
        row: &mut dyn FnMut(&mut dyn Iterator<Item = Option<&[u8]>>) -> io::Result<()>,
    ) -> io::Result<()>;
}

/// A result, or a part of one.
#[derive(Debug)]
pub struct Table<'a, C> {
    /// The names of the columns.
    pub headers: Vec<&'a [u8]>,
    /// Which columns are aligned to the right.
    pub is_right: Vec<bool>,
    /// The rows.
    pub cells: &'a C,
    /// The encoding of everything.
    pub encoding: Encoding,
    /// How many rows of the result were printed before; `FETCH_COUNT` cuts results.
    pub prior: usize,
    /// Whether this is the beginning of the result.
    pub starts: bool,
    /// Whether this is its end.
    pub stops: bool,
}

/// The characters of horizontal lines and of what stands between columns.
struct Style {
    /// Of the top, the middle and the bottom line: the line itself, and where it meets an
    /// upright one at the left, between columns and at the right.
    rules: [[&'static str; 4]; 3],
    /// Upright lines.
    upright: [&'static str; 3],
    between_newline: &'static str,
    between_wrap: &'static str,
    between_blank: &'static str,
    header_left: &'static str,
    header_right: &'static str,
    newline_left: &'static str,
    newline_right: &'static str,
    wrap_left: &'static str,
    wrap_right: &'static str,
    wrap_right_border: bool,
    is_old: bool,
}

const ASCII: Style = Style {
    rules: [["-", "+", "+", "+"]; 3],
    upright: ["|", "|", "|"],
    between_newline: "|",
    between_wrap: "|",
    between_blank: "|",
    header_left: " ",
    header_right: "+",
    newline_left: " ",
    newline_right: "+",
    wrap_left: ".",
    wrap_right: ".",
    wrap_right_border: true,
    is_old: false,
};

const OLD_ASCII: Style = Style {
    rules: [["-", "+", "+", "+"]; 3],
    upright: ["|", "|", "|"],
    between_newline: ":",
    between_wrap: ";",
    between_blank: " ",
    header_left: "+",
    header_right: " ",
    newline_left: " ",
    newline_right: " ",
    wrap_left: " ",
    wrap_right: " ",
    wrap_right_border: false,
    is_old: true,
};

/// psql's unicode style for single or double border, column and header lines.
fn unicode([border, column, header]: [bool; 3]) -> Style {
    let pick = |double: bool, one: &'static str, two: &'static str| if double { two } else { one };
    let rule = pick(header, "─", "═");
    let edge = pick(border, "─", "═");
    let cross = match (header, column) {
        (false, false) => "┼",
        (false, true) => "╫",
        (true, false) => "╪",
        (true, true) => "╬",
    };
    let meet = |up: bool| match (border, column) {
        (false, false) => pick(up, "┬", "┴"),
        (false, true) => pick(up, "╥", "╨"),
        (true, false) => pick(up, "╤", "╧"),
        (true, true) => pick(up, "╦", "╩"),
    };
    let left = match (header, border) {
        (false, false) => "├",
        (false, true) => "╟",
        (true, false) => "╞",
        (true, true) => "╠",
    };
    let right = match (header, border) {
        (false, false) => "┤",
        (false, true) => "╢",
        (true, false) => "╡",
        (true, true) => "╣",
    };
    let upright = pick(column, "│", "║");
    let side = pick(border, "│", "║");
    Style {
        rules: [
            [edge, pick(border, "┌", "╔"), meet(false), pick(border, "┐", "╗")],
            [rule, left, cross, right],
            [edge, pick(border, "└", "╚"), meet(true), pick(border, "┘", "╝")],
        ],
        upright: [side, upright, side],
        between_newline: upright,
        between_wrap: upright,
        between_blank: upright,
        header_left: " ",
        header_right: "↵",
        newline_left: " ",
        newline_right: "↵",
        wrap_left: "…",
        wrap_right: "…",
        wrap_right_border: true,
        is_old: false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Newline,
    Wrap,
}

const TOP: usize = 0;
const MIDDLE: usize = 1;
const BOTTOM: usize = 2;

impl<C: Cells> Table<'_, C> {
    /// Prints the table.
    pub fn print(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let columns = self.headers.len();
        let is_expanded = options.expanded == Expanded::On;
        match options.format {
            // Without columns there is nothing to be said in CSV, and no list.
            Format::Unaligned if is_expanded => self.unaligned_list(options, out),
            Format::Unaligned => self.unaligned(options, out),
            Format::Csv if is_expanded => self.csv_list(options, out),
            Format::Csv => self.csv(options, out),
            Format::Aligned | Format::Wrapped
                if is_expanded || (options.expanded == Expanded::Auto && self.wants_list(options, columns)) =>
            {
                self.list(options, out)
            }
            Format::Aligned | Format::Wrapped => self.aligned(options, out),
        }
    }

    fn style(options: &Options) -> Style {
        match options.line_style {
            None | Some(LineStyle::Ascii) => ASCII,
            Some(LineStyle::OldAscii) => OLD_ASCII,
            Some(LineStyle::Unicode) => unicode(options.is_double),
        }
    }

    fn each_cell<'c>(options: &'c Options, right: bool, cell: Option<&'c [u8]>) -> std::borrow::Cow<'c, [u8]> {
        match cell {
            None => options.null.as_deref().unwrap_or_default().into(),
            Some(cell) if right && options.numeric_locale => grouped(cell).into(),
            Some(cell) => cell.into(),
        }
    }

    fn footer(&self, options: &Options) -> Option<String> {
        let count = self.prior + self.cells.count();
        (options.default_footer && !options.tuples_only)
            .then(|| format!("({count} row{})", if count == 1 { "" } else { "s" }))
    }

    fn title<'o>(&self, options: &'o Options) -> Option<&'o [u8]> {
        options.title.as_deref().filter(|_| self.starts && !options.tuples_only)
    }

    fn unaligned(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let mut separate = !self.starts;
        if let Some(title) = self.title(options) {
            out.write_all(title)?;
            out.write_all(&options.record_separator)?;
        }
        if self.starts && !options.tuples_only {
            for (at, header) in self.headers.iter().enumerate() {
                if at > 0 {
                    out.write_all(&options.field_separator)?;
                }
                out.write_all(header)?;
            }
            separate = true;
        }
        self.cells.for_each(&mut |row| {
            for (at, cell) in row.enumerate() {
                if at > 0 {
                    out.write_all(&options.field_separator)?;
                } else if separate {
                    out.write_all(&options.record_separator)?;
                }
                separate = true;
                out.write_all(&Self::each_cell(options, self.is_right.get(at) == Some(&true), cell))?;
            }
            Ok(())
        })?;
        if self.stops {
            if let Some(footer) = self.footer(options) {
                if separate {
                    out.write_all(&options.record_separator)?;
                }
                out.write_all(footer.as_bytes())?;
                separate = true;
            }
            if separate {
                out.write_all(if options.record_separator == b"\0" { b"\0" } else { b"\n" })?;
            }
        }
        Ok(())
    }

    fn unaligned_list(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let mut separate = !self.starts;
        if let Some(title) = self.title(options) {
            out.write_all(title)?;
            separate = true;
        }
        self.cells.for_each(&mut |row| {
            for (at, (cell, header)) in row.zip(&self.headers).enumerate() {
                if at > 0 {
                    out.write_all(&options.record_separator)?;
                } else if separate {
                    out.write_all(&options.record_separator)?;
                    out.write_all(&options.record_separator)?;
                }
                separate = true;
                out.write_all(header)?;
                out.write_all(&options.field_separator)?;
                out.write_all(&Self::each_cell(options, self.is_right.get(at) == Some(&true), cell))?;
            }
            Ok(())
        })?;
        if self.stops && separate {
            out.write_all(if options.record_separator == b"\0" { b"\0" } else { b"\n" })?;
        }
        Ok(())
    }

    fn csv(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let separator = options.csv_separator;
        if self.starts && !options.tuples_only {
            for (at, header) in self.headers.iter().enumerate() {
                if at > 0 {
                    out.write_all(&[separator])?;
                }
                csv_field(header, separator, out)?;
            }
            out.write_all(b"\n")?;
        }
        self.cells.for_each(&mut |row| {
            let mut is_empty = true;
            for (at, cell) in row.enumerate() {
                if at > 0 {
                    out.write_all(&[separator])?;
                }
                is_empty = false;
                csv_field(&Self::each_cell(options, self.is_right.get(at) == Some(&true), cell), separator, out)?;
            }
            if is_empty { Ok(()) } else { out.write_all(b"\n") }
        })
    }

    fn csv_list(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let separator = options.csv_separator;
        self.cells.for_each(&mut |row| {
            for (at, (cell, header)) in row.zip(&self.headers).enumerate() {
                csv_field(header, separator, out)?;
                out.write_all(&[separator])?;
                csv_field(&Self::each_cell(options, self.is_right.get(at) == Some(&true), cell), separator, out)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// Widths of headers and of columns, the greatest number of lines in a cell of each, and
    /// the sum of the widths of all cells.
    fn measure(&self, options: &Options) -> Measure {
        let headers: Vec<(usize, usize)> =
            self.headers.iter().map(|header| width::size(header, self.encoding)).collect();
        let mut measure = Measure {
            headers: headers.iter().map(|(width, _)| *width).collect(),
            columns: headers.iter().map(|(width, _)| *width).collect(),
            sums: vec![0; headers.len()],
            lines: headers.iter().map(|(_, lines)| *lines).collect(),
            rows: self.cells.count(),
        };
        // What is counted cannot fail.
        let _ = self.cells.for_each(&mut |row| {
            for (at, cell) in row.enumerate() {
                let right = self.is_right.get(at) == Some(&true);
                let (width, lines) = width::size(&Self::each_cell(options, right, cell), self.encoding);
                if let (Some(column), Some(sum), Some(most)) =
                    (measure.columns.get_mut(at), measure.sums.get_mut(at), measure.lines.get_mut(at))
                {
                    *column = width.max(*column);
                    *sum += width;
                    *most = lines.max(*most);
                }
            }
            Ok(())
        });
        measure
    }

    /// Whether `\x auto` prints lists: the terminal is narrower than the table.
    fn wants_list(&self, options: &Options, columns: usize) -> bool {
        if options.columns == 0 || columns < 2 {
            return false;
        }
        let measure = self.measure(options);
        let frame = frame(options.border, columns);
        let header = frame + measure.headers.iter().sum::<usize>();
        let total = frame + measure.wrapped(options, frame).iter().sum::<usize>();
        options.columns < header || options.columns < total
    }

    fn aligned(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let style = Self::style(options);
        let border = options.border.min(2);
        let count = self.headers.len();
        let measure = self.measure(options);
        let frame = frame(border, count);
        let widths = measure.wrapped(options, frame);
        if let Some(title) = self.title(options) {
            let (own, total) = (width::size(title, self.encoding).0, frame + widths.iter().sum::<usize>());
            pad(out, total.saturating_sub(own) / 2)?;
            out.write_all(title)?;
            out.write_all(b"\n")?;
        }
        if self.starts && !options.tuples_only {
            if border == 2 {
                rule(out, &style, TOP, border, &widths)?;
            }
            self.header(&style, border, &widths, out)?;
            rule(out, &style, MIDDLE, border, &widths)?;
        }
        let is_simple = widths == measure.columns;
        let mut line: Vec<u8> = Vec::new();
        self.cells.for_each(&mut |row| {
            let cells: Vec<_> = row
                .enumerate()
                .map(|(at, cell)| Self::each_cell(options, self.is_right.get(at) == Some(&true), cell))
                .collect();
            if cells.is_empty() {
                return Ok(());
            }
            if is_simple && cells.iter().all(|cell| width::is_plain(cell)) {
                line.clear();
                self.plain_row(&style, border, &widths, &cells, &mut line);
                return out.write_all(&line);
            }
            let cells: Vec<Vec<Line>> = cells.iter().map(|cell| width::lines(cell, self.encoding)).collect();
            self.row(&style, border, &widths, &cells, out)
        })?;
        if self.stops {
            if border == 2 {
                rule(out, &style, BOTTOM, border, &widths)?;
            }
            if let Some(footer) = self.footer(options) {
                writeln!(out, "{footer}")?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn header(&self, style: &Style, border: u16, widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
        let headers: Vec<Vec<Line>> = self.headers.iter().map(|header| width::lines(header, self.encoding)).collect();
        let height = headers.iter().map(Vec::len).max().unwrap_or(0);
        for number in 0..height {
            if border == 2 {
                out.write_all(style.upright[0].as_bytes())?;
            }
            for (at, (lines, width)) in headers.iter().zip(widths).enumerate() {
                if border != 0 || (!style.wrap_right_border && at > 0) {
                    out.write_all(if number > 0 { style.header_left } else { " " }.as_bytes())?;
                }
                match lines.get(number) {
                    Some(line) => {
                        let free = width.saturating_sub(line.width);
                        pad(out, free / 2)?;
                        out.write_all(&line.bytes)?;
                        pad(out, free.div_ceil(2))?;
                    }
                    None => pad(out, *width)?,
                }
                if border != 0 || style.wrap_right_border {
                    out.write_all(if number + 1 < lines.len() { style.header_right } else { " " }.as_bytes())?;
                }
                if border != 0 && at + 1 < headers.len() {
                    out.write_all(style.upright[1].as_bytes())?;
                }
            }
            if border == 2 {
                out.write_all(style.upright[2].as_bytes())?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// A row whose cells are one line of ASCII each, as almost all are.
    fn plain_row(
        &self,
        style: &Style,
        border: u16,
        widths: &[usize],
        cells: &[std::borrow::Cow<'_, [u8]>],
        line: &mut Vec<u8>,
    ) {
        let last = cells.len().saturating_sub(1);
        if border == 2 {
            line.extend_from_slice(style.upright[0].as_bytes());
        }
        for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
            if border != 0 {
                line.push(b' ');
            }
            let free = width.saturating_sub(cell.len());
            if self.is_right.get(at) == Some(&true) {
                line.resize(line.len() + free, b' ');
                line.extend_from_slice(cell);
            } else {
                line.extend_from_slice(cell);
                if border == 2 || at < last {
                    line.resize(line.len() + free, b' ');
                }
            }
            if border == 2 || at < last {
                line.push(b' ');
            }
            if border != 0 && at < last {
                line.extend_from_slice(style.upright[1].as_bytes());
            }
        }
        if border == 2 {
            line.extend_from_slice(style.upright[2].as_bytes());
        }
        line.push(b'\n');
    }

    fn row(
        &self,
        style: &Style,
        border: u16,
        widths: &[usize],
        cells: &[Vec<Line>],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // Where each cell stands: its line, and how many bytes of it have been printed.
        let mut places = vec![(0_usize, 0_usize); cells.len()];
        let mut marks = vec![Mark::None; cells.len()];
        let last = cells.len().saturating_sub(1);
        loop {
            let mut is_more = false;
            if border == 2 {
                out.write_all(style.upright[0].as_bytes())?;
            }
            for at in 0..cells.len() {
                let (Some(lines), Some(width)) = (cells.get(at), widths.get(at)) else { break };
                let (Some(place), Some(mark)) = (places.get_mut(at), marks.get_mut(at)) else { break };
                let right = self.is_right.get(at) == Some(&true);
                let is_padded = border == 2 || at < last;
                if border != 0 {
                    let left = match mark {
                        Mark::Wrap => style.wrap_left,
                        Mark::Newline => style.newline_left,
                        Mark::None => " ",
                    };
                    out.write_all(left.as_bytes())?;
                }
                let mut taken = *width;
                match lines.get(place.0) {
                    None if is_padded => pad(out, *width)?,
                    None => {}
                    Some(line) => {
                        let rest = line.bytes.get(place.1..).unwrap_or_default();
                        let (bytes, columns) = width::fit(rest, *width, self.encoding);
                        taken = columns.min(*width);
                        if right {
                            pad(out, width - taken)?;
                        }
                        out.write_all(rest.get(..bytes).unwrap_or_default())?;
                        place.1 += bytes;
                        if place.1 < line.bytes.len() {
                            is_more = true;
                        } else {
                            *place = (place.0 + 1, 0);
                            is_more |= place.0 < lines.len();
                        }
                    }
                }
                *mark = match *place {
                    (line, _) if line >= lines.len() => Mark::None,
                    (_, bytes) if bytes > 0 => Mark::Wrap,
                    (line, _) if line > 0 => Mark::Newline,
                    _ => Mark::None,
                };
                if !right && (is_padded || *mark != Mark::None) {
                    pad(out, width - taken)?;
                }
                match mark {
                    Mark::Wrap => out.write_all(style.wrap_right.as_bytes())?,
                    Mark::Newline => out.write_all(style.newline_right.as_bytes())?,
                    Mark::None if is_padded => out.write_all(b" ")?,
                    Mark::None => {}
                }
                if border != 0 && at < last {
                    let next = at + 1;
                    let is_past =
                        places.get(next).zip(cells.get(next)).is_some_and(|(place, cell)| place.0 >= cell.len());
                    let divider = match marks.get(next) {
                        Some(Mark::Wrap) => style.between_wrap,
                        Some(Mark::Newline) => style.between_newline,
                        _ if is_past => style.between_blank,
                        _ => style.upright[1],
                    };
                    out.write_all(divider.as_bytes())?;
                }
            }
            if border == 2 {
                out.write_all(style.upright[2].as_bytes())?;
            }
            out.write_all(b"\n")?;
            if !is_more {
                return Ok(());
            }
        }
    }

    /// Each row as a list of `name | value`.
    fn list(&self, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        let style = Self::style(options);
        let border = options.border.min(2);
        let rows = self.cells.count();
        if (rows == 0 || self.headers.is_empty()) && self.starts && self.stops {
            if let Some(footer) = self.footer(options) {
                writeln!(out, "{footer}")?;
            }
            return out.write_all(b"\n");
        }
        let measure = self.measure(options);
        let headers: Vec<Vec<Line>> = self.headers.iter().map(|header| width::lines(header, self.encoding)).collect();
        let header_width = measure.headers.iter().copied().max().unwrap_or(0);
        let is_tall_header = headers.iter().any(|lines| lines.len() > 1);
        let (mut data_width, mut is_tall) = (0, false);
        self.cells.for_each(&mut |row| {
            for (at, cell) in row.enumerate() {
                let right = self.is_right.get(at) == Some(&true);
                let (width, lines) = width::size(&Self::each_cell(options, right, cell), self.encoding);
                data_width = width.max(data_width);
                is_tall |= lines > 1;
            }
            Ok(())
        })?;
        if let Some(title) = self.title(options) {
            out.write_all(title)?;
            out.write_all(b"\n")?;
        }
        let mut between = match border {
            0 => 1 + usize::from(is_tall_header),
            1 => 3 + usize::from(is_tall_header && style.is_old),
            _ => 7,
        };
        let marks_data = border < 2 && !style.is_old;
        between += usize::from(is_tall && marks_data);
        let digits = if rows > 0 { rows.to_string().len() } else { 0 };
        let record = match (options.tuples_only, border) {
            (true, _) => 0,
            (_, 0) => digits + 9,
            (_, 1) => digits + 12,
            _ => digits + 15,
        };
        let limit = options.columns;
        // Aligned lists do not reach as far as the line above a record may.
        data_width = loop {
            if options.format != Format::Wrapped {
                break data_width;
            }
            let whole = (header_width + between + data_width).max(record);
            let least = (header_width + between + 3).max(record);
            let wanted = if limit == 0 || limit >= whole { whole } else { limit.max(least) };
            let wanted = wanted.saturating_sub(header_width + between);
            if wanted < data_width && !is_tall && marks_data {
                is_tall = true;
                between += 1;
            } else {
                break wanted;
            }
        };
        let shape = List { style: &style, border, header_width, data_width, is_tall_header, is_tall };
        let mut number = self.prior;
        let mut is_first = true;
        self.cells.for_each(&mut |row| {
            number += 1;
            let rule = if is_first { TOP } else { MIDDLE };
            let line_width = header_width + usize::from(border < 2 && is_tall_header && style.is_old);
            if !options.tuples_only {
                shape.rule(out, Some(number), line_width, rule)?;
            } else if !is_first || !self.starts || border == 2 {
                shape.rule(out, None, line_width, rule)?;
            }
            is_first = false;
            for (at, (cell, header)) in row.zip(&headers).enumerate() {
                let cell = Self::each_cell(options, self.is_right.get(at) == Some(&true), cell);
                shape.entry(out, header, &width::lines(&cell, self.encoding), self.encoding)?;
            }
            Ok(())
        })?;
        if self.stops {
            if border == 2 {
                shape.rule(out, None, header_width, BOTTOM)?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

struct Measure {
    headers: Vec<usize>,
    columns: Vec<usize>,
    sums: Vec<usize>,
    lines: Vec<usize>,
    rows: usize,
}

impl Measure {
    /// The widths of columns; in wrapped format so narrow that the table fits, if it can.
    fn wrapped(&self, options: &Options, frame: usize) -> Vec<usize> {
        let mut widths = self.columns.clone();
        let header = frame + self.headers.iter().sum::<usize>();
        if options.format != Format::Wrapped || options.columns == 0 || options.columns < header || self.rows == 0 {
            return widths;
        }
        let mut total = frame + widths.iter().sum::<usize>();
        let averages: Vec<usize> = self.sums.iter().map(|sum| sum / self.rows).collect();
        while total > options.columns {
            // The column of which the fewest cells are cut gives way.
            let mut worst: Option<(usize, f64)> = None;
            for (at, width) in widths.iter().enumerate() {
                let (Some(average), Some(header), Some(most)) =
                    (averages.get(at), self.headers.get(at), self.columns.get(at))
                else {
                    continue;
                };
                if *average > 0 && width > header {
                    let ratio = float(*width) / float(*average) + float(*most) * 0.01;
                    if ratio > worst.map_or(0.0, |(_, ratio)| ratio) {
                        worst = Some((at, ratio));
                    }
                }
            }
            let Some(width) = worst.and_then(|(at, _)| widths.get_mut(at)) else { break };
            *width -= 1;
            total -= 1;
        }
        widths
    }
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// What a table takes besides its columns.
fn frame(border: u16, columns: usize) -> usize {
    match border {
        0 => columns,
        1 => (columns * 3).saturating_sub(usize::from(columns > 0)),
        _ => columns * 3 + 1,
    }
}

fn pad(out: &mut dyn Write, mut count: usize) -> io::Result<()> {
    const SPACES: [u8; 64] = [b' '; 64];
    while count > 0 {
        let part = count.min(SPACES.len());
        out.write_all(SPACES.get(..part).unwrap_or_default())?;
        count -= part;
    }
    Ok(())
}

fn rule(out: &mut dyn Write, style: &Style, which: usize, border: u16, widths: &[usize]) -> io::Result<()> {
    let [line, left, middle, right] = style.rules.get(which).copied().unwrap_or_default();
    match border {
        0 => {}
        1 => out.write_all(line.as_bytes())?,
        _ => write!(out, "{left}{line}")?,
    }
    for (at, width) in widths.iter().enumerate() {
        out.write_all(line.repeat(*width).as_bytes())?;
        if at + 1 < widths.len() {
            if border == 0 {
                out.write_all(b" ")?;
            } else {
                write!(out, "{line}{middle}{line}")?;
            }
        }
    }
    match border {
        0 => {}
        1 => out.write_all(line.as_bytes())?,
        _ => write!(out, "{line}{right}")?,
    }
    out.write_all(b"\n")
}

/// The measures of a list.
struct List<'a> {
    style: &'a Style,
    border: u16,
    header_width: usize,
    data_width: usize,
    is_tall_header: bool,
    is_tall: bool,
}

impl List<'_> {
    /// The line above a record, or below the last.
    fn rule(&self, out: &mut dyn Write, record: Option<usize>, header_width: usize, which: usize) -> io::Result<()> {
        let [line, left, middle, right] = self.style.rules.get(which).copied().unwrap_or_default();
        let fill = if self.border > 0 { line } else { " " };
        match self.border {
            0 => {}
            1 => out.write_all(line.as_bytes())?,
            _ => write!(out, "{left}{line}")?,
        }
        let text = match record {
            Some(record) if self.border == 0 => format!("* Record {record}"),
            Some(record) => format!("[ RECORD {record} ]"),
            None => String::new(),
        };
        out.write_all(text.as_bytes())?;
        let mut taken = text.len() + usize::from(self.border != 2);
        out.write_all(fill.repeat(header_width.saturating_sub(taken)).as_bytes())?;
        // What stands between header and data is drawn as far as the text leaves room.
        let separators: &[&str] = if self.border > 0 { &[line, middle, line] } else { &[" "] };
        taken = taken.saturating_sub(header_width);
        for separator in separators {
            if taken == 0 {
                out.write_all(separator.as_bytes())?;
            } else {
                taken -= 1;
            }
        }
        out.write_all(fill.repeat(self.data_width.saturating_sub(taken)).as_bytes())?;
        if self.border == 2 {
            write!(out, "{line}{right}")?;
        }
        out.write_all(b"\n")
    }

    fn entry(&self, out: &mut dyn Write, header: &[Line], data: &[Line], encoding: Encoding) -> io::Result<()> {
        let style = self.style;
        let has_header_mark = self.border > 0 || (self.is_tall_header && !style.is_old);
        let has_mark = self.border > 1 || (self.is_tall && !style.is_old);
        let (mut header_line, mut line, mut offset) = (0, 0, 0);
        while header_line < header.len() || line < data.len() {
            if self.border == 2 {
                out.write_all(style.upright[0].as_bytes())?;
            }
            if let Some(own) = header.get(header_line) {
                if self.border == 2 || (self.is_tall_header && style.is_old) {
                    out.write_all(if header_line > 0 { style.header_left } else { " " }.as_bytes())?;
                }
                out.write_all(&own.bytes)?;
                pad(out, self.header_width.saturating_sub(own.width))?;
                header_line += 1;
                if has_header_mark {
                    let mark = if header_line < header.len() { style.header_right } else { " " };
                    out.write_all(mark.as_bytes())?;
                }
            } else {
                let extra = usize::from(self.is_tall_header && self.border < 2 && style.is_old)
                    + usize::from(self.is_tall_header && self.border == 0 && !style.is_old);
                // C's `%*s` of a space prints one even where the width is 0.
                pad(out, (self.header_width + usize::from(self.border) + extra).max(1))?;
            }
            if self.border > 0 {
                // After the last line of the cell psql still stands at its end.
                let divider = match (offset, line.min(data.len().saturating_sub(1))) {
                    (1.., _) => style.between_wrap,
                    (_, 0) => style.upright[1],
                    _ => style.between_newline,
                };
                out.write_all(divider.as_bytes())?;
            }
            let Some(own) = data.get(line) else {
                if self.border == 2 {
                    pad(out, self.data_width + 2)?;
                    out.write_all(style.upright[2].as_bytes())?;
                }
                out.write_all(b"\n")?;
                continue;
            };
            out.write_all(if offset == 0 { " " } else { style.wrap_left }.as_bytes())?;
            let rest = own.bytes.get(offset..).unwrap_or_default();
            let (bytes, columns) = width::fit(rest, self.data_width, encoding);
            out.write_all(rest.get(..bytes).unwrap_or_default())?;
            offset += bytes;
            let is_wrapped = offset < own.bytes.len();
            let mark = if is_wrapped {
                Some(style.wrap_right).filter(|_| has_mark)
            } else if line + 1 < data.len() {
                Some(style.newline_right).filter(|_| has_mark)
            } else {
                Some(" ").filter(|_| self.border > 1)
            };
            if let Some(mark) = mark {
                pad(out, self.data_width.saturating_sub(columns))?;
                out.write_all(mark.as_bytes())?;
            }
            if !is_wrapped {
                line += 1;
                offset = if line < data.len() { 0 } else { offset };
            }
            if self.border == 2 {
                out.write_all(style.upright[2].as_bytes())?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn csv_field(field: &[u8], separator: u8, out: &mut dyn Write) -> io::Result<()> {
    let is_quoted = field.iter().any(|byte| *byte == separator || matches!(byte, b'\r' | b'\n' | b'"'))
        || field == b"\\."
        || matches!(separator, b'\\' | b'.');
    if !is_quoted {
        return out.write_all(field);
    }
    out.write_all(b"\"")?;
    for part in field.split_inclusive(|byte| *byte == b'"') {
        out.write_all(part)?;
        if part.ends_with(b"\"") {
            out.write_all(b"\"")?;
        }
    }
    out.write_all(b"\"")
}

/// A number with its digits in groups of three, as in a locale that says nothing of them.
fn grouped(number: &[u8]) -> Vec<u8> {
    if !number.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)) {
        return number.to_vec();
    }
    let sign = usize::from(matches!(number.first(), Some(b'-' | b'+')));
    let (sign, rest) = number.split_at(sign);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut text = sign.to_vec();
    for (at, byte) in rest.iter().enumerate() {
        if at > 0 && at < digits && (digits - at) % 3 == 0 {
            text.push(b',');
        }
        text.push(*byte);
    }
    text
}

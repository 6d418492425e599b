//! Why a run could not happen. Says nothing about the package itself: what is wrong with
//! that is a finding, not a fault.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use crate::source::{Span, is_hidden, visible, visible_lines};

/// A reason why the run could not happen, the way out, and the place in `lint.toml` when
/// that is the cause.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Fault(Box<Parts>);

#[derive(Debug)]
struct Parts {
    message: String,
    way_out: Option<String>,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    source: NamedSource<String>,
    label: LabeledSpan,
}

impl Fault {
    /// A fault in one sentence: lower case, no full stop, the user's own names in it.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts { message: visible_lines(&message.into()), way_out: None, place: None }))
    }

    /// A file or directory that could not be used: `cannot <verb> <path>: <cause>`.
    pub fn disk(verb: &str, path: &Path, cause: &std::io::Error) -> Self {
        Self::new(format!("cannot {verb} {}: {cause}", path.display()))
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.0.way_out = Some(visible_lines(&way_out.into()));
        self
    }

    /// Adds the cause: the bytes `span` of the file `name` whose whole text is `text`.
    #[must_use]
    pub fn at(mut self, name: &str, text: &str, span: Range<usize>, label: &str) -> Self {
        self.0.place = Some(Place {
            source: NamedSource::new(visible(name), masked(text)),
            label: LabeledSpan::new_with_span(Some(label.to_owned()), span),
        });
        self
    }

    /// The same fault of the same file as it is written, where it was read with blanks in it.
    #[must_use]
    pub fn written(mut self, text: &str, written: &dyn Fn(Span) -> Span) -> Self {
        if let Some(place) = &mut self.0.place {
            let (start, length) = (place.label.offset(), place.label.len());
            let span = written(Span::new(start, start + length));
            place.source = NamedSource::new(place.source.name(), masked(text));
            place.label = LabeledSpan::new_with_span(place.label.label().map(str::to_owned), span.start..span.end);
        }
        self
    }
}

/// The text with a mark of the same length for each character that must not reach a
/// terminal, so that offsets stay good.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) && !matches!(character, '\n' | '\r' | '\t') {
            shown.extend(std::iter::repeat_n('?', character.len_utf8()));
        } else {
            shown.push(character);
        }
    }
    shown
}

impl Diagnostic for Fault {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.way_out.as_ref().map(|text| Box::new(text) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.place.as_ref().map(|place| &place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.0.place.as_ref()?;
        Some(Box::new(std::iter::once(place.label.clone())))
    }
}

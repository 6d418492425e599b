//! The statements of a script as an outline.

use lsp_types::{DocumentSymbol, DocumentSymbolResponse, Range, SymbolKind, Uri};

use super::project::plain;
use super::text::Lines;
use super::{Server, uri};
use crate::effect::Act;
use crate::lint::Session;
use crate::package::Line;
use crate::source::{FileId, Span};
use crate::sources::{Layout, Source};

/// How long a name is at most, in characters.
const LENGTH: usize = 64;

impl Server {
    pub(super) fn symbols(&self, uri: &Uri, session: &mut Session<'_>) -> Option<DocumentSymbolResponse> {
        let path = plain(&uri::path(uri)?);
        if path.extension().is_some_and(|extension| extension == "toml") {
            return None;
        }
        let mut found = self.each(&path, session, &|case, project| {
            let is_it = |(_, source): &(FileId, &Source)| plain(&project.directory().join(&source.name)) == path;
            let (file, source) = case.library.sources.iter().find(is_it)?;
            let text = &source.layout.written;
            let outline = Outline { layout: &source.layout, lines: Lines::of(text, self.manner.encoding) };
            Some(outline.of(&case.library.program(file).lines))
        });
        (!found.is_empty()).then(|| DocumentSymbolResponse::Nested(found.swap_remove(0)))
    }
}

struct Outline<'t> {
    layout: &'t Layout,
    lines: Lines<'t>,
}

impl Outline<'_> {
    fn of(&self, lines: &[Line]) -> Vec<DocumentSymbol> {
        let mut symbols = Vec::new();
        for line in lines {
            match line {
                Line::Sent { statements, .. } => symbols.extend(statements.iter().map(|statement| {
                    let kind = match &statement.act {
                        Act::Transaction(_) => SymbolKind::NAMESPACE,
                        Act::CreateTable { .. } | Act::CreateTableAs { .. } => SymbolKind::STRUCT,
                        Act::CreateView { .. } => SymbolKind::INTERFACE,
                        Act::CreateFunction(_) | Act::Do(_) | Act::Call(_) => SymbolKind::FUNCTION,
                        Act::CreateIndex { .. } => SymbolKind::KEY,
                        Act::CreateTrigger { .. } => SymbolKind::EVENT,
                        Act::Set { .. } => SymbolKind::PROPERTY,
                        _ => SymbolKind::OBJECT,
                    };
                    self.symbol(statement.at.span(), kind, Vec::new())
                })),
                Line::Unread { at, .. } => symbols.push(self.symbol(at.span(), SymbolKind::NULL, Vec::new())),
                Line::Include { at, .. } => symbols.push(self.symbol(at.span(), SymbolKind::FILE, Vec::new())),
                Line::Command { at, .. } => symbols.push(self.symbol(at.span(), SymbolKind::OPERATOR, Vec::new())),
                Line::Choice { arms, .. } => {
                    for arm in arms {
                        let inner = self.of(&arm.lines);
                        symbols.push(self.symbol(arm.at.span(), SymbolKind::BOOLEAN, inner));
                    }
                }
                Line::Data { .. } => {}
            }
        }
        symbols
    }

    /// A symbol whose children lie within it, as an editor demands.
    fn symbol(&self, span: Span, kind: SymbolKind, children: Vec<DocumentSymbol>) -> DocumentSymbol {
        let span = self.layout.written(span);
        let own = self.lines.range(span);
        let end = children.last().map_or(own.end, |last| last.range.end.max(own.end));
        #[allow(deprecated, reason = "the field has to be given")]
        DocumentSymbol {
            name: self.name(span),
            detail: None,
            kind,
            tags: None,
            deprecated: None,
            range: Range { start: own.start, end },
            selection_range: own,
            children: (!children.is_empty()).then_some(children),
        }
    }

    /// The first words.
    fn name(&self, span: Span) -> String {
        let text = String::from_utf8_lossy(span.of(&self.layout.written));
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut name: String = words.chars().take(LENGTH).collect();
        if name.len() < words.len() {
            name.push('…');
        }
        if name.is_empty() { "…".to_owned() } else { name }
    }
}

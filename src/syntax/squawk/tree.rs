//! squawk's tree without white space and comments, flat: going through it allocates nothing.

use squawk_syntax::{SourceFile, SyntaxKind};

use crate::source::Span;

/// A node or a token; what is within it follows it.
struct Entry {
    kind: SyntaxKind,
    token: bool,
    start: u32,
    end: u32,
    /// The entry after the last one within it.
    next: u32,
}

/// The tree of one text.
pub(super) struct Tree<'a> {
    text: &'a str,
    entries: Vec<Entry>,
    newer: Option<usize>,
}

/// What PostgreSQL 18 does not know: squawk reads its successor's grammar.
const NEWER: [SyntaxKind; 19] = [
    SyntaxKind::FOR_PORTION_OF,
    SyntaxKind::GRAPH_TABLE_FN,
    SyntaxKind::CREATE_PROPERTY_GRAPH,
    SyntaxKind::ALTER_PROPERTY_GRAPH,
    SyntaxKind::DROP_PROPERTY_GRAPH,
    SyntaxKind::OBJECT_PROPERTY_GRAPH,
    SyntaxKind::PRIVILEGE_PROPERTY_GRAPH,
    SyntaxKind::REPACK,
    SyntaxKind::CONFLICT_DO_SELECT,
    SyntaxKind::SPLIT_PARTITION,
    SyntaxKind::MERGE_PARTITIONS,
    SyntaxKind::IGNORE_NULLS,
    SyntaxKind::RESPECT_NULLS,
    SyntaxKind::JSON_TABLE_PLAN_CLAUSE,
    SyntaxKind::EXCEPT_TABLE_CLAUSE,
    SyntaxKind::ALL_PUBLICATION_SEQUENCES,
    SyntaxKind::CHECKPOINT_OPTION_LIST,
    SyntaxKind::OPTION_CONNECTION,
    SyntaxKind::OPTION_NO_CONNECTION,
];

impl<'a> Tree<'a> {
    pub(super) fn new(text: &'a str, parse: &squawk_syntax::Parse<SourceFile>) -> Self {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let root = parse.syntax_node();
        let green = root.green();
        // An entry for about every four bytes.
        let mut entries = Vec::with_capacity(text.len() / 4 + 4);
        entries.push(Entry { kind: root.kind(), token: false, start: 0, end: 0, next: 0 });
        let mut open = vec![(0, green.children())];
        let mut newer = None;
        let mut offset = 0_usize;
        // Where the last token ended: a node ends there, not after the blanks behind it.
        let mut last = 0_usize;
        while let Some((index, children)) = open.last_mut() {
            let index = *index;
            let Some(child) = children.next() else {
                let next = narrow(entries.len());
                if let Some(entry) = entries.get_mut(index) {
                    entry.next = next;
                    entry.end = narrow(last).max(entry.start);
                }
                open.pop();
                continue;
            };
            if let Some(node) = child.as_node() {
                let kind = SyntaxKind::from(node.kind().0);
                if NEWER.contains(&kind) {
                    newer.get_or_insert(entries.len());
                }
                let start = narrow(offset);
                open.push((entries.len(), node.children()));
                entries.push(Entry { kind, token: false, start, end: start, next: 0 });
            } else if let Some(token) = child.as_token() {
                let kind = SyntaxKind::from(token.kind().0);
                let end = offset + token.text().len();
                if !matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMENT) {
                    let next = narrow(entries.len() + 1);
                    entries.push(Entry { kind, token: true, start: narrow(offset), end: narrow(end), next });
                    last = end;
                }
                offset = end;
            }
        }
        Self { text, entries, newer }
    }

    pub(super) fn root(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    /// The first part that PostgreSQL 18 does not know.
    pub(super) fn newer(&self) -> Option<Node<'_>> {
        self.newer.map(|index| self.at(index))
    }

    pub(super) fn at(&self, index: usize) -> Node<'_> {
        Node { tree: self, index }
    }

    fn entry(&self, index: usize) -> &Entry {
        const NOTHING: Entry = Entry { kind: SyntaxKind::ERROR, token: true, start: 0, end: 0, next: 0 };
        self.entries.get(index).unwrap_or(&NOTHING)
    }
}

/// A node or a token of a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    index: usize,
}

impl<'t> Node<'t> {
    fn entry(self) -> &'t Entry {
        self.tree.entry(self.index)
    }

    pub(super) fn index(self) -> usize {
        self.index
    }

    pub(super) fn kind(self) -> SyntaxKind {
        self.entry().kind
    }

    /// From its first token to its last.
    pub(super) fn span(self) -> Span {
        let entry = self.entry();
        // Blanks before the first token belong to no node, but a node may open before them.
        let first = self.tree.entry(self.index + 1);
        let start = if entry.token || first.start >= entry.end { entry.start } else { first.start.max(entry.start) };
        Span::new(start as usize, entry.end as usize)
    }

    pub(super) fn text(self) -> &'t str {
        let span = self.span();
        self.tree.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The nodes and tokens directly within it.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'t>> {
        let end = self.entry().next as usize;
        let tree = self.tree;
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            if index >= end {
                return None;
            }
            let node = Node { tree, index };
            index = (node.entry().next as usize).max(index + 1);
            Some(node)
        })
    }

    /// The nodes directly within it.
    pub(super) fn nodes(self) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(|child| !child.entry().token)
    }

    /// The tokens within it, however deep.
    pub(super) fn tokens(self) -> impl Iterator<Item = Node<'t>> {
        let end = self.entry().next as usize;
        let tree = self.tree;
        (self.index..end).map(move |index| Node { tree, index }).filter(|node| node.entry().token)
    }

    /// The token before it.
    pub(super) fn before(self) -> Option<Node<'t>> {
        let tree = self.tree;
        (0..self.index).rev().map(|index| Node { tree, index }).find(|node| node.entry().token)
    }

    pub(super) fn child(self, kind: SyntaxKind) -> Option<Node<'t>> {
        self.children().find(|child| child.kind() == kind)
    }

    pub(super) fn child_of(self, kinds: &[SyntaxKind]) -> Option<Node<'t>> {
        self.children().find(|child| kinds.contains(&child.kind()))
    }

    pub(super) fn all(self, kind: SyntaxKind) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(move |child| child.kind() == kind)
    }

    pub(super) fn has(self, kind: SyntaxKind) -> bool {
        self.child(kind).is_some()
    }

    /// Its first node or token.
    pub(super) fn first(self) -> Option<Node<'t>> {
        self.children().next()
    }

    /// Its first expression.
    pub(super) fn expr(self) -> Option<Node<'t>> {
        self.exprs().next()
    }

    /// The expressions directly within it.
    pub(super) fn exprs(self) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(|child| child.is_expr())
    }

    /// Its first type.
    pub(super) fn kind_of_value(self) -> Option<Node<'t>> {
        self.children().find(|child| child.is_type())
    }

    /// Its first query.
    pub(super) fn query(self) -> Option<Node<'t>> {
        self.children().find(|child| child.is_query())
    }

    pub(super) fn is_expr(self) -> bool {
        use SyntaxKind as K;
        matches!(
            self.kind(),
            K::CALL_EXPR
                | K::CAST_EXPR
                | K::COLLATE
                | K::ARRAY_EXPR
                | K::LITERAL
                | K::NAME_REF
                | K::BIN_EXPR
                | K::CASE_EXPR
                | K::FIELD_EXPR
                | K::INDEX_EXPR
                | K::SLICE_EXPR
                | K::BETWEEN_EXPR
                | K::PAREN_EXPR
                | K::TUPLE_EXPR
                | K::PREFIX_EXPR
                | K::POSTFIX_EXPR
        )
    }

    pub(super) fn is_type(self) -> bool {
        use SyntaxKind as K;
        matches!(
            self.kind(),
            K::ARRAY_TYPE
                | K::PATH_TYPE
                | K::PERCENT_TYPE
                | K::VARCHAR_TYPE
                | K::CHARACTER_TYPE
                | K::BIT_TYPE
                | K::BIT_VARYING_TYPE
                | K::DOUBLE_TYPE
                | K::TIME_TYPE
                | K::TIMESTAMP_TYPE
                | K::INTERVAL_TYPE
        )
    }

    pub(super) fn is_query(self) -> bool {
        use SyntaxKind as K;
        matches!(self.kind(), K::SELECT | K::SELECT_INTO | K::COMPOUND_SELECT | K::PAREN_SELECT | K::TABLE | K::VALUES)
    }
}

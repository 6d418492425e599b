//! Patterns of LIKE, and what else comes to one.

/// A pattern, its escapes resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    /// ILIKE; the characters are in lower case then.
    folded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Piece {
    Character(char),
    /// `_`
    One,
    /// `%`
    Any,
}

/// The most patterns that one regular expression comes to.
const ALTERNATIVES_LIMIT: usize = 64;

/// What characters mean besides themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    /// `~`
    Regular,
    /// `SIMILAR TO`
    Similar,
}

impl Language {
    /// The sequences that a branch without anchors matches; none where it holds more than text, wildcards
    /// and groups of alternatives.
    fn sequences(self, branch: &str) -> Option<Vec<Vec<Piece>>> {
        let mut found: Vec<Vec<Piece>> = vec![Vec::new()];
        let mut characters = branch.char_indices();
        while let Some((at, character)) = characters.next() {
            let next = characters.clone().next().map(|(_, next)| next);
            let pieces = match (self, character) {
                (_, '\\') => {
                    let (_, escaped) = characters.next()?;
                    // Before a letter or a digit it makes something else of it, and so does SIMILAR TO before a quote.
                    (!escaped.is_alphanumeric() && escaped != '"').then(|| vec![vec![Piece::Character(escaped)]])?
                }
                (_, '(') => {
                    let rest = branch.get(at + 1..)?;
                    let inside = rest.get(..closing(rest)?)?;
                    while characters.clone().next().is_some_and(|(place, _)| place <= at + 1 + inside.len()) {
                        characters.next();
                    }
                    let inside = inside.strip_prefix("?:").filter(|_| self == Self::Regular).unwrap_or(inside);
                    let all: Vec<_> =
                        branches(inside)?.into_iter().map(|one| self.sequences(one)).collect::<Option<_>>()?;
                    all.concat()
                }
                (Self::Regular, '.') if next == Some('*') => {
                    characters.next();
                    vec![vec![Piece::Any]]
                }
                (Self::Regular, '.') | (Self::Similar, '_') => vec![vec![Piece::One]],
                (Self::Similar, '%') => vec![vec![Piece::Any]],
                (_, '.' | '^' | '$') if self == Self::Regular => return None,
                (_, '|' | ')' | '[' | ']' | '{' | '}' | '*' | '+' | '?') => return None,
                (_, other) => vec![vec![Piece::Character(other)]],
            };
            // How often is not told.
            let behind = characters.clone().next().map(|(_, behind)| behind);
            if behind.is_some_and(|behind| matches!(behind, '*' | '+' | '?' | '{')) {
                return None;
            }
            found = found.iter().flat_map(|before| pieces.iter().map(|piece| [&**before, piece].concat())).collect();
            if found.len() > ALTERNATIVES_LIMIT {
                return None;
            }
        }
        Some(found)
    }
}

/// Where the parenthesis is closed within which a text begins.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()?),
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The alternatives outside of parentheses; none where one of them is empty.
fn branches(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let (mut from, mut skip) = (0, 0);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()?),
            '(' if at >= skip => skip = at + 1 + closing(text.get(at + 1..)?)?,
            '|' if at >= skip => {
                found.push(text.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(text.get(from..)?);
    (found.len() == 1 || found.iter().all(|one| !one.is_empty())).then_some(found)
}

impl Pattern {
    /// The pattern of LIKE with this escape; none where PostgreSQL refuses it.
    pub(super) fn like(text: &str, escape: Option<char>, folded: bool) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            pieces.push(match character {
                _ if Some(character) == escape => Piece::Character(characters.next()?),
                '%' => Piece::Any,
                '_' => Piece::One,
                other => Piece::Character(other),
            });
        }
        Self::of(pieces, folded)
    }

    /// What starts with the text.
    pub(super) fn starting(text: &str) -> Option<Self> {
        Self::of(text.chars().map(Piece::Character).chain([Piece::Any]).collect(), false)
    }

    /// What a regular expression matches that holds nothing but text, `.`, `.*`, alternatives in
    /// parentheses or not, and anchors at the ends of each: any of these patterns.
    pub(super) fn regular(text: &str, folded: bool) -> Option<Vec<Self>> {
        let branch = |branch: &str| {
            let (start, rest) = branch.strip_prefix('^').map_or((false, branch), |rest| (true, rest));
            let is_end = rest.ends_with('$') && !rest.ends_with("\\$");
            let rest = if is_end { rest.get(..rest.len() - 1)? } else { rest };
            let open = |anchored: bool| (!anchored).then_some(Piece::Any);
            let whole = |pieces: Vec<Piece>| open(start).into_iter().chain(pieces).chain(open(is_end)).collect();
            Some(Language::Regular.sequences(rest)?.into_iter().map(whole).collect::<Vec<Vec<Piece>>>())
        };
        Self::all(&branches(text)?.into_iter().map(branch).collect::<Option<Vec<_>>>()?.concat(), folded)
    }

    /// What SIMILAR TO matches with the escape that it has by itself: any of these patterns.
    pub(super) fn similar(text: &str) -> Option<Vec<Self>> {
        let branch = |branch: &str| Language::Similar.sequences(branch);
        Self::all(&branches(text)?.into_iter().map(branch).collect::<Option<Vec<_>>>()?.concat(), false)
    }

    fn all(sequences: &[Vec<Piece>], folded: bool) -> Option<Vec<Self>> {
        let is_few = sequences.len() <= ALTERNATIVES_LIMIT;
        is_few.then(|| sequences.iter().map(|pieces| Self::of(pieces.clone(), folded)).collect()).flatten()
    }

    fn of(pieces: Vec<Piece>, folded: bool) -> Option<Self> {
        let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let piece = match piece {
                // Other letters fold as the database's collation says.
                Piece::Character(c) if folded && !c.is_ascii() => return None,
                Piece::Character(c) if folded => Piece::Character(c.to_ascii_lowercase()),
                other => other,
            };
            if piece != Piece::Any || kept.last() != Some(&Piece::Any) {
                // `%_` and `_%` are the same; the second is kept.
                if piece == Piece::One && kept.last() == Some(&Piece::Any) {
                    kept.pop();
                    kept.extend([Piece::One, Piece::Any]);
                } else {
                    kept.push(piece);
                }
            }
        }
        Some(Self { pieces: kept, folded })
    }

    /// The same for a type that ignores case.
    pub(super) fn folded(&self) -> Option<Self> {
        Self::of(self.pieces.clone(), true)
    }

    /// The only text that matches, if there is just one.
    pub(super) fn exact(&self) -> Option<String> {
        let character = |piece: &Piece| match piece {
            Piece::Character(c) => Some(*c),
            _ => None,
        };
        self.pieces.iter().map(character).collect::<Option<String>>().filter(|_| !self.folded)
    }

    /// Whether every text matches.
    pub(super) fn is_everything(&self) -> bool {
        self.pieces == [Piece::Any]
    }

    pub(super) fn starts_with_a_letter(&self) -> bool {
        matches!(self.pieces.first(), Some(Piece::Character(c)) if c.is_alphabetic())
    }

    /// Whether the text matches; none where that depends on the collation.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let pieces: Vec<Piece> = Self::of(text.chars().map(Piece::Character).collect(), self.folded)?.pieces;
        Some(covers(&self.pieces, &pieces))
    }

    /// Whether everything that matches the other certainly matches this.
    pub(super) fn includes(&self, other: &Self) -> bool {
        match (self.folded, other.folded) {
            (false, true) => false,
            (true, false) => {
                Self::of(other.pieces.clone(), true).is_some_and(|other| covers(&self.pieces, &other.pieces))
            }
            _ => covers(&self.pieces, &other.pieces),
        }
    }

    /// Whether certainly nothing matches both.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let folded = self.folded || other.folded;
        let (Some(left), Some(right)) = (Self::of(self.pieces.clone(), folded), Self::of(other.pieces.clone(), folded))
        else {
            return false;
        };
        let clash = |(left, right): (&Piece, &Piece)| matches!((left, right), (Piece::Character(a), Piece::Character(b)) if a != b);
        let fixed = |pair: &(&Piece, &Piece)| *pair.0 != Piece::Any && *pair.1 != Piece::Any;
        let (left, right) = (left.pieces, right.pieces);
        left.iter().zip(&right).take_while(fixed).any(clash)
            || left.iter().rev().zip(right.iter().rev()).take_while(fixed).any(clash)
            || (left.len() != right.len() && !left.contains(&Piece::Any) && !right.contains(&Piece::Any))
    }
}

/// Whether the pattern matches every text of the other: a wildcard of the other stands for
/// itself, so that only one as wide can take it.
fn covers(pattern: &[Piece], other: &[Piece]) -> bool {
    let mut reached = vec![false; other.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for piece in pattern {
        let mut next = vec![false; other.len() + 1];
        for at in 0..=other.len() {
            let from = |index: usize| reached.get(index).copied().unwrap_or(false);
            let fits = match piece {
                // Either nothing more is taken, or one piece more than before.
                Piece::Any => {
                    from(at) || at.checked_sub(1).is_some_and(|before| next.get(before).copied().unwrap_or(false))
                }
                Piece::One => at
                    .checked_sub(1)
                    .is_some_and(|before| from(before) && other.get(before).is_some_and(|taken| *taken != Piece::Any)),
                Piece::Character(_) => {
                    at.checked_sub(1).is_some_and(|before| from(before) && other.get(before) == Some(piece))
                }
            };
            if let Some(slot) = next.get_mut(at) {
                *slot = fits;
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str) -> Pattern {
        Pattern::like(text, Some('\\'), false).unwrap_or(Pattern { pieces: Vec::new(), folded: false })
    }

    #[test]
    fn what_is_narrower_is_included() {
        let included = [
            ("gov\\_%", "gov_%"),
            ("abc%", "a%"),
            ("abc%", "%c%"),
            ("a_c", "a%"),
            ("a%_", "a_%"),
            ("%", "%%"),
            ("a\\%b", "a_b"),
        ];
        for (narrow, wide) in included {
            assert!(like(wide).includes(&like(narrow)), "{narrow} is within {wide}");
        }
        let outside = [("gov_%", "gov\\_%"), ("a%", "abc%"), ("%", "_%"), ("a%", "a_"), ("a%c", "a%b")];
        for (narrow, wide) in outside {
            assert!(!like(wide).includes(&like(narrow)), "{narrow} is not within {wide}");
        }
    }

    #[test]
    fn texts_match_as_postgresql_has_it() {
        assert_eq!(like("gov\\_%").matches("gov_x"), Some(true));
        assert_eq!(like("gov\\_%").matches("govx"), Some(false));
        assert_eq!(like("\\abc").exact().as_deref(), Some("abc"));
        assert!(Pattern::like("abc\\", Some('\\'), false).is_none());
        assert_eq!(Pattern::like("a\\", None, false).and_then(|pattern| pattern.exact()).as_deref(), Some("a\\"));
        assert_eq!(Pattern::like("AB%", Some('\\'), true).and_then(|pattern| pattern.matches("abX")), Some(true));
    }

    #[test]
    fn regular_expressions_of_alternatives_are_patterns() {
        let told = |text: &str| Pattern::regular(text, false).map(|all| all.len());
        for (regular, count) in [
            ("^(R7|R8)$", Some(2)),
            ("^R7$|^R8$", Some(2)),
            ("^(?:a|b)(c|d)$", Some(4)),
            ("^R7\\.1$", Some(1)),
            ("^R7.*", Some(1)),
            ("^R7", Some(1)),
            ("^R7+$", None),
            ("^(R7|)$", None),
            ("^(R7|R8)*$", None),
            ("^[ab]$", None),
            ("\\d", None),
            ("^a{2}$", None),
            ("a^b", None),
            ("(^a|b)", None),
            ("***=a", None),
            ("(?i)a", None),
            ("(a", None),
            ("a)", None),
        ] {
            assert_eq!(told(regular), count, "{regular}");
        }
        let exact = |all: Option<Vec<Pattern>>| {
            all.unwrap_or_default().iter().map(|one| one.exact().unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(exact(Pattern::regular("^(R7|R8)$", false)), ["R7", "R8"]);
        assert_eq!(exact(Pattern::regular("^R7\\.1$", false)), ["R7.1"]);
        // Without anchors it is anywhere, and they bind closer than the alternatives.
        assert_eq!(exact(Pattern::regular("^R7|R8$", false)), ["", ""]);
        assert_eq!(exact(Pattern::similar("R7|R8")), ["R7", "R8"]);
        assert_eq!(exact(Pattern::similar("R(7|8)")), ["R7", "R8"]);
        assert_eq!(exact(Pattern::similar("R.7")), ["R.7"]);
        assert_eq!(Pattern::similar("R7%"), Pattern::starting("R7").map(|one| vec![one]));
        assert_eq!(Pattern::similar("R[7]"), None);
    }

    #[test]
    fn ends_that_clash_exclude() {
        assert!(like("abc%").excludes(&like("abd%")));
        assert!(like("%x").excludes(&like("a%y")));
        assert!(!like("a%").excludes(&like("%b")));
        assert!(like("a_").excludes(&like("a")));
        assert!(!like("").excludes(&like("%")));
    }
}

//! Suppressions in SQL comments, `-- roof-lint: allow(rule-id): reason`: where they stand and
//! what they cover. Decides no level.

mod comment;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::config::nearest;
use crate::effect::At;
use crate::finding::{Finding, Level};
use crate::rules::{self, Rule};
use crate::source::{FileId, Lines, Span};

/// A suppression without a reason.
pub static WITHOUT_REASON: Rule = Rule {
    id: "silence-without-reason",
    page: include_str!("../rules/silence-without-reason.md"),
    level: Level::Deny,
    check: |_, _| {},
};

/// A suppression that silences nothing.
pub static IDLE: Rule =
    Rule { id: "idle-silence", page: include_str!("../rules/idle-silence.md"), level: Level::Warn, check: |_, _| {} };

/// Every rule, those of this room last: they judge suppressions, not SQL, and no suppression
/// covers them.
pub fn all_rules() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().copied().chain([&WITHOUT_REASON, &IDLE])
}

/// The suppressions of one script.
#[derive(Debug, Default)]
pub struct Silences {
    all: Vec<Silence>,
    /// What covers a line, as indices of `all`.
    by_line: BTreeMap<usize, Vec<usize>>,
    /// What covers the whole file.
    of_file: Vec<usize>,
    /// What is wrong with them by itself.
    pub findings: Vec<Finding>,
}

/// Why a finding is silenced, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// The reason.
    pub reason: String,
    /// Where the rule is named.
    pub at: At,
}

/// One rule, silenced in one place.
#[derive(Debug)]
struct Silence {
    rule: String,
    reason: String,
    at: At,
    is_used: bool,
}

impl Silences {
    /// Reads the suppressions of a script.
    #[must_use]
    pub fn read(file: FileId, text: &[u8], lines: &Lines) -> Self {
        let comments = comment::comments(text);
        // A comment that stands alone speaks of the next line that is more than a comment.
        let alone: BTreeMap<usize, bool> = comments
            .iter()
            .map(|comment| (lines.place(text, comment.start).line, is_alone(text, lines, *comment)))
            .collect();
        let mut silences = Self::default();
        for comment in &comments {
            let Some(order) = Order::read(comment.of(text)) else { continue };
            let line = lines.place(text, comment.start).line;
            let mut covered = line;
            while alone.get(&covered).copied().unwrap_or(false) {
                covered += 1;
            }
            silences.add(file, comment.start, order, covered);
        }
        silences
    }

    fn add(&mut self, file: FileId, start: usize, order: Order, line: usize) {
        let at = |part: &Part| At::new(file, Span::new(start + part.start, start + part.start + part.text.len()));
        let (word, ids, reason) = match order {
            Order::Allow { word, ids, reason } => (word, ids, reason),
            Order::Unclear(part) => {
                self.findings.push(idle(at(&part), "this suppression is not understood".to_owned()));
                return;
            }
        };
        let Some(reason) = reason else {
            let ids: Vec<&str> = ids.iter().map(|id| id.text.as_str()).collect();
            self.findings.push(
                Finding::new(WITHOUT_REASON.id, at(&word), "this suppression gives no reason", "a reason is missing")
                    .consequence("nobody can tell later whether it still holds, so it silences nothing")
                    .way_out(format!("write why: -- roof-lint: {}({}): why", word.text, ids.join(", "))),
            );
            return;
        };
        for id in ids {
            let at = at(&id);
            if let Some(finding) = unknown(at, &id.text) {
                self.findings.push(finding);
                continue;
            }
            let index = self.all.len();
            self.all.push(Silence { rule: id.text, reason: reason.clone(), at, is_used: false });
            if word.text == FILE {
                self.of_file.push(index);
            } else {
                self.by_line.entry(line).or_default().push(index);
            }
        }
    }

    /// What silences a finding that stands in these lines, if anything does.
    pub fn cover(&mut self, rule: &str, lines: Range<usize>) -> Option<Silenced> {
        let of_line = |line: &usize| self.by_line.get(line).into_iter().flatten();
        // The line on which it starts, or the one on which it ends.
        let last = lines.end.saturating_sub(1).max(lines.start);
        let indices: Vec<usize> = of_line(&lines.start).chain(of_line(&last)).chain(&self.of_file).copied().collect();
        let mut silenced = None;
        for index in indices {
            if let Some(silence) = self.all.get_mut(index).filter(|silence| silence.rule == rule) {
                silence.is_used = true;
                silenced.get_or_insert_with(|| Silenced { reason: silence.reason.clone(), at: silence.at });
            }
        }
        silenced
    }

    /// A finding for each suppression that has silenced nothing.
    pub fn idle(&self) -> impl Iterator<Item = Finding> {
        self.all
            .iter()
            .filter(|silence| !silence.is_used)
            .map(|silence| idle(silence.at, format!("this suppression of {} silences nothing", silence.rule)))
    }
}

fn idle(at: At, message: String) -> Finding {
    Finding::new(IDLE.id, at, message, "silences nothing")
        .consequence("it looks like a decision about this place, and is none")
        .way_out("remove it, or put it at the end of the guilty line or alone on the line before: -- roof-lint: allow(rule-id): why")
}

fn unknown(at: At, rule: &str) -> Option<Finding> {
    let ids: Vec<&str> = all_rules().map(|rule| rule.id).collect();
    if ids.contains(&rule) {
        return None;
    }
    let near = nearest(rule, &ids)
        .map_or_else(|| "`roof-lint rules` lists the rules".to_owned(), |near| format!("did you mean {near}?"));
    let finding = Finding::new(IDLE.id, at, format!("there is no rule {rule}"), "silences nothing");
    Some(finding.consequence("it looks like a decision about this place, and is none").way_out(near))
}

/// Whether nothing but white space stands before the comment on its line.
fn is_alone(text: &[u8], lines: &Lines, comment: Span) -> bool {
    let line = lines.span(lines.place(text, comment.start).line).unwrap_or_default();
    Span::new(line.start, comment.start).of(text).iter().all(u8::is_ascii_whitespace)
}

/// The word that silences a line.
const LINE: &str = "allow";
/// The word that silences a file.
const FILE: &str = "allow-file";

/// A part of a comment.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// Offset within the comment.
    start: usize,
    text: String,
}

/// What a comment orders.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Allow { word: Part, ids: Vec<Part>, reason: Option<String> },
    Unclear(Part),
}

impl Order {
    /// Nothing, if the comment does not speak to this program.
    fn read(comment: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(comment);
        let order = text.trim_start_matches('-').trim_start().strip_prefix("roof-lint:")?.trim();
        let part = |inner: &str| {
            // Both are parts of one text.
            let start = (inner.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            Part { start: start.min(comment.len()), text: inner.to_owned() }
        };
        Some(Self::parse(order, &part).unwrap_or_else(|| Self::Unclear(part(order))))
    }

    fn parse(order: &str, part: &dyn Fn(&str) -> Part) -> Option<Self> {
        let (word, rest) = order.split_once('(')?;
        let word = word.trim();
        let (ids, rest) = rest.split_once(')')?;
        let ids: Vec<Part> = ids.split(',').map(|id| part(id.trim())).collect();
        if !matches!(word, LINE | FILE) || ids.iter().any(|id| id.text.is_empty()) {
            return None;
        }
        let rest = rest.trim();
        let reason = rest.strip_prefix(':').map(str::trim);
        if reason.is_none() && !rest.is_empty() {
            return None;
        }
        let reason = reason.filter(|reason| !reason.is_empty()).map(str::to_owned);
        Some(Self::Allow { word: part(word), ids, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silences(text: &str) -> Silences {
        Silences::read(FileId::new(0), text.as_bytes(), &Lines::of(text.as_bytes()))
    }

    fn one(order: &str) -> Option<Order> {
        Order::read(order.as_bytes())
    }

    #[test]
    fn orders_are_read() {
        let part = |(start, text): &(usize, &str)| Part { start: *start, text: (*text).to_owned() };
        let allow = |word: (usize, &str), ids: &[(usize, &str)], reason: Option<&str>| {
            let ids = ids.iter().map(part).collect();
            Some(Order::Allow { word: part(&word), ids, reason: reason.map(str::to_owned) })
        };
        assert_eq!(
            one("-- roof-lint: allow(a-b): for a (good) reason: x"),
            allow((14, LINE), &[(20, "a-b")], Some("for a (good) reason: x"))
        );
        assert_eq!(
            one("--roof-lint:allow-file( a , b ) : why\r"),
            allow((12, FILE), &[(24, "a"), (28, "b")], Some("why"))
        );
        assert_eq!(one("-- roof-lint: allow(a)"), allow((14, LINE), &[(20, "a")], None));
        assert_eq!(one("-- roof-lint: allow(a):  "), allow((14, LINE), &[(20, "a")], None));
        for unclear in ["allow", "allow a: why", "allow(): why", "allow(a,): why", "alow(a): why", "allow(a) why", ""] {
            let found = one(&format!("-- roof-lint: {unclear}"));
            assert!(matches!(found, Some(Order::Unclear(part)) if part.text == unclear), "{unclear}");
        }
        assert_eq!(one("-- a word on roof-lint: allow(a): b"), None);
    }

    #[test]
    fn a_suppression_covers_its_line_or_the_next() {
        let text = "SELECT 1; -- roof-lint: allow(idle-silence): here\n\
                    -- roof-lint: allow(idle-silence): there\n-- an aside\n\nSELECT 2;\n\
                    \t-- roof-lint: allow(idle-silence): below\n  -- an aside\nSELECT 3;\n";
        let mut found = silences(text);
        let mut reason = |line: usize| found.cover("idle-silence", line..line + 1).map(|silenced| silenced.reason);
        let reasons: Vec<_> = (1..=9).map(|line| reason(line).unwrap_or_default()).collect();
        assert_eq!(reasons, ["here", "", "", "there", "", "", "", "below", ""]);
        assert_eq!(found.idle().count(), 0);
        let mut found = silences(text);
        assert_eq!(found.cover("silence-without-reason", 1..2), None);
        assert_eq!(found.cover("idle-silence", 3..9).map(|silenced| silenced.reason), Some("below".to_owned()));
        assert_eq!(found.idle().count(), 2);
    }

    #[test]
    fn a_suppression_may_cover_the_file() {
        let mut found = silences("SELECT 1;\n\n-- roof-lint: allow-file(idle-silence): all of it");
        assert_eq!(found.cover("idle-silence", 1..2).map(|silenced| silenced.reason), Some("all of it".to_owned()));
        assert_eq!(found.idle().count(), 0);
    }

    #[test]
    fn what_is_wrong_with_a_suppression_is_a_finding() {
        let told = |text: &str| {
            let found = silences(text).findings;
            found.into_iter().map(|finding| (finding.rule, finding.message, finding.way_out)).collect::<Vec<_>>()
        };
        let wrong = told("-- roof-lint: allow(idle-silence)\n");
        assert_eq!(wrong[0].0, "silence-without-reason");
        assert!(wrong[0].2.ends_with("-- roof-lint: allow(idle-silence): why"));
        let wrong = told("-- roof-lint: allow(idle-silense): why\n");
        assert_eq!((wrong[0].0, &*wrong[0].1), ("idle-silence", "there is no rule idle-silense"));
        assert_eq!(wrong[0].2, "did you mean idle-silence?");
        assert_eq!(told("-- roof-lint: hush\n")[0].1, "this suppression is not understood");
    }
}

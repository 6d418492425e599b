//! Suppressions in SQL comments, `-- roof-lint: allow(rule-id) because reason`, and in
//! `lint.toml`: where they stand and what they cover. Decides no level.

mod allowance;
mod comment;

pub use allowance::Allowances;

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem;

use crate::config::nearest;
use crate::date::Date;
use crate::effect::At;
use crate::finding::{Finding, Level};
use crate::rules::{self, Rule};
use crate::source::{FileId, Lines, Span};

/// A suppression without a reason.
pub static WITHOUT_REASON: Rule = Rule {
    id: "silence-without-reason",
    page: include_str!("../rules/silence-without-reason.md"),
    level: Level::Deny,
    whole: true,
    check: |_, _| {},
};

/// A suppression that silences nothing.
pub static IDLE: Rule = Rule {
    id: "idle-silence",
    page: include_str!("../rules/idle-silence.md"),
    level: Level::Warn,
    whole: true,
    check: |_, _| {},
};

/// A suppression whose time is over.
pub static EXPIRED: Rule = Rule {
    id: "expired-silence",
    page: include_str!("../rules/expired-silence.md"),
    level: Level::Deny,
    whole: true,
    check: |_, _| {},
};

/// Rules that a comment does not silence: what they find is decided on in `lint.toml`, which
/// others review than those who write the script.
const NOT_IN_SCRIPTS: [&str; 4] = ["guard-fails-open", "manifest-mismatch", "protected-rows-lost", "unguarded-change"];

/// Every rule, those of this room last: they judge suppressions, not SQL, and no suppression
/// covers them.
pub fn all_rules() -> impl Iterator<Item = &'static Rule> {
    rules::ALL.iter().copied().chain([&WITHOUT_REASON, &IDLE, &EXPIRED])
}

/// The suppressions of one script.
#[derive(Debug, Default)]
pub struct Silences {
    all: Vec<Silence>,
    /// What covers a line, as indices of `all`.
    by_line: BTreeMap<usize, Vec<usize>>,
    /// What covers a statement.
    by_statement: Vec<(Span, usize)>,
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
    /// Where the rule is named: in the script, or in `lint.toml`.
    pub at: At,
    /// Where that was decided, if `lint.toml` says.
    pub ticket: Option<String>,
    /// The last day on which it holds, if `lint.toml` says.
    pub expires: Option<Date>,
}

/// What a comment covers.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// What starts or ends on the line.
    Line(usize),
    /// What stands within the statement.
    Statement(Span),
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
        // Most scripts hold none, and need not be read for that.
        if memmem::find(text, MARK.as_bytes()).is_none() {
            return Self::default();
        }
        let comments = comment::comments(text);
        // A comment that stands alone speaks of the next line that is more than a comment.
        let alone: BTreeMap<usize, bool> = comments
            .iter()
            .map(|comment| (lines.place(text, comment.span.start).line, is_alone(text, lines, comment.span)))
            .collect();
        let mut silences = Self::default();
        for comment in &comments {
            let Some(order) = Order::read(comment.span.of(text)) else { continue };
            let line = lines.place(text, comment.span.start).line;
            let mut covered = line;
            while alone.get(&covered).copied().unwrap_or(false) {
                covered += 1;
            }
            let is_alone = covered > line;
            let scope = match comment.next {
                Some(statement) if is_alone => Scope::Statement(statement),
                _ => Scope::Line(covered),
            };
            silences.add(file, comment.span.start, order, scope);
        }
        silences
    }

    fn add(&mut self, file: FileId, start: usize, order: Order, scope: Scope) {
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
                    .way_out(format!("write why: -- roof-lint: {}({}) because …", word.text, ids.join(", "))),
            );
            return;
        };
        for id in ids {
            let at = at(&id);
            if let Some(finding) = unknown(at, &id.text).or_else(|| not_here(at, &id.text)) {
                self.findings.push(finding);
                continue;
            }
            let index = self.all.len();
            self.all.push(Silence { rule: id.text, reason: reason.clone(), at, is_used: false });
            match scope {
                _ if word.text == FILE => self.of_file.push(index),
                Scope::Statement(span) => self.by_statement.push((span, index)),
                Scope::Line(line) => self.by_line.entry(line).or_default().push(index),
            }
        }
    }

    /// What silences a finding that stands here, in these lines, if anything does.
    pub fn cover(&mut self, rule: &str, span: Span, lines: Range<usize>) -> Option<Silenced> {
        let of_line = |line: &usize| self.by_line.get(line).into_iter().flatten();
        // The line on which it starts, or the one on which it ends.
        let last = lines.end.saturating_sub(1).max(lines.start);
        let is_here = |(statement, _): &&(Span, usize)| statement.start <= span.start && span.end <= statement.end;
        let of_statement = self.by_statement.iter().filter(is_here).map(|(_, index)| index);
        let all = of_line(&lines.start).chain(of_line(&last)).chain(of_statement).chain(&self.of_file);
        let indices: Vec<usize> = all.copied().collect();
        let mut silenced = None;
        for index in indices {
            if let Some(silence) = self.all.get_mut(index).filter(|silence| silence.rule == rule) {
                silence.is_used = true;
                let found = || Silenced { reason: silence.reason.clone(), at: silence.at, ticket: None, expires: None };
                silenced.get_or_insert_with(found);
            }
        }
        silenced
    }

    /// Whether an edit of these bytes would change what is under a suppression of any rule, or come
    /// between the two. What is silenced in a whole file is not meant.
    #[must_use]
    pub fn touches(&self, edit: Span, text: &[u8], lines: &Lines) -> bool {
        let line = |offset: usize| lines.place(text, offset).line;
        let is_on =
            |number: &usize| (line(edit.start)..=line(edit.end.saturating_sub(1).max(edit.start))).contains(number);
        let is_within = |(statement, index): &(Span, usize)| {
            let comment = self.all.get(*index).map_or(statement.start, |silence| silence.at.span().start);
            // An edit at the start of the comment's line comes before both.
            let start = lines.span(line(comment)).map_or(statement.start, |span| span.start);
            edit.end > start && edit.start <= statement.end
        };
        self.by_line.keys().any(is_on) || self.by_statement.iter().any(is_within)
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
        .way_out("remove it, or put it at the end of the guilty line or alone before the statement: -- roof-lint: allow(rule-id) because …")
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

/// What is wrong with silencing that rule in a script, if anything is.
fn not_here(at: At, rule: &str) -> Option<Finding> {
    NOT_IN_SCRIPTS.contains(&rule).then(|| {
        let message = format!("{rule} cannot be silenced in a script");
        Finding::new(IDLE.id, at, message, "silences nothing")
            .consequence("whoever writes a change would decide whether it needs its guard")
            .way_out(format!("in lint.toml: [[package.allow]] with path, rule = \"{rule}\" and reason"))
    })
}

/// Whether nothing but white space stands before the comment on its line.
fn is_alone(text: &[u8], lines: &Lines, comment: Span) -> bool {
    let line = lines.span(lines.place(text, comment.start).line).unwrap_or_default();
    Span::new(line.start, comment.start).of(text).iter().all(u8::is_ascii_whitespace)
}

/// How a comment begins that speaks to this program.
const MARK: &str = "roof-lint:";
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
        let order = text.trim_start_matches('-').trim_start().strip_prefix(MARK)?.trim();
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
        let because =
            rest.strip_prefix("because").filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        let reason = rest.strip_prefix(':').or(because).map(str::trim);
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
        assert_eq!(
            one("-- roof-lint: allow(a) because\tit is: so"),
            allow((14, LINE), &[(20, "a")], Some("it is: so"))
        );
        assert_eq!(one("-- roof-lint: allow(a) because"), allow((14, LINE), &[(20, "a")], None));
        assert_eq!(one("-- roof-lint: allow(a)"), allow((14, LINE), &[(20, "a")], None));
        assert_eq!(one("-- roof-lint: allow(a):  "), allow((14, LINE), &[(20, "a")], None));
        for unclear in [
            "allow",
            "allow a: why",
            "allow(): why",
            "allow(a,): why",
            "alow(a): why",
            "allow(a) why",
            "allow(a) becausewhy",
            "",
        ] {
            let found = one(&format!("-- roof-lint: {unclear}"));
            assert!(matches!(found, Some(Order::Unclear(part)) if part.text == unclear), "{unclear}");
        }
        assert_eq!(one("-- a word on roof-lint: allow(a): b"), None);
    }

    /// The reasons for which a finding on the `needle`th word `x` of a text is silenced.
    fn reasons(text: &str) -> (Vec<String>, usize) {
        let lines = Lines::of(text.as_bytes());
        let mut found = silences(text);
        let mut reasons = Vec::new();
        for (start, needle) in text.match_indices("<x>") {
            let span = Span::new(start, start + needle.len());
            let line = lines.place(text.as_bytes(), start).line;
            let silenced = found.cover("idle-silence", span, line..line + 1);
            reasons.push(silenced.map_or_else(String::new, |silenced| silenced.reason));
        }
        (reasons, found.idle().count())
    }

    #[test]
    fn a_suppression_covers_its_line_or_the_next_statement() {
        let text = "SELECT '<x>'; -- roof-lint: allow(idle-silence): here\n\
                    -- roof-lint: allow(idle-silence) because there\n-- an aside\n\nSELECT\n '<x>',\n '<x>'; SELECT '<x>';\n\
                    \t-- roof-lint: allow(idle-silence): below\n  /* an aside */\nSELECT '<x>'\n;SELECT '<x>';\n";
        assert_eq!(reasons(text), (["here", "there", "there", "", "below", ""].map(str::to_owned).to_vec(), 0));
        let text = "-- roof-lint: allow(idle-silence): a command\n\\echo '<x>'\nSELECT '<x>';\n";
        assert_eq!(reasons(text), (["a command", ""].map(str::to_owned).to_vec(), 0));
        let other =
            "-- roof-lint: allow(silence-without-reason): x\nSELECT '<x>';\n-- roof-lint: allow(idle-silence): y";
        assert_eq!(reasons(other), (vec![String::new()], 2));
    }

    #[test]
    fn within_a_statement_it_covers_a_line() {
        let text = "SELECT '<x>',\n-- roof-lint: allow(idle-silence): inner\n '<x>',\n '<x>';\n";
        assert_eq!(reasons(text), (["", "inner", ""].map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn within_a_body_it_covers_up_to_the_next_statement() {
        let allow = "-- roof-lint: allow(idle-silence): y\n";
        let text = format!(
            "DO $$\nDECLARE\n a int;\nBEGIN\n{allow} PERFORM '<x>',\n  CASE WHEN a THEN '<x>' ELSE '<x>' END; PERFORM '<x>';\n\
             {allow} IF '<x>' THEN\n  PERFORM '<x>';\n ELSE\n{allow}  PERFORM\n   '<x>';\n  PERFORM '<x>';\n END IF;\nEND $$;\nSELECT '<x>';\n"
        );
        assert_eq!(reasons(&text), (["y", "y", "y", "", "y", "", "y", "", ""].map(str::to_owned).to_vec(), 0));
        let whole = "-- roof-lint: allow(idle-silence): all\nDO $$ BEGIN\n PERFORM '<x>';\n PERFORM '<x>'; END $$;\nSELECT '<x>';";
        assert_eq!(reasons(whole), (["all", "all", ""].map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn a_suppression_may_cover_the_file() {
        let text = "SELECT '<x>';\n\n-- roof-lint: allow-file(idle-silence): all of it";
        assert_eq!(reasons(text), (vec!["all of it".to_owned()], 0));
    }

    #[test]
    fn some_rules_are_not_silenced_in_a_script() {
        for rule in NOT_IN_SCRIPTS {
            assert!(all_rules().any(|known| known.id == rule), "{rule}");
            let text = format!("-- roof-lint: allow({rule}) because I say so\nSELECT 1;\n");
            let mut found = silences(&text);
            assert_eq!(found.cover(rule, Span::new(text.len() - 10, text.len() - 5), 2..3), None);
            let told: Vec<_> = found.findings.iter().map(|finding| finding.message.clone()).collect();
            assert_eq!((told, found.idle().count()), (vec![format!("{rule} cannot be silenced in a script")], 0));
        }
    }

    #[test]
    fn what_is_wrong_with_a_suppression_is_a_finding() {
        let told = |text: &str| {
            let found = silences(text).findings;
            found.into_iter().map(|finding| (finding.rule, finding.message, finding.way_out)).collect::<Vec<_>>()
        };
        let wrong = told("-- roof-lint: allow(idle-silence)\n");
        assert_eq!(wrong[0].0, "silence-without-reason");
        assert!(wrong[0].2.ends_with("-- roof-lint: allow(idle-silence) because …"));
        let wrong = told("-- roof-lint: allow(idle-silense): why\n");
        assert_eq!((wrong[0].0, &*wrong[0].1), ("idle-silence", "there is no rule idle-silense"));
        assert_eq!(wrong[0].2, "did you mean idle-silence?");
        assert_eq!(told("-- roof-lint: hush\n")[0].1, "this suppression is not understood");
    }
}

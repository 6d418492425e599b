//! A claim about a package, with the places in its files that show it. Knows no rule.

use crate::effect::At;

/// What a finding does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is not shown.
    Allow,
    /// It is shown.
    Warn,
    /// The package does not pass.
    Deny,
}

impl Level {
    /// The word for it in `lint.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// What is wrong, where, what follows from it and the way out.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The id of the rule: `delete-outside-tag`.
    pub rule: &'static str,
    /// One sentence: lower case, no full stop, the user's own names in it.
    pub message: String,
    /// The guilty place.
    pub primary: Label,
    /// The places that it contradicts, `lint.toml` among them.
    pub related: Vec<Label>,
    /// What happens if this runs, in one sentence.
    pub consequence: String,
    /// What to do instead.
    pub way_out: String,
    /// The edits that mend it, where that takes no thought.
    pub fix: Option<Fix>,
}

/// Edits that together mend one finding and change nothing else that the package does.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What they do: a clause in the imperative, lower case, no full stop.
    pub what: String,
    /// In the order of the places; no two overlap.
    pub edits: Vec<Edit>,
}

/// Bytes of a file, and the text that takes their place.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The bytes; an empty span is where the text is put in.
    pub at: At,
    /// The text.
    pub text: String,
}

/// A place and what is to be seen there.
#[derive(Debug, Clone)]
pub struct Label {
    /// Where.
    pub at: At,
    /// A few words.
    pub text: String,
}

impl Finding {
    /// A finding at a place; `text` says what is to be seen there.
    #[must_use]
    pub fn new(rule: &'static str, at: At, message: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            primary: Label { at, text: text.into() },
            related: Vec::new(),
            consequence: String::new(),
            way_out: String::new(),
            fix: None,
        }
    }

    /// Adds a place that the guilty one contradicts.
    #[must_use]
    pub fn related(mut self, at: At, text: impl Into<String>) -> Self {
        self.related.push(Label { at, text: text.into() });
        self
    }

    /// Says what happens if this runs.
    #[must_use]
    pub fn consequence(mut self, text: impl Into<String>) -> Self {
        self.consequence = text.into();
        self
    }

    /// Says what to do instead.
    #[must_use]
    pub fn way_out(mut self, text: impl Into<String>) -> Self {
        self.way_out = text.into();
        self
    }
    /// Says how it is mended, if that takes no thought.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }
}

//! What a mutation operator is: a name, the family of rules that owns its mutants, where they
//! come from, and how PostgreSQL shows that they do harm.

use crate::live::Harm;
use crate::package::{Mutant, Package};

/// The rules, by what they are about; a mutant is denied by one of its family's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Transaction,
    Guards,
    Deletes,
    Idempotency,
    Order,
    Protected,
    Manifest,
    Ledger,
    ReadOnly,
    Deltas,
    Timeouts,
    Variables,
    NotAnalysed,
}

impl Family {
    /// The ids of its rules.
    pub(crate) fn rules(self) -> &'static [&'static str] {
        match self {
            Self::Transaction => &["outside-transaction", "stray-transaction-control", "not-transactional"],
            Self::Guards => &["unguarded-change", "guard-fails-open", "unchecked-outcome"],
            Self::Deletes => &["delete-outside-tag", "truncate-outside-tier"],
            Self::Idempotency => &["fails-when-repeated", "changes-when-repeated", "statement-fails"],
            Self::Order => &["drop-parent-first", "cascade-into-baseline"],
            Self::Protected => &["protected-rows-lost"],
            Self::Manifest => &["manifest-mismatch"],
            Self::Ledger => &[
                "leftover-after-rollback",
                "foreign-object-dropped",
                "tier-without-rollback",
                "executor-skips-tier",
                "statement-fails",
            ],
            Self::ReadOnly => &["read-only-writes"],
            Self::Deltas => &["unexpected-delta"],
            Self::Timeouts => &["timeout-missing"],
            Self::Variables => &["variable-undefined", "variable-unquoted", "variable-in-body"],
            Self::NotAnalysed => &["not-analysed", "syntax-error", "unreadable-script", "forbidden-command"],
        }
    }
}

/// A way to make a package wrong.
pub(crate) struct Operator {
    pub name: String,
    pub family: Family,
    /// Fewer mutants than this mean that the operator no longer finds its sites.
    pub least: usize,
    pub harm: Option<Harm>,
    pub mutate: Box<dyn Fn(&Package) -> Vec<Mutant> + Send + Sync>,
}

impl Operator {
    /// An operator without a demonstration.
    pub(crate) fn new(
        family: Family,
        name: &str,
        least: usize,
        mutate: impl Fn(&Package) -> Vec<Mutant> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), family, least, harm: None, mutate: Box::new(mutate) }
    }

    /// With one.
    #[must_use]
    pub(crate) fn shown(self, harm: Harm) -> Self {
        Self { harm: Some(harm), ..self }
    }
}

/// The elements at most `count` of which are taken, spread evenly.
pub(crate) fn spread<T>(all: Vec<T>, count: usize) -> Vec<T> {
    let total = all.len();
    if total <= count {
        return all;
    }
    let wanted: Vec<usize> = (0..count).map(|index| index * total / count).collect();
    all.into_iter().enumerate().filter(|(index, _)| wanted.contains(index)).map(|(_, one)| one).collect()
}

//! The rules. Each is a page, a level and one function over a [`Case`]; none sees a parser, a
//! disk or a clock.

use crate::config::{self, Config};
use crate::finding::{Finding, Level};

/// A package as the rules see it.
pub struct Case<'a> {
    /// The whole of `lint.toml`.
    pub config: &'a Config,
    /// The package.
    pub package: &'a config::Package,
}

/// A rule.
pub struct Rule {
    /// Its id; also the stem of its page.
    pub id: &'static str,
    /// Its page: what is wrong, why, an example and a better one, and what it cannot see.
    pub page: &'static str,
    /// Its level where `lint.toml` sets no other.
    pub level: Level,
    /// Finds what is wrong.
    pub check: fn(&Case<'_>, &mut Vec<Finding>),
}

/// Every rule, in the order in which they are explained.
pub static ALL: &[&Rule] = &[];

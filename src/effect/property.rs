//! What a definition says besides what has a field of its own.

use std::collections::BTreeMap;

use super::Ident;

/// What a definition says of an object by PostgreSQL's names: `fillfactor`, `parallel`,
/// `command`. No value is what PostgreSQL takes where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Properties(Box<[(Ident, Option<Ident>)]>);

impl Properties {
    /// One property alone.
    #[must_use]
    pub fn one(name: &str, value: Option<&str>) -> Self {
        [(Ident::new(name), value.map(Ident::new))].into_iter().collect()
    }

    /// The same where nothing was said before: what PostgreSQL takes by itself need not be said.
    #[must_use]
    pub fn of_definition(self) -> Self {
        Self(self.0.into_vec().into_iter().filter(|(_, value)| value.is_some()).collect())
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Ident, Option<&Ident>)> {
        self.0.iter().map(|(name, value)| (name, value.as_ref()))
    }

    /// What is said of that.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Ident> {
        self.iter().find(|(own, _)| *own == name).and_then(|(_, value)| value)
    }

    /// The same but for that one.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(own, _)| own != name).cloned().collect())
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts what is said in the place of what was.
    pub fn set(&self, properties: &mut BTreeMap<Ident, Ident>) {
        for (name, value) in self.iter() {
            match value {
                Some(value) => drop(properties.insert(name.clone(), value.clone())),
                None => drop(properties.remove(name)),
            }
        }
    }
}

/// Of a name that comes twice the last counts.
impl FromIterator<(Ident, Option<Ident>)> for Properties {
    fn from_iter<T: IntoIterator<Item = (Ident, Option<Ident>)>>(pairs: T) -> Self {
        let said: BTreeMap<Ident, Option<Ident>> = pairs
            .into_iter()
            .map(|(name, value)| {
                let value = value.filter(|value| !is_default(&name, value));
                (name, value)
            })
            .collect();
        Self(said.into_iter().collect())
    }
}

/// Whether PostgreSQL's catalogs hold the same where nothing is said. Storage parameters are not among
/// them: that one is set is kept, whatever its value.
fn is_default(name: &str, value: &str) -> bool {
    match name {
        "access method" => matches!(value, "btree" | "heap"),
        "volatility" => value == "volatile",
        "parallel" => value == "unsafe",
        "cost" => value == "100",
        "rows" => value == "1000",
        "leakproof" | "strict" | "security" | "window" | "cycle" | "unlogged" => value == "false",
        "policy" => value == "permissive",
        "command" => value == "all",
        "roles" => value == "public",
        "increment" | "start" | "cache" | "minvalue" => value == "1",
        "maxvalue" => value == "9223372036854775807",
        "as" => matches!(value, "bigint" | "int8"),
        "match" => value == "simple",
        "replica identity" | "compression" | "collation" => value == "default",
        "statistics" => value == "-1",
        "tablespace" => value == "pg_default",
        _ => false,
    }
}

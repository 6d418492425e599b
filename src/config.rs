//! `lint.toml`: the packages and their rollout tables as data. Every path, and every name
//! that can be wrong, keeps its place in the text. Reads no file itself.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::ops::Range;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
pub use toml::Spanned;

use crate::date::Date;
use crate::fault::Fault;
use crate::finding::Level;

/// The whole of `lint.toml`, with its text so that a fault can point into it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name by which faults call the file, as the user gave it.
    pub name: String,
    /// The text as it was read.
    pub text: String,
    /// Levels of rules that differ from their own.
    pub levels: Levels,
    /// The packages in the order of the file.
    pub packages: Vec<Package>,
}

/// One release package. Paths are relative to `root`, which is relative to `lint.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Package {
    /// What the package is called on the command line.
    pub name: Spanned<String>,
    /// The directory of the package.
    pub root: Spanned<String>,
    /// The only database that the package may run in; `*` for any.
    pub database: Spanned<String>,
    /// The role that the operator uses.
    pub role: Option<Spanned<String>>,
    /// The `sha256sum -c` file that covers the package.
    pub manifest: Option<Spanned<String>>,
    /// Creates the roles of a clone's cluster; run by a superuser in any database.
    pub roles: Option<Spanned<String>>,
    /// Builds the database before the release: scripts, or a dump of its schema. Where it is
    /// not said: `clone`.
    #[serde(default)]
    pub baseline: Vec<Spanned<String>>,
    /// Builds the clone in an empty database.
    pub clone: Option<Spanned<String>>,
    /// Opens the gate on a clone.
    pub ratify: Option<Spanned<String>>,
    /// The read-only check before the first tier.
    pub preflight: Option<Spanned<String>>,
    /// Runs the whole release.
    pub executor: Option<Spanned<String>>,
    /// The read-only checks after the last tier, in order.
    #[serde(default)]
    pub verify: Vec<Spanned<String>>,
    /// Undoes the whole release.
    pub full_rollback: Option<Spanned<String>>,
    /// Undoes one tier, which a tier's `undo` names.
    pub tier_rollback: Option<Spanned<String>>,
    /// The tags of the release's rows; one that ends in `%` is a pattern of LIKE.
    #[serde(default)]
    pub tags: Vec<Spanned<String>>,
    /// The columns that tags stand in.
    #[serde(default)]
    pub tag_columns: Vec<Spanned<String>>,
    /// Tables whose rows are never deleted.
    #[serde(default)]
    pub protected: Vec<Spanned<String>>,
    /// Settings that must be in effect when anything is locked or changed.
    #[serde(default)]
    pub timeouts: Vec<Spanned<String>>,
    /// Commands of psql that are allowed beyond the harmless ones.
    #[serde(default)]
    pub allow_metacommands: Vec<Spanned<String>>,
    /// Levels of rules that differ from those of all packages.
    #[serde(default)]
    pub levels: Levels,
    /// Findings that are meant to be there.
    #[serde(default)]
    pub allow: Vec<Allowance>,
    /// The psql variables of a rehearsal.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// What must hold before anything may run.
    #[serde(default)]
    pub gate: Vec<Condition>,
    /// What is the same before and after the release.
    #[serde(default)]
    pub invariant: Vec<Measure>,
    /// The tiers in the order in which they run.
    #[serde(default)]
    pub tier: Vec<Tier>,
    /// What the release comes to.
    #[serde(default)]
    pub end_state: Vec<Measure>,
}

/// A rule that is silenced in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allowance {
    /// The file, or `lint.toml`.
    pub path: Spanned<String>,
    /// The id of the rule.
    pub rule: Spanned<String>,
    /// Why.
    pub reason: Option<Spanned<String>>,
    /// Where that was decided.
    pub ticket: Option<Spanned<String>>,
    /// The last day on which it holds.
    pub expires: Option<Spanned<Date>>,
}

/// Levels of rules by their ids, both with their places.
pub type Levels = BTreeMap<Spanned<String>, Spanned<Level>>;

/// The name of what stands for a `lint.toml` where there is none.
const ASSUMED: &str = "assumed lint.toml";

/// One row of the rollout table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tier {
    /// The number by which the documents call it.
    pub number: Spanned<u32>,
    /// Its title.
    pub name: String,
    /// Its script.
    pub file: Spanned<String>,
    /// The psql setting `name=value` that makes the tier rollback undo this tier alone.
    pub undo: Option<Spanned<String>>,
    /// The script that undoes this tier alone, where each tier has its own.
    pub rollback: Option<Spanned<String>>,
    /// What must hold to enter it.
    #[serde(default)]
    pub stops_unless: Vec<Condition>,
    /// What it adds; nothing else may change in number. Where it is not said a rehearsal
    /// expects nothing, and the linter does not count.
    pub adds: Option<Adds>,
    /// What must hold before it commits.
    #[serde(default)]
    pub leaves: Vec<Measure>,
    /// What its rollback leaves behind on purpose, as a finding names it: `trigger t of u`.
    #[serde(default)]
    pub keeps: Vec<Spanned<String>>,
}

/// A statement about the database that is true or false.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    /// What it says, in words.
    pub what: String,
    /// The same as a boolean SQL expression.
    pub holds: Spanned<String>,
}

/// A value in the database and what it has to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Measure {
    /// What is measured, in words.
    pub what: String,
    /// The same as an SQL expression of one value.
    pub value: Spanned<String>,
    /// What it has to be.
    pub is: Value,
    /// Whether it is so after the first run only: a rehearsal looks, the script need not.
    #[serde(default)]
    pub once: bool,
}

/// What a tier adds to the schema `public`; negative numbers take away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Adds {
    /// Tables.
    pub tables: i64,
    /// Views.
    pub views: i64,
    /// Functions.
    pub functions: i64,
    /// Rows by table; a table that is not named gets none.
    pub rows: BTreeMap<String, Rows>,
}

/// How many rows a tier adds to one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// This many.
    Exactly(i64),
    /// At least one; the number depends on the state that the tier finds.
    Guarded,
}

/// A value of SQL as `lint.toml` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `is = 3`
    Integer(i64),
    /// `is = true`
    Boolean(bool),
    /// `is = "active"`
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    levels: Levels,
    #[serde(default)]
    package: Vec<Package>,
}

impl Config {
    /// Reads the text of a `lint.toml`; `name` is what faults call the file.
    pub fn parse(name: &str, text: &str) -> Result<Self, Fault> {
        let file: File = toml::from_str(text).map_err(|error| refusal(name, text, &error))?;
        let config = Self { name: name.to_owned(), text: text.to_owned(), levels: file.levels, packages: file.package };
        config.check_names()?;
        Ok(config)
    }

    /// What stands for a `lint.toml` where there is none: a package of which each file, a
    /// path from the directory of the run, is a tier that nothing guards and nothing undoes.
    pub fn of_files(files: &[String]) -> Self {
        let text = files.iter().enumerate().fold(String::new(), |mut text, (index, file)| {
            let number = index + 1;
            let quoted = toml::Value::from(file.as_str());
            // Writing to a string cannot fail.
            let _ = write!(text, "[[package.tier]]\nnumber = {number}\nname = {quoted}\nfile = {quoted}\n");
            text
        });
        let head = "[levels]\ntier-without-rollback = \"allow\"\n[[package]]\nname = \"files\"\nroot = \".\"\ndatabase = \"*\"\n";
        let text = format!("{head}{text}");
        // The text is ours, so it can be read; were it not so, nothing would be analysed.
        Self::parse(ASSUMED, &text).unwrap_or(Self {
            name: ASSUMED.to_owned(),
            text: String::new(),
            levels: Levels::new(),
            packages: Vec::new(),
        })
    }

    /// A fault whose cause is the value at `span`.
    pub fn fault(&self, message: impl Into<String>, span: Range<usize>, label: &str) -> Fault {
        Fault::new(message).at(&self.name, &self.text, span, label)
    }

    /// The package of that name.
    pub fn package(&self, name: &str) -> Result<&Package, Fault> {
        if let Some(package) = self.packages.iter().find(|package| package.name.get_ref() == name) {
            return Ok(package);
        }
        let names: Vec<_> = self.packages.iter().map(|package| package.name.get_ref().as_str()).collect();
        let way_out = nearest(name, &names).map_or_else(
            || format!("the packages are: {}", names.join(", ")),
            |near| format!("did you mean \"{near}\"?"),
        );
        Err(Fault::new(format!("{} has no package \"{name}\"", self.name)).way_out(way_out))
    }

    /// Refuses levels of rules that do not exist; `ids` are those that do.
    pub fn check_rules(&self, ids: &[&str]) -> Result<(), Fault> {
        let named = self.packages.iter().flat_map(|package| package.levels.keys()).chain(self.levels.keys());
        let first = named.filter(|id| !ids.contains(&id.get_ref().as_str())).min_by_key(|id| id.span().start);
        let Some(unknown) = first else { return Ok(()) };
        let way_out = nearest(unknown.get_ref(), ids)
            .map_or_else(|| "`roof-lint rules` lists the rules".to_owned(), |near| format!("did you mean `{near}`?"));
        let message = format!("there is no rule `{}`", unknown.get_ref());
        Err(self.fault(message, unknown.span(), "here").way_out(way_out))
    }

    /// The level that a rule has in a package, if `lint.toml` sets one, with the place where.
    pub fn level<'a>(&'a self, package: &'a Package, rule: &str) -> Option<&'a Spanned<Level>> {
        package.levels.get(rule).or_else(|| self.levels.get(rule))
    }

    fn check_names(&self) -> Result<(), Fault> {
        for (index, package) in self.packages.iter().enumerate() {
            let name = package.name.get_ref();
            if self.packages.iter().take(index).any(|earlier| earlier.name.get_ref() == name) {
                let message = format!("two packages are called \"{name}\"");
                return Err(self.fault(message, package.name.span(), "the second one").way_out("rename one of them"));
            }
            for (place, tier) in package.tier.iter().enumerate() {
                let number = tier.number.get_ref();
                let Some(earlier) = package.tier.iter().take(place).map(|tier| tier.number.get_ref()).max() else {
                    continue;
                };
                if number <= earlier {
                    let message = format!("tier {number} of package \"{name}\" comes after tier {earlier}");
                    return Err(self
                        .fault(message, tier.number.span(), "out of order")
                        .way_out("list the tiers in the order in which they run, each number once"));
                }
            }
        }
        Ok(())
    }
}

impl Package {
    /// The path of a file of the package, relative to the directory of `lint.toml`.
    pub fn path(&self, file: &Spanned<String>) -> String {
        match self.root.get_ref().trim_end_matches('/') {
            "" | "." => file.get_ref().clone(),
            root => format!("{root}/{}", file.get_ref()),
        }
    }

    /// What [`Package::path`] makes that path of; none of a file elsewhere.
    #[must_use]
    pub fn below<'f>(&self, path: &'f str) -> Option<&'f str> {
        match self.root.get_ref().trim_end_matches('/') {
            "" | "." => Some(path),
            root => path.strip_prefix(root)?.strip_prefix('/'),
        }
    }

    /// Every script that the package names, in the order of the keys.
    pub fn scripts(&self) -> impl Iterator<Item = &Spanned<String>> {
        [&self.roles, &self.clone, &self.ratify, &self.preflight, &self.executor]
            .into_iter()
            .flatten()
            .chain(&self.baseline)
            .chain(&self.verify)
            .chain(&self.full_rollback)
            .chain(&self.tier_rollback)
            .chain(self.tier.iter().flat_map(|tier| [Some(&tier.file), tier.rollback.as_ref()]).flatten())
    }
}

impl Value {
    /// The value as psql prints it, unaligned.
    pub fn as_psql(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Boolean(true) => "t".to_owned(),
            Self::Boolean(false) => "f".to_owned(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = toml::value::Datetime::deserialize(deserializer)?;
        let date = written.date.filter(|_| written.time.is_none() && written.offset.is_none());
        date.and_then(|date| Self::new(date.year, date.month, date.day))
            .ok_or_else(|| de::Error::custom(format!("{written} is no date: write YYYY-MM-DD")))
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;
        impl Visitor<'_> for RowsVisitor {
            type Value = Rows;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of rows or \"guarded\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Rows, E> {
                Ok(Rows::Exactly(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rows, E> {
                match text {
                    "guarded" => Ok(Rows::Guarded),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(RowsVisitor)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;
        impl Visitor<'_> for ValueVisitor {
            type Value = Value;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an integer, a string or a boolean")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Integer(number))
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Value, E> {
                Ok(Value::Boolean(truth))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(ValueVisitor)
    }
}

/// Turns the parser's refusal into a fault at its place, with the nearest known key when
/// the key is the trouble.
fn refusal(name: &str, text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(0..0);
    // serde quotes names with backquotes: first the key that it met, then those it knows.
    let mut quoted = error.message().split('`').skip(1).step_by(2);
    let fault = match quoted.next() {
        Some(key) if error.message().starts_with("unknown field") => {
            let known: Vec<_> = quoted.collect();
            let way_out = nearest(key, &known)
                .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            Fault::new(format!("unknown key `{key}` in {name}")).way_out(way_out)
        }
        Some(key) if error.message().starts_with("missing field") => {
            Fault::new(format!("the key `{key}` is missing in {name}")).way_out(format!("add `{key} = …`"))
        }
        Some(value) if error.message().starts_with("unknown variant") => {
            let known: Vec<_> = quoted.collect();
            let way_out = nearest(value, &known).map_or_else(
                || format!("known here: {}", known.join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            Fault::new(format!("unknown value \"{value}\" in {name}")).way_out(way_out)
        }
        _ => Fault::new(format!("{name} cannot be read: {}", error.message().trim_end().replace('\n', ", "))),
    };
    fault.at(name, text, span, "here")
}

/// The candidate that `word` was most likely meant to be, if any is near.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 2)
        .min()
        .map(|(_, candidate)| candidate)
}

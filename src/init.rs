//! A first `lint.toml` for a repository: looks at the names of its scripts and at what they
//! include, and writes down what it took each for. Judges nothing.

#![allow(clippy::disallowed_methods, reason = "looks through a repository that nothing describes yet")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::fault::Fault;
use crate::psql::{self, Item};
use crate::source::visible;

/// Directories in which no release is kept.
const SKIPPED: [&str; 4] = ["node_modules", "target", "vendor", "venv"];
/// So many scripts are looked at.
const MOST: usize = 2_000;
/// Settings that a release should not be without.
const TIMEOUTS: [&str; 3] = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];

/// A script by its path from where `lint.toml` is to stand, `/` between the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The path.
    pub path: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The scripts and the manifests below a directory, in the order of their names.
pub fn look(directory: &Path) -> Result<(Vec<Script>, Vec<String>), Fault> {
    let (mut scripts, mut manifests) = (Vec::new(), Vec::new());
    let is_wanted = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || entry.file_type().is_dir() && SKIPPED.contains(&&*name))
    };
    for entry in WalkDir::new(directory).sort_by_file_name().into_iter().filter_entry(is_wanted) {
        // What cannot be read is not described; the linter would say so.
        let Ok(entry) = entry else { continue };
        let Some(path) = entry.path().strip_prefix(directory).ok().and_then(Path::to_str) else { continue };
        if !entry.file_type().is_file() {
            continue;
        }
        let name = path.to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if matches!(ending, "sql" | "psql") {
            let bytes = fs::read(entry.path()).map_err(|error| Fault::disk("read", entry.path(), &error))?;
            scripts.push(Script { path: path.to_owned(), bytes });
        } else if name.contains("sha256") && (ending == "txt" || name.ends_with("sums")) {
            manifests.push(path.to_owned());
        }
        if scripts.len() > MOST {
            return Err(Fault::new(format!("there are more than {MOST} scripts below {}", directory.display()))
                .way_out("go into the directory of one release"));
        }
    }
    Ok((scripts, manifests))
}

/// What a script was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Baseline,
    Preflight,
    Tier,
    Executor,
    Verify,
    Rollback,
    FullRollback,
    Unknown,
}

/// A `lint.toml` for these scripts, and how many tiers it has. Nothing, if there is no script.
#[must_use]
pub fn describe(scripts: &[Script], manifests: &[String]) -> Option<(String, usize)> {
    let paths: Vec<&str> = scripts.iter().map(|script| script.path.as_str()).collect();
    let path_of = |index: usize| paths.get(index).copied().unwrap_or_default();
    let root = common(&paths)?;
    let within =
        |path: &str| path.strip_prefix(root.as_str()).map_or(path, |rest| rest.trim_start_matches('/')).to_owned();
    let includes: Vec<Vec<String>> = scripts.iter().map(includes).collect();
    let inner: BTreeSet<&str> = includes.iter().flatten().map(String::as_str).collect();
    let part = |index: usize| {
        let (path, own) = (path_of(index), includes.get(index).map_or(0, Vec::len));
        part_of(&within(path), own, inner.contains(path))
    };
    let of = |wanted: Part| (0..scripts.len()).filter(|index| part(*index) == wanted).collect::<Vec<usize>>();
    let executors = of(Part::Executor);
    let is_named = |index: &&usize| runs(file_name(path_of(**index)));
    let executor = executors.iter().find(is_named).or_else(|| executors.first()).copied();
    let mut tiers = of(Part::Tier);
    if let Some(order) = executor.and_then(|index| includes.get(index)) {
        let place = |index: &usize| order.iter().position(|path| path_of(*index) == path);
        tiers.sort_by_key(|index| (place(index).unwrap_or(usize::MAX), *index));
    }
    // Without a number in their names they still have an order.
    if tiers.is_empty() {
        tiers = of(Part::Unknown).into_iter().filter(|index| !inner.contains(path_of(*index))).collect();
    }
    let rollbacks = of(Part::Rollback);
    let numbers = numbers(&tiers.iter().map(|index| within(path_of(*index))).collect::<Vec<_>>());
    let show = |index: &usize| quoted(&within(path_of(*index)));
    let list = |indices: &[usize]| format!("[{}]", indices.iter().map(show).collect::<Vec<_>>().join(", "));

    let mut text = "# What roof-lint knows of this repository, as `roof-lint init` guessed it from names: mend it.\n\
                    # `roof-lint` checks it, `roof-lint explain RULE` explains what it finds.\n\n[[package]]\n"
        .to_owned();
    let mut used: Vec<usize> = tiers.clone();
    // Writing to a string cannot fail.
    let line = |text: &mut String, note: &str, key: &str, value: Option<String>, example: &str| {
        let _ = writeln!(text, "# {note}");
        let _ = match value {
            Some(value) => writeln!(text, "{key} = {value}"),
            None => writeln!(text, "# {key} = {example}"),
        };
    };
    let name = if root.is_empty() { "release".to_owned() } else { root.replace('/', "-") };
    line(&mut text, "What the package is called: roof-lint --package NAME.", "name", Some(quoted(&name)), "");
    let shown_root = if root.is_empty() { "." } else { root.as_str() };
    line(&mut text, "Its directory; every path below starts there.", "root", Some(quoted(shown_root)), "");
    let database = scripts.iter().find_map(|script| database(&script.bytes));
    let note = match database {
        Some(_) => "The only database that it may run in: a script asks for it.",
        None => "The only database that it may run in; \"*\" is any. Name yours, and every change has to ask for it.",
    };
    line(&mut text, note, "database", Some(quoted(database.as_deref().unwrap_or("*"))), "");
    let manifest = manifests.iter().find(|path| root.is_empty() || path.starts_with(&format!("{root}/")));
    let manifest = manifest.map(|path| quoted(&within(path)));
    line(
        &mut text,
        "Hashes of all files: roof-lint manifest --write.",
        "manifest",
        manifest,
        "\"manifest-sha256.txt\"",
    );
    let baseline = of(Part::Baseline);
    let value = (!baseline.is_empty()).then(|| list(&baseline));
    let note = "What builds the database before the release: scripts, or a pg_dump --schema-only. Without it\n\
                # objects that are there already are not known, and what touches them cannot be proved.";
    line(&mut text, note, "baseline", value, "[\"schema.sql\"]");
    used.extend(&baseline);
    let preflight = of(Part::Preflight).first().copied();
    line(
        &mut text,
        "Checks, read-only, before the first tier.",
        "preflight",
        preflight.as_ref().map(show),
        "\"00_preflight.sql\"",
    );
    used.extend(preflight);
    line(&mut text, "Runs the whole release.", "executor", executor.as_ref().map(show), "\"run_all.sql\"");
    used.extend(executor);
    let verify = of(Part::Verify);
    let value = (!verify.is_empty()).then(|| list(&verify));
    line(&mut text, "Check, read-only, after the last tier.", "verify", value, "[\"90_verify.sql\"]");
    used.extend(&verify);
    let full = of(Part::FullRollback).first().copied();
    line(&mut text, "Undoes the whole release.", "full-rollback", full.as_ref().map(show), "\"rollback.sql\"");
    used.extend(full);
    let tags = "The tags of the rows that the release writes, and the columns that they stand in: a DELETE has to ask for one.";
    line(&mut text, tags, "tags", None, "[\"R2026_11\"]");
    let _ = writeln!(text, "# tag-columns = [\"created_by\"]");
    line(&mut text, "Tables whose rows are never deleted.", "protected", None, "[\"approvals\"]");
    let settings: Vec<String> = TIMEOUTS
        .iter()
        .filter(|name| {
            tiers.iter().any(|index| scripts.get(*index).is_some_and(|script| contains(&script.bytes, name)))
        })
        .map(|name| quoted(name))
        .collect();
    let value = (!settings.is_empty()).then(|| format!("[{}]", settings.join(", ")));
    line(
        &mut text,
        "Settings that have to be in effect when anything is locked or changed.",
        "timeouts",
        value,
        "[\"lock_timeout\", \"statement_timeout\"]",
    );
    text.push_str(
        "\n# What has to hold before anything may change; every tier has to ask for it.\n# [[package.gate]]\n\
         # what = \"a human approved\"\n# holds = \"EXISTS (SELECT FROM approvals)\"\n",
    );
    text.push_str("\n# The tiers in the order in which they run. `adds` says what comes of one, `leaves` what it has to\n# check before COMMIT, `rollback` what undoes it alone.\n");
    for (index, number) in tiers.iter().zip(numbers) {
        let path = within(path_of(*index));
        let _ = write!(
            text,
            "\n[[package.tier]]\nnumber = {number}\nname = {}\nfile = {}\n",
            quoted(&title(&path)),
            quoted(&path)
        );
        let own = rollbacks.iter().find(|rollback| same_tier(&path, &within(path_of(**rollback))));
        let _ = match own {
            Some(rollback) => writeln!(text, "rollback = {}", show(rollback)),
            None => writeln!(text, "# rollback = \"rollback/{}\"", visible(file_name(&path))),
        };
        used.extend(own);
        text.push_str("# adds = { tables = 1, rows = { queue = 3 } }\n");
    }
    let left: Vec<usize> =
        (0..scripts.len()).filter(|index| !used.contains(index) && !inner.contains(path_of(*index))).collect();
    if !left.is_empty() {
        text.push_str("\n# Not placed; a script that nothing names is not checked:\n");
        for index in &left {
            let _ = writeln!(text, "#   {}", visible(&within(path_of(*index))));
        }
    }
    Some((text, tiers.len()))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The directory that holds all of these paths; empty for the one that they start from.
fn common(paths: &[&str]) -> Option<String> {
    let mut parts: Vec<&str> = directory(paths.first()?).split('/').filter(|part| !part.is_empty()).collect();
    for path in paths {
        let own: Vec<&str> = directory(path).split('/').filter(|part| !part.is_empty()).collect();
        let same = parts.iter().zip(&own).take_while(|(left, right)| left == right).count();
        parts.truncate(same);
    }
    Some(parts.join("/"))
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The scripts that a script includes, from where `lint.toml` is to stand.
fn includes(script: &Script) -> Vec<String> {
    let items = psql::read(&script.bytes).items;
    let named = items.iter().filter_map(|item| match item {
        Item::Metacommand { command, .. } => Some(command),
        _ => None,
    });
    let named = named.filter_map(|command| {
        let from = match command.name.as_str() {
            "i" | "include" => "",
            "ir" | "include_relative" => directory(&script.path),
            _ => return None,
        };
        let name = command.arguments.first()?.literal()?;
        let name = String::from_utf8(name).ok()?;
        let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
        for part in name.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    });
    named.collect()
}

/// What a script is by its path within the package, and by what it includes.
fn part_of(path: &str, includes: usize, is_included: bool) -> Part {
    let path = path.to_ascii_lowercase();
    let name = file_name(&path);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let undoes = ["rollback", "undo", "revert", "teardown", ".down."];
    if undoes.iter().any(|word| path.contains(word)) || directory(&path).split('/').any(|part| part == "down") {
        let is_full =
            has(&["full", "all"]) || has(&["rollback", "undo", "revert", "teardown"]) && number(name).is_none();
        return if is_full { Part::FullRollback } else { Part::Rollback };
    }
    if has(&["preflight", "precheck", "pre_check"]) {
        return Part::Preflight;
    }
    if includes > 0 && runs(name) || includes > 1 && !is_included {
        return Part::Executor;
    }
    if path.contains("verify") || has(&["postcheck", "post_check", "probe", "validate"]) {
        return Part::Verify;
    }
    if has(&["baseline", "schema", "before", "dump"]) && number(name).is_none() {
        return Part::Baseline;
    }
    if number(name).is_some() { Part::Tier } else { Part::Unknown }
}

/// Whether a name is that of what runs a whole release.
fn runs(name: &str) -> bool {
    ["run", "all", "main", "release", "deploy", "apply"].iter().any(|word| name.to_ascii_lowercase().contains(word))
}

/// The number that a name begins with: `10_structure.sql`, `V3__x.sql`.
fn number(name: &str) -> Option<u32> {
    let digits = name.trim_start_matches(['v', 'V', 'u', 'U']);
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The numbers in the names, if they ascend; else a count.
fn numbers(paths: &[String]) -> Vec<u32> {
    let own: Vec<u32> = paths.iter().filter_map(|path| number(file_name(path))).collect();
    let ascend = own.len() == paths.len() && own.windows(2).all(|pair| matches!(pair, [left, right] if left < right));
    if ascend { own } else { (1..).take(paths.len()).collect() }
}

/// A name for a tier: `10_new_shelf.sql` is `new shelf`.
fn title(path: &str) -> String {
    let name = file_name(path);
    let stem = name.split('.').next().unwrap_or(name);
    let words = stem
        .trim_start_matches(|character: char| character.is_ascii_digit() || matches!(character, 'v' | 'V' | '_' | '-'));
    let words = if words.is_empty() { stem } else { words };
    words.replace(['_', '-'], " ")
}

/// Whether a rollback undoes a tier alone: the same name, or the same number, elsewhere.
fn same_tier(tier: &str, rollback: &str) -> bool {
    let (tier, rollback) = (file_name(tier), file_name(rollback));
    tier == rollback || number(tier).is_some() && number(tier) == number(rollback)
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// The database that a script asks for: `current_database() <> 'directus'`.
fn database(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("current_database()")?;
    let rest = rest.trim_start();
    let operators = ["IS NOT DISTINCT FROM", "IS DISTINCT FROM", "<>", "!=", "="];
    let rest = operators.iter().find_map(|operator| rest.strip_prefix(operator))?.trim_start();
    let (name, _) = rest.strip_prefix('\'')?.split_once('\'')?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::config::Config;

    fn described(files: &[(&str, &str)]) -> (Config, String) {
        let script = |(path, text): &(&str, &str)| Script { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() };
        let (text, _) =
            describe(&files.iter().map(script).collect::<Vec<_>>(), &["db/SHA256SUMS".to_owned()]).expect("scripts");
        (Config::parse("lint.toml", &text).expect("it is sound"), text)
    }

    #[test]
    fn parts_are_told_by_names_and_includes() {
        let (config, text) = described(&[
            ("db/00_preflight.sql", ""),
            ("db/10_a.sql", "SET LOCAL lock_timeout = '1s'; SELECT current_database() <> 'shop';\n\\ir parts/x.sql\n"),
            ("db/20_b.sql", ""),
            ("db/90_verify.sql", ""),
            ("db/99_run_all.sql", "\\ir 20_b.sql\n\\ir 10_a.sql\n"),
            ("db/parts/x.sql", ""),
            ("db/rollback/10_a.sql", ""),
            ("db/rollback/full.sql", ""),
            ("db/schema.sql", ""),
            ("db/notes \"x\".sql", ""),
        ]);
        let package = &config.packages[0];
        let name = |name: &Option<crate::config::Spanned<String>>| name.as_ref().map(|name| name.get_ref().clone());
        assert_eq!((package.root.get_ref().as_str(), package.database.get_ref().as_str()), ("db", "shop"));
        assert_eq!(name(&package.preflight).as_deref(), Some("00_preflight.sql"));
        assert_eq!(name(&package.executor).as_deref(), Some("99_run_all.sql"));
        assert_eq!(name(&package.full_rollback).as_deref(), Some("rollback/full.sql"));
        assert_eq!(name(&package.manifest).as_deref(), Some("SHA256SUMS"));
        assert_eq!((package.verify.len(), package.baseline.len(), package.timeouts.len()), (1, 1, 1));
        // In the order in which the executor runs them, which is not that of their numbers.
        let tiers: Vec<_> = package
            .tier
            .iter()
            .map(|tier| (*tier.number.get_ref(), tier.file.get_ref().as_str(), name(&tier.rollback)))
            .collect();
        assert_eq!(tiers, [(1, "20_b.sql", None), (2, "10_a.sql", Some("rollback/10_a.sql".to_owned()))]);
        assert!(
            text.contains("# Not placed; a script that nothing names is not checked:\n#   notes \"x\".sql\n"),
            "{text}"
        );
    }

    #[test]
    fn scripts_without_numbers_are_tiers_by_their_names() {
        let (config, _) = described(&[("b.sql", ""), ("a.sql", "")]);
        let files: Vec<_> = config.packages[0].tier.iter().map(|tier| tier.file.get_ref().as_str()).collect();
        assert_eq!((config.packages[0].root.get_ref().as_str(), files), (".", vec!["b.sql", "a.sql"]));
        assert_eq!(describe(&[], &[]), None);
    }
}

//! Family 12: psql's variables are defined, quoted, and not within a dollar quote.

use crate::live::Harm;
use crate::operator::{Family, Operator};
use crate::package::{Mutant, Package};
use crate::text::{Kind, edit, significant, statements};
use crate::transaction::each;

/// Edits each `:'name'` of the scripts of a package that the executor or a rollback runs.
fn uses(name: &str, least: usize, change: fn(&str) -> String) -> Operator {
    let what = name.to_owned();
    Operator::new(Family::Variables, name, least, move |package| {
        let mut mutants = Vec::new();
        let paths = package.changers().into_iter().map(|(_, _, path)| path).chain(package.readers());
        for path in paths {
            let text = package.text(&path);
            let all = significant(text, 0..text.len());
            for pair in all.windows(2) {
                let [colon, name] = pair else { continue };
                let is_use =
                    &text[colon.span.clone()] == ":" && name.kind == Kind::Text && colon.span.end == name.span.start;
                if !is_use {
                    continue;
                }
                let (at, length) = (colon.span.start, name.span.len() - 2);
                let name = &text[at + 2..at + 2 + length];
                let edited = edit(text, &[(at..at + length + 3, change(name))]);
                let mut mutant = Mutant::new(&path, format!("{path}: {what} at {at}: {name}"), edited);
                mutant.undo = (name == "tier").then(|| "tier=all".to_owned());
                mutants.push(mutant);
            }
        }
        mutants
    })
    .shown(Harm::Fails)
}

/// Adds a statement before the check of each transaction.
fn added(name: &str, statement: &'static str) -> Operator {
    each(Family::Variables, name, 20, Package::works, move |text, work| {
        Some(edit(text, &[(work.end()..work.end(), format!("{statement}\n\n"))]))
    })
}

pub(crate) fn operators() -> Vec<Operator> {
    vec![
        uses("unquoted", 6, |name| format!(":{name}")),
        uses("unquoted, within quotes", 6, |name| format!("':{name}'")),
        uses("quoted as a name", 6, |name| format!(":\"{name}\"")),
        uses("misspelt", 6, |name| format!(":'{name}_code'")),
        uses("in upper case", 6, |name| format!(":'{}'", name.to_uppercase())),
        uses("dollar-quoted", 6, |name| format!("$q$:'{name}'$q$")),
        Operator::new(Family::Variables, "in the body of a block", 4, |package| {
            let mut mutants = Vec::new();
            let paths = package.changers().into_iter().map(|(_, _, path)| path).chain(package.readers());
            for path in paths {
                let text = package.text(&path);
                for block in statements(text).iter().filter_map(|one| one.block(text)) {
                    let body = &text[block.body.clone()];
                    for name in ["ratified_apr", "tier"] {
                        for old in [
                            format!("current_setting('one_roof.{name}')"),
                            format!("current_setting('one_roof.{name}', true)"),
                        ] {
                            if let Some(at) = body.find(&old) {
                                let at = block.body.start + at;
                                let edited = edit(text, &[(at..at + old.len(), format!(":'{name}'"))]);
                                let mut mutant =
                                    Mutant::new(&path, format!("{path}: :'{name}' in a block at {at}"), edited);
                                mutant.undo = (name == "tier").then(|| "tier=all".to_owned());
                                mutants.push(mutant);
                            }
                        }
                    }
                }
            }
            mutants
        })
        .shown(Harm::Fails),
        each(Family::Variables, "in the body of the guard", 20, Package::works, |text, work| {
            let block = work.guards.first()?;
            let at = block.begin.end;
            let new = "\n    IF :'operator' = '' THEN\n        RAISE EXCEPTION 'refused: who are you?';\n    END IF;"
                .to_owned();
            Some(edit(text, &[(at..at, new)]))
        })
        .shown(Harm::Fails),
        added("defined nowhere", "SELECT :'operator' AS who;").shown(Harm::Fails),
        added("defined nowhere, as a name", "SELECT count(*) FROM :\"release_table\";").shown(Harm::Fails),
        added("defined nowhere, in an \\if", "\\if :careful\nSELECT 1 AS careful;\n\\endif"),
        added("defined nowhere, in a setting", "SELECT set_config('one_roof.operator', :'operator', true);")
            .shown(Harm::Fails),
        added(
            "defined only in the arm that is not taken",
            "\\if false\n\\set operator somebody\n\\endif\nSELECT :'operator' AS who;",
        )
        .shown(Harm::Fails),
        added("unset before it is used", "\\set operator somebody\n\\unset operator\nSELECT :'operator' AS who;")
            .shown(Harm::Fails),
        added("defined after it is used", "SELECT :'release_operator' AS who;\n\\set release_operator somebody")
            .shown(Harm::Fails),
        added("unquoted, and read as a sum", "\\set operator 2026-06-03\nSELECT :operator AS who;"),
        added(
            "in a function's body",
            "CREATE OR REPLACE FUNCTION pg_temp.who() RETURNS text LANGUAGE sql AS $body$ SELECT :'operator' $body$;",
        )
        .shown(Harm::Fails),
    ]
}

//! Rewrites that say the same by other words of SQL and PL/pgSQL.

use std::ops::Range;

use crate::package::{Delete, Role};
use crate::rewrite::{Changed, Rewrite};
use crate::text::{Block, If, Statement, edit, statements};

/// Puts something in the place of each statement that starts with these words.
fn statement(
    name: &str,
    least: usize,
    starts: &'static str,
    change: impl Fn(&str, &Statement) -> Option<String> + Send + Sync + 'static,
) -> Rewrite {
    Rewrite::texts(name, least, move |_, _, text| {
        let all = statements(text).into_iter().filter(|one| one.starts(text, starts));
        let edits: Vec<(Range<usize>, String)> =
            all.filter_map(|one| Some((one.span.clone(), change(text, &one)?))).collect();
        Some(edit(text, &edits))
    })
}

/// Another statement in the place of each that is exactly this.
fn instead(name: &str, least: usize, old: &'static str, new: &'static str) -> Rewrite {
    let first = old.split([' ', ';']).next().unwrap_or(old);
    statement(name, least, first, move |text, one| (one.text(text) == old).then(|| new.to_owned()))
}

/// The IFs at the top of a block that do nothing but raise.
fn raising(text: &str) -> Vec<(Block, If)> {
    let blocks = statements(text).into_iter().filter_map(|one| one.block(text));
    let raises = |check: &If| {
        let then = text[check.then.clone()].trim();
        check.depth == 0 && !check.branches && then.starts_with("RAISE EXCEPTION") && statements(then).len() == 1
    };
    blocks
        .flat_map(|block| {
            block.ifs.clone().into_iter().filter(&raises).map(|check| (block.clone(), check)).collect::<Vec<_>>()
        })
        .collect()
}

/// Puts a pattern in the place of each IF that raises.
fn check(name: &str, pattern: &'static str) -> Rewrite {
    Rewrite::texts(name, 20, move |_, _, text| {
        let edits: Vec<(Range<usize>, String)> = raising(text)
            .into_iter()
            .map(|(_, check)| {
                let new = pattern
                    .replace("{if}", &text[check.span.clone()])
                    .replace("{condition}", &text[check.condition.clone()])
                    .replace("{then}", text[check.then.clone()].trim());
                (check.span, new)
            })
            .collect();
        Some(edit(text, &edits))
    })
}

/// Another condition in the place of each that is exactly this.
fn condition(name: &str, least: usize, old: &'static str, new: &'static str) -> Rewrite {
    Rewrite::texts(name, least, move |_, _, text| {
        let checks = raising(text).into_iter().filter(|(_, check)| text[check.condition.clone()] == *old);
        let edits: Vec<(Range<usize>, String)> = checks.map(|(_, check)| (check.condition, new.to_owned())).collect();
        Some(edit(text, &edits))
    })
}

/// Rewrites `(SELECT count(*) FROM …) <> number`, given the query and the number.
fn count(name: &str, change: fn(&str, &str) -> Option<String>) -> Rewrite {
    Rewrite::texts(name, 6, move |_, _, text| {
        let edits: Vec<(Range<usize>, String)> = raising(text)
            .into_iter()
            .filter_map(|(_, check)| {
                let (query, number) =
                    text[check.condition.clone()].strip_prefix("(SELECT count(*) FROM ")?.split_once(") <> ")?;
                let is_plain = number.chars().all(|c| c.is_ascii_digit()) && !query.contains(['(', ')', '\n']);
                Some((check.condition, change(query, number).filter(|_| is_plain)?))
            })
            .collect();
        Some(edit(text, &edits))
    })
}

/// Rewrites each DO block, given its parts.
fn block(
    name: &str,
    change: impl Fn(&str, &Block) -> Option<Vec<(Range<usize>, String)>> + Send + Sync + 'static,
) -> Rewrite {
    Rewrite::texts(name, 15, move |_, _, text| {
        let blocks = statements(text).into_iter().filter_map(|one| one.block(text));
        let edits: Vec<(Range<usize>, String)> = blocks.filter_map(|block| change(text, &block)).flatten().collect();
        Some(edit(text, &edits))
    })
}

/// The same where a transaction may make functions.
fn helper(
    name: &str,
    change: impl Fn(&str, &Block) -> Option<Vec<(Range<usize>, String)>> + Send + Sync + 'static,
) -> Rewrite {
    Rewrite::texts(name, 15, move |package, path, text| {
        if package.readers().contains(path) {
            return None;
        }
        // What stands outside of a transaction may not make any.
        let begin = statements(text).into_iter().find(|one| one.starts(text, "BEGIN"))?.span.start;
        let blocks = statements(text).into_iter().filter(|one| one.span.start > begin);
        let edits = blocks.filter_map(|one| change(text, &one.block(text)?)).flatten().collect::<Vec<_>>();
        Some(edit(text, &edits))
    })
}

/// Puts a pattern in the place of each DELETE by a tag.
fn delete(name: &str, pattern: &str) -> Rewrite {
    deleting(name, pattern.to_owned(), |_| true)
}

/// The same in the place of those that fit.
fn deleting(name: &str, pattern: String, fits: fn(&Delete) -> bool) -> Rewrite {
    Rewrite::texts(name, 2, move |package, path, text| {
        let all = package.deletes().into_iter().filter(|delete| delete.work.path == path && !delete.tag.contains('%'));
        let edits: Vec<(Range<usize>, String)> = all
            .filter(fits)
            .map(|delete| {
                let like = format!("'{}'", delete.tag.trim_matches('\'').replace('_', "\\_"));
                let (left, right) = delete.tag.split_at(delete.tag.len() / 2);
                let new = pattern
                    .replace("{table}", &delete.table)
                    .replace("{where}", &delete.condition)
                    .replace("{column}", &delete.column)
                    .replace("{like}", &like)
                    .replace("{sum}", &format!("{left}' || '{right}"))
                    .replace("{continued}", &format!("{left}'\n    '{right}"))
                    .replace("{plain}", delete.tag.trim_matches('\''))
                    .replace("{quoted}", &delete.condition.replace('\'', "''"))
                    .replace("{tag}", &delete.tag);
                (delete.statement.span, new)
            })
            .collect();
        Some(edit(text, &edits))
    })
}

/// Puts another condition in the place of each that compares the tag alone.
fn tag(name: &str, condition: &'static str) -> Rewrite {
    deleting(name, format!("DELETE FROM {{table}} WHERE {condition};"), |delete| !delete.condition.contains(" AND "))
}

/// Moves a part of each transaction of a script into a file of its own.
fn split(name: &str, least: usize, part: fn(&str, &crate::package::Work) -> Option<Range<usize>>) -> Rewrite {
    Rewrite::new(name, least, move |package, path| {
        let text = package.text(path);
        let (directory, file) = path.rsplit_once('/')?;
        let mut changed = Changed::new();
        let mut edits = Vec::new();
        for (index, work) in package.works().iter().filter(|work| work.path == path).enumerate() {
            let range = part(text, work)?;
            let name = format!("part_{index}_of_{file}");
            changed.insert(format!("{directory}/{name}"), format!("{}\n", &text[range.clone()]));
            edits.push((range, format!("\n\\ir {name}\n")));
        }
        changed.insert(path.to_owned(), edit(text, &edits));
        (!edits.is_empty()).then_some(changed)
    })
}

/// Rewrites the includes of each chain.
fn includes(name: &str, change: fn(&str) -> String) -> Rewrite {
    Rewrite::texts(name, 3, move |_, _, text| {
        let all = statements(text).into_iter();
        let edits: Vec<(Range<usize>, String)> =
            all.filter_map(|one| Some((one.span.clone(), change(one.text(text).strip_prefix("\\ir ")?)))).collect();
        Some(edit(text, &edits))
    })
}

/// Rewrites the drops of each rollback that stand one after the other.
fn drops(name: &str, least: usize, kind: &'static str, change: fn(&[String]) -> String) -> Rewrite {
    Rewrite::texts(name, least, move |_, _, text| {
        let starts = format!("DROP {kind} IF EXISTS");
        let all: Vec<Statement> = statements(text).into_iter().filter(|one| one.starts(text, &starts)).collect();
        let names: Vec<String> = all.iter().map(|one| one.nth(text, 4).to_owned()).collect();
        let mut edits: Vec<(Range<usize>, String)> = all.iter().map(|one| (one.span.clone(), String::new())).collect();
        edits.first_mut()?.1 = change(&names);
        Some(edit(text, &edits))
    })
}

/// Rewrites each `ON CONFLICT (…) DO NOTHING`, given the table.
fn conflict(name: &str, change: fn(&str) -> String) -> Rewrite {
    Rewrite::texts(name, 8, move |_, _, text| {
        let all = statements(text).into_iter().filter(|one| one.starts(text, "INSERT INTO"));
        let edits: Vec<(Range<usize>, String)> = all
            .filter_map(|one| {
                let at = one.find(text, "CONFLICT")?;
                Some((one.tokens[at - 1].span.start..one.span.end - 1, change(one.nth(text, 2))))
            })
            .collect();
        Some(edit(text, &edits))
    })
}

/// Another way to set each timeout; `{name}` and `{value}` are its parts.
fn setting(name: &str, pattern: &'static str) -> Rewrite {
    statement(name, 15, "SET LOCAL", move |text, one| {
        let is_timeout = one.nth(text, 2).ends_with("timeout");
        is_timeout.then(|| pattern.replace("{name}", one.nth(text, 2)).replace("{value}", one.nth(text, 4)))
    })
}

/// The same length in other units.
fn unit(name: &str, values: &'static [(&'static str, &'static str)]) -> Rewrite {
    statement(name, 15, "SET LOCAL", move |text, one| {
        let (_, new) = values.iter().find(|(old, _)| *old == one.nth(text, 4))?;
        Some(format!("SET LOCAL {} = {new};", one.nth(text, 2)))
    })
}

/// Rewrites every text outside of strings and comments that is exactly this.
fn phrase(name: &str, least: usize, old: &'static str, new: &'static str) -> Rewrite {
    Rewrite::texts(name, least, move |_, _, text| {
        let edits: Vec<(Range<usize>, String)> =
            text.match_indices(old).map(|(at, _)| (at..at + old.len(), new.to_owned())).collect();
        Some(edit(text, &edits))
    })
}

fn transactions() -> Vec<Rewrite> {
    let mut all = Vec::new();
    for new in [
        "START TRANSACTION;",
        "BEGIN WORK;",
        "BEGIN TRANSACTION;",
        "begin;",
        "BEGIN ISOLATION LEVEL READ COMMITTED;",
        "BEGIN READ WRITE;",
    ] {
        all.push(instead(&format!("{new} for BEGIN"), 15, "BEGIN;", new));
    }
    for new in ["END;", "COMMIT WORK;", "COMMIT TRANSACTION;", "END TRANSACTION;", "COMMIT AND NO CHAIN;"] {
        all.push(instead(&format!("{new} for COMMIT"), 15, "COMMIT;", new));
    }
    for new in [
        "START TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ;",
        "BEGIN READ ONLY ISOLATION LEVEL SERIALIZABLE;",
        "BEGIN;\nSET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;",
    ] {
        all.push(instead(
            &format!("{new} for a transaction that reads"),
            3,
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;",
            new,
        ));
    }
    all
}

fn settings() -> Vec<Rewrite> {
    vec![
        setting("TO for =", "SET LOCAL {name} TO {value};"),
        setting("set_config for SET LOCAL", "SELECT set_config('{name}', {value}, true);"),
        setting("a harmless setting as well", "SET LOCAL {name} = {value};\nSET LOCAL client_min_messages = notice;"),
        setting("set twice", "SET LOCAL {name} = '1min';\nSET LOCAL {name} = {value};"),
        setting("the name quoted", "SET LOCAL \"{name}\" = {value};"),
        unit(
            "milliseconds",
            &[("'5s'", "'5000ms'"), ("'1min'", "60000"), ("'2min'", "'120000'"), ("'5min'", "300000")],
        ),
        unit("seconds", &[("'1min'", "'60s'"), ("'2min'", "'120 s'"), ("'5min'", "'300s'")]),
        unit("fractions", &[("'5s'", "'5.0s'"), ("'2min'", "'0.0333333333333333h'")]),
        Rewrite::texts("settings in another order", 10, |package, path, text| {
            let mut edits = Vec::new();
            for work in package.works().iter().filter(|work| work.path == path) {
                let all: Vec<&Statement> = work.statements.iter().filter(|one| one.starts(text, "SET LOCAL")).collect();
                edits.extend(
                    all.iter()
                        .zip(all.iter().rev())
                        .map(|(here, there)| (here.span.clone(), there.text(text).to_owned())),
                );
            }
            Some(edit(text, &edits))
        }),
    ]
}

fn checks() -> Vec<Rewrite> {
    const DATABASE: &str = "current_database() IS DISTINCT FROM 'directus'";
    const GATE: &str = "(SELECT count(*) FROM os_proposal_approvals) < 1";
    let mut all = vec![
        check(
            "CASE for IF",
            "CASE\n        WHEN {condition} THEN\n            {then}\n        ELSE\n            NULL;\n    END CASE;",
        ),
        check("ELSE raises", "IF ({condition}) IS NOT TRUE THEN\n        NULL;\n    ELSE\n        {then}\n    END IF;"),
        check("ELSIF raises", "IF false THEN\n        NULL;\n    ELSIF {condition} THEN\n        {then}\n    END IF;"),
        check("a block of its own", "BEGIN\n        {if}\n    END;"),
        check("a labelled block", "<<asked>>\n    BEGIN\n        {if}\n    END asked;"),
        check("WHILE for IF", "WHILE {condition} LOOP\n        {then}\n    END LOOP;"),
        check("a loop that runs once", "FOR turn IN 1..1 LOOP\n        {if}\n    END LOOP;"),
        check("a LOOP that is left", "LOOP\n        {if}\n        EXIT;\n    END LOOP;"),
        check("IS TRUE", "IF ({condition}) IS TRUE THEN\n        {then}\n    END IF;"),
        check("NOT NOT", "IF NOT (NOT ({condition})) THEN\n        {then}\n    END IF;"),
        check("OR false", "IF ({condition}) OR false THEN\n        {then}\n    END IF;"),
        check("true AND", "IF true AND ({condition}) THEN\n        {then}\n    END IF;"),
        check("coalesce to true", "IF coalesce({condition}, true) THEN\n        {then}\n    END IF;"),
        check("two IFs in one another", "IF true THEN\n        {if}\n    END IF;"),
        check(
            "a variable for the condition",
            "DECLARE\n        is_wrong CONSTANT boolean := {condition};\n    BEGIN\n        IF is_wrong THEN\n            {then}\n        END IF;\n    END;",
        ),
        check(
            "SELECT INTO a variable",
            "DECLARE\n        is_wrong boolean;\n    BEGIN\n        SELECT {condition} INTO is_wrong;\n        IF is_wrong THEN\n            {then}\n        END IF;\n    END;",
        ),
        check(
            "a variable that is assigned",
            "DECLARE\n        is_right boolean;\n    BEGIN\n        is_right := NOT ({condition});\n        IF NOT is_right THEN\n            {then}\n        END IF;\n    END;",
        ),
        check(
            "a handler that raises again",
            "BEGIN\n        {if}\n    EXCEPTION\n        WHEN OTHERS THEN RAISE;\n    END;",
        ),
        Rewrite::texts("a handler of another error", 15, |_, _, text| {
            // A query could fail in that other way.
            let checks =
                raising(text).into_iter().filter(|(_, check)| !text[check.condition.clone()].contains("SELECT"));
            let edits: Vec<(Range<usize>, String)> = checks
                .map(|(_, check)| {
                    let new = "BEGIN\n        {if}\n    EXCEPTION\n        WHEN division_by_zero THEN NULL;\n    END;";
                    (check.span.clone(), new.replace("{if}", &text[check.span]))
                })
                .collect();
            Some(edit(text, &edits))
        }),
        check(
            "a handler that raises in other words",
            "BEGIN\n        {if}\n    EXCEPTION\n        WHEN raise_exception THEN RAISE EXCEPTION '%', SQLERRM;\n    END;",
        ),
        check("a notice before", "RAISE NOTICE 'asking';\n    {if}"),
        block("RAISE for RAISE EXCEPTION", |text, block| {
            let all = text[block.body.clone()].match_indices("RAISE EXCEPTION '");
            let edits = all.map(|(at, _)| (block.body.start + at, block.body.start + at + 15));
            Some(edits.map(|(start, end)| (start..end, "RAISE".to_owned())).collect())
        }),
        Rewrite::texts("ELSIF for a second IF", 10, |_, _, text| {
            let checks = raising(text);
            let mut edits = Vec::new();
            let mut was_joined = false;
            for pair in checks.windows(2) {
                let [(_, first), (_, second)] = pair else { continue };
                let gap = &text[first.span.end..second.span.start];
                if !was_joined && gap.trim().is_empty() {
                    edits.push((first.then.end..second.condition.start, "ELSIF ".to_owned()));
                    was_joined = true;
                } else {
                    was_joined = false;
                }
            }
            Some(edit(text, &edits))
        }),
        block("LANGUAGE plpgsql", |_, block| {
            Some(vec![(block.span.start..block.span.start + 2, "DO LANGUAGE plpgsql".to_owned())])
        }),
        block("another dollar quote", |text, block| {
            let open = text[block.span.start..block.body.start].rfind(' ')? + block.span.start + 1;
            let close = block.body.end..block.span.end - 1;
            Some(vec![(open..block.body.start, "$another_1$".to_owned()), (close, "$another_1$".to_owned())])
        }),
        block("an empty dollar quote", |text, block| {
            let open = text[block.span.start..block.body.start].rfind(' ')? + block.span.start + 1;
            Some(vec![(open..block.body.start, "$$".to_owned()), (block.body.end..block.span.end - 1, "$$".to_owned())])
        }),
        block("a string for the dollar quote", |text, block| {
            let body = text[block.body.clone()].replace('\'', "''");
            Some(vec![(block.span.clone(), format!("DO '{body}';"))])
        }),
        block("RETURN at the end", |_, block| Some(vec![(block.end.start..block.end.start, "RETURN;\n".to_owned())])),
        block("a labelled body", |_, block| {
            Some(vec![
                (block.end.clone(), "END".to_owned()),
                (block.body.start..block.body.start, "\n<<body>>".to_owned()),
            ])
        }),
        helper("a helper function that is called", |text, block| {
            let delimiter = text[block.span.start..block.body.start].split_whitespace().last()?;
            let head =
                format!("CREATE OR REPLACE FUNCTION pg_temp.helper() RETURNS void LANGUAGE plpgsql AS {delimiter}");
            let call = "\nSELECT pg_temp.helper();".to_owned();
            Some(vec![(block.span.start..block.body.start, head), (block.span.end..block.span.end, call)])
        }),
        helper("a helper function that a block calls", |text, block| {
            let delimiter = text[block.span.start..block.body.start].split_whitespace().last()?;
            let head =
                format!("CREATE OR REPLACE FUNCTION pg_temp.helper() RETURNS void LANGUAGE plpgsql AS {delimiter}");
            let call = "\nDO $call$ BEGIN PERFORM pg_temp.helper(); END $call$;".to_owned();
            Some(vec![(block.span.start..block.body.start, head), (block.span.end..block.span.end, call)])
        }),
        helper("a helper procedure that is called", |text, block| {
            let delimiter = text[block.span.start..block.body.start].split_whitespace().last()?;
            let head = format!("CREATE OR REPLACE PROCEDURE pg_temp.helping() LANGUAGE plpgsql AS {delimiter}");
            Some(vec![
                (block.span.start..block.body.start, head),
                (block.span.end..block.span.end, "\nCALL pg_temp.helping();".to_owned()),
            ])
        }),
        block("the first check in a block of its own", |text, block| {
            let first = block.ifs.first().filter(|first| first.depth == 0 && !first.branches)?;
            let is_plain = text[block.body.start..block.begin.start].trim().is_empty();
            let alone = format!("DO $first$\nBEGIN\n    {}\nEND\n$first$;\n\n", &text[first.span.clone()]);
            is_plain.then(|| vec![(block.span.start..block.span.start, alone), (first.span.clone(), String::new())])
        }),
    ];
    for new in [
        "current_database() <> 'directus'",
        "current_database() != 'directus'",
        "'directus' <> current_database()",
        "NOT (current_database() = 'directus')",
        "current_database() NOT IN ('directus')",
        "current_catalog <> 'directus'",
        "(SELECT current_database()) IS DISTINCT FROM 'directus'",
        "current_database()::text <> 'directus'",
        "current_database() IS DISTINCT FROM 'directus'::name",
        "pg_catalog.current_database() IS DISTINCT FROM 'directus'",
        "current_database() < 'directus' OR current_database() > 'directus'",
        "current_database() <> ALL (ARRAY['directus'])",
        "coalesce(current_database() <> 'directus', true)",
        "(CASE WHEN current_database() = 'directus' THEN false ELSE true END)",
    ] {
        all.push(condition(&format!("{new} for the database"), 12, DATABASE, new));
    }
    for new in [
        "NOT EXISTS (SELECT FROM os_proposal_approvals)",
        "NOT EXISTS (SELECT 1 FROM os_proposal_approvals)",
        "NOT EXISTS (SELECT * FROM public.os_proposal_approvals LIMIT 1)",
        "NOT EXISTS (TABLE os_proposal_approvals)",
        "(SELECT count(*) FROM os_proposal_approvals) = 0",
        "(SELECT count(*) FROM os_proposal_approvals) <= 0",
        "1 > (SELECT count(*) FROM os_proposal_approvals)",
        "NOT ((SELECT count(*) FROM os_proposal_approvals) >= 1)",
        "NOT ((SELECT count(*) FROM os_proposal_approvals) > 0)",
        "(SELECT count(1) FROM os_proposal_approvals) < 1",
        "(SELECT count(*) FROM os_proposal_approvals AS a) < 1",
        "(SELECT count(a.*) FROM public.os_proposal_approvals a) < 1",
        "(SELECT count(*) FROM (SELECT request_code FROM os_proposal_approvals) AS rows) < 1",
        "(WITH rows AS (SELECT level FROM os_proposal_approvals) SELECT count(*) FROM rows) < 1",
        "coalesce((SELECT count(*) FROM os_proposal_approvals), 0) < 1",
        "(SELECT count(*) = 0 FROM os_proposal_approvals)",
        "(SELECT count(*) < 1 FROM ONLY os_proposal_approvals)",
        "(SELECT count(request_code) FROM os_proposal_approvals) < 1",
        "(SELECT count(*)::integer FROM os_proposal_approvals) < 1::integer",
        "(SELECT count(*) FROM os_proposal_approvals WHERE true) < 1",
        "(SELECT count(*) FROM os_proposal_approvals) BETWEEN 0 AND 0",
        "(SELECT count(*) FROM os_proposal_approvals) IN (0)",
        "(SELECT true FROM os_proposal_approvals LIMIT 1) IS NOT TRUE",
        "(SELECT max(level) FROM os_proposal_approvals) IS NULL",
        "(SELECT coalesce(sum(1), 0) FROM os_proposal_approvals) < 1",
    ] {
        all.push(condition(&format!("{new} for the gate"), 10, GATE, new));
    }
    all.push(Rewrite::texts("the gate counted into a variable", 10, |_, _, text| {
        let checks = raising(text).into_iter().filter(|(_, check)| text[check.condition.clone()] == *GATE);
        let edits: Vec<(Range<usize>, String)> = checks
            .map(|(_, check)| {
                let then = text[check.then.clone()].trim();
                let new = format!("DECLARE\n        ratified bigint;\n    BEGIN\n        SELECT count(*) INTO ratified FROM os_proposal_approvals;\n        IF ratified < 1 THEN\n            {then}\n        END IF;\n    END;");
                (check.span, new)
            })
            .collect();
        Some(edit(text, &edits))
    }));
    all.push(Rewrite::texts("the gate by FOUND", 10, |_, _, text| {
        let checks = raising(text).into_iter().filter(|(_, check)| text[check.condition.clone()] == *GATE);
        let edits: Vec<(Range<usize>, String)> = checks
            .map(|(_, check)| {
                let then = text[check.then.clone()].trim();
                (
                    check.span,
                    format!("PERFORM FROM os_proposal_approvals;\n    IF NOT FOUND THEN\n        {then}\n    END IF;"),
                )
            })
            .collect();
        Some(edit(text, &edits))
    }));
    all.extend([
        count("!= for <>", |query, number| Some(format!("(SELECT count(*) FROM {query}) != {number}"))),
        count("IS DISTINCT FROM for <>", |query, number| {
            Some(format!("(SELECT count(*) FROM {query}) IS DISTINCT FROM {number}"))
        }),
        count("NOT of = for <>", |query, number| Some(format!("NOT ((SELECT count(*) FROM {query}) = {number})"))),
        count("the number first", |query, number| Some(format!("{number} <> (SELECT count(*) FROM {query})"))),
        count("NOT IN for <>", |query, number| Some(format!("(SELECT count(*) FROM {query}) NOT IN ({number})"))),
        count("less or greater for <>", |query, number| {
            Some(format!("(SELECT count(*) FROM {query}) < {number} OR (SELECT count(*) FROM {query}) > {number}"))
        }),
        count("compared within the query", |query, number| Some(format!("(SELECT count(*) <> {number} FROM {query})"))),
        count("EXISTS for count <> 0", |query, number| {
            (number == "0").then(|| format!("EXISTS (SELECT FROM {query})"))
        }),
        count("greater than 0 for <> 0", |query, number| {
            (number == "0").then(|| format!("(SELECT count(*) FROM {query}) > 0"))
        }),
        count("at least 1 for <> 0", |query, number| {
            (number == "0").then(|| format!("1 <= (SELECT count(*) FROM {query})"))
        }),
    ]);
    all
}

fn deletes() -> Vec<Rewrite> {
    vec![
        delete("an alias", "DELETE FROM {table} AS t WHERE t.{where};"),
        delete("ONLY", "DELETE FROM ONLY {table} WHERE {where};"),
        delete(
            "DELETE in a WITH",
            "WITH gone AS (DELETE FROM {table} WHERE {where} RETURNING 1) SELECT count(*) AS gone FROM gone;",
        ),
        delete("RETURNING", "DELETE FROM {table} WHERE {where} RETURNING {column};"),
        delete("in a DO block", "DO $gone$\nBEGIN\n    DELETE FROM {table} WHERE {where};\nEND\n$gone$;"),
        delete(
            "EXECUTE of a string",
            "DO $gone$\nBEGIN\n    EXECUTE 'DELETE FROM {table} WHERE {quoted}';\nEND\n$gone$;",
        ),
        delete(
            "EXECUTE format",
            "DO $gone$\nBEGIN\n    EXECUTE format('DELETE FROM %I WHERE {quoted}', '{table}');\nEND\n$gone$;",
        ),
        delete(
            "in a branch that is always taken",
            "DO $gone$\nBEGIN\n    IF EXISTS (SELECT FROM {table} WHERE {where}) THEN\n        DELETE FROM {table} WHERE {where};\n    END IF;\nEND\n$gone$;",
        ),
        delete("a condition more", "DELETE FROM {table} WHERE {where} AND {column} IS NOT NULL;"),
        delete("AND true", "DELETE FROM {table} WHERE true AND ({where});"),
        delete("twice the same", "DELETE FROM {table} WHERE {where} OR {where};"),
        delete("IS TRUE of the condition", "DELETE FROM {table} WHERE ({where}) IS TRUE;"),
        delete(
            "a subquery with the same condition",
            "DELETE FROM {table} WHERE {where} AND EXISTS (SELECT FROM {table} AS own WHERE own.{where});",
        ),
        delete("the value in a row", "DELETE FROM {table} WHERE {where} AND ({column}, 1) = ({tag}, 1);"),
        tag("the tag first", "{tag} = {column}"),
        tag("IN of one", "{column} IN ({tag})"),
        tag("ANY of one", "{column} = ANY (ARRAY[{tag}])"),
        tag("IS NOT DISTINCT FROM", "{column} IS NOT DISTINCT FROM {tag}"),
        tag("NOT unequal", "NOT ({column} <> {tag})"),
        tag("BETWEEN itself", "{column} BETWEEN {tag} AND {tag}"),
        tag("LIKE with escaped underscores", "{column} LIKE {like}"),
        tag("a sum of strings", "{column} = {sum}"),
        tag("a string in two lines", "{column} = {continued}"),
        tag("dollar-quoted", "{column} = $tag${plain}$tag$"),
        tag("an escape string", "{column} = E{tag}"),
        tag("a cast", "{column} = CAST({tag} AS text)"),
        tag("a Unicode string", "{column} = U&{tag}"),
        tag("a subquery of the value", "{column} = (SELECT {tag})"),
        tag("a VALUES list", "{column} IN (VALUES ({tag}))"),
        tag("NOT IN of nothing else", "NOT ({column} NOT IN ({tag}))"),
        tag("MERGE's own condition", "({column} = {tag}) = true"),
        delete(
            "MERGE",
            "MERGE INTO {table} AS t USING (VALUES ({tag})) AS release (tag) ON t.{where} AND t.{column} = release.tag WHEN MATCHED THEN DELETE;",
        ),
        delete(
            "USING a list of tags",
            "DELETE FROM {table} AS t USING (VALUES ({tag})) AS release (tag) WHERE t.{where} AND t.{column} = release.tag;",
        ),
        Rewrite::texts("conjuncts in another order", 1, |package, path, text| {
            let all = package.deletes().into_iter().filter(|delete| delete.work.path == path);
            let edits: Vec<(Range<usize>, String)> = all
                .filter_map(|delete| {
                    let (left, right) = delete.condition.split_once(" AND ")?;
                    Some((
                        delete.statement.span.clone(),
                        format!("DELETE FROM {} WHERE {right} AND {left};", delete.table),
                    ))
                })
                .collect();
            Some(edit(text, &edits))
        }),
        Rewrite::texts("a psql variable for the tag", 2, |package, path, text| {
            let all =
                package.deletes().into_iter().filter(|delete| delete.work.path == path && delete.tag.contains("PROD_"));
            let edits: Vec<(Range<usize>, String)> = all
                .map(|delete| {
                    let new = delete.statement.text(text).replace(&delete.tag, ":'release_tag'");
                    (delete.statement.span.clone(), format!("\\set release_tag {}\n{new}", delete.tag))
                })
                .collect();
            Some(edit(text, &edits))
        }),
        statement("TRUNCATE TABLE ONLY", 1, "TRUNCATE", |text, one| {
            let names = text[one.span.start + 9..one.span.end - 1].split(", ");
            Some(format!(
                "TRUNCATE TABLE {} CONTINUE IDENTITY RESTRICT;",
                names.map(|name| format!("ONLY {name}")).collect::<Vec<_>>().join(", ")
            ))
        }),
        statement("TRUNCATE in another order", 1, "TRUNCATE", |text, one| {
            let names = text[one.span.start + 9..one.span.end - 1].split(", ");
            let names: Vec<&str> = names.collect();
            Some(format!("TRUNCATE {};", names.into_iter().rev().collect::<Vec<_>>().join(", ")))
        }),
    ]
}

fn structure() -> Vec<Rewrite> {
    vec![
        drops("one DROP VIEW of all", 2, "VIEW", |names| format!("DROP VIEW IF EXISTS {};", names.join(", "))),
        drops("one DROP TABLE of all", 3, "TABLE", |names| {
            format!("DROP TABLE IF EXISTS {} RESTRICT;", names.join(", "))
        }),
        drops("a DO block drops the views", 2, "VIEW", |names| {
            let list: Vec<String> = names.iter().map(|name| format!("DROP VIEW IF EXISTS {name};")).collect();
            format!("DO $drop$\nBEGIN\n    {}\nEND\n$drop$;", list.join("\n    "))
        }),
        drops("a loop drops the views", 2, "VIEW", |names| {
            let list: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            format!(
                "DO $drop$\nDECLARE\n    name text;\nBEGIN\n    FOREACH name IN ARRAY ARRAY[{}] LOOP\n        EXECUTE format('DROP VIEW IF EXISTS %I', name);\n    END LOOP;\nEND\n$drop$;",
                list.join(", ")
            )
        }),
        drops("a loop drops the tables", 3, "TABLE", |names| {
            let list: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            format!(
                "DO $drop$\nDECLARE\n    names CONSTANT text[] := ARRAY[{}];\n    name text;\nBEGIN\n    FOREACH name IN ARRAY names LOOP\n        EXECUTE 'DROP TABLE IF EXISTS public.' || quote_ident(name);\n    END LOOP;\nEND\n$drop$;",
                list.join(", ")
            )
        }),
        statement("DROP RESTRICT", 3, "DROP", |text, one| {
            Some(format!("{} RESTRICT;", one.text(text).trim_end_matches(';')))
        }),
        phrase(
            "DROP FUNCTION without its arguments",
            1,
            "DROP FUNCTION IF EXISTS fn_governance_scan(text);",
            "DROP FUNCTION IF EXISTS public.fn_governance_scan;",
        ),
        phrase("DROP ROUTINE", 1, "DROP FUNCTION IF EXISTS", "DROP ROUTINE IF EXISTS"),
        conflict("ON CONFLICT of any key", |_| "ON CONFLICT DO NOTHING".to_owned()),
        conflict("ON CONFLICT by the name of the key", |table| {
            format!("ON CONFLICT ON CONSTRAINT {table}_pkey DO NOTHING")
        }),
        phrase("timestamp with time zone", 5, " timestamptz ", " timestamp with time zone "),
        phrase("character varying", 5, " varchar(", " character varying("),
        phrase("bool", 1, " boolean NOT NULL DEFAULT false", " bool DEFAULT false NOT NULL"),
        phrase("int8", 2, " bigint NOT NULL", " int8 NOT NULL"),
        phrase(
            "NO ACTION said",
            1,
            "REFERENCES axis_registry ON DELETE RESTRICT",
            "REFERENCES public.axis_registry (axis_code) ON DELETE RESTRICT",
        ),
        Rewrite::texts("VALUES as a SELECT", 4, |_, _, text| {
            let all = statements(text).into_iter().filter(|one| one.starts(text, "INSERT INTO"));
            let edits: Vec<(Range<usize>, String)> = all
                .filter_map(|one| {
                    let (values, conflict) = (one.find(text, "VALUES")?, one.find(text, "CONFLICT")?);
                    let rows = text[one.tokens[values].span.end..one.tokens[conflict - 1].span.start].trim();
                    let select = format!("SELECT * FROM (VALUES {rows}) AS listed\n");
                    Some((one.tokens[values].span.start..one.tokens[conflict - 1].span.start, select))
                })
                .collect();
            Some(edit(text, &edits))
        }),
        split("the guard in a file of its own", 10, |_, work| work.guards.first().map(|guard| guard.span.clone())),
        split("the check in a file of its own", 10, |_, work| work.check.as_ref().map(|check| check.span.clone())),
        split("the changes in a file of their own", 10, |_, work| {
            // What is included is looked for beside the file that includes it.
            (work.role != Role::Tier(1) || work.package == "phase-1")
                .then(|| work.first().span.start..work.last().span.end)
        }),
        split("all but BEGIN and COMMIT in a file of its own", 10, |_, work| {
            (work.role != Role::Tier(1) || work.package == "phase-1").then_some(work.begin.end..work.commit.start)
        }),
        split("the whole transaction in a file of its own", 10, |_, work| {
            (work.role != Role::Tier(1) || work.package == "phase-1").then_some(work.begin.start..work.commit.end)
        }),
        includes("\\include_relative", |file| format!("\\include_relative {file}")),
        includes("a quoted path", |file| format!("\\ir '{file}'")),
        includes("a path with a dot", |file| format!("\\ir ./{file}")),
        includes("a comment before", |file| format!("-- \\ir nothing.sql\n\\ir {file}")),
        includes("in an arm that is always taken", |file| format!("\\if true\n\\ir {file}\n\\endif")),
        includes("in the other arm", |file| format!("\\if false\n\\echo nothing\n\\else\n\\ir {file}\n\\endif")),
        includes("an echo before", |file| format!("\\echo running {file}\n\\ir {file}")),
        phrase("ON_ERROR_STOP 1", 2, "\\set ON_ERROR_STOP on", "\\set ON_ERROR_STOP 1"),
        phrase("ON_ERROR_STOP true", 2, "\\set ON_ERROR_STOP on", "\\set ON_ERROR_STOP true\n\\set VERBOSITY default"),
        Rewrite::texts("within an \\if that is true", 30, |_, _, text| Some(format!("\\if true\n{text}\n\\endif\n"))),
        Rewrite::texts("after an \\if that is false", 30, |_, _, text| {
            Some(format!("\\if false\nSELECT 'nothing';\n\\else\n{text}\n\\endif\n"))
        }),
    ]
}

pub(crate) fn rewrites() -> Vec<Rewrite> {
    [transactions(), settings(), checks(), deletes(), structure()].into_iter().flatten().collect()
}

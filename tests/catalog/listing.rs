//! The same listing of a database twice: from the symbolic catalog, and from PostgreSQL's.

use std::collections::BTreeSet;

use roof_lint::catalog::{Catalog, ConstraintRule, Detail, Key, Kind};
use roof_lint::cluster::Cluster;
use roof_lint::effect::{Identity, ReferentialAction, TriggerState};

/// One line an object, fields between bars; a field `?` could not be told.
pub(crate) fn symbolic(catalog: &Catalog) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for key in catalog.keys_of_all() {
        let object = catalog.object(&key).unwrap_or_else(|| panic!("{key:?} leads nowhere"));
        let name = format!("{}.{}", key.schema, key.name);
        let own = if key.part.is_some() {
            format!("{name}.{}", key.part.as_deref().unwrap_or_default())
        } else {
            name.clone()
        };
        if let Some(comment) = &object.comment {
            let shown = if key.kind.is_routine() { format!("{own}({})", key.arguments.join(",")) } else { own.clone() };
            let shown = if key.kind == Kind::Schema { key.name.to_string() } else { shown };
            lines.insert(format!("comment|{shown}|{comment}"));
        }
        match &object.detail {
            Detail::Relation(relation) => {
                lines.insert(format!("relation|{name}|{}", kind_letter(&key.kind, relation.partitioned)));
                if relation.row_security || relation.force_row_security {
                    lines.insert(format!("security|{name}|{}|{}", relation.row_security, relation.force_row_security));
                }
                let shown = if key.kind == Kind::Sequence { &[][..] } else { relation.columns.as_slice() };
                for (number, column) in shown.iter().enumerate() {
                    lines.insert(format!(
                        "column|{name}|{}|{}|{}|not null {}|default {}|generated {}|identity {}",
                        number + 1,
                        column.name,
                        catalog.type_text(&column.kind),
                        column.not_null,
                        column.default.is_some(),
                        column.generated,
                        column.identity.map_or("no", Identity::words),
                    ));
                    if let Some(comment) = &column.comment {
                        lines.insert(format!("comment|{name}.{}|{comment}", column.name));
                    }
                }
                if !relation.is_known && !matches!(key.kind, Kind::Sequence) {
                    lines.insert(format!("unknown|{name}"));
                }
                if matches!(key.kind, Kind::View | Kind::MaterializedView) {
                    reads(catalog, &key, &name, &mut lines);
                }
                if key.kind == Kind::Sequence {
                    for need in catalog.needs(&key) {
                        if need.kind == Kind::Column {
                            lines.insert(format!(
                                "owned|{name}|{}.{}.{}",
                                need.schema,
                                need.name,
                                need.part.unwrap_or_default()
                            ));
                        }
                    }
                }
                for parent in catalog.needs(&key) {
                    if parent.kind == Kind::Table && catalog.inheritors(&parent).contains(&key) {
                        lines.insert(format!("inherits|{name}|{}.{}", parent.schema, parent.name));
                    }
                }
            }
            Detail::Constraint(constraint) => {
                let table = Key::new(Kind::Table, key.schema.clone(), key.name.clone());
                let columns = catalog
                    .constraints(&table)
                    .into_iter()
                    .find(|(known, ..)| *known == key)
                    .map(|(_, _, columns)| columns)
                    .unwrap_or_default();
                let (letter, target) = match &constraint.rule {
                    ConstraintRule::PrimaryKey => ("p", String::new()),
                    ConstraintRule::Unique => ("u", String::new()),
                    ConstraintRule::Check(_) => ("c", String::new()),
                    ConstraintRule::Exclude => ("x", String::new()),
                    ConstraintRule::NotNull | ConstraintRule::Trigger => continue,
                    ConstraintRule::ForeignKey { on_delete, on_update, .. } => {
                        let foreign = catalog
                            .foreign_keys(&table)
                            .into_iter()
                            .find(|foreign| foreign.constraint == key)
                            .expect("a foreign key");
                        let target = format!(
                            "{}.{}({}) {}{}",
                            foreign.parent.schema,
                            foreign.parent.name,
                            foreign.referenced.join(","),
                            action(*on_delete),
                            action(*on_update)
                        );
                        ("f", target)
                    }
                };
                // The columns of a check are those that it names, in no order.
                let columns = if letter == "c" {
                    let mut columns = columns;
                    columns.sort();
                    columns
                } else {
                    columns
                };
                lines.insert(format!(
                    "constraint|{own}|{letter}|{}|{target}|validated {}|{:?}",
                    columns.join(","),
                    constraint.validated,
                    constraint.deferral
                ));
            }
            Detail::Index(index) => {
                let table = catalog
                    .keys_of_all()
                    .into_iter()
                    .filter(|table| matches!(table.kind, Kind::Table | Kind::MaterializedView))
                    .find_map(|table| {
                        let found = catalog.indexes(&table).into_iter().find(|(known, ..)| *known == key)?;
                        Some((table, found.2))
                    });
                let (table, columns) = table.expect("the table of an index");
                lines.insert(format!("relation|{name}|i"));
                lines.insert(format!(
                    "index|{name}|{}.{}|{}|unique {}|primary {}|partial {}",
                    table.schema,
                    table.name,
                    columns.join(","),
                    index.unique,
                    index.primary,
                    index.filter.is_some()
                ));
            }
            Detail::Trigger(trigger) => {
                let function = catalog.trigger_function(trigger);
                let function = function.map_or("?".to_owned(), |key| format!("{}.{}", key.schema, key.name));
                let state = match trigger.state {
                    TriggerState::Enabled => "O",
                    TriggerState::Disabled => "D",
                    TriggerState::Replica => "R",
                    TriggerState::Always => "A",
                };
                lines.insert(format!("trigger|{own}|{function}|{state}"));
            }
            Detail::Routine(routine) => {
                let returns = routine.returns.as_ref().map_or(String::new(), |returns| catalog.type_text(returns));
                let set = if routine.returns_set { "SETOF " } else { "" };
                lines.insert(format!(
                    "function|{name}({})|{set}{returns}|{}",
                    key.arguments.join(","),
                    routine.language
                ));
            }
            Detail::Type(detail) => {
                let base = detail.base.as_ref().filter(|_| key.kind == Kind::Domain);
                let base = base.map(|base| catalog.type_text(base)).unwrap_or_default();
                lines.insert(format!("type|{name}|{}|{base}", detail.labels.join(",")));
            }
            Detail::Policy(_) => {
                lines.insert(format!("policy|{own}"));
            }
            Detail::Rule(_) => {
                lines.insert(format!("rule|{own}"));
            }
            Detail::Default(_) => {}
            Detail::None if key.kind == Kind::Schema => {
                lines.insert(format!("schema|{}", key.name));
            }
            Detail::None | Detail::EventTrigger(_) => {}
        }
    }
    lines
}

fn reads(catalog: &Catalog, key: &Key, name: &str, lines: &mut BTreeSet<String>) {
    let needs = catalog.needs(key);
    for need in &needs {
        let shown = match need.kind {
            Kind::Column => format!("{}.{}.{}", need.schema, need.name, need.part.as_deref().unwrap_or_default()),
            Kind::Function | Kind::Procedure => {
                format!("{}.{}({})", need.schema, need.name, need.arguments.join(","))
            }
            Kind::Constraint => {
                format!("{}.{}.{}", need.schema, need.name, need.part.as_deref().unwrap_or_default())
            }
            Kind::Type | Kind::Domain => format!("{}.{}", need.schema, need.name),
            _ => {
                // Where a column is needed the whole goes without saying.
                let has_column = needs
                    .iter()
                    .any(|other| other.kind == Kind::Column && other.schema == need.schema && other.name == need.name);
                if has_column {
                    continue;
                }
                format!("{}.{}", need.schema, need.name)
            }
        };
        lines.insert(format!("reads|{name}|{shown}"));
    }
}

fn kind_letter(kind: &Kind, partitioned: bool) -> &'static str {
    match kind {
        Kind::Table if partitioned => "p",
        Kind::Table => "r",
        Kind::ForeignTable => "f",
        Kind::View => "v",
        Kind::MaterializedView => "m",
        Kind::CompositeType => "c",
        Kind::Sequence => "S",
        _ => "i",
    }
}

fn action(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::NoAction => "a",
        ReferentialAction::Restrict => "r",
        ReferentialAction::Cascade => "c",
        ReferentialAction::SetNull => "n",
        ReferentialAction::SetDefault => "d",
    }
}

/// The query for the same from PostgreSQL. `SET search_path = ''` has to come before it, so
/// that types bear their schema.
pub(crate) const QUERY: &str = r"
WITH s AS (
    SELECT oid, CASE WHEN oid = pg_my_temp_schema() THEN 'pg_temp' ELSE nspname::text END AS name FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname NOT LIKE 'pg_toast%'
      AND (nspname NOT LIKE 'pg_temp%' OR oid = pg_my_temp_schema())
), r AS (
    SELECT c.*, s.name || '.' || c.relname AS shown FROM pg_class c JOIN s ON s.oid = c.relnamespace
), f AS (
    SELECT p.*, s.name || '.' || p.proname || '(' || coalesce((
        SELECT string_agg(format_type(t, NULL), ',' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n)), '')
        || ')' AS shown
    FROM pg_proc p JOIN s ON s.oid = p.pronamespace
), k AS (
    SELECT c.*, coalesce(r.shown, s.name || '.' || t.typname) AS owner
    FROM pg_constraint c LEFT JOIN r ON r.oid = c.conrelid LEFT JOIN pg_type t ON t.oid = c.contypid
    LEFT JOIN s ON s.oid = t.typnamespace
), lines AS (
    SELECT 'schema|' || name FROM s WHERE name NOT IN ('public', 'pg_temp')
    UNION ALL SELECT 'relation|' || shown || '|' || CASE relkind WHEN 'I' THEN 'i' ELSE relkind::text END FROM r WHERE relkind <> 't'
    UNION ALL SELECT 'security|' || shown || '|' || relrowsecurity::text || '|' || relforcerowsecurity::text
        FROM r WHERE relrowsecurity OR relforcerowsecurity
    UNION ALL
    SELECT 'column|' || shown || '|' || row_number() OVER (PARTITION BY r.oid ORDER BY attnum) || '|' || attname || '|'
        || regexp_replace(format_type(atttypid, atttypmod), '^pg_temp_\d+\.', 'pg_temp.') || '|not null ' || attnotnull::text
        || '|default ' || atthasdef::text || '|generated ' || (attgenerated <> '')::text || '|identity ' || CASE attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' ELSE 'no' END
    FROM r JOIN pg_attribute a ON a.attrelid = r.oid AND attnum > 0 AND NOT attisdropped
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT 'constraint|' || owner || '.' || conname || '|' || contype::text || '|'
        || coalesce((SELECT string_agg(attname::text, ',' ORDER BY CASE WHEN contype = 'c' THEN attname::text END, n)
                     FROM unnest(conkey) WITH ORDINALITY AS x (number, n)
                     JOIN pg_attribute ON attrelid = conrelid AND attnum = number), '') || '|'
        || CASE WHEN contype = 'f' THEN (SELECT shown FROM r WHERE r.oid = confrelid) || '('
               || (SELECT string_agg(attname::text, ',' ORDER BY n) FROM unnest(confkey) WITH ORDINALITY AS x (number, n)
                   JOIN pg_attribute ON attrelid = confrelid AND attnum = number)
               || ') ' || confdeltype::text || confupdtype::text ELSE '' END
        || '|validated ' || convalidated::text
        || CASE WHEN condeferred THEN '|Deferred' WHEN condeferrable THEN '|Immediate' ELSE '|NotDeferrable' END
    FROM k WHERE contype IN ('p', 'u', 'c', 'f', 'x') AND owner IS NOT NULL
    UNION ALL
    SELECT 'index|' || r.shown || '|' || t.shown || '|'
        || (SELECT string_agg(coalesce(attname::text, ''), ',' ORDER BY n)
            FROM unnest(indkey) WITH ORDINALITY AS x (number, n)
            LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number > 0 WHERE n <= indnkeyatts)
        || '|unique ' || indisunique::text || '|primary ' || indisprimary::text || '|partial ' || (indpred IS NOT NULL)::text
    FROM pg_index JOIN r ON r.oid = indexrelid JOIN r AS t ON t.oid = indrelid
    UNION ALL
    SELECT 'trigger|' || r.shown || '.' || tgname || '|' || split_part(f.shown, '(', 1) || '|' || tgenabled::text
    FROM pg_trigger JOIN r ON r.oid = tgrelid JOIN f ON f.oid = tgfoid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function|' || shown || '|' || CASE WHEN proretset THEN 'SETOF ' ELSE '' END
        || CASE WHEN prokind = 'p' THEN '' ELSE format_type(prorettype, NULL) END || '|' || lanname
    FROM f JOIN pg_language l ON l.oid = prolang WHERE prokind <> 'a'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'type|' || s.name || '.' || typname || '|'
        || coalesce((SELECT string_agg(enumlabel::text, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), '')
        || '|' || CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod) ELSE '' END
    FROM pg_type t JOIN s ON s.oid = typnamespace WHERE typtype IN ('e', 'd', 'r')
    UNION ALL SELECT 'policy|' || shown || '.' || polname FROM pg_policy JOIN r ON r.oid = polrelid
    UNION ALL SELECT 'rule|' || shown || '.' || rulename FROM pg_rewrite JOIN r ON r.oid = ev_class WHERE rulename <> '_RETURN'
    UNION ALL
    SELECT 'reads|' || v.shown || '|' || CASE d.refclassid
        WHEN 'pg_class'::regclass THEN t.shown || coalesce('.' || attname, '')
        WHEN 'pg_proc'::regclass THEN f.shown
        WHEN 'pg_constraint'::regclass THEN k.owner || '.' || k.conname
        ELSE s.name || '.' || ty.typname END
    FROM pg_rewrite w JOIN r AS v ON v.oid = ev_class AND rulename = '_RETURN'
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.deptype = 'n'
    LEFT JOIN r AS t ON d.refclassid = 'pg_class'::regclass AND t.oid = refobjid AND t.oid <> v.oid
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND attnum = refobjsubid AND refobjsubid > 0
    LEFT JOIN f ON d.refclassid = 'pg_proc'::regclass AND f.oid = refobjid
    LEFT JOIN k ON d.refclassid = 'pg_constraint'::regclass AND k.oid = refobjid
    LEFT JOIN pg_type ty ON d.refclassid = 'pg_type'::regclass AND ty.oid = refobjid AND typtype <> 'c'
    LEFT JOIN s ON s.oid = ty.typnamespace
    WHERE coalesce(t.oid, f.oid, k.oid, s.oid) IS NOT NULL
    UNION ALL
    SELECT 'owned|' || q.shown || '|' || t.shown || '.' || attname
    FROM pg_depend d JOIN r AS q ON q.oid = objid AND q.relkind = 'S' JOIN r AS t ON t.oid = refobjid
    JOIN pg_attribute ON attrelid = t.oid AND attnum = refobjsubid
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
    UNION ALL
    SELECT 'inherits|' || c.shown || '|' || p.shown FROM pg_inherits JOIN r AS c ON c.oid = inhrelid JOIN r AS p ON p.oid = inhparent
    WHERE c.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'comment|' || CASE classoid
        WHEN 'pg_class'::regclass THEN r.shown || coalesce('.' || attname, '')
        WHEN 'pg_proc'::regclass THEN f.shown
        WHEN 'pg_namespace'::regclass THEN s.name
        WHEN 'pg_constraint'::regclass THEN k.owner || '.' || k.conname
        WHEN 'pg_trigger'::regclass THEN tr.shown || '.' || tgname
        ELSE ts.name || '.' || ty.typname END || '|' || description
    FROM pg_description d
    LEFT JOIN r ON classoid = 'pg_class'::regclass AND r.oid = objoid
    LEFT JOIN pg_attribute ON attrelid = r.oid AND attnum = objsubid AND objsubid > 0
    LEFT JOIN f ON classoid = 'pg_proc'::regclass AND f.oid = objoid
    LEFT JOIN s ON classoid = 'pg_namespace'::regclass AND s.oid = objoid AND s.name <> 'public'
    LEFT JOIN k ON classoid = 'pg_constraint'::regclass AND k.oid = objoid
    LEFT JOIN pg_trigger g ON classoid = 'pg_trigger'::regclass AND g.oid = objoid
    LEFT JOIN r AS tr ON tr.oid = g.tgrelid
    LEFT JOIN pg_type ty ON classoid = 'pg_type'::regclass AND ty.oid = objoid
    LEFT JOIN s AS ts ON ts.oid = ty.typnamespace
    WHERE coalesce(r.oid, f.oid, s.oid, k.oid, tr.oid, ts.oid) IS NOT NULL
)
SELECT * FROM lines ORDER BY 1;
";

/// The listing of a database.
pub(crate) fn of_database(cluster: &Cluster, database: &str) -> BTreeSet<String> {
    let text = format!("SET search_path = '';\n{}", query());
    let run = cluster.query(database, &text).expect("psql runs");
    assert!(run.is_success(), "{}", run.stderr);
    run.stdout.lines().map(str::to_owned).collect()
}

pub(crate) fn query() -> String {
    QUERY.to_owned()
}

/// Panics with the lines that differ; a `?` stands for whatever PostgreSQL says. How many
/// of those there were.
pub(crate) fn compare(symbolic: &BTreeSet<String>, real: &BTreeSet<String>) -> Result<usize, String> {
    let mut unsaid = 0;
    let mut left: Vec<&String> = symbolic.difference(real).collect();
    let mut right: Vec<&String> = real.difference(symbolic).collect();
    left.retain(|line| {
        if !line.contains("|?") {
            return true;
        }
        let fits = |other: &str| {
            let (one, other): (Vec<_>, Vec<_>) = (line.split('|').collect(), other.split('|').collect());
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| one == other || one.starts_with('?'))
        };
        match right.iter().position(|other| fits(other)) {
            Some(index) => {
                right.remove(index);
                unsaid += 1;
                false
            }
            None => true,
        }
    });
    if left.is_empty() && right.is_empty() {
        return Ok(unsaid);
    }
    let text = |sign: &str, lines: &[&String]| {
        lines.iter().map(|line| format!("{sign} {line}")).collect::<Vec<_>>().join("\n")
    };
    Err(format!("{}\n{}", text("only here:      ", &left), text("only PostgreSQL:", &right)))
}

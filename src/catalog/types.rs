//! PostgreSQL's own types and what its functions and operators return, as far as a view's
//! columns need it. What is not known here is unsaid, never guessed.

use super::object::ColumnType;
use crate::builtin::{Builtin, builtin, is_cast};
use crate::effect::{Expr, ExprKind, Ident, Name};

/// Whether PostgreSQL brings a function of that name.
pub(super) fn is_built_in_function(name: &Name) -> bool {
    match name.schema.as_deref() {
        None | Some("pg_catalog") => builtin(&name.name) != Builtin::Unknown,
        Some("information_schema") => true,
        Some(_) => false,
    }
}

/// Whether a call with one argument may be a cast to a type of PostgreSQL.
pub(super) fn may_be_cast(name: &Name, given: &ColumnType) -> bool {
    let is_own = name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    // Of numbers only those are made that are one.
    let is_odd = given.scalar().is_some_and(is_number) && !(name.name == "oid" || name.name.starts_with("reg"));
    is_own && is_cast(&name.name) && !is_odd
}

/// The type that a serial column has.
pub(super) fn serial(name: &str) -> Option<&'static str> {
    Some(match name {
        "serial" | "serial4" => "int4",
        "bigserial" | "serial8" => "int8",
        "smallserial" | "serial2" => "int2",
        _ => return None,
    })
}

/// The modifiers of a type as `format_type` prints them.
pub(super) fn modifiers(name: &str, written: &[Expr]) -> Ident {
    let numbers: Vec<&str> = written
        .iter()
        .filter_map(|expr| match &expr.kind {
            ExprKind::Number(number) => Some(number.as_str()),
            _ => None,
        })
        .collect();
    match (name, numbers.as_slice()) {
        ("bpchar" | "bit", []) if !written.is_empty() => Ident::default(),
        ("numeric", [precision]) => Ident::from(format!("{precision},0")),
        // PostgreSQL takes six digits for more.
        ("timestamp" | "timestamptz" | "time" | "timetz", [digits]) if digits.len() > 1 => Ident::new_static("6"),
        _ => Ident::from(numbers.join(",")),
    }
}

/// A type of PostgreSQL as `format_type` prints it.
pub(super) fn built_in_text(kind: &ColumnType) -> String {
    let ColumnType::BuiltIn { name, modifiers, array } = kind else { return String::new() };
    let modified = if modifiers.is_empty() { String::new() } else { format!("({modifiers})") };
    let text = match name.as_str() {
        "bool" => "boolean".to_owned(),
        "char" => "\"char\"".to_owned(),
        "any" => "\"any\"".to_owned(),
        "int2" => "smallint".to_owned(),
        "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "float4" => "real".to_owned(),
        "float8" => "double precision".to_owned(),
        "bpchar" if modifiers.is_empty() => "bpchar".to_owned(),
        "bpchar" => format!("character{modified}"),
        "varchar" => format!("character varying{modified}"),
        "varbit" => format!("bit varying{modified}"),
        "time" => format!("time{modified} without time zone"),
        "timetz" => format!("time{modified} with time zone"),
        "timestamp" => format!("timestamp{modified} without time zone"),
        "timestamptz" => format!("timestamp{modified} with time zone"),
        other => format!("{other}{modified}"),
    };
    if *array { format!("{text}[]") } else { text }
}

/// Whether PostgreSQL itself has an order of its values, which nobody can replace.
pub(super) fn is_compared(name: &str) -> bool {
    rank(name).is_some()
        || is_text(name)
        || matches!(
            name,
            "date" | "time" | "timetz" | "timestamp" | "timestamptz" | "interval" | "uuid" | "oid" | "inet" | "bytea"
        )
}

/// The name that the multirange of a range has where none is given.
pub(super) fn multirange(range: &str) -> String {
    if range.contains("range") { range.replacen("range", "multirange", 1) } else { format!("{range}_multirange") }
}

fn rank(name: &str) -> Option<u8> {
    Some(match name {
        "int2" => 1,
        "int4" => 2,
        "int8" => 3,
        "numeric" => 4,
        "float4" => 5,
        "float8" => 6,
        _ => return None,
    })
}

/// Whether a number becomes one of the other type by itself.
pub(super) fn is_promoted(from: &str, to: &str) -> bool {
    matches!((rank(from), rank(to)), (Some(low), Some(high)) if low < high)
}

/// Whether it is a type of numbers.
pub(super) fn is_number(name: &str) -> bool {
    rank(name).is_some()
}

/// Whether values are the same after they have become those of another type, by assignment or by an explicit
/// cast, as far as that is told: of most pairs they are, or the statement fails.
pub(super) fn keeps(from: &ColumnType, to: &ColumnType, is_explicit: bool) -> bool {
    let parts = |kind: &ColumnType| match kind {
        ColumnType::BuiltIn { name, modifiers, .. } => Some((name.clone(), modifiers.clone())),
        _ => None,
    };
    let Some((name, wide)) = parts(to) else { return true };
    let (before, narrow) = parts(from).unwrap_or_default();
    // A length, a precision or a scale; none is as much as there is.
    let most = |modifiers: &Ident| modifiers.rsplit(',').next().and_then(|last| last.parse::<i64>().ok());
    let is_less = most(&wide).is_some_and(|most_after| most(&narrow).is_none_or(|before| before > most_after));
    let scale = |modifiers: &Ident| match modifiers.split_once(',') {
        Some((_, scale)) => scale.parse::<i64>().ok(),
        None => (!modifiers.is_empty()).then_some(0),
    };
    let is_whole = |name: &str| matches!(name, "int2" | "int4" | "int8");
    let loses = match (before.as_str(), name.as_str()) {
        ("numeric", "numeric") => scale(&wide).is_some_and(|after| scale(&narrow).is_none_or(|before| before > after)),
        ("numeric", name) if is_whole(name) => scale(&narrow) != Some(0),
        ("float4" | "float8", name) => is_whole(name) || name == "numeric" || (before == "float8" && name == "float4"),
        ("numeric" | "int8" | "int4", "float4") | ("numeric" | "int8", "float8") => true,
        (before, "bool") => is_whole(before),
        ("timestamp" | "timestamptz", "date" | "time" | "timetz") | ("json", "jsonb") => true,
        ("timestamp" | "timestamptz", "timestamp" | "timestamptz") | ("time" | "timetz", "time" | "timetz") => is_less,
        ("text" | "varchar", "bpchar" | "name") => true,
        (_, "varchar" | "bpchar" | "bit" | "varbit") => is_explicit && is_less,
        _ => false,
    };
    !loses
}

fn is_text(name: &str) -> bool {
    matches!(name, "text" | "varchar" | "bpchar" | "name")
}

/// What `UNION`, `CASE`, `COALESCE` and `VALUES` make of several types.
pub(super) fn common(types: &[ColumnType]) -> ColumnType {
    let mut said = types.iter().filter(|kind| **kind != ColumnType::Literal);
    let Some(first) = said.next() else {
        return if types.is_empty() { ColumnType::Unsaid } else { ColumnType::Literal };
    };
    let common = said.fold(first.clone(), pair);
    // An open constant has no length.
    if types.contains(&ColumnType::Literal) { without_modifiers(common) } else { common }
}

fn without_modifiers(kind: ColumnType) -> ColumnType {
    match kind {
        ColumnType::BuiltIn { name, array, .. } => ColumnType::BuiltIn { name, modifiers: Ident::default(), array },
        other => other,
    }
}

fn pair(one: ColumnType, other: &ColumnType) -> ColumnType {
    if one == *other {
        return one;
    }
    let (
        ColumnType::BuiltIn { name: first, array: first_array, .. },
        ColumnType::BuiltIn { name: second, array: second_array, .. },
    ) = (&one, other)
    else {
        return ColumnType::Unsaid;
    };
    if first_array != second_array {
        return ColumnType::Unsaid;
    }
    if first == second {
        // Of two lengths none is common.
        return ColumnType::BuiltIn { name: first.clone(), modifiers: Ident::default(), array: *first_array };
    }
    if *first_array {
        return ColumnType::Unsaid;
    }
    if let (Some(low), Some(high)) = (rank(first), rank(second)) {
        return ColumnType::built_in(if low >= high { first } else { second });
    }
    if is_text(first) && is_text(second) {
        // Each becomes the other by itself, so the first stays; only a name does not.
        return ColumnType::built_in(if first == "name" { second } else { first });
    }
    match (first.as_str(), second.as_str()) {
        ("date", "timestamp") | ("timestamp", "date") => ColumnType::built_in("timestamp"),
        ("date" | "timestamp", "timestamptz") | ("timestamptz", "date" | "timestamp") => {
            ColumnType::built_in("timestamptz")
        }
        _ => ColumnType::Unsaid,
    }
}

/// Whether a value may be an argument of that type; yes where it cannot be told.
pub(super) fn may_pass(given: &ColumnType, input: &ColumnType) -> bool {
    let (
        ColumnType::BuiltIn { name: given, array: given_array, .. },
        ColumnType::BuiltIn { name: input, array: input_array, .. },
    ) = (given, input)
    else {
        return true;
    };
    if input.starts_with("any") || given == input {
        return true;
    }
    if given_array != input_array {
        return false;
    }
    match (rank(given), rank(input)) {
        (Some(low), Some(high)) => return low <= high,
        (Some(_), None) | (None, Some(_)) if is_text(given) || is_text(input) => return false,
        _ => {}
    }
    true
}

/// What an operator of PostgreSQL returns.
pub(super) fn operator(operator: &str, left: Option<&ColumnType>, right: &ColumnType) -> ColumnType {
    if matches!(
        operator,
        "=" | "<>"
            | "<"
            | ">"
            | "<="
            | ">="
            | "~"
            | "~*"
            | "!~"
            | "!~*"
            | "~~"
            | "!~~"
            | "~~*"
            | "!~~*"
            | "@>"
            | "<@"
            | "&&"
            | "?"
            | "?|"
            | "?&"
            | "@@"
            | "^@"
            | "@?"
    ) {
        return ColumnType::built_in("bool");
    }
    let Some(left) = left else {
        return match operator {
            "-" | "+" => right.clone(),
            _ => ColumnType::Unsaid,
        };
    };
    let is_json = |kind: &ColumnType| matches!(kind.scalar(), Some("json" | "jsonb"));
    match operator {
        "->" | "#>" if is_json(left) => left.clone(),
        "->>" | "#>>" if is_json(left) => ColumnType::built_in("text"),
        "||" => concatenation(left, right),
        "+" | "-" | "*" | "/" | "%" => arithmetic(operator, left, right),
        "#-" => left.clone(),
        _ => ColumnType::Unsaid,
    }
}

fn concatenation(left: &ColumnType, right: &ColumnType) -> ColumnType {
    let is_array = |kind: &ColumnType| {
        matches!(kind, ColumnType::BuiltIn { array: true, .. } | ColumnType::User { array: true, .. })
    };
    let plain = |kind: &ColumnType| match kind {
        ColumnType::BuiltIn { name, array, .. } => {
            ColumnType::BuiltIn { name: name.clone(), modifiers: Ident::default(), array: *array }
        }
        other => other.clone(),
    };
    match (is_array(left), is_array(right)) {
        (true, true) if plain(left) == plain(right) => return plain(left),
        (true, false) if plain(left) == plain(right).array_of() || *right == ColumnType::Literal => return plain(left),
        (false, true) if plain(right) == plain(left).array_of() || *left == ColumnType::Literal => return plain(right),
        (false, false) => {}
        _ => return ColumnType::Unsaid,
    }
    match (left.scalar(), right.scalar()) {
        (Some("jsonb"), _) | (_, Some("jsonb")) => ColumnType::built_in("jsonb"),
        (Some("tsvector"), Some("tsvector")) => ColumnType::built_in("tsvector"),
        (Some("bytea"), _) | (_, Some("bytea")) => ColumnType::built_in("bytea"),
        (Some("bit" | "varbit"), _) | (_, Some("bit" | "varbit")) => ColumnType::Unsaid,
        (Some(left), _) if is_text(left) => ColumnType::built_in("text"),
        (_, Some(right)) if is_text(right) => ColumnType::built_in("text"),
        (None, None) if *left == ColumnType::Literal && *right == ColumnType::Literal => ColumnType::built_in("text"),
        _ => ColumnType::Unsaid,
    }
}

fn arithmetic(operator: &str, left: &ColumnType, right: &ColumnType) -> ColumnType {
    // An open constant takes the type of the other side.
    let (first, second) = match (left, right) {
        (ColumnType::Literal, other) | (other, ColumnType::Literal) => (other.scalar(), other.scalar()),
        _ => (left.scalar(), right.scalar()),
    };
    let (Some(first), Some(second)) = (first, second) else { return ColumnType::Unsaid };
    if let (Some(low), Some(high)) = (rank(first), rank(second)) {
        let name = if low >= high { first } else { second };
        // float4 with an integer or a numeric is float8.
        return ColumnType::built_in(if name == "float4" && low != high { "float8" } else { name });
    }
    let is_whole = |name: &str| matches!(name, "int2" | "int4");
    ColumnType::built_in(match (operator, first, second) {
        ("-", "date", "date") => "int4",
        ("+" | "-", "date", other) if is_whole(other) => "date",
        ("+" | "-", "date", "interval") => "timestamp",
        ("+" | "-", "timestamp" | "timestamptz" | "interval" | "time", "interval") => first,
        ("+", "interval", "timestamp" | "timestamptz") => second,
        ("+", "interval", "date") => "timestamp",
        ("-", "timestamp", "timestamp") | ("-", "timestamptz", "timestamptz") => "interval",
        ("-", "time", "time") => "interval",
        ("*" | "/", "interval", other) if rank(other).is_some() => "interval",
        ("*", other, "interval") if rank(other).is_some() => "interval",
        ("-", "jsonb", _) => "jsonb",
        _ => return ColumnType::Unsaid,
    })
}

/// What a function of PostgreSQL returns. `arguments` are the types of what it is given.
pub(super) fn call(name: &str, arguments: &[ColumnType]) -> ColumnType {
    if let Some(known) = fixed(name) {
        return match known.strip_suffix("[]") {
            Some(element) => ColumnType::built_in(element).array_of(),
            None => ColumnType::built_in(known),
        };
    }
    let first = arguments.first().cloned().unwrap_or(ColumnType::Unsaid);
    let scalar = first.scalar().map(Ident::new);
    let plain = || match &first {
        ColumnType::BuiltIn { name, array, .. } => {
            ColumnType::BuiltIn { name: name.clone(), modifiers: Ident::default(), array: *array }
        }
        other => other.clone(),
    };
    let built_in = ColumnType::built_in;
    let scalar = scalar.as_deref();
    match name {
        "min" | "max" => match scalar {
            Some("varchar" | "text" | "name") => built_in("text"),
            Some("cidr") => built_in("inet"),
            Some("char" | "regclass" | "regproc") => ColumnType::Unsaid,
            _ => plain(),
        },
        "sum" => match scalar {
            Some("int2" | "int4") => built_in("int8"),
            Some("int8" | "numeric") => built_in("numeric"),
            Some("float4" | "float8" | "interval" | "money") => plain(),
            _ => ColumnType::Unsaid,
        },
        "avg" | "stddev" | "stddev_pop" | "stddev_samp" | "variance" | "var_pop" | "var_samp" => match scalar {
            Some("int2" | "int4" | "int8" | "numeric") => built_in("numeric"),
            Some("float4" | "float8") => built_in("float8"),
            Some("interval") if name == "avg" => built_in("interval"),
            _ => ColumnType::Unsaid,
        },
        "array_agg" => match &first {
            ColumnType::Literal => built_in("text").array_of(),
            // The array of an array is the same type.
            _ => plain().array_of(),
        },
        "array_append" | "array_cat" | "array_remove" | "array_replace" | "trim_array" | "array_shuffle" => plain(),
        "array_prepend" => arguments.get(1).cloned().unwrap_or(ColumnType::Unsaid),
        "unnest" => plain().element(),
        "first_value" | "last_value" | "nth_value" | "lag" | "lead" | "mode" => plain(),
        "abs" | "sign" if matches!(scalar, Some("numeric" | "float8")) => plain(),
        "abs" if scalar.is_some_and(|name| rank(name).is_some()) => plain(),
        "ceil" | "ceiling" | "floor" | "round" | "trunc" | "sqrt" | "exp" | "ln" | "log" | "power" | "pow" => {
            match scalar {
                Some("numeric") => built_in("numeric"),
                Some("int2" | "int4" | "int8" | "float4" | "float8") if arguments.len() == 1 => built_in("float8"),
                Some("int2" | "int4" | "int8") if matches!(name, "round" | "trunc") => built_in("numeric"),
                _ => ColumnType::Unsaid,
            }
        }
        "mod" => arithmetic("%", &first, arguments.get(1).unwrap_or(&ColumnType::Unsaid)),
        "lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "substr" | "substring" | "overlay" | "string_agg" => {
            match scalar {
                Some(name) if is_text(name) => built_in("text"),
                Some("bytea") => built_in("bytea"),
                None if first == ColumnType::Literal => built_in("text"),
                _ => ColumnType::Unsaid,
            }
        }
        "length" => match scalar {
            Some("lseg" | "path") => built_in("float8"),
            None if first == ColumnType::Unsaid => ColumnType::Unsaid,
            _ => built_in("int4"),
        },
        "date_trunc" => match arguments.get(1).and_then(ColumnType::scalar) {
            Some("timestamptz" | "date") => built_in("timestamptz"),
            Some(kind @ ("timestamp" | "interval")) => built_in(kind),
            _ => ColumnType::Unsaid,
        },
        "timezone" => match arguments.get(1).and_then(ColumnType::scalar) {
            Some("timestamptz" | "date") => built_in("timestamp"),
            Some("timestamp") => built_in("timestamptz"),
            _ => ColumnType::Unsaid,
        },
        "age" => match scalar {
            Some("timestamp" | "timestamptz" | "date") => built_in("interval"),
            _ => ColumnType::Unsaid,
        },
        "generate_series" => match scalar {
            Some("int4" | "int8" | "numeric" | "timestamp" | "timestamptz") => plain(),
            Some("date") => built_in("timestamptz"),
            _ => ColumnType::Unsaid,
        },
        _ => ColumnType::Unsaid,
    }
}

/// Functions that return one type whatever they are given.
fn fixed(name: &str) -> Option<&'static str> {
    Some(match name {
        "array_dims"
        | "array_to_string"
        | "chr"
        | "concat"
        | "concat_ws"
        | "current_setting"
        | "encode"
        | "format"
        | "format_type"
        | "initcap"
        | "json_typeof"
        | "jsonb_typeof"
        | "jsonb_pretty"
        | "left"
        | "lpad"
        | "md5"
        | "normalize"
        | "obj_description"
        | "pg_get_constraintdef"
        | "pg_get_expr"
        | "pg_get_functiondef"
        | "pg_get_indexdef"
        | "pg_get_viewdef"
        | "pg_size_pretty"
        | "quote_ident"
        | "quote_literal"
        | "quote_nullable"
        | "regexp_replace"
        | "regexp_substr"
        | "repeat"
        | "replace"
        | "reverse"
        | "right"
        | "rpad"
        | "set_config"
        | "shobj_description"
        | "split_part"
        | "to_char"
        | "to_hex"
        | "translate"
        | "version"
        | "col_description"
        | "json_array_elements_text"
        | "jsonb_array_elements_text"
        | "json_object_keys"
        | "jsonb_object_keys"
        | "regexp_split_to_table"
        | "string_to_table"
        | "convert_from"
        | "timeofday"
        | "unistr" => "text",
        "bool_and"
        | "bool_or"
        | "every"
        | "starts_with"
        | "isfinite"
        | "isempty"
        | "jsonb_path_exists"
        | "jsonb_path_match"
        | "regexp_like"
        | "has_table_privilege"
        | "has_schema_privilege"
        | "pg_has_role"
        | "pg_table_is_visible"
        | "pg_try_advisory_lock"
        | "pg_try_advisory_xact_lock"
        | "overlaps"
        | "is_normalized"
        | "lower_inc"
        | "upper_inc"
        | "lower_inf"
        | "upper_inf"
        | "pg_is_in_recovery" => "bool",
        "count"
        | "nextval"
        | "currval"
        | "lastval"
        | "setval"
        | "rank"
        | "dense_rank"
        | "row_number"
        | "pg_database_size"
        | "pg_relation_size"
        | "pg_table_size"
        | "pg_total_relation_size"
        | "txid_current"
        | "bit_count"
        | "regr_count" => "int8",
        "array_length"
        | "array_lower"
        | "array_upper"
        | "array_ndims"
        | "array_position"
        | "ascii"
        | "bit_length"
        | "cardinality"
        | "char_length"
        | "character_length"
        | "json_array_length"
        | "jsonb_array_length"
        | "ntile"
        | "num_nonnulls"
        | "num_nulls"
        | "octet_length"
        | "pg_backend_pid"
        | "pg_column_size"
        | "position"
        | "scale"
        | "strpos"
        | "width_bucket"
        | "regexp_count"
        | "regexp_instr"
        | "generate_subscripts"
        | "grouping"
        | "pg_trigger_depth" => "int4",
        "acos" | "asin" | "atan" | "atan2" | "cbrt" | "corr" | "cos" | "cot" | "covar_pop" | "covar_samp"
        | "cume_dist" | "date_part" | "degrees" | "percent_rank" | "pi" | "radians" | "random" | "regr_slope"
        | "regr_intercept" | "sin" | "tan" => "float8",
        "extract" | "div" | "factorial" | "to_number" | "trim_scale" => "numeric",
        "jsonb_agg"
        | "jsonb_array_elements"
        | "jsonb_build_array"
        | "jsonb_build_object"
        | "jsonb_insert"
        | "jsonb_object"
        | "jsonb_object_agg"
        | "jsonb_path_query"
        | "jsonb_path_query_array"
        | "jsonb_path_query_first"
        | "jsonb_set"
        | "jsonb_set_lax"
        | "jsonb_strip_nulls"
        | "to_jsonb"
        | "jsonb_extract_path" => "jsonb",
        "json_agg"
        | "json_array_elements"
        | "json_build_array"
        | "json_build_object"
        | "json_object"
        | "json_object_agg"
        | "json_strip_nulls"
        | "row_to_json"
        | "to_json"
        | "array_to_json"
        | "json_extract_path" => "json",
        "jsonb_extract_path_text" | "json_extract_path_text" => "text",
        "clock_timestamp"
        | "now"
        | "current_timestamp"
        | "make_timestamptz"
        | "statement_timestamp"
        | "transaction_timestamp"
        | "to_timestamp"
        | "pg_postmaster_start_time" => "timestamptz",
        "make_timestamp" | "localtimestamp" => "timestamp",
        "current_date" | "make_date" | "to_date" => "date",
        "current_time" => "timetz",
        "localtime" | "make_time" => "time",
        "justify_days" | "justify_hours" | "justify_interval" | "make_interval" => "interval",
        "current_user" | "session_user" | "user" | "current_role" | "current_catalog" | "current_schema"
        | "current_database" | "pg_get_userbyid" | "pg_client_encoding" => "name",
        "regexp_match" | "regexp_matches" | "regexp_split_to_array" | "string_to_array" | "parse_ident" => "text[]",
        "array_positions" | "pg_blocking_pids" => "int4[]",
        "current_schemas" => "name[]",
        "gen_random_uuid" => "uuid",
        "decode" | "convert_to" | "sha224" | "sha256" | "sha384" | "sha512" => "bytea",
        "to_regclass" => "regclass",
        "to_regtype" | "pg_typeof" => "regtype",
        "to_regproc" => "regproc",
        "to_regprocedure" => "regprocedure",
        "to_regnamespace" => "regnamespace",
        "to_regrole" => "regrole",
        "to_tsvector" | "setweight" | "strip" => "tsvector",
        "to_tsquery" | "plainto_tsquery" | "phraseto_tsquery" | "websearch_to_tsquery" => "tsquery",
        "ts_rank" | "ts_rank_cd" => "float4",
        "pg_advisory_lock" | "pg_advisory_xact_lock" | "pg_sleep" | "pg_notify" | "setseed" => "void",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_print_as_format_type_does() {
        let with = |name: &str, modifiers: &str, array| ColumnType::BuiltIn {
            name: Ident::new(name),
            modifiers: Ident::new(modifiers),
            array,
        };
        assert_eq!(built_in_text(&with("varchar", "20", false)), "character varying(20)");
        assert_eq!(built_in_text(&with("timestamptz", "3", true)), "timestamp(3) with time zone[]");
        assert_eq!(built_in_text(&with("numeric", "10,2", false)), "numeric(10,2)");
    }

    #[test]
    fn common_types() {
        let of = |names: &[&str]| common(&names.iter().map(|name| ColumnType::built_in(name)).collect::<Vec<_>>());
        assert_eq!(of(&["int4", "int8"]), ColumnType::built_in("int8"));
        assert_eq!(of(&["varchar", "text"]), ColumnType::built_in("varchar"));
        assert_eq!(of(&["int4", "text"]), ColumnType::Unsaid);
        assert_eq!(common(&[ColumnType::Literal, ColumnType::built_in("date")]), ColumnType::built_in("date"));
    }
}

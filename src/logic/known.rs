//! What PostgreSQL 15 to 18 say of their own functions and types, and what constants mean.

use super::term::ONE;

/// What is known of the values of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Number,
    /// Compared character by character.
    Text,
    Boolean,
    Unknown,
}

/// The kind of a type by its internal name; `char(n)` ignores blanks and so is no text here.
pub(super) fn kind_of(name: &str) -> Kind {
    match name {
        "int2" | "int4" | "int8" | "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2" => {
            Kind::Integer
        }
        "numeric" | "float4" | "float8" => Kind::Number,
        "text" | "varchar" | "name" => Kind::Text,
        "bool" => Kind::Boolean,
        _ => Kind::Unknown,
    }
}

/// What a function of PostgreSQL promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promise {
    /// It returns NULL exactly where an argument is NULL.
    pub(super) strict: bool,
    /// It never returns NULL.
    pub(super) never_null: bool,
    /// Whose rows it reads in secret: the catalog's or the settings'.
    pub(super) reads: Option<&'static str>,
    pub(super) kind: Kind,
}

/// The promise of a function that gives the same answer for the same arguments within a
/// transaction, as long as what it reads stays; none for every other.
pub(super) fn promise(function: &str) -> Option<Promise> {
    let plain = Promise { strict: false, never_null: false, reads: None, kind: Kind::Unknown };
    let text = Promise { strict: true, kind: Kind::Text, ..plain };
    let integer = Promise { strict: true, kind: Kind::Integer, ..plain };
    let constant = Promise { never_null: true, ..plain };
    let catalog = Promise { reads: Some("pg_class"), ..plain };
    Some(match function {
        "current_database" | "version" => Promise { kind: Kind::Text, ..constant },
        "current_user" | "session_user" => Promise { kind: Kind::Text, reads: Some("pg_settings"), ..constant },
        "now"
        | "current_timestamp"
        | "transaction_timestamp"
        | "current_date"
        | "localtimestamp"
        | "localtime"
        | "current_time"
        | "pg_backend_pid"
        | "pg_is_in_recovery"
        | "pg_postmaster_start_time" => constant,
        "lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "replace" | "translate" | "md5" | "initcap" | "reverse"
        | "quote_ident" | "quote_literal" | "left" | "right" | "lpad" | "rpad" | "repeat" | "split_part" | "substr"
        | "chr" => text,
        "length" | "char_length" | "character_length" | "octet_length" | "bit_length" | "ascii" | "strpos"
        | "position" | "cardinality" | "jsonb_array_length" | "json_array_length" => integer,
        "starts_with" => Promise { strict: true, kind: Kind::Boolean, ..plain },
        "array_length" | "array_upper" | "array_lower" | "array_ndims" | "array_position" => {
            Promise { kind: Kind::Integer, ..plain }
        }
        "array_append" | "array_prepend" => constant,
        "array_cat" => plain,
        "concat" => Promise { never_null: true, kind: Kind::Text, ..plain },
        "quote_nullable" => Promise { never_null: true, kind: Kind::Text, ..plain },
        "format" | "concat_ws" | "to_char" | "encode" | "array_to_string" | "jsonb_typeof" | "json_typeof"
        | "regexp_replace" | "substring" => Promise { kind: Kind::Text, ..plain },
        "current_setting" => Promise { reads: Some("pg_settings"), kind: Kind::Text, ..plain },
        "current_schema" => Promise { reads: Some("pg_settings"), kind: Kind::Text, ..plain },
        "current_schemas" | "timezone" => Promise { reads: Some("pg_settings"), ..plain },
        "to_regclass"
        | "to_regproc"
        | "to_regprocedure"
        | "to_regtype"
        | "to_regnamespace"
        | "to_regrole"
        | "to_regoper"
        | "to_regoperator"
        | "has_table_privilege"
        | "has_schema_privilege"
        | "has_function_privilege"
        | "has_column_privilege"
        | "has_database_privilege"
        | "has_sequence_privilege"
        | "has_any_column_privilege"
        | "pg_has_role"
        | "pg_get_constraintdef"
        | "pg_get_functiondef"
        | "pg_get_viewdef"
        | "pg_get_indexdef"
        | "pg_get_expr"
        | "pg_get_userbyid"
        | "format_type"
        | "obj_description"
        | "col_description"
        | "pg_table_is_visible"
        | "pg_function_is_visible"
        | "pg_type_is_visible"
        | "pg_get_serial_sequence"
        | "pg_get_triggerdef"
        | "pg_get_function_arguments"
        | "pg_get_function_identity_arguments"
        | "pg_relation_filenode" => catalog,
        "abs"
        | "sign"
        | "ceil"
        | "ceiling"
        | "floor"
        | "round"
        | "trunc"
        | "mod"
        | "power"
        | "sqrt"
        | "div"
        | "greatest"
        | "least"
        | "date_trunc"
        | "date_part"
        | "extract"
        | "age"
        | "to_date"
        | "to_timestamp"
        | "to_number"
        | "make_date"
        | "array_remove"
        | "array_replace"
        | "array_positions"
        | "string_to_array"
        | "jsonb_build_object"
        | "json_build_object"
        | "jsonb_build_array"
        | "json_build_array"
        | "to_jsonb"
        | "to_json"
        | "row_to_json"
        | "jsonb_set"
        | "jsonb_extract_path"
        | "jsonb_extract_path_text"
        | "json_extract_path_text"
        | "jsonb_strip_nulls"
        | "sha256"
        | "digest"
        | "decode"
        | "convert_to"
        | "convert_from"
        | "isfinite"
        | "overlaps"
        | "parse_ident"
        | "num_nulls"
        | "num_nonnulls"
        | "regexp_like"
        | "regexp_count"
        | "regexp_match"
        | "regexp_substr"
        | "hashtext"
        | "overlay"
        | "pg_typeof"
        | "jsonb_exists"
        | "is_normalized"
        | "pg_column_size" => plain,
        _ => return None,
    })
}

/// Functions that say who may do what with something that is named; of a number that is nobody's they say NULL.
pub(super) fn asks_privilege(function: &str) -> bool {
    matches!(
        function,
        "has_table_privilege"
            | "has_any_column_privilege"
            | "has_schema_privilege"
            | "has_database_privilege"
            | "has_sequence_privilege"
            | "has_function_privilege"
            | "pg_has_role"
    )
}

/// PostgreSQL's own aggregates.
pub(super) fn is_aggregate(function: &str) -> bool {
    matches!(
        function,
        "count"
            | "sum"
            | "min"
            | "max"
            | "avg"
            | "bool_or"
            | "bool_and"
            | "every"
            | "string_agg"
            | "array_agg"
            | "json_agg"
            | "jsonb_agg"
            | "json_object_agg"
            | "jsonb_object_agg"
            | "xmlagg"
            | "bit_and"
            | "bit_or"
            | "bit_xor"
            | "any_value"
            | "stddev"
            | "stddev_pop"
            | "stddev_samp"
            | "variance"
            | "var_pop"
            | "var_samp"
            | "mode"
            | "percentile_cont"
            | "percentile_disc"
            | "range_agg"
            | "corr"
            | "covar_pop"
            | "covar_samp"
            | "rank"
            | "dense_rank"
            | "percent_rank"
            | "cume_dist"
    )
}

/// Aggregates that are NULL exactly where their first argument is NULL in every row.
pub(super) fn is_null_without_rows(function: &str) -> bool {
    matches!(function, "sum" | "min" | "max" | "avg" | "string_agg" | "any_value" | "bit_and" | "bit_or" | "bit_xor")
}

/// A number in billionths; none where it has more digits or is too large.
pub(super) fn number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value: i128 = 0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit.to_digit(10)?))?;
    }
    let shift = exponent.checked_add(9)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scale = 10_i128.checked_pow(shift.unsigned_abs())?;
    let value = if shift >= 0 {
        value.checked_mul(scale)?
    } else if value % scale == 0 {
        value / scale
    } else {
        return None;
    };
    // Room for sums and products without overflow.
    (value < ONE.checked_pow(3)?).then_some(if negative { -value } else { value })
}

/// The value of a text as a boolean.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Whether two different texts are different values, of whatever type they may be. As dates,
/// numbers, UUIDs or case-insensitive texts, different spellings may be the same.
pub(super) fn surely_differ(left: &str, right: &str) -> bool {
    let (left, right) = (normal(left), normal(right));
    if left == right {
        return false;
    }
    if is_word(&left) || is_word(&right) {
        return true;
    }
    let whole = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
    };
    // No type takes whole numbers so short for a date with or without its century, and equal
    // ones of them begin alike.
    let short = left.len().max(right.len()) <= 5 && left.chars().next() != right.chars().next();
    if whole(&left) && whole(&right) && (short || left.len() == right.len()) {
        return true;
    }
    if let (Some(left), Some(right)) = (boolean(&left), boolean(&right))
        && left != right
    {
        return true;
    }
    let date = |text: &str| {
        text.len() == 10
            && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
    };
    date(&left) && date(&right)
}

/// Whether two texts compared as texts, or as what nobody knows, are certainly different.
pub(super) fn differ(left: &str, right: &str, as_text: bool) -> bool {
    if as_text { left != right } else { surely_differ(left, right) }
}

fn normal(text: &str) -> String {
    // The type `name` keeps 63 bytes.
    text.trim()
        .chars()
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= 63).then_some(c)
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a text is a word that no type but a textual one or an enumeration takes.
pub(super) fn is_word(text: &str) -> bool {
    let lower = text.to_lowercase();
    let special = [
        "now",
        "today",
        "tomorrow",
        "yesterday",
        "epoch",
        "infinity",
        "inf",
        "nan",
        "allballs",
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "jul",
        "aug",
        "sep",
        "oct",
        "nov",
        "dec",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    ];
    // A month or a weekday is a date only with digits or on its own.
    let dated = special.iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| !rest.contains('_') && rest.chars().all(|c| !c.is_alphabetic()))
    });
    lower.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && boolean(&lower).is_none()
        && !dated
        && lower.chars().any(|c| !c.is_ascii_hexdigit() && !matches!(c, '-' | ':' | '.' | '/'))
}

/// The elements of the text of an array, NULL among them; none where it is nested or odd.
pub(super) fn array(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut elements = Vec::new();
    for part in inner.split(',') {
        let part = part.trim();
        let quoted = part.strip_prefix('"').and_then(|part| part.strip_suffix('"'));
        let element = quoted.unwrap_or(part);
        if element.contains(['{', '}', '"', '\\']) || (element.is_empty() && quoted.is_none()) {
            return None;
        }
        let is_null = quoted.is_none() && element.eq_ignore_ascii_case("null");
        elements.push((!is_null).then(|| element.to_owned()));
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_in_billionths() {
        assert_eq!(number("1"), Some(ONE));
        assert_eq!(number("-0.5"), Some(-ONE / 2));
        assert_eq!(number("1e3"), Some(1000 * ONE));
        assert_eq!(number("1.50e-1"), Some(ONE * 15 / 100));
        assert_eq!([number(""), number("."), number("abc"), number("1e-30"), number("1e300")], [None; 5]);
    }

    #[test]
    fn spellings_of_one_value_are_not_told_apart() {
        for (left, right) in
            [("a-tag", "b-tag"), ("directus", "postgres"), ("1", "2"), ("4", "33"), ("true", "f"), ("x", "1")]
        {
            assert!(surely_differ(left, right), "{left} and {right} differ");
        }
        for (left, right) in [
            ("1", "01"),
            ("1", "10"),
            ("991231", "19991231"),
            ("a", "A"),
            ("true", "t"),
            ("2026-06-03", "20260603"),
            ("today", "2026-06-03"),
            ("deadbeef-0000", "DEADBEEF0000"),
            ("a", "a "),
        ] {
            assert!(!surely_differ(left, right), "{left} and {right} may be one");
        }
    }

    #[test]
    fn arrays_are_read_where_they_are_simple() {
        let read = |text| array(text).map(|elements| elements.into_iter().map(Option::unwrap_or_default).collect());
        assert_eq!(read("{a, b c,\"d\"}"), Some(vec!["a".to_owned(), "b c".to_owned(), "d".to_owned()]));
        assert_eq!(array("{a,NULL}"), Some(vec![Some("a".to_owned()), None]));
        assert_eq!([array("{{a}}"), array("a"), array("{\"a,b\"}"), array("{a,}")], [const { None }; 4]);
    }
}

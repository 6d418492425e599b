//! What PostgreSQL's functions of texts make of constants. Only what no locale has a say in.

/// The longest text that is put together, in bytes.
pub const TEXT_LIMIT: usize = 1 << 20;

/// The text that a function yields for these arguments, numbers as they are written; none where
/// it is no such function, PostgreSQL refuses it, it depends on the locale, or is too long.
#[must_use]
pub fn applied(function: &str, arguments: &[&str]) -> Option<String> {
    let (first, rest) = arguments.split_first()?;
    let count = |text: &str| text.parse::<i64>().ok();
    let characters = || i64::try_from(first.chars().count()).ok();
    match (function, rest) {
        // What other letters become the locale says.
        ("lower", []) => first.is_ascii().then(|| first.to_ascii_lowercase()),
        ("upper", []) => first.is_ascii().then(|| first.to_ascii_uppercase()),
        ("reverse", []) => Some(first.chars().rev().collect()),
        ("btrim" | "ltrim" | "rtrim" | "trim", [] | [_]) => {
            let which = rest.first().copied().unwrap_or(" ");
            let is_cut = |character: char| which.contains(character);
            let text = if function == "rtrim" { first } else { first.trim_start_matches(is_cut) };
            let text = if function == "ltrim" { text } else { text.trim_end_matches(is_cut) };
            Some(text.to_owned())
        }
        ("replace", [from, to]) => {
            let is_short = first.len() + first.matches(from).count() * to.len() <= TEXT_LIMIT;
            // PostgreSQL looks for no empty text.
            if from.is_empty() { Some((*first).to_owned()) } else { is_short.then(|| first.replace(from, to)) }
        }
        ("left", [length]) => {
            let length = count(length)?;
            let kept = if length < 0 { characters()?.checked_add(length)?.max(0) } else { length };
            Some(first.chars().take(usize::try_from(kept).ok()?).collect())
        }
        ("right", [length]) => {
            let length = count(length)?;
            let kept = if length < 0 { characters()?.checked_add(length)?.max(0) } else { length };
            let cut = characters()?.checked_sub(kept)?.max(0);
            Some(first.chars().skip(usize::try_from(cut).ok()?).collect())
        }
        // `substring` of two texts is a regular expression.
        ("substr", [from]) => {
            let from = count(from)?.checked_sub(1)?.max(0);
            Some(first.chars().skip(usize::try_from(from).ok()?).collect())
        }
        ("substr", [from, length]) => {
            let (from, length) = (count(from)?, count(length)?);
            // What is before the first character counts, too.
            let end = from.checked_add(length).filter(|_| length >= 0)?.max(1);
            let (from, end) = (usize::try_from(from.max(1)).ok()?, usize::try_from(end).ok()?);
            Some(first.chars().skip(from - 1).take(end.saturating_sub(from)).collect())
        }
        ("split_part", [separator, place]) => {
            let place = usize::try_from(count(place)?).ok()?.checked_sub(1)?;
            if separator.is_empty() {
                return Some(if place == 0 { (*first).to_owned() } else { String::new() });
            }
            Some(first.split(separator).nth(place).unwrap_or_default().to_owned())
        }
        ("repeat", [times]) => {
            let times = usize::try_from(count(times)?.max(0)).ok()?;
            (first.len().checked_mul(times)? <= TEXT_LIMIT).then(|| first.repeat(times))
        }
        ("lpad" | "rpad", [length, fill @ ..]) => {
            let length = usize::try_from(count(length)?.max(0)).ok().filter(|length| *length <= TEXT_LIMIT)?;
            let fill = match fill {
                [] => " ",
                [fill] => fill,
                _ => return None,
            };
            let have = first.chars().count();
            let padding: String = fill.chars().cycle().take(length.saturating_sub(have)).collect();
            let text = first.chars().take(length);
            let is_left = function == "lpad";
            Some(if is_left { padding.chars().chain(text).collect() } else { text.chain(padding.chars()).collect() })
        }
        _ => None,
    }
}

//! Days of the calendar, compared and written as `YYYY-MM-DD`. Reads no clock.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day, if there is one of that year, month and day.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leaps => 29,
            2 => 28,
            _ => return None,
        };
        if day == 0 || day > last || year > 9999 {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// The first day of its month.
    #[must_use]
    pub const fn first_of_month(self) -> Self {
        Self { day: 1, ..self }
    }

    /// The first day of its year.
    #[must_use]
    pub const fn first_of_year(self) -> Self {
        Self { day: 1, month: 1, ..self }
    }

    /// The same day so many months on, or the last of that month; none outside of the calendar.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Option<Self> {
        let all = (i64::from(self.year) * 12 + i64::from(self.month) - 1).checked_add(months)?;
        let (year, month) = (u16::try_from(all.div_euclid(12)).ok()?, u8::try_from(all.rem_euclid(12)).ok()? + 1);
        (28..=self.day.max(28)).rev().find_map(|last| Self::new(year, month, self.day.min(last)))
    }

    /// So many days on; none outside of the calendar.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Option<Self> {
        let mut date = self;
        let mut rest = days;
        // Month by month.
        while rest > 0 {
            let next = date.first_of_month().plus_months(1)?;
            let left = (date.day..=31).rev().find(|day| Self::new(date.year, date.month, *day).is_some())? - date.day;
            if rest <= i64::from(left) {
                return Self::new(date.year, date.month, date.day + u8::try_from(rest).ok()?);
            }
            rest -= i64::from(left) + 1;
            date = next;
        }
        while rest < 0 {
            if -rest < i64::from(date.day) {
                return Self::new(date.year, date.month, date.day - u8::try_from(-rest).ok()?);
            }
            rest += i64::from(date.day);
            let before = date.first_of_month().plus_months(-1)?;
            date = (28..=31).rev().find_map(|day| Self::new(before.year, before.month, day))?;
        }
        Some(date)
    }

    /// The day that is so many days after 1970-01-01; the last of the calendar beyond it.
    #[must_use]
    pub fn after_epoch(days: u64) -> Self {
        let mut rest = days;
        for year in 1970..=9999 {
            for month in 1..=12 {
                let length = (28..=31).rev().find(|day| Self::new(year, month, *day).is_some()).unwrap_or(31);
                if let Some(day) = u8::try_from(rest).ok().filter(|rest| *rest < length) {
                    return Self { year, month, day: day + 1 };
                }
                rest -= u64::from(length);
            }
        }
        Self { year: 9999, month: 12, day: 31 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refusal = || format!("`{text}` is no date: write YYYY-MM-DD");
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(refusal()) };
        let is_written =
            |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_written(year, 4) || !is_written(month, 2) || !is_written(day, 2) {
            return Err(refusal());
        }
        let date = year.parse().ok().zip(month.parse().ok()).zip(day.parse().ok());
        date.and_then(|((year, month), day)| Self::new(year, month, day)).ok_or_else(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_written_and_ordered() {
        let date = |text: &str| text.parse::<Date>();
        for good in ["2026-11-21", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(date(good).map(|date| date.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "2026-11",
            "2026-13-01",
            "2025-02-29",
            "1900-02-29",
            "2026-1-01",
            "+026-01-01",
            "2026-01-00",
            "2026-01-01-",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
        assert!(date("2026-09-30") < date("2026-10-01"));
    }

    #[test]
    fn months_and_days_are_gone_on() {
        let date = |text: &str| text.parse::<Date>().ok();
        // As PostgreSQL has it.
        for (from, months, to) in [
            ("2024-01-31", 1, "2024-02-29"),
            ("2023-01-31", 1, "2023-02-28"),
            ("2024-01-15", 11, "2024-12-15"),
            ("2024-12-31", 2, "2025-02-28"),
            ("2024-03-31", -1, "2024-02-29"),
            ("2024-01-01", -13, "2022-12-01"),
        ] {
            assert_eq!(date(from).and_then(|day| day.plus_months(months)), date(to), "{from} {months}");
        }
        for (from, days, to) in [
            ("2024-01-01", 0, "2024-01-01"),
            ("2024-01-31", 1, "2024-02-01"),
            ("2024-02-28", 1, "2024-02-29"),
            ("2024-02-28", 2, "2024-03-01"),
            ("2024-01-01", 366, "2025-01-01"),
            ("2024-01-01", -1, "2023-12-31"),
            ("2024-03-01", -1, "2024-02-29"),
            ("2025-01-01", -366, "2024-01-01"),
        ] {
            assert_eq!(date(from).and_then(|day| day.plus_days(days)), date(to), "{from} {days}");
        }
        assert_eq!(date("9999-12-31").and_then(|day| day.plus_days(1)), None);
        assert_eq!(date("0000-01-01").and_then(|day| day.plus_days(-1)), None);
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        let shown = |days| Date::after_epoch(days).to_string();
        // As `date -u -d @$((86400 * n)) +%F` has it.
        let known =
            [(0, "1970-01-01"), (31, "1970-02-01"), (59, "1970-03-01"), (789, "1972-02-29"), (20_778, "2026-11-21")];
        for (days, date) in known {
            assert_eq!(shown(days), date);
        }
        assert_eq!(shown(u64::MAX), "9999-12-31");
    }
}

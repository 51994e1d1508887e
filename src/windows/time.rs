//! Times as Windows stores them.

use std::fmt;

/// 100 ns since 1601-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub u64);

/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 11_644_473_600;

impl FileTime {
    /// The time so many seconds after 1970-01-01 UTC. One that is too late for a number of Windows is the last that it has.
    pub fn of_unix_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_add(UNIX_EPOCH.unsigned_abs()).saturating_mul(10_000_000))
    }

    /// When this day (`YYYY-MM-DD`, in UTC) begins, and when the next one does.
    ///
    /// # Errors
    /// When it is no day, or none that Windows has a number for.
    pub fn day(text: &str) -> Result<(Self, Self), String> {
        let wrong = || format!("\"{text}\" is no day: expected YYYY-MM-DD");
        let day: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
        let begins = |day: jiff::civil::Date| {
            let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
            let seconds = u64::try_from(start.checked_add(UNIX_EPOCH)?).ok()?;
            seconds.checked_mul(10_000_000).map(Self)
        };
        let next = day.tomorrow().map_err(|_| wrong())?;
        // jiff also reads times and other spellings, which would then look as if they meant something.
        let is_day = day.to_string() == text;
        begins(day).zip(begins(next)).filter(|_| is_day).ok_or_else(wrong)
    }

    /// So many seconds later.
    pub fn later(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(10_000_000)))
    }

    /// The time, unless it is zero: nobody has noted one.
    pub fn known(self) -> Option<Self> {
        (self.0 != 0).then_some(self)
    }

    /// RFC 3339 in UTC, with `digits` decimals of the seconds (at most 7 carry anything); the bare number where the time is
    /// past the year 9999, and `not known` where it is zero.
    pub fn rfc3339(self, digits: usize) -> String {
        if self.known().is_none() {
            return "not known".to_owned();
        }
        let seconds = i64::try_from(self.0 / 10_000_000).ok().and_then(|s| s.checked_sub(UNIX_EPOCH));
        let nanos = i32::try_from(self.0 % 10_000_000).ok().and_then(|n| n.checked_mul(100));
        let time = seconds.zip(nanos).and_then(|(s, n)| jiff::Timestamp::new(s, n).ok());
        time.map_or_else(|| format!("FILETIME {}", self.0), |time| format!("{time:.digits$}"))
    }
}

/// Whether a text is a time of RFC 3339.
pub fn is_rfc3339(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

/// RFC 3339 in UTC with all digits, for times that a file system keeps.
pub fn rfc3339(time: std::time::SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time).ok().map(|time| time.to_string())
}

impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339(7))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_one_begins() {
        let (from, to) = FileTime::day("2025-06-01").unwrap();
        assert_eq!(
            (from.rfc3339(0).as_str(), to.rfc3339(0).as_str()),
            ("2025-06-01T00:00:00Z", "2025-06-02T00:00:00Z")
        );
        for wrong in ["", "2025-06-31", "2025-06-01T10:00:00", "20250601", "1600-12-31", "9999-12-31", "yesterday"] {
            assert!(FileTime::day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_utc_with_all_their_digits() {
        assert_eq!(FileTime(132_419_068_466_905_270).to_string(), "2020-08-14T19:27:26.6905270Z");
        assert_eq!(FileTime(132_419_068_466_905_270).rfc3339(0), "2020-08-14T19:27:26Z");
        assert_eq!(FileTime(0).to_string(), "not known");
        assert_eq!(FileTime(1).to_string(), "1601-01-01T00:00:00.0000001Z");
        assert_eq!(FileTime(u64::MAX).to_string(), "FILETIME 18446744073709551615");
    }
}

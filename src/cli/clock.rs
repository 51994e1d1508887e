//! The clock, which the command line alone reads.

use super::exit::Failure;

/// Now, or what `SOURCE_DATE_EPOCH` says, for reports that are to be the same each time.
pub(super) fn now() -> jiff::Timestamp {
    fixed_time().ok().flatten().unwrap_or_else(jiff::Timestamp::now)
}

/// The time that `SOURCE_DATE_EPOCH` says. What it says wrong is an error before anything is done.
pub(super) fn fixed_time() -> Result<Option<jiff::Timestamp>, Failure> {
    let Some(said) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|said| !said.is_empty()) else { return Ok(None) };
    let seconds = said.to_str().and_then(|said| said.parse().ok()).filter(|seconds| *seconds >= 0);
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    match time {
        Some(time) => Ok(Some(time)),
        None => Err(Failure::Message("SOURCE_DATE_EPOCH: expected seconds since 1970-01-01".to_owned())),
    }
}

/// Today, in UTC, whatever `SOURCE_DATE_EPOCH` says: what has expired today must not come back by a variable.
pub(super) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Now, in UTC, to the second.
pub(super) fn second() -> String {
    now().round(jiff::Unit::Second).map_or_else(|_| now().to_string(), |time| time.to_string())
}

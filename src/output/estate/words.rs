//! What reports about many machines say, in few words: the same ones in each format.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::saved::record::{Finding, Host, Value, Verdict};

/// The verdict in words.
pub(in crate::output) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "meets",
        Verdict::NotCompliant => "does not meet",
        Verdict::Unknown => "cannot be told",
    }
}

/// The sign that stands before the words.
pub(in crate::output) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "✓",
        Verdict::NotCompliant => "✗",
        Verdict::Unknown => "?",
    }
}

/// Windows in short: the product without its maker, as `Server 2019 Standard`.
pub(in crate::output) fn windows(host: &Host) -> String {
    let Some(product) = host.windows.product.as_deref() else { return "not known".to_owned() };
    let server = product.strip_prefix("Windows ").filter(|rest| rest.starts_with("Server"));
    server.unwrap_or(product).to_owned()
}

/// What becomes of a protocol: one word where client and server are alike, else two with a slash.
pub(in crate::output) fn cell(host: &Host, protocol: &str) -> (&'static str, &'static str) {
    let found = host.effective.protocols.iter().find(|known| known.protocol == protocol);
    found.map_or(("?", "?"), |states| (state(&states.client.state), state(&states.server.state)))
}

/// The same as one word, or as two with a slash.
pub(in crate::output) fn both(host: &Host, protocol: &str) -> String {
    match cell(host, protocol) {
        (client, server) if client == server => client.to_owned(),
        (client, server) => format!("{client}/{server}"),
    }
}

fn state(state: &str) -> &'static str {
    match state {
        "on" => "on",
        "soft-off" => "ask",
        "off" => "off",
        "not-supported" => "–",
        _ => "?",
    }
}

/// Whether .NET 4 programs use TLS 1.2.
pub(in crate::output) fn dotnet(host: &Host) -> &'static str {
    let answers: Vec<&str> = host.effective.dotnet.programs.iter().map(|program| program.tls12.as_str()).collect();
    match () {
        () if answers.is_empty() => "?",
        () if answers.iter().all(|answer| *answer == "yes") => "yes",
        () if answers.iter().all(|answer| *answer == "no") => "no",
        () if answers.contains(&"unknown") => "?",
        () => "in part",
    }
}

/// What is left of the cipher suites for TLS 1.2.
pub(in crate::output) fn suites(host: &Host) -> String {
    let ciphers = &host.effective.ciphers;
    match (ciphers.tls12_left.as_str(), ciphers.entra_left.as_str()) {
        ("no", _) => "none".to_owned(),
        (_, "no") => format!("{}, none for Entra ID", ciphers.tls12.len()),
        ("yes", _) => ciphers.tls12.len().to_string(),
        _ => "?".to_owned(),
    }
}

/// The version of Entra Connect, where it is installed.
pub(in crate::output) fn product(host: &Host) -> String {
    let product = &host.effective.product;
    match product.installed.as_str() {
        "yes" => product.version.clone().unwrap_or_else(|| "installed".to_owned()),
        "remnant" => "removed".to_owned(),
        "no" => "–".to_owned(),
        _ => "?".to_owned(),
    }
}

/// The data of a value, for people.
pub(in crate::output) fn data(value: &Value) -> String {
    match &value.data {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(texts) => texts.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
        _ => value.raw.clone(),
    }
}

/// What was found: data, a state, or that there is none.
pub(in crate::output) fn found(finding: &Finding) -> String {
    match (&finding.found, &finding.state) {
        (Some(value), _) => data(value),
        (None, Some(state)) => state.clone(),
        (None, None) => "–".to_owned(),
    }
}

/// What is asked for: data or states.
pub(in crate::output) fn asked(finding: &Finding) -> String {
    match (&finding.expected, &finding.expected_states) {
        (Some(value), _) => data(value),
        (None, Some(states)) => states.join(" or "),
        (None, None) => String::new(),
    }
}

/// Why it cannot be told, with how many rules that is so.
pub(in crate::output) fn reason(host: &Host) -> String {
    match host.doubt() {
        Some(finding) => finding.why.clone(),
        None => "no required rule applies to it".to_owned(),
    }
}

/// The names of machines, as many as wanted, then how many more there are.
pub(in crate::output) fn names(hosts: &[&Host], most: usize) -> String {
    joined(hosts.iter().map(|host| host.name.as_str()), most)
}

/// Names, as many as wanted, then how many more there are. A name that many have stands once.
pub(in crate::output) fn joined<'n>(names: impl Iterator<Item = &'n str>, most: usize) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for name in names {
        let place = *places.entry(name).or_insert(counts.len());
        match counts.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let more: usize = counts.iter().skip(most).map(|(_, count)| count).sum();
    let each = counts.iter().take(most).map(|(name, count)| match count {
        1 => (*name).to_owned(),
        _ => format!("{name} ({count})"),
    });
    let mut text = each.collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// A word for a POSIX shell.
pub(in crate::output) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Days from one day to another, each `YYYY-MM-DD` or longer; none where one is no day.
pub(in crate::output) fn days_until(from: &str, to: &str) -> Option<i64> {
    Some(day_number(to)? - day_number(from)?)
}

/// Days since the first of March of the year 0, in the Gregorian calendar.
fn day_number(text: &str) -> Option<i64> {
    let mut parts = text.get(..10)?.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        for (from, to, days) in [
            ("2026-11-28", "2026-12-31", 33),
            ("2028-02-28", "2028-03-01T00:00:00Z", 2),
            ("2100-02-28", "2100-03-01", 1),
            ("2026-01-01", "2025-12-31", -1),
        ] {
            assert_eq!(days_until(from, to), Some(days), "{from} {to}");
        }
        assert_eq!(days_until("2026-11-28", "soon"), None);
    }

    #[test]
    fn names_that_many_have_stand_once() {
        let hosts: Vec<Host> =
            ["a", "b", "a", "c", "d"].map(|name| Host { name: name.to_owned(), ..Host::default() }).into();
        let hosts: Vec<&Host> = hosts.iter().collect();
        assert_eq!(names(&hosts, 2), "a (2), b and 2 more");
        assert_eq!(names(&hosts, 9), "a (2), b, c, d");
    }

    #[test]
    fn words_are_quoted_for_a_shell_where_they_need_it() {
        assert_eq!(quoted("a/b-1.reg"), "a/b-1.reg");
        assert_eq!(quoted("it's $(here)"), r"'it'\''s $(here)'");
    }
}

//! Waivers: failures that somebody has accepted, each with a reason. They are kept and counted, and one that waives
//! nothing is reported: a list that nobody prunes hides the next failure.

pub use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::fields::{Day, Id, Text};
use super::file::{PolicyError, line_and_column};
use crate::glob;
use crate::number::wide;

/// The waivers of one file.
#[derive(Debug, Clone, Default)]
pub struct Waivers {
    /// What the file is called.
    pub name: String,
    /// In the order of the file.
    pub waivers: Vec<Waiver>,
}

/// One rule that may fail on some hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Id of the policy; none where the rule's id says it.
    pub policy: Option<String>,
    /// Id of the rule.
    pub rule: String,
    /// Patterns of host names; empty means every host.
    pub hosts: Vec<String>,
    /// Why the failure is accepted.
    pub reason: String,
    /// The last day on which the waiver holds.
    pub expires: Option<Date>,
    /// Line of the file.
    pub line: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    policy: Option<Id>,
    rule: Id,
    hosts: Option<Hosts>,
    reason: Text,
    expires: Option<Day>,
}

/// At least one pattern: an empty list would waive nothing while it looks as if it waived something.
#[derive(Deserialize)]
#[serde(try_from = "Vec<String>")]
struct Hosts(Vec<String>);

impl TryFrom<Vec<String>> for Hosts {
    type Error = &'static str;

    fn try_from(hosts: Vec<String>) -> Result<Self, Self::Error> {
        if hosts.is_empty() { Err("expected at least one host; leave `hosts` out for all") } else { Ok(Self(hosts)) }
    }
}

/// Reads a day, `YYYY-MM-DD`.
///
/// # Errors
/// When it is none.
pub fn day(text: &str) -> Result<Date, String> {
    let wrong = || format!("\"{text}\" is no day: expected YYYY-MM-DD");
    let day: Date = text.parse().map_err(|_| wrong())?;
    // jiff also reads times and other spellings, which would then look as if they meant something.
    if day.to_string() == text { Ok(day) } else { Err(wrong()) }
}

impl Waivers {
    /// Reads a file of waivers; `name` is what it is called in reports.
    ///
    /// # Errors
    /// When the text is none: with line and column, what was expected and what was found.
    pub fn parse(text: &str, name: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text)?;
        let waivers = file.waiver.into_iter().map(|entry| {
            let (line, _) = line_and_column(text, entry.span().start);
            let entry = entry.into_inner();
            Waiver {
                policy: entry.policy.map(|policy| policy.0),
                rule: entry.rule.0,
                hosts: entry.hosts.map(|hosts| hosts.0).unwrap_or_default(),
                reason: entry.reason.0,
                expires: entry.expires.map(|day| day.0),
                line: wide(line),
            }
        });
        Ok(Self { name: name.to_owned(), waivers: waivers.collect() })
    }
}

impl Waiver {
    /// Whether it speaks of this rule.
    pub fn is_of(&self, policy: &str, rule: &str) -> bool {
        self.rule == rule && self.policy.as_deref().is_none_or(|named| named == policy)
    }

    /// Whether it speaks of this rule on this host.
    pub fn covers(&self, policy: &str, rule: &str, host: &str) -> bool {
        self.is_of(policy, rule)
            && (self.hosts.is_empty() || self.hosts.iter().any(|pattern| glob::matches(pattern, host)))
    }

    /// Whether it no longer holds on this day; the day that it names is the last one.
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_names_a_rule_and_perhaps_hosts() {
        let text = "# why\n[[waiver]]\nrule = 'a'\nreason = ' old printer '\n\n[[waiver]]\nrule = 'b'\nhosts = ['WEB-*']\n\
                    reason = 'r'\nexpires = '2026-12-31'\n";
        let waivers = Waivers::parse(text, "w.toml").unwrap().waivers;
        assert_eq!((waivers[0].line, waivers[0].reason.as_str(), waivers[0].expires), (2, "old printer", None));
        assert!(waivers[0].covers("p", "a", "anything") && !waivers[0].covers("p", "b", "anything"));
        assert!(waivers[1].covers("p", "b", "web-01") && !waivers[1].covers("p", "b", "db-01"));
        let named = &Waivers::parse("[[waiver]]\npolicy = 'p'\nrule = 'a'\nreason = 'r'\n", "w").unwrap().waivers[0];
        assert!(named.covers("p", "a", "x") && !named.covers("q", "a", "x"));
        assert_eq!(waivers[1].line, 6);
        assert!(Waivers::parse("", "empty").unwrap().waivers.is_empty());
    }

    #[test]
    fn the_day_that_a_waiver_names_is_its_last() {
        let text = "[[waiver]]\nrule = 'a'\nreason = 'r'\nexpires = '2026-12-31'\n";
        let waiver = &Waivers::parse(text, "w").unwrap().waivers[0];
        for (today, expired) in [("2026-12-30", false), ("2026-12-31", false), ("2027-01-01", true)] {
            assert_eq!(waiver.has_expired(day(today).unwrap()), expired, "{today}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let cases = [
            ("[[waiver]]\nrule='a'\n", "missing field `reason`", (1, 1)),
            ("[[waiver]]\nrule='a'\nreason='  '\n", "must not be empty", (3, 8)),
            ("[[waiver]]\nrule='a'\nreason='r'\nexpires='31.12.2026'\n", "expected YYYY-MM-DD", (4, 9)),
            ("[[waiver]]\nrule='a'\nreason='r'\nexpires='2026-12-31T10:00'\n", "expected YYYY-MM-DD", (4, 9)),
            ("[[waiver]]\nrule='a'\nreason='r'\nhosts=[]\n", "at least one host", (4, 7)),
            ("[[waiver]]\nrule='a'\nreason='r'\nhost='x'\n", "unknown field `host`", (4, 1)),
            ("[[waivers]]\nrule='a'\nreason='r'\n", "unknown field `waivers`", (1, 3)),
        ];
        for (text, named, (line, column)) in cases {
            let error = Waivers::parse(text, "w").unwrap_err().to_string();
            assert!(error.contains(named), "{named}: {error}");
            assert!(error.contains(&format!("line {line}, column {column}")), "{named}: {error}");
        }
    }
}

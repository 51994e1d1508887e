//! Policy files: TOML, unknown fields refused.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::fields::{Day, Dword, Id, Key, ProductVersion, Text};
use super::{Accept, Check, Effect, Expectation, Installation, Only, Policy, Product, Rule, Setting};
use crate::digest::sha256_hex;
use crate::packed::Data;
use crate::windows::path::Name;
use crate::windows::state::State;
use crate::windows::subject;
use crate::windows::value::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    id: Id,
    version: Text,
    date: Day,
    title: Text,
    source: Text,
    rule: Spanned<Vec<RuleEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: Spanned<Id>,
    title: Text,
    why: Text,
    source: Text,
    #[serde(default = "yes")]
    required: bool,
    #[serde(default)]
    only: OnlyEntry,
    // About a value:
    key: Option<Key>,
    value: Option<Text>,
    r#type: Option<Dword>,
    enable: Option<u32>,
    disable: Option<u32>,
    accept: Option<AcceptEntry>,
    absent: Option<Absent>,
    // About an effective state:
    effective: Option<Spanned<String>>,
    expect: Option<Spanned<Vec<String>>>,
    fix: Option<Text>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"non-zero\" or a list of numbers")]
enum AcceptEntry {
    Named(NonZero),
    Numbers(Vec<u32>),
}

#[derive(Deserialize)]
enum NonZero {
    #[serde(rename = "non-zero")]
    NonZero,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Absent {
    Fail,
    Pass,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct OnlyEntry {
    architecture: Option<SixtyFourBit>,
    min_build: Option<u32>,
    max_build: Option<u32>,
    #[serde(default)]
    installation: Vec<InstallationEntry>,
    entra_connect: Option<ProductEntry>,
}

#[derive(Deserialize)]
enum SixtyFourBit {
    #[serde(rename = "64-bit")]
    SixtyFourBit,
}

#[derive(Deserialize)]
enum InstallationEntry {
    Client,
    Server,
    #[serde(rename = "Server Core")]
    ServerCore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductEntry {
    min: Option<ProductVersion>,
    max: Option<ProductVersion>,
    #[serde(default)]
    known: bool,
}

fn yes() -> bool {
    true
}

/// What is wrong, and the byte of the text where.
struct Wrong(usize, String);

/// Why a text is no policy, or no list of waivers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is no TOML, or has other fields than are asked for.
    Toml(toml::de::Error),
    /// One that is built in does not hold what is asked for.
    Packed(serde::de::value::Error),
    /// A rule contradicts itself or another one.
    Rule {
        /// Where, from 1.
        line: usize,
        /// Likewise.
        column: usize,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyError::Toml(error) => error.fmt(f),
            PolicyError::Packed(error) => error.fmt(f),
            PolicyError::Rule { line, column, what } => write!(f, "line {line}, column {column}: {what}"),
        }
    }
}

impl std::error::Error for PolicyError {}

impl From<serde::de::value::Error> for PolicyError {
    fn from(error: serde::de::value::Error) -> Self {
        PolicyError::Packed(error)
    }
}

impl From<toml::de::Error> for PolicyError {
    fn from(error: toml::de::Error) -> Self {
        PolicyError::Toml(error)
    }
}

/// Reads a policy file.
pub(super) fn parse(text: &str) -> Result<Policy, PolicyError> {
    policy(toml::from_str(text)?, text, sha256_hex(text.as_bytes()))
}

/// Reads a policy that is built in.
pub(super) fn unpack(data: &Data) -> Result<Policy, PolicyError> {
    policy(data.read()?, data.text, data.sha256.to_owned())
}

fn policy(file: PolicyFile, text: &str, sha256: String) -> Result<Policy, PolicyError> {
    let at = file.rule.span().start;
    let rules = rules(file.rule.into_inner(), at, &file.id.0).map_err(|Wrong(at, what)| {
        let (line, column) = line_and_column(text, at);
        PolicyError::Rule { line, column, what }
    })?;
    Ok(Policy {
        id: file.id.0,
        version: file.version.0,
        date: file.date.0.to_string(),
        title: file.title.0,
        source: file.source.0,
        sha256,
        rules,
        parts: Vec::new(),
    })
}

/// Both from 1, as editors count.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()).saturating_add(1);
    (line, column)
}

fn rules(entries: Vec<RuleEntry>, at: usize, policy: &str) -> Result<Vec<Rule>, Wrong> {
    if entries.is_empty() {
        return Err(Wrong(at, "a policy needs at least one rule".to_owned()));
    }
    let policy: Arc<str> = policy.into();
    let mut rules: Vec<Rule> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (at, id) = (entry.id.span().start, entry.id.get_ref().0.clone());
        if rules.iter().any(|other| other.id == id) {
            return Err(Wrong(at, format!("two rules have the id \"{id}\"")));
        }
        rules.push(
            rule(entry, Arc::clone(&policy))
                .map_err(|Wrong(place, what)| Wrong(place, format!("rule \"{id}\": {what}")))?,
        );
    }
    Ok(rules)
}

fn rule(entry: RuleEntry, policy: Arc<str>) -> Result<Rule, Wrong> {
    let at = entry.id.span().start;
    let wrong = |what: &str| Wrong(at, what.to_owned());
    let of_value = entry.r#type.is_some()
        || entry.enable.is_some()
        || entry.disable.is_some()
        || entry.accept.is_some()
        || entry.absent.is_some();
    let check = match (entry.key, entry.value, entry.effective) {
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            return Err(wrong("it is either about a value (key, value) or about an effective state (effective)"));
        }
        (None, None, Some(_)) if of_value => {
            return Err(wrong("type, enable, disable, accept and absent are for rules about a value"));
        }
        (Some(_), Some(_), None) if entry.expect.is_some() || entry.fix.is_some() => {
            return Err(wrong("expect and fix are for rules about an effective state"));
        }
        (Some(key), Some(value), None) => {
            if entry.r#type.is_none() {
                return Err(wrong("missing field `type`"));
            }
            let enable = entry.enable.ok_or_else(|| wrong("missing field `enable`"))?;
            let accept = match entry.accept {
                None => Accept::Nothing,
                Some(AcceptEntry::Named(NonZero::NonZero)) => Accept::NonZero,
                Some(AcceptEntry::Numbers(numbers)) => Accept::Numbers(numbers),
            };
            Check::Value(Setting {
                key: key.0,
                value: Name::from(value.0.as_str()),
                expect: Expectation { value: Value::dword(enable), accept },
                disabled: entry.disable.map(Value::dword),
                absent_passes: entry.absent == Some(Absent::Pass),
            })
        }
        (None, None, Some(subject)) => {
            let expect = entry.expect.ok_or_else(|| wrong("missing field `expect`"))?;
            let fix = entry.fix.ok_or_else(|| wrong("missing field `fix`"))?;
            Check::State(effect(&subject, &expect, fix)?)
        }
        (Some(_), None, None) => return Err(wrong("missing field `value`")),
        (None, Some(_), None) => return Err(wrong("missing field `key`")),
        (None, None, None) => return Err(wrong("it needs key and value, or effective")),
    };
    let only = only(entry.only).map_err(|what| wrong(&what))?;
    let id = entry.id.into_inner().0;
    let (title, why, source) = (entry.title.0, entry.why.0, entry.source.0);
    Ok(Rule { id, policy, title, why, source, check, required: entry.required, only })
}

fn effect(subject: &Spanned<String>, expect: &Spanned<Vec<String>>, fix: Text) -> Result<Effect, Wrong> {
    let at = expect.span().start;
    let subject = subject::named(subject.get_ref()).map_err(|what| Wrong(subject.span().start, what))?;
    let known = subject.states();
    let wrong =
        |found: &str| Err(Wrong(at, format!("expected one or more of {}, found {found}", State::listed(known, ", "))));
    let mut states = Vec::new();
    for word in expect.get_ref() {
        match known.iter().find(|state| state.word() == word) {
            Some(state) => states.push(*state),
            None => return wrong(&format!("\"{word}\"")),
        }
    }
    if states.is_empty() {
        return wrong("none");
    }
    Ok(Effect { subject, expect: states, fix: fix.0 })
}

fn only(entry: OnlyEntry) -> Result<Only, String> {
    let product =
        entry.entra_connect.map(|p| Product { min: p.min.map(|v| v.0), max: p.max.map(|v| v.0), known: p.known });
    let never = |min, max| format!("no machine is meant: {min} is later than {max}");
    if let (Some(min), Some(max)) = (entry.min_build, entry.max_build)
        && min > max
    {
        return Err(never(min.to_string(), max.to_string()));
    }
    if let Some(Product { min: Some(min), max: Some(max), .. }) = product
        && min > max
    {
        return Err(never(min.to_string(), max.to_string()));
    }
    let installation = entry.installation.iter().map(|kind| match kind {
        InstallationEntry::Client => Installation::Client,
        InstallationEntry::Server => Installation::Server,
        InstallationEntry::ServerCore => Installation::ServerCore,
    });
    Ok(Only {
        only_64_bit: entry.architecture.is_some(),
        min_build: entry.min_build,
        max_build: entry.max_build,
        installation: installation.collect(),
        product,
    })
}

#[cfg(test)]
mod tests;

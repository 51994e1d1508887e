//! Policy files: TOML, unknown fields refused.

use serde::Deserialize;

use super::{Expectation, Policy, Rule};
use crate::digest::sha256_hex;
use crate::registry::path::{KeyPath, Name};
use crate::registry::value::{Value, ValueType};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    id: String,
    version: String,
    #[serde(rename = "date")]
    _date: String,
    title: String,
    source: String,
    rule: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: String,
    title: String,
    key: String,
    value: String,
    r#type: String,
    enable: u32,
    disable: u32,
    accept: Option<Accept>,
    only: Option<Only>,
    #[serde(default = "yes")]
    required: bool,
}

#[derive(Deserialize)]
enum Accept {
    #[serde(rename = "non-zero")]
    NonZero,
}

#[derive(Deserialize)]
enum Only {
    #[serde(rename = "64-bit")]
    SixtyFourBit,
}

fn yes() -> bool {
    true
}

/// Reads a policy file.
pub(super) fn parse(text: &str) -> Result<Policy, String> {
    let file: PolicyFile = toml::from_str(text).map_err(|e| e.to_string())?;
    let rules = file.rule.into_iter().map(rule).collect::<Result<Vec<_>, _>>()?;
    for (i, rule) in rules.iter().enumerate() {
        if rules.iter().take(i).any(|other| other.id == rule.id) {
            return Err(format!("two rules have the id {:?}", rule.id));
        }
    }
    let sha256 = sha256_hex(text.as_bytes());
    Ok(Policy { id: file.id, version: file.version, title: file.title, source: file.source, sha256, rules })
}

fn rule(entry: RuleEntry) -> Result<Rule, String> {
    let kind: ValueType = entry.r#type.parse().map_err(|e| format!("rule {:?}: {e}", entry.id))?;
    if kind != ValueType::DWORD {
        return Err(format!("rule {:?}: type {kind} is not supported: rules ask for REG_DWORD values", entry.id));
    }
    let key = KeyPath::parse(&entry.key);
    if key.below(&KeyPath::parse("HKEY_LOCAL_MACHINE")).is_none() {
        return Err(format!("rule {:?}: the key must start with HKEY_LOCAL_MACHINE, not {:?}", entry.id, entry.key));
    }
    Ok(Rule {
        id: entry.id,
        title: entry.title,
        key,
        value: Name::from(entry.value.as_str()),
        expect: Expectation { value: Value::dword(entry.enable), non_zero: entry.accept.is_some() },
        disabled: Value::dword(entry.disable),
        required: entry.required,
        only_64_bit: entry.only.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id='x'\nversion='1'\ndate='2026-01-01'\ntitle='t'\nsource='s'\n";

    fn with_rule(key: &str, kind: &str, more: &str) -> String {
        format!(
            "{HEAD}[[rule]]\nid='r'\ntitle='t'\nkey='{key}'\nvalue='v'\ntype='{kind}'\nenable=1\ndisable=0\n{more}\n"
        )
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = with_rule(r"HKEY_LOCAL_MACHINE\SOFTWARE\X", "REG_DWORD", "");
        assert!(parse(&good).is_ok());
        let again = good.split_once("[[").map(|(_, rest)| format!("{good}[[{rest}")).unwrap();
        let cases = [
            (with_rule("HKLM\\X", "REG_DWORD", ""), "HKEY_LOCAL_MACHINE"),
            (with_rule("HKEY_LOCAL_MACHINE\\X", "REG_SZ", ""), "REG_DWORD"),
            (with_rule("HKEY_LOCAL_MACHINE\\X", "DWORD", ""), "no registry value type"),
            (with_rule("HKEY_LOCAL_MACHINE\\X", "REG_DWORD", "colour='red'"), "unknown field `colour`"),
            (again, "two rules"),
        ];
        for (text, named) in cases {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}

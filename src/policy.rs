//! Policies: what a registry should hold. Rules are data, because the same expectation drives the audit and the generator.

mod file;

use crate::registry::path::{KeyPath, Name};
use crate::registry::value::{Value, ValueType};

/// A set of rules with an identity.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Short name, for command lines and reports.
    pub id: String,
    /// Version of the rules.
    pub version: String,
    /// One line for people.
    pub title: String,
    /// The text that the rules rest on.
    pub source: String,
    /// SHA-256 of the policy file, in hex.
    pub sha256: String,
    /// In the order in which they are reported.
    pub rules: Vec<Rule>,
}

/// One value that the registry should hold.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable name, for reports and scripts.
    pub id: String,
    /// What holds when the rule passes, in one line.
    pub title: String,
    /// Full path from `HKEY_LOCAL_MACHINE`; the control set is written `CurrentControlSet`.
    pub key: KeyPath,
    /// Name of the value.
    pub value: Name,
    /// What the value should be.
    pub expect: Expectation,
    /// What the value is when the setting is turned off.
    pub disabled: Value,
    /// Whether the verdict depends on this rule; the others inform.
    pub required: bool,
    /// Whether the rule has no meaning on 32-bit Windows.
    pub only_64_bit: bool,
}

/// A value that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The value itself: what a generated file sets.
    pub value: Value,
    /// Whether any other number than 0 is as good to Windows.
    pub non_zero: bool,
}

/// How a value stands to an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is the value that is asked for.
    Exact,
    /// It is another one that Windows reads the same way.
    Equivalent,
    /// It has the wrong type, or a length that its type does not have.
    WrongType,
    /// It has another number.
    WrongData,
}

impl Expectation {
    /// Holds a value against the expectation. A `REG_SZ` "1" is no `REG_DWORD` 1: neither Schannel nor .NET reads it as one.
    pub fn check(&self, found: &Value) -> Match {
        if *found == self.value {
            return Match::Exact;
        }
        match found.as_dword() {
            Some(n) if self.non_zero && n != 0 => Match::Equivalent,
            Some(_) if self.value.kind == ValueType::DWORD => Match::WrongData,
            _ if found.kind == self.value.kind && found.data.len() == self.value.data.len() => Match::WrongData,
            _ => Match::WrongType,
        }
    }
}

impl Policy {
    /// The policy that is used unless another is asked for: `entra-connect-tls12`.
    ///
    /// # Errors
    /// When the policy that was built in does not load, which a test rules out.
    pub fn default_policy() -> Result<Self, String> {
        file::parse(include_str!("policy/builtin/entra-connect-tls12.toml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_asks_for_the_eight_values_of_the_document() {
        let policy = Policy::default_policy().unwrap();
        let net = r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319";
        let wow = r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319";
        let server = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server";
        let client = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";
        let want = [
            (wow, "SystemDefaultTlsVersions", 1, 0),
            (wow, "SchUseStrongCrypto", 1, 0),
            (net, "SystemDefaultTlsVersions", 1, 0),
            (net, "SchUseStrongCrypto", 1, 0),
            (server, "Enabled", 1, 0),
            (server, "DisabledByDefault", 0, 1),
            (client, "Enabled", 1, 0),
            (client, "DisabledByDefault", 0, 1),
        ];
        assert_eq!(policy.rules.len(), want.len());
        for (rule, (key, value, enable, disable)) in policy.rules.iter().zip(want) {
            assert_eq!(rule.key.to_string(), format!("HKEY_LOCAL_MACHINE\\{key}"));
            assert_eq!(rule.value.to_string(), value);
            assert_eq!(rule.expect.value, Value::dword(enable));
            assert_eq!(rule.disabled, Value::dword(disable));
            assert_eq!(rule.expect.non_zero, value == "Enabled");
            assert_eq!(rule.only_64_bit, key == wow);
            assert!(rule.required);
        }
    }

    #[test]
    fn expectations_tell_data_from_type() {
        let one = Expectation { value: Value::dword(1), non_zero: false };
        let on = Expectation { value: Value::dword(1), non_zero: true };
        let short = Value { kind: ValueType::DWORD, data: vec![1] };
        let qword = Value { kind: ValueType::QWORD, data: 1u64.to_le_bytes().to_vec() };
        let cases = [
            (&one, Value::dword(1), Match::Exact),
            (&one, Value::dword(0), Match::WrongData),
            (&one, Value::dword(0xffff_ffff), Match::WrongData),
            (&on, Value::dword(0xffff_ffff), Match::Equivalent),
            (&on, Value::dword(0), Match::WrongData),
            (&on, Value::sz("1"), Match::WrongType),
            (&on, short, Match::WrongType),
            (&on, qword, Match::WrongType),
        ];
        for (expect, value, want) in cases {
            assert_eq!(expect.check(&value), want, "{value:?}");
        }
    }
}

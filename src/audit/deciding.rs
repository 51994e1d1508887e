//! The values that a rule rests on: what a second reader is asked about.

use crate::policy::{Check, Rule};
use crate::windows::path::{KeyPath, Name};
use crate::windows::subject::{Bits, Runtime, Side, Subject};

/// The values that decide a rule. Of an effective state, those that are set for it alone: what else bears on it (releases,
/// algorithms that are turned off) is not among them.
pub fn deciding(rule: &Rule) -> Vec<(KeyPath, Name)> {
    let effect = match &rule.check {
        Check::Value(setting) => return vec![(setting.key.clone(), setting.value.clone())],
        Check::State(effect) => effect,
    };
    let all = |key: String, names: &[&str]| {
        let key = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{key}"));
        names.iter().map(|name| (key.clone(), Name::from(*name))).collect()
    };
    let software = |bits| if bits == Bits::Bits32 { r"SOFTWARE\WOW6432Node" } else { "SOFTWARE" };
    let lists = || {
        let policy = r"SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002".to_owned();
        let local = r"SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002".to_owned();
        [all(policy, &["Functions"]), all(local, &["Functions"])].concat()
    };
    match Subject::parse(&effect.subject) {
        Some(Subject::Schannel(protocol, side)) => {
            let protocols = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";
            let side = if side == Side::Client { "Client" } else { "Server" };
            let mut own: Vec<_> = all(format!(r"{protocols}\{protocol}\{side}"), &["Enabled", "DisabledByDefault"]);
            // These are not on without a suite in the list.
            if ["TLS 1.2", "TLS 1.3", "DTLS 1.2"].contains(&protocol) {
                own.extend(lists());
            }
            own
        }
        Some(Subject::DotNet(runtime, bits)) => {
            let version = if runtime == Runtime::V2 { "v2.0.50727" } else { "v4.0.30319" };
            let key = format!(r"{}\Microsoft\.NETFramework\{version}", software(bits));
            all(key, &["SystemDefaultTlsVersions", "SchUseStrongCrypto"])
        }
        Some(Subject::WinHttp(bits)) => {
            let key = format!(r"{}\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp", software(bits));
            all(key, &["DefaultSecureProtocols"])
        }
        Some(Subject::CipherSuites(_)) => lists(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn every_rule_of_every_policy_rests_on_something() {
        for policy in Policy::builtins().unwrap() {
            for rule in &policy.rules {
                assert!(!deciding(rule).is_empty(), "{}: {}", policy.id, rule.id);
            }
        }
    }
}

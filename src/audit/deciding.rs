//! The values that a rule rests on: what a second reader is asked about.

use super::effective;
use crate::policy::{Check, Rule};
use crate::windows::path::{KeyPath, Name};
use crate::windows::subject::{Bits, Connect, Exchange, PROTOCOLS, Runtime, Side, Subject, Suites};

/// The values that decide a rule. Of an effective state, those that are set for it alone: what else bears on it (releases,
/// algorithms that are turned off) is not among them.
pub fn deciding(rule: &Rule) -> Vec<(KeyPath, Name)> {
    let effect = match &rule.check {
        Check::Value(setting) => return vec![(setting.key.clone(), setting.value.clone())],
        Check::State(effect) => effect,
    };
    let all = |key: String, names: &[&str]| -> Vec<(KeyPath, Name)> {
        let key = KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\{key}"));
        names.iter().map(|name| (key.clone(), Name::from(*name))).collect()
    };
    let software = |bits| if bits == Bits::Bits32 { r"SOFTWARE\WOW6432Node" } else { "SOFTWARE" };
    let list = |name: &str| {
        let policy = r"SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002".to_owned();
        let local = r"SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002".to_owned();
        [all(policy, &[name]), all(local, &[name])].concat()
    };
    let schannel = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
    let pair = |protocol: &str, side: Side| {
        let side = if side == Side::Client { "Client" } else { "Server" };
        all(format!(r"{schannel}\Protocols\{protocol}\{side}"), &["Enabled", "DisabledByDefault"])
    };
    let both = |protocol: &str| [pair(protocol, Side::Client), pair(protocol, Side::Server)].concat();
    let runtime = |runtime: Runtime, bits: Bits| {
        let version = if runtime == Runtime::V2 { "v2.0.50727" } else { "v4.0.30319" };
        let home = format!(r"{}\Microsoft\.NETFramework", software(bits));
        let mut values = all(format!(r"{home}\{version}"), &["SystemDefaultTlsVersions", "SchUseStrongCrypto"]);
        if runtime != Runtime::V2 {
            let switches = ["SystemDefaultTlsVersions", "SchUseStrongCrypto"]
                .map(|name| format!("Switch.System.Net.DontEnable{name}"));
            values.extend(all(format!(r"{home}\AppContext"), &switches.each_ref().map(String::as_str)));
        }
        values
    };
    let release = || all(r"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full".to_owned(), &["Release"]);
    let exchange = |exchange: Exchange, value: &str| {
        all(format!(r"{schannel}\KeyExchangeAlgorithms\{}", exchange.key()), &[value])
    };
    match effect.subject {
        Subject::Schannel(protocol, side) => {
            let mut own: Vec<_> = pair(protocol, side);
            // These are not on without a suite in the list.
            if ["TLS 1.2", "TLS 1.3", "DTLS 1.2"].contains(&protocol) {
                own.extend(list("Functions"));
            }
            own
        }
        Subject::Values(protocol) | Subject::Sides(protocol) => both(protocol),
        Subject::Protocols(side) => PROTOCOLS.iter().flat_map(|protocol| pair(protocol, side)).collect(),
        Subject::DotNet(version, bits) => runtime(version, bits),
        Subject::DotNetProtocols(version, bits) => {
            let old = ["SSL 3.0", "TLS 1.0"].map(|protocol| pair(protocol, Side::Client)).concat();
            [runtime(version, bits), old].concat()
        }
        Subject::DotNetRelease(_) | Subject::EntraConnect(Connect::DotNet) => release(),
        Subject::EntraConnect(Connect::Version | Connect::Support) => {
            all(r"SYSTEM\CurrentControlSet\Services\ADSync".to_owned(), &["Start"])
        }
        Subject::EntraConnect(Connect::Programs) => {
            let key = r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319\System.Net.ServicePointManager";
            let engine = r"C:\Program Files\Microsoft Azure AD Sync\Bin\miiserver.exe";
            let of = |setting: &str| all(format!("{key}.{setting}"), &[engine]);
            [of("SystemDefaultTlsVersions"), of("SecurityProtocol")].concat()
        }
        Subject::EntraAgents => effective::agents().into_iter().flat_map(|key| all(key, &["Start"])).collect(),
        Subject::WinHttp(bits) => {
            let key = format!(r"{}\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp", software(bits));
            all(key, &["DefaultSecureProtocols"])
        }
        Subject::CipherSuites(Suites::AzureDevOps) => [list("Functions"), list("EccCurves")].concat(),
        Subject::CipherSuites(_) | Subject::MozillaSuites => list("Functions"),
        Subject::Curves | Subject::MozillaCurves => list("EccCurves"),
        Subject::KeyExchange(own) => exchange(own, "Enabled"),
        Subject::KeySize(own, side, _) => own.smallest(side).map(|value| exchange(own, value)).unwrap_or_default(),
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

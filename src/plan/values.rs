//! The values that rules are about, those about effective states included.

use crate::policy::{Check, Effect, Rule};
use crate::windows::path::{KeyPath, Name};
use crate::windows::state::State;
use crate::windows::subject::{Bits, Connect, Runtime, Side, Subject};
use crate::windows::value::Value;

/// A value, and what it should be where the rule says so.
pub(super) struct Wanted {
    pub(super) key: KeyPath,
    pub(super) name: Name,
    pub(super) value: Value,
}

impl Wanted {
    fn dword(key: &str, name: &str, number: u32) -> Self {
        Self { key: KeyPath::parse(key), name: Name::from(name), value: Value::dword(number) }
    }
}

/// The key of Schannel's protocols.
pub(super) const PROTOCOLS: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";

/// The key of the ways to exchange keys.
const KEY_EXCHANGES: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\KeyExchangeAlgorithms";

/// The values of a rule. Lists of cipher suites are not among them: Windows itself keeps one.
pub(super) fn wanted(rule: &Rule) -> Vec<Wanted> {
    match &rule.check {
        Check::Value(setting) => {
            let (key, name, value) = (setting.key.clone(), setting.value.clone(), setting.expect.value.clone());
            vec![Wanted { key, name, value }]
        }
        Check::State(effect) => of_state(effect),
    }
}

fn of_state(effect: &Effect) -> Vec<Wanted> {
    match effect.subject {
        Subject::Schannel(protocol, side) => {
            let side = if side == Side::Client { "Client" } else { "Server" };
            let key = format!(r"{PROTOCOLS}\{protocol}\{side}");
            let expects = |state| effect.expect.contains(&state);
            let (enabled, disabled) = match (expects(State::On), expects(State::Off), expects(State::SoftOff)) {
                (true, ..) => (1, 0),
                (false, true, _) => (0, 1),
                (false, false, true) => (1, 1),
                _ => return Vec::new(),
            };
            vec![Wanted::dword(&key, "Enabled", enabled), Wanted::dword(&key, "DisabledByDefault", disabled)]
        }
        // By the book, where the rule has but one page of it.
        Subject::Values(protocol) => {
            let (enabled, disabled) = match effect.expect.as_slice() {
                [State::Enabled] => (1, 0),
                [State::Disabled] => (0, 1),
                _ => return Vec::new(),
            };
            let side = |side| {
                let key = format!(r"{PROTOCOLS}\{protocol}\{side}");
                [Wanted::dword(&key, "Enabled", enabled), Wanted::dword(&key, "DisabledByDefault", disabled)]
            };
            ["Client", "Server"].into_iter().flat_map(side).collect()
        }
        Subject::DotNet(runtime, bits) => {
            let version = if runtime == Runtime::V2 { "v2.0.50727" } else { "v4.0.30319" };
            dotnet(bits == Bits::Bits32, version)
        }
        // What others set, what is installed, and what would choose between two ways.
        Subject::WinHttp(_)
        | Subject::CipherSuites(_)
        | Subject::MozillaSuites
        | Subject::Sides(_)
        | Subject::Protocols(_)
        | Subject::DotNetProtocols(..)
        | Subject::DotNetRelease(_)
        | Subject::Curves
        | Subject::MozillaCurves
        | Subject::EntraConnect(_)
        | Subject::EntraAgents
        | Subject::KeyExchange(_) => Vec::new(),
        Subject::KeySize(exchange, side, bits) => {
            let key = format!(r"{KEY_EXCHANGES}\{}", exchange.key());
            let smallest = exchange.smallest(side).filter(|_| effect.expect == [State::AtLeast]);
            smallest.map(|name| Wanted::dword(&key, name, bits)).into_iter().collect()
        }
    }
}

/// Whether a rule is about what is installed: no value decides it.
pub(super) fn is_about_installed(rule: &Rule) -> bool {
    let Check::State(effect) = &rule.check else { return false };
    matches!(
        effect.subject,
        Subject::EntraConnect(Connect::Version | Connect::Support | Connect::DotNet)
            | Subject::EntraAgents
            | Subject::DotNetRelease(_)
    )
}

/// The protocol that a rule is about.
pub(super) fn protocol(rule: &Rule) -> Option<&'static str> {
    match &rule.check {
        Check::State(effect) => match effect.subject {
            Subject::Schannel(protocol, _) | Subject::Values(protocol) | Subject::Sides(protocol) => Some(protocol),
            _ => None,
        },
        Check::Value(_) => None,
    }
}

/// What lets .NET Framework programs use the protocols that Windows offers.
pub(super) fn dotnet(wow64: bool, version: &str) -> Vec<Wanted> {
    let node = if wow64 { r"WOW6432Node\" } else { "" };
    let key = format!(r"HKEY_LOCAL_MACHINE\SOFTWARE\{node}Microsoft\.NETFramework\{version}");
    ["SystemDefaultTlsVersions", "SchUseStrongCrypto"].map(|name| Wanted::dword(&key, name, 1)).into()
}

/// The same for every .NET Framework and both views of the registry, where a machine may have two.
pub(super) fn dotnet_views(wow64: Option<bool>) -> Vec<Wanted> {
    let versions = ["v4.0.30319", "v2.0.50727"];
    let views = versions.into_iter().flat_map(|version| [(false, version), (true, version)]);
    views
        .filter(|(view32, _)| !view32 || wow64 != Some(false))
        .flat_map(|(view32, version)| dotnet(view32, version))
        .collect()
}

//! WinHTTP and FIPS: protocols of callers that name none.
//!
//! Sources: Microsoft, "Option Flags" (WINHTTP_OPTION_SECURE_PROTOCOLS: the defaults and the bits); "How to enable TLS 1.2 on
//! clients" (both views, the update that older releases need); "System cryptography: Use FIPS compliant algorithms for
//! encryption, hashing, and signing". Schannel's off wins over all of them: WinHTTP offers what Schannel gives it. Whether the
//! bits of the value count as naming a protocol, which a soft-off one is still given to, is not documented.

use super::ask::{self, Setting};
use super::os_defaults::Release;
use super::schannel::Changed;
use super::updates::Updates;
use super::{Answer, Availability, Fact, Lint, dotnet};
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::registry::Registry;
use crate::windows::path::KeyPath;
use crate::windows::reading::Reading;

const TLS12: u32 = 0x800;
const BITS: [(u32, &str); 6] = [
    (0x08, "SSL 2.0"),
    (0x20, "SSL 3.0"),
    (0x80, "TLS 1.0"),
    (0x200, "TLS 1.1"),
    (TLS12, "TLS 1.2"),
    (0x2000, "TLS 1.3"),
];
const VALUE: &str = "DefaultSecureProtocols";
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
const POLICY_VALUE: &str = "SecureProtocols";
const FIPS: &str = r"SYSTEM\CurrentControlSet\Control\Lsa\FipsAlgorithmPolicy";
const FIPS_VALUE: &str = "Enabled";

/// What WinHTTP callers of one view offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WinHttpView {
    /// Which programs.
    pub view: dotnet::View,
    /// Whether TLS 1.2 is among it, with what Schannel allows.
    pub tls12: Answer,
    /// The protocols, and where they come from.
    pub why: String,
    /// Where the value stands.
    pub place: Option<Place>,
}

/// Protocols that are set apart from Schannel and .NET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WinHttp {
    /// One a view.
    pub views: Vec<WinHttpView>,
    /// What a policy sets for Internet Explorer's engine, which shows sign-in windows: the protocols.
    pub internet_settings_policy: Option<String>,
    /// Whether FIPS mode is on.
    pub fips: Answer,
    /// Keys that hold values, and when they were written: Microsoft, "How to enable TLS 1.2 on clients", asks for a restart.
    pub(in crate::audit) changed: Vec<Changed>,
}

fn key(wow: bool) -> KeyPath {
    let node = if wow { r"WOW6432Node\" } else { "" };
    ask::path(&format!(r"SOFTWARE\{node}Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp"))
}

pub(super) fn readings() -> Vec<Reading> {
    let views = [false, true].map(|wow| Reading::values(key(wow), &[VALUE]));
    let policy = Reading::values(ask::path(POLICY), &[POLICY_VALUE]);
    views.into_iter().chain([policy, Reading::values(ask::path(FIPS), &[FIPS_VALUE])]).collect()
}

pub(super) fn read(
    registry: &Registry,
    windows: &Windows,
    release: Option<&Release>,
    client: Option<&Fact>,
    updates: &Updates<'_>,
    lints: &mut Vec<Lint>,
) -> WinHttp {
    let mut views = Vec::new();
    let mut changed = Vec::new();
    for (view, wow) in dotnet::views(registry, windows) {
        let (setting, info) = ask::number(registry, &key(wow), VALUE);
        if let (true, Some(info)) = (setting.is_set(), info) {
            let last_write = info.last_write.ok_or_else(|| ask::no_time(&info));
            changed.push(Changed { key: key(wow).to_string(), place: Some(info.place), last_write });
        }
        let place = setting.place().cloned();
        let (asked, why) = judge(&setting, release, windows, updates);
        // What Schannel does is told elsewhere: this is about the setting of WinHTTP itself.
        if asked == Answer::No {
            let why = format!("{} WinHTTP callers that name no protocol do not offer TLS 1.2: {why}", view.text());
            lints.push(Lint::new(Code::WinhttpNoTls12, why, place.clone()));
        }
        let (tls12, why) = given(asked, why, setting.number().is_some(), client);
        views.push(WinHttpView { view, tls12, why, place });
    }
    let policy = ask::number(registry, &ask::path(POLICY), POLICY_VALUE).0;
    if let Setting::Number(n, place) = &policy
        && n & TLS12 == 0
    {
        let why =
            format!("a policy sets Internet Settings to {}, without TLS 1.2: sign-in windows may fail", names(*n));
        lints.push(Lint::new(Code::InternetSettingsNoTls12, why, Some(place.clone())));
    }
    let fips = ask::number(registry, &ask::path(FIPS), FIPS_VALUE).0;
    if let Setting::Number(1.., place) = &fips {
        let why = "FIPS mode is on: it takes cipher suites and curves away that are not counted here".to_owned();
        lints.push(Lint::new(Code::FipsOn, why, Some(place.clone())));
    }
    WinHttp {
        views,
        changed,
        internet_settings_policy: policy.number().map(names),
        fips: match fips {
            Setting::Absent | Setting::Number(0, _) => Answer::No,
            Setting::Number(..) => Answer::Yes,
            Setting::Odd(..) | Setting::Unknown(..) => Answer::Unknown,
        },
    }
}

fn judge(setting: &Setting, release: Option<&Release>, windows: &Windows, updates: &Updates<'_>) -> (Answer, String) {
    let answer = |n: u32| if n & TLS12 == 0 { Answer::No } else { Answer::Yes };
    match setting {
        Setting::Number(n, _) => {
            let why = format!("{VALUE}={} ({})", ask::shown(*n), names(*n));
            match release.and_then(|release| release.winhttp_update.as_deref()) {
                Some(update) if updates.proof(update).is_some() => {
                    (answer(*n), format!("{why}; {update} is installed"))
                }
                Some(update) if n & TLS12 != 0 => {
                    (Answer::Unknown, format!("{why}: read only if {update} is installed"))
                }
                _ => (answer(*n), why),
            }
        }
        Setting::Odd(value, _) => (Answer::Unknown, format!("{VALUE} {}", ask::odd(value))),
        Setting::Unknown(why, _) => (Answer::Unknown, why.clone()),
        Setting::Absent => {
            let defaults = release.map(|release| release.winhttp(windows)).unwrap_or_default();
            let Some((first, rest)) = defaults.split_first() else {
                return (Answer::Unknown, "not set, and the OS default is not known".to_owned());
            };
            let why = format!(
                "not set; the OS default is {}",
                defaults.iter().map(|n| names(*n)).collect::<Vec<_>>().join(" or ")
            );
            let agree = rest.iter().all(|n| answer(*n) == answer(*first));
            (if agree { answer(*first) } else { Answer::Unknown }, why)
        }
    }
}

/// What is left of TLS 1.2 where Schannel has been asked, and why.
fn given(asked: Answer, why: String, by_value: bool, client: Option<&Fact>) -> (Answer, String) {
    let state = client.map_or(Availability::Unknown, |fact| fact.state);
    let of_client = client.map(|fact| fact.why.as_str()).unwrap_or_default();
    match (asked, state) {
        (Answer::No, _) | (_, Availability::On) => (asked, why),
        (_, Availability::Off | Availability::NotSupported) => {
            (Answer::No, format!("{why}; Schannel does not offer TLS 1.2 to any client: {of_client}"))
        }
        (_, Availability::SoftOff) if by_value => {
            let doubt = "whether WinHTTP then asks for it by name is not documented";
            (Answer::Unknown, format!("{why}; Schannel offers TLS 1.2 only by name ({of_client}): {doubt}"))
        }
        (Answer::Unknown, Availability::SoftOff | Availability::Unknown) => (asked, why),
        (Answer::Yes, Availability::SoftOff) => {
            (Answer::No, format!("{why}; Schannel offers TLS 1.2 only to clients that name it: {of_client}"))
        }
        (Answer::Yes, Availability::Unknown) => {
            (Answer::Unknown, format!("{why}; whether Schannel offers TLS 1.2 is not known: {of_client}"))
        }
    }
}

/// The protocols that a bitmap stands for.
fn names(bits: u32) -> String {
    let names: Vec<&str> = BITS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
    if names.is_empty() { "no protocol".to_owned() } else { names.join(", ") }
}

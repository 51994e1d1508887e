//! Names that look like those that Windows reads, and are not: somebody set them and nothing came of it.
//!
//! Below a key that is looked at anyway, whatever is nearly one of its names is told. Where listing a key would cost much, or
//! where a `.reg` file does not tell all of it, the misspellings that people publish are asked for by name, in [`KEYS`].

use super::ask::{self, Setting};
use super::dotnet::{self, View};
use super::schannel::{DISABLED, ENABLED};
use super::{Lint, schannel};
use crate::diagnostic::Code;
use crate::near::nearest;
use crate::place::Place;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::{Part, Reading};
use crate::windows::roots;
use crate::windows::subject::PROTOCOLS;
use crate::windows::value::Value;

/// Oddities that are named of one key; a hostile input could list a million.
const MOST: usize = 32;

/// How far below a key one is looked for that a `.reg` file lists.
const DEEPEST: usize = 4;

/// Keys that Windows reads beside those of [`PROTOCOLS`], or read once.
const ALSO_READ: [&str; 2] = ["PCT 1.0", "Multi-Protocol Unified Hello"];

/// Keys that nothing reads, and those that are read. With each goes where it was published; those without were made by the
/// same slips.
const KEYS: [(&str, &str); 16] = [
    // MicrosoftDocs/security issue 160, about Microsoft's "Solving the TLS 1.0 Problem".
    (r"SOFTWARE\Microsoft.NETFramework", r"SOFTWARE\Microsoft\.NETFramework"),
    // MicrosoftDocs/office-docs-powershell issue 8007, about a command of Microsoft's page on Exchange Online.
    (r"SOFTWARE\WOW6432Node\Microsoft.NETFramework", r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework"),
    // Microsoft's deployment guide of Internet Explorer 11, on EnableIEHosting.
    (r"SOFTWARE\WOW6432Node\.NETFramework", r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework"),
    (r"SOFTWARE\.NETFramework", r"SOFTWARE\Microsoft\.NETFramework"),
    // J. Jameson's weblog of 2010 on SharePoint and AssemblyFoldersEx, where it is named as a mistake.
    (r"SOFTWARE\Microsoft\WOW6432Node\.NETFramework", r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework"),
    (r"SOFTWARE\Microsoft\NETFramework", r"SOFTWARE\Microsoft\.NETFramework"),
    (r"SOFTWARE\WOW6432Node\Microsoft\NETFramework", r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework"),
    (r"SOFTWARE\Microsoft\.NET Framework", r"SOFTWARE\Microsoft\.NETFramework"),
    (r"SOFTWARE\WOW6432Node\Microsoft\.NET Framework", r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework"),
    // Korean pages of a vendor, and scripts, write "Protocol" for "Protocols".
    (
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocol",
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols",
    ),
    (r"SYSTEM\CurrentControlSet\Control\SCHANNEL", r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"),
    (
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANEL",
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL",
    ),
    (
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Cipher",
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Ciphers",
    ),
    (
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Hash",
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Hashes",
    ),
    (
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\KeyExchangeAlgorithm",
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\KeyExchangeAlgorithms",
    ),
    // What a path that is joined without its backslash becomes.
    (
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNELProtocols",
        r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols",
    ),
];

/// Slips in the name of the runtime's key, which is v4.0.30319 for every .NET Framework 4.
const RUNTIMES: [&str; 9] = [
    "v4.0.30319.0",
    "v4.0.303019",
    "v4.0.3019",
    "v4.0.30139",
    "v4.0.303119",
    "v4.030319",
    "v4.0",
    "4.0.30319",
    "v4.0.30319 ",
];

/// Values that people publish and nothing reads, beside those that are nearly right, with the one that is meant.
const VALUES: [(&str, &str); 7] = [
    // MicrosoftDocs/windowsserverdocs issue 5239 quotes the page on TLS registry settings so.
    ("DisableByDefault", DISABLED),
    ("Enable", ENABLED),
    ("Disabled", ENABLED),
    // microsoft/CSS-Exchange pull request 2100.
    ("SystemTlsVersions", dotnet::SYSTEM_DEFAULT),
    ("SystemDefaultTlsVersion", dotnet::SYSTEM_DEFAULT),
    ("SystemDefaultTls", dotnet::SYSTEM_DEFAULT),
    ("UseStrongCrypto", dotnet::STRONG),
];

/// The keys that nothing reads.
fn signs() -> Vec<KeyPath> {
    let published = KEYS.iter().map(|(key, _)| ask::path(key)).chain(PROTOCOLS.map(schannel::key));
    let runtimes = [false, true].into_iter().flat_map(|wow| RUNTIMES.map(|name| dotnet::key(wow, name)));
    published.chain(runtimes).collect()
}

pub(super) fn readings() -> Vec<Reading> {
    let homes = [false, true].map(|wow| Reading::values(dotnet::home(wow), &[dotnet::SYSTEM_DEFAULT, dotnet::STRONG]));
    signs().into_iter().map(|key| Reading::new(key, Part::Traces)).chain(homes).collect()
}

pub(super) fn read(registry: &Registry, views: &[(View, bool)], lints: &mut Vec<Lint>) {
    for (key, meant) in KEYS {
        if let Some(place) = place_of(registry, &ask::path(key)) {
            let id = if key.starts_with("SYSTEM") { Code::SchannelUnreadKey } else { Code::DotnetUnreadKey };
            let why = format!(r"nothing reads the key HKLM\{key}; the one that is read is HKLM\{meant}");
            lints.push(Lint::new(id, why, Some(place)));
        }
    }
    for protocol in PROTOCOLS {
        if let Some(place) = place_of(registry, &schannel::key(protocol)) {
            let why = format!("{protocol} stands right below SCHANNEL: Windows reads it only below Protocols");
            lints.push(Lint::new(Code::SchannelUnreadKey, why, Some(place)));
        }
    }
    protocols(registry, lints);
    for (view, wow) in views {
        net(registry, *view, *wow, lints);
    }
}

/// Where a key stands, if it is there; where a `.reg` file lists keys below it alone, the first of those.
fn place_of(registry: &Registry, key: &KeyPath) -> Option<Place> {
    let mut at = key.clone();
    for _ in 0..=DEEPEST {
        match registry.key(&at) {
            Lookup::ValueAbsent(info) => return Some(info.place),
            Lookup::NotCovered => at = ask::child(&at, names(registry.children(&at)).first()?),
            _ => return None,
        }
    }
    None
}

/// The names below or in a key, as far as they are known.
fn names(listing: Listing) -> Vec<Name> {
    match listing {
        Listing::Found { names, .. } => names,
        Listing::KeyAbsent | Listing::NotCovered | Listing::Unreadable(..) => Vec::new(),
    }
}

fn is(name: &Name, known: &str) -> bool {
    roots::is(name.units(), known)
}

/// Keys below `Protocols`, and what stands in them, that no Windows reads.
fn protocols(registry: &Registry, lints: &mut Vec<Lint>) {
    let key = schannel::key("Protocols");
    let found = names(registry.children(&key));
    let known = |name: &&Name| PROTOCOLS.iter().chain(&ALSO_READ).any(|known| is(name, known));
    for name in found.iter().filter(|name| !known(name)).take(MOST) {
        let text = name.to_string();
        let hint = meant_protocol(&text).map(|meant| format!("; the name that it reads is \"{meant}\""));
        let why = format!("Windows never reads the key \"{text}\" below Protocols{}", hint.unwrap_or_default());
        lints.push(Lint::new(Code::SchannelUnreadKey, why, place_of(registry, &ask::child(&key, name))));
    }
    for protocol in PROTOCOLS.iter().filter(|protocol| found.iter().any(|name| is(name, protocol))) {
        let key = ask::child(&key, &Name::from(*protocol));
        misplaced(registry, &key, protocol, lints);
        for side in ["Client", "Server"] {
            values(registry, &ask::child(&key, &Name::from(side)), &format!(r"{protocol}\{side}"), lints);
        }
    }
}

/// The protocol, and with it perhaps the side, that a name below `Protocols` is meant for.
fn meant_protocol(text: &str) -> Option<String> {
    let squeezed = |text: &str| text.replace([' ', '_', '-', 'v', 'V'], "").to_ascii_lowercase();
    let name = squeezed(text);
    let joined = |protocol: &&str| {
        let side = name.strip_prefix(&squeezed(protocol))?;
        let side = ["Client", "Server"].into_iter().find(|known| squeezed(known) == squeezed(side))?;
        Some(format!(r"{protocol}\{side}"))
    };
    let alike = PROTOCOLS.iter().find(|protocol| squeezed(protocol) == name).map(|protocol| (*protocol).to_owned());
    alike.or_else(|| PROTOCOLS.iter().find_map(joined))
}

/// Values and keys at the wrong level of a protocol's key.
fn misplaced(registry: &Registry, key: &KeyPath, protocol: &str, lints: &mut Vec<Lint>) {
    for name in [ENABLED, DISABLED] {
        if let (Setting::Number(_, place) | Setting::Odd(_, place), _) = ask::number(registry, key, name) {
            let why =
                format!("{name} stands in {protocol} itself: Windows reads it only in its subkeys Client and Server");
            lints.push(Lint::new(Code::SchannelValuesAboveSides, why, Some(place)));
        }
    }
    let sides = ["Client", "Server"];
    let found = names(registry.children(key));
    for name in found.iter().filter(|name| !sides.iter().any(|side| is(name, side))).take(MOST) {
        let text = name.to_string();
        let hint = nearest(&text, sides).map(|meant| format!("; the name that it reads is \"{meant}\""));
        let why = format!("Windows never reads the key \"{text}\" below {protocol}{}", hint.unwrap_or_default());
        lints.push(Lint::new(Code::SchannelUnreadKey, why, place_of(registry, &ask::child(key, name))));
    }
}

/// What stands in the key of a side beside the two values.
fn values(registry: &Registry, key: &KeyPath, at: &str, lints: &mut Vec<Lint>) {
    let found = names(registry.value_names(key));
    for (name, meant) in unread(&found, &[ENABLED, DISABLED]) {
        let why = format!("{at}: Windows never reads the value \"{name}\"; the name that it reads is \"{meant}\"");
        lints.push(Lint::new(Code::SchannelUnreadValue, why, place_of_value(registry, key, &name)));
    }
    // A template of Group Policy sets the default value beside Enabled (Crosse/SchannelGroupPolicy issue 10), which harms
    // nobody; in its place it does.
    let default = Name::default();
    if found.contains(&default)
        && !found.iter().any(|name| is(name, ENABLED))
        && let Lookup::Found(value) = registry.get(key, &default)
        && is_number(&value.value)
    {
        let why = format!(
            "{at}: the default value is set, which Windows never reads; the value that it reads is called \"{ENABLED}\""
        );
        lints.push(Lint::new(Code::SchannelUnreadValue, why, Some(value.place)));
    }
    // Microsoft's page called it a subkey for years (MicrosoftDocs/windowsserverdocs issues 1441 and 2664).
    for name in names(registry.children(key)) {
        if let Some(meant) = [ENABLED, DISABLED].into_iter().find(|known| is(&name, known)) {
            let why = format!("{at}: {meant} is a key there, and Windows never reads it; it is to be a value");
            lints.push(Lint::new(Code::SchannelUnreadKey, why, place_of(registry, &ask::child(key, &name))));
        }
    }
}

fn is_number(value: &Value) -> bool {
    let text = value.as_text().unwrap_or_default();
    value.as_dword().is_some() || (!text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit() || c == 'x'))
}

/// Names of values that are nearly, and not, one of those that are read, spelled as they are published, with that one.
fn unread(found: &[Name], read: &[&'static str]) -> Vec<(String, &'static str)> {
    let strange = found.iter().filter(|name| !read.iter().any(|known| is(name, known)));
    let meant = strange.filter_map(|name| {
        let published = VALUES.iter().find(|(wrong, meant)| read.contains(meant) && is(name, wrong));
        if let Some((wrong, meant)) = published {
            return Some(((*wrong).to_owned(), *meant));
        }
        let text = name.to_string();
        nearest(&text, read.iter().copied()).map(|meant| (text, meant))
    });
    meant.take(MOST).collect()
}

fn place_of_value(registry: &Registry, key: &KeyPath, name: &str) -> Option<Place> {
    match registry.get(key, &Name::from(name)) {
        Lookup::Found(found) => Some(found.place),
        _ => None,
    }
}

/// The keys and values of .NET Framework in one view.
fn net(registry: &Registry, view: View, wow: bool, lints: &mut Vec<Lint>) {
    for name in RUNTIMES {
        let key = dotnet::key(wow, name);
        if let Some(place) = place_of(registry, &key) {
            let why = format!("nothing reads the key {key}; .NET Framework 4 reads \"{}\"", dotnet::V4);
            lints.push(Lint::new(Code::DotnetUnreadKey, why, Some(place)));
        }
    }
    let home = dotnet::home(wow);
    for name in [dotnet::SYSTEM_DEFAULT, dotnet::STRONG] {
        if let (Setting::Number(_, place) | Setting::Odd(_, place), _) = ask::number(registry, &home, name) {
            let why = format!(
                "{name} stands in {home} itself: .NET reads it only in its subkeys {} and {}",
                dotnet::V4,
                dotnet::V2
            );
            lints.push(Lint::new(Code::DotnetValuesAboveRuntimes, why, Some(place)));
        }
    }
    for version in [dotnet::V4, dotnet::V2] {
        let key = dotnet::key(wow, version);
        let found = names(registry.value_names(&key));
        for (name, meant) in unread(&found, &[dotnet::SYSTEM_DEFAULT, dotnet::STRONG]) {
            let why = format!(
                "{version} ({} programs): .NET never reads the value \"{name}\"; the name that it reads is \"{meant}\"",
                view.text()
            );
            lints.push(Lint::new(Code::DotnetUnreadValue, why, place_of_value(registry, &key, &name)));
        }
    }
}

/// The keys below a group of algorithms that are not among those that are read, with what is meant.
pub(super) fn algorithms(registry: &Registry, group: &str, found: &[Name], known: &[&str], lints: &mut Vec<Lint>) {
    let key = schannel::key(group);
    for name in found.iter().filter(|name| !known.iter().any(|known| is(name, known))).take(MOST) {
        let text = name.to_string();
        // PowerShell takes the slash in a name for one in a path (rzander/Reg2CI issue 10, ansible/ansible issue 20308).
        let cut = known.iter().find(|known| known.split_once('/').is_some_and(|(head, _)| is(name, head)));
        let Some(meant) = cut.copied().or_else(|| nearest(&text, known.iter().copied())) else { continue };
        let why =
            format!("Windows never reads the key \"{text}\" below {group}; the name that it reads is \"{meant}\"");
        lints.push(Lint::new(Code::SchannelUnreadKey, why, place_of(registry, &ask::child(&key, name))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_protocols_are_told_what_they_are_meant_for() {
        for (name, meant) in [
            ("TLS1.2", Some("TLS 1.2")),
            ("TLSv1.2", Some("TLS 1.2")),
            ("tls_1.2", Some("TLS 1.2")),
            ("TLS v1.3", Some("TLS 1.3")),
            ("TLS 1.2Client", Some(r"TLS 1.2\Client")),
            ("TLS1.2server", Some(r"TLS 1.2\Server")),
            ("DTLS1.2", Some("DTLS 1.2")),
            ("DTLS 1.1", None),
            ("TLS 1.4", None),
            ("Multi", None),
        ] {
            assert_eq!(meant_protocol(name).as_deref(), meant, "{name}");
        }
    }
}

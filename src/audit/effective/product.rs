//! Which synchronisation product is installed, and what its version asks of TLS 1.2.
//!
//! Sources: Microsoft, "Troubleshoot Microsoft Entra Connect upgrade issues" (stale uninstall entries); "TLS 1.2 enforcement
//! for Microsoft Entra Connect" and "Microsoft Entra Connect: Version release history" (`data/entra_connect.toml`); "Admin
//! audit logging" (the product's key). The service `ADSync` and its program are those of AADInternals and of Microsoft's
//! migration script.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Lint;
use super::ask;
use super::os_defaults::{self, Release};
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::policy::Version;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};

const SERVICE: &str = r"SYSTEM\CurrentControlSet\Services\ADSync";
const PRODUCT: &str = r"SOFTWARE\Microsoft\Azure AD Connect";
const UNINSTALL: [(&str, bool); 2] = [
    (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall", false),
    (r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall", true),
];
/// Uninstall entries that are read of one view. Real machines stay under 1,000.
const ENTRIES: usize = 4096;

/// The first build that version 2 supports (Microsoft, "Prerequisites for Microsoft Entra Connect"): Windows Server 2016.
const FIRST_FOR_V2: u32 = 14393;

/// The product itself, by the names that it had.
const BUNDLES: [&str; 2] = ["Microsoft Entra Connect Sync", "Microsoft Azure AD Connect"];
/// Its engine, which has the same version.
const ENGINES: [&str; 2] =
    ["Microsoft Azure AD Connect synchronization services", "Microsoft Entra Connect synchronization services"];
/// Starts of the names of other products, which must not be taken for it.
const OTHERS: [&str; 6] = [
    "Microsoft Azure AD Connect ",
    "Microsoft Entra Connect ",
    "Azure AD Connect ",
    "Microsoft Entra Private Network Connector",
    "Microsoft Entra Provisioning Agent",
    "Microsoft Entra Authentication Agent",
];

/// An uninstall entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `DisplayName`
    pub name: String,
    /// `DisplayVersion`
    pub version: Option<String>,
    /// Where the name stands.
    pub place: Place,
}

/// Whether Entra Connect is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Installed {
    /// Its service and its uninstall entry are there.
    Yes,
    /// One of the two alone.
    Remnant,
    /// Neither.
    No,
    /// It cannot be told.
    Unknown,
}

/// Whether the installed version asks for the registry values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    /// It does.
    Values,
    /// It does not: what is in effect counts.
    NoValues,
    /// It cannot be told.
    Unknown,
}

/// The product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Whether it is installed.
    pub installed: Installed,
    /// What that rests on.
    pub why: String,
    /// Its version.
    pub version: Option<String>,
    /// Whether that version asks for the registry values.
    pub needs: Needs,
    /// What is known of that version.
    pub facts: Vec<String>,
    /// The uninstall entries of it, and of the engine.
    pub entries: Vec<Entry>,
    /// Entries of products with similar names.
    pub others: Vec<Entry>,
    /// When extended support of this Windows release ends, for server editions.
    pub windows_support_ends: Option<String>,
    /// As of when the tables are.
    pub as_of: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    version: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from: Option<String>,
    to: Option<String>,
    values: Option<Values>,
    #[serde(default)]
    warn: bool,
    text: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Values {
    Required,
    NotRequired,
}

static VERSIONS: LazyLock<File> =
    LazyLock::new(|| toml::from_str(include_str!("data/entra_connect.toml")).unwrap_or_default());

pub(super) fn keys() -> Vec<KeyPath> {
    vec![ask::path(SERVICE), ask::path(PRODUCT)]
}

pub(super) fn trees() -> Vec<KeyPath> {
    UNINSTALL.map(|(key, _)| ask::path(key)).to_vec()
}

/// What a look-up for a key says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum There {
    Yes(Place),
    No,
    Unknown(String),
}

fn there(registry: &Registry, key: &str) -> There {
    match registry.key(&ask::path(key)) {
        Lookup::ValueAbsent(info) => There::Yes(info.place),
        Lookup::KeyAbsent => There::No,
        other => There::Unknown(ask::no_answer(other, &ask::path(key)).0),
    }
}

pub(super) fn read(
    registry: &Registry,
    windows: &Windows,
    release: Option<&Release>,
    lints: &mut Vec<Lint>,
) -> Product {
    let is_server = windows.installation_type.as_deref().is_some_and(|kind| kind.starts_with("Server"));
    let mut product = Product {
        installed: Installed::No,
        why: String::new(),
        version: None,
        needs: Needs::Unknown,
        facts: Vec::new(),
        entries: Vec::new(),
        others: Vec::new(),
        windows_support_ends: release.and_then(|r| r.support_ends.clone()).filter(|_| is_server),
        as_of: VERSIONS.as_of.clone(),
    };
    let service = there(registry, SERVICE);
    // A machine without the service does not synchronise. Its hundreds of uninstall entries, each on a page of its own, are
    // read only where something speaks for the product, or where the service cannot be looked for.
    let wanted = service != There::No || matches!(there(registry, PRODUCT), There::Yes(_));
    let mut doubt = None;
    if wanted {
        for (key, wow) in UNINSTALL {
            if !(wow && windows.architecture.has_wow64() == Some(false)) {
                entries(registry, key, &mut product, &mut doubt);
            }
        }
    }
    let has_entry = !product.entries.is_empty();
    (product.installed, product.why) = match (&service, has_entry, doubt) {
        (There::Yes(_), true, _) => (Installed::Yes, "service ADSync and uninstall entry".to_owned()),
        (There::Yes(_), false, None) => (Installed::Remnant, "service ADSync without an uninstall entry".to_owned()),
        (There::Yes(_), false, Some(why)) => (Installed::Unknown, format!("service ADSync; uninstall entries: {why}")),
        (There::No, true, _) => (Installed::Remnant, "uninstall entry without the service ADSync".to_owned()),
        (There::No, false, _) => (Installed::No, "no service ADSync".to_owned()),
        (There::Unknown(why), true, _) => (Installed::Unknown, format!("uninstall entry; service ADSync: {why}")),
        (There::Unknown(why), false, _) => (Installed::Unknown, format!("service ADSync: {why}")),
    };
    if product.installed == Installed::Remnant {
        let place = if let There::Yes(place) = service {
            Some(place)
        } else {
            product.entries.first().map(|e| e.place.clone())
        };
        let why = format!("a remnant of Entra Connect: {}", product.why);
        lints.push(Lint::new(Code::EntraConnectRemnant, why, place));
    }
    version(&mut product, lints);
    let number = product.version.as_deref().and_then(parse);
    supported(&product, windows, release, number, lints);
    if let (Some(number), Some(build)) = (number, windows.build)
        && number.major() >= 2
        && build < FIRST_FOR_V2
    {
        let why = format!("version 2 of Entra Connect needs Windows Server 2016 or newer, and this is build {build}");
        lints.push(Lint::new(Code::EntraConnectWindows, why, product.entries.first().map(|e| e.place.clone())));
    }
    product
}

/// Whether this Windows is supported at all, and as the product asks for it: Microsoft, "Prerequisites for Microsoft Entra
/// Connect", section "Microsoft Entra Connect server" (Windows Server with the full GUI; Server Core is not supported).
fn supported(
    product: &Product,
    windows: &Windows,
    release: Option<&Release>,
    number: Option<Version>,
    lints: &mut Vec<Lint>,
) {
    let as_of = os_defaults::as_of();
    // Days written as YYYY-MM-DD compare as text. The day of the table is meant, not today: an audit reads no clock.
    if let (Some(date), Some(release)) = (&product.windows_support_ends, release)
        && date.as_str() < as_of
    {
        let why = format!("extended support of {} ended on {date} (as of {as_of})", release.names);
        lints.push(Lint::new(Code::WindowsUnsupported, why, None));
    }
    let kind = windows.installation_type.as_deref().unwrap_or_default();
    let core = kind.eq_ignore_ascii_case("Server Core");
    if number.is_some_and(|number| number.major() >= 2) && (core || kind.eq_ignore_ascii_case("Client")) {
        let why = format!(
            "version 2 of Entra Connect needs Windows Server with the full GUI, and this is {} (Microsoft, \
             \"Prerequisites for Microsoft Entra Connect\")",
            if core { "Server Core" } else { "a client edition" }
        );
        lints.push(Lint::new(Code::EntraConnectEdition, why, product.entries.first().map(|e| e.place.clone())));
    }
}

/// Reads one list of uninstall entries: names alone, and versions of those that matter.
fn entries(registry: &Registry, key: &str, product: &mut Product, doubt: &mut Option<String>) {
    let key = ask::path(key);
    let names = match registry.children(&key) {
        Listing::Found { names, whole } => {
            if !whole {
                doubt.get_or_insert_with(|| "the input speaks of some of them alone".to_owned());
            }
            names
        }
        Listing::KeyAbsent => return,
        Listing::NotCovered => {
            doubt.get_or_insert_with(|| ask::not_covered(&key));
            return;
        }
        Listing::Unreadable(error, _) => {
            doubt.get_or_insert_with(|| format!("they cannot be read: {error}"));
            return;
        }
    };
    if names.len() > ENTRIES {
        doubt.get_or_insert_with(|| format!("there are {}: more than {ENTRIES} are not read", names.len()));
        return;
    }
    for name in &names {
        let entry = ask::child(&key, name);
        let found = match registry.get(&entry, &Name::from("DisplayName")) {
            Lookup::Found(found) => found,
            Lookup::Unreadable(error, _) => {
                doubt.get_or_insert_with(|| format!("one cannot be read: {error}"));
                continue;
            }
            _ => continue,
        };
        let Some(text) = found.value.as_text() else { continue };
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(&text));
        let is_ours = is(&BUNDLES) || is(&ENGINES);
        let lower = text.to_lowercase();
        if !is_ours && !OTHERS.iter().any(|start| lower.starts_with(&start.to_lowercase())) {
            continue;
        }
        let version = match registry.get(&entry, &Name::from("DisplayVersion")) {
            Lookup::Found(found) => found.value.as_text(),
            _ => None,
        };
        let list = if is_ours { &mut product.entries } else { &mut product.others };
        list.push(Entry { name: text, version, place: found.place });
    }
}

/// Settles the version and what it asks for.
fn version(product: &mut Product, lints: &mut Vec<Lint>) {
    if !matches!(product.installed, Installed::Yes | Installed::Unknown) {
        return;
    }
    let of = |names: &[&str]| {
        let mut found: Vec<&str> = Vec::new();
        for entry in product.entries.iter().filter(|e| names.iter().any(|name| name.eq_ignore_ascii_case(&e.name))) {
            found.extend(entry.version.as_deref().filter(|v| !found.contains(v)));
        }
        found
    };
    let bundles = of(&BUNDLES);
    let versions = if bundles.is_empty() { of(&ENGINES) } else { bundles };
    let text = match versions.as_slice() {
        [one] => (*one).to_owned(),
        [] => return,
        several => {
            let why = format!("Entra Connect has uninstall entries of several versions: {}", several.join(", "));
            lints.push(Lint::new(Code::EntraConnectVersions, why, product.entries.first().map(|e| e.place.clone())));
            return;
        }
    };
    let Some(number) = parse(&text) else {
        product.version = Some(text);
        return;
    };
    let within = |row: &&Row| {
        let from = row.from.as_deref().and_then(parse).is_none_or(|from| number >= from);
        from && row.to.as_deref().and_then(parse).is_none_or(|to| number <= to)
    };
    for row in VERSIONS.version.iter().filter(within) {
        match (product.needs, row.values) {
            (Needs::Unknown, Some(Values::Required)) => product.needs = Needs::Values,
            (Needs::Unknown, Some(Values::NotRequired)) => product.needs = Needs::NoValues,
            _ => {}
        }
        if row.warn {
            let why = format!("Entra Connect {text}: {} (as of {})", row.text, VERSIONS.as_of);
            let place = product.entries.first().map(|e| e.place.clone());
            lints.push(Lint::new(Code::EntraConnectOutdated, why, place));
        }
        product.facts.push(row.text.clone());
    }
    product.version = Some(text);
}

/// A version, as an uninstall entry or the table gives it.
fn parse(text: &str) -> Option<Version> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_loads_and_its_versions_are_versions() {
        assert_eq!(VERSIONS.version.len(), 7);
        for row in &VERSIONS.version {
            assert!([&row.from, &row.to].into_iter().flatten().all(|v| parse(v).is_some()), "{row:?}");
        }
        assert!(parse("2.4.129.0") < parse("2.4.131.0"));
        assert_eq!(parse("2.5.79"), parse("2.5.79.0"), "what is left out is 0");
        assert_eq!(parse("2.x"), None);
    }
}

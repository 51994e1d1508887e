//! Which synchronisation product is installed, and what its version asks of TLS 1.2.
//!
//! Sources: Microsoft, "Troubleshoot Microsoft Entra Connect upgrade issues" (stale uninstall entries); "TLS 1.2 enforcement
//! for Microsoft Entra Connect" and "Microsoft Entra Connect: Version release history" (`data/entra_connect.toml`); "Admin
//! audit logging" (the product's key). The service `ADSync` and its program are those of AADInternals and of Microsoft's
//! migration script.

mod agents;
mod versions;

pub use agents::Agent;
pub(super) use agents::check as check_agents;
pub(in crate::audit) use agents::services as agents;
pub use versions::Standing;
pub(super) use versions::check as check_versions;

use super::ask;
use super::dotnet::DotNet;
use super::{Answer, Lint, Support, lifecycle, suites};
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::policy::Version;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::{Part, Reading};
use crate::windows::state::State;
use crate::windows::value::Value;

const SERVICE: &str = r"SYSTEM\CurrentControlSet\Services\ADSync";
const PRODUCT: &str = r"SOFTWARE\Microsoft\Azure AD Connect";
const UNINSTALL: [(&str, bool); 2] = [
    (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall", false),
    (r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall", true),
];
const DISPLAY_NAME: &str = "DisplayName";
const DISPLAY_VERSION: &str = "DisplayVersion";
/// Uninstall entries that are read of one view. Real machines stay under 1,000.
const ENTRIES: usize = 4096;

/// The first build that version 2 supports (Microsoft, "Prerequisites for Microsoft Entra Connect"): Windows Server 2016.
const FIRST_FOR_V2: u32 = 14393;
/// Windows Server 2025, which the same page (2025-09-29) does not support yet.
const SERVER_2025: u32 = 26100;

/// The product itself, by the names that it had.
const BUNDLES: [&str; 2] = ["Microsoft Entra Connect Sync", "Microsoft Azure AD Connect"];
/// Its engine, which has the same version.
const ENGINES: [&str; 2] =
    ["Microsoft Azure AD Connect synchronization services", "Microsoft Entra Connect synchronization services"];
/// Starts of the names of other products, which must not be taken for it.
const OTHERS: [&str; 6] = [
    "Microsoft Azure AD Connect ",
    "Microsoft Entra Connect",
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
    /// Its service is there. Its uninstall entry, which has the version, may have a name that is not known.
    Yes,
    /// An uninstall entry without the service.
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
    /// Whether any input speaks of it: of its service, its entries, or a key of its own.
    pub(in crate::audit) covered: bool,
    /// Its version.
    pub version: Option<String>,
    /// Whether that version asks for the registry values.
    pub needs: Needs,
    /// Whether that version still synchronises, and why; none where the product is not installed.
    pub standing: Option<(Standing, String)>,
    /// When support of that version ends, or ended, and a mark where that is second-hand.
    pub support_ends: Option<(String, &'static str)>,
    /// What is known of support where there is no day: the state and why.
    pub(in crate::audit) supported: (State, String),
    /// The oldest .NET Framework that it needs.
    pub dotnet: Option<String>,
    /// What is known of that version.
    pub facts: Vec<String>,
    /// The uninstall entries of it, and of the engine.
    pub entries: Vec<Entry>,
    /// Entries of products with similar names.
    pub others: Vec<Entry>,
    /// Agents of Microsoft Entra that are installed.
    pub agents: Vec<Agent>,
    /// Why agents may be there that are not seen.
    pub(in crate::audit) agents_unknown: Option<String>,
    /// When support of this Windows ends or ended.
    pub windows_support: Option<Support>,
    /// As of when the tables are.
    pub as_of: String,
}

pub(super) fn readings() -> Vec<Reading> {
    let services = agents::services().into_iter().map(|key| ask::path(&key));
    let signs: Vec<KeyPath> = [SERVICE, PRODUCT].into_iter().map(ask::path).chain(services).collect();
    let lists = UNINSTALL.map(|(key, _)| {
        let values = [DISPLAY_NAME, DISPLAY_VERSION].map(Name::from).to_vec();
        Reading::new(ask::path(key), Part::Entries { values, where_any: signs.clone() })
    });
    signs.iter().map(|key| Reading::new(key.clone(), Part::Existence)).chain(lists).collect()
}

/// What a look-up for a key says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum There {
    Yes(Place),
    No,
    /// Why it cannot be told.
    Unknown(String),
    /// The same, where no input speaks of it.
    NotCovered(String),
}

fn there(registry: &Registry, key: &str) -> There {
    match registry.key(&ask::path(key)) {
        Lookup::ValueAbsent(info) => There::Yes(info.place),
        Lookup::KeyAbsent => There::No,
        Lookup::NotCovered => There::NotCovered(ask::not_covered(&ask::path(key))),
        other => There::Unknown(ask::no_answer(other, &ask::path(key)).0),
    }
}

pub(super) fn read(registry: &Registry, windows: &Windows, dotnet: &DotNet, lints: &mut Vec<Lint>) -> Product {
    let mut product = Product {
        installed: Installed::No,
        why: String::new(),
        covered: false,
        version: None,
        needs: Needs::Unknown,
        standing: None,
        support_ends: None,
        supported: (State::Unknown, "no table says whether this version is supported".to_owned()),
        dotnet: None,
        facts: Vec::new(),
        entries: Vec::new(),
        others: Vec::new(),
        agents: Vec::new(),
        agents_unknown: None,
        windows_support: lifecycle::support(windows),
        as_of: versions::as_of().to_owned(),
    };
    let service = there(registry, SERVICE);
    // A machine without the service does not synchronise. Its hundreds of uninstall entries, each on a page of its own, are
    // read only where something speaks for the product, or where the service cannot be looked for.
    let (running, doubt_of_agents) = agents::running(registry);
    let own_key = there(registry, PRODUCT);
    let wanted = service != There::No || !running.is_empty() || matches!(own_key, There::Yes(_));
    let mut doubts = Doubts::default();
    if wanted {
        for (key, wow) in UNINSTALL {
            if !(wow && windows.architecture.has_wow64() == Some(false)) {
                entries(registry, key, &mut product, &mut doubts);
            }
        }
    }
    let has_entry = !product.entries.is_empty();
    (product.installed, product.why) = match (&service, has_entry, doubts.first()) {
        (There::Yes(_), true, _) => (Installed::Yes, "service ADSync and uninstall entry".to_owned()),
        (There::Yes(_), false, None) => {
            (Installed::Yes, "service ADSync; no uninstall entry of a known name gives its version".to_owned())
        }
        (There::Yes(_), false, Some(why)) => {
            (Installed::Yes, format!("service ADSync; its version is not known: uninstall entries: {why}"))
        }
        (There::No, true, _) => (Installed::Remnant, "uninstall entry without the service ADSync".to_owned()),
        (There::No, false, _) => (Installed::No, "no service ADSync".to_owned()),
        (There::Unknown(why) | There::NotCovered(why), entry, _) => {
            let entry = if entry { "uninstall entry; " } else { "" };
            (Installed::Unknown, format!("{entry}service ADSync: {why}"))
        }
    };
    let is_told = |there: &There| matches!(there, There::Yes(_) | There::Unknown(_));
    product.covered =
        !matches!(service, There::NotCovered(_)) || has_entry || is_told(&own_key) || doubts.damage.is_some();
    if product.installed == Installed::Remnant {
        let place = product.entries.first().map(|e| e.place.clone());
        let why = format!("a remnant of Entra Connect: {}", product.why);
        lints.push(Lint::new(Code::EntraConnectRemnant, why, place));
    }
    product.agents = agents::read(running, &product.others, doubts.damage.is_some(), lints);
    product.agents_unknown = doubt_of_agents;
    version(&mut product, doubts.damage.as_deref(), dotnet, lints);
    let number = product.version.as_deref().and_then(parse);
    supported(&product, windows, number, lints);
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
fn supported(product: &Product, windows: &Windows, number: Option<Version>, lints: &mut Vec<Lint>) {
    let as_of = lifecycle::as_of();
    // Days written as YYYY-MM-DD compare as text. The day of the table is meant, not today: an audit reads no clock.
    if let Some(support) = product.windows_support.as_ref().filter(|support| support.ends.as_str() < as_of) {
        let name = windows.product.as_deref().unwrap_or("Windows");
        let Support { ends, of, .. } = support;
        let why = format!("{name}: {of} ended on {ends} ({})", support.as_of());
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
    if product.installed == Installed::Yes && windows.build == Some(SERVER_2025) {
        let why = "Windows Server 2025 is not among the releases that Entra Connect supports (Microsoft, \"Prerequisites for \
                   Microsoft Entra Connect\", edition of 2025-09-29; newer ones were not read)"
            .to_owned();
        lints.push(Lint::new(Code::EntraConnectWindows, why, product.entries.first().map(|e| e.place.clone())));
    }
}

/// Why there may be other uninstall entries than those that were read.
#[derive(Debug, Default)]
struct Doubts {
    /// Entries that are there cannot be read: one of them may have another version.
    damage: Option<String>,
    /// The input speaks of some alone.
    partial: Option<String>,
}

impl Doubts {
    fn first(&self) -> Option<&str> {
        self.damage.as_deref().or(self.partial.as_deref())
    }

    fn damaged(&mut self, why: impl FnOnce() -> String) {
        self.damage.get_or_insert_with(why);
    }
}

/// Reads one list of uninstall entries: names alone, and versions of those that matter.
fn entries(registry: &Registry, key: &str, product: &mut Product, doubts: &mut Doubts) {
    let key = ask::path(key);
    let names = match registry.children(&key) {
        Listing::Found { names, whole } => {
            if !whole {
                doubts.partial.get_or_insert_with(|| "the input speaks of some of them alone".to_owned());
            }
            names
        }
        Listing::KeyAbsent => return,
        Listing::NotCovered => {
            doubts.partial.get_or_insert_with(|| ask::not_covered(&key));
            return;
        }
        Listing::Unreadable(error, _) => {
            doubts.damaged(|| format!("they cannot be read: {error}"));
            return;
        }
    };
    if names.len() > ENTRIES {
        doubts.damaged(|| format!("there are {}: more than {ENTRIES} are not read", names.len()));
        return;
    }
    for name in &names {
        let entry = ask::child(&key, name);
        let found = match registry.get(&entry, &Name::from(DISPLAY_NAME)) {
            Lookup::Found(found) => found,
            Lookup::Unreadable(error, _) => {
                doubts.damaged(|| format!("one cannot be read: {error}"));
                continue;
            }
            _ => continue,
        };
        let Some(text) = found.value.as_text() else { continue };
        if is_damaged(&text, &found.value) {
            doubts.damaged(|| format!("the name of {name} is damaged"));
        }
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(&text));
        let is_ours = is(&BUNDLES) || is(&ENGINES);
        let lower = text.to_lowercase();
        let is_other = OTHERS.iter().any(|start| lower.starts_with(&start.to_lowercase())) || agents::is_entry(&text);
        if !is_ours && !is_other {
            continue;
        }
        let version = match registry.get(&entry, &Name::from(DISPLAY_VERSION)) {
            Lookup::Found(found) => found.value.as_text(),
            _ => None,
        };
        let list = if is_ours { &mut product.entries } else { &mut product.others };
        list.push(Entry { name: text, version, place: found.place });
    }
}

/// Whether a name may have been that of the product before it was damaged: one of its beginnings with more behind the end, or no
/// text at all.
fn is_damaged(text: &str, value: &Value) -> bool {
    let begins = |name: &&str| {
        name.len() > text.len() && name.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    let is_start = BUNDLES.iter().chain(&ENGINES).any(begins);
    let noise = |c: char| c.is_control() || matches!(c, '\u{fffd}' | '\u{fffe}' | '\u{ffff}');
    is_start && value.goes_on_behind_its_end() || text.chars().any(noise)
}

/// Settles the version and what it asks for. The bundle and its engine have the same one.
fn version(product: &mut Product, damage: Option<&str>, dotnet: &DotNet, lints: &mut Vec<Lint>) {
    if !matches!(product.installed, Installed::Yes | Installed::Unknown) {
        return;
    }
    let place = product.entries.first().map(|e| e.place.clone());
    let mut versions: Vec<&str> = product.entries.iter().filter_map(|entry| entry.version.as_deref()).collect();
    versions.sort_unstable();
    versions.dedup();
    let unversioned = product.entries.iter().find(|entry| entry.version.is_none());
    let text = match (versions.as_slice(), unversioned, damage) {
        ([one], None, None) => (*one).to_owned(),
        ([], ..) => {
            product.standing = Some((Standing::Unknown, format!("its version is not known: {}", product.why)));
            return;
        }
        ([one], Some(entry), _) => {
            let why = format!(
                "its version is not known: one uninstall entry says {one}, and that of \"{}\" none",
                entry.name
            );
            product.standing = Some((Standing::Unknown, why));
            return;
        }
        ([one], None, Some(damage)) => {
            let why = format!("its version is not known: one uninstall entry says {one}, and of the others: {damage}");
            product.standing = Some((Standing::Unknown, why));
            return;
        }
        (several, ..) => {
            let why = format!("Entra Connect has uninstall entries of several versions: {}", several.join(", "));
            product.standing = Some((Standing::Unknown, why.clone()));
            lints.push(Lint::new(Code::EntraConnectVersions, why, place));
            return;
        }
    };
    product.standing = Some((Standing::Unknown, "no table has its version".to_owned()));
    if let Some(number) = parse(&text) {
        let known = versions::known(number);
        let as_of = versions::as_of();
        if let Standing::Stopped | Standing::Recalled = known.standing.0 {
            let why = format!("Entra Connect {text}: {} (as of {as_of})", known.standing.1);
            lints.push(Lint::new(Code::EntraConnectOutdated, why, place.clone()));
        }
        // Days written as YYYY-MM-DD compare as text; the day of the table is meant, not today.
        if let Some((date, marked)) = known.support_ends.as_ref().filter(|(date, _)| date.as_str() < as_of) {
            let why = format!("support of Entra Connect {text} ended on {date}{marked} (as of {as_of})");
            lints.push(Lint::new(Code::EntraConnectUnsupported, why, place.clone()));
        }
        if let Some(version) = &known.dotnet
            && let (Answer::No, found) = dotnet.at_least(|release| suites::at_least(release, version))
        {
            let why = format!("Entra Connect {text} needs .NET Framework {version} or later: {found}");
            lints.push(Lint::new(Code::EntraConnectOldDotnet, why, place));
        }
        product.needs = known.needs;
        product.standing = Some(known.standing);
        product.support_ends = known.support_ends;
        product.supported = known.supported;
        product.dotnet = known.dotnet;
        product.facts = known.facts;
    }
    product.version = Some(text);
}

/// A version, as an uninstall entry or the table gives it.
fn parse(text: &str) -> Option<Version> {
    text.trim().parse().ok()
}

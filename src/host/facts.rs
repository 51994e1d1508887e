//! What Windows it is, by what its registry says.

use std::fmt;

use super::undo_record;
use crate::registry::source::Source;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::FileTime;
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::{Part, Reading};
use crate::windows::value::Value;

const VERSION: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const COMPUTER: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName";
const PRODUCT: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions";
const ENVIRONMENT: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
const WOW: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\WOW6432Node";
const SELECT: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\Select";

const CRYPTOGRAPHY: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography";
const TCPIP: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

const WINE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Wine";

/// The values that facts are read from, by key.
const VALUES: [(&str, &[&str]); 7] = [
    (
        VERSION,
        &[
            "ProductName",
            "CurrentBuild",
            "CurrentBuildNumber",
            "UBR",
            "DisplayVersion",
            "InstallationType",
            "InstallDate",
            "BuildLab",
            "BuildLabEx",
        ],
    ),
    (COMPUTER, &["ComputerName"]),
    (PRODUCT, &["ProductType"]),
    (ENVIRONMENT, &["PROCESSOR_ARCHITECTURE"]),
    (SELECT, &["Current", "Default", "LastKnownGood"]),
    (CRYPTOGRAPHY, &["MachineGuid"]),
    (TCPIP, &["Domain", "NV Domain"]),
];

/// What the facts of a machine, and records of scripts on it, are read from.
pub fn readings() -> Vec<Reading> {
    let values = VALUES.iter().map(|(key, values)| Reading::values(KeyPath::parse(key), values));
    let others = [(WOW, Part::Existence), (WINE, Part::Traces), (undo_record::TREE, Part::Tree)];
    values.chain(others.map(|(key, part)| Reading::new(KeyPath::parse(key), part))).collect()
}

/// The first build that is Windows 11; `ProductName` still says "Windows 10" there.
const FIRST_WINDOWS_11: u32 = 22000;

/// What Windows it is; each fact is missing where the registry does not give it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Windows {
    /// Product name, corrected where Windows itself keeps an outdated one.
    pub product: Option<String>,
    /// Build number, such as 17763.
    pub build: Option<u32>,
    /// Update build revision: the number behind the build.
    pub revision: Option<u32>,
    /// Release name, such as `22H2`.
    pub display_version: Option<String>,
    /// `Server`, `Server Core` or `Client`.
    pub installation_type: Option<String>,
    /// `WinNT` (client), `ServerNT` or `LanmanNT` (domain controller).
    pub product_type: Option<String>,
    /// Processor architecture that Windows was built for.
    pub architecture: Architecture,
}

/// The architecture of a Windows installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Architecture {
    /// 64-bit x86
    X64,
    /// 64-bit ARM
    Arm64,
    /// Itanium
    Ia64,
    /// 32-bit x86
    X86,
    /// 32-bit ARM
    Arm,
    /// The registry does not say.
    #[default]
    Unknown,
}

impl Architecture {
    /// Whether there is a 32-bit view of the registry (WOW6432Node), if that is known.
    pub fn has_wow64(self) -> Option<bool> {
        match self {
            Architecture::X64 | Architecture::Arm64 | Architecture::Ia64 => Some(true),
            Architecture::X86 | Architecture::Arm => Some(false),
            Architecture::Unknown => None,
        }
    }

    /// By the value of `PROCESSOR_ARCHITECTURE`, or the architecture part of a build's name.
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "amd64" => Some(Architecture::X64),
            "arm64" => Some(Architecture::Arm64),
            "ia64" => Some(Architecture::Ia64),
            "x86" => Some(Architecture::X86),
            "arm" | "woa" => Some(Architecture::Arm),
            _ => None,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Architecture::X64 => "x64",
            Architecture::Arm64 => "arm64",
            Architecture::Ia64 => "ia64",
            Architecture::X86 => "x86",
            Architecture::Arm => "arm",
            Architecture::Unknown => "unknown",
        })
    }
}

fn value(registry: &Registry, key: &str, value: &str) -> Option<Value> {
    match registry.get(&KeyPath::parse(key), &Name::from(value)) {
        Lookup::Found(found) => Some(found.value),
        _ => None,
    }
}

fn text(registry: &Registry, key: &str, name: &str) -> Option<String> {
    value(registry, key, name).and_then(|v| v.as_text()).filter(|text| !text.is_empty())
}

/// Which machine it is, for those who hold it against other sources; each fact is missing where the registry does not give it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// The computer's name.
    pub name: Option<String>,
    /// What Windows made up when it was installed. Machines that were cloned from one image share it.
    pub guid: Option<String>,
    /// Its domain in the DNS.
    pub domain: Option<String>,
    /// When this Windows was installed, or last upgraded.
    pub installed: Option<FileTime>,
}

impl Machine {
    pub(super) fn read(registry: &Registry) -> Self {
        // Policy may name another domain, which is then the one in use.
        let domain = || text(registry, TCPIP, "Domain").or_else(|| text(registry, TCPIP, "NV Domain"));
        let seconds = value(registry, VERSION, "InstallDate").and_then(|value| value.as_dword());
        Self {
            name: text(registry, COMPUTER, "ComputerName"),
            guid: text(registry, CRYPTOGRAPHY, "MachineGuid"),
            domain: domain(),
            installed: seconds.filter(|seconds| *seconds > 0).map(|seconds| FileTime::of_unix_seconds(seconds.into())),
        }
    }
}

/// The computer's name after imports. Where it cannot be told what they make of it, the machine is still known by its own.
pub(super) fn computer_name(before: &Registry, after: &Registry) -> Option<String> {
    let name = |registry| text(registry, COMPUTER, "ComputerName");
    match after.get(&KeyPath::parse(COMPUTER), &Name::from("ComputerName")) {
        Lookup::Unreadable(..) => name(before),
        _ => name(after),
    }
}

/// What imports change of the facts, for people.
pub(super) fn changed(before: &Registry, after: &Registry) -> Vec<String> {
    let facts = |registry: &Registry, name: Option<String>| {
        let windows = Windows::read(registry);
        let number = |n: Option<u32>| n.map(|n| n.to_string());
        [
            ("computer name", name),
            ("product", windows.product),
            ("build", number(windows.build)),
            ("revision", number(windows.revision)),
            ("version", windows.display_version),
            ("installation type", windows.installation_type),
            ("product type", windows.product_type),
        ]
    };
    let told = |fact: Option<String>| fact.unwrap_or_else(|| "not known".to_owned());
    let (old, new) = (facts(before, computer_name(before, before)), facts(after, computer_name(before, after)));
    let pairs = old.into_iter().zip(new).filter(|(old, new)| old != new);
    let mut changed: Vec<String> =
        pairs.map(|((what, old), (_, new))| format!("{what} from {} to {}", told(old), told(new))).collect();
    let (old, new) = (architecture(before), architecture(after));
    if old != new {
        changed.push(format!("architecture from {old} to {new}, which no import can do, so that it is not known"));
    }
    changed
}

impl Windows {
    /// What the registry says.
    pub fn read(registry: &Registry) -> Self {
        windows(registry)
    }

    /// What it says after imports. None of them makes a 32-bit Windows of a 64-bit one: where it says so, that is not known.
    pub(super) fn after(before: &Registry, after: &Registry) -> Self {
        let mut windows = windows(after);
        if windows.architecture != architecture(before) {
            windows.architecture = Architecture::Unknown;
        }
        windows
    }
}

fn windows(registry: &Registry) -> Windows {
    let of_version = |name: &str| text(registry, VERSION, name);
    // Before Windows Vista, CurrentBuild holds an obsolete text.
    let number = |name: &str| of_version(name).and_then(|text| text.trim().parse().ok());
    let build = number("CurrentBuild").or_else(|| number("CurrentBuildNumber"));
    let installation_type = of_version("InstallationType");
    let product = of_version("ProductName").map(|name| corrected(&name, build));
    if is_wine(registry) {
        return wine(product, build, registry);
    }
    Windows {
        product,
        build,
        revision: value(registry, VERSION, "UBR").and_then(|v| v.as_dword()),
        display_version: of_version("DisplayVersion"),
        installation_type,
        product_type: text(registry, PRODUCT, "ProductType"),
        architecture: architecture(registry),
    }
}

/// Whether this is the registry of Wine, by the form of its files or by its own key.
fn is_wine(registry: &Registry) -> bool {
    registry.sources().any(Source::is_wine) || matches!(registry.children(&KeyPath::parse(WINE)), Listing::Found { .. })
}

/// Wine is no Windows, whatever it calls itself: no build says what it does.
fn wine(product: Option<String>, build: Option<u32>, registry: &Registry) -> Windows {
    let build = build.map(|build| format!(", build {build}")).unwrap_or_default();
    let product = match product {
        Some(name) => format!("Wine, which calls itself {name}{build}"),
        None => "Wine".to_owned(),
    };
    Windows { product: Some(product), architecture: architecture(registry), ..Windows::default() }
}

fn corrected(product: &str, build: Option<u32>) -> String {
    match build {
        Some(build) if build >= FIRST_WINDOWS_11 => product.replacen("Windows 10", "Windows 11", 1),
        _ => product.to_owned(),
    }
}

fn architecture(registry: &Registry) -> Architecture {
    let (of_system, of_software) = architectures(registry);
    of_system.or(of_software).unwrap_or(Architecture::Unknown)
}

/// The architecture by SYSTEM, and by SOFTWARE.
pub(super) fn architectures(registry: &Registry) -> (Option<Architecture>, Option<Architecture>) {
    let of_system = text(registry, ENVIRONMENT, "PROCESSOR_ARCHITECTURE").and_then(|name| Architecture::named(&name));
    // BuildLabEx reads like 17763.1.amd64fre.rs5_release.180914-1434.
    let lab = text(registry, VERSION, "BuildLabEx").or_else(|| text(registry, VERSION, "BuildLab"));
    let parts = lab.iter().flat_map(|lab| lab.split('.')).filter_map(|part| part.strip_suffix("fre"));
    let of_software = parts.filter_map(Architecture::named).next();
    (of_system, of_software)
}

/// Whether it is a client, by SYSTEM and by SOFTWARE.
pub(super) fn kinds(registry: &Registry) -> (Option<bool>, Option<bool>) {
    let of_system = text(registry, PRODUCT, "ProductType").and_then(|kind| match kind.to_ascii_lowercase().as_str() {
        "winnt" => Some(true),
        "servernt" | "lanmannt" => Some(false),
        _ => None,
    });
    let of_software = text(registry, VERSION, "InstallationType").and_then(|kind| {
        let kind = kind.to_ascii_lowercase();
        match kind.as_str() {
            "client" => Some(true),
            _ => kind.starts_with("server").then_some(false),
        }
    });
    (of_system, of_software)
}

/// Whether `WOW6432Node` itself is known to be missing: on 64-bit Windows it never is, whatever is about to be imported.
pub(crate) fn lacks_wow64_node(registry: &Registry) -> bool {
    registry.without_overlay().key(&KeyPath::parse(WOW)) == Lookup::KeyAbsent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::registry::reg_file::RegFile;

    #[test]
    fn windows_11_is_told_by_its_build() {
        assert_eq!(corrected("Windows 10 Pro", Some(22631)), "Windows 11 Pro");
        assert_eq!(corrected("Windows 10 Pro", Some(19045)), "Windows 10 Pro");
        assert_eq!(corrected("Windows Server 2025 Datacenter", Some(26100)), "Windows Server 2025 Datacenter");
        assert_eq!(corrected("Windows 10 Pro", None), "Windows 10 Pro");
    }

    #[test]
    fn only_known_architectures_say_whether_there_is_a_32_bit_view() {
        assert_eq!(Architecture::named("AMD64").and_then(Architecture::has_wow64), Some(true));
        assert_eq!(Architecture::named("x86").and_then(Architecture::has_wow64), Some(false));
        assert_eq!(Architecture::named("mips"), None);
        assert_eq!(Architecture::Unknown.has_wow64(), None);
    }

    #[test]
    fn a_registry_of_wine_is_no_windows_whatever_it_calls_itself() {
        let windows = |text: &str| {
            let interest = super::super::interest(&[], &[]);
            let bytes = text.as_bytes().to_vec();
            let file = RegFile::read(&bytes, &"x.reg".into(), &interest, &Limits::default(), None);
            Windows::read(&Registry::new(vec![Box::new(file)], 16))
        };
        let version = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n\
                       \"ProductName\"=\"Microsoft Windows 10\"\n\"CurrentBuild\"=\"19043\"\n";
        let own = format!("REGEDIT4\n{version}[HKEY_LOCAL_MACHINE\\SOFTWARE\\Wine\\Drives]\n");
        let own = windows(&own);
        let product = "Wine, which calls itself Microsoft Windows 10, build 19043";
        assert_eq!((own.product.as_deref(), own.build), (Some(product), None));
        let file = windows("WINE REGISTRY Version 2\n;; All keys relative to \\\\Machine\n\n[System\\\\Select] 1\n");
        assert_eq!((file.product.as_deref(), file.build), (Some("Wine"), None));
        let other = windows(&format!("REGEDIT4\n{version}"));
        assert_eq!((other.product.as_deref(), other.build), (Some("Microsoft Windows 10"), Some(19043)));
    }
}

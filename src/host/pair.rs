//! Whether the only SYSTEM and the only SOFTWARE of a folder are of one machine, where their names do not say so.

use std::path::Path;

use super::{control_set, facts};
use crate::limits::Limits;
use crate::registry::hive::Mounted;
use crate::registry::source::Source;
use crate::registry::{Lookup, Registry};
use crate::source::Artifact;
use crate::windows::keys::{software, system};
use crate::windows::path::{KeyPath, Name};

/// Where SOFTWARE may hold the name of the computer, and as what.
const NAMES: [(&str, &str); 3] = [
    (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine", "Distinguished-Name"),
    (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "DefaultDomainName"),
    (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SchedulingAgent", "OldName"),
];

/// Words in names of files that say what was done with the file, and not which machine it is of.
const COPIES: [&str; 24] = [
    "alt",
    "backup",
    "bak",
    "bin",
    "carved",
    "clean",
    "config",
    "copy",
    "dat",
    "export",
    "hiv",
    "hive",
    "hklm",
    "machine",
    "new",
    "old",
    "orig",
    "original",
    "raw",
    "recovered",
    "reg",
    "registry",
    "repaired",
    "sav",
];

/// Digits from which on a number in a name is a day or a time.
const DATE: usize = 6;

/// Why the two are not taken as one machine, if something speaks against it.
pub(super) fn against(of_system: &Artifact, of_software: &Artifact, limits: &Limits) -> Option<String> {
    let registry = registry(of_system, of_software, limits);
    if let Some(why) = registry.as_ref().and_then(contradiction) {
        return Some(why);
    }
    let (one, other) = (words(&of_system.path), words(&of_software.path));
    if one.is_empty() || other.is_empty() || one == other || registry.as_ref().is_some_and(agrees) {
        return None;
    }
    Some("their names are those of two machines, and nothing in them says that they are one".to_owned())
}

/// The words of a file's name that may be those of a machine. A name without the word SYSTEM or SOFTWARE is no such name.
fn words(path: &Path) -> Vec<String> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let Some(kind) = ["software", "system"].iter().find(|kind| name.contains(**kind)) else { return Vec::new() };
    let name = name.replacen(kind, " ", 1);
    let words = name.split(|c: char| !c.is_alphanumeric());
    let dated = |word: &str| word.len() >= DATE && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b't');
    words.filter(|word| !word.is_empty() && !COPIES.contains(word) && !dated(word)).map(str::to_owned).collect()
}

/// Both hives as one registry; none where one of them cannot be read, which then speaks for and against nothing.
fn registry(of_system: &Artifact, of_software: &Artifact, limits: &Limits) -> Option<Registry> {
    let (one, _) = of_system.open_hive(limits).ok()?;
    let (other, _) = of_software.open_hive(limits).ok()?;
    let sources: Vec<Box<dyn Source>> =
        vec![Box::new(Mounted::new(system(), one)), Box::new(Mounted::new(software(), other))];
    let registry = Registry::new(sources, limits.links);
    let names = control_set::in_use(&registry);
    Some(if names.is_empty() { registry } else { registry.with_control_set(Ok(names)) })
}

/// What no machine can have: an architecture and a kind of Windows in one hive, and others in the other.
fn contradiction(registry: &Registry) -> Option<String> {
    let (of_system, of_software) = facts::architectures(registry);
    if let (Some(one), Some(other)) = (of_system, of_software)
        && one != other
    {
        return Some(format!("SYSTEM is of Windows for {one}, SOFTWARE for {other}"));
    }
    let (product_type, installation) = facts::kinds(registry);
    let client = |of: bool| if of { "a client" } else { "a server" };
    match (product_type?, installation?) {
        (one, other) if one != other => Some(format!("SYSTEM is of {}, SOFTWARE of {}", client(one), client(other))),
        _ => None,
    }
}

/// Whether SOFTWARE names the computer that SYSTEM is of.
fn agrees(registry: &Registry) -> bool {
    let Some(computer) = facts::computer_name(registry, registry) else { return false };
    NAMES.iter().any(|(key, value)| {
        let found = match registry.get(&KeyPath::parse(key), &Name::from(*value)) {
            Lookup::Found(found) => found.value.as_text().unwrap_or_default(),
            _ => return false,
        };
        // CN=DC1,OU=Domain Controllers,DC=contoso,DC=com
        let name = found.split(',').next().unwrap_or_default();
        let name = name.split_once('=').map_or(name, |(_, name)| name);
        name.eq_ignore_ascii_case(&computer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names_are_those_that_may_name_a_machine() {
        for (name, want) in [
            ("SYSTEM", &[][..]),
            ("SYSTEM.recovered", &[]),
            ("SOFTWARE_20240514T0814.bak", &[]),
            ("DC1_SYSTEM", &["dc1"]),
            ("dc1.contoso-software.hiv", &["dc1", "contoso"]),
            ("SYSTEM_1", &["1"]),
            ("1f3a", &[]),
        ] {
            assert_eq!(words(Path::new(name)), want, "{name}");
        }
    }
}

//! Keys that have names of their own, and the one place that knows what `CurrentControlSet` stands for.

use super::path::{KeyPath, Name};

/// Path of the SYSTEM hive's root.
pub fn system() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM")
}

/// Path of the SOFTWARE hive's root.
pub fn software() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE")
}

/// The key with `CurrentControlSet` replaced by the name of a set.
pub fn in_control_set(key: &KeyPath, set: &Name) -> KeyPath {
    let alias = Name::from("CurrentControlSet");
    match key.below(&system()).and_then(<[Name]>::split_first) {
        Some((found, below)) if alias.matches(found.units()) => {
            KeyPath(system().0.iter().chain([set]).chain(below).cloned().collect())
        }
        _ => key.clone(),
    }
}

/// Whether a file is called like one of the hives that rules ask about.
pub(crate) fn is_hive_file(name: &str) -> bool {
    ["SYSTEM", "SOFTWARE"].iter().any(|hive| name.eq_ignore_ascii_case(hive))
}

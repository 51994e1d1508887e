//! Keys that have names of their own.

use super::path::{KeyPath, Name};
use super::roots::{MACHINE, is};

/// Path of the SYSTEM hive's root.
pub fn system() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM")
}

/// What is left of a path below the SYSTEM hive's root, if it is there.
pub(crate) fn below_system(path: &KeyPath) -> Option<&[Name]> {
    match path.names() {
        [root, hive, below @ ..] if is(root.units(), MACHINE) && is(hive.units(), "SYSTEM") => Some(below),
        _ => None,
    }
}

/// Path of the SOFTWARE hive's root.
pub fn software() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE")
}

/// Whether a file is called like one of the hives that rules ask about.
pub(crate) fn is_hive_file(name: &str) -> bool {
    ["SYSTEM", "SOFTWARE"].iter().any(|hive| name.eq_ignore_ascii_case(hive))
}

//! Keys that have names of their own.

use super::path::KeyPath;

/// Path of the SYSTEM hive's root.
pub fn system() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM")
}

/// Path of the SOFTWARE hive's root.
pub fn software() -> KeyPath {
    KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE")
}

/// Whether a file is called like one of the hives that rules ask about.
pub(crate) fn is_hive_file(name: &str) -> bool {
    ["SYSTEM", "SOFTWARE"].iter().any(|hive| name.eq_ignore_ascii_case(hive))
}

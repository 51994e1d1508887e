//! The roots of the registry: what Windows calls them, in full and in short.

/// A root of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// Its name in full.
    pub long: &'static str,
    /// What reg.exe and PowerShell call it.
    pub short: &'static str,
}

/// The root that holds what a machine is set to.
pub const MACHINE: &str = "HKEY_LOCAL_MACHINE";

/// The roots of a Windows of today.
pub const ROOTS: [Root; 5] = [
    Root { long: MACHINE, short: "HKLM" },
    Root { long: "HKEY_USERS", short: "HKU" },
    Root { long: "HKEY_CLASSES_ROOT", short: "HKCR" },
    Root { long: "HKEY_CURRENT_USER", short: "HKCU" },
    Root { long: "HKEY_CURRENT_CONFIG", short: "HKCC" },
];

/// A root of Windows 98, which regedit still takes for one.
pub const OLD_ROOT: Root = Root { long: "HKEY_DYN_DATA", short: "HKDD" };

impl Root {
    /// The root with this name in full, in any case.
    pub fn with_long_name(name: &[u16]) -> Option<Self> {
        ROOTS.into_iter().find(|root| is(name, root.long))
    }

    /// The root that is called so in short, in any case.
    pub fn with_short_name(name: &[u16]) -> Option<Self> {
        ROOTS.into_iter().find(|root| is(name, root.short))
    }
}

/// Whether a name is this one, in any case. The one that is looked for is ASCII.
pub(crate) fn is(name: &[u16], wanted: &str) -> bool {
    let same = |(&unit, byte): (&u16, u8)| u8::try_from(unit).is_ok_and(|unit| unit.eq_ignore_ascii_case(&byte));
    name.len() == wanted.len() && name.iter().zip(wanted.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_by_both_names_in_any_case() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        for root in ROOTS {
            assert_eq!(Root::with_long_name(&units(&root.long.to_ascii_lowercase())), Some(root));
            assert_eq!(Root::with_short_name(&units(&root.short.to_ascii_lowercase())), Some(root));
            assert!(Root::with_long_name(&units(root.short)).is_none());
        }
        assert!(Root::with_long_name(&units("HKEY_LOCAL_MACHINE ")).is_none());
    }
}

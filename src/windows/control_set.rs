//! Control sets: what they are called, and what `CurrentControlSet` stands for.

use super::keys::{below_system, system};
use super::path::{KeyPath, Name};
use super::roots::is;

/// What a running Windows calls the set in use. In a hive no key is called so, or it is never read.
pub const ALIAS: &str = "CurrentControlSet";

/// The alias as a name.
pub fn alias() -> Name {
    Name::from(ALIAS)
}

/// Whether this is the alias, in any case.
pub fn is_alias(name: &[u16]) -> bool {
    is(name, ALIAS)
}

/// The name of the set with this number.
pub fn numbered(number: u32) -> Name {
    Name::from(format!("ControlSet{number:03}").as_str())
}

/// Whether a key of SYSTEM is a control set: the alias, or `ControlSet` and the three digits or more that Windows writes.
pub fn is_control_set(name: &[u16]) -> bool {
    const PREFIX: &str = "ControlSet";
    match name.split_at_checked(PREFIX.len()) {
        Some((head, digits)) if is(head, PREFIX) => {
            (3..=10).contains(&digits.len()) && digits.iter().all(|unit| (0x30..=0x39).contains(unit))
        }
        _ => is_alias(name),
    }
}

/// The key with the alias replaced by the name of a set.
pub fn in_control_set(key: &KeyPath, set: &Name) -> KeyPath {
    match below_system(key).and_then(<[Name]>::split_first) {
        Some((found, below)) if is_alias(found.units()) => {
            KeyPath(system().0.iter().chain([set]).chain(below).cloned().collect())
        }
        _ => key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_real_names_are_control_sets() {
        for (name, is) in [
            ("ControlSet001", true),
            ("controlset047", true),
            ("ControlSet1000", true),
            ("CurrentControlSet", true),
            ("ControlSet", false),
            ("ControlSet1", false),
            ("ControlSet00a", false),
            ("ControlSet00000000001", false),
            ("Select", false),
        ] {
            assert_eq!(is_control_set(Name::from(name).units()), is, "{name}");
        }
        for number in [1, 12, 4711, u32::MAX] {
            assert!(is_control_set(numbered(number).units()), "{number}");
        }
        assert_eq!(numbered(1).to_string(), "ControlSet001");
    }
}

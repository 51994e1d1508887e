//! Names and paths as the registry holds them: UTF-16 code units, compared without case by Windows' own table.

use std::fmt;

use super::upcase::upcase;

/// A key or value name: UTF-16 code units, unpaired surrogates included, since Windows stores whatever it is given.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Name(Box<[u16]>);

impl Name {
    /// The name made of these code units.
    pub fn from_units(units: &[u16]) -> Self {
        Self(units.into())
    }

    /// The code units.
    pub fn units(&self) -> &[u16] {
        &self.0
    }

    /// Whether these code units are the same name to Windows.
    pub fn matches(&self, units: &[u16]) -> bool {
        self.0.len() == units.len() && self.0.iter().zip(units).all(|(&a, &b)| a == b || upcase(a) == upcase(b))
    }

    /// The name upcased: equal for two names exactly when they are the same to Windows.
    pub fn folded(&self) -> Name {
        Name(self.0.iter().map(|&u| upcase(u)).collect())
    }
}

impl From<&str> for Name {
    fn from(s: &str) -> Self {
        if s.is_ascii() {
            return Self(s.bytes().map(u16::from).collect()); // its length is known beforehand: one allocation
        }
        Self(s.encode_utf16().collect())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf16_lossy(&self.0))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf16_lossy(&self.0))
    }
}

/// A path of key names, without a trailing value name. Whether it starts at a root such as `HKEY_LOCAL_MACHINE` or at
/// the root of a hive is up to who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct KeyPath(pub Vec<Name>);

impl KeyPath {
    /// Splits at backslashes; runs of them and those at the ends separate nothing, as in the kernel's path walk.
    pub fn parse(text: &str) -> Self {
        Self(text.split('\\').filter(|part| !part.is_empty()).map(Name::from).collect())
    }

    /// The names from the top down.
    pub fn names(&self) -> &[Name] {
        &self.0
    }

    /// Upcased, for use as a key in a map.
    pub fn folded(&self) -> KeyPath {
        KeyPath(self.0.iter().map(Name::folded).collect())
    }

    /// What is left below `prefix`, if this path starts with it (without case).
    pub fn below(&self, prefix: &KeyPath) -> Option<&[Name]> {
        let head = self.0.get(..prefix.0.len())?;
        let same = head.iter().zip(&prefix.0).all(|(a, b)| a.matches(b.units()));
        if same { self.0.get(prefix.0.len()..) } else { None }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\\")?;
            }
            write!(f, "{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_backslashes_separate_once() {
        let path = KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\\.NETFramework\v4.0.30319\");
        assert_eq!(path.to_string(), r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\.NETFramework\v4.0.30319");
    }

    #[test]
    fn names_compare_without_case() {
        assert!(Name::from("WOW6432Node").matches(Name::from("Wow6432Node").units()));
        assert!(!Name::from("TLS1.2").matches(Name::from("TLS 1.2").units()));
        let path = KeyPath::parse(r"hkey_local_machine\System\Select");
        let below = path.below(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM")).unwrap();
        assert_eq!(below, [Name::from("Select")]);
        assert!(path.below(&KeyPath::parse("HKEY_USERS")).is_none());
    }
}

//! Names and paths as the registry holds them: UTF-16 code units, compared without case by Windows' own table.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::upcase::upcase;

/// A key or value name: UTF-16 code units, unpaired surrogates included, since Windows stores whatever it is given.
#[derive(Clone)]
pub struct Name(Units);

/// Names are made and copied all the time, and most are short: those need no memory of their own.
#[derive(Clone)]
enum Units {
    Short { len: u8, units: [u16; SHORT] },
    Long(Box<[u16]>),
}

/// Units that a name of 48 bytes holds.
const SHORT: usize = 23;

impl Name {
    /// The name made of these code units.
    pub fn from_units(units: &[u16]) -> Self {
        Self::collected(units.len(), units.iter().copied())
    }

    /// The name made of so many code units.
    pub(crate) fn collected(len: usize, units: impl Iterator<Item = u16>) -> Self {
        match u8::try_from(len) {
            Ok(short) if len <= SHORT => {
                let mut inline = [0; SHORT];
                inline.iter_mut().zip(units).for_each(|(to, unit)| *to = unit);
                Self(Units::Short { len: short, units: inline })
            }
            _ => Self(Units::Long(units.collect())),
        }
    }

    /// The code units.
    pub fn units(&self) -> &[u16] {
        match &self.0 {
            Units::Short { len, units } => units.get(..usize::from(*len)).unwrap_or_default(),
            Units::Long(units) => units,
        }
    }

    /// Whether these code units are the same name to Windows.
    pub fn matches(&self, units: &[u16]) -> bool {
        let own = self.units();
        own.len() == units.len() && own.iter().zip(units).all(|(&a, &b)| a == b || upcase(a) == upcase(b))
    }

    /// The name upcased: equal for two names exactly when they are the same to Windows.
    pub fn folded(&self) -> Name {
        let units = self.units();
        Self::collected(units.len(), units.iter().map(|&u| upcase(u)))
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::from_units(&[])
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.units() == other.units()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.units().cmp(other.units())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.units().hash(state);
    }
}

impl From<&str> for Name {
    fn from(s: &str) -> Self {
        if s.is_ascii() {
            return Self::collected(s.len(), s.bytes().map(u16::from));
        }
        Self::from_units(&s.encode_utf16().collect::<Vec<_>>())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf16_lossy(self.units()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf16_lossy(self.units()))
    }
}

/// A path of key names, without a trailing value name. Whether it starts at a root such as `HKEY_LOCAL_MACHINE` or at
/// the root of a hive is up to who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct KeyPath(pub Vec<Name>);

impl KeyPath {
    /// Splits at backslashes; runs of them and those at the ends separate nothing, as in the kernel's path walk.
    pub fn parse(text: &str) -> Self {
        Self::joined(&[text])
    }

    /// The same of several texts, one below the other.
    pub(crate) fn joined(texts: &[&str]) -> Self {
        let parts = || texts.iter().flat_map(|text| text.split('\\')).filter(|part| !part.is_empty());
        let mut names = Vec::with_capacity(parts().count());
        names.extend(parts().map(Name::from));
        Self(names)
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
    fn names_of_any_length_are_what_they_were_made_of() {
        for len in [0, 1, SHORT - 1, SHORT, SHORT + 1, 300] {
            let text = "aé".repeat(len).chars().take(len).collect::<String>();
            let name = Name::from(text.as_str());
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!((name.units(), name.to_string()), (units.as_slice(), text.clone()));
            assert_eq!(name.folded().to_string(), text.to_uppercase());
            assert!(name == Name::from_units(&units) && name < Name::from(format!("{text}a").as_str()));
        }
        assert_eq!(Name::default(), Name::from(""));
        assert!(size_of::<Name>() <= 48, "{}", size_of::<Name>());
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

//! The machines that a rule is about.

use std::fmt;
use std::str::FromStr;

/// Conditions, all of which must hold for the rule to have a meaning; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// Only 64-bit Windows: the others have no 32-bit view of the registry.
    pub only_64_bit: bool,
    /// The first build.
    pub min_build: Option<u32>,
    /// The last build.
    pub max_build: Option<u32>,
    /// One of these installation types; empty means any.
    pub installation: Vec<Installation>,
    /// With this product.
    pub product: Option<Product>,
}

/// `InstallationType`, as Windows writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installation {
    /// `Client`
    Client,
    /// `Server`: with a desktop.
    Server,
    /// `Server Core`
    ServerCore,
}

impl Installation {
    /// As Windows writes it.
    pub fn name(self) -> &'static str {
        match self {
            Installation::Client => "Client",
            Installation::Server => "Server",
            Installation::ServerCore => "Server Core",
        }
    }
}

/// Microsoft Entra Connect, of a version within bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Product {
    /// The first version.
    pub min: Option<Version>,
    /// The last version.
    pub max: Option<Version>,
    /// Only where an input says whether it is installed: a file with the settings alone says nothing of it, and then the rule
    /// is not about the machine, and not open.
    pub known: bool,
}

impl Product {
    /// Whether the version lies within the bounds.
    pub fn contains(&self, version: Version) -> bool {
        self.min.is_none_or(|min| min <= version) && self.max.is_none_or(|max| version <= max)
    }
}

/// A product's version: up to four numbers, those left out being 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 4]);

impl Version {
    /// The first of the numbers.
    pub fn major(self) -> u32 {
        let [major, ..] = self.0;
        major
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = [0; 4];
        let mut slots = numbers.iter_mut();
        for part in text.split('.') {
            match (slots.next(), part.parse()) {
                (Some(slot), Ok(number)) if !part.starts_with('+') => *slot = number,
                _ => return Err(format!("\"{text}\" is no version: expected up to four numbers, such as 2.3.20.0")),
            }
        }
        Ok(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

fn range<T: fmt::Display>(f: &mut fmt::Formatter<'_>, min: Option<T>, max: Option<T>) -> fmt::Result {
    match (min, max) {
        (Some(min), Some(max)) => write!(f, " {min} to {max}"),
        (Some(min), None) => write!(f, " {min} or later"),
        (None, Some(max)) => write!(f, " {max} or earlier"),
        (None, None) => Ok(()),
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entra Connect")?;
        range(f, self.min, self.max)?;
        if self.known { f.write_str(", where an input speaks of it") } else { Ok(()) }
    }
}

/// For people: `64-bit Windows, build 20348 or later`; nothing where there are no conditions.
impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if self.only_64_bit {
            f.write_str("64-bit Windows")?;
            between = ", ";
        }
        if self.min_build.is_some() || self.max_build.is_some() {
            write!(f, "{between}build")?;
            range(f, self.min_build, self.max_build)?;
            between = ", ";
        }
        if !self.installation.is_empty() {
            let names: Vec<&str> = self.installation.iter().map(|kind| kind.name()).collect();
            write!(f, "{between}installation type {}", names.join(" or "))?;
            between = ", ";
        }
        if let Some(product) = &self.product {
            write!(f, "{between}{product}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(version("2.3.20.0") < version("2.4.129.0"));
        assert!(version("2.4.9.0") < version("2.4.18.0"));
        assert_eq!(version("2.5"), version("2.5.0.0"));
        for bad in ["", "2.", "2.x", "1.2.3.4.5", "-1", "+1", "4294967296"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bounds_belong_to_the_range() {
        let product = Product { min: Some(version("2.3.20.0")), max: Some(version("2.4.129.0")), known: false };
        for (text, inside) in
            [("2.3.20.0", true), ("2.4.129.0", true), ("2.4.21.0", true), ("2.3.8.0", false), ("2.4.131.0", false)]
        {
            assert_eq!(product.contains(version(text)), inside, "{text}");
        }
    }

    #[test]
    fn conditions_read_as_one_phrase() {
        let only = Only {
            only_64_bit: true,
            min_build: Some(20348),
            installation: vec![Installation::Server, Installation::ServerCore],
            product: Some(Product { min: None, max: Some(version("2.4.129.0")), known: false }),
            ..Only::default()
        };
        let want = "64-bit Windows, build 20348 or later, installation type Server or Server Core, \
                    Entra Connect 2.4.129.0 or earlier";
        assert_eq!(only.to_string(), want);
        assert_eq!(Only::default().to_string(), "");
    }
}

//! Updates that are known to be installed, where a state holds only with one.
//!
//! Windows keeps a key for each package of an update below "Component Based Servicing\Packages", named after it
//! (`Package_for_KB3140245~…`, `Package_2_for_KB3140245~…`), and its state in `CurrentState`. That 112 means *installed* is
//! second-hand: scripts that ask for installed updates read it so, and Microsoft documents the key nowhere. An update that is not
//! there proves nothing: a later one may have brought its files.

use std::cell::OnceCell;

use super::{ask, os_defaults};
use crate::host::{Architecture, Windows};
use crate::place::Place;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::Name;
use crate::windows::reading::{Part, Reading};

const PACKAGES: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
/// Stands before the update in the name of its package.
const FOR: &str = "_for_";
const STATE: &str = "CurrentState";
const INSTALLED: u32 = 112;
/// Packages that are listed; a machine that was kept up to date for years has some thousands.
const MOST: usize = 32_768;

/// The packages of a machine, read when the first update is asked for: few machines rest on one.
pub(super) struct Updates<'r> {
    registry: &'r Registry,
    windows: &'r Windows,
    names: OnceCell<Vec<Name>>,
}

pub(super) fn reading() -> Reading {
    let texts = os_defaults::updates().into_iter().map(|update| format!("{FOR}{update}~")).collect();
    Reading::new(ask::path(PACKAGES), Part::EntriesWith { texts, values: vec![Name::from(STATE)] })
}

impl<'r> Updates<'r> {
    pub(super) fn new(registry: &'r Registry, windows: &'r Windows) -> Self {
        Self { registry, windows, names: OnceCell::new() }
    }

    /// Where it stands that an update is installed. Its own package decides; where that is not listed, all of its parts have to be
    /// installed. What is there and cannot be read proves nothing.
    pub(super) fn proof(&self, update: &str) -> Option<Place> {
        let packages = ask::path(PACKAGES);
        let names = self.names.get_or_init(|| match self.registry.children(&packages) {
            Listing::Found { names, .. } => names,
            Listing::KeyAbsent | Listing::NotCovered | Listing::Unreadable(..) => Vec::new(),
        });
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        for name in names.iter().take(MOST) {
            match Package::parse(&name.to_string()).filter(|package| package.is_for(update, self.windows)) {
                Some(package) if package.part => parts.push(name),
                Some(_) => whole.push(name),
                None => {}
            }
        }
        let deciding = if whole.is_empty() { parts } else { whole };
        let places: Option<Vec<Place>> = deciding
            .iter()
            .map(|name| match self.registry.get(&ask::child(&packages, name), &Name::from(STATE)) {
                Lookup::Found(state) if state.value.as_dword() == Some(INSTALLED) => Some(state.place),
                _ => None,
            })
            .collect();
        places?.into_iter().next()
    }
}

/// What the name of a package says: `Package_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0`, whose fourth part is a language.
struct Package {
    update: String,
    /// One of several parts of an update.
    part: bool,
    architecture: String,
    version: String,
}

impl Package {
    fn parse(name: &str) -> Option<Self> {
        let [name, _, architecture, "", version] = name.split('~').collect::<Vec<_>>()[..] else { return None };
        let (package, update) = name.rsplit_once(FOR)?;
        let part = package.strip_prefix("Package")?;
        Some(Self {
            update: update.to_owned(),
            part: !part.is_empty(),
            architecture: architecture.to_owned(),
            version: version.to_owned(),
        })
    }

    /// Whether it is one of an update, for this Windows.
    fn is_for(&self, update: &str, windows: &Windows) -> bool {
        let version = match windows.build {
            Some(6000..=6003) => "6.0.",
            Some(7600..=7601) => "6.1.",
            Some(9200) => "6.2.",
            Some(9600) => "6.3.",
            _ => "",
        };
        let architecture = match windows.architecture {
            Architecture::X64 => "amd64",
            Architecture::Unknown => &self.architecture,
            other => &other.to_string(),
        };
        self.update.eq_ignore_ascii_case(update)
            && self.version.starts_with(version)
            && self.architecture.eq_ignore_ascii_case(architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_by_their_names() {
        let windows = |build, architecture| Windows { build: Some(build), architecture, ..Windows::default() };
        let server = windows(7601, Architecture::X64);
        let part = |package: &str, windows: &Windows| {
            let package = Package::parse(package).filter(|package| package.is_for("KB3140245", windows))?;
            Some(package.part)
        };
        for (package, is) in [
            ("Package_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0", Some(false)),
            ("Package_2_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0", Some(true)),
            ("Package_2_for_kb3140245~31bf3856ad364e35~AMD64~~6.1.1.0", Some(true)),
            ("Package_for_KB3140245~31bf3856ad364e35~x86~~6.1.1.0", None),
            ("Package_for_KB3140245~31bf3856ad364e35~amd64~~6.2.1.0", None),
            ("Package_for_KB3140245~31bf3856ad364e35~amd64~de-DE~6.1.1.0", None),
            ("Package_for_KB31402450~31bf3856ad364e35~amd64~~6.1.1.0", None),
            ("Package_for_RollupFix~31bf3856ad364e35~amd64~~17763.1.1", None),
            ("Package_for_KB3140245", None),
            ("Other_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0", None),
        ] {
            assert_eq!(part(package, &server), is, "{package}");
        }
        let old = windows(7601, Architecture::X86);
        assert_eq!(part("Package_for_KB3140245~31bf3856ad364e35~x86~~6.1.1.0", &old), Some(false));
        assert_eq!(
            part("Package_for_KB3140245~31bf3856ad364e35~x86~~6.1.1.0", &windows(7601, Architecture::Unknown)),
            Some(false)
        );
    }
}

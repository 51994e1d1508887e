//! Updates that are known to be installed, where a state holds only with one.
//!
//! Windows keeps a key for each package of an update below "Component Based Servicing\Packages", named after it
//! (`Package_for_KB3140245~…`, `Package_2_for_KB3140245~…`), and its state in `CurrentState`. That 112 means *installed* is
//! second-hand: scripts that ask for installed updates read it so, and Microsoft documents the key nowhere. An update that is not
//! there proves nothing: a later one may have brought its files.

use std::cell::OnceCell;

use super::ask;
use crate::place::Place;
use crate::registry::{Listing, Lookup, Registry};
use crate::windows::path::{KeyPath, Name};

const PACKAGES: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
const INSTALLED: u32 = 112;
/// Packages that are listed; a machine that was kept up to date for years has some thousands.
const MOST: usize = 32_768;

/// The packages of a machine, read when the first update is asked for: few machines rest on one.
pub(super) struct Updates<'r> {
    registry: &'r Registry,
    names: OnceCell<Vec<Name>>,
}

pub(super) fn trees() -> Vec<KeyPath> {
    vec![ask::path(PACKAGES)]
}

impl<'r> Updates<'r> {
    pub(super) fn new(registry: &'r Registry) -> Self {
        Self { registry, names: OnceCell::new() }
    }

    /// Where it stands that an update is installed.
    pub(super) fn proof(&self, update: &str) -> Option<Place> {
        let packages = ask::path(PACKAGES);
        let names = self.names.get_or_init(|| match self.registry.children(&packages) {
            Listing::Found { names, .. } => names,
            Listing::KeyAbsent | Listing::NotCovered | Listing::Unreadable(..) => Vec::new(),
        });
        names.iter().take(MOST).filter(|name| is_of(&name.to_string(), update)).find_map(|name| {
            match self.registry.get(&ask::child(&packages, name), &Name::from("CurrentState")) {
                Lookup::Found(state) if state.value.as_dword() == Some(INSTALLED) => Some(state.place),
                _ => None,
            }
        })
    }
}

/// Whether a package is one of an update.
fn is_of(package: &str, update: &str) -> bool {
    let Some((name, _)) = package.split_once('~') else { return false };
    let Some((_, of)) = name.rsplit_once("_for_") else { return false };
    name.starts_with("Package_") && of.eq_ignore_ascii_case(update)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_by_their_names() {
        for (package, is) in [
            ("Package_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0", true),
            ("Package_2_for_KB3140245~31bf3856ad364e35~amd64~~6.1.1.0", true),
            ("Package_for_kb3140245~31bf3856ad364e35~x86~~6.1.1.0", true),
            ("Package_for_KB31402450~31bf3856ad364e35~amd64~~6.1.1.0", false),
            ("Package_for_RollupFix~31bf3856ad364e35~amd64~~17763.1.1", false),
            ("Package_for_KB3140245", false),
            ("Other_for_KB3140245~x", false),
        ] {
            assert_eq!(is_of(package, "KB3140245"), is, "{package}");
        }
    }
}

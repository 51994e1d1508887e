//! What every Windows has: keys and values that an export cannot be without.
//!
//! From five complete SYSTEM hives of Windows 7 to 10 or later, and for SCHANNEL two of Windows XP. What stands below SOFTWARE
//! was not measured on as many: it is what public programs look up or exports have. As a condition a wrong entry here costs
//! answers, and makes none wrong.

use std::sync::LazyLock;

use crate::windows::control_set::is_control_set;
use crate::windows::path::Name;

/// A key below the roots, in which `*` is any control set; the keys right below it; its values.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: [Row; 25] = [
    ("", &["SOFTWARE", "SYSTEM"], &[]),
    ("SYSTEM", &["Select", "Setup"], &[]),
    (r"SYSTEM\*", &["Control", "Services"], &[]),
    (r"SYSTEM\*\Control", &["Class", "Lsa", "SecurityProviders", "Session Manager"], &[]),
    (r"SYSTEM\*\Control\SecurityProviders", &["SaslProfiles", "SCHANNEL", "WDigest"], &["SecurityProviders"]),
    (
        r"SYSTEM\*\Control\SecurityProviders\SCHANNEL",
        &["Ciphers", "Hashes", "KeyExchangeAlgorithms", "Protocols"],
        &["EventLogging"],
    ),
    (r"SYSTEM\*\Control\Lsa", &["Kerberos", "MSV1_0"], &["Security Packages"]),
    (r"SYSTEM\*\Control\Session Manager", &["Environment", "Memory Management", "SubSystems"], &[]),
    (
        r"SYSTEM\*\Control\Session Manager\Environment",
        &[],
        &["ComSpec", "OS", "Path", "PROCESSOR_ARCHITECTURE", "windir"],
    ),
    (r"SYSTEM\*\Control\Cryptography", &["Configuration", "Providers"], &[]),
    (r"SYSTEM\*\Control\Cryptography\Configuration", &["Local"], &[]),
    (r"SYSTEM\*\Control\Cryptography\Configuration\Local", &["SSL"], &[]),
    (r"SYSTEM\*\Control\Cryptography\Configuration\Local\SSL", &["00010002"], &[]),
    (r"SYSTEM\*\Control\Cryptography\Configuration\Local\SSL\00010002", &[], &["Functions"]),
    (r"SYSTEM\*\Services", &["LanmanWorkstation", "RpcSs", "Tcpip"], &[]),
    ("SOFTWARE", &["Classes", "Microsoft", "Policies"], &[]),
    (r"SOFTWARE\Microsoft", &["Cryptography", "Windows", "Windows NT"], &[]),
    (r"SOFTWARE\Microsoft\.NETFramework", &[], &["InstallRoot"]),
    (r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319", &["SKUs"], &[]),
    (
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion",
        &[],
        &["CurrentBuildNumber", "CurrentVersion", "ProductName", "SystemRoot"],
    ),
    (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings", &["Zones", "ZoneMap"], &[]),
    (r"SOFTWARE\Policies\Microsoft", &["SystemCertificates", "Windows"], &[]),
    // The keys of the view for 32-bit programs are those above.
    (r"SOFTWARE\WOW6432Node", &[], &[]),
    (r"SYSTEM\Select", &[], &[]),
    (r"SYSTEM\Setup", &[], &[]),
];

/// A key in the table, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known(usize);

/// `HKEY_LOCAL_MACHINE` and its two hives.
pub(super) const MACHINE: Known = Known(0);
pub(super) const SYSTEM: Known = Known(1);
pub(super) const SOFTWARE: Known = Known(2);

#[derive(Debug, Default)]
struct Node {
    /// Upcased names and places; that of a control set is `*`.
    children: Vec<(Name, usize)>,
    /// Upcased names of the keys, and behind them of the values, that are always there.
    always: Vec<(Name, &'static str)>,
    /// How many of these are keys.
    keys: usize,
}

static NODES: LazyLock<Vec<Node>> = LazyLock::new(nodes);

fn nodes() -> Vec<Node> {
    let mut nodes: Vec<Node> = vec![Node::default()];
    // First, so that they are where the constants say.
    for name in ["SYSTEM", "SOFTWARE"] {
        reach(&mut nodes, name);
    }
    for (path, keys, values) in ROWS {
        let at = reach(&mut nodes, path);
        if let Some(node) = nodes.get_mut(at) {
            node.always = keys.iter().chain(values).map(|&name| (Name::from(name).folded(), name)).collect();
            node.keys = keys.len();
        }
    }
    let wow = reach(&mut nodes, r"SOFTWARE\WOW6432Node");
    let microsoft = reach(&mut nodes, r"SOFTWARE\Microsoft");
    if let Some(wow) = nodes.get_mut(wow) {
        wow.children.push((Name::from("Microsoft").folded(), microsoft));
    }
    nodes
}

fn reach(nodes: &mut Vec<Node>, path: &str) -> usize {
    let mut at = 0usize;
    for name in path.split('\\').filter(|name| !name.is_empty()) {
        let name = Name::from(name).folded();
        let known = nodes.get(at).and_then(|node| node.children.iter().find(|(child, _)| *child == name));
        at = match known {
            Some(&(_, child)) => child,
            None => {
                let child = nodes.len();
                nodes.push(Node::default());
                if let Some(node) = nodes.get_mut(at) {
                    node.children.push((name, child));
                }
                child
            }
        };
    }
    at
}

impl Known {
    fn node(self) -> Option<&'static Node> {
        NODES.get(self.0)
    }

    /// The key of this upcased name right below, if the table knows it.
    pub(super) fn child(self, name: &[u16]) -> Option<Known> {
        let children = &self.node()?.children;
        let set = self == SYSTEM && is_control_set(name);
        let is = |child: &Name| child.units() == name || (set && child.units() == [0x2a]);
        children.iter().find(|(child, _)| is(child)).map(|&(_, at)| Known(at))
    }

    /// The number of the key that is always right below, if this upcased name is one.
    pub(super) fn key(self, name: &[u16]) -> Option<u32> {
        let node = self.node()?;
        number(node.always.iter().take(node.keys).position(|(always, _)| always.units() == name))
    }

    /// The number of the value that is always there, if this name is one.
    pub(super) fn value(self, name: &[u16]) -> Option<u32> {
        let node = self.node()?;
        let values = node.always.get(node.keys..).unwrap_or_default();
        let found = values.iter().position(|(always, _)| always.matches(name))?;
        number(Some(found.saturating_add(node.keys)))
    }

    /// Whether the table has values of this key.
    pub(super) fn has_values(self) -> bool {
        self.node().is_some_and(|node| node.always.len() > node.keys)
    }

    /// The first thing that is always there and is not among the numbers that are seen, as bits.
    pub(super) fn missing(self, seen: u32) -> Option<&'static str> {
        let always = self.node()?.always.iter().enumerate();
        let lacks = |n: usize| number(Some(n)).is_some_and(|n| seen & (1 << n) == 0);
        always.into_iter().find(|(n, _)| lacks(*n)).map(|(_, (_, name))| *name)
    }

    /// Whether this key right below, that is always there, tells an export. The only one of its kind, with something below it
    /// in turn, does not: scripts that list parents list a chain of them.
    pub(super) fn tells(self, name: &[u16]) -> bool {
        let alone = self.node().is_some_and(|node| node.always.len() == 1);
        let leads_on = || self.child(name).and_then(Known::node).is_some_and(|node| !node.always.is_empty());
        !(alone && leads_on())
    }
}

fn number(position: Option<usize>) -> Option<u32> {
    position.and_then(|position| u32::try_from(position).ok()).filter(|&n| n < u32::BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Option<Known> {
        let names: Vec<Name> = path.split('\\').map(|name| Name::from(name).folded()).collect();
        names.iter().try_fold(MACHINE, |known, name| known.child(name.units()))
    }

    #[test]
    fn keys_are_known_in_each_set_and_each_view() {
        assert_eq!((at("SYSTEM"), at("SOFTWARE")), (Some(SYSTEM), Some(SOFTWARE)));
        assert_eq!(at(r"SYSTEM\CurrentControlSet\Control\Lsa"), at(r"SYSTEM\ControlSet007\Control\Lsa"));
        assert!(at(r"SYSTEM\ControlSet001\Control\Lsa").is_some());
        assert_eq!(at(r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework"), at(r"SOFTWARE\Microsoft\.NETFramework"));
        assert!(at(r"SOFTWARE\Microsoft\.NETFramework").is_some());
        assert_eq!(at(r"SOFTWARE\ControlSet001"), None);
        assert_eq!(at(r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"), None);
    }

    #[test]
    fn what_is_missing_is_named_in_the_order_of_the_table() {
        let schannel = at(r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL").unwrap();
        let name = |text: &str| Name::from(text);
        assert_eq!(schannel.missing(0), Some("Ciphers"));
        let mut seen = 0;
        for key in ["CIPHERS", "HASHES", "KEYEXCHANGEALGORITHMS", "PROTOCOLS"] {
            seen |= 1 << schannel.key(name(key).units()).unwrap();
        }
        assert_eq!((schannel.missing(seen), schannel.tells(name("HASHES").units())), (Some("EventLogging"), true));
        seen |= 1 << schannel.value(name("eventlogging").units()).unwrap();
        assert_eq!(schannel.missing(seen), None);
        assert_eq!(schannel.key(name("EVENTLOGGING").units()), None);
        let local = at(r"SYSTEM\ControlSet001\Control\Cryptography\Configuration\Local").unwrap();
        assert_eq!((local.missing(0), local.missing(1), local.tells(name("SSL").units())), (Some("SSL"), None, false));
        let v4 = at(r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319").unwrap();
        assert!(v4.tells(name("SKUS").units()));
    }
}

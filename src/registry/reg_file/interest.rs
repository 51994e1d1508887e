//! What the caller wants to know of a file, so that all the rest costs nothing.

use crate::place::Place;
use crate::registry::change::Change;
use crate::windows::control_set;
use crate::windows::control_set::is_control_set;
use crate::windows::path::{KeyPath, Name};

/// The keys whose values are kept. Paths are full and normalised: they start with `HKEY_LOCAL_MACHINE\SYSTEM`,
/// `HKEY_LOCAL_MACHINE\SOFTWARE` or another root. `CurrentControlSet` stands for every control set, whether a file
/// calls it that or `ControlSet` and a number. `HKEY_LOCAL_MACHINE\SYSTEM\Select` is always among them.
#[derive(Debug, Clone)]
pub struct Interest {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    children: Vec<(Name, usize)>,
    values: bool,
    tree: bool,
}

/// Where a path starts, so that the names above need no comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// At the root names.
    Root,
    /// Below `HKEY_LOCAL_MACHINE`.
    Machine,
    /// Below `HKEY_LOCAL_MACHINE\SYSTEM`.
    System,
    /// Below `HKEY_LOCAL_MACHINE\SOFTWARE`.
    Software,
}

/// How a path stands to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relevance {
    /// Not at all.
    None,
    /// Something below it is wanted.
    Above,
    /// It is wanted.
    Wanted,
    /// It is below a wanted key, which therefore exists.
    Below,
}

const ROOT: usize = 0;
const MACHINE: usize = 1;
const SYSTEM: usize = 2;
const SOFTWARE: usize = 3;

impl Default for Interest {
    fn default() -> Self {
        Self::new()
    }
}

impl Interest {
    /// Interest in `Select` alone.
    pub fn new() -> Self {
        let node = |children: &[(&str, usize)]| Node {
            children: children.iter().map(|&(name, node)| (Name::from(name), node)).collect(),
            ..Node::default()
        };
        let machine = node(&[("SYSTEM", SYSTEM), ("SOFTWARE", SOFTWARE)]);
        let mut new = Self { nodes: vec![node(&[("HKEY_LOCAL_MACHINE", MACHINE)]), machine, node(&[]), node(&[])] };
        new.key(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\Select"));
        new
    }

    /// Wants the values of this key.
    pub fn key(&mut self, path: &KeyPath) {
        if let Some(node) = self.reach(path) {
            node.values = true;
        }
    }

    /// Wants the values of this key and of every key below it.
    pub fn tree(&mut self, path: &KeyPath) {
        if let Some(node) = self.reach(path) {
            (node.values, node.tree) = (true, true);
        }
    }

    fn reach(&mut self, path: &KeyPath) -> Option<&mut Node> {
        let mut at = ROOT;
        for name in path.names() {
            let set = at == SYSTEM && is_control_set(name.units());
            let name = if set { control_set::alias() } else { name.clone() };
            at = match self.child(at, name.units()) {
                Some(child) => child,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes.get_mut(at)?.children.push((name, child));
                    child
                }
            };
        }
        self.nodes.get_mut(at)
    }

    fn child(&self, at: usize, name: &[u16]) -> Option<usize> {
        let children = &self.nodes.get(at)?.children;
        let found = children.iter().find(|(child, _)| child.matches(name));
        let numbered = || at == SYSTEM && is_control_set(name);
        let current = || children.iter().find(|(child, _)| is_control_set(child.units()));
        found.or_else(|| numbered().then(current).flatten()).map(|&(_, node)| node)
    }

    /// How the path of these names below `start` stands to what is wanted. `above` is called with the number of names
    /// in each wanted path that is above it, from the top down.
    pub(super) fn relevance<'n>(
        &self,
        start: Start,
        names: impl Iterator<Item = &'n [u16]>,
        mut above: impl FnMut(usize),
    ) -> Relevance {
        let mut at = match start {
            Start::Root => Some(ROOT),
            Start::Machine => Some(MACHINE),
            Start::System => Some(SYSTEM),
            Start::Software => Some(SOFTWARE),
        };
        let node = |at: Option<usize>| at.and_then(|at| self.nodes.get(at));
        let (mut tree, mut below) = (false, false);
        for (depth, name) in names.enumerate() {
            let wanted = tree || node(at).is_some_and(|node| node.values);
            if wanted {
                below = true;
                above(depth);
            }
            tree = tree || node(at).is_some_and(|node| node.tree);
            at = at.and_then(|at| self.child(at, name));
            if at.is_none() && !tree {
                return if below { Relevance::Below } else { Relevance::None };
            }
        }
        match node(at) {
            _ if tree => Relevance::Wanted,
            Some(node) if node.values => Relevance::Wanted,
            _ => Relevance::Above,
        }
    }

    /// Where the first of these changes stands that changes something that is asked for.
    pub fn first_touched(&self, changes: &[(Change, Place)]) -> Option<Place> {
        changes.iter().find(|(change, _)| self.touched_by(change)).map(|(_, place)| place.clone())
    }

    /// Whether a change changes something that is asked for.
    pub fn touched_by(&self, change: &Change) -> bool {
        let names = change.key().names().iter().map(Name::units);
        match self.relevance(Start::Root, names, |_| {}) {
            Relevance::Wanted => true,
            Relevance::Above => matches!(change, Change::DeleteKey(_)),
            Relevance::Below | Relevance::None => false,
        }
    }

    /// Whether something that is asked for is at or below this key.
    pub fn reaches(&self, path: &KeyPath) -> bool {
        let names = path.names().iter().map(Name::units);
        matches!(self.relevance(Start::Root, names, |_| {}), Relevance::Wanted | Relevance::Above)
    }

    /// Whether the values of this key are kept.
    pub fn wants(&self, path: &KeyPath) -> bool {
        self.relevance(Start::Root, path.names().iter().map(Name::units), |_| {}) == Relevance::Wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relevance(interest: &Interest, path: &str) -> (Relevance, Vec<usize>) {
        let path = KeyPath::parse(path);
        let mut above = Vec::new();
        let found = interest.relevance(Start::Root, path.names().iter().map(Name::units), |n| above.push(n));
        (found, above)
    }

    #[test]
    fn a_path_is_wanted_above_below_or_nothing() {
        let mut interest = Interest::new();
        interest.key(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa"));
        interest.tree(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies"));
        for (path, expected, above) in [
            (r"HKEY_LOCAL_MACHINE", Relevance::Above, &[][..]),
            (r"hkey_local_machine\system\select", Relevance::Wanted, &[]),
            (r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\control\LSA", Relevance::Wanted, &[]),
            (r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control", Relevance::Above, &[]),
            (r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa\x\y", Relevance::Below, &[5]),
            (r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSetX\Control", Relevance::None, &[]),
            (r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet\Control\Lsa", Relevance::None, &[]),
            (r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies", Relevance::Wanted, &[]),
            (r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\a\b", Relevance::Wanted, &[3, 4]),
            (r"HKEY_USERS", Relevance::None, &[]),
        ] {
            assert_eq!(relevance(&interest, path), (expected, above.to_vec()), "{path}");
        }
    }

    #[test]
    fn a_numbered_set_in_the_interest_stands_for_every_set() {
        let mut interest = Interest::new();
        interest.key(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\x"));
        assert!(interest.wants(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\x")));
        assert!(!interest.wants(&KeyPath::parse(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet")));
    }
}

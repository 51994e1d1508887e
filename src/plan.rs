//! Changesets: what is to be written to a registry, computed from a policy, and the files that do it.

pub mod reg;

use crate::policy::{Policy, Rule};
use crate::registry::path::{KeyPath, Name};
use crate::registry::system;
use crate::registry::value::Value;

/// Values to be set, with what the reader of the file should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// What it does and what to mind, a sentence or less a line, in ASCII.
    pub remarks: Vec<String>,
    /// What to set, in the order of the policy.
    pub sets: Vec<Set>,
}

/// One value to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Full path of the key, from `HKEY_LOCAL_MACHINE`.
    pub key: KeyPath,
    /// Name of the value.
    pub name: Name,
    /// Type and data.
    pub value: Value,
}

/// What a changeset is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Set every value as the policy asks.
    Enable,
    /// Set every value to the contrary.
    Disable,
}

impl Plan {
    /// Computes the changeset from the policy.
    ///
    /// `only` names the rules whose values are wanted; empty means all. `control_set` is the number of the control set to
    /// write to; none means the one in use, which a running Windows calls `CurrentControlSet`.
    ///
    /// # Errors
    /// When `only` names a rule that the policy does not have.
    pub fn changeset(self, policy: &Policy, only: &[String], control_set: Option<u32>) -> Result<Changeset, String> {
        for id in only {
            if !policy.rules.iter().any(|rule| rule.id == *id) {
                let known: Vec<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
                return Err(format!("policy {} has no rule {id:?}; it has {}", policy.id, known.join(", ")));
            }
        }
        let rules = policy.rules.iter().filter(|rule| only.is_empty() || only.contains(&rule.id));
        let sets: Vec<Set> = rules.map(|rule| self.set(rule, control_set)).collect();
        Ok(Changeset { remarks: self.remarks(policy, control_set), sets })
    }

    fn set(self, rule: &Rule, control_set: Option<u32>) -> Set {
        let value = match self {
            Plan::Enable => rule.expect.value.clone(),
            Plan::Disable => rule.disabled.clone(),
        };
        Set { key: in_control_set(&rule.key, control_set), name: rule.value.clone(), value }
    }

    fn remarks(self, policy: &Policy, control_set: Option<u32>) -> Vec<String> {
        let version = env!("CARGO_PKG_VERSION");
        let mut lines = vec![
            format!("{} policy {} {}: {}.", self.verb(), policy.id, policy.version, policy.title),
            format!("Written by tlshive {version}."),
            match control_set {
                None => "Import with the 64-bit regedit; a 32-bit one writes to the wrong view of SOFTWARE.".to_owned(),
                Some(n) => format!(
                    "Written for control set {n} of a hive that is not in use; on a running Windows it may not be the current one."
                ),
            },
            "Windows must be restarted for the change to take effect everywhere.".to_owned(),
        ];
        if self == Plan::Disable {
            lines.extend(DISABLE_WARNING.map(str::to_owned));
        }
        lines
    }

    fn verb(self) -> &'static str {
        match self {
            Plan::Enable => "Enables TLS 1.2: sets the values that are asked for by",
            Plan::Disable => "Disables TLS 1.2: sets the contrary of what is asked for by",
        }
    }
}

/// Why nobody should disable TLS 1.2. The .NET part is what ServicePointManager does when both values are 0.
pub const DISABLE_WARNING: [&str; 4] = [
    "NOT RECOMMENDED: Microsoft Entra ID and most services refuse connections older than TLS 1.2.",
    "With SystemDefaultTlsVersions and SchUseStrongCrypto both 0, every .NET Framework program on the machine",
    "that does not choose a protocol itself falls back to SSL 3.0 and TLS 1.0.",
    "To return to what Windows ships with, delete these values rather than setting them.",
];

fn in_control_set(key: &KeyPath, control_set: Option<u32>) -> KeyPath {
    let alias = Name::from("CurrentControlSet");
    match (control_set, key.below(&system()).and_then(<[Name]>::split_first)) {
        (Some(n), Some((set, below))) if alias.matches(set.units()) => {
            let set = Name::from(format!("ControlSet{n:03}").as_str());
            KeyPath(system().0.iter().chain([&set]).chain(below).cloned().collect())
        }
        _ => key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disable_sets_the_contrary_of_enable() {
        let policy = Policy::default_policy().unwrap();
        let on = Plan::Enable.changeset(&policy, &[], None).unwrap();
        let off = Plan::Disable.changeset(&policy, &[], None).unwrap();
        assert_eq!(on.sets.len(), 8);
        for (on, off) in on.sets.iter().zip(&off.sets) {
            assert_eq!((&on.key, &on.name), (&off.key, &off.name));
            assert_eq!(on.value.as_dword().zip(off.value.as_dword()).map(|(a, b)| a + b), Some(1));
        }
    }

    #[test]
    fn a_control_set_can_be_named() {
        let policy = Policy::default_policy().unwrap();
        let only = ["tls12-client-enabled".to_owned()];
        let set = Plan::Enable.changeset(&policy, &only, Some(2)).unwrap().sets.remove(0);
        assert!(set.key.to_string().starts_with(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Control\"));
        assert!(Plan::Enable.changeset(&policy, &["nonsense".to_owned()], None).is_err());
    }
}

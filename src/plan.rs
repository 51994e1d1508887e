//! Changesets: what is to be written to a registry, computed from a policy, and the files that do it.

mod ansible;
mod cmd;
mod defaults;
mod dsc;
mod dsc3;
mod exact;
mod fix;
pub mod format;
mod gpp;
mod in_the_way;
mod intune;
mod lgpo;
mod only;
mod pol;
mod powershell;
mod ps1;
mod reg;
mod remarks;
mod undo;
mod values;
mod yaml;

use crate::policy::{Policy, Rule};
use crate::registry::change::Change;
use crate::registry::in_control_set;
use crate::registry::path::{KeyPath, Name};
use crate::registry::value::Value;

pub use defaults::{DEFAULTS_WARNING, defaults};
pub use fix::{Fix, Judged, fix};
pub use only::only;
pub use remarks::{state, weakens};
pub use undo::undo;

/// Changes, with what the reader of the file should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// What it does and what to mind, a sentence or less a line, in ASCII.
    pub remarks: Vec<String>,
    /// What to do, in order.
    pub changes: Vec<Change>,
    /// Rules that no value can be written for: those about effective states, and when disabling, those without a contrary.
    pub left_out: Vec<String>,
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
    /// When `only` names a rule that the policy does not have or that no value can be written for, when no rule is left,
    /// and when two rules ask for different data of one value.
    pub fn changeset(self, policy: &Policy, only: &[String], control_set: Option<u32>) -> Result<Changeset, String> {
        let rules = chosen(policy, only)?;
        let mut changes: Vec<Change> = Vec::new();
        let mut left_out = Vec::new();
        for rule in rules {
            match self.set(rule, control_set) {
                Some((key, name, value)) => match changes.iter().find_map(|change| value_set(change, &key, &name)) {
                    Some(other) if *other == value => {}
                    Some(_) => {
                        let what = format!("rule {} asks for other data than a rule before it", rule.id);
                        return Err(format!("{key}\\{name}: {what}; --values chooses between them"));
                    }
                    None => changes.push(Change::Set { key, name, value }),
                },
                None => left_out.push(rule.id.clone()),
            }
        }
        let named = left_out.iter().find(|id| only.contains(id));
        if changes.is_empty() || named.is_some() {
            let which = named.map_or_else(|| "any of its rules".to_owned(), |id| format!("rule {id}"));
            return Err(format!("policy {}: no value can be written for {which}: {}", policy.id, self.needs()));
        }
        Ok(Changeset { remarks: self.remarks(policy, control_set), changes, left_out })
    }

    /// What a rule must have for a value to be written for it.
    pub fn needs(self) -> &'static str {
        match self {
            Plan::Enable => "rules about effective states name none",
            Plan::Disable => "rules about effective states name none, and others do not say what the contrary is",
        }
    }

    fn set(self, rule: &Rule, control_set: Option<u32>) -> Option<(KeyPath, Name, Value)> {
        let setting = rule.setting()?;
        let value = match self {
            Plan::Enable => setting.expect.value.clone(),
            Plan::Disable => setting.disabled.clone()?,
        };
        Some((in_numbered_set(&setting.key, control_set), setting.value.clone(), value))
    }

    fn remarks(self, policy: &Policy, control_set: Option<u32>) -> Vec<String> {
        let version = env!("CARGO_PKG_VERSION");
        let mut lines = vec![
            format!("{} policy {} {}: {}.", self.verb(policy), policy.id, policy.version, policy.title),
            format!("Written by tlshive {version}."),
        ];
        lines.extend(control_set.map(|n| {
            format!(
                "Written for control set {n} of a hive that is not in use; \
                 on a running Windows it may not be the current one."
            )
        }));
        lines.push("Windows must be restarted for the change to take effect everywhere.".to_owned());
        if self == Plan::Disable {
            lines.extend(DISABLE_WARNING.map(str::to_owned));
        }
        lines
    }

    fn verb(self, policy: &Policy) -> &'static str {
        // A policy that can also be turned off is a switch; of others, what they enable or disable depends on the rule.
        let is_switch = policy.rules.iter().all(|rule| rule.setting().is_some_and(|s| s.disabled.is_some()));
        match self {
            Plan::Enable if !is_switch => "Sets the values that are asked for by",
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

/// The rules of these ids, or all.
fn chosen<'a>(policy: &'a Policy, only: &[String]) -> Result<Vec<&'a Rule>, String> {
    for id in only {
        if !policy.rules.iter().any(|rule| rule.id == *id) {
            let known: Vec<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
            return Err(format!("policy {} has no rule {id:?}; it has {}", policy.id, known.join(", ")));
        }
    }
    Ok(policy.rules.iter().filter(|rule| only.is_empty() || only.contains(&rule.id)).collect())
}

/// What the change sets this value to, if it does.
fn value_set<'a>(change: &'a Change, key: &KeyPath, name: &Name) -> Option<&'a Value> {
    match change {
        Change::Set { key: other, name: called, value }
            if other.folded() == key.folded() && called.matches(name.units()) =>
        {
            Some(value)
        }
        _ => None,
    }
}

fn in_numbered_set(key: &KeyPath, control_set: Option<u32>) -> KeyPath {
    control_set.map_or_else(|| key.clone(), |n| in_control_set(key, &Name::from(format!("ControlSet{n:03}").as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disable_sets_the_contrary_of_enable() {
        let policy = Policy::default_policy().unwrap();
        let on = Plan::Enable.changeset(&policy, &[], None).unwrap();
        let off = Plan::Disable.changeset(&policy, &[], None).unwrap();
        assert_eq!(on.changes.len(), 8);
        for (on, off) in on.changes.iter().zip(&off.changes) {
            let (Change::Set { key, name, value: on }, off) = (on, off) else { panic!("{on:?}") };
            let off = value_set(off, key, name).unwrap();
            assert_eq!(on.as_dword().zip(off.as_dword()).map(|(a, b)| a + b), Some(1));
        }
    }

    #[test]
    fn a_control_set_can_be_named() {
        let policy = Policy::default_policy().unwrap();
        let only = ["tls12-client-enabled".to_owned()];
        let set = Plan::Enable.changeset(&policy, &only, Some(2)).unwrap().changes.remove(0);
        assert!(set.key().to_string().starts_with(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Control\"));
        assert!(Plan::Enable.changeset(&policy, &["nonsense".to_owned()], None).is_err());
    }

    fn policy(rules: &str) -> Policy {
        let head = "id='p'\nversion='1'\ndate='2026-01-01'\ntitle='t'\nsource='s'\n";
        Policy::parse(&format!("{head}{rules}")).unwrap()
    }

    fn about(id: &str, lines: &str) -> String {
        format!("[[rule]]\nid='{id}'\ntitle='t'\nwhy='w'\nsource='s'\n{lines}\n")
    }

    #[test]
    fn rules_without_values_are_left_out_and_named() {
        let value = about("v", "key='HKEY_LOCAL_MACHINE\\K'\nvalue='V'\ntype='REG_DWORD'\nenable=1");
        let state = about("s", "effective='winhttp/64-bit'\nexpect=['on']\nfix='f'");
        let both = policy(&format!("{value}{state}"));
        let on = Plan::Enable.changeset(&both, &[], None).unwrap();
        assert_eq!((on.changes.len(), on.left_out), (1, vec!["s".to_owned()]));
        assert!(on.remarks[0].starts_with("Sets the values"), "{:?}", on.remarks);
        // The rule does not say what the contrary of 1 is, so nothing is left to write.
        assert!(Plan::Disable.changeset(&both, &[], None).unwrap_err().contains("contrary"));
        assert!(Plan::Enable.changeset(&both, &["s".to_owned()], None).unwrap_err().contains("for rule s: "));
        assert!(Plan::Enable.changeset(&policy(&state), &[], None).unwrap_err().contains("for any of its rules: "));
    }

    #[test]
    fn a_value_is_set_once_and_not_to_two_things() {
        let set = |id: &str, key: &str, n: u32| {
            about(id, &format!("key='HKEY_LOCAL_MACHINE\\{key}'\nvalue='V'\ntype='REG_DWORD'\nenable={n}"))
        };
        let same = policy(&format!("{}{}", set("a", "K", 1), set("b", "k", 1)));
        assert_eq!(Plan::Enable.changeset(&same, &[], None).unwrap().changes.len(), 1);
        let other = policy(&format!("{}{}", set("a", "K", 1), set("b", "K", 2)));
        assert!(Plan::Enable.changeset(&other, &[], None).unwrap_err().contains("--values"));
        assert_eq!(Plan::Enable.changeset(&other, &["b".to_owned()], None).unwrap().changes.len(), 1);
    }
}

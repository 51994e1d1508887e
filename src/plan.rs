//! Changesets: what is to be written to a registry, computed from a policy, and the files that do it.

mod ansible;
mod cmd;
pub mod collector;
mod defaults;
mod dsc;
mod dsc3;
mod error;
mod exact;
mod fix;
pub mod format;
mod gpo_backup;
mod gpp;
mod in_the_way;
mod intune;
mod lgpo;
mod machine;
mod pol;
mod powershell;
mod ps1;
mod refusal;
mod reg;
mod remarks;
mod root;
mod switch;
mod tls12_only;
mod undo;
mod values;
mod yaml;

use std::collections::BTreeMap;

use crate::diagnostic::Severity;
use crate::policy::{Policy, Rule};
use crate::registry::change::Change;
use crate::windows::control_set;
use crate::windows::control_set::in_control_set;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

pub use error::{Asking, PlanError};
pub use gpo_backup::Settings as GpoSettings;
pub use machine::{Machine, above};
pub use refusal::{About, Refusal};
pub use root::Root;
pub use undo::undo;

/// Changes, with what the reader of the file should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changeset {
    /// What it does and what to mind, a sentence or less a line.
    pub remarks: Vec<String>,
    /// What to do, in order.
    pub changes: Vec<Change>,
    /// Rules that nothing is written for. The remarks say why.
    pub left_out: Vec<String>,
}

/// What a file is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Set every value as the policy asks.
    Enable,
    /// Set every value to the contrary.
    Disable,
    /// Turn on TLS 1.2 and later, and everything older off.
    Only,
    /// Delete the values.
    Defaults,
    /// Set what fails, and nothing else.
    Fix,
}

/// What is asked of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whose values.
    pub policy: &'a Policy,
    /// The rules whose values are wanted, by their ids; none means all.
    pub values: &'a [String],
    /// The number of the control set to write to; none means the one in use, which a running Windows calls
    /// `CurrentControlSet`.
    pub control_set: Option<u32>,
}

/// Something to be told beside the file, which may have no room for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters.
    pub severity: Severity,
    /// One sentence for people.
    pub text: String,
}

/// What became of a plan.
#[derive(Debug, Clone)]
pub struct Made {
    /// What is to be written.
    pub changeset: Changeset,
    /// What is to be told besides.
    pub said: Vec<Remark>,
}

impl Plan {
    /// Computes the changes where nothing is known of the machine.
    ///
    /// # Errors
    /// When a rule is asked for that the policy does not have or that no value can be written for, when no rule is left,
    /// when two rules ask for different data of one value, and when the plan needs a machine.
    pub fn anywhere(self, request: &Request<'_>) -> Result<Made, PlanError> {
        let mut made = match self {
            Plan::Enable | Plan::Disable => switch::switch(self, request)?,
            Plan::Only => tls12_only::tls12_only(request, None, None)?,
            Plan::Defaults => defaults::defaults(request)?,
            Plan::Fix => return Err(PlanError::NeedsMachine),
        };
        if self == Plan::Defaults {
            made.changeset.remarks.extend(defaults::WARNING.map(str::to_owned));
            made.warn(defaults::WARNING.join(" "));
        }
        Ok(made)
    }
}

impl Made {
    /// Whether something was to be written, and nothing can be: the remarks say why.
    pub fn is_nothing(&self) -> bool {
        self.changeset.changes.is_empty() && !self.changeset.left_out.is_empty()
    }

    fn new(remarks: Vec<String>, changes: Vec<Change>) -> Self {
        Self { changeset: Changeset { remarks, changes, left_out: Vec::new() }, said: Vec::new() }
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.said.push(Remark { severity: Severity::Warning, text: text.into() });
    }

    fn note(&mut self, text: impl Into<String>) {
        self.said.push(Remark { severity: Severity::Note, text: text.into() });
    }

    /// Says something in the file, and beside it.
    fn remark(&mut self, text: &str) {
        self.changeset.remarks.push(text.to_owned());
        self.warn(text);
    }

    /// Names the rules that nothing is written for, and why.
    fn leave_out(&mut self, rules: Vec<String>, why: &str) {
        if !rules.is_empty() {
            self.remark(&format!("Nothing is written for {}: {why}.", rules.join(", ")));
            self.changeset.left_out.extend(rules);
        }
    }
}

/// Values to be set, each once.
#[derive(Default)]
struct Values {
    changes: Vec<Change>,
    /// The rule that asked for each first; none for what only goes with others.
    asked: Vec<Option<Asking>>,
    /// Where each stands, by key and name upcased.
    set: BTreeMap<(KeyPath, Name), usize>,
}

impl Values {
    /// Sets a value, and gives its place. `rule` is the one that asks for it; without one, a value that is set already stays
    /// as it is.
    fn set(&mut self, key: KeyPath, name: Name, value: Value, rule: Option<&Rule>) -> Result<usize, PlanError> {
        let about = (key.folded(), name.folded());
        let Some(&n) = self.set.get(&about) else {
            let n = self.changes.len();
            self.set.insert(about, n);
            self.changes.push(Change::Set { key, name, value });
            self.asked.push(rule.map(Asking::from));
            return Ok(n);
        };
        let Some(rule) = rule else { return Ok(n) };
        match self.other(&key, &name, &value) {
            Some(before) => {
                let (name, before) = (Box::new(name), before.clone());
                Err(PlanError::Contradiction { key, name, before, rule: rule.into() })
            }
            None => Ok(n),
        }
    }

    /// The rule that has asked for other data of a value.
    fn other(&self, key: &KeyPath, name: &Name, wanted: &Value) -> Option<&Asking> {
        let n = *self.set.get(&(key.folded(), name.folded()))?;
        match self.changes.get(n)? {
            Change::Set { value, .. } if value != wanted => self.asked.get(n)?.as_ref(),
            _ => None,
        }
    }
}

impl<'a> Request<'a> {
    /// The rules that are asked for.
    fn chosen(&self) -> Result<Vec<&'a Rule>, PlanError> {
        let rules: BTreeMap<&str, &Rule> = self.policy.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        if let Some(id) = self.values.iter().find(|id| !rules.contains_key(id.as_str())) {
            let known = self.policy.rules.iter().map(|rule| rule.id.clone()).collect();
            return Err(PlanError::NoRule { policy: self.policy.id.clone(), rule: id.clone(), known });
        }
        Ok(self.policy.rules.iter().filter(|rule| self.wants(&rule.id)).collect())
    }

    /// The same, but for those that are about what is installed, unless they are asked for by name: no file can do what they ask for.
    fn settable(&self) -> Result<Vec<&'a Rule>, PlanError> {
        let is = |rule: &&Rule| !self.values.is_empty() || !values::is_about_installed(rule);
        Ok(self.chosen()?.into_iter().filter(is).collect())
    }

    /// A rule's id, with its policy where there are several.
    fn name(&self, rule: &Rule) -> String {
        if self.policy.parts.is_empty() { rule.id.clone() } else { format!("{} of policy {}", rule.id, rule.policy) }
    }

    /// Whether a rule is asked for.
    fn wants(&self, rule: &str) -> bool {
        self.values.is_empty() || self.values.iter().any(|id| id == rule)
    }

    /// A key in the control set that is to be written to.
    fn key(&self, key: &KeyPath) -> KeyPath {
        match self.control_set {
            Some(n) => in_control_set(key, &control_set::numbered(n)),
            None => key.clone(),
        }
    }
}

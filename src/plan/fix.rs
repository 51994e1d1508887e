//! What fails, and nothing else.

use super::remarks::{head, remark};
use super::{Changeset, chosen, in_numbered_set, value_set};
use crate::policy::{Policy, Rule};
use crate::registry::change::Change;

/// What became of a rule on the machine that is to be fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It passes, or has no meaning there.
    Well,
    /// It fails.
    Fails,
    /// It cannot be told, and why.
    Unknown(String),
}

/// The changes, and what they leave.
#[derive(Debug, Clone)]
pub struct Fix {
    /// The values of the rules that fail.
    pub changeset: Changeset,
    /// Rules about effective states that fail: whether the values set them right, the audit of their import tells.
    pub states: Vec<Rule>,
    /// Whether a rule fails, or cannot be told.
    pub compliant: bool,
}

/// Sets the values of rules that fail, required and advisory ones.
///
/// # Errors
/// When `only` names a rule that the policy does not have, and when two rules ask for different data of one value.
pub fn fix(
    policy: &Policy,
    only: &[String],
    judged: &dyn Fn(&Rule) -> Judged,
    control_set: Option<u32>,
) -> Result<Fix, String> {
    let remarks = head("Fixes what fails of", policy, control_set);
    let mut changeset = Changeset { remarks, changes: Vec::new(), left_out: Vec::new() };
    let mut states = Vec::new();
    let mut compliant = true;
    for rule in chosen(policy, only)? {
        match (judged(rule), rule.setting()) {
            (Judged::Well, _) => continue,
            (Judged::Unknown(why), _) => {
                changeset.remarks.push(remark(&format!("Not fixed: rule {} cannot be judged: {why}", rule.id)));
                changeset.left_out.push(rule.id.clone());
            }
            (Judged::Fails, None) => states.push(rule.clone()),
            (Judged::Fails, Some(setting)) => {
                let (key, name) = (in_numbered_set(&setting.key, control_set), &setting.value);
                match changeset.changes.iter().find_map(|change| value_set(change, &key, name)) {
                    Some(other) if *other == setting.expect.value => {}
                    Some(_) => {
                        let what = format!("rule {} asks for other data than a rule before it", rule.id);
                        return Err(format!("{key}\\{name}: {what}; --values chooses between them"));
                    }
                    None => {
                        let value = setting.expect.value.clone();
                        changeset.changes.push(Change::Set { key, name: name.clone(), value });
                    }
                }
            }
        }
        compliant = false;
    }
    Ok(Fix { changeset, states, compliant })
}

impl Fix {
    /// Leaves a change out, and says why.
    pub fn leave_out(&mut self, change: &Change, why: &str) {
        self.changeset.changes.retain(|other| other != change);
        let name = if let Change::Set { name, .. } = change { format!("\\{name}") } else { String::new() };
        self.changeset.remarks.push(remark(&format!("Left out: {}{name}: it would weaken: {why}", change.key())));
    }

    /// Names a rule that the values do not set right, and what would.
    pub fn not_fixed(&mut self, rule: &Rule, why: &str) {
        self.changeset.remarks.push(remark(&format!("Not fixed: rule {}: {why}", rule.id)));
        if rule.setting().is_none() {
            self.changeset.remarks.push(remark(&format!("  {}", rule.fix())));
        }
        self.changeset.left_out.push(rule.id.clone());
    }
}

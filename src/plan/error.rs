//! Why there is no plan.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::place::Place;
use crate::policy::Rule;
use crate::windows::path::{KeyPath, Name};

/// A rule, and the policy whose rule it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// Id of the policy.
    pub policy: Arc<str>,
    /// Id of the rule.
    pub rule: String,
}

impl From<&Rule> for Asking {
    fn from(rule: &Rule) -> Self {
        Self { policy: Arc::clone(&rule.policy), rule: rule.id.clone() }
    }
}

/// Why there is no plan: what is asked for cannot be done, or it cannot be told how.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// A rule is asked for that the policy does not have.
    NoRule {
        /// Id of the policy.
        policy: String,
        /// The rule that is asked for.
        rule: String,
        /// The rules that it has.
        known: Vec<String>,
    },
    /// No value can be written for a rule that is asked for, or for any.
    NoValue {
        /// Id of the policy.
        policy: String,
        /// The rule, if it is one.
        rule: Option<String>,
        /// What the rules lack.
        why: &'static str,
    },
    /// Two rules ask for different data of one value.
    Contradiction {
        /// The key.
        key: KeyPath,
        /// The value.
        name: Box<Name>,
        /// The rule that comes first.
        before: Asking,
        /// The later one.
        rule: Asking,
    },
    /// What one policy asks for makes a rule of another fail that passes now.
    Breaks {
        /// That rule.
        rule: Asking,
        /// Why it would fail.
        why: String,
    },
    /// The plan depends on a machine, and none is given.
    NeedsMachine,
    /// The hive is loaded under another name, and it is not known which control set is meant.
    NoControlSet,
    /// Everything is to be changed in hives that are not said to be loaded.
    NothingUnder {
        /// These hives.
        hives: String,
    },
    /// A key is in no hive that can be loaded under another name.
    NoHive {
        /// The key.
        key: KeyPath,
    },
    /// What is there now cannot be read, so that it cannot be put back.
    Unreadable {
        /// The key, or the value.
        what: String,
        /// Why not.
        error: Box<Error>,
        /// Where.
        place: Place,
    },
    /// What is there now cannot be put back for another reason.
    NotPutBack {
        /// The key, or the value.
        what: String,
        /// Why not.
        why: String,
    },
}

/// What to do where policies contradict each other.
const NOT_BOTH: &str =
    "no file can meet both policies, and none is written; leave one out, or choose rules with --values";

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::NoRule { policy, rule, known } => {
                write!(f, "policy {policy} has no rule \"{rule}\"; it has {}", known.join(", "))
            }
            PlanError::NoValue { policy, rule, why } => {
                write!(f, "policy {policy}: no value can be written for ")?;
                match rule {
                    Some(rule) => write!(f, "rule {rule}: {why}"),
                    None => write!(f, "any of its rules: {why}"),
                }
            }
            PlanError::Contradiction { key, name, before, rule } if before.policy == rule.policy => {
                let (before, rule) = (&before.rule, &rule.rule);
                let what = format!("asks for other data than rule {before}; --values chooses between them");
                write!(f, "{key}\\{name}: rule {rule} {what}")
            }
            PlanError::Contradiction { key, name, before, rule } => {
                let Asking { policy, rule } = rule;
                let (other, before) = (&before.policy, &before.rule);
                let what = format!("asks for other data than rule {before} of policy {other}");
                write!(f, "{key}\\{name}: rule {rule} of policy {policy} {what}: {NOT_BOTH}")
            }
            PlanError::Breaks { rule: Asking { policy, rule }, why } => {
                let what = "passes now, and would fail with what the other policies ask for";
                write!(f, "rule {rule} of policy {policy} {what} ({why}): {NOT_BOTH}")
            }
            PlanError::NeedsMachine => f.write_str("fix needs the machine that is to be fixed: --for INPUT"),
            PlanError::NoControlSet => {
                f.write_str("a hive that is loaded elsewhere has no CurrentControlSet: --control-set N, or --for INPUT")
            }
            PlanError::NothingUnder { hives } => {
                write!(f, "all that is to be changed is in {hives}: load that, and name it with --root")
            }
            PlanError::NoHive { key } => write!(f, "{key}: --root is for keys of SYSTEM and SOFTWARE alone"),
            PlanError::Unreadable { what, error, place } => {
                write!(f, "{what}: it cannot be read, so it cannot be put back: {error} ({place})")
            }
            PlanError::NotPutBack { what, why } => write!(f, "{what}: {why}"),
        }
    }
}

impl std::error::Error for PlanError {}

//! Policies: what a machine should be set to. Rules are data, because the same expectation drives the audit and the
//! generator, and because users bring their own. `policy/policy.schema.json` describes the files.

mod builtin;
mod conditions;
mod fields;
mod file;
pub mod waiver;

use std::fmt;
use std::sync::Arc;

use crate::windows::control_set::in_control_set;
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::{Part, Reading};
use crate::windows::roots;
use crate::windows::state::State;
use crate::windows::subject::Subject;
use crate::windows::value::{Value, ValueType};

pub use conditions::{Installation, Only, Product, Version};
pub use file::PolicyError;

/// A set of rules with an identity.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Short name, for command lines and reports.
    pub id: String,
    /// Version of the rules.
    pub version: String,
    /// The day that the rules were last held against their sources, `YYYY-MM-DD`.
    pub date: String,
    /// One line for people.
    pub title: String,
    /// The text that the rules rest on.
    pub source: String,
    /// SHA-256 of the policy file, in hex.
    pub sha256: String,
    /// In the order in which they are reported.
    pub rules: Vec<Rule>,
    /// The policies that it is, where it is several in one: its rules are theirs, one policy after the other.
    pub parts: Vec<Policy>,
}

/// One thing that a policy asks for.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable name, for reports and scripts.
    pub id: String,
    /// Id of the policy whose rule it is.
    pub policy: Arc<str>,
    /// What holds when the rule passes, in one line.
    pub title: String,
    /// Why it is asked for: a paragraph.
    pub why: String,
    /// Where that is written: document and section.
    pub source: String,
    /// What is looked at.
    pub check: Check,
    /// Whether the verdict depends on this rule; the others inform.
    pub required: bool,
    /// The machines that the rule is about.
    pub only: Only,
}

/// What a rule looks at.
#[derive(Debug, Clone)]
pub enum Check {
    /// A value, as it stands in the registry.
    Value(Setting),
    /// What Windows makes of its settings.
    State(Effect),
}

/// A registry value that is asked for.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Full path from `HKEY_LOCAL_MACHINE`; the control set is written `CurrentControlSet`.
    pub key: KeyPath,
    /// Name of the value.
    pub value: Name,
    /// What the value should be.
    pub expect: Expectation,
    /// What the value is when the setting is turned off; none where the policy does not say, and then nothing turns it off.
    pub disabled: Option<Value>,
    /// Whether a value that is not set is as good: then the rule is about what must not be set.
    pub absent_passes: bool,
}

/// An effective state that is asked for.
#[derive(Debug, Clone)]
pub struct Effect {
    /// What has the state, such as `schannel/TLS 1.2/client`.
    pub subject: Subject,
    /// The states that pass.
    pub expect: Vec<State>,
    /// How to get there, in one line.
    pub fix: String,
}

/// A value that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The value itself: what a generated file sets.
    pub value: Value,
    /// What else passes.
    pub accept: Accept,
}

/// What passes beside the value that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// Nothing.
    Nothing,
    /// Any number but 0, where that is as good to Windows.
    NonZero,
    /// These numbers.
    Numbers(Vec<u32>),
}

/// How a value stands to an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is the value that is asked for.
    Exact,
    /// It is another one that Windows reads the same way.
    Equivalent,
    /// It is another one that the policy takes as well.
    Accepted,
    /// It has the wrong type, or a length that its type does not have.
    WrongType,
    /// It has another number.
    WrongData,
}

impl Expectation {
    /// Holds a value against the expectation. A `REG_SZ` "1" is no `REG_DWORD` 1: neither Schannel nor .NET reads it as one.
    pub fn check(&self, found: &Value) -> Match {
        if *found == self.value {
            return Match::Exact;
        }
        match (found.as_dword(), &self.accept) {
            (Some(n), Accept::NonZero) if n != 0 => Match::Equivalent,
            (Some(n), Accept::Numbers(numbers)) if numbers.contains(&n) => Match::Accepted,
            (Some(_), _) if self.value.kind == ValueType::DWORD => Match::WrongData,
            _ if found.kind == self.value.kind && found.data.len() == self.value.data.len() => Match::WrongData,
            _ => Match::WrongType,
        }
    }
}

impl Setting {
    /// A command that sets the value, whatever it was before. `/reg:64` keeps a 32-bit shell from writing to the other view.
    pub fn command(&self) -> String {
        let key = self.key.below(&KeyPath::parse(roots::MACHINE)).unwrap_or_default();
        let key = KeyPath(key.to_vec());
        let wanted = &self.expect.value;
        debug_assert_eq!(wanted.kind, ValueType::DWORD);
        let data = wanted.as_dword().unwrap_or_default();
        format!("reg add \"HKLM\\{key}\" /v {} /t {} /d {data} /f /reg:64", self.value, wanted.kind)
    }
}

impl Rule {
    /// The value that the rule is about, unless it is about an effective state.
    pub fn setting(&self) -> Option<&Setting> {
        match &self.check {
            Check::Value(setting) => Some(setting),
            Check::State(_) => None,
        }
    }

    /// The same rule about a control set by its name, instead of the one in use.
    #[must_use]
    pub fn in_control_set(&self, set: &str) -> Self {
        let mut rule = self.clone();
        match &mut rule.check {
            Check::Value(setting) => setting.key = in_control_set(&setting.key, &Name::from(set)),
            Check::State(effect) => effect.fix = effect.fix.replace("CurrentControlSet", set),
        }
        rule
    }

    /// How to make the rule pass, in one line.
    pub fn fix(&self) -> String {
        match &self.check {
            Check::Value(setting) => setting.command(),
            Check::State(effect) => effect.fix.clone(),
        }
    }

    /// What the rule looks at, by its name: the value, or the subject of the effective state.
    pub fn name(&self) -> String {
        match &self.check {
            Check::Value(setting) => setting.value.to_string(),
            Check::State(effect) => effect.subject.to_string(),
        }
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Accept::Nothing => Ok(()),
            Accept::NonZero => f.write_str(", or any other number but 0"),
            Accept::Numbers(numbers) => numbers.iter().try_for_each(|n| write!(f, ", or {n}")),
        }
    }
}

/// Two policies of one run have the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice {
    /// The id.
    pub id: String,
}

impl fmt::Display for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two policies have the id \"{}\", so that no report could tell them apart", self.id)
    }
}

impl std::error::Error for Twice {}

impl Policy {
    /// Id of the policy that is used unless another is asked for.
    pub const DEFAULT: &str = "entra-connect-tls12";

    /// The policy that is used unless another is asked for.
    ///
    /// # Errors
    /// When the policy that was built in does not load, which a test rules out.
    pub fn default_policy() -> Result<Self, PolicyError> {
        Self::builtin(Self::DEFAULT).unwrap_or_else(|| file::parse(""))
    }

    /// The policy that is built in under this id.
    ///
    /// # Errors
    /// When it does not load, which a test rules out.
    pub fn builtin(id: &str) -> Option<Result<Self, PolicyError>> {
        builtin::ALL.iter().find(|(known, _)| *known == id).map(|(_, data)| file::unpack(data))
    }

    /// The TOML text of the policy that is built in under this id.
    pub fn builtin_text(id: &str) -> Option<&'static str> {
        builtin::ALL.iter().find(|(known, _)| *known == id).map(|(_, data)| data.text)
    }

    /// The ids of the policies that are built in, in the order in which they are listed, the default one first.
    pub fn builtin_ids() -> impl Iterator<Item = &'static str> {
        builtin::ALL.iter().map(|(id, _)| *id)
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// When the text is no policy: with line and column, what was expected and what was found.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        file::parse(text)
    }

    /// Several policies as one. Of one, it is that one.
    ///
    /// # Errors
    /// When two have the same id: reports could not tell them apart.
    pub fn join(mut policies: Vec<Self>) -> Result<Self, Twice> {
        let mut ids: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
        ids.sort_unstable();
        if let Some(id) = ids.windows(2).find_map(|pair| pair.first().filter(|id| pair.last() == Some(id))) {
            return Err(Twice { id: (*id).to_owned() });
        }
        if policies.len() == 1
            && let Some(only) = policies.pop()
        {
            return Ok(only);
        }
        let all = |part: fn(&Self) -> &str| policies.iter().map(part).collect::<Vec<_>>().join(", ");
        Ok(Self {
            id: all(|policy| &policy.id),
            version: all(|policy| &policy.version),
            date: all(|policy| &policy.date),
            title: all(|policy| &policy.title),
            source: all(|policy| &policy.source),
            sha256: all(|policy| &policy.sha256),
            rules: policies.iter().flat_map(|policy| policy.rules.iter().cloned()).collect(),
            parts: policies,
        })
    }

    /// The policies that it is: itself, or its parts.
    pub fn each(&self) -> &[Self] {
        if self.parts.is_empty() { std::slice::from_ref(self) } else { &self.parts }
    }

    /// Id and version, of each part where it is several.
    pub fn names(&self) -> String {
        let name = |policy: &Self| format!("{} {}", policy.id, policy.version);
        self.each().iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// The values that its rules look at.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.rules.iter().filter_map(Rule::setting)
    }

    /// The keys of these values.
    pub fn keys(&self) -> Vec<KeyPath> {
        self.settings().map(|setting| setting.key.clone()).collect()
    }

    /// What its rules read, but for effective states.
    pub fn readings(&self) -> Vec<Reading> {
        let value = |setting: &Setting| Reading::new(setting.key.clone(), Part::Values(vec![setting.value.clone()]));
        self.settings().map(value).collect()
    }

    /// The policies that are built in.
    ///
    /// # Errors
    /// When one of them does not load, which a test rules out.
    pub fn builtins() -> Result<Vec<Self>, PolicyError> {
        builtin::ALL.iter().map(|(_, data)| file::unpack(data)).collect()
    }
}

#[cfg(test)]
mod tests;

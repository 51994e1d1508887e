//! TLS 1.2 and later, and nothing older.

use super::remarks::head;
use super::values::{self, Wanted};
use super::{Changeset, chosen, in_numbered_set, value_set};
use crate::policy::Policy;
use crate::registry::change::Change;

/// Microsoft, "Protocols in TLS/SSL (Schannel SSP)", TLS protocol version support.
const NO_TLS13: &str =
    "TLS 1.3 is not among it: before Windows Server 2022 and Windows 11 its keys are not a safe configuration";

/// Sets what the rules ask for, those about Schannel's protocols included, and what lets .NET programs follow Schannel.
///
/// `tls13` is whether the machine has TLS 1.3, `wow64` whether it has a 32-bit view of the registry, where that is known.
///
/// # Errors
/// As for [`Plan::changeset`](super::Plan::changeset).
pub fn only(
    policy: &Policy,
    only: &[String],
    tls13: Option<bool>,
    wow64: Option<bool>,
    control_set: Option<u32>,
) -> Result<Changeset, String> {
    let mut changes: Vec<Change> = Vec::new();
    let mut left_out = Vec::new();
    let mut set = |wanted: Wanted, must: Option<&str>| {
        let key = in_numbered_set(&wanted.key, control_set);
        match (changes.iter().find_map(|change| value_set(change, &key, &wanted.name)), must) {
            (Some(other), Some(rule)) if *other != wanted.value => {
                let what = format!("rule {rule} asks for other data than a rule before it");
                return Err(format!("{key}\\{}: {what}; --values chooses between them", wanted.name));
            }
            (Some(_), _) => {}
            (None, _) => changes.push(Change::Set { key, name: wanted.name, value: wanted.value }),
        }
        Ok(())
    };
    let mut without_tls13 = false;
    for rule in chosen(policy, only)? {
        if values::protocol(rule) == Some("TLS 1.3") && tls13 != Some(true) {
            without_tls13 = true;
            continue;
        }
        let values = values::of(rule);
        if values.is_empty() {
            left_out.push(rule.id.clone());
        }
        for wanted in values {
            set(wanted, Some(&rule.id))?;
        }
    }
    if only.is_empty() {
        for (view32, version) in
            [(false, "v4.0.30319"), (true, "v4.0.30319"), (false, "v2.0.50727"), (true, "v2.0.50727")]
        {
            for wanted in values::dotnet(view32, version).into_iter().filter(|_| !view32 || wow64 != Some(false)) {
                set(wanted, None)?;
            }
        }
    }
    if changes.is_empty() {
        return Err(format!("policy {}: no value can be written for the rules that are asked for", policy.id));
    }
    let mut remarks = head("Turns TLS 1.2 on and everything older off: sets what is asked for by", policy, control_set);
    remarks.push("Programs and devices that know nothing newer than TLS 1.1 no longer connect.".to_owned());
    if without_tls13 {
        remarks.push(match tls13 {
            Some(false) => format!("{NO_TLS13}, and this machine is older."),
            _ => format!("{NO_TLS13}; --for INPUT tells what a machine is."),
        });
    }
    Ok(Changeset { remarks, changes, left_out })
}

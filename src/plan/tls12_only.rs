//! TLS 1.2 and later, and nothing older.

use super::remarks::head;
use super::values;
use super::{Made, PlanError, Request, Values};

/// Microsoft, "Protocols in TLS/SSL (Schannel SSP)", TLS protocol version support.
const NO_TLS13: &str =
    "TLS 1.3 is not among it: before Windows Server 2022 and Windows 11 its keys are not a safe configuration";

/// Sets what the rules ask for, those about Schannel's protocols included, and what lets .NET programs follow Schannel.
///
/// `tls13` is whether the machine has TLS 1.3, `wow64` whether it has a 32-bit view of the registry, where that is known.
pub(super) fn tls12_only(request: &Request<'_>, tls13: Option<bool>, wow64: Option<bool>) -> Result<Made, PlanError> {
    let mut set = Values::default();
    let mut left_out = Vec::new();
    let mut without_tls13 = false;
    for rule in request.settable()? {
        if values::protocol(rule) == Some("TLS 1.3") && tls13 != Some(true) {
            without_tls13 = true;
            continue;
        }
        let values = values::wanted(rule);
        if values.is_empty() {
            left_out.push(rule.id.clone());
        }
        for wanted in values {
            set.set(request.key(&wanted.key), wanted.name, wanted.value, Some(rule))?;
        }
    }
    if request.values.is_empty() {
        for wanted in values::dotnet_views(wow64) {
            set.set(request.key(&wanted.key), wanted.name, wanted.value, None)?;
        }
    }
    if set.changes.is_empty() {
        let why = "the rules that are asked for name no value";
        return Err(PlanError::NoValue { policy: request.policy.id.clone(), rule: None, why });
    }
    let mut remarks = head("Turns TLS 1.2 on and everything older off: sets what is asked for by", request);
    remarks.push("Programs and devices that know nothing newer than TLS 1.1 no longer connect.".to_owned());
    if without_tls13 {
        remarks.push(match tls13 {
            Some(false) => format!("{NO_TLS13}, and this machine is older."),
            _ => format!("{NO_TLS13}; --for INPUT tells what a machine is."),
        });
    }
    let mut made = Made::new(remarks, set.changes);
    made.leave_out(left_out, "these rules name no value");
    Ok(made)
}

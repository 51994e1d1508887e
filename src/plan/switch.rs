//! Everything that a policy asks for, or the contrary.

use super::remarks::head;
use super::values::is_about_installed;
use super::{Made, Plan, PlanError, Request, Values};
use crate::policy::{Policy, Rule};
use crate::windows::value::Value;

/// Why nobody should disable TLS 1.2. The .NET part is what ServicePointManager does when both values are 0.
const DISABLE_WARNING: [&str; 4] = [
    "NOT RECOMMENDED: Microsoft Entra ID and most services refuse connections older than TLS 1.2.",
    "With SystemDefaultTlsVersions and SchUseStrongCrypto both 0, every .NET Framework program on the machine",
    "that does not choose a protocol itself falls back to SSL 3.0 and TLS 1.0.",
    "To return to what Windows ships with, delete these values rather than setting them.",
];

/// Sets every value as it is asked for, or to the contrary.
pub(super) fn switch(plan: Plan, request: &Request<'_>) -> Result<Made, PlanError> {
    let policy = request.policy;
    let mut values = Values::default();
    let mut left_out = Vec::new();
    for rule in request.settable()? {
        match rule.setting().zip(wanted(plan, rule)) {
            Some((setting, value)) => {
                values.set(request.key(&setting.key), setting.value.clone(), value, Some(rule))?;
            }
            None => left_out.push(rule.id.clone()),
        }
    }
    let named = left_out.iter().find(|id| request.values.contains(id));
    if values.changes.is_empty() || named.is_some() {
        return Err(PlanError::NoValue { policy: policy.id.clone(), rule: named.cloned(), why: needs(plan) });
    }
    let mut made = Made::new(remarks(plan, request), values.changes);
    if plan == Plan::Disable {
        made.warn(DISABLE_WARNING.join(" "));
    }
    made.leave_out(left_out, needs(plan));
    Ok(made)
}

/// What a rule must have for a value to be written for it.
fn needs(plan: Plan) -> &'static str {
    match plan {
        Plan::Disable => "rules about effective states name none, and others do not say what the contrary is",
        _ => "rules about effective states name none",
    }
}

fn wanted(plan: Plan, rule: &Rule) -> Option<Value> {
    let setting = rule.setting()?;
    match plan {
        Plan::Disable => setting.disabled.clone(),
        _ => Some(setting.expect.value.clone()),
    }
}

fn remarks(plan: Plan, request: &Request<'_>) -> Vec<String> {
    let warning = DISABLE_WARNING.into_iter().filter(|_| plan == Plan::Disable).map(str::to_owned);
    head(verb(plan, request.policy), request).into_iter().chain(warning).collect()
}

fn verb(plan: Plan, policy: &Policy) -> &'static str {
    // A policy that can also be turned off is a switch; of others, what they enable or disable depends on the rule.
    let mut settable = policy.rules.iter().filter(|rule| !is_about_installed(rule));
    let is_switch = settable.all(|rule| rule.setting().is_some_and(|s| s.disabled.is_some()));
    match plan {
        Plan::Disable => "Disables TLS 1.2: sets the contrary of what is asked for by",
        _ if is_switch => "Enables TLS 1.2: sets the values that are asked for by",
        _ => "Sets the values that are asked for by",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::change::Change;

    fn changes(plan: Plan, policy: &Policy, values: &[&str], control_set: Option<u32>) -> Result<Vec<Change>, String> {
        let values: Vec<String> = values.iter().map(|id| (*id).to_owned()).collect();
        let made = plan.anywhere(&Request { policy, values: &values, control_set });
        made.map(|made| made.changeset.changes).map_err(|error| error.to_string())
    }

    #[test]
    fn disable_sets_the_contrary_of_enable() {
        let policy = Policy::default_policy().unwrap();
        let on = changes(Plan::Enable, &policy, &[], None).unwrap();
        let off = changes(Plan::Disable, &policy, &[], None).unwrap();
        assert_eq!((on.len(), off.len()), (8, 8));
        for change in &on {
            let Change::Set { key, name, value: on } = change else { panic!("{change:?}") };
            let sum = off.iter().find_map(|change| match change {
                Change::Set { key: k, name: n, value: off } if k == key && n == name => {
                    on.as_dword().zip(off.as_dword()).map(|(a, b)| a + b)
                }
                _ => None,
            });
            assert_eq!(sum, Some(1));
        }
    }

    #[test]
    fn a_control_set_can_be_named() {
        let policy = Policy::default_policy().unwrap();
        let set = changes(Plan::Enable, &policy, &["tls12-client-enabled"], Some(2)).unwrap().remove(0);
        assert!(set.key().to_string().starts_with(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Control\"));
        let error = changes(Plan::Enable, &policy, &["nonsense"], None).unwrap_err();
        assert!(error.contains("has no rule \"nonsense\"; it has "), "{error}");
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
        let on = Plan::Enable.anywhere(&Request { policy: &both, values: &[], control_set: None }).unwrap();
        assert_eq!((on.changeset.changes.len(), on.changeset.left_out), (1, vec!["s".to_owned()]));
        let remarks = on.changeset.remarks;
        assert!(remarks[0].starts_with("Sets the values"), "{remarks:?}");
        assert_eq!(remarks.last().unwrap(), &on.said[0].text);
        assert!(on.said[0].text.starts_with("Nothing is written for s: "), "{:?}", on.said);
        // The rule does not say what the contrary of 1 is, so nothing is left to write.
        assert!(changes(Plan::Disable, &both, &[], None).unwrap_err().contains("contrary"));
        assert!(changes(Plan::Enable, &both, &["s"], None).unwrap_err().contains("for rule s: "));
        assert!(changes(Plan::Enable, &policy(&state), &[], None).unwrap_err().contains("for any of its rules: "));
    }

    #[test]
    fn a_value_is_set_once_and_not_to_two_things() {
        let set = |id: &str, key: &str, n: u32| {
            about(id, &format!("key='HKEY_LOCAL_MACHINE\\{key}'\nvalue='V'\ntype='REG_DWORD'\nenable={n}"))
        };
        let same = policy(&format!("{}{}", set("a", "K", 1), set("b", "k", 1)));
        assert_eq!(changes(Plan::Enable, &same, &[], None).unwrap().len(), 1);
        let other = policy(&format!("{}{}", set("a", "K", 1), set("b", "K", 2)));
        assert!(changes(Plan::Enable, &other, &[], None).unwrap_err().contains("--values"));
        assert_eq!(changes(Plan::Enable, &other, &["b"], None).unwrap().len(), 1);
    }
}

//! What fails, and nothing else.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::machine::{Findings, Machine};
use super::remarks::head;
use super::values::{self, PROTOCOLS};
use super::{Made, PlanError, Request, Values};
use crate::audit::{HostReport, Outcome, audit, weakened};
use crate::policy::Rule;
use crate::registry::change::Change;
use crate::windows::control_set::in_control_set;
use crate::windows::path::{KeyPath, Name};

/// Values that are tried one by one.
const MOST: usize = 256;

/// How often what was left out is tried again with what is kept.
const PASSES: usize = 3;

/// Sets the values of rules that fail, required and advisory ones, but for those that would weaken the machine. Of a rule about
/// an effective state, those values that make it pass.
pub(super) fn fix(request: &Request<'_>, machine: &Machine<'_>) -> Result<Made, PlanError> {
    let before = machine.judged.map_or_else(|| Cow::Owned(audit(request.policy, machine.host)), Cow::Borrowed);
    let was = Findings::of(&before);
    let mut wanted = Wanted::default();
    let mut made = Made::new(head("Fixes what fails of", request), Vec::new());
    let mut compliant = true;
    for rule in request.chosen()? {
        let Some(finding) = was.get(rule) else { continue };
        match (finding.outcome, rule.setting()) {
            (Outcome::Pass | Outcome::NotApplicable, _) => continue,
            // The values of other rules may settle it; what is left of it is named at the end.
            (Outcome::Unknown, _) => {}
            (Outcome::Fail, None) => wanted.state(request, machine, rule)?,
            (Outcome::Fail, Some(setting)) => {
                let (key, name) = (request.key(&setting.key), setting.value.clone());
                let n = wanted.values.set(key, name, setting.expect.value.clone(), Some(rule))?;
                wanted.by.entry(n).or_default().push(rule);
            }
        }
        compliant = false;
    }
    // The same changes are asked about several times in a row.
    let last: RefCell<Option<(Vec<Change>, Rc<HostReport>)>> = RefCell::new(None);
    let audited = |changes: &[Change]| -> Rc<HostReport> {
        if let Some((known, report)) = &*last.borrow()
            && known == changes
        {
            return Rc::clone(report);
        }
        let report = Rc::new(audit(request.policy, &machine.after(&[changes])));
        *last.borrow_mut() = Some((changes.to_vec(), Rc::clone(&report)));
        report
    };
    let weak = |changes: &[Change]| weakened(&before.effective, &audited(changes).effective);
    let all: Vec<usize> = (0..wanted.values.changes.len()).collect();
    let helping = wanted.helping(all, &audited);
    let with_dotnet = wanted.with_dotnet(request, machine, helping, &weak)?;
    let chosen: Vec<Change> = wanted.some(&with_dotnet);
    let (kept, without) = without_weakening(&chosen, &weak);
    let number = |n: usize| with_dotnet.get(n).copied();
    for (n, why) in without.into_iter().filter_map(|(n, why)| Some((number(n)?, why))) {
        let Some(Change::Set { key, name, .. }) = wanted.values.changes.get(n) else { continue };
        let rules: Vec<String> = wanted.by.get(&n).into_iter().flatten().map(|rule| request.name(rule)).collect();
        let of = if rules.is_empty() { String::new() } else { format!(" (rule {})", rules.join(", ")) };
        made.remark(&format!("Left out: {key}\\{name}{of}: it would weaken: {why}"));
        made.changeset.left_out.extend(rules);
    }
    let kept = wanted.helping(kept.into_iter().filter_map(number).collect(), &audited);
    made.changeset.changes = wanted.some(&kept);
    if !weak(&made.changeset.changes).is_empty() {
        // Values that help nobody were all that kept others from harm.
        made.changeset.changes = Vec::new();
    }
    made.changeset.remarks.extend(turned_off(&made.changeset.changes));
    let after = audited(&made.changeset.changes);
    leftovers(request, machine, &mut made, &was, &after)?;
    if compliant {
        made.changeset.remarks.push("Nothing fails: there is nothing to write.".to_owned());
        made.note(format!("nothing to fix: {} meets policy {}", machine.host.name, request.policy.id));
    } else if made.changeset.changes.is_empty() {
        made.note("no value can be written for what fails or cannot be judged");
    }
    Ok(made)
}

/// The values that may be set.
#[derive(Default)]
struct Wanted<'a> {
    values: Values,
    /// The rules that ask for each, by its number; none for what only goes with others.
    by: BTreeMap<usize, Vec<&'a Rule>>,
}

impl<'a> Wanted<'a> {
    /// Adds the values that a rule about an effective state is about, where none of them contradicts another rule's of its
    /// policy.
    fn state(&mut self, request: &Request<'_>, machine: &Machine<'_>, rule: &'a Rule) -> Result<(), PlanError> {
        let wanted = if is_beyond(rule, machine) { Vec::new() } else { values::wanted(rule) };
        for value in &wanted {
            let key = request.key(&value.key);
            match self.values.other(&key, &value.name, &value.value) {
                None => {}
                Some(before) if before.policy == rule.policy => return Ok(()),
                Some(before) => {
                    let (name, before) = (Box::new(value.name.clone()), before.clone());
                    return Err(PlanError::Contradiction { key, name, before, rule: rule.into() });
                }
            }
        }
        for value in wanted.into_iter().filter(|value| !machine.has(value)) {
            let n = self.values.set(request.key(&value.key), value.name, value.value, Some(rule))?;
            self.by.entry(n).or_default().push(rule);
        }
        Ok(())
    }

    fn some(&self, numbers: &[usize]) -> Vec<Change> {
        numbers.iter().filter_map(|&n| self.values.changes.get(n).cloned()).collect()
    }

    /// Without the values whose rules are all about effective states, and fail with them too.
    fn helping(&self, mut numbers: Vec<usize>, audited: &dyn Fn(&[Change]) -> Rc<HostReport>) -> Vec<usize> {
        loop {
            let report = audited(&self.some(&numbers));
            let after = Findings::of(&report);
            let passes = |rule: &&Rule| {
                let outcome = after.get(rule).map(|finding| finding.outcome);
                rule.setting().is_some() || matches!(outcome, Some(Outcome::Pass | Outcome::NotApplicable))
            };
            let count = numbers.len();
            numbers.retain(|n| self.by.get(n).is_none_or(|rules| rules.iter().any(passes)));
            if numbers.len() == count {
                return numbers;
            }
        }
    }

    /// With what lets .NET programs follow Windows, where less gets worse with it: such programs may know nothing else than what
    /// is turned off.
    fn with_dotnet(
        &mut self,
        request: &Request<'_>,
        machine: &Machine<'_>,
        mut numbers: Vec<usize>,
        weak: &dyn Fn(&[Change]) -> Vec<String>,
    ) -> Result<Vec<usize>, PlanError> {
        let worse = weak(&self.some(&numbers)).len();
        if worse == 0 || turned_off(&self.some(&numbers)).is_none() {
            return Ok(numbers);
        }
        let views = values::dotnet_views(machine.host.windows.architecture.has_wow64());
        let alone = numbers.clone();
        for value in views.into_iter().filter(|value| !machine.has(value)) {
            let n = self.values.set(request.key(&value.key), value.name, value.value, None)?;
            if !numbers.contains(&n) {
                numbers.push(n);
            }
        }
        Ok(if weak(&self.some(&numbers)).len() < worse { numbers } else { alone })
    }
}

/// What to mind where protocols are turned off.
fn turned_off(changes: &[Change]) -> Option<String> {
    let protocols = KeyPath::parse(PROTOCOLS);
    let mut off: Vec<String> = Vec::new();
    for change in changes {
        let Change::Set { key, name, value } = change else { continue };
        let set = in_control_set(&KeyPath::parse(PROTOCOLS), &key.names().get(2).cloned().unwrap_or_default());
        let below = key.below(&protocols).or_else(|| key.below(&set));
        let Some(protocol) = below.and_then(<[Name]>::first).map(ToString::to_string) else { continue };
        let is_off = name.matches(Name::from("Enabled").units()) && value.as_dword() == Some(0);
        if is_off && !off.contains(&protocol) {
            off.push(protocol);
        }
    }
    let what = "programs and devices that know nothing else no longer connect";
    (!off.is_empty()).then(|| format!("Turns {} off: {what}.", off.join(", ")))
}

/// Whether a rule is about TLS 1.3, and the machine is not known to have it: its values are not a safe configuration there.
fn is_beyond(rule: &Rule, machine: &Machine<'_>) -> bool {
    values::protocol(rule) == Some("TLS 1.3") && machine.has_tls13() != Some(true)
}

/// Names what does not pass after the import either, or no longer. Of several policies, none may do harm to another.
fn leftovers(
    request: &Request<'_>,
    machine: &Machine<'_>,
    made: &mut Made,
    was: &Findings<'_>,
    after: &HostReport,
) -> Result<(), PlanError> {
    for finding in &after.findings {
        let (rule, wanted) = (&finding.rule, request.wants(&finding.rule.id));
        let name = request.name(rule);
        let passed = was.get(rule).is_some_and(|f| matches!(f.outcome, Outcome::Pass));
        if matches!(finding.outcome, Outcome::Pass | Outcome::NotApplicable)
            || made.changeset.left_out.contains(&name)
            || !(wanted || passed)
        {
            continue;
        }
        if passed {
            if rule.required && !request.policy.parts.is_empty() {
                return Err(PlanError::Breaks { rule: rule.into(), why: finding.why.clone() });
            }
            made.remark(&format!("Rule {name} passes now, and no longer after the import: {}", finding.why));
            continue;
        }
        let judged = if finding.outcome == Outcome::Unknown { " cannot be judged" } else { "" };
        made.remark(&format!("Not fixed: rule {name}{judged}: {}", finding.why));
        if rule.setting().is_none() && !is_beyond(rule, machine) && finding.outcome == Outcome::Fail {
            made.changeset.remarks.push(format!("  {}", rule.fix()));
        }
        made.changeset.left_out.push(name);
    }
    Ok(())
}

/// The changes that together weaken nothing, by their numbers, and why the others are left out. `weak` tells what gets
/// worse by changes.
///
/// First goes each change without which less gets worse. What still weakens then is built up from nothing.
fn without_weakening(
    changes: &[Change],
    weak: &dyn Fn(&[Change]) -> Vec<String>,
) -> (Vec<usize>, Vec<(usize, String)>) {
    let with = |numbers: &[usize]| -> Vec<String> {
        let some: Vec<Change> = numbers.iter().filter_map(|&n| changes.get(n).cloned()).collect();
        weak(&some)
    };
    let mut kept: Vec<usize> = (0..changes.len()).collect();
    let mut worse = with(&kept);
    if let Some(why) = worse.first() {
        if changes.len() > MOST {
            let why = format!("{why}; of so many values it is not tried which do it");
            return (Vec::new(), kept.into_iter().map(|n| (n, why.clone())).collect());
        }
    } else {
        return (kept, Vec::new());
    }
    for n in 0..changes.len() {
        let rest: Vec<usize> = kept.iter().copied().filter(|&other| other != n).collect();
        let left = with(&rest);
        if left.len() < worse.len() {
            (kept, worse) = (rest, left);
        }
        if worse.is_empty() {
            break;
        }
    }
    if !worse.is_empty() {
        let mut open = std::mem::take(&mut kept);
        for _ in 0..PASSES {
            let before = open.len();
            open.retain(|&n| {
                let more: Vec<usize> = kept.iter().copied().chain([n]).collect();
                let fine = with(&more).is_empty();
                if fine {
                    kept = more;
                }
                !fine
            });
            if open.is_empty() || open.len() == before {
                break;
            }
        }
        kept.sort_unstable();
    }
    let reason = |n: usize| {
        let more: Vec<usize> = kept.iter().copied().chain([n]).collect();
        let worse = with(&more).into_iter().next();
        worse.unwrap_or_else(|| "with others that are left out".to_owned())
    };
    let left_out: Vec<(usize, String)> =
        (0..changes.len()).filter(|n| !kept.contains(n)).map(|n| (n, reason(n))).collect();
    (kept, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::value::Value;

    fn change(name: &str) -> Change {
        Change::Set { key: KeyPath::parse("K"), name: Name::from(name), value: Value::dword(1) }
    }

    fn kept(names: &[&str], weak: &dyn Fn(&[&str]) -> usize) -> (String, usize) {
        let changes: Vec<Change> = names.iter().map(|name| change(name)).collect();
        let weak = |some: &[Change]| {
            let some: Vec<&str> = names.iter().filter(|name| some.contains(&change(name))).copied().collect();
            vec!["worse".to_owned(); weak(&some)]
        };
        let (kept, without) = without_weakening(&changes, &weak);
        let left: Vec<Change> = kept.iter().map(|&n| changes[n].clone()).collect();
        assert!(weak(&left).is_empty());
        (kept.iter().map(|&n| names[n]).collect(), without.len())
    }

    #[test]
    fn what_weakens_goes_and_what_does_not_stays() {
        let has = |some: &[&str], name: &str| usize::from(some.contains(&name));
        assert_eq!(kept(&["a", "b"], &|_| 0), ("ab".to_owned(), 0));
        assert_eq!(kept(&["a", "b", "c"], &|some| has(some, "b")), ("ac".to_owned(), 1));
        // Two that do the same harm, each alone.
        assert_eq!(kept(&["a", "b", "c"], &|some| has(some, "a").max(has(some, "c"))), ("b".to_owned(), 2));
        // Harmless one by one, harmful together.
        assert_eq!(kept(&["a", "b", "c"], &|some| has(some, "a") * has(some, "b")), ("bc".to_owned(), 1));
        // Harmful one by one, harmless together, beside one that is harmful.
        let pair = |some: &[&str]| has(some, "a").abs_diff(has(some, "b")) + has(some, "c");
        assert_eq!(kept(&["a", "b", "c"], &pair), ("ab".to_owned(), 1));
        // Everything is.
        assert_eq!(kept(&["a", "b"], &|some| some.len()), (String::new(), 2));
    }
}

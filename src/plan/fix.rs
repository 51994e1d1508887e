//! What fails, and nothing else.

use std::collections::BTreeMap;

use super::machine::{Machine, findings};
use super::remarks::head;
use super::{Made, PlanError, Request, Values};
use crate::audit::{Finding, HostReport, Outcome, audit, weakened};
use crate::policy::Rule;
use crate::registry::change::Change;

/// Values that are tried one by one.
const MOST: usize = 256;

/// How often what was left out is tried again with what is kept.
const PASSES: usize = 3;

/// Sets the values of rules that fail, required and advisory ones, but for those that would weaken the machine.
pub(super) fn fix(request: &Request<'_>, machine: &Machine<'_>) -> Result<Made, PlanError> {
    let before = audit(request.policy, machine.host);
    let was = findings(&before);
    let mut values = Values::default();
    let mut fixed: BTreeMap<usize, Vec<&Rule>> = BTreeMap::new();
    let mut made = Made::new(head("Fixes what fails of", request), Vec::new());
    let mut compliant = true;
    for rule in request.chosen()? {
        let Some(finding) = was.get(rule.id.as_str()) else { continue };
        match (finding.outcome, rule.setting()) {
            (Outcome::Pass | Outcome::NotApplicable, _) => continue,
            (Outcome::Unknown, _) => {
                made.remark(&format!("Not fixed: rule {} cannot be judged: {}", rule.id, finding.why));
                made.changeset.left_out.push(rule.id.clone());
            }
            (Outcome::Fail, None) => {}
            (Outcome::Fail, Some(setting)) => {
                let (key, name) = (request.key(&setting.key), setting.value.clone());
                let n = values.set(key, name, setting.expect.value.clone(), Some(&rule.id))?;
                fixed.entry(n).or_default().push(rule);
            }
        }
        compliant = false;
    }
    let audited = |changes: &[Change]| audit(request.policy, &machine.after(&[changes]));
    let weak = |changes: &[Change]| weakened(&before.effective, &audited(changes).effective);
    let (kept, without) = without_weakening(&values.changes, &weak);
    for (n, why) in without {
        let Some(Change::Set { key, name, .. }) = values.changes.get(n) else { continue };
        let rules: Vec<String> = fixed.get(&n).into_iter().flatten().map(|rule| rule.id.clone()).collect();
        made.remark(&format!("Left out: {key}\\{name} (rule {}): it would weaken: {why}", rules.join(", ")));
        made.changeset.left_out.extend(rules);
    }
    made.changeset.changes = kept.into_iter().filter_map(|n| values.changes.get(n).cloned()).collect();
    let after = audited(&made.changeset.changes);
    leftovers(request, &mut made, &was, &after);
    if compliant {
        made.changeset.remarks.push("Nothing fails: there is nothing to write.".to_owned());
        made.note(format!("nothing to fix: {} meets policy {}", machine.host.name, request.policy.id));
    } else if made.changeset.changes.is_empty() {
        made.note("no value can be written for what fails or cannot be judged");
    }
    Ok(made)
}

/// Names what does not pass after the import either, or no longer.
fn leftovers(request: &Request<'_>, made: &mut Made, was: &BTreeMap<&str, &Finding>, after: &HostReport) {
    for finding in &after.findings {
        let (rule, wanted) = (&finding.rule, request.wants(&finding.rule.id));
        let passed = was.get(rule.id.as_str()).is_some_and(|f| matches!(f.outcome, Outcome::Pass));
        if matches!(finding.outcome, Outcome::Pass | Outcome::NotApplicable)
            || made.changeset.left_out.contains(&rule.id)
            || !(wanted || passed)
        {
            continue;
        }
        if passed {
            made.remark(&format!("Rule {} passes now, and no longer after the import: {}", rule.id, finding.why));
            continue;
        }
        made.remark(&format!("Not fixed: rule {}: {}", rule.id, finding.why));
        if rule.setting().is_none() {
            made.changeset.remarks.push(format!("  {}", rule.fix()));
        }
        made.changeset.left_out.push(rule.id.clone());
    }
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
    use crate::windows::path::{KeyPath, Name};
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

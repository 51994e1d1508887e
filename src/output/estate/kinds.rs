//! What is wrong, by kind: machines that fail the same rules for the same reason have one fix.

use std::collections::HashMap;

use super::Estate;
use crate::saved::record::{Finding, Host, Verdict};

/// Machines that fail the same required rules, with the same data found and the same fix, and TLS 1.2 off on all of them or on
/// none.
#[derive(Debug)]
pub(in crate::output) struct Kind<'a> {
    /// `A`, `B`, …
    pub(in crate::output) letter: String,
    /// What is wrong, in plain words.
    pub(in crate::output) title: String,
    /// What that means today.
    pub(in crate::output) risk: Risk,
    pub(in crate::output) hosts: Vec<&'a Host>,
    /// The machine that stands for the others.
    pub(in crate::output) example: &'a Host,
    /// What fails on each of them, as found on the example.
    pub(in crate::output) failing: Vec<&'a Finding>,
    /// The kind before it that has the same fix.
    pub(in crate::output) same_fix_as: Option<String>,
}

/// What a kind of fault means today, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::output) enum Risk {
    /// TLS 1.2 is off.
    Broken,
    /// It is on for some programs.
    Partly,
    /// It cannot be told.
    Unknown,
    /// It is on.
    Works,
}

impl Risk {
    fn of(state: &str) -> Self {
        match state {
            "off" => Risk::Broken,
            "partly" => Risk::Partly,
            "on" => Risk::Works,
            _ => Risk::Unknown,
        }
    }

    /// In a few words.
    pub(in crate::output) fn word(self) -> &'static str {
        match self {
            Risk::Broken => "broken now",
            Risk::Partly => "works in part",
            Risk::Unknown => "cannot be told",
            Risk::Works => "works today",
        }
    }

    /// As a class of a style.
    pub(in crate::output) fn look(self) -> &'static str {
        match self {
            Risk::Broken => "broken",
            Risk::Partly => "partly",
            Risk::Unknown => "unknown",
            Risk::Works => "works",
        }
    }

    /// In a sentence.
    pub(in crate::output) fn sentence(self) -> &'static str {
        match self {
            Risk::Broken => "Programs that leave the choice to Windows cannot connect over TLS 1.2.",
            Risk::Partly => "Some programs, or one side, do not use TLS 1.2.",
            Risk::Unknown => "What Windows does cannot be told from what was given.",
            Risk::Works => {
                "TLS 1.2 is on in effect. A later change of the defaults can turn it off, for nothing holds it."
            }
        }
    }
}

/// What tells kinds apart: the rules with the type and data found, whether TLS 1.2 is off, and the fix.
fn key(host: &Host) -> String {
    let mut key = String::from(if host.effective.tls12.state == "off" { "off" } else { "" });
    for finding in host.failing() {
        let found = finding.found.as_ref().map(|value| format!("{}\0{}", value.kind, value.raw));
        let found = found.or_else(|| finding.state.clone()).unwrap_or_default();
        key.push_str(&format!("\0{}\0{}\0{found}", finding.policy, finding.rule));
    }
    // One fix is to do for all of them.
    key.push_str(host.fix.as_ref().and_then(|fix| fix.reg.as_deref()).unwrap_or_default());
    key
}

/// The kinds of fault of an estate, the worst first, then those of most machines.
pub(in crate::output) fn kinds(estate: &Estate) -> Vec<Kind<'_>> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Host>> = Vec::new();
    for host in estate.hosts.iter().filter(|host| host.verdict == Verdict::NotCompliant) {
        let number = *numbers.entry(key(host)).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(host),
            None => groups.push(vec![host]),
        }
    }
    let mut kinds: Vec<Kind<'_>> = groups.into_iter().filter_map(kind).collect();
    kinds.sort_by(|a, b| (a.risk, b.hosts.len()).cmp(&(b.risk, a.hosts.len())));
    let mut titles: HashMap<String, usize> = HashMap::new();
    for kind in &kinds {
        *titles.entry(kind.title.clone()).or_default() += 1;
    }
    let mut fixes: HashMap<&str, String> = HashMap::new();
    for (number, kind) in kinds.iter_mut().enumerate() {
        kind.letter = letter(number);
        if titles.get(&kind.title).is_some_and(|count| *count > 1) {
            let required = kind.example.findings.iter().filter(|finding| finding.required).count();
            kind.title = format!("{} ({} of {required} rules)", kind.title, kind.failing.len());
        }
        if let Some(reg) = kind.example.fix.as_ref().and_then(|fix| fix.reg.as_deref()) {
            match fixes.get(reg) {
                Some(before) => kind.same_fix_as = Some(before.clone()),
                None => drop(fixes.insert(reg, kind.letter.clone())),
            }
        }
    }
    kinds
}

/// The kind of each machine that has one, by its place among the machines.
pub(in crate::output) fn letters<'a>(kinds: &'a [Kind<'_>]) -> HashMap<*const Host, &'a Kind<'a>> {
    let each =
        kinds.iter().flat_map(|kind| kind.hosts.iter().map(move |host| (std::ptr::from_ref::<Host>(host), kind)));
    each.collect()
}

fn kind(hosts: Vec<&Host>) -> Option<Kind<'_>> {
    let ordinary = |host: &&&Host| host.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let example = hosts.iter().find(ordinary).or(hosts.first()).copied()?;
    let risk = hosts.iter().map(|host| Risk::of(&host.effective.tls12.state)).min()?;
    let failing: Vec<&Finding> = example.failing().collect();
    let title = title(example, &failing);
    Some(Kind { letter: String::new(), title, risk, hosts, example, failing, same_fix_as: None })
}

/// What is wrong, in plain words.
fn title(host: &Host, failing: &[&Finding]) -> String {
    let values = || failing.iter().filter(|finding| finding.key.is_some());
    let wrong_type = |finding: &&&Finding| match (&finding.found, &finding.expected) {
        (Some(found), Some(expected)) => found.kind != expected.kind,
        _ => false,
    };
    let all = host.findings.iter().filter(|finding| finding.required && finding.key.is_some()).count();
    let (count, set) = (values().count(), values().filter(|finding| finding.found.is_some()).count());
    let odd = values().filter(wrong_type).count();
    let off = host.effective.tls12.state == "off";
    let text = match () {
        () if off && set > 0 => "TLS 1.2 is turned off",
        () if count == 0 => "In effect it is not what the policy asks for",
        () if set == 0 && count == all => "Nothing is set: Windows’ defaults decide",
        () if set == 0 => "Values are missing: Windows’ defaults decide there",
        () if odd == count => "A value has the wrong type, and is ignored",
        () if set == count => "Values are set to something else",
        () => "Half set: values missing, wrong or turned off",
    };
    match failing.first() {
        // One rule says more than a class of rules.
        Some(finding) if failing.len() == 1 && !off && odd == 0 => format!("Not so: {}", finding.title),
        _ => text.to_owned(),
    }
}

/// `A` to `Z`, then `AA`.
fn letter(mut number: usize) -> String {
    let mut letters = String::new();
    loop {
        let digit = u8::try_from(number % 26).unwrap_or_default();
        letters.insert(0, char::from(b'A' + digit));
        if number < 26 {
            return letters;
        }
        number = number / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saved::record::{Outcome, State, Value};

    fn host(name: &str, state: &str, found: Option<&str>) -> Host {
        let value = |kind: &str| Value { kind: kind.to_owned(), raw: "01".to_owned(), ..Value::default() };
        let finding = |rule: &str, outcome| Finding {
            rule: rule.to_owned(),
            title: format!("title of {rule}"),
            required: true,
            outcome,
            key: Some("K".to_owned()),
            expected: Some(value("REG_DWORD")),
            found: found.map(value),
            ..Finding::default()
        };
        let mut host = Host { name: name.to_owned(), verdict: Verdict::NotCompliant, ..Host::default() };
        host.effective.tls12 = State { state: state.to_owned(), why: String::new() };
        host.findings = vec![finding("a", Outcome::Fail), finding("b", Outcome::Fail), finding("c", Outcome::Pass)];
        host
    }

    #[test]
    fn kinds_come_worst_first_and_titles_tell_them_apart() {
        let hosts = vec![
            host("one", "on", Some("REG_SZ")),
            host("two", "partly", None),
            host("three", "on", None),
            host("four", "off", Some("REG_DWORD")),
            Host { verdict: Verdict::Compliant, ..host("five", "on", None) },
        ];
        let estate = Estate { hosts, ..Estate::default() };
        let all = kinds(&estate);
        let told: Vec<(&str, Risk, &str, usize)> =
            all.iter().map(|kind| (&*kind.letter, kind.risk, &*kind.title, kind.hosts.len())).collect();
        assert_eq!(
            told,
            [
                ("A", Risk::Broken, "TLS 1.2 is turned off", 1),
                ("B", Risk::Partly, "Values are missing: Windows’ defaults decide there", 2),
                ("C", Risk::Works, "A value has the wrong type, and is ignored", 1),
            ]
        );
    }

    #[test]
    fn letters_go_on_past_z() {
        assert_eq!([0, 25, 26, 701, 702].map(letter), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}

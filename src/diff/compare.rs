//! What became of each machine from one run to the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::identity::{Doubt, matched};
use super::side::{Below, Policy};
use super::{Finding, Machine, NotRead, Side};
use crate::place::INTO;
use crate::saved::record::{Outcome, Verdict};

/// What became of a machine; the first that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A required rule fails that did not fail before, or its verdict is worse.
    Worse,
    /// Its verdict, or a required rule, can no longer be told.
    NoLongerJudged,
    /// It is not in the new run.
    Gone,
    /// It is not in the old run.
    New,
    /// It failed and is compliant, and not by a waiver.
    Fixed,
    /// It is as compliant as before, or more, but by other waivers.
    WaiverChanged,
    /// It fails as before, or less.
    Left,
    /// It was compliant and is, or it could not be told before and can now.
    Fine,
    /// It could not be told and cannot.
    Unknown,
}

impl Class {
    /// All of them, in the order in which they are told.
    pub const ALL: &[Class] = &[
        Class::Worse,
        Class::NoLongerJudged,
        Class::Gone,
        Class::New,
        Class::Fixed,
        Class::WaiverChanged,
        Class::Left,
        Class::Fine,
        Class::Unknown,
    ];

    /// The word that outputs use.
    pub fn word(self) -> &'static str {
        match self {
            Class::Worse => "worse",
            Class::NoLongerJudged => "no_longer_judged",
            Class::Gone => "gone",
            Class::New => "new",
            Class::Fixed => "fixed",
            Class::WaiverChanged => "waiver_changed",
            Class::Left => "left",
            Class::Fine => "fine",
            Class::Unknown => "unknown",
        }
    }
}

/// A machine of the two runs, or of one.
#[derive(Debug, Clone)]
pub struct Pair<'a> {
    /// What became of it.
    pub class: Class,
    /// As it was.
    pub old: Option<&'a Machine>,
    /// As it is.
    pub new: Option<&'a Machine>,
    /// What is to be said of that they are the same, or of why there is but one.
    pub note: Option<String>,
    /// What became of the rules, where anything did.
    pub rules: Vec<RuleChange<'a>>,
}

impl<'a> Pair<'a> {
    /// The newer of the two.
    pub fn machine(&self) -> Option<&'a Machine> {
        self.new.or(self.old)
    }

    /// Windows or Entra Connect, as they were and as they are, where they are others.
    pub fn system_changes(&self) -> Vec<(&'static str, &'a str, &'a str)> {
        let (Some(old), Some(new)) = (self.old, self.new) else { return Vec::new() };
        let both = [("Windows", &old.windows, &new.windows), ("Entra Connect", &old.product, &new.product)];
        let is_told = |what: &str, text: &str| what != "Windows" || !text.is_empty();
        let both = both.into_iter().filter(|(what, old, new)| is_told(what, old) && is_told(what, new));
        both.filter(|(_, old, new)| old != new).map(|(what, a, b)| (what, a.as_str(), b.as_str())).collect()
    }

    /// The advisory rules that fail and did not; of a machine that is new, all that fail.
    pub fn new_advice(&self) -> Vec<&'a str> {
        let Some(new) = self.new else { return Vec::new() };
        let all = || new.findings.iter().filter(|f| f.outcome == Outcome::Fail && f.waived.is_none() && !f.required);
        match self.old {
            None => all().map(|finding| finding.rule.as_str()).collect(),
            Some(_) => {
                let worse = self.rules.iter().filter(|rule| !rule.is_required() && rule.is_worse());
                worse.filter_map(|rule| rule.new).map(|finding| finding.rule.as_str()).collect()
            }
        }
    }

    /// Whether a value or a state is another, and its verdict the same.
    pub fn has_other_values(&self) -> bool {
        self.rules.iter().any(RuleChange::is_other_value)
    }

    /// Whether a waiver is another.
    pub fn has_other_waivers(&self) -> bool {
        self.rules.iter().any(RuleChange::is_other_waiver)
    }
}

/// A rule that is not as it was.
#[derive(Debug, Clone, Copy)]
pub struct RuleChange<'a> {
    /// As it was; none where the policy did not have it.
    pub old: Option<&'a Finding>,
    /// As it is; none where the policy does not have it.
    pub new: Option<&'a Finding>,
    /// Whether both runs were held against the same policy.
    same_policy: bool,
}

impl RuleChange<'_> {
    /// The rule's id, with its policy in front where that is asked for.
    pub fn name(&self, with_policy: bool) -> String {
        let finding = self.new.or(self.old);
        finding
            .map(|finding| match with_policy {
                true => format!("{}/{}", finding.policy, finding.rule),
                false => finding.rule.clone(),
            })
            .unwrap_or_default()
    }

    /// Whether it fails and did not, waived failures among it.
    pub fn is_worse(&self) -> bool {
        let fails = |finding: &Finding| finding.outcome == Outcome::Fail && finding.waived.is_none();
        self.old.is_some_and(|old| !fails(old)) && self.new.is_some_and(fails)
    }

    /// Whether it was told and is not. A rule that is not there any more, though the policy has it, is not told.
    pub fn is_lost(&self) -> bool {
        let told = |finding: &Finding| finding.outcome != Outcome::Unknown;
        self.old.is_some_and(told) && self.new.map_or(self.same_policy, |new| !told(new))
    }

    /// Whether it failed and does not.
    pub fn is_fixed(&self) -> bool {
        let failed = self.old.is_some_and(|old| old.outcome == Outcome::Fail);
        failed && self.new.is_some_and(|new| new.outcome == Outcome::Pass)
    }

    fn is_other_value(&self) -> bool {
        self.old.zip(self.new).is_some_and(|(old, new)| old.outcome == new.outcome && old.found != new.found)
    }

    fn is_other_waiver(&self) -> bool {
        self.old.zip(self.new).is_some_and(|(old, new)| old.waived != new.waived)
    }

    fn was_waived(&self) -> bool {
        self.old.is_some_and(|old| old.waived.is_some())
    }

    /// Whether it decides the verdict.
    pub fn is_required(&self) -> bool {
        self.new.or(self.old).is_some_and(|finding| finding.required)
    }
}

/// How many machines became what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Machines by their class.
    pub by_class: BTreeMap<Class, u64>,
    /// New machines that are not compliant.
    pub new_failing: u64,
    /// Machines with another waiver of any rule.
    pub other_waivers: u64,
    /// Machines with another Windows or Entra Connect.
    pub other_systems: u64,
    /// Machines with other values of rules whose outcome is the same.
    pub other_values: u64,
    /// Inputs that were not read, and were not named so in the old run.
    pub not_read: u64,
    /// Doubts about which machine is which.
    pub doubts: u64,
}

impl Counts {
    /// Machines of a class.
    pub fn number(&self, class: Class) -> u64 {
        self.by_class.get(&class).copied().unwrap_or_default()
    }
}

/// Two runs held against each other.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The old run.
    pub old: &'a Side,
    /// The new run.
    pub new: &'a Side,
    /// The machines, by class and then in the order of the new run.
    pub pairs: Vec<Pair<'a>>,
    /// Where it is not certain which machine is which.
    pub doubts: Vec<Doubt>,
    /// Inputs that were not read in the new run, and are not among those of the old one.
    pub not_read: Vec<&'a NotRead>,
    /// How many became what.
    pub counts: Counts,
}

impl Comparison<'_> {
    /// Whether the policies are the same, by their texts.
    pub fn same_policy(&self) -> bool {
        self.old.policies == self.new.policies
    }

    /// Whether machines were held against several policies at once.
    pub fn has_several_policies(&self) -> bool {
        self.old.policies.len() > 1 || self.new.policies.len() > 1
    }

    /// What else the runs have not in common and verdicts may rest on.
    pub fn differences(&self) -> Vec<String> {
        let (old, new) = (self.old, self.new);
        let mut said = Vec::new();
        if old.tool != new.tool && !old.tool.is_empty() && !new.tool.is_empty() {
            said.push(format!("tlshive {}, before {}: its tables of Windows may be others", new.tool, old.tool));
        }
        if !old.tables.is_empty() && !new.tables.is_empty() && old.tables != new.tables {
            said.push("the tables of what Windows does of itself are of another day".to_owned());
        }
        if old.options != new.options {
            let shown = |options: &[String]| if options.is_empty() { "none".to_owned() } else { options.join(" ") };
            said.push(format!("options: {}, before: {}", shown(&new.options), shown(&old.options)));
        }
        if old.overlays != new.overlays {
            said.push("other files of --overlay: one is about machines as they would be".to_owned());
        }
        for (which, one, other) in [("old", old, new), ("new", new, old)] {
            let alone = one.policies.difference(&other.policies).map(|policy| policy.id.as_str()).collect::<Vec<_>>();
            if !alone.is_empty() && alone.len() < one.policies.len() {
                said.push(format!("the {which} run alone has the policy {}, which is not compared", alone.join(", ")));
            }
        }
        for (which, side) in [("old", old), ("new", new)] {
            said.extend(side.broken.as_ref().map(|why| format!("the {which} run is not whole: {why}")));
        }
        said
    }

    /// 1 where something got worse or less was judged, 3 where it is not certain which machine is which or what was there before,
    /// 0 otherwise.
    pub fn status(&self) -> u8 {
        let less =
            [Class::Worse, Class::NoLongerJudged, Class::Gone].into_iter().any(|class| self.counts.number(class) > 0);
        match () {
            () if less || self.counts.not_read > 0 || self.new.broken.is_some() => 1,
            () if self.doubts.iter().any(Doubt::is_worse) => 1,
            () if self.counts.doubts > 0 || self.old.broken.is_some() => 3,
            () => 0,
        }
    }
}

/// Holds a run against an earlier one.
pub fn compare<'a>(old: &'a Side, new: &'a Side) -> Comparison<'a> {
    let found = matched(old, new);
    let same_policy = old.policies == new.policies;
    // Of several policies, those of one run alone say nothing of what became of a machine.
    let shared: Vec<&Policy> =
        if same_policy { Vec::new() } else { old.policies.intersection(&new.policies).collect() };
    let mut pairs = Vec::new();
    for (o, n, note) in &found.pairs {
        let (Some(old), Some(new)) = (old.machines.get(*o), new.machines.get(*n)) else { continue };
        let mut rules = rules(old, new, same_policy);
        if !shared.is_empty() {
            rules.retain(|rule| rule.old.or(rule.new).is_some_and(|finding| is_of(&shared, &finding.policy)));
        }
        let class = class(verdict(old, &shared), verdict(new, &shared), &rules);
        pairs.push(Pair { class, old: Some(old), new: Some(new), note: note.clone(), rules });
    }
    let before: HashSet<Below<'_>> = old.not_read.iter().map(|input| old.below(&input.path)).collect();
    let not_read: Vec<&NotRead> =
        new.not_read.iter().filter(|input| !before.contains(&new.below(&input.path))).collect();
    let unread: HashMap<Below<'_>, &NotRead> = not_read.iter().map(|input| (new.below(&input.path), *input)).collect();
    let mut others: BTreeMap<usize, &Machine> =
        found.new.iter().filter_map(|&n| Some((n, new.machines.get(n)?))).collect();
    // Machines that do not say whose they are, by their files.
    let mut nameless: HashMap<Below<'_>, Vec<usize>> = HashMap::new();
    for (&n, machine) in &others {
        if machine.verdict == Verdict::Unknown && machine.identity.guid.is_none() {
            machine.inputs.iter().for_each(|file| nameless.entry(new.below(file)).or_default().push(n));
        }
    }
    for machine in found.gone.iter().filter_map(|&n| old.machines.get(n)) {
        // Its files, and what they lie in.
        let places = || machine.inputs.iter().flat_map(|file| steps(old.below(file)));
        // Its files are there, and do not say any more whose they are.
        let is_free = |n: &usize| others.contains_key(n);
        let now = places().filter_map(|place| nameless.get(&place)).flatten().copied().find(is_free);
        let now = now.and_then(|n| others.remove(&n));
        let input = places().find_map(|place| unread.get(&place));
        let note = input.map(|input| format!("{}: {}", input.path, input.why));
        let class = if now.is_some() || note.is_some() { Class::NoLongerJudged } else { Class::Gone };
        let before = now.map(|_| format!("{} before, by its files", machine.identity.name));
        let note = before.into_iter().chain(note).chain(found.namesake(machine)).collect::<Vec<_>>().join("; ");
        let note = Some(note).filter(|note| !note.is_empty());
        pairs.push(Pair { class, old: Some(machine), new: now, note, rules: Vec::new() });
    }
    for machine in others.into_values() {
        let note = found.namesake(machine);
        pairs.push(Pair { class: Class::New, old: None, new: Some(machine), note, rules: Vec::new() });
    }
    pairs.sort_by_key(|pair| pair.class);
    let mut counts = Counts { not_read: not_read.len() as u64, doubts: found.doubts.len() as u64, ..Counts::default() };
    for pair in &pairs {
        *counts.by_class.entry(pair.class).or_default() += 1;
        let fails = pair.class == Class::New && pair.new.is_some_and(|new| new.verdict == Verdict::NotCompliant);
        counts.new_failing += u64::from(fails);
        counts.other_waivers += u64::from(pair.has_other_waivers());
        counts.other_systems += u64::from(!pair.system_changes().is_empty());
        counts.other_values += u64::from(pair.has_other_values());
    }
    Comparison { old, new, pairs, doubts: found.doubts, not_read, counts }
}

/// A path, and each place above it.
fn steps(Below { root, path }: Below<'_>) -> impl Iterator<Item = Below<'_>> {
    let ends = path
        .char_indices()
        .filter(|(at, c)| matches!(c, '/' | '\\') || path.get(*at..).is_some_and(|rest| rest.starts_with(INTO)));
    ends.filter_map(move |(at, _)| path.get(..at)).chain([path]).map(move |path| Below { root, path })
}

/// The rules that are not as they were.
fn rules<'a>(old: &'a Machine, new: &'a Machine, same_policy: bool) -> Vec<RuleChange<'a>> {
    let find = |findings: &'a [Finding], of: &Finding| {
        let same = |finding: &&Finding| finding.rule == of.rule;
        let found = findings.iter().filter(same).find(|finding| finding.policy == of.policy);
        // Across policies, a rule is the one of the same id.
        let across = || !findings.iter().any(|finding| finding.policy == of.policy);
        found.or_else(|| findings.iter().find(same).filter(|_| across()))
    };
    let is_other =
        |old: &Finding, new: &Finding| old.outcome != new.outcome || old.found != new.found || old.waived != new.waived;
    let mut changed = Vec::new();
    for after in &new.findings {
        match find(&old.findings, after) {
            Some(before) if !is_other(before, after) => {}
            before => changed.push(RuleChange { old: before, new: Some(after), same_policy }),
        }
    }
    let dropped = old.findings.iter().filter(|before| find(&new.findings, before).is_none());
    changed.extend(dropped.map(|before| RuleChange { old: Some(before), new: None, same_policy }));
    changed
}

fn is_of(policies: &[&Policy], id: &str) -> bool {
    policies.iter().any(|policy| policy.id == id)
}

/// The worst verdict under these policies; the machine's own where there are none.
fn verdict(machine: &Machine, policies: &[&Policy]) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Compliant => 0,
        Verdict::Unknown => 1,
        Verdict::NotCompliant => 2,
    };
    let of = machine.by_policy.iter().filter(|(policy, _)| is_of(policies, policy)).map(|(_, verdict)| *verdict);
    of.max_by_key(rank).unwrap_or(machine.verdict)
}

fn class(old: Verdict, new: Verdict, rules: &[RuleChange<'_>]) -> Class {
    let required = || rules.iter().filter(|rule| rule.is_required());
    let was_fine = old == Verdict::Compliant;
    if new == Verdict::NotCompliant && old != Verdict::NotCompliant || required().any(RuleChange::is_worse) {
        return Class::Worse;
    }
    if new == Verdict::Unknown && old != Verdict::Unknown || required().any(RuleChange::is_lost) {
        return Class::NoLongerJudged;
    }
    let newly_waived = |rule: &RuleChange<'_>| rule.new.is_some_and(|new| new.waived.is_some()) && !rule.was_waived();
    match new {
        Verdict::Compliant if !was_fine && !required().any(newly_waived) => {
            if old == Verdict::Unknown {
                Class::Fine
            } else {
                Class::Fixed
            }
        }
        _ if rules.iter().any(RuleChange::is_other_waiver) => Class::WaiverChanged,
        Verdict::Compliant => Class::Fine,
        Verdict::Unknown => Class::Unknown,
        Verdict::NotCompliant => Class::Left,
    }
}

//! What the page shows.

use std::collections::BTreeMap;

use askama::Template;

use super::super::estate::{
    Compared, Estate, Kind, asked, cell, days_until, dotnet, found, letters, product, quoted, sign, suites, windows,
    word,
};
use super::super::overview::{DIFFERS, SIX, SOON, also, headline};
use super::bar::{Part, bar};
use super::{SCRIPT, STYLE, allowed};
use crate::saved::record::{Finding, Host, Outcome, Rule, Run, Verdict, Waiver};

/// Machines up to which each has its evidence in the page.
const WITH_EVIDENCE: usize = 500;

/// Names that stand in a kind before the rest is folded away, and names in all.
const NAMES: usize = 12;
const ALL_NAMES: usize = 500;

/// Names that have room beside each line of a fix.
const BESIDE: usize = 4;

/// Machines that are named beside a reason for which their verdict cannot be told.
const DOUBTFUL: usize = 60;

/// Days within which an end of support is named.
const SUPPORT: i64 = 730;

#[derive(Template)]
#[template(path = "report.html", config = "src/output/html/askama.toml")]
pub(super) struct Page<'a> {
    style: &'static str,
    script: &'static str,
    allowed: String,
    version: &'a str,
    day: &'a str,
    policies: String,
    title: String,
    headline: String,
    verdicts: Vec<Part>,
    effects: Vec<Part>,
    by_policy: Vec<String>,
    also: Vec<String>,
    kinds: Vec<Shown<'a>>,
    differs: &'static str,
    compared: Option<Compared<'a>>,
    estate: &'a Estate,
    doubts: Vec<Doubt<'a>>,
    rows: Vec<Row<'a>>,
    evidence: bool,
    waivers: Vec<Waived<'a>>,
    waiver_file: &'a str,
    support: Vec<Support>,
    products: Vec<Support>,
    rules: Vec<Ruled<'a>>,
    provenance: Vec<(&'static str, String)>,
    digests: Vec<(&'a str, &'a str)>,
}

/// A kind of fault.
struct Shown<'a> {
    kind: &'a Kind<'a>,
    risk: String,
    names: Vec<&'a str>,
    folded: Vec<&'a str>,
    more: usize,
    reg: Option<&'a str>,
    remarks: &'a [String],
    command: String,
    evidence: Vec<Evidence<'a>>,
}

/// What was found for one rule.
struct Evidence<'a> {
    /// The policy, where there are several.
    policy: &'a str,
    sign: &'static str,
    bad: bool,
    finding: &'a Finding,
    asked: String,
    found: String,
    place: String,
}

/// Machines whose verdict cannot be told, for one reason.
struct Doubt<'a> {
    hosts: Vec<&'a Host>,
    why: String,
    next: &'a str,
}

impl<'a> Doubt<'a> {
    fn names(&self) -> &[&'a Host] {
        self.hosts.get(..DOUBTFUL).unwrap_or(&self.hosts)
    }

    fn more(&self) -> usize {
        self.hosts.len() - self.names().len()
    }
}

/// A machine.
struct Row<'a> {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    /// The verdict under each policy, where there are several.
    verdicts: Vec<String>,
    kind: &'a str,
    host: &'a Host,
    windows: String,
    build: String,
    cells: Vec<Cell>,
    dotnet: &'static str,
    suites: String,
    restart: &'a str,
    product: String,
    evidence: Vec<Evidence<'a>>,
}

/// A protocol on a machine, as the page marks it: one word where client and server are alike.
struct Cell {
    client: &'static str,
    server: Option<&'static str>,
}

struct Waived<'a> {
    class: &'static str,
    state: String,
    waiver: &'a Waiver,
    hosts: Vec<&'a str>,
}

struct Support {
    ended: bool,
    when: String,
    what: String,
    machines: usize,
}

struct Ruled<'a> {
    /// The policy, where there are several.
    policy: &'a str,
    rule: &'a Rule,
    asks: String,
    /// Why, without the ends of lines that its file has.
    why: String,
    fails: usize,
    unknown: usize,
}

impl<'a> Page<'a> {
    pub(super) fn new(estate: &'a Estate, kinds: &'a [Kind<'a>]) -> Self {
        let run = estate.first();
        let count = |verdict| estate.count(verdict);
        let (good, bad, open) = (count(Verdict::Compliant), count(Verdict::NotCompliant), count(Verdict::Unknown));
        let unjudged = estate.unjudged.len();
        let evidence = estate.hosts.len() <= WITH_EVIDENCE;
        let headline = headline(estate);
        let started = run.map_or("", |run| run.started.as_str());
        Self {
            style: STYLE,
            script: SCRIPT,
            allowed: allowed(Some(SCRIPT)),
            version: run.map_or(env!("CARGO_PKG_VERSION"), |run| run.tool.version.as_str()),
            day: started.get(..10).unwrap_or_default(),
            policies: estate.policies(),
            title: run.map(titles).unwrap_or_default(),
            headline,
            verdicts: bar(&[
                (good, "meets", "✓", "meet it"),
                (bad, "fails", "✗", "do not"),
                (open, "open", "?", "cannot be told"),
                (unjudged, "unread", "⊘", "inputs not judged"),
            ]),
            effects: bar(&[
                (estate.in_effect("on"), "meets", "", "on"),
                (estate.in_effect("partly"), "partly", "", "partly on"),
                (estate.in_effect("off"), "fails", "", "off"),
                (estate.in_effect("unknown"), "open", "", "cannot be told"),
            ]),
            by_policy: estate.by_policy(),
            also: also(estate),
            kinds: kinds.iter().map(|kind| shown(estate, kind)).collect(),
            differs: DIFFERS,
            compared: estate.compared(),
            estate,
            doubts: estate.doubts().into_iter().map(doubt).collect(),
            rows: rows(estate, kinds, evidence),
            evidence,
            waivers: waivers(estate),
            waiver_file: run.and_then(|run| run.waivers.as_ref()).map_or("", |list| list.file.as_str()),
            support: support(estate, started),
            products: products(estate),
            rules: run.map(|run| rules(estate, run)).unwrap_or_default(),
            provenance: provenance(estate),
            digests: if evidence { digests(estate) } else { Vec::new() },
        }
    }
}

/// What the policies are called.
fn titles(run: &Run) -> String {
    run.policies.iter().map(|policy| policy.title.as_str()).collect::<Vec<_>>().join("; ")
}

fn shown<'a>(estate: &Estate, kind: &'a Kind<'a>) -> Shown<'a> {
    let all: Vec<&str> = kind.hosts.iter().take(ALL_NAMES).map(|host| host.name.as_str()).collect();
    let fix = kind.example.fix.as_ref();
    let reg = fix.and_then(|fix| fix.reg.as_deref()).filter(|_| kind.same_fix_as.is_none());
    let room = reg.map_or(0, |reg| reg.lines().count() * BESIDE).max(NAMES);
    let (names, folded) = all.split_at(all.len().min(room));
    Shown {
        kind,
        risk: kind.risk.word().to_owned(),
        names: names.to_vec(),
        folded: folded.to_vec(),
        more: kind.hosts.len() - all.len(),
        reg,
        remarks: fix.map_or(&[], |fix| fix.remarks.as_slice()),
        command: estate.command(kind),
        evidence: kind.failing.iter().map(|finding| evidence(kind.example, finding)).collect(),
    }
}

fn evidence<'a>(host: &Host, finding: &'a Finding) -> Evidence<'a> {
    let policy = if host.verdicts.len() > 1 { finding.policy.as_str() } else { "" };
    let (sign, bad) = match (finding.outcome, finding.waived.is_some()) {
        (Outcome::Pass, _) => ("✓", false),
        (Outcome::Fail, false) => ("✗", true),
        (Outcome::Fail, true) => ("waived", false),
        (Outcome::Unknown, _) => ("?", false),
        (Outcome::NotApplicable, _) => ("–", false),
    };
    let place = finding.place.as_ref().map(|place| {
        let steps = place.artifact.replace('\\', "/");
        let file = steps.rsplit('/').next().unwrap_or_default().to_owned();
        match (place.offset, place.line) {
            (Some(offset), _) => format!("{file} at 0x{offset:x}"),
            (None, Some(line)) => format!("{file}, line {line}"),
            (None, None) => file,
        }
    });
    let place = place.unwrap_or_default();
    Evidence { policy, sign, bad, finding, asked: asked(finding), found: found(finding), place }
}

fn doubt((why, hosts): (String, Vec<&Host>)) -> Doubt<'_> {
    let fix = hosts.first().and_then(|host| host.doubt()).and_then(|finding| finding.fix.as_deref());
    let next = fix.unwrap_or("look at the evidence of the machine, or at the machine itself");
    Doubt { hosts, why, next }
}

/// The machines: those that fail first, in the order of their kinds, then those that cannot be told.
fn rows<'a>(estate: &'a Estate, kinds: &'a [Kind<'a>], with_evidence: bool) -> Vec<Row<'a>> {
    let letters = letters(kinds);
    let failing = kinds.iter().flat_map(|kind| kind.hosts.iter().copied());
    let of = |verdict| estate.hosts.iter().filter(move |host| host.verdict == verdict);
    let all = failing.chain(of(Verdict::Unknown)).chain(of(Verdict::Compliant));
    let row = |host: &'a Host| Row {
        class: match host.verdict {
            Verdict::Compliant => "meets",
            Verdict::NotCompliant => "fails",
            Verdict::Unknown => "open",
        },
        sign: sign(host.verdict),
        word: word(host.verdict),
        verdicts: host.verdicts(),
        kind: letters.get(&std::ptr::from_ref(host)).map_or("", |kind| kind.letter.as_str()),
        host,
        windows: windows(host),
        build: match (host.windows.build, host.windows.revision) {
            (Some(build), Some(revision)) => format!("{build}.{revision}"),
            (Some(build), None) => build.to_string(),
            _ => String::new(),
        },
        cells: SIX.iter().map(|protocol| cells(host, protocol)).collect(),
        dotnet: dotnet(host),
        suites: suites(host),
        restart: match host.effective.restart.pending.as_str() {
            "yes" => "pending",
            "no" => "no",
            _ => "?",
        },
        product: product(host),
        evidence: match with_evidence {
            true => {
                let told = host.findings.iter().filter(|finding| finding.outcome != Outcome::NotApplicable);
                told.map(|finding| evidence(host, finding)).collect()
            }
            false => Vec::new(),
        },
    };
    all.map(row).collect()
}

fn cells(host: &Host, protocol: &str) -> Cell {
    let (client, server) = cell(host, protocol);
    Cell { client: mark(client), server: (client != server).then_some(mark(server)) }
}

/// A state as HTML.
fn mark(state: &str) -> &'static str {
    match state {
        "on" => "<b>on</b>",
        "ask" => "<b class=s>ask</b>",
        "off" => "<i>off</i>",
        "–" => "<u>–</u>",
        _ => "<i class=q>?</i>",
    }
}

fn waivers(estate: &Estate) -> Vec<Waived<'_>> {
    let Some(list) = estate.first().and_then(|run| run.waivers.as_ref()) else { return Vec::new() };
    let waived = |waiver: &'_ Waiver| -> Vec<&str> {
        let covered = |finding: &Finding| {
            let is_of = waiver.policy.as_ref().is_none_or(|policy| *policy == finding.policy);
            is_of
                && finding.rule == waiver.rule
                && finding.waived.as_ref().is_some_and(|waived| waived.reason == waiver.reason)
        };
        estate.hosts.iter().filter(|host| host.findings.iter().any(covered)).map(|host| host.name.as_str()).collect()
    };
    let state = |waiver: &Waiver, hosts: &[&str]| {
        let days = waiver.expires.as_deref().and_then(|last| days_until(&list.day, last));
        match days {
            _ if waiver.expired => ("fails", "✗ expired: not applied".to_owned()),
            _ if hosts.is_empty() => ("open", "? waives nothing".to_owned()),
            Some(days) if days <= SOON => ("open", format!("! expires in {days} days")),
            _ => ("meets", "✓ applied".to_owned()),
        }
    };
    let each = list.entries.iter().map(|waiver| {
        let hosts = waived(waiver);
        let (class, state) = state(waiver, &hosts);
        Waived { class, state, waiver, hosts }
    });
    each.collect()
}

fn support(estate: &Estate, today: &str) -> Vec<Support> {
    let mut groups: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for host in &estate.hosts {
        if let Some(ends) = host.effective.product.windows_support_ends.as_deref() {
            *groups.entry((ends, windows(host))).or_default() += 1;
        }
    }
    let near = groups.into_iter().filter_map(|((ends, what), machines)| {
        let days = days_until(today, ends).filter(|days| *days <= SUPPORT)?;
        let when = if days < 0 { format!("✗ ended {ends}") } else { format!("! ends {ends}") };
        Some(Support { ended: days < 0, when, what, machines })
    });
    near.collect()
}

fn products(estate: &Estate) -> Vec<Support> {
    let mut groups: BTreeMap<(String, String), usize> = BTreeMap::new();
    for host in estate.hosts.iter().filter(|host| host.effective.product.installed == "yes") {
        *groups.entry((product(host), host.effective.product.facts.join(" "))).or_default() += 1;
    }
    groups.into_iter().map(|((when, what), machines)| Support { ended: false, when, what, machines }).collect()
}

fn rules<'a>(estate: &'a Estate, run: &'a Run) -> Vec<Ruled<'a>> {
    let mut counts: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for finding in estate.hosts.iter().flat_map(|host| &host.findings) {
        let (fails, unknown) = counts.entry((&finding.policy, &finding.rule)).or_default();
        *fails += usize::from(finding.outcome == Outcome::Fail);
        *unknown += usize::from(finding.outcome == Outcome::Unknown);
    }
    let several = run.policies.len() > 1;
    let ruled = |(policy, rule): (&'a str, &'a Rule)| {
        let asks = match (&rule.key, &rule.value, &rule.subject) {
            (Some(key), Some(value), _) => format!("{}\\{value}", key.replace("HKEY_LOCAL_MACHINE", "HKLM")),
            (_, _, Some(subject)) => subject.clone(),
            _ => String::new(),
        };
        let (fails, unknown) = counts.get(&(policy, rule.id.as_str())).copied().unwrap_or_default();
        let why = rule.why.split_whitespace().collect::<Vec<_>>().join(" ");
        Ruled { policy: if several { policy } else { "" }, rule, asks, why, fails, unknown }
    };
    let each = run.policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| (policy.id.as_str(), rule)));
    each.map(ruled).collect()
}

fn provenance(estate: &Estate) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    for (number, run) in estate.runs.iter().enumerate() {
        let arguments: Vec<String> = run.tool.arguments.iter().map(|argument| quoted(argument)).collect();
        facts.push(("Command", format!("tlshive {}", arguments.join(" "))));
        let end = estate.ends.get(number).and_then(Option::as_ref);
        let ended = end.and_then(|end| end.ended.as_deref()).unwrap_or("an end that is not on record");
        facts.push(("Run", format!("{} to {ended}, in {}", run.started, run.folder)));
        facts.push(("Program", format!("tlshive {}", run.tool.version)));
        for policy in &run.policies {
            let held = if policy.date.is_empty() {
                String::new()
            } else {
                format!(", held against its sources on {}", policy.date)
            };
            facts.push(("Policy", format!("{} {}{held}; SHA-256 {}", policy.id, policy.version, policy.sha256)));
            facts.push(("Rests on", policy.source.clone()));
        }
        facts.extend(run.tables.iter().map(|table| {
            let own = if table.replaced { ", in place of the one that is built in" } else { "" };
            ("Table", format!("{}: as of {}{own}; SHA-256 {}", table.name, table.as_of, table.sha256))
        }));
        facts.extend(
            run.overlays
                .iter()
                .map(|overlay| ("Laid over each machine", format!("{}; SHA-256 {}", overlay.file, overlay.sha256))),
        );
        if !run.options.is_empty() {
            facts.push(("Options that decide", run.options.join(" ")));
        }
    }
    let counts = &estate.counts;
    let not = estate.unjudged.len();
    facts.push((
        "Files",
        format!(
            "{} looked at; {} inputs not judged; {} copies from earlier days left out",
            counts.files, not, counts.left_out
        ),
    ));
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for check in estate.hosts.iter().flat_map(|host| &host.findings).filter_map(|finding| finding.cross_check.as_ref())
    {
        *said.entry(&check.result).or_default() += 1;
    }
    let second = match said.is_empty() {
        true => "not asked (--cross-check asks it)".to_owned(),
        false => {
            let said = |result| said.get(result).copied().unwrap_or_default();
            format!(
                "nt-hive: {} values agree, {} disagree, {} it could not read",
                said("agree"),
                said("disagree"),
                said("could_not_read")
            )
        }
    };
    facts.push(("Second reader", second));
    let not_seen = "versions of TLS that a program chooses in its code or its .config file; .NET Core and .NET 5 or later; \
                    Group Policy that has not been applied yet; what a network device in front of the machine does";
    facts.push(("Not seen", not_seen.to_owned()));
    facts.extend(estate.troubles.iter().map(|trouble| ("Trouble", trouble.clone())));
    facts
}

fn digests(estate: &Estate) -> Vec<(&str, &str)> {
    let inputs = estate.hosts.iter().flat_map(|host| &host.inputs);
    inputs.filter_map(|input| Some((input.name.as_str(), input.sha256.as_deref()?))).collect()
}

//! All machines of a run, or of saved runs put together, as reports about them need it.

mod kinds;
mod others;
mod words;

use std::collections::HashMap;

use super::past::Past;
use crate::run::Counts;
use crate::saved::record::{End, Finding, Host, Input, Outcome, Run, Verdict};
pub(super) use kinds::{Kind, kinds, letters};
pub(super) use others::{Compared, Others};
pub(super) use words::{
    asked, both, cell, data, days_until, dotnet, found, joined, names, product, quoted, reason, sign, suites, windows,
    word,
};

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Estate {
    pub(super) runs: Vec<Run>,
    pub(super) hosts: Vec<Host>,
    /// Inputs that a report has to name.
    pub(super) unjudged: Vec<Input>,
    /// Copies from earlier days.
    pub(super) past: Past,
    /// Volume shadow copies that were not read, and the volumes that have them.
    pub(super) shadows: (usize, usize),
    /// The end of each run; none of one that was cut short.
    pub(super) ends: Vec<Option<End>>,
    pub(super) counts: Counts,
    /// The exit status of the program.
    pub(super) status: u8,
    /// What is wrong with saved runs.
    pub(super) troubles: Vec<String>,
    /// Machines held against the others of their kind, where that is wanted.
    pub(super) others: Option<Others>,
}

impl Estate {
    pub(super) fn run(&mut self, run: Run) {
        self.runs.push(run);
        self.ends.push(None);
    }

    pub(super) fn host(&mut self, host: Host) {
        self.hosts.push(host);
    }

    pub(super) fn input(&mut self, input: Input) {
        let volumes = input.images.iter().flat_map(|image| &image.volumes);
        let unread = volumes.map(|volume| volume.shadow_copies.iter().filter(|copy| !copy.read).count());
        for copies in unread.filter(|copies| *copies > 0) {
            self.shadows.0 += copies;
            self.shadows.1 += 1;
        }
        if input.outcome == "past" {
            self.past.add(input.path, input.files);
        } else if input.is_unjudged() {
            self.unjudged.push(input);
        }
    }

    pub(super) fn end(&mut self, end: End) {
        if let Some(last) = self.ends.last_mut() {
            *last = Some(end);
        }
    }

    /// What differs from the others of its kind, where that is wanted.
    pub(super) fn compared(&self) -> Option<Compared<'_>> {
        self.others.as_ref().map(Others::compared)
    }

    /// The first run: what is the same for all, if it is one.
    pub(super) fn first(&self) -> Option<&Run> {
        self.runs.first()
    }

    /// The policies, each once: id and version.
    pub(super) fn policies(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        for policy in self.runs.iter().flat_map(|run| &run.policies) {
            let name = format!("{} {}", policy.id, policy.version);
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all.join(", ")
    }

    /// Files whose import is judged before it is done, each once.
    pub(super) fn overlays(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for overlay in self.runs.iter().flat_map(|run| &run.overlays) {
            if !all.contains(&overlay.file.as_str()) {
                all.push(&overlay.file);
            }
        }
        all
    }

    /// That this is no report of the machines as they are, where that is so.
    pub(super) fn what_if(&self) -> Option<String> {
        let files = self.overlays();
        (!files.is_empty())
            .then(|| format!("What if {} is imported: the machines are not like this yet.", files.join(", ")))
    }

    /// How many machines each policy has of each verdict, a line each; nothing where there is but one policy.
    pub(super) fn by_policy(&self) -> Vec<String> {
        let mut counts: Vec<(&str, [usize; 3])> = Vec::new();
        for judged in self.hosts.iter().flat_map(|host| &host.verdicts) {
            if !counts.iter().any(|(policy, _)| *policy == judged.policy) {
                counts.push((&judged.policy, [0; 3]));
            }
            let count = counts.iter_mut().find(|(policy, _)| *policy == judged.policy);
            let column = match judged.verdict {
                Verdict::Compliant => 0,
                Verdict::NotCompliant => 1,
                Verdict::Unknown => 2,
            };
            count.and_then(|(_, count)| count.get_mut(column)).into_iter().for_each(|count| *count += 1);
        }
        let line = |(policy, [good, bad, open]): &(&str, [usize; 3])| {
            let open = if *open > 0 { format!(", {open} cannot be told") } else { String::new() };
            format!("{policy}: {good} meet it, {bad} do not{open}")
        };
        if counts.len() < 2 { Vec::new() } else { counts.iter().map(line).collect() }
    }

    /// The command that writes the fix for a kind, from the machine that stands for it.
    pub(super) fn command(&self, kind: &Kind<'_>) -> String {
        let host = kind.example;
        let mut command = format!("tlshive generate fix --for {}", quoted(&host.unit));
        // An input with several machines does not say which is meant.
        if self.hosts.iter().filter(|other| other.unit == host.unit).nth(1).is_some() {
            command.push_str(&format!(" --host {}", quoted(&host.name)));
        }
        let arguments = self.first().map(|run| run.tool.arguments.as_slice()).unwrap_or_default();
        for (option, value) in shared(arguments) {
            command.push_str(&match value {
                Some(value) => format!(" {option} {}", quoted(value)),
                None => format!(" {option}"),
            });
        }
        format!("{command} -o fix-{}.reg", kind.letter)
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.hosts.iter().filter(|host| host.verdict == verdict).count()
    }

    /// Machines whose verdict cannot be told, by the reason.
    pub(super) fn doubts(&self) -> Vec<(String, Vec<&Host>)> {
        let mut reasons: Vec<(String, Vec<&Host>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for host in self.hosts.iter().filter(|host| host.verdict == Verdict::Unknown) {
            let why = reason(host);
            let place = *places.entry(why.clone()).or_insert(reasons.len());
            match reasons.get_mut(place) {
                Some((_, hosts)) => hosts.push(host),
                None => reasons.push((why, vec![host])),
            }
        }
        reasons
    }

    /// How many machines TLS 1.2 is in this state on.
    pub(super) fn in_effect(&self, state: &str) -> usize {
        self.hosts.iter().filter(|host| host.effective.tls12.state == state).count()
    }
}

/// Options of an audit that a plan for one of its machines needs as well, with a value and without.
const VALUED: [&str; 9] = [
    "--policy",
    "--tables",
    "--log",
    "--registry-pol",
    "--reg-is",
    "--codepage",
    "--allow-dir",
    "--volume",
    "--offset",
];
const BARE: [&str; 4] = ["--join", "--no-logs", "--include-backups", "--require-clean"];

/// Those of them that are among these arguments, in the order in which they stand there.
fn shared(arguments: &[String]) -> Vec<(&str, Option<&str>)> {
    let mut found = Vec::new();
    let mut words = arguments.iter().map(String::as_str).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let (option, joined) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        if BARE.contains(&option) {
            found.push((option, None));
        } else if VALUED.contains(&option) {
            found.extend(joined.or_else(|| words.next()).map(|value| (option, Some(value))));
        }
    }
    found
}

impl Host {
    /// Required rules that fail, and that nobody accepts the failure of.
    pub(super) fn failing(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.required && finding.fails())
    }

    /// A rule's id, with its policy in front where the machine was held against several.
    pub(super) fn rule_name(&self, finding: &Finding) -> String {
        match self.verdicts.len() {
            0 | 1 => finding.rule.clone(),
            _ => format!("{}/{}", finding.policy, finding.rule),
        }
    }

    /// The verdict under each policy, where there are several.
    pub(super) fn verdicts(&self) -> Vec<String> {
        let each = self.verdicts.iter().map(|judged| format!("{}: {}", judged.policy, word(judged.verdict)));
        if self.verdicts.len() < 2 { Vec::new() } else { each.collect() }
    }

    /// Why the verdict cannot be told.
    pub(super) fn doubt(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.required && finding.outcome == Outcome::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plan_needs_is_taken_over_from_the_audit() {
        let arguments = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let found = |text: &str| {
            let arguments = arguments(text);
            shared(&arguments)
                .iter()
                .map(|(option, value)| format!("{option} {}", value.unwrap_or(".")))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("audit a.tar --policy=nist --no-logs --format csv --log x"),
            ["--policy nist", "--no-logs .", "--log x"]
        );
        assert_eq!(found("audit -- --policy"), [""; 0]);
        assert_eq!(found("audit --policy"), [""; 0]);
    }
}

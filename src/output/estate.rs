//! All machines of a run, or of saved runs put together, as reports about them need it.

mod kinds;
mod words;

use super::model::{End, Finding, Host, Input, Outcome, Run, Verdict};
use crate::run::Counts;
pub(super) use kinds::{Kind, kinds, letters};
pub(super) use words::{
    asked, both, cell, data, days_until, dotnet, found, names, product, quoted, reason, sign, suites, windows, word,
};

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Estate {
    pub(super) runs: Vec<Run>,
    pub(super) hosts: Vec<Host>,
    /// Inputs that a report has to name.
    pub(super) unjudged: Vec<Input>,
    /// Copies of earlier days, and where the first of them are.
    pub(super) past: u64,
    pub(super) past_places: Vec<String>,
    pub(super) ends: Vec<End>,
    pub(super) counts: Counts,
    /// The exit status of the program.
    pub(super) status: u8,
    /// What is wrong with saved runs.
    pub(super) troubles: Vec<String>,
}

/// Places of copies of earlier days that are named.
const PLACES: usize = 5;

impl Estate {
    pub(super) fn run(&mut self, run: Run) {
        self.runs.push(run);
    }

    pub(super) fn host(&mut self, host: Host) {
        self.hosts.push(host);
    }

    pub(super) fn input(&mut self, input: Input) {
        if input.outcome == "past" {
            self.past += input.files;
            if self.past_places.len() < PLACES {
                self.past_places.push(input.path);
            }
        } else if input.is_unjudged() {
            self.unjudged.push(input);
        }
    }

    pub(super) fn end(&mut self, end: End) {
        self.ends.push(end);
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

    /// The command that writes the fix for a kind, from the machine that stands for it.
    pub(super) fn command(&self, kind: &Kind<'_>) -> String {
        let arguments = self.first().map(|run| run.tool.arguments.as_slice()).unwrap_or_default();
        let mut words = arguments.iter();
        let policy = loop {
            match words.next().map(String::as_str) {
                Some("--policy") => break words.next().map(String::as_str),
                Some("--") | None => break None,
                Some(word) => {
                    if let Some(policy) = word.strip_prefix("--policy=") {
                        break Some(policy);
                    }
                }
            }
        };
        let policy = policy.map(|policy| format!(" --policy {}", quoted(policy))).unwrap_or_default();
        format!("tlshive generate fix --for {}{policy} -o fix-{}.reg", quoted(&kind.example.unit), kind.letter)
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.hosts.iter().filter(|host| host.verdict == verdict).count()
    }

    /// How many machines TLS 1.2 is in this state on.
    pub(super) fn in_effect(&self, state: &str) -> usize {
        self.hosts.iter().filter(|host| host.effective.tls12.state == state).count()
    }
}

impl Host {
    /// Required rules that fail, and that nobody accepts the failure of.
    pub(super) fn failing(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.required && finding.fails())
    }

    /// Why the verdict cannot be told.
    pub(super) fn doubt(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.required && finding.outcome == Outcome::Unknown)
    }
}

impl Finding {
    /// Whether it fails, and nobody accepts that.
    pub(super) fn fails(&self) -> bool {
        self.outcome == Outcome::Fail && self.waived.is_none()
    }
}

//! Machines held against the others of their kind: what most of them have, and which have something else.

use std::collections::HashMap;

use super::{found, joined, windows};
use crate::saved::record::{Host, Outcome};

/// Machines of a kind below which there is no "most".
const LEAST: usize = 3;

/// Machines that are named of those that have the same.
const NAMES: usize = 10;

/// Machines by their kind: the product of Windows, and whether Entra Connect is installed, as far as both are known.
#[derive(Debug, Default)]
pub(in crate::output) struct Others {
    groups: Vec<Group>,
    numbers: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Group {
    name: String,
    machines: Vec<String>,
    settings: Vec<Setting>,
    numbers: HashMap<String, usize>,
}

/// A rule or a protocol, with what the machines have there.
#[derive(Debug, Default)]
struct Setting {
    name: String,
    /// Each thing that machines have, with the numbers of those machines.
    had: Vec<(String, Vec<usize>)>,
}

impl Others {
    /// Takes the next machine.
    pub(in crate::output) fn take(&mut self, host: &Host) {
        let product = match host.effective.product.installed.as_str() {
            "yes" => ", with Entra Connect",
            _ => "",
        };
        let name = match host.windows.product {
            Some(_) => format!("{}{product}", windows(host)),
            None => String::new(),
        };
        let number = *self.numbers.entry(name.clone()).or_insert(self.groups.len());
        if number == self.groups.len() {
            self.groups.push(Group { name, ..Group::default() });
        }
        self.groups.get_mut(number).into_iter().for_each(|group| group.take(host));
    }

    /// What differs, kind by kind.
    pub(in crate::output) fn compared(&self) -> Compared<'_> {
        let is_enough = |group: &&Group| !group.name.is_empty() && group.machines.len() >= LEAST;
        let kinds = self.groups.iter().filter(is_enough).map(|group| OfKind {
            name: &group.name,
            machines: group.machines.len(),
            differences: group.settings.iter().filter_map(|setting| group.differs(setting)).collect(),
        });
        let few = self.groups.iter().filter(|group| !is_enough(group)).map(|group| {
            let name = if group.name.is_empty() { "Windows not known" } else { &group.name };
            format!("{name} ({})", group.machines.len())
        });
        let few = few.collect::<Vec<_>>().join(", ");
        let few =
            (!few.is_empty()).then(|| format!("Not compared, fewer than {LEAST} of a kind or of no known kind: {few}"));
        Compared { kinds: kinds.collect(), few }
    }
}

/// What differs among machines.
pub(in crate::output) struct Compared<'a> {
    pub(in crate::output) kinds: Vec<OfKind<'a>>,
    /// The kinds that have too few machines.
    pub(in crate::output) few: Option<String>,
}

/// Machines of one kind.
pub(in crate::output) struct OfKind<'a> {
    name: &'a str,
    machines: usize,
    pub(in crate::output) differences: Vec<Difference<'a>>,
}

impl OfKind<'_> {
    pub(in crate::output) fn title(&self) -> String {
        let alike = if self.differences.is_empty() { ": all alike" } else { "" };
        format!("{} ({} machines){alike}", self.name, self.machines)
    }
}

/// A rule or a protocol that is not the same on all of them.
pub(in crate::output) struct Difference<'a> {
    pub(in crate::output) name: &'a str,
    /// How many have what most have, where there is such a thing.
    pub(in crate::output) most: String,
    /// What the others have, and which they are.
    pub(in crate::output) others: Vec<(&'a str, String)>,
}

impl Group {
    fn take(&mut self, host: &Host) {
        let machine = self.machines.len();
        self.machines.push(host.name.clone());
        for finding in &host.findings {
            // What cannot be told, or does not apply, is neither the same nor another.
            if matches!(finding.outcome, Outcome::Pass | Outcome::Fail) {
                let had = match (&finding.found, &finding.state) {
                    (None, None) => "not set".to_owned(),
                    (Some(value), _) if value.kind != "REG_DWORD" => format!("{} ({})", found(finding), value.kind),
                    _ => found(finding),
                };
                self.had(&host.rule_name(finding), had, machine);
            }
        }
        for protocol in &host.effective.protocols {
            for (side, state) in [("client", &protocol.client.state), ("server", &protocol.server.state)] {
                if state != "unknown" {
                    self.had(&format!("{} {side} in effect", protocol.protocol), state.clone(), machine);
                }
            }
        }
    }

    fn had(&mut self, name: &str, had: String, machine: usize) {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => {
                self.numbers.insert(name.to_owned(), self.settings.len());
                self.settings.push(Setting { name: name.to_owned(), had: Vec::new() });
                self.settings.len() - 1
            }
        };
        let Some(setting) = self.settings.get_mut(number) else { return };
        match setting.had.iter_mut().find(|(other, _)| *other == had) {
            Some((_, machines)) => machines.push(machine),
            None => setting.had.push((had, vec![machine])),
        }
    }

    /// What most have and who has something else; nothing where all have the same.
    fn differs<'a>(&'a self, setting: &'a Setting) -> Option<Difference<'a>> {
        let all: usize = setting.had.iter().map(|(_, machines)| machines.len()).sum();
        if setting.had.len() < 2 || all < LEAST {
            return None;
        }
        let most = setting.had.iter().find(|(_, machines)| machines.len() * 2 > all);
        let said = match most {
            Some((had, machines)) => format!("{} of {all} have: {had}", machines.len()),
            None => format!("nothing that more than half of {all} have"),
        };
        let others = setting.had.iter().filter(|(had, _)| most.is_none_or(|(most, _)| most != had));
        let others = others.map(|(had, machines)| {
            let names = machines.iter().filter_map(|n| self.machines.get(*n)).map(String::as_str);
            (had.as_str(), joined(names, NAMES))
        });
        Some(Difference { name: &setting.name, most: said, others: others.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saved::record::{Finding, Protocol, State, Value, Windows};

    fn host(name: &str, product: Option<&str>, data: Option<u32>, tls10: &str) -> Host {
        let value = |data: u32| Value { kind: "REG_DWORD".to_owned(), data: data.into(), raw: String::new() };
        let state = |state: &str| State { state: state.to_owned(), why: String::new() };
        let finding = |rule: &str, outcome| Finding { rule: rule.to_owned(), outcome, ..Finding::default() };
        let mut host = Host { name: name.to_owned(), ..Host::default() };
        host.windows = Windows { product: product.map(str::to_owned), ..Windows::default() };
        host.findings = vec![
            Finding { found: data.map(value), ..finding("strong", Outcome::Fail) },
            Finding { found: data.map(value), ..finding("open", Outcome::Unknown) },
        ];
        host.effective.protocols =
            vec![Protocol { protocol: "TLS 1.0".to_owned(), client: state(tls10), server: state("off") }];
        host
    }

    fn told(hosts: &[Host]) -> Vec<String> {
        let mut others = Others::default();
        hosts.iter().for_each(|host| others.take(host));
        let compared = others.compared();
        let mut lines = Vec::new();
        for kind in &compared.kinds {
            lines.push(kind.title());
            for difference in &kind.differences {
                lines.push(format!("{}: {}", difference.name, difference.most));
                lines.extend(difference.others.iter().map(|(had, who)| format!("  {had}: {who}")));
            }
        }
        lines.extend(compared.few);
        lines
    }

    #[test]
    fn the_odd_ones_out_are_named_and_doubt_is_not_odd() {
        let server = Some("Windows Server 2019 Standard");
        let told = told(&[
            host("A", server, Some(1), "off"),
            host("B", server, Some(1), "off"),
            host("C", server, None, "off"),
            host("D", server, Some(1), "unknown"),
            host("E", server, Some(0), "on"),
            host("F", Some("Windows 11 Pro"), Some(0), "on"),
            host("G", None, Some(0), "on"),
        ]);
        assert_eq!(
            told,
            [
                "Server 2019 Standard (5 machines)",
                "strong: 3 of 5 have: 1",
                "  not set: C",
                "  0: E",
                "TLS 1.0 client in effect: 3 of 4 have: off",
                "  on: E",
                "Not compared, fewer than 3 of a kind or of no known kind: Windows 11 Pro (1), Windows not known (1)",
            ]
        );
    }

    #[test]
    fn where_no_value_is_that_of_most_all_are_named() {
        let hosts = [Some(0), Some(0), Some(1), Some(1)].map(|data| host("M", Some("Windows 10"), data, "on"));
        assert_eq!(
            told(&hosts),
            ["Windows 10 (4 machines)", "strong: nothing that more than half of 4 have", "  0: M (2)", "  1: M (2)"]
        );
        let same = [Some(0), Some(0), Some(0)].map(|data| host("M", Some("Windows 10"), data, "on"));
        assert_eq!(told(&same), ["Windows 10 (3 machines): all alike"]);
    }
}

//! Agents of Microsoft Entra beside Entra Connect: `data/entra_agents.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Entry, There, parse, there};
use crate::audit::effective::{Lint, tables};
use crate::diagnostic::Code;
use crate::place::Place;
use crate::registry::Registry;

/// An agent that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// What it is.
    pub name: String,
    /// The service that runs it.
    pub service: String,
    /// Its version; none where no uninstall entry of a known name gives it, or several do.
    pub version: Option<String>,
    /// The oldest version that Microsoft asks for.
    pub min: Option<String>,
    /// Whether it is older than that; none where it cannot be told.
    pub outdated: Option<bool>,
    /// Where its service stands.
    pub place: Place,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    #[serde(rename = "source")]
    _source: String,
    agent: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    name: String,
    services: Vec<String>,
    entries: Vec<String>,
    min: Option<String>,
}

static AGENTS: LazyLock<File> = LazyLock::new(|| tables::read(tables::ENTRA_AGENTS).unwrap_or_default());

/// What is wrong with a table of this kind, if anything is.
pub(in crate::audit::effective) fn check(text: &str) -> Result<(), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut mins = file.agent.iter().filter_map(|row| row.min.as_deref());
    mins.find(|min| parse(min).is_none()).map_or(Ok(()), |min| Err(format!("min: \"{min}\" is no version")))
}

fn key(service: &str) -> String {
    format!(r"SYSTEM\CurrentControlSet\Services\{service}")
}

/// The keys of their services, below `HKEY_LOCAL_MACHINE`.
pub(in crate::audit) fn services() -> Vec<String> {
    AGENTS.agent.iter().flat_map(|row| &row.services).map(|service| key(service)).collect()
}

/// The agents whose service is there, by the first of its services, and why there may be more.
pub(super) fn running(registry: &Registry) -> (Vec<(&'static Row, &'static str, Place)>, Option<String>) {
    let mut doubt = None;
    let mut found = Vec::new();
    for row in &AGENTS.agent {
        found.extend(row.services.iter().find_map(|service| match there(registry, &key(service)) {
            There::Yes(place) => Some((row, service.as_str(), place)),
            There::No => None,
            There::Unknown(why) | There::NotCovered(why) => {
                doubt.get_or_insert_with(|| format!("service {service}: {why}"));
                None
            }
        }));
    }
    (found, doubt)
}

/// Whether this is the name of an uninstall entry of an agent.
pub(super) fn is_entry(name: &str) -> bool {
    AGENTS.agent.iter().any(|row| row.is(name))
}

impl Row {
    fn is(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.eq_ignore_ascii_case(name))
    }
}

/// What is known of them; `damaged` is whether there are uninstall entries that cannot be read.
pub(super) fn read(
    running: Vec<(&'static Row, &'static str, Place)>,
    others: &[Entry],
    damaged: bool,
    lints: &mut Vec<Lint>,
) -> Vec<Agent> {
    let agent = |(row, service, place): (&Row, &str, Place)| {
        let mut versions: Vec<Option<&str>> =
            others.iter().filter(|entry| row.is(&entry.name)).map(|entry| entry.version.as_deref()).collect();
        versions.sort_unstable();
        versions.dedup();
        let version = match versions.as_slice() {
            [Some(one)] if !damaged => Some((*one).to_owned()),
            _ => None,
        };
        let number = version.as_deref().and_then(parse);
        let outdated = row.min.as_deref().and_then(parse).and_then(|min| Some(number? < min));
        if let (Some(true), Some(version), Some(min)) = (outdated, &version, &row.min) {
            let why = format!(
                "the {} is version {version}; Microsoft asks for {min} or later, which uses TLS 1.2 (as of {})",
                row.name, AGENTS.as_of
            );
            lints.push(Lint::new(Code::EntraAgentOutdated, why, Some(place.clone())));
        }
        Agent { name: row.name.clone(), service: service.to_owned(), version, min: row.min.clone(), outdated, place }
    };
    running.into_iter().map(agent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_loads() {
        assert_eq!(AGENTS.agent.len(), 4);
        assert!(is_entry("microsoft azure ad connect AUTHENTICATION agent") && !is_entry("Microsoft Azure AD Connect"));
    }
}

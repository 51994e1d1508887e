//! What each Windows release does when nothing is set: `data/os_defaults.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::{PROTOCOLS, tables};
use crate::host::Windows;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "as_of")]
    _as_of: String,
    #[serde(rename = "source")]
    _source: String,
    release: Vec<Release>,
}

/// One release, or several that do the same.
#[derive(Debug, Deserialize)]
pub(super) struct Release {
    builds: Vec<u32>,
    pub(super) names: String,
    /// What TLS 1.1 and 1.2 need before the release has them.
    pub(super) update: Option<String>,
    /// What WinHTTP offers, each that it may be.
    #[serde(default)]
    winhttp: Vec<u32>,
    /// The update revision from which on TLS 1.0 and 1.1 are no longer among it.
    winhttp_later: Option<u32>,
    /// What WinHTTP needs before it reads its value.
    pub(super) winhttp_update: Option<String>,
    /// By protocol.
    #[serde(flatten)]
    protocols: BTreeMap<String, Defaults>,
}

/// What a protocol is when nothing is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    /// Enabled, and not disabled by default.
    On,
    /// Enabled, but disabled by default.
    SoftOff,
    /// Not offered; which of the two values does it is not documented.
    Off,
    /// The release does not have it.
    None,
    /// It cannot be told.
    Unknown,
}

/// A default for each side.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Defaults {
    client: Default,
    server: Default,
}

impl TryFrom<String> for Defaults {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (client, server) = text.split_once('/').unwrap_or((&text, &text));
        Ok(Self { client: Default::named(client)?, server: Default::named(server)? })
    }
}

impl Default {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "on" => Ok(Default::On),
            "soft-off" => Ok(Default::SoftOff),
            "off" => Ok(Default::Off),
            "none" => Ok(Default::None),
            "unknown" => Ok(Default::Unknown),
            _ => Err(format!("\"{name}\" is no state")),
        }
    }
}

// A table that does not load knows no release; a test rules that out.
static TABLE: LazyLock<File> = LazyLock::new(|| tables::read(tables::OS_DEFAULTS).unwrap_or_default());

/// What is wrong with a table of this kind, if anything is.
pub(super) fn check(text: &str) -> Result<(), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut builds: Vec<u32> = Vec::new();
    for release in &file.release {
        let names = &release.names;
        if let Some(protocol) = PROTOCOLS.iter().find(|protocol| !release.protocols.contains_key(**protocol)) {
            return Err(format!("{names}: nothing is said of {protocol}"));
        }
        if let Some(strange) = release.protocols.keys().find(|name| !PROTOCOLS.contains(&name.as_str())) {
            return Err(format!("{names}: \"{strange}\" is no protocol and nothing else that a release has"));
        }
        if let Some(build) = release.builds.iter().find(|build| builds.contains(build)) {
            return Err(format!("{names}: build {build} stands in two rows"));
        }
        builds.extend(&release.builds);
    }
    Ok(())
}

/// The release that this is, if its build is known.
pub(super) fn release(windows: &Windows) -> Option<&'static Release> {
    let build = windows.build?;
    TABLE.release.iter().find(|release| release.builds.contains(&build))
}

/// The updates that states of some release rest on, each once.
pub(super) fn updates() -> BTreeSet<&'static str> {
    let of = |release: &'static Release| [release.update.as_deref(), release.winhttp_update.as_deref()];
    TABLE.release.iter().flat_map(of).flatten().collect()
}

/// TLS 1.0 and 1.1 as WinHTTP numbers them, and SSL 3.0, which goes with them.
const WINHTTP_OLD: u32 = 0x20 | 0x80 | 0x200;

impl Release {
    /// The protocols of WinHTTP callers that name none, each that it may be.
    pub(super) fn winhttp(&self, windows: &Windows) -> Vec<u32> {
        let later = || self.winhttp.iter().map(|bits| bits & !WINHTTP_OLD);
        match (self.winhttp_later, windows.revision) {
            (None, _) => self.winhttp.clone(),
            (Some(from), Some(revision)) if revision >= from => later().collect(),
            (Some(_), Some(_)) => self.winhttp.clone(),
            (Some(_), None) => self.winhttp.iter().copied().chain(later()).collect(),
        }
    }

    /// What a protocol is on the client and on the server.
    pub(super) fn default_of(&self, protocol: &str) -> (Default, Default) {
        let found = self.protocols.get(protocol);
        found.map_or((Default::Unknown, Default::Unknown), |defaults| (defaults.client, defaults.server))
    }
}

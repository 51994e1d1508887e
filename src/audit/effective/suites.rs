//! The small tables: cipher suites by release, and .NET release numbers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::tables;
use crate::windows::subject::DOTNET_VERSIONS;

/// The cipher suites that some releases know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suites<'a> {
    #[serde(rename = "as_of")]
    _as_of: String,
    #[serde(rename = "source")]
    _source: String,
    /// Suites of SSL 2.0 and of TLS 1.3, which no other protocol has; all others are of TLS 1.2 too.
    #[serde(borrow)]
    ssl2: Vec<&'a str>,
    tls13: Vec<&'a str>,
    /// Those that Entra ID accepts.
    entra: Vec<&'a str>,
    /// Those that Azure DevOps accepts.
    azure_devops: Vec<&'a str>,
    /// Those of Mozilla's intermediate configuration.
    mozilla_intermediate: Vec<&'a str>,
    releases: Vec<ReleaseSuites<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseSuites<'a> {
    builds: Vec<u32>,
    /// On by default, in order of preference.
    #[serde(borrow)]
    pub(super) default: Vec<&'a str>,
    supported: Vec<&'a str>,
    weak: Vec<&'a str>,
    /// The update that this list and its order come with, by build.
    #[serde(default)]
    updates: BTreeMap<String, &'a str>,
}

/// The first build whose suite names may have a curve at their end that does not count.
const FIRST_WITHOUT_CURVES: u32 = 10240;

static SUITES: LazyLock<Option<Suites<'static>>> = LazyLock::new(|| tables::read(tables::CIPHER_SUITES));

pub(super) fn suites() -> Option<&'static Suites<'static>> {
    SUITES.as_ref()
}

/// A suite's name without the curve that releases before Windows 10 put at its end.
pub(super) fn without_curve(name: &str) -> &str {
    ["_P256", "_P384", "_P521"].iter().find_map(|curve| name.strip_suffix(curve)).unwrap_or(name)
}

/// Whether a suite has a curve in its name that is neither NIST P-256 nor P-384. It counts before Windows 10 alone.
fn has_other_curve(build: Option<u32>, name: &str) -> bool {
    build.is_some_and(|build| build < FIRST_WITHOUT_CURVES) && name.ends_with("_P521")
}

impl Suites<'_> {
    /// The suites of a build.
    pub(super) fn of(&self, build: Option<u32>) -> Option<&ReleaseSuites<'_>> {
        let build = build?;
        self.releases.iter().find(|release| release.builds.contains(&build))
    }

    /// Whether a release knows a suite of this name; for a build that is not in the table, whether any release does.
    pub(super) fn knows(&self, build: Option<u32>, name: &str) -> bool {
        let name = match build {
            Some(build) if build >= FIRST_WITHOUT_CURVES => without_curve(name),
            _ => name,
        };
        match self.of(build) {
            Some(release) => release.knows(name),
            None => self.releases.iter().any(|release| release.knows(name)),
        }
    }

    /// Whether a known suite is one of TLS 1.2.
    pub(super) fn is_tls12(&self, name: &str) -> bool {
        !self.ssl2.contains(&name) && !self.tls13.contains(&name)
    }

    /// Whether a suite is one of TLS 1.3.
    pub(super) fn is_tls13(&self, name: &str) -> bool {
        self.tls13.contains(&name)
    }

    /// Whether Entra ID accepts a suite.
    pub(super) fn is_for_entra(&self, name: &str) -> bool {
        self.entra.contains(&without_curve(name))
    }

    /// Whether Azure DevOps accepts a suite.
    pub(super) fn is_for_azure_devops(&self, build: Option<u32>, name: &str) -> bool {
        !has_other_curve(build, name) && self.azure_devops.contains(&without_curve(name))
    }

    /// Whether a suite is one of Mozilla's intermediate configuration.
    pub(super) fn is_for_mozilla(&self, build: Option<u32>, name: &str) -> bool {
        !has_other_curve(build, name) && self.mozilla_intermediate.contains(&without_curve(name))
    }

    /// Whether a suite is left to callers that ask for strong cryptography.
    pub(super) fn is_strong(&self, build: Option<u32>, name: &str) -> bool {
        match self.of(build) {
            Some(release) => !release.weak.contains(&name),
            None => !self.releases.iter().any(|release| release.weak.contains(&name)),
        }
    }
}

impl ReleaseSuites<'_> {
    /// The update that the list of a build came with, if it was not there from the start.
    pub(super) fn update(&self, build: Option<u32>) -> Option<&str> {
        self.updates.get(&build?.to_string()).copied()
    }

    fn knows(&self, name: &str) -> bool {
        self.default.contains(&name) || self.supported.contains(&name)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DotNetFile {
    #[serde(rename = "as_of")]
    _as_of: String,
    #[serde(rename = "source")]
    _source: String,
    release: Vec<DotNetRelease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DotNetRelease {
    from: u32,
    version: String,
}

static DOTNET: LazyLock<Vec<(u32, String)>> = LazyLock::new(|| {
    let file: Option<DotNetFile> = tables::read(tables::DOTNET_RELEASES);
    file.map(|file| file.release.into_iter().map(|r| (r.from, r.version)).collect()).unwrap_or_default()
});

/// What is wrong with a table of cipher suites, if anything is.
pub(super) fn check(text: &str) -> Result<(), String> {
    serde_json::from_str::<Suites<'_>>(text).map(|_| ()).map_err(|error| error.to_string())
}

/// What is wrong with a table of .NET releases, if anything is. Rules can ask for each of the versions.
pub(super) fn check_dotnet(text: &str) -> Result<(), String> {
    let file: DotNetFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let has = |version: &&&str| file.release.iter().any(|release| release.version == **version);
    match DOTNET_VERSIONS.iter().find(|version| !has(version)) {
        Some(version) => Err(format!("version {version} is missing")),
        None => Ok(()),
    }
}

/// Release numbers of .NET Framework, and the version that each starts.
pub(super) fn dotnet_releases() -> &'static [(u32, String)] {
    &DOTNET
}

/// Whether a release is this version of .NET Framework or a later one; none for a version that is not in the table.
pub(in crate::audit) fn at_least(release: u32, version: &str) -> Option<bool> {
    let from = dotnet_releases().iter().find(|(_, known)| known == version)?.0;
    Some(release >= from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_load() {
        let all = suites().unwrap();
        let tls12 = |build| all.of(Some(build)).unwrap().default.iter().filter(|name| all.is_tls12(name)).count();
        assert_eq!([14393, 17763, 20348, 26100].map(tls12), [32, 23, 23, 20]);
        let versions: Vec<&str> = dotnet_releases().iter().map(|(_, version)| version.as_str()).collect();
        assert_eq!(versions, crate::windows::subject::DOTNET_VERSIONS);
        assert!(all.knows(Some(17763), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384"), "the curve does not count");
        assert!(!all.knows(Some(9600), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384"), "no such suite there");
        assert!(all.knows(Some(9600), "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P384"));
        assert!(all.is_for_entra("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P384"));
    }
}

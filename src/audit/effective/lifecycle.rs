//! Until when Microsoft supports a Windows: `data/windows_lifecycle.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::tables;
use crate::host::Windows;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    #[serde(rename = "source")]
    _source: String,
    release: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    build: u32,
    #[serde(default)]
    second_hand: Vec<Edition>,
    /// The last day of each edition.
    #[serde(flatten)]
    ends: BTreeMap<Edition, String>,
}

/// Editions that have days of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Edition {
    Server,
    AzureStackHci,
    AnyClient,
    HomePro,
    Enterprise,
    Ltsc,
    IotLtsc,
}

/// Until when a Windows is supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// The last day, `YYYY-MM-DD`.
    pub ends: String,
    /// Of what support that is.
    pub of: &'static str,
    /// Whether the day is second-hand.
    pub second_hand: bool,
}

impl Support {
    /// Of when the day is, and whether it is second-hand.
    pub fn as_of(&self) -> String {
        let mark = if self.second_hand { "second-hand, " } else { "" };
        format!("{mark}as of {}", TABLE.as_of)
    }
}

static TABLE: LazyLock<File> = LazyLock::new(|| tables::read(tables::WINDOWS_LIFECYCLE).unwrap_or_default());

/// What is wrong with a table of this kind, if anything is.
pub(super) fn check(text: &str) -> Result<(), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut builds: Vec<u32> = Vec::new();
    for row in &file.release {
        let build = row.build;
        if builds.contains(&build) {
            return Err(format!("build {build} stands in two rows"));
        }
        if let Some(day) = row.ends.values().find(|day| !tables::is_day(day)) {
            return Err(format!("build {build}: \"{day}\" is no day"));
        }
        builds.push(build);
    }
    Ok(())
}

/// The day that the table was last held against its sources, `YYYY-MM-DD`.
pub(super) fn as_of() -> &'static str {
    &TABLE.as_of
}

/// Until when this Windows is supported, if its build and edition are known.
pub(super) fn support(windows: &Windows) -> Option<Support> {
    let row = TABLE.release.iter().find(|row| Some(row.build) == windows.build)?;
    let find = |edition: Edition| row.ends.get(&edition).map(|day| (edition, day));
    let found = edition(windows).and_then(find);
    let (edition, ends) = found.or_else(|| find(Edition::AnyClient).filter(|_| is_client(windows)))?;
    let of = match edition {
        Edition::Server | Edition::AnyClient => "extended support",
        Edition::AzureStackHci => "support of Azure Stack HCI",
        Edition::HomePro => "support of the Home and Pro editions",
        Edition::Enterprise => "support of the Enterprise and Education editions",
        Edition::Ltsc => "support of Enterprise LTSC",
        Edition::IotLtsc => "support of IoT Enterprise LTSC",
    };
    Some(Support { ends: ends.clone(), of, second_hand: row.second_hand.contains(&edition) })
}

fn is_client(windows: &Windows) -> bool {
    windows.installation_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Client"))
}

/// The edition, by the name of the product.
fn edition(windows: &Windows) -> Option<Edition> {
    let name = windows.product.as_deref().unwrap_or_default().to_lowercase();
    let has = |word: &str| name.contains(word);
    let is_server = windows.installation_type.as_deref().is_some_and(|kind| kind.starts_with("Server"));
    match () {
        () if has("azure stack hci") || has("azure local") => Some(Edition::AzureStackHci),
        () if is_server => Some(Edition::Server),
        () if !is_client(windows) => None,
        () if has("ltsc") || has("ltsb") => Some(if has("iot") { Edition::IotLtsc } else { Edition::Ltsc }),
        () if has("enterprise") || has("education") && !has("pro education") => Some(Edition::Enterprise),
        () if has("home") || has("pro") => Some(Edition::HomePro),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support_of(build: u32, product: &str, kind: &str) -> Option<String> {
        let (product, installation_type) = (Some(product.to_owned()), Some(kind.to_owned()));
        let windows = Windows { build: Some(build), product, installation_type, ..Windows::default() };
        let mark = |support: &Support| if support.second_hand { " (second-hand)" } else { "" };
        support(&windows).map(|support| format!("{}: {}{}", support.of, support.ends, mark(&support)))
    }

    /// Build, product, installation type, and what is said.
    #[test]
    fn each_edition_has_its_day() {
        let (home, enterprise) =
            ("support of the Home and Pro editions", "support of the Enterprise and Education editions");
        for (build, product, kind, wanted) in [
            (17763, "Windows Server 2019 Standard", "Server", "extended support: 2029-01-09".to_owned()),
            (
                25398,
                "Windows Server 2022 Datacenter",
                "Server Core",
                "extended support: 2025-10-24 (second-hand)".to_owned(),
            ),
            (20349, "Azure Stack HCI", "Server Core", "support of Azure Stack HCI: 2025-05-31".to_owned()),
            (
                20348,
                "Azure Stack HCI",
                "Server Core",
                "support of Azure Stack HCI: 2023-11-14 (second-hand)".to_owned(),
            ),
            (20348, "Windows Server 2022 Standard", "Server", "extended support: 2031-10-14".to_owned()),
            (
                26100,
                "Windows 11 Enterprise LTSC 2024",
                "Client",
                "support of Enterprise LTSC: 2029-10-09 (second-hand)".to_owned(),
            ),
            (9200, "Windows 8 Pro", "Client", "extended support: 2016-01-12".to_owned()),
            (7600, "Windows 7 Professional", "Client", "extended support: 2013-04-09".to_owned()),
            (6002, "Windows Vista (TM) Business", "Client", "extended support: 2017-04-11".to_owned()),
            (10240, "Windows 10 Pro", "Client", format!("{home}: 2017-05-09")),
            (17134, "Windows 10 Pro Education", "Client", format!("{home}: 2019-11-12")),
            (19045, "Windows 10 Home", "Client", format!("{home}: 2025-10-14")),
            (28000, "Windows 11 Pro", "Client", format!("{home}: 2028-03-14 (second-hand)")),
            (26300, "Windows 11 Pro", "Client", format!("{home}: 2028-10-10 (second-hand)")),
            (22631, "Windows 11 Enterprise", "Client", format!("{enterprise}: 2026-11-10 (second-hand)")),
            (17763, "Windows 10 Enterprise LTSC 2019", "Client", "support of Enterprise LTSC: 2029-01-09".to_owned()),
            (14393, "Windows 10 Enterprise 2016 LTSB", "Client", "support of Enterprise LTSC: 2026-10-13".to_owned()),
            (
                19044,
                "Windows 10 IoT Enterprise LTSC 2021",
                "Client",
                "support of IoT Enterprise LTSC: 2032-01-13".to_owned(),
            ),
            (7601, "Windows 7 Professional", "Client", "extended support: 2020-01-14".to_owned()),
        ] {
            assert_eq!(support_of(build, product, kind), Some(wanted), "{build} {product}");
        }
    }

    #[test]
    fn where_no_page_was_found_there_is_no_day() {
        for (build, product, kind) in [
            (25398, "Azure Stack HCI", "Server Core"),
            (26300, "Windows 11 Enterprise", "Client"),
            (19045, "Windows 10 Team", "Client"),
            (99999, "Windows 13", "Client"),
        ] {
            assert_eq!(support_of(build, product, kind), None, "{build} {product}");
        }
    }
}

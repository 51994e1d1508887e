//! What is known of a version of Entra Connect: `data/entra_connect.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Needs, parse};
use crate::audit::effective::tables;
use crate::policy::Version;
use crate::windows::state::State;
use crate::windows::subject::DOTNET_VERSIONS;

/// Whether a version does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Standing {
    /// Nothing says that it does not.
    InService,
    /// It does not synchronise any more.
    Stopped,
    /// Microsoft took it back.
    Recalled,
    /// It cannot be told.
    Unknown,
}

impl Standing {
    /// The state that it is.
    pub fn state(self) -> State {
        match self {
            Standing::InService => State::InService,
            Standing::Stopped => State::Stopped,
            Standing::Recalled => State::Recalled,
            Standing::Unknown => State::Unknown,
        }
    }

    /// In one word, as policies and reports write it.
    pub fn word(self) -> &'static str {
        self.state().word()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    #[serde(rename = "source")]
    _source: String,
    version: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from: Option<String>,
    to: Option<String>,
    values: Option<Values>,
    standing: Option<Standing>,
    dotnet: Option<String>,
    support_ends: Option<String>,
    text: Option<String>,
    #[serde(default)]
    second_hand: bool,
    #[serde(default)]
    newest: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Values {
    Required,
    NotRequired,
}

static VERSIONS: LazyLock<File> = LazyLock::new(|| tables::read(tables::ENTRA_CONNECT).unwrap_or_default());

/// What is wrong with a table of this kind, if anything is.
pub(in crate::audit::effective) fn check(text: &str) -> Result<(), String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    for row in &file.version {
        if let Some(bound) = [&row.from, &row.to].into_iter().flatten().find(|bound| parse(bound).is_none()) {
            return Err(format!("\"{bound}\" is no version"));
        }
        if let Some(version) = row.dotnet.as_deref().filter(|version| !DOTNET_VERSIONS.contains(version)) {
            return Err(format!("dotnet: \"{version}\" is none of {}", DOTNET_VERSIONS.join(", ")));
        }
        if let Some(day) = row.support_ends.as_deref().filter(|day| !tables::is_day(day)) {
            return Err(format!("support_ends: \"{day}\" is no day"));
        }
    }
    Ok(())
}

/// The day that the table was last held against its sources.
pub(super) fn as_of() -> &'static str {
    &VERSIONS.as_of
}

/// What the table says of one version.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) needs: Needs,
    pub(super) standing: (Standing, String),
    /// The day, and a mark where it is second-hand.
    pub(super) support_ends: Option<(String, &'static str)>,
    /// What is known of support where there is no day.
    pub(super) supported: (State, String),
    /// The oldest .NET Framework that it needs.
    pub(super) dotnet: Option<String>,
    /// Sentences for people.
    pub(super) facts: Vec<String>,
}

impl Row {
    fn holds(&self, version: Version) -> bool {
        let bound = |text: &Option<String>| text.as_deref().and_then(parse);
        bound(&self.from).is_none_or(|from| version >= from) && bound(&self.to).is_none_or(|to| version <= to)
    }

    fn mark(&self) -> &'static str {
        if self.second_hand { " (second-hand)" } else { "" }
    }

    fn said(&self) -> Option<String> {
        self.text.as_ref().map(|text| format!("{text}{}", self.mark()))
    }
}

pub(super) fn known(version: Version) -> Known {
    let rows = || VERSIONS.version.iter().filter(|row| row.holds(version));
    let needs = rows().find_map(|row| row.values).map_or(Needs::Unknown, |values| match values {
        Values::Required => Needs::Values,
        Values::NotRequired => Needs::NoValues,
    });
    let standing = rows().find_map(|row| {
        let why = row.said().unwrap_or_else(|| format!("nothing says that it has stopped{}", row.mark()));
        Some((row.standing?, why))
    });
    let support_ends = rows().find_map(|row| Some((row.support_ends.clone()?, row.mark())));
    let mut facts: Vec<String> = rows().filter_map(Row::said).collect();
    facts.extend(support_ends.as_ref().map(|(date, mark)| format!("its support ends or ended on {date}{mark}")));
    let supported = match &standing {
        Some((Standing::Stopped | Standing::Recalled, why)) => (State::Ended, why.clone()),
        Some((Standing::InService, _)) if rows().any(|row| row.newest) => {
            (State::Supported, "it is the newest version that is known".to_owned())
        }
        _ => (State::Unknown, "no table says until when it is supported".to_owned()),
    };
    Known {
        needs,
        supported,
        standing: standing.unwrap_or((Standing::Unknown, "no table has this version".to_owned())),
        support_ends,
        dotnet: rows().find_map(|row| row.dotnet.clone()),
        facts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(VERSIONS.version.len() > 20);
        assert!(parse("2.4.129.0") < parse("2.4.131.0"));
        assert_eq!(parse("2.5.79"), parse("2.5.79.0"), "what is left out is 0");
        assert_eq!(parse("2.x"), None);
    }
}

//! The list of cipher suites, before anything is taken from it.

use super::ListSource;
use super::alone::PRE_SHARED;
use crate::audit::effective::suites::Suites;
use crate::audit::effective::{Lint, ask, curves};
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::registry::{Lookup, Registry};
use crate::windows::path::Name;
use crate::windows::reading::Reading;
use crate::windows::value::ValueType;

pub(in crate::audit::effective) const POLICY: &str =
    r"SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002";
pub(in crate::audit::effective) const LOCAL: &str =
    r"SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002";
const VALUE: &str = "Functions";
/// Characters of the policy's list that Windows reads.
const LIST_LIMIT: usize = 1023;

/// A list, before anything is taken from it. The flag of a suite says whether Windows surely reads it.
pub(super) struct List {
    pub(super) source: ListSource,
    pub(super) why: String,
    pub(super) place: Option<Place>,
    pub(super) suites: Vec<(String, bool)>,
}

pub(in crate::audit::effective) fn readings() -> Vec<Reading> {
    [POLICY, LOCAL].map(|key| Reading::values(ask::path(key), &[VALUE, curves::VALUE])).to_vec()
}

/// Why there is no list: where it comes from, if that is known, the reason, and where that stands.
type Doubt = (ListSource, String, Option<Place>);

/// The policy's list, else the local one, else what the release does.
pub(super) fn read(
    registry: &Registry,
    windows: &Windows,
    table: &Suites<'_>,
    lints: &mut Vec<Lint>,
) -> Result<List, Doubt> {
    let name = Name::from(VALUE);
    match registry.get(&ask::path(POLICY), &name) {
        Lookup::Found(found) if matches!(found.value.kind, ValueType::SZ | ValueType::EXPAND_SZ) => {
            let text = found.value.as_text().unwrap_or_default();
            let suites = policy_list(&text, &found.place, lints);
            if suites.is_empty() {
                return Err(empty("the policy's", found.place, lints));
            }
            strangers(&suites, windows, table, &found.place, lints);
            let why = format!("list of the policy, {} suites", suites.len());
            return Ok(List { source: ListSource::Policy, why, place: Some(found.place), suites });
        }
        Lookup::Found(found) => {
            let why = format!(
                "the policy's {VALUE} {}, not REG_SZ; what Windows makes of that is not known",
                ask::odd(&found.value)
            );
            lints.push(Lint::new(Code::CipherListWrongType, why.clone(), Some(found.place.clone())));
            return Err((ListSource::Unknown, why, Some(found.place)));
        }
        Lookup::KeyAbsent | Lookup::ValueAbsent(_) => {}
        other => return Err(unknown(other, POLICY)),
    }
    match registry.get(&ask::path(LOCAL), &name) {
        Lookup::Found(found) => match found.value.as_texts() {
            Some(texts) => {
                let suites: Vec<(String, bool)> = texts.into_iter().map(|name| (name, true)).collect();
                if suites.is_empty() {
                    return Err(empty("the machine's own", found.place, lints));
                }
                strangers(&suites, windows, table, &found.place, lints);
                let why = format!("the machine's own list, {} suites", suites.len());
                Ok(List { source: ListSource::Local, why, place: Some(found.place), suites })
            }
            None => {
                let why = format!(
                    "the local {VALUE} {}, not REG_MULTI_SZ; what Windows makes of that is not known",
                    ask::odd(&found.value)
                );
                lints.push(Lint::new(Code::CipherListWrongType, why.clone(), Some(found.place.clone())));
                Err((ListSource::Unknown, why, Some(found.place)))
            }
        },
        Lookup::KeyAbsent | Lookup::ValueAbsent(_) => {
            let build = windows.build.map_or_else(|| "an unknown build".to_owned(), |build| format!("build {build}"));
            match table.of(windows.build) {
                Some(release) => {
                    let suites: Vec<(String, bool)> =
                        release.default.iter().map(|name| ((*name).to_owned(), true)).collect();
                    let with = release.update(windows.build);
                    let with = with.map(|update| format!(", as they came with {update}")).unwrap_or_default();
                    let why = format!("OS default of {build}, {} suites{with}", suites.len());
                    Ok(List { source: ListSource::OsDefault, why, place: None, suites })
                }
                None => {
                    let why = format!("no list is set, and the OS default of {build} is not known");
                    Err((ListSource::OsDefault, why, None))
                }
            }
        }
        other => Err(unknown(other, LOCAL)),
    }
}

/// A list that cannot be told.
fn unknown(lookup: Lookup, key: &str) -> Doubt {
    let (why, place) = ask::no_answer(lookup, &ask::path(key));
    (ListSource::Unknown, why, place)
}

/// A list without a suite.
fn empty(whose: &str, place: Place, lints: &mut Vec<Lint>) -> Doubt {
    let why = format!("{whose} list of cipher suites is empty; what Windows makes of that is not known");
    lints.push(Lint::new(Code::CipherListEmpty, why.clone(), Some(place.clone())));
    (ListSource::Unknown, why, Some(place))
}

/// A comma-separated list. What stands past the limit, or has a blank around it, may not be read.
fn policy_list(text: &str, place: &Place, lints: &mut Vec<Lint>) -> Vec<(String, bool)> {
    let length = text.chars().count();
    if length > LIST_LIMIT {
        let why = format!("the policy's list of cipher suites has {length} characters; Windows takes {LIST_LIMIT}");
        lints.push(Lint::new(Code::CipherListTooLong, why, Some(place.clone())));
    }
    let mut end = 0usize;
    let mut blank = false;
    let mut list = Vec::new();
    for part in text.split(',') {
        end = end.saturating_add(part.chars().count());
        let name = part.trim();
        blank |= name != part;
        if !name.is_empty() {
            list.push((name.to_owned(), name == part && end <= LIST_LIMIT));
        }
        end += 1;
    }
    if blank {
        let why =
            "the policy's list of cipher suites has blanks beside commas; Windows asks for commas alone".to_owned();
        lints.push(Lint::new(Code::CipherListBlank, why, Some(place.clone())));
    }
    list
}

/// Suites that this build does not know: it ignores them.
fn strangers(list: &[(String, bool)], windows: &Windows, table: &Suites<'_>, place: &Place, lints: &mut Vec<Lint>) {
    if table.of(windows.build).is_none() {
        return;
    }
    let is_strange = |name: &&String| !table.knows(windows.build, name) && !name.contains(PRE_SHARED);
    let unknown = list.iter().map(|(name, _)| name).filter(is_strange);
    let names: Vec<&str> = unknown.map(String::as_str).collect();
    if let Some(first) = names.first() {
        let more = names.len().saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let why =
            format!("the list of cipher suites names \"{first}\"{more}, which this Windows does not have and ignores");
        lints.push(Lint::new(Code::CipherListUnknownSuite, why, Some(place.clone())));
    }
}

//! Whether no other suites are left than those of Mozilla's intermediate configuration.

use super::list::List;
use super::{Fate, NULL, with};
use crate::audit::effective::Answer;
use crate::audit::effective::suites::Suites;

/// In the names of suites with pre-shared keys. The table has none of them, but every release has some.
pub(super) const PRE_SHARED: &str = "_PSK_";

/// Whether the suites of a list that are left are all of that set, and what that rests on. `fate` says what became of a suite.
pub(super) fn mozilla_alone(
    list: &List,
    table: &Suites<'_>,
    build: Option<u32>,
    fate: &dyn Fn(&(String, bool)) -> Fate,
) -> (Answer, String) {
    let of_others = |suite: &(String, bool)| {
        let name = suite.0.as_str();
        let in_table = table.of(build).is_some();
        let doubt = if !in_table || name.contains(PRE_SHARED) {
            Some(format!("whether this Windows has {name} is not known"))
        } else if !table.knows(build, name) {
            return Fate::Off;
        } else if name.contains(NULL) {
            Some(format!("whether Windows uses {name}, which does not encrypt, is not known"))
        } else {
            None
        };
        match (fate(suite), doubt) {
            (Fate::Left, Some(doubt)) => Fate::InDoubt(doubt),
            (fate, _) => fate,
        }
    };
    let others = list.suites.iter().filter(|(name, _)| !table.is_for_mozilla(build, name));
    let fates: Vec<(&str, Fate)> = others.map(|suite| (suite.0.as_str(), of_others(suite))).collect();
    let mut left = fates.iter().filter(|(_, fate)| *fate == Fate::Left).map(|(name, _)| name);
    if let Some(first) = left.next() {
        let more = left.count();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return (Answer::No, with(&list.why, Some(format!("not of this configuration: {first}{more}"))));
    }
    let doubt = fates.into_iter().find_map(|(_, fate)| match fate {
        Fate::InDoubt(why) => Some(why),
        Fate::Left | Fate::Off => None,
    });
    (if doubt.is_some() { Answer::Unknown } else { Answer::Yes }, with(&list.why, doubt))
}

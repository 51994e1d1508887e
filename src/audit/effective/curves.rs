//! Elliptic curves: whether one is left that services of Microsoft ask for, which is NIST P-256 or P-384.
//!
//! Sources: Microsoft, "Manage Transport Layer Security (TLS)", Configuring TLS ECC Curve Order (the policy, and Windows 10 and
//! Server 2016 as the first releases); "TLS Elliptic Curves in Windows 10 version 1607 and later" (both are on by default);
//! microsoft/azure-devops-tls12 (which curves its service takes).

use super::ciphers::{LOCAL, POLICY};
use super::{Answer, ask};
use crate::host::Windows;
use crate::place::Place;
use crate::registry::{Lookup, Registry};
use crate::windows::path::Name;

pub(super) const VALUE: &str = "EccCurves";
const NIST: [&str; 2] = ["NistP256", "NistP384"];

/// The first build that has a list of curves. Before it, each cipher suite names its curve.
pub(super) const FIRST_WITH_A_LIST: u32 = 10240;

/// The curves in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curves {
    /// Whether NIST P-256 or P-384 is left.
    pub nist: Answer,
    /// What that rests on.
    pub why: String,
    /// Where the list stands, if there is one.
    pub place: Option<Place>,
}

/// The policy's list, else the local one, else what every release does.
pub(super) fn read(registry: &Registry, windows: &Windows) -> Curves {
    if windows.build.is_some_and(|build| build < FIRST_WITH_A_LIST) {
        let why = "before Windows 10 there is no list of curves: each cipher suite names its own".to_owned();
        return Curves { nist: Answer::Yes, why, place: None };
    }
    for (key, whose) in [(POLICY, "the policy's"), (LOCAL, "the machine's own")] {
        let key = ask::path(key);
        match registry.get(&key, &Name::from(VALUE)) {
            Lookup::Found(found) => {
                let (nist, why) = match found.value.as_texts() {
                    Some(names) => judge(&names, whose, windows),
                    None => {
                        let odd = ask::odd(&found.value);
                        let why =
                            format!("{whose} {VALUE} {odd}, not REG_MULTI_SZ; what Windows makes of it is not known");
                        (Answer::Unknown, why)
                    }
                };
                return Curves { nist, why, place: Some(found.place) };
            }
            Lookup::KeyAbsent | Lookup::ValueAbsent(_) => {}
            other => {
                let (why, place) = ask::no_answer(other, &key);
                return Curves { nist: Answer::Unknown, why: format!("{whose} {VALUE}: {why}"), place };
            }
        }
    }
    Curves {
        nist: Answer::Yes,
        why: "no list of curves is set; NistP256 and NistP384 are on by default".to_owned(),
        place: None,
    }
}

fn judge(names: &[String], whose: &str, windows: &Windows) -> (Answer, String) {
    let list = format!("{whose} list of curves");
    if names.is_empty() {
        return (Answer::Unknown, format!("{list} is empty; what Windows makes of that is not known"));
    }
    if let Some(known) = names.iter().find(|name| NIST.contains(&name.as_str())) {
        return (Answer::Yes, format!("{list} has {known}"));
    }
    // Several names in one text, blanks, another case: Windows may read them or not.
    let nearly =
        |name: &&String| NIST.iter().any(|nist| name.to_ascii_lowercase().contains(&nist.to_ascii_lowercase()));
    if let Some(doubt) = names.iter().find(nearly) {
        return (Answer::Unknown, format!("{list} has \"{doubt}\"; whether Windows reads a curve there is not known"));
    }
    let why = format!("{list} has neither NistP256 nor NistP384");
    match windows.build {
        Some(_) => (Answer::No, why),
        None => (Answer::Unknown, format!("{why}; whether this Windows reads such a list is not known")),
    }
}

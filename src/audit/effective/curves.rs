//! Elliptic curves: whether one is left that services of Microsoft ask for, which is NIST P-256 or P-384, and whether there are
//! others than those of Mozilla's intermediate configuration.
//!
//! Sources: Microsoft, "Manage Transport Layer Security (TLS)", Configuring TLS ECC Curve Order (the policy, and Windows 10 and
//! Server 2016 as the first releases); "TLS Elliptic Curves in Windows 10 version 1507 and 1511", the same of "1607 and later",
//! and "TLS Supported Groups in Windows 11 versions 24H2 and later" (what is on by default, and the names of all);
//! microsoft/azure-devops-tls12 (which curves its service takes); Mozilla, "Server Side TLS" 6.0.

use super::ciphers::{LOCAL, POLICY};
use super::{Answer, ask};
use crate::host::Windows;
use crate::place::Place;
use crate::registry::{Lookup, Registry};
use crate::windows::path::Name;

pub(super) const VALUE: &str = "EccCurves";
const NIST: [&str; 2] = ["NistP256", "NistP384"];

/// Those of Mozilla's intermediate configuration, each by all names that Windows has for it.
const MOZILLA: [&str; 6] = ["x25519_mlkem768", "curve25519", "NistP256", "secP256r1", "NistP384", "secP384r1"];

/// The others that every Windows with a list of curves has.
const OTHERS: [&str; 15] = [
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
    "nistP192",
    "nistP224",
    "nistP521",
    "secP160k1",
    "secP160r1",
    "secP160r2",
    "secP192k1",
    "secP192r1",
    "secP224k1",
    "secP224r1",
    "secP256k1",
    "secP521r1",
];

/// The first build that has a list of curves. Before it, each cipher suite names its curve.
pub(super) const FIRST_WITH_A_LIST: u32 = 10240;

/// The curves in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curves {
    /// Whether NIST P-256 or P-384 is left.
    pub nist: Answer,
    /// What that rests on.
    pub why: String,
    /// Whether there are no others than those of Mozilla's intermediate configuration, and what that rests on.
    pub mozilla_alone: (Answer, String),
    /// Where the list stands, if there is one.
    pub place: Option<Place>,
}

/// The policy's list, else the local one, else what every release does.
pub(super) fn read(registry: &Registry, windows: &Windows) -> Curves {
    if windows.build.is_some_and(|build| build < FIRST_WITH_A_LIST) {
        let why = "before Windows 10 there is no list of curves: each cipher suite names its own".to_owned();
        return Curves::both(Answer::Yes, why, None);
    }
    for (key, whose) in [(POLICY, "the policy's"), (LOCAL, "the machine's own")] {
        let key = ask::path(key);
        match registry.get(&key, &Name::from(VALUE)) {
            Lookup::Found(found) => {
                let place = Some(found.place);
                let Some(names) = found.value.as_texts() else {
                    let odd = ask::odd(&found.value);
                    let why = format!("{whose} {VALUE} {odd}, not REG_MULTI_SZ; what Windows makes of it is not known");
                    return Curves::both(Answer::Unknown, why, place);
                };
                let list = format!("{whose} list of curves");
                if names.is_empty() {
                    let why = format!("{list} is empty; what Windows makes of that is not known");
                    return Curves::both(Answer::Unknown, why, place);
                }
                let (nist, why) = has_nist(&names, &list, windows);
                return Curves { nist, why, mozilla_alone: is_mozilla_alone(&names, &list, windows), place };
            }
            Lookup::KeyAbsent | Lookup::ValueAbsent(_) => {}
            other => {
                let (why, place) = ask::no_answer(other, &key);
                return Curves::both(Answer::Unknown, format!("{whose} {VALUE}: {why}"), place);
            }
        }
    }
    Curves {
        nist: Answer::Yes,
        why: "no list of curves is set; NistP256 and NistP384 are on by default".to_owned(),
        mozilla_alone: (
            Answer::Yes,
            "no list of curves is set; none but curve25519, NistP256 and NistP384 are on by default".to_owned(),
        ),
        place: None,
    }
}

impl Curves {
    /// One answer to both questions.
    fn both(answer: Answer, why: String, place: Option<Place>) -> Self {
        Curves { nist: answer, why: why.clone(), mozilla_alone: (answer, why), place }
    }
}

fn has_nist(names: &[String], list: &str, windows: &Windows) -> (Answer, String) {
    if let Some(known) = names.iter().find(|name| NIST.contains(&name.as_str())) {
        return (Answer::Yes, format!("{list} has {known}"));
    }
    // Several names in one text, blanks, another case: Windows may read them or not.
    let nearly =
        |name: &&String| NIST.iter().any(|nist| name.to_ascii_lowercase().contains(&nist.to_ascii_lowercase()));
    if let Some(doubt) = names.iter().find(nearly) {
        return (Answer::Unknown, format!("{list} has \"{doubt}\"; whether Windows reads a curve there is not known"));
    }
    if_read(Answer::No, format!("{list} has neither NistP256 nor NistP384"), windows)
}

/// A name in another case than Windows writes it may count or not: it does no harm where it is one of the set.
fn is_mozilla_alone(names: &[String], list: &str, windows: &Windows) -> (Answer, String) {
    let is_of_set = |name: &&String| MOZILLA.iter().any(|known| name.eq_ignore_ascii_case(known));
    let rest: Vec<&String> = names.iter().filter(|name| !is_of_set(name)).collect();
    if let Some(other) = rest.iter().find(|name| OTHERS.contains(&name.as_str())) {
        return if_read(Answer::No, format!("{list} has {other}, which is not of this configuration"), windows);
    }
    match rest.first() {
        Some(strange) => {
            (Answer::Unknown, format!("{list} has \"{strange}\"; whether Windows reads a curve there is not known"))
        }
        None => (Answer::Yes, format!("{list} has none but those of this configuration")),
    }
}

/// The same, where this Windows reads a list of curves.
fn if_read(answer: Answer, why: String, windows: &Windows) -> (Answer, String) {
    match windows.build {
        Some(_) => (answer, why),
        None => (Answer::Unknown, format!("{why}; whether this Windows reads such a list is not known")),
    }
}

//! Cipher suites: whether TLS 1.2 and TLS 1.3 have one left, and one that Entra ID accepts.
//!
//! Sources: Microsoft, "Manage Transport Layer Security (TLS)" and "Prioritizing Schannel Cipher Suites" (the policy wins over
//! the local list; commas; 1,023 characters); "Restrict the use of certain cryptographic algorithms and protocols in
//! Schannel.dll" (KB245030: what RC4, DES, Triple DES, NULL, MD5, SHA and PKCS turn off); "Enable-TlsCipherSuite" (turning a
//! hash off turns its suites off). That AES, ECDH, Diffie-Hellman keys, and PKCS for suites that only sign with RSA, do
//! the same is common knowledge but in none of them: suites that rest on it alone are neither left nor gone. TLS 1.3 has
//! suites of its own, and takes no others (RFC 8446, B.4); what turns them off is in none of the sources either.

mod alone;
mod list;

use super::ask::{self, Setting};
use super::suites;
use super::{Answer, Curves, KeyExchange, Lint, lookalikes, schannel};
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::registry::{Listing, Registry};
use crate::windows::path::Name;
use crate::windows::subject::Exchange;

/// Keys that turn algorithms off, and the words of a suite's name that they stand for. The last column says whether a source
/// that was read describes the effect.
const SWITCHES: [(&str, &str, &[&str], bool); 20] = [
    ("Ciphers", "AES 128/128", &["WITH_AES_128_", "^TLS_AES_128_"], false),
    ("Ciphers", "AES 256/256", &["WITH_AES_256_", "^TLS_AES_256_"], false),
    ("Ciphers", "Triple DES 168", &["WITH_3DES_", "WITH_DES_192_"], true),
    ("Ciphers", "Triple DES 168/168", &["WITH_3DES_", "WITH_DES_192_"], false),
    ("Ciphers", "RC4 128/128", &["WITH_RC4_128_", "CK_RC4_128_WITH"], true),
    ("Ciphers", "RC4 56/128", &["WITH_RC4_56_"], true),
    ("Ciphers", "RC4 40/128", &["WITH_RC4_40_"], true),
    ("Ciphers", "DES 56/56", &["WITH_DES_CBC_"], true),
    ("Ciphers", "NULL", &["WITH_NULL_"], true),
    ("Hashes", "MD5", &["_MD5$"], true),
    ("Hashes", "SHA", &["_SHA$"], true),
    ("Hashes", "SHA256", &["_CBC_SHA256$", "_NULL_SHA256$"], true),
    ("Hashes", "SHA256", &["_GCM_SHA256$", "_POLY1305_SHA256$"], false),
    ("Hashes", "SHA384", &["_CBC_SHA384$"], true),
    ("Hashes", "SHA384", &["_GCM_SHA384$"], false),
    ("KeyExchangeAlgorithms", "PKCS", &["^TLS_RSA_"], true),
    ("KeyExchangeAlgorithms", "PKCS", &["DHE_RSA_"], false),
    ("KeyExchangeAlgorithms", "ECDH", &["_ECDHE_", "^TLS_AES_", "^TLS_CHACHA20_"], false),
    ("KeyExchangeAlgorithms", "Diffie-Hellman", &["_DHE_"], false),
    ("KeyExchangeAlgorithms", "Diffie-Hellman", &["^TLS_DH_"], false),
];

/// Keys that Windows reads, or read, and that take no suite away of those in the tables (KB245030; "Transport Layer Security
/// (TLS) registry settings").
const WITHOUT_SUITES: [(&str, &str); 6] = [
    ("Ciphers", "RC2 128/128"),
    ("Ciphers", "RC2 56/128"),
    ("Ciphers", "RC2 56/56"),
    ("Ciphers", "RC2 40/128"),
    ("Ciphers", "RC4 64/128"),
    ("Hashes", "SHA512"),
];

/// In the names of suites that do not encrypt: nobody who asks for TLS 1.2 means those, and Windows uses them only where
/// somebody turns `NULL` on (KB245030).
const NULL: &str = "_WITH_NULL_";

/// Suites that every release ships with that has their protocols on, with those alike.
const TODAYS: [&str; 2] = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"];

/// Where the list of suites comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListSource {
    /// A policy.
    Policy,
    /// The machine's own list.
    Local,
    /// Neither is set: what the release does.
    OsDefault,
    /// It cannot be told.
    Unknown,
}

/// The cipher suites in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ciphers {
    /// Where the list comes from.
    pub source: ListSource,
    /// The same for people, or why it is not known.
    pub why: String,
    /// Where the list stands.
    pub place: Option<Place>,
    /// How many suites the list has, where that is known.
    pub listed: Option<usize>,
    /// Those of TLS 1.2 that are left for sure, in order of preference.
    pub tls12: Vec<String>,
    /// How many more of TLS 1.2 may be left; none where that cannot be told.
    pub in_doubt: Option<usize>,
    /// Whether one of TLS 1.2 that encrypts is left.
    pub tls12_left: Answer,
    /// Whether one of TLS 1.3 is left.
    pub tls13_left: Answer,
    /// Whether one of TLS 1.2 is left to callers that ask for strong cryptography, as .NET does.
    pub strong_left: Answer,
    /// Whether one that Entra ID accepts is left.
    pub entra_left: Answer,
    /// Whether one that Azure DevOps accepts is left, with a curve that it accepts, and what that rests on.
    pub azure_devops: (Answer, String),
    /// Whether no others are left than those of Mozilla's intermediate configuration, and what that rests on.
    pub mozilla_alone: (Answer, String),
    /// Algorithms that are turned off, such as `RC4 128/128`.
    pub turned_off: Vec<String>,
    /// Whether no list is set, and nothing is turned off that today's suites need: it is what the release ships with.
    pub as_shipped: bool,
}

pub(super) use list::{LOCAL, POLICY, readings};

/// What became of a suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Left,
    /// Why.
    InDoubt(String),
    Off,
}

pub(super) fn read(
    registry: &Registry,
    windows: &Windows,
    curves: &Curves,
    exchanges: &[KeyExchange],
    lints: &mut Vec<Lint>,
) -> Ciphers {
    let Some(table) = suites::suites() else {
        return unknown("the table of cipher suites does not load".to_owned(), None);
    };
    let list = list::read(registry, windows, table, lints);
    let Switches { off, undocumented, doubt } = switches(registry, lints);
    let turned_off = names(&off);
    let needed = |&i: &usize| SWITCHES.get(i).is_some_and(|s| TODAYS.iter().any(|suite| touches(s.2, suite)));
    let untouched = doubt.is_none() && !off.iter().chain(&undocumented).any(needed);
    let list = match list {
        Ok(list) => list,
        Err((source, why, place)) => {
            let as_shipped = untouched && source == ListSource::OsDefault;
            return Ciphers { source, turned_off, as_shipped, ..unknown(why, place) };
        }
    };
    // Why a suite may be left and may not; the flag of its list comes first, as it stands there.
    let in_doubt = |name: &str, certain: bool| {
        let touching = |&&i: &&usize| SWITCHES.get(i).is_some_and(|s| touches(s.2, name));
        let unproven = |i: &&usize| SWITCHES.get(**i).is_some_and(|s| !s.3) && touching(i);
        let switch = |i: Option<&usize>| i.and_then(|&i| SWITCHES.get(i));
        if !certain {
            return Some("whether Windows reads all of the list is not known".to_owned());
        }
        match (switch(off.iter().find(unproven)), switch(undocumented.iter().find(touching))) {
            (Some((group, name, ..)), _) => Some(format!(r"what {group}\{name} turns off is not documented")),
            (None, Some((group, name, ..))) => Some(format!(r"whether {group}\{name} is on is not known")),
            (None, None) => doubt.clone(),
        }
    };
    let fate = |(name, certain): &(String, bool)| {
        let name = suites::without_curve(name);
        let proven = off.iter().any(|&i| SWITCHES.get(i).is_some_and(|s| s.3 && touches(s.2, name)));
        match (proven, in_doubt(name, *certain)) {
            (true, _) => Fate::Off,
            (false, Some(why)) => Fate::InDoubt(why),
            (false, None) => Fate::Left,
        }
    };
    let build = windows.build;
    let known = list.suites.iter().filter(|(name, _)| table.knows(build, name) && !name.contains(NULL));
    let judged: Vec<(&str, Fate)> = known.map(|suite| (suite.0.as_str(), fate(suite))).collect();
    // A name that is not in the table may be one that this build has: only if the build is in it does that mean nothing.
    let strange = (list.suites.iter()).find(|(name, _)| table.of(build).is_none() && !table.knows(build, name));
    let strange = strange.map(|(name, _)| format!("whether this Windows has {name} is not known"));
    // Whether one is left, and why that is not known.
    let left = |is: &dyn Fn(&str) -> bool, curve: Fate, sizes: &dyn Fn(&str) -> Fate| {
        let of_its_curve = |name: &str| if name.contains("_ECDHE_") { curve.clone() } else { Fate::Left };
        let fates = judged.iter().filter(|(name, _)| is(name));
        let best = fates.map(|(name, fate)| fate.clone().max(of_its_curve(name)).max(sizes(name))).min();
        let why = match best {
            Some(Fate::Left) => return (Answer::Yes, None),
            Some(Fate::InDoubt(why)) => Some(why),
            Some(Fate::Off) | None => strange.clone(),
        };
        (if why.is_some() { Answer::Unknown } else { Answer::No }, why)
    };
    let any = |_: &str| Fate::Left;
    let sizes = |name: &str| key_sizes(exchanges, name);
    let (tls12_left, of_tls12) = left(&|name| table.is_tls12(name), Fate::Left, &any);
    let (strong_left, of_strong) = left(&|name| table.is_tls12(name) && table.is_strong(build, name), Fate::Left, &any);
    let (entra_left, of_entra) = left(&|name| table.is_for_entra(name), curve(curves, false), &sizes);
    let (tls13_left, of_tls13) = left(&|name| table.is_tls13(name), Fate::Left, &any);
    let (answer, doubt) = left(&|name| table.is_for_azure_devops(build, name), curve(curves, true), &sizes);
    let curves = (doubt.is_none() && curves.nist != Answer::Yes).then(|| curves.why.clone());
    let azure_devops = (answer, with(&list.why, doubt.or(curves)));
    let mozilla_alone = alone::mozilla_alone(&list, table, build, &fate);
    let why_unknown = of_tls12.or(of_strong).or(of_entra).or(of_tls13);
    let of_tls12 = || judged.iter().filter(|(name, _)| table.is_tls12(name));
    let in_doubt = of_tls12().filter(|(_, fate)| matches!(fate, Fate::InDoubt(_))).count();
    let tls12: Vec<String> = of_tls12().filter(|(_, fate)| *fate == Fate::Left).map(|(n, _)| (*n).to_owned()).collect();
    let result = Ciphers {
        source: list.source,
        listed: Some(list.suites.len()),
        tls12,
        in_doubt: strange.is_none().then_some(in_doubt),
        tls12_left,
        tls13_left,
        strong_left,
        entra_left,
        azure_devops,
        mozilla_alone,
        turned_off,
        as_shipped: untouched && list.source == ListSource::OsDefault,
        why: with(&list.why, why_unknown),
        place: list.place,
    };
    about(&result, lints);
    result
}

/// What becomes of a suite that needs an elliptic curve, at a service that takes NIST P-256 and P-384. Only of some services
/// is it known that they take no others; of the rest, a list that no input speaks of gives no doubt.
fn curve(curves: &Curves, no_others: bool) -> Fate {
    match curves.nist {
        Answer::Yes => Fate::Left,
        Answer::Unknown if !no_others && curves.place.is_none() => Fate::Left,
        Answer::No if no_others => Fate::Off,
        Answer::No => Fate::InDoubt(format!("{}; whether others will do is not known", curves.why)),
        Answer::Unknown => Fate::InDoubt(curves.why.clone()),
    }
}

/// What becomes of a suite whose keys may be refused for their size. Which keys a service has is not known; its suites with
/// ECDSA need a certificate of that kind, which is not known either.
fn key_sizes(exchanges: &[KeyExchange], suite: &str) -> Fate {
    let touched = |exchange: &&KeyExchange| match exchange.exchange {
        Exchange::Pkcs => true,
        Exchange::DiffieHellman => suite.contains("_DHE_"),
        Exchange::Ecdh => false,
    };
    match exchanges.iter().filter(touched).find_map(KeyExchange::takes_usual) {
        Some((_, why, _)) => Fate::InDoubt(format!("{why}; which keys the service has is not known")),
        None => Fate::Left,
    }
}

/// What a list is, with what is in doubt about it.
fn with(list: &str, doubt: Option<String>) -> String {
    doubt.map_or_else(|| list.to_owned(), |doubt| format!("{list}; {doubt}"))
}

/// The algorithms that are turned off, each once.
fn names(off: &[usize]) -> Vec<String> {
    let all = off.iter().filter_map(|&i| SWITCHES.get(i)).map(|s| s.1.to_owned());
    all.fold(Vec::new(), |mut all, name| {
        if !all.contains(&name) {
            all.push(name);
        }
        all
    })
}

fn about(ciphers: &Ciphers, lints: &mut Vec<Lint>) {
    let place = || ciphers.place.clone();
    if ciphers.tls12_left == Answer::No {
        let why = format!("no cipher suite of TLS 1.2 is left ({})", ciphers.why);
        lints.push(Lint::new(Code::NoTls12Suite, why, place()));
        return;
    }
    if ciphers.strong_left == Answer::No {
        let why = format!(
            "no cipher suite of TLS 1.2 is left to programs that ask for strong cryptography, as .NET does ({})",
            ciphers.why
        );
        lints.push(Lint::new(Code::NoStrongSuite, why, place()));
    }
    if ciphers.entra_left == Answer::No {
        let newer = match ciphers.tls13_left {
            Answer::Yes => "; one of TLS 1.3 is, which endpoints of Entra ID are getting, perhaps not all",
            Answer::No | Answer::Unknown => "",
        };
        let why = format!("no cipher suite of TLS 1.2 that Entra ID accepts is left ({}){newer}", ciphers.why);
        lints.push(Lint::new(Code::NoEntraSuite, why, place()));
    }
}

fn unknown(why: String, place: Option<Place>) -> Ciphers {
    Ciphers {
        source: ListSource::Unknown,
        azure_devops: (Answer::Unknown, why.clone()),
        mozilla_alone: (Answer::Unknown, why.clone()),
        why,
        place,
        listed: None,
        tls12: Vec::new(),
        in_doubt: None,
        tls12_left: Answer::Unknown,
        tls13_left: Answer::Unknown,
        strong_left: Answer::Unknown,
        entra_left: Answer::Unknown,
        turned_off: Vec::new(),
        as_shipped: false,
    }
}

/// What is known of [`SWITCHES`].
struct Switches {
    /// Those that are off, by index.
    off: Vec<usize>,
    /// Those with a number of which no source says whether it is on or off.
    undocumented: Vec<usize>,
    /// Why that may not be all.
    doubt: Option<String>,
}

fn switches(registry: &Registry, lints: &mut Vec<Lint>) -> Switches {
    let (mut off, mut undocumented) = (Vec::new(), Vec::new());
    let mut doubt: Option<String> = None;
    for group in ["Ciphers", "Hashes", "KeyExchangeAlgorithms"] {
        let key = schannel::key(group);
        let names = match registry.children(&key) {
            Listing::Found { names, whole } => {
                if !whole {
                    doubt.get_or_insert_with(|| format!("the input speaks of some of {group} alone"));
                }
                names
            }
            Listing::KeyAbsent => continue,
            Listing::NotCovered => {
                doubt.get_or_insert_with(|| format!("{group}: {}", ask::not_covered(&key)));
                continue;
            }
            Listing::Unreadable(error, _) => {
                doubt.get_or_insert_with(|| format!("{group} cannot be read: {error}"));
                continue;
            }
        };
        let known = SWITCHES.iter().filter(|s| s.0 == group).map(|s| s.1);
        let known: Vec<&str> = known.chain(WITHOUT_SUITES.iter().filter(|s| s.0 == group).map(|s| s.1)).collect();
        lookalikes::algorithms(registry, group, &names, &known, lints);
        let mut asked: Option<(&str, Answer)> = None;
        for (i, (_, name, ..)) in SWITCHES.iter().enumerate().filter(|(_, s)| s.0 == group) {
            let name_in_key = Name::from(*name);
            if !names.iter().any(|known| known.matches(name_in_key.units())) {
                continue;
            }
            let on = match asked {
                Some((before, on)) if before == *name => on,
                _ => match ask::number(registry, &ask::child(&key, &name_in_key), "Enabled").0 {
                    Setting::Number(0, _) => Answer::No,
                    Setting::Number(u32::MAX, _) | Setting::Absent => Answer::Yes,
                    Setting::Number(n, place) => {
                        let why = format!(
                            r"{group}\{name}: Enabled is {}; only 0 (off) and 0xFFFFFFFF (on) are documented there",
                            ask::shown(n)
                        );
                        lints.push(Lint::new(Code::CipherSwitchUndocumented, why, Some(place)));
                        Answer::Unknown
                    }
                    Setting::Odd(value, place) => {
                        let why = format!(
                            r"{group}\{name}: Enabled {}; what Windows makes of that is not known",
                            ask::odd(&value)
                        );
                        doubt.get_or_insert_with(|| why.clone());
                        lints.push(Lint::new(Code::CipherSwitchWrongType, why, Some(place)));
                        Answer::Yes
                    }
                    Setting::Unknown(why, _) => {
                        doubt.get_or_insert_with(|| format!(r"{group}\{name}: {why}"));
                        Answer::Yes
                    }
                },
            };
            asked = Some((name, on));
            match on {
                Answer::No => off.push(i),
                Answer::Unknown => undocumented.push(i),
                Answer::Yes => {}
            }
        }
    }
    Switches { off, undocumented, doubt }
}

/// Whether one of the patterns is in a suite's name: `^` at its start and `$` at its end hold the pattern there.
fn touches(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| match (pattern.strip_prefix('^'), pattern.strip_suffix('$')) {
        (Some(start), _) => name.starts_with(start),
        (None, Some(end)) => name.ends_with(end),
        (None, None) => name.contains(pattern),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_touch_the_suites_of_their_algorithm() {
        let touched = |suite: &str| {
            let hit: Vec<&str> = SWITCHES.iter().filter(|s| touches(s.2, suite)).map(|s| s.1).collect();
            hit.join(" ")
        };
        for (suite, by) in [
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "AES 128/128 SHA256 PKCS ECDH"),
            ("TLS_RSA_WITH_AES_256_CBC_SHA", "AES 256/256 SHA PKCS"),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "Triple DES 168 Triple DES 168/168 SHA PKCS"),
            ("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "AES 256/256 SHA384 PKCS Diffie-Hellman"),
            ("TLS_RSA_WITH_RC4_128_MD5", "RC4 128/128 MD5 PKCS"),
            ("TLS_RSA_WITH_NULL_SHA256", "NULL SHA256 PKCS"),
            ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "AES 256/256 SHA384 ECDH"),
            ("TLS_AES_128_GCM_SHA256", "AES 128/128 SHA256 ECDH"),
            ("TLS_CHACHA20_POLY1305_SHA256", "SHA256 ECDH"),
        ] {
            assert_eq!(touched(suite), by, "{suite}");
        }
    }
}

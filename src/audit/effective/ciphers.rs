//! Cipher suites: whether TLS 1.2 has one left, and one that Entra ID accepts.
//!
//! Sources: Microsoft, "Manage Transport Layer Security (TLS)" and "Prioritizing Schannel Cipher Suites" (the policy wins over
//! the local list; commas; 1,023 characters); "Restrict the use of certain cryptographic algorithms and protocols in
//! Schannel.dll" (KB245030: what RC4, DES, Triple DES, NULL, MD5, SHA and PKCS turn off); "Enable-TlsCipherSuite" (turning a
//! hash off turns its suites off). That AES, ECDH, Diffie-Hellman keys, and PKCS for suites that only sign with RSA, do
//! the same is common knowledge but in none of them: suites that rest on it alone are neither left nor gone.

mod list;

use super::ask::{self, Setting};
use super::suites;
use super::{Answer, Lint, schannel};
use crate::host::Windows;
use crate::place::Place;
use crate::registry::path::Name;
use crate::registry::{Listing, Registry};

/// Keys that turn algorithms off, and the words of a suite's name that they stand for. The last column says whether a source
/// that was read describes the effect.
const SWITCHES: [(&str, &str, &[&str], bool); 20] = [
    ("Ciphers", "AES 128/128", &["WITH_AES_128_"], false),
    ("Ciphers", "AES 256/256", &["WITH_AES_256_"], false),
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
    ("Hashes", "SHA256", &["_GCM_SHA256$"], false),
    ("Hashes", "SHA384", &["_CBC_SHA384$"], true),
    ("Hashes", "SHA384", &["_GCM_SHA384$"], false),
    ("KeyExchangeAlgorithms", "PKCS", &["^TLS_RSA_"], true),
    ("KeyExchangeAlgorithms", "PKCS", &["DHE_RSA_"], false),
    ("KeyExchangeAlgorithms", "ECDH", &["_ECDHE_"], false),
    ("KeyExchangeAlgorithms", "Diffie-Hellman", &["_DHE_"], false),
    ("KeyExchangeAlgorithms", "Diffie-Hellman", &["^TLS_DH_"], false),
];

/// In the names of suites that do not encrypt: nobody who asks for TLS 1.2 means those, and Windows uses them only where
/// somebody turns `NULL` on (KB245030).
const NULL: &str = "_WITH_NULL_";

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
    /// How many suites the list has.
    pub listed: usize,
    /// Those of TLS 1.2 that are left for sure, in order of preference.
    pub tls12: Vec<String>,
    /// Whether one of TLS 1.2 that encrypts is left.
    pub tls12_left: Answer,
    /// Whether one of TLS 1.2 is left to callers that ask for strong cryptography, as .NET does.
    pub strong_left: Answer,
    /// Whether one that Entra ID accepts is left.
    pub entra_left: Answer,
    /// Algorithms that are turned off, such as `RC4 128/128`.
    pub turned_off: Vec<String>,
}

pub(super) use list::keys;

/// What became of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Left,
    InDoubt,
    Off,
}

pub(super) fn read(registry: &Registry, windows: &Windows, lints: &mut Vec<Lint>) -> Ciphers {
    let Some(table) = suites::suites() else {
        return unknown("the table of cipher suites does not load".to_owned(), None);
    };
    let list = match list::read(registry, windows, table, lints) {
        Ok(list) => list,
        Err((why, place)) => return unknown(why, place),
    };
    let (off, doubt) = switches(registry, lints);
    let fate = |(name, certain): &(String, bool)| {
        let name = suites::without_curve(name);
        let hit =
            |proven: bool| off.iter().any(|&i| SWITCHES.get(i).is_some_and(|s| s.3 == proven && touches(s.2, name)));
        match (hit(true), hit(false) || doubt.is_some() || !certain) {
            (true, _) => Fate::Off,
            (false, true) => Fate::InDoubt,
            (false, false) => Fate::Left,
        }
    };
    let build = windows.build;
    let usable = |name: &str| table.knows(build, name) && table.is_tls12(name) && !name.contains(NULL);
    let known = list.suites.iter().filter(|(name, _)| usable(name));
    let judged: Vec<(&str, Fate)> = known.map(|suite| (suite.0.as_str(), fate(suite))).collect();
    // A name that is not in the table may be one that this build has: only if the build is in it does that mean nothing.
    let strangers = table.of(build).is_none() && list.suites.iter().any(|(name, _)| !table.knows(build, name));
    let left = |is: &dyn Fn(&str) -> bool| {
        let best = judged.iter().filter(|(name, _)| is(name)).map(|(_, fate)| *fate).min();
        match best {
            Some(Fate::Left) => Answer::Yes,
            Some(Fate::InDoubt) => Answer::Unknown,
            Some(Fate::Off) | None => {
                if strangers {
                    Answer::Unknown
                } else {
                    Answer::No
                }
            }
        }
    };
    let mut result = Ciphers {
        source: list.source,
        tls12_left: left(&|_| true),
        strong_left: left(&|name| table.is_strong(build, name)),
        entra_left: left(&|name| table.is_for_entra(name)),
        listed: list.suites.len(),
        tls12: judged.iter().filter(|(_, fate)| *fate == Fate::Left).map(|(name, _)| (*name).to_owned()).collect(),
        turned_off: off.iter().filter_map(|&i| SWITCHES.get(i)).map(|s| s.1.to_owned()).fold(
            Vec::new(),
            |mut all, name| {
                if !all.contains(&name) {
                    all.push(name);
                }
                all
            },
        ),
        why: list.why,
        place: list.place,
    };
    if result.tls12_left == Answer::Unknown {
        let doubt = doubt.unwrap_or_else(|| "what is left of it for sure is not known".to_owned());
        result.why = format!("{}; {doubt}", result.why);
    }
    about(&result, lints);
    result
}

fn about(ciphers: &Ciphers, lints: &mut Vec<Lint>) {
    let place = || ciphers.place.clone();
    if ciphers.tls12_left == Answer::No {
        let why = format!("no cipher suite of TLS 1.2 is left ({})", ciphers.why);
        lints.push(Lint::warning("no-tls12-suite", why, place()));
        return;
    }
    if ciphers.strong_left == Answer::No {
        let why = format!(
            "no cipher suite of TLS 1.2 is left to programs that ask for strong cryptography, as .NET does ({})",
            ciphers.why
        );
        lints.push(Lint::warning("no-strong-suite", why, place()));
    }
    if ciphers.entra_left == Answer::No {
        let why = format!("no cipher suite that Entra ID accepts is left ({})", ciphers.why);
        lints.push(Lint::warning("no-entra-suite", why, place()));
    }
}

fn unknown(why: String, place: Option<Place>) -> Ciphers {
    Ciphers {
        source: ListSource::Unknown,
        why,
        place,
        listed: 0,
        tls12: Vec::new(),
        tls12_left: Answer::Unknown,
        strong_left: Answer::Unknown,
        entra_left: Answer::Unknown,
        turned_off: Vec::new(),
    }
}

/// Which of [`SWITCHES`] are off, by index, and why that may not be all.
fn switches(registry: &Registry, lints: &mut Vec<Lint>) -> (Vec<usize>, Option<String>) {
    let mut off = Vec::new();
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
        let mut asked: Option<(&str, bool)> = None;
        for (i, (_, name, ..)) in SWITCHES.iter().enumerate().filter(|(_, s)| s.0 == group) {
            let name_in_key = Name::from(*name);
            if !names.iter().any(|known| known.matches(name_in_key.units())) {
                continue;
            }
            let is_off = match asked {
                Some((before, is_off)) if before == *name => is_off,
                _ => match ask::number(registry, &ask::child(&key, &name_in_key), "Enabled").0 {
                    Setting::Number(n, _) => n == 0,
                    Setting::Absent => false,
                    Setting::Odd(value, place) => {
                        let why = format!(
                            r"{group}\{name}: Enabled {}; what Windows makes of that is not known",
                            ask::odd(&value)
                        );
                        doubt.get_or_insert_with(|| why.clone());
                        lints.push(Lint::warning("cipher-switch-wrong-type", why, Some(place)));
                        false
                    }
                    Setting::Unknown(why, _) => {
                        doubt.get_or_insert_with(|| format!(r"{group}\{name}: {why}"));
                        false
                    }
                },
            };
            asked = Some((name, is_off));
            if is_off {
                off.push(i);
            }
        }
    }
    (off, doubt)
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
        ] {
            assert_eq!(touched(suite), by, "{suite}");
        }
    }
}

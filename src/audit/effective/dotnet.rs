//! .NET Framework: which protocols a program offers that does not name any.
//!
//! Sources: the .NET Framework 4.8 reference source, `ServicePointManager.Configuration.cs` and `NetRegistryConfiguration.cs`
//! (which values count, and how), `AppContextDefaultValues.Defaults.cs` (defaults by the framework that a program was built
//! for); Microsoft, "Transport Layer Security (TLS) best practices with the .NET Framework" (the two views, .NET 3.5).

mod app_context;
mod left;
mod overrides;
mod own;

pub use left::Left;
pub use overrides::Override;

use app_context::Switches;

use super::ask::{self, Pair, Setting};
use super::schannel::{Changed, ProtocolState};
use super::{Answer, Availability, Ciphers, Fact, Lint};
use crate::diagnostic::Code;
use crate::host::{Windows, lacks_wow64_node};
use crate::place::Place;
use crate::registry::{KeyInfo, Lookup, Registry};
use crate::windows::path::KeyPath;
use crate::windows::reading::{Part, Reading};
use crate::windows::value::ValueType;

pub(super) const SYSTEM_DEFAULT: &str = "SystemDefaultTlsVersions";
pub(super) const STRONG: &str = "SchUseStrongCrypto";
const WOW: &str = r"SOFTWARE\WOW6432Node";
const RELEASE_KEY: &str = r"SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full";
const RELEASE: &str = "Release";

/// What a hive cannot show.
pub const LIMITS: &str = "not visible in the registry: protocols that a program names in its code, AppContext switches of \
                          its own .config file, and .NET Core or .NET 5 and later, which read none of these values";

/// The framework version that a program was built for; it decides what absent values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// 4.5.2 or older
    UpTo452,
    /// 4.6 to 4.6.2
    From46,
    /// 4.7 or newer
    From47,
}

impl Target {
    /// From the oldest to the newest.
    pub const ALL: [Target; 3] = [Target::UpTo452, Target::From46, Target::From47];

    /// The versions, for people.
    pub fn text(self) -> &'static str {
        match self {
            Target::UpTo452 => "4.5.2 or older",
            Target::From46 => "4.6 to 4.6.2",
            Target::From47 => "4.7 or newer",
        }
    }

    /// The first release number that can run it.
    fn needs(self) -> u32 {
        match self {
            Target::UpTo452 => 0,
            Target::From46 => 393_295,
            Target::From47 => 460_798,
        }
    }
}

/// Which of the two views of the registry a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// 64-bit programs
    Bits64,
    /// 32-bit programs
    Bits32,
    /// The native ones, where it is not known whether Windows is 64-bit
    Native,
}

impl View {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            View::Bits64 => "64-bit",
            View::Bits32 => "32-bit",
            View::Native => "native",
        }
    }
}

/// What a program offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offer {
    /// What Schannel offers to callers that name no protocol.
    Os,
    /// TLS 1.0, 1.1 and 1.2, by name.
    Tls10To12,
    /// The same and TLS 1.3, by name: from .NET Framework 4.8 on.
    Tls10To13,
    /// SSL 3.0 and TLS 1.0.
    Ssl3Tls10,
    /// It cannot be told.
    Unknown,
}

/// Programs of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What they were built for.
    pub target: Target,
    /// Which view they read.
    pub view: View,
    /// What they offer.
    pub offer: Offer,
    /// Whether they can use TLS 1.2 as clients, with what Schannel allows and the cipher suites that are left.
    pub reaches_tls12: Answer,
    /// What stands in the way where they cannot, or where it cannot be told; else empty.
    pub hindrance: String,
    /// The values that decide it.
    pub why: String,
    /// Where they stand.
    pub places: Vec<Place>,
}

/// What .NET Framework programs do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotNet {
    /// The number of the installed release.
    pub release: Option<u32>,
    /// The same as it stands.
    pub(in crate::audit) release_value: Setting,
    /// The version that it is.
    pub version: Option<&'static str>,
    /// .NET 4 programs that name no protocol.
    pub programs: Vec<Program>,
    /// Whether .NET 2.0 to 3.5 programs that name no protocol reach TLS 1.2, by view.
    pub clr2: Vec<(View, Answer, String)>,
    /// Which of these programs have a protocol left, an old one included.
    pub left: Vec<Left>,
    /// Settings for single programs.
    pub overrides: Vec<Override>,
    /// Whether these leave TLS 1.2 to the programs of Entra Connect, and why.
    pub entra_connect: (Answer, String),
    /// Keys that hold values, and when they were written.
    pub(in crate::audit) changed: Vec<Changed>,
}

impl DotNet {
    /// Whether the installed release is one of those that are asked for, and why.
    pub(in crate::audit) fn at_least(&self, is: impl Fn(u32) -> Option<bool>) -> (Answer, String) {
        let said = ask::said(RELEASE, &self.release_value);
        match &self.release_value {
            Setting::Number(n, _) => {
                let answer = is(*n).map_or(Answer::Unknown, |yes| if yes { Answer::Yes } else { Answer::No });
                (answer, format!("Release={n}, which is .NET Framework {}", self.version.unwrap_or("before 4.5")))
            }
            Setting::Absent => (Answer::No, format!("{said}: there is no .NET Framework 4.5 or later")),
            Setting::Odd(..) | Setting::Unknown(..) => (Answer::Unknown, said),
        }
    }
}

/// The key of the framework in a view.
pub(super) fn home(wow: bool) -> KeyPath {
    let node = if wow { r"WOW6432Node\" } else { "" };
    ask::path(&format!(r"SOFTWARE\{node}Microsoft\.NETFramework"))
}

/// The key of a runtime in a view.
pub(super) fn key(wow: bool, runtime: &str) -> KeyPath {
    ask::path(&format!(r"SOFTWARE\{}Microsoft\.NETFramework\{runtime}", if wow { r"WOW6432Node\" } else { "" }))
}

pub(super) const V4: &str = "v4.0.30319";
pub(super) const V2: &str = "v2.0.50727";
/// Settings of single programs: the runtime, the setting, the key.
const PER_PROGRAM: [(&str, &str, &str); 4] = [
    (V4, SYSTEM_DEFAULT, r"v4.0.30319\System.Net.ServicePointManager.SystemDefaultTlsVersions"),
    (V4, overrides::SECURITY_PROTOCOL, r"v4.0.30319\System.Net.ServicePointManager.SecurityProtocol"),
    (V2, SYSTEM_DEFAULT, r"v2.0.50727\System.Net.ServicePointManager.SystemDefaultTlsVersions"),
    (V2, overrides::SECURITY_PROTOCOL, r"v2.0.50727\System.Net.ServicePointManager.SecurityProtocol"),
];

/// The first release whose programs ask for TLS 1.3 beside TLS 1.0 to 1.2: .NET Framework 4.8.
const FIRST_WITH_TLS13: u32 = 528_040;

/// What a program of .NET 4 goes by: its two values, and the switches that say what absent ones mean.
struct Settings<'a> {
    pair: &'a Pair,
    switches: &'a Switches,
}

impl Settings<'_> {
    /// Whether Windows chooses the protocols, each way that it may be.
    fn system(&self, target: Target) -> Vec<bool> {
        let defaults = self.switches.system.defaults(target == Target::From47);
        each(defaults.into_iter().flat_map(|on| meanings(&self.pair.first, on)))
    }

    /// Whether strong cryptography is on, each way that it may be.
    fn strong(&self, target: Target) -> Vec<bool> {
        let defaults = self.switches.strong.defaults(target != Target::UpTo452);
        each(defaults.into_iter().flat_map(|on| meanings(&self.pair.second, on)))
    }

    fn meanings(&self, target: Target) -> Vec<(bool, bool)> {
        let strong = self.strong(target);
        self.system(target).into_iter().flat_map(|system| strong.iter().map(move |strong| (system, *strong))).collect()
    }

    fn why(&self) -> String {
        let why = why(self.pair);
        // Where both values are there, the switches change nothing.
        let settled =
            [&self.pair.first, &self.pair.second].iter().all(|value| matches!(value, Setting::Number(0 | 1, _)));
        if settled || self.switches.why.is_empty() || self.switches.why.ends_with(&why) {
            return why;
        }
        format!("{why}, {}", self.switches.why)
    }
}

/// Each of them once.
fn each(all: impl Iterator<Item = bool>) -> Vec<bool> {
    let mut all: Vec<bool> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

pub(super) fn readings() -> Vec<Reading> {
    let runtimes = || [V4, V2].into_iter().chain(PER_PROGRAM.map(|(_, _, key)| key));
    let both = [false, true].into_iter().flat_map(|wow| runtimes().map(move |runtime| key(wow, runtime)));
    let both = both.map(|key| Reading::new(key, Part::AllValues));
    let switches = [false, true].map(app_context::reading);
    let own = [Reading::values(ask::path(RELEASE_KEY), &[RELEASE]), Reading::new(ask::path(WOW), Part::Existence)];
    both.chain(switches).chain(own).collect()
}

/// Whether `WOW6432Node` is known to be there: itself, or a key below it, which is all that a `.reg` file need list.
fn has_wow64_node(registry: &Registry) -> bool {
    let (keys, registry) = ([ask::path(WOW), key(true, V4), key(true, V2)], registry.without_overlay());
    keys.iter().any(|key| matches!(registry.key(key), Lookup::ValueAbsent(_)))
}

/// The views that this Windows has, and whether each is the one in WOW6432Node.
pub(super) fn views(registry: &Registry, windows: &Windows) -> Vec<(View, bool)> {
    match windows.architecture.has_wow64() {
        Some(true) => vec![(View::Bits64, false), (View::Bits32, true)],
        Some(false) => vec![(View::Bits32, false)],
        None if lacks_wow64_node(registry) => vec![(View::Native, false)],
        // Only 64-bit Windows has this key.
        None if has_wow64_node(registry) => {
            vec![(View::Bits64, false), (View::Bits32, true)]
        }
        None => vec![(View::Native, false), (View::Bits32, true)],
    }
}

pub(super) fn read(
    registry: &Registry,
    windows: &Windows,
    client: Option<&Fact>,
    protocols: &[ProtocolState],
    ciphers: &Ciphers,
    lints: &mut Vec<Lint>,
) -> DotNet {
    let (release_value, _) = ask::number(registry, &ask::path(RELEASE_KEY), RELEASE);
    let release = release_value.number();
    let targets = Target::ALL.into_iter().filter(|target| release.is_none_or(|n| n >= target.needs()));
    let targets: Vec<Target> = targets.collect();
    let state = client.map_or(Availability::Unknown, |fact| fact.state);
    let mut net = DotNet {
        release,
        release_value,
        version: release.and_then(version),
        programs: Vec::new(),
        clr2: Vec::new(),
        left: Vec::new(),
        overrides: Vec::new(),
        entra_connect: (Answer::Yes, "no setting is made for its programs alone".to_owned()),
        changed: Vec::new(),
    };
    let mut doubt = None;
    let mut sets: Vec<(View, Pair)> = Vec::new();
    for (view, wow) in views(registry, windows) {
        let pair = ask::pair(registry, &key(wow, V4), SYSTEM_DEFAULT, STRONG);
        lint_values(view, V4, &pair, lints);
        net.changed.extend(changed(&key(wow, V4), &pair));
        let switches = app_context::read(registry, view, wow, lints);
        net.changed.extend(switches.key.as_ref().map(|info| of_key(&app_context::key(wow), info)));
        let settings = Settings { pair: &pair, switches: &switches };
        for &target in &targets {
            let offer = offer(target, &settings, release);
            let suites = suites(target, &settings, ciphers);
            let why = settings.why();
            let (reaches_tls12, mut hindrance) = hindered(offer, state, suites, &why);
            let left = Left::of(view, Some(target), &left::offers(target, &settings), protocols, release);
            if left.answer == Answer::No {
                hindrance.clone_from(&left.why);
            }
            net.left.push(left);
            net.programs.push(Program { target, view, offer, reaches_tls12, hindrance, why, places: pair.places() });
        }
        let old = ask::pair(registry, &key(wow, V2), SYSTEM_DEFAULT, STRONG);
        lint_values(view, V2, &old, lints);
        let (answer, mut why) = clr2(&old, state, ciphers);
        let left = Left::of(view, None, &left::of_clr2(&old), protocols, release);
        if left.answer == Answer::No {
            why = format!("{}; {}", self::why(&old), left.why);
        }
        net.left.push(left);
        net.clr2.push((view, answer, why));
        for (runtime, setting, below) in PER_PROGRAM {
            let (found, why) = overrides::read(registry, view, runtime, setting, &key(wow, below), lints);
            net.overrides.extend(found);
            doubt = doubt.or(why.filter(|_| runtime == V4 && view != View::Bits32));
        }
        if view != View::Bits32 {
            let judged = own::judge(&net.overrides, &settings, state, release);
            net.entra_connect = match (judged, doubt.take()) {
                (Some(no @ (Answer::No, _)), _) => no,
                (_, Some(why)) => (Answer::Unknown, why),
                (Some(judged), None) => judged,
                (None, None) => net.entra_connect,
            };
        }
        sets.push((view, pair));
    }
    lints.extend(left::lint(&net.left));
    if let [(_, native), (_, wow)] = sets.as_slice()
        && [(&native.first, &wow.first), (&native.second, &wow.second)].iter().any(|(a, b)| differ(a, b))
    {
        let why =
            "the 64-bit and the 32-bit view have different .NET values: programs of one of them do something else";
        let place = wow.places().into_iter().chain(native.places()).next();
        lints.push(Lint::new(Code::DotnetViewsDiffer, why.to_owned(), place));
    }
    net
}

fn differ(a: &Setting, b: &Setting) -> bool {
    let unknown = |s: &Setting| matches!(s, Setting::Unknown(..));
    !unknown(a) && !unknown(b) && (a.number() != b.number() || a.is_set() != b.is_set())
}

/// What a program offers that does not name a protocol. Doubt about a value matters only where it would change the offer.
fn offer(target: Target, settings: &Settings<'_>, release: Option<u32>) -> Offer {
    match left::offers(target, settings).as_slice() {
        [Offer::Tls10To12] if release.is_some_and(|release| release >= FIRST_WITH_TLS13) => Offer::Tls10To13,
        [one] => *one,
        _ => Offer::Unknown,
    }
}

/// How .NET may read a switch. Where it is on by default only 0 turns it off, elsewhere only 1 turns it on.
fn meanings(setting: &Setting, on_by_default: bool) -> Vec<bool> {
    match setting {
        Setting::Absent => vec![on_by_default],
        Setting::Number(n, _) => vec![if on_by_default { *n != 0 } else { *n == 1 }],
        // Any other type is as if the value were not there; a REG_DWORD of another length is not described.
        Setting::Odd(value, _) if value.kind != ValueType::DWORD => vec![on_by_default],
        Setting::Odd(..) | Setting::Unknown(..) => vec![true, false],
    }
}

fn reaches(offer: Offer, client: Availability) -> Answer {
    match (offer, client) {
        (Offer::Ssl3Tls10, _) | (_, Availability::Off | Availability::NotSupported) => Answer::No,
        (Offer::Unknown, _) | (_, Availability::Unknown) => Answer::Unknown,
        // A protocol that is asked for by name is given though it is off by default.
        (Offer::Tls10To12 | Offer::Tls10To13, Availability::On | Availability::SoftOff)
        | (Offer::Os, Availability::On) => Answer::Yes,
        (Offer::Os, Availability::SoftOff) => Answer::No,
    }
}

/// Whether a cipher suite of TLS 1.2 is left to a program, and whether it asks for strong cryptography. Doubt about that
/// matters only where it would change the answer.
fn suites(target: Target, settings: &Settings<'_>, ciphers: &Ciphers) -> (Answer, bool) {
    let left = |strong: bool| if strong { ciphers.strong_left } else { ciphers.tls12_left };
    let strong = settings.strong(target);
    let asks = strong.iter().all(|strong| *strong);
    match strong.as_slice() {
        [one] => (left(*one), asks),
        _ if left(true) == left(false) => (left(true), asks),
        _ => (Answer::Unknown, asks),
    }
}

/// Whether a program reaches TLS 1.2; if not, or if that cannot be told, what stands in the way.
fn hindered(offer: Offer, client: Availability, (suites, strong): (Answer, bool), why: &str) -> (Answer, String) {
    let by_protocol = reaches(offer, client);
    let text = match (by_protocol, offer, suites) {
        (Answer::No, Offer::Ssl3Tls10, _) => "SSL 3.0 and TLS 1.0 only",
        (Answer::No, ..) => "Schannel does not offer TLS 1.2",
        (_, _, Answer::No) if strong => "strong cryptography leaves it no cipher suite of TLS 1.2",
        (_, _, Answer::No) => "no cipher suite of TLS 1.2 is left",
        (Answer::Unknown, Offer::Unknown, _) => why,
        (Answer::Unknown, ..) => "what Schannel allows is not known",
        (Answer::Yes, _, Answer::Unknown) => "which cipher suites are left to it is not known",
        (Answer::Yes, _, Answer::Yes) => "",
    };
    (both(by_protocol, suites), text.to_owned())
}

fn both(one: Answer, two: Answer) -> Answer {
    match (one, two) {
        (Answer::No, _) | (_, Answer::No) => Answer::No,
        (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
        (Answer::Yes, Answer::Yes) => Answer::Yes,
    }
}

fn why(pair: &Pair) -> String {
    match (&pair.first, &pair.second) {
        (Setting::Unknown(one, _), Setting::Unknown(two, _)) if one == two => one.clone(),
        (first, second) => format!("{}, {}", ask::said(SYSTEM_DEFAULT, first), ask::said(STRONG, second)),
    }
}

/// .NET 2.0 to 3.5: `SchUseStrongCrypto` helps only programs that name a protocol, so the other value alone counts.
fn clr2(pair: &Pair, client: Availability, ciphers: &Ciphers) -> (Answer, String) {
    let reading = meanings(&pair.first, false);
    match reading.as_slice() {
        [true] => {
            let why = "SystemDefaultTlsVersions=1, with the updates of 2016 or later";
            match hindered(Offer::Os, client, (ciphers.tls12_left, false), why) {
                (answer, hindrance) if hindrance.is_empty() => (answer, why.to_owned()),
                (answer, hindrance) => (answer, format!("{why}; {hindrance}")),
            }
        }
        [false] => (Answer::No, "SystemDefaultTlsVersions is not 1: SSL 3.0 and TLS 1.0".to_owned()),
        _ => (Answer::Unknown, why(pair)),
    }
}

fn changed(key: &KeyPath, pair: &Pair) -> Option<Changed> {
    let unknown = [&pair.first, &pair.second].iter().any(|s| matches!(s, Setting::Unknown(..)));
    let last_write = match &pair.key {
        Some(info) => info.last_write.ok_or_else(|| ask::no_time(info)),
        None => Err("the key cannot be read, or is not covered".to_owned()),
    };
    let place = pair.key.as_ref().map(|info| info.place.clone());
    let is_set = unknown || pair.first.is_set() || pair.second.is_set();
    is_set.then(|| Changed { key: key.to_string(), place, last_write })
}

/// A key that holds what matters.
fn of_key(key: &KeyPath, info: &KeyInfo) -> Changed {
    let last_write = info.last_write.ok_or_else(|| ask::no_time(info));
    Changed { key: key.to_string(), place: Some(info.place.clone()), last_write }
}

fn lint_values(view: View, runtime: &str, pair: &Pair, lints: &mut Vec<Lint>) {
    let head = format!("{runtime} ({} programs)", view.text());
    for (name, setting) in [(SYSTEM_DEFAULT, &pair.first), (STRONG, &pair.second)] {
        match setting {
            Setting::Number(n, place) if *n > 1 => {
                let shown = ask::shown(*n);
                let why = format!("{head}: {name} is {shown}, which older programs read as 0 and newer ones as 1");
                lints.push(Lint::new(Code::DotnetOddValue, why, Some(place.clone())));
            }
            Setting::Odd(value, place) => {
                let effect = if value.kind == ValueType::DWORD {
                    "what .NET makes of that is not known"
                } else {
                    ".NET ignores it"
                };
                let why = format!("{head}: {name} {}, not REG_DWORD: {effect}", ask::odd(value));
                lints.push(Lint::new(Code::DotnetWrongType, why, Some(place.clone())));
            }
            _ => {}
        }
    }
    // Under the older runtime 0 is what absent values do anyway.
    if let (V4, Setting::Number(0, place), Setting::Number(0, _)) = (runtime, &pair.first, &pair.second) {
        let why = format!("{head}: both values are 0, which leaves programs that name no protocol SSL 3.0 and TLS 1.0");
        lints.push(Lint::new(Code::DotnetDowngraded, why, Some(place.clone())));
    }
}

fn version(release: u32) -> Option<&'static str> {
    let versions = super::suites::dotnet_releases();
    versions.iter().filter(|(from, _)| *from <= release).max_by_key(|(from, _)| *from).map(|(_, v)| v.as_str())
}

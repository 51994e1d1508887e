//! Schannel's protocols: which of them Windows offers and accepts.
//!
//! Sources: Microsoft, "Transport Layer Security (TLS) registry settings" (three editions: 2019, 2021, 2023); "Restrict the
//! use of certain cryptographic algorithms and protocols in Schannel.dll" (KB245030); "Protocols in TLS/SSL (Schannel
//! SSP)". The state machine is that of Wine's `dlls/secur32/schannel.c` (`read_config`, `acquire_credentials_handle`), which
//! does what those pages describe: any `Enabled` but 0 enables, any `DisabledByDefault` but 0 withdraws the protocol from
//! callers that name none, and an absent value is the release's default.

mod values;

pub use values::Values;

use super::ask::{self, Pair, Setting};
use super::os_defaults::{Default, Release};
use super::updates::Updates;
use super::{Answer, Availability, Fact, Lint};
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::registry::{Listing, Registry};
use crate::windows::FileTime;
use crate::windows::path::{KeyPath, Name};
use crate::windows::reading::{Part, Reading};
use crate::windows::subject::{PROTOCOLS, Side};

const SCHANNEL: &str = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";
/// Windows Server 2022: the releases after it have TLS 1.3 as well.
pub(crate) const FIRST_WITH_TLS13: u32 = 20348;
pub(super) const ENABLED: &str = "Enabled";
pub(super) const DISABLED: &str = "DisabledByDefault";

/// One protocol on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolState {
    /// Its name, which is that of its key.
    pub protocol: &'static str,
    /// When this machine connects.
    pub client: Fact,
    /// When others connect to it.
    pub server: Fact,
    /// Its four values, whatever this Windows makes of them.
    pub values: Values,
}

pub(super) struct Schannel {
    pub(super) protocols: Vec<ProtocolState>,
    /// Keys that make a difference to the defaults, or may: when they were last written.
    pub(super) changed: Vec<Changed>,
}

/// A key that changes what a machine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) struct Changed {
    pub(in crate::audit) key: String,
    pub(in crate::audit) place: Option<Place>,
    /// When it was last written; the reason when that cannot be told.
    pub(in crate::audit) last_write: Result<FileTime, String>,
}

pub(super) fn of<'a>(protocols: &'a [ProtocolState], name: &str) -> Option<&'a ProtocolState> {
    protocols.iter().find(|p| p.protocol == name)
}

/// Whether a protocol is left to one side, if only to programs that name it; those over datagrams do not count.
pub(in crate::audit) fn left(protocols: &[ProtocolState], side: Side) -> (Answer, String) {
    let over_streams = protocols.iter().filter(|protocol| !protocol.protocol.starts_with("DTLS"));
    let states: Vec<(&str, Availability)> = over_streams
        .map(|p| (p.protocol, if side == Side::Client { p.client.state } else { p.server.state }))
        .collect();
    let list = |is: fn(Availability) -> bool| {
        let of: Vec<&str> = states.iter().filter(|(_, state)| is(*state)).map(|(name, _)| *name).collect();
        (!of.is_empty()).then(|| of.join(", "))
    };
    let left = list(|state| matches!(state, Availability::On | Availability::SoftOff));
    match (left, list(|state| state == Availability::Unknown)) {
        (Some(left), _) => (Answer::Yes, format!("{left} is left")),
        (None, Some(doubt)) => (Answer::Unknown, format!("whether {doubt} is left is not known")),
        (None, None) => (Answer::No, "all protocols of SSL and TLS are off".to_owned()),
    }
}

/// The lint on a Windows that has turned all its protocols off.
pub(super) fn none_left(protocols: &[ProtocolState]) -> Vec<Lint> {
    let sides = [(Side::Client, "connect to nobody"), (Side::Server, "be connected to by nobody")];
    let cut_off = sides.into_iter().filter(|(side, _)| left(protocols, *side).0 == Answer::No);
    let lint = |(_, what): (Side, &str)| {
        let why = format!("all protocols of SSL and TLS are off: programs that use Schannel can {what}");
        Lint::new(Code::SchannelNoProtocolLeft, why, None)
    };
    cut_off.map(lint).collect()
}

/// Whether peers that cannot renegotiate safely are taken: the value, and which peers.
const RENEGOTIATION: [(&str, &str); 2] =
    [("AllowInsecureRenegoClients", "clients"), ("AllowInsecureRenegoServers", "servers")];

pub(super) fn readings() -> Vec<Reading> {
    let groups = ["Protocols", "Ciphers", "Hashes", "KeyExchangeAlgorithms"];
    let own = Reading::values(ask::path(SCHANNEL), &RENEGOTIATION.map(|(name, _)| name));
    groups.into_iter().map(|group| Reading::new(key(group), Part::Tree)).chain([own]).collect()
}

/// What is set for all protocols, and told though it changes no state: whether peers that cannot renegotiate safely are taken
/// (Microsoft, "Exchange Server TLS configuration", TLS renegotiation strict mode: 0 is strict; CSS-Exchange reports both).
fn renegotiation(registry: &Registry, lints: &mut Vec<Lint>) {
    for (name, peers) in RENEGOTIATION {
        if let (Setting::Number(n, place), _) = ask::number(registry, &ask::path(SCHANNEL), name)
            && n != 0
        {
            let why = format!(
                "{name}={}: {peers} that cannot renegotiate safely (RFC 5746) are taken; 0 refuses them",
                ask::shown(n)
            );
            lints.push(Lint::new(Code::SchannelInsecureRenegotiation, why, Some(place)));
        }
    }
}

/// A key below `SCHANNEL`.
pub(super) fn key(below: &str) -> KeyPath {
    ask::path(&format!(r"{SCHANNEL}\{below}"))
}

pub(super) fn read(
    registry: &Registry,
    windows: &Windows,
    release: Option<&Release>,
    updates: &Updates<'_>,
    lints: &mut Vec<Lint>,
) -> Schannel {
    renegotiation(registry, lints);
    let protocols_key = key("Protocols");
    let listing = registry.children(&protocols_key);
    let names: &[Name] = if let Listing::Found { names, .. } = &listing { names } else { &[] };
    let mut protocols = Vec::new();
    let mut changed = Vec::new();
    for protocol in PROTOCOLS {
        let listed = names.iter().any(|name| name.matches(Name::from(protocol).units()));
        let known_absent = match &listing {
            Listing::KeyAbsent => true,
            Listing::Found { whole, .. } => *whole && !listed,
            Listing::NotCovered | Listing::Unreadable(..) => false,
        };
        let key = ask::child(&protocols_key, &Name::from(protocol));
        let side = |name: &str| {
            if known_absent {
                return Pair::absent();
            }
            ask::pair(registry, &ask::child(&key, &Name::from(name)), ENABLED, DISABLED)
        };
        let pairs = (side("Client"), side("Server"));
        let defaults = release.map_or((Default::Unknown, Default::Unknown), |release| release.default_of(protocol));
        let update = release.and_then(|r| r.update.as_deref()).filter(|_| ["TLS 1.1", "TLS 1.2"].contains(&protocol));
        let judged = |pair, default| {
            let fact = with_update(judge(pair, default, windows, release), update, updates);
            if protocol == "TLS 1.3" { only_where_there(fact, windows, release) } else { fact }
        };
        let (client, server) = (judged(&pairs.0, defaults.0), judged(&pairs.1, defaults.1));
        for (side, pair, default) in [("Client", &pairs.0, defaults.0), ("Server", &pairs.1, defaults.1)] {
            odd_values(protocol, side, pair, default, lints);
            changed.extend(change(protocol, side, pair, default));
        }
        let is_set = !(client.places.is_empty() && server.places.is_empty());
        // Where the release itself treats the sides differently, a difference says nothing.
        let known = client.state != Availability::Unknown && server.state != Availability::Unknown;
        if is_set && known && defaults.0 == defaults.1 && client.state != server.state {
            let why = format!(
                "{protocol} differs: {} for the client, {} for the server",
                client.state.word(),
                server.state.word()
            );
            let place = client.places.first().or(server.places.first()).cloned();
            lints.push(Lint::new(Code::SchannelSidesDiffer, why, place));
        }
        let values = Values::of(&pairs.0, &pairs.1);
        protocols.push(ProtocolState { protocol, client, server, values });
    }
    Schannel { protocols, changed }
}

/// One side of one protocol.
fn judge(pair: &Pair, default: Default, windows: &Windows, release: Option<&Release>) -> Fact {
    let build = windows.build.map_or_else(|| "an unknown build".to_owned(), |build| format!("build {build}"));
    if default == Default::None {
        let names = release.map(|release| release.names.as_str()).unwrap_or_default();
        return Fact::new(Availability::NotSupported, format!("{names} does not have it ({build})"), Vec::new());
    }
    let fact = |state, why: String| Fact::new(state, why, pair.places());
    for (name, setting) in [(ENABLED, &pair.first), (DISABLED, &pair.second)] {
        match setting {
            // Enabled=0 decides alone, so doubt about the other value changes nothing.
            _ if pair.first.number() == Some(0) => {}
            Setting::Unknown(why, _) => return fact(Availability::Unknown, why.clone()),
            Setting::Odd(value, _) => {
                let odd = ask::odd(value);
                return fact(Availability::Unknown, format!("{name} {odd}; what Windows makes of that is not known"));
            }
            Setting::Absent | Setting::Number(..) => {}
        }
    }
    let said: Vec<String> = [(ENABLED, &pair.first), (DISABLED, &pair.second)]
        .into_iter()
        .filter_map(|(name, setting)| setting.number().map(|n| format!("{name}={}", ask::shown(n))))
        .collect();
    let by_default = match release {
        Some(_) => format!("OS default of {build}"),
        None => format!("the OS default of {build} is not known"),
    };
    let enabled = pair.first.number().map(|n| n != 0);
    let soft = pair.second.number().map(|n| n != 0);
    let state = combine(enabled, soft, default);
    let why = match (said.is_empty(), state) {
        (true, Availability::Unknown) if release.is_some() => format!("what {build} does by default is not known"),
        (true, _) => by_default,
        (false, Availability::Unknown) if default == Default::Off => {
            let either = if enabled == Some(true) { "on or soft-off" } else { "on or off" };
            let doubt = format!("{build} has it off by default, by which value is not documented");
            format!("{}; {doubt}: it is {either}", said.join(", "))
        }
        (false, Availability::Unknown) if release.is_some() => {
            format!("{}; the rest is a default of {build} that is not known", said.join(", "))
        }
        (false, Availability::Unknown) => format!("{}; {by_default}", said.join(", ")),
        (false, Availability::SoftOff) if soft.is_none() => {
            format!("{}; soft-off is the {by_default}", said.join(", "))
        }
        (false, Availability::Off) if enabled.is_none() => format!("{}; off is the {by_default}", said.join(", ")),
        (false, _) => said.join(", "),
    };
    fact(state, why)
}

/// What is left of a state that holds only with an update: all of it, where that is known to be installed.
fn with_update(fact: Fact, update: Option<&str>, updates: &Updates<'_>) -> Fact {
    let Some(update) = update else { return fact };
    let Fact { state, why, mut places } = fact;
    match (updates.proof(update), state) {
        (Some(proof), Availability::On | Availability::SoftOff) => {
            places.push(proof);
            Fact::new(state, format!("{why}; {update} is installed"), places)
        }
        (None, Availability::On) => {
            Fact::new(Availability::Unknown, format!("{why}: on if {update} is installed"), places)
        }
        (None, Availability::SoftOff) => {
            Fact::new(Availability::SoftOff, format!("{why} (with {update}; without it, not there)"), places)
        }
        _ => Fact::new(state, why, places),
    }
}

/// What the values say of a protocol that many releases do not have is not known of a release that is not known.
fn only_where_there(fact: Fact, windows: &Windows, release: Option<&Release>) -> Fact {
    let has_it = release.is_some() || windows.build.is_some_and(|build| build >= FIRST_WITH_TLS13);
    match fact.state {
        Availability::On | Availability::SoftOff if !has_it => {
            let why = format!("{}; whether this Windows has it is not known", fact.why);
            Fact { state: Availability::Unknown, why, ..fact }
        }
        _ => fact,
    }
}

/// The state machine. Absent values are `None`. A default of off that is `Enabled` would be undone by `Enabled=1` alone, one
/// that is `DisabledByDefault` by `DisabledByDefault=0` alone; where no source says which of the two it is, the other value
/// decides between two states, and neither is guessed.
fn combine(enabled: Option<bool>, soft_off: Option<bool>, default: Default) -> Availability {
    match (enabled, soft_off, default) {
        (_, _, Default::None) => Availability::NotSupported,
        (Some(false), ..) => Availability::Off,
        (Some(true), Some(false), _) => Availability::On,
        (Some(true), Some(true), _) => Availability::SoftOff,
        (Some(true), None, Default::On) | (None, Some(false), Default::On | Default::SoftOff) => Availability::On,
        (Some(true), None, Default::SoftOff) | (None, Some(true), Default::On | Default::SoftOff) => {
            Availability::SoftOff
        }
        (None, None, Default::On) => Availability::On,
        (None, None, Default::SoftOff) => Availability::SoftOff,
        (None, None | Some(true), Default::Off) => Availability::Off,
        (_, _, Default::Unknown | Default::Off) => Availability::Unknown,
    }
}

/// A side key whose values may make a difference.
fn change(protocol: &str, side: &str, pair: &Pair, default: Default) -> Option<Changed> {
    let differs = match (&pair.first, &pair.second, default) {
        (_, _, Default::None) | (Setting::Absent, Setting::Absent, _) => false,
        (Setting::Unknown(..), _, _) | (_, Setting::Unknown(..), _) => true,
        (Setting::Number(..) | Setting::Absent, Setting::Number(..) | Setting::Absent, _) => {
            let enabled = pair.first.number().map(|n| n != 0);
            let soft = pair.second.number().map(|n| n != 0);
            let state = combine(enabled, soft, default);
            state == Availability::Unknown || state != combine(None, None, default)
        }
        _ => true,
    };
    let last_write = match (&pair.key, pair.first.place()) {
        (Some(info), _) => info.last_write.ok_or_else(|| ask::no_time(info)),
        (None, _) => Err("the key cannot be read, or is not covered".to_owned()),
    };
    let place = pair.key.as_ref().map(|info| info.place.clone());
    differs.then(|| Changed { key: format!(r"{protocol}\{side}"), place, last_write })
}

fn odd_values(protocol: &str, side: &str, pair: &Pair, default: Default, lints: &mut Vec<Lint>) {
    for (name, setting, off) in [(ENABLED, &pair.first, 0), (DISABLED, &pair.second, 1)] {
        match setting {
            Setting::Number(n, place) if *n > 1 => {
                let means = if off == 0 { "on" } else { "disabled by default" };
                let why = format!(
                    r"{protocol}\{side}: {name} is {}; any number but 0 means {means}, and 1 is the canonical one",
                    ask::shown(*n)
                );
                lints.push(Lint::new(Code::SchannelNonCanonical, why, Some(place.clone())));
            }
            Setting::Odd(value, place) => {
                let why = format!(
                    r"{protocol}\{side}: {name} {}, not REG_DWORD; what Windows makes of that is not known",
                    ask::odd(value)
                );
                lints.push(Lint::new(Code::SchannelWrongType, why, Some(place.clone())));
            }
            _ => {}
        }
    }
    match (&pair.first, &pair.second) {
        (Setting::Number(0, place), Setting::Number(0, _)) => {
            let why =
                format!(r"{protocol}\{side}: Enabled=0 with DisabledByDefault=0 contradict each other; Enabled=0 wins");
            lints.push(Lint::new(Code::SchannelContradiction, why, Some(place.clone())));
        }
        (Setting::Number(n, place), _) if *n != 0 && default == Default::None => {
            // "Not a safe system configuration", in the words of the page on protocols.
            let id = if protocol == "TLS 1.3" { Code::Tls13OnUnsupportedOs } else { Code::SchannelNotSupported };
            let why =
                format!(r"{protocol}\{side} is enabled on a Windows that does not have {protocol}: remove the key");
            lints.push(Lint::new(id, why, Some(place.clone())));
        }
        _ => {}
    }
}

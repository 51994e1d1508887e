//! Ways to exchange keys: whether each is on, and the smallest keys that it takes.
//!
//! Sources: Microsoft, "Restrict the use of certain cryptographic algorithms and protocols in Schannel.dll" (KB245030: 0 is off,
//! 0xFFFFFFFF is on, absent is the default, which is on); "Transport Layer Security (TLS) registry settings",
//! KeyExchangeAlgorithm (the smallest keys, from Windows 10 and Server 2016 on).

use super::ask::{self, Setting};
use super::curves::FIRST_WITH_A_LIST as FIRST_WITH_SIZES;
use super::schannel;
use super::{Answer, Lint};
use crate::diagnostic::Code;
use crate::place::Place;
use crate::registry::Registry;
use crate::windows::path::{KeyPath, Name};
use crate::windows::subject::{Exchange, Side};

/// One way to exchange keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyExchange {
    /// Which one.
    pub exchange: Exchange,
    /// Whether it is on.
    pub on: Answer,
    /// What that rests on.
    pub why: String,
    build: Option<u32>,
    client: Option<Setting>,
    server: Option<Setting>,
    /// The largest key that the client takes.
    largest: Option<Setting>,
}

/// The size that servers on the Internet have: no input says what theirs is, so larger demands are told.
const USUAL: u32 = 2048;
const LARGEST: &str = "ClientMaxKeyBitLength";

pub(super) fn read(registry: &Registry, build: Option<u32>, lints: &mut Vec<Lint>) -> Vec<KeyExchange> {
    let all: Vec<KeyExchange> = Exchange::ALL.map(|exchange| one(registry, exchange, build)).into();
    for exchange in &all {
        if let Some((Answer::No, why, place)) = exchange.takes_usual() {
            let why = format!(r"KeyExchangeAlgorithms\{}: {why}", exchange.exchange.key());
            lints.push(Lint::new(Code::KeySizeRefused, why, place));
        }
    }
    all
}

/// Its key below `KeyExchangeAlgorithms`.
fn key(exchange: Exchange) -> KeyPath {
    ask::child(&schannel::key("KeyExchangeAlgorithms"), &Name::from(exchange.key()))
}

fn one(registry: &Registry, exchange: Exchange, build: Option<u32>) -> KeyExchange {
    let key = key(exchange);
    let (enabled, _) = ask::number(registry, &key, schannel::ENABLED);
    let said = ask::said(schannel::ENABLED, &enabled);
    let (on, why) = match enabled {
        Setting::Absent => (Answer::Yes, format!("{said}: it is on by default")),
        Setting::Number(0, _) => (Answer::No, said),
        Setting::Number(u32::MAX, _) => (Answer::Yes, said),
        Setting::Number(..) => (Answer::Unknown, format!("{said}: only 0 and 0xFFFFFFFF are documented there")),
        Setting::Odd(..) => (Answer::Unknown, format!("{said}; what Windows makes of that is not known")),
        Setting::Unknown(..) => (Answer::Unknown, said),
    };
    let smallest = |side| exchange.smallest(side).map(|name| ask::number(registry, &key, name).0);
    let (client, server) = (smallest(Side::Client), smallest(Side::Server));
    let largest = client.is_some().then(|| ask::number(registry, &key, LARGEST).0);
    KeyExchange { exchange, on, why, build, client, server, largest }
}

impl KeyExchange {
    /// Whether the client takes keys of the usual size, unless nothing is said of that; why, and where it stands.
    pub(super) fn takes_usual(&self) -> Option<(Answer, String, Option<Place>)> {
        // Older releases do not read these values.
        if self.build.is_some_and(|build| build < FIRST_WITH_SIZES) {
            return None;
        }
        let key = self.exchange.key();
        let name = self.exchange.smallest(Side::Client)?;
        let refused = |name: &str, setting: &Setting, refuses: &dyn Fn(u32) -> bool| match setting {
            Setting::Number(n, place) if refuses(*n) => {
                let said = ask::said(name, setting);
                let why = format!("{said} ({n}): a client does not take {key} keys of the usual {USUAL} bits");
                Some((Answer::No, why, Some(place.clone())))
            }
            Setting::Odd(_, place) => {
                let said = ask::said(name, setting);
                Some((
                    Answer::Unknown,
                    format!("{key}: {said}; what Windows makes of that is not known"),
                    Some(place.clone()),
                ))
            }
            Setting::Unknown(why, Some(place)) => {
                Some((Answer::Unknown, format!("{key}: {name}: {why}"), Some(place.clone())))
            }
            Setting::Absent | Setting::Number(..) | Setting::Unknown(_, None) => None,
        };
        let smallest = self.client.as_ref().and_then(|setting| refused(name, setting, &|n| n > USUAL));
        smallest.or_else(|| refused(LARGEST, self.largest.as_ref()?, &|n| n < USUAL))
    }

    /// Whether the smallest key that a side takes has at least so many bits, and why.
    pub(in crate::audit) fn at_least(&self, side: Side, bits: u32) -> (Answer, String) {
        let setting = if side == Side::Client { &self.client } else { &self.server };
        let (Some(setting), Some(name)) = (setting, self.exchange.smallest(side)) else {
            return (Answer::Unknown, "Windows has no such value".to_owned());
        };
        let said = ask::said(name, setting);
        if self.build.is_some_and(|build| build < FIRST_WITH_SIZES) && setting.is_set() {
            return (
                Answer::Unknown,
                format!("{said}; no source says that Windows before 10 and Server 2016 reads it"),
            );
        }
        let answer = |n| if n >= bits { Answer::Yes } else { Answer::No };
        match setting {
            Setting::Number(0, _) => (Answer::Unknown, format!("{said}; what Windows makes of that is not known")),
            Setting::Number(n, _) => (answer(*n), said),
            Setting::Absent => match self.default(side) {
                Some(n) => (answer(n), format!("{said}: {n} by default")),
                None => (Answer::Unknown, format!("{said}; the default of this Windows is not known")),
            },
            Setting::Odd(..) => (Answer::Unknown, format!("{said}; what Windows makes of that is not known")),
            Setting::Unknown(..) => (Answer::Unknown, said),
        }
    }

    /// What holds where nothing is set, as far as it is documented.
    fn default(&self, side: Side) -> Option<u32> {
        let documented = self.build.is_some_and(|build| build >= FIRST_WITH_SIZES);
        match (self.exchange, side) {
            (Exchange::DiffieHellman | Exchange::Pkcs, Side::Client) if documented => Some(1024),
            (Exchange::DiffieHellman, Side::Server) if documented => Some(2048),
            _ => None,
        }
    }
}

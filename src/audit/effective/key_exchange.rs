//! Ways to exchange keys: whether each is on, and the smallest keys that it takes.
//!
//! Sources: Microsoft, "Restrict the use of certain cryptographic algorithms and protocols in Schannel.dll" (KB245030: 0 is off,
//! 0xFFFFFFFF is on, absent is the default, which is on); "Transport Layer Security (TLS) registry settings",
//! KeyExchangeAlgorithm (the smallest keys, from Windows 10 and Server 2016 on).

use super::Answer;
use super::ask::{self, Setting};
use super::curves::FIRST_WITH_A_LIST as FIRST_WITH_SIZES;
use super::schannel;
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
}

pub(super) fn read(registry: &Registry, build: Option<u32>) -> Vec<KeyExchange> {
    Exchange::ALL.map(|exchange| one(registry, exchange, build)).into()
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
    KeyExchange { exchange, on, why, build, client: smallest(Side::Client), server: smallest(Side::Server) }
}

impl KeyExchange {
    /// Whether the smallest key that a side takes has at least so many bits, and why.
    pub(in crate::audit) fn at_least(&self, side: Side, bits: u32) -> (Answer, String) {
        let setting = if side == Side::Client { &self.client } else { &self.server };
        let (Some(setting), Some(name)) = (setting, self.exchange.smallest(side)) else {
            return (Answer::Unknown, "Windows has no such value".to_owned());
        };
        let said = ask::said(name, setting);
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
            (Exchange::DiffieHellman, Side::Client) if documented => Some(1024),
            (Exchange::DiffieHellman, Side::Server) if documented => Some(2048),
            _ => None,
        }
    }
}

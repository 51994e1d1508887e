//! What Windows would really do: OS defaults, the values that override them, and what .NET, WinHTTP and the cipher suites
//! make of both. Pure: look-ups in a registry, and tables in `effective/data`.
//!
//! A key that cannot be read or that no input covers never becomes a default: what rests on it is unknown.

mod ask;
mod ciphers;
mod curves;
mod dotnet;
mod key_exchange;
mod lifecycle;
mod lookalikes;
mod os_defaults;
mod overall;
mod product;
mod schannel;
mod suites;
pub mod tables;
mod updates;
mod usable;
mod winhttp;

use self::updates::Updates;
use crate::diagnostic::Code;
use crate::host::Windows;
use crate::place::Place;
use crate::registry::{Lookup, Registry};
use crate::windows::path::KeyPath;
use crate::windows::reading::Reading;
use crate::windows::state::State;

use super::restart::{self, Restart};

pub(in crate::audit) use ask::path;
pub(in crate::audit) use schannel::{Changed, left as protocol_left};
pub(in crate::audit) use usable::advice;

pub use crate::windows::subject::PROTOCOLS;
pub use ciphers::{Ciphers, ListSource};
pub use curves::Curves;
pub use dotnet::{DotNet, LIMITS as DOTNET_LIMITS, Left, Offer, Override, Program, Target, View};
pub use key_exchange::KeyExchange;
pub use lifecycle::Support;
pub use overall::{Overall, OverallState, Part};
pub(in crate::audit) use product::agents;
pub use product::{Agent, Entry, Installed, Needs, Product, Standing};
pub(crate) use schannel::FIRST_WITH_TLS13;
pub use schannel::{ProtocolState, Values};
pub(in crate::audit) use suites::at_least as dotnet_at_least;
pub use winhttp::{WinHttp, WinHttpView};

/// What a machine does in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// All of it in one line.
    pub overall: Overall,
    /// One a protocol, in the order of [`PROTOCOLS`], by its values and the cipher suites that are left.
    pub protocols: Vec<ProtocolState>,
    /// What .NET Framework programs offer.
    pub dotnet: DotNet,
    /// What WinHTTP callers offer.
    pub winhttp: WinHttp,
    /// Which cipher suites are left.
    pub ciphers: Ciphers,
    /// Which elliptic curves are left.
    pub curves: Curves,
    /// Ways to exchange keys, in the order of [`Exchange::ALL`](crate::windows::subject::Exchange::ALL).
    pub key_exchange: Vec<KeyExchange>,
    /// Which product is installed, and what its version asks for.
    pub product: Product,
    /// Whether the settings wait for a restart.
    pub restart: Restart,
    /// What is odd, whether it changes a state or not.
    pub lints: Vec<Lint>,
}

/// What becomes of one protocol on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Availability to every caller.
    On,
    /// Only for callers that ask for it by name.
    SoftOff,
    /// Refused to every caller.
    Off,
    /// This Windows does not have it, whatever the values say.
    NotSupported,
    /// It cannot be told.
    Unknown,
}

impl Availability {
    /// The state that it is.
    pub fn state(self) -> State {
        match self {
            Availability::On => State::On,
            Availability::SoftOff => State::SoftOff,
            Availability::Off => State::Off,
            Availability::NotSupported => State::NotSupported,
            Availability::Unknown => State::Unknown,
        }
    }

    /// In one word, as policies and every report write it.
    pub fn word(self) -> &'static str {
        self.state().word()
    }
}

/// A state and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The state.
    pub state: Availability,
    /// Why, such as `OS default of build 17763` or `Enabled=0xFFFFFFFF`.
    pub why: String,
    /// Where the values that decided it stand; none for a default.
    pub places: Vec<Place>,
}

/// Yes, no, or not to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It cannot be told.
    Unknown,
}

impl Answer {
    /// The state of what has two: one for yes, one for no.
    pub fn state(self, yes: State, no: State) -> State {
        match self {
            Answer::Yes => yes,
            Answer::No => no,
            Answer::Unknown => State::Unknown,
        }
    }

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        }
    }
}

/// One oddity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// What kind of oddity it is.
    pub id: Code,
    /// One sentence.
    pub why: String,
    /// Where it shows.
    pub place: Option<Place>,
}

impl Lint {
    fn new(id: Code, why: String, place: Option<Place>) -> Self {
        Self { id, why, place }
    }
}

/// Why a look-up has no answer.
pub(in crate::audit) fn no_answer(lookup: Lookup) -> String {
    ask::no_answer(lookup, &KeyPath::default()).0
}

/// The lint on a key `CurrentControlSet` in the hive itself: who imports a fix into a hive that is not in use makes one.
fn own_control_set(registry: &Registry) -> Option<Lint> {
    let (place, link) = registry.own_control_set()?;
    let link = link.map(|target| format!(" (a symbolic link to {target})")).unwrap_or_default();
    let why = format!(
        "SYSTEM has a key CurrentControlSet of its own{link}, which is never read: at its start Windows makes a link of that \
         name to the set of Select\\Current; what was imported into that key has no effect"
    );
    Some(Lint::new(Code::ControlSetUnread, why, Some(place)))
}

/// Works out what this registry makes Windows do.
pub fn effective(registry: &Registry, windows: &Windows) -> Effective {
    let mut lints = Vec::from_iter(own_control_set(registry));
    lookalikes::read(registry, &dotnet::views(registry, windows), &mut lints);
    let release = os_defaults::release(windows);
    let updates = Updates::new(registry, windows);
    let schannel = schannel::read(registry, windows, release, &updates, &mut lints);
    let mut client = schannel::of(&schannel.protocols, "TLS 1.2").map(|p| p.client.clone());
    // Off by default with an update, not there without: whoever names it may get it or not.
    if let (Some(client), Some(update)) = (&mut client, release.and_then(|release| release.update.as_deref()))
        && client.state == Availability::SoftOff
        && updates.proof(update).is_none()
    {
        client.state = Availability::Unknown;
    }
    let mut of_ciphers = Vec::new();
    let curves = curves::read(registry, windows);
    let key_exchange = key_exchange::read(registry, windows.build, &mut of_ciphers);
    let ciphers = ciphers::read(registry, windows, &curves, &key_exchange, &mut of_ciphers);
    let mut of_protocols = Vec::new();
    let protocols = usable::protocols(&schannel.protocols, &ciphers, &mut of_protocols);
    let dotnet = dotnet::read(registry, windows, client.as_ref(), &protocols, &ciphers, &mut lints);
    lints.extend(of_protocols);
    lints.extend(schannel::none_left(&protocols));
    let usable = schannel::of(&protocols, "TLS 1.2").map(|p| &p.client);
    let winhttp = winhttp::read(registry, windows, release, usable, &updates, &mut lints);
    lints.extend(of_ciphers);
    let product = product::read(registry, windows, &dotnet, &mut lints);
    let restart = restart::judge(registry, &[&schannel.changed, &dotnet.changed, &winhttp.changed]);
    let overall = overall::overall(&schannel.protocols, &dotnet, &ciphers);
    Effective { overall, protocols, dotnet, winhttp, ciphers, curves, key_exchange, product, restart, lints }
}

/// Everything that is looked at.
pub fn readings() -> Vec<Reading> {
    let all = [
        vec![restart::reading()],
        schannel::readings(),
        dotnet::readings(),
        winhttp::readings(),
        ciphers::readings(),
        product::readings(),
        lookalikes::readings(),
        vec![updates::reading()],
    ];
    all.concat()
}

//! Protocols by what they can be used with: one that its values turn on is not on without a cipher suite of its own.
//!
//! TLS 1.3 takes none of the suites of the protocols before it, and they none of its (RFC 8446, B.4); a list from before
//! TLS 1.3 therefore turns it off. Those before TLS 1.2 are left as their values have them: rules ask that they are off, and
//! a list that happens to have no suite for them is no way to turn them off.

use super::schannel::{self, ProtocolState};
use super::{Answer, Availability, Ciphers, Fact, Lint};
use crate::diagnostic::Code;

/// What sets a protocol right that its values alone do not turn on.
pub(in crate::audit) fn advice(protocol: &str, fact: &Fact, ciphers: &Ciphers) -> Option<String> {
    let in_vain = matches!(suites(protocol, ciphers), Some((_, Answer::No)));
    (fact.state == Availability::Off && in_vain).then(|| {
        format!("put suites of {protocol} into the list of cipher suites; its values alone do not bring it back")
    })
}

/// The protocols as their values have them, held against the suites that are left.
pub(super) fn protocols(by_values: &[ProtocolState], ciphers: &Ciphers, lints: &mut Vec<Lint>) -> Vec<ProtocolState> {
    let all: Vec<ProtocolState> = by_values.iter().map(|protocol| one(protocol, ciphers)).collect();
    let tls13 = |all: &[ProtocolState]| schannel::of(all, "TLS 1.3").cloned();
    if let (Some(asked), Some(found)) = (tls13(by_values), tls13(&all))
        && [(&asked.client, &found.client), (&asked.server, &found.server)].iter().any(|(a, b)| a.state != b.state)
        && ciphers.tls13_left == Answer::No
    {
        let why = format!("TLS 1.3 would be on, but no cipher suite of it is left ({})", ciphers.why);
        lints.push(Lint::new(Code::NoTls13Suite, why, ciphers.place.clone()));
    }
    only_tls13(&all, lints);
    all
}

/// What the suites of a protocol are called, and whether one is left; none for protocols that are not held against them.
fn suites(protocol: &str, ciphers: &Ciphers) -> Option<(&'static str, Answer)> {
    match protocol {
        "TLS 1.3" => Some(("TLS 1.3", ciphers.tls13_left)),
        "TLS 1.2" | "DTLS 1.2" => Some(("TLS 1.2", ciphers.tls12_left)),
        _ => None,
    }
}

fn one(protocol: &ProtocolState, ciphers: &Ciphers) -> ProtocolState {
    let Some((family, left)) = suites(protocol.protocol, ciphers) else { return protocol.clone() };
    // A release ships with suites for what it has, whether or not they are in the table.
    let left = if left == Answer::Unknown && ciphers.as_shipped { Answer::Yes } else { left };
    let side = |fact: &Fact| match (fact.state, left) {
        (Availability::On | Availability::SoftOff, Answer::No) => {
            let why = format!("{}; no cipher suite of {family} is left ({})", fact.why, ciphers.why);
            Fact { state: Availability::Off, why, places: fact.places.iter().chain(&ciphers.place).cloned().collect() }
        }
        (Availability::On, Answer::Unknown) => {
            let why = format!("{}; whether a cipher suite of {family} is left is not known: {}", fact.why, ciphers.why);
            Fact {
                state: Availability::Unknown,
                why,
                places: fact.places.iter().chain(&ciphers.place).cloned().collect(),
            }
        }
        _ => fact.clone(),
    };
    ProtocolState { client: side(&protocol.client), server: side(&protocol.server), ..protocol.clone() }
}

/// TLS 1.3 alone is more than the endpoints of Entra ID promise.
fn only_tls13(protocols: &[ProtocolState], lints: &mut Vec<Lint>) {
    let client = |name| schannel::of(protocols, name).map(|p| &p.client);
    if let (Some(one_two), Some(one_three)) = (client("TLS 1.2"), client("TLS 1.3"))
        && one_three.state == Availability::On
        && matches!(one_two.state, Availability::Off | Availability::SoftOff)
    {
        let why = "TLS 1.3 is the only current protocol left for the client; endpoints of Entra ID are getting it beside TLS \
                   1.2, and whether all that are needed have it is not known"
            .to_owned();
        lints.push(Lint::new(Code::Tls13Only, why, one_two.places.first().cloned()));
    }
}

//! All of it in one line: is TLS 1.2 on?

use super::dotnet::{DotNet, Program, Target};
use super::schannel::{self, ProtocolState};
use super::{Answer, Availability, Ciphers, Fact};

/// The state of TLS 1.2 as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OverallState {
    /// For the client, the server and every kind of .NET 4 program, with a cipher suite.
    On,
    /// For some of them.
    Partly,
    /// For none of them.
    Off,
    /// For none of them surely not, but for some it cannot be told.
    Unknown,
}

impl OverallState {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            OverallState::On => "on",
            OverallState::Partly => "partly",
            OverallState::Off => "off",
            OverallState::Unknown => "unknown",
        }
    }
}

/// The one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overall {
    /// The state.
    pub state: OverallState,
    /// What it rests on, and which part is not as the others.
    pub why: String,
    /// The same part by part; where no cipher suite is left, that alone.
    pub parts: Vec<Part>,
}

/// One part of the machine that may or may not use TLS 1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// A side of Schannel, some .NET programs, or the cipher suites.
    pub name: String,
    /// Whether it reaches TLS 1.2.
    pub answer: Answer,
    /// What that rests on, or what stands in the way; empty where nothing does.
    pub why: String,
}

/// What the suites are called, as a part.
const SUITES: &str = "cipher suites";

pub(super) fn overall(protocols: &[ProtocolState], dotnet: &DotNet, ciphers: &Ciphers) -> Overall {
    let mut parts = Vec::new();
    if let Some(tls12) = schannel::of(protocols, "TLS 1.2") {
        parts.extend(sides(&tls12.client, &tls12.server));
    }
    parts.extend(programs(&dotnet.programs));
    match ciphers.tls12_left {
        Answer::Yes => {}
        Answer::No => {
            let why = format!("no cipher suite of TLS 1.2 is left ({})", ciphers.why);
            let part = Part { name: SUITES.to_owned(), answer: Answer::No, why: ciphers.why.clone() };
            return Overall { state: OverallState::Off, why, parts: vec![part] };
        }
        // Where nothing offers TLS 1.2, its suites do not matter.
        Answer::Unknown if parts.iter().all(|part| part.answer == Answer::No) => {}
        Answer::Unknown => {
            parts.push(Part { name: SUITES.to_owned(), answer: Answer::Unknown, why: ciphers.why.clone() });
        }
    }
    let any = |answer| parts.iter().any(|part| part.answer == answer);
    let state = match (any(Answer::Yes), any(Answer::No), any(Answer::Unknown)) {
        (true, true, _) => OverallState::Partly,
        (true, false, false) => OverallState::On,
        (false, true, false) => OverallState::Off,
        (true, false, true) | (false, _, _) => OverallState::Unknown,
    };
    let mut why = sentence(&parts, state);
    if ciphers.entra_left == Answer::No && state != OverallState::Off {
        why.push_str("; no cipher suite that Entra ID accepts is left");
    }
    Overall { state, why, parts }
}

/// The two sides of Schannel, as one part where they are alike.
fn sides(client: &Fact, server: &Fact) -> Vec<Part> {
    let answer = |state| match state {
        Availability::On => Answer::Yes,
        Availability::SoftOff | Availability::Off | Availability::NotSupported => Answer::No,
        Availability::Unknown => Answer::Unknown,
    };
    let part = |name: &str, fact: &Fact| {
        let why = match fact.state {
            Availability::On | Availability::Unknown => fact.why.clone(),
            state => format!("{}: {}", state.word(), fact.why),
        };
        Part { name: name.to_owned(), answer: answer(fact.state), why }
    };
    if client.state == server.state && client.why == server.why {
        return vec![part("client, server", client)];
    }
    vec![part("client", client), part("server", server)]
}

/// .NET programs, joined where a target does the same in every view, and into one part where all do.
fn programs(all: &[Program]) -> Vec<Part> {
    let same = |a: &Program, b: &Program| a.reaches_tls12 == b.reaches_tls12 && a.hindrance == b.hindrance;
    if let Some(first) = all.first()
        && all.iter().all(|program| same(program, first))
    {
        return vec![Part { name: ".NET".to_owned(), answer: first.reaches_tls12, why: first.hindrance.clone() }];
    }
    let mut parts: Vec<Part> = Vec::new();
    for target in Target::ALL {
        let own: Vec<&Program> = all.iter().filter(|program| program.target == target).collect();
        let Some(first) = own.first() else { continue };
        let alike = own.iter().all(|program| same(program, first));
        for program in if alike { own.get(..1).unwrap_or_default() } else { &own } {
            let view = if alike { String::new() } else { format!("{} ", program.view.text()) };
            let name = format!("{view}.NET programs for {}", target.text());
            parts.push(Part { name, answer: program.reaches_tls12, why: program.hindrance.clone() });
        }
    }
    parts
}

/// The parts by what they answer.
fn sentence(parts: &[Part], state: OverallState) -> String {
    let list = |answer: Answer| {
        let of: Vec<&Part> = parts.iter().filter(|part| part.answer == answer).collect();
        let mut texts: Vec<String> = Vec::new();
        for (i, part) in of.iter().enumerate() {
            // Reasons that neighbours share are given behind the last of them.
            let shared = of.get(i.saturating_add(1)).is_some_and(|next| next.why == part.why);
            let why = if shared || part.why.is_empty() { String::new() } else { format!(" ({})", part.why) };
            texts.push(format!("{}{why}", part.name));
        }
        (!texts.is_empty()).then(|| texts.join(", "))
    };
    let mut said = Vec::new();
    if let Some(yes) = list(Answer::Yes) {
        said.push(if state == OverallState::Unknown { format!("on: {yes}") } else { yes });
    }
    if let Some(no) = list(Answer::No) {
        said.push(if state == OverallState::Off { no } else { format!("not: {no}") });
    }
    said.extend(list(Answer::Unknown).map(|unknown| format!("not known: {unknown}")));
    said.join("; ")
}

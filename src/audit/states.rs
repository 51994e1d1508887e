//! Effective states as rules ask for them: by name, and answered in words. Rules need not know how a state is worked out.

mod held;
mod product;

use super::effective::{
    Answer, Effective, Fact, Installed as Found, KeyExchange, Program, Target, View, advice, protocol_left,
};
use crate::windows::state::State;
use crate::windows::subject::{Bits, Exchange, Runtime, Side, Subject, Suites};

/// What Windows makes of its settings on one host.
pub trait States {
    /// The state of a subject, [`State::Unknown`] where it cannot be told.
    fn state(&self, subject: Subject) -> Told;

    /// What sets a state right where the usual values do not.
    fn advice(&self, _subject: Subject) -> Option<String> {
        None
    }

    /// Whether Microsoft Entra Connect is installed; none where it cannot be told.
    fn entra_connect(&self) -> Option<Installed>;
}

/// A state, and why it is so in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The state.
    pub state: State,
    /// Why it is so, or why it cannot be told.
    pub why: String,
}

impl Told {
    fn unknown(why: String) -> Self {
        Told { state: State::Unknown, why }
    }
}

/// Whether a product is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is not, or only a remnant of it is.
    No,
    /// No input speaks of it, as where a file has the settings alone.
    NotCovered,
    /// It is, and its version is not known; why.
    Unversioned(String),
    /// It is, with this version.
    Version(String),
}

impl States for Effective {
    fn state(&self, subject: Subject) -> Told {
        match subject {
            Subject::Schannel(protocol, side) => match fact(self, protocol, side) {
                Some(fact) => Told { state: fact.state.state(), why: fact.why.clone() },
                None => no_protocol(protocol),
            },
            Subject::Values(protocol) => held::values(self, protocol),
            Subject::Sides(protocol) => held::sides(self, protocol),
            Subject::Protocols(side) => {
                let (answer, why) = protocol_left(&self.protocols, side);
                Told { state: answer.state(State::Left, State::NoneLeft), why }
            }
            Subject::DotNetProtocols(runtime, view) => {
                held::dotnet_protocols(self, runtime, view).unwrap_or_else(|| no_view(self, view))
            }
            Subject::DotNetRelease(version) => held::dotnet_release(self, version),
            Subject::Curves => on(self.curves.nist, &self.curves.why),
            Subject::MozillaCurves => only(&self.curves.mozilla_alone),
            Subject::MozillaSuites => only(&self.ciphers.mozilla_alone),
            Subject::KeyExchange(name) => match exchange(self, name) {
                Some(found) => on(found.on, &found.why),
                None => no_exchange(name),
            },
            Subject::KeySize(name, side, bits) => match exchange(self, name) {
                Some(found) => {
                    let (answer, why) = found.at_least(side, bits);
                    Told { state: answer.state(State::AtLeast, State::Smaller), why }
                }
                None => no_exchange(name),
            },
            Subject::EntraConnect(property) => product::connect(self, property),
            Subject::EntraAgents => product::agents(self),
            Subject::DotNet(runtime @ (Runtime::V4 | Runtime::V46), view) => {
                let counts = |target: Target| runtime == Runtime::V4 || target != Target::UpTo452;
                let own = |program: &&Program| is(program.view, view) && counts(program.target);
                let programs = self.dotnet.programs.iter().filter(own).map(|program| {
                    let name = format!(".NET programs for {}", program.target.text());
                    let hindered = !program.hindrance.is_empty() && program.hindrance != program.why;
                    let hindrance = if hindered { format!(" ({})", program.hindrance) } else { String::new() };
                    (program.reaches_tls12, format!("{name}: {}{hindrance}", program.why))
                });
                joined(programs).unwrap_or_else(|| no_view(self, view))
            }
            Subject::DotNet(Runtime::V2, view) => {
                let views = self.dotnet.clr2.iter().filter(|(own, ..)| is(*own, view));
                joined(views.map(|(_, answer, why)| (*answer, why.clone()))).unwrap_or_else(|| no_view(self, view))
            }
            Subject::WinHttp(view) => {
                let views = self.winhttp.views.iter().filter(|own| is(own.view, view));
                joined(views.map(|own| (own.tls12, own.why.clone()))).unwrap_or_else(|| no_view(self, view))
            }
            Subject::CipherSuites(suites) => {
                let ciphers = &self.ciphers;
                match suites {
                    Suites::Tls12 => on(ciphers.tls12_left, &ciphers.why),
                    Suites::EntraId => on(ciphers.entra_left, &ciphers.why),
                    Suites::AzureDevOps => on(ciphers.azure_devops.0, &ciphers.azure_devops.1),
                }
            }
        }
    }

    fn advice(&self, subject: Subject) -> Option<String> {
        let Subject::Schannel(protocol, side) = subject else { return None };
        advice(protocol, fact(self, protocol, side)?, &self.ciphers)
    }

    fn entra_connect(&self) -> Option<Installed> {
        match self.product.installed {
            Found::Yes => Some(match (&self.product.version, &self.product.standing) {
                (Some(version), _) => Installed::Version(version.clone()),
                (None, Some((_, why))) => Installed::Unversioned(why.clone()),
                (None, None) => Installed::Unversioned(self.product.why.clone()),
            }),
            Found::Remnant | Found::No => Some(Installed::No),
            Found::Unknown if self.product.covered => None,
            Found::Unknown => Some(Installed::NotCovered),
        }
    }
}

/// Whether a view is the one that a subject names. Where it is not known whether Windows is 64-bit, neither is.
fn is(view: View, bits: Bits) -> bool {
    matches!((view, bits), (View::Bits64, Bits::Bits64) | (View::Bits32, Bits::Bits32))
}

/// Why there is no state for a view.
fn no_view(effective: &Effective, view: Bits) -> Told {
    let in_doubt = effective.winhttp.views.iter().any(|own| own.view == View::Native);
    Told::unknown(if in_doubt {
        "no input says whether Windows is 64-bit; the SYSTEM hive does".to_owned()
    } else {
        format!("this Windows has no {} programs", view.name())
    })
}

fn no_protocol(protocol: &str) -> Told {
    Told::unknown(format!("what becomes of {protocol} is not known"))
}

fn no_exchange(exchange: Exchange) -> Told {
    Told::unknown(format!("what becomes of {} is not known", exchange.key()))
}

fn fact<'a>(effective: &'a Effective, protocol: &str, side: Side) -> Option<&'a Fact> {
    let found = effective.protocols.iter().find(|p| p.protocol == protocol)?;
    Some(if side == Side::Client { &found.client } else { &found.server })
}

fn exchange(effective: &Effective, exchange: Exchange) -> Option<&KeyExchange> {
    effective.key_exchange.iter().find(|found| found.exchange == exchange)
}

fn on(answer: Answer, why: &str) -> Told {
    Told { state: answer.state(State::On, State::Off), why: why.to_owned() }
}

fn only((answer, why): &(Answer, String)) -> Told {
    Told { state: answer.state(State::Only, State::Others), why: why.clone() }
}

/// One state for several answers: on or off where all agree, partly where they do not, unknown where one is. None for none.
fn joined(answers: impl Iterator<Item = (Answer, String)>) -> Option<Told> {
    let answers: Vec<(Answer, String)> = answers.collect();
    let (first, _) = answers.first()?;
    if let Some((_, why)) = answers.iter().find(|(answer, _)| *answer == Answer::Unknown) {
        return Some(Told::unknown(why.clone()));
    }
    let alike = answers.iter().all(|(answer, _)| answer == first);
    let mut reasons: Vec<&str> = Vec::new();
    for (_, why) in answers.iter().filter(|(answer, _)| alike || *answer == Answer::No) {
        if !reasons.contains(&why.as_str()) {
            reasons.push(why);
        }
    }
    let state = if alike { first.state(State::On, State::Off) } else { State::Partly };
    Some(Told { state, why: reasons.join("; ") })
}

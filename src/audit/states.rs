//! Effective states as rules ask for them: by name, and answered in words. Rules need not know how a state is worked out.

mod held;
mod product;

use super::effective::{Answer, Effective, Fact, Installed as Found, Program, Target, View, advice, protocol_left};
use crate::windows::subject::{Bits, Runtime, Side, Subject, Suites};

/// What Windows makes of its settings on one host.
pub trait States {
    /// The state of a subject such as `schannel/TLS 1.2/client`, and why it is so in one sentence; none where it cannot
    /// be told. A state called `unknown` says the same, with a reason.
    fn state(&self, subject: &str) -> Option<(String, String)>;

    /// What sets a state right where the usual values do not.
    fn advice(&self, _subject: &str) -> Option<String> {
        None
    }

    /// Whether Microsoft Entra Connect is installed; none where it cannot be told.
    fn entra_connect(&self) -> Option<Installed>;
}

/// Whether a product is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is not, or only a remnant of it is.
    No,
    /// It is, and its version is not known.
    Unversioned,
    /// It is, with this version.
    Version(String),
}

impl States for Effective {
    fn state(&self, subject: &str) -> Option<(String, String)> {
        match Subject::parse(subject)? {
            Subject::Schannel(protocol, side) => fact(self, protocol, side).map(of_fact),
            Subject::Values(protocol) => held::values(self, protocol),
            Subject::Sides(protocol) => held::sides(self, protocol),
            Subject::Protocols(side) => {
                let (answer, why) = protocol_left(&self.protocols, side);
                Some((held::left(answer), why))
            }
            Subject::DotNetProtocols(runtime, view) => {
                held::dotnet_protocols(self, runtime, view).or_else(|| Some(no_view(self, view)))
            }
            Subject::DotNetRelease(version) => Some(held::dotnet_release(self, version)),
            Subject::Curves => Some((word(self.curves.nist), self.curves.why.clone())),
            Subject::KeyExchange(exchange) => {
                let found = self.key_exchange.iter().find(|found| found.exchange == exchange)?;
                Some((word(found.on), found.why.clone()))
            }
            Subject::KeySize(exchange, side, bits) => {
                let found = self.key_exchange.iter().find(|found| found.exchange == exchange)?;
                let (answer, why) = found.at_least(side, bits);
                Some((held::reached(answer, "smaller"), why))
            }
            Subject::EntraConnect(of) => Some(product::connect(self, of)),
            Subject::EntraAgents => Some(product::agents(self)),
            Subject::DotNet(runtime @ (Runtime::V4 | Runtime::V46), view) => {
                let counts = |target: Target| runtime == Runtime::V4 || target != Target::UpTo452;
                let own = |program: &&Program| is(program.view, view) && counts(program.target);
                let programs: Vec<_> = self.dotnet.programs.iter().filter(own).collect();
                if programs.is_empty() {
                    return Some(no_view(self, view));
                }
                joined(programs.into_iter().map(|program| {
                    let name = format!(".NET programs for {}", program.target.text());
                    let hindered = !program.hindrance.is_empty() && program.hindrance != program.why;
                    let hindrance = if hindered { format!(" ({})", program.hindrance) } else { String::new() };
                    (program.reaches_tls12, format!("{name}: {}{hindrance}", program.why))
                }))
            }
            Subject::DotNet(Runtime::V2, view) => {
                let views: Vec<_> = self.dotnet.clr2.iter().filter(|(own, ..)| is(*own, view)).collect();
                if views.is_empty() {
                    return Some(no_view(self, view));
                }
                joined(views.into_iter().map(|(_, answer, why)| (*answer, why.clone())))
            }
            Subject::WinHttp(view) => {
                let views: Vec<_> = self.winhttp.views.iter().filter(|own| is(own.view, view)).collect();
                if views.is_empty() {
                    return Some(no_view(self, view));
                }
                joined(views.into_iter().map(|own| (own.tls12, own.why.clone())))
            }
            Subject::CipherSuites(suites) => {
                let ciphers = &self.ciphers;
                Some(match suites {
                    Suites::Tls12 => (word(ciphers.tls12_left), ciphers.why.clone()),
                    Suites::EntraId => (word(ciphers.entra_left), ciphers.why.clone()),
                    Suites::AzureDevOps => (word(ciphers.azure_devops.0), ciphers.azure_devops.1.clone()),
                })
            }
        }
    }

    fn advice(&self, subject: &str) -> Option<String> {
        let Subject::Schannel(protocol, side) = Subject::parse(subject)? else { return None };
        advice(protocol, fact(self, protocol, side)?, &self.ciphers)
    }

    fn entra_connect(&self) -> Option<Installed> {
        match self.product.installed {
            Found::Yes => Some(self.product.version.clone().map_or(Installed::Unversioned, Installed::Version)),
            Found::Remnant | Found::No => Some(Installed::No),
            Found::Unknown => None,
        }
    }
}

/// Whether a view is the one that a subject names. Where it is not known whether Windows is 64-bit, neither is.
fn is(view: View, bits: Bits) -> bool {
    matches!((view, bits), (View::Bits64, Bits::Bits64) | (View::Bits32, Bits::Bits32))
}

/// Why there is no state for a view.
fn no_view(effective: &Effective, view: Bits) -> (String, String) {
    let in_doubt = effective.winhttp.views.iter().any(|own| own.view == View::Native);
    let why = if in_doubt {
        "no input says whether Windows is 64-bit; the SYSTEM hive does".to_owned()
    } else {
        let view = if view == Bits::Bits64 { "64-bit" } else { "32-bit" };
        format!("this Windows has no {view} programs")
    };
    ("unknown".to_owned(), why)
}

fn fact<'a>(effective: &'a Effective, protocol: &str, side: Side) -> Option<&'a Fact> {
    let found = effective.protocols.iter().find(|p| p.protocol == protocol)?;
    Some(if side == Side::Client { &found.client } else { &found.server })
}

fn of_fact(fact: &Fact) -> (String, String) {
    (fact.state.word().to_owned(), fact.why.clone())
}

fn word(answer: Answer) -> String {
    let word = match answer {
        Answer::Yes => "on",
        Answer::No => "off",
        Answer::Unknown => "unknown",
    };
    word.to_owned()
}

/// One state for several answers: `on` or `off` where all agree, `partly` where they do not, `unknown` where one is.
fn joined(answers: impl Iterator<Item = (Answer, String)>) -> Option<(String, String)> {
    let answers: Vec<(Answer, String)> = answers.collect();
    let (first, _) = answers.first()?;
    let unknown = answers.iter().find(|(answer, _)| *answer == Answer::Unknown);
    if let Some((_, why)) = unknown {
        return Some(("unknown".to_owned(), why.clone()));
    }
    let state = if answers.iter().all(|(answer, _)| answer == first) { word(*first) } else { "partly".to_owned() };
    let mut reasons: Vec<&str> = Vec::new();
    for (_, why) in answers.iter().filter(|(answer, _)| state != "partly" || *answer == Answer::No) {
        if !reasons.contains(&why.as_str()) {
            reasons.push(why);
        }
    }
    Some((state, reasons.join("; ")))
}

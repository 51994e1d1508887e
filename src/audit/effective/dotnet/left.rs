//! Which protocols, old ones included, are left to .NET Framework programs that name none. Where TLS 1.0 and SSL 3.0 are
//! turned off, programs that offer nothing else do not fall back to them: they cannot connect at all.

use super::{FIRST_WITH_TLS13, Offer, Settings, Target, View, meanings};
use crate::audit::effective::ask::Pair;
use crate::audit::effective::schannel::ProtocolState;
use crate::audit::effective::{Answer, Availability, Lint};
use crate::diagnostic::Code;

/// Whether programs of one kind have a protocol left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Which view they read.
    pub view: View,
    /// What they were built for; none for .NET 2.0 to 3.5.
    pub target: Option<Target>,
    /// Whether one is left.
    pub answer: Answer,
    /// Which, or why none is.
    pub why: String,
}

impl Left {
    /// By what the programs may offer, and what Schannel gives to clients.
    pub(super) fn of(
        view: View,
        target: Option<Target>,
        offers: &[Offer],
        protocols: &[ProtocolState],
        release: Option<u32>,
    ) -> Self {
        let mut answers = offers.iter().map(|offer| of_offer(*offer, protocols, release));
        let first = answers.next().unwrap_or((Answer::Unknown, "what they offer is not known".to_owned()));
        let (answer, why) = answers.fold(first, |all, one| {
            if all.0 == one.0 { all } else { (Answer::Unknown, "what they offer is not known".to_owned()) }
        });
        Self { view, target, answer, why }
    }

    /// The programs, for people.
    pub(in crate::audit) fn programs(&self) -> String {
        let built_for = self.target.map_or("2.0 to 3.5", Target::text);
        format!("{} .NET programs for {built_for}", self.view.text())
    }
}

/// What programs of .NET 4 may offer, each once.
pub(super) fn offers(target: Target, settings: &Settings<'_>) -> Vec<Offer> {
    let mut all: Vec<Offer> = Vec::new();
    for (system, strong) in settings.meanings(target) {
        let offer = offer(system, strong);
        if !all.contains(&offer) {
            all.push(offer);
        }
    }
    all
}

/// What a program offers, by whether Windows chooses and whether strong cryptography is on.
pub(super) fn offer(system: bool, strong: bool) -> Offer {
    match (system, strong) {
        (true, _) => Offer::Os,
        (false, true) => Offer::Tls10To12,
        (false, false) => Offer::Ssl3Tls10,
    }
}

/// The same for programs of .NET 2.0 to 3.5.
pub(super) fn of_clr2(pair: &Pair) -> Vec<Offer> {
    let system = meanings(&pair.first, false);
    system.into_iter().map(|system| if system { Offer::Os } else { Offer::Ssl3Tls10 }).collect()
}

fn of_offer(offer: Offer, protocols: &[ProtocolState], release: Option<u32>) -> (Answer, String) {
    let (names, none): (&[&str], &str) = match offer {
        Offer::Os => (
            &["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"],
            "Schannel offers no protocol by default, so that none is left",
        ),
        Offer::Tls10To12 | Offer::Tls10To13 => {
            (&["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"], "TLS 1.0 to 1.2 only, and all are off: no protocol is left")
        }
        Offer::Ssl3Tls10 => {
            (&["SSL 3.0", "TLS 1.0"], "SSL 3.0 and TLS 1.0 only, and both are off: no protocol is left")
        }
        Offer::Unknown => return (Answer::Unknown, "what they offer is not known".to_owned()),
    };
    let asked = protocols.iter().filter(|protocol| names.contains(&protocol.protocol));
    let answers: Vec<(&str, Answer)> = asked
        .map(|protocol| {
            // A protocol that is asked for by name is given though it is off by default.
            let given = match protocol.client.state {
                Availability::On => Answer::Yes,
                Availability::SoftOff if offer != Offer::Os => Answer::Yes,
                Availability::SoftOff | Availability::Off | Availability::NotSupported => Answer::No,
                Availability::Unknown => Answer::Unknown,
            };
            let by_name_from_48 = offer == Offer::Tls10To12 && protocol.protocol == "TLS 1.3";
            let given = match release {
                Some(release) if by_name_from_48 && release < FIRST_WITH_TLS13 => Answer::No,
                None if by_name_from_48 && given == Answer::Yes => Answer::Unknown,
                _ => given,
            };
            (protocol.protocol, given)
        })
        .collect();
    let list = |answer| {
        let of: Vec<&str> = answers.iter().filter(|(_, own)| *own == answer).map(|(name, _)| *name).collect();
        (!of.is_empty()).then(|| of.join(", "))
    };
    match (list(Answer::Yes), list(Answer::Unknown)) {
        (Some(left), _) => (Answer::Yes, format!("{left} is left")),
        (None, Some(doubt)) => (Answer::Unknown, format!("whether {doubt} is left is not known")),
        (None, None) => (Answer::No, none.to_owned()),
    }
}

/// Programs of .NET 4 that cannot connect at all. Those of 2.0 to 3.5 are not named: few machines have them.
pub(super) fn lint(left: &[Left]) -> Option<Lint> {
    let cut_off: Vec<&Left> = left.iter().filter(|left| left.target.is_some() && left.answer == Answer::No).collect();
    let first = cut_off.first()?;
    let programs: Vec<String> = cut_off.iter().map(|left| left.programs()).collect();
    let why = format!("{} that name no protocol cannot connect: {}", programs.join(", "), first.why);
    Some(Lint::new(Code::DotnetNoProtocolLeft, why, None))
}

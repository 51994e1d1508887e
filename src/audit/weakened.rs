//! What gets worse from one state of a machine to another.

use super::effective::{Answer, Availability, Effective, Fact, Offer, Target, View};

/// The protocols that are wanted; of all others, it is worse to have them.
const WANTED: [&str; 3] = ["TLS 1.2", "TLS 1.3", "DTLS 1.2"];

/// One sentence for each effective state that is worse after than before, or may be: a current protocol that is lost, an
/// outdated one that is gained, programs and cipher suites that no longer reach TLS 1.2.
pub fn weakened(before: &Effective, after: &Effective) -> Vec<String> {
    let mut worse = Vec::new();
    for (old, new) in before.protocols.iter().zip(&after.protocols) {
        let wanted = WANTED.contains(&new.protocol);
        worse.extend(protocol(&format!("{} (client)", new.protocol), wanted, &old.client, &new.client));
        worse.extend(protocol(&format!("{} (server)", new.protocol), wanted, &old.server, &new.server));
    }
    for new in &after.dotnet.programs {
        let old = before.dotnet.programs.iter().find(|old| old.target == new.target && old.view == new.view);
        let Some(old) = old else { continue };
        let name = format!("{} .NET programs for {}", new.view.text(), new.target.text());
        if let Some(gone) = cut_off(before, after, new.view, Some(new.target)) {
            worse.push(gone);
        } else if new.offer == Offer::Ssl3Tls10 && old.offer != Offer::Ssl3Tls10 {
            let left = after.dotnet.left.iter().find(|l| l.view == new.view && l.target == Some(new.target));
            match left {
                // They cannot connect before either, and do not fall back to what is off.
                Some(left) if left.answer == Answer::No => {}
                _ => worse.push(format!("{name} fall back to SSL 3.0 and TLS 1.0 ({})", new.why)),
            }
        } else {
            let why = if new.hindrance.is_empty() { &new.why } else { &new.hindrance };
            worse.extend(reach(&name, old.reaches_tls12, new.reaches_tls12, why));
        }
    }
    for (view, new, why) in &after.dotnet.clr2 {
        if let Some(gone) = cut_off(before, after, *view, None) {
            worse.push(gone);
            continue;
        }
        let old = before.dotnet.clr2.iter().find(|(old, ..)| old == view);
        worse.extend(
            old.and_then(|(_, old, _)| {
                reach(&format!("{} .NET programs for 2.0 to 3.5", view.text()), *old, *new, why)
            }),
        );
    }
    for new in &after.winhttp.views {
        let old = before.winhttp.views.iter().find(|old| old.view == new.view);
        worse.extend(
            old.and_then(|old| reach(&format!("{} WinHTTP callers", new.view.text()), old.tls12, new.tls12, &new.why)),
        );
    }
    let suites = [
        ("cipher suites of TLS 1.2", before.ciphers.tls12_left, after.ciphers.tls12_left),
        ("cipher suites that Entra ID accepts", before.ciphers.entra_left, after.ciphers.entra_left),
    ];
    for (name, old, new) in suites {
        match (old, new) {
            (Answer::Yes | Answer::Unknown, Answer::No) => {
                worse.push(format!("no {name} are left ({})", after.ciphers.why));
            }
            (Answer::Yes, Answer::Unknown) => worse.push(format!("whether {name} are left is no longer known")),
            _ => {}
        }
    }
    worse
}

/// That programs have no protocol left any more, or may have none.
fn cut_off(before: &Effective, after: &Effective, view: View, target: Option<Target>) -> Option<String> {
    let of = |effective: &Effective| {
        effective.dotnet.left.iter().find(|left| left.view == view && left.target == target).cloned()
    };
    let (old, new) = (of(before)?, of(after)?);
    match (old.answer, new.answer) {
        (Answer::Yes | Answer::Unknown, Answer::No) => Some(format!("{} cannot connect: {}", new.programs(), new.why)),
        (Answer::Yes, Answer::Unknown) => Some(format!("{} may not connect any more: {}", new.programs(), new.why)),
        _ => None,
    }
}

fn protocol(name: &str, wanted: bool, old: &Fact, new: &Fact) -> Option<String> {
    // How much of it there is.
    let rank = |state| match state {
        Availability::Off | Availability::NotSupported => 0u8,
        Availability::SoftOff => 1,
        Availability::On => 2,
        Availability::Unknown => 3,
    };
    let (from, to) = (rank(old.state), rank(new.state));
    let worse = match (old.state, new.state) {
        (Availability::Unknown, Availability::Unknown) => false,
        // What it was before is not known: then what is bad counts.
        (Availability::Unknown, _) if wanted => to < 2,
        (Availability::Unknown, _) => to == 2,
        (_, Availability::Unknown) => {
            if wanted {
                from == 2
            } else {
                from < 2
            }
        }
        _ if wanted => to < from,
        _ => to > from,
    };
    worse.then(|| format!("{name} is {}, and was {} before ({})", new.state.word(), old.state.word(), new.why))
}

fn reach(name: &str, old: Answer, new: Answer, why: &str) -> Option<String> {
    match (old, new) {
        (Answer::Yes | Answer::Unknown, Answer::No) => Some(format!("{name} do not reach TLS 1.2 ({why})")),
        (Answer::Yes, Answer::Unknown) => Some(format!("{name} may not reach TLS 1.2 any more ({why})")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_protocol_must_not_go_and_an_outdated_one_not_come() {
        let fact = |state| Fact { state, why: "w".to_owned(), places: Vec::new() };
        use Availability::{NotSupported, Off, On, SoftOff, Unknown};
        // From, to, and whether it is worse for TLS 1.2 and for SSL 3.0.
        for (from, to, wanted, outdated) in [
            (On, On, false, false),
            (On, SoftOff, true, false),
            (On, Off, true, false),
            (SoftOff, Off, true, false),
            (SoftOff, On, false, true),
            (Off, On, false, true),
            (Off, SoftOff, false, true),
            (NotSupported, Off, false, false),
            (On, Unknown, true, false),
            (Off, Unknown, false, true),
            (Unknown, Unknown, false, false),
            (Unknown, On, false, true),
            (Unknown, SoftOff, true, false),
            (Unknown, Off, true, false),
        ] {
            let (old, new) = (fact(from), fact(to));
            assert_eq!(protocol("p", true, &old, &new).is_some(), wanted, "{from:?} → {to:?}, wanted");
            assert_eq!(protocol("p", false, &old, &new).is_some(), outdated, "{from:?} → {to:?}, outdated");
        }
    }

    #[test]
    fn reaching_tls12_must_not_be_lost() {
        use Answer::{No, Unknown, Yes};
        for (from, to, worse) in [
            (Yes, Yes, false),
            (Yes, No, true),
            (Yes, Unknown, true),
            (Unknown, No, true),
            (Unknown, Yes, false),
            (No, No, false),
            (No, Unknown, false),
        ] {
            assert_eq!(reach("p", from, to, "w").is_some(), worse, "{from:?} → {to:?}");
        }
    }
}

//! States of Entra Connect and of the agents beside it.

use super::held::{Told, reached};
use super::word;
use crate::audit::effective::{Answer, Effective, Installed, dotnet_at_least};
use crate::windows::subject::Connect;

fn unknown(why: String) -> Told {
    ("unknown".to_owned(), why)
}

pub(super) fn connect(effective: &Effective, of: Connect) -> Told {
    let product = &effective.product;
    if of == Connect::Programs {
        let (answer, why) = &effective.dotnet.entra_connect;
        return (word(*answer), why.clone());
    }
    let Some((standing, why)) = &product.standing else {
        let what = if product.installed == Installed::Remnant { "a remnant" } else { "not installed" };
        return unknown(format!("Entra Connect: {what} ({})", product.why));
    };
    let Some(version) = &product.version else { return unknown(format!("{why}: {}", product.why)) };
    let as_of = &product.as_of;
    match of {
        Connect::Version => (standing.word().to_owned(), format!("{version}: {why} (as of {as_of})")),
        Connect::Support => match &product.support_ends {
            Some((date, mark)) if date < as_of => {
                ("ended".to_owned(), format!("support of {version} ended on {date}{mark} (as of {as_of})"))
            }
            Some((date, mark)) => ("supported".to_owned(), format!("support of {version} ends on {date}{mark}")),
            None => product.supported.clone(),
        },
        Connect::DotNet => {
            let Some(needed) = &product.dotnet else {
                return unknown(format!("which .NET Framework {version} needs is not known"));
            };
            let (answer, found) = effective.dotnet.at_least(|release| dotnet_at_least(release, needed));
            (reached(answer, "older"), format!("{version} needs {needed} or later: {found}"))
        }
        Connect::Programs => unknown(String::new()),
    }
}

/// All agents together: one that is too old decides.
pub(super) fn agents(effective: &Effective) -> Told {
    let agents = &effective.product.agents;
    let told = |outdated: Option<bool>| {
        let of = agents.iter().filter(|agent| agent.min.is_some() && agent.outdated == outdated).map(|agent| {
            let version = agent.version.as_deref().unwrap_or("of unknown version");
            let min = agent.min.as_deref().unwrap_or_default();
            format!("{}: {version}, and {min} or later is asked for", agent.name)
        });
        let all: Vec<String> = of.collect();
        (!all.is_empty()).then(|| all.join("; "))
    };
    let answer = |answer, why| (reached(answer, "older"), why);
    match (told(Some(true)), told(None).or_else(|| effective.product.agents_unknown.clone()), told(Some(false))) {
        (Some(old), ..) => answer(Answer::No, old),
        (None, Some(doubt), _) => answer(Answer::Unknown, doubt),
        (None, None, Some(new)) => answer(Answer::Yes, new),
        (None, None, None) => {
            answer(Answer::Yes, "no agent is installed of which Microsoft asks for a version".to_owned())
        }
    }
}

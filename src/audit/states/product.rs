//! States of Entra Connect and of the agents beside it.

use super::held::as_new;
use super::{Told, on};
use crate::audit::effective::{Answer, Effective, Installed, dotnet_at_least};
use crate::windows::state::State;
use crate::windows::subject::Connect;

pub(super) fn connect(effective: &Effective, of: Connect) -> Told {
    let product = &effective.product;
    if of == Connect::Programs {
        let (answer, why) = &effective.dotnet.entra_connect;
        return on(*answer, why);
    }
    let Some((standing, why)) = &product.standing else {
        let what = if product.installed == Installed::Remnant { "a remnant" } else { "not installed" };
        return Told::unknown(format!("Entra Connect: {what} ({})", product.why));
    };
    let Some(version) = &product.version else { return Told::unknown(why.clone()) };
    let as_of = &product.as_of;
    match of {
        Connect::Version => Told { state: standing.state(), why: format!("{version}: {why} (as of {as_of})") },
        Connect::Support => match &product.support_ends {
            Some((date, mark)) if date < as_of => {
                let why = format!("support of {version} ended on {date}{mark} (as of {as_of})");
                Told { state: State::Ended, why }
            }
            Some((date, mark)) => {
                Told { state: State::Supported, why: format!("support of {version} ends on {date}{mark}") }
            }
            None => {
                let (state, why) = product.supported.clone();
                Told { state, why }
            }
        },
        Connect::DotNet => {
            let Some(needed) = &product.dotnet else {
                return Told::unknown(format!("which .NET Framework {version} needs is not known"));
            };
            let (answer, found) = effective.dotnet.at_least(|release| dotnet_at_least(release, needed));
            as_new(answer, format!("{version} needs {needed} or later: {found}"))
        }
        Connect::Programs => Told::unknown(String::new()),
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
    match (told(Some(true)), told(None).or_else(|| effective.product.agents_unknown.clone()), told(Some(false))) {
        (Some(old), ..) => as_new(Answer::No, old),
        (None, Some(doubt), _) => as_new(Answer::Unknown, doubt),
        (None, None, Some(new)) => as_new(Answer::Yes, new),
        (None, None, None) => {
            as_new(Answer::Yes, "no agent is installed of which Microsoft asks for a version".to_owned())
        }
    }
}

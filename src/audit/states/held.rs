//! States of what is held against something: the sides of a protocol against each other, its values against the book, a
//! release against another, programs against all protocols that are left to them.

use super::{Told, is, no_protocol};
use crate::audit::effective::{Answer, Availability, Effective, Left, dotnet_at_least};
use crate::windows::state::State;
use crate::windows::subject::{Bits, Runtime};

pub(super) fn values(effective: &Effective, protocol: &str) -> Told {
    match effective.protocols.iter().find(|found| found.protocol == protocol) {
        Some(found) => Told { state: found.values.form, why: found.values.why.clone() },
        None => no_protocol(protocol),
    }
}

/// Sides are alike where they do the same, whatever values that comes of.
pub(super) fn sides(effective: &Effective, protocol: &str) -> Told {
    let Some(found) = effective.protocols.iter().find(|found| found.protocol == protocol) else {
        return no_protocol(protocol);
    };
    let (client, server) = (&found.client, &found.server);
    if let Some(doubt) = [client, server].into_iter().find(|fact| fact.state == Availability::Unknown) {
        return Told::unknown(doubt.why.clone());
    }
    let state = if client.state == server.state { State::Alike } else { State::Different };
    let why =
        format!("client: {} ({}); server: {} ({})", client.state.word(), client.why, server.state.word(), server.why);
    Told { state, why }
}

/// None where there are no programs of this kind.
pub(super) fn dotnet_protocols(effective: &Effective, runtime: Runtime, view: Bits) -> Option<Told> {
    let own = |left: &&Left| is(left.view, view) && left.target.is_some() == (runtime == Runtime::V4);
    let programs: Vec<&Left> = effective.dotnet.left.iter().filter(own).collect();
    let first = programs.first()?;
    let told = |left: &Left| format!("{}: {}", left.programs(), left.why);
    if let Some(doubt) = programs.iter().find(|left| left.answer == Answer::Unknown) {
        return Some(Told::unknown(told(doubt)));
    }
    let alike = programs.iter().all(|left| left.answer == first.answer);
    let state = if alike { first.answer.state(State::Left, State::NoneLeft) } else { State::Partly };
    let said = programs.iter().filter(|left| alike || left.answer == Answer::No).map(|left| told(left));
    Some(Told { state, why: said.collect::<Vec<_>>().join("; ") })
}

pub(super) fn dotnet_release(effective: &Effective, version: &str) -> Told {
    let (answer, why) = effective.dotnet.at_least(|release| dotnet_at_least(release, version));
    as_new(answer, why)
}

/// Whether something is as new as is asked for.
pub(super) fn as_new(answer: Answer, why: String) -> Told {
    Told { state: answer.state(State::AtLeast, State::Older), why }
}

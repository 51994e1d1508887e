//! States of what is held against something: the sides of a protocol against each other, its values against the book, a
//! release against another, programs against all protocols that are left to them.

use super::is;
use crate::audit::effective::{Answer, Effective, Left, State, dotnet_at_least};
use crate::windows::subject::{Bits, Runtime};

/// A state and why it is so.
pub(super) type Told = (String, String);

pub(super) fn values(effective: &Effective, protocol: &str) -> Option<Told> {
    let found = effective.protocols.iter().find(|found| found.protocol == protocol)?;
    Some((found.values.form.word().to_owned(), found.values.why.clone()))
}

/// Sides are alike where they do the same, whatever values that comes of.
pub(super) fn sides(effective: &Effective, protocol: &str) -> Option<Told> {
    let found = effective.protocols.iter().find(|found| found.protocol == protocol)?;
    let (client, server) = (&found.client, &found.server);
    if let Some(doubt) = [client, server].into_iter().find(|fact| fact.state == State::Unknown) {
        return Some(("unknown".to_owned(), doubt.why.clone()));
    }
    let word = if client.state == server.state { "alike" } else { "different" };
    let why =
        format!("client: {} ({}); server: {} ({})", client.state.word(), client.why, server.state.word(), server.why);
    Some((word.to_owned(), why))
}

pub(super) fn left(answer: Answer) -> String {
    let word = match answer {
        Answer::Yes => "left",
        Answer::No => "none",
        Answer::Unknown => "unknown",
    };
    word.to_owned()
}

/// None where there are no programs of this kind.
pub(super) fn dotnet_protocols(effective: &Effective, runtime: Runtime, view: Bits) -> Option<Told> {
    let own = |left: &&Left| is(left.view, view) && left.target.is_some() == (runtime == Runtime::V4);
    let programs: Vec<&Left> = effective.dotnet.left.iter().filter(own).collect();
    let first = programs.first()?;
    let told = |left: &Left| format!("{}: {}", left.programs(), left.why);
    if let Some(doubt) = programs.iter().find(|left| left.answer == Answer::Unknown) {
        return Some(("unknown".to_owned(), told(doubt)));
    }
    let alike = programs.iter().all(|left| left.answer == first.answer);
    let state = if alike { left(first.answer) } else { "partly".to_owned() };
    let said = programs.iter().filter(|left| alike || left.answer == Answer::No).map(|left| told(left));
    Some((state, said.collect::<Vec<_>>().join("; ")))
}

pub(super) fn dotnet_release(effective: &Effective, version: &str) -> Told {
    let (answer, why) = effective.dotnet.at_least(|release| dotnet_at_least(release, version));
    (reached(answer, "older"), why)
}

pub(super) fn reached(answer: Answer, not: &str) -> String {
    let word = match answer {
        Answer::Yes => "at-least",
        Answer::No => not,
        Answer::Unknown => "unknown",
    };
    word.to_owned()
}

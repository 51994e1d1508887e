//! The four values of a protocol as they stand, by the book of Exchange: Microsoft's guidance for it has `Enabled` and
//! `DisabledByDefault` set on both sides, as opposites, and the same on both (CSS-Exchange, HealthChecker, "TLS
//! Configuration Check"). What Windows makes of them is another question.

use super::{DISABLED, ENABLED};
use crate::audit::effective::ask::{self, Pair, Setting};
use crate::windows::state::State;

/// The four values of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// How they stand to each other; both sides are alike but for [`State::Different`].
    pub form: State,
    /// What they are.
    pub why: String,
}

impl Values {
    pub(super) fn of(client: &Pair, server: &Pair) -> Self {
        let said = |pair: &Pair| format!("{}, {}", ask::said(ENABLED, &pair.first), ask::said(DISABLED, &pair.second));
        let (of_client, of_server) = (said(client), said(server));
        let why = if of_client == of_server {
            format!("client and server: {of_client}")
        } else {
            format!("client: {of_client}; server: {of_server}")
        };
        Self { form: form([&client.first, &client.second, &server.first, &server.second]), why }
    }
}

/// `Enabled` and `DisabledByDefault` of the client, then of the server. Any number but 0 is on.
fn form(all: [&Setting; 4]) -> State {
    if all.iter().any(|setting| matches!(setting, Setting::Unknown(..))) {
        return State::Unknown;
    }
    if all.iter().any(|setting| matches!(setting, Setting::Odd(..))) {
        return State::Odd;
    }
    match all.map(|setting| setting.number().map(|n| n != 0)) {
        [None, None, None, None] => State::NotSet,
        [Some(enabled), Some(disabled), of_server @ Some(_), by_default @ Some(_)] => {
            if (Some(enabled), Some(disabled)) != (of_server, by_default) {
                State::Different
            } else if enabled == disabled {
                State::HalfDisabled
            } else if enabled {
                State::Enabled
            } else {
                State::Disabled
            }
        }
        _ => State::Incomplete,
    }
}

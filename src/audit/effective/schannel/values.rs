//! The four values of a protocol as they stand, by the book of Exchange: Microsoft's guidance for it has `Enabled` and
//! `DisabledByDefault` set on both sides, as opposites, and the same on both (CSS-Exchange, HealthChecker, "TLS
//! Configuration Check"). What Windows makes of them is another question.

use super::{DISABLED, ENABLED};
use crate::audit::effective::ask::{self, Pair, Setting};
use crate::windows::state::State;

/// How the four values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// `Enabled` on and `DisabledByDefault` off, on both sides.
    Enabled,
    /// `Enabled` off and `DisabledByDefault` on, on both sides.
    Disabled,
    /// Both values of a side are on, or both off, on both sides alike.
    HalfDisabled,
    /// The sides have different values.
    Different,
    /// Some of the four are not set.
    Incomplete,
    /// None of the four is set.
    NotSet,
    /// One of them has a type, or a length, that these values do not have.
    Odd,
    /// One of them cannot be read, or no input covers it.
    Unknown,
}

impl Form {
    /// The state that it is.
    pub fn state(self) -> State {
        match self {
            Form::Enabled => State::Enabled,
            Form::Disabled => State::Disabled,
            Form::HalfDisabled => State::HalfDisabled,
            Form::Different => State::Different,
            Form::Incomplete => State::Incomplete,
            Form::NotSet => State::NotSet,
            Form::Odd => State::Odd,
            Form::Unknown => State::Unknown,
        }
    }
}

/// The four values of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// How they stand to each other.
    pub form: Form,
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
fn form(all: [&Setting; 4]) -> Form {
    if all.iter().any(|setting| matches!(setting, Setting::Unknown(..))) {
        return Form::Unknown;
    }
    if all.iter().any(|setting| matches!(setting, Setting::Odd(..))) {
        return Form::Odd;
    }
    match all.map(|setting| setting.number().map(|n| n != 0)) {
        [None, None, None, None] => Form::NotSet,
        [Some(enabled), Some(disabled), of_server @ Some(_), by_default @ Some(_)] => {
            if (Some(enabled), Some(disabled)) != (of_server, by_default) {
                Form::Different
            } else if enabled == disabled {
                Form::HalfDisabled
            } else if enabled {
                Form::Enabled
            } else {
                Form::Disabled
            }
        }
        _ => Form::Incomplete,
    }
}

//! The states that a subject can have, each with its one word: policies, findings and reports all write it so.

use std::fmt;

/// What a [`Subject`](super::subject::Subject) can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It cannot be told.
    Unknown,
    /// Used by everyone; of something that is one: there, or reached.
    On,
    /// Only for programs that ask for it by name.
    SoftOff,
    /// Used by nobody; of something that is one: not there, or not reached.
    Off,
    /// This Windows does not have it, whatever the values say.
    NotSupported,
    /// So for programs of one kind, and not for those of another.
    Partly,
    /// On by the book, on both sides.
    Enabled,
    /// Off by the book, on both sides.
    Disabled,
    /// A side is on and off at once.
    HalfDisabled,
    /// The two sides are not the same.
    Different,
    /// Some of the values are not set.
    Incomplete,
    /// None of the values is set.
    NotSet,
    /// A value has the wrong type.
    Odd,
    /// The two sides are the same.
    Alike,
    /// One of several can be used.
    Left,
    /// None of several can be used.
    NoneLeft,
    /// As new or as large as is asked for.
    AtLeast,
    /// Not as new as is asked for.
    Older,
    /// Not as large as is asked for.
    Smaller,
    /// A version that does its work.
    InService,
    /// A version that has stopped working.
    Stopped,
    /// A version that its maker took back.
    Recalled,
    /// A version that is supported.
    Supported,
    /// A version whose support has ended.
    Ended,
    /// Nothing but what is asked for.
    Only,
    /// Something else than what is asked for.
    Others,
}

impl State {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            State::Unknown => "unknown",
            State::On => "on",
            State::SoftOff => "soft-off",
            State::Off => "off",
            State::NotSupported => "not-supported",
            State::Partly => "partly",
            State::Enabled => "enabled",
            State::Disabled => "disabled",
            State::HalfDisabled => "half-disabled",
            State::Different => "different",
            State::Incomplete => "incomplete",
            State::NotSet => "not-set",
            State::Odd => "odd",
            State::Alike => "alike",
            State::Left => "left",
            State::NoneLeft => "none",
            State::AtLeast => "at-least",
            State::Older => "older",
            State::Smaller => "smaller",
            State::InService => "in-service",
            State::Stopped => "stopped",
            State::Recalled => "recalled",
            State::Supported => "supported",
            State::Ended => "ended",
            State::Only => "only",
            State::Others => "others",
        }
    }

    /// Several, with what stands between two of them.
    pub fn listed(states: &[State], between: &str) -> String {
        states.iter().map(|state| state.word()).collect::<Vec<_>>().join(between)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

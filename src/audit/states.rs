//! Effective states: what rules may ask about that is no single value. Whoever can work them out for a host answers
//! through `States`; the rules need not know how.

use crate::host::Host;

/// What Windows makes of its settings on one host.
pub trait States {
    /// The state of a subject such as `schannel/TLS 1.2/client`, and why it is so in one sentence; none where it cannot
    /// be told. A state called `unknown` says the same, with a reason.
    fn state(&self, subject: &str) -> Option<(String, String)>;

    /// Whether Microsoft Entra Connect is installed; none where it cannot be told.
    fn entra_connect(&self) -> Option<Installed>;
}

/// Whether a product is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is not, or only a remnant of it is.
    No,
    /// It is, with this version.
    Version(String),
}

/// Tells nothing: every rule about an effective state is then unknown.
pub struct NoStates;

impl States for NoStates {
    fn state(&self, _: &str) -> Option<(String, String)> {
        None
    }

    fn entra_connect(&self) -> Option<Installed> {
        None
    }
}

/// What is known of the states of a host: the one place where an audit asks for them.
pub(super) fn of(_: &Host) -> impl States + use<> {
    NoStates
}

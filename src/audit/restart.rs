//! Whether settings wait for a restart.
//!
//! Windows stores no time of the last start in SYSTEM or SOFTWARE, but it stores the time of the last clean shutdown, and
//! every key has the time of its last change. A key that was changed before the last clean shutdown was in force at the
//! start that followed it.

use super::effective::Changed;
use super::effective::path;
use crate::registry::path::{KeyPath, Name};
use crate::registry::value::ValueType;
use crate::registry::{FileTime, Lookup, Registry};

const WINDOWS: &str = r"SYSTEM\CurrentControlSet\Control\Windows";

/// What the rule cannot see.
pub const LIMITS: &str = "times are kept by key, and writing the same value again moves them; after a crash, or in a restored \
                          snapshot, the shutdown time is an old one; services restarted since may use the new values already";

/// Whether a restart is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pending {
    /// A setting was changed after the last clean shutdown.
    Yes,
    /// Every setting is older than it, or none differs from what Windows does anyway.
    No,
    /// It cannot be told.
    Unknown,
}

/// The answer, with the times it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// The answer.
    pub pending: Pending,
    /// One sentence.
    pub why: String,
    /// When the newest of the keys was written, and its name.
    pub newest: Option<(FileTime, String)>,
    /// When Windows was last shut down cleanly.
    pub shutdown: Option<FileTime>,
}

pub(super) fn keys() -> Vec<KeyPath> {
    vec![path(WINDOWS)]
}

/// Holds the keys that make a difference against the time of the last shutdown.
pub(super) fn judge(registry: &Registry, schannel: &[Changed], dotnet: &[Changed]) -> Restart {
    let changed = || schannel.iter().chain(dotnet);
    let times = changed().filter_map(|key| Some((*key.last_write.as_ref().ok()?, key.key.clone())));
    let newest = times.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
    let missing = changed().find_map(|key| key.last_write.as_ref().err().map(|why| format!("{}: {why}", key.key)));
    let answer = |pending, why: String, shutdown| Restart { pending, why, newest: newest.clone(), shutdown };
    if newest.is_none() && missing.is_none() {
        return answer(Pending::No, "no setting differs from what Windows does anyway".to_owned(), None);
    }
    let shutdown = match registry.get(&path(WINDOWS), &Name::from("ShutdownTime")) {
        Lookup::Found(found) => match <[u8; 8]>::try_from(found.value.data.as_slice()) {
            Ok(bytes) if found.value.kind == ValueType::BINARY => FileTime(u64::from_le_bytes(bytes)),
            _ => return answer(Pending::Unknown, "ShutdownTime is no time".to_owned(), None),
        },
        Lookup::KeyAbsent | Lookup::ValueAbsent(_) => {
            return answer(Pending::Unknown, "Windows has noted no shutdown".to_owned(), None);
        }
        other => {
            // Of a .reg file the lack of times says more than that it does not cover the key.
            let why = missing.unwrap_or_else(|| format!("the last shutdown: {}", super::effective::no_answer(other)));
            return answer(Pending::Unknown, why, None);
        }
    };
    match (&newest, missing) {
        (Some((time, key)), _) if *time > shutdown => {
            let why = format!(
                "{key} was written {}, after the last clean shutdown on {}: restart, unless the last one was not clean",
                time.rfc3339(0),
                shutdown.rfc3339(0)
            );
            answer(Pending::Yes, why, Some(shutdown))
        }
        (_, Some(missing)) => answer(Pending::Unknown, missing, Some(shutdown)),
        (newest, None) => {
            let when = newest.as_ref().map_or_else(String::new, |(time, _)| time.rfc3339(0));
            let why = format!(
                "the newest setting, of {when}, is older than the last clean shutdown on {}",
                shutdown.rfc3339(0)
            );
            answer(Pending::No, why, Some(shutdown))
        }
    }
}

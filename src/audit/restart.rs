//! Whether settings wait for a restart.
//!
//! Windows stores no time of the last start in SYSTEM or SOFTWARE, but it stores the time of the last clean shutdown, and
//! every key has the time of its last change. A key that was changed before the last clean shutdown was in force at the
//! start that followed it.

use super::effective::Changed;
use super::effective::path;
use crate::registry::{Lookup, Registry};
use crate::windows::FileTime;
use crate::windows::path::Name;
use crate::windows::reading::Reading;
use crate::windows::value::ValueType;

const WINDOWS: &str = r"SYSTEM\CurrentControlSet\Control\Windows";
const SHUTDOWN: &str = "ShutdownTime";

/// What the rule cannot see.
pub const LIMITS: &str = "times are kept by key, and writing the same value again moves them; after a crash, or in a restored \
                          snapshot, the shutdown time is an old one; services restarted since may use the new values already; the order of cipher suites \
                          waits for a restart too, and is not looked at here";

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

impl Pending {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Pending::Yes => "yes",
            Pending::No => "no",
            Pending::Unknown => "unknown",
        }
    }
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

pub(super) fn reading() -> Reading {
    Reading::values(path(WINDOWS), &[SHUTDOWN])
}

/// Holds the keys that make a difference against the time of the last shutdown.
pub(super) fn judge(registry: &Registry, keys: &[&[Changed]]) -> Restart {
    let changed = || keys.iter().copied().flatten();
    let times = changed().filter_map(|key| Some((*key.last_write.as_ref().ok()?, key.key.clone())));
    let newest = times.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
    let missing = changed().find_map(|key| key.last_write.as_ref().err().map(|why| format!("{}: {why}", key.key)));
    let answer = |pending, why: String, shutdown| Restart { pending, why, newest: newest.clone(), shutdown };
    // Whatever the times of the keys say, the import is newer.
    match registry.first_change() {
        Some(Ok(place)) => {
            let why = format!("{} changes settings: restart after its import", place.artifact);
            return answer(Pending::Yes, why, None);
        }
        Some(Err(error)) => return answer(Pending::Unknown, error.to_string(), None),
        None => {}
    }
    if newest.is_none() && missing.is_none() {
        return answer(Pending::No, "no setting differs from what Windows does anyway".to_owned(), None);
    }
    let shutdown = match registry.get(&path(WINDOWS), &Name::from(SHUTDOWN)) {
        Lookup::Found(found) => match <[u8; 8]>::try_from(found.value.data.as_slice()) {
            Ok(time)
                if found.value.kind == ValueType::BINARY && FileTime(u64::from_le_bytes(time)).known().is_none() =>
            {
                return answer(Pending::Unknown, "Windows has noted no shutdown".to_owned(), None);
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::At;
    use crate::limits::Limits;
    use crate::place::Place;
    use crate::registry::reg_file::{Interest, RegFile, RegIs};

    /// A registry with this line below the key, or without the key.
    fn registry(line: Option<&str>) -> Registry {
        let key = line.map(|line| format!("[{}]\n{line}\n", path(WINDOWS))).unwrap_or_default();
        let text = format!("REGEDIT4\n[HKEY_LOCAL_MACHINE\\SYSTEM]\n{key}");
        let mut interest = Interest::new();
        interest.key(&reading().key);
        let file = RegFile::read(&text.into_bytes(), &Arc::from("t.reg"), &interest, &Limits::default(), None);
        Registry::new(vec![Box::new(file.taken_as(RegIs::Export))], 16)
    }

    fn changed(time: Result<u64, &str>) -> Changed {
        let place = Some(Place { artifact: "SYSTEM".into(), at: At::Offset(0x1020) });
        Changed { key: r"TLS 1.2\Client".into(), place, last_write: time.map(FileTime).map_err(str::to_owned) }
    }

    #[test]
    fn a_key_is_held_against_the_last_clean_shutdown() {
        // 0x0102 = 258
        const AT_258: Option<&str> = Some("\"ShutdownTime\"=hex:02,01,00,00,00,00,00,00");
        let judged = |line, schannel: &[_], dotnet: &[_]| judge(&registry(line), &[schannel, dotnet]).pending;
        for (line, schannel, dotnet, want) in [
            (AT_258, vec![], vec![], Pending::No),
            (AT_258, vec![changed(Ok(257))], vec![], Pending::No),
            (AT_258, vec![changed(Ok(258))], vec![], Pending::No),
            (AT_258, vec![changed(Ok(259))], vec![], Pending::Yes),
            (AT_258, vec![changed(Ok(1))], vec![changed(Ok(300))], Pending::Yes),
            (AT_258, vec![changed(Ok(1)), changed(Err("unreadable"))], vec![], Pending::Unknown),
            (AT_258, vec![changed(Ok(300)), changed(Err("unreadable"))], vec![], Pending::Yes),
            (AT_258, vec![changed(Err("a .reg file has no times"))], vec![], Pending::Unknown),
            (None, vec![changed(Ok(1))], vec![], Pending::Unknown),
            (Some("\"ShutdownTime\"=hex:02"), vec![changed(Ok(1))], vec![], Pending::Unknown),
            (Some("\"ShutdownTime\"=dword:1"), vec![changed(Ok(1))], vec![], Pending::Unknown),
        ] {
            assert_eq!(judged(line, &schannel, &dotnet), want, "{line:?} {schannel:?} {dotnet:?}");
        }
    }
}

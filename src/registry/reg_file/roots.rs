//! Where a key path belongs: roots, and hives that are mounted under another name or under none.
//!
//! Such names help to read what was exported from a mounted hive. An import goes by the letter: it writes to the keys of
//! these names, or to none where a root is missing.

use super::interest::Start;
use super::lex::BACKSLASH;
use crate::windows::control_set::is_control_set;
use crate::windows::roots::{MACHINE, OLD_ROOT, Root, is};

/// The names below `HKEY_LOCAL_MACHINE` that are hives of the running system; any other name is a mount.
const MACHINE_HIVES: [&str; 4] = ["HARDWARE", "SAM", "SECURITY", "BCD00000000"];

/// Top-level keys by which a mounted SOFTWARE hive is known.
const SOFTWARE_KEYS: [&str; 6] =
    ["Microsoft", "WOW6432Node", "Policies", "Classes", "Clients", "RegisteredApplications"];

/// A path with its head understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Located<'a> {
    /// Where `rest` starts.
    pub(super) start: Start,
    /// The path as written, up to where a hive is mounted that is not the running system's. Empty: no such mount.
    pub(super) mount: &'a [u16],
    /// The names below `start`.
    pub(super) rest: &'a [u16],
}

/// What is wrong with a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadRoot {
    /// Not a root at all.
    Unknown,
    /// `HKLM` and the like.
    Abbreviated,
    /// None, but a backslash.
    Missing,
}

/// The non-empty names of a path: runs of backslashes separate once.
pub(super) fn names(path: &[u16]) -> impl Iterator<Item = &[u16]> {
    path.split(|&u| u == BACKSLASH).filter(|name| !name.is_empty())
}

/// Understands the head of a path in a .reg file.
///
/// A hive that was loaded under a name of its own is known by what is in it: `…\<name>\ControlSet001` and
/// `…\<name>\Select` are a SYSTEM hive, `…\<name>\Microsoft` and the like a SOFTWARE hive. hivexregedit writes the
/// same with an empty name.
pub(super) fn locate(path: &[u16]) -> Result<Located<'_>, BadRoot> {
    let root = path.split(|&u| u == BACKSLASH).next().unwrap_or_default();
    let below = path.get(root.len()..).unwrap_or_default();
    if root.is_empty() {
        // A mount needs some name; the leading backslash is it.
        let mount = path.get(..1).filter(|head| !head.is_empty()).ok_or(BadRoot::Unknown)?;
        return Ok(mounted(mount, below).unwrap_or(Located { start: Start::Root, mount, rest: &[] }));
    }
    let plain = Located { start: Start::Root, mount: &[], rest: path };
    if is(root, MACHINE) {
        return Ok(machine(below).or_else(|| below_mount(path, below)).unwrap_or(plain));
    }
    if is(root, "HKEY_USERS") {
        let user = names(below).next().unwrap_or_default();
        let real = is(user.get(..4).unwrap_or_default(), "S-1-") || is(user, ".DEFAULT");
        return Ok(if real { plain } else { below_mount(path, below).unwrap_or(plain) });
    }
    // Those that regedit takes, in any case but in full (Wine, `reg_class_namesW`).
    if Root::with_long_name(root).is_some() || is(root, OLD_ROOT.long) {
        Ok(plain)
    } else if Root::with_short_name(root).is_some() || is(root, OLD_ROOT.short) {
        Err(BadRoot::Abbreviated)
    } else {
        Err(BadRoot::Unknown)
    }
}

/// Where an import goes that names this path: nowhere but there.
pub(super) fn imported(path: &[u16]) -> Result<Located<'_>, BadRoot> {
    let located = locate(path)?;
    match located.mount {
        [] => Ok(located),
        [BACKSLASH] => Err(BadRoot::Missing),
        _ => Ok(Located { start: Start::Root, mount: &[], rest: path }),
    }
}

/// Understands a path below `HKEY_LOCAL_MACHINE` whose first name is one of the running system's hives.
pub(super) fn machine(below: &[u16]) -> Option<Located<'_>> {
    let Some(hive) = names(below).next() else {
        return Some(Located { start: Start::Machine, mount: &[], rest: &[] });
    };
    let rest = || after_name(below, hive);
    if is(hive, "SOFTWARE") {
        Some(Located { start: Start::Software, mount: &[], rest: rest() })
    } else if is(hive, "SYSTEM") {
        Some(Located { start: Start::System, mount: &[], rest: rest() })
    } else if MACHINE_HIVES.iter().any(|name| is(hive, name)) {
        Some(Located { start: Start::Machine, mount: &[], rest: below })
    } else {
        None
    }
}

/// Understands a path whose second name may be a mount.
fn below_mount<'a>(path: &'a [u16], below: &'a [u16]) -> Option<Located<'a>> {
    let name = names(below).next()?;
    let rest = after_name(below, name);
    let mount = path.get(..path.len().saturating_sub(rest.len()))?;
    mounted(mount, rest)
}

fn mounted<'a>(mount: &'a [u16], rest: &'a [u16]) -> Option<Located<'a>> {
    let top = names(rest).next().unwrap_or_default();
    // `CurrentControlSet` is a link of the running system; in a file its name is as good a sign as a number.
    let start = if is(top, "Select") || is_control_set(top) {
        Start::System
    } else if SOFTWARE_KEYS.iter().any(|name| is(top, name)) {
        Start::Software
    } else if top.is_empty() {
        // The mount itself: which hive it is shows in the keys below it.
        Start::Root
    } else {
        return None;
    };
    Some(Located { start, mount, rest })
}

/// What follows the first name of `path`, which is `name`.
fn after_name<'a>(path: &'a [u16], name: &[u16]) -> &'a [u16] {
    let lead = path.iter().take_while(|&&u| u == BACKSLASH).count();
    path.get(lead.saturating_add(name.len())..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate_text(path: &str) -> Result<(Start, String, String), BadRoot> {
        let units: Vec<u16> = path.encode_utf16().collect();
        locate(&units).map(|l| (l.start, String::from_utf16_lossy(l.mount), String::from_utf16_lossy(l.rest)))
    }

    #[test]
    fn every_spelling_of_a_hive_ends_at_the_same_place() {
        for (path, start, mount, rest) in [
            (r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\a", Start::System, "", r"\ControlSet001\a"),
            (r"hkey_local_machine\Software\\Microsoft", Start::Software, "", r"\\Microsoft"),
            (r"HKEY_LOCAL_MACHINE\OFF\ControlSet001", Start::System, r"HKEY_LOCAL_MACHINE\OFF", r"\ControlSet001"),
            (r"HKEY_LOCAL_MACHINE\OFF\Select", Start::System, r"HKEY_LOCAL_MACHINE\OFF", r"\Select"),
            (r"HKEY_USERS\off\Wow6432Node\x", Start::Software, r"HKEY_USERS\off", r"\Wow6432Node\x"),
            (r"\ControlSet001\a", Start::System, r"\", r"\ControlSet001\a"),
            (r"\Microsoft", Start::Software, r"\", r"\Microsoft"),
            (r"\", Start::Root, r"\", r"\"),
            (r"HKEY_LOCAL_MACHINE\OFF", Start::Root, r"HKEY_LOCAL_MACHINE\OFF", ""),
            (r"HKEY_LOCAL_MACHINE", Start::Machine, "", ""),
            (r"HKEY_LOCAL_MACHINE\SAM\Microsoft", Start::Machine, "", r"\SAM\Microsoft"),
            (r"HKEY_USERS\S-1-5-18\Microsoft", Start::Root, "", r"HKEY_USERS\S-1-5-18\Microsoft"),
            (r"HKEY_USERS\.DEFAULT\Microsoft", Start::Root, "", r"HKEY_USERS\.DEFAULT\Microsoft"),
            (r"HKEY_CURRENT_USER\Software", Start::Root, "", r"HKEY_CURRENT_USER\Software"),
        ] {
            assert_eq!(locate_text(path), Ok((start, mount.into(), rest.into())), "{path}");
        }
    }

    #[test]
    fn an_import_goes_by_the_letter() {
        let units = |path: &str| path.encode_utf16().collect::<Vec<u16>>();
        for path in [
            r"HKEY_LOCAL_MACHINE\OFF\ControlSet001",
            r"HKEY_LOCAL_MACHINE\OFF",
            r"HKEY_USERS\off\Microsoft",
            r"HKEY_USERS\S-1-5-18\Microsoft",
        ] {
            let path = units(path);
            assert_eq!(imported(&path), Ok(Located { start: Start::Root, mount: &[], rest: &path }));
        }
        for path in [r"HKEY_LOCAL_MACHINE\SYSTEM\Select", "HKEY_LOCAL_MACHINE"] {
            assert_eq!(imported(&units(path)), locate(&units(path)));
        }
        for path in [r"\ControlSet001", r"\Microsoft", r"\x", r"\"] {
            assert_eq!(imported(&units(path)), Err(BadRoot::Missing), "{path}");
        }
        assert_eq!(imported(&units("HKLM")), Err(BadRoot::Abbreviated));
    }

    #[test]
    fn roots_are_full_names() {
        assert_eq!(locate_text(r"HKLM\SOFTWARE"), Err(BadRoot::Abbreviated));
        for path in [r"HKEY_CURRENT_USERS\x", r"HKEY_LOCAL_MACHIN\x", "", "x"] {
            assert_eq!(locate_text(path), Err(BadRoot::Unknown), "{path}");
        }
    }
}

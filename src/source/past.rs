//! The past of a machine: copies of its hives from an earlier day, which are no machine of their own.
//!
//! Where Windows keeps them: `config\RegBack`, `config\Journal`, `Windows\repair` (since its setup, or the last backup of the
//! system state), `Windows.old`, the restore points of Windows XP (`System Volume Information\_restore{…}\RPn\snapshot`), and
//! shadow copies, which collectors name by their device (`…\HarddiskVolumeShadowCopy3`) and file servers by their day
//! (`@GMT-2024.05.14-08.14.00`). ERUNT, which many ran on Windows XP, keeps its own in `Windows\ERDNT`.

use crate::windows::keys::is_hive_file;
use std::path::{Component, Path, PathBuf};

/// What a hive of a restore point is called before the name of its key.
const RESTORE_POINT: &str = "_registry_machine_";

/// Endings of copies that Windows, its setup or a person leaves beside a hive.
const COPIES: [&str; 4] = ["sav", "old", "bak", "alt"];

/// Whether the path is that of such a copy, or of a folder that holds some.
pub(super) fn is_past(path: &Path) -> bool {
    top(path).is_some() || path.file_name().is_some_and(|name| is_of_restore_point(&name.to_string_lossy()))
}

/// The part of the path that leads to the first folder which is the past, that folder included.
pub(super) fn top(path: &Path) -> Option<PathBuf> {
    let mut above = String::new();
    let mut reached = PathBuf::new();
    for component in path.components() {
        reached.push(component);
        let Component::Normal(name) = component else { continue };
        let name = name.to_string_lossy().to_ascii_lowercase();
        if is_past_folder(&above, &name) {
            return Some(reached);
        }
        above = name;
    }
    None
}

/// Whether a folder of this name, in one called `above`, holds the past; both in lower case.
fn is_past_folder(above: &str, name: &str) -> bool {
    let in_windows = || above.starts_with("windows") || above.starts_with("winnt");
    let shadow = || {
        let number = name.split_once("harddiskvolumeshadowcopy").map(|(_, number)| number);
        number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    match name {
        "regback" => true,
        "journal" => above == "config",
        "repair" | "erdnt" => in_windows(),
        _ => is_windows_old(name) || ["_restore{", "@gmt-"].iter().any(|start| name.starts_with(start)) || shadow(),
    }
}

/// Whether Windows calls the folder of what was there before itself so: `windows.old`, `windows.old.000`, `windows.old(1)`.
fn is_windows_old(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("windows.old") else { return false };
    let number = rest.strip_prefix('.').or_else(|| rest.strip_prefix('(')?.strip_suffix(')'));
    rest.is_empty() || number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The name of a hive without what restore points put before it.
pub(super) fn plain(name: &str) -> &str {
    match name.split_at_checked(RESTORE_POINT.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(RESTORE_POINT) => rest,
        _ => name,
    }
}

fn is_of_restore_point(name: &str) -> bool {
    plain(name).len() < name.len()
}

/// The name of the hive that a file of this name is a copy of, if that lies beside it: `system.sav`, `SOFTWARE.OLD`.
pub(super) fn copy_of(name: &str) -> Option<&str> {
    let (stem, end) = name.rsplit_once('.')?;
    let copy = COPIES.iter().any(|known| end.eq_ignore_ascii_case(known));
    (copy && is_hive_file(stem)).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_told_by_where_it_lies() {
        for (path, past) in [
            ("C/Windows/System32/config/SYSTEM", None),
            ("C/Windows/System32/config/RegBack/SYSTEM", Some("C/Windows/System32/config/RegBack")),
            ("C/Windows/System32/config/Journal/SYSTEM", Some("C/Windows/System32/config/Journal")),
            ("C/WINDOWS/repair/backup/system", Some("C/WINDOWS/repair")),
            ("C/WINNT/REPAIR/system", Some("C/WINNT/REPAIR")),
            ("home/repair/SYSTEM", None),
            ("Windows.old.000/Windows/System32/config/SYSTEM", Some("Windows.old.000")),
            (
                "System Volume Information/_restore{4F1A}/RP7/snapshot/_REGISTRY_MACHINE_SYSTEM",
                Some("System Volume Information/_restore{4F1A}"),
            ),
            ("uploads/ntfs/HarddiskVolumeShadowCopy12/Windows/SYSTEM", Some("uploads/ntfs/HarddiskVolumeShadowCopy12")),
            (
                "uploads/mft/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy1/SYSTEM",
                Some("uploads/mft/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy1"),
            ),
            ("HarddiskVolumeShadowCopies/SYSTEM", None),
            ("windows.old(1)/SYSTEM", Some("windows.old(1)")),
            ("windows.old-archive/SYSTEM", None),
            ("share/@GMT-2024.05.14-08.14.00/Windows/SYSTEM", Some("share/@GMT-2024.05.14-08.14.00")),
        ] {
            assert_eq!(top(Path::new(path)), past.map(PathBuf::from), "{path}");
        }
        assert!(is_past(Path::new("case/_REGISTRY_MACHINE_SOFTWARE")));
    }

    #[test]
    fn copies_beside_a_hive_are_told_by_their_names() {
        for (name, of) in [
            ("system.sav", Some("system")),
            ("SOFTWARE.OLD", Some("SOFTWARE")),
            ("SYSTEM", None),
            ("SYSTEM.LOG", None),
            ("DC1_SYSTEM.bak", None),
            ("sam.sav", None),
        ] {
            assert_eq!(copy_of(name), of, "{name}");
        }
        assert_eq!(plain("_REGISTRY_MACHINE_SYSTEM"), "SYSTEM");
        assert_eq!(plain("SYSTEM"), "SYSTEM");
        assert_eq!(plain("_registry"), "_registry");
    }
}

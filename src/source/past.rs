//! The past of a machine: copies of its hives from an earlier day, which are no machine of their own.
//!
//! Where Windows keeps them: `config\RegBack`, `config\Journal`, `Windows\repair` (since its setup, or the last backup of the
//! system state), `Windows.old`, the restore points of Windows XP (`System Volume Information\_restore{…}\RPn\snapshot`), and
//! shadow copies, which collectors name by their device (`…\HarddiskVolumeShadowCopy3`) and file servers by their day
//! (`@GMT-2024.05.14-08.14.00`). ERUNT, which many ran on Windows XP, keeps its own in `Windows\ERDNT`.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::shadow::AsOf;
use crate::place::INTO;
use crate::windows::FileTime;
use crate::windows::keys::is_hive_file;

/// What a hive of a restore point is called before the name of its key.
const RESTORE_POINT: &str = "_registry_machine_";

/// Endings of copies that Windows, its setup or a person leaves beside a hive.
const COPIES: [&str; 4] = ["sav", "old", "bak", "alt"];

/// Where a copy of an earlier day lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPlace {
    /// What kind of copy that makes it.
    pub kind: PastKind,
    /// What the names of the hives of its machine begin with, as they are now.
    pub home: String,
}

/// What kind of copy of an earlier day it is, by where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastKind {
    /// A volume shadow copy of a disk image.
    Shadow(AsOf),
    /// A folder that is called as Windows calls the device of a shadow copy.
    ShadowFolder,
    /// A folder that is called as file servers call a shadow copy: by when it was made.
    Dated(FileTime),
    /// `config\RegBack`
    RegBack,
    /// `config\Journal`
    Journal,
    /// `Windows\repair`, or `Windows\ERDNT`
    Repair,
    /// `Windows.old`
    WindowsOld,
    /// A restore point of Windows XP.
    RestorePoint,
    /// A copy beside the hive, such as `SYSTEM.sav`.
    Beside,
}

impl PastKind {
    /// The word that programs read.
    pub fn word(self) -> &'static str {
        match self {
            PastKind::Shadow(_) => "shadow_copy",
            PastKind::ShadowFolder | PastKind::Dated(_) => "shadow_copy_folder",
            PastKind::RegBack => "regback",
            PastKind::Journal => "journal",
            PastKind::Repair => "repair",
            PastKind::WindowsOld => "windows_old",
            PastKind::RestorePoint => "restore_point",
            PastKind::Beside => "copy",
        }
    }
}

impl fmt::Display for PastKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PastKind::Shadow(as_of) => write!(f, "shadow copy {}", as_of.copy),
            PastKind::ShadowFolder | PastKind::Dated(_) => f.write_str("a folder of a shadow copy"),
            PastKind::RegBack => f.write_str("RegBack"),
            PastKind::Journal => f.write_str("config\\Journal"),
            PastKind::Repair => f.write_str("a copy for repairs"),
            PastKind::WindowsOld => f.write_str("Windows.old"),
            PastKind::RestorePoint => f.write_str("a restore point"),
            PastKind::Beside => f.write_str("a copy beside the hive"),
        }
    }
}

/// Where a copy of an earlier day lies, by the name that reports call it, and the shadow copy that it is from.
pub(super) fn place(name: &str, as_of: Option<AsOf>) -> Option<PastPlace> {
    if let Some(as_of) = as_of {
        let home = name.replacen(&format!("{INTO}{as_of}"), "", 1);
        let file = home.rfind(['\\', '/']).map_or(0, |at| at.saturating_add(1));
        return Some(PastPlace { kind: PastKind::Shadow(as_of), home: home.get(..file)?.to_owned() });
    }
    let (mut above, mut above_at) = (String::new(), 0);
    for (at, part) in parts(name) {
        let part = part.to_ascii_lowercase();
        if is_past_folder(&above, &part) {
            let at = if above == "system volume information" { above_at } else { at };
            return Some(PastPlace { kind: kind(&part), home: name.get(..at)?.to_owned() });
        }
        (above, above_at) = (part, at);
    }
    let kind = if is_of_restore_point(&above) { PastKind::RestorePoint } else { PastKind::Beside };
    Some(PastPlace { kind, home: name.get(..above_at)?.to_owned() })
}

/// Whether what is called so lies where copies of an earlier day do.
pub(crate) fn is_past_name(name: &str) -> bool {
    let mut before = "";
    for step in name.split(INTO) {
        if is_of_volume(before) && is_shadow_step(step) {
            return true;
        }
        before = step;
    }
    let mut above = String::new();
    let mut last = String::new();
    for (_, part) in parts(name) {
        let part = part.to_ascii_lowercase();
        if is_past_folder(&above, &part) {
            return true;
        }
        above.clone_from(&part);
        last = part;
    }
    is_of_restore_point(&last)
}

/// Whether a step is called as volumes are. The label, which anybody may have chosen, says nothing of where it lies.
fn is_of_volume(step: &str) -> bool {
    ["volume", "GPT ", "MBR ", "offset 0x"].iter().any(|start| step.starts_with(start))
}

/// Whether a step in a volume leads to its shadow copies.
fn is_shadow_step(step: &str) -> bool {
    let numbered = || {
        let (number, day) = step.strip_prefix("shadow copy ")?.split_once(" of ")?;
        Some(number.bytes().all(|b| b.is_ascii_digit()) && !day.contains(['/', '\\']))
    };
    step == "shadow copies" || numbered().unwrap_or(false)
}

/// The folders, steps and the file of a name, each with where it begins. The name of a volume is no folder.
fn parts(name: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0usize;
    name.split(INTO).flat_map(move |step| {
        let start = from;
        from = from.saturating_add(step.len()).saturating_add(INTO.len());
        let mut at = start;
        let is_volume = start > 0 && is_of_volume(step);
        step.split(move |c| !is_volume && matches!(c, '/' | '\\')).map(move |part| {
            let here = at;
            at = at.saturating_add(part.len()).saturating_add(1);
            (here, part)
        })
    })
}

/// The kind of a folder that holds the past, by its name in lower case.
fn kind(folder: &str) -> PastKind {
    match folder {
        "regback" => PastKind::RegBack,
        "journal" => PastKind::Journal,
        "repair" | "erdnt" => PastKind::Repair,
        _ if folder.starts_with("windows.old") => PastKind::WindowsOld,
        _ if folder.starts_with("_restore{") => PastKind::RestorePoint,
        _ => folder.strip_prefix("@gmt-").and_then(dated).map_or(PastKind::ShadowFolder, PastKind::Dated),
    }
}

/// The time in a name such as `@GMT-2024.05.14-08.14.00`.
fn dated(time: &str) -> Option<FileTime> {
    let (day, clock) = time.split_once('-')?;
    let (start, _) = FileTime::day(&day.replace('.', "-")).ok()?;
    let numbers: Vec<u64> = clock.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        &[hours @ ..24, minutes @ ..60, seconds @ ..60] => Some(start.later(hours * 3600 + minutes * 60 + seconds)),
        _ => None,
    }
}

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
    fn where_a_copy_lies_says_what_it_is_and_whose() {
        let as_of = AsOf { copy: 2, created: FileTime::of_unix_seconds(0) };
        let day = FileTime::of_unix_seconds(1_715_674_440);
        for (name, of, kind, home) in [
            ("C/Windows/System32/config/RegBack/SYSTEM", None, PastKind::RegBack, "C/Windows/System32/config/"),
            ("d › GPT 3 › Windows.old\\Windows\\System32\\config\\SYSTEM", None, PastKind::WindowsOld, "d › GPT 3 › "),
            ("a/System Volume Information/_restore{4F}/RP7/snapshot/x", None, PastKind::RestorePoint, "a/"),
            ("x/_REGISTRY_MACHINE_SYSTEM", None, PastKind::RestorePoint, "x/"),
            ("x/SYSTEM.sav", None, PastKind::Beside, "x/"),
            ("s/@GMT-2024.05.14-08.14.00/Windows/SYSTEM", None, PastKind::Dated(day), "s/"),
            ("u/HarddiskVolumeShadowCopy12/SYSTEM", None, PastKind::ShadowFolder, "u/"),
            (
                "d › GPT 3 (NTFS \"C\") › shadow copy 2 of 1970-01-01T00:00:00Z › Windows\\SYSTEM",
                Some(as_of),
                PastKind::Shadow(as_of),
                "d › GPT 3 (NTFS \"C\") › Windows\\",
            ),
        ] {
            assert_eq!(place(name, of), Some(PastPlace { kind, home: home.to_owned() }), "{name}");
            assert_eq!(is_past_name(name), kind != PastKind::Beside, "{name}");
        }
        assert_eq!(dated("2024.05.14-24.00.00"), None);
        for name in [
            "d.raw › volume (NTFS \"a/RegBack/b\") › Windows\\System32\\config\\SYSTEM",
            "c.zip › Shadow Copies/vm.qcow2",
            "c.zip › shadow copies",
            "c.zip › shadow copies of may/srv/SYSTEM",
            "d › GPT 3 › shadow copy of may\\SYSTEM",
        ] {
            assert!(!is_past_name(name), "{name}");
        }
        assert!(is_past_name("d › GPT 3 (NTFS) › shadow copies"));
        assert!(!is_past_name("d › GPT 3 › Windows\\System32\\config\\SYSTEM"));
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

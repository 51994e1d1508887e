//! Files of Group Policy that are of a machine: where Windows keeps them, and which machine that is.

use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path};

use super::is_in_config;
use crate::registry::group_policy::Form;

/// What a file of Group Policy is to the machine that it lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyPlace {
    /// What an administrator set on the machine itself: `System32\GroupPolicy\Machine`.
    Local,
    /// A policy of the domain that the machine has fetched: `System32\GroupPolicy\DataStore`.
    Fetched,
    /// Preferences as they were applied last: `ProgramData\Microsoft\Group Policy\History`.
    History,
    /// Registry policy as it was applied last: `ProgramData\ntuser.pol`.
    Applied,
    /// What concerns users alone.
    Users,
    /// A policy that a domain controller hands out, which may be for other machines alone: `SYSVOL`.
    Domain,
    /// Any other place.
    Other,
}

impl fmt::Display for PolicyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PolicyPlace::Local => "local policy",
            PolicyPlace::Fetched => "a policy of the domain",
            PolicyPlace::History => "preferences applied earlier",
            PolicyPlace::Applied => "policy applied earlier",
            PolicyPlace::Users => "policy of users",
            PolicyPlace::Domain => "a policy in SYSVOL",
            PolicyPlace::Other => "a policy file that lies there",
        })
    }
}

/// How Velociraptor reads files, which is the second folder of its collections: it may be one for the hives, which are open,
/// and another for the rest.
const ACCESSORS: [&str; 8] = ["auto", "ntfs", "mft", "file", "lazy_ntfs", "lazy_auto", "ntfs_vss", "sparse"];

/// Folders beside that of Windows where Windows keeps files of Group Policy.
const BESIDE: [&str; 3] = ["programdata", "users", "documents and settings"];

/// Machines by where their Windows is, each with a number.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    /// By the folder of Windows.
    windows: HashMap<Vec<String>, usize>,
    /// By the folder which that is in: the root of its volume.
    volumes: HashMap<Vec<String>, usize>,
}

impl Machines {
    /// Adds a machine by the folder of its hives, if that is the one where Windows has them.
    pub(crate) fn add(&mut self, folder: &Path, number: usize) {
        if !is_in_config(folder) {
            return;
        }
        let mut names = names(folder);
        names.truncate(names.len().saturating_sub(2));
        if let Some((_, volume)) = names.split_last() {
            self.volumes.entry(volume.to_vec()).or_insert(number);
            self.windows.entry(names).or_insert(number);
        }
    }

    /// The machine that a file of Group Policy is of, by its path.
    pub(crate) fn owner(&self, path: &Path) -> Option<usize> {
        let names = names(path);
        (0..names.len()).rev().find_map(|len| {
            let (above, below) = names.split_at_checked(len)?;
            let beside = below.first().is_some_and(|first| BESIDE.contains(&first.as_str()));
            let of_volume = || self.volumes.get(above).filter(|_| beside);
            self.windows.get(above).or_else(of_volume).copied()
        })
    }
}

/// What a file of Group Policy is, by its path.
pub(crate) fn place(path: &Path) -> PolicyPlace {
    let names = names(path);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let has = |wanted: &[&str]| names.windows(wanted.len()).any(|part| part == wanted);
    let (above, file) = match names.as_slice() {
        [.., above, file] => (*above, *file),
        _ => return PolicyPlace::Other,
    };
    let of_all = above == "all users" || above == "programdata";
    match file {
        "ntuser.pol" if of_all => PolicyPlace::Applied,
        "ntuser.pol" => PolicyPlace::Users,
        _ if above != "user" && has(&["system32", "grouppolicy", "machine"]) => PolicyPlace::Local,
        _ if has(&["sysvol"]) && !has(&["grouppolicy", "datastore"]) => PolicyPlace::Domain,
        _ if above == "user" || has(&["system32", "grouppolicyusers"]) => PolicyPlace::Users,
        _ if has(&["microsoft", "group policy", "history"]) => match names.contains(&"machine") {
            true => PolicyPlace::History,
            false => PolicyPlace::Users,
        },
        // The folder 0 is that of the machine, those of users are called by their SID.
        _ if has(&["grouppolicy", "datastore", "0"]) => PolicyPlace::Fetched,
        _ if has(&["grouppolicy", "datastore"]) => PolicyPlace::Users,
        _ => PolicyPlace::Other,
    }
}

/// Which file of Group Policy Windows has here for the machine, whatever the file holds.
pub(super) fn expected(path: &Path) -> Option<Form> {
    let called = |name: &str| path.file_name().is_some_and(|own| own.eq_ignore_ascii_case(name));
    match place(path) {
        PolicyPlace::Local | PolicyPlace::Fetched if called("Registry.pol") => Some(Form::Pol),
        PolicyPlace::History if called("Registry.xml") => Some(Form::Gpp),
        PolicyPlace::Applied => Some(Form::Pol),
        _ => None,
    }
}

/// Whether a folder is that of Velociraptor's uploads: a folder for each way to read files, each with parts of one machine.
pub(super) fn is_uploads(folder: &Path) -> bool {
    let called = folder.file_name().is_some_and(|name| name.eq_ignore_ascii_case("uploads"));
    called && ACCESSORS.iter().any(|accessor| folder.join(accessor).is_dir())
}

/// Whether a folder of this name, beside that of Windows, is one where Windows keeps files of Group Policy.
pub(super) fn is_beside_windows(name: &std::ffi::OsStr) -> bool {
    BESIDE.iter().any(|beside| name.eq_ignore_ascii_case(beside))
}

/// The names of a path in lower case, without what tells apart files of one volume or one collection.
fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for component in path.components() {
        let Component::Normal(name) = component else { continue };
        let name = name.to_string_lossy();
        // The number of a folder, in an image.
        if name.strip_prefix('\0').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
            continue;
        }
        let name = name.to_ascii_lowercase();
        let last = names.last().map(String::as_str);
        if last == Some("uploads") && ACCESSORS.contains(&name.as_str()) {
            names.push(String::new());
        } else if last == Some("") {
            names.push(drive(&name).to_owned());
        } else {
            names.push(name);
        }
    }
    names
}

/// A drive as a letter, however Velociraptor wrote its device: `%5c%5c.%5cc%3a`.
fn drive(name: &str) -> &str {
    let last = name.rsplit("%5c").next().unwrap_or(name);
    last.strip_suffix("%3a").or_else(|| last.strip_suffix(':')).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines(config: &str) -> Machines {
        let mut machines = Machines::default();
        machines.add(Path::new(config), 7);
        machines
    }

    #[test]
    fn policy_files_are_of_the_machine_whose_volume_they_lie_in() {
        let own = machines("case/C/Windows/System32/config");
        for (path, has) in [
            ("case/C/Windows/System32/GroupPolicy/Machine/Registry.pol", true),
            ("case/C/WINDOWS/system32/GroupPolicy/User/Registry.pol", true),
            ("case/C/ProgramData/Microsoft/Group Policy/History/{1}/Machine/Preferences/Registry/Registry.xml", true),
            ("case/C/Users/x/ntuser.pol", true),
            ("case/D/Windows/System32/GroupPolicy/Machine/Registry.pol", false),
            ("case/C/gpo/Machine/Registry.pol", false),
            ("case/Registry.pol", false),
        ] {
            assert_eq!(own.owner(Path::new(path)), has.then_some(7), "{path}");
        }
        assert!(machines("case/config").owner(Path::new("case/config/Registry.pol")).is_none());
        let volume = machines("x.vhd/\0MBR 1/\x0012/Windows/System32/config");
        let file =
            |number: u8| format!("x.vhd/\0MBR {number}/\x0099/Windows/System32/GroupPolicy/Machine/Registry.pol");
        assert!(volume.owner(Path::new(&file(1))).is_some());
        assert!(volume.owner(Path::new(&file(2))).is_none());
    }

    #[test]
    fn collections_of_velociraptor_have_a_folder_for_each_way_to_read() {
        let own = machines("x/uploads/ntfs/%5C%5C.%5CC%3A/Windows/System32/config");
        let file = |drive: &str| format!("x/uploads/{drive}/Windows/System32/GroupPolicy/Machine/Registry.pol");
        assert!(own.owner(Path::new(&file("auto/C%3A"))).is_some());
        assert!(own.owner(Path::new(&file("auto/D%3A"))).is_none());
        let other = machines("uploads/dc1/C/Windows/System32/config");
        assert!(other.owner(Path::new("uploads/dc2/C/Windows/System32/GroupPolicy/Machine/Registry.pol")).is_none());
    }

    #[test]
    fn what_a_policy_file_is_shows_in_its_path() {
        for (path, what) in [
            ("Windows/System32/GroupPolicy/Machine/Registry.pol", PolicyPlace::Local),
            ("Windows/System32/GroupPolicy/User/Registry.pol", PolicyPlace::Users),
            ("Windows/System32/GroupPolicyUsers/S-1-5-32-545/User/Registry.pol", PolicyPlace::Users),
            (
                "Windows/System32/GroupPolicy/DataStore/0/sysvol/a.b/Policies/{1}/Machine/Registry.pol",
                PolicyPlace::Fetched,
            ),
            ("Windows/System32/GroupPolicy/DataStore/S-1-5-21/sysvol/a.b/x/Registry.pol", PolicyPlace::Users),
            (
                "ProgramData/Microsoft/Group Policy/History/{1}/Machine/Preferences/Registry/Registry.xml",
                PolicyPlace::History,
            ),
            (
                "ProgramData/Microsoft/Group Policy/History/{1}/S-1-5-21/Preferences/Registry/Registry.xml",
                PolicyPlace::Users,
            ),
            ("ProgramData/ntuser.pol", PolicyPlace::Applied),
            ("Users/x/ntuser.pol", PolicyPlace::Users),
            ("Windows/SYSVOL/domain/Policies/{1}/MACHINE/Registry.pol", PolicyPlace::Domain),
            ("Windows/Temp/Registry.pol", PolicyPlace::Other),
        ] {
            assert_eq!(place(Path::new(path)), what, "{path}");
        }
    }
}

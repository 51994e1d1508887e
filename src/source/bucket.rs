//! Prefixes of object stores: what lies below them, cut into units. A store lists every object, and looking into each would cost
//! a request: what could hold a registry is told by its name, and the rest is counted.

use std::path::{Path, PathBuf};

use super::above::Above;
use super::known;
use super::name;
use super::past::is_past;
use super::units::{MANY, Stopped, Trouble, Unit, UnitFile, Walker};
use crate::files::remote::{Found, keep, walk};
use crate::files::{Is, Listed};

/// Objects of a folder whose names are kept for who looks for files beside one: logs, parents of images.
const NAMES: usize = 1024;

/// A folder whose objects are still being listed: lists are in the order of whole names, so that those of folders below come in
/// between.
struct Open {
    folder: PathBuf,
    unit: Unit,
    listed: Vec<Listed>,
    /// Copies of an earlier day that are left out.
    past: u64,
}

/// What a walk of a prefix goes by.
struct Going {
    in_past: bool,
    past_too: bool,
    /// The folder that was reached, behind those above it.
    open: Vec<Open>,
    /// Objects that are not looked into.
    others: u64,
}

impl Walker<'_> {
    /// A prefix that is named, with everything below it.
    pub(super) fn prefix(&mut self, root: &Path) -> Result<(), Stopped> {
        let in_past = is_past(root);
        let past_too = in_past || self.search.include_backups;
        let mut going = Going { in_past, past_too, open: Vec::new(), others: 0 };
        let mut stopped = Ok(());
        let listed = walk(root, &mut |found| {
            stopped = self.object(&mut going, found);
            stopped.is_ok()
        });
        stopped?;
        while let Some(last) = going.open.pop() {
            self.close(last)?;
        }
        let mut close = self.unit(root, &Above::new(None));
        close.closes = Some(root.to_path_buf());
        close.troubles.extend(listed.err().map(|error| Trouble::Unreadable(name(root), error.to_string())));
        close.troubles.extend((going.others > 0).then(|| Trouble::ByName(name(root), going.others)));
        self.give(close)
    }

    fn object(&mut self, going: &mut Going, found: Found) -> Result<(), Stopped> {
        let Some((folder, file)) = found.path.parent().zip(found.path.file_name()) else { return Ok(()) };
        while going.open.last().is_some_and(|last| !folder.starts_with(&last.folder)) {
            if let Some(last) = going.open.pop() {
                self.close(last)?;
            }
        }
        if going.open.last().is_none_or(|last| last.folder != folder) {
            let unit = self.unit(folder, &Above::new(None));
            going.open.push(Open { folder: folder.to_path_buf(), unit, listed: Vec::new(), past: 0 });
        }
        let Some(open) = going.open.last_mut() else { return Ok(()) };
        if open.listed.len() <= NAMES {
            open.listed.push(Listed { name: file.to_owned(), what: Is::File(found.size) });
        }
        let past = is_past(folder) && !going.past_too;
        let named = !past && self.inside.remove(&found.path);
        if !named && !is_candidate(&found.path) {
            going.others += 1;
        } else if past {
            open.past += 1;
        } else {
            let (in_past, past_too) = (going.in_past, going.past_too);
            open.unit.files.push(UnitFile { path: found.path, named, in_past, past_too });
        }
        if open.unit.files.len() >= MANY {
            let mut next = self.unit(&open.folder, &Above::new(None));
            next.troubles.push(Trouble::Split(name(&open.folder)));
            let full = std::mem::replace(&mut open.unit, next);
            self.give(full)?;
        }
        Ok(())
    }

    /// A folder of which all objects are known.
    fn close(&mut self, open: Open) -> Result<(), Stopped> {
        let Open { folder, mut unit, listed, past } = open;
        unit.troubles.extend((past > 0).then(|| Trouble::LeftOut(name(&folder), past)));
        if !unit.files.is_empty() && listed.len() <= NAMES {
            keep(&folder, listed);
        }
        self.give(unit)
    }
}

/// Endings of what is read.
const READ: [&str; 32] = [
    "reg", "pol", "hiv", "hive", "raw", "img", "dd", "bin", "vhd", "vhdx", "avhd", "avhdx", "vmdk", "qcow", "qcow2",
    "vdi", "e01", "s01", "ex01", "zip", "tar", "tgz", "gz", "zst", "tzst", "data", "iso", "vhdset", "ova", "7z", "rar",
    "001",
];

/// Folders of a machine in which files of Group Policy are its own, and not to be judged by themselves.
const OWN: [&str; 3] = ["windows", "system32", "programdata"];

/// Whether an object of this name could hold a registry, or promises a machine.
fn is_candidate(path: &Path) -> bool {
    let file = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if super::installation::is_policy_name(&file) {
        let mut folders = path.iter().map(|folder| folder.to_string_lossy());
        return !folders.any(|folder| OWN.iter().any(|own| folder.eq_ignore_ascii_case(own)));
    }
    let hive = |word: &str| matches!(word, "system" | "software");
    let end = file.rsplit_once('.').map_or("", |(_, end)| end);
    file.split(|c: char| !c.is_alphanumeric()).any(hive)
        || READ.contains(&end)
        || known::by_name(&file).is_some_and(|known| known.holds == known::Holds::Machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_hold_a_registry_is_told_by_its_name() {
        for name in [
            "h1/SYSTEM",
            "software",
            "DC1_SYSTEM.hiv",
            "h1/SYSTEM.LOG1",
            "a b/tls.REG",
            "dc01.vhdx",
            "vm.E01",
            "split.001",
            "triage.tar.gz",
            "nightly.vbk",
            "gpo/{31B2F340}/Machine/Registry.pol",
        ] {
            assert!(is_candidate(Path::new("s3://bucket").join(name).as_path()), "{name}");
        }
        for name in [
            "SAM",
            "notes.txt",
            "system32/a.dll",
            "x/Systems",
            "C/Windows/System32/GroupPolicy/Machine/Registry.pol",
            "a.evtx",
        ] {
            assert!(!is_candidate(Path::new("s3://bucket").join(name).as_path()), "{name}");
        }
    }
}

//! What is in a folder: by its index or, where that is damaged, by the records of all files.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use super::index::Index;
use super::mft::{File, at_once, bytes, names};
use super::names::{DOS, FileName, Upcase, WIN32};
use super::record::{Record, number};
use super::{Entry, FileRef, Ntfs};
use crate::error::{At, Error};
use crate::number::wide;

/// Names kept of folders whose index is damaged, so that the MFT is searched once for all of a path: 2,048 of the
/// longest take 1 MiB. Folders with more are searched each time.
const KEPT_NAMES: usize = 2048;
/// Folders kept in all. One path leads through a handful.
const KEPT_FOLDERS: usize = 64;
/// Names of a folder up to which each is looked up in its record before the folder is listed, which costs up to 4 KiB
/// each: folders of Windows that matter here have some hundred. In larger ones a name proves itself when it is
/// followed.
const LOOKED_UP: usize = 1024;

/// A name, and the reference of the file that has it.
type Named = (u64, FileName);

/// What the MFT has of one folder.
pub(super) struct Scan {
    folder: u64,
    found: Vec<Named>,
    /// A record that cannot be read, and may be one more.
    damage: Option<Error>,
    /// What an index says that is sound in itself, and a record does not: either may be the damaged one.
    contradiction: Option<Error>,
    /// Names in that index, and their sum.
    indexed: (usize, u64),
}

impl Scan {
    /// Whether the index has names for which there is no record.
    fn is_short(&self) -> bool {
        self.found.len() < self.indexed.0
    }

    /// Whether index and records have the same names, if not for the same files.
    fn has_same_names(&self) -> bool {
        self.found.iter().fold((0, 0), |so_far, (_, name)| added(so_far, name)) == self.indexed
    }
}

/// Why an index is not to be trusted.
enum Doubt {
    /// It is damaged.
    Damage(Error),
    /// The record of a file does not say what it says.
    Contradiction(Error),
}

impl From<Error> for Doubt {
    fn from(error: Error) -> Self {
        match error {
            Error::Ambiguous { .. } => Self::Contradiction(error),
            _ => Self::Damage(error),
        }
    }
}

impl Ntfs {
    /// What is called `name` in `folder`.
    pub(super) fn search(&self, folder: FileRef, name: &[u16]) -> Result<Option<Entry>, Error> {
        let scan = match self.scanned(folder) {
            Some(scan) => scan,
            None => {
                let file = self.folder(folder)?;
                let found = match file.map_err(Doubt::Damage).and_then(|file| self.by_index(&file, name)) {
                    Ok(found) => match choose(&found, name)? {
                        None => return Ok(None),
                        Some((file, name)) => self.entry(file, name).map_err(Doubt::Contradiction),
                    },
                    Err(doubt) => Err(doubt),
                };
                match found {
                    Ok(entry) => return Ok(Some(entry)),
                    Err(doubt) => self.scan(folder, doubt)?,
                }
            }
        };
        let equal = |found: &&Named| self.upcase().compare(&found.1.units, name).is_eq();
        let found: Vec<_> = scan.found.iter().filter(equal).cloned().collect();
        if let Some((file, name)) = choose(&found, name)? {
            return self.entry(file, name).map(Some);
        }
        match (&scan.damage, &scan.contradiction) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(error)) if scan.is_short() || !self.index(folder)?.find(name)?.is_empty() => Err(error.clone()),
            _ => Ok(None),
        }
    }

    /// What is in `folder`.
    pub(super) fn content(&self, folder: FileRef) -> Result<Vec<Entry>, Error> {
        let scanned = |scan: &Scan| match (&scan.damage, &scan.contradiction) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(error)) if !scan.has_same_names() => Err(error.clone()),
            _ => paired(&scan.found, self.mft.place(number(folder.number))).map(|()| scan.found.clone()),
        };
        let found = match self.scanned(folder) {
            Some(scan) => scanned(&scan)?,
            None => {
                let file = self.folder(folder)?;
                match file.map_err(Doubt::Damage).and_then(|file| self.whole_index(&file)) {
                    Ok(found) => found,
                    Err(doubt) => scanned(&*self.scan(folder, doubt)?)?,
                }
            }
        };
        let long = found.into_iter().filter(|(file, name)| name.namespace != DOS && *file != folder.number);
        let mut entries: Vec<_> = long.map(|(file, name)| Entry::new(file, &name)).collect();
        entries.sort_by(|one, other| one.name.cmp(&other.name).then(one.file.number.cmp(&other.file.number)));
        Ok(entries)
    }

    fn upcase(&self) -> Upcase<'_> {
        Upcase { mft: &self.mft, table: &self.upcase }
    }

    /// Opens a folder. The inner error is damage, behind which its files may still be found.
    fn folder(&self, folder: FileRef) -> Result<Result<File, Error>, Error> {
        match self.checked(folder) {
            Ok(file) if !file.record.folder => {
                let what = format!("MFT record {} is no folder", file.record.number());
                Err(Error::unsupported(At::Offset(file.record.at), what))
            }
            Err(error @ Error::Stale { .. }) => Err(error),
            Err(error) if number(folder.number) >= self.mft.records => Err(error),
            other => Ok(other),
        }
    }

    fn index(&self, folder: FileRef) -> Result<Index<'_>, Error> {
        Index::open(&self.mft, self.upcase(), &self.mft.file(folder.number)?)
    }

    /// The names that equal `name` but for case, by the index. If there are none, the whole of it was found sound,
    /// and no name in it can be this one damaged.
    fn by_index(&self, file: &File, name: &[u16]) -> Result<Vec<Named>, Doubt> {
        let upcase = self.upcase();
        let index = Index::open(&self.mft, upcase, file)?;
        let found = index.find(name)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let mut found = Vec::new();
        index.all(|file, own| {
            if upcase.compare(&own.units, name).is_eq() {
                found.push((file, own));
            } else if own.units.len() == name.len() {
                self.uncontradicted(file, &own)?;
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All names, by the index.
    fn whole_index(&self, file: &File) -> Result<Vec<Named>, Doubt> {
        let mut found = Vec::new();
        Index::open(&self.mft, self.upcase(), file)?.all(|file, name| {
            found.push((file, name));
            Ok(())
        })?;
        if found.len() <= LOOKED_UP {
            let contradicted = found.iter().find_map(|(file, name)| {
                self.uncontradicted(*file, name).err().filter(|error| matches!(error, Error::Ambiguous { .. }))
            });
            contradicted.map_or(Ok(()), Err)?;
        }
        paired(&found, file.record.at)?;
        Ok(found)
    }

    /// Fails unless the record of a file says what its name in an index says; as [`Error::Ambiguous`] when it is sound.
    fn uncontradicted(&self, reference: u64, name: &FileName) -> Result<(), Error> {
        match self.entry(reference, name) {
            Err(Error::Stale { what }) => Err(Error::Ambiguous { what }),
            Err(error) if number(reference) >= self.mft.records => Err(Error::Ambiguous { what: error.to_string() }),
            other => other.map(|_| ()),
        }
    }

    /// What a name says of a file, if the file says so too.
    fn entry(&self, reference: u64, name: &FileName) -> Result<Entry, Error> {
        let file = self.mft.file(reference)?;
        let (mut own, mut long) = (false, None);
        self.mft.name(&file, |found| {
            let here = found.parent == name.parent;
            own |= here && found.units == name.units && found.namespace == name.namespace;
            if here && found.namespace == WIN32 {
                long = Some(found);
            }
            (own && (name.namespace != DOS || long.is_some())).then_some(())
        })?;
        if !own || file.record.folder != name.folder {
            let (number, name) = (file.record.number(), String::from_utf16_lossy(&name.units));
            let what = format!("MFT record {number} is not that of \"{}\", as an index says", name.escape_debug());
            return Err(Error::Ambiguous { what });
        }
        Ok(Entry::new(reference, long.as_ref().filter(|_| name.namespace == DOS).unwrap_or(name)))
    }

    fn scanned(&self, folder: FileRef) -> Option<Arc<Scan>> {
        let scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.iter().find(|scan| scan.folder == folder.number).cloned()
    }

    /// Searches all records for files of a folder whose index is not to be trusted.
    fn scan(&self, folder: FileRef, doubt: Doubt) -> Result<Arc<Scan>, Error> {
        let (Doubt::Damage(why) | Doubt::Contradiction(why)) = &doubt;
        self.mft.spend(self.mft.records)?;
        self.mft.volume.note(format!(
            "the index of the folder in MFT record {} is not to be trusted ({why}): \
             all MFT records were searched instead",
            number(folder.number)
        ));
        let mut scan =
            Scan { folder: folder.number, found: Vec::new(), damage: None, contradiction: None, indexed: (0, 0) };
        if let Doubt::Contradiction(error) = doubt {
            let mut indexed = (0, 0);
            let sound = self.index(folder)?.all(|file, name| {
                indexed = if file == folder.number { indexed } else { added(indexed, &name) };
                Ok(())
            });
            scan.contradiction = sound.is_ok().then_some(error);
            scan.indexed = indexed;
        }
        let size = self.mft.volume.geometry.record;
        let mut buf = vec![0; bytes(at_once(size), size)];
        let mut first = 0u64;
        while first < self.mft.records {
            let count = at_once(size).min(self.mft.records.saturating_sub(first));
            let part = buf.get_mut(..bytes(count, size)).unwrap_or_default();
            match self.mft.raw(first, part) {
                Ok(()) => {
                    for (record, number) in part.chunks_exact(size).zip(first..) {
                        self.look(record, number, &mut scan)?;
                    }
                }
                Err(error) => {
                    scan.damage.get_or_insert(error);
                }
            }
            first = first.saturating_add(count);
        }
        let scan = Arc::new(scan);
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.push(Arc::clone(&scan));
        while scans.iter().map(|scan| scan.found.len()).sum::<usize>() > KEPT_NAMES || scans.len() > KEPT_FOLDERS {
            scans.remove(0);
        }
        Ok(scan)
    }

    /// Looks in one record for names in the folder.
    fn look(&self, record: &[u8], number: u64, scan: &mut Scan) -> Result<(), Error> {
        if record.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let parsed = Record::parse(record.to_vec(), number, self.mft.place(number));
        let found = parsed.or_else(|_| self.mft.record(number)).and_then(|record| {
            let names = if record.in_use { names(&record)? } else { Vec::new() };
            if record.base != 0 {
                return Ok((record.base, names));
            }
            if names.iter().any(|name| name.folder != record.folder) {
                let expected = "names that agree on whether it is a folder";
                return Err(Error::damaged(At::Offset(record.at), "MFT record", expected, "others"));
            }
            Ok((record.reference, names))
        });
        match found {
            Ok((file, names)) => {
                let here = names.into_iter().filter(|name| name.parent == scan.folder && file != scan.folder);
                scan.found.extend(here.map(|name| (file, name)));
            }
            Err(error) => {
                scan.damage.get_or_insert(error);
            }
        }
        let limit = self.mft.limits.ntfs_names;
        if wide(scan.found.len()) > limit {
            return Err(Error::Limit { at: At::Offset(self.mft.place(number)), what: "names in one folder", limit });
        }
        Ok(())
    }
}

/// Adds a name to the number and the sum of some.
fn added((count, sum): (usize, u64), name: &FileName) -> (usize, u64) {
    (count.saturating_add(1), sum.wrapping_add(name.proof().rotate_left(name.namespace.into())))
}

/// Fails when there is an 8.3 name without the long one for which Windows made it: that is a long one that was damaged.
fn paired(found: &[Named], at: u64) -> Result<(), Error> {
    let of = |namespace| found.iter().filter(move |(_, name): &&Named| name.namespace == namespace);
    let long: HashSet<u64> = of(WIN32).map(|(file, _)| *file).collect();
    if of(DOS).all(|(file, _)| long.contains(file)) {
        return Ok(());
    }
    let expected = "a long name for each 8.3 name";
    Err(Error::damaged(At::Offset(at), "names in a folder", expected, "one without"))
}

/// Of names that are equal but for case the one that is equal, or else the only one.
fn choose<'a>(found: &'a [Named], name: &[u16]) -> Result<Option<(u64, &'a FileName)>, Error> {
    let exact = found.iter().filter(|(_, found)| found.units == name);
    let mut left: Vec<_> = exact.collect();
    if left.is_empty() {
        left = found.iter().collect();
    }
    match left.as_slice() {
        [] => Ok(None),
        [(file, name)] => Ok(Some((*file, name))),
        [_, ..] => {
            let names: Vec<_> = left.iter().map(|(_, name)| String::from_utf16_lossy(&name.units)).collect();
            let what = format!("the folder has several files of a name: {}", names.join(", ").escape_debug());
            Err(Error::Ambiguous { what })
        }
    }
}

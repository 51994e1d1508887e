//! `$MFT`: the records of all files.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", sections "Master File Table (MFT)" and "The attribute list
//! attribute"; Linux-NTFS, "$ATTRIBUTE_LIST".

use std::sync::atomic::{AtomicU64, Ordering};

use super::boot::Geometry;
use super::names::{FileName, file_name};
use super::record::{ATTRIBUTE_LIST, Attribute, DATA, FILE_NAME, Form, Record, number, same, sequence};
use super::stream::{Body, Builder, Stream};
use super::volume::{Through, Volume};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// Records whose copies `$MFTMirr` holds, whatever the volume.
const MIRRORED: u64 = 4;
/// Bytes of an attribute list that take as long as a record.
const LIST_BYTES: usize = 1024;
/// The least that an entry of an attribute list has.
const ENTRY: usize = 0x1a;

/// The MFT of a volume.
pub(super) struct Mft {
    pub(super) volume: Volume,
    pub(super) limits: Limits,
    data: Stream,
    /// How many records there are.
    pub(super) records: u64,
    /// How much was looked at so far: see [`Self::spend`].
    spent: AtomicU64,
}

/// A file: its base record, and the list of its attributes if they do not stand there alone.
pub(super) struct File {
    pub(super) record: Record,
    list: Option<Vec<u8>>,
    list_at: u64,
}

/// An entry of an attribute list.
struct Listed {
    lowest: u64,
    /// The record in which the attribute, or this part of it, stands.
    record: u64,
}

impl Mft {
    /// Finds the MFT through its first record, or that one's copy.
    pub(super) fn open(volume: Volume, limits: &Limits) -> Result<Self, Error> {
        let geometry = volume.geometry.clone();
        let first = stand(&volume, geometry.mft, 0).or_else(|error| {
            let copy = stand(&volume, geometry.mirror, 0).map_err(|_| error.clone())?;
            volume.note(format!("record 0 of $MFT is damaged ({error}): its copy in $MFTMirr was used"));
            Ok(copy)
        })?;
        let data = bootstrap(&volume, &geometry, first, limits)?;
        let records = match &data.body {
            Body::Runs { initialized, .. } => initialized / wide(geometry.record),
            Body::Resident(_) => 0,
        };
        Ok(Self { volume, limits: limits.clone(), data, records, spent: AtomicU64::new(0) })
    }

    /// Counts records and names that are to be looked at, or what takes as long. A crafted volume of a few kilobytes, in
    /// a sparse image, has an MFT of any size, and folders that lead to one another as often as it wants.
    ///
    /// # Errors
    /// When that is more than any volume needs; what takes less may still be looked at.
    pub(super) fn spend(&self, count: u64) -> Result<(), Error> {
        let limit = self.limits.ntfs_records;
        let more = |spent: u64| spent.checked_add(count).filter(|spent| *spent <= limit);
        match self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::Limit { at: At::Offset(self.data.at), what: "MFT records looked at", limit }),
        }
    }

    /// Reads a record.
    pub(super) fn record(&self, number: u64) -> Result<Record, Error> {
        self.spend(1)?;
        let read = read(&self.volume, &self.data, self.records, number);
        match read {
            Err(error) if number < MIRRORED => {
                let copy = stand(&self.volume, self.volume.geometry.mirror, number).map_err(|_| error.clone())?;
                let note = format!("record {number} of $MFT is damaged ({error}): its copy in $MFTMirr was used");
                self.volume.note(note);
                Ok(copy)
            }
            other => other,
        }
    }

    /// Reads records one behind the other, as they lie, without the cache: from `first`, as many as fit into `buf`.
    pub(super) fn raw(&self, first: u64, buf: &mut [u8]) -> Result<(), Error> {
        const WHAT: &str = "MFT records";
        let offset = first.saturating_mul(wide(self.volume.geometry.record));
        let at = At::Offset(self.place(first));
        self.data.read(&self.volume, offset, buf, Through::Nothing).map(|_| ()).map_err(|e| Error::io(at, WHAT, &e))
    }

    /// Where a record stands in the volume.
    pub(super) fn place(&self, number: u64) -> u64 {
        self.data.place(&self.volume, number.saturating_mul(wide(self.volume.geometry.record)))
    }

    /// Reads the record that a reference names, if it is still that file's.
    pub(super) fn referred(&self, reference: u64) -> Result<Record, Error> {
        let record = self.record(number(reference))?;
        if !record.in_use || record.reference != reference {
            let (wanted, found) = (sequence(reference), sequence(record.reference));
            let used = if record.in_use { "in use" } else { "not in use" };
            let number = record.number();
            let what = format!(
                "MFT record {number} is not that of the file any more: \
                 sequence number {found} instead of {wanted}, {used}"
            );
            return Err(Error::Stale { what });
        }
        Ok(record)
    }

    /// Opens the file that a reference names.
    pub(super) fn file(&self, reference: u64) -> Result<File, Error> {
        let record = self.referred(reference)?;
        if record.base != 0 {
            let what = format!("MFT record {} is no file, but goes on record {}", record.number(), number(record.base));
            return Err(Error::Stale { what });
        }
        self.listed(record)
    }

    /// A file from its base record.
    pub(super) fn listed(&self, record: Record) -> Result<File, Error> {
        let list = list(&self.volume, &record, &self.limits)?;
        self.spend(list.as_ref().map_or(0, |(bytes, _)| wide(bytes.len() / LIST_BYTES)))?;
        let (list, list_at) = list.map_or((None, 0), |(bytes, at)| (Some(bytes), at));
        Ok(File { record, list, list_at })
    }

    /// The record of a file that goes on its base record, or that one itself.
    fn extension(&self, base: &Record, reference: u64) -> Result<Record, Error> {
        if reference == base.reference {
            return Ok(base.clone());
        }
        let record = self.referred(reference)?;
        belongs(&record, base)?;
        Ok(record)
    }

    /// An attribute of a file, if it has it.
    pub(super) fn stream(&self, file: &File, kind: u32, name: &[u16]) -> Result<Option<Stream>, Error> {
        let mut builder = Builder::new(&self.volume, self.limits.ntfs_runs);
        for part in file.parts(kind, name)? {
            let record = self.extension(&file.record, part.record)?;
            builder.add(&only(&record, kind, name, Some(part.lowest))?)?;
        }
        if file.list.is_none() && has(&file.record, kind, name)? {
            builder.add(&only(&file.record, kind, name, None)?)?;
        }
        builder.finish()
    }

    /// Looks at the names of a file until one is what is looked for.
    pub(super) fn name<T>(
        &self,
        file: &File,
        mut wanted: impl FnMut(FileName) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let mut found = names(&file.record)?.into_iter().find_map(&mut wanted);
        let mut last = file.record.reference;
        for part in file.parts(FILE_NAME, &[])? {
            if found.is_some() {
                break;
            }
            if part.record != last && part.record != file.record.reference {
                let record = self.extension(&file.record, part.record)?;
                last = part.record;
                found = names(&record)?.into_iter().find_map(&mut wanted);
            }
        }
        Ok(found)
    }
}

/// The names in a record.
pub(super) fn names(record: &Record) -> Result<Vec<FileName>, Error> {
    let mut names = Vec::new();
    for attribute in record.attributes() {
        let attribute = attribute?;
        if attribute.kind == FILE_NAME {
            let Form::Resident(value) = attribute.form else {
                let found = "one in clusters";
                return Err(Error::damaged(At::Offset(attribute.at), "$FILE_NAME", "a resident attribute", found));
            };
            names.push(file_name(value, attribute.at)?);
        }
    }
    Ok(names)
}

/// A record of `$MFT` or `$MFTMirr` that stands near the start, by the first cluster of the file.
fn stand(volume: &Volume, lcn: u64, number: u64) -> Result<Record, Error> {
    let Geometry { cluster, record, .. } = volume.geometry;
    let offset = lcn.saturating_mul(cluster).saturating_add(number.saturating_mul(wide(record)));
    let mut bytes = vec![0; record];
    volume.table(offset, &mut bytes, "MFT record")?;
    base(bytes, number, offset)
}

/// Whether the first record of `$MFT`, or its copy, stands where a boot sector says.
pub(super) fn has_first_record(volume: &dyn ReadAt, geometry: &Geometry) -> bool {
    [geometry.mft, geometry.mirror].into_iter().any(|lcn| {
        let offset = lcn.saturating_mul(geometry.cluster);
        let mut bytes = vec![0; geometry.record];
        volume.read_exact_at(offset, &mut bytes).is_ok() && base(bytes, 0, offset).is_ok()
    })
}

/// A base record in use.
fn base(bytes: Vec<u8>, number: u64, offset: u64) -> Result<Record, Error> {
    let record = Record::parse(bytes, number, offset)?;
    if !record.in_use || record.base != 0 {
        return Err(Error::damaged(At::Offset(offset), "MFT record", "a base record in use", "none"));
    }
    Ok(record)
}

/// Reads a record through the runs of `$MFT`.
fn read(volume: &Volume, data: &Stream, records: u64, number: u64) -> Result<Record, Error> {
    if number >= records {
        let expected = format!("one of {records}");
        return Err(Error::damaged(At::Offset(data.at), "number of an MFT record", expected, number.to_string()));
    }
    let size = volume.geometry.record;
    let offset = number.saturating_mul(wide(size));
    let mut bytes = vec![0; size];
    data.table(volume, offset, &mut bytes, "MFT record")?;
    Record::parse(bytes, number, data.place(volume, offset))
}

/// The runs of `$MFT`, of which each further part stands in a record that the parts before it map.
fn bootstrap(volume: &Volume, geometry: &Geometry, first: Record, limits: &Limits) -> Result<Stream, Error> {
    let at = first.at;
    let damaged = |what, expected: &str, found: &str| Error::damaged(At::Offset(at), what, expected, found);
    let mut builder = Builder::new(volume, limits.ntfs_runs);
    builder.add(&only(&first, DATA, &[], Some(0))?)?;
    let (bytes, list_at) = list(volume, &first, limits)?.unzip();
    let file = File { record: first, list: bytes, list_at: list_at.unwrap_or_default() };
    for part in file.parts(DATA, &[])?.iter().filter(|part| part.lowest > 0) {
        let Some(mapped) = builder.so_far() else { break };
        let Body::Runs { map, .. } = &mapped.body else { break };
        let bytes = map.clusters.saturating_mul(geometry.cluster);
        let record = read(volume, mapped, bytes / wide(geometry.record), number(part.record))?;
        if record.reference != part.record || !record.in_use {
            return Err(damaged("attribute list of $MFT", "records of $MFT", "one of another file"));
        }
        belongs(&record, &file.record)?;
        builder.add(&only(&record, DATA, &[], Some(part.lowest))?)?;
    }
    let data = builder.finish()?.filter(|data| match &data.body {
        Body::Runs { map, unit, .. } => !map.holes && unit.is_none(),
        Body::Resident(_) => false,
    });
    let data = data.ok_or_else(|| damaged("$MFT", "clusters, without holes and not compressed", "none such"))?;
    let start = data.place(volume, 0);
    if start != geometry.mft.saturating_mul(geometry.cluster) {
        let expected = format!("at 0x{:x}, where the boot sector says", geometry.mft.saturating_mul(geometry.cluster));
        return Err(damaged("$MFT", &expected, &format!("at 0x{start:x}")));
    }
    Ok(data)
}

/// Fails unless a record goes on another.
fn belongs(record: &Record, base: &Record) -> Result<(), Error> {
    if record.base == base.reference {
        return Ok(());
    }
    let (expected, found) = (base.number().to_string(), number(record.base).to_string());
    Err(Error::damaged(At::Offset(record.at.saturating_add(0x20)), "base record", expected, found))
}

/// Whether a record has an attribute.
fn has(record: &Record, kind: u32, name: &[u16]) -> Result<bool, Error> {
    for attribute in record.attributes() {
        if attribute?.is(kind, name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The one attribute of a record that is of this type and name and starts at this cluster number.
fn only<'a>(record: &'a Record, kind: u32, name: &[u16], lowest: Option<u64>) -> Result<Attribute<'a>, Error> {
    let mut found = None;
    for attribute in record.attributes() {
        let attribute = attribute?;
        let wanted = attribute.is(kind, name) && lowest.is_none_or(|lowest| attribute.lowest() == lowest);
        if wanted && found.replace(attribute).is_some() {
            let expected = format!("one attribute of type 0x{kind:x} and a name");
            return Err(Error::damaged(At::Offset(record.at), "MFT record", expected, "several"));
        }
    }
    found.ok_or_else(|| {
        let expected = format!("an attribute of type 0x{kind:x}, as its attribute list says");
        Error::damaged(At::Offset(record.at), "MFT record", expected, "none")
    })
}

/// The attribute list of a file, if it has one, and where it stands.
fn list(volume: &Volume, record: &Record, limits: &Limits) -> Result<Option<(Vec<u8>, u64)>, Error> {
    if !has(record, ATTRIBUTE_LIST, &[])? {
        return Ok(None);
    }
    let mut builder = Builder::new(volume, limits.ntfs_runs);
    builder.add(&only(record, ATTRIBUTE_LIST, &[], None)?)?;
    let Some(stream) = builder.finish()? else { return Ok(None) };
    Ok(Some((stream.whole(volume, limits.ntfs_attribute_list, "attribute list")?, stream.at)))
}

impl File {
    /// Where the parts of an attribute stand, by the attribute list, in the order of their clusters.
    fn parts(&self, kind: u32, name: &[u16]) -> Result<Vec<Listed>, Error> {
        const WHAT: &str = "attribute list";
        let mut parts = Vec::new();
        let mut rest = self.list.as_deref().unwrap_or_default();
        while !rest.is_empty() {
            let f = Fields::new(rest, self.list_at);
            let len = usize::from(f.u16(4, WHAT)?);
            let (Some(entry), Some(behind)) = (rest.get(..len).filter(|_| len >= ENTRY), rest.get(len..)) else {
                let expected = "entries that end within the list";
                return Err(Error::damaged(At::Offset(self.list_at), WHAT, expected, format!("one of {len} bytes")));
            };
            let f = Fields::new(entry, self.list_at);
            let units = usize::from(f.u8(6, WHAT)?).saturating_mul(2);
            let own = f.bytes(if units == 0 { 0 } else { usize::from(f.u8(7, WHAT)?) }, units, WHAT)?;
            if f.u32(0, WHAT)? == kind && same(own, name) {
                parts.push(Listed { lowest: f.u64(8, WHAT)?, record: f.u64(0x10, WHAT)? });
            }
            rest = behind;
        }
        parts.sort_by_key(|part| part.lowest);
        Ok(parts)
    }

    /// Whether there is an attribute of this type and name.
    pub(super) fn has(&self, kind: u32, name: &[u16]) -> Result<bool, Error> {
        Ok(has(&self.record, kind, name)? || !self.parts(kind, name)?.is_empty())
    }
}

/// How many records are read at once when all are: 64 KiB.
pub(super) fn at_once(record: usize) -> u64 {
    (64u64 << 10) / wide(record).max(1)
}

/// Bytes of this many records.
pub(super) fn bytes(records: u64, record: usize) -> usize {
    narrow(records).saturating_mul(record)
}

//! The chain of sections in each segment: geometry, tables of chunks, and what the image says of itself.

use super::adler::Adler;
use super::chunks::{Copy, Table};
use super::segment::HEADER_LEN;
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::ReadAt;

/// Bytes of a section's own header: type, offset of the next section, size, checksum.
const DESCRIPTOR: u64 = 76;
/// Bytes of the geometry as EnCase and as SMART write it.
const VOLUME: u64 = 1052;
const SMART_VOLUME: u64 = 94;
/// Bytes in front of a table's entries.
const TABLE_HEADER: u64 = 24;

/// The geometry of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) smart: bool,
    /// Bytes of a sector.
    pub(super) sector: u32,
    /// Bytes of a chunk.
    pub(super) chunk: u64,
    /// Bytes of the disk.
    pub(super) len: u64,
    /// What all segments of an image share. Zeros where the program gave none.
    set: [u8; 16],
}

/// A section: its type, and where its data starts and ends.
struct Section {
    kind: String,
    start: u64,
    end: u64,
}

/// What the sections of all segments say.
pub(super) struct Sections<'a> {
    limits: &'a Limits,
    seen: u64,
    volume: Option<Volume>,
    tables: Vec<Table>,
    chunks: u64,
    hashes: Vec<String>,
    notes: Vec<String>,
    /// Chunks of data that the tables which follow are about.
    data: Option<(u64, u64)>,
    /// A table whose header is damaged, until its copy makes up for it.
    damaged: Option<Error>,
}

impl<'a> Sections<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            seen: 0,
            volume: None,
            tables: Vec::new(),
            chunks: 0,
            hashes: Vec::new(),
            notes: Vec::new(),
            data: None,
            damaged: None,
        }
    }

    /// Reads the sections of a segment, and tells whether another segment follows.
    pub(super) fn walk(&mut self, file: &dyn ReadAt, segment: usize) -> Result<bool, Error> {
        let mut at = HEADER_LEN;
        self.data = None;
        loop {
            self.seen += 1;
            if self.seen > self.limits.ewf_sections {
                let limit = self.limits.ewf_sections;
                return Err(Error::Limit { at: At::Offset(at), what: "sections of the image", limit });
            }
            let section = descriptor(file, at)?;
            if !matches!(section.kind.as_str(), "table2") {
                self.damaged.take().map_or(Ok(()), Err)?;
            }
            match section.kind.as_str() {
                "done" => return Ok(false),
                "next" => return Ok(true),
                "volume" | "disk" => self.volume(file, &section, true)?,
                "data" => self.volume(file, &section, false)?,
                "sectors" => self.data = Some((section.start, section.end)),
                "table" => match self.table(file, &section, segment) {
                    Err(error @ Error::Damaged { .. }) => self.damaged = Some(error),
                    other => other?,
                },
                "table2" => self.table2(file, &section, segment)?,
                "hash" => self.hash(file, &section, 36)?,
                "digest" => self.hash(file, &section, 80)?,
                "error2" => self.errors(file, &section)?,
                "header" | "header2" | "xheader" | "xhash" | "session" => {}
                "ltree" | "ltypes" => {
                    return Err(Error::unsupported(At::Offset(at), "a logical image, which holds files and no disk"));
                }
                other => self.notes.push(format!("an unknown section \"{}\" was passed over", other.escape_default())),
            }
            at = section.end;
        }
    }

    /// The geometry, once every segment is read: it must have all its chunks.
    pub(super) fn finish(&self) -> Result<Volume, Error> {
        let missing =
            |found: &str| Error::damaged(At::Whole, "image", "a section with the geometry of the disk", found);
        let volume = self.volume.ok_or_else(|| missing("none"))?;
        let needed = volume.len.div_ceil(volume.chunk);
        if self.chunks != needed {
            let (expected, found) = (format!("{needed} chunks of data"), format!("{} in its tables", self.chunks));
            return Err(Error::damaged(At::Whole, "image", expected, found));
        }
        Ok(volume)
    }

    /// What a reader of a report should know.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if !self.hashes.is_empty() {
            notes.push(format!("the image records {} of the disk; not verified", self.hashes.join(" and ")));
        }
        notes
    }

    pub(super) fn into_tables(self) -> Vec<Table> {
        self.tables
    }

    /// The geometry, or the copy of it that later segments have.
    fn volume(&mut self, file: &dyn ReadAt, section: &Section, first: bool) -> Result<(), Error> {
        const WHAT: &str = "geometry of the image";
        let len = section.end.saturating_sub(section.start);
        let (smart, size) = if len >= VOLUME { (false, VOLUME) } else { (true, SMART_VOLUME) };
        let body = body(file, section, size, WHAT)?;
        let f = Fields::new(&body, section.start);
        checked(&f, section.start, usize::try_from(size).unwrap_or_default().saturating_sub(4), WHAT)?;
        if !smart {
            let kind = match f.u8(0, WHAT)? {
                0x0e => Some("a logical image, which holds files and no disk"),
                0x10 => Some("an image of memory, not of a disk"),
                _ => None,
            };
            kind.map_or(Ok(()), |what| Err(Error::unsupported(At::Offset(section.start), what)))?;
        }
        let (per_chunk, sector) = (f.u32(8, WHAT)?, f.u32(12, WHAT)?);
        let sectors = if smart { u64::from(f.u32(16, WHAT)?) } else { f.u64(16, WHAT)? };
        let chunk = u64::from(per_chunk).saturating_mul(u64::from(sector));
        let at = At::Offset(section.start.saturating_add(8));
        if !matches!(sector, 512 | 1024 | 2048 | 4096) || chunk == 0 {
            let found = format!("{per_chunk} × {sector}");
            return Err(Error::damaged(at, WHAT, "some sectors of 512 to 4096 bytes in a chunk", found));
        }
        if chunk > self.limits.ewf_chunk_bytes {
            return Err(Error::Limit { at, what: "bytes of a chunk", limit: self.limits.ewf_chunk_bytes });
        }
        let len = sectors.checked_mul(u64::from(sector)).filter(|len| *len > 0);
        let len = len.ok_or_else(|| Error::damaged(at, WHAT, "some sectors", sectors.to_string()))?;
        let set = if smart { [0; 16] } else { f.bytes(64, 16, WHAT)?.try_into().unwrap_or_default() };
        let new = Volume { smart, sector, chunk, len, set };
        match &self.volume {
            None if first => self.volume = Some(new),
            None => return Err(Error::damaged(at, "section", "the geometry of the disk first", "a copy of it")),
            Some(old) if *old != new => {
                let expected = "the geometry and identifier that the image starts with";
                return Err(Error::damaged(at, WHAT, expected, "those of another image"));
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn table(&mut self, file: &dyn ReadAt, section: &Section, segment: usize) -> Result<(), Error> {
        let (count, base) = header(file, section)?;
        if count == 0 {
            return Ok(());
        }
        if count > self.limits.ewf_table_chunks {
            let limit = u64::from(self.limits.ewf_table_chunks);
            return Err(Error::Limit { at: At::Offset(section.start), what: "chunks in a table", limit });
        }
        let entries = section.start.saturating_add(TABLE_HEADER);
        let entries_end = entries.saturating_add(u64::from(count).saturating_mul(4));
        if entries_end > section.end {
            let found = format!("{count}, for which the section is too short");
            return Err(Error::damaged(At::Offset(section.start), "number of chunks", "those of the table", found));
        }
        if self.tables.len() >= self.limits.ewf_tables {
            let limit = wide(self.limits.ewf_tables);
            return Err(Error::Limit { at: At::Offset(section.start), what: "tables of the image", limit });
        }
        // SMART has no section for the data: it follows the entries, which have no checksum.
        let (data, checked) = match self.data.take() {
            Some(data) => (data, section.end.saturating_sub(entries_end) >= 4),
            None => ((entries_end, section.end), false),
        };
        let first = self.chunks;
        self.chunks = self.chunks.saturating_add(u64::from(count));
        self.tables.push(Table {
            first,
            count,
            base,
            data,
            segment,
            checked,
            copies: [Some(entries), None],
            sound: Copy::default(),
        });
        Ok(())
    }

    /// The copy of a table. It counts where the first one is damaged.
    fn table2(&mut self, file: &dyn ReadAt, section: &Section, segment: usize) -> Result<(), Error> {
        if self.damaged.take().is_some() || self.data.is_some() {
            return self.table(file, section, segment);
        }
        let Some(table) = self.tables.last_mut().filter(|table| table.checked && table.segment == segment) else {
            return Ok(());
        };
        let entries = section.start.saturating_add(TABLE_HEADER);
        let end = entries.saturating_add(u64::from(table.count).saturating_mul(4)).saturating_add(4);
        if header(file, section) == Ok((table.count, table.base)) && end <= section.end {
            table.copies = [table.copies.first().copied().flatten(), Some(entries)];
        }
        Ok(())
    }

    /// The hashes that were taken of the disk: MD5 alone, or MD5 and SHA-1.
    fn hash(&mut self, file: &dyn ReadAt, section: &Section, size: u64) -> Result<(), Error> {
        const WHAT: &str = "hashes of the disk";
        let body = match body(file, section, size, WHAT) {
            Err(Error::Damaged { .. }) => Vec::new(),
            other => other?,
        };
        let f = Fields::new(&body, section.start);
        if checked(&f, section.start, usize::try_from(size).unwrap_or_default().saturating_sub(4), WHAT).is_err() {
            self.notes.push("the hash of the disk that the image records is damaged".to_owned());
            return Ok(());
        }
        let sha1 = if size == 80 { f.bytes(16, 20, WHAT)? } else { &[] };
        for (name, hash) in [("MD5", f.bytes(0, 16, WHAT)?), ("SHA-1", sha1)] {
            let text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let entry = format!("{name} {text}");
            if hash.iter().any(|&byte| byte != 0) && !self.hashes.contains(&entry) {
                self.hashes.push(entry);
            }
        }
        Ok(())
    }

    /// Sectors that could not be read when the image was made.
    fn errors(&mut self, file: &dyn ReadAt, section: &Section) -> Result<(), Error> {
        const WHAT: &str = "list of read errors";
        let body = body(file, section, 520, WHAT)?;
        let f = Fields::new(&body, section.start);
        self.notes.push(match checked(&f, section.start, 516, WHAT).and_then(|()| f.u32(0, WHAT)) {
            Ok(n) => format!("the image records {n} ranges of sectors that could not be read when it was made"),
            Err(error) => format!("what the image records of sectors that could not be read is damaged: {error}"),
        });
        Ok(())
    }
}

/// Reads the header of a section.
fn descriptor(file: &dyn ReadAt, at: u64) -> Result<Section, Error> {
    const WHAT: &str = "section";
    let start = at.saturating_add(DESCRIPTOR);
    if start > file.len() {
        let found = format!("the end of the file (at {}): it is truncated", file.len());
        return Err(Error::damaged(At::Offset(at), WHAT, "another one", found));
    }
    let section = Section { kind: String::new(), start: at, end: start };
    let head = body(file, &section, DESCRIPTOR, WHAT)?;
    let f = Fields::new(&head, at);
    checked(&f, at, 72, WHAT)?;
    let name = f.bytes(0, 16, WHAT)?.split(|&byte| byte == 0).next().unwrap_or_default();
    let kind = String::from_utf8_lossy(name).into_owned();
    let end = f.u64(16, WHAT)?;
    if matches!(kind.as_str(), "done" | "next") {
        return Ok(Section { kind, start, end: start });
    }
    if end < start {
        let found = format!("0x{end:x}");
        return Err(Error::damaged(At::Offset(at), "next section", "one behind this one", found));
    }
    if end > file.len() {
        let found = format!("a file of {} bytes: it is truncated", file.len());
        return Err(Error::damaged(At::Offset(at), WHAT, format!("data up to byte {end}"), found));
    }
    Ok(Section { kind, start, end })
}

/// Reads the header of a table: the number of its entries, and what they count from.
fn header(file: &dyn ReadAt, section: &Section) -> Result<(u32, u64), Error> {
    const WHAT: &str = "table of chunks";
    let head = body(file, section, TABLE_HEADER, WHAT)?;
    let f = Fields::new(&head, section.start);
    checked(&f, section.start, 20, WHAT)?;
    Ok((f.u32(0, WHAT)?, f.u64(8, WHAT)?))
}

/// Reads the first `size` bytes of a section's data.
fn body(file: &dyn ReadAt, section: &Section, size: u64, what: &'static str) -> Result<Vec<u8>, Error> {
    let at = At::Offset(section.start);
    let have = section.end.saturating_sub(section.start);
    if have < size {
        return Err(Error::damaged(at, what, format!("{size} bytes"), have.to_string()));
    }
    let mut bytes = vec![0u8; usize::try_from(size).unwrap_or_default()];
    file.read_exact_at(section.start, &mut bytes).map_err(|e| Error::io(at, what, &e))?;
    Ok(bytes)
}

/// Verifies the checksum that stands behind the first `len` bytes.
fn checked(f: &Fields<'_>, at: u64, len: usize, what: &'static str) -> Result<(), Error> {
    let (stored, found) = (f.u32(len, what)?, Adler::of(f.bytes(0, len, what)?));
    if stored == found {
        return Ok(());
    }
    Err(Error::damaged(At::Offset(at), what, format!("checksum {stored:#010x}"), format!("{found:#010x}")))
}

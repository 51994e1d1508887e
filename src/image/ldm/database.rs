//! The database of a group of dynamic disks: PRIVHEAD says where it is, TOCBLOCK what is where in it, VMDB how many records of
//! what it has, and each VBLK is a record, or a part of one. Numbers are big-endian.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::laid::Order;
use super::{Copy, Dynamic, DynamicVolume, Make, Part};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::image::mapped::{Guid, structure};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

const HEAD: &str = "PRIVHEAD of a dynamic disk";
const CONTENTS: &str = "TOCBLOCK of a dynamic disk";
const DATABASE: &str = "VMDB of a dynamic disk";
const RECORD: &str = "record of a dynamic disk's database";
/// Bytes of the structures that are looked at.
const HEAD_LEN: usize = 355;
const CONTENTS_LEN: usize = 104;
const DATABASE_LEN: usize = 197;
/// Sectors of the database, at the end of a disk with an MBR, and where in it the copies of PRIVHEAD are.
const SECTORS: u64 = 2048;
const COPIES: [u64; 2] = [2047, 1856];

/// Where a disk says that things are.
struct Head {
    disk: Guid,
    group: Guid,
    /// In bytes, like all below.
    start: u64,
    len: u64,
    config: u64,
    config_len: u64,
    sector: u64,
}

/// Reads the database of a disk; `metadata` is the partition that it has for it on a disk with a GPT.
pub(super) fn read(
    disk: &Arc<dyn ReadAt>,
    sector: Option<u32>,
    metadata: Option<(u64, u64)>,
    limits: &Limits,
) -> Result<Dynamic, Error> {
    let mut notes = Vec::new();
    let head = head(disk, sector, metadata, &mut notes)?;
    if head.config_len > limits.ldm_bytes {
        let what = "bytes of the database of a dynamic disk";
        return Err(Error::Limit { at: At::Offset(head.config), what, limit: limits.ldm_bytes });
    }
    let config = structure(&**disk, head.config, usize::try_from(head.config_len).unwrap_or_default(), "LDM database")?;
    let database = contents(&config, &head)?;
    let records = records(&config, database, &head)?;
    notes.extend(records.notes.iter().cloned());
    let volumes = records.volumes(head.sector)?;
    Ok(Dynamic {
        disk: head.disk,
        group: head.group,
        sequence: records.sequence,
        volumes,
        notes,
        start: head.start,
        len: head.len,
    })
}

/// PRIVHEAD, or one of its copies.
fn head(
    disk: &Arc<dyn ReadAt>,
    sector: Option<u32>,
    metadata: Option<(u64, u64)>,
    notes: &mut Vec<String>,
) -> Result<Head, Error> {
    let sizes = if sector == Some(4096) { [4096u64, 512] } else { [512, 4096] };
    let mut damage = None;
    for size in sizes {
        let (first, area) = match metadata {
            Some((start, len)) => (start.saturating_add(len).saturating_sub(size), start),
            None => (size.saturating_mul(6), disk.len().saturating_sub(SECTORS.saturating_mul(size))),
        };
        let copies = COPIES.map(|copy| area.saturating_add(copy.saturating_mul(size)));
        for at in [first].into_iter().chain(copies) {
            match head_at(disk, at, size) {
                Ok(head) => {
                    if at != first
                        && let Some(error) = damage
                    {
                        notes.push(format!("a copy of PRIVHEAD was used, for the first one is no good: {error}"));
                    }
                    return Ok(head);
                }
                Err(error) => {
                    damage.get_or_insert(error);
                }
            }
        }
    }
    Err(damage.unwrap_or_else(|| Error::damaged(At::Whole, HEAD, "one", "none")))
}

fn head_at(disk: &Arc<dyn ReadAt>, at: u64, sector: u64) -> Result<Head, Error> {
    let bytes = structure(&**disk, at, HEAD_LEN, HEAD)?;
    let f = Fields::new(&bytes, at);
    let damaged = |offset: u64, expected: &str, found: String| {
        Error::damaged(At::Offset(at.saturating_add(offset)), HEAD, expected, found)
    };
    let magic = f.bytes(0, 8, HEAD)?;
    if magic != b"PRIVHEAD" {
        return Err(damaged(0, "\"PRIVHEAD\"", format!("\"{}\"", magic.escape_ascii())));
    }
    let version = f.be16(12, HEAD)?;
    if version != 2 {
        return Err(Error::unsupported(At::Offset(at), format!("dynamic disks of version {version} (2 is read)")));
    }
    let guid = |offset: usize| {
        let text = f.bytes(offset, 64, HEAD)?;
        parse_guid(text)
            .ok_or_else(|| damaged(48, "the GUID of a disk and of its group", text.escape_ascii().to_string()))
    };
    let bytes_at =
        |offset| f.be64(offset, HEAD)?.checked_mul(sector).ok_or_else(|| damaged(283, "sectors", "too many".into()));
    let (start, len, config, config_len) = (bytes_at(283)?, bytes_at(291)?, bytes_at(299)?, bytes_at(307)?);
    let ends = |start: u64, len: u64| start.checked_add(len).filter(|end| *end <= disk.len());
    if ends(config, config_len).is_none() || config_len == 0 {
        let found = format!("{config_len} bytes at {config}");
        return Err(damaged(299, "a database on the disk", found));
    }
    Ok(Head { disk: guid(48)?, group: guid(176)?, start, len, config, config_len, sector })
}

/// A GUID as text that zeros follow.
fn parse_guid(text: &[u8]) -> Option<Guid> {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    std::str::from_utf8(text.get(..end)?).ok().and_then(Guid::parse).filter(|guid| !guid.is_nil())
}

/// Where in the database VMDB is, by the newest of the four copies of TOCBLOCK.
fn contents(config: &[u8], head: &Head) -> Result<usize, Error> {
    let sectors = head.config_len / head.sector;
    let copies = [2u64, 1, sectors.saturating_sub(3), sectors.saturating_sub(2)];
    let mut newest: Option<(u32, u64)> = None;
    let mut damage = None;
    for copy in copies {
        match contents_at(config, copy.saturating_mul(head.sector), head.config) {
            Ok(found) => newest = newest.max(Some(found)),
            Err(error) => {
                damage.get_or_insert(error);
            }
        }
    }
    let damage = damage.unwrap_or_else(|| Error::damaged(At::Offset(head.config), CONTENTS, "one", "none"));
    let (_, sector) = newest.ok_or(damage)?;
    Ok(narrow(sector.saturating_mul(head.sector)))
}

/// The sequence number of a TOCBLOCK, and the sector where it says that the records start.
fn contents_at(config: &[u8], at: u64, base: u64) -> Result<(u32, u64), Error> {
    let place = base.saturating_add(at);
    let bytes = part(config, narrow(at), CONTENTS_LEN, place, CONTENTS)?;
    let f = Fields::new(bytes, place);
    if f.bytes(0, 8, CONTENTS)? != b"TOCBLOCK" {
        let found = f.bytes(0, 8, CONTENTS)?.escape_ascii().to_string();
        return Err(Error::damaged(At::Offset(place), CONTENTS, "\"TOCBLOCK\"", found));
    }
    for entry in [36usize, 70] {
        if f.bytes(entry, 8, CONTENTS)? == b"config\0\0" {
            return Ok((f.be32(8, CONTENTS)?, f.be64(entry.saturating_add(10), CONTENTS)?));
        }
    }
    Err(Error::damaged(At::Offset(place), CONTENTS, "an entry \"config\"", "none"))
}

fn part<'a>(config: &'a [u8], at: usize, len: usize, place: u64, what: &'static str) -> Result<&'a [u8], Error> {
    let found = config.get(at..).and_then(|rest| rest.get(..len));
    found.ok_or_else(|| Error::damaged(At::Offset(place), what, format!("{len} bytes in the database"), "fewer"))
}

/// The records of a database.
#[derive(Default)]
struct Records {
    sequence: u64,
    notes: Vec<String>,
    disks: BTreeMap<u64, (String, Guid)>,
    volumes: Vec<Volume>,
    copies: Vec<Component>,
    parts: Vec<Extent>,
    /// Of volumes and copies: each has an id of its own.
    ids: BTreeSet<u64>,
}

struct Volume {
    id: u64,
    name: String,
    /// 3 for all but RAID-5, which is 4.
    kind: u8,
    copies: u64,
    sectors: u64,
    guid: Guid,
}

/// What is a copy of a volume, or all of it.
struct Component {
    id: u64,
    volume: u64,
    state: String,
    /// 1 striped, 2 spanned, 3 RAID-5.
    kind: u8,
    parts: u64,
    piece: u64,
    columns: u64,
}

struct Extent {
    component: u64,
    disk: u64,
    start: u64,
    at: u64,
    sectors: u64,
    column: u64,
}

/// Reads all records.
fn records(config: &[u8], database: usize, head: &Head) -> Result<Records, Error> {
    let place = |at: usize| head.config.saturating_add(wide(at));
    let at = place(database);
    let f = Fields::new(part(config, database, DATABASE_LEN, at, DATABASE)?, at);
    let damaged = |expected: &str, found: String| Error::damaged(At::Offset(at), DATABASE, expected, found);
    if f.bytes(0, 4, DATABASE)? != b"VMDB" {
        return Err(damaged("\"VMDB\"", f.bytes(0, 4, DATABASE)?.escape_ascii().to_string()));
    }
    let (major, minor) = (f.be16(18, DATABASE)?, f.be16(20, DATABASE)?);
    if major != 4 {
        let what = format!("a database of dynamic disks of version {major}.{minor} (4 is read)");
        return Err(Error::unsupported(At::Offset(at), what));
    }
    if parse_guid(f.bytes(53, 64, DATABASE)?) != Some(head.group) {
        return Err(damaged("the GUID of the group that PRIVHEAD says", "another one".into()));
    }
    let (size, first) = (narrow(f.be32(8, DATABASE)?), narrow(f.be32(12, DATABASE)?));
    if !(64..=4096).contains(&size) || first < DATABASE_LEN {
        return Err(damaged("records of 64 to 4096 bytes behind it", format!("of {size} at {first}")));
    }
    let mut records = Records { sequence: f.be64(117, DATABASE)?, ..Records::default() };
    if f.be16(16, DATABASE)? != 1 || f.be64(125, DATABASE)? != records.sequence {
        records.notes.push("the database of dynamic disks was being changed: what it says may be half done".to_owned());
    }
    // Records of several parts: how many those are, those that were met, and where the first of them stands.
    type Parts<'a> = (usize, BTreeMap<u16, &'a [u8]>, u64);
    let mut long: BTreeMap<u32, Parts<'_>> = BTreeMap::new();
    let mut at = database.saturating_add(first);
    while let Some(bytes) = config.get(at..).and_then(|rest| rest.get(..size)).filter(|b| b.starts_with(b"VBLK")) {
        let f = Fields::new(bytes, place(at));
        let (id, entry, count) = (f.be32(8, RECORD)?, f.be16(12, RECORD)?, f.be16(14, RECORD)?);
        let body = bytes.get(16..).unwrap_or_default();
        if count > 1 {
            let (wanted, parts, _) = long.entry(id).or_insert_with(|| (usize::from(count), BTreeMap::new(), place(at)));
            if entry >= count || *wanted != usize::from(count) || parts.insert(entry, body).is_some() {
                let found = format!("part {entry} of {count} of record {id}, again or out of range");
                return Err(Error::damaged(At::Offset(place(at)), RECORD, "each part of a record once", found));
            }
        } else {
            records.add(body, place(at).saturating_add(16))?;
        }
        at = at.saturating_add(size);
    }
    for (id, (count, parts, place)) in long {
        if parts.len() != count {
            let found = format!("{} of record {id}", parts.len());
            return Err(Error::damaged(At::Offset(place), RECORD, format!("{count} parts"), found));
        }
        let body: Vec<u8> = parts.values().flat_map(|part| part.iter().copied()).collect();
        records.add(&body, place)?;
    }
    let found = [records.volumes.len(), records.copies.len(), records.parts.len(), records.disks.len()];
    for ((count, offset), what) in
        found.iter().zip([133usize, 137, 141, 145]).zip(["volumes", "components", "partitions", "disks"])
    {
        let wanted = f.be32(offset, DATABASE)?;
        if u32::try_from(*count) != Ok(wanted) {
            return Err(damaged(&format!("{wanted} {what}"), count.to_string()));
        }
    }
    Ok(records)
}

/// Fields of a record, one behind the other. Most are of varying length, which stands before them in a byte.
struct Varying<'a> {
    f: Fields<'a>,
    at: usize,
}

impl<'a> Varying<'a> {
    fn skip(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let bytes = self.f.bytes(self.at, len, RECORD)?;
        self.at = self.at.saturating_add(len);
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.f.u8(self.at, RECORD)?;
        self.at += 1;
        Ok(byte)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let len = usize::from(self.byte()?);
        self.skip(len)
    }

    fn text(&mut self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    fn number(&mut self) -> Result<u64, Error> {
        let at = self.at;
        let bytes = self.bytes()?;
        if bytes.len() > 8 {
            let (expected, found) = ("a number of up to 8 bytes", format!("{} at {at} of it", bytes.len()));
            return Err(Error::damaged(At::Whole, RECORD, expected, found));
        }
        Ok(bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn long(&mut self) -> Result<u64, Error> {
        let number = self.f.be64(self.at, RECORD)?;
        self.at = self.at.saturating_add(8);
        Ok(number)
    }
}

impl Records {
    /// Reads a record; the low half of its type says of what it is, the high half which revision of that.
    fn add(&mut self, bytes: &[u8], at: u64) -> Result<(), Error> {
        let f = Fields::new(bytes, at);
        let (flags, kind) = (f.u8(2, RECORD)?, f.u8(3, RECORD)?);
        let mut v = Varying { f, at: 8 };
        match kind {
            0 => {}
            0x51 => {
                let (id, name) = (v.number()?, v.text()?);
                v.bytes()?;
                v.bytes()?;
                v.skip(14)?;
                let kind = v.byte()?;
                v.skip(6)?;
                let copies = v.number()?;
                v.skip(16)?;
                let sectors = v.number()?;
                v.skip(5)?;
                let guid = Guid::from_spelt(v.skip(16)?);
                self.known(id, at)?;
                self.volumes.push(Volume { id, name, kind, copies, sectors, guid });
            }
            0x32 => {
                let id = v.number()?;
                v.bytes()?;
                let (state, kind) = (v.text()?, v.byte()?);
                v.skip(4)?;
                let parts = v.number()?;
                v.skip(16)?;
                let volume = v.number()?;
                v.skip(1)?;
                let (piece, columns) = if flags & 0x10 != 0 { (v.number()?, v.number()?) } else { (0, 0) };
                self.known(id, at)?;
                self.copies.push(Component { id, volume, state, kind, parts, piece, columns });
            }
            0x33 => {
                v.number()?;
                v.bytes()?;
                v.skip(12)?;
                let (start, at, sectors) = (v.long()?, v.long()?, v.number()?);
                let (component, disk) = (v.number()?, v.number()?);
                let column = if flags & 0x08 != 0 { v.number()? } else { 0 };
                self.parts.push(Extent { component, disk, start, at, sectors, column });
            }
            0x34 | 0x44 => {
                let (id, name) = (v.number()?, v.text()?);
                let guid = if kind == 0x34 { parse_guid(v.bytes()?) } else { Some(Guid::from_spelt(v.skip(16)?)) };
                let guid = guid.ok_or_else(|| Error::damaged(At::Offset(at), RECORD, "the GUID of a disk", "none"))?;
                if self.disks.insert(id, (name, guid)).is_some() {
                    return Err(Error::damaged(At::Offset(at), RECORD, "one record a disk", format!("two of {id}")));
                }
            }
            0x35 | 0x45 => {} // the group itself, which PRIVHEAD tells of too
            other => {
                let what = format!("a record of type 0x{other:02x} in the database of dynamic disks");
                return Err(Error::unsupported(At::Offset(at), what));
            }
        }
        Ok(())
    }

    /// Notes the id of a volume or a copy. One that comes twice could stand for any number of parts.
    fn known(&mut self, id: u64, at: u64) -> Result<(), Error> {
        match self.ids.insert(id) {
            true => Ok(()),
            false => Err(Error::damaged(At::Offset(at), RECORD, "an id of its own", format!("{id} again"))),
        }
    }

    /// Puts the records of each volume together.
    fn volumes(&self, sector: u64) -> Result<Vec<Arc<DynamicVolume>>, Error> {
        let mut copies: BTreeMap<u64, Vec<&Component>> = BTreeMap::new();
        self.copies.iter().for_each(|copy| copies.entry(copy.volume).or_default().push(copy));
        let mut parts: BTreeMap<u64, Vec<&Extent>> = BTreeMap::new();
        self.parts.iter().for_each(|part| parts.entry(part.component).or_default().push(part));
        let of = |volume: &Volume| copies.get(&volume.id).map(Vec::as_slice).unwrap_or_default();
        self.volumes.iter().map(|volume| self.volume(volume, of(volume), &parts, sector).map(Arc::new)).collect()
    }

    fn volume(
        &self,
        volume: &Volume,
        components: &[&Component],
        extents: &BTreeMap<u64, Vec<&Extent>>,
        sector: u64,
    ) -> Result<DynamicVolume, Error> {
        let damaged = |expected: String, found: String| Error::damaged(At::Whole, RECORD, expected, found);
        let name = &volume.name;
        let bytes = |sectors: u64| {
            sectors.checked_mul(sector).ok_or_else(|| damaged(format!("sectors of {name}"), format!("{sectors}")))
        };
        let mut copies = Vec::new();
        let mut make = Make::Simple;
        for component in components {
            let mut parts = Vec::new();
            for extent in extents.get(&component.id).into_iter().flatten() {
                let (called, disk) = self.disks.get(&extent.disk).ok_or_else(|| {
                    damaged(format!("a disk for each part of {name}"), format!("none with the id {}", extent.disk))
                })?;
                let (start, len, at) = (bytes(extent.start)?, bytes(extent.sectors)?, bytes(extent.at)?);
                parts.push(Part { disk: *disk, name: called.clone(), start, len, at, column: extent.column });
            }
            let count = wide(parts.len());
            if count != component.parts || (component.columns > 0 && component.columns != count) {
                return Err(damaged(
                    format!("{} parts of {name}", component.parts.max(component.columns)),
                    count.to_string(),
                ));
            }
            let piece = bytes(component.piece)?;
            let order = match (component.kind, volume.kind) {
                (1, 3) => Order::Striped(piece),
                (2, 3) => Order::Spanned,
                (3, 4) => Order::Raid5(piece),
                (kind, of) => {
                    let what = format!("the dynamic volume {name} has a form that is not known ({of}, {kind})");
                    return Err(Error::unsupported(At::Whole, what));
                }
            };
            make = match order {
                Order::Spanned if count == 1 => Make::Simple,
                Order::Spanned => Make::Spanned,
                Order::Striped(_) => Make::Striped,
                Order::Raid5(_) => Make::Raid5,
            };
            parts.sort_by_key(
                |part| if order == Order::Spanned { (part.at, part.column) } else { (part.column, part.at) },
            );
            let state = (component.state != "ACTIVE").then(|| component.state.clone());
            copies.push(Copy { order, parts, state });
        }
        if u64::try_from(copies.len()) != Ok(volume.copies) || copies.is_empty() {
            return Err(damaged(format!("{} components of {name}", volume.copies), copies.len().to_string()));
        }
        if copies.len() > 1 {
            make = Make::Mirrored;
        }
        Ok(DynamicVolume { name: name.clone(), guid: volume.guid, make, len: bytes(volume.sectors)?, copies })
    }
}

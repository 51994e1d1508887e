//! The list of a volume's copies.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use super::super::mapped::{Guid, structure};
use super::chain::{Budget, Chain, HEAD, IDENTIFIER, Kind, head, version};
use super::{AboutCopy, ShadowCopy, newer};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// Where a volume says where its list is: in the boot file of NTFS.
const HEADER: u64 = 0x1e00;

/// Bytes of an entry of the list.
const ENTRY: usize = 128;

/// Bytes of a copy's header that are looked at: the names of machines in it have 15 letters, or 255 where they are those of DNS.
const ABOUT: usize = 2048;

/// Where the tables of a copy are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    /// Of the blocks that were changed since.
    pub(super) list: u64,
    header: u64,
    /// Of the blocks that were not in use when it was made, or zero.
    pub(super) bitmap: u64,
    /// Likewise, by the copy before it.
    pub(super) previous: u64,
}

pub(super) struct Catalog {
    /// The oldest first.
    pub(super) copies: Vec<ShadowCopy>,
    /// In the same order.
    pub(super) places: Vec<Option<Places>>,
    pub(super) incomplete: Option<Error>,
}

/// What the two entries of a copy say.
#[derive(Default)]
struct Found {
    made: Option<Made>,
    places: Option<Places>,
    twice: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Made {
    size: u64,
    sequence: u64,
    created: u64,
}

impl Catalog {
    /// Reads the list; nothing where the volume has none.
    pub(super) fn read(volume: &dyn ReadAt, limits: &Limits) -> Result<Option<Self>, Error> {
        let what = "header of shadow copies";
        if volume.len() < HEADER.saturating_add(wide(ENTRY)) {
            return Ok(None);
        }
        let bytes = structure(volume, HEADER, ENTRY, what)?;
        let f = Fields::new(&bytes, HEADER);
        if Guid::from_stored(f.bytes(0, 16, what)?) != IDENTIFIER {
            return Ok(None);
        }
        version(f.u32(16, what)?, HEADER)?;
        let (kind, start) = (f.u32(20, what)?, f.u64(48, what)?);
        if kind != 1 {
            return Err(Error::damaged(At::Offset(HEADER), what, "a record of type 1", format!("type {kind}")));
        }
        let (own, storage) = (Guid::from_stored(f.bytes(64, 16, what)?), Guid::from_stored(f.bytes(80, 16, what)?));
        if own != storage && !storage.is_nil() {
            let what = format!("the shadow copies of this volume ({own}) are kept on another one ({storage})");
            return Err(Error::unsupported(At::Offset(HEADER), what));
        }
        let mut found = HashMap::new();
        let mut order = Vec::new();
        let mut incomplete = None;
        let mut chain = Chain::new(volume, Kind::Catalog, start);
        let mut budget = Budget::new(limits.shadow_catalog_blocks);
        loop {
            match chain.step(&mut budget) {
                Ok(None) => break,
                Ok(Some((at, bytes))) => {
                    for (entry, place) in bytes.chunks_exact(ENTRY).zip(0u64..) {
                        let at = at.saturating_add(HEAD).saturating_add(place.saturating_mul(wide(ENTRY)));
                        if let Err(error) = take(entry, at, &mut found, &mut order) {
                            incomplete.get_or_insert(error);
                        }
                    }
                }
                Err(error) => {
                    incomplete.get_or_insert(error);
                    break;
                }
            }
        }
        let list = order.into_iter().filter_map(|store| Some((store, found.remove(&store)?))).collect();
        Ok(Some(Self::of(volume, list, incomplete)))
    }

    fn of(volume: &dyn ReadAt, list: Vec<(Guid, Found)>, mut incomplete: Option<Error>) -> Self {
        let mut sorted = Vec::new();
        for (store, found) in list {
            match found.made {
                Some(made) => sorted.push((store, made, found.places, found.twice)),
                None => {
                    let why = format!("an entry that says when the copy with the store {store} was made");
                    incomplete.get_or_insert(Error::damaged(At::Whole, "catalog of shadow copies", why, "none"));
                }
            }
        }
        sorted.sort_by_key(|(_, made, ..)| (made.sequence, made.created));
        let in_order = sorted.is_sorted_by(|(_, a, ..), (_, b, ..)| a.created < b.created && a.sequence < b.sequence);
        let next: Vec<Option<u64>> = sorted.iter().skip(1).map(|(_, made, ..)| Some(made.sequence)).collect();
        let mut out = Self { copies: Vec::new(), places: Vec::new(), incomplete };
        for ((number, (store, made, places, twice)), next) in (1..).zip(sorted).zip(next.into_iter().chain([None])) {
            let about = places.map_or_else(|| Err(no_data()), |places| about(volume, places.header));
            let unreadable = match (&out.incomplete, places) {
                (Some(error), _) => Some(Error::Stale {
                    what: format!("newer copies may be missing from the list of shadow copies: {error}"),
                }),
                _ if !in_order => Some(Error::Ambiguous {
                    what: "the times and the numbers of the shadow copies do not tell which one is newer".to_owned(),
                }),
                _ if twice => Some(Error::Ambiguous { what: "the list of shadow copies has it twice".to_owned() }),
                (None, None) => Some(no_data()),
                _ if next.is_some_and(|next| made.sequence.checked_add(1) != Some(next)) => Some(Error::Stale {
                    what: format!("the copy after it is missing: its number is {}", made.sequence.saturating_add(1)),
                }),
                (None, Some(_)) => None,
            };
            let Made { size, sequence, created } = made;
            out.copies.push(ShadowCopy { number, store, sequence, created, size, about, unreadable });
            out.places.push(places);
        }
        let mut broken: Option<(usize, Error)> = None;
        for copy in out.copies.iter_mut().rev() {
            match (&copy.unreadable, &broken) {
                (Some(error), _) => broken = Some((copy.number, error.clone())),
                (None, Some((number, error))) => copy.unreadable = Some(newer(*number, error)),
                (None, None) => {}
            }
        }
        out
    }
}

fn no_data() -> Error {
    let what = "the catalog does not say where its data is: it is that of Windows Server 2003, or damaged";
    Error::unsupported(At::Whole, what)
}

/// What is known of the copy with this store, which may be nothing so far.
fn known<'a>(found: &'a mut HashMap<Guid, Found>, order: &mut Vec<Guid>, store: Guid) -> &'a mut Found {
    match found.entry(store) {
        Slot::Occupied(there) => there.into_mut(),
        Slot::Vacant(free) => {
            order.push(store);
            free.insert(Found::default())
        }
    }
}

/// Takes an entry of the list.
fn take(entry: &[u8], at: u64, found: &mut HashMap<Guid, Found>, order: &mut Vec<Guid>) -> Result<(), Error> {
    let (f, what) = (Fields::new(entry, at), "entry of the catalog of shadow copies");
    // The byte behind it is a priority.
    let kind = f.u32(0, what)?;
    let store = Guid::from_stored(f.bytes(16, 16, what)?);
    match kind {
        // The end of the entries of a block, and one that is not in use.
        0 | 1 => {}
        2 => {
            let made = Made { size: f.u64(8, what)?, sequence: f.u64(32, what)?, created: f.u64(48, what)? };
            let known = known(found, order, store);
            known.twice |= known.made.is_some_and(|before| before != made);
            known.made = Some(made);
        }
        3 => {
            let (list, header) = (f.u64(8, what)?, f.u64(32, what)?);
            let places = Places { list, header, bitmap: f.u64(48, what)?, previous: f.u64(72, what)? };
            let known = known(found, order, store);
            known.twice |= known.places.is_some_and(|before| before != places);
            known.places = Some(places);
        }
        other => return Err(Error::damaged(At::Offset(at), what, "a type from 0 to 3", other.to_string())),
    }
    Ok(())
}

/// What the header of a copy's data says.
fn about(volume: &dyn ReadAt, at: u64) -> Result<AboutCopy, Error> {
    let what = "header of a shadow copy";
    let bytes = structure(volume, at, ABOUT, what)?;
    head(&bytes, at, Kind::Header)?;
    let f = Fields::new(&bytes, at);
    let guid = |offset| Ok(Guid::from_stored(f.bytes(offset, 16, what)?));
    let base = narrow(HEAD);
    let field = |offset: usize| base.saturating_add(offset);
    let len = usize::from(f.u16(field(64), what)?);
    let units: Vec<u16> = f.bytes(field(66), len, "name of a machine")?.chunks_exact(2).filter_map(unit).collect();
    Ok(AboutCopy {
        id: guid(field(16))?,
        set: guid(field(32))?,
        attributes: f.u32(field(56), what)?,
        machine: String::from_utf16_lossy(&units),
    })
}

fn unit(pair: &[u8]) -> Option<u16> {
    pair.first_chunk().map(|pair| u16::from_le_bytes(*pair))
}

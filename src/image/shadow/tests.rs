use super::chain::IDENTIFIER;
use super::*;
use crate::read_at::ReadAt;

const B: usize = 0x4000;
/// Blocks of the volume; what copies need lies in the upper half.
const BLOCKS: usize = 64;

fn stored(guid: Guid) -> [u8; 16] {
    let mut bytes = guid.0.to_be_bytes();
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

/// A volume in the making. Each block is filled with its number.
struct Volume {
    bytes: Vec<u8>,
    free: usize,
    catalog: Vec<[u8; 128]>,
}

impl Volume {
    fn new() -> Self {
        let bytes = (0..BLOCKS).flat_map(|block| vec![u8::try_from(block).unwrap(); B]).collect();
        Self { bytes, free: BLOCKS / 2, catalog: Vec::new() }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn block(&mut self) -> usize {
        self.free += 1;
        (self.free - 1) * B
    }

    fn fresh(&mut self, fill: u8) -> u64 {
        let at = self.block();
        self.put(at, &[fill; B]);
        wide_at(at)
    }

    /// A block of a table; leads to `next`.
    fn table(&mut self, kind: u32, next: usize, content: &[u8]) -> usize {
        let at = self.block();
        self.table_at(at, kind, next, content);
        at
    }

    fn table_at(&mut self, at: usize, kind: u32, next: usize, content: &[u8]) {
        self.put(at, &[0; B]);
        self.put(at, &stored(IDENTIFIER));
        self.put(at + 16, &1u32.to_le_bytes());
        self.put(at + 20, &kind.to_le_bytes());
        self.put(at + 32, &wide_at(at).to_le_bytes());
        self.put(at + 40, &wide_at(next).to_le_bytes());
        self.put(at + 128, content);
    }

    /// Adds a copy with these entries of its block list; `unused` has the blocks that were not in use.
    fn copy(&mut self, number: u8, list: &[[u8; 32]], unused: &[usize]) {
        let list = self.table(3, 0, &list.concat());
        let mut about = vec![0u8; 66];
        about[16] = number;
        about[56..60].copy_from_slice(&0x0042_0009u32.to_le_bytes());
        about[64] = 8;
        about.extend("DC01".encode_utf16().flat_map(u16::to_le_bytes));
        let header = self.table(4, 0, &about);
        let mut bits = [0u8; BLOCKS / 8];
        unused.iter().for_each(|block| bits[block / 8] |= 1 << (block % 8));
        let bitmap = self.table(6, 0, &bits);
        let store = [number; 16];
        let mut two = [0u8; 128];
        two[0] = 2;
        // A priority, which is no part of the type.
        two[4] = 1;
        two[8..16].copy_from_slice(&wide_at(BLOCKS * B).to_le_bytes());
        two[16..32].copy_from_slice(&store);
        two[32] = number;
        two[48..56].copy_from_slice(&(u64::from(number) << 40).to_le_bytes());
        let mut three = [0u8; 128];
        three[0] = 3;
        for (at, place) in [(8, list), (32, header), (48, bitmap)] {
            three[at..at + 8].copy_from_slice(&wide_at(place).to_le_bytes());
        }
        three[16..32].copy_from_slice(&store);
        // The entries of a copy may come in any order, and so may copies.
        self.catalog.splice(0..0, [three, two]);
    }

    fn finish(mut self) -> Vec<u8> {
        let catalog = self.table(2, 0, &self.catalog.concat());
        self.put(0x1e00, &[0; 512]);
        self.put(0x1e00, &stored(IDENTIFIER));
        self.put(0x1e10, &[1, 0, 0, 0, 1]);
        self.put(0x1e30, &wide_at(catalog).to_le_bytes());
        self.bytes
    }
}

fn wide_at(at: usize) -> u64 {
    u64::try_from(at).unwrap()
}

fn entry(block: usize, relative: u64, data: u64, flags: u32, sectors: u32) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    bytes[..8].copy_from_slice(&wide_at(block * B).to_le_bytes());
    bytes[8..16].copy_from_slice(&relative.to_le_bytes());
    bytes[16..24].copy_from_slice(&data.to_le_bytes());
    bytes[24..28].copy_from_slice(&flags.to_le_bytes());
    bytes[28..].copy_from_slice(&sectors.to_le_bytes());
    bytes
}

fn plain(block: usize, data: u64) -> [u8; 32] {
    entry(block, 0, data, 0, 0)
}

fn moved(block: usize, to: usize) -> [u8; 32] {
    entry(block, wide_at(to * B), 0, 1, 0)
}

fn open_with(bytes: Vec<u8>, limits: &Limits) -> Result<Option<Arc<ShadowCopies>>, Error> {
    let volume: Arc<dyn ReadAt> = Arc::new(bytes);
    ShadowCopies::open(&volume, limits)
}

fn open(bytes: Vec<u8>) -> Arc<ShadowCopies> {
    open_with(bytes, &Limits::default()).unwrap().unwrap()
}

/// The first byte of each sector that is asked for, as (block, sector).
fn seen(copies: &Arc<ShadowCopies>, number: usize, places: &[(usize, usize)]) -> Vec<u8> {
    let volume = copies.volume(number).unwrap();
    let mut all = vec![0u8; BLOCKS * B];
    volume.read_exact_at(0, &mut all).unwrap();
    places
        .iter()
        .map(|(block, sector)| {
            let mut one = [0u8];
            let at = block * B + sector * 512;
            // In one read, and alone.
            volume.read_exact_at(wide_at(at), &mut one).unwrap();
            assert_eq!(one[0], all[at]);
            one[0]
        })
        .collect()
}

#[test]
fn a_volume_without_a_list_has_no_copies_and_one_with_an_empty_list_has_none_so_far() {
    assert!(open_with(vec![0u8; 1 << 16], &Limits::default()).unwrap().is_none());
    assert!(open_with(vec![0u8; 100], &Limits::default()).unwrap().is_none());
    let copies = open(Volume::new().finish());
    assert!(copies.copies().is_empty() && copies.incomplete().is_none());
    let mut none_yet = Volume::new().finish();
    none_yet[0x1e30..0x1e38].fill(0);
    assert!(open(none_yet).copies().is_empty());
}

#[test]
fn what_a_copy_does_not_have_is_looked_for_in_newer_ones_and_then_on_the_volume() {
    let mut volume = Volume::new();
    let (old, newer, newest) = (volume.fresh(101), volume.fresh(102), volume.fresh(103));
    volume.copy(1, &[plain(1, old)], &[6]);
    volume.copy(2, &[plain(1, newer), plain(2, newer)], &[6]);
    volume.copy(3, &[plain(3, newest), plain(4, newest), plain(4, newer)], &[6, 7, 3]);
    let copies = open(volume.finish());
    let numbers: Vec<_> = copies.copies().iter().map(|copy| (copy.number, copy.sequence, copy.created >> 40)).collect();
    assert_eq!(numbers, [(1, 1, 1), (2, 2, 2), (3, 3, 3)]);
    let blocks: Vec<(usize, usize)> = (1..8).map(|block| (block, 3)).collect();
    assert_eq!(seen(&copies, 1, &blocks), [101, 102, 103, 102, 5, 6, 7]);
    assert_eq!(seen(&copies, 2, &blocks), [102, 102, 103, 102, 5, 6, 7]);
    // What was not in use is zeros in the newest copy; what its list has is not.
    assert_eq!(seen(&copies, 3, &blocks), [1, 2, 103, 102, 5, 0, 0]);
    let about = copies.copies()[0].about.as_ref().unwrap();
    assert_eq!((about.machine.as_str(), copies.copies()[0].kind()), ("DC01", Some("ApplicationRollback")));
    assert!(copies.volume(0).is_err() && copies.volume(4).is_err());
}

#[test]
fn a_block_that_was_moved_is_read_where_the_next_copy_has_it() {
    let mut volume = Volume::new();
    let (then, later) = (volume.fresh(101), volume.fresh(102));
    volume.copy(1, &[moved(1, 9)], &[]);
    // 3 was moved to 4, and then copied from there; 5 was moved to 6 and back, and 7 to itself.
    volume.copy(
        2,
        &[plain(9, then), moved(3, 4), plain(4, later), moved(5, 6), moved(6, 5), moved(7, 7), moved(8, 10)],
        &[10, 4, 11],
    );
    let copies = open(volume.finish());
    let blocks: Vec<(usize, usize)> = [1, 3, 4, 5, 7, 8, 10, 11].map(|block| (block, 0)).to_vec();
    // Of 10 the bitmap says that it was not in use; it is what 8 was.
    assert_eq!(seen(&copies, 2, &blocks), [1, 102, 0, 6, 7, 10, 10, 0]);
    assert_eq!(seen(&copies, 1, &blocks), [101, 102, 4, 6, 7, 10, 10, 11]);
}

#[test]
fn sectors_are_laid_over_blocks_of_the_copy_itself_alone() {
    let mut volume = Volume::new();
    let (over, under) = (volume.fresh(101), volume.fresh(102));
    volume.copy(1, &[], &[]);
    let overlays = [entry(1, 0, over, 2, 1 << 1), entry(2, 0, over, 2, 1 << 31), plain(2, under)];
    let more = [entry(1, 1, 0, 2, 1 << 4), entry(3, 0, 0, 4, 0)];
    volume.copy(2, &[overlays.as_slice(), &more].concat(), &[3]);
    let copies = open(volume.finish());
    let places = [(1, 0), (1, 1), (1, 2), (1, 4), (2, 0), (2, 31), (3, 0)];
    assert_eq!(seen(&copies, 2, &places), [1, 101, 1, 101, 102, 101, 0]);
    assert_eq!(seen(&copies, 1, &places), [1, 1, 1, 1, 102, 102, 3]);
}

/// Where the list, the entries of copies or their tables are damaged, nothing is read that rests on it.
#[test]
fn what_is_doubtful_is_listed_with_the_reason_and_not_read() {
    let build = |change: &dyn Fn(&mut Volume)| {
        let mut volume = Volume::new();
        let data = volume.fresh(101);
        (1..=3).for_each(|number| volume.copy(number, &[plain(usize::from(number), data)], &[]));
        change(&mut volume);
        volume.finish()
    };
    let reasons = |bytes: Vec<u8>| -> Vec<String> {
        let copies = open(bytes);
        let of =
            |copy: &ShadowCopy| copies.volume(copy.number).err().map(|error| error.to_string()).unwrap_or_default();
        copies.copies().iter().map(of).collect()
    };
    assert_eq!(reasons(build(&|_| {})), ["", "", ""]);
    // The catalog: the newest copy first, entry 3 before entry 2.
    let without_data = reasons(build(&|volume| {
        volume.catalog.remove(2);
    }));
    assert!(without_data[0].contains("read through shadow copy 2") && without_data[1].contains("Server 2003"));
    assert_eq!(without_data[2], "");
    let gap = reasons(build(&|volume| {
        volume.catalog.drain(2..4);
    }));
    assert!(gap[0].contains("its number is 2") && gap[1].is_empty(), "{gap:?}");
    for at in [48, 32] {
        let all = reasons(build(&|volume| volume.catalog[1][at..at + 8].fill(0)));
        assert!(all.iter().all(|why| why.contains("do not tell which one is newer")), "{all:?}");
    }
    let twice = reasons(build(&|volume| {
        let mut other = volume.catalog[1];
        other[8] ^= 1;
        volume.catalog.push(other);
    }));
    assert!(twice.iter().all(|why| why.contains("twice")), "{twice:?}");
    let cut = reasons(build(&|volume| volume.catalog[4] = [9; 128]));
    assert!(cut.iter().all(|why| why.contains("newer copies may be missing")), "{cut:?}");
}

#[test]
fn chains_that_never_end_and_tables_of_another_kind_are_errors() {
    let build = |damage: &dyn Fn(&mut Volume, usize)| {
        let mut volume = Volume::new();
        let data = volume.fresh(101);
        let list = volume.free * B;
        volume.copy(1, &[plain(1, data)], &[2]);
        damage(&mut volume, list);
        volume.finish()
    };
    let why = |bytes: Vec<u8>| {
        let copies = open(bytes);
        let mut byte = [0u8];
        match copies.volume(1) {
            Ok(volume) => volume.read_exact_at(wide_at(2 * B), &mut byte).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    let to = |volume: &mut Volume, at: usize, next: usize| volume.put(at + 40, &wide_at(next).to_le_bytes());
    assert!(why(build(&|volume, list| to(volume, list, list))).contains("a loop"));
    assert!(why(build(&|volume, list| to(volume, list, BLOCKS * B * 2))).contains("a file that ends"));
    assert!(why(build(&|volume, list| volume.put(list + 20, &[6]))).contains("a record of type 3"));
    assert!(why(build(&|volume, list| volume.put(list + 16, &[3]))).contains("version 3"));
    assert!(why(build(&|volume, list| volume.put(list + 32, &[1]))).contains("its own place"));
    assert!(why(build(&|volume, list| volume.put(list + 128 + 1, &[1]))).contains("blocks of 16 KiB"));
    // The bitmap is read when it is needed.
    let bitmap = 2 * B;
    assert!(why(build(&|volume, list| volume.put(list + bitmap, &[0]))).contains("bitmap of a shadow copy"));
    // The header of the copy tells about it, and is not needed to read it.
    let copies = open(build(&|volume, list| volume.put(list + B, &[0])));
    assert!(copies.copies()[0].about.is_err() && copies.volume(1).is_ok());
}

#[test]
fn a_catalog_that_leads_back_or_past_the_end_is_told_as_incomplete() {
    for (next, what) in [(0usize, "a loop"), (BLOCKS * B * 4, "a file that ends")] {
        let mut volume = Volume::new();
        volume.copy(1, &[], &[]);
        let at = volume.free * B;
        let mut bytes = volume.finish();
        let next = if next == 0 { at } else { next };
        bytes[at + 40..at + 48].copy_from_slice(&wide_at(next).to_le_bytes());
        let copies = open(bytes);
        assert!(copies.incomplete().unwrap().to_string().contains(what));
        assert!(copies.copies()[0].unreadable.is_some());
    }
}

#[test]
fn no_more_is_read_than_the_limits_allow() {
    let mut volume = Volume::new();
    (1..=3).for_each(|number| volume.copy(number, &[], &[]));
    let bytes = volume.finish();
    let limits = Limits { shadow_list_blocks: 2, ..Limits::default() };
    let copies = open_with(bytes.clone(), &limits).unwrap().unwrap();
    // The newest are read first.
    assert!(copies.volume(2).is_ok() && copies.volume(3).is_ok());
    assert!(matches!(copies.volume(1).err(), Some(Error::Limit { limit: 2, .. })));
    let limits = Limits { shadow_catalog_blocks: 0, ..Limits::default() };
    assert!(open_with(bytes, &limits).unwrap().unwrap().incomplete().is_some());
}

#[test]
fn copies_that_are_kept_on_another_volume_are_told() {
    let mut bytes = Volume::new().finish();
    bytes[0x1e40] = 1;
    bytes[0x1e50] = 2;
    assert!(open_with(bytes.clone(), &Limits::default()).err().unwrap().to_string().contains("another one"));
    bytes[0x1e10] = 3;
    assert!(open_with(bytes, &Limits::default()).err().unwrap().to_string().contains("version 3"));
}

#[test]
fn a_size_past_the_end_of_the_volume_is_cut() {
    let mut volume = Volume::new();
    volume.copy(1, &[], &[]);
    volume.catalog[1][8..16].fill(0x7f);
    let copies = open(volume.finish());
    assert_eq!(copies.volume(1).unwrap().len(), wide_at(BLOCKS * B));
}

use super::*;
use crate::image::Disk;
use crate::image::mapped::testing::{Folder, open as open_with, part, put, refused};
use crate::image::vhdx::build::*;
use crate::image::vhdx::open;

const RING: usize = 1 << 20;

enum To<'a> {
    /// A sector at an offset.
    Data(usize, &'a [u8]),
    /// Zeros: offset and length.
    Zero(u64, u64),
}

/// An entry with its checksum: number, tail, changes, and the sizes of the file when it was logged and for all that is in it.
fn entry(sequence: u64, tail: usize, changes: &[To<'_>], sizes: [u64; 2]) -> Vec<u8> {
    let descriptor_sectors = (64 + 32 * changes.len()).div_ceil(4096);
    let mut bytes = vec![0u8; descriptor_sectors * 4096];
    put(&mut bytes, 0, b"loge");
    put(&mut bytes, 12, &u32::try_from(tail).unwrap().to_le_bytes());
    put(&mut bytes, 16, &sequence.to_le_bytes());
    put(&mut bytes, 24, &u32::try_from(changes.len()).unwrap().to_le_bytes());
    put(&mut bytes, 32, &LOG_GUID);
    put(&mut bytes, 48, &sizes[0].to_le_bytes());
    put(&mut bytes, 56, &sizes[1].to_le_bytes());
    for (position, change) in changes.iter().enumerate() {
        let at = 64 + 32 * position;
        put(&mut bytes, at + 24, &sequence.to_le_bytes());
        match change {
            To::Zero(to, len) => {
                put(&mut bytes, at, b"zero");
                put(&mut bytes, at + 8, &len.to_le_bytes());
                put(&mut bytes, at + 16, &to.to_le_bytes());
            }
            To::Data(to, sector) => {
                put(&mut bytes, at, b"desc");
                put(&mut bytes, at + 4, &sector[4092..]);
                put(&mut bytes, at + 8, &sector[..8]);
                put(&mut bytes, at + 16, &u64::try_from(*to).unwrap().to_le_bytes());
                let number = sequence.to_le_bytes();
                bytes.extend([b"data", &number[4..], &sector[8..4092], &number[..4]].concat());
            }
        }
    }
    resealed(bytes)
}

fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let len = bytes.len();
    put(&mut bytes, 8, &u32::try_from(len).unwrap().to_le_bytes());
    seal(&mut bytes, 0, len);
    bytes
}

/// A disk of three blocks, `b`, zeros, `a`, with these entries in its log.
fn logged(entries: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = dynamic();
    header(&mut bytes, 128 << 10, 8, &[(48, &LOG_GUID)]);
    for (at, entry) in entries {
        for (offset, byte) in entry.iter().enumerate() {
            bytes[LOG + (at + offset) % RING] = *byte;
        }
    }
    bytes
}

fn disk(bytes: &[u8]) -> Disk {
    open_with(open, bytes, &Folder::default()).unwrap()
}

/// The first sector of the BAT with these blocks (in MiB; zero for none).
fn bat_sector(blocks: [u64; 3]) -> Vec<u8> {
    let entries = blocks.map(|mib| if mib == 0 { 0 } else { mib << 20 | 6 });
    let mut bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
    bytes.resize(4096, 0);
    bytes
}

fn letters(disk: &Disk) -> String {
    (0..3).map(|block| char::from(part(disk, block << 20, 1).unwrap()[0])).collect()
}

fn size() -> u64 {
    6 << 20
}

fn simple(sequence: u64, tail: usize, blocks: [u64; 3]) -> Vec<u8> {
    entry(sequence, tail, &[To::Data(BAT, &bat_sector(blocks))], [size(); 2])
}

#[test]
fn entries_are_replayed_from_the_tail_to_the_head() {
    let bytes = logged(&[(0, simple(5, 0, [4, 4, 4]))]);
    let one = disk(&bytes);
    assert_eq!(
        (letters(&one).as_str(), one.notes.as_slice()),
        ("aaa", ["the log was replayed (1 entry)".to_owned()].as_slice())
    );
    // The last one wins.
    let three = [(0, simple(5, 0, [4, 4, 4])), (8192, simple(6, 0, [0, 5, 0])), (16384, simple(7, 0, [5, 4, 5]))];
    let three = disk(&logged(&three));
    assert_eq!((letters(&three).as_str(), three.notes[0].as_str()), ("bab", "the log was replayed (3 entries)"));
    // What is before the tail is in its place, and is not written again: here it would wipe the block.
    let block = u64::try_from(BLOCKS).unwrap();
    let wipe = entry(5, 0, &[To::Zero(block, 1 << 20)], [size(); 2]);
    let later = disk(&logged(&[(0, wipe.clone()), (4096, simple(6, 4096, [4, 4, 4]))]));
    assert_eq!((letters(&later).as_str(), later.notes[0].as_str()), ("aaa", "the log was replayed (1 entry)"));
    let all = disk(&logged(&[(0, wipe), (4096, simple(6, 0, [4, 4, 4]))]));
    assert_eq!(letters(&all), "\0\0\0");
}

#[test]
fn the_first_eight_and_the_last_four_bytes_of_a_sector_come_from_its_descriptor() {
    let sector: Vec<u8> = (0..4096u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let bytes = logged(&[(0, entry(1, 0, &[To::Data(BLOCKS + 4096, &sector)], [size(); 2]))]);
    let disk = disk(&bytes);
    let want = [vec![b'a'; 4], sector, vec![b'a'; 4]].concat();
    assert_eq!(part(&disk, (2 << 20) + 4092, 4104).unwrap(), want);
}

#[test]
fn zero_descriptors_are_applied_in_their_order_and_cost_nothing_however_long() {
    let block = u64::try_from(BLOCKS).unwrap();
    let x = [b'x'; 4096];
    let changes =
        [To::Data(BLOCKS, &x), To::Zero(block, 4096), To::Data(BLOCKS + 8192, &x), To::Zero(block + 12288, 4096)];
    let ordered = disk(&logged(&[(0, entry(1, 0, &changes, [size(); 2]))]));
    let got: Vec<u8> = (0..5).map(|n| part(&ordered, (2 << 20) + n * 4096, 1).unwrap()[0]).collect();
    assert_eq!(got, b"\0ax\0a");
    // A terabyte, past the end of the file; a block there is zeros, one further on is not there.
    let changes = [To::Zero(6 << 20, 1 << 40), To::Data(BAT, &bat_sector([6, 1 << 20, (1 << 20) + 6]))];
    let far = disk(&logged(&[(0, entry(1, 0, &changes, [size(); 2]))]));
    assert_eq!((part(&far, 0, 1).unwrap(), part(&far, 1 << 20, 1).unwrap()), (vec![0], vec![0]));
    assert_eq!(part(&far, 2 << 20, 1).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    let none = disk(&logged(&[(0, entry(1, 0, &[To::Zero(block, 0)], [size(); 2]))]));
    assert_eq!(letters(&none), "b\0a");
}

#[test]
fn a_sequence_may_wrap_around_the_end_of_the_log() {
    // Entries at the last 12 KiB, and one that itself wraps around; behind it what an older round left.
    let entries = [
        (RING - 12288, simple(40, RING - 12288, [4, 0, 0])),
        (RING - 4096, simple(41, RING - 12288, [4, 4, 0])),
        (4096, simple(42, RING - 12288, [5, 5, 4])),
        (12288, simple(12, 12288, [0, 0, 0])),
    ];
    let wrapped = disk(&logged(&entries));
    assert_eq!((letters(&wrapped).as_str(), wrapped.notes[0].as_str()), ("bba", "the log was replayed (3 entries)"));
    // A log that is full to the last sector.
    let mut full: Vec<(usize, Vec<u8>)> = Vec::new();
    for n in 0..128usize {
        let at = (8192 * n + 4096) % RING;
        full.push((at, simple(100 + u64::try_from(n).unwrap(), 4096, [if n == 127 { 5 } else { 0 }, 4, 4])));
    }
    let full = disk(&logged(&full));
    assert_eq!((letters(&full).as_str(), full.notes[0].as_str()), ("baa", "the log was replayed (128 entries)"));
}

#[test]
fn torn_and_stale_entries_are_passed_over() {
    let mut torn = simple(7, 0, [5, 5, 5]);
    *torn.last_mut().unwrap() ^= 1;
    let good = [(0, simple(5, 0, [0, 0, 0])), (8192, simple(6, 0, [4, 4, 4]))];
    let with = |at: usize, entry: Vec<u8>| {
        let disk = disk(&logged(&[good.as_slice(), &[(at, entry)]].concat()));
        (letters(&disk), disk.notes[0].clone())
    };
    let two = ("aaa".to_owned(), "the log was replayed (2 entries)".to_owned());
    assert_eq!(with(16384, torn), two);
    // A number that does not follow, another log's GUID, an older sequence elsewhere.
    assert_eq!(with(16384, simple(4, 0, [5, 5, 5])), two);
    let mut other = simple(7, 0, [5, 5, 5]);
    other[32] = 0;
    assert_eq!(with(16384, resealed(other)), two);
    assert_eq!(with(65536, simple(3, 65536, [5, 5, 5])), two);
    // A newer sequence elsewhere counts, unless its tail is gone.
    assert_eq!(with(65536, simple(9, 65536, [5, 5, 5])).0, "bbb");
    assert_eq!(with(65536, simple(9, 61440, [5, 5, 5])), two);
    // An entry may be longer than what it holds.
    let mut long = simple(7, 0, [5, 5, 5]);
    long.extend([0; 4096]);
    assert_eq!(with(16384, resealed(long)).0, "bbb");
}

#[test]
fn a_log_without_a_valid_sequence_is_refused() {
    let lost = "a valid sequence";
    assert!(refused(open, &logged(&[])).contains(lost));
    let mut torn = simple(1, 0, [4, 4, 4]);
    torn[5000] ^= 1;
    assert!(refused(open, &logged(&[(0, torn)])).contains(lost));
    assert!(refused(open, &logged(&[(0, simple(1, 4096, [4, 4, 4]))])).contains(lost));
    for len in [0u32, 4095, 1 << 30] {
        let mut odd = simple(1, 0, [4, 4, 4]);
        put(&mut odd, 8, &len.to_le_bytes());
        assert!(refused(open, &logged(&[(0, odd)])).contains(lost));
    }
    let mut none = dynamic();
    header(&mut none, 128 << 10, 8, &[(48, &LOG_GUID), (68, &[0; 4])]);
    assert!(refused(open, &none).contains(lost));
    // Without a GUID there is nothing to replay, whatever stands there.
    let mut clean = logged(&[(0, simple(1, 0, [4, 4, 4]))]);
    header(&mut clean, 128 << 10, 9, &[]);
    assert_eq!(letters(&disk(&clean)), "b\0a");
}

#[test]
fn an_entry_with_the_right_checksum_that_breaks_the_format_is_an_error() {
    let sector = bat_sector([4, 4, 4]);
    for (at, what, why) in [
        (16, vec![0; 8], "log entry"),
        (28, vec![1], "log entry"),
        (13, vec![1], "log entry"),
        (14, vec![0x10], "log entry"),
        (24, vec![0xff, 0xff, 0xff, 0xff], "log entry"),
        (24, vec![2], "log descriptor"),
        (64, b"what".to_vec(), "\"what\""),
        (80, vec![1], "log descriptor"),
        (88, vec![9], "log descriptor"),
        (96, b"x".to_vec(), ""),
        (4096, b"date".to_vec(), "log descriptor"),
        (4100, vec![1], "log descriptor"),
        (8188, vec![2], "log descriptor"),
    ] {
        let mut odd = simple(1, 0, [4, 4, 4]);
        put(&mut odd, at, &what);
        let bytes = logged(&[(0, resealed(odd))]);
        match why {
            // Past the last descriptor there may be anything.
            "" => assert_eq!(letters(&disk(&bytes)), "aaa"),
            why => assert!(refused(open, &bytes).contains(why), "{at}: {}", refused(open, &bytes)),
        }
    }
    for (to, len) in [(BAT + 1, 4096u64), (BAT, 4095), (BAT, 1)] {
        let zero = entry(1, 0, &[To::Zero(u64::try_from(to).unwrap(), len)], [size(); 2]);
        assert!(refused(open, &logged(&[(0, zero)])).contains("whole sectors"));
    }
    // A data sector that is not in the entry.
    let mut short = entry(1, 0, &[To::Data(BAT, &sector), To::Data(BAT, &sector)], [size(); 2]);
    short.truncate(8192);
    assert!(refused(open, &logged(&[(0, resealed(short))])).contains("with its data"));
    // Changes to what is never changed through the log, and past the end of all files.
    let log = u64::try_from(LOG).unwrap();
    for (to, len) in
        [(0, 4096), (64 << 10, 4096), (128 << 10, 65536), (log + 4096, 4096), (0, 1 << 40), (u64::MAX << 12, 1 << 20)]
    {
        let zero = entry(1, 0, &[To::Zero(to, len)], [size(); 2]);
        let error = refused(open, &logged(&[(0, zero)]));
        assert!(error.contains("apart from the headers and the log"), "{error}");
    }
}

#[test]
fn sizes_in_the_newest_entry_tell_of_lost_bytes_and_of_growth() {
    let cut = logged(&[(0, entry(1, 0, &[], [size() + 1, 0]))]);
    assert!(refused(open, &cut).contains("cut short"));
    // An older entry's size does not count: the file may have been made smaller since.
    let older = [(0, entry(1, 0, &[], [size() + 1, 0])), (4096, entry(2, 0, &[], [size(), size()]))];
    assert_eq!(letters(&disk(&logged(&older))), "b\0a");
    // A block that the file was to grow for.
    let bat = bat_sector([4, 6, 0]);
    let grown = entry(1, 0, &[To::Data(BAT, &bat)], [size(), 7 << 20]);
    let grown = disk(&logged(&[(0, grown)]));
    assert_eq!((letters(&grown).as_str(), part(&grown, (2 << 20) - 1, 1).unwrap()), ("a\0\0", vec![0]));
    let not = disk(&logged(&[(0, entry(1, 0, &[To::Data(BAT, &bat)], [size(); 2]))]));
    assert_eq!(part(&not, 1 << 20, 1).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn region_tables_and_metadata_are_read_through_the_log() {
    let mut whole = dynamic();
    let (first, second) = (192 << 10, 256 << 10);
    let table = whole[first..first + 4096].to_vec();
    let meta = whole[METADATA..METADATA + 4096].to_vec();
    let changes = [To::Data(first, &table), To::Data(second, &table), To::Data(METADATA, &meta)];
    let entry = entry(1, 0, &changes, [size(); 2]);
    header(&mut whole, 128 << 10, 8, &[(48, &LOG_GUID)]);
    put(&mut whole, LOG, &entry);
    for at in [first, second, METADATA] {
        put(&mut whole, at, &[0; 4096]);
    }
    assert_eq!(letters(&disk(&whole)), "b\0a");
}

#[test]
fn budgets_end_a_crafted_log() {
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let file = |bytes: Vec<u8>| -> Arc<dyn ReadAt> { Arc::new(bytes) };
    let refused = |bytes: Vec<u8>, limits: &Limits| {
        open(&file(bytes), &Folder::default(), limits).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let three = || {
        logged(&[(0, entry(1, 0, &[To::Zero(4 << 20, 4096), To::Zero(4 << 20, 0), To::Zero(4 << 20, 4096)], [0; 2]))])
    };
    assert!(refused(three(), &limits(|l| l.vhdx_log_descriptors = 2)).contains("limit of 2"));
    assert_eq!(refused(three(), &limits(|l| l.vhdx_log_descriptors = 3)), "");
    assert!(refused(three(), &limits(|l| l.vhdx_log_bytes = 4096)).contains("bytes of the log"));
    // At each sector an entry as long as the log, which all would have to be hashed.
    let head = [b"loge".as_slice(), &[0; 4], &(1u32 << 20).to_le_bytes(), &[0; 20], &LOG_GUID].concat();
    let many: Vec<(usize, Vec<u8>)> = (0..256).map(|n| (n * 4096, head.clone())).collect();
    assert!(refused(logged(&many), &Limits::default()).contains("hashed"));
    let mut far = dynamic();
    header(&mut far, 128 << 10, 8, &[(48, &LOG_GUID), (72, &(1u64 << 40).to_le_bytes())]);
    assert!(refused(far, &Limits::default()).contains("a file that ends"));
}

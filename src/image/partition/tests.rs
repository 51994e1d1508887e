use super::*;

const NTFS: &[u8] = b"\xeb\x52\x90NTFS    \0\x02\x08\0\0\0\0\0\0\0\xf8";

struct Image(Vec<u8>);

impl Image {
    fn new(len: usize) -> Self {
        Self(vec![0; len])
    }

    fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// An entry of the record at `at`: its index, status, type, start and count.
    fn entry(self, at: usize, index: usize, kind: u8, start: u32, count: u32) -> Self {
        let entry = at + 446 + 16 * index;
        self.put(entry + 4, &[kind])
            .put(entry + 8, &start.to_le_bytes())
            .put(entry + 12, &count.to_le_bytes())
            .put(at + 510, b"\x55\xaa")
    }

    /// A boot sector of NTFS with fields that fit.
    fn ntfs(self, at: usize) -> Self {
        self.put(at, NTFS)
            .put(at + 40, &1000u64.to_le_bytes())
            .put(at + 48, &4u64.to_le_bytes())
            .put(at + 56, &2u64.to_le_bytes())
            .put(at + 510, b"\x55\xaa")
    }

    /// Both copies of a GPT with these partitions (type, first and last sector, name), and a protective MBR.
    fn gpt(self, size: usize, partitions: &[([u8; 16], u64, u64, &str)]) -> Self {
        let last = self.0.len() / size - 1;
        let entries = entries(128, 128, partitions);
        let sectors = entries.len().div_ceil(size);
        let usable = ((2 + sectors) as u64, (last - sectors - 1) as u64);
        let header = |own: usize, other: usize, at: usize| {
            header(own as u64, other as u64, at as u64, usable, (128, 128), &entries)
        };
        let (first, copy) = (header(1, last, 2), header(last, 1, last - sectors));
        self.entry(0, 0, 0xee, 1, last as u32)
            .put(size, &first)
            .put(2 * size, &entries)
            .put((last - sectors) * size, &entries)
            .put(last * size, &copy)
    }

    fn read(&self, sector: Option<u32>) -> Result<Option<Table>, Error> {
        let disk: Arc<dyn ReadAt> = Arc::new(self.0.clone());
        partitions(&disk, sector, &Limits::default())
    }

    fn table(&self) -> Table {
        self.read(None).unwrap().unwrap()
    }
}

fn entries(count: usize, size: usize, partitions: &[([u8; 16], u64, u64, &str)]) -> Vec<u8> {
    let mut bytes = vec![0; count * size];
    for (entry, (kind, first, last, name)) in bytes.chunks_mut(size).zip(partitions) {
        entry[..16].copy_from_slice(kind);
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&last.to_le_bytes());
        for (to, unit) in entry[56..128].chunks_mut(2).zip(name.encode_utf16()) {
            to.copy_from_slice(&unit.to_le_bytes());
        }
    }
    bytes
}

fn header(own: u64, other: u64, at: u64, usable: (u64, u64), shape: (u32, u32), entries: &[u8]) -> Vec<u8> {
    let mut bytes = b"EFI PART\0\0\x01\0\x5c\0\0\0".to_vec();
    bytes.resize(24, 0);
    for number in [own, other, usable.0, usable.1] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([5; 16]);
    bytes.extend(at.to_le_bytes());
    bytes.extend(shape.0.to_le_bytes());
    bytes.extend(shape.1.to_le_bytes());
    bytes.extend(crc32fast::hash(entries).to_le_bytes());
    summed(bytes)
}

fn summed(mut header: Vec<u8>) -> Vec<u8> {
    header[16..20].copy_from_slice(&[0; 4]);
    let crc = crc32fast::hash(&header);
    header[16..20].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Basic data: no purpose of its own.
const DATA: [u8; 16] = *b"\xa2\xa0\xd0\xeb\xe5\xb9\x33\x44\x87\xc0\x68\xb6\xb7\x26\x99\xc7";
const MSR: [u8; 16] = *b"\x16\xe3\xc9\xe3\x5c\x0b\xb8\x4d\x81\x7d\xf9\x2d\xf0\x02\x15\xae";
const SPACES: [u8; 16] = *b"\x8f\xaf\x5c\xe7\x80\xf6\xee\x4c\xaf\xa3\xb0\x01\xe5\x6e\xfc\x2d";

fn places(table: &Table) -> Vec<(u32, u64, u64)> {
    table.partitions.iter().map(|p| (p.number, p.start, p.len)).collect()
}

fn gpt() -> Image {
    Image::new(1 << 20).gpt(512, &[(MSR, 40, 49, ""), (DATA, 50, 99, "Système 💾"), (SPACES, 200, 299, "")])
}

#[test]
fn a_gpt_with_names_and_purposes() {
    let table = gpt().table();
    assert_eq!((table.scheme, table.notes.len()), (Scheme::Gpt, 0));
    assert_eq!(places(&table), [(1, 40 * 512, 5120), (2, 50 * 512, 25600), (3, 200 * 512, 51200)]);
    assert_eq!(table.partitions[1].name.as_deref(), Some("Système 💾"));
    let purposes: Vec<_> = table.partitions.iter().map(|p| p.purpose).collect();
    assert_eq!(purposes, [Some("Microsoft reserved"), None, Some("Storage Spaces")]);
}

#[test]
fn a_gpt_of_either_sector_size_whatever_the_container_says() {
    let large = Image::new(4 << 20).gpt(4096, &[(DATA, 10, 19, "")]);
    for sector in [None, Some(512), Some(4096), Some(2048)] {
        assert_eq!(places(&large.read(sector).unwrap().unwrap()), [(1, 40960, 40960)]);
        assert_eq!(places(&gpt().read(sector).unwrap().unwrap()).len(), 3);
    }
}

#[test]
fn the_copy_of_a_gpt_counts_where_the_first_is_damaged() {
    let sound = gpt().table();
    for at in [512, 512 + 8, 512 + 12, 512 + 40, 512 + 60, 512 + 88, 1024 + 40] {
        let image = gpt();
        let byte = image.0[at];
        let table = image.put(at, &[byte ^ 1]).table();
        assert_eq!(table.partitions, sound.partitions, "{at}");
        assert!(table.notes[0].starts_with("the copy of the GPT"), "{at}");
    }
    // With something behind the disk, the damaged header says where the copy is.
    let mut image = gpt().put(512 + 60, b"x");
    image.0.extend([0; 512]);
    assert_eq!(image.table().partitions, sound.partitions);
}

#[test]
fn a_gpt_with_both_copies_damaged_or_gone_is_an_error() {
    let last = (1 << 20) - 512;
    let error = |image: Image| image.read(None).unwrap_err().to_string();
    assert!(
        error(gpt().put(1024 + 40, b"x").put(last + 60, b"x")).starts_with("GPT entries at 0x400: expected checksum")
    );
    assert!(error(gpt().put(512, &[0; 8]).put(last, &[0; 8])).contains("a GUID partition table, as the MBR says"));
    // Without a protective MBR too, where nothing else is there.
    assert!(error(gpt().put(0, &[0; 512]).put(512 + 60, b"x").put(last + 60, b"x")).starts_with("GPT header"));
}

#[test]
fn a_gpt_header_is_checked_field_by_field() {
    let usable = (34u64, 2000u64);
    let with = |bytes: Vec<u8>, array: &[u8]| {
        let image = Image::new(1 << 20).entry(0, 0, 0xee, 1, 2047).put(512, &bytes).put(1024, array);
        image.read(None).unwrap_err().to_string()
    };
    let array = entries(128, 128, &[]);
    let good = header(1, 2047, 2, usable, (128, 128), &array);
    let change = |at: usize, bytes: &[u8]| {
        let mut header = good.clone();
        header[at..at + bytes.len()].copy_from_slice(bytes);
        summed(header)
    };
    assert!(with(change(8, &[1]), &array).starts_with("GPT revision"));
    assert!(with(change(12, &[91]), &array).starts_with("GPT header size"));
    assert!(with(change(12, &[0, 0, 0, 0x80]), &array).starts_with("GPT header size"));
    assert!(with(change(24, &[2]), &array).starts_with("GPT header's own sector"));
    assert!(with(change(40, &[0xff; 8]), &array).contains("usable"));
    assert!(with(change(72, &[1]), &array).contains("usable"));
    for size in [0u32, 64, 127, 129, 384, u32::MAX] {
        assert!(with(change(84, &size.to_le_bytes()), &array).starts_with("size of a GPT entry"), "{size}");
    }
    assert!(with(change(80, &[0xff; 4]), &array).contains("bytes of GPT entries"));
    assert!(with(change(72, &[0xff; 8]), &array).starts_with("GPT entries"));
    let wide = entries(64, 256, &[(DATA, 100, 199, "wide")]);
    let image = Image::new(1 << 20).put(512, &header(1, 2047, 2, usable, (64, 256), &wide)).put(1024, &wide);
    assert_eq!(places(&image.entry(0, 0, 0xee, 1, 2047).table()), [(1, 51200, 51200)]);
}

#[test]
fn odd_gpt_entries_are_noted() {
    let odd = [
        (DATA, 40, 99, ""),
        (DATA, 99, 120, ""),
        (DATA, 300, 200, ""),
        (DATA, 400, u64::MAX - 1, ""),
        (DATA, 1, 1, ""),
    ];
    let table = Image::new(1 << 20).gpt(512, &odd).table();
    assert_eq!(table.partitions.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert_eq!(
        table.notes,
        [
            "left out, for ending before the start: partition 3",
            "outside the range that the GPT keeps for partitions: partitions 4, 5",
            "the disk ends at byte 1048576, before the end of partition 4: the image is truncated",
            "partitions 1, 2 overlap",
        ]
    );
    let mut cut = gpt();
    cut.0.truncate(250 * 512);
    let table = cut.table();
    assert_eq!(table.partitions.len(), 3);
    assert!(
        table.notes[0].contains("before the end of partition 3")
            && table.notes[1].contains("before the copy of the GPT")
    );
}

#[test]
fn the_first_sector_decides_between_mbr_and_gpt() {
    let hybrid = gpt().entry(0, 1, 0x07, 50, 50).table();
    assert!(hybrid.scheme == Scheme::Gpt && hybrid.notes[0].contains("hybrid MBR"));
    let remnant = gpt().put(446, &[0; 16]).entry(0, 0, 0x07, 50, 50).table();
    assert!(remnant.scheme == Scheme::Mbr && remnant.notes[0].contains("the MBR does not announce"));
    let silent = gpt().put(0, &[0; 512]).table();
    assert!(silent.scheme == Scheme::Gpt && silent.notes[0].contains("no protective MBR"));
    // A volume over a whole disk that once had a GPT: the copy at the end is left.
    let bare = gpt().put(0, &[0; 20000]).ntfs(0).table();
    assert_eq!((bare.scheme, places(&bare)), (Scheme::Bare, vec![(0, 0, 1 << 20)]));
}

#[test]
fn an_mbr_with_logical_partitions() {
    let image = Image::new(1 << 20)
        .entry(0, 0, 0x07, 63, 100)
        .entry(0, 1, 0x0f, 200, 1000)
        .entry(0, 3, 0x42, 1300, 10)
        .entry(200 * 512, 0, 0x07, 10, 90)
        .entry(200 * 512, 1, 0x05, 100, 200)
        .entry(300 * 512, 0, 0x8e, 10, 50)
        .ntfs(63 * 512);
    let table = image.table();
    assert_eq!((table.scheme, table.notes.len()), (Scheme::Mbr, 0));
    let want = [(1, 63, 100), (4, 1300, 10), (5, 210, 90), (6, 310, 50)];
    assert_eq!(places(&table), want.map(|(number, start, len)| (number, start * 512, len * 512)));
    let purposes: Vec<_> = table.partitions.iter().map(|p| p.purpose).collect();
    assert_eq!(purposes, [None, Some("LDM data"), None, Some("Linux LVM")]);
}

#[test]
fn a_chain_of_logical_partitions_that_breaks_is_told_of() {
    let start = || Image::new(1 << 20).entry(0, 0, 0x05, 200, 1000);
    let note = |image: Image| image.table().incomplete.unwrap_or_default();
    assert_eq!(note(start()), "");
    assert!(note(start().put(200 * 512, b"x")).contains("leads to a sector that is no record (at byte 102400)"));
    let first = || start().entry(200 * 512, 0, 0x07, 10, 90);
    assert!(note(first().entry(200 * 512, 1, 0x05, 100, 9)).contains("leads to a sector that is no record"));
    assert!(note(first().entry(200 * 512, 1, 0x05, u32::MAX, 9)).contains("leads past the end of the disk"));
    let circle = first().entry(200 * 512, 1, 0x05, 100, 9).entry(300 * 512, 0, 0x05, 100, 9);
    assert!(note(circle).contains("runs in a circle"));
    let mut long = start();
    for n in 0..200usize {
        let at = (200 + n) * 512;
        long = long.entry(at, 0, 0x07, 1, 1).entry(at, 1, 0x05, n as u32 + 1, 1);
    }
    assert!(note(long).contains("longer than any in use"));
}

#[test]
fn an_mbr_in_sectors_of_4096_bytes_is_told_by_what_is_there() {
    let image = Image::new(4 << 20).entry(0, 0, 0x07, 100, 500).ntfs(100 * 4096);
    let table = image.table();
    assert_eq!(places(&table), [(1, 409_600, 2_048_000)]);
    assert!(table.notes[0].contains("sectors of 4096 bytes"));
    assert!(image.read(Some(4096)).unwrap().unwrap().notes.is_empty());
    // With nothing known in either place, it is the usual size, or what the container says.
    let unknown = Image::new(4 << 20).entry(0, 0, 0x07, 100, 500);
    assert_eq!(places(&unknown.table()), [(1, 51200, 256_000)]);
    assert_eq!(places(&unknown.read(Some(4096)).unwrap().unwrap()), [(1, 409_600, 2_048_000)]);
}

#[test]
fn a_bare_volume_is_told_from_a_partitioned_disk() {
    let bare = Image::new(1 << 20).ntfs(0).table();
    assert_eq!((bare.scheme, places(&bare), bare.notes.len()), (Scheme::Bare, vec![(0, 0, 1 << 20)], 0));
    let ext = Image::new(1 << 20).put(1024, &[1; 8]).put(1080, b"\x53\xef").table();
    assert_eq!(ext.scheme, Scheme::Bare);
    // A boot sector whose text reads like an entry that points at nothing.
    let text = Image::new(1 << 20).ntfs(0).entry(0, 2, 0x20, 0x20, 0x20).table();
    assert!(text.scheme == Scheme::Bare && text.notes[0].contains("nothing that is known is where it points"));
    // Partitions made over an old volume: its first sector is left but for the entries.
    let over = Image::new(1 << 20).ntfs(0).entry(0, 0, 0x07, 100, 50).ntfs(100 * 512).table();
    assert!(over.scheme == Scheme::Mbr && over.notes[0].contains("that of a volume too"));
    assert_eq!(places(&over), [(1, 51200, 25600)]);
}

#[test]
fn neither_a_disk_nor_a_volume() {
    assert_eq!(Image::new(100).read(None).unwrap(), None);
    assert_eq!(Image::new(1 << 20).read(None).unwrap(), None);
    assert_eq!(Image(vec![0xff; 1 << 20]).read(None).unwrap(), None);
    // A status that no entry has: text, not a table.
    assert_eq!(Image::new(1 << 20).entry(0, 0, 0x07, 1, 1).put(446, b"x").read(None).unwrap(), None);
    let empty = Image::new(1 << 20).put(510, b"\x55\xaa").table();
    assert_eq!((empty.scheme, empty.partitions.len()), (Scheme::Mbr, 0));
}

#[test]
fn a_boot_sector_of_ntfs_that_makes_no_sense_is_damage_and_no_empty_disk() {
    let image = Image::new(1 << 20).ntfs(0);
    assert_eq!(image.table().scheme, Scheme::Bare);
    assert!(matches!(image.put(13, &[0]).read(None), Err(Error::Damaged { .. })));
}

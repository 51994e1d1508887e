use super::*;
use crate::image::partitions;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/images/ldm-{name}.raw", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn opened(bytes: Vec<u8>) -> Result<(Dynamic, Piece), Error> {
    let disk: Arc<dyn ReadAt> = Arc::new(bytes);
    let limits = Limits::default();
    let table = partitions(&disk, None, &limits).unwrap().unwrap();
    let found = dynamic(&disk, None, &table, &limits).expect("a dynamic disk")?;
    let piece = found.piece(&disk);
    Ok((found, piece))
}

#[test]
fn a_group_is_read_from_either_disk() {
    let [one, two] = ["spanned-1", "spanned-2"].map(|name| opened(fixture(name)).unwrap());
    assert_eq!((one.0.group, one.0.sequence), (two.0.group, 7));
    assert_ne!(one.0.disk, two.0.disk);
    for (disk, _) in [&one, &two] {
        let volume = &disk.volumes[0];
        assert_eq!((volume.name.as_str(), volume.make, volume.len), ("Volume1", Make::Spanned, 65536));
        assert_eq!(volume.disks(), [(one.0.disk, "Disk1"), (two.0.disk, "Disk2")]);
        let (bytes, notes) = volume.assemble(&[two.1.clone(), one.1.clone()]).unwrap();
        let mut boot = [0u8; 11];
        bytes.read_exact_at(0, &mut boot).unwrap();
        assert_eq!((&boot[3..7], bytes.len(), notes.len()), (&b"NTFS"[..], 65536, 0));
        // Over the seam.
        let mut two = [0u8; 1024];
        bytes.read_exact_at(32768 - 512, &mut two).unwrap();
        assert_eq!(two[..512], fixture("spanned-1")[64 * 512 + 32256..64 * 512 + 32768]);
        assert_eq!(two[512..], fixture("spanned-2")[128 << 10..][..512]);
    }
    let error = one.0.volumes[0].assemble(&[one.1]).err().unwrap().to_string();
    assert!(error.contains("Disk2 (00000000-0000-4000-8000-000000000002)"), "{error}");
}

#[test]
fn what_does_not_fit_is_an_error() {
    let whole = fixture("spanned-1");
    let position = |what: &[u8]| whole.windows(what.len()).position(|window| window == what).unwrap();
    let (head, first, database) = (6 * 512, position(b"TOCBLOCK"), position(b"VMDB"));
    let record = position(b"VBLK");
    let bad: [(&str, usize, &[u8]); 16] = [
        ("no PRIVHEAD", head, b"X"),
        ("another version", head + 13, &[3]),
        ("no disk", head + 48, b"x"),
        ("no group", head + 176, &[0]),
        ("a database past the end", head + 299, &[1]),
        ("a database without end", head + 307, &[0xff]),
        ("a database of nothing", head + 307, &[0; 8]),
        ("no VMDB", database, b"X"),
        ("VMDB of another version", database + 19, &[5]),
        ("VMDB of another group", database + 53, b"f"),
        ("records of no size", database + 8, &[0; 4]),
        ("records within VMDB", database + 12, &[0; 4]),
        ("more volumes", database + 136, &[9]),
        ("fewer disks", database + 148, &[1]),
        ("a record that is none", record, b"X"),
        ("a record of an unknown type", record + 19, &[0x77]),
    ];
    for (what, at, value) in bad {
        let mut bytes = whole.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        assert!(opened(bytes).is_err(), "{what}");
    }
    // Either table of contents is enough.
    let mut bytes = whole.clone();
    bytes[first] = b'X';
    assert!(opened(bytes.clone()).is_ok());
    bytes[first + 512] = b'X';
    assert!(opened(bytes).is_err());
    let mut bytes = whole.clone();
    bytes[database + 17] = 2;
    assert!(opened(bytes).unwrap().0.notes[0].contains("was being changed"));
    // Whatever byte of the database is changed.
    for at in (head..head + 355).chain(first..first + 4096) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        if let Ok((disk, piece)) = opened(bytes) {
            disk.volumes.iter().for_each(|volume| drop(volume.assemble(std::slice::from_ref(&piece))));
        }
    }
}

fn laid(order: Order, parts: &[(&[u8], u64)], len: u64) -> Result<Vec<u8>, Error> {
    let parts = parts.iter().map(|(bytes, at)| {
        let len = u64::try_from(bytes.len()).unwrap();
        (Arc::new(bytes.to_vec()) as Arc<dyn ReadAt>, *at, len)
    });
    let laid = Laid::new(order, parts.collect(), len)?;
    let mut bytes = vec![0; usize::try_from(len).unwrap()];
    laid.read_exact_at(0, &mut bytes).unwrap();
    // One byte at a time comes to the same.
    for (at, byte) in (0u64..).zip(&bytes) {
        let mut one = [0];
        laid.read_exact_at(at, &mut one).unwrap();
        assert_eq!(one[0], *byte);
    }
    assert_eq!(laid.read_at(len, &mut [0; 4]).unwrap(), 0);
    Ok(bytes)
}

#[test]
fn parts_follow_one_another_as_the_volume_is_made() {
    let text = |bytes: Result<Vec<u8>, Error>| bytes.map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(text(laid(Order::Spanned, &[(b"abc", 0), (b"de", 3), (b"fgh", 5)], 7)).unwrap(), "abcdefg");
    assert_eq!(text(laid(Order::Striped(2), &[(b"abef", 0), (b"cdgh", 0)], 8)).unwrap(), "abcdefgh");
    // Parity (-) in the last part first; data starts in the part behind it.
    let parts: [(&[u8], u64); 3] = [(b"ab gh -- mn", 0), (b"cd -- ij op", 0), (b"-- ef kl --", 0)];
    let parts = parts.map(|(part, at)| (part.iter().copied().filter(|byte| *byte != b' ').collect::<Vec<u8>>(), at));
    let parts: Vec<(&[u8], u64)> = parts.iter().map(|(part, at)| (part.as_slice(), *at)).collect();
    assert_eq!(text(laid(Order::Raid5(2), &parts, 16)).unwrap(), "abcdefghijklmnop");
    type Parts<'a> = &'a [(&'a [u8], u64)];
    let bad: [(Order, Parts<'_>, u64); 7] = [
        (Order::Spanned, &[(b"abc", 0), (b"de", 4)], 4),
        (Order::Spanned, &[(b"abc", 1)], 3),
        (Order::Spanned, &[(b"abc", 0)], 4),
        (Order::Striped(0), &[(b"ab", 0), (b"cd", 0)], 4),
        (Order::Striped(2), &[(b"abef", 0), (b"cd", 0)], 6),
        (Order::Raid5(2), &[(b"ab", 0), (b"cd", 0)], 2),
        (Order::Raid5(2), &[], 0),
    ];
    for (order, parts, len) in bad {
        assert!(laid(order, parts, len).is_err(), "{order:?}");
    }
}

#[test]
fn halves_of_a_mirror_must_be_alike() {
    let half = |text: &[u8]| Arc::new(text.to_vec()) as Arc<dyn ReadAt>;
    let mirror = Mirror::new(&half(b"abcdef"), &[half(b"abcdEf")]);
    let mut buf = [0; 4];
    assert_eq!((mirror.read_at(0, &mut buf).unwrap(), &buf), (4, b"abcd"));
    assert!(mirror.read_at(1, &mut buf).unwrap_err().to_string().contains("differ here"));
    assert_eq!((mirror.read_at(5, &mut buf).unwrap(), mirror.len()), (1, 6));
}

#[test]
fn a_copy_that_is_not_in_use_gives_way() {
    let whole = ["mirrored-1", "mirrored-2"].map(fixture);
    let stale = |which: usize| {
        let mut copies = whole.clone();
        for bytes in &mut copies {
            let mut places = Vec::new();
            for at in 0..bytes.len() - 7 {
                // A state of its own length, of which there is one for each copy.
                if bytes[at..].starts_with(b"\x06ACTIVE") {
                    places.push(at + 1);
                }
            }
            bytes[places[which]] = b'X';
        }
        copies.map(|bytes| opened(bytes).unwrap())
    };
    let [one, two] = stale(0);
    let (_, notes) = one.0.volumes[0].assemble(&[one.1.clone(), two.1.clone()]).unwrap();
    assert!(notes.iter().any(|note| note.contains("\"XCTIVE\"")), "{notes:?}");
    let (_, notes) = one.0.volumes[0].assemble(&[one.1]).unwrap();
    assert!(notes.iter().any(|note| note.contains("not in use")), "{notes:?}");
}

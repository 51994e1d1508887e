use std::io::Read;

use super::*;

/// A fixture, unpacked, from where its volume starts.
fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/images/{name}.raw.gz", env!("CARGO_MANIFEST_DIR"));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    if name == "exfat" { bytes.split_off(64 << 10) } else { bytes }
}

fn host(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/hosts/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn open(bytes: Vec<u8>) -> Result<Arc<Fat>, Error> {
    Fat::open(Arc::new(bytes), &Limits::default())
}

/// What this path leads to.
fn walk(fat: &Arc<Fat>, path: &[&str]) -> Result<Option<Entry>, Error> {
    let mut folder = ROOT;
    let mut last = None;
    for name in path {
        last = fat.find(folder, name)?;
        let Some(entry) = &last else { break };
        folder = entry.file;
    }
    Ok(last)
}

fn read(fat: &Arc<Fat>, path: &[&str]) -> Result<Vec<u8>, String> {
    let entry = walk(fat, path).map_err(|error| error.to_string())?.ok_or("absent")?;
    let file = fat.file(entry.file).map_err(|error| error.to_string())?;
    let mut bytes = vec![0xee; usize::try_from(file.len()).unwrap()];
    file.read_exact_at(0, &mut bytes).map(|()| bytes).map_err(|error| error.to_string())
}

const SYSTEM: [&str; 4] = ["windows", "SYSTEM32", "Config", "system"];

#[test]
fn files_in_pieces_and_under_long_names_are_read() {
    for (name, path, file) in [
        ("fat12", &SYSTEM[..], "compliant/SYSTEM"),
        ("fat16", &["WINDOWS OF THE LAB", "system32", "config", "software"], "windows-11/SOFTWARE"),
        ("fat16", &["window~1", "system32", "config", "software"], "windows-11/SOFTWARE"),
        ("fat32", &["software"], "disabled/SOFTWARE"),
        ("exfat", &SYSTEM, "compliant/SYSTEM"),
        ("exfat-unbroken", &["system"], "x86/SYSTEM"),
    ] {
        let fat = open(fixture(name)).unwrap();
        let want = host(file);
        assert_eq!(read(&fat, path).unwrap(), want, "{name}");
        assert_eq!((fat.label().as_deref(), fat.notes()), (Some("STICK"), vec![]), "{name}");
        assert!(walk(&fat, &["no such"]).unwrap().is_none(), "{name}");
        // From the volume opened anew, and in parts.
        let entry = walk(&fat, path).unwrap().unwrap();
        let again = open(fixture(name)).unwrap().file(entry.file).unwrap();
        for (at, len) in [(0, 1), (511, 2), (4000, 5000), (want.len() - 3, 9), (want.len(), 4)] {
            let mut buf = vec![0xee; len];
            let n = again.read_at(u64::try_from(at).unwrap(), &mut buf).unwrap();
            assert_eq!(buf[..n], want[at..(at + len).min(want.len())], "{name} {at}");
        }
        assert!(fat.list(entry.file).is_err() && fat.file(ROOT).is_err());
    }
    let fat = open(fixture("fat12")).unwrap();
    assert_eq!(read(&fat, &["empty.txt"]).unwrap(), b"");
    let names: Vec<String> = fat.list(ROOT).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["Windows", "empty.txt"]);
}

/// Sets an entry of the table of a volume.
fn link(bytes: &mut [u8], geometry: &Geometry, cluster: u32, next: u32) {
    let at = usize::try_from(geometry.table).unwrap();
    let number = usize::try_from(cluster).unwrap();
    match geometry.width {
        boot::Width::Fat12 => {
            let at = at + number * 3 / 2;
            let old = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
            let next = u16::try_from(next).unwrap();
            let two = if cluster.is_multiple_of(2) { old & 0xf000 | next } else { old & 0xf | next << 4 };
            bytes[at..at + 2].copy_from_slice(&two.to_le_bytes());
        }
        boot::Width::Fat16 => {
            bytes[at + 2 * number..at + 2 * number + 2].copy_from_slice(&u16::try_from(next).unwrap().to_le_bytes());
        }
        boot::Width::Fat32 | boot::Width::ExFat => {
            bytes[at + 4 * number..at + 4 * number + 4].copy_from_slice(&next.to_le_bytes());
        }
    }
}

#[test]
fn chains_that_cannot_be_are_errors() {
    for (name, path, end) in [
        ("fat12", &SYSTEM[..], 0xfffu32),
        ("fat16", &["Windows of the lab", "System32", "config", "SYSTEM"], 0xffff),
        ("fat32", &["SYSTEM"], 0x0fff_ffff),
        ("exfat", &SYSTEM, u32::MAX),
    ] {
        let whole = fixture(name);
        let fat = open(whole.clone()).unwrap();
        let entry = walk(&fat, path).unwrap().unwrap();
        let first = fat.listed(entry.file).unwrap().first;
        let second = fat.next(first).unwrap().unwrap();
        for (what, next) in [
            ("in a circle", first),
            ("to itself", second),
            ("to its end", end),
            ("to a free one", 0),
            ("out", end / 2 + 9),
        ] {
            let mut bytes = whole.clone();
            link(&mut bytes, &fat.geometry, second, next);
            assert!(read(&open(bytes).unwrap(), path).is_err(), "{name}: {what}");
        }
        // Likewise of the folder that it is in, or of the root.
        let folder = match path {
            [] | [_] => 2,
            [folders @ .., _] => fat.listed(walk(&fat, folders).unwrap().unwrap().file).unwrap().first,
        };
        let mut bytes = whole.clone();
        link(&mut bytes, &fat.geometry, folder, folder);
        let read = read(&open(bytes).unwrap(), path);
        assert!(read.is_err() || name == "exfat", "{name}: a folder in a circle");
    }
}

#[test]
fn entries_of_no_sense_are_errors_and_no_absence() {
    let mut bytes = fixture("fat12");
    let at = bytes
        .windows(11)
        .position(|window| window == b"EMPTY~2 TXT")
        .or_else(|| bytes.windows(8).position(|window| window == b"EMPTY~2 "));
    let at = at.unwrap();
    for (offset, value) in [(0, 0x01), (11, 0x80), (4, 0x1f)] {
        let old = bytes[at + offset];
        bytes[at + offset] = value;
        assert!(open(bytes.clone()).unwrap().list(ROOT).is_err(), "{offset}");
        bytes[at + offset] = old;
    }
    // A long name that is of another file is passed over.
    let sum = at - 32 + 13;
    bytes[sum] ^= 1;
    let fat = open(bytes).unwrap();
    assert!(fat.find(ROOT, "empty.txt").unwrap().is_none() && fat.find(ROOT, "EMPTY~2.TXT").unwrap().is_some());
    let mut bytes = fixture("exfat");
    let file = bytes.windows(8).position(|window| window == b"e\0m\0p\0t\0").unwrap();
    bytes[file] = b'E';
    assert!(open(bytes.clone()).unwrap().list(ROOT).is_err());
    bytes[file] = b'e';
    bytes[file - 66] = 0x05; // deleted
    assert_eq!(open(bytes).unwrap().list(ROOT).unwrap().len(), 1);
}

#[test]
fn boot_sectors_are_checked() {
    let whole = fixture("exfat");
    let mut bytes = whole.clone();
    bytes[96] ^= 1;
    let fat = open(bytes.clone()).unwrap();
    assert_eq!(read(&fat, &SYSTEM).unwrap(), host("compliant/SYSTEM"));
    assert!(fat.notes()[0].contains("its copy was used"), "{:?}", fat.notes());
    bytes[12 * 512 + 96] ^= 1;
    assert!(open(bytes).is_err());
    let mut bytes = whole;
    bytes[106] |= 2;
    assert!(open(bytes).unwrap().notes()[0].contains("not unmounted"));
    let whole = fixture("fat32");
    for (at, value) in [(11, 1), (13, 0), (13, 3), (14, 0), (16, 0), (36, 1), (42, 1), (44, 0)] {
        let mut bytes = whole.clone();
        bytes[at] = value;
        bytes[at + 1] = if at == 14 { 0 } else { bytes[at + 1] };
        bytes[37] = if at == 36 { 0 } else { bytes[37] };
        assert!(open(bytes).and_then(|fat| fat.list(ROOT)).is_err(), "{at}");
    }
    let mut bytes = whole;
    let table = 32 * 512;
    bytes[table + 7] &= !8;
    assert!(open(bytes).unwrap().notes()[0].contains("not unmounted"));
}

#[test]
fn noise_is_an_error_or_something_else_but_ends() {
    let mut x = 0x2545_f491u32;
    let mut random = |below: usize| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        usize::try_from(x).unwrap() % below
    };
    for name in ["fat12", "exfat"] {
        let whole = fixture(name);
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..8 {
                let at = random(40 << 10);
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            if let Ok(fat) = open(bytes) {
                let _ = read(&fat, &SYSTEM);
                let _ = fat.list(ROOT);
            }
        }
    }
}

use super::*;
use crate::source::sniff::LEN;

const SMALL: usize = 12 << 10;

/// A file that starts with a mark, zeros behind it.
fn marked(mark: &[(usize, &[u8])]) -> Vec<u8> {
    with(SMALL, mark)
}

fn with(len: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut file = vec![0u8; len];
    for (at, bytes) in parts {
        file[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    file
}

fn code(file: &[u8]) -> Option<&'static str> {
    let start = &file[..file.len().min(LEN)];
    by_content(start, &file.to_vec()).map(|known| known.code)
}

/// A sample of each kind that a mark alone does not show.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let fields = |parts: &[(usize, &[u8])]| with(SMALL, parts);
    let size = u32::try_from(SMALL).unwrap();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    vec![
        ("iso-9660", with(0x9000, &[(0x8000, b"\x01CD001"), (0x8800, b"\xffCD001")])),
        ("udf", with(0x9800, &[(0x8000, b"\0BEA01"), (0x8800, b"\0NSR02"), (0x9000, b"\0TEA01")])),
        ("udf", with(0x9800, &[(0x8000, b"\x01CD001"), (0x8800, b"\0BEA01"), (0x9000, b"\0NSR03")])),
        ("bitlocker", fields(&[(0, b"\xeb\x58\x90-FVE-FS-")])),
        ("luks", fields(&[(0, b"LUKS\xba\xbe\0\x02")])),
        ("refs", fields(&[(3, b"ReFS\0\0\0\0"), (16, b"FSRS")])),
        ("lvm", fields(&[(512, b"LABELONE"), (536, b"LVM2 001")])),
        ("ldm", fields(&[(512, b"TOCBLOCK")])),
        ("vmfs", with((1 << 20) + 4096, &[(1 << 20, b"\x0d\xd0\x01\xc0")])),
        ("ext", fields(&[(1024, b"\x01\0\0\0\x01"), (1024 + 0x38, b"\x53\xef")])),
        ("xfs", fields(&[(0, b"XFSB")])),
        ("btrfs", with(68 << 10, &[(0x10040, b"_BHRfS_M")])),
        ("apfs", fields(&[(32, b"NXSB")])),
        ("hfs-plus", fields(&[(1024, b"H+\0\x04")])),
        ("squashfs", fields(&[(0, b"hsqs")])),
        ("swap", with(SMALL, &[(4086, b"SWAPSPACE2")])),
        ("veeam", fields(&[(0, b"\x09\0\0\0\x01\0\0\0\x03\0\0\0md5")])),
        ("xva", fields(&[(0, b"ova.xml"), (257, b"ustar\0")])),
        ("qed", fields(&[(0, b"QED\0\0\0\x01\0\x04\0\0\0")])),
        ("dmg", fields(&[(SMALL - 512, b"koly\0\0\0\x04\0\0\x02\0")])),
        ("aff4", fields(&[(0, b"PK\x03\x04"), (30, b"container.description")])),
        ("aff4", with(SMALL, &[(0, b"PK\x03\x04"), (SMALL - 66, b"PK\x05\x06"), (SMALL - 44, b"aff4://")])),
        ("fsarchiver", fields(&[(0, b"FsA0"), (100, b"FsArCh_002")])),
        ("mtf", fields(&[(0, b"TAPE"), (1024, b"SSET")])),
        ("ghost", fields(&[(0, b"\xfe\xef\x01\x03")])),
        ("bzip2", b"BZh91AY&SY".to_vec()),
        ("compress", b"\x1f\x9d\x90a\0".to_vec()),
        ("cpio", [b"070701".as_slice(), &[b'0'; 104]].concat()),
        ("lha", b"\x20\0-lh5-".to_vec()),
        ("prefetch", fields(&[(0, b"\x1e\0\0\0SCCA")])),
        ("prefetch-compressed", fields(&[(0, b"MAM\x04\0\x10\0\0")])),
        ("ese", fields(&[(4, b"\xef\xcd\xab\x89\x20\x06\0\0")])),
        // With the fields of a sound volume of 100 sectors.
        (
            "boot-sector",
            with(
                8192,
                &[
                    (3, b"NTFS    "),
                    (12, b"\x02\x01"),
                    (40, b"\x64"),
                    (48, b"\x04"),
                    (64, b"\xf6"),
                    (68, b"\xf6"),
                    (510, b"\x55\xaa"),
                ],
            ),
        ),
        ("boot-sector", with(512, &[(3, b"-FVE-FS-"), (510, b"\x55\xaa")])),
        ("boot-sector", with(512, &[(510, b"\x55\xaa")])),
        ("thumbnails", fields(&[(0, b"CMMM\x20\0\0\0\x02")])),
        (
            "uefi-variables",
            fields(&[(16, b"\x8d\x2b\xf1\xff\x96\x76\x8b\x4c\xa9\x85\x27\x47\x07\x5b\x4f\x50"), (40, b"_FVH")]),
        ),
        ("pe", fields(&[(0, b"MZ"), (0x3c, b"\xf8"), (0xf8, b"PE\0\0")])),
        ("elf", fields(&[(0, b"\x7fELF\x02\x01\x01")])),
        ("java-class", fields(&[(0, b"\xca\xfe\xba\xbe\0\0\0\x34")])),
        ("mach-o-fat", fields(&[(0, b"\xca\xfe\xba\xbe\0\0\0\x02"), (24, b"\0\0\0\x0c")])),
        ("zip-document", fields(&[(0, b"PK\x03\x04"), (30, b"[Content_Types].xml")])),
        ("jar", fields(&[(0, b"PK\x03\x04"), (30, b"META-INF/")])),
        ("bitlocker-key", with(156, &[(0, b"\x9c\0\0\0\x01\0\0\0\x30\0\0\0\x9c\0\0\0")])),
        ("jpeg", fields(&[(0, b"\xff\xd8\xff\xe0\0\x10JFIF\0")])),
        ("bmp", fields(&[(0, b"BM"), (2, &size.to_le_bytes()), (14, b"\x28")])),
        ("icon", fields(&[(0, b"\0\0\x01\0\x01"), (18, b"\x16")])),
        ("riff", fields(&[(0, b"RIFF"), (4, &(size - 8).to_le_bytes()), (8, b"WAVE")])),
        ("mp4", fields(&[(0, b"\0\0\0\x20ftypisom")])),
        ("mp3", fields(&[(0, b"ID3\x03\0\0\0\0\x02\x01")])),
        ("font", fields(&[(0, b"\0\x01\0\0\0\x0b\0\x80\0\x03\0\x30")])),
        ("sql-backup", fields(&[(0, b"TAPE"), (512, b"SFMB"), (100, &utf16("Microsoft SQL Server"))])),
        ("xml", b"<?xml version=\"1.0\"?><a/>".to_vec()),
        ("xml", [b"\xff\xfe".as_slice(), &utf16("<?xml version=\"1.0\"?><a/>")].concat()),
        ("html", b"\n<!DOCTYPE html>".to_vec()),
        ("json", b"{ \"a\": 1 }".to_vec()),
        ("script", b"#!/bin/sh\n".to_vec()),
        ("rtf", b"{\\rtf1\\ansi}".to_vec()),
        ("pem", b"-----BEGIN CERTIFICATE-----\n".to_vec()),
        ("text", b"[Version]\r\nSignature=\"$Windows NT$\"\r\n".to_vec()),
        ("text", utf16("no mark of the order of bytes")),
        ("text", b"Gr\xfc\xdfe aus einer Codepage\r\n".to_vec()),
        ("text", "Größe in UTF-8\n".repeat(1000).into_bytes()),
    ]
}

#[test]
fn each_kind_is_told_by_its_marks() {
    let samples = samples();
    for row in all() {
        let code_of = row.known.code;
        let has_sample = samples.iter().any(|(code, _)| *code == code_of);
        match row.check {
            None if row.marks.is_empty() && row.volumes.is_empty() => assert!(!row.endings.is_empty(), "{code_of}"),
            None if row.marks.is_empty() => assert!(has_sample, "{code_of}"),
            None => row.marks.iter().for_each(|mark| assert_eq!(code(&marked(mark)), Some(code_of))),
            Some(_) => assert!(has_sample, "{code_of}"),
        }
    }
    for (expected, file) in samples {
        assert_eq!(code(&file), Some(expected));
    }
}

#[test]
fn codes_and_endings_are_there_once_and_what_holds_a_machine_says_what_next() {
    let mut codes: Vec<_> = all().map(|row| row.known.code).collect();
    let mut endings: Vec<_> = all().flat_map(|row| row.endings.iter().chain(row.weak_endings)).collect();
    let (all_codes, all_endings) = (codes.len(), endings.len());
    codes.sort_unstable();
    codes.dedup();
    endings.sort_unstable();
    endings.dedup();
    assert_eq!((codes.len(), endings.len()), (all_codes, all_endings));
    for row in all() {
        assert_eq!(row.known.holds == Holds::Machine, !row.known.next.is_empty(), "{}", row.known.code);
        assert!(row.endings.iter().all(|ending| **ending == ending.to_ascii_lowercase()), "{}", row.known.code);
    }
}

#[test]
fn files_that_are_cut_off_are_no_panic() {
    let marks = all().flat_map(|row| row.marks).map(|mark| marked(mark));
    for file in marks.chain(samples().into_iter().map(|(_, file)| file)) {
        for len in (0..file.len().min(600)).chain([file.len() / 2, file.len().saturating_sub(1)]) {
            code(&file[..len]);
        }
    }
    assert_eq!(code(b""), None);
}

#[test]
fn noise_zeros_and_what_only_looks_alike_have_no_name() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = |len: usize| {
        let mut file = Vec::with_capacity(len + 8);
        while file.len() < len {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            file.extend(state.to_le_bytes());
        }
        file
    };
    for _ in 0..2000 {
        assert_eq!(code(&noise(64)), None);
    }
    for _ in 0..50 {
        assert_eq!(code(&noise(100_000)), None);
    }
    for len in [1, 512, 70_000] {
        assert_eq!(code(&vec![0; len]), None);
        assert_eq!(code(&vec![0xff; len]), None);
        assert_eq!(code(&vec![b' '; len]), None);
    }
    for alike in [
        b"BM is how this starts\0".as_slice(),
        b"MZ\0\0",
        b"VMA\0\0\0\0\x02",
        b"BZh9 is how this text starts\0",
        b"TAPE\0\0\0\0",
        b"GIF88a\0",
        b"\xff\xd8\xff\xe0\0\x10\0",
        b"\xca\xfe\xba\xbe\xff\xff\xff\xff",
        b"\x9c\0\0\0\x01\0\0\0\x30\0\0\0\x9c\0\0\0",
    ] {
        assert_eq!(code(&[alike, &[0xa5; 100]].concat()), None);
    }
    // FAT, NTFS: read, or reported, as volumes.
    let name = |file: &[u8]| code(&[file, &vec![0; 1 << 16]].concat());
    assert_eq!(name(b"\xeb\x52\x90NTFS    "), None);
}

#[test]
fn a_disk_whose_first_sectors_hold_text_is_no_text() {
    let text = b"moved to the other store\n".repeat(400);
    assert_eq!(code(&text), Some("text"));
    assert_eq!(code(&[text.clone(), vec![0; 100_000]].concat()), None);
    let mut broken = text.repeat(2);
    let middle = broken.len() / 2;
    broken[middle + 10] = 1;
    assert_eq!(code(&broken), None);
}

#[test]
fn what_an_optical_disc_starts_with_counts_for_less() {
    let hybrid = with(0x9000, &[(0, b"\x89PNG\x0d\x0a\x1a\x0a"), (0x8000, b"\x01CD001"), (0x8800, b"\xffCD001")]);
    assert_eq!(code(&hybrid), Some("iso-9660"));
}

#[test]
fn names_promise_by_their_ends() {
    let code = |name: &str| by_name(name).map(|known| known.code);
    for (name, expected) in [
        ("Backup2026.VBK", "veeam"),
        ("vzdump-qemu-101-2026_11_20.vma.zst", "vma"),
        ("sda1.ntfs-ptcl-img.gz.aa", "partclone"),
        ("access.log.gz", "gzip"),
        ("dc9.vhdx", "vhdx"),
        ("a.b.img", "raw"),
        ("x.7z.001", "7z"),
        ("disk.001", "raw"),
        ("DC01.E01", "ewf"),
        ("t.tar.lzo", "tar"),
    ] {
        assert_eq!(code(name), Some(expected), "{name}");
    }
    for name in ["vbk", ".vbk", "notes.txt", "NTUSER.DAT", "System.evtx", "iso", "", ".gz", "dc.vbk.txt", "SYSTEM"] {
        assert_eq!(code(name), None, "{name}");
    }
}

#[test]
fn a_name_that_promises_a_machine_counts_for_more_than_text_and_for_less_than_a_mark() {
    let code = |file: &[u8], name: &str| tell(file, &file.to_vec(), name).map(|known| known.code);
    assert_eq!(code(b"moved to the other store\n", "dc01.vhdx"), Some("vhdx"));
    assert_eq!(code(b"moved to the other store\n", "dc01.txt"), Some("text"));
    assert_eq!(code(b"VMA\0\0\0\0\x01", "dc01.img"), Some("vma"));
    // Logs that are set aside are called so too.
    assert_eq!(code(b"2026-11-28 started\n", "system.log.001"), Some("text"));
    assert_eq!(code(&[0; 512], "dc01.001"), Some("raw"));
    assert_eq!(code(b"", "dc01.vhd"), Some("vhd"));
    assert_eq!(code(b"", "dc01"), None);
    assert_eq!(code(&[0; 512], "dc3.vhdx"), Some("vhdx"));
}

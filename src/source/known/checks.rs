//! What a mark alone does not show.

use super::Seen;
use crate::image::looks_like_disk;
use crate::source::sniff::BOOT_COPY;

/// The header of a Veeam backup: a version, whether it was set up, the length of the name of a digest, and that name. Seen in
/// backups of versions 9 and 13 of the format (test data of dissect.archive).
pub(super) fn veeam(seen: &Seen<'_>) -> bool {
    let digest = |name: &[u8]| {
        let len = u32::try_from(name.len()).unwrap_or(u32::MAX);
        seen.le32(8, |n| n == len) && seen.has(12, name)
    };
    let digests: [&[u8]; 5] = [b"md5", b"sha1", b"sha256", b"sha384", b"sha512"];
    seen.le32(0, |version| (5..=32).contains(&version))
        && seen.le32(4, |set_up| set_up <= 1)
        && digests.into_iter().any(digest)
}

/// QEMU, "QED Image File Format", section "Header": sizes of clusters and, in clusters, of tables.
pub(super) fn qed(seen: &Seen<'_>) -> bool {
    seen.le32(4, |cluster| cluster.is_power_of_two() && (1 << 12..=1 << 26).contains(&cluster))
        && seen.le32(8, |table| table.is_power_of_two() && table <= 16)
}

/// The last 512 bytes of an Apple disk image: the mark, version 4, its own length.
pub(super) fn dmg(seen: &Seen<'_>) -> bool {
    let mut end = [0u8; 12];
    let from = seen.file.len().checked_sub(512);
    from.is_some_and(|from| seen.file.read_exact_at(from, &mut end).is_ok()) && end == *b"koly\0\0\0\x04\0\0\x02\0"
}

/// "AFF4 Standard v1.0", section 3: a zip whose comment is the name of the volume; the first member says it likewise, where it
/// is not a piece of the image itself.
pub(super) fn aff4(seen: &Seen<'_>) -> bool {
    if !seen.has(0, b"PK\x03\x04") {
        return false;
    }
    let first: [&[u8]; 4] = [b"container.description", b"information.turtle", b"version.txt", b"aff4%3A%2F%2F"];
    if first.into_iter().any(|name| seen.has(30, name))
        && (!seen.has(30, b"version.txt") || seen.contains(1024, b"major=1"))
    {
        return true;
    }
    /// Of an end record, and the longest name of a volume.
    const END: u64 = 22 + 128;
    let mut end = [0u8; 22 + 128];
    let from = seen.file.len().saturating_sub(END);
    let Ok(end) = seen.file.fill_at(from, &mut end) else { return false };
    end.windows(4).rposition(|mark| mark == b"PK\x05\x06").is_some_and(|record| {
        end.get(record.saturating_add(22)..).is_some_and(|comment| comment.starts_with(b"aff4://"))
    })
}

/// The header of an fsarchiver archive says its format.
pub(super) fn fsarchiver(seen: &Seen<'_>) -> bool {
    seen.contains(1024, b"FsArCh_00")
}

/// Whether a tape was written by something that backs up files. A backup of SQL Server is a tape as well, of databases alone.
pub(super) fn mtf_of_files(seen: &Seen<'_>) -> bool {
    is_mtf(seen) && !is_sql(seen)
}

/// The counterpart of [`mtf_of_files`].
pub(super) fn mtf_of_databases(seen: &Seen<'_>) -> bool {
    is_mtf(seen) && is_sql(seen)
}

/// "Microsoft Tape Format Specification v1.00a", sections 4 and 5: a tape header is followed by a soft file mark or by the start
/// of a data set, on the next border of blocks of a power of two; and a header's words sum up, by exclusive or, to the last one.
fn is_mtf(seen: &Seen<'_>) -> bool {
    let next = [512, 1024, 2048, 4096];
    let followed = next.into_iter().any(|at| [b"SFMB", b"SSET"].iter().any(|mark| seen.has(at, *mark)));
    let sum = |header: &[u8]| {
        let words =
            header.chunks_exact(2).map(|word| word.iter().rev().fold(0u16, |n, byte| n << 8 | u16::from(*byte)));
        words.fold(0u16, |sum, word| sum ^ word) == 0
    };
    // 52 bytes are the header, whose last word makes the sum zero.
    followed || seen.start.get(..52).is_some_and(sum)
}

fn is_sql(seen: &Seen<'_>) -> bool {
    let name: Vec<u8> = "Microsoft SQL Server".encode_utf16().flat_map(u16::to_le_bytes).collect();
    seen.contains(1024, &name)
}

/// `compress`: the third byte says 9 to 16 bits a code, and whether the table is cleared; two bits are reserved. The first code
/// is a byte.
pub(super) fn compress(seen: &Seen<'_>) -> bool {
    seen.byte(2).is_some_and(|flags| flags & 0x60 == 0 && (9..=16).contains(&(flags & 0x1f)))
        && seen.byte(4).is_some_and(|high| high & 1 == 0)
}

/// cpio(5): digits all through the first header.
pub(super) fn cpio(seen: &Seen<'_>) -> bool {
    seen.start.get(6..76).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// A copy of a boot sector, as triage collections and Windows itself keep them: too small for a disk.
pub(super) fn boot_sector(seen: &Seen<'_>) -> bool {
    seen.file.len() <= BOOT_COPY && seen.file.len().is_multiple_of(512) && looks_like_disk(seen.start)
}

/// libbde, "BitLocker Drive Encryption (BDE) format", section "FVE metadata header": its size is told twice.
pub(super) fn bitlocker_key(seen: &Seen<'_>) -> bool {
    sized(seen, 0, 0) && seen.has(4, b"\x01\0\0\0\x30\0\0\0") && sized(seen, 12, 0)
}

/// Microsoft, "PE Format": the DOS header says where the PE header stands.
pub(super) fn pe(seen: &Seen<'_>) -> bool {
    let Some(at) = seen.array(0x3c).map(u32::from_le_bytes).filter(|at| *at >= 0x40) else { return false };
    let mut mark = [0u8; 4];
    seen.file.read_exact_at(u64::from(at), &mut mark).is_ok() && mark == *b"PE\0\0"
}

/// The size of the file, no more than 4 GiB, at `at`, less `but`.
fn sized(seen: &Seen<'_>, at: usize, but: u64) -> bool {
    seen.le32(at, |size| u64::from(size).saturating_add(but) == seen.file.len())
}

/// Microsoft, "Bitmap Storage": the size of the file, and a known header behind it.
pub(super) fn bmp(seen: &Seen<'_>) -> bool {
    sized(seen, 2, 0)
        && seen.has(6, &[0; 4])
        && seen.le32(14, |header| [12, 40, 52, 56, 64, 108, 124].contains(&header))
}

/// A RIFF file (WAV, AVI, WebP) says its size.
pub(super) fn riff(seen: &Seen<'_>) -> bool {
    sized(seen, 4, 8) || sized(seen, 4, 9)
}

/// The images of an icon follow its list: the first one right behind it.
pub(super) fn icon(seen: &Seen<'_>) -> bool {
    let count = seen.array(4).map_or(0, u16::from_le_bytes);
    let list = u32::from(count).saturating_mul(16).saturating_add(6);
    (1..=256).contains(&count) && seen.byte(9) == Some(0) && seen.le32(18, |offset| offset == list)
}

/// OpenType, "Table directory": what follows from the number of tables.
pub(super) fn font(seen: &Seen<'_>) -> bool {
    let Some(tables) = seen.array(4).map(u16::from_be_bytes).filter(|n| (1..=256).contains(n)) else { return false };
    let exponent = tables.ilog2();
    let range = 16u16 << exponent;
    let rest = tables.saturating_mul(16).saturating_sub(range);
    let selector = u16::try_from(exponent).unwrap_or(u16::MAX);
    [(6, range), (8, selector), (10, rest)].into_iter().all(|(at, n)| seen.has(at, &n.to_be_bytes()))
}

/// ISO/IEC 14496-12, 4.3: the first box is short, and tells the brands.
pub(super) fn mp4(seen: &Seen<'_>) -> bool {
    seen.be32(0, |size| (16..=256).contains(&size) && size % 4 == 0)
        && seen.start.get(8..12).is_some_and(|brand| brand.iter().all(|byte| (0x20..0x7f).contains(byte)))
}

/// id3.org, "ID3 tag version 2.3.0": four bytes of seven bits.
pub(super) fn mp3(seen: &Seen<'_>) -> bool {
    seen.byte(3).is_some_and(|version| (2..=4).contains(&version))
        && seen.byte(4) == Some(0)
        && seen.byte(5).is_some_and(|flags| flags & 0x0f == 0)
        && seen.start.get(6..10).is_some_and(|size| size.iter().all(|byte| *byte < 0x80))
}

/// "ELF Header": class, order of bytes, version.
pub(super) fn elf(seen: &Seen<'_>) -> bool {
    matches!(seen.start.get(4..7), Some([1 | 2, 1 | 2, 1]))
}

/// "The Java Virtual Machine Specification", 4.1: versions start at 45. What starts alike on Macs counts a few processors there.
pub(super) fn java_class(seen: &Seen<'_>) -> bool {
    seen.be32(4, |version| (45..=100).contains(&(version & 0xffff)))
}

/// The counterpart of [`java_class`]: the first processor follows, with the alignment of its part.
pub(super) fn mach_o_fat(seen: &Seen<'_>) -> bool {
    seen.be32(4, |count| (1..45).contains(&count)) && seen.be32(24, |alignment| alignment <= 20)
}

/// libesedb, "Extensible Storage Engine (ESE) Database File (EDB) format", section "File header": version and kind of file.
pub(super) fn ese(seen: &Seen<'_>) -> bool {
    seen.le32(8, |version| version == 0x620) && seen.le32(12, |kind| kind <= 1)
}

/// libscca, "Windows Prefetch File (PF) format": compressed, with the size that comes out.
pub(super) fn packed_prefetch(seen: &Seen<'_>) -> bool {
    seen.le32(4, |size| (84..=16 << 20).contains(&size))
}

/// libscca: versions of Windows XP to 11.
pub(super) fn prefetch(seen: &Seen<'_>) -> bool {
    seen.le32(0, |version| [17, 23, 26, 30, 31].contains(&version))
}

/// Sizes of thumbnail caches differ by the version of Windows.
pub(super) fn thumbnails(seen: &Seen<'_>) -> bool {
    seen.le32(4, |version| (20..=32).contains(&version)) && seen.le32(8, |kind| kind <= 16)
}

/// MPEG-like marks of a JPEG's first segment: what it is, and its name.
pub(super) fn jpeg(seen: &Seen<'_>) -> bool {
    match seen.byte(3) {
        Some(0xe0) => seen.has(6, b"JFIF\0") || seen.has(6, b"JFXX\0"),
        Some(0xe1) => seen.has(6, b"Exif\0") || seen.has(6, b"http://"),
        Some(0xe2) => seen.has(6, b"ICC_PROFILE\0"),
        Some(0xee) => seen.has(6, b"Adobe"),
        // A table of quantisation right away: one of 8 bits.
        Some(0xdb) => seen.has(4, b"\0\x43\0") || seen.has(4, b"\0\x84\0"),
        _ => false,
    }
}

/// UEFI "Platform Initialization Specification", volume 3, 3.2.1: a firmware volume of variables, by its GUID.
pub(super) fn uefi_variables(seen: &Seen<'_>) -> bool {
    /// EFI_SYSTEM_NV_DATA_FV_GUID, fff12b8d-7696-4c8b-a985-2747075b4f50.
    const VARIABLES: &[u8] = b"\x8d\x2b\xf1\xff\x96\x76\x8b\x4c\xa9\x85\x27\x47\x07\x5b\x4f\x50";
    seen.has(16, VARIABLES)
}

/// The first member of a zip that is a document: PKWARE APPNOTE 4.3.7, the name stands at 30.
pub(super) fn document(seen: &Seen<'_>) -> bool {
    // ECMA-376 part 2; OpenDocument 1.3 part 2, 3.3 (EPUB likewise).
    seen.has(30, b"[Content_Types].xml")
        || seen.has(30, b"_rels/.rels")
        || seen.has(30, b"mimetypeapplication/vnd.oasis.opendocument.")
        || seen.has(30, b"mimetypeapplication/epub+zip")
}

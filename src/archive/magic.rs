//! Telling archives by their first bytes.

use super::{Archive, tar};

/// Tells an archive by the first bytes of a file.
pub(in super::super) fn sniff(start: &[u8]) -> Option<Archive> {
    // PKWARE APPNOTE 4.3.7, 4.3.16, 8.5.3 and 8.5.4 (marks of archives that span files, or nearly did).
    const ZIP: [&[u8]; 4] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"];
    if ZIP.iter().any(|magic| start.starts_with(magic)) {
        return Some(Archive::Zip);
    }
    // RFC 1952, 2.3.1: deflate is the only method, and three flags are reserved.
    if start.starts_with(b"\x1f\x8b\x08") && start.get(3).is_some_and(|flags| flags & 0xe0 == 0) {
        return Some(Archive::Gz);
    }
    // RFC 8878, 3.1.1: a frame; pzstd begins with a skippable one (3.1.2).
    let skippable = matches!(start.get(..4), Some([0x50..=0x5f, 0x2a, 0x4d, 0x18]));
    if start.starts_with(b"\x28\xb5\x2f\xfd") || skippable {
        return Some(Archive::Zst);
    }
    tar::is_start(start).then_some(Archive::Tar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_magic() {
        assert_eq!(sniff(b"PK\x03\x04rest"), Some(Archive::Zip));
        assert_eq!(sniff(b"PK\x05\x06rest"), Some(Archive::Zip));
        assert_eq!(sniff(b"PK\x07\x08PK\x03\x04"), Some(Archive::Zip));
        assert_eq!(sniff(b"PK\x01\x02"), None);
        assert_eq!(sniff(b"\x1f\x8b\x08\x00"), Some(Archive::Gz));
        assert_eq!(sniff(b"\x1f\x8b\x08\xe0"), None);
        assert_eq!(sniff(b"\x28\xb5\x2f\xfd"), Some(Archive::Zst));
        assert_eq!(sniff(b"\x5a\x2a\x4d\x18"), Some(Archive::Zst));
        assert_eq!(sniff(b"7z\xbc\xaf\x27\x1c\0\x04"), None);
        assert_eq!(sniff(b"Windows Registry Editor Version 5.00"), None);
        assert_eq!(sniff(b""), None);
        assert_eq!(sniff(&[0; 4104]), None);
    }
}

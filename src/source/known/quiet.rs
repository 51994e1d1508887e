//! Kinds that hold no registry of a machine. Each mark is long, or checked further: what is called so is passed over.

use super::{Row, checks};
use crate::image::Filesystem;

/// In the order in which they are asked.
pub(super) const ROWS: &[Row] = &[
    // What Windows writes.
    Row::quiet("evtx", "event log (EVTX)").marks(&[&[(0, b"ElfFile\0")]]),
    Row::quiet("evt", "event log (EVT)").marks(&[&[(0, b"\x30\0\0\0LfLe")]]),
    Row::quiet("prefetch", "prefetch file").marks(&[&[(4, b"SCCA")]]).check(checks::prefetch),
    Row::quiet("prefetch-compressed", "compressed prefetch file")
        .marks(&[&[(0, b"MAM\x04")]])
        .check(checks::packed_prefetch),
    Row::quiet("ese", "ESE database").marks(&[&[(4, b"\xef\xcd\xab\x89")]]).check(checks::ese),
    // Microsoft, [MS-SHLLINK], 2.1: the size of the header, and the class.
    Row::quiet("lnk", "shortcut (LNK)").marks(&[&[(0, b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46")]]),
    Row::quiet("mft", "master file table of NTFS ($MFT)").marks(&[
        &[(0, b"FILE0\0\x03\0")],
        &[(0, b"FILE*\0\x03\0")],
        &[(0, b"FILE0\0\x09\0")],
    ]),
    Row::quiet("ntfs-log", "log of NTFS ($LogFile)").marks(&[&[(0, b"RSTR\x1e\0\x09\0")]]),
    Row::quiet("ntfs-index", "index of NTFS ($I30)").marks(&[&[(0, b"INDX(\0\x09\0")]]),
    Row::quiet("boot-sector", "copy of a boot sector").check(checks::boot_sector),
    Row::quiet("bitlocker-key", "external key of BitLocker (BEK)").check(checks::bitlocker_key),
    Row::quiet("thumbnails", "thumbnail cache").marks(&[&[(0, b"CMMM")]]).check(checks::thumbnails),
    Row::quiet("minidump", "minidump").marks(&[&[(0, b"MDMP\x93\xa7")]]),
    // Memory: its pages of the registry are neither whole nor of one moment.
    Row::quiet("crash-dump", "memory dump of Windows").marks(&[&[(0, b"PAGEDUMP")], &[(0, b"PAGEDU64")]]),
    Row::quiet("memory-dump", "memory dump (LiME)").marks(&[&[(0, b"EMiL\x01\0\0\0")]]),
    Row::quiet("help", "compiled help (CHM)").marks(&[&[(0, b"ITSF\x03\0\0\0")]]),
    // What virtual machines have beside their disks.
    Row::quiet("uefi-variables", "UEFI variables").marks(&[&[(40, b"_FVH")]]).check(checks::uefi_variables),
    Row::quiet("vmware-nvram", "VMware NVRAM").marks(&[&[(0, b"MRVN\x01\0\0\0")], &[(0, b"MRVN\x02\0\0\0")]]),
    Row::quiet("swap", "Linux swap space").volumes(&[Filesystem::Swap]),
    // Programs.
    Row::quiet("pe", "Windows program (EXE, DLL)").marks(&[&[(0, b"MZ")]]).check(checks::pe),
    Row::quiet("elf", "ELF program").marks(&[&[(0, b"\x7fELF")]]).check(checks::elf),
    Row::quiet("java-class", "Java class").marks(&[&[(0, b"\xca\xfe\xba\xbe")]]).check(checks::java_class),
    Row::quiet("mach-o-fat", "Mach-O program").marks(&[&[(0, b"\xca\xfe\xba\xbe")]]).check(checks::mach_o_fat),
    Row::quiet("mach-o", "Mach-O program").marks(&[
        &[(0, b"\xcf\xfa\xed\xfe\x07\0\0\x01")],
        &[(0, b"\xcf\xfa\xed\xfe\x0c\0\0\x01")],
        &[(0, b"\xce\xfa\xed\xfe\x07\0\0\0")],
    ]),
    Row::quiet("wasm", "WebAssembly module").marks(&[&[(0, b"\0asm\x01\0\0\0")]]),
    Row::quiet("deb", "Debian package").marks(&[&[(0, b"!<arch>\ndebian-binary")]]),
    Row::quiet("library", "library of object files").marks(&[&[(0, b"!<arch>\n/               ")]]),
    Row::quiet("rpm", "RPM package").marks(&[&[(0, b"\xed\xab\xee\xdb\x03\0")]]),
    // Documents, pictures, sound.
    // Microsoft, [MS-CFB], 2.2: the order of bytes follows the versions.
    Row::quiet("ole2", "compound file (Office, MSI)")
        .marks(&[&[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), (28, b"\xfe\xff")]]),
    Row::quiet("zip-document", "document (Office, OpenDocument, EPUB)")
        .marks(&[&[(0, b"PK\x03\x04")]])
        .check(checks::document),
    Row::quiet("jar", "Java archive").marks(&[&[(0, b"PK\x03\x04"), (30, b"META-INF/")]]),
    Row::quiet("pdf", "PDF").marks(&[&[(0, b"%PDF-1.")], &[(0, b"%PDF-2.")]]),
    Row::quiet("png", "PNG picture").marks(&[&[(0, b"\x89PNG\x0d\x0a\x1a\x0a")]]),
    Row::quiet("jpeg", "JPEG picture").marks(&[&[(0, b"\xff\xd8\xff")]]).check(checks::jpeg),
    Row::quiet("gif", "GIF picture").marks(&[&[(0, b"GIF87a")], &[(0, b"GIF89a")]]),
    Row::quiet("bmp", "BMP picture").marks(&[&[(0, b"BM")]]).check(checks::bmp),
    Row::quiet("tiff", "TIFF picture").marks(&[&[(0, b"II*\0\x08\0\0\0")], &[(0, b"MM\0*\0\0\0\x08")]]),
    Row::quiet("icon", "icon").marks(&[&[(0, b"\0\0\x01\0")], &[(0, b"\0\0\x02\0")]]).check(checks::icon),
    Row::quiet("psd", "Photoshop picture").marks(&[&[(0, b"8BPS\0\x01\0\0\0\0\0\0")]]),
    Row::quiet("riff", "RIFF file (WAV, AVI, WebP)")
        .marks(&[&[(0, b"RIFF"), (8, b"WAVE")], &[(0, b"RIFF"), (8, b"AVI ")], &[(0, b"RIFF"), (8, b"WEBP")]])
        .check(checks::riff),
    Row::quiet("mp4", "MP4, MOV or HEIC file").marks(&[&[(4, b"ftyp")]]).check(checks::mp4),
    Row::quiet("mp3", "MP3 sound").marks(&[&[(0, b"ID3")]]).check(checks::mp3),
    Row::quiet("ogg", "Ogg file").marks(&[&[(0, b"OggS\0\x02")]]),
    Row::quiet("flac", "FLAC sound").marks(&[&[(0, b"fLaC\0\0\0\x22")]]),
    Row::quiet("matroska", "Matroska or WebM video").marks(&[
        &[(0, b"\x1a\x45\xdf\xa3"), (4, b"\x42\x86\x81\x01")],
        &[(0, b"\x1a\x45\xdf\xa3"), (5, b"\x42\x86\x81\x01")],
        &[(0, b"\x1a\x45\xdf\xa3"), (12, b"\x42\x86\x81\x01")],
    ]),
    Row::quiet("font", "font").marks(&[&[(0, b"\0\x01\0\0")], &[(0, b"OTTO")], &[(0, b"true")]]).check(checks::font),
    Row::quiet("font-other", "font").marks(&[
        &[(0, b"ttcf\0\x01\0\0")],
        &[(0, b"ttcf\0\x02\0\0")],
        &[(0, b"wOFF\0\x01\0\0")],
        &[(0, b"wOF2\0\x01\0\0")],
        &[(0, b"wOFFOTTO")],
        &[(0, b"wOF2OTTO")],
    ]),
    // Databases, captures, stores.
    Row::quiet("sqlite", "SQLite database").marks(&[&[(0, b"SQLite format 3\0")]]),
    Row::quiet("sqlite-log", "log of a SQLite database").marks(&[
        &[(0, b"\x37\x7f\x06\x82\0\x2d\xe2\x18")],
        &[(0, b"\x37\x7f\x06\x83\0\x2d\xe2\x18")],
        &[(0, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")],
    ]),
    Row::quiet("sql-backup", "backup of SQL Server").marks(&[&[(0, b"TAPE")]]).check(checks::mtf_of_databases),
    Row::quiet("pcap", "network capture").marks(&[
        &[(0, b"\xd4\xc3\xb2\xa1\x02\0\x04\0")],
        &[(0, b"\xa1\xb2\xc3\xd4\0\x02\0\x04")],
        &[(0, b"\x4d\x3c\xb2\xa1\x02\0\x04\0")],
        &[(0, b"\xa1\xb2\x3c\x4d\0\x02\0\x04")],
        &[(0, b"\x0a\x0d\x0d\x0a"), (8, b"\x4d\x3c\x2b\x1a")],
        &[(0, b"\x0a\x0d\x0d\x0a"), (8, b"\x1a\x2b\x3c\x4d")],
    ]),
    Row::quiet("java-keystore", "Java key store").marks(&[&[(0, b"\xfe\xed\xfe\xed\0\0\0\x02")]]),
    Row::quiet("git", "Git data").marks(&[
        &[(0, b"PACK\0\0\0\x02")],
        &[(0, b"DIRC\0\0\0\x02")],
        &[(0, b"\xfftOc\0\0\0\x02")],
    ]),
];

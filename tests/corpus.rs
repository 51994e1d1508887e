//! Every value that six independent parsers read from real hives, read again. Runs where the corpus lies beside the
//! checkout, and says so where it does not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use tlshive::limits::Limits;
use tlshive::read_at::{LocalFile, ReadAt};
use tlshive::registry::Lookup;
use tlshive::registry::hive::{Answer, Hive};
use tlshive::source::known::tell;
use tlshive::windows::FileTime;
use tlshive::windows::path::{KeyPath, Name};

#[path = "common/shadow.rs"]
mod shadow;

fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !path.is_dir() {
        eprintln!("skipped: no corpus at {}", path.display());
        return None;
    }
    Some(path)
}

fn open(path: &Path) -> Hive {
    let file = LocalFile::open(path).unwrap();
    Hive::open(Box::new(file), Arc::from("test"), &Limits::default()).unwrap()
}

fn look(hive: &Hive, key: &str, value: Option<&str>) -> Lookup {
    match hive.lookup(KeyPath::parse(key).names(), value.map(Name::from).as_ref()) {
        Answer::Lookup(lookup) => lookup,
        Answer::Link(target) => panic!("{key} is a link to {target}"),
    }
}

/// Every byte of the copies, as libvshadow 20260714 reads them (`tests/peers/shadow.py`).
#[test]
fn every_byte_of_shadow_copies_is_what_libvshadow_reads() {
    let Some(corpus) = corpus() else { return };
    for (name, wanted) in [
        (
            "vsstest.qcow2",
            [
                "47ee20a1f6c189806f74aa75ba8ae5f39725ef3758584fe03f4cf80b67ccf5ad",
                "f663e68a05d06b847d2b8f246d3dbc59d9672c4850d936c255465e703cc6161b",
            ],
        ),
        (
            "vss-made-final.qcow2",
            [
                "20cae0b1066db6abd10f27a398811529d501a6ca2afec09f0273a43db5c4757a",
                "c4f552b52e7be1efd555b6bdecdbcc596e3ad126bcdc61e99a4b924be0da9a51",
            ],
        ),
    ] {
        let path = corpus.join("images2").join(name);
        if !path.is_file() {
            eprintln!("skipped: no {}", path.display());
            continue;
        }
        let found: Vec<String> = shadow::copies(&path).into_iter().map(|copy| copy.sha256).collect();
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn every_value_equals_what_other_parsers_read() {
    let Some(corpus) = corpus() else { return };
    let mut values = 0;
    for entry in std::fs::read_dir(corpus.join("truth")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("hives__") {
            continue;
        }
        let truth: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        // Truth with logs applied is about the recovered hive.
        let recovered = !truth["logs_applied"].as_array().unwrap().is_empty();
        let hive = if recovered { corpus.join("recovered").join(&name) } else { corpus.join(name.replace("__", "/")) };
        let hive = open(&hive);
        for (key, fact) in truth["truth"]["keys"].as_object().unwrap() {
            let Lookup::ValueAbsent(info) = look(&hive, key, None) else { panic!("{name}: {key} was not found") };
            if let Some(filetime) = fact["filetime"].as_u64() {
                assert_eq!(info.last_write, Some(FileTime(filetime)), "{name}: {key}");
            }
            for value in fact["values"].as_array().unwrap() {
                let value_name = value["name"].as_str().unwrap();
                let Lookup::Found(found) = look(&hive, key, Some(value_name)) else {
                    panic!("{name}: {key}!{value_name} was not found")
                };
                let found = &found.value;
                // Where the bytes were not noted, their meaning was.
                let same = match (&value["hex"], &value["value"]) {
                    (Json::String(hex), _) => found.hex() == *hex,
                    (_, Json::Number(n)) => found.as_dword().map(u64::from) == n.as_u64(),
                    (_, Json::String(text)) => found.as_text().unwrap_or_else(|| found.hex()) == *text,
                    (_, Json::Array(texts)) => found.as_texts().is_some_and(|own| own.iter().eq(texts.iter())),
                    _ => false,
                };
                assert!(same, "{name}: {key}!{value_name}: {found:?} is not {value}");
                assert_eq!(found.kind.to_string(), value["type"].as_str().unwrap(), "{name}: {key}!{value_name}");
                values += 1;
            }
        }
        for key in truth["truth"]["absent"].as_array().unwrap() {
            let key = key.as_str().unwrap();
            let found = look(&hive, key, None);
            // Where others say "absent" though a part of the way cannot be read, "unreadable" is the right answer.
            let doubtful = hive.base().is_differencing() || name.ends_with("corrupted_system_hive");
            let unreadable = doubtful && matches!(found, Lookup::Unreadable(..));
            assert!(unreadable || found == Lookup::KeyAbsent, "{name}: {key}: {found:?}");
        }
    }
    eprintln!("{values} values equal");
    assert!(values > 0);
}

/// Files of other programs, and those of the cases.
#[test]
fn what_is_not_read_has_a_name() {
    let Some(corpus) = corpus() else { return };
    let shared = corpus.parent().unwrap();
    for (path, expected) in [
        ("corpus/images2/Base-Linear-ReadError.aff4", Some("aff4")),
        ("corpus/images2/zeros_128s_compressed.Ex01", Some("ex01")),
        ("corpus/images2/bde/startup_key.bek", Some("bitlocker-key")),
        ("corpus/images/dfvfs-bdetogo.raw", Some("bitlocker")),
        ("corpus/hives/yarp/SqliteFragment.sqlite", Some("sqlite")),
        ("corpus/hives/yarp/SqliteFragment", None),
        ("cases/field/ledger/iso-with-hives/dc2.iso", Some("iso-9660")),
        ("cases/field/ledger/silent-backups/Backup2026.vbk", Some("veeam")),
        ("cases/field/ledger/silent-backups/a.iso", Some("iso-9660")),
        ("cases/field/ledger/silent-backups/c.aff4", Some("aff4")),
        ("cases/field/ledger/silent-backups/dc01.vma", Some("vma")),
        ("cases/field/ledger/silent-backups/dc9.vhdx", Some("vhdx")),
        ("cases/field/ledger/silent-backups/part.ntfs-ptcl-img", Some("partclone")),
        ("cases/field/ledger/silent-backups/t.tar.lzo", Some("lzop")),
        ("cases/field/ledger/silent-backups/vzdump-qemu-101-2026_11_20.vma.zst", Some("vma")),
        ("cases/field/ledger/silent-backups/vzdump-qemu-102.vma", Some("vma")),
        ("cases/field/ledger/silent-placeholder/dc2.vhd", Some("vhd")),
        ("cases/field/ledger/silent-placeholder/dc3.vhdx", Some("vhdx")),
        ("cases/field/ledger/textreport-loses-unreadable/a.7z", Some("7z")),
    ] {
        let path = shared.join(path);
        let file = LocalFile::open(&path).unwrap();
        let mut buf = [0u8; 4096];
        let n = file.fill_at(0, &mut buf).unwrap().len();
        let name = path.file_name().unwrap().to_string_lossy();
        assert_eq!(tell(&buf[..n], &file, &name).map(|known| known.code), expected, "{}", path.display());
    }
}

//! What a key holds: by hives, by `.reg` files, and by both.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests state what must hold")]

use std::path::Path;
use std::sync::Arc;

use tlshive::error::At;
use tlshive::limits::Limits;
use tlshive::read_at::LocalFile;
use tlshive::registry::hive::{Hive, Mounted};
use tlshive::registry::reg_file::{Interest, RegFile, RegIs};
use tlshive::registry::source::Source;
use tlshive::registry::{Listing, Lookup, Registry};
use tlshive::windows::keys::system;
use tlshive::windows::path::{KeyPath, Name};

const PROTOCOLS: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";

fn hive(name: &str) -> Box<dyn Source> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(name).join("SYSTEM");
    let file = LocalFile::open(&path).unwrap();
    let hive = Hive::open(Box::new(file), Arc::from(name), &Limits::default()).unwrap();
    Box::new(Mounted::new(system(), hive))
}

fn reg(lines: &str, is: RegIs) -> Box<dyn Source> {
    let mut interest = Interest::new();
    interest.tree(&KeyPath::parse(PROTOCOLS));
    let text = format!("REGEDIT4\n{lines}\n").into_bytes();
    Box::new(RegFile::read(&text, &Arc::from("t.reg"), &interest, &Limits::default(), None).taken_as(is))
}

/// The names, sorted and joined, and whether they are all; or which kind of nothing.
fn told(listing: Listing) -> String {
    match listing {
        Listing::Found { names, whole } => {
            let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
            names.sort();
            format!("{}{}", names.join(", "), if whole { "" } else { " and maybe more" })
        }
        Listing::KeyAbsent => "no key".to_owned(),
        Listing::NotCovered => "not covered".to_owned(),
        Listing::Unreadable(error, _) => error.to_string(),
    }
}

fn children(sources: Vec<Box<dyn Source>>, key: &str) -> String {
    let set = Ok(vec![Name::from("ControlSet001"), Name::from("CurrentControlSet")]);
    told(Registry::new(sources, 16).with_control_set(set).children(&KeyPath::parse(key)))
}

#[test]
fn a_hive_lists_all_or_nothing() {
    assert_eq!(children(vec![hive("compliant")], &format!(r"{PROTOCOLS}\TLS 1.2")), "Client, Server");
    assert_eq!(children(vec![hive("compliant")], &format!(r"{PROTOCOLS}\TLS 9")), "no key");
    assert_eq!(children(vec![hive("compliant")], r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft"), "not covered");
    let damaged = children(vec![hive("damaged-target")], &format!(r"{PROTOCOLS}\TLS 1.2"));
    assert!(damaged.contains("expected"), "{damaged}");
    let values = |key: &str| {
        let registry =
            Registry::new(vec![hive("compliant")], 16).with_control_set(Ok(vec![Name::from("ControlSet001")]));
        told(registry.value_names(&KeyPath::parse(key)))
    };
    assert_eq!(values(&format!(r"{PROTOCOLS}\TLS 1.2\Client")), "DisabledByDefault, Enabled");
    assert_eq!(values(&format!(r"{PROTOCOLS}\TLS 9")), "no key");
}

#[test]
fn a_link_is_followed_and_a_loop_is_an_error() {
    assert_eq!(children(vec![hive("symlink")], &format!(r"{PROTOCOLS}\TLS 1.2")), "Client, Server");
    let looped = children(vec![hive("symlink-loop")], &format!(r"{PROTOCOLS}\TLS 1.2"));
    assert!(looped.contains("symbolic links"), "{looped}");
}

#[test]
fn a_reg_file_lists_what_it_speaks_of() {
    let sides = format!("[{PROTOCOLS}]\n[{PROTOCOLS}\\TLS 1.2\\Client]\n[{PROTOCOLS}\\SSL 3.0]");
    for (lines, export, script) in [
        ("", "not covered", "not covered"),
        (r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Lsa]", "not covered", "not covered"),
        (r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control]", "no key", "not covered"),
        (&format!(r"[{PROTOCOLS}]"), "", "and maybe more"),
        (&format!(r"[{PROTOCOLS}\TLS 1.2\Client]"), "TLS 1.2 and maybe more", "TLS 1.2 and maybe more"),
        (&sides, "SSL 3.0, TLS 1.2", "SSL 3.0, TLS 1.2 and maybe more"),
        (&format!("[{PROTOCOLS}\\TLS 1.2]\n[-{PROTOCOLS}\\TLS 1.2]"), "and maybe more", "and maybe more"),
        (&format!("[-{PROTOCOLS}]"), "no key", "no key"),
        (&format!("[-{PROTOCOLS}]\n[{PROTOCOLS}\\TLS 1.2]"), "TLS 1.2", "TLS 1.2"),
    ] {
        for (is, want) in [(RegIs::Export, export), (RegIs::Script, script)] {
            let found = children(vec![reg(lines, is)], PROTOCOLS);
            assert_eq!(found.trim_start(), want, "{is:?}: {lines}");
        }
    }
}

#[test]
fn two_inputs_list_what_either_has() {
    let sources = || vec![hive("compliant"), reg(&format!(r"[{PROTOCOLS}\TLS 1.2\Other]"), RegIs::Auto)];
    assert_eq!(children(sources(), &format!(r"{PROTOCOLS}\TLS 1.2")), "Client, Other, Server");
}

/// The SYSTEM hive of `compliant`, with its bytes changed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Registry {
    changed_of("compliant", change)
}

fn changed_of(host: &str, change: impl FnOnce(&mut Vec<u8>)) -> Registry {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(host).join("SYSTEM");
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    let hive = Hive::open(Box::new(bytes), Arc::from("changed"), &Limits::default()).unwrap();
    Registry::new(vec![Box::new(Mounted::new(system(), hive))], 16)
        .with_control_set(Ok(vec![Name::from("ControlSet001")]))
}

/// The file offset of the entry of `TLS 1.2` in the hash leaf below `Protocols`; the entry before it is another protocol's.
fn entry(bytes: &[u8]) -> usize {
    let hash = "TLS 1.2".bytes().fold(0u32, |sum, byte| sum.wrapping_mul(37).wrapping_add(u32::from(byte)));
    bytes.windows(4).position(|word| word == hash.to_le_bytes()).unwrap() - 4
}

/// What is not listed counts as not set, so a list in which an entry was overwritten by another key's must not look whole.
#[test]
fn a_list_with_a_key_in_the_place_of_another_is_damaged() {
    let tag_left = changed(|bytes| {
        let at = entry(bytes);
        bytes.copy_within(at - 8..at - 4, at);
    });
    let whole_entry = changed(|bytes| {
        let at = entry(bytes);
        bytes.copy_within(at - 8..at, at);
    });
    for (registry, expected) in [(tag_left, ["a name with hash", "twice"]), (whole_entry, ["twice", "twice"])] {
        let list = told(registry.children(&KeyPath::parse(PROTOCOLS)));
        let key = format!("{:?}", registry.key(&KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2"))));
        assert!(expected.iter().any(|text| list.contains(text)), "{list}");
        assert!(key.starts_with("Unreadable"), "{key}");
    }
}

#[test]
fn a_list_with_a_value_in_the_place_of_another_is_damaged() {
    let key = KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2\Client"));
    let (one, other) = (Name::from("Enabled"), Name::from("DisabledByDefault"));
    let place = |name: &Name| match changed(|_| ()).get(&key, name) {
        Lookup::Found(found) => match found.place.at {
            At::Offset(at) => u32::try_from(at).unwrap() - 4096,
            at => panic!("{at:?}"),
        },
        other => panic!("{other:?}"),
    };
    let (from, to) = (place(&one).to_le_bytes(), place(&other).to_le_bytes());
    let registry = changed(|bytes| {
        let at = bytes.windows(4).position(|word| word == from).unwrap();
        bytes[at..at + 4].copy_from_slice(&to);
    });
    assert!(matches!(registry.get(&key, &one), Lookup::Unreadable(..)));
    assert!(matches!(registry.get(&key, &other), Lookup::Found(_)));
    assert!(told(registry.value_names(&key)).contains("twice"));
}

/// Few bytes that name a long key over and over must not take memory for each time.
#[test]
fn names_longer_than_the_kernel_takes_are_damage() {
    let registry = changed(|bytes| {
        let at = entry(bytes);
        let key = u32::from_le_bytes(*bytes[at..].first_chunk().unwrap());
        let length = 4096 + usize::try_from(key).unwrap() + 4 + 72;
        bytes[length..length + 2].copy_from_slice(&u16::MAX.to_le_bytes());
    });
    let list = told(registry.children(&KeyPath::parse(PROTOCOLS)));
    assert!(list.contains("key name length"), "{list}");
}

/// The kernel takes all of a link's data for the path: one that ends early to a reader of C strings leads nowhere.
#[test]
fn a_link_leads_on_only_by_the_whole_of_its_data() {
    let key = KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2\Client"));
    let get = |change: fn(&mut Vec<u8>, usize)| {
        let registry = changed_of("symlink", |bytes| {
            let target: Vec<u8> = r"\Registry\Machine\".encode_utf16().flat_map(u16::to_le_bytes).collect();
            let at = bytes.windows(target.len()).position(|part| part == target).unwrap();
            change(bytes, at);
        });
        registry.get(&key, &Name::from("Enabled"))
    };
    assert!(matches!(get(|_, _| ()), Lookup::Found(_)));
    for change in [|bytes: &mut Vec<u8>, at| bytes[at] = 0, |bytes: &mut Vec<u8>, at: usize| bytes[at + 36] = 0] {
        assert!(matches!(get(change), Lookup::Unreadable(..)));
    }
}

/// The file offsets of the entries in the subkey list of a key, and how wide one is; of an index root, those of its lists.
fn entries(bytes: &[u8], key: &str) -> (Vec<usize>, usize) {
    let word = |at: usize| usize::try_from(u32::from_le_bytes(*bytes[at..].first_chunk().unwrap())).unwrap();
    let hive = Hive::open(Box::new(bytes.to_vec()), Arc::from("x"), &Limits::default()).unwrap();
    let registry = Registry::new(vec![Box::new(Mounted::new(system(), hive))], 16);
    let Lookup::ValueAbsent(info) = registry.key(&KeyPath::parse(key)) else { panic!("{key}") };
    let At::Offset(node) = info.place.at else { panic!("{key}") };
    let list = 4096 + 4 + word(usize::try_from(node).unwrap() + 4 + 28);
    let width = if matches!(&bytes[list..list + 2], b"li" | b"ri") { 4 } else { 8 };
    let count = usize::from(u16::from_le_bytes(*bytes[list + 2..].first_chunk().unwrap()));
    ((0..count).map(|n| list + 4 + n * width).collect(), width)
}

/// A look-up below `Protocols`, where the entries of its list (of the lists of its index root) were put into another order.
fn in_order(host: &str, order: &[usize], name: &str) -> Lookup {
    let protocols = PROTOCOLS.replace("CurrentControlSet", "ControlSet001");
    let registry = changed_of(host, |bytes| {
        let (places, width) = entries(bytes, &protocols);
        assert_eq!(places.len(), order.len(), "{host}");
        let old: Vec<Vec<u8>> = places.iter().map(|&at| bytes[at..at + width].to_vec()).collect();
        for (&at, &from) in places.iter().zip(order) {
            bytes[at..at + width].copy_from_slice(&old[from]);
        }
    });
    registry.key(&KeyPath::parse(&format!(r"{PROTOCOLS}\{name}")))
}

/// Windows halves index and fast leaves, and the lists of an index root: what is out of order there may not be found.
#[test]
fn a_key_that_windows_does_not_find_is_neither_there_nor_absent() {
    // SSL 2.0, TLS 1.0, TLS 1.2, TLS1.2
    for (host, order, name, found) in [
        ("lists-li-lf", &[0, 1, 2, 3][..], "TLS 1.2", true),
        ("lists-li-lf", &[2, 0, 1, 3], "TLS 1.2", false),
        ("lists-li-lf", &[0, 2, 1, 3], "TLS 1.2", true), // out of order, and yet where the search comes by
        ("lists-li-lf", &[0, 1, 3, 2], "TLS 1.2", false),
        ("lists-unsorted", &[0, 1, 2, 3], "TLS 1.2", false),
        ("lists-unsorted", &[1, 2, 0, 3], "TLS 1.2", true),
        ("compliant", &[3, 2, 1, 0], "TLS 1.2", true), // a hash leaf is gone through
        ("lists-ri", &[0, 1], "SSL 2.0", true),
        ("lists-ri", &[1, 0], "SSL 2.0", false),
        ("lists-ri", &[1, 0], "TLS 1.2", true),
    ] {
        let lookup = in_order(host, order, name);
        match found {
            true => assert!(matches!(lookup, Lookup::ValueAbsent(_)), "{host} {order:?} {name}: {lookup:?}"),
            false => assert!(
                matches!(&lookup, Lookup::Unreadable(error, _) if error.to_string().contains("order")),
                "{host} {order:?} {name}: {lookup:?}"
            ),
        }
    }
}

#[test]
fn of_a_predefined_handle_nothing_is_an_answer_but_that_it_is_there() {
    let registry = changed_of("predefined-handle", |_| ());
    let key = KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2\Client"));
    assert!(matches!(registry.key(&key), Lookup::ValueAbsent(_)));
    for name in ["Enabled", "Other"] {
        assert!(matches!(registry.get(&key, &Name::from(name)), Lookup::Unreadable(..)), "{name}");
    }
    let below = KeyPath::parse(&format!(r"{PROTOCOLS}\TLS 1.2\Client\Below"));
    assert!(matches!(registry.key(&below), Lookup::Unreadable(..)));
    for listing in [registry.children(&key), registry.value_names(&key)] {
        assert!(told(listing).contains("predefined handle"));
    }
}

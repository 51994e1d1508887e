//! The second reader, and the mistakes of nt-hive 0.3.0 that must not count as ours. Each test first shows the mistake, so
//! that it falls when a later nt-hive no longer makes it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::sync::Arc;

use tlshive::limits::Limits;
use tlshive::registry::cross_check::Agreement;
use tlshive::registry::hive::{Hive, Mounted};
use tlshive::registry::{Lookup, Registry};
use tlshive::windows::keys::system;
use tlshive::windows::path::{KeyPath, Name};

const CLIENT: &str = r"ControlSet001\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";

fn fixture(host: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/hosts/{host}/SYSTEM", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn registry(bytes: &[u8]) -> Registry {
    let limits = Limits::default();
    let hive = Hive::open(Box::new(bytes.to_vec()), Arc::from("SYSTEM"), &limits).unwrap();
    Registry::new(vec![Box::new(Mounted::new(system(), hive))], limits.links)
}

fn check(bytes: &[u8], key: &str, value: &str) -> (Lookup, Agreement) {
    let (registry, key, value) =
        (registry(bytes), KeyPath::parse(&format!(r"HKEY_LOCAL_MACHINE\SYSTEM\{key}")), Name::from(value));
    (registry.get(&key, &value), registry.cross_check(&key, &value).unwrap())
}

/// Where the bytes of a found value's record, or of a found key's node, start.
fn offset(lookup: &Lookup) -> usize {
    let place = match lookup {
        Lookup::Found(found) => &found.place,
        Lookup::ValueAbsent(key) => &key.place,
        other => panic!("{other:?}"),
    };
    match place.at {
        tlshive::error::At::Offset(cell) => usize::try_from(cell).unwrap() + 4,
        other => panic!("{other}"),
    }
}

#[test]
fn present_and_absent_values_are_confirmed() {
    let bytes = fixture("compliant");
    assert_eq!(check(&bytes, CLIENT, "Enabled").1, Agreement::Agree);
    assert_eq!(check(&bytes, CLIENT, "NoSuchValue").1, Agreement::Agree);
    assert_eq!(check(&bytes, "NoSuchKey", "Enabled").1, Agreement::Agree);
}

#[test]
fn a_link_is_followed_before_the_second_reader_is_asked() {
    assert_eq!(check(&fixture("symlink"), CLIENT, "Enabled").1, Agreement::Agree);
}

#[test]
fn a_value_beside_one_with_an_unreadable_name_is_not_mistaken_for_it() {
    let mut bytes = fixture("compliant");
    let enabled = check(&bytes, CLIENT, "Enabled").0;
    let at = offset(&enabled);
    // The name length of `Enabled`: longer than its cell.
    bytes[at + 2..at + 4].copy_from_slice(&0x7000u16.to_le_bytes());

    let hive = nt_hive::Hive::without_validation(bytes.as_slice()).unwrap();
    let key = hive.root_key_node().unwrap().subpath(CLIENT).unwrap().unwrap();
    let wrong = key.value("NoSuchValue").unwrap().unwrap();
    assert!(wrong.name().is_err(), "nt-hive answers with a value whose name it cannot read");

    let (ours, agreement) = check(&bytes, CLIENT, "NoSuchValue");
    assert!(matches!(ours, Lookup::Unreadable(..)), "{ours:?}");
    assert!(matches!(agreement, Agreement::CouldNotRead { .. }), "{agreement:?}");
    assert_eq!(check(&bytes, CLIENT, "DisabledByDefault").1, Agreement::Agree);
}

#[test]
fn a_damaged_sibling_that_stops_its_search_does_not_make_it_disagree() {
    let bytes = fixture("damaged-sibling");
    let hive = nt_hive::Hive::without_validation(bytes.as_slice()).unwrap();
    let protocols = CLIENT.strip_suffix(r"\TLS 1.2\Client").unwrap();
    let protocols = hive.root_key_node().unwrap().subpath(protocols).unwrap().unwrap();
    let hidden = protocols.subkeys().unwrap().unwrap().any(|key| key.is_err());
    assert!(hidden, "the fixture has a sibling that nt-hive cannot read");
    let (ours, agreement) = check(&bytes, CLIENT, "Enabled");
    assert!(matches!(ours, Lookup::Found(_)));
    assert_eq!(agreement, Agreement::Agree);
}

#[test]
fn keys_in_another_order_do_not_make_it_disagree() {
    let mut bytes = fixture("compliant");
    // Swap TLS 1.2 with the first entry of the list that it stands in; lh entries have 8 bytes.
    let protocols = CLIENT.strip_suffix(r"\TLS 1.2\Client").unwrap();
    let node = offset(&check(&bytes, protocols, "none").0);
    let target = offset(&check(&bytes, &format!(r"{protocols}\TLS 1.2"), "none").0) - 4 - 4096;
    let field = |at: usize| usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap();
    let (count, list) = (field(node + 20), 4096 + field(node + 28) + 4);
    assert_eq!(&bytes[list..list + 2], b"lh");
    let index = (0..count).find(|i| field(list + 4 + 8 * i) == target).unwrap();
    assert_ne!(index, 0);
    for i in 0..8 {
        bytes.swap(list + 4 + i, list + 4 + 8 * index + i);
    }
    let hive = nt_hive::Hive::without_validation(bytes.as_slice()).unwrap();
    let missed = hive.root_key_node().unwrap().subpath(CLIENT).is_none();
    assert!(missed, "nt-hive's binary search misses a key that is out of order");
    let (ours, agreement) = check(&bytes, CLIENT, "Enabled");
    assert!(matches!(ours, Lookup::Found(_)), "{ours:?}");
    assert_eq!(agreement, Agreement::Agree);
}

#[test]
fn a_panic_of_the_second_reader_is_no_answer() {
    let mut bytes = fixture("compliant");
    let node = offset(&check(&bytes, CLIENT, "none").0);
    // The first entry of the value list: 0xFFFFFFFF, for which nt-hive has an assertion.
    let list = 4096 + usize::try_from(u32::from_le_bytes(bytes[node + 40..node + 44].try_into().unwrap())).unwrap() + 4;
    bytes[list..list + 4].fill(0xff);
    let (ours, agreement) = check(&bytes, CLIENT, "Enabled");
    assert!(matches!(ours, Lookup::Unreadable(..)), "{ours:?}");
    assert_eq!(agreement, Agreement::CouldNotRead { why: "it panicked".to_owned() });
}

use super::*;
use crate::registry::change::Said;

fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn record(key: &str, name: &str, kind: u32, data: &[u8]) -> Vec<u8> {
    let mark = |c: u8| vec![c, 0];
    let size = u32::try_from(data.len()).unwrap();
    [
        mark(b'['),
        units(key),
        mark(b';'),
        units(name),
        mark(b';'),
        kind.to_le_bytes().to_vec(),
        mark(b';'),
        size.to_le_bytes().to_vec(),
        mark(b';'),
        data.to_vec(),
        mark(b']'),
    ]
    .concat()
}

fn file(records: &[Vec<u8>]) -> Vec<u8> {
    [SIGNATURE.to_vec(), records.concat()].concat()
}

fn try_read(bytes: &[u8], limits: &Limits) -> Result<Script, Error> {
    read(&bytes.to_vec(), &Arc::from("Registry.pol"), &KeyPath::parse("HKEY_LOCAL_MACHINE"), limits)
}

fn said(records: &[Vec<u8>]) -> Vec<Said> {
    try_read(&file(records), &Limits::default()).unwrap().said
}

fn key(path: &str) -> KeyPath {
    KeyPath::parse(&format!("HKEY_LOCAL_MACHINE\\{path}"))
}

fn delete(name: &str) -> Change {
    Change::DeleteValue { key: key("K"), name: Name::from(name) }
}

#[test]
fn records_and_instructions_are_changes() {
    let value = Value::dword(1);
    let all = said(&[
        record("K", "Enabled", 4, &[1, 0, 0, 0]),
        record("K", "**DEL.gone", 1, &units(" ")),
        record("K", "**DelVals.", 1, &units(" ")),
        record("K", "**DeleteValues", 1, &units("a;b")),
        record("K", "**deletekeys", 1, &units("x;AES 128/128")),
        record("K\\L", "", 0, &[]),
    ]);
    let want = [
        Change::Set { key: key("K"), name: Name::from("Enabled"), value },
        delete("gone"),
        Change::DeleteValues(key("K")),
        delete("a"),
        delete("b"),
        Change::DeleteKey(key("K\\x")),
        Change::DeleteKey(key("K\\AES 128/128")),
        Change::CreateKey(key("K\\L")),
    ];
    assert_eq!(all.iter().map(|said| said.change.clone()).collect::<Vec<_>>(), want);
    assert!(all.iter().all(|said| said.doubt.is_none()), "{all:?}");
    assert_eq!(all[0].at, At::Offset(8));
    assert_eq!(said(&[]), []);
}

#[test]
fn what_is_not_certain_is_in_doubt() {
    for bad in [
        record("K", "**soft.Enabled", 4, &[1, 0, 0, 0]),
        record("K", "**unheard of", 4, &[1, 0, 0, 0]),
        record("K", "", 1, &units("x")),
        record("K", "x", 1, &[]),
        record("K", "x", 0, &[1]),
        record("K", "**del.x", 4, &[1, 0, 0, 0]),
        record("K", "**deletekeys", 1, &units("a\\b")),
        record("K", "**deletevalues", 1, &units("a; b")),
        record("K", "**deletevalues", 1, &[0x61, 0, 0x62]),
    ] {
        let script = try_read(&file(&[bad]), &Limits::default()).unwrap();
        assert!(script.said.iter().any(|said| said.doubt.is_some()), "{:?}", script.said);
        assert_eq!(script.diagnostics.kept()[0].code.as_str(), "pol-doubt");
    }
    let secure = try_read(&file(&[record("K", "**SecureKey", 4, &[1, 0, 0, 0])]), &Limits::default()).unwrap();
    assert_eq!((secure.said.len(), secure.diagnostics.kept()[0].code.as_str()), (0, "pol-secure-key"));
    let rootless = try_read(&file(&[record("\\", "x", 4, &[1, 0, 0, 0])]), &Limits::default()).unwrap();
    assert_eq!((rootless.said.len(), rootless.diagnostics.kept()[0].code.as_str()), (0, "pol-no-key"));
}

#[test]
fn damage_anywhere_is_an_error() {
    let good = file(&[record("K", "Enabled", 4, &[1, 0, 0, 0]), record("K", "x", 1, &units("y"))]);
    let ends = [SIGNATURE.len(), SIGNATURE.len() + record("K", "Enabled", 4, &[1, 0, 0, 0]).len(), good.len()];
    for end in 0..good.len() {
        assert_eq!(try_read(&good[..end], &Limits::default()).is_ok(), ends.contains(&end), "{end}");
    }
    for (at, byte) in [(0, b'p'), (4, 2), (8, b'('), (14, b':')] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert!(matches!(try_read(&bad, &Limits::default()), Err(Error::Damaged { .. })), "{at}");
    }
    let mut huge = file(&[record("K", "x", 1, &units("y"))]);
    let size = huge.len() - 2 - 4 - 2 - 4;
    huge[size..size + 4].copy_from_slice(&[0xff; 4]);
    assert!(matches!(try_read(&huge, &Limits::default()), Err(Error::Damaged { .. })));
}

#[test]
fn lists_cost_no_more_than_the_limits() {
    let limits = Limits::default();
    let deep = record(&"k\\".repeat(limits.depth + 1), "x", 4, &[1, 0, 0, 0]);
    assert!(matches!(try_read(&file(&[deep]), &limits), Err(Error::Limit { .. })));
    let list = record(&"k".repeat(50_000), "**DeleteValues", 1, &units(&"a;".repeat(50_000)));
    assert!(matches!(try_read(&file(&[list]), &limits), Err(Error::Limit { .. })));
    let small = Limits { policy_bytes: 7, ..Limits::default() };
    assert!(matches!(try_read(&file(&[]), &small), Err(Error::Limit { .. })));
}

#[test]
fn no_bytes_make_it_panic() {
    let good = file(&[
        record("K\\L", "Enabled", 4, &[1, 0, 0, 0]),
        record("K", "**DeleteValues", 1, &units("a;b")),
        record("K", "**soft.x", 1, &units("y")),
    ]);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut bad = good.clone();
        for _ in 0..3 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = usize::try_from(state).unwrap() % bad.len();
            bad[at] = (state >> 32) as u8;
        }
        let _ = try_read(&bad, &Limits::default());
    }
}

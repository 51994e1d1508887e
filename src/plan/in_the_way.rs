//! What is in a value now, where the machine is known: some tools compare so loosely that they would pass over a change.

use crate::registry::change::Change;
use crate::registry::{Lookup, Registry};
use crate::windows::value::{Value, ValueType};

/// The value that a change sets or deletes, as it is now.
pub(super) fn now(change: &Change, machine: Option<&Registry>) -> Option<Value> {
    let (Change::Set { key, name, .. } | Change::DeleteValue { key, name }) = change else { return None };
    match machine?.get(key, name) {
        Lookup::Found(found) => Some(found.value),
        _ => None,
    }
}

/// Whether .NET knows the type: it answers for no other, as if the value were not there.
pub(super) fn is_known_to_dotnet(kind: ValueType) -> bool {
    let known = [
        ValueType::NONE,
        ValueType::SZ,
        ValueType::EXPAND_SZ,
        ValueType::BINARY,
        ValueType::DWORD,
        ValueType::DWORD_BIG_ENDIAN,
        ValueType::MULTI_SZ,
        ValueType::QWORD,
    ];
    known.contains(&kind)
}

/// Why .NET shows `now` as if it were `wanted`, though it is something else.
pub(super) fn reads_alike(wanted: &Value, now: &Value) -> Option<&'static str> {
    if wanted.kind != now.kind || wanted.data == now.data {
        return None;
    }
    match wanted.kind {
        ValueType::DWORD | ValueType::QWORD if now.data.len() != wanted.data.len() => {
            Some("it has another length, which .NET pads")
        }
        ValueType::SZ | ValueType::EXPAND_SZ if text(wanted).replace('\0', "") == text(now).replace('\0', "") => {
            Some("its text differs in NULs alone, which .NET does not show")
        }
        _ => None,
    }
}

/// Why a tool that compares lists without case, besides, would take `now` for `wanted`.
pub(super) fn passed_over(wanted: &Value, now: &Value) -> Option<&'static str> {
    let list = wanted.kind == ValueType::MULTI_SZ && now.kind == ValueType::MULTI_SZ && wanted.data != now.data;
    if list && text(wanted).to_lowercase() == text(now).to_lowercase() {
        return Some("its list differs in upper and lower case alone, which is not compared");
    }
    reads_alike(wanted, now)
}

fn text(value: &Value) -> String {
    let units: Vec<u16> = value.data.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: ValueType, data: &[u8]) -> Value {
        Value { kind, data: data.to_vec() }
    }

    #[test]
    fn what_reads_alike_is_told() {
        let one = Value::dword(1);
        assert_eq!(passed_over(&one, &Value::dword(2)), None);
        assert_eq!(passed_over(&one, &Value::dword(1)), None);
        assert!(passed_over(&one, &value(ValueType::DWORD, &[1, 0])).is_some());
        assert!(passed_over(&one, &value(ValueType::DWORD, &[1, 0, 0, 0, 0, 0, 0, 0])).is_some());
        assert_eq!(passed_over(&one, &Value::sz("1")), None);
        assert!(passed_over(&Value::sz("1"), &value(ValueType::SZ, b"1\0")).is_some());
        assert_eq!(passed_over(&Value::sz("a"), &Value::sz("A")), None);
        let list = |text: &[u8]| value(ValueType::MULTI_SZ, text);
        assert!(passed_over(&list(b"A\0\0\0\0\0"), &list(b"a\0\0\0\0\0")).is_some());
        assert_eq!(passed_over(&list(b"A\0\0\0\0\0"), &list(b"b\0\0\0\0\0")), None);
    }
}

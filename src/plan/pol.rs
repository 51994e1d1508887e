//! `Registry.pol`, the file of a Group Policy Object (\[MS-GPREG\] 2.2.1; what clients do with it: 3.2.5.1.2).
//!
//! The file has no room for remarks. Keys have no root: the folder that the file lies in, `Machine` or `User`, says
//! it.

use super::Changeset;
use super::exact::machine;
use super::refusal::Refusal;
use crate::registry::change::Change;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::ValueType;

/// The types that \[MS-GPREG\] 2.2.1 allows.
const TYPES: [ValueType; 7] = [
    ValueType::SZ,
    ValueType::EXPAND_SZ,
    ValueType::BINARY,
    ValueType::DWORD,
    ValueType::DWORD_BIG_ENDIAN,
    ValueType::MULTI_SZ,
    ValueType::QWORD,
];
const MOST_BYTES: usize = 65535;
const MOST_UNITS: usize = 259;

pub(super) fn bytes(changeset: &Changeset) -> Result<Vec<u8>, Refusal> {
    let mut out = b"PReg\x01\0\0\0".to_vec();
    for change in &changeset.changes {
        write(change, &mut out)?;
    }
    Ok(out)
}

fn write(change: &Change, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match change {
        Change::CreateKey(key) => {
            record(&path(key)?, &[], ValueType(0), &[], out);
            Ok(())
        }
        Change::DeleteValues(key) => {
            record(&path(key)?, &units("**DelVals."), ValueType::SZ, BLANK, out);
            Ok(())
        }
        Change::DeleteValue { key, name } => {
            let name = [&units("**del."), plain(name)?].concat();
            record(&path(key)?, &name, ValueType::SZ, BLANK, out);
            Ok(())
        }
        Change::DeleteKey(key) => {
            let no = || Refusal::key(key, "a Registry.pol deletes keys below a key, and not one right below the root");
            let (last, above) =
                machine(key, NAME)?.split_last().filter(|(_, above)| !above.is_empty()).ok_or_else(no)?;
            let blank = |unit: Option<&u16>| unit == Some(&0x20);
            if last.units().contains(&u16::from(b';')) || blank(last.units().first()) || blank(last.units().last()) {
                let why = "separates keys to delete by semicolons, perhaps with blanks";
                return Err(Refusal::key(key, format!("a Registry.pol {why}, so this name has no place there")));
            }
            let list: Vec<u8> = last.units().iter().copied().chain([0]).flat_map(u16::to_le_bytes).collect();
            record(&joined(above), &units("**DeleteKeys"), ValueType::SZ, &list, out);
            Ok(())
        }
        Change::Set { key, name, value } => {
            let wrong = |why: &str| Err(Refusal::name(name, format!("a Registry.pol {why}")));
            if !TYPES.contains(&value.kind) {
                return wrong(&format!("holds no {}", value.kind));
            }
            if value.data.is_empty() {
                return wrong("takes a record without data for one that creates the key alone");
            }
            if value.data.len() > MOST_BYTES {
                return wrong("holds no more than 65535 bytes in a value");
            }
            record(&path(key)?, plain(name)?, value.kind, &value.data, out);
            Ok(())
        }
    }
}

const NAME: &str = "a Registry.pol";
/// A blank and a NUL, which instructions have for data.
const BLANK: &[u8] = &[0x20, 0, 0, 0];

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn path(key: &KeyPath) -> Result<Vec<u16>, Refusal> {
    Ok(joined(machine(key, NAME)?))
}

fn joined(names: &[Name]) -> Vec<u16> {
    let names: Vec<&[u16]> = names.iter().map(Name::units).collect();
    names.join(&u16::from(b'\\'))
}

/// The name of a value that is no instruction, and that Windows reads back.
fn plain(name: &Name) -> Result<&[u16], Refusal> {
    let units = name.units();
    let wrong = |why: &str| Err(Refusal::name(name, format!("a Registry.pol {why}")));
    match units {
        [] => wrong("names values, and the default value has no name"),
        [0x2a, 0x2a, ..] => wrong("takes names that start with ** for instructions"),
        _ if units.contains(&0) => wrong("cannot hold a name with a NUL"),
        _ if units.len() > MOST_UNITS => wrong("holds no names longer than 259 characters"),
        _ => Ok(units),
    }
}

fn record(key: &[u16], name: &[u16], kind: ValueType, data: &[u8], out: &mut Vec<u8>) {
    let mark = |c: u8, out: &mut Vec<u8>| out.extend([c, 0]);
    let text =
        |units: &[u16], out: &mut Vec<u8>| out.extend(units.iter().copied().chain([0]).flat_map(u16::to_le_bytes));
    mark(b'[', out);
    text(key, out);
    mark(b';', out);
    text(name, out);
    mark(b';', out);
    out.extend(kind.0.to_le_bytes());
    mark(b';', out);
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    mark(b';', out);
    out.extend(data);
    mark(b']', out);
}

//! The pieces that `.reg` files are written of, in UTF-16 units: names, data in the form that regedit exports it.
//!
//! Strings are quoted only where an import of that gives the same bytes; others are `hex(1):`.

mod hex;

use crate::windows::value::ValueType;
pub(in crate::registry) use hex::{PER_LINE, on_first_line};

const QUOTE: u16 = 0x22;
const BACKSLASH: u16 = 0x5c;

/// Appends text that is ASCII.
pub fn ascii(text: &str, out: &mut Vec<u16>) {
    out.extend(text.bytes().map(u16::from));
}

/// Whether a key's path, or a name in it, can stand in a `.reg` file.
pub fn key_fits(path: &[u16]) -> bool {
    !path.iter().any(|unit| matches!(unit, 0 | 0x0a | 0x0d))
}

/// Whether a value's name can stand in a `.reg` file.
pub fn name_fits(name: &[u16]) -> bool {
    !name.contains(&0)
}

/// Whether these are the bytes of a string type that ends without the NUL which every import adds.
pub fn unterminated(kind: ValueType, data: &[u8]) -> bool {
    let string = matches!(kind, ValueType::SZ | ValueType::EXPAND_SZ | ValueType::MULTI_SZ);
    string && !data.is_empty() && data.as_chunks::<2>().0.last() != Some(&[0, 0])
}

/// Appends the name in quotes, or `@`, and the equals sign.
pub fn name(name: &[u16], out: &mut Vec<u16>) {
    if name.is_empty() {
        return ascii("@=", out);
    }
    out.push(QUOTE);
    append_escaped(name, out);
    out.extend([QUOTE, 0x3d]);
}

/// Appends the data of a value, whose line starts at `line` in `out`.
pub fn data(line: usize, kind: ValueType, data: &[u8], out: &mut Vec<u16>) {
    if let (ValueType::DWORD, Ok(bytes)) = (kind, <[u8; 4]>::try_from(data)) {
        ascii("dword:", out);
        let digits = bytes.iter().rev().flat_map(|&byte| [hex::digit(byte >> 4), hex::digit(byte & 0xf)]);
        return out.extend(digits);
    }
    if kind == ValueType::SZ && append_quoted(data, out) {
        return;
    }
    hex_data(line, kind, data, out);
}

/// Appends these bytes as hex data, whatever the type.
pub fn hex_data(line: usize, kind: ValueType, data: &[u8], out: &mut Vec<u16>) {
    match kind {
        ValueType::BINARY => ascii("hex:", out),
        ValueType(n) => ascii(&format!("hex({n:x}):"), out),
    }
    let column = out.len().saturating_sub(line);
    hex::append(data, column, out);
}

/// Appends a name with the escapes that `.reg` files have.
fn append_escaped(units: &[u16], out: &mut Vec<u16>) {
    if !units.iter().fold(false, |any, &u| any | (u == QUOTE) | (u == BACKSLASH) | (u == 0x0a) | (u == 0x0d)) {
        return out.extend_from_slice(units);
    }
    for &unit in units {
        match unit {
            QUOTE | BACKSLASH => out.extend([BACKSLASH, unit]),
            0x0a => out.extend([BACKSLASH, 0x6e]),
            0x0d => out.extend([BACKSLASH, 0x72]),
            _ => out.push(unit),
        }
    }
}

/// Appends a string in quotes, if an import of that gives these very bytes.
pub fn append_quoted(data: &[u8], out: &mut Vec<u16>) -> bool {
    let (pairs, odd) = data.as_chunks::<2>();
    let Some((&[0, 0], text)) = pairs.split_last().filter(|_| odd.is_empty()) else { return false };
    let units = || text.iter().map(|&pair| u16::from_le_bytes(pair));
    // One pass without branches tells the texts that are copied as they are, which is nearly all.
    let (mut bad, mut surrogate, mut special) = (false, false, false);
    for unit in units() {
        bad |= (unit == 0) | (unit == 0x0a) | (unit == 0x0d);
        surrogate |= unit & 0xf800 == 0xd800;
        special |= (unit == QUOTE) | (unit == BACKSLASH);
    }
    if bad || (surrogate && char::decode_utf16(units()).any(|c| c.is_err())) {
        return false;
    }
    out.push(QUOTE);
    if special {
        for unit in units() {
            if unit == QUOTE || unit == BACKSLASH {
                out.push(BACKSLASH);
            }
            out.push(unit);
        }
    } else {
        out.extend(units());
    }
    out.push(QUOTE);
    true
}

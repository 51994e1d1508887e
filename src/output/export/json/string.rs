//! JSON strings, made straight from the UTF-16 units that a hive or a `.reg` file has.

use std::io::Write;

use super::super::super::escape::is_unsafe;

/// Units that are looked at in one step.
const STEP: usize = 16;

/// Appends the units as a JSON string in which everything that a terminal would not survive is escaped. Says whether the
/// string is all of the text: unpaired surrogates are replaced.
pub(super) fn append(units: &[u16], out: &mut Vec<u8>) -> bool {
    let mut whole = true;
    let mut rest = units;
    out.push(b'"');
    while !rest.is_empty() {
        let plain = match rest.first_chunk::<STEP>() {
            // One pass without branches tells what is copied as it is, which is nearly everything.
            Some(chunk) if chunk.iter().fold(true, |all, &unit| all & is_plain(unit)) => STEP,
            _ => rest.iter().take_while(|&&unit| is_plain(unit)).count(),
        };
        let (run, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend(run.iter().map(|&unit| low(unit)));
        rest = match after.first() {
            Some(&unit) if !is_plain(unit) => special(after, out, &mut whole),
            _ => after,
        };
    }
    out.push(b'"');
    whole
}

/// Whether the unit is printable ASCII that JSON takes as it is.
fn is_plain(unit: u16) -> bool {
    (0x20..0x7f).contains(&unit) & (unit != 0x22) & (unit != 0x5c)
}

fn low(unit: u16) -> u8 {
    let [low, _] = unit.to_le_bytes();
    low
}

/// Appends the character that `units` start with; what stands after it.
fn special<'a>(units: &'a [u16], out: &mut Vec<u8>, whole: &mut bool) -> &'a [u16] {
    let decoded = char::decode_utf16(units.iter().copied()).next();
    *whole &= !matches!(decoded, Some(Err(_)));
    let c = decoded.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER);
    let short = match c {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\t' => b't',
        '\n' => b'n',
        '\u{c}' => b'f',
        '\r' => b'r',
        _ => 0,
    };
    if short != 0 {
        out.extend([b'\\', short]);
    } else if is_unsafe(c) {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}"); // a vector takes everything
        }
    } else {
        out.extend(c.encode_utf8(&mut [0; 4]).bytes());
    }
    units.get(c.len_utf16()..).unwrap_or_default()
}

//! Bytes as the hex data of a `.reg` file.

const COMMA: u16 = 0x2c;
/// Bytes on a continuation line.
pub(in crate::registry) const PER_LINE: usize = 25;
/// A byte that ends at or after this column (its comma counted) is the last of its line, unless it is the last of all.
const COLUMNS: usize = 77;
/// `\`, the line's end, and the two blanks that the next line starts with.
const WRAP: [u16; 5] = [0x5c, 0x0d, 0x0a, 0x20, 0x20];

/// A continuation line with its end: [`PER_LINE`] times two digits and a comma, then [`WRAP`].
const LINE: usize = PER_LINE * 3 + WRAP.len();

/// The hexadecimal digit of a number below 16.
pub(super) fn digit(n: u8) -> u16 {
    let letter = u16::from(n > 9).wrapping_mul(0x61 - 0x3a);
    u16::from(n).wrapping_add(0x30).wrapping_add(letter)
}

fn triple(byte: u8) -> [u16; 3] {
    [digit(byte >> 4), digit(byte & 0xf), COMMA]
}

/// How many bytes a value's own line has that goes on, if the first comes to `column`.
pub(in crate::registry) fn on_first_line(column: usize) -> usize {
    COLUMNS.saturating_sub(column).div_ceil(3).max(1)
}

/// Appends `data`, of which the first byte comes to `column`; lines wrap where regedit wraps them (Wine,
/// `programs/regedit/regproc.c`, and what its regedit writes).
pub(super) fn append(data: &[u8], column: usize, out: &mut Vec<u16>) {
    let Some((head, mut rest)) = data.split_at_checked(on_first_line(column)).filter(|(_, rest)| !rest.is_empty())
    else {
        return last_line(data, out);
    };
    head.iter().for_each(|&byte| out.extend(triple(byte)));
    out.extend(WRAP);
    let mut line = [0u16; LINE];
    if let Some(end) = line.last_chunk_mut() {
        *end = WRAP;
    }
    while let Some((bytes, after)) = rest.split_first_chunk::<PER_LINE>().filter(|(_, after)| !after.is_empty()) {
        for (to, &byte) in line.as_chunks_mut::<3>().0.iter_mut().zip(bytes) {
            *to = triple(byte);
        }
        out.extend_from_slice(&line);
        rest = after;
    }
    last_line(rest, out);
}

fn last_line(bytes: &[u8], out: &mut Vec<u16>) {
    bytes.iter().for_each(|&byte| out.extend(triple(byte)));
    if !bytes.is_empty() {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(column: usize, count: u8) -> Vec<String> {
        let mut out = Vec::new();
        append(&(0..count).collect::<Vec<_>>(), column, &mut out);
        String::from_utf16(&out).unwrap().split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn lines_wrap_where_regedit_wraps_them() {
        // Columns and counts as Wine's regedit exports them: `"len22"=hex:` and so on.
        assert_eq!(lines(12, 22).len(), 1);
        let wrapped = lines(12, 23);
        assert_eq!((wrapped[0].len(), wrapped[1].as_str()), (67, "  16"));
        for (column, bytes) in
            [(8, 23), (9, 23), (10, 23), (11, 22), (13, 22), (14, 21), (40, 13), (73, 2), (74, 1), (500, 1)]
        {
            assert_eq!(lines(column, 60)[0].len(), bytes * 3 + 1, "{column}");
        }
        let long = lines(8, 23 + 25 + 25);
        assert_eq!(long[1].len(), 2 + 75 + 1);
        assert_eq!((long.len(), long[2].len()), (3, 2 + 74));
        assert!(long[2].ends_with("47,48"));
        assert_eq!(lines(8, 0), [""]);
        assert_eq!(lines(8, 1), ["00"]);
    }
}

//! Wine's registry files (`system.reg` in a prefix): what differs from regedit's, after Wine's `server/registry.c`
//! (`save_subkeys`, `dump_strW`, `parse_strW`).

use super::hex::digit;
use super::lex::{BACKSLASH, after, skip_blanks};
use super::roots::names;
use crate::windows::roots::is;

/// The first line of such a file.
pub(super) const HEADER: &str = "WINE REGISTRY Version 2";

/// What the keys of a Wine file are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    /// The path below `HKEY_LOCAL_MACHINE`; none for a user's hive.
    pub(super) path: Option<Vec<u16>>,
}

/// What a comment line says of the keys: `;; All keys relative to REGISTRY\\Machine` since Wine 8, `\\Machine` before it,
/// `\\User\\…` for users; a key that was saved alone has its names behind that.
pub(super) fn base(line: &[u16]) -> Option<Base> {
    let path = unescape(after(skip_blanks(line), ";; All keys relative to ")?);
    let mut names = names(&path).peekable();
    names.next_if(|name| is(name, "REGISTRY"));
    let machine = names.next_if(|name| is(name, "Machine")).is_some();
    let below = || names.flat_map(|name| [BACKSLASH].iter().chain(name)).copied().collect();
    Some(Base { path: machine.then(below) })
}

/// Whether the line says that the current key is a symbolic link.
pub(super) fn is_link(line: &[u16]) -> bool {
    after(line, "#link").is_some()
}

/// Resolves escapes: `\x` and up to four hexadecimal digits, up to three octal digits, the letters of C, else the
/// character itself.
pub(super) fn unescape(raw: &[u16]) -> Vec<u16> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&unit, next)) = rest.split_first() {
        rest = next;
        if unit != BACKSLASH {
            out.push(unit);
            continue;
        }
        let Some((&escape, next)) = rest.split_first() else { break };
        rest = next;
        out.push(match escape {
            0x61 => 0x07,
            0x62 => 0x08,
            0x65 => 0x1b,
            0x66 => 0x0c,
            0x6e => 0x0a,
            0x72 => 0x0d,
            0x74 => 0x09,
            0x76 => 0x0b,
            0x78 => {
                let (value, next) = digits(rest, 16, 4);
                let none = next.len() == rest.len();
                rest = next;
                if none { escape } else { value }
            }
            0x30..=0x37 => {
                let (value, next) = digits(rest, 8, 2);
                let shift = 3 * rest.len().saturating_sub(next.len());
                rest = next;
                ((escape & 7) << shift) | value
            }
            other => other,
        });
    }
    out
}

/// The number that up to `most` digits to the base of 8 or 16 make, and what follows them.
fn digits(units: &[u16], base: u16, most: usize) -> (u16, &[u16]) {
    let count = units.iter().take(most).take_while(|&&u| u16::from(digit(u)) < base).count();
    let (digits, rest) = units.split_at_checked(count).unwrap_or_default();
    (digits.iter().fold(0u16, |n, &u| n.wrapping_mul(base) | u16::from(digit(u))), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn escapes_give_the_characters_that_wine_wrote() {
        for (raw, text) in [
            (r"a\\b", r"a\b"),
            (r"\x20acz", "\u{20ac}z"),
            (r"\xe9", "\u{e9}"),
            (r"cryptnet.dll\0", "cryptnet.dll\0"),
            (r"\0611", "11"),
            (r"\n\[\]\\", "\n[]\\"),
            (r"\xzz", "xzz"),
        ] {
            assert_eq!(String::from_utf16_lossy(&unescape(&wide(raw))), text, "{raw}");
        }
        assert_eq!(unescape(&wide(r"\xd800")), [0xd800]);
    }

    #[test]
    fn a_user_hive_is_told_from_the_machine_hive() {
        let told = |line: &str| base(&wide(line)).map(|base| base.path.map(|path| String::from_utf16(&path).unwrap()));
        for (rest, path) in [
            (r"REGISTRY\\Machine", Some("")),
            (r"\\Machine", Some("")),
            (r"\\REGISTRY\\Machine", Some("")),
            (r"\\Machine\\Software\\a b", Some(r"\Software\a b")),
            (r"REGISTRY\\User\\.Default", None),
            (r"\\User\\S-1-5-21", None),
            (r"\\User\\Machine", None),
            ("", None),
        ] {
            let line = format!(";; All keys relative to {rest}");
            assert_eq!(told(&line), Some(path.map(str::to_owned)), "{line}");
        }
        assert_eq!(told("#arch=win64"), None);
    }
}

//! `.reg` files as regedit exports them: version 5.00, UTF-16LE with a byte order mark, CR LF, hex data wrapped.
//!
//! Where regedit's own export could not be imported again exactly, this differs: strings with a NUL inside, line ends,
//! unpaired surrogates, or another terminator than one NUL are written as `hex(1):`. What no `.reg` file can hold is said in
//! a comment in its place: names with a NUL, keys with a line end in their path. Strings without a terminator are written
//! with the bytes they have, but every import adds one.

use std::io::{self, Write};

use super::super::escape::escape;
use super::{Export, Key, Losses, State, Value};
use crate::error::Error;
use crate::registry::reg_text;

/// UTF-16 units collected before they are written. Fits a second-level cache.
const BUFFER: usize = 1 << 15;
const EOL: [u16; 2] = [0x0d, 0x0a];

pub(super) struct RegFile<'w> {
    out: &'w mut dyn Write,
    units: Vec<u16>,
    bytes: Vec<u8>,
    terminal: bool,
    /// The last key could be written, so its values can.
    open: bool,
    losses: Losses,
}

impl<'w> RegFile<'w> {
    pub(super) fn new(out: &'w mut dyn Write, terminal: bool) -> io::Result<Self> {
        if !terminal {
            out.write_all(&[0xff, 0xfe])?;
        }
        let losses = Losses::default();
        let mut new = Self { out, units: Vec::new(), bytes: Vec::new(), terminal, open: false, losses };
        new.ascii("Windows Registry Editor Version 5.00\r\n");
        Ok(new)
    }

    fn ascii(&mut self, text: &str) {
        reg_text::ascii(text, &mut self.units);
    }

    fn comment(&mut self, text: &str) {
        let line = format!("; {}\r\n", escape(text));
        self.units.extend(line.encode_utf16());
    }

    fn lose(&mut self, what: &str, name: &[u16]) {
        self.losses.left_out += 1;
        self.comment(&format!("left out: {what}: {}", String::from_utf16_lossy(name)));
    }

    /// Writes what was collected, once that is enough. Called at line ends alone.
    fn flush(&mut self, enough: usize) -> io::Result<()> {
        if self.units.len() < enough {
            return Ok(());
        }
        if self.terminal {
            let text = String::from_utf16_lossy(&self.units);
            for line in text.split_terminator("\r\n") {
                writeln!(self.out, "{}", escape(line))?;
            }
        } else {
            self.bytes.resize(self.units.len().saturating_mul(2), 0);
            for (to, unit) in self.bytes.as_chunks_mut::<2>().0.iter_mut().zip(&self.units) {
                *to = unit.to_le_bytes();
            }
            self.out.write_all(&self.bytes)?;
        }
        self.units.clear();
        Ok(())
    }
}

impl Export for RegFile<'_> {
    /// Without a comment this would be, byte for byte, an export by regedit, and prove that nothing else is there.
    fn partial(&mut self) -> io::Result<()> {
        self.units.extend(EOL);
        self.comment("no export: what is not listed here may be there all the same");
        Ok(())
    }

    fn key(&mut self, key: &Key<'_>) -> io::Result<()> {
        self.flush(BUFFER)?;
        self.units.extend(EOL);
        self.open = reg_text::key_fits(key.path);
        if !self.open {
            self.lose("a key whose path has a NUL or a line end", key.path);
            return Ok(());
        }
        self.ascii(if key.state == State::Deleted { "[-" } else { "[" });
        self.units.extend_from_slice(key.path);
        self.ascii("]\r\n");
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>) -> io::Result<()> {
        self.flush(BUFFER)?;
        if !self.open || !reg_text::name_fits(value.name) {
            self.lose("a value whose name has a NUL, or whose key is left out", value.name);
            return Ok(());
        }
        let line = self.units.len();
        reg_text::name(value.name, &mut self.units);
        if value.deleted {
            self.ascii("-");
        } else {
            if reg_text::unterminated(value.kind, value.data) {
                self.losses.unterminated += 1;
            }
            reg_text::data(line, value.kind, value.data, &mut self.units);
        }
        self.units.extend(EOL);
        Ok(())
    }

    /// Keys below are keys of their own in a `.reg` file, or not in it.
    fn subkey(&mut self, _: &[u16]) -> io::Result<()> {
        Ok(())
    }

    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()> {
        self.flush(BUFFER)?;
        self.comment(&format!("damaged: {}: {error}", String::from_utf16_lossy(path)));
        Ok(())
    }

    fn end(&mut self) -> io::Result<Losses> {
        self.units.extend(EOL);
        self.flush(0)?;
        self.out.flush()?;
        Ok(std::mem::take(&mut self.losses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::At;
    use crate::windows::value::ValueType;

    fn line(name: &str, kind: u32, data: &[u8]) -> String {
        let mut out = Vec::new();
        let mut file = RegFile::new(&mut out, false).unwrap();
        let (path, name): (Vec<u16>, Vec<u16>) =
            ("HKEY_USERS\\k".encode_utf16().collect(), name.encode_utf16().collect());
        file.key(&Key { path: &path, last_write: None, at: At::Whole, state: State::Present }).unwrap();
        let value = Value { name: &name, kind: ValueType(kind), data, at: At::Whole, deleted: false };
        file.value(&value).unwrap();
        file.end().unwrap();
        let units: Vec<u16> = out.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
        let text = String::from_utf16(&units).unwrap();
        let body =
            text.strip_prefix("\u{feff}Windows Registry Editor Version 5.00\r\n\r\n[HKEY_USERS\\k]\r\n").unwrap();
        body.strip_suffix("\r\n\r\n").unwrap().to_owned()
    }

    fn sz(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn every_type_has_its_form() {
        for (name, kind, data, expected) in [
            ("d", 4, &[0xff, 1, 0, 0xa0][..], "\"d\"=dword:a00001ff"),
            ("d", 4, &[1, 2, 3], "\"d\"=hex(4):01,02,03"),
            ("d", 4, &[], "\"d\"=hex(4):"),
            ("b", 3, &[1, 0xab], "\"b\"=hex:01,ab"),
            ("b", 3, &[], "\"b\"=hex:"),
            ("n", 0, &[], "\"n\"=hex(0):"),
            ("q", 11, &[1, 0, 0, 0, 0, 0, 0, 0], "\"q\"=hex(b):01,00,00,00,00,00,00,00"),
            ("x", 0xffff_0001, &[1], "\"x\"=hex(ffff0001):01"),
            ("", 4, &[1, 0, 0, 0], "@=dword:00000001"),
            ("a\"b\\c\r\n", 3, &[1], "\"a\\\"b\\\\c\\r\\n\"=hex:01"),
            ("s", 1, &[], "\"s\"=hex(1):"),
            ("s", 1, &[0, 0], "\"s\"=\"\""),
            ("s", 1, &[0x41, 0], "\"s\"=hex(1):41,00"),
            ("s", 1, &[0x41, 0, 0, 0, 0], "\"s\"=hex(1):41,00,00,00,00"),
            ("s", 1, &[0x41, 0, 0, 0, 0, 0], "\"s\"=hex(1):41,00,00,00,00,00"),
            ("s", 1, &[0x0d, 0, 0, 0], "\"s\"=hex(1):0d,00,00,00"),
            ("s", 1, &[0, 0xd8, 0, 0], "\"s\"=hex(1):00,d8,00,00"),
            ("e", 2, &[0x25, 0, 0, 0], "\"e\"=hex(2):25,00,00,00"),
        ] {
            assert_eq!(line(name, kind, data), expected);
        }
        assert_eq!(line("s", 1, &sz("C:\\\"a\" 😀")), "\"s\"=\"C:\\\\\\\"a\\\" 😀\"");
    }

    #[test]
    fn what_no_file_can_hold_is_said() {
        assert_eq!(
            line("a\0b", 4, &[1, 0, 0, 0]),
            "; left out: a value whose name has a NUL, or whose key is left out: a\\u{0}b"
        );
    }
}

//! `.reg` files, as regedit itself would export them: version 5.00 in UTF-16LE with a byte order mark, or `REGEDIT4`.
//!
//! No crate serialises them, since the order of changes matters (a key that is deleted and made anew) and names need
//! not be text: regashii 0.4 keeps a sorted map with one entry a key, names as `String`, and types below 256. It
//! reads back what is written here before it goes out.

mod second;

use super::Changeset;
use super::exact::{below_root, remarks, split};
use super::refusal::Refusal;
use crate::registry::change::Change;
use crate::registry::reg_text;
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::{Value, ValueType};

/// Which `.reg` format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegFormat {
    /// `Windows Registry Editor Version 5.00`: UTF-16LE with a byte order mark.
    Version5,
    /// `REGEDIT4`: the ANSI code page, of which only ASCII is the same everywhere.
    Version4,
}

const NOTE: &str = "Import with the 64-bit regedit; a 32-bit one writes to the wrong view of SOFTWARE.";

/// The bytes of the file, ready for import.
pub(super) fn bytes(changeset: &Changeset, format: RegFormat) -> Result<Vec<u8>, Refusal> {
    let mut file = File { units: Vec::new(), open: None, format };
    file.line(match format {
        RegFormat::Version5 => "Windows Registry Editor Version 5.00",
        RegFormat::Version4 => "REGEDIT4",
    });
    file.line("");
    for remark in remarks(changeset, &[NOTE], format == RegFormat::Version4) {
        file.line(&format!("; {remark}"));
    }
    for change in &changeset.changes {
        file.change(change)?;
    }
    file.line("");
    second::agrees(&String::from_utf16_lossy(&file.units).replace("\r\n", "\n"), changeset)?;
    match format {
        RegFormat::Version5 => Ok([0xfeff].into_iter().chain(file.units).flat_map(u16::to_le_bytes).collect()),
        RegFormat::Version4 => {
            let ascii: Option<Vec<u8>> = file.units.into_iter().map(ascii).collect();
            ascii.ok_or_else(|| Refusal::file("REGEDIT4 files are written in ASCII alone"))
        }
    }
}

fn ascii(unit: u16) -> Option<u8> {
    u8::try_from(unit).ok().filter(u8::is_ascii)
}

struct File {
    units: Vec<u16>,
    /// The key that values go to.
    open: Option<KeyPath>,
    format: RegFormat,
}

impl File {
    fn line(&mut self, text: &str) {
        self.units.extend(text.encode_utf16());
        reg_text::ascii("\r\n", &mut self.units);
    }

    fn key(&mut self, start: &str, key: &KeyPath) -> Result<(), Refusal> {
        let (root, names) = split(key)?;
        self.line("");
        reg_text::ascii(start, &mut self.units);
        reg_text::ascii(root.long, &mut self.units);
        for name in names {
            if !reg_text::key_fits(name.units()) {
                return Err(Refusal::key(key, "no .reg file can hold a key whose name has a line end"));
            }
            reg_text::ascii("\\", &mut self.units);
            self.units.extend_from_slice(name.units());
        }
        self.line("]");
        Ok(())
    }

    fn open(&mut self, key: &KeyPath) -> Result<(), Refusal> {
        if self.open.as_ref() != Some(key) {
            self.key("[", key)?;
            self.open = Some(key.clone());
        }
        Ok(())
    }

    fn name(&mut self, name: &Name) -> Result<(), Refusal> {
        if !reg_text::name_fits(name.units()) {
            return Err(Refusal::name(name, "no .reg file can hold a name with a NUL"));
        }
        reg_text::name(name.units(), &mut self.units);
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::CreateKey(key) => {
                below_root(key)?;
                self.open(key)
            }
            Change::DeleteKey(key) => {
                below_root(key)?;
                self.open = None;
                self.key("[-", key)
            }
            Change::DeleteValues(key) => Err(Refusal::key(
                key,
                "a .reg file deletes a key, or values by their names, but not all values of a key that stays",
            )),
            Change::DeleteValue { key, name } => {
                self.open(key)?;
                self.name(name)?;
                self.line("-");
                Ok(())
            }
            Change::Set { key, name, value } => {
                self.open(key)?;
                self.set(name, value)
            }
        }
    }

    fn set(&mut self, name: &Name, value: &Value) -> Result<(), Refusal> {
        if reg_text::unterminated(value.kind, &value.data) {
            return Err(Refusal::name(
                name,
                "the import of a .reg file would add the terminator that its string lacks",
            ));
        }
        let line = self.units.len();
        self.name(name)?;
        let narrow = self.format == RegFormat::Version4
            && matches!(value.kind, ValueType::SZ | ValueType::EXPAND_SZ | ValueType::MULTI_SZ);
        if !narrow {
            reg_text::data(line, value.kind, &value.data, &mut self.units);
        } else if value.kind != ValueType::SZ || !reg_text::append_quoted(&value.data, &mut self.units) {
            let (pairs, odd) = value.data.as_chunks::<2>();
            let bytes: Option<Vec<u8>> = pairs.iter().map(|&pair| ascii(u16::from_le_bytes(pair))).collect();
            let bytes = bytes.filter(|_| odd.is_empty());
            let bytes = bytes.ok_or_else(|| Refusal::name(name, "REGEDIT4 files are written in ASCII alone"))?;
            reg_text::hex_data(line, value.kind, &bytes, &mut self.units);
        }
        self.line("");
        Ok(())
    }
}

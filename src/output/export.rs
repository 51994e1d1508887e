//! Keys and values as they are, printed one after the other: for people, for programs, or for import.
//!
//! A writer sees one key at a time and keeps nothing of it, so that a whole hive costs no more memory than its largest value.

mod json;
pub mod recovered;
mod reg;
mod text;

use std::io::{self, Write};

use crate::error::{At, Error};
use crate::windows::FileTime;
use crate::windows::value::ValueType;

/// A format for keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// With all bytes of binary data.
        verbose: bool,
    },
    /// JSON lines, `schema_version` 1: an object for each key, and one for each damage.
    Json,
    /// A `.reg` file, version 5.00, as regedit exports it.
    Reg {
        /// As text that is harmless on a terminal, instead of UTF-16LE with a byte order mark.
        terminal: bool,
    },
}

/// A key to print.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// The full path, in UTF-16 units.
    pub path: &'a [u16],
    /// When it, or a value in it, was last written, where that is known.
    pub last_write: Option<FileTime>,
    /// Where it stands in the input.
    pub at: At,
    /// What is to be known of it beside that.
    pub state: State,
}

/// What a key or a value is to the hive that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is there.
    Present,
    /// It is a symbolic link to another key.
    Link,
    /// It is a predefined handle, this one: Windows opens another key in its place.
    Handle(u32),
    /// It stands for its own absence: a differencing hive has it so, or a `.reg` file deletes it.
    Deleted,
}

/// A value to print.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// Its name in UTF-16 units; empty for the default value.
    pub name: &'a [u16],
    /// The stored type.
    pub kind: ValueType,
    /// The stored bytes.
    pub data: &'a [u8],
    /// Where it stands in the input.
    pub at: At,
    /// Whether it stands for its own absence.
    pub deleted: bool,
}

/// Something that prints keys and values: each key, then its values, then the names of the keys right below it if those are
/// not to be printed as keys themselves.
pub trait Export {
    /// Says, before the first key, that what follows is less than all of a key with everything below it, where a reader of
    /// the format would take it for that.
    ///
    /// # Errors
    /// When the writer fails.
    fn partial(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Prints a key.
    ///
    /// # Errors
    /// When the writer fails.
    fn key(&mut self, key: &Key<'_>) -> io::Result<()>;

    /// Prints a value of the last key.
    ///
    /// # Errors
    /// When the writer fails.
    fn value(&mut self, value: &Value<'_>) -> io::Result<()>;

    /// Prints that the last key has this one below it.
    ///
    /// # Errors
    /// When the writer fails.
    fn subkey(&mut self, name: &[u16]) -> io::Result<()>;

    /// Prints what is wrong in or below the key at `path`.
    ///
    /// # Errors
    /// When the writer fails.
    fn damage(&mut self, path: &[u16], error: &Error) -> io::Result<()>;

    /// Ends the output.
    ///
    /// # Errors
    /// When the writer fails.
    fn end(&mut self) -> io::Result<Losses>;
}

/// What a format could not express.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// Keys and values that were left out, for their names.
    pub left_out: u64,
    /// Strings without a terminator, which an import adds.
    pub unterminated: u64,
}

/// A writer of keys and values. `artifact` is how the input is called.
///
/// # Errors
/// When the writer fails.
pub fn export<'w>(format: Format, artifact: &'w str, out: &'w mut dyn Write) -> io::Result<Box<dyn Export + 'w>> {
    Ok(match format {
        Format::Text { verbose } => Box::new(text::Text::new(out, verbose)),
        Format::Json => Box::new(json::Lines::new(out, artifact)),
        Format::Reg { terminal } => Box::new(reg::RegFile::new(out, terminal)?),
    })
}

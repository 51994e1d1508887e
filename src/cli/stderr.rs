//! Standard error: the one door to it. What goes through may quote evidence, file names and arguments, which are whatever
//! somebody wrote there, so every line is made harmless here, and nowhere else.

use std::fmt::Display;
#[cfg(not(target_family = "wasm"))]
use std::io::IsTerminal;
use std::io::{self, Write};

use super::progress::aside;
use crate::output::escape;

/// Says one line; a line break in the text does not end it.
pub(super) fn line(text: impl Display) {
    write(&format!("tlshive: {text}"));
}

/// Says a line that belongs to the one before.
pub(super) fn further(text: impl Display) {
    write(&text.to_string());
}

/// A remark of this kind.
pub(super) fn warning(text: impl Display) {
    line(format_args!("warning: {text}"));
}

/// A remark of this kind.
pub(super) fn note(text: impl Display) {
    line(format_args!("note: {text}"));
}

/// How many columns the terminal has that this goes to; none where it goes elsewhere.
#[cfg(not(target_family = "wasm"))]
pub(super) fn columns() -> Option<usize> {
    let size = || terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
    io::stderr().is_terminal().then(size)
}

/// Whether the terminal takes nothing but lines, one below the other.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Nobody may be listening there, which changes no verdict.
fn write(line: &str) {
    let _ = aside(|| writeln!(io::stderr(), "{}", escape(line)));
}

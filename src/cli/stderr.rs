//! Standard error: the one door to it. What goes through may quote evidence, file names and arguments, which are whatever
//! somebody wrote there, so every line is made harmless here, and nowhere else.

use std::fmt::Display;
use std::io::{self, Write};

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

/// Nobody may be listening there, which changes no verdict.
fn write(line: &str) {
    let _ = writeln!(io::stderr(), "{}", escape(line));
}

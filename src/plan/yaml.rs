//! YAML of one shape: every string is in double quotes, with the escapes of YAML 1.1 and 1.2, and otherwise ASCII
//! (serde_yaml is no longer kept, and its successors choose styles by themselves).

use std::fmt::Write as _;

/// A string in double quotes.
pub(super) fn scalar(text: &str) -> String {
    let quoted = text.chars().fold(String::new(), |mut quoted, c| {
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            ' '..='~' => write!(quoted, "{c}"),
            _ if u32::from(c) < 0x100 => write!(quoted, "\\x{:02x}", u32::from(c)),
            _ if u32::from(c) < 0x1_0000 => write!(quoted, "\\u{:04x}", u32::from(c)),
            _ => write!(quoted, "\\U{:08x}", u32::from(c)),
        };
        quoted
    });
    format!("\"{quoted}\"")
}

/// A list on one line.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

//! Windows' upcase table.

/// Upcases one UTF-16 code unit as the Windows kernel does when it compares registry names.
pub(crate) fn upcase(unit: u16) -> u16 {
    match unit {
        0x61..=0x7a => unit & !0x20,
        _ => unit,
    }
}

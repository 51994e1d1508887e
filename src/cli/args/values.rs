//! Values of options, as people write them.

use crate::host::Wanted;
use crate::source::Shadows;
use crate::windows::FileTime;

pub(in crate::cli) fn control_set(text: &str) -> Result<Wanted, String> {
    match text {
        "current" => Ok(Wanted::Current),
        "default" => Ok(Wanted::Default),
        "last-known-good" => Ok(Wanted::LastKnownGood),
        "all" => Ok(Wanted::All),
        _ => match text.parse() {
            Ok(n @ 1..=999) => Ok(Wanted::Number(n)),
            _ => Err("expected current, default, last-known-good, all, or a number from 1 to 999".to_owned()),
        },
    }
}

/// Which shadow copies.
pub(in crate::cli) fn shadows(text: &str) -> Result<Shadows, String> {
    match (text, text.parse()) {
        ("latest", _) => Ok(Shadows::Latest),
        ("all", _) => Ok(Shadows::All),
        (_, Ok(number @ 1..)) => Ok(Shadows::Number(number)),
        _ => match FileTime::day(text) {
            Ok((from, to)) => Ok(Shadows::Made(from, to)),
            Err(_) => {
                Err("expected latest, all, a number from 1 (the oldest copy) on, or a day as YYYY-MM-DD".to_owned())
            }
        },
    }
}

/// A pattern of names, and the reason why they may go unjudged.
pub(in crate::cli) fn accepted(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((pattern, reason)) if !pattern.is_empty() && !reason.trim().is_empty() => {
            Ok((pattern.to_owned(), reason.trim().to_owned()))
        }
        _ => Err("expected a pattern and a reason, such as \"*.vbk=restored by another team\"".to_owned()),
    }
}

/// Bytes, decimal or after `0x` hexadecimal, or sectors of 512 bytes with an `s` behind.
pub(in crate::cli) fn offset(text: &str) -> Result<u64, String> {
    let (number, unit) = text.strip_suffix('s').map_or((text, 1), |number| (number, 512));
    let number = match number.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => number.parse(),
    };
    number
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "expected bytes (1048576 or 0x100000), or sectors of 512 bytes (2048s)".to_owned())
}

pub(in crate::cli) fn codepage(label: &str) -> Result<&'static encoding_rs::Encoding, String> {
    match encoding_rs::Encoding::for_label(label.as_bytes()) {
        Some(e) if e == encoding_rs::UTF_16LE || e == encoding_rs::UTF_16BE => {
            Err("UTF-16 files are told by their byte order mark".to_owned())
        }
        Some(encoding) => Ok(encoding),
        None if !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("unknown code page; did you mean windows-{label}?"))
        }
        None => Err("unknown code page; try windows-1252, windows-1251, shift_jis, gbk or utf-8".to_owned()),
    }
}

/// Bytes of a block, from 4 KiB to 16 MiB.
#[cfg(feature = "remote")]
pub(in crate::cli) fn block_size(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix(['K', 'k']) {
        Some(number) => (number, 1 << 10),
        None => text.strip_suffix(['M', 'm']).map_or((text, 1), |number| (number, 1 << 20)),
    };
    let bytes = number.parse().ok().and_then(|number: u64| number.checked_mul(unit));
    bytes
        .filter(|bytes| (1 << 12..=1 << 24).contains(bytes))
        .ok_or_else(|| "expected 4K to 16M, such as 64K".to_owned())
}

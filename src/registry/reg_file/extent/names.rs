//! Upcased paths, and names by their hash.

use crate::number::wide;
use crate::registry::reg_file::lex::BACKSLASH;
use crate::registry::reg_file::roots;
use crate::windows::upcase::upcase;

/// Upcased, the names joined by one backslash each; one stands before the first of a path without a root.
pub(super) fn folded(path: &[u16]) -> Vec<u16> {
    let mut out = Vec::with_capacity(path.len());
    let rootless = path.first() == Some(&BACKSLASH);
    for name in roots::names(path) {
        if rootless || !out.is_empty() {
            out.push(BACKSLASH);
        }
        out.extend(name.iter().map(|&unit| upcase(unit)));
    }
    out
}

/// Whether an upcased path is at or below another. An empty one is above all.
pub(super) fn is_below(path: &[u16], top: &[u16]) -> bool {
    let rest = path.strip_prefix(top);
    rest.is_some_and(|rest| top.is_empty() || rest.first().is_none_or(|&unit| unit == BACKSLASH))
}

/// Whether two of these are the same. They are sorted.
pub(super) fn twice(hashes: &mut [u64]) -> bool {
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| pair.first() == pair.last())
}

/// A hash of a name without its case. Names that share one make an export look like none, and never a script like one.
pub(super) fn hash(name: &[u16]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = (hash ^ word).wrapping_mul(ODD);
        product ^ (product >> 29)
    };
    let pack = |units: &[u16]| units.iter().fold(0u64, |word, &unit| (word << 16) | u64::from(upcase(unit)));
    let (words, rest) = name.as_chunks::<4>();
    let length = wide(name.len());
    let hash = words.iter().fold(length, |hash, word| mix(hash, pack(word)));
    mix(hash, pack(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn names_that_windows_takes_for_one_have_one_hash() {
        for (one, other, same) in
            [("Größe", "GRÖßE", true), ("TLS 1.2", "tls 1.2", true), ("TLS 1.2", "TLS 1.3", false), ("", "\0", false)]
        {
            assert_eq!(hash(&units(one)) == hash(&units(other)), same, "{one} {other}");
        }
        let mut all: Vec<u64> = (0..100_000).map(|n| hash(&units(&format!("{{{n:08X}-1CFB-4A62}}")))).collect();
        assert!(!twice(&mut all), "names of one form do not meet");
        assert!(twice(&mut [3, 1, 3]) && !twice(&mut [3]) && !twice(&mut []));
    }

    #[test]
    fn paths_compare_name_by_name() {
        let below = |path: &str, top: &str| is_below(&folded(&units(path)), &folded(&units(top)));
        for (path, top, is) in [
            (r"HKEY_USERS\a\b", r"hkey_users\A", true),
            (r"HKEY_USERS\a", r"HKEY_USERS\\a\", true),
            (r"HKEY_USERS\ab", r"HKEY_USERS\a", false),
            (r"HKEY_USERS", r"HKEY_USERS\a", false),
            (r"\Select", r"\", true),
            (r"\Select", r"\S", false),
        ] {
            assert_eq!(below(path, top), is, "{path} {top}");
        }
    }
}

//! Paths of members: made relative and harmless, and decoded where a collector coded them.

/// A path with `/` between the names, and whether anything of it had to be left out or replaced to make it harmless.
///
/// Both slashes part names, as they do for Windows; a drive is a folder called by its letter. With `coded`, names are
/// percent-encoded as Velociraptor writes them (`C%3A`, `%5C%5C.%5CC%3A`).
pub(super) fn clean(raw: &str, coded: bool) -> (String, bool) {
    let mut odd = raw.starts_with(['/', '\\']) || raw.contains('\0');
    let mut out: Vec<String> = Vec::new();
    for (i, name) in raw.split(['/', '\\']).enumerate() {
        let name = if coded { decode(name) } else { name.to_owned() };
        match name.as_str() {
            "" | "." => {}
            ".." => odd = true,
            _ => out.extend(drive(&name, i == 0 || coded).into_iter().map(|part| part.replace('\0', "\u{fffd}"))),
        }
    }
    if out.is_empty() {
        return ("unnamed".to_owned(), true);
    }
    (out.join("/"), odd)
}

/// Whether names below look like those of a Velociraptor collection.
pub(super) fn is_upload(raw: &str) -> bool {
    raw.strip_prefix('/').unwrap_or(raw).starts_with("uploads/")
}

/// `C:` as `C`, and `C:name` as both: a name with a drive is not relative on Windows.
fn drive(name: &str, first: bool) -> Vec<String> {
    match name.split_once(':') {
        Some((letter, rest)) if first && letter.len() == 1 && letter.chars().all(|c| c.is_ascii_alphabetic()) => {
            [letter, rest].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        _ => vec![name.to_owned()],
    }
}

/// A name as Velociraptor coded it: `%XX` for what a zip cannot hold. A device such as `\\.\C:` is called by its last part.
/// What would change the path if it were decoded (slashes, `..`, control characters) stays as it is.
fn decode(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let coded = (first == b'%').then(|| tail.get(..2)).flatten();
        let code = coded.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    let Ok(decoded) = String::from_utf8(bytes) else { return name.to_owned() };
    let device = decoded.strip_prefix("\\\\").and_then(|_| decoded.rsplit('\\').next());
    let decoded = device.map_or(decoded.clone(), str::to_owned);
    let changes = decoded.chars().any(|c| c == '/' || c == '\\' || c.is_control());
    if changes || matches!(decoded.as_str(), "" | "." | "..") { name.to_owned() } else { decoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(raw: &str) -> (String, bool) {
        clean(raw, false)
    }

    #[test]
    fn paths_are_relative_and_without_dots() {
        assert_eq!(plain("C/Windows/System32/config/SYSTEM"), ("C/Windows/System32/config/SYSTEM".into(), false));
        assert_eq!(plain("./a//b/./c"), ("a/b/c".into(), false));
        assert_eq!(plain("C:\\Windows\\SYSTEM"), ("C/Windows/SYSTEM".into(), false));
        assert_eq!(plain("C:SYSTEM"), ("C/SYSTEM".into(), false));
        assert_eq!(plain("/etc/passwd"), ("etc/passwd".into(), true));
        assert_eq!(plain("../../a/../b"), ("a/b".into(), true));
        assert_eq!(plain("..\\..\\a"), ("a".into(), true));
        assert_eq!(plain("a\0b"), ("a\u{fffd}b".into(), true));
        assert_eq!(plain(".."), ("unnamed".into(), true));
        assert_eq!(plain(""), ("unnamed".into(), true));
        assert_eq!(plain("100%25"), ("100%25".into(), false));
    }

    #[test]
    fn names_of_velociraptor_are_decoded() {
        let coded = |raw| clean(raw, true).0;
        assert_eq!(coded("uploads/auto/C%3A/Windows/SYSTEM"), "uploads/auto/C/Windows/SYSTEM");
        assert_eq!(coded("uploads/ntfs/%5C%5C.%5CC%3A/Windows/SYSTEM"), "uploads/ntfs/C/Windows/SYSTEM");
        let shadow = "uploads/ntfs/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy3/x";
        assert_eq!(coded(shadow), "uploads/ntfs/HarddiskVolumeShadowCopy3/x");
        assert_eq!(coded("uploads/auto/%2Ebash_history"), "uploads/auto/.bash_history");
        assert_eq!(coded("uploads/auto/100%25.txt"), "uploads/auto/100%.txt");
        assert_eq!(coded("uploads/auto/J%C3%BCrgen/a%zz%4"), "uploads/auto/Jürgen/a%zz%4");
        assert_eq!(coded("uploads/%2E%2E/%2e"), "uploads/%2E%2E/%2e");
        assert_eq!(coded("uploads/a%2F..%2Fb/c%00d/e%FF"), "uploads/a%2F..%2Fb/c%00d/e%FF");
    }
}

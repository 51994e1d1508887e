//! Extension headers of pax: records of `length key=value`.

use crate::error::{At, Error};

const WHAT: &str = "pax header";

/// What of an extension header matters.
#[derive(Default)]
pub(super) struct Pax {
    pub(super) path: Option<String>,
    pub(super) link: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<i64>,
    pub(super) sparse_name: Option<String>,
    /// The version of the sparse format, where it says (1.0).
    pub(super) sparse_version: Option<String>,
    /// Offsets and lengths of the parts, in the headers of 0.0 and 0.1.
    pub(super) sparse_parts: Vec<u64>,
    pub(super) sparse_size: Option<u64>,
    pub(super) sparse: bool,
}

impl Pax {
    pub(super) fn parse(mut bytes: &[u8], at: u64) -> Result<Self, Error> {
        let bad = |found: &[u8]| {
            let found = found.iter().take(64).copied().collect::<Vec<u8>>().escape_ascii().to_string();
            Error::damaged(At::Offset(at), WHAT, "records of \"length key=value\"", found)
        };
        let mut pax = Self::default();
        let (mut major, mut minor) = (None, None);
        // Some writers pad with zeros.
        while bytes.first().is_some_and(|b| *b != 0) {
            let (record, rest) = record(bytes).ok_or_else(|| bad(bytes))?;
            bytes = rest;
            let split = record.iter().position(|b| *b == b'=').ok_or_else(|| bad(record))?;
            let (key, value) = record.split_at_checked(split).ok_or_else(|| bad(record))?;
            let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default()).into_owned();
            let number = || value.parse::<u64>().map_err(|_| bad(record));
            pax.sparse |= key.starts_with(b"GNU.sparse.");
            match key {
                b"path" => pax.path = Some(value),
                b"linkpath" => pax.link = Some(value),
                b"size" => pax.size = Some(number()?),
                b"mtime" => {
                    let whole = value.split('.').next().unwrap_or_default();
                    pax.modified = whole.parse().ok();
                }
                b"GNU.sparse.name" => pax.sparse_name = Some(value),
                b"GNU.sparse.major" => major = Some(value),
                b"GNU.sparse.minor" => minor = Some(value),
                b"GNU.sparse.size" | b"GNU.sparse.realsize" => pax.sparse_size = Some(number()?),
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => pax.sparse_parts.push(number()?),
                b"GNU.sparse.map" => {
                    let numbers = value.split(',').filter(|part| !part.is_empty()).map(str::parse::<u64>);
                    pax.sparse_parts = numbers.collect::<Result<_, _>>().map_err(|_| bad(record))?;
                }
                _ => {}
            }
        }
        if let (Some(major), Some(minor)) = (major, minor) {
            pax.sparse_version = Some(format!("{major}.{minor}"));
        }
        Ok(pax)
    }

    /// Refuses what cannot be meant for every file that follows.
    pub(super) fn only_global(&self, at: u64) -> Result<(), Error> {
        if self.path.is_some() || self.link.is_some() || self.size.is_some() || self.sparse {
            let what = "a global pax header that sets the path or size of all files: not read";
            return Err(Error::unsupported(At::Offset(at), what));
        }
        Ok(())
    }
}

/// The first record without its length and newline, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|b| *b == b' ')?;
    let len: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
    let (record, rest) = bytes.split_at_checked(len)?;
    let record = record.get(space.checked_add(1)?..)?.strip_suffix(b"\n")?;
    Some((record, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_broken_ones_refused() {
        let pax = Pax::parse(b"12 path=a=b\n14 size=12345\n20 mtime=-12.987654\n8 x=y\nz\n", 0).unwrap();
        assert_eq!((pax.path.as_deref(), pax.size, pax.modified), (Some("a=b"), Some(12345), Some(-12)));
        for bad in ["12 path=a", "3 a", "0 a=b\n", "99999999999999999999 a=b\n", "x a=b\n", "6 ab\n\n", "10 size=-\n\n"]
        {
            assert!(Pax::parse(bad.as_bytes(), 0).is_err(), "{bad}");
        }
        assert!(Pax::parse(b"\0\0\0\0", 0).is_ok());
        assert!(Pax::parse(b"10 path=a\n", 0).unwrap().only_global(0).is_err());
        assert!(Pax::parse(b"17 comment=abcde\n", 0).unwrap().only_global(0).is_ok());
    }
}

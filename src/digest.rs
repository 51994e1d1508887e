//! SHA-256, for evidence: what exactly was read.

use std::fmt::Write as _;
use std::io;

use sha2::{Digest, Sha256};

use crate::number::wide;
use crate::read_at::ReadAt;

const CHUNK: usize = 1 << 20;

/// The digest of these bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The digest of these bytes, in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The digest of a whole source, in lower-case hex; memory does not grow with it.
///
/// # Errors
/// Whatever the source reports, and when it ends before its length.
pub fn sha256_of(source: &dyn ReadAt) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buf = vec![0u8; CHUNK];
    let mut offset = 0u64;
    while offset < source.len() {
        let n = source.read_at(offset, &mut buf)?;
        let read = buf.get(..n).filter(|read| !read.is_empty()).ok_or(io::ErrorKind::UnexpectedEof)?;
        hasher.update(read);
        offset = offset.saturating_add(wide(n));
    }
    Ok(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A GUID of version 8 (RFC 9562, 5.8 and B.2), made from the SHA-256 of some bytes: in braces and upper case.
pub fn guid(bytes: &[u8]) -> String {
    let digest = sha256_hex(bytes);
    let mut digits = digest.to_uppercase().chars().collect::<Vec<char>>().into_iter();
    let mut take = |n: usize| digits.by_ref().take(n).collect::<String>();
    let (a, b, c, d, e) = (take(8), take(4), take(4), take(4), take(12));
    let tail = |text: &str| text.chars().skip(1).collect::<String>();
    format!("{{{a}-{b}-8{}-8{}-{e}}}", tail(&c), tail(&d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha256() {
        // FIPS 180-4, example "abc"
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
        assert_eq!(sha256_of(&b"abc".to_vec()).unwrap(), abc);
        let long = vec![7u8; CHUNK * 2 + 5];
        assert_eq!(sha256_of(&long).unwrap(), sha256_hex(&long));
    }
}

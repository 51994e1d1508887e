//! The one helper through which numbers are taken from binary structures.

use crate::error::{At, Error};
use crate::number::wide;

/// Bytes of one structure, and where in their source they stand.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    base: u64,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, base }
    }

    #[inline]
    fn array<const N: usize>(&self, offset: usize, field: &'static str) -> Result<[u8; N], Error> {
        let found = self.bytes.get(offset..).and_then(|rest| rest.first_chunk::<N>());
        found.copied().ok_or_else(|| self.short(offset, N, field))
    }

    #[cold]
    fn short(&self, offset: usize, need: usize, field: &'static str) -> Error {
        let at = self.base.saturating_add(wide(offset));
        let have = self.bytes.len().saturating_sub(offset);
        Error::damaged(At::Offset(at), field, format!("{need} bytes"), format!("{have}"))
    }

    #[inline]
    pub(crate) fn u16(&self, offset: usize, field: &'static str) -> Result<u16, Error> {
        self.array(offset, field).map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&self, offset: usize, field: &'static str) -> Result<u32, Error> {
        self.array(offset, field).map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u64(&self, offset: usize, field: &'static str) -> Result<u64, Error> {
        self.array(offset, field).map(u64::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u8(&self, offset: usize, field: &'static str) -> Result<u8, Error> {
        self.array(offset, field).map(u8::from_le_bytes)
    }

    /// Big-endian.
    #[inline]
    pub(crate) fn be16(&self, offset: usize, field: &'static str) -> Result<u16, Error> {
        self.array(offset, field).map(u16::from_be_bytes)
    }

    /// Big-endian.
    #[inline]
    pub(crate) fn be32(&self, offset: usize, field: &'static str) -> Result<u32, Error> {
        self.array(offset, field).map(u32::from_be_bytes)
    }

    /// Big-endian.
    #[inline]
    pub(crate) fn be64(&self, offset: usize, field: &'static str) -> Result<u64, Error> {
        self.array(offset, field).map(u64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn bytes(&self, offset: usize, len: usize, field: &'static str) -> Result<&'a [u8], Error> {
        let found = self.bytes.get(offset..).and_then(|rest| rest.get(..len));
        found.ok_or_else(|| self.short(offset, len, field))
    }

    /// Fails unless the two-byte signature at the start is `want`.
    pub(crate) fn signature(&self, want: &[u8; 2], what: &'static str) -> Result<(), Error> {
        let found = self.bytes(0, 2, what)?;
        if found == want {
            return Ok(());
        }
        Err(Error::damaged(
            At::Offset(self.base),
            what,
            format!("signature \"{}\"", want.escape_ascii()),
            format!("\"{}\"", found.escape_ascii()),
        ))
    }
}

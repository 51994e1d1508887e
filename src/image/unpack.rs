//! Decompression of single blocks of disk images, and the few decompressed blocks that are kept.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::StreamingDecoder;

use crate::error::{At, Error};
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

/// How a block is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Deflate without a wrapping (RFC 1951).
    Deflate,
    /// Deflate in a zlib stream (RFC 1950), whose check sum is verified.
    Zlib,
    /// One Zstandard frame (RFC 8878) whose window has at most so many bytes.
    Zstd { window: u64 },
}

/// Compressed input is read by so many bytes.
const CHUNK: usize = 16 << 10;

/// Bytes of a source from one offset to another, as a stream. It ends early where the source does.
struct Section<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = narrow(self.end.saturating_sub(self.at));
        let wanted = buf.len().min(rest);
        let n = match buf.get_mut(..wanted).filter(|buf| !buf.is_empty()) {
            Some(buf) => self.source.read_at(self.at, buf)?,
            None => 0,
        };
        self.at = self.at.saturating_add(wide(n));
        Ok(n)
    }
}

/// Decompresses the stream that starts at `start` of `source` and ends before `end`, to at most `most` bytes.
///
/// # Errors
/// When it is damaged, does not come to its end before `end`, or yields more.
pub(super) fn unpack(method: Method, source: &dyn ReadAt, start: u64, end: u64, most: usize) -> io::Result<Vec<u8>> {
    let section = BufReader::with_capacity(CHUNK, Section { source, at: start, end });
    match method {
        Method::Deflate => inflate(section, Decompress::new(false), start, most),
        Method::Zlib => inflate(section, Decompress::new(true), start, most),
        Method::Zstd { window } => zstd(section, window, start, most),
    }
}

fn damaged(at: u64, expected: String, found: impl Into<String>) -> io::Error {
    Error::damaged(At::Offset(at), "compressed data", expected, found).into()
}

fn too_long(at: u64, most: usize) -> io::Error {
    damaged(at, format!("at most {most} bytes when decompressed"), "more")
}

fn inflate(mut input: impl BufRead, mut stream: Decompress, at: u64, most: usize) -> io::Result<Vec<u8>> {
    // One byte more than wanted: an end mark that follows the last byte is seen, and so is a byte too many.
    let mut out = vec![0u8; most.saturating_add(1)];
    let mut done = 0usize;
    loop {
        let chunk = input.fill_buf()?;
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let to = out.get_mut(done..).unwrap_or_default();
        let status = stream
            .decompress(chunk, to, FlushDecompress::None)
            .map_err(|e| damaged(at, "a deflate stream".to_owned(), e.to_string()))?;
        let taken = narrow(stream.total_in().saturating_sub(before_in));
        let given = narrow(stream.total_out().saturating_sub(before_out));
        input.consume(taken);
        done = done.saturating_add(given);
        if done > most {
            return Err(too_long(at, most));
        }
        if status == Status::StreamEnd {
            out.truncate(done);
            return Ok(out);
        }
        if taken == 0 && given == 0 {
            return Err(damaged(at, "a whole deflate stream".to_owned(), format!("one cut off after {done} bytes")));
        }
    }
}

fn zstd(input: impl BufRead, window: u64, at: u64, most: usize) -> io::Result<Vec<u8>> {
    let not_zstd = |e: &dyn std::fmt::Display| damaged(at, "a Zstandard frame".to_owned(), e.to_string());
    let mut stream = StreamingDecoder::new_with_max_window_size(input, window).map_err(|e| not_zstd(&e))?;
    let mut out = vec![0u8; most.saturating_add(1)];
    let mut done = 0usize;
    while let Some(to) = out.get_mut(done..).filter(|to| !to.is_empty()) {
        match stream.read(to).map_err(|e| not_zstd(&e))? {
            0 => break,
            n => done = done.saturating_add(n),
        }
    }
    if done > most {
        return Err(too_long(at, most));
    }
    let decoder = stream.into_frame_decoder();
    if let Some(want) = decoder.get_checksum_from_data()
        && decoder.get_calculated_checksum() != Some(want)
    {
        return Err(damaged(at, format!("content with check sum 0x{want:08x}"), "another"));
    }
    out.truncate(done);
    Ok(out)
}

/// Decompressed blocks by their number, the last used last.
type Kept = Vec<(u64, Arc<[u8]>)>;

/// The blocks that were decompressed last.
pub(super) struct Recent {
    blocks: Mutex<Kept>,
    most: usize,
}

impl Recent {
    /// Keeps blocks of `block` bytes, as many as fit `budget`, and one in any case.
    pub(super) fn new(block: usize, budget: usize) -> Self {
        Self { blocks: Mutex::new(Vec::new()), most: budget.checked_div(block).unwrap_or_default().max(1) }
    }

    /// The block `number`, which `make` decompresses when it is not kept.
    pub(super) fn get(&self, number: u64, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<Arc<[u8]>> {
        let lock = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut blocks = lock();
            if let Some(index) = blocks.iter().position(|(held, _)| *held == number) {
                let held = blocks.remove(index);
                let bytes = Arc::clone(&held.1);
                blocks.push(held);
                return Ok(bytes);
            }
            // Room is made first, so that there is never one more than allowed.
            let spare = blocks.len().saturating_add(1).saturating_sub(self.most).min(blocks.len());
            blocks.drain(..spare);
        }
        let bytes: Arc<[u8]> = make()?.into();
        let mut blocks = lock();
        if blocks.len() < self.most {
            blocks.push((number, Arc::clone(&bytes)));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn text() -> Vec<u8> {
        (0..50_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect()
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut to = DeflateEncoder::new(Vec::new(), Compression::default());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn try_unpack(method: Method, packed: Vec<u8>, most: usize) -> io::Result<Vec<u8>> {
        let (before, end) = (7u64, 7 + packed.len() as u64);
        let file = [vec![9u8; 7], packed, vec![8u8; 100]].concat();
        unpack(method, &file, before, end, most)
    }

    const ZSTD: Method = Method::Zstd { window: 1 << 20 };

    #[test]
    fn streams_are_decompressed_to_their_end_and_no_further_than_allowed() {
        let want = text();
        let zstd = compress_to_vec(want.as_slice(), CompressionLevel::Fastest);
        for (method, packed) in [(Method::Deflate, deflated(&want)), (Method::Zlib, zlib(&want)), (ZSTD, zstd)] {
            assert_eq!(try_unpack(method, packed.clone(), want.len()).unwrap(), want);
            assert_eq!(try_unpack(method, packed.clone(), want.len() + 1).unwrap(), want);
            // What follows the stream within its sectors is of no interest.
            let padded = [packed.clone(), vec![0u8; 300]].concat();
            assert_eq!(try_unpack(method, padded, want.len()).unwrap(), want);
            let error = try_unpack(method, packed.clone(), want.len() - 1).unwrap_err().to_string();
            assert!(error.contains("found more"), "{error}");
            for cut in [0, 1, 2, 10, packed.len() / 2, packed.len() - 1] {
                assert!(try_unpack(method, packed[..cut].to_vec(), want.len()).is_err(), "{method:?} {cut}");
            }
            let mut file_ends = packed.clone();
            file_ends.truncate(packed.len() - 3);
            assert!(unpack(method, &file_ends, 0, packed.len() as u64, want.len()).is_err());
        }
    }

    #[test]
    fn check_sums_are_verified() {
        let want = text();
        let mut packed = zlib(&want);
        *packed.last_mut().unwrap() ^= 1;
        assert!(try_unpack(Method::Zlib, packed, want.len()).is_err());
        let mut packed = compress_to_vec(want.as_slice(), CompressionLevel::Fastest);
        if packed[4] & 4 != 0 {
            *packed.last_mut().unwrap() ^= 1;
            assert!(try_unpack(ZSTD, packed, want.len()).is_err());
        }
    }

    #[test]
    fn a_huge_zstd_window_is_refused_before_anything_is_read() {
        // RFC 8878, 3.1.1.1: a window of 2^(10 + 21) bytes; a frame of one segment of 2^40 bytes.
        let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 1, 0, 0];
        assert!(try_unpack(ZSTD, window.to_vec(), 65_536).is_err());
        let single = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &(1u64 << 40).to_le_bytes(), &[1, 0, 0]].concat();
        assert!(try_unpack(ZSTD, single, 65_536).is_err());
        // Blocks of one byte repeated 128 Ki times, without end.
        let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 10 << 3];
        for _ in 0..100_000 {
            bomb.extend([0x02, 0x00, 0x10, 0x41]);
        }
        assert!(try_unpack(ZSTD, bomb, 65_536).is_err());
    }

    #[test]
    fn only_so_many_blocks_are_kept() {
        let recent = Recent::new(4, 8);
        let made = std::cell::Cell::new(0);
        let get = |number: u64| {
            let make = || {
                made.set(made.get() + 1);
                Ok(vec![u8::try_from(number).unwrap(); 4])
            };
            recent.get(number, make).unwrap()[0]
        };
        assert_eq!([get(1), get(2), get(1), get(3), get(1)], [1, 2, 1, 3, 1]);
        assert_eq!(made.get(), 3);
        assert_eq!((get(2), made.get()), (2, 4));
        assert!(recent.get(9, || Err(io::ErrorKind::Other.into())).is_err());
        assert_eq!(get(9), 9);
        let one = Recent::new(10, 3);
        assert_eq!(one.get(1, || Ok(vec![1])).unwrap().len(), 1);
        assert_eq!(one.get(1, || Err(io::ErrorKind::Other.into())).unwrap().len(), 1);
    }
}

//! One place in a deflate stream, and the step from there to the next.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::{Frame, Halt, Inflated};
use crate::archive::{failed, gzip};
use crate::error::{At, Error};
use crate::fields::Fields;
use crate::number::{narrow, wide};

/// How far back deflate may refer (RFC 1951, 2).
const WINDOW: usize = 32 << 10;
const WHAT: &str = "compressed data";

/// Compressed bytes read ahead.
#[derive(Default)]
pub(super) struct Input {
    start: u64,
    len: usize,
    bytes: Vec<u8>,
}

impl Input {
    /// The bytes from `at` on, as many as there are at once; none at the end of the stream.
    fn from(&mut self, of: &Inflated, at: u64) -> Result<&[u8], Halt> {
        let held = at.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        let skip = match held.filter(|skip| *skip < self.len) {
            Some(skip) => skip,
            None => {
                self.bytes.resize(WINDOW, 0);
                self.len = 0;
                let read = of.source.fill_at(at, &mut self.bytes);
                self.len = read.map_err(|e| Halt::Io(failed(At::Offset(at), WHAT, &e)))?.len();
                self.start = at;
                0
            }
        };
        Ok(self.bytes.get(skip..self.len).unwrap_or_default())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before a stream: of a gzip, before its header.
    Start,
    Body,
    End,
}

/// Where decoding stands.
#[derive(Clone)]
pub(super) struct Cursor {
    decoder: Box<DecompressorOxide>,
    /// The last bytes that were decoded: byte `n` at `n % WINDOW`.
    ring: Box<[u8]>,
    /// Bytes decoded.
    out: u64,
    /// Bytes of the source that were taken.
    taken: u64,
    /// Where in the decoded data the current member of the gzip starts.
    started: u64,
    crc: crc32fast::Hasher,
    phase: Phase,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            decoder: Box::default(),
            ring: vec![0u8; WINDOW].into_boxed_slice(),
            out: 0,
            taken: 0,
            started: 0,
            crc: crc32fast::Hasher::new(),
            phase: Phase::Start,
        }
    }
}

impl Cursor {
    pub(super) fn out(&self) -> u64 {
        self.out
    }

    pub(super) fn is_end(&self) -> bool {
        self.phase == Phase::End
    }

    /// Whether `offset` is among the last bytes decoded, or still to come.
    pub(super) fn reaches(&self, offset: u64) -> bool {
        offset >= self.out.saturating_sub(wide(WINDOW))
    }

    /// Copies what of the last bytes decoded stands at `offset`.
    pub(super) fn copy(&self, offset: u64, buf: &mut [u8]) -> usize {
        let mut done = 0usize;
        while self.reaches(offset) {
            let at = offset.saturating_add(wide(done));
            let have = narrow(self.out.saturating_sub(at));
            let (from, rest) = (place(at), buf.get_mut(done..).unwrap_or_default());
            let n = have.min(rest.len()).min(WINDOW.saturating_sub(from));
            match (rest.get_mut(..n), self.ring.get(from..from.saturating_add(n))) {
                (Some(to), Some(from)) if n > 0 => to.copy_from_slice(from),
                _ => break,
            }
            done = done.saturating_add(n);
        }
        done
    }

    /// Decodes on: at most as much as the window holds.
    pub(super) fn step(&mut self, of: &Inflated, input: &mut Input) -> Result<(), Halt> {
        if self.phase == Phase::Start {
            if let Frame::Gzip = of.frame {
                self.taken = gzip::header(&*of.source, self.taken)?.end;
            }
            (*self.decoder, self.crc, self.started) = (DecompressorOxide::new(), crc32fast::Hasher::new(), self.out);
            self.phase = Phase::Body;
        }
        let bytes = input.from(of, self.taken)?;
        if bytes.is_empty() {
            let expected = format!("more of it after {} bytes", self.out);
            return Err(Halt::Cut(Error::damaged(At::Offset(self.taken), WHAT, expected, "the end of the file")));
        }
        let from = place(self.out);
        let (status, taken, made) =
            decompress(&mut self.decoder, bytes, &mut self.ring, from, TINFL_FLAG_HAS_MORE_INPUT);
        let at = At::Offset(self.taken);
        let new = self.ring.get(from..from.saturating_add(made)).unwrap_or_default();
        self.crc.update(new);
        self.out = self.out.saturating_add(wide(made));
        self.taken = self.taken.saturating_add(wide(taken));
        let most = match of.frame {
            Frame::Raw { len, .. } => len,
            Frame::Gzip => of.limit,
        };
        if self.out > most {
            return Err(Halt::Corrupt(match of.frame {
                Frame::Raw { len, .. } => Error::damaged(at, WHAT, format!("{len} bytes of data"), "more"),
                Frame::Gzip => Error::Limit { at, what: "bytes of decompressed data", limit: of.limit },
            }));
        }
        match status {
            TINFLStatus::Done => self.ended(of),
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput if taken > 0 || made > 0 => Ok(()),
            _ => {
                let found = format!("something else after {} bytes", self.out);
                Err(Halt::Corrupt(Error::damaged(at, WHAT, "a deflate stream", found)))
            }
        }
    }

    /// Checks what the stream says of itself.
    fn ended(&mut self, of: &Inflated) -> Result<(), Halt> {
        let at = At::Offset(self.taken);
        let wrong = |what, expected: String, found: String| Halt::Corrupt(Error::damaged(at, what, expected, found));
        let crc = self.crc.clone().finalize();
        let len = self.out.saturating_sub(self.started);
        let (want_crc, right_len, want_len) = match of.frame {
            Frame::Raw { len: want, crc } => {
                if self.taken != of.source.len() {
                    let found = format!("{}", self.taken);
                    return Err(wrong(WHAT, format!("a stream of {} bytes", of.source.len()), found));
                }
                (crc, len == want, want)
            }
            // RFC 1952, 2.3.1: the CRC-32, and the length modulo 2^32.
            Frame::Gzip => {
                let mut trailer = [0u8; 8];
                let read = of.source.fill_at(self.taken, &mut trailer).map_err(|e| Halt::Io(failed(at, WHAT, &e)))?;
                let cut = |_| Halt::Cut(Error::damaged(at, "gzip trailer", "8 bytes", read.len().to_string()));
                let f = Fields::new(read, self.taken);
                let (crc, want) = (f.u32(0, WHAT).map_err(cut)?, u64::from(f.u32(4, WHAT).map_err(cut)?));
                self.taken = self.taken.saturating_add(8);
                (crc, len & 0xffff_ffff == want, want)
            }
        };
        if !right_len {
            return Err(wrong("length of the decompressed data", want_len.to_string(), len.to_string()));
        }
        if crc != want_crc {
            return Err(wrong("CRC-32 of the decompressed data", format!("{want_crc:08x}"), format!("{crc:08x}")));
        }
        self.phase = match of.frame {
            Frame::Gzip if gzip::goes_on(&*of.source, self.taken)? => Phase::Start,
            _ => Phase::End,
        };
        Ok(())
    }
}

/// Where in the ring a byte stands.
fn place(offset: u64) -> usize {
    usize::try_from(offset % wide(WINDOW)).unwrap_or_default()
}

//! Zstandard: a tar in it, or a single file (RFC 8878).
//!
//! The decoder's state cannot be copied, so that a stream can only be read from its start to its end. A tar is listed in one
//! pass, in which what is kept goes to memory; so does a single file. What is larger than the budget for that is refused, and
//! must be decompressed first.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::gather::{Gather, Verdict};
use super::inflated::Halt;
use super::{Member, failed, gzip, tar};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;

const WHAT: &str = "zstd";
/// Bytes that a stream can go back: more than what is looked at of each file.
const BACK: usize = 256 << 10;
const CHUNK: usize = 64 << 10;

/// Reads a zstd file called `name`: the members of the tar in it, or the one file that it is.
pub(super) fn read(file: &Arc<dyn ReadAt>, name: &str, gather: &mut Gather<'_>) -> Result<Option<Error>, Error> {
    let forward = Forward::new(file, gather.limits);
    let memory = Memory::new(gather.limits);
    let mut start = [0u8; 512];
    let looked = forward.fill_at(0, &mut start);
    if looked.as_ref().is_ok_and(|start| tar::is_start(start)) {
        let stream = Streamed { forward, memory };
        let damaged = tar::read(&stream, gather);
        stream.forward.note_unchecked(gather);
        return Ok(damaged);
    }
    let path = gather.file(&gzip::inner_name(None, name), false)?;
    match gather.looks_at(&path, &forward, 0, u64::MAX) {
        Ok(Verdict::Keep) => {
            let bytes = memory.keep(&forward, 0, None);
            forward.note_unchecked(gather);
            gather.keep(Member { path, modified: None, bytes })?;
        }
        Ok(Verdict::Skip) => {}
        Err(error) => gather.unreadable(path, None, failed(At::Whole, WHAT, &error))?,
    }
    Ok(None)
}

/// What of the memory for decoded files is left.
pub(super) struct Memory {
    one: u64,
    left: Cell<u64>,
}

impl Memory {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { one: limits.archive_memory, left: Cell::new(limits.archive_all_memory) }
    }

    /// Reads `len` bytes from `at` into memory, or all there are.
    pub(super) fn keep(&self, from: &Forward, at: u64, len: Option<u64>) -> Result<Arc<dyn ReadAt>, Error> {
        let what = "bytes of a file that zstd compressed, which goes to memory whole (decompress it first)";
        let limit = self.one.min(self.left.get());
        let too_large = || Error::Limit { at: At::Offset(at), what, limit };
        if len.is_some_and(|len| len > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let mut chunk = vec![0u8; CHUNK];
        loop {
            let done = wide(bytes.len());
            let left = narrow(len.map_or(u64::MAX, |len| len.saturating_sub(done)));
            let want = chunk.get_mut(..left.min(CHUNK)).unwrap_or_default();
            let read = from.fill_at(at.saturating_add(done), want).map_err(|e| failed(At::Offset(at), WHAT, &e))?;
            if read.is_empty() {
                break;
            }
            bytes.extend_from_slice(read);
            if wide(bytes.len()) > limit {
                return Err(too_large());
            }
        }
        bytes.shrink_to_fit();
        self.left.set(self.left.get().saturating_sub(wide(bytes.len())));
        Ok(Arc::new(bytes))
    }
}

/// A tar in a zstd stream.
struct Streamed {
    forward: Forward,
    memory: Memory,
}

impl tar::Source for Streamed {
    fn bytes(&self) -> &dyn ReadAt {
        &self.forward
    }

    fn keep(&self, at: u64, len: u64) -> Result<Arc<dyn ReadAt>, Error> {
        self.memory.keep(&self.forward, at, Some(len))
    }

    fn finish(&self) -> (u64, Result<(), Halt>) {
        self.forward.finish()
    }
}

/// A stream that is read from its start to its end, and a little way back.
pub(super) struct Forward(Mutex<State>);

struct State {
    decoder: Decoder,
    /// The last bytes decoded, and where they start.
    window: Vec<u8>,
    start: u64,
    ended: Option<Result<(), Halt>>,
    limit: u64,
}

impl State {
    fn end(&self) -> u64 {
        self.start.saturating_add(wide(self.window.len()))
    }

    /// Decodes some more; what is wrong with the stream stays.
    fn more(&mut self) -> Result<(), Halt> {
        if self.window.len() > BACK.saturating_mul(2) {
            let gone = self.window.len().saturating_sub(BACK);
            self.window.drain(..gone);
            self.start = self.start.saturating_add(wide(gone));
        }
        let mut chunk = vec![0u8; CHUNK];
        match self.decoder.next(&mut chunk) {
            Ok(0) => self.ended = Some(Ok(())),
            Ok(n) => {
                self.window.extend_from_slice(chunk.get(..n).unwrap_or_default());
                if self.end() > self.limit {
                    let (at, limit) = (At::Whole, self.limit);
                    let error = Error::Limit { at, what: "bytes of decompressed data", limit };
                    self.ended = Some(Err(Halt::Corrupt(error)));
                }
            }
            Err(halt) => self.ended = Some(Err(halt)),
        }
        self.ended.clone().unwrap_or(Ok(()))
    }
}

impl Forward {
    pub(super) fn new(file: &Arc<dyn ReadAt>, limits: &Limits) -> Self {
        let decoder = Decoder::new(Arc::clone(file), limits.archive_window);
        let limit = limits.archive_stream;
        Self(Mutex::new(State { decoder, window: Vec::new(), start: 0, ended: None, limit }))
    }

    /// Decodes the rest; gives how long it is, and whether it is right.
    pub(super) fn finish(&self) -> (u64, Result<(), Halt>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while state.ended.is_none() {
            let _ = state.more();
        }
        (state.end(), state.ended.clone().unwrap_or(Ok(())))
    }
}

impl Forward {
    /// Says so where nothing tells whether the data is right.
    fn note_unchecked(&self, gather: &mut Gather<'_>) {
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).decoder.checked {
            gather.note(|| "the zstd data has no checksum: whether it is right cannot be told".to_owned());
        }
    }
}

impl ReadAt for Forward {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while state.end() <= offset {
            match &state.ended {
                Some(Ok(())) => return Ok(0),
                Some(Err(halt)) => return Err(halt.clone().into_error().into()),
                None => state.more().map_err(|halt| io::Error::from(halt.into_error()))?,
            }
        }
        let skip = offset.checked_sub(state.start).and_then(|skip| usize::try_from(skip).ok());
        let Some(have) = skip.and_then(|skip| state.window.get(skip..)) else {
            return Err(Error::unsupported(At::Offset(offset), "zstd data cannot be read backwards").into());
        };
        let n = have.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), have.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    /// Not known before the end.
    fn len(&self) -> u64 {
        u64::MAX
    }
}

/// The frames of a file, one after the other.
struct Decoder {
    source: BufReader<Sequential>,
    frame: FrameDecoder,
    open: bool,
    /// Frames that were decoded whole, and bytes of the current one.
    frames: u64,
    made: u64,
    /// Whether all frames had a checksum.
    checked: bool,
}

impl Decoder {
    fn new(source: Arc<dyn ReadAt>, window: u64) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(window);
        let source = BufReader::with_capacity(CHUNK, Sequential { source, pos: 0, failed: None });
        Self { source, frame, open: false, frames: 0, made: 0, checked: true }
    }

    /// Decodes some bytes; none at the end.
    fn next(&mut self, buf: &mut [u8]) -> Result<usize, Halt> {
        loop {
            if !self.open {
                if !self.start()? {
                    return Ok(0);
                }
                continue;
            }
            if self.frame.can_collect() > 0 {
                let n = self.frame.read(buf).map_err(|e| self.halt(&e))?;
                self.made = self.made.saturating_add(wide(n));
                return Ok(n);
            }
            if self.frame.is_finished() {
                self.check()?;
                (self.open, self.frames) = (false, self.frames.saturating_add(1));
                continue;
            }
            let decoded = self.frame.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1));
            decoded.map_err(|e| self.halt(&e))?;
        }
    }

    /// Opens the next frame, past those that are to be skipped.
    fn start(&mut self) -> Result<bool, Halt> {
        loop {
            match self.source.fill_buf() {
                Ok([]) => return Ok(false),
                Ok(_) => {}
                Err(error) => return Err(self.halt(&error)),
            }
            match self.frame.reset(&mut self.source) {
                Ok(()) => {
                    (self.open, self.made) = (true, 0);
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut (&mut self.source).take(u64::from(length)), &mut io::sink());
                    let skipped = skipped.map_err(|e| self.halt(&e))?;
                    if skipped < u64::from(length) {
                        return Err(self.halt(&"the end of the file in a frame to be skipped"));
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, max }) => {
                    let what = format!("a zstd window of {requested} bytes, more than {max}: decompress it first");
                    return Err(Halt::Corrupt(Error::unsupported(self.at(), what)));
                }
                Err(FrameDecoderError::DictNotProvided { dict_id }) => {
                    let what = format!("compressed by zstd with dictionary {dict_id}: decompress it first");
                    return Err(Halt::Corrupt(Error::unsupported(self.at(), what)));
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)))
                    if self.frames > 0 =>
                {
                    let found = "something else";
                    let error = Error::damaged(self.at(), "end of the zstd file", "the end of the file", found);
                    return Err(Halt::Cut(error));
                }
                Err(error) => return Err(self.halt(&error)),
            }
        }
    }

    /// Checks what the frame says of itself.
    fn check(&mut self) -> Result<(), Halt> {
        let at = self.at();
        let wrong = |what, expected, found| Err(Halt::Corrupt(Error::damaged(at, what, expected, found)));
        self.checked &= self.frame.get_checksum_from_data().is_some();
        let size = self.frame.content_size();
        if size != 0 && size != self.made {
            return wrong("length of the decompressed data", size.to_string(), self.made.to_string());
        }
        match (self.frame.get_checksum_from_data(), self.frame.get_calculated_checksum()) {
            (Some(want), Some(got)) if want != got => {
                wrong("checksum of the decompressed data", format!("{want:08x}"), format!("{got:08x}"))
            }
            _ => Ok(()),
        }
    }

    fn at(&self) -> At {
        At::Offset(self.source.get_ref().pos)
    }

    /// What stopped the decoder: the file, its end, or the data.
    fn halt(&self, error: &dyn std::fmt::Display) -> Halt {
        let source = self.source.get_ref();
        if let Some(error) = &source.failed {
            return Halt::Io(error.clone());
        }
        let (expected, found) = ("a zstd frame", error.to_string());
        let damaged = Error::damaged(self.at(), WHAT, expected, found);
        if source.pos >= source.source.len() && self.source.buffer().is_empty() {
            Halt::Cut(damaged)
        } else {
            Halt::Corrupt(damaged)
        }
    }
}

/// A source from its start to its end.
struct Sequential {
    source: Arc<dyn ReadAt>,
    pos: u64,
    failed: Option<Error>,
}

impl Read for Sequential {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read_at(self.pos, buf);
        match &read {
            Ok(n) => self.pos = self.pos.saturating_add(wide(*n)),
            Err(error) => self.failed = Some(failed(At::Offset(self.pos), WHAT, error)),
        }
        read
    }
}

#[cfg(test)]
mod tests;

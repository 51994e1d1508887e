//! A deflate stream as a source that can be read anywhere.
//!
//! Deflate can only be decoded from its start. So the state of the decoder, with the 32 KiB that it may refer back to, is kept
//! at places along the way; a read goes on from the nearest one. Their number is fixed: when there are too many, every second
//! is dropped and the distance doubled. All streams of an archive share one [`Pool`], which drops what was not used for
//! longest, so that memory grows neither with the data nor with the number of files.
//!
//! Each state carries the checksum of everything before it: whichever way a reader hopped, the end of the stream is never
//! passed without verifying it.

mod cursor;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::Error;
use crate::limits::Limits;
use crate::number::{narrow, wide};
use crate::read_at::ReadAt;
use cursor::{Cursor, Input};

/// Bytes decoded between two checkpoints, at least: what takes about half a millisecond.
const DISTANCE: u64 = 256 << 10;

/// What a stream is wrapped in, and what it says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Frame {
    /// Nothing: the header elsewhere has the length and the CRC-32 of the data.
    Raw { len: u64, crc: u32 },
    /// The members of a gzip.
    Gzip,
}

/// Why decoding does not go on.
#[derive(Debug, Clone)]
pub(super) enum Halt {
    /// The data is not what was compressed: nothing of it is to be trusted.
    Corrupt(Error),
    /// The data ends too soon, or something else follows it; what came before may be right.
    Cut(Error),
    /// The system's fault.
    Io(Error),
}

impl Halt {
    pub(super) fn into_error(self) -> Error {
        match self {
            Halt::Corrupt(error) | Halt::Cut(error) | Halt::Io(error) => error,
        }
    }
}

/// The states of all streams of one archive.
pub(super) struct Pool {
    /// The one that was used last stands last.
    states: Mutex<Vec<(u64, State)>>,
    ids: AtomicU64,
    per_stream: usize,
    total: usize,
}

impl Pool {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let (per_stream, total) = (limits.archive_checkpoints.max(2), limits.archive_all_checkpoints);
        Arc::new(Self { states: Mutex::new(Vec::new()), ids: AtomicU64::new(0), per_stream, total })
    }

    fn take(&self, id: u64) -> Option<State> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let i = states.iter().position(|(of, _)| *of == id)?;
        Some(states.remove(i).1)
    }

    fn put(&self, id: u64, state: State) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|(of, _)| *of != id);
        states.push((id, state));
        let mut held: usize = states.iter().map(|(_, state)| state.size()).sum();
        while held > self.total && states.len() > 1 {
            held = held.saturating_sub(states.remove(0).1.size());
        }
    }
}

/// How far a stream is decoded, and the places to go back to.
struct State {
    cursor: Cursor,
    checkpoints: Vec<Cursor>,
    distance: u64,
    input: Input,
}

impl State {
    fn new(distance: u64) -> Self {
        Self { cursor: Cursor::default(), checkpoints: Vec::new(), distance, input: Input::default() }
    }

    fn size(&self) -> usize {
        self.checkpoints.len().saturating_add(1)
    }

    /// Goes to the place nearest before `offset` that decoding can go on from.
    fn seek(&mut self, offset: u64) {
        let next = self.checkpoints.partition_point(|checkpoint| checkpoint.out() <= offset);
        let checkpoint = next.checked_sub(1).and_then(|i| self.checkpoints.get(i));
        if self.cursor.reaches(offset) && checkpoint.is_none_or(|c| c.out() <= self.cursor.out()) {
            return;
        }
        self.cursor = checkpoint.cloned().unwrap_or_default();
    }

    /// Reads from `offset` on; with `to_end`, decodes all the rest.
    fn read(&mut self, of: &Inflated, offset: u64, buf: &mut [u8], to_end: bool) -> Result<usize, Halt> {
        if !to_end {
            self.seek(offset);
        }
        let end = offset.saturating_add(wide(buf.len()));
        let mut done = self.cursor.copy(offset, buf);
        // Past the last byte there is the checksum to verify, unless it is known that there is none.
        let last = of.len.get().filter(|_| of.halted.get().is_none());
        while !self.cursor.is_end() && (to_end || self.cursor.out() < end || last == Some(&self.cursor.out())) {
            let step = self.cursor.step(of, &mut self.input);
            let at = offset.saturating_add(wide(done));
            done = done.saturating_add(self.cursor.copy(at, buf.get_mut(done..).unwrap_or_default()));
            match step {
                Ok(()) => {}
                // The last bytes of one that is known to be cut off.
                Err(Halt::Cut(_)) if of.halted.get().is_some() && done == buf.len() => {
                    self.cursor = Cursor::default();
                    return Ok(done);
                }
                Err(halt) => return Err(halt),
            }
            self.checkpoint(of.pool.per_stream);
        }
        Ok(done)
    }

    fn checkpoint(&mut self, most: usize) {
        let last = self.checkpoints.last().map_or(0, Cursor::out);
        if self.cursor.out() < last.saturating_add(self.distance) || self.cursor.is_end() {
            return;
        }
        if self.checkpoints.len() >= most {
            let mut odd = false;
            self.checkpoints.retain(|_| {
                odd = !odd;
                !odd
            });
            self.distance = self.distance.saturating_mul(2);
        }
        self.checkpoints.push(self.cursor.clone());
    }
}

/// A stream that is decoded as it is read.
pub(super) struct Inflated {
    /// The compressed bytes, and nothing else.
    source: Arc<dyn ReadAt>,
    frame: Frame,
    pool: Arc<Pool>,
    id: u64,
    /// Of the decoded data; unknown for a gzip until all of it was decoded.
    len: OnceLock<u64>,
    /// Why decoding does not go past a place, and which one. The decoder is of no use from there on.
    halted: OnceLock<(Halt, u64)>,
    /// Bytes that it may decode to.
    limit: u64,
}

impl Inflated {
    pub(super) fn new(source: Arc<dyn ReadAt>, frame: Frame, pool: &Arc<Pool>, limits: &Limits) -> Self {
        let len = match frame {
            Frame::Raw { len, .. } => OnceLock::from(len),
            Frame::Gzip => OnceLock::new(),
        };
        let id = pool.ids.fetch_add(1, Ordering::Relaxed);
        Self { source, frame, pool: Arc::clone(pool), id, len, halted: OnceLock::new(), limit: limits.archive_stream }
    }

    /// Decodes all that was not decoded yet: verifies length and checksum, and lays checkpoints.
    pub(super) fn finish(&self) -> Result<(), Halt> {
        let (decoded, result) = match self.halted.get() {
            Some((halt, decoded)) => (*decoded, Err(halt.clone())),
            None => self.with_state(|state| {
                let result = state.read(self, u64::MAX, &mut [], true);
                (state.cursor.out(), result)
            }),
        };
        let _ = self.len.set(decoded);
        result.map(|_| ())
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> (T, Result<usize, Halt>)) -> (T, Result<usize, Halt>) {
        let distance = self.len.get().map_or(0, |len| len / wide(self.pool.per_stream)).max(DISTANCE);
        // Out of the pool while it is worked with: the source below may be slow, or compressed itself.
        let mut state = self.pool.take(self.id).unwrap_or_else(|| State::new(distance));
        let (out, result) = act(&mut state);
        if let Err(halt @ (Halt::Corrupt(_) | Halt::Cut(_))) = &result {
            let _ = self.halted.set((halt.clone(), state.cursor.out()));
            // What it could still tell it would tell wrongly; the places before are sound.
            state.cursor = Cursor::default();
        }
        self.pool.put(self.id, state);
        (out, result)
    }
}

impl Drop for Inflated {
    fn drop(&mut self) {
        self.pool.take(self.id);
    }
}

impl ReadAt for Inflated {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if let Some((Halt::Corrupt(error), _)) = self.halted.get() {
            return Err(error.clone().into());
        }
        let rest = self.len().saturating_sub(offset);
        let want = buf.len().min(narrow(rest));
        let buf = buf.get_mut(..want).unwrap_or_default();
        if buf.is_empty() {
            return Ok(0);
        }
        let (_, result) = self.with_state(|state| ((), state.read(self, offset, buf, false)));
        result.map_err(|halt| halt.into_error().into())
    }

    fn len(&self) -> u64 {
        self.len.get().copied().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;

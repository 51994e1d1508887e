//! What a file is that tlshive does not read: the kinds that could hold a Windows machine, and those that hold none.
//!
//! Hives, `.reg` and policy files, disk images and archives that are read, and whatever starts or ends like a disk, are told
//! before ([`super::sniff`]); this is asked about the rest, and about archives in which nothing was found. A wrong name is
//! worse than none: what calls a file harmless must be sure, since a file that nobody names is reported as not recognised.

mod checks;
mod machines;
mod quiet;
#[cfg(test)]
mod tests;
mod text;

use super::sniff::BOOT_COPY;
use crate::image::{Filesystem, recognise};
use crate::read_at::ReadAt;

/// Whether a file of a kind can be passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// It could hold a Windows machine, and is not read: who relies on the report must know.
    Machine,
    /// It holds no registry of a machine.
    Nothing,
}

/// A kind of file.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// An id that stays.
    pub code: &'static str,
    /// What it is called: `ISO 9660 image`. Stands after "a", "an" or nothing.
    pub name: &'static str,
    /// Whether it can be passed over.
    pub holds: Holds,
    /// What to do to have it judged: an imperative sentence without its full stop. Empty where there is nothing to judge.
    pub next: &'static str,
}

/// How files of a kind are told. A kind without marks is told by its names alone.
struct Row {
    known: Known,
    /// Marks, each of them enough: bytes, and how far from the start they stand, all of which must be there.
    marks: &'static [&'static [(usize, &'static [u8])]],
    /// What must hold besides a mark. Where there are none it must be enough by itself.
    check: Option<fn(&Seen<'_>) -> bool>,
    /// File systems, where the file is a volume.
    volumes: &'static [Filesystem],
    /// How the names of such files end, in small letters.
    endings: &'static [&'static str],
    /// Likewise, but text is called so too: of that they promise nothing.
    weak_endings: &'static [&'static str],
}

impl Row {
    const fn machine(code: &'static str, name: &'static str, next: &'static str) -> Self {
        Self::of(Known { code, name, holds: Holds::Machine, next })
    }

    const fn quiet(code: &'static str, name: &'static str) -> Self {
        Self::of(Known { code, name, holds: Holds::Nothing, next: "" })
    }

    const fn of(known: Known) -> Self {
        Self { known, marks: &[], check: None, volumes: &[], endings: &[], weak_endings: &[] }
    }

    const fn marks(mut self, marks: &'static [&'static [(usize, &'static [u8])]]) -> Self {
        self.marks = marks;
        self
    }

    const fn check(mut self, check: fn(&Seen<'_>) -> bool) -> Self {
        self.check = Some(check);
        self
    }

    const fn volumes(mut self, volumes: &'static [Filesystem]) -> Self {
        self.volumes = volumes;
        self
    }

    const fn endings(mut self, endings: &'static [&'static str]) -> Self {
        self.endings = endings;
        self
    }

    const fn weak_endings(mut self, endings: &'static [&'static str]) -> Self {
        self.weak_endings = endings;
        self
    }

    fn is(&self, seen: &Seen<'_>) -> bool {
        let marked = self.marks.iter().any(|mark| mark.iter().all(|(at, bytes)| seen.has(*at, bytes)));
        match self.check {
            Some(check) => (marked || self.marks.is_empty()) && check(seen),
            None => marked,
        }
    }
}

/// A file as it is looked at.
struct Seen<'a> {
    start: &'a [u8],
    file: &'a dyn ReadAt,
}

impl Seen<'_> {
    fn has(&self, at: usize, bytes: &[u8]) -> bool {
        self.start.get(at..).is_some_and(|rest| rest.starts_with(bytes))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.start.get(at).copied()
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.start.get(at..)?.first_chunk().copied()
    }

    /// Whether these bytes are among the first `within`.
    fn contains(&self, within: usize, bytes: &[u8]) -> bool {
        self.start.get(..within).unwrap_or(self.start).windows(bytes.len()).any(|window| window == bytes)
    }

    /// Whether the number at `at`, with its low byte first, is one that `fits`.
    fn le32(&self, at: usize, fits: impl Fn(u32) -> bool) -> bool {
        self.array(at).is_some_and(|bytes| fits(u32::from_le_bytes(bytes)))
    }

    /// As [`Self::le32`], with the high byte first.
    fn be32(&self, at: usize, fits: impl Fn(u32) -> bool) -> bool {
        self.array(at).is_some_and(|bytes| fits(u32::from_be_bytes(bytes)))
    }
}

/// What a file is by what it holds: its first bytes, `start` (as many as [`super::sniff::LEN`], fewer if it is shorter), and a
/// few that stand elsewhere in `file`.
pub fn by_content(start: &[u8], file: &dyn ReadAt) -> Option<&'static Known> {
    let seen = Seen { start, file };
    binary(&seen).or_else(|| text::tell(&seen))
}

/// What could hold a machine, by its first bytes alone, as an archive's member or an archive itself is told.
pub(super) fn by_mark(start: &[u8]) -> Option<&'static Known> {
    /// What stands elsewhere in the file is not looked at.
    static NOTHING: Vec<u8> = Vec::new();
    named(machines::ROWS, &Seen { start, file: &NOTHING })
}

/// What the end of a file's name promises: an image, a backup, an archive, a registry. For a file that does not hold what it is
/// called after, or of which nothing is known.
pub fn by_name(file_name: &str) -> Option<&'static Known> {
    promised(file_name, |row| row.endings).or_else(|| promised(file_name, |row| row.weak_endings))
}

/// What a file is by what it holds, or else by what its name promises: a name that promises a machine counts for more than text,
/// since a note that stands in for a backup is no backup.
pub fn tell(start: &[u8], file: &dyn ReadAt, file_name: &str) -> Option<&'static Known> {
    let seen = Seen { start, file };
    binary(&seen)
        .or_else(|| promised(file_name, |row| row.endings))
        .or_else(|| text::tell(&seen))
        .or_else(|| promised(file_name, |row| row.weak_endings))
}

/// Endings of compressed files.
const PACKED: [&str; 6] = [".gz", ".zst", ".xz", ".bz2", ".lz4", ".lzo"];

fn binary(seen: &Seen<'_>) -> Option<&'static Known> {
    let machine = named(machines::ROWS, seen);
    if machine.is_some() {
        return machine;
    }
    // The first sectors of an optical disc, or of a volume, may hold anything: what they look like counts for less.
    match recognise(seen.file) {
        Ok(Filesystem::Empty | Filesystem::Unknown) => named(quiet::ROWS, seen),
        // The boot sector of a volume, without the volume.
        Ok(_) if seen.file.len() <= BOOT_COPY => named(quiet::ROWS, seen),
        Ok(found) => all().find(|row| row.volumes.contains(&found)).map(|row| &row.known),
        Err(_) => None,
    }
}

fn named(rows: &'static [Row], seen: &Seen<'_>) -> Option<&'static Known> {
    rows.iter().find(|row| row.is(seen)).map(|row| &row.known)
}

fn promised(file_name: &str, endings: fn(&Row) -> &[&str]) -> Option<&'static Known> {
    let name = file_name.to_ascii_lowercase();
    let ends_like = |name: &str| {
        let ends = |ending: &&str| name.strip_suffix(*ending).is_some_and(|stem| !stem.is_empty());
        all().find(|row| endings(row).iter().any(ends)).map(|row| &row.known)
    };
    // `dc.vma.zst` promises more than compressed data, and `sda1.ntfs-ptcl-img.gz.aa` is the first piece of such a file.
    let whole = name.strip_suffix(".aa").unwrap_or(&name);
    let inner = PACKED.iter().find_map(|ending| whole.strip_suffix(ending));
    inner.and_then(ends_like).or_else(|| ends_like(whole))
}

/// The kind with this id.
pub fn by_code(code: &str) -> Option<&'static Known> {
    all().chain(text::ROWS).map(|row| &row.known).find(|known| known.code == code)
}

fn all() -> impl Iterator<Item = &'static Row> {
    machines::ROWS.iter().chain(quiet::ROWS)
}

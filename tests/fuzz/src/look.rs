//! What tlshive does with an image: opens it, looks for partitions, volumes, files, and reads of them.

use std::sync::Arc;

use tlshive::error::{At, Error};
use tlshive::image::{self, FileRef, Opened, Opener, ShadowCopies, Table, Tree};
use tlshive::limits::Limits;
use tlshive::read_at::{ReadAt, Window};
use tlshive::source::Discovery;

use crate::seeds::{Seed, Sources};

/// Partitions, and files of a folder, that are looked into.
const SOME: usize = 6;
/// Bytes read of one file.
const READ: u64 = 64 << 10;

/// The files of one image.
struct Folder {
    files: Arc<Sources>,
    own: usize,
    depth: usize,
}

impl Opener for Folder {
    fn open(&self, names: &[&str]) -> Result<Opened, Error> {
        let found = names.iter().find_map(|name| {
            let last = name.rsplit(['\\', '/']).next().unwrap_or_default();
            self.files.iter().position(|(file, _)| file.eq_ignore_ascii_case(last))
        });
        let refused = || Error::Unsupported { at: At::Whole, what: format!("none of {names:?} may be opened") };
        let own = found.filter(|_| self.depth < 8).ok_or_else(refused)?;
        let (name, bytes) = &self.files[own];
        let opener = Arc::new(Self { files: Arc::clone(&self.files), own, depth: self.depth + 1 });
        Ok(Opened { bytes: Arc::clone(bytes), name: name.as_str().into(), opener })
    }

    fn open_if_there(&self, name: &str) -> Result<Option<Opened>, Error> {
        match self.files.iter().any(|(file, _)| file.eq_ignore_ascii_case(name)) {
            true => self.open(&[name]).map(Some),
            false => Ok(None),
        }
    }

    fn file_name(&self) -> &str {
        &self.files[self.own].0
    }
}

/// Opens the first of these files as a disk.
pub fn open(files: Sources, limits: &Limits) -> Result<image::Disk, Error> {
    let Some((_, file)) = files.first().cloned() else {
        return Err(Error::Unsupported { at: At::Whole, what: "no file".to_owned() });
    };
    image::disk(&file, &Folder { files: Arc::new(files), own: 0, depth: 0 }, limits)
}

/// A disk image and all in it. Without an error no other bytes than those of `truth` may come.
pub fn image(files: Sources, truth: Option<&Seed>, limits: &Limits) {
    let Ok(disk) = open(files, limits) else { return };
    // Without its signatures it is no image any more, but a raw disk.
    let truth = truth.filter(|seed| disk.format == seed.format).map(|seed| &*seed.truth);
    scattered(&*disk.bytes, truth);
    if let Some(truth) = truth {
        for (number, want) in truth.chunks(4096).enumerate() {
            same(&*disk.bytes, number as u64 * 4096, want);
        }
    }
    if let Some(table) = table(&disk.bytes, disk.sector, limits) {
        for partition in table.partitions.iter().take(SOME) {
            volume(Arc::new(Window::new(Arc::clone(&disk.bytes), partition.start, partition.len)), limits);
        }
    }
}

fn same(disk: &dyn ReadAt, at: u64, want: &[u8]) {
    let mut bytes = vec![0u8; want.len()];
    if let Ok(n) = disk.read_at(at, &mut bytes) {
        assert!(bytes[..n] == want[..n], "other bytes at {at:#x} than those that the checksums vouch for");
    }
}

/// Reads here and there: in one and in two pieces, and past the end.
fn scattered(source: &dyn ReadAt, truth: Option<&[u8]>) {
    let len = source.len();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let near = [0, len, len.saturating_sub(1), len.saturating_sub(700), u64::MAX, len / 2, 1 << 40];
    for n in 0..32usize {
        let at = match near.get(n) {
            Some(&at) => at,
            // Most of a large disk is none.
            None if n.is_multiple_of(2) => next() % len.clamp(1, 2 << 20),
            None => next() % len.max(1),
        };
        let size = (next() % 5000) as usize + 1;
        let mut whole = vec![0x5au8; size];
        let Ok(read) = source.read_at(at, &mut whole) else { continue };
        assert!(read <= size);
        let there = len.saturating_sub(at).min(size as u64);
        assert!(read as u64 <= there, "{read} bytes at {at:#x}, behind the end at {len:#x}");
        if let Some(want) = truth.and_then(|truth| truth.get(usize::try_from(at).ok()?..)) {
            let n = read.min(want.len());
            assert!(whole[..n] == want[..n], "other bytes at {at:#x} than those that the checksums vouch for");
        }
        let cut = (next() % (read as u64 + 1)) as usize;
        let mut pieces = vec![0xa5u8; read];
        let (first, second) = pieces.split_at_mut(cut);
        if source.read_exact_at(at, first).is_ok() && source.read_exact_at(at + cut as u64, second).is_ok() {
            assert!(pieces == whole[..read], "two reads at {at:#x} and {cut} bytes on give other bytes than one");
        }
    }
}

/// The partition table of a disk, and what its partitions hold.
pub fn table(disk: &Arc<dyn ReadAt>, sector: Option<u32>, limits: &Limits) -> Option<Table> {
    let table = image::partitions(disk, sector, limits).ok()??;
    for partition in table.partitions.iter().take(SOME) {
        let window = Window::new(Arc::clone(disk), partition.start, partition.len);
        let _ = image::recognise(&window);
    }
    if let Some(Ok(group)) = image::dynamic(disk, sector, &table, limits) {
        let piece = group.piece(disk);
        for made in group.volumes.iter().take(SOME) {
            if let Ok((bytes, _)) = made.assemble(std::slice::from_ref(&piece)) {
                scattered(&*bytes, None);
                volume(bytes, limits);
            }
        }
    }
    Some(table)
}

/// A volume, and the hives in it.
pub fn volume(volume: Arc<dyn ReadAt>, limits: &Limits) {
    let Ok(tree) = Tree::open(volume, limits) else { return };
    folder(&tree, tree.root());
    for name in ["SYSTEM", "software"] {
        if let Ok(Some(entry)) = tree.find(tree.root(), name) {
            file(&tree, entry.file);
        }
    }
    for windows in ["Windows", "WINNT"] {
        let mut at = tree.root();
        for name in [windows, "system32", "CONFIG"] {
            let Ok(Some(entry)) = tree.find(at, name) else { break };
            at = entry.file;
            folder(&tree, at);
        }
        for name in ["SYSTEM", "software", "System.log1"] {
            if let Ok(Some(entry)) = tree.find(at, name) {
                file(&tree, entry.file);
            }
        }
    }
    let _ = (tree.notes(), tree.label());
}

/// The shadow copies of a volume, and what is in them.
pub fn shadow_copies(now: &Arc<dyn ReadAt>, limits: &Limits) {
    let Ok(Some(copies)) = ShadowCopies::open(now, limits) else { return };
    for copy in copies.copies().iter().take(SOME) {
        let read = copies.volume(copy.number);
        assert!(read.is_err() || copy.unreadable.is_none(), "a copy is read that is said to be unreadable");
        let Ok(then) = read else { continue };
        assert!(then.len() <= now.len());
        scattered(&*then, None);
        volume(then, limits);
    }
}

/// What a folder lists must not be said to be absent.
fn folder(tree: &Arc<Tree>, folder: FileRef) {
    let Ok(entries) = tree.list(folder) else { return };
    for entry in entries.iter().take(SOME) {
        if entry.name.contains('\u{fffd}') {
            continue;
        }
        let found = tree.find(folder, &entry.name);
        assert!(!matches!(found, Ok(None)), "{:?} is listed and not found", entry.name);
    }
}

fn file(tree: &Arc<Tree>, file: FileRef) {
    let Ok(file) = tree.file(file) else { return };
    let _ = (file.modified(), contents(&file));
    scattered(&file, None);
}

/// The first bytes of a file, as far as they can be read.
pub fn contents(file: &dyn ReadAt) -> Option<Vec<u8>> {
    let mut bytes = vec![0u8; usize::try_from(file.len().min(READ)).unwrap_or_default()];
    for (number, part) in bytes.chunks_mut(4096).enumerate() {
        file.read_exact_at(number as u64 * 4096, part).ok()?;
    }
    Some(bytes)
}

/// The hives of an archive, and their logs.
pub fn artifacts(found: &Discovery, truth: Option<&[Vec<u8>]>, limits: &Limits) {
    // Of an archive that is cut off there is no checksum, which is told.
    let truth = truth.filter(|_| found.ledger.iter().filter(|entry| entry.counts).count() as u64 == 0);
    for artifact in found.artifacts.iter().take(4 * SOME) {
        for log in artifact.logs.iter().take(SOME) {
            if let Ok(log) = log.open() {
                check(&*log, truth);
            }
        }
        if let Ok(file) = artifact.open() {
            check(&*file, truth);
            scattered(&*file, None);
        }
        let _ = artifact.open_hive(limits);
    }
}

fn check(file: &dyn ReadAt, truth: Option<&[Vec<u8>]>) {
    if let (Some(bytes), Some(truth)) = (contents(file), truth) {
        assert!(truth.contains(&bytes), "{} bytes that no checksum vouches for", bytes.len());
    }
}

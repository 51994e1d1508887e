//! What the targets for disk images and archives share.
//!
//! An input is one of three things, by its first byte: a file as it is, a fixture with a few patches, or the same with right
//! checksums. Patches go to the metadata of the fixture alone: hits in data teach nothing. No run may take more than
//! 64 MiB of memory above what is there at its start ([`heap`]), nor more than a second (`-timeout=1`).

pub mod heap;
mod look;
mod patch;
mod seeds;
mod sums;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use libfuzzer_sys::Corpus;
use tlshive::image::Table;
use tlshive::limits::Limits;
use tlshive::read_at::ReadAt;
use tlshive::source::Search;

use patch::Patched;
use seeds::Seed;

/// What a target is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Vhd,
    Vhdx,
    Vmdk,
    Qcow2,
    Vdi,
    Ewf,
    Partition,
    Ntfs,
    Shadow,
    Archive,
}

/// Bytes that a run may have allocated at a time.
const MEMORY: usize = 64 << 20;

/// The most that a run took so far.
struct Records {
    time: Duration,
    memory: usize,
}

/// A target: its fixtures, and the limits that hold for what is read.
pub struct Target {
    about: About,
    seeds: Vec<Seed>,
    limits: Limits,
    records: std::sync::Mutex<Records>,
}

impl Target {
    /// Reads the fixtures.
    pub fn new(about: About) -> Self {
        let limits = match about {
            // Members of zstd archives may be kept in memory by design, and what decompresses well takes its time.
            About::Archive => Limits {
                archive_memory: 8 << 20,
                archive_all_memory: 16 << 20,
                archive_window: 8 << 20,
                archive_stream: 64 << 20,
                archive_decoded: 64 << 20,
                ..Limits::default()
            },
            _ => Limits::default(),
        };
        let seeds = seeds::of(about, &limits);
        assert!(!seeds.is_empty(), "no fixtures");
        Self { about, seeds, limits, records: std::sync::Mutex::new(Records { time: Duration::ZERO, memory: 0 }) }
    }

    /// Runs one input.
    pub fn run(&self, data: &[u8]) -> Corpus {
        let Some((&form, rest)) = data.split_first() else { return Corpus::Reject };
        let (before, start) = (heap::mark(), Instant::now());
        match form {
            0 => self.plain(rest),
            1 | 2 => {
                let Some((&which, patches)) = rest.split_first() else { return Corpus::Reject };
                let Some(seed) = self.seeds.get(usize::from(which)) else { return Corpus::Reject };
                self.patched(seed, patches, form == 2);
            }
            _ => return Corpus::Reject,
        }
        let (took, memory) = (start.elapsed(), heap::peak().saturating_sub(before));
        let mut records = self.records.lock().expect("no run fails twice");
        if took > records.time.mul_f32(1.25) || memory > records.memory + records.memory / 4 {
            records.time = records.time.max(took);
            records.memory = records.memory.max(memory);
            eprintln!("RECORD {:?} {} ms, {} KiB", self.about, records.time.as_millis(), records.memory >> 10);
        }
        assert!(memory < MEMORY, "a run took {memory} bytes");
        Corpus::Keep
    }

    fn plain(&self, bytes: &[u8]) {
        let Some(seed) = self.seeds.first() else { return };
        let file: Arc<dyn ReadAt> = Arc::new(bytes.to_vec());
        let mut files = seed.sources();
        if let Some((_, first)) = files.first_mut() {
            *first = file;
        }
        self.look(files, None);
    }

    fn patched(&self, seed: &Seed, patches: &[u8], mend: bool) {
        let mut files: Vec<Patched> = seed.files.iter().map(|(_, bytes)| Patched::new(bytes)).collect();
        patch::apply(&mut files, &seed.metadata, patches);
        if mend {
            sums::mend(self.about, &mut files);
        }
        let untold = !mend && sums::tell(&seed.sums, &files);
        let files = seed.files.iter().zip(files);
        let files = files.map(|((name, _), file)| (name.clone(), Arc::new(file) as Arc<dyn ReadAt>)).collect();
        self.look(files, Some(seed).filter(|_| untold || self.about == About::Archive));
    }

    /// Reads all that tlshive would. What `truth` has must be what is read, where no error is.
    fn look(&self, files: seeds::Sources, truth: Option<&Seed>) {
        match self.about {
            About::Archive => self.archive(&files, truth),
            About::Ntfs => {
                if let Some((_, volume)) = files.into_iter().next() {
                    look::volume(volume, &self.limits);
                }
            }
            About::Shadow => {
                if let Some((_, volume)) = files.into_iter().next() {
                    look::shadow_copies(&volume, &self.limits);
                }
            }
            About::Partition => {
                if let Some((_, disk)) = files.into_iter().next() {
                    let table = look::table(&disk, None, &self.limits);
                    let of = |table: &Table| (table.scheme, table.partitions.clone());
                    if let (Some(table), Some(seed)) = (table.as_ref().map(of), truth) {
                        let want = seed.table.as_ref().map(of);
                        assert_eq!(Some(table), want, "partitions that the checksums do not vouch for");
                    }
                }
            }
            _ => look::image(files, truth, &self.limits),
        }
    }

    fn archive(&self, files: &seeds::Sources, truth: Option<&Seed>) {
        static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
            let shm = PathBuf::from("/dev/shm");
            if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.expect("a temporary folder")
        });
        let Some((name, file)) = files.first() else { return };
        let mut bytes = vec![0u8; usize::try_from(file.len()).expect("a small file")];
        file.read_exact_at(0, &mut bytes).expect("a file in memory");
        let path = FOLDER.path().join(name);
        std::fs::write(&path, &bytes).expect("a writable folder");
        let search = Search { include_backups: bytes.len().is_multiple_of(2), ..Search::default() };
        let found = tlshive::source::discover(&[path], &search, &self.limits);
        look::artifacts(&found, truth.filter(|seed| seed.vouched).map(|seed| &*seed.contents), &self.limits);
    }
}

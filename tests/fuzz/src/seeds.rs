//! The fixtures that patches go to.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlshive::image::Table;
use tlshive::limits::Limits;
use tlshive::read_at::{ReadAt, Window};
use tlshive::source::{self, Search};

use crate::About;
use crate::look;
use crate::patch::{Patched, Region};
use crate::sums::{self, Sum};

/// Files by name; the first one is the image.
pub type Sources = Vec<(String, Arc<dyn ReadAt>)>;

/// An image, and what is known of it.
pub struct Seed {
    pub files: Vec<(String, Arc<Vec<u8>>)>,
    /// What patches go to.
    pub metadata: Vec<Region>,
    /// What has a checksum.
    pub sums: Vec<Sum>,
    /// What it is, for people.
    pub format: String,
    /// All bytes of the disk.
    pub truth: Vec<u8>,
    /// Its partitions.
    pub table: Option<Table>,
    /// The start of each hive and log in it.
    pub contents: Vec<Vec<u8>>,
    /// Whether each byte of those has a checksum.
    pub vouched: bool,
}

/// Bytes that are looked at at a time to tell data from metadata.
const BLOCK: usize = 512;

impl Seed {
    pub fn sources(&self) -> Sources {
        self.files.iter().map(|(name, bytes)| (name.clone(), Arc::clone(bytes) as Arc<dyn ReadAt>)).collect()
    }

    fn new(about: About, files: Vec<(String, Arc<Vec<u8>>)>, limits: &Limits) -> Self {
        let patched: Vec<Patched> = files.iter().map(|(_, bytes)| Patched::new(bytes)).collect();
        let mut seed = Self {
            files,
            metadata: Vec::new(),
            sums: sums::layout(about, &patched),
            format: String::new(),
            truth: Vec::new(),
            table: None,
            contents: Vec::new(),
            vouched: false,
        };
        let mut data: HashSet<Vec<u8>> = HashSet::new();
        let mut is_data = |bytes: &[u8]| data.extend(bytes.chunks(BLOCK).map(<[u8]>::to_vec));
        match about {
            About::Partition => {
                let disk: Arc<dyn ReadAt> = Arc::clone(&seed.files[0].1) as _;
                seed.table = look::table(&disk, None, limits);
                for partition in seed.table.iter().flat_map(|table| &table.partitions).filter(|p| p.number > 0) {
                    let volume = Window::new(Arc::clone(&disk), partition.start, partition.len);
                    let mut bytes = all(&volume);
                    // What tells the file system is metadata here.
                    is_data(bytes.split_off(bytes.len().min(8 << 10)).as_slice());
                }
            }
            About::Ntfs | About::Shadow | About::Archive => {
                seed.contents = hives(&seed.files, limits);
                seed.contents.iter().for_each(|hive| is_data(hive));
            }
            _ => {
                if let Ok(disk) = look::open(seed.sources(), limits) {
                    (seed.truth, seed.format) = (all(&*disk.bytes), disk.format);
                }
                is_data(&seed.truth);
            }
        }
        let name = seed.files[0].0.as_str();
        seed.vouched = name.ends_with(".zip") || name.ends_with(".gz");
        for (file, (_, bytes)) in seed.files.iter().enumerate() {
            let mut before = false;
            for (number, block) in bytes.chunks(BLOCK).enumerate() {
                let zeros = block.iter().all(|&byte| byte == 0);
                let metadata = !zeros && !data.contains(block);
                // A table of blocks may be all zeros.
                if metadata || before && zeros {
                    seed.metadata.push((file, number * BLOCK..number * BLOCK + block.len()));
                }
                before = metadata;
            }
        }
        if about == About::Shadow {
            seed.metadata = shadow_tables(&seed.files[0].1);
        }
        if name.ends_with(".zip") {
            seed.metadata = zip(&seed.files[0].1);
        }
        seed
    }
}

/// All bytes of a source that is known to be small and sound.
fn all(source: &dyn ReadAt) -> Vec<u8> {
    let mut bytes = vec![0u8; usize::try_from(source.len().min(16 << 20)).expect("small")];
    source.read_exact_at(0, &mut bytes).expect("a sound fixture");
    bytes
}

/// The hives and logs that lie in an image or archive.
fn hives(files: &[(String, Arc<Vec<u8>>)], limits: &Limits) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), &**bytes).expect("a writable folder");
    }
    let search = Search { include_backups: true, ..Search::default() };
    let found = source::discover(&[folder.path().join(&files[0].0)], &search, limits);
    let logs = found.artifacts.iter().flat_map(|artifact| &artifact.logs).map(source::LogFile::open);
    let hives = found.artifacts.iter().map(source::Artifact::open);
    hives.chain(logs).filter_map(|file| look::contents(&*file.ok()?)).collect()
}

/// The header of shadow copies, and the start of each of their tables.
fn shadow_tables(bytes: &[u8]) -> Vec<Region> {
    let identifier = &bytes[0x1e00..0x1e10];
    let tables = bytes.chunks(0x4000).zip((0..).step_by(0x4000)).filter(|(block, _)| block.starts_with(identifier));
    std::iter::once((0, 0x1e00..0x1e80)).chain(tables.map(|(_, at)| (0, at..at + 768))).collect()
}

/// The headers of a zip, without the data between them.
fn zip(bytes: &[u8]) -> Vec<Region> {
    let at =
        |at: usize, width: usize| bytes[at..at + width].iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte));
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a sound zip");
    let mut regions = vec![(0, central..bytes.len())];
    for entry in (central..bytes.len() - 46).filter(|&entry| bytes[entry..].starts_with(b"PK\x01\x02")) {
        let local = at(entry + 42, 4);
        let data = local + 30 + at(local + 26, 2) + at(local + 28, 2);
        // The first bytes of the data tell how it is packed.
        regions.push((0, local..data + 16));
    }
    regions
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// A fixture, looked into where it is compressed for its size alone.
fn read(path: &Path, unpack: bool) -> (String, Arc<Vec<u8>>) {
    let mut bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let Some(plain) = name.strip_suffix(".gz").filter(|_| unpack) else { return (name, Arc::new(bytes)) };
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).expect("a sound fixture");
    bytes = unpacked;
    (plain.to_owned(), Arc::new(bytes))
}

/// The fixtures for a target, each with its companions, and what lies in `seeds` beside this program for it.
pub fn of(about: About, limits: &Limits) -> Vec<Seed> {
    let (folder, names): (&str, &[&[&str]]) = match about {
        About::Vhd => ("vhd", &[&["dynamic.vhd.gz"], &["base.vhd"], &["over.vhd", "base.vhd"]]),
        About::Vhdx => ("vhdx", &[&["dirty.vhdx.gz"]]),
        About::Vmdk => ("vmdk", &[&["stream.vmdk"]]),
        About::Qcow2 => {
            ("qcow2", &[&["compliant.qcow2"], &["backing-over.qcow2", "backing-base.qcow2"], &["luks.qcow2"]])
        }
        About::Vdi => ("vdi", &[&["dynamic.vdi.gz"], &["static.vdi.gz"]]),
        About::Ewf => ("ewf", &[&["acquired.E01", "acquired.E02"]]),
        About::Partition => (
            "partition",
            &[
                &["mbr-logical.raw.gz"],
                &["gpt-4kn.raw.gz"],
                &["lvm.raw.gz"],
                &["refs.raw.gz"],
                &["two-windows.raw.gz"],
                &["ldm-mirrored-1.raw"],
                &["ldm-spanned-2.raw"],
            ],
        ),
        About::Ntfs => (
            "ntfs",
            &[
                &["fragmented.raw.gz"],
                &["lznt1.raw.gz"],
                &["damaged-index.raw.gz"],
                &["two-windows.raw.gz"],
                &["wof.raw.gz"],
                &["fat12.raw.gz"],
                &["exfat-unbroken.raw.gz"],
            ],
        ),
        About::Shadow => ("shadow", &[&["vss.raw.gz"]]),
        About::Archive => (
            "archive",
            &[
                &["triage.zip"],
                &["velociraptor.zip"],
                &["encrypted-in-part.zip"],
                &["triage.tar"],
                &["triage.tar.gz"],
                &["triage.tar.zst"],
                &["vm.ova"],
                &["static.vdi.gz"],
            ],
        ),
    };
    let images = fixtures().join("images");
    let unpack = about != About::Archive;
    let mut sets: Vec<Vec<_>> =
        names.iter().map(|set| set.iter().map(|name| read(&images.join(name), unpack)).collect()).collect();
    if about == About::Vmdk {
        sets.push(unzip(&images.join("vmdk.zip")));
    }
    // Each folder is one image: the file with the shortest name, and its companions.
    let more = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(folder);
    for set in sorted(&more) {
        sets.push(sorted(&set).iter().map(|path| read(path, unpack)).collect());
    }
    let sets = sets.into_iter().filter(|set| !set.is_empty());
    sets.map(|set| Seed::new(about, set, limits)).inspect(|seed| told(about, seed)).collect()
}

fn told(about: About, seed: &Seed) {
    let bytes: usize = seed.metadata.iter().map(|(_, range)| range.len()).sum();
    eprintln!(
        "{about:?}: {}: {bytes} bytes of metadata, {} checksums, {} bytes of disk, {} files",
        seed.files[0].0,
        seed.sums.len(),
        seed.truth.len(),
        seed.contents.len(),
    );
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // `a.vmdk` before `a-flat.vmdk`.
    paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    paths
}

/// The members of a zip that is known to be sound and simple.
fn unzip(path: &Path) -> Vec<(String, Arc<Vec<u8>>)> {
    let (_, bytes) = read(path, false);
    let number = |at: usize, width: usize| bytes[at..at + width].iter().rev().fold(0, |n, &b| n << 8 | usize::from(b));
    let (mut at, mut members) = (0, Vec::new());
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (packed, name, extra) = (number(at + 18, 4), number(at + 26, 2), number(at + 28, 2));
        let data = at + 30 + name + extra;
        let path = String::from_utf8_lossy(&bytes[at + 30..at + 30 + name]).into_owned();
        let mut plain = Vec::new();
        match number(at + 8, 2) {
            8 => drop(flate2::read::DeflateDecoder::new(&bytes[data..data + packed]).read_to_end(&mut plain)),
            _ => plain.extend(&bytes[data..data + packed]),
        }
        members.push((path.rsplit('/').next().unwrap_or_default().to_owned(), Arc::new(plain)));
        at = data + packed;
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixtures_are_what_the_targets_take_them_for() {
        let limits = Limits::default();
        for about in [About::Vhd, About::Vhdx, About::Vmdk, About::Qcow2, About::Vdi, About::Ewf] {
            for seed in of(about, &limits).iter().filter(|seed| seed.files[0].0 != "luks.qcow2") {
                assert!(!seed.truth.is_empty() && !seed.metadata.is_empty(), "{}", seed.files[0].0);
                let files: Vec<Patched> = seed.files.iter().map(|(_, bytes)| Patched::new(bytes)).collect();
                assert!(sums::tell(&seed.sums, &files), "nothing was changed");
            }
        }
        let disk: Arc<dyn ReadAt> = of(About::Partition, &limits)[1].files[0].1.clone();
        assert!(tlshive::image::partitions(&disk, None, &limits).is_ok_and(|table| table.is_some()));
    }
}

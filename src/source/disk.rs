//! Disk images: each volume of a disk, and the hives in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::again::Again;
use super::bytes::{Bytes, Container, Files, Inside, start};
use super::classify::{About, Class, Disks, classify};
use super::dynamic::Member;
use super::holder::ArchiveAt;
use super::installation::{self, Found, FoundFile, What};
use super::ledger::{Entry, Fate};
use super::logs::InsideLog;
use super::past::plain;
use super::policy_place;
use super::shadow::{CopySeen, Shadowed};
use super::sniff::{Content, LEN, sniff_at};
use super::walk::Walk;
use super::{Artifact, Kind, inside, step};
use crate::diagnostic::Code;
use crate::error::{At, Error};
use crate::image::{Disk, Filesystem, Partition, Scheme, Table, Tree, dynamic, partitions, recognise};
use crate::read_at::{ReadAt, Window};
use crate::windows::keys::is_hive_file;

/// What was seen of a disk image.
#[derive(Debug, Clone)]
pub struct ImageSeen {
    /// How it is called in reports.
    pub name: Arc<str>,
    /// What it is, for people: `VHDX, dynamic`.
    pub format: String,
    /// Its volumes, in the order of its partition table.
    pub volumes: Vec<VolumeSeen>,
}

/// What was seen of a volume.
#[derive(Debug, Clone)]
pub struct VolumeSeen {
    /// Which one: `GPT 3`.
    pub name: String,
    /// What it holds: `NTFS "System"`.
    pub content: String,
    /// The folders that Windows was installed to.
    pub installations: Vec<String>,
    /// Why it was not looked into.
    pub not_read: Option<String>,
    /// Its shadow copies, the oldest first.
    pub shadow_copies: Vec<CopySeen>,
}

/// A disk image, where it is, and how to open it again.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) name: Arc<str>,
    pub(super) path: PathBuf,
    pub(super) files: Arc<Files>,
    /// Of the archive that it is in.
    pub(super) archive: Option<String>,
    pub(super) disk: Arc<Again<Disk>>,
}

/// A volume and where it is.
pub(super) struct Volume {
    /// With its image: `dc01.vhdx › GPT 3 (NTFS "System")`.
    pub(super) name: Arc<str>,
    pub(super) path: PathBuf,
    pub(super) container: Arc<Container>,
    pub(super) again: Arc<Again<Tree>>,
}

/// What archives in the root of a volume are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collections {
    /// What somebody has on the disk of a machine.
    Aside,
    /// All that there is, on a stick.
    Read,
    /// Likewise, but the stick's image is in an archive itself: nothing bounds how deep that could go.
    TooDeep,
}

/// A volume to be looked into.
pub(super) struct Whole<'a> {
    /// The image that reports name it by.
    pub(super) image: &'a Image,
    /// How it is called there: `GPT 3`.
    pub(super) short: String,
    pub(super) purpose: Option<&'static str>,
    /// What it stands in.
    pub(super) files: Arc<Files>,
    /// What there is to say of the disk.
    pub(super) notes: &'a [String],
}

impl VolumeSeen {
    fn new(name: String, content: String) -> Self {
        Self { name, content, installations: Vec::new(), not_read: None, shadow_copies: Vec::new() }
    }

    pub(super) fn unread(name: String, content: &str, why: String) -> Self {
        Self { not_read: Some(why), ..Self::new(name, content.to_owned()) }
    }
}

const MANAGED: &str = "volumes that a volume manager puts together are not read";

/// Whether a volume is looked into; if not, why that leaves something open, if it does.
fn what_about(filesystem: Filesystem, purpose: Option<&str>) -> Result<(), Option<&'static str>> {
    match (purpose, filesystem) {
        // The first of several pieces may look like a whole volume.
        (Some("LDM data" | "Storage Spaces" | "Linux LVM" | "Linux RAID"), _) => Err(Some(MANAGED)),
        // Firmware starts from it; Windows has nothing there that is looked for.
        (Some("EFI system"), _) if !filesystem.can_hold_windows() && filesystem != Filesystem::Ntfs => Err(None),
        (_, known) if Tree::reads(known) => Ok(()),
        (Some(purpose), Filesystem::Unknown) if NO_VOLUMES.contains(&purpose) => Err(None),
        (_, other) if other.can_hold_windows() => Err(Some(other.why_not())),
        _ => Err(None),
    }
}

/// What partitions are for that hold no file system of their own.
const NO_VOLUMES: [&str; 6] =
    ["Microsoft reserved", "EFI system", "BIOS boot", "LDM metadata", "VMware reserved", "VMware diagnostics"];

impl Walk<'_> {
    /// Looks into each volume of a disk.
    pub(super) fn disk(&mut self, image: &Image, disk: &Disk, named: bool) {
        let table = match self.table(disk) {
            Ok(Some(table)) => table,
            Ok(None) => {
                let message = "neither a partition table nor a file system that is known".to_owned();
                if disk.format != "raw" {
                    return self.unreadable(&image.name, message);
                }
                self.out.other_files += 1;
                return self.tell(&image.name, named, &*disk.bytes);
            }
            Err(error) => return self.broken(&image.name, &error),
        };
        let mut seen = ImageSeen { name: Arc::clone(&image.name), format: disk.format.clone(), volumes: Vec::new() };
        let wanted = |partition: &&Partition| self.search.volume.is_none_or(|number| number == partition.number);
        let wanted: Vec<&Partition> = table.partitions.iter().filter(wanted).collect();
        if let (Some(number), []) = (self.search.volume, wanted.as_slice()) {
            self.unreadable(&image.name, format!("it has no partition {number}"));
        }
        let mut notes = disk.notes.clone();
        notes.extend(table.notes.iter().cloned());
        for note in &notes {
            self.remark(&image.name, Code::Image, note.clone());
        }
        if let Some(why) = &table.incomplete {
            self.unreadable(&image.name, why.clone());
        }
        if table.partitions.is_empty() {
            let message = "a partition table without partitions: nothing to audit".to_owned();
            self.remark(&image.name, Code::NoPartitions, message);
        }
        let group = dynamic(&disk.bytes, disk.sector, &table, &self.limits);
        let any = wanted.iter().any(|partition| partition.purpose == Some("LDM data"));
        for partition in wanted {
            // Volumes of several disks are looked into once all disks are known.
            let volume = match (partition.purpose, &group) {
                (Some(purpose @ ("LDM data" | "LDM metadata")), Some(Ok(_))) => {
                    let name = self.volume_name(&table, partition);
                    let content = format!("{purpose}, of a dynamic disk");
                    VolumeSeen::new(name, content)
                }
                (Some("LDM data"), Some(Err(error))) => {
                    let name = self.volume_name(&table, partition);
                    VolumeSeen::unread(name, "LDM data", format!("{MANAGED} without their database: {error}"))
                }
                _ => self.volume(image, disk, &table, partition, &notes),
            };
            seen.volumes.push(volume);
        }
        match group {
            Some(Ok(group)) if any => {
                let number = self.out.images.len();
                self.dynamic.push(Member::new(image.clone(), group, notes, Some(number)));
            }
            _ => self.not_read(&image.name, &seen),
        }
        self.out.images.push(seen);
    }

    fn table(&self, disk: &Disk) -> Result<Option<Table>, Error> {
        let Some(start) = self.search.offset else { return partitions(&disk.bytes, disk.sector, &self.limits) };
        let len = disk.bytes.len().saturating_sub(start);
        if len == 0 {
            let what = format!("the disk ends at byte {}", disk.bytes.len());
            return Err(Error::unsupported(At::Offset(start), what));
        }
        Ok(Some(Table::only(start, len)))
    }

    /// Remarks on volumes that were not looked into. Where Windows was found, another volume is mostly one of data; where it
    /// was not, it may stand in there.
    pub(super) fn not_read(&mut self, image: &Arc<str>, seen: &ImageSeen) {
        let any = seen.volumes.iter().any(|volume| !volume.installations.is_empty());
        for volume in &seen.volumes {
            let Some(why) = &volume.not_read else { continue };
            let place = inside(image, &volume.name);
            let message = format!("{}: not looked into: {why}", volume.content);
            if any {
                self.remark(&place, Code::VolumeNotRead, message);
            } else {
                self.unreadable(&place, message);
            }
        }
    }

    fn volume(
        &mut self,
        image: &Image,
        disk: &Disk,
        table: &Table,
        partition: &Partition,
        notes: &[String],
    ) -> VolumeSeen {
        let bytes: Arc<dyn ReadAt> = Arc::new(Window::new(Arc::clone(&disk.bytes), partition.start, partition.len));
        let short = self.volume_name(table, partition);
        if bytes.is_empty() && partition.len > 0 {
            let why = "it lies past the end of the image, which is truncated";
            return VolumeSeen::unread(short, "missing", why.to_owned());
        }
        let (start, len, disk) = (partition.start, partition.len, Arc::clone(&image.disk));
        let open = move || -> Result<Arc<dyn ReadAt>, Error> {
            Ok(Arc::new(Window::new(Arc::clone(&disk.get()?.bytes), start, len)))
        };
        let whole = Whole { image, short, purpose: partition.purpose, files: Arc::clone(&image.files), notes };
        self.look_into(whole, &bytes, open)
    }

    /// Looks into the bytes of a volume, which `open` gives again.
    pub(super) fn look_into(
        &mut self,
        whole: Whole<'_>,
        bytes: &Arc<dyn ReadAt>,
        open: impl Fn() -> Result<Arc<dyn ReadAt>, Error> + Send + Sync + 'static,
    ) -> VolumeSeen {
        let Whole { image, short, purpose, files, notes } = whole;
        let filesystem = match recognise(&**bytes) {
            Ok(filesystem) => filesystem,
            Err(error) => return VolumeSeen::unread(short, "unknown", error.to_string()),
        };
        let mut seen = VolumeSeen::new(short.clone(), String::new());
        seen.content = match (filesystem, purpose) {
            (Filesystem::Unknown | Filesystem::Empty, Some(purpose)) => purpose.to_owned(),
            _ => filesystem.to_string(),
        };
        match what_about(filesystem, purpose) {
            Ok(()) => {}
            Err(Some(why)) => {
                seen.not_read = Some(why.to_owned());
                return seen;
            }
            Err(None) => {
                let message = format!("{}: Windows is not started from it; not looked into", seen.content);
                self.remark(&inside(&image.name, &short), Code::VolumeSkipped, message);
                return seen;
            }
        }
        let open: Arc<dyn Fn() -> Result<Arc<dyn ReadAt>, Error> + Send + Sync> = Arc::new(open);
        let again = {
            let (open, limits) = (Arc::clone(&open), Arc::clone(&self.limits));
            Again::new(&self.recent, move || Tree::open(open()?, &limits))
        };
        let opened = again.get();
        if let Some(label) = opened.as_ref().ok().and_then(|tree| tree.label()).filter(|label| !label.is_empty()) {
            seen.content = format!("{filesystem} \"{label}\"");
        }
        let name = inside(&image.name, format_args!("{short} ({})", seen.content));
        let format = match &image.archive {
            Some(archive) => format!("{}, in a {archive}", self.format(image)),
            None => self.format(image),
        };
        let mut now = None;
        match opened {
            Ok(tree) => {
                let found = installation::find(&tree, self.search.include_backups, &self.limits);
                let mut notes = notes.to_vec();
                notes.extend(tree.notes().into_iter().map(|note| format!("{short}: {note}")));
                let container = Container { format: format.clone(), files: Arc::clone(&files), notes, as_of: None };
                let path = step(&image.path, &short);
                let (name, container, again) = (Arc::clone(&name), Arc::new(container), Arc::new(again));
                let volume = Volume { name, path, container, again };
                seen.installations = self.files_of_volume(&volume, &tree, found, image.archive.is_some());
                now = Some(tree);
            }
            Err(error) => seen.not_read = Some(error.to_string()),
        }
        if filesystem == Filesystem::Ntfs {
            let has_windows = !seen.installations.is_empty();
            let volume = Shadowed { image, short: &short, name, files, format, notes, now, has_windows, open };
            seen.shadow_copies = self.shadow_copies(&volume, bytes);
        }
        seen
    }

    /// Looks at the hives of a volume, and at the files in its root; gives the folders that Windows was installed to.
    fn files_of_volume(&mut self, volume: &Volume, tree: &Arc<Tree>, found: Found, archived: bool) -> Vec<String> {
        for (path, error) in found.problems {
            self.broken(&inside(&volume.name, path), &error);
        }
        for (path, error) in found.notes {
            self.remark(&inside(&volume.name, path), Code::NotLookedInto, error.to_string());
        }
        for (path, hives) in found.left_out {
            self.left_out(&inside(&volume.name, path), hives);
        }
        // Of a volume without Windows, such as a stick, what was collected there is looked into.
        let collections = match (found.installations.is_empty(), archived) {
            (true, false) => Collections::Read,
            (true, true) => Collections::TooDeep,
            (false, _) => Collections::Aside,
        };
        for file in found.files {
            self.file_of_volume(volume, tree, &file, collections);
        }
        found.installations
    }

    fn volume_name(&self, table: &Table, partition: &Partition) -> String {
        match (table.scheme, self.search.offset) {
            (_, Some(offset)) => format!("offset 0x{offset:x}"),
            (Scheme::Bare, None) => "volume".to_owned(),
            (Scheme::Gpt, None) => format!("GPT {}", partition.number),
            (Scheme::Mbr, None) => format!("MBR {}", partition.number),
        }
    }

    fn format(&self, image: &Image) -> String {
        image.disk.get().map(|disk| disk.format.clone()).unwrap_or_default()
    }

    /// A hive or a log in a volume.
    pub(super) fn file_of_volume(
        &mut self,
        volume: &Volume,
        tree: &Arc<Tree>,
        found: &FoundFile,
        collections: Collections,
    ) {
        let name = inside(&volume.name, &found.path);
        // Names in a volume may be such that two folders look like one; their numbers differ.
        let folder = step(&volume.path, found.folder.number());
        let path = found.path.split('\\').fold(folder, |path, part| path.join(part.replace('/', "\u{fffd}")));
        let opened = tree.file(found.file).and_then(|file| {
            let mut buf = [0u8; LEN];
            let start = start(&file, &mut buf).map_err(|error| Error::io(At::Whole, "file", &error))?;
            Ok((sniff_at(start, &path), file.len(), file.modified()))
        });
        let (content, size, modified) = match opened {
            Ok(opened) => opened,
            Err(error) if found.what != What::Hive => match policy_place::expected(&path) {
                Some(form) => (Content::Registry(Kind::PolicyFile(form)), 1, None),
                None => {
                    let matters = installation::is_expected(&found.path) || is_reg_name(&found.path);
                    return match matters {
                        true => self.broken(&name, &error),
                        false => self.remark(&name, Code::VolumeFile, format!("not looked into: {error}")),
                    };
                }
            },
            // A hive that cannot be opened: there is a machine of which nothing can be told.
            Err(error) => (Content::Registry(Kind::BrokenHive(error)), 1, None),
        };
        let file = Inside::Volume(Arc::clone(&volume.again), found.file);
        let bytes = Bytes::Inside { container: Arc::clone(&volume.container), file, size, modified };
        self.out.files = self.out.files.saturating_add(u64::from(found.what == What::Hive));
        let called = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let expected = found.what == What::Hive;
        let is_hive = is_hive_file(plain(&called));
        let (backup, named) = (found.is_past() || volume.container.as_of.is_some(), false);
        let about = About {
            file_name: plain(&called),
            size,
            certain: expected,
            past: false,
            // Beside hives there are their logs alone.
            log: expected && !is_hive,
            disks: Disks::Large,
            ends_like_disk: &|| false,
        };
        match classify(content, &about) {
            Class::Registry(kind) => {
                let kept = bytes.clone();
                self.out.artifacts.push(Artifact {
                    path: path.clone(),
                    name: name.clone(),
                    kind,
                    logs: Vec::new(),
                    backup,
                    named,
                    bytes,
                });
                if expected && !is_hive {
                    // A log whose base block is torn looks like a damaged hive; its name, beside a hive, shows what it is.
                    self.inside_log(&path, InsideLog { file: called, name, bytes: kept });
                }
            }
            Class::Log => self.inside_log(&path, InsideLog { file: called, name, bytes }),
            Class::NearlyReg(why) => self.unreadable(&name, why.to_owned()),
            Class::Image => self.nested_image(&name, collections),
            Class::Archive(kind) if collections == Collections::Read => {
                let (again, file) = (Arc::clone(&volume.again), found.file);
                let open =
                    Arc::new(move || -> Result<Arc<dyn ReadAt>, Error> { Ok(Arc::new(again.get()?.file(file)?)) });
                let inside_of = Some(volume.container.format.clone());
                let files = Arc::clone(&volume.container.files);
                self.archive(&ArchiveAt { name, path, named: false, files, inside_of, open }, kind);
            }
            Class::Archive(_) => {
                let message = "an archive inside an image is not read: copy it out first".to_owned();
                match collections {
                    Collections::Aside => self.remark(&name, Code::NestedArchive, message),
                    Collections::Read | Collections::TooDeep => self.unreadable(&name, message),
                }
            }
            // What could hold a machine and is not read is told of, as in a folder.
            Class::Nothing if !expected && collections != Collections::Aside => {
                if let Ok(file) = tree.file(found.file) {
                    self.tell(&name, false, &file);
                }
            }
            Class::Nothing => {}
        }
    }

    fn nested_image(&mut self, name: &Arc<str>, collections: Collections) {
        let message = "an image inside an image is not read".to_owned();
        let mut entry = Entry::new(name, "disk image", Fate::NotRead);
        // On the disk of a machine that is judged it is one of its files.
        entry.counts = collections != Collections::Aside;
        self.out.ledger.push(entry.because(Code::NestedImage, message.clone(), Some("copy it out first")));
        self.remark(name, Code::NestedImage, message);
    }

    fn inside_log(&mut self, path: &Path, log: InsideLog) {
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        self.inside_logs.entry(folder).or_default().push(log);
    }
}

fn is_reg_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("reg"))
}
